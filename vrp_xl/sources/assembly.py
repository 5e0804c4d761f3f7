"""Makes the record of a symbol from its chains, its prices and the history of its IV index.

Whatever holds chains (files, a download, the sample market) says what a day's chain says
(`chain_figures`); here the days are put together: realized volatility from the prices, our own
z-score from the days before or from the IV index, local scores, and what goes to the store's
history. May not import store, workflow or hosts.
"""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vrp_xl.core import calendar, history
from vrp_xl.core.range_volatility import DatedBar, with_range_volatility
from vrp_xl.core.realized import Bar
from vrp_xl.core.scores import with_local_scores
from vrp_xl.errors import VrpError
from vrp_xl.sources.base import Fetched, Observation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vrp_xl.core.chain import Floats, Whole
    from vrp_xl.core.history import Dated
    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.sources.cboe_files import PriceFile

CLOSES_KEPT = 1260
"""Days of prices that go to the history: five years."""
EARLIER_KEPT = 9
"""Earlier days' snapshots that are handed on."""

_BARS = 35
"""Days among which the bars of the longest range estimator, and a close before them, are found."""


def assemble(
    days: Sequence[Snapshot],
    prices: PriceFile | None,
    index: PriceFile | None = None,
    *,
    known: Mapping[str, Sequence[Dated]] | None = None,
    whole: bool = False,
) -> Fetched:
    """The record, the earlier days' records and the history of one symbol.

    Args:
        days: what its chains say by themselves (`chain_figures.chain_snapshot`), one per trading
            day, oldest first, at least one.
        prices: its daily prices, with open, high and low where they are known.
        index: the history of its IV index (`vrp_xl.core.iv_index`).
        known: series that are known beside the chains (``atm_iv``, ``vrp_20d``), oldest first.
        whole: as in `Fetched`.
    """
    closes = Prices.of(prices)
    at_index = Prices.of(index)
    index_name = history.proxy_of(days[-1].symbol) or ""
    series: dict[str, list[Dated]] = {"close": [], "atm_iv": [], "vrp_20d": []}
    observations: dict[tuple[str, date], float] = {}
    for name, values in (known or {}).items():
        series[name] = list(values)
        observations.update({(name, day): value for day, value in values})
    done: list[Snapshot] = []
    for delivered in days:
        day = calendar.trading_day(delivered.as_of)
        series["close"] = closes.upto(day, history.DAYS_KEPT)
        if index_name:
            series[index_name] = at_index.upto(day, history.DAYS_KEPT)
        s = history.complete(delivered, series, day=day)
        s = with_range_volatility(s, closes.bars(day, _BARS), day=day)
        if s.atm_iv_30d is None:
            s = _without_standing(s)
        s = with_local_scores(s)
        done.append(s)
        for name, value in _seen(s):
            observations[name, day] = value
            _put(series.setdefault(name, []), day, value)
    for day, close in closes.upto(date.max, CLOSES_KEPT):
        observations["close", day] = close
    return Fetched(
        snapshot=done[-1],
        observations=tuple(
            Observation(name, day, value) for (name, day), value in sorted(observations.items())
        ),
        earlier=tuple(done[:-1][-EARLIER_KEPT:]),
        whole=whole,
        related=(
            {index_name: tuple(Observation("close", *dated) for dated in series[index_name])}
            if index_name and series.get(index_name)
            else {}
        ),
    )


def _seen(s: Snapshot) -> list[tuple[str, float]]:
    """What the day adds to the history; an IV of another tenor does not belong in it."""
    names = {"close": s.spot}
    if s.atm_iv_30d is not None:
        names |= {name: getattr(s, name) for name in ("atm_iv", "atm_iv_30d", "vrp_20d")}
    return [(name, value) for name, value in names.items() if value is not None]


def _put(series: list[Dated], day: date, value: float) -> None:
    """Adds a day to a series; a day that is there already is said anew."""
    while series and series[-1][0] >= day:
        series.pop()
    series.append((day, value))


class Prices(NamedTuple):
    """Daily prices by trading day, oldest first; open, high and low are NaN where not given."""

    day: Whole
    """Proleptic ordinals."""
    close: Floats
    open: Floats
    high: Floats
    low: Floats

    @classmethod
    def of(cls, file: PriceFile | None) -> Prices:
        """Those of a price file; weekends and holidays, which some files list, are left out."""
        if file is None:
            nothing = np.zeros(0)
            return cls(np.zeros(0, np.int64), nothing, nothing, nothing, nothing)
        traded = np.array([_traded(day) for day in file.day.tolist()], np.bool_)
        columns = (file.close, file.open, file.high, file.low)
        return cls(file.day[traded], *(column[traded] for column in columns))

    def upto(self, day: date, count: int) -> list[Dated]:
        """The newest `count` closes up to `day`."""
        rows = self._rows(day, count)
        days = map(date.fromordinal, self.day[rows].tolist())
        return list(zip(days, self.close[rows].tolist(), strict=True))

    def bars(self, day: date, count: int) -> list[DatedBar]:
        """The whole bars among the newest `count` days up to `day`."""
        rows = self._rows(day, count)
        out = []
        before = None
        for ordinal, *bar in zip(
            *(column[rows].tolist() for column in (self.day, self.open, self.high, self.low)),
            self.close[rows].tolist(),
            strict=True,
        ):
            found = Bar(*bar)
            if all(map(math.isfinite, found)):
                out.append(DatedBar(date.fromordinal(ordinal), found, before))
            before = found.close
        return out

    def _rows(self, day: date, count: int) -> slice:
        end = int(np.searchsorted(self.day, day.toordinal(), side="right"))
        return slice(max(end - count, 0), end)


def _traded(ordinal: int) -> bool:
    try:
        return calendar.is_trading_day(date.fromordinal(ordinal))
    except VrpError:
        return False


def _without_standing(s: Snapshot) -> Snapshot:
    """No z-score and no IV rank: an IV of another tenor does not belong in their history."""
    names = tuple(name for name in history.STANDING if name != "history_days")
    why = s.missing.get("atm_iv_30d", "no 30-day ATM IV")
    basis = {k: v for k, v in s.basis.items() if k not in names}
    return s.replace(basis=basis, missing=dict.fromkeys(names, why), **dict.fromkeys(names))
