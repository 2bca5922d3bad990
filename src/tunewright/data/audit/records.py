"""The shapes of an audit: its settings, what one check sees, what it finds, and the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from tunewright.core.config import Config
from tunewright.core.grammar import in_agreement
from tunewright.data.keys import Kind, Label, Side

Severity = Literal["info", "warning", "error"]
SHOWN_ROWS = 50
"""Row ids per finding in `audit.json`; the record itself holds them all."""


class AuditConfig(Config):
    """What the audit looks for, and from where on it speaks up."""

    near_duplicates: bool = True
    """Look for near duplicates. Takes about a second per 10,000 texts of a paragraph each."""
    near_threshold: float = Field(default=0.8, gt=0.5, le=1)
    """Jaccard overlap of character 5-grams from which two texts are near duplicates. At .8 a text of 50 characters may
    differ in one place; paraphrases stay apart."""
    long_text_tokens: int = Field(default=512, gt=0)
    """Estimated tokens above which a text is called over-long; 512 is what most encoders take at most."""
    imbalance_ratio: float = Field(default=10, ge=1)
    """Rows of the largest class for one of the smallest from which imbalance is reported."""
    rare_class_rows: int = Field(default=10, ge=1)
    """Classes with fewer labelled rows than this are reported: their scores will say little."""
    label_errors: bool = True
    """Look for labels that are probably wrong: each row is judged by a model that has not seen it (`--set
    data.audit.label_errors=false` saves about five times the fit of word counting)."""
    label_error_rows: int = Field(default=100_000, ge=100)
    """Above this many labelled rows, suspected label errors are looked for in a sample of this size."""
    language_rows: int = Field(default=2_000, ge=100)
    """Above this many rows, the language of each is looked at in an evenly spaced sample of this size."""
    token_rows: int = Field(default=20_000, ge=100)
    """Above this many rows, tokens are counted in an evenly spaced sample of this size."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing the audit found. Messages hold counts and label names, never raw text."""

    code: str
    severity: Severity
    count: int
    """What the message counts: texts, rows or labels."""
    row_ids: list[str]
    """All rows concerned, in the order of the table."""
    message: str
    fix: str
    """What was or can be done about it; the name of the setting where there is one."""
    command: str = ""
    """The command that does it, with `FILE` for the file; empty where only a person can."""
    examples: Sequence[str] = ()
    """Row ids that show it best, such as both rows of a pair; empty: the first of all rows."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What a sentence in another language puts in besides the count: numbers, names of labels and columns."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", in_agreement(self.message))

    def to_json(self, *, most_rows: int | None = None) -> dict[str, Any]:
        """As plain values, with all row ids or the first of them."""
        rows = self.row_ids if most_rows is None else self.row_ids[:most_rows]
        plain = {name: value for name, value in vars(self).items() if name != "examples"}
        return plain | {"row_ids": rows, "num_rows": len(self.row_ids), "values": dict(self.values)}


def found_in(
    row_ids: Sequence[str], *, code: str, severity: Severity, message: str, fix: str, command: str = "",
    values: Mapping[str, Any] | None = None,
) -> list[Finding]:  # fmt: skip
    """The finding about these rows, or none where there are none; `{n}` in the message becomes their number."""
    if not row_ids:
        return []
    return [
        Finding(
            code=code, severity=severity, count=len(row_ids), row_ids=list(row_ids),
            message=message.replace("{n}", f"{len(row_ids):,}"), fix=fix, command=command, values=values or {},
        )
    ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SplitCounts:
    """One given split by itself."""

    rows: int
    duplicate_rows: int
    """Rows whose text stands in an earlier row of the same split."""
    contradictory_texts: int
    """Distinct texts with two labels or more inside this split."""
    empty: int


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """What two given splits share, by exact text."""

    texts: int
    """Distinct texts that stand in both."""
    rows: tuple[int, int]
    """Rows of the first and of the second split that hold them."""
    row_ids: tuple[list[str], list[str]]


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """How long the texts of one field are, in characters (code points)."""

    shortest: int
    median: float
    mean: float
    p95: float
    p99: float
    longest: int


@dataclass(frozen=True, kw_only=True)
class TokenCounts:
    """What a tokenizer makes of some texts."""

    model: str
    """Its name, for people."""
    limit: int
    """Tokens that its model reads at most."""
    lengths: Sequence[int]
    """Tokens of each text, those that frame it included."""
    unknown_share: float
    """Of all tokens, those that stand for something the vocabulary lacks."""


CountTokens = Callable[[Sequence[str], Sequence[str] | None], TokenCounts]
"""Texts, and the second ones of pairs, to tokens: the pipeline makes one of a model's tokenizer."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What a check sees: the columns once made ready, one element a row, all in the order of the table."""

    kind: Kind
    row_id: list[str]
    text: list[str]
    """The text as read, or both texts of a pair joined by U+001F."""
    key: list[str]
    label: list[Label | None]
    split: list[Side | None] | None
    """Our names of the file's own splits; None when the file gives none."""
    group: list[str | None]
    characters: dict[str, list[int]]
    """Per text field."""
    tokens: list[int]
    """Tokens a row, estimated: one per CJK character, one per four others."""
    exact: list[list[int]]
    """Positions with one text, two or more each."""
    near: list[list[int]]
    """Positions in one cluster of near duplicates, two or more each; every exact group lies inside one."""
    others: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Columns of the file that nothing reads, as text."""
    count_tokens: CountTokens | None = None
    """Counts tokens exactly; None where no tokenizer is at hand."""

    def sample(self, most: int) -> list[int]:
        """All positions, or evenly spaced ones of those that have a text: the same in every audit of the table."""
        filled = [position for position, key in enumerate(self.key) if key]
        if len(filled) <= most:
            return filled
        return [filled[round(i * (len(filled) - 1) / (most - 1))] for i in range(most)]

    def ids(self, positions: Sequence[int]) -> list[str]:
        """Row ids at these positions, in the order of the table."""
        return [self.row_id[position] for position in sorted(positions)]


@dataclass(frozen=True, kw_only=True)
class Audit:
    """All findings, and the groups that cleaning and splitting need."""

    rows: int
    labelled: int
    findings: list[Finding]
    exact_groups: list[list[str]]
    """Row ids that share one text, two or more each."""
    near_groups: list[list[str]]
    """Row ids of each cluster of near duplicates, exact ones included; what `split` keeps on one side."""
    contradictions: list[list[str]]
    """Row ids of each text that stands with two labels or more."""
    by_split: dict[str, SplitCounts]
    """Per given split; empty when the file gives none."""
    overlaps: dict[tuple[str, str], Overlap]
    """Exact texts shared by two given splits; keys are ("train", "validation"), ("train", "test")..."""
    near_overlaps: dict[tuple[str, str], tuple[list[str], list[str]]]
    """Rows of two given splits that lie in one cluster of near duplicates but share no exact text."""
    lengths: dict[str, Lengths]
    class_counts: dict[str, int]
    """Labelled rows per class, commonest first; empty for regression."""
    languages: dict[str, int] = field(default_factory=dict)
    """Rows of the sample by language, commonest first; "uncertain" for those too short to tell."""
    tokens: TokenCounts | None = None
    """What the given tokenizer makes of a sample."""

    def finding(self, code: str) -> Finding | None:
        """The finding with this code, or None when the check was silent."""
        return next((finding for finding in self.findings if finding.code == code), None)

    def to_json(self) -> dict[str, Any]:
        """What `audit.json` holds: all counts, and at most `SHOWN_ROWS` row ids a finding."""
        return {
            "rows": self.rows,
            "labelled": self.labelled,
            "findings": [finding.to_json(most_rows=SHOWN_ROWS) for finding in self.findings],
            "class_counts": self.class_counts,
            "lengths": {name: vars(lengths) for name, lengths in self.lengths.items()},
            "languages": self.languages,
            "tokens": None if self.tokens is None else token_summary(self.tokens),
            "by_split": {name: vars(counts) for name, counts in self.by_split.items()},
            "overlaps": {
                f"{first}&{second}": {"texts": overlap.texts, "rows": list(overlap.rows)}
                for (first, second), overlap in self.overlaps.items()
            },
        }


MAX_LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096, 8192)
"""For each of these the audit says what share of the texts would be cut."""


def token_summary(tokens: TokenCounts) -> dict[str, Any]:
    """Lengths in tokens, and the share of texts that each `max_length` would cut."""
    lengths = sorted(tokens.lengths)
    size = len(lengths)
    cut = {length: sum(value > length for value in lengths) / max(1, size) for length in MAX_LENGTHS}
    last = next((i for i, share in enumerate(cut.values(), 1) if share == 0), len(MAX_LENGTHS))
    return {
        "model": tokens.model, "limit": tokens.limit, "rows": size, "unknown_share": tokens.unknown_share,
        "median": lengths[size // 2] if size else 0, "p95": lengths[int(0.95 * (size - 1))] if size else 0,
        "longest": lengths[-1] if size else 0,
        "share_cut": {str(length): share for length, share in list(cut.items())[:last]},
    }  # fmt: skip
