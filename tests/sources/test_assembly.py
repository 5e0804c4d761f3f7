"""From what the chains of some days say, and prices, to record and history."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from tests.sources import chain_files as files
from vrp_xl.core.range_volatility import RANGE_FIGURES
from vrp_xl.core.realized import Bar, garman_klass, parkinson, rogers_satchell, yang_zhang
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.sources.assembly import EARLIER_KEPT, Prices, assemble
from vrp_xl.sources.cboe_files import PriceFile

DAY = date(2026, 3, 18)


def snapshot(day=DAY, **figures):
    """What a chain of that day says."""
    when = datetime(day.year, day.month, day.day, 20, 0, tzinfo=UTC)
    known = {"spot": 100.0, "atm_iv": 20.0, "atm_iv_30d": 20.0}
    return Snapshot(symbol="ABC", source="x", as_of=when, fetched_at=when, **(known | figures))


def prices_of(rows):
    """Prices without open, high and low."""
    nothing = np.full(len(rows), np.nan)
    days = np.array([day.toordinal() for day, _ in rows])
    return PriceFile(None, days, np.array([c for _, c in rows]), nothing, nothing, nothing)


def values(found, series):
    """Day -> value of a series of observations."""
    return {o.day: o.value for o in found.observations if o.series == series}


def test_prices_fill_what_a_chain_cannot_tell():
    """Realized volatility, spreads and closes; z has its reason."""
    found = assemble([snapshot()], prices_of(files.walk(100)))
    s = found.snapshot
    assert s.vrp_20d == pytest.approx(20 - s.rv_20d)
    assert len(values(found, "close")) == 100
    assert "z_score" in s.missing
    assert s.score_kind == "local"
    assert not found.whole


def test_without_prices_the_chain_still_counts():
    """The spot is the day's close."""
    found = assemble([snapshot()], None)
    assert values(found, "close") == {DAY: 100.0}
    assert values(found, "atm_iv_30d") == {DAY: 20.0}
    assert "rv_20d" in found.snapshot.missing


def test_series_that_are_known_give_a_z_score_and_come_along():
    """What is known beside the chains is history; of a day that both tell the chain counts."""
    days = [day for day, _ in files.walk(80)]
    spreads = [(day, 3.0 + (n % 5) / 10) for n, day in enumerate(days)]
    found = assemble([snapshot()], prices_of(files.walk(100)), known={"vrp_20d": spreads})
    assert found.snapshot.history_days == 79
    assert found.snapshot.z_score is not None
    seen = values(found, "vrp_20d")
    assert len(seen) == 80
    assert seen[DAY] == found.snapshot.vrp_20d
    assert seen[days[0]] == 3.0


def test_bars_give_realized_volatility_by_estimator():
    """With open, high and low there are five more figures; without them, five reasons."""
    rows = files.walk(100)
    close = np.array([c for _, c in rows])
    opened = np.concatenate((close[:1], close[:-1])) * 1.002
    high, low = np.maximum(opened, close) * 1.004, np.minimum(opened, close) * 0.997
    days = np.array([day.toordinal() for day, _ in rows])
    s = assemble([snapshot()], PriceFile(None, days, close, opened, high, low)).snapshot
    bars = [Bar(*bar) for bar in zip(opened, high, low, close, strict=True)]
    assert s.yang_zhang_20d == pytest.approx(yang_zhang(bars[-20:], close[-21]))
    assert s.yang_zhang_30d == pytest.approx(yang_zhang(bars[-30:], close[-31]))
    assert s.parkinson_20d == pytest.approx(parkinson(bars[-20:]))
    assert s.garman_klass_20d == pytest.approx(garman_klass(bars[-20:]))
    assert s.rogers_satchell_20d == pytest.approx(rogers_satchell(bars[-20:]))
    assert s.basis["yang_zhang_20d"].startswith("Yang-Zhang (overnight gap")
    without = assemble([snapshot()], prices_of(rows)).snapshot
    for name in RANGE_FIGURES:
        assert getattr(without, name) is None
        assert "Open, high and low are there for 0 of" in without.missing[name]


def test_the_newest_earlier_days_are_handed_on():
    """As many as are kept, oldest first."""
    days = [day for day, _ in files.walk(15)]
    found = assemble([snapshot(day) for day in days], None, whole=True)
    assert [s.as_of.date() for s in found.earlier] == days[-1 - EARLIER_KEPT : -1]
    assert found.whole


def test_closes_leave_out_days_without_trading():
    """A weekend in a price file is no trading day."""
    rows = [(DAY + timedelta(days=n), 100.0 + n) for n in range(5)]
    closes = Prices.of(prices_of(rows))
    assert closes.day.tolist() == [(DAY + timedelta(days=n)).toordinal() for n in range(3)]
    assert closes.upto(DAY, 9) == [(DAY, 100.0)]
