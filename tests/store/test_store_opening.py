"""Opening the store: new, newer, broken, foreign, locked, full, shared, killed."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from vrp_xl.core.snapshot import Snapshot
from vrp_xl.errors import StoreError
from vrp_xl.sources.base import Fetched, Observation
from vrp_xl.store import opening, schema
from vrp_xl.store.database import Store

NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)

WRITER = """
import sys
from datetime import UTC, date, datetime, timedelta
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.sources.base import Fetched, Observation
from vrp_xl.store.database import Store
path, prefix, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
noon = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
days = [date(2025, 1, 1) + timedelta(days=n) for n in range(200)]
with Store(path) as store:
    number = 0
    while count < 0 or number < count:
        symbol = f"{prefix}{number}"
        snapshot = Snapshot(symbol=symbol, source="cboe", as_of=noon, fetched_at=noon)
        store.save(Fetched(snapshot, tuple(Observation("close", d, 1.0) for d in days)))
        number += 1
        print(number, flush=True)
"""


def fetched(symbol="SPY"):
    """One symbol with one day of history."""
    snapshot = Snapshot(symbol=symbol, source="cboe", as_of=NOON, fetched_at=NOON)
    return Fetched(snapshot, (Observation("close", date(2026, 11, 19), 1.0),))


@pytest.fixture
def path(tmp_path):
    """Where the store of the test lies."""
    return tmp_path / "folder" / "store.sqlite3"


def asides(path):
    """The files that were set aside."""
    return sorted(p for p in path.parent.iterdir() if ".broken-" in p.name)


def test_a_new_store_is_whole_and_private(path):
    """A new file is in WAL mode, marked as ours, and readable by its user alone."""
    with Store(path) as store:
        assert store.notice == ""
        store.save(fetched())
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {p.name for p in path.parent.iterdir()} == {"store.sqlite3", "store.sqlite3.lock"}


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 300])
def test_a_broken_file_is_kept_aside(path, content):
    """An empty or foreign file is renamed, told about, and a new store is started."""
    path.parent.mkdir()
    path.write_bytes(content)
    with Store(path, clock=lambda: NOON) as store:
        store.save(fetched())
        (aside,) = asides(path)
        assert aside.name == "store.sqlite3.broken-20261120T170000"
        assert str(aside) in store.notice
    assert aside.read_bytes() == content
    with Store(path) as store:
        assert store.notice == ""
        assert store.latest("cboe", "SPY") is not None


def test_a_damaged_first_page_is_kept_aside(path):
    """A file with the right head and a ruined first page is set aside too, twice in one second."""
    for count in (1, 2):
        Store(path).close()
        raw = bytearray(path.read_bytes())
        raw[100:4096] = b"\xff" * 3996
        path.write_bytes(raw)
        with Store(path, clock=lambda: NOON) as store:
            assert "kept as" in store.notice
            assert store.symbols("cboe") == []
        assert len(asides(path)) == count


def test_damage_further_in_is_told(path):
    """A page that turns out damaged while reading is a sentence with the path, not a crash."""
    with Store(path) as store:
        for number in range(50):
            store.save(fetched(f"S{number}"))
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(raw)
    with pytest.raises(StoreError, match="damaged"), Store(path) as store:
        store.latest_many("cboe")


def test_a_revision_never_comes_back_after_a_new_start(path):
    """The store that follows a broken one begins at another revision."""
    with Store(path, clock=lambda: NOON) as store:
        store.save(fetched())
        seen = store.revision()
    path.write_bytes(b"")
    with Store(path) as store:
        assert store.revision() != seen


def test_a_newer_file_is_refused(path):
    """A file of a later version is not touched, and the sentence says so."""
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    with pytest.raises(StoreError, match="newer version of vrp_xl"):
        Store(path)
    assert asides(path) == []


def test_another_programs_database_is_refused(path):
    """A SQLite file that is not ours is neither changed nor set aside."""
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE t (a)")
    with pytest.raises(StoreError, match="another program"):
        Store(path)
    assert asides(path) == []


def test_a_migration_brings_an_older_file_up(path, monkeypatch):
    """A file of the version before gets what is new and keeps what it has."""
    with Store(path) as store:
        store.save(fetched())
    more = (*schema.MIGRATIONS, ("CREATE TABLE extra (a)", "INSERT INTO extra VALUES (1)"))
    monkeypatch.setattr(opening, "MIGRATIONS", more)
    for _ in range(2):
        with Store(path) as store:
            assert store.symbols("cboe") == ["SPY"]
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM extra").fetchone() == (1,)


def test_a_failed_migration_changes_nothing(path, monkeypatch):
    """A migration that fails half-way leaves the file as it was."""
    Store(path).close()
    more = (*schema.MIGRATIONS, ("CREATE TABLE extra (a)", "nonsense"))
    monkeypatch.setattr(opening, "MIGRATIONS", more)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(path)
    monkeypatch.undo()
    Store(path).close()


def test_a_log_left_behind_is_not_replayed(path):
    """The write-ahead log of a deleted store does not get into the new one."""
    with Store(path) as store:
        store.save(fetched())
        wal = path.with_name(path.name + "-wal").read_bytes()
    path.unlink()
    path.with_name(path.name + "-wal").write_bytes(wal)
    with Store(path) as store:
        assert store.symbols("cboe") == []


def test_a_locked_store_is_told(path, monkeypatch):
    """A write that waits too long for another program says that the store is locked."""
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.05)
    with Store(path) as store, contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another program"):
            store.save(fetched())
        assert store.latest("cboe", "SPY") is None
        other.rollback()
        store.save(fetched())
        assert store.latest("cboe", "SPY") is not None


def test_a_full_disk_is_told_and_loses_nothing(path):
    """Where the file cannot grow the sentence says so, and what was stored stays."""
    with Store(path) as store:
        store.save(fetched())
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        many = [Observation(f"s{n}", date(2026, 11, 19), 1.0) for n in range(2000)]
        with pytest.raises(StoreError, match="disk is full"):
            store.add_observations("cboe", "SPY", many)
        assert [v for _, v in store.series("cboe", "SPY", "close")] == [1.0]


def test_a_folder_that_cannot_be_is_told(tmp_path):
    """A path below a file, or that is a folder, gives a sentence with the path."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "file" / "store.sqlite3")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="folder cannot be opened"):
        Store(tmp_path / "folder")


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="needs a user whom permissions bind"
)
def test_a_read_only_folder_is_told(path):
    """A folder without the right to write gives a sentence, not a traceback."""
    path.parent.mkdir()
    path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot be"):
            Store(path)
    finally:
        path.parent.chmod(0o700)


def test_a_closed_store_says_so(path):
    """Closing twice does no harm; using it then is a told error."""
    store = Store(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.symbols("cboe")


def test_several_processes_start_and_write_at_once(path):
    """Processes that start together, even over a broken file, lose none of their writes."""
    path.parent.mkdir()
    path.write_bytes(b"")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), prefix, "8"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for prefix in "ABC"
    ]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
    with Store(path) as store:
        assert store.symbols("cboe") == sorted(f"{p}{n}" for p in "ABC" for n in range(8))
        assert set(store.history_days("cboe", store.symbols("cboe")).values()) == {200}
    assert len(asides(path)) == 1


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_kill_loses_at_most_the_symbol_in_flight(path):
    """After kill -9 every symbol that was reported is whole, and the file is sound."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), "K", "-1"], stdout=subprocess.PIPE, text=True
    )
    with process:
        for line in process.stdout:
            if int(line) >= 20:
                break
        os.kill(process.pid, signal.SIGKILL)
        last = [int(text) for text in process.stdout.read().split() if text.isdigit()]
    done = max([20, *last[:-1]])
    with Store(path) as store:
        assert store.notice == ""
        symbols = store.symbols("cboe")
        assert {f"K{n}" for n in range(done)} <= set(symbols)
        assert set(store.history_days("cboe", symbols).values()) == {200}
        assert len(store.latest_many("cboe")) == len(symbols)
        assert store._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
