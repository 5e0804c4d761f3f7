"""Positions out of a desk workbook: the yellow cells of its Positions sheet, as they were saved.

Only values are read, nothing is computed and no macro runs. Rows that are marked SAMPLE count only
where the source is the sample market.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from vrp_xl.errors import InputError
from vrp_xl.excel import boundary, layout
from vrp_xl.workflow.positions import FileRow, PositionFile, columns_of, positions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

SAMPLE_NOTE = "SAMPLE"
_HEADER_ROWS = 20
_ROWS_MOST = 5000


def read_workbook(path: Path, *, today: date, samples: bool) -> PositionFile:
    """The positions of a workbook's sheet Positions, or of its first sheet.

    Args:
        path: an .xlsx or .xlsm file.
        today: the New York date.
        samples: whether rows marked SAMPLE count.

    Raises:
        InputError: it is no workbook, or no position in it can be used.
    """
    with opened(path) as book:
        name = layout.POSITIONS if layout.POSITIONS in book.sheetnames else book.sheetnames[0]
        rows = [tuple(row) for row in book[name].iter_rows(values_only=True, max_row=_ROWS_MOST)]
        equity = _equity(book)
    return positions_in(rows, path, equity=equity, today=today, samples=samples)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A workbook of openpyxl, to read values from; closed at the end.

    Raises:
        InputError: it is no workbook.
    """
    import openpyxl  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it cannot keep; nothing is written here
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise InputError(f"{path} is no workbook.", "Save it as .xlsx or .xlsm.") from error
    try:
        yield book
    finally:
        book.close()


def positions_in(
    rows: Sequence[Sequence[Any]],
    where: Path | str,
    *,
    equity: float | None,
    today: date,
    samples: bool,
) -> PositionFile:
    """The positions in the cells of a sheet.

    Args:
        rows: the cells; one of the first rows holds the headings.
        where: what a sentence calls them.
        equity: USD, where it is known.
        today: the New York date.
        samples: whether rows marked SAMPLE count.

    Raises:
        InputError: there are no headings, or no row below them can be used.
    """
    for number, header in enumerate(rows[:_HEADER_ROWS]):
        columns = columns_of(header)
        if columns is None or "expiry" not in columns:
            continue
        found = []
        passed = 0
        for line, cells in enumerate(rows[number + 1 :], start=number + 2):
            known = {
                meaning: value
                for meaning, at in columns.items()
                if at < len(cells) and (value := _value(meaning, cells[at])) is not None
            }
            if "symbol" not in known and "id" not in known:
                continue
            if known.get("note") == SAMPLE_NOTE and not samples:
                passed += 1
                continue
            known = {m: v for m, v in known.items() if m not in _COMPUTED}
            found.append(FileRow(line, known))
        left = f"{passed} rows marked SAMPLE are left out: the source is a real one"
        return positions_of(
            found, columns, where, today=today, equity=equity, left_out=left if passed else ""
        )
    raise InputError(
        f"{where} has no sheet with the columns Symbol and Expiry.",
        f"The desk workbook has them on its sheet {layout.POSITIONS}.",
    )


_COMPUTED = ("side",)
"""Columns of the desk that are called like inputs of another kind: Action is what to do."""


_DATES = frozenset({"entry", "expiry", "closed", "marked"})


def _value(meaning: str, cell: Any) -> Any:
    """A cell as positions are read from; blank text is nothing, a date may be a number."""
    if isinstance(cell, str):
        text = cell.strip()
        return text or None
    if meaning in _DATES and isinstance(cell, (int, float)) and not isinstance(cell, bool):
        try:
            return boundary.day(cell, meaning)
        except InputError:
            return str(cell)  # told as a line that cannot be read
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _equity(book: Any) -> float | None:
    """The number in the cell that is named for it."""
    name = book.defined_names.get(layout.EQUITY_NAME)
    for sheet, at in name.destinations if name is not None else ():
        if sheet in book.sheetnames:
            value = book[sheet][at.replace("$", "")].value
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
                return float(value)
    return None
