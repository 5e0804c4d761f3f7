"""The live source: what it asks on which plan, what refusals do, what it keeps to itself."""

from __future__ import annotations

import json
import logging
import pickle
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from vrp_xl.errors import (
    BadAnswerError,
    InputError,
    KeyRefusedError,
    PlanError,
    QuotaError,
    ServiceError,
    SourceError,
    SymbolNotCoveredError,
    UnknownSymbolError,
)
from vrp_xl.sources import flashalpha
from vrp_xl.sources.base import Call, Fetched, Known, Observation, Quota, Source
from vrp_xl.sources.flashalpha import FlashAlpha
from vrp_xl.sources.http import EndedError, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "fa-secret-key-0123456789"
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ALL = {"x-ratelimit-limit": "unlimited", "x-ratelimit-remaining": "unlimited"}
VRP = {
    "symbol": "AAPL",
    "underlying_price": 200.0,
    "as_of": "2026-11-20T14:59:58.1234567Z",
    "vrp": {"atm_iv": 28.0, "vrp_20d": 4.0, "z_score": 1.2},
    "regime": {"gamma": "positive_gamma"},
}
LEVELS = {"symbol": "AAPL", "levels": {"gamma_flip": 195, "put_wall": 190, "call_wall": 210}}
TIER = {
    "status": "ERROR",
    "error": "tier_restricted",
    "message": "Needs Alpha.",
    "current_plan": "Growth",
    "required_plan": "Alpha",
}
NOT_FREE = {"error": "symbol_not_in_free_universe", "message": "No.", "current_plan": "Free"}
ACCOUNT = {"plan": "growth", "daily_limit": "2500", "remaining": "2400"}

Answer = tuple[int, Any, dict[str, str]]


class Vendor:
    """A server with one answer per path; what was asked for is kept."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.keys: set[str | None] = set()
        self.before: Callable[[], None] = lambda: None
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def do_GET(self) -> None:
                vendor.asked.append(self.path)
                vendor.keys.add(self.headers["X-Api-Key"])
                vendor.before()
                missing = (404, {"error": "symbol_not_found", "message": "No data."}, {})
                status, answer, headers = vendor.answers.get(self.path, missing)
                body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keeps quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def give(self, path: str, answer: Any, status: int = 200, **headers: str) -> None:
        """Sets the answer of `path`; names of headers with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, answer, named)

    def stop(self) -> None:
        """Ends all of its threads."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A server of its own for each test."""
    one = Vendor()
    yield one
    one.stop()


@contextmanager
def source(
    url: str = "https://lab.flashalpha.com",
    plan: str | None = "alpha",
    clock: Callable[[], datetime] = lambda: NOW,
    **known: Any,
) -> Iterator[FlashAlpha]:
    """A source that knows `plan` since this moment."""
    one = FlashAlpha(KEY, base_url=url, clock=clock)
    one.prepare(Known(quota=Quota(plan=plan, seen_at=NOW), **known))
    try:
        yield one
    finally:
        one.close()


def endpoints(one: FlashAlpha, symbol: str = "AAPL") -> list[str]:
    """What is asked for `symbol` now."""
    return [call.endpoint for call in one.calls(symbol)]


def refusal(one: FlashAlpha, call: Call) -> SourceError:
    """The error of `call`, which must not hold the key."""
    with pytest.raises(SourceError) as caught:
        one.get(call)
    assert KEY not in str(caught.value) + repr(caught.value)
    return caught.value


def ask_all(one: FlashAlpha, symbol: str) -> Fetched:
    """What a refresh does for one symbol, one call after the other."""
    for _ in range(5):
        answers, failed = {}, {}
        stepped = False
        for call in one.calls(symbol):
            try:
                answers[call.endpoint] = one.get(call)
            except PlanError as error:
                failed[call.endpoint] = error
                stepped = one.step_down(call, error) or stepped
            except SourceError as error:
                failed[call.endpoint] = error
        if not stepped:
            return one.assemble(symbol, answers, failed)
    raise AssertionError("the ladder has no end")


def test_it_is_a_source() -> None:
    """It has all that a refresh needs of a source."""
    with source() as one:
        assert isinstance(one, Source)
        assert (one.name, one.sample, one.workers) == ("flashalpha", False, 8)


@pytest.mark.parametrize("key", ["", "  ", "a b", "a\nb", "ключ"])
def test_keys_that_are_none(key: str) -> None:
    """A key that cannot be one is refused before anything is asked, and not shown."""
    with pytest.raises(KeyRefusedError) as caught:
        FlashAlpha(key)
    assert not key.strip() or key not in str(caught.value)
    assert "vrp-xl key set" in caught.value.fix


def test_plain_http_is_refused() -> None:
    """The key goes over no open line."""
    with pytest.raises(InputError):
        FlashAlpha(KEY, base_url="http://lab.flashalpha.com")


def test_key_with_its_line_end(vendor: Vendor) -> None:
    """A key that was pasted with spaces around it works."""
    vendor.give("/v1/vrp/AAPL", VRP)
    one = FlashAlpha(f" {KEY}\n", base_url=vendor.url, clock=lambda: NOW)
    one.get(Call("vrp", "AAPL"))
    one.close()
    assert vendor.keys == {KEY}


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("alpha", ["vrp", "levels", "vrp_history"]),
        ("Enterprise", ["vrp", "levels", "vrp_history"]),
        ("growth", ["volatility", "levels"]),
        ("basic", ["summary"]),
        ("free", ["summary"]),
        ("something new", ["vrp", "levels", "vrp_history"]),
        (None, ["vrp", "levels", "vrp_history"]),
    ],
)
def test_calls_follow_the_plan(plan: str | None, expected: list[str]) -> None:
    """Each plan asks for what it has; a plan that nobody knows starts at the top."""
    with source(plan=plan) as one:
        assert endpoints(one) == expected


def test_history_is_asked_for_once() -> None:
    """The past is asked for where too little is stored, as what may fail, and not twice."""
    done = frozenset({("vrp_history", "XOM")})
    with source(history_days={"AAPL": 91, "MSFT": 90, "XOM": 4}, optional_done=done) as one:
        assert endpoints(one, "XOM") == ["vrp", "levels"]
        assert endpoints(one, "AAPL") == ["vrp", "levels"]
        assert Call("vrp_history", "MSFT", optional=True) in one.calls("msft")
        one.assemble("MSFT", {"vrp": {**VRP, "symbol": "MSFT"}, "vrp_history": {}}, {})
        assert endpoints(one, "MSFT") == ["vrp", "levels"]


@pytest.mark.parametrize(
    ("seen", "asked"),
    [
        (NOW - timedelta(hours=2), False),
        (NOW - timedelta(hours=25), True),
        (NOW + timedelta(hours=2), True),
        (None, True),
    ],
)
def test_when_the_plan_is_asked_for(seen: datetime | None, asked: bool) -> None:
    """The account is asked for once a day, or where the time of the last answer makes no sense."""
    with source() as one:
        calls = one.prepare(Known(quota=Quota(plan="growth", seen_at=seen)))
        assert list(calls) == ([Call("account", "")] if asked else [])
        assert endpoints(one) == ["volatility", "levels"]


def test_account_decides(vendor: Vendor) -> None:
    """The account's answer sets the plan, and its own time."""
    vendor.give("/v1/account", ACCOUNT)
    with source(vendor.url, None) as one:
        (call,) = one.prepare(Known())
        one.settle(call, one.get(call))
        assert endpoints(one) == ["volatility", "levels"]
        assert one.quota() == Quota("growth", 2500, 2400, seen_at=NOW)
        assert list(one.prepare(Known(quota=one.quota()))) == []


@pytest.mark.parametrize(("limit", "left"), [("250", 7), ("2500", 9)])
def test_account_that_is_overtaken_gives_nothing_back(
    vendor: Vendor, limit: str, left: int
) -> None:
    """What calls beside the account have spent is spent, unless the limit is another one."""
    reset = datetime(2026, 11, 21, tzinfo=UTC)
    told = {"x-ratelimit-limit": "250", "x-ratelimit-remaining": "7"}
    told["x-ratelimit-reset"] = str(int(reset.timestamp()))
    vendor.answers["/v1/stock/AAPL/summary"] = (200, VRP, told)
    old = Quota("basic", 250, 10, resets_at=reset, seen_at=NOW - timedelta(days=2))
    with source(vendor.url, None) as one:
        (call,) = one.prepare(Known(quota=old))
        one.get(Call("summary", "AAPL"))
        account = {"plan": "basic", "daily_limit": limit, "remaining": "9"}
        one.settle(call, {**account, "resets_at": reset.isoformat()})
        assert one.quota() == Quota("basic", int(limit), left, resets_at=reset, seen_at=NOW)


def test_account_that_fails_leaves_the_top(vendor: Vendor) -> None:
    """Without the account the ladder starts at its top, and a refusal of it is no step down."""
    vendor.give("/v1/account", {"message": "odd"}, 403)
    with source(vendor.url, None) as one:
        (call,) = one.prepare(Known())
        assert one.step_down(call, refusal(one, call)) is False
        one.settle(call, {"plan": None})
        assert endpoints(one)[0] == "vrp"


def test_paths_and_escapes(vendor: Vendor) -> None:
    """Symbols go into the path in upper case and escaped."""
    with source(vendor.url) as one:
        for symbol in ("ES=F", "brk.b", "^SPX", "A/B", "../account"):
            refusal(one, Call("vrp", symbol))
        refusal(one, Call("vrp_history", "SPY"))
    assert vendor.asked == [
        "/v1/vrp/ES%3DF",
        "/v1/vrp/BRK.B",
        "/v1/vrp/%5ESPX",
        "/v1/vrp/A%2FB",
        "/v1/vrp/..%2FACCOUNT",
        "/v1/vrp/SPY/history?days=365",
    ]


@pytest.mark.parametrize("symbol", ["", ".", "..", "/"])
def test_what_is_no_symbol_is_not_asked(symbol: str) -> None:
    """A symbol that would change the path is refused here."""
    with source() as one:
        assert isinstance(refusal(one, Call("vrp", symbol)), UnknownSymbolError)


def test_alpha_record(vendor: Vendor) -> None:
    """On Alpha the record holds figures, levels and the past, each day once."""
    vendor.give("/v1/vrp/AAPL", VRP)
    vendor.give("/v1/exposure/levels/AAPL", LEVELS)
    rows = [
        {"date": "2026-11-20", "spot": 201.0, "vrp_20d": 4.1},
        {"date": "2026-11-19", "spot": 199.0},
    ]
    vendor.give("/v1/vrp/AAPL/history?days=365", {"history": rows})
    with source(vendor.url) as one:
        got = ask_all(one, "aapl")
    assert (got.snapshot.symbol, got.snapshot.source, got.snapshot.sample) == (
        "AAPL", "flashalpha", False,
    )  # fmt: skip
    assert (got.snapshot.z_score, got.snapshot.put_wall, got.snapshot.fetched_at) == (1.2, 190, NOW)
    assert "2 stored" in got.snapshot.missing["rv_90d"]
    today = date(2026, 11, 20)
    assert set(got.observations) == {
        Observation("close", date(2026, 11, 19), 199.0),
        Observation("close", today, 201.0),
        Observation("vrp_20d", today, 4.1),
        Observation("atm_iv", today, 28.0),
        Observation("z_score", today, 1.2),
    }


def test_day_before_the_open(vendor: Vendor) -> None:
    """What comes before the open or on a weekend belongs to the trading day before."""
    with source(vendor.url) as one:
        for as_of in ("2026-11-20T14:29:59Z", "2026-11-19T21:00:00Z"):
            got = one.assemble("AAPL", {"vrp": {**VRP, "as_of": as_of}}, {})
            assert {o.day for o in got.observations} == {date(2026, 11, 19)}
        got = one.assemble("AAPL", {"vrp": {**VRP, "as_of": "2026-11-22T18:00:00Z"}}, {})
        assert {o.day for o in got.observations} == {date(2026, 11, 20)}


def test_levels_that_fail_do_not_lose_the_symbol(vendor: Vendor) -> None:
    """Without levels the record stays, warns and says why; a past that is not there is no news."""
    vendor.give("/v1/vrp/AAPL", VRP)
    with source(vendor.url) as one:
        got = ask_all(one, "AAPL")
    assert got.snapshot.z_score == 1.2
    assert got.snapshot.warnings == ("levels_missing",)
    assert "No data" in got.snapshot.missing["call_wall"]
    assert {o.day for o in got.observations} == {date(2026, 11, 20)}


def test_figures_that_fail_lose_the_symbol() -> None:
    """Without figures their error is the symbol's, else the want of them."""
    with source() as one:
        gone = UnknownSymbolError("gone")
        with pytest.raises(UnknownSymbolError, match="gone"):
            one.assemble("AAPL", {"levels": LEVELS}, {"vrp": gone})
        with pytest.raises(BadAnswerError):
            one.assemble("AAPL", {"vrp": {"symbol": "AAPL"}, "levels": LEVELS}, {})
        with pytest.raises(BadAnswerError):
            one.assemble("AAPL", {}, {})
    with source(plan="free") as one, pytest.raises(SymbolNotCoveredError):
        one.assemble("SPY", {}, {})


def test_ladder_follows_the_plan_that_is_named(vendor: Vendor) -> None:
    """A refusal that names the plan leads straight to it; both calls' refusals step once."""
    vendor.give("/v1/vrp/AAPL", {**TIER, "current_plan": "Basic"}, 403)
    vendor.give("/v1/stock/AAPL/summary", {"price": {"mid": 200.0}})
    with source(vendor.url, None) as one:
        got = ask_all(one, "AAPL")
        assert got.snapshot.spot == 200.0
        assert (one.quota().plan, one.quota().seen_at) == ("basic", NOW)
    assert [p for p in vendor.asked if "summary" in p or "volatility" in p] == [
        "/v1/stock/AAPL/summary"
    ]


def test_ladder_goes_step_by_step(vendor: Vendor) -> None:
    """Where the refusal names no lower plan, the next one below is tried, down to the end."""
    vague = {**TIER, "current_plan": "Alpha"}
    for path in ("vrp/AAPL", "volatility/AAPL", "stock/AAPL/summary"):
        vendor.give(f"/v1/{path}", vague, 403)
    with source(vendor.url) as one:
        with pytest.raises(PlanError, match="Needs Alpha"):
            ask_all(one, "AAPL")
        assert one.quota().plan == "free"
        assert endpoints(one) == ["summary"]


def test_many_refusals_step_once(vendor: Vendor) -> None:
    """Refusals of calls that were made on one plan count once, also where the next has the call."""
    vague = {**TIER, "current_plan": ""}
    vendor.give("/v1/vrp/AAPL", vague, 403)
    vendor.give("/v1/exposure/levels/AAPL", vague, 403)
    vendor.give("/v1/exposure/levels/MSFT", vague, 403)
    calls = [Call("vrp", "AAPL"), Call("levels", "AAPL"), Call("levels", "MSFT")]
    with source(vendor.url) as one:
        errors = [(call, refusal(one, call)) for call in calls]
        assert [one.step_down(*pair) for pair in errors] == [True] * 3
        assert endpoints(one) == ["volatility", "levels"]


def test_what_the_plan_lacks_is_not_asked(vendor: Vendor) -> None:
    """Calls that were planned on a higher plan are refused here, at no cost, and asked anew."""
    with source(vendor.url, "growth") as one:
        call = Call("vrp", "AAPL")
        error = refusal(one, call)
        assert isinstance(error, PlanError)
        assert one.step_down(call, error) is True
        assert endpoints(one) == ["volatility", "levels"]
    assert vendor.asked == []


def test_past_that_the_plan_lacks(vendor: Vendor) -> None:
    """A refused past is no step down, and is not asked for again."""
    vendor.give("/v1/vrp/AAPL/history?days=365", TIER, 403)
    with source(vendor.url) as one:
        call = Call("vrp_history", "AAPL", optional=True)
        assert one.step_down(call, refusal(one, call)) is False
        assert endpoints(one) == ["vrp", "levels"]


def test_other_errors_are_no_step_down() -> None:
    """Only a plan's refusal leads down."""
    with source() as one:
        assert one.step_down(Call("vrp", "AAPL"), UnknownSymbolError("x")) is False
        assert one.step_down(Call("vrp", "AAPL"), SymbolNotCoveredError("x")) is False
        assert endpoints(one)[0] == "vrp"


@pytest.mark.parametrize("symbol", ["SPY", "qqq", "XLE", "SPX", "VIX", "^RUT", "ES=F"])
def test_free_asks_for_single_stocks_only(symbol: str) -> None:
    """On Free, ETFs, indices and futures are not asked for, with a reason."""
    with source(plan="free") as one:
        assert endpoints(one, symbol) == []
        assert f"{symbol.upper()} is not on the" in str(one.skip_reason(symbol))
        assert one.skip_reason("AAPL") is None
    with source(plan="growth") as one:
        assert one.skip_reason(symbol) is None


def test_symbol_outside_the_free_universe(vendor: Vendor) -> None:
    """A symbol that Free lacks is that symbol's error; the plan it names is learned."""
    vendor.give("/v1/vrp/ZZTEST", NOT_FREE, 403)
    with source(vendor.url, None) as one:
        call = Call("vrp", "ZZTEST")
        error = refusal(one, call)
        assert isinstance(error, SymbolNotCoveredError)
        assert one.step_down(call, error) is False
        assert one.quota().plan == "free"


def test_symbols_known_as_not_covered() -> None:
    """What was refused today is not asked for again today."""
    with source(not_covered={"ZZTEST": "refused this morning"}) as one:
        assert endpoints(one, "zztest") == []
        assert one.skip_reason("ZZTEST") == "refused this morning"


def test_refused_key_stops_all(vendor: Vendor) -> None:
    """After a refused key nothing more is asked."""
    vendor.give("/v1/vrp/AAPL", {"status": 401, "detail": f"Invalid API key {KEY}."}, 401)
    with source(vendor.url) as one:
        first = refusal(one, Call("vrp", "AAPL"))
        assert isinstance(first, KeyRefusedError)
        assert "Invalid API key ***" in first.why
        assert isinstance(refusal(one, Call("levels", "MSFT")), KeyRefusedError)
    assert len(vendor.asked) == 1


def test_spent_quota_stops_all_till_it_starts_anew(vendor: Vendor) -> None:
    """A spent quota is asked once; from its end on things are asked again."""
    time = [NOW]
    spent = {"error": "Quota exceeded", "message": "Spent.", "reset_at": "2026-11-21T00:00:00Z"}
    vendor.give("/v1/vrp/AAPL", spent, 429, Retry_After="32400")
    with source(vendor.url, clock=lambda: time[0]) as one:
        for _ in range(2):
            error = refusal(one, Call("vrp", "AAPL"))
            assert isinstance(error, QuotaError)
            assert error.until == datetime(2026, 11, 21, tzinfo=UTC)
        assert len(vendor.asked) == 1
        time[0] = datetime(2026, 11, 21, tzinfo=UTC)
        refusal(one, Call("vrp", "AAPL"))
        assert len(vendor.asked) == 2


def test_error_with_status_200(vendor: Vendor) -> None:
    """An error that comes as a success is an error."""
    vendor.give("/v1/vrp/AAPL", TIER)
    with source(vendor.url) as one:
        assert isinstance(refusal(one, Call("vrp", "AAPL")), PlanError)


def test_html_is_an_error(vendor: Vendor) -> None:
    """A page of a gateway is the service's trouble, whatever its status."""
    with source(vendor.url) as one:
        for status in (200, 403, 500):
            vendor.give("/v1/vrp/AAPL", b"<html>Just a moment", status)
            error = refusal(one, Call("vrp", "AAPL"))
            assert isinstance(error, ServiceError)
            assert "Just a moment" in error.why


def test_quota_of_the_headers(vendor: Vendor) -> None:
    """Each answer's headers count, also a refusal's; late ones do not raise what is left."""
    reset = {"x_ratelimit_reset": "1795219200", "x_ratelimit_limit": "250"}
    with source(vendor.url, "basic") as one:
        for status, remaining in ((200, "17"), (404, "15"), (200, "16"), (200, "rubbish")):
            vendor.give(
                "/v1/stock/A/summary", VRP, status, x_ratelimit_remaining=remaining, **reset
            )
            if status == 200:
                one.get(Call("summary", "A"))
            else:
                refusal(one, Call("summary", "A"))
        got = one.quota()
    assert (got.plan, got.limit, got.remaining, got.seen_at) == ("basic", 250, 15, NOW)
    assert got.resets_at == datetime(2026, 11, 21, tzinfo=UTC)


def test_unlimited_quota(vendor: Vendor) -> None:
    """The headers of an unlimited plan are words."""
    vendor.answers["/v1/vrp/AAPL"] = (200, VRP, ALL)
    with source(vendor.url) as one:
        one.get(Call("vrp", "AAPL"))
        assert (one.quota().unlimited, one.quota().remaining) == (True, None)


def test_changed_limit_asks_for_the_plan_again(vendor: Vendor) -> None:
    """Where the headers' limit is another than before, the plan is asked for at the next chance."""
    vendor.answers["/v1/volatility/AAPL"] = (200, VRP, ALL)
    with source(vendor.url, "growth") as one:
        before = Quota("growth", 2500, 9, seen_at=NOW)
        assert list(one.prepare(Known(quota=before))) == []
        one.get(Call("volatility", "AAPL"))
        assert list(one.prepare(Known(quota=one.quota()))) == [Call("account", "")]
        one.settle(Call("account", ""), ACCOUNT)
        one.get(Call("volatility", "AAPL"))
        assert one.quota().seen_at == NOW


def test_same_call_is_made_once(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for what is already asked for, even by another object, gets the first's answer."""
    vendor.give("/v1/vrp/AAPL", VRP)
    started, waiting, go_on = (threading.Event() for _ in range(3))
    made: list[object] = []

    class Noted(flashalpha.Future[Any]):
        """Made by each call once it knows whether another is under way."""

        def __init__(self) -> None:
            super().__init__()
            made.append(self)
            if len(made) == 2:
                waiting.set()

    def hold() -> None:
        started.set()
        go_on.wait(60)

    monkeypatch.setattr(flashalpha, "Future", Noted)
    vendor.before = hold
    got: list[Any] = []
    with source(vendor.url) as one, source(vendor.url) as other:
        first = threading.Thread(target=lambda: got.append(one.get(Call("vrp", "AAPL"))))
        first.start()
        assert started.wait(60)
        second = threading.Thread(target=lambda: got.append(other.get(Call("vrp", "aapl"))))
        second.start()
        assert waiting.wait(60)
        second.join(0.05)
        assert second.is_alive()
        go_on.set()
        first.join()
        second.join()
        assert got == [VRP, VRP]
        assert len(vendor.asked) == 1
        vendor.before = lambda: None
        one.get(Call("vrp", "AAPL"))
        assert len(vendor.asked) == 2


class Stepping(FlashAlpha):
    """One whose plan another thread changes after it was looked at once."""

    looks: list[str]

    @property
    def _level(self) -> str:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    @_level.setter
    def _level(self, level: str) -> None:
        self.looks = [level]


def test_a_refusal_names_the_plan_that_lacks_it(vendor: Vendor) -> None:
    """The plan steps down while a call is looked at: no plan is said to lack what it has."""
    vendor.give("/v1/vrp/AAPL", VRP)
    one = Stepping(KEY, base_url=vendor.url, clock=lambda: NOW)
    one.looks = ["alpha", "growth"]
    assert one.get(Call("vrp", "AAPL")) == VRP
    one.looks = ["growth", "growth"]
    error = refusal(one, Call("vrp", "AAPL"))
    assert isinstance(error, PlanError)
    assert (error.why, error.current) == (
        "The Growth plan has no vrp; nothing was asked.",
        "Growth",
    )
    one.close()


def test_who_waits_for_a_source_that_is_closed_asks_itself(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of another refresh is no answer to this one's call."""
    vendor.give("/v1/vrp/AAPL", VRP)
    waits = threading.Event()

    class Noted(Future[Response]):
        def result(self, timeout: float | None = None) -> Response:
            waits.set()
            return super().result(timeout)

    def ended(_path: str) -> Response:
        asked.set()
        assert waits.wait(20)
        raise EndedError("closed")

    asked = threading.Event()
    monkeypatch.setattr(flashalpha, "Future", Noted)
    with source(vendor.url) as one, source(vendor.url) as other:
        one._http.get = ended  # type: ignore[method-assign]
        first = threading.Thread(target=refusal, args=(one, Call("vrp", "AAPL")))
        first.start()
        assert asked.wait(20)
        assert other.get(Call("vrp", "AAPL")) == VRP
        first.join()
    assert len(vendor.asked) == 1


def test_key_is_shown_nowhere(vendor: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the source nor what it says, logs or hands over holds the key."""
    caplog.set_level(logging.DEBUG)
    vendor.give("/v1/vrp/AAPL", {"error": KEY, "message": f"\x07{KEY}", "current_plan": KEY}, 403)
    with source(vendor.url) as one:
        error = refusal(one, Call("vrp", "AAPL"))
        assert isinstance(error, PlanError)
        assert KEY not in error.current
        assert KEY not in repr(one) + repr(vars(one)) + repr(one.quota())
        with pytest.raises((TypeError, pickle.PicklingError)):
            pickle.dumps(one)
    assert KEY not in caplog.text
