"""`tunewright models rank`: which pretrained model for these rows, before anything is fine-tuned.

    ranking = rank_models("reviews.csv", candidates=["starter", "models/my-encoder"])
    ranking.recommended, ranking.value["places"]

All candidates read one sample of the training rows; the test rows are left alone. With `halving`, real fine-tunes of
growing length decide among them by the validation rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy.typing as npt

from tunewright.core.errors import DataError, ModelError
from tunewright.core.folder import RunFolder, read_json, write_json
from tunewright.core.sentence import Sentence, in_both
from tunewright.core.text import digest
from tunewright.evaluate import Comparison, Predictions, compare, from_logits
from tunewright.models.catalog import is_noncommercial, suggest
from tunewright.models.features import LayerFeatures, layer_features
from tunewright.models.load import find_local, load_features_model, resolve
from tunewright.models.local import LocalModel
from tunewright.models.tokenizer import TokenizerFit, tokenizer_fit
from tunewright.pipeline.decide_model import MOST_UNKNOWN
from tunewright.pipeline.halving import Halving, halve, score_of
from tunewright.pipeline.journal import Journal, Listener, Stop, open_journal
from tunewright.pipeline.model_reader import ModelReader
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.request import find_folder, local_source, locked, make_request
from tunewright.pipeline.rows import Rows, nested_order
from tunewright.pipeline.suspects import out_of_fold
from tunewright.pipeline.teaching import primary_metric
from tunewright.pipeline.trial import open_recipe, resolve_trial
from tunewright.pipeline.wishes import Wishes
from tunewright.planning.rank import Candidate, Order, Refused, estimates, put_in_order, scores_of_halves
from tunewright.probes import fit_frozen
from tunewright.recipe import Recipe, dump_recipe
from tunewright.runtime import Machine, Stopwatch, World, prepare_machine
from tunewright.tasks import RowTask

SAMPLE_ROWS = 1000
FOLDS = 5
SEED = 17


@dataclass(frozen=True)
class Ranking:
    """A finished ranking."""

    folder: RunFolder

    @cached_property
    def value(self) -> dict[str, Any]:
        """All that was measured: `places` (best first), `sureness`, `alternative`, `refused`, `halving`, `recommended`."""
        found: dict[str, Any] = read_json(self.folder.ranking)
        return found

    @property
    def recommended(self) -> str:
        """What to give to `--model`."""
        return str(self.value["recommended"])


def rank_models(
    source: str | Path, *, candidates: Sequence[str] = (), rows: int = SAMPLE_ROWS, halving: bool = False,
    text: str | None = None, text_pair: str | None = None, label: str | None = None, group: str | None = None,
    task: str | None = None, language: str | None = None, private: bool = False, overrides: Sequence[str] = (),
    output: str | Path | None = None, new: bool = False, listener: Listener | None = None, stop: Stop | None = None,
) -> Ranking:  # fmt: skip
    """Rank models for the rows of a file. Without candidates: those of the catalog that are on this machine.

    `candidates` are folders, hub ids or `starter`; `rows` of the training rows are read by each. Raises ModelError where a
    candidate can't be had, where none can read the texts, or where there is none at all.
    """
    wishes = Wishes(
        source=local_source(source, listener), text=text, text_pair=text_pair, label=label, group=group, task=task,
        language=language, private=private, overrides=tuple(overrides),
    )  # fmt: skip
    asked = wishes.recipe()
    found = [resolve(reference) for reference in dict.fromkeys(candidates)]
    said = {
        "recipe": digest(dump_recipe(asked)), "candidates": {one.reference: one.weights_digest for one in found},
        "rows": rows, "halving": halving,
    }  # fmt: skip
    request = make_request("rank", wishes.source, said)
    folder = find_folder(request, output=Path(output) if output else None, new=new)
    if not folder.ranking.exists():
        with locked(folder):
            journal = open_journal(folder, world=World(), listener=listener, stop=stop)
            _rank(asked, found, folder, journal, rows=rows, halving=halving)
    return Ranking(folder)


def _rank(
    asked: Recipe, found: Sequence[LocalModel], folder: RunFolder, journal: Journal, *, rows: int, halving: bool
) -> None:
    with journal.stage("data"):
        recipe, prepared = open_recipe(asked, folder, journal)
    if not isinstance(prepared.task, RowTask):
        raise DataError(
            f"the task `{prepared.task.name}` has other answers than one a row, and ranking compares how well models read whole "
            "texts: it is for labels and numbers. `tunewright run` with each model, then `tunewright compare`, tells them apart."
        )
    machine = prepare_machine(recipe.runtime)
    found = found or _at_hand(prepared.columns.language)
    sample = Sample.of(recipe, prepared, rows=rows)
    read: list[Read] = []
    refused: list[Refused] = []
    with journal.stage("features"):
        for local in found:
            one = _read(local, sample, machine)
            if isinstance(one, Read):
                read.append(one)
                journal.events.emit("candidate_read", name=local.name, score=one.candidate.score)
            else:
                refused.append(one)
            journal.heed_signal()
    if not read:
        raise ModelError("None of the candidates can read these texts. " + " ".join(one.reason for one in refused))
    order = _in_order(read, sample)
    halved = None
    if halving:
        with journal.stage("halving"):
            halved = _halve(recipe, order, prepared, folder, journal)
    first = order.places[0].candidate.reference
    write_json(
        folder.ranking,
        {
            "folder": str(folder.path), "source": recipe.data.path, "metric": sample.metric, "rows": len(sample.places),
            "recommended": halved.winner if halved else first, **asdict(order),
            "refused": [{"reference": one.reference, "reason": in_both(one.reason)} for one in refused],
            "halving": asdict(halved) if halved else None,
        },
    )  # fmt: skip


def _at_hand(language: str) -> list[LocalModel]:
    """Models of the catalog for this language that are on this machine, and the starter."""
    found = [find_local(name) for name in (*(entry.hub_id for entry in suggest(language)), "starter")]
    here = {local.weights_digest: local for local in found if local}
    if not here:
        names = ", ".join(entry.hub_id for entry in suggest(language)[:3])
        raise ModelError(
            f"No model for {language} is on this machine. Name some with `--candidates FOLDER_OR_HUB_ID ...`, for example "
            f"{names}; they are fetched if there is a connection."
        )
    return list(here.values())


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The rows that all candidates read, and what is asked about them."""

    prepared: Prepared
    places: Rows
    targets: npt.NDArray[Any]
    fold_of_N: Rows
    metric: str

    @classmethod
    def of(cls, recipe: Recipe, prepared: Prepared, *, rows: int) -> Sample:
        """Training rows in the shares of the whole."""
        places = nested_order(prepared, prepared.places("train"), seed=SEED)[:rows]
        return cls(
            prepared=prepared, places=places,
            targets=prepared.row_task.targets([prepared.answers[i] for i in places], prepared.labels),
            fold_of_N=prepared.folds(places, k=FOLDS, seed=SEED), metric=primary_metric(recipe, prepared),
        )  # fmt: skip

    @cached_property
    def texts(self) -> list[str]:
        """First texts."""
        return [self.prepared.texts[i] for i in self.places]

    @cached_property
    def pairs(self) -> list[str] | None:
        """Second texts, where there are pairs."""
        return [self.prepared.pairs[i] for i in self.places] if self.prepared.pairs else None


@dataclass(frozen=True, kw_only=True)
class Read:
    """A candidate that has read the sample."""

    candidate: Candidate
    predictions: Predictions
    """Of the linear model, each row by one that has not seen it."""


def _read(local: LocalModel, sample: Sample, machine: Machine) -> Read | Refused:
    reader = ModelReader(local)
    fit = tokenizer_fit(reader.tokenizer, sample.texts, max_length=reader.tokens_read)
    if fit.unknown_share > MOST_UNKNOWN:
        reason = Sentence(
            "{model} can't read this text: {share:.0%} of its tokens are unknown to it, at most {most:.0%} are acceptable",
            model=local.name, share=fit.unknown_share, most=MOST_UNKNOWN,
        )  # fmt: skip
        return Refused(reference=local.reference, reason=reason)
    model = load_features_model(local)
    tokens = reader.encoded(sample.texts, sample.pairs)
    with Stopwatch(machine.device) as watch:
        features = layer_features(model, tokens, device=machine.device)
    num_parameters = sum(parameter.numel() for parameter in model.parameters())
    predictions = _probe(features, sample)
    candidate = _candidate(
        local, fit, features, sample, predictions, num_parameters=num_parameters,
        milliseconds=1000 * watch.seconds / len(sample.places), max_length=reader.tokenizer.max_length,
    )  # fmt: skip
    return Read(candidate=candidate, predictions=predictions)


def _candidate(
    local: LocalModel, fit: TokenizerFit, features: LayerFeatures, sample: Sample, predictions: Predictions, *,
    num_parameters: int, milliseconds: float, max_length: int,
) -> Candidate:  # fmt: skip
    kind, targets = sample.prepared.row_task.kind, sample.targets
    probe = score_of(predictions, sample.metric)
    return Candidate(
        name=local.name, reference=local.reference, revision=local.revision, digest=local.weights_digest,
        license=local.license, noncommercial=is_noncommercial(local.license), languages=local.languages,
        num_parameters=num_parameters, size_bytes=local.size_bytes, feature_size=features.mean_NH.shape[1],
        max_length=max_length, tokens_per_character=fit.tokens_per_character, unknown_share=fit.unknown_share,
        share_truncated=fit.share_truncated, milliseconds_per_row=milliseconds, answer_bytes=4 * num_parameters,
        train_bytes=16 * num_parameters, layers=estimates(features.mean_NH, targets, kind=kind),
        last=estimates(features.last_NH, targets, kind=kind), probe=probe.value or 0.0, probe_low=probe.low,
        probe_high=probe.high, halves=scores_of_halves(features.mean_NH, targets, kind=kind, seed=SEED),
    )  # fmt: skip


def _probe(features: LayerFeatures, sample: Sample) -> Predictions:
    """A linear model over the mean of all layers, fitted anew for each fold on the others."""
    prepared, features_NH = sample.prepared, features.mean_NH
    kind, labels = prepared.row_task.kind, prepared.labels
    logits_NC = out_of_fold(
        sample.fold_of_N,
        lambda train, held_out: fit_frozen(features_NH[train], sample.targets[train], kind=kind, labels=labels).logits(
            features_NH[held_out]
        ),
        num_outputs=max(1, len(labels)),
    )
    return from_logits(
        [prepared.row_ids[i] for i in sample.places], kind=kind, labels=labels,
        gold=[prepared.answers[i] for i in sample.places], logits_NC=logits_NC,
    )  # fmt: skip


def _in_order(read: Sequence[Read], sample: Sample) -> Order:
    predictions = {one.candidate.reference: one.predictions for one in read}

    def compared(first: Candidate, other: Candidate) -> Comparison:
        return compare(predictions[first.reference], predictions[other.reference], metric=sample.metric, seed=SEED)

    return put_in_order([one.candidate for one in read], compared)


def _halve(recipe: Recipe, order: Order, prepared: Prepared, folder: RunFolder, journal: Journal) -> Halving:
    chosen = [place.candidate.reference for place in order.places]
    recipes = {path: resolve_trial(recipe, prepared, overrides=[f"model.path={json.dumps(path)}"]) for path in chosen}
    return halve(recipes, prepared, folder, journal)
