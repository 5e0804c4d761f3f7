"""What was known on a day looks back only, what followed forward only."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence_series import made
from vrp_xl.core import outcomes
from vrp_xl.core.calendar import session_close, trading_days
from vrp_xl.core.panel import following_panel, percentile_panel, ratio_panel
from vrp_xl.core.premium import ratio
from vrp_xl.core.realized import close_to_close, from_a_price
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.standing import percentile, zscore
from vrp_xl.errors import InputError, NoNumberError

TENOR = 21
BACK = ("iv", "spread", "hv30", "hv90", "z", "z_others", "spread_percentile", "iv_percentile")
SERIES = made(700)


def days_of(series):
    """The rows of a series."""
    return outcomes.from_series(series, STANDARD, TENOR)[0]


DAYS = days_of(SERIES)


@pytest.mark.parametrize("at", [300, 450, 650])
def test_figures_are_those_of_the_core(at):
    """Volatilities, z, percentiles and what followed, computed one at a time."""
    closes = [close for _, close in SERIES.closes]
    ivs = [iv for _, iv in SERIES.ivs]
    assert DAYS.hv30[at] == pytest.approx(close_to_close(closes[: at + 1], 30))
    assert DAYS.hv90[at] == pytest.approx(close_to_close(closes[: at + 1], 90))
    spreads = [ivs[i] - close_to_close(closes[: i + 1], 20) for i in range(20, at + 1)]
    assert DAYS.spread[at] == pytest.approx(spreads[-1])
    assert DAYS.z[at] == pytest.approx(zscore(spreads[-1], spreads[:-1], window=252))
    assert DAYS.z_others[at, 0] == pytest.approx(zscore(spreads[-1], spreads[:-1], window=60))
    assert DAYS.spread_percentile[at] == percentile(spreads[-1], spreads[-253:-1])
    assert DAYS.iv_percentile[at] == percentile(ivs[at], ivs[at - 252 : at])
    assert DAYS.following[at] == pytest.approx(close_to_close(closes[at : at + TENOR + 1]))


def test_edges_of_the_history_are_unknown():
    """No figure before its window is full, no outcome in the newest tenor."""
    assert np.flatnonzero(~np.isnan(DAYS.hv90))[0] == 90
    assert np.flatnonzero(~np.isnan(DAYS.z))[0] == 20 + 252
    assert np.flatnonzero(~np.isnan(DAYS.iv_percentile))[0] == 252
    assert np.flatnonzero(np.isnan(DAYS.following)).tolist() == list(range(700 - TENOR, 700))


def changed(series, where, factor):
    """The series with closes and implied volatilities of some days changed."""
    return series._replace(
        closes=[(d, c * factor if where(i) else c) for i, (d, c) in enumerate(series.closes)],
        ivs=[(d, v * factor if where(i) else v) for i, (d, v) in enumerate(series.ivs)],
    )


@given(at=st.integers(120, 690), factor=st.floats(0.5, 2.0))
@settings(max_examples=25)
def test_the_future_never_changes_what_was_known(at, factor):
    """Other days after `at` leave every figure up to it, and every outcome that ended by then."""
    other = days_of(changed(SERIES, lambda i: i > at, factor))
    for name in BACK:
        np.testing.assert_allclose(
            getattr(other, name)[: at + 1], getattr(DAYS, name)[: at + 1], atol=1e-7
        )
    done = at - TENOR + 1
    np.testing.assert_allclose(other.following[:done], DAYS.following[:done], atol=1e-7)


@given(at=st.integers(1, 690), factor=st.floats(0.5, 2.0))
@settings(max_examples=25)
def test_the_past_never_changes_an_outcome(at, factor):
    """Other days before `at` leave what followed from it on, and what was paid."""
    other = days_of(changed(SERIES, lambda i: i < at, factor))
    np.testing.assert_allclose(other.following[at:], DAYS.following[at:], atol=1e-7)
    np.testing.assert_array_equal(other.iv[at:], DAYS.iv[at:])


def test_only_days_that_both_have_are_rows_and_all_closes_count():
    """A missing implied volatility costs its own day; returns and windows stay whole."""
    series = SERIES._replace(ivs=[dated for n, dated in enumerate(SERIES.ivs) if n != 400])
    found, met = outcomes.from_series(series, STANDARD, TENOR)
    assert (met.both, met.closes_alone, met.ivs_alone) == (699, 1, 0)
    kept = [n for n in range(700) if n != 400]
    np.testing.assert_allclose(found.hv30, DAYS.hv30[kept])
    np.testing.assert_allclose(found.following, DAYS.following[kept])
    assert np.flatnonzero(~np.isnan(found.z))[0] == 20 + 252


def test_windows_with_too_many_missing_days_have_no_volatility():
    """More than a tenth of a window's trading days absent: returns over days are not daily."""
    few = SERIES._replace(closes=[d for n, d in enumerate(SERIES.closes) if n not in (300, 301)])
    many = SERIES._replace(
        closes=[d for n, d in enumerate(SERIES.closes) if n not in (300, 301, 303)]
    )
    lost, gone = days_of(few), days_of(many)
    assert not np.isnan(lost.following[:600]).any()
    around = slice(300 - TENOR + 3, 299)
    assert np.isnan(gone.following[around]).all()
    assert not np.isnan(gone.following[310:600]).any()
    assert np.isnan(gone.spread[301]).all()
    assert not np.isnan(gone.hv30[310:600]).any()


@pytest.mark.parametrize(("absent", "known"), [(2, True), (3, False)])
def test_the_first_and_the_last_window_count_what_they_lack(absent, known):
    """Days that lack just after the first close, and just before the last."""
    closes, n = SERIES.closes[:60], 60
    late = SERIES._replace(closes=[closes[0], *closes[1 + absent :]])
    early = SERIES._replace(closes=[*closes[: n - 1 - absent], closes[-1]])
    assert np.isfinite(days_of(late).following[0]) == known
    assert np.isfinite(days_of(early).following[-TENOR - 1]) == known
    assert np.isfinite(days_of(late).spread[20]) == known
    assert np.isfinite(days_of(early).spread[-1]) == known
    alone = days_of(SERIES._replace(closes=closes[:1]))
    assert (len(alone), alone.names) == (1, ("ABC",))


def test_a_return_over_more_than_three_days_is_none():
    """As in a scan: three days missing in a row leave no window over them, however long it is."""
    gone = days_of(
        SERIES._replace(closes=[d for n, d in enumerate(SERIES.closes) if not 300 <= n < 303])
    )
    for found, window in ((gone.hv30, 30), (gone.hv90, 90), (gone.spread, 20)):
        assert np.flatnonzero(np.isnan(found[200:600])).tolist() == list(range(100, 100 + window))
    assert np.flatnonzero(np.isnan(gone.following[200:600])).tolist() == list(
        range(100 - TENOR, 100)
    )


def test_days_without_a_volatility_do_not_stretch_the_window_of_a_z_score():
    """Three missing days leave 20 spreads unknown: the days before count in their place."""
    whole = SERIES.closes
    closes = [dated for n, dated in enumerate(whole) if not 300 <= n < 303]
    found = days_of(SERIES._replace(closes=closes))
    known = np.flatnonzero(~np.isnan(found.spread))
    assert known.tolist() == [*range(20, 300), *range(320, 697)]
    at = 400
    before = found.spread[known[known < at]].tolist()
    assert found.z[at] == pytest.approx(zscore(found.spread[at], before, window=252))
    assert found.spread_percentile[at] == percentile(found.spread[at], before[-252:])
    assert np.flatnonzero(np.isnan(found.z)).tolist() == [*range(272), *range(300, 320)]
    for column, window in zip(found.z_others.T, (60, 252, 504), strict=True):
        assert np.flatnonzero(~np.isnan(column)).tolist() == known[window:].tolist()


def test_a_move_like_a_split_is_told():
    """With its day and size."""
    halved = changed(SERIES, lambda i: i >= 500, 0.5)
    (day, move), *rest = outcomes.from_series(halved, STANDARD, TENOR)[1].jumps
    assert not rest
    assert day == SERIES.closes[500][0]
    assert move == pytest.approx(-50, abs=4)


def test_how_two_series_met():
    """Days of both, days of either alone within the common span, its ends, and wild days."""
    days = [day for day, _ in SERIES.closes[:60]]
    closes = [(day, 100.0) for day in days]
    closes[30:] = [(day, 135.0) for day in days[30:]]  # 35 % to the day is no split yet
    closes[40:] = [(day, 182.5) for day in days[40:]]
    closes[45:] = [(day, 182.5 * 0.65) for day in days[45:]]  # nor is 35 % down
    closes[50:] = [(day, 77.0) for day in days[50:]]
    ivs = [(day, 20.0) for n, day in enumerate(days) if n >= 5 and n not in (10, 11, 20)]
    closes = [dated for n, dated in enumerate(closes) if n != 25 and n < 55]
    met = outcomes.from_series(outcomes.Series("S", closes, ivs), STANDARD, TENOR)[1]
    assert met == (
        "S", 46, 3, 1, days[5], days[54],
        ((days[40], pytest.approx(100 * 47.5 / 135)),
         (days[50], pytest.approx(100 * (77 / 118.625 - 1)))),
    )  # fmt: skip
    calm = SERIES._replace(closes=closes[:20])
    assert outcomes.from_series(calm, STANDARD, TENOR)[1].jumps == ()


def test_rows_of_a_series_name_their_symbol_and_hold_no_decision():
    """What only a journal knows is empty; the other z-scores are over their own windows."""
    days = days_of(SERIES)
    assert (days.names, days.symbol.tolist()) == (("ABC",), [0] * 700)
    assert days.symbol.dtype == days.day.dtype == np.int64
    assert set(days.cell.tolist()) == {""}
    assert np.isnan(days.candidate).all()
    assert [np.flatnonzero(~np.isnan(z))[0] for z in days.z_others.T] == [80, 272, 524]
    np.testing.assert_array_equal(days.z_others[:, 1], days.z)
    short = outcomes.from_series(SERIES, STANDARD.with_values({"z_window": 100}), TENOR)[0]
    assert np.flatnonzero(~np.isnan(short.z))[0] == 120
    assert np.flatnonzero(~np.isnan(short.spread_percentile))[0] == 120
    assert np.flatnonzero(~np.isnan(short.iv_percentile))[0] == 252


def test_fewer_closes_than_a_tenor_have_no_outcome():
    """22 closes have one, 21 none; both are rows."""
    for n, known in ((TENOR, 0), (TENOR + 1, 1)):
        few = days_of(SERIES._replace(closes=SERIES.closes[:n], ivs=SERIES.ivs[:n]))
        assert (len(few), np.isfinite(few.following).sum()) == (n, known)


def test_no_common_day_is_an_error_that_names_both_spans():
    """Files of different years cannot be lined up."""
    apart = SERIES._replace(closes=SERIES.closes[:300], ivs=SERIES.ivs[300:])
    with pytest.raises(InputError) as error:
        days_of(apart)
    first, last = SERIES.closes[299][0], SERIES.closes[300][0]
    assert str(error.value) == (
        f"ABC: no day has both a close and an implied volatility: closes 2015-01-02 to {first}, "
        f"implied volatilities {last} to {SERIES.ivs[-1][0]}. Give files that cover the same days."
    )
    with pytest.raises(InputError, match=r"closes none, implied volatilities 2015-01-02 to"):
        days_of(SERIES._replace(closes=[]))


class Kept(NamedTuple):
    """A record of a journal."""

    symbol: str
    day: date
    iv: float | None
    spread: float | None
    rv_30d: float | None
    rv_90d: float | None
    z: float | None
    iv_percentile: float | None
    cell: str | None
    candidate: bool
    spot: float | None = None
    seen_at: datetime | None = None
    source: str = "test"


def kept(days, **other):
    """The rows of one symbol as a journal would have kept them."""

    def plain(value):
        return None if np.isnan(value) else float(value)

    return [
        Kept(
            days.names[0], date.fromordinal(int(days.day[n])), plain(days.iv[n]),
            plain(days.spread[n]), plain(days.hv30[n]), plain(days.hv90[n]), plain(days.z[n]),
            plain(days.iv_percentile[n]), "A" if n % 2 else "?", n % 3 == 0,
        )._replace(**other)
        for n in range(len(days))
    ]  # fmt: skip


def test_a_journal_of_the_same_days_gives_the_same_rows():
    """What was kept is used as it is, what followed comes from the closes."""
    found = outcomes.from_records(kept(DAYS), {"ABC": SERIES.closes}, TENOR)
    for name in ("day", "iv", "spread", "hv30", "hv90", "z", "iv_percentile", "following"):
        np.testing.assert_allclose(getattr(found, name), getattr(DAYS, name))
    assert found.cell[:3].tolist() == ["?", "A", "?"]
    assert found.candidate[:4].tolist() == [1.0, 0.0, 0.0, 1.0]


def test_of_two_records_of_a_day_the_last_counts():
    """And one without an implied volatility is none."""
    first = kept(DAYS)[:50]
    second = [record._replace(iv=50.0) for record in first[:2]] + [first[2]._replace(iv=None)]
    found = outcomes.from_records([*first, *second], {}, TENOR)
    assert len(found) == 50
    assert found.iv[:2].tolist() == [50.0, 50.0]
    assert found.iv[2] == pytest.approx(DAYS.iv[2])
    assert np.isnan(found.following).all()


def test_a_journal_of_several_symbols_with_what_it_did_not_know():
    """Rows by symbol and day, each with the outcome of its own closes; None is "not known"."""
    one, two = made(40), made(40, seed=8, symbol="XYZ")
    days = [day for day, _ in one.closes]
    bare = Kept("XYZ", days[1], 21.0, None, None, None, None, None, None, None)
    whole = Kept("ABC", days[1], 20.0, 5.0, 15.0, 16.0, 1.2, 80.0, "B", candidate=True)
    later = whole._replace(day=days[2], candidate=False, cell="?")
    first = bare._replace(day=days[0])
    found = outcomes.from_records(
        [bare, later, whole, first], {"ABC": one.closes, "XYZ": two.closes}, TENOR
    )
    assert (found.names, found.symbol.tolist()) == (("ABC", "XYZ"), [0, 0, 1, 1])
    assert found.day.tolist() == [days[n].toordinal() for n in (1, 2, 0, 1)]
    assert found.symbol.dtype == found.day.dtype == np.int64
    assert found.iv.tolist() == [20.0, 20.0, 21.0, 21.0]
    assert found.cell.tolist() == ["B", "?", "", ""]
    np.testing.assert_array_equal(found.candidate, [1.0, 0.0, np.nan, np.nan])
    for name, value in (
        ("spread", 5.0), ("hv30", 15.0), ("hv90", 16.0), ("z", 1.2), ("iv_percentile", 80.0),
    ):  # fmt: skip
        np.testing.assert_array_equal(getattr(found, name), [value, value, np.nan, np.nan])
    assert found.z_others.shape == (4, 3)
    assert np.isnan(found.z_others).all()
    assert np.isnan(found.spread_percentile).all()
    assert found.spread_percentile.shape == (4,)
    want = [
        days_of(series).following[at] for series, at in ((one, 1), (one, 2), (two, 0), (two, 1))
    ]
    np.testing.assert_allclose(found.following, want)
    assert len(outcomes.from_records([], {}, TENOR)) == 0


def test_a_journal_of_nothing_has_the_columns_of_one():
    """So that it can stand beside others, and be asked for its cells."""
    none, some = outcomes.from_records([], {}, TENOR), outcomes.from_records(kept(DAYS), {}, TENOR)
    for name in (*BACK, "symbol", "day", "following", "candidate"):
        assert getattr(none, name).dtype == getattr(some, name).dtype, name
        assert getattr(none, name).shape == (0, *getattr(some, name).shape[1:]), name
    assert none.cell.dtype == some.cell.dtype == np.dtype("<U1")
    assert len(outcomes.together([none, some])) == len(some)


# Seen within a session: the path starts at the price that was seen

WEEK = trading_days(date(2026, 1, 12), date(2026, 1, 16))
LOGS = (0.03, 0.03, 0.05, 0.06)
"""Of the closes of Tuesday to Friday; Monday's is not stored."""
FROM_A_PRICE = [
    # two returns r, s over d days and one: m = (r + s) / (d + 1), variance a day
    # ((r - d m)^2 + (s - m)^2) (d + 1) / 2d
    100 * (252 * 0.0008 / 1.2) ** 0.5,  # 5 % in a day and a half, then none
    100 * (252 * 0.0008 * 1.5) ** 0.5,  # 3 % in half a day, then none
    100 * (252 * 0.00005) ** 0.5,  # seen at the close: 2 %, 1 %
    100 * (252 * 0.0002 * 1.5) ** 0.5,  # 2 % in half a day, 1 %, and no more days
    np.nan,
]


def noon(day):
    """12:45 in New York, in winter: half of the session is left."""
    return datetime(day.year, day.month, day.day, 17, 45, tzinfo=UTC)


@pytest.mark.parametrize("dollars", [0.5, 80.0])
def test_what_followed_the_price_that_was_seen(dollars):
    """Golden figures, each price on the footing of its own symbol and day."""
    spots = [dollars * np.exp(log) for log in (-0.02, 0.0, 0.07, 0.03, 0.04)]
    moments = [noon(day) for day in WEEK]
    moments[2] = session_close(WEEK[2])
    footing = {("S", day): 1.1 - 0.02 * n for n, day in enumerate(WEEK)}
    records = [
        Kept(name, day, 60.0, None, None, None, None, None, None, candidate=False)._replace(
            spot=spot * footing.get((name, day), 1.0), seen_at=moment
        )
        for name in ("S", "T")
        for day, spot, moment in zip(WEEK, spots, moments, strict=True)
    ]
    closes = [(day, dollars * np.exp(log)) for day, log in zip(WEEK[1:], LOGS, strict=True)]
    found = outcomes.from_records(
        records, {"S": closes, "T": closes}, 2, footing=lambda *key: footing.get(key, 1.0)
    )
    np.testing.assert_allclose(found.following, FROM_A_PRICE * 2, rtol=1e-9)
    seen = {
        day: outcomes.Seen(spot, moment)
        for day, spot, moment in zip(WEEK, spots, moments, strict=True)
    }
    mean = outcomes.mean_outcome(closes, [(day, 60.0) for day in WEEK], 2, seen=seen)
    assert mean == pytest.approx(60.0 - sum(FROM_A_PRICE[1:4]) / 3)  # Monday has no close
    del seen[WEEK[1]]  # then it is taken at its close, as a day without a price or a moment is
    at_close = [100 * (252 * 0.0002) ** 0.5, *FROM_A_PRICE[2:4]]  # none, 2 %
    for beside in ({}, {WEEK[1]: outcomes.Seen(spots[1], None)},
                   {WEEK[1]: outcomes.Seen(None, moments[1])}):  # fmt: skip
        mean = outcomes.mean_outcome(closes, [(day, 60.0) for day in WEEK], 2, seen=seen | beside)
        assert mean == pytest.approx(60.0 - sum(at_close) / 3)


def test_so_little_time_that_a_drift_leaves_no_deviation():
    """Two returns need more than a third of a session: 130 minutes of 390 are too few."""
    closes = [(day, 100.0 + n) for n, day in enumerate(WEEK)]
    for minute, known in ((49, True), (50, False), (51, False)):
        at = datetime(2026, 1, 12, 18, minute, tzinfo=UTC)
        record = kept(DAYS)[0]._replace(day=WEEK[0], spot=99.0, seen_at=at)
        found = outcomes.from_records([record], {"ABC": closes}, 2).following[0]
        left = (130 + 50 - minute) / 390
        if known:
            assert found == pytest.approx(from_a_price(99.0, [100.0, 101.0], left))
        else:
            assert np.isnan(found)
            with pytest.raises(NoNumberError):
                from_a_price(99.0, [100.0, 101.0], left)


OWN = [
    (21, (), None, True),
    (21, (11, 12), None, True),  # two of 21 days may lack, and one return may span three
    (21, (11, 12, 14), None, False),
    (21, (30, 31), None, True),
    (21, (30, 31, 32), None, False),  # before the last close
    (40, (20, 21), None, True),
    (40, (20, 21, 22), None, False),  # four of 40 may lack, but not three in a row
    (40, (48, 49, 50), None, False),
    (21, (), 10, True),  # the price was seen after the step into its day
    (21, (), 11, False),
    (21, (), 30, False),
    (21, (), 31, True),
]
NO_CLOSE = [
    (21, (10,), None, True),
    (21, (10, 12, 13), None, True),  # the price stands for the close of its day
    (21, (10, 12, 13, 15), None, False),
    (21, (10, 11, 12), None, True),
    (21, (10, 31, 32), None, True),
    (21, (10, 30, 31, 32), None, False),
    (40, (10, 11, 12), None, True),
    (40, (10, 11, 12, 13), None, False),  # no close for four days
    (40, (10, 20, 21), None, True),
    (40, (10, 20, 21, 22), None, False),
    (21, (10,), 10, True),  # a step to a close that is not there
    (21, (10,), 11, False),
    (21, (10,), 31, False),
    (21, (10,), 32, True),
]


@pytest.mark.parametrize("more", [0, 5])
@pytest.mark.parametrize(("tenor", "absent", "doubtful", "known"), OWN + NO_CLOSE)
def test_a_path_from_a_price_holds_to_the_rules_of_any_window(tenor, absent, doubtful, known, more):
    """Days that lack and steps in doubt, up to its last close; nothing after that matters."""
    there = [dated for n, dated in enumerate(SERIES.closes) if n not in absent]
    days = [day for day, _ in SERIES.closes]
    first = sum(day < days[10] for day, _ in there)
    closes = there[: first + tenor + more]
    spot = SERIES.closes[10][1] * 1.01
    record = kept(DAYS)[10]._replace(spot=spot, seen_at=noon(days[10]))
    doubts = {} if doubtful is None else {"ABC": [days[doubtful]]}
    found = outcomes.from_records([record], {"ABC": closes}, tenor, doubts).following[0]
    path = [close for _, close in closes[first : first + tenor]]
    expected = from_a_price(spot, path, 1.5 if 10 in absent else 0.5) if known else np.nan
    assert found == pytest.approx(expected, nan_ok=True)
    assert np.isnan(outcomes.from_records([record], {"ABC": closes[:first]}, tenor).following[0])


def test_no_outcome_reaches_over_a_doubtful_close():
    """The step into day 30 touches what followed days 9 to 29, of that symbol alone."""
    series = made(80)
    days, twin = days_of(series), made(80, symbol="XYZ")
    records = [*kept(days), *kept(days, symbol="XYZ")]
    closes = {"ABC": series.closes, "XYZ": twin.closes}

    def lost(*at):
        doubtful = {"ABC": [series.closes[n][0] for n in at]}
        found = outcomes.from_records(records, closes, TENOR, doubtful)
        assert np.isfinite(found.following[80:139]).all()
        return np.flatnonzero(np.isnan(found.following[:80])).tolist()

    end = list(range(59, 80))
    assert lost() == end
    assert lost(30) == [*range(9, 30), *end]
    assert lost(2, 30) == [0, 1, *range(9, 30), *end]
    assert lost(0) == end


def test_several_symbols_together():
    """Rows stay in order, and each keeps its name."""
    other = days_of(made(400, seed=8, symbol="XYZ"))
    both = outcomes.together([DAYS, other])
    assert both.names == ("ABC", "XYZ")
    assert len(both) == 1100
    assert np.bincount(both.symbol).tolist() == [700, 400]
    np.testing.assert_array_equal(both.iv[700:], other.iv)
    three = outcomes.together([both, days_of(made(50, seed=9, symbol="LMN"))])
    assert three.names == ("ABC", "XYZ", "LMN")
    assert np.bincount(three.symbol).tolist() == [700, 400, 50]


def test_tenors():
    """30 calendar days are 21 returns; too few days are refused."""
    assert outcomes.tenor_returns(30) == 21
    assert [outcomes.tenor_returns(n) for n in (3, 7, 45, 365)] == [2, 5, 31, 252]
    with pytest.raises(InputError) as error:
        outcomes.tenor_returns(2)
    assert error.value.why == "A tenor of 2 days has 1 trading days; use at least 3 days."


def test_the_axis_of_a_report_is_every_trading_day():
    """From the first to the last row, and a row's day that is none."""
    fourth, sixth = date(2024, 7, 4), date(2024, 7, 6)  # a holiday, a Saturday
    days = [date(2024, 7, n) for n in (8, 3, 8)] + [fourth]
    axis = outcomes.trading_axis(np.array([day.toordinal() for day in days]))
    assert [date.fromordinal(n) for n in axis.tolist()] == [
        date(2024, 7, 3), fourth, date(2024, 7, 5), date(2024, 7, 8),
    ]  # fmt: skip
    alone = outcomes.trading_axis(np.array([sixth.toordinal()]))
    assert alone.tolist() == [sixth.toordinal()]


def test_panels_are_the_scalar_functions():
    """Ratio with its floor, percentile of the days before; gaps are unknown."""
    ivs, hvs = np.array([8.0, 28.0, np.nan]), np.array([2.0, 18.0, 9.0])
    assert ratio_panel(ivs, hvs, 5.0)[:2].tolist() == [ratio(8, 2), ratio(28, 18)]
    assert np.isnan(ratio_panel(ivs, hvs, 5.0)[2])
    values = np.array([1.0, 2, 3, 4, 8, 8, np.nan, 5, 6, 7, 8, 9])
    found = percentile_panel(values, 4)
    assert found[4] == percentile(8, [1, 2, 3, 4])
    assert found[5] == percentile(8, [2, 3, 4, 8])
    assert np.flatnonzero(np.isnan(found)).tolist() == [0, 1, 2, 3, 6, 7, 8, 9, 10]
    assert np.isnan(following_panel(values[:5], 5)).all()
    assert np.isnan(percentile_panel(values[:4], 4)).all()


def test_the_mean_outcome_is_the_mean_of_the_rows():
    """One definition: over the same days it is the mean of the rows' outcomes."""
    series = made(400)
    days, _ = outcomes.from_series(series, STANDARD, 21)
    expected = float(np.nanmean(days.iv - days.following))
    assert outcomes.mean_outcome(series.closes, series.ivs, 21) == pytest.approx(expected)
    assert outcomes.mean_outcome(series.closes, series.ivs[::-1], 21) == pytest.approx(expected)
    first = outcomes.mean_outcome(series.closes[:22], series.ivs, 21)
    assert first == pytest.approx(days.iv[0] - days.following[0])
    holes = [dated for n, dated in enumerate(series.closes) if not 100 <= n < 110]
    assert outcomes.mean_outcome(holes, series.ivs, 21) != pytest.approx(expected)
    assert outcomes.mean_outcome(series.closes[:21], series.ivs, 21) is None
    assert outcomes.mean_outcome([], series.ivs, 21) is None


def test_the_mean_outcome_reaches_over_no_day_in_doubt():
    """It is the mean of the rows of a journal with the same days in doubt."""
    series = made(200)
    days, _ = outcomes.from_series(series, STANDARD, 21)
    at = [date.toordinal(day) for day, _ in series.closes].index(int(days.day[100]))
    doubt = series.closes[at][0]
    rows = days.iv - days.following
    rows[100 - 21 : 100] = np.nan
    found = outcomes.mean_outcome(series.closes, series.ivs, 21, [doubt])
    assert found == pytest.approx(float(np.nanmean(rows)))
    every = [day for day, _ in series.closes]
    assert outcomes.mean_outcome(series.closes, series.ivs, 21, every) is None
