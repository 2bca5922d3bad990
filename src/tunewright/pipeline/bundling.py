"""Put what was learned into folders that can be used by strangers: the model, and the baselines."""

from __future__ import annotations

import json
from typing import Any

import torch

from tunewright.bundle import ENCODER, About, write_about
from tunewright.core.errors import ModelError
from tunewright.core.folder import RunFolder, discard, writing
from tunewright.core.text import digest
from tunewright.data.shapes.fields import form_in
from tunewright.evaluate import read_predictions
from tunewright.models.load import copy_model
from tunewright.models.local import LocalModel
from tunewright.models.tokenizer import load_tokenizer
from tunewright.pipeline.calibrate import Calibration, calibrate
from tunewright.pipeline.fine_tune import Tuned
from tunewright.pipeline.prepare import Prepared, text_steps
from tunewright.probes import load_frozen
from tunewright.recipe import Recipe
from tunewright.tasks import RowTask, TextTask

PROBE_ROWS = 8


def bundle_model(tuned: Tuned, recipe: Recipe, prepared: Prepared, folder: RunFolder) -> None:
    """Write `model/`, read it back with plain transformers, and compare the logits before it gets its name."""
    about = _about(recipe, prepared, system="model", calibration=tuned.calibration, local=tuned.base.local)
    discard(folder.bundle)
    with writing(folder.bundle) as aside:
        aside.mkdir()
        tuned.base.teaching.save(tuned.model, aside)
        _require_same_answers(tuned, tuned.base.teaching.load_again(aside))
        write_about(aside, about)


def bundle_baseline(recipe: Recipe, prepared: Prepared, folder: RunFolder) -> None:
    """Say in `baseline/`, which holds the fitted word counter already, how it is used."""
    about = _about(recipe, prepared, system="tfidf", calibration=_calibration_of("tfidf", recipe, folder))
    write_about(folder.baseline_bundle, about)


def bundle_frozen(local: LocalModel, recipe: Recipe, prepared: Prepared, folder: RunFolder) -> None:
    """Write `frozen/`: the pretrained model to the byte, and the linear model over its features that was measured."""
    about = _about(
        recipe, prepared, system="frozen", calibration=_calibration_of("frozen", recipe, folder), local=local
    )
    discard(folder.frozen_bundle)
    with writing(folder.frozen_bundle) as aside:
        encoder = aside / ENCODER
        encoder.mkdir(parents=True)
        copy_model(local, encoder)
        load_tokenizer(local).save(encoder)
        load_frozen(folder.frozen_head).save(aside)
        write_about(aside, about)


def _calibration_of(system: str, recipe: Recipe, folder: RunFolder) -> Calibration:
    """Fitted again on the stored logits, from which it was fitted before: the same to the bit."""
    return calibrate(recipe, read_predictions(folder.predictions(system, "validation")))


def _about(
    recipe: Recipe, prepared: Prepared, *, system: Any, calibration: Calibration, local: LocalModel | None = None
) -> About:
    """What is recorded of a bundle; `local` is the pretrained model in it, if there is one."""
    fields = ("text", "text_pair") if prepared.pairs else ("text",)
    shaped = not isinstance(prepared.task, RowTask)
    by_text = system == "model" and recipe.model.answers == "label_text"
    return About(
        system=system,
        task=prepared.task.name,
        labels=tuple(prepared.labels),
        fields=fields,
        columns={name: getattr(prepared.columns, name) for name in (*fields, "label")},
        text_steps=text_steps(recipe),
        language=prepared.columns.language,
        data_fingerprint=prepared.source_fingerprint,
        recipe_digest=digest(json.dumps(recipe.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)),
        temperature=calibration.temperature,
        scaling=calibration.scaling,
        thresholds=calibration.thresholds,
        conformal=calibration.conformal,
        alone=calibration.alone,
        max_length=recipe.encode.max_length if local else None,
        long_texts=recipe.encode.long_texts if local else "head",
        answers="label_text" if by_text else "head",
        encode=recipe.encode if shaped or by_text else None,
        generate=recipe.generate if isinstance(prepared.task, TextTask) else None,
        form=form_in(prepared.rows) if shaped else None,
        shape=recipe.data.shape if shaped else None,
        license=local.license if local else None,
        base_model=local.name if local else None,
    )


def _require_same_answers(tuned: Tuned, loaded: torch.nn.Module) -> None:
    """What was saved must be what was measured: the same logits on a few random inputs, bit for bit on the CPU."""
    generator = torch.Generator().manual_seed(0)
    size = int(tuned.base.local.config["vocab_size"])
    ids = torch.randint(0, size, (PROBE_ROWS, 12), generator=generator)
    end = tuned.base.local.config.get("eos_token_id")
    if isinstance(end, int):  # classifiers of the BART and T5 kind read the place of the one token that ends a text
        ids[ids == end] = (end + 1) % size
        ids[:, -1] = end
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if tuned.base.teaching.tokenizer.is_encoder_decoder and loaded.get_output_embeddings() is not None:  # type: ignore[operator]
        inputs["decoder_input_ids"] = ids
    model = tuned.model.eval()
    with torch.inference_mode():
        device = next(model.parameters()).device
        ours = model(**{name: tensor.to(device) for name, tensor in inputs.items()}).logits.cpu()
        theirs = loaded.eval()(**inputs).logits
    worst = float((ours - theirs).abs().max())
    if worst > 1e-4:
        raise ModelError(
            f"the saved model answers otherwise than the trained one (logits differ by {worst:.2g}); nothing was saved."
        )
