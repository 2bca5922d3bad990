"""A prompt and its completion in two columns, under any of their usual names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunewright.data.hints import plain
from tunewright.data.shapes.cells import is_text, names_of, rest, share, text_of
from tunewright.data.shapes.types import Completion, Guess, Sample

NAMES: tuple[tuple[str, str, float], ...] = (
    ("prompt", "completion", 0.95),
    ("prompt", "response", 0.95),
    ("query", "response", 0.9),
    ("prompt", "answer", 0.9),
    ("prompt", "output", 0.9),
    ("input", "output", 0.85),
    ("inputs", "targets", 0.85),
    ("input", "target", 0.85),
    ("question", "answer", 0.8),
    ("input", "golden", 0.8),
    ("问题", "答案", 0.8),
    ("问题", "回答", 0.85),
    ("指令", "回复", 0.9),
    ("输入", "输出", 0.85),
    ("提示", "回答", 0.9),
)
"""Names of prompt and completion, and how sure they make us."""


def detect(sample: Sample) -> Guess | None:
    """Two columns of text with names from the list."""
    names = {plain(name): name for name in reversed(names_of(sample))}
    for first, second, confidence in NAMES:
        if first not in names or second not in names:
            continue
        ask, answer = names[first], names[second]
        if min(share(sample, ask, is_text), share(sample, answer, is_text)) >= 0.5:
            return Guess(
                confidence=confidence,
                why=f"columns `{ask}` and `{answer}`",
                settings={"prompt": ask, "completion": answer},
            )
    return None


def read(record: dict[str, Any], settings: Mapping[str, Any]) -> Completion:
    """One prompt with its completion."""
    ask, answer = settings.get("prompt", "prompt"), settings.get("completion", "completion")
    return Completion(
        prompt=text_of(record, ask), completion=text_of(record, answer), columns=rest(record, (ask, answer))
    )


def write(row: Completion) -> dict[str, Any]:
    """The record, under the names `prompt` and `completion`."""
    return {"prompt": row.prompt, "completion": row.completion, **row.columns}
