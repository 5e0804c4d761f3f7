"""The position book: each exit alone, two at once, none, unknown; days; sums and caps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrp_xl.core.exits import ExitInputs, ExitState, exit_state
from vrp_xl.core.legs import read_legs
from vrp_xl.core.positions import Closed, Position, review, totals
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import IvPoint

TODAY = date(2026, 3, 27)
RULES = STANDARD.with_values({"loss_stop": 2.0})

CALM = Position(
    symbol="SPY", contracts=2, structure="short_put_spread", legs=read_legs("-P 560 +P 550"),
    entry=date(2026, 3, 10), expiry=date(2026, 5, 15), credit=2.0, mark=1.5, entry_cell="A",
)  # fmt: skip


@pytest.fixture
def calm(snap):
    """A market in which no exit fires."""
    return snap(
        spot=580.0, z_score=1.3, gamma="positive", gamma_basis="repriced", gamma_flip=570.0,
        atm_iv=18.0, atm_iv_30d=18.0, rv_20d=13.0, rv_30d=13.0, rv_90d=14.0, vrp_20d=5.0,
    )  # fmt: skip


NEGATIVE = {"gamma": "negative", "gamma_flip": 590.0}
FIRED = {
    "none": ({}, {}, "OK", [], False),
    "inversion": ({}, {"z_score": -0.6}, "CLOSE", ["inversion"], True),
    "flip breach": ({}, NEGATIVE, "CUT HALF", ["flip breach"], True),
    "flip breach, undefined": (
        {"structure": "short_strangle", "legs": read_legs("-P 550 -C 620")}, NEGATIVE,
        "CLOSE", ["flip breach"], True,
    ),
    "below the flip from the start": ({"entry_cell": "B"}, NEGATIVE, "OK", [], False),
    "loss stop": ({"mark": 6.0}, {}, "CLOSE", ["loss stop"], True),
    "profit target": ({"mark": 1.0}, {}, "CLOSE", ["profit target"], True),
    "time stop": ({"expiry": date(2026, 4, 17)}, {}, "CLOSE", ["time stop"], True),
    "entered inside the time stop": (
        {"entry": date(2026, 3, 27), "expiry": date(2026, 4, 17)}, {}, "OK", [], False,
    ),
    "expired": ({"expiry": date(2026, 3, 20)}, {}, "CLOSE", ["expired"], True),
    "defense": ({}, {"rv_30d": 20.0}, "DEFEND", ["defense"], True),
    "near flip": ({}, {"gamma_flip": 579.0}, "WARNING", ["near flip"], False),
    "two at once": (
        {"mark": 0.9, "expiry": date(2026, 4, 17)}, {}, "CLOSE", ["profit target", "time stop"],
        True,
    ),
    "a milder one behind": (
        {"mark": 0.9}, NEGATIVE, "CLOSE", ["flip breach", "profit target"], True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIRED)
def test_each_exit_fires_alone_and_the_worst_leads(name, calm):
    """Action, all rules that fire with the worst first, and whether something must be done."""
    change, market, action, rules, must = FIRED[name]
    r = review(replace(CALM, **change), replace(calm, **market), RULES, today=TODAY)
    assert r.action == action
    assert [e.rule for e in r.exits.fired] == rules
    assert r.exits.unknown == ()
    assert r.must_close is must
    for rule in rules:
        assert rule in r.reason
    assert r.reason.startswith(rules[0] if rules else "no exit fires") or r.cell_change


@pytest.mark.parametrize(
    ("change", "market", "what"),
    [
        ({"mark": None}, {}, "profit target needs credit and mark"),
        ({"credit": None}, {}, "profit target needs credit and mark"),
        ({"expiry": None}, {}, "time stop needs the expiry"),
        ({}, {"z_score": None}, "inversion needs the z-score"),
        ({}, {"rv_30d": None}, "defense needs IV and HV30"),
        ({}, {"gamma": "unknown", "gamma_basis": None, "gamma_flip": None}, "flip breach needs"),
    ],
)
def test_a_missing_input_is_unknown_and_never_ok(change, market, what, calm):
    """It is said what is missing; what fires besides still leads."""
    p, s = replace(CALM, **change), replace(calm, **market)
    r = review(p, s, RULES, today=TODAY)
    assert r.action == "UNKNOWN"
    assert f"unknown: {what}" in r.reason
    assert not r.must_close
    worse = review(replace(p, entry_cell="A"), replace(s, z_score=-2.0), RULES, today=TODAY)
    assert worse.action == "CLOSE"


def test_a_symbol_that_is_not_stored_is_unknown():
    """But the profit target and the time stop need no figures of it."""
    r = review(CALM, None, RULES, today=TODAY)
    assert (r.action, r.reason) == ("UNKNOWN", (
        "unknown: inversion needs the z-score; unknown: flip breach needs the gamma flip or the "
        "regime; unknown: short strike needs spot; unknown: defense needs IV and HV30"
    ))  # fmt: skip
    assert (r.cell, r.z, r.tested) == (None, None, None)
    assert "no figures of SPY are stored" in r.notes
    assert r.loss == (800.0, "maximum")
    assert review(replace(CALM, mark=0.5), None, RULES, today=TODAY).must_close
    strangle = replace(CALM, structure=None, legs=read_legs("-P 550 -C 620"))
    blind = review(strangle, None, RULES, today=TODAY)
    assert blind.loss is None
    assert any("stress loss needs spot" in note for note in blind.notes)


def test_money(calm):
    """Two opened at 2.00, one bought back at 0.80, the other at 1.50 now."""
    p = replace(CALM, closes=(Closed(1, 0.8, date(2026, 3, 20), "profit"),))
    r = review(p, calm, RULES, today=TODAY)
    assert (p.open_contracts, r.realised_usd, r.open_usd) == (
        1, pytest.approx(120), pytest.approx(50),
    )  # fmt: skip
    assert (r.target, r.profit_percent) == (1.0, pytest.approx(25.0))
    assert r.at_risk_usd == 800.0
    done = replace(CALM, closes=(Closed(1, 0.8, None, "profit"), Closed(1, 2.4, None, "time")))
    gone = review(done, calm, RULES, today=TODAY)
    assert (gone.action, gone.reason, gone.must_close) == ("CLOSED", "profit; time", False)
    assert (gone.realised_usd, gone.open_usd, gone.at_risk_usd) == (pytest.approx(80), 0.0, 0.0)
    assert gone.profit_percent == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("entry_cell", "market", "legs", "words"),
    [
        ("A", {}, "-P 560 +P 550", ""),
        ("A", NEGATIVE, "-P 560 +P 550", "entered in A, now B: cut half"),
        ("A", NEGATIVE, "-P 560", "entered in A, now B: close"),
        ("A", {"z_score": 0.2}, "-P 560", "entered in A, now C: the premium is no longer high"),
        ("C", {}, "-P 560", "entered in C, now A"),
        ("A", {"gamma": "unknown", "gamma_basis": None, "gamma_flip": None}, "-P 560",
         "entered in A, now ?: dealer gamma is not known"),
    ],
)  # fmt: skip
def test_the_cell_at_entry_against_the_cell_now(entry_cell, market, legs, words, calm):
    """What a change asks for follows the risk."""
    p = replace(CALM, entry_cell=entry_cell, structure=None, legs=read_legs(legs))
    r = review(p, replace(calm, **market), RULES, today=TODAY)
    assert r.cell_change == words
    assert words in r.reason


def test_the_stress_follows_the_rule(calm):
    """A naked put at 560, spot 580: the loss is that of 2.5 and of 1 deviations."""
    p = replace(CALM, structure=None, legs=read_legs("-P 560"))
    move = 580 * 0.18 * (49 / 365) ** 0.5
    for sd in (2.5, 1.0):
        rules = STANDARD.with_values({"stress_sd": sd})
        want = max(560 - (580 - sd * move) - 2, -2) * 100
        assert review(p, calm, rules, today=TODAY).loss.usd == pytest.approx(max(want, 0))


@pytest.mark.parametrize(
    ("expiry", "today", "days", "stop"),
    [
        (date(2027, 4, 16), date(2027, 3, 25), 22, date(2027, 3, 25)),  # 26 March: Good Friday
        (date(2026, 11, 20), date(2026, 10, 30), 21, date(2026, 10, 30)),  # DST ends 1 November
        (date(2026, 3, 20), date(2026, 2, 27), 21, date(2026, 2, 27)),  # DST begins 8 March
        (date(2026, 12, 18), date(2026, 11, 27), 21, date(2026, 11, 27)),  # a half day
        (date(2026, 4, 2), date(2026, 3, 12), 21, date(2026, 3, 12)),  # the monthly on Thursday
        (date(2027, 1, 15), date(2026, 12, 24), 22, date(2026, 12, 24)),  # 25 December
    ],
)
def test_the_time_stop_counts_the_calendar(expiry, today, days, stop, calm):
    """A stop that a holiday would delay comes on the session before."""
    p = replace(CALM, entry=date(2026, 1, 5), expiry=expiry)
    r = review(p, calm, RULES, today=today)
    assert (r.days_to_expiry, r.stop, r.action) == (days, stop, "CLOSE")
    assert "time stop" in r.reason
    before = review(p, calm, RULES, today=date.fromordinal(stop.toordinal() - 1))
    assert before.action == "OK"


@settings(max_examples=200)
@given(
    z=st.floats(-4, 4), drop=st.floats(0, 4), flip=st.floats(90, 110), fall=st.floats(0, 20),
    left=st.integers(-3, 60), passed=st.integers(0, 60), loss=st.floats(0, 10),
    mark=st.floats(2, 8), tactical=st.floats(0.5, 2), less=st.floats(0, 1),
    cell=st.sampled_from(["A", "B", "C", None]),
)  # fmt: skip
def test_exits_never_get_milder_when_an_input_gets_worse(
    z, drop, flip, fall, left, passed, loss, mark, tactical, less, cell
):
    """Lower z, spot nearer to or further below the flip, less time, a higher mark at a loss."""
    base = ExitInputs(
        z=z, spot=110, flip=flip, gamma="positive", gamma_basis="net_gex", tactical=tactical,
        spread=3.0, entry_cell=cell, held=True, credit=2.0, mark=mark, days_to_expiry=left,
        entry_days=90,
    )  # fmt: skip
    was = exit_state(base, RULES)
    for worse in (
        {"z": z - drop}, {"spot": 110 - fall}, {"days_to_expiry": left - passed},
        {"mark": mark + loss}, {"tactical": max(tactical - less, 0.0)}, {"gamma": "negative"},
    ):  # fmt: skip
        now = exit_state(replace(base, **worse), RULES)
        assert now.severity >= was.severity, worse
        kept = {e.rule for e in was.fired} - {"near flip", "time stop"}
        assert kept <= {e.rule for e in now.fired}


@given(
    known=st.sets(st.sampled_from(["z", "mark", "days_to_expiry", "tactical"])),
    z=st.floats(-2, 2), mark=st.floats(0, 8), left=st.integers(-2, 60),
)  # fmt: skip
def test_unknown_is_never_ok(known, z, mark, left):
    """Where an input is missing the state is not OK, whatever the others say."""
    values = {"z": z, "mark": mark, "days_to_expiry": left, "tactical": 1.5}
    given_ = {name: v if name in known else None for name, v in values.items()}
    state = exit_state(
        ExitInputs(spot=110, flip=100, gamma="positive", credit=2.0, held=True, entry_days=90,
                   spread=1.0, **given_),
        RULES,
    )  # fmt: skip
    if len(known) < 4:
        assert state.severity > 0
        assert state.unknown


def test_totals_against_the_caps(calm):
    """Sums, percent of equity, what is left out, and the caps that are exceeded."""
    negative = replace(calm, **NEGATIVE)
    a = review(CALM, calm, RULES, today=TODAY)
    b = review(replace(CALM, contracts=8, entry_cell="B"), negative, RULES, today=TODAY)
    blind = review(replace(CALM, symbol="X", mark=None, legs=()), None, RULES, today=TODAY)
    t = totals([a, b, blind], RULES, equity=100_000)
    assert (t.positions, t.to_close, t.unknown) == (3, 0, 1)
    assert t.at_risk_by_cell == {"A": 1600.0, "B": 6400.0}
    assert t.percent(t.at_risk_usd) == pytest.approx(8.0)
    assert t.problems == ("cell B has 6.4 % of equity at risk, above cap_b of 5 %",)
    assert t.incomplete == (
        "open profit leaves out X: not known", "money at risk leaves out X: not known",
    )  # fmt: skip
    alone = totals([a], RULES)
    assert (alone.equity, alone.percent(100), alone.problems) == (None, None, ())
    tight = RULES.with_values({"cap_total": 1.0, "cap_b": None})
    assert totals([a, b], tight, equity=100_000).problems == (
        "all positions have 8.0 % of equity at risk, above cap_total of 1 %",
    )


def test_the_tested_side_is_reviewed(calm):
    """A short put below spot is tested within its moves; what is closed is not looked at."""
    near = review(CALM, replace(calm, spot=562.0), RULES, today=TODAY)
    assert near.tested.side == "put"
    assert "put 560" in near.tested.words
    assert review(CALM, calm, RULES, today=TODAY).tested.side == "none"
    done = replace(CALM, mark=None, closes=(Closed(2, 1.0, date(2026, 3, 20)),))
    assert review(done, replace(calm, spot=562.0), RULES, today=TODAY).tested is None


def test_what_the_tested_side_needs_is_said(calm):
    """Strikes or spot, whichever is missing."""
    bare = review(replace(CALM, legs=()), calm, RULES, today=TODAY)
    assert "the tested side needs the strikes" in bare.notes
    blind = review(CALM, replace(calm, spot=None), RULES, today=TODAY)
    assert "the tested side needs spot" in blind.notes


def test_without_an_iv_there_is_no_move_and_no_error(calm):
    """Whether the strike is reached is still told."""
    blind = replace(calm, atm_iv=None, atm_iv_30d=None, spot=555.0)
    assert "breached" in review(CALM, blind, RULES, today=TODAY).tested.words


def test_equity_by_the_rule_or_as_given(calm):
    """The rule's equity stands in only where none is given."""
    rules = RULES.with_values({"equity": 50_000})
    one = review(CALM, calm, rules, today=TODAY)
    assert totals([one], rules).equity == 50_000
    assert totals([one], rules, equity=80_000).equity == 80_000
    assert totals([one], rules, equity=80_000).percent(800) == pytest.approx(1.0)


def test_target_and_realised_sums(calm):
    """The target follows its rule; what was bought back adds up over the book."""
    rules = RULES.with_values({"profit_target": 75})
    assert review(CALM, calm, rules, today=TODAY).target == pytest.approx(0.5)
    part = replace(CALM, closes=(Closed(1, 0.5, date(2026, 3, 20)),))
    one, two = (review(p, calm, RULES, today=TODAY) for p in (part, CALM))
    assert one.realised_usd == pytest.approx(150)
    assert totals([one, one, two], RULES).realised_usd == pytest.approx(300)


def test_every_figure_of_a_review(calm):
    """Open and closed side by side: what is over has no days, no stop, no side and no loss."""
    r = review(CALM, calm, RULES, today=TODAY)
    assert (r.action, r.reason, r.must_close) == ("OK", "no exit fires", False)
    assert (r.days_to_expiry, r.stop) == (49, date(2026, 4, 24))
    assert (r.profit_percent, r.open_usd, r.realised_usd, r.target) == (25.0, 100.0, 0.0, 1.0)
    assert (r.tested.words, r.loss, r.at_risk_usd) == ("not tested", (800.0, "maximum"), 1600.0)
    assert (r.cell, r.cell_change, r.risk_cell, r.z) == ("A", "", "A", 1.3)
    assert r.flip_distance_pct == pytest.approx(100 * 10 / 580)
    assert (r.notes, r.position) == ((), CALM)
    assert CALM.strikes == "-P 560 +P 550"
    gone = replace(CALM, closes=(Closed(2, 1.0, TODAY),))
    r = review(gone, replace(calm, z_score=-2.0), RULES, today=TODAY)
    assert (r.action, r.reason, r.exits) == ("CLOSED", "no reason was noted", ExitState((), ()))
    assert (r.days_to_expiry, r.stop, r.tested, r.loss, r.notes) == (None, None, None, None, ())
    assert (r.target, r.z, r.cell_change) == (1.0, -2.0, "")


@pytest.mark.parametrize(
    ("closed", "on", "is_open"),
    [((), 2, True), ((1.5,), 0.5, True), ((1, 1), 0, False), ((2.5,), 0, False)],
)
def test_what_is_on_is_what_was_not_closed(closed, on, is_open):
    """More bought back than sold is nothing on, not a long position."""
    p = replace(CALM, closes=tuple(Closed(n, 1.0) for n in closed))
    assert (p.open_contracts, p.is_open) == (on, is_open)


@pytest.mark.parametrize(
    ("structure", "legs", "risk"),
    [
        ("short_strangle", "-P 560 +P 550", "defined"),
        ("short_put_spread", "", "defined"),
        ("short_strangle", "", "undefined"),
        (None, "", "undefined"),
        (None, "-P 560 -C 600 +C 610", "undefined on one side"),
    ],
)
def test_the_legs_say_the_risk_else_the_structure(structure, legs, risk):
    """What is not known is undefined."""
    held = read_legs(legs) if legs else ()
    assert replace(CALM, structure=structure, legs=held).risk == risk


@pytest.mark.parametrize(
    ("was", "market", "told"),
    [
        ("B", {"z_score": 0.2} | NEGATIVE, "entered in B, now D: the premium is no longer high"),
        ("B", {"z_score": 0.2}, "entered in B, now C: the premium is no longer high"),
        ("C", {"z_score": 0.2} | NEGATIVE, "entered in C, now D: cut half"),
        ("C", NEGATIVE, "entered in C, now B: cut half"),
        ("A", {"z_score": 0.2} | NEGATIVE, "entered in A, now D: cut half"),
        ("D", {}, "entered in D, now A"),
        ("D", NEGATIVE, "entered in D, now B"),
        ("B", {}, "entered in B, now A"),
        ("D", {"z_score": 0.2}, "entered in D, now C"),
        (None, {}, ""),
    ],
)
def test_from_each_cell_to_another(was, market, told, calm):
    """Gamma that has turned asks to cut, a premium that has gone is told, a better cell too."""
    r = review(replace(CALM, entry_cell=was), replace(calm, **market), RULES, today=TODAY)
    assert r.cell_change == told


def test_reasons_come_in_order_the_worst_first(calm):
    """Exits that fire, then the change of cell, then what could not be judged."""
    p = replace(CALM, mark=None, expiry=date(2026, 4, 17))
    r = review(p, replace(calm, **NEGATIVE), RULES, today=TODAY)
    assert r.action == "CLOSE"  # by the time stop, though the breach is worse
    parts = r.reason.split("; ")
    assert [part.split(":")[0] for part in parts] == [
        "flip breach", "time stop", "entered in A, now B", "unknown", "unknown",
    ]  # fmt: skip
    assert parts[2] == "entered in A, now B: cut half"
    assert parts[0] == f"flip breach: {r.exits.fired[0].words}"
    closes = tuple(Closed(0.5, 1.0, None, why) for why in ("time", "", "profit", "time"))
    assert review(replace(CALM, closes=closes), calm, RULES, today=TODAY).reason == "time; profit"


def stress(p, s, today=TODAY):
    """The stress loss of one contract, as a price below which the short put loses."""
    loss = review(p, s, STANDARD.with_values({"stress_sd": 1.0}), today=today).loss
    return None if loss is None else 560 - (loss.usd / 100 + 2)


def test_the_move_is_that_of_the_expiry(calm):
    """Its own IV where the term brackets it, else that of 30 days, else ATM; none after expiry."""
    put = replace(CALM, structure=None, legs=read_legs("-P 560"))
    day = 580 * (49 / 365) ** 0.5 / 100
    both = replace(calm, atm_iv_30d=25.0, atm_iv=30.0)
    assert stress(put, replace(both, iv_term=(IvPoint(49, 40.0),))) == pytest.approx(580 - 40 * day)
    far = replace(both, iv_term=(IvPoint(60, 40.0),))
    assert stress(put, far) == pytest.approx(580 - 25 * day)
    assert stress(put, replace(far, atm_iv_30d=None)) == pytest.approx(580 - 30 * day)
    term = replace(both, spot=550.0, iv_term=(IvPoint(1, 40.0),))
    last = date(2026, 5, 15)
    eve = last.replace(day=14)
    assert stress(put, term, eve) == pytest.approx(550 - 550 * 0.4 / 365**0.5)
    assert stress(put, term, last) == stress(put, term, eve)  # a session is still to come
    over = review(put, term, RULES, today=date(2026, 5, 16))
    assert over.loss is None
    assert over.notes == (
        "the loss of an open side after its expiry needs its close: what it paid",
    )


@pytest.mark.parametrize(
    ("change", "market", "notes"),
    [
        ({"structure": "calendar_spread", "legs": ()}, {},
         ("the tested side needs the strikes",
          "the largest loss is not known: the structure ends on two days")),
        ({"credit": None}, {}, ("the largest loss needs the credit",)),
        ({"legs": ()}, {}, ("the tested side needs the strikes",
                            "Without strikes there is no loss to compute.")),
        ({}, {"spot": None}, ("the tested side needs spot",)),
    ],
)  # fmt: skip
def test_each_note_says_what_a_figure_needs(change, market, notes, calm):
    """And nothing else is noted."""
    r = review(replace(CALM, **change), replace(calm, **market), RULES, today=TODAY)
    assert r.notes == notes
    assert (r.loss is None) == any("loss" in note for note in notes)
    blind = review(CALM, None, RULES, today=TODAY)
    assert blind.notes == ("no figures of SPY are stored", "the tested side needs spot")


@pytest.mark.parametrize(
    ("change", "percent", "open_usd", "realised"),
    [
        ({"credit": None}, None, None, 0.0),
        ({"credit": None, "closes": (Closed(1, 1.0),)}, None, None, None),
        ({"credit": 0.0}, None, -300.0, 0.0),
        ({"credit": 0.5}, -200.0, -200.0, 0.0),
        ({"mark": None}, None, None, 0.0),
        ({"mark": None, "closes": (Closed(1, 0.5),)}, None, None, 150.0),
        ({"closes": (Closed(1.5, 1.0), Closed(0.5, 2.0))}, 37.5, 0.0, 150.0),
        ({"contracts": 0.0}, None, 0.0, 0.0),
        ({"contracts": 0.5, "closes": (Closed(0.5, 0.4),)}, 80.0, 0.0, 80.0),
        ({"credit": 1.0, "closes": (Closed(2, 1.5),)}, -50.0, 0.0, -100.0),
    ],
)
def test_profit_of_what_is_on_and_of_what_is_closed(change, percent, open_usd, realised, calm):
    """In percent of the credit of those that are on; of all, weighed, where none is."""
    r = review(replace(CALM, **change), calm, RULES, today=TODAY)
    assert r.profit_percent == (None if percent is None else pytest.approx(percent))
    assert (r.open_usd, r.realised_usd) == (open_usd, realised)


def test_break_evens_of_a_fly_are_tested_with_its_credit(calm):
    """A straddle at 580 for 12: spot 569 is beyond the put's break-even within no move."""
    fly = replace(CALM, structure=None, legs=read_legs("-P 580 -C 580"), credit=12.0, mark=11.0)
    at = review(fly, replace(calm, spot=567.5), RULES, today=TODAY).tested
    assert (at.words, at.breached) == ("put break-even 568 is breached: spot 567.5", True)
    rules = RULES.with_values({"tested_moves": 0.5})
    move = 580 * 0.18 * (49 / 365) ** 0.5
    assert review(fly, calm, RULES, today=TODAY).tested.words == "not tested"
    words = f"put break-even 568 is {12 / move:.2f} moves away"
    assert review(fly, calm, rules, today=TODAY).tested.words == words


def test_the_cell_whose_cap_counts(calm):
    """Today's; where gamma is not known that of the entry, and else none."""
    dark = replace(calm, gamma="unknown", gamma_basis=None, gamma_flip=None)
    for cell, market, want in (
        ("B", calm, "A"), ("B", dark, "B"), (None, dark, "?"), ("C", None, "C"),
    ):  # fmt: skip
        assert review(replace(CALM, entry_cell=cell), market, RULES, today=TODAY).risk_cell == want


def test_a_book_sums_what_is_known_and_names_the_rest(calm):
    """Each name once; closed positions count for what they realised alone."""
    done = replace(CALM, symbol="D", closes=(Closed(2, 1.0),))
    lost = replace(CALM, symbol="L", credit=None, closes=(Closed(2, 1.0),))
    dark = replace(CALM, symbol="X", mark=None)
    fired = replace(CALM, mark=0.5)
    other = replace(dark, symbol="Y")
    book = [review(p, calm, RULES, today=TODAY) for p in (done, lost, dark, other, dark, fired)]
    t = totals(book, RULES.with_values({"equity": 10_000}))
    assert (t.positions, t.to_close, t.unknown) == (4, 1, 3)
    assert (t.open_usd, t.realised_usd, t.at_risk_usd) == (300.0, 200.0, 6400.0)
    assert t.incomplete == (
        "open profit leaves out X, Y: not known", "realised profit leaves out L: not known",
    )  # fmt: skip
    assert t.at_risk_by_cell == {"A": 6400.0}
    assert (t.equity, t.percent(500)) == (10_000, 5.0)
    assert t.problems
    none = totals([], RULES, equity=0)
    assert (none.positions, none.open_usd, none.percent(500), none.problems) == (0, 0, None, ())


@pytest.mark.parametrize(
    ("change", "market", "rules", "action", "reason"),
    [
        ({}, {"vrp_20d": -1.0}, {"inversion_exit": "inverted"}, "CLOSE",
         "inversion: inverted, spread -1.00"),
        ({}, {"gamma": "negative", "gamma_basis": "net_gex", "gamma_flip": None}, {}, "CUT HALF",
         "flip breach: dealer gamma is negative by the sign of net GEX"),
        ({}, {"gamma_flip": None}, {}, "OK", "no exit fires"),  # re-priced and without a flip
        ({}, {"gamma_flip": 590.0}, {}, "OK", "no exit fires"),
        ({}, {"gamma_flip": 590.0, "gamma_basis": "vendor"}, {}, "CUT HALF",
         "flip breach: spot is 1.72 % below the gamma flip"),
        ({"legs": read_legs("-P 550 -C 620")}, NEGATIVE, {}, "CLOSE",
         "flip breach: spot is 1.72 % below the gamma flip"),
    ],
)  # fmt: skip
def test_what_the_market_says_reaches_the_exits(change, market, rules, action, reason, calm):
    """Spread, gamma and where it is from, and the risk of the legs."""
    p = replace(CALM, **{"entry_cell": "A"} | change)
    r = review(p, replace(calm, **market), RULES.with_values(rules), today=TODAY)
    told = r.reason.removesuffix(f"; {r.cell_change}")  # of the cell, tested elsewhere
    assert (r.action, told) == (action, reason)


@pytest.mark.parametrize(
    ("entry", "action"), [(date(2027, 3, 24), "CLOSE"), (date(2027, 3, 25), "OK")]
)
def test_who_entered_on_the_day_of_the_stop_is_not_stopped(entry, action, calm):
    """22 days before 16 April 2027, since Good Friday takes the 21st."""
    p = replace(CALM, entry=entry, expiry=date(2027, 4, 16))
    assert review(p, calm, RULES, today=date(2027, 3, 25)).action == action
