"""How fast evidence comes from 30 years of 20 symbols, beside a plain pandas version.

    python tests/benchmarks/evaluate.py

Reading the files is measured too. The pandas version makes the same rows and the means of the four
groups, with an interval by drawing blocks of days one draw at a time; both agree on the means.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.evidence_series import made, written
from vrp_xl.core import calendar
from vrp_xl.core.rules import STANDARD
from vrp_xl.excel.evidence_book import evidence_bytes
from vrp_xl.workflow import evaluate as work

SYMBOLS, DAYS, TENOR = 20, 7560, 21
FEW = 20
"""Draws that the pandas version makes; its time is scaled up."""
BLOCK = 252


def seconds(call):
    """How long a call takes, and its result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def in_pandas(pairs):
    """Rows of all symbols, and the means of the four groups."""
    scale = 100 * math.sqrt(252)
    parts = []
    for pair in pairs:
        close = pd.read_csv(pair.prices, parse_dates=["Date"]).set_index("Date")["Close"]
        iv = pd.read_csv(pair.iv, parse_dates=["DATE"]).set_index("DATE")["VALUE"]
        returns = np.log(close).diff()
        frame = pd.DataFrame({"iv": iv})
        for days in (20, 30, 90):
            frame[f"hv{days}"] = returns.rolling(days).std() * scale
        before = (frame.iv - frame.hv20).shift(1).rolling(252)
        frame["z"] = (frame.iv - frame.hv20 - before.mean()) / before.std()
        frame["ivp"] = iv.rolling(253).rank(method="min").sub(1) / 252 * 100
        frame["paid"] = iv - (returns.rolling(TENOR).std() * scale).shift(-TENOR)
        parts.append(frame.dropna(subset=["hv90", "paid"]))
    rows = pd.concat(parts)
    rows["structural"] = rows.iv / rows.hv90.clip(lower=5) > 1.10
    rows["tactical"] = rows.iv / rows.hv30.clip(lower=5) > 1.15
    return rows, rows.groupby(["structural", "tactical"]).paid.mean()


def drawn_in_pandas(rows):
    """Means of the four groups in a few draws of blocks."""
    days = rows.index.unique().sort_values()
    rng = np.random.default_rng(1)
    by_day = rows.groupby(["structural", "tactical"])
    sums = [part.groupby(level=0).paid.agg(["sum", "count"]).reindex(days, fill_value=0)
            for _, part in by_day]  # fmt: skip
    found = []
    for _ in range(FEW):
        starts = rng.integers(0, len(days), math.ceil(len(days) / BLOCK))
        at = np.concatenate([np.arange(s, s + BLOCK) % len(days) for s in starts])
        found.append([part.iloc[at].sum() for part in sums])
    return found


def main() -> None:
    """Prints the times."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = []
        for n in range(SYMBOLS):
            series = made(DAYS, seed=n, symbol=f"S{n}", first=calendar.FIRST_DAY)
            pairs.append(work.Pair(f"S{n}", *written(folder, series, f"s{n}")))
        reading, material = seconds(lambda: work.from_files(pairs, STANDARD, TENOR))
        asking, report = seconds(lambda: work.evaluate(material, STANDARD, "standard"))
        writing, data = seconds(lambda: evidence_bytes(report))
        plain, (rows, means) = seconds(lambda: in_pandas(pairs))
        draws, _ = seconds(lambda: drawn_in_pandas(rows))
    print(f"{SYMBOLS} symbols x {DAYS:,} days, {len(material.days):,} rows")
    print(f"  files to rows   {reading:6.2f} s")
    print(f"  rows to answers {asking:6.2f} s")
    print(f"  together        {reading + asking:6.2f} s  (bound 10)")
    print(f"  workbook        {writing:6.2f} s, {len(data) / 1e3:.0f} kB")
    print(f"  pandas: four means {plain:.2f} s, their {report.evidence.draws:,} draws "
          f"{draws * report.evidence.draws / FEW:.0f} s (from {FEW})")  # fmt: skip
    for group in report.evidence.groups:
        s, t = group.key in ("both", "structural_only"), group.key in ("both", "tactical_only")
        np.testing.assert_allclose(group.mean, means[s, t], rtol=1e-8)
    print("  both agree on the four means")


if __name__ == "__main__":
    main()
