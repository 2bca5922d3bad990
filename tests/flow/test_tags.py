"""The whole way for labels of parts of a text: a tagged file in; a model that tags, and its report, out."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import tunewright as tw
from tests.flow.conftest import FILLER, QUICK
from tunewright.core.errors import DataError, ModelError, RecipeError, StoppedBySignal
from tunewright.core.events import read_events

NAMES = {"PER": ["ada", "bob", "eve", "kim"], "LOC": ["rome", "oslo", "new york", "lima"]}
BEFORE = {"PER": "staff", "LOC": "place"}
"""A word before a name says what it is, so that names that were never seen can be found."""


def tagged_rows(n: int, seed: int = 0) -> list[tuple[list[str], list[str]]]:
    rng = random.Random(seed)
    rows = []
    for _ in range(n):
        words, tags = [], []
        for _ in range(rng.randint(1, 3)):
            filler = rng.choices(FILLER, k=rng.randint(1, 4))
            words += filler
            tags += ["O"] * len(filler)
            label = rng.choice(["PER", "LOC"])
            name = rng.choice(NAMES[label]).split()
            words += [BEFORE[label], *name]
            tags += ["O", f"B-{label}", *[f"I-{label}"] * (len(name) - 1)]
        rows.append((words, tags))
    return rows


def write_conll(path: Path, rows: list[tuple[list[str], list[str]]]) -> Path:
    blocks = ["".join(f"{word}\t{tag}\n" for word, tag in zip(*row, strict=True)) for row in rows]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_conll(tmp_path_factory.mktemp("names") / "names.conll", tagged_rows(160))


@pytest.fixture(scope="module")
def tagged(names: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tw.Run:
    return tw.run(names, model=str(tiny_model), output=tmp_path_factory.mktemp("runs") / "names", overrides=QUICK)


def scores_of(run: tw.Run, system: str) -> dict[str, float]:
    return {
        s["metric"]: s["value"] for s in run.scores if (s["system"], s["split"], s["slice"]) == (system, "test", None)
    }


def test_a_tagged_file_becomes_a_model_that_finds_spans(tagged: tw.Run) -> None:
    assert "task: tag" in tagged.folder.recipe.read_text()
    model, none = scores_of(tagged, "model"), scores_of(tagged, "majority")
    assert none["span_recall"] == 0.0
    assert model["span_f1"] > 0.9
    assert {"span_macro_f1", "span_precision", "token_accuracy"} <= model.keys()
    assert {s["slice"] for s in tagged.scores if s["metric"] == "f1"} == {"label=LOC", "label=PER"}
    assert "dictionary" in {s["system"] for s in tagged.scores}
    watched = [event["metric"] for event in read_events(tagged.folder.events) if event["kind"] == "evaluated"]
    assert set(watched) == {"span_f1"}


def test_the_bundle_finds_what_was_measured_and_plain_transformers_the_same_tags(tagged: tw.Run) -> None:
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    measured = pq.read_table(tagged.folder.predictions("model", "test")).to_pylist()
    found = tagged.model.predict([row["text"] for row in measured])
    assert [[(s.start, s.end, s.label) for s in one.spans] for one in found] == [
        [(s["start"], s["end"], s["label"]) for s in row["prediction"]] for row in measured
    ]
    plain = AutoModelForTokenClassification.from_pretrained(tagged.folder.bundle)
    tokenizer = AutoTokenizer.from_pretrained(tagged.folder.bundle)
    assert list(plain.config.id2label.values()) == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    for row in measured[:5]:
        encoded = tokenizer(row["text"], return_tensors="pt", return_offsets_mapping=True)
        places = encoded.pop("offset_mapping")[0].tolist()
        with torch.inference_mode():
            tags = plain(**encoded).logits[0].argmax(-1).tolist()
        tag_at = {
            start: plain.config.id2label[tag] for (start, end), tag in zip(places, tags, strict=True) if start < end
        }
        begun = {span["start"] for span in row["prediction"]}
        words = {word["start"] for word in row["tokens"]}
        # A span begins at a B, or (repaired) at an I behind something else.
        assert {start for start in words if tag_at[start][0] == "B"} <= begun
        assert all(tag_at[start] != "O" for start in begun)


def test_files_are_tagged_and_come_back_as_they_were_written(tagged: tw.Run, names: Path, tmp_path: Path) -> None:
    bundle = tagged.folder.bundle
    blank = write_conll(tmp_path / "new.conll", [(words, ["O"] * len(words)) for words, _ in tagged_rows(20, seed=5)])
    out = tw.predict_file(bundle, blank)
    assert (out["format"], out["rows"], out["unreadable"]) == ("conll", 20, 0)
    lines = Path(out["output"]).read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[0] for line in lines if line] == [w for words, _ in tagged_rows(20, seed=5) for w in words]
    gold = [tag for _, tags in tagged_rows(20, seed=5) for tag in tags]
    said = [line.split("\t")[1] for line in lines if line]
    assert sum(a == b for a, b in zip(gold, said, strict=True)) > 0.9 * len(gold)

    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"id": 1, "text": "the staff ada"}\n{"id": 2, "text": "very good"}\n', encoding="utf-8")
    out = tw.predict_file(bundle, texts)
    rows = [json.loads(line) for line in Path(out["output"]).read_text(encoding="utf-8").splitlines()]
    assert [[(s["text"], s["label"]) for s in row["spans"]] for row in rows] == [[("ada", "PER")], []]
    table = tmp_path / "texts.csv"
    table.write_text("id,text\n1,the staff ada\n", encoding="utf-8")
    cells = Path(tw.predict_file(bundle, table)["output"]).read_text(encoding="utf-8")
    assert '""label"": ""PER""' in cells


def test_a_tagged_file_is_scored(tagged: tw.Run, names: Path, tmp_path: Path) -> None:
    found = tw.evaluate_file(tagged.folder.bundle, names)
    assert (found.rows_read, found.rows_scored, found.unreadable) == (160, 160, 0)
    assert found.stored is not None
    assert found.stored.now == pytest.approx(found.stored.stored)
    other = write_conll(tmp_path / "other.conll", [(["the", "thing"], ["O", "B-THING"])])
    [unknown] = tw.evaluate_file(tagged.folder.bundle, other).unknown
    assert (unknown.label, unknown.rows) == ("THING", 1)
    plain = tmp_path / "plain.csv"
    plain.write_text("id,text\n1,good\n", encoding="utf-8")
    with pytest.raises(DataError, match="no tagged rows"):
        tw.evaluate_file(tagged.folder.bundle, plain)


@pytest.mark.parametrize("shape", ["tokens", "spans"])
def test_other_shapes_of_tagged_rows_are_recognised_and_long_texts_are_read_whole(
    shape: str, tiny_model: Path, tmp_path: Path
) -> None:
    rows = tagged_rows(80)
    path = tmp_path / f"{shape}.jsonl"
    if shape == "tokens":
        records: list[dict[str, object]] = [{"tokens": words, "tags": tags} for words, tags in rows]
    else:
        records = [_record(words, tags) for words, tags in rows]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    run = tw.run(
        path, model=str(tiny_model), output=tmp_path / "run",
        overrides=[*QUICK, "train.epochs=1", "encode.max_length=12"],
    )  # fmt: skip
    assert "long_texts: windows" in run.folder.recipe.read_text()
    account = json.loads(run.folder.account.read_text())
    assert all(stage["stage"] != "encode" for stage in account)  # every span is within reach
    assert scores_of(run, "dictionary")["span_f1"] > 0.9
    assert run.model.about.form == "tagged"


def _record(words: list[str], tags: list[str]) -> dict[str, object]:
    starts = [sum(len(word) + 1 for word in words[:place]) for place in range(len(words))]
    spans = [
        [starts[place], starts[place] + len(words[place]), tag[2:]] for place, tag in enumerate(tags) if tag[0] == "B"
    ]
    return {"text": " ".join(words), "entities": spans}


def test_spans_that_no_token_can_tell_are_in_the_ledger(tiny_model: Path, tmp_path: Path) -> None:
    rows = [{"text": "the staff ada here", "entities": [[10, 13, "PER"]]} for _ in range(1)]
    rows += [_record(*row) for row in tagged_rows(60)]
    rows.append({"text": "a preadapost", "entities": [[5, 8, "PER"]]})
    path = tmp_path / "spans.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run = tw.run(path, model=str(tiny_model), output=tmp_path / "run", overrides=[*QUICK, "train.epochs=1"])
    ledger = pq.read_table(run.folder.ledger).to_pylist()
    [entry] = [entry for entry in ledger if entry["stage"] == "encode"]
    assert (entry["action"], entry["reason_code"], entry["after"]) == ("noted", "span_out_of_reach", "PER 5-8")


@pytest.mark.parametrize(
    ("overrides", "said", "error", "expected"),
    [
        (["loss.name=bce"], {}, RecipeError, "loss `bce`: tags are learned"),
        (["batching.layout=packed"], {}, RecipeError, "`packed` is for decoders"),
        ([], {"model": "none"}, ModelError, "for a model alone"),
    ],
)
def test_what_can_not_be_done_is_said_with_what_to_do(
    overrides: list[str], said: dict[str, Any], error: type[Exception], expected: str, names: Path, tiny_model: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    with pytest.raises(error, match=expected):
        tw.run(names, output=tmp_path / "run", overrides=[*QUICK, *overrides], **{"model": str(tiny_model), **said})


def test_a_file_without_a_span_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    blank = write_conll(tmp_path / "blank.conll", [(["a", "b"], ["O", "O"])] * 9)
    with pytest.raises(DataError, match="no row has a span"):
        tw.run(blank, model=str(tiny_model), output=tmp_path / "run", overrides=QUICK)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_has_labels_and_marks_the_spans_of_the_worst_texts(
    language: str, tiny_model: Path, tmp_path: Path
) -> None:
    rows = [
        (["<b>", *words], ["O", *tags]) if number % 4 == 0 else (words, tags)
        for number, (words, tags) in enumerate(tagged_rows(60))
    ]
    path = write_conll(tmp_path / "names.conll", rows)
    few = [*QUICK, "train.epochs=1", "optimizer.learning_rate=1e-5"]
    run = tw.run(path, model=str(tiny_model), output=tmp_path / "run", overrides=few, language=language)
    page = run.report.read_text(encoding="utf-8")
    assert '<mark class="wrong">' in page
    assert "&lt;b&gt;" in page
    assert "<b> the" not in page
    assert {"en": "Span F1", "zh": "片段 F1"}[language] in page
    card = (run.folder.bundle / "README.md").read_text(encoding="utf-8")
    assert "AutoModelForTokenClassification" in card
    assert 'pipeline_tag: "token-classification"' in card


def test_spans_move_with_texts_that_cleaning_changes_and_answers_come_back_in_the_file_s_own_places(
    tiny_model: Path, tmp_path: Path
) -> None:
    def marked(rows: list[tuple[list[str], list[str]]]) -> list[tuple[list[str], list[str]]]:
        """Each name in bold, the marks tokens of their own, and one row in three with an address at its end."""
        found = []
        for number, (words, tags) in enumerate(rows):
            pairs = [
                pair
                for word, tag in zip(words, tags, strict=True)
                for pair in ([("<b>", "O"), (word, tag), ("</b>", "O")] if tag != "O" else [(word, tag)])
            ]
            pairs += [("ada@firm.org", "O")] if number % 3 == 0 else []
            found.append(([word for word, _ in pairs], [tag for _, tag in pairs]))
        return found

    path = write_conll(tmp_path / "bold.conll", marked(tagged_rows(160)))
    overrides = [*QUICK, "clean.strip_markup=true"]
    run = tw.run(path, model=str(tiny_model), output=tmp_path / "run", overrides=overrides, private=True)
    rows = pq.read_table(run.folder.rows).to_pylist()
    assert not any("<b>" in row["text"] or "@" in row["text"] for row in rows)
    assert any("[email]" in row["text"] for row in rows)
    named = {row["text"][span["start"] : span["end"]] for row in rows for span in row["spans"]}
    assert named <= {part for names in NAMES.values() for name in names for part in name.split()}
    stages = {entry["stage"] for entry in pq.read_table(run.folder.ledger).to_pylist()}
    assert {"clean.strip_markup", "clean.scrub"} <= stages
    assert scores_of(run, "model")["span_f1"] > 0.9
    new = marked(tagged_rows(20, seed=5))
    out = tw.predict_file(run.folder.bundle, write_conll(tmp_path / "new.conll", new))
    lines = Path(out["output"]).read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[0] for line in lines if line] == [word for words, _ in new for word in words]
    said = [line.split("\t")[1] for line in lines if line]
    gold = [tag for _, tags in new for tag in tags]
    assert sum(a == b for a, b in zip(gold, said, strict=True)) > 0.95 * len(gold)
    texts = [" ".join(words) for words, _ in new]
    names = [[word for word, tag in zip(*row, strict=True) if tag != "O"] for row in new]
    answers = run.model.predict(texts)
    assert all(text[s.start : s.end] == s.text for text, one in zip(texts, answers, strict=True) for s in one.spans)
    found = [name in [span.text for span in one.spans] for one, own in zip(answers, names, strict=True) for name in own]
    assert sum(found) > 0.8 * len(found)


def test_a_private_run_shows_no_text(names: Path, tiny_model: Path, tmp_path: Path) -> None:
    few = [*QUICK, "train.epochs=1"]
    run = tw.run(names, model=str(tiny_model), output=tmp_path / "run", overrides=few, private=True)
    page = run.report.read_text(encoding="utf-8")
    assert not any(name in page for name in ("new york", "staff ada", "place rome"))


def test_a_kill_in_training_costs_nothing(names: Path, tiny_model: Path, tagged: tw.Run, tmp_path: Path) -> None:
    calls = iter(range(1000))
    stopped = pytest.raises(StoppedBySignal)
    said: dict[str, Any] = {"model": str(tiny_model), "output": tmp_path / "run"}
    overrides = [*QUICK, "train.save_seconds=0"]
    with stopped:
        tw.run(names, overrides=overrides, stop=lambda: 15 if next(calls) == 30 else None, **said)
    assert any(tmp_path.glob("run/checkpoints/*"))
    assert tw.run(names, overrides=overrides, **said).weights_digest == tagged.weights_digest


def test_a_tagger_is_refused_where_whole_texts_need_a_label(tagged: tw.Run, names: Path) -> None:
    from tunewright.pipeline.bias import evaluate_bias

    with pytest.raises(ModelError, match=r"another task \(`tag`\)"):
        evaluate_bias(tagged.folder.bundle, names)


def test_a_preview_shows_which_tokens_answer_for_words(names: Path, tiny_model: Path) -> None:
    from tunewright.pipeline.preview import preview
    from tunewright.report.preview import preview_view
    from tunewright.report.words import Words

    found = preview(
        names, model=str(tiny_model), rows=3, overrides=["loss={name: cross_entropy, class_weights: [1, 2, 3, 4, 5]}"]
    )
    assert (found.task, found.kind, found.taught) == ("tag", "spans", 160)
    for example in found.examples:
        [part] = example.parts
        counted = [token for token in part.tokens if token.weight > 0]
        assert not any(token.special or token.text.startswith("##") for token in counted)
        assert {token.weight for token in counted} <= {1.0, 2.0, 3.0, 4.0, 5.0}
        assert {token.weight for token in counted} > {1.0}
        assert example.answer is not None
        assert ": " in example.answer
    assert preview_view(found.to_json(), Words("en")).sections
