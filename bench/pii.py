"""Precision and recall of the search for personal data, per class, and its speed.

    python bench/pii.py                                    2,000 positives and 10,000 decoys a class
    python bench/pii.py --presidio FOLDER                  also on presidio_pii (JSON lines with spans)
    python bench/pii.py --show bank_card                   what was missed and what was found wrongly

A text counts as found where a span of its class covers exactly the planted value. *Wrong* is every other span of the class in
any text: decoys of all classes, and the texts planted for other classes. Precision = found / (found + wrong).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.reference.pii_decoys import decoys
from tests.reference.pii_generators import POSITIVES, positives
from tunewright.data.pii import DETECTORS, find_pii

PRESIDIO = {
    "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "CREDIT_CARD": "bank_card", "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address", "US_SSN": "us_ssn",
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--positives", type=int, default=2000)
    parser.add_argument("--decoys", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--presidio", type=Path)
    parser.add_argument("--show", metavar="CLASS")
    parser.add_argument("--speed", action="store_true", help="only the speed")
    options = parser.parse_args()
    if not options.speed:
        generated(options)
    if options.presidio:
        presidio(options.presidio, options.show)
    speed(options.seed)


def generated(options: argparse.Namespace) -> None:
    found, wrong, total = Counter[str](), Counter[str](), Counter[str]()
    by_kind: dict[str, Counter[str]] = {}
    for name in POSITIVES:
        for planted in positives(name, options.positives, seed=options.seed):
            spans = find_pii(planted.text)
            hit = any((s.class_name, s.start, s.end) == (name, planted.start, planted.end) for s in spans)
            total[name] += 1
            found[name] += hit
            kinds = by_kind.setdefault(f"{name} {planted.kind}", Counter())
            kinds["all"] += 1
            kinds["found"] += hit
            for span in spans:
                if (span.class_name, span.start, span.end) != (name, planted.start, planted.end):
                    wrong[span.class_name] += 1
                    if options.show == span.class_name:
                        print("WRONG ", name, span, repr(planted.text))
            if not hit and options.show == name:
                print(
                    "MISSED",
                    planted.kind,
                    repr(planted.text),
                    [(s.class_name, planted.text[s.start : s.end]) for s in spans],
                )
        for text in decoys(name, options.decoys, seed=options.seed):
            for span in find_pii(text):
                wrong[span.class_name] += 1
                if options.show == span.class_name:
                    print("DECOY ", name, span, repr(text))
    print(f"{'class':<16} {'positives':>9} {'decoys':>7} {'precision':>9} {'recall':>7} {'wrong':>6}")
    for name in POSITIVES:
        precision = found[name] / max(1, found[name] + wrong[name])
        print(
            f"{name:<16} {total[name]:>9} {options.decoys:>7} {precision:>9.4f} {found[name] / total[name]:>7.4f} {wrong[name]:>6}"
        )
    weak = {kind: c for kind, c in by_kind.items() if c["found"] < 0.99 * c["all"]}
    print("kinds under .99 recall:", {kind: f"{c['found']}/{c['all']}" for kind, c in weak.items()} or "none")


def presidio(folder: Path, show: str | None) -> None:
    """As found: any overlap with a span of the class counts, because its spans have their own borders."""
    for path in sorted(folder.glob("*.jsonl")):
        hit, missed, wrong = Counter[str](), Counter[str](), Counter[str]()
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            spans = find_pii(row["text"])
            gold = [(start, end, PRESIDIO[label]) for start, end, label in row["spans"] if label in PRESIDIO]
            for start, end, name in gold:
                ok = any(s.class_name == name and s.start < end and start < s.end for s in spans)
                (hit if ok else missed)[name] += 1
                if not ok and show == name:
                    print("MISSED", repr(row["text"][max(0, start - 30) : end + 10]))
            for span in spans:
                if not any(n == span.class_name and span.start < end and start < span.end for start, end, n in gold):
                    wrong[span.class_name] += 1
                    if show == span.class_name:
                        print("WRONG ", span, repr(row["text"][max(0, span.start - 30) : span.end + 10]))
        print(f"\n{path.name}: class, spans, precision, recall")
        for name in sorted({*hit, *missed, *wrong}):
            recall = hit[name] / (hit[name] + missed[name]) if hit[name] + missed[name] else float("nan")
            precision = hit[name] / (hit[name] + wrong[name]) if hit[name] + wrong[name] else float("nan")
            print(f"  {name:<16} {hit[name] + missed[name]:>5} {precision:>7.3f} {recall:>7.3f}")


def speed(seed: int) -> None:
    plain = ["The parcel came late and the box was open, but support answered in 2 hours.",
             "客服态度很好，发货也快，就是包装有点简陋，希望改进。",
             "Great phone, 5 stars! Bought 2 for 399.99 each", "第3次购买了，一如既往的好用"] * 25_000  # fmt: skip
    dense = [planted.text for name in POSITIVES for planted in positives(name, 2000, seed=seed)]
    for name, texts in (
        ("no personal data", plain),
        ("every text has some", dense),
        ("one text in five", [*plain, *dense]),
    ):
        began = time.process_time()
        for text in texts:
            find_pii(text)
        seconds = time.process_time() - began
        print(f"{name:<22} {len(texts):>7} texts {len(texts) / seconds:>10,.0f} texts per second of CPU")
    assert set(POSITIVES) == set(DETECTORS)


if __name__ == "__main__":
    main()
