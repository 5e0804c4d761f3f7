"""The functions in a real LibreOffice: installed, typed, loaded, recalculated, killed."""

from __future__ import annotations

import datetime as dt
import math
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.formula import ArrayFormula

from tests.e2e.offices import WHY_NOT, Office, running
from vrp_xl import formula, settings
from vrp_xl.core.rules import SPECS
from vrp_xl.errors import OfficeError
from vrp_xl.excel.boundary import CellError
from vrp_xl.functions import FUNCTIONS
from vrp_xl.libreoffice import install, server
from vrp_xl.libreoffice.component import link
from vrp_xl.reader import READER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NA, VALUE = {"error": "#N/A"}, {"error": "#VALUE!"}

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
]


@pytest.fixture(scope="session")
def one_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The office of this session."""
    with running(tmp_path_factory.mktemp("libreoffice")) as made:
        yield made


@pytest.fixture
def office(one_office: Office) -> Office:
    """The office of this session with a new, empty document."""
    one_office.do("open")
    return one_office


@pytest.fixture
def here(one_office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Within it, this process reads the same store as the office."""
    one_office.enter(monkeypatch)
    yield
    READER.close()


def in_calc(value: Any) -> Any:
    """What Calc shows for a result of plain Python."""
    if isinstance(value, CellError):
        known = ("#N/A", "#VALUE!", "#NUM!", "#DIV/0!", "#REF!", "#NAME?")
        return {"error": str(value) if value in known else "#VALUE!"}
    if value is None:
        return ""
    if isinstance(value, (bool, int)):
        return float(value)
    if isinstance(value, dt.date):
        midnight = dt.datetime(1899, 12, 30)  # noqa: DTZ001 (cells have no zone)
        moment = value if isinstance(value, dt.datetime) else dt.datetime(*value.timetuple()[:3])  # noqa: DTZ001
        return (moment - midnight) / dt.timedelta(days=1)
    return value


def same(one: Any, other: Any) -> bool:
    """Equal, numbers to 12 digits."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)
    return bool(one == other)


def test_a_fresh_profile(office: Office) -> None:
    """Installed, source chosen, a new sheet: a letter, a ratio, #N/A, and why in words."""
    assert "are installed" in office.said
    assert office.type('=VRP_CELL("SPY")') in ("A", "B", "C", "D", "?")
    assert office.type("=VRP_RATIO(28;18)") == pytest.approx(1.5556, abs=5e-5)
    assert office.type('=VRP_CELL("NOSUCH")') == NA
    assert "NOSUCH is not in the sample market" in office.type("=VRP_WHY()")
    assert "NOSUCH is not in the sample market" in office.type('=VRP_WHY("NOSUCH")')


def test_errors_are_true_errors(office: Office) -> None:
    """IFERROR, ISNA, ISERR and ERROR.TYPE see them, inside of arrays too."""
    assert office.type('=IFERROR(VRP_CELL("NOSUCH");"caught")') == "caught"
    assert office.type('=ISNA(VRP_CELL("NOSUCH"))') == 1.0
    assert office.type('=ISERR(VRP_BAND("x"))') == 1.0
    assert office.type('=ERROR.TYPE(VRP_BAND("x"))') == 3.0
    assert office.type("=VRP_HV({1})") == {"error": "#NUM!"}
    assert office.type("=SUM(IFERROR(VRP_RATIO({28|-1};18);0))") != NA
    office.do("matrix", cells="A1:A3", formula='=VRP_CELL({"SPY"|"NOSUCH"|"NVDA"})')
    assert office.do("read", cells="A1:A3")[1] == [NA]
    assert office.type("=ISNA(A2)") == 1.0


def test_single_values_are_single_values(office: Office) -> None:
    """Text compares equal to itself, conditions decide: not so for values out of a matrix."""
    letter = office.type('=VRP_CELL("SPY")')
    assert office.type(f'=IF(VRP_CELL("SPY")="{letter}";"yes";"no")') == "yes"
    assert office.type('=IF(VRP_SCREEN(1.34;5.41);"yes";"no")') == "yes"
    assert office.type('=SWITCH(VRP_BAND(1.6);"rich";1;2)') == 1.0
    office.do("set", cell="A1", formula='=VRP_CELL("SPY")')
    assert office.type(f'=COUNTIF(A1:A2;"{letter}")') == 1.0
    assert office.type("=VRP_RATIO(VRP_RATIO(28;18)*20;18)") == pytest.approx(28 / 18 * 20 / 18)


def test_arrays_are_matrix_formulas(office: Office) -> None:
    """Tables and ranges in, ranges out."""
    office.do(
        "matrix",
        cells="A1:C3",
        formula='=VRP_SCAN({"SPY"|"QQQ"|"IWM"};{"symbol";"cell";"z_score"})',
    )
    rows = office.do("read", cells="A1:C3")
    assert sorted(row[0] for row in rows) == ["IWM", "QQQ", "SPY"]
    assert all(isinstance(row[2], float) for row in rows)
    office.do("matrix", cells="E1:F3", formula='=VRP_WHATIF({"SPY"|"QQQ"|"IWM"};{0.5|1|1.5};{2;6})')
    grid = office.do("read", cells="E1:F3")
    assert all(isinstance(cell, float) for row in grid for cell in row)
    assert grid[0][0] >= grid[2][1]
    office.do("fill", cells="H1:I3", formulas=[["28", "18"], ["30", "0"], ["x y!", "20"]])
    office.do("matrix", cells="J1:J3", formula="=VRP_RATIO(H1:H3;I1:I3)")
    assert office.do("read", cells="J1:J3") == [[pytest.approx(28 / 18)], [6.0], [VALUE]]
    assert office.type("=ROWS(VRP_RULES())") == len(SPECS) + 1.0
    assert office.type('=INDEX(VRP_FIELDS();2;1)="symbol"') == 1.0


def test_text_out_of_a_matrix(office: Office) -> None:
    """LibreOffice's own flaw: it compares unequal, but EXACT and joined text work; documented."""
    office.do("matrix", cells="A1:A2", formula="=VRP_BAND({1.6|0})")
    assert office.do("read", cells="A1:A2") == [["rich"], ["normal"]]
    assert office.type('=A1="rich"') == 0.0
    assert office.type('=EXACT(A1;"rich")') == 1.0
    assert office.type('=A1&""="rich"') == 1.0
    office.do(
        "matrix", cells="B1:B2", formula='=IF(ISTEXT(VRP_BAND({1.6|0}));VRP_BAND({1.6|0})&"";"")'
    )
    assert office.type('=COUNTIF(B1:B2;"rich")') == 1.0


def test_dependants_recalculate(office: Office) -> None:
    """A changed cell, and a changed rule in a rules range, reach what depends on them."""
    office.do("fill", cells="A1:B1", formulas=[["28", "18"]])
    office.do("set", cell="C1", formula="=VRP_RATIO(A1;B1)")
    office.do("set", cell="D1", formula="=C1*2")
    office.do("set", cell="B1", formula="14")
    assert office.value("D1") == pytest.approx(4.0)
    office.do("fill", cells="A3:B5", formulas=[["source", "sample"], ["z_min", "1"], ["", ""]])
    office.do("set", cell="C3", formula="=VRP_SCREEN(1.34;5.41;;;A3:B5)")
    office.do("set", cell="D3", formula="=VRP_SOURCE(A3:B5)")
    assert office.value("C3") == 1.0
    office.do("set", cell="B4", formula="1.5")
    assert office.value("C3") == 0.0
    assert office.value("D3") == "sample"


def test_what_libreoffice_does_differently(office: Office) -> None:
    """The differences that the documentation names, as they are."""
    assert office.type("=VRP_BAND(A50)") == "normal"  # a blank cell is 0
    assert office.type('=VRP_BAND(IF(A50="";"";A50))') == NA  # how to pass it as blank
    office.do("matrix", cells="C50:C51", formula="=VRP_BAND(A50:A51)")
    assert office.do("read", cells="C50:C51") == [[""], [""]]  # blank in a range is blank
    assert office.type('=VRP_SCREEN(1.34;5.41;"")') == 1.0  # empty text is blank
    assert office.type("=VRP_SCREEN(1.34;5.41;;3)") == 1.0  # so is what is left out
    office.do("fill", cells="A60:A61", formulas=[["=NA()"], ["28"]])
    assert office.type("=VRP_RATIO(A60;18)") == NA
    assert office.type("=VRP_PERCENTILE(8;A60:A61)") == {"error": "Err:504"}
    assert office.type("=VRP_SPREAD(TRUE();0)") == 1.0  # TRUE is 1
    assert FUNCTIONS["VRP_SPREAD"].call(True, 0) == "#VALUE!"
    assert office.type("=ISLOGICAL(VRP_SCREEN(1.34;5.41))") == 0.0


def test_an_xlsx_with_formulas(office: Office, tmp_path: Path) -> None:
    """Names in a file that Excel (or openpyxl) wrote are found, and survive being saved."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["A2"] = 28, 18
    sheet["B1"] = "=VRP_RATIO(A1,A2)"
    sheet["B2"] = '=IFERROR(VRP_CELL("NOSUCH"),"none")'
    sheet["C1"] = ArrayFormula("C1:C2", "=VRP_RATIO(A1:A2,18)")
    book.save(tmp_path / "in.xlsx")
    book.close()
    office.do("open", path=str(tmp_path / "in.xlsx"))
    assert office.do("read", cells="B1:C2") == [
        [pytest.approx(28 / 18), pytest.approx(28 / 18)], ["none", 1.0],
    ]  # fmt: skip
    assert office.do("formula", cell="B1") == "=VRP_RATIO(A1;A2)" or "VRP_RATIO" in office.do(
        "formula", cell="B1"
    )
    office.do("save", path=str(tmp_path / "out.xlsx"), kind="Calc MS Excel 2007 XML")
    office.do("save", path=str(tmp_path / "out.ods"), kind="calc8")
    saved = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert saved.active is not None
    assert saved.active["B1"].value == "=VRP_RATIO(A1,A2)"
    saved.close()
    office.do("open", path=str(tmp_path / "out.ods"))
    office.do("set", cell="A2", formula="14")
    assert office.value("B1") == pytest.approx(2.0)


@pytest.mark.usefixtures("here")
def test_every_example_is_the_same_in_plain_python(office: Office, tmp_path: Path) -> None:
    """Every example of every function, in Excel's syntax in an .xlsx: Calc shows Python's value."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    cases = []
    row = 1
    for function in FUNCTIONS.values():
        for example in function.examples:
            if example.formula == "=VRP_WHY()":  # tells of the last error, not of its arguments
                continue
            value = formula.evaluate(example.formula)
            rows = value if isinstance(value, list) else [[value]]
            ref = f"A{row}:{get_column_letter(len(rows[0]))}{row + len(rows) - 1}"
            if isinstance(value, list):
                sheet[f"A{row}"] = ArrayFormula(ref, example.formula)
            else:
                sheet[f"A{row}"] = example.formula
            cases.append((example.formula, ref, rows))
            row += len(rows)
    book.save(tmp_path / "examples.xlsx")
    book.close()
    office.do("open", path=str(tmp_path / "examples.xlsx"))
    office.do("recalculate")
    for text, ref, rows in cases:
        shown = office.do("read", cells=ref)
        assert len(shown) == len(rows)
        for line, expected in zip(shown, rows, strict=True):
            for cell, value in zip(line, expected, strict=True):
                assert same(cell, in_calc(value)), (text, cell, value)
    assert {FUNCTIONS[formula.parse(text)[0]].name for text, _, _ in cases} >= set(FUNCTIONS) - {
        "VRP_WHY"
    }


INPUTS = ["28", "18", "0", "-1", "0.18", '"x"', '""', "1E+300", '"SPY"', '"#N/A"']


@pytest.mark.usefixtures("here")
def test_a_table_of_inputs_is_the_same_in_plain_python(office: Office) -> None:
    """Every function over numbers, text and nonsense: the same value, or the same error."""
    formulas = []
    for function in FUNCTIONS.values():
        if function.spills or function.name == "VRP_WHY":
            continue
        count = sum(1 for a in function.args if not a.optional) or min(1, len(function.args))
        formulas += [(function, word, count) for word in INPUTS]
    office.do(
        "fill", cells=f"A1:A{len(formulas)}",
        formulas=[[f"={f.name}({';'.join([word] * count)})"] for f, word, count in formulas],
    )  # fmt: skip
    shown = office.do("read", cells=f"A1:A{len(formulas)}")
    for (function, word, count), (cell,) in zip(formulas, shown, strict=True):
        plain = formula.constant(word.strip('"')) if word.startswith('"') else float(word)
        value = function.call(*[plain] * count)
        assert same(cell, in_calc(value)), (function.name, word, cell, value)


def test_the_function_wizard(office: Office) -> None:
    """Calc tells what each function does and what its arguments are, in their order."""
    told = office.do("wizard", name="VRP_KELLY")
    assert told["description"].startswith("Kelly stake")
    assert [name for name, _ in told["arguments"]] == [
        "credit", "width", "p_win", "fraction", "cap",
    ]  # fmt: skip
    assert all(words for _, words in told["arguments"])


def test_the_server_outlives_a_killed_office(office: Office) -> None:
    """The office is killed and started again; the same server answers."""
    office.new(A1="=VRP_RATIO(28;18)")
    before = office.server_process()
    office.end("kill")
    for lock in office.profile.glob(".lock"):
        lock.unlink()
    os.kill(before, 0)
    office.start()
    office.new(A1="=VRP_RATIO(28;18)")
    assert office.value("A1") == pytest.approx(28 / 18)
    assert office.server_process() == before


def test_a_killed_server_comes_back(office: Office) -> None:
    """A formula that finds its server dead starts another one."""
    assert office.type("=VRP_RATIO(28;18)") == pytest.approx(28 / 18)
    before = office.server_process()
    os.kill(before, signal.SIGKILL)
    assert office.type("=VRP_RATIO(28;14)") == pytest.approx(2.0)
    assert office.server_process() != before


def test_a_missing_server_says_why(office: Office) -> None:
    """Without a server every function is #N/A and VRP_WHY says what to do; then it works again."""
    config = office.folder / "config" / "vrp_xl" / link.CONFIG_NAME
    hidden = config.with_suffix(".away")
    config.rename(hidden)
    try:
        office.stop_server()
        assert office.type("=VRP_RATIO(28;18)") == NA
        assert office.type('=IFERROR(VRP_CELL("SPY");"none")') == "none"
        assert "vrp-xl install --libreoffice" in office.type("=VRP_WHY()")
        assert "vrp-xl install --libreoffice" in office.type('=VRP_WHY("SPY")')
    finally:
        hidden.rename(config)
    until = time.monotonic() + link.RETRY_SECONDS + 5
    while office.type("=VRP_RATIO(28;18)") == NA:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert office.type("=VRP_RATIO(28;18)") == pytest.approx(28 / 18)


def test_an_office_that_runs_is_left_alone(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installing while LibreOffice is open says so and closes nothing."""
    office.enter(monkeypatch)
    with pytest.raises(OfficeError, match="LibreOffice is running"):
        install.install(office.profile)
    office.new(A1="=VRP_RATIO(28;18)")
    assert office.value("A1") == pytest.approx(28 / 18)


def test_uninstalling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a profile of its own: installed, removed, and gone the second time."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    profile = tmp_path / "profile"
    assert "are installed" in install.install(profile)
    assert install.uninstall(profile) == "Removed from LibreOffice."
    assert not link.config_file().exists()
    assert install.uninstall(profile) == "It was not in LibreOffice."
    assert server.stop(str(settings.home())) is False
