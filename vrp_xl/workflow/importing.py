"""Brings history and watchlists from the user's own files into the store.

A row that cannot be used is told by its line and reason; the good rows still count. May not import
hosts or sources.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vrp_xl.core import splits
from vrp_xl.core.calendar import FIRST_DAY, NEW_YORK, is_trading_day, trading_days
from vrp_xl.core.history import CLOSE, SPLIT, proxy_of
from vrp_xl.core.iv_index import INDICES, plain_index
from vrp_xl.core.snapshot import finite
from vrp_xl.core.symbols import symbol_of
from vrp_xl.errors import InputError
from vrp_xl.sources.base import Fetched, Observation
from vrp_xl.store.database import Watched, utc_now
from vrp_xl.workflow.refresh import completed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vrp_xl.core.rules import Rules
    from vrp_xl.store.database import Store

Splits = Literal["refuse", "adjust", "keep"]
"""What to do with a step in the closes that may be a split."""

SIGNED_FIELDS = ("vrp_5d", "vrp_10d", "vrp_20d", "vrp_30d")
"""Series that may be zero or negative."""
FIELDS = (
    "close",
    "atm_iv",
    "atm_iv_30d",
    *(f"rv_{days}d" for days in (5, 10, 20, 30, 60, 90)),
    *SIGNED_FIELDS,
)
"""Series that can be imported."""

_HEADER_LINES = 20  # some vendors put a few lines of text before the header
_DATE_NAMES = ("date", "day", "trade_date", "trading_date", "timestamp", "time", "datetime")
_OTHER_NAMES = {
    "close": ("close", "close/last", "last", "price", "value", "adj_close", "adjclose"),
    "atm_iv": ("atm_iv", "iv", "iv30", "implied_volatility", "close", "value"),
    "atm_iv_30d": ("atm_iv_30d", "iv30", "iv", "close", "value"),
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4}")


class _Row(NamedTuple):
    line: int
    cells: dict[str, Any]


class BadRow(NamedTuple):
    """A row that could not be used."""

    line: int
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.why}"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import."""

    symbol: str
    field: str
    column: str
    """The column that the values were taken from."""
    added: int
    """Days that were stored."""
    first: date | None
    last: date | None
    bad: tuple[BadRow, ...]
    repeated: int
    """Rows whose day came again further down; the last one counts."""
    missing_days: int = 0
    """Trading days between the first and the last that the file does not have."""
    adjusted: tuple[splits.Jump, ...] = ()
    """Splits that were adjusted."""
    kept: tuple[splits.Jump, ...] = ()
    """Steps that were taken as the price itself."""

    @property
    def problems(self) -> list[str]:
        """The rows that could not be used, a sentence each."""
        return [str(row) for row in self.bad]

    def __str__(self) -> str:
        """For example ``252 days of SPY close, 2025-01-02 to 2025-12-31, from column Close``."""
        days = "1 day" if self.added == 1 else f"{self.added} days"
        text = f"{days} of {self.symbol} {self.field}"
        if self.first is not None:
            text += f", {self.first} to {self.last}"
        text += f", from column {self.column}"
        for jump in self.adjusted:
            text += f"; adjusted for the {splits.ratio_words(jump.ratio)} split of {jump.day}"
        for jump in self.kept:
            text += f"; {jump.before:g} to {jump.after:g} on {jump.day} taken as the price itself"
        if self.missing_days:
            days = (
                "1 trading day is"
                if self.missing_days == 1
                else (f"{self.missing_days} trading days are")
            )
            text += f"; {days} missing in between"
        if self.repeated:
            text += f"; days that came more than once: {self.repeated}, the last one counts"
        if self.bad:
            text += f"; rows left out: {len(self.bad)}"
        return text


@dataclass(frozen=True, slots=True)
class WatchlistFile:
    """What a watchlist file holds."""

    items: tuple[Watched, ...]
    bad: tuple[BadRow, ...]

    @property
    def problems(self) -> list[str]:
        """What could not be used, a sentence each."""
        return [str(row) for row in self.bad]


def import_history(
    store: Store,
    source: str,
    symbol: str,
    field: str,
    path: Path | str,
    *,
    on_split: Splits = "refuse",
    rules: Rules | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> ImportReport:
    """Stores a series from a CSV or JSON-lines file, and completes the symbol's snapshot anew.

    The file needs a date column and one value column: the one that is named like `field`, else a
    usual name for it (``Close`` before ``Adj Close``), else the only other column. Dates are ISO
    (2026-03-05) or US (3/5/2026), one form throughout. Days in the future are refused, and so are
    values that are not positive, but for spreads.

    Closes with a step that may be a split are refused with its date, unless `on_split` says what
    it is: ``adjust`` divides the closes before it, ``keep`` takes it as the price itself.

    Args:
        store: where it goes.
        source: under which source; histories of two sources never mix.
        symbol: whose history.
        field: one of `FIELDS`; volatilities in percent points.
        path: the file.
        on_split: what to do where the closes may hold a split.
        rules: how much history a z-score needs and takes; None takes the defaults.
        clock: gives the present moment, UTC.

    Raises:
        InputError: the file cannot be read, has no usable column, or no usable row, or may hold a
            split.
        StoreError: the store cannot be written.
    """
    symbol = plain_index(symbol_of(symbol))
    file = Path(path)
    name, column, values, bad, repeated = read_series(file, field, clock=clock)
    adjusted: tuple[splits.Jump, ...] = ()
    kept: tuple[splits.Jump, ...] = ()
    if name == CLOSE and symbol not in INDICES:  # a level of volatility may well double
        jumps = _jumps(store, source, symbol, values)
        if jumps and on_split == "refuse":
            raise _may_be_splits(file, jumps)
        if on_split == "adjust":
            adjusted = jumps
            _adjust(store, source, symbol, values, jumps, file)
        else:
            kept = jumps
            _mark(store, source, symbol, {jump.day: splits.REAL for jump in jumps})
    days = sorted(values)
    store.add_observations(source, symbol, (Observation(name, day, values[day]) for day in days))
    complete_anew(store, source, symbol, rules=rules)
    return ImportReport(
        symbol,
        name,
        column,
        len(days),
        days[0],
        days[-1],
        bad,
        repeated,
        len(trading_days(days[0], days[-1])) - len(days),
        adjusted,
        kept,
    )


class SeriesFile(NamedTuple):
    """One series as a file holds it."""

    field: str
    column: str
    """The column that the values were taken from."""
    values: dict[date, float]
    bad: tuple[BadRow, ...]
    repeated: int
    """Rows whose day came again further down; the last one counts."""


def read_series(
    path: Path | str, field: str, *, clock: Callable[[], datetime] = utc_now
) -> SeriesFile:
    """The series in a file, as `import_history` takes it; nothing is stored.

    Raises:
        InputError: the file cannot be read, has no usable column, or no usable row.
    """
    name = field.strip().lower()
    if name not in FIELDS:
        raise InputError(f"There is no series named {field!r}.", f"Use one of {', '.join(FIELDS)}.")
    file = Path(path)
    rows, columns = _read(file)
    day_column = _day_column(columns, file)
    value_column = _value_column(columns, day_column, name, file)
    today = clock().astimezone(NEW_YORK).date()
    values: dict[date, float] = {}
    bad: list[BadRow] = []
    repeated = 0
    as_us = _us_dates(row.cells.get(day_column) for row in rows)
    for line, cells in rows:
        try:
            day = _day(cells.get(day_column), as_us=as_us, today=today)
            value = _value(cells.get(value_column), name)
        except ValueError as error:
            bad.append(BadRow(line, str(error)))
            continue
        repeated += day in values
        values[day] = value
    if not values:
        why = f" Line {bad[0].line}: {bad[0].why}." if bad else ""
        raise InputError(f"{file} holds no row that can be used.{why}")
    return SeriesFile(name, value_column, values, tuple(bad), repeated)


def mark_split(
    store: Store,
    source: str,
    symbol: str,
    day: date,
    ratio: float | None,
    *,
    rules: Rules | None = None,
    anyway: bool = False,
) -> date:
    """Says what a step in the stored closes is, and completes the symbol's snapshot anew.

    The stored closes stay as they are; they are adjusted when they are used, and only while they
    hold the step.

    Args:
        store: where it goes.
        source: whose closes.
        symbol: of which symbol.
        day: the first day at the new price.
        ratio: new shares for an old one; 1 for "no split"; None forgets what was said.
        rules: how much history a z-score needs and takes; None takes the defaults.
        anyway: whether it is kept although the closes hold no such step.

    Returns:
        The day of the mark: the first with a close from `day` on.

    Raises:
        InputError: there is no close to judge: none of that day, or none before it; the closes hold
            no such step; or there is nothing to forget.
        StoreError: the store cannot be written.
    """
    name = symbol_of(symbol)
    found = splits.judged(store.series(source, name, CLOSE), day, ratio or splits.REAL)
    if found is None:
        raise InputError(
            f"{name} has no closes of {source} on both sides of {day}.",
            f"vrp-xl history show {name} --field close lists them.",
        )
    if ratio is None:
        _said(store, source, name, found.day)
    elif found.doubt and not anyway:
        raise InputError(
            f"{name}: {found.doubt}. The largest step within {splits.NEARBY} closes of it: "
            f"{found.nearby}. Nothing was kept.",
            "Name the first day at the new price; to keep it all the same: --anyway.",
        )
    _mark(store, source, name, {found.day: 0.0 if ratio is None else ratio})
    complete_anew(store, source, name, rules=rules)
    return found.day


def _said(store: Store, source: str, symbol: str, day: date) -> None:
    """Raises InputError: nothing was said of that day."""
    said = {when: ratio for when, ratio in store.series(source, symbol, SPLIT) if ratio > 0}
    if day in said:
        return
    days = ", ".join(str(when) for when in sorted(said)) or "no day"
    raise InputError(
        f"Nothing was said of {symbol} on {day}: there is nothing to forget.",
        f"Something was said of: {days}.",
    )


def complete_anew(
    store: Store, source: str, symbol: str, *, rules: Rules | None = None
) -> list[str]:
    """Completes the newest snapshots that rest on the series of `symbol`; returns their symbols."""
    done = []
    for name in store.symbols(source):
        if symbol in (name, proxy_of(name)):
            snapshot = store.latest(source, name)
            if snapshot is not None:
                store.save(Fetched(completed(store, Fetched(snapshot), rules=rules)))
                done.append(name)
    return done


def _jumps(
    store: Store, source: str, symbol: str, values: dict[date, float]
) -> tuple[splits.Jump, ...]:
    """The steps in or next to the new closes that nobody has spoken about."""
    whole = dict(store.series(source, symbol, CLOSE)) | values
    marks = dict(store.series(source, symbol, SPLIT))
    ordered = sorted(whole.items())
    before = {day: ordered[i - 1][0] for i, (day, _) in enumerate(ordered) if i}
    return tuple(
        jump
        for jump in splits.adjusted(ordered, marks).unsaid
        if jump.day in values or before[jump.day] in values
    )


def _may_be_splits(file: Path, jumps: Sequence[splits.Jump]) -> InputError:
    told = "; ".join(str(jump) for jump in jumps[:3])
    more = f" (and {len(jumps) - 3} more)" if len(jumps) > 3 else ""
    return InputError(
        f"{file}: {told}{more}. Nothing was stored.",
        "If it is a split: --adjust-splits, or closes that are adjusted. If the price really went "
        "there: --keep-jumps.",
    )


def _adjust(
    store: Store,
    source: str,
    symbol: str,
    values: dict[date, float],
    jumps: Sequence[splits.Jump],
    file: Path,
) -> None:
    """Divides the new closes before each split; a split between them and stored ones is marked."""
    unclear = [jump for jump in jumps if not jump.clear]
    if unclear:
        raise InputError(
            f"{file}: {unclear[0]}, and which split that is cannot be told. Nothing was stored.",
            "Import with --keep-jumps, then say it: "
            f"vrp-xl history split {symbol} {unclear[0].day} RATIO",
        )
    ordered = sorted(values.items())
    inside = {day for day, _ in ordered[1:]}
    own = {jump.day for jump in splits.find_jumps(ordered)}
    marks = {jump.day: jump.ratio for jump in jumps}
    values.update(
        splits.adjusted(ordered, {d: r for d, r in marks.items() if d in inside & own}).closes
    )
    _mark(store, source, symbol, {d: r for d, r in marks.items() if d not in inside & own})


def _mark(store: Store, source: str, symbol: str, marks: dict[date, float]) -> None:
    if marks:
        store.add_observations(
            source, symbol, (Observation(SPLIT, day, ratio) for day, ratio in marks.items())
        )


def read_watchlist(path: Path | str) -> WatchlistFile:
    """The names of a watchlist file, and the lines that could not be used.

    Either a CSV whose header has a column ``symbol`` (or ``ticker``) and perhaps one ``earnings``,
    or plain text: names separated by blanks, commas, semicolons or lines, each perhaps followed by
    its earnings date. Dates are ISO or US (2026-03-05, 3/5/2026); what follows ``#`` is passed
    over; of a name that comes twice the first place counts.

    Raises:
        InputError: the file cannot be read, or holds no name.
    """
    file = Path(path)
    found: dict[str, date | None] = {}
    bad: list[BadRow] = []
    for line, words, headed in _watch_rows(_text(file).splitlines()):
        symbol = ""
        for word in words:
            try:
                if symbol and (headed or _DATE.fullmatch(word)):
                    found[symbol] = _parse_day(word, as_us="/" in word)
                else:
                    symbol = symbol_of(word)
                    found.setdefault(symbol, None)
            except ValueError as error:
                bad.append(BadRow(line, str(error)))
            except InputError as error:
                symbol = ""
                bad.append(BadRow(line, error.why.removesuffix(".")))
                if headed:
                    break
    if not found:
        raise InputError(f"{file} holds no symbol.", "Write one symbol per line.")
    items = tuple(Watched(symbol, earnings) for symbol, earnings in found.items())
    return WatchlistFile(items, tuple(bad))


def _watch_rows(lines: Sequence[str]) -> Iterator[tuple[int, list[str], bool]]:
    """Line number, names and dates of the line in their order, and whether a header named them."""
    taken: list[int] | None = None  # the columns that count, where there is a header
    first = True
    for number, line in enumerate(lines, start=1):
        cells = [c.strip() for c in next(csv.reader([line.split("#", 1)[0]]), [])]
        if not any(cells):
            continue
        names = [_plain(cell) for cell in cells]
        if first and {"symbol", "ticker"} & set(names):
            taken = [names.index("symbol" if "symbol" in names else "ticker")]
            taken += [i for i, name in enumerate(names) if "earnings" in name][:1]
        elif taken is not None:
            yield number, [cells[i] for i in taken if i < len(cells) and cells[i]], True
        else:
            yield number, [w for cell in cells for w in re.split(r"[\s;]+", cell) if w], False
        first = False


# Files


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}.") from error
    try:
        return raw.decode("utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no text file.", "Save it as CSV with UTF-8.") from error


def _read(file: Path) -> tuple[list[_Row], list[str]]:
    """The rows with their line numbers, and the columns."""
    text = _text(file)
    if text.lstrip().startswith("{"):
        return _read_json_lines(text, file)
    lines = text.splitlines()
    for number, line in enumerate(lines[:_HEADER_LINES]):
        separator = max(",;\t|", key=line.count)
        columns = [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
        if any(_plain(column) in _DATE_NAMES for column in columns):
            reader = csv.reader(lines[number + 1 :], delimiter=separator)
            rows = [
                _Row(number + 1 + reader.line_num, dict(zip(columns, cells, strict=False)))
                for cells in reader
                if cells
            ]
            return rows, columns
    raise InputError(
        f"{file} has no date column: its first line is {lines[0][:80]!r}."
        if lines
        else f"{file} is empty.",
        "Save it as CSV with a header, and name the column of the days: date",
    )


def _read_json_lines(text: str, file: Path) -> tuple[list[_Row], list[str]]:
    rows: list[_Row] = []
    columns: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        rows.append(_Row(number, row if isinstance(row, dict) else {}))
        columns.update(dict.fromkeys(rows[-1].cells))
    if not columns:
        raise InputError(f"{file} holds no JSON objects, one per line.")
    return rows, list(columns)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def _day_column(columns: Sequence[str], file: Path) -> str:
    by_name = {_plain(column): column for column in reversed(columns)}
    for name in _DATE_NAMES:
        if name in by_name:
            return by_name[name]
    raise InputError(
        f"{file} has no date column; its columns are {_listed(columns)}.",
        "Name the column of the days: date",
    )


def _value_column(columns: Sequence[str], day_column: str, field: str, file: Path) -> str:
    others = [column for column in columns if column != day_column]
    by_name = {_plain(column): column for column in reversed(others)}
    for name in (field, *_OTHER_NAMES.get(field, ())):
        if name in by_name:
            return by_name[name]
    if len(others) == 1:
        return others[0]
    raise InputError(
        f"{file} has no column for {field}; its columns are {_listed(columns)}.",
        f"Name the column of the values: {field}",
    )


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(repr(column[:40]) for column in columns[:12])


# Cells


def _us_dates(cells: Iterable[Any]) -> bool:
    """Whether the first day that can be told is written month/day/year."""
    for cell in cells:
        text = str(cell or "").strip()
        if re.match(r"\d{4}-?\d\d-?\d\d", text):
            return False
        if re.match(r"\d{1,2}/\d{1,2}/\d{4}", text):
            return True
    return False


def _day(cell: Any, *, as_us: bool, today: date) -> date:
    day = _parse_day(str("" if cell is None else cell).strip(), as_us=as_us)
    if day > today:
        raise ValueError(f"{day} lies in the future")
    if day < FIRST_DAY:
        raise ValueError(f"{day} is before {FIRST_DAY}")
    if not is_trading_day(day):
        raise ValueError(f"{day} is no trading day")
    return day


@lru_cache(maxsize=20_000)  # files of several symbols hold the same days
def _parse_day(text: str, *, as_us: bool) -> date:
    pattern = (
        r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})(?!\d).*"
        if as_us
        else r"(?P<y>\d{4})(-?)(?P<m>\d\d)\2(?P<d>\d\d)(?!\d).*"
    )
    found = re.fullmatch(pattern, text)
    if found is None:
        form = "month/day/year" if as_us else "year-month-day"
        raise ValueError(f"{text[:40]!r} is no date written {form}" if text else "no date")
    try:
        return date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no date") from None


def _value(cell: Any, field: str) -> float:
    number = finite(cell)
    if number is None:
        text = str("" if cell is None else cell).strip()
        number = _number(text)
        if number is None:
            raise ValueError(f"{text[:40]!r} is no number" if text else "no value")
    if field not in SIGNED_FIELDS and number <= 0:
        raise ValueError(f"{number:g} is not positive")
    if field not in SIGNED_FIELDS and field != "close" and number < 1:
        raise ValueError(f"{number:g} looks like a decimal: volatility in points, multiply by 100")
    return number


def _number(text: str) -> float | None:
    """A number as vendors write it: 1234.5, $1,234.50; a decimal comma is none."""
    plain = text.removeprefix("$")
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d*)?", plain):
        plain = plain.replace(",", "")
    try:
        return finite(float(plain))
    except ValueError:
        return None
