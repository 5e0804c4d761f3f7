"""docs/reliability.md names tests that exist, and covers the folder of faults."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.read_text("utf-8"))))


def names_in(path: Path) -> set[str]:
    """Names of the test functions of a file, those in classes too."""
    tree = ast.walk(ast.parse(path.read_text("utf-8")))
    return {n.name for n in tree if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")}


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda part: part)
def test_a_promise_has_its_test(file: str, name: str) -> None:
    """Each test that the page names is there."""
    assert (ROOT / file).is_file()
    assert name in names_in(ROOT / file)


def test_every_promise_names_a_test() -> None:
    """A row of a promise without a test is none."""
    text = PAGE.read_text("utf-8").split("## Long runs")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith("| promise")]
    assert len(promises) > 30
    assert [row for row in promises if "::test_" not in row] == []


def test_every_command_is_there() -> None:
    """The commands of the long runs exist."""
    text = PAGE.read_text("utf-8")
    for module in re.findall(r"python -m (tests\.[\w.]+)", text):
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module
    for tool in re.findall(r"(tools/\w+\.py)", text):
        assert (ROOT / tool).is_file(), tool
