"""An Excel of COM objects: as much of it as the macros touch, read and written by xlwings itself.

Text that is sent to a cell is read as Excel reads what is typed: a formula, a number, a date, TRUE,
an error; a leading apostrophe keeps it text. Run as a script it plays a scenario in a process of
its own (see `pywin32_stubs`) and prints what came of it as JSON.
"""
# COM names are Excel's, not ours, and so is their meaning.
# ruff: noqa: D102, N802, T201

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, str(Path(__file__).parent))
import pywin32_stubs as stubs

Place = tuple[int, int]
_DATE = re.compile(
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[ -]?\d+(, ?\d+)?", re.IGNORECASE
)
_A1 = re.compile(r"\$?([A-Z]+)\$?(\d+)")


class Formula(str):
    """A cell's formula; its value is not computed here."""

    __slots__ = ()


def typed(value: Any) -> Any:
    """What a cell holds after `value` was sent to it."""
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):
        return stubs.com_time(value)
    if not isinstance(value, str):
        return value
    if value.startswith("'"):
        return value[1:]
    if value[0] in "=+-@":
        return Formula(value)
    if value.upper() in ("TRUE", "FALSE"):
        return value.upper() == "TRUE"
    if value in stubs.ERROR_CODES:
        return stubs.ERROR_CODES[value]
    if _DATE.fullmatch(value):
        return stubs.com_time(dt.datetime(2026, 1, 1))  # noqa: DTZ001
    try:
        return float(value.rstrip("%"))
    except ValueError:
        return value


def column_number(letters: str) -> int:
    """1 for A."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


class Condition:
    """One conditional format."""

    def __init__(self, where: Range, what: dict[str, Any]) -> None:
        self.where, self.what = where, what
        self.Type = what.get("Type", 4)
        self.Interior, self.Font = Look(), Look()
        self.BarColor, self.MinPoint, self.MaxPoint = Look(), Point(), Point()
        self.StopIfTrue, self.BarFillType, self.ShowValue = True, 0, True

    def SetFirstPriority(self) -> None:
        rules = self.where.sheet.conditions
        rules.remove(self)
        rules.insert(0, self)


class Look:
    """Colour and weight."""

    Color: Any = None
    Bold: Any = None
    Italic: Any = None


class Point:
    """An end of a data bar."""

    def Modify(self, newtype: int, newvalue: Any = None) -> None:
        del newtype, newvalue


class Conditions:
    """The conditional formats of a range."""

    def __init__(self, where: Range) -> None:
        self.where = where

    def Add(self, **what: Any) -> Condition:
        return self._added({**what, "active": self.where.sheet.Parent.Application.active})

    def AddDatabar(self) -> Condition:
        return self._added({"Type": 4})

    def _added(self, what: dict[str, Any]) -> Condition:
        made = Condition(self.where, what)
        self.where.sheet.conditions.append(made)
        return made

    def __call__(self, index: int) -> Condition:
        return self.where.sheet.conditions[index - 1]

    def Delete(self) -> None:
        self.where.sheet.conditions.clear()


class Count:
    """Rows or Columns of a range."""

    def __init__(self, count: int) -> None:
        self.Count = count


class Range:
    """A rectangle of cells."""

    def __init__(self, sheet: Sheet, first: Place, last: Place) -> None:
        self.sheet, self.first, self.last = sheet, first, last
        self.Worksheet, self.Row, self.Column = sheet, *first
        self.Rows = Count(last[0] - first[0] + 1)
        self.Columns = Count(last[1] - first[1] + 1)
        self.Count = self.Rows.Count * self.Columns.Count
        self.FormatConditions = Conditions(self)

    def __call__(self, row: int, column: int) -> Range:
        return self._at(self.Row + row - 1, self.Column + column - 1)

    def _at(self, row: int, column: int) -> Range:
        return Range(self.sheet, (row, column), (row, column))

    @property
    def Address(self) -> str:
        return f"R{self.Row}C{self.Column}"

    def places(self) -> list[list[Place]]:
        return [
            [(r, c) for c in range(self.first[1], self.last[1] + 1)]
            for r in range(self.first[0], self.last[0] + 1)
        ]

    def _read(self, what: Any) -> Any:
        rows = tuple(tuple(what(self.sheet.cells.get(p)) for p in row) for row in self.places())
        return rows[0][0] if self.Count == 1 else rows

    @property
    def Value(self) -> Any:
        return self._read(lambda cell: None if isinstance(cell, Formula) else cell)

    @Value.setter
    def Value(self, data: Any) -> None:
        rows = data if isinstance(data, (list, tuple)) else [[data]]
        for places, values in zip(self.places(), rows, strict=True):
            for place, value in zip(places, values, strict=True):
                held = typed(value)
                if held is None:
                    self.sheet.cells.pop(place, None)
                else:
                    self.sheet.cells[place] = held

    @property
    def Formula(self) -> Any:
        return self._read(lambda cell: "" if cell is None else cell)

    @property
    def NumberFormat(self) -> str:
        return self.sheet.number_formats.get(self.first, "General")

    @NumberFormat.setter
    def NumberFormat(self, text: str) -> None:
        for place in (p for row in self.places() for p in row):
            self.sheet.number_formats[place] = text

    def ClearContents(self) -> None:
        for place in (p for row in self.places() for p in row):
            self.sheet.cells.pop(place, None)

    def Dirty(self) -> None:
        self.sheet.Parent.Application.dirty.append([self.sheet.Name, *self.first, *self.last])

    def Select(self) -> None:
        self.sheet.Parent.Application.active = [self.sheet.Name, *self.first]


class Cells(Range):
    """All cells of a sheet."""


class Sheet:
    """A worksheet."""

    def __init__(self, book: Workbook, name: str) -> None:
        self.Parent, self.Application, self.Name = book, book.Application, name
        self.cells: dict[Place, Any] = {}
        self.number_formats: dict[Place, str] = {}
        self.conditions: list[Condition] = []

    @property
    def Cells(self) -> Cells:
        return Cells(self, (1, 1), (1_048_576, 16_384))

    def Range(self, first: Any, last: Any = None) -> Range:
        if isinstance(first, str):
            found = [(int(row), column_number(col)) for col, row in _A1.findall(first)]
            return Range(self, found[0], found[-1])
        return Range(self, first.first, (last or first).first)

    @property
    def UsedRange(self) -> Range:
        rows = [r for r, _ in self.cells] or [1]
        columns = [c for _, c in self.cells] or [1]
        return Range(self, (min(rows), min(columns)), (max(rows), max(columns)))

    def Activate(self) -> None:
        self.Application.active = [self.Name, 1, 1]


class Sheets:
    """The worksheets of a workbook."""

    def __init__(self, sheets: list[Sheet]) -> None:
        self._sheets = sheets

    def __iter__(self) -> Iterator[Sheet]:
        return iter(self._sheets)

    def __call__(self, key: int | str) -> Sheet:
        if isinstance(key, int):
            return self._sheets[key - 1]
        return next(sheet for sheet in self._sheets if sheet.Name == key)

    @property
    def Count(self) -> int:
        return len(self._sheets)


class Name:
    """A defined name; None points to nothing."""

    def __init__(self, where: Range | None) -> None:
        self._where = where

    @property
    def RefersToRange(self) -> Range:
        if self._where is None:
            raise stubs.ComError
        return self._where


class Names(dict[str, Name]):
    """The defined names of a workbook."""

    def __call__(self, name: str) -> Name:
        if name not in self:
            raise stubs.ComError
        return self[name]


class Workbook:
    """A workbook."""

    def __init__(self, app: Application, name: str, sheets: tuple[str, ...], path: str) -> None:
        self.Application, self.Name, self.Path = app, name, path
        self.FullName = f"{path}/{name}"
        self.Worksheets = self.Sheets = Sheets([Sheet(self, s) for s in sheets])
        self.Names = Names()

    def Activate(self) -> None:
        self.Application.ActiveWorkbook = self

    def sheet(self, name: str) -> Sheet:
        return next(sheet for sheet in self.Sheets if sheet.Name == name)


class Workbooks(list[Workbook]):
    """The open workbooks."""

    Application: Any = None

    @property
    def Count(self) -> int:
        return len(self)

    def __call__(self, index: int) -> Workbook:
        return self[index - 1]


class Application:
    """Excel."""

    Hwnd, Version, Path, Name = 1, "16.0", "C:\\Office", "Microsoft Excel"
    Calculation = -4105
    ScreenUpdating = True
    Selection: Any = None
    ActiveWorkbook: Any = None

    def __init__(self) -> None:
        self.Workbooks = Workbooks()
        self.Application = self.Workbooks.Application = self
        self.active: list[Any] = []
        self.dirty: list[list[Any]] = []
        self.said: list[str] = []
        self.calculated: list[int] = []

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "StatusBar":
            self.said.append(value)
        object.__setattr__(self, name, value)

    def Calculate(self) -> None:
        self.calculated.append(self.Calculation)


def desk(path: str, *names: str) -> Workbook:
    """The desk as Excel has it open, with a watchlist and the sample market as source."""
    from vrp_xl.core.rules import STANDARD  # noqa: PLC0415
    from vrp_xl.excel import layout  # noqa: PLC0415

    app = Application()
    book = Workbook(app, "vrp_scan.xlsm", layout.SHEETS, path)
    app.Workbooks.append(book)
    app.ActiveWorkbook = book
    scan, settings = book.sheet(layout.SCAN), book.sheet(layout.SETTINGS)
    rules = {**STANDARD.to_dict(), "preset": None, "source": "sample"}
    for row, (name, value) in enumerate(rules.items(), start=5):
        settings.cells[row, 1] = name
        if value is not None:
            settings.cells[row, 2] = value if isinstance(value, (str, bool)) else float(value)
    for row, name in enumerate(names, start=5):
        settings.cells[row, 10] = name
    for row, fact in enumerate(layout.FACTS, start=1):
        scan.cells[row, 1] = fact
    scan.cells[10, 2] = Formula("=VRP_DECIDE(vrp_raw,vrp_settings)")
    scan.cells[11, 2] = Formula("=VRP_DECIDE(vrp_raw,vrp_settings)")
    scan.cells[10, 3] = Formula("=SUM(A1:A2)")
    last = len(layout.RAW_BLOCK)
    book.Names.update({
        layout.RULES_NAME: Name(Range(settings, (5, 1), (4 + len(rules), 2))),
        layout.WATCHLIST_NAME: Name(Range(settings, (5, 10), (54, 11))),
        layout.RAW_NAME: Name(Range(scan, (10, 20), (29, 19 + last))),
        layout.FACTS_NAME: Name(Range(scan, (1, 1), (len(layout.FACTS), 2))),
        "broken": Name(None),
    })  # fmt: skip
    return book


def shown(cell: Any) -> Any:
    """A cell for JSON."""
    if isinstance(cell, Formula):
        return {"formula": str(cell)}
    return cell.isoformat() if isinstance(cell, dt.datetime) else cell


def table(sheet: Sheet) -> list[list[Any]]:
    """The cells of a sheet in use, for JSON."""
    return [[r, c, shown(v)] for (r, c), v in sorted(sheet.cells.items())]


def play(folder: str) -> dict[str, Any]:
    """The scenario: a refresh, text from outside, the watchlist, formats, questions."""
    xlwings = stubs.import_xlwings()
    from vrp_xl import macros  # noqa: PLC0415
    from vrp_xl.errors import InputError  # noqa: PLC0415
    from vrp_xl.excel import layout  # noqa: PLC0415
    from vrp_xl.excel.books import XlwingsBook  # noqa: PLC0415
    from vrp_xl.excel.formats import ConditionalRule, SheetFormats  # noqa: PLC0415

    alerts: list[Any] = []
    win32con = sys.modules["win32con"]
    names = ("OK", "OKCANCEL", "YESNO", "YESNOCANCEL", "ICONINFORMATION", "ICONWARNING")
    for bit, name in enumerate(names):
        setattr(win32con, f"MB_{name}", 1 << bit)

    def box(_hwnd: int, text: str, title: str, style: int) -> int:
        alerts.append([text, title, style])
        return 6 if style & win32con.MB_YESNO else 1

    sys.modules["win32api"].MessageBox = box  # type: ignore[attr-defined]
    gui: Any = sys.modules["win32gui"]
    gui.FindWindowEx = gui.GetForegroundWindow = gui.SetForegroundWindow = lambda *_: 1
    com = desk(folder, "SPY", "QQQ")
    app = com.Application
    scan, settings = com.sheet(layout.SCAN), com.sheet(layout.SETTINGS)
    before = table(settings)
    xlwings.Book.set_mock_caller(xlwings.Book(impl=xlwings._xlwindows.Book(com)))
    out: dict[str, Any] = {}

    macros.refresh_scan()
    out["settings_untouched"] = table(settings) == before
    out["scan"] = table(scan)
    out["number_formats"] = len(scan.number_formats)
    out["dirty"], out["calculated"] = list(app.dirty), list(app.calculated)
    out["calculation"], out["screen"] = app.Calculation, app.ScreenUpdating
    out["statuses"] = list(app.said)
    out["alerts"] = list(alerts)

    book = XlwingsBook.caller()
    help_sheet = com.sheet(layout.HELP)
    evil = ["=1+1", "+1", "-1", "@x", "TRUE", "MAR1", "12", "5%", "#N/A", "it's", "'x", "SPY", None,
            2.5, True, dt.date(2027, 1, 15), "only 41 of 60 days are stored"]  # fmt: skip
    cells = book.sheet(layout.HELP)
    assert cells is not None
    from vrp_xl.excel.books import XlwingsRange  # noqa: PLC0415

    wide = XlwingsRange(book._book.sheets[layout.HELP].range((1, 1), (1, len(evil))))
    wide.put([evil])
    out["text"] = table(help_sheet)
    back = wide.get()[0]
    out["back"] = [shown(value) for value in back]
    wide.part(0, 0, 1, 3).clear()
    wide.put([])
    out["cleared"] = [c for (_, c) in sorted(help_sheet.cells)]

    app.Selection = Range(help_sheet, (1, 12), (1, 12))
    macros.add_to_watchlist()
    help_sheet.cells[2, 1] = "GLD"
    app.Selection = Range(help_sheet, (2, 1), (2, 1))
    macros.add_to_watchlist()
    out["watchlist"] = [settings.cells.get((row, 10)) for row in range(5, 9)]

    rules = (
        ConditionalRule("B10:B29 D10:D29", "expression", ('$B10="A"',), fill="#0072B2", bold=True),
        ConditionalRule("C10:C29", "cell", ("0",), "greaterThan", ink="#FFFFFF", stop=True),
        ConditionalRule("E10:E29", "bar", fill="#B5D8EE"),
    )
    scan.conditions.append(Condition(Range(scan, (1, 1), (1, 1)), {"Formula1": "=old"}))
    sheet = book.sheet(layout.SCAN)
    assert sheet is not None
    sheet.put_formats(SheetFormats(layout.SCAN, rules, (("C10:C29", "0.00"),)))
    out["conditions"] = [
        [*rule.where.first, rule.what.get("Formula1"), rule.what.get("active"), rule.Interior.Color,
         rule.Font.Bold, rule.StopIfTrue]
        for rule in scan.conditions
    ]  # fmt: skip
    out["formats"] = sorted(set(scan.number_formats.values()))

    out["answer"] = book.ask("x" * 3000)
    out["question"] = [len(alerts[-1][0]), *alerts[-1][1:]]
    out["folder"] = str(book.folder)
    out["no_name"], out["no_sheet"] = book.named("nothing"), book.sheet("nothing")
    try:
        book.named("broken")
    except InputError as error:
        out["broken"] = str(error)
    app.Selection = None
    out["no_selection"] = book.selection()
    com.FullName = "https://example.sharepoint.com/vrp_scan.xlsm"
    out["cloud"] = book.folder

    add_in = Workbook(app, "vrp_xl.xlam", ("Sheet1",), folder)
    xlwings.Book.set_mock_caller(xlwings.Book(impl=xlwings._xlwindows.Book(add_in)))
    out["active"] = XlwingsBook.caller()._book.name
    app.ActiveWorkbook = None
    try:
        macros.open_help()
    except SystemExit as end:
        out["none_open"] = str(end.code)
    return out


if __name__ == "__main__":
    print(json.dumps(play(sys.argv[1])))
