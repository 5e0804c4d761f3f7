"""The way out to the network, against servers on this machine that misbehave in every way."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import struct
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.sources.raw_server import reply, serving
from vrp_xl import __version__
from vrp_xl.errors import BadAnswerError, InputError, ServiceError, UnreachableError
from vrp_xl.sources import http
from vrp_xl.sources.http import HttpClient
from vrp_xl.sources.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "fa-secret-key-0123456789"


@contextmanager
def client(url: str, **options: float) -> Iterator[HttpClient]:
    """A client with the key, closed at the end."""
    one = HttpClient(url, headers={"X-Api-Key": KEY}, **options)  # type: ignore[arg-type]
    try:
        yield one
    finally:
        one.close()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GOOD = reply(b'{"spot": 1.5}')


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_BACKOFF", 0.002)


def failure(answer: bytes | Callable[[socket.socket], None], **options: float) -> ServiceError:
    """The error of one get, which must hold neither the key nor a trace of its request."""
    with serving(answer) as server, client(server.url, **options) as one:
        with pytest.raises(ServiceError) as caught:
            one.get("/v1/vrp/SPY")
        assert KEY not in str(caught.value) + repr(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        return caught.value


def test_object_comes_with_status_and_headers() -> None:
    """A JSON object comes back; the request names us and carries the key in its header."""
    with serving(reply(b'{"a": [1]}', "200 OK", "X-Thing: 5")) as server, client(server.url) as one:
        answer = one.get("/v1/vrp/ES%3DF?days=365")
    assert (answer.status, answer.json, answer.headers["x-thing"]) == (200, {"a": [1]}, "5")
    assert server.requests[0].startswith("GET /v1/vrp/ES%3DF?days=365 HTTP/1.1\r\n")
    assert f"User-Agent: vrp_xl/{__version__}\r\n" in server.requests[0]
    assert f"X-Api-Key: {KEY}\r\n" in server.requests[0]


def test_connections_are_kept() -> None:
    """A second request goes over the connection of the first."""
    kept = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    def two(sock: socket.socket) -> None:
        sock.sendall(kept)
        sock.recv(65536)
        sock.sendall(kept)

    with serving(two, reply(b"", "500 x")) as server, client(server.url) as one:
        assert one.get("/").json == one.get("/").json == {}
        assert len(server.requests) == 1


def test_constants_that_json_lacks_are_null() -> None:
    """NaN and the infinities come as null, not as numbers."""
    with (
        serving(reply(b'{"a": NaN, "b": [Infinity, -Infinity]}')) as server,
        client(server.url) as one,
    ):
        assert one.get("/").json == {"a": None, "b": [None, None]}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(b"<html>Just a moment</html>"), BadAnswerError, "no JSON: <html>Just a moment"),
        (reply(b"[1, 2]"), BadAnswerError, "no object: [1, 2]"),
        (reply(b'"text"'), BadAnswerError, "no object"),
        (reply(b""), BadAnswerError, "nothing"),
        (reply(b"[" * 100_000), BadAnswerError, "no JSON"),
        (reply(b'{"\\u0061": ' + b"[" * 800 + b"]" * 800 + b"}"), BadAnswerError, "no JSON"),
        (reply(b'{"a": ' + b"9" * 5000 + b"}"), BadAnswerError, "no JSON"),
        (reply(b"\xff\xfe{\x00"), BadAnswerError, "no JSON"),
        (reply(b'{"a": 1', length=400), BadAnswerError, "cut off"),
        (reply(b'{"a": 1}', length=5), BadAnswerError, "no JSON"),
        (reply(b"nonsense", "200 OK", "Content-Encoding: gzip"), BadAnswerError, "garbled"),
        (CHUNKED + b"f" * 40 + b"\r\n{}", BadAnswerError, "cut off"),
        (reply(gzip.compress(b'{"a": 1}')[:-9] + b"x" * 9, "200 OK", "Content-Encoding: gzip"),
         BadAnswerError, ""),
        (CHUNKED + b"zz\r\n{}", BadAnswerError, ""),
        (CHUNKED + b'5\r\n{"a"', BadAnswerError, "cut"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", ServiceError, ""),
        (b"", UnreachableError, "broke the connection off"),
    ],
)  # fmt: skip
def test_answers_that_are_none(answer: bytes, kind: type[ServiceError], words: str) -> None:
    """What is no JSON object is an error of ours that says so."""
    error = failure(answer)
    assert isinstance(error, kind)
    assert words in error.why


def test_excerpt_is_safe_to_show() -> None:
    """The excerpt of a strange answer is short, printable and without the key."""
    body = b"\x1b[31m\x00\xe2\x80\xae" + KEY.encode() + b" <p>" + b"x" * 5000
    error = failure(reply(body))
    assert error.why.isprintable()
    assert "***" in error.why
    assert len(error.why) < 300


def test_refused_connection() -> None:
    """A port where nobody listens is named as such, and asked once."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with client(f"http://127.0.0.1:{port}") as one, pytest.raises(UnreachableError) as caught:
        one.get("/")
    assert "refused the connection" in caught.value.why
    assert caught.value.fix


def test_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that no name service knows is named, and asked for once."""
    asked = []

    def nobody(*args: object, **_: object) -> None:
        asked.append(args)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with client("https://lab.flashalpha.invalid") as one, pytest.raises(UnreachableError) as caught:
        one.get("/")
    assert "The name lab.flashalpha.invalid was not found" in caught.value.why
    assert len(asked) == 1


def test_tls_is_verified() -> None:
    """A server that speaks no TLS gets no request, and certificates are always checked."""
    with serving(GOOD) as server, client(server.url.replace("http:", "https:")) as one:
        with pytest.raises(UnreachableError, match="secure connection"):
            one.get("/")
        assert not any(KEY in request for request in server.requests)
        assert one._session.verify is True


def test_too_long_an_answer() -> None:
    """An answer above the limit is given up, however long it would go on."""

    def endless(sock: socket.socket) -> None:
        sock.sendall(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"a": "')
        while True:
            sock.sendall(b"x" * 65536)

    error = failure(endless, max_body=1024 * 1024)
    assert isinstance(error, BadAnswerError)
    assert "1,024 KiB" in error.why


def test_default_limit_is_ten_megabytes() -> None:
    """Ten megabytes pass, a packed bomb of more does not."""
    bomb = gzip.compress(b'{"a": "' + b"x" * (11 * 1024 * 1024) + b'"}')
    error = failure(reply(bomb, "200 OK", "Content-Encoding: gzip"))
    assert "10,240 KiB" in error.why


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n\r\n{", b"HTTP/1.1 200 OK\r\nX-A: "])
def test_drip_is_cut(start: bytes) -> None:
    """A server that sends a byte now and then cannot hold a call, in the body or the headers."""

    def drip(sock: socket.socket) -> None:
        sock.sendall(start)
        for _ in range(3000):  # until the client breaks it off
            sock.sendall(b" ")
            time.sleep(0.02)

    error = failure(drip, total_time=0.3)
    assert isinstance(error, UnreachableError)
    assert "within 0.3 s" in error.why


def test_nothing_is_sent_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the name took all the time to be found, no request is made that nobody waits for."""
    up = threading.Event()
    cut, find = http._Watch._cut, socket.getaddrinfo

    def noted(watch: http._Watch) -> None:
        cut(watch)
        up.set()

    def slow(*arguments: object, **more: object) -> object:
        assert up.wait(20)
        return find(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(http._Watch, "_cut", noted)
    with serving(GOOD) as server, client(server.url, total_time=0.1) as one:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        with pytest.raises(UnreachableError, match=r"within 0\.1 s"):
            one.get("/")
        monkeypatch.undo()
    assert server.requests == []


def test_a_socket_that_comes_when_the_time_is_up_is_cut() -> None:
    """A call cannot escape its end by beginning to read after it."""
    watch = http._Watch(0.0)
    watch._timer.join()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(20)
        watch.on(ours)
        assert theirs.recv(1) == b""
        watch.stop()


def test_a_client_that_is_closed_asks_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that waits to be asked again ends, and a later one is not made at all."""
    monkeypatch.setattr(http, "_BACKOFF", 3.0)
    found: list[BaseException] = []
    with serving(reply(b"", "503 x"), GOOD) as server, client(server.url) as one:
        paused = threading.Event()
        attempt = one._attempt

        def noted(*arguments: object, **more: object) -> object:
            result = attempt(*arguments, **more)  # type: ignore[arg-type]
            paused.set()
            return result

        one._attempt = noted  # type: ignore[assignment,method-assign]

        def ask() -> None:
            with pytest.raises(ServiceError) as caught:
                one.get("/")
            found.append(caught.value)

        thread = threading.Thread(target=ask)
        thread.start()
        assert paused.wait(20)
        one.close()
        thread.join()
        with pytest.raises(ServiceError, match="was not asked"):
            one.get("/")
    assert len(server.requests) == 1
    assert "was not asked" in str(found[0])


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 x", "504 x"])
def test_gateway_trouble_is_asked_again(status: str) -> None:
    """502, 503 and 504 are asked again, and what then comes counts."""
    with serving(reply(b"<html>", status), GOOD) as server, client(server.url) as one:
        assert one.get("/").json == {"spot": 1.5}
        assert len(server.requests) == 2


def test_gateway_trouble_ends() -> None:
    """After two more attempts the status is handed over as it is."""
    with serving(reply(b"<html>busy\n</html>", "503 x")) as server, client(server.url) as one:
        answer = one.get("/")
        assert (answer.status, answer.json, answer.text) == (503, None, "<html>busy </html>")
        assert len(server.requests) == 3


def test_silence_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing in time is asked again, also in the middle of its answer."""
    pauses: list[float] = []

    def silent(sock: socket.socket) -> None:
        sock.recv(1)

    def half(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
        sock.recv(1)

    with serving(silent, half, GOOD) as server, client(server.url, read_timeout=0.15) as one:

        def pause(seconds: float) -> None:
            """Until the server has heard the last question, however slow it is."""
            pauses.append(seconds)
            for _ in range(6000):
                if len(server.requests) >= len(pauses):
                    break
                time.sleep(0.01)
            if len(pauses) == 2:
                one._timeouts = (60.0, 60.0)

        monkeypatch.setattr(one._closed, "wait", pause)
        assert one.get("/").json == {"spot": 1.5}
        assert len(server.requests) == 3
    assert len(pauses) == 2


def test_a_connection_that_ends_before_any_answer_is_opened_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that was kept may have been closed meanwhile; an answer that had begun ends the call."""
    monkeypatch.setattr(http, "_BACKOFF", 0.0)

    def hang_up(sock: socket.socket) -> None:
        """Resets the connection."""
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with serving(hang_up, b"", GOOD) as server, client(server.url) as one:
        assert one.get("/").json == {"spot": 1.5}
        assert len(server.requests) == 3

    def in_mid_body(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{")
        hang_up(sock)

    with serving(in_mid_body, GOOD) as server, client(server.url) as one:
        with pytest.raises(ServiceError):
            one.get("/")
        assert len(server.requests) == 1


def test_silence_ends() -> None:
    """Three silences are an error that says for how long."""
    error = failure(lambda sock: sock.recv(1) and None, read_timeout=0.05)
    assert isinstance(error, UnreachableError)
    assert "did not answer in time" in error.why


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 501])
def test_other_statuses_are_asked_once(status: int) -> None:
    """Refusals come back with their JSON at the first attempt, whatever Retry-After says."""
    refusal = reply(b'{"error": "no"}', f"{status} x", "Retry-After: 30000")
    with serving(refusal) as server, client(server.url) as one:
        answer = one.get("/")
        assert (answer.status, answer.json) == (status, {"error": "no"})
        assert answer.headers["retry-after"] == "30000"
        assert len(server.requests) == 1


def test_retry_after_is_never_slept_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a 503 that asks for hours is asked again after a short pause."""
    pauses: list[float] = []
    monkeypatch.setattr(http, "_BACKOFF", 0.25)
    answer = reply(b"{}", "503 x", "Retry-After: 30000")
    with serving(answer) as server, client(server.url) as one:
        monkeypatch.setattr(one._closed, "wait", pauses.append)
        assert one.get("/").status == 503
    assert len(pauses) == 2
    assert all(0.1 < pause < 1 for pause in pauses)


def test_cut_off_error_keeps_its_status() -> None:
    """A refusal whose body is cut off is still that refusal."""
    with serving(reply(b"{", "401 x", length=50)) as server, client(server.url) as one:
        answer = one.get("/")
    assert (answer.status, answer.json) == (401, None)


def test_redirect_on_the_same_server_is_followed() -> None:
    """A redirect to another path of the same server is followed with its query."""
    there = reply(b"", "307 x", "Location: /v2/vrp?days=3")
    with serving(there, GOOD) as server, client(server.url) as one:
        assert one.get("/v1/vrp").json == {"spot": 1.5}
        assert server.requests[1].startswith("GET /v2/vrp?days=3 ")


def test_redirects_end() -> None:
    """A server that redirects in circles is given up after three."""
    with serving(reply(b"", "302 x", "Location: /")) as server, client(server.url) as one:
        with pytest.raises(BadAnswerError, match="address to address"):
            one.get("/")
        assert len(server.requests) == 4


@pytest.mark.parametrize("form", ["http://localhost:{}/x", "//localhost:{}/x"])
def test_redirect_elsewhere_carries_no_key(form: str) -> None:
    """A redirect to another host is refused by its name, and that host hears nothing."""
    with serving(GOOD) as other:
        where = form.format(other.port)
        with (
            serving(reply(b"", "302 x", f"Location: {where}")) as server,
            client(server.url) as one,
        ):
            with pytest.raises(BadAnswerError, match=f"localhost:{other.port}"):
                one.get("/")
            assert len(server.requests) == 1
        assert other.requests == []


@pytest.mark.parametrize(
    "where",
    ["https://127.0.0.1/", "ftp://127.0.0.1/", "http://[", "http://a\\@b/", "", "file:///etc/x"],
)
def test_redirect_to_nonsense(where: str) -> None:
    """Another scheme, another port or no address at all is refused too."""
    error = failure(reply(b"", "302 x", f"Location: {where}"))
    assert isinstance(error, BadAnswerError)
    assert "not followed" in error.why


def test_redirect_that_echoes_the_key() -> None:
    """A redirect whose host spells the key does not bring it into the error."""
    error = failure(reply(b"", "302 x", f"Location: http://{KEY}.example/?k={KEY}"))
    assert "***.example" in error.why


@pytest.mark.parametrize(
    "url",
    [
        "http://lab.flashalpha.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://[::2]",
    ],
)
def test_plain_http_is_for_this_machine(url: str) -> None:
    """Plain http to anywhere but loopback is refused before anything is sent."""
    with pytest.raises(InputError, match="not encrypted"):
        HttpClient(url)


@pytest.mark.parametrize("url", ["http://127.8.9.1:1", "http://[::1]:1", "http://localhost:1"])
def test_loopback_addresses(url: str) -> None:
    """All of loopback may be asked without encryption."""
    HttpClient(url).close()


@pytest.mark.parametrize(
    "url", ["", "lab.flashalpha.com", "ftp://x", "https://", "https://u:p@x", "https://x:99999"]
)
def test_addresses_that_are_none(url: str) -> None:
    """What is no plain https address is refused, and a password in it is not repeated."""
    with pytest.raises(InputError) as caught:
        HttpClient(url)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("value", ["", "a\nb", "a\r\nX: y", " q9", "ключ-key", "a\x00"])
def test_header_values_are_checked_and_not_shown(value: str) -> None:
    """A value that cannot be a header is refused by the header's name alone."""
    with pytest.raises(InputError, match="X-Api-Key") as caught:
        HttpClient("https://x.example", headers={"X-Api-Key": value})
    assert not value or value not in str(caught.value)


def test_path_cannot_change_the_host() -> None:
    """A path without its slash would be read as part of the host."""
    with client("https://x.example") as one, pytest.raises(InputError):
        one.get("@evil.example/")


def test_netrc_and_proxies(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .netrc adds no auth, and plain http to this machine goes by no proxy."""
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("default login someone password other-secret\n")
    monkeypatch.setenv("NETRC", netrc)
    with serving(reply(b"", "500 x")) as proxy, serving(GOOD) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        with client(server.url) as one:
            assert one.get("/").status == 200
        assert "Authorization" not in server.requests[0]
        assert proxy.requests == []


def test_https_goes_by_the_proxy_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is used for https; it sees the host's name and no key."""
    with serving(reply(b"", "407 x")) as proxy, client("https://lab.example") as one:
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//me:proxy-secret@"))
        with pytest.raises(UnreachableError, match="proxy") as caught:
            one.get("/")
        assert proxy.requests[0].startswith("CONNECT lab.example:443")
        assert KEY not in proxy.requests[0]
        assert "proxy-secret" not in str(caught.value)


def test_cookies_are_not_kept() -> None:
    """A cookie of the server does not come back to it."""
    answer = reply(b"{}", "200 OK", "Set-Cookie: __cf_bm=abc; Path=/")
    with serving(answer) as server, client(server.url) as one:
        one.get("/")
        one.get("/")
        assert "Cookie" not in server.requests[1]


def test_key_is_in_no_repr_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the client, nor a response that echoes the key, nor the log shows it."""
    caplog.set_level(logging.DEBUG)
    answer = reply(json.dumps({"e": KEY}).encode(), "401 x", f"X-Echo: {KEY}")
    with serving(answer) as server, client(server.url) as one:
        got = one.get("/")
        assert KEY not in repr(one) + repr(got.headers) + got.text
        assert one.mask(f"key {KEY}\n!") == "key *** !"
    assert KEY not in caplog.text


def test_a_good_answer_that_quotes_the_key() -> None:
    """The key in an answer's values and names becomes stars, also where JSON escapes hide it."""
    hidden = KEY.replace("a", "\\u0061")
    body = f'{{"w": ["is {KEY}", "{hidden}"], "{KEY}": {{"n": 1.5}}}}'.encode()
    with serving(reply(body)) as server, client(server.url) as one:
        assert one.get("/").json == {"w": ["is ***", "***"], "***": {"n": 1.5}}


def test_many_threads_share_a_client() -> None:
    """Calls from several threads at once each get their own answer."""
    got: list[object] = []
    with serving(GOOD) as server, client(server.url, workers=4) as one:
        threads = [threading.Thread(target=lambda: got.append(one.get("/").json)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert got == [{"spot": 1.5}] * 8


def test_plain_text() -> None:
    """Text from outside becomes one printable line of a given length."""
    assert plain("a\u202eb\tc\n\nd") == "a b c d"
    assert plain("x" * 10, 5) == "xxxx…"
    assert plain("is k-1 it", secrets=["k-1", ""]) == "is *** it"


def test_bytes_come_as_they_are() -> None:
    """Whatever a 2xx holds; an error is told as ever."""
    answers = (reply(b"<html>"), reply(b"[1]", "404 Not Found"))
    with serving(*answers) as server, client(server.url) as one:
        first, second = one.get_bytes("/a"), one.get_bytes("/b")
    assert (first.status, first.body, first.json) == (200, b"<html>", None)
    assert (second.status, second.body, second.text) == (404, b"", "[1]")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(b"abc", length=10), "cut off"),
        (reply(b"abc", "200 OK", "Content-Encoding: gzip"), "garbled"),
        (reply(b"x" * 5000), "more than 1 KiB"),
    ],
)
def test_bytes_that_are_not_whole(answer: bytes, words: str) -> None:
    """They are no answer."""
    with (
        serving(answer) as server,
        client(server.url, max_body=1024) as one,
        pytest.raises(BadAnswerError, match=words),
    ):
        one.get_bytes("/a")


def test_our_name_may_be_another() -> None:
    """It is the project's and the version's by default."""
    with serving(reply(b"{}")) as server:
        for name in (None, "Mozilla/5.0 me"):
            one = HttpClient(server.url, user_agent=name)
            one.get("/")
            one.close()
    assert f"User-Agent: vrp_xl/{__version__}" in server.requests[0]
    assert "User-Agent: Mozilla/5.0 me" in server.requests[1]
