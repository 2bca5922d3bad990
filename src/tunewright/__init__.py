"""Fine-tune a pretrained language model on your own labelled text, and be able to believe the result.

    import tunewright as tw

    run = tw.run("reviews.csv")          # from a raw file to a model and a report
    run.report                           # the page
    run.model.predict(["not bad at all"])

    tw.train_recipe("recipe.yaml")              # the same under full control
    tw.load("runs/reviews-1a2b3c4d/model").predict(["..."])

Names are imported when they are used: `import tunewright` loads neither torch nor transformers.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import tunewright.core.threads  # noqa: F401  # here, because this file is loaded before any that loads torch

if TYPE_CHECKING:
    from tunewright.core.errors import TunewrightError
    from tunewright.pipeline.behaviour import evaluate_behaviour
    from tunewright.pipeline.bias import evaluate_bias
    from tunewright.pipeline.compare import compare_runs
    from tunewright.pipeline.evaluate import evaluate_file
    from tunewright.pipeline.init import init_recipe
    from tunewright.pipeline.predict import predict_file
    from tunewright.pipeline.preview import preview
    from tunewright.pipeline.run import Run, run, train_recipe
    from tunewright.recipe import Recipe, load_recipe
    from tunewright.serve import Answer, Predictor, WritingPredictor, WrittenAnswer, load

_HOME = {
    "Answer": "tunewright.serve",
    "Predictor": "tunewright.serve",
    "Recipe": "tunewright.recipe",
    "Run": "tunewright.pipeline.run",
    "TunewrightError": "tunewright.core.errors",
    "compare_runs": "tunewright.pipeline.compare",
    "WritingPredictor": "tunewright.serve",
    "WrittenAnswer": "tunewright.serve",
    "evaluate_behaviour": "tunewright.pipeline.behaviour",
    "evaluate_bias": "tunewright.pipeline.bias",
    "evaluate_file": "tunewright.pipeline.evaluate",
    "init_recipe": "tunewright.pipeline.init",
    "load": "tunewright.serve",
    "load_recipe": "tunewright.recipe",
    "predict_file": "tunewright.pipeline.predict",
    "preview": "tunewright.pipeline.preview",
    "run": "tunewright.pipeline.run",
    "train_recipe": "tunewright.pipeline.run",
}

__all__ = [
    "Answer",
    "Predictor",
    "Recipe",
    "Run",
    "TunewrightError",
    "WritingPredictor",
    "WrittenAnswer",
    "compare_runs",
    "evaluate_behaviour",
    "evaluate_bias",
    "evaluate_file",
    "init_recipe",
    "load",
    "load_recipe",
    "predict_file",
    "preview",
    "run",
    "train_recipe",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'tunewright' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
