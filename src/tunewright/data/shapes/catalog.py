"""All shapes, as one dict: the surest to recognise first. A new one is a module and a line here."""

from __future__ import annotations

from tunewright.data.shapes import (
    alpaca,
    completion,
    conll,
    labelled,
    openai,
    pairs,
    parallel,
    sharegpt,
    tmx,
    tokens,
    xliff,
)
from tunewright.data.shapes.features import FEATURES
from tunewright.data.shapes.types import FileShape, RecordShape, Shape

_COLUMNS = frozenset(["row_id", "columns", "typed_columns", "nested_columns", "empty_columns", "control_characters"])
"""What every record holds besides the form."""
_TURNS = frozenset(["system", "later_system", "empty_system", "odd_order", "several_turns", "tools", "tool_calls"])
_TEXTS = frozenset(["line_breaks", "empty_target", "empty_label", "no_languages", "unlabelled"])
_XML = frozenset(["row_id", "columns", "languages", "references", "unlabelled", "group", "line_breaks"])

SHAPES: dict[str, Shape] = {
    "tmx": FileShape(
        name="tmx", form="pair", title="TMX", suffixes=(".tmx",),
        holds=_XML | {"tmx_tags", "empty_target", "empty_columns"},
        detect=tmx.detect, read=tmx.read, write=tmx.write,
    ),
    "xliff": FileShape(
        name="xliff", form="pair", title="XLIFF 1.2", suffixes=(".xlf", ".xliff"),
        holds=_XML - {"references"} | {"xliff1_tags"},
        detect=xliff.detect_1, read=xliff.read_1, write=xliff.write_1,
    ),
    "xliff2": FileShape(
        name="xliff2", form="pair", title="XLIFF 2.0", suffixes=(".xlf", ".xliff"),
        holds=_XML - {"references"} | {"xliff2_tags"},
        detect=xliff.detect_2, read=xliff.read_2, write=xliff.write_2,
    ),
    "conll": FileShape(
        name="conll", form="tagged", title="CoNLL",
        suffixes=(".conll", ".bio", ".iob", ".bmes"), holds=frozenset(["spans"]),
        detect=conll.detect, read=conll.read, write=conll.write,
    ),
    "parallel": FileShape(
        name="parallel", form="pair", title="parallel text", suffixes=(), holds=frozenset(["languages", "empty_target"]),
        detect=parallel.detect, read=parallel.read, write=parallel.write,
    ),
    "openai": RecordShape(
        name="openai", form="dialogue", title="OpenAI messages",
        holds=_COLUMNS | _TURNS | {
            "weights", "reasoning", "names", "call_ids", "text_beside_calls", "broken_calls", "call_layout", "turn_details",
        },
        own_keys=frozenset([*openai.KEYS, "tools", "functions"]),
        detect=openai.detect, read=openai.read, write=openai.write,
    ),
    "sharegpt": RecordShape(
        name="sharegpt", form="dialogue", title="ShareGPT conversations", holds=_COLUMNS | _TURNS,
        own_keys=frozenset([*openai.KEYS, "system", "tools"]),
        detect=sharegpt.detect, read=sharegpt.read, write=sharegpt.write,
    ),
    "alpaca": RecordShape(
        name="alpaca", form="dialogue", title="Alpaca instructions",
        holds=_COLUMNS | {"system", "several_turns"},
        own_keys=frozenset(
            ["instruction", "output", "response", "context", "system", "history", "tools", "instances", *openai.KEYS]
        ),
        detect=alpaca.detect, read=alpaca.read, write=alpaca.write, own_keys_of=alpaca.own_keys_of,
    ),
    "completion": RecordShape(
        name="completion", form="completion", title="prompts with completions", holds=_COLUMNS,
        own_keys=frozenset(["prompt", "completion", *openai.KEYS]),
        detect=completion.detect, read=completion.read, write=completion.write,
    ),
    "pairs": RecordShape(
        name="pairs", form="pair", title="pairs of source and target",
        holds=_COLUMNS | _TEXTS
        | {"languages", "references", "group", "tmx_tags", "xliff1_tags", "xliff2_tags"},
        own_keys=frozenset(["source", "target", "targets", "source_language", "target_language", "group", "tags"]),
        detect=pairs.detect, read=pairs.read, write=pairs.write,
    ),
    "translation": RecordShape(
        name="translation", form="pair", title="`translation` objects",
        holds=(_COLUMNS | _TEXTS | {"languages", "group"}) - {"no_languages"},
        own_keys=frozenset(["translation", "group"]),
        detect=pairs.detect_translation, read=pairs.read, write=pairs.write_translation,
    ),
    "tokens": RecordShape(
        name="tokens", form="tagged", title="tokens with tags", holds=_COLUMNS | {"spans", "spacing", "odd_labels"},
        own_keys=frozenset(["tokens", "tags", "text", "words", "ner_tags"]),
        detect=tokens.detect_tokens, read=tokens.read_tokens, write=tokens.write_tokens,
    ),
    "spans": RecordShape(
        name="spans", form="tagged", title="texts with spans",
        holds=_COLUMNS
        | {"spans", "spacing", "overlapping_spans", "uncut_spans", "odd_tokens", "odd_labels", "span_details"},
        own_keys=frozenset(["text", "spans", "entities", "tokens"]),
        detect=tokens.detect_spans, read=tokens.read_spans, write=tokens.write_spans,
    ),
    "labelled": RecordShape(
        name="labelled", form="labelled", title="texts with labels",
        holds=_COLUMNS
        | {"second_text", "empty_second_text", "several_labels", "number_label", "label", "unlabelled", "empty_label"},
        own_keys=frozenset(["text", "text_pair", "label"]),
        detect=labelled.detect, read=labelled.read, write=labelled.write,
    ),
    "text": RecordShape(
        name="text", form="text", title="plain texts", holds=_COLUMNS, own_keys=frozenset(["text"]),
        detect=labelled.detect_text, read=labelled.read_text, write=labelled.write_text,
    ),
}  # fmt: skip
"""Formats of their own first, then records, from what proves itself to what is only left."""

assert all(shape.holds <= set(FEATURES) for shape in SHAPES.values())
