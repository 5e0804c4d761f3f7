"""The one polite way out to the network: JSON objects over a pooled `requests.Session`.

It knows no vendor. It keeps what every source needs kept: a call ends in time and in bounds, the
headers that identify us reach one host only, and whatever goes wrong is an error of
`vrp_xl.errors` that shows none of them. May not import anything of the package but `errors`,
`loopback`, `plain` and the version.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import requests
import requests.auth
import urllib3
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from vrp_xl import __version__
from vrp_xl.errors import BadAnswerError, InputError, ServiceError, UnreachableError
from vrp_xl.loopback import is_loopback
from vrp_xl.sources.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_RETRIED = frozenset({502, 503, 504})
_RETRIES = 2
_BACKOFF = 0.25
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 3
_ERROR_BODY = 64 * 1024
_CHUNK = 64 * 1024
_CHECK_NETWORK = "Check the network connection and try again."
_TRY_LATER = "Try again later."


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered, whatever its status.

    Attributes:
        status: the HTTP status; 2xx only with `json`.
        json: the JSON object, or None where an error's body was none.
        text: the start of the body, safe to show.
        headers: by name in lower case.
        body: the bytes of a 2xx, unpacked, where they were asked for as they are.
    """

    status: int
    json: dict[str, Any] | None
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class HttpClient:
    """GETs JSON objects from one server. `get` may be called from several threads at once."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        user_agent: str | None = None,
        workers: int = 8,
        connect_timeout: float = 3.0,
        read_timeout: float = 10.0,
        total_time: float = 20.0,
        max_body: int = 10 * 1024 * 1024,
    ) -> None:
        """Opens nothing yet.

        Args:
            base_url: https, or http to this machine alone.
            headers: sent with each request; their values are never shown.
            user_agent: how we name ourselves; None is this project and its version.
            workers: connections that are kept open.
            connect_timeout: seconds until a connection stands.
            read_timeout: seconds of silence that end an attempt.
            total_time: seconds that one `get` may take with all its attempts.
            max_body: bytes, unpacked, that an answer may have.

        Raises:
            InputError: `base_url` or a header cannot be used.
        """
        self._base = _checked_base(base_url)
        self.host = self._base.hostname or ""
        self._secrets = tuple((headers or {}).values())
        for name, value in (headers or {}).items():
            if not (value and value.isascii() and value.isprintable() and value == value.strip()):
                raise InputError(
                    f"The value for the header {name} is empty or holds characters that no header "
                    "may have.",
                    "Enter it again, without spaces or line ends.",
                )
        self._timeouts = (connect_timeout, read_timeout)
        self._total_time = total_time
        self._max_body = max_body
        self._closed = threading.Event()
        self._session = _Session()
        # Proxies of the environment are used, but never for plain http: they would see the key.
        self._session.trust_env = self._base.scheme == "https"
        self._session.auth = _NoAuth()
        self._session.verify = True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update(
            {
                "User-Agent": user_agent or f"vrp_xl/{__version__}",
                "Accept": "application/json",
            }
        )
        self._session.headers.update(headers or {})
        adapter = _Adapter(pool_connections=1, pool_maxsize=workers, max_retries=0)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def close(self) -> None:
        """Closes all connections; calls under way are heard out, but nothing is asked any more."""
        self._closed.set()
        self._session.close()

    def mask(self, text: str, limit: int = 300) -> str:
        """`text` on one line, printable, cut to `limit`, without the header values."""
        return plain(text, limit, self._secrets)

    def get(self, path: str) -> Response:
        """Asks for `path` (starting with a slash, escaped, with its query).

        Only 502, 503, 504 and timeouts are asked again, at most twice; a ``Retry-After`` is for
        the caller to read and never slept on. Redirects are followed on the same server only.

        Returns:
            A 2xx with its JSON object, or any other status with what its body holds. NaN and
            Infinity, which JSON does not have, come as null.

        Raises:
            InputError: `path` does not start with a slash.
            UnreachableError: no answer in time, or none at all.
            BadAnswerError: a 2xx without a JSON object, an answer that is cut off, garbled or too
                long, a redirect to elsewhere.
        """
        return self._watched(path, raw=False)

    def get_bytes(self, path: str) -> Response:
        """Like `get`, but a 2xx comes as the bytes of its body, whatever they hold.

        Raises:
            InputError: `path` does not start with a slash.
            UnreachableError: no answer in time, or none at all.
            BadAnswerError: an answer that is cut off, garbled or too long, a redirect to
                elsewhere.
        """
        return self._watched(path, raw=True)

    def _watched(self, path: str, *, raw: bool) -> Response:
        if not path.startswith("/"):
            raise InputError(f"The path {plain(path)} does not start with a slash.")
        if self._closed.is_set():
            raise self._ended()
        watch = _Watch(self._total_time)
        _LOCAL.watch = watch
        try:
            return self._get(path, watch, raw=raw)
        finally:
            watch.stop()
            _LOCAL.watch = None

    def _get(self, path: str, watch: _Watch, *, raw: bool) -> Response:
        redirects = 0
        attempt = 0
        while True:
            result = self._attempt(path, watch, last=attempt >= _RETRIES, raw=raw)
            if isinstance(result, Response):
                if result.status not in _REDIRECTS:
                    return result
                redirects += 1
                if redirects > _MAX_REDIRECTS:
                    raise BadAnswerError(
                        f"{self.host} sends on from address to address without an answer.",
                        _TRY_LATER,
                    )
                path = self._same_server(path, result.headers.get("location", ""))
                continue
            if watch.expired:
                raise self._too_slow()
            if result is not None and (
                attempt >= _RETRIES or not isinstance(result, _PassingError)
            ):
                raise result
            attempt += 1
            pause = random.uniform(0.5, 1.5) * _BACKOFF * 2 ** (attempt - 1)  # noqa: S311
            if pause >= watch.left():
                raise result or self._too_slow()
            if self._closed.wait(pause):
                raise self._ended()

    def _attempt(
        self, path: str, watch: _Watch, *, last: bool, raw: bool
    ) -> Response | ServiceError | None:
        """One request: its response, its error, or None for a status that is asked again."""
        connect, read = self._timeouts
        left = max(watch.left(), 0.01)
        url = urlunsplit((self._base.scheme, self._base.netloc, "", "", "")) + path
        began = False
        try:
            with self._session.get(
                url,
                stream=True,
                allow_redirects=False,
                timeout=(min(connect, left), min(read, left)),
            ) as answer:
                began = True
                if answer.status_code in _RETRIED and not last:
                    return None
                return self._read(answer, watch, raw=raw)
        except ServiceError as error:
            return error.with_traceback(None)  # its frames hold the connection
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            OSError,
            ValueError,
        ) as error:
            # Not chained: the originals carry the request and with it the headers.
            return self._translated(error, began=began)

    def _read(self, answer: requests.Response, watch: _Watch, *, raw: bool) -> Response:
        status = answer.status_code
        headers = {
            name.lower(): plain(value, 2000, self._secrets)
            for name, value in answer.headers.items()
        }
        if status in _REDIRECTS:
            return Response(status, None, "", headers)
        good = 200 <= status < 300
        limit = self._max_body if good else _ERROR_BODY
        try:
            body = _body(answer, limit)
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError):
            if good:
                raise
            body = b""
        if good and watch.expired:
            raise self._too_slow()
        if good and len(body) > limit:
            raise BadAnswerError(
                f"{self.host} sent more than {limit // 1024:,} KiB for one answer.", _TRY_LATER
            )
        if good and raw:
            return Response(status, None, "", headers, body)
        content = _json(body, self._secrets)
        text = self.mask(body[:_ERROR_BODY].decode("utf-8", "replace"), 200)
        if good and not isinstance(content, dict):
            what = "nothing" if not body.strip() else "no JSON" if content is None else "no object"
            raise BadAnswerError(
                f"{self.host} answered with {what}" + (f": {text}" if text else "."), _TRY_LATER
            )
        return Response(status, content if isinstance(content, dict) else None, text, headers)

    def _same_server(self, path: str, location: str) -> str:
        """The path of a redirect that stays on our server."""
        here = urlunsplit((self._base.scheme, self._base.netloc, path, "", ""))
        try:
            there = urlsplit(urljoin(here, location))
            same = _origin(there) == _origin(self._base)
        except ValueError:
            there, same = SplitResult("", "", "", "", ""), False
        if not location or not same:
            host = self.mask(there.netloc.rpartition("@")[2], 100) or "nowhere"
            scheme = f"{there.scheme}://" if there.scheme else ""
            raise BadAnswerError(
                f"{self.host} redirects to {self.mask(scheme)}{host}; it was not followed, so that "
                "the key goes to no other server.",
                "Check the address of the service.",
            )
        # Put on our own origin again by `_attempt`, so that no reading of an odd address by
        # another parser can lead elsewhere.
        return urlunsplit(("", "", there.path if there.path.startswith("/") else "/", "", "")) + (
            f"?{there.query}" if there.query else ""
        )

    def _too_slow(self) -> ServiceError:
        return UnreachableError(
            f"{self.host} did not finish its answer within {self._total_time:g} s.", _TRY_LATER
        )

    def _ended(self) -> ServiceError:
        return EndedError(f"The connection to {self.host} was closed; it was not asked any more.")

    def _translated(self, error: Exception, *, began: bool) -> ServiceError:
        """What an exception of the libraries means, in words that hold nothing of the request.

        Args:
            error: the exception.
            began: that an answer had begun.
        """
        causes = _causes(error)

        def among(*kinds: type[BaseException]) -> bool:
            return any(isinstance(c, kinds) for c in causes)

        if among(requests.exceptions.ProxyError, urllib3.exceptions.ProxyError):
            return UnreachableError(
                f"The proxy on the way to {self.host} cannot be used.",
                "Check HTTPS_PROXY and NO_PROXY.",
            )
        if among(requests.exceptions.SSLError, urllib3.exceptions.SSLError):
            return UnreachableError(
                f"The secure connection to {self.host} failed: its certificate or its encryption "
                "was not accepted.",
                "Check the clock of this machine and what inspects its traffic.",
            )
        if among(urllib3.exceptions.NameResolutionError, socket.gaierror):
            return UnreachableError(f"The name {self.host} was not found.", _CHECK_NETWORK)
        if among(ConnectionRefusedError):
            return UnreachableError(f"{self.host} refused the connection.", _CHECK_NETWORK)
        if among(urllib3.exceptions.NewConnectionError):
            return UnreachableError(f"{self.host} cannot be reached.", _CHECK_NETWORK)
        if among(requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError):
            return _PassingError(
                f"No connection to {self.host} within {self._timeouts[0]:g} s.", _CHECK_NETWORK
            )
        if among(
            requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError, TimeoutError
        ):
            return _PassingError(f"{self.host} did not answer in time.", _TRY_LATER)
        if among(requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError):
            return BadAnswerError(f"{self.host} sent a garbled answer.", _TRY_LATER)
        if among(urllib3.exceptions.IncompleteRead, http.client.IncompleteRead):
            return BadAnswerError(f"{self.host} sent an answer that is cut off.", _TRY_LATER)
        if among(ConnectionError, http.client.RemoteDisconnected):
            kind = UnreachableError if began else _PassingError
            return kind(f"{self.host} broke the connection off.", _TRY_LATER)
        if among(urllib3.exceptions.ProtocolError, http.client.HTTPException):
            return BadAnswerError(f"{self.host} sent what is no HTTP answer.", _TRY_LATER)
        if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
            return UnreachableError(f"{self.host} cannot be reached.", _CHECK_NETWORK)
        return ServiceError(
            f"The request to {self.host} failed ({type(error).__name__}).", _CHECK_NETWORK
        )


class EndedError(ServiceError):
    """The client was closed before the call was made, or made again."""


class _PassingError(UnreachableError):
    """A time-out, or a connection that ended before any answer; another attempt may succeed.

    One that was kept may have been closed meanwhile.
    """


class _Session(requests.Session):
    """A session that looks at no redirect: requests would read its body, however long."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        return None


class _NoAuth(requests.auth.AuthBase):
    """Adds nothing; while a session has an auth of its own, it does not read ``.netrc``."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


class _Watch:
    """Ends a call whose time is up by shutting its socket: a drip resets every other timeout."""

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self._sock: socket.socket | None = None
        self._lock = threading.Lock()
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def left(self) -> float:
        return self._end - time.monotonic()

    def on(self, sock: socket.socket | None) -> None:
        with self._lock:
            self._sock = sock
            if self.expired:
                self._shut()

    def stop(self) -> None:
        self._timer.cancel()
        self.on(None)

    def _cut(self) -> None:
        with self._lock:
            self.expired = True
            self._shut()

    def _shut(self) -> None:
        if self._sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


_LOCAL = threading.local()


def _watch_socket(sock: socket.socket | None) -> None:
    watch: _Watch | None = getattr(_LOCAL, "watch", None)
    if watch is not None:
        watch.on(sock)


class _HTTPConnection(HTTPConnection):
    """Watched before anything is sent: a request that comes too late must not be made."""

    def connect(self) -> None:
        super().connect()
        _watch_socket(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch_socket(self.sock)
        super().request(*args, **kwargs)


class _HTTPSConnection(_HTTPConnection, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class _Adapter(HTTPAdapter):
    """The ordinary adapter with connections that a `_Watch` can end."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def close(self) -> None:
        """Closes the connections now; the base class leaves that to the garbage collector."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - it cannot be iterated itself
                manager.pools[key].close()
        super().close()

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def _checked_base(base_url: str) -> SplitResult:
    try:
        base = urlsplit(base_url.strip().rstrip("/"))
        host, _ = base.hostname or "", base.port
    except ValueError:
        base, host = SplitResult("", "", "", "", ""), ""
    if base.scheme not in {"http", "https"} or not host or base.username or base.path or base.query:
        raise InputError(
            "The address of the service is not of the form https://host.",
            "Give scheme and host, and a port where needed.",
        )
    if base.scheme == "http" and not is_loopback(host):
        raise InputError(
            f"The address of the service, http://{plain(host, 100)}, is not encrypted; nothing was "
            "sent to it.",
            "Use https; http is for this machine alone.",
        )
    return base


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


def _body(answer: requests.Response, limit: int) -> bytes:
    """The unpacked body, at most one chunk longer than `limit`."""
    parts: list[bytes] = []
    size = 0
    try:
        for part in answer.raw.stream(_CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > limit:
                break
    except OverflowError as error:  # a chunk that says it is longer than memory can be
        raise http.client.HTTPException("a chunk of impossible length") from error
    return b"".join(parts)


def _json(body: bytes, secrets: tuple[str, ...]) -> Any:
    try:
        content = json.loads(body, parse_constant=lambda _: None)
        if b"\\" in body or any(secret.encode() in body for secret in secrets):
            content = _without(content, secrets)
    except (ValueError, RecursionError):
        return None
    return content


def _without(value: Any, secrets: tuple[str, ...]) -> Any:
    """`value` with ``***`` for each secret: an answer may quote the key in its words."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "***")
        return value
    if isinstance(value, list):
        return [_without(item, secrets) for item in value]
    if isinstance(value, dict):
        return {_without(k, secrets): _without(v, secrets) for k, v in value.items()}
    return value


def _causes(error: BaseException) -> list[BaseException]:
    """`error` and everything that it was made from."""
    found: list[BaseException] = []
    todo: list[Any] = [error]
    while todo:
        one = todo.pop()
        if isinstance(one, BaseException) and not any(one is f for f in found):
            found.append(one)
            todo += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found
