"""A small encoder-decoder of our own, from random weights, taught to translate: a model that learns, and no claim of quality.

    python bench/from_scratch.py --shared ../shared --folder DIR [--pair multi30k|tatoeba] [--rows 8000] [--epochs 6]

Trains a BPE vocabulary on the training rows, makes a BART of 2 + 2 layers and width 128 with random weights, and gives both to
`tunewright run`. Prints BLEU and chrF with signatures on the test rows and the curve of validation loss and chrF by epoch.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
VOCABULARY = 4000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--pair", choices=["multi30k", "tatoeba"], default="multi30k")
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    folder = options.folder / options.pair
    folder.mkdir(parents=True, exist_ok=True)
    source, target = ("en", "de") if options.pair == "multi30k" else ("en", "zh")
    rows = read_rows(options.shared / "data", options.pair, most=options.rows)
    data = folder / "pairs.jsonl"
    data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    texts = [row[side] for row in rows if row["split"] == "train" for side in (source, target)]
    model = folder / "untaught"
    if not model.exists():
        make_model(model, texts)
    import tunewright as tw

    run = tw.run(
        data, task="translate", model=str(model), output=folder / "run",
        overrides=[
            f"data.shape.source_language={source}", f"data.shape.target_language={target}", "model.new_tokens=[]",
            f"train.epochs={options.epochs}", "optimizer.learning_rate=1e-3", "runtime.threads=1",
        ],
    )  # fmt: skip
    show(run.folder.path)


def read_rows(shared: Path, pair: str, *, most: int) -> list[dict[str, str]]:
    """Rows with their side; of tatoeba, whose sentences have many translations, a fold is a side."""
    if pair == "multi30k":
        sides = {"train": ("train", most), "validation": ("dev", 500), "test": ("test_2016_flickr", 1000)}
        return [
            {"en": row["en"], "de": row["de"], "split": side}
            for side, (name, count) in sides.items()
            for row in lines(shared / "multi30k" / f"{name}.jsonl", count)
        ]
    rows = list(lines(shared / "tatoeba_en_zh" / "all.jsonl", 10**9))
    of = {"test": [r for r in rows if r["fold"] == 0][:1000], "validation": [r for r in rows if r["fold"] == 1][:500]}
    of["train"] = [r for r in rows if r["fold"] > 1][:most]
    return [{"en": row["en"], "zh": row["zh"], "split": side} for side, some in of.items() for row in some]


def lines(path: Path, most: int) -> Iterable[dict[str, str]]:
    """The first rows of a file."""
    with path.open(encoding="utf-8") as file:
        for place, line in enumerate(file):
            if place == most:
                return
            yield json.loads(line)


def make_model(folder: Path, texts: list[str]) -> None:
    """Vocabulary and random weights, in the layout of the hub."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=SPECIAL, initial_alphabet=alphabet)
    backend.train_from_iterator(texts, trainer)
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        model_max_length=128,
    ).save_pretrained(folder)  # fmt: skip
    torch.manual_seed(17)
    BartForConditionalGeneration(
        BartConfig(
            vocab_size=backend.get_vocab_size(), d_model=128, encoder_layers=2, decoder_layers=2,
            encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=512, decoder_ffn_dim=512,
            max_position_embeddings=128, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=2,
            forced_eos_token_id=None,
        )
    ).save_pretrained(folder)  # fmt: skip


def show(folder: Path) -> None:
    """The scores on the test rows, and how the model came there."""
    for score in json.loads((folder / "scores.json").read_text()):
        if score["split"] == "test" and score["metric"] in ("bleu", "chrf") and score["slice"] is None:
            interval = "" if score["low"] is None else f" ({score['low']:.1f}-{score['high']:.1f})"
            print(f"{score['system']:8} {score['metric']} {score['value']:.1f}{interval}  {score['signature']}")
    for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["kind"] == "evaluated":
            print(f"epoch {event['epoch']:.0f}: loss a token {event['loss']:.3f}, {event.get('generated')}")


if __name__ == "__main__":
    main()
