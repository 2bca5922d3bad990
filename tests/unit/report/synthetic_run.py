"""A run folder as a real run leaves it, made up in a moment: support messages, English or Chinese, any kind of task."""

# ruff: noqa: E501 (records as files hold them, one a line)

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.folder import RunFolder, write_json, write_text


@dataclass(frozen=True, kw_only=True)
class Material:
    """The words of one language."""

    labels: tuple[str, ...]
    texts: tuple[str, ...]
    file: str
    unit: str
    language: str


ENGLISH = Material(
    labels=("delivery", "refund", "technical problem", "account", "praise", "other"),
    texts=(
        "The parcel says delivered but nothing is here, third time this month.",
        "Please cancel, I was charged twice for the same order and want it back",
        "App freezes on the payment screen since the update. Reinstalled, same thing.",
        "I can't log in, the code never arrives :(",
        "Just wanted to say that Maria on the phone was wonderful!",
        "Do you have a shop in Leeds?",
    ),
    file="tickets.csv",
    unit="messages",
    language="en",
)
CHINESE = Material(
    labels=("物流配送", "退款售后", "技术故障", "账号问题", "表扬", "其他"),
    texts=(
        "显示已经签收，可是我根本没有收到包裹，这个月第三次了。",
        "同一个订单扣了两次款，请尽快退给我",
        "更新之后付款页面一直卡住，重装也没有用。",
        "登录不了，验证码一直收不到",
        "客服小王很耐心，特意来表扬一下！",
        "请问你们在苏州有门店吗？",
    ),
    file="客服留言.csv",
    unit="messages",
    language="zh",
)


def build_run(path: Path, *, material: Material = ENGLISH, kind: str = "single_label", rows: int = 620) -> RunFolder:
    """Write the folder; the same arguments give the same folder."""
    folder = RunFolder(path)
    rng = np.random.default_rng(7)
    labels = list(material.labels)
    if kind == "regression":
        _regression(folder, rng, rows=rows)
    else:
        _classes(folder, rng, labels=labels, kind=kind, rows=rows)
    scores = _scores(kind, labels, rows)
    write_json(folder.scores, scores)
    write_json(folder.evidence, _evidence(kind, material, rows))
    write_json(folder.plan, _plan(material, kind))
    write_json(folder.audit, _audit(labels))
    write_json(folder.account, _account())
    write_json(folder.environment, {"python": "3.12.4", "tunewright": "0.1.0", "torch": "2.13.0+cpu",
                                    "machine": {"cpu": "AMD EPYC 9B45", "cores": 2, "memory_gigabytes": 7.6}})  # fmt: skip
    write_json(folder.forecast, {"seconds": 210.0, "seconds_low": 180.0, "seconds_high": 265.0,
                                 "peak_memory_gigabytes": 1.9, "num_steps": 300, "examples_per_second": 46.0})  # fmt: skip
    write_json(folder.finished, {"weights_digest": "5f0c7f1f9d0a4a1c8d2b6e7c3a9b1d22", "seconds": 301.2})
    write_text(folder.recipe, _recipe(material))
    _events(folder, rng, source=f"/home/someone/data/{material.file}")
    return folder


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a proportion."""
    z = 1.959964
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


def _score(metric: str, value: float, *, n: int, system: str, slice_: str | None = None, half: float | None = None,
           split: str = "test") -> dict[str, Any]:  # fmt: skip
    low, high = wilson(value, n) if half is None else (value - half, value + half)
    return {"metric": metric, "value": value, "low": low, "high": high, "level": 0.95,
            "interval_method": "wilson" if half is None else "bca", "n": n, "split": split, "slice": slice_,
            "system": system, "signature": metric, "reason": None}  # fmt: skip


_SYSTEMS = {"model": 0.874, "tfidf": 0.853, "frozen": 0.801, "current": 0.742, "majority": 0.312}


def _scores(kind: str, labels: list[str], n: int) -> list[dict[str, Any]]:
    scores = []
    if kind == "regression":
        for system, error in {"model": 0.42, "tfidf": 0.57, "majority": 0.98}.items():
            scores.append(_score("mae", error, n=n, system=system, half=0.03))
            scores.append(_score("rmse", error * 1.3, n=n, system=system, half=0.05))
            if system != "majority":
                scores.append(_score("pearson", 1 - error / 2, n=n, system=system, half=0.03))
        return scores
    first = "accuracy" if kind == "single_label" else "subset_accuracy"
    for system, accuracy in _SYSTEMS.items():
        scores.append(_score(first, accuracy, n=n, system=system))
        scores.append(_score("macro_f1", accuracy - 0.031, n=n, system=system, half=0.03))
        if system not in ("current", "majority"):
            scores.append(_score("brier", 0.31 - accuracy / 5, n=n, system=system, half=0.013))
    f1s = (0.941, 0.902, 0.866, 0.823, 0.905, 0.613)
    sizes = (194, 143, 108, 84, 52, 39)
    for i, label in enumerate(labels):
        f1, size = f1s[i % 6] - 0.02 * (i // 6 % 3), sizes[i % 6]
        for metric, value in (("precision", f1 - 0.02), ("recall", f1 + 0.015), ("f1", f1)):
            scores.append(_score(metric, value, n=size, system="model", slice_=f"label={label}"))
    scores.append(_score("accuracy", 0.866, n=n * 5, system="model_cv", split="cv"))
    scores.append(_score("accuracy", 0.851, n=n * 5, system="tfidf_cv", split="cv"))
    return scores


def _comparison(a: str, b: str, metric: str, difference: float, half: float, p: float, n: int) -> dict[str, Any]:
    verdict = "no_difference_shown" if p >= 0.05 else "a_better" if difference > 0 else "b_better"
    return {"metric": metric, "system_a": a, "system_b": b, "difference": difference, "low": difference - half,
            "high": difference + half, "p_value": p, "method": "mcnemar_mid_p", "n": n, "n_changed": int(n * 0.12),
            "verdict": verdict}  # fmt: skip


def _reliability(rng: np.random.Generator, n: int, bend: float) -> list[dict[str, Any]]:
    bins = []
    for i in range(10):
        count = int(n * (0.02 + 0.5 * (i / 9) ** 5) / 1.6) + 4
        confidence = (i + 0.5) / 10
        accuracy = float(np.clip(confidence - bend * math.sin(math.pi * confidence) + rng.normal(0, 0.015), 0.02, 0.99))
        low, high = wilson(accuracy, count)
        bins.append({"low": i / 10, "high": (i + 1) / 10, "confidence": confidence, "accuracy": accuracy, "n": count,
                     "band_low": low, "band_high": high})  # fmt: skip
    return bins


def _evidence(kind: str, material: Material, n: int) -> dict[str, Any]:
    labels = list(material.labels)
    if kind == "regression":
        return {"kind": kind, "labels": [], "text_unit": material.unit, "primary_metric": "mae", "calibration": None,
                "comparisons": [_comparison("model", "tfidf", "mae", -0.15, 0.04, 0.0004, n) | {"verdict": "a_better"}],
                "automation": [], "confusion": None, "weakest": None, "errors": _errors(material, numbers=True),
                "recommended": "model", "cheapest": "tfidf", "costs": {}, "next_step": {"code": "review_errors"},
                "cross_validation": None, "test_ledger": {"times_scored": 1}}  # fmt: skip
    rng = np.random.default_rng(3)
    metric = "accuracy" if kind == "single_label" else "subset_accuracy"
    size = len(labels)
    matrix = rng.poisson(2.2, (size, size)) + np.diag([max(12, 170 - 26 * (i % 6)) for i in range(size)])
    return {
        "kind": kind, "labels": labels, "text_unit": material.unit, "primary_metric": metric,
        "comparisons": [
            _comparison("model", "tfidf", metric, 0.021, 0.026, 0.11, n),
            _comparison("frozen", "model", metric, -0.073, 0.024, 0.00002, n),
            _comparison("model", "current", metric, 0.132, 0.031, 1e-9, n),
            _comparison("model", "majority", metric, 0.562, 0.042, 1e-40, n),
        ],
        "calibration": {
            "temperature": 1.62, "before": {"brier": 0.211, "ece": 0.081}, "after": {"brier": 0.188, "ece": 0.019},
            "reliability_before": _reliability(rng, n, 0.13), "reliability_after": _reliability(rng, n, 0.012),
        },
        "automation": [
            {"wanted": 0.9, "threshold": 0.62, "share": 0.88, "precision": 0.913, "low": 0.887, "high": 0.934, "n": 546},
            {"wanted": 0.95, "threshold": 0.84, "share": 0.67, "precision": 0.957, "low": 0.932, "high": 0.973, "n": 415},
            {"wanted": 0.97, "threshold": 0.93, "share": 0.41, "precision": 0.976, "low": 0.95, "high": 0.989, "n": 254},
            {"wanted": 0.99, "threshold": None, "share": 0.0, "precision": None, "low": None, "high": None, "n": 0},
        ],
        "confusion": {"labels": labels, "matrix": matrix.tolist()} if kind == "single_label" else None,
        "weakest": {"label": labels[5 % size], "metric": "f1", "value": 0.613, "low": 0.461, "high": 0.752, "n": 39},
        "errors": _errors(material), "recommended": "tfidf", "cheapest": "tfidf",
        "recommendation": {"system": "tfidf", "reason": "cheapest", "equal": None},
        "costs": {"model": {"milliseconds_per_row": 6.1, "megabytes": 91.0},
                  "tfidf": {"milliseconds_per_row": 0.21, "megabytes": 3.4},
                  "frozen": {"milliseconds_per_row": 6.0, "megabytes": 91.2}},
        "next_step": {"code": "label_more_of_class", "label": labels[5 % size], "count": 39},
        "cross_validation": {"folds": 5, "metric": "accuracy", "scores": {}},
        "test_ledger": {"times_scored": 3},
    }  # fmt: skip


def _errors(material: Material, *, numbers: bool = False) -> list[dict[str, Any]]:
    errors = []
    for i in range(14):
        gold, answer = material.labels[i % len(material.labels)], material.labels[(i + 2) % len(material.labels)]
        text = material.texts[(i + 2) % len(material.texts)] * (30 if i == 3 else 1)
        place = {"row_id": f"{i:032x}", "origin": {"path": f"/home/someone/data/{material.file}", "line": 41 + 97 * i}}
        errors.append({
            **place, "text": text, "gold": 3.5 if numbers else gold, "prediction": 1.25 if numbers else answer,
            "confidence": None if numbers else 0.997 - 0.006 * i, "doubted_by": 0 if numbers else i % 3,
            "nearest": [place | {"text": text, "label": 3.25 if numbers else answer, "likeness": 0.91}] * 3,
            "mattered": [{"part": 0, "start": 0, "end": 4, "confidence": None if numbers else 0.43,
                          "answer": 2.5 if numbers else answer}],
        })  # fmt: skip
    return errors


def _plan(material: Material, kind: str) -> dict[str, Any]:
    return {
        "source": {"kind": "csv", "encoding": "gb18030", "delimiter": ";",
                   "newline": "\r\n", "header": ["id", "body", "queue"], "reasons": [], "bom": False},
        "columns": {"text": "body", "text_pair": None, "label": "queue", "group": "customer", "weight": None,
                    "split": None, "baseline": None, "kind": kind, "label_separator": None,
                    "language": material.language,
                    "reasons": {"text": "longest texts, mean 83 characters", "label": "6 values in 3,112 rows",
                                "group": "named so; 1,904 values"}},
        "model": {"name": "all-MiniLM-L6-v2", "license": "apache-2.0", "parameters": 22713216, "language": "en",
                  "weights_digest": "a1b2c3d4", "reason": "the starter: at hand, English, small enough for this machine"},
        "task": kind, "language": material.language,
        "decisions": [
            {"what": "file", "value": "csv, gb18030", "why": "not UTF-8; decodes without a single bad byte", "overrule": "--set data.read.encoding=NAME"},
            {"what": "task", "value": kind, "why": "6 values in 3,112 rows", "overrule": "--task classify|multi_label|regression"},
            {"what": "split", "value": {"train": 2180, "validation": 312, "test": 620}, "why": "by seed, with duplicates and groups kept together", "overrule": "--set split.test=0.2"},
            {"what": "model", "value": "all-MiniLM-L6-v2", "why": "fits en and is on this machine; licence apache-2.0", "overrule": "--model FOLDER_OR_HUB_ID"},
            {"what": "epochs", "value": 4, "why": "2180 training rows, 6 labels; stops early if it can", "overrule": "--set train.epochs=N"},
        ],
    }  # fmt: skip


def _audit(labels: list[str]) -> dict[str, Any]:
    def finding(code: str, severity: str, count: int, message: str, fix: str, **values: Any) -> dict[str, Any]:
        return {
            "code": code,
            "severity": severity,
            "count": count,
            "message": message,
            "fix": fix,
            "values": values,
            "row_ids": ["0" * 32],
        }

    return {
        "rows": 3190, "labelled": 3112,
        "findings": [
            finding("exact_duplicates", "warning", 41, "41 rows repeat the text of an earlier row (33 texts stand twice or more).", "Repeats with the same label are dropped, one row is kept (`clean.exact_duplicates: drop`).", texts=33),
            finding("contradictions", "error", 6, "6 texts stand with different labels (13 rows).", "The label that most rows of the text have is kept.", rows=13),
            finding("unlabelled", "info", 78, "78 rows have no label.", "They take no part in training and testing; the finished model predicts them."),
            finding("leak_train_test", "error", 12, "12 texts stand in both train and test (12 rows of test, 14 of train).", "The rows in train are dropped.", first="train", second="test", rows=[12, 14]),
        ],
        "class_counts": {label: max(3, 970 - 150 * i) for i, label in enumerate(labels)},
        "lengths": {"text": {"shortest": 3, "median": 74.0, "mean": 88.1, "p95": 212.0, "p99": 344.0, "longest": 1204}},
    }  # fmt: skip


def _account() -> list[dict[str, Any]]:
    return [
        {"stage": "read", "read": 3196, "kept": 3190, "quarantined": 6, "dropped": 0, "changed": 0,
         "reasons": {"too_many_cells": 4, "undecodable_bytes": 2}},
        {"stage": "clean.empty_text", "read": 3190, "kept": 3185, "quarantined": 0, "dropped": 5, "changed": 0, "reasons": {"empty_text": 5}},
        {"stage": "clean.label_variants", "read": 3185, "kept": 3185, "quarantined": 0, "dropped": 0, "changed": 22, "reasons": {"label_variant": 22}},
        {"stage": "clean.exact_duplicates", "read": 3185, "kept": 3131, "quarantined": 0, "dropped": 54, "changed": 0, "reasons": {"exact_duplicate": 54}},
        {"stage": "split", "read": 3131, "kept": 3117, "quarantined": 0, "dropped": 14, "changed": 0,
         "reasons": {"exact_leak": 14}},
    ]  # fmt: skip


def _recipe(material: Material) -> str:
    return (
        f"recipe_version: 1\ntask: classify\ndata:\n  path: {material.file}\n  columns: {{text: body, label: queue}}\n"
        "split: {validation: 0.1, test: 0.2, group_by: customer, seed: 17}\nmodel: {path: starter}\n"
        "optimizer: {name: adamw, learning_rate: 1.0e-4, weight_decay: 0.01}\n"
        "train: {epochs: 4, examples_per_step: 32, seed: 17}\n"
    )


def _events(folder: RunFolder, rng: np.random.Generator, *, source: str, steps: int = 300) -> None:
    events: list[dict[str, Any]] = [{"kind": "run_started", "version": "0.1.0", "source": source}]
    for step in range(1, steps + 1):
        loss = 0.22 + 1.55 * math.exp(-step / 60) + float(rng.normal(0, 0.07))
        events.append({"kind": "step", "step": step, "epoch": step / 75, "loss": max(0.02, loss),
                       "learning_rate": 1e-4 * min(1.0, step / 30) * (1 - step / (steps + 1)),
                       "gradient_norm": 1.1 + float(abs(rng.normal(0, 0.5))), "examples": 32, "tokens": 1400,
                       "seconds": 0.71})  # fmt: skip
        if step % 25 == 0:
            value = 0.87 - 0.5 * math.exp(-step / 55) - max(0, step - 225) * 0.0002
            events.append({"kind": "evaluated", "step": step, "epoch": step / 75, "metric": "accuracy", "value": value,
                           "loss": 0.36 + 1.3 * math.exp(-step / 50) + max(0, step - 200) * 0.0006,
                           "best": step <= 225})  # fmt: skip
    events += [{"kind": "stopped_early", "step": steps}, {"kind": "run_finished"}]
    lines = [{"v": 1, "attempt": 1, "seq": i, "time": 1795465200.0 + i} | event for i, event in enumerate(events)]
    write_text(folder.events, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def _classes(folder: RunFolder, rng: np.random.Generator, *, labels: list[str], kind: str, rows: int) -> None:
    size = len(labels)
    gold = rng.integers(0, size, rows)
    logits = rng.normal(0, 1.1, (rows, size))
    logits[np.arange(rows), gold] += 3.1
    if kind == "multi_label":
        scores = 1 / (1 + np.exp(-logits))
        gold_lists = [[labels[g]] for g in gold]
        predictions: Any = [[labels[j] for j in np.flatnonzero(row >= 0.5)] for row in scores]
    else:
        scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        gold_lists = [labels[g] for g in gold]
        predictions = [labels[j] for j in scores.argmax(axis=1)]
    _write(folder, gold_lists, predictions, logits, scores)


def _regression(folder: RunFolder, rng: np.random.Generator, *, rows: int) -> None:
    gold = rng.uniform(1, 5, rows)
    predicted = gold + rng.normal(0, 0.5, rows)
    _write(folder, gold.tolist(), predicted.tolist(), predicted[:, None], None)


def _write(folder: RunFolder, gold: Any, predictions: Any, logits: Any, scores: Any) -> None:
    path = folder.predictions("model", "test")
    path.parent.mkdir(parents=True, exist_ok=True)
    n = len(gold)
    flat = pa.array(logits.ravel())
    width = logits.shape[1]
    offsets = pa.array(np.arange(0, n * width + 1, width, dtype=np.int32))
    score_column = None if scores is None else pa.ListArray.from_arrays(offsets, pa.array(scores.ravel()))
    pq.write_table(
        pa.table({
            "row_id": [f"{i:032x}" for i in range(n)], "gold": gold, "prediction": predictions,
            "logits": pa.ListArray.from_arrays(offsets, flat),
            "scores": pa.nulls(n, pa.list_(pa.float64())) if score_column is None else score_column,
            "nll": np.zeros(n), "weight": np.ones(n),
        }), path,
    )  # fmt: skip
