"""The two-way cumulative histogram: counts as a loop over names and cells gives them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core import compare
from vrp_xl.core.whatif import Column, counts, passed

FIGURES = st.one_of(
    st.floats(-5, 5), st.sampled_from([0.0, 1.0, 1.15, 3.22 / 2.8, float("nan"), -0.5])
)
EDGES = st.lists(st.one_of(st.floats(-5, 5), st.sampled_from([1.0, 1.15])), min_size=1, max_size=6)


@given(values=st.lists(FIGURES, max_size=30), edges=EDGES, strict=st.booleans())
def test_passed_is_the_comparison_of_the_core(values, edges, strict):
    """Each value passes what `core.compare` says it passes; NaN passes nothing."""
    edges = sorted(edges)
    found = passed(Column.of(np.array(values, dtype=float)), edges, strict=strict)
    holds = compare.above if strict else compare.at_least
    for value, count in zip(values, found.tolist(), strict=True):
        assert count == sum(holds(value, edge) for edge in edges)


@given(
    points=st.lists(st.tuples(FIGURES, FIGURES, st.floats(-3, 3)), max_size=25),
    rows=EDGES,
    columns=EDGES,
)
def test_counts_as_a_loop_does(points, rows, columns):
    """Every pair of thresholds counts, or weighs, the names that pass both."""
    rows, columns = sorted(rows), sorted(columns)
    a, b, weights = (np.array([p[i] for p in points], dtype=float) for i in range(3))
    by_row = passed(Column.of(a), rows, strict=False)
    by_column = passed(Column.of(b), columns, strict=True)
    shape = (len(rows), len(columns))
    number = counts(by_row, by_column, shape)
    weighed = counts(by_row, by_column, shape, weights)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            both = [
                w for x, y, w in points if compare.at_least(x, row) and compare.above(y, column)
            ]
            assert number[i, j] == len(both)
            assert weighed[i, j] == pytest.approx(sum(both), abs=1e-9)


def test_no_names():
    """An empty list of names is a grid of zeros."""
    none = passed(Column.of(np.array([])), [1.0, 2.0], strict=True)
    assert counts(none, none, (2, 2)).tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("value", "threshold", "strict", "passes"),
    [
        (1.0 + 0.5e-9, 1.0, True, 0), (1.0 + 1.5e-9, 1.0, True, 1),
        (1.0 - 0.5e-9, 1.0, False, 1), (1.0 - 1.5e-9, 1.0, False, 0),
        (1e6 + 5e-4, 1e6, True, 0), (1e6 + 2e-3, 1e6, True, 1),
        (-1e6 - 5e-4, -1e6, False, 1), (-1e6 - 2e-3, -1e6, False, 0),
    ],
)  # fmt: skip
def test_noise_at_a_threshold(value, threshold, strict, passes):
    """A billionth of the threshold, of 1 where that is larger."""
    assert passed(Column.of(np.array([value])), [threshold], strict=strict).tolist() == [passes]


def test_a_grid_by_hand():
    """Three names at two by three thresholds; numbers of names are floats as weights are."""
    rows, columns = np.array([2, 1, 0]), np.array([1, 3, 3])
    found = counts(rows, columns, (2, 3))
    assert found.tolist() == [[2.0, 1.0, 1.0], [1.0, 0.0, 0.0]]
    assert found.dtype == float
    weighed = counts(rows, columns, (2, 3), np.array([0.5, 2.0, 9.0]))
    assert weighed.tolist() == [[2.5, 2.0, 2.0], [0.5, 0.0, 0.0]]
