"""Cleaning: named steps from table to table, each with its own account, so that nothing vanishes without a reason.

Steps that drop rows leave the file's own validation and test splits as they are (but for rows without any text): a
score must stay comparable with other scores on that split. Which of several equal rows is kept depends on their content
and never on the order of the file, so the split after it doesn't either.

Steps that change text are pure functions from string to string, listed in `TEXT_STEPS`; their names go into the bundle
and `predict` repeats them.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import ftfy
import numpy as np
import pyarrow as pa

from tunewright.core.config import Config
from tunewright.data.equal import contradicted, repeats
from tunewright.data.keys import Kind, Label, exact_keys, given_splits, label_values
from tunewright.data.labels import variants
from tunewright.data.ledger import Entry, Ledger
from tunewright.data.mail_text import strip_quoted_reply, strip_signature
from tunewright.data.marks import Ints, numbered
from tunewright.data.pii import find_pii
from tunewright.data.pii.scrub import scrub
from tunewright.data.table import id_order, set_column

_TAG = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|</?[a-z][a-z0-9]*\b[^<>]*>", re.IGNORECASE | re.DOTALL)

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
    "|(?<=[A-Za-z0-9\u4e00-\u9fff])[\u00ad\u200c\u200d](?=[A-Za-z0-9\u4e00-\u9fff])"
)
_ORDINARY_WIDTH = {
    code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "！（），：；？"
} | {0x3000: 0x20}  # fmt: skip


class CleanConfig(Config):
    """What is mended before the split. Every fix can be turned off; all of them are counted."""

    fix_mojibake: bool = False
    """Mend text that was once decoded with the wrong encoding (`â€™` for `’`). Changes text, so off until asked for."""
    strip_markup: bool = False
    """Take HTML tags out and turn entities (`&amp;`) into characters. Changes text, so off until asked for."""
    strip_invisible: bool = False
    """Take out characters that do not show: of no width, marks of direction, controls. Changes text, so off until asked
    for."""
    fold_width: bool = False
    """Write full-width letters, digits and signs (`Ａ１！`) in ordinary width, but leave Chinese punctuation (，。！？：；（）)
    as it is. Changes text, so off until asked for."""
    strip_quoted_reply: bool = False
    """Take out of a mail what it quotes of earlier ones: lines with `>`, and all below `-----Original Message-----`, `Ann
    wrote:` and the like in English, German, French, Spanish and Chinese. Changes text, so off until asked for."""
    strip_signature: bool = False
    """Take out what stands below the line `-- ` of a mail, and `Sent from my phone`. Changes text, so off until asked for."""
    scrub: bool = False
    """Put `[email]`, `[phone]`... in place of personal data that has a format, and keep it out of the ledger. Turned on by
    `--private`. Changes text, so off until asked for; `predict` does it, too, and needs no key for it."""
    empty_text: Literal["drop", "keep"] = "drop"
    """Rows without any text: there is nothing to judge."""
    label_variants: Literal["merge", "keep"] = "merge"
    """Labels that differ in case, width or space only: merged into the commonest spelling."""
    contradictions: Literal["majority", "drop", "keep"] = "majority"
    """One text with several labels: keep the rows with the label that more than half of them have (without a majority,
    none), drop them all, or keep them all. Values of a regression are never dropped."""
    exact_duplicates: Literal["drop", "keep"] = "drop"
    """Rows with the text and label of another row: one is kept. Repeats count twice in training and stretch scores."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a step returns: the table after it, and one entry for each row it touched."""

    fields: pa.Table
    entries: list[Entry]
    meant: dict[str, str] = field(default_factory=dict)
    """Spellings of labels that were merged, and what they became."""


def clean(fields: pa.Table, *, kind: Kind, config: CleanConfig, ledger: Ledger) -> pa.Table:
    """The table after all steps that the config asks for; each step closes a stage `clean.NAME` in the ledger."""
    return run_steps(fields, kind=kind, config=config, ledger=ledger).fields


def run_steps(fields: pa.Table, *, kind: Kind, config: CleanConfig, ledger: Ledger) -> Step:
    """`clean`, and which spellings of labels it merged."""
    meant: dict[str, str] = {}
    for name in chosen_steps(config):
        done = STEPS[name](fields, kind, config)
        meant.update(done.meant)
        stage = f"clean.{name}"
        entries = [replace(entry, stage=stage) for entry in done.entries]
        ledger.close_stage(stage, read=len(fields), kept=len(done.fields), entries=entries)
        fields = done.fields
    return Step(fields=fields, entries=[], meant=meant)


def chosen_steps(config: CleanConfig) -> list[str]:
    """Names of all steps that the config turns on, in the order in which they run."""
    return [name for name in STEPS if getattr(config, name) not in (False, "keep")]


def chosen_text_steps(config: CleanConfig) -> list[str]:
    """Names of the text-changing steps that the config turns on, in the order in which they run."""
    return [name for name in TEXT_STEPS if getattr(config, name)]


def apply_text_steps(text: str, names: Sequence[str]) -> str:
    """What cleaning made of a text: the named steps one after the other, for `predict` to repeat."""
    for name in names:
        text = TEXT_STEPS[name](text)
    return text


def fix_mojibake(text: str) -> str:
    """The text with wrongly decoded characters mended; anything else, full-width forms included, stays as it is."""
    return ftfy.fix_encoding(text)


def strip_markup(text: str) -> str:
    """The text without HTML tags, comments, scripts and styles, entities turned into characters."""
    return html.unescape(_TAG.sub(" ", text)) if "<" in text or "&" in text else text


def strip_invisible(text: str) -> str:
    """The text without characters of no width, marks of direction and control characters; line ends and tabs stay.

    Joiners stay where they join: between letters of the scripts that need them, and in emoji.
    """
    return text if text.isascii() and text.isprintable() else _INVISIBLE.sub("", text)


def fold_width(text: str) -> str:
    """The text with full-width letters, digits and signs in ordinary width; punctuation that Chinese text has stays."""
    return text if text.isascii() else text.translate(_ORDINARY_WIDTH)


def _change_text(name: str) -> Callable[[pa.Table, Kind, CleanConfig], Step]:
    def step(fields: pa.Table, kind: Kind, config: CleanConfig) -> Step:
        found: list[tuple[int, Entry]] = []
        for column in ("text", "text_pair"):
            if column in fields.column_names:
                before = fields.column(column).to_pylist()
                after = [text if text is None else TEXT_STEPS[name](text) for text in before]
                changed = [place for place, text in enumerate(after) if text != before[place]]
                fields = set_column(fields, column, pa.array(after, fields.column(column).type))
                found += [
                    (
                        place,
                        _entry(
                            fields,
                            place,
                            name,
                            "changed",
                            column,
                            **_texts_of(name, before[place], after[place], config),
                        ),
                    )
                    for place in changed
                ]
        return Step(fields=fields, entries=[entry for _, entry in sorted(found, key=lambda pair: pair[0])])

    return step


def _texts_of(name: str, before: str | None, after: str | None, config: CleanConfig) -> dict[str, str]:
    """What the ledger keeps of a changed text: no personal data where that is to be taken out."""
    if before is None or after is None:
        return {}
    if name == "scrub":
        classes = Counter(span.class_name for span in find_pii(before))
        return {"after": ", ".join(f"{class_name} {count}" for class_name, count in sorted(classes.items()))}
    return {"before": scrub(before), "after": scrub(after)} if config.scrub else {"before": before, "after": after}


def _drop_empty_text(fields: pa.Table, kind: Kind, config: CleanConfig) -> Step:
    empty = [place for place, key in enumerate(exact_keys(fields)) if not key]
    entries = [_entry(fields, place, "empty_text", "dropped", "text") for place in empty]
    return Step(fields=_without(fields, empty), entries=entries)


def _merge_label_variants(fields: pa.Table, kind: Kind, config: CleanConfig) -> Step:
    if kind in ("regression", "text") or "label" not in fields.column_names:
        return Step(fields=fields, entries=[])
    meant = meanings(Counter(label for value in fields.column("label").to_pylist() for label in as_list(value)))
    return merge_labels(fields, meant)


def meanings(counts: Counter[str]) -> dict[str, str]:
    """What each variant of a label becomes, by how often each is written."""
    return {found.written: found.meant for found in variants(counts)}


def merge_labels(fields: pa.Table, meant: dict[str, str]) -> Step:
    """The table with each label as it is meant."""
    values: list[Any] = fields.column("label").to_pylist()
    merged = list(values)
    entries = []
    for place, value in enumerate(values):
        labels = as_list(value)
        if not meant.keys().isdisjoint(labels):
            after = list(dict.fromkeys(meant.get(label, label) for label in labels))
            merged[place] = after[0] if isinstance(value, str) else after
            entries.append(
                _entry(
                    fields, place, "label_variant", "changed", "label",
                    before=shown(value), after=shown(merged[place]),
                )
            )  # fmt: skip
    labels_after = pa.array(merged, fields.column("label").type)
    return Step(fields=set_column(fields, "label", labels_after), entries=entries, meant=meant)


def as_list(value: str | list[str] | None) -> list[str]:
    """The labels of a cell: none, one, or several."""
    return [] if value is None else [value] if isinstance(value, str) else value


def _resolve_contradictions(fields: pa.Table, kind: Kind, config: CleanConfig) -> Step:
    if kind in ("regression", "text"):  # one source with several answers is normal where answers are texts
        return Step(fields=fields, entries=[])
    labels = label_values(fields, kind=kind)
    key_N, answer_N = _numbers_open_to_dropping(fields, labels)
    found = contradicted(key_N, answer_N, keep_majority=config.contradictions == "majority")
    dropped = np.flatnonzero(found.dropped_N).tolist()
    entries = [
        _entry(
            fields, place, CONTRADICTION_REASONS[bool(found.outvoted_N[place])], "dropped", "label",
            before=shown(labels[place]),
        )
        for place in dropped
    ]  # fmt: skip
    return Step(fields=_without(fields, dropped), entries=entries)


def _drop_exact_duplicates(fields: pa.Table, kind: Kind, config: CleanConfig) -> Step:
    key_N, answer_N = _numbers_open_to_dropping(fields, label_values(fields, kind=kind))
    ids = fields.column("row_id").to_pylist()
    rank_N = np.empty(len(ids), np.int64)
    rank_N[sorted(range(len(ids)), key=lambda place: id_order(ids[place]))] = np.arange(len(ids))
    kept_N = repeats(key_N, answer_N, rank_N)
    dropped = np.flatnonzero(kept_N >= 0).tolist()
    entries = [
        _entry(fields, place, "exact_duplicate", "dropped", "duplicate_of", after=ids[kept_N[place]])
        for place in dropped
    ]
    return Step(fields=_without(fields, dropped), entries=entries)


TEXT_STEPS: dict[str, Callable[[str], str]] = {
    "fix_mojibake": fix_mojibake, "strip_markup": strip_markup,
    "strip_invisible": strip_invisible, "fold_width": fold_width,
    "strip_quoted_reply": strip_quoted_reply, "strip_signature": strip_signature, "scrub": scrub,
}  # fmt: skip
"""Steps that change text, by the name that stands in the config and in the bundle."""

STEPS: dict[str, Callable[[pa.Table, Kind, CleanConfig], Step]] = {
    "fix_mojibake": _change_text("fix_mojibake"),
    "strip_markup": _change_text("strip_markup"),
    "strip_invisible": _change_text("strip_invisible"),
    "fold_width": _change_text("fold_width"),
    "strip_quoted_reply": _change_text("strip_quoted_reply"),
    "strip_signature": _change_text("strip_signature"),
    "scrub": _change_text("scrub"),
    "empty_text": _drop_empty_text,
    "label_variants": _merge_label_variants,
    "contradictions": _resolve_contradictions,
    "exact_duplicates": _drop_exact_duplicates,
}
"""All steps in the order in which they run, by the config's field that turns them off with `false` or `keep`."""


CONTRADICTION_REASONS = {True: "contradicts_majority", False: "contradiction"}
"""The reason code of a row that a majority outvotes, and of one whose text has no majority or is not put to the vote."""


def shown(label: Label | list[str] | None) -> str:
    """A label as the ledger writes it: strings as they are, anything else as JSON."""
    return label if isinstance(label, str) else json.dumps(label, ensure_ascii=False)


def _numbers_open_to_dropping(fields: pa.Table, labels: list[Label | None]) -> tuple[Ints, Ints]:
    """Numbers of texts and answers; the text is -1 for unlabelled rows and those of a given validation or test split."""
    splits = given_splits(fields) or [None] * len(fields)
    key_N, _ = numbered(
        key if key and label is not None and split in (None, "train") else None
        for key, label, split in zip(exact_keys(fields), labels, splits, strict=True)
    )
    # By how it is written, so that 0.0 and -0.0 are two answers here as in the ledger.
    answer_N, _ = numbered(None if label is None else shown(label) for label in labels)
    return key_N, answer_N


def _without(fields: pa.Table, places: Sequence[int]) -> pa.Table:
    gone = set(places)
    return fields.take(pa.array([place for place in range(len(fields)) if place not in gone], pa.int64()))


def _entry(
    fields: pa.Table,
    place: int,
    reason_code: str,
    action: Literal["dropped", "changed"],
    field: str,
    *,
    before: str | None = None,
    after: str | None = None,
) -> Entry:
    origin = fields.column("origin")[place].as_py()
    return Entry(
        row_id=fields.column("row_id")[place].as_py(),
        path=origin["path"],
        line=origin["line"],
        stage="clean",
        action=action,
        reason_code=reason_code,
        field=field,
        before=before,
        after=after,
    )
