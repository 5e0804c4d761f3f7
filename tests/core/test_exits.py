"""The exits: what fires, what leads, what is unknown."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vrp_xl.core.exits import (
    ExitInputs,
    HeldDays,
    Severity,
    exit_state,
    held_days,
    profit_percent,
    target_price,
)
from vrp_xl.core.rules import PRESETS, STANDARD, preset
from vrp_xl.errors import InputError

FINE = ExitInputs(
    z=1.34, spot=580.51, flip=572.50, gamma="positive", gamma_basis="vendor", spread=5.41,
    tactical=1.4, entry_cell="A", risk="defined", held=True, credit=2.0, mark=1.5,
    days_to_expiry=40, entry_days=45,
)  # fmt: skip
ALL = STANDARD.with_values({"loss_stop": 2, "inversion_exit": "both"})
NUMBER = st.none() | st.floats(-100, 100)
POSITION = st.builds(
    ExitInputs, z=NUMBER, spot=st.none() | st.floats(1, 1000), flip=st.none() | st.floats(1, 1000),
    gamma=st.sampled_from(["positive", "negative", "unknown"]),
    gamma_basis=st.sampled_from([None, "vendor", "repriced", "net_gex"]), spread=NUMBER,
    tactical=st.none() | st.floats(0, 5), entry_cell=st.sampled_from([None, *"ABCD"]),
    risk=st.sampled_from(["defined", "undefined", "undefined on one side"]), held=st.booleans(),
    credit=st.none() | st.floats(-1, 20), mark=st.none() | st.floats(0, 60),
    days_to_expiry=st.none() | st.integers(-5, 90), entry_days=st.none() | st.integers(0, 90),
)  # fmt: skip
RULES = st.sampled_from([*PRESETS.values(), ALL])


def state(rules=ALL, **figures):
    """The exits of a fine position with some figures changed."""
    return exit_state(dataclasses.replace(FINE, **figures), rules)


def fired(rules=ALL, **figures):
    """Names of the rules that fire, worst first."""
    return [e.rule for e in state(rules, **figures).fired]


def unknown(rules=ALL, **figures):
    """Names of the rules that could not be judged."""
    return {e.rule for e in state(rules, **figures).unknown}


def test_all_is_well():
    """Everything known, nothing fires: OK."""
    got = state()
    assert got.severity is Severity.OK
    assert got.words(held=True) == "OK"
    assert not got.must_close


@pytest.mark.parametrize(
    ("figures", "rule", "severity", "closes"),
    [
        ({"z": -0.51}, "inversion", Severity.INVERSION, True),
        ({"spot": 572.0}, "flip breach", Severity.BREACH, True),
        ({"gamma": "negative"}, "flip breach", Severity.BREACH, True),
        ({"mark": 6.0}, "loss stop", Severity.LOSS, True),
        ({"mark": 1.0}, "profit target", Severity.PROFIT, True),
        ({"days_to_expiry": 21}, "time stop", Severity.TIME, True),
        ({"tactical": 0.99}, "defense", Severity.DEFENSE, True),
        ({"spot": 575.0}, "near flip", Severity.WARNING, False),
    ],
)
def test_each_rule_fires_alone(figures, rule, severity, closes):
    """Each input that goes bad fires its own rule."""
    got = state(ALL.with_values({"inversion_exit": "article"}), **figures)
    assert [e.rule for e in got.fired] == [rule]
    assert got.severity is severity
    assert got.must_close is closes


@pytest.mark.parametrize(
    "figures",
    [{"z": -0.5}, {"z": 0.1 - 0.6}, {"flip": 580.51 * 0.995}, {"mark": 1.01},
     {"mark": 5.99}, {"days_to_expiry": 22}, {"tactical": 1.0}, {"spread": 0.0}],
)  # fmt: skip
def test_edges_do_not_fire(figures):
    """Exactly at a strict threshold, or just inside the others, nothing fires."""
    assert fired(**figures) == []


@pytest.mark.parametrize(
    ("credit", "mark"), [(2.0, 1.0), (1.1, 0.55), (0.7, 0.35), (4.6, 2.3), (0.3, 0.15)]
)
def test_target_is_met_on_paper(credit, mark):
    """Half the credit is half the credit, whatever binary division says."""
    assert "profit target" in fired(credit=credit, mark=mark)
    assert target_price(credit) == pytest.approx(mark)


def test_all_that_fire_are_listed_worst_first():
    """Expired and assignment, then inversion, breach, loss, time, defense as the design says."""
    got = state(z=-2, spot=500, mark=9, days_to_expiry=3, tactical=0.5)
    assert [e.rule for e in got.fired] == [
        "inversion", "flip breach", "loss stop", "time stop", "defense",
    ]  # fmt: skip
    order = [
        Severity.EXPIRED, Severity.ASSIGNMENT, Severity.INVERSION, Severity.BREACH, Severity.LOSS,
        Severity.PROFIT, Severity.TIME, Severity.DEFENSE, Severity.TESTED, Severity.WARNING,
        Severity.UNKNOWN, Severity.OK,
    ]  # fmt: skip
    assert order == sorted(Severity, reverse=True)


@pytest.mark.parametrize(
    ("rule", "figures", "fires"),
    [
        ("article", {"z": -0.6}, True), ("article", {"spread": -3.0}, False),
        ("inverted", {"z": -0.6}, False), ("inverted", {"spread": -0.1}, True),
        ("inverted", {"tactical": 0.99}, True), ("both", {"z": -0.6}, True),
        ("both", {"spread": -0.1}, True), ("both", {}, False),
    ],
)  # fmt: skip
def test_inversion_by_rule(rule, figures, fires):
    """The article's word, the literal thing, or either."""
    rules = ALL.with_values({"inversion_exit": rule})
    assert ("inversion" in fired(rules, **figures)) is fires


def test_inversion_says_which_it_is():
    """A z below its exit is called compressed, implied below realized inverted."""
    assert "compressed" in state(z=-0.6).fired[0].words
    assert "inverted" in state(spread=-0.1).fired[0].words


@pytest.mark.parametrize("cell", ["B", "D"])
def test_entered_below_the_flip_is_no_breach(cell):
    """A B was entered below the flip: neither spot nor gamma breaches it."""
    assert fired(entry_cell=cell, spot=500, gamma="negative") == []
    assert unknown(entry_cell=cell, flip=None, gamma="unknown") == set()


@pytest.mark.parametrize("cell", ["A", "C"])
def test_below_the_flip_breaches_what_was_entered_above(cell):
    """A and C are breached below the flip."""
    assert fired(entry_cell=cell, spot=572) == ["flip breach"]


@pytest.mark.parametrize(
    ("figures", "rule", "words"),
    [
        ({"spot": 572.0}, "flip breach", "spot is 0.09 % below the gamma flip"),
        ({"gamma": "negative"}, "flip breach", "dealer gamma is negative"),
        ({"spot": 575.0}, "near flip", "spot is only 0.43 % above the gamma flip"),
    ],
)
def test_a_position_that_does_not_say_its_cell_is_unknown_where_that_matters(figures, rule, words):
    """Entered above the flip it would fire, entered below it would not: so it is not known."""
    got = state(entry_cell=None, **figures)
    assert got.fired == ()
    assert [(e.rule, e.words) for e in got.unknown] == [
        (rule, f"{rule} needs the cell at entry: {words}")
    ]
    assert got.words(held=True) == f"UNKNOWN: {rule} needs the cell at entry: {words}"
    assert [e.rule for e in state(entry_cell="A", **figures).fired] == [rule]
    assert state(entry_cell="B", **figures).fired == ()


def test_a_position_that_does_not_say_its_cell_is_ok_where_no_cell_would_fire():
    """Far above the flip in positive gamma; without a flip and a regime that is what is missing."""
    assert (fired(entry_cell=None), unknown(entry_cell=None)) == ([], set())
    assert unknown(entry_cell=None, flip=None, gamma="unknown") == {"flip breach"}


def test_a_name_that_nobody_holds_needs_no_cell():
    """Spot below its flip, or negative gamma without one; a level far below says more than both."""
    nobody = {"entry_cell": None, "held": False}
    assert fired(**nobody, spot=572.0) == ["flip breach"]
    assert fired(**nobody, flip=None, gamma="negative") == ["flip breach"]
    assert fired(**nobody, flip=500.0, gamma="negative") == []
    assert unknown(**nobody, flip=500.0, gamma="negative") == set()


@pytest.mark.parametrize(
    ("risk", "action"),
    [("defined", "cut half"), ("undefined", "close"), ("undefined on one side", "close")],
)
def test_breach_asks_by_risk(risk, action):
    """Defined risk is cut in half, everything else closed."""
    assert state(risk=risk, spot=560).fired[0].action == action


def test_repriced_gamma_overrules_a_nearest_crossing():
    """Below a crossing with re-priced gamma still positive: no breach, but near is near."""
    kw = {"gamma": "positive", "gamma_basis": "repriced"}
    assert fired(spot=560, **kw) == []
    assert fired(spot=571.5, **kw) == ["near flip"]
    assert "0.17 % below" in state(spot=571.5, **kw).fired[0].words


def test_repriced_gamma_without_a_flip_is_not_near_one():
    """Positive at every price that was looked at: nothing is unknown; the vendor's word is less."""
    assert state(flip=None, gamma="positive", gamma_basis="repriced").words(held=True) == "OK"
    vendors = state(flip=None, gamma="positive", gamma_basis="vendor").words(held=True)
    assert vendors == "UNKNOWN: near flip needs the gamma flip"


def test_a_missing_price_is_named_where_the_flip_is_known():
    """What is near cannot be told without the price, whatever the regime rests on."""
    for basis in ("vendor", "repriced"):
        got = state(spot=None, gamma="positive", gamma_basis=basis)
        assert got.words(held=True) == "UNKNOWN: near flip needs the price"


def test_net_gex_is_named_where_it_breaches():
    """A regime that is only the sign of net GEX is marked as such in the breach."""
    got = state(gamma="negative", gamma_basis="net_gex", flip=None).fired[0]
    assert "net GEX" in got.words


@pytest.mark.parametrize(
    ("entry", "fires"), [(45, True), (22, True), (None, True), (21, False), (14, False)]
)
def test_time_stop_needs_a_longer_entry(entry, fires):
    """Who entered with 21 days or fewer is not stopped at once."""
    assert ("time stop" in fired(days_to_expiry=14, entry_days=entry)) is fires


@pytest.mark.parametrize(
    ("figures", "rule"),
    [
        ({"z": None}, "inversion"), ({"spread": None}, "inversion"),
        ({"tactical": None}, "defense"), ({"flip": None, "gamma": "unknown"}, "flip breach"),
        ({"spot": None, "gamma": "unknown"}, "flip breach"), ({"flip": None}, "near flip"),
        ({"credit": None}, "profit target"), ({"mark": None}, "loss stop"),
        ({"credit": 0.0}, "profit target"), ({"days_to_expiry": None}, "time stop"),
    ],
)  # fmt: skip
def test_a_missing_input_is_unknown_never_ok(figures, rule):
    """A rule whose input is missing says so, and the position is not OK."""
    got = state(**figures)
    assert rule in {e.rule for e in got.unknown}
    assert got.severity is Severity.UNKNOWN
    assert got.words(held=True).startswith("UNKNOWN")


def test_a_blank_rule_is_not_asked():
    """No loss stop and no defense: their inputs may be missing."""
    rules = STANDARD.with_values({"tactical_defense": None})
    assert unknown(rules, tactical=None) == set()
    assert "loss stop" not in unknown(rules, credit=None)


def test_a_name_that_nobody_holds():
    """Position rules are not asked, and the words are "stay out", never "exit" or "close"."""
    got = state(held=False, credit=None, mark=None, days_to_expiry=None, z=-1)
    assert got.unknown == ()
    assert got.words(held=False).startswith("STAY OUT")
    assert got.words(held=True).startswith("CLOSE")


@given(POSITION, RULES, st.floats(0, 50))
def test_exits_never_get_milder(given_, rules, worse):
    """Lower z, spread or ratio, and a lower spot outside a re-priced regime, never help."""
    assume(not (given_.gamma == "positive" and given_.gamma_basis == "repriced"))
    before = exit_state(given_, rules)
    for name in ("z", "spread", "tactical", "spot"):
        value = getattr(given_, name)
        if value is not None and (name != "spot" or value - worse > 0):
            after = exit_state(dataclasses.replace(given_, **{name: value - worse}), rules)
            assert after.severity >= before.severity, name
    if given_.days_to_expiry is not None:
        later = dataclasses.replace(given_, days_to_expiry=given_.days_to_expiry - 7)
        assert exit_state(later, rules).severity >= before.severity


@given(POSITION, RULES, st.floats(0.1, 20), st.floats(0, 20), st.floats(0, 20))
def test_a_larger_loss_never_helps(given_, rules, credit, loss, more):
    """Once it loses, a rising mark never makes the exits milder."""
    before = dataclasses.replace(given_, credit=credit, mark=credit + loss)
    after = dataclasses.replace(before, mark=credit + loss + more)
    assert exit_state(after, rules).severity >= exit_state(before, rules).severity


@given(POSITION, RULES)
def test_losing_an_input_never_gives_ok(given_, rules):
    """Taking any figure away from a judged position never turns it OK unless it was.

    But for the flip of a re-priced positive regime: none there is a finding, not a gap.
    """
    before = exit_state(given_, rules)
    settled = given_.gamma == "positive" and given_.gamma_basis == "repriced"
    for name in ("z", "spot", "flip", "spread", "tactical", "mark", "days_to_expiry"):
        if getattr(given_, name) is None or (name == "flip" and settled):
            continue
        after = exit_state(dataclasses.replace(given_, **{name: None}), rules)
        assert after.severity > Severity.OK or before.severity is Severity.OK, name


@given(POSITION, RULES)
def test_states_are_consistent(given_, rules):
    """Sorted, no rule both fires and is unknown, and OK means nothing fired or missing."""
    got = exit_state(given_, rules)
    assert all(a.severity >= b.severity for a, b in itertools.pairwise(got.fired))
    assert not {e.rule for e in got.fired} & {e.rule for e in got.unknown}
    assert (got.severity is Severity.OK) == (not got.fired and not got.unknown)
    assert "exit" not in got.words(held=False).lower()
    assert not got.words(held=False).startswith(("CLOSE", "CUT"))


def test_profit_and_target():
    """Percent of the credit, and the price that earns it."""
    assert profit_percent(2.0, 0.9) == pytest.approx(55)
    assert profit_percent(2.0, 6.0) == pytest.approx(-200)
    assert target_price(2.0, 25) == 1.5
    for credit in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError):
            profit_percent(credit, 1.0)


def test_the_article_judges_as_its_script():
    """A z below -0.5, then below the flip, then nearer than 0.5 %, then OK."""
    rules = preset("article")
    base = {"held": False, "entry_cell": "A"}
    cases = [
        ({"z": -0.6, "spot": 500.0}, "STAY OUT: compressed"),
        ({"spot": 572.0}, "STAY OUT: spot is"),
        ({"spot": 575.0}, "WARNING: spot is only 0.43 %"),
        ({}, "OK"),
    ]
    for figures, words in cases:
        assert state(rules, **(base | figures)).words(held=False).startswith(words)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({"days_to_expiry": 22}, None),
        ({"days_to_expiry": 22, "days_to_stop": 1}, None),
        (
            {"days_to_expiry": 22, "days_to_stop": 0},
            "22 days to expiry, the last session before 21",
        ),
        ({"days_to_expiry": 21}, "21 days to expiry"),
        ({"days_to_expiry": 21, "days_to_stop": 1}, "21 days to expiry"),
        ({"days_to_expiry": 20, "days_to_stop": -1, "entry_days": 21}, None),
        ({"days_to_expiry": 20, "entry_days": 22}, "20 days to expiry"),
        ({"days_to_expiry": 20, "entry_days": 22, "entry_days_to_stop": 1}, "20 days to expiry"),
        ({"days_to_expiry": 20, "entry_days": 22, "entry_days_to_stop": 0}, None),
        ({"days_to_expiry": 20, "entry_days": None, "entry_days_to_stop": 0}, "20 days to expiry"),
        ({"days_to_expiry": 1}, "1 day to expiry"),
        ({"days_to_expiry": 0}, "0 days to expiry"),
        ({"days_to_expiry": -1, "entry_days": 3}, "it expired yesterday, enter how it was closed"),
        ({"days_to_expiry": -2, "entry_days": 3}, "it expired 2 days ago, enter how it was closed"),
    ],
)
def test_the_time_stop_by_its_days(days, words):
    """By days or by its session, not for who entered past it; an expired position always."""
    found = state(**days).fired
    assert [e.words for e in found] == ([words] if words else [])
    for one in found:
        assert one.rule == ("expired" if "expired" in words else "time stop")
        worst = Severity.EXPIRED if one.rule == "expired" else Severity.TIME
        assert (one.severity, one.action) == (worst, "close")


@pytest.mark.parametrize(
    ("expiry", "entry", "days"),
    [
        (None, date(2027, 3, 1), HeldDays()),
        # 26 March 2027, 21 days before, is Good Friday: the stop is on the Thursday.
        (date(2027, 4, 16), date(2027, 3, 1), HeldDays(23, 46, 1, 24, date(2027, 3, 25))),
        (date(2027, 4, 16), None, HeldDays(23, None, 1, None, date(2027, 3, 25))),
        (date(2027, 3, 19), date(2027, 3, 1), HeldDays(-5, 18, -26, -3, date(2027, 2, 26))),
        (date(2037, 1, 16), None, HeldDays(3586, None, 3565, None, date(2036, 12, 26))),
    ],
)
def test_the_days_of_a_position(expiry, entry, days):
    """Counted from today, and from the entry; beyond the calendar the stop is the plain day."""
    assert held_days(expiry, entry, date(2027, 3, 24), STANDARD) == days


def test_a_stop_before_all_dates_is_the_first():
    """An expiry of the first days of all dates is no error."""
    assert held_days(date(1, 1, 10), None, date(1, 1, 2), STANDARD).stop == date.min


FLIPS = [
    # cell, spot, flip, gamma, basis -> what fires, what is unknown
    ("A", 100.0, 100.0, "positive", "vendor", "near flip", None),
    ("A", 99.99, 100.0, "positive", "vendor", "flip breach", None),
    ("A", 99.99, 100.0, "positive", "repriced", "near flip", None),
    ("A", 99.99, 100.0, "negative", "repriced", "flip breach", None),
    ("A", 100.0, 99.51, "positive", "vendor", "near flip", None),
    ("A", 100.0, 99.5, "positive", "vendor", None, None),
    ("A", 100.0, 90.0, "negative", "vendor", "flip breach", None),
    ("C", 100.0, 90.0, "negative", "vendor", "flip breach", None),
    (None, 100.0, 90.0, "negative", "vendor", None, "flip breach"),
    (None, 100.0, None, "negative", "vendor", None, "flip breach"),
    ("A", 100.0, 90.0, "unknown", None, None, None),
    ("A", None, 90.0, "unknown", None, None, "flip breach"),
    ("A", 100.0, None, "unknown", None, None, "flip breach"),
    ("A", 100.0, None, "positive", "net_gex", None, "near flip"),
    ("A", None, 90.0, "positive", "vendor", None, "near flip"),
    ("A", 100.0, None, "positive", "repriced", None, None),
    ("A", None, 90.0, "positive", "repriced", None, "near flip"),
    ("A", 0.0, 90.0, "positive", "repriced", None, "near flip"),
    ("B", 99.0, 100.0, "negative", "vendor", None, None),
    ("D", 99.0, None, "unknown", None, None, None),
]


@pytest.mark.parametrize(("cell", "spot", "flip", "gamma", "basis", "fires", "lacks"), FLIPS)
def test_breach_nearness_or_neither(cell, spot, flip, gamma, basis, fires, lacks):
    """Below the flip, at it, half a percent above it; by the regime where there is no level."""
    kw = {"entry_cell": cell, "spot": spot, "flip": flip, "gamma": gamma, "gamma_basis": basis}
    assert fired(**kw) == ([fires] if fires else [])
    assert unknown(**kw) == ({lacks} if lacks else set())


def test_what_leads_is_said_by_who_holds():
    """A warning is one for all, what closes is "stay out" without a position."""
    near, breach, lost = state(spot=575.0), state(spot=560.0), state(z=None, tactical=None)
    assert (
        near.words(held=True)
        == near.words(held=False)
        == ("WARNING: spot is only 0.43 % above the gamma flip")
    )
    assert breach.words(held=True) == "CUT HALF: spot is 2.23 % below the gamma flip"
    assert breach.words(held=False) == "STAY OUT: spot is 2.23 % below the gamma flip"
    assert (
        lost.words(held=True)
        == lost.words(held=False)
        == ("UNKNOWN: inversion needs the z-score and IV and HV30; defense needs IV and HV30")
    )
    assert [s.name for s in Severity if s.closes] == [
        "DEFENSE", "TIME", "PROFIT", "LOSS", "BREACH", "INVERSION", "ASSIGNMENT", "EXPIRED",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "rules"),
    [
        (6.0, ["loss stop"]), (5.98, []), (1.02, []), (1.0, ["profit target"]),
        (0.0, ["profit target"]), (2.0, []),
    ],
)  # fmt: skip
def test_profit_and_loss_at_their_limits(mark, rules):
    """2.00 of credit: 50 % is earned at 1.00, two credits are lost at 6.00, each included."""
    assert fired(mark=mark) == rules
    assert fired(STANDARD, mark=mark) == [rule for rule in rules if rule != "loss stop"]
    assert unknown(STANDARD, mark=None) == {"profit target"}
    assert unknown(credit=-1.0) == {"profit target", "loss stop"}
