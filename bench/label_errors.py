"""Are planted label errors found? Precision among the first k suspects, with 5, 10 and 20 % of the labels changed.

    python bench/label_errors.py [--data ../shared/data] [--model FOLDER] [--seeds 3] [--only sst2]

`even` changes a label to any other, each as likely; `pairs` to the next class only, as where two labels are mistaken for
one another. k is the number of planted errors, so precision at k is recall at k as well; also half of it. Labels that
were wrong before count as false alarms here, so the figures err on the low side. The order of a random list, for
comparison, has the share of planted errors as its precision. The control at 0 % says how many labels are suspected
where nothing was planted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunewright.data.audit import AuditConfig, audit
from tunewright.data.audit.label_errors import confident_learning
from tunewright.data.split import folds
from tunewright.data.table import origins, row_ids
from tunewright.pipeline.suspects import FOLDS, SEED, out_of_fold, probabilities
from tunewright.probes import fit_frozen, fit_tfidf

import pyarrow as pa  # isort: skip

NOISE = (0.05, 0.1, 0.2)


@dataclass(frozen=True, kw_only=True)
class Set:
    """Texts with their labels, the parts they are held out in, and features where a model is given."""

    texts: list[str]
    given_N: Any
    fold_of_N: Any
    features_NH: Any | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--model", default="starter", help="for frozen features of the English set; `none` leaves them out"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--most-rows", type=int, default=100_000)
    parser.add_argument("--only", choices=("sst2", "thucnews_titles"))
    options = parser.parse_args()
    print("set              judge   noise   planted  suspected  found  precision@k/2  precision@k  seconds")
    for name in ("sst2", "thucnews_titles"):
        if options.only in (None, name):
            measure(name, options)


def measure(name: str, options: argparse.Namespace) -> None:
    """All cells of one set."""
    data = read(options.data / name / "train.jsonl", options, with_model=name == "sst2" and options.model != "none")
    # Of two classes there is one pair: both kinds of noise are the same.
    kinds = ("even",) if data.given_N.max() == 1 else ("even", "pairs")
    cells: list[tuple[str, float]] = [("none", 0.0)] + [(how, share) for how in kinds for share in NOISE]
    for how, share in cells:
        for judge in ("tfidf", "frozen", "both") if data.features_NH is not None else ("tfidf",):
            began = time.perf_counter()
            seeds = range(options.seeds if share else 1)
            figures = [one(data, judge, how=how, share=share, seed=seed) for seed in seeds]
            planted, suspected, found, half, full = np.mean(figures, axis=0)
            seconds = (time.perf_counter() - began) / len(figures)
            print(
                f"{name:<16} {judge:<6} {how:>5} {share:4.0%} {planted:9.0f} {suspected:9.0f} {found:7.1%} {half:12.3f} "
                f"{full:13.3f} {seconds:9.0f}",
                flush=True,
            )  # fmt: skip


def one(data: Set, judge: str, *, how: str, share: float, seed: int) -> tuple[float, float, float, float, float]:
    """Planted, suspected, share of planted among the suspected, precision at half of k and at k."""
    rng = np.random.default_rng(seed)
    classes = int(data.given_N.max()) + 1
    wrong = rng.choice(len(data.given_N), round(share * len(data.given_N)), replace=False)
    noisy_N = data.given_N.copy()
    shift = 1 if how == "pairs" else rng.integers(1, classes, len(wrong))
    noisy_N[wrong] = (noisy_N[wrong] + shift) % classes
    fits: dict[str, Callable[[Any, Any], Any]] = {
        "tfidf": lambda train, held: fit_tfidf(
            [data.texts[i] for i in train], noisy_N[train], kind="single_label", labels=[str(c) for c in range(classes)]
        ).logits([data.texts[i] for i in held]),
        "frozen": lambda train, held: fit_frozen(
            data.features_NH[train], noisy_N[train], kind="single_label", labels=[str(c) for c in range(classes)]
        ).logits(data.features_NH[held]),
    }
    names = list(fits) if judge == "both" else [judge]
    said = [
        probabilities(out_of_fold(data.fold_of_N, fits[name], num_outputs=classes), kind="single_label")
        for name in names
    ]
    errors = confident_learning(np.mean(said, axis=0), noisy_N)
    planted = np.isin(np.arange(len(noisy_N)), wrong)
    ranked = np.argsort(errors.quality_N + ~errors.suspected_N, kind="stable")
    k = len(wrong)
    suspected = int(errors.suspected_N.sum())
    if not k:
        return 0.0, suspected, np.nan, np.nan, np.nan
    return (
        k, suspected, float(planted[errors.suspected_N].sum() / k), float(planted[ranked[: k // 2]].mean()),
        float(planted[ranked[:k]].mean()),
    )  # fmt: skip


def read(path: Path, options: argparse.Namespace, *, with_model: bool) -> Set:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [rows[i] for i in np.linspace(0, len(rows) - 1, min(len(rows), options.most_rows)).astype(int)]
    texts, labels = [row["text"] for row in rows], [str(row["label"]) for row in rows]
    names = sorted(set(labels))
    fields = pa.table(
        {
            "row_id": row_ids([text, label] for text, label in zip(texts, labels, strict=True)),
            "origin": origins([path.name] * len(rows), list(range(1, len(rows) + 1))), "text": texts, "label": labels,
        }
    )  # fmt: skip
    config = AuditConfig(label_errors=False)
    near = audit(fields, kind="single_label", config=config).near_groups
    return Set(
        texts=texts, given_N=np.array([names.index(label) for label in labels]),
        fold_of_N=np.array(folds(fields, kind="single_label", k=FOLDS, seed=SEED, near_groups=near)),
        features_NH=features(texts, options.model) if with_model else None,
    )  # fmt: skip


def features(texts: list[str], model: str) -> Any:
    from tunewright.pipeline.model_reader import model_reader

    return model_reader(model).features(texts, None)


if __name__ == "__main__":
    main()
