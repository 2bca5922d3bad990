"""Near duplicates: texts whose character 5-grams overlap by .8 or more (Jaccard), found without comparing all pairs.

A prefix filter (Chaudhuri et al. 2006; Xiao et al. 2008, "PPJoin"): put the n-grams of every text in one global order,
rare ones first. Two texts with Jaccard >= t must share at least one of their first `n - ceil(t n) + 1` n-grams, so only
texts that meet in such a prefix are candidates. Nothing is sampled, so unlike MinHash no pair is missed by bad luck.
Candidates then pass four filters, each of which can only reject what is truly below the threshold:

1. sizes: the smaller set has at least t times the n-grams of the larger;
2. places: what follows the first shared n-gram is long enough in both texts to hold the overlap that is needed;
3. parities: a 512-bit sketch, whose differing bits are a lower bound of the n-grams that stand in one set only;
4. the exact overlap, counted over 64-bit hashes of the n-grams.

Where more than `LONG_RUN` texts meet in one n-gram of their prefixes (templates, long texts over few n-grams) comparing
all with all would take for ever. These crowded texts meet by MinHash instead: 25 bands of 5, which finds a pair at the
threshold of .8 with probability .9999. Where even a band is crowded, its texts are a family of near duplicates as a
rule, and each is compared with up to `PIVOTS` of them.

Letters: G n-grams of all texts, laid end to end; D documents; P candidate pairs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.text import squeeze
from tunewright.data.keys import groups_of_equal

NGRAM = 5
THRESHOLD = 0.8
LONG_RUN = 256
PIVOTS = 32
BANDS, BAND_ROWS = 25, 5

_CHUNK_CHARACTERS = 2_000_000
_IN_MEMORY_NGRAMS = 32_000_000  # 256 MB; more than that lies in a temporary file
_POSTINGS_PER_PASS = 4_000_000
_PAIRS_PER_BATCH = 1_000_000
_VERIFIED_NGRAMS_PER_BATCH = 4_000_000
_SKETCH_BITS = 512
_PADDING = "\U0010ffff"  # not a character, so a short text with padding equals no other text

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def near_places(texts: Sequence[str], keys: Sequence[str], *, threshold: float | None) -> list[list[int]]:
    """Places in one cluster of near duplicates, two or more each; every set of exact duplicates lies inside one.

    `keys` are exact keys, `""` for rows without any text, which belong to no cluster. `threshold` None: exact ones only.
    """
    if threshold is None:
        return groups_of_equal(keys)
    filled = [place for place, key in enumerate(keys) if key]
    clusters = near_clusters([texts[place] for place in filled], threshold=threshold)
    cluster_of_row = [""] * len(keys)
    for place, cluster in zip(filled, clusters.tolist(), strict=True):
        cluster_of_row[place] = str(cluster)
    return groups_of_equal(cluster_of_row)


def near_clusters(texts: Sequence[str], *, threshold: float = THRESHOLD) -> Ints:
    """For each text the index of the first text of its cluster; clusters are the connected components of near pairs.

    Texts are squeezed first, so case, width and spaces don't count. The clusters don't depend on the order of texts.
    """
    squeezed = [squeeze(text) for text in texts]
    # Sorted, so that nothing below (the choice of pivots, for one) can depend on the order of the file.
    unique = sorted(set(squeezed))
    place = {text: index for index, text in enumerate(unique)}
    unique_of_text = np.array([place[text] for text in squeezed], dtype=np.int64)
    roots = _cluster_unique(unique, threshold=threshold)
    cluster_of_text = roots[unique_of_text]
    _, first_index, inverse = np.unique(cluster_of_text, return_index=True, return_inverse=True)
    return first_index[inverse].astype(np.int64)


def _cluster_unique(texts: list[str], *, threshold: float) -> Ints:
    corpus = _hash_corpus(texts)
    components = _Components(len(texts))
    crowded_D = np.zeros(len(texts), bool)
    for postings in _postings(corpus, threshold=threshold):
        crowded_D[postings.docs[_run_lengths(postings.tokens) > LONG_RUN]] = True
        for a_P, b_P in _candidates(postings, corpus=corpus, threshold=threshold):
            components.join(*_verified(a_P, b_P, corpus=corpus, components=components, threshold=threshold))
    for postings in _bands(corpus, np.flatnonzero(crowded_D)):
        for a_P, b_P in _crowded_pairs(postings, components=components):
            components.join(*_verified(a_P, b_P, corpus=corpus, components=components, threshold=threshold))
        for a_P, b_P in _candidates(postings, corpus=corpus, threshold=threshold):
            components.join(*_verified(a_P, b_P, corpus=corpus, components=components, threshold=threshold))
    return components.root_D


@dataclass(frozen=True, kw_only=True)
class _Corpus:
    """The sets of n-grams: those of document d are `hash_G[start_D[d]:start_D[d + 1]]`, sorted."""

    hash_G: Hashes
    start_D: Ints
    size_D: Ints
    sketch_DW: Hashes
    fold_D: Hashes
    """The 512 parities folded to 64: one look instead of eight rejects most pairs of short texts."""


def _hash_corpus(texts: list[str]) -> _Corpus:
    sizes, sketches = [], []
    total = sum(max(len(text), NGRAM) for text in texts)
    with tempfile.TemporaryFile() as file:
        parts: list[Hashes] = []
        for chunk in _chunks(texts):
            hash_G, size_D = _ngram_hashes(chunk)
            sizes.append(size_D)
            sketches.append(_parities(hash_G, size_D))
            if total > _IN_MEMORY_NGRAMS:
                file.write(hash_G.tobytes())
            else:
                parts.append(hash_G)
        size_D = np.concatenate([*sizes, np.zeros(0, np.int64)])
        if total > _IN_MEMORY_NGRAMS:
            file.flush()
            hashes: Hashes = np.memmap(file, dtype=np.uint64, mode="r")
        else:
            hashes = np.concatenate([*parts, np.zeros(0, np.uint64)])
    sketch_DW = np.concatenate([*sketches, np.zeros((0, _SKETCH_BITS // 64), np.uint64)])
    return _Corpus(
        hash_G=hashes,
        start_D=np.concatenate([[0], np.cumsum(size_D)]),
        size_D=size_D,
        sketch_DW=sketch_DW,
        fold_D=np.bitwise_xor.reduce(sketch_DW, axis=1),
    )


def _chunks(texts: list[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    characters = 0
    for text in texts:
        chunk.append(text)
        characters += max(len(text), 500)
        if characters >= _CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _ngram_hashes(texts: list[str]) -> tuple[Hashes, Ints]:
    """Sorted distinct n-gram hashes of each text, end to end, and how many each text has."""
    hash_G, size_D = all_ngram_hashes(texts)
    owner_G = np.repeat(np.arange(len(texts)), size_D)
    order = np.lexsort((hash_G, owner_G))
    hash_G, owner_G = hash_G[order], owner_G[order]
    distinct = np.ones(len(hash_G), bool)
    distinct[1:] = (hash_G[1:] != hash_G[:-1]) | (owner_G[1:] != owner_G[:-1])
    return hash_G[distinct], np.bincount(owner_G[distinct], minlength=len(texts)).astype(np.int64)


def all_ngram_hashes(texts: list[str]) -> tuple[Hashes, Ints]:
    """A hash of each n-gram of each text, in the order of the text, and how many each text has: one at least."""
    padded = [text.ljust(NGRAM, _PADDING) for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    rolling = np.zeros(len(codes) - NGRAM + 1, np.uint64)
    for offset in range(NGRAM):
        rolling = rolling * np.uint64(0x9E3779B97F4A7C15) + codes[offset : offset + len(rolling)]
    lengths = np.array([len(text) for text in padded], dtype=np.int64)
    within = np.ones(len(codes), bool)
    ends = np.cumsum(lengths)
    for offset in range(1, NGRAM):
        within[ends - offset] = False
    return mix(rolling[within[: len(rolling)]]), lengths - (NGRAM - 1)


def mix(values: Hashes) -> Hashes:
    """The finaliser of splitmix64, a bijection: low bits become as good as high ones."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _parities(hash_G: Hashes, size_D: Ints) -> Hashes:
    """A bit for each of 512 buckets: whether the text has an odd number of n-grams in it."""
    owner_G = np.repeat(np.arange(len(size_D)), size_D)
    cells = owner_G * _SKETCH_BITS + (hash_G & np.uint64(_SKETCH_BITS - 1)).astype(np.int64)
    odd = np.bincount(cells, minlength=len(size_D) * _SKETCH_BITS).astype(np.uint8) & 1
    return np.packbits(odd.reshape(len(size_D), _SKETCH_BITS), axis=1, bitorder="little").view(np.uint64)


@dataclass(frozen=True, kw_only=True)
class _Postings:
    """Where the n-grams of the prefixes stand: sorted by n-gram, then by the size of the text, then by text."""

    tokens: Hashes
    docs: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]
    """How many n-grams of the text come before this one in the global order."""


def _postings(corpus: _Corpus, *, threshold: float) -> Iterator[_Postings]:
    """All prefixes, in passes that each hold a part of the n-grams, so that memory is bounded."""
    buckets = 1 << min(22, max(12, (2 * len(corpus.hash_G)).bit_length()))
    count_of_bucket = np.zeros(buckets, np.uint32)
    for low, high in _slices(corpus):
        hash_G = np.asarray(corpus.hash_G[corpus.start_D[low] : corpus.start_D[high]])
        count_of_bucket += np.bincount(hash_G & np.uint64(buckets - 1), minlength=buckets).astype(np.uint32)
    prefix_D = corpus.size_D - _ceil(threshold * corpus.size_D) + 1
    passes = 1 + int(prefix_D.sum()) // _POSTINGS_PER_PASS
    for turn in range(passes):
        found = [
            _prefixes(corpus, low, high, prefix_D=prefix_D, counts=count_of_bucket, turn=turn, passes=passes)
            for low, high in _slices(corpus)
        ]
        if found:
            tokens = np.concatenate([part.tokens for part in found])
            docs = np.concatenate([part.docs for part in found])
            places = np.concatenate([part.places for part in found])
            order = np.lexsort((docs, corpus.size_D[docs], tokens))
            yield _Postings(tokens=tokens[order], docs=docs[order], places=places[order])


def _prefixes(
    corpus: _Corpus, low: int, high: int, *, prefix_D: Ints, counts: npt.NDArray[np.uint32], turn: int, passes: int
) -> _Postings:
    hash_G = np.asarray(corpus.hash_G[corpus.start_D[low] : corpus.start_D[high]])
    size_D = corpus.size_D[low:high]
    owner_G = np.repeat(np.arange(low, high, dtype=np.int32), size_D)
    # Any order that is the same for all texts keeps the guarantee, so a count per bucket is as right as one per n-gram.
    count_G = counts[hash_G & np.uint64(len(counts) - 1)]
    order = np.lexsort((hash_G, count_G, owner_G))
    place_G = np.arange(len(hash_G)) - np.repeat(corpus.start_D[low:high] - corpus.start_D[low], size_D)
    tokens = hash_G[order]
    # An n-gram that is alone in its bucket is alone in the corpus: it fills the prefix but can meet nothing.
    chosen = (place_G < prefix_D[owner_G]) & (count_G[order] > 1)
    if passes > 1:
        chosen &= (tokens >> np.uint64(40)) % np.uint64(passes) == turn
    return _Postings(tokens=tokens[chosen], docs=owner_G[chosen], places=place_G[chosen].astype(np.int32))


def _slices(corpus: _Corpus) -> Iterator[tuple[int, int]]:
    """Ranges of documents with a bounded number of n-grams (or one long document)."""
    low = 0
    while low < len(corpus.size_D):
        limit = corpus.start_D[low] + _CHUNK_CHARACTERS
        high = max(low + 1, int(np.searchsorted(corpus.start_D, limit, side="right")) - 1)
        yield low, high
        low = high


def _bands(corpus: _Corpus, docs: Ints) -> Iterator[_Postings]:
    """MinHash signatures of some texts, one band after the other, in the shape of postings."""
    if not len(docs):
        return
    salts = mix(np.arange(1, BANDS * BAND_ROWS + 1).astype(np.uint64)).reshape(BANDS, BAND_ROWS)
    signatures = np.zeros((BANDS, len(docs)), np.uint64)
    for low, high in _slices(corpus):
        inside = slice(*np.searchsorted(docs, [low, high]))
        if inside.start < inside.stop:
            hash_G = _gather(docs[inside], corpus)
            sizes = corpus.size_D[docs[inside]]
            starts = np.cumsum(sizes) - sizes
            for band, row in np.ndindex(salts.shape):
                salt = salts[band, row]
                least = np.minimum.reduceat((hash_G ^ salt) * (salt | np.uint64(1)), starts)
                signatures[band, inside] = mix(signatures[band, inside] ^ least)
    for tokens in signatures:
        order = np.lexsort((docs, corpus.size_D[docs], tokens))
        places = np.zeros(len(docs), np.int32)
        yield _Postings(tokens=tokens[order], docs=docs[order].astype(np.int32), places=places)


def _run_lengths(tokens: Hashes) -> Ints:
    """For each of the sorted tokens how many are equal to it."""
    starts = np.flatnonzero(np.concatenate([[True], tokens[1:] != tokens[:-1]])[: len(tokens)])
    lengths = np.diff(np.concatenate([starts, [len(tokens)]]))
    return np.repeat(lengths, lengths)


def _candidates(postings: _Postings, *, corpus: _Corpus, threshold: float) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of documents that share a token which few have, in batches."""
    tokens, docs, places = postings.tokens, postings.docs, postings.places
    if not len(tokens):
        return
    run_starts = np.flatnonzero(np.concatenate([[True], tokens[1:] != tokens[:-1]]))
    run_lengths = np.diff(np.concatenate([run_starts, [len(tokens)]]))
    run_index = np.repeat(np.arange(len(run_starts)), run_lengths)
    size_P = corpus.size_D[docs]
    # Of two texts the smaller one has its first shared n-gram even earlier: 2t / (1 + t) of its n-grams must follow.
    early = places <= size_P - _ceil(2 * threshold / (1 + threshold) * size_P)
    left_index = np.flatnonzero((run_lengths <= LONG_RUN)[run_index] & early)
    # Inside a run documents stand by size, so the partners that are not too large follow without a gap.
    longest = int(corpus.size_D.max()) + 2
    key = run_index * longest + size_P
    largest = np.minimum(np.floor(size_P[left_index] / threshold + 1e-9).astype(np.int64), longest - 1)
    last = np.searchsorted(key, run_index[left_index] * longest + largest, side="right")
    partners = last - left_index - 1
    bounds = np.concatenate([[0], np.cumsum(partners)])
    low = 0
    while low < len(left_index):
        high = max(low + 1, int(np.searchsorted(bounds, bounds[low] + _PAIRS_PER_BATCH, side="right")) - 1)
        counts = partners[low:high]
        left = np.repeat(left_index[low:high], counts)
        right = left + 1 + np.arange(len(left)) - np.repeat(bounds[low:high] - bounds[low], counts)
        needed = _ceil(threshold / (1 + threshold) * (size_P[left] + size_P[right]))
        enough = (size_P[left] - places[left] >= needed) & (size_P[right] - places[right] >= needed)
        yield docs[left[enough]].astype(np.int64), docs[right[enough]].astype(np.int64)
        low = high


def _ceil(values: npt.NDArray[np.floating[Any]]) -> Ints:
    """Rounded up, forgiving the last bits: `.8 * 5` is 4 and not 4.000000000000001."""
    rounded: Ints = np.ceil(values - 1e-9).astype(np.int64)
    return rounded


def _crowded_pairs(postings: _Postings, *, components: _Components) -> Iterator[tuple[Ints, Ints]]:
    """Every document of a long run against up to PIVOTS of them, each from a component that had none yet."""
    _, starts, counts = np.unique(postings.tokens, return_index=True, return_counts=True)
    for start, count in zip(starts[counts > LONG_RUN], counts[counts > LONG_RUN], strict=True):
        yield from _pivot_pairs(postings.docs[start : start + count].astype(np.int64), components=components)


def _pivot_pairs(docs: Ints, *, components: _Components) -> Iterator[tuple[Ints, Ints]]:
    seen: list[int] = []
    for _ in range(PIVOTS):
        roots = components.root_D[docs]
        fresh = np.flatnonzero(~np.isin(roots, components.root_D[np.array(seen, dtype=np.int64)]))
        if not len(fresh) or (roots == roots[0]).all():
            return
        pivot = int(docs[fresh[len(fresh) // 2]])
        seen.append(pivot)
        others = docs[docs != pivot]
        yield np.full(len(others), pivot), others


def _verified(a_P: Ints, b_P: Ints, *, corpus: _Corpus, components: _Components, threshold: float) -> tuple[Ints, Ints]:
    """Those pairs that are near duplicates and not yet in one component."""
    apart = components.root_D[a_P] != components.root_D[b_P]
    a_P, b_P = a_P[apart], b_P[apart]
    sizes = corpus.size_D[a_P] + corpus.size_D[b_P]
    # J = (S - d) / (S + d) with S the sum of sizes and d the n-grams in one set only.
    allowed = np.floor(sizes * ((1 - threshold) / (1 + threshold)) + 1e-9)
    keep = np.bitwise_count(corpus.fold_D[a_P] ^ corpus.fold_D[b_P]) <= allowed
    keep &= np.abs(corpus.size_D[a_P] - corpus.size_D[b_P]) <= allowed
    a_P, b_P, allowed = a_P[keep], b_P[keep], allowed[keep]
    differing = np.bitwise_count(corpus.sketch_DW[a_P] ^ corpus.sketch_DW[b_P]).sum(axis=1, dtype=np.int64)
    a_P, b_P = a_P[differing <= allowed], b_P[differing <= allowed]
    pairs = np.unique(np.stack([np.minimum(a_P, b_P), np.maximum(a_P, b_P)]), axis=1)
    near = _jaccard(pairs[0], pairs[1], corpus=corpus) >= threshold
    return pairs[0][near], pairs[1][near]


def _jaccard(a_P: Ints, b_P: Ints, *, corpus: _Corpus) -> npt.NDArray[np.float64]:
    result = np.zeros(len(a_P))
    bounds = np.concatenate([[0], np.cumsum(corpus.size_D[a_P] + corpus.size_D[b_P])])
    low = 0
    while low < len(a_P):
        limit = bounds[low] + _VERIFIED_NGRAMS_PER_BATCH
        high = max(low + 1, int(np.searchsorted(bounds, limit, side="right")) - 1)
        a, b = a_P[low:high], b_P[low:high]
        pair_G = np.concatenate([np.repeat(np.arange(high - low), corpus.size_D[side]) for side in (a, b)])
        hash_G = np.concatenate([_gather(side, corpus) for side in (a, b)])
        order = np.lexsort((hash_G, pair_G))
        pair_G, hash_G = pair_G[order], hash_G[order]
        twice = (pair_G[1:] == pair_G[:-1]) & (hash_G[1:] == hash_G[:-1])
        shared = np.bincount(pair_G[1:][twice], minlength=high - low)
        result[low:high] = shared / (corpus.size_D[a] + corpus.size_D[b] - shared)
        low = high
    return result


def pair_overlap(texts: list[str], a_P: Ints, b_P: Ints) -> npt.NDArray[np.float64]:
    """The Jaccard overlap of the n-grams of squeezed texts, for each pair of their numbers."""
    return _jaccard(a_P, b_P, corpus=_hash_corpus(texts))


def _gather(docs: Ints, corpus: _Corpus) -> Hashes:
    sizes = corpus.size_D[docs]
    ends = np.cumsum(sizes)
    index = np.arange(int(ends[-1])) + np.repeat(corpus.start_D[docs] - (ends - sizes), sizes)
    return np.asarray(corpus.hash_G[index])


class _Components:
    """Connected components under joins; `root_D` is always fully resolved to the smallest member."""

    def __init__(self, count: int) -> None:
        self.root_D: Ints = np.arange(count, dtype=np.int64)

    def join(self, a_P: Ints, b_P: Ints) -> None:
        """Connect a[i] with b[i] for all i."""
        while len(a_P):
            root_a, root_b = self.root_D[a_P], self.root_D[b_P]
            apart = root_a != root_b
            a_P, b_P, root_a, root_b = a_P[apart], b_P[apart], root_a[apart], root_b[apart]
            # Of several joins of one root the smallest wins this round; the others are seen again in the next.
            np.minimum.at(self.root_D, np.maximum(root_a, root_b), np.minimum(root_a, root_b))
            while True:
                resolved = self.root_D[self.root_D]
                if (resolved == self.root_D).all():
                    break
                self.root_D = resolved
