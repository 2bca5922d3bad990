"""Which examples are in a step, how they are cut into micro-batches, and the tensors that come of it.

*Which* is a pure function of (seed, epoch, step) and decides the result; *how* is a matter of speed and decides nothing.
"""

from tunewright.batching.batch import Batch, Layout, TokenTargets, make_batch
from tunewright.batching.cut import CutConfig, Piece, cut, deal
from tunewright.batching.order import num_steps_per_epoch, rows_of_step
from tunewright.batching.store import Examples, ExampleSource, Ragged, Stream, TokenStore

__all__ = [
    "Batch",
    "CutConfig",
    "ExampleSource",
    "Examples",
    "Layout",
    "Piece",
    "Ragged",
    "Stream",
    "TokenStore",
    "TokenTargets",
    "cut",
    "deal",
    "make_batch",
    "num_steps_per_epoch",
    "rows_of_step",
]
