"""What is measured, and how sure it has to be."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunewright.core.config import Config


class CrossValidationConfig(Config):
    """Scores on every labelled row, each predicted by a model that has not seen it."""

    folds: int = Field(default=5, ge=2)
    """Parts; each is predicted once, by a model trained on the others."""
    below_rows: int = Field(default=5000, ge=0)
    """Done only with fewer labelled rows than this: then one test split alone leaves a wide interval. 0: never."""

    def is_wanted(self, *, num_rows: int) -> bool:
        """Whether a run with so many labelled rows cross-validates."""
        return num_rows < self.below_rows


class FairnessConfig(Config):
    """How gaps between groups are measured."""

    min_group_rows: int = Field(default=20, ge=2)
    """A rate of a group that rests on fewer rows than this is refused: it would say more about those few people than
    about the system."""
    positive: str | None = None
    """Of two labels, the one whose share is looked at; None: the last one in the model's order. With more labels each is
    looked at by itself."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """Of every interval."""
    resamples: int = Field(default=10_000, ge=999)
    """Of the tests."""
    seed: int = 17
    """Of the tests."""


class TextConfig(Config):
    """What answers that are texts are measured by, beyond what needs no settings."""

    language: str | None = None
    """The language that answers should be in (`de`, `zh-TW`); None: the task's own, else that of most references."""
    bleu_tokenizer: Literal["13a", "zh", "char", "intl", "ja-mecab", "ko-mecab", "none"] | None = None
    """How BLEU cuts texts into words, by sacreBLEU's names; None: `zh` for Chinese, `char` for Japanese, else `13a`. The two
    with `mecab` need sacreBLEU's extra of that language."""
    glossary: str | None = None
    """A table (a term and its translations a row) or TBX file: `term_accuracy` says how often its terms are used."""
    json_schema: str | None = None
    """A JSON Schema: `schema_rate` says how many answers are JSON that it allows."""


class BiasConfig(FairnessConfig):
    """How a model's bias is measured: gaps between groups, and answers to versions of one text."""

    most_rows: int = Field(default=2000, ge=100)
    """Of a file's rows with a term of an axis, at most so many are swapped, drawn with the seed."""
    examples: int = Field(default=5, ge=0)
    """Flipped rows that are shown for each axis."""


class SlicesConfig(Config):
    """Which slices of the test rows are looked at for being worse than the rest."""

    columns: tuple[str, ...] = ()
    """Columns of the file by whose values the rows are sliced, beside those of `evaluate.groups`."""
    find: bool = True
    """Also by what needs no column: length, language, script, file, words that training did not have, and clusters."""
    min_rows: int = Field(default=30, ge=2)
    """Smaller slices are not looked at: their interval would be wider than any difference worth knowing."""
    most_clusters: int = Field(default=12, ge=0)
    """Clusters of the pretrained model's features, at most so many; fewer where they would be too small. 0: none."""


class BehaviourConfig(Config):
    """What a run's model is held to beyond its test rows; of answers that are labels or numbers."""

    suite: str | None = None
    """A YAML file of behaviour tests, see the [guide](guide/evidence.md)."""
    changed_rows: int = Field(default=200, ge=0)
    """So many test rows are asked again with one thing changed that should not matter (capitals, the mark at the end, a typing
    error, widths, Chinese standards, a space): how often does the answer change? 0: none."""


class EvaluateConfig(Config):
    """Metrics and evidence."""

    metric: str | None = None
    """What early stopping watches and comparisons are about; None: the task's own (accuracy, micro-F1, RMSE), or macro-F1
    where the largest class is more than four times the smallest."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """Of every interval."""
    resamples: int = Field(default=1000, ge=100)
    """Of the bootstrap."""
    calibrate: bool = True
    """Fit a temperature on the validation split, so that a confidence of .9 is right nine times in ten."""
    scaling: Literal["auto", "temperature", "vector", "isotonic"] = "auto"
    """How logits become probabilities: one temperature, a slope and a shift for each class, or a rising curve for each class.
    `auto`: the temperature, unless another one's log-loss in cross-validation over the validation rows is lower by two
    standard errors; slopes need 20 validation rows a class, curves 1,000 rows."""
    coverage: float = Field(default=0.95, gt=0.5, lt=1)
    """The share of new texts whose set of possible answers (of numbers: whose interval) is to hold the right one."""
    wanted_precision: tuple[float, ...] = (0.9, 0.95, 0.97, 0.99)
    """For each, the report says what share of the texts can be automated at that precision."""
    text: TextConfig = TextConfig()
    """For answers that are texts."""
    groups: tuple[str, ...] = ()
    """Columns that say which group a row is of (region, channel, age band): the report has the gaps between them on the test
    rows, see the [guide](guide/bias.md)."""
    min_group_rows: int = Field(default=20, ge=2)
    """Groups with fewer test rows are refused: their figures would say more about those few people than about the model."""
    slices: SlicesConfig = SlicesConfig()
    """Where it fails."""
    behaviour: BehaviourConfig = BehaviourConfig()
    """What it must be able to do, and what must not move it."""
    explained_mistakes: int = Field(default=30, ge=0)
    """Of so many mistakes, the worst first, the report says which words they lean on: each is asked again without every one of its
    words in turn. Not of texts and spans, and not with `report.private` or `train.refit_on_all`. 0: none."""
    cross_validation: CrossValidationConfig = CrossValidationConfig()
    """For small data."""
    generated_rows: int = Field(default=64, ge=1)
    """Where answers are texts: how many validation rows, evenly spaced and the same each time, are answered in each evaluation
    where early stopping watches a metric of such answers; fewer, where they are only shown while training."""
    seed: int = 17
    """Of the bootstrap and of permutation tests."""
