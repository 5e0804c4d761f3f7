"""Every function as Excel calls it: xlwings' own generator and dispatcher, COM alone imitated.

xlwings takes its Windows branch on import, which changes a process for good; so all calls are
made once in a process of its own (``dispatcher_cases.py``), and the tests look at what came back.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vrp_xl.excel.files import PACKAGE
from vrp_xl.functions import FUNCTIONS

HERE = Path(__file__).parent
KEY = "XLWINGS_LICENSE_KEY"
LONGEST_LINE = 1023
LONGEST_HELP = 255

RESERVED = """
    abs addressof alias and any array as attribute boolean byref byte byval call case cbool cbyte
    ccur cdate cdbl cdec cdecl cint circle clng clnglng clngptr close const csng cstr currency cvar
    cverr date debug decimal declare dim do doevents double each else elseif empty end endif enum
    eqv erase error event exit false fix for friend function get global gosub goto if imp
    implements in input inputb int integer is lbound len lenb let like lock long longlong longptr
    loop lset me mod new next not nothing null on open option optional or paramarray preserve print
    private pset public put raiseevent redim rem resume return rset scale seek select set sgn
    shared single spc static stop string sub tab then to true type typeof ubound unlock until
    variant wend while with withevents write xor
"""
"""Words that VBA does not take as the name of an argument."""


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `dispatcher_cases.py` printed."""
    folder = tmp_path_factory.mktemp("dispatcher")
    own = {"VRP_XL_HOME": str(folder), "HOME": str(folder), "USERPROFILE": str(folder)}
    own["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    done = subprocess.run(
        [sys.executable, "-W", "error", str(HERE / "dispatcher_cases.py")],
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def cases(answers: dict[str, Any], kind: str, name: str = "") -> list[dict[str, str]]:
    """The cases of one kind, of one function or of all."""
    return [c for c in answers["cases"] if c["kind"] == kind and name in ("", c["function"])]


def got(answers: dict[str, Any], kind: str, label: str) -> Any:
    """What the dispatcher gave for one call."""
    (found,) = (c["got"] for c in cases(answers, kind) if c["label"] == label)
    return json.loads(found)


def differences(found: list[dict[str, str]]) -> list[dict[str, str]]:
    """The cases where Excel would not get what plain Python says."""
    return [case for case in found if case["got"] != case["want"]]


EVERY = pytest.mark.parametrize("name", FUNCTIONS)


@EVERY
@pytest.mark.parametrize("kind", ["typed", "cells", "constants"])
def test_every_example_gives_what_plain_python_gives(
    answers: dict[str, Any], name: str, kind: str
) -> None:
    """Typed arguments, references to cells, and array constants of one and two dimensions."""
    found = cases(answers, kind, name)
    assert len(found) >= len(FUNCTIONS[name].examples)
    assert differences(found) == []


@EVERY
def test_ranges_spill_in_their_own_shape(answers: dict[str, Any], name: str) -> None:
    """Blocks, rows and columns keep their shape, their blanks and their errors."""
    assert differences(cases(answers, "spilled", name)) == []


def test_nearly_all_functions_spill(answers: dict[str, Any]) -> None:
    """The shapes were tried for every function that has an argument of one cell."""
    single = {
        f.name for f in FUNCTIONS.values()
        if any(not a.kind.takes_range for a in f.args) and f.examples[0].formula.count("()") == 0
    }  # fmt: skip
    tried = {case["function"] for case in cases(answers, "spilled")}
    assert single - tried <= {
        "VRP_HV", "VRP_PERCENTILE", "VRP_WHATIF", "VRP_WHATIFRATIO", "VRP_WHY"
    }  # fmt: skip


@EVERY
def test_blank_arguments_are_alike(answers: dict[str, Any], name: str) -> None:
    """Left out, an empty cell and empty text are one blank, for each argument."""
    found = cases(answers, "blank", name)
    assert len(found) == 3 * len(FUNCTIONS[name].args) * len(FUNCTIONS[name].examples)
    assert differences(found) == []


@EVERY
def test_error_cells_pass_on(answers: dict[str, Any], name: str) -> None:
    """Ten kinds of errors, as the large integers that COM sends, in each argument."""
    assert differences(cases(answers, "error", name)) == []


@EVERY
def test_a_settings_range_counts(answers: dict[str, Any], name: str) -> None:
    """The last argument, as the Settings sheet holds it, does what it does in plain Python."""
    found = cases(answers, "rules", name)
    assert bool(found) == any(a.name == "rules" for a in FUNCTIONS[name].args)
    assert differences(found) == []


@pytest.mark.parametrize(
    ("kind", "label", "value"),
    [
        ("typed", "=VRP_RATIO(28, 18)", 28 / 18),
        ("typed", "=VRP_SCREEN(1.34, 5.41)", True),
        ("typed", '=VRP_CELL("SPY")', "A"),
        ("cells", '=VRP_CELL("SPY")', "A"),
        ("spilled", '=VRP_CELL("SPY") vvv', ["A", "A", "A"]),
        ("spilled", '=VRP_CELL("SPY") v;b;v', [["A"], [""], ["A"]]),
        ("spilled", '=VRP_CELL("SPY") vb;ev', [["A", ""], ["#NUM!", "A"]]),
        ("rules", '=VRP_CELL("SPY") with a Settings range', "C"),
        ("error", '=VRP_CELL("SPY"), #SPILL! in argument 1', "#SPILL!"),
        ("error", "=VRP_HV({100;101;100;102;101}), #GETTING_DATA in argument 1", "#GETTING_DATA"),
        ("blank", '=VRP_CELL("SPY"), argument 1 empty cell', "#VALUE!"),
        ("blank", "=VRP_SPREAD(18.45, 13.04), argument 2 left out", "#N/A"),
    ],
)
def test_known_answers(answers: dict[str, Any], kind: str, label: str, value: Any) -> None:
    """A few answers said outright, so that both sides cannot be wrong alike."""
    assert got(answers, kind, label) == value


@pytest.mark.parametrize("kind", ["typed", "cells"])
def test_dates_go_in_and_out(answers: dict[str, Any], kind: str) -> None:
    """A serial number and a date cell mean the same day; a date leaves as a datetime."""
    stop = got(answers, kind, "=VRP_STOPDATE(DATE(2027,1,15))")
    assert stop == {"time": "2026-12-24T00:00:00"}
    assert got(answers, kind, "=VRP_DTE(DATE(2027,1,15), DATE(2026,11,20))") == 56
    assert set(got(answers, kind, '=VRP_ASOF("SPY")')) == {"time"}
    history = got(answers, kind, '=VRP_HISTORY("SPY", "atm_iv", 5)')
    assert [sorted(day) for day, _ in history] == [["time"]] * 5


def test_only_types_that_a_cell_knows(answers: dict[str, Any]) -> None:
    """Nothing raises, and no numpy number, no None, no date without a time goes to COM."""
    text = "".join(case["got"] for case in answers["cases"])
    assert "no cell holds a" not in text
    assert "raised" not in text


def test_xlwings_own_code_without_a_licence(answers: dict[str, Any]) -> None:
    """The shipped modules ran, without the PRO part and without a key."""
    assert answers["pro"] is False
    assert answers["engines"] == ["excel"]
    assert [Path(file).name for file in answers["files"]] == ["udfs.py", "com_server.py"]
    assert {Path(file).parent.name for file in answers["files"]} == {"xlwings"}


def test_no_licence_key_is_set_anywhere() -> None:
    """Neither the environment nor a file of the package names a licence key of xlwings."""
    assert KEY not in os.environ
    texts = [
        file.read_text(encoding="utf-8")
        for file in PACKAGE.rglob("*")
        if file.suffix in (".py", ".bas", ".cls", ".toml", ".json", ".conf")
    ]
    assert len(texts) > 50
    assert not any(KEY in text for text in texts)


# What the generator writes


def wrapper(answers: dict[str, Any], name: str) -> str:
    """The VBA function of that name."""
    (module,) = answers["vba"]
    pattern = rf"^Function {name}\(.*?^End Function$"
    (found,) = re.findall(pattern, module, re.MULTILINE | re.DOTALL)
    return str(found)


@EVERY
def test_the_vba_wrapper_names_the_arguments(answers: dict[str, Any], name: str) -> None:
    """Names, order and Optional are those of the definition, in the head and in the call."""
    args = FUNCTIONS[name].args
    head, *body = wrapper(answers, name).splitlines()
    words = ", ".join(f"Optional {a.name}" if a.optional else a.name for a in args)
    assert head == f"Function {name}({words})"
    array = "Array(" + ", ".join(a.name for a in args) + ")"
    call = f'{name} = XLPy.CallUDF("vrp_xl.excel.udfs", "{name}", {array}, ThisWorkbook, '
    assert any(line.strip().startswith(call) for line in body)


def test_the_vba_module_holds_every_function_and_no_other(answers: dict[str, Any]) -> None:
    """One wrapper per definition."""
    (module,) = answers["vba"]
    names = re.findall(r"^(?:Function|Sub) (\w+)\(", module, re.MULTILINE)
    assert sorted(names) == sorted(FUNCTIONS)
    assert max(map(len, module.splitlines())) <= LONGEST_LINE


@EVERY
def test_vba_takes_the_names_of_the_arguments(name: str) -> None:
    """No argument is a word of the language, and optional ones stand last."""
    args = FUNCTIONS[name].args
    assert not {a.name.lower() for a in args} & set(RESERVED.split())
    assert len({a.name.lower() for a in args}) == len(args)
    assert [a.optional for a in args] == sorted(a.optional for a in args)


@EVERY
def test_the_function_wizard_is_told_whole_sentences(answers: dict[str, Any], name: str) -> None:
    """Category, description and one text per argument, none cut at Excel's 255 characters."""
    told = answers["options"][f"'vrp.xlsm'!{name}"]
    assert told["Category"] == "VRP"
    arguments = told["ArgumentDescriptions"] or []
    assert len(arguments) == len(FUNCTIONS[name].args)
    for text in (told["Description"], *arguments):
        assert 0 < len(text) <= LONGEST_HELP
        assert text.endswith(".")
        assert text.isprintable()
