"""What the documentation says is so: links lead somewhere, commands are accepted, recipes are read, names exist."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunewright.cli.main import build_parser
from tunewright.recipe import build_recipe

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")


def pages() -> list[Path]:
    """Markdown that belongs to the project, whether or not this is a git checkout."""
    own = [*ROOT.glob("*.md"), *(p for name in ("docs", "examples", "lab") for p in (ROOT / name).rglob("*.md"))]
    return sorted(own)


def blocks(page: Path, *languages: str) -> list[str]:
    return [code for language, code in FENCE.findall(page.read_text(encoding="utf-8")) if language in languages]


def commands(page: Path) -> Iterator[list[str]]:
    """Every `tunewright ...` in the shell blocks of a page, as arguments."""
    for block in blocks(page, "bash", "sh", "shell", "console"):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            for part in split_list(words, at={"&&", ";", "|", ">", "2>"}):
                places = [place for place, word in enumerate(part) if Path(word).name == "tunewright"]
                if places:
                    yield part[places[0] + 1 :]


def split_list(words: list[str], *, at: set[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for word in words:
        if word in at:
            yield part
            part = []
        else:
            part.append(word)
    yield part


def is_accepted(arguments: list[str]) -> bool:
    try:
        options = build_parser().parse_args(arguments)
    except SystemExit as stopped:
        return stopped.code == 0  # --help and --version
    build_recipe({"data": {"path": "any.csv"}}, overrides=getattr(options, "set", []))
    return True


def dead_links(page: Path, text: str) -> list[str]:
    targets = [link.partition("#")[0] for link in LINK.findall(FENCE.sub("", text)) if not re.match(r"[a-z]+:", link)]
    return [target for target in targets if target and not (page.parent / target).exists()]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    assert dead_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", pages(), ids=named)
def test_commands_are_accepted(page: Path) -> None:
    assert [" ".join(arguments) for arguments in commands(page) if not is_accepted(arguments)] == []


@pytest.mark.parametrize("page", pages(), ids=named)
def test_recipes_are_read_and_python_uses_public_names(page: Path, tmp_path: Path) -> None:
    import tunewright
    from tunewright.recipe import load_recipe

    for block in blocks(page, "yaml"):
        (tmp_path / "recipe.yaml").write_text(block, encoding="utf-8")
        load_recipe(tmp_path / "recipe.yaml")
    for block in blocks(page, "python"):
        compile(block, named(page), "exec")
        used = set(re.findall(r"\btw\.(\w+)", block))
        assert used <= set(tunewright.__all__)


def test_the_checks_can_fail() -> None:
    assert not is_accepted(["run", "reviews.csv", "--colour", "red"])
    assert dead_links(ROOT / "README.md", "[here](docs/nowhere.md) [there](https://example.org/)") == [
        "docs/nowhere.md"
    ]
    assert sum(1 for page in pages() for _ in commands(page)) > 10


def test_the_page_of_recipe_keys_is_what_the_docstrings_make() -> None:
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "recipe.md").read_text(encoding="utf-8") == module.page(), "run docs/make_reference.py"


def test_the_readme_opens_with_the_main_job_and_the_tests_and_has_a_twin() -> None:
    english, chinese = (blocks(ROOT / name, "bash") for name in ("README.md", "README.zh.md"))
    assert "tunewright run examples/" in english[0]
    assert "pytest" in english[1]
    assert len(english) == len(chinese)
    assert english[:2] == chinese[:2]
