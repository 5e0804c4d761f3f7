"""Splits: which steps are looked at, which ratio they tell, and what a mark does."""

from __future__ import annotations

import itertools
import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.calendar import trading_days
from vrp_xl.core.splits import REAL, adjusted, find_jumps, ratio_of, ratio_words
from vrp_xl.errors import InputError

DAYS = trading_days(date(2004, 6, 1), date(2005, 6, 1))


def dated(closes):
    """Closes on consecutive days."""
    return list(zip(DAYS, closes, strict=False))


@pytest.mark.parametrize(
    ("before", "after", "ratio", "clear"),
    [
        (88.99, 44.86, 2.0, True),  # AAPL 2005-02-28
        (1208.88, 121.79, 10.0, True),  # NVDA 2024-06-10
        (2447.0, 124.79, 20.0, True),  # AMZN 2022-06-06
        (2235.55, 109.03, 20.0, True),  # GOOGL 2022-07-18
        (891.29, 296.07, 3.0, True),  # TSLA 2022-08-25
        (2213.4, 498.32, 4.0, False),  # TSLA 2020-08-31, 5:1 on a day of +12.6 %
        (30.0, 20.1, 1.5, True),
        (1.0, 10.2, 0.1, True),
        (5.0, 10.1, 0.5, True),
    ],
)
def test_splits_are_found(before, after, ratio, clear):
    """Real splits with the move of their day; a wild day does not tell its ratio."""
    (jump,) = find_jumps(dated([before, before, after, after]))
    assert (jump.day, jump.before, jump.after) == (DAYS[2], before, after)
    assert jump.ratio == pytest.approx(ratio)
    assert jump.clear is clear


@pytest.mark.parametrize(
    ("before", "after"),
    [(323.0, 237.76), (348.61, 226.19), (100.0, 125.0), (100.0, 145.0), (20.0, 12.0)],
)
def test_real_moves_are_left_alone(before, after):
    """META -26 %, NFLX -35 %, rises by a quarter and a half, a fall by 40 %."""
    assert find_jumps(dated([before, after])) == []


def test_no_price_is_no_step():
    """A close of 0 is for others to refuse."""
    assert find_jumps(dated([10.0, 0.0, 10.0])) == []


def test_marks_adjust_or_keep():
    """A ratio divides what came before; REAL takes the step as it is; unsaid ones stay told."""
    closes = dated([100.0, 102.0, 51.5, 51.0, 5.1])
    found = adjusted(closes, {DAYS[2]: 2.0, DAYS[4]: REAL})
    assert [c for _, c in found.closes] == [50.0, 51.0, 51.5, 51.0, 5.1]
    assert found.applied == [(DAYS[2], 2.0)]
    assert found.unsaid == []
    assert [jump.day for jump in adjusted(closes, {DAYS[2]: 2.0}).unsaid] == [DAYS[4]]
    assert adjusted(closes, {DAYS[2]: 0.0}).unsaid == find_jumps(closes)


def test_a_mark_without_its_step_does_nothing():
    """Closes that were fetched anew and are adjusted by now are not adjusted twice."""
    closes = dated([50.0, 51.0, 51.5, 51.0])
    assert adjusted(closes, {DAYS[2]: 2.0}).closes == closes


def test_a_mark_on_a_missing_day_meets_the_next_close():
    """The first close at the new price is a day late."""
    closes = [row for row in dated([100.0, 102.0, 51.5, 51.0]) if row[0] != DAYS[2]]
    assert [c for _, c in adjusted(closes, {DAYS[2]: 2.0}).closes] == [50.0, 51.0, 51.0]


@given(
    st.lists(st.floats(-0.04, 0.04), min_size=6, max_size=40),
    st.sampled_from([2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 0.5, 0.1]),
    st.data(),
)
def test_a_split_anywhere_is_undone(moves, ratio, data):
    """Whatever the walk, the adjusted closes are those of a stock that never split."""
    true = [100 * math.exp(s) for s in itertools.accumulate(moves)]
    at = data.draw(st.integers(1, len(true) - 1))
    raw = dated([c * ratio for c in true[:at]] + true[at:])
    jumps = find_jumps(raw)
    assert [jump.day for jump in jumps] == [DAYS[at]]
    assert jumps[0].ratio == pytest.approx(ratio)
    found = adjusted(raw, {jumps[0].day: jumps[0].ratio})
    assert [c for _, c in found.closes] == pytest.approx(true)


@pytest.mark.parametrize("text", ["", "2", "2:2", "0:1", "1:0", "two:one", "-2:1", "2.5:1"])
def test_words_that_are_no_ratio(text):
    """Each is refused with an example."""
    with pytest.raises(InputError, match="no split ratio"):
        ratio_of(text)


@given(st.integers(1, 50), st.integers(1, 20))
def test_ratio_words_read_back(new, old):
    """A ratio in words is the same ratio."""
    if new != old:
        assert ratio_of(ratio_words(new / old)) == pytest.approx(new / old)


def test_a_bad_close_hides_no_later_split():
    """A close that is not above 0 is passed over, and the search goes on."""
    closes = dated([100.0, 0.0, 100.0, 101.0, 50.4, 50.0])
    assert [jump.ratio for jump in find_jumps(closes)] == [2.0]


def test_ratios_as_announced():
    """In the smallest whole numbers, old shares up to 20."""
    words = [ratio_words(r) for r in (1.25, 0.05, 7 / 5, 20.0, 2.12345678, 0.4)]
    assert words == ["5:4", "1:20", "7:5", "20:1", "2.12346:1", "2:5"]


@pytest.mark.parametrize(("before", "after"), [(100.0, 68.5), (100.0, 185.0)])
def test_steps_below_any_split_are_left_alone(before, after):
    """A fall of a third less a little, or a rise that is no 1:2, is a day of its own."""
    assert find_jumps(dated([before, after])) == []


def test_a_rise_is_looked_at_from_its_own_bound():
    """A reverse split of 1:2 on a calm day is told, though it is no fall."""
    (jump,) = find_jumps(dated([5.0, 9.9]))
    assert (jump.ratio, jump.clear) == (0.5, True)


def test_a_step_without_a_clear_ratio_names_none():
    """A wild day says its closes alone."""
    (jump,) = find_jumps(dated([2213.4, 498.32]))
    assert str(jump) == "the close goes from 2213.4 to 498.32 on 2004-06-02"


def test_each_mark_is_looked_at_by_itself():
    """One before the closes, one on a bad close and one without its step hide none after them."""
    closes = dated([100.0, 101.0, 0.0, 102.0, 51.0, 51.5])
    marks = {DAYS[0]: 2.0, DAYS[1]: 2.0, DAYS[2]: 3.0, DAYS[4]: 2.0}
    found = adjusted(closes, marks)
    assert found.applied == [(DAYS[4], 2.0)]
    assert [c for _, c in found.closes] == [50.0, 50.5, 0.0, 51.0, 51.0, 51.5]
    late = adjusted(closes, {DAYS[20]: 2.0, DAYS[4]: 2.0})
    assert late.applied == [(DAYS[4], 2.0)]


def test_a_refusal_shows_what_to_write():
    """The text and an example."""
    with pytest.raises(InputError, match=r"'2' is no split ratio.*new:old, such as 2:1 or 1:10"):
        ratio_of("2")


STEPS = [
    # logarithm of the fall -> ratio and whether it is clear, None for no split
    (math.log(1.5) - 0.0249, (1.5, True)),
    (math.log(1.5) - 0.0251, None),
    (math.log(1.5) + 0.0249, (1.5, True)),
    (math.log(1.5) + 0.0251, None),
    (math.log(2.0) - 0.0499, (2.0, True)),
    (math.log(2.0) - 0.0501, None),
    (math.log(2.0) + 0.0501, None),
    (0.0499 - math.log(2.0), (0.5, True)),
    (0.0501 - math.log(2.0), None),
    (-0.0501 - math.log(2.0), None),
    (math.log(2.6999), None),
    (math.log(2.7001), (3.0, False)),
    (-math.log(2.6999), None),
    (-math.log(2.7001), (1 / 3, False)),
    (math.log(7.0) + 0.0444, (7.0, True)),
    (math.log(7.0) + 0.0446, (7.0, False)),
    (math.log(1000.0), (100.0, False)),
]


@pytest.mark.parametrize(("fall", "found"), STEPS)
def test_how_near_a_step_must_come(fall, found):
    """Within 0.05 of a clean ratio, 0.025 of 3:2; clear where the next one is twice as far."""
    jumps = find_jumps(dated([100.0 * math.exp(fall), 100.0]))
    assert [(jump.ratio, jump.clear) for jump in jumps] == ([found] if found else [])


def test_words_of_a_step():
    """With the ratio where it is clear, rises too."""
    assert [jump.ratio for jump in find_jumps(dated([1.0, 0.5]))] == [2.0]
    (rise,) = find_jumps(dated([1.0, 10.2]))
    assert str(rise) == "the close goes from 1 to 10.2 on 2004-06-02, as in a 1:10 split"
    assert [ratio_words(r) for r in (50.0, 0.02, 21 / 20, 22 / 21)] == [
        "50:1", "1:50", "21:20", "1.04762:1",
    ]  # fmt: skip
    assert [ratio_of(text) for text in (" 3 / 2 ", "7:20", "1000:1")] == [1.5, 0.35, 1000.0]
    with pytest.raises(InputError, match=r"^'12345678901234567890' is no split ratio"):
        ratio_of("1234567890123456789012:1")
    with pytest.raises(InputError, match="no split ratio"):
        ratio_of("10000:1")


def test_marks_apply_from_their_day_on():
    """Oldest first, each on what came before it; a mark of the first close has nothing before."""
    closes = dated([400.0, 404.0, 202.0, 200.0, 20.0, 20.2])
    found = adjusted(closes, {DAYS[4]: 10.0, DAYS[2]: 2.0, DAYS[0]: 2.0, DAYS[90]: 2.0})
    assert found.closes == dated([20.0, 20.2, 20.2, 20.0, 20.0, 20.2])
    assert found.applied == [(DAYS[2], 2.0), (DAYS[4], 10.0)]
    assert found.unsaid == []
    plain = adjusted(closes, {})
    assert (plain.closes, plain.applied) == (closes, [])
    assert [jump.ratio for jump in plain.unsaid] == [2.0, 10.0]
    for ratio in (0.0, -2.0):
        assert adjusted(closes, {DAYS[2]: ratio}) == plain
    assert adjusted(dated([100.0, 50.0]), {DAYS[90]: 2.0}).applied == []
    assert adjusted(dated([0.9, 0.45]), {DAYS[1]: 2.0}).closes == dated([0.45, 0.45])
    half = adjusted(dated([100.0, 71.0]), {DAYS[1]: 2.0})
    assert half.closes == dated([100.0, 71.0])
    assert adjusted(dated([100.0, 70.0]), {DAYS[1]: 2.0}).closes[0][1] == 50.0
    for bad in ([0.0, 50.0], [100.0, 0.0]):
        assert adjusted(dated(bad), {DAYS[1]: 2.0}).applied == []
