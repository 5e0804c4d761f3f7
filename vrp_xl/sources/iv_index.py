"""Indices of implied volatility (VIX, VXN ...) as a ready history where a symbol has none yet.

An index is set against its own past, like for like: VIX today against VIX history, never ATM IV
against VIX. What was taken is named in `Snapshot.basis`. May not import store, workflow or hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vrp_xl.core import standing
from vrp_xl.core.panel import realized_panel
from vrp_xl.errors import VrpError

if TYPE_CHECKING:
    from datetime import date

    from vrp_xl.core.chain import Floats, Whole
    from vrp_xl.core.snapshot import Snapshot

IV_INDEX = {
    "SPY": "VIX", "SPX": "VIX", "XSP": "VIX", "QQQ": "VXN", "NDX": "VXN", "IWM": "RVX",
    "RUT": "RVX", "DIA": "VXD", "DJX": "VXD", "AAPL": "VXAPL", "AMZN": "VXAZN", "GOOGL": "VXGOG",
    "GOOG": "VXGOG", "GS": "VXGS", "IBM": "VXIBM", "GLD": "GVZ", "USO": "OVX", "EEM": "VXEEM",
    "EFA": "VXEFA",
}  # fmt: skip
"""Symbol -> the index of its implied volatility, whose history stands in for one of ATM IV."""


def with_index(
    s: Snapshot,
    *,
    day: date,
    day_of_close: Whole,
    closes: Floats,
    day_of_index: Whole,
    index: Floats,
    name: str,
) -> Snapshot:
    """z-score and IV standing from the history of the IV index, like for like.

    Args:
        s: what is filled.
        day: the trading day of the snapshot.
        day_of_close: ordinals of the closes, oldest first.
        closes: USD.
        day_of_index: ordinals of the index, oldest first.
        index: points.
        name: of the index.

    Returns:
        The snapshot as it was where the index lacks the day or has too few before it.
    """
    found = index_standing(day_of_close, closes, day_of_index, index, day=day)
    if found is None:
        return s
    spread_words = f"{name} minus RV20, over the {found.days} days before"
    iv_words = f"{name} over the {found.days} days before"
    basis = {
        **dict.fromkeys(("z_score", "percentile", "history_days"), spread_words),
        **dict.fromkeys(("iv_rank", "iv_percentile"), iv_words),
    }
    return s.replace(
        z_score=found.z,
        percentile=found.percentile,
        history_days=found.days,
        iv_rank=found.iv_rank,
        iv_percentile=found.iv_percentile,
        basis={**s.basis, **basis},
    )


class IndexStanding(NamedTuple):
    """Where the premium of an IV index stands in its own history."""

    spread: float
    """The index minus RV20, points."""
    rv_20d: float
    z: float
    percentile: float
    iv_rank: float
    iv_percentile: float
    days: int


def index_standing(
    day_of_close: Whole,
    closes: Floats,
    day_of_index: Whole,
    index: Floats,
    *,
    day: date,
    window: int = standing.Z_WINDOW,
    days_min: int = standing.Z_DAYS_MIN,
) -> IndexStanding | None:
    """The spread of an IV index over RV20 on `day`, and its z-score over the days before.

    Args:
        day_of_close: ordinals of the closes, oldest first.
        closes: USD.
        day_of_index: ordinals of the index, oldest first; days without a close are passed over.
        index: points.
        day: the day that is looked at; both must have it.
        window: days before it, at most.
        days_min: fewest days before it.

    Returns:
        None where one of the two lacks the day or too few days are there.
    """
    common, at_close, at_index = np.intersect1d(
        day_of_close, day_of_index, assume_unique=True, return_indices=True
    )
    place = int(np.searchsorted(common, day.toordinal()))
    if place >= len(common) or common[place] != day.toordinal():
        return None
    first = max(place - window, 0)
    start = max(int(at_close[first]) - 20, 0)
    end = int(at_close[place]) + 1
    rv = np.full(len(closes), np.nan)
    rv[start:end] = realized_panel(closes[start:end], 20)
    rv_used = rv[at_close[first : place + 1]]
    iv_used = index[at_index[first : place + 1]]
    good = np.isfinite(rv_used) & np.isfinite(iv_used)
    if not good[-1] or np.count_nonzero(good) - 1 < days_min:
        return None
    spreads, ivs = (iv_used - rv_used)[good].tolist(), iv_used[good].tolist()
    try:
        z = standing.zscore(spreads[-1], spreads[:-1])
        rank = standing.rank(ivs[-1], ivs[:-1])
    except VrpError:
        return None
    return IndexStanding(
        spread=spreads[-1],
        rv_20d=float(rv_used[-1]),
        z=z,
        percentile=standing.percentile(spreads[-1], spreads[:-1]),
        iv_rank=rank,
        iv_percentile=standing.percentile(ivs[-1], ivs[:-1]),
        days=len(spreads) - 1,
    )
