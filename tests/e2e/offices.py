"""A real LibreOffice with the extension, in a profile and a vrp_xl folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vrp_xl import settings
from vrp_xl.errors import OfficeError
from vrp_xl.libreoffice import install, server
from vrp_xl.libreoffice.component import link
from vrp_xl.reader import READER

if TYPE_CHECKING:
    from collections.abc import Iterator

DRIVER = Path(__file__).with_name("uno_driver.py")


def why_not() -> str:
    """Why these tests cannot run here; empty where they can."""
    try:
        office = install.find_office()
        install.python_of(office.soffice)
    except OfficeError as error:
        return str(error)
    return "" if office.known_to_work else f"LibreOffice {office.version} is too old"


WHY_NOT = why_not()


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Office]:
    """An office that is set up, and ended with its function server whatever happens."""
    made = Office(folder, **environment)
    try:
        made.set_up()
        yield made
    finally:
        try:
            made.end()
        finally:
            made.stop_server()


class Office:
    """A LibreOffice with the extension, in a profile and a vrp_xl folder of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.profile = folder / "profile"
        self.home = folder / "home"
        self.environment = {
            **os.environ,
            settings.HOME_VARIABLE: str(self.home),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "TMPDIR": str(folder),  # a killed office leaves files
            **environment,
        }
        self.said = ""
        self._driver: subprocess.Popen[str] | None = None

    def set_up(self) -> None:
        """Chooses the sample source and installs, as a user would; starts the office."""
        with pytest.MonkeyPatch.context() as patch:
            self.enter(patch)
            settings.make_home()
            settings.choose_source("sample")
            self.said = install.install(self.profile)
        self.start()

    def enter(self, patch: pytest.MonkeyPatch) -> None:
        """Lets this process read and write what the office uses."""
        patch.setenv(settings.HOME_VARIABLE, str(self.home))
        patch.setenv("XDG_CONFIG_HOME", str(self.folder / "config"))
        READER.close()

    def start(self) -> None:
        """Starts the office and the process that drives it."""
        soffice = install.find_office().soffice
        self._driver = subprocess.Popen(
            [str(install.python_of(soffice)), str(DRIVER)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self.environment,
        )  # fmt: skip
        self.do("start", soffice=str(soffice), profile=self.profile.as_uri())

    def do(self, what: str, **more: Any) -> Any:
        """Has the driver do something."""
        assert self._driver is not None
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self._driver.stdin.flush()
        told = json.loads(self._driver.stdout.readline())
        assert "error" not in told, f"{what} {more}: {told['error']}"
        return told["ok"]

    def new(self, **cells: str) -> None:
        """A new sheet with formulas in cells."""
        self.do("open")
        for cell, text in cells.items():
            self.do("set", cell=cell, formula=text)

    def value(self, cell: str) -> Any:
        """What a cell shows."""
        return self.do("read", cells=cell)[0][0]

    def type(self, text: str) -> Any:
        """What a cell shows after a formula has been typed into it."""
        self.do("set", cell="Z99", formula=text)
        return self.value("Z99")

    def shown(self) -> list[str]:
        """What was shown last."""
        told: list[str] = self.do("said")[0]
        return told

    def run(self, what: str, **more: Any) -> list[str]:
        """Starts a macro from the menu or a button, waits for its end; what was shown last."""
        before = self.do("said")[1]
        assert self.do(what, **more) is not False, f"no such {what}: {more}"
        until = time.monotonic() + 30
        while self.do("said")[1] == before:
            assert time.monotonic() < until, more
            time.sleep(0.02)
        return self.shown()

    def end(self, how: str = "quit") -> None:
        """Ends the office and its driver."""
        if self._driver is None:
            return
        self.do(how)
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.close()
        self._driver.stdout.close()
        self._driver.wait(20)
        self._driver = None

    def stop_server(self) -> None:
        """Ends the function server."""
        server.stop(str(self.home))

    def server_process(self) -> int:
        """The number of the process that serves, by the lock that it holds."""
        lock = Path(link.address(str(self.home))).with_suffix(".lock")
        inode = lock.stat().st_ino
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if words[1] == "FLOCK" and words[5].endswith(f":{inode}"):
                return int(words[4])
        raise AssertionError("nobody serves")
