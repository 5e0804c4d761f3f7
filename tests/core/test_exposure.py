"""Gamma exposure: levels, walls, the re-priced flip."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.chain import IV_FILE, IV_SOLVED, clean, greeks, make_chain
from vrp_xl.core.exposure import Repriced, _root, dollars, exposure_of, gex, levels_of, reprice

NOON = datetime(2026, 3, 18, 16, 0, tzinfo=UTC)
DAY = date(2026, 3, 18).toordinal()


def book(*contracts, spot=100.0):
    """A clean chain of (right, strike, open interest, iv, days); gammas are the model's own."""
    right, strike, held, iv, days = (np.array(c, float) for c in zip(*contracts, strict=True))
    delta, gamma = greeks(spot, strike, iv, days, right.astype(np.int8))
    return clean(
        make_chain(
            symbol="SPX", spot=spot, as_of=NOON, right=right, strike=strike, open_interest=held,
            iv=iv, expiry=DAY + days.astype(int), delta=delta, gamma=gamma,
        )
    )  # fmt: skip


PAIR = ((1, 110, 1000, 0.2, 30), (-1, 90, 1000, 0.2, 30))


def test_the_flip_of_a_pair_has_a_closed_form():
    """One call at 110 and one put at 90: sqrt(110 x 90) exp(-s^2 T / 2) = 99.33532."""
    found = reprice(book(*PAIR).chain)
    exact = math.sqrt(110 * 90) * math.exp(-0.5 * 0.04 * 30 / 365)
    assert found.flip == pytest.approx(exact, rel=1e-10)
    assert round(found.flip, 5) == 99.33532
    assert (found.gamma, found.crossings[0].direction) == ("positive", "up")


@given(
    st.floats(101, 125), st.floats(80, 99), st.floats(0.1, 0.8), st.integers(5, 300),
    st.floats(90, 110),
)  # fmt: skip
def test_the_flip_of_any_pair(call, put, iv, days, spot):
    """The closed form holds for any strikes, IV and time, wherever spot is; the sign follows."""
    found = reprice(book((1, call, 10, iv, days), (-1, put, 10, iv, days), spot=spot).chain)
    exact = math.sqrt(call * put) * math.exp(-0.5 * iv**2 * days / 365)
    if 0.71 * spot < exact < 1.29 * spot:
        assert found.flip == pytest.approx(exact, rel=1e-9)
    if abs(exact - spot) > 1e-6:
        assert found.gamma == ("positive" if spot > exact else "negative")


@pytest.mark.parametrize(
    ("call", "put", "iv", "hours"),
    [(101, 99, 0.06, 1), (102.5, 99, 0.1, 1), (101, 97.5, 0.06, 4), (105, 99, 0.06, 4)],
)
def test_the_flip_between_two_sharp_strikes(call, put, iv, hours):
    """In the last hours gamma grows a billionfold from one grid point to the next."""
    found = reprice(book((1, call, 10, iv, 1), (-1, put, 10, iv, 1)).chain, np.full(2, hours / 24))
    exact = math.sqrt(call * put) * math.exp(-0.5 * iv**2 * hours / 24 / 365)
    assert found.flip == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(
    ("curve", "root", "most"),
    [
        (lambda s: s - 100.0, 100.0, 10),
        (lambda s: (s / 100.0) ** 3 - 1.0, 100.0, 10),
        (lambda s: 1.0 - (s / 100.0) ** 3, 100.0, 10),
        (lambda s: np.exp(s - 100.2) - 1.0, 100.2, 11),
        (lambda s: np.tanh(s - 99.7), 99.7, 10),
        (lambda s: np.exp(100.2 - 30.0 * (s - 98)) - np.exp(100.2 - 66.0), 100.2, 38),
        (lambda s: np.where(s > 100.1, 1.0, -1.0), 100.1, 38),
        (lambda s: (s - 100.2) ** 5, 100.2, 38),
        (lambda s: np.sinh(80.0 * (s - 100.2)), 100.2, 38),
    ],
)  # fmt: skip
def test_a_root_is_found_in_few_steps(curve, root, most):
    """Within a millionth of a millionth: fewer than a dozen where it is smooth, never over 38."""
    steps = []

    def at(spots):
        steps.append(float(spots[0]))
        return curve(spots)

    low, high = 98.0, 102.0
    ends = ((x, float(curve(np.array([x]))[0])) for x in (low, high))
    assert _root(at, *ends) == pytest.approx(root, rel=1e-12)
    assert len(steps) <= most
    assert all(low < step < high for step in steps)


def test_gex_by_hand():
    """Gamma .03 x 1,000 calls and .025 x 1,500 puts at 100: +300,000, -375,000, net -75,000."""
    raw = make_chain(
        symbol="SPX", spot=100.0, as_of=NOON, right=[1, -1], strike=[105.0, 95.0],
        expiry=[DAY + 30, DAY + 60], iv=[0.2, 0.2], delta=[0.3, -0.3], gamma=[0.03, 0.025],
        open_interest=[1000.0, 1500.0],
    )  # fmt: skip
    chain = clean(raw).chain
    assert sorted(gex(chain).tolist()) == pytest.approx([-375_000, 300_000])
    levels = levels_of(chain)
    assert levels.net_gex == pytest.approx(-75_000)
    assert (levels.put_wall, levels.call_wall, levels.highest_oi_strike) == (95, 105, 95)
    assert (levels.max_gamma, levels.max_negative_gamma) == (105, 95)
    assert levels.by_expiry == (
        (DAY + 30, pytest.approx(300_000)), (DAY + 60, pytest.approx(-375_000)),
    )  # fmt: skip


def test_every_crossing_keeps_its_direction_and_the_nearest_leads():
    """Puts, calls, puts from low to high cross twice: up, then down."""
    cleaned = book((-1, 85, 500, 0.1, 20), (1, 100, 900, 0.1, 20), (-1, 115, 500, 0.1, 20), spot=97)
    found = reprice(cleaned.chain)
    assert [c.direction for c in found.crossings] == ["up", "down"]
    nearest = min(found.crossings, key=lambda c: abs(c.spot - 97))
    assert found.flip == nearest.spot
    assert "the nearest of 2 crossings" in found.status


def test_no_flip_is_possible_while_the_regime_is_known():
    """Calls alone never turn: positive, no flip, and the status says so."""
    found = reprice(book((1, 100, 10, 0.2, 30), (1, 110, 10, 0.2, 30)).chain)
    assert (found.gamma, found.flip, found.crossings) == ("positive", None, ())
    assert "there is no flip" in found.status


def test_without_open_interest_nothing_is_known():
    """No wall, no net, no regime: none of them is zero."""
    cleaned = book((1, 100, 0, 0.2, 30), (-1, 100, 0, 0.2, 30))
    found = exposure_of(cleaned)
    assert (found.repriced.gamma, found.repriced.gex, found.repriced.flip) == (
        "unknown",
        None,
        None,
    )
    levels = found.levels
    assert (levels.net_gex, levels.put_wall, levels.call_wall, levels.max_gamma) == (None,) * 4
    assert "open interest" in found.repriced.status


def test_the_window_stands_beside_all_expiries():
    """Only the expiries of 30 to 60 days make the window's levels."""
    found = exposure_of(book((1, 110, 5000, 0.2, 7), *PAIR))
    assert found.levels.call_wall == 110
    assert found.window.net_gex == pytest.approx(levels_of(book(*PAIR).chain).net_gex)
    assert found.window_repriced.flip == pytest.approx(99.33532, abs=1e-5)
    assert found.repriced.flip != found.window_repriced.flip


def test_warnings_where_the_files_gammas_disagree_and_the_walls_do():
    """The file's own net GEX of the other sign, equal walls and inverted walls are told."""
    raw = book(*PAIR).chain
    opposed = make_chain(
        symbol="SPX", spot=100.0, as_of=NOON, right=raw.right, strike=raw.strike, iv=raw.iv,
        expiry=raw.expiry, delta=raw.delta, open_interest=raw.open_interest, gamma=[0.05, 0.001],
    )  # fmt: skip
    assert any("follows the re-priced one" in note for note in exposure_of(clean(opposed)).notes)
    equal = exposure_of(book((1, 100, 10, 0.2, 30), (-1, 100, 12, 0.2, 30)))
    assert equal.notes == ("both walls stand at 100: no condor between them",)
    inverted = exposure_of(book((1, 90, 10, 0.2, 30), (-1, 110, 10, 0.2, 30)))
    assert any("inverted" in note for note in inverted.notes)


def test_what_expired_series_would_have_added_is_told():
    """A series of the day that is over keeps its gamma in the file: the difference is a note."""
    late = datetime(2026, 3, 18, 20, 30, tzinfo=UTC)
    raw = make_chain(
        symbol="SPY", spot=100.0, as_of=late, right=[1, 1], strike=[100.0, 100.0],
        expiry=[DAY, DAY + 30], iv=[0.2, 0.2], delta=[0.5, 0.5], gamma=[0.2, 0.05],
        open_interest=[1e6, 1e6],
    )  # fmt: skip
    found = exposure_of(clean(raw))
    assert found.levels.net_gex == pytest.approx(5e8)
    assert found.expired_gex == pytest.approx(2e9)
    (note,) = found.notes
    assert note.endswith("with them net GEX would be 2.500 bn instead of 0.500 bn")


def test_dollars():
    """Billions from a tenth of one on, else millions."""
    assert (dollars(2.1136e9), dollars(-4.2e7)) == ("2.114 bn", "-42 m")


def test_the_traded_window_holds_its_first_and_last_day():
    """30 and 60 days are inside by default, 29 and 61 outside; other days are kept in mind."""
    cleaned = book(*((1, 100 + days, 100, 0.2, days) for days in (29, 30, 60, 61)))
    found = exposure_of(cleaned)
    assert found.window.strikes.tolist() == [130, 160]
    assert found.window_days == (30, 60)
    other = exposure_of(cleaned, dte_min=29, dte_max=30)
    assert other.window.strikes.tolist() == [129, 130]
    assert other.window_days == (29, 30)


def test_levels_by_strike():
    """Calls above 0, puts below, both of a strike side by side; open interest of both together."""
    raw = make_chain(
        symbol="SPX", spot=100.0, as_of=NOON, right=[1, -1, -1], strike=[100.0, 100.0, 95.0],
        expiry=[DAY + 30] * 3, iv=[0.2] * 3, delta=[0.5, -0.5, -0.3], gamma=[0.03, 0.02, 0.01],
        open_interest=[1000.0, 500.0, 200.0],
    )  # fmt: skip
    levels = levels_of(clean(raw).chain)
    assert levels.strikes.tolist() == [95, 100]
    assert levels.call_gex.tolist() == pytest.approx([0, 300_000])
    assert levels.put_gex.tolist() == pytest.approx([-20_000, -100_000])
    assert levels.net.tolist() == pytest.approx([-20_000, 200_000])
    assert levels.open_interest.tolist() == [200, 1500]


def test_a_single_contract_counts():
    """One contract on a stock of a dollar: cents of GEX, and still a wall and a regime."""
    found = exposure_of(book((1, 1.15, 1, 0.2, 30), spot=1.0))
    assert 0 < found.levels.net_gex < 1
    assert (found.levels.call_wall, found.levels.max_gamma) == (1.15, 1.15)
    assert found.repriced.gamma == "positive"


@given(st.floats(1, 5000), st.floats(0.05, 2), st.integers(1, 400), st.floats(0.8, 1.2))
def test_at_spot_repriced_gamma_is_that_of_the_model(spot, iv, days, ratio):
    """Where the file's gammas are Black-Scholes too, both nets are the same dollars."""
    cleaned = book((1, spot * ratio, 700, iv, days), (-1, spot / ratio, 400, iv, days), spot=spot)
    own = levels_of(cleaned.chain).net_gex
    rough = abs(gex(cleaned.chain)).sum()
    assert reprice(cleaned.chain).gex == pytest.approx(own, rel=1e-9, abs=1e-9 * rough)


def test_days_that_are_known_are_used():
    """The closed form at 10 days, on a chain of 30."""
    chain = book(*PAIR).chain
    exact = math.sqrt(110 * 90) * math.exp(-0.5 * 0.04 * 10 / 365)
    assert reprice(chain, np.array([10.0, 10.0])).flip == pytest.approx(exact, rel=1e-10)


def test_ivs_of_the_file_go_first():
    """What was solved from quotes counts only where the file has no IV at all."""
    chain = book(*PAIR, (-1, 130, 90_000, 0.2, 30)).chain
    far = chain.strike == 130
    mixed = dataclasses.replace(chain, iv_from=np.where(far, IV_SOLVED, IV_FILE).astype(np.int8))
    assert reprice(mixed).flip == pytest.approx(99.33532, abs=1e-5)
    solved = dataclasses.replace(chain, iv_from=np.full(3, IV_SOLVED, np.int8))
    assert reprice(solved).gex == pytest.approx(reprice(chain).gex)
    assert reprice(chain).flip != reprice(mixed).flip


@pytest.mark.parametrize(
    ("spot", "place", "turns"), [(87.5, 0, "positive"), (112.0, 1, "negative")]
)
def test_the_nearest_crossing_from_either_side(spot, place, turns):
    """From below the lower one leads, from above the upper; the status says which way it turns."""
    contracts = ((-1, 85, 500, 0.1, 20), (1, 100, 900, 0.1, 20), (-1, 115, 500, 0.1, 20))
    found = reprice(book(*contracts, spot=spot).chain)
    assert len(found.crossings) == 2
    assert found.flip == found.crossings[place].spot
    words = f"re-priced; gamma turns {turns} above it; the nearest of 2 crossings"
    assert found.status == words


def test_what_the_status_says():
    """One crossing, none, and nothing to look at."""
    assert reprice(book(*PAIR).chain).status == "re-priced; gamma turns positive above it"
    for right, sign in ((1, "positive"), (-1, "negative")):
        found = reprice(book((right, 100, 10, 0.2, 30)).chain)
        words = f"gamma keeps its sign ({sign}) from 70 to 130: there is no flip"
        assert found.status == words
    assert reprice(book((1, 100, 0, 0.2, 30)).chain).crossings == ()


@pytest.mark.parametrize(("held", "told"), [(4.0, False), (5.0, False), (6.0, True)])
def test_expired_series_are_told_from_half_a_percent(held, told):
    """At 1,000 contracts of the same gamma, 5 expired ones are nothing and 6 are a note."""
    late = datetime(2026, 3, 18, 20, 30, tzinfo=UTC)
    raw = make_chain(
        symbol="SPY", spot=100.0, as_of=late, right=[1, 1], strike=[100.0, 100.0],
        expiry=[DAY, DAY + 30], iv=[0.2, 0.2], delta=[0.5, 0.5], gamma=[0.05, 0.05],
        open_interest=[held, 1000.0],
    )  # fmt: skip
    assert bool(exposure_of(clean(raw)).notes) == told


def test_walls_in_order_are_no_note():
    """A put wall below the call wall is as it should be."""
    assert exposure_of(book((1, 110, 10, 0.2, 30), (-1, 90, 10, 0.2, 30))).notes == ()


def test_dollars_at_the_edge():
    """A tenth of a billion is written in billions, a dollar less in millions."""
    assert (dollars(1e8), dollars(1e8 - 1), dollars(-1e8)) == ("0.100 bn", "100 m", "-0.100 bn")


def listed(*contracts, as_of=NOON):
    """A clean chain of (right, strike, open interest, gamma, days) with an IV of 20 points."""
    right, strike, held, gamma, days = (list(c) for c in zip(*contracts, strict=True))
    size = len(right)
    return clean(
        make_chain(
            symbol="SPY", spot=100.0, as_of=as_of, right=right, strike=strike, gamma=gamma,
            open_interest=held, expiry=[DAY + d for d in days], iv=[0.2] * size,
            delta=[0.5] * size,
        )
    )  # fmt: skip


def test_of_equal_strikes_the_lowest_stands_out():
    """Walls, peaks and open interest alike; what is unknown counts for nothing."""
    cleaned = listed(
        (1, 100.0, 1000, 0.02, 30), (1, 110.0, 1000, 0.02, 60), (-1, 90.0, 1000, 0.02, 30),
        (-1, 95.0, 1000, 0.02, 30), (1, 105.0, math.nan, 0.5, 90),
    )  # fmt: skip
    levels = levels_of(cleaned.chain)
    assert (levels.call_wall, levels.put_wall) == (100.0, 90.0)
    assert (levels.max_gamma, levels.max_negative_gamma) == (100.0, 90.0)
    assert levels.highest_oi_strike == 90.0
    assert levels.strikes.tolist() == [90, 95, 100, 110]
    assert [day - DAY for day, _ in levels.by_expiry] == [30, 60]
    assert levels.net_gex == pytest.approx(0.0)
    calls = levels_of(listed((1, 100.0, 1000, 0.02, 30)).chain)
    assert (calls.put_wall, calls.max_negative_gamma, calls.net_gex) == (None, None, 200_000.0)


def test_a_strike_without_gamma_is_no_wall():
    """Open interest with a gamma of 0 is open interest: a net of 0, and nothing stands out."""
    levels = levels_of(listed((1, 100.0, 1000, 0.0, 30)).chain)
    assert (levels.net_gex, levels.highest_oi_strike) == (0.0, 100.0)
    assert (levels.call_wall, levels.max_gamma, levels.max_negative_gamma) == (None, None, None)


def test_only_what_is_held_alive_and_priced_is_repriced():
    """No open interest, no IV, no time: such contracts change neither the flip nor the gamma."""
    chain = book(*PAIR, (-1, 100, 5000, 0.2, 30)).chain
    middle = chain.strike == 100
    want = reprice(book(*PAIR).chain)
    for change in (
        {"open_interest": np.where(middle, 0.0, chain.open_interest)},
        {"open_interest": np.where(middle, np.nan, chain.open_interest)},
        {"iv": np.where(middle, np.nan, chain.iv)},
    ):
        assert reprice(dataclasses.replace(chain, **change)) == want
    assert reprice(chain, np.where(middle, 0.0, 30.0)) == want
    assert reprice(chain) != want


@pytest.mark.parametrize(
    ("value", "gamma"), [(None, "unknown"), (0.0, "unknown"), (1.0, "positive"), (-0.5, "negative")]
)
def test_the_regime_is_the_sign_at_spot(value, gamma):
    """Nothing at all is no regime."""
    assert Repriced(value, (), None, "").gamma == gamma


def test_every_note_in_words():
    """The file against the re-pricing with both figures; walls that are inverted."""
    raw = book(*PAIR).chain
    opposed = dataclasses.replace(raw, gamma=np.where(raw.right > 0, 0.001, 0.05))
    found = exposure_of(clean(opposed))
    own, model = found.levels.net_gex, found.repriced.gex
    assert own < 0 < model
    assert own == pytest.approx(-490_000)
    assert found.notes == ((
        f"the file's own gammas give -0.49 m, re-priced gamma {dollars(model)}: "
        "the regime follows the re-priced one"
    ),)  # fmt: skip
    inverted = exposure_of(book((1, 90, 10, 0.2, 30), (-1, 110, 12, 0.2, 30)))
    assert inverted.notes[-1] == "the walls are inverted (call 90, put 110)"


def test_series_that_are_over_are_summed_without_what_is_unknown():
    """The note has both nets; with a net of 0 anything that expired is told."""
    late = datetime(2026, 3, 18, 20, 30, tzinfo=UTC)
    over = (1, 100.0, 100.0, 0.1, 0), (1, 101.0, math.nan, 0.1, 0), (-1, 99.0, 40.0, 0.1, 0)
    found = exposure_of(listed(*over, (1, 100.0, 1000.0, 0.05, 30), as_of=late))
    assert found.expired_gex == pytest.approx(60_000)
    assert found.notes == (
        "series that have expired are left out; with them net GEX would be 0.56 m instead of 0.5 m",
    )
    same = exposure_of(listed(over[0], (1, 100.0, 1000.0, 0.0, 30), as_of=late))
    assert same.notes == (
        "series that have expired are left out; with them net GEX would be 0.1 m instead of 0 m",
    )
    assert exposure_of(listed(over[0], as_of=late)).notes == ()


def test_crossings_near_spot_are_told_apart():
    """Steps of a quarter of a percent: a band of one percent of the other sign has two ends."""
    cleaned = book((-1, 100.0, 4000, 0.03, 2), (1, 99.0, 4000, 0.05, 2), (1, 101.0, 4000, 0.05, 2))
    found = reprice(cleaned.chain)
    ends = [c.spot for c in found.crossings]
    assert [c.direction for c in found.crossings] == ["down", "up"]
    assert 99.0 < ends[0] < 100.0 < ends[1] < 101.0
    assert found.gamma == "negative"
    with np.errstate(all="raise"):  # what is too small for a number is nothing
        assert reprice(cleaned.chain) == found
