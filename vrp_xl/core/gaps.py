"""Days that are missing in a series: when a volatility over its returns is none.

A return over several trading days is not a daily one. A few are tolerated and told; more than a
tenth of a window's days, or one return over more than `LONGEST_RETURN` trading days, leave no
figure. What a scan shows and what a history is judged by hold to the same two rules.

Pure: numbers in, numbers out; numpy only where it is vectorised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

LONGEST_RETURN = 3
"""Trading days that one return may span where days are missing."""


def absent_allowed(returns: int) -> int:
    """Trading days without a close that a window of so many returns may hold: a tenth.

    >>> absent_allowed(21), absent_allowed(9)
    (2, 0)
    """
    return returns // 10


class Gap(NamedTuple):
    """What is missing among the closes of a window."""

    absent: int
    """Trading days without a close."""
    at: int
    """Index of the close that ends the longest return."""
    span: int
    """Trading days of that return."""
    too_many: bool
    """More than a tenth of the window's days are missing."""
    too_long: bool
    """One return spans more than `LONGEST_RETURN` trading days."""


def gap_of(places: Sequence[int]) -> Gap:
    """What is missing in a window.

    Args:
        places: each close's number among the trading days, ascending; the returns' closes and the
            one before them.

    >>> gap_of([0, 1, 2, 5])
    Gap(absent=2, at=3, span=3, too_many=True, too_long=False)
    """
    returns = len(places) - 1
    absent = places[-1] - places[0] - returns
    at = max(range(1, len(places)), key=lambda i: places[i] - places[i - 1])
    span = places[at] - places[at - 1]
    return Gap(absent, at, span, absent > absent_allowed(returns), span > LONGEST_RETURN)


def broken(
    places: NDArray[np.int64], returns: int, doubtful: Sequence[int] = ()
) -> NDArray[np.bool_]:
    """Which windows of so many returns have no volatility: as `gap_of`, for every full window.

    Args:
        places: each close's number among the trading days, ascending.
        returns: of a window.
        doubtful: indices of closes that no return may lead to, such as the first after a split.

    >>> import numpy as np
    >>> broken(np.array([0, 1, 2, 6, 7, 8]), 2).tolist()
    [False, True, True, False]
    >>> broken(np.arange(6), 2, [1]).tolist()
    [True, False, False, False]
    """
    import numpy as np  # noqa: PLC0415 (a formula that needs no panel pays for none)

    absent = places[returns:] - places[:-returns] - returns
    bad = np.zeros(len(places), np.int64)
    bad[1:] = np.diff(places) > LONGEST_RETURN
    bad[list(doubtful)] = 1
    so_far = np.cumsum(bad)
    stepped = so_far[returns:] > so_far[:-returns]
    out: NDArray[np.bool_] = (absent > absent_allowed(returns)) | stepped
    return out
