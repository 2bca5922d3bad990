"""Which column plays which part: each function takes the columns still free and says why it chose one."""

from __future__ import annotations

import re

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.core.sentence import Sentence
from tunewright.data import hints
from tunewright.data.columns.profile import Profile

Reasons = dict[str, str]

_NUMBERED = re.compile(r"(.*?)[\s_\-.]*([12abAB一二])$")
_FIRST, _SECOND = "1aA一", "2bB二"
MIN_GROUPS = 20


def find_split(free: list[Profile], reasons: Reasons) -> str | None:
    """A column of that name in which every cell says train, validation or test, and some say train."""
    for one in free:
        values = {hints.SPLIT_VALUES.get(hints.plain(value)) for value in list(one.counts)[:20]}
        named = hints.rank(one.name, hints.SPLIT) is not None
        if named and one.distinct <= 10 and "train" in values and None not in values:
            reasons["split"] = Sentence("says {values}", values=", ".join(sorted(map(str, values))))
            return one.name
    return None


def find_texts(free: list[Profile], names: list[str], reasons: Reasons, *, pairs: bool) -> tuple[str, str | None]:
    """The text, and the second text if the columns are a pair and `pairs` are looked for."""
    pair_found = _find_pair(free) if pairs else None
    if pair_found is not None:
        first, second = pair_found
        reasons["text"] = Sentence(
            "a pair with `{other}` by their names; --text with one of them uses it alone", other=second
        )
        reasons["text_pair"] = Sentence("a pair with `{other}` by their names", other=first)
        return pair_found
    candidates = sorted((one for one in free if _text_score(one) > 0), key=_text_score, reverse=True)
    if not candidates:
        raise DataError(
            f"no column reads like text. The columns are: {', '.join(names)}. Name the one to judge with --text NAME."
        )
    best = candidates[0]
    others = [one.name for one in candidates[1:4]]
    reasons["text"] = Sentence(
        "{how}, {length:.0f} characters a cell{others}",
        how=_how(best, hints.TEXT), length=best.mean_length,
        others=Sentence("; others that read like text: {names}", names=", ".join(others)) if others else "",
    )  # fmt: skip
    return best.name, None


def _text_score(one: Profile) -> float:
    """How much a column is like the text to judge; 0 or less for not at all."""
    if one.count == 0:
        return 0.0
    place = hints.rank(one.name, hints.TEXT)
    by_name = 0.0 if place is None else 3.0 - 2.0 * place / (2 * len(hints.TEXT))
    if hints.plain(one.name) in hints.LABEL or hints.plain(one.name) in hints.IGNORED:
        by_name -= 2.0
    if not one.is_text:
        # Short words or even numbers under a sure name: a table of one-word texts is legal.
        sure = place is not None and place < len(hints.TEXT) and one.codes < 0.9 and one.numeric < 0.5
        return 0.1 * by_name if sure else 0.0
    varied = one.distinct / one.count
    return by_name + one.prose + varied + min(1.0, one.mean_length / 100)


def _find_pair(free: list[Profile]) -> tuple[str, str] | None:
    by_name = {hints.plain(one.name): one.name for one in free if one.is_text or one.prose > 0.1}
    for first, second in hints.PAIRS:
        if first in by_name and second in by_name:
            return by_name[first], by_name[second]
    for one in by_name.values():
        partner = _numbered_partner(one, list(by_name.values()))
        if partner is not None:
            return one, partner
    return None


def _numbered_partner(name: str, names: list[str]) -> str | None:
    """`question2` for `question1`, `Satz B` for `Satz A`."""
    match = _NUMBERED.match(name)
    if match is None or match[2] not in _FIRST or not match[1]:
        return None
    second = name[: match.start(2)] + _SECOND[_FIRST.index(match[2])]
    return second if second in names else None


def find_label(table: pa.Table, free: list[Profile], reasons: Reasons) -> str | None:
    """The answer; where it is numbers and another column spells them out, that column."""
    candidates = sorted((one for one in free if _label_score(one) > 0), key=_label_score, reverse=True)
    if not candidates:
        reasons["label"] = Sentence("no column looks like an answer; --label NAME names it")
        return None
    best = candidates[0]
    others = [one.name for one in candidates[1:4]]
    spelt = _spelt_out(table, best, free)
    if spelt is not None:
        reasons["label"] = Sentence("it spells out the numbers of `{column}`, one name each", column=best.name)
        return spelt
    reasons["label"] = Sentence(
        "{how}, {distinct} different values{others}", how=_how(best, hints.LABEL), distinct=best.distinct,
        others=Sentence("; others that could be: {names}", names=", ".join(others)) if others else "",
    )  # fmt: skip
    return best.name


def _label_score(one: Profile) -> float:
    """How much a column is like the answer; 0 or less for not at all."""
    if one.count == 0:
        return 0.0
    bare, place = hints.plain(one.name), hints.rank(one.name, hints.LABEL)
    sure = place is not None and place < len(hints.LABEL)
    if not sure and (bare in hints.IGNORED or hints.rank(one.name, hints.GROUP) is not None or one.is_id):
        return 0.0
    if not sure and (_ends_as_ignored(one.name) or one.codes > 0.5 or hints.rank(one.name, hints.WEIGHT) is not None):
        return 0.0
    by_name = 0.0 if place is None else 4.0 - 3.0 * place / (2 * len(hints.LABEL))
    if one.repeats:
        return by_name + 1.0 + (1.0 - one.distinct / one.count)
    if one.numeric == 1.0 or one.lists > 0.9:
        return by_name
    return 0.5 * by_name if sure and one.mean_length <= 120 else 0.0


def _ends_as_ignored(name: str) -> bool:
    """Whether the last word of a name says id, date and the like: `ticket_id`, `created date`."""
    return hints.plain(re.split(r"[\s_\-.]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name))[-1]) in hints.IGNORED


def _spelt_out(table: pa.Table, label: Profile, free: list[Profile]) -> str | None:
    """A column with exactly one name for each number of the label column."""
    if label.integer < 1.0:
        return None
    bare = hints.plain(label.name)
    for one in free:
        other = hints.plain(one.name)
        fits = other in hints.LABEL_NAME or (other.startswith(bare) and other != bare)
        if fits and one.numeric < 0.5 and one.distinct == label.distinct and _one_to_one(table, label, one):
            return one.name
    return None


def _one_to_one(table: pa.Table, label: Profile, name: Profile) -> bool:
    pairs = set(zip(table.column(label.name).to_pylist(), table.column(name.name).to_pylist(), strict=True))
    return len(pairs - {(None, None), ("", "")}) == label.distinct


def find_weight(free: list[Profile], reasons: Reasons) -> str | None:
    """A column of that name that holds numbers only."""
    for one in free:
        if hints.plain(one.name) in hints.WEIGHT and one.count and one.numeric == 1.0:
            reasons["weight"] = Sentence("by its name, numbers throughout")
            return one.name
    return None


def find_group(free: list[Profile], num_rows: int, reasons: Reasons) -> str | None:
    """A column whose name says that its rows belong together, with enough groups to split by."""
    for one in free:
        place = hints.rank(one.name, hints.GROUP)
        if place is None or place >= len(hints.GROUP) or one.count < 0.9 * num_rows:
            continue
        if MIN_GROUPS <= one.distinct < 0.95 * one.count and max(one.counts.values()) <= 0.1 * one.count:
            reasons["group"] = Sentence("{groups} groups whose rows stay on one side of the split", groups=one.distinct)
            return one.name
    return None


def _how(one: Profile, names: list[str]) -> Sentence:
    return Sentence("by its name and content" if hints.rank(one.name, names) is not None else "by its content")
