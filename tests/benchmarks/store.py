"""How fast the store writes a large refresh and reads one name's history.

    python tests/benchmarks/store.py

Beside it, in the same run: plain sqlite3 with the same rows in one transaction, which keeps nothing
that a kill interrupts and checks nothing.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from vrp_xl.core.calendar import trading_days
from vrp_xl.sources.base import Fetched, daily_observations
from vrp_xl.sources.sample.names import SYMBOLS
from vrp_xl.sources.sample.source import SampleSource
from vrp_xl.store.database import Store
from vrp_xl.store.schema import MIGRATIONS
from vrp_xl.workflow.refresh import SAVED_TOGETHER, refresh

NOW = datetime(2026, 11, 17, 21, 30, tzinfo=UTC)
DAY = NOW.date()


def snapshots(folder: Path, count: int) -> list[Fetched]:
    """As many names as wanted, each with the figures of one of the sample market."""
    with Store(folder / "pattern.sqlite3", clock=lambda: NOW) as store:
        refresh(SampleSource(NOW), store, SYMBOLS, clock=lambda: NOW)
        patterns = list(store.latest_many("sample").values())
    out = []
    for n in range(count):
        made = patterns[n % len(patterns)].replace(symbol=f"N{n:04d}", source="folder")
        out.append(Fetched(made, daily_observations(made, DAY)))
    return out


def ours(path: Path, fetched: list[Fetched]) -> float:
    """Seconds in which the store keeps them, as a busy refresh does."""
    with Store(path, clock=lambda: NOW) as store:
        start = time.perf_counter()
        for at in range(0, len(fetched), SAVED_TOGETHER):
            store.save_all(fetched[at : at + SAVED_TOGETHER])
        return time.perf_counter() - start


def theirs(path: Path, fetched: list[Fetched]) -> float:
    """Seconds of sqlite3 alone: the same texts and values, one transaction."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    for statements in MIGRATIONS:
        for statement in statements:
            db.execute(statement)
    number = DAY.year * 10000 + DAY.month * 100 + DAY.day
    start = time.perf_counter()
    db.execute("BEGIN IMMEDIATE")
    db.executemany(
        "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?)",
        (
            (
                "folder", f.snapshot.symbol, number, f.snapshot.as_of.isoformat(),
                json.dumps(f.snapshot.to_dict()),
            )
            for f in fetched
        ),
    )  # fmt: skip
    series = [
        ("folder", f.snapshot.symbol, seen.series, seen.value)
        for f in fetched
        for seen in f.observations
    ]
    db.executemany(
        "INSERT INTO series (source, symbol, name) VALUES (?, ?, ?)", (s[:3] for s in series)
    )
    db.executemany(
        "INSERT INTO observations VALUES (?, ?, ?, 0)",
        ((n, number, s[3]) for n, s in enumerate(series, start=1)),
    )
    db.execute("COMMIT")
    seconds = time.perf_counter() - start
    db.close()
    return seconds


def written(folder: Path, count: int, rounds: int) -> None:
    """Both ways in turn, the medians and their ratio."""
    fetched = snapshots(folder, count)
    mine, other = [], []
    for n in range(rounds):
        mine.append(ours(folder / f"ours{n}.sqlite3", fetched))
        other.append(theirs(folder / f"theirs{n}.sqlite3", fetched))
    ratio = statistics.median(a / b for a, b in zip(mine, other, strict=True))
    print(f"{count:,} snapshots with their daily values")
    print(f"  the store               {statistics.median(mine):7.3f} s")
    print(f"  sqlite, one transaction {statistics.median(other):7.3f} s")
    print(f"  ratio                   {ratio:7.2f} x  (bound 1.5)")


def read(folder: Path, symbols: int, years: int) -> None:
    """One name's history out of a store that is full of others."""
    days = trading_days(DAY - timedelta(days=366 * years), DAY)[-252 * years :]
    numbers = [day.year * 10000 + day.month * 100 + day.day for day in days]
    path = folder / "full.sqlite3"
    with Store(path, clock=lambda: NOW):
        pass
    db = sqlite3.connect(path)
    db.executemany(
        "INSERT INTO series (id, source, symbol, name) VALUES (?, 'folder', ?, 'close')",
        ((n + 1, f"N{n:04d}") for n in range(symbols)),
    )
    for n in range(symbols):
        db.executemany(
            "INSERT INTO observations VALUES (?, ?, ?, 0)",
            ((n + 1, number, 100.0 + i % 7) for i, number in enumerate(numbers)),
        )
    db.commit()
    db.close()
    with Store(path, clock=lambda: NOW) as store:
        taken = []
        for n in range(0, symbols, max(symbols // 200, 1)):
            start = time.perf_counter()
            rows = store.series("folder", f"N{n:04d}", "close")
            taken.append(time.perf_counter() - start)
            assert len(rows) == len(days)
    size = path.stat().st_size / 1e6
    print(f"{years} years of {symbols:,} symbols ({size:,.0f} MB): one name's {len(days):,} days")
    print(
        f"  median {1e3 * statistics.median(taken):.2f} ms, worst {1e3 * max(taken):.2f} ms "
        "(bound 5)"
    )


def main() -> None:
    """Runs both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        written(Path(name), given.symbols, given.rounds)
        read(Path(name), given.symbols, 5)


if __name__ == "__main__":
    main()
