"""Strikes: walls, their checks and fallbacks, wings, and the order of the legs."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vrp_xl.core.black_scholes import delta
from vrp_xl.core.implied import expected_move
from vrp_xl.core.rules import PRESETS, STANDARD, preset
from vrp_xl.core.strikes import (
    StrikeInputs,
    increment,
    plan_strikes,
    round_strike,
    wall_problem,
)
from vrp_xl.core.structures import STRUCTURES

CONDOR = STRUCTURES["iron_condor"]
GIVEN = StrikeInputs(
    spot=580.51, expiry=date(2026, 5, 15), days=45, iv=18.45, put_iv=21.03, call_iv=16.82,
    put_wall=545, call_wall=620, max_gamma=575, lean="put-heavy",
)  # fmt: skip
MOVE = expected_move(580.51, 18.45, 45)
DELTA_RULES = STANDARD.with_values({"strike_method": "delta"})
MOVE_RULES = STANDARD.with_values({"strike_method": "move"})

PRICE = st.floats(0.05, 5000)
VOL = st.none() | st.floats(0.5, 900)
INPUTS = st.builds(
    StrikeInputs, spot=PRICE, expiry=st.just(date(2026, 5, 15)), days=st.integers(1, 700),
    iv=VOL, put_iv=VOL, call_iv=VOL, put_wall=st.none() | PRICE, call_wall=st.none() | PRICE,
    max_gamma=st.none() | PRICE,
    lean=st.sampled_from([None, "put-heavy", "call-heavy", "balanced"]),
)  # fmt: skip
SOLD = [s for s in STRUCTURES.values() if s.vega < 0]


def strikes_of(plan):
    """Strikes by sign and right."""
    return {(leg.sign, leg.right): leg.strike for leg in plan.legs}


def change(**figures):
    """The worked inputs with some figures changed."""
    return dataclasses.replace(GIVEN, **figures)


def test_walls_that_pass_are_sold():
    """Walls at a fair distance take the short strikes, half a move further the wings."""
    plan = plan_strikes(CONDOR, GIVEN, STANDARD)
    got = strikes_of(plan)
    assert got[-1, "put"] == 545
    assert got[-1, "call"] == 620
    assert got[1, "put"] == round(545 - MOVE / 2)
    assert got[1, "call"] == round(620 + MOVE / 2)
    assert plan.complete
    assert plan.notes == ()
    assert plan.words.startswith("2026-05-15: buy put 526, sell put 545, sell call 620, buy call")


def test_every_strike_shows_delta_and_moves():
    """Delta by the wing's volatility, distance in signed expected moves."""
    for leg in plan_strikes(CONDOR, GIVEN, STANDARD).legs:
        iv = 21.03 if leg.right == "put" else 16.82
        assert leg.delta == pytest.approx(delta(leg.right, 580.51, leg.strike, iv, 45))
        assert leg.moves == pytest.approx((leg.strike - 580.51) / MOVE)


@pytest.mark.parametrize(
    ("figures", "right", "words"),
    [
        ({"put_wall": None}, "put", "no put wall"),
        ({"call_wall": None}, "call", "no call wall"),
        ({"put_wall": 590}, "put", "not below spot"),
        ({"put_wall": 580.51}, "put", "not below spot"),
        ({"call_wall": 575}, "call", "not above spot"),
        ({"put_wall": 600, "call_wall": 600}, "put", "equals"),
        ({"put_wall": 600, "call_wall": 600}, "call", "equals"),
        ({"put_wall": 640, "call_wall": 620}, "call", "inverted"),
        ({"put_wall": 570}, "put", "expected moves"),
        ({"call_wall": 590}, "call", "expected moves"),
        ({"put_wall": 561, "put_iv": 40.0}, "put", "delta of"),
    ],
)
def test_walls_that_fail_fall_back_to_delta(figures, right, words):
    """Each failing wall is named, and the strike is one of the wished delta instead."""
    given_ = change(**figures)
    assert words in wall_problem(right, given_, STANDARD)
    plan = plan_strikes(CONDOR, given_, STANDARD)
    leg = next(x for x in plan.legs if x.sign < 0 and x.right == right)
    assert leg.basis == "delta"
    assert words in leg.note
    assert any(words in note for note in plan.notes)
    assert leg.strike == strikes_of(plan_strikes(CONDOR, given_, DELTA_RULES))[-1, right]


def test_walls_of_the_article_day_are_too_near():
    """570 and 590 are 0.28 and 0.25 expected moves away: shown, not sold, and said."""
    near = change(put_wall=570, call_wall=590)
    guarded = plan_strikes(CONDOR, near, STANDARD)
    assert {leg.basis for leg in guarded.legs if leg.sign < 0} == {"delta"}
    assert any("put wall 570 is only 0.28" in note for note in guarded.notes)
    literal = plan_strikes(CONDOR, near, preset("article"))
    assert strikes_of(literal)[-1, "put"] == 570
    assert strikes_of(literal)[-1, "call"] == 590
    assert any(note.startswith("warning: put wall 570") for note in literal.notes)


def test_a_wall_that_cannot_be_checked_says_so():
    """Without a volatility the wall stands, with a warning instead of a silent pass."""
    plan = plan_strikes(CONDOR, change(iv=None, put_iv=None, call_iv=None), STANDARD)
    assert strikes_of(plan)[-1, "put"] == 545
    assert any("not checked" in note for note in plan.notes)
    assert not plan.complete
    assert all(leg.strike is None for leg in plan.legs if leg.sign > 0)
    assert "buy put ?" in plan.words


def test_fallback_ends_at_the_expected_move():
    """No wall and no wing volatility for a delta: the expected move; without any: no strike."""
    blank = change(put_wall=None, call_wall=None, max_gamma=None)
    plan = plan_strikes(CONDOR, blank, MOVE_RULES)
    assert strikes_of(plan)[-1, "put"] == round(580.51 - MOVE)
    assert strikes_of(plan)[-1, "call"] == round(580.51 + MOVE)
    nothing = plan_strikes(
        CONDOR, dataclasses.replace(blank, iv=None, put_iv=None, call_iv=None), STANDARD
    )
    assert all(leg.strike is None and leg.note for leg in nothing.legs)


@pytest.mark.parametrize(
    ("lean", "put_delta", "call_delta"),
    [("put-heavy", 0.25, 0.16), ("call-heavy", 0.16, 0.25), ("balanced", 0.25, 0.25),
     (None, 0.25, 0.25)],
)  # fmt: skip
def test_the_leaning_side_keeps_the_short_delta(lean, put_delta, call_delta):
    """Two-sided structures sell the other side further out; one-sided ones do not."""
    got = strikes_of(plan_strikes(CONDOR, change(lean=lean), DELTA_RULES))
    for right, iv, target in (("put", 21.03, put_delta), ("call", 16.82, call_delta)):
        assert abs(delta(right, 580.51, got[-1, right], iv, 45)) == pytest.approx(target, abs=0.01)
    one = plan_strikes(STRUCTURES["short_call_spread"], change(lean="put-heavy"), DELTA_RULES)
    assert abs(next(x for x in one.legs if x.sign < 0).delta) == pytest.approx(0.25, abs=0.01)


def test_iron_fly_centres_on_maximum_gamma():
    """Both shorts at maximum gamma, wings no further than the walls."""
    fly = plan_strikes(STRUCTURES["iron_fly"], change(put_wall=560, call_wall=585), STANDARD)
    got = strikes_of(fly)
    assert got[-1, "put"] == got[-1, "call"] == 575
    assert got[1, "put"] == 560
    assert got[1, "call"] == 585
    wide = strikes_of(plan_strikes(STRUCTURES["iron_fly"], GIVEN, STANDARD))
    assert wide[1, "put"] == round(575 - MOVE / 2)


@pytest.mark.parametrize("peak", [565, 575, 599])
def test_narrow_condor_centres_on_maximum_gamma(peak):
    """Cell C: the condor stands around maximum gamma while spot is between its shorts."""
    plan = plan_strikes(CONDOR, change(max_gamma=peak), STANDARD, tight=True)
    got = strikes_of(plan)
    assert got[-1, "put"] == pytest.approx(peak - MOVE / 2, abs=0.5)
    assert got[-1, "call"] == pytest.approx(peak + MOVE / 2, abs=0.5)
    assert 545 <= got[1, "put"] < got[-1, "put"]
    assert got[-1, "call"] < got[1, "call"] <= 620


@pytest.mark.parametrize(("peak", "words"), [(500, "too far"), (None, "not known")])
def test_narrow_condor_without_a_near_maximum_centres_on_spot(peak, words):
    """Maximum gamma that is far or unknown: around spot, and said."""
    plan = plan_strikes(CONDOR, change(max_gamma=peak), STANDARD, tight=True)
    got = strikes_of(plan)
    assert (got[-1, "put"] + got[-1, "call"]) / 2 == pytest.approx(580.51, abs=1)
    assert any(words in note for note in plan.notes)


def test_no_room_inside_the_walls_is_said():
    """A tight wing that cannot stay inside a wall says so instead of hiding it."""
    plan = plan_strikes(
        CONDOR, change(put_wall=575, call_wall=590, max_gamma=None), STANDARD, tight=True
    )
    assert any("no room for the put wing" in note for note in plan.notes)
    assert any("no room for the call wing" in note for note in plan.notes)


@given(st.sampled_from(SOLD), INPUTS, st.sampled_from(list(PRESETS)), st.booleans())
def test_legs_are_ordered(structure, given_, name, tight):
    """Long put < short put <= short call < long call, whatever the levels say."""
    rules = preset(name).with_values({"strike_guard": True})
    plan = plan_strikes(structure, given_, rules, tight=tight)
    got = strikes_of(plan)
    assert set(got) == {(leg.sign, leg.right) for leg in structure.legs}
    known = {k: v for k, v in got.items() if v is not None}
    assert all(v > 0 for v in known.values())
    order = [known.get(k) for k in ((1, "put"), (-1, "put"), (-1, "call"), (1, "call"))]
    lp, sp, sc, lc = order
    assert lp is None or lp < sp
    assert lc is None or sc < lc
    assert sp is None or sc is None or sp <= sc
    for leg in plan.legs:
        assert leg.strike is not None or leg.note
        if leg.strike is not None and leg.delta is not None:
            assert (leg.delta <= 0) if leg.right == "put" else (leg.delta >= 0)


@given(INPUTS, st.sampled_from(["walls", "delta", "move"]))
def test_short_strikes_are_out_of_the_money(given_, method):
    """No short strike of a condor or spread is at or beyond spot."""
    rules = STANDARD.with_values({"strike_method": method})
    got = strikes_of(plan_strikes(CONDOR, given_, rules))
    assert got[-1, "put"] is None or got[-1, "put"] < given_.spot
    assert got[-1, "call"] is None or got[-1, "call"] > given_.spot


@given(st.integers(40, 900), st.floats(0, 30), st.floats(5, 80), st.integers(10, 300))
def test_put_and_call_mirror(spot, offset, iv, days):
    """From a spot that is a strike, the expected-move strikes lie mirrored around it."""
    assert round_strike("put", spot - offset, spot) + round_strike(
        "call", spot + offset, spot
    ) == pytest.approx(2 * spot)
    given_ = StrikeInputs(spot=spot, expiry=date(2026, 5, 15), days=days, iv=iv)
    rules = MOVE_RULES.with_values({"short_moves": 0.5, "wing_moves": 0.3})
    got = strikes_of(plan_strikes(CONDOR, given_, rules))
    if None not in got.values():
        assert got[-1, "put"] + got[-1, "call"] == pytest.approx(2 * spot)
        assert got[1, "put"] + got[1, "call"] == pytest.approx(2 * spot) or got[1, "put"] == 1


@given(
    st.floats(50, 500), st.floats(0.7, 1.3), st.floats(0.7, 1.3), st.floats(5, 80),
    st.floats(1.01, 3),
)  # fmt: skip
def test_scaling_prices_scales_the_judgement_of_walls(spot, put, call, iv, factor):
    """A wall that passes at one price level passes at any."""
    assume(abs(put - call) > 1e-6)  # walls are strikes, never a hair apart
    base = StrikeInputs(
        spot=spot, expiry=date(2026, 5, 15), days=45, iv=iv, put_wall=put * spot,
        call_wall=call * spot,
    )  # fmt: skip
    scaled = dataclasses.replace(
        base, spot=factor * spot, put_wall=factor * put * spot, call_wall=factor * call * spot
    )
    for right in ("put", "call"):
        before, after = (wall_problem(right, g, STANDARD) for g in (base, scaled))
        assert (before is None) == (after is None)


@pytest.mark.parametrize(
    ("right", "price", "spot", "strike"),
    [("put", 557.5, 580, 557), ("call", 557.5, 580, 558), ("put", 557.4, 580, 557),
     ("call", 557.6, 580, 558), ("put", 17.25, 18, 17.0), ("call", 17.25, 18, 17.5),
     ("put", 3992.5, 4000, 3990), ("call", 3992.5, 4000, 3995), ("put", 0.1, 0.4, 0.0),
     ("put", -3, 20, 0.0)],
)  # fmt: skip
def test_rounding(right, price, spot, strike):
    """To the nearest usual strike; halfway goes outwards; nothing below 0."""
    assert round_strike(right, price, spot) == strike


def test_increments():
    """0.5 below 25, 1 below 1,000, 5 from there."""
    prices = [0.5, 24.99, 25, 999.99, 1000, 6000]
    assert [increment(p) for p in prices] == [0.5, 0.5, 1, 1, 5, 5]


@pytest.mark.parametrize("figures", [{"days": 0}, {"days": -4}, {"iv": 0.0}, {"iv": -3.0}])
def test_no_time_or_no_volatility(figures):
    """Nothing divides by an expected move that is not there."""
    for structure, tight, rules in itertools.product(
        STRUCTURES.values(), (False, True), (STANDARD, DELTA_RULES, MOVE_RULES)
    ):
        plan = plan_strikes(structure, change(**figures), rules, tight=tight)
        assert plan.expected_move is None


def test_a_day_and_half_a_point_are_enough():
    """A move, a delta, strikes by delta."""
    quiet = change(days=1, iv=0.5, put_iv=0.9, call_iv=0.9)
    plan = plan_strikes(CONDOR, quiet, DELTA_RULES)
    assert plan.expected_move == pytest.approx(580.51 * 0.005 / 365**0.5)
    assert {leg.basis for leg in plan.legs} == {"delta", "wing"}
    assert plan.notes == ()
    assert None not in {leg.delta for leg in plan.legs}


def test_halfway_goes_outwards_wherever_a_strike_is_placed():
    """A move of 10.5 from 100, a narrow condor, their wings, and a spot of 100.5."""
    at = StrikeInputs(spot=100, expiry=date(2026, 5, 15), days=365, iv=10.5)
    rules = MOVE_RULES.with_values({"wing_moves": 1, "tight_moves": 1})
    for tight in (False, True):
        got = strikes_of(plan_strikes(CONDOR, at, rules, tight=tight))
        assert [got[k] for k in ((1, "put"), (-1, "put"), (-1, "call"), (1, "call"))] == [
            78, 89, 111, 122,
        ]  # fmt: skip
    half = dataclasses.replace(at, spot=100.5)
    assert plan_strikes(STRUCTURES["short_straddle"], half, rules).legs[0].strike == 101


def test_a_wing_keeps_its_distance_from_a_wall_off_the_grid():
    """A strike of its own there too: 0.5 below a wall at 15.3, 1 above one at 620.4."""
    low = StrikeInputs(spot=20, expiry=date(2026, 5, 15), days=1, iv=5, put_wall=15.3)
    plan = plan_strikes(STRUCTURES["short_put_spread"], low, STANDARD)
    assert [leg.strike for leg in plan.legs] == [pytest.approx(14.8), 15.3]
    high = change(days=1, iv=1.0, call_iv=1.0, call_wall=620.4)
    plan = plan_strikes(STRUCTURES["short_call_spread"], high, STANDARD)
    assert [leg.strike for leg in plan.legs] == [620.4, pytest.approx(621.4)]


def test_a_cheap_stock_has_no_strike_left():
    """A put below the lowest strike is not made up."""
    cheap = StrikeInputs(spot=0.4, expiry=date(2026, 5, 15), days=45, iv=80)
    plan = plan_strikes(CONDOR, cheap, STANDARD)
    puts = [leg for leg in plan.legs if leg.right == "put"]
    assert all(leg.strike is None and "no strike" in leg.note for leg in puts)


def test_calendar_has_one_strike_and_two_expiries():
    """Sells the near call and buys the later one at the same strike."""
    plan = plan_strikes(STRUCTURES["calendar_spread"], GIVEN, preset("article"))
    near, later = plan.legs
    assert near.strike == later.strike == 575
    assert "later expiry" in later.note


BARE = {"iv": None, "put_iv": None, "call_iv": None}
NO_IV = "needs an implied volatility"
PLANS = {
    "no wall, and one too near": (
        "iron_condor", {"put_wall": None, "call_wall": 590}, {}, False,
        [("buy put 535", "wing", ""), ("sell put 554", "delta", "there is no put wall"),
         ("sell call 617", "delta", "call wall 590 is only 0.25 expected moves away"),
         ("buy call 636", "wing", "")],
        ("call wall 590 is only 0.25 expected moves away: call strike by delta",
         "there is no put wall: put strike by delta"),
    ),
    "no wall, and one that is not checked": (
        "iron_condor", {"put_wall": None, "call_wall": 590} | BARE, {}, False,
        [("buy put ?", None, NO_IV), ("sell put ?", None, "there is no put wall"),
         ("sell call 590", "wall", f"call wall 590 is not checked: {NO_IV}"),
         ("buy call ?", None, NO_IV)],
        (f"warning: call wall 590 is not checked: {NO_IV}", "there is no put wall: no put strike"),
    ),
    "no wall, and no volatility of a wing": (
        "short_put_spread", {"put_wall": None, "put_iv": 0.0}, {}, False,
        [("buy put 524", "wing", ""), ("sell put 543", "move", "there is no put wall")],
        ("there is no put wall: put strike by move",),
    ),
    "by delta without a volatility": (
        "short_call_spread", BARE, {"strike_method": "delta"}, False,
        [("sell call ?", None, "no implied volatility for a delta"), ("buy call ?", None, NO_IV)],
        ("no implied volatility for a delta: no call strike",),
    ),
    "by the move without a volatility": (
        "short_call_spread", BARE, {"strike_method": "move"}, False,
        [("sell call ?", None, NO_IV), ("buy call ?", None, NO_IV)], (),
    ),
    "by the move": (
        "iron_condor", {}, {"strike_method": "move"}, False,
        [("buy put 524", "wing", ""), ("sell put 543", "move", ""), ("sell call 618", "move", ""),
         ("buy call 637", "wing", "")], (),
    ),
    "a wall against the guard": (
        "short_put_spread", {"put_wall": 570}, {"strike_guard": False}, False,
        [("buy put 551", "wing", ""),
         ("sell put 570", "wall", "put wall 570 is only 0.28 expected moves away")],
        ("warning: put wall 570 is only 0.28 expected moves away",),
    ),
    "one side by wall, one by delta": (
        "jade_lizard", {"lean": "call-heavy", "call_wall": None}, {}, False,
        [("sell put 545", "wall", ""), ("sell call 605", "delta", "there is no call wall"),
         ("buy call 624", "wing", "")],
        ("there is no call wall: call strike by delta",),
    ),
    "narrow around maximum gamma": (
        "iron_condor", {}, {}, True,
        [("buy put 545", "wing", ""), ("sell put 556", "move", "narrow, centred on max gamma"),
         ("sell call 594", "move", "narrow, centred on max gamma"), ("buy call 613", "wing", "")],
        (),
    ),
    "narrow around spot": (
        "iron_condor", {"put_wall": 575, "call_wall": 590, "max_gamma": None}, {}, True,
        [("buy put 543", "wing", ""), ("sell put 562", "move", "narrow, centred on spot"),
         ("sell call 600", "move", "narrow, centred on spot"), ("buy call 619", "wing", "")],
        ("maximum gamma is not known: centred on spot",
         "no room for the put wing inside the wall 575",
         "no room for the call wing inside the wall 590"),
    ),
    "narrow without a volatility": (
        "iron_condor", BARE, {}, True,
        [("buy put ?", None, NO_IV), ("sell put ?", None, NO_IV), ("sell call ?", None, NO_IV),
         ("buy call ?", None, NO_IV)],
        (f"maximum gamma 575 {NO_IV}: centred on spot",),
    ),
    "fly": (
        "iron_fly", {}, {}, False,
        [("buy put 556", "wing", ""), ("sell put 575", "max gamma", ""),
         ("sell call 575", "max gamma", ""), ("buy call 594", "wing", "")], (),
    ),
    "fly far from maximum gamma": (
        "iron_fly", {"max_gamma": 500}, {}, False,
        [("buy put 562", "wing", ""), ("sell put 581", "spot", ""), ("sell call 581", "spot", ""),
         ("buy call 600", "wing", "")],
        ("maximum gamma 500 is too far: centred on spot",),
    ),
    "straddle": (
        "short_straddle", {}, {}, False,
        [("sell put 575", "max gamma", ""), ("sell call 575", "max gamma", "")], (),
    ),
    "calendar": (
        "calendar_spread", {}, {}, False,
        [("sell call 575", "max gamma", ""), ("buy call 575", "max gamma", "a later expiry")], (),
    ),
    "a cheap stock": (
        "iron_condor", {"spot": 0.4, "iv": 80.0, "put_iv": None, "call_iv": None, "lean": None,
                        "put_wall": None, "call_wall": None}, {}, False,
        [("buy put ?", None, "no strike is left that far out"),
         ("sell put ?", None, "no strike is left that far out"),
         ("sell call 0.5", "delta", "there is no call wall"), ("buy call 1", "wing", "")],
        ("there is no call wall: call strike by delta",
         "there is no put wall: put strike by delta"),
    ),
    "a quiet stock": (
        "iron_condor", {"spot": 20.0, "days": 2, "iv": 10.0, "put_iv": None, "call_iv": None,
                        "put_wall": None, "call_wall": None}, {"strike_method": "delta"}, False,
        [("buy put 19", "wing", ""), ("sell put 19.5", "delta", ""),
         ("sell call 20.5", "delta", ""), ("buy call 21", "wing", "")], (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PLANS)
def test_whole_plans(case):
    """Every leg with where it is from and what is said of it, and the notes of the plan."""
    name, figures, rules, tight, legs, notes = PLANS[case]
    plan = plan_strikes(STRUCTURES[name], change(**figures), STANDARD.with_values(rules),
                        tight=tight)  # fmt: skip
    assert [(leg.words, leg.basis, leg.note) for leg in plan.legs] == legs
    assert plan.notes == notes
    given_ = change(**figures)
    assert (plan.structure, plan.expiry, plan.days) == (name, date(2026, 5, 15), given_.days)
    assert plan.expected_move == (
        None if given_.iv is None else expected_move(given_.spot, given_.iv, given_.days)
    )
    assert [leg.sign for leg in plan.legs] == [
        -1 if "sell" in leg.words else 1 for leg in plan.legs
    ]
    assert plan.words == "2026-05-15: " + ", ".join(words for words, *_ in legs)
    assert plan.complete == all("?" not in words for words, *_ in legs)


@pytest.mark.parametrize(
    ("figures", "put", "call"),
    [
        ({}, None, None),
        ({"put_wall": None}, "there is no put wall", None),
        ({"call_wall": None}, None, "there is no call wall"),
        ({"put_wall": 600, "call_wall": 600}, "put wall 600 equals the other wall",
         "call wall 600 equals the other wall"),
        ({"put_wall": 640, "call_wall": 620}, *["the walls are inverted (call 620, put 640)"] * 2),
        ({"put_wall": 580.51}, "put wall 580.51 is not below spot 580.51", None),
        ({"put_wall": 590}, "put wall 590 is not below spot 580.51", None),
        ({"call_wall": 580.51}, None, "call wall 580.51 is not above spot 580.51"),
        ({"call_wall": 575}, None, "call wall 575 is not above spot 580.51"),
        ({"put_wall": 580.51 - 0.5 * MOVE, "put_iv": 12.0}, None, None),
        ({"put_wall": 580.51 - 0.49 * MOVE}, "put wall 562.083 is only 0.49 expected moves away",
         None),
        ({"call_wall": 580.51 + 0.5 * MOVE, "call_iv": 12.0}, None, None),
        ({"call_wall": 580.51 + 0.49 * MOVE}, None,
         "call wall 598.937 is only 0.49 expected moves away"),
        ({"put_wall": 561, "put_iv": 40.0}, "put wall 561 has a delta of 0.38", None),
        ({"call_wall": 601, "call_iv": 40.0}, None, "call wall 601 has a delta of 0.43"),
        ({"put_wall": 579, **BARE}, None, None),
        ({"put_wall": 579, "days": 0}, None, None),
        ({"put_wall": 579, "days": 1, "iv": 0.01, "put_iv": 0.01}, None, None),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_wall(figures, put, call):
    """Each side for itself; exactly half a move away is enough."""
    given_ = change(**figures)
    assert wall_problem("put", given_, STANDARD) == put
    assert wall_problem("call", given_, STANDARD) == call


def test_the_largest_delta_that_may_be_sold_is_a_limit_itself():
    """A wall of that very delta stands."""
    size = -delta("put", 580.51, 561, 21.03, 45)
    at = STANDARD.with_values({"max_short_delta": size})
    assert wall_problem("put", change(put_wall=561), at) is None
    under = STANDARD.with_values({"max_short_delta": size - 1e-6})
    assert "has a delta" in wall_problem("put", change(put_wall=561), under)


@pytest.mark.parametrize(("away", "iv"), [(0.249, 18.45), (0.251, 21.03)])
def test_near_spot_the_delta_is_by_atm_iv(away, iv):
    """From a quarter of a move on by that of the wing; where that is not known by ATM IV."""
    peak = 580.51 - away * MOVE
    plan = plan_strikes(
        STRUCTURES["short_straddle"], change(max_gamma=peak),
        STANDARD.with_values({"fly_moves": 0.5}),
    )  # fmt: skip
    assert plan.legs[0].delta == pytest.approx(delta("put", 580.51, peak, iv, 45))
    bare = plan_strikes(CONDOR, change(put_iv=None), STANDARD).legs[1]
    assert bare.delta == pytest.approx(delta("put", 580.51, 545, 18.45, 45))
    lone = plan_strikes(CONDOR, change(iv=None), STANDARD).legs[1]
    assert (lone.delta, lone.moves) == (pytest.approx(delta("put", 580.51, 545, 21.03, 45)), None)


@pytest.mark.parametrize(("peak", "basis"), [(0.25, "max gamma"), (0.2501, "spot")])
def test_how_far_maximum_gamma_may_be(peak, basis):
    """A quarter of a move from spot for a fly, half a move for a narrow condor; on both sides."""
    for side in (-1, 1):
        at = change(max_gamma=580.51 + side * peak * MOVE)
        assert plan_strikes(STRUCTURES["iron_fly"], at, STANDARD).legs[1].basis == basis
        assert plan_strikes(STRUCTURES["calendar_spread"], at, STANDARD).legs[0].basis == basis
        at = change(max_gamma=580.51 + side * 2 * peak * MOVE)
        condor = plan_strikes(CONDOR, at, STANDARD, tight=True)
        assert condor.legs[1].note == f"narrow, centred on {basis}"


@pytest.mark.parametrize(
    ("put_wall", "call_wall", "wings"),
    [
        (550, 600, (556, 594)),  # beyond the wings of half a move
        (557, 593, (557, 593)),
        (556, 594, (556, 594)),
        (574, 581, (574, 581)),  # a strike away is room
        (574.5, 580.51, (556, 594)),  # half a strike is none; a wall at spot is no limit
        (580.51, 575, (556, 594)),
        (None, None, (556, 594)),
    ],
)
def test_walls_limit_the_wings_of_a_fly(put_wall, call_wall, wings):
    """Where they are nearer than the wing and leave a strike of room."""
    plan = plan_strikes(
        STRUCTURES["iron_fly"], change(put_wall=put_wall, call_wall=call_wall), STANDARD
    )
    got = strikes_of(plan)
    assert (got[1, "put"], got[1, "call"]) == wings
    assert plan.notes == (
        ("no room for the put wing inside the wall 574.5",) if put_wall == 574.5 else ()
    )


def test_a_wing_is_at_least_a_strike_away():
    """However small the move; and no long put stands below the lowest strike."""
    tiny = change(iv=0.5, put_iv=0.5, call_iv=0.5, put_wall=None, call_wall=None, days=2)
    got = strikes_of(plan_strikes(CONDOR, tiny, STANDARD))
    assert (got[-1, "put"] - got[1, "put"], got[1, "call"] - got[-1, "call"]) == (1, 1)
    low = StrikeInputs(spot=2.0, expiry=date(2026, 5, 15), days=200, iv=90, put_wall=1.0)
    rules = STANDARD.with_values({"strike_guard": False, "wing_moves": 2})
    assert plan_strikes(STRUCTURES["short_put_spread"], low, rules).legs[0].strike == 0.5
    at = dataclasses.replace(low, put_wall=0.5)
    lowest = plan_strikes(STRUCTURES["short_put_spread"], at, rules)
    assert [leg.strike for leg in lowest.legs] == [None, 0.5]


def test_no_strike_is_further_than_ten_times_spot():
    """That far itself is one."""
    rules = STANDARD.with_values({"strike_guard": False})
    for wall, strike in ((5805.1, 5805.1), (5805.2, None)):
        plan = plan_strikes(STRUCTURES["short_call_spread"], change(call_wall=wall), rules)
        assert plan.legs[0].strike == strike
