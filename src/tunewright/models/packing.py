"""Whether a decoder keeps documents apart that lie in one line: tried, not looked up.

A packed line has no attention mask; where each document begins is told by `position_ids` alone, and some architectures take no
notice. There one document would be learned with its neighbour in view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

AGREEMENT = 1e-4
"""Largest difference of logits, over the largest logit, at which a document counts as not having seen its neighbour."""


def keeps_documents_apart(model: Any, documents: Sequence[npt.NDArray[Any]], *, device: torch.device) -> bool:
    """Whether two documents or more, packed into one line, get the logits that each gets alone. Changes nothing of the model."""
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            line = torch.from_numpy(np.concatenate(documents).astype(np.int64))[None].to(device)
            positions = torch.cat([torch.arange(len(one)) for one in documents])[None].to(device)
            packed = model(input_ids=line, position_ids=positions, use_cache=False).logits[0].double()
            alone = torch.cat([
                model(input_ids=torch.from_numpy(one.astype(np.int64))[None].to(device), use_cache=False).logits[0]
                for one in documents
            ]).double()  # fmt: skip
    except (TypeError, ValueError, RuntimeError):
        return False  # it takes no positions
    finally:
        model.train(was_training)
    return bool((packed - alone).abs().max() <= AGREEMENT * alone.abs().max())
