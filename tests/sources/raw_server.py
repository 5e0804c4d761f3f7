"""A server that answers with raw bytes, so that it can misbehave in every way; no tests here."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TLS_HELLO = b"\x16\x03"


class Server:
    """Speaks raw bytes: the n-th request gets the n-th answer, the last one again and again."""

    def __init__(self, *answers: bytes | Callable[[socket.socket], None]) -> None:
        self.answers = answers
        self.requests: list[str] = []
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._start(self._accept)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            sock.settimeout(60)
            got = b""
            try:
                while b"\r\n\r\n" not in got and not got.startswith(TLS_HELLO):
                    part = sock.recv(65536)
                    if not part:
                        return
                    got += part
                with self._lock:
                    number = len(self.requests)
                    self.requests.append(got.decode("latin-1"))
                answer = self.answers[min(number, len(self.answers) - 1)]
                if isinstance(answer, bytes):
                    sock.sendall(answer)
                else:
                    answer(sock)
            except OSError:
                return

    def stop(self) -> None:
        """Ends all of its threads."""
        self.stopped.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()


@contextmanager
def serving(*answers: bytes | Callable[[socket.socket], None]) -> Iterator[Server]:
    """A server with these answers, stopped at the end."""
    server = Server(*answers)
    try:
        yield server
    finally:
        server.stop()


def reply(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """An HTTP answer in bytes, with a length that may be wrong."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
