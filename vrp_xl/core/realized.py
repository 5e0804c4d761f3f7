"""Realized volatility: five estimators and the two sides, annualised with sqrt(252).

All take daily prices, oldest first, and give percent points. "N days" means N returns, so
N + 1 closes. Pure: numbers in, numbers out.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.errors import InputError, NoNumberError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TRADING_DAYS = 252.0
_ANNUAL = 100.0 * math.sqrt(TRADING_DAYS)
FREEDOM_LEAST = 0.5
"""Days that must be left beside the drift where the first return covers a part of one."""


class Bar(NamedTuple):
    """One day's prices."""

    open: float
    high: float
    low: float
    close: float


def log_returns(closes: Sequence[float]) -> list[float]:
    """Daily log returns of closes.

    Raises:
        InputError: a close is not above zero.
    """
    for i, close in enumerate(closes):
        if not close > 0:
            raise InputError(f"Close {i + 1} is {close:g}; prices must be above 0.")
    return [math.log(b / a) for a, b in itertools.pairwise(closes)]


def close_to_close(closes: Sequence[float], window: int | None = None) -> float:
    """Sample deviation (n - 1, mean removed) of log returns x sqrt(252), in points.

    Args:
        closes: oldest first.
        window: number of returns, the newest ones; all by default.

    100, 101, 100, 102, 101 give 23.5899:

    >>> round(close_to_close([100, 101, 100, 102, 101]), 4)
    23.5899

    Raises:
        NoNumberError: fewer closes than the window needs.
        InputError: a price that is not above zero, or a window below two.
    """
    returns = log_returns(_last(closes, window))
    n = len(returns)
    mean = math.fsum(returns) / n
    return _ANNUAL * math.sqrt(math.fsum((r - mean) ** 2 for r in returns) / (n - 1))


def from_a_price(price: float, closes: Sequence[float], days: float) -> float:
    """Volatility of the returns from a price within a session to the closes after it, in points.

    The first return covers `days` trading days, every other one covers one. With returns r over
    t days, T days in all and the drift m = sum of r / T, the variance of a day is
    sum of (r - m t)^2 / (T - sum of t^2 / T), without bias where returns grow with time; for whole
    days that is the sample variance of `close_to_close`.

    Args:
        price: seen before the first of `closes`.
        closes: oldest first, at least two.
        days: trading days from the price to the first close, such as the share of a session that
            was left; above 0.

    >>> round(from_a_price(100, [101, 100, 102, 101], 1.0), 4)
    23.5899
    >>> round(from_a_price(100, [101, 100, 102, 101], 0.5), 4)
    25.9134

    Raises:
        NoNumberError: fewer than two closes, or so little time that a drift leaves no deviation.
        InputError: a price or a span that is not above zero.
    """
    if not days > 0:
        raise InputError(f"The first return covers {days:g} days; it must be more than none.")
    first, *rest = log_returns(_last([price, *closes], None))
    total = days + len(rest)
    freedom = total - (days * days + len(rest)) / total
    if freedom < FREEDOM_LEAST:
        raise NoNumberError(
            f"{total:.2f} trading days are too few for a volatility.", "Take a longer tenor."
        )
    drift = (first + math.fsum(rest)) / total
    squares = (first - drift * days) ** 2 + math.fsum((r - drift) ** 2 for r in rest)
    return _ANNUAL * math.sqrt(squares / freedom)


def _last(closes: Sequence[float], window: int | None) -> Sequence[float]:
    if window is not None and window < 2:
        raise InputError(f"A window of {window} returns has no deviation; use at least 2.")
    need = (window if window is not None else 2) + 1
    if len(closes) < need:
        raise NoNumberError(
            f"{need - 1} returns need {need} closes; there are {len(closes)}.",
            "Give more closes or a shorter window.",
        )
    return closes[-need:] if window is not None else closes


def one_sided(closes: Sequence[float], window: int = 20) -> tuple[float, float]:
    """Volatility of the falling and of the rising days, in points: (down, up).

    sqrt(252 x 2 / N x sum of min(r, 0)^2), and max for the rising days: symmetric returns give
    the volatility itself on both sides.

    >>> down, up = one_sided([100, 101, 100, 101, 100], 4)
    >>> round(down, 6) == round(up, 6)
    True
    """
    returns = log_returns(_last(closes, window))
    scale = 2.0 / len(returns)
    down = math.fsum(min(r, 0.0) ** 2 for r in returns)
    up = math.fsum(max(r, 0.0) ** 2 for r in returns)
    return _ANNUAL * math.sqrt(scale * down), _ANNUAL * math.sqrt(scale * up)


def _checked(bars: Sequence[Bar]) -> Sequence[Bar]:
    if not bars:
        raise NoNumberError("A range estimator needs at least one day of prices.")
    for i, bar in enumerate(bars):
        if not all(price > 0 for price in bar):
            raise InputError(f"Day {i + 1} has a price that is not above 0.")
        if bar.high < max(bar) or bar.low > min(bar):
            raise InputError(f"Day {i + 1}: the high or the low does not bracket open and close.")
    return bars


def parkinson(bars: Sequence[Bar]) -> float:
    """Parkinson (1980), from the daily range: sqrt(mean(ln(H/L)^2) / (4 ln 2)), in points."""
    total = math.fsum(math.log(b.high / b.low) ** 2 for b in _checked(bars))
    return _ANNUAL * math.sqrt(total / (4.0 * math.log(2.0) * len(bars)))


def garman_klass(bars: Sequence[Bar]) -> float:
    """Garman and Klass (1980), from open, high, low and close, in points."""
    total = math.fsum(
        0.5 * math.log(b.high / b.low) ** 2
        - (2.0 * math.log(2.0) - 1.0) * math.log(b.close / b.open) ** 2
        for b in _checked(bars)
    )
    return _ANNUAL * math.sqrt(max(total, 0.0) / len(bars))


def _rogers_satchell_variance(bars: Sequence[Bar]) -> float:
    total = 0.0
    for b in _checked(bars):
        u, d, c = (math.log(x / b.open) for x in (b.high, b.low, b.close))
        total += u * (u - c) + d * (d - c)
    return max(total, 0.0) / len(bars)


def rogers_satchell(bars: Sequence[Bar]) -> float:
    """Rogers and Satchell (1991), free of drift, in points."""
    return _ANNUAL * math.sqrt(_rogers_satchell_variance(bars))


def yang_zhang(bars: Sequence[Bar], previous_close: float) -> float:
    """Yang and Zhang (2000), with the overnight gap, in points.

    Args:
        bars: at least two days.
        previous_close: the close before the first of them.

    The c-term is open to close, as in the paper; some libraries take close to close and are
    3 to 4 % off.
    """
    n = len(_checked(bars))
    if n < 2:
        raise NoNumberError("Yang-Zhang needs at least two days of prices.")
    if not previous_close > 0:
        raise InputError("The close before the first day must be above 0.")
    closes = [previous_close, *(b.close for b in bars)]
    overnight = [math.log(b.open / c) for b, c in zip(bars, closes, strict=False)]
    intraday = [math.log(b.close / b.open) for b in bars]
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    variance = (
        _sample_variance(overnight)
        + k * _sample_variance(intraday)
        + (1.0 - k) * _rogers_satchell_variance(bars)
    )
    return _ANNUAL * math.sqrt(variance)


def _sample_variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1)


RANGE_ESTIMATORS: dict[str, Callable[[Sequence[Bar]], float]] = {
    "parkinson": parkinson,
    "garman_klass": garman_klass,
    "rogers_satchell": rogers_satchell,
}
"""The estimators that need nothing but bars, by name."""
