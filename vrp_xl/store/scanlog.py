"""The scans that were kept: a head per scan, and behind it a line per symbol, packed.

A head holds what a list of scans needs (names, cells, who passed), so that a thousand scans are
listed without unpacking one. The lines are JSON, one per symbol, compressed scan by scan in two
parts: the figures that a decision rests on, and all else. One symbol's path through a thousand
scans unpacks only the first part and reads one line of each.

Knows nothing of what the columns mean. May import only `vrp_xl.core` and the errors.
"""

from __future__ import annotations

import json
import zlib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vrp_xl.core.calendar import day_number

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    Opened = Callable[[], AbstractContextManager[sqlite3.Connection]]

SCANS_KEPT = 1260
"""Scans that are kept per source, the newest: five years of trading days."""

Part = Literal["figures", "details"]

_AT_ONCE = 50
"""Bodies that are read in one go, so that memory stays flat."""


class Head(NamedTuple):
    """What is known of a kept scan without unpacking it."""

    number: int
    source: str
    sample: bool
    day: date
    """Trading day that the scan belongs to."""
    scanned_at: datetime
    as_of: datetime | None
    """Time of the newest figures."""
    preset: str
    pinned: bool
    """Kept by hand: no later scan replaces it and no bound removes it."""
    symbols: tuple[str, ...]
    cells: str
    """A letter per symbol: A to D, ``?``, or ``-`` where there is none."""
    passed: str
    """``1`` per symbol that was a candidate, else ``0``."""
    failed: int
    """Symbols without any figures."""
    rules_number: int = 0
    """Of the rules in force; scans of one number were made by the same."""


class Lines:
    """One packed part of a scan: named columns, a line per symbol in the order of its head."""

    def __init__(self, columns: Sequence[str], lines: Sequence[str]) -> None:
        self.columns = columns
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def values(self, at: int) -> list[Any]:
        """One symbol's values, in the order of the columns."""
        values: list[Any] = json.loads(self._lines[at])
        return values

    def row(self, at: int) -> dict[str, Any]:
        """One symbol's values by column."""
        return dict(zip(self.columns, self.values(at), strict=True))

    def rows(self) -> list[list[Any]]:
        """All symbols' values, in the order of the columns."""
        rows: list[list[Any]] = json.loads(f"[{','.join(self._lines)}]")
        return rows


def pack(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Columns and rows as compressed lines of JSON; `unpack` is its inverse.

    Numbers keep ten significant digits.

    >>> unpack(pack(["a", "b"], [[1 / 3, None], [2, "x"]])).rows()
    [[0.3333333333, None], [2, 'x']]
    """
    lines = [json.dumps(columns), *(json.dumps(_short(list(row)), **_COMPACT) for row in rows)]
    return zlib.compress("\n".join(lines).encode(), 6)


_COMPACT: dict[str, Any] = {"separators": (",", ":"), "allow_nan": False}


def unpack(data: bytes) -> Lines:
    """What `pack` packed.

    Raises:
        ValueError: the bytes are damaged.
    """
    try:
        head, *lines = zlib.decompress(data).decode().split("\n")
        columns = json.loads(head)
    except (zlib.error, UnicodeDecodeError, TypeError) as error:
        raise ValueError(str(error)) from error
    return Lines(columns, lines)


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, list):
        return [_short(item) for item in value]
    return value


class ScanLog:
    """The kept scans of a store; made by `vrp_xl.store.database.Store`."""

    def __init__(self, reading: Opened, writing: Opened, changed: Callable[..., None]) -> None:
        self._reading, self._writing, self._changed = reading, writing, changed

    def keep(
        self,
        head: Head,
        rules: Mapping[str, Any],
        figures: tuple[Sequence[str], Iterable[Sequence[Any]]],
        details: tuple[Sequence[str], Iterable[Sequence[Any]]],
        extra: Mapping[str, Any],
    ) -> bool:
        """Keeps a scan, all or nothing.

        Of one source and day it replaces every earlier scan by the same preset and rules whose
        names it covers, but for pinned ones; where a later one covers it already, nothing is
        kept. Beyond `SCANS_KEPT` of a source the oldest leave, but for pinned ones.

        Args:
            head: its numbers are not looked at.
            rules: every rule in force.
            figures: columns, and a row per symbol of the head.
            details: the same of all else.
            extra: what belongs to the scan as a whole (failures, notices), plain types.

        Returns:
            Whether it was kept.
        """
        body = (pack(*figures), pack(*details), _packed(extra))
        mine = frozenset(head.symbols)
        key = (head.source, head.sample, day_number(head.day))
        with self._writing() as db:
            found = db.execute(
                "SELECT s.id, s.scanned_at, t.body FROM scans AS s JOIN scan_texts AS t "
                "ON t.id = s.names_id WHERE source = ? AND sample = ? AND day = ? AND pinned = 0 "
                "AND preset = ? AND rules_id = (SELECT id FROM scan_texts WHERE body = ?)",
                (*key, head.preset, json.dumps(dict(rules), **_COMPACT)),
            ).fetchall()
            moment = _moment(head.scanned_at)
            covered = []
            for number, when, names in found:
                theirs = frozenset(json.loads(names))
                if when > moment and mine <= theirs and not head.pinned:
                    return False
                if when <= moment and theirs <= mine:
                    covered.append(number)
            self._remove(db, covered)
            row = db.execute(
                "INSERT INTO scans (source, sample, day, scanned_at, as_of, preset, pinned, "
                "names_id, rules_id, cells, passed, failed) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *key,
                    moment,
                    None if head.as_of is None else _moment(head.as_of),
                    head.preset,
                    head.pinned,
                    _text(db, list(head.symbols)),
                    _text(db, dict(rules)),
                    head.cells,
                    head.passed,
                    head.failed,
                ),
            )
            db.execute("INSERT INTO scan_bodies VALUES (?, ?, ?, ?)", (row.lastrowid, *body))
            self._prune(db, head.source, SCANS_KEPT)
            self._changed(db)
        return True

    def heads(
        self,
        *,
        source: str | None = None,
        sample: bool | None = None,
        since: date | None = None,
        until: date | None = None,
        newest: int | None = None,
    ) -> list[Head]:
        """The kept scans, oldest first.

        Args:
            source: of this source only.
            sample: only invented figures, or only real ones; None takes both.
            since: from this day on.
            until: up to this day, included.
            newest: at most so many, the newest.
        """
        names: dict[int, tuple[str, ...]] = {}
        rows = []
        with self._reading() as db:
            # One statement, so that all of it is of one moment: another process may replace scans.
            for row in db.execute(
                "SELECT s.id, source, sample, day, scanned_at, as_of, preset, pinned, names_id, "
                "cells, passed, failed, rules_id, t.body FROM scans AS s "
                "JOIN scan_texts AS t ON t.id = s.names_id "
                "WHERE (?1 IS NULL OR source = ?1) AND (?2 IS NULL OR sample = ?2) "
                "AND day BETWEEN ?3 AND ?4 ORDER BY day DESC, scanned_at DESC, s.id DESC LIMIT ?5",
                (
                    source,
                    sample,
                    0 if since is None else day_number(since),
                    99999999 if until is None else day_number(until),
                    -1 if newest is None else max(newest, 0),
                ),
            ):
                if row[8] not in names:
                    names[row[8]] = tuple(json.loads(row[-1]))
                rows.append(row[:-1])
        return [_head(row, names[row[8]]) for row in reversed(rows)]

    def rules(self, number: int) -> dict[str, Any]:
        """The rules that were in force in a scan; empty where there is no such scan."""
        with self._reading() as db:
            row = db.execute(
                "SELECT body FROM scan_texts WHERE id = (SELECT rules_id FROM scans WHERE id = ?)",
                (number,),
            ).fetchone()
        rules: dict[str, Any] = {} if row is None else json.loads(row[0])
        return rules

    def about(self, number: int) -> dict[str, Any]:
        """What belongs to a scan as a whole; empty where there is none or it is damaged."""
        with self._reading() as db:
            row = db.execute(
                "SELECT extra FROM scan_bodies WHERE scan_id = ?", (number,)
            ).fetchone()
        try:
            extra: dict[str, Any] = {} if row is None else json.loads(zlib.decompress(row[0]))
        except (ValueError, zlib.error):
            return {}
        return extra

    def lines(self, heads: Sequence[Head], *parts: Part) -> Iterator[tuple[Head, list[Lines]]]:
        """Some parts of each of `heads`, in their order.

        A scan that another process has replaced meanwhile, or whose bytes are damaged, is left
        out.
        """
        for start in range(0, len(heads), _AT_ONCE):
            some = heads[start : start + _AT_ONCE]
            with self._reading() as db:
                rows = db.execute(
                    f"SELECT scan_id, {', '.join(parts)} FROM scan_bodies "  # noqa: S608
                    "WHERE scan_id IN (SELECT value FROM json_each(?))",
                    (json.dumps([head.number for head in some]),),
                ).fetchall()
            found = {number: packed for number, *packed in rows}
            for head in some:
                try:
                    lines = [unpack(data) for data in found[head.number]]
                except (KeyError, ValueError):
                    continue
                if all(len(part) == len(head.symbols) for part in lines):
                    yield head, lines

    def pin(self, number: int, *, pinned: bool = True) -> bool:
        """Keeps a scan by hand, or no longer; False where there is no such scan."""
        with self._writing() as db:
            done = db.execute("UPDATE scans SET pinned = ? WHERE id = ?", (pinned, number))
            return done.rowcount > 0

    def prune(
        self, *, keep: int | None = None, before: date | None = None, source: str | None = None
    ) -> int:
        """Removes scans and returns how many; pinned ones stay.

        Args:
            keep: all but so many of each source, the newest.
            before: those of days before this one.
            source: of this source only; of all by default.
        """
        with self._writing() as db:
            sources = [row[0] for row in db.execute("SELECT DISTINCT source FROM scans")]
            gone = 0
            for name in sources:
                if source is not None and name != source:
                    continue
                if keep is not None:
                    gone += self._prune(db, name, keep)
                if before is not None:
                    old = db.execute(
                        "SELECT id FROM scans WHERE source = ? AND day < ? AND pinned = 0",
                        (name, day_number(before)),
                    ).fetchall()
                    gone += self._remove(db, [row[0] for row in old])
            self._changed(db)
        return gone

    def _prune(self, db: sqlite3.Connection, source: str, keep: int) -> int:
        old = db.execute(
            "SELECT id FROM scans WHERE source = ? AND pinned = 0 "
            "ORDER BY day DESC, scanned_at DESC, id DESC LIMIT -1 OFFSET ?",
            (source, max(keep, 0)),
        ).fetchall()
        return self._remove(db, [row[0] for row in old])

    @staticmethod
    def _remove(db: sqlite3.Connection, numbers: Sequence[int]) -> int:
        if not numbers:
            return 0
        which = json.dumps(list(numbers))
        for table, column in (("scan_bodies", "scan_id"), ("scans", "id")):
            db.execute(
                f"DELETE FROM {table} "  # noqa: S608 (our own names)
                f"WHERE {column} IN (SELECT value FROM json_each(?))",
                (which,),
            )
        db.execute(
            "DELETE FROM scan_texts WHERE id NOT IN (SELECT names_id FROM scans) "
            "AND id NOT IN (SELECT rules_id FROM scans)"
        )
        return len(numbers)


def _text(db: sqlite3.Connection, value: Any) -> int:
    """The number of a text that scans share; it is written where it is new."""
    body = json.dumps(value, **_COMPACT)
    db.execute("INSERT OR IGNORE INTO scan_texts (body) VALUES (?)", (body,))
    (number,) = db.execute("SELECT id FROM scan_texts WHERE body = ?", (body,)).fetchone()
    return int(number)


def _head(row: tuple[Any, ...], symbols: tuple[str, ...]) -> Head:
    number, source, sample, day, scanned_at, as_of, preset, pinned, _, cells, passed, *rest = row
    failed, rules_number = rest
    return Head(
        number,
        source,
        bool(sample),
        date(day // 10000, day // 100 % 100, day % 100),
        datetime.fromisoformat(scanned_at),
        None if as_of is None else datetime.fromisoformat(as_of),
        preset,
        bool(pinned),
        symbols,
        cells,
        passed,
        failed,
        rules_number,
    )


def _packed(extra: Mapping[str, Any]) -> bytes:
    return zlib.compress(json.dumps(dict(extra), **_COMPACT).encode(), 6)


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds")
