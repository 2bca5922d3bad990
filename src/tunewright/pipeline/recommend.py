"""Which system to use, by rules that a person can check against the paired tests.

What it costs to run comes first: word counting needs no model at all. Frozen features and the fine-tuned model cost the same to
run, a pass through the same network; frozen features cost nothing to train. So:

1. Word counting, unless one of the two is shown to be better than it.
2. Of the two, the one that is shown to be better than the other.
3. Where no difference between them is shown, the only one that is shown to be better than word counting.
4. Where both are, the one that measured higher: it costs no more to run. If they measured the same, the one without training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tunewright.evaluate import Comparison

Usable = Literal["model", "frozen", "tfidf"]
Reason = Literal[
    "only", "cheapest", "better", "only_better", "nothing_to_train", "measured_higher", "tuned", "learned", "not_shown"
]
SHOWN: dict[str, Reason] = {"base": "tuned", "dictionary": "learned"}
"""Where there is but one system that can be saved: what it has to be better than, and the reason if it is."""


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """A system, and the rule by which it was chosen."""

    system: Usable
    reason: Reason
    equal: Usable | None = None
    """The system from which no difference was shown and that costs as much to run, where there is one."""


def recommend(
    comparisons: Sequence[Comparison], *, measured: Mapping[str, float | None], higher_is_better: bool
) -> Recommendation:
    """The recommendation among the usable systems in `measured`, each with its value of the metric that was compared."""

    def better(one: str, other: str) -> bool:
        verdicts = {(c.system_a, c.system_b): c.verdict for c in comparisons}
        return verdicts.get((one, other)) == "a_better" or verdicts.get((other, one)) == "b_better"

    neural: list[Usable] = [system for system in ("model", "frozen") if system in measured]
    if not neural:
        return Recommendation(system="tfidf", reason="only")
    ahead = [system for system in neural if better(system, "tfidf")]
    if not ahead:
        return Recommendation(system="tfidf", reason="cheapest")
    if len(neural) == 1:
        return Recommendation(system=neural[0], reason="better")
    if better("model", "frozen"):
        return Recommendation(system="model", reason="better")
    if better("frozen", "model"):
        return Recommendation(system="frozen", reason="better")
    if len(ahead) == 1:
        equal = next(system for system in neural if system != ahead[0])
        return Recommendation(system=ahead[0], reason="only_better", equal=equal)
    tuned, frozen = measured["model"], measured["frozen"]
    sign = 1 if higher_is_better else -1
    if tuned is not None and frozen is not None and sign * tuned > sign * frozen:
        return Recommendation(system="model", reason="measured_higher", equal="frozen")
    return Recommendation(system="frozen", reason="nothing_to_train", equal="model")


def recommend_only(
    comparisons: Sequence[Comparison], *, measured: Mapping[str, float | None], higher_is_better: bool
) -> Recommendation:
    """Where only the model can be saved: the reason says whether it is shown to be better than untuned, or than a list."""
    verdicts = {c.system_b: c.verdict for c in comparisons if c.system_a == "model"}
    reasons = [reason for rival, reason in SHOWN.items() if verdicts.get(rival) == "a_better"]
    if not reasons or "b_better" in verdicts.values():
        return Recommendation(system="model", reason="not_shown")
    return Recommendation(system="model", reason=reasons[0])
