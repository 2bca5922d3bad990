"""Taggers on public sets: span F1 beside seqeval's number on the same predictions.

    python bench/tagging.py wnut17 --shared ../shared --folder DIR [--rows 3394] [--epochs 4]

minilm-l6 on wnut17 (names in tweets; its test set has other topics and rare names, so scores are low for everybody), with the
set's own split, `--rows` of its 3,394 training rows. The tags that seqeval is given are made of predictions' words and spans by
code of this file, and the gold ones are those of the set's own file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pyarrow.parquet as pq
from seqeval.metrics import f1_score, precision_score, recall_score

import tunewright as tw

Tags = list[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=["wnut17", "resume_ner"])
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rows", type=int, default=10**9)
    parser.add_argument("--epochs", type=float, default=4)
    options = parser.parse_args()
    source = options.shared / "data" / options.data
    data = write_rows(source, options.folder / options.data, rows=options.rows)
    model = options.model or options.shared / "models/minilm-l6"
    run = tag(data, model, options.folder / f"{options.data}-run", epochs=options.epochs)
    show(run, source / "test.jsonl")


def write_rows(source: Path, folder: Path, *, rows: int) -> Path:
    """The set's own files, with so many of the training rows, and of those that choose the epoch at most as many."""
    folder.mkdir(parents=True, exist_ok=True)
    for side in ("train", "dev", "test"):
        lines = (source / f"{side}.jsonl").read_text(encoding="utf-8").splitlines()
        kept = lines if side == "test" else lines[:rows]
        (folder / f"{side}.jsonl").write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    return folder


def tag(data: Path, model: Path, folder: Path, *, epochs: float) -> tw.Run:
    """One run with nothing set but its length."""
    overrides = [f"train.epochs={epochs}", "runtime.threads=1"]
    return tw.run(data, model=str(model), output=folder, overrides=overrides)


def show(run: tw.Run, test: Path) -> None:
    """Scores of each system with intervals; seqeval's on the predictions of all."""
    gold_of = {tuple(row["tokens"]): row["tags"] for row in map(json.loads, test.read_text("utf-8").splitlines())}
    print(f"trained {run.evidence['costs']['model']['training_seconds']:.0f} s")
    for system in sorted({score["system"] for score in run.scores if score["split"] == "test"}):
        ours = {s["metric"]: s for s in run.scores if (s["system"], s["split"], s["slice"]) == (system, "test", None)}
        gold, said, of_file = [], [], 0
        for row in pq.read_table(run.folder.predictions(system, "test")).to_pylist():
            words = [(place["start"], place["end"]) for place in row["tokens"]]
            gold.append(bio(words, row["gold"]))
            said.append(bio(words, row["prediction"]))
            own = gold_of.get(tuple(row["text"][start:end] for start, end in words), [])
            of_file += spans_of(own) == spans_of(gold[-1])
        print(f"{system}: {len(gold)} rows, of {of_file} the spans are those of the file")
        for name, theirs in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
            found = ours[f"span_{name}"]
            said_of = f"{theirs(gold, said, zero_division=0):.10f}"
            if found["low"] is None:
                print(f"   {name:9} {found['value']} ({found['reason']}); seqeval {said_of}")
            else:
                print(
                    f"   {name:9} {found['value']:.10f} ({found['low']:.3f} to {found['high']:.3f}); seqeval {said_of}"
                )


def bio(words: list[tuple[int, int]], spans: list[dict[str, object]]) -> Tags:
    """A tag for each word: B- for the first word of a span, I- for the others."""
    tags = ["O"] * len(words)
    for span in spans:
        inside = [n for n, (start, end) in enumerate(words) if start < span["end"] and end > span["start"]]
        for n in inside:
            tags[n] = f"{'B' if n == inside[0] else 'I'}-{span['label']}"
    return tags


def spans_of(tags: Tags) -> list[tuple[str, int, int]]:
    """(label, first word, word after the last) of BIO or BMES tags."""
    found: list[tuple[str, int, int]] = []
    for n, tag in enumerate(tags):
        kind, _, label = tag.partition("-")
        if kind in ("B", "S"):
            found.append((label, n, n + 1))
        elif kind != "O":
            found[-1] = (label, found[-1][1], n + 1)
    return found


if __name__ == "__main__":
    main()
