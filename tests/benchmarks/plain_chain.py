"""The figures of a chain with plain pandas, a plain loop and a row-wise script, to measure against.

They read Cboe's quotedata CSV, and make what a trader would write first: net GEX, walls, the
re-priced flip, 30-day ATM IV and the width of ATM quotes. They clean less and explain nothing, so
the package does more work in its time than they do.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections import defaultdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

AM = ("SPX", "NDX", "RUT", "DJX")
GRID = np.linspace(0.7, 1.3, 241)
SIDE = ["occ", "last", "net", "bid", "ask", "volume", "iv", "delta", "gamma", "oi"]


class Figures(NamedTuple):
    """What both make."""

    net_gex: float
    call_wall: float
    put_wall: float
    flip: float
    atm_iv_30: float
    atm_spread_pct: float


class Contract(NamedTuple):
    """One line of the loop."""

    days: int
    root: str
    right: int
    strike: float
    bid: float
    ask: float
    iv: float
    gamma: float
    oi: float


def _start(path: Path) -> int:
    """The number of the line with the column names."""
    with path.open(encoding="utf-8") as file:
        return next(n for n, line in enumerate(file) if line.startswith("Expiration Date"))


def pandas_file(path: Path, today: date) -> pd.DataFrame:
    """A frame with one row per contract that has not expired."""
    names = ["expiry", *(f"{n}_c" for n in SIDE), "strike", *(f"{n}_p" for n in SIDE)]
    wide = pd.read_csv(path, skiprows=_start(path) + 1, names=names)
    wide["days"] = (pd.to_datetime(wide.expiry, format="%a %b %d %Y") - pd.Timestamp(today)).dt.days
    parts = []
    for right, mark in ((1, "_c"), (-1, "_p")):
        part = wide[["days", "strike"]].assign(right=right)
        for name in ("occ", "bid", "ask", "iv", "gamma", "oi"):
            part[name] = wide[name + mark]
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    frame["root"] = frame.occ.str.extract(r"^([A-Z.]+?)\d{6}[CP]", expand=False)
    return frame[frame.days > 0]


def pandas_figures(frame: pd.DataFrame, spot: float) -> Figures:
    """By group-bys, pivots and one column per spot of the grid."""
    gex = frame.right * frame.gamma * frame.oi * 100 * spot**2 * 0.01
    by_strike = (
        frame.assign(gex=gex)
        .pivot_table(index="strike", columns="right", values="gex", aggfunc="sum")
        .fillna(0.0)
    )
    good = frame[(frame.oi > 0) & (frame.iv > 0) & (frame.iv != 0.02) & (frame.iv <= 5)]
    sd = good.iv * np.sqrt(good.days / 365.0)

    def at(s: float) -> float:
        d1 = np.log(s / good.strike) / sd + sd / 2
        return float((good.right * good.oi * np.exp(-d1 * d1 / 2) / sd).sum()) * s

    late = frame.assign(am=frame.root.isin(AM)).sort_values("am", kind="stable")
    late = late[~late.duplicated(["days", "strike", "right"])]
    both = late.pivot_table(
        index=["days", "strike"], columns="right", values=["iv", "bid", "ask", "oi"]
    )
    both = both.dropna().reset_index()
    near = both.loc[(both.strike - spot).abs().groupby(both.days).idxmin()].set_index("days")
    iv = near["iv"].mean(axis=1)
    total = frame[(frame.days >= 30) & (frame.days <= 60)].groupby(["days", "root"]).oi.sum()
    days, _ = total.idxmax()
    quote = near.loc[days]
    quoted = (quote["bid"] > 0) & (quote["ask"] > 0)
    width = (200 * (quote["ask"] - quote["bid"]) / (quote["ask"] + quote["bid"]))[quoted].mean()
    return Figures(
        float(gex.sum()), float(by_strike[1].idxmax()), float((-by_strike[-1]).idxmax()),
        _root(at, spot), _at_30(list(iv.items())), float(width),
    )  # fmt: skip


def script_figures(frame: pd.DataFrame, spot: float) -> Figures:
    """As scripts that are passed around do it: a function applied to every row.

    For each of 60 spots of a grid the gamma of every contract is computed by `DataFrame.apply`; the
    flip is interpolated between the two grid points on both sides of it.
    """

    def own(row: Any) -> float:
        return row.right * row.gamma * row.oi * 100 * spot**2 * 0.01

    frame = frame.assign(gex=frame.apply(own, axis=1))
    calls = frame[frame.right > 0].groupby("strike").gex.sum()
    puts = frame[frame.right < 0].groupby("strike").gex.sum()
    good = frame[(frame.oi > 0) & (frame.iv > 0) & (frame.iv != 0.02) & (frame.iv <= 5)]

    def gamma_at(row: Any, s: float) -> float:
        sd = row.iv * math.sqrt(row.days / 365.0)
        d1 = math.log(s / row.strike) / sd + sd / 2
        pdf = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
        return row.right * row.oi * 100 * s * s * 0.01 * pdf / (s * sd)

    levels = np.linspace(0.8 * spot, 1.2 * spot, 60)
    totals = [good.apply(gamma_at, axis=1, args=(s,)).sum() for s in levels]
    flips = [
        a - x * (b - a) / (y - x)
        for (a, b), (x, y) in zip(
            itertools.pairwise(levels), itertools.pairwise(totals), strict=True
        )
        if x * y < 0
    ]
    near = min(flips, key=lambda x: abs(x - spot), default=math.nan)
    rest = pandas_figures(frame.drop(columns="gex"), spot)
    return rest._replace(
        net_gex=float(frame.gex.sum()), call_wall=float(calls.idxmax()),
        put_wall=float((-puts).idxmax()), flip=float(near),
    )  # fmt: skip


def loop_file(path: Path, today: date) -> list[Contract]:
    """One tuple per contract that has not expired."""
    out = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in list(csv.reader(file))[_start(path) + 1 :]:
            if len(row) < 22:
                continue
            when = datetime.strptime(row[0], "%a %b %d %Y").date()  # noqa: DTZ007 (a day)
            days = (when - today).days
            if days <= 0:
                continue
            for right, at in ((1, 1), (-1, 12)):
                root = row[at].rstrip("0123456789")[:-1].rstrip("0123456789")
                bid, ask = float(row[at + 3]), float(row[at + 4])
                iv, gamma, oi = float(row[at + 6]), float(row[at + 8]), float(row[at + 9])
                out.append(
                    Contract(days, root, right, float(row[11]), bid, ask, iv, gamma, oi)
                )  # fmt: skip
    return out


def loop_figures(contracts: Iterable[Contract], spot: float) -> Figures:
    """One contract at a time."""
    contracts = list(contracts)
    gex: dict[tuple[float, int], float] = defaultdict(float)
    for c in contracts:
        gex[c.strike, c.right] += c.right * c.gamma * c.oi * 100 * spot**2 * 0.01
    good = [
        (c.right * c.oi, c.iv * math.sqrt(c.days / 365.0), c.strike)
        for c in contracts
        if c.oi > 0 and c.iv > 0 and c.iv != 0.02 and c.iv <= 5
    ]

    def at(s: float) -> float:
        total = 0.0
        for held, sd, strike in good:
            d1 = math.log(s / strike) / sd + sd / 2
            total += held * math.exp(-d1 * d1 / 2) / sd
        return total * s

    series: dict[int, dict[float, dict[int, Contract]]] = defaultdict(lambda: defaultdict(dict))
    held_in: dict[tuple[int, str], float] = defaultdict(float)
    for c in sorted(contracts, key=lambda c: c.root not in AM):
        series[c.days][c.strike][c.right] = c
        if 30 <= c.days <= 60:
            held_in[c.days, c.root] += c.oi
    atm = {}
    for days, strikes in series.items():
        both = [k for k, sides in strikes.items() if len(sides) == 2]
        atm[days] = strikes[min(both, key=lambda k: (abs(k - spot), k))]
    ivs = [(days, (sides[1].iv + sides[-1].iv) / 2) for days, sides in atm.items()]
    quoted = atm[max(held_in, key=lambda key: held_in[key])[0]]
    quotes = [c for c in quoted.values() if c.bid > 0 and c.ask > 0]
    width = (
        sum(200 * (c.ask - c.bid) / (c.ask + c.bid) for c in quotes) / len(quotes)
        if quotes
        else math.nan
    )
    return Figures(
        sum(gex.values()),
        max((k for k in gex if k[1] > 0), key=lambda k: gex[k])[0],
        min((k for k in gex if k[1] < 0), key=lambda k: gex[k])[0],
        _root(at, spot), _at_30(ivs), width,
    )  # fmt: skip


def _root(at: Callable[[float], float], spot: float) -> float:
    """The crossing nearest to spot: over the grid, then by halves."""
    spots = [float(x) for x in GRID * spot]
    values = [at(s) for s in spots]
    found = []
    for i in range(len(spots) - 1):
        if values[i] * values[i + 1] < 0:
            low, high, below = spots[i], spots[i + 1], values[i]
            for _ in range(40):
                middle = (low + high) / 2
                value = at(middle)
                if (value > 0) == (below > 0):
                    low = middle
                else:
                    high = middle
            found.append((low + high) / 2)
    return min(found, key=lambda x: abs(x - spot), default=math.nan)


def _at_30(points: list[tuple[Any, float]]) -> float:
    """30-day IV in points, linear in total variance."""
    points = sorted(p for p in points if p[1] > 0)
    exact = [v for d, v in points if d == 30]
    if exact:
        return 100 * exact[0]
    d1, v1 = max(p for p in points if p[0] < 30)
    d2, v2 = min(p for p in points if p[0] > 30)
    share = (d2 - 30) / (d2 - d1)
    return 100 * math.sqrt((v1 * v1 * d1 * share + v2 * v2 * d2 * (1 - share)) / 30)
