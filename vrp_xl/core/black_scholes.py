"""Black-Scholes-Merton for single options: price, delta, and the strike of a delta.

No dividends and no interest unless given; volatility in percent points, time in calendar days,
rates as decimals per year. Pure: numbers in, numbers out.

Published value: Hull, Options, Futures, and Other Derivatives, example 15.6: S 42, K 40, r 10 %,
volatility 20 %, half a year: call 4.76, put 0.81.

    >>> round(price("call", 42, 40, 20, 182.5, rate=0.10), 2)
    4.76
    >>> round(price("put", 42, 40, 20, 182.5, rate=0.10), 2)
    0.81
"""

from __future__ import annotations

import math
from typing import Literal

from vrp_xl.core.implied import DAYS_PER_YEAR
from vrp_xl.errors import InputError, NoNumberError

Right = Literal["call", "put"]


def norm_cdf(x: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _deviation(iv: float, days: float) -> float:
    """Volatility over the period, as a plain number."""
    deviation = iv / 100.0 * math.sqrt(days / DAYS_PER_YEAR) if iv > 0 and days > 0 else 0.0
    if not deviation > 0:  # also where the product is too small for a number
        raise InputError("Volatility and days to expiry must be above 0.")
    return deviation


def _d1(spot: float, strike: float, iv: float, days: float, carry: float) -> tuple[float, float]:
    """(d1, volatility over the period)."""
    deviation = _deviation(iv, days)
    if not (spot > 0 and strike > 0):
        raise InputError("Spot and strike must be above 0.")
    t = days / DAYS_PER_YEAR
    return (math.log(spot / strike) + carry * t) / deviation + 0.5 * deviation, deviation


def price(
    right: Right,
    spot: float,
    strike: float,
    iv: float,
    days: float,
    *,
    rate: float = 0.0,
    dividend: float = 0.0,
) -> float:
    """Value of a European option, per share.

    Raises:
        InputError: price, strike, volatility or days not above 0.
    """
    t = days / DAYS_PER_YEAR
    d1, deviation = _d1(spot, strike, iv, days, rate - dividend)
    sign = 1.0 if right == "call" else -1.0
    return sign * (
        spot * math.exp(-dividend * t) * norm_cdf(sign * d1)
        - strike * math.exp(-rate * t) * norm_cdf(sign * (d1 - deviation))
    )


def delta(
    right: Right,
    spot: float,
    strike: float,
    iv: float,
    days: float,
    *,
    rate: float = 0.0,
    dividend: float = 0.0,
) -> float:
    """Signed delta: 0 to 1 for a call, -1 to 0 for a put.

    Raises:
        InputError: price, strike, volatility or days not above 0.
    """
    t = days / DAYS_PER_YEAR
    d1, _ = _d1(spot, strike, iv, days, rate - dividend)
    call = norm_cdf(d1)
    return math.exp(-dividend * t) * (call if right == "call" else call - 1.0)


def strike_of_delta(right: Right, spot: float, iv: float, days: float, target: float) -> float:
    """The strike whose delta is `target` in size (0 to 1), before any rounding.

    25-delta strikes at 30 days from spot 580.51 and wing IVs 21.03 and 16.82:

    >>> round(strike_of_delta("put", 580.51, 21.03, 30, 0.25))
    558
    >>> round(strike_of_delta("call", 580.51, 16.82, 30, 0.25))
    600

    Raises:
        InputError: price, volatility or days not above 0, or a delta not between 0 and 1.
        NoNumberError: volatility and time are so large that the strike is beyond any number.
    """
    from statistics import NormalDist  # noqa: PLC0415 (a formula call must not pay for it)

    if not (spot > 0 and 0 < target < 1):
        raise InputError("Spot must be above 0, and a delta between 0 and 1.")
    d1 = NormalDist().inv_cdf(target if right == "call" else 1.0 - target)
    deviation = _deviation(iv, days)
    exponent = (0.5 * deviation - d1) * deviation
    if exponent > 500:
        raise NoNumberError("At this volatility and time no strike has that delta.")
    return spot * math.exp(exponent)
