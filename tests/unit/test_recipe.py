"""What a recipe says of a key that it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunewright.core.errors import RecipeError
from tunewright.optim import OPTIMIZERS
from tunewright.recipe import Recipe, build_recipe, dump_recipe, load_recipe, read_recipe


def error_of(**tree: object) -> str:
    with pytest.raises(RecipeError) as caught:
        build_recipe({"data": {"path": "a.csv"}, **tree}, where="recipe.yaml")
    return str(caught.value)


def test_a_misspelt_key_is_named_with_the_nearest_one_and_all_that_are_accepted() -> None:
    message = error_of(train={"epocs": 3})
    assert message.startswith("recipe.yaml: unknown key `train.epocs`. Did you mean `epochs`? Accepted under `train`: ")


def test_a_key_of_another_optimizer_is_not_offered_as_what_this_one_accepts() -> None:
    message = error_of(optimizer={"name": "sgd", "betas": [0.9, 0.99]})
    assert "unknown key `optimizer.betas`. Accepted under `optimizer` with `name: sgd`: " in message
    assert "Did you mean" not in message
    assert "betas" not in message.split("name: sgd")[1]


def test_a_key_at_the_top_is_explained_too() -> None:
    assert "Did you mean `train`? Accepted at the top: " in error_of(trian={})


def resolved(folder: Path) -> Path:
    """A recipe with nothing left open, as a run leaves it."""
    path = folder / "recipe.yaml"
    recipe = build_recipe({"data": {"path": "a.csv"}, "loss": {"name": "cross_entropy"}})
    path.write_text(dump_recipe(recipe), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in ("adamw", "gd")])
def test_another_optimizer_on_a_resolved_recipe_has_its_own_defaults(name: str, tmp_path: Path) -> None:
    written = read_recipe(resolved(tmp_path), overrides=[f"optimizer.name={name}"])
    assert written.recipe.optimizer == OPTIMIZERS[name]()
    assert "optimizer.learning_rate" in written.dropped


def test_the_same_optimizer_named_again_keeps_its_settings(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("data: {path: a.csv}\noptimizer: {learning_rate: 3e-4}\n", encoding="utf-8")
    written = read_recipe(path, overrides=["optimizer.name=adamw"])
    assert written.recipe.optimizer.learning_rate == 3e-4
    assert written.dropped == ()


def test_what_is_set_for_the_new_optimizer_stays_whichever_comes_first(tmp_path: Path) -> None:
    overrides = ["optimizer.learning_rate=0.5", "optimizer.name=sgd"]
    both = [load_recipe(resolved(tmp_path), overrides=order) for order in (overrides, overrides[::-1])]
    assert [recipe.optimizer.learning_rate for recipe in both] == [0.5, 0.5]


def test_another_loss_or_adapter_drops_the_settings_of_the_one_before(tmp_path: Path) -> None:
    def change(*overrides: str) -> Recipe:
        return load_recipe(resolved(tmp_path), overrides=overrides)

    assert change("loss.name=focal").loss == change("loss={name: focal}").loss
    assert change("adapter.name=frozen", "adapter.train_top=2").adapter.name == "frozen"


def test_overrides_leave_the_given_tree_alone() -> None:
    tree = {"data": {"path": "a.csv"}, "optimizer": {"name": "adamw", "betas": [0.9, 0.99]}}
    build_recipe(tree, overrides=["optimizer.name=sgd"])
    assert tree["optimizer"] == {"name": "adamw", "betas": [0.9, 0.99]}


def test_a_value_that_is_no_yaml_is_said_with_its_option() -> None:
    with pytest.raises(RecipeError, match=r"--set train.epochs=\[1: the value is not YAML"):
        build_recipe({"data": {"path": "a.csv"}}, overrides=["train.epochs=[1"])
