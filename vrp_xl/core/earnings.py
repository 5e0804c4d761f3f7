"""The next earnings date: what the source says, and where it says nothing what the user knows.

Pure: may not import anything of the package outside `vrp_xl.core`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from vrp_xl.core.snapshot import Snapshot

OWN_DATE = "watchlist"
"""The basis of an earnings date that is the user's own."""


def with_own_earnings(snapshot: Snapshot, own: date | None, today: date) -> Snapshot:
    """`snapshot` with the user's earnings date, where the source has none to come.

    Args:
        snapshot: as delivered, or as made by this function before (then the date is made anew).
        own: the user's date, or None; one that has passed counts for nothing.
        today: the New York date.
    """
    done = snapshot
    if done.basis.get("next_earnings") == OWN_DATE:
        basis = {k: v for k, v in done.basis.items() if k != "next_earnings"}
        why = f"no date to come is known: vrp-xl watchlist add {done.symbol} --earnings DATE"
        done = done.replace(next_earnings=None, basis=basis, missing={"next_earnings": why})
    given = done.next_earnings
    if own is None or own < today or (given is not None and given >= today):
        return done
    return done.replace(next_earnings=own, basis={**done.basis, "next_earnings": OWN_DATE})
