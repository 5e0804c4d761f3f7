"""What a formula costs: the functions as Excel calls them, through xlwings' own dispatcher.

    python tests/benchmarks/functions.py

Nothing of xlwings is replaced, only pywin32 and Excel (see ``tests/excel/pywin32_stubs.py``); the
cost of COM itself is not in these figures. Every comparison is measured in one run, side by side;
the least of several rounds counts. Exits with 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import atexit
import datetime as dt
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "excel"))
FOLDER = Path(tempfile.mkdtemp(prefix="vrp_xl_benchmark_"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
os.environ["VRP_XL_HOME"] = str(FOLDER)
sys.path.insert(0, str(FOLDER))

import pywin32_stubs as stubs  # noqa: E402

stubs.import_xlwings()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from xlwings.com_server import XLPython  # noqa: E402

from vrp_xl import desk, settings  # noqa: E402
from vrp_xl import functions as vrp  # noqa: E402
from vrp_xl.reader import READER  # noqa: E402
from vrp_xl.sources.base import Fetched  # noqa: E402
from vrp_xl.sources.sample.names import SYMBOLS  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from vrp_xl.core.snapshot import Snapshot

UDFS = "vrp_xl.excel.udfs"
CONSTANT = '''
"""A function that returns a constant, bound as VRP_CELL is."""
from xlwings import arg, func

@func(category="VRP")
@arg("symbol", ndim=2, err_to_str=True)
@arg("z_min", ndim=2, err_to_str=True)
@arg("rules", ndim=2, err_to_str=True)
def CONSTANT(symbol, z_min=None, rules=None):
    """Returns A."""
    return "A"
'''
BOOK = stubs.Workbook()
CALLER = BOOK.range(None)
SERVER = XLPython()
MISSED: list[str] = []


def excel(name: str, *cells: Any, module: str = UDFS) -> Any:
    """Calls a function as a VBA wrapper does."""
    return SERVER.CallUDF(module, name, cells, BOOK, CALLER)


def column(values: Any) -> stubs.Range:
    """A reference to one column."""
    return BOOK.range(tuple((value,) for value in values))


def row(values: Any) -> stubs.Range:
    """A reference to one row."""
    return BOOK.range((tuple(values),))


def least(work: Callable[[], Any], rounds: int = 7) -> float:
    """Seconds of the fastest round."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def line(what: str, figure: str, target: str = "", *, met: bool = True) -> None:
    """Prints one line of the table."""
    word = "" if not target else ("met" if met else "MISSED")
    if not met:
        MISSED.append(what)
    print(f"{what:<62} {figure:>16}  {target:<12} {word}")


# Scalar calls


def scalars(rounds: int) -> None:
    """VRP_CELL beside a function that returns a constant, in alternating rounds."""
    (FOLDER / "constant.py").write_text(CONSTANT, encoding="utf-8")
    rules = BOOK.range(tuple((name, value) for name, value, *_ in vrp.VRP_RULES()[1:]))
    cases = {
        'VRP_CELL("SPY")': ("SPY", stubs.MISSING, stubs.MISSING),
        "VRP_CELL(A1)": (BOOK.range("SPY"), stubs.MISSING, stubs.MISSING),
        f"VRP_CELL(A1,, Settings), {rules.Rows.Count} x 2 cells": (
            BOOK.range("SPY"), stubs.MISSING, rules,
        ),
    }  # fmt: skip
    for label, cells in cases.items():
        for count in (1_000, 10_000):
            constant = ours = float("inf")
            for _ in range(rounds):
                constant = min(constant, least(lambda: repeat(count, "constant", cells), 1))  # noqa: B023
                ours = min(ours, least(lambda: repeat(count, UDFS, cells), 1))  # noqa: B023
            ratio = ours / constant
            figure = f"{ours * 1e3:.1f} ms, {ratio:.2f} x"
            line(f"{count:,} x {label}", figure, "<= 1.5 x", met=ratio <= 1.5)
    spilled = column(["SPY"] * 1_000)
    seconds = least(lambda: excel("VRP_CELL", spilled, stubs.MISSING, rules))
    line("one VRP_CELL over 1,000 cells with Settings", f"{seconds * 1e3:.1f} ms")


def repeat(count: int, module: str, cells: tuple[Any, ...]) -> None:
    """Calls VRP_CELL, or the constant, so many times."""
    name = "VRP_CELL" if module == UDFS else "CONSTANT"
    for _ in range(count):
        SERVER.CallUDF(module, name, cells, BOOK, CALLER)


def plain() -> None:
    """VRP_CELL in plain Python beside a dict look-up and one read of a snapshot row."""
    count = 10_000
    ours = least(lambda: [vrp.VRP_CELL("SPY") for _ in range(count)]) / count
    db = sqlite3.connect(settings.store_path())
    query = "SELECT as_of FROM snapshots WHERE source = 'sample' AND symbol = 'SPY'"
    known = {"SPY": "A"}
    other = least(lambda: [(known["SPY"], db.execute(query).fetchone()) for _ in range(count)])
    db.close()
    line('VRP_CELL("SPY") in plain Python', f"{ours * 1e6:.1f} us", "<= 10 us", met=ours <= 1e-5)
    line("  a dict look-up and one SQLite read", f"{other / count * 1e6:.1f} us")


# What-if tables


def market(count: int) -> list[str]:
    """Stores `count` made-up names beside the sample market's; returns their symbols."""
    chance = random.Random(20_260_105)
    patterns = [READER.snapshot(symbol, READER.desk()) for symbol in SYMBOLS]
    names = [f"N{i:04d}" for i in range(count)]
    with desk.open_store() as store:
        for i, name in enumerate(names):
            store.save(Fetched(made_up(patterns[i % len(patterns)], name, chance)))
    return names


def made_up(pattern: Snapshot, name: str, chance: random.Random) -> Snapshot:
    """A name like `pattern` with figures of its own; one in twenty has no z-score."""
    iv = round(max(6.0, chance.gauss(30, 10)), 2)
    spread = round(chance.gauss(2.5, 4), 2)
    return pattern.replace(
        symbol=name,
        atm_iv=iv,
        atm_iv_30d=iv,
        rv_20d=max(1.0, iv - spread),
        vrp_20d=spread,
        rv_30d=round(max(3.0, iv / chance.uniform(0.8, 1.6)), 2),
        rv_90d=round(max(3.0, iv / chance.uniform(0.8, 1.6)), 2),
        z_score=None if chance.random() < 0.05 else round(chance.gauss(0.5, 1.1), 2),
        gamma=chance.choice(("positive", "negative")),
        gamma_basis="vendor",
    )


def what_ifs() -> None:
    """First and repeated calls, and the usual ways to make such a table."""
    names = market(6_000)
    cases = ((500, 21, 0.050), (6_000, 21, 0.050), (6_000, 201, 0.150))
    for count, size, limit in cases:
        zs = [round(-2 + 5 * i / (size - 1), 4) for i in range(size)]
        spreads = [round(-4 + 14 * i / (size - 1), 4) for i in range(size)]
        cells = (column(names[:count]), column(zs), row(spreads), stubs.MISSING, stubs.MISSING)

        def first(cells: tuple[Any, ...] = cells) -> Any:
            READER._what_ifs.clear()
            return excel("VRP_WHATIF", *cells)

        def fresh(cells: tuple[Any, ...] = cells) -> Any:
            READER.close()
            return excel("VRP_WHATIF", *cells)

        label = f"VRP_WHATIF, {count:,} symbols, {size} x {size}"
        cold = least(fresh, 3)
        line(f"{label}: first, nothing read yet", f"{cold * 1e3:.1f} ms")
        line(f"{label}: first with other rules", f"{least(first, 3) * 1e3:.1f} ms")
        again = least(lambda: excel("VRP_WHATIF", *cells))  # noqa: B023
        figure = f"{again * 1e3:.1f} ms"
        line(f"{label}: again", figure, f"< {limit * 1e3:.0f} ms", met=again < limit)
        table = READER.what_if(names[:count], READER.desk())
        frame = pd.DataFrame(
            {
                "z": table.z.figures,
                "spread": table.spread.figures,
                "high": table.high,
                "low": table.low,
            }
        )
        per_cell = least(lambda: by_pandas(frame, zs, spreads), 1)  # noqa: B023
        one_pass = least(lambda: by_numpy(frame, zs, spreads), 3)  # noqa: B023
        given = [[int(cell) for cell in line_] for line_ in excel("VRP_WHATIF", *cells)]
        same = given == by_pandas(frame, zs, spreads) == by_numpy(frame, zs, spreads)
        line("  pandas, a filter per cell of the grid", f"{per_cell * 1e3:.1f} ms")
        line("  numpy, one pass per row and column", f"{one_pass * 1e3:.1f} ms")
        line("  all three agree", str(same), "True", met=same)


def by_pandas(frame: pd.DataFrame, zs: list[float], spreads: list[float]) -> list[list[int]]:
    """Candidates per grid cell, the way a notebook would count them."""
    return [
        [
            len(
                frame[
                    (frame.spread > s)
                    & ((frame.high & (frame.z >= z)) | (frame.low & (frame.z < z)))
                ]
            )
            for s in spreads
        ]
        for z in zs
    ]


def by_numpy(frame: pd.DataFrame, zs: list[float], spreads: list[float]) -> list[list[int]]:
    """The same as a product of two tables of passes."""
    z, spread = frame.z.to_numpy(), frame.spread.to_numpy()
    high, low = frame.high.to_numpy(), frame.low.to_numpy()
    edges = np.array(zs)[:, None]
    passes = ((z >= edges) & high) | ((z < edges) & low)
    wide = spread > np.array(spreads)[:, None]
    counted = passes.astype(np.float32) @ wide.astype(np.float32).T
    return [[int(cell) for cell in cells] for cells in counted]


# A new process


def start_up(rounds: int) -> None:
    """The first formula of a new process beside the import of xlwings, alternating."""
    formula = f"from {UDFS} import VRP_CELL; VRP_CELL('SPY')"
    python(formula)  # compiles what an installed package has compiled
    ours = theirs = float("inf")
    for _ in range(rounds):
        theirs = min(theirs, least(lambda: python("import xlwings"), 1))
        ours = min(ours, least(lambda: python(formula), 1))
    ratio = ours / theirs
    line("import xlwings, a new process", f"{theirs * 1e3:.0f} ms")
    figure = f"{ours * 1e3:.0f} ms, {ratio:.2f} x"
    line("first formula, a new process", figure, "<= 1.2 x", met=ratio <= 1.2)


def python(code: str) -> None:
    """Runs `code` in a new interpreter that keeps compiled modules."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(FOLDER / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    settings.choose_source("sample")
    vrp.VRP_CELL("SPY")
    print(f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, Python {sys.version.split()[0]}")
    scalars(rounds)
    plain()
    start_up(2 * rounds)
    what_ifs()
    READER.close()
    sys.exit(1 if MISSED else 0)


if __name__ == "__main__":
    main()
