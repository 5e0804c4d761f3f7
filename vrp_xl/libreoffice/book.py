"""A book that is open in LibreOffice, for the macros.

The document is in another process: `UnoBook` asks the extension over two pipes, one line of JSON
for each question and one for its answer (``component/link.py`` says how they look). Run as a
module, ``python -m vrp_xl.libreoffice.book RefreshScan``, it is the process in which the extension
runs one macro: a process of its own, so that formulas are answered while figures are fetched.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from vrp_xl import macros
from vrp_xl.errors import InputError, OfficeError, VrpError
from vrp_xl.reader import READER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from vrp_xl.excel.books import Rows
    from vrp_xl.excel.formats import SheetFormats

_MIDNIGHT = dt.datetime(1899, 12, 30)  # noqa: DTZ001 (a cell has no zone)

MACROS: dict[str, Callable[[UnoBook], None]] = {
    "RefreshScan": macros.refresh_scan,
    "RefreshSymbol": macros.refresh_symbol,
    "AddToWatchlist": macros.add_to_watchlist,
    "FreezeCopy": macros.freeze_copy,
    "ResetFormats": macros.reset_formats,
    "ShowLastError": macros.show_last_error,
    "OpenSettings": macros.open_settings,
    "OpenHelp": macros.open_help,
}
"""The body of each macro, by the name that buttons and the menu use."""


def wired(value: Any) -> Any:
    """A value on its way to a cell, in the types that JSON has.

    >>> wired(dt.date(2027, 1, 15)), wired(None), wired("=1+1"), wired(2)
    ({'date': 46402.0}, None, '=1+1', 2.0)
    """
    if isinstance(value, dt.datetime):
        return {"date": (value.replace(tzinfo=None) - _MIDNIGHT) / dt.timedelta(days=1)}
    if isinstance(value, dt.date):
        return {"date": float((value - _MIDNIGHT.date()).days)}
    if value is None or isinstance(value, (bool, str)):
        return value
    return float(value)


def unwired(value: Any) -> Any:
    """A value that came from a cell.

    >>> unwired({"date": 46402.0}), unwired({"error": "#N/A"}), unwired("SPY")
    (datetime.datetime(2027, 1, 15, 0, 0), '#N/A', 'SPY')
    """
    if isinstance(value, dict):
        if "error" in value:
            return str(value["error"])
        exact = _MIDNIGHT + dt.timedelta(days=value["date"])
        return (exact + dt.timedelta(microseconds=500)).replace(microsecond=0)
    return value


class Wire:
    """The two pipes to the extension."""

    def __init__(self, replies: BinaryIO, questions: BinaryIO) -> None:
        self._replies = replies
        self._questions = questions

    def ask(self, what: str, *more: Any) -> Any:
        """What the document answers.

        Raises:
            InputError: it cannot do that; the sentence says why.
            OfficeError: LibreOffice has gone.
        """
        line = json.dumps([what, list(more)], allow_nan=False, separators=(",", ":"))
        try:
            self._questions.write(line.encode() + b"\n")
            self._questions.flush()
            reply = self._replies.readline()
        except OSError:
            reply = b""
        if not reply:
            raise OfficeError("LibreOffice has gone.")
        found: dict[str, Any] = json.loads(reply)
        if "error" in found:
            raise InputError(f"LibreOffice could not do that: {found['error']}")
        return found["ok"]


class UnoRange:
    """A range in LibreOffice."""

    def __init__(
        self, wire: Wire, sheet: str, row: int, column: int, rows: int, columns: int
    ) -> None:
        self._wire = wire
        self._sheet = sheet
        self._place = (row, column, rows, columns)

    @property
    def sheet(self) -> str:
        """Name of its sheet."""
        return self._sheet

    @property
    def row(self) -> int:
        """Its first row, from 0."""
        return self._place[0]

    @property
    def column(self) -> int:
        """Its first column, from 0."""
        return self._place[1]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self._place[2]

    @property
    def columns(self) -> int:
        """How many columns it has."""
        return self._place[3]

    def get(self) -> Rows:
        """The values of all its cells; what is formatted as a date is a date."""
        rows = self._wire.ask("get", self._sheet, *self._place)
        return [[unwired(cell) for cell in row] for row in rows]

    def put(self, values: Sequence[Sequence[Any]]) -> None:
        """Puts values from its first cell on in one go; None empties a cell.

        Raises:
            InputError: there are more values than cells, or the cells are protected.
        """
        if not values or not values[0]:
            return
        if len(values) > self.rows or any(len(row) > self.columns for row in values):
            raise InputError("There are more values than cells.")
        rows = [[wired(cell) for cell in row] for row in values]
        self._wire.ask("put", self._sheet, self.row, self.column, rows)

    def clear(self) -> None:
        """Empties its cells."""
        self._wire.ask("clear", self._sheet, *self._place)

    def part(self, row: int, column: int, rows: int, columns: int) -> UnoRange:
        """The rectangle that begins `row` and `column` (from 0) into this one."""
        return UnoRange(
            self._wire, self._sheet, self.row + row, self.column + column, rows, columns
        )


class UnoSheet:
    """A sheet in LibreOffice."""

    def __init__(self, wire: Wire, name: str) -> None:
        self._wire = wire
        self._name = name

    def activate(self) -> None:
        """Shows it."""
        self._wire.ask("activate", self._name)

    def put_formats(self, formats: SheetFormats) -> None:  # noqa: ARG002 (the protocol's)
        """Refuses: conditional formats that LibreOffice writes are not those of the file.

        Raises:
            InputError: always.
        """
        raise InputError(
            "Formats are put back in Excel only.",
            "Take a fresh desk: vrp-xl open --new --libreoffice",
        )


class UnoBook:
    """A workbook that is open in LibreOffice."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @property
    def calculation(self) -> str:
        """When formulas recalculate."""
        return str(self._wire.ask("calculation"))

    @calculation.setter
    def calculation(self, value: str) -> None:
        self._wire.ask("calculate", value)

    @property
    def screen_updating(self) -> bool:
        """Whether the screen follows what happens."""
        return bool(self._wire.ask("drawing"))

    @screen_updating.setter
    def screen_updating(self, value: bool) -> None:
        self._wire.ask("draw", value)

    @property
    def folder(self) -> Path | None:
        """Where the file lies on this machine."""
        found = urlsplit(str(self._wire.ask("address")))
        if found.scheme != "file" or found.netloc:
            return None
        path = Path(url2pathname(found.path) if os.name == "nt" else unquote(found.path))
        return path.parent if path.parent.is_dir() else None

    def named(self, name: str) -> UnoRange | None:
        """The range of a defined name, or None.

        Raises:
            InputError: the name is there and points to no cells.
        """
        place = self._wire.ask("named", name)
        if place is None:
            return None
        if not place:
            raise InputError(
                f"The name {name} of this workbook points to no cells.",
                "Take a fresh desk: vrp-xl open --new --libreoffice",
            )
        return UnoRange(self._wire, *place)

    def sheet(self, name: str) -> UnoSheet | None:
        """The sheet of that name, or None."""
        return UnoSheet(self._wire, name) if name in self._wire.ask("sheets") else None

    def selection(self) -> UnoRange | None:
        """The selected cells; of several ranges the first."""
        place = self._wire.ask("selection")
        return UnoRange(self._wire, *place) if place else None

    def status(self, text: str | None) -> None:
        """Shows a line in the status bar."""
        self._wire.ask("status", text)

    def recalculate(self) -> None:
        """Computes the VRP formulas of all open books anew, and what depends on them."""
        self._wire.ask("recalculate")

    def message(self, text: str) -> None:
        """Shows a message and waits until it was read."""
        self._wire.ask("message", text)

    def ask(self, text: str) -> bool:
        """Asks a question; True is yes."""
        return bool(self._wire.ask("ask", text))


def run(name: str, replies: BinaryIO, questions: BinaryIO) -> int:
    """Runs a macro over two pipes; returns the exit code of its process."""
    book = UnoBook(Wire(replies, questions))
    try:
        MACROS[name](book)
    except VrpError as error:  # not even a message could be shown
        print(error, file=sys.stderr)  # noqa: T201 (the extension reads it)
        return error.exit_code
    finally:
        READER.close()
    return 0


def main() -> int:
    """The process of one macro: its name is the argument, the pipes are its standard streams."""
    questions = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints is no question
    with questions:
        return run(sys.argv[1], sys.stdin.buffer, questions)


if __name__ == "__main__":
    sys.exit(main())
