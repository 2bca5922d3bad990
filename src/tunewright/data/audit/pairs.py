"""What is wrong with parallel text: lengths, languages, copies, and what should stand on both sides and does not.

A check is a function `(pairs) -> list[Finding]`; a new one is a function and a line in `PAIR_AUDITS`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tunewright.core.kept import addresses_in, numbers_in, placeholders_in
from tunewright.core.languages import LATIN, base_language, scripts_of
from tunewright.core.scripts import chinese_variant, declared_variant, is_foreign
from tunewright.core.text import fold
from tunewright.data.audit.records import Finding, Severity, found_in
from tunewright.data.language import are_alike, language_of_text
from tunewright.data.shapes.types import Pair

Pairs = Sequence[Pair]

LENGTH_DEVIATIONS = 5.0
"""Robust standard deviations of the logarithm of the length ratio from which a pair stands out."""
_MIN_LENGTH = 10
"""Characters of the longer side below which a ratio says nothing."""
_ENDS = {"?": "question", "？": "question", "؟": "question", "!": "exclamation", "！": "exclamation"}
_STOPS = set(".。．…;；:：,，、")


def empty_sides(rows: Pairs) -> list[Finding]:
    """Pairs of which one side has no text; and pairs that are not translated yet."""
    sources = [row for row in rows if not row.source.strip()]
    targets = [row for row in rows if row.source.strip() and any(not target.strip() for target in row.targets)]
    return [
        *_found("empty_source", "error", sources, "{n} pairs have an empty source.", "Leave these rows out."),
        *_found("empty_target", "error", targets, "{n} pairs have an empty target.",
                "A model trained on them learns to say nothing. Leave these rows out."),
        *_found("untranslated", "info", [row for row in rows if not row.targets], "{n} pairs have no target.",
                "They are not trained on and not scored; they can be translated."),
    ]  # fmt: skip


def copied_source(rows: Pairs) -> list[Finding]:
    """Targets that equal their source and are words."""
    bad = [row for row in _full(rows) if _is_copy(row.source, row.targets[0])]
    return _found(
        "copied_source", "warning", bad, "{n} targets equal their source.",
        "Names and codes may; sentences were not translated, and teach a model to copy. Look at them.",
    )  # fmt: skip


def length_ratio(rows: Pairs) -> list[Finding]:
    """Pairs whose lengths differ far more than is usual between these two languages (median and MAD, in characters)."""
    bad: list[Pair] = []
    usual: list[str] = []
    for (source, target), group in _by_languages(_full(rows)).items():
        lengths = np.array([[len(row.source), len(row.targets[0])] for row in group], float)
        ratios = np.log((lengths[:, 1] + 1) / (lengths[:, 0] + 1))
        measured = ratios[lengths.max(axis=1) >= _MIN_LENGTH]
        if len(measured) < 30:
            continue
        middle = np.median(measured)
        spread = max(1.4826 * float(np.median(np.abs(measured - middle))), 0.1)
        far = (np.abs(ratios - middle) > LENGTH_DEVIATIONS * spread) & (lengths.max(axis=1) >= _MIN_LENGTH)
        bad += [row for row, is_far in zip(group, far, strict=True) if is_far]
        languages = f"{source}-{target}: " if source and target else ""
        usual.append(f"{languages}{np.exp(middle):.2f} characters for one")
    return _found(
        "length_ratio", "warning", bad,
        f"{{n}} pairs have lengths that do not go together (usual in {'; '.join(usual)}).",
        "Most of these are wrong translations or shifted lines. Look at them, worst first.",
    )  # fmt: skip


def wrong_script(rows: Pairs) -> list[Finding]:
    """Sides that are written in another script than their language."""
    bad = [
        row for row in rows
        for text, language in _sides(row) if (expected := scripts_of(language)) and is_foreign(text, expected)
    ]  # fmt: skip
    return _found(
        "wrong_script", "error", _unique(bad), "{n} pairs have a side in another script than its language.",
        "Sides were swapped, or the text is in another language. Leave these rows out or correct them.",
    )  # fmt: skip


def wrong_language(rows: Pairs) -> list[Finding]:
    """Sides that are surely in another language than they should be; short texts are counted as uncertain."""
    bad, uncertain, looked_at = [], 0, 0
    for row in rows:
        for text, language in _sides(row):
            base = base_language(language)
            if base is None or base not in LATIN:
                continue  # other scripts are told apart by `wrong_script`
            looked_at += 1
            found = language_of_text(text)
            if found is None:
                uncertain += 1
            elif found != base and not are_alike(found, base):
                bad.append(row)
    return _found(
        "wrong_language", "warning", _unique(bad),
        f"{{n}} pairs have a side that reads like another language ({uncertain:,} of {looked_at:,} sides are too short "
        "to tell).",
        "Look at them; what is really in another language teaches the model to mix.",
    )  # fmt: skip


def chinese_variants(rows: Pairs) -> list[Finding]:
    """Simplified and traditional Chinese on one side of the data, or the other one than the language says."""
    counts: Counter[str] = Counter()
    by_variant: dict[str, list[Pair]] = defaultdict(list)
    declared: set[str] = set()
    for row in rows:
        for text, language in _sides(row):
            if base_language(language) == "zh" and (variant := chinese_variant(text)):
                counts[variant] += 1
                by_variant[variant].append(row)
                declared.add(declared_variant(str(language)) or "")
    rarer = min(("simplified", "traditional"), key=lambda name: counts[name])
    asked = declared.pop() if len(declared) == 1 else ""
    other = {"simplified": "traditional", "traditional": "simplified"}.get(asked, rarer)
    bad = _unique([*by_variant[other], *by_variant["both"]])
    return _found(
        "chinese_variants", "warning" if asked else "info", bad,
        f"{{n}} pairs have Chinese that is {other} or both: {counts['simplified']:,} sides are simplified, "
        f"{counts['traditional']:,} traditional, {counts['both']:,} both.",
        "A model trained on a mix answers in a mix. Convert one into the other, or make two data sets.",
    )  # fmt: skip


def numbers(rows: Pairs) -> list[Finding]:
    """Pairs whose digits differ; those with digits on one side only may have the number in words."""
    differ: list[Pair] = []
    one_side: list[Pair] = []
    for row in _full(rows):
        here, there = numbers_in(row.source), numbers_in(row.targets[0])
        if here == there:
            continue
        (differ if here and there else one_side).append(row)
    return [
        *_found("numbers_differ", "warning", differ, "{n} pairs have different numbers on their two sides.",
                "Wrong numbers are the costliest mistakes of translation. Look at them."),
        *_found("numbers_one_side", "info", one_side, "{n} pairs have digits on one side only.",
                "The other may have the number in words."),
    ]  # fmt: skip


def addresses(rows: Pairs) -> list[Finding]:
    """Web and mail addresses that do not stand on both sides."""
    bad = [row for row in _full(rows) if addresses_in(row.source) != addresses_in(row.targets[0])]
    return _found(
        "addresses_differ", "warning", bad, "{n} pairs have web or mail addresses that differ between their sides.",
        "An address is copied, not translated. Correct the target, or leave the row out.",
    )  # fmt: skip


def placeholders(rows: Pairs) -> list[Finding]:
    """Inline tags, placeholders and entities that do not stand on both sides."""
    bad = [row for row in _full(rows) if placeholders_in(row.source) != placeholders_in(row.targets[0])]
    return _found(
        "placeholders_differ", "warning", bad, "{n} pairs have tags, placeholders or entities that differ between their sides.",
        "A file in which a tag or `{name}` is lost does not build. Correct the target, or leave the row out.",
    )  # fmt: skip


def final_punctuation(rows: Pairs) -> list[Finding]:
    """A question on one side and none on the other; a stop on one side only."""
    kinds = [(row, _end(row.source), _end(row.targets[0])) for row in _full(rows)]
    questions = [row for row, here, there in kinds if here != there and "question" in (here, there)]
    stops = [row for row, here, there in kinds if {here, there} == {"stop", "none"}]
    return [
        *_found("question_on_one_side", "info", questions, "{n} pairs have a question mark at the end of one side only.",
                "Look at some of them: a statement for a question is a wrong translation."),
        *_found("stop_on_one_side", "info", stops, "{n} pairs end with punctuation on one side only.",
                "A model learns to drop or add it. Make it the same everywhere, if it should be."),
    ]  # fmt: skip


def repeats(rows: Pairs) -> list[Finding]:
    """Pairs that stand more than once, sources with several targets (which is normal), targets with several sources."""
    pairs: dict[tuple[str, ...], list[Pair]] = defaultdict(list)
    by_source: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    rows_of: dict[str, list[Pair]] = defaultdict(list)
    for row in rows:
        source, targets = fold(row.source), tuple(fold(target) for target in row.targets)
        pairs[source, *targets].append(row)
        if targets:
            by_source[source].update((target,) for target in targets)
            rows_of[source].append(row)
    again = [row for group in pairs.values() for row in group[1:]]
    several = [source for source, targets in by_source.items() if len(targets) > 1]
    return [
        *_found("duplicate_pairs", "warning", again, "{n} pairs repeat an earlier one (case, width and space folded).",
                "Keep one of each; the others add nothing but weight."),
        *_found("several_targets", "info", [row for source in several for row in rows_of[source]],
                f"{{n}} pairs share {len(several):,} sources that have several translations.",
                "That is normal in translation. They belong on one side of the split, and can serve as references."),
    ]  # fmt: skip


PAIR_AUDITS: dict[str, Callable[[Pairs], list[Finding]]] = {
    "empty_sides": empty_sides,
    "wrong_script": wrong_script,
    "wrong_language": wrong_language,
    "length_ratio": length_ratio,
    "copied_source": copied_source,
    "numbers": numbers,
    "addresses": addresses,
    "placeholders": placeholders,
    "chinese_variants": chinese_variants,
    "repeats": repeats,
    "final_punctuation": final_punctuation,
}


def _full(rows: Pairs) -> list[Pair]:
    return [row for row in rows if row.source.strip() and row.targets and row.targets[0].strip()]


def _sides(row: Pair) -> Iterable[tuple[str, str | None]]:
    yield row.source, row.source_language
    for target in row.targets:
        yield target, row.target_language


def _by_languages(rows: Iterable[Pair]) -> dict[tuple[Any, Any], list[Pair]]:
    groups: dict[tuple[Any, Any], list[Pair]] = defaultdict(list)
    for row in rows:
        groups[row.source_language, row.target_language].append(row)
    return groups


def _is_copy(source: str, target: str) -> bool:
    return fold(source) == fold(target) and sum(char.isalpha() for char in source) >= 3


def _end(text: str) -> str:
    stripped = text.rstrip().rstrip("\"'”’»」』)）]】")
    last = stripped[-1:] or ""
    return _ENDS.get(last, "stop" if last in _STOPS else "none")


def _unique(rows: Iterable[Pair]) -> list[Pair]:
    return list({id(row): row for row in rows}.values())


def _found(code: str, severity: Severity, rows: Sequence[Pair], message: str, fix: str) -> list[Finding]:
    return found_in([row.row_id for row in rows], code=code, severity=severity, message=message, fix=fix)
