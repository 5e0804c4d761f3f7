"""Intervals for means of days that overlap: the circular block bootstrap over trading days.

Outcomes of neighbouring days share most of the returns that followed, and regimes last, so
thousands of days carry the information of far fewer. Whole blocks of consecutive days are drawn
(Kuensch 1989; in a circle, so that every day counts alike: Politis and Romano 1992), and the same
blocks for all symbols, since their days are alike too. The ends are read off the draws a little
further out, as Student's t asks for so few blocks (the expanded percentile interval of Hesterberg
2015). The seed is fixed: the same figures give the same interval.

Pure: may not import anything of the package outside `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DRAWS = 2000
SEED = 1990
LEVEL = 0.95
TENORS_PER_BLOCK = 12
"""A block is so many tenors long where the history allows it (a year, of 30 days): blocks of one
tenor would cut nearly every overlap and give intervals that are too narrow."""
BLOCKS_LEAST = 10
"""Where there would be fewer blocks than this they are shorter, down to one tenor."""
BLOCKS_WITH_MEMBERS = 5
"""A group that lives in fewer blocks than this gets no interval."""

_NORMAL = NormalDist()


class Interval(NamedTuple):
    """Both ends of an interval."""

    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Whether 0 lies inside."""
        return self.low <= 0.0 <= self.high


def block_length(days: int, tenor: int) -> int:
    """Trading days per block: twelve tenors, or a tenth of a short history; at least one tenor.

    >>> block_length(8219, 21), block_length(600, 21), block_length(150, 21)
    (252, 60, 21)
    """
    return max(tenor, min(TENORS_PER_BLOCK * tenor, days // BLOCKS_LEAST))


def student(probability: float, freedom: float) -> float:
    """Quantile of Student's t by its expansion around the normal one (Abramowitz, Stegun 26.7.5).

    The table's 2.262 at nine and 1.98 at 120 degrees of freedom:

    >>> round(student(0.975, 9), 3), round(student(0.975, 120), 3)
    (2.262, 1.98)
    """
    x = _NORMAL.inv_cdf(probability)
    return (
        x
        + (x**3 + x) / (4 * freedom)
        + (5 * x**5 + 16 * x**3 + 3 * x) / (96 * freedom**2)
        + (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / (384 * freedom**3)
        + (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / (92160 * freedom**4)
    )


@dataclass(frozen=True, slots=True)
class Blocks:
    """Which blocks every draw is made of; one of these serves all figures of a report."""

    days: int
    length: int
    starts: NDArray[np.intp]
    """Draws x blocks: the first day of each block."""

    @property
    def last(self) -> int:
        """Days of the last block of a draw, so that a draw has as many days as the history."""
        return self.days - (int(self.starts.shape[1]) - 1) * self.length

    def sums(self, columns: Floats) -> Floats:
        """For every draw, the sum of each column over its days.

        Args:
            columns: days x anything, without NaN.

        Returns:
            Draws x the same.
        """
        whole, part = _windows(columns, self.length), _windows(columns, self.last)
        total = part[self.starts[:, -1]]
        for n in range(self.starts.shape[1] - 1):
            total += whole[self.starts[:, n]]
        return total

    def held(self, counts: Floats) -> int:
        """How many of the history's blocks, laid end to end, hold a member at all."""
        edges = np.arange(0, self.days, self.length)
        found: Floats = np.add.reduceat(counts, edges)
        return int(np.count_nonzero(found))


def _windows(columns: Floats, length: int) -> Floats:
    """Sums over `length` days from every day on, around the end."""
    around = np.concatenate([columns, columns[: length - 1]])
    zero = np.zeros((1, *columns.shape[1:]))
    running = np.concatenate([zero, np.cumsum(around, axis=0)])
    out: Floats = running[length:] - running[:-length]
    return out


def blocks(days: int, length: int, *, draws: int = DRAWS, seed: int = SEED) -> Blocks:
    """The blocks of every draw.

    Args:
        days: trading days of the history.
        length: days per block.
        draws: how many times the history is put together anew.
        seed: of the random numbers.
    """
    length = min(length, days)
    starts = np.random.default_rng(seed).integers(0, days, (draws, math.ceil(days / length)))
    return Blocks(days, length, starts)


def interval(values: Floats, held: int, level: float = LEVEL) -> Interval | None:
    """The interval that the draws give.

    Args:
        values: the figure in every draw; NaN where a draw holds no member.
        held: blocks that hold members (of a difference, of its rarer group).
        level: how often such an interval should hold the truth.

    Returns:
        None where too few blocks hold members, or where many draws are without any.
    """
    known = values[np.isfinite(values)]
    if held < BLOCKS_WITH_MEMBERS or len(known) < 0.95 * len(values):
        return None
    reach = math.sqrt(held / (held - 1)) * student(0.5 + level / 2, held - 1)
    tail = _NORMAL.cdf(-reach)
    low, high = np.quantile(known, [tail, 1.0 - tail])
    return Interval(float(low), float(high))
