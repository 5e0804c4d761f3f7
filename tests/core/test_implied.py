"""ATM IV, interpolation in total variance, expected move."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vrp_xl.core.implied import atm_iv, expected_move, interpolate_iv, interpolate_linear
from vrp_xl.errors import InputError

IVS = st.floats(1, 300)
DAYS = st.integers(1, 700)


def test_atm_iv_is_the_mean_of_both_sides():
    """24.5 and 26.8 give 25.65; one side alone gives nothing."""
    assert atm_iv(24.5, 26.8) == pytest.approx(25.65)
    assert atm_iv(None, 26.8) is None
    assert atm_iv(24.5, None) is None


def test_interpolation_is_linear_in_total_variance():
    """23 days at 20 and 37 days at 22 give 21.2556 at 30, not 21."""
    assert interpolate_iv([(23, 20.0), (37, 22.0)], 30) == pytest.approx(21.2556, abs=5e-5)


@given(DAYS, DAYS, IVS, IVS, st.floats(0, 1))
def test_interpolated_variance_lies_on_the_line(t1, t2, s1, s2, share):
    """Total variance at the tenor is the weighted mean of its neighbours'."""
    assume(t1 < t2)
    days = t1 + share * (t2 - t1)
    got = interpolate_iv([(t2, s2), (t1, s1)], days)
    weight = (days - t1) / (t2 - t1)
    expected = (1 - weight) * s1**2 * t1 + weight * s2**2 * t2
    assert got is not None
    assert got**2 * days == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "points", [[], [(30.5, 20)], [(7, 20), (14, 22)], [(45, 20), (60, 22)], [(0, 20), (45, 22)],
               [(7, 0), (45, 22)], [(7, math.nan), (45, 22)]],
)  # fmt: skip
def test_nothing_is_extrapolated(points):
    """Without a usable expiry on both sides there is no figure."""
    assert interpolate_iv(points, 30) is None


def test_the_nearest_neighbours_are_taken():
    """Further expiries change nothing, and an exact one speaks for itself."""
    inner = [(23, 20.0), (37, 22.0)]
    assert interpolate_iv([(7, 90.0), *inner, (90, 5.0)], 30) == interpolate_iv(inner, 30)
    assert interpolate_iv([*inner, (30, 28.74)], 30) == 28.74


def test_expected_move_of_the_worked_example():
    """100 at 20 points over 30 days: 5.7338."""
    assert expected_move(100, 20, 30) == pytest.approx(5.7338, abs=5e-5)
    assert expected_move(100, 20, 0) == 0


@given(st.floats(0.01, 1e5), IVS, DAYS, st.floats(0.01, 100))
def test_expected_move_scales_with_the_price(spot, iv, days, factor):
    """Twice the price moves twice as far, four times the time moves twice as far."""
    move = expected_move(spot, iv, days)
    assert expected_move(factor * spot, iv, days) == pytest.approx(factor * move)
    assert expected_move(spot, iv, 4 * days) == pytest.approx(2 * move)


@pytest.mark.parametrize("bad", [(-1, 20, 30), (100, -20, 30), (100, 20, -1), (math.nan, 1, 1)])
def test_expected_move_refuses_nonsense(bad):
    """Nothing may be below 0; what was given is said."""
    with pytest.raises(InputError) as error:
        expected_move(*bad)
    price, iv, days = (f"{x:g}" for x in bad)
    assert str(error.value) == (
        f"The expected move of {price} at {iv} points over {days} days makes no sense. "
        "None of the three may be below 0."
    )


@pytest.mark.parametrize("points", [[], [(14, 12.0)], [(60, 14.0)], [(7, 1.0), (14, 2.0)]])
def test_a_line_needs_both_sides(points):
    """One tenor, or two on one side, bracket nothing."""
    assert interpolate_linear(points, 30) is None


def test_a_line_takes_the_nearest_and_an_exact_one():
    """In any order, and below 0 too."""
    points = [(90, 99.0), (60, -2.0), (7, 99.0), (20, 2.0)]
    assert interpolate_linear(points, 30) == pytest.approx(1.0)
    assert interpolate_linear(points, 60) == -2.0


def test_nothing_moves_at_no_volatility():
    """An IV, a price or a time of 0 are figures: the move is 0."""
    assert (expected_move(100, 0, 30), expected_move(0, 20, 30), expected_move(100, 20, 0)) == (
        0.0, 0.0, 0.0,
    )  # fmt: skip


def test_an_expiry_of_half_a_day_is_one():
    """It brackets what comes after it, linear in total variance."""
    variance = (30**2 * 0.5 * 1 + 20**2 * 2 * 0.5) / 1.5
    assert interpolate_iv([(0.5, 30.0), (2, 20.0)], 1) == pytest.approx(math.sqrt(variance))
    assert interpolate_iv([(0.5, 0.3), (2, 0.2)], 0.5) == 0.3
