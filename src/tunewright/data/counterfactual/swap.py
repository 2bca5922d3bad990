"""Counterfactual versions of a text: the same text as it would read had it been about somebody of another group.

Every term of an axis in a text is swapped at once, so that what belongs together stays together ("He lost his wallet" -
"She lost her wallet"). Version k moves each term k groups on. Where all terms of a text are of one group, the versions are
that text about each of the other groups; where they are of several ("Christians and Muslims"), the text is *mixed*: its
versions are as good as the original, but it has no group of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tunewright.core.text import is_cjk
from tunewright.data.counterfactual import english
from tunewright.data.counterfactual.terms import SURNAME, Axis, Language, Term

_WORD = re.compile(r"[\w'’]+")
_WORD_START = re.compile(r"(?<![\w'’-])\w")
_IN_WORD = re.compile(r"[\w-]")


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A term in a text."""

    place: int
    """Which of the row's texts it stands in."""
    start: int
    end: int
    slot: int
    group: int
    index: int
    """Which of the group's terms."""
    form: str
    """As it is listed."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """A text, or a pair of texts, as it reads about one group."""

    texts: tuple[str, ...]
    group: int
    """Place in the axis's groups; of a mixed text, the group that its first term has in this version."""
    term: str
    """The first of its terms, as it is listed."""
    is_original: bool = False


@dataclass(frozen=True, kw_only=True)
class Versions:
    """All versions of one row on one axis, the original first."""

    versions: tuple[Version, ...]
    is_mixed: bool


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A listed form, and which term it is."""

    slot: int
    group: int
    index: int
    term: Term
    form: str


@dataclass(frozen=True)
class Swapper:
    """Finds and swaps the terms of one axis. Texts with Chinese characters are left to the Chinese lists, others to the English."""

    axis: Axis

    @cached_property
    def _entries(self) -> dict[str, list[_Entry]]:
        """By each lower-case form what it may be, in the order of the lists; phrases to keep have no entry."""
        entries: dict[str, list[_Entry]] = {phrase.lower(): [] for phrase in self.axis.keep}
        for s, slot in enumerate(self.axis.slots):
            for g, terms in enumerate(slot.terms):
                for i, term in enumerate(terms):
                    for form in term.forms if term.condition != "written" else ():
                        entry = _Entry(slot=s, group=g, index=i, term=term, form=form)
                        for spelt in _spelt(form, self.axis.surnames):
                            entries.setdefault(spelt.lower(), []).append(entry)
        return entries

    @cached_property
    def _by_first(self) -> dict[str, list[str]]:
        """The forms by their first character (Chinese) or word (English), the longest first."""
        forms: dict[str, list[str]] = {}
        for form in sorted(self._entries, key=lambda form: (-len(form), form)):
            forms.setdefault(self._first(form, 0), []).append(form)
        return forms

    def _first(self, text: str, start: int) -> str:
        if self.axis.language == "zh":
            return text[start]
        found = _WORD.match(text, start)
        return found[0] if found else text[start]

    def find(self, texts: Sequence[str]) -> list[Hit]:
        """Every term in the texts of a row, from left to right."""
        return [hit for place, text in enumerate(texts) for hit in self._find(place, text)]

    def versions(self, texts: Sequence[str], *, turn: int = 0) -> Versions | None:
        """The row about each group, the original first; where lists allow it, once more about its own. None without terms.

        `turn` turns the lists of interchangeable terms by so many places: with another number for each row, all of a group's
        terms come up, whichever the file has.
        """
        hits = self.find(texts)
        if not hits:
            return None
        num_groups, own = len(self.axis.groups), hits[0].group
        found = [Version(texts=tuple(texts), group=own, term=hits[0].form, is_original=True)]
        for step in range(1, num_groups):
            moved = [self._counterpart(hit, step, turn) for hit in hits]
            if all(term is not None for term in moved):
                found.append(self._version(texts, hits, [t for t in moved if t], group=(own + step) % num_groups))
        neighbours = [self._neighbour(hit, turn) for hit in hits]
        if all(term is not None for term in neighbours):
            found.append(self._version(texts, hits, [t for t in neighbours if t], group=own))
        return Versions(versions=tuple(found), is_mixed=len({hit.group for hit in hits}) > 1)

    def _find(self, place: int, text: str) -> Iterator[Hit]:
        if language_of(text) != self.axis.language:
            return
        lowered = _lowered(text)
        done = 0
        for start in self._starts(lowered):
            if start < done:
                continue
            for form in self._by_first.get(self._first(lowered, start), ()):
                end = start + len(form)
                if not lowered.startswith(form, start) or not self._ends_here(lowered, start, end):
                    continue
                entry = next((e for e in self._entries[form] if _holds(e.term, text, start, end)), None)
                if entry:
                    yield Hit(
                        place=place, start=start, end=end, slot=entry.slot, group=entry.group, index=entry.index,
                        form=entry.form,
                    )  # fmt: skip
                if entry or not self._entries[form]:  # a term, or a phrase to keep
                    done = end
                    break

    def _starts(self, lowered: str) -> Iterator[int]:
        if self.axis.language == "zh":
            return (i for i, char in enumerate(lowered) if char in self._by_first)
        return (found.start() for found in _WORD_START.finditer(lowered))

    def _ends_here(self, lowered: str, start: int, end: int) -> bool:
        if self.axis.language == "en":
            return _IN_WORD.match(lowered, end) is None
        # "8:00后" is a time; "90后" are people
        return not (lowered[start].isdigit() and start and lowered[start - 1] in "0123456789:：.")

    def _counterpart(self, hit: Hit, step: int, turn: int) -> Term | None:
        """The term that stands in a hit's place so many groups on; None where that group has none."""
        terms = self.axis.slots[hit.slot].terms[(hit.group + step) % len(self.axis.groups)]
        return terms[(hit.index + turn) % len(terms)] if terms else None

    def _neighbour(self, hit: Hit, turn: int) -> Term | None:
        """Another term of the same group for the same place."""
        terms = self.axis.slots[hit.slot].terms[hit.group]
        return terms[(hit.index + 1 + turn % (len(terms) - 1)) % len(terms)] if len(terms) > 1 else None

    def _version(self, texts: Sequence[str], hits: Sequence[Hit], terms: Sequence[Term], *, group: int) -> Version:
        written = list(texts)
        for hit, term in reversed(list(zip(hits, terms, strict=True))):
            written[hit.place] = self._put(written[hit.place], hit, term)
        return Version(texts=tuple(written), group=group, term=terms[0].written)

    def _put(self, text: str, hit: Hit, term: Term) -> str:
        before, found, after = text[: hit.start], text[hit.start : hit.end], text[hit.end :]
        if self.axis.language == "zh":
            return before + self._named(found, hit, term.written) + after
        new = english.in_case_of(found, hit.form, term.written)
        return english.with_article(before, found, new) + new + after

    def _named(self, found: str, hit: Hit, written: str) -> str:
        """A Chinese term; a given name gets the surname that stood there, or one of the list."""
        if not written.startswith(SURNAME):
            return written
        surnames = self.axis.surnames
        surname = found[0] if hit.form.startswith(SURNAME) else surnames[hit.index % len(surnames)]
        return surname + written[1:]


def language_of(text: str) -> Language:
    """Whose lists a text is looked up in."""
    return "zh" if any(map(is_cjk, text)) else "en"


def _spelt(form: str, surnames: Sequence[str]) -> list[str]:
    return [surname + form[1:] for surname in surnames] if form.startswith(SURNAME) else [form]


def _lowered(text: str) -> str:
    """Lower case, character for character, so that places stay the same."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _holds(term: Term, text: str, start: int, end: int) -> bool:
    if term.condition is None:
        return True
    if term.condition == "title":
        return english.title_follows(text, start, end)
    if term.condition == "+noun":
        return english.noun_follows(text, start, end)
    article = term.condition == "-noun" or english.article_before(text, start)
    return article and not english.noun_follows(text, start, end)
