"""What the function server answers: a line of JSON in, a line of JSON out.

Knows no socket and no pipe: `server` and `pipe_server` carry the lines. How a request and a reply
look stands in `vrp_xl.libreoffice.component.link`.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from vrp_xl.definition import LAST
from vrp_xl.excel.boundary import ERRORS, VALUE, CellError, cell_out
from vrp_xl.functions import FUNCTIONS
from vrp_xl.libreoffice.component import link

REQUEST_BYTES = 64 * 1024 * 1024
"""A longer request is a slip, or an attack."""

_MIDNIGHT = dt.datetime(1899, 12, 30)  # noqa: DTZ001 (a cell has no zone)


def _tagged(found: dict[str, Any]) -> Any:
    error = found.get("error")
    if len(found) == 1 and isinstance(error, str) and error in ERRORS:
        return ERRORS[error]
    raise ValueError("an object that is no spreadsheet error")


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


_DECODER = json.JSONDecoder(object_hook=_tagged, parse_constant=_no_constant)


def encoded(value: Any) -> Any:
    """A function's result in the types that JSON has.

    >>> encoded(CellError("#N/A")), encoded(dt.date(2027, 1, 15)), encoded([[None, 1.5]])
    ({'error': '#N/A'}, {'date': 46402.0}, [['', 1.5]])
    """
    if isinstance(value, list):
        return [[encoded(cell) for cell in row] for row in value]
    out = cell_out(value)
    if isinstance(out, CellError):
        return {"error": str(out)}
    if isinstance(out, dt.datetime):
        return {"date": (out.replace(tzinfo=None) - _MIDNIGHT) / dt.timedelta(days=1)}
    if isinstance(out, dt.date):
        return {"date": float((out - _MIDNIGHT.date()).days)}
    return float(out) if isinstance(out, int) and not isinstance(out, bool) else out


class Client:
    """What is kept of one client between its requests: its own last error."""

    def __init__(self) -> None:
        self._function = ""
        self._words = ""

    def answer(self, line: bytes) -> bytes:
        """The reply to one request, both lines of JSON."""
        try:
            name, cells = _request(line)
        except ValueError as error:
            return line_of({"refused": f"The request cannot be read: {error}."})
        function = FUNCTIONS.get(name)
        if function is None:
            return line_of({
                "refused": f"There is no function {name[:40]} in the vrp_xl that is installed. "
                "Install the extension again: vrp-xl install --libreoffice"
            })  # fmt: skip
        LAST.function, LAST.words = self._function, self._words
        try:
            value = function.call(*cells)
        except Exception as error:  # noqa: BLE001 (a bug in one function must not end the others)
            LAST.function, LAST.words = name, f"It failed: {type(error).__name__}: {error}"
            value = VALUE
        self._function, self._words = LAST.function, LAST.words
        return line_of(encoded(value))


def _request(line: bytes) -> tuple[str, list[Any]]:
    try:
        found = _DECODER.decode(line.decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not (
        isinstance(found, list)
        and len(found) == 2
        and isinstance(found[0], str)
        and isinstance(found[1], list)
    ):
        raise ValueError("it is not a name and a list of arguments")
    return found[0], found[1]


def line_of(value: Any) -> bytes:
    """`value` as a line of JSON."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode() + b"\n"


STOP_LINE = line_of([link.STOP, []])
