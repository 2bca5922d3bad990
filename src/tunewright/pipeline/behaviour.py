"""`tunewright evaluate MODEL --behaviour`: a suite of behaviour tests, and changes to texts that should not matter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from tunewright.core.errors import DataError, nearest
from tunewright.core.folder import RunFolder, read_json, write_json
from tunewright.core.yaml import NotYaml, parse_yaml
from tunewright.data.perturb import PERTURBATIONS, perturbed
from tunewright.evaluate.behaviour import BehaviourTest, Case, Expected, Outcome, TestKind, judge_test, shaken
from tunewright.evaluate.suite import Expectation, Import, Suite, SuiteTest
from tunewright.pipeline.asking import ask
from tunewright.pipeline.journal import Listener
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.read_texts import read_texts
from tunewright.recipe import Recipe
from tunewright.serve import Predictor, load, require_labeller
from tunewright.tasks import RowTask

Text = tuple[str, ...]

MOST_ROWS = 500
"""Rows of a file that are changed in each way; of more, so many evenly spaced ones. A rate is then known to ±4 points."""
_KINDS: dict[str, TestKind] = {"MFT": "minimum", "INV": "invariance", "DIR": "direction"}
_STUB = re.compile(r"<[\w.]+ object at 0x[0-9a-fA-F]+>")
"""What Python writes of an object that does not say what it holds."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What came of all tests."""

    model: str
    labels: tuple[str, ...]
    suite: str | None
    """Its file's name; None where only texts were changed."""
    file: str | None
    """The name of the file whose texts were changed."""
    level: float
    tests: tuple[Outcome, ...]
    changes: tuple[Outcome, ...]
    """The suite's tests, and one for each way of changing the file's texts."""

    def to_json(self, *, private: bool = False) -> dict[str, Any]:
        """Plain values; a private one has no texts of the file. Those of the suite are its author's own."""
        changes = [replace(one, failures=()) for one in self.changes] if private else self.changes
        return asdict(replace(self, changes=tuple(changes))) | {"private": private}


def evaluate_behaviour(
    model: str | Path, path: str | Path | None = None, *, suite: str | Path | None = None, text: str | None = None,
    text_pair: str | None = None, level: float = 0.95, listener: Listener | None = None,
) -> Behaviour:  # fmt: skip
    """Hold a bundle to a suite, and change the texts of a file (whose answers, if any, are not looked at) in ways that should not
    matter.

    Raises DataError where there is neither, or the suite can't be read; ModelError where the folder is no bundle, or of a model
    that writes or tags.
    """
    if path is None and suite is None:
        raise DataError("behaviour: give a suite of tests, or a FILE whose texts are to be changed, or both.")
    tests = None if suite is None else read_suite(Path(suite))
    predictor = require_labeller(load(Path(model)), model)
    rows = None if path is None else read_texts(predictor.about, Path(path), text=text, text_pair=text_pair)
    return Behaviour(
        model=str(model), labels=tuple(predictor.about.labels), level=level,
        suite=None if suite is None else Path(suite).name, file=None if path is None else Path(path).name,
        tests=tuple(run_suite(predictor, tests, level=level, listener=listener)) if tests is not None else (),
        changes=tuple(change_texts(predictor, rows, level=level, listener=listener)) if rows else (),
    )  # fmt: skip


def add_behaviour(recipe: Recipe, prepared: Prepared, folder: RunFolder) -> None:
    """Put `behaviour` into evidence.json: the recipe's suite, and a run's own test rows changed. The saved model is asked.

    Rows that the final model was trained on after it was measured are not changed: they would say too little.
    """
    settings, evidence = recipe.evaluate.behaviour, read_json(folder.evidence)
    if not isinstance(prepared.task, RowTask):
        return
    bundle = folder.bundle_of(evidence["system"])
    predictor = require_labeller(load(bundle), bundle)
    tests = read_suite(Path(settings.suite)) if settings.suite else []
    rows = (
        {} if recipe.train.refit_on_all else {prepared.row_ids[i]: _row(prepared, i) for i in prepared.places("test")}
    )
    level = recipe.evaluate.level
    changes = change_texts(predictor, rows, most=settings.changed_rows, level=level) if settings.changed_rows else ()
    found = Behaviour(
        model=bundle.name, labels=tuple(predictor.about.labels), level=level,
        suite=Path(settings.suite).name if settings.suite else None, file=None,
        tests=tuple(run_suite(predictor, tests, level=level)), changes=tuple(changes) if rows else (),
    )  # fmt: skip
    if found.tests or found.changes:
        write_json(folder.evidence, evidence | {"behaviour": found.to_json(private=recipe.report.private)})


def _row(prepared: Prepared, place: int) -> Text:
    return (prepared.texts[place], prepared.pairs[place]) if prepared.pairs else (prepared.texts[place],)


def run_suite(
    predictor: Predictor, tests: Sequence[BehaviourTest], *, level: float = 0.95, listener: Listener | None = None
) -> Iterator[Outcome]:
    """The outcome of each test, in the order of the suite."""
    pairs = "text_pair" in predictor.about.fields
    tests = [replace(one, reason="pairs") if pairs and not one.reason else one for one in tests]
    tests = [replace(one, cases=tuple(_named(case, predictor.about.labels) for case in one.cases)) for one in tests]
    texts: list[Text] = [(text,) for one in tests if not one.reason for case in one.cases for text in case.texts]
    if listener:
        listener({"kind": "asking", "what": "suite", "texts": len(set(texts))})
    said = ask(predictor, texts)
    start = 0
    for one in tests:
        end = start + (0 if one.reason else sum(len(case.texts) for case in one.cases))
        yield judge_test(one, said.rows(start, end), level=level)
        start = end


def change_texts(
    predictor: Predictor, rows: Mapping[str, Text], *, most: int = MOST_ROWS, level: float = 0.95,
    listener: Listener | None = None,
) -> Iterator[Outcome]:  # fmt: skip
    """For each way of changing a text how often the answer changes, too; `rows` by id. Of pairs the first text is changed."""
    ids = list(rows)
    ids = [ids[i] for i in np.unique(np.linspace(0, len(ids) - 1, min(most, len(ids))).astype(int))]
    changed: dict[str, list[tuple[str, Text]]] = {
        name: [(i, (new, *rows[i][1:])) for i in ids if (new := perturbed(rows[i][0], name)) is not None]
        for name in PERTURBATIONS
    }
    if listener:
        listener({"kind": "asking", "what": "changes", "texts": len(ids) + sum(map(len, changed.values()))})
    both = [text for some in changed.values() for i, new in some for text in (rows[i], new)]
    said = ask(predictor, [*(rows[i] for i in ids), *both])
    tolerance, start = shaken(said.rows(0, len(ids))), len(ids)
    for name, some in changed.items():
        cases = tuple(
            Case(texts=(rows[i][0], new[0]), expected=Expected(tolerance=tolerance), row_id=i) for i, new in some
        )
        end = start + 2 * len(some)
        yield judge_test(BehaviourTest(name=name, kind="invariance", cases=cases), said.rows(start, end), level=level)
        start = end


def read_suite(path: Path) -> list[BehaviourTest]:
    """All tests of a suite and of the files that it takes in. Raises DataError with place, what was found and what is accepted."""
    suite = _parse(path)
    tests = [BehaviourTest(name=one.name, kind=one.kind, capability=one.capability, cases=tuple(one.to_cases()))
             for one in suite.tests]  # fmt: skip
    for one in suite.imports:
        tests += _imported(one, path.parent / one.file)
    if not tests:
        raise DataError(f"{path}: there is no test in it. Tests stand under `tests`, files of tests under `imports`.")
    names = [one.name for one in tests]
    if twice := {name for name in names if names.count(name) > 1}:
        raise DataError(f"{path}: two tests are called `{min(twice)}`; a name is what a test is known by.")
    return tests


def _parse(path: Path) -> Suite:
    try:
        tree = parse_yaml(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such suite.") from None
    except (UnicodeDecodeError, IsADirectoryError):
        raise DataError(f"{path}: a suite is a YAML text in UTF-8.") from None
    except NotYaml as error:
        raise DataError(f"{path}: this is not YAML: {error}") from None
    if not isinstance(tree, dict):
        raise DataError(f"{path}: a suite is a tree of keys (tests, imports), found {type(tree).__name__}.")
    try:
        return Suite.model_validate(tree)
    except ValidationError as error:
        raise DataError("\n".join(f"{path}: {_explain(one)}" for one in error.errors())) from None


def _explain(problem: Any) -> str:
    """`tests.2.labl`: unknown key, and what is accepted there."""
    place = [str(part) for part in problem["loc"]]
    key = ".".join(place)
    if problem["type"] == "extra_forbidden":
        models: dict[str, type[BaseModel]] = {"tests": SuiteTest, "imports": Import}
        model = Expectation if "expect" in place[:-1] else models.get(place[0], Suite) if len(place) > 1 else Suite
        return f"unknown key `{key}`.{nearest(place[-1], set(model.model_fields))} Accepted: {', '.join(model.model_fields)}."
    if problem["type"] == "missing":
        return f"the key `{key}` is missing."
    return f"{f'`{key}`: ' if key else ''}{problem['msg'].removeprefix('Value error, ')}."


def _imported(one: Import, path: Path) -> list[BehaviourTest]:
    """The tests of a file of cases. A test whose texts were lost stands there with the reason."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for number, record in _records(path):
        missing = {"test", "type", "texts"} - set(record)
        if missing or record["type"] not in _KINDS:
            found = f"`type: {record['type']}`" if not missing else f"no `{min(missing)}`"
            raise DataError(f"{path}:{number}: a case has `test`, `type` (MFT, INV or DIR) and `texts`; found {found}.")
        by_name.setdefault(record["test"], []).append(record)
    if unknown := set(one.expect) - set(by_name):
        name = min(unknown)
        raise DataError(f"{path}: `expect` names a test `{name}` that is not in the file.{nearest(name, set(by_name))}")
    return [_test(name, records, one) for name, records in by_name.items()]


def _test(name: str, records: list[dict[str, Any]], one: Import) -> BehaviourTest:
    expectation = one.expect.get(name, Expectation())
    cases = []
    for record in records:
        label = None if record.get("label") is None else str(record["label"])
        label = None if label is None else one.labels.get(label, label)
        cases.append(Case(texts=tuple(map(str, record["texts"])), expected=expectation.expected(label=label)))
    lost = next((text for case in cases for text in case.texts if _STUB.fullmatch(text)), None)
    return BehaviourTest(
        name=name, kind=_KINDS[records[0]["type"]], capability=str(records[0].get("capability") or ""), cases=tuple(cases),
        reason=None if lost is None else "stub_texts", detail=lost or "",
    )  # fmt: skip


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # JSON texts may hold other ends of lines
    except OSError:
        raise DataError(f"{path}: there is no such file of cases. Its path begins where the suite stands.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: a file of cases is JSON Lines in UTF-8.") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            if not isinstance(record, dict) or not isinstance(record.get("texts"), list):
                raise DataError(f"{path}:{number}: expected a JSON object with `test`, `type` and a list `texts`.")
            yield number, record


def _named(case: Case, labels: Sequence[str]) -> Case:
    """YAML reads `label: 1` as a number; of a model whose labels are texts, the label `1` is meant."""
    number = case.expected.number
    if number is None or not labels:
        return case
    return replace(case, expected=replace(case.expected, number=None, labels=(f"{number:.15g}",)))
