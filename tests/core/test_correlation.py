"""Names that are one bet, and the tenor with the largest premium."""

from __future__ import annotations

import math
import random
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core import calendar
from vrp_xl.core.correlation import Bets, Pair, one_bet
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import TermPoint
from vrp_xl.core.term import tenor

DAYS = []
_day = date(2026, 11, 20)
while len(DAYS) < 80:
    DAYS.insert(0, _day)
    _day = calendar.previous_trading_day(_day)


def walk(seed, *, like=None, share=0.0):
    """Closes of 80 days; `like` lends so much of its daily returns."""
    own = random.Random(seed)
    returns = [own.gauss(0, 0.01) for _ in DAYS]
    if like is not None:
        returns = [share * b + (1 - share) * a for a, b in zip(returns, like[1], strict=True)]
    price, closes = 100.0, []
    for day, r in zip(DAYS, returns, strict=True):
        price *= math.exp(r)
        closes.append((day, price))
    return closes, returns


A = walk(1)
B = walk(2, like=A, share=0.9)
C = walk(3)


def test_one_bet_by_the_correlation_of_sixty_returns():
    """The figure is numpy's over the last 60 returns; the third name stands alone."""
    found = one_bet({"A": A[0], "B": B[0], "C": C[0]}, STANDARD)
    want = np.corrcoef(A[1][-60:], B[1][-60:])[0, 1]
    assert [(p.first, p.second) for p in found.pairs] == [("A", "B")]
    assert found.pairs[0].correlation == pytest.approx(want)
    assert found.groups == (("A", "B"),)
    assert found.words == [f"A and B are one bet: 60-day correlation {want:.2f}"]
    assert (found.unknown, found.last) == ((), DAYS[-1])


def test_the_limit_is_a_rule():
    """Above it, or off."""
    closes = {"A": A[0], "B": B[0]}
    r = one_bet(closes, STANDARD).pairs[0].correlation
    assert one_bet(closes, STANDARD.with_values({"correlation_max": min(r + 1e-6, 1)})).pairs == ()
    assert one_bet(closes, STANDARD.with_values({"correlation_max": None})).words == []


def test_a_name_without_its_closes_is_named():
    """A day short, a hole, an old series: never silently fine."""
    short, hole = C[0][-60:], [*C[0][:-5], *C[0][-4:]]
    old = [(d, c) for d, c in C[0] if d < date(2026, 11, 1)]
    found = one_bet({"A": A[0], "B": B[0], "S": short, "H": hole, "O": old, "N": []}, STANDARD)
    assert found.unknown == ("H", "N", "O", "S")
    assert len(found.pairs) == 1
    assert "whether H, N, O, S are one bet with others is not known" in found.words[-1]
    flat = [(day, 5.0) for day in DAYS]
    assert one_bet({"A": A[0], "F": flat}, STANDARD).unknown == ("F",)


def test_names_hang_together_in_groups():
    """A with B and A with D make one group of three."""
    d = walk(4, like=A, share=0.95)
    found = one_bet({"A": A[0], "B": B[0], "D": d[0], "C": C[0]}, STANDARD)
    assert found.groups == (("A", "B", "D"),)
    assert found.words[0].startswith("A, B and D are one bet")


def test_each_group_names_its_own_highest_pair():
    """Two bets: a pair, and three names of which two are closest."""
    near, far = walk(4, like=A, share=0.95), walk(6, like=A, share=0.8)
    other = walk(5, like=C, share=0.9)
    found = one_bet({"A": A[0], "N": near[0], "F": far[0], "C": C[0], "E": other[0]}, STANDARD)
    assert found.groups == (("A", "F", "N"), ("C", "E"))

    def r(x, y):
        return np.corrcoef(x[1][-60:], y[1][-60:])[0, 1]

    assert found.words == [
        f"A, F and N are one bet: 60-day correlation {r(A, near):.2f} (A, N)",
        f"C and E are one bet: 60-day correlation {r(C, other):.2f}",
    ]
    assert r(A, near) > r(near, far)


def test_groups_that_a_later_pair_joins_are_one():
    """A with B and C with D, then B with C: four names, one group."""
    pairs = (Pair("A", "B", 0.9), Pair("C", "D", 0.95), Pair("B", "C", 0.8))
    bets = Bets(pairs, (), 60, DAYS[-1])
    assert bets.groups == (("A", "B", "C", "D"),)
    assert bets.words == ["A, B, C and D are one bet: 60-day correlation 0.95 (C, D)"]


def test_nothing_to_compare():
    """One name, no limit, no close: no pair, the rule's days, and who could not be judged."""
    off = STANDARD.with_values({"correlation_max": None, "correlation_days": 40})
    assert one_bet({"A": A[0], "B": B[0]}, off) == ((), (), 40, None)
    assert one_bet({"A": A[0]}, STANDARD) == ((), (), 60, None)
    assert one_bet({"A": A[0][-1:], "B": []}, STANDARD) == ((), ("A", "B"), 60, DAYS[-1])
    none = one_bet({"B": [], "A": []}, STANDARD)
    assert none == ((), ("A", "B"), 60, None)
    assert none.words == [
        "whether A, B are one bet with others is not known: fewer than 61 daily closes are stored"
    ]


def test_a_name_may_be_a_week_behind():
    """Up to 7 calendar days; then all are compared up to the last day of the one behind."""
    assert (DAYS[-1], DAYS[-6], DAYS[-7]) == (
        date(2026, 11, 20), date(2026, 11, 13), date(2026, 11, 12),
    )  # fmt: skip
    (pair,), unknown, _, last = one_bet({"A": A[0], "B": B[0][:-5]}, STANDARD)
    assert (unknown, last) == ((), DAYS[-6])
    assert pair.correlation == pytest.approx(np.corrcoef(A[1][-65:-5], B[1][-65:-5])[0, 1])
    assert one_bet({"A": A[0], "B": B[0][:-6]}, STANDARD) == ((), ("B",), 60, DAYS[-1])


def test_a_close_that_is_no_trading_day_s_does_not_count():
    """A Saturday's: the days compared are the trading days up to it."""
    saturday = date(2026, 11, 21)
    found = one_bet({"A": [*A[0], (saturday, 1.0)], "B": [*B[0], (saturday, 900.0)]}, STANDARD)
    assert found.pairs == one_bet({"A": A[0], "B": B[0]}, STANDARD).pairs
    assert found.last == saturday


def test_exactly_as_many_closes_as_it_takes():
    """61 closes give 60 returns."""
    found = one_bet({"A": A[0][-61:], "B": B[0][-61:]}, STANDARD)
    assert (len(found.pairs), found.unknown) == (1, ())


def test_before_the_calendar_nothing_is_compared():
    """Where it holds fewer days than the rule asks for every name is unknown."""
    first = calendar.trading_days(calendar.FIRST_DAY, calendar.FIRST_DAY.replace(month=2))
    closes = [(day, 100.0 + n % 3) for n, day in enumerate(first)]
    found = one_bet({"A": closes, "B": closes}, STANDARD)
    assert found == ((), ("A", "B"), 60, first[-1])


TERM = [TermPoint(7, 24, 16, 8.0), TermPoint(21, 22, 16, 6.0), TermPoint(30, 21, 17, 4.0),
        TermPoint(60, 20, 17, 4.0), TermPoint(90, 20, 15, 5.0)]  # fmt: skip


def test_the_richest_tenor_that_may_be_sold():
    """The richest of all is short; of two equal ones the nearer to target_dte is taken."""
    found = tenor(TERM, STANDARD)
    assert (found.richest, found.suggested, found.premium) == (7, 30, 4.0)
    assert found.why.endswith("the richest of all is 8.0 at 7 days")
    wide = STANDARD.with_values({"dte_max": 120})
    assert tenor(TERM, wide).suggested == 90


@pytest.mark.parametrize(
    ("points", "rules", "why"),
    [
        ([], {}, "the premium by tenor is not known"),
        ([TermPoint(30, 20, None, None)], {}, "the premium by tenor is not known"),
        (TERM[:2], {}, "no tenor from 30 to 60 days is known (there are 7, 21)"),
        ([TermPoint(45, 15, 18, -3.0)], {}, "no tenor from 30 to 60 days pays a premium"),
        (TERM, {"time_stop_dte": 60}, "no tenor up to 60 days is longer than the time stop of 60"),
    ],
)
def test_no_tenor_has_a_reason(points, rules, why):
    """Never a number without a premium."""
    found = tenor(points, STANDARD.with_values(rules))
    assert found.suggested is None
    assert why in found.why


@given(
    st.lists(
        st.tuples(st.integers(1, 200), st.floats(-10, 20)), max_size=8, unique_by=lambda p: p[0]
    ),
    st.integers(0, 60), st.integers(1, 60),
)  # fmt: skip
def test_a_suggestion_never_lies_at_or_under_the_time_stop(points, stop, low):
    """Nor outside dte_min to dte_max, nor without a premium."""
    rules = STANDARD.with_values({"time_stop_dte": stop, "dte_min": min(low, 45)})
    found = tenor([TermPoint(d, 20.0, 20.0 - v, v) for d, v in points], rules)
    assert found.why
    if found.suggested is not None:
        assert found.suggested > stop
        assert rules.dte_min <= found.suggested <= rules.dte_max
        assert found.premium > 0


def test_a_bad_close_is_a_missing_one():
    """A price of 0 is none: the name is not compared."""
    bad = [(day, 0.0 if day == DAYS[-10] else close) for day, close in B[0]]
    found = one_bet({"A": A[0], "B": bad}, STANDARD)
    assert (found.pairs, found.unknown) == ((), ("B",))


def test_two_names_that_cannot_be_compared_are_both_named():
    """Only those that lack a close are named where there are days to compare."""
    short = B[0][-5:]
    assert one_bet({"A": A[0], "B": short}, STANDARD).unknown == ("B",)
    assert one_bet({"A": A[0][-5:], "B": short}, STANDARD).unknown == ("A", "B")
    assert one_bet({"A": [], "B": []}, STANDARD).unknown == ("A", "B")


def test_names_that_move_as_one_reach_one():
    """The very same series correlates at 1, and no limit lies above that."""
    for seed in (2, 10, 17):  # their products come out a hair above 1
        (pair,) = one_bet({"A": walk(seed)[0], "B": walk(seed)[0]}, STANDARD).pairs
        assert pair.correlation == 1.0
    whole = STANDARD.with_values({"correlation_max": 1})
    assert one_bet({"A": A[0], "B": A[0]}, whole).pairs == ()


@pytest.mark.parametrize(
    ("points", "suggested"),
    [
        ([TermPoint(31, 21, 17, 4.0), TermPoint(44, 21, 17, 4.0)], 44),
        ([TermPoint(58, 21, 17, 4.0), TermPoint(40, 21, 17, 4.0)], 40),
    ],
)
def test_of_equal_tenors_the_one_nearer_the_target(points, suggested):
    """45 days by default, from either side; where it is the richest of all nothing is added."""
    found = tenor(points, STANDARD)
    assert found.suggested == suggested


def test_the_richest_of_all_is_told_only_where_it_is_another():
    """One tenor alone is both."""
    alone = tenor([TermPoint(45, 21, 17, 4.0)], STANDARD)
    assert (alone.richest, alone.suggested) == (45, 45)
    assert "richest of all" not in alone.why
