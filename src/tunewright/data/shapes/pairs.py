"""Pairs in records: columns named for languages, `{"translation": {"en": ..., "de": ...}}`, or source and target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunewright.core.errors import DataError
from tunewright.core.languages import language_of, pick
from tunewright.data.hints import plain
from tunewright.data.shapes.cells import as_list, as_object, is_text, names_of, rest, share, text_of
from tunewright.data.shapes.types import Guess, Pair, Sample, Tag, Unreadable

_NAMED = (("source", "target"), ("src", "tgt"), ("sourcetext", "targettext"), ("原文", "译文"), ("原文", "譯文"))
_OWN = ("source", "target", "targets", "source_language", "target_language", "group", "tags")


def detect(sample: Sample) -> Guess | None:
    """Two columns or more that are named for languages and hold text; or source and target by name."""
    by_name = _by_name(sample)
    columns = [name for name in names_of(sample) if language_of(name) and share(sample, name, is_text) >= 0.5]
    if by_name is None and len(columns) >= 2:
        source, target, why = direction(columns, sample.languages, where=str(sample.path))
        return Guess(confidence=0.95, why=f"columns {why}", settings={"source": source, "target": target})
    return by_name


def detect_translation(sample: Sample) -> Guess | None:
    """`{"translation": {"en": ..., "de": ...}}`, as data sets on the hub have it."""
    if share(sample, "translation", as_object) < 0.5:
        return None
    inner = [as_object(record.get("translation")) or {} for record in sample.records]
    found = [name for name in dict.fromkeys(name for part in inner for name in part) if language_of(name)]
    if len(found) < 2:
        return None
    source, target, why = direction(found, sample.languages, where=str(sample.path))
    return Guess(
        confidence=0.97, why=f"`translation` with {why}",
        settings={"inside": "translation", "source": source, "target": target},
    )  # fmt: skip


def direction(found: Sequence[str], asked: tuple[str, str] | None, *, where: str) -> tuple[str, str, str]:
    """Source and target among the languages of a file: as asked for, else the first two; and a sentence.

    Raises: DataError where one that was asked for is not there.
    """
    if asked is None:
        others = f"; others: {', '.join(found[2:])}" if len(found) > 2 else ""
        return found[0], found[1], f"`{found[0]}` to `{found[1]}`, in the file's order{others}"
    source, target = pick(asked[0], list(found)), pick(asked[1], list(found))
    if source is None or target is None or source == target:
        missing = asked[0] if source is None else asked[1]
        raise DataError(f"{where}: the languages are {', '.join(found)}; `{missing}` is not one of its own among them.")
    return source, target, f"`{source}` to `{target}`, as asked for"


def _by_name(sample: Sample) -> Guess | None:
    names = {plain(name): name for name in reversed(names_of(sample))}
    for first, second in _NAMED:
        if first in names and share(sample, names[first], is_text) >= 0.5:
            many = share(sample, "targets", lambda value: as_list(value) is not None) >= 0.5
            if many or (second in names and share(sample, names[second], is_text) >= 0.5):
                settings = {"source": names[first], "target": names.get(second, second)}
                if sample.languages:
                    settings |= {"source_language": sample.languages[0], "target_language": sample.languages[1]}
                named = "targets" if many else settings["target"]
                return Guess(confidence=0.9, why=f"columns `{names[first]}` and `{named}`", settings=settings)
    return None


def read(record: dict[str, Any], settings: Mapping[str, Any]) -> Pair:
    """One source with its target or targets. A target that is null or missing: not translated yet."""
    inside = settings.get("inside")
    cells: Mapping[str, Any] = record
    if inside is not None:
        found = as_object(record.get(inside))
        if found is None:
            kind = type(record.get(inside)).__name__
            raise Unreadable("no_translation", f"`{inside}` holds a {kind}; an object is expected")
        cells = found
    first, second = settings.get("source", "source"), settings.get("target", "target")
    languages = language_of(first), language_of(second)
    if inside is None and None in languages:
        return _named(record, first, second, settings)
    others = {name: value for name, value in cells.items() if name not in (first, second)} if inside else {}
    columns = rest(record, (inside or first, second, "group"))
    group = record.get("group")
    return Pair(
        source=text_of(cells, first),
        targets=_target(cells, second, settings),
        source_language=languages[0],
        target_language=languages[1],
        group=str(group) if group not in (None, "") else None,
        columns={name: value for name, value in others.items() if value is not None} | columns,
    )


def _named(record: dict[str, Any], first: str, second: str, settings: Mapping[str, Any]) -> Pair:
    targets = as_list(record.get("targets"))
    if targets is None:
        targets = list(_target(record, second, settings))
    if not all(isinstance(target, str) for target in targets):
        raise Unreadable("not_text", "`targets` is a list of texts")
    group = record.get("group")
    used = (first, second, *_OWN)
    return Pair(
        source=text_of(record, first),
        targets=tuple(targets),
        source_language=_language(record, "source_language", settings),
        target_language=_language(record, "target_language", settings),
        group=str(group) if group not in (None, "") else None,
        tags=_tags(record.get("tags")),
        columns=rest(record, used),
    )


def _target(cells: Mapping[str, Any], key: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """In a table of cells an empty one is no translation."""
    if cells.get(key) is None or (cells[key] == "" and settings.get("cells")):
        return ()
    return (text_of(cells, key),)


def _language(record: Mapping[str, Any], key: str, settings: Mapping[str, Any]) -> str | None:
    value = record.get(key) or settings.get(key)
    return None if value is None else str(value)


def _tags(value: Any) -> tuple[Tag, ...]:
    tags = as_list(value) or []
    try:
        return tuple(Tag(side=int(t["side"]), mark=t["mark"], xml=t["xml"], dialect=t["dialect"]) for t in tags)
    except (TypeError, KeyError, ValueError):
        raise Unreadable("bad_tags", "`tags` is a list of {side, mark, xml, dialect}") from None


def write(row: Pair) -> dict[str, Any]:
    """The record: source, target (or `targets` where there are several), languages, group, tags."""
    record: dict[str, Any] = {"source": row.source}
    if len(row.targets) == 1:
        record["target"] = row.targets[0]
    else:
        record["targets"] = list(row.targets)
    for key in ("source_language", "target_language", "group"):
        if getattr(row, key) is not None:
            record[key] = getattr(row, key)
    if row.tags:
        record["tags"] = [vars(tag) for tag in row.tags]
    return record | row.columns


def write_translation(row: Pair) -> dict[str, Any]:
    """The record as `{"translation": {source language: ..., target language: ...}}`."""
    names = row.source_language or "source", row.target_language or "target"
    record: dict[str, Any] = {"translation": {names[0]: row.source, **dict.fromkeys(names[1:], None)}}
    if row.targets:
        record["translation"][names[1]] = row.targets[0]
    if row.group is not None:
        record["group"] = row.group
    return record | row.columns
