"""What followed a day: counted from its close, never before it is there, never over a gap."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.calendar import session_start, trading_days
from vrp_xl.core.followed import RETURNS, Followed, Start, followed, start_of
from vrp_xl.core.outcomes import from_records
from vrp_xl.core.realized import close_to_close, from_a_price
from vrp_xl.core.splits import find_jumps

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


@pytest.mark.parametrize(
    ("day", "told"), [(10, False), (11, True), (20, True), (31, True), (32, False)]
)
def test_nothing_is_said_over_a_day_in_doubt(day, told):
    """From the return after the day to the last that counts; the first such day is named."""
    seen = followed(CLOSES, DAYS[10], iv=20.0, doubtful=[DAYS[day], DAYS[60]])
    if told:
        assert seen.words == f"unknown: suspected split on {DAYS[day]}, see `vrp-xl history split`"
        assert seen[:6] == (0, None, None, None, None, None)
    else:
        assert seen == followed(CLOSES, DAYS[10], iv=20.0)


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


# Seen within a session

NOON = datetime(2026, 1, 20, 17, 45, tzinfo=UTC)
"""12:45 in New York: half of the session is left."""


def test_a_morning_scan_is_followed_by_the_rest_of_its_session():
    """From the price that was seen: the close of the day is the first of the 21 returns."""
    seen = followed(CLOSES, DAYS[10], iv=20.0, spot=108.0, seen_at=NOON)
    after = PRICES[10:31]
    returns = np.diff(np.log([108.0, *after]))
    spans = np.array([0.5, *[1.0] * 20])
    drift = returns.sum() / 20.5
    variance = ((returns - drift * spans) ** 2).sum() / (20.5 - (spans**2).sum() / 20.5)
    assert seen.realized == pytest.approx(100 * math.sqrt(252 * variance))
    assert (seen.returns, seen.until) == (21, DAYS[30])
    assert seen.move_pct == pytest.approx((PRICES[30] / 108 - 1) * 100)
    days = (DAYS[30] - DAYS[10]).days + 0.5
    assert seen.moves == pytest.approx((PRICES[30] / 108 - 1) / (0.2 * math.sqrt(days / 365)))
    assert seen.outcome == pytest.approx(20.0 - seen.realized)


def test_a_crash_in_the_session_of_the_scan_is_not_lost():
    """660 at ten in the morning, 600 at the close, flat from then on."""
    crash = [(day, 660.0 if day < DAYS[10] else 600.0 + n % 2 * 0.6) for n, day in enumerate(DAYS)]
    ten = datetime(2026, 1, 20, 15, 0, tzinfo=UTC)
    seen = followed(crash, DAYS[10], iv=16.7, spot=660.0, seen_at=ten)
    assert seen.move_pct == pytest.approx(-9.09, abs=0.01)
    assert seen.outcome < -15
    assert followed(crash, DAYS[10], iv=16.7, spot=660.0).outcome > 15  # at the close it was over


@pytest.mark.parametrize(
    ("at", "own"),
    [
        (datetime(2026, 1, 20, 13, 0, tzinfo=UTC), True),  # before the open: all is left
        (datetime(2026, 1, 20, 20, 59, tzinfo=UTC), True),
        (datetime(2026, 1, 20, 21, 0, tzinfo=UTC), False),  # the close
        (datetime(2026, 1, 21, 13, 0, tzinfo=UTC), False),  # the next morning, before the open
        (None, False),
    ],
)
def test_from_the_close_on_the_close_counts(at, own):
    """A scan after the session, or before the next one, has the returns after that close."""
    seen = followed(CLOSES, DAYS[10], iv=20.0, spot=101.0, seen_at=at)
    assert (seen.until == DAYS[30]) == own
    assert (seen == followed(CLOSES, DAYS[10], iv=20.0)) == (not own)


def test_a_price_that_is_all_that_is_stored_of_its_day_is_its_close():
    """A refresh each morning stores morning prices: they are a day apart, and none is counted."""
    seen = followed(CLOSES, DAYS[10], iv=20.0, spot=PRICES[10] * (1 + 1e-11), seen_at=NOON)
    assert seen == followed(CLOSES, DAYS[10], iv=20.0)


def test_without_its_own_close_the_first_return_takes_the_rest_of_the_session_and_a_day():
    """The price of noon to the close of the next day: a day and a half."""
    seen = followed(CLOSES[11:], DAYS[10], iv=20.0, spot=108.0, seen_at=NOON)
    assert seen.until == DAYS[31]
    assert seen.realized == pytest.approx(from_a_price(108.0, PRICES[11:32], 1.5))
    assert seen.moves == pytest.approx(
        (PRICES[31] / 108 - 1) / (0.2 * math.sqrt(((DAYS[31] - DAYS[10]).days + 0.5) / 365))
    )


@pytest.mark.parametrize("known", [0, 1, 20])
def test_not_yet_from_a_price(known):
    """The close of the day is the first of what is known."""
    seen = followed(CLOSES[: 10 + known], DAYS[10], iv=20.0, spot=108.0, seen_at=NOON)
    assert seen.words == f"not yet: {known} of 21 returns"
    assert seen.until == (DAYS[9 + known] if known else None)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(("absent", "told"), [(2, False), (3, True)])
def test_gaps_after_a_price_are_those_after_a_close(absent, told, own):
    """More than a tenth of the days, wherever the path starts."""
    gappy = CLOSES[:15] + CLOSES[15 + absent :]
    at = NOON if own else None
    seen = followed(gappy, DAYS[10], iv=20.0, spot=108.0, seen_at=at)
    assert (seen.outcome is None) == told
    assert seen.words == (
        f"{absent} trading days are missing among the closes that followed" if told else ""
    )


@pytest.mark.parametrize(
    ("first", "told"), [(13, ""), (14, f"there is no close between {DAYS[10]} and {DAYS[14]}")]
)
def test_a_return_over_more_than_three_days_is_none(first, told):
    """With 40 returns three days may lack, but not in a row: decision 0025."""
    gappy = CLOSES[:11] + CLOSES[first:]
    for at in (None, NOON):
        seen = followed(gappy, DAYS[10], iv=20.0, spot=101.0, seen_at=at, returns=40)
        assert seen.words == told
    scattered = CLOSES[:12] + CLOSES[13:15] + CLOSES[16:18] + CLOSES[19:]
    assert followed(scattered, DAYS[10], iv=20.0, returns=40).words == ""


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("last", [10, 11, 12, 20])
def test_a_long_return_is_told_by_the_closes_on_either_side(last, own):
    """The day itself, the first close after it, or a later one: four days lie between."""
    gappy = CLOSES[: last + 1] + CLOSES[last + 4 :]
    at = NOON if own else None
    seen = followed(gappy, DAYS[10], iv=20.0, spot=101.0, seen_at=at, returns=40)
    assert seen.words == f"there is no close between {DAYS[last]} and {DAYS[last + 4]}"
    assert (seen.returns, seen.realized, seen.outcome) == (40, None, None)


@pytest.mark.parametrize("own", [True, False])
def test_days_that_lack_before_the_last_close_count(own):
    """The month ends at the close after them."""
    at, end = (NOON, 33) if own else (None, 34)
    gappy = CLOSES[: end - 3] + CLOSES[end:]
    seen = followed(gappy, DAYS[10], iv=20.0, spot=101.0, seen_at=at)
    assert (seen.returns, seen.until, seen.realized) == (21, DAYS[end], None)
    assert seen.words == "3 trading days are missing among the closes that followed"


def test_a_day_that_was_none_is_told():
    """A Saturday has no session of which something could be left; its closes are not looked at."""
    saturday = date(2026, 1, 24)
    seen = followed(CLOSES, saturday, iv=20.0, spot=101.0, seen_at=NOON)
    assert seen == Followed(
        0, None, None, None, None, None,
        "2026-01-24 is no trading day. Use a day on which NYSE trades.",
    )  # fmt: skip


# A price and a close on two footings

START = {"day": DAYS[10], "spot": 101.0, "seen_at": NOON}
UNKNOWN = f"unknown: 101 was seen on {DAYS[10]} and its close is 50: is one of them adjusted?"


@pytest.mark.parametrize(
    ("close", "other", "start"),
    [
        (100.0, {}, Start(101.0, 0.5, own=True)),
        (100.0, {"seen_at": None}, Start(100.0, 1.0, own=False)),
        (100.0, {"spot": None}, Start(100.0, 1.0, own=False)),
        (100.0, {"spot": 100.0}, Start(100.0, 1.0, own=False)),
        (None, {}, Start(101.0, 1.5, own=False)),
        (0.0, {}, Start(101.0, 1.5, own=False)),  # a close of 0 is none
        (None, {"seen_at": None}, Start(101.0, 1.0, own=False)),
        (None, {"spot": None}, Start(None, 1.0, False, f"no close of {DAYS[10]} is stored")),
        (50.0, {"before": 50.0}, Start(50.5, 0.5, own=True)),  # the closes were halved since
        (50.0, {"before": 100.0}, Start(101.0, 0.5, own=True)),  # it did fall, or nobody doubts it
        (50.0, {"before": 100.0, "doubted": True},
         Start(None, 0.5, True, f"unknown: suspected split on {DAYS[10]}, see "
                                "`vrp-xl history split`")),
        (50.0, {}, Start(None, 0.5, True, UNKNOWN)),
    ],
)  # fmt: skip
def test_where_a_path_starts(close, other, start):
    """Price, trading days to the first close, whether that is the day's own, and why not."""
    assert start_of(close=close, **(START | other)) == start


def test_the_close_before_tells_even_where_it_is_the_first():
    """The step into the day is between it and the close just before: no other close matters."""
    half = [close / 2 for close in PRICES]
    for closes in (half[9:], [*PRICES[:9], *half[9:]], [*half[:8], PRICES[8], *half[9:]]):
        dated = list(zip(DAYS[len(DAYS) - len(closes) :], closes, strict=True))
        seen = followed(dated, DAYS[10], iv=20.0, spot=101.0, seen_at=NOON)
        assert seen.move_pct == pytest.approx((PRICES[30] / 101 - 1) * 100)


@pytest.mark.parametrize("unit", [1.0, 0.001])
def test_the_close_before_is_the_last_that_is_a_close(unit):
    """One of 0 says nothing of a step; where none is left nobody knows the footing."""
    half = [(day, close / 2 * unit) for day, close in CLOSES]
    whole = followed(half, DAYS[10], iv=20.0, spot=101.0 * unit, seen_at=NOON)
    for first, before in ((8, {9}), (6, {7, 8, 9})):
        dated = [(d, 0.0 if n in before else c) for n, (d, c) in enumerate(half)][first:]
        assert followed(dated, DAYS[10], iv=20.0, spot=101.0 * unit, seen_at=NOON) == whole
        fell = [(DAYS[first], PRICES[first] * unit), *dated[1:]]
        move = followed(fell, DAYS[10], iv=20.0, spot=101.0 * unit, seen_at=NOON).move_pct
        assert move == pytest.approx((PRICES[30] / 2 / 101 - 1) * 100)
    alone = [(DAYS[9], 0.0), *half[10:]]
    seen = followed(alone, DAYS[10], iv=20.0, spot=101.0 * unit, seen_at=NOON)
    assert seen == followed(half[10:], DAYS[10], iv=20.0, spot=101.0 * unit, seen_at=NOON)
    assert seen.words.endswith("is one of them adjusted?")


def test_a_price_from_before_the_closes_were_adjusted_is_put_on_their_footing():
    """The source has halved all closes for a later split: they hold no step, the price does."""
    halved = [(day, close / 2) for day, close in CLOSES]
    seen = followed(halved, DAYS[10], iv=20.0, spot=101.0, seen_at=NOON)
    whole = followed(CLOSES, DAYS[10], iv=20.0, spot=101.0, seen_at=NOON)
    assert seen.realized == pytest.approx(whole.realized)
    assert seen.move_pct == pytest.approx(whole.move_pct)


def test_a_fall_in_the_session_that_the_closes_hold_is_what_followed_once_it_is_said():
    """Half the price is gone at the close: in doubt until somebody says that it was no split."""
    halved = [(day, close / (2 if n >= 10 else 1)) for n, (day, close) in enumerate(CLOSES)]
    known = {"iv": 20.0, "spot": 101.0, "seen_at": NOON}
    doubt = followed(halved, DAYS[10], **known, doubtful=[DAYS[10]])
    assert doubt.words == f"unknown: suspected split on {DAYS[10]}, see `vrp-xl history split`"
    assert doubt[:6] == (0, None, None, None, None, None)
    seen = followed(halved, DAYS[10], **known)
    assert seen.move_pct == pytest.approx((PRICES[30] / 2 / 101 - 1) * 100)
    assert seen.outcome < -100


def test_a_split_before_the_price_was_seen_hides_nothing():
    """The step into the day is in doubt; the price and the close are both after it."""
    halved = [(day, close * (2 if n < 10 else 1)) for n, (day, close) in enumerate(CLOSES)]
    seen = followed(halved, DAYS[10], iv=20.0, spot=101.0, seen_at=NOON, doubtful=[DAYS[10]])
    assert seen == followed(CLOSES, DAYS[10], iv=20.0, spot=101.0, seen_at=NOON)


@pytest.mark.parametrize("spot", [101 * 4.5, 101 / 4.5])
def test_a_price_on_no_known_footing_gives_nothing(spot):
    """Between 4:1 and 5:1 no ratio is clear; nor is one where no close before tells."""
    seen = followed(CLOSES, DAYS[10], iv=20.0, spot=spot, seen_at=NOON)
    assert seen.words.startswith(f"unknown: {spot:g} was seen on {DAYS[10]} and its close is ")
    assert seen[:6] == (0, None, None, None, None, None)
    alone = followed(CLOSES[10:], DAYS[10], iv=20.0, spot=2 * PRICES[10], seen_at=NOON)
    assert alone.words.endswith("is one of them adjusted?")


def same_in_the_panel(closes, day, spot, at, doubtful, returns=RETURNS):
    """Whether an outcome is known; the panel of evidence says of the scan what its line says."""
    line = followed(closes, day, iv=20.0, spot=spot, seen_at=at, doubtful=doubtful, returns=returns)
    found = from_records([Kept(day, spot, at)], {"S": closes}, returns, {"S": doubtful})
    realized = np.nan if line.outcome is None else line.realized
    assert found.following[0] == pytest.approx(realized, rel=1e-7, abs=1e-6, nan_ok=True)
    return line.outcome is not None


@given(
    st.lists(st.tuples(st.sampled_from(DAYS), st.floats(80, 130)), max_size=75),
    st.sampled_from(DAYS),
    st.floats(60, 400),
    st.one_of(st.none(), st.integers(-200, 1200)),
    st.integers(2, 30),
)
def test_a_journal_counts_what_the_journal_shows(closes, day, spot, minutes, returns):
    """The panel of evidence and the line of the journal say the same of every scan."""
    dated = sorted(dict(closes).items())
    at = None if minutes is None else session_start(day) + timedelta(minutes=minutes)
    same_in_the_panel(dated, day, spot, at, [jump.day for jump in find_jumps(dated)], returns)


@given(
    absent=st.sets(st.integers(8, 40), max_size=4),
    none=st.sets(st.integers(8, 40), max_size=2),
    steps=st.dictionaries(st.integers(8, 34), st.sampled_from([0.5, 0.98, 1.03, 3.0]), max_size=1),
    off=st.sampled_from([0.5, 0.97, 1.0, 1.02, 2.0]),
    minutes=st.one_of(st.none(), st.integers(-60, 450)),
    returns=st.sampled_from([2, 5, 21, 40]),
    said=st.booleans(),
)
def test_a_journal_of_nearly_whole_closes_counts_what_it_shows(
    absent, none, steps, off, minutes, returns, said
):
    """As above where most outcomes are known: few days lack, and at most one step is a split."""
    factor, closes = 1.0, []
    for n, (day, close) in enumerate(CLOSES):
        factor *= steps.get(n, 1.0)
        if n not in absent:
            closes.append((day, 0.0 if n in none else close * factor))
    at = None if minutes is None else session_start(DAYS[10]) + timedelta(minutes=minutes)
    doubtful = [] if said else [jump.day for jump in find_jumps(closes)]
    known = same_in_the_panel(closes, DAYS[10], PRICES[10] * off, at, doubtful, returns)
    if not absent | none and off == 0.97 and (said or not steps):
        assert known


@pytest.mark.parametrize("at", [None, NOON])
@pytest.mark.parametrize(
    ("none", "known"),
    [
        ((), True),
        ((9,), True),
        ((10,), True),
        ((11,), True),
        ((15, 17), True),
        ((15, 17, 19), False),
    ],
)
def test_a_panel_passes_over_what_is_no_close_as_its_line_does(at, none, known):
    """A close of 0 is a missing day for both: two of 21 may lack, and none tells of a step."""
    halved = [(day, 0.0 if n in none else close / 2) for n, (day, close) in enumerate(CLOSES)]
    assert same_in_the_panel(halved, DAYS[10], 50.5, at, []) == known
    assert same_in_the_panel(halved, DAYS[10], 101.0, at, []) == known
    fallen = [(day, close * (2 if n < 10 else 1)) for n, (day, close) in enumerate(halved)]
    assert same_in_the_panel(fallen, DAYS[10], 101.0, at, []) == known


@pytest.mark.parametrize(
    ("from_day", "to_day", "said", "known"),
    [
        (0, 75, True, True),  # all of them: adjusted for a later split, the price is not
        (9, 75, True, True),  # the close before is on their footing, that before it is not
        (10, 75, True, True),  # it fell in the session, and somebody says that this is true
        (10, 75, False, False),
        (10, 11, True, True),
        (11, 75, False, False),
        (11, 75, True, True),
    ],
)
@pytest.mark.parametrize("first", [0, 9])
def test_a_panel_sees_halved_closes_as_its_line_does(first, from_day, to_day, said, known):
    """A step before, into or after the day of the price; two closes before it, or one."""
    halved = [
        (day, close / 2 if from_day <= n < to_day else close)
        for n, (day, close) in enumerate(CLOSES)
    ][first:]
    doubtful = [] if said else [jump.day for jump in find_jumps(halved)]
    assert same_in_the_panel(halved, DAYS[10], 101.0, NOON, doubtful) == known


class Kept(NamedTuple):
    """A record of a journal."""

    day: date
    spot: float
    seen_at: datetime | None
    symbol: str = "S"
    iv: float = 20.0
    spread: float | None = None
    rv_30d: float | None = None
    rv_90d: float | None = None
    z: float | None = None
    iv_percentile: float | None = None
    cell: str | None = None
    candidate: bool = False
    source: str = "test"
