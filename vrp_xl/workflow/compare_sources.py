"""What each source gives for a list of names: columns filled, age, history, cost. Makes no request.

What is stored is counted; a source that was never refreshed has nothing to show yet. May not
import hosts or any particular source.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.store.database import Store

GROUPS: Mapping[str, tuple[str, ...]] = {
    "IV": ("spot", "atm_iv", "atm_iv_30d"),
    "realized volatility": ("rv_20d", "rv_30d", "rv_90d"),
    "VRP and z-score": ("vrp_20d", "z_score", "percentile"),
    "IV rank": ("iv_rank", "iv_percentile"),
    "sides": ("put_vrp", "call_vrp", "put_wing_iv", "call_wing_iv"),
    "gamma regime": ("gamma", "net_gex", "gamma_flip"),
    "levels": ("put_wall", "call_wall", "max_gamma"),
    "structure scores": ("scores",),
    "liquidity": ("atm_oi", "atm_spread_pct", "wing_spread_pct"),
    "earnings": ("next_earnings",),
    "vendor's composites": ("harvest_score", "net_harvest_score", "dealer_flow_risk"),
}
"""Group -> the fields of a snapshot that fill it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """What one source gives."""

    name: str
    what: str
    """What it is, in a few words."""
    state: str
    """Whether it can be asked now, or why not."""
    names: int
    """Names of the list that are stored."""
    asked: int
    """Names in the list."""
    filled: Mapping[str, float | None]
    """Group -> percent of its columns that hold a figure; None where no name is stored."""
    newest: datetime | None
    """Time of the newest figures, UTC."""
    oldest: datetime | None
    """Time of the oldest of the names' newest figures, UTC."""
    history_days: int | None
    """Median days of history behind the z-scores."""
    z_from: tuple[str, ...]
    """What the z-scores were made from."""
    cost: str
    """Calls of a refresh of the list, in words; empty where it cannot be asked."""

    def to_dict(self) -> dict[str, object]:
        """Plain types for JSON."""
        return {
            "source": self.name,
            "what": self.what,
            "state": self.state,
            "names": self.names,
            "asked": self.asked,
            "filled_pct": dict(self.filled),
            "newest": None if self.newest is None else self.newest.isoformat(),
            "oldest": None if self.oldest is None else self.oldest.isoformat(),
            "history_days": self.history_days,
            "z_from": list(self.z_from),
            "cost": self.cost,
        }


def view_of(
    store: Store, source: str, symbols: Sequence[str], *, what: str, state: str, cost: str
) -> SourceView:
    """What `source` has stored for `symbols`.

    Args:
        store: the local store.
        source: its name.
        symbols: upper-case symbols.
        what: what the source is, in a few words.
        state: whether it can be asked, in words.
        cost: what a refresh would ask, in words.

    Raises:
        StoreError: the store cannot be read.
    """
    stored = list(store.latest_many(source, symbols).values())
    times = [snapshot.as_of for snapshot in stored]
    days = [s.history_days for s in stored if s.z_score is not None and s.history_days is not None]
    return SourceView(
        name=source,
        what=what,
        state=state,
        names=len(stored),
        asked=len(symbols),
        filled={group: filled_pct(stored, fields) for group, fields in GROUPS.items()},
        newest=max(times, default=None),
        oldest=min(times, default=None),
        history_days=round(statistics.median(days)) if days else None,
        z_from=tuple(
            sorted(
                {s.basis.get("z_score", "as delivered") for s in stored if s.z_score is not None}
            )
        ),
        cost=cost,
    )


def filled_pct(snapshots: Sequence[Snapshot], fields: Sequence[str]) -> float | None:
    """Percent of `fields` that hold a figure over `snapshots`; None where there is no snapshot."""
    if not snapshots:
        return None
    there = sum(_there(getattr(s, name)) for s in snapshots for name in fields)
    return 100.0 * there / (len(snapshots) * len(fields))


def _there(value: object) -> bool:
    return value not in (None, "unknown", {}, ())
