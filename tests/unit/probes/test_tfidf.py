import json
from pathlib import Path

import numpy as np
import pytest

from tunewright.core.errors import DataError
from tunewright.probes import TfidfConfig, fit_tfidf

SHARED = Path(__file__).parents[4] / "shared" / "data"
TEXTS = ["good food", "good room", "very good", "bad food", "bad room", "so bad"] * 5
TARGETS = np.array([1, 1, 1, 0, 0, 0] * 5)


def test_learns_words() -> None:
    probe = fit_tfidf(TEXTS, TARGETS, kind="single_label", labels=["no", "yes"])
    assert probe.logits(["good", "bad"]).argmax(axis=1).tolist() == [1, 0]


def test_learns_chinese_without_spaces() -> None:
    texts = ["酒店很好", "房间不错很好", "服务很差", "又脏又差"] * 5
    probe = fit_tfidf(texts, np.array([1, 1, 0, 0] * 5), kind="single_label", labels=["no", "yes"])
    assert probe.logits(["早餐很好", "早餐很差"]).argmax(axis=1).tolist() == [1, 0]


def test_same_rows_give_the_same_bits() -> None:
    first = fit_tfidf(TEXTS, TARGETS, kind="single_label", labels=["no", "yes"])
    second = fit_tfidf(TEXTS, TARGETS, kind="single_label", labels=["no", "yes"])
    assert np.array_equal(first.linear.weight_FC, second.linear.weight_FC)


def test_logits_of_a_text_do_not_depend_on_its_neighbours() -> None:
    probe = fit_tfidf(TEXTS, TARGETS, kind="single_label", labels=["no", "yes"])
    together = probe.logits(["good food", "bad"] * 2000)
    assert np.array_equal(together[:1], probe.logits(["good food"]))
    assert np.array_equal(together[-1:], probe.logits(["bad"]))


def test_a_text_of_unknown_words_gets_the_shares_of_training() -> None:
    texts, targets = [*TEXTS, *["good day"] * 30], np.concatenate([TARGETS, np.ones(30, np.int64)])
    probe = fit_tfidf(texts, targets, kind="single_label", labels=["no", "yes"])
    assert probe.logits(["0", ""]).argmax(axis=1).tolist() == [1, 1]


def test_several_labels_are_answered_each_on_its_own() -> None:
    texts = ["good food", "bad food", "good room", "bad room"] * 5
    targets = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]] * 5, np.float32)
    probe = fit_tfidf(texts, targets, kind="multi_label", labels=["good", "food", "never"])
    assert (probe.logits(["good food", "bad room"]) > 0).tolist() == [[True, True, False], [False, False, False]]


def test_numbers_are_answered_in_their_own_scale() -> None:
    texts = ["good", "bad"] * 20
    probe = fit_tfidf(texts, np.array([1000.0, 2000.0] * 20), kind="regression", labels=[])
    good, bad = probe.logits(["good", "bad"])[:, 0]
    assert good == pytest.approx(1000, abs=150)
    assert bad == pytest.approx(2000, abs=150)


def test_what_two_texts_share_is_a_feature_of_the_pair() -> None:
    nouns = ["cat", "dog", "sun", "sea", "car", "hat"]
    pairs = [(a, b) for a in nouns for b in nouns] * 3
    same = np.array([int(a == b) for a, b in pairs])
    probe = fit_tfidf(
        [a for a, _ in pairs], same, kind="single_label", labels=["no", "yes"], pairs=[b for _, b in pairs],
        weights=np.where(same == 1, 5.0, 1.0),
    )  # fmt: skip
    assert probe.logits(["cat", "cat"], pairs=["cat", "dog"]).argmax(axis=1).tolist() == [1, 0]


def test_a_class_without_rows_is_never_the_answer() -> None:
    probe = fit_tfidf(TEXTS, TARGETS, kind="single_label", labels=["no", "yes", "ghost"])
    logits = probe.logits(["good", "bad", "ghost", ""])
    assert np.isfinite(logits).all()
    assert 2 not in logits.argmax(axis=1)


def test_weight_zero_is_as_if_the_row_were_not_there() -> None:
    texts, targets = [*TEXTS, "awful"], np.append(TARGETS, 1)
    weights = np.append(np.ones(len(TEXTS)), 0.0)
    probe = fit_tfidf(texts, targets, kind="single_label", labels=["no", "yes"], weights=weights)
    moved = fit_tfidf(texts, np.append(TARGETS, 0), kind="single_label", labels=["no", "yes"], weights=weights)
    np.testing.assert_allclose(probe.logits(["awful", "good"]), moved.logits(["awful", "good"]), atol=1e-6)


def test_features_are_bounded() -> None:
    config = TfidfConfig(max_features=10)
    probe = fit_tfidf(TEXTS, TARGETS, kind="single_label", labels=["no", "yes"], config=config)
    assert [len(block.keys_F) for block in probe.blocks] == [10, 10]


def test_no_rows_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(DataError, match="Label some rows"):
        fit_tfidf([], np.zeros(0, np.int64), kind="single_label", labels=["a", "b"])


def test_pairs_are_wanted_where_it_was_fitted_on_pairs() -> None:
    probe = fit_tfidf(TEXTS, TARGETS, kind="single_label", labels=["no", "yes"], pairs=TEXTS)
    with pytest.raises(DataError, match="with a second text"):
        probe.logits(["good"])


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared data sets beside the repository")
@pytest.mark.parametrize(("name", "accuracy"), [("sst2", 82.5), ("tweeteval_emotion", 70.4)])
def test_reaches_the_published_baseline(name: str, accuracy: float) -> None:
    def read(split: str) -> tuple[list[str], np.ndarray]:
        lines = (SHARED / name / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        return [row["text"] for row in rows], np.array([int(row["label"]) for row in rows])

    texts, targets = read("train")
    labels = [str(i) for i in range(int(targets.max()) + 1)]
    probe = fit_tfidf(texts, targets, kind="single_label", labels=labels)
    test_texts, gold = read("test")
    found = 100 * (probe.logits(test_texts).argmax(axis=1) == gold).mean()
    assert found == pytest.approx(accuracy, abs=0.7)
