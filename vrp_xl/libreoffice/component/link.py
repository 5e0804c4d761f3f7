"""The way from LibreOffice to the function server: where it listens, how it is started and asked.

Runs in two places: inside LibreOffice, under LibreOffice's own Python (3.8 or newer), and in the
package, where the server and the installer take addresses from it. So it imports the standard
library alone, and nothing that Python 3.8 lacks.

One request is one line of JSON, ``["VRP_RATIO", [28.0, 18.0]]``; one reply is one line: the value.
A value is null, a number, text, true or false, or a list of rows of these. ``{"error": "#N/A"}``
is a spreadsheet error, ``{"date": 46042.0}`` a date as a serial number, ``{"refused": "..."}`` says
in words why a request is none.

A macro runs in a process of its own, which asks over its standard streams what it wants of the
document, ``["get", ["Scan", 3, 0, 500, 60]]``, and is answered ``{"ok": ...}`` or
``{"error": "..."}``. Values look as above; an empty cell is null.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

HOME_VARIABLE = "VRP_XL_HOME"
CONFIG_NAME = "libreoffice.json"

ADDRESS_BYTES = 99
"""A longer address is refused by some system's sockets."""

START_SECONDS = 20.0
"""How long a server may take to start."""

ANSWER_SECONDS = 60.0
"""How long an answer may take; the spreadsheet waits all the while."""

RETRY_SECONDS = 5.0
"""For so long a failed start is not tried again: each of a thousand formulas would try."""

ATTEMPTS = 3
"""So often one call is tried where the server goes away under it."""

STOP = "stop"
"""A request that ends the server."""

_MODULE = "-m vrp_xl.cli serve-functions"
_MACRO = "-m vrp_xl.libreoffice.book"
_INSTALL = "Run in a terminal: vrp-xl install --libreoffice"
_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__")
"""Variables of LibreOffice's Python that must not reach another interpreter."""


class LinkError(Exception):
    """The server cannot be reached; the sentence says why and what to do."""


def config_file() -> Path:
    """The user's file that names the interpreter of the server; `install` writes it."""
    named = os.environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME")
    return (Path(named) if named else Path.home() / ".config") / "vrp_xl" / CONFIG_NAME


def read_config() -> dict[str, str]:
    """The interpreter (``python``) and the folder of vrp_xl (``home``).

    Raises:
        LinkError: there is no such file, or it cannot be used.
    """
    path = config_file()
    try:
        found = json.loads(path.read_text("utf-8"))
        return {"python": str(found["python"]), "home": str(found["home"])}
    except FileNotFoundError:
        raise LinkError(
            f"vrp_xl is not set up for LibreOffice: there is no {path}. {_INSTALL}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LinkError(f"{path} cannot be used ({error}). {_INSTALL}") from error


def address(home: str) -> str:
    """Where the server of the vrp_xl folder `home` listens: a socket's path or a pipe's name."""
    real = os.path.realpath(home)
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:16]
    if sys.platform == "win32":
        return rf"\\.\pipe\vrp_xl-{digest}"
    near = Path(real, "run", "functions")
    if len(os.fsencode(near)) <= ADDRESS_BYTES:
        return str(near)
    folder = f"vrp_xl-{os.getuid()}"
    far = Path(tempfile.gettempdir(), folder, digest)
    if len(os.fsencode(far)) > ADDRESS_BYTES:
        far = Path("/tmp", folder, digest)  # noqa: S108 (the folder is checked to be ours)
    return str(far)


def check_owned(path: Path) -> None:
    """Makes sure that a folder, or a socket, is this user's own and nobody else's to use.

    Raises:
        OSError: it is not there.
        LinkError: it is a link, another user's, or open to others.
    """
    found = path.lstat()
    if not (stat.S_ISDIR(found.st_mode) or stat.S_ISSOCK(found.st_mode)):
        raise LinkError(f"{path} is neither a folder nor a socket. Remove it.")
    if found.st_uid != os.getuid():
        raise LinkError(f"{path} belongs to another user, so it is not used.")
    if found.st_mode & 0o077:
        raise LinkError(f"{path} is open to other users. Close it: chmod go-rwx {path}")


def connect(where: str, seconds: float) -> IO[bytes]:
    """A stream to the server at `where`.

    Raises:
        OSError: nobody listens there.
        LinkError: the address is not this user's own.
    """
    if sys.platform == "win32":
        return open(where, "r+b", buffering=0)  # noqa: PTH123 (a pipe is no path)
    else:  # noqa: RET505 (type checkers look at one platform at a time)
        path = Path(where)
        check_owned(path.parent)
        check_owned(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(seconds)
            client.connect(where)
            return cast("IO[bytes]", client.makefile("rwb", buffering=0))  # keeps its own hold


def ask(stream: IO[bytes], request: list[Any]) -> Any:
    """Sends one request and gives the reply, as JSON has it.

    Raises:
        OSError: the server has gone, or is too slow.
        ValueError: the reply is no JSON.
    """
    data = memoryview(json.dumps(request, allow_nan=False, separators=(",", ":")).encode() + b"\n")
    while data:
        data = data[stream.write(data) or 0 :]
    parts = []
    while True:
        part = stream.read(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        parts.append(part)
        if part.endswith(b"\n"):
            return json.loads(b"".join(parts))


class Link:
    """One office's way to its server: connects when asked, starts one where there is none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stream: IO[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._why = ""
        self._failed_at = 0.0

    def call(self, name: str, cells: list[Any]) -> Any:
        """What the server replies to a call.

        Raises:
            LinkError: there is no server and none can be started.
        """
        with self._lock:
            for _ in range(ATTEMPTS):
                try:
                    if self._stream is None:
                        self._stream = self._connected()
                    return ask(self._stream, [name, cells])
                except TimeoutError:
                    self._close()
                    raise LinkError(
                        f"{name} took longer than {ANSWER_SECONDS:g} s; it was given up."
                    ) from None
                except (OSError, ValueError) as error:  # it was killed, or has just gone to sleep
                    self._close()
                    broken = error
            raise LinkError(f"The function server of vrp_xl breaks off: {broken}.")

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = None

    def _connected(self) -> IO[bytes]:
        """A stream, to a server that may have to be started.

        Raises:
            LinkError: it cannot be had.
        """
        if self._why and time.monotonic() - self._failed_at < RETRY_SECONDS:
            raise LinkError(self._why)
        try:
            stream = self._reached()
        except LinkError as error:
            self._why, self._failed_at = str(error), time.monotonic()
            raise
        self._why = ""
        return stream

    def _reached(self) -> IO[bytes]:
        config = read_config()
        home = os.environ.get(HOME_VARIABLE, "").strip() or config["home"]
        where = address(str(Path(home).expanduser()))
        try:
            return connect(where, ANSWER_SECONDS)
        except OSError:
            pass
        with tempfile.TemporaryFile() as told:
            self._server = start(config["python"], home, told)
            until = time.monotonic() + START_SECONDS
            while time.monotonic() < until:
                try:
                    return connect(where, ANSWER_SECONDS)
                except OSError:
                    time.sleep(0.01)
                ended = self._server.poll()
                if ended == 0:  # another server was just ending, or was faster
                    time.sleep(0.1)
                    self._server = start(config["python"], home, told)
                elif ended is not None:
                    break
            words = _last_line(told)
        raise LinkError(
            f"The function server of vrp_xl does not start ({config['python']} {_MODULE}): "
            f"{words}. {_INSTALL}"
        )


def start(python: str, home: str, told: IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts a server that outlives this process.

    Raises:
        LinkError: the interpreter is not there.
    """
    null = subprocess.DEVNULL
    return _spawned(python, home, _MODULE.split(), stdin=null, stdout=null, stderr=told)


def run_macro(name: str, answer: Callable[[str, list[Any]], Any]) -> None:
    """Runs a macro and answers what it asks, until it has ended.

    Args:
        name: such as RefreshScan.
        answer: what the document says to a question and its arguments.

    Raises:
        LinkError: it cannot be started, or broke off.
    """
    config = read_config()
    home = os.environ.get(HOME_VARIABLE, "").strip() or config["home"]
    pipe = subprocess.PIPE
    with tempfile.TemporaryFile() as told:
        with _spawned(
            config["python"], home, [*_MACRO.split(), name], stdin=pipe, stdout=pipe, stderr=told
        ) as process:
            questions, replies = cast("IO[bytes]", process.stdout), cast("IO[bytes]", process.stdin)
            try:
                for line in questions:
                    replies.write(_reply(line, answer))
                    replies.flush()
            except OSError:
                pass  # it has gone; why is said below
        if process.returncode != 0:
            what_to_do = _INSTALL if process.returncode == 1 else ""  # that Python itself failed
            words = _last_line(told).rstrip(".")
            raise LinkError(f"{name} of vrp_xl broke off: {words}. {what_to_do}".strip())


def _reply(line: bytes, answer: Callable[[str, list[Any]], Any]) -> bytes:
    try:
        what, more = json.loads(line)
        told = {"ok": answer(what, more)}
    except Exception as error:  # noqa: BLE001 (UNO raises what it likes; it is told)
        told = {"error": str(error).strip() or type(error).__name__}
    return json.dumps(told, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _last_line(told: IO[bytes]) -> str:
    told.seek(0)
    words = told.read().decode("utf-8", "replace").strip().splitlines()
    return words[-1][:200] if words else "it says nothing"


def _spawned(
    python: str, home: str, arguments: list[str], **streams: Any
) -> subprocess.Popen[bytes]:
    """Starts the user's interpreter, away from the variables of LibreOffice's own.

    Raises:
        LinkError: the interpreter is not there.
    """
    env = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    env[HOME_VARIABLE] = home
    more: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        more = {"creationflags": flags}
    try:
        return subprocess.Popen(  # noqa: S603 (the user's own interpreter)
            [python, "-P", *arguments], env=env, cwd=str(Path(python).parent), **streams, **more
        )
    except OSError as error:
        raise LinkError(
            f"The Python of vrp_xl cannot be started ({python}): {error.strerror or error}. "
            f"{_INSTALL}"
        ) from error
