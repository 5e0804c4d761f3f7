"""Breached short strikes, the last day, cuts that were made, marks and credits that cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.exits import Exit, ExitInputs, Severity, breach_asks, exit_state
from vrp_xl.core.legs import read_legs
from vrp_xl.core.loss import breaches, credit_problem, in_the_money, most_to_pay, price_problem
from vrp_xl.core.positions import Closed, Position, review
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.symbols import is_cash_settled

TODAY = date(2026, 11, 25)
PUTS = Position(
    symbol="SPY", contracts=4, structure="short_put_spread", legs=read_legs("-P 640 +P 630"),
    entry=date(2026, 11, 2), expiry=date(2027, 1, 15), credit=2.0, mark=1.5, entry_cell="A",
)  # fmt: skip
NEGATIVE = {"gamma": "negative", "gamma_flip": 665.0}


@pytest.fixture
def calm(snap):
    """Spot 660 in a market in which no exit fires, figures of today."""
    return snap(
        spot=660.0, z_score=1.3, gamma="positive", gamma_basis="repriced", gamma_flip=640.0,
        atm_iv=18.0, atm_iv_30d=18.0, rv_20d=13.0, rv_30d=13.0, rv_90d=14.0, vrp_20d=5.0,
        as_of=datetime(2026, 11, 25, 15, tzinfo=UTC),
    )  # fmt: skip


def judged(market, legs=None, **change):
    """The review of a put spread with some of it changed."""
    if legs is not None:
        change |= {"legs": read_legs(legs), "structure": None}
    return review(replace(PUTS, **change), market, STANDARD, today=TODAY)


DEEP = "put 680 is breached by 20.00 (3.0 % of spot 660): roll, close or take assignment"
DUE = (
    "put 662 is 2.00 in the money at spot 660 on the last day: assignment is due, close or roll "
    "it before the session ends, or take the shares"
)
MUCH = "credit 165 is not below the width 10: is it per contract (100 shares)? write 1.65"


@pytest.mark.parametrize(
    ("legs", "action", "words"),
    [
        ("-P 680 +P 670", "WARNING", DEEP),
        ("-C 650 +C 655", "WARNING", "call 650 is breached by 10.00 (1.5 % of spot 660)"),
        ("-P 660 +P 650", "WARNING", "put 660 is reached (spot 660): roll, close or"),
        ("-P 680", "DEFEND", "put 680 is breached by 20.00"),
        ("-P 600 -C 655", "DEFEND", "call 655 is breached by 5.00"),
        # a fly is near its strike always: its break-even counts
        ("-P 660 +P 640 -C 660 +C 680", "OK", None),
        ("-P 650 +P 630 -C 650 +C 670", "WARNING", "call break-even 652 is breached by 8.00"),
        ("-P 670 +P 600 -C 650 +C 700", "WARNING",
         "put break-even 668 is breached by 8.00 and call break-even 652 is breached by 8.00"),
        ("-P 659.99 +P 650", "OK", None),
    ],
)  # fmt: skip
def test_a_breached_short_strike_is_never_ok(legs, action, words, calm):
    """Which strike, by how much, and what is to be decided; open risk must act."""
    r = judged(calm, legs)
    assert r.action == action
    assert r.must_close is (action == "DEFEND")
    if words is None:
        assert "short strike" not in r.reason
    else:
        assert f"short strike: {words}" in r.reason


def test_the_strike_needs_strikes_and_spot(calm):
    """Without them it is unknown, and an unknown is never OK."""
    bare = review(replace(PUTS, legs=()), calm, STANDARD, today=TODAY)
    assert (bare.action, bare.reason) == ("UNKNOWN", "unknown: short strike needs the strikes")
    blind = judged(replace(calm, spot=None))
    assert "unknown: short strike needs spot" in blind.reason
    name_alone = exit_state(ExitInputs(z=1.0, spot=110, flip=100, tactical=1.5), STANDARD)
    assert "short strike" not in {e.rule for e in name_alone.unknown}


@pytest.mark.parametrize(
    ("legs", "symbol", "words"),
    [
        ("-P 662 +P 655", "SPY", DUE),
        ("-C 650", "SPY", "or deliver the shares"),
        ("-P 662 +P 655", "SPX", "it settles in cash, close or roll it before the session ends"),
        ("-P 661 -P 663 -C 650", "SPY", "call 650 is 10.00 and put 663 is 3.00 and put 661 is"),
        # of a fly the strike counts on the last day, not the break-even
        ("-P 655 +P 640 -C 655 +C 680", "SPY", "call 655 is 5.00 in the money"),
    ],
)  # fmt: skip
def test_assignment_is_due_on_the_last_day(legs, symbol, words, calm):
    """In the money at the last session it must be acted on, and leads over all that fires."""
    market = replace(calm, symbol=symbol, z_score=-2.0)
    r = judged(market, legs, symbol=symbol, expiry=TODAY, entry=date(2026, 11, 20), credit=30.0)
    assert (r.action, r.must_close) == ("CLOSE", True)
    assert r.reason.startswith("assignment: ")
    assert words in r.reason
    assert "short strike" not in r.reason
    assert [e.rule for e in r.exits.fired][:2] == ["assignment", "inversion"]


def test_out_of_the_money_on_the_last_day_is_no_assignment(calm):
    """At the strike it is breached; beyond it nothing is due."""
    day = {"expiry": TODAY, "entry": date(2026, 11, 20)}
    assert judged(calm, "-P 659 +P 650", **day).action == "OK"
    at = judged(calm, "-P 660 +P 650", **day)
    assert [e.rule for e in at.exits.fired] == ["short strike"]


@pytest.mark.parametrize(
    ("legs", "symbol", "severity", "words", "action"),
    [
        ("-P 680 +P 670", "SPY", Severity.TESTED, DEEP, "decide"),
        ("-P 680", "SPY", Severity.DEFENSE, DEEP, "defend"),
        ("-P 660.5 +P 650", "SPY", Severity.TESTED,
         "put 660.5 is breached by 0.50 (0.1 % of spot 660): roll, close or take assignment",
         "decide"),
        ("-P 680 +P 670", "SPX", Severity.TESTED,
         "put 680 is breached by 20.00 (3.0 % of spot 660): roll, close or let it settle in cash",
         "decide"),
        ("-P 660", "SPX", Severity.DEFENSE,
         "put 660 is reached (spot 660): roll, close or let it settle in cash", "defend"),
    ],
)  # fmt: skip
def test_what_a_breached_strike_asks(legs, symbol, severity, words, action, calm):
    """A decision where it is covered, a defence where it is not; what comes last by its kind."""
    r = judged(replace(calm, symbol=symbol), legs, symbol=symbol)
    assert r.exits.fired == (Exit("short strike", severity, words, action),)


def test_assignment_alone_asks_to_close(calm):
    """Nothing else fires, and it still leads to CLOSE."""
    r = judged(calm, "-P 662 +P 655", expiry=TODAY, entry=date(2026, 11, 20))
    assert r.exits.fired == (Exit("assignment", Severity.ASSIGNMENT, DUE, "close"),)
    assert (r.action, r.reason) == ("CLOSE", f"assignment: {DUE}")


def test_which_symbols_settle_in_cash():
    """Indices do, funds on them do not."""
    assert all(map(is_cash_settled, ["SPX", "^SPX", "spxw", "NDX", "RUT", "XSP", "VIX"]))
    assert not any(map(is_cash_settled, ["SPY", "QQQ", "IWM", "VXX"]))


def test_what_asks_for_most_leads(calm):
    """CLOSE before CUT HALF before DEFEND, wherever it stands in the order of the reasons."""
    r = judged(replace(calm, **NEGATIVE), mark=0.5)
    assert r.action == "CLOSE"
    assert [e.rule for e in r.exits.fired] == ["flip breach", "profit target"]
    assert r.exits.words(held=True) == "CLOSE: 75 % of the credit is earned"
    r = judged(replace(calm, rv_30d=20.0, **NEGATIVE))
    assert (r.action, [e.rule for e in r.exits.fired]) == ("CUT HALF", ["flip breach", "defense"])
    warned = judged(replace(calm, gamma_flip=659.0), "-P 680 +P 670")
    assert [e.rule for e in warned.exits.fired] == ["short strike", "near flip"]
    assert warned.exits.severity == Severity.TESTED


def test_a_breach_beats_the_worst_of_an_empty_state():
    """Nothing fires: no lead, and the action is OK."""
    fine = exit_state(
        ExitInputs(z=1.0, spot=110, flip=100, gamma="positive", tactical=1.5), STANDARD
    )
    assert (fine.lead, fine.action) == (None, "OK")


# Cuts


def test_one_contract_cannot_be_halved(calm):
    """It is closed, and the reason says why; so does the change of cell."""
    r = judged(replace(calm, **NEGATIVE), contracts=1)
    assert r.action == "CLOSE"
    assert "below the gamma flip, one contract cannot be halved" in r.reason
    assert r.cell_change == "entered in A, now B: close, one contract cannot be halved"
    two = judged(replace(calm, **NEGATIVE), contracts=2)
    assert (two.action, two.cell_change) == ("CUT HALF", "entered in A, now B: cut half")


@pytest.mark.parametrize(
    ("contracts", "closes", "said"),
    [
        (2, [(1, "flip breach cut half")], "half was cut on 2026-11-23"),
        (4, [(2, "Gamma flip")], "half was cut on 2026-11-23"),
        (5, [(2, "cut half")], "half was cut on 2026-11-23"),
        (4, [(1, "flip"), (1, "flip")], "half was cut on 2026-11-23"),
        (8, [(4, "profit target"), (2, "flip breach")], "half was cut on 2026-11-23"),
        (10, [(1, "flip breach")], ""),
        (4, [(2, "profit target")], ""),
        (4, [(2, "half taken off at the target")], ""),
        (4, [], ""),
    ],
)
def test_half_is_cut_once(contracts, closes, said, calm):
    """What was closed for the flip counts against what was on; other closes do not."""
    closes = tuple(Closed(many, 1.7, date(2026, 11, 23), why) for many, why in closes)
    r = judged(replace(calm, **NEGATIVE), contracts=contracts, closes=closes)
    assert r.position.half_cut == said
    if said:
        assert r.action == "WARNING"
        assert f"below the gamma flip, {said}" in r.reason
        assert r.cell_change == f"entered in A, now B: {said}"
        assert not r.must_close
    else:
        assert r.action == "CUT HALF"
    naked = judged(replace(calm, **NEGATIVE), "-P 640", contracts=contracts, closes=closes)
    assert naked.action == "CLOSE"


def test_a_cut_without_a_date():
    """It counts as well."""
    assert replace(PUTS, closes=(Closed(2, 1.7, None, "flip"),)).half_cut == "half was cut"
    assert breach_asks("defined", None).action == "cut half"


# Prices against strikes


@pytest.mark.parametrize(
    ("legs", "most"),
    [
        ("-P 560 +P 550", 10), ("-C 600 +C 615", 15), ("-P 560 +P 550 -C 600 +C 615", 15),
        ("+P 565 -P 580 -C 580 +C 595", 15), ("-P 640 +P 650", 0), ("-P 640 +P 640", 0),
        ("-P 560", None), ("-2x P 560 +P 550", None), ("-P 560 -C 600 +C 610", None),
    ],
)  # fmt: skip
def test_what_legs_can_cost_at_most(legs, most):
    """The width, of a condor the wider wing; an open side has no end."""
    assert most_to_pay(read_legs(legs)) == most


@pytest.mark.parametrize(
    ("legs", "credit", "words"),
    [
        ("-P 640 +P 630", 165, MUCH),
        ("-P 640 +P 630", 10, "credit 10 is not below the width 10: is it per contract"),
        ("-P 640 +P 630", 9.99, ""),
        ("-P 640 +P 630", 16500, "credit 16500 is not below the width 10"),
        ("-P 640 +P 650", 1.65, "they cost a debit and bring no credit: are their signs turned?"),
        ("-P 640", 165, ""),
    ],
)  # fmt: skip
def test_a_credit_that_the_legs_cannot_bring(legs, credit, words):
    """With what is likely meant."""
    told = credit_problem(read_legs(legs), credit)
    assert words in told if words else told == ""
    assert ("write" in told) is (credit in (165, 10) and bool(told))


def test_a_mark_above_the_width_is_no_mark(calm):
    """Profit is not judged by it; every other exit still is."""
    assert price_problem(read_legs("-P 640 +P 630"), 10) == ""
    r = judged(calm, mark=190.0)
    assert (r.action, r.profit_percent, r.open_usd) == ("UNKNOWN", None, None)
    assert "profit target needs another mark: mark 190 is above the width 10" in r.reason
    assert "write 1.9" in r.reason
    assert "short strike" in judged(calm, "-P 680 +P 670", mark=190.0).reason
    stop = review(replace(PUTS, mark=25.0), calm, STANDARD.with_values({"loss_stop": 2}),
                  today=TODAY)  # fmt: skip
    assert {e.rule for e in stop.exits.unknown} == {"profit target", "loss stop"}


def test_a_credit_of_an_open_side_that_is_likely_per_contract(calm):
    """It cannot be refused, but a green OK would be wrong."""
    r = judged(calm, "-P 640", credit=165.0, mark=150.0)
    assert (r.action, r.must_close) == ("WARNING", False)
    assert (
        "check: credit 165 is 26% of the strike 640: is it per contract (100 shares)?" in r.reason
    )
    assert r.doubts == ("credit 165 is 26% of the strike 640: is it per contract (100 shares)?",)
    fine = judged(calm, "-P 640", credit=120.0, mark=110.0)
    assert (fine.action, fine.doubts) == ("OK", ())


@given(st.sampled_from(["-P 560 +P 550", "-P 560 +P 550 -C 600 +C 615", "-C 600 +C 605"]),
       st.floats(0.01, 30), st.floats(400, 800))  # fmt: skip
def test_a_credit_is_refused_exactly_where_nothing_can_be_lost(text, credit, spot):
    """Whatever is accepted can lose; whatever is breached is in the money."""
    legs = read_legs(text)
    assert bool(credit_problem(legs, credit)) == (credit >= most_to_pay(legs) - 1e-9)
    deep = in_the_money(legs, spot=spot)
    assert {b.place for b in deep} <= {b.place for b in breaches(legs, spot=spot)}
    assert all(b.covered for b in deep)


# Days


def test_a_naked_position_risks_a_session_on_its_last_day(calm):
    """A move of one day is still to come; the day before has the same."""
    on = judged(calm, "-P 640 -C 700", expiry=TODAY, entry=date(2026, 11, 20))
    day = 660 * 0.18 * (1 / 365) ** 0.5
    near = judged(calm, "-P 655 -C 665", expiry=TODAY, entry=date(2026, 11, 20))
    assert near.at_risk_usd == pytest.approx((2.5 * day - 5 - 2) * 100 * 4)
    assert near.tested.side == "none"
    eve = judged(calm, "-P 655 -C 665", expiry=date(2026, 11, 26), entry=date(2026, 11, 20))
    assert eve.at_risk_usd == pytest.approx(near.at_risk_usd)
    assert on.loss.kind == "stress"
    at = judged(calm, "-P 659 -C 665", expiry=TODAY, entry=date(2026, 11, 20))
    assert at.tested.words == f"put 659 is {1 / day:.2f} moves away"


def test_what_expired_leads_and_says_what_it_needs(calm):
    """Not the profit target; the open side is named for what it is."""
    past = {"expiry": date(2026, 11, 20), "mark": 0.01, "entry": date(2026, 10, 2)}
    r = judged(calm, "-P 640 -C 655", **past)
    assert [e.rule for e in r.exits.fired] == ["expired", "profit target"]
    assert r.reason.startswith("expired: it expired 5 days ago, enter how it was closed")
    assert (r.loss, r.tested) == (None, None)
    assert r.notes == ("the loss of an open side after its expiry needs its close: what it paid",)
    assert judged(calm, **past).loss == (800.0, "maximum")


def test_an_expiry_without_a_session_is_doubted(calm):
    """A Saturday: what would be OK is to be checked. Beyond the calendar nothing is known."""
    r = judged(calm, expiry=date(2027, 1, 16))
    assert r.action == "WARNING"
    assert "check: the expiry 2027-01-16 is a Saturday without a session" in r.reason
    assert "2027-01-15" in r.reason
    assert judged(calm, expiry=date(2099, 1, 17)).action == "OK"
    friday = judged(calm, expiry=date(2027, 3, 26))
    assert "2027-03-26 is a Friday without a session, the one before is 2027-03-25" in friday.reason
    gone = judged(calm, expiry=date(2027, 1, 16), closes=(Closed(4, 1.0),))
    assert gone.doubts == ()


@pytest.mark.parametrize(
    ("marked", "action"),
    [(None, "CLOSE"), (TODAY, "CLOSE"), (TODAY - timedelta(1), "UNKNOWN")],
)
def test_a_mark_of_an_earlier_session_judges_nothing(marked, action, calm):
    """Its money is shown; a mark without a day counts as of the session of the figures."""
    r = judged(calm, mark=0.9, marked=marked)
    assert r.action == action
    assert r.open_usd == pytest.approx(1.1 * 400)
    if action == "UNKNOWN":
        assert (
            "profit target needs a newer mark: it is of 2026-11-24, and the session of 2026-11-25 "
            "has opened"
        ) in r.reason
    early = replace(calm, as_of=datetime(2026, 11, 25, 13, tzinfo=UTC))
    assert judged(early, mark=0.9, marked=TODAY - timedelta(1)).action == "CLOSE"
    blind = judged(None, mark=0.9, marked=date(2026, 11, 24))
    assert "profit target: 55 %" in blind.reason
    old = judged(None, mark=0.9, marked=date(2026, 11, 23))
    assert "needs a newer mark" in old.reason
