"""Volatility, z-scores and percentiles of many days at once are those of one day at a time."""

from __future__ import annotations

import numpy as np
import pytest

from vrp_xl.core.panel import (
    following_panel,
    percentile_panel,
    ratio_panel,
    realized_panel,
    zscore_panel,
)
from vrp_xl.core.realized import close_to_close
from vrp_xl.core.standing import percentile, zscore
from vrp_xl.errors import InputError, NoNumberError


@pytest.fixture(scope="module")
def closes():
    """Three rows of prices, from cents to thousands."""
    steps = np.random.default_rng(7).normal(0, 0.015, (3, 400))
    return np.exp(np.cumsum(steps, axis=1)) * np.array([[0.05], [100.0], [4000.0]])


@pytest.mark.parametrize("window", [2, 20, 90])
def test_volatility_of_every_day(closes, window):
    """As `close_to_close` says; NaN for the first days."""
    found = realized_panel(closes, window)
    assert np.isnan(found[:, :window]).all()
    for row in range(3):
        for day in (window, 200, 399):
            one = close_to_close(closes[row, : day + 1].tolist(), window)
            assert found[row, day] == pytest.approx(one, abs=1e-9)


def test_z_of_every_day_looks_at_the_days_before(closes):
    """As `zscore` says over the 252 days before."""
    found = zscore_panel(closes, 252)
    for row in range(3):
        for day in (252, 300, 399):
            one = zscore(closes[row, day], closes[row, :day].tolist(), window=252)
            assert found[row, day] == pytest.approx(one, abs=1e-9)


def test_missing_days_and_flat_windows_have_none(closes):
    """A gap spoils the windows that hold it and no other; what never changes has no z."""
    gap = closes[1].copy()
    gap[100] = np.nan
    found = realized_panel(gap, 20)
    assert np.flatnonzero(np.isnan(found)).tolist() == [*range(20), *range(100, 121)]
    assert found[300] == pytest.approx(realized_panel(closes[1], 20)[300], abs=1e-9)
    assert np.isnan(zscore_panel(np.full(300, 5.0), 60)).all()


def test_too_few_days(closes):
    """Fewer days than a window: NaN throughout; a window of one is refused."""
    assert np.isnan(realized_panel(closes[:, :20], 20)).all()
    assert np.isnan(zscore_panel(closes[:, :20], 20)).all()
    for panel in (realized_panel, zscore_panel):
        with pytest.raises(InputError, match=r"window of 1 days has no deviation; use at least 2"):
            panel(closes, 1)
        assert np.isfinite(panel(closes[:, :3], 2)[:, 2]).all()


def test_a_gap_in_one_row_leaves_the_others_alone(closes):
    """Each row keeps its own centre: cents beside thousands lose nothing to rounding."""
    gappy = closes.copy()
    gappy[0, 50] = np.nan
    together = zscore_panel(gappy, 60)
    for row in range(3):
        assert together[row] == pytest.approx(zscore_panel(gappy[row], 60), abs=1e-6, nan_ok=True)
    assert zscore_panel(closes[:, :61], 60).shape == (3, 61)
    assert np.isfinite(zscore_panel(closes[:, :61], 60)[:, 60]).all()


@pytest.mark.parametrize("first", [0, 1, 150, 279, 280, 281, 339, 340, 350, 399])
def test_days_before_the_first_known_one_change_nothing(closes, first):
    """A late start gives what the later days alone give, and nothing where they are too few."""
    late = closes[:2].copy()
    late[0, :first] = late[1, : first + 1] = np.nan
    for panel in (realized_panel, zscore_panel):
        found = panel(late, 60)
        assert found.shape == late.shape
        for row, start in ((0, first), (1, first + 1)):
            assert np.isnan(found[row, : start + 60]).all()
            alone = panel(closes[row, start:], 60)
            np.testing.assert_allclose(found[row, start:], alone, rtol=1e-7, atol=1e-9)


def test_any_number_of_axes(closes):
    """Two tables of rows are worked on as the rows alone."""
    both = np.stack([closes, closes[::-1]])
    both[:, :, :5] = np.nan
    for panel in (realized_panel, zscore_panel):
        np.testing.assert_array_equal(panel(both, 20)[1, ::-1], panel(both[0], 20))


def test_a_row_without_any_day_costs_the_others_none(closes):
    """Rows begin when the first of them does."""
    rows = closes.copy()
    rows[0] = np.nan
    for panel in (realized_panel, zscore_panel, percentile_panel):
        found = panel(rows, 60)
        assert np.isnan(found[0]).all()
        np.testing.assert_array_equal(np.isnan(found[1:]).sum(axis=1), [60, 60])


@pytest.mark.filterwarnings("error")
def test_what_never_changes_is_held_against_its_size():
    """As `zscore` has it: a millionth of a millionth of the mean, or of 1 where that is less."""
    for level, step, flat in ((1e6, 4e-7, True), (1e6, 4e-6, False), (0.0, 1.5e-12, False),
                              (0.0, 0.5e-12, True), (3.0, 0.0, True)):  # fmt: skip
        days = [level + step, level - step] * 4
        found = zscore_panel([*days, level + 1.0], 8)[8]
        assert np.isnan(found) == flat
        if flat:
            with pytest.raises(NoNumberError):
                zscore(level + 1.0, days)


def test_calm_after_a_storm_has_no_volatility():
    """What rounding leaves of large returns before is no negative variance."""
    rng = np.random.default_rng(11)
    storm = 100 * np.exp(np.cumsum(rng.normal(0, 0.5, (20, 300)), axis=1))
    closes = np.concatenate([storm, np.repeat(storm[:, -1:], 60, axis=1)], axis=1)
    calm = realized_panel(closes, 20)[:, 320:]
    assert np.isfinite(calm).all()
    assert calm == pytest.approx(np.zeros(calm.shape), abs=1e-3)


def test_steady_growth_has_no_volatility():
    """The same return every day: 0, not what rounding leaves."""
    steady = 50.0 * 1.01 ** np.arange(400.0)
    found = realized_panel(steady, 20)
    assert found[20:] == pytest.approx(np.zeros(380), abs=1e-4)


def test_more_rows_than_one_block_holds():
    """Each of 150 rows, some of which start late, is what it is alone."""
    rng = np.random.default_rng(3)
    many = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, (150, 90)), axis=1))
    many[140:, :30] = np.nan
    for panel in (realized_panel, zscore_panel):
        together = panel(many, 20)
        for row in (0, 63, 64, 127, 128, 139, 140, 149):
            np.testing.assert_allclose(together[row], panel(many[row], 20), rtol=1e-7, atol=1e-9)


@pytest.mark.filterwarnings("error")
def test_whole_numbers_and_prices_that_are_none():
    """Whole numbers serve; 0, below 0 and no number spoil their own windows, in silence."""
    whole = [100, 102, 101, 105, 103, 108, 104, 110, 109, 112]
    assert realized_panel(whole, 3)[3] == pytest.approx(close_to_close(whole[:4], 3))
    assert zscore_panel(whole, 4)[4] == pytest.approx(zscore(103, whole[:4], window=4))
    assert zscore_panel([3, 3, 3, 3], 2).dtype == np.float64
    for bad in (0.0, -5.0, np.inf, np.nan):
        prices = np.array(whole, float)
        prices[5] = bad
        found = realized_panel(prices, 2)
        assert np.flatnonzero(np.isnan(found)).tolist() == [0, 1, 5, 6, 7]
    spreads = np.array(whole, float)
    spreads[5] = np.inf
    assert np.flatnonzero(np.isnan(zscore_panel(spreads, 2)))[2:].tolist() == [6, 7]


def test_percentile_counts_what_lies_strictly_below():
    """Of 1, 2, 3, 4 before it 3 has two below; of 2, 3, 4, 3 before it 9 has all."""
    found = percentile_panel([1, 2, 3, 4, 3, 9, 0], 4)
    assert found[4:].tolist() == [50.0, 100.0, 0.0]
    assert np.isnan(found[:4]).all()
    gap = percentile_panel([1, np.nan, 3, 4, 3, 9, 0, 5, np.nan], 2)
    assert np.flatnonzero(~np.isnan(gap)).tolist() == [4, 5, 6, 7]
    assert np.isnan(percentile_panel([1, 2], 2)).all()
    with pytest.raises(InputError, match="use at least 2"):
        percentile_panel([1, 2, 3], 1)


@pytest.mark.parametrize("window", [2, 60, 255, 256, 300])
def test_percentile_of_every_day_is_that_of_the_core(closes, window):
    """Of many rows at once, by short and long windows, with gaps; other rows feel nothing of it."""
    values = np.round(closes, 0)  # so that many are equal
    values[1, 150] = np.nan
    values[2, 3] = np.inf
    found = percentile_panel(values, window)
    for row, out in zip(values, found, strict=True):
        assert np.isnan(out[:window]).all()
        for day in range(window, len(row)):
            seen = row[day - window : day + 1]
            if np.isfinite(seen).all():
                assert out[day] == percentile(seen[-1], list(seen[:-1]))
            else:
                assert np.isnan(out[day])


def test_percentile_of_more_rows_than_one_block_holds():
    """Every row is that of a panel of its own."""
    rng = np.random.default_rng(5)
    many = rng.normal(size=(300, 40))
    found = percentile_panel(many, 7)
    for row, out in zip(many, found, strict=True):
        np.testing.assert_array_equal(percentile_panel(row, 7), out)


def test_what_follows_a_day_is_the_volatility_that_ends_a_window_later():
    """The last days have none."""
    closes = np.array([100.0, 102.0, 101.0, 105.0, 103.0, 108.0])
    found = following_panel(closes, 3)
    assert found[0] == pytest.approx(close_to_close(closes[:4].tolist(), 3))
    assert found[2] == pytest.approx(close_to_close(closes[2:].tolist(), 3))
    assert np.isnan(found[3:]).all()
    assert np.isnan(following_panel(closes[:3], 3)).all()


def test_ratio_floors_the_volatility():
    """28 / 18 of the ratio method, and 6 over the floor of 5."""
    found = ratio_panel([28.0, 6.0, np.nan], np.array([18.0, 3.0, 9.0]), 5.0)
    assert found[:2].tolist() == [pytest.approx(28 / 18), 1.2]
    assert np.isnan(found[2])
