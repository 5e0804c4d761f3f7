"""Cells that carry their computed value: formulas, spilled arrays and Data Tables.

XlsxWriter writes a formula's cached value, but not those of the other cells of an array, no empty
text and no Data Table. `DeskSheet` does. May write to the sheet that it is and nothing else.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from xlsxwriter.utility import xl_range, xl_rowcol_to_cell
from xlsxwriter.worksheet import CellArrayFormulaTuple, CellFormulaTuple, Worksheet

from vrp_xl.excel.boundary import ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format

DIGITS = 10
"""Significant digits of a cached number: machines differ behind them."""

_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 (a cell has no zone)
NA = ERRORS["#N/A"]


def cached(value: Any) -> Any:
    """A result as a cell keeps it: a number, text, True or False, or an error's text.

    >>> import datetime as dt
    >>> cached(None), cached(1 / 3), cached(dt.date(2027, 1, 15)), cached(True)
    ('', 0.3333333333, 46402.0, True)
    """
    if value is None:
        return ""
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, dt.date):
        if not isinstance(value, dt.datetime):
            value = dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001
        return float(f"{(value - _EPOCH) / dt.timedelta(days=1):.15g}")
    return float(f"{float(value):.{DIGITS}g}")


def address(row: int, column: int, *, fixed: bool = False) -> str:
    """The address of a cell, such as ``B4`` or ``$B$4``; rows and columns from 0."""
    return str(xl_rowcol_to_cell(row, column, row_abs=fixed, col_abs=fixed))


def area(row: int, column: int, last_row: int, last_column: int, *, sheet: str = "") -> str:
    """A rectangle as an absolute reference, such as ``$A$1:$B$4`` or ``Scan!$A$1:$B$4``."""
    text = f"{address(row, column, fixed=True)}:{address(last_row, last_column, fixed=True)}"
    return f"{sheet}!{text}" if sheet else text


class DeskSheet(Worksheet):  # type: ignore[misc]
    """A worksheet whose formulas all have their value."""

    def __init__(self) -> None:
        super().__init__()
        self._data_tables: dict[tuple[int, int], str] = {}

    def formula(
        self, row: int, column: int, formula: str, style: Format, value: Any, *, array: bool = False
    ) -> None:
        """Writes a formula and what it shows now.

        Args:
            row: from 0.
            column: from 0.
            formula: with its ``=``.
            style: the format.
            value: as the function gives it.
            array: evaluate it as an array that ends in one cell.
        """
        if array:
            self.spill(row, column, formula, [[value]], [style])
        else:
            self.write_formula(row, column, formula, style, cached(value))

    def spill(
        self,
        row: int,
        column: int,
        formula: str,
        values: Sequence[Sequence[Any]],
        styles: Sequence[Format],
    ) -> None:
        """Writes one formula that fills a rectangle, with its full reference and every value.

        Args:
            row: of the first cell, from 0.
            column: of the first cell, from 0.
            formula: with its ``=``.
            values: rows of results.
            styles: the format of each column; a single one holds for all.
        """
        width = len(values[0])
        each = list(styles) if len(styles) == width else [styles[0]] * width
        last = (row + len(values) - 1, column + width - 1)
        self.write_dynamic_array_formula(row, column, *last, formula, each[0], 0)
        for r, line in enumerate(values):
            for c, value in enumerate(line):
                if (r, c) == (0, 0):
                    anchor = self.table[row][column]
                    self.table[row][column] = anchor._replace(value=cached(value))
                else:
                    cell = CellFormulaTuple("", each[c], cached(value))
                    self.table[row + r][column + c] = cell

    def data_table(
        self,
        row: int,
        column: int,
        values: Sequence[Sequence[Any]],
        style: Format,
        *,
        row_input: str,
        column_input: str,
    ) -> None:
        """Writes a genuine Data Table of two inputs; axes and corner are the caller's.

        Args:
            row: of the first result, from 0.
            column: of the first result, from 0.
            values: rows of results.
            style: the format of the results.
            row_input: address of the cell that the row of values above is put into.
            column_input: address of the cell that the column of values on the left is put into.
        """
        last = (row + len(values) - 1, column + len(values[0]) - 1)
        for r, line in enumerate(values):
            for c, value in enumerate(line):
                self.write_blank(row + r, column + c, None, style)
                self.table[row + r][column + c] = CellFormulaTuple("", style, cached(value))
        self._data_tables[row, column] = (
            f'<f t="dataTable" ref="{xl_range(row, column, *last)}" dt2D="1" dtr="1" '
            f'r1="{row_input}" r2="{column_input}"></f>'
        )

    def _write_cell(self, row: int, col: int, cell: Any) -> None:
        """Writes one cell; formulas with the type that their value needs."""
        if not isinstance(cell, (CellFormulaTuple, CellArrayFormulaTuple)):
            super()._write_cell(row, col, cell)
            return
        value = cell.value
        attributes: list[tuple[str, Any]] = [("r", address(row, col))]
        if cell.format:
            attributes.append(("s", cell.format._get_xf_index()))  # noqa: SLF001
        if isinstance(value, bool):
            attributes.append(("t", "b"))
            value = int(value)
        elif isinstance(value, str):
            attributes.append(("t", "e" if value in ERRORS else "str"))
        else:
            value = f"{value:.16g}"
        if isinstance(cell, CellArrayFormulaTuple):
            attributes.append(("cm", 1))
        self._xml_start_tag("c", attributes)
        if isinstance(cell, CellArrayFormulaTuple):
            self._write_cell_array_formula(cell.formula, cell.range)
        elif cell.formula:
            self._xml_data_element("f", cell.formula)
        elif (row, col) in self._data_tables:
            self.fh.write(self._data_tables[row, col])
        self._write_cell_value(value)
        self._xml_end_tag("c")

    def _get_range_data(self, *bounds: int) -> list[Any]:
        """What a chart keeps of cells: an error or an empty text is a gap."""
        found = super()._get_range_data(*bounds)
        return [None if v == "" or (isinstance(v, str) and v in ERRORS) else v for v in found]
