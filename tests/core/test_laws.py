"""Laws of the whole core: what must not change, what must only go one way, what mirrors."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vrp_xl.core.black_scholes import delta, price
from vrp_xl.core.chain import clean, greeks, make_chain
from vrp_xl.core.decide import decide
from vrp_xl.core.exits import ExitInputs, exit_state
from vrp_xl.core.exposure import exposure_of
from vrp_xl.core.matrix import cell_of, flip_distance, regime
from vrp_xl.core.rules import PRESETS, STANDARD
from vrp_xl.core.structures import eligible, lean_of, pick
from vrp_xl.core.surface import surface_of

NOON = datetime(2026, 3, 18, 16, 0, tzinfo=UTC)
TODAY = date(2026, 3, 18)
RULES = st.sampled_from(list(PRESETS.values()))
FACTOR = st.sampled_from([0.01, 0.1, 0.5, 2.0, 7.0, 100.0])

FIGURES = st.fixed_dictionaries(
    {"spot": st.floats(50, 500), "z_score": st.floats(-4, 5), "vrp_20d": st.floats(-20, 40),
     "gamma": st.sampled_from(["positive", "negative", "unknown"])},
    optional={
        "atm_iv": st.floats(3, 200), "atm_iv_30d": st.floats(3, 200), "rv_20d": st.floats(0, 200),
        "rv_30d": st.floats(0, 200), "rv_90d": st.floats(0, 200), "percentile": st.floats(0, 100),
        "history_days": st.integers(60, 300), "put_vrp": st.floats(-20, 40),
        "call_vrp": st.floats(-20, 40), "gamma_flip": st.floats(40, 600),
        "net_gex": st.floats(-1e10, 1e10), "put_wall": st.floats(40, 600),
        "call_wall": st.floats(40, 600), "max_gamma": st.floats(40, 600),
        "gamma_basis": st.sampled_from(["vendor", "repriced", "net_gex"]),
        "scores": st.dictionaries(st.sampled_from(["iron_condor", "short_put_spread"]),
                                  st.floats(0, 100)),
    },
)  # fmt: skip
PRICES = ("spot", "gamma_flip", "put_wall", "call_wall", "max_gamma")


def chain_of(spot=100.0, factor=1.0, swap=1, skew=0.1):
    """A clean chain of one underlying; prices times `factor`, rights turned where `swap` is -1."""
    rng = np.random.default_rng(11)
    rows = [(k, d, r) for k in range(80, 121, 2) for d in (9, 30, 44, 65) for r in (1, -1)]
    strike, days, right = (np.array(c, float) for c in zip(*rows, strict=True))
    held = np.round(rng.uniform(1, 5000, len(rows)))
    iv = 0.22 - skew * np.log(strike / 100.0)
    strike, spot = strike * factor, spot * factor
    side = (swap * right).astype(np.int8)
    at_delta, at_gamma = greeks(spot, strike, iv, days, side)
    return clean(
        make_chain(
            symbol="SPX", spot=spot, as_of=NOON, right=side, strike=strike, open_interest=held,
            iv=iv, expiry=TODAY.toordinal() + days.astype(int), delta=at_delta, gamma=at_gamma,
        )
    )  # fmt: skip


@pytest.mark.parametrize("factor", [0.01, 0.5, 3.0, 100.0])
def test_scaling_prices_scales_levels(factor):
    """Another currency: walls, flip and net GEX scale with the price, the regime stays."""
    one, other = exposure_of(chain_of()), exposure_of(chain_of(factor=factor))
    for name in ("call_wall", "put_wall", "max_gamma", "max_negative_gamma", "highest_oi_strike"):
        before, after = getattr(one.levels, name), getattr(other.levels, name)
        assert after == pytest.approx(factor * before), name
    assert other.levels.net_gex == pytest.approx(factor * one.levels.net_gex)
    assert other.repriced.flip == pytest.approx(factor * one.repriced.flip, rel=1e-6)
    assert other.repriced.gamma == one.repriced.gamma
    assert [c.direction for c in other.repriced.crossings] == [
        c.direction for c in one.repriced.crossings
    ]


@pytest.mark.parametrize("factor", [0.01, 0.5, 3.0, 100.0])
def test_scaling_prices_leaves_volatility_alone(factor):
    """Implied volatility at the money and in the wings knows no currency."""
    one, other = surface_of(chain_of().chain), surface_of(chain_of(factor=factor).chain)
    assert other.atm_iv == pytest.approx(one.atm_iv)
    assert one.atm_iv[30] == pytest.approx(22, abs=0.1)
    assert (other.put_wing_iv, other.call_wing_iv) == pytest.approx(
        (one.put_wing_iv, one.call_wing_iv)
    )
    assert other.expected_move == pytest.approx(factor * one.expected_move)


@settings(max_examples=150)
@given(FIGURES, RULES, FACTOR)
def test_scaling_prices_changes_no_decision(snap, figures, rules, factor):
    """Cell, size, structure and exits are the same in any currency."""
    assume(all(abs(figures[n] / figures["spot"] - 1) > 1e-6 for n in PRICES[1:] if n in figures))
    scaled = figures | {n: factor * figures[n] for n in PRICES if n in figures}
    one, other = (decide(snap(**f), rules, today=TODAY) for f in (figures, scaled))
    assert (one.cell, one.size, one.lean) == (other.cell, other.size, other.lean)
    assert one.structure == other.structure
    assert [(e.rule, e.severity) for e in one.exits.fired] == [
        (e.rule, e.severity) for e in other.exits.fired
    ]


def test_puts_and_calls_mirror_in_gamma():
    """Every put a call and the other way round: GEX turns its sign, the walls change places."""
    one, other = exposure_of(chain_of()).levels, exposure_of(chain_of(swap=-1)).levels
    assert other.net_gex == pytest.approx(-one.net_gex)
    assert (other.call_wall, other.put_wall) == (one.put_wall, one.call_wall)
    assert (other.max_gamma, other.max_negative_gamma) == (one.max_negative_gamma, one.max_gamma)
    regimes = {exposure_of(chain_of(swap=side)).repriced.gamma for side in (1, -1)}
    assert regimes == {"positive", "negative"}


@given(st.floats(1, 1000), st.floats(0.5, 2), st.floats(5, 150), st.floats(1, 700))
def test_put_call_parity(spot, moneyness, iv, days):
    """Call less put is spot less strike, and their deltas are 1 apart."""
    strike = spot * moneyness
    call, put = (price(right, spot, strike, iv, days) for right in ("call", "put"))
    assert call - put == pytest.approx(spot - strike, abs=1e-9 * spot)
    d = [delta(right, spot, strike, iv, days) for right in ("call", "put")]
    assert d[0] - d[1] == pytest.approx(1, abs=1e-9)


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0, 5))
def test_lean_mirrors(put, call, lean_min):
    """Sides changed, the lean changes sides; balanced stays balanced."""
    turned = {"put-heavy": "call-heavy", "call-heavy": "put-heavy", "balanced": "balanced"}
    assert lean_of(call, put, lean_min) == turned[lean_of(put, call, lean_min)]


@given(st.sampled_from("ABC"), st.sampled_from([None, "put-heavy", "call-heavy", "balanced"]),
       st.floats(0, 100), st.floats(0, 100), st.floats(0, 100))  # fmt: skip
def test_the_pick_mirrors(cell, lean, put, call, condor):
    """With sides, scores and lean changed, the other side's structure is picked."""
    assume(len({put, call, condor}) == 3)
    turned = {"put-heavy": "call-heavy", "call-heavy": "put-heavy"}
    names = {"short_put_spread": put, "short_call_spread": call, "iron_condor": condor}
    mirrored = names | {"short_put_spread": call, "short_call_spread": put}
    one = pick(cell, names, lean, STANDARD)
    other = pick(cell, mirrored, turned.get(lean, lean), STANDARD)
    swap = {"short_put_spread": "short_call_spread", "short_call_spread": "short_put_spread"}
    assert other.structure.name == swap.get(one.structure.name, one.structure.name)
    assert other.score == one.score


@given(st.none() | st.floats(), st.sampled_from(["positive", "negative", "unknown"]),
       st.floats(-10, 10))  # fmt: skip
def test_the_plane_is_covered_exactly_once(z, gamma, z_min):
    """Each point is in one cell, or in none where z or gamma is not known, by one rule each."""
    cell = cell_of(z, gamma, z_min)
    if z is None or math.isnan(z) or gamma == "unknown":
        assert cell is None
        return
    assert cell in "ABCD"
    assert (cell in "AC") is (gamma == "positive")
    if abs(z - z_min) > 1e-9:
        assert (cell in "AB") is (z > z_min)


@settings(max_examples=150)
@given(FIGURES, RULES, st.floats(0, 20))
def test_a_smaller_spread_never_grows_the_size(snap, figures, rules, less):
    """Less premium over what moved is never sized larger, and never a candidate anew."""
    lower = figures | {"vrp_20d": figures["vrp_20d"] - less}
    one, other = (decide(snap(**f), rules, today=TODAY) for f in (figures, lower))
    assert other.size <= one.size
    assert one.candidate or not other.candidate


@settings(max_examples=150)
@given(FIGURES, RULES, st.integers(0, 60), st.integers(0, 60))
def test_nearer_earnings_never_grow_the_size(snap, figures, rules, days, nearer):
    """An announcement that comes nearer is never sized larger."""
    near, far = sorted((days, nearer))
    dated = [figures | {"next_earnings": date.fromordinal(TODAY.toordinal() + n)}
             for n in (far, near)]  # fmt: skip
    one, other = (decide(snap(**f), rules, today=TODAY) for f in dated)
    assert other.size <= one.size


@given(
    st.floats(-3, 3), st.floats(50, 150), st.floats(50, 150),
    st.sampled_from([None, *"ABCD"]), st.sampled_from(["vendor", "repriced", "net_gex"]), RULES,
)  # fmt: skip
def test_a_regime_that_turns_negative_is_never_milder(z, spot, flip, cell, basis, rules):
    """Positive gamma that becomes negative never makes the exits milder."""
    position = ExitInputs(
        z=z, spot=spot, flip=flip, gamma="positive", gamma_basis=basis, spread=2.0, tactical=1.3,
        entry_cell=cell, risk="defined", held=True, credit=2.0, mark=1.9, days_to_expiry=40,
        entry_days=45,
    )  # fmt: skip
    worse = dataclasses.replace(position, gamma="negative")
    assert exit_state(worse, rules).severity >= exit_state(position, rules).severity


@pytest.mark.parametrize("gex", [0.5, 1.0, 2.5e9])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_sign_of_net_gex_however_small(gex, sign):
    """Under the rule net_gex any amount has a sign, and the note says what it rests on."""
    used = regime("unknown", None, sign * gex, "net_gex")
    assert used.gamma == ("positive" if sign > 0 else "negative")
    assert used.basis == "net_gex"
    assert "sign of net GEX" in used.note


@pytest.mark.parametrize(
    ("rule", "gamma", "words"),
    [("negative", "negative", "the rule counts it as negative"),
     ("none", "unknown", "the rule makes no cell of that"),
     ("net_gex", "unknown", "net GEX has no sign either")],
)  # fmt: skip
def test_what_the_rule_makes_of_unknown_gamma(rule, gamma, words):
    """Each value of the rule has its answer and its note."""
    used = regime("unknown", None, None, rule)
    assert used.gamma == gamma
    assert used.basis is None
    assert words in used.note


@given(st.floats(1, 1e4), st.floats(1, 1e4), st.floats(0, 1e3))
def test_distance_grows_with_spot(spot, flip, more):
    """Further above the flip is further from it."""
    assert flip_distance(spot + more, flip) >= flip_distance(spot, flip) - 1e-9


@pytest.mark.parametrize("rules", PRESETS.values(), ids=list(PRESETS))
def test_the_worse_regime_never_allows_more(rules):
    """D allows nothing; B allows nothing of undefined risk but what the article names."""
    assert eligible("D", rules) == ()
    if rules.structures == "sellers":
        assert set(eligible("B", rules)) <= set(eligible("A", rules))
