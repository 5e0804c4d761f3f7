"""The function server: answers one program on this machine, the user's own LibreOffice.

A Unix socket in a folder that only this user may enter; on Windows a named pipe that only this
user may open. There is no TCP port and nothing is unpickled. One server per vrp_xl folder: a lock
that ends with the process decides, so a server that was killed leaves nothing that matters. It is
started on demand and ends by itself when nobody has asked for a while.

How a request and a reply look stands in `vrp_xl.libreoffice.component.link`.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vrp_xl import settings
from vrp_xl.errors import StoreError
from vrp_xl.libreoffice.answering import REQUEST_BYTES, STOP_LINE, Client, line_of
from vrp_xl.libreoffice.component import link
from vrp_xl.reader import READER

if TYPE_CHECKING:
    from collections.abc import Iterator

IDLE_SECONDS = 30 * 60.0
"""After so long without a request the server ends."""

REPLY_SECONDS = 10.0
"""A client that does not take its reply for so long is dropped."""


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
