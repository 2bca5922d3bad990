"""What is searched: every way to write it, and an error that helps for every way that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunewright.core.errors import RecipeError
from tunewright.recipe import build_recipe
from tunewright.search.space import Choices, Range, grid, override, parse_space

RECIPE = build_recipe({"data": {"path": "any.csv"}})
RATE = "optimizer.learning_rate"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (f"{RATE}=log:1e-5..1e-3", Range(key=RATE, low=1e-5, high=1e-3, log=True)),
        (f"{RATE}=0.0001..0.001", Range(key=RATE, low=1e-4, high=1e-3)),
        ("optimizer.weight_decay=0..0.1/0.02", Range(key="optimizer.weight_decay", low=0, high=0.1, step=0.02)),
        (
            "train.examples_per_step=8..64",
            Range(key="train.examples_per_step", low=8, high=64, whole=True),
        ),
        ("adapter.name=full|lora", Choices(key="adapter.name", values=("full", "lora"))),
        ("train.ema_decay=null|0.99", Choices(key="train.ema_decay", values=(None, 0.99))),
    ],
)
def test_each_way_to_write_a_dimension(written: str, meant: Choices | Range) -> None:
    assert parse_space([written], None, recipe=RECIPE) == (meant,)


def test_a_file_says_the_same_and_the_command_line_overrules_it(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(f"{RATE}: log:1e-5..1e-3\nadapter.name: [full, lora]\n", encoding="utf-8")
    found = parse_space(["adapter.name=full|ia3"], path, recipe=RECIPE)
    assert found == (
        Range(key=RATE, low=1e-5, high=1e-3, log=True),
        Choices(key="adapter.name", values=("full", "ia3")),
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("optimizer.learning_rte=1e-5..1e-3", "learning_rate"),
        (f"{RATE}=1e-3..1e-5", "smaller one"),
        (f"{RATE}=log:0..1e-3", "above 0"),
        (f"{RATE}=fast", "no range and no choice"),
        (f"{RATE}=-1..1", "greater than 0"),
        ("train.epochs=0|1", "greater than 0"),
        ("adapter.name=full|lorra", "lorra"),
        ("split.seed=1..5", "must see the same rows"),
        ("evaluate.metric=accuracy|macro_f1", "judged by the same"),
        ("data.path=a|b", "must see the same rows"),
        (RATE, "expected KEY=VALUES"),
        ("adapter.r=4..16", "r"),
    ],
)
def test_what_is_refused_is_said_before_anything_is_trained(written: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        parse_space([written], None, recipe=RECIPE)


def test_nothing_to_search_is_an_error_with_an_example() -> None:
    with pytest.raises(RecipeError, match="--over"):
        parse_space([], None, recipe=RECIPE)


def test_a_field_of_one_kind_alone_is_refused_beside_a_choice_of_kinds() -> None:
    parse_space(["adapter.name=lora|lora", "adapter.r=4..16"], None, recipe=RECIPE)
    with pytest.raises(RecipeError, match=r"adapter\.r"):
        parse_space(["adapter.name=lora|full", "adapter.r=4..16"], None, recipe=RECIPE)


def test_a_grid_has_both_ends_and_every_combination() -> None:
    over = [f"{RATE}=log:1e-5..1e-3", "train.examples_per_step=8..10", "train.epochs=1..2/0.5"]
    found = grid(parse_space(over, None, recipe=RECIPE))
    assert len(found) == 5 * 3 * 3
    assert {one[RATE] for one in found} == {1e-5, 3.16228e-05, 1e-4, 3.16228e-04, 1e-3}
    assert {one["train.examples_per_step"] for one in found} == {8, 9, 10}
    assert {one["train.epochs"] for one in found} == {1, 1.5, 2}


def test_values_go_into_a_recipe_as_they_are() -> None:
    made = build_recipe(
        {"data": {"path": "any.csv"}},
        overrides=[
            override(RATE, 1e-05),
            override("train.ema_decay", None),
            override("train.examples_per_step", "all"),
        ],
    )
    assert (made.optimizer.learning_rate, made.train.ema_decay, made.train.examples_per_step) == (1e-5, None, "all")
