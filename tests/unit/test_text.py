"""Keys of texts: fast ways of making them give what the definition says."""

from __future__ import annotations

import hashlib
import re
import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tunewright.core.text import digest, digest_bytes, fold, squeeze

DIRTY = st.text(
    st.one_of(st.characters(), st.sampled_from(" \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u2003\u2028\u3000ＡＢ１ßİ好"))
)


@given(DIRTY)
def test_fold_is_nfkc_casefold_and_single_spaces(text: str) -> None:
    assert fold(text) == re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


@given(DIRTY)
def test_squeeze_is_the_fold_without_space(text: str) -> None:
    assert squeeze(text) == re.sub(r"\s+", "", fold(text))


def test_every_character_that_is_space_to_a_pattern_is_space_to_split() -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    assert [char for char in every if re.match(r"\s", char)] == [char for char in every if not char.split()]


@given(st.lists(st.one_of(DIRTY, st.binary())))
def test_a_digest_has_each_part_with_its_length_in_front(parts: list[str | bytes]) -> None:
    hasher = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(8, "little"))
        hasher.update(data)
    assert digest(*parts) == hasher.hexdigest() == digest_bytes(*parts).hex()
