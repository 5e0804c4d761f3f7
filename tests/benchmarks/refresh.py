"""How near a refresh comes to what the latency alone would cost, and what memory a large one takes.

    python tests/benchmarks/refresh.py            # 10, 100 and 1,000 symbols at 60 ms
    python tests/benchmarks/refresh.py --large    # 6,000 symbols, memory

The simulator runs in a process of its own. The floor is ceil(calls / workers) x latency, the one
account call aside; ratios are measured in one run, beside a plain sequential script and the
vendor's own client in a loop.
"""

from __future__ import annotations

import argparse
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import flashalpha
import requests

from vrp_xl.core.rules import STANDARD
from vrp_xl.sources.flashalpha import FlashAlpha
from vrp_xl.store.database import Store
from vrp_xl.workflow.refresh import refresh
from vrp_xl.workflow.scan import run_scan

SERVER = (
    "import sys; from vrp_xl import simulator; "
    "simulator.run(latency=float(sys.argv[1]), extra_names=int(sys.argv[2]))"
)


def simulator(latency: float, names: int) -> tuple[subprocess.Popen[str], str]:
    """A simulator in its own process, and its address."""
    command = [sys.executable, "-c", SERVER, str(latency), str(names)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def sequential(url: str, names: list[str]) -> float:
    """Seconds of the plain script: one symbol after another, two calls each."""
    start = time.perf_counter()
    for name in names:
        for path in (f"/v1/vrp/{name}", f"/v1/exposure/levels/{name}"):
            requests.get(url + path, headers={"X-Api-Key": "demo"}, timeout=30).json()
    return time.perf_counter() - start


def sdk(url: str, names: list[str]) -> float:
    """Seconds of the vendor's own client in a loop: the same two calls per symbol."""
    client = flashalpha.FlashAlpha("demo", base_url=url, timeout=30)
    client._session.trust_env = False
    start = time.perf_counter()
    for name in names:
        client.vrp(name)
        client.exposure_levels(name)
    seconds = time.perf_counter() - start
    client._session.close()
    return seconds


def warm(url: str, names: list[str]) -> None:
    """Asks for everything once: the simulator makes a name's documents when first asked."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s.db") as store:
        source = FlashAlpha("demo", base_url=url)
        refresh(source, store, names)
        source.close()


def measure(count: int, latency: float) -> None:
    """Prints one line for `count` symbols: first refresh with backfill, then a daily one."""
    names = [f"N{i:04d}" for i in range(1, count + 1)]
    process, url = simulator(latency, count)
    try:
        warm(url, names)
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s.db") as store:
            for label in ("first", "daily"):
                source = FlashAlpha("demo", base_url=url)
                start = time.perf_counter()
                result = refresh(source, store, names)
                seconds = time.perf_counter() - start
                source.close()
                account = 1 if label == "first" else 0
                floor = math.ceil((result.calls - account) / source.workers) * latency
                net = seconds - account * latency
                print(
                    f"{count:>6} symbols {label:<6} {result.count('fresh'):>6} fresh "
                    f"{result.calls:>6} calls {seconds:8.3f} s  floor {floor:7.3f} s  "
                    f"ratio {net / floor:.3f}"
                )
        for label, loop in (("plain sequential script", sequential), ("the vendor's client", sdk)):
            taken = loop(url, names[:10]) * count / 10
            print(f"{'':>6} {label} (10 symbols scaled): {taken:.3f} s, "
                  f"{taken / seconds:.1f} x the daily refresh")  # fmt: skip
    finally:
        process.kill()
        process.wait()


def large(count: int) -> None:
    """Refreshes and scans `count` symbols and prints the peak memory of this process."""
    names = [f"N{i:04d}" for i in range(1, count + 1)]
    process, url = simulator(0.0, count)
    try:
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s.db") as store:
            source = FlashAlpha("demo", base_url=url)
            start = time.perf_counter()
            result = refresh(source, store, names, deadline=3600)
            fetched = time.perf_counter() - start
            source.close()
            start = time.perf_counter()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            scan = run_scan(store, "flashalpha", names, STANDARD)
            scanned = time.perf_counter() - start
            size = sum(f.stat().st_size for f in Path(folder).iterdir()) / 1e6
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{count} symbols: {result.count('fresh')} fresh in {fetched:.1f} s "
                f"({result.calls} calls), scanned {len(scan.rows)} in {scanned:.1f} s, "
                f"store {size:.0f} MB, peak memory {before:.0f} MB after the refresh, "
                f"{peak:.0f} MB in all"
            )
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--symbols", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--latency", type=float, default=0.06)
    given = parser.parse_args()
    if given.large:
        large(6000)
    else:
        for symbols in given.symbols:
            measure(symbols, given.latency)
