"""A local stand-in for the FlashAlpha API and for Cboe's delayed quotes, for trials and tests.

Both show the sample market. It listens on this machine only and is faithful where a client can
tell: paths, plans, quotas that errors eat too, headers, the four shapes of errors, both generations
of documents; of Cboe option chains, histories and quotes, without a key. Endpoints that it does not
serve (gex, options, max pain, the screener, ...) answer 404. With a fault it misbehaves as servers
and networks do.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
import re
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from vrp_xl.errors import InputError, UnknownSymbolError
from vrp_xl.sources.sample.documents import (
    FREE_UNIVERSE,
    Documents,
    Generation,
    snapshot_day,
)
from vrp_xl.sources.sample.kelly import Bet, kelly_document
from vrp_xl.sources.sample.market import Market
from vrp_xl.sources.sample.names import SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

LIMITS: dict[str, int | None] = {"free": 5, "basic": 250, "growth": 2500, "alpha": None}
"""Plan -> requests a day (None: unlimited), the smallest plan first."""

FAULTS: dict[str, str] = {
    "slow": "30 seconds of silence, then the answer",
    "cut": "the connection ends in the middle of the body",
    "wrong_length": "the length told is 10 bytes short; the rest follows all the same",
    "garbled": "bytes that are no text",
    "bad_gzip": "said to be gzip, but is not",
    "html": "status 200 with a web page",
    "error500": "status 500",
    "error502": "status 502 with a web page, as a proxy gives it",
    "error503_once": "status 503 at the first request of each path, then fine",
    "wrong_types": "text for numbers, lists for inner objects",
    "nan": "NaN and Infinity for numbers",
    "empty": "status 200 with no body",
    "redirect": "status 302 to the host name localhost, which answers",
    "quota": "status 429 always, the account too",
    "key": "status 401 always, the account too",
    "plan": "status 403 always",
    "half": "status 404 for every second symbol",
    "nulls": "every leaf is null",
    "drip": "a byte every 50 milliseconds",
    "big": "11 MB of body",
}
"""Fault -> what happens then, on the endpoints of market data."""

MOST_NAMES = 9999
"""Invented names that can be served beside the twelve."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CACHE_SECONDS = 15.0
_STALL_SECONDS = 30.0
_DRIP_SECONDS = 0.05
_PADDING = 11 * 1024 * 1024
_GZIP_FROM = 512
_JSON = "application/json; charset=utf-8"
_DENIED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
)
_HTML = b"<!DOCTYPE html><html><head><title>Just a moment</title></head><body>...</body></html>"


class Seen(NamedTuple):
    """One request as it was answered."""

    endpoint: str
    """vrp, vrp_history, levels, exposure_summary, stock_summary, volatility, kelly, account,
    symbols, tickers, universe, health, cboe_chain, cboe_history, cboe_quote, or empty for a path
    that is not served."""
    symbol: str
    status: int
    host: str
    """The host name that the client asked for."""
    keyed: bool
    """Whether the right key came with it."""


class CboeDocuments(Protocol):
    """Cboe's documents of a market, by symbol without a leading underscore.

    Each raises `UnknownSymbolError` for what there is none of.
    """

    def chain(self, symbol: str) -> bytes:
        """The option chain."""

    def history(self, symbol: str) -> bytes:
        """The daily prices of a name, or the levels of an index of implied volatility."""

    def quote(self, symbol: str) -> bytes:
        """The quote of a name or an index."""


@dataclass(frozen=True, slots=True)
class _Route:
    endpoint: str
    pattern: re.Pattern[str]
    plan: str | None
    """The smallest plan that has it; None needs no key."""
    data: bool = True


_ROUTES = tuple(
    _Route(endpoint, re.compile(pattern.replace("{}", "([^/]+)")), plan, data)
    for endpoint, pattern, plan, data in (
        ("vrp", "/v1/vrp/{}", "alpha", True),
        ("vrp_history", "/v1/vrp/{}/history", "alpha", True),
        ("levels", "/v1/exposure/levels/{}", "free", True),
        ("exposure_summary", "/v1/exposure/summary/{}", "growth", True),
        ("stock_summary", "/v1/stock/{}/summary", None, True),
        ("volatility", "/v1/volatility/{}", "growth", True),
        ("kelly", "/v1/pricing/kelly", "growth", False),
        ("account", "/v1/account", "free", False),
        ("symbols", "/v1/symbols", "free", False),
        ("tickers", "/v1/tickers", "free", False),
        ("universe", "/v1/universe", None, False),
        ("health", "/health", None, False),
        ("cboe_chain", "/api/global/delayed_quotes/options/{}[.]json", None, True),
        ("cboe_history", "/api/global/delayed_quotes/charts/historical/{}[.]json", None, True),
        ("cboe_quote", "/api/global/delayed_quotes/quotes/{}[.]json", None, True),
    )
)
_CBOE = "cboe_"


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = _JSON
    broken: str = ""
    """What goes wrong on the wire: cut, wrong_length or drip."""


class _RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class Simulator:
    """A running server; use it as a context manager, or call `close`.

    Attributes:
        url: where it listens, without a slash at the end.
        requests: what was asked, oldest first.
        agents: the User-Agents that were seen.
        plan: the plan of the key.
        latency: seconds before each answer.
        compress: whether answers are in gzip for clients that take it.
        closing: set when the server stops.
        symbols: the fault is for these symbols only; None: for all.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        key: str = "demo",
        plan: str = "alpha",
        latency: float = 0.0,
        fault: str | None = None,
        host: str = "127.0.0.1",
        generation: Generation = "2026-08",
        extra_names: int | Mapping[str, int] = 0,
        symbols: Iterable[str] | None = None,
        compress: bool = False,
        now: datetime | None = None,
        cboe: Callable[[Market], CboeDocuments] | None = None,
    ) -> None:
        """Starts to serve; see `serve`."""
        if host not in _LOOPBACK:
            raise InputError(
                f"The simulator listens on this machine only, not on {host!r}.",
                f"Use one of {', '.join(_LOOPBACK)}.",
            )
        _one_of("plan", plan, LIMITS)
        _one_of("generation", generation, get_args(Generation))
        self.requests: list[Seen] = []
        self.agents: set[str] = set()
        self.plan = plan
        self.symbols = None if symbols is None else frozenset(s.upper() for s in symbols)
        self.fault = fault
        self._key = key
        self.latency = latency
        self._generation = generation
        self._extra_names = extra_names
        self.compress = compress
        self._now = now
        self._make_cboe = cboe or _sample_cboe
        self._cboe: CboeDocuments | None = None
        self._lock = threading.Lock()
        self._used: tuple[str, int] = ("", 0)
        self._paths_failed: set[str] = set()
        self._documents, self._bodies = self._fresh()
        self._fresh_until = time.monotonic() + _CACHE_SECONDS
        self.closing = threading.Event()
        try:
            self._server = _Server((host, port), self)
        except OSError as error:
            raise InputError(
                f"The simulator cannot listen on {host}:{port}: {error.strerror}.",
                "Choose another port, or 0 for any.",
            ) from error
        self.port = int(self._server.server_address[1])
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="simulator", daemon=True
        )
        self._thread.start()

    @property
    def fault(self) -> str | None:
        """The name of the fault in force, or None. It may be changed while the server runs."""
        return self._fault

    @fault.setter
    def fault(self, fault: str | None) -> None:
        if fault is not None:
            _one_of("fault", fault, FAULTS)
        self._fault = fault

    @property
    def limit(self) -> int | None:
        """Requests a day on the plan; None is unlimited."""
        return LIMITS[self.plan]

    @property
    def used(self) -> int:
        """Requests of today (UTC) that count, the refused ones too."""
        day, used = self._used
        return used if day == self._day() else 0

    @property
    def resets_at(self) -> datetime:
        """The next 00:00 UTC."""
        midnight = self._clock().replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(days=1)

    def spend(self, requests: int) -> None:
        """Lets so many of today's requests be gone already."""
        with self._lock:
            self._used = (self._day(), self.used + requests)

    def count(self, endpoint: str | None = None, symbol: str | None = None) -> int:
        """How many requests came, by endpoint and symbol where they are given."""
        return sum(
            endpoint in (None, seen.endpoint) and symbol in (None, seen.symbol)
            for seen in tuple(self.requests)
        )

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
        """Stops at once, whatever is under way; a second call does nothing."""
        if self.closing.is_set():
            return
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.drop_connections()
        self._thread.join()

    # What the handlers ask ------------------------------------------------------------------------

    def _clock(self) -> datetime:
        return (self._now or datetime.now(UTC)).astimezone(UTC)

    def _day(self) -> str:
        return self._clock().date().isoformat()

    def _fresh(self) -> tuple[Documents, dict[tuple[Any, ...], bytes]]:
        return Documents(Market(self._clock(), self._extra_names), self._generation), {}

    def _at_present(self) -> tuple[Documents, dict[tuple[Any, ...], bytes]]:
        """The documents, and the bodies made of them; both hold for 15 seconds, as the vendor's."""
        with self._lock:
            if time.monotonic() >= self._fresh_until:
                self._documents, self._bodies = self._fresh()
                self._cboe = None
                self._fresh_until = time.monotonic() + _CACHE_SECONDS
            return self._documents, self._bodies

    def _cboe_body(self, endpoint: str, symbol: str) -> bytes:
        """A document of Cboe's; made once, since the market of a run stands still for it."""
        documents, bodies = self._at_present()
        place = (endpoint, symbol)
        body = bodies.get(place)
        if body is None:
            with self._lock:
                if self._cboe is None:
                    self._cboe = self._make_cboe(documents.market)
                made = self._cboe
            body = getattr(made, endpoint.removeprefix(_CBOE))(symbol)
            bodies[place] = body
        return body

    def _cboe_reply(self, endpoint: str, symbol: str, fault: str | None) -> tuple[int, bytes, str]:
        """Status, body and kind of an answer in Cboe's way: pages for refusals, no key."""
        refused = {"plan": 403, "key": 401, "quota": 429}.get(fault or "")
        if refused is not None:
            return refused, _DENIED, "application/xml"
        if fault == "half" and self._every_second(symbol):
            return 404, _HTML, "text/html; charset=utf-8"
        try:
            return 200, self._cboe_body(endpoint, symbol), _JSON
        except UnknownSymbolError:
            return 404, _HTML, "text/html; charset=utf-8"

    def _take_one(self) -> bool:
        """Counts a request; False where the day's are spent."""
        with self._lock:
            used = self.used + 1
            self._used = (self._day(), used)
        return self.limit is None or used <= self.limit

    def answer(self, target: str, key: str | None, host: str, agent: str = "") -> _Reply:
        """The answer to a GET of `target` (path and query), a fault's doing included."""
        parts = urlsplit(target)
        path, query = parts.path, dict(parse_qsl(parts.query))
        key = query.pop("apiKey", None) if key is None else key
        found = ((route, route.pattern.fullmatch(path)) for route in _ROUTES)
        route, match = next(((r, m) for r, m in found if m is not None), (None, None))
        symbol = unquote(match[1]).upper() if match is not None and match.lastindex else ""
        headers: dict[str, str] = {}
        status, kind = 200, _JSON
        endpoint = route.endpoint if route is not None else ""
        if endpoint.startswith(_CBOE):
            symbol = symbol.removeprefix("_")
        faulty = self.fault if route is not None and self._is_faulty(route, symbol) else None
        try:
            if endpoint.startswith(_CBOE):
                status, body, kind = self._cboe_reply(endpoint, symbol, faulty)
            else:
                self._check_key(route, key, faulty, headers)
                granted = self._granted(route, path, symbol, key, faulty)
                body = self._body(granted.endpoint, symbol, query, public=key is None)
        except _RefusedError as refused:
            status, body = refused.status, json.dumps(refused.body).encode()
        reply = _Reply(status, body, headers, kind)
        if faulty is not None and status == 200:
            reply = self._with_fault(faulty, reply, target, host)
        self.agents.add(agent)
        self.requests.append(Seen(endpoint, symbol, reply.status, host, key == self._key))
        return reply

    def _is_faulty(self, route: _Route, symbol: str) -> bool:
        if self.fault in {"quota", "key"} and route.plan is not None and not route.data:
            return True
        return route.data and (self.symbols is None or symbol in self.symbols)

    def _check_key(
        self, route: _Route | None, key: str | None, fault: str | None, headers: dict[str, str]
    ) -> None:
        """Refuses a wrong key and a spent quota; tells the quota in `headers`."""
        public = route is not None and route.plan is None
        if public and (key is None or (route is not None and route.endpoint == "health")):
            return
        if key != self._key or fault == "key":
            raise _RefusedError(
                401, {"title": "Unauthorized", "status": 401, "detail": "Invalid API key."}
            )
        within = self._take_one() and fault != "quota"
        reset = self.resets_at
        limit = self.limit
        if fault == "quota":
            limit = limit or LIMITS["growth"]
        left = "unlimited" if limit is None else str(max(0, limit - self.used) if within else 0)
        headers["X-RateLimit-Limit"] = "unlimited" if limit is None else str(limit)
        headers["X-RateLimit-Remaining"] = left
        headers["X-RateLimit-Reset"] = str(int(reset.timestamp()))
        if within:
            return
        headers["Retry-After"] = str(max(1, math.ceil((reset - self._clock()).total_seconds())))
        plan, larger = self.plan.capitalize(), _larger(self.plan)
        raise _RefusedError(
            429,
            {
                "status": "ERROR",
                "error": "Quota exceeded",
                "message": f"You have exceeded your daily API quota of {limit} requests on the "
                f"{plan} plan. Please upgrade to {larger} for a higher limit.",
                "current_plan": plan,
                "limit": limit,
                "upgrade_to": larger,
                "reset_at": f"{reset:%Y-%m-%dT%H:%M:%SZ}",
            },
        )

    def _granted(
        self, route: _Route | None, path: str, symbol: str, key: str | None, fault: str | None
    ) -> _Route:
        """`route`, unless it is not served or the plan does not have it for this symbol."""
        if route is None:
            raise _RefusedError(404, _not_served(path))
        plan = self.plan.capitalize()
        order = tuple(LIMITS)
        needed = _larger(self.plan) if fault == "plan" else route.plan
        short = route.plan is not None and order.index(self.plan) < order.index(route.plan)
        if needed is not None and (short or fault == "plan"):
            raise _RefusedError(
                403,
                {
                    "status": "ERROR",
                    "error": "tier_restricted",
                    "message": f"This endpoint requires the {needed.capitalize()} plan or higher.",
                    "current_plan": plan,
                    "required_plan": needed.capitalize(),
                },
            )
        if symbol and key is not None and self.plan == "free" and symbol not in FREE_UNIVERSE:
            raise _RefusedError(
                403,
                {
                    "status": "ERROR",
                    "error": "symbol_not_in_free_universe",
                    "message": f"The Free plan only covers ~250 tracked symbols. {symbol} isn't "
                    "one of them. Upgrade to Basic or higher for on-demand access to any "
                    "US-listed symbol.",
                    "current_plan": plan,
                    "required_plan": "Basic",
                },
            )
        if fault == "half" and self._every_second(symbol):
            raise _unknown(symbol)
        return route

    def _every_second(self, symbol: str) -> bool:
        symbols = self._documents.market.symbols
        return symbol in symbols and symbols.index(symbol) % 2 == 1

    def _body(self, endpoint: str, symbol: str, query: Mapping[str, str], *, public: bool) -> bytes:
        documents, bodies = self._at_present()
        if endpoint == "account":
            return _encoded(documents.account(self.plan, self.limit, self.used, self.resets_at))
        place = (endpoint, symbol, public, *sorted(query.items()))
        body = bodies.get(place)
        if body is None:
            try:
                body = _encoded(_document(documents, endpoint, symbol, query, public=public))
            except UnknownSymbolError:
                raise _unknown(symbol) from None
            bodies[place] = body
        return body

    def _with_fault(self, fault: str, reply: _Reply, target: str, host: str) -> _Reply:
        """`reply` as `fault` leaves it."""
        headers = reply.headers
        if fault == "slow":
            self.closing.wait(_STALL_SECONDS)
        elif fault in _CHANGED_DOCUMENT:
            changed = _CHANGED_DOCUMENT[fault](json.loads(reply.body))
            return _Reply(200, json.dumps(changed).encode(), headers)
        elif fault == "garbled":
            return _Reply(200, bytes((i * 197 + 131) % 256 for i in range(400)), headers)
        elif fault == "bad_gzip":
            return _Reply(200, reply.body, {**headers, "Content-Encoding": "gzip"})
        elif fault == "html":
            return _Reply(200, _HTML, headers, "text/html; charset=utf-8")
        elif fault == "error500":
            body = {"status": "ERROR", "error": "internal_error", "message": "Unexpected error."}
            return _Reply(500, json.dumps(body).encode(), headers)
        elif fault == "error502":
            return _Reply(502, _HTML, {}, "text/html; charset=utf-8")
        elif fault == "error503_once":
            with self._lock:
                first = target not in self._paths_failed
                self._paths_failed.add(target)
            if first:
                body = {"error": "loading", "message": "The surface is loading."}
                return _Reply(503, json.dumps(body).encode(), headers)
        elif fault == "empty":
            return _Reply(200, b"", headers)
        elif fault == "redirect" and host != "localhost":
            return _Reply(302, b"", {"Location": f"http://localhost:{self.port}{target}"})
        elif fault in _BROKEN_WIRE:
            return _Reply(200, reply.body, headers, broken=fault)
        return reply


def serve(
    port: int = 0,
    key: str = "demo",
    plan: str = "alpha",
    latency: float = 0.0,
    fault: str | None = None,
    host: str = "127.0.0.1",
    *,
    generation: Generation = "2026-08",
    extra_names: int | Mapping[str, int] = 0,
    symbols: Iterable[str] | None = None,
    compress: bool = False,
    now: datetime | None = None,
    cboe: Callable[[Market], CboeDocuments] | None = None,
) -> Simulator:
    """Starts a simulator in a thread of its own.

    Args:
        port: where to listen; 0 takes a free one.
        key: the API key that is accepted.
        plan: one of `LIMITS`.
        latency: seconds before each answer.
        fault: one of `FAULTS`, or None.
        host: a loopback address.
        generation: of the documents; before August 2026 there was no envelope and no flip status.
        extra_names: how many invented names ``N0001`` ... are served beside the twelve, up to 9999;
            or names of one's own, as `extra_names_of` reads them from a file.
        symbols: the fault is for these symbols only; None: for all.
        compress: answer in gzip where the client takes it.
        now: the moment that the market stands at; by default the clock.
        cboe: makes Cboe's documents of a market; by default those of the sample market.

    Returns:
        The running server, which must be closed.

    Raises:
        InputError: an argument makes no sense, or the port is taken.
    """
    return Simulator(
        port=port,
        key=key,
        plan=plan,
        latency=latency,
        fault=fault,
        host=host,
        generation=generation,
        extra_names=extra_names,
        symbols=symbols,
        compress=compress,
        now=now,
        cboe=cboe,
    )


def run(
    port: int = 0,
    key: str = "demo",
    plan: str = "alpha",
    latency: float = 0.0,
    fault: str | None = None,
    host: str = "127.0.0.1",
    *,
    generation: Generation = "2026-08",
    extra_names: int | Mapping[str, int] = 0,
) -> None:
    """Serves until it is interrupted; the first line that it writes is the address.

    The arguments and errors are those of `serve`.
    """
    with serve(
        port, key, plan, latency, fault, host, generation=generation, extra_names=extra_names
    ) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(0.5)


def extra_names_of(text: str) -> int | dict[str, int]:
    """What ``--names`` says: so many invented names, or those in a file.

    Each name of a file is a variation of one of the twelve, by its place in the file; one that the
    sample market has already is left as it is. Lines that cannot be read go to standard error.

    Raises:
        InputError: a number above 9999, or a file that cannot be read or holds no name.
    """
    if text.isascii() and text.isdigit():
        if int(text) > MOST_NAMES:
            raise InputError(f"{text} names are too many.", f"Ask for at most {MOST_NAMES}.")
        return int(text)
    from vrp_xl.workflow.importing import read_watchlist  # noqa: PLC0415 (heavy)

    listed = read_watchlist(text)
    for problem in listed.problems:
        sys.stderr.write(f"{text}: {problem}\n")
    names = [item.symbol for item in listed.items if item.symbol not in SYMBOLS]
    return {name: number for number, name in enumerate(names, start=1)}


def _sample_cboe(market: Market) -> CboeDocuments:
    from vrp_xl.sources.sample.cboe_documents import CboeMarket  # noqa: PLC0415 (heavy)

    return CboeMarket(market)


def _one_of(what: str, value: str, allowed: Iterable[str]) -> None:
    if value not in tuple(allowed):
        raise InputError(
            f"There is no {what} {value!r} in the simulator.", f"Use one of {', '.join(allowed)}."
        )


def _larger(plan: str) -> str:
    order = (*LIMITS, "enterprise")
    return order[order.index(plan) + 1].capitalize()


def _not_served(path: str) -> dict[str, Any]:
    return {"error": "not_found", "message": f"The simulator does not serve {path}."}


def _unknown(symbol: str) -> _RefusedError:
    return _RefusedError(404, {"error": "symbol_not_found", "message": f"No data for {symbol}."})


def _invalid(message: str) -> _RefusedError:
    return _RefusedError(400, {"status": "ERROR", "error": "validation_error", "message": message})


def _encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def _document(
    documents: Documents, endpoint: str, symbol: str, query: Mapping[str, str], *, public: bool
) -> Mapping[str, Any]:
    market = documents.market
    match endpoint:
        case "vrp":
            market.name(symbol)
            day = query.get("date")
            back = 0 if day is None else snapshot_day(market, day)
            if back is None:
                message = f"No VRP snapshot for {symbol} on {day}."
                raise _RefusedError(404, {"error": "no_data", "message": message})
            return documents.vrp(symbol, back)
        case "vrp_history":
            return documents.vrp_history(symbol, _whole(query, "days", 30, 1, 365))
        case "levels":
            return documents.levels(symbol)
        case "exposure_summary":
            return documents.exposure_summary(symbol)
        case "stock_summary":
            return documents.stock_summary(symbol, 1 if public else 0)
        case "volatility":
            return documents.volatility(symbol)
        case "kelly":
            return documents.with_envelope(kelly_document(_bet(query)))
        case "symbols":
            return documents.symbols()
        case "tickers":
            return documents.tickers()
        case "universe":
            return documents.universe(
                query.get("sort", "tier"), _whole(query, "limit", 200, 1, 1000)
            )
        case _:
            return {"status": "healthy"}


def _whole(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch("[0-9]{1,6}", text) or not least <= int(text) <= most:
        raise _invalid(f"'{name}' must be a whole number from {least} to {most}.")
    return int(text)


def _bet(query: Mapping[str, str]) -> Bet:
    def number(name: str, default: str | None = None) -> float:
        text = query.get(name, default)
        try:
            value = float(text or "")
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise _invalid(f"'{name}' is missing or is no number.")
        return int(value) if value.is_integer() else value

    bet = Bet(
        spot=number("spot"),
        strike=number("strike"),
        dte=number("dte"),
        sigma=number("sigma"),
        premium=number("premium"),
        mu=number("mu"),
        kind="put" if query.get("type", "call").lower() == "put" else "call",
        r=number("r", "0.045"),
        q=number("q", "0.013"),
    )
    if min(bet.spot, bet.strike, bet.dte, bet.sigma, bet.premium) <= 0 or abs(bet.mu) > 2:
        raise _invalid("Prices, dte and sigma must be above 0, and mu from -2 to 2.")
    return bet


# What faults make of a document ------------------------------------------------------------------


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {k: _leaves(v, change) for k, v in value.items()}
    if isinstance(value, list):
        return [_leaves(v, change) for v in value]
    return change(value)


def _wrong_types(document: dict[str, Any]) -> dict[str, Any]:
    texts = _leaves(document, lambda v: f"{v}" if _is_number(v) else v)
    return {k: list(v.values()) if isinstance(v, dict) else v for k, v in texts.items()}


def _nan(document: dict[str, Any]) -> Any:
    tokens = itertools.cycle((math.nan, math.inf, -math.inf))
    return _leaves(document, lambda v: next(tokens) if _is_number(v) else v)


_CHANGED_DOCUMENT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "wrong_types": _wrong_types,
    "nan": _nan,
    "nulls": lambda document: _leaves(document, lambda _: None),
    "big": lambda document: {**document, "padding": "x" * _PADDING},
}
_BROKEN_WIRE = frozenset({"cut", "wrong_length", "drip"})


# The server itself -------------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def __init__(self, address: tuple[str, int], simulator: Simulator) -> None:
        self.simulator = simulator
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._open: dict[threading.Thread, socket.socket] = {}
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self._serve_one, args=(request, client_address), daemon=True
        )
        with self._open_lock:
            self._open[thread] = request
        thread.start()

    def _serve_one(self, request: Any, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._open_lock:
                self._open.pop(threading.current_thread(), None)

    def drop_connections(self) -> None:
        """Ends every connection and waits for its thread."""
        with self._open_lock:
            still = dict(self._open)
        for connection in still.values():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in still:
            thread.join(5.0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that left is no error
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answers a request."""
        simulator = self.server.simulator
        if simulator.latency > 0:
            simulator.closing.wait(simulator.latency)
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        agent = self.headers.get("User-Agent") or ""
        self._send(simulator.answer(self.path, self.headers.get("X-Api-Key"), host, agent))

    def do_POST(self) -> None:
        """Nothing is served by POST; the body is not read, so the connection ends."""
        self.close_connection = True
        body = json.dumps(_not_served(urlsplit(self.path).path)).encode()
        self._send(_Reply(404, body, {"Connection": "close"}))

    def _send(self, reply: _Reply) -> None:
        headers = {
            "Date": formatdate(usegmt=True),
            "Server": "vrp-xl-simulator",
            "Content-Type": reply.kind,
            "Access-Control-Allow-Origin": "*",
            "Vary": "Accept-Encoding",
            **reply.headers,
        }
        body = reply.body
        takes_gzip = "gzip" in self.headers.get("Accept-Encoding", "")
        if self.server.simulator.compress and takes_gzip and len(body) >= _GZIP_FROM:
            body = gzip.compress(body, 1)
            headers.setdefault("Content-Encoding", "gzip")
        told = len(body) - 10 if reply.broken == "wrong_length" else len(body)
        headers["Content-Length"] = str(told)
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if reply.broken == "cut":
            self.close_connection = True
            body = body[: len(body) // 2]
        if reply.broken == "drip":
            self._drip(head, body)
        else:
            self.wfile.write(head + body)

    def _drip(self, head: bytes, body: bytes) -> None:
        self.wfile.write(head)
        for byte in body:
            if self.server.simulator.closing.wait(_DRIP_SECONDS):
                return
            self.wfile.write(bytes((byte,)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing; `Simulator.requests` holds what came."""
