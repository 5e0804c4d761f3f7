"""Realized volatility, z-scores and percentiles of many days, and of many symbols, at once.

The last axis is time, oldest first; a panel may have any number of rows. The figures are those of
`close_to_close` of `vrp_xl.core.realized`, and `zscore` and `percentile` of
`vrp_xl.core.standing`.

Pure: may not import anything of the package outside `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vrp_xl.core.realized import TRADING_DAYS
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vrp_xl.core.chain import Floats

_ALIKE = 1e-12
_ROWS = 128
"""Rows that are worked on at once: few enough that what they need stays in the cache."""


def realized_panel(closes: Floats, window: int) -> Floats:
    """Close-to-close volatility of the last `window` returns at every day, in points.

    Args:
        closes: above 0; NaN where there is none.
        window: returns, at least 2.

    Returns:
        The same shape; NaN for the first `window` days and wherever a close is missing.

    Raises:
        InputError: a window below 2.
    """
    _check(window)
    closes = np.asarray(closes, np.float64)
    out = np.full(closes.shape, np.nan)
    scale = 100.0 * math.sqrt(TRADING_DAYS)
    with np.errstate(invalid="ignore", divide="ignore"):
        for rows, into in _blocks(closes, out, window):
            logs = np.log(rows)
            totals = logs[:, window:] - logs[:, :-window]
            deviation = _moments(logs[:, 1:] - logs[:, :-1], window, totals)[1]
            np.multiply(deviation, scale, out=into[:, window:])
    return out


def zscore_panel(values: Floats, window: int) -> Floats:
    """z-score of every day over the `window` days before it (its own day is not among them).

    Args:
        values: NaN where there is none.
        window: days, at least 2.

    Returns:
        The same shape; NaN for the first `window` days, where a day of the window is missing, and
        where the window never changes.

    Raises:
        InputError: a window below 2.
    """
    _check(window)
    values = np.asarray(values, np.float64)
    out = np.full(values.shape, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        for rows, into in _blocks(values, out, window):
            mean, deviation = _moments(rows[:, :-1], window)
            flat = deviation <= _ALIKE * np.maximum(1.0, np.abs(mean))
            z = into[:, window:]
            np.subtract(rows[:, window:], mean, out=z)
            z /= deviation
            z[flat] = np.nan
    return out


def _blocks(values: Floats, out: Floats, window: int) -> Iterator[tuple[Floats, Floats]]:
    """Some rows of both at a time, as tables, from the first day that any row knows.

    None where no more than `window` days are left. `out` must be contiguous: it is written to.
    """
    days = values.shape[-1]
    if days <= window:
        return
    whole, into = values.reshape(-1, days), out.reshape(-1, days)
    first = int(np.argmax(np.isfinite(whole).any(axis=0)))
    if days - first <= window:
        return
    whole, into = whole[:, first:], into[:, first:]
    for start in range(0, len(whole), _ROWS):
        yield whole[start : start + _ROWS], into[start : start + _ROWS]


def _check(window: int) -> None:
    if window < 2:
        raise InputError(f"A window of {window} days has no deviation; use at least 2.")


def _moments(values: Floats, window: int, totals: Floats | None = None) -> tuple[Floats, Floats]:
    """Mean and sample deviation of every window; `totals` are its sums where they are known.

    Sums over windows are differences of running sums; a row's own mean is taken off first, so that
    little is lost to rounding. A window that holds a NaN has none.
    """
    known = np.isfinite(values)
    whole = bool(known.all())
    if whole:
        centre: Floats = values.mean(axis=-1, keepdims=True)
        off = values - centre
    else:
        counts = np.maximum(known.sum(axis=-1, keepdims=True), 1)
        centre = np.where(known, values, 0.0).sum(axis=-1, keepdims=True) / counts
        off = np.where(known, values - centre, 0.0)
    mean = _running(off, window) if totals is None else totals - window * centre
    mean /= window
    variance = _running(np.multiply(off, off, out=off), window)
    variance -= window * (mean * mean)
    np.maximum(variance, 0.0, out=variance)
    variance /= window - 1
    deviation = np.sqrt(variance, out=variance)
    if not whole:
        deviation[_running(known.astype(np.float64), window) < window - 0.5] = np.nan
    mean += centre
    return mean, deviation


def _running(values: Floats, window: int) -> Floats:
    """Sums over every `window` places in a row."""
    sums = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values, axis=-1, out=sums[..., 1:])
    totals: Floats = sums[..., window:] - sums[..., :-window]
    return totals


def ratio_panel(ivs: Floats, volatilities: Floats, floor: float) -> Floats:
    """IV / max(HV, floor), as `vrp_xl.core.premium.ratio`; NaN where one is missing."""
    out: Floats = np.asarray(ivs, np.float64) / np.maximum(volatilities, floor)
    return out


def percentile_panel(values: Floats, window: int) -> Floats:
    """Share of the `window` days before that lie strictly below each day, 0 to 100.

    Args:
        values: NaN where there is none.
        window: days, at least 2.

    Returns:
        The same shape; NaN for the first `window` days and where a day of the window is missing.

    Raises:
        InputError: a window below 2.
    """
    _check(window)
    values = np.asarray(values, np.float64)
    out = np.full(values.shape, np.nan)
    for rows, into in _blocks(values, out, window):
        days = np.ascontiguousarray(rows.T)  # a day's symbols lie together and are compared at once
        today = days[window:]
        lower = np.empty(today.shape, np.bool_)
        below = np.zeros(today.shape, np.min_scalar_type(window))
        for start in range(window):
            np.less(days[start : start - window], today, out=lower)
            below += lower.view(np.uint8)
        share = into[:, window:]
        np.divide(100.0 * below.T, window, out=share)
        known = np.isfinite(rows)
        if not known.all():
            share[_running(known.astype(np.float64), window + 1) < window + 0.5] = np.nan
    return out


def following_panel(closes: Floats, tenor: int) -> Floats:
    """Close-to-close volatility of the `tenor` returns after every day, in points.

    Returns:
        The same shape; NaN for the last `tenor` days and wherever a close is missing.
    """
    closes = np.asarray(closes, np.float64)
    out = np.full(closes.shape, np.nan)
    if closes.shape[-1] > tenor:
        out[..., :-tenor] = realized_panel(closes, tenor)[..., tenor:]
    return out
