"""Implied volatility: ATM from call and put, interpolation between expiries, expected move.

Pure: numbers in, numbers out. Volatilities in percent points, times in calendar days.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS_PER_YEAR = 365.0


def atm_iv(call_iv: float | None, put_iv: float | None) -> float | None:
    """ATM IV in points: the mean of call and put IV at the strike nearest to spot.

    Where one side is missing there is no mean: a single side carries its own skew.

    >>> atm_iv(24.5, 26.8)
    25.65
    >>> atm_iv(24.5, None) is None
    True
    """
    if call_iv is None or put_iv is None:
        return None
    return (call_iv + put_iv) / 2.0


def interpolate_iv(points: Sequence[tuple[float, float]], days: float) -> float | None:
    """IV at a tenor, linear in total variance between the two expiries that bracket it.

    Args:
        points: (calendar days, IV in points), in any order.
        days: the tenor that is wanted, in calendar days, above zero.

    Returns:
        IV in points; an expiry of exactly that tenor gives its own figure. None where the
        expiries do not bracket the tenor: nothing is extrapolated.

    23 days at 20 and 37 days at 22 give 21.2556 at 30 (linear in volatility would be 21.0):

    >>> round(interpolate_iv([(37, 22.0), (23, 20.0)], 30), 4)
    21.2556
    >>> interpolate_iv([(37, 22.0)], 30) is None
    True
    """
    usable = sorted((t, iv) for t, iv in points if t > 0 and iv > 0)
    below = above = None
    for t, iv in usable:
        if t == days:
            return iv
        if t < days:
            below = (t, iv)
        elif above is None:
            above = (t, iv)
    if below is None or above is None:
        return None
    (t1, s1), (t2, s2) = below, above
    variance = (s1**2 * t1 * (t2 - days) + s2**2 * t2 * (days - t1)) / ((t2 - t1) * days)
    return math.sqrt(variance)


def expected_move(spot: float, iv: float, days: float) -> float:
    """One standard deviation of the price, in USD: S x IV x sqrt(days / 365).

    >>> round(expected_move(100, 20, 30), 4)
    5.7338

    Raises:
        InputError: price, volatility or days below 0.
    """
    if not (spot >= 0 and iv >= 0 and days >= 0):
        raise InputError(
            f"The expected move of {spot:g} at {iv:g} points over {days:g} days makes no sense.",
            "None of the three may be below 0.",
        )
    return spot * iv / 100.0 * math.sqrt(days / DAYS_PER_YEAR)


def interpolate_linear(points: Sequence[tuple[float, float]], days: float) -> float | None:
    """A figure at a tenor, linear between the two tenors that bracket it; None where none do.

    >>> interpolate_linear([(14, 12.0), (30, 14.0)], 22)
    13.0
    """
    below = above_ = None
    for t, value in sorted(points):
        if t == days:
            return value
        if t < days:
            below = (t, value)
        elif above_ is None:
            above_ = (t, value)
    if below is None or above_ is None:
        return None
    share = (days - below[0]) / (above_[0] - below[0])
    return below[1] + share * (above_[1] - below[1])
