"""The attention kernel for short texts is another way to the same numbers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tunewright.runtime import attention_kernel
from tunewright.runtime.attention import SHORT

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def precision():
    before = torch.get_float32_matmul_precision()
    yield
    torch.set_float32_matmul_precision(before)


def kernels_used(length):
    query = torch.randn(2, 3, length, 8, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, 1, length, length, dtype=torch.bool)
    mask[0, ..., length // 2 :] = False
    with torch.profiler.profile() as profile, attention_kernel(length, device=CPU):
        out = F.scaled_dot_product_attention(query, query, query, attn_mask=mask)
    expected = F.scaled_dot_product_attention(*[query.double()] * 3, attn_mask=mask)
    torch.testing.assert_close(out.double(), expected, rtol=0, atol=5e-6)
    return {event.key for event in profile.key_averages()}


def is_blocked(names):
    return any("flash_attention" in name for name in names)


def test_short_texts_get_plain_products_under_medium_and_long_ones_the_blocked_kernel():
    torch.set_float32_matmul_precision("medium")
    assert not is_blocked(kernels_used(SHORT))
    assert is_blocked(kernels_used(SHORT + 1))


def test_under_highest_torch_chooses():
    torch.set_float32_matmul_precision("highest")
    assert is_blocked(kernels_used(16))
