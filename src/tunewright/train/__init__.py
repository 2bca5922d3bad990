"""Training: the step, the loop around it, and checkpoints from which it goes on bit for bit."""

from tunewright.train.checkpoint import Evaluation, Progress, weights_digest
from tunewright.train.fit import Fitted, MeasuredShape, MeasuredShapes, fit, measure_shapes, run_steps
from tunewright.train.plan import FitPlan, Length, TrainConfig
from tunewright.train.step import StepParts, StepRecord, accumulate_gradients, train_step
from tunewright.train.stopping import StoppingConfig

__all__ = [
    "Evaluation",
    "FitPlan",
    "Fitted",
    "Length",
    "MeasuredShape",
    "MeasuredShapes",
    "Progress",
    "StepParts",
    "StepRecord",
    "StoppingConfig",
    "TrainConfig",
    "accumulate_gradients",
    "fit",
    "measure_shapes",
    "run_steps",
    "train_step",
    "weights_digest",
]
