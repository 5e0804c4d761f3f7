"""Reads option chains and price histories from files that the user has saved.

Files are known by their content, never by their name: Cboe's delayed quotes as JSON or as the
"quotedata" CSV (index and stock, the forms since 2013), Cboe's history as JSON, and a CSV of daily
prices. Any of them may be gzipped. What is wrong with a file is told by its name and line; rows
that are good still count. May not import store, workflow or hosts.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vrp_xl.core import calendar
from vrp_xl.core.chain import Chain, make_chain
from vrp_xl.core.snapshot import finite
from vrp_xl.errors import InputError
from vrp_xl.sources.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from vrp_xl.core.chain import Codes, Floats, Whole

LARGEST = 256 * 1024 * 1024
"""Bytes that a file may hold, unpacked."""
PROBLEMS_TOLD = 5
"""Lines of one file that are told one by one; the rest is counted."""

_SYMBOL_OF_ROOT = {
    "SPXW": "SPX", "SPXPM": "SPX", "SPXQ": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX",
    "DJXW": "DJX", "XSPW": "XSP", "OEXW": "OEX", "BRKB": "BRK.B", "BFB": "BF.B",
}  # fmt: skip

_OCC_TAIL = 15
_GZIP = b"\x1f\x8b"
_ANY_GZIP = 31  # zlib's word for "with a gzip header"
_HEADER_LINES = 20
_FUTURE_GRACE = timedelta(days=1)


class Problem(NamedTuple):
    """What is wrong with a file, or with a line of it."""

    file: str
    line: int | None
    why: str

    def __str__(self) -> str:
        """For example ``spy.csv, line 7: '1.234,5' in column Bid is no number``."""
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{place}: {self.why}"


@dataclass(frozen=True, slots=True, eq=False)
class PriceFile:
    """Daily prices, oldest first, one row per day; open, high and low are NaN where not given.

    `symbol` is what the file itself says, None where it says nothing.
    """

    symbol: str | None
    day: Whole
    """Proleptic ordinals."""
    close: Floats
    open: Floats
    high: Floats
    low: Floats

    def __len__(self) -> int:
        return len(self.day)


class Session(NamedTuple):
    """Prices of an underlying's trading day so far, USD; None where they are not told."""

    open: float | None
    high: float | None
    low: float | None
    close_before: float | None
    """The close of the trading day before."""


@dataclass(frozen=True, slots=True, eq=False)
class FileRead:
    """What came of one file: a chain (not cleaned), prices, or neither, and its problems."""

    name: str
    chain: Chain | None = None
    prices: PriceFile | None = None
    problems: tuple[Problem, ...] = ()
    session: Session | None = None
    """What a chain's file tells of its underlying's day."""


class _Unusable(Exception):  # noqa: N818 - never leaves this module
    """The file as a whole cannot be used."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


class _Problems:
    """Gathers what is wrong; of many alike only the first few are told one by one."""

    def __init__(self, name: str, newest: int | None = None) -> None:
        self.name = name
        self.newest = newest
        self.session: Session | None = None
        self._told: list[Problem] = []
        self._more = 0

    def add(self, why: str, line: int | None = None) -> None:
        if line is not None and sum(p.line is not None for p in self._told) >= PROBLEMS_TOLD:
            self._more += 1
            return
        self._told.append(Problem(self.name, line, plain(why)))

    def all(self) -> tuple[Problem, ...]:
        if not self._more:
            return tuple(self._told)
        more = Problem(self.name, None, f"{self._more:,} more lines could not be used")
        return (*self._told, more)


def read_file(path: Path, *, now: datetime) -> FileRead:
    """Reads one file. Never raises for what is in it: that is told in `FileRead.problems`.

    Args:
        path: the file.
        now: the present moment, aware; what is dated after it is refused.
    """
    try:
        if path.stat().st_size > LARGEST:
            return _failed(path.name, f"it is larger than {LARGEST >> 20} MB")
        raw = path.read_bytes()
    except OSError as error:
        return _failed(path.name, f"it cannot be read: {error.strerror or error}")
    return read_bytes(raw, name=path.name, now=now)


def read_bytes(raw: bytes, *, name: str, now: datetime, newest: int | None = None) -> FileRead:
    """Like `read_file`, for what a file of that name holds.

    Args:
        raw: the file.
        name: what it is called where something is said of it.
        now: the present moment, aware; what is dated after it is refused.
        newest: of a price history as JSON only so many days, the newest, are read.
    """
    problems = _Problems(name, newest)
    try:
        text = _text(raw, problems)
        chain, prices = _from_text(text, now, problems)
    except _Unusable as error:
        problems.add(error.why, error.line)
        return FileRead(name, problems=problems.all())
    except InputError as error:
        problems.add(str(error))
        return FileRead(name, problems=problems.all())
    return FileRead(name, chain, prices, problems.all(), problems.session)


def _failed(name: str, why: str) -> FileRead:
    return FileRead(name, problems=(Problem(name, None, why),))


# Bytes and text


def _text(raw: bytes, problems: _Problems) -> str:
    if not raw:
        raise _Unusable("the file is empty")
    if raw[:2] == _GZIP:
        raw = _unpacked(raw, problems)
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in raw[:4096]:
        raise _Unusable("it is no text file (CSV or JSON is read, gzipped or not)")
    else:
        encoding = "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        try:
            return raw.decode("cp1252")
        except UnicodeDecodeError:
            raise _Unusable("it is no text in UTF-8; save it as CSV with UTF-8", line) from None


def _unpacked(raw: bytes, problems: _Problems) -> bytes:
    out = bytearray()
    rest = raw
    while rest[:2] == _GZIP:
        unpack = zlib.decompressobj(_ANY_GZIP)
        try:
            out += unpack.decompress(rest, LARGEST + 1 - len(out))
        except zlib.error as error:
            raise _Unusable(f"the gzip file is damaged: {error}") from None
        if len(out) > LARGEST:
            raise _Unusable(f"unpacked it is larger than {LARGEST >> 20} MB")
        if not unpack.eof:
            if not out:
                raise _Unusable("the gzip file is cut")
            problems.add("the gzip file is cut; what is before the cut is read")
        rest = unpack.unused_data
    return bytes(out)


def _from_text(
    text: str, now: datetime, problems: _Problems
) -> tuple[Chain | None, PriceFile | None]:
    start = text.lstrip()[:1]
    if not start:
        raise _Unusable("the file is empty")
    if start == "<":
        raise _Unusable("it is a web page, not data: the download was refused or incomplete")
    return (_from_json if start in "{[" else _from_csv)(text, now, problems)


def _from_json(
    text: str, now: datetime, problems: _Problems
) -> tuple[Chain | None, PriceFile | None]:
    try:
        found = json.loads(text, object_hook=_narrow)
    except RecursionError:
        raise _Unusable("the JSON is nested too deep to be market data") from None
    except ValueError as error:
        line = getattr(error, "lineno", None)
        end = getattr(error, "pos", 0) >= len(text.rstrip()) - 1 or "Unterminated" in str(error)
        why = "the JSON is cut: it ends in the middle" if end else f"it is no JSON: {error}"
        raise _Unusable(why, line) from None
    data = found.get("data") if isinstance(found, dict) else None
    if isinstance(data, dict) and isinstance(data.get("options"), list):
        return _chain_of_json(found, data, now, problems), None
    if isinstance(data, list):
        return None, _prices_of_json(found, data, now, problems)
    raise _Unusable(
        "the JSON is neither an option chain (data.options) nor a price history (data[].date)"
    )


def _from_csv(
    text: str, now: datetime, problems: _Problems
) -> tuple[Chain | None, PriceFile | None]:
    lines = text.splitlines()
    for number, line in enumerate(lines[:_HEADER_LINES]):
        names = [_plain(cell) for cell in _cells(line)]
        if "calls" in names and "puts" in names:
            if "strike" in names:
                return _chain_of_csv(text, lines, number, now, problems), None
            return _chain_of_old_csv(lines, number, now, problems), None
        if _date_place(names) is not None and len(names) > 1:
            return None, _prices_of_csv(lines, number, now, problems)
    shown = next(line for line in lines if line.strip())
    raise _Unusable(
        "it is neither an option chain (columns Calls, Puts, Strike) nor a price history (columns "
        f"date and close): it begins with {shown[:60]!r}"
    )


def _cells(line: str) -> list[str]:
    separator = max(",;\t|", key=line.count)
    return next(csv.reader([line], delimiter=separator), [])


def _plain(name: str) -> str:
    return re.sub(r"[\s_.-]+", " ", name.strip().lower())


# Contract symbols


def occ_columns(symbols: Sequence[str]) -> tuple[tuple[str, ...], Codes, Whole, Codes, Floats]:
    """Root, expiry, right and strike of OCC symbols, all at once.

    Args:
        symbols: such as ``SPXW221212C01000000``.

    Returns:
        The roots, the code of each contract's root (-1 where the symbol is none), the ordinal of
        its expiry, +1 or -1, and the strike in USD.
    """
    count = len(symbols)
    code = np.full(count, -1, np.int8)
    expiry = np.zeros(count, np.int64)
    right = np.zeros(count, np.int8)
    strike = np.full(count, np.nan)
    try:
        packed = np.array(symbols, dtype=np.bytes_)
    except UnicodeEncodeError:
        packed = np.array([s.encode("ascii", "replace") for s in symbols], dtype=np.bytes_)
    roots: dict[str, int] = {}
    if not count or packed.itemsize <= _OCC_TAIL:
        return (), code, expiry, right, strike
    letters = packed.view(np.uint8).reshape(count, packed.itemsize)
    lengths = np.count_nonzero(letters, axis=1)
    for length in np.unique(lengths).tolist():
        if length <= _OCC_TAIL:
            continue
        rows = np.flatnonzero(lengths == length)
        part = letters[rows, :length]
        digits = part[:, length - _OCC_TAIL :].astype(np.int64) - 48
        side = part[:, length - 9]
        numbers = np.delete(digits, 6, axis=1)
        good = ((numbers >= 0) & (numbers <= 9)).all(axis=1) & ((side == 67) | (side == 80))
        rows, part, digits, side = rows[good], part[good], digits[good], side[good]
        if not len(rows):
            continue
        expiry[rows] = _ordinals(digits[:, :6] @ np.array([100000, 10000, 1000, 100, 10, 1]))
        right[rows] = np.where(side == 67, 1, -1)
        strike[rows] = digits[:, 7:] @ (10 ** np.arange(7, -1, -1)) / 1000.0
        heads = np.ascontiguousarray(part[:, : length - _OCC_TAIL])
        names, which = np.unique(heads.view(f"S{length - _OCC_TAIL}").ravel(), return_inverse=True)
        known = [roots.setdefault(n.decode("ascii", "replace"), len(roots)) for n in names]
        code[rows] = np.asarray(known, np.int8)[which]
    code[expiry == 0] = -1
    return tuple(roots), code, expiry, right, strike


def _ordinals(yymmdd: Whole) -> Whole:
    """Ordinals of days written yymmdd; 0 where there is no such day."""
    numbers, which = np.unique(yymmdd, return_inverse=True)
    found = []
    for number in numbers.tolist():
        try:
            found.append(
                date(2000 + number // 10000, number // 100 % 100, number % 100).toordinal()
            )
        except ValueError:
            found.append(0)
    return np.asarray(found, np.int64)[which]


def symbol_of_root(root: str) -> str:
    """The underlying of an OCC root.

    >>> symbol_of_root("SPXW"), symbol_of_root("RUT"), symbol_of_root("BRKB")
    ('SPX', 'RUT', 'BRK.B')
    """
    return _SYMBOL_OF_ROOT.get(root, root)


def _chain(
    occ: tuple[tuple[str, ...], Codes, Whole, Codes, Floats],
    columns: dict[str, Floats],
    *,
    spot: float | None,
    as_of: datetime,
    iv30: float | None,
    problems: _Problems,
    told: str = "",
) -> Chain:
    """A chain of the contracts whose symbols could be read; adjusted roots (SPY1) stay out.

    `told` is the symbol that the file itself names: its root is never an adjusted one.
    """
    roots, code, expiry, right, strike = occ
    if spot is None:
        raise _Unusable("there is no price of the underlying in it")
    good = code >= 0
    if not good.any():
        raise _Unusable("no contract symbol in it could be read (such as SPY250530C00590000)")
    counts = np.bincount(code[good], minlength=len(roots))
    plain_roots = [r for r in roots if not r[-1].isdigit() or r == told]
    if not plain_roots:
        raise _Unusable("it holds adjusted contracts only")
    symbol = symbol_of_root(max(plain_roots, key=lambda r: counts[roots.index(r)]))
    own = [i for i, root in enumerate(roots) if symbol_of_root(root) == symbol]
    others = sorted({root for i, root in enumerate(roots) if i not in own})
    if others:
        kept = np.isin(code, own)
        gone = int(np.count_nonzero(good & ~kept))
        problems.add(f"{gone:,} contracts of {', '.join(others[:5])} are not {symbol}'s: left out")
        good &= kept
    return make_chain(
        symbol=symbol, spot=spot, as_of=as_of, roots=roots, iv30=iv30,
        root_code=code[good], expiry=expiry[good], right=right[good], strike=strike[good],
        **{name: values[good] for name, values in columns.items()},
    )  # fmt: skip


def _not_after(moment: datetime, now: datetime) -> datetime:
    if moment > now + _FUTURE_GRACE:
        raise _Unusable(f"its date {moment:%Y-%m-%d} lies in the future")
    if moment.date() < calendar.FIRST_DAY:
        raise _Unusable(f"its date {moment:%Y-%m-%d} is before {calendar.FIRST_DAY}")
    return min(moment, now)


# Chains as JSON

_JSON_NAMES = {
    "bid": "bid",
    "ask": "ask",
    "iv": "iv",
    "delta": "delta",
    "gamma": "gamma",
    "open_interest": "open_interest",
    "volume": "volume",
}


_JSON_KEYS = ("option", *_JSON_NAMES.values())


def _narrow(found: dict[str, Any]) -> Any:
    """A contract as the few values that are used, as soon as it is read; all else as it is.

    A large chain so never stands in memory as an object per contract.
    """
    return tuple(map(found.get, _JSON_KEYS)) if "option" in found else found


def _chain_of_json(
    found: dict[str, Any], data: dict[str, Any], now: datetime, problems: _Problems
) -> Chain:
    options = data["options"]
    if not options:
        raise _Unusable("the chain holds no contracts")
    as_of = _json_moment(found.get("timestamp"), data.get("last_trade_time"), now)
    good = [o for o in options if isinstance(o, tuple) and isinstance(o[0], str)]
    if len(good) < len(options):
        problems.add(f"{len(options) - len(good):,} contracts have no symbol: left out")
    given = dict(zip(_JSON_KEYS, zip(*good, strict=True), strict=True)) if good else {}
    symbols = given.get("option", ())
    occ = occ_columns(symbols)
    bad = np.flatnonzero(occ[1] < 0)
    if len(bad):
        shown = ", ".join(repr(symbols[i][:30]) for i in bad[:3].tolist())
        problems.add(f"{len(bad):,} contract symbols could not be read ({shown}): left out")
    columns = {
        name: _json_column(given.get(key, ()), key, problems) for name, key in _JSON_NAMES.items()
    }
    if np.isnan(columns["open_interest"]).all() and np.isnan(columns["iv"]).all():
        raise _Unusable("its contracts hold neither open_interest nor iv")
    spot = next((v for v in map(finite, map(data.get, ("current_price", "close"))) if v), None)
    if spot is not None and spot < 0:
        raise _Unusable(f"its current_price is {spot:g}")
    iv30 = finite(data.get("iv30"))
    day = (finite(data.get(key)) for key in ("open", "high", "low", "prev_day_close"))
    problems.session = Session(*(price if price and price > 0 else None for price in day))
    told = str(found.get("symbol") or data.get("symbol") or "").strip().upper().lstrip("^_")
    return _chain(
        occ, columns, spot=spot, as_of=as_of, iv30=iv30 or None, problems=problems, told=told
    )


def _json_moment(stamp: object, last_trade: object, now: datetime) -> datetime:
    """The `timestamp` (UTC); else the last trade's time, which is New York time."""
    for text, zone in ((stamp, UTC), (last_trade, calendar.NEW_YORK)):
        if isinstance(text, str):
            with contextlib.suppress(ValueError):
                moment = datetime.fromisoformat(text.strip())
                if moment.tzinfo is None:
                    moment = moment.replace(tzinfo=zone)
                return _not_after(moment.astimezone(UTC), now)
    raise _Unusable("it says nowhere when it was made (timestamp)")


def _json_column(values: Sequence[Any], name: str, problems: _Problems) -> Floats:
    try:
        column: Floats = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        column = np.array([_loose(v) for v in values], dtype=np.float64)
        given = sum(value is not None for value in values)
        lost = given - int(np.count_nonzero(np.isfinite(column)))
        if lost:
            problems.add(f"{lost:,} values of {name} are no numbers: left out")
    column[~np.isfinite(column)] = np.nan
    return column


def _loose(value: Any) -> float:
    number = finite(value)
    if number is None and isinstance(value, str):
        number = _number(value)
    return np.nan if number is None else number


# Chains as CSV

_COLUMNS = {
    "bid": ("bid",),
    "ask": ("ask",),
    "iv": ("iv",),
    "delta": ("delta",),
    "gamma": ("gamma",),
    "open_interest": ("open interest", "open int"),
    "volume": ("volume", "vol"),
}


def _chain_of_csv(
    text: str, lines: list[str], header: int, now: datetime, problems: _Problems
) -> Chain:
    separator = max(",;\t|", key=lines[header].count)
    names = [_plain(c) for c in next(csv.reader([lines[header]], delimiter=separator))]
    calls, puts = names.index("calls"), names.index("puts")
    strike_at = names.index("strike")
    places: dict[str, tuple[int, int]] = {}
    missing = []
    for name, wanted in _COLUMNS.items():
        call_at = next((i for i in range(calls, puts) if names[i] in wanted), None)
        put_at = next((i for i in range(puts, len(names)) if names[i] in wanted), None)
        if call_at is None or put_at is None:
            missing.append(name)
        else:
            places[name] = (call_at, put_at)
    if not {"bid", "ask", "open_interest"} <= set(places):
        lacking = ", ".join(n.replace("_", " ") for n in missing)
        raise _Unusable(f"the chain lacks the columns {lacking}", header + 1)
    if not any(line.strip() for line in lines[header + 1 :]):
        raise _Unusable("the chain holds no contracts", header + 1)
    as_of, spot = _head(lines[:header], now)
    used = sorted({strike_at, *(i for pair in places.values() for i in pair)})
    table = _table(text, header, len(names), separator, (calls, puts), used)
    if table is None:
        table = _slow_table(lines, header, separator, names, (calls, puts), used, problems)
    symbols, numbers = table
    if not symbols[0]:
        raise _Unusable("no row of the chain can be used", header + 1)
    occ = occ_columns([*symbols[0], *symbols[1]])
    rows = len(symbols[0])
    columns = {}
    for name in _COLUMNS:
        if name in places:
            call_at, put_at = places[name]
            columns[name] = np.concatenate((numbers[call_at], numbers[put_at]))
        else:
            columns[name] = np.full(2 * rows, np.nan)
    bad = int(np.count_nonzero(occ[1] < 0))
    if bad:
        at = int(np.flatnonzero(occ[1] < 0)[0])
        shown = [*symbols[0], *symbols[1]][at]
        problems.add(f"{bad:,} contract symbols could not be read ({shown[:30]!r}): left out")
    strikes = np.tile(numbers[strike_at], 2)
    unlike = (occ[1] >= 0) & np.isfinite(strikes) & (np.abs(strikes - occ[4]) > 0.005)
    if unlike.any():
        count = int(np.count_nonzero(unlike))
        problems.add(f"{count:,} contract symbols do not fit the strike beside them: left out")
        occ[1][unlike] = -1
    return _chain(occ, columns, spot=spot, as_of=as_of, iv30=None, problems=problems)


_Table = tuple[tuple[list[str], list[str]], dict[int, "Floats"]]


def _table(
    text: str, header: int, width: int, separator: str, texts: tuple[int, int], used: list[int]
) -> _Table | None:
    """The rows under the header, read at once; None where anything in them is out of order."""
    import pandas as pd  # noqa: PLC0415 - slow to import, and only chains as CSV need it

    kinds: dict[int, Any] = {**dict.fromkeys(used, np.float64), **dict.fromkeys(texts, object)}
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None,
            skiprows=header + 1,
            names=list(range(width)),
            index_col=False,
            usecols=sorted(kinds),
            dtype=kinds,
            skip_blank_lines=True,
            keep_default_na=False,
            on_bad_lines="error",
        )
    except (ValueError, OverflowError, IndexError):  # pandas' own; no row at all is an IndexError
        return None
    numbers = {at: frame[at].to_numpy() for at in used}
    symbols = frame[texts[0]].tolist(), frame[texts[1]].tolist()
    whole = all(np.isfinite(column).all() for column in numbers.values())
    if not whole or not all(type(s) is str and s for side in symbols for s in side):
        return None
    return symbols, numbers


def _slow_table(
    lines: list[str],
    header: int,
    separator: str,
    names: list[str],
    texts: tuple[int, int],
    used: list[int],
    problems: _Problems,
) -> _Table:
    """The rows under the header one by one: a row that cannot be used is told and left out.

    An empty cell is "not given"; a cell that is no number spoils its row.
    """
    calls: list[str] = []
    puts: list[str] = []
    values: dict[int, list[float]] = {at: [] for at in used}
    reader = csv.reader(lines[header + 1 :], delimiter=separator)
    for cells in reader:
        line = header + 1 + reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) < len(names):
            what = "the line is cut" if line >= len(lines) else "too few cells"
            problems.add(f"{what}: {len(cells)} of {len(names)}", line)
            continue
        row = {}
        for at in used:
            text = cells[at].strip()
            number = np.nan if not text or text in _NOTHING else _number(text)
            if number is None:
                problems.add(f"{text[:30]!r} in column {names[at]} is no number", line)
                break
            row[at] = number
        if len(row) < len(used):
            continue
        for at, number in row.items():
            values[at].append(number)
        calls.append(cells[texts[0]].strip())
        puts.append(cells[texts[1]].strip())
    return (calls, puts), {at: np.asarray(v, np.float64) for at, v in values.items()}


_NOTHING = frozenset({"--", "-", "N/A", "n/a", "NaN", "nan", "null", "None"})

_OLD_CONTRACT = re.compile(
    r"(?P<yy>\d\d) (?P<month>[A-Z][a-z]{2}) (?P<strike>\d+\.?\d*) "
    r"\((?P<root>[A-Z.]+)\d\d(?P<dd>\d\d)[A-X][\d.]+(?:-E)?\)"
)
_OLD_OTHER = re.compile(r"-[A-Z0-9]+\)$")


def _place(names: list[str], among: Iterable[str], header: int) -> int:
    """Where the first of `among` stands in `names`."""
    for i, name in enumerate(names):
        if name in among:
            return i
    raise _Unusable("the chain lacks a column Bid, Ask, Vol or Open Int", header + 1)


def _chain_of_old_csv(lines: list[str], header: int, now: datetime, problems: _Problems) -> Chain:
    """The form without strike and IV: ``13 Dec 125.00 (IBM1327L125)``; its IVs get solved.

    A contract that is listed once more per exchange (``IBM1327L125-4``) counts once.
    """
    names = [_plain(c) for c in _cells(lines[header])]
    calls, puts = names.index("calls"), names.index("puts")
    wanted = {n: w for n, w in _COLUMNS.items() if n in ("bid", "ask", "open_interest", "volume")}
    places = {
        name: tuple(
            _place(names[start:stop], among, header) + start
            for start, stop in ((calls, puts), (puts, len(names)))
        )
        for name, among in wanted.items()
    }
    as_of, spot = _head(lines[:header], now)
    symbols: list[str] = []
    values: dict[str, list[float]] = {name: [] for name in places}
    for line, text in enumerate(lines[header + 1 :], start=header + 2):
        cells = _cells(text) if text.strip() else []
        if not any(cell.strip() for cell in cells):
            continue
        for side, at in enumerate((calls, puts)):
            contract = cells[at].strip() if at < len(cells) else ""
            found = _OLD_CONTRACT.fullmatch(contract)
            if found is None:
                if not _OLD_OTHER.search(contract):
                    problems.add(f"{contract[:30]!r} is no contract", line)
                continue
            row = [
                _number(cells[pair[side]]) if pair[side] < len(cells) else None
                for pair in places.values()
            ]
            if None in row:
                problems.add("a number is missing or none", line)
                continue
            symbols.append(_as_occ(found, "CP"[side]))
            for name, number in zip(places, row, strict=True):
                values[name].append(np.nan if number is None else number)
    if not symbols:
        raise _Unusable("the chain holds no contract that can be used", header + 1)
    columns: dict[str, Floats] = {n: np.asarray(v, np.float64) for n, v in values.items()}
    occ = occ_columns(symbols)
    return _chain(occ, columns, spot=spot, as_of=as_of, iv30=None, problems=problems)


def _as_occ(found: re.Match[str], right: str) -> str:
    month = _MONTHS.get(found["month"].lower(), 0)
    strike = round(float(found["strike"]) * 1000)
    return f"{found['root']}{found['yy']}{month:02d}{found['dd']}{right}{strike:08d}"


# The lines above a CSV chain

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_HOURS = {
    "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "BST": 1, "CET": 1, "CEST": 2,
}  # fmt: skip
_MOMENT = re.compile(
    r"(?P<month>[A-Z][a-z]{2,8})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})(?: at|,| @)? "
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::\d\d)?(?:\s?(?P<half>[AP]M))?"
    r"(?:\s+(?P<zone>[A-Z]{2,5})?(?P<offset>[+-]\d{1,2}(?::?\d\d)?)?)?"
)
_LAST = re.compile(r"\bLast: *\$?(?P<price>[\d.,]*\d)")


def _head(lines: list[str], now: datetime) -> tuple[datetime, float | None]:
    """The moment and the price of the underlying, from the lines above the table."""
    text = "\n".join(lines).replace("\u202f", " ").replace("\xa0", " ")
    found = _MOMENT.search(text)
    if found is None:
        shown = next((line for line in lines if "date" in line.lower()), "")
        told = f": {shown[:60]!r}" if shown else ""
        raise _Unusable(
            "its date cannot be read (such as Date: May 16, 2025 at 7:23 PM EDT; load it with the "
            f"page in English){told}"
        )
    return _not_after(_moment(found), now), _spot(lines, text)


def _spot(lines: list[str], text: str) -> float | None:
    """``Last: 589.25``; in the older forms the number after the name."""
    found = _LAST.search(text)
    if found is not None:
        return _number(found["price"].rstrip(","))
    for line in lines:
        cells = _cells(line)
        if len(cells) > 1 and cells[0].strip():
            return _number(cells[1])
    return None


def _moment(found: re.Match[str]) -> datetime:
    month = _MONTHS.get(found["month"][:3].lower())
    zone: timezone | Any = calendar.NEW_YORK
    if found["offset"] is not None:
        sign = -1 if found["offset"][0] == "-" else 1
        hours, _, minutes = found["offset"][1:].partition(":")
        if len(hours) > 2:
            hours, minutes = hours[:-2], hours[-2:]
        zone = timezone(sign * timedelta(hours=int(hours), minutes=int(minutes or 0)))
    elif found["zone"] in _HOURS:
        zone = timezone(timedelta(hours=_HOURS[found["zone"]]))
    elif found["zone"] not in (None, "ET"):
        raise _Unusable(f"the time zone {found['zone']} of its date is not known")
    hour = int(found["hour"])
    if found["half"] is not None:
        hour = hour % 12 + (12 if found["half"] == "PM" else 0)
    try:
        return datetime(
            int(found["year"]), month or 0, int(found["day"]), hour, int(found["minute"]),
            tzinfo=zone,
        ).astimezone(UTC)  # fmt: skip
    except ValueError:
        raise _Unusable(f"its date {found[0]!r} does not exist") from None


def _number(text: str) -> float | None:
    """A number as vendors write it: 1234.5, $1,234.50; a decimal comma is none."""
    bare = text.strip().removeprefix("$")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", bare):
        bare = bare.replace(",", "")
    if "_" in bare:
        return None
    try:
        return finite(float(bare))
    except ValueError:
        return None


# Prices

_DATES = ("date", "day", "trade date", "trading date", "timestamp", "time", "datetime")
_CLOSES = ("close", "close/last", "last", "price", "value", "adj close", "adjclose", "settle")
_RANGES = ("open", "high", "low")


def _date_place(names: list[str]) -> int | None:
    return next((names.index(n) for n in _DATES if n in names), None)


class _Row(NamedTuple):
    line: int | None
    day: Any
    prices: tuple[Any, Any, Any, Any]
    """Close, open, high, low as they are written; None where there is no such column."""


def _prices_of_json(
    found: dict[str, Any], data: list[Any], now: datetime, problems: _Problems
) -> PriceFile:
    rows = [row for row in data if isinstance(row, dict)]
    if not rows:
        raise _Unusable("the price history holds no days")
    if problems.newest is not None:
        newest_first = str(rows[0].get("date")) > str(rows[-1].get("date"))
        rows = rows[: problems.newest] if newest_first else rows[-problems.newest :]
    if not any("date" in row and "close" in row for row in rows[:100]):
        shown = ", ".join(map(repr, list(rows[0])[:8]))
        raise _Unusable(f"its days have no date and close; they have {shown}")
    symbol = found.get("symbol")
    name = symbol.strip().upper().lstrip("^_") if isinstance(symbol, str) else ""
    as_rows = [
        _Row(None, row.get("date"), tuple(map(row.get, ("close", *_RANGES))))  # type: ignore[arg-type]
        for row in rows
    ]
    return _prices(name or None, as_rows, lambda i: f"day {i + 1}: ", now, problems)


def _prices_of_csv(lines: list[str], header: int, now: datetime, problems: _Problems) -> PriceFile:
    separator = max(",;\t|", key=lines[header].count)
    names = [_plain(c) for c in next(csv.reader([lines[header]], delimiter=separator))]
    day_at = _date_place(names)
    others = [i for i, n in enumerate(names) if i != day_at and n]
    close_at = next((names.index(n) for n in _CLOSES if n in names), None)
    if close_at is None and len(others) == 1:
        close_at = others[0]
    if day_at is None or close_at is None:
        shown = ", ".join(map(repr, names[:10]))
        raise _Unusable(f"the price history has no column close; it has {shown}", header + 1)
    symbol_at = next((names.index(n) for n in ("symbol", "ticker") if n in names), None)
    range_at = [names.index(n) if n in names else None for n in _RANGES]
    rows: list[_Row] = []
    symbols: set[str] = set()
    reader = csv.reader(lines[header + 1 :], delimiter=separator)
    need = max(day_at, close_at)
    for cells in reader:
        line = header + 1 + reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) <= need:
            what = "the line is cut" if line >= len(lines) else "too few cells"
            problems.add(f"{what}: {len(cells)} of {len(names)}", line)
            continue
        if symbol_at is not None and symbol_at < len(cells) and cells[symbol_at].strip():
            symbols.add(cells[symbol_at].strip().upper().lstrip("^_"))
        ranges = (cells[i] if i is not None and i < len(cells) else None for i in range_at)
        rows.append(_Row(line, cells[day_at], (cells[close_at], *ranges)))  # type: ignore[arg-type]
    if len(symbols) > 1:
        raise _Unusable(
            f"it holds several symbols ({', '.join(sorted(symbols)[:5])}); one per file"
        )
    if not rows:
        raise _Unusable("the price history holds no days", header + 1)
    return _prices(symbols.pop() if symbols else None, rows, lambda _: "", now, problems)


def _prices(
    symbol: str | None,
    rows: Sequence[_Row],
    place: Callable[[int], str],
    now: datetime,
    problems: _Problems,
) -> PriceFile:
    """The good rows in the order of their days; of a day that comes twice the last counts."""
    today = now.astimezone(calendar.NEW_YORK).date()
    read_day = _day_reader(row.day for row in rows)
    found: dict[int, tuple[float, float, float, float]] = {}
    unlisted = repeated = unsorted = 0
    before = 0
    for i, row in enumerate(rows):
        try:
            day = read_day(row.day, today)
            close = _price(row.prices[0], "close")
        except ValueError as error:
            problems.add(f"{place(i)}{error}", row.line if row.line is not None else None)
            continue
        if close == 0:
            unlisted += 1
            continue
        repeated += day in found
        unsorted += day < before
        before = day
        found[day] = (close, *(_range_price(value) for value in row.prices[1:]))  # type: ignore[assignment]
    if unlisted:
        problems.add(f"{_days(unlisted)} with a close of 0 (not listed yet): left out")
    if repeated:
        problems.add(f"{_days(repeated)} given more than once: the last one counts")
    if unsorted and unsorted < len(found) - 1:
        problems.add("its days are not in order: sorted")
    if not found:
        raise _Unusable("no day of the price history can be used")
    days = sorted(found)
    table = np.array([found[day] for day in days], np.float64)
    close, opened, high, low = table.T
    bad = ~((low <= np.fmin(opened, close)) & (high >= np.fmax(opened, close)))
    given = np.isfinite(table).all(axis=1)
    if (bad & given).any():
        count = int(np.count_nonzero(bad & given))
        problems.add(f"{_days(count)} whose high or low does not bracket open and close: only "
                     "the close is used")  # fmt: skip
    for column in (opened, high, low):
        column[bad] = np.nan
    return PriceFile(
        symbol, np.asarray(days, np.int64), close.copy(), opened.copy(), high.copy(), low.copy()
    )


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def _price(cell: Any, name: str) -> float:
    number = finite(cell)
    if number is None:
        text = str("" if cell is None else cell).strip()
        number = _number(text)
        if number is None:
            raise ValueError(f"{text[:30]!r} is no {name}" if text else f"there is no {name}")
    if number < 0:
        raise ValueError(f"the {name} {number:g} is negative")
    if number > 1e9:
        raise ValueError(f"the {name} {number:g} cannot be")
    return number


def _range_price(cell: Any) -> float:
    number = finite(cell) if not isinstance(cell, str) else _number(cell)
    return number if number is not None and number > 0 else np.nan


_ISO = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: .*)?")


def _day_reader(cells: Iterable[Any]) -> Callable[[Any, date], int]:
    """Reads days of one form throughout: 2026-03-05, or 3/5/2026 (month first)."""
    slashed = day_first = False
    for cell in cells:
        text = str(cell or "").strip()
        found = _SLASHED.fullmatch(text)
        if found is not None:
            slashed = True
            if int(found[1]) > 12:
                day_first = True
                break
        elif _ISO.fullmatch(text):
            break
    if day_first:
        raise _Unusable("its days are written day/month/year; write them year-month-day")
    form = _SLASHED if slashed else _ISO

    def read(cell: Any, today: date) -> int:
        text = str("" if cell is None else cell).strip()
        found = form.fullmatch(text)
        if found is None:
            words = "month/day/year" if slashed else "year-month-day"
            raise ValueError(f"{text[:30]!r} is no date written {words}" if text else "no date")
        a, b, c = (int(group) for group in found.groups())
        try:
            day = date(c, a, b) if slashed else date(a, b, c)
        except ValueError:
            raise ValueError(f"{text[:30]!r} is no date") from None
        if day > today:
            raise ValueError(f"{day} lies in the future")
        return day.toordinal()

    return read
