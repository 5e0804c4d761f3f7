"""How fast a large journal opens, and how large its file is.

    python tests/benchmarks/journal.py                  # 1,000 scans of 500 symbols
    python tests/benchmarks/journal.py --scans 200 --symbols 500

The scans are the sample market's, spread over as many names, with every figure moved by chance and
so no two rows alike. Each time is the best of three, in a store that is opened anew.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrp_xl.core.calendar import trading_days
from vrp_xl.core.rules import STANDARD
from vrp_xl.sources.sample.names import SYMBOLS
from vrp_xl.sources.sample.source import SampleSource
from vrp_xl.store.database import Store
from vrp_xl.workflow import journal, lookback
from vrp_xl.workflow.refresh import refresh
from vrp_xl.workflow.scan import run_scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from vrp_xl.store.scanlog import Head

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
SOURCE = "flashalpha"


def templates(folder: Path) -> tuple[Head, list[list[Any]], list[list[Any]]]:
    """Head, figures and details of a real scan."""
    with Store(folder / "one.sqlite3", clock=lambda: NOW) as store:
        refresh(SampleSource(NOW), store, SYMBOLS, clock=lambda: NOW)
        journal.keep(store, run_scan(store, "sample", SYMBOLS, STANDARD, now=NOW))
        heads = store.scans.heads()
        parts = [
            next(iter(store.scans.lines(heads, part)))[1][0].rows()
            for part in ("figures", "details")
        ]
    return heads[0], parts[0], parts[1]


def moved(value: Any, chance: random.Random) -> Any:
    """A figure moved by some percent; sentences that tell a number tell another one."""
    if isinstance(value, float):
        return round(value * chance.lognormvariate(0, 0.2), 4)
    if isinstance(value, list):
        return [moved(item, chance) for item in value]
    if isinstance(value, str) and "." in value:
        return re.sub(r"\d+\.\d\d\b", lambda _: f"{chance.uniform(0, 3):.2f}", value)
    return value


def fill(store: Store, folder: Path, scans: int, symbols: int) -> None:
    """Keeps `scans` scans of `symbols` names, a trading day each."""
    head, figures, details = templates(folder)
    chance = random.Random(1)
    names = [f"N{n:04d}" for n in range(symbols)]
    days = trading_days(date(2022, 1, 3), date(2027, 12, 1))[:scans]
    for day in days:
        picked = [chance.randrange(len(figures)) for _ in names]
        moment = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
        kept = head._replace(
            source=SOURCE,
            sample=False,
            day=day,
            scanned_at=moment,
            as_of=moment - timedelta(minutes=15),
            symbols=tuple(names),
            cells="".join(head.cells[p] for p in picked),
            passed="".join(head.passed[p] for p in picked),
        )
        store.scans.keep(
            kept,
            STANDARD.to_dict(),
            (journal.FIGURE_COLUMNS, [moved(figures[p], chance) for p in picked]),
            (journal.DETAIL_COLUMNS, [moved(details[p], chance) for p in picked]),
            {"failed": [], "notices": []},
        )


def best(path: Path, call: Callable[[Store], Any]) -> float:
    """Best of three, with the store opened anew each time."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        with Store(path) as store:
            call(store)
        times.append(time.perf_counter() - start)
    return min(times)


def measure(scans: int, symbols: int) -> None:
    """Prints what opens how fast."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "store.sqlite3"
        start = time.perf_counter()
        with Store(path) as store:
            fill(store, folder, scans, symbols)
        made = time.perf_counter() - start
        size = path.stat().st_size / 1e6
        print(f"{scans} scans x {symbols} symbols: made in {made:.1f} s, {size:.1f} MB, "
              f"{size * 1e6 / scans / symbols:.0f} bytes a row")  # fmt: skip
        for words, call in (
            ("heads", lambda s: s.scans.heads()),
            ("list: 30 scans and changes", lambda s: lookback.listed(s, newest=30)),
            ("list: all and changes", lookback.listed),
            ("show one scan", lambda s: list(lookback.entries(s, s.scans.heads(newest=1)))),
            ("one symbol: 60 rows", lambda s: lookback.name_rows(s, SOURCE, "N0100", 60)),
            ("candidates: 60 rows", lambda s: lookback.name_rows(s, SOURCE, None, 60)),
            ("records of all", lambda s: journal.columns(journal.records(s))),
            ("records of one symbol", lambda s: list(journal.records(s, symbols=["N0100"]))),
        ):
            print(f"  {words:<28} {best(path, call):6.3f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=1000)
    parser.add_argument("--symbols", type=int, default=500)
    given = parser.parse_args()
    measure(given.scans, given.symbols)
