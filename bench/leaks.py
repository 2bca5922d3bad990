"""Are leaks between train and test found: planted exact and near copies in public sets, and all pairs by another way?

    python bench/leaks.py --shared ../shared [--sets sst2,banking77,thucnews_titles] [--planted 500]

Copies of training texts are planted in the test split: `exact` ones change only case, width and space; `near` ones get a
word more, a sign less, two letters swapped or a cut end, and count as near where the Jaccard overlap of their character
5-grams is .8 or more by this file's own arithmetic. That arithmetic (scipy, all pairs of the two splits) also says of every
training and test row that is reported whether it has a near text on the other side. So recall is over what was planted,
precision over all that is reported, the sets' own leaks included; the texts reported in banking77 without planting are
printed, for people to judge whether they are paraphrases or copies.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from tunewright.data.audit import AuditConfig
from tunewright.pipeline.data.audit import audit_files

THRESHOLD = 0.8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--sets", default="sst2,banking77,thucnews_titles")
    parser.add_argument("--planted", type=int, default=500, help="copies of each kind")
    options = parser.parse_args()
    for name in options.sets.split(","):
        splits = {split: read_texts(options.shared / "data" / name / f"{split}.jsonl") for split in ("train", "test")}
        print(json.dumps({"set": name, **measure(splits, options.planted)}, ensure_ascii=False), flush=True)


def read_texts(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def measure(splits: dict[str, list[dict[str, Any]]], count: int) -> dict[str, Any]:
    chance = random.Random(7)
    picked = chance.sample(splits["train"], 2 * count)
    train = [row["text"] for row in splits["train"]]
    own_test = [row["text"] for row in splits["test"]]
    exact = [exact_copy(row["text"], chance) for row in picked[:count]]
    changed = [near_copy(row["text"], chance) for row in picked[count:]]
    rows = [(text, "train") for text in train] + [(text, "test") for text in [*own_test, *exact, *changed]]
    found_exact, found_near = reported(rows)
    overlap = overlaps(train, [text for text, split in rows if split == "test"])
    near_TE = overlap >= THRESHOLD
    best_N = np.concatenate([overlap.max(axis=1).toarray().ravel(), overlap.max(axis=0).toarray().ravel()])
    first = len(train) + len(own_test)
    copies = {"exact": set(range(first, first + count)), "near": set(range(first + count, first + 2 * count))}
    copies["near"] = {place for place in copies["near"] if best_N[place] >= THRESHOLD}
    found = found_exact | found_near
    truly = {place for place in range(len(rows)) if best_N[place] >= THRESHOLD}
    return {
        "rows": len(rows),
        "exact": f"{len(copies['exact'] & found_exact)} of {len(copies['exact'])}",
        "near": f"{len(copies['near'] & found)} of {len(copies['near'])}",
        "all rows with a near text on the other side": f"{len(truly & found)} of {len(truly)}",
        "reported": len(found), "of them with one": len(found & truly), "pairs": int(near_TE.sum()),
        "reported without planting": own_leaks(rows[:first], overlap, found),
    }  # fmt: skip


def own_leaks(rows: list[tuple[str, str]], overlap: sparse.csr_array, found: set[int]) -> list[list[str]]:
    """Some pairs of the set's own that were reported and are not equal: the test text and the training text nearest to it."""
    train = sum(split == "train" for _, split in rows)
    pairs = []
    for place in sorted(found):
        if train <= place < len(rows):
            nearest = int(overlap[:, [place - train]].toarray().argmax())
            if squeezed(rows[nearest][0]) != squeezed(rows[place][0]):
                pairs.append([rows[place][0], rows[nearest][0]])
    return [[str(len(pairs))], *pairs[:8]]


def reported(rows: list[tuple[str, str]]) -> tuple[set[int], set[int]]:
    """Places of the rows that the audit reports as exact and as near leaks between train and test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        lines = [
            json.dumps({"n": n, "text": text, "label": "a", "split": split}) for n, (text, split) in enumerate(rows)
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        done = audit_files([path], text="text", label="label", config=AuditConfig(label_errors=False))
    place_of = {row_id: place for place, row_id in enumerate(done.fields.column("row_id").to_pylist())}
    sides = [
        {place_of[row_id] for finding in done.findings if finding.code == code for row_id in finding.row_ids}
        for code in ("leak_train_test", "near_leak_train_test")
    ]
    return sides[0], sides[1]


# ------------------------------------------------------------------------------------------- another way to all pairs


def squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def grams(text: str) -> set[str]:
    folded = squeezed(text)
    return {folded[at : at + 5] for at in range(max(1, len(folded) - 4))}


def overlaps(first: list[str], second: list[str]) -> sparse.csr_array:
    """Jaccard overlap of every text of one list with every one of the other, where there is any."""
    number: dict[str, int] = {}
    matrices = [incidence(texts, number) for texts in (first, second)]
    width = len(number)
    a, b = (sparse.csr_array((m.data, m.indices, m.indptr), shape=(m.shape[0], width)) for m in matrices)
    sizes = [np.asarray(m.sum(axis=1)).ravel() for m in (a, b)]
    parts = []
    for low in range(0, a.shape[0], 2000):
        both = (a[low : low + 2000] @ b.T).tocoo()
        share = both.data / (sizes[0][low + both.row] + sizes[1][both.col] - both.data)
        kept = share >= 0.5
        parts.append(sparse.csr_array((share[kept], (both.row[kept], both.col[kept])), shape=both.shape))
    return sparse.vstack(parts).tocsr()


def incidence(texts: list[str], number: dict[str, int]) -> sparse.csr_array:
    columns = [[number.setdefault(gram, len(number)) for gram in grams(text)] for text in texts]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.concatenate([np.array(one, np.int64) for one in columns])
    return sparse.csr_array((np.ones(len(flat), np.float32), flat, ends), shape=(len(texts), len(number)))


# --------------------------------------------------------------------------------------------------------- copies


def exact_copy(text: str, chance: random.Random) -> str:
    """The same text to whom case, width and space mean nothing."""
    ways: list[Callable[[str], str]] = [
        str.upper, lambda t: f"  {t} ", lambda t: t.replace(" ", "  "), lambda t: t.replace(",", "\uff0c").replace("!", "\uff01"),
        lambda t: "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in t),
    ]  # fmt: skip
    return chance.choice(ways)(text)


def near_copy(text: str, chance: random.Random) -> str:
    """A text after one or two small changes."""
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.randrange(len(text))
        way = chance.randrange(5)
        if way == 0:
            text = text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
        elif way == 1:
            text = text[:at] + text[at + 1 :] or text
        elif way == 2:
            text += chance.choice([" really", "!", " .", "吧", "。"])
        elif way == 3:
            text = chance.choice(["so ", "well , ", "据悉 "]) + text
        else:
            text = text[: max(5, len(text) - 3)]
    return text


if __name__ == "__main__":
    main()
