"""The whole way for answers that are texts: a file of pairs, prompts or chats in; a model that writes, and its report, out."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import tunewright as tw
from tests.tiny_writers import TEMPLATE, write_decoder, write_encoder_decoder, write_t5
from tunewright.core.errors import DataError, ModelError, RecipeError, StoppedBySignal
from tunewright.core.events import read_events
from tunewright.data.shapes import Dialogue, Message
from tunewright.models.config import GenerateConfig
from tunewright.serve import WritingPredictor, load_chat

QUICK = [
    "train.epochs=2", "train.examples_per_step=16", "optimizer.learning_rate=3e-3", "runtime.threads=1",
    "runtime.matmul=highest", "evaluate.resamples=100",
]  # fmt: skip
THINKING = """\
{%- for message in messages -%}
<|{{ message.role }}|>{{ '<think></think>' if message.role == 'assistant' else '' }}{{ message.content }}{{ eos_token }}
{%- endfor -%}
{%- if add_generation_prompt -%}
<|assistant|>{{ '<think></think>' if enable_thinking is defined and not enable_thinking else '' }}
{%- endif -%}
"""
CIPHER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "bcdefghijklmnopqrstuvwxyza")


def words(n: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 7))) for _ in range(n)]


def write_jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows: list[dict[str, object]] = [{"source": word, "target": word.translate(CIPHER)} for word in words(120)]
    rows.append({"source": "unanswered"})
    return write_jsonl(tmp_path_factory.mktemp("pairs") / "pairs.jsonl", rows)


@pytest.fixture(scope="module")
def chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows: list[dict[str, object]] = []
    for first, second in zip(words(60, 1), words(60, 2), strict=True):
        turns = [("system", "be kind"), ("user", first), ("assistant", first.translate(CIPHER)), ("user", second)]
        turns.append(("assistant", second.translate(CIPHER)))
        rows.append({"messages": [{"role": role, "content": content} for role, content in turns]})
    rows.append({"messages": [{"role": "user", "content": "x" * 300}, {"role": "assistant", "content": "too long"}]})
    return write_jsonl(tmp_path_factory.mktemp("chats") / "chats.jsonl", rows)


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_decoder(tmp_path_factory.mktemp("models") / "decoder", chat_template=TEMPLATE)


@pytest.fixture(scope="module")
def encoder_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder_decoder(tmp_path_factory.mktemp("models") / "encoder-decoder")


@pytest.fixture(scope="module")
def ciphered(pairs: Path, encoder_decoder: Path, tmp_path_factory: pytest.TempPathFactory) -> tw.Run:
    folder = tmp_path_factory.mktemp("runs") / "pairs"
    return tw.run(pairs, model=str(encoder_decoder), output=folder, overrides=QUICK)


def scores_of(run: tw.Run, system: str) -> dict[str, float]:
    return {s["metric"]: s["value"] for s in run.scores if (s["system"], s["split"]) == (system, "test")}


def test_pairs_become_an_encoder_decoder_that_is_nearer_to_the_answers_than_before(ciphered: tw.Run) -> None:
    model, untuned = scores_of(ciphered, "model"), scores_of(ciphered, "base")
    assert model["nll_per_token"] < 0.9 * untuned["nll_per_token"]
    assert {"chrf", "exact_match", "bleu", "perplexity"} <= model.keys()
    assert scores_of(ciphered, "copy")["exact_match"] == 0.0
    assert "nearest" in {s["system"] for s in ciphered.scores}
    losses = [event["loss"] for event in read_events(ciphered.folder.events) if event["kind"] == "evaluated"]
    assert losses[-1] < losses[0]
    assert ciphered.report.read_text(encoding="utf-8").count("<section") >= 4


def test_every_row_is_accounted_for_and_the_unanswered_one_is_answered(ciphered: tw.Run) -> None:
    rows = pq.read_table(ciphered.folder.rows)
    assert len(rows) == 121
    assert rows.column("split").null_count == 1
    unlabelled = pq.read_table(ciphered.folder.predictions("model", "unlabelled"))
    assert unlabelled.column("source").to_pylist() == ["unanswered"]
    assert unlabelled.column("prediction").null_count == 0


def test_the_bundle_writes_what_was_measured_and_plain_transformers_writes_the_same(ciphered: tw.Run) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    measured = pq.read_table(ciphered.folder.predictions("model", "test")).to_pylist()[:8]
    ours = ciphered.model.predict([row["source"] for row in measured])
    assert [answer.text for answer in ours] == [row["prediction"] for row in measured]
    plain = AutoModelForSeq2SeqLM.from_pretrained(ciphered.folder.bundle)
    tokenizer = AutoTokenizer.from_pretrained(ciphered.folder.bundle)
    for row in measured[:3]:
        ids = plain.generate(**tokenizer(row["source"], return_tensors="pt"), max_new_tokens=32)
        assert tokenizer.decode(ids[0], skip_special_tokens=True).strip() == row["prediction"]


@pytest.mark.parametrize("form", ["chat", "complete", "continue"])
def test_a_decoder_is_taught_chats_prompts_and_texts(
    form: str, chats: Path, pairs: Path, decoder: Path, tmp_path: Path
) -> None:
    source = chats if form == "chat" else pairs
    if form == "continue":
        source = write_jsonl(tmp_path / "texts.jsonl", [{"text": f"the {word} is {word}"} for word in words(80)])
    said: dict[str, str] = {} if form == "chat" else {"task": form}
    run = tw.run(source, model=str(decoder), output=tmp_path / "run", overrides=QUICK, **said)
    model, untuned = scores_of(run, "model"), scores_of(run, "base")
    assert model["nll_per_token"] < 0.95 * untuned["nll_per_token"]
    if form == "chat":
        account = json.loads(run.folder.account.read_text())
        encoding = next(stage for stage in account if stage["stage"] == "encode")
        assert (encoding["dropped"], encoding["reasons"]) == (1, {"too_long": 1})
        answer = run.model.predict("hello")[0]
        assert answer.stop in ("end", "length")


def test_a_t5_is_taught_pairs(pairs: Path, tmp_path: Path) -> None:
    model = write_t5(tmp_path / "t5")
    run = tw.run(pairs, model=str(model), output=tmp_path / "run", overrides=QUICK)
    assert scores_of(run, "model")["nll_per_token"] < 0.9 * scores_of(run, "base")["nll_per_token"]
    assert run.model.predict("word")[0].text == run.model.predict(["other", "word"])[1].text


def test_a_bundle_is_asked_with_the_template_variables_of_training(tmp_path: Path) -> None:
    """This template opens a thinking part unless it is told not to; the answers of the file have none."""
    decoder = write_decoder(tmp_path / "decoder", chat_template=THINKING)
    rows: list[dict[str, object]] = [
        {"messages": [{"role": "user", "content": word}, {"role": "assistant", "content": word.translate(CIPHER)}]}
        for word in words(60)
    ]
    run = tw.run(
        write_jsonl(tmp_path / "chats.jsonl", rows), model=str(decoder), output=tmp_path / "run",
        overrides=[*QUICK, "train.epochs=1", "encode.system=be kind"],
    )  # fmt: skip
    assert "enable_thinking: false" in run.folder.recipe.read_text()
    prompt = "<|system|>be kind</s><|user|>hi</s><|assistant|><think></think>"
    predictor = run.model
    assert isinstance(predictor, WritingPredictor)
    asked = predictor.writer.prompt(Dialogue(messages=(Message(role="user", content="hi"),)))
    assert predictor.tokenizer.hf.decode(asked) == prompt
    chat = load_chat(str(run.folder.bundle), config=GenerateConfig(max_new_tokens=4))
    seen: list[list[int]] = []
    chat._model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs["input_ids"][0].tolist()), with_kwargs=True
    )
    list(chat.ask("hi"))
    assert predictor.tokenizer.hf.decode(seen[0]) == prompt


def test_a_kill_in_training_costs_nothing(pairs: Path, encoder_decoder: Path, ciphered: tw.Run, tmp_path: Path) -> None:
    stopped = Countdown(3)
    with pytest.raises(StoppedBySignal):
        tw.run(
            pairs, model=str(encoder_decoder), output=tmp_path / "run", overrides=[*QUICK, "train.save_seconds=0"],
            stop=stopped,
        )  # fmt: skip
    again = tw.run(
        pairs, model=str(encoder_decoder), output=tmp_path / "run", overrides=[*QUICK, "train.save_seconds=0"]
    )
    assert again.weights_digest == ciphered.weights_digest


def test_lora_on_a_decoder_is_merged_and_stands_alone(chats: Path, decoder: Path, tmp_path: Path) -> None:
    run = tw.run(
        chats, model=str(decoder), output=tmp_path / "run",
        overrides=[*QUICK[:-1], "evaluate.resamples=100", "adapter.name=lora", "adapter.r=4", "optimizer.learning_rate=1e-2"],
    )  # fmt: skip
    assert (run.folder.adapter / "adapter_model.safetensors").exists()
    assert scores_of(run, "model")["nll_per_token"] < scores_of(run, "base")["nll_per_token"]


def test_characters_that_the_model_can_not_write_get_tokens_that_are_saved(
    encoder_decoder: Path, tmp_path: Path
) -> None:
    rows: list[dict[str, object]] = [{"source": word, "target": "ɒː"} for word in words(100)]
    run = tw.run(
        write_jsonl(tmp_path / "ipa.jsonl", rows), model=str(encoder_decoder), output=tmp_path / "run",
        overrides=[*QUICK, "train.epochs=12"],
    )  # fmt: skip
    assert any("ɒ" in answer.text for answer in run.model.predict(words(10)))
    assert json.loads((run.folder.bundle / "config.json").read_text())["vocab_size"] > len(
        json.loads((encoder_decoder / "tokenizer.json").read_text())["model"]["vocab"]
    )


def test_an_adapter_is_not_left_with_new_tokens_that_nothing_teaches(encoder_decoder: Path, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"source": word, "target": word[:2] + "ɒ"} for word in words(60)]
    source = write_jsonl(tmp_path / "ipa.jsonl", rows)
    settings = [*QUICK, "train.epochs=1", "adapter.name=ia3"]
    run = tw.run(source, model=str(encoder_decoder), output=tmp_path / "run", overrides=settings)
    assert "new_tokens: []" in run.folder.recipe.read_text(encoding="utf-8")
    decided = {one["what"]: one for one in json.loads(run.folder.plan.read_text(encoding="utf-8"))["decisions"]}
    assert "100% of the answers have characters that the model can't write" in decided["new_tokens"]["why"]["en"]
    with pytest.raises(RecipeError, match="would stay as they began"):
        tw.run(
            source, model=str(encoder_decoder), output=tmp_path / "other", overrides=[*settings, "model.new_tokens=[ɒ]"]
        )


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda chats, pairs, bert: tw.run(chats), "needs a model that writes"),
        (lambda chats, pairs, bert: tw.run(chats, model=str(bert)), "read texts but write none"),
        (lambda chats, pairs, bert: tw.run(chats, task="translate", model=str(bert)), "is taught with pair rows"),
    ],
)
def test_what_can_not_be_done_is_said_with_what_to_do(
    make: Callable[[Path, Path, Path], object], expected: str, chats: Path, pairs: Path, tiny_model: Path,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises((DataError, ModelError), match=expected):
        make(chats, pairs, tiny_model)


class Countdown:
    """Says stop when it has been asked so many times after training began."""

    def __init__(self, calls: int) -> None:
        self.left = calls + 8

    def __call__(self) -> int | None:
        self.left -= 1
        return 15 if self.left == 0 else None


@pytest.mark.parametrize("setting", ["batching.layout=packed", "train.gradient_checkpointing=true"])
def test_what_changes_speed_and_memory_changes_no_loss(
    setting: str, chats: Path, decoder: Path, tmp_path: Path
) -> None:
    """Dropout is 0 in this model, so the same steps have the same losses."""

    def losses(name: str, *more: str) -> list[float]:
        run = tw.run(chats, model=str(decoder), output=tmp_path / name, overrides=[*QUICK, *more])
        return [event["loss"] for event in read_events(run.folder.events) if event["kind"] == "step"]

    assert losses("other", setting) == pytest.approx(losses("plain"), rel=1e-4)


def test_an_encoder_decoder_is_not_packed(pairs: Path, encoder_decoder: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="`packed` is for decoders"):
        tw.run(pairs, model=str(encoder_decoder), output=tmp_path / "run", overrides=[*QUICK, "batching.layout=packed"])


def test_files_are_answered_and_scored(ciphered: tw.Run, pairs: Path, tmp_path: Path) -> None:
    bundle = ciphered.folder.bundle
    answered = tw.predict_file(bundle, pairs, output=tmp_path / "answered.jsonl")
    assert (answered["rows"], answered["unreadable"]) == (121, 0)
    rows = [json.loads(line) for line in (tmp_path / "answered.jsonl").read_text(encoding="utf-8").splitlines()]
    measured = {row["source"]: row["prediction"] for row in
                pq.read_table(ciphered.folder.predictions("model", "test")).to_pylist()}  # fmt: skip
    assert {row["source"]: row["prediction"] for row in rows if row["source"] in measured} == measured
    found = tw.evaluate_file(bundle, pairs)
    assert (found.rows_read, found.rows_scored, found.unlabelled) == (121, 120, 1)
    assert found.stored is not None
    assert found.stored.now == pytest.approx(found.stored.stored)
    assert found.seen is not None
    assert sum(found.seen.values()) == 120


def test_a_row_that_leaves_no_room_for_an_answer_costs_no_other_row_its_own(
    chats: Path, decoder: Path, tmp_path: Path
) -> None:
    run = tw.run(chats, model=str(decoder), output=tmp_path / "run", overrides=[*QUICK, "train.epochs=1"])
    answered = tw.predict_file(run.folder.bundle, chats, output=tmp_path / "answered.jsonl")
    assert (answered["rows"], answered["cut"], answered["unreadable"]) == (60, 1, 0)
    rows = [json.loads(line) for line in (tmp_path / "answered.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["prediction"] is None for row in rows] == [False] * 60 + [True]
    found = tw.evaluate_file(run.folder.bundle, chats)
    assert found.rows_scored == 61
    with pytest.raises(DataError, match="text 2 of 2 leaves the model no room"):
        run.model.predict(["short", "x" * 300])


def test_a_translation_file_comes_back_with_its_empty_targets_filled(encoder_decoder: Path, tmp_path: Path) -> None:
    units = "".join(
        f'<tu><tuv xml:lang="en"><seg>{word}</seg></tuv>'
        + (f'<tuv xml:lang="de"><seg>{word.translate(CIPHER)}</seg></tuv>' if place else "")
        + "</tu>"
        for place, word in enumerate(words(60, 5))
    )
    source = tmp_path / "memory.tmx"
    source.write_text(
        f'<?xml version="1.0"?><tmx version="1.4"><header srclang="en"/><body>{units}</body></tmx>', encoding="utf-8"
    )
    run = tw.run(source, model=str(encoder_decoder), output=tmp_path / "run", overrides=QUICK)
    assert json.loads(run.folder.plan.read_text())["task"] == "text"
    assert "task: translate" in run.folder.recipe.read_text()
    filled = tw.predict_file(run.folder.bundle, source)
    assert filled["rows"] == 1
    out = Path(filled["output"]).read_text(encoding="utf-8")
    assert out.count("<seg>") == 120


def test_answers_are_measured_by_the_glossary_of_the_recipe(
    tmp_path: Path, pairs: Path, encoder_decoder: Path, ciphered: tw.Run
) -> None:
    sources = [json.loads(line)["source"] for line in pairs.read_text(encoding="utf-8").splitlines()]
    lines = [f"{word},{word.translate(CIPHER)}\n" for word in sources]
    glossary = tmp_path / "terms.csv"
    glossary.write_text("source,target\n" + "".join(lines), encoding="utf-8")
    settings = [*QUICK, f"evaluate.text.glossary={glossary}"]
    run = tw.run(pairs, model=str(encoder_decoder), output=tmp_path / "run", overrides=settings)
    scores = scores_of(run, "model")
    assert scores["term_accuracy"] == pytest.approx(scores["exact_match"])  # each source is one term
    assert "term_accuracy" not in scores_of(ciphered, "model")


@pytest.mark.parametrize(
    ("setting", "error", "message"),
    [
        ("evaluate.text.glossary=nowhere.csv", DataError, "nowhere.csv"),
        ("evaluate.text.json_schema=nowhere.json", DataError, "nowhere.json"),
        ("evaluate.metric=accuracy", RecipeError, "not for text answers"),
        ("evaluate.metric=blue", RecipeError, "Did you mean `bleu`"),
        ("evaluate.metric=length_ratio", RecipeError, "no better way"),
        ("evaluate.metric=term_accuracy", RecipeError, "not for text answers"),
    ],
)
def test_what_can_not_be_measured_is_told_before_training(
    tmp_path: Path, pairs: Path, encoder_decoder: Path, setting: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        tw.run(pairs, model=str(encoder_decoder), output=tmp_path / "run", overrides=[*QUICK, setting])
    assert not (tmp_path / "run" / "recipe.yaml").exists()
