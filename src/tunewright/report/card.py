"""The model card: README.md of the model folder, as the Hugging Face hub reads it. Holds no text of the data.

Front matter for machines (licence, language, base model, task, measured metrics), then for people: what it is for, what
it was made from, how good it is with intervals, where its limits are, how to load it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal

from tunewright.core.folder import RunFolder
from tunewright.report.context import Context
from tunewright.report.numbers import count, megabytes
from tunewright.report.paired import all_paired, p_text, signed
from tunewright.report.run import Run, read_run
from tunewright.report.words import Words

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$^])")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+\Z")
_LICENSE_ID = re.compile(r"[a-z0-9][a-z0-9.+-]*\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?\Z")
_HEADLINE_METRICS = (
    "accuracy", "macro_f1", "micro_f1", "mae", "pearson", "exact_match", "chrf", "bleu", "span_f1", "span_precision",
    "span_recall",
)  # fmt: skip
_LABELS_SHOWN = 60
_ACCOUNT = ("read", "quarantined", "dropped", "changed", "kept")
_KINDS = {
    "single_label": "A text classifier",
    "multi_label": "A multi-label text classifier",
    "regression": "A text regression model",
    "text": "A model that writes",
    "spans": "A model that labels parts of texts",
    "masked": "An encoder taught by masked words",
}

_LOADERS = {
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "fill-mask": "AutoModelForMaskedLM",
    "text-generation": "AutoModelForCausalLM",
    "text2text-generation": "AutoModelForSeq2SeqLM",
}
_WITH_CONFIDENCES = "with calibrated confidences and the text steps of the run repeated"

CardSystem = Literal["model", "frozen", "tfidf"]


def model_card(folder: RunFolder, *, private: bool, system: CardSystem = "model") -> str:
    """The card in English as Markdown, of the fine-tuned model or of a baseline beside it.

    What the run folder lacks is left out, or said to be unknown. With `private`, the name of the file is left out.
    """
    context = Context(run=read_run(folder), words=Words("en"), private=private)
    parts = [
        _front_matter(context, system), _title(context, system), _use(context), _scores(context, system),
        _data(context), _limits(context, system), _load(context, system),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(context: Context, system: CardSystem) -> str:
    """YAML, with every value written as JSON, which YAML reads the same way: nothing in a name can break out of it."""
    run = context.run
    model = (run.plan.get("model") or {}) if system != "tfidf" else {}
    name, license_ = str(model.get("name") or ""), str(model.get("license") or "").lower()
    language = str(run.plan.get("language") or "")
    fields: dict[str, Any] = {
        "license": license_ if _LICENSE_ID.match(license_) else "unknown",
        "language": [language] if _LANGUAGE.match(language) and language != "und" else None,
        "base_model": name if _HUB_ID.match(name) else None,
        "library_name": "transformers" if system == "model" else "tunewright",
        "pipeline_tag": _tag(run),
        "tags": [_tag(run), "tunewright"],
        "metrics": [m for m in _HEADLINE_METRICS if run.score(m, system=system)] or None,
        "model-index": _index(run, system),
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items() if value is not None]
    return "\n".join(["---", *lines, "---"])


def _kind(run: Run) -> str:
    """The kind of answer; of masked words there is none, but a model to go on from."""
    return "masked" if run.evidence.get("task") == "masked" else run.kind


def _tag(run: Run) -> str:
    """The task under the hub's name."""
    if (kind := _kind(run)) in ("spans", "masked"):
        return "token-classification" if kind == "spans" else "fill-mask"
    if run.kind != "text":
        return "text-classification"
    return "text2text-generation" if _reads_and_writes(run) else "text-generation"


def _reads_and_writes(run: Run) -> bool:
    """Whether the model is an encoder-decoder."""
    return bool((run.plan.get("model") or {}).get("is_encoder_decoder"))


def _index(run: Run, system: CardSystem) -> list[dict[str, Any]] | None:
    """Scores in the hub's own form, so that it can show them."""
    measured = [score for metric in _HEADLINE_METRICS if (score := run.score(metric, system=system))]
    if not measured:
        return None
    results = [{"type": score.metric, "value": round(score.value, 4), "name": score.metric} for score in measured]
    return [
        {
            "name": "model",
            "results": [
                {
                    "task": {"type": _tag(run)},
                    "dataset": {"name": "held-out test rows", "type": "private"},
                    "metrics": results,
                }
            ],
        }
    ]


def _title(context: Context, system: CardSystem) -> str:
    kind = _KINDS.get(_kind(context.run), _KINDS["single_label"])
    if system == "tfidf":
        return (
            f"# {kind} that counts words\n\n"
            "TF-IDF of words and characters, then a linear model. Made and measured by Tunewright."
        )
    model = context.run.plan.get("model") or {}
    if system == "frozen":
        base = f" of {_plain(context.file_name(model['name']))}" if model.get("name") else ""
        return (
            f"# {kind} over frozen features\n\n"
            f"A linear model over the features{base}, which is untouched. Made and measured by Tunewright."
        )
    base = f", fine-tuned from {_plain(context.file_name(model['name']))}" if model.get("name") else ""
    return f"# {kind}\n\n{kind}{base}, made and measured by Tunewright."


def _use(context: Context) -> str:
    labels, unit = context.labels, _plain(context.units["unit"])
    if _kind(context.run) == "masked":
        return (
            "## What it is for\n\nIt has gone on learning from texts of one kind by finding words that were hidden, and is meant "
            "to be fine-tuned on a task with such texts. By itself it answers nothing."
        )
    if context.run.kind == "text":
        said = f"It writes an answer to each of your {unit}."
    elif context.run.kind == "regression":
        said = f"It gives each of your {unit} a number."
    elif not labels:
        return ""
    else:
        shown = ", ".join(_plain(label) for label in labels[:_LABELS_SHOWN])
        more = f" and {len(labels) - _LABELS_SHOWN} more" if len(labels) > _LABELS_SHOWN else ""
        how = {"multi_label": "any number of these labels", "spans": "these labels for its parts"}
        said = f"It gives each of your {unit} {how.get(context.run.kind, 'one of these labels')}: {shown}{more}."
    return f"## What it is for\n\n{said} It is meant for {unit} like those it was trained on, and for nothing else."


def _scores(context: Context, system: CardSystem) -> str:
    run = context.run
    rows = [s for s in run.scores if s.system == system and s.split == "test" and s.slice is None]
    if not rows:
        return "## How good it is\n\nThis run holds no scores of the model."
    level = f"{100 * rows[0].level:.0f}"
    table = _table(
        ("Metric", f"Value ({level}% interval)", "Test rows"),
        [(context.metric(s.metric, alone=True), context.score_text(s), count(s.n)) for s in rows],
    )
    parts = [f"## How good it is\n\nOn test rows that it had not seen:\n\n{table}"]
    others = [
        (context.system(c.other), context.metric(c.metric, alone=True), signed(context, c), p_text(c) or "–",
         context.words(f"paired.{c.verdict}", main="The model"))
        for c in all_paired(context) if not c.crossed
    ]  # fmt: skip
    if others and system == context.main_system:
        head = ("Against", "Metric", "Difference", "Paired test", "Verdict")
        parts.append(f"Against simpler systems on the same rows:\n\n{_table(head, others)}")
    return "\n\n".join(parts)


def _data(context: Context) -> str:
    account = context.run.account
    if not account:
        return ""
    read, kept = int(account[0]["read"]), int(account[-1]["kept"])
    source = "" if context.private or not context.file else f" from {_plain(context.file)}"
    stages = [
        (context.words.heading("stage", str(s["stage"])), *(count(s[name]) for name in _ACCOUNT)) for s in account
    ]  # fmt: skip
    table = _table(("Stage", "Read", "Unreadable", "Dropped", "Changed", "Kept"), stages)
    return f"## What it was made from\n\nOf {count(read)} rows{source}, {count(kept)} were kept.\n\n{table}"


def _limits(context: Context, system: CardSystem) -> str:
    run, evidence = context.run, context.run.evidence
    points = []
    weakest = evidence.get("weakest")
    if weakest and weakest.get("value") is not None and system == context.main_system:
        value = context.words.metric(str(weakest["metric"]), weakest["value"], weakest.get("low"), weakest.get("high"))
        counted = "spans in the test rows" if run.kind == "spans" else "test rows"
        points.append(f"Weakest class: {_plain(weakest['label'])}, F1 {value} on {count(weakest['n'])} {counted}.")
    if evidence.get("recommended") not in (None, system) and system == context.main_system:
        name = context.system(str(evidence["recommended"]), form="the")
        points.append(f"The run recommends {name} instead; the report says why.")
    times = (evidence.get("test_ledger") or {}).get("times_scored") or 0
    if times > 1:
        points.append(f"The test set has been scored {times} times; each look makes the figures a little too good.")
    language = str(run.plan.get("language") or "")
    if _LANGUAGE.match(language) and language != "und":
        points.append(f"Trained on text in {context.words.name('value', language)} only.")
    points.append("Not examined: fairness between groups of people, hostile input, text from other sources.")
    license_ = (run.plan.get("model") or {}).get("license")
    if system != "tfidf":
        points.append(
            f"The licence of the base model ({_plain(license_)}) applies to its weights."
            if license_
            else "The licence of the base model is not known; find out before passing this model on."
        )
    return "## Limits\n\n" + "\n".join(f"- {point}" for point in points)


def _load(context: Context, system: CardSystem) -> str:
    size = ((context.run.evidence.get("costs") or {}).get(system) or {}).get("megabytes")
    weight = f" The weights take {megabytes(size)}." if isinstance(size, int | float) else ""
    if system != "model":
        command = f'tunewright predict {context.run.folder.bundle_of(system).name} "some text"'
        return f"## How to load it\n\n```\n{command}\n```\n\nNo pickle; no code is run on loading.{weight}"
    loader = _LOADERS[_tag(context.run)]
    more = {"text": "with the steps of the run repeated", "spans": "with places in the text"}
    use = f'or, {more.get(context.run.kind, _WITH_CONFIDENCES)}:\n\n```\ntunewright predict model "some text"\n```'
    if _kind(context.run) == "masked":
        use = "or, to teach it a task:\n\n```\ntunewright run labelled.csv --model model\n```"
    return (
        "## How to load it\n\n"
        "```python\n"
        f"from transformers import {loader}, AutoTokenizer\n\n"
        f'model = {loader}.from_pretrained("model")\n'
        'tokenizer = AutoTokenizer.from_pretrained("model")\n'
        "```\n\n"
        f"{use}\n\n"
        f"Safetensors only; no code is run on loading.{weight}"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, tuple("---" for _ in head), *(tuple(_plain(value) for value in row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(value: Any) -> str:
    """Text from outside as Markdown that shows exactly that text: on one line, with nothing that could be markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))
