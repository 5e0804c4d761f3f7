"""Volatility and z-scores of many days at once are those of one day at a time."""

from __future__ import annotations

import numpy as np
import pytest

from vrp_xl.core.panel import realized_panel, zscore_panel
from vrp_xl.core.realized import close_to_close
from vrp_xl.core.standing import zscore
from vrp_xl.errors import InputError


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
        with pytest.raises(InputError):
            panel(closes, 1)


def test_a_gap_in_one_row_leaves_the_others_alone(closes):
    """Each row keeps its own centre: cents beside thousands lose nothing to rounding."""
    gappy = closes.copy()
    gappy[0, 50] = np.nan
    together = zscore_panel(gappy, 60)
    for row in range(3):
        assert together[row] == pytest.approx(zscore_panel(gappy[row], 60), abs=1e-6, nan_ok=True)
    assert zscore_panel(closes[:, :61], 60).shape == (3, 61)
    assert np.isfinite(zscore_panel(closes[:, :61], 60)[:, 60]).all()
