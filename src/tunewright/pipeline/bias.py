"""`tunewright evaluate --bias`: gaps between groups of a file's rows, and what changes when a text is about somebody else.

Four parts, each with what it can't say: gaps between the groups of named columns; swaps in the file's own texts; sentences
of our own; probe sets that the user has a copy of. What can't be measured has a reason in its place.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tunewright.bundle import About
from tunewright.core.errors import DataError
from tunewright.data.columns import find_columns, to_fields
from tunewright.data.counterfactual.probe_sets import Output, ProbeAxis, recognise
from tunewright.data.counterfactual.sentences import Sentence, Tone, sentences
from tunewright.data.counterfactual.swap import Swapper, Versions
from tunewright.data.counterfactual.terms import LANGUAGES, Axis, Language, axes
from tunewright.data.keys import exact_keys
from tunewright.data.language import find_language
from tunewright.data.sources import ReadResult, read
from tunewright.data.table import RESERVED
from tunewright.evaluate import GroupGaps, Predictions, group_gaps, without_small_names
from tunewright.evaluate.config import BiasConfig
from tunewright.evaluate.counterfactual import Design, Effect, effect, judged
from tunewright.evaluate.fairness import MEASURED, looked_at
from tunewright.pipeline.evaluate import answers_as_trained, columns_as_trained, note_in_test_ledger
from tunewright.pipeline.groups import cells_of
from tunewright.pipeline.journal import Listener
from tunewright.serve import Predictor, load_labeller
from tunewright.tasks import TASKS

Reason = Literal["no_file", "no_columns", "few_rows", "language", "pairs", "text_probability", "not_wanted"]
TONES: tuple[Tone, ...] = ("neutral", "positive", "negative")


@dataclass(frozen=True, kw_only=True)
class FileAccount:
    """The rows that were looked at: read = used + the two below it."""

    name: str
    rows_read: int
    rows_used: int
    unreadable: int
    empty: int
    """Rows without text."""
    labelled: int
    """Used rows with an answer to compare with."""
    language: str
    times_scored: int | None
    """As in `Evaluation`: gaps that need answers are a look at them."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A row whose answer changes with the group."""

    row_id: str
    origin: Mapping[str, Any]
    text: str
    version: str
    group: str
    version_group: str
    answer: Any
    version_answer: Any


@dataclass(frozen=True, kw_only=True)
class AxisFound:
    """One axis of one set of texts."""

    axis: str
    language: Language | None
    rows: int
    """Texts that have a term of the axis."""
    asked: int
    """Of these, how many were swapped; of sentences and probe sets, how many frames."""
    effect: Effect | None = None
    by_tone: Mapping[Tone, Effect] = field(default_factory=dict)
    """Of sentences: the neutral, the positive and the negative ones by themselves, without tests."""
    examples: tuple[Example, ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """Texts of one kind, axis by axis, or why there are none."""

    axes: tuple[AxisFound, ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True)
class ProbeFound:
    """A probe set and what came of it."""

    name: str
    path: str
    source: str
    needs: Output
    texts: int
    part: Part


@dataclass(frozen=True, kw_only=True)
class Bias:
    """All that was measured of a model's bias."""

    model: str
    system: str
    kind: str
    labels: tuple[str, ...]
    looked_at: tuple[str, ...]
    """The labels whose shares and scores are compared."""
    language: str
    """Of the texts that the model was trained on."""
    level: float
    min_group_rows: int
    file: FileAccount | None
    groups: tuple[GroupGaps, ...]
    groups_reason: Reason | None
    swaps: Part
    sentences: Part
    probes: tuple[ProbeFound, ...]

    def to_json(self, *, private: bool = False) -> dict[str, Any]:
        """Plain values; with `private`, without texts, answers and names of groups that stand in the file."""
        value = asdict(_without_texts(self) if private else self)
        return value | {"private": private}


def evaluate_bias(
    model: str | Path, path: str | Path | None = None, *, text: str | None = None, text_pair: str | None = None,
    label: str | None = None, groups: Sequence[str] = (), probes: Sequence[str | Path] = (),
    sentence_languages: Sequence[Language] | None = None, config: BiasConfig | None = None,
    listener: Listener | None = None,
) -> Bias:  # fmt: skip
    """Measure a bundle's bias on a file (with or without answers), on sentences of our own, and on probe sets.

    `sentence_languages` None: the language of the model, if it is one of ours. Raises DataError for a column or probe set that
    is not there, and for a model that answers with neither labels nor numbers; ModelError where the folder is no bundle.
    """
    config = config or BiasConfig()
    predictor = load_labeller(Path(model))
    about = predictor.about
    kind = TASKS[about.task].kind
    if kind not in MEASURED:
        raise DataError(
            f"{model}: bias is measured of models that answer with labels or numbers, and this one's task is {about.task}."
        )
    sets = [(Path(probe), *_read_probe(Path(probe))) for probe in probes]
    asker = _Asker(predictor, config, listener)
    rows = _file_rows(predictor, Path(path), text=text, text_pair=text_pair, label=label) if path else None
    if groups and rows is None:
        raise DataError("`--groups` names columns of a file, and no file was given.")
    gaps: list[GroupGaps] = []
    if rows is not None and groups:
        gaps = group_gaps(rows.predictions, {name: rows.groups(name) for name in groups}, config=config)
    said = looked_at(rows.predictions if rows else asker.ask([("",)]), config)
    return Bias(
        model=str(model), system=about.system, kind=kind, labels=tuple(about.labels), looked_at=said, language=about.language,
        level=config.level, min_group_rows=config.min_group_rows, file=rows.account if rows else None,
        groups=tuple(gaps), groups_reason=None if gaps else "no_columns" if rows else "no_file",
        swaps=_swaps(asker, rows), sentences=_sentences(asker, about, sentence_languages),
        probes=tuple(_probe(asker, about, path, found, table) for path, found, table in sets),
    )  # fmt: skip


# ---- asking


@dataclass(frozen=True)
class _Asker:
    """Asks the model about texts, each different one once."""

    predictor: Predictor
    config: BiasConfig
    listener: Listener | None

    @property
    def wants_pairs(self) -> bool:
        return "text_pair" in self.predictor.about.fields

    def ask(self, texts: Sequence[tuple[str, ...]], *, what: str = "") -> Predictions:
        """Predictions in the order of the texts, or pairs of texts."""
        place = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        if self.listener and what:
            self.listener({"kind": "asking", "what": what, "texts": len(place)})
        ids, first = [str(i) for i in range(len(place))], [text[0] for text in place]
        pairs = [text[-1] for text in place] if self.wants_pairs else None
        once = self.predictor.predictions(ids, first, pairs=pairs)
        table = once.table.take(pa.array([place[text] for text in texts], pa.int64()))
        return Predictions(table=table, kind=once.kind, labels=once.labels)


# ---- the file


@dataclass(frozen=True, kw_only=True)
class _FileRows:
    """The rows of a file that have text, with their predictions."""

    account: FileAccount
    raw: pa.Table
    texts: list[tuple[str, ...]]
    predictions: Predictions

    def groups(self, name: str) -> list[str | None]:
        """The cells of a column; None where one is empty."""
        return cells_of(self.raw, name, where=self.account.name)


def _file_rows(
    predictor: Predictor, path: Path, *, text: str | None, text_pair: str | None, label: str | None
) -> _FileRows:
    about, result = predictor.about, read(path)
    chosen = columns_as_trained(result, about, text=text, text_pair=text_pair, label=label)
    # A column that is merely found would be one of the others: without the model's own, the rows have no answers.
    columns = find_columns(result.table, chosen=chosen.model_copy(update={"label": chosen.label or "none"}))
    fields = to_fields(result.table, columns, entries=[])
    has_text = np.array([bool(key) for key in exact_keys(fields)], np.bool_)
    if not has_text.any():
        raise DataError(f"{path}: column `{columns.text}` is empty on every row, so there is nothing to measure.")
    kept = np.flatnonzero(has_text)
    fields, raw = fields.take(kept), result.table.take(kept)
    first = fields.column("text").to_pylist()
    pairs = fields.column("text_pair").to_pylist() if "text_pair" in fields.column_names else None
    answers = fields.column("label").to_pylist() if "label" in fields.column_names else [None] * len(fields)
    gold, _ = answers_as_trained(answers, about.labels)
    row_ids = fields.column("row_id").to_pylist()
    labelled = sum(answer is not None for answer in gold)
    return _FileRows(
        account=_account(path, result, first, len(fields), labelled, row_ids, about), raw=raw,
        texts=list(zip(first, pairs, strict=True)) if pairs else [(one,) for one in first],
        predictions=predictor.predictions(row_ids, first, pairs=pairs, gold=gold if labelled else None),
    )  # fmt: skip


def _account(
    path: Path, result: ReadResult, texts: list[str], used: int, labelled: int, row_ids: list[str], about: About
) -> FileAccount:
    return FileAccount(
        name=path.name, rows_read=result.read, rows_used=used, unreadable=len(result.quarantined),
        empty=len(result.table) - used, labelled=labelled, language=find_language(texts)[0],
        times_scored=note_in_test_ledger(row_ids, about) if labelled else None,
    )  # fmt: skip


def _swaps(asker: _Asker, rows: _FileRows | None) -> Part:
    if rows is None:
        return Part(reason="no_file")
    if rows.account.language not in (*LANGUAGES, "und"):
        return Part(reason="language")
    found = [
        _swapped(asker, axis, rows)
        for language in LANGUAGES
        if language == rows.account.language or rows.account.language == "und"
        for axis in axes(language)
    ]
    return Part(axes=_judged(found))


def _swapped(asker: _Asker, axis: Axis, rows: _FileRows) -> AxisFound:
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
    axis: Axis, rows: _FileRows, told: Mapping[int, Versions], predictions: Predictions, *, most: int
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


def _sentences(asker: _Asker, about: About, languages: Sequence[Language] | None) -> Part:
    if languages is not None and not languages:
        return Part(reason="not_wanted")
    if asker.wants_pairs:
        return Part(reason="pairs")
    wanted = languages or [language for language in LANGUAGES if language == about.language]
    if not wanted:
        return Part(reason="language")
    return Part(axes=_judged([one for language in wanted for one in _of_sentences(asker, language)]))


def _of_sentences(asker: _Asker, language: Language) -> Iterator[AxisFound]:
    """Every axis of a language."""
    everything = sentences(language)
    predictions = asker.ask([(one.text,) for one in everything], what="sentences")
    for axis in axes(language):
        at = [i for i, one in enumerate(everything) if one.axis == axis.name]

        def measured(places: list[int], axis: Axis = axis) -> Effect:
            design = _design_of(axis, [everything[i] for i in places])
            return effect(_take(predictions, places), design, config=asker.config)

        found = measured(at)
        by_tone = {tone: measured([i for i in at if everything[i].tone == tone]) for tone in TONES}
        yield AxisFound(
            axis=axis.name, language=language, rows=len(at), asked=found.frames, effect=found, by_tone=by_tone
        )


def _design_of(axis: Axis, texts: Sequence[Sentence]) -> Design:
    return Design(
        axis=axis.name, groups=axis.groups, frames=[one.frame for one in texts], clusters=[one.template for one in texts],
        group_V=np.array([axis.groups.index(one.group) for one in texts], np.int64), terms=[one.term for one in texts],
        interchangeable=bool(axis.lists),
    )  # fmt: skip


def _read_probe(path: Path) -> tuple[Any, pa.Table]:
    table = read(path).table
    table = table.drop_columns([name for name in RESERVED if name in table.column_names])
    return recognise(table.column_names, path=str(path)), table


def _probe(asker: _Asker, about: About, path: Path, found: Any, table: pa.Table) -> ProbeFound:
    reason: Reason | None = None
    if found.needs != "answer":
        reason = "text_probability"
    elif asker.wants_pairs:
        reason = "pairs"
    part = Part(reason=reason)
    if reason is None and found.read is not None:
        part = Part(axes=_of_probe(asker, found.read(table), found.name))
    return ProbeFound(
        name=found.name, path=path.name, source=found.source, needs=found.needs, texts=len(table), part=part
    )


def _of_probe(asker: _Asker, axes_: Sequence[ProbeAxis], name: str) -> tuple[AxisFound, ...]:
    texts = [(one.text,) for axis in axes_ for one in axis.texts]
    predictions = asker.ask(texts, what=name)
    found, start = [], 0
    for axis in axes_:
        places = list(range(start, start + len(axis.texts)))
        start += len(axis.texts)
        design = Design(
            axis=axis.axis, groups=axis.groups, frames=[one.frame for one in axis.texts],
            clusters=[one.template for one in axis.texts], terms=[one.term for one in axis.texts],
            group_V=np.array([axis.groups.index(one.group) for one in axis.texts], np.int64),
            interchangeable=axis.interchangeable,
        )  # fmt: skip
        measured = effect(_take(predictions, places), design, config=asker.config)
        found.append(
            AxisFound(axis=axis.axis, language=None, rows=len(axis.texts), asked=measured.frames, effect=measured)
        )
    return _judged(found)


def _judged(found: Sequence[AxisFound]) -> tuple[AxisFound, ...]:
    """The axes of one part with Holm's correction over all its tests."""
    effects = iter(judged([one.effect for one in found if one.effect]))
    return tuple(replace(one, effect=next(effects)) if one.effect else one for one in found)


def _take(predictions: Predictions, places: Sequence[int]) -> Predictions:
    table = predictions.table.take(pa.array(places, pa.int64()))
    return Predictions(table=table, kind=predictions.kind, labels=predictions.labels)


# ---- what a private result leaves out


def _without_texts(bias: Bias) -> Bias:
    """No text, and no name of a group that is as small as a person may be."""
    swaps = replace(bias.swaps, axes=tuple(replace(one, examples=()) for one in bias.swaps.axes))
    groups = tuple(without_small_names(one, least=bias.min_group_rows) for one in bias.groups)
    return replace(bias, swaps=swaps, groups=groups)
