"""z-score, percentile, rank, bands."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vrp_xl.core.standing import (
    BAND_MEANING,
    mean_and_deviation,
    percentile,
    rank,
    z_band,
    zscore,
)
from vrp_xl.errors import InputError, NoNumberError

HISTORY = st.lists(st.floats(-100, 100), min_size=2, max_size=40)


def test_z_excludes_today():
    """8 after [1, 2, 3, 4] is 4.2603; with the 8 inside its own window it would be 1.6285."""
    assert zscore(8, [1, 2, 3, 4]) == pytest.approx(4.2603, abs=5e-5)
    assert zscore(8, [1, 2, 3, 4, 8]) == pytest.approx(1.6285, abs=5e-5)


def test_sample_deviation():
    """The deviation divides by n - 1."""
    values = [1.0, 2.0, 3.0, 4.0, 8.0]
    mean, deviation = mean_and_deviation(values)
    assert mean == statistics.mean(values)
    assert deviation == pytest.approx(statistics.stdev(values))


@given(HISTORY, st.floats(-100, 100))
def test_z_agrees_with_the_standard_library(history, value):
    """A z-score is what `statistics` makes of it."""
    deviation = statistics.stdev(history)
    assume(deviation > 1e-6)
    expected = (value - statistics.mean(history)) / deviation
    assert zscore(value, history) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(HISTORY, st.floats(-100, 100), st.floats(-50, 50), st.floats(0.1, 10))
def test_z_ignores_shift_and_scale(history, value, shift, scale):
    """A z-score knows no unit and no level."""
    assume(statistics.stdev(history) > 1e-3)
    moved = [scale * v + shift for v in history]
    assert zscore(scale * value + shift, moved) == pytest.approx(
        zscore(value, history), rel=1e-6, abs=1e-6
    )


def test_window_takes_the_newest():
    """A window uses the last days only."""
    assert zscore(8, [900, -900, 1, 2, 3, 4], window=4) == zscore(8, [1, 2, 3, 4])
    assert zscore(8, [1, 2, 3, 4], window=252) == zscore(8, [1, 2, 3, 4])
    assert zscore(8, [1, 2, 3, 4], window=2) == zscore(8, [3, 4])


@pytest.mark.parametrize("history", [[], [1.0], [3.0] * 60, [0.1] * 300, [1e6] * 5])
def test_no_z_without_deviation(history):
    """Too few days, or days that never change, have no z-score instead of an infinite one."""
    with pytest.raises(NoNumberError):
        zscore(1.0, history)


@pytest.mark.parametrize("window", [1, 0, -3])
def test_window_must_have_a_deviation(window):
    """A window below two days is refused, not read as something else."""
    with pytest.raises(InputError):
        zscore(8, [1, 2, 3, 4], window=window)


def test_percentile_counts_strictly_below():
    """Previous days only: 100; with today among them: 80; a tie does not count."""
    assert percentile(8, [1, 2, 3, 4]) == 100
    assert percentile(8, [1, 2, 3, 4, 8]) == 80
    assert percentile(1, [1, 1, 1]) == 0
    assert percentile(16, [12, 14, 13, 30, 15]) == 80


def test_rank_of_the_worked_example():
    """16 after 12, 14, 13, 30, 15 ranks 22.22, and may leave 0 to 100."""
    assert rank(16, [12, 14, 13, 30, 15]) == pytest.approx(22.2222, abs=5e-5)
    assert rank(48, [12, 30]) == 200
    assert rank(3, [12, 30]) == -50


def test_no_standing_in_an_empty_or_flat_history():
    """Percentile needs a day, rank needs a range."""
    for call in (lambda: percentile(1, []), lambda: rank(1, []), lambda: rank(1, [2, 2])):
        with pytest.raises(NoNumberError):
            call()


@given(HISTORY, st.floats(-100, 100), st.floats(0, 50))
def test_a_larger_value_never_stands_lower(history, value, more):
    """Percentile and rank never fall as the value rises."""
    assert percentile(value + more, history) >= percentile(value, history)
    if max(history) > min(history):
        assert rank(value + more, history) >= rank(value, history)
    assert 0 <= percentile(value, history) <= 100


@pytest.mark.parametrize(
    ("z", "band"),
    [(1.5, "normal"), (1.5 + 1e-12, "normal"), (1.51, "rich"), (-1.5, "normal"),
     (-1.5 - 1e-12, "normal"), (-1.51, "compressed"), (0, "normal"), (math.inf, "rich"),
     (-math.inf, "compressed")],
)  # fmt: skip
def test_band_edges(z, band):
    """Both edges belong to the normal band."""
    assert z_band(z) == band
    assert BAND_MEANING[band]
