"""Wrong labels of a test set are found among rows of a good model; answers without scores doubt nothing."""

from __future__ import annotations

import numpy as np

from tunewright.evaluate import from_answers, from_logits
from tunewright.evaluate.label_doubts import doubt_labels

LABELS = ("a", "b", "c")


def test_planted_wrong_labels_are_found_with_what_they_should_be() -> None:
    rng = np.random.default_rng(0)
    true_N = rng.integers(0, 3, 600)
    logits_NC = rng.normal(0, 1, (600, 3))
    logits_NC[np.arange(600), true_N] += 5
    wrong = set(rng.choice(600, 30, replace=False).tolist())
    gold = [LABELS[(c + 1) % 3] if i in wrong else LABELS[c] for i, c in enumerate(true_N.tolist())]
    test = from_logits([str(i) for i in range(600)], kind="single_label", labels=LABELS, gold=gold, logits_NC=logits_NC)
    found = doubt_labels(test)
    assert found is not None
    assert found.judged == 600
    hits = [int(row_id) for row_id in found.suggested if int(row_id) in wrong]
    assert len(hits) >= 27
    assert len(hits) >= 0.9 * len(found.suggested)
    assert all(found.suggested[str(i)] == LABELS[true_N[i]] for i in hits)


def test_of_several_labels_one_is_added_or_taken_away() -> None:
    rng = np.random.default_rng(1)
    there_NC = rng.random((300, 3)) < 0.5
    logits_NC = np.where(there_NC, 4.0, -4.0) + rng.normal(0, 0.5, (300, 3))
    given_NC = there_NC.copy()
    given_NC[:10, 1] = ~given_NC[:10, 1]
    gold = [[label for label, there in zip(LABELS, row, strict=True) if there] for row in given_NC.tolist()]
    test = from_logits([str(i) for i in range(300)], kind="multi_label", labels=LABELS, gold=gold, logits_NC=logits_NC)
    found = doubt_labels(test)
    assert found is not None
    assert {*found.suggested} == {str(i) for i in range(10)}
    for i in range(10):
        assert ("b" in found.suggested[str(i)]) == there_NC[i, 1]
        assert {*found.suggested[str(i)]} ^ {*gold[i]} == {"b"}


def test_a_class_with_few_rows_or_unknown_to_the_model_is_not_judged() -> None:
    logits_NC = np.tile([4.0, 0.0, 0.0], (40, 1))
    gold = ["a"] * 35 + ["b"] * 3 + ["z"] * 2
    test = from_logits([str(i) for i in range(40)], kind="single_label", labels=LABELS, gold=gold, logits_NC=logits_NC)
    found = doubt_labels(test)
    assert found is not None
    assert (found.judged, found.suggested) == (35, {})


def test_answers_without_scores_doubt_nothing() -> None:
    said = from_answers(["1"], kind="single_label", labels=LABELS, gold=["a"], answers=["b"])
    assert doubt_labels(said) is None
