from __future__ import annotations

import itertools

import numpy as np
import pytest

from tunewright.evaluate import FairnessConfig, Predictions, from_answers, from_logits
from tunewright.evaluate.counterfactual import Design, Effect, effect, judged

QUICK = FairnessConfig(resamples=999)


def two_classes(score_V: np.ndarray) -> Predictions:
    logits = np.log(score_V / (1 - score_V))
    return from_logits(
        [str(i) for i in range(len(score_V))], kind="single_label", labels=["no", "yes"], gold=None,
        logits_NC=np.stack([np.zeros(len(score_V)), logits], 1),
    )  # fmt: skip


def names_in_templates(
    *, frames: int, terms: int, groups: int = 2, shift: float = 0.0, by_term: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, Design]:
    """Every frame said with every term of every group. The first group's scores are higher by `shift`; each term has a
    whim of its own of size `by_term`.
    """
    rng = np.random.default_rng(seed)
    whim = {(g, t): rng.normal(0, by_term) for g in range(groups) for t in range(terms)}
    level = rng.uniform(0.3, 0.7, frames)
    cells = list(itertools.product(range(frames), range(groups), range(terms)))
    score = [
        level[f] + (shift if g == 0 else 0.0) + whim[g, t] + rng.normal(0, 0.01) for f, g, t in cells
    ]  # fmt: skip
    return np.clip(score, 0.02, 0.98), Design(
        axis="names", groups=tuple("abcdefgh"[:groups]), frames=[f"f{f}" for f, _, _ in cells],
        clusters=[f"c{f % 12}" for f, _, _ in cells], group_V=np.array([g for _, g, _ in cells]),
        terms=[f"{g}{t}" for _, g, t in cells], interchangeable=True,
    )  # fmt: skip


def pairs(answers: list[list[str]], groups: list[list[int]], num_groups: int) -> Effect:
    """Frames given as lists of answers and of the groups they belong to."""
    flat = [a for frame in answers for a in frame]
    frames = [str(i) for i, frame in enumerate(answers) for _ in frame]
    design = Design(
        axis="x", groups=tuple("abcd"[:num_groups]), frames=frames, clusters=frames,
        group_V=np.array([g for frame in groups for g in frame]), terms=["t"] * len(flat),
    )  # fmt: skip
    predictions = from_answers(
        [str(i) for i in range(len(flat))], kind="single_label", labels=["no", "yes"], gold=None, answers=flat
    )
    return effect(predictions, design, config=QUICK)


def test_flips_are_pairs_of_versions_counted_one_by_one() -> None:
    rng = np.random.default_rng(0)
    answers = [[rng.choice(["no", "yes"]) for _ in range(rng.integers(2, 7))] for _ in range(40)]
    groups = [[int(rng.integers(0, 3)) for _ in frame] for frame in answers]
    found = pairs(answers, groups, 3)
    across, within = [], []
    for said, of in zip(answers, groups, strict=True):
        both = list(itertools.combinations(zip(said, of, strict=True), 2))
        unlike = [(one[0] != two[0], one[1] != two[1]) for one, two in both]
        for shares, other_group in ((across, True), (within, False)):
            if chosen := [flips for flips, differs in unlike if differs == other_group]:
                shares.append(np.mean(chosen))
    assert found.flips.value == pytest.approx(np.mean(across))
    assert found.flips_within.value == pytest.approx(np.mean(within))
    assert (found.flips.n, found.flips_within.n) == (len(across), len(within))
    assert found.frames_flipped == sum(len(set(said)) > 1 for said in answers)


def test_no_flip_among_fifty_texts_still_has_an_upper_end() -> None:
    found = pairs([["yes", "yes"]] * 50, [[0, 1]] * 50, 2)
    assert found.flips.value == 0
    assert found.flips_within is None
    assert 0.04 < found.flips.high < 0.12


def test_a_planted_shift_is_found_with_its_size_and_the_other_group_is_its_mirror() -> None:
    score, design = names_in_templates(frames=48, terms=6, shift=0.08, by_term=0.01)
    (found,) = judged([effect(two_classes(score), design, config=QUICK)])
    (only,) = found.shifts
    (shift,) = only.shifts
    assert (only.group, shift.label, only.clusters, only.n) == ("a", "yes", 12, 48)
    assert only.verdict == "shift"
    assert shift.low < 0.08 < shift.high
    assert shift.low > 0.05


def test_three_groups_are_each_held_against_the_mean_of_the_others() -> None:
    score, design = names_in_templates(frames=48, terms=6, groups=3, shift=0.09, by_term=0.005)
    found = effect(two_classes(score), design, config=QUICK)
    values = {one.group: one.shifts[0].value for one in found.shifts}
    assert values["a"] == pytest.approx(0.09, abs=0.01)
    assert values["b"] == pytest.approx(-0.045, abs=0.01)
    assert sum(values.values()) == pytest.approx(0, abs=1e-9)


def test_whims_of_single_names_are_no_shift_of_their_group() -> None:
    """Four names a group with whims: over templates the difference is certain, over names it is chance."""
    alarms, over_texts = 0, 0
    for seed in range(40):
        score, design = names_in_templates(frames=48, terms=5, by_term=0.05, seed=seed)
        (found,) = judged([effect(two_classes(score), design, config=QUICK)])
        alarms += found.shifts[0].verdict == "shift"
        fixed = Design(**(vars(design) | {"interchangeable": False}))
        over_texts += judged([effect(two_classes(score), fixed, config=QUICK)])[0].shifts[0].verdict == "shift"
    assert alarms <= 6
    assert over_texts >= 20


def test_terms_are_weighed_as_texts_are_so_that_test_and_interval_speak_of_one_number() -> None:
    """One template of one frame where the group matters, and one of nine where it does not: the shift is half of it."""
    rng = np.random.default_rng(0)
    frames = ["a0"] + [f"b{i}" for i in range(9)]
    cells = list(itertools.product(frames, range(2), range(6)))
    score = np.array([0.5 + (0.2 if f == "a0" and g == 0 else 0.0) + rng.normal(0, 0.005) for f, g, _ in cells])
    design = Design(
        axis="names", groups=("x", "y"), frames=[f for f, _, _ in cells], clusters=[f[0] for f, _, _ in cells],
        group_V=np.array([g for _, g, _ in cells]), terms=[f"{g}{t}" for _, g, t in cells], interchangeable=True,
    )  # fmt: skip
    (only,) = effect(two_classes(score), design, config=QUICK).shifts
    assert only.shifts[0].value == pytest.approx(0.1, abs=0.005)
    assert only.p_terms < 1e-9  # weighed by frames, .02 is lost in what is planted in one of them


def test_under_the_null_few_shifts_are_shown() -> None:
    alarms = 0
    for seed in range(100):
        score, design = names_in_templates(frames=36, terms=1, seed=seed)
        (found,) = judged([effect(two_classes(score), design, config=QUICK)])
        alarms += found.shifts[0].verdict == "shift"
    assert alarms <= 12


def test_mixed_texts_flip_but_shift_nobody() -> None:
    score = np.array([0.9, 0.1, 0.6, 0.6, 0.7, 0.7])
    frames = ["x", "x", "y", "y", "z", "z"]
    design = Design(
        axis="gender", groups=("f", "m"), frames=frames, clusters=frames, group_V=np.array([0, 1] * 3),
        terms=["she", "he"] * 3, mixed_V=[True, True, False, False, False, False],
    )  # fmt: skip
    found = effect(two_classes(score), design, config=QUICK)
    assert (found.mixed, found.frames, found.frames_flipped) == (1, 3, 1)
    assert found.flips.value == pytest.approx(1 / 3)
    assert found.shifts[0].shifts[0].value == 0
    assert found.sizes == {"f": 2, "m": 2}


def test_numbers_shift_and_have_no_flips() -> None:
    values = np.array([10.0, 12.0, 20.0, 21.0, 5.0, 8.0])
    frames = ["x", "x", "y", "y", "z", "z"]
    design = Design(
        axis="age",
        groups=("young", "old"),
        frames=frames,
        clusters=frames,
        group_V=np.array([0, 1] * 3),
        terms=["t"] * 6,
    )
    predictions = from_logits(
        [str(i) for i in range(6)], kind="regression", labels=(), gold=None, logits_NC=values[:, None]
    )
    found = effect(predictions, design, config=QUICK)
    assert found.flips is None
    assert found.shifts[0].shifts[0].value == pytest.approx(-2.0)
    assert found.shifts[0].shifts[0].label is None


def test_many_labels_make_one_test_and_a_shift_for_each() -> None:
    rng = np.random.default_rng(2)
    logits = np.repeat(rng.normal(0, 1, (40, 1, 5)), 2, axis=1)
    logits[:, 0, 3] += 0.5
    frames = [str(f) for f in range(40) for _ in range(2)]
    design = Design(
        axis="gender",
        groups=("f", "m"),
        frames=frames,
        clusters=frames,
        group_V=np.array([0, 1] * 40),
        terms=["t"] * 80,
    )
    predictions = from_logits(
        frames, kind="single_label", labels=list("abcde"), gold=None, logits_NC=logits.reshape(80, 5)
    )
    (found,) = judged([effect(predictions, design, config=QUICK)])
    (only,) = found.shifts
    assert only.verdict == "shift"
    assert {s.label: s.value > 0 for s in only.shifts} == {"a": False, "b": False, "c": False, "d": True, "e": False}
