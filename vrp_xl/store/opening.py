"""Opens the store's file: makes it, brings it up to date, or sets a broken one aside.

A new file is made complete beside its place and moved there, so that no process ever sees half a
store; making and setting aside happen under a lock file, so that two processes may start at once.
May import only the schema and the errors.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from vrp_xl.errors import StoreError
from vrp_xl.store.schema import APPLICATION_ID, MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

BUSY_SECONDS = 10.0
"""How long a connection waits for another process's write."""

_MAGIC = b"SQLite format 3\x00"
_HEAD = 100
"""Bytes of SQLite's header (https://www.sqlite.org/fileformat.html, 1.3)."""


def open_database(path: Path, now: datetime) -> tuple[sqlite3.Connection, str]:
    """Connects to the store at `path`, which is made where it does not exist.

    Returns:
        The connection (autocommit; transactions are begun by hand), and a notice for the user,
        empty unless a broken file was set aside.

    Raises:
        StoreError: the file cannot be made, read or written, or is from a newer version.
    """
    notice = ""
    with told(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists() or _broken(path):
            with _alone(path):
                if path.exists() and _broken(path):
                    notice = _set_aside(path, now)
                if not path.exists():
                    _make(path, now)
        db = _connect(path)
        try:
            _bring_up_to_date(db, path)
        except BaseException:
            db.close()
            raise
    return db, notice


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns errors of SQLite and of the file system into `StoreError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise _store_error(path, error) from error
    except OSError as error:
        raise StoreError(
            f"The store {path} cannot be opened: {error.strerror or error}.",
            "Check the folder and its permissions, or choose another one with VRP_XL_HOME.",
        ) from error


def _store_error(path: Path, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreError(
            f"The store {path} is locked by another program for more than {BUSY_SECONDS:g} s.",
            "Wait for its refresh to end, or close it.",
        )
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            f"The store {path} cannot grow: the disk is full.",
            "Make room; what was stored before is still there.",
        )
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return StoreError(
            f"The store {path} cannot be written: {error}.",
            "Check the permissions of the file and its folder, or choose another folder with "
            "VRP_XL_HOME.",
        )
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreError(
            f"The store {path} is damaged: {error}.",
            "Close the programs that use it and rename the file; a new one is made.",
        )
    return StoreError(f"The store {path} cannot be used: {error}.", "Try again.")


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        db.close()
        raise
    return db


def _bring_up_to_date(db: sqlite3.Connection, path: Path) -> None:
    if _check(db, path) == len(MIGRATIONS):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[_check(db, path) :]:
            for statement in statements:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _check(db: sqlite3.Connection, path: Path) -> int:
    """The file's version, where the file is ours and not from a later program."""
    (mark,) = db.execute("PRAGMA application_id").fetchone()
    if mark != APPLICATION_ID:
        raise StoreError(
            f"{path} is a database of another program.", "Choose another folder with VRP_XL_HOME."
        )
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The store {path} was written by a newer version of vrp_xl (format {version}, this "
            f"one knows {len(MIGRATIONS)}).",
            "Update vrp_xl, or choose another folder with VRP_XL_HOME.",
        )
    return version


def _broken(path: Path) -> bool:
    """Whether the file is empty, is no SQLite database, was cut, or its first page is damaged."""
    # Only while nobody writes: what a log still holds may be missing in the file.
    settled = not path.with_name(path.name + "-wal").exists()
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not head.startswith(_MAGIC) or (settled and _is_cut(head, os.fstat(file.fileno()))):
            return True
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        return error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    finally:
        db.close()
    return False


def _is_cut(head: bytes, file: os.stat_result) -> bool:
    """Whether the file is shorter than its head says; SQLite takes half a last page for whole."""
    if len(head) < _HEAD:
        return True
    page = int.from_bytes(head[16:18], "big")
    changes, pages, valid_for = (int.from_bytes(head[at : at + 4], "big") for at in (24, 28, 92))
    return changes == valid_for and file.st_size < pages * (65536 if page == 1 else page)


def _set_aside(path: Path, now: datetime) -> str:
    aside = path.with_name(f"{path.name}.broken-{now:%Y%m%dT%H%M%S}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.broken-{now:%Y%m%dT%H%M%S}-{number}")
    path.rename(aside)
    for tail in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + tail).rename(aside.with_name(aside.name + tail))
    return (
        f"The store was not readable. It was kept as {aside}, and a new one was started: "
        "snapshots and history must be fetched or imported again."
    )


def _make(path: Path, now: datetime) -> None:
    """Makes an empty store beside its place and moves it there."""
    fresh = path.with_name(f"{path.name}.new-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        db = _connect(fresh)
        try:
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute("PRAGMA journal_mode = WAL")
            _bring_up_to_date(db, fresh)
            # Begins at the moment, so that a store that follows a broken one never repeats a
            # revision that someone has seen.
            first = str(int(now.timestamp() * 1000))
            db.execute("INSERT INTO meta (key, value) VALUES ('revision', ?)", (first,))
        finally:
            db.close()
        # A log that a deleted store left behind would be replayed into the new one.
        for tail in ("-wal", "-shm"):
            path.with_name(path.name + tail).unlink(missing_ok=True)
        fresh.replace(path)
    finally:
        for tail in ("", "-wal", "-shm"):
            fresh.with_name(fresh.name + tail).unlink(missing_ok=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Holds the lock file beside `path`; the system lets go of it when a process dies."""
    handle = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - exists on Windows alone

            msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - exists on POSIX alone

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
