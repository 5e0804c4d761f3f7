"""The age of figures in sessions, and exits that were judged by old ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from vrp_xl.core import calendar
from vrp_xl.core.age import age_words, by_old_figures, sessions_old
from vrp_xl.core.exits import Exit, ExitState, Severity
from vrp_xl.core.legs import read_legs
from vrp_xl.core.positions import Position, review
from vrp_xl.core.rules import STANDARD

FRIDAY = datetime(2026, 11, 20, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("as_of", "moment", "sessions"),
    [
        (FRIDAY, FRIDAY + timedelta(days=2), 0),  # Sunday
        (FRIDAY, datetime(2026, 11, 23, 14, 29, tzinfo=UTC), 0),  # Monday before the open
        (FRIDAY, datetime(2026, 11, 23, 14, 30, tzinfo=UTC), 1),
        (FRIDAY, datetime(2026, 11, 27, 18, 30, tzinfo=UTC), 4),  # without Thanksgiving
        (datetime(2026, 11, 23, 14, 15, tzinfo=UTC), datetime(2026, 11, 23, 15, tzinfo=UTC), 1),
        (datetime(2026, 11, 23, 14, 45, tzinfo=UTC), datetime(2026, 11, 23, 15, tzinfo=UTC), 0),
        (FRIDAY + timedelta(days=9), FRIDAY, 0),  # a clock that is behind
    ],
)
def test_a_session_that_has_opened_since_counts(as_of, moment, sessions):
    """Not the hours: a quote from before the open is of the session before."""
    assert sessions_old(as_of, calendar.trading_day(moment)) == sessions


def test_one_session_and_more_in_words():
    """With the day of the figures."""
    assert age_words(FRIDAY, 1) == "figures of 2026-11-20 are 1 session old"
    assert age_words(FRIDAY, 20) == "figures of 2026-11-20 are 20 sessions old"


def test_what_fired_stands_and_nothing_is_ok():
    """The age leads what is unknown; current figures change nothing."""
    fired = Exit("profit target", Severity.PROFIT, "55 % of the credit is earned", "close")
    missing = Exit("defense", Severity.UNKNOWN, "defense needs IV and HV30", "")
    state = ExitState((fired,), (missing,))
    assert by_old_figures(state, FRIDAY, date(2026, 11, 20)) is state
    old = by_old_figures(state, FRIDAY, date(2026, 11, 24))
    assert old.fired == (fired,)
    words = "figures of 2026-11-20 are 2 sessions old"
    assert old.unknown == (Exit("old figures", Severity.UNKNOWN, words, ""), missing)
    assert old.must_close
    calm = by_old_figures(ExitState((), ()), FRIDAY, date(2026, 11, 24))
    assert (calm.severity, calm.must_close) == (Severity.UNKNOWN, False)


def test_a_review_has_the_age_of_its_figures(snap):
    """None where nothing is stored, nothing is on, or nobody asks."""
    market = snap(
        as_of=FRIDAY, spot=580.0, z_score=1.3, gamma="positive", gamma_basis="repriced",
        gamma_flip=570.0, atm_iv=18.0, rv_20d=13.0, rv_30d=13.0, rv_90d=14.0, vrp_20d=5.0,
    )  # fmt: skip
    held = Position(
        symbol="SPY", contracts=2.0, legs=read_legs("-P 560 +P 550"), entry=date(2026, 11, 2),
        expiry=date(2027, 1, 15), credit=1.65, mark=1.4, entry_cell="A",
    )  # fmt: skip
    today = date(2026, 11, 24)

    def told(p, snapshot, session):
        r = review(p, snapshot, STANDARD, today=today, session=session)
        return r.action, r.as_of, r.sessions_old, r.by_current_figures

    assert told(held, market, date(2026, 11, 20)) == ("OK", FRIDAY, 0, True)
    assert told(held, market, today) == ("UNKNOWN", FRIDAY, 2, False)
    assert told(held, market, None) == ("OK", FRIDAY, None, True)
    assert told(held, None, today) == ("UNKNOWN", None, None, False)
