"""The generated VBA: every function, by name and argument, within what VBA takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyopenvba.exceptions import VBACompileError
from pyopenvba.interpreter import parse_module

from vrp_xl.excel.layout import MACROS
from vrp_xl.excel.vba.wrappers import functions_text, help_text
from vrp_xl.functions import FUNCTIONS

SOURCES = Path(__file__).parents[2] / "workbook" / "vba"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SOURCES.iterdir())} | {
    "VrpFunctions": functions_text(),
    "VrpHelp": help_text(),
}
LONGEST_LINE, MOST_CONTINUED, LONGEST_HELP = 1023, 24, 255


def test_wrappers_cover_all_functions() -> None:
    """There is one Public Function per VRP function, with its arguments in order."""
    found = re.findall(r"^Public Function (\w+)\((.*)\)$", TEXTS["VrpFunctions"], re.MULTILINE)
    assert [name for name, _ in found] == list(FUNCTIONS)
    for name, declared in found:
        wanted = [f"Optional {a.name}" if a.optional else a.name for a in FUNCTIONS[name].args]
        assert declared == ", ".join(wanted)


def test_a_wrapper_reads_well() -> None:
    """What a user sees in the editor is a comment, a name and one call."""
    assert (
        "' Implied over realized volatility: IV / max(HV, floor).\n"
        "Public Function VRP_RATIO(iv, hv, Optional floor, Optional rules)\n"
        '    VRP_RATIO = VrpCall("VRP_RATIO", Array(iv, hv, floor, rules))\n'
        "End Function\n"
    ) in TEXTS["VrpFunctions"]


def test_optional_arguments_come_last() -> None:
    """VBA takes no argument that is needed behind one that may be left out."""
    for function in FUNCTIONS.values():
        optional = [a.optional for a in function.args]
        assert optional == sorted(optional)


@pytest.mark.parametrize("name", TEXTS)
def test_within_what_vba_takes(name: str) -> None:
    """Plain ASCII, no line too long, none continued too often, small enough to compile."""
    text = TEXTS[name]
    assert text.isascii()
    assert len(text) < 60_000
    lines = text.splitlines()
    assert max(map(len, lines)) <= LONGEST_LINE
    continued = 0
    for line in lines:
        continued = continued + 1 if line.endswith(" _") else 0
        assert continued <= MOST_CONTINUED


@pytest.mark.parametrize("name", TEXTS)
def test_it_compiles(name: str) -> None:
    """Every module of ours is parsed by pyOpenVBA, which finds the mistake in a broken one."""
    parse_module(TEXTS[name], name=name)
    with pytest.raises(VBACompileError):
        parse_module(TEXTS[name] + "\nPublic Sub Broken(\nIf\nEnd Sub\n", name=name)


@pytest.mark.parametrize("name", [n for n in TEXTS if n != "VrpErrors"])
def test_nothing_that_libreoffice_cannot_evaluate(name: str) -> None:
    """Conditional compilation, TypeOf and CVErr are in no module but VrpErrors."""
    code = "\n".join(line.split("'")[0] for line in TEXTS[name].splitlines())
    assert not re.search(r"(?m)^\s*#|\bTypeOf\b|\bCVErr\b", code)


@pytest.mark.parametrize("name", TEXTS)
def test_variables_are_declared(name: str) -> None:
    """Every module asks for it."""
    assert "\nOption Explicit\n" in TEXTS[name]


def test_only_functions_and_macros_are_offered() -> None:
    """Cells and the macro list see the VRP functions and the macros, nothing of the inside."""
    offered = [n for n, text in TEXTS.items() if "Option Private Module" not in text]
    assert sorted(offered) == ["ThisWorkbook", "VrpFunctions", "VrpMacros"]
    public = re.findall(r"^Public (?:Sub|Function) (\w+)\(", TEXTS["VrpMacros"], re.MULTILINE)
    assert public == [*MACROS, "VrpRestart"]


def test_help_is_short_enough() -> None:
    """The function wizard refuses texts of more than 255 characters."""
    texts = [t.replace('""', '"') for t in re.findall(r'"((?:[^"]|"")*)"', TEXTS["VrpHelp"])]
    assert len(texts) > 2 * len(FUNCTIONS)
    assert max(map(len, texts)) <= LONGEST_HELP
