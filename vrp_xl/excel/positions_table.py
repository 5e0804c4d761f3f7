"""The position book over a block of cells: what ``VRP_POSITIONS`` gives and the desk shows.

A row that cannot be read says CHECK INPUT and why; the others are judged. May not import a host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vrp_xl.core.calendar import NEW_YORK
from vrp_xl.core.positions import Position, Review, review
from vrp_xl.errors import InputError, MissingError
from vrp_xl.excel import boundary
from vrp_xl.workflow import positions as workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Snapshot

DETAILS = (
    "structure", "legs", "contracts", "entry", "entry_cell", "expiry", "credit", "mark", "closed",
    "debit", "closed_contracts", "exit", "marked",
)  # fmt: skip
"""The columns of the block beside the symbols, in order; those at the end may be left out."""

_DATES = ("entry", "expiry", "closed", "marked")
_YEAR_FIRST = 1990_01_01
"""From here on a number is a day such as 20270115, not the serial number of one."""
CHECK = "CHECK INPUT"


def _profit(r: Review) -> float | None:
    """Realised and open together, USD; None where one of them is not known."""
    if r.open_usd is None or r.realised_usd is None:
        return None
    return r.open_usd + r.realised_usd


def _counts_in(r: Review) -> str | None:
    return r.risk_cell if r.position.is_open else None


def _taken(r: Review) -> datetime | None:
    """As VRP_ASOF tells it: New York time without a zone, to the second."""
    if r.as_of is None:
        return None
    return r.as_of.astimezone(NEW_YORK).replace(tzinfo=None, microsecond=0)


MEASURES: dict[str, tuple[str, Callable[[Review], Any]]] = {
    "action": ("what to do", lambda r: r.action),
    "reason": ("every exit that fires, the worst first, and what is not known", lambda r: r.reason),
    "profit_pct": ("profit in % of the credit", lambda r: r.profit_percent),
    "profit_usd": ("profit in USD, realised and open", _profit),
    "open_usd": ("profit in USD of what is on", lambda r: r.open_usd),
    "realised_usd": ("profit in USD of what was closed", lambda r: r.realised_usd),
    "target": ("price of the profit target", lambda r: r.target),
    "days": ("calendar days to expiry", lambda r: r.days_to_expiry),
    "stop": ("trading day of the time stop", lambda r: r.stop),
    "tested": ("which short strike is tested", lambda r: None if r.tested is None
               else r.tested.words),
    "at_risk": ("maximum or stress loss in USD of what is on", lambda r: r.at_risk_usd),
    "loss_kind": ("maximum or stress", lambda r: None if r.loss is None else r.loss.kind),
    "cell": ("cell of the matrix now", lambda r: r.cell),
    "risk_cell": ("cell whose cap it counts in: of now, else of entry, else ?", _counts_in),
    "z": ("z-score now", lambda r: r.z),
    "flip": ("distance to the gamma flip in % of spot", lambda r: r.flip_distance_pct),
    "as_of": ("when the figures were taken, New York time", _taken),
    "sessions_old": ("sessions that have opened since; 0 is current", lambda r: r.sessions_old),
    "open": ("contracts that are on", lambda r: r.position.open_contracts),
}  # fmt: skip
"""What can be asked of a position -> what it means, and where it comes from."""


def table(
    symbols: Sequence[Any],
    details: Sequence[Sequence[Any]],
    measures: Sequence[str],
    stored: Callable[[str], Snapshot],
    rules: Rules,
    *,
    today: date,
    session: date,
) -> list[list[Any]]:
    """A row of `measures` for every row of the block; blank for blank.

    Args:
        symbols: a ticker a row.
        details: beside them, in the order of `DETAILS`.
        measures: names of `MEASURES`.
        stored: gives the snapshot of a symbol, or raises MissingError.
        rules: the rules in force.
        today: the New York date.
        session: the trading day of the present moment, by which figures are old or not.

    Raises:
        InputError: an unknown measure, or blocks of different height.
    """
    unknown = [name for name in measures if name not in MEASURES]
    if unknown:
        raise InputError(
            f"There is no measure {unknown[0][:40]!r}.", "Measures: " + ", ".join(MEASURES) + "."
        )
    if len(symbols) != len(details):
        raise InputError(
            f"There are {len(symbols)} symbols and {len(details)} rows of details.",
            "Select as many rows of each.",
        )
    return [
        _row(symbol, row, measures, stored, rules, today, session)
        for symbol, row in zip(symbols, details, strict=True)
    ]


def _row(
    symbol: Any,
    details: Sequence[Any],
    measures: Sequence[str],
    stored: Callable[[str], Snapshot],
    rules: Rules,
    today: date,
    session: date,
) -> list[Any]:
    if symbol is None or str(symbol).strip() == "":
        return [None] * len(measures)
    try:
        position = _position(symbol, details, today)
    except ValueError as error:
        told = {"action": CHECK, "reason": str(error)}
        return [told.get(name) for name in measures]
    try:
        snapshot = stored(position.symbol)
    except MissingError:
        snapshot = None
    found = review(position, snapshot, rules, today=today, session=session)
    return [MEASURES[name][1](found) for name in measures]


def _position(symbol: Any, details: Sequence[Any], today: date) -> Position:
    """Raises ValueError: a cell cannot be read; the sentence says which."""
    cells: dict[str, Any] = {"symbol": symbol}
    for name, cell in zip(DETAILS, details, strict=False):
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            continue
        words = name.replace("_", " ")
        try:
            boundary.refuse_error(cell, words)
            cells[name] = _dated(cell, words) if name in _DATES else _plain(cell)
        except InputError as error:
            raise ValueError(str(error)) from None
    return workflow.position_in(cells, today=today)


def _plain(cell: Any) -> Any:
    """A whole number without its decimals, so that a single strike reads as one."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _dated(cell: Any, words: str) -> Any:
    """A date cell or serial number as a day; a text as it is: the book reads it as a file does."""
    if isinstance(cell, str) and not cell.replace(".", "", 1).isdigit():
        return cell
    if isinstance(cell, (str, float, int)) and float(cell) >= _YEAR_FIRST:
        return str(int(float(cell)))
    return boundary.day(cell, words)
