from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer

from tests.model_folders import write_model
from tunewright.core.errors import ModelError
from tunewright.models.load import resolve
from tunewright.models.tokenizer import Tokenizer, load_tokenizer, tokenizer_fit
from tunewright.models.windows import Encoded

SHARED = Path(__file__).parents[4] / "shared" / "models"
TEXTS = ["good room", "", "the food was not very good " * 6, "好 店", "a"]
PAIRS = ["bad", "the room was very good " * 5, "bad room " * 7, "", "b"]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return load_tokenizer(resolve(str(write_model(tmp_path_factory.mktemp("m")))))


def _windows(encoded: Encoded) -> list[list[list[int]]]:
    starts = np.concatenate([[0], np.cumsum(encoded.window_lengths)])
    return [
        [encoded.values[starts[w] : starts[w + 1]].tolist() for w in range(*encoded.window_offsets[i : i + 2])]
        for i in range(len(encoded.full_lengths))
    ]


@pytest.mark.parametrize("with_pairs", [False, True])
@pytest.mark.parametrize("family", ["bert", "gpt2", "t5"])
def test_head_is_what_transformers_makes(family: str, with_pairs: bool, tmp_path: Path) -> None:
    if with_pairs and family != "bert":
        pytest.skip("this template has no pairs of its own")
    tokenizer = load_tokenizer(resolve(str(write_model(tmp_path / "m", family))))
    tokenizer.save(tmp_path / "saved")
    plain = AutoTokenizer.from_pretrained(tmp_path / "saved")
    pairs = PAIRS if with_pairs else None
    theirs = plain(TEXTS, pairs, truncation=True, max_length=16)
    ours = tokenizer.encode(TEXTS, pairs, max_length=16)
    assert [windows[0] for windows in _windows(ours)] == theirs["input_ids"]
    if ours.segments is not None:
        assert ours.segments.tolist() == [t for row in theirs["token_type_ids"] for t in row]


@pytest.mark.parametrize("name", ["minilm-l6", "g2p-bart/us", "stories260k/hf"])
@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared models beside the repository")
def test_real_tokenizers_encode_as_transformers_does(name: str) -> None:
    plain = AutoTokenizer.from_pretrained(SHARED / name)
    texts = ["Hello, world!", "", "I can't believe it's 3,000 €", "酒店很好", "a " * 200]
    ours = load_tokenizer(resolve(str(SHARED / name))).encode(texts, max_length=48)
    assert [windows[0] for windows in _windows(ours)] == plain(texts, truncation=True, max_length=48)["input_ids"]


@pytest.mark.parametrize("strategy", ["head", "head_tail", "windows"])
@pytest.mark.parametrize("pairs", [None, PAIRS])
@pytest.mark.parametrize("max_length", [6, 9, 32])
def test_no_window_is_too_long_and_the_arrays_fit_together(
    strategy: str, pairs: list[str] | None, max_length: int, tokenizer: Tokenizer
) -> None:
    encoded = tokenizer.encode(TEXTS, pairs, max_length=max_length, strategy=strategy)  # type: ignore[arg-type]
    assert encoded.window_lengths.max() <= max_length
    assert encoded.window_lengths.sum() == len(encoded.values) == encoded.offsets[-1]
    assert len(encoded.offsets) == len(encoded.window_offsets) == len(TEXTS) + 1
    assert encoded.segments is not None
    assert len(encoded.segments) == len(encoded.values)
    assert np.array_equal(encoded.full_lengths, tokenizer.lengths(TEXTS, pairs))


def test_head_tail_reads_beginning_and_end(tokenizer: Tokenizer) -> None:
    text = "good " + "the " * 30 + "bad"
    ((window,),) = _windows(tokenizer.encode([text], max_length=10, strategy="head_tail"))
    good, bad = (tokenizer.hf.convert_tokens_to_ids(word) for word in ("good", "bad"))
    assert window[1] == good
    assert window[-2] == bad
    assert len(window) == 10


def test_windows_read_every_token_of_a_long_text(tokenizer: Tokenizer) -> None:
    words = ["good", "bad", "room", "food", "the", "was", "not"] * 5
    (windows,) = _windows(tokenizer.encode([" ".join(words)], max_length=10, strategy="windows"))
    assert all(len(window) == 10 for window in windows)
    whole = tokenizer.hf.convert_tokens_to_ids(words)
    read: set[int] = set()
    for window in windows:
        inner = window[1:-1]
        starts = [i for i in range(len(whole)) if whole[i : i + len(inner)] == inner]
        read.update(start + k for start in starts for k in range(len(inner)))
    assert read == set(range(len(whole)))
    assert windows[-1][-2] == whole[-1]


def test_what_is_not_read_is_counted(tokenizer: Tokenizer) -> None:
    texts = ["the " * 20, "good"]
    assert tokenizer.encode(texts, max_length=12).num_unread == 10
    assert tokenizer.encode(texts, max_length=12, strategy="head_tail").num_unread == 10
    assert tokenizer.encode(texts, max_length=12, strategy="windows").num_unread == 0
    assert tokenizer.encode(texts, max_length=12).num_cut == 1


def test_the_name_of_a_special_token_in_a_text_is_only_text(tokenizer: Tokenizer) -> None:
    special = set(tokenizer.hf.all_special_ids) - {tokenizer.hf.unk_token_id}
    ((window,),) = _windows(tokenizer.encode(["good [SEP] [CLS] [PAD] room"], max_length=32))
    assert not special & set(window[1:-1])


def test_half_a_surrogate_pair_is_read_as_one_unknown_character(tokenizer: Tokenizer) -> None:
    encoded = tokenizer.encode(["good \ud83d room", "good \ufffd room"], max_length=16)
    first, second = _windows(encoded)
    assert first == second


def test_pairs_never_run_into_each_other_where_the_template_has_none(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(resolve(str(write_model(tmp_path / "m", "t5"))))
    ((window,),) = _windows(tokenizer.encode(["good"], ["bad"], max_length=16))
    good, bad, end = (tokenizer.hf.convert_tokens_to_ids(word) for word in ("good", "bad", "[SEP]"))
    assert window == [good, end, bad, end]


def test_too_little_room_is_an_error(tokenizer: Tokenizer) -> None:
    with pytest.raises(ModelError, match="special tokens alone"):
        tokenizer.encode(["good"], max_length=2)


def test_no_texts_are_no_rows(tokenizer: Tokenizer) -> None:
    encoded = tokenizer.encode([], max_length=8)
    assert len(encoded.values) == 0
    assert encoded.offsets.tolist() == encoded.window_offsets.tolist() == [0]
    assert encoded.num_cut == 0


def test_fit_counts_unknown_tokens_and_characters(tokenizer: Tokenizer) -> None:
    fit = tokenizer_fit(tokenizer, ["good xyz", "好 酒"], max_length=3)
    assert fit.unknown_share == pytest.approx(2 / 4)
    assert fit.characters_unknown_share == pytest.approx(4 / 9)
    assert fit.tokens_per_character == pytest.approx(4 / 9)
    assert fit.share_truncated == 1.0


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared models beside the repository")
def test_an_english_vocabulary_does_not_fit_chinese() -> None:
    tokenizer = load_tokenizer(resolve(str(SHARED / "minilm-l6")))
    fit = tokenizer_fit(
        tokenizer, ["选择珠江花园的原因就是方便，有电动扶梯直接到达海边，周围餐馆、食廊一应俱全。"], max_length=128
    )
    assert fit.unknown_share > 0.5
    english = tokenizer_fit(tokenizer, ["The room was clean and the food was good."], max_length=128)
    assert english.unknown_share == 0


@pytest.mark.parametrize(("family", "limit"), [("bert", 32), ("gpt2", 32), ("t5", 32)])
def test_the_limit_is_the_smaller_of_tokenizer_and_model(family: str, limit: int, tmp_path: Path) -> None:
    assert load_tokenizer(resolve(str(write_model(tmp_path / "m", family)))).max_length == limit
