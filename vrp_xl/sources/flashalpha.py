"""FlashAlpha over its REST API, on whatever plan the key has.

What is asked for follows the plan, since a refusal costs one of the day's requests:

===================  ==============================================================
Alpha, Enterprise    ``vrp`` and ``levels``; ``vrp_history`` once where too little is stored
Growth               ``volatility`` and ``levels``
Basic, Free          ``summary`` alone; on Free no ETFs, indices or futures
===================  ==============================================================

The plan is asked of the vendor's account page and kept by the store. Where no plan was ever known,
the refresh makes the calls of `FlashAlpha.prepare` first and alone; where it is known but older
than a day, beside the data. Where the account page fails, the ladder starts at its top and each
`PlanError` leads down.

May not touch the store; the network only by `vrp_xl.sources.http`.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vrp_xl.core.calendar import trading_day
from vrp_xl.errors import (
    BadAnswerError,
    InputError,
    KeyRefusedError,
    PlanError,
    QuotaError,
    SourceError,
    SymbolNotCoveredError,
    UnknownSymbolError,
)
from vrp_xl.sources import flashalpha_wire as wire
from vrp_xl.sources.base import Call, Fetched, Known, Quota, daily_observations
from vrp_xl.sources.http import EndedError, HttpClient, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BASE_URL = "https://lab.flashalpha.com"

_LEVELS = ("alpha", "growth", "basic", "free")
_NAMES = {"enterprise": "alpha", **{level: level for level in _LEVELS}}
_MAIN = {
    "alpha": wire.VRP,
    "growth": wire.VOLATILITY,
    "basic": wire.SUMMARY,
    "free": wire.SUMMARY,
}
_PATHS = {
    wire.VRP: "/v1/vrp/{}",
    wire.LEVELS: "/v1/exposure/levels/{}",
    wire.HISTORY: "/v1/vrp/{}/history?days=365",
    wire.VOLATILITY: "/v1/volatility/{}",
    wire.SUMMARY: "/v1/stock/{}/summary",
    wire.ACCOUNT: "/v1/account",
}
_ENOUGH_CLOSES = 91
_PLAN_AGE = timedelta(days=1)

_ETFS = (
    "SPY VOO IVV VTI QQQ QQQM TQQQ SQQQ PSQ IWM TNA TZA RWM DIA MDY IJH IJR RSP SPLG SSO SDS SPXL "
    "SPXS SPXU UPRO SH VXX UVXY SVXY VIXY UVIX SVIX GLD IAU SLV GDX GDXJ NUGT DUST PPLT USO UCO "
    "SCO BNO UNG BOIL KOLD DBC DBA CPER URA TLT TBT TMF TMV IEF SHY SHV BIL SGOV AGG BND LQD HYG "
    "JNK TIP EMB MUB EEM EFA IEMG VEA VWO VXUS ACWI FXI KWEB ASHR YINN YANG MCHI EWJ EWZ EWY EWT "
    "EWG EWU EWW EWC EWA EWH INDA EZU VGK RSX TUR XLB XLC XLE XLF XLI XLK XLP XLRE XLU XLV XLY "
    "XBI IBB XOP XME XRT XHB ITB OIH KRE KBE KIE IYR VNQ SMH SOXX SOXL SOXS FAS FAZ LABU LABD ERX "
    "ERY TECL TECS VGT VUG VTV VIG VYM SCHD JEPI JEPQ DVY SDY IWF IWD IWB IWN IWO MTUM QUAL USMV "
    "SPLV SPHB ARKK ARKG ARKW ARKF ARKQ JETS TAN ICLN LIT HACK CIBR SKYY BOTZ MSOS BITO IBIT FBTC "
    "GBTC ETHA ETHE BITX UUP FXE FXY FXB TSLL NVDL NVDX"
)
_INDICES = "SPX SPXW XSP NDX NDXP XND RUT MRUT DJX VIX VIXW OEX XEO"

NOT_ON_FREE = frozenset(f"{_ETFS} {_INDICES}".split())
"""Well-known ETFs and indices: the Free plan covers single stocks only."""

_in_flight: dict[tuple[str, str, str, int], Future[Response]] = {}
_in_flight_lock = threading.Lock()


class FlashAlpha:
    """The `Source` of live data. `get` and `quota` may be called from several threads at once."""

    name = "flashalpha"
    sample = False

    def __init__(
        self,
        key: str,
        *,
        base_url: str = BASE_URL,
        workers: int = 8,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Opens nothing and asks for nothing yet.

        Args:
            key: the API key; shown nowhere.
            base_url: https, or http to this machine alone.
            workers: how many requests may run at once.
            clock: the time, UTC.

        Raises:
            KeyRefusedError: `key` is empty or cannot be one.
            InputError: `base_url` cannot be used.
        """
        key = key.strip()
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise KeyRefusedError(
                "There is no API key, or it holds characters that no key has.",
                "Set it anew: vrp-xl key set",
            )
        self.workers = workers
        self._http = HttpClient(base_url, headers={"X-Api-Key": key}, workers=workers)
        self._share = (base_url.rstrip("/"), hash(key))
        self._clock = clock
        self._lock = threading.Lock()
        self._known = Known()
        self._quota = Quota()
        self._level = _LEVELS[0]
        self._asked_at: dict[tuple[str, str], str] = {}
        self._history_tried: set[str] = set()
        self._key_refused: str | None = None
        self._limit_from_account = False
        self._spent: tuple[str, datetime] | None = None

    def prepare(self, known: Known) -> Sequence[Call]:
        """Takes what the store knows.

        Returns:
            The account call where the plan is not known or older than a day, else nothing. Where
            ``known.quota.plan`` is None it should be made before any other call: a call that the
            plan refuses costs one of the day's requests.
        """
        self._known = known
        now = self._clock()
        with self._lock:
            if known.quota.plan is not None or self._quota.plan is None:
                self._quota = known.quota
            quota = self._quota
            self._level = _level(quota.plan)
        old = quota.seen_at is None or not timedelta(0) <= now - quota.seen_at < _PLAN_AGE
        return [Call(wire.ACCOUNT, "")] if quota.plan is None or old else []

    def calls(self, symbol: str) -> Sequence[Call]:
        """The calls that `symbol` needs on the plan in force; empty where `skip_reason` has one."""
        if self.skip_reason(symbol) is not None:
            return []
        symbol = symbol.upper()
        wanted = [Call(_MAIN[self._level], symbol)]
        if self._level in {"alpha", "growth"}:
            wanted.append(Call(wire.LEVELS, symbol))
        if self._level == "alpha" and self._lacks_history(symbol):
            wanted.append(Call(wire.HISTORY, symbol, optional=True))
        return wanted

    def _lacks_history(self, symbol: str) -> bool:
        """Whether the past is worth a call: too little is stored, and it was not asked for yet."""
        done = symbol in self._history_tried or (wire.HISTORY, symbol) in self._known.optional_done
        return not done and self._known.history_days.get(symbol, 0) < _ENOUGH_CLOSES

    def skip_reason(self, symbol: str) -> str | None:
        """Why no call is made for `symbol`, or None."""
        symbol = symbol.upper()
        if symbol in self._known.not_covered:
            return self._known.not_covered[symbol]
        if self._level == "free" and (symbol in NOT_ON_FREE or symbol.startswith("^")):
            return (
                f"{symbol} is not on the Free plan: it covers single stocks, no ETFs and no "
                "indices, and a refusal costs one of the day's 5 requests."
            )
        if self._level in {"basic", "free"} and "=" in symbol:
            return f"{symbol} is not on the {self._level.capitalize()} plan: futures need Growth."
        return None

    def get(self, call: Call) -> Mapping[str, Any]:
        """Makes one call and returns its JSON object.

        The same call is never made twice at once in this process: who comes second gets the first
        one's answer. After a refused key, or a spent quota until it starts anew, and for what the
        plan in force does not have, nothing is asked any more.

        Raises:
            SourceError: `KeyRefusedError`, `PlanError`, `SymbolNotCoveredError`, `QuotaError`,
                `UnknownSymbolError`, `ServiceError` or one of its kinds.
        """
        path = _path(call)
        level = self._level
        self._refuse_early(call, level)
        self._asked_at[call.endpoint, call.symbol.upper()] = level
        answer = self._shared(call, path)
        self._take_quota(answer)
        good = 200 <= answer.status < 300
        if good and answer.json is not None and not wire.is_refusal(answer.json):
            return answer.json
        refusal = wire.Refusal(answer.status, answer.json, answer.text, answer.headers)
        error = wire.to_error(refusal, symbol=call.symbol, now=self._clock(), clean=self._http.mask)
        if isinstance(error, KeyRefusedError):
            self._key_refused = error.why
        if isinstance(error, QuotaError) and error.until is not None:
            self._spent = (error.why, error.until)
        raise error

    def settle(self, call: Call, answer: Mapping[str, Any]) -> None:
        """Takes the answer of the account call: the plan decides what is asked for from here on."""
        if call.endpoint != wire.ACCOUNT:
            return
        told = wire.parse_account(answer, self._clock())
        if told.plan is not None:
            with self._lock:
                self._quota = told.no_more_than(self._quota)
                self._limit_from_account = True
                self._level = _level(told.plan)

    def step_down(self, call: Call, error: SourceError) -> bool:
        """After a `PlanError` for `call`: goes to the plan that the vendor names, or one below.

        Several refusals of calls that were made on one plan step down once.

        Returns:
            True where `calls` now gives other calls and the symbol should be asked again.
        """
        if not isinstance(error, PlanError) or call.endpoint == wire.ACCOUNT:
            return False
        if call.optional:
            self._history_tried.add(call.symbol.upper())
            return False
        with self._lock:
            now = _LEVELS.index(self._level)
            made_at = self._asked_at.get((call.endpoint, call.symbol.upper()), self._level)
            if _LEVELS.index(made_at) < now or call.endpoint not in _endpoints(self._level):
                return True
            told = _NAMES.get(error.current.lower())
            if told is not None and _LEVELS.index(told) > now:
                new = _LEVELS.index(told)
            elif isinstance(error, SymbolNotCoveredError) or now == len(_LEVELS) - 1:
                return False
            else:
                new = now + 1
            before = _MAIN[self._level]
            self._level = _LEVELS[new]
            self._quota = replace(
                self._quota, plan=self._level, seen_at=self._quota.seen_at or self._clock()
            )
            return before != _MAIN[self._level] and not isinstance(error, SymbolNotCoveredError)

    def assemble(
        self,
        symbol: str,
        answers: Mapping[str, Mapping[str, Any]],
        failed: Mapping[str, SourceError],
    ) -> Fetched:
        """Makes the record from the answers by endpoint.

        Without its levels the record stays, with the warning ``levels_missing`` and the reason in
        `Snapshot.missing`.

        Raises:
            SourceError: the answer that carries the figures failed, or holds none.
        """
        symbol = symbol.upper()
        mains = (wire.VRP, wire.VOLATILITY, wire.SUMMARY)
        main = next((m for m in mains if m in answers), None)
        if main is None:
            raise self._no_figures(symbol, [failed[m] for m in mains if m in failed])
        if wire.HISTORY in answers or wire.HISTORY in failed:
            self._history_tried.add(symbol)
        past = wire.parse_vrp_history(answers.get(wire.HISTORY, {}))
        plans = {wire.VRP: "Alpha", wire.VOLATILITY: "Growth"}
        came = len({o.day for o in past if o.series == "close"})
        refused = failed.get(wire.LEVELS)
        snapshot = wire.to_snapshot(
            symbol,
            answers[main],
            answers.get(wire.LEVELS),
            asked=wire.Asked(
                main,
                plans.get(main, "Free" if self._level == "free" else "Basic"),
                max(self._known.history_days.get(symbol, 0), came),
                refused.why if refused is not None else "",
            ),
            fetched_at=self._clock(),
        )
        if refused is not None:
            snapshot = snapshot.replace(warnings=(*snapshot.warnings, "levels_missing"))
        try:
            today = daily_observations(snapshot, trading_day(snapshot.as_of))
        except InputError:  # a time outside of the calendar's years
            today = ()
        done = {(o.series, o.day) for o in past}
        return Fetched(snapshot, past + tuple(o for o in today if (o.series, o.day) not in done))

    def quota(self) -> Quota:
        """The newest that is known.

        Returns:
            With `Quota.seen_at` as the time when the plan was asked for: it does not move with the
            numbers, so that a plan is asked for again in time. It is None where the vendor's limit
            has changed since.
        """
        with self._lock:
            return self._quota

    def close(self) -> None:
        """Lets go of the connections."""
        self._http.close()

    def _refuse_early(self, call: Call, level: str) -> None:
        """Raises what an answer would be bound to say, at no cost."""
        if self._key_refused is not None:
            raise KeyRefusedError(self._key_refused, "Set a key that works: vrp-xl key set")
        if self._spent is not None and self._clock() < self._spent[1]:
            raise QuotaError(
                self._spent[0],
                "Nothing can succeed before the quota starts anew.",
                until=self._spent[1],
            )
        if call.endpoint not in _endpoints(level):
            raise PlanError(
                f"The {level.capitalize()} plan has no {call.endpoint}; nothing was asked.",
                current=level.capitalize(),
            )

    def _shared(self, call: Call, path: str) -> Response:
        base, key = self._share
        place = (base, call.endpoint, call.symbol.upper(), key)
        with _in_flight_lock:
            running = _in_flight.get(place)
            mine: Future[Response] = Future()
            if running is None:
                _in_flight[place] = mine
        if running is not None:
            try:
                return running.result()
            except EndedError:  # of whoever was first, whose place is free by now
                return self._shared(call, path)
        try:
            answer = self._http.get(path)
        except BaseException as error:
            with _in_flight_lock:
                del _in_flight[place]
            mine.set_exception(error)
            raise
        mine.set_result(answer)
        with _in_flight_lock:
            del _in_flight[place]
        return answer

    def _take_quota(self, answer: Response) -> None:
        seen = wire.parse_quota_headers(answer.headers)
        if seen is None:
            return
        with self._lock:
            old = self._quota
            changed = (old.limit, old.unlimited) != (seen.limit, seen.unlimited)
            # The account page and the headers need not agree; only headers are compared.
            comparable = (old.limit is not None or old.unlimited) and not self._limit_from_account
            self._limit_from_account = False
            self._quota = replace(
                seen.no_more_than(old),
                plan=old.plan,
                seen_at=None if changed and comparable else old.seen_at,
            )

    def _no_figures(self, symbol: str, errors: list[SourceError]) -> SourceError:
        if errors:
            return errors[-1]
        reason = self.skip_reason(symbol)
        if reason is not None:
            return SymbolNotCoveredError(reason)
        return BadAnswerError(f"FlashAlpha gave no figures for {symbol}.", "Try again later.")


def _level(plan: str | None) -> str:
    """The step of the ladder for a plan's name; its top for a name that is not known."""
    return _NAMES.get((plan or "").strip().lower(), _LEVELS[0])


def _endpoints(level: str) -> frozenset[str]:
    """What a step of the ladder asks for."""
    levels = {wire.LEVELS} if level in {"alpha", "growth"} else set()
    past = {wire.HISTORY} if level == "alpha" else set()
    return frozenset({_MAIN[level], wire.ACCOUNT, *levels, *past})


def _path(call: Call) -> str:
    symbol = call.symbol.upper()
    if call.endpoint != wire.ACCOUNT and not any(c.isalnum() for c in symbol):
        raise UnknownSymbolError("What was asked for is no symbol.", "Check its spelling.")
    return _PATHS[call.endpoint].format(quote(symbol, safe=""))
