"""Cboe's delayed quotes over the network: the free documents behind its quote pages.

Per symbol the option chain, and its daily prices where the store lacks some; for symbols with an
index of implied volatility also that index's level and, where the store lacks it, its history,
each once for all names that share it. No key and no quota. The user has said yes to the terms
(checked before every request), requests are spaced, and nothing is asked again before it can have
changed. What a chain says is computed as for saved files (`chain_figures`, `assembly`).

May not touch the store or the settings; the network only by `vrp_xl.sources.http`.
"""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import Future
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import numpy as np

from vrp_xl.core import calendar
from vrp_xl.core.iv_index import IV_INDEX
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import finite
from vrp_xl.errors import (
    BadAnswerError,
    ClosedError,
    QuotaError,
    ServiceError,
    UnknownSymbolError,
    VrpError,
)
from vrp_xl.sources.assembly import CLOSES_KEPT, assemble
from vrp_xl.sources.base import RECENT_DAYS, Call, Fetched, Known, Observation, WithoutPlan
from vrp_xl.sources.cboe_files import PriceFile, read_bytes, symbol_of_root
from vrp_xl.sources.chain_figures import chain_snapshot, window_rules
from vrp_xl.sources.http import HttpClient, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.errors import SourceError
    from vrp_xl.sources.cboe_files import Session

BASE_URL = "https://cdn.cboe.com"

DELAY = timedelta(minutes=15)
"""The quotes are so old when they appear; asking again within it brings nothing new."""
FINAL_AFTER = timedelta(minutes=30)
"""So long after the session's close the last quotes are out: index options trade 15 minutes longer,
and everything is delayed by 15."""
RATE = 4.0
"""Requests a second. A person who opens one quote page causes more; a watchlist of ten takes three
seconds, a thousand names some minutes."""
TOTAL_TIME = 30.0
"""Seconds that one document may take with all attempts."""
LARGEST = 64 * 1024 * 1024
"""Bytes of one document; the chain of SPX has about 12 million."""
GIVE_UP_AFTER = 3
"""So many refusals (403) while nothing was served mean that the address is closed to us."""
REFUSED_IN_A_ROW = 20
"""So many one after another mean it also where something was served before."""
BARS_KEPT = 45
"""Days whose open, high and low are kept, for the volatility from ranges."""
BARS_USED, BAR_GAPS = 31, 2
"""Days that those figures look at, and how many bars may be missing among them. A chain that is
fetched during the session tells a bar that is not whole; so who scans in the morning only needs the
long history every third day."""
INDEX_GAPS = 3
"""Days that the history of an IV index may lack: it has holidays of its own."""

CHAIN, HISTORY, QUOTE = "chain", "history", "quote"
_BAR = ("open", "high", "low")
_PATHS = {
    CHAIN: "/api/global/delayed_quotes/options/{}.json",
    HISTORY: "/api/global/delayed_quotes/charts/historical/{}.json",
    QUOTE: "/api/global/delayed_quotes/quotes/{}.json",
}
_WORDS = {CHAIN: "option chain", HISTORY: "price history", QUOTE: "quote"}

_INDEX_NAMES = "SPX NDX XND RUT MRUT DJX XSP VIX OEX XEO RUI RLG RLV SIXM NQX SPESG"
_INDICES = frozenset([*_INDEX_NAMES.split(), *IV_INDEX.values()])
"""Symbols that the addresses write with a leading underscore."""


class Cboe(WithoutPlan):
    """The `Source` of Cboe's delayed quotes. `get` may be called from several threads at once."""

    name = "cboe"

    def __init__(
        self,
        *,
        require: Callable[[], None],
        base_url: str = BASE_URL,
        sample: bool = False,
        user_agent: str | None = None,
        rate: float | None = RATE,
        workers: int = 8,
        read_timeout: float = 10.0,
        rules: Rules = STANDARD,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Opens nothing and asks for nothing yet.

        Args:
            require: raises `ConsentError` while the user has not said yes to the terms.
            base_url: https, or http to this machine alone.
            sample: whether what comes is a trial's, and not Cboe's.
            user_agent: how we name ourselves; None is this project and its version.
            rate: requests a second at most; None is without a limit, for this machine alone.
            workers: how many requests may run at once.
            read_timeout: seconds of silence that end an attempt.
            rules: the traded window of expiries (``dte_min`` to ``dte_max``).
            clock: the time, UTC.

        Raises:
            InputError: `base_url` or `user_agent` cannot be used.
        """
        self.workers = workers
        self.sample = sample
        self.pace = "no quota" if rate is None else f"no quota, at most {rate:g} a second"
        self._http = HttpClient(
            base_url, user_agent=user_agent, workers=workers, read_timeout=read_timeout,
            total_time=TOTAL_TIME, max_body=LARGEST,
        )  # fmt: skip
        self._require = require
        self._throttle = _Throttle(rate)
        self._window = (rules.dte_min, rules.dte_max)
        self._clock = clock
        self._lock = threading.Lock()
        self._known = Known()
        self._days: tuple[date, ...] = ()
        """Trading days that should be stored: all but today and the one before, which come with the
        quotes."""
        self._due: dict[str, bool] = {}
        self._index_due: dict[str, bool] = {}
        self._shared: dict[str, Future[Mapping[str, Any]]] = {}
        self._served: set[str] = set()
        self._refused: dict[str, int] = {}
        self._asking: dict[str, set[object]] = {}
        """Kind of document -> requests under way."""
        self._awaited: dict[str, frozenset[object]] = {}
        """Kind -> requests that were under way when so many were refused: one may be served yet."""
        self._closed: ClosedError | None = None
        self._rests: QuotaError | None = None

    # What is asked for

    def prepare(self, known: Known) -> Sequence[Call]:
        """Takes what the store knows; there is no account to ask for.

        Raises:
            ConsentError: the user has not said yes to the terms.
        """
        self._require()
        self._known = known
        self._due = {}
        self._index_due = {}
        self._shared = {}
        before = calendar.previous_trading_day(calendar.trading_day(self._clock()))
        self._days = tuple(calendar.recent_trading_days(before, RECENT_DAYS + 1)[:-1])
        return ()

    def current(self, symbol: str) -> bool:
        """Whether what is stored of `symbol` cannot be bettered by asking now.

        So it is within 15 minutes of the last time, and from half an hour after the close until the
        next session where it was fetched after that. Not where the traded window is another by now:
        its levels need the chain, which is not kept.
        """
        stored = self._known.stored.get(symbol)
        if stored is None:
            return False
        window = window_rules(self._window)
        if any(stored.made_by.get(name, value) != value for name, value in window.items()):
            return False
        now = self._clock()
        if timedelta(0) <= now - stored.fetched_at < DELAY:
            return True
        close = calendar.session_close(calendar.trading_day(now))
        if now < close + FINAL_AFTER or stored.as_of < close:
            return False
        return close + FINAL_AFTER <= stored.fetched_at <= now and not self._history_due(symbol)

    def calls(self, symbol: str) -> Sequence[Call]:
        """The chain, and what its figures lack of daily prices and of the IV index."""
        symbol = symbol.upper()
        wanted = [Call(CHAIN, symbol)]
        if self._history_due(symbol):
            wanted.append(Call(HISTORY, symbol, optional=True))
        index = IV_INDEX.get(symbol)
        if index is not None:
            due = self._lacks(index) or self._unsettled(symbol)
            if due and (f"{HISTORY}:{index}", symbol) not in self._done():
                wanted.append(Call(f"{HISTORY}:{index}", symbol, optional=True))
            if (f"{QUOTE}:{index}", symbol) not in self._done():
                wanted.append(Call(f"{QUOTE}:{index}", symbol, optional=True))
        return wanted

    def rests_until(self, call: Call) -> datetime | None:
        """A history is asked for once per trading day at most; a quote each time."""
        now = self._clock()
        if call.endpoint.partition(":")[0] != HISTORY:
            return now
        return calendar.session_start(calendar.next_trading_day(calendar.trading_day(now)))

    def _done(self) -> frozenset[tuple[str, str]]:
        return self._known.optional_done

    def _history_due(self, symbol: str) -> bool:
        """Whether the store lacks days that only the history has.

        A chain tells today's close and the one before; so a store that is refreshed every day
        never needs the history again.
        """
        if (HISTORY, symbol) in self._done():
            return False
        if symbol not in self._due:
            self._due[symbol] = (
                self._known.recent_days.get(symbol, 0) < RECENT_DAYS
                or self._unsettled(symbol)
                or self._lacks_bars(symbol)
            )
        return self._due[symbol]

    def _lacks_bars(self, symbol: str) -> bool:
        stored = {day for day, _ in self._known.past(symbol, "high")}
        return sum(day not in stored for day in self._days[-BARS_USED:]) > BAR_GAPS

    def _unsettled(self, symbol: str) -> bool:
        """Whether the last close that is stored is a price of during the session for good."""
        stored = self._known.stored.get(symbol)
        if stored is None or not self._days:
            return False
        day = calendar.trading_day(stored.as_of)
        return day <= self._days[-1] and stored.as_of < calendar.session_close(day)

    def _lacks(self, index: str) -> bool:
        if index not in self._index_due:
            stored = {day for day, _ in self._known.past(index, "close")}
            gaps = sum(day not in stored for day in self._days)
            newest = bool(self._days) and self._days[-1] not in stored
            self._index_due[index] = newest or gaps > INDEX_GAPS
        return self._index_due[index]

    # Asking

    def get(self, call: Call) -> Mapping[str, Any]:
        """Asks for one document and reads it.

        The document of an index is asked for once, whoever wants it.

        Raises:
            ConsentError: the user has not said yes, or has taken it back.
            SourceError: `ClosedError`, `QuotaError`, `UnknownSymbolError`, `ServiceError` or one of
                its kinds.
        """
        kind, _, index = call.endpoint.partition(":")
        symbol = call.symbol.upper()
        if not index:
            return self._fetched(kind, symbol)
        with self._lock:
            running = self._shared.get(call.endpoint)
            mine: Future[Mapping[str, Any]] = Future()
            if running is None:
                self._shared[call.endpoint] = mine
        if running is not None:
            return running.result()
        try:
            answer = self._fetched(kind, index)
        except BaseException as error:
            mine.set_exception(error)
            raise
        mine.set_result(answer)
        return answer

    def _fetched(self, kind: str, symbol: str) -> Mapping[str, Any]:
        path = _path(kind, symbol)
        self._refuse_early(kind, symbol)
        self._throttle.wait()
        self._refuse_early(kind, symbol)
        answer = self._answer(kind, path)
        if not 200 <= answer.status < 300:
            raise self._refusal(kind, symbol, answer)
        with self._lock:
            self._served.add(kind)
            self._refused.pop(kind, None)
            self._awaited.pop(kind, None)
        if kind == QUOTE:
            return {"quote": _Quote.read(answer.body, symbol)}
        now = self._clock()
        words = _WORDS[kind]
        read = read_bytes(answer.body, name=f"Cboe's {words}", now=now, newest=CLOSES_KEPT)
        if kind == HISTORY and read.prices is not None:
            return {"prices": read.prices}
        if kind == CHAIN and read.chain is not None:
            if read.chain.symbol != symbol:
                raise BadAnswerError(
                    f"Cboe's answer for {symbol} is the {words} of {read.chain.symbol}.",
                    f"Ask for {read.chain.symbol}.",
                )
            snapshot = chain_snapshot(
                read.chain, source=self.name, name="Cboe's delayed quotes", now=now,
                window=self._window,
            ).replace(sample=self.sample)  # fmt: skip
            return {"snapshot": _with_delay(snapshot), "session": read.session}
        why = read.problems[0].why if read.problems else f"it is no {words}"
        raise BadAnswerError(
            f"Cboe's {words} of {symbol} cannot be used: {why}.", "Try again later."
        )

    def _answer(self, kind: str, path: str) -> Response:
        mine = object()
        with self._lock:
            self._asking.setdefault(kind, set()).add(mine)
        try:
            return self._http.get_bytes(path)
        finally:
            with self._lock:
                self._asking[kind].discard(mine)

    def _hopeless(self, kind: str) -> bool:
        """Whether so much was refused, and nothing served, that it is of no use to ask on.

        Not while a request is under way that was begun before: refusals are small and overtake
        documents.
        """
        most = REFUSED_IN_A_ROW if kind in self._served else GIVE_UP_AFTER
        if self._refused.get(kind, 0) < most:
            return False
        asking = self._asking.get(kind, set())
        return not self._awaited.setdefault(kind, frozenset(asking)) & asking

    def _refuse_early(self, kind: str, symbol: str) -> None:
        """Raises what an answer would be bound to say, without a request."""
        self._require()
        if self._closed is not None:
            raise self._closed
        rests = self._rests
        if rests is not None and rests.until is not None and self._clock() < rests.until:
            raise rests
        with self._lock:
            hopeless = kind not in self._served and self._hopeless(kind)
        if hopeless:
            raise UnknownSymbolError(
                f"Cboe's {_WORDS[kind]} of {symbol} was not asked for: others' were refused."
            )

    def _refusal(self, kind: str, symbol: str, answer: Response) -> SourceError:
        """What a status other than success means."""
        words, status = _WORDS[kind], answer.status
        if status == 404:
            return UnknownSymbolError(
                f"Cboe has no {words} of {symbol}.", "Check its spelling; BRK.B is written so."
            )
        if status == 429:
            rest = max(_seconds(answer.headers.get("retry-after")), DELAY.total_seconds())
            until = self._clock() + timedelta(seconds=rest)
            self._rests = QuotaError(
                f"Cboe asks for fewer requests (429); none is made before {until:%H:%M} UTC.",
                "What is stored stays.",
                until=until,
            )
            return self._rests
        if status in {401, 403}:
            return self._forbidden(kind, symbol, status)
        told = "its server is in trouble" if status >= 500 else "nothing that we know"
        return ServiceError(
            f"Cboe answered with status {status} for the {words} of {symbol}: {told}.",
            "Try again later.",
        )

    def _forbidden(self, kind: str, symbol: str, status: int) -> SourceError:
        words = _WORDS[kind]
        with self._lock:
            self._refused[kind] = self._refused.get(kind, 0) + 1
            if self._hopeless(kind) and kind == CHAIN:
                self._closed = ClosedError(
                    f"Cboe refuses whatever is asked ({status}): the address is closed to this "
                    "network or to programs.",
                    "Nothing more was asked. Save the files by hand (source folder), or give "
                    "another User-Agent: vrp-xl source cboe --user-agent TEXT",
                )
                return self._closed
        why = f"Cboe refused the {words} of {symbol} ({status})"
        if kind != CHAIN:
            return UnknownSymbolError(f"{why}: it has none, or that address is closed.")
        return ServiceError(
            f"{why}: it has none, or the address is closed.", "Check the symbol's spelling."
        )

    # What came

    def assemble(
        self,
        symbol: str,
        answers: Mapping[str, Mapping[str, Any]],
        failed: Mapping[str, SourceError],
    ) -> Fetched:
        """Makes the record of `symbol` from its chain, its daily prices and its IV index.

        Without prices the record stays, and says what is missing and why.

        Raises:
            SourceError: the chain did not come.
        """
        symbol = symbol.upper()
        if CHAIN not in answers:
            raise failed.get(CHAIN) or BadAnswerError(f"Cboe gave no option chain of {symbol}.")
        snapshot: Snapshot = answers[CHAIN]["snapshot"]
        day = calendar.trading_day(snapshot.as_of)
        prices = _Series(self._known.past, symbol, day)
        prices.add_prices(answers.get(HISTORY, {}).get("prices"))
        prices.add_session(snapshot, answers[CHAIN]["session"])
        index = IV_INDEX.get(symbol, "")
        levels = _Series(self._known.past, index, day)
        levels.add_prices(answers.get(f"{HISTORY}:{index}", {}).get("prices"))
        level: _Quote | None = answers.get(f"{QUOTE}:{index}", {}).get("quote")
        for when, value in level.days() if level is not None else ():
            levels.add(when, value, settled=True)
        past = {
            name: [dated for dated in self._known.past(symbol, name) if dated[0] < day]
            for name in ("atm_iv", "vrp_20d")
        }
        notes = [error.why for endpoint, error in failed.items() if endpoint != CHAIN]
        if notes:
            snapshot = snapshot.replace(warnings=(*snapshot.warnings, *notes))
        made = assemble([snapshot], prices.file(), levels.file(), known=past)
        kept = {("close", when): value for when, value in prices.stored.items()}
        kept |= {(name, when): value for name, dated in past.items() for when, value in dated}
        new = [o for o in made.observations if kept.get((o.series, o.day)) != o.value]
        return Fetched(
            made.snapshot,
            (*new, *prices.new_bars()),
            related={index: levels.new_closes()} if index else {},
        )

    def close(self) -> None:
        """Lets go of the connections; who waits for its turn gives up."""
        self._throttle.close()
        self._http.close()


def _path(kind: str, symbol: str) -> str:
    """The address of a document.

    Raises:
        UnknownSymbolError: Cboe knows the symbol by another name, or it is none.
    """
    bare = symbol.lstrip("^_")
    known = symbol_of_root(bare)
    if bare != symbol or known != symbol:
        raise UnknownSymbolError(f"Cboe's {symbol} is asked for as {known}.", f"Ask for {known}.")
    if not any(c.isalnum() for c in symbol):
        raise UnknownSymbolError("What was asked for is no symbol.", "Check its spelling.")
    name = f"_{symbol}" if symbol in _INDICES else symbol
    return _PATHS[kind].format(quote(name, safe=""))


def _seconds(text: str | None) -> float:
    """A ``Retry-After`` in seconds, at most a day; 0 where it is none."""
    try:
        number = finite(float(text or ""))
    except ValueError:
        return 0.0
    return min(max(number or 0.0, 0.0), 86400.0)


def _with_delay(snapshot: Snapshot) -> Snapshot:
    if not calendar.session_open(snapshot.as_of):
        return snapshot
    start = calendar.session_start(calendar.trading_day(snapshot.as_of))
    if snapshot.as_of - start >= DELAY:
        return snapshot
    words = "the session has just begun and quotes are 15 minutes delayed: these are from before it"
    return snapshot.replace(warnings=(*snapshot.warnings, words))


class _Throttle:
    """Lets callers pass one after another, so many a second."""

    def __init__(self, rate: float | None) -> None:
        self._pause = 0.0 if rate is None else 1.0 / rate
        self._lock = threading.Lock()
        self._next = 0.0
        self._closed = threading.Event()

    def wait(self) -> None:
        """Returns when it is the caller's turn.

        Raises:
            ServiceError: the source was closed meanwhile.
        """
        if not self._pause:
            return
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._pause
        if self._closed.wait(max(turn - time.monotonic(), 0.0)):
            raise ServiceError("The refresh has ended; this was not asked for any more.")

    def close(self) -> None:
        """Ends every wait."""
        self._closed.set()


class _Quote(NamedTuple):
    """The level of an index at its last trade, and at the close of the day before."""

    when: datetime
    """New York time."""
    level: float | None
    before: float | None

    @classmethod
    def read(cls, body: bytes, symbol: str) -> _Quote:
        """Reads a quote document.

        Raises:
            BadAnswerError: it is none.
        """
        try:
            found = json.loads(body)
            data = found["data"]
            when = datetime.fromisoformat(str(data["last_trade_time"]))
            level, before = finite(data.get("current_price")), finite(data.get("prev_day_close"))
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            raise BadAnswerError(
                f"Cboe's quote of {symbol} cannot be used: it has no data with a last_trade_time.",
                "Try again later.",
            ) from None
        when = when.replace(tzinfo=calendar.NEW_YORK) if when.tzinfo is None else when
        return cls(when.astimezone(calendar.NEW_YORK), level, before)

    def days(self) -> list[tuple[date, float]]:
        """What it says of which trading day; a level of before the open belongs to none."""
        found = []
        try:
            today = self.when.date()
            if self.before is not None and self.before > 0 and calendar.is_trading_day(today):
                found.append((calendar.previous_trading_day(today), self.before))
            if (
                self.level is not None
                and self.level > 0
                and (calendar.trading_day(self.when) == today)
            ):
                found.append((today, self.level))
        except VrpError:  # outside the years of the calendar
            return []
        return found


class _Series:
    """Daily prices of one symbol: what is stored of before `day`, and what came."""

    def __init__(
        self, past: Callable[[str, str], Sequence[tuple[date, float]]], symbol: str, day: date
    ) -> None:
        def before(series: str) -> dict[date, float]:
            known = past(symbol, series) if symbol else ()
            return {when: value for when, value in known if when < day}

        self.stored = before("close")
        self._bars = {name: before(name) for name in _BAR}
        self._rows: dict[date, list[float]] = {
            when: [close, *(self._bars[name].get(when, np.nan) for name in _BAR)]
            for when, close in self.stored.items()
        }
        self._open: set[date] = set()
        """Days whose prices may still change."""

    def add_prices(self, file: PriceFile | None) -> None:
        """Takes a whole history: where it has a day, it counts."""
        if file is None:
            return
        columns = (file.close, file.open, file.high, file.low)
        for ordinal, *row in zip(file.day.tolist(), *(c.tolist() for c in columns), strict=True):
            self._rows[date.fromordinal(ordinal)] = row
        self._came = set(map(date.fromordinal, file.day.tolist()))

    _came: frozenset[date] | set[date] = frozenset()
    """Days of the history that came."""

    def add(
        self, day: date, close: float, bar: Sequence[float | None] = (), *, settled: bool
    ) -> None:
        """Takes the prices of one day, unless the history that came has it."""
        if day in self._came:
            return
        known = self._rows.get(day, [np.nan] * 4)[1:]
        if bar:
            known = [np.nan if price is None else price for price in bar]
        self._rows[day] = [close, *known]
        if not settled:
            self._open.add(day)

    def add_session(self, snapshot: Snapshot, session: Session | None) -> None:
        """Takes what a chain tells of its underlying.

        Before the open nobody knows which day its "day before" is; then only spot is taken.
        """
        day = calendar.trading_day(snapshot.as_of)
        today = snapshot.as_of.astimezone(calendar.NEW_YORK).date() == day
        if session is not None and today and session.close_before is not None:
            self.add(calendar.previous_trading_day(day), session.close_before, settled=True)
        if snapshot.spot is not None:
            bar = session[:3] if session is not None and today else ()
            over = snapshot.as_of >= calendar.session_close(day)
            self.add(day, snapshot.spot, bar, settled=over)

    def file(self) -> PriceFile | None:
        """All of it, oldest first; None where there is nothing."""
        if not self._rows:
            return None
        days = sorted(self._rows)
        close, opened, high, low = np.array([self._rows[day] for day in days], np.float64).T
        ordinals = np.array([day.toordinal() for day in days], np.int64)
        return PriceFile(None, ordinals, close, opened, high, low)

    def new_closes(self) -> tuple[Observation, ...]:
        """What is not stored yet or is said anew, as the series ``close``."""
        return tuple(
            Observation("close", day, self._rows[day][0])
            for day in sorted(self._rows)[-CLOSES_KEPT:]
            if self.stored.get(day) != self._rows[day][0]
        )

    def new_bars(self) -> tuple[Observation, ...]:
        """The newest days' open, high and low that are whole, final and not stored yet."""
        found = []
        for day in sorted(self._rows)[-BARS_KEPT:]:
            bar = self._rows[day][1:]
            if day in self._open or not all(map(np.isfinite, bar)):
                continue
            for name, price in zip(_BAR, bar, strict=True):
                if self._bars[name].get(day) != price:
                    found.append(Observation(name, day, price))
        return tuple(found)
