"""What a macro needs of an open workbook, whatever program it is open in.

`Book`, `Sheet` and `Range` say it; `MemoryBook` is one without any program, `XlwingsBook` one in
Excel. Values go in and out as rows of cells: None is an empty cell, numbers are floats, dates are
dates, an error is text such as ``#N/A``. What is put is a value and stays one: text never becomes
a formula, a date or a number, and formats are never touched. xlwings is loaded when first used.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vrp_xl.excel.formats import ConditionalRule, SheetFormats

Rows = list[list[Any]]
MESSAGE_MOST = 1000
"""Letters that a message box shows."""


class Range(Protocol):
    """A rectangle of cells on one sheet."""

    @property
    def sheet(self) -> str:
        """Name of its sheet."""

    @property
    def row(self) -> int:
        """Its first row, from 0."""

    @property
    def column(self) -> int:
        """Its first column, from 0."""

    @property
    def rows(self) -> int:
        """How many rows it has."""

    @property
    def columns(self) -> int:
        """How many columns it has."""

    def get(self) -> Rows:
        """The values of all its cells."""

    def put(self, values: Sequence[Sequence[Any]]) -> None:
        """Puts values from its first cell on; None empties a cell. Formats stay."""

    def clear(self) -> None:
        """Empties its cells. Formats stay."""

    def part(self, row: int, column: int, rows: int, columns: int) -> Range:
        """The rectangle that begins `row` and `column` (from 0) into this one."""


class Sheet(Protocol):
    """A sheet of a book."""

    def activate(self) -> None:
        """Shows it."""

    def put_formats(self, formats: SheetFormats) -> None:
        """Replaces its conditional formats and sets its number formats. Values stay."""


class Book(Protocol):
    """An open workbook, and of its program what a macro touches."""

    calculation: str
    """When formulas recalculate: ``automatic``, ``semiautomatic`` or ``manual``."""
    screen_updating: bool

    @property
    def folder(self) -> Path | None:
        """Where the file lies on this machine; None where it was never saved, or lies elsewhere."""

    def named(self, name: str) -> Range | None:
        """The range of a defined name, or None where there is none."""

    def sheet(self, name: str) -> Sheet | None:
        """The sheet of that name, or None."""

    def selection(self) -> Range | None:
        """The selected cells; None where something else is selected."""

    def status(self, text: str | None) -> None:
        """Shows a line in the status bar; None gives it back to the program."""

    def recalculate(self) -> None:
        """Computes the VRP formulas of all open books anew, and what depends on them."""

    def message(self, text: str) -> None:
        """Shows a message and waits until it was read."""

    def ask(self, text: str) -> bool:
        """Asks a question; True is yes."""


# Without any program


@dataclass(slots=True)
class MemoryRange:
    """A rectangle of a `MemoryBook`."""

    book: MemoryBook
    sheet: str
    row: int
    column: int
    rows: int
    columns: int

    def get(self) -> Rows:
        """The values of all its cells."""
        return [
            [self.book.cells.get((self.sheet, r, c)) for c in self._across()] for r in self._down()
        ]

    def put(self, values: Sequence[Sequence[Any]]) -> None:
        """Puts values from its first cell on; None empties a cell."""
        if len(values) > self.rows or any(len(row) > self.columns for row in values):
            raise InputError("There are more values than cells.")
        for r, row in enumerate(values, start=self.row):
            for c, value in enumerate(row, start=self.column):
                if value is None:
                    self.book.cells.pop((self.sheet, r, c), None)
                else:
                    self.book.cells[self.sheet, r, c] = value

    def clear(self) -> None:
        """Empties its cells."""
        self.put([[None] * self.columns] * self.rows)

    def part(self, row: int, column: int, rows: int, columns: int) -> MemoryRange:
        """The rectangle that begins `row` and `column` (from 0) into this one."""
        return MemoryRange(
            self.book, self.sheet, self.row + row, self.column + column, rows, columns
        )

    def _down(self) -> range:
        return range(self.row, self.row + self.rows)

    def _across(self) -> range:
        return range(self.column, self.column + self.columns)


@dataclass(slots=True)
class MemorySheet:
    """A sheet of a `MemoryBook`."""

    book: MemoryBook
    name: str

    def activate(self) -> None:
        """Shows it."""
        self.book.active = self.name

    def put_formats(self, formats: SheetFormats) -> None:
        """Keeps the formats."""
        self.book.formats[self.name] = formats


@dataclass(slots=True)
class MemoryBook:
    """A book in memory, which remembers all that was done to it.

    Attributes:
        cells: (sheet, row, column) -> value, from 0; an empty cell is not there.
        names: defined name -> (sheet, row, column, rows, columns).
        answers: what `ask` gives, in order; no when they are used up.
    """

    sheets: tuple[str, ...] = ("Sheet1",)
    names: dict[str, tuple[str, int, int, int, int]] = field(default_factory=dict)
    cells: dict[tuple[str, int, int], Any] = field(default_factory=dict)
    formats: dict[str, SheetFormats] = field(default_factory=dict)
    folder: Path | None = None
    calculation: str = "automatic"
    screen_updating: bool = True
    active: str = ""
    selected: tuple[str, int, int, int, int] | None = None
    answers: list[bool] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    statuses: list[str | None] = field(default_factory=list)
    recalculated: int = 0

    def named(self, name: str) -> MemoryRange | None:
        """The range of a defined name, or None."""
        place = self.names.get(name)
        return MemoryRange(self, *place) if place is not None else None

    def sheet(self, name: str) -> MemorySheet | None:
        """The sheet of that name, or None."""
        return MemorySheet(self, name) if name in self.sheets else None

    def selection(self) -> MemoryRange | None:
        """The selected cells."""
        return MemoryRange(self, *self.selected) if self.selected is not None else None

    def status(self, text: str | None) -> None:
        """Remembers a line of the status bar."""
        self.statuses.append(text)

    def recalculate(self) -> None:
        """Counts."""
        self.recalculated += 1

    def message(self, text: str) -> None:
        """Remembers a message."""
        self.messages.append(text)

    def ask(self, text: str) -> bool:
        """Remembers a question and gives the next answer."""
        self.questions.append(text)
        return self.answers.pop(0) if self.answers else False


# In Excel

_WORD = re.compile(r"[A-Za-z^]")
_READ_AS_DATE = 20
"""Text with a digit that is no longer than this may be read as a date (``MAR1``)."""


def literal(value: Any) -> Any:
    """A value as it must be sent to an Excel cell to arrive as it is.

    Excel reads text that is sent to it as if it were typed. A leading apostrophe, which is no part
    of the value, keeps it text; it is used only where Excel might read something else.

    >>> literal("=1+1"), literal("MAR1"), literal("TRUE"), literal("SPY"), literal(2.5)
    ("'=1+1", "'MAR1", "'TRUE", 'SPY', 2.5)
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (a cell has no zone)
    if not isinstance(value, str) or not value:
        return value
    typed = (
        not _WORD.match(value)
        or value.upper() in ("TRUE", "FALSE")
        or (len(value) <= _READ_AS_DATE and any(ch.isdigit() for ch in value))
    )
    return "'" + value if typed else value


class XlwingsRange:
    """A range in Excel."""

    def __init__(self, cells: Any) -> None:
        self._cells = cells

    @property
    def sheet(self) -> str:
        """Name of its sheet."""
        return str(self._cells.sheet.name)

    @property
    def row(self) -> int:
        """Its first row, from 0."""
        return int(self._cells.row) - 1

    @property
    def column(self) -> int:
        """Its first column, from 0."""
        return int(self._cells.column) - 1

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self._cells.shape[0])

    @property
    def columns(self) -> int:
        """How many columns it has."""
        return int(self._cells.shape[1])

    def get(self) -> Rows:
        """The values of all its cells."""
        rows: Rows = self._cells.options(ndim=2, err_to_str=True).value
        return rows

    def put(self, values: Sequence[Sequence[Any]]) -> None:
        """Puts values from its first cell on in one go; None empties a cell."""
        if not values or not values[0]:
            return
        part = self.part(0, 0, len(values), len(values[0]))
        part._cells.value = [[literal(cell) for cell in row] for row in values]  # noqa: SLF001

    def clear(self) -> None:
        """Empties its cells."""
        self._cells.clear_contents()

    def part(self, row: int, column: int, rows: int, columns: int) -> XlwingsRange:
        """The rectangle that begins `row` and `column` (from 0) into this one."""
        top, left = self.row + row + 1, self.column + column + 1
        cells = self._cells.sheet.range((top, left), (top + rows - 1, left + columns - 1))
        return XlwingsRange(cells)


_OPERATORS = {
    "equal": "equal_to",
    "notEqual": "not_equal_to",
    "greaterThan": "greater_than",
    "greaterThanOrEqual": "greater_than_or_equal",
    "lessThan": "less_than",
    "lessThanOrEqual": "less_than_or_equal",
    "between": "between",
    "notBetween": "not_between",
}


class XlwingsSheet:
    """A sheet in Excel."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet

    def activate(self) -> None:
        """Shows it."""
        self._sheet.activate()

    def put_formats(self, formats: SheetFormats) -> None:
        """Replaces its conditional formats and sets its number formats."""
        self._sheet.activate()
        self._sheet.cells.conditional_formats.clear()
        for rule in reversed(formats.rules):  # xlwings puts each new rule above the others
            for area in rule.area.split():
                self._add(area, rule)
        for area, number_format in formats.numbers:
            self._sheet.range(area).number_format = number_format

    def _add(self, area: str, rule: ConditionalRule) -> None:
        cells = self._sheet.range(area)
        cells[0, 0].select()  # Excel reads relative references from the active cell
        made = cells.conditional_formats
        if rule.kind == "bar":
            made.add_data_bar(rule.fill or "#B5D8EE", gradient=False)
            return
        if rule.kind == "scale":
            made.add_color_scale(list(rule.scale))
            return
        look: Mapping[str, Any] = {
            "fill_color": rule.fill,
            "font_color": rule.ink,
            "font_bold": rule.bold,
            "font_italic": rule.italic,
            "stop_if_true": rule.stop,
        }
        formulas = [f"={formula}" for formula in rule.formulas]
        if rule.kind == "cell":
            made.add_cell_value(_OPERATORS[rule.operator], *formulas, **look)
        else:
            made.add_custom(*formulas, **look)


FORMULAS_MOST = 2_000_000
"""A sheet with more cells in use than this is computed anew as a whole."""


class XlwingsBook:
    """A workbook that is open in Excel."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._app = book.app

    @classmethod
    def caller(cls) -> XlwingsBook:
        """The book whose button was pressed; for the add-in's ribbon the one in front.

        Raises:
            InputError: no book is open.
        """
        import xlwings  # noqa: PLC0415 (slow, and only Excel needs it)

        book: Any = xlwings.Book.caller()
        if str(book.name).lower().endswith((".xlam", ".xla")):
            book = book.app.books.active
        try:
            str(book.name)
        except Exception:  # noqa: BLE001 (there may be none, or a hidden one alone)
            raise InputError("No workbook is open.", "Open one first.") from None
        return cls(book)

    @property
    def calculation(self) -> str:
        """When formulas recalculate."""
        return str(self._app.calculation)

    @calculation.setter
    def calculation(self, value: str) -> None:
        self._app.calculation = value

    @property
    def screen_updating(self) -> bool:
        """Whether the screen follows what happens."""
        return bool(self._app.screen_updating)

    @screen_updating.setter
    def screen_updating(self, value: bool) -> None:
        self._app.screen_updating = value

    @property
    def folder(self) -> Path | None:
        """Where the file lies on this machine."""
        try:
            full = str(self._book.fullname)
        except Exception:  # noqa: BLE001 (xlwings gives up in its own ways on files in a cloud)
            return None
        path = Path(full)
        if "://" in full or not path.is_absolute() or not path.parent.is_dir():
            return None
        return path.parent

    def named(self, name: str) -> XlwingsRange | None:
        """The range of a defined name, or None.

        Raises:
            InputError: the name is there and points to no cells.
        """
        if name not in self._book.names:
            return None
        try:
            return XlwingsRange(self._book.names[name].refers_to_range)
        except Exception:  # noqa: BLE001 (each platform has its own)
            raise InputError(
                f"The name {name} of this workbook points to no cells.",
                "Take a fresh desk: vrp-xl open --new",
            ) from None

    def sheet(self, name: str) -> XlwingsSheet | None:
        """The sheet of that name, or None."""
        for sheet in self._book.sheets:
            if sheet.name == name:
                return XlwingsSheet(sheet)
        return None

    def selection(self) -> XlwingsRange | None:
        """The selected cells; None also where there are more than Excel can count."""
        try:
            cells = self._book.selection
        except Exception:  # noqa: BLE001 (each platform has its own)
            return None
        return XlwingsRange(cells) if cells is not None else None

    def status(self, text: str | None) -> None:
        """Shows a line in the status bar."""
        self._app.status_bar = False if text is None else text

    def recalculate(self) -> None:
        """Computes the VRP formulas of all open books anew, and what depends on them."""
        if sys.platform != "darwin":  # there Excel has no VRP formulas
            for book in self._app.books:
                for sheet in book.sheets:
                    for cells in _with_formulas(sheet):
                        cells.api.Dirty()
        self._app.calculate()

    def message(self, text: str) -> None:
        """Shows a message and waits until it was read."""
        self._app.alert(_short(text), title="VRP", buttons="ok", mode="info")

    def ask(self, text: str) -> bool:
        """Asks a question; True is yes."""
        answer = self._app.alert(_short(text), title="VRP", buttons="yes_no", mode="info")
        return bool(answer == "yes")


def _short(text: str) -> str:
    return text if len(text) <= MESSAGE_MOST else text[: MESSAGE_MOST - 3] + "..."


def _with_formulas(sheet: Any) -> Iterator[Any]:
    """The cells of `sheet` that hold a VRP formula, as runs down its columns."""
    used = sheet.used_range
    rows, columns = used.shape
    if rows * columns > FORMULAS_MOST:
        yield used
        return
    formulas = used.formula
    if isinstance(formulas, str):
        formulas = ((formulas,),)
    top, left = used.row, used.column
    for c in range(columns):
        first: int | None = None
        for r in range(rows + 1):
            text = formulas[r][c] if r < rows else ""
            holds = isinstance(text, str) and text.startswith("=") and "VRP_" in text.upper()
            if holds and first is None:
                first = r
            elif not holds and first is not None:
                yield sheet.range((top + first, left + c), (top + r - 1, left + c))
                first = None
