"""The recipe: the parts' own settings, composed. YAML in, YAML out; the resolved recipe repeats the run.

A default exists once, on its field. Unknown keys stop with the nearest name. What a recipe leaves open (`null`) is decided
by the pipeline, with its reason, and written into the resolved recipe before training starts.
"""

from __future__ import annotations

import io
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError, model_validator
from ruamel.yaml import YAML

from tunewright.adapters import AdapterConfig, FullConfig
from tunewright.batching import CutConfig
from tunewright.core.config import Config
from tunewright.core.errors import RecipeError, nearest
from tunewright.core.overrides import Override, apply_overrides
from tunewright.core.yaml import NotYaml, parse_yaml
from tunewright.data.audit import AuditConfig
from tunewright.data.clean import CleanConfig
from tunewright.data.columns import ColumnsConfig
from tunewright.data.shapes import ShapeConfig
from tunewright.data.sources import ReadConfig
from tunewright.data.split import SplitConfig
from tunewright.evaluate.config import EvaluateConfig
from tunewright.losses import LossConfig
from tunewright.models.config import ModelConfig
from tunewright.models.generate import GenerateConfig
from tunewright.optim import AdamWConfig, OptimizerConfig, ScheduleConfig
from tunewright.probes import ProbesConfig
from tunewright.runtime import RuntimeConfig
from tunewright.tasks import EncodeConfig, MaskConfig
from tunewright.train import TrainConfig

VERSION = 1
_DEFAULT_NAMES = {"adapter": FullConfig().name, "optimizer": AdamWConfig().name}


class DataConfig(Config):
    """Where the labelled text is and how to read it."""

    path: str
    """A file, a folder, a pattern such as `data/*.csv`, an archive, or `archive.zip!inner.csv`. In a folder or archive, files
    named for their split (train, validation or dev, test) are those splits; others with equal columns are joined."""
    read: ReadConfig = ReadConfig()
    """Encoding, delimiter and format, where they are not to be found out."""
    columns: ColumnsConfig = ColumnsConfig()
    """Which column is what, where that is not to be found out."""
    leave_out: str | None = None
    """A file with a column `row_id`: these rows are not trained on. Validation and test rows stay what they are."""
    shape: ShapeConfig = ShapeConfig()
    """What the rows are, where they are chats, prompts or parallel text."""
    audit: AuditConfig = AuditConfig()
    """What the audit looks for."""


class ReportConfig(Config):
    """The page at the end."""

    language: Literal["en", "zh"] = "en"
    """Of report and messages."""
    private: bool = False
    """No raw text in report, card, messages, ledger, quarantine or events; see `clean.scrub`, which `--private` turns on."""
    unit: str | None = None
    """What one row is called in the verdict, in the plural: "messages", "reviews". None: "texts"."""


class Recipe(Config):
    """Everything that decides a run."""

    recipe_version: Literal[1] = 1
    """Format of this file."""
    task: (
        Literal[
            "classify",
            "multi_label",
            "regression",
            "translate",
            "transduce",
            "complete",
            "chat",
            "continue",
            "tag",
            "masked",
        ]
        | None
    ) = None
    """What is to be learned: a class, several, a number; a text: a translation, any text for a text, the rest of a
    prompt, the next turn of a chat, how a text goes on; labels for parts of a text; or the
    words that are hidden of texts. None: found from the file."""
    data: DataConfig
    """The file and its columns."""
    clean: CleanConfig = CleanConfig()
    """What is mended or left out, and why."""
    split: SplitConfig = SplitConfig()
    """What is trained on, chosen by, and tested on."""
    probes: ProbesConfig = ProbesConfig()
    """The simple baselines."""
    model: ModelConfig = ModelConfig()
    """The pretrained model."""
    adapter: AdapterConfig = FullConfig()
    """Which of its numbers may move."""
    encode: EncodeConfig = EncodeConfig()
    """How texts become tokens."""
    mask: MaskConfig = MaskConfig()
    """For `masked`: which words are hidden."""
    loss: LossConfig | None = None
    """How wrong an answer is; None: the task's own."""
    optimizer: OptimizerConfig = AdamWConfig()
    """How the numbers move."""
    schedule: ScheduleConfig = ScheduleConfig()
    """How the learning rate changes over the steps."""
    train: TrainConfig = TrainConfig()
    """How long and from which seed."""
    batching: CutConfig = CutConfig()
    """How a step is cut into micro-batches."""
    runtime: RuntimeConfig = RuntimeConfig()
    """The machine."""
    generate: GenerateConfig = GenerateConfig()
    """How answers that are texts are written."""
    evaluate: EvaluateConfig = EvaluateConfig()
    """What is measured."""
    report: ReportConfig = ReportConfig()
    """The page."""

    @model_validator(mode="before")
    @classmethod
    def _name_of_the_default(cls, tree: Any) -> Any:
        """`optimizer: {learning_rate: 1e-4}` means the default optimiser: its name need not be said."""
        if not isinstance(tree, Mapping):
            return tree
        missing = {
            key: {"name": name, **tree[key]}
            for key, name in _DEFAULT_NAMES.items()
            if isinstance(tree.get(key), Mapping) and "name" not in tree[key]
        }
        return {**tree, **missing}

    @model_validator(mode="after")
    def _gradient_descent_takes_all(self) -> Recipe:
        if self.optimizer.name == "gd" and self.train.examples_per_step != "all":
            raise ValueError(
                "optimizer `gd` is full-batch gradient descent: set `train.examples_per_step: all`, "
                "or take `sgd` for gradients of a few examples"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class WrittenRecipe:
    """A recipe as a person wrote it, and what `--set` took out of it."""

    recipe: Recipe
    dropped: tuple[str, ...] = ()
    """Settings of an optimiser, loss or adapter that another one took the place of."""


def load_recipe(path: Path, *, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a YAML file, with `a.b=c` overrides applied. Raises RecipeError with file, key and nearest name."""
    return read_recipe(path, overrides=overrides).recipe


def read_recipe(path: Path, *, overrides: Sequence[str] = ()) -> WrittenRecipe:
    """`load_recipe`, and which settings the overrides have dropped."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise RecipeError(f"{path}: there is no such recipe. `tunewright init FILE` writes one.") from None
    try:
        tree = parse_yaml(text)
    except NotYaml as error:
        raise RecipeError(f"{path}: this is not YAML: {error}") from None
    if not isinstance(tree, dict):
        raise RecipeError(
            f"{path}: a recipe is a tree of keys, found {type(tree).__name__}. `tunewright init FILE` writes one."
        )
    return _build(tree, overrides=overrides, where=str(path))


def build_recipe(tree: Mapping[str, Any], *, overrides: Sequence[str] = (), where: str = "recipe") -> Recipe:
    """The recipe from plain values, with `a.b=c` overrides applied."""
    return _build(tree, overrides=overrides, where=where).recipe


def _build(tree: Mapping[str, Any], *, overrides: Sequence[str], where: str) -> WrittenRecipe:
    overridden = apply_overrides(tree, [_parse(one) for one in overrides], default_names=_DEFAULT_NAMES)
    try:
        return WrittenRecipe(recipe=Recipe.model_validate(overridden.tree), dropped=overridden.dropped)
    except ValidationError as error:
        raise RecipeError("\n".join(_explain(problem, where=where) for problem in error.errors())) from None


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as YAML, every default written out."""
    stream = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 120
    yaml.allow_unicode = True
    yaml.dump(recipe.model_dump(mode="json"), stream)
    return stream.getvalue()


def recipe_schema() -> dict[str, Any]:
    """JSON Schema of the recipe, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Recipe.model_json_schema(),
        "title": "Tunewright recipe",
    }


def _parse(override: str) -> Override:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {override}: expected KEY=VALUE, for example `--set optimizer.learning_rate=1e-4`.")
    try:
        return Override(keys=tuple(key.split(".")), value=parse_yaml(value) if value else None)
    except NotYaml as error:
        raise RecipeError(f"--set {override}: the value is not YAML: {error}") from None


def _explain(problem: Any, *, where: str) -> str:
    """One line: where, what was found, what is accepted."""
    written = [str(part) for part in problem["loc"]]
    location = _without_tags(written)
    key = ".".join(location)
    if problem["type"] == "extra_forbidden":
        named = [model for model in _models_at(location[:-1]) if len(written) > 1 and _tag(model) == written[-2]]
        accepted = {name for model in named for name in model.model_fields} or _fields_at(location[:-1])
        listed = ", ".join(sorted(accepted))
        place = f"under `{'.'.join(location[:-1])}`" if location[:-1] else "at the top"
        chosen = f" with `name: {written[-2]}`" if named else ""
        return f"{where}: unknown key `{key}`.{nearest(location[-1], accepted)} Accepted {place}{chosen}: {listed}."
    if problem["type"] == "missing":
        return f"{where}: the key `{key}` is missing."
    message = problem["msg"].removeprefix("Value error, ")
    found = "" if isinstance(problem["input"], (Mapping, BaseModel)) else f" (found: {problem['input']!r})"
    return f"{where}: `{key}`: {message}{found}" if key else f"{where}: {message}"


def _without_tags(location: Sequence[str]) -> list[str]:
    """A place as a person wrote it: `optimizer.learning_rte`, where pydantic says `optimizer.adamw.learning_rte`."""
    kept: list[str] = []
    for part in location:
        inside = _models_at(kept)
        is_tag = part in {_tag(model) for model in inside} and not any(part in model.model_fields for model in inside)
        if not is_tag:
            kept.append(part)
    return kept


def _fields_at(location: Sequence[str]) -> set[str]:
    """The keys that are accepted at a place of the tree."""
    return {name for model in _models_at(location) for name in model.model_fields}


def _models_at(location: Sequence[str]) -> list[type[BaseModel]]:
    """The settings classes that may stand at a place of the tree; several where a `name` chooses among them."""
    candidates: list[type[BaseModel]] = [Recipe]
    for part in location:
        annotations = [model.model_fields[part].annotation for model in candidates if part in model.model_fields]
        candidates = [model for annotation in annotations for model in _models_in(annotation)]
    return candidates


def _tag(model: type[BaseModel]) -> str | None:
    name = model.model_fields.get("name")
    return str(name.default) if name else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        return [model for part in typing.get_args(annotation) for model in _models_in(part)]
    return []
