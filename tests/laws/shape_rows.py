"""Random rows of each form, with everything in them that a shape might not hold; Chinese and English alike."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tunewright.data.shapes import (
    Completion,
    Dialogue,
    Labelled,
    Message,
    Pair,
    Row,
    Span,
    Tagged,
    Text,
    ToolCall,
)
from tunewright.data.shapes.calls import arguments_text
from tunewright.data.shapes.spacing import cut_tokens, join_tokens, joined_offsets

ALPHABET = "ab Zé,.\"'<>&{}[]\\/\n\t\r#=-|123你好，。吗🙂\u2028\u00a0"
texts = st.text(ALPHABET, max_size=12)
filled = st.text(ALPHABET, min_size=1, max_size=12).map(lambda text: text.strip() or "字")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("kqz"), inner, max_size=2),
    max_leaves=4,
)
columns = st.dictionaries(
    st.sampled_from(["topic", "remark", "来源"]),
    texts | json_values.filter(lambda value: value is not None),
    max_size=2,
)
names = st.none() | st.sampled_from(["ana", "北京"])


def arguments() -> st.SearchStrategy[str]:
    objects = st.dictionaries(st.sampled_from("kqz"), json_values, max_size=2)
    # As they are read: JSON text has one spacing, and what can't be respaced without a change stays to the letter.
    spelled = st.sampled_from(['{"a": 1.10}', '{"a":1}', "not json", "[1]", '{"a": 1, "a": 2}']).map(arguments_text)
    return objects.map(lambda value: json.dumps(value, ensure_ascii=False)) | spelled


calls = st.builds(
    ToolCall, name=st.sampled_from(["find", "查询"]), arguments=arguments(), call_id=st.none() | st.just("c1")
)
more = st.dictionaries(st.sampled_from(["stamp", "注"]), json_values.filter(lambda v: v is not None), max_size=1)


def messages() -> st.SearchStrategy[Message]:
    common: dict[str, Any] = {
        "content": texts, "name": names, "weight": st.none() | st.sampled_from([0.0, 1.0, 0.25]), "more": more,
    }  # fmt: skip
    plain = st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), content=texts)
    rich = st.builds(
        Message, role=st.just("assistant"), reasoning=st.none() | texts,
        tool_calls=st.lists(calls, max_size=2).map(tuple), **common,
    )  # fmt: skip
    result = st.builds(Message, role=st.just("tool"), content=texts, tool_call_id=st.none() | st.just("c1"))
    return plain | plain | rich | result


@st.composite
def orderly(draw: Any) -> tuple[Message, ...]:
    """System or none, then questions and answers: what Alpaca holds."""
    turns = [Message(role="system", content=draw(filled))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        turns += [Message(role="user", content=draw(texts)), Message(role="assistant", content=draw(texts))]
    return tuple(turns)


tools = st.lists(
    st.builds(
        lambda name, more: {"type": "function", "function": {"name": name, "parameters": more}},
        st.sampled_from(["find", "查询"]), st.dictionaries(st.sampled_from("kqz"), json_values, max_size=2),
    ),
    max_size=2,
).map(tuple)  # fmt: skip
dialogues = st.builds(
    Dialogue, messages=orderly() | orderly() | st.lists(messages(), min_size=1, max_size=5).map(tuple), tools=st.just(()) | tools,
    columns=columns,
)  # fmt: skip
completions = st.builds(Completion, prompt=texts, completion=texts, columns=columns)
pairs = st.builds(
    Pair, source=texts, targets=st.lists(texts, max_size=2).map(tuple), source_language=st.just("en"),
    target_language=st.just("zh-CN"), group=st.none() | filled, columns=columns,
) | st.builds(Pair, source=texts, targets=st.lists(texts, max_size=2).map(tuple), columns=columns)  # fmt: skip
lines = st.text("ab,. <1>&你好\u2028\u00a0", max_size=8)
pairs |= st.builds(
    Pair, source=lines, targets=st.lists(lines, min_size=1, max_size=1).map(tuple), source_language=st.just("en"),
    target_language=st.just("zh-CN"),
)  # fmt: skip


@st.composite
def tagged(draw: Any) -> Tagged:
    labels = st.sampled_from(["PER", "地点", "a label"])
    if draw(st.booleans()):
        words = draw(st.lists(st.text("ab#你好，-", min_size=1, max_size=4), min_size=1, max_size=6))
        text, tokens = join_tokens(words), tuple(joined_offsets(words))
        places = sorted(draw(st.sets(st.integers(0, len(words) - 1), max_size=3)))
        spans = tuple(
            Span(start=tokens[first][0], end=tokens[first][1], label=draw(labels), more=draw(more)) for first in places
        )
        return Tagged(text=text, tokens=tokens, spans=spans, columns=draw(columns))
    text = draw(st.text(ALPHABET, min_size=2, max_size=20))
    found = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text) - 2))
        found.append(
            Span(start=start, end=draw(st.integers(start + 1, len(text))), label=draw(labels), more=draw(more))
        )
    ordered = tuple(sorted(found, key=lambda span: (span.start, span.end, span.label)))
    return Tagged(text=text, tokens=tuple(cut_tokens(text, ordered)), spans=ordered, columns=draw(columns))


labels = st.none() | texts | st.integers(-5, 5) | st.lists(texts, max_size=2).map(tuple)
labelled = st.builds(Labelled, texts=st.lists(texts, min_size=1, max_size=2).map(tuple), label=labels, columns=columns)
plain_texts = st.builds(Text, text=texts, columns=columns)

BY_FORM: dict[str, st.SearchStrategy[Row]] = {
    "dialogue": dialogues, "completion": completions, "pair": pairs, "tagged": tagged(), "labelled": labelled,
    "text": plain_texts,
}  # fmt: skip
