"""The store under kills, full disks and other programs; opening is in `tests/store`."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.soak import kill
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.errors import StoreError
from vrp_xl.sources.base import Fetched, Observation
from vrp_xl.store import opening
from vrp_xl.store.database import Store
from vrp_xl.workflow.refresh import refresh

NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def fetched(symbol="SPY", when=NOON, days=0):
    """A snapshot with so many days of history."""
    past = tuple(Observation("close", date(2025, 1, 1) + timedelta(n), 1.0) for n in range(days))
    return Fetched(Snapshot(symbol=symbol, source="cboe", as_of=when, fetched_at=when), past)


@pytest.fixture
def path(tmp_path):
    """A store that holds one symbol of the day before."""
    where = tmp_path / "store.sqlite3"
    with Store(where) as store:
        store.save(fetched(when=NOON - timedelta(days=1), days=3))
    return where


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_kills_at_random_moments(tmp_path):
    """Two refreshes and a reader are killed; nothing that was told as stored is lost."""
    report = kill.run(tmp_path, 4, seed=7)
    assert report.kills >= 4
    assert report.symbols > 0


FILLING = """
import resource, signal, sys
from datetime import date, timedelta
from vrp_xl.errors import StoreError
from vrp_xl.sources.base import Observation
from vrp_xl.store.database import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Store(sys.argv[1]) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    days = [date(2000, 1, 1) + timedelta(n) for n in range(2000)]
    try:
        for number in range(100):
            store.add_observations("cboe", "SPY", [Observation(f"s{number}", d, 1.0) for d in days])
    except StoreError as error:
        print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs limits on the size of files")
def test_a_disk_that_is_full(path):
    """A file system that takes no more bytes: a sentence, and what was stored stays whole."""
    ran = subprocess.run(
        [sys.executable, "-c", FILLING, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert str(path) in ran.stdout
    assert "Traceback" not in ran.stdout
    with Store(path) as store:
        assert store.notice == ""
        assert len(store.series("cboe", "SPY", "close")) == 3
        assert store.latest("cboe", "SPY") is not None
        assert store._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        store.save(fetched("QQQ"))  # with room again it goes on


def test_a_full_disk_in_mid_refresh_keeps_the_older_snapshots(path):
    """A refresh into a store that cannot grow ends with a sentence; yesterday's stays."""
    with Store(path) as store:
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="disk is full"):
            refresh(kill.Counting(2), store, kill.SYMBOLS)
        assert store.latest("cboe", "SPY").as_of == NOON - timedelta(days=1)
    with Store(path) as store:
        assert refresh(kill.Counting(2), store, kill.SYMBOLS).count("fresh") == len(kill.SYMBOLS)


READ_ONLY = """
import os, sys
from vrp_xl.errors import VrpError
from vrp_xl.store.database import Store
if os.geteuid() == 0:  # permissions do not bind root
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    with Store(sys.argv[1]) as store:
        print(store.symbols("cboe"))
        store.add_wanted("cboe", "QQQ")
except VrpError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_that_may_only_be_read(exists, tmp_path):
    """Without the right to write there is a sentence with the path, and never a traceback."""
    folder = tmp_path / "folder"
    folder.mkdir()
    if exists:
        with Store(folder / "store.sqlite3") as store:
            store.save(fetched())
        for file in folder.iterdir():
            file.chmod(0o444)
    opened = [folder, *(p for p in folder.parents if str(p).startswith(str(tmp_path.parents[1])))]
    modes = [(p, p.stat().st_mode) for p in opened]
    try:
        for place, mode in modes:
            place.chmod(0o555 if place == folder else mode | 0o055)
        ran = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(folder / "store.sqlite3")],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd="/",
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        for place, mode in modes:
            place.chmod(mode)
    assert ran.stderr == ""
    assert str(folder / "store.sqlite3") in ran.stdout
    assert "permissions" in ran.stdout


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_kept_aside(path, share):
    """A file that was cut is set aside with all its bytes and said, and a new one is started."""
    with Store(path) as store:
        for number in range(40):
            store.save(fetched(f"S{number}", days=20))
    whole = path.read_bytes()
    cut = whole[: int(len(whole) * share)]
    path.write_bytes(cut)
    with Store(path, clock=lambda: NOON) as store:
        assert "kept as" in store.notice
        assert store.symbols("cboe") == []
        store.save(fetched())
    (aside,) = [p for p in path.parent.iterdir() if ".broken-" in p.name]
    assert aside.read_bytes() == cut


def test_a_file_from_a_newer_version_is_left_alone(path):
    """Not one byte of a newer store is changed, by a refresh neither."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 999")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version of vrp_xl \\(format 999"):
        Store(path)
    assert path.read_bytes() == before
    assert not [p for p in path.parent.iterdir() if ".broken-" in p.name]


def test_a_store_that_another_program_holds(path, monkeypatch):
    """Locked altogether: reading waits its time and says so; then it is there as it was."""
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.05)
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked by another program"), Store(path) as store:
            store.symbols("cboe")
        other.rollback()
    with Store(path) as store:
        assert store.symbols("cboe") == ["SPY"]


def test_a_copy_taken_while_it_is_written_is_sound(path, tmp_path):
    """Back-up programs copy the file and its log: what they get opens."""
    with Store(path) as store:
        for number in range(5):
            store.save(fetched(f"S{number}", days=50))
        target = tmp_path / "copy"
        target.mkdir()
        for tail in ("", "-wal"):
            source = path.with_name(path.name + tail)
            if source.exists():
                shutil.copy(source, target / source.name)
    with Store(target / path.name) as copy:
        assert copy.notice == ""
        assert copy.symbols("cboe") == ["S0", "S1", "S2", "S3", "S4", "SPY"]


def test_no_handle_is_lost(path):
    """A store that is opened and closed a hundred times leaves no file open."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(100):
        Store(path).close()
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208
