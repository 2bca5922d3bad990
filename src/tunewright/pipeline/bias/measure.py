"""A model, perhaps a file, and probe sets in; all that could be measured of the model's bias out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.data.counterfactual.probe_sets import ProbeSet, recognise
from tunewright.data.counterfactual.terms import Language
from tunewright.data.sources import read
from tunewright.data.table import RESERVED
from tunewright.evaluate import GroupGaps, group_gaps
from tunewright.evaluate.config import BiasConfig
from tunewright.evaluate.fairness import looked_at
from tunewright.pipeline.bias.found import Bias, Part, ProbeFound, Reason
from tunewright.pipeline.bias.likelier import likelier
from tunewright.pipeline.bias.rows import read_rows
from tunewright.pipeline.bias.versions import Asker, probed, swapped, told
from tunewright.pipeline.journal import Listener
from tunewright.serve import WritingPredictor, load, require_labeller
from tunewright.tasks import TASKS


def evaluate_bias(
    model: str | Path, path: str | Path | None = None, *, text: str | None = None, text_pair: str | None = None,
    label: str | None = None, groups: Sequence[str] = (), probes: Sequence[str | Path] = (),
    sentence_languages: Sequence[Language] | None = None, config: BiasConfig | None = None,
    listener: Listener | None = None,
) -> Bias:  # fmt: skip
    """Measure a bundle's bias on a file (with or without answers), on sentences of our own, and on probe sets.

    `sentence_languages` None: the language of the model, if it is one of ours. Of a model that writes texts only the probe
    sets of pairs are measured. Raises DataError for a column or probe set that is not there, ModelError where the folder is no
    bundle.
    """
    config = config or BiasConfig()
    predictor = load(Path(model))
    if groups and path is None:
        raise DataError("`--groups` names columns of a file, and no file was given.")
    sets = [_read_probe(Path(probe)) for probe in probes]
    if isinstance(predictor, WritingPredictor):
        return _of_writer(predictor, str(model), sets, config, listener)
    predictor = require_labeller(predictor, model)
    about, asker = predictor.about, Asker(predictor, config, listener)
    rows = read_rows(predictor, Path(path), text=text, text_pair=text_pair, label=label) if path else None
    gaps: list[GroupGaps] = []
    if rows is not None and groups:
        gaps = group_gaps(rows.predictions, {name: rows.groups(name) for name in groups}, config=config)
    said = looked_at(rows.predictions if rows else asker.ask([("", "")]), config)
    return Bias(
        model=str(model), system=about.system, kind=TASKS[about.task].kind, labels=tuple(about.labels), looked_at=said,
        language=about.language, level=config.level, min_group_rows=config.min_group_rows,
        file=rows.account if rows else None,
        groups=tuple(gaps), groups_reason=None if gaps else "no_columns" if rows else "no_file",
        swaps=swapped(asker, rows), sentences=told(asker, sentence_languages),
        probes=tuple(_of_labeller(asker, one) for one in sets),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _ReadSet:
    """A probe set as it was read."""

    path: Path
    about: ProbeSet
    table: pa.Table

    def found(self, part: Part) -> ProbeFound:
        return ProbeFound(
            name=self.about.name, path=self.path.name, source=self.about.source, needs=self.about.needs,
            texts=len(self.table), part=part,
        )  # fmt: skip


def _read_probe(path: Path) -> _ReadSet:
    table = read(path).table
    table = table.drop_columns([name for name in RESERVED if name in table.column_names])
    return _ReadSet(path=path, about=recognise(table.column_names, path=str(path)), table=table)


def _of_labeller(asker: Asker, one: _ReadSet) -> ProbeFound:
    reason: Reason | None = "pairs" if asker.wants_pairs else None
    if one.about.read_texts is None:
        reason = "text_probability"
    if reason or one.about.read_texts is None:
        return one.found(Part(reason=reason))
    return one.found(probed(asker, one.about.read_texts(one.table), name=one.about.name))


def _of_writer(
    predictor: WritingPredictor, model: str, sets: Sequence[_ReadSet], config: BiasConfig, listener: Listener | None
) -> Bias:
    """Of a model that writes: which of two texts it finds likelier, if it is a decoder."""
    about = predictor.about
    found = []
    for one in sets:
        if one.about.read_pairs is None:
            found.append(one.found(Part(reason="answer")))
        elif predictor.tokenizer.is_encoder_decoder:
            found.append(one.found(Part(reason="text_probability")))
        else:
            pairs = one.about.read_pairs(one.table)
            preferred = likelier(predictor, pairs, name=one.about.name, config=config, listener=listener)
            found.append(replace(one.found(Part()), preferences=preferred))
    writes = Part(reason="writes")
    return Bias(
        model=model, system=about.system, kind=TASKS[about.task].kind, labels=(), looked_at=(), language=about.language,
        level=config.level, min_group_rows=config.min_group_rows, file=None, groups=(), groups_reason="writes",
        swaps=writes, sentences=writes, probes=tuple(found),
    )  # fmt: skip
