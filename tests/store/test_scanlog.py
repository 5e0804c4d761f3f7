"""Kept scans: which replace which, that they are whole, bounded and apart, and older files."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from vrp_xl.errors import StoreError
from vrp_xl.store import opening, scanlog, schema
from vrp_xl.store.database import Store
from vrp_xl.store.scanlog import Head, pack, unpack

NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
COLUMNS = ("spot", "note")

WRITER = """
import sys
from datetime import UTC, date, datetime, timedelta
from vrp_xl.store.database import Store
from vrp_xl.store.scanlog import Head
path, source, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
noon = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
names = tuple(f"N{n}" for n in range(50))
rows = [[float(n), "x" * 40] for n in range(50)]
with Store(path) as store:
    number = 0
    while count < 0 or number < count:
        day = date(2020, 1, 1) + timedelta(days=number)
        head = Head(0, source, False, day, noon, noon, "standard", False, names, "A" * 50,
                    "1" * 50, 0)
        store.scans.keep(head, {"z_min": 1.0}, (["spot", "note"], rows), (["x"], [[1]] * 50), {})
        number += 1
        print(number, flush=True)
"""


def head(*symbols, hours=0, day=date(2026, 11, 20), **more):
    """The head of a scan."""
    values = {
        "number": 0, "source": "flashalpha", "sample": False, "day": day,
        "scanned_at": NOON + timedelta(hours=hours), "as_of": NOON, "preset": "standard",
        "pinned": False, "symbols": symbols, "cells": "A" * len(symbols),
        "passed": "1" * len(symbols), "failed": 0,
    }  # fmt: skip
    return Head(**(values | more))


def keep(store, *symbols, spot=1.0, **more):
    """Keeps a scan of those symbols."""
    rows = [[spot, "a"] for _ in symbols]
    return store.scans.keep(
        head(*symbols, **more),
        {"z_min": 1.0},
        (COLUMNS, rows),
        (("why",), [[s] for s in symbols]),
        {"notices": []},
    )


@pytest.fixture
def path(tmp_path):
    """Where the store of the test lies."""
    return tmp_path / "store.sqlite3"


@pytest.fixture
def store(path):
    """An empty store."""
    with Store(path) as opened:
        yield opened


def spots(store):
    """The first spot of each kept scan."""
    return [
        lines.row(0)["spot"] for _, (lines,) in store.scans.lines(store.scans.heads(), "figures")
    ]


def test_a_scan_comes_back_as_it_was(store):
    """Head, both parts, rules and what belongs to the whole survive."""
    given = head("AAA", "BBB", cells="A-", passed="10", failed=2, preset="zscore", sample=True)
    figures = [[1 / 3, None], [2.0, '=1+1\n"quoted"']]
    assert store.scans.keep(
        given, {"z_min": 1.5, "method": "both"}, (COLUMNS, figures), (("why",), [["x"], [["y"]]]),
        {"failed": [["ZZZ", "plan", "not covered"]]},
    )  # fmt: skip
    (kept,) = store.scans.heads()
    assert kept == given._replace(number=kept.number, rules_number=kept.rules_number)
    ((_, (first, second)),) = store.scans.lines([kept], "figures", "details")
    assert first.rows() == [[0.3333333333, None], [2.0, '=1+1\n"quoted"']]
    assert first.row(1) == {"spot": 2.0, "note": '=1+1\n"quoted"'}
    assert second.values(1) == [["y"]]
    assert store.scans.rules(kept.number) == {"z_min": 1.5, "method": "both"}
    assert store.scans.about(kept.number) == {"failed": [["ZZZ", "plan", "not covered"]]}
    assert store.scans.rules(99) == store.scans.about(99) == {}


def test_heads_while_another_program_keeps_a_scan(store, path):
    """What is listed is of one moment: the scan from before, or the one that replaced it."""
    keep(store, "AAA")
    with Store(path) as other:

        def replaced(statement):
            if statement.startswith("SELECT"):
                seen.append(statement)
                keep(other, "AAA", *(f"N{number}" for number in range(len(seen))), hours=len(seen))

        seen = []
        store._db.set_trace_callback(replaced)
        heads = store.scans.heads()
        store._db.set_trace_callback(None)
    assert seen
    assert [len(head.symbols) for head in heads] in ([1], [2])


def test_the_latest_of_a_day_wins(store):
    """A later scan of the same names replaces the earlier one, an earlier one does not."""
    assert keep(store, "AAA", "BBB", spot=1.0)
    assert keep(store, "AAA", "BBB", hours=1, spot=2.0)
    assert not keep(store, "AAA", "BBB", hours=0.5, spot=3.0)
    assert spots(store) == [2.0]
    assert keep(store, "AAA", "BBB", "CCC", hours=2, spot=4.0)
    assert spots(store) == [4.0]


def test_other_rules_take_nothing_away(store):
    """A scan by another preset, or by other rules of the same, stays beside the morning's."""

    def made(hours, preset, z_min):
        given = head("AAA", preset=preset, hours=hours)
        parts = (COLUMNS, [[1.0, "a"]]), (("why",), [["x"]])
        return store.scans.keep(given, {"z_min": z_min}, *parts, {})

    assert made(0, "standard", 1.0)
    assert made(1, "spike", 1.0)
    assert made(2, "standard", 1.5)
    assert [h.preset for h in store.scans.heads()] == ["standard", "spike", "standard"]
    assert len({h.rules_number for h in store.scans.heads()}) == 2
    assert made(3, "standard", 1.0)
    assert made(4, "spike", 1.0)
    assert [(h.preset, h.scanned_at.hour) for h in store.scans.heads()] == [
        ("standard", head("AAA", hours=2).scanned_at.hour),
        ("standard", head("AAA", hours=3).scanned_at.hour),
        ("spike", head("AAA", hours=4).scanned_at.hour),
    ]
    assert made(0.5, "ratio", 1.0)  # an earlier one of its own kind
    assert not made(0.5, "spike", 1.0)


def test_a_look_at_one_name_takes_nothing_away(store):
    """A scan of fewer names stays beside; one of all names replaces both."""
    keep(store, "AAA", "BBB", spot=1.0)
    assert keep(store, "AAA", hours=1, spot=2.0)
    assert spots(store) == [1.0, 2.0]
    keep(store, "AAA", "BBB", hours=2, spot=3.0)
    assert spots(store) == [3.0]


def test_days_sources_and_invented_figures_are_apart(store):
    """Nothing of another day, source or market is replaced."""
    keep(store, "AAA")
    keep(store, "AAA", day=date(2026, 11, 19), hours=-24)
    keep(store, "AAA", source="sample", sample=True)
    keep(store, "AAA", sample=True)
    heads = store.scans.heads()
    assert len(heads) == 4
    assert heads[0].day == date(2026, 11, 19)
    assert len(store.scans.heads(source="flashalpha")) == 3
    assert len(store.scans.heads(sample=False)) == 2
    assert len(store.scans.heads(source="flashalpha", sample=True)) == 1
    assert len(store.scans.heads(since=date(2026, 11, 20))) == 3
    assert [h.day for h in store.scans.heads(until=date(2026, 11, 19))] == [date(2026, 11, 19)]
    assert [h.day for h in store.scans.heads(newest=1)] == [date(2026, 11, 20)]


def test_a_pinned_scan_stays(store):
    """No later scan of its day and no bound removes it, until it is let go."""
    keep(store, "AAA", pinned=True, spot=1.0)
    keep(store, "AAA", hours=1, spot=2.0)
    assert spots(store) == [1.0, 2.0]
    assert store.scans.prune(keep=0) == 1
    (kept,) = store.scans.heads()
    assert kept.pinned
    assert store.scans.pin(kept.number, pinned=False)
    assert not store.scans.pin(99)
    keep(store, "AAA", hours=2, spot=3.0)
    assert spots(store) == [3.0]


def test_the_journal_is_bounded(store, monkeypatch):
    """Of each source the newest stay; what nobody refers to leaves with them."""
    monkeypatch.setattr(scanlog, "SCANS_KEPT", 3)
    for n in range(6):
        keep(store, "AAA", f"N{n}", day=date(2026, 11, 2 + n), hours=24 * n)
    keep(store, "ZZZ", source="folder", day=date(2026, 1, 5))
    assert [h.day.day for h in store.scans.heads(source="flashalpha")] == [5, 6, 7]
    assert len(store.scans.heads(source="folder")) == 1
    counts = [
        store._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in ("scans", "scan_bodies", "scan_texts")
    ]
    assert counts == [4, 4, 4 + 1]  # a list of names each, one set of rules


def test_pruning(store):
    """By number and by day, of one source or of all; the file can give its space back."""
    for n in range(4):
        for source in ("flashalpha", "folder"):
            keep(store, "AAA", source=source, day=date(2026, 11, 2 + n))
    assert store.scans.prune(before=date(2026, 11, 3), source="folder") == 1
    assert store.scans.prune(keep=2) == 2 + 1
    assert [h.day.day for h in store.scans.heads(source="folder")] == [4, 5]
    store.compact()
    assert store.scans.prune(keep=2) == 0


def test_a_kept_scan_moves_the_revision(store):
    """Formulas of every process learn of it."""
    before = store.revision()
    keep(store, "AAA")
    assert store.revision() != before


def test_damage_hides_one_scan_and_no_other(store):
    """Bytes that cannot be unpacked are left out; the list still names the scan."""
    keep(store, "AAA", spot=1.0)
    keep(store, "AAA", spot=2.0, day=date(2026, 11, 19))
    broken = store.scans.heads()[1].number
    store._db.execute("UPDATE scan_bodies SET figures = x'00', extra = x'00' WHERE scan_id = ?",
                      (broken,))  # fmt: skip
    assert spots(store) == [2.0]
    assert len(store.scans.heads()) == 2
    assert store.scans.about(broken) == {}


@pytest.mark.parametrize("data", [b"", b"x" * 30, pack(["a"], [[1]])[:-3]])
def test_damaged_bytes_are_a_value_error(data):
    """Whatever they are."""
    with pytest.raises(ValueError, match=r".+"):
        unpack(data)


def test_a_scan_that_was_replaced_meanwhile_is_left_out(path, store):
    """A list that another process made old gives what is left."""
    keep(store, "AAA", spot=1.0)
    old = store.scans.heads()
    with Store(path) as other:
        keep(other, "AAA", hours=1, spot=2.0)
    assert list(store.scans.lines(old, "figures")) == []
    assert spots(store) == [2.0]


def version_two(path):
    """A file as the second version wrote it, with a snapshot's row."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute("PRAGMA journal_mode = WAL")
        for statements in schema.MIGRATIONS[:2]:
            for statement in statements:
                db.execute(statement)
        db.execute("INSERT INTO series (source, symbol, name) VALUES ('folder', 'SPY', 'close')")
        db.execute("INSERT INTO observations VALUES (1, 20261119, 600.5, 1)")
        db.execute("PRAGMA user_version = 2")


def test_a_file_of_an_older_version_gets_a_journal(path):
    """What it held stays, and scans can be kept in it."""
    version_two(path)
    with Store(path) as store:
        assert store.notice == ""
        assert store.series("folder", "SPY", "close") == [(date(2026, 11, 19), 600.5)]
        assert store.scans.heads() == []
        keep(store, "AAA")
    with Store(path) as store:
        assert len(store.scans.heads()) == 1
        assert store._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_migration_that_is_killed_changes_nothing(path, monkeypatch):
    """Half a migration is none: the next opening makes it whole."""
    version_two(path)
    broken = (*schema.MIGRATIONS[:2], (*schema.MIGRATIONS[2][:2], "nonsense"))
    monkeypatch.setattr(opening, "MIGRATIONS", broken)
    with pytest.raises(StoreError):
        Store(path)
    monkeypatch.undo()
    with Store(path) as store:
        keep(store, "AAA")
        assert len(store.scans.heads()) == 1


def test_several_processes_keep_at_once(path):
    """None loses a scan."""
    Store(path).close()
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), source, "10"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for source in ("flashalpha", "folder")
    ]  # fmt: skip
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
    with Store(path) as store:
        heads = store.scans.heads()
        assert len(heads) == 20
        assert len(list(store.scans.lines(heads, "figures", "details"))) == 20


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_kill_loses_at_most_the_scan_in_flight(path):
    """After kill -9 every scan that was reported is whole."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), "folder", "-1"], stdout=subprocess.PIPE, text=True
    )
    with process:
        for line in process.stdout:
            if int(line) >= 20:
                break
        os.kill(process.pid, signal.SIGKILL)
        process.stdout.read()
    with Store(path) as store:
        heads = store.scans.heads()
        assert len(heads) >= 20
        assert len(list(store.scans.lines(heads, "figures", "details"))) == len(heads)
        assert store._db.execute("PRAGMA foreign_key_check").fetchall() == []
