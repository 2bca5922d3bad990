"""A chat template is a stranger's program: it may write text, and nothing else, and not for ever."""

from __future__ import annotations

import pytest

from tunewright.core.errors import DataError, ModelError
from tunewright.models.chat import compile_template

CHAT = [{"role": "user", "content": "hello"}] * 40
HOSTILE = {
    "reads Python's insides": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "reads a function's globals": "{{ raise_exception.__globals__ }}",
    "through a filter": "{{ '' | attr('__class__') }}",
    "through namespace": "{% set n = namespace() %}{{ n.__init__.__globals__ }}",
    "through format": "{{ '{0.__class__}'.format(messages) }}",
    "imports": "{% import 'os' as os %}{{ os }}",
    "includes a file": "{% include '/etc/passwd' %}",
    "loops without end": "{% for a in range(99999) %}{% for b in range(99999) %}{{ a * b }}{% endfor %}{% endfor %}",
    "loops within loops": "{% for a in messages %}" * 8 + "x" + "{% endfor %}" * 8,
    "a long range": "{{ range(10 ** 9) | list }}",
    "repeats a text": "{{ 'a' * 1000000000 }}",
    "repeats a list": "{{ [0] * 1000000000 }}",
    "a power": "{{ 9 ** 9 ** 9 }}",
    "a wide text": "{{ 'a'.center(1000000000) }}",
    "a wide number": "{{ '%1000000000d' % 1 }}",
    "doubles a text": "{% set n = namespace(t='aaaaaaaaaa') %}{% for _ in range(60) %}{% set n.t = n.t + n.t %}{% endfor %}{{ n.t }}",  # noqa: E501
    "doubles a text by joining": "{% set n = namespace(t='aaaaaaaaaa') %}{% for _ in range(60) %}{% set n.t = [n.t, n.t] | join %}{% endfor %}{{ n.t }}",  # noqa: E501
    "doubles a text with ~": "{% set n = namespace(t='aaaaaaaaaa') %}{% for _ in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t }}",  # noqa: E501
    "doubles a text by replacing": "{% set n = namespace(t='aaaaaaaaaa') %}{% for _ in range(60) %}{% set n.t = n.t.replace('a', 'aa') %}{% endfor %}{{ n.t }}",  # noqa: E501
    "calls itself": "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "changes what it was given": "{{ messages.clear() }}",
    "indents": "{{ 'a' | indent(1000000000) }}{{ ('a\\n' ~ 'b') | indent(1000000000) }}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_is_refused(name: str) -> None:
    try:
        text = compile_template(HOSTILE[name]).render(CHAT)
    except (DataError, ModelError):
        return
    assert len(text) < 1000, "it ran"
    assert "class" not in text
    assert "root:" not in text


def test_the_line_is_named() -> None:
    source = "{% for m in messages %}\n{{ m.content }}\n{{ raise_exception('roles must alternate') }}\n{% endfor %}"
    with pytest.raises(DataError, match=r"refuses this chat \(line 3 of the template\): roles must alternate"):
        compile_template(source).render(CHAT)


def test_what_is_no_template_is_said() -> None:
    with pytest.raises(ModelError, match=r"no template \(line 2 of the template\)"):
        compile_template("a\n{% for m in %}")
