"""Edge in dollars: spread against ratio, losses, prices from a snapshot."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrp_xl.core.black_scholes import price, strike_of_delta
from vrp_xl.core.decide import decide, plan_for
from vrp_xl.core.edge import (
    Edge,
    QuotedLeg,
    _Smile,
    caution,
    cautioned,
    decided_edge,
    edge,
    plan_edge,
    reasons,
    snapshot_edge,
)
from vrp_xl.core.implied import expected_move, interpolate_iv
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import IvPoint, Snapshot, TermPoint
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.errors import InputError, MissingError, NoNumberError, VrpError

TODAY = date(2026, 3, 27)
MOMENT = datetime(2026, 3, 27, 18, tzinfo=UTC)


def straddle(iv, hv, *, spread=0.0):
    """A 30-day straddle at 100."""
    legs = [
        QuotedLeg(-1, right, 100, price(right, 100, 100, iv, 30), spread)
        for right in ("put", "call")
    ]
    return edge(legs, spot=100, days=30, iv=iv, hv30=hv, hv90=hv)


def test_the_same_spread_earns_the_same_dollars_but_not_the_same_share():
    """IV 12 over 10 and 52 over 50: within a dollar of each other, 16.7 % against 3.8 %."""
    calm, wild = straddle(12, 10), straddle(52, 50)
    assert calm.edge_30 == pytest.approx(wild.edge_30, abs=1.0)
    assert calm.edge_30_pct_credit == pytest.approx(16.7, abs=0.05)
    assert wild.edge_30_pct_credit == pytest.approx(3.8, abs=0.05)
    assert calm.edge_30_pct_loss > 3 * wild.edge_30_pct_loss


def test_half_the_spread_of_every_leg_is_paid():
    """Two legs 0.10 wide cost 10 dollars."""
    assert straddle(20, 18).credit - straddle(20, 18, spread=0.10).credit == pytest.approx(10.0)


def test_an_undefined_loss_is_that_of_two_and_a_half_deviations():
    """A straddle loses the move less the credit."""
    e = straddle(20, 18)
    assert e.loss_kind == "stress"
    assert e.loss == pytest.approx(100 * 2.5 * expected_move(100, 20, 30) - e.credit)


def test_a_defined_loss_is_width_less_credit():
    """A put spread 5 wide for 1.50 loses 350."""
    legs = [QuotedLeg(-1, "put", 95, 2.0), QuotedLeg(1, "put", 90, 0.5)]
    e = edge(legs, spot=100, days=30, iv=20, hv30=None, hv90=18)
    assert (e.credit, e.loss, e.loss_kind) == (pytest.approx(150), pytest.approx(350), "maximum")
    assert (e.edge_30, e.edge_30_pct_credit, e.edge_30_pct_loss) == (None, None, None)
    assert e.edge_90_pct_loss == pytest.approx(100 * e.edge_90 / 350)


def test_a_jade_lizard_is_stressed_on_its_open_side():
    """Its put side is not covered: the fall decides."""
    legs = [
        QuotedLeg(-1, "put", 95, 2),
        QuotedLeg(-1, "call", 105, 2),
        QuotedLeg(1, "call", 107, 1),
    ]
    e = edge(legs, spot=100, days=30, iv=20, hv30=15, hv90=15)
    fall = 2.5 * expected_move(100, 20, 30)
    assert (e.loss_kind, e.loss) == ("stress", pytest.approx(100 * (95 - (100 - fall)) - e.credit))


def test_without_any_movement_the_value_is_the_payoff():
    """HV 0: what is in the money now is what it costs."""
    legs = [QuotedLeg(-1, "put", 103, 5.0)]
    assert edge(legs, spot=100, days=30, iv=20, hv30=0, hv90=None).value_30 == 300


@given(st.floats(6, 100), st.floats(1, 100), st.floats(1, 100))
def test_less_movement_is_more_edge(iv, hv, other):
    """Edge falls as realized volatility rises, and is nothing where it equals IV."""
    low, high = sorted((hv, other))
    assert straddle(iv, low).edge_30 >= straddle(iv, high).edge_30 - 1e-9
    assert straddle(iv, iv).edge_30 == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("legs", "change"),
    [
        ([], {}),
        ([QuotedLeg(-1, "put", 95, 2)], {"spot": 0}),
        ([QuotedLeg(-1, "put", 95, 2)], {"days": 0}),
        ([QuotedLeg(-1, "put", 95, 2)], {"hv30": -1}),
        ([QuotedLeg(-1, "put", 0, 2)], {}),
        ([QuotedLeg(-1, "put", 95, -2)], {}),
        ([QuotedLeg(-1, "put", 95, 2, -1)], {}),
    ],
)
def test_arguments_that_make_no_sense(legs, change):
    """Each is refused."""
    known = {"spot": 100, "days": 30, "iv": 20, "hv30": 18, "hv90": 18}
    with pytest.raises(InputError):
        edge(legs, **known | change)


def full(snap, **changes):
    """A snapshot with all that an edge needs."""
    figures = {
        "spot": 580.0, "atm_iv": 18.0, "atm_iv_30d": 18.0, "put_wing_iv": 21.0,
        "call_wing_iv": 16.5, "rv_30d": 14.0, "rv_90d": 15.0, "atm_spread_pct": 1.0,
        "wing_spread_pct": 2.0, "iv_term": (IvPoint(30, 18.0), IvPoint(60, 19.0)),
    }  # fmt: skip
    return snap(**figures | changes)


@pytest.mark.parametrize("name", [n for n, s in STRUCTURES.items() if s.vega < 0])
def test_every_structure_that_sells_has_an_edge(snap, name):
    """A credit, an edge that is larger at the lower volatility, a loss."""
    e = snapshot_edge(full(snap), STRUCTURES[name], STANDARD, today=TODAY)
    assert e.credit > 0
    assert e.edge_30 > e.edge_90
    assert e.loss > 0
    assert e.loss_kind == ("maximum" if STRUCTURES[name].risk == "defined" else "stress")
    assert "and the wings" in e.basis


def test_days_and_missing_widths(snap):
    """The days may be given; without widths the credit is at mid and says so."""
    s = full(snap, atm_spread_pct=None, wing_spread_pct=None)
    strangle = STRUCTURES["short_strangle"]
    near = snapshot_edge(s, strangle, STANDARD, today=TODAY, days=30)
    far = snapshot_edge(s, strangle, STANDARD, today=TODAY, days=60)
    assert near.credit < far.credit
    assert near.basis == (
        "priced for 2026-04-26 from the IV at 30 days and the wings, not from quotes of the legs; "
        "width of quotes not known: at mid"
    )
    assert (
        "from ATM IV (none is known at 90 days) and the wings,"
        in snapshot_edge(s, strangle, STANDARD, today=TODAY, days=90).basis
    )


def test_no_edge_without_what_it_needs(snap):
    """A calendar, no spot, no IV, no days: each says why; no realized volatility is None."""
    condor = STRUCTURES["iron_condor"]
    with pytest.raises(NoNumberError, match="two days"):
        snapshot_edge(full(snap), STRUCTURES["calendar_spread"], STANDARD, today=TODAY)
    with pytest.raises(MissingError, match="no spot"):
        snapshot_edge(full(snap, spot=None), condor, STANDARD, today=TODAY)
    with pytest.raises(MissingError, match="no ATM IV"):
        snapshot_edge(full(snap, atm_iv=None, atm_iv_30d=None), condor, STANDARD, today=TODAY)
    with pytest.raises(InputError):
        snapshot_edge(full(snap), condor, STANDARD, today=TODAY, days=0)
    blank = snapshot_edge(full(snap, rv_30d=None, rv_90d=None), condor, STANDARD, today=TODAY)
    assert (blank.edge_30, blank.edge_90_pct_loss) == (None, None)


MAYBE = st.none()
POINTS = MAYBE | st.floats(0.01, 2000)
FIGURES = st.fixed_dictionaries(
    {
        "spot": MAYBE | st.floats(1e-4, 1e9), "atm_iv": POINTS, "atm_iv_30d": POINTS,
        "put_wing_iv": POINTS, "call_wing_iv": POINTS, "rv_30d": MAYBE | st.floats(0, 2000),
        "rv_90d": MAYBE | st.floats(0, 2000), "atm_spread_pct": MAYBE | st.floats(0, 1e6),
        "wing_spread_pct": MAYBE | st.floats(0, 1e6), "max_gamma": MAYBE | st.floats(1e-4, 1e9),
        "put_wall": MAYBE | st.floats(1e-4, 1e9), "call_wall": MAYBE | st.floats(1e-4, 1e9),
        "iv_term": st.lists(
            st.builds(IvPoint, st.integers(1, 900), st.floats(0.01, 2000)), max_size=3
        ).map(tuple),
    }
)  # fmt: skip


@settings(max_examples=300)
@given(FIGURES, st.sampled_from(list(STRUCTURES.values())), st.integers(1, 730))
def test_no_figures_break_it(figures, structure, days):
    """Whatever a snapshot can hold, there are finite figures that add up, or a reason."""
    s = Snapshot(symbol="ODD", source="x", as_of=MOMENT, fetched_at=MOMENT, **figures)
    try:
        e = snapshot_edge(s, structure, STANDARD, today=TODAY, days=days)
    except VrpError:
        return
    assert all(math.isfinite(x) for x in (e.credit, e.loss))
    assert e.loss >= 0
    for edge_, value, hv in ((e.edge_30, e.value_30, s.rv_30d), (e.edge_90, e.value_90, s.rv_90d)):
        assert (edge_ is None) == (hv is None)
        if edge_ is not None:
            assert edge_ == e.credit - value
            assert math.isfinite(edge_)
    assert e.edge_30_pct_credit is None or e.credit > 0


def test_a_decision_gives_its_own_edge_or_the_reason(snap):
    """The strikes are those of the decision; where nothing is sold the reason is said."""
    s = full(snap, z_score=1.4, vrp_20d=5.0, gamma="positive", gamma_basis="vendor")
    d = decide(s, STANDARD, today=TODAY)
    found, why = decided_edge(s, d, STANDARD)
    assert (found.structure, found.expiry, why) == (d.structure.name, d.strikes.expiry, "")
    assert found == snapshot_edge(s, d.structure, STANDARD, today=TODAY)
    idle = s.replace(gamma="negative", z_score=0.1)
    assert decided_edge(idle, decide(idle, STANDARD, today=TODAY), STANDARD) == (
        None, "there is nothing to sell",
    )  # fmt: skip
    blind = full(snap, z_score=1.4, vrp_20d=5.0, gamma="positive", spot=None)
    found, why = decided_edge(blind, decide(blind, STANDARD, today=TODAY), STANDARD)
    assert (found, why) == (None, f"{blind.symbol} has no spot, so there is nothing to price.")


def test_tenors_stand_in_for_expiries(snap):
    """Without a term structure by expiry the IVs of the term premium price the days between."""
    by_tenor = full(snap, iv_term=(), term_vrp=(TermPoint(30, 18.0, None, None),
                                                TermPoint(60, 19.0, 14.0, 5.0)))  # fmt: skip
    condor = STRUCTURES["iron_condor"]
    wanted = snapshot_edge(full(snap), condor, STANDARD, today=TODAY, days=45)
    assert snapshot_edge(by_tenor, condor, STANDARD, today=TODAY, days=45) == wanted


def test_quotes_wider_than_the_credit_leave_none(snap):
    """No share of a credit that is not there; the dollars still tell."""
    s = full(snap, atm_spread_pct=150.0, wing_spread_pct=150.0)
    e = snapshot_edge(s, STRUCTURES["iron_condor"], STANDARD, today=TODAY)
    assert e.credit < 0
    assert e.edge_30 < 0
    assert e.edge_30_pct_credit is None
    assert e.basis.endswith("no credit is left at these quotes")

    def paid(width):
        wide = full(snap, atm_spread_pct=width, wing_spread_pct=width)
        return snapshot_edge(wide, STRUCTURES["iron_condor"], STANDARD, today=TODAY)

    most = 10.0 * paid(0.0).credit / (paid(0.0).credit - paid(10.0).credit)
    last = paid(most * 0.999)
    assert 0 < last.credit < 1
    assert "no credit" not in last.basis


def test_the_stress_of_an_edge_is_a_rule(snap):
    """At stress_sd 1 the loss of a strangle is smaller by the rest of the move."""
    s, strangle = full(snap), STRUCTURES["short_strangle"]
    one = STANDARD.with_values({"stress_sd": 1.0})
    wide = snapshot_edge(s, strangle, STANDARD, today=TODAY)
    small = snapshot_edge(s, strangle, one, today=TODAY)
    assert wide.credit == small.credit
    assert 0 <= small.loss < wide.loss


def test_the_smile_is_straight_in_the_logarithm_of_the_strike():
    """Halfway between two knots is the mean of both; beyond the ends it is flat."""
    smile = _Smile(((math.log(90), 25.0), (math.log(100), 20.0), (math.log(110), 18.0)))
    strikes = (50, 90, math.sqrt(9000), 100, math.sqrt(11000), 110, 200)
    assert [smile(k) for k in strikes] == pytest.approx([25, 25, 22.5, 20, 19, 18, 18])


@pytest.mark.parametrize(("name", "bad"), [("spot", 0), ("days", 0), ("iv", 0), ("iv", -5)])
def test_each_of_spot_days_and_iv_must_be_above_zero(name, bad):
    """Whichever of them is not, it is said; a small IV is none of that."""
    legs = [QuotedLeg(-1, "put", 95, 2)]
    known = {"spot": 100, "days": 30, "iv": 20, "hv30": 18, "hv90": 18}
    with pytest.raises(InputError, match="Spot, days to expiry and IV must be above 0"):
        edge(legs, **known | {name: bad})
    with pytest.raises(InputError, match="without legs"):
        edge([], **known)
    with pytest.raises(InputError, match="realized volatility of -1"):
        edge(legs, **known | {"hv30": -1})
    assert edge(legs, **known | {"iv": 0.5}).credit == pytest.approx(200)


def test_the_atm_iv_as_delivered_stands_in(snap):
    """Without a 30-day IV, the edge is that of the same IV as delivered; with one, that one's."""
    condor = STRUCTURES["iron_condor"]
    bare = {"iv_term": ()}
    both = snapshot_edge(full(snap, **bare, atm_iv=50.0), condor, STANDARD, today=TODAY)
    delivered = snapshot_edge(full(snap, **bare, atm_iv_30d=None), condor, STANDARD, today=TODAY)
    assert both.credit == pytest.approx(delivered.credit)


def test_each_leg_pays_the_width_of_its_place(snap):
    """Legs at the money pay the ATM width, the others the wings'; one that is known is used."""

    def cost(name, **widths):
        structure = STRUCTURES[name]
        mid = full(snap, atm_spread_pct=None, wing_spread_pct=None)
        paid = snapshot_edge(full(snap, **widths), structure, STANDARD, today=TODAY)
        return snapshot_edge(mid, structure, STANDARD, today=TODAY).credit - paid.credit

    assert cost("short_straddle", atm_spread_pct=2.0, wing_spread_pct=0.0) > 0
    assert cost("short_straddle", atm_spread_pct=0.0, wing_spread_pct=2.0) == pytest.approx(0)
    assert cost("short_strangle", atm_spread_pct=2.0, wing_spread_pct=0.0) == pytest.approx(0)
    assert cost("short_strangle", atm_spread_pct=0.0, wing_spread_pct=2.0) > 0
    one = cost("short_strangle", atm_spread_pct=2.0, wing_spread_pct=None)
    assert one == pytest.approx(cost("short_strangle", atm_spread_pct=2.0, wing_spread_pct=2.0))


def test_strikes_that_are_not_whole_have_no_edge(snap):
    """No plan, and a plan with an open leg: both say that the strikes are not known."""
    condor = STRUCTURES["iron_condor"]
    s = full(snap)
    plan = plan_for(s, condor, STANDARD, today=TODAY)
    open_leg = dataclasses.replace(plan.legs[0], strike=None)
    broken = dataclasses.replace(plan, legs=(open_leg, *plan.legs[1:]))
    for lacking in (None, broken, dataclasses.replace(plan, days=0)):
        with pytest.raises(MissingError, match="strikes of the iron condor on SPY"):
            plan_edge(s, condor, lacking, STANDARD)
    assert "not from quotes of the legs" in plan_edge(s, condor, plan, STANDARD).basis


def test_a_short_call_alone_is_stressed_upwards():
    """Two and a half deviations above spot, less the credit; nothing in the money is lost now."""
    e = edge([QuotedLeg(-1, "call", 104, 1.0)], spot=100, days=30, iv=20, hv30=0, hv90=15)
    rise = 2.5 * expected_move(100, 20, 30)
    assert (e.loss_kind, e.loss) == ("stress", pytest.approx(100 * (100 + rise - 104) - e.credit))
    assert e.value_30 == 0
    inside = edge([QuotedLeg(-1, "call", 97, 5.0)], spot=100, days=30, iv=20, hv30=0, hv90=None)
    assert inside.value_30 == 300


def test_where_prices_came_from_is_kept():
    """The basis that is given is the basis of the edge."""
    legs = [QuotedLeg(-1, "put", 95, 2)]
    known = {"spot": 100, "days": 30, "iv": 20, "hv30": 18, "hv90": 18}
    assert edge(legs, **known, basis="quotes at noon").basis == "quotes at noon"


def test_the_iv_of_the_expiry_prices_the_legs(snap):
    """Where the term structure brackets the days, its IV counts and not that of 30 days."""
    condor = STRUCTURES["iron_condor"]
    s = full(snap, atm_iv=18.0, atm_iv_30d=18.0)
    plan = plan_for(s, condor, STANDARD, today=TODAY)
    steep = s.replace(iv_term=(IvPoint(20, 36.0), IvPoint(80, 36.0)))
    assert plan_edge(steep, condor, plan, STANDARD).credit > (
        1.5 * plan_edge(s, condor, plan, STANDARD).credit
    )


FLAT = "priced for 2026-05-11 from the IV at 45 days, not from quotes of the legs"
PRICED = "priced for 2026-05-11 from the IV at 45 days and the wings, not from quotes of the legs"
NO_SENSE = "makes no sense. A strike must be above 0, price and spread not below."
ON_ONE = "Ask for a structure that sells premium on one."


@pytest.mark.parametrize("days", [45, 2])
def test_a_condor_priced_by_hand(snap, days):
    """Wings keep their ratio to ATM IV, straight in ln K between; a quarter of a move is ATM."""
    s, condor = full(snap, spot=580.4), STRUCTURES["iron_condor"]
    plan = plan_for(s, condor, STANDARD, today=TODAY, days=days)
    level = interpolate_iv([(30, 18.0), (60, 19.0)], plan.days) or 18.0
    put, call = (strike_of_delta(r, 580.4, iv * level / 18, plan.days, 0.25)
                 for r, iv in (("put", 21.0), ("call", 16.5)))  # fmt: skip

    def iv_at(strike):
        far, wing = (put, 21.0) if strike < 580.4 else (call, 16.5)
        share = min(math.log(strike / 580.4) / math.log(far / 580.4), 1.0)
        return level + share * (wing * level / 18 - level)

    def costs(leg, width):
        mid = price(leg.right, 580.4, leg.strike, iv_at(leg.strike), plan.days)
        return 100 * (-leg.sign * mid - mid * width / 200)

    e = plan_edge(s, condor, plan, STANDARD)
    assert all(abs(leg.strike - 580.4) > plan.expected_move / 4 for leg in plan.legs)
    assert e.credit == pytest.approx(sum(costs(leg, 2.0) for leg in plan.legs))
    for value, hv in ((e.value_30, 14.0), (e.value_90, 15.0)):
        assert value == pytest.approx(100 * sum(
            -leg.sign * price(leg.right, 580.4, leg.strike, hv, plan.days) for leg in plan.legs
        ))  # fmt: skip
    width = plan.legs[1].strike - plan.legs[0].strike
    assert plan.legs[3].strike - plan.legs[2].strike == width
    assert (e.loss, e.loss_kind) == (pytest.approx(100 * width - e.credit), "maximum")
    assert (e.structure, e.expiry) == ("iron_condor", plan.expiry)
    fly = STRUCTURES["short_straddle"]
    plan = plan_for(s, fly, STANDARD, today=TODAY, days=days)
    e = plan_edge(s, fly, plan, STANDARD)
    assert e.credit == pytest.approx(sum(costs(leg, 1.0) for leg in plan.legs))
    assert e.loss == pytest.approx(
        100 * (2.5 * expected_move(580.4, level, plan.days) + abs(plan.legs[0].strike - 580.4))
        - e.credit
    )


@pytest.mark.parametrize(
    ("changes", "basis"),
    [
        ({}, PRICED),
        ({"atm_spread_pct": None}, f"{PRICED}; one width for all quotes"),
        ({"wing_spread_pct": None}, f"{PRICED}; one width for all quotes"),
        ({"put_wing_iv": None}, FLAT),
        ({"call_wing_iv": None}, FLAT),
        ({"iv_term": (), "put_wing_iv": None},
         FLAT.replace("the IV at 45 days", "ATM IV (none is known at 45 days)")),
        ({"atm_spread_pct": 200.0, "wing_spread_pct": 200.0},
         f"{PRICED}; no credit is left at these quotes"),
    ],
)  # fmt: skip
def test_the_basis_says_what_prices_are_made_of(snap, changes, basis):
    """The IV, the wings where both are known, the widths, and whether a credit is left."""
    s, condor = full(snap, **changes), STRUCTURES["iron_condor"]
    assert snapshot_edge(s, condor, STANDARD, today=TODAY, days=45).basis == basis


@pytest.mark.parametrize(
    ("legs", "words"),
    [
        ([], "A structure without legs has no edge."),
        ([QuotedLeg(-1, "put", 0, 2)],
         f"The put 0 at 2 (spread 0) {NO_SENSE}"),
        ([QuotedLeg(-1, "put", 95, 2), QuotedLeg(1, "call", 105, -0.5, 0.1)],
         f"The call 105 at -0.5 (spread 0.1) {NO_SENSE}"),
        ([QuotedLeg(-1, "put", 95, 2, -1)],
         f"The put 95 at 2 (spread -1) {NO_SENSE}"),
    ],
)  # fmt: skip
def test_a_leg_that_makes_no_sense_is_named(legs, words):
    """Which one, and what it would take; a price and a spread of 0 are prices."""
    known = {"spot": 100, "days": 30, "iv": 20, "hv30": 18, "hv90": 18}
    with pytest.raises(InputError) as error:
        edge(legs, **known)
    assert str(error.value) == words
    small = {"spot": 0.5, "days": 0.5, "iv": 0.5, "hv30": 0.0, "hv90": 1e-6}
    free = edge([QuotedLeg(-1, "put", 0.5, 0.0), QuotedLeg(1, "put", 0.4, 0.0, 0.0)], **small)
    assert (free.credit, free.value_30, free.value_90) == (0.0, 0.0, pytest.approx(0.0, abs=1e-6))
    assert (free.edge_30_pct_credit, free.basis, free.structure, free.expiry) == (
        None,
        "",
        "",
        None,
    )
    with pytest.raises(InputError) as error:
        edge([QuotedLeg(-1, "put", 95, 2)], **known | {"hv90": -0.5})
    assert str(error.value) == "A realized volatility of -0.5 makes no sense."


def test_shares_of_the_credit_and_of_the_loss():
    """Each edge in percent of each; where either is nothing there is no share."""
    legs = [QuotedLeg(-1, "put", 103, 4.0), QuotedLeg(1, "put", 98, 0.5)]
    e = edge(legs, spot=100, days=30, iv=20, hv30=0.0, hv90=20)
    assert (e.credit, e.value_30, e.edge_30, e.loss) == (350.0, 300.0, 50.0, 150.0)
    assert e.edge_30_pct_credit == pytest.approx(100 * 50 / 350)
    assert e.edge_30_pct_loss == pytest.approx(100 * 50 / 150)
    assert e.edge_90 == pytest.approx(350 - e.value_90)
    assert e.edge_90_pct_credit == pytest.approx(100 * e.edge_90 / 350)
    assert e.edge_90_pct_loss == pytest.approx(100 * e.edge_90 / 150)
    paid = dataclasses.replace(e, credit=0.5, loss=0.25)
    assert paid.edge_30_pct_credit == pytest.approx(100 * (0.5 - 300) / 0.5)
    assert paid.edge_30_pct_loss == pytest.approx(100 * (0.5 - 300) / 0.25)
    none = dataclasses.replace(e, credit=0.0, loss=0.0)
    assert (none.edge_30_pct_credit, none.edge_90_pct_loss) == (None, None)


def test_each_refusal_in_words(snap):
    """Which figure is missing of which symbol, and what to ask instead."""
    condor, calendar = STRUCTURES["iron_condor"], STRUCTURES["calendar_spread"]
    for figures, structure, words in (
        ({}, calendar, f"A calendar spread has no edge in dollars: it ends on two days. {ON_ONE}"),
        ({"spot": None}, condor, "SPY has no spot, so there is nothing to price."),
        ({"atm_iv": None, "atm_iv_30d": None}, condor,
         "SPY has no ATM IV, so there is nothing to price."),
    ):  # fmt: skip
        with pytest.raises(VrpError) as error:
            snapshot_edge(full(snap, **figures), structure, STANDARD, today=TODAY)
        assert str(error.value) == words
    for days in (0, -3):
        with pytest.raises(InputError) as error:
            snapshot_edge(full(snap), condor, STANDARD, today=TODAY, days=days)
        assert str(error.value) == f"{days} days to expiry make no edge; use at least 1."
    day = snapshot_edge(full(snap), condor, STANDARD, today=TODAY, days=1)
    assert day.expiry == date(2026, 3, 28)
    with pytest.raises(MissingError) as error:
        plan_edge(full(snap), condor, None, STANDARD)
    assert str(error.value) == "The strikes of the iron condor on SPY are not known."


def test_a_wing_on_the_wrong_side_of_spot_is_no_knot(snap):
    """Where a delta of 0.25 lies beyond spot the smile is flat on that side."""
    wild = full(snap, put_wing_iv=900.0, call_wing_iv=None, iv_term=())
    flat = full(snap, put_wing_iv=None, call_wing_iv=None, iv_term=())
    strangle = STRUCTURES["short_strangle"]
    plan = plan_for(flat, strangle, STANDARD, today=TODAY)
    far = dataclasses.replace(plan, days=3000)
    assert strike_of_delta("call", 580.0, 900.0, 3000, 0.25) > 580
    assert strike_of_delta("put", 580.0, 900.0, 3000, 0.25) > 580
    got, want = (plan_edge(s, strangle, far, STANDARD).credit for s in (wild, flat))
    assert got == pytest.approx(want)


def made(value_30, value_90, *, credit=981.0):
    """An edge of an iron fly whose legs are worth that at HV30 and at HV90."""
    return Edge(credit=credit, value_30=value_30, value_90=value_90, loss=369.0,
                loss_kind="maximum", structure="iron_fly")  # fmt: skip


@pytest.mark.parametrize(
    ("found", "told", "costs"),
    [
        (made(984.0, 927.0), "edge -$3 at HV30 (+$54 at HV90): at that volatility", "984"),
        (made(950.0, 1000.5), "edge -$20 at HV90 (+$31 at HV30): at that volatility", "1,001"),
        (made(984.2, 1e3), "edge -$3 at HV30 and -$19 at HV90: at those volatilities", "1,000"),
        (made(981.4, None), "edge -$0.40 at HV30: at that volatility", "982"),
    ],
)
def test_an_edge_below_zero_is_cautioned(found, told, costs):
    """It says the edge, at which volatility, and what to do."""
    assert caution(found) == (
        f"{told} one iron fly costs more than its credit of $981; pass, or sell it only above "
        f"${costs}"
    )


def test_an_edge_of_nothing_is_cautioned():
    """At exactly 0 all of the credit is spent; without a credit there is nothing to ask more of."""
    assert caution(made(981.0, None)) == (
        "edge $0 at HV30: at that volatility one iron fly costs all of its credit of $981; pass, "
        "or sell it only above $981"
    )
    assert caution(made(10.0, 5.0, credit=-2.0)) == (
        "edge -$12 at HV30 and -$7 at HV90: no credit is left at these quotes; pass"
    )


@pytest.mark.parametrize("found", [made(900.0, 927.0), made(None, 927.0), made(None, None), None])
def test_an_edge_that_pays_or_is_not_known_is_not_cautioned(found):
    """Nothing is said where nothing is bad."""
    assert caution(found) == ""


def test_a_decision_carries_the_caution_first(snap):
    """Before the other warnings, once; what is decided stays: the matrix decides."""
    s = full(snap, z_score=3.4, vrp_20d=5.0, gamma="positive", gamma_basis="vendor", rv_30d=40.0)
    d = decide(s, STANDARD.with_values({"tactical_defense": None}), today=TODAY)
    e, _ = decided_edge(s, d, STANDARD)
    told = cautioned(d, e)
    assert d.candidate
    assert d.warnings
    assert told.warnings == (caution(e), *d.warnings)
    assert told.warnings[0].startswith("edge -$")
    assert cautioned(told, e) == told
    assert dataclasses.replace(told, warnings=d.warnings) == d
    assert cautioned(d, None) == d


@pytest.mark.parametrize("later", [0, 1, 12, 40])
def test_an_edge_counts_from_the_day_of_its_figures(snap, later):
    """However old the figures have grown: the same expiry, the same days, the same dollars."""
    s = full(snap, z_score=1.4, vrp_20d=5.0, gamma="positive", gamma_basis="vendor")
    d = decide(s, STANDARD, today=TODAY + timedelta(later))
    found, _ = decided_edge(s, d, STANDARD)
    assert found == decided_edge(s, decide(s, STANDARD, today=TODAY), STANDARD)[0]
    assert found == snapshot_edge(s, d.structure, STANDARD)
    assert d.strikes.days == (d.strikes.expiry - TODAY).days
    thirty = snapshot_edge(s, d.structure, STANDARD, days=30)
    assert thirty.expiry == TODAY + timedelta(30)


def test_an_edge_names_its_expiry(snap):
    """In the words of where its prices are from."""
    e = snapshot_edge(full(snap), STRUCTURES["iron_condor"], STANDARD, days=35)
    assert e.basis == (
        "priced for 2026-05-01 from the IV at 35 days and the wings, not from quotes of the legs"
    )


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (made(0.005, None, credit=0.0), "edge -$0.01 at HV30: no credit is left"),
        (made(1.0, None, credit=0.0), "edge -$1 at HV30: no credit is left"),
        (made(0.99, None, credit=0.0), "edge -$0.99 at HV30: no credit is left"),
        (made(0.004, None, credit=0.0), "edge $0 at HV30: no credit is left"),
        (made(5.0, None, credit=0.5), "edge -$4 at HV30: at that volatility one iron fly costs"),
        (made(5.0, None, credit=1.0), "edge -$4 at HV30: at that volatility one iron fly costs"),
        (made(984.0, 980.5), "edge -$3 at HV30 (+$0.50 at HV90): at that volatility one iron fly"),
        (made(979.5, 984.0), "edge -$3 at HV90 (+$2 at HV30): at that volatility one iron fly"),
    ],
)
def test_an_edge_is_told_to_the_dollar_or_to_the_cent(found, told):
    """Cents below a dollar, a sign where half a cent or more is meant; a credit of 0 is none."""
    assert caution(found).startswith(told)


def test_a_cent_is_not_asked_where_a_tenth_of_one_is_meant():
    """What it is worth is held to the cent before it goes up to the whole dollar."""
    assert caution(made(984.004, None)).endswith("sell it only above $984")
    assert caution(made(984.006, None)).endswith("sell it only above $985")


def test_half_a_dollar_of_edge_is_an_edge():
    """Only what is not above 0 is cautioned."""
    assert caution(made(980.5, 980.999)) == ""


def test_an_edge_of_no_known_structure_is_cautioned_in_plain_words():
    """Legs of one's own are "one structure"."""
    bare = dataclasses.replace(made(984.0, None), structure="")
    assert caution(bare) == (
        "edge -$3 at HV30: at that volatility one structure costs more than its credit of $981; "
        "pass, or sell it only above $984"
    )


def test_a_sale_says_why_and_its_caution_first(snap):
    """Beside the action: of a candidate the caution, of what is not sold only why it is not."""
    free = STANDARD.with_values({"tactical_defense": None})
    sold = decide(full(snap, z_score=3.4, vrp_20d=5.0, gamma="positive", gamma_basis="vendor"),
                  free, today=TODAY)  # fmt: skip
    idle = decide(full(snap, z_score=0.1, vrp_20d=5.0, gamma="negative"), free, today=TODAY)
    bad, good = made(984.0, 927.0), made(900.0, 927.0)
    assert sold.candidate
    assert not idle.candidate
    assert idle.why
    assert reasons(sold, bad) == (caution(bad), *sold.why)
    assert reasons(sold, good) == reasons(sold, None) == sold.why
    assert reasons(idle, bad) == reasons(idle, None) == idle.why


def test_the_day_that_is_given_is_counted_from(snap):
    """The figures are of 27 March; ten days on, 30 days end ten days later."""
    condor = STRUCTURES["iron_condor"]
    later = snapshot_edge(full(snap), condor, STANDARD, today=TODAY + timedelta(10), days=30)
    assert later.expiry == TODAY + timedelta(40)
    assert snapshot_edge(full(snap), condor, STANDARD, days=30).expiry == TODAY + timedelta(30)


def test_a_credit_of_exactly_nothing_is_none(snap):
    """Quotes twice as wide as their mid pay 0 to who sells at the bid."""
    s = full(snap, atm_spread_pct=200.0, wing_spread_pct=200.0)
    e = snapshot_edge(s, STRUCTURES["short_strangle"], STANDARD, today=TODAY)
    assert e.credit == 0.0
    assert e.basis.endswith("no credit is left at these quotes")
    assert caution(e).endswith("no credit is left at these quotes; pass")
