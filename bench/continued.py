"""Does it help a Chinese tagger that its encoder has learned from plain texts first? Masked words, then names in résumés.

    python bench/continued.py --shared ../shared --folder DIR [--texts 59756] [--mask-epochs 4] [--rows 500] [--epochs 12]

The encoder is our own: a BERT of 2 layers and width 128 with the vocabulary of bert-base-chinese and random weights, 3.2 M
numbers. It is taught to tag `--rows` rows of resume_ner three times with the same settings and seed: as it is; after masked words
in news titles (thucnews_titles); and after these in the texts of the same résumés as well, without their labels. Judged on all
test rows of resume_ner, beside seqeval, and compared in pairs. A model that learns; no claim of quality.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import tunewright as tw
from tagging import show, write_rows
from tunewright.cli.main import main as tunewright

SEED = 17
RATE = 1e-3
"""Of all runs: the encoder begins with random weights, so the usual rate for going on is too low."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=10**9)
    parser.add_argument("--mask-epochs", type=float, default=4)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--epochs", type=float, default=12)
    options = parser.parse_args()
    source, folder = options.shared / "data/resume_ner", options.folder
    resumes = write_rows(source, folder / "resumes", rows=options.rows)
    titles = write_titles(
        options.shared / "data/thucnews_titles/train.jsonl", folder / "titles.txt", rows=options.texts
    )
    untaught = write_encoder(options.shared / "models/tokenizer-bert-zh-21128/vocab.txt", folder / "untaught")
    news = masked(titles, untaught, folder / "masked-titles", epochs=options.mask_epochs)
    both = masked(resumes, news, folder / "masked-resumes", epochs=options.epochs)
    runs = []
    for name, model in (("as-it-is", untaught), ("after-titles", news), ("after-titles-and-resumes", both)):
        print(f"== {name}")
        run = tw.run(
            resumes, model=str(model), output=folder / name,
            overrides=[f"train.epochs={options.epochs}", f"optimizer.learning_rate={RATE}", "runtime.threads=1"],
        )  # fmt: skip
        show(run, source / "test.jsonl")
        runs.append(str(run.folder.path))
    tunewright(["compare", *runs])


def masked(texts: Path, model: Path, folder: Path, *, epochs: float) -> Path:
    """The model after it has learned from texts alone; prints what it knew of others before and after."""
    run = tw.run(
        texts, task="masked", model=str(model), output=folder,
        overrides=[f"train.epochs={epochs}", f"optimizer.learning_rate={RATE}", "runtime.threads=1"],
    )  # fmt: skip
    for score in run.scores:
        if (score["metric"], score["split"], score["slice"]) == ("perplexity", "test", None):
            print(
                f"{folder.name}, {score['system']}: perplexity {score['value']:,.1f} ({score['low']:,.1f} to {score['high']:,.1f})"
            )
    print(f"{folder.name}: trained {run.evidence['costs']['model']['training_seconds']:.0f} s", flush=True)
    return run.folder.bundle


def write_titles(source: Path, path: Path, *, rows: int) -> Path:
    """One a line."""
    lines = source.read_text(encoding="utf-8").splitlines()[:rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.loads(line)["text"] + "\n" for line in lines), encoding="utf-8")
    return path


def write_encoder(vocabulary: Path, folder: Path) -> Path:
    """A small BERT with random weights, with the head that fills masked words in."""
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

    torch.manual_seed(SEED)
    config = BertConfig(
        vocab_size=21128, hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=512,
        max_position_embeddings=512,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(folder)
    BertTokenizerFast(vocab=str(vocabulary), do_lower_case=True).save_pretrained(folder)
    return folder


if __name__ == "__main__":
    main()
