"""What a grid of thresholds costs: the what-if beside a pandas filter per cell and one numpy pass.

    python tests/benchmarks/what_if.py

The names are decided already (that is the price of the first call, see functions.py); here the grid
alone is measured. All ways must give the same counts.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2]))
from vrp_xl.core.whatif import Column
from vrp_xl.workflow.what_if import Names, z_and_spread

SYMBOLS = 6000


def made_up() -> Names:
    """6,000 names with figures like those of a market; one in twenty has no z-score."""
    rng = np.random.default_rng(20_260_105)
    size = SYMBOLS
    positive = rng.random(size) < 0.55
    z = rng.normal(0.5, 1.1, size).round(2)
    z[rng.random(size) < 0.05] = np.nan
    sized = rng.random(size) < 0.9
    return Names(
        symbols=[f"N{n:04d}" for n in range(size)],
        z=Column.of(z),
        spread=Column.of(rng.normal(2.5, 4.0, size).round(2)),
        structural=Column.of(rng.uniform(0.8, 1.6, size)),
        tactical=Column.of(rng.uniform(0.8, 1.6, size)),
        high=sized,
        low=sized & positive & (rng.random(size) < 0.5),
        always=np.zeros(size, dtype=bool),
        sized=sized,
        needs_spread=True,
        outcome=lambda: np.full(size, np.nan),
    )


def by_pandas(frame: pd.DataFrame, zs: list[float], spreads: list[float]) -> list[list[int]]:
    """A filter per cell of the grid, the way a notebook would count."""
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


def by_numpy(names: Names, zs: list[float], spreads: list[float]) -> list[list[int]]:
    """One pass of numpy over the data: a product of two tables of passes."""
    edges = np.array(zs)[:, None]
    passes = ((names.z.figures >= edges) & names.high) | ((names.z.figures < edges) & names.low)
    wide = names.spread.figures > np.array(spreads)[:, None]
    counted = passes.astype(np.float32) @ wide.astype(np.float32).T
    return [[int(cell) for cell in cells] for cells in counted]


def median_of(work, times: int) -> tuple[float, list[list[int]]]:
    """The median of some runs in seconds, and the last result."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), result


def main() -> None:
    """Prints a block for each size of the grid."""
    names = made_up()
    frame = pd.DataFrame(
        {"z": names.z.figures, "spread": names.spread.figures, "high": names.high, "low": names.low}
    )
    for size in (21, 201):
        zs = [round(-2 + 5 * i / (size - 1), 4) + 1e-5 for i in range(size)]
        spreads = [round(-4 + 14 * i / (size - 1), 4) + 1e-5 for i in range(size)]
        ours, grid = median_of(lambda: z_and_spread(names, zs, spreads, "count"), 21)  # noqa: B023
        one_pass, second = median_of(lambda: by_numpy(names, zs, spreads), 7)  # noqa: B023
        filtered, third = median_of(lambda: by_pandas(frame, zs, spreads), 1)  # noqa: B023
        assert grid == second == third, "the three ways disagree"
        print(f"{SYMBOLS:,} names, {size} x {size}; all three agree")
        print(f"  what-if                  {1e3 * ours:10.2f} ms")
        print(f"  numpy, one pass          {1e3 * one_pass:10.2f} ms  {one_pass / ours:8.1f} x")
        print(f"  pandas, filter per cell  {1e3 * filtered:10.2f} ms  {filtered / ours:8.0f} x")


if __name__ == "__main__":
    main()
