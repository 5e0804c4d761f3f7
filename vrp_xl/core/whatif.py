"""Counts over two thresholds at once: a two-way cumulative histogram.

Every point (a name) counts at all thresholds that it passes. Points are binned once against both
axes and summed up along them, so the cost is one pass over the points and one over the grid, not
points times grid. Pure; uses numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from vrp_xl.core.compare import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vrp_xl.core.chain import Floats


def _slack(thresholds: Floats) -> Floats:
    return TOLERANCE * np.maximum(1.0, np.abs(thresholds))


class Column(NamedTuple):
    """One figure of many names, sorted once so that any number of grids can be counted."""

    figures: Floats
    """As given; NaN is "not known"."""
    order: NDArray[np.intp]
    """Places of the values from the lowest up, NaN last."""
    known: Floats
    """The values that are known, in that order."""

    @classmethod
    def of(cls, values: Floats) -> Column:
        """Sorts `values`."""
        values = np.asarray(values, dtype=float)
        order = np.argsort(values, kind="stable")
        return cls(values, order, values[order[: np.count_nonzero(~np.isnan(values))]])


def passed(column: Column, thresholds: Sequence[float], *, strict: bool) -> NDArray[np.intp]:
    """How many of the ascending thresholds each value passes, noise of floating point aside.

    Args:
        column: one figure per name; NaN passes none.
        thresholds: in ascending order.
        strict: whether a value must lie above its threshold, not on it.

    >>> passed(Column.of(np.array([1.0, np.nan, 2.5])), [0.0, 1.0, 2.0], strict=True).tolist()
    [1, 0, 3]
    """
    edges = np.asarray(thresholds, dtype=float)
    edges = edges + _slack(edges) if strict else edges - _slack(edges)
    side: Literal["left", "right"] = "right" if strict else "left"
    first = np.searchsorted(column.known, edges, side=side)
    between = np.diff(first, prepend=0, append=len(column.known))
    out = np.zeros(len(column.figures), dtype=np.intp)
    out[column.order[: len(column.known)]] = np.repeat(np.arange(len(edges) + 1), between)
    return out


def counts(
    rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int],
    weights: Floats | None = None,
) -> Floats:  # fmt: skip
    """For each pair of thresholds, the (weighted) number of names that pass both.

    Args:
        rows: per name, how many of the row thresholds it passes.
        columns: the same for the column thresholds.
        shape: numbers of row and column thresholds.
        weights: one per name; 1 by default.
    """
    n, m = shape
    flat = np.bincount(rows * (m + 1) + columns, weights=weights, minlength=(n + 1) * (m + 1))
    # Passing k thresholds means passing the k lowest: sum from the far end.
    grid = flat.reshape(n + 1, m + 1)[:0:-1, :0:-1]
    summed = grid.cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    return np.asarray(summed, dtype=float)
