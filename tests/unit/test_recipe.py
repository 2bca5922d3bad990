"""What a recipe says of a key that it does not know."""

from __future__ import annotations

import pytest

from tunewright.core.errors import RecipeError
from tunewright.recipe import build_recipe


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
