"""Refreshes of twelve symbols, thousands of them, against a simulator that misbehaves.

How to run: python -m tests.soak.refresh --count 10000 [--seed 1]        Needs /proc (Linux).

The simulator runs in a process of its own, with a fault of its list in most rounds; time-outs are
shortened so that a stall costs a second and not thirty. Every refresh must end by itself, lose no
older snapshot and leave the process as it was: memory flat after the first tenth, no more open
files, no more threads, and a store that does not grow once its days are full.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from vrp_xl.simulator import FAULTS
from vrp_xl.sources import flashalpha, http
from vrp_xl.sources.base import Quota
from vrp_xl.sources.flashalpha import FlashAlpha
from vrp_xl.sources.http import HttpClient
from vrp_xl.sources.sample.names import SYMBOLS
from vrp_xl.store.database import Store
from vrp_xl.workflow.refresh import refresh

ROOT = Path(__file__).parents[2]
KEY = "soak"
SAMPLES = 50
CHILD = """
import sys
from vrp_xl.simulator import serve
with serve(key="soak") as server:
    print(server.url, flush=True)
    for line in sys.stdin:
        server.fault = line.strip() or None
        server.requests.clear()
        print("set", flush=True)
"""
RARE = {"slow": 0.01, "drip": 0.01, "big": 0.01}
"""Faults that cost much time: in what share of the rounds at most."""


@dataclass
class Report:
    """What was measured, `SAMPLES` times on the way."""

    states: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)
    """MB that are resident."""
    files: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    store: list[int] = field(default_factory=list)
    """Bytes of the store with its log."""
    slowest: float = 0.0
    """Seconds of the longest refresh."""


def resident() -> float:
    """MB of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_files() -> int:
    """Open files of this process."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def chosen(chance: random.Random) -> str:
    """A fault, or none in a third of the rounds."""
    if chance.random() < 1 / 3:
        return ""
    fault = chance.choice(sorted(FAULTS))
    if fault in RARE and chance.random() > RARE[fault] * len(FAULTS):
        return ""
    return fault


def measure(report: Report, path: Path) -> None:
    """Takes one sample."""
    gc.collect()
    report.memory.append(resident())
    report.files.append(open_files())
    report.threads.append(threading.active_count())
    tails = (path.with_name(path.name + tail) for tail in ("", "-wal"))
    report.store.append(sum(tail.stat().st_size for tail in tails if tail.exists()))


def run(count: int, seed: int) -> Report:
    """So many refreshes.

    Raises:
        AssertionError: a refresh lost an older snapshot or did not account for each symbol.
    """
    chance = random.Random(seed)
    limits = partial(HttpClient, connect_timeout=1.0, read_timeout=0.3, total_time=1.0)
    flashalpha.HttpClient = limits  # type: ignore[misc,assignment]
    http._BACKOFF = 0.01
    report = Report()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    with child, tempfile.TemporaryDirectory() as folder:
        url = child.stdout.readline().strip()
        path = Path(folder) / "store.sqlite3"
        seen: set[str] = set()
        every = max(count // SAMPLES, 1)
        for number in range(count):
            child.stdin.write(f"{chosen(chance)}\n")
            child.stdin.flush()
            child.stdout.readline()
            source = FlashAlpha(KEY, base_url=url)
            with Store(path) as store:
                store.forget_account("flashalpha", "soak")  # a latch would end the rounds
                known = Quota("alpha", unlimited=True, seen_at=datetime.now(UTC))
                store.put_quota("flashalpha", "soak", known)
                began = time.monotonic()
                result = refresh(source, store, SYMBOLS, account="soak")
                report.slowest = max(report.slowest, time.monotonic() - began)
                assert [o.symbol for o in result.outcomes] == list(SYMBOLS)
                for outcome in result.outcomes:
                    report.states[outcome.state] += 1
                    if outcome.state == "fresh":
                        seen.add(outcome.symbol)
                    assert outcome.symbol not in seen or outcome.state != "missing"
                assert seen <= set(store.symbols("flashalpha")), "a snapshot is lost"
            source.close()
            if number % every == 0 or number == count - 1:
                measure(report, path)
        with Store(path) as store, store._reading() as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        child.stdin.close()
    return report


def verdict(report: Report) -> list[str]:
    """What is not as it should be; empty where all is."""
    tenth = max(len(report.memory) // 10, 1)
    begin = max(report.memory[: 2 * tenth])
    end = max(report.memory[-tenth:])
    wrong = []
    if end > begin * 1.05 + 3:
        wrong.append(f"memory grew from {begin:.1f} to {end:.1f} MB")
    if report.files[-1] > report.files[0]:
        wrong.append(f"open files grew from {report.files[0]} to {report.files[-1]}")
    if report.threads[-1] > report.threads[0]:
        wrong.append(f"threads grew from {report.threads[0]} to {report.threads[-1]}")
    half = report.store[len(report.store) // 2]
    if report.store[-1] > half * 1.1 + 200_000:
        wrong.append(f"the store grew from {half:,} to {report.store[-1]:,} bytes in its 2nd half")
    return wrong


def main() -> int:
    """Runs the command; 1 where something grew."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="refreshes")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    options = parser.parse_args()
    began = time.monotonic()
    report = run(options.count, options.seed)
    print(
        f"{options.count} refreshes of {len(SYMBOLS)} symbols, seed {options.seed}, "
        f"{datetime.now(UTC):%Y-%m-%d}, {time.monotonic() - began:.0f} s"
    )
    print("symbols: " + ", ".join(f"{n} {state}" for state, n in report.states.most_common()))
    print(f"slowest refresh {report.slowest:.1f} s")
    for name in ("memory", "files", "threads", "store"):
        values = getattr(report, name)
        shown = [values[i * (len(values) - 1) // 4] for i in range(5)]
        unit = {"memory": " MB", "store": " bytes"}.get(name, "")
        print(f"{name:<8} " + " -> ".join(f"{v:,.0f}" for v in shown) + unit)
    wrong = verdict(report)
    for words in wrong:
        print(f"NOT AS IT SHOULD BE: {words}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
