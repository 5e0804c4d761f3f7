"""What buttons call: one body per macro, whatever program the workbook is open in.

Each takes an open book (the calling one in Excel where none is given), does its work and tells the
person in a message box what went wrong, never in a traceback. Formats and input cells are not
touched, and where nothing came the sheet stays as it was. Only `refresh_scan` and
`refresh_symbol` ask a source of market data.
"""

from __future__ import annotations

import contextlib
import traceback
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl import desk, settings
from vrp_xl.core.calendar import NEW_YORK
from vrp_xl.core.rules import PRESETS
from vrp_xl.core.symbols import symbol_of
from vrp_xl.definition import LAST
from vrp_xl.errors import InputError, MissingError, VrpError
from vrp_xl.excel import boundary, layout
from vrp_xl.excel.books import XlwingsBook
from vrp_xl.function_args import RULES
from vrp_xl.reader import READER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vrp_xl.core.positions import Position
    from vrp_xl.core.rules import Rules
    from vrp_xl.desk import Opened
    from vrp_xl.errors import SourceError
    from vrp_xl.excel.books import Book, Range
    from vrp_xl.reader import Desk
    from vrp_xl.store.database import Store, Watched
    from vrp_xl.workflow.morning import Morning
    from vrp_xl.workflow.scan import Row, Scan

WANTED_MOST = 50
"""Names from the wanted list in one refresh, at most."""
NAMED_MOST = 8
"""Names that a message lists before it only counts."""
SELECTED_MOST = 1000
"""Selected rows that are looked at for symbols."""
LOG_MOST = 100_000
"""Letters that the log of unexpected errors keeps."""


def refresh_scan(book: Book | None = None) -> None:
    """Refreshes the watchlist of the book and writes the raw figures of the scan.

    In a book without the scan (the add-in's button elsewhere) it refreshes the user's watchlist
    for the formulas.
    """
    _run("RefreshScan", book, _refresh_scan)


def refresh_symbol(book: Book | None = None) -> None:
    """Refreshes the symbol of the selected cell, and its row of the scan if it has one."""
    _run("RefreshSymbol", book, _refresh_symbol)


def add_to_watchlist(book: Book | None = None) -> None:
    """Adds the symbols in the selected cells to the watchlist of the book and of the user."""
    _run("AddToWatchlist", book, _add_to_watchlist)


def freeze_copy(book: Book | None = None) -> None:
    """Saves the scan as a workbook of values, for people without the add-in."""
    _run("FreezeCopy", book, _freeze_copy)


def reset_formats(book: Book | None = None) -> None:
    """Puts number formats and conditional formats back as the desk was delivered."""
    _run("ResetFormats", book, _reset_formats)


def show_last_error(book: Book | None = None, description: str = "") -> None:
    """Shows the last error in words.

    Args:
        book: the open book.
        description: what the host itself knows of it (the VBA side's last error).
    """
    _run("ShowLastError", book, lambda _: _last_error(description))


def open_settings(book: Book | None = None) -> None:
    """Goes to the Settings sheet."""
    _run("OpenSettings", book, lambda where: _go_to(where, layout.SETTINGS))


def open_help(book: Book | None = None) -> None:
    """Goes to the Help sheet."""
    _run("OpenHelp", book, lambda where: _go_to(where, layout.HELP))


# What every macro shares


def _run(name: str, book: Book | None, body: Callable[[Book], str]) -> None:
    """Runs `body` and shows what it says; errors become messages."""
    where = _caller() if book is None else book
    try:
        try:
            words = body(where)
        finally:
            with contextlib.suppress(Exception):  # a program that is busy keeps its own line
                where.status(None)
    except VrpError as error:
        words = str(error)
    except Exception as error:  # noqa: BLE001 (a person at a button must not meet a traceback)
        words = _unexpected(name, error)
    if words:
        where.message(words)


def _caller() -> Book:
    """The book in Excel.

    Raises:
        SystemExit: there is none; Excel shows the sentence.
    """
    try:
        return XlwingsBook.caller()
    except VrpError as error:
        raise SystemExit(str(error)) from None


def _unexpected(name: str, error: Exception) -> str:
    told = f"{name} did not work: {type(error).__name__}. That is a mistake in vrp_xl."
    text = "".join(traceback.format_exception(error))
    with contextlib.suppress(VrpError):
        key = settings.find_key()
        if key is not None:
            text = text.replace(key.value, "(key)")
    try:
        path = settings.make_home() / "macros.log"
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        entry = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC {name}\n{text}\n"
        settings.write_private(path, (before + entry)[-LOG_MOST:])
    except (VrpError, OSError, UnicodeDecodeError):
        return told
    return f"{told} What happened is written in {path}."


@contextlib.contextmanager
def _quiet(book: Book) -> Iterator[None]:
    """No recalculation and no redrawing within; both are as before afterwards, whatever happens."""
    calculation, screen = book.calculation, book.screen_updating
    try:
        book.screen_updating = False
        book.calculation = "manual"
        yield
    finally:
        try:
            book.calculation = calculation
        finally:
            book.screen_updating = screen


def _named(book: Book, name: str) -> Range:
    """The range of a defined name that the desk has.

    Raises:
        InputError: this book does not have it.
    """
    found = book.named(name)
    if found is None:
        raise InputError(
            f"This workbook has no range named {name}; it is not the desk.",
            "Open the desk: vrp-xl open",
        )
    return found


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMED_MOST])
    return shown if len(names) <= NAMED_MOST else f"{shown} and {len(names) - NAMED_MOST} more"


# What a book says


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a book asks for: rules, source, names."""

    where: Desk
    preset: str
    source: str
    watched: tuple[Watched, ...]
    notices: tuple[str, ...]

    @property
    def symbols(self) -> list[str]:
        return [watched.symbol for watched in self.watched]


class _Held(NamedTuple):
    """The positions of a book, None where they are not known, and the rules with its equity."""

    positions: tuple[Position, ...] | None
    rules: Rules
    notices: tuple[str, ...] = ()


def _asked(book: Book) -> _Asked:
    """Reads rules, source and watchlist from the book; what it has not, from the user's own.

    Raises:
        VrpError: a rule's value is not allowed, a source does not exist, no name is watched.
    """
    from vrp_xl.store.database import Watched  # noqa: PLC0415

    rules = book.named(layout.RULES_NAME)
    saved = READER.desk()
    where: Desk = saved if rules is None else RULES.read(rules.get(), layout.RULES_NAME)
    source = where.source or desk.choose().name
    where = where._replace(source=source)
    preset = next((name for name, p in PRESETS.items() if p == where.rules), "own rules")
    cells = book.named(layout.WATCHLIST_NAME)
    if cells is None:
        watched: list[Watched] = [Watched(symbol) for symbol in READER.names(where)]
        notices: list[str] = []
    else:
        watched, notices = _watchlist(cells.get())
    if not watched:
        raise InputError(
            "The watchlist is empty.", "Type symbols into the watchlist on the Settings sheet."
        )
    return _Asked(where, preset, source, tuple(watched), tuple(notices))


def _watchlist(rows: Sequence[Sequence[Any]]) -> tuple[list[Watched], list[str]]:
    """The names of a watchlist's cells, and a sentence for each cell that cannot be used."""
    from vrp_xl.store.database import Watched  # noqa: PLC0415

    found: dict[str, Watched] = {}
    notices = []
    for number, (cell, day) in enumerate(rows, start=1):
        if boundary.plain(cell) is None:
            continue
        try:
            symbol = _symbol(cell)
        except VrpError as error:
            notices.append(f"watchlist row {number}: {error.why}")
            continue
        earnings: date | None = None
        value = boundary.plain(day)
        if value is not None:
            try:
                earnings = boundary.day(value, "its earnings date")
            except VrpError as error:
                notices.append(f"{symbol}: {error.why}")
        found.setdefault(symbol, Watched(symbol, earnings))
    return list(found.values()), notices


def _symbol(cell: Any) -> str:
    """The symbol in a cell.

    Raises:
        InputError: it holds none.
    """
    if isinstance(cell, bool):  # the ticker TRUE, as a sheet reads it
        return str(cell).upper()
    if isinstance(cell, date):
        raise InputError(
            f"the cell holds the date {boundary.shown(cell)}, not a symbol.",
            "Put an apostrophe before a symbol that looks like a date.",
        )
    return symbol_of(boundary.text(boundary.plain(cell), "the cell"))


def _keep_dates(store: Store, watched: Sequence[Watched]) -> None:
    """Keeps the book's earnings dates, so that every formula decides by them."""
    known = {item.symbol: item.earnings for item in store.watchlist()}
    today = datetime.now(UTC).astimezone(NEW_YORK).date()
    for item in watched:
        if item.earnings is None or item.earnings < today:
            continue
        if known.get(item.symbol) != item.earnings:
            store.add_watch(item.symbol, item.earnings)


# Refresh


def _refresh_scan(book: Book) -> str:
    raw = book.named(layout.RAW_NAME)
    asked = _asked(book)
    book.status(f"VRP: refreshing {len(asked.watched)} names from {asked.source}")
    with desk.open_store() as store:
        _keep_dates(store, asked.watched)
        opened = desk.open_source(asked.source, rules=asked.where.rules)
        try:
            wanted = _wanted(book, store, opened, asked)
            held = _positions(book, asked)
            result = _morning(book, store, opened, asked, held=held)
            not_kept = _keep(store, result)
            if wanted and _came(result) and result.error is None:
                _fetch(book, store, opened, asked, wanted)
        finally:
            opened.source.close()
    if not _came(result):
        raise _nothing_came(result)
    with _quiet(book):
        if raw is not None:
            book.status("VRP: writing the scan")
            _write_raw(raw, result.scan.rows)
            _write_facts(book, result.scan, [*asked.notices, *_contract_words(result.scan)])
        book.recalculate()
    return "\n".join(filter(None, (_what_lacks(result, asked, raw), not_kept)))


def _keep(store: Store, result: Morning) -> str:
    """Keeps the scan in the journal; returns what the person should know of it."""
    from vrp_xl.workflow.journal import keep_morning  # noqa: PLC0415

    try:
        keep_morning(store, result)
    except VrpError as error:
        return f"Not kept in the journal: {error}"
    return ""


def _morning(
    book: Book,
    store: Store,
    opened: Opened,
    asked: _Asked,
    symbols: Sequence[str] | None = None,
    *,
    held: _Held | None = None,
) -> Morning:
    from vrp_xl.workflow.morning import morning  # noqa: PLC0415

    return morning(
        store,
        asked.source,
        asked.symbols if symbols is None else symbols,
        asked.where.rules if held is None else held.rules,
        preset=asked.preset,
        source=opened.source,
        account=opened.account,
        progress=_progress(book),
        notices=() if held is None else held.notices,
        positions=None if held is None else held.positions,
    )


def _positions(book: Book, asked: _Asked) -> _Held:
    """What the sheet Positions holds; a sheet that cannot be used is told and stops nothing."""
    from vrp_xl.excel.positions_file import positions_in  # noqa: PLC0415

    cells, value = book.named(layout.POSITIONS_NAME), book.named(layout.EQUITY_NAME)
    rules = asked.where.rules
    if cells is None:
        return _Held(None, rules)
    rows = [[boundary.plain(cell) for cell in row] for row in cells.get()]
    try:
        equity = None if value is None else boundary.plain(value.get()[0][0])
        if equity is not None:
            rules = rules.with_values({"equity": boundary.number(equity, "the equity")})
        given = positions_in(
            rows, f"The sheet {layout.POSITIONS}", equity=rules.equity,
            today=datetime.now(UTC).astimezone(NEW_YORK).date(),
            samples=asked.source == "sample",
        )  # fmt: skip
    except VrpError as error:
        return _Held(None, rules, (f"open positions are not counted in the caps: {error.why}",))
    return _Held(given.positions, rules, tuple(given.told(layout.POSITIONS)))


def _contract_words(scan: Scan) -> list[str]:
    """Whole contracts of the candidates, in a sentence; none where the account is not known."""
    if scan.rules.equity is None or not scan.candidates:
        return []
    sized = [(r.snapshot.symbol, r.sized) for r in scan.candidates if r.sized is not None]
    told = [f"{name} {s.contracts} ({s.risk_usd:,.0f} USD)" for name, s in sized if s.contracts]
    none = [f"{name} {s.words}" for name, s in sized if not s.contracts]
    return [f"contracts: {', '.join((*told, *none))}"]


def _progress(book: Book) -> Callable[[int, int, str, str], None]:
    """Shows in the status bar how far a refresh is."""

    def show(done: int, total: int, symbol: str, state: str) -> None:
        with contextlib.suppress(Exception):  # Excel refuses while a cell is being edited
            book.status(f"VRP: {done} of {total}, {symbol} {state}")

    return show


def _fetch(book: Book, store: Store, opened: Opened, asked: _Asked, names: list[str]) -> None:
    """Fetches names that formulas want; what fails stays wanted."""
    from vrp_xl.workflow.refresh import refresh  # noqa: PLC0415

    refresh(
        opened.source,
        store,
        names,
        account=opened.account,
        progress=_progress(book),
        rules=asked.where.rules,
    )


def _wanted(book: Book, store: Store, opened: Opened, asked: _Asked) -> list[str]:
    """The names that formulas asked for, where the person wants them fetched too."""
    from vrp_xl.workflow.refresh import cost  # noqa: PLC0415

    watched = set(asked.symbols)
    names = [name for name in store.wanted(asked.source) if name not in watched][:WANTED_MOST]
    if not names:
        return []
    told = cost(opened.source, store, names, account=opened.account)
    if not told.calls:
        return []
    more = "1 more is" if len(names) == 1 else f"{len(names)} more are"
    yes = book.ask(f"{more} wanted by formulas: {_list(names)}. {told}: fetch them?")
    return names if yes else []


def _came(result: Morning) -> bool:
    """Whether the refresh brought anything."""
    refreshed = result.refreshed
    return refreshed is not None and refreshed.count("fresh") > 0


def _nothing_came(result: Morning) -> VrpError:
    error: SourceError | None = result.error
    if error is None:
        return MissingError("Nothing came.", "What was there before stays as it is.")
    fix = f"{error.fix} The sheet is as it was.".strip()
    return VrpError(error.why, fix)


def _write_raw(raw: Range, rows: Sequence[Row]) -> None:
    """Puts the figures into the raw block and empties the rows below them."""
    from vrp_xl.excel.raw_out import raw_row  # noqa: PLC0415

    width = len(layout.RAW_BLOCK)
    values = [raw_row(row) for row in rows[: raw.rows]]
    raw.put(values)
    if len(values) < raw.rows:
        raw.part(len(values), 0, raw.rows - len(values), width).clear()


def _write_facts(book: Book, scan: Scan, notices: Sequence[str]) -> None:
    from vrp_xl.excel.raw_out import facts_of  # noqa: PLC0415

    cells = book.named(layout.FACTS_NAME)
    if cells is None:
        return
    facts: dict[str, Any] = facts_of(scan, notices=notices)
    for number, row in enumerate(cells.get()):
        name = str(row[0] or "").strip().lower()
        if name in facts:
            cells.part(number, 1, 1, 1).put([[facts[name]]])


def _what_lacks(result: Morning, asked: _Asked, raw: Range | None) -> str:
    """What the person should know of a refresh that brought something; empty if all is well."""
    refreshed = result.refreshed
    if refreshed is None:  # pragma: no cover (never offline here)
        return ""
    parts = []
    if refreshed.stopped is not None:
        parts.append(str(refreshed.stopped))
    kept = [o.symbol for o in refreshed.outcomes if o.state == "kept"]
    if kept:
        parts.append(f"Not refreshed, older figures stay: {_list(kept)}.")
    if result.scan.failed:
        parts.append(f"Without figures: {_list([f.symbol for f in result.scan.failed])}.")
        parts.append(result.scan.failed[0].why)
    if raw is not None and len(result.scan.rows) > raw.rows:
        parts.append(f"The sheet has room for {raw.rows} names; the others are not shown.")
    if raw is None:
        fresh = refreshed.count("fresh")
        parts.insert(0, f"{fresh} of {len(refreshed.outcomes)} names of the watchlist are fresh.")
    parts += asked.notices
    return "\n".join(parts)


def _refresh_symbol(book: Book) -> str:
    raw = book.named(layout.RAW_NAME)
    symbol = _selected_symbol(book, raw)
    asked = _asked(book)
    book.status(f"VRP: refreshing {symbol} from {asked.source}")
    with desk.open_store() as store:
        _keep_dates(store, asked.watched)
        opened = desk.open_source(asked.source, rules=asked.where.rules)
        try:
            result = _morning(book, store, opened, asked, [symbol])
        finally:
            opened.source.close()
    if not _came(result):
        raise _nothing_came(result)
    (row,) = result.scan.rows
    with _quiet(book):
        shown = raw is not None and _write_one(raw, row)
        book.recalculate()
    return "" if shown else f"{symbol} is fresh: {row.decision.action}."


def _selected_symbol(book: Book, raw: Range | None) -> str:
    """The symbol that the selected cell means: on the scan its row's, else the cell's own.

    Raises:
        InputError: there is none.
    """
    cells = book.selection()
    if cells is None:
        raise InputError("No cell is selected.", "Select a cell with a symbol.")
    if raw is not None and cells.sheet == raw.sheet and 0 <= cells.row - raw.row < raw.rows:
        cell = raw.part(cells.row - raw.row, 0, 1, 1).get()[0][0]
    else:
        cell = cells.part(0, 0, 1, 1).get()[0][0]
    typed = book.named(layout.SYMBOL_NAME)
    if boundary.plain(cell) is None and typed is not None and typed.sheet == cells.sheet:
        cell = typed.get()[0][0]
    if boundary.plain(cell) is None:
        raise InputError("The selected cell is empty.", "Select a cell with a symbol.")
    return _symbol(cell)


def _write_one(raw: Range, row: Row) -> bool:
    """Puts one symbol's figures into its row; False where it has none."""
    from vrp_xl.excel.raw_out import raw_row  # noqa: PLC0415

    for number, (cell,) in enumerate(raw.part(0, 0, raw.rows, 1).get()):
        if boundary.plain(cell) is not None and _is(cell, row.snapshot.symbol):
            raw.part(number, 0, 1, len(layout.RAW_BLOCK)).put([raw_row(row)])
            return True
    return False


def _is(cell: Any, symbol: str) -> bool:
    try:
        return _symbol(cell) == symbol
    except VrpError:
        return False


# Watchlist


def _add_to_watchlist(book: Book) -> str:
    cells = book.selection()
    if cells is None:
        raise InputError("No cell is selected.", "Select cells with symbols.")
    chosen = cells.part(0, 0, min(cells.rows, SELECTED_MOST), min(cells.columns, SELECTED_MOST))
    found: list[str] = []
    bad: list[str] = []
    for cell in (cell for row in chosen.get() for cell in row):
        if boundary.plain(cell) is None:
            continue
        try:
            found.append(_symbol(cell))
        except VrpError:
            bad.append(boundary.shown(cell))
    if not found and not bad:
        raise InputError("The selected cells are empty.", "Select cells with symbols.")
    names = list(dict.fromkeys(found))
    table = book.named(layout.WATCHLIST_NAME)
    full: list[str] = []
    with desk.open_store() as store:
        if table is None:
            there = {item.symbol for item in store.watchlist()}
            added = [name for name in names if name not in there]
        else:
            there = {item.symbol for item in _watchlist(table.get())[0]}
            added, full = _fill(table, [name for name in names if name not in there])
        for name in added:
            store.add_watch(name)
    before = [name for name in names if name in there]
    parts = [
        ("Added to the watchlist", added),
        ("There before", before),
        ("No symbols", bad),
        ("No room for", full),
    ]
    return "\n".join(f"{words}: {_list(group)}." for words, group in parts if group)


def _fill(table: Range, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Puts names into the empty rows of the watchlist; returns who got one and who did not."""
    empty = [
        number
        for number, row in enumerate(table.get())
        if all(boundary.plain(cell) is None for cell in row)
    ]
    for number, name in zip(empty, names, strict=False):
        table.part(number, 0, 1, 1).put([[name]])
    return list(names[: len(empty)]), list(names[len(empty) :])


# A copy with values only


def _freeze_copy(book: Book) -> str:
    from vrp_xl.excel.frozen_copy import write_frozen  # noqa: PLC0415

    asked = _asked(book)
    READER.source(asked.where)  # the sample market is put into the store by itself
    scan = _stored(book, asked)
    if not scan.rows:
        raise MissingError("There are no figures to save yet.", "Refresh the scan first.")
    day = scan.scanned_at.astimezone(NEW_YORK).date()
    refused: InputError | None = None
    for folder in _folders(book):
        try:
            path = write_frozen(scan, _free_name(folder, f"vrp-scan-{day}", ".xlsx"))
        except InputError as error:
            refused = error
        else:
            return f"Saved with values only: {path}"
    raise refused or InputError("No folder was found to save to.")


def _stored(book: Book, asked: _Asked) -> Scan:
    """The scan of what is stored, by the book's rules and with its positions in the caps."""
    from vrp_xl.workflow.positions import open_risk  # noqa: PLC0415
    from vrp_xl.workflow.scan import concluded, run_scan  # noqa: PLC0415

    held = _positions(book, asked)
    with desk.open_store() as store:
        _keep_dates(store, asked.watched)
        scan = run_scan(
            store,
            asked.source,
            asked.symbols,
            held.rules,
            preset=asked.preset,
            notices=[*asked.notices, *held.notices],
        )
        risk = None
        if held.positions is not None:
            risk = open_risk(store, asked.source, held.positions, held.rules)
        return concluded(store, scan, risk)


def _folders(book: Book) -> list[Path]:
    """Where a copy may go: beside the book, else the user's documents."""
    import platformdirs  # noqa: PLC0415

    documents = Path(platformdirs.user_documents_dir())
    return [f for f in (book.folder, documents) if f is not None and f.is_dir()]


def _free_name(folder: Path, stem: str, ending: str) -> Path:
    """A name that nothing has in `folder`: the stem, else with a number."""
    path, number = folder / f"{stem}{ending}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{ending}"
    return path


# The rest


def _reset_formats(book: Book) -> str:
    from vrp_xl.excel.files import DESK, built  # noqa: PLC0415
    from vrp_xl.excel.formats import formats_of  # noqa: PLC0415

    _named(book, layout.RAW_NAME)
    selected = book.selection()
    done = []
    with _quiet(book):
        for formats in formats_of(built(DESK)):
            sheet = book.sheet(formats.sheet) if formats.sheet in layout.SHEETS else None
            if sheet is not None:
                book.status(f"VRP: formats of {formats.sheet}")
                sheet.put_formats(formats)
                done.append(formats.sheet)
        back = book.sheet(selected.sheet) if selected is not None else None
        if back is not None:
            back.activate()
    return f"Number formats and conditional formats are back on: {', '.join(done)}."


def _last_error(description: str) -> str:
    parts = []
    if LAST.words:
        parts.append(f"{LAST.function}: {LAST.words}")
    if description.strip():
        parts.append(description.strip())
    if not parts:
        return 'No error is known. For a symbol, =VRP_WHY("SPY") says what it lacks.'
    return "\n".join(parts)


def _go_to(book: Book, name: str) -> str:
    sheet = book.sheet(name)
    if sheet is None:
        raise InputError(
            f"This workbook has no sheet {name}; it is not the desk.", "Open it: vrp-xl open"
        )
    sheet.activate()
    return ""
