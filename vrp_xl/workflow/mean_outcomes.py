"""Mean outcome of names over their stored days, as a what-if weighs them.

Reads the store that it is handed; asks no source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core.calendar import session_left
from vrp_xl.core.outcomes import Seen, mean_outcome
from vrp_xl.workflow import journal
from vrp_xl.workflow.closes import stored_closes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from vrp_xl.store.database import Store
    from vrp_xl.workflow.journal import Record

SAME = 1e-9
"""A stored volatility and that of a scan that differ by less, relatively, are one observation."""


class Outcomes(NamedTuple):
    """What `mean_outcomes` found."""

    means: dict[str, float | None]
    """Symbol -> points; None where no stored day has its following returns."""
    doubtful: dict[str, date]
    """Symbol -> the newest step that may be a split; no outcome reaches over one."""


def mean_outcomes(store: Store, source: str, symbols: Iterable[str], returns: int) -> Outcomes:
    """Mean outcome of each name over all its stored days, in points.

    A stored implied volatility that a kept scan saw within a session is followed from the price
    that was seen with it, as that scan is; any other from the day's close.

    Args:
        store: the local store.
        source: whose series.
        symbols: the names.
        returns: that the outcome covers.
    """
    names = list(dict.fromkeys(symbols))
    within: dict[str, dict[date, Record]] = {name: {} for name in names}
    for record in journal.records(store, source=source, symbols=names):
        if record.symbol in within and session_left(record.day, record.seen_at):
            within[record.symbol][record.day] = record
    found = Outcomes({}, {})
    for name in names:
        held = stored_closes(store, source, name)
        doubtful = [jump.day for jump in held.unsaid]
        ivs = store.series(source, name, "atm_iv")
        seen = {
            day: Seen(kept.spot / held.footing(day), kept.seen_at)
            for day, iv in ivs
            if (kept := within[name].get(day)) is not None
            and kept.spot is not None
            and kept.atm_iv is not None
            and abs(kept.atm_iv - iv) <= SAME * abs(iv)
        }
        found.means[name] = mean_outcome(held.closes, ivs, returns, doubtful, seen=seen)
        if doubtful and ivs:
            found.doubtful[name] = doubtful[-1]
    return found
