"""One thing and its verb: sentences are written for many, and say `1 row has` where there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_VERBS = {
    "are": "is", "were": "was", "have": "has", "do": "does", "don't": "doesn't", "can't": "can't", "could": "could",
    "differ": "differs", "end": "ends", "begin": "begins", "hold": "holds", "lie": "lies", "look": "looks", "need": "needs",
    "nearly repeat": "nearly repeats", "repeat": "repeats", "seem": "seems", "share": "shares", "stand": "stands",
    "also stand": "also stands", "write": "writes",
}  # fmt: skip
_THINGS = (
    "texts", "rows", "labels", "classes", "clusters", "columns", "files", "cells", "lines", "messages", "reviews", "answers",
    "groups", "characters", "tokens", "words", "epochs", "steps", "minutes", "seconds", "fits", "pairs", "dialogues", "spans",
    "sentences", "models", "runs", "trials", "seeds", "folds", "branches", "ones",
)  # fmt: skip
_BEHIND = rf" (?P<thing>{'|'.join(_THINGS)})\b(?: (?P<verb>{'|'.join(_VERBS)})\b)?"
_ONE = re.compile(rf"(?<![\w.,%-])(?P<number>1){_BEHIND}")
_FIELD = re.compile(rf"(?P<number>\{{(?P<name>\w+)(?::(?P<format>[^}}]*))?\}}){_BEHIND}")
_ODD = {"classes": "class", "branches": "branch"}


def in_agreement(text: str) -> str:
    """The English text with `1 rows have` as `1 row has`; all else as it is."""
    return _ONE.sub(_singular, text) if "1 " in text else text


def template_in_agreement(template: str, values: Mapping[str, Any]) -> str:
    """The same for a template whose values are still to come: what stands in the values is nobody's grammar."""

    def agreeing(match: re.Match[str]) -> str:
        value = values.get(match["name"])
        is_one = value is not None and format(value, match["format"] or "") == "1"
        return _singular(match) if is_one else match[0]

    return _FIELD.sub(agreeing, template)


def _singular(match: re.Match[str]) -> str:
    thing, verb = match["thing"], match["verb"]
    said = f"{match['number']} {_ODD.get(thing, thing[:-1])}"
    return f"{said} {_VERBS[verb]}" if verb else said
