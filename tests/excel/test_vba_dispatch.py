"""The VBA between a cell and Python, run by an interpreter with Excel's meaning of errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.excel.vba_host import Host, failure, table
from vrp_xl.definition import help_of, help_of_argument
from vrp_xl.excel.boundary import ERRORS
from vrp_xl.excel.layout import MACROS
from vrp_xl.excel.udfs import CATEGORY
from vrp_xl.excel.vba.project import Module, read_module
from vrp_xl.excel.vba.wrappers import functions_text, help_text
from vrp_xl.functions import FUNCTIONS

SOURCES = Path(__file__).parents[2] / "workbook" / "vba"
BY_HAND = ("VrpDispatch", "VrpErrors", "VrpMacros", "VrpRibbon")
GONE = (462, -2147023174, -2147417848)
TRUE_ERRORS = {
    "#NULL!": 2000, "#DIV/0!": 2007, "#VALUE!": 2015, "#REF!": 2023, "#NAME?": 2029,
    "#NUM!": 2036, "#N/A": 2042, "#GETTING_DATA": 2043, "#SPILL!": 2045, "#CONNECT!": 2046,
    "#BLOCKED!": 2047, "#UNKNOWN!": 2048, "#FIELD!": 2049, "#CALC!": 2050, "#BUSY!": 2051,
}  # fmt: skip


def own_modules() -> list[Module]:
    """All modules of ours, as the files hold them."""
    texts = [(SOURCES / f"{name}.bas").read_text(encoding="utf-8") for name in BY_HAND]
    return [read_module(text) for text in [*texts, functions_text(), help_text()]]


@pytest.fixture
def host() -> Host:
    """Excel with our modules in it."""
    return Host(own_modules())


def test_a_function_hands_its_arguments_on(host: Host) -> None:
    """VRP_RATIO calls Python's VRP_RATIO with four arguments, this workbook and the cell."""
    host.answers = [1.5]
    assert host.run("VRP_RATIO", 28.0, 18.0) == 1.5
    script, name, args, book, caller = host.calls[0]
    assert (script, name, caller) == ("vrp_xl.excel.udfs", "VRP_RATIO", "the cell")
    assert book is host.book
    assert [args.get([i]) for i in range(2)] == [28.0, 18.0]
    assert args.bounds == [(0, 3)]


def test_every_function_reaches_python(host: Host) -> None:
    """Each wrapper calls its own name with as many arguments as are defined."""
    for name, function in FUNCTIONS.items():
        host.answers = ["fine"]
        needed = [1.0 for a in function.args if not a.optional]
        assert host.run(name, *needed) == "fine"
        assert host.calls[-1][1] == name
        assert host.calls[-1][2].size == len(function.args)


def test_python_is_asked_for_once(host: Host) -> None:
    """Three calls need one look-up of the Python process."""
    host.answers = [1.0, 2.0, 3.0]
    assert [host.run("VRP_VERSION") for _ in range(3)] == [1.0, 2.0, 3.0]
    assert host.asked == 1


@pytest.mark.parametrize("text", ERRORS)
def test_error_texts_become_true_errors(host: Host, text: str) -> None:
    """Every error text of the boundary comes out as Excel's error of that number."""
    host.answers = [text]
    assert host.run("VRP_CELL", "NOPE") == f"Error {TRUE_ERRORS[text]}"


@pytest.mark.parametrize("text", ["", "A", "#1 of the list", "#n/a", " #N/A", "no #N/A"])
def test_other_text_stays_text(host: Host, text: str) -> None:
    """Only the exact text of an error is one."""
    host.answers = [text]
    assert host.run("VRP_CELL", "SPY") == text


def test_errors_inside_tables_and_rows(host: Host) -> None:
    """A table keeps its shape, and each error in it is a true one."""
    host.answers = [table([["SPY", "#N/A", 1.5], ["#NUM!", True, ""]])]
    assert host.run("VRP_SCAN") == [["SPY", "Error 2042", 1.5], ["Error 2036", True, ""]]
    row = table([[0.0]]).__class__([(0, 2)], items=["#VALUE!", "put", 2.0])
    host.answers = [row]
    assert host.run("VRP_STRIKES", "SPY") == ["Error 2015", "put", 2.0]
    assert host.run("VrpFailure") == ""


@pytest.mark.parametrize("number", GONE)
def test_a_python_that_has_ended_is_found_again_once(host: Host, number: int) -> None:
    """One automation error costs one more look-up and no error in the cell."""
    host.answers = [1.0, failure(number, "gone"), 2.0]
    assert [host.run("VRP_VERSION"), host.run("VRP_VERSION")] == [1.0, 2.0]
    assert host.asked == 2
    assert host.run("VrpFailure") == ""


def test_a_python_that_keeps_ending_is_given_up(host: Host) -> None:
    """A second automation error ends the call as #VALUE!; the next call starts anew."""
    host.answers = [failure(462, "gone"), failure(462, "gone for good"), 3.0]
    assert host.run("VRP_VERSION") == "Error 2015"
    assert host.run("VrpFailure") == "VRP_VERSION: gone for good"
    assert len(host.calls) == 2
    assert host.run("VRP_VERSION") == 3.0


def test_another_failure_is_not_tried_again(host: Host) -> None:
    """An error of another kind is #VALUE! at once and its words are kept."""
    host.answers = [failure(1000, "ModuleNotFoundError: vrp_xl")]
    assert host.run("VRP_CELL", "SPY") == "Error 2015"
    assert host.run("VrpFailure") == "VRP_CELL: ModuleNotFoundError: vrp_xl"
    assert (host.asked, len(host.calls)) == (1, 1)


def test_no_python_at_all(host: Host) -> None:
    """Without Python a formula is #VALUE!, and the last error says how to install it."""
    host.unreachable = failure(1, "Could not load xlwings64.dll")
    assert host.run("VRP_CELL", "SPY") == "Error 2015"
    host.run("ShowLastError")
    assert "VRP_CELL: Could not load xlwings64.dll" in host.messages[0]
    assert "vrp-xl install" in host.messages[0]
    assert host.run("VrpFailure") == ""


def test_the_last_error_of_the_formulas(host: Host) -> None:
    """Where Python answers, it is the one who knows the last error."""
    host.answers = ["VRP_CELL: nothing is stored for NOPE."]
    host.run("ShowLastError")
    assert host.calls[0][1] == "VRP_WHY"
    assert host.messages == ["VRP_CELL: nothing is stored for NOPE."]


def test_restart_lets_go_of_python(host: Host) -> None:
    """After VrpRestart the Python process is ended and asked for again."""
    host.answers = [1.0, 2.0]
    host.run("VRP_VERSION")
    host.run("VrpRestart")
    host.run("VRP_VERSION")
    assert host.ran == ["KillPy"]
    assert host.asked == 2


def snake(name: str) -> str:
    """RefreshScan as refresh_scan."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")


@pytest.mark.parametrize("macro", [name for name in MACROS if name != "ShowLastError"])
def test_macros_run_their_python_function(host: Host, macro: str) -> None:
    """Each macro runs the function of its name in vrp_xl.macros and says nothing itself."""
    host.run(macro)
    assert host.ran == [f"import vrp_xl.macros; vrp_xl.macros.{snake(macro)}()"]
    assert host.messages == []


@pytest.mark.parametrize("way", ["error", "exit code"])
def test_a_macro_without_python_says_what_to_do(host: Host, way: str) -> None:
    """An error of xlwings and a Python that ends badly both lead to vrp-xl install."""
    if way == "error":
        host.unreachable = failure(53, "File not found")
    else:
        host.exit_code = -1
    host.run("RefreshScan")
    assert "vrp-xl install" in host.messages[0]


def test_ribbon_buttons_run_the_macros(host: Host) -> None:
    """A button of the VRP tab does what the macro does."""
    host.run("RibbonRefresh", host.book)
    host.run("RibbonSettings", host.book)
    assert [command.rpartition(".")[2] for command in host.ran] == [
        "refresh_scan()",
        "open_settings()",
    ]


def test_the_function_wizard_is_told_everything(host: Host) -> None:
    """Opening the file describes every function and argument, and counts as no change."""
    host.run("DescribeFunctions")
    assert host.book.saved is True
    assert len(host.described) == len(FUNCTIONS)
    for name, function in FUNCTIONS.items():
        text, category, arguments = host.described[f"'vrp_xl.xlam'!{name}"]
        assert text == " ".join(help_of(function).split())
        assert category == CATEGORY
        told = [" ".join(help_of_argument(function, i).split()) for i in range(len(function.args))]
        assert (arguments or []) == told
        assert all(len(words) <= 255 for words in [text, *told])
