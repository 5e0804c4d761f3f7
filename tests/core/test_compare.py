"""Thresholds are met on paper, not in the last bit of a binary number."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.compare import above, at_least, at_most, below

HUNDREDTHS = st.integers(1, 20_000)
THRESHOLDS = st.sampled_from(["0.60", "0.75", "1.00", "1.10", "1.15", "1.30", "2.00"])


@given(HUNDREDTHS, HUNDREDTHS, THRESHOLDS)
def test_quotients_compare_as_exact_fractions(a, b, text):
    """A quotient of two figures of two decimals compares as the exact fraction does."""
    exact, limit = Fraction(a, b), Fraction(text)
    value, threshold = (a / 100) / (b / 100), float(text)
    assert above(value, threshold) == (exact > limit)
    assert below(value, threshold) == (exact < limit)
    assert at_least(value, threshold) == (exact >= limit)
    assert at_most(value, threshold) == (exact <= limit)


@given(HUNDREDTHS, HUNDREDTHS, THRESHOLDS)
def test_differences_compare_as_exact_fractions(a, b, text):
    """A difference of two figures of two decimals compares as the exact one does."""
    exact, limit = Fraction(a - b, 100), Fraction(text)
    value, threshold = a / 100 - b / 100, float(text)
    assert above(value, threshold) == (exact > limit)
    assert at_most(value, threshold) == (exact <= limit)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False, allow_infinity=False))
def test_exactly_one_of_above_equal_below(value, threshold):
    """At least and at most are the opposites of below and above."""
    assert at_least(value, threshold) != below(value, threshold)
    assert at_most(value, threshold) != above(value, threshold)
    assert not (above(value, threshold) and below(value, threshold))


@pytest.mark.parametrize("compare", [above, below, at_least, at_most])
def test_not_a_number_meets_no_threshold(compare):
    """NaN is neither above nor below nor equal."""
    assert not compare(math.nan, 1.0)
    assert not compare(1.0, math.nan)


@pytest.mark.parametrize("threshold", [-2e6, -100.0, -1.0, 0.0, 0.5, 1.0, 2e6])
def test_the_slack_is_a_share_of_a_large_threshold(threshold):
    """A billionth of the threshold, of 1 where that is larger, is noise; twice that is not."""
    slack = 1e-9 * max(1.0, abs(threshold))
    for noise in (0.9 * slack, -0.9 * slack):
        value = threshold + noise
        assert at_least(value, threshold)
        assert at_most(value, threshold)
        assert not above(value, threshold)
        assert not below(value, threshold)
    assert above(threshold + 1.5 * slack, threshold)
    assert not at_most(threshold + 1.5 * slack, threshold)
    assert below(threshold - 1.5 * slack, threshold)
    assert not at_least(threshold - 1.5 * slack, threshold)
