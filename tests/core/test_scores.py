"""Local scores: monotone in every input, 0 to 100, never from nothing."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.rules import STANDARD
from vrp_xl.core.scores import (
    RAMPS,
    WEIGHTS,
    ScoreInputs,
    components,
    inputs_of,
    scores,
    with_local_scores,
)
from vrp_xl.core.snapshot import IvPoint
from vrp_xl.core.structures import STRUCTURES

RANGES = {
    "z": (-4, 6), "tactical": (0.3, 3), "put_vrp": (-20, 30), "call_vrp": (-20, 30),
    "skew": (-0.5, 1), "slope": (-0.5, 0.5), "pin": (0, 5), "spread_pct": (0, 50),
}  # fmt: skip
NUMBERS = {name: st.floats(*ends) for name, ends in RANGES.items()}
INPUTS = st.fixed_dictionaries(
    {name: st.none() | number for name, number in NUMBERS.items()}
    | {"gamma": st.sampled_from(["positive", "negative", "unknown"])}
)
UP, DOWN = 1, -1
DIRECTIONS = {
    # structure: input -> which way it moves the score
    "short_put_spread": {"z": UP, "tactical": UP, "put_vrp": UP, "call_vrp": DOWN, "skew": UP,
                         "slope": UP, "spread_pct": DOWN},
    "short_call_spread": {"z": UP, "tactical": UP, "put_vrp": DOWN, "call_vrp": UP, "skew": DOWN,
                          "slope": UP, "spread_pct": DOWN},
    "iron_condor": {"z": UP, "tactical": UP, "put_vrp": UP, "call_vrp": UP, "slope": UP,
                    "spread_pct": DOWN},
    "iron_fly": {"z": UP, "tactical": UP, "put_vrp": UP, "call_vrp": UP, "slope": UP,
                 "pin": DOWN, "spread_pct": DOWN},
    "short_strangle": {"z": UP, "tactical": UP, "put_vrp": UP, "call_vrp": UP, "slope": UP,
                       "spread_pct": DOWN},
    "short_straddle": {"z": UP, "tactical": UP, "slope": UP, "pin": DOWN, "spread_pct": DOWN},
    "calendar_spread": {"z": DOWN, "slope": DOWN, "pin": DOWN, "spread_pct": DOWN},
}  # fmt: skip


def test_weights_add_up_and_name_what_there_is():
    """100 per structure; structures and components exist, and every ramp is used."""
    assert set(WEIGHTS) == set(STRUCTURES)
    used = set(itertools.chain.from_iterable(WEIGHTS.values()))
    assert used == {*RAMPS, "regime"}
    for weights in WEIGHTS.values():
        assert sum(weights.values()) == 100


@given(INPUTS)
def test_scores_are_from_0_to_100(raw):
    """Whatever comes in; and without a z-score and a ratio there is none at all."""
    found = scores(ScoreInputs(**raw))
    assert all(0 <= v <= 100 + 1e-9 for v in found.values())
    if raw["z"] is None and raw["tactical"] is None:
        assert found == {}
    else:
        assert set(STRUCTURES) - set(found) <= {"calendar_spread"}


@pytest.mark.parametrize(
    ("structure", "name", "sign"),
    [(s, n, d) for s, row in DIRECTIONS.items() for n, d in row.items()],
)
@given(data=st.data())
def test_every_input_moves_a_score_one_way(structure, name, sign, data):
    """With all else equal a larger input never moves the score against its direction."""
    raw = data.draw(st.fixed_dictionaries({**NUMBERS, "gamma": INPUTS.map(lambda d: d["gamma"])}))
    other = data.draw(NUMBERS[name])
    low, high = sorted((raw[name], other))
    at_low = scores(ScoreInputs(**raw | {name: low}))[structure]
    at_high = scores(ScoreInputs(**raw | {name: high}))[structure]
    assert sign * (at_high - at_low) >= -1e-9


@given(INPUTS)
def test_positive_gamma_never_scores_below_negative_and_unknown_lies_between(raw):
    """Unknown is neither quietly positive nor quietly negative."""
    below, between, above = (
        scores(ScoreInputs(**raw | {"gamma": g})) for g in ("negative", "unknown", "positive")
    )
    for name in between:
        assert below[name] - 1e-9 <= between[name] <= above[name] + 1e-9


def test_what_is_not_known_is_left_out():
    """A missing side is not a side without premium."""
    known = scores(ScoreInputs(z=2, tactical=1.5, gamma="positive"))
    assert known["iron_condor"] == 100
    poor = scores(ScoreInputs(z=2, tactical=1.5, put_vrp=-2, call_vrp=-2, gamma="positive"))
    assert poor["iron_condor"] < 70


def test_scores_of_a_snapshot(snap):
    """From IVs, sides, levels and the term structure; without a premium none, with a reason."""
    s = snap(
        spot=100.0, atm_iv=20.0, atm_iv_30d=20.0, rv_30d=16.0, put_vrp=6.0, call_vrp=3.0,
        put_wing_iv=24.0, call_wing_iv=18.0, gamma="positive", max_gamma=101.0,
        atm_spread_pct=2.0, z_score=1.2, iv_term=(IvPoint(30, 20.0), IvPoint(60, 21.0)),
    )  # fmt: skip
    given_ = inputs_of(s)
    assert given_.tactical == 1.25
    assert given_.skew == pytest.approx(0.3)
    assert given_.slope == pytest.approx(0.05)
    assert given_.pin == pytest.approx(1 / 5.7338, rel=1e-4)
    scored = with_local_scores(s)
    assert scored.score_kind == "local"
    assert set(scored.scores) == set(STRUCTURES)
    bare = with_local_scores(snap(spot=100.0))
    assert (bare.scores, bare.score_kind) == ({}, "local")
    assert "no z-score" in bare.missing["scores"]


TERM = (IvPoint(30, 20.0), IvPoint(60, 22.0))


def test_inputs_by_hand(snap):
    """IV 20 over HV30 16, wings 24 and 18, spot 100 with its peak at 103, 60 days at 22."""
    given = inputs_of(
        snap(
            spot=100.0, atm_iv=99.0, atm_iv_30d=20.0, rv_30d=16.0, put_wing_iv=24.0,
            call_wing_iv=18.0, max_gamma=103.0, iv_term=TERM, z_score=1.2, put_vrp=5.0,
            call_vrp=3.0, gamma="positive", atm_spread_pct=2.5,
        )
    )  # fmt: skip
    assert given.tactical == pytest.approx(1.25)
    assert given.skew == pytest.approx(0.3)
    assert given.slope == pytest.approx(0.1)
    assert given.pin == pytest.approx(3.0 / (100 * 0.2 * (30 / 365) ** 0.5))
    assert (given.z, given.put_vrp, given.call_vrp) == (1.2, 5.0, 3.0)
    assert (given.gamma, given.spread_pct) == ("positive", 2.5)


def test_inputs_of_what_is_not_whole(snap):
    """ATM IV as delivered stands in for 30 days; one wing, or a peak alone, gives nothing."""
    s = snap(atm_iv=20.0, rv_30d=16.0, put_wing_iv=24.0, max_gamma=103.0, iv_term=TERM)
    given = inputs_of(s)
    assert given.tactical == pytest.approx(1.25)
    assert (given.skew, given.slope, given.pin) == (None, None, None)
    assert inputs_of(s.replace(put_wing_iv=None, call_wing_iv=18.0)).skew is None
    assert inputs_of(s.replace(max_gamma=None, spot=100.0)).pin is None
    assert inputs_of(s.replace(rv_30d=None)).tactical is None
    assert inputs_of(s.replace(atm_iv=None, spot=100.0))[1:] == ScoreInputs(gamma="unknown")[1:]
    dead = inputs_of(s.replace(rv_30d=2.0, atm_iv=0.5, spot=100.0, call_wing_iv=23.0))
    assert (dead.tactical, dead.skew) == (pytest.approx(0.1), pytest.approx(2.0))


def test_components_by_hand():
    """Each on its own ramp: halfway is a half, the better side leads by the difference of both."""
    found = components(
        ScoreInputs(z=0.5, tactical=1.2, put_vrp=7.0, call_vrp=4.0, skew=0.1, slope=0.05,
                    gamma="positive", pin=0.25, spread_pct=5.5)
    )  # fmt: skip
    wanted = {
        "z": 0.5, "no_z": 0.5, "tactical": 0.5, "put": 0.75, "call": 0.5, "put_over_call": 0.75,
        "call_over_put": 0.25, "skew": 0.25, "no_skew": 0.75, "contango": 0.75,
        "backwardation": 0.25, "pin": 0.75, "liquidity": 0.5, "regime": 1.0,
    }  # fmt: skip
    assert found == pytest.approx(wanted)
    assert components(ScoreInputs(put_vrp=7.0)) == {"put": 0.75}


def test_the_floor_of_the_ratio_is_the_rule(snap):
    """A dead stock at HV30 2: against the floor of the rule, not against a constant."""
    s = snap(spot=100.0, atm_iv=8.0, atm_iv_30d=8.0, rv_30d=2.0, z_score=0.5, gamma="positive")
    assert inputs_of(s).tactical == pytest.approx(1.6)
    assert inputs_of(s, hv_floor=8.0).tactical == pytest.approx(1.0)
    assert inputs_of(s, hv_floor=2.0).tactical == pytest.approx(4.0)
    low, usual = with_local_scores(s, hv_floor=8.0), with_local_scores(s)
    for name in ("iron_condor", "short_strangle", "short_put_spread"):
        assert low.scores[name] < usual.scores[name]
    assert STANDARD.hv_floor == 5.0
    assert with_local_scores(s, hv_floor=STANDARD.hv_floor) == usual


def test_scores_by_hand():
    """The weighted parts of the same inputs; without the term structure no calendar is scored."""
    given_ = ScoreInputs(z=0.5, tactical=1.2, put_vrp=7.0, call_vrp=4.0, skew=0.1, slope=0.05,
                         gamma="positive", pin=0.25, spread_pct=5.5)  # fmt: skip
    wanted = {
        "short_put_spread": 62.5, "short_call_spread": 55.0, "iron_condor": 65.0,
        "iron_fly": 67.5, "short_strangle": 68.75, "short_straddle": 71.25, "jade_lizard": 67.5,
        "calendar_spread": 51.25,
    }  # fmt: skip
    assert scores(given_) == pytest.approx(wanted)
    flat = scores(given_._replace(slope=None))
    assert "calendar_spread" not in flat
    assert flat["iron_condor"] == pytest.approx((65.0 - 3.75) / 0.95)
    assert scores(ScoreInputs(tactical=1.2))["short_straddle"] == pytest.approx(50)
    assert scores(ScoreInputs(z=0.5, slope=0.05))["calendar_spread"] == pytest.approx(100 * 20 / 60)
    assert scores(ScoreInputs(put_vrp=7.0, call_vrp=4.0, slope=0.0, gamma="positive")) == {}


@pytest.mark.parametrize(("name", "ramp"), RAMPS.items())
def test_a_ramp_ends_at_both_ends(name, ramp):
    """0 at its one end and beyond, 1 at its other and beyond, a quarter a quarter of the way."""
    step = (ramp.one - ramp.zero) / 4
    at = [ramp(ramp.zero + n * step) for n in (-1, 0, 1, 2, 4, 5)]
    assert at == pytest.approx([0, 0, 0.25, 0.5, 1, 1])
    assert name in {*components(ScoreInputs(*[1.0] * 6, "positive", 1.0, 1.0))}
