"""How near a screen over Cboe's documents comes to what latency and analytics alone would cost.

    python tests/benchmarks/cboe.py                # 1,000 names at 60 ms, stopped half way, resumed
    python tests/benchmarks/cboe.py --names 200

The simulator runs in a process of its own and serves chains of about 1,100 contracts. What the
analytics cost is measured first, in seconds of the processor, so that others on the machine do not
count: the same refresh with the documents in memory, on one thread. Then

    ratio = (seconds - analytics) / (ceil(requests / workers) x latency)      bound 1.25

(below 1 where analytics and waiting overlap) and the peak memory of this process (bound 300 MB):
for the first day, chain and history of every name, and a quarter of an hour later, chains alone.
"""

from __future__ import annotations

import argparse
import math
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from vrp_xl.core.rules import STANDARD
from vrp_xl.simulator import serve
from vrp_xl.sources.cboe import Cboe
from vrp_xl.sources.http import Response
from vrp_xl.sources.sample.cboe_documents import CboeMarket
from vrp_xl.sources.sample.market import Market
from vrp_xl.store.database import Store
from vrp_xl.workflow.refresh import refresh
from vrp_xl.workflow.universe import begin, screen

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
MADE = 20
"""Names whose documents are made; the others carry the same figures under their own name."""
BOUND, MEMORY = 1.25, 300


class Copies:
    """Cboe's documents of as many names as are asked for, cheap to make."""

    def __init__(self, market: Market | None = None) -> None:
        del market
        self._made = CboeMarket(Market(NOW, MADE))
        self._kept: dict[tuple[str, str], bytes] = {}

    def _copy(self, kind: str, symbol: str) -> bytes:
        like = f"N{int(symbol[1:]) % MADE + 1:04d}"
        if (kind, like) not in self._kept:
            self._kept[kind, like] = getattr(self._made, kind)(like)
        return self._kept[kind, like].replace(like.encode(), symbol.encode())

    def warm(self) -> Copies:
        """Makes all documents now."""
        for kind in ("chain", "history"):
            for number in range(MADE):
                self._copy(kind, f"N{number:04d}")
        return self

    def chain(self, symbol: str) -> bytes:
        """The option chain."""
        return self._copy("chain", symbol)

    def history(self, symbol: str) -> bytes:
        """The daily prices."""
        return self._copy("history", symbol)

    def quote(self, symbol: str) -> bytes:
        """The quote."""
        return self._copy("quote", symbol)


def serve_forever(latency: float) -> None:
    """The simulator, in a process of its own; its first line is the address."""
    documents = Copies().warm()
    with serve(latency=latency, now=NOW, cboe=lambda _: documents) as server:
        print(server.url, flush=True)
        while True:
            time.sleep(1)


class InMemory:
    """Stands in for the network: every document is there at once."""

    host = "memory"

    def __init__(self, documents: Copies) -> None:
        self._documents = documents
        self.seconds = 0.0
        """Spent on handing documents over, which is no part of the analytics."""

    def get_bytes(self, path: str) -> Response:
        """The document of a path."""
        start = time.process_time()
        symbol = path.rpartition("/")[2].removesuffix(".json")
        kind = "chain" if "/options/" in path else "history"
        body = getattr(self._documents, kind)(symbol)
        self.seconds += time.process_time() - start
        return Response(200, None, "", {}, body)

    def close(self) -> None:
        """Nothing to let go of."""


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """The moment."""
        return self.now


def source(url: str, clock: Clock, workers: int = 8) -> Cboe:
    """A source without a pace, since it asks this machine."""
    return Cboe(require=lambda: None, base_url=url, rate=None, workers=workers, clock=clock)


def analytics(names: list[str]) -> list[float]:
    """Seconds of the first day and of the quarter of an hour later, without a network."""
    found = []
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s.db", clock=clock) as st:
        for _ in range(2):
            one = source("http://127.0.0.1:9", clock, workers=1)
            one._http.close()
            memory = InMemory(Copies().warm())
            one._http = memory
            start = time.process_time()
            result = refresh(one, st, names, clock=clock, deadline=3600)
            found.append(time.process_time() - start - memory.seconds)
            assert result.count("fresh") == len(names), result.outcomes[:3]
            clock.now += timedelta(minutes=16)
    return found


def measure(names: list[str], latency: float, url: str, workers: int) -> None:
    """Prints a line for the first day and one for later, and what a stop costs."""
    costs = analytics(names[: min(len(names), 200)])
    costs = [seconds * len(names) / min(len(names), 200) for seconds in costs]
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s.db", clock=clock) as st:
        for label, cost in zip(("first", "later"), costs, strict=True):
            one = source(url, clock, workers)
            start = time.perf_counter()
            result = refresh(one, st, names, clock=clock, deadline=3600)
            seconds = time.perf_counter() - start
            one.close()
            floor = math.ceil(result.calls / workers) * latency
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{label}: {result.count('fresh'):,} of {len(names):,} names, {result.calls:,} "
                f"requests in {seconds:.2f} s; latency alone {floor:.2f} s, analytics {cost:.2f} s "
                f"({1e3 * cost / len(names):.1f} ms a name); ratio "
                f"{(seconds - cost) / floor:.3f} (bound {BOUND}); peak {peak:.0f} MB "
                f"(bound {MEMORY})",
                flush=True,
            )
            clock.now += timedelta(minutes=16)


def stopped(names: list[str], url: str, workers: int) -> None:
    """A screen that is stopped half way, and the same again."""
    clock = Clock()

    def half(done: int, total: int, symbol: str, state: str) -> None:
        del symbol, state
        if done >= total // 2:
            raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s.db", clock=clock) as st:
        for progress in (half, None):
            run = begin(st, "cboe", names, clock=clock)
            one = source(url, clock, workers)
            try:
                result = screen(st, "cboe", run, STANDARD, source=one, progress=progress,
                                clock=clock)  # fmt: skip
            except KeyboardInterrupt:
                continue
            finally:
                one.close()
            assert result.refreshed is not None
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"stopped half way, resumed: {len(run.done):,} of {len(names):,} names were done, "
                f"{result.refreshed.calls:,} requests for the rest "
                f"(all names: {2 * len(names):,}); peak {peak:.0f} MB"
            )


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.06)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve_forever(given.latency)
        return
    names = [f"N{i:04d}" for i in range(1, given.names + 1)]
    command = [sys.executable, __file__, "--serve", "--latency", str(given.latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        measure(names, given.latency, url, given.workers)
        stopped(names, url, given.workers)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
