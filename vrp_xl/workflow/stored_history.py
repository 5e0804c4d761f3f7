"""What the store holds of daily history: which series, how many days, what is missing in them.

May not import hosts or sources.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core import standing
from vrp_xl.core.calendar import trading_days
from vrp_xl.core.history import SPLIT

if TYPE_CHECKING:
    from datetime import date

    from vrp_xl.core.rules import Rules
    from vrp_xl.store.database import Store


class SeriesFacts(NamedTuple):
    """One series of one symbol."""

    symbol: str
    field: str
    days: int
    first: date
    last: date
    missing: int
    """Trading days between the first and the last without a value."""
    origin: str
    """``own`` (grown by refreshes), ``imported``, or how many of the days were imported."""
    thin: str
    """``too few`` for a z-score, ``thin``, or empty."""


def series_facts(
    store: Store,
    source: str,
    *,
    symbol: str | None = None,
    field: str | None = None,
    rules: Rules | None = None,
) -> list[SeriesFacts]:
    """Every stored series of a source, by symbol and name.

    Args:
        store: the local store.
        source: whose series.
        symbol: only of this one.
        field: only of this definition.
        rules: from how many days on a series is enough; None takes the defaults.
    """
    least = rules.z_days_min if rules else standing.Z_DAYS_MIN
    thin = rules.z_days_thin if rules else standing.Z_DAYS_THIN
    out = []
    for kept in store.series_kept(source, symbol):
        if field is not None and kept.name != field:
            continue
        events = kept.name == SPLIT  # not a daily series
        missing = 0 if events else len(trading_days(kept.first, kept.last)) - kept.days
        origin = "imported" if kept.imported == kept.days else "own"
        if 0 < kept.imported < kept.days:
            origin = f"{kept.imported} imported"
        word = "too few" if kept.days < least else "thin" if kept.days < thin else ""
        out.append(
            SeriesFacts(
                kept.symbol, kept.name, kept.days, kept.first, kept.last, max(missing, 0), origin,
                "" if events else word,
            )
        )  # fmt: skip
    return out


def gaps(days: list[date]) -> list[tuple[date, date, int]]:
    """The holes in a series: the day before, the day after, trading days missing in between."""
    out = []
    for before, after in itertools.pairwise(days):
        missing = len(trading_days(before, after)) - 2
        if missing > 0:
            out.append((before, after, missing))
    return out
