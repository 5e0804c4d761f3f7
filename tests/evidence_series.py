"""Made series of closes and implied volatilities, for the tests of evidence."""

from __future__ import annotations

import math
from datetime import date

import numpy as np

from vrp_xl.core.calendar import trading_days
from vrp_xl.core.outcomes import Series

FIRST = date(2015, 1, 2)


def made(n=900, seed=3, symbol="ABC", premium=3.0, first=FIRST):
    """`n` days of a price whose volatility wanders, and an implied volatility above it."""
    rng = np.random.default_rng(seed)
    days = trading_days(first, date(2034, 12, 29))[:n]
    level = np.zeros(n)
    for i in range(1, n):
        level[i] = 0.98 * level[i - 1] + rng.normal(0, 0.08)
    vol = 16.0 * np.exp(level)
    closes = 100.0 * np.exp(np.cumsum(rng.normal(0, 1, n) * vol / 100.0 / math.sqrt(252)))
    ivs = np.maximum(vol + premium + rng.normal(0, 1.5, n), 5.0)
    return Series(
        symbol,
        list(zip(days, closes.tolist(), strict=True)),
        list(zip(days, ivs.tolist(), strict=True)),
    )


def written(folder, series, name="abc"):
    """The two files of a series; gives their paths."""
    prices, iv = folder / f"{name}_close.csv", folder / f"{name}_iv.csv"
    prices.write_text("Date,Close\n" + "".join(f"{d},{c:.6f}\n" for d, c in series.closes))
    iv.write_text("DATE,VALUE\n" + "".join(f"{d},{v:.6f}\n" for d, v in series.ivs))
    return prices, iv
