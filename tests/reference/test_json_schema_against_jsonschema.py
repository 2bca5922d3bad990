"""Our JSON Schema against the package `jsonschema`, over random schemas and values."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tunewright.core.errors import DataError
from tunewright.metrics.text.json_schema import validator


def value_of(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(6 if depth < 3 else 4)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.choice([0, 1, 2, -1, 1.0, 2.5, 7, 10])
    if kind in (2, 3):
        return rng.choice(["", "a", "ab", "xyz", "2024-01-02", "好的"])
    if kind == 4:
        return [value_of(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice("abcx_"): value_of(rng, depth + 1) for _ in range(rng.randrange(4))}


def schema_of(rng: random.Random, depth: int = 0) -> Any:
    if depth > 2 or rng.random() < 0.1:
        return rng.choice([True, False, {}, {"type": "string"}, {"type": "integer"}, {"$ref": "#/$defs/leaf"}])

    def deeper() -> Any:
        return schema_of(rng, depth + 1)

    def number() -> int:
        return rng.randrange(4)

    keywords = {
        "type": lambda: rng.choice(["object", "array", "string", "number", "integer", "boolean", "null", ["string", "null"]]),
        "enum": lambda: [value_of(rng) for _ in range(3)],
        "const": lambda: value_of(rng),
        "properties": lambda: {name: deeper() for name in rng.sample("abcx", 2)},
        "patternProperties": lambda: {rng.choice(["^a", "[bc]", "_$"]): deeper()},
        "additionalProperties": deeper,
        "propertyNames": lambda: {"maxLength": 1, "enum": ["a", "b", "c"]},
        "required": lambda: rng.sample("abc", rng.randrange(3)),
        "dependentRequired": lambda: {"a": ["b"]},
        "minProperties": number, "maxProperties": number,
        "items": deeper, "prefixItems": lambda: [deeper() for _ in range(2)],
        "contains": deeper, "minItems": number, "maxItems": number, "uniqueItems": lambda: True,
        "minimum": number, "maximum": number, "exclusiveMinimum": number, "exclusiveMaximum": number,
        "multipleOf": lambda: rng.choice([1, 2, 0.5]),
        "minLength": number, "maxLength": number, "pattern": lambda: rng.choice(["^a", "b$", r"\d{4}", "好"]),
        "allOf": lambda: [deeper(), deeper()], "anyOf": lambda: [deeper(), deeper()], "oneOf": lambda: [deeper(), deeper()],
        "not": deeper,
    }  # fmt: skip
    schema = {keyword: keywords[keyword]() for keyword in rng.sample(sorted(keywords), rng.randrange(1, 5))}
    if "contains" in schema and rng.random() < 0.5:
        schema |= {"minContains": rng.randrange(3), "maxContains": 2}
    if rng.random() < 0.2:
        schema |= {"if": deeper(), "then": deeper(), "else": deeper()}
    if not depth:
        schema["$defs"] = {"leaf": {"type": ["integer", "boolean"]}}
        schema["title"] = "a note"
    return schema


def test_it_allows_what_jsonschema_allows() -> None:
    rng = random.Random(17)
    allowed = 0
    for _ in range(3000):
        schema = (
            {"$defs": {"leaf": {"type": "integer"}}, "allOf": [schema_of(rng, 1)]}
            if rng.random() < 0.3
            else schema_of(rng)
        )
        if not isinstance(schema, dict) or "$defs" not in schema:
            continue
        Draft202012Validator.check_schema(schema)
        ours, theirs = validator(schema), Draft202012Validator(schema)
        for _ in range(5):
            value = value_of(rng)
            assert ours(value) == theirs.is_valid(value), (json.dumps(schema, ensure_ascii=False), value)
            allowed += ours(value)
    assert allowed > 1000


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"requried": ["a"]}, "Did you mean `required`"),
        ({"properties": {"a": {"typ": "string"}}}, "#/properties/a"),
        ({"type": "text"}, "no type"),
        ({"$ref": "https://example.org/x"}, r"\$defs"),
        ({"$ref": "#/$defs/none"}, "nothing"),
        ({"$ref": "#"}, "itself"),
        ([1], "should stand here"),
    ],
)
def test_a_schema_that_can_not_be_used_is_refused(schema: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        validator(schema)


def test_a_schema_may_refer_to_itself_for_a_part_of_the_value() -> None:
    tree = validator({"type": "object", "properties": {"child": {"$ref": "#"}}, "additionalProperties": False})
    assert tree({"child": {"child": {}}})
    assert not tree({"child": {"other": 1}})


def test_what_a_pattern_names_is_not_additional() -> None:
    schema = {
        "properties": {"a": True},
        "patternProperties": {"^x_": {"type": "string"}},
        "additionalProperties": False,
    }
    for value in ({"a": 1, "x_1": "s"}, {"x_1": 2}, {"b": 1}, {}):
        assert validator(schema)(value) == Draft202012Validator(schema).is_valid(value)
    assert validator(schema)({"a": 1, "x_1": "s"})
