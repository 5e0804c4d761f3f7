"""The position book: Kelly by the rules, losses, the day of the time stop, and what leads."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.calendar import time_stop
from vrp_xl.core.legs import read_legs
from vrp_xl.core.loss import largest_loss, payoff
from vrp_xl.core.positions import Position, review, totals
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.sizing import break_even_probability, kelly_stake

GOOD = {"z_score": 1.3, "spot": 580.0, "gamma": "positive", "gamma_flip": 570.0,
        "vrp_20d": 5.0, "atm_iv": 18.0, "rv_30d": 12.0, "rv_90d": 12.0}  # fmt: skip
TODAY = date(2027, 3, 25)


def held(**changes):
    """A put spread of two contracts that no exit asks to close."""
    known = {
        "symbol": "SPY",
        "contracts": 2.0,
        "structure": "short_put_spread",
        "legs": read_legs("-P 560 +P 550"),
        "entry": date(2027, 3, 1),
        "expiry": date(2027, 5, 21),
        "credit": 1.65,
        "mark": 1.4,
        "entry_cell": "A",
    }
    return Position(**(known | changes))  # fmt: skip


def test_kelly_by_the_rules():
    """Half by default, whole at fraction 1, nothing at break-even."""
    whole = STANDARD.with_values({"kelly_fraction": 1})
    assert kelly_stake(1.65, 5, 0.72, whole) == pytest.approx(0.15152, abs=5e-6)
    assert kelly_stake(1.65, 5, 0.72, STANDARD) == pytest.approx(0.07576, abs=5e-6)
    assert kelly_stake(1.65, 5, 0.67, STANDARD) == 0
    assert break_even_probability(1.65, 5) == pytest.approx(0.67)
    assert break_even_probability(1.65, 5, close_at=0.5) == pytest.approx(0.802, abs=5e-4)


@pytest.mark.parametrize(
    ("changes", "figures", "action", "rule"),
    [
        ({}, {}, "OK", "no exit fires"),
        ({}, {"z_score": -0.6}, "CLOSE", "inversion"),
        ({}, {"spot": 565.0}, "CUT HALF", "flip breach"),
        ({"legs": read_legs("-P 560 -C 600")}, {"spot": 565.0}, "CLOSE", "flip breach"),
        ({"mark": 0.8}, {}, "CLOSE", "profit target"),
        ({"expiry": date(2027, 4, 16)}, {}, "CLOSE", "time stop"),
        ({"expiry": date(2027, 3, 24)}, {}, "CLOSE", "expired"),
        ({}, {"rv_30d": 20.0}, "DEFEND", "defense"),
        ({}, {"gamma_flip": 579.0}, "WARNING", "near flip"),
        ({"mark": None}, {}, "UNKNOWN", "unknown: profit target"),
        ({"mark": 0.8}, {"z_score": -0.6}, "CLOSE", "inversion"),
    ],
)  # fmt: skip
def test_each_exit(snap, changes, figures, action, rule):
    """The action, and the reason that leads. 16 April 2027 has its 21 days on Good Friday."""
    got = review(held(**changes), snap(**(GOOD | figures)), STANDARD, today=TODAY)
    assert got.action == action
    assert got.reason.startswith(rule)
    assert got.must_close == (action in ("CLOSE", "CUT HALF", "DEFEND"))


def test_the_stop_before_a_holiday_friday():
    """The session before Good Friday; who entered on that very day has no time stop."""
    assert time_stop(date(2027, 4, 16), 21) == TODAY


def test_nothing_stored_is_unknown():
    """Without figures nothing is OK."""
    got = review(held(), None, STANDARD, today=TODAY)
    assert got.action == "UNKNOWN"
    assert totals([got], STANDARD).at_risk_usd == 1670.0


def test_entered_in_one_cell_now_in_another(snap):
    """A became B: cut half, since the risk is defined."""
    got = review(held(), snap(**(GOOD | {"gamma": "negative"})), STANDARD, today=TODAY)
    assert got.cell_change == "entered in A, now B: cut half"


@given(st.sampled_from(["-P 560 +P 550", "-C 600 +C 615", "+P 550 -P 560 -C 600 +C 615",
                        "+P 565 -P 580 -C 580 +C 595"]), st.floats(0.1, 4))  # fmt: skip
def test_the_maximum_loss_is_the_worst_payoff(text, credit):
    """Brute force over every price finds no larger loss, and finds that one."""
    legs = read_legs(text)
    worst = min(payoff(legs, price / 2) for price in range(2600))
    assert largest_loss(legs, credit).usd == pytest.approx(max(-100 * (worst + credit), 0))


def test_the_kelly_cap_is_a_percentage_of_equity():
    """A stake of 15 % under a cap of 10 is 10 %."""
    rules = STANDARD.with_values({"kelly_fraction": 1, "kelly_cap": 10})
    assert kelly_stake(1.65, 5, 0.72, rules) == pytest.approx(0.10)
