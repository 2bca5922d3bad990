"""`tunewright VERB ...`: each verb calls one public function of the pipeline; heavy imports stand inside the verb.

Results go to stdout (with `--json`, one JSON object), everything else to stderr. Exit codes: 0 done, 1 an error said in words,
2 misuse, 130 and 143 stopped by SIGINT and SIGTERM after saving.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tunewright.cli.chat import add_chat
from tunewright.cli.choose import add_choosing_verbs
from tunewright.cli.compare import add_compare_verb
from tunewright.cli.data import add_data_verbs
from tunewright.cli.evaluate import add_evaluate_verb
from tunewright.cli.import_config import add_import_verb
from tunewright.cli.improve import add_improving_verbs
from tunewright.cli.merge import add_merge_verb
from tunewright.cli.options import add_json, add_source_options, add_verb, signals
from tunewright.cli.preview import add_preview_verb
from tunewright.cli.privacy import add_privacy_verbs
from tunewright.cli.report import add_report_verb
from tunewright.core.errors import FirstRankFailed, StoppedBySignal, TunewrightError

_ENDINGS = frozenset({
    ".csv", ".tsv", ".jsonl", ".json", ".parquet", ".arrow", ".xlsx", ".eml", ".mbox", ".conll", ".gz", ".zst", ".zip",
})  # fmt: skip
"""What ends so is meant as a file, even if there is none."""

EPILOG = """\
examples:
  tunewright run reviews.csv                       from a raw file to a model and a report
  tunewright run reviews.csv --text body --label queue --group customer
  tunewright predict runs/reviews-1a2b3c4d/model "works as described"
  tunewright predict runs/reviews-1a2b3c4d/model new.csv --output answered.csv
  tunewright evaluate runs/reviews-1a2b3c4d/model new.csv --bias --groups region --html bias.html
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, call the verb, turn errors into messages and exit codes."""
    _speak_utf8()
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "verb"):
        parser.print_help()
        return 0
    verb: Callable[[argparse.Namespace], int] = options.verb
    from tunewright.cli.screen import show_error

    try:
        return verb(options)
    except (FirstRankFailed, StoppedBySignal) as error:
        if _speaks():
            show_error(str(error), as_json=getattr(options, "json", False))
        return error.exit_code
    except TunewrightError as error:
        show_error(str(error), as_json=getattr(options, "json", False))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): not an error of ours, and nothing more can be said to it.
        sys.stderr.close()
        return 0


def build_parser() -> argparse.ArgumentParser:
    """All verbs and their options. Imports nothing that is slow."""
    parser = argparse.ArgumentParser(
        prog="tunewright",
        description="Fine-tune a pretrained language model on your own labelled text, and be able to believe the result.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tunewright {_version()}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")

    run = add_verb(verbs, "run", _run, "from a raw file of labelled texts to a model and a report")
    add_source_options(run)
    run.add_argument("--output", type=Path, metavar="FOLDER", help="the run folder (default: runs/NAME-DIGEST)")
    run.add_argument("--minutes", type=float, help="train for at most about this long; fewer epochs if need be")
    run.add_argument(
        "--refit", action="store_true", help="after the evaluation, train the final model on all labelled rows"
    )
    run.add_argument(
        "--new", action="store_true", help="start another run instead of continuing or showing the same one"
    )
    _add_smoke(run)
    add_json(run)

    train = add_verb(verbs, "train", _train, "the same under full control of a recipe")
    train.add_argument("recipe", type=Path, metavar="RECIPE.yaml")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="overrule a key of the recipe")
    train.add_argument("--output", type=Path, metavar="FOLDER", help="the run folder (default: runs/NAME-DIGEST)")
    train.add_argument(
        "--new", action="store_true", help="start another run instead of continuing or showing the same one"
    )
    train.add_argument("--allow-different-machine", action="store_true", help="go on where the same bits can't be had")
    _add_smoke(train)
    add_json(train)

    init = add_verb(verbs, "init", _init, "look at a file, write the recipe, and stop")
    add_source_options(init)
    init.add_argument(
        "--output", type=Path, default=Path("recipe.yaml"), metavar="RECIPE.yaml", help="default: recipe.yaml"
    )
    add_json(init)

    add_preview_verb(verbs)

    predict = add_verb(verbs, "predict", _predict, "answers for a text or a file")
    predict.add_argument("model", type=Path, metavar="MODEL", help="the model folder of a run")
    predict.add_argument("input", metavar="TEXT_OR_FILE", help="a text, or a file in any format that `run` reads")
    predict.add_argument("--pair", metavar="TEXT", help="the second text, for models of pairs")
    predict.add_argument(
        "--output", "-o", type=Path, metavar="FILE", help="where to (default for files: NAME.predicted.EXT)"
    )
    predict.add_argument("--text", metavar="COLUMN", help="the text column, if it is named otherwise than in training")
    predict.add_argument("--text-pair", metavar="COLUMN", help="likewise for the second text")
    sure = predict.add_mutually_exclusive_group()
    sure.add_argument(
        "--abstain-below",
        type=float,
        metavar="CONFIDENCE",
        help="give no answer, only a suggestion, where it is less sure",
    )
    sure.add_argument(
        "--precision", type=float, metavar="SHARE",
        help="the same, by the confidence from which this share of the validation answers was right, such as 0.95",
    )  # fmt: skip
    predict.add_argument(
        "--possible",
        action="store_true",
        help="of a file: also the labels among which the right one is (of numbers: from, to)",
    )
    predict.add_argument("--lang", choices=["en", "zh"], help="language of the messages")
    add_json(predict)

    add_evaluate_verb(verbs)
    add_chat(verbs)
    add_merge_verb(verbs)
    add_import_verb(verbs)
    add_compare_verb(verbs)
    add_improving_verbs(verbs)
    add_report_verb(verbs)
    add_data_verbs(verbs)
    add_privacy_verbs(verbs)

    doctor = add_verb(verbs, "doctor", _doctor, "what this machine and installation can do")
    add_json(doctor)

    models = verbs.add_parser("models", help="pretrained models: list, rank, convert").add_subparsers(
        metavar="VERB", required=True
    )
    listing = add_verb(models, "list", _models_list, "models that fit a language")
    listing.add_argument("--language", default=None, metavar="CODE", help="for example en or zh")
    add_json(listing)
    add_choosing_verbs(verbs, models)
    convert = add_verb(models, "convert", _models_convert, "a folder with .bin weights, rewritten as safetensors")
    convert.add_argument("source", type=Path, metavar="FOLDER")
    convert.add_argument("target", type=Path, metavar="NEW_FOLDER")
    add_json(convert)

    add_json(add_verb(verbs, "schema", _schema, "the JSON Schema of recipes, for editors"))
    return parser


def _add_smoke(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--smoke",
        action="store_true",
        help="first overfit a few rows, and stop with the reason if they can't be learned",
    )


def _run(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.run import run

    screen = Screen(as_json=options.json, language=options.lang or "en", private=options.private)
    if _speaks():
        screen.begin()
    result = run(
        options.file,
        text=options.text, text_pair=options.text_pair, label=options.label, group=options.group, task=options.task,
        baseline_column=options.baseline_column, model=options.model, output=options.output, language=options.lang,
        minutes=options.minutes, private=options.private, refit=options.refit, overrides=options.set, new=options.new,
        smoke=options.smoke, listener=screen.listen, stop=signals(),
    )  # fmt: skip
    if _speaks():
        screen.finish(result)
    return 0


def _train(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.run import train_recipe

    screen = Screen(as_json=options.json)
    if _speaks():
        screen.begin()
    result = train_recipe(
        options.recipe, overrides=options.set, output=options.output, new=options.new,
        allow_different_machine=options.allow_different_machine, smoke=options.smoke, listener=screen.listen,
        stop=signals(),
    )  # fmt: skip
    if _speaks():
        screen.finish(result)
    return 0


def _init(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.init import init_recipe

    screen = Screen(as_json=options.json, language=options.lang or "en", private=options.private)
    path = init_recipe(
        options.file,
        text=options.text, text_pair=options.text_pair, label=options.label, group=options.group, task=options.task,
        baseline_column=options.baseline_column, model=options.model, output=options.output, language=options.lang,
        private=options.private, overrides=options.set, listener=screen.listen,
    )  # fmt: skip
    screen.result({"recipe": str(path)}, screen.in_words("recipe", path=path))
    return 0


def _predict(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.predict import predict_file, predict_text

    screen = Screen(as_json=options.json, language=options.lang or "en")
    path = Path(options.input)
    looks_like_file = _exists(path) or path.suffix.lower() in _ENDINGS
    if looks_like_file and "\n" not in options.input:
        summary = predict_file(
            options.model, path, output=options.output, text=options.text, text_pair=options.text_pair,
            abstain_below=options.abstain_below, precision=options.precision, possible=options.possible,
            listener=screen.listen,
        )  # fmt: skip
        said = screen.in_words("answered", **summary)
        if summary.get("threshold") is not None:
            said += "\n" + screen.in_words("abstained", **summary)
        screen.result(summary, said)
    else:
        answer = predict_text(
            options.model, options.input, pair=options.pair, abstain_below=options.abstain_below,
            precision=options.precision,
        )  # fmt: skip
        screen.answer(answer)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.doctor import examine

    findings = examine()
    Screen(as_json=options.json).findings(findings)
    return 1 if any(finding.severity == "error" for finding in findings) else 0


def _models_list(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.models.catalog import suggest, suggest_writers

    Screen(as_json=options.json).models(suggest(options.language), suggest_writers(language=options.language))
    return 0


def _models_convert(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.models.convert import convert

    result = convert(options.source, options.target)
    converted = {"folder": str(options.target), "digest": result.digest}
    Screen(as_json=options.json).result(converted, f"{options.target}: safetensors written, digest {result.digest}")
    return 0


def _schema(options: argparse.Namespace) -> int:
    import json

    from tunewright.cli.screen import Screen
    from tunewright.recipe import recipe_schema

    Screen().text(json.dumps(recipe_schema(), ensure_ascii=False, indent=2))
    return 0


def _speaks() -> bool:
    """Of several processes started by `torchrun`, the first one speaks for all."""
    return os.environ.get("RANK", "0") == "0"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a text longer than a file name may be
        return False


def _speak_utf8() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _version() -> str:
    from importlib import metadata

    return metadata.version("tunewright")


if __name__ == "__main__":
    sys.exit(main())
