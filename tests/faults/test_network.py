"""A refresh over a network that fails in every way: it ends, says why, and loses nothing.

What one call does is in `tests/sources/test_http.py`; here the whole way is gone, from the vendor's
address to the file of the store.
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.sources.raw_server import Server, reply, serving
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.simulator import FAULTS, serve
from vrp_xl.sources import flashalpha, http
from vrp_xl.sources.base import Call, Fetched, Quota
from vrp_xl.sources.flashalpha import FlashAlpha
from vrp_xl.sources.http import HttpClient
from vrp_xl.store.database import Store
from vrp_xl.workflow import refresh as refreshing
from vrp_xl.workflow.refresh import RefreshResult, refresh
from vrp_xl.workflow.scan import run_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = "fa-canary-0123456789"
NAMES = ["SPY", "QQQ", "AAPL", "NVDA"]
NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=1)
NO_FIGURES = "neither spot nor IV nor spread"

LASTING = {
    "slow": "kept", "cut": "kept", "garbled": "kept", "bad_gzip": "kept", "html": "kept",
    "error500": "kept", "error502": "kept", "empty": "kept", "redirect": "kept", "quota": "kept",
    "key": "kept", "drip": "kept", "big": "kept", "plan": "kept", "wrong_length": "kept",
    "wrong_types": "kept", "nan": "kept", "nulls": "kept", "half": "fresh",
    "error503_once": "fresh",
}  # fmt: skip
"""Fault of the simulator -> what becomes of the first symbol."""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(http, "_BACKOFF", 0.002)


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Shortens the time-outs of the source, or those of one symbol's calls alone."""

    def shorten(symbol: str | None = None, **limits: float) -> None:
        class Hurried(HttpClient):
            """Each call has its limits, so that a busy machine makes no other call fail."""

            def __init__(self, *address: Any, **options: Any) -> None:
                super().__init__(*address, **options)
                self.brief = HttpClient(*address, **(options | limits))

            def get(self, path: str) -> http.Response:
                return self.brief.get(path) if (symbol or "") in path else super().get(path)

            def close(self) -> None:
                self.brief.close()
                super().close()

        monkeypatch.setattr(flashalpha, "HttpClient", Hurried)

    return shorten


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with yesterday's snapshot of each name, on a plan that is known."""
    with Store(tmp_path / "store.sqlite3", clock=lambda: NOW) as opened:
        for name in NAMES:
            opened.save(Fetched(yesterday(name)))
        opened.put_quota("flashalpha", "acc", Quota(plan="alpha", unlimited=True, seen_at=NOW))
        yield opened


def yesterday(name: str) -> Snapshot:
    """What is stored before the fault."""
    return Snapshot(
        symbol=name, source="flashalpha", as_of=OLD, fetched_at=OLD, spot=100.0, z_score=1.5
    )


@contextmanager
def source(url: str, clock: Callable[[], datetime] = lambda: NOW) -> Iterator[FlashAlpha]:
    """The source at this address, with the key that must not be seen anywhere."""
    one = FlashAlpha(KEY, base_url=url, workers=4, clock=clock)
    try:
        yield one
    finally:
        one.close()


def run(url: str, store: Store, names: list[str] | None = None, **more: Any) -> RefreshResult:
    """A refresh from this address."""
    clock = more.pop("clock", lambda: NOW)
    with source(url, clock) as one:
        return refresh(one, store, names or NAMES, account="acc", clock=clock, **more)


def check_kept(result: RefreshResult, store: Store) -> None:
    """Each symbol that is not fresh has a reason without the key and keeps what it had."""
    for outcome in result.outcomes:
        assert KEY not in outcome.why
        if outcome.state != "fresh":
            assert outcome.why
            assert store.latest("flashalpha", outcome.symbol) == yesterday(outcome.symbol)
            assert outcome.age == NOW - OLD
    with store._reading() as db:
        bodies = [body for (body,) in db.execute("SELECT body FROM snapshots")]
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for body in bodies:
        json.loads(body, parse_constant=lambda word: pytest.fail(f"stored {word}"))
    assert KEY.encode() not in store.path.read_bytes()


def test_every_fault_of_the_simulator_is_here() -> None:
    """A fault that is added to the simulator is tried here too."""
    assert set(LASTING) == set(FAULTS)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_costs_nothing_that_is_stored(
    fault: str, store: Store, hurry: Callable[..., None]
) -> None:
    """Whatever the server does: the refresh ends, says why, and the older snapshot stays."""
    if fault in {"slow", "drip"}:
        hurry(read_timeout=0.4, total_time=1.0)
    with serve(key=KEY, fault=fault, now=NOW) as server:
        result = run(server.url, store)
        assert all(seen.host != "localhost" for seen in server.requests), "the key has followed"
        asked = {seen.symbol for seen in server.requests}
    assert result.outcomes[0].state == LASTING[fault], result.outcomes[0].why
    for outcome in result.outcomes:
        assert not (outcome.state == "skipped" and outcome.symbol in asked), outcome.why
    check_kept(result, store)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_one_bad_symbol_costs_no_other(
    fault: str, store: Store, hurry: Callable[..., None]
) -> None:
    """Where the fault is one symbol's, the others are fresh."""
    if fault in {"slow", "drip"}:
        hurry("AAPL", read_timeout=0.4, total_time=1.0)
    with serve(key=KEY, fault=fault, now=NOW, symbols=["AAPL"]) as server:
        result = run(server.url, store)
    states = {outcome.symbol: outcome.state for outcome in result.outcomes}
    if fault in {"key", "quota"}:  # what no other symbol could pass either
        assert result.stopped is not None
    elif fault == "plan":  # steps down the ladder: the others take what the plan below has
        assert states["SPY"] != "missing"
    else:
        assert {name for name in NAMES if states[name] != "fresh"} <= {"AAPL"}
    check_kept(result, store)


def reset(sock: socket.socket) -> None:
    """Half an answer, then a reset instead of an end."""
    sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{"symbol": ')
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stall(sock: socket.socket) -> None:
    """Half an answer, then silence."""
    sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{"symbol": ')
    sock.recv(1)


def drip(sock: socket.socket) -> None:
    """A body that does not end before the client does."""
    sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{")
    for _ in range(3000):
        sock.sendall(b" ")
        time.sleep(0.02)


WIRE: list[tuple[str, Any, str]] = [
    ("reset", reset, "broke the connection off"),
    ("stall", stall, "in time"),
    ("drip", drip, "did not finish its answer within 1 s"),
    ("short", reply(b'{"symbol": "SPY"}', length=900), "cut off"),
    ("long", reply(b'{"symbol": "SPY"}', length=9), "no JSON"),
    ("gzip", reply(b"\x1f\x8b" + b"rubbish", "200 OK", "Content-Encoding: gzip"), "garbled"),
    ("html", reply(b"<html>Just a moment</html>"), "no JSON: <html>Just a moment"),
    ("list", reply(b"[1, 2, 3]"), "no object"),
    ("other shape", reply(b'{"data": {"rows": [[1, 2]]}}'), NO_FIGURES),
    ("other symbol", reply(b'{"symbol": "MSFT", "spot": 1.0}'), "MSFT"),
    ("nan", reply(b'{"symbol": "SPY", "spot": NaN, "vrp": {"atm_iv": Infinity}}'), NO_FIGURES),
    ("11 MB", reply(gzip.compress(b'{"a": "' + b"x" * (11 << 20) + b'"}'), "200 OK",
                    "Content-Encoding: gzip"), "10,240 KiB"),
    ("502 storm", reply(b"<html>Bad gateway</html>", "502 Bad Gateway"), "502"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "words"), [w[1:] for w in WIRE], ids=[w[0] for w in WIRE])
def test_a_wire_that_fails(
    answer: bytes, words: str, store: Store, hurry: Callable[..., None]
) -> None:
    """Each failure of the wire has its own words, and yesterday's snapshot stays."""
    if answer is stall:
        hurry(read_timeout=0.2, total_time=60.0)
    if answer is drip:
        hurry(read_timeout=60.0, total_time=1.0)
    with serving(answer) as server:
        result = run(server.url, store, ["SPY"])
    assert result.outcomes[0].state == "kept"
    assert words in result.outcomes[0].why
    check_kept(result, store)


def test_a_storm_of_502_is_given_up(store: Store) -> None:
    """A gateway that answers nothing else is asked three times a call, not for ever."""
    with serving(reply(b"<html>Bad gateway</html>", "502 Bad Gateway")) as server:
        result = run(server.url, store)
        assert len(server.requests) <= 3 * result.calls
        assert result.calls <= 3 * len(NAMES)
    assert {o.state for o in result.outcomes} == {"kept"}
    check_kept(result, store)


def test_a_refused_connection(store: Store) -> None:
    """Nobody listens: a sentence that says so, after three symbols at most."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    result = run(f"http://127.0.0.1:{port}", store)
    assert result.stopped is not None
    assert "refused the connection" in str(result.stopped)
    check_kept(result, store)


def test_a_name_that_is_not_found(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """No name service knows the host: said by its name."""

    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    result = run("https://lab.flashalpha.invalid", store)
    assert "The name lab.flashalpha.invalid was not found" in str(result.stopped)
    check_kept(result, store)


@contextmanager
def tls(certificate: trustme.LeafCert) -> Iterator[tuple[Server, int]]:
    """A server on this machine that shows `certificate`; what it could read is in `requests`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with serving(reply(b'{"symbol": "SPY"}')) as plain, socket.create_server(("127.0.0.1", 0)) as s:
        s.settimeout(0.05)
        ended = threading.Event()

        def relay() -> None:
            while not ended.is_set():
                try:
                    sock, _ = s.accept()
                except TimeoutError:
                    continue
                sock.settimeout(5)
                try:
                    with (
                        context.wrap_socket(sock, server_side=True) as inner,
                        socket.create_connection(("127.0.0.1", plain.port)) as outer,
                    ):
                        outer.sendall(inner.recv(65536))
                        inner.sendall(outer.recv(65536))
                except OSError:
                    sock.close()

        thread = threading.Thread(target=relay)
        thread.start()
        try:
            yield plain, s.getsockname()[1]
        finally:
            ended.set()
            thread.join()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority of the test's own."""
    return trustme.CA()


@pytest.mark.parametrize("case", ["expired", "unknown authority", "another name", "accepted"])
def test_certificates(
    case: str,
    authority: trustme.CA,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Expired, self-signed and foreign certificates are refused before the key is sent."""
    trusted = tmp_path / "ca.pem"
    (trustme.CA() if case == "unknown authority" else authority).cert_pem.write_to_path(trusted)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    made = authority.issue_cert(
        "elsewhere.example" if case == "another name" else "localhost",
        not_before=long_ago,
        not_after=long_ago + timedelta(days=1) if case == "expired" else None,
    )
    with tls(made) as (server, port):
        result = run(f"https://localhost:{port}", store, ["SPY"])
        heard = "".join(server.requests)
    if case == "accepted":  # the set-up itself is sound: this one is asked, key and all
        assert f"X-Api-Key: {KEY}" in heard
        assert NO_FIGURES in result.outcomes[0].why
    else:
        assert KEY not in heard
        assert "its certificate or its encryption was not accepted" in result.outcomes[0].why
        assert "clock" in result.outcomes[0].why
    check_kept(result, store)


@pytest.mark.parametrize(
    ("told", "until"),
    [
        ("120", NOW + timedelta(seconds=120)),
        ("Fri, 20 Nov 2026 19:00:00 GMT", datetime(2026, 11, 20, 19, tzinfo=UTC)),
        ("-5", datetime(2026, 11, 21, tzinfo=UTC)),
        ("soon, perhaps", datetime(2026, 11, 21, tzinfo=UTC)),
        ("9" * 400, datetime(2026, 11, 21, tzinfo=UTC)),
        ("Fri, 99 Foo 2026 25:61:61 GMT", datetime(2026, 11, 21, tzinfo=UTC)),
    ],
)
def test_429_with_every_kind_of_retry_after(told: str, until: datetime, store: Store) -> None:
    """A spent quota stops the refresh at once and holds till the moment told, or midnight UTC."""
    with serving(reply(b"{}", "429 Too Many Requests", f"Retry-After: {told}")) as server:
        result = run(server.url, store)
        asked = len(server.requests)
        assert asked <= 4, "one call per worker, none after the first refusal was heard"
        latch = store.latch("flashalpha", "acc")
        assert latch is not None
        assert latch.until == until
        again = run(server.url, store)
        assert len(server.requests) == asked, "asked again while the quota is spent"
    assert {o.state for o in (*result.outcomes, *again.outcomes)} == {"kept"}
    check_kept(result, store)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_an_hour_off(hours: int, store: Store) -> None:
    """This machine's clock is not the vendor's: figures are stored and no age is negative."""
    moment = NOW + timedelta(hours=hours)
    with serve(key=KEY, now=NOW) as server:
        result = run(server.url, store, clock=lambda: moment)
    assert {o.state for o in result.outcomes} == {"fresh"}
    assert all(o.age is not None and o.age >= timedelta(0) for o in result.outcomes)
    found = run_scan(store, "flashalpha", NAMES, STANDARD, now=moment)
    assert all(row.age >= timedelta(0) for row in found.rows)
    assert len(found.rows) == len(NAMES)
    told = "ahead of this machine's clock: check the clock"
    assert all(any(told in w for w in row.decision.warnings) is (hours < 0) for row in found.rows)


def test_a_clock_that_leaps_in_mid_refresh(store: Store) -> None:
    """The wall clock is set while a refresh runs: the deadline, which is no wall clock, holds."""
    ticks = iter(range(10_000))

    def leaping() -> datetime:
        return NOW + timedelta(hours=8 * (next(ticks) % 2))

    with serve(key=KEY, now=NOW) as server:
        result = run(server.url, store, clock=leaping)
    assert {o.state for o in result.outcomes} == {"fresh"}
    assert result.elapsed < 3600  # seconds of the steady clock: the other leaps 8 hours at a time


def test_a_sleep_in_mid_refresh(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a sleep that the steady clock counts too, what came is stored and the rest is kept."""
    offset = [0.0]

    class Steady:
        """The module `time` as the refresh sees it."""

        @staticmethod
        def monotonic() -> float:
            """The steady clock, and the hours slept."""
            return time.monotonic() + offset[0]

    def asleep(done: int, *_: object) -> None:
        if done == 1:
            offset[0] = 8 * 3600.0

    woke, get = threading.Event(), FlashAlpha.get

    def late(source: FlashAlpha, call: Call) -> Any:
        assert call.symbol != NAMES[-1] or woke.wait(20)
        return get(source, call)

    monkeypatch.setattr(FlashAlpha, "get", late)
    monkeypatch.setattr(refreshing, "time", Steady)
    with serve(key=KEY, now=NOW) as server:
        result = run(server.url, store, workers=1, progress=asleep)
        woke.set()
    states = [o.state for o in result.outcomes]
    assert states.count("fresh") >= 1
    assert set(states) <= {"fresh", "kept"}
    assert "kept" in states
    assert all("deadline" in o.why for o in result.outcomes if o.state == "kept")
    check_kept(result, store)
    with serve(key=KEY, now=NOW) as server:  # and after it all is as before
        assert run(server.url, store).count("fresh") == len(NAMES)


def test_connections_that_died_in_a_sleep(store: Store) -> None:
    """A kept connection that the server has closed meanwhile is opened anew, not an error."""
    body = b'{"symbol": "SPY"}'
    kept = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with serving(kept) as server, source(server.url) as one:
        for _ in range(3):
            result = refresh(one, store, ["SPY"], account="acc", clock=lambda: NOW)
            assert NO_FIGURES in result.outcomes[0].why
