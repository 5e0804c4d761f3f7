"""Where a value stands in its own history: z-score, percentile, rank.

The history is always the days *before* the value's own day: today is not part of what it is
compared with. Pure: numbers in, numbers out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from vrp_xl.core.compare import above, below
from vrp_xl.errors import InputError, NoNumberError

if TYPE_CHECKING:
    from collections.abc import Sequence

ZBand = Literal["rich", "normal", "compressed"]

Z_WINDOW = 252
Z_DAYS_MIN = 60
Z_DAYS_THIN = 126

BAND_MEANING: dict[ZBand, str] = {
    "rich": "premium is rich against its own history: a short-premium entry",
    "normal": "no timing edge: size by the absolute spread",
    "compressed": "premium is compressed or negative: short volatility is in danger, "
    "long volatility favoured",
}


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (n - 1).

    >>> mean_and_deviation([1, 2, 3, 4])[0]
    2.5
    """
    n = len(values)
    mean = math.fsum(values) / n
    return mean, math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))


def zscore(value: float, history: Sequence[float], *, window: int | None = None) -> float:
    """How many sample standard deviations `value` lies above the mean of `history`.

    Args:
        value: today's figure.
        history: the days before it, oldest first.
        window: use only the newest so many; all by default.

    Raises:
        NoNumberError: fewer than two values, or all alike.
        InputError: a window below two days.

    [1, 2, 3, 4] before an 8 give 4.2603 (with the 8 inside its own window it would be 1.6285):

    >>> round(zscore(8, [1, 2, 3, 4]), 4)
    4.2603
    """
    if window is not None and window < 2:
        raise InputError(f"A window of {window} days has no deviation; use at least 2.")
    values = history[-window:] if window is not None else history
    if len(values) < 2:
        raise NoNumberError(
            f"A z-score needs at least 2 days of history; there are {len(values)}.",
            "Give it a longer history.",
        )
    mean, deviation = mean_and_deviation(values)
    if deviation <= 1e-12 * max(1.0, abs(mean)):
        raise NoNumberError("The history never changes, so there is no standard deviation.")
    return (value - mean) / deviation


def percentile(value: float, history: Sequence[float]) -> float:
    """Share of `history` strictly below `value`, 0 to 100. A day that ties does not count.

    >>> percentile(8, [1, 2, 3, 4]), percentile(8, [1, 2, 3, 4, 8])
    (100.0, 80.0)

    Raises:
        NoNumberError: the history is empty.
    """
    if not history:
        raise NoNumberError("A percentile needs a history; it is empty.")
    return 100.0 * sum(1 for v in history if v < value) / len(history)


def rank(value: float, history: Sequence[float]) -> float:
    """IV rank: where `value` lies between the lowest and the highest of `history`, in percent.

    Below 0 or above 100 where today leaves the range. 12, 14, 13, 30, 15 before a 16:

    >>> round(rank(16, [12, 14, 13, 30, 15]), 2), percentile(16, [12, 14, 13, 30, 15])
    (22.22, 80.0)

    Raises:
        NoNumberError: the history is empty or never changes.
    """
    if not history:
        raise NoNumberError("A rank needs a history; it is empty.")
    low, high = min(history), max(history)
    if high <= low:
        raise NoNumberError("The history never changes, so it has no range.")
    return 100.0 * (value - low) / (high - low)


def z_band(z: float, *, band: float = 1.5) -> ZBand:
    """The band of the z-score method: above +band rich, below -band compressed, else normal.

    >>> z_band(1.5), z_band(1.51), z_band(-1.51)
    ('normal', 'rich', 'compressed')
    """
    if above(z, band):
        return "rich"
    return "compressed" if below(z, -band) else "normal"
