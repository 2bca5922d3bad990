"""An encoder, a decoder and an encoder-decoder on one page: sst2, the same rows, each as `tunewright run` would train it.

    python bench/three_kinds.py --shared ../shared --folder DIR [--rows 1000] [--epochs 4]

    encoder           minilm-l6, 22.7 M numbers, pretrained on English
    decoder           stories260k, 0.26 M numbers, pretrained on children's stories: with a head, and by the text of labels
    encoder-decoder   a BART of 2 + 2 layers and width 128 with minilm-l6's vocabulary, 4.8 M numbers, **never trained before**

So this shows that the three kinds stand on one page, and what this page says of such unequal models; it says nothing of the
kinds themselves. Trained on `--rows` of the 6,920 training rows, judged on all 1,821 test rows. Writes `compared.html`.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from pathlib import Path

import tunewright as tw
from tunewright.cli.main import main as tunewright

SEED = 17
NAMES = ("negative", "positive")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--epochs", type=float, default=4)
    options = parser.parse_args()
    data = write_rows(options.shared / "data/sst2", options.folder / "sst2", rows=options.rows)
    models = options.shared / "models"
    made = write_encoder_decoder(models / "minilm-l6", options.folder / "bart")
    runs = []
    for name, model, more in (
        ("encoder", models / "minilm-l6", []),
        ("decoder", models / "stories260k/hf", []),
        ("decoder-by-label-text", models / "stories260k/hf", ["model.answers=label_text"]),
        ("encoder-decoder", made, []),
    ):
        run = tw.run(
            data, text="text", label="label", model=str(model), output=options.folder / name,
            overrides=[f"train.epochs={options.epochs}", "evaluate.cross_validation.below_rows=0",
                "runtime.threads=1", *more,
            ],
        )  # fmt: skip
        runs.append(str(run.folder.path))
        print(f"{name}: {describe(run)}", flush=True)
    tunewright(["compare", *runs, "--measure", "--html", str(options.folder / "compared.html")])


def describe(run: tw.Run) -> str:
    """Accuracy of each system on the test rows."""
    found = {s["system"]: s for s in run.scores if (s["metric"], s["split"], s["slice"]) == ("accuracy", "test", None)}
    said = [f"{name} {s['value']:.3f} ({s['low']:.3f} to {s['high']:.3f})" for name, s in found.items()]
    return f"{', '.join(said)}; trained {run.evidence['costs']['model']['training_seconds']:.0f} s"


def write_rows(source: Path, folder: Path, *, rows: int) -> Path:
    """The files of the data set with names for its labels, and so many of its training rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for side in ("train", "dev", "test"):
        read = [json.loads(line) for line in (source / f"{side}.jsonl").read_text(encoding="utf-8").splitlines()]
        if side == "train":
            read = random.Random(SEED).sample(read, rows)
        named = [{"text": row["text"], "label": NAMES[row["label"]]} for row in read]
        (folder / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in named), encoding="utf-8")
    return folder


def write_encoder_decoder(tokenizer_of: Path, folder: Path) -> Path:
    """A small BART with random weights."""
    import torch
    from transformers import BartConfig, BartForConditionalGeneration

    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copyfile(tokenizer_of / name, folder / name)
    torch.manual_seed(SEED)
    config = BartConfig(
        vocab_size=30522, d_model=128, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=512, decoder_ffn_dim=512, max_position_embeddings=256, pad_token_id=0,
        bos_token_id=101, eos_token_id=102, decoder_start_token_id=102, forced_eos_token_id=None,
    )  # fmt: skip
    BartForConditionalGeneration(config).save_pretrained(folder)
    return folder


if __name__ == "__main__":
    main()
