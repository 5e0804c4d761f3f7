"""What a macro may do to an open Calc document, one method for each question that it asks.

Runs inside LibreOffice, under LibreOffice's own Python (3.8 or newer). Puts values only: text
never becomes a formula, and formats stay. `Document` is the other end of
``vrp_xl.libreoffice.book.UnoBook``.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, ANN204
# (UNO has its own types and names)

import contextlib
import datetime as dt
import re

ERRORS = {
    521: "#NULL!", 532: "#DIV/0!", 519: "#VALUE!", 524: "#REF!", 525: "#NAME?", 503: "#NUM!",
    32767: "#N/A",
}  # fmt: skip
"""Calc's numbers of errors; any other is told as #VALUE!."""

CELL_CONTENTS = 1 | 2 | 4 | 16
"""Numbers, dates, text and formulas: what is emptied. Notes and formats are not."""
FORMULAS = 16
IS_DATE, IS_LOGICAL = 2, 1024
"""Kinds of number formats."""

OURS = ("vrp_xl_workbook", "desk")
"""The document property of the desk."""
RAW_NAME = "vrp_raw"
"""A defined name of the desk, for a file that has lost its properties."""

EXCEL = "MS Excel 2007"
"""Is in the names of the filters for .xlsx and .xlsm."""

SPREADSHEET = "com.sun.star.sheet.SpreadsheetDocument"
MIDNIGHT = 693594
"""The day 1899-12-30, from which dates count on the wire, as Python counts days."""

_FUNCTION = re.compile(r"\bVRP_[A-Z]|ORG\.VRPXL\.", re.IGNORECASE)
_FROM_ADD_IN = re.compile(r"(?:'[^']*'|\[\d+\])[!#]\$?(?=VRP_[A-Z]+\()", re.IGNORECASE)
"""What Excel puts before the name of a function that came from an add-in file."""


def is_desk(document):
    """Whether a document is the desk."""
    if not document.supportsService(SPREADSHEET):
        return False
    found = document.DocumentProperties.UserDefinedProperties
    if found.PropertySetInfo.hasPropertyByName(OURS[0]):
        return str(found.getPropertyValue(OURS[0])) == OURS[1]
    return document.NamedRanges.hasByName(RAW_NAME)


def formula_ranges(document):
    """The ranges of a document that hold formulas."""
    for sheet in document.Sheets:
        found = sheet.queryContentCells(FORMULAS)
        for i in range(found.Count):
            yield found.getByIndex(i)


def uses_functions(document):
    """Whether a document has a formula with a VRP function."""
    return any(
        _FUNCTION.search(formula)
        for cells in formula_ranges(document)
        for row in cells.getFormulaArray()
        for formula in row
    )


@contextlib.contextmanager
def unchanged(document):
    """What is done within does not count as a change of the document."""
    before = document.isModified()
    try:
        yield
    finally:
        if document.isModified() != before:
            document.setModified(before)


def recalculate(document):
    """Computes every formula of a document anew."""
    with unchanged(document):
        document.lockControllers()
        document.addActionLock()
        try:
            document.calculateAll()
        finally:
            document.removeActionLock()
            document.unlockControllers()


def own_name(formula):
    """A formula without what Excel put before the names of an add-in's functions.

    >>> own_name('=[1]!VRP_CELL("SPY")')
    '=VRP_CELL("SPY")'
    """
    return _FROM_ADD_IN.sub("", formula)


def reenter(document):
    """Types formulas anew whose functions Excel stored as an add-in's; how many there were."""
    if not any(one.Name == "FilterName" and EXCEL in one.Value for one in document.Args):
        return 0
    count = 0
    for sheet in document.Sheets:
        wanted = sheet.createSearchDescriptor()
        wanted.SearchString = "VRP_"
        found = sheet.findAll(wanted)
        for i in range(found.Count if found is not None else 0):
            cells = found.getByIndex(i)
            for y, row in enumerate(cells.getFormulaArray()):
                for x, formula in enumerate(row):
                    if formula.startswith(("=", "{=")) and own_name(formula) != formula:
                        count += _reentered(cells.getCellByPosition(x, y))
    return count


def _reentered(cell):
    formula = own_name(cell.Formula)
    if not formula.startswith("{"):
        cell.setFormula(formula)
        return 1
    cursor = cell.Spreadsheet.createCursorByRange(cell)
    cursor.collapseToCurrentArray()
    first = cursor.getCellByPosition(0, 0).CellAddress
    if (first.Column, first.Row) != (cell.CellAddress.Column, cell.CellAddress.Row):
        return 0
    cursor.setArrayFormula(formula[1:-1])
    return 1


class Document:
    """An open document, and what of LibreOffice a macro touches.

    Args:
        desktop: LibreOffice's desktop.
        model: the document.
        tell: shows a message.
        query: asks a question, True is yes.
    """

    def __init__(self, desktop, model, tell, query):
        self._desktop = desktop
        self._model = model
        self._tell = tell
        self._query = query
        self._indicator = None
        self._locks = 0
        self._changed = False
        self._automatic = None

    def answer(self, what, more):
        """Answers one question."""
        if what not in QUESTIONS:
            raise ValueError(f"there is no {what}")
        return getattr(self, what)(*more)

    def end(self):
        """Puts back what a macro that broke off has left."""
        self.status(None)
        if self._automatic is not None:
            self.calculate("automatic" if self._automatic else "manual")
        self.draw(True)

    def _range(self, sheet, row, column, rows, columns):
        found = self._model.Sheets.getByName(sheet)
        return found.getCellRangeByPosition(column, row, column + columns - 1, row + rows - 1)

    def _days(self):
        """Days from the wire's first day to the document's."""
        null = self._model.NullDate
        return dt.date(null.Year, null.Month, null.Day).toordinal() - MIDNIGHT

    # Questions

    def address(self):
        """The document's address; empty where it was never saved."""
        return self._model.URL

    def sheets(self):
        """The names of its sheets."""
        return list(self._model.Sheets.ElementNames)

    def named(self, name):
        """Where a defined name points: nothing where there is none, empty where to no cells."""
        names = self._model.NamedRanges
        if not names.hasByName(name):
            return None
        cells = names.getByName(name).getReferredCells()
        return self._place(cells) if cells is not None else []

    def selection(self):
        """The selected cells."""
        found = self._model.CurrentSelection
        if found is None:
            return None
        if found.supportsService("com.sun.star.sheet.SheetCellRanges"):
            found = found.getByIndex(0)
        if not found.supportsService("com.sun.star.sheet.SheetCellRange"):
            return None
        return self._place(found)

    def _place(self, cells):
        at = cells.RangeAddress
        sheet = self._model.Sheets.getByIndex(at.Sheet).Name
        rows, columns = at.EndRow - at.StartRow + 1, at.EndColumn - at.StartColumn + 1
        return [sheet, at.StartRow, at.StartColumn, rows, columns]

    def get(self, *place):
        """Values as rows; formats decide what is a date and what is true or false."""
        cells = self._range(*place)
        rows = [
            [_read(cells, x, y, value) for x, value in enumerate(row)]
            for y, row in enumerate(cells.getDataArray())
        ]
        if any(type(value) is float for row in rows for value in row):
            self._typed(cells, rows)
        return rows

    def _typed(self, cells, rows):
        """Makes dates and truth values of numbers that are formatted so."""
        formats, days = self._model.NumberFormats, self._days()
        at = cells.RangeAddress
        found = cells.UniqueCellFormatRanges
        for i in range(found.Count):
            alike = found.getByIndex(i)
            kind = formats.getByKey(alike.NumberFormat).Type
            if not kind & (IS_DATE | IS_LOGICAL):
                continue
            for part in alike.RangeAddresses:
                for y in range(part.StartRow - at.StartRow, part.EndRow - at.StartRow + 1):
                    for x in range(part.StartColumn - at.StartColumn,
                                   part.EndColumn - at.StartColumn + 1):  # fmt: skip
                        value = rows[y][x]
                        if type(value) is not float:
                            continue
                        if kind & IS_DATE:
                            rows[y][x] = {"date": value + days}
                        elif value in (0.0, 1.0):
                            rows[y][x] = bool(value)

    def put(self, sheet, row, column, rows):
        """Puts values; null empties a cell."""
        self._changed = True
        days = self._days()
        cells = self._range(sheet, row, column, len(rows), len(rows[0]))
        cells.setDataArray(tuple(tuple(_cell(value, days) for value in line) for line in rows))

    def clear(self, *place):
        """Empties cells; formats and notes stay."""
        self._changed = True
        self._range(*place).clearContents(CELL_CONTENTS)

    def activate(self, sheet):
        """Shows a sheet."""
        self._model.CurrentController.setActiveSheet(self._model.Sheets.getByName(sheet))

    def status(self, text):
        """Shows a line in the status bar; null gives it back."""
        if text is None:
            if self._indicator is not None:
                self._indicator.end()
            self._indicator = None
            return
        if self._indicator is None:
            controller = self._model.CurrentController
            if controller is None:
                return
            self._indicator = controller.Frame.createStatusIndicator()
            self._indicator.start(text, 0)
        self._indicator.setText(text)

    def calculation(self):
        """When formulas recalculate."""
        return "automatic" if self._model.isAutomaticCalculationEnabled() else "manual"

    def calculate(self, when):
        """Sets when formulas recalculate."""
        if self._automatic is None:
            self._automatic = self._model.isAutomaticCalculationEnabled()
        with unchanged(self._model):
            self._model.enableAutomaticCalculation(when != "manual")

    def drawing(self):
        """Whether the screen follows."""
        return not self._model.hasControllersLocked()

    def draw(self, follow):
        """Sets whether the screen follows."""
        if not follow:
            self._model.lockControllers()
            self._locks += 1
        before = self._model.isModified()
        while follow and self._locks:
            self._model.unlockControllers()
            self._locks -= 1
        if not before and not self._changed and self._model.isModified():
            self._model.setModified(False)  # put off until here: switching the recalculation

    def recalculate(self):
        """Computes every open document with VRP formulas anew."""
        for document in self._desktop.Components:
            if document.supportsService(SPREADSHEET) and (
                document == self._model or uses_functions(document)
            ):
                recalculate(document)

    def message(self, text):
        """Shows a message."""
        self._tell(text)

    def ask(self, text):
        """Asks a question."""
        return self._query(text)


QUESTIONS = frozenset({
    "address", "sheets", "named", "selection", "get", "put", "clear", "activate", "status",
    "calculation", "calculate", "drawing", "draw", "recalculate", "message", "ask",
})  # fmt: skip
"""What a macro may ask."""


def _read(cells, x, y, value):
    """A value that UNO gave: nothing for an error, empty text for an empty cell."""
    if value is None:
        return {"error": ERRORS.get(cells.getCellByPosition(x, y).getError(), "#VALUE!")}
    return None if value == "" else value


def _cell(value, days):
    """A value on its way to a cell as UNO takes it."""
    if value is None:
        return ""  # leaves the cell empty; nothing at all would be #N/A
    if type(value) is dict:
        return float(value["date"] - days)
    return value if type(value) is str else float(value)
