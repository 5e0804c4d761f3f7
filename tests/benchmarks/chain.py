"""How fast chains become figures, and panels of prices become z-scores.

    python tests/benchmarks/chain.py

Each figure stands beside its bound and beside the same work done by plain pandas and by a plain
loop, with how many times as long they take; that all three agree is checked on the way. The
recorded SPX chain is used where it is beside the checkout, else a made one of the same size.
"""

from __future__ import annotations

import itertools
import math
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.benchmarks import plain_chain
from tests.sources import chain_files
from vrp_xl.core.chain import clean, make_chain
from vrp_xl.core.exposure import exposure_of
from vrp_xl.core.panel import percentile_panel, realized_panel, zscore_panel
from vrp_xl.core.surface import surface_of
from vrp_xl.sources.cboe_files import read_file
from vrp_xl.sources.chain_figures import chain_snapshot

RECORDED = Path(__file__).parents[2] / "../shared/data/chains/cboe_spx_2022-12-12_gflows_mit.csv"
NOW = datetime(2026, 3, 18, 20, 30, tzinfo=UTC)
SYMBOLS, CONTRACTS = 500, 1000
PANEL = (6000, 504)
LOOPED = 20
"""Rows of the panel that the plain loop does; its time is scaled up."""


def timed(work, times=5):
    """The median of some runs, in seconds, and the last result."""
    taken = []
    result = None
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), result


def spx(folder: Path) -> Path:
    """The recorded chain, or a made one of 19,000 contracts."""
    if RECORDED.is_file():
        return RECORDED
    market = chain_files.Market("SPXW", spot=4000.0, days=range(1, 157))
    path = folder / "spx.csv"
    path.write_text(market.csv())
    return path


def beside(name: str, seconds: float, ours: float, note: str = "") -> None:
    """One line: how long another way took, and how many times as long as ours."""
    print(f"  {name:<24}{1e3 * seconds:11,.1f} ms  {seconds / ours:8.1f}x{note}")


def agrees(s, *others) -> None:
    """That the plain versions make the figures of the package."""
    for other in others:
        for mine, its in (
            (s.net_gex, other.net_gex), (s.gamma_flip, other.flip),
            (s.call_wall, other.call_wall), (s.put_wall, other.put_wall),
            (s.atm_iv_30d, other.atm_iv_30), (s.atm_spread_pct, other.atm_spread_pct),
        ):  # fmt: skip
            if mine is not None:  # a zero quote has no width here
                np.testing.assert_allclose(mine, its, rtol=1e-6)


def one_file(folder: Path) -> None:
    """From a file of 19,156 contracts to all figures."""
    path = spx(folder)

    def whole():
        chain = read_file(path, now=NOW).chain
        return chain_snapshot(chain, source="folder", name=path.name, now=NOW)

    seconds, s = timed(whole)
    reading, read = timed(lambda: read_file(path, now=NOW))
    today, spot = read.chain.today, read.chain.spot
    by_pandas, theirs = timed(
        lambda: plain_chain.pandas_figures(plain_chain.pandas_file(path, today), spot), times=3
    )
    by_loop, looped = timed(
        lambda: plain_chain.loop_figures(plain_chain.loop_file(path, today), spot), times=1
    )
    by_script, applied = timed(
        lambda: plain_chain.script_figures(plain_chain.pandas_file(path, today), spot), times=1
    )
    agrees(s, theirs, looped, applied._replace(flip=theirs.flip))
    assert s.gamma_flip is None or abs(applied.flip / s.gamma_flip - 1) < 2e-3
    print(f"{path.name}: {len(read.chain):,} contracts, {s.symbol}; the figures agree to 1e-6")
    print(f"  file to all figures     {1e3 * seconds:11,.1f} ms  (bound 100)")
    print(f"  of which reading        {1e3 * reading:11,.1f} ms")
    beside("pandas, fewer figures", by_pandas, seconds)
    beside("plain loop, fewer", by_loop, seconds)
    beside("script, row by row", by_script, seconds, "  (60 spots; bound 50x)")


def made_chain(seed: int):
    """1,000 contracts on ten expiries."""
    market = chain_files.Market("ABC", days=tuple(range(7, 77, 7)), spot=100.0)
    market.strikes = np.linspace(70, 130, CONTRACTS // 20).round(2)
    rows = list(zip(*market.rows(), strict=True))
    expiry, right, strike, bid, ask, iv, delta, gamma, held = (np.array(c) for c in rows)
    noise = np.random.default_rng(seed).uniform(0.95, 1.05, len(strike))
    return make_chain(
        symbol=f"S{seed}", spot=100.0, as_of=NOW, right=right, strike=strike,
        expiry=[day.toordinal() for day in expiry], bid=bid, ask=ask, iv=iv * noise, delta=delta,
        gamma=gamma, open_interest=held,
    )  # fmt: skip


def analyse(chain) -> float:
    """Every figure of one chain; gives the net GEX."""
    cleaned = clean(chain)
    surface_of(cleaned.chain)
    return exposure_of(cleaned).levels.net_gex or 0.0


def analyse_many(chains) -> float:
    """The sum over many, for one process of several."""
    return math.fsum(analyse(chain) for chain in chains)


def plain_frame(chain) -> pd.DataFrame:
    """A made chain as the frame that the plain versions take."""
    return pd.DataFrame(
        {
            "days": chain.days.astype(int), "root": chain.root, "right": chain.right.astype(int),
            "strike": chain.strike, "bid": chain.bid, "ask": chain.ask, "iv": chain.iv,
            "gamma": chain.gamma, "oi": chain.open_interest,
        }
    )  # fmt: skip


def many_chains() -> None:
    """500 symbols of 1,000 contracts, in one process and in two, and some of them plainly."""
    base = [made_chain(seed) for seed in range(20)]
    chains = [base[i % len(base)] for i in range(SYMBOLS)]
    seconds, _ = timed(lambda: analyse_many(chains), times=3)
    print(f"{SYMBOLS} chains of {len(base[0]):,} contracts")
    print(f"  one process             {1e3 * seconds:11,.1f} ms  (bound 8,000, on two cores)")
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(analyse, base[:2]))
        both, _ = timed(lambda: list(pool.map(analyse_many, (chains[::2], chains[1::2]))), times=3)
    print(f"  two processes           {1e3 * both:11,.1f} ms  (chains handed over included)")
    frames = [plain_frame(chain) for chain in base[:5]]
    rows = [[plain_chain.Contract(*row) for row in frame[list(plain_chain.Contract._fields)]
             .itertuples(index=False)] for frame in frames]  # fmt: skip
    scale = SYMBOLS / len(frames)
    by_pandas, theirs = timed(
        lambda: [plain_chain.pandas_figures(frame, 100.0) for frame in frames], times=1
    )
    by_loop, looped = timed(lambda: [plain_chain.loop_figures(row, 100.0) for row in rows], times=1)
    for chain, *others in zip(base, theirs, looped, strict=False):
        agrees(chain_snapshot(chain, source="made", name="made", now=NOW), *others)
    note = f"  (from {len(frames)} chains; fewer figures)"
    beside("pandas", by_pandas * scale, seconds, note)
    beside("plain loop", by_loop * scale, seconds, note)


def pandas_panel(closes, ivs):
    """RV20, z and percentile by rolling windows of pandas."""
    returns = np.log(pd.DataFrame(closes.T)).diff()
    rv = returns.rolling(20).std() * math.sqrt(252) * 100
    spread = pd.DataFrame(ivs.T) - rv
    before = spread.shift(1).rolling(252)
    z = (spread - before.mean()) / before.std()
    below = (spread.rolling(253).rank(method="min") - 1) / 252 * 100
    return rv.to_numpy().T, z.to_numpy().T, below.to_numpy().T


def grouped_panel(closes, ivs):
    """The same from a long table of symbol, day, close and IV: group-by and rolling windows."""
    symbols, days = closes.shape
    table = pd.DataFrame(
        {
            "symbol": np.repeat(np.arange(symbols), days),
            "close": closes.ravel(),
            "iv": ivs.ravel(),
        }
    )
    table["r"] = np.log(table.close).groupby(table.symbol).diff()
    rv = table.groupby("symbol").r.rolling(20).std().to_numpy() * math.sqrt(252) * 100
    table["spread"] = table.iv - rv
    table["before"] = table.groupby("symbol").spread.shift(1)
    window = table.groupby("symbol").before.rolling(252)
    z = (table.spread.to_numpy() - window.mean().to_numpy()) / window.std().to_numpy()
    ranks = table.groupby("symbol").spread.rolling(253).rank(method="min").to_numpy()
    return tuple(found.reshape(symbols, days) for found in (rv, z, (ranks - 1) / 252 * 100))


def numpy_panel(closes, ivs):
    """The figures as the package makes them."""
    rv = realized_panel(closes, 20)
    spread = ivs - rv
    return rv, zscore_panel(spread, 252), percentile_panel(spread, 252)


def plain_panel(closes, ivs):
    """The same, one day at a time."""
    out_rv, out_z, out_below = [], [], []
    for close, iv in zip(closes.tolist(), ivs.tolist(), strict=True):
        returns = [math.log(b / a) for a, b in itertools.pairwise(close)]
        rv = [math.nan] * 20 + [
            statistics.stdev(returns[i - 20 : i]) * math.sqrt(252) * 100
            for i in range(20, len(returns) + 1)
        ]
        spread = [a - b for a, b in zip(iv, rv, strict=True)]
        z, below = [math.nan] * len(spread), [math.nan] * len(spread)
        for i in range(272, len(spread)):
            before = spread[i - 252 : i]
            z[i] = (spread[i] - statistics.fmean(before)) / statistics.stdev(before)
            below[i] = sum(one < spread[i] for one in before) / 252 * 100
        out_rv.append(rv)
        out_z.append(z)
        out_below.append(below)
    return np.array(out_rv), np.array(out_z), np.array(out_below)


def panels() -> None:
    """Volatility, z and percentile of 6,000 symbols x 504 days, four ways, and that they agree."""
    rng = np.random.default_rng(1)
    closes = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, PANEL), axis=1))
    ivs = 18 + rng.normal(0, 1, PANEL)
    ours, found = timed(lambda: numpy_panel(closes, ivs))
    theirs, by_pandas = timed(lambda: pandas_panel(closes, ivs), times=3)
    grouped, by_group = timed(lambda: grouped_panel(closes, ivs), times=3)
    looped, by_loop = timed(lambda: plain_panel(closes[:LOOPED], ivs[:LOOPED]), times=1)
    for other in (by_pandas, by_group, by_loop):
        for mine, same in zip(found, other, strict=True):
            np.testing.assert_allclose(mine[: len(same)], same, rtol=1e-7, atol=1e-7)
    size = f"{PANEL[0]:,} symbols x {PANEL[1]} days"
    print(f"RV20, z and percentile of {size}; all four agree to 1e-7")
    print(f"  vectorised              {1e3 * ours:11,.1f} ms  (bound 2,000)")
    beside("pandas, wide table", theirs, ours)
    beside("pandas, group-by", grouped, ours, "  (bound 10x)")
    beside("plain loop", looped * PANEL[0] / LOOPED, ours, f"  (from {LOOPED} symbols)")


def main() -> None:
    """Runs them all."""
    with tempfile.TemporaryDirectory() as name:
        one_file(Path(name))
    many_chains()
    panels()


if __name__ == "__main__":
    main()
