"""What a cell may send and what it may get back: the one place where cell values are read.

Every host hands cells over in its own way: Excel through xlwings gives floats, text, datetimes,
nested tuples, large integers for some errors; LibreOffice gives 0.0 for a blank scalar; plain
Python gives anything. Here they become plain values, and what cannot be read becomes an error
that says which argument, what came, and what is expected.

May not import xlwings, pandas, the store or a workflow.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

from vrp_xl.core.snapshot import finite
from vrp_xl.core.symbols import symbol_of
from vrp_xl.errors import InputError, NoNumberError, VrpError, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_TEXT = 255
"""Longer text than this is no name of anything."""

MAX_CELLS = 2_000_000
"""A range with more cells than this is a slip (whole columns), not a table."""


class CellError(str):
    """A spreadsheet error as a value: ``#N/A``, ``#VALUE!``, ``#NUM!`` ...

    It is text, so that it can be shown and compared, and a type of its own, so that every host
    can turn it into a true error.
    """

    __slots__ = ()


NA = CellError("#N/A")
VALUE = CellError("#VALUE!")
NUM = CellError("#NUM!")
ERRORS: dict[str, CellError] = {
    text: CellError(text)
    for text in (
        "#N/A", "#VALUE!", "#NUM!", "#DIV/0!", "#REF!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!",
        "#GETTING_DATA", "#BUSY!", "#BLOCKED!", "#UNKNOWN!", "#FIELD!", "#CONNECT!",
    )
}  # fmt: skip

ERROR_NUMBERS: dict[int, CellError] = {
    -2146826288: ERRORS["#NULL!"],
    -2146826281: ERRORS["#DIV/0!"],
    -2146826273: VALUE,
    -2146826265: ERRORS["#REF!"],
    -2146826259: ERRORS["#NAME?"],
    -2146826252: NUM,
    -2146826246: NA,
    -2146826245: ERRORS["#GETTING_DATA"],
    -2146826243: ERRORS["#SPILL!"],
    -2146826242: ERRORS["#CONNECT!"],
    -2146826241: ERRORS["#BLOCKED!"],
    -2146826240: ERRORS["#UNKNOWN!"],
    -2146826239: ERRORS["#FIELD!"],
    -2146826238: ERRORS["#CALC!"],
}
"""Errors as Excel's COM interface sends them."""


class ErrorInArgument(VrpError):  # noqa: N818 (it carries a cell's own error on, it makes none)
    """An argument holds a spreadsheet error; the answer is that same error."""

    def __init__(self, error: CellError, where: str) -> None:
        super().__init__(f"{where} holds {error}.", "Mend that cell first.")
        self.error = error


def plain(value: Any) -> Any:
    """One cell's value as None, bool, float, text, date or `CellError`.

    >>> plain(28), plain("  "), plain("#N/A"), plain(-2146826246), plain([[3]])
    (28.0, None, '#N/A', '#N/A', 3.0)
    """
    kind = type(value)
    if kind is str:
        text = value.strip()
        if not text:
            return None
        return ERRORS.get(text, text) if text[0] == "#" else text
    if kind is float or value is None or kind is bool:
        return value
    if kind is int:
        if value in ERROR_NUMBERS:
            return ERROR_NUMBERS[value]
        return finite(value) if finite(value) is not None else math.inf
    if isinstance(value, (list, tuple)):
        cell = plain(value[0]) if len(value) == 1 else value
        return value if is_range(cell) else cell  # one row of many cells stays a row
    if isinstance(value, (str, dt.date, dt.time)):
        return value if not isinstance(value, str) else plain(str(value))
    item = getattr(value, "item", None)  # numpy scalars, and arrays of one
    if item is not None and getattr(value, "size", 2) == 1:
        return plain(item())
    to_list = getattr(value, "tolist", None)
    return to_list() if to_list is not None else value


def is_range(value: Any) -> bool:
    """Whether `value` is a range of more than one cell (or of none)."""
    return isinstance(value, (list, tuple))


def rows_of(value: Any, where: str) -> list[list[Any]]:
    """A range as rows of plain values; a single cell is one row of one.

    Raises:
        InputError: rows of unequal length, or far too many cells.
    """
    unwrapped = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(unwrapped, (list, tuple)):
        return [[plain(unwrapped)]]
    nested = any(isinstance(row, (list, tuple)) for row in unwrapped)
    raw: list[Sequence[Any]]
    if nested:
        raw = [row if isinstance(row, (list, tuple)) else [row] for row in unwrapped]
    else:
        raw = [[cell] for cell in unwrapped]
    width = len(raw[0]) if raw else 0
    if any(len(row) != width for row in raw):
        raise InputError(f"{where} has rows of unequal length.", "Select a rectangle of cells.")
    if len(raw) * width > MAX_CELLS:
        raise InputError(f"{where} has more than {MAX_CELLS:,} cells.", "Select less.")
    out = [[plain(cell) for cell in row] for row in raw]
    if any(is_range(cell) for row in out for cell in row):
        raise InputError(f"{where} is nested too deep.", "Give rows of cells.")
    return out


def cells_of(value: Any, where: str) -> list[Any]:
    """A range as one list of plain values, row by row."""
    return [cell for row in rows_of(value, where) for cell in row]


def refuse_error(value: Any, where: str) -> None:
    """Passes an error on that sits in an argument.

    Raises:
        ErrorInArgument: `value` is a `CellError`.
    """
    if isinstance(value, CellError):
        raise ErrorInArgument(value, where)


def shown(value: Any) -> str:
    """A value as a sentence may quote it: short, printable."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    text = printable(text)
    return text if len(text) <= 40 else text[:37] + "..."


def number(value: Any, where: str) -> float:
    """A finite number; text that is a number counts.

    Raises:
        InputError: text that is none, a date, TRUE or FALSE.
        NoNumberError: NaN or infinite.
    """
    if type(value) is float:
        result = value
    elif isinstance(value, str):
        refuse_error(value, where)
        try:
            result = float(value)
        except ValueError:
            raise InputError(f"{where} is '{shown(value)}', not a number.") from None
        if "_" in value or "n" in value.lower():  # what Python takes and no sheet: 1_0, nan, inf
            raise InputError(f"{where} is '{shown(value)}', not a number.")
    elif isinstance(value, bool):
        raise InputError(f"{where} is {str(value).upper()}, not a number.")
    elif isinstance(value, (dt.date, dt.time)):
        raise InputError(f"{where} is the date {shown(value)}, not a number.")
    else:
        raise InputError(f"{where} is no number.")
    if not math.isfinite(result):
        raise NoNumberError(f"{where} is not a finite number.")
    return result


def volatility(value: Any, where: str) -> float:
    """A volatility in points, not below zero.

    Raises:
        InputError: negative, or above 0 and below 1 (a fraction of one).
    """
    points = number(value, where)
    if points < 0:
        raise InputError(f"{where} is {shown(points)}; a volatility is not negative.")
    if 0 < points < 1:
        raise InputError(
            f"{where} is {shown(points)}; volatility in points: multiply by 100.",
            "A cell that shows 28 % holds 0.28.",
        )
    if points > 10_000:
        raise InputError(f"{where} is {shown(points)}; a volatility in points is far below that.")
    return points


def realized_volatility(value: Any, where: str) -> float:
    """A realized volatility in points; a dead stock may be below 1.

    Raises:
        InputError: negative.
    """
    points = number(value, where)
    if points < 0:
        raise InputError(f"{where} is {shown(points)}; a volatility is not negative.")
    return points


def positive(value: Any, where: str) -> float:
    """A number above zero.

    Raises:
        InputError: zero or below.
    """
    result = number(value, where)
    if not result > 0:
        raise InputError(f"{where} is {shown(result)}; it must be above 0.")
    return result


def whole(value: Any, where: str) -> int:
    """A whole number.

    Raises:
        InputError: it has a fraction.
    """
    result = number(value, where)
    if result != int(result):
        raise InputError(f"{where} is {shown(result)}; it must be a whole number.")
    return int(result)


def text(value: Any, where: str) -> str:
    """Text of sensible length.

    Raises:
        InputError: no text, or too long.
    """
    refuse_error(value, where)
    if not isinstance(value, str):
        raise InputError(f"{where} is {shown(value)}; text is needed.")
    if len(value) > MAX_TEXT:
        raise InputError(f"{where} has {len(value)} characters; at most {MAX_TEXT} make sense.")
    return value


_SYMBOLS: dict[str, str] = {}


def symbol(value: Any, where: str) -> str:
    """A symbol in upper case.

    Raises:
        InputError: it cannot be one.
    """
    if type(value) is str:
        known = _SYMBOLS.get(value)
        if known is not None:
            return known
    word = text(value, where)
    if len(word) > 40:
        raise InputError(f"{where} has {len(word)} characters; a symbol is short.")
    try:
        found = symbol_of(word)
    except InputError as error:
        raise InputError(f"{where}: {error.why}", error.fix) from None
    if len(_SYMBOLS) < 20_000:
        _SYMBOLS[value] = found
    return found


_EPOCH = dt.date(1899, 12, 30)


def day(value: Any, where: str) -> dt.date:
    """A date: a date cell, a serial number (1900 system), or text such as 2027-01-15.

    Raises:
        InputError: none of these, or outside 1990 to 2099.
    """
    refuse_error(value, where)
    found: dt.date
    if isinstance(value, dt.datetime):
        found = value.date()
    elif isinstance(value, dt.date):
        found = value
    elif isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        try:
            found = dt.datetime.fromisoformat(value).date()
        except ValueError:
            raise InputError(
                f"{where} is '{shown(value)}', not a date.", "Write it as 2027-01-15."
            ) from None
    else:
        serial = number(value, where)
        if not 0 < serial < 80_000:
            raise InputError(f"{where} is {shown(serial)}, not the serial number of a date.")
        found = _EPOCH + dt.timedelta(days=int(serial))
    if not 1990 <= found.year <= 2099:
        raise InputError(f"{where} is {found}; dates from 1990 to 2099 make sense.")
    return found


def series(value: Any, where: str) -> list[float]:
    """The numbers of a range in order; blank cells are passed over.

    Raises:
        InputError: a cell that holds text.
        NoNumberError: there is no number at all.
        ErrorInArgument: a cell that holds an error.
    """
    found = []
    for i, cell in enumerate(cells_of(value, where)):
        if cell is None:
            continue
        found.append(cell if type(cell) is float and math.isfinite(cell)
                     else number(cell, f"cell {i + 1} of {where}"))  # fmt: skip
    if not found:
        raise NoNumberError(f"{where} holds no number.")
    return found


def pairs(value: Any, where: str) -> Iterator[tuple[Any, Any]]:
    """(name, value) of a range of two columns; rows with a blank name are passed over.

    Raises:
        InputError: it has not two columns.
    """
    for row in rows_of(value, where):
        if len(row) != 2:
            raise InputError(f"{where} has {len(row)} columns; it needs two: name and value.")
        if row[0] is not None:
            yield row[0], row[1]


def cell_out(value: Any) -> Any:
    """A value as every host can show it: None becomes empty text, NaN an error.

    >>> cell_out(None), cell_out(float("nan")), cell_out(True)
    ('', '#NUM!', True)
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return value if math.isfinite(value) else NUM
    if isinstance(value, (bool, int, str, dt.date)):
        return value
    item = getattr(value, "item", None)
    return cell_out(item()) if item is not None else str(value)
