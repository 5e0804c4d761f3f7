"""What was known on a day looks back only, what followed forward only."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence_series import made
from vrp_xl.core import outcomes
from vrp_xl.core.panel import following_panel, percentile_panel, ratio_panel
from vrp_xl.core.premium import ratio
from vrp_xl.core.realized import close_to_close
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.standing import percentile, zscore
from vrp_xl.errors import InputError

TENOR = 21
BACK = ("iv", "spread", "hv30", "hv90", "z", "z_others", "spread_percentile", "iv_percentile")
SERIES = made(700)


def days_of(series):
    """The rows of a series."""
    return outcomes.from_series(series, STANDARD, TENOR)[0]


DAYS = days_of(SERIES)


@pytest.mark.parametrize("at", [300, 450, 650])
def test_figures_are_those_of_the_core(at):
    """Volatilities, z, percentiles and what followed, computed one at a time."""
    closes = [close for _, close in SERIES.closes]
    ivs = [iv for _, iv in SERIES.ivs]
    assert DAYS.hv30[at] == pytest.approx(close_to_close(closes[: at + 1], 30))
    assert DAYS.hv90[at] == pytest.approx(close_to_close(closes[: at + 1], 90))
    spreads = [ivs[i] - close_to_close(closes[: i + 1], 20) for i in range(20, at + 1)]
    assert DAYS.spread[at] == pytest.approx(spreads[-1])
    assert DAYS.z[at] == pytest.approx(zscore(spreads[-1], spreads[:-1], window=252))
    assert DAYS.z_others[at, 0] == pytest.approx(zscore(spreads[-1], spreads[:-1], window=60))
    assert DAYS.spread_percentile[at] == percentile(spreads[-1], spreads[-253:-1])
    assert DAYS.iv_percentile[at] == percentile(ivs[at], ivs[at - 252 : at])
    assert DAYS.following[at] == pytest.approx(close_to_close(closes[at : at + TENOR + 1]))


def test_edges_of_the_history_are_unknown():
    """No figure before its window is full, no outcome in the newest tenor."""
    assert np.flatnonzero(~np.isnan(DAYS.hv90))[0] == 90
    assert np.flatnonzero(~np.isnan(DAYS.z))[0] == 20 + 252
    assert np.flatnonzero(~np.isnan(DAYS.iv_percentile))[0] == 252
    assert np.flatnonzero(np.isnan(DAYS.following)).tolist() == list(range(700 - TENOR, 700))


def changed(series, where, factor):
    """The series with closes and implied volatilities of some days changed."""
    return series._replace(
        closes=[(d, c * factor if where(i) else c) for i, (d, c) in enumerate(series.closes)],
        ivs=[(d, v * factor if where(i) else v) for i, (d, v) in enumerate(series.ivs)],
    )


@given(at=st.integers(120, 690), factor=st.floats(0.5, 2.0))
@settings(max_examples=25, deadline=None)
def test_the_future_never_changes_what_was_known(at, factor):
    """Other days after `at` leave every figure up to it, and every outcome that ended by then."""
    other = days_of(changed(SERIES, lambda i: i > at, factor))
    for name in BACK:
        np.testing.assert_allclose(
            getattr(other, name)[: at + 1], getattr(DAYS, name)[: at + 1], atol=1e-7
        )
    done = at - TENOR + 1
    np.testing.assert_allclose(other.following[:done], DAYS.following[:done], atol=1e-7)


@given(at=st.integers(1, 690), factor=st.floats(0.5, 2.0))
@settings(max_examples=25, deadline=None)
def test_the_past_never_changes_an_outcome(at, factor):
    """Other days before `at` leave what followed from it on, and what was paid."""
    other = days_of(changed(SERIES, lambda i: i < at, factor))
    np.testing.assert_allclose(other.following[at:], DAYS.following[at:], atol=1e-7)
    np.testing.assert_array_equal(other.iv[at:], DAYS.iv[at:])


def test_only_days_that_both_have_are_rows_and_all_closes_count():
    """A missing implied volatility costs its own day; returns and windows stay whole."""
    series = SERIES._replace(ivs=[dated for n, dated in enumerate(SERIES.ivs) if n != 400])
    found, met = outcomes.from_series(series, STANDARD, TENOR)
    assert (met.both, met.closes_alone, met.ivs_alone) == (699, 1, 0)
    kept = [n for n in range(700) if n != 400]
    np.testing.assert_allclose(found.hv30, DAYS.hv30[kept])
    np.testing.assert_allclose(found.following, DAYS.following[kept])
    assert np.flatnonzero(~np.isnan(found.z))[0] == 20 + 252


def test_windows_with_too_many_missing_days_have_no_volatility():
    """More than a tenth of a window's trading days absent: returns over days are not daily."""
    few = SERIES._replace(closes=[d for n, d in enumerate(SERIES.closes) if n not in (300, 301)])
    many = SERIES._replace(
        closes=[d for n, d in enumerate(SERIES.closes) if n not in (300, 301, 303)]
    )
    lost, gone = days_of(few), days_of(many)
    assert not np.isnan(lost.following[:600]).any()
    around = slice(300 - TENOR + 3, 299)
    assert np.isnan(gone.following[around]).all()
    assert not np.isnan(gone.following[310:600]).any()
    assert np.isnan(gone.spread[301]).all()
    assert not np.isnan(gone.hv30[310:600]).any()


def test_a_return_over_more_than_three_days_is_none():
    """As in a scan: three days missing in a row leave no window over them, however long it is."""
    gone = days_of(
        SERIES._replace(closes=[d for n, d in enumerate(SERIES.closes) if not 300 <= n < 303])
    )
    for found, window in ((gone.hv30, 30), (gone.hv90, 90), (gone.spread, 20)):
        assert np.flatnonzero(np.isnan(found[200:600])).tolist() == list(range(100, 100 + window))
    assert np.flatnonzero(np.isnan(gone.following[200:600])).tolist() == list(
        range(100 - TENOR, 100)
    )


def test_a_move_like_a_split_is_told():
    """With its day and size."""
    halved = changed(SERIES, lambda i: i >= 500, 0.5)
    (day, move), *rest = outcomes.from_series(halved, STANDARD, TENOR)[1].jumps
    assert not rest
    assert day == SERIES.closes[500][0]
    assert move == pytest.approx(-50, abs=4)


def test_no_common_day_is_an_error_that_names_both_spans():
    """Files of different years cannot be lined up."""
    apart = SERIES._replace(closes=SERIES.closes[:300], ivs=SERIES.ivs[300:])
    with pytest.raises(InputError, match=r"ABC: no day has both .* 2015-01-02 to .* 2016-"):
        days_of(apart)


class Kept(NamedTuple):
    """A record of a journal."""

    symbol: str
    day: date
    iv: float | None
    spread: float | None
    rv_30d: float | None
    rv_90d: float | None
    z: float | None
    iv_percentile: float | None
    cell: str | None
    candidate: bool
    spot: float | None = None
    seen_at: datetime | None = None
    source: str = "test"


def kept(days, **other):
    """The rows of one symbol as a journal would have kept them."""

    def plain(value):
        return None if np.isnan(value) else float(value)

    return [
        Kept(
            days.names[0], date.fromordinal(int(days.day[n])), plain(days.iv[n]),
            plain(days.spread[n]), plain(days.hv30[n]), plain(days.hv90[n]), plain(days.z[n]),
            plain(days.iv_percentile[n]), "A" if n % 2 else "?", n % 3 == 0,
        )._replace(**other)
        for n in range(len(days))
    ]  # fmt: skip


def test_a_journal_of_the_same_days_gives_the_same_rows():
    """What was kept is used as it is, what followed comes from the closes."""
    found = outcomes.from_records(kept(DAYS), {"ABC": SERIES.closes}, TENOR)
    for name in ("day", "iv", "spread", "hv30", "hv90", "z", "iv_percentile", "following"):
        np.testing.assert_allclose(getattr(found, name), getattr(DAYS, name))
    assert found.cell[:3].tolist() == ["?", "A", "?"]
    assert found.candidate[:4].tolist() == [1.0, 0.0, 0.0, 1.0]


def test_of_two_records_of_a_day_the_last_counts():
    """And one without an implied volatility is none."""
    first = kept(DAYS)[:50]
    second = [record._replace(iv=50.0) for record in first[:2]] + [first[2]._replace(iv=None)]
    found = outcomes.from_records([*first, *second], {}, TENOR)
    assert len(found) == 50
    assert found.iv[:2].tolist() == [50.0, 50.0]
    assert found.iv[2] == pytest.approx(DAYS.iv[2])
    assert np.isnan(found.following).all()


def test_several_symbols_together():
    """Rows stay in order, and each keeps its name."""
    other = days_of(made(400, seed=8, symbol="XYZ"))
    both = outcomes.together([DAYS, other])
    assert both.names == ("ABC", "XYZ")
    assert len(both) == 1100
    assert np.bincount(both.symbol).tolist() == [700, 400]
    np.testing.assert_array_equal(both.iv[700:], other.iv)


def test_tenors():
    """30 calendar days are 21 returns; too few days are refused."""
    assert outcomes.tenor_returns(30) == 21
    with pytest.raises(InputError, match="at least 3 days"):
        outcomes.tenor_returns(2)


def test_panels_are_the_scalar_functions():
    """Ratio with its floor, percentile of the days before; gaps are unknown."""
    ivs, hvs = np.array([8.0, 28.0, np.nan]), np.array([2.0, 18.0, 9.0])
    assert ratio_panel(ivs, hvs, 5.0)[:2].tolist() == [ratio(8, 2), ratio(28, 18)]
    assert np.isnan(ratio_panel(ivs, hvs, 5.0)[2])
    values = np.array([1.0, 2, 3, 4, 8, 8, np.nan, 5, 6, 7, 8, 9])
    found = percentile_panel(values, 4)
    assert found[4] == percentile(8, [1, 2, 3, 4])
    assert found[5] == percentile(8, [2, 3, 4, 8])
    assert np.flatnonzero(np.isnan(found)).tolist() == [0, 1, 2, 3, 6, 7, 8, 9, 10]
    assert np.isnan(following_panel(values[:5], 5)).all()
    assert np.isnan(percentile_panel(values[:4], 4)).all()


def test_the_mean_outcome_is_the_mean_of_the_rows():
    """One definition: over the same days it is the mean of the rows' outcomes."""
    series = made(400)
    days, _ = outcomes.from_series(series, STANDARD, 21)
    expected = float(np.nanmean(days.iv - days.following))
    assert outcomes.mean_outcome(series.closes, series.ivs, 21) == pytest.approx(expected)
    holes = [dated for n, dated in enumerate(series.closes) if not 100 <= n < 110]
    assert outcomes.mean_outcome(holes, series.ivs, 21) != pytest.approx(expected)
    assert outcomes.mean_outcome(series.closes[:21], series.ivs, 21) is None
    assert outcomes.mean_outcome([], series.ivs, 21) is None


def test_the_mean_outcome_reaches_over_no_day_in_doubt():
    """It is the mean of the rows of a journal with the same days in doubt."""
    series = made(200)
    days, _ = outcomes.from_series(series, STANDARD, 21)
    at = [date.toordinal(day) for day, _ in series.closes].index(int(days.day[100]))
    doubt = series.closes[at][0]
    rows = days.iv - days.following
    rows[100 - 21 : 100] = np.nan
    found = outcomes.mean_outcome(series.closes, series.ivs, 21, [doubt])
    assert found == pytest.approx(float(np.nanmean(rows)))
    every = [day for day, _ in series.closes]
    assert outcomes.mean_outcome(series.closes, series.ivs, 21, every) is None
