"""Block bootstrap: whole blocks, every day alike, and intervals that hold the truth as promised."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from vrp_xl.core import bootstrap


def share_held(series, length, runs=200):
    """How often the interval of a mean holds 0, the truth."""
    rng = np.random.default_rng(11)
    hits = 0
    for run in range(runs):
        values = series(rng)
        drawn = bootstrap.blocks(len(values), length, draws=300, seed=run)
        means = drawn.sums(values[:, None])[:, 0] / len(values)
        found = bootstrap.interval(means, drawn.held(np.ones(len(values))))
        hits += found is not None and found.holds_zero
    return hits / runs


def overlapping(rng, n=1260):
    """Means of 21 following draws, one per day: what outcomes of overlapping windows are like."""
    steps = np.concatenate([[0.0], np.cumsum(rng.normal(0, 1, n + 20))])
    return (steps[21:] - steps[:-21]) / 21


def test_intervals_hold_the_truth_of_independent_days():
    """About 95 of 100."""
    held = share_held(lambda rng: rng.normal(0, 1, 1260), bootstrap.block_length(1260, 21))
    assert 0.90 <= held <= 0.99


def test_intervals_hold_the_truth_of_overlapping_windows():
    """About 95 of 100 with blocks of the chosen length, clearly fewer with blocks of one tenor."""
    ours = share_held(overlapping, bootstrap.block_length(1260, 21))
    assert 0.90 <= ours <= 0.995
    assert share_held(overlapping, 21) < ours - 0.03


@pytest.mark.parametrize(
    ("days", "tenor", "length"),
    [(8219, 21, 252), (2520, 21, 252), (1260, 21, 126), (300, 21, 30), (100, 21, 21), (900, 5, 60)],
)
def test_a_block_is_never_shorter_than_the_tenor(days, tenor, length):
    """Twelve tenors, a tenth of a short history, at least one tenor."""
    assert bootstrap.block_length(days, tenor) == length


@pytest.mark.parametrize(("days", "length"), [(10, 3), (12, 4), (7, 7), (5, 9), (9, 1)])
def test_sums_are_those_of_the_days_that_blocks_hold(days, length):
    """Each draw has as many days as the history; around its end it goes on at its start."""
    values = np.random.default_rng(1).normal(size=(days, 2, 3))
    drawn = bootstrap.blocks(days, length, draws=40)
    length = drawn.length
    for b, total in enumerate(drawn.sums(values)):
        at = [(s + k) % days for s in drawn.starts[b] for k in range(length)][:days]
        assert len(at) == days
        np.testing.assert_allclose(total, values[at].sum(axis=0), atol=1e-12)


def test_the_same_figures_give_the_same_interval():
    """The seed is fixed."""
    assert (bootstrap.blocks(500, 60).starts == bootstrap.blocks(500, 60).starts).all()
    assert (bootstrap.blocks(500, 60, seed=2).starts != bootstrap.blocks(500, 60).starts).any()


def test_no_interval_where_there_is_too_little():
    """Too few blocks with members, or draws without any."""
    values = np.random.default_rng(2).normal(size=400)
    assert bootstrap.interval(values, bootstrap.BLOCKS_WITH_MEMBERS - 1) is None
    assert bootstrap.interval(values, bootstrap.BLOCKS_WITH_MEMBERS) is not None
    values[:40] = np.nan
    assert bootstrap.interval(values, 30) is None


def test_fewer_blocks_give_a_wider_interval():
    """As Student's t is wider than the normal distribution."""
    values = np.random.default_rng(2).normal(size=4000)
    few, many = bootstrap.interval(values, 6), bootstrap.interval(values, 400)
    assert few is not None
    assert many is not None
    assert few.low < many.low < -1.9
    assert 1.9 < many.high < few.high
    assert many.high == pytest.approx(1.96, abs=0.12)


@pytest.mark.parametrize(
    ("freedom", "table"), [(4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042), (120, 1.980)]
)
def test_student_is_that_of_the_tables(freedom, table):
    """97.5 % quantiles as printed tables have them; the expansion is good to 0.01 from 4 on."""
    assert bootstrap.student(0.975, freedom) == pytest.approx(table, abs=0.01)


def test_blocks_that_hold_members():
    """The history laid out in blocks, counted where a group has days."""
    counts = np.zeros(100)
    counts[[3, 4, 55, 99]] = 1
    assert bootstrap.blocks(100, 10).held(counts) == 3


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(3, 3.1824463), (4, 2.7764451), (5, 2.5705818), (10, 2.2281389), (30, 2.0422725)],
)
def test_students_t_of_the_tables(freedom, quantile):
    """The two-sided 95 % points as tables print them, as near as five terms of the series come."""
    tolerance = {3: 4e-3, 4: 9e-4, 5: 3e-4, 10: 1e-5, 30: 1e-7}[freedom]
    assert bootstrap.student(0.975, freedom) == pytest.approx(quantile, abs=tolerance)


@pytest.mark.parametrize(
    ("deviations", "terms"),
    [
        (1, (1, 2 / 4, 24 / 96, 24 / 384, -528 / 92160)),
        (2, (2, 10 / 4, 294 / 96, 1098 / 384, 169950 / 92160)),
        (-2, (-2, -10 / 4, -294 / 96, -1098 / 384, -169950 / 92160)),
    ],
)
def test_the_expansion_term_by_term(deviations, terms):
    """Abramowitz and Stegun 26.7.5 worked out by hand, over powers of the degrees of freedom."""
    probability = NormalDist().cdf(deviations)
    for freedom in (1, 2, 10):
        want = sum(term / freedom**k for k, term in enumerate(terms))
        assert bootstrap.student(probability, freedom) == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize(
    ("held", "level", "t"),
    [(5, 0.95, 2.7764), (10, 0.95, 2.2622), (10, 0.90, 1.8331), (31, 0.99, 2.7500)],
)
def test_the_ends_are_read_off_as_student_asks(held, level, t):
    """At the normal tail of sqrt(held / (held - 1)) times the t of the table (Hesterberg 2015)."""
    even = np.linspace(0.0, 1.0, 100_001)
    tail = NormalDist().cdf(-((held / (held - 1)) ** 0.5) * t)
    found = bootstrap.interval(even, held, level)
    assert found == pytest.approx((tail, 1 - tail), abs=2e-5)
    if level == 0.95:
        assert bootstrap.interval(even, held) == found


def test_one_draw_in_twenty_may_be_without_a_member():
    """Of 400 draws 20; the others then give the interval."""
    values = np.random.default_rng(3).normal(size=400)
    values[:20] = np.nan
    assert bootstrap.interval(values, 10) == bootstrap.interval(values[20:], 10)
    values[20] = np.nan
    assert bootstrap.interval(values, 10) is None


def test_what_a_draw_is_made_of():
    """As many blocks as it takes, starting on any day; 2,000 draws of one seed by default."""
    drawn = bootstrap.blocks(25, 10)
    assert (drawn.days, drawn.length, drawn.last, drawn.starts.shape) == (25, 10, 5, (2000, 3))
    assert (drawn.starts.min(), drawn.starts.max()) == (0, 24)
    assert (drawn.starts == bootstrap.blocks(25, 10, seed=1990).starts).all()
    whole = bootstrap.blocks(20, 10, draws=3)
    assert (whole.last, whole.starts.shape) == (10, (3, 2))
    short = bootstrap.blocks(5, 10, draws=3)
    assert (short.length, short.last, short.starts.shape) == (5, 5, (3, 1))
    assert short.held(np.array([0.0, 0.0, 0.0, 0.0, 1.0])) == 1
    assert bootstrap.blocks(25, 10).held(np.array([0.0] * 20 + [2.0] + [0.0] * 4)) == 1
    assert bootstrap.blocks(25, 10).held(np.array([1.0] + [0.0] * 24)) == 1
    assert bootstrap.blocks(25, 10).held(np.zeros(25)) == 0


@pytest.mark.parametrize(
    ("low", "high", "holds"),
    [(-1, 1, True), (0, 1, True), (-1, 0, True), (0.1, 1, False), (-1, -0.1, False)],
)
def test_an_interval_holds_its_ends(low, high, holds):
    """An end at 0 holds it."""
    assert bootstrap.Interval(low, high).holds_zero == holds
