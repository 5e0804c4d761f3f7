"""What followed a day: counted from its close, never before it is there, never over a gap."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.calendar import trading_days
from vrp_xl.core.followed import RETURNS, Followed, followed
from vrp_xl.core.realized import close_to_close

DAYS = trading_days(date(2026, 1, 5), date(2026, 4, 30))
PRICES = [100 * math.exp(0.01 * ((-1) ** n) + 0.001 * n) for n in range(len(DAYS))]
CLOSES = list(zip(DAYS, PRICES, strict=True))


def test_the_month_after_a_day():
    """Realized volatility of exactly the 21 returns after its close, and implied minus that."""
    seen = followed(CLOSES, DAYS[10], iv=20.0)
    realized = close_to_close(PRICES[10:32])
    assert seen.returns == RETURNS
    assert seen.until == DAYS[31]
    assert seen.realized == pytest.approx(realized)
    assert seen.outcome == pytest.approx(20.0 - realized)
    assert seen.move_pct == pytest.approx((PRICES[31] / PRICES[10] - 1) * 100)
    share = 0.20 * math.sqrt((DAYS[31] - DAYS[10]).days / 365)
    assert seen.moves == pytest.approx((PRICES[31] / PRICES[10] - 1) / share)
    assert seen.words == ""


@pytest.mark.parametrize("known", [0, 1, 20])
def test_not_yet(known):
    """Until the returns are there it says how many are, and gives no outcome."""
    seen = followed(CLOSES[: 11 + known], DAYS[10], iv=20.0)
    assert seen.words == f"not yet: {known} of 21 returns"
    assert (seen.returns, seen.realized, seen.outcome) == (known, None, None)
    assert (seen.move_pct is None) == (known == 0)


def test_without_the_days_own_close_the_price_that_was_seen_counts():
    """And without either nothing is said."""
    rest = CLOSES[11:]
    assert followed(rest, DAYS[10], iv=20.0).words == "no close of 2026-01-20 is stored"
    seen = followed(rest, DAYS[10], iv=20.0, spot=PRICES[10])
    assert seen == followed(CLOSES, DAYS[10], iv=20.0)
    assert followed(CLOSES, DAYS[10], iv=20.0, spot=1.0) == seen  # the close holds


def test_a_gap_gives_no_outcome():
    """A return over many days is no daily one."""
    gappy = CLOSES[:15] + CLOSES[20:]
    seen = followed(gappy, DAYS[10], iv=20.0)
    assert seen.words == "5 trading days are missing among the closes that followed"
    assert seen.outcome is None
    assert seen.move_pct is not None


def test_without_an_implied_volatility():
    """The move and the realized volatility are known, the comparison is not."""
    seen = followed(CLOSES, DAYS[10], iv=None)
    assert seen.realized is not None
    assert (seen.outcome, seen.moves) == (None, None)
    assert seen.words == "there was no implied volatility to compare"


def test_days_outside_the_calendar_are_told():
    """No crash where the table of trading days ends."""
    far = [(date(2300, 1, n), 100.0 + n) for n in range(1, 24)]
    seen = followed(far, date(2300, 1, 1), iv=20.0)
    assert (seen.returns, seen.realized, seen.outcome) == (21, None, None)
    assert seen.words.startswith("2300-01-01 is outside the trading calendar")


@given(st.lists(st.tuples(st.sampled_from(DAYS), st.floats(-5, 1e6)), max_size=60),
       st.sampled_from(DAYS), st.one_of(st.none(), st.floats(0.01, 500)))  # fmt: skip
def test_whatever_the_closes(closes, day, iv):
    """An outcome needs all returns; what is missing says why."""
    dated = sorted(dict(closes).items())
    seen = followed(dated, day, iv=iv)
    assert seen.returns <= RETURNS
    if seen.outcome is None:
        assert seen.words
    else:
        assert seen.returns == RETURNS
        assert seen.outcome == pytest.approx(iv - seen.realized)


@pytest.mark.parametrize(("absent", "told"), [(1, False), (2, False), (3, True)])
def test_a_tenth_of_the_days_may_be_missing(absent, told):
    """Of 21 returns two days may lack; a third is one too many."""
    gappy = CLOSES[:15] + CLOSES[15 + absent :]
    seen = followed(gappy, DAYS[10], iv=20.0)
    assert (seen.outcome is None) == told
    assert ("missing" in seen.words) == told


@pytest.mark.parametrize("iv", [None, 0.0, 0.5, 20.0])
def test_a_penny_stock_moves_too(iv):
    """A base below a dollar is a base; one of 0 is none; without an IV there are no moves."""
    pennies = [(day, close / 1000) for day, close in CLOSES[:20]]
    seen = followed(pennies, DAYS[10], iv=iv)
    assert seen.move_pct == pytest.approx((PRICES[19] / PRICES[10] - 1) * 100)
    assert (seen.moves is None) == (not iv)
    assert followed(CLOSES[11:], DAYS[10], iv=iv, spot=0.0).words.startswith("no close of")


def test_days_of_a_gap_have_no_words_before_it_is_told():
    """A move so far has no words of its own but how far it is."""
    assert followed(CLOSES[:20], DAYS[10], iv=20.0).words == "not yet: 9 of 21 returns"


def test_a_close_that_is_none_is_a_missing_day():
    """The month then ends a day later; it is not waited for for ever."""
    bad = [(day, 0.0 if day == DAYS[15] else close) for day, close in CLOSES]
    seen = followed(bad, DAYS[10], iv=20.0)
    assert seen == followed([dated for dated in CLOSES if dated[0] != DAYS[15]], DAYS[10], iv=20.0)
    assert (seen.returns, seen.until, seen.words) == (21, DAYS[32], "")


def test_what_is_not_known_is_none():
    """Nothing stored, and nothing since."""
    none = (0, None, None, None, None, None)
    assert followed([], DAYS[10], iv=20.0) == Followed(*none, "no close of 2026-01-20 is stored")
    assert followed(CLOSES[:10], DAYS[10], iv=20.0).words == "no close of 2026-01-20 is stored"
    assert followed(CLOSES[:11], DAYS[10], iv=20.0) == Followed(*none, "not yet: 0 of 21 returns")
    first = followed(CLOSES[:2], DAYS[0], iv=20.0)
    move = PRICES[1] / PRICES[0] - 1
    assert first == Followed(
        1, DAYS[1], pytest.approx(100 * move), pytest.approx(move / (0.2 * (1 / 365) ** 0.5)),
        None, None, "not yet: 1 of 21 returns",
    )  # fmt: skip
    small = followed(CLOSES, DAYS[0], iv=0.5, returns=5)
    assert (small.returns, small.until) == (5, DAYS[5])
    assert small.outcome == pytest.approx(0.5 - close_to_close(PRICES[:6]))


def test_a_price_that_stands_still_has_no_premium_to_speak_of():
    """Realized volatility of 0, an outcome of all that was implied; prices below a dollar too."""
    flat = [(day, 0.5) for day in DAYS]
    seen = followed(flat, DAYS[0], iv=20.0)
    assert (seen.realized, seen.outcome, seen.move_pct, seen.moves) == (0.0, 20.0, 0.0, 0.0)
    assert followed(flat[1:], DAYS[0], iv=20.0, spot=0.25).move_pct == pytest.approx(100.0)
