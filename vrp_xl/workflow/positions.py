"""The position book as a use case: from a file's rows to what to do with every position.

A line that cannot be used is told by its number and reason; the good ones still count. What the
columns may be called is in `COLUMNS`. May not import hosts or sources.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from math import gcd, isclose
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core import calendar
from vrp_xl.core.days import day_words, other_reading, read_day
from vrp_xl.core.exits import Severity
from vrp_xl.core.legs import (
    a_title,
    contracts_in,
    listed_in,
    read_legs,
    signed_legs,
    structure_name,
    structure_of,
)
from vrp_xl.core.loss import HeldLeg, credit_problem, price_problem
from vrp_xl.core.positions import Closed, Position, Review, Totals, review, totals
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.core.symbols import symbol_of
from vrp_xl.errors import InputError
from vrp_xl.workflow.importing import BadRow, _number, _plain, _text
from vrp_xl.workflow.scan import OpenRisk, correlated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vrp_xl.core.black_scholes import Right
    from vrp_xl.core.correlation import Bets
    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.store.database import Store

COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "position_id", "trade", "trade_id"),
    "symbol": ("symbol", "ticker", "underlying", "root"),
    "structure": ("structure", "strategy"),
    "legs": ("legs", "strikes"),
    "contracts": ("contracts", "con_tracts", "quantity", "qty", "size"),
    "entry": ("entry", "entry_date", "opened", "open_date", "date"),
    "entry_cell": ("entry_cell", "cell"),
    "expiry": ("expiry", "expiration", "expiration_date", "exp"),
    "credit": ("credit", "entry_credit", "premium"),
    "mark": ("mark", "current", "current_price"),
    "marked": ("marked", "mark_date", "mark_time", "marked_on", "mark_as_of"),
    "closed": ("closed", "close_date", "closed_on", "exit_date"),
    "debit": ("debit", "close_debit", "close_price", "exit_price"),
    "closed_contracts": (
        "closed_contracts",
        "closed_con_tracts",
        "close_contracts",
        "contracts_closed",
    ),
    "exit": ("exit", "exit_reason", "reason"),
    "note": ("note", "notes", "comment"),
    "side": ("side", "buy_sell", "action"),
    "right": ("right", "put_call", "put/call", "call/put", "option_type", "type"),
    "strike": ("strike", "strike_price"),
    "price": ("price", "entry_price", "leg_price", "trade_price", "avg_price", "average_price"),
    "leg_mark": ("leg_mark", "market_price", "last"),
}
"""What a column means -> the names it may have, whatever their case."""

_POSITION = "position"
"""A column of this name is an id where another holds the number, and else a broker's number."""
_PRICES = ("credit", "mark", "debit", "price", "leg_mark")
_CLOSING = ("closed", "debit", "closed_contracts")
_MOST_PAID = 1.25
"""To buy back, in widths: more is no fill."""
_NEEDED = ("symbol", "expiry")
_HEADER_LINES = 20
_SEPARATORS = ",;\t|"
_CELLS = ("A", "B", "C", "D")


class FileRow(NamedTuple):
    """A row of the file: its line, and its cells by what they mean; blanks are absent."""

    line: int
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PositionFile:
    """What a file holds."""

    positions: tuple[Position, ...]
    bad: tuple[BadRow, ...]
    equity: float | None = None
    """USD, where the file says it."""
    left_out: str = ""
    """What was passed over, in a sentence."""
    notices: tuple[str, ...] = ()
    """How the file was read, where that is not plain; a sentence each."""

    @property
    def problems(self) -> list[str]:
        """What could not be used, a sentence each."""
        return [str(row) for row in self.bad]

    def told(self, name: str) -> list[str]:
        """What a scan says of the file: what was passed over, how many lines cannot be used."""
        said = [self.left_out] if self.left_out and self.positions else []
        if self.bad:
            many = len(self.bad)
            lines = "1 line counts" if many == 1 else f"{many} lines count"
            said.append(f"{name}: {lines} in no cap; {self.bad[0]}")
        return [*said, *self.notices]


def columns_of(header: Sequence[Any]) -> dict[str, int] | None:
    """What each column means, where the row is a header; None where it is none.

    Raises:
        InputError: a column may be an id or a number of contracts.
    """
    names = [_plain(str(cell)) if cell is not None else "" for cell in header]
    found: dict[str, int] = {}
    for meaning, called in COLUMNS.items():
        at = next((names.index(name) for name in called if name in names), None)
        if at is not None and at not in found.values():
            found[meaning] = at
    if "symbol" not in found:
        return None
    if _POSITION in names and names.index(_POSITION) not in found.values():
        _place_position(found, names.index(_POSITION))
    return found


def _place_position(found: dict[str, int], at: int) -> None:
    if "contracts" in found:
        found.setdefault("id", at)
    elif "id" in found or {"right", "strike"} <= set(found):
        found["contracts"] = at
    else:
        raise InputError(
            "The column Position may be an id or a number of contracts.",
            "Call it id or contracts.",
        )


def read_csv(path: Path | str, *, today: date) -> PositionFile:
    """The positions of a CSV file; commas, semicolons, tabs or bars between the cells.

    A header without a line below it is a flat book.

    Args:
        path: the file.
        today: the New York date.

    Raises:
        InputError: it cannot be read, lacks a column that is needed, or no line can be used.
    """
    file = Path(path)
    lines = _text(file).splitlines()
    for number, line in enumerate(lines[:_HEADER_LINES]):
        separator = max(_SEPARATORS, key=line.count)
        header = next(csv.reader([line], delimiter=separator), [])
        columns = columns_of(header)
        if columns is None:
            continue
        reader = csv.reader(lines[number + 1 :], delimiter=separator)
        rows = []
        for cells in reader:
            at = number + 1 + reader.line_num
            known = {m: _unquoted(cells[i]) for m, i in columns.items() if i < len(cells)}
            if any(cells) and not str(cells[0]).lstrip().startswith("#"):
                rows.append(FileRow(at, {m: v for m, v in known.items() if v}))
        return positions_of(rows, columns, file, today=today)
    raise InputError(
        f"{file} has no column symbol: its first line is {lines[0][:80]!r}."
        if lines
        else f"{file} is empty.",
        "Save it as CSV with a header: symbol, legs, contracts, entry, expiry, credit, mark.",
    )


def _unquoted(cell: str) -> str:
    """A cell without the apostrophe that keeps a text from being a formula."""
    return cell.strip().removeprefix("'").strip()


def positions_of(
    rows: Iterable[FileRow],
    columns: Iterable[str],
    file: Path | str,
    *,
    today: date,
    equity: float | None = None,
    left_out: str = "",
) -> PositionFile:
    """The positions of rows whose columns are known; rows of one id are one position.

    No row at all is a flat book; rows of which none can be used never are one.

    Raises:
        InputError: a column is missing, or no row can be used.
    """
    lacking = [name for name in _NEEDED if name not in columns]
    if lacking:
        raise InputError(
            f"{file} has no column {' and no column '.join(lacking)}.",
            "Its columns may be called: " + "; ".join("/".join(COLUMNS[n]) for n in lacking) + ".",
        )
    known = [row for row in rows if row.cells]
    bad = _legs_without_id(known)
    spoilt = {row.line for row in bad}
    groups: dict[str, list[FileRow]] = {}
    for row in known:
        if row.line not in spoilt:
            groups.setdefault(str(row.cells.get("id") or f"line {row.line}"), []).append(row)
    found: list[Position] = []
    for name, group in groups.items():
        try:
            found.append(_position(name, group, today))
        except _LineError as error:
            bad.append(BadRow(error.line, error.why))
    bad.sort(key=lambda row: row.line)
    if bad and not found and not left_out:
        why = f"Line {bad[0].line}: {bad[0].why}"
        end = "" if why.endswith("?") else "."
        raise InputError(f"{file} holds no position that can be used. {why}{end}")
    return PositionFile(tuple(found), tuple(bad), equity, left_out, _read_as(known))


def _legs_without_id(rows: Sequence[FileRow]) -> list[BadRow]:
    """Leg lines of one name and expiry that no id holds together: alone they would be naked."""
    alike: dict[tuple[str, str], list[int]] = {}
    for line, cells in rows:
        if _is_leg(cells) and not cells.get("id"):
            name = str(cells.get("symbol") or "").strip().upper()
            try:
                expiry = str(_day(cells, "expiry") or "")
            except ValueError:
                expiry = str(cells["expiry"])
            alike.setdefault((name, expiry), []).append(line)
    bad = []
    for (name, expiry), lines in alike.items():
        if len(lines) > 1:
            two = len(lines) == 2
            why = (
                f"{'two' if two else len(lines)} leg lines of {name} {expiry} without an id: give "
                f"{'both' if two else 'those of one position'} the same id"
            )
            bad += [BadRow(line, why) for line in lines]
    return bad


_DAYS = ("entry", "expiry", "closed", "marked")


def _read_as(rows: Sequence[FileRow]) -> tuple[str, ...]:
    """Says how a date with slashes is read, where it could be meant otherwise."""
    for _, cells in rows:
        for key in _DAYS:
            text = str(cells.get(key) or "")
            if other_reading(text) is not None:
                try:
                    day = read_day(text)
                except InputError:
                    continue
                return (f"dates with slashes are month/day/year: {text} is {day}",)
    return ()


class _LineError(Exception):
    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line, self.why = line, why


_SHARED = ("symbol", "structure", "legs", "entry", "entry_cell", "expiry", "credit")
"""What the lines of one position must agree on."""


def _position(name: str, group: Sequence[FileRow], today: date) -> Position:
    _refuse_two_lots(name, group)
    shared: dict[str, Any] = {}
    for line, cells in group:
        for key in (*_SHARED, *(() if _is_leg(cells) else ("contracts",))):
            value = cells.get(key)
            if value is None:
                continue
            if key in shared and not _same(key, shared[key], value):
                raise _LineError(
                    line, f"{key} is {str(value)[:40]!r}, but position {name} has "
                    f"{str(shared[key])[:40]!r} on an earlier line"
                )  # fmt: skip
            shared.setdefault(key, value)
    shared |= _newest_mark(group)
    notes = dict.fromkeys(str(cells["note"]) for _, cells in group if cells.get("note"))
    if notes:
        shared["note"] = " / ".join(notes)
    first = group[0].line
    legs = [row for row in group if _is_leg(row.cells)]
    extra: dict[str, Any] = {}
    if legs:
        extra = _from_leg_rows(legs)
        for key in ("contracts", "credit", "mark"):
            if key in extra and key in shared:
                del extra[key]
    position = position_of(shared | extra, line=first, today=today)
    closes: list[Closed] = []
    for line, cells in group:
        close = _close(cells, position, closes, line, today)
        if close is not None:
            closes.append(close)
    identity = str(group[0].cells.get("id") or "")
    return replace(position, closes=tuple(closes), id=identity)


def _refuse_two_lots(name: str, group: Sequence[FileRow]) -> None:
    """Two lines of one id that both open: the second would be lost without a word."""
    opening = [row for row in group if not _is_leg(row.cells) and not _closes(row.cells)]
    if len(opening) > 1:
        raise _LineError(
            opening[1].line, f"position {name} is opened on line {opening[0].line} already: a "
            "second lot needs an id of its own"
        )  # fmt: skip


def _closes(cells: Mapping[str, Any]) -> bool:
    return any(key in cells for key in _CLOSING)


def _same(key: str, one: Any, other: Any) -> bool:
    """Whether two cells say the same, however they are written."""
    if str(one).strip().lower() == str(other).strip().lower():
        return True
    try:
        if key in ("credit", "contracts"):
            return _figure({key: one}, key) == _figure({key: other}, key)
        return key in _DAYS and _day({key: one}, key) == _day({key: other}, key)
    except ValueError:
        return False


def _newest_mark(group: Sequence[FileRow]) -> dict[str, Any]:
    """The mark and its day: of the line that opened, since one that closed keeps its old mark."""
    ordered = sorted(group, key=lambda row: _closes(row.cells))
    for _, cells in ordered:
        if "mark" in cells:
            return {key: cells[key] for key in ("mark", "marked") if key in cells}
    return next(({"marked": c["marked"]} for _, c in ordered if "marked" in c), {})


def _is_leg(cells: Mapping[str, Any]) -> bool:
    return "right" in cells and "strike" in cells


def position_of(cells: Mapping[str, Any], *, line: int = 0, today: date) -> Position:
    """A position from its cells, its closes aside.

    Raises:
        _LineError: a cell that cannot be read, by its line.
    """
    try:
        return _read_position(cells, today)
    except InputError as error:
        why = f"{error.why.removesuffix('.')}. {error.fix}".removesuffix(".").strip()
        raise _LineError(line, why) from None
    except ValueError as error:
        raise _LineError(line, str(error)) from None


def position_in(cells: Mapping[str, Any], *, today: date) -> Position:
    """A position from one row of cells, its close with it.

    Args:
        cells: what they mean -> value; blanks are absent.
        today: the New York date.

    Raises:
        ValueError: a cell that cannot be read; the sentence says which and why.
    """
    try:
        position = position_of(cells, today=today)
    except _LineError as error:
        raise ValueError(error.why) from None
    close = close_of(cells, position, (), today=today)
    return position if close is None else replace(position, closes=(close,))


def _read_position(cells: Mapping[str, Any], today: date) -> Position:
    if cells.get("symbol") is None:
        raise ValueError("there is no symbol")
    symbol = symbol_of(str(cells["symbol"]))
    contracts = _figure(cells, "contracts", above=0.0)
    if contracts is None:
        contracts = float(contracts_in(str(cells.get("legs") or "")))
    structure, legs, doubts = _what(cells, contracts)
    if not isclose(contracts, round(contracts)):
        raise ValueError(f"contracts is {contracts:g}; a contract cannot be held in part")
    entry, expiry = _day(cells, "entry"), _expiry(cells, symbol)
    if entry is not None and entry > today:
        raise ValueError(f"the entry {entry} lies in the future{_or_else(cells, 'entry')}")
    if entry is not None and expiry is not None and expiry < entry:
        raise ValueError(f"the expiry {expiry} is before the entry {entry}")
    marked = _day(cells, "marked")
    if marked is not None and marked > today:
        raise ValueError(f"the day of the mark {marked} lies in the future")
    cell = str(cells.get("entry_cell") or "").strip().upper()
    if cell not in ("", "?", *_CELLS):
        raise ValueError(f"the entry cell is {cell[:20]!r}; a cell is A, B, C or D")
    credit = _figure(cells, "credit", above=0.0)
    problem = "" if credit is None else credit_problem(legs, credit)
    if problem:
        raise ValueError(problem)
    return Position(
        symbol=symbol,
        contracts=contracts,
        structure=structure,
        legs=legs,
        entry=entry,
        expiry=expiry,
        credit=credit,
        mark=_figure(cells, "mark", low=0.0),
        entry_cell=cell if cell in _CELLS else None,  # type: ignore[arg-type]
        note=str(cells.get("note") or ""),
        marked=marked,
        doubts=doubts,
    )


def _what(
    cells: Mapping[str, Any], contracts: float
) -> tuple[str | None, tuple[HeldLeg, ...], tuple[str, ...]]:
    """Structure, legs, and what is doubtful: legs that say what they are win over the name."""
    said = str(cells.get("structure") or "")
    text = str(cells.get("legs") or "")
    legs: tuple[HeldLeg, ...] = cells.get("leg_rows") or signed_legs(text, contracts) or ()
    named = None
    try:
        named = structure_name(said) if said else None
    except InputError:
        if not legs:
            raise
    if named is not None and (known := STRUCTURES.get(named)) is not None and known.vega > 0:
        raise ValueError(f"a {known.title} is no credit of one expiry")
    if not legs:
        return named, read_legs(text, named) if text else (), ()
    made = structure_of(legs)
    if named is None or made == named or (named, made) in _SPECIAL:
        return made, legs, ()
    title = "no structure that is known" if made is None else a_title(made)
    return made, legs, (
        f"it is called {named.replace('_', ' ')}, but its legs make {title}: the legs count",
    )  # fmt: skip


_SPECIAL = (("iron_condor", "iron_fly"), ("short_strangle", "short_straddle"))
"""Named -> made, where what is made is a special case of the name."""


def _expiry(cells: Mapping[str, Any], symbol: str) -> date | None:
    """The expiry, which listed symbols among the legs must agree with."""
    expiry = _day(cells, "expiry")
    plain = symbol.removeprefix("^").replace(".", "").replace("/", "")
    for root, day in sorted(listed_in(str(cells.get("legs") or ""))):
        if root not in (plain, *_SERIES.get(plain, ())):
            raise ValueError(f"a leg is of {root}, but the symbol is {symbol}")
        if expiry is not None and day != expiry:
            raise ValueError(f"a leg expires on {day}, but the expiry is {expiry}")
        expiry = day
    return expiry


_SERIES = {"SPX": ("SPXW",), "NDX": ("NDXP",), "RUT": ("RUTW",), "VIX": ("VIXW",)}
"""Further roots that the options of an index are listed under."""


def close_of(
    cells: Mapping[str, Any], position: Position, before: Sequence[Closed], *, today: date
) -> Closed | None:
    """What a row says was closed; None where it says nothing.

    Without a number of contracts all that were still on were closed.

    Raises:
        ValueError: it cannot be.
    """
    day, debit = _day(cells, "closed"), _figure(cells, "debit", low=0.0)
    many = _figure(cells, "closed_contracts", low=0.0)
    if day is None and debit is None and not many:
        return None
    if debit is None:
        raise ValueError(
            "it is closed without a debit; one that expired worthless has 0, one that was "
            "assigned what its legs were worth that day"
        )
    problem = price_problem(position.legs, debit, name="debit", slack=_MOST_PAID)
    if problem:
        raise ValueError(problem)
    if many is not None and not isclose(many, round(many)):
        raise ValueError(f"closed contracts is {many:g}; a contract cannot be closed in part")
    if day is not None and day > today:
        raise ValueError(f"the close {day} lies in the future{_or_else(cells, 'closed')}")
    if day is not None and position.entry is not None and day < position.entry:
        raise ValueError(f"the close {day} is before the entry {position.entry}")
    left = position.contracts - sum(c.contracts for c in before)
    if many is not None and many > left + 1e-9:
        raise ValueError(f"{many:g} contracts are closed, but only {left:g} are on")
    if many is None and left <= 1e-9:
        raise ValueError("it is closed, but nothing is on any more")
    return Closed(left if many is None else many, debit, day, str(cells.get("exit") or ""))


def _close(
    cells: Mapping[str, Any], position: Position, before: Sequence[Closed], line: int, today: date
) -> Closed | None:
    try:
        return close_of(cells, position, before, today=today)
    except ValueError as error:
        raise _LineError(line, str(error)) from None


def _from_leg_rows(rows: Sequence[FileRow]) -> dict[str, Any]:
    """Legs, contracts, credit and mark from rows of one leg each."""
    legs: list[HeldLeg] = []
    many: list[int] = []
    for line, cells in rows:
        try:
            legs.append(_leg(cells))
            number = _figure(cells, "contracts")
            many.append(1 if number is None else abs(round(number)))
            if number is not None and (number == 0 or not isclose(number, round(number))):
                raise ValueError(f"{number:g} contracts make no leg")  # noqa: TRY301
        except ValueError as error:
            raise _LineError(line, str(error)) from None
    lines: dict[tuple[str, float], int] = {}
    for leg, row in zip(legs, rows, strict=True):
        before = lines.setdefault((leg.right, leg.strike), row.line)
        if before != row.line:
            raise _LineError(
                row.line, f"the {leg.right} {leg.strike:g} stands on line {before} already: add "
                "their contracts, or give a second lot an id of its own"
            )  # fmt: skip
    contracts = gcd(*many)
    legs = [leg._replace(ratio=n / contracts) for leg, n in zip(legs, many, strict=True)]
    out: dict[str, Any] = {"leg_rows": tuple(legs), "contracts": float(contracts)}
    for key, column in (("credit", "price"), ("mark", "leg_mark")):
        prices = []
        for line, cells in rows:
            try:
                prices.append(_figure(cells, column, low=0.0))
            except ValueError as error:
                raise _LineError(line, str(error)) from None
        if all(p is not None for p in prices):
            out[key] = sum(
                -leg.sign * leg.ratio * (p or 0.0) for leg, p in zip(legs, prices, strict=True)
            )
    return out


def _leg(cells: Mapping[str, Any]) -> HeldLeg:
    right_word = str(cells["right"]).strip().lower()
    if right_word not in ("p", "put", "puts", "c", "call", "calls"):
        raise ValueError(f"{right_word[:20]!r} is neither put nor call")
    right: Right = "put" if right_word.startswith("p") else "call"
    strike = _figure(cells, "strike", above=0.0)
    number = _figure(cells, "contracts")
    side = str(cells.get("side") or "").strip().lower()
    if side:
        sold = re.match(r"(sell|sold|short|s\b|sto\b|-)", side)
        bought = re.match(r"(buy|bought|long|b\b|bto\b|\+)", side)
        if not sold and not bought:
            raise ValueError(f"the side {side[:20]!r} is neither sell nor buy")
        sign = -1 if sold else 1
    elif number is not None:
        sign = -1 if number < 0 else 1
    else:
        raise ValueError("the leg does not say whether it was sold or bought")
    return HeldLeg(sign, right, strike or 0.0)


def _figure(
    cells: Mapping[str, Any], key: str, *, low: float | None = None, above: float | None = None
) -> float | None:
    value = cells.get(key)
    if value is None or value == "":
        return None
    words = key.replace("_", " ")
    if isinstance(value, (int, float)):
        number: float | None = float(value)
    else:
        number = _price(str(value), words) if key in _PRICES else _number(str(value).strip())
    if number is None:
        raise ValueError(f"{words} is {str(value)[:40]!r}, which is no number")
    if (low is not None and number < low) or (above is not None and number <= above):
        raise ValueError(f"{words} is {number:g}; it must be above 0")
    return number


def _price(text: str, words: str) -> float | None:
    """A price per share; a comma before one or two digits stands for the point.

    Raises:
        ValueError: a comma before three digits, which could be either.
    """
    plain = text.strip().removeprefix("$")
    if re.fullmatch(r"\d{1,3},\d{3}", plain):
        point, none = plain.replace(",", "."), plain.replace(",", "")
        raise ValueError(
            f"{words} {plain} may be {float(point):g} or {none}: write a point or none"
        )
    if re.fullmatch(r"\d+,\d{1,2}", plain):
        plain = plain.replace(",", ".")
    return _number(plain)


def _day(cells: Mapping[str, Any], key: str) -> date | None:
    """The day in a cell.

    Raises:
        ValueError: it is none, or a date with slashes that fell on a day without a session, where
            day before month is one with.
    """
    value = cells.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    try:
        day = read_day(text)
    except InputError as error:
        fix = error.fix[:1].lower() + error.fix[1:].removesuffix(".")
        raise ValueError(f"{key} {error.why.removesuffix('.')}: {fix}") from None
    other = other_reading(text)
    if other is not None and not _trades(day) and _trades(other):
        raise ValueError(
            f"{key} {text} is {day:%A} {day} as month/day/year, and no session is on it: for "
            f"{day_words(other)} write {other}"
        )
    return day


def _trades(day: date) -> bool:
    try:
        return calendar.is_trading_day(day)
    except InputError:
        return True


def _or_else(cells: Mapping[str, Any], key: str) -> str:
    """What a date with slashes may be meant to say, as the end of a sentence."""
    text = str(cells.get(key) or "")
    other = other_reading(text)
    if other is None:
        return ""
    return f": {text} is read as month/day/year, for {day_words(other)} write {other}"


# The book


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Every position with what to do about it, and the book as a whole."""

    source: str
    sample: bool
    preset: str
    rules: Rules
    reviewed_at: datetime
    today: date
    as_of: datetime | None
    """Time of the oldest figures that were used: none is older."""
    newest: datetime | None
    """Time of the newest."""
    reviews: tuple[Review, ...]
    totals: Totals
    bets: Bets
    notices: tuple[str, ...]

    @property
    def must_close(self) -> bool:
        """Whether anything must be closed, cut or defended."""
        return any(r.must_close for r in self.reviews)

    @property
    def blind(self) -> bool:
        """Whether an open position has no figures of the present session to be judged by."""
        return not all(r.by_current_figures for r in self.reviews)


def review_book(
    store: Store,
    source: str,
    positions: Sequence[Position],
    rules: Rules,
    *,
    preset: str = "standard",
    equity: float | None = None,
    now: datetime | None = None,
    notices: Sequence[str] = (),
) -> Book:
    """Judges every position from what is stored of `source`.

    Args:
        store: the local store.
        source: whose figures are read.
        positions: as `read_csv` gives them.
        rules: the rules in force.
        preset: their name.
        equity: USD; the rule ``equity`` by default.
        now: the moment; the clock by default.
        notices: sentences that the host should show.
    """
    moment = now or datetime.now(UTC)
    today = moment.astimezone(calendar.NEW_YORK).date()
    symbols = sorted({p.symbol for p in positions if p.is_open})
    stored: dict[str, Snapshot] = store.latest_many(source, symbols) if symbols else {}
    session = calendar.trading_day(moment)
    reviews = [
        review(p, stored.get(p.symbol), rules, today=today, session=session) for p in positions
    ]
    bets = correlated(store, source, symbols, rules)
    times = [r.as_of for r in reviews if r.as_of is not None]
    told = [*market_words(moment, stored), *notices]
    return Book(
        source=source,
        sample=source == "sample" or any(s.sample for s in stored.values()),
        preset=preset,
        rules=rules,
        reviewed_at=moment,
        today=today,
        as_of=min(times, default=None),
        newest=max(times, default=None),
        reviews=tuple(sorted(reviews, key=_order)),
        totals=totals(reviews, rules, equity=equity),
        bets=bets,
        notices=tuple(told),
    )


def open_risk(
    store: Store,
    source: str,
    positions: Sequence[Position],
    rules: Rules,
    *,
    now: datetime | None = None,
) -> OpenRisk:
    """What the open ones of `positions` put at risk, as the caps of a scan count it.

    Args:
        store: the local store.
        source: whose figures say the cell of today and the stress loss.
        positions: as `read_csv` gives them; closed ones count for nothing.
        rules: the rules in force.
        now: the moment; the clock by default.
    """
    moment = now or datetime.now(UTC)
    today = moment.astimezone(calendar.NEW_YORK).date()
    held = [p for p in positions if p.is_open]
    symbols = sorted({p.symbol for p in held})
    stored: dict[str, Snapshot] = store.latest_many(source, symbols) if symbols else {}
    reviews = [review(p, stored.get(p.symbol), rules, today=today) for p in held]
    by_symbol = dict.fromkeys(symbols, 0.0)
    told: list[str] = []
    for r in reviews:
        name = r.position.symbol
        if r.at_risk_usd is None:
            why = next((n for n in r.notes if "loss" in n or "legs" in n), "it is not known")
            why = f"{why[:1].lower()}{why[1:]}".removesuffix(".")
            told.append(f"a position in {name} counts in no cap: {why}")
        else:
            by_symbol[name] += r.at_risk_usd
    uncounted = len(told)
    bare = [name for name in symbols if name not in stored]
    if bare:
        told.append(f"no figures of {', '.join(bare)} are stored: cell of entry counts")
    old = _old_words(moment, stored)
    if old:
        told.append(f"{old}: cell and stress loss of positions are by them")
    return OpenRisk(
        positions=len(held),
        uncounted=uncounted,
        by_cell=totals(reviews, rules).at_risk_by_cell,
        by_symbol=by_symbol,
        incomplete=tuple(dict.fromkeys(told)),
    )


def _order(r: Review) -> tuple[bool, int, int, str]:
    """Open before closed, the worst first, the nearest expiry first."""
    days = r.days_to_expiry if r.days_to_expiry is not None else 99999
    severity = max(r.exits.severity, Severity.WARNING if r.doubts else Severity.OK)
    return (not r.position.is_open, -int(severity), days, r.position.symbol)


def market_words(moment: datetime, stored: Mapping[str, Snapshot]) -> list[str]:
    """What the figures stand for at this moment: before the open, on a day without a session."""
    local = moment.astimezone(calendar.NEW_YORK)
    today = local.date()
    current = calendar.trading_day(moment)
    told = []
    if not calendar.is_trading_day(today):
        told.append(
            f"the market is closed on {today:%a %Y-%m-%d}: figures are of the session of "
            f"{current}; days to expiry count from today"
        )
    elif current < today:
        told.append(
            f"before the open of {today:%a %Y-%m-%d}: figures are of the session of {current}; "
            "days to expiry count from today"
        )
    if calendar.is_trading_day(today) and calendar.is_short_day(today):
        end = calendar.session_close(today).astimezone(calendar.NEW_YORK)
        word = "ends" if moment < calendar.session_close(today) else "ended"
        told.append(f"short session: it {word} at {end:%H:%M} New York")
    old = _old_words(moment, stored)
    return [*told, f"{old}: a session has opened since"] if old else told


def _old_words(moment: datetime, stored: Mapping[str, Snapshot]) -> str:
    """Whose figures are of an earlier session than the last; empty where none are."""
    current = calendar.trading_day(moment)
    days = {name: calendar.trading_day(s.as_of) for name, s in sorted(stored.items())}
    old = [f"{name} (of {day})" for name, day in days.items() if day < current]
    return f"figures of {', '.join(old)} are old" if old else ""


def _round(value: Any) -> Any:
    """The same without the noise of binary fractions: 65, not 64.99999999999999."""
    if isinstance(value, float):
        return round(value, 9)
    if isinstance(value, dict):
        return {key: _round(held) for key, held in value.items()}
    return [_round(held) for held in value] if isinstance(value, list) else value


def review_dict(r: Review) -> dict[str, Any]:
    """One position in plain types; this shape is stable."""
    p = r.position
    told = {
        "id": p.id or None,
        "symbol": p.symbol,
        "action": r.action,
        "reason": r.reason,
        "must_close": r.must_close,
        "structure": p.structure,
        "legs": p.strikes or None,
        "contracts": p.contracts,
        "open_contracts": p.open_contracts,
        "entry": _plain_value(p.entry),
        "expiry": _plain_value(p.expiry),
        "days_to_expiry": r.days_to_expiry,
        "stop_date": _plain_value(r.stop),
        "credit": p.credit,
        "mark": p.mark,
        "marked": _plain_value(p.marked),
        "target_price": r.target,
        "profit_pct_credit": r.profit_percent,
        "open_usd": r.open_usd,
        "realised_usd": r.realised_usd,
        "tested": None if r.tested is None else r.tested.side,
        "tested_words": None if r.tested is None else r.tested.words,
        "loss_per_contract_usd": None if r.loss is None else r.loss.usd,
        "loss_kind": None if r.loss is None else r.loss.kind,
        "at_risk_usd": r.at_risk_usd,
        "entry_cell": p.entry_cell,
        "cell_now": r.cell,
        "cell_change": r.cell_change or None,
        "as_of": _utc(r.as_of),
        "sessions_old": r.sessions_old,
        "z": r.z,
        "flip_distance_pct": r.flip_distance_pct,
        "fired": [{"rule": e.rule, "words": e.words, "action": e.action} for e in r.exits.fired],
        "unknown": [e.words for e in r.exits.unknown],
        "closes": [
            {"date": _plain_value(c.day), "debit": c.debit, "contracts": c.contracts,
             "reason": c.reason}
            for c in p.closes
        ],
        "notes": list(r.notes),
        "checks": list(r.doubts),
        "note": p.note or None,
    }  # fmt: skip
    return {key: _round(value) for key, value in told.items()}


def book_dict(book: Book, problems: Sequence[str] = ()) -> dict[str, Any]:
    """The whole book in plain types; this shape is stable."""
    t = book.totals
    told = {
        "source": book.source,
        "sample": book.sample,
        "today": book.today.isoformat(),
        "reviewed_at": book.reviewed_at.astimezone(UTC).isoformat(),
        "as_of": _utc(book.as_of),
        "newest": _utc(book.newest),
        "rules": {"preset": book.preset, "changed": book.rules.changed()},
        "must_close": book.must_close,
        "positions": [review_dict(r) for r in book.reviews],
        "totals": {
            "open_positions": t.positions,
            "to_close": t.to_close,
            "with_unknown_exits": t.unknown,
            "equity": t.equity,
            "open_usd": t.open_usd,
            "open_pct_equity": t.percent(t.open_usd),
            "realised_usd": t.realised_usd,
            "realised_pct_equity": t.percent(t.realised_usd),
            "at_risk_usd": t.at_risk_usd,
            "at_risk_pct_equity": t.percent(t.at_risk_usd),
            "at_risk_usd_by_cell": t.at_risk_by_cell,
            "incomplete": list(t.incomplete),
            "caps": list(t.problems),
        },
        "one_bet": [
            {"first": p.first, "second": p.second, "correlation": p.correlation}
            for p in book.bets.pairs
        ],
        "correlation_unknown": list(book.bets.unknown),
        "notices": list(book.notices),
        "problems": list(problems),
    }
    return {key: _round(value) for key, value in told.items()}


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _plain_value(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


CSV_COLUMNS = (
    "symbol", "action", "reason", "structure", "legs", "open_contracts", "entry", "expiry",
    "days_to_expiry", "stop_date", "credit", "mark", "target_price", "profit_pct_credit",
    "open_usd", "realised_usd", "tested_words", "at_risk_usd", "loss_kind", "entry_cell",
    "cell_now", "cell_change", "as_of", "sessions_old",
)  # fmt: skip
"""The columns of the CSV that is written, a position a line."""
