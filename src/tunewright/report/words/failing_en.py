"""What the page and the screen say of slices and mistakes. The same keys stand in `failing_zh.py`."""

# ruff: noqa: E501 (a sentence stands on one line, so that the two files can be laid side by side)

from __future__ import annotations

FAILING: dict[str, str] = {
    "slices.said": "{tested} slices of the {n} test {unit} were looked at, each with at least {least}: by {attributes}. ",
    "slices.worse": "Shown to be worse than the rest: {worse} of them. Where no slice is worse, the chance of naming even one is 5%.",
    "slices.not_worse": "None is shown to be worse than the rest; with so many looked at, the worst always looks bad.",
    "slices.none_large": "No slice has {least} test {unit}: looked for by {attributes}.",
    "slices.caption": "The weakest slices",
    "slices.slice": "Slice",
    "slices.others": "The rest",
    "slices.note": "Dot: the slice, with its 95% interval. Ring: all other rows. p: how often chance makes the worst of all slices as bad (errors dealt anew to the rows, Westfall and Young).",
    "slices.shown": "shown to be worse",
    "slices.not_shown": "not shown",
    "slices.typical": "typical: {words}",
    "slices.of_column": "{column}: {value}",
    "slices.of.length": "{value} characters",
    "slices.of.language": "language: {value}",
    "slices.of.script": "script: {value}",
    "slices.of.source": "file: {value}",
    "slices.of.unseen": "{value}",
    "slices.of.cluster": "alike, group {value}",
    "slices.by.length": "length",
    "slices.by.language": "language",
    "slices.by.script": "script",
    "slices.by.source": "file",
    "slices.by.unseen": "words that training did not have",
    "slices.by.cluster": "texts that the pretrained model finds alike",
    "slices.value.unseen.none": "no word new to the model",
    "slices.value.unseen.some": "up to a fifth of the words new",
    "slices.value.unseen.many": "more than a fifth of the words new",
    "slices.value.script.latin": "Latin",
    "slices.value.script.han": "Chinese",
    "slices.value.script.simplified": "simplified Chinese",
    "slices.value.script.traditional": "traditional Chinese",
    "slices.value.script.both": "simplified and traditional Chinese",
    "slices.value.script.mixed": "two scripts mixed",
    "title.slices": "Where it is weaker",
}
