"""The desk workbook: what it holds, and that every formula carries its value."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from vrp_xl import settings as saved
from vrp_xl.core.rules import PRESETS, SPECS
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.definition import FUNCTIONS
from vrp_xl.excel import layout
from vrp_xl.excel.boundary import ERRORS
from vrp_xl.excel.desk import (
    desk_book,
    figures,
    journal,
    positions,
    scan,
    settings,
    symbol,
    whatif,
)
from vrp_xl.excel.desk.cells import address, area, cached
from vrp_xl.excel.desk.help import with_rules
from vrp_xl.excel.frozen_copy import values_only
from vrp_xl.excel.raw import DECIDED_COLUMNS, RAW_COLUMNS
from vrp_xl.excel.styles import LETTERS
from vrp_xl.excel.vba.project import Module, vba_project
from vrp_xl.excel.vba.xlwings_module import CONF, CONF_SHEET
from vrp_xl.formula import parse
from vrp_xl.frozen import frozen_sample
from vrp_xl.workflow.lookback import NAME_ROW, SCAN_ROW

if TYPE_CHECKING:
    from collections.abc import Iterator

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
EVERY = (*layout.SHEETS, CONF_SHEET, layout.INTELLISENSE)

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*extension is not supported.*:UserWarning:openpyxl"),
    pytest.mark.filterwarnings("ignore:Unknown extension.*:UserWarning:openpyxl"),
]


class Desk:
    """A written desk workbook, read in three ways."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with zipfile.ZipFile(path) as packed:
            self.parts = {name: packed.read(name) for name in packed.namelist()}
        self.formulas = openpyxl.load_workbook(path)
        self.values = openpyxl.load_workbook(path, data_only=True)

    def xml(self, sheet: str) -> ET.Element:
        """The XML of a sheet."""
        part = self.parts[f"xl/worksheets/sheet{EVERY.index(sheet) + 1}.xml"]
        return ET.fromstring(part)  # noqa: S314 (our own file)

    def shown(self, name: str) -> list[list[Any]]:
        """The values of a defined name."""
        sheet, cells = next(self.values.defined_names[name].destinations)
        found = self.values[sheet][cells.replace("$", "")]
        rows = found if isinstance(found, tuple) else ((found,),)
        return [[cell.value for cell in row] for row in rows]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The workbook without macros."""
    path = tmp_path_factory.mktemp("desk") / "desk.xlsx"
    assert desk_book(path, vba_project=None) == path
    with pytest.warns(UserWarning, match="xtension"):
        return Desk(path)


@pytest.fixture(scope="module")
def known() -> Iterator[figures.Figures]:
    """What the workbook is made of; functions can be asked within."""
    with frozen_sample():
        yield figures.gather()


def cells(desk: Desk, sheet: str) -> Iterator[ET.Element]:
    """Every cell of a sheet."""
    return desk.xml(sheet).iter(f"{MAIN}c")


def test_sheets(desk: Desk) -> None:
    """All sheets in order, the two of the machinery hidden, IntelliSense last."""
    assert desk.formulas.sheetnames == list(EVERY)
    hidden = [ws.title for ws in desk.formulas.worksheets if ws.sheet_state == "hidden"]
    assert hidden == [CONF_SHEET, layout.INTELLISENSE]
    assert desk.formulas.active.title == layout.SCAN


def test_names_resolve(desk: Desk) -> None:
    """Every defined name is a range that is there; those of the layout have their size."""
    names = desk.formulas.defined_names
    expected = {f"rule_{n}" for n in SPECS} | {f"input_{n}" for n in SPECS}
    expected |= {
        "rule_source",
        "input_source",
        "input_preset",
        layout.EQUITY_NAME,
        layout.POSITIONS_NAME,
    }
    expected |= {layout.RULES_NAME, layout.WATCHLIST_NAME, layout.RAW_NAME, layout.DECIDED_NAME}
    expected |= {layout.FACTS_NAME, layout.SYMBOL_NAME, layout.JOURNAL_NAME}
    assert set(names) == expected
    for name in names.values():
        ((sheet, _),) = name.destinations
        assert sheet in layout.SHEETS
    sizes = {
        layout.RAW_NAME: (layout.SCAN_ROWS, len(layout.RAW_BLOCK)),
        layout.DECIDED_NAME: (layout.SCAN_ROWS, len(DECIDED_COLUMNS)),
        layout.RULES_NAME: (len(SPECS) + 2, 2),
        layout.WATCHLIST_NAME: (layout.WATCHLIST_ROWS, 2),
        layout.FACTS_NAME: (len(layout.FACTS), 2),
        layout.SYMBOL_NAME: (1, 1),
        layout.JOURNAL_NAME: (1, 1),
    }
    for name, size in sizes.items():
        rows = desk.shown(name)
        assert (len(rows), len(rows[0])) == size


@pytest.mark.parametrize("sheet", layout.SHEETS)
def test_every_formula_has_its_value(desk: Desk, sheet: str) -> None:
    """No formula cell is without a value; errors are true errors and only where intended."""
    errors = set()
    for cell in cells(desk, sheet):
        formula, value = cell.find(f"{MAIN}f"), cell.find(f"{MAIN}v")
        if formula is not None:
            assert value is not None, cell.get("r")
            assert value.text or cell.get("t") == "str", cell.get("r")
        if value is not None and value.text in ERRORS:
            assert cell.get("t") == "e", cell.get("r")
            errors.add((cell.get("r"), value.text))
    assert {text for _, text in errors} <= {"#N/A"}
    columns = {re.sub(r"\d", "", str(at)) for at, _ in errors}
    intended = {layout.MATRIX: {"C", "E", *"GHIJK"}, layout.SYMBOL: {"B"}}
    assert columns <= intended.get(sheet, set())


def test_arrays_have_their_full_reference(desk: Desk) -> None:
    """Every cell of an array's reference is in the file with a value."""
    seen = 0
    for sheet in layout.SHEETS:
        there = {c.get("r"): c for c in cells(desk, sheet)}
        for cell in list(there.values()):
            formula = cell.find(f"{MAIN}f")
            if formula is None or formula.get("t") != "array":
                continue
            seen += 1
            assert cell.get("cm") == "1"
            rows = desk.formulas[sheet][formula.get("ref")]
            grid = rows if isinstance(rows, tuple) else ((rows,),)
            assert grid[0][0].coordinate == cell.get("r")
            for each in (c for row in grid for c in row):
                assert there[each.coordinate].find(f"{MAIN}v") is not None
    assert seen > 20


def test_numbers_are_rounded(desk: Desk) -> None:
    """No computed number has more than ten digits, but dates with a time."""
    for sheet in layout.SHEETS:
        for cell in cells(desk, sheet):
            value = cell.find(f"{MAIN}v")
            if cell.find(f"{MAIN}f") is None or cell.get("t") or value is None:
                continue
            rounded = float(f"{float(value.text):.10g}")
            number = float(value.text)
            assert number == rounded or abs(number * 86400 - round(number * 86400)) < 1e-3


def test_the_decisions_are_those_of_the_function(desk: Desk, known: figures.Figures) -> None:
    """What the spilled formula shows is what VRP_DECIDE gives for the cells beside it."""
    raw = desk.shown(layout.RAW_NAME)
    block = [row[: len(RAW_COLUMNS)] for row in raw]
    decided = FUNCTIONS["VRP_DECIDE"].call(block, desk.shown(layout.RULES_NAME))
    shown = desk.shown(layout.DECIDED_NAME)
    assert len(known.raw) == 12
    for row, line in zip(decided, shown, strict=True):
        for value, cell in zip(row, line, strict=True):
            seen = cell.date() if isinstance(cell, dt.datetime) else cell
            if isinstance(value, float):
                assert seen == pytest.approx(value, rel=1e-9)
            else:
                assert (value or None) == (seen or None)
    sheet = desk.formulas[layout.SCAN]
    formula = sheet.cell(scan.FIRST_ROW + 1, scan.FIRST_DECIDED + 1).value
    last = scan.FIRST_RAW + len(RAW_COLUMNS) - 1
    where = area(scan.FIRST_ROW, scan.FIRST_RAW, scan.LAST_ROW, last)
    assert formula.text == f"=VRP_DECIDE({where},vrp_settings)"


def test_rules_are_those_of_the_preset(desk: Desk) -> None:
    """What vrp_settings holds reads back as the standard preset, from the sample market."""
    rows = desk.shown(layout.RULES_NAME)
    assert rows[0] == ["preset", None]
    assert rows[1] == ["source", "sample"]
    values = {name: value for name, value in rows[2:] if value is not None}
    assert PRESETS["standard"].with_values(values) == PRESETS["standard"]
    with frozen_sample():
        assert FUNCTIONS["VRP_SOURCE"].call(rows) == "sample"


def test_the_table_of_presets_is_complete(desk: Desk) -> None:
    """Each column of the table is its preset; off stands for blank."""
    sheet = desk.values[layout.SETTINGS]
    for n, (name, rules) in enumerate(PRESETS.items()):
        column = settings.FIRST_PRESET + 1 + n
        assert sheet.cell(settings.HEADER_ROW + 1, column).value == name
        found = {}
        for row, spec in enumerate(SPECS.values(), settings.FIRST_RULE + 1):
            value = sheet.cell(row, column).value
            found[spec.name] = None if spec.blank and value == settings.OFF else value
        assert PRESETS["standard"].with_values(found) == rules


def test_every_function_call_passes_the_rules(desk: Desk) -> None:
    """Every VRP formula that can take rules takes those of the workbook."""
    calls = 0
    for sheet in layout.SHEETS:
        for cell in cells(desk, sheet):
            formula = cell.find(f"{MAIN}f")
            text = (formula.text or "") if formula is not None else ""
            for name in re.findall(r"(VRP_[A-Z]+)\(", text):
                calls += 1
                if FUNCTIONS[name].args and FUNCTIONS[name].args[-1].name == "rules":
                    assert layout.RULES_NAME in text, (sheet, cell.get("r"), text)
    assert calls > 150


def test_conditional_formats(desk: Desk) -> None:
    """Letters, thresholds and severities have their rules over whole columns."""
    rules = desk.formulas[layout.SCAN].conditional_formatting
    by_formula = {
        rule.formula[0]: (str(area_.sqref), rule)
        for area_ in rules
        for rule in area_.rules
        if rule.type == "expression"
    }
    for letter, style in LETTERS.items():
        at, rule = by_formula[f'EXACT($E8,"{letter}")']
        assert at == "E8:E507"
        assert rule.dxf.fill.bgColor.rgb[-6:] == style["bg_color"][1:]
    text = " ".join(by_formula)
    assert "rule_z_min" in text
    assert "rule_spread_min" in text
    bars = [r for a in rules for r in a.rules if r.type == "dataBar"]
    assert len(bars) == 2
    words = {
        rule.formula[0]: (str(area_.sqref), rule.dxf)
        for area_ in desk.formulas[layout.POSITIONS].conditional_formatting
        for rule in area_.rules
        if rule.formula
    }
    top = positions.FIRST_ROW + 1
    for formula, colour in (
        (f'OR(EXACT($B{top},"CLOSE"),EXACT($B{top},"CUT HALF"))', "F4B5A0"),
        (f'EXACT($B{top},"DEFEND")', "FFD58A"),
        (f'EXACT($B{top},"WARNING")', "FFF6C2"),
        (f'OR(EXACT($B{top},"UNKNOWN"),EXACT($B{top},"CHECK INPUT"))', "E8EBEE"),
    ):
        at, dxf = words[formula]
        assert at == f"B{top}:C{positions.LAST_ROW + 1}"
        assert dxf.fill.bgColor.rgb[-6:] == colour
    age = positions.AT["sessions_old"]
    old = f"N(${address(positions.FIRST_ROW, age)})>0"
    at = {
        str(area_.sqref): rule.dxf.font.color.rgb[-6:]
        for area_ in desk.formulas[layout.POSITIONS].conditional_formatting
        for rule in area_.rules
        if rule.formula == [old]
    }
    span = area(positions.FIRST_ROW, age - 1, positions.LAST_ROW, age).replace("$", "")
    assert at[span] == "A84300"
    assert set(at.values()) == {"A84300", "7F7F7F"}
    scales = [
        str(area_.sqref)
        for area_ in desk.formulas[layout.WHATIF].conditional_formatting
        for rule in area_.rules
        if rule.type == "colorScale"
    ]
    assert len(scales) == 4


def test_validations_and_notes(desk: Desk) -> None:
    """Every input of Settings and Positions is checked, and says what it means."""
    sheet = desk.formulas[layout.SETTINGS]
    checked = " ".join(str(v.sqref) for v in sheet.data_validations.dataValidation).split()
    for row, spec in enumerate(SPECS.values(), settings.FIRST_RULE + 1):
        at = f"D{row}"
        assert at in checked
        assert spec.doc.split(".")[0][:20] in sheet[at].comment.text
        assert f"Source: {spec.source}" in sheet[at].comment.text
    lists = {str(v.sqref): v.formula1 for v in sheet.data_validations.dataValidation}
    source = lists[f"D{settings.SOURCE_ROW + 1}"].strip('"').split(",")
    assert source == list(saved.SOURCES)
    assert lists[f"D{settings.PRESET_ROW + 1}"].strip('"').split(",") == list(PRESETS)
    mine = desk.formulas[layout.POSITIONS].data_validations.dataValidation
    assert len(mine) == 13
    structure = next(v for v in mine if v.promptTitle == "Structure")
    assert structure.formula1.strip('"').split(",") == list(STRUCTURES)
    for name in (layout.SCAN, layout.POSITIONS):
        assert any(cell.comment for row in desk.formulas[name].iter_rows() for cell in row)


def test_no_account_is_invented(desk: Desk) -> None:
    """The cell of the equity is blank, so that the rule holds; without it there is no percent."""
    assert desk.shown(layout.EQUITY_NAME) == [[None]]
    formulas, values = desk.formulas[layout.POSITIONS], desk.values[layout.POSITIONS]
    assert (
        formulas["I5"].value == '=IF(N($B$3)>0,$B$3,IF(N(rule_equity)>0,rule_equity,"not known"))'
    )
    assert values["I5"].value == "not known"
    assert [values[at].value for at in ("E4", "I4", "L4")] == [None, None, None]
    assert values["L5"].value == "equity is not known"


def test_caps_count_in_the_cell_of_the_core(desk: Desk, known: figures.Figures) -> None:
    """By the column that VRP_POSITIONS fills with it: the cell of now, else that of entry."""
    values = desk.values[layout.POSITIONS]
    at, live = positions.AT, range(positions.FIRST_ROW + 1, positions.FIRST_ROW + 6)
    shown = [values.cell(row, at["risk_cell"] + 1).value for row in live]
    assert shown == ["A", "A", "B", "D", "B"]
    column = area(positions.FIRST_ROW, at["risk_cell"], positions.LAST_ROW, at["risk_cell"])
    caps = desk.formulas[layout.POSITIONS]["L5"].value
    for letter in "ABCD":
        assert caps.count(f'SUMPRODUCT(--EXACT({column},"{letter}"),') == 2
    told = [{"risk_cell": "A", "at_risk": 2001.0}, {"risk_cell": "?", "at_risk": 400.0},
            {"risk_cell": "D", "at_risk": None}]  # fmt: skip
    for account, words in (
        (10_000, "ABOVE cap_a"),
        (10_010, "within all"),
        (9_000, "ABOVE cap_a cap_total"),
    ):
        rules = known.rules.with_values({"equity": account})
        assert positions._cap_words(told, rules) == words


def test_a_genuine_data_table(desk: Desk) -> None:
    """Two Data Tables with their inputs, values in all their cells."""
    found = [
        f
        for cell in cells(desk, layout.WHATIF)
        for f in cell.iter(f"{MAIN}f")
        if f.get("t") == "dataTable"
    ]
    assert [f.get("ref") for f in found] == ["C32:I38", "M32:S38"]
    values = desk.values[layout.WHATIF]
    for table in found:
        assert (table.get("dt2D"), table.get("dtr")) == ("1", "1")
        for name in ("r1", "r2"):
            assert isinstance(values[table.get(name)].value, (int, float))
        assert all(c.value is not None for row in values[table.get("ref")] for c in row)
    at = (whatif.EQUITY_AXIS.index(100_000.0), whatif.RISK_AXIS.index(2.0))
    corner = values["B31"].value
    assert values["C32:I38"][at[0]][at[1]].value == corner == values["E29"].value


def test_pages_print(desk: Desk) -> None:
    """Landscape, one page wide, headings repeated, panes frozen where rows are many."""
    for name in layout.SHEETS:
        sheet = desk.formulas[name]
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.print_area
        assert sheet.print_title_rows
        assert "page" in sheet.oddFooter.right.text
    frozen = {name: desk.formulas[name].freeze_panes for name in layout.SHEETS}
    assert frozen[layout.SCAN] == "G8"
    assert frozen[layout.POSITIONS] == "D8"
    assert frozen[layout.JOURNAL] == "C6"


def test_nothing_of_a_machine(desk: Desk) -> None:
    """No path, no outside link, no key and no user in any part."""
    for name, data in desk.parts.items():
        assert "externalLink" not in name
        text = data.decode("utf-8", "replace")
        assert not re.search(r"/home/|/tmp/|/root|C:\\\\|Users\\\\", text), name
        assert "TargetMode" not in text, name
        assert str(Path.cwd()) not in text
    assert b"vrp_xl_workbook" in desk.parts["docProps/custom.xml"]


def test_two_writes_are_equal(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes depend on the sources alone; nothing else is written anywhere."""
    home = tmp_path / "home"
    home.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("FLASHALPHA_API_KEY", "key-7c1e5b")
    monkeypatch.chdir(elsewhere)
    again = desk_book(tmp_path / "again.xlsx", vba_project=None)
    assert again.read_bytes() == desk.path.read_bytes()
    assert list(home.iterdir()) == []
    assert list(elsewhere.iterdir()) == []


def test_with_macros(tmp_path: Path) -> None:
    """Code names fit the project, and buttons call macros that exist."""
    names = [f"Sheet{n + 1}" for n in range(len(EVERY))]
    modules = [
        Module("ThisWorkbook", "Option Explicit", "workbook"),
        *(Module(name, "Option Explicit", "sheet") for name in names),
    ]
    project = vba_project("VrpScan", "{6E0B7F52-41C3-4F0B-9C58-2D1A7B34E0A1}", modules)
    path = desk_book(tmp_path / "desk.xlsm", vba_project=project)
    with zipfile.ZipFile(path) as packed:
        assert packed.read("xl/vbaProject.bin") == project
        assert b'codeName="ThisWorkbook"' in packed.read("xl/workbook.xml")
        for n, name in enumerate(names, 1):
            assert f'codeName="{name}"'.encode() in packed.read(f"xl/worksheets/sheet{n}.xml")
        drawn = "".join(
            packed.read(name).decode() for name in packed.namelist() if name.endswith(".vml")
        )
    macros = re.findall(r"<x:FmlaMacro>\[0\]!(\w+)</x:FmlaMacro>", drawn)
    assert macros == ["RefreshScan", "AddToWatchlist", "FreezeCopy", "ShowLastError",
                      "RefreshSymbol"]  # fmt: skip
    assert set(macros) <= set(layout.MACROS)


def test_the_configuration(desk: Desk) -> None:
    """The hidden sheets hold what xlwings and IntelliSense read, a row per function."""
    conf = desk.values[CONF_SHEET]
    assert [(a.value, b.value) for a, b in conf["A1:B2"]] == list(CONF)
    sheet = desk.values[layout.INTELLISENSE]
    assert [sheet["A1"].value, sheet["B1"].value] == ["FunctionInfo", "1.0"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == list(FUNCTIONS)
    for row, function in zip(rows, FUNCTIONS.values(), strict=True):
        given = [cell for cell in row[3:] if cell is not None]
        assert len(given) == 2 * len(function.args)
        assert all(len(str(cell)) <= 255 for cell in row if cell)


def test_help_shows_every_function(desk: Desk) -> None:
    """Syntax, and each example as a formula that is in a cell and has computed."""
    sheet = desk.formulas[layout.HELP]
    texts = {row[0].value for row in sheet.iter_rows(max_col=1) if row[0].value}
    there = " ".join(f.text or "" for c in cells(desk, layout.HELP) for f in c.iter(f"{MAIN}f"))
    for function in FUNCTIONS.values():
        assert function.syntax in texts
        for example in function.examples:
            live = with_rules(example.formula)
            assert live in texts
            assert live.removeprefix("=") in there
            name, given = parse(live.replace(",vrp_settings)", ")").replace("(vrp_settings)", "()"))
            assert name == function.name
            assert len(given) <= len(function.args)


def test_values_alone_keep_all_that_is_shown(desk: Desk, tmp_path: Path) -> None:
    """Without its formulas the workbook shows the same: nothing waits for a recalculation."""
    path = tmp_path / "values.xlsx"
    path.write_bytes(values_only(desk.path.read_bytes()))
    with pytest.warns(UserWarning, match="xtension"):
        plain = openpyxl.load_workbook(path)
    for name in layout.SHEETS:
        for row, other in zip(plain[name].iter_rows(), desk.values[name].iter_rows(), strict=True):
            for cell, was in zip(row, other, strict=True):
                assert (cell.value or None) == (was.value or None) or cell.value == was.value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (1 / 3, 0.3333333333),
        (123456789012.3, 123456789000.0),
        (True, True),
        (dt.date(2026, 11, 20), 46346.0),
        (dt.datetime(2026, 11, 20, 16), 46346.6666666667),  # noqa: DTZ001 (a cell has no zone)
        (ERRORS["#N/A"], "#N/A"),
    ],
)
def test_what_a_cell_keeps(value: Any, shown: Any) -> None:
    """Numbers to ten digits, dates as serial numbers, nothing as empty text."""
    assert cached(value) == (pytest.approx(shown) if isinstance(shown, float) else shown)


def test_the_charts_follow_the_history(desk: Desk) -> None:
    """The last day of the charts is today's, and its z is that of the stored figures."""
    sheet = desk.values[layout.SYMBOL]
    last = symbol._DATA_ROW + symbol.SHOWN_DAYS
    row = [cell.value for cell in sheet[last]][symbol._SHOWN : symbol._SHOWN + 5]
    assert row[1].date() == dt.date(2026, 11, 20)
    assert row[2] == pytest.approx(16.68, abs=0.006)
    assert row[3] == pytest.approx(10.91, abs=0.006)
    assert row[4] == pytest.approx(1.31, abs=0.02)


def test_no_name_is_a_functions(desk: Desk) -> None:
    """Names have no case: one that is spelled like a function would stand in its way."""
    functions = {name.lower() for name in FUNCTIONS}
    assert not functions & {name.lower() for name in desk.formulas.defined_names}


def test_the_journal_is_what_its_functions_give(desk: Desk) -> None:
    """Candidates of both days of the sample market, then its scans; headings for every column."""
    assert len(journal.NAMES) == len(NAME_ROW) == len(journal.WIDTHS)
    assert len(journal.SCANS) == len(SCAN_ROW)
    sheet, formulas = desk.values[layout.JOURNAL], desk.formulas[layout.JOURNAL]
    tables = (
        (journal.FIRST_ROW, "VRP_JOURNAL", (None, layout.JOURNAL_ROWS), 12),
        (journal.FIRST_SCAN, "VRP_SCANLOG", (layout.JOURNAL_SCANS,), 2),
    )
    with frozen_sample():
        known = figures.gather()
        asked = [known.ask(name, *arguments) for _, name, arguments, _ in tables]
    for (first, name, _, filled), want in zip(tables, asked, strict=True):
        assert len([line for line in want if line[0] is not None]) == filled
        for n, line in enumerate(want):
            for m, value in enumerate(line):
                seen = sheet.cell(first + 1 + n, m + 1).value
                if isinstance(value, float):
                    assert seen == pytest.approx(value, rel=1e-9)
                elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
                    assert seen.date() == value
                else:
                    assert (seen or None) == (value or None)
        assert f"{name}(" in formulas.cell(first + 1, 1).value.text
    top = [sheet.cell(journal.HEADER_ROW + 1, n + 1).value for n in range(len(journal.NAMES))]
    assert top == [column.heading for column in journal.NAMES]
    assert all(formulas.cell(journal.HEADER_ROW + 1, n + 1).comment for n in range(len(top)))


def test_the_scan_prints_what_a_trade_needs(desk: Desk) -> None:
    """Few columns at a size to read, a condor's legs in full, the notices within the page."""
    sheet = desk.formulas[layout.SCAN]
    printed = [place for place, at in scan.places() if at <= scan.PRINTED]
    names = [place.name for place in printed]
    for name in ("symbol", "z_score", "cell", "size", "structure", "strikes", "action", "expiry"):
        assert name in names
    assert sum(place.width for place in printed) < 210
    width = next(place.width for place in printed if place.name == "strikes")
    legs = "buy put 258, sell put 272.5, sell call 272.5, buy call 285"
    assert width >= 0.82 * len(legs)  # a letter of a word is narrower than a digit
    area = re.sub(r"^.*!", "", sheet.print_area).replace("$", "")
    assert openpyxl.utils.range_boundaries(area)[2] == scan.PRINTED + 1
    notice = sheet.cell(scan.NOTICE_ROW + 1, 1)
    assert notice.alignment.wrap_text
    merged = {str(r) for r in sheet.merged_cells.ranges}
    assert f"A{scan.NOTICE_ROW + 1}:{openpyxl.utils.get_column_letter(scan.PRINTED + 1)}4" in merged
