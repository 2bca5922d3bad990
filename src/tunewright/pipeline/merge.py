"""`tunewright merge`: an adapter becomes part of its base model, and a plain folder comes of it.

    done = merge("runs/support-1a2b3c4d", "merged")
    merge("their-adapter", "merged", base="./Qwen3-0.6B")

Ours or anybody's, as long as it is in peft's format. The merged model has to answer as the attached one did, and the folder,
read again, has to hold what was merged; else there is no folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tunewright.adapters import HeadKind
from tunewright.adapters.folder import CONFIG, AdapterFolder, merged, put_into, read_adapter
from tunewright.core.errors import FolderError, ModelError
from tunewright.core.folder import RunFolder, writing
from tunewright.models.chat import with_end_of_turn
from tunewright.models.folder import Dtype, has_weights
from tunewright.models.hub import DATA_FILES
from tunewright.models.load import (
    LoadedModel,
    load_classifier,
    load_generator,
    load_masked,
    load_tagger,
    resolve,
    save_classifier,
    save_generator,
    save_masked,
)
from tunewright.models.local import LocalModel
from tunewright.models.target_side import NAME as TARGET_NAME
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.models.weights import state_digest

PROBES = ("The room was clean, and breakfast was good.", "今天天气很好，我们去公园。", "x = 3 * (4 + 5)", "a")
"""Texts by whose logits models are compared."""
PROBE_TOKENS = 64
TOLERANCE = 1e-4
"""In logits, relative to the largest: two ways to the same sum in float32."""
_WRITERS = ("CAUSAL_LM", "SEQ_2_SEQ_LM")
_TOKENIZER_FILES = (
    *(name for name in DATA_FILES if name not in ("config.json", "README.md", "generation_config.json")),
    TARGET_NAME,
)


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What was merged, and how far the results are from each other."""

    folder: str
    adapter: str
    type: str
    """As peft names it."""
    base: str
    difference: float
    """Of the merged logits from those of the attached adapter, at most, over the largest logit or 1; in float32."""
    change: float
    """Of the adapter's logits from those of the base model, at most: what it has learned to say otherwise."""
    dtype: Dtype
    rounding: float
    """What storing the weights in that type changes of the logits, at most; 0 for float32."""
    digest: str
    """Of the weights in the folder."""

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)


def merge(
    model: str | Path, target: str | Path, *, base: str | None = None, dtype: Dtype | None = None,
    announce: Callable[[str], None] | None = None,
) -> Merged:  # fmt: skip
    """Merge an adapter's folder, or a run's adapter, into its base model and write a plain folder.

    Without `base` it is what the adapter names; without `dtype` weights are stored as the base model's are. `announce` is told of
    downloads. Raises FolderError where the new folder exists, ModelError where something does not belong together, or the merged
    model would answer otherwise.
    """
    folder, new = _adapter_folder(Path(model)), Path(target)
    if new.exists():
        raise FolderError(f"{new}: this folder exists. Give the name of a new one.")
    adapter = read_adapter(folder)
    local = _base_of(adapter, base, announce)
    head = _Head.of(adapter)
    with writing(new) as aside:
        aside.mkdir()
        tokenizer = _tokenizer(adapter, local, aside, writes=head.kind == "writes")
        plain = _load(adapter, local, head, tokenizer)
        before = _logits(plain, tokenizer, head)
        wrapped = put_into(plain, adapter)
        attached = _logits(wrapped, tokenizer, head)
        plain = merged(wrapped).eval()
        answers = _logits(plain, tokenizer, head)
        difference = _farthest(answers, attached) / max(1.0, max(float(one.abs().max()) for one in attached))
        if not difference <= TOLERANCE:
            raise ModelError(
                f"{folder}: merged, the model's logits differ from those of the attached adapter by {difference:.2g} of the "
                "largest; nothing was written. Use the adapter as it is, with peft."
            )
        stored = dtype or local.checked.dtype
        _round_weights(plain, getattr(torch, stored))
        rounding = _farthest(_logits(plain, tokenizer, head), answers)
        digest = _save(plain.to(getattr(torch, stored)), head, tokenizer, aside, local=local)
    return Merged(
        folder=str(new), adapter=str(folder), type=adapter.type, base=local.name, difference=difference,
        change=_farthest(attached, before), dtype=stored, rounding=rounding, digest=digest,
    )  # fmt: skip


def _adapter_folder(source: Path) -> Path:
    """The adapter that is meant: the folder itself, or that of a run."""
    if (source / CONFIG).is_file():
        return source
    run = RunFolder(source)
    if (run.adapter / CONFIG).is_file():
        return run.adapter
    if not source.is_dir():
        raise ModelError(f"{source}: there is no such folder. Give an adapter's folder, or that of a run.")
    if run.recipe.exists():
        raise ModelError(
            f"{source}: this run has no adapter to merge: it trained the weights themselves, and what came of it is {run.bundle}."
        )
    hint = " It has weights of its own, so there is nothing to merge." if has_weights(source) else ""
    raise ModelError(
        f"{source}: there is no {CONFIG} in it, so it is no adapter.{hint} Give an adapter's folder, or that of a run."
    )


def _base_of(adapter: AdapterFolder, asked: str | None, announce: Callable[[str], None] | None) -> LocalModel:
    named = asked or adapter.base_model
    if named is None:
        raise ModelError(f"{adapter.folder} does not say which model it was trained on. Name it with `--base`.")
    try:
        local = resolve(named, revision=None if asked else adapter.base_revision, announce=announce)
    except ModelError as error:
        hint = "" if asked else " (So the adapter names its base model; `--base` names another place.)"
        raise ModelError(f"{error}{hint}") from None
    about = adapter.about
    if about is not None and about.base_digest != local.weights_digest:
        raise ModelError(
            f"{named}: these are not the weights that the adapter was trained on (found {local.weights_digest}, expected "
            f"{about.base_digest}), so it would say something else. Name the right ones with `--base`."
        )
    return local


@dataclass(frozen=True, kw_only=True)
class _Head:
    """What stands on the model, by what our own adapters say of themselves, or by the task that peft was told."""

    kind: HeadKind
    labels: tuple[str, ...]

    @classmethod
    def of(cls, adapter: AdapterFolder) -> _Head:
        """Raises ModelError for tasks of peft that no head here is for."""
        about, task = adapter.about, adapter.config.get("task_type")
        if about is not None:
            return cls(kind=about.head, labels=about.labels)
        if task is None and adapter.num_labels is not None:
            task = "SEQ_CLS"
        if task == "SEQ_CLS" and adapter.num_labels == 1:  # one output is a number, as transformers has it
            return cls(kind="regression", labels=())
        if task in ("SEQ_CLS", "TOKEN_CLS"):
            labels = tuple(f"LABEL_{i}" for i in range(adapter.num_labels or 2))
            return cls(kind="tags" if task == "TOKEN_CLS" else "single_label", labels=labels)
        if task is None or task in _WRITERS:
            return cls(kind="writes", labels=())
        raise ModelError(
            f"{adapter.folder}: it is for the task {task}. What can be merged are adapters of models that write "
            f"({', '.join(_WRITERS)}), of classifiers (SEQ_CLS) and of taggers (TOKEN_CLS)."
        )

    def load(self, local: LocalModel, *, pad_id: int | None = None, dtype: torch.dtype = torch.float32) -> Any:
        """The model with this head, in evaluation mode."""
        loaded: LoadedModel
        if self.kind == "writes":
            loaded = load_generator(local, dtype=dtype)
        elif self.kind == "masked":
            loaded = load_masked(local, seed=0, dtype=dtype)
        elif self.kind == "tags":
            loaded = load_tagger(local, tags=self.labels, seed=0, dtype=dtype, pad_id=pad_id)
        else:
            loaded = load_classifier(local, kind=self.kind, labels=self.labels, seed=0, dtype=dtype, pad_id=pad_id)
        return loaded.model.eval()


def _load(adapter: AdapterFolder, local: LocalModel, head: _Head, tokenizer: Tokenizer) -> nn.Module:
    """The base model in float32, with the head, and the rows of tokens, that the adapter was trained with."""
    model = head.load(local, pad_id=tokenizer.pad_id)
    if adapter.num_rows > len(model.get_input_embeddings().weight):
        model.resize_token_embeddings(adapter.num_rows, mean_resizing=False)
    found: nn.Module = model
    return found


def _tokenizer(adapter: AdapterFolder, local: LocalModel, aside: Path, *, writes: bool) -> Tokenizer:
    """The adapter's own tokenizer where it has one (it may have further tokens, and a chat template), else the base model's."""
    has_own = any((adapter.folder / name).is_file() for name in ("tokenizer.json", "vocab.txt", "tokenizer.model"))
    for name in _TOKENIZER_FILES:
        source = (adapter.folder if has_own else local.folder) / name
        if source.is_file():
            shutil.copyfile(source, aside / name)
    stated = local.folder / "generation_config.json"
    if stated.is_file():
        shutil.copyfile(stated, aside / stated.name)
    rows = max(adapter.num_rows, int(local.config.get("vocab_size") or 0))
    checked = replace(local.checked, folder=aside, config=local.config | ({"vocab_size": rows} if rows else {}))
    tokenizer = load_tokenizer(replace(local, checked=checked))
    return with_end_of_turn(tokenizer) if writes else tokenizer


def _save(model: nn.Module, head: _Head, tokenizer: Tokenizer, aside: Path, *, local: LocalModel) -> str:
    """Write the folder, and read it again: its weights must be those that were measured. Their digest."""
    if head.kind == "writes" and tokenizer.targets is not None:
        save_generator(model, aside, tokenizer=tokenizer)
    elif head.kind == "masked":
        save_masked(model, aside, local=local)
    else:  # a model of many languages keeps what its base says of them: which one it writes is told when it is asked
        save_classifier(model, aside)
    tokenizer.save(aside)
    again = head.load(resolve(str(aside)), pad_id=tokenizer.pad_id, dtype=next(model.parameters()).dtype)
    digest = state_digest(dict(model.state_dict()))
    if state_digest(dict(again.state_dict())) != digest:
        raise ModelError(f"{aside}: what was written is not what was merged; nothing was kept. Look at the disk.")
    return digest


def _round_weights(model: nn.Module, dtype: torch.dtype) -> None:
    """To what a narrower type can hold. What is no weight is not stored, such as the frequencies of rotary positions, and stays."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype).to(torch.float32)


def _logits(model: nn.Module, tokenizer: Tokenizer, head: _Head) -> list[Tensor]:
    """Of each probe, read alone."""
    found = []
    for text in PROBES:
        encoded = tokenizer.encode([text], max_length=min(PROBE_TOKENS, tokenizer.max_length))
        ids = torch.from_numpy(encoded.values).long()[None]
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if head.kind == "writes" and tokenizer.is_encoder_decoder:
            inputs["decoder_input_ids"] = ids
        with torch.inference_mode():
            found.append(model(**inputs).logits.float())
    return found


def _farthest(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    return max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))
