"""What rows are sliced by when no column says it: length, language, script, source, words that training did not have, cluster.

Each is a function of the texts and never of the answers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from tunewright.core.scripts import chinese_variant, script_of
from tunewright.core.text import fold, is_cjk
from tunewright.data.language import language_of_text
from tunewright.evaluate.slices import Attribute

LENGTH_BINS = 5
MOST_TEXTS = 20_000
"""Of more texts the languages are not looked for: about a millisecond each."""
TYPICAL = 3
"""Words that name a cluster."""
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def length(texts: Sequence[str]) -> Attribute:
    """Characters, in five bins of about as many rows each: `≤ 27`, `28–61`..."""
    lengths_N = np.array([len(text) for text in texts])
    edges: list[int] = []
    if len(texts):
        edges = np.unique(np.quantile(lengths_N, np.linspace(0, 1, LENGTH_BINS + 1)[1:-1]).astype(int)).tolist()
    place_N = np.searchsorted(edges, lengths_N, side="left")
    names = [f"≤ {edge}" if i == 0 else f"{edges[i - 1] + 1}–{edge}" for i, edge in enumerate(edges)]
    names.append(f"> {edges[-1]}" if edges else "")
    return Attribute(name="length", values=[names[place] or None for place in place_N])


def language(texts: Sequence[str]) -> Attribute | None:
    """The language of each text; None of a text that is too short to tell, no attribute of very many texts."""
    if len(texts) > MOST_TEXTS:
        return None
    return Attribute(name="language", values=[language_of_text(text) for text in texts])


def script(texts: Sequence[str]) -> Attribute:
    """The script of most letters; of Chinese also simplified or traditional, and mixed where two scripts share the text."""
    return Attribute(name="script", values=[_script(text) for text in texts])


def source(paths: Sequence[str | None]) -> Attribute:
    """The file that each row came from."""
    return Attribute(
        name="source", values=[PurePosixPath(path.replace("\\", "/")).name if path else None for path in paths]
    )


def unseen_words(texts: Sequence[str], train: Iterable[str]) -> Attribute:
    """How many words of each text no training text has: `none`, `some` (up to a fifth), `many`."""
    known: set[str] = set()
    for text in train:
        known.update(words_of(text))
    values: list[str | None] = []
    for text in texts:
        words = words_of(text)
        share = sum(word not in known for word in words) / len(words) if words else 0.0
        values.append(None if not words else "none" if not share else "some" if share <= 0.2 else "many")
    return Attribute(name="unseen", values=values)


def clusters(texts: Sequence[str], cluster_N: npt.NDArray[np.int64], *, named: bool = True) -> Attribute:
    """Texts that a model finds alike, named by the words that are most typical of them; without words if not `named`."""
    values = [str(cluster) for cluster in cluster_N.tolist()]
    labels = {str(c): ", ".join(words) for c, words in typical_words(texts, cluster_N).items()} if named else None
    return Attribute(name="cluster", values=values, labels=labels)


def typical_words(
    texts: Sequence[str], cluster_N: npt.NDArray[np.int64], *, most: int = TYPICAL
) -> dict[int, list[str]]:
    """Of each cluster the words that tell most about it: share of its texts with the word, times the log of how many times
    that is the share of all texts (the word's part in the Kullback-Leibler divergence of the two).
    """
    stands_in = [set(words_of(text)) for text in texts]
    whole = Counter(word for words in stands_in for word in words)
    named: dict[int, list[str]] = {}
    for cluster in np.unique(cluster_N).tolist():
        inside = np.flatnonzero(cluster_N == cluster)
        own = Counter(word for place in inside.tolist() for word in stands_in[place])
        tells = {
            word: count / len(inside) * np.log(count / len(inside) * len(texts) / whole[word])
            for word, count in own.items()
            if count > 1
        }
        ranked = sorted(tells, key=lambda word: (-tells[word], word))
        named[cluster] = [word for word in ranked[:most] if tells[word] > 0]
    return named


def words_of(text: str) -> list[str]:
    """Folded words; where a script has no spaces, each two neighbouring characters."""
    words = []
    for run in _WORD.findall(fold(text)):
        plain = "".join(" " if is_cjk(char) else char for char in run).split()
        words += plain
        cjk = "".join(char if is_cjk(char) else " " for char in run).split()
        words += [part[i : i + 2] for part in cjk for i in range(max(1, len(part) - 1))]
    return words


def _script(text: str) -> str | None:
    counts = Counter(script for char in text if (script := script_of(char)))
    if not counts:
        return None
    (first, most), *others = counts.most_common(2)
    if others and others[0][1] > 0.3 * most:
        return "mixed"
    return (chinese_variant(text) or first) if first == "han" else first
