"""`tunewright evaluate`: a model on a file: its scores, with `--bias` how it treats groups, with `--behaviour` how it behaves."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunewright.cli.options import add_json, add_verb
from tunewright.core.errors import RecipeError

if TYPE_CHECKING:
    from tunewright.cli.screen import Screen
    from tunewright.data.counterfactual.terms import Language
    from tunewright.report.view import View

SENTENCES: dict[str, tuple[Language, ...]] = {"en": ("en",), "zh": ("zh",), "both": ("en", "zh"), "none": ()}
OF_BIAS = ("groups", "min_group", "positive", "probes", "sentences")
"""Options that mean nothing without `--bias`."""
OF_PAGES = ("html", "private")
"""Options that mean nothing without `--bias` or `--behaviour`."""


def add_evaluate_verb(verbs: Any) -> None:
    """Add the verb to the parser."""
    evaluate = add_verb(verbs, "evaluate", _evaluate, "scores of a model on a labelled file, or how it behaves")
    evaluate.add_argument("model", type=Path, metavar="MODEL", help="the model folder of a run")
    evaluate.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="with --bias or --behaviour it may have no answers, or be left out",
    )
    evaluate.add_argument("--text", metavar="COLUMN", help="the text column, if it is named otherwise than in training")
    evaluate.add_argument("--text-pair", metavar="COLUMN", help="likewise for the second text")
    evaluate.add_argument("--label", metavar="COLUMN", help="likewise for the answer")
    evaluate.add_argument(
        "--slices", nargs="*", metavar="COLUMN",
        help="also where it is weaker: by these columns, and by length, language, script and new words",
    )  # fmt: skip
    bias = evaluate.add_argument_group("bias")
    bias.add_argument(
        "--bias", action="store_true", help="gaps between groups, and answers to texts about other people"
    )
    bias.add_argument(
        "--groups", nargs="+", default=(), metavar="COLUMN", help="columns that say which group a row is of"
    )
    bias.add_argument("--min-group", type=int, metavar="N", help="smaller groups are refused (default: 20 rows)")
    bias.add_argument("--positive", metavar="LABEL", help="of two labels, the one to look at (default: the last)")
    bias.add_argument(
        "--probes", nargs="+", default=(), metavar="FILE", help="your own copies of probe sets, known by their columns"
    )
    bias.add_argument(
        "--sentences", choices=sorted(SENTENCES), help="languages of the sentences made for this (default: the model's)"
    )
    behaviour = evaluate.add_argument_group("behaviour")
    behaviour.add_argument(
        "--behaviour", nargs="?", const="", metavar="SUITE.yaml",
        help="tests of your own in a YAML file, and changes to the FILE's texts that should not matter",
    )  # fmt: skip
    pages = evaluate.add_argument_group("with --bias or --behaviour")
    pages.add_argument("--html", type=Path, metavar="OUT.html", help="write the result as a page")
    pages.add_argument("--private", action="store_true", help="no text of the file on screen and page")
    evaluate.add_argument("--lang", choices=["en", "zh"], help="language of the messages")
    add_json(evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    if options.bias and options.behaviour is not None:
        raise RecipeError("`--bias` and `--behaviour` are two pages. Ask for one of them at a time.")
    if options.bias:
        return _bias(options)
    _refuse(options, OF_BIAS, "`--bias`")
    if options.behaviour is not None:
        _refuse(options, ("label", "slices"), "scores", advice="Leave it out: answers are not looked at.")
        return _behaviour(options)
    _refuse(options, OF_PAGES, "`--bias` and `--behaviour`")
    if options.file is None:
        raise RecipeError("a FILE with answers is needed to score a model; `--bias` and `--behaviour` go without one.")
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.evaluate import evaluate_file

    screen = Screen(as_json=options.json, language=options.lang or "en")
    screen.evaluation(
        evaluate_file(
            options.model, options.file, text=options.text, text_pair=options.text_pair, label=options.label,
            slices=options.slices,
        )
    )  # fmt: skip
    return 0


def _refuse(options: argparse.Namespace, names: Sequence[str], whose: str, *, advice: str = "") -> None:
    given = [name for name in names if getattr(options, name)]
    if given:
        advice = advice or f"Add {whose.replace(' and ', ' or ')}, or leave it out."
        raise RecipeError(f"`--{given[0].replace('_', '-')}` belongs to {whose}. {advice}")


def _behaviour(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.behaviour import evaluate_behaviour
    from tunewright.report.behaviour import behaviour_view

    screen = Screen(as_json=options.json, language=options.lang or "en", private=options.private)
    screen.begin()
    found = evaluate_behaviour(
        options.model, options.file, suite=options.behaviour or None, text=options.text, text_pair=options.text_pair,
        listener=screen.listen,
    )  # fmt: skip
    value = found.to_json(private=options.private)
    _show(screen, value, behaviour_view(value, screen.sentences), options)
    return 0


def _bias(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.evaluate.config import BiasConfig
    from tunewright.pipeline.bias import evaluate_bias
    from tunewright.report.bias import bias_view

    screen = Screen(as_json=options.json, language=options.lang or "en", private=options.private)
    screen.begin()
    chosen = {"min_group_rows": options.min_group, "positive": options.positive}
    found = evaluate_bias(
        options.model, options.file, text=options.text, text_pair=options.text_pair, label=options.label,
        groups=options.groups, probes=options.probes,
        sentence_languages=SENTENCES[options.sentences] if options.sentences else None,
        config=BiasConfig(**{name: value for name, value in chosen.items() if value is not None}),
        listener=screen.listen,
    )  # fmt: skip
    value = found.to_json(private=options.private)
    _show(screen, value, bias_view(value, screen.sentences), options)
    return 0


def _show(screen: Screen, value: dict[str, Any], view: View, options: argparse.Namespace) -> None:
    """On screen, and as a page where one is wanted."""
    from tunewright.core.folder import write_text
    from tunewright.report.view import render_view

    screen.view(value, view)
    if options.html:
        write_text(options.html, render_view(view, words=screen.sentences, private=options.private))
        screen.say("written", path=str(options.html))
