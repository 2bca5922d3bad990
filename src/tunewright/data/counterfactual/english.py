"""What English asks of a swap: whether a noun phrase follows ("her car", "saw her"), a or an, capital letters."""

from __future__ import annotations

import re

from tunewright.data.counterfactual.terms import word_set as words

_NEXT = re.compile(r"[ \t\n]+([A-Za-z][A-Za-z'’-]*|\d)")
_LAST = re.compile(r"([A-Za-z'’]+)[ \t\n]+$")
_ARTICLE = re.compile(r"(?<![\w'’-])(an?)([ \t\n]+)$", re.IGNORECASE)
_SOUNDED = re.compile(r"^(?:[aeio]|u(?!k|g|n[iy]|s[aeiu]|ti|rugu))|^(?:hour|heir|honest|honou?r)", re.IGNORECASE)
_NOT_SOUNDED = re.compile(r"^(?:eu|ewe|one\b|once\b)", re.IGNORECASE)


def noun_follows(text: str, start: int, end: int) -> bool:
    """Whether a noun phrase follows the word at `start:end`: "her old car", and not "saw her leave", "told her that"."""
    found = _NEXT.match(text, end)
    if not found:
        return False
    word, before = found[1].lower(), _last_word(text, start)
    if word in words("no_noun"):
        return False
    if before in words("before_verb") and word in words("verbs"):
        return False
    if before in words("before_state") and word in words("states"):
        return False
    if before in words("giving") and (word in words("given") or word.isdigit()):
        return False
    if word.endswith("ing") and before in words("before_ing"):
        return False
    if word == "back" or (word.endswith("ly") and len(word) > 4):
        # "her back ached", "her recently opened shop", and not "called her back", "hit her repeatedly"
        return noun_follows(text, start, found.end())
    return True


def article_before(text: str, start: int) -> bool:
    """Whether a or an stands before a word."""
    return _ARTICLE.search(text, 0, start) is not None


def title_follows(text: str, start: int, end: int) -> bool:
    """Whether a title with a capital letter stands before a word with one: "Miss Brown"; lower case throughout passes, too."""
    found = re.compile(r"\.?[ \t\n]+(\w)").match(text, end)
    return found is not None and text[start].isupper() and found[1].isupper()


def with_article(before: str, old: str, new: str) -> str:
    """The text before a swapped word, its article mended: "an American" but "a Mexican"."""
    found = _ARTICLE.search(before)
    if not found or _wants_an(old) == _wants_an(new):
        return before
    article = found[1]
    if (article.lower() == "an") != _wants_an(old):  # whoever wrote this went by another rule
        return before
    return before[: found.start(1)] + (article + "n" if len(article) == 1 else article[0]) + found[2]


def in_case_of(found: str, listed: str, new: str) -> str:
    """The new word in the case in which the old one, listed as `listed`, was found: SHE, She, she."""
    if found == listed:
        return new
    if found.isupper() and len(found) > 1:
        return new.upper()
    if found.islower():
        return new.lower()
    return new[0].upper() + new[1:]


def _last_word(text: str, start: int) -> str:
    found = _LAST.search(text, max(0, start - 40), start)
    return found[1].lower() if found else ""


def _wants_an(word: str) -> bool:
    return bool(_SOUNDED.match(word)) and not _NOT_SOUNDED.match(word)
