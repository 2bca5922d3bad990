"""What may be loaded by what: start-up stays fast, and the light parts stay light."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "sklearn", "pyarrow", "pydantic", "rich", "numpy")


def modules_after(code: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(result.stdout.split())


@pytest.mark.parametrize(
    "code", ["import tunewright", "from tunewright.cli.main import build_parser; build_parser().format_help()"]
)
def test_start_up_loads_nothing_heavy(code: str) -> None:
    assert not modules_after(code) & set(HEAVY)


@pytest.mark.parametrize(
    "package", ["core", "data.sources", "data.audit", "data.columns", "data.split", "metrics", "report"]
)
def test_light_parts_load_without_torch(package: str) -> None:
    assert not modules_after(f"import tunewright.{package}") & {"torch", "transformers"}


def test_every_public_name_is_there() -> None:
    import tunewright

    for name in tunewright.__all__:
        assert getattr(tunewright, name) is not None
        assert getattr(tunewright, name).__module__.startswith("tunewright.")


def test_the_check_can_fail() -> None:
    assert "pydantic" in modules_after("import tunewright.core.config")


def test_threads_are_told_not_to_spin_before_torch_is_loaded() -> None:
    code = "import os; os.environ.pop('GOMP_SPINCOUNT', None)\nimport tunewright\nassert os.environ['GOMP_SPINCOUNT']"
    assert "torch" not in modules_after(code)
