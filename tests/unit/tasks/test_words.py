"""Words of a text, the pieces that answer for them, and tags back to spans: nothing is lost without a word."""

from __future__ import annotations

import random

import numpy as np
import pytest
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from tunewright.data.shapes import Span, Tagged
from tunewright.data.shapes.spacing import cut_tokens
from tunewright.metrics.spans import tags_of_words
from tunewright.models.target_side import TargetSide
from tunewright.models.tokenizer import Tokenizer
from tunewright.tasks import EncodeConfig
from tunewright.tasks.tag import seen_tags, spans_in, spans_of_row, words_of
from tunewright.tasks.words import SHARED, UNREAD, read_texts

TEXT = "Ada 住在北京, émigré 1963"
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz0123456789住在北京,", "19", "##63", "##3"]
PIECES += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"]


def wordpiece() -> Tokenizer:
    """BERT's way: Chinese characters apart, accents and characters of no width taken out."""
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(PIECES))}
    backend = Backend(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer_of(backend)


def bytes_alone() -> Tokenizer:
    """GPT-2's way before any merge: each byte a piece, so that a Chinese character has three."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Backend(models.BPE({letter: number + 4 for number, letter in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return tokenizer_of(backend)


def tokenizer_of(backend: Backend) -> Tokenizer:
    hf = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]")
    targets: TargetSide | None = None
    return Tokenizer(
        hf=hf, backend=backend, max_length=64, pad_id=0, has_segments=False, is_encoder_decoder=False, languages=(),
        targets=targets,
    )  # fmt: skip


@pytest.mark.parametrize("make", [wordpiece, bytes_alone])
def test_the_first_piece_of_each_word_answers_for_it(make) -> None:
    tokenizer = make()
    words = cut_tokens(TEXT, ())
    read = read_texts(tokenizer, [TEXT], [words], config=EncodeConfig())
    placed = tokenizer.encode_placed([TEXT], max_length=64)
    for (start, end), token in zip(words, read.token_of_word[0].tolist(), strict=True):
        piece = int(placed.piece_T[token])
        first, behind = placed.places[0][piece]
        assert first < end
        assert behind > start
        assert piece == 0 or placed.places[0][piece - 1][1] <= start or placed.places[0][piece - 1][0] < start
    of_special = np.flatnonzero(placed.piece_T < 0)
    assert (read.word_of_token[0][of_special] == -1).all()


def test_what_the_tokenizer_makes_of_the_text_does_not_depend_on_its_words() -> None:
    tokenizer = wordpiece()
    whole = tokenizer.encode([TEXT], max_length=64)
    for words in ([], [(0, 3)], cut_tokens(TEXT, ())):
        read = read_texts(tokenizer, [TEXT], [words], config=EncodeConfig())
        assert read.encoded.values.tolist() == whole.values.tolist()


def test_words_without_a_piece_of_their_own_go_on_with_the_one_before() -> None:
    """`1963` is the pieces `19` and `##63`, but the file has a token for each digit."""
    digits = [(place, place + 1) for place in range(4)]
    token_U = read_texts(wordpiece(), ["1963"], [digits], config=EncodeConfig()).token_of_word[0]
    assert token_U.tolist() == [1, SHARED, 2, SHARED]
    assert seen_tags(["B-Y", "O", "I-Y", "O"], token_U) == ["B-Y", "I-Y", "I-Y", "I-Y"]
    assert seen_tags(["O", "B-Y", "O", "B-Y"], token_U) == ["O"] * 4


def test_a_word_of_which_the_tokenizer_makes_nothing_is_unread() -> None:
    text = "ab \u200b cd"
    token_U = read_texts(wordpiece(), [text], [[(0, 2), (3, 4), (5, 7)]], config=EncodeConfig()).token_of_word[0]
    assert token_U.tolist()[1] == UNREAD
    assert (token_U[[0, 2]] > 0).all()
    assert seen_tags(["B-X", "I-X", "I-X"], token_U) == ["B-X", "O", "I-X"]


@pytest.mark.parametrize("strategy", ["head", "head_tail", "windows"])
def test_long_texts_are_answered_for_once_and_in_windows_whole(strategy: str) -> None:
    text = " ".join("abcdefghijklmnopqrst")
    words = cut_tokens(text, ())
    read = read_texts(wordpiece(), [text], [words], config=EncodeConfig(max_length=10, long_texts=strategy))
    token_U = read.token_of_word[0]
    inside = token_U[token_U >= 0]
    assert len(np.unique(inside)) == len(inside)
    letters = [PIECES[read.encoded.values[token]] for token in inside]
    assert letters == [text[start] for (start, _), token in zip(words, token_U, strict=True) if token >= 0]
    expected = {"head": 8, "head_tail": 8, "windows": 20}
    assert len(inside) == expected[strategy]


def test_in_windows_a_word_is_answered_for_where_most_stands_around_it() -> None:
    text = " ".join("abcdefghijklmnopqrst")
    read = read_texts(
        wordpiece(), [text], [cut_tokens(text, ())], config=EncodeConfig(max_length=10, long_texts="windows")
    )
    ends = np.cumsum(read.encoded.window_lengths)
    window_of_token = np.searchsorted(ends, read.token_of_word[0], side="right")
    # Windows of 8 words begin at 0, 6 and 12: words 6 and 7 stand in two, 7 nearer to the end of the first.
    assert window_of_token.tolist() == [0] * 7 + [1] * 6 + [2] * 7


def test_tags_read_back_are_the_spans_where_they_are_within_reach() -> None:
    rng = random.Random(0)
    tokenizer = wordpiece()
    for _ in range(300):
        text = " ".join("".join(rng.choices("ab住京19", k=rng.randint(1, 4))) for _ in range(rng.randint(1, 9)))
        words = cut_tokens(text, ())
        cuts = sorted(rng.sample(range(len(words) + 1), min(4, len(words) + 1)))
        spans = {
            (words[first][0], words[behind - 1][1], rng.choice("XY"))
            for first, behind in zip(cuts[::2], cuts[1::2], strict=False)
        }
        token_U = read_texts(tokenizer, [text], [words], config=EncodeConfig()).token_of_word[0]
        tags = tags_of_words(words, spans)
        if (token_U >= 0).all():
            assert set(spans_in(seen_tags(tags, token_U), words)) == spans


def test_the_words_of_a_row_of_spans_do_not_betray_its_spans() -> None:
    text = "preAdapost and 北京"
    span = Span(start=3, end=6, label="PER")
    cut = Tagged(text=text, tokens=tuple(cut_tokens(text, [span])), spans=(span,))
    assert words_of(cut) == cut_tokens(text, ())
    given = Tagged(text=text, tokens=((0, 3), (3, 10)), spans=(Span(start=0, end=3, label="PER"),))
    assert words_of(given) == ((0, 3), (3, 10))


def test_of_spans_that_share_a_word_the_first_and_longest_is_taken() -> None:
    row = Tagged(
        text="a b c d", tokens=((0, 1), (2, 3), (4, 5), (6, 7)),
        spans=(Span(start=0, end=3, label="X"), Span(start=0, end=5, label="Y"), Span(start=4, end=7, label="Z")),
    )  # fmt: skip
    assert tags_of_words(row.tokens, spans_of_row(row)) == ["B-Y", "I-Y", "I-Y", "O"]
