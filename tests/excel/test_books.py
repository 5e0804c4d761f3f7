"""The macros in Excel: xlwings' own code over COM objects, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.errors import InputError
from vrp_xl.excel import layout
from vrp_xl.excel.books import MemoryBook, MemoryRange, literal

SCRIPT = Path(__file__).with_name("com_excel.py")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the scenario of `com_excel` came to."""
    folder = tmp_path_factory.mktemp("excel")
    home = tmp_path_factory.mktemp("home")
    quiet = {"VRP_XL_HOME": str(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **quiet},
    )
    assert ran.returncode == 0, ran.stderr
    return {**json.loads(ran.stdout), "expected_folder": str(folder)}


def cells(played: dict[str, Any], name: str) -> dict[tuple[int, int], Any]:
    """The cells of a sheet as the scenario saw them."""
    return {(r, c): value for r, c, value in played[name]}


def test_the_refresh_writes_through_xlwings(played):
    """Figures land in the block, as numbers, text and dates; the rest of the book is untouched."""
    scan = cells(played, "scan")
    symbols = {scan[10, 20], scan[11, 20]}
    assert symbols == {"SPY", "QQQ"}
    spot = 20 + layout.RAW_BLOCK.index("spot")
    assert isinstance(scan[10, spot], float)
    assert played["settings_untouched"]
    assert played["number_formats"] == 0
    facts = {scan[row, 1]: scan.get((row, 2)) for row in range(1, len(layout.FACTS) + 1)}
    assert facts["source"] == "sample"
    assert facts["sample"] is True
    assert facts["as_of"].startswith("20")
    assert played["alerts"] == []


def test_the_vrp_formulas_are_computed_anew(played):
    """Cells with a VRP formula are marked, others are not, and Excel calculates once."""
    assert played["dirty"] == [[layout.SCAN, 10, 2, 11, 2]]
    assert played["calculated"] == [-4135]


def test_excel_is_as_before(played):
    """Calculation is automatic, the screen follows, the status bar is Excel's again."""
    assert played["calculation"] == -4105
    assert played["screen"] is True
    assert played["statuses"][-1] is False
    assert any("2 of 2" in str(line) for line in played["statuses"])


def test_text_stays_text(played):
    """What Excel would read as a formula, a date, a number or an error arrives as text."""
    text = [value for _, _, value in played["text"]]
    assert text == ["=1+1", "+1", "-1", "@x", "TRUE", "MAR1", "12", "5%", "#N/A", "it's", "'x",
                    "SPY", 2.5, True, "2027-01-15T00:00:00+00:00",
                    "only 41 of 60 days are stored"]  # fmt: skip
    assert played["back"][:4] == ["=1+1", "+1", "-1", "@x"]
    assert played["back"][12] is None
    assert played["back"][15] == "2027-01-15T00:00:00"
    assert played["cleared"][0] == 4


def test_a_symbol_is_added_to_the_first_empty_row(played):
    """One that is there already is not doubled."""
    assert played["watchlist"] == ["SPY", "QQQ", "GLD", None]


def test_formats_are_put_back_in_their_order(played):
    """Old rules go; each new one is read from the first cell of its range."""
    found = [tuple(rule[:3]) for rule in played["conditions"]]
    assert sorted(found[:2]) == [(10, 2, '=$B10="A"'), (10, 4, '=$B10="A"')]
    assert found[2:] == [(10, 3, "=0"), (10, 5, None)]
    for row, column, formula, active, *_ in played["conditions"]:
        if formula is not None:
            assert active == [layout.SCAN, row, column]
    assert played["conditions"][0][4:] == [0xB27200, True, False]
    assert played["conditions"][2][6] is True
    assert played["formats"] == ["0.00"]


def test_questions_and_places(played):
    """A long text is cut, yes is yes; a cloud's address is no folder."""
    assert played["answer"] is True
    assert played["question"][:2] == [1000, "VRP"]
    assert played["folder"] == played["expected_folder"]
    assert played["cloud"] is None
    assert played["no_name"] is None
    assert played["no_sheet"] is None
    assert played["no_selection"] is None
    assert "vrp-xl open --new" in played["broken"]


def test_the_add_ins_button_means_the_book_in_front(played):
    """The ribbon's macros lie in the add-in; they work on what the user sees."""
    assert played["active"] == "vrp_scan.xlsm"
    assert played["none_open"] == "No workbook is open. Open one first."


@given(st.text(max_size=30))
def test_a_text_is_sent_as_itself_or_behind_an_apostrophe(text):
    """Nothing else is ever made of it, and no formula gets through."""
    sent = literal(text)
    assert sent in (text, "'" + text)
    assert not sent.startswith(("=", "+", "-", "@"))


def test_a_range_in_memory_keeps_its_bounds():
    """What does not fit is an error, not a spill."""
    book = MemoryBook()
    cells = MemoryRange(book, "Sheet1", 2, 3, 2, 2)
    cells.put([[1.0, None], [None, "x"]])
    assert cells.get() == [[1.0, None], [None, "x"]]
    assert cells.part(1, 1, 1, 1).get() == [["x"]]
    with pytest.raises(InputError):
        cells.put([[1.0, 2.0, 3.0]])
    cells.clear()
    assert book.cells == {}
