"""Counts over two thresholds at once: a two-way cumulative histogram.

Every point (a name) counts at all thresholds that it passes. Points are binned once against both
axes and summed up along them, so the cost is one pass over the points and one over the grid, not
points times grid. Pure; uses numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from vrp_xl.core.compare import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def _slack(thresholds: Floats) -> Floats:
    return TOLERANCE * np.maximum(1.0, np.abs(thresholds))


def passed(values: Floats, thresholds: Sequence[float], *, strict: bool) -> NDArray[np.intp]:
    """How many of the ascending thresholds each value passes, noise of floating point aside.

    Args:
        values: one figure per name; NaN passes none.
        thresholds: in ascending order.
        strict: whether a value must lie above its threshold, not on it.
    """
    edges = np.asarray(thresholds, dtype=float)
    edges = edges + _slack(edges) if strict else edges - _slack(edges)
    side: Literal["left", "right"] = "left" if strict else "right"
    counted = np.searchsorted(edges, values, side=side)
    return np.where(np.isnan(values), 0, counted)


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
    grid = flat.reshape(n + 1, m + 1).astype(float)
    # Passing k thresholds means passing the k lowest: sum from the far end.
    summed = grid[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    return np.asarray(summed[1:, 1:])
