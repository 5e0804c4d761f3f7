"""The words of the core's refusals and exits: each says what it is about and what to do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from tests.core.test_exits import ALL, FINE
from vrp_xl.core import (
    calendar,
    edge,
    exits,
    implied,
    matrix,
    premium,
    realized,
    sizing,
    standing,
)
from vrp_xl.core.rules import STANDARD
from vrp_xl.errors import InputError, NoNumberError

BARS = [realized.Bar(10, 11, 9, 10)] * 3

REFUSALS = [
    (InputError, lambda: matrix.flip_distance(-2, 100), "Spot is -2; it must be above 0."),
    (InputError, lambda: premium.ratio(-1, 10), ("The ratio of -1 to 10 (floor 5) makes no sense. "
     "Volatilities must not be below 0, and the floor must be above it.")),
    (InputError, lambda: premium.compression(-1, 10), "volatility must not be below 0"),
    (NoNumberError, lambda: premium.compression(10, 0), "HV90 is 0, so nothing can be compared"),
    (InputError, lambda: standing.zscore(1, [1, 2, 3], window=1), "A window of 1 days has no"),
    (NoNumberError, lambda: standing.zscore(1, [1]), ("A z-score needs at least 2 days of history; "
     "there are 1. Give it a longer history.")),
    (NoNumberError, lambda: standing.percentile(1, []), "A percentile needs a history"),
    (NoNumberError, lambda: standing.rank(1, []), "A rank needs a history"),
    (NoNumberError, lambda: standing.rank(1, [2, 2]), "never changes, so it has no range"),
    (InputError, lambda: realized.close_to_close([1, 2, 3], 1), "A window of 1 returns has no"),
    (NoNumberError, lambda: realized.close_to_close([1, 2, 3], 5), ("5 returns need 6 closes; "
     "there are 3. Give more closes or a shorter window.")),
    (NoNumberError, lambda: realized.parkinson([]), "needs at least one day of prices"),
    (InputError, lambda: realized.parkinson([*BARS[:1], realized.Bar(0, 0, 0, 0)]),
     "Day 2 has a price that is not above 0"),
    (NoNumberError, lambda: realized.yang_zhang(BARS[:1], 10), "at least two days of prices"),
    (InputError, lambda: realized.yang_zhang(BARS, 0), "The close before the first day must be"),
    (InputError, lambda: sizing.kelly(6, 5, 0.7), ("The credit 6 must be above 0 and below the "
     "width 5.")),
    (InputError, lambda: sizing.kelly(1, 5, 1.2), "The probability 1.2 must be from 0 to 1."),
    (InputError, lambda: sizing.kelly(1, 5, 0.7, cap=-1), "Fraction and cap must not be negative"),
    (InputError, lambda: sizing.break_even_probability(6, 5), "The credit 6 must be above 0 and"),
    (InputError, lambda: sizing.break_even_probability(1, 5, close_at=0), "closed at 0 of the"),
    (InputError, lambda: sizing.contracts(1000, 0), "The maximum loss 0 must be above 0."),
    (InputError, lambda: sizing.contracts(-1, 5), "Equity, risk and multiplier must not be neg"),
    (InputError, lambda: sizing.contracts(1e300, 1e-300), "are too large to count contracts"),
    (InputError, lambda: calendar.third_friday_expiry(2026, 13), "13 is no month. Use 1 to 12."),
    (InputError, lambda: calendar.third_friday_expiry(1800, 1), "Use a year within these."),
    (InputError, lambda: calendar.session_start(date(2026, 3, 7)), ("2026-03-07 is no trading day. "
     "Use a day on which NYSE trades.")),
    (NoNumberError, lambda: calendar.expiry_near(date(2026, 3, 2), 1, 1, 2),
     "Widen the rules dte_min and dte_max to at least 7 days."),
    (InputError, lambda: implied.expected_move(100, -1, 30), ("The expected move of 100 at -1 "
     "points over 30 days makes no sense. None of the three may be below 0.")),
    (InputError, lambda: edge.edge([edge.QuotedLeg(-1, "put", 0, 2)], spot=100, days=30, iv=20,
     hv30=18, hv90=18), ("The put 0 at 2 (spread 0) makes no sense. A strike must be above 0, "
     "price and spread not below.")),
    (InputError, lambda: exits.profit_percent(0, 1), "The credit is 0; it must be above 0."),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "call", "words"), REFUSALS, ids=[r[2][:30] for r in REFUSALS])
def test_refusals(kind, call, words):
    """A refusal names the figure that it is about."""
    with pytest.raises(kind, match=re.escape(words)):
        call()


FIRED = [
    ({"z": -0.6}, "compressed, z -0.60 is below -0.5: close"),
    ({"spread": -1.0}, "inverted, spread -1.00: close"),
    ({"tactical": 0.95}, "inverted, IV/HV30 0.95: close"),
    ({"spot": 560.0}, "spot is 2.23 % below the gamma flip: cut half"),
    ({"spot": 560.0, "risk": "undefined"}, "spot is 2.23 % below the gamma flip: close"),
    ({"gamma": "negative"}, "dealer gamma is negative: cut half"),
    ({"gamma": "negative", "gamma_basis": "net_gex"},
     "dealer gamma is negative by the sign of net GEX: cut half"),
    ({"mark": 6.0}, "the loss is 2.00 credits: close"),
    ({"mark": 1.0}, "50 % of the credit is earned: close"),
    ({"days_to_expiry": 20}, "20 days to expiry: close"),
    ({"spot": 573.0}, "spot is only 0.09 % above the gamma flip: watch"),
]  # fmt: skip


@pytest.mark.parametrize(("figures", "words"), FIRED, ids=[w for _, w in FIRED])
def test_an_exit_says_why_and_what_to_do(figures, words):
    """Each exit's sentence, with its action behind a colon."""
    state = exits.exit_state(replace(FINE, **figures), ALL)
    assert str(state.fired[0]) == words


def test_defense_says_what_to_do():
    """The tactical defense, where the inversion is the article's alone."""
    state = exits.exit_state(replace(FINE, tactical=0.95), STANDARD)
    assert str(state.fired[0]) == "IV/HV30 0.95 is below 1: defend"


MISSED = [
    ({"z": None}, "inversion needs the z-score"),
    ({"spread": None, "tactical": None}, "inversion needs the spread and IV and HV30"),
    ({"flip": None, "gamma": "unknown"}, "flip breach needs the gamma flip or the regime"),
    ({"flip": None}, "near flip needs the gamma flip"),
    ({"mark": None}, "profit target needs credit and mark"),
    ({"mark": None}, "loss stop needs credit and mark"),
    ({"days_to_expiry": None}, "time stop needs the expiry"),
    ({"tactical": None}, "defense needs IV and HV30"),
]  # fmt: skip


@pytest.mark.parametrize(("figures", "words"), MISSED, ids=[w for _, w in MISSED])
def test_an_exit_that_cannot_be_judged_says_what_it_needs(figures, words):
    """What is missing is named, without an action."""
    state = exits.exit_state(replace(FINE, **figures), ALL)
    missed = {str(one): one for one in state.unknown}
    assert words in missed
    assert missed[words].severity is exits.Severity.UNKNOWN
    assert missed[words].action == ""


def test_a_spot_below_one_has_a_distance():
    """A penny stock is judged against its flip like any other."""
    state = exits.exit_state(replace(FINE, spot=0.5, flip=0.6), ALL)
    assert state.fired[0].rule == "flip breach"


def test_a_spot_of_zero_has_none():
    """A spot that is no price is no breach and no error."""
    state = exits.exit_state(replace(FINE, spot=0.0, gamma="unknown"), ALL)
    assert "flip breach" in {one.rule for one in state.unknown}


def test_no_iv_has_a_ratio():
    """An IV of 0 over something is 0."""
    assert premium.ratio(0, 10) == 0


def test_kelly_is_capped_at_the_whole_by_default():
    """No cap given: never more than everything."""
    assert sizing.kelly(4.999, 5, 1.0, fraction=3.0) == 1.0


def test_extreme_z_is_told_with_its_size():
    """The reason for a capped size names both numbers; a size at the cap has no reason."""
    capped = sizing.size_of("A", STANDARD, z=3.5)
    assert "z above 3: size at most 1" in capped.reasons
    assert not sizing.size_of("A", STANDARD.with_values({"size_a": 1}), z=3.5).reasons


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_a_history_without_deviation_at_any_scale(scale):
    """Rounding is no deviation, a change in the sixth digit is one."""
    with pytest.raises(NoNumberError):
        standing.zscore(1, [scale, scale * (1 + 1e-15), scale])
    assert standing.zscore(scale, [scale * 0.999999, scale * 1.000001]) == pytest.approx(
        0, abs=1e-3
    )
