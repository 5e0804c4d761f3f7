"""A cell formula in LibreOffice, through our VBA and xlwings' dispatcher, and back to the cell.

Proves: the generated wrappers, the dispatcher module and the macros compile and run in an office;
arguments (values, ranges, left-out ones) arrive in xlwings' own dispatcher and converters; values,
tables and errors come back to the cell; a Python that has ended is found again. The VBA texts are
the ones in the files, byte for byte.

Does not prove: xlwings' own VBA and its DLL, COM, and Excel itself. LibreOffice cannot run the VBA
module of xlwings, and knows no `CVErr` that a cell shows as an error; so these two modules are
replaced by the ones in ``vba_stubs``, and pywin32 by stand-ins.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from vrp_xl import __version__
from vrp_xl.excel.build import CHECKOUT, vba_modules
from vrp_xl.excel.vba.project import read_module, vba_project
from vrp_xl.frozen import frozen_sample
from vrp_xl.functions import VRP_CELL, VRP_SCAN

HERE = Path(__file__).parent
STUBS = HERE / "vba_stubs"
SOFFICE = shutil.which("soffice")
SYSTEM_PYTHON = "/usr/bin/python3"
REPLACED = ("xlwings", "Dictionary", "VrpErrors")
PROJECT_ID = "{00000000-0000-0000-0000-000000000001}"
NA, NUMBER, TEXT = 32767, 1, 2
"""How LibreOffice numbers the error #N/A, and the kinds of results."""


def _has_uno() -> bool:
    if not Path(SYSTEM_PYTHON).exists():
        return False
    asked = subprocess.run([SYSTEM_PYTHON, "-c", "import uno"], capture_output=True, check=False)
    return asked.returncode == 0


pytestmark = [
    pytest.mark.checkout,
    pytest.mark.e2e,
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed"),
    pytest.mark.skipif(not _has_uno(), reason=f"{SYSTEM_PYTHON} has no python3-uno"),
]

FORMULAS = {
    "B1": '=VRP_CELL("SPY")',
    "B2": "=VRP_RATIO(28,18)",
    "B3": "=VRP_RATIO(A1,A2)",
    "B4": "=VRP_RATIO(A1,A2,20)",
    "B5": '=VRP_CELL("NOPE")',
    "B6": '=IFERROR(VRP_CELL("NOPE"),"caught")',
    "B7": "=VRP_VERSION()",
    "B8": "=VRP_RATIO(0.28,18)",
    "B9": "=SUM(VRP_HV(A11:A15),0)",
    "B10": '=VRP_RULE("z_min",A17:B17)',
    "B11": '=VRP_STOPDATE("2027-01-15",21)',
}
TABLE = {
    "D1:F3": '=VRP_SCAN({"SPY";"NOPE"},{"symbol","cell","z_score"})',
    "D5:D7": "=VRP_CELL(A5:A7)",
}


def workbook(folder: Path) -> Path:
    """A workbook with our modules, the two stand-ins, and formulas."""
    modules = [
        module
        for module in vba_modules(CHECKOUT, sheets=1, add_in=True)
        if module.name not in REPLACED
    ]
    for path in sorted(STUBS.iterdir()):
        kind = "class" if path.suffix == ".cls" else "standard"
        modules.append(read_module(path.read_text(encoding="utf-8"), kind))  # type: ignore[arg-type]
    binary = folder / "vbaProject.bin"
    binary.write_bytes(vba_project("VBAProject", PROJECT_ID, modules))
    path = folder / "vba.xlsm"
    book = xlsxwriter.Workbook(str(path))
    book.add_vba_project(str(binary))
    sheet = book.add_worksheet()
    sheet.write_column("A1", [28, 18])
    sheet.write_column("A5", ["SPY", "NVDA", "NOPE"])
    sheet.write_column("A11", [100, 101, 100, 102, 101])
    sheet.write_row("A17", ["z_min", 1.25])
    for address, formula in FORMULAS.items():
        sheet.write_formula(address, formula)
    for span, formula in TABLE.items():
        sheet.write_dynamic_array_formula(span, formula)
    book.close()
    return path


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the cells of that workbook show after a full recalculation."""
    folder = tmp_path_factory.mktemp("office")
    cells = [*FORMULAS, *(f"{c}{r}" for r in (1, 2, 3) for c in "DEF"), "D5", "D6", "D7"]
    plan = {
        "book": str(workbook(folder)),
        "folder": str(folder),
        "soffice": SOFFICE,
        "dispatcher": [sys.executable, str(HERE / "xlwings_dispatcher.py")],
        "cells": cells,
        "macros": ["xlwings.TimesAsked", "xlwings.LosePython", "VrpFunctions.VRP_VERSION",
                   "xlwings.TimesAsked", "VrpMacros.RefreshScan", "VrpRibbon.RibbonHelp",
                   "VrpMacros.VrpRestart", "VrpFunctions.VRP_VERSION", "xlwings.TimesAsked"],
    }  # fmt: skip
    done = subprocess.run(
        [SYSTEM_PYTHON, str(HERE / "lo_vba_client.py")],
        input=json.dumps(plan),
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def shown(office: dict[str, Any], address: str) -> Any:
    """The value of a cell: a number, a text that is not blank, or its error."""
    cell = office["cells"][address]
    if cell["error"]:
        return cell["error"]
    if cell["kind"] == NUMBER:
        return cell["value"]
    assert cell["kind"] == TEXT
    assert cell["text"] != "", f"{address} is blank"
    return cell["text"]


def test_values_come_to_the_cell(office: dict[str, Any]) -> None:
    """Text and numbers, from constants and from cells, with and without optional arguments."""
    assert shown(office, "B1") == "A"
    assert shown(office, "B2") == pytest.approx(28 / 18)
    assert shown(office, "B3") == pytest.approx(28 / 18)
    assert shown(office, "B4") == pytest.approx(1.4)
    assert shown(office, "B7") == __version__
    assert shown(office, "B11") == (dt.date(2026, 12, 24) - dt.date(1899, 12, 30)).days


def test_ranges_go_to_python(office: dict[str, Any]) -> None:
    """A column of closes and a rules range arrive as ranges."""
    assert shown(office, "B9") == pytest.approx(23.5899, abs=1e-4)
    assert shown(office, "B10") == 1.25
    kinds = [call["args"][0][0] for call in office["calls"] if call["function"] == "VRP_HV"]
    assert kinds == ["range"]


def test_errors_are_true_errors(office: dict[str, Any]) -> None:
    """#N/A and #VALUE! are errors of the cell, which IFERROR catches."""
    assert office["cells"]["B5"]["error"] == NA
    assert office["cells"]["B5"]["text"] == "#N/A"
    assert shown(office, "B6") == "caught"
    assert office["cells"]["B8"]["text"] == "#VALUE!"


def test_tables_fill_their_cells(office: dict[str, Any]) -> None:
    """VRP_SCAN comes as rows and columns, a range of symbols as a column, errors in place."""
    with frozen_sample():
        scan = VRP_SCAN([["SPY"], ["NOPE"]], [["symbol", "cell", "z_score"]])
        letters = VRP_CELL([["SPY"], ["NVDA"], ["NOPE"]])
    for r, row in enumerate(scan):
        for c, cell in enumerate(row):
            found = office["cells"][f"{'DEF'[c]}{r + 1}"]
            if cell in (None, ""):
                assert found["text"] == ""
            elif isinstance(cell, str):
                assert found["text"] == cell
            else:
                assert found["value"] == pytest.approx(cell)
    assert scan[0][1] == "A"
    assert [office["cells"][f"D{n}"]["text"] for n in (5, 6, 7)] == [str(r[0]) for r in letters]
    assert office["cells"]["D7"]["error"] == NA


def test_left_out_arguments_stay_left_out(office: dict[str, Any]) -> None:
    """What the formula leaves out reaches the dispatcher as missing, not as zero or blank."""
    call = next(c for c in office["calls"] if c["function"] == "VRP_RATIO")
    assert [kind for kind, _ in call["args"]][2:] == ["missing", "missing"]
    assert {call["module"] for call in office["calls"]} == {"vrp_xl.excel.udfs"}


def test_python_is_asked_for_once_and_again_when_it_ended(office: dict[str, Any]) -> None:
    """One look-up for all cells, one more after automation error 462, one after a restart."""
    asked, _, again, after_loss, *_, restarted, after_restart = office["macros"]
    assert (asked, after_loss, after_restart) == (1, 2, 3)
    assert again == restarted == __version__


def test_macros_run_python(office: dict[str, Any]) -> None:
    """A macro and a ribbon callback hand xlwings the command that they stand for."""
    assert office["ran"] == [
        "import vrp_xl.macros; vrp_xl.macros.refresh_scan()",
        "import vrp_xl.macros; vrp_xl.macros.open_help()",
        "KillPy",
    ]
