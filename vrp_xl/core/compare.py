"""Figures against thresholds, blind to the noise of binary floating point.

3.22 / 2.8 is 1.15 on paper and a little more than 1.15 in a computer. A strict threshold must treat
what is equal on paper as equal, so everything in the core compares through here. Not a number
is neither above nor below anything.

Pure: numbers in, answers out.
"""

from __future__ import annotations

TOLERANCE = 1e-9
"""Figures count as equal within this, or within this share of a threshold beyond 1."""


def above(value: float, threshold: float) -> bool:
    """Whether `value` is strictly above `threshold`.

    >>> 3.22 / 2.8 > 1.15, above(3.22 / 2.8, 1.15), above(1.1501, 1.15)
    (True, False, True)
    """
    return value - threshold > TOLERANCE * max(1.0, abs(threshold))


def below(value: float, threshold: float) -> bool:
    """Whether `value` is strictly below `threshold`."""
    return threshold - value > TOLERANCE * max(1.0, abs(threshold))


def at_least(value: float, threshold: float) -> bool:
    """Whether `value` is `threshold` or above.

    >>> 16.06 - 14.06 >= 2.0, at_least(16.06 - 14.06, 2.0)
    (False, True)
    """
    return threshold - value <= TOLERANCE * max(1.0, abs(threshold))


def at_most(value: float, threshold: float) -> bool:
    """Whether `value` is `threshold` or below."""
    return value - threshold <= TOLERANCE * max(1.0, abs(threshold))
