"""Answers that are texts: translations, completions, turns of a chat, how a text goes on. Cross-entropy over their tokens."""

from __future__ import annotations

from tunewright.tasks.task import TextTask

TRANSLATE = TextTask(
    name="translate", forms=("pair",), default_loss="cross_entropy", primary_metric="chrf",
)  # fmt: skip
TRANSDUCE = TextTask(
    name="transduce", forms=("pair", "completion", "dialogue"), default_loss="cross_entropy", primary_metric="chrf",
)  # fmt: skip
COMPLETE = TextTask(
    name="complete", forms=("completion", "pair", "dialogue"), default_loss="cross_entropy", primary_metric="chrf",
)  # fmt: skip
CHAT = TextTask(
    name="chat", forms=("dialogue", "completion"), default_loss="cross_entropy", primary_metric="chrf",
)  # fmt: skip
CONTINUE = TextTask(
    name="continue", forms=("text",), default_loss="cross_entropy", primary_metric="nll_per_token",
    measured_by=("nll_per_token", "perplexity"),
)  # fmt: skip
