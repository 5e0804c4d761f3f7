"""The function server: who may come in, how it starts, ends and comes back."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vrp_xl import settings
from vrp_xl.errors import StoreError
from vrp_xl.libreoffice import install, server
from vrp_xl.libreoffice.component import link

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets")

Client = link.Link


@pytest.fixture(autouse=True)
def _config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder for the file with the interpreter, and no server left behind."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(link, "START_SECONDS", 120.0)
    yield
    server.stop(str(settings.home()))


@pytest.fixture
def client() -> Iterator[Client]:
    """A client of a set-up machine."""
    install.write_config()
    made = Client()
    yield made
    made._close()
    if made._server is not None:
        server.stop(str(settings.home()))
        made._server.wait(60)


def address() -> Path:
    """Where the server of this test listens."""
    return Path(link.address(str(settings.home())))


def test_it_is_started_on_demand(client: Client) -> None:
    """The first call starts the server; later calls use it."""
    assert not address().exists()
    assert client.call("VRP_RATIO", [28.0, 18.0]) == pytest.approx(28 / 18)
    first = client._server
    assert client.call("VRP_BAND", [1.6]) == "rich"
    assert client._server is first


def test_only_this_user_may_come_in(client: Client) -> None:
    """The socket and its folder are open to their owner alone."""
    client.call("VRP_VERSION", [])
    assert stat.S_IMODE(address().stat().st_mode) == 0o600
    assert stat.S_IMODE(address().parent.stat().st_mode) == 0o700


def test_there_is_one_server_per_folder(client: Client) -> None:
    """A second server ends at once and leaves the first alone."""
    client.call("VRP_VERSION", [])
    assert server.serve() is False
    assert client.call("VRP_BAND", [1.6]) == "rich"


def test_it_comes_back_after_a_kill(client: Client) -> None:
    """A server that was killed is replaced within the very next call; its socket is no obstacle."""
    client.call("VRP_VERSION", [])
    killed = client._server
    assert killed is not None
    killed.kill()
    killed.wait(60)
    assert address().exists()
    assert client.call("VRP_RATIO", [28.0, 18.0]) == pytest.approx(28 / 18)
    assert client._server is not killed


def test_it_survives_its_clients(client: Client) -> None:
    """Clients that vanish in the middle of a request harm nobody."""
    client.call("VRP_VERSION", [])
    for line in (b"", b'["VRP_RATIO", [28', b'["VRP_RULES", []]\n' * 20):
        stream = link.connect(str(address()), 60)
        stream.write(line)
        stream.close()
    assert client.call("VRP_RATIO", [28.0, 18.0]) == pytest.approx(28 / 18)


def test_many_clients_at_once(client: Client) -> None:
    """Clients in parallel each get their own answers."""
    client.call("VRP_VERSION", [])
    wrong: list[Any] = []

    def work(number: int) -> None:
        with link.connect(str(address()), 60) as stream:
            for i in range(1, 50):
                found = link.ask(stream, ["VRP_SPREAD", [number + 10.0, float(i)]])
                if found != number + 10.0 - i:
                    wrong.append(found)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_large_tables_pass(client: Client) -> None:
    """A range of many thousand cells goes there and back."""
    cells = [[float(i % 50 + 1)] for i in range(50_000)]
    found = client.call("VRP_SPREAD", [cells, 1.0])
    assert [row[0] for row in found] == [row[0] - 1 for row in cells]


def test_it_ends_when_nobody_asks() -> None:
    """Without a request for so long it ends by itself and leaves no socket."""
    began = time.monotonic()
    assert server.serve(idle_seconds=0.05) is True
    assert time.monotonic() - began < 60
    assert not address().exists()


def test_it_ends_when_told(client: Client) -> None:
    """`stop` ends it, and says whether there was one."""
    client.call("VRP_VERSION", [])
    assert server.stop(str(settings.home())) is True
    assert not address().exists()
    assert client._server is not None
    assert client._server.wait(60) == 0
    assert server.stop(str(settings.home())) is False


def test_a_long_folder_gets_a_short_address(tmp_path: Path) -> None:
    """A path too long for a socket is replaced by a short one in a folder of this user's."""
    far = Path(link.address(str(tmp_path / ("x" * 120))))
    assert len(os.fsencode(far)) <= link.ADDRESS_BYTES
    assert far.parent.name == f"vrp_xl-{os.getuid()}"
    assert far != Path(link.address(str(tmp_path / ("y" * 120))))


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_folder_that_is_open_to_others_is_refused(mode: int, client: Client) -> None:
    """Neither end uses a folder that somebody else may enter."""
    folder = address().parent
    folder.mkdir(parents=True)
    folder.chmod(mode)
    with pytest.raises(StoreError, match="open to other users"):
        server.serve()
    with pytest.raises(link.LinkError, match="open to other users"):
        client.call("VRP_VERSION", [])


def test_a_link_is_refused(tmp_path: Path) -> None:
    """A symbolic link in place of the folder is not followed."""
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    settings.make_home()
    address().parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="neither a folder nor a socket"):
        server.serve()


def test_a_machine_that_is_not_set_up(client: Client) -> None:
    """Without the file that install writes, the words say how to make it."""
    link.config_file().unlink()
    with pytest.raises(link.LinkError, match="vrp-xl install --libreoffice"):
        client.call("VRP_VERSION", [])


def test_an_interpreter_that_is_gone(client: Client, tmp_path: Path) -> None:
    """The words name the interpreter; the next calls fail without another attempt."""
    gone = tmp_path / "gone" / "python"
    link.config_file().write_text(json.dumps({"python": str(gone), "home": str(settings.home())}))
    for _ in range(2):
        with pytest.raises(link.LinkError, match=r"cannot be started .*gone"):
            client.call("VRP_VERSION", [])


def test_an_interpreter_without_vrp_xl(client: Client, tmp_path: Path) -> None:
    """The words hold what that interpreter said."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho No module named vrp_xl >&2\nexit 1\n")
    python.chmod(0o755)
    found = {"python": str(python), "home": str(settings.home())}
    link.config_file().write_text(json.dumps(found))
    with pytest.raises(link.LinkError, match="No module named vrp_xl"):
        client.call("VRP_VERSION", [])


def test_a_config_file_that_is_rubbish(client: Client) -> None:
    """A broken file is named."""
    link.config_file().write_text("[1]")
    with pytest.raises(link.LinkError, match=r"libreoffice\.json cannot be used"):
        client.call("VRP_VERSION", [])


def test_the_office_s_python_variables_do_not_reach_it(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """LibreOffice's PYTHONHOME and PYTHONPATH would break another interpreter."""
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert client.call("VRP_BAND", [1.6]) == "rich"


def test_the_command_is_hidden() -> None:
    """`vrp-xl --help` does not list what only programs start."""
    told = subprocess.run(
        [sys.executable, "-m", "vrp_xl.cli", "--help"], capture_output=True, text=True, check=True
    )
    assert "serve-functions" not in told.stdout
