"""A canary for a key: it may be in the request's one header, and nowhere else at all."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import logging
import os
import subprocess
import sys
import threading
import traceback
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import keyring
import keyring.backend
import pytest

from tests.sources.raw_server import reply, serving
from vrp_xl import cli, desk, macros, settings
from vrp_xl.core.rules import STANDARD
from vrp_xl.excel import layout
from vrp_xl.excel.books import MemoryBook
from vrp_xl.functions import FUNCTIONS
from vrp_xl.reader import READER
from vrp_xl.simulator import FAULTS, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vrp_xl.simulator import Simulator

CANARY = "fa-CANARY.7f3a/91+b2=e"
ROOT = Path(__file__).parents[2]


class Held(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """Gives what is held."""
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Holds it."""
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Lets go of it."""
        del self.held[service, username]


def shapes() -> list[bytes]:
    """The key as it might be written: plain, in addresses, in JSON, in base64, in UTF-16."""
    plain = CANARY.encode()
    return [
        plain, quote(CANARY, safe="").encode(), json.dumps(CANARY)[1:-1].encode(),
        base64.b64encode(plain).rstrip(b"="), CANARY.encode("utf-16-le"), plain[:-3],
    ]  # fmt: skip


def check_unseen(what: str, content: bytes | str) -> None:
    """Demands that no shape of the key is in `content`."""
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    for shape in shapes():
        assert shape not in raw, f"the key is in {what}"


def check_folder(folder: Path) -> int:
    """Demands it of every file, and of what archives hold; gives how many were looked at."""
    count = 0
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        check_unseen(str(path), path.read_bytes())
        check_unseen("a file's name", path.name)
        count += 1
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                for name in packed.namelist():
                    check_unseen(f"{path.name}: {name}", packed.read(name))
    return count


@pytest.fixture(params=["environment", "keyring", "key set"])
def way(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Puts the key where each user may have it."""
    before = keyring.get_keyring()
    held = Held()
    keyring.set_keyring(held)

    def put() -> None:
        if request.param == "environment":
            monkeypatch.setenv("FLASHALPHA_API_KEY", CANARY)
        elif request.param == "keyring":
            held.set_password("vrp_xl", "flashalpha", CANARY)
        else:
            monkeypatch.setattr(sys, "stdin", io.StringIO(f"{CANARY}\n"))
            assert run("key", "set").startswith("Kept in: keyring")

    yield put
    keyring.set_keyring(before)
    READER.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A vendor on this machine."""
    with serve(key=CANARY) as one:
        monkeypatch.setenv("VRP_XL_FLASHALPHA_URL", one.url)
        yield one


def run(*words: str) -> str:
    """What a command writes, on both streams, its traceback included; the key must not be in it."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        before, sys.argv = sys.argv, ["vrp-xl", *words]
        try:
            cli.main()
        except SystemExit:
            pass
        except Exception:  # noqa: BLE001 - whatever comes, it must not show the key
            out.write(traceback.format_exc())
        finally:
            sys.argv = before
    check_unseen(f"what `vrp-xl {' '.join(words)}` writes", out.getvalue())
    return out.getvalue()


COMMANDS = (
    ("doctor",), ("key", "where"), ("source",), ("watchlist",), ("rules", "show"),
    ("refresh", "SPY", "QQQ"), ("scan", "SPY", "--out", "scan.xlsx"), ("scan", "--json", "SPY"),
    ("scan", "--csv", "SPY"), ("scan", "--offline", "SPY", "ZZZZ"), ("call", "VRP_WHY", "SPY"),
    ("call", "VRP_QUOTA"), ("call", "VRP_SOURCE"), ("call", "VRP_STATUS", "SPY"),
)  # fmt: skip


def test_commands_workbooks_and_store(
    way: Callable[[], None],
    server: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A morning's work with the key: no output, no file and no log line holds it."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(tmp_path)
    way()
    assert "Source: flashalpha" in run("source", "flashalpha")
    said = {words: run(*words) for words in COMMANDS}
    assert "present, from" in said["doctor",]
    assert "1 of 1 fresh" in run("refresh", "SPY")
    assert any(seen.keyed for seen in server.requests), "the key was never used"
    assert check_folder(tmp_path) >= 1
    assert check_folder(settings.home()) >= 1
    check_unseen("the log", caplog.text)
    check_unseen("what is kept as settings", json.dumps(settings._read_settings()))


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"slow", "drip", "big"}))
def test_a_vendor_that_fails(
    fault: str, server: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong is told without the key, and no other host gets it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLASHALPHA_API_KEY", CANARY)
    settings.choose_source("flashalpha")
    server.fault = fault
    run("scan", "SPY", "AAPL")
    run("doctor")
    run("refresh", "SPY")
    check_folder(tmp_path)
    check_folder(settings.home())
    assert all(seen.host == "127.0.0.1" for seen in server.requests)


def test_a_vendor_that_echoes_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that quotes the key in its words and headers does not bring it into anything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLASHALPHA_API_KEY", CANARY)
    settings.choose_source("flashalpha")
    words = {"status": "ERROR", "error": "tier_restricted", "message": f"no plan for {CANARY}"}
    for status in ("200 OK", "401 x", "403 x", "404 x", "429 x", "500 x", f"418 {CANARY}"):
        answer = reply(json.dumps(words).encode(), status, f"X-Echo: {CANARY}")
        with serving(answer) as vendor:
            monkeypatch.setenv("VRP_XL_FLASHALPHA_URL", vendor.url)
            said = run("scan", "SPY")
            assert said
            run("doctor")
            run("call", "VRP_WHY", "SPY")
        check_folder(tmp_path)
        check_folder(settings.home())


def test_figures_that_echo_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Simulator
) -> None:
    """A good answer whose texts quote the key: what is stored and shown does not have it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLASHALPHA_API_KEY", CANARY)
    settings.choose_source("flashalpha")
    as_it_was = server.answer

    def echoing(*asked: Any) -> object:
        made = as_it_was(*asked)
        body = made.body.replace(b'"warnings":[', f'"warnings":["key {CANARY}",'.encode())
        return type(made)(made.status, body.replace(b",]", b"]"), made.headers, made.kind)

    monkeypatch.setattr(server, "answer", echoing)
    run("refresh", "SPY")
    run("scan", "SPY")
    run("scan", "--json", "SPY")
    with desk.open_store() as store:
        assert store.symbols("flashalpha") == ["SPY"], "what quotes the key is figures all the same"
    check_folder(tmp_path)
    check_folder(settings.home())


def test_tracebacks_do_not_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a traceback with all its variables, as crash reporters make it, from the client."""
    monkeypatch.setenv("FLASHALPHA_API_KEY", CANARY)
    monkeypatch.setenv("VRP_XL_FLASHALPHA_URL", "http://127.0.0.1:9")
    opened = desk.open_source("flashalpha")
    calls = opened.source.calls("SPY")
    try:
        opened.source.get(calls[0])
    except Exception as error:  # noqa: BLE001 - of whatever kind
        told = "".join(traceback.format_exception(error))
        assert "refused" in told
        check_unseen("a traceback", told)
        check_unseen("an error", repr(error) + str(error) + repr(vars(error)))
    finally:
        opened.source.close()
    for one in (opened, opened.source, settings.find_key()):
        check_unseen("a repr", repr(one) + str(one))


def test_process_arguments(
    tmp_path: Path, server: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`key set` reads the key from standard input: no process has it among its arguments."""
    monkeypatch.chdir(tmp_path)
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("needs /proc")
    looked, answer = threading.Event(), server.answer
    monkeypatch.setattr(server, "answer", lambda *asked: looked.wait(60) and answer(*asked))
    settings.choose_source("flashalpha")
    child = subprocess.Popen(
        [sys.executable, "-m", "vrp_xl.cli", "scan", "SPY"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "FLASHALPHA_API_KEY": CANARY},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    seen = 0
    while child.poll() is None:
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                check_unseen("the arguments of a process", place.read_bytes())
        seen += 1
        if seen > 2:
            looked.set()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.05)
    assert child.stdout is not None
    with child.stdout as out:
        said = out.read()
    check_unseen("what the process wrote", said)
    assert child.returncode == 0, said
    assert seen > 1


@pytest.mark.parametrize("typed", [CANARY, f"-{CANARY}", f"--key={CANARY}"])
def test_a_key_on_the_command_line_is_no_way_in(typed: str) -> None:
    """It is neither taken nor shown again: other programs can read it there."""
    said = run("key", "set", typed)
    assert "it was not taken" in said
    assert "none" in run("key", "where")


def test_cells_and_macros(way: Callable[[], None], server: Simulator) -> None:
    """A refresh by the button: no cell, name or message of the book holds the key."""
    way()
    settings.choose_source("flashalpha")
    rules = ("preset", "source", *STANDARD.to_dict())
    book = MemoryBook(
        sheets=layout.SHEETS,
        names={
            layout.RULES_NAME: (layout.SETTINGS, 5, 0, len(rules), 2),
            layout.WATCHLIST_NAME: (layout.SETTINGS, 5, 10, layout.WATCHLIST_ROWS, 2),
            layout.RAW_NAME: (layout.SCAN, 10, 30, 20, len(layout.RAW_BLOCK)),
            layout.FACTS_NAME: (layout.SCAN, 0, 0, len(layout.FACTS), 2),
            layout.SYMBOL_NAME: (layout.SYMBOL, 1, 1, 1, 1),
        },
        selected=(layout.SETTINGS, 0, 0, 1, 1),
    )
    settings_of_the_book = {"preset": "standard", "source": "flashalpha"} | STANDARD.to_dict()
    for line, (name, value) in enumerate(settings_of_the_book.items()):
        book.cells[layout.SETTINGS, 5 + line, 0] = name
        book.cells[layout.SETTINGS, 5 + line, 1] = value
    book.cells[layout.SETTINGS, 5, 10] = "SPY"
    macros.refresh_scan(book)
    assert "SPY" in map(str, book.cells.values())
    assert any(seen.keyed for seen in server.requests), "the key was never used"
    check_unseen("the book", repr(book))
    for function in FUNCTIONS.values():
        check_unseen(function.name, repr(function.call(*["SPY"] * len(function.args))))
        check_unseen("why", repr(FUNCTIONS["VRP_WHY"].call("SPY")))
    check_folder(settings.home())
