"""Asking the model about versions of texts: the file's own with other people in them, sentences of our own, probe sets."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from tunewright.data.counterfactual.probe_sets import ProbeAxis, ProbeText
from tunewright.data.counterfactual.sentences import Sentence, Tone, sentences
from tunewright.data.counterfactual.swap import Swapper, Versions
from tunewright.data.counterfactual.terms import LANGUAGES, Axis, Language, axes
from tunewright.evaluate import Predictions
from tunewright.evaluate.config import BiasConfig
from tunewright.evaluate.counterfactual import Design, Effect, effect, judged
from tunewright.pipeline.asking import ask
from tunewright.pipeline.bias.found import AxisFound, Example, Part
from tunewright.pipeline.bias.rows import FileRows
from tunewright.pipeline.journal import Listener
from tunewright.serve import Predictor

TONES: tuple[Tone, ...] = ("neutral", "positive", "negative")


@dataclass(frozen=True)
class Asker:
    """Asks the model about texts, each different one once."""

    predictor: Predictor
    config: BiasConfig
    listener: Listener | None

    @property
    def wants_pairs(self) -> bool:
        """Whether the model judges pairs of texts."""
        return "text_pair" in self.predictor.about.fields

    def ask(self, texts: Sequence[tuple[str, ...]], *, what: str = "") -> Predictions:
        """Predictions in the order of the texts, or pairs of texts."""
        if self.listener and what:
            self.listener({"kind": "asking", "what": what, "texts": len(set(texts))})
        return ask(self.predictor, texts)


def swapped(asker: Asker, rows: FileRows | None) -> Part:
    """The file's own texts about other people, axis by axis."""
    if rows is None:
        return Part(reason="no_file")
    if rows.account.language not in (*LANGUAGES, "und"):
        return Part(reason="language")
    found = [
        _one_axis(asker, axis, rows)
        for language in LANGUAGES
        if language == rows.account.language or rows.account.language == "und"
        for axis in axes(language)
    ]
    return Part(axes=_judged(found))


def _one_axis(asker: Asker, axis: Axis, rows: FileRows) -> AxisFound:
    """One axis over the rows that have a term of it."""
    swapper, config = Swapper(axis), asker.config
    found = {i: versions for i, text in enumerate(rows.texts) if (versions := swapper.versions(text, turn=_turn(text)))}
    told = {i: versions for i, versions in found.items() if len(versions.versions) > 1}
    bare = AxisFound(axis=axis.name, language=axis.language, rows=len(told), asked=0, reason="few_rows")
    if len(told) < config.min_group_rows:
        return bare
    chosen = sorted(told)
    if len(chosen) > config.most_rows:
        rng = np.random.default_rng(config.seed)
        chosen = sorted(int(i) for i in rng.choice(chosen, config.most_rows, replace=False))
    flat = [(i, version) for i in chosen for version in told[i].versions]
    predictions = asker.ask([version.texts for _, version in flat], what=axis.name)
    design = Design(
        axis=axis.name, groups=axis.groups, frames=[str(i) for i, _ in flat], clusters=[str(i) for i, _ in flat],
        group_V=np.array([version.group for _, version in flat], np.int64), terms=[version.term for _, version in flat],
        mixed_V=[told[i].is_mixed for i, _ in flat], interchangeable=bool(axis.lists),
    )  # fmt: skip
    measured = effect(predictions, design, config=config)
    return replace(
        bare, asked=len(chosen), effect=measured, reason=None,
        examples=tuple(_examples(axis, rows, {i: told[i] for i in chosen}, predictions, most=config.examples)),
    )  # fmt: skip


def _turn(texts: tuple[str, ...]) -> int:
    """A number of the text alone, so that neither the order of the file nor the machine matters."""
    return zlib.crc32("\n".join(texts).encode("utf-8", "surrogatepass"))


def _examples(
    axis: Axis, rows: FileRows, told: Mapping[int, Versions], predictions: Predictions, *, most: int
) -> Iterator[Example]:
    """Rows whose answer changes with the group, those whose scores lie farthest apart first."""
    answers = predictions.table.column("prediction").to_pylist()
    scores = predictions.scores_NC if predictions.has_scores else predictions.prediction_value_N[:, None]
    candidates = []
    start = 0
    for i, versions in told.items():
        for place, version in enumerate(versions.versions):
            if place and version.group != versions.versions[0].group and answers[start + place] != answers[start]:
                apart = float(np.abs(scores[start + place] - scores[start]).sum())
                candidates.append((apart, i, version, answers[start], answers[start + place]))
        start += len(versions.versions)
    shown: set[int] = set()
    for _, i, version, answer, other in sorted(candidates, key=lambda one: (-one[0], one[1])):
        if i in shown or len(shown) == most:
            continue
        shown.add(i)
        yield Example(
            row_id=rows.raw.column("row_id")[i].as_py(), origin=rows.raw.column("origin")[i].as_py(),
            text=" — ".join(rows.texts[i]), version=" — ".join(version.texts), answer=answer, version_answer=other,
            group=axis.groups[told[i].versions[0].group], version_group=axis.groups[version.group],
        )  # fmt: skip


# ---- sentences of our own, and probe sets


def told(asker: Asker, languages: Sequence[Language] | None) -> Part:
    """Sentences of our own, axis by axis; None for the language of the model."""
    if languages is not None and not languages:
        return Part(reason="not_wanted")
    if asker.wants_pairs:
        return Part(reason="pairs")
    wanted = languages or [language for language in LANGUAGES if language == asker.predictor.about.language]
    if not wanted:
        return Part(reason="language")
    return Part(axes=_judged([one for language in wanted for one in _of_sentences(asker, language)]))


def _of_sentences(asker: Asker, language: Language) -> Iterator[AxisFound]:
    """Every axis of a language."""
    everything = sentences(language)
    predictions = asker.ask([(one.text,) for one in everything], what="sentences")
    for axis in axes(language):
        at = [i for i, one in enumerate(everything) if one.axis == axis.name]

        def measured(places: list[int], axis: Axis = axis) -> Effect:
            texts = [everything[i] for i in places]
            design = _design_of(axis.name, axis.groups, texts, interchangeable=bool(axis.lists))
            return effect(_take(predictions, places), design, config=asker.config)

        found = measured(at)
        by_tone = {tone: measured([i for i in at if everything[i].tone == tone]) for tone in TONES}
        yield AxisFound(
            axis=axis.name, language=language, rows=len(at), asked=found.frames, effect=found, by_tone=by_tone
        )


def _design_of(
    name: str, groups: tuple[str, ...], texts: Sequence[Sentence | ProbeText], *, interchangeable: bool
) -> Design:
    return Design(
        axis=name, groups=groups, frames=[one.frame for one in texts], clusters=[one.template for one in texts],
        group_V=np.array([groups.index(one.group) for one in texts], np.int64), terms=[one.term for one in texts],
        interchangeable=interchangeable,
    )  # fmt: skip


def probed(asker: Asker, axes_: Sequence[ProbeAxis], *, name: str) -> Part:
    """The texts of a probe set, axis by axis."""
    texts = [(one.text,) for axis in axes_ for one in axis.texts]
    predictions = asker.ask(texts, what=name)
    found, start = [], 0
    for axis in axes_:
        places = list(range(start, start + len(axis.texts)))
        start += len(axis.texts)
        design = _design_of(axis.axis, axis.groups, axis.texts, interchangeable=axis.interchangeable)
        measured = effect(_take(predictions, places), design, config=asker.config)
        found.append(
            AxisFound(axis=axis.axis, language=None, rows=len(axis.texts), asked=measured.frames, effect=measured)
        )
    return Part(axes=_judged(found))


def _judged(found: Sequence[AxisFound]) -> tuple[AxisFound, ...]:
    """The axes of one part with Holm's correction over all its tests."""
    effects = iter(judged([one.effect for one in found if one.effect]))
    return tuple(replace(one, effect=next(effects)) if one.effect else one for one in found)


def _take(predictions: Predictions, places: Sequence[int]) -> Predictions:
    table = predictions.table.take(pa.array(places, pa.int64()))
    return Predictions(table=table, kind=predictions.kind, labels=predictions.labels)
