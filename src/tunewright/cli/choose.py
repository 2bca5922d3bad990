"""Verbs that help to choose before a run: which model, which settings, will it fit, how many more labels."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_source_options, add_verb, signals


def add_choosing_verbs(verbs: Any, models: Any) -> None:
    """Add the verbs to the parser; `models` is that of `tunewright models`."""
    rank = add_verb(models, "rank", _rank, "which pretrained model for these rows, before anything is fine-tuned")
    add_source_options(rank, with_model=False)
    rank.add_argument(
        "--candidates", nargs="+", default=(), metavar="MODEL",
        help="folders, hub ids or `starter` (default: models of the catalog that are on this machine)",
    )  # fmt: skip
    rank.add_argument(
        "--rows", type=int, default=1000, metavar="N", help="training rows that each reads (default: 1000)"
    )
    rank.add_argument(
        "--halving", action="store_true", help="then fine-tune them, the better half ever longer, until one is left"
    )
    _add_output_options(rank, folder="runs/NAME-DIGEST")

    search = add_verb(
        verbs, "search", _search, "many fine-tunes of one recipe, judged by validation rows, to a ranked table"
    )
    search.add_argument("recipe", type=Path, metavar="RECIPE.yaml")
    search.add_argument(
        "--over", action="append", default=[], metavar="KEY=VALUES",
        help="for example optimizer.learning_rate=log:1e-5..1e-3, train.epochs=2..8, adapter.name=full|lora",
    )  # fmt: skip
    search.add_argument(
        "--space", type=Path, metavar="SPACE.yaml", help="the same in a file: keys with values or lists"
    )
    search.add_argument("--sampler", choices=["tpe", "random", "grid"], default="tpe", help="default: tpe")
    search.add_argument("--race", choices=["optimizer", "adapter"], help="all of a kind at an equal budget, instead")
    search.add_argument("--rates", type=int, default=3, metavar="N", help="learning rates of each racer (default: 3)")
    search.add_argument(
        "--trials", type=int, metavar="N", help="at most (default: 20, or as many as there is time for)"
    )
    search.add_argument("--minutes", type=float, metavar="M", help="at most about this long, over all attempts")
    search.add_argument("--workers", type=int, default=1, metavar="N", help="processes that try at once (default: 1)")
    search.add_argument("--seed", type=int, default=17, metavar="N", help="of what is drawn (default: 17)")
    search.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="overrule a key of the recipe")
    search.add_argument("--lang", choices=["en", "zh"], help="language of the messages")
    _add_output_options(search, folder="runs/NAME-DIGEST")

    forecast = add_verb(
        verbs, "forecast", _forecast, "time, memory and disk of a run, and the largest batches that fit"
    )
    forecast.add_argument("recipe", type=Path, metavar="RECIPE.yaml")
    forecast.add_argument("--device", metavar="SIZE", help="the memory of a GPU that is not here, for example 24GB")
    forecast.add_argument("--memory", metavar="SIZE", help="of this machine's memory (default: what is free now)")
    forecast.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="overrule a key of the recipe"
    )
    forecast.add_argument("--lang", choices=["en", "zh"], help="language of the messages")
    _add_page_options(forecast)

    curve = add_verb(verbs, "curve", _curve, "what more labels would bring, from fine-tunes on parts of the rows")
    curve.add_argument("recipe", type=Path, metavar="RECIPE_OR_RUN", help="a recipe, or the folder of a run")
    curve.add_argument("--more", type=_numbers, default=(500,), metavar="N,N", help="further labels (default: 500)")
    curve.add_argument("--sizes", type=_numbers, default=(), metavar="N,N", help="rows of the parts (default: halves)")
    curve.add_argument("--repeats", type=int, default=2, metavar="N", help="fine-tunes of each size (default: 2)")
    curve.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="overrule a key of the recipe")
    curve.add_argument("--lang", choices=["en", "zh"], help="language of the messages")
    _add_output_options(curve, folder="runs/NAME-DIGEST")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _add_output_options(parser: argparse.ArgumentParser, *, folder: str) -> None:
    parser.add_argument("--output", type=Path, metavar="FOLDER", help=f"where results are kept (default: {folder})")
    parser.add_argument("--new", action="store_true", help="start again instead of continuing or showing the same one")
    _add_page_options(parser)


def _add_page_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--html", type=Path, metavar="OUT.html", help="write the result as a page")
    add_json(parser)


def _rank(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.rank import rank_models
    from tunewright.report.ranking import ranking_view

    screen = Screen(as_json=options.json, language=options.lang or "en", private=options.private)
    screen.begin()
    ranking = rank_models(
        options.file, candidates=options.candidates, rows=options.rows, halving=options.halving, text=options.text,
        text_pair=options.text_pair, label=options.label, group=options.group, task=options.task,
        language=options.lang, private=options.private, overrides=options.set, output=options.output,
        new=options.new, listener=screen.listen, stop=signals(),
    )  # fmt: skip
    _show(screen, ranking.value, ranking_view(ranking.value, screen.sentences), options)
    return 0


def _search(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.report.searching import search_view
    from tunewright.search.search import search_recipe

    screen = Screen(as_json=options.json, language=options.lang or "en")
    screen.begin()
    found = search_recipe(
        options.recipe, over=options.over, space=options.space, how=options.sampler, racing=options.race,
        rates=options.rates, trials=options.trials, minutes=options.minutes, workers=options.workers, seed=options.seed,
        overrides=options.set, output=options.output, new=options.new, listener=screen.listen, stop=signals(),
    )  # fmt: skip
    _show(screen, found.value, search_view(found.value, screen.sentences), options)
    return 0


def _forecast(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.forecast import forecast_recipe
    from tunewright.report.forecasting import forecast_view

    screen = Screen(as_json=options.json, language=options.lang or "en")
    screen.begin()
    value = forecast_recipe(
        options.recipe, overrides=options.set, card=options.device, memory=options.memory, listener=screen.listen,
        stop=signals(),
    )  # fmt: skip
    _show(screen, value, forecast_view(value, screen.sentences), options)
    return 0


def _curve(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.curve import learning_curve
    from tunewright.report.learning import curve_view

    screen = Screen(as_json=options.json, language=options.lang or "en")
    screen.begin()
    curve = learning_curve(
        options.recipe, more=options.more, sizes=options.sizes, repeats=options.repeats, overrides=options.set,
        output=options.output, new=options.new, listener=screen.listen, stop=signals(),
    )  # fmt: skip
    _show(screen, curve.value, curve_view(curve.value, screen.sentences), options)
    return 0


def _show(screen: Any, value: dict[str, Any], view: Any, options: argparse.Namespace) -> None:
    """On the screen, and as a page where that is asked for."""
    from tunewright.core.folder import write_text
    from tunewright.report.view import render_view

    screen.view(value, view)
    if options.html:
        write_text(options.html, render_view(view, words=screen.sentences))
        screen.say("written", path=str(options.html))
