"""Whether a JSON value follows a JSON Schema: the keywords of draft 2020-12 that say what an answer looks like.

A keyword that is not known is an error when the schema is read, never something that quietly allows everything.
`format` and the like are notes to people, as the standard has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tunewright.core.errors import DataError, nearest
from tunewright.metrics.text.structured import same_json

_NOTES = (
    "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "deprecated",
    "readOnly", "writeOnly", "format", "contentEncoding", "contentMediaType",
)  # fmt: skip
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: _is_number(value),
    "integer": lambda value: _is_number(value) and value == int(value),
}


def validator(schema: Any) -> Callable[[Any], bool]:
    """A function that says whether a value follows the schema.

    Raises `DataError` where the schema has a keyword that is not known, or refers to another document, to nothing or,
    without end, to itself.
    """
    root = _Root(schema)
    root.look_at(schema, "#")
    try:
        root.allows(schema, None)
    except RecursionError:
        raise DataError(
            "JSON schema: it refers to itself without end; `$ref` may do so only for a part of the value"
        ) from None
    return lambda value: root.allows(schema, value)


class _Root:
    """A schema with the places that its parts refer to."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema

    def look_at(self, schema: Any, where: str) -> None:
        """Find what is wrong with the schema before any value is held against it."""
        if isinstance(schema, bool):
            return
        if not isinstance(schema, dict):
            raise DataError(f"JSON schema, {where}: an object, true or false should stand here, not {schema!r}")
        for keyword, given in schema.items():
            if keyword not in _KEYWORDS and keyword not in _NOTES and keyword not in _BESIDE:
                raise DataError(
                    f"JSON schema, {where}: the keyword `{keyword}` is not known here."
                    f"{nearest(keyword, [*_KEYWORDS, *_BESIDE])} Known are {', '.join(sorted([*_KEYWORDS, *_BESIDE]))}."
                )
            for name, part in _parts(keyword, given):
                self.look_at(part, f"{where}/{keyword}{name}")
            if keyword == "$ref":
                self.referred(given)
            if keyword == "type" and not set(given if isinstance(given, list) else [given]) <= set(_TYPES):
                raise DataError(f"JSON schema, {where}: {given!r} is no type; there are {', '.join(_TYPES)}")

    def referred(self, reference: str) -> Any:
        """The part of this schema that `#/$defs/name` means."""
        part = self.schema
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise DataError(f"JSON schema: `$ref: {reference}` is not in this document; copy it into `$defs`")
        for name in reference[1:].split("/")[1:]:
            name = name.replace("~1", "/").replace("~0", "~")
            part = part[int(name)] if isinstance(part, list) else part.get(name) if isinstance(part, dict) else None
            if part is None:
                raise DataError(f"JSON schema: `$ref: {reference}` refers to nothing")
        return part

    def allows(self, schema: Any, value: Any) -> bool:
        """Whether the value follows this part."""
        if isinstance(schema, bool):
            return schema
        return all(
            _KEYWORDS[keyword](self, given, value, schema) for keyword, given in schema.items() if keyword in _KEYWORDS
        )


_Check = Callable[[_Root, Any, Any, Mapping[str, Any]], bool]
"""(schema's root, what the keyword says, value, schema around it): whether the value may be so."""


def _of(kind: str, check: Callable[[Any, Any], bool]) -> _Check:
    """A check of one type; a value of another type is not what the keyword is about."""
    return lambda root, given, value, schema: not _TYPES[kind](value) or check(given, value)


def _type(root: _Root, given: Any, value: Any, schema: Mapping[str, Any]) -> bool:
    return any(_TYPES[kind](value) for kind in (given if isinstance(given, list) else [given]))


def _properties(root: _Root, given: Any, value: Any, schema: Mapping[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    return all(root.allows(part, value[name]) for name, part in given.items() if name in value)


def _pattern_properties(root: _Root, given: Any, value: Any, schema: Mapping[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    return all(
        root.allows(part, one)
        for pattern, part in given.items()
        for name, one in value.items()
        if re.search(pattern, name)
    )


def _additional(root: _Root, given: Any, value: Any, schema: Mapping[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    others = [n for n in value if n not in named and not any(re.search(pattern, n) for pattern in patterns)]
    return all(root.allows(given, value[name]) for name in others)


def _items(root: _Root, given: Any, value: Any, schema: Mapping[str, Any]) -> bool:
    if not isinstance(value, list):
        return True
    return all(root.allows(given, one) for one in value[len(schema.get("prefixItems", ())) :])


def _prefix_items(root: _Root, given: Any, value: Any, schema: Mapping[str, Any]) -> bool:
    if not isinstance(value, list):
        return True
    return all(root.allows(part, one) for part, one in zip(given, value, strict=False))


def _contains(root: _Root, given: Any, value: Any, schema: Mapping[str, Any]) -> bool:
    if not isinstance(value, list):
        return True
    count = sum(root.allows(given, one) for one in value)
    return bool(schema.get("minContains", 1) <= count <= schema.get("maxContains", len(value)))


def _dependent_required(root: _Root, given: Any, value: Any, schema: Mapping[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    return all(set(needed) <= value.keys() for name, needed in given.items() if name in value)


def _if(root: _Root, given: Any, value: Any, schema: Mapping[str, Any]) -> bool:
    return root.allows(schema.get("then" if root.allows(given, value) else "else", True), value)


_KEYWORDS: Mapping[str, _Check] = {
    "type": _type,
    "enum": lambda root, given, value, schema: any(same_json(one, value) for one in given),
    "const": lambda root, given, value, schema: same_json(given, value),
    "$ref": lambda root, given, value, schema: root.allows(root.referred(given), value),
    "allOf": lambda root, given, value, schema: all(root.allows(part, value) for part in given),
    "anyOf": lambda root, given, value, schema: any(root.allows(part, value) for part in given),
    "oneOf": lambda root, given, value, schema: sum(root.allows(part, value) for part in given) == 1,
    "not": lambda root, given, value, schema: not root.allows(given, value),
    "if": _if,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "propertyNames": lambda root, given, value, schema: (
        not isinstance(value, dict) or all(root.allows(given, name) for name in value)
    ),
    "required": _of("object", lambda given, value: all(name in value for name in given)),
    "dependentRequired": _dependent_required,
    "minProperties": _of("object", lambda given, value: len(value) >= given),
    "maxProperties": _of("object", lambda given, value: len(value) <= given),
    "items": _items,
    "prefixItems": _prefix_items,
    "contains": _contains,
    "minItems": _of("array", lambda given, value: len(value) >= given),
    "maxItems": _of("array", lambda given, value: len(value) <= given),
    "uniqueItems": _of("array", lambda given, value: not given or _are_unique(value)),
    "minimum": _of("number", lambda given, value: value >= given),
    "maximum": _of("number", lambda given, value: value <= given),
    "exclusiveMinimum": _of("number", lambda given, value: value > given),
    "exclusiveMaximum": _of("number", lambda given, value: value < given),
    "multipleOf": _of("number", lambda given, value: abs(value / given - round(value / given)) < 1e-9),
    "minLength": _of("string", lambda given, value: len(value) >= given),
    "maxLength": _of("string", lambda given, value: len(value) <= given),
    "pattern": _of("string", lambda given, value: re.search(given, value) is not None),
}
_BESIDE = ("then", "else", "minContains", "maxContains")
"""Keywords that another one reads."""


def _parts(keyword: str, given: Any) -> list[tuple[str, Any]]:
    """The schemas within a keyword, each with the rest of its place."""
    if keyword in ("properties", "patternProperties", "$defs", "definitions") and isinstance(given, dict):
        return [(f"/{name}", part) for name, part in given.items()]
    if keyword in ("allOf", "anyOf", "oneOf", "prefixItems") and isinstance(given, list):
        return [(f"/{place}", part) for place, part in enumerate(given)]
    if keyword in ("additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else"):
        return [("", given)]
    return []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_unique(values: list[Any]) -> bool:
    return not any(same_json(one, other) for place, one in enumerate(values) for other in values[:place])
