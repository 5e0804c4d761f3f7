"""Realized volatility: the estimators against worked figures and against each other."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vrp_xl.core.realized import (
    RANGE_ESTIMATORS,
    Bar,
    close_to_close,
    from_a_price,
    garman_klass,
    log_returns,
    one_sided,
    parkinson,
    rogers_satchell,
    yang_zhang,
)
from vrp_xl.errors import InputError, NoNumberError

CLOSES = [100.0, 101.0, 100.0, 102.0, 101.0]
BARS = [
    Bar(100.5, 102.0, 99.9, 101.5),
    Bar(101.2, 101.9, 99.4, 99.7),
    Bar(99.8, 101.5, 99.1, 101.0),
]
PRICES = st.lists(st.floats(10, 1000), min_size=3, max_size=60)


@st.composite
def bars(draw):
    """Days whose high and low bracket open and close."""
    days = []
    for _ in range(draw(st.integers(2, 12))):
        open_, close = draw(st.floats(10, 1000)), draw(st.floats(10, 1000))
        high = max(open_, close) * draw(st.floats(1, 1.2))
        low = min(open_, close) * draw(st.floats(0.8, 1))
        days.append(Bar(open_, high, low, close))
    return days


def test_close_to_close_of_five_closes():
    """Sample deviation of log returns x sqrt(252): 23.5899, and none of the other conventions."""
    figure = close_to_close(CLOSES)
    assert figure == pytest.approx(23.5899, abs=5e-5)
    for other in (20.4294, 20.8076, 24.0265, 28.3904, 23.6818):
        assert abs(figure - other) > 0.05


@pytest.mark.parametrize(
    ("estimator", "figure"),
    [(parkinson, 22.1705), (garman_klass, 23.0409), (rogers_satchell, 22.2539)],
)
def test_range_estimators_of_three_bars(estimator, figure):
    """Parkinson, Garman-Klass and Rogers-Satchell of the worked table."""
    assert estimator(BARS) == pytest.approx(figure, abs=5e-5)
    assert estimator in RANGE_ESTIMATORS.values()


def test_close_to_close_of_three_bars():
    """The closes of the same table, with the close before it, give 29.1992."""
    closes = [100.0, *(b.close for b in BARS)]
    assert close_to_close(closes) == pytest.approx(29.1992, abs=5e-5)


def test_yang_zhang_of_three_bars():
    """Open to close in the c-term, as in the paper: 23.2823."""
    assert yang_zhang(BARS, 100.0) == pytest.approx(23.2823, abs=5e-5)


@given(PRICES)
def test_close_to_close_agrees_with_the_standard_library(closes):
    """It is `statistics.stdev` of the log returns, annualised."""
    returns = [math.log(b / a) for a, b in itertools.pairwise(closes)]
    expected = 100 * math.sqrt(252) * statistics.stdev(returns)
    assert close_to_close(closes) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(PRICES, st.floats(0.01, 100))
def test_scaling_prices_leaves_volatility_alone(closes, factor):
    """A split or another currency changes no volatility."""
    scaled = [factor * c for c in closes]
    assert close_to_close(scaled) == pytest.approx(close_to_close(closes), rel=1e-6, abs=1e-6)
    down, up = one_sided(closes, 2)
    assert one_sided(scaled, 2) == pytest.approx((down, up), rel=1e-6, abs=1e-6)


@given(bars(), st.floats(0.01, 100))
def test_scaling_bars_leaves_volatility_alone(days, factor):
    """The same for the estimators that need the whole bar."""
    scaled = [Bar(*(factor * p for p in b)) for b in days]
    assume(all(b.high >= max(b) and b.low <= min(b) for b in scaled))
    for estimator in RANGE_ESTIMATORS.values():
        assert estimator(scaled) == pytest.approx(estimator(days), rel=1e-6, abs=1e-6)
    before = days[0].open
    assert yang_zhang(scaled, factor * before) == pytest.approx(
        yang_zhang(days, before), rel=1e-6, abs=1e-6
    )


@given(bars())
def test_estimators_are_never_negative(days):
    """A volatility is 0 or above."""
    figures = [estimator(days) for estimator in RANGE_ESTIMATORS.values()]
    assert min([*figures, yang_zhang(days, 100.0)]) >= 0


def test_window_counts_returns():
    """A window of 2 uses the last 3 closes; without one, all are used."""
    assert close_to_close(CLOSES, 2) == close_to_close(CLOSES[-3:])
    assert close_to_close(CLOSES, 4) == close_to_close(CLOSES)


@pytest.mark.parametrize(
    ("closes", "window"), [([], None), ([1, 2], None), (CLOSES, 5), (CLOSES, 20), ([1.0], 2)]
)
def test_too_few_closes(closes, window):
    """N returns need N + 1 closes, and a deviation needs two returns."""
    with pytest.raises(NoNumberError):
        close_to_close(closes, window)


@pytest.mark.parametrize("window", [1, 0, -5])
def test_window_without_deviation(window):
    """A window below two makes no sense."""
    with pytest.raises(InputError):
        close_to_close(CLOSES, window)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan])
def test_prices_must_be_above_zero(bad):
    """A price of 0, below 0 or not a number is refused and its place is named."""
    with pytest.raises(InputError, match="Close 2"):
        log_returns([100.0, bad, 100.0])
    with pytest.raises(InputError):
        parkinson([Bar(100.0, 101.0, bad, 100.0)])


def test_bars_must_bracket():
    """A high below the close, or a low above the open, is refused."""
    for bar in (Bar(100, 99, 98, 98.5), Bar(100, 103, 101, 102)):
        with pytest.raises(InputError, match="Day 1"):
            garman_klass([bar])


def test_range_estimators_need_days():
    """No bar, or one bar for Yang-Zhang, gives no number; its first close must be a price."""
    for estimator in RANGE_ESTIMATORS.values():
        with pytest.raises(NoNumberError):
            estimator([])
    with pytest.raises(NoNumberError):
        yang_zhang(BARS[:1], 100.0)
    with pytest.raises(InputError):
        yang_zhang(BARS, 0.0)


def test_flat_prices_have_no_volatility():
    """Constant closes give exactly 0."""
    assert close_to_close([50.0] * 21) == 0
    assert one_sided([50.0] * 21) == (0, 0)


@given(st.lists(st.floats(0.001, 0.05), min_size=2, max_size=20))
def test_sides_of_symmetric_returns_equal_the_volatility(moves):
    """Every rise mirrored by a fall: both sides give the zero-mean volatility itself."""
    returns = [r for m in moves for r in (m, -m)]
    closes = [100.0]
    for r in returns:
        closes.append(closes[-1] * math.exp(r))
    whole = 100 * math.sqrt(252 * math.fsum(r * r for r in returns) / len(returns))
    assert one_sided(closes, len(returns)) == pytest.approx((whole, whole), rel=1e-6)


@given(PRICES)
def test_mirrored_returns_swap_the_sides(closes):
    """Down and up change places when every price is turned over."""
    down, up = one_sided(closes, len(closes) - 1)
    turned = one_sided([1 / c for c in closes], len(closes) - 1)
    assert turned == pytest.approx((up, down), rel=1e-6, abs=1e-6)


def test_one_side_without_a_fall_is_zero():
    """Only rising days: nothing on the falling side."""
    assert one_sided([100, 101, 102, 103], 3)[0] == 0


def test_from_a_price_a_whole_day_before_is_close_to_close():
    """And a first return of no time, or too little of it beside the drift, is refused."""
    closes = [100.0, 101.0, 99.0, 102.0, 101.5]
    assert from_a_price(closes[0], closes[1:], 1.0) == pytest.approx(close_to_close(closes))
    for days in (0.0, -1.0, math.nan):
        with pytest.raises(InputError, match="first return covers"):
            from_a_price(100.0, closes, days)
    assert from_a_price(100.0, [101.0, 99.0], 0.34) > 0
    with pytest.raises(NoNumberError, match=r"1.30 trading days are too few"):
        from_a_price(100.0, [101.0, 99.0], 0.30)
    with pytest.raises(NoNumberError):
        from_a_price(100.0, [101.0], 0.5)


@pytest.mark.parametrize(("days", "returns"), [(0.05, 5), (0.5, 21), (0.9, 21), (1.5, 21)])
def test_from_a_price_is_without_bias(days, returns):
    """The mean variance of 20,000 made paths of 20 points, with a drift, is that of 20 points."""
    rng = np.random.default_rng(5)
    spans = np.array([days, *[1.0] * (returns - 1)])
    daily = 0.20 / math.sqrt(252)
    steps = rng.normal(0.002 * spans, daily * np.sqrt(spans), (20_000, returns))
    closes = 100.0 * np.exp(np.cumsum(steps, axis=1))
    found = [from_a_price(100.0, path, days) ** 2 for path in closes.tolist()]
    assert np.mean(found) == pytest.approx(400.0, rel=0.01)
