"""Which column is the text, which the answer, and what else helps: by names in many languages, and by content."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from tunewright.core.config import Config
from tunewright.core.errors import DataError, nearest
from tunewright.data import hints
from tunewright.data.columns.labels import Kind, find_kind
from tunewright.data.columns.profile import Profile, profile
from tunewright.data.language import find_language
from tunewright.data.table import RESERVED

_NUMBERED = re.compile(r"(.*?)[\s_\-.]*([12abAB一二])$")
_FIRST, _SECOND = "1aA一", "2bB二"
MIN_GROUPS = 20


class ColumnsConfig(Config):
    """Which column holds what. Everything that is not given is found out."""

    text: str | None = None
    """The column with the text to judge. None: found by name and content."""

    text_pair: str | None = None
    """The column with the second text, for sentence pairs. None: found by name."""

    label: str | None = None
    """The column with the answer. None: found by name and content."""

    group: str | None = None
    """Rows with one value here never stand on two sides of a split (customer, author). None: found by name."""

    weight: str | None = None
    """How much a row counts in training. None: a numeric column of that name, if there is one."""

    split: str | None = None
    """A column that says train, validation or test. None: found by name and content."""

    baseline: str | None = None
    """The answer of whatever is used today, to be measured beside the model. Never guessed."""

    task: Kind | None = None
    """single_label, multi_label or regression. None: found from the label column."""

    label_separator: str | None = None
    """What stands between several labels in one cell; setting it makes the task multi-label. None: found."""

    language: str | None = None
    """ISO 639-1 code of the texts. None: found from a sample."""


@dataclass(frozen=True, kw_only=True)
class ColumnPlan:
    """Which column holds what, the kind of task, and why."""

    text: str
    text_pair: str | None = None
    label: str | None = None
    group: str | None = None
    weight: str | None = None
    split: str | None = None
    baseline: str | None = None
    kind: Kind = "single_label"
    label_separator: str | None = None
    language: str = "und"
    reasons: dict[str, str]
    """A sentence for each decision, with the option that overrules it."""


def find_columns(table: pa.Table, *, chosen: ColumnsConfig | None = None) -> ColumnPlan:
    """The plan for a raw table. Raises DataError for a chosen column that is not there, or where no text is found."""
    chosen = chosen or ColumnsConfig()
    names = [name for name in table.column_names if name not in RESERVED]
    _check_chosen(chosen, names)
    profiles = {name: profile(name, table.column(name)) for name in names}
    reasons: dict[str, str] = {}
    given = {value for value in _column_choices(chosen).values() if value}
    free = [profiles[name] for name in names if name not in given]

    split = chosen.split or _find_split(free, reasons)
    text, text_pair = _find_texts(chosen, _without(free, split), profiles, reasons)
    label = chosen.label or _find_label(_without(free, split, text, text_pair), profiles, reasons)
    rest = _without(free, split, text, text_pair, label)
    weight = chosen.weight or _find_weight(rest, reasons)
    group = chosen.group or _find_group(_without(rest, weight), len(table), reasons)
    kind, separator = _find_kind(chosen, table, profiles, label, reasons)
    language = chosen.language
    if language is None:
        language, reasons["language"] = find_language(list(profiles[text].counts))
    for role, name in _column_choices(chosen).items():
        if name is not None:
            reasons[role] = f"{role} `{name}`: as asked for"
    return ColumnPlan(
        text=text, text_pair=text_pair, label=label, group=group, weight=weight, split=split,
        baseline=chosen.baseline, kind=kind, label_separator=separator, language=language, reasons=reasons,
    )  # fmt: skip


def _column_choices(chosen: ColumnsConfig) -> dict[str, str | None]:
    return {
        "text": chosen.text, "text_pair": chosen.text_pair, "label": chosen.label, "group": chosen.group,
        "weight": chosen.weight, "split": chosen.split, "baseline": chosen.baseline,
    }  # fmt: skip


def _check_chosen(chosen: ColumnsConfig, names: list[str]) -> None:
    for role, name in _column_choices(chosen).items():
        if name is not None and name not in names:
            raise DataError(
                f"there is no column `{name}` for the {role.replace('_', ' ')}.{nearest(name, names)} "
                f"The columns are: {', '.join(names)}."
            )


def _without(profiles: Iterable[Profile], *names: str | None) -> list[Profile]:
    return [one for one in profiles if one.name not in names]


def _find_split(free: list[Profile], reasons: dict[str, str]) -> str | None:
    for one in free:
        values = {hints.SPLIT_VALUES.get(hints.plain(value)) for value in list(one.counts)[:20]}
        named = hints.rank(one.name, hints.SPLIT) is not None
        if named and one.distinct <= 10 and "train" in values and None not in values:
            reasons["split"] = f"split `{one.name}`: says {', '.join(sorted(map(str, values)))}. Overrule with --split."
            return one.name
    return None


def _find_texts(
    chosen: ColumnsConfig, free: list[Profile], profiles: dict[str, Profile], reasons: dict[str, str]
) -> tuple[str, str | None]:
    """The text, and the second text if the columns are a pair."""
    if chosen.text is not None:
        return chosen.text, chosen.text_pair
    pair_found = _find_pair(free) if chosen.text_pair is None else None
    if pair_found is not None:
        first, second = pair_found
        reasons["text"] = (
            f"text `{first}` and `{second}`: a pair by their names. Name one of them with --text to use it alone."
        )
        reasons["text_pair"] = reasons["text"]
        return pair_found
    candidates = sorted((one for one in free if _text_score(one) > 0), key=_text_score, reverse=True)
    if not candidates:
        raise DataError(
            f"no column reads like text. The columns are: {', '.join(profiles)}. "
            "Name the one to judge with --text NAME."
        )
    best = candidates[0]
    others = f" Others that read like text: {', '.join(one.name for one in candidates[1:4])}." if candidates[1:] else ""
    named = "by its name and content" if hints.rank(best.name, hints.TEXT) is not None else "by its content"
    reasons["text"] = (
        f"text `{best.name}`: {named}, {best.mean_length:.0f} characters a cell.{others} Overrule with --text."
    )
    return best.name, chosen.text_pair


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


def _find_label(free: list[Profile], profiles: dict[str, Profile], reasons: dict[str, str]) -> str | None:
    candidates = sorted((one for one in free if _label_score(one) > 0), key=_label_score, reverse=True)
    if not candidates:
        reasons["label"] = "label: no column looks like an answer. Name it with --label NAME."
        return None
    best = candidates[0]
    others = [one.name for one in candidates[1:4]]
    also = f" Others that could be: {', '.join(others)}." if others else ""
    spelt = _spelt_out(best, profiles, free)
    if spelt is not None:
        reasons["label"] = f"label `{spelt}`: it spells out the numbers of `{best.name}`, one name each. Overrule with --label."  # fmt: skip  # noqa: E501
        return spelt
    named = "by its name and content" if hints.rank(best.name, hints.LABEL) is not None else "by its content"
    reasons["label"] = f"label `{best.name}`: {named}, {best.distinct} different values.{also} Overrule with --label."
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
    return 0.5 * by_name if sure and one.mean_length <= 60 else 0.0


def _ends_as_ignored(name: str) -> bool:
    """Whether the last word of a name says id, date and the like: `ticket_id`, `created date`."""
    return hints.plain(re.split(r"[\s_\-.]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name))[-1]) in hints.IGNORED


def _spelt_out(label: Profile, profiles: dict[str, Profile], free: list[Profile]) -> str | None:
    """A column with exactly one name for each number of the label column."""
    if label.integer < 1.0:
        return None
    bare = hints.plain(label.name)
    for one in free:
        other = hints.plain(one.name)
        fits = other in hints.LABEL_NAME or (other.startswith(bare) and other != bare)
        if fits and one.numeric < 0.5 and sorted(one.counts.values()) == sorted(label.counts.values()):
            return one.name
    return None


def _find_weight(free: list[Profile], reasons: dict[str, str]) -> str | None:
    for one in free:
        if hints.plain(one.name) in hints.WEIGHT and one.count and one.numeric == 1.0:
            reasons["weight"] = f"weight `{one.name}`: by its name, numbers throughout. Overrule with --weight."
            return one.name
    return None


def _find_group(free: list[Profile], num_rows: int, reasons: dict[str, str]) -> str | None:
    """A column whose name says that its rows belong together, with enough groups to split by."""
    for one in free:
        place = hints.rank(one.name, hints.GROUP)
        if place is None or place >= len(hints.GROUP) or one.count < 0.9 * num_rows:
            continue
        if MIN_GROUPS <= one.distinct < 0.95 * one.count and max(one.counts.values()) <= 0.1 * one.count:
            reasons["group"] = f"group `{one.name}`: {one.distinct} groups whose rows stay on one side of the split. Overrule with --group."  # fmt: skip  # noqa: E501
            return one.name
    return None


def _find_kind(
    chosen: ColumnsConfig, table: pa.Table, profiles: dict[str, Profile], label: str | None, reasons: dict[str, str]
) -> tuple[Kind, str | None]:
    if label is None:
        return chosen.task or "single_label", chosen.label_separator
    kind, separator, why = find_kind(profiles[label], is_list=pa.types.is_list(table.column(label).type))
    if chosen.label_separator is not None:
        kind, separator, why = (
            "multi_label",
            chosen.label_separator,
            f"multi-label: `{chosen.label_separator}` was given",
        )
    if chosen.task is not None and chosen.task != kind:
        separator = separator if chosen.task == "multi_label" else None
        kind, why = chosen.task, f"{chosen.task}: as asked for"
    reasons["task"] = why
    return kind, separator
