"""The tenor to sell, whole: richest, suggested, premium and the sentence, edge by edge."""

from __future__ import annotations

import pytest

from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import TermPoint
from vrp_xl.core.term import Tenor, tenor

ROWS = [
    # premium by days, rules, tenor
    ({45: 4.04}, {}, Tenor(45, 45, 4.04, "premium 4.0 points at 45 days, the most from 30 to 60 days")),
    ({29: 9.0, 30: 1.0, 60: 0.5, 61: 8.0}, {}, Tenor(29, 30, 1.0,
     "premium 1.0 points at 30 days, the most from 30 to 60 days; the richest of all is 9.0 at 29 days")),
    ({60: 1.0, 61: 8.0}, {}, Tenor(61, 60, 1.0,
     "premium 1.0 points at 60 days, the most from 30 to 60 days; the richest of all is 8.0 at 61 days")),
    ({90: 2.0, 10: 2.0, 79: 2.0}, {}, Tenor(79, None, None,
     "no tenor from 30 to 60 days is known (there are 10, 79, 90); "
     "the richest of all is 2.0 at 79 days")),
    ({40: 3.0, 50: 3.0}, {}, Tenor(40, 40, 3.0,
     "premium 3.0 points at 40 days, the most from 30 to 60 days")),
    ({45: 0.0, 7: 1.0}, {}, Tenor(7, None, None,
     "no tenor from 30 to 60 days pays a premium; the richest of all is 1.0 at 7 days")),
    ({45: 1e-6}, {}, Tenor(45, 45, 1e-6, "premium 0.0 points at 45 days, the most from 30 to 60 days")),
    ({44: 2.0, 45: 1.0}, {"time_stop_dte": 44}, Tenor(44, 45, 1.0,
     "premium 1.0 points at 45 days, the most from 45 to 60 days; the richest of all is 2.0 at 44 days")),
    ({60: 2.0, 45: 1.0}, {"time_stop_dte": 59}, Tenor(60, 60, 2.0,
     "premium 2.0 points at 60 days, the most from 60 to 60 days")),
    ({60: 2.0}, {"time_stop_dte": 60}, Tenor(60, None, None,
     "no tenor up to 60 days is longer than the time stop of 60; "
     "the richest of all is 2.0 at 60 days")),
    ({31: 2.0, 10: 1.0}, {"dte_min": 10, "time_stop_dte": 0, "target_dte": 30}, Tenor(31, 31, 2.0,
     "premium 2.0 points at 31 days, the most from 10 to 60 days")),
]  # fmt: skip


@pytest.mark.parametrize(("premiums", "rules", "found"), ROWS)
def test_the_tenor_by_hand(premiums, rules, found):
    """From dte_min or the day after the time stop to dte_max; a premium of 0 is none."""
    points = [TermPoint(days, 20.0, 20.0 - vrp, vrp) for days, vrp in premiums.items()]
    assert tenor(points, STANDARD.with_values(rules)) == found


def test_nothing_known_says_why():
    """The reason of the source goes before our own."""
    points = [TermPoint(45, 20.0, None, None)]
    unknown = Tenor(None, None, None, "the premium by tenor is not known")
    assert tenor(points, STANDARD) == unknown
    assert tenor(points, STANDARD, why_missing="no chain") == unknown._replace(why="no chain")
