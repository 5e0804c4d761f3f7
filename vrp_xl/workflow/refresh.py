"""Refreshes the store from a source, and says beforehand what that will cost.

Worker threads make the calls and nothing else; the calling thread alone asks the source what to
call, assembles the answers and writes the store. What came while it was busy goes into one
transaction, so that a kill loses at most what came in the last moment. May not import hosts or any
particular source.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vrp_xl.core import history
from vrp_xl.core.calendar import previous_trading_day, recent_trading_days, trading_day
from vrp_xl.core.rules import STANDARD
from vrp_xl.errors import (
    BadAnswerError,
    ClosedError,
    KeyRefusedError,
    PlanError,
    QuotaError,
    SourceError,
    StoreError,
    SymbolNotCoveredError,
    UnknownSymbolError,
    UnreachableError,
)
from vrp_xl.sources.base import (
    RECENT_DAYS,
    Call,
    Delayed,
    Fetched,
    Known,
    Observation,
    Quota,
    Stored,
)
from vrp_xl.store.database import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.sources.base import Source
    from vrp_xl.store.database import Store

State = Literal["fresh", "kept", "missing", "skipped"]

DEADLINE_BASE, DEADLINE_PER_SYMBOL = 30.0, 0.5
"""Seconds that a refresh may take, and seconds more per symbol."""
GIVE_UP_AFTER = 3
"""So many symbols without any answer end a refresh; so many refusals end an endpoint."""
PAID_GRACE = 1.0
"""Seconds that answers already under way are waited for when a refresh is stopped."""

PAST_DAYS = history.DAYS_KEPT + 1
"""Days of a stored series that a source may read when it assembles."""

REPLIES_PER_WORKER = 4
"""Answers per worker that may wait to be stored; past that no call begins, so memory is flat."""

SAVED_TOGETHER = 32
"""Symbols that one transaction holds at most; fewer where no answer is waiting."""

_TICK = 0.2  # a wait in slices, so that Ctrl-C is heard on every system


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one symbol.

    `state` is ``fresh`` (asked and stored, or stored so lately that the source cannot have anything
    newer), ``kept`` (the answer failed, an older snapshot is
    there), ``missing`` (it failed and nothing is stored) or ``skipped`` (not asked, on purpose).
    `age` is that of the stored snapshot's `as_of`, None where nothing is stored. `error` is what
    the source said, or why it was not asked; None where it is fresh.
    """

    symbol: str
    state: State
    why: str = ""
    age: timedelta | None = None
    error: SourceError | None = None


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """What a refresh did, symbol by symbol in the order that was asked for."""

    outcomes: tuple[Outcome, ...]
    stopped: SourceError | None
    """What ended the refresh before its end, or None."""
    calls: int
    """Calls that were made."""
    elapsed: float
    """Seconds."""
    quota: Quota

    def count(self, state: State) -> int:
        """How many symbols ended in `state`."""
        return sum(outcome.state == state for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a refresh would ask of the source."""

    calls: int
    remaining: int | None
    unlimited: bool
    resets_at: datetime | None
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Symbol -> why it would not be asked for."""
    current: int = 0
    """Symbols that are not asked for because what is stored is as new as the source has it."""
    pace: str = ""
    """How fast the source may be asked, where it is that and no quota that limits."""
    plan: str | None = None
    """The plan, where the source sells any."""

    def __str__(self) -> str:
        """For example ``20 calls, 231 left today``."""
        calls = _counted(self.calls)
        if self.current:
            names = "1 name is" if self.current == 1 else f"{self.current:,} names are"
            calls += f" ({names} as new as can be)"
        if self.pace:
            return f"{calls}, {self.pace}"
        if self.unlimited:
            return f"{calls}, {'unlimited plan' if self.plan else 'no quota'}"
        if self.remaining is None:
            return f"at most {calls}; what is left today is not known yet"
        return f"{calls}, {self.remaining} left today"


def cost(
    source: Source,
    store: Store,
    symbols: Iterable[str],
    *,
    account: str = "",
    clock: Callable[[], datetime] = utc_now,
) -> Cost:
    """What `refresh` would cost now; makes no call.

    Raises:
        SourceError: the source cannot be asked at all (no key, for example).
        StoreError: the store cannot be read.
    """
    names = _unique(symbols)
    latched = store.latch(source.name, account)
    if latched is not None:
        all_of_them = dict.fromkeys(names, str(latched))
        return Cost(0, 0, unlimited=False, resets_at=latched.until, skipped=all_of_them)
    known = _known(source, store, names, account, clock())
    account_calls = len(source.prepare(known))
    quota = _newest(source.quota(), known.quota)
    left = _left(quota, clock())
    asked = [name for name in names if not _current(source, name)]
    chosen, skipped = _fitting(source, asked, known, None if left is None else left - account_calls)
    return Cost(
        account_calls + sum(len(calls) for calls in chosen.values()),
        left,
        quota.unlimited,
        quota.resets_at,
        {name: str(error) for name, error in skipped.items()},
        len(names) - len(asked),
        source.pace if isinstance(source, Delayed) else "",
        quota.plan,
    )


def refresh(
    source: Source,
    store: Store,
    symbols: Iterable[str],
    *,
    account: str = "",
    workers: int | None = None,
    deadline: float | None = None,
    progress: Callable[[int, int, str, State], None] | None = None,
    clock: Callable[[], datetime] = utc_now,
    rules: Rules | None = None,
    ended: Callable[[Outcome], None] | None = None,
) -> RefreshResult:
    """Asks `source` for `symbols` and stores what it says.

    One bad symbol never stops the others. A refused key, a spent quota or a server that does not
    answer ends the refresh; what is stored stays.

    Args:
        source: where the data comes from.
        store: where it goes.
        symbols: what to ask for; doubles count once.
        account: short fingerprint of the key; quota and refusals are kept by it.
        workers: calls at once; None takes the source's own number.
        deadline: seconds after which the refresh returns; None is 30 plus 0.5 per symbol.
        progress: called with (symbols done, symbols in all, symbol, state).
        clock: gives the present moment, UTC.
        rules: how much history a z-score needs and takes; None takes the defaults.
        ended: called with what became of each symbol, also of an interrupted refresh.

    Raises:
        StoreError: the store cannot be read or written.
        KeyboardInterrupt: after what was fetched has been stored.
    """
    run = _Run(
        source,
        store,
        _unique(symbols),
        account=account,
        workers=workers or source.workers,
        deadline=deadline,
        progress=progress,
        clock=clock,
        rules=rules,
        ended=ended,
    )
    return run.result()


def completed(store: Store, fetched: Fetched, *, rules: Rules | None = None) -> Snapshot:
    """The snapshot of `fetched` with what its observations and the stored history add to it.

    Args:
        store: the history.
        fetched: a snapshot as delivered, or as completed before, with what came along and is not
            stored yet.
        rules: how much history a z-score needs and takes; None takes the defaults.
    """
    snapshot = fetched.snapshot
    rules = rules or STANDARD
    limits = {name: getattr(rules, name) for name in ("z_window", "z_days_min", "z_days_thin")}
    limit = max(limits["z_window"], history.DAYS_KEPT) + 1
    new: dict[str, dict[date, float]] = {name: {} for name in history.SERIES}
    for name, when, value in fetched.observations:
        if name in new:
            new[name][when] = value
    merged = {}
    for name in history.SERIES:
        stored = store.series(
            snapshot.source, snapshot.symbol, name, limit=limit, imported=fetched.whole
        )
        merged[name] = sorted((dict(stored) | new[name]).items())
    index = history.proxy_of(snapshot.symbol)
    if index is not None:
        of_index = dict(store.series(snapshot.source, index, history.CLOSE, limit=limit))
        of_index.update((seen.day, seen.value) for seen in fetched.related.get(index, ()))
        merged[index] = sorted(of_index.items())
    done = history.complete(snapshot, merged, day=trading_day(snapshot.as_of), **limits)
    if done.score_kind == "local":  # a z-score from the store counts in our own scores
        from vrp_xl.core.scores import with_local_scores  # noqa: PLC0415

        done = with_local_scores(done, hv_floor=rules.hv_floor)
    return done.replace(made_by={**done.made_by, **_made_by(rules)})


_OWN_RULES = ("z_window", "z_days_min", "z_days_thin", "hv_floor")
"""The rules by which `completed` makes figures from the store."""


def _made_by(rules: Rules) -> dict[str, float]:
    """What `Snapshot.made_by` keeps of `rules` beside those that a source computed by."""
    return {name: getattr(rules, name) for name in _OWN_RULES}


def _grown(fetched: Fetched, snapshot: Snapshot) -> Fetched:
    """What goes to the store: a spread that only the stored closes made is history as well."""
    day = trading_day(snapshot.as_of)
    if (
        snapshot.vrp_20d is None
        or "vrp_20d" not in snapshot.basis
        or history.of_another_tenor(snapshot)
        or any(o.series == "vrp_20d" and o.day == day for o in fetched.observations)
    ):
        return replace(fetched, snapshot=snapshot)
    made = Observation("vrp_20d", day, snapshot.vrp_20d)
    return replace(fetched, snapshot=snapshot, observations=(*fetched.observations, made))


# What to ask for


def _unique(symbols: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(s for s in (symbol.strip().upper() for symbol in symbols) if s))


def _known(source: Source, store: Store, names: list[str], account: str, now: datetime) -> Known:
    known = Known(
        quota=store.quota(source.name, account),
        history_days=store.history_days(source.name, names),
        not_covered=store.not_covered(source.name, account),
        optional_done=store.optional_done(source.name),
    )
    if not isinstance(source, Delayed):
        return known
    fetched = store.fetched_at(source.name, names)
    made_by = store.made_by(source.name, names)
    days = recent_trading_days(previous_trading_day(trading_day(now)), RECENT_DAYS + 1)
    return replace(
        known,
        stored={
            symbol: Stored(as_of, fetched[symbol], made_by.get(symbol, {}))
            for symbol, as_of in store.as_of_many(source.name, names).items()
            if symbol in fetched
        },
        recent_days=store.days_within(source.name, names, days[0], days[-2]),
        past=lambda symbol, series: store.series(source.name, symbol, series, limit=PAST_DAYS),
    )


def _current(source: Source, name: str) -> bool:
    return isinstance(source, Delayed) and source.current(name)


def _newest(told: Quota, stored: Quota) -> Quota:
    """The source's own word, unless another process has seen a newer one or has spent more."""
    if told == Quota():
        return stored
    if told.seen_at is not None and stored.seen_at is not None and stored.seen_at > told.seen_at:
        return stored
    return told.no_more_than(stored)


def _left(quota: Quota, now: datetime) -> int | None:
    """Calls left today, or None where that is not known or there is no limit."""
    if quota.unlimited or quota.remaining is None:
        return None
    if quota.resets_at is None or quota.resets_at <= now:
        return None
    return max(quota.remaining, 0)


def _refusal(source: Source, known: Known, symbol: str) -> str | None:
    return known.not_covered.get(symbol) or source.skip_reason(symbol)


def _not_asked(why: str | None) -> SourceError:
    if why is not None:
        return SymbolNotCoveredError(why)
    return PlanError("the plan in force offers no call for it")


def _refused(error: PlanError, why: str) -> PlanError:
    """A refusal, with what the plan in force lacks."""
    return PlanError(f"{error.why} {why}", error.fix)


def _fitting(
    source: Source, names: list[str], known: Known, left: int | None
) -> tuple[dict[str, tuple[Call, ...]], dict[str, SourceError]]:
    """The calls of the symbols that may be asked, and why the others are skipped."""
    chosen: dict[str, tuple[Call, ...]] = {}
    skipped: dict[str, SourceError] = {}
    for name in names:
        why = _refusal(source, known, name)
        calls = tuple(source.calls(name)) if why is None else ()
        if not calls:
            skipped[name] = _not_asked(why)
        elif left is not None and len(calls) > left:
            skipped[name] = _too_few(len(calls), left, known.quota.resets_at)
        else:
            chosen[name] = calls
            left = None if left is None else left - len(calls)
    return chosen, skipped


def _too_few(needed: int, left: int, resets_at: datetime | None) -> QuotaError:
    again = f" The quota starts anew at {resets_at:%Y-%m-%d %H:%M} UTC." if resets_at else ""
    return QuotaError(
        f"It needs {_counted(needed)}, and the quota has {_counted(max(left, 0))} left today.",
        f"Ask for fewer symbols, or wait.{again}",
        until=resets_at,
    )


def _counted(calls: int) -> str:
    return "1 call" if calls == 1 else f"{calls} calls"


# Making the calls


class _Reply(NamedTuple):
    call: Call
    for_account: bool
    answer: Mapping[str, Any] | None
    error: SourceError | None


class _Board:
    """Calls that wait for a worker, shared by the worker threads and the calling one.

    After an error no call is begun until the calling thread has drawn its consequences: a refused
    key or a spent quota must not be met by one more call.
    """

    def __init__(self, source: Source, workers: int) -> None:
        self._replies: queue.SimpleQueue[_Reply] = queue.SimpleQueue()
        self.made = 0
        self._source = source
        self._most = workers
        self._threads = 0
        self._change = threading.Condition()
        self._waiting: deque[tuple[Call, bool]] = deque()
        self._running: set[Call] = set()
        self._replied: set[Call] = set()
        """Calls whose replies nobody took yet."""
        self._unheard = 0
        self._closed = False

    def put(self, calls: Iterable[Call], *, for_account: bool = False) -> None:
        """Adds calls that neither wait nor run already, and whose replies are not here yet."""
        with self._change:
            if self._closed:
                return
            known = self._running | self._replied | {call for call, _ in self._waiting}
            for call in calls:
                if call not in known:
                    known.add(call)
                    self._waiting.append((call, for_account))
            start = min(self._most, len(self._running) + len(self._waiting)) - self._threads
            self._change.notify_all()
            for _ in range(max(start, 0)):
                self._threads += 1
                threading.Thread(target=self._work, name="vrp-xl-call", daemon=True).start()

    def drop(self, unwanted: Callable[[Call], bool]) -> set[Call]:
        """Takes back waiting data calls; returns them."""
        with self._change:
            gone = {call for call, mine in self._waiting if not mine and unwanted(call)}
            self._waiting = deque(item for item in self._waiting if item[0] not in gone)
        return gone

    def heard(self) -> None:
        """The consequences of one error have been drawn."""
        with self._change:
            self._unheard -= 1
            self._change.notify_all()

    def close(self) -> None:
        """No waiting call is made any more; calls that run are left to themselves."""
        with self._change:
            self._waiting.clear()
            self._closed = True
            self._change.notify_all()

    def _work(self) -> None:
        while True:
            with self._change:
                while self._must_wait() and not self._closed:
                    self._change.wait()
                if self._closed:
                    return
                call, for_account = self._waiting.popleft()
                self._running.add(call)
                self.made += 1
            answer, error = None, None
            try:
                answer = self._source.get(call)
            except SourceError as refused:
                error = refused
            except Exception as bug:  # noqa: BLE001 - one bad symbol never stops the others
                error = _unexpected(call.symbol, bug)
            with self._change:
                self._running.discard(call)
                self._replied.add(call)
                self._unheard += error is not None
                self._replies.put(_Reply(call, for_account, answer, error))

    def _must_wait(self) -> bool:
        """No call, an error that was not heard yet, or too many replies that nobody took yet."""
        behind = self._replies.qsize() > REPLIES_PER_WORKER * self._most
        return bool(self._unheard) or not self._waiting or behind

    def take(self, timeout: float | None) -> _Reply | None:
        """The next reply; None where none comes within `timeout` seconds (None: does not wait)."""
        try:
            reply = self._replies.get(block=timeout is not None, timeout=timeout)
        except queue.Empty:
            return None
        with self._change:
            self._replied.discard(reply.call)
            self._change.notify_all()
        return reply

    def idle(self) -> bool:
        """Whether no call waits or runs and every reply was taken."""
        with self._change:
            return not (self._waiting or self._running or self._replied)

    def under_way(self) -> frozenset[Call]:
        """Calls that run, and those whose replies were not taken yet."""
        with self._change:
            return frozenset(self._running | self._replied)


def _unexpected(symbol: str, bug: Exception) -> BadAnswerError:
    about = f" for {symbol}" if symbol else ""
    return BadAnswerError(
        f"The answer{about} could not be used ({type(bug).__name__}).",
        "Try again; if it stays, report it.",
    )


class _Name:
    """One symbol on its way: its calls, and what came back so far."""

    def __init__(self, symbol: str, calls: tuple[Call, ...]) -> None:
        self.symbol = symbol
        self.calls = calls
        self.answers: dict[Call, Mapping[str, Any]] = {}
        self.errors: dict[Call, SourceError] = {}

    def open_calls(self) -> list[Call]:
        return [c for c in self.calls if c not in self.answers and c not in self.errors]

    def failure(self) -> SourceError | None:
        failed = (self.errors.get(call) for call in self.calls if not call.optional)
        return next((error for error in failed if error is not None), None)


class _Run:
    """One refresh."""

    def __init__(
        self,
        source: Source,
        store: Store,
        names: list[str],
        *,
        account: str,
        workers: int,
        deadline: float | None,
        progress: Callable[[int, int, str, State], None] | None,
        clock: Callable[[], datetime],
        rules: Rules | None,
        ended: Callable[[Outcome], None] | None,
    ) -> None:
        self.source, self.store, self.names, self.account = source, store, names, account
        self.progress, self.clock, self.rules = progress, clock, rules
        self.ended = ended
        self.began = time.monotonic()
        if deadline is None:
            deadline = DEADLINE_BASE + DEADLINE_PER_SYMBOL * len(names)
        self.seconds = deadline
        self.end = self.began + deadline
        self.board = _Board(source, workers)
        self.known = Known()
        self.open: dict[str, _Name] = {}
        self.made: dict[str, Fetched] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.stopped: SourceError | None = None
        self.answered = False
        self.unreached: set[str] = set()
        self.awaited: frozenset[Call] | None = None
        """Calls that were under way when so many symbols had no answer: one may come yet."""
        self.served: set[str] = set()
        self.refused: dict[str, set[str]] = {}
        self.as_of = store.as_of_many(source.name, names)

    def result(self) -> RefreshResult:
        self.stopped = self.store.latch(self.source.name, self.account)
        if self.stopped is None:
            try:
                self._ask()
            except StoreError:
                raise
            except BaseException:
                self._save_what_came()
                raise
            finally:
                self.board.close()
                self._keep_quota()
        if self.stopped is not None:
            for symbol in self.names:
                if symbol not in self.outcomes:
                    self._fail(symbol, self.stopped)
        return RefreshResult(
            tuple(self.outcomes[symbol] for symbol in self.names),
            self.stopped,
            self.board.made,
            time.monotonic() - self.began,
            self._quota(),
        )

    # The course of it

    def _ask(self) -> None:
        self.known = _known(self.source, self.store, self.names, self.account, self.clock())
        try:
            account_calls = list(self.source.prepare(self.known))
        except SourceError as error:
            self._stop(error)
            return
        if self.known.quota.plan is None and not self._hear_account(account_calls):
            return
        for symbol in self.names:
            if _current(self.source, symbol):
                self._finish(symbol, "fresh", "nothing newer can be there yet")
        self._make_anew([*self.outcomes])
        asked = [symbol for symbol in self.names if symbol not in self.outcomes]
        chosen, skipped = self._fitting(asked, account_calls)
        if skipped and account_calls:  # by a plan, or a quota, that may be another one by now
            if not self._hear_account(account_calls):
                return
            chosen, skipped = self._fitting(asked, account_calls)
        for symbol, refused in skipped.items():
            self._finish(symbol, "skipped", str(refused), refused)
        self.open = {symbol: _Name(symbol, calls) for symbol, calls in chosen.items()}
        if time.monotonic() >= self.end:
            self.board.close()
        self.board.put(account_calls, for_account=True)
        self.board.put(call for name in self.open.values() for call in name.calls)
        self._listen()
        self._hear_out()
        late = UnreachableError(f"deadline: no answer within {self.seconds:g} s")
        self._give_up_rest(self.stopped or late)

    def _hear_account(self, calls: list[Call]) -> bool:
        """Makes the account calls before any other, and takes them off the list.

        Returns:
            Whether the refresh goes on.
        """
        self.board.put(calls, for_account=True)
        calls.clear()
        self._listen()
        return self.stopped is None

    def _fitting(
        self, names: list[str], account_calls: Sequence[Call]
    ) -> tuple[dict[str, tuple[Call, ...]], dict[str, SourceError]]:
        left = _left(self._quota(), self.clock())
        rest = None if left is None else left - len(account_calls)
        return _fitting(self.source, names, self.known, rest)

    def _make_anew(self, symbols: Sequence[str]) -> None:
        """Completes records that are not asked for by the rules in force, where those changed."""
        own = _made_by(self.rules or STANDARD)
        stored = {symbol: self.known.stored[symbol] for symbol in symbols}
        old = [symbol for symbol, of in stored.items() if not own.items() <= of.made_by.items()]
        for start in range(0, len(old), SAVED_TOGETHER):
            made = []
            for symbol in old[start : start + SAVED_TOGETHER]:
                after = trading_day(stored[symbol].as_of) + timedelta(days=1)
                snapshot = self.store.previous(self.source.name, symbol, after)
                if snapshot is not None:
                    made.append(completed(self.store, Fetched(snapshot), rules=self.rules))
            self.store.save_all(map(Fetched, made))

    def _listen(self) -> None:
        """Takes replies until nothing is under way, or the time is up."""
        while not self.board.idle() and (self.stopped is None or self.board.under_way()):
            left = self.end - time.monotonic()
            if left <= 0:
                break
            reply = self.board.take(None)
            if reply is None:
                self._save_made()
                reply = self.board.take(min(left, _TICK))
            if reply is None:
                continue
            self._take(reply)
            if reply.error is not None:
                self.board.heard()
        self._save_made()

    def _stop(self, error: SourceError) -> None:
        """Ends the refresh: no further call is made."""
        if isinstance(error, QuotaError) and error.until is not None:
            self.store.set_latch(self.source.name, self.account, error.until, str(error))
        if self.stopped is not None:
            return
        self.stopped = error
        self.board.close()
        self.end = min(self.end, time.monotonic() + PAID_GRACE)

    def _hear_out(self) -> None:
        """Takes the answers that are here already; no further call is made."""
        self.board.close()
        while (reply := self.board.take(None)) is not None:
            self._take(reply)

    def _give_up_rest(self, error: SourceError) -> None:
        """What got no answer in time fails; a symbol that lacks only optional ones is made."""
        for name in list(self.open.values()):
            for call in name.open_calls():
                name.errors[call] = error
            self._advance(name)
        self._save_made()

    def _save_what_came(self) -> None:
        """After an interrupt: the answers that are here already are not thrown away."""
        self.progress = None  # it may be what ended the refresh
        self._hear_out()
        self._give_up_rest(UnreachableError("interrupted before it answered"))

    # Replies

    def _take(self, reply: _Reply) -> None:
        call, error = reply.call, reply.error
        if isinstance(error, KeyRefusedError | QuotaError | ClosedError):
            self._stop(error)
        if isinstance(error, UnreachableError):
            self._doubt(reply, error)
        else:
            self.answered = True
        if reply.for_account:
            self._take_account(reply)
            return
        name = self.open.get(call.symbol)
        if name is None or call not in name.calls:
            return  # the symbol is done, or has other calls by now
        if error is None:
            self.served.add(call.endpoint)
            name.answers[call] = reply.answer or {}
        else:
            name.errors[call] = error
            self._judge(name, call, error)
        if call.optional:
            self._note_optional(call, error)
        self._advance(name)

    def _note_optional(self, call: Call, error: SourceError | None) -> None:
        """An optional call is made once; one that was refused rests until the next day (UTC).

        A source may say itself how long an answered one rests.
        """
        if error is None:
            until = self.source.rests_until(call) if isinstance(self.source, Delayed) else None
            if until is not None and until <= self.clock():
                return
        elif isinstance(error, PlanError | UnknownSymbolError):
            today = self.clock().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            until = today + timedelta(days=1)
        else:
            return
        self.store.set_optional_done(self.source.name, call.endpoint, call.symbol, until)

    def _take_account(self, reply: _Reply) -> None:
        if reply.answer is not None:
            try:
                self.source.settle(reply.call, reply.answer)
            except Exception:  # noqa: BLE001 - an odd answer about the account is no reason to end
                return
            self._plan_anew()

    def _judge(self, name: _Name, call: Call, error: SourceError) -> None:
        """Draws the consequences of a failed data call for other calls."""
        if isinstance(error, SymbolNotCoveredError):
            if not call.optional:
                self.store.add_not_covered(self.source.name, self.account, name.symbol, str(error))
        elif isinstance(error, PlanError):
            if not call.optional and self.source.step_down(call, error):
                self._plan_anew()
            self._note_refusal(call, error)

    def _doubt(self, reply: _Reply, error: UnreachableError) -> None:
        """Gives up a server of which too many symbols had no answer, and nobody had one."""
        if not reply.for_account:
            self.unreached.add(reply.call.symbol)
        if self.answered or len(self.unreached) < GIVE_UP_AFTER:
            return
        under_way = self.board.under_way()
        if self.awaited is None:
            self.awaited = under_way
        if not self.awaited & under_way:
            fix = error.fix or "Try again later."
            self._stop(UnreachableError(f"The server does not answer: {error.why}", fix))

    def _note_refusal(self, call: Call, error: PlanError) -> None:
        """An endpoint that the plan refuses for symbol after symbol is not asked any more."""
        symbols = self.refused.setdefault(call.endpoint, set())
        symbols.add(call.symbol)
        if len(symbols) < GIVE_UP_AFTER or call.endpoint in self.served:
            return
        for gone in sorted(self.board.drop(lambda waiting: waiting.endpoint == call.endpoint)):
            name = self.open[gone.symbol]
            why = f"{gone.symbol} was not asked for, since the plan refused others. {error.why}"
            name.errors[gone] = PlanError(why, error.fix)
            self._advance(name)

    def _plan_anew(self) -> None:
        """Asks the source again which calls the open symbols need, after the plan changed."""
        for name in list(self.open.values()):
            why = _refusal(self.source, self.known, name.symbol)
            calls = tuple(self.source.calls(name.symbol)) if why is None else ()
            if calls == name.calls:
                continue
            waiting = self._drop(name, keep=calls)
            if not calls:
                self._end_uncovered(name, waiting, _not_asked(why))
                continue
            name.calls = calls
            if self.stopped is None:
                self.board.put(name.open_calls())

    def _end_uncovered(self, name: _Name, waiting: set[Call], error: SourceError) -> None:
        """Ends a symbol that the plan does not have: as refused, by its answer, or as skipped.

        What others' answers told of the plan may come while calls of this symbol are under way:
        those are heard.
        """
        refused = next((e for e in name.errors.values() if isinstance(e, PlanError)), None)
        begun = tuple(call for call in name.calls if call not in waiting)
        if refused is not None:
            self._fail(name.symbol, _refused(refused, error.why))
        elif begun:
            name.calls = begun
            self._advance(name)
        else:
            self._finish(name.symbol, "skipped", str(error), error)

    def _drop(self, name: _Name, keep: tuple[Call, ...] = ()) -> set[Call]:
        return self.board.drop(lambda call: call.symbol == name.symbol and call not in keep)

    def _advance(self, name: _Name) -> None:
        """Ends a symbol whose calls are all in, or that cannot succeed any more."""
        if name.symbol not in self.open:
            return
        error = name.failure()
        if error is not None:
            self._drop(name)
            why = _refusal(self.source, self.known, name.symbol)
            if why is not None and type(error) is PlanError:
                error = _refused(error, why)
            self._fail(name.symbol, error)
        elif not name.open_calls():
            self._store(name)

    def _store(self, name: _Name) -> None:
        answers = {c.endpoint: name.answers[c] for c in name.calls if c in name.answers}
        failed = {c.endpoint: name.errors[c] for c in name.calls if c in name.errors}
        try:
            fetched = self.source.assemble(name.symbol, answers, failed)
            snapshot = completed(self.store, fetched, rules=self.rules)
        except StoreError:
            raise
        except SourceError as error:
            self._fail(name.symbol, error)
        except Exception as bug:  # noqa: BLE001 - one bad symbol never stops the others
            self._fail(name.symbol, _unexpected(name.symbol, bug))
        else:
            self.made[name.symbol] = _grown(fetched, snapshot)
            self.open.pop(name.symbol, None)
            if len(self.made) >= SAVED_TOGETHER:
                self._save_made()

    def _save_made(self) -> None:
        """Stores what was made; where one record cannot be stored the others still are."""
        made = self.made
        if not made:
            return
        failed: dict[str, Exception] = {}
        try:
            self.store.save_all(made.values())
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - one bad symbol never stops the others
            for symbol, fetched in made.items():
                try:
                    self.store.save(fetched)
                except StoreError:
                    raise
                except Exception as bug:  # noqa: BLE001
                    failed[symbol] = bug
        self.made = {}  # not before: an interrupt undoes the transaction
        for symbol, fetched in made.items():
            if symbol in failed:
                self._fail(symbol, _unexpected(symbol, failed[symbol]))
            else:
                self.as_of[symbol] = fetched.snapshot.as_of
                self._finish(symbol, "fresh", "")

    def _fail(self, symbol: str, error: SourceError) -> None:
        state: State = "skipped" if isinstance(error, SymbolNotCoveredError) else "kept"
        self._finish(symbol, state, str(error), error)

    def _finish(
        self, symbol: str, state: State, why: str, error: SourceError | None = None
    ) -> None:
        """Notes what became of a symbol; ``kept`` is ``missing`` where nothing is stored."""
        self.open.pop(symbol, None)
        as_of = self.as_of.get(symbol)
        if state == "kept" and as_of is None:
            state = "missing"
        age = None if as_of is None else max(self.clock() - as_of, timedelta(0))
        self.outcomes[symbol] = outcome = Outcome(symbol, state, why, age, error)
        if self.ended is not None:
            self.ended(outcome)
        if self.progress is not None:
            self.progress(len(self.outcomes), len(self.names), symbol, state)

    # Quota

    def _quota(self) -> Quota:
        return _newest(self.source.quota(), self.store.quota(self.source.name, self.account))

    def _keep_quota(self) -> None:
        quota = self._quota()
        if quota == Quota():
            return
        stored = self.store.quota(self.source.name, self.account)
        quota = replace(quota, plan=quota.plan or stored.plan, limit=quota.limit or stored.limit)
        if quota != stored:
            self.store.put_quota(self.source.name, self.account, quota)
