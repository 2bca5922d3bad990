"""A chat template as a program that can do nothing but write text, and not much of that.

jinja2's immutable sandbox keeps a template from Python's insides. It does not keep it from running for ever or filling the
memory, so loops count their rounds, texts that grow are measured, and only filters that templates of chats use are there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tunewright.core.errors import DataError, ModelError
from tunewright.core.text import digest

MOST_ROUNDS = 100_000
"""Rounds of all loops of one rendering."""
MOST_CHARACTERS = 8_000_000
"""Of one rendering, and of any text that a template builds on the way."""
MOST_SOURCE = 1_000_000
"""Characters of a template."""
FILTERS = (
    "abs", "attr", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "groupby", "int",
    "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse",
    "round", "safe", "select", "selectattr", "sort", "string", "sum", "title", "trim", "unique", "upper",
)  # fmt: skip

METHODS = (
    "capitalize", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdigit", "islower", "isspace", "isupper", "join",
    "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rpartition", "rsplit",
    "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper",
)  # fmt: skip
"""Of texts. Those that take a width are not among them: it is all it takes to fill the memory."""


class TemplateLimitError(jinja2.TemplateError):
    """A template ran past a limit."""


@dataclass(frozen=True, kw_only=True)
class ChatTemplate:
    """A template ready to be used."""

    source: str
    digest: str
    """Of the source: the template at inference is the one of training."""
    program: jinja2.Template

    def render(
        self, messages: Sequence[Mapping[str, Any]], *, tools: Sequence[Mapping[str, Any]] | None = None,
        add_generation_prompt: bool = False, variables: Mapping[str, Any] | None = None,
    ) -> str:  # fmt: skip
        """The text of a chat. Raises DataError, naming the template's line, where the template refuses or fails."""
        rounds = _Rounds()
        pieces, length = [], 0
        try:
            for piece in self.program.generate(
                messages=_copied(messages), tools=_copied(tools) if tools else None,
                add_generation_prompt=add_generation_prompt, _rounds=rounds, **(variables or {}),
            ):  # fmt: skip
                length += len(piece)
                if length > MOST_CHARACTERS:
                    raise TemplateLimitError(f"the text is longer than {MOST_CHARACTERS:,} characters")
                pieces.append(piece)
        except (jinja2.TemplateError, TypeError, ValueError, KeyError, AttributeError, IndexError, ArithmeticError,
                RecursionError) as error:  # fmt: skip
            raise DataError(f"the chat template refuses this chat{_line_of(error)}: {error}") from None
        return "".join(pieces)


def compile_template(source: str, *, special_tokens: Mapping[str, str] | None = None) -> ChatTemplate:
    """The template of a model; `special_tokens` (`bos_token`, `eos_token`...) are names that it may use.

    Raises ModelError where it is no template, or is larger than any honest one.
    """
    if len(source) > MOST_SOURCE:
        raise ModelError(f"the chat template has {len(source):,} characters; at most {MOST_SOURCE:,} are read.")
    environment = _environment()
    environment.globals.update(special_tokens or {})
    try:
        program = environment.from_string(source)
    except (jinja2.TemplateSyntaxError, RecursionError, ValueError) as error:
        raise ModelError(f"the chat template is no template{_line_of(error)}: {error}") from None
    names = json.dumps(dict(special_tokens or {}), sort_keys=True)
    return ChatTemplate(source=source, digest=digest(source, names), program=program)


class _Rounds:
    """Counts the rounds of all loops."""

    def __init__(self) -> None:
        self.left = MOST_ROUNDS

    def count(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.left -= 1
            if self.left < 0:
                raise TemplateLimitError(f"its loops go round more than {MOST_ROUNDS:,} times")
            yield item


class _Environment(ImmutableSandboxedEnvironment):
    """Counts loops by rewriting each `for x in items` to go through `_counted`; measures texts that operators build."""

    intercepted_binops = frozenset(["*", "**", "+", "%"])

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "_counted", [], [], None, None, lineno=loop.lineno)
        return _without_tilde(tree)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or (operator == "*" and not (_is_number(left) and _is_number(right))):
            raise TemplateLimitError(f"`{operator}` is not allowed here, because it can fill the memory")
        if operator == "%" and isinstance(left, str):
            raise TemplateLimitError("`%` on texts is not allowed here, because it can fill the memory")
        return _measured(super().call_binop(context, operator, left, right))

    def call(self, context: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        text, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if isinstance(text, str) and name in _CHECKED and args:
            _CHECKED[name](text, *args)
        return _measured(super().call(context, function, *args, **kwargs))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr not in METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)


def _without_tilde(tree: nodes.Template) -> nodes.Template:
    """`a ~ b` as `[a, b] | join`, which is measured."""
    for parent in [tree, *tree.find_all(nodes.Node)]:
        for name, value in parent.iter_fields():
            if isinstance(value, nodes.Concat):
                setattr(parent, name, _joined(value))
            elif isinstance(value, list):
                value[:] = [_joined(part) if isinstance(part, nodes.Concat) else part for part in value]
    return tree


def _joined(concat: nodes.Concat) -> nodes.Filter:
    parts = nodes.List(concat.nodes, lineno=concat.lineno)
    return nodes.Filter(parts, "join", [], [], None, None, lineno=concat.lineno)


def _measured(value: Any) -> Any:
    if isinstance(value, (str, list, tuple, dict)) and len(value) > MOST_CHARACTERS:
        raise TemplateLimitError(f"a text or list is longer than {MOST_CHARACTERS:,}")
    return value


def _require_room(size: int) -> None:
    if size > MOST_CHARACTERS:
        raise TemplateLimitError(f"a text would be longer than {MOST_CHARACTERS:,} characters")


def _check_replace(text: str, old: str, new: str, *_: Any, **__: Any) -> None:
    _require_room(len(text) + text.count(str(old)) * len(str(new)))


def _check_join(separator: str, parts: Iterable[Any], *_: Any) -> None:
    if isinstance(parts, (str, list, tuple, dict)):
        _require_room(len(separator) * len(parts) + sum(len(str(part)) for part in parts))


_CHECKED: dict[str, Callable[..., None]] = {"replace": _check_replace, "join": _check_join}
"""Methods of texts that make much of little: looked at before they are called."""


class _Generation(Extension):
    """`{% generation %}` ... `{% endgeneration %}` is transparent: what is learned is found by trying, not by marks."""

    tags = {"generation"}  # noqa: RUF012  # jinja2's own form

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        body: list[nodes.Node] = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return body


def _environment() -> _Environment:
    environment = _Environment(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.filters |= {"join": _join, "replace": _replace, "indent": _indent}
    environment.filters["tojson"] = _to_json
    environment.filters["_counted"] = _counted
    environment.globals = {
        "range": _short_range, "dict": dict, "namespace": environment.globals["namespace"],
        "raise_exception": _raise_exception, "strftime_now": _strftime_now,
    }  # fmt: skip
    return environment


def _join(value: Iterable[Any], d: str = "", attribute: str | None = None) -> str:
    parts = [str(part.get(attribute, "") if attribute else part) for part in value]
    _check_join(str(d), parts)
    return str(d).join(parts)


def _replace(text: Any, old: str, new: str, count: int | None = None) -> str:
    _check_replace(str(text), old, new)
    return str(text).replace(old, new, -1 if count is None else count)


def _indent(text: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    """As jinja2 has it, for widths that people use."""
    margin = width if isinstance(width, str) else " " * min(width, 64)
    lines = str(text).split("\n")
    _require_room(len(str(text)) + len(lines) * len(margin))
    indented = [margin + line if (line or blank) and (number or first) else line for number, line in enumerate(lines)]
    return "\n".join(indented)


@jinja2.pass_context
def _counted(context: Any, items: Iterable[Any]) -> Iterable[Any]:
    rounds: _Rounds = context["_rounds"]
    if isinstance(items, jinja2.Undefined):
        return items
    # A list, because templates ask loops for their length and last round; counted before it is made.
    return list(rounds.count(items))


def _to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, separators: Any = None,
             sort_keys: bool = False) -> str:  # fmt: skip
    """As transformers has it: no HTML escapes, characters as they are."""
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=min(indent, 16) if indent else indent, separators=separators,
        sort_keys=sort_keys,
    )  # fmt: skip


def _short_range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > MOST_ROUNDS:
        raise TemplateLimitError(f"range of {len(found):,}; at most {MOST_ROUNDS:,}")
    return found


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def _strftime_now(form: str) -> str:
    return datetime.now().strftime(form[:100])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _copied(value: Any) -> Any:
    """Plain values all the way down, so that nothing of ours is within a template's reach."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _copied(part) for key, part in value.items()}
    return [_copied(part) for part in value]


def _line_of(error: BaseException) -> str:
    """` (line 12 of the template)`, as far as the error knows it."""
    line = getattr(error, "lineno", None)
    trace: Any = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" (line {line} of the template)" if line else ""


def lines_about(source: str, pattern: str) -> str:
    """The numbers of a template's lines that match, for messages: `lines 3, 17`."""
    found = [str(number) for number, line in enumerate(source.split("\n"), start=1) if re.search(pattern, line)]
    return f"line{'s' if len(found) > 1 else ''} {', '.join(found[:8])}" if found else "no line"
