"""Parts of a text have labels: names, products, diagnoses. A tag for each word, begin or inside of a span, or outside.

U  words of a text     C  tags
"""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.data.shapes import Tagged
from tunewright.data.shapes.bio import spans_of_tags
from tunewright.data.shapes.spacing import cut_tokens
from tunewright.metrics.spans import OUTSIDE, Span, Words
from tunewright.tasks.task import TagTask
from tunewright.tasks.words import SHARED, UNREAD, Ints

TAG = TagTask(name="tag", forms=("tagged",), default_loss="cross_entropy", primary_metric="span_f1")


def tag_names(labels: Sequence[str]) -> list[str]:
    """The tags of spans with these labels, in the order of the logits: outside, then begin and inside of each."""
    return [OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BI")]


def words_of(row: Tagged) -> Words:
    """The words that get a tag: the file's own tokens, else those that the text has without regard to its spans.

    A file of spans has no tokens; those of the row are then cut where spans begin, which no one knows of a new text.
    """
    if row.tokens == tuple(cut_tokens(row.text, row.spans)):
        return cut_tokens(row.text, ())
    return row.tokens


def seen_tags(tags: Sequence[str], token_U: Ints) -> list[str]:
    """What can be said of each word: its own tag where a token answers for it, else that of the word it shares a piece with."""
    seen: list[str] = []
    for tag, token in zip(tags, token_U.tolist(), strict=True):
        if token == SHARED and seen[-1] != OUTSIDE:
            seen.append(f"I{seen[-1][1:]}")
        else:
            seen.append(OUTSIDE if token in (SHARED, UNREAD) else tag)
    return seen


def spans_in(tags: Sequence[str], words: Words) -> list[Span]:
    """The spans that tags of words spell; an inside without a beginning begins one."""
    return [(words[first][0], words[last][1], label) for first, last, label in spans_of_tags(tags, "BIO")]


def spans_of_row(row: Tagged) -> list[Span]:
    """The row's own spans."""
    return [(span.start, span.end, span.label) for span in row.spans]
