"""The local store: snapshots, history, kept scans, wanted list, quota, names in one SQLite file.

Everything is keyed by source, and what one source said is never mixed with what another said.
A write is one short transaction, so that several processes may use the file at once and a kill
loses at most the symbol in flight. May not import sources (but for their records), workflow or
hosts.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from vrp_xl import changes
from vrp_xl.core.calendar import NEW_YORK, day_number, trading_day
from vrp_xl.core.earnings import with_own_earnings
from vrp_xl.core.snapshot import Snapshot, finite
from vrp_xl.errors import QuotaError
from vrp_xl.sources.base import Fetched, Observation, Quota
from vrp_xl.store.opening import open_database, told
from vrp_xl.store.scanlog import ScanLog

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType

SNAPSHOT_DAYS = 10
"""Trading days of snapshots that are kept per symbol."""
WANTED_KEPT = 50
"""Symbols that the wanted list keeps, the newest; half-typed names land there too."""
DEFAULT_WATCHLIST = ("SPY", "QQQ", "IWM", "AAPL", "TSLA", "NVDA", "AMZN", "META", "MSFT", "AMD")

_NEVER = datetime.max.replace(tzinfo=UTC)


class Watched(NamedTuple):
    """One name of the watchlist, with the earnings date that the user gave, if any."""

    symbol: str
    earnings: date | None = None


class KeptSeries(NamedTuple):
    """One stored series of one symbol."""

    symbol: str
    name: str
    days: int
    first: date
    last: date
    imported: int
    """Days that the user has imported."""


def utc_now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


class Store:
    """The store in one file; a context manager. Symbols are taken in any case.

    Methods may be called from several threads. Each raises `StoreError` where the file cannot be
    read or written.

    Attributes:
        path: the file.
        notice: what the user should know of the opening (a broken file set aside), or empty.
    """

    def __init__(self, path: Path | str, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Opens the store, and makes it where there is none.

        Raises:
            StoreError: it cannot be opened, or was written by a newer version.
        """
        self.path = Path(path)
        self._clock = clock
        self._lock = threading.RLock()
        self._db, self.notice = open_database(self.path, clock())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; closing twice does no harm."""
        with self._lock:
            self._db.close()

    # Snapshots

    def save(self, fetched: Fetched) -> None:
        """Writes a symbol's snapshot, its earlier ones and its observations, all or nothing.

        Of one trading day the latest `as_of` stays; the newest `SNAPSHOT_DAYS` days are kept. The
        symbol leaves the wanted list. `Fetched.whole` observations replace all but imported ones.

        Raises:
            InputError: an `as_of` outside the trading calendar.
        """
        self.save_all((fetched,))

    def save_all(self, fetched: Iterable[Fetched]) -> None:
        """Writes several symbols as `save` does, in one transaction: all or nothing.

        Raises:
            InputError: an `as_of` outside the trading calendar.
        """
        together = [
            (
                f,
                (f.snapshot.source, _symbol(f.snapshot.symbol)),
                [
                    (day_number(trading_day(s.as_of)), _moment(s.as_of), _json(s))
                    for s in (*f.earlier, f.snapshot)
                ],
            )
            for f in fetched
        ]
        with self._writing() as db:
            db.executemany(
                "INSERT INTO snapshots (source, symbol, day, as_of, body) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (source, symbol, day) DO UPDATE SET as_of = excluded.as_of, "
                "body = excluded.body WHERE excluded.as_of >= as_of",
                [(*key, *row) for _, key, rows in together for row in rows],
            )
            keys = [key for _, key, _ in together]
            db.executemany(
                "DELETE FROM snapshots WHERE source = ? AND symbol = ? AND day NOT IN (SELECT day "
                "FROM snapshots WHERE source = ? AND symbol = ? ORDER BY day DESC LIMIT ?)",
                [(*key, *key, SNAPSHOT_DAYS) for key in keys],
            )
            db.executemany("DELETE FROM wanted WHERE source = ? AND symbol = ?", keys)
            for f, key, _ in together:
                if f.whole:
                    db.execute(
                        "DELETE FROM observations WHERE imported = 0 AND series_id IN "
                        "(SELECT id FROM series WHERE source = ? AND symbol = ?)",
                        key,
                    )
                older = _older_days(db, f, key)
                _observe(db, key, (o for o in f.observations if o.day not in older))
                for symbol, observations in f.related.items():
                    newer = (o for o in observations if o.day not in older)
                    _observe(db, (key[0], _symbol(symbol)), newer)
            _bump(db)

    def latest(self, source: str, symbol: str) -> Snapshot | None:
        """The newest snapshot of `symbol`, or None; the watchlist may give its earnings date."""
        return self.latest_many(source, [symbol]).get(_symbol(symbol))

    def previous(self, source: str, symbol: str, before: date) -> Snapshot | None:
        """The newest snapshot of a trading day before `before`, or None."""
        return self._newest(source, symbol, day_number(before))

    def latest_many(self, source: str, symbols: Iterable[str] | None = None) -> dict[str, Snapshot]:
        """The newest snapshots by symbol, of `symbols` or of all; what is not stored is absent.

        Where the source gave no earnings date, or one that has passed, the watchlist's counts.
        """
        query = (
            "SELECT symbol, body FROM snapshots AS s WHERE source = ? AND day = (SELECT max(day) "
            "FROM snapshots WHERE source = s.source AND symbol = s.symbol)"
        )
        wanted = None if symbols is None else list(dict.fromkeys(_symbol(s) for s in symbols))
        with self._reading() as db:
            if wanted is None:
                rows = db.execute(f"{query} ORDER BY symbol", (source,)).fetchall()
            else:
                query += " AND symbol IN (SELECT value FROM json_each(?))"
                rows = db.execute(query, (source, json.dumps(wanted))).fetchall()
        bodies = dict(rows)
        today = self._clock().astimezone(NEW_YORK).date()
        dates = {watched.symbol: watched.earnings for watched in self.watchlist()}
        found = {}
        for symbol in bodies if wanted is None else wanted:
            if symbol in bodies:
                snapshot = _parsed(bodies[symbol]) or self._newest(source, symbol, 99999999)
                if snapshot is not None:
                    found[symbol] = with_own_earnings(snapshot, dates.get(symbol), today)
        return found

    def as_of_many(self, source: str, symbols: Iterable[str]) -> dict[str, datetime]:
        """When the newest figures of each symbol are from, UTC; what is not stored is absent."""
        return self._moments("max(as_of)", source, symbols)

    def fetched_at(self, source: str, symbols: Iterable[str]) -> dict[str, datetime]:
        """When each symbol was last brought, UTC; what is not stored is absent."""
        return self._moments(
            "max(CASE WHEN json_valid(body) THEN json_extract(body, '$.fetched_at') END)",
            source,
            symbols,
        )

    def made_by(self, source: str, symbols: Iterable[str]) -> dict[str, dict[str, float]]:
        """The rules that the newest figures of each symbol were made by (`Snapshot.made_by`)."""
        wanted = json.dumps([_symbol(s) for s in symbols])
        with self._reading() as db:
            rows = db.execute(
                "SELECT symbol, max(day), CASE WHEN json_valid(body) THEN "
                "json_extract(body, '$.made_by') END FROM snapshots WHERE source = ? "
                "AND symbol IN (SELECT value FROM json_each(?)) GROUP BY symbol",
                (source, wanted),
            ).fetchall()
        return {symbol: json.loads(text) if text else {} for symbol, _, text in rows}

    def _moments(self, figure: str, source: str, symbols: Iterable[str]) -> dict[str, datetime]:
        wanted = json.dumps([_symbol(s) for s in symbols])
        with self._reading() as db:
            rows = db.execute(
                f"SELECT symbol, {figure} FROM snapshots WHERE source = ? "  # noqa: S608
                "AND symbol IN (SELECT value FROM json_each(?)) GROUP BY symbol",
                (source, wanted),
            ).fetchall()
        return {symbol: datetime.fromisoformat(text) for symbol, text in rows if text}

    def symbols(self, source: str) -> list[str]:
        """The symbols that have a snapshot, sorted."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT DISTINCT symbol FROM snapshots WHERE source = ? ORDER BY symbol", (source,)
            )
            return [symbol for (symbol,) in rows]

    def revision(self) -> int:
        """A number that changes with every write of what formulas read, by any process."""
        with self._reading() as db:
            row = db.execute("SELECT value FROM meta WHERE key = 'revision'").fetchone()
        return int(row[0]) if row else 0

    # History

    def add_observations(
        self, source: str, symbol: str, observations: Iterable[Observation]
    ) -> None:
        """Writes daily values that the user brings; a day that is there takes the new value.

        Values that are no finite number are left out.
        """
        with self._writing() as db:
            _observe(db, (source, _symbol(symbol)), observations, imported=True)
            _bump(db)

    def series(
        self,
        source: str,
        symbol: str,
        name: str,
        *,
        before: date | None = None,
        limit: int | None = None,
        imported: bool = False,
    ) -> list[tuple[date, float]]:
        """One series as (day, value), oldest first.

        Args:
            source: whose series.
            symbol: of which symbol.
            name: its definition, such as ``close`` or ``vrp_20d``.
            before: only days before this one.
            limit: at most so many days, the newest.
            imported: only what the user has imported.
        """
        with self._reading() as db:
            rows = db.execute(
                "SELECT day, value FROM observations WHERE series_id = (SELECT id FROM series "
                "WHERE source = ? AND symbol = ? AND name = ?) AND day < ? AND imported >= ? "
                "ORDER BY day DESC LIMIT ?",
                (
                    source,
                    _symbol(symbol),
                    name,
                    99999999 if before is None else day_number(before),
                    imported,
                    -1 if limit is None else max(limit, 0),
                ),
            ).fetchall()
        return [(_date(day), value) for day, value in reversed(rows)]

    def history_days(
        self, source: str, symbols: Iterable[str], name: str = "close"
    ) -> dict[str, int]:
        """How many days of a series are stored, by symbol; 0 where there are none."""
        days = {_symbol(symbol): 0 for symbol in symbols}
        with self._reading() as db:
            rows = db.execute(
                "SELECT symbol, (SELECT count(*) FROM observations WHERE series_id = series.id) "
                "FROM series WHERE source = ? AND name = ? "
                "AND symbol IN (SELECT value FROM json_each(?))",
                (source, name, json.dumps(list(days))),
            )
            days.update(rows)
        return days

    def days_within(
        self, source: str, symbols: Iterable[str], first: date, last: date, name: str = "close"
    ) -> dict[str, int]:
        """How many days of a series are stored from `first` to `last`, both included, by symbol."""
        days = {_symbol(symbol): 0 for symbol in symbols}
        with self._reading() as db:
            rows = db.execute(
                "SELECT symbol, (SELECT count(*) FROM observations WHERE series_id = series.id "
                "AND day BETWEEN ? AND ?) FROM series WHERE source = ? AND name = ? "
                "AND symbol IN (SELECT value FROM json_each(?))",
                (day_number(first), day_number(last), source, name, json.dumps(list(days))),
            )
            days.update(rows)
        return days

    def series_kept(self, source: str, symbol: str | None = None) -> list[KeptSeries]:
        """The series of a source, of one symbol or of all, with the days they have."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT symbol, name, count(*), min(day), max(day), sum(imported) FROM series "
                "JOIN observations ON series_id = id WHERE source = ? AND (? IS NULL OR "
                "symbol = ?) GROUP BY id ORDER BY symbol, name",
                (source, *(None if symbol is None else _symbol(symbol),) * 2),
            ).fetchall()
        return [
            KeptSeries(name, series, days, _date(first), _date(last), imported)
            for name, series, days, first, last, imported in rows
        ]

    def daily(
        self, source: str, symbols: Iterable[str], name: str, since: date
    ) -> dict[str, list[tuple[date, float]]]:
        """One series of many symbols from the day `since` on, each oldest first."""
        found: dict[str, list[tuple[date, float]]] = {_symbol(symbol): [] for symbol in symbols}
        with self._reading() as db:
            rows = db.execute(
                "SELECT s.symbol, o.day, o.value FROM series AS s JOIN observations AS o "
                "ON o.series_id = s.id WHERE s.source = ? AND s.name = ? AND o.day >= ? "
                "AND s.symbol IN (SELECT value FROM json_each(?)) ORDER BY s.symbol, o.day",
                (source, name, day_number(since), json.dumps(list(found))),
            ).fetchall()
        for symbol, day, value in rows:
            found[symbol].append((_date(day), value))
        return found

    # Kept scans

    @property
    def scans(self) -> ScanLog:
        """The scans that were kept."""
        return ScanLog(self._reading, self._writing, _bump)

    def compact(self) -> None:
        """Gives space that is no longer used back to the disk."""
        with self._reading() as db:
            db.execute("VACUUM")

    # Wanted symbols

    def wanted(self, source: str) -> list[str]:
        """The symbols that formulas asked for and that are not stored, the newest first."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT symbol FROM wanted WHERE source = ? ORDER BY asked_at DESC, symbol",
                (source,),
            )
            return [symbol for (symbol,) in rows]

    def add_wanted(self, source: str, symbol: str) -> None:
        """Puts `symbol` on the wanted list; the newest `WANTED_KEPT` stay.

        A symbol that is already there costs no write, however often a sheet recalculates.
        """
        key = (source, _symbol(symbol))
        with self._reading() as db:
            held = db.execute("SELECT 1 FROM wanted WHERE source = ? AND symbol = ?", key)
            if held.fetchone():
                return
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO wanted VALUES (?, ?, ?)", (*key, self._now()))
            db.execute(
                "DELETE FROM wanted WHERE source = ? AND symbol NOT IN (SELECT symbol FROM wanted "
                "WHERE source = ? ORDER BY asked_at DESC, symbol LIMIT ?)",
                (source, source, WANTED_KEPT),
            )

    def remove_wanted(self, source: str, symbols: Iterable[str]) -> None:
        """Takes `symbols` off the wanted list."""
        with self._writing() as db:
            db.executemany(
                "DELETE FROM wanted WHERE source = ? AND symbol = ?",
                [(source, _symbol(symbol)) for symbol in symbols],
            )

    # Plan, quota, refusals

    def quota(self, source: str, account: str) -> Quota:
        """What was last seen of plan and quota; all None where nothing was."""
        with self._reading() as db:
            row = db.execute(
                'SELECT plan, "limit", remaining, unlimited, resets_at, seen_at FROM quota '
                "WHERE source = ? AND account = ?",
                (source, account),
            ).fetchone()
        if row is None:
            return Quota()
        plan, limit, remaining, unlimited, resets_at, seen_at = row
        return Quota(plan, limit, remaining, bool(unlimited), _when(resets_at), _when(seen_at))

    def put_quota(self, source: str, account: str, quota: Quota) -> None:
        """Keeps what was seen of plan and quota."""
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO quota VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    source,
                    account,
                    quota.plan,
                    quota.limit,
                    quota.remaining,
                    quota.unlimited,
                    _moment(quota.resets_at) if quota.resets_at else None,
                    _moment(quota.seen_at) if quota.seen_at else None,
                ),
            )

    def latch(self, source: str, account: str) -> QuotaError | None:
        """The refusal that still holds (its `until` lies ahead), or None."""
        with self._reading() as db:
            row = db.execute(
                "SELECT why, until FROM latch WHERE source = ? AND account = ? AND until > ?",
                (source, account, self._now()),
            ).fetchone()
        return None if row is None else QuotaError(row[0], until=_when(row[1]))

    def set_latch(self, source: str, account: str, until: datetime, why: str) -> None:
        """Remembers that nothing can succeed before `until`; a longer one that holds stays."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO latch VALUES (?, ?, ?, ?) ON CONFLICT (source, account) DO UPDATE "
                "SET until = excluded.until, why = excluded.why WHERE excluded.until >= until",
                (source, account, _moment(until), why),
            )

    def forget_account(self, source: str, account: str) -> None:
        """Forgets plan, quota and refusals, so that the next refresh asks for all of it anew."""
        with self._writing() as db:
            for table in ("latch", "quota", "not_covered"):
                db.execute(f"DELETE FROM {table} WHERE source = ? AND account = ?",  # noqa: S608
                           (source, account))  # fmt: skip

    def not_covered(self, source: str, account: str) -> dict[str, str]:
        """Symbols that the plan was found not to cover today (UTC), with the reason."""
        with self._reading() as db:
            return dict(
                db.execute(
                    "SELECT symbol, why FROM not_covered WHERE source = ? AND account = ? "
                    "AND day_utc = ? ORDER BY symbol",
                    (source, account, self._today()),
                ).fetchall()
            )

    def add_not_covered(self, source: str, account: str, symbol: str, why: str) -> None:
        """Remembers for today (UTC) that the plan does not cover `symbol`."""
        with self._writing() as db:
            db.execute("DELETE FROM not_covered WHERE day_utc <> ?", (self._today(),))
            db.execute(
                "INSERT OR REPLACE INTO not_covered VALUES (?, ?, ?, ?, ?)",
                (source, account, _symbol(symbol), self._today(), why),
            )

    def optional_done(self, source: str) -> frozenset[tuple[str, str]]:
        """(endpoint, symbol) of optional calls that are not to be made again now."""
        with self._reading() as db:
            return frozenset(
                db.execute(
                    "SELECT endpoint, symbol FROM optional_done WHERE source = ? AND until > ?",
                    (source, self._now()),
                ).fetchall()
            )

    def set_optional_done(
        self, source: str, endpoint: str, symbol: str, until: datetime | None = None
    ) -> None:
        """Remembers that an optional call is not to be made again before `until` (None: ever)."""
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO optional_done VALUES (?, ?, ?, ?)",
                (source, endpoint, _symbol(symbol), _moment(until or _NEVER)),
            )

    # Watchlist

    def watchlist(self) -> list[Watched]:
        """The watchlist in its order; `DEFAULT_WATCHLIST` until it is first changed."""
        with self._reading() as db:
            if not _touched(db):
                return [Watched(symbol) for symbol in DEFAULT_WATCHLIST]
            rows = db.execute("SELECT symbol, earnings FROM watchlist ORDER BY position, symbol")
            return [Watched(symbol, _date(day) if day else None) for symbol, day in rows]

    def watchlist_is_default(self) -> bool:
        """Whether the watchlist was never changed."""
        with self._reading() as db:
            return not _touched(db)

    def add_watch(self, symbol: str, earnings: date | None = None) -> None:
        """Adds `symbol` at the end, or sets its earnings date; None leaves a known date alone."""
        with self._writing() as db:
            self._take_defaults(db)
            _watch(db, [Watched(symbol, earnings)])
            _bump(db)

    def remove_watch(self, symbol: str) -> bool:
        """Takes `symbol` off the watchlist; False where it was not on it."""
        with self._writing() as db:
            self._take_defaults(db)
            gone = db.execute("DELETE FROM watchlist WHERE symbol = ?", (_symbol(symbol),))
            _bump(db)
            return gone.rowcount > 0

    def import_watchlist(self, items: Iterable[Watched], *, replace: bool = False) -> None:
        """Adds `items` in their order, or makes them the whole list.

        Names that are already there keep their place, and their earnings date where the item has
        none. The default names count as nobody's choice: an import into them replaces them.
        """
        with self._writing() as db:
            if replace or not _touched(db):
                db.execute("DELETE FROM watchlist")
            _mark_touched(db)
            _watch(db, items)
            _bump(db)

    # Notes

    def note(self, key: str) -> str | None:
        """What was noted under `key`, or None."""
        with self._reading() as db:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (f"note:{key}",)).fetchone()
        return None if row is None else str(row[0])

    def put_note(self, key: str, text: str) -> None:
        """Keeps `text` under `key`; no formula reads notes, so nothing recalculates."""
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"note:{key}", text))

    # Inside

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, told(self.path):
            yield self._db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, told(self.path):
            try:
                # Within, since an interrupt of the wait for the lock comes when it is held.
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _newest(self, source: str, symbol: str, before: int) -> Snapshot | None:
        with self._reading() as db:
            rows = db.execute(
                "SELECT body FROM snapshots WHERE source = ? AND symbol = ? AND day < ? "
                "ORDER BY day DESC",
                (source, _symbol(symbol), before),
            )
            for (body,) in rows:
                snapshot = _parsed(body)
                if snapshot is not None:
                    return snapshot
        return None

    def _now(self) -> str:
        return _moment(self._clock())

    def _today(self) -> int:
        return day_number(self._clock().astimezone(UTC))

    @staticmethod
    def _take_defaults(db: sqlite3.Connection) -> None:
        """Before the first change: makes the default names the user's own."""
        if not _touched(db):
            _mark_touched(db)
            _watch(db, [Watched(symbol) for symbol in DEFAULT_WATCHLIST])


def _older_days(db: sqlite3.Connection, fetched: Fetched, key: tuple[str, str]) -> set[date]:
    """The days of which later figures than those of `fetched` are stored already.

    Snapshots are written first: the one that is kept of a day says which figures were later.
    """
    older = set()
    for s in (*fetched.earlier, fetched.snapshot):
        day = trading_day(s.as_of)
        row = db.execute(
            "SELECT as_of > ? FROM snapshots WHERE source = ? AND symbol = ? AND day = ?",
            (_moment(s.as_of), *key, day_number(day)),
        ).fetchone()
        if row is not None and row[0]:
            older.add(day)
    return older


def _observe(
    db: sqlite3.Connection,
    key: tuple[str, str],
    observations: Iterable[Observation],
    *,
    imported: bool = False,
) -> None:
    """Writes observations of one symbol inside the transaction that is open."""
    values = {
        (seen.series, day_number(seen.day)): number
        for seen in observations
        if (number := finite(seen.value)) is not None
    }
    if not values:
        return
    names = dict.fromkeys(name for name, _ in values)
    db.executemany(
        "INSERT OR IGNORE INTO series (source, symbol, name) VALUES (?, ?, ?)",
        [(*key, name) for name in names],
    )
    ids = dict(
        db.execute("SELECT name, id FROM series WHERE source = ? AND symbol = ?", key).fetchall()
    )
    db.executemany(
        "INSERT OR REPLACE INTO observations VALUES (?, ?, ?, ?)",
        [(ids[name], day, value, imported) for (name, day), value in values.items()],
    )


def _bump(db: sqlite3.Connection) -> None:
    changes.note()
    db.execute(
        "INSERT INTO meta (key, value) VALUES ('revision', '1') "
        "ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"
    )


def _touched(db: sqlite3.Connection) -> bool:
    row = db.execute("SELECT 1 FROM meta WHERE key = 'watchlist_touched'").fetchone()
    return row is not None


def _mark_touched(db: sqlite3.Connection) -> None:
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('watchlist_touched', '1')")


def _watch(db: sqlite3.Connection, items: Iterable[Watched]) -> None:
    db.executemany(
        "INSERT INTO watchlist (symbol, position, earnings) VALUES "
        "(?, (SELECT coalesce(max(position), 0) + 1 FROM watchlist), ?) "
        "ON CONFLICT (symbol) DO UPDATE SET earnings = coalesce(excluded.earnings, earnings)",
        [(_symbol(s), None if earnings is None else day_number(earnings)) for s, earnings in items],
    )


def _symbol(symbol: str) -> str:
    return symbol.strip().upper()


def _json(snapshot: Snapshot) -> str:
    return json.dumps(snapshot.to_dict(), separators=(",", ":"), allow_nan=False)


def _parsed(body: str) -> Snapshot | None:
    """The snapshot of a row; a row that cannot be read counts as absent."""
    try:
        data: Mapping[str, object] = json.loads(body)
        return Snapshot.from_dict(data)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def _when(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _date(number: int) -> date:
    return date(number // 10000, number // 100 % 100, number % 100)
