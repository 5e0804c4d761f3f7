"""Spread, variance, ratio, funnel and compression."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.premium import (
    FUNNEL_MEANING,
    compression,
    compression_band,
    funnel,
    ratio,
    spread,
    variance_premium,
)
from vrp_xl.errors import InputError, NoNumberError

VOLS = st.floats(0.01, 500)
RANK = ["skip", "edge gone", "caution", "edge exists"]
BANDS = ["severe compression", "mild compression", "normal", "mild expansion", "severe expansion"]


def test_figures_of_20_over_15():
    """IV 20 and RV 15: spread 5, ratio 1.3333, variance 0.0175, log ratio half the log variance."""
    assert spread(20, 15) == 5
    assert ratio(20, 15) == pytest.approx(1.3333333333)
    assert variance_premium(20, 15) == pytest.approx(0.0175)
    assert math.log(ratio(20, 15)) == pytest.approx(0.28768, abs=5e-6)
    assert math.log((20 / 15) ** 2) == pytest.approx(0.57536, abs=5e-6)


def test_variance_of_the_recorded_answer():
    """IV 20.84 and RV20 10.46 give the recorded variance risk premium of 0.032489."""
    assert variance_premium(20.84, 10.46) == pytest.approx(0.032489, abs=5e-7)


@given(VOLS, VOLS)
def test_positive_means_rich_in_every_measure(iv, rv):
    """Spread, variance and floorless ratio agree on which side is larger."""
    sign = (iv > rv) - (iv < rv)
    assert math.copysign(1, spread(iv, rv)) * abs(sign) == sign
    assert (ratio(iv, rv, floor=1e-9) > 1) == (iv / rv > 1)
    if abs(iv - rv) > 1e-6:
        assert (variance_premium(iv, rv) > 0) == (iv > rv)


@given(VOLS, VOLS, st.floats(0.1, 20))
def test_ratio_never_rises_above_iv_over_floor(iv, hv, floor):
    """The floor bounds the ratio, and changes nothing above itself."""
    assert ratio(iv, hv, floor) <= iv / floor
    if hv >= floor:
        assert ratio(iv, hv, floor) == iv / hv


@pytest.mark.parametrize(
    ("iv", "hv", "floor"),
    [(-1, 10, 5), (10, -1, 5), (10, 0, 0), (10, 5, -1), (math.nan, 5, 5), (5, math.nan, 5)],
)
def test_ratio_refuses_nonsense(iv, hv, floor):
    """A volatility below 0 is not floored away, and a floor must be above 0."""
    with pytest.raises(InputError):
        ratio(iv, hv, floor)


def test_ratio_of_a_dead_stock_is_finite():
    """HV 0 counts as the floor."""
    assert ratio(8, 0) == 1.6


def test_compression_without_hv90():
    """HV90 of 0 has no ratio; a negative one is refused."""
    with pytest.raises(NoNumberError):
        compression(10, 0)
    for pair in ((-1, 10), (10, -1), (math.nan, 10)):
        with pytest.raises(InputError):
            compression(*pair)


@pytest.mark.parametrize(
    ("hv30", "hv90", "band"),
    [
        (11.99, 20, "severe compression"), (12, 20, "mild compression"),
        (14.99, 20, "mild compression"), (15, 20, "normal"), (20, 20, "normal"),
        (23, 20, "normal"), (23.01, 20, "mild expansion"), (26, 20, "mild expansion"),
        (26.01, 20, "severe expansion"),
        # binary noise on either side of the edge
        (3.22, 2.8, "normal"), (1.61, 1.4, "normal"), (2.99, 2.6, "normal"),
    ],
)  # fmt: skip
def test_band_edges(hv30, hv90, band):
    """Below 0.60, [0.60, 0.75), [0.75, 1.15], (1.15, 1.30], above 1.30, as quotients."""
    assert compression_band(compression(hv30, hv90)) == band


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_bands_are_exact_for_any_quotient(a, b):
    """The band of a quotient of hundredths is the band of the exact fraction."""
    exact = Fraction(a, b)
    edges = [
        exact >= Fraction("0.60"), exact >= Fraction("0.75"),
        exact > Fraction("1.15"), exact > Fraction("1.30"),
    ]  # fmt: skip
    assert compression_band(compression(a / 100, b / 100)) == BANDS[sum(edges)]


@pytest.mark.parametrize(("iv", "hv"), [(22, 20), (33, 30), (11, 10), (5.5, 5), (16.5, 15)])
def test_structural_of_exactly_1_10_fails(iv, hv):
    """The structural threshold is strict, whatever the last bit says."""
    assert funnel(ratio(iv, hv), 2.0) == "skip"
    assert funnel(ratio(iv + 0.001, hv), 2.0) == "edge exists"


@pytest.mark.parametrize(("iv", "hv"), [(23, 20), (32.2, 28), (16.1, 14), (6.9, 6), (13.8, 12)])
def test_tactical_of_exactly_1_15_fails(iv, hv):
    """The tactical threshold is strict, also where the quotient comes out above 1.15."""
    assert funnel(2.0, ratio(iv, hv)) == "caution"
    assert funnel(2.0, ratio(iv + 0.001, hv)) == "edge exists"


@pytest.mark.parametrize(("iv", "hv"), [(22, 20), (33, 30), (7.7, 7), (12.1, 11), (18.7, 17)])
def test_caution_begins_at_exactly_1_10(iv, hv):
    """Tactical of exactly 1.10 is caution, just below it the edge is gone."""
    assert funnel(2.0, ratio(iv, hv)) == "caution"
    assert funnel(2.0, ratio(iv - 0.001, hv)) == "edge gone"


@given(st.floats(0, 5), st.floats(0, 5), st.floats(0, 1), st.floats(0, 1))
def test_funnel_never_falls_when_a_ratio_rises(structural, tactical, more_s, more_t):
    """A richer ratio never gives a worse verdict."""
    before = RANK.index(funnel(structural, tactical))
    assert RANK.index(funnel(structural + more_s, tactical)) >= min(before, 3)
    assert RANK.index(funnel(structural, tactical + more_t)) >= before


def test_every_verdict_has_a_meaning():
    """Each verdict is explained."""
    assert set(FUNNEL_MEANING) == set(RANK)
