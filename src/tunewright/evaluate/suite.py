"""A suite of behaviour tests as a person writes it: what a model must be able to do, and what must not move it.

`minimum` functionality, `invariance` and `direction` after CheckList (Ribeiro et al. 2020, ACL, arXiv:2005.04118).
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from tunewright.core.config import Config
from tunewright.evaluate.behaviour import Case, Expected, TestKind

Labels = str | float | tuple[str, ...]


class Expectation(Config):
    """What is expected of the answers."""

    label: Labels | None = None
    """`minimum`: the right answer; of several, any is right; of numbers, within `tolerance`. `direction`: whose score is looked at;
    None: of the answer to the first text."""
    not_label: str | tuple[str, ...] | None = None
    """`minimum`: any answer but these."""
    direction: Literal["up", "down"] | None = None
    """Where the score, or the number, may go from the first text of a case to the others."""
    tolerance: float = Field(default=0.1, ge=0)
    """How far it may go the other way: points of probability (0.1 is ten of a hundred), or units of the number."""

    def expected(self, *, label: Labels | None = None) -> Expected:
        """As tests take it; `label` is the case's own, which stands in for one that is not said."""
        chosen = self.label if self.label is not None else label if self.not_label is None else None
        return Expected(
            labels=_several(chosen) if isinstance(chosen, str | tuple) else None,
            number=chosen if isinstance(chosen, float) else None,
            refused=_several(self.not_label) if self.not_label is not None else (),
            direction=self.direction, tolerance=self.tolerance,
        )  # fmt: skip


class SuiteTest(Expectation):
    """One test. Its texts stand in `texts`, in `cases`, or in a `template` that is filled in."""

    name: str
    """What the test is about, as it is shown."""
    kind: TestKind
    """`minimum`: the answer must be right. `invariance`: it must be the same for all texts of a case. `direction`: the score
    must not go the other way."""
    capability: str = ""
    """A heading for tests that belong together: negation, vocabulary, names."""
    texts: tuple[str, ...] = ()
    """`minimum`: each text is a case."""
    cases: tuple[tuple[str, ...], ...] = ()
    """Texts that belong together; the first is the one that the others are held against."""
    template: str | tuple[str, ...] = ()
    """Text with names in braces: `{who} was {how} today.` Several make the texts of one case."""
    fill: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """What to put in for each name; every combination is a case."""
    vary: str | None = None
    """`invariance`: the name whose words make the texts of one case."""

    def all_cases(self) -> Iterator[tuple[str, ...]]:
        """Every case as its texts."""
        yield from ((text,) for text in self.texts)
        yield from self.cases
        templates = _several(self.template)
        names = [name for name in self.fill if name != self.vary]
        for words in itertools.product(*(self.fill[name] for name in names)) if templates else ():
            own = dict(zip(names, words, strict=True))
            varied: list[dict[str, str]] = [{self.vary: word} for word in self.fill[self.vary]] if self.vary else [{}]
            yield tuple(template.format(**own, **one) for one in varied for template in templates)

    def to_cases(self) -> list[Case]:
        """Every case with what is expected."""
        return [Case(texts=texts, expected=self.expected()) for texts in self.all_cases()]

    @model_validator(mode="after")
    def _makes_sense(self) -> SuiteTest:
        fields = [
            field
            for text in _several(self.template)
            for field in string.Formatter().parse(text)
            if field[1] is not None
        ]
        if missing := {name or "{}" for _, name, _, _ in fields} - set(self.fill):
            raise ValueError(f"`{min(missing)}` stands in the template and not under `fill`")
        if any(form or conversion for _, _, form, conversion in fields):
            raise ValueError("a name in a template stands in braces alone, as in `{who}`")
        if self.vary is not None and self.vary not in self.fill:
            raise ValueError(f"`vary: {self.vary}` is not a name under `fill`")
        if not self.texts and not self.cases and not self.template:
            raise ValueError(f"the test `{self.name}` has no texts: give `texts`, `cases`, or `template` with `fill`")
        if self.kind == "minimum" and self.label is None and self.not_label is None:
            raise ValueError(f"the test `{self.name}` needs `label` or `not_label`: which answer is right?")
        if self.kind == "direction" and self.direction is None:
            raise ValueError(f"the test `{self.name}` needs `direction: up` or `direction: down`")
        if self.kind != "minimum" and any(len(texts) < 2 for texts in self.all_cases()):
            raise ValueError(
                f"the test `{self.name}` holds texts against each other, and a case of it has one text only"
            )
        return self


class Import(Config):
    """Tests that somebody else wrote: a file of cases with `test, type, texts` and where there is one `label, capability`, one a
    line, as a release of CheckList has them.
    """

    file: str
    """Its path; a relative one begins where the suite stands."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Its labels by the model's names for them; what is not here keeps its own."""
    expect: dict[str, Expectation] = Field(default_factory=dict)
    """For tests, by their names, whose file does not say what is expected."""


class Suite(Config):
    """All tests of a file."""

    tests: tuple[SuiteTest, ...] = ()
    imports: tuple[Import, ...] = ()


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
