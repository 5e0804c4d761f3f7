"""kill -9 at random moments: two processes refresh one store, a third reads it, and all are killed.

How to run: python -m tests.soak.kill --count 200 [--seed 1]        Needs SIGKILL (Linux or macOS).

Each round lets the three work, kills one writer or all three at a random moment, and then demands:
SQLite finds the file sound, nothing was set aside, every symbol that a writer has reported is
stored at that figure or a later one, the snapshot of the day before and all history are there. The
reader demands all the time that figures are whole and never go back.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from vrp_xl.core.snapshot import Snapshot
from vrp_xl.sources.base import Call, Fetched, Known, Observation, Quota
from vrp_xl.store.database import Store
from vrp_xl.workflow.refresh import refresh

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vrp_xl.errors import SourceError

ROOT = Path(__file__).parents[2]
SYMBOLS = [f"S{number:02}" for number in range(12)]
NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
YESTERDAY = NOON - timedelta(days=1)
HISTORY = [date(2026, 1, 1) + timedelta(days=n) for n in range(250)]
START_SECONDS = 60.0


class Counting:
    """A source whose n-th refresh gives the figure n everywhere, so that halves would show."""

    name = "soak"
    sample = False
    workers = 4

    def __init__(self, number: int) -> None:
        self.number = number

    def prepare(self, known: Known) -> Sequence[Call]:  # noqa: ARG002
        """There is no account."""
        return ()

    def calls(self, symbol: str) -> Sequence[Call]:
        """One call."""
        return (Call("figure", symbol),)

    def skip_reason(self, symbol: str) -> str | None:  # noqa: ARG002
        """None is skipped."""
        return None

    def get(self, call: Call) -> Mapping[str, Any]:  # noqa: ARG002
        """The figure."""
        return {"figure": self.number}

    def settle(self, call: Call, answer: Mapping[str, Any]) -> None:
        """Nothing to settle."""

    def step_down(self, call: Call, error: SourceError) -> bool:  # noqa: ARG002
        """There is no plan."""
        return False

    def assemble(
        self,
        symbol: str,
        answers: Mapping[str, Mapping[str, Any]],
        failed: Mapping[str, SourceError],  # noqa: ARG002
    ) -> Fetched:
        """A snapshot and a history in which each number is the figure."""
        figure = float(answers["figure"]["figure"])
        past = tuple(Observation("figure", day, figure) for day in HISTORY)
        return Fetched(snapshot(symbol, figure), past)

    def quota(self) -> Quota:
        """Without limit."""
        return Quota(unlimited=True)

    def close(self) -> None:
        """Nothing to close."""


def snapshot(symbol: str, figure: float, day: datetime = NOON) -> Snapshot:
    """One whose figures are all the same, later by the millisecond where they are larger."""
    moment = day + timedelta(milliseconds=figure)
    return Snapshot(
        symbol=symbol, source="soak", as_of=moment, fetched_at=moment,
        spot=figure, put_wall=figure, call_wall=figure, net_gex=figure,
    )  # fmt: skip


def figure_of(found: Snapshot) -> float:
    """The one figure of a snapshot.

    Raises:
        AssertionError: it is a mixture.
    """
    figures = {found.spot, found.put_wall, found.call_wall, found.net_gex}
    assert len(figures) == 1, f"a mixture of {figures}"
    (figure,) = figures
    assert figure is not None
    return figure


def write(path: Path, number: int) -> None:
    """Refreshes for ever, and says after each symbol what is stored for certain."""
    with Store(path) as store:
        while True:
            number += 1
            source = Counting(number)

            def tell(done: int, total: int, symbol: str, state: str, at: int = number) -> None:
                del done, total
                assert state == "fresh", f"{symbol} is {state}"
                sys.stdout.write(f"{symbol} {at}\n")
                sys.stdout.flush()

            refresh(source, store, SYMBOLS, progress=tell)


def read(path: Path) -> None:
    """Reads for ever; ends with an error where a figure is mixed, lost or goes back."""
    seen: dict[str, float] = {}
    with Store(path) as store:
        while True:
            found = store.latest_many("soak")
            assert set(found) == set(SYMBOLS), f"lost: {set(SYMBOLS) - set(found)}"
            for symbol, one in found.items():
                figure = figure_of(one)
                assert figure >= seen.get(symbol, 0.0), f"{symbol} went back to {figure}"
                seen[symbol] = figure
                values = {value for _, value in store.series("soak", symbol, "figure")}
                assert len(values) == 1, f"{symbol} has a history of {sorted(values)}"
            sys.stdout.write("read\n")
            sys.stdout.flush()


class Process:
    """A child that talks by lines."""

    def __init__(self, role: str, path: Path, number: int = 0) -> None:
        command = [sys.executable, "-m", "tests.soak.kill", "--role", role, "--store", str(path)]
        self.child = subprocess.Popen(
            [*command, "--number", str(number)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._errors: list[str] = []
        self._threads = [Thread(target=self._hear), Thread(target=self._heed)]
        for thread in self._threads:
            thread.start()

    def _hear(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            if line.endswith("\n"):  # a kill may cut the last one
                self._lines.put(line.strip())

    def _heed(self) -> None:
        assert self.child.stderr is not None
        self._errors.append(self.child.stderr.read())

    def first(self) -> str:
        """Waits for a line."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            with suppress(Empty):
                return self._lines.get(timeout=0.1)
            assert self.child.poll() is None, self.ended()
        raise AssertionError("the process says nothing")

    def lines(self) -> Iterator[str]:
        """What it has said and was not taken yet."""
        with suppress(Empty):
            while True:
                yield self._lines.get_nowait()

    def kill(self) -> None:
        """Ends it with SIGKILL; it must have been alive till then."""
        assert self.child.poll() is None, self.ended()
        self.child.kill()
        self.child.wait()
        self._join()

    def ended(self) -> str:
        """Why it ended by itself."""
        self._join()
        return f"exit code {self.child.returncode}: {''.join(self._errors)[-2000:]}"

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()
        for pipe in (self.child.stdout, self.child.stderr):
            if pipe is not None:
                pipe.close()

    def stop(self) -> None:
        """Ends it, whatever its state."""
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self._join()


@dataclass
class Report:
    """What the rounds have seen."""

    kills: int = 0
    all_at_once: int = 0
    symbols: int = 0
    """Symbols that writers have reported as stored."""
    told: dict[str, int] = field(default_factory=dict)
    """Symbol -> the largest figure that a writer has reported."""

    def take(self, lines: Iterator[str]) -> None:
        """Notes what a writer has said."""
        for line in lines:
            symbol, number = line.split()
            self.symbols += 1
            self.told[symbol] = max(self.told.get(symbol, 0), int(number))


def check(path: Path, told: Mapping[str, int]) -> None:
    """All that must hold after a kill.

    Raises:
        AssertionError: something is lost or damaged.
    """
    with Store(path) as store:
        assert store.notice == ""
        with store._reading() as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = store.latest_many("soak")
        assert set(found) == set(SYMBOLS)
        for symbol, one in found.items():
            assert figure_of(one) >= told.get(symbol, 0), f"{symbol} has lost {told[symbol]}"
            before = store.previous("soak", symbol, NOON.date())
            assert before is not None, f"{symbol} has lost the day before"
            assert figure_of(before) == 1.0
            assert len(store.series("soak", symbol, "figure")) == len(HISTORY)
    assert not [p.name for p in path.parent.iterdir() if ".broken-" in p.name]


def run(folder: Path, count: int, seed: int, *, most: float = 0.15) -> Report:
    """So many kills in a store in `folder`.

    Args:
        folder: an empty one.
        count: how many rounds.
        seed: of the random moments.
        most: seconds from the first sign of life to the kill, at most.

    Raises:
        AssertionError: something was lost, damaged, or seen half.
    """
    chance = random.Random(seed)
    path = folder / "store.sqlite3"
    with Store(path) as store:
        for symbol in SYMBOLS:
            past = tuple(Observation("figure", day, 1.0) for day in HISTORY)
            earlier = (snapshot(symbol, 1.0, YESTERDAY),)
            store.save(Fetched(snapshot(symbol, 1.0), past, earlier=earlier))
    report = Report()
    processes: dict[str, Process] = {}
    try:
        for _ in range(count):
            largest = max(report.told.values(), default=1)
            for name in ("write a", "write b", "read"):
                if name not in processes:
                    processes[name] = Process(name.split()[0], path, largest)
                    line = processes[name].first()
                    if name != "read":
                        report.take(iter([line]))
            all_at_once = chance.random() < 0.5
            time.sleep(chance.random() * most)
            for name in list(processes) if all_at_once else [chance.choice(["write a", "write b"])]:
                one = processes.pop(name)
                one.kill()
                report.kills += 1
                if name != "read":
                    report.take(one.lines())
            report.all_at_once += all_at_once
            for name, one in processes.items():
                if name != "read":
                    report.take(one.lines())
            check(path, report.told)
    finally:
        for one in processes.values():
            one.stop()
    return report


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="rounds")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--role", choices=["write", "read"], help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role == "write":
        write(options.store, options.number)
    elif options.role == "read":
        read(options.store)
    else:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            report = run(Path(folder), options.count, options.seed)
        print(
            f"{options.count} rounds, seed {options.seed}: {report.kills} processes killed, in "
            f"{report.all_at_once} rounds all at once, {report.symbols} symbols reported as "
            f"stored; none was lost, the file was sound ({time.monotonic() - began:.0f} s)"
        )


if __name__ == "__main__":
    main()
