"""LLaMA-Factory's demo files, as they are found in the wild: all read, previewed and trained on; preferences refused by name.

    python bench/llamafactory.py --shared ../shared --folder DIR [--steps 4] [--width 2048]

Two tiny models: stories260k (English, a vocabulary of 512 tokens, no chat template, 512 tokens of context) and a decoder of our
own with random weights, tokenizer-zh-en-6400 and its template (tools, thinking), `--width` tokens of context. A row whose answer
has no room is set aside with a line in the ledger, never cut. Prints what became of the rows of each file with each model.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

import tunewright as tw
from tunewright.core.errors import TunewrightError
from tunewright.core.events import read_events

REFUSED = ("dpo", "kto")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--models", default="stories260k,own")
    options = parser.parse_args()
    models = {"stories260k": options.shared / "models/stories260k/hf"}
    models["own"] = write_decoder(
        options.shared / "models/tokenizer-zh-en-6400", options.folder / "own", width=options.width
    )
    for path in sorted((options.shared / "data/llamafactory_demo").glob("*.jsonl")):
        if path.name.startswith(REFUSED):
            refused(path, models["stories260k"])
            continue
        for name in options.models.split(","):
            began = time.perf_counter()
            try:
                taught(path, models[name], options.folder / f"{path.stem}-{name}", steps=options.steps)
            except TunewrightError as error:
                print(f"{path.name}, {name}: {error}")
            print(f"   {time.perf_counter() - began:.0f} s", flush=True)


def refused(path: Path, model: Path) -> None:
    """Says what the file is."""
    try:
        tw.preview(path, model=str(model))
    except TunewrightError as error:
        print(f"{path.name}: {type(error).__name__}: {error}", flush=True)
    else:
        raise SystemExit(f"{path}: preferences were read as answers")


def taught(path: Path, model: Path, folder: Path, *, steps: int) -> None:
    """What a preview says and what a few steps do."""
    rows = sum(1 for line in path.open(encoding="utf-8") if line.strip())
    shown = tw.preview(path, model=str(model), rows=3)
    print(
        f"{path.name}, {model.name}: {rows} rows, preview as `{shown.task}`: {shown.labelled} with an answer, {shown.taught} of "
        f"{shown.looked_at} looked at can be taught, {shown.learned_share or 0:.0%} of their tokens are learned, "
        f"prompts as at inference in {sum(example.prompt_fits for example in shown.examples)} of {len(shown.examples)}"
    )
    run = tw.run(
        path, model=str(model), output=folder,
        overrides=[
            f"train.steps={steps}", "train.examples_per_step=16", "evaluate.generated_rows=4", "generate.max_new_tokens=16",
            "runtime.threads=1", "evaluate.resamples=100",
        ],
    )  # fmt: skip
    account = json.loads(run.folder.account.read_text(encoding="utf-8"))
    ledger = Counter((e["stage"], e["action"], e["reason_code"]) for e in pq.read_table(run.folder.ledger).to_pylist())
    losses = [event["loss"] for event in read_events(run.folder.events) if event["kind"] == "step"]
    print(f"   account {account}")
    print(f"   ledger {dict(ledger)}")
    print(f"   loss {' '.join(f'{loss:.3f}' for loss in losses)}", flush=True)


def write_decoder(tokenizer: Path, folder: Path, *, width: int) -> Path:
    """A Llama of 2 layers and width 64 with random weights and that tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(tokenizer / name, folder / name)
    known = PreTrainedTokenizerFast.from_pretrained(folder)
    torch.manual_seed(17)
    config = LlamaConfig(
        vocab_size=len(known), hidden_size=64, intermediate_size=172, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=4, max_position_embeddings=width, bos_token_id=known.bos_token_id,
        eos_token_id=known.eos_token_id, pad_token_id=known.pad_token_id, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


if __name__ == "__main__":
    main()
