"""The function server: answers one program on this machine, the user's own LibreOffice.

A Unix socket in a folder that only this user may enter; on Windows a named pipe that only this
user may open. There is no TCP port and nothing is unpickled. One server per vrp_xl folder: a lock
that ends with the process decides, so a server that was killed leaves nothing that matters. It is
started on demand and ends by itself when nobody has asked for a while.

How a request and a reply look stands in `vrp_xl.libreoffice.component.link`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrp_xl import settings
from vrp_xl.definition import LAST
from vrp_xl.errors import StoreError
from vrp_xl.excel.boundary import ERRORS, VALUE, CellError, cell_out
from vrp_xl.functions import FUNCTIONS
from vrp_xl.libreoffice.component import link
from vrp_xl.reader import READER

if TYPE_CHECKING:
    from collections.abc import Iterator

IDLE_SECONDS = 30 * 60.0
"""After so long without a request the server ends."""

REQUEST_BYTES = 64 * 1024 * 1024
"""A longer request is a slip, or an attack."""

REPLY_SECONDS = 10.0
"""A client that does not take its reply for so long is dropped."""

_MIDNIGHT = dt.datetime(1899, 12, 30)  # noqa: DTZ001 (a cell has no zone)


# Values on the wire


def _tagged(found: dict[str, Any]) -> Any:
    error = found.get("error")
    if len(found) == 1 and isinstance(error, str) and error in ERRORS:
        return ERRORS[error]
    raise ValueError("an object that is no spreadsheet error")


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


_DECODER = json.JSONDecoder(object_hook=_tagged, parse_constant=_no_constant)


def encoded(value: Any) -> Any:
    """A function's result in the types that JSON has.

    >>> encoded(CellError("#N/A")), encoded(dt.date(2027, 1, 15)), encoded([[None, 1.5]])
    ({'error': '#N/A'}, {'date': 46402.0}, [['', 1.5]])
    """
    if isinstance(value, list):
        return [[encoded(cell) for cell in row] for row in value]
    out = cell_out(value)
    if isinstance(out, CellError):
        return {"error": str(out)}
    if isinstance(out, dt.datetime):
        return {"date": (out.replace(tzinfo=None) - _MIDNIGHT) / dt.timedelta(days=1)}
    if isinstance(out, dt.date):
        return {"date": float((out - _MIDNIGHT.date()).days)}
    return float(out) if isinstance(out, int) and not isinstance(out, bool) else out


class Client:
    """What is kept of one client between its requests: its own last error."""

    def __init__(self) -> None:
        self._function = ""
        self._words = ""

    def answer(self, line: bytes) -> bytes:
        """The reply to one request, both lines of JSON."""
        try:
            name, cells = _request(line)
        except ValueError as error:
            return line_of({"refused": f"The request cannot be read: {error}."})
        function = FUNCTIONS.get(name)
        if function is None:
            return line_of({
                "refused": f"There is no function {name[:40]} in the vrp_xl that is installed. "
                "Install the extension again: vrp-xl install --libreoffice"
            })  # fmt: skip
        LAST.function, LAST.words = self._function, self._words
        try:
            value = function.call(*cells)
        except Exception as error:  # noqa: BLE001 (a bug in one function must not end the others)
            LAST.function, LAST.words = name, f"It failed: {type(error).__name__}: {error}"
            value = VALUE
        self._function, self._words = LAST.function, LAST.words
        return line_of(encoded(value))


def _request(line: bytes) -> tuple[str, list[Any]]:
    try:
        found = _DECODER.decode(line.decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not (
        isinstance(found, list)
        and len(found) == 2
        and isinstance(found[0], str)
        and isinstance(found[1], list)
    ):
        raise ValueError("it is not a name and a list of arguments")
    return found[0], found[1]


def line_of(value: Any) -> bytes:
    """`value` as a line of JSON."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode() + b"\n"


STOP_LINE = line_of([link.STOP, []])


# Serving


def serve(idle_seconds: float = IDLE_SECONDS) -> bool:
    """Serves until nobody asks any more; False where another server serves this folder already.

    Raises:
        StoreError: the socket cannot be made, or its folder is not this user's own.
    """
    settings.make_home()
    where = link.address(str(settings.home()))
    try:
        if sys.platform == "win32":
            from vrp_xl.libreoffice.pipe_server import serve_pipe  # noqa: PLC0415

            return serve_pipe(where, idle_seconds)
        else:  # noqa: RET505 (type checkers look at one platform at a time)
            return _serve_socket(Path(where), idle_seconds)
    except (OSError, link.LinkError) as error:
        raise StoreError(
            f"The function server cannot listen at {where}: {error}.",
            f"Remove what is there, or choose another folder with {settings.HOME_VARIABLE}.",
        ) from error
    finally:
        READER.close()


def stop(home: str) -> bool:
    """Ends the server of the vrp_xl folder `home`; False where there is none."""
    try:
        with link.connect(link.address(home), REPLY_SECONDS) as stream:
            link.ask(stream, [link.STOP, []])
            stream.read(1)  # until it has closed everything
    except (OSError, ValueError, link.LinkError):
        return False
    return True


if sys.platform != "win32":
    import fcntl
    import selectors
    import socket

    @contextmanager
    def _alone(path: Path) -> Iterator[bool]:
        """Whether this process is the only one that holds the lock at `path`."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(handle)

    def _serve_socket(path: Path, idle_seconds: float) -> bool:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        link.check_owned(path.parent)
        with ExitStack() as stack:
            if not stack.enter_context(_alone(path.with_name(path.name + ".lock"))):
                return False
            path.unlink(missing_ok=True)  # of a server that was killed
            listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            before = os.umask(0o177)
            try:
                listener.bind(str(path))
            finally:
                os.umask(before)
            listener.listen(16)
            last = _loop(listener, idle_seconds, stack)
            path.unlink(missing_ok=True)
            listener.close()
            if last is not None:
                last.sendall(line_of(True))
        return True

    def _loop(
        listener: socket.socket, idle_seconds: float, stack: ExitStack
    ) -> socket.socket | None:
        """Accepts clients and answers them, one request at a time, in this thread.

        Gives the client that asked to stop, None where nobody asked anything for so long.
        """
        ready = stack.enter_context(selectors.DefaultSelector())
        ready.register(listener, selectors.EVENT_READ)
        clients: dict[socket.socket, tuple[Client, bytearray]] = {}

        def drop(one: socket.socket) -> None:
            ready.unregister(one)
            del clients[one]
            one.close()

        def drop_all() -> None:
            for one in list(clients):
                drop(one)

        stack.callback(drop_all)
        asked = time.monotonic()
        while (left := asked + idle_seconds - time.monotonic()) > 0:
            for key, _ in ready.select(left):
                if key.fileobj is listener:
                    one, _ = listener.accept()
                    one.settimeout(REPLY_SECONDS)
                    clients[one] = (Client(), bytearray())
                    ready.register(one, selectors.EVENT_READ)
                    continue
                one = key.fileobj  # type: ignore[assignment]
                client, waiting = clients[one]
                asked = time.monotonic()
                try:
                    part = one.recv(1 << 20)
                    if not part or len(waiting) + len(part) > REQUEST_BYTES:
                        drop(one)
                        continue
                    waiting += part
                    if not part.endswith(b"\n"):
                        continue
                    line = bytes(waiting)
                    waiting.clear()
                    if line == STOP_LINE:
                        return one
                    one.sendall(client.answer(line))
                except OSError:  # it was killed, or takes nothing
                    drop(one)
        return None
