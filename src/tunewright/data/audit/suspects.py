"""Rows whose label is suspected to be wrong, ranked, with what a model that had not seen them would have said.

Takes probabilities and gives records; `label_errors.py` has the method, the pipeline the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tunewright.data.audit.label_errors import LabelErrors, confident_learning, confident_learning_sets
from tunewright.data.audit.records import Finding
from tunewright.data.keys import Kind, exact_keys
from tunewright.data.labels import variants

Judge = Literal["tfidf", "frozen", "both"]
"""Who judged: word counting, a linear model over a pretrained model's features, or the mean of both."""

LEAST_ROWS = 5
"""A class with fewer rows is not judged: in some fold the model would never have seen it."""

LEAST_AGREEMENT = 0.7
"""Below this share of agreement with all labels, suspects are a note and no warning."""


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """One row whose label is suspected to be wrong."""

    row_id: str
    path: str
    line: int
    label: list[str]
    """As the file has it: one label, or several."""
    suggested: list[str]
    """What the model would have said; of several labels, the row's own with one added or taken away."""
    confidence: float
    """Probability of what is suggested."""
    quality: float
    """Probability of the row's own label: the ranking."""


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """All suspected labels of a table, the surest first, and how they were looked for."""

    found: list[Suspect]
    judge: Judge
    judged: int
    """Rows that were judged by a model that had not seen them."""
    eligible: int
    """Labelled rows with a text. What was neither judged nor left out as too rare was left out by sampling."""
    too_rare: int
    """Rows of classes with fewer than `LEAST_ROWS` rows."""
    agreement: float
    """Share of the judged rows whose label the judge gives, too: the lower, the more suspects are right after all."""

    @property
    def finding(self) -> Finding | None:
        """As one of the audit's findings; None where nothing is suspected."""
        if not self.found:
            return None
        count, share = len(self.found), len(self.found) / max(1, self.judged)
        sampled = self.judged + self.too_rare < self.eligible
        of = f"a sample of {self.judged:,} rows" if sampled else f"{self.judged:,} rows"
        judge = {
            "tfidf": "Word counting",
            "frozen": "The untrained model",
            "both": "Word counting with the untrained model",
        }
        # A judge that disagrees with most labels says more about itself than about them.
        loud = share > 0.01 and self.agreement >= LEAST_AGREEMENT
        return Finding(
            code="suspected_labels", severity="warning" if loud else "info", count=count,
            row_ids=[suspect.row_id for suspect in self.found],
            message=f"{count:,} labels of {of} ({share:.1%}) are suspected to be wrong. {judge[self.judge]} judged rows that "
            f"it had not seen, and agrees with {self.agreement:.0%} of all labels; the surest suspects stand first.",
            fix="Look through them from the top and correct those that are wrong: nothing is changed by itself.",
            command="tunewright data audit FILE --relabel RELABEL.xlsx",
            values={"judge": self.judge, "judged": self.judged, "share": f"{share:.1%}", "agreement": f"{self.agreement:.0%}"},
        )  # fmt: skip

    def to_json(self, *, most: int | None = None) -> dict[str, Any]:
        """As plain values, all of them or the first."""
        return vars(self) | {
            "found": [dict(vars(suspect)) for suspect in self.found[:most]],
            "num_found": len(self.found),
        }


@dataclass(frozen=True, kw_only=True)
class Judgeable:
    """The rows that can be judged, and their labels with spellings merged."""

    places: npt.NDArray[np.int64]
    """In the table."""
    answers: list[Any]
    """A label or a list of labels each."""
    eligible: int
    too_rare: int


def judgeable(fields: pa.Table, *, kind: Kind, most: int) -> Judgeable:
    """Labelled rows with a text, at most so many, evenly spaced; rows of a class that is too rare are left out."""
    answers: list[Any] = fields.column("label").to_pylist() if "label" in fields.column_names else [None] * len(fields)
    filled = [place for place, key in enumerate(exact_keys(fields)) if key and answers[place] is not None]
    eligible = len(filled)
    if eligible > most:
        filled = [filled[i] for i in np.linspace(0, len(filled) - 1, most).astype(int)]
    meant = {spelling.written: spelling.meant for spelling in variants(Counter(_all_labels(answers)))}
    merged = [_merged(answers[place], meant) for place in filled]
    counts = Counter(_all_labels(merged))
    common = [i for i, answer in enumerate(merged) if all(counts[label] >= LEAST_ROWS for label in _list(answer))]
    return Judgeable(
        places=np.array([filled[i] for i in common], np.int64), answers=[merged[i] for i in common], eligible=eligible,
        too_rare=len(filled) - len(common),
    )  # fmt: skip


def find_suspects(
    fields: pa.Table, rows: Judgeable, *, kind: Kind, labels: Sequence[str], probabilities_NC: npt.NDArray[np.float64],
    judge: Judge,
) -> Suspects:  # fmt: skip
    """The suspects among the judged rows; `probabilities_NC` are out of sample, in the order of `rows` and `labels`."""
    index = {label: c for c, label in enumerate(labels)}
    if kind == "multi_label":
        given_NC = np.zeros(probabilities_NC.shape, bool)
        for row, answer in enumerate(rows.answers):
            given_NC[row, [index[label] for label in answer]] = True
        errors = confident_learning_sets(probabilities_NC, given_NC)
        agreement = float(((probabilities_NC >= 0.5) == given_NC).all(axis=1).mean())
    else:
        given_N = np.array([index[answer] for answer in rows.answers], np.int64)
        errors = confident_learning(probabilities_NC, given_N)
        agreement = float((probabilities_NC.argmax(axis=1) == given_N).mean())
    ids, origins = fields.column("row_id").to_pylist(), fields.column("origin")
    found = []
    for row in errors.ranked.tolist():
        place = int(rows.places[row])
        origin = origins[place].as_py()
        found.append(
            Suspect(
                row_id=ids[place], path=origin["path"], line=origin["line"],
                label=_list(fields.column("label")[place].as_py()),
                suggested=_suggestion(errors, row, rows.answers[row], labels),
                confidence=float(errors.confidence_N[row]), quality=float(errors.quality_N[row]),
            )
        )  # fmt: skip
    return Suspects(
        found=found,
        judge=judge,
        judged=len(rows.answers),
        eligible=rows.eligible,
        too_rare=rows.too_rare,
        agreement=agreement,
    )


def _suggestion(errors: LabelErrors, row: int, answer: Any, labels: Sequence[str]) -> list[str]:
    name = labels[int(errors.suggested_N[row])]
    if isinstance(answer, str):
        return [name]
    return [label for label in answer if label != name] if name in answer else [*answer, name]


def _merged(answer: Any, meant: dict[str, str]) -> Any:
    if isinstance(answer, str):
        return meant.get(answer, answer)
    return list(dict.fromkeys(meant.get(label, label) for label in answer))


def _all_labels(answers: Sequence[Any]) -> list[str]:
    return [label for answer in answers if answer is not None for label in _list(answer)]


def _list(answer: Any) -> list[str]:
    return [answer] if isinstance(answer, str) else list(answer)
