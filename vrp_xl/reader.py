"""What formulas read: the store, the saved rules and the chosen source, kept in memory.

A recalculation asks thousands of times; so everything is kept until something changes, and
whether something has changed (another process's refresh, an edited rules file, another source)
is asked at most every few milliseconds. Never touches the network: a symbol that is not stored
goes on the wanted list and the formula says why. The sample market needs no network and is put
into the store by itself.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl import changes, desk, settings
from vrp_xl.core import calendar
from vrp_xl.core.decide import Decision, decide
from vrp_xl.core.rules import STANDARD, Rules
from vrp_xl.errors import MissingError, StoreError, VrpError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.store.database import Store
    from vrp_xl.workflow.scan import Row
    from vrp_xl.workflow.what_if import Names

CHECK_SECONDS = 0.02
"""How long what was read counts as current before the store is asked whether it changed."""

KEPT_RULES = 100
"""Sets of rules whose decisions are kept; a Data Table over a threshold makes one per value."""

WANTED_AT_ONCE = 50
"""Symbols that one what-if may put on the wanted list, which holds no more."""

NO_SOURCE = "No source is chosen, so there is nothing to read."
NO_SOURCE_FIX = (
    "Choose one: `vrp-xl source sample` for the sample market, `vrp-xl source cboe` (free) or "
    "`vrp-xl source flashalpha` for live data."
)


def utc_now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


def _place() -> tuple[int, int] | None:
    """Which file lies at the store's place; None where there is none."""
    try:
        stat = settings.store_path().stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


class Desk(NamedTuple):
    """The rules and the source that a formula works with."""

    rules: Rules
    source: str | None


class Reader:
    """Reads for formulas; one per process."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self.clock = clock
        self._home = ""
        self._checked = -1.0
        self._stamp = -1
        self._seen: object = None
        self._store: Store | None = None
        self._opened: tuple[int, int] | None = None
        self._desk = Desk(STANDARD, None)
        self._desk_error: VrpError | None = None
        self._snapshots: dict[tuple[str, str], Snapshot | None] = {}
        self._newest: dict[str, datetime] = {}
        self._decisions: dict[tuple[str, str, int], Decision] = {}
        self._rows: dict[tuple[str, str, int], Row] = {}
        self._what_ifs: dict[tuple[str, int, tuple[str, ...]], Names] = {}
        self._journal: dict[tuple[Any, ...], list[list[Any]]] = {}
        self._kept_rules: dict[int, Rules] = {}
        self._asked: set[tuple[str, str]] = set()
        self._sample_day: date | None = None
        self.today = clock().astimezone(calendar.NEW_YORK).date()
        self.generation = 0
        """Changes whenever something that was read may have changed."""

    def _now(self) -> datetime:
        """The time by the clock in force, which the store goes by as well."""
        return self.clock()

    def close(self) -> None:
        """Lets go of the store."""
        if self._store is not None:
            self._store.close()
        generation = self.generation
        self.__init__(self.clock)  # type: ignore[misc]
        self.generation = generation + 1

    def check(self) -> None:
        """Forgets what was read where something has changed since."""
        now = time.monotonic()
        home = os.environ.get(settings.HOME_VARIABLE, "")
        stamp = changes.stamp()
        same = home == self._home and stamp == self._stamp
        if same and now - self._checked < CHECK_SECONDS:
            return
        self._checked, self._stamp = now, stamp
        if home != self._home or (self._store is not None and _place() != self._opened):
            # Another home; or another program has set a damaged file aside and made a new one.
            if self._store is not None:
                self._store.close()
            self._store, self._home, self._seen = None, home, None
            self._sample_day = None
            self._asked.clear()
        today = self.clock().astimezone(calendar.NEW_YORK).date()
        seen = (self._store_version(), settings.version(), today)
        if seen != self._seen:
            self._seen = seen
            self.today = today
            self.generation += 1
            self._forget()
            self._read_desk()

    def _store_version(self) -> int:
        try:
            if self._store is None and not settings.store_path().exists():
                return -1
            return self.store().revision()
        except StoreError:
            return -2  # said where something is read from it: mathematics needs no store

    def _read_desk(self) -> None:
        self._desk_error = None
        try:
            rules = desk.rules_in_force().rules
            self._desk = Desk(rules, settings.chosen_source())
        except VrpError as error:
            self._desk_error = error

    def desk(self) -> Desk:
        """The saved rules and the chosen source.

        Raises:
            VrpError: the rules file or the settings cannot be read.
        """
        self.check()
        if self._desk_error is not None:
            raise self._desk_error
        return self._desk

    def store(self) -> Store:
        """The user's store.

        Raises:
            StoreError: it cannot be opened.
        """
        if self._store is None:
            self._store = desk.open_store(self._now)
            self._opened = _place()
        return self._store

    def source(self, where: Desk) -> str:
        """The source to read.

        Raises:
            MissingError: none is chosen.
        """
        if where.source is None:
            raise MissingError(NO_SOURCE, NO_SOURCE_FIX)
        if where.source == "sample":
            self._fill_sample()
        return where.source

    def _fill_sample(self) -> None:
        """Puts today's sample market into the store, where it is not there yet."""
        day = calendar.trading_day(self.clock())
        if self._sample_day == day:
            return
        from vrp_xl.sources.sample.names import SYMBOLS  # noqa: PLC0415

        store = self.store()
        stored = store.latest_many("sample", SYMBOLS)
        if any(s not in stored or calendar.trading_day(stored[s].as_of) < day for s in SYMBOLS):
            from vrp_xl.workflow.refresh import refresh  # noqa: PLC0415

            opened = desk.open_source("sample", self.clock())
            refresh(opened.source, store, SYMBOLS, clock=self.clock)
            opened.source.close()
            from vrp_xl.workflow.journal import keep_sample  # noqa: PLC0415

            keep_sample(store, SYMBOLS, self._desk.rules, self.clock())
            self._forget()
        self._sample_day = day

    def _forget(self) -> None:
        self._snapshots.clear()
        self._newest.clear()
        self._journal.clear()
        self._forget_decisions()

    def _forget_decisions(self) -> None:
        self._decisions.clear()
        self._rows.clear()
        self._what_ifs.clear()
        self._kept_rules.clear()

    def _keep(self, rules: Rules) -> None:
        """Keeps `rules` while something is stored under their identity."""
        if id(rules) not in self._kept_rules:
            if len(self._kept_rules) >= KEPT_RULES:
                self._forget_decisions()
            self._kept_rules[id(rules)] = rules

    def snapshot(self, symbol: str, where: Desk) -> Snapshot:
        """What is stored for `symbol`.

        Raises:
            MissingError: nothing; the sentence says what to do, and the symbol is wanted now.
        """
        self.check()
        source = self.source(where)
        key = (source, symbol)
        if key in self._snapshots:
            found = self._snapshots[key]
        else:
            found = self._snapshots[key] = self.store().latest(source, symbol)
        if found is None:
            self._want(source, symbol)
            raise MissingError(*self.why_missing(source, symbol))
        return found

    def _snapshots_of(self, source: str, symbols: list[str]) -> dict[str, Snapshot]:
        """What is stored of `symbols`, in one read of those that were not read yet."""
        new = [s for s in dict.fromkeys(symbols) if (source, s) not in self._snapshots]
        if new:
            read = self.store().latest_many(source, new)
            self._snapshots.update({(source, s): read.get(s) for s in new})
        known = ((s, self._snapshots[source, s]) for s in dict.fromkeys(symbols))
        return {symbol: snapshot for symbol, snapshot in known if snapshot is not None}

    def why_missing(self, source: str, symbol: str) -> tuple[str, str]:
        """Why `symbol` has no figures, and what to do."""
        if source == "sample":
            from vrp_xl.sources.sample.names import SYMBOLS  # noqa: PLC0415

            names = ", ".join(SYMBOLS)
            return (
                f"{symbol} is not in the sample market, which holds {names}.",
                "Choose a real source for other names: `vrp-xl source` compares them.",
            )
        if source == "cboe":
            from vrp_xl import consent  # noqa: PLC0415

            if consent.given() is None:
                return f"Nothing is stored for {symbol}: the source cboe is off.", consent.FIX
        return (
            f"Nothing is stored for {symbol} from {source}.",
            f"It is wanted now: `vrp-xl refresh --wanted`, or `vrp-xl refresh {symbol}`.",
        )

    def _want(self, source: str, symbol: str) -> None:
        """Notes once per process that a formula asked for `symbol`."""
        if source == "sample" or (source, symbol) in self._asked:
            return
        self._asked.add((source, symbol))
        try:
            self.store().add_wanted(source, symbol)
        except StoreError:
            return  # a store that cannot be written still answers formulas

    def decision(self, symbol: str, where: Desk) -> Decision:
        """The decision for `symbol` under the desk's rules.

        Raises:
            MissingError: nothing is stored for it.
        """
        self.check()
        key = (where.source or "", symbol, id(where.rules))
        found = self._decisions.get(key)
        if found is None:
            snapshot = self.snapshot(symbol, where)
            found = decide(snapshot, where.rules, today=self.today)
            self._keep(where.rules)
            self._decisions[key] = found
        return found

    def row(self, symbol: str, where: Desk) -> Row:
        """The row of a scan for `symbol`.

        Raises:
            MissingError: nothing is stored for it.
        """
        from vrp_xl.workflow.scan import row_of  # noqa: PLC0415

        snapshot = self.snapshot(symbol, where)
        key = (where.source or "", symbol, id(where.rules))
        found = self._rows.get(key)
        if found is None:
            moment = self.clock()
            found = row_of(self.store(), snapshot, where.rules, moment, self.today)
            self._keep(where.rules)
            self._rows[key] = found
        return found

    def names(self, where: Desk) -> list[str]:
        """The watchlist; of the sample market all that is stored while the list is the default.

        Raises:
            MissingError: no source is chosen.
        """
        source = self.source(where)
        store = self.store()
        if source == "sample" and store.watchlist_is_default():
            return store.symbols(source)
        return [watched.symbol for watched in store.watchlist()]

    def order(self, symbols: list[str], where: Desk) -> list[int]:
        """Where each of `symbols` stands in a scan: candidates first, z descending."""
        from vrp_xl.workflow.scan import row_order  # noqa: PLC0415

        def key(i: int) -> tuple[bool, tuple[bool, bool, float, str]]:
            try:
                return (False, row_order(self.row(symbols[i], where)))
            except MissingError:
                return (True, (True, True, 0.0, symbols[i]))

        return sorted(range(len(symbols)), key=key)

    def past(self, symbol: str, field: str, day: date, where: Desk) -> Any:
        """A field as it was on `day`, or on the last day before it that is stored.

        Raises:
            MissingError: nothing is stored so far back; the sentence says what is.
        """
        from vrp_xl.workflow import fields  # noqa: PLC0415
        from vrp_xl.workflow.scan import row_of  # noqa: PLC0415

        current = self.snapshot(symbol, where)
        store, source = self.store(), self.source(where)
        after = day + timedelta(days=1)
        snapshot = store.previous(source, symbol, after)
        if snapshot is not None:
            row = row_of(store, snapshot, where.rules, self.clock(), self.today)
            return fields.of_row(row, field)
        series = "close" if field == "spot" else field
        rows = store.series(source, symbol, series, before=after, limit=1)
        if rows:
            return rows[0][1]
        first = store.series(source, symbol, series)
        since = f"; its history begins on {first[0][0]}" if first else ""
        raise MissingError(f"No {field} of {current.symbol} is stored for {day} or before{since}.")

    def history(self, symbol: str, field: str, days: int, where: Desk) -> list[tuple[date, float]]:
        """The newest `days` of a stored series, oldest first.

        Raises:
            MissingError: that series has no history.
        """
        from vrp_xl.workflow import fields  # noqa: PLC0415

        self.check()
        source = self.source(where)
        word = field.strip().lower()
        series = "close" if word in ("close", "spot", "price") else fields.find(word)
        rows = self.store().series(source, symbol, series, limit=days)
        if not rows:
            self.snapshot(symbol, where)
            raise MissingError(
                f"{symbol} has no stored history of {series}.",
                f"vrp-xl history import FILE --symbol {symbol} --field {series}",
            )
        return rows

    def newest(self, where: Desk) -> datetime:
        """Time of the newest figures of the source.

        Raises:
            MissingError: nothing is stored.
        """
        self.check()
        source = self.source(where)
        if source not in self._newest:
            stored = self.store().latest_many(source)
            if not stored:
                raise MissingError(f"Nothing is stored from {source}.", "Run: vrp-xl refresh")
            self._newest[source] = max(snapshot.as_of for snapshot in stored.values())
        return self._newest[source]

    def kept_scans(self, rows: int, where: Desk) -> list[list[Any]]:
        """The newest scans of the journal, as `vrp_xl.workflow.lookback.scan_rows` gives them.

        Raises:
            MissingError: none is kept.
        """
        from vrp_xl.workflow.lookback import scan_rows  # noqa: PLC0415

        self.check()
        source = self.source(where)
        key = (source, rows)
        if key not in self._journal:
            self._journal[key] = scan_rows(self.store(), source, rows)
        return self._journal[key] or self._no_scan(source)

    def kept_names(self, symbol: str | None, rows: int, where: Desk) -> list[list[Any]]:
        """What kept scans said of a name, or of their candidates, and what followed.

        Raises:
            MissingError: no scan holds it.
        """
        from vrp_xl.workflow.lookback import name_rows  # noqa: PLC0415

        self.check()
        source = self.source(where)
        key = (source, symbol, rows)
        if key not in self._journal:
            self._journal[key] = name_rows(self.store(), source, symbol, rows)
        return self._journal[key] or self._no_scan(source, symbol)

    def _no_scan(self, source: str, symbol: str | None = None) -> list[list[Any]]:
        of = f" with {symbol}" if symbol else ""
        raise MissingError(
            f"The journal holds no scan{of} of the source {source} yet.",
            "Every refresh of the watchlist is kept: press Refresh, or run vrp-xl scan.",
        )

    def quota_words(self, where: Desk) -> str:
        """Plan and what is left of today's requests, in words."""
        self.check()
        source = self.source(where)
        if source == "sample":
            return "sample market: no requests"
        if source == "folder":
            return "your own files: no requests"
        if source == "cboe":
            return self._cboe_words()
        key = settings.find_key()
        account = settings.account_fingerprint(key.value) if key else ""
        quota = self.store().quota(source, account)
        plan = quota.plan or "plan not known"
        if quota.unlimited:
            return f"{plan}: unlimited"
        if quota.remaining is None:
            return f"{plan}: what is left today is not known yet"
        return f"{plan}: {quota.remaining} of {quota.limit} left today"

    def _cboe_words(self) -> str:
        from vrp_xl import consent  # noqa: PLC0415

        if consent.given() is None:
            return "cboe: off until you agree to its terms (vrp-xl source cboe)"
        latched = self.store().latch("cboe", "")
        return latched.why if latched is not None else "cboe: no quota, 15 minutes delayed"

    def what_if(self, symbols: list[str], where: Desk) -> Names:
        """The names of a what-if, decided once and kept while nothing changes."""
        from vrp_xl.workflow import what_if  # noqa: PLC0415

        self.check()
        source = self.source(where)
        key = (source, id(where.rules), tuple(symbols))
        found = self._what_ifs.get(key)
        if found is None:
            snapshots = self._snapshots_of(source, symbols)
            listed = [snapshots[s] for s in symbols if s in snapshots]
            lacking = [s for s in dict.fromkeys(symbols) if s not in snapshots]
            for symbol in lacking[:WANTED_AT_ONCE]:
                self._want(source, symbol)

            def outcomes() -> dict[str, float | None]:
                from vrp_xl.core.followed import RETURNS  # noqa: PLC0415
                from vrp_xl.core.splits import suspected_words  # noqa: PLC0415
                from vrp_xl.definition import LAST  # noqa: PLC0415
                from vrp_xl.workflow.mean_outcomes import mean_outcomes  # noqa: PLC0415

                names = (snapshot.symbol for snapshot in listed)
                found = mean_outcomes(self.store(), source, names, RETURNS)
                for name, day in found.doubtful.items():
                    LAST.function = "VRP_WHATIF"
                    LAST.words = f"{name}: {suspected_words(day)}; no outcome reaches over it"
                return found.means

            found = what_if.names_of(listed, where.rules, today=self.today, outcomes=outcomes)
            self._keep(where.rules)
            self._what_ifs[key] = found
        return found


READER = Reader()
"""The reader of this process."""
