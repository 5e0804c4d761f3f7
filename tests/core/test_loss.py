"""What structures can lose, against the payoff itself; which side is tested; legs from text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core import loss as losses
from vrp_xl.core.legs import read_legs, structure_name, structure_of
from vrp_xl.core.loss import HeldLeg, largest_loss, payoff, risk_of
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.errors import InputError, NoNumberError

PUT_SPREAD = read_legs("-P 560 +P 550")
SELLERS = [name for name, s in STRUCTURES.items() if s.vega < 0]
NUMBER_OF_STRIKES = {
    "short_put_spread": 2, "short_call_spread": 2, "iron_condor": 4, "iron_fly": 3,
    "short_strangle": 2, "short_straddle": 1, "jade_lizard": 3,
}  # fmt: skip


@st.composite
def structures(draw):
    """A structure with strikes in whole dollars, and a credit."""
    name = draw(st.sampled_from(SELLERS))
    many = NUMBER_OF_STRIKES[name]
    strikes = draw(
        st.lists(st.integers(20, 300), min_size=many, max_size=many, unique=True).map(sorted)
    )
    legs = read_legs("/".join(map(str, strikes)), name)
    return name, legs, draw(st.integers(1, 1000)) / 100


@given(structures(), st.integers(30, 250), st.integers(1, 40))
def test_the_largest_loss_is_the_worst_of_the_payoff(structure, spot, move):
    """Over every whole dollar: all of them where risk is defined, up to the stress move else."""
    name, legs, credit = structure
    loss = largest_loss(legs, credit, spot=spot, move=move, stress_sd=2)
    low, high = max(spot - 2 * move, 0), spot + 2 * move
    open_put = STRUCTURES[name].risk != "defined"
    open_call = STRUCTURES[name].risk == "undefined"
    strikes = [int(leg.strike) for leg in legs]
    first = min(low, *strikes) if open_put else 0
    last = max(high, *strikes) if open_call else 1000
    worst = min(payoff(legs, at) for at in range(first, last + 1))
    assert loss.usd == pytest.approx(max(-worst - credit, 0) * 100)
    assert loss.kind == ("maximum" if STRUCTURES[name].risk == "defined" else "stress")


@given(structures())
def test_the_legs_of_a_structure_are_recognised(structure):
    """Name to legs, legs to words, and back."""
    name, legs, _ = structure
    again = read_legs(" ".join(leg.words for leg in legs))
    assert again == legs
    assert structure_of(again) == name
    assert risk_of(legs) == STRUCTURES[name].risk


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-P 560 +P 550", "-P 560 +P 550"),
        ("-560P, +550P", "-P 560 +P 550"),
        ("sell put 560; buy put 550", "-P 560 +P 550"),
        ("short 560 put / long 550 put", "-P 560 +P 550"),
        ("-2x P 90.5", "-2xP 90.5"),
        ("\N{MINUS SIGN}C 100", "-C 100"),
    ],
)
def test_legs_as_people_write_them(text, words):
    """Signs or words, right before or after the strike."""
    assert " ".join(leg.words for leg in read_legs(text)) == words


@pytest.mark.parametrize(
    ("text", "structure", "why"),
    [
        ("550/560", None, "do not say what is sold"),
        ("550/560/570", "iron_condor", "do not make a iron condor"),
        ("soon", None, "cannot be read"),
        ("-P 560 and more", None, "cannot be read"),
        ("-P 0", None, "not above 0"),
        ("", None, "cannot be read"),
        ("100/105", "calendar_spread", "do not make a calendar spread"),
    ],
)
def test_legs_that_cannot_be_read_say_so(text, structure, why):
    """The sentence names the text."""
    with pytest.raises(InputError, match=why.replace("a iron", "an? iron")):
        read_legs(text, structure)


def test_structure_names():
    """By name or title, whatever the case; else a sentence with all of them."""
    assert structure_name(" Iron-Condor ") == "iron_condor"
    with pytest.raises(InputError, match="no structure 'butterfly'"):
        structure_name("butterfly")
    assert structure_of(read_legs("-P 560 +P 550 +P 540")) is None
    assert structure_of(read_legs("-P 560 +2x P 550")) is None


def test_losses_of_known_size():
    """Width 5 for 1.65; a ratio that is open; a wider side of a condor."""
    assert largest_loss(read_legs("-P 100 +P 95"), 1.65) == (335.0, "maximum")
    assert largest_loss(read_legs("95/100/105/115", "iron_condor"), 2.0) == (800.0, "maximum")
    ratio = read_legs("-2x P 100 +P 105")
    assert risk_of(ratio) == "undefined"
    assert largest_loss(ratio, 1, spot=100, move=10, stress_sd=2) == (1400.0, "stress")
    assert largest_loss(read_legs("-P 100 +P 95"), 9) == (0.0, "maximum")


def test_a_stress_stops_at_zero():
    """A price cannot fall below it."""
    assert largest_loss(read_legs("-P 90"), 0.5, spot=100, move=80).usd == pytest.approx(8950)


def test_losses_that_cannot_be_known():
    """No legs, an open side without spot, strikes that are none."""
    with pytest.raises(InputError, match="Without strikes"):
        largest_loss((), 1)
    with pytest.raises(NoNumberError, match="stress loss needs spot"):
        largest_loss(read_legs("-P 90"), 1, spot=100)
    with pytest.raises(InputError, match="above 0"):
        largest_loss([HeldLeg(-1, "put", -5)], 1)


@pytest.mark.parametrize(
    ("legs", "spot", "move", "side", "breached"),
    [
        ("-P 560 +P 550", 560, 10, "put", True),
        ("-P 560 +P 550", 562.4, 10, "put", False),
        ("-P 560 +P 550", 562.5, 10, "none", False),
        ("-P 560 +P 550", 562.4, None, "none", False),
        ("-P 90 -C 110", 109, 10, "call", False),
        ("-P 90 -C 110", 112, 10, "call", True),
        ("+P 80 -P 100 -C 100 +C 120", 100, 10, "none", False),
        ("+P 80 -P 100 -C 100 +C 120", 94.9, 10, "put", True),
        ("+P 80 -P 100 -C 100 +C 120", 103.5, 10, "call", False),
    ],
)
def test_the_tested_side(legs, spot, move, side, breached):
    """At the strike, near it in moves; a fly is tested at its break-even prices (credit 5)."""
    found = losses.tested_side(read_legs(legs), spot=spot, move=move, within=0.25, credit=5)
    assert (found.side, found.breached) == (side, breached)


def test_nothing_sold_is_not_tested():
    """None, not "not tested"."""
    assert losses.tested_side(read_legs("+P 560"), spot=500, move=5, within=0.25, credit=1) is None


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("-P 560", "undefined"),
        ("-P 560 +C 620", "undefined"),
        ("-C 620 +P 540", "undefined"),
        ("-P 560 -C 620", "undefined"),
        ("-P 560 -C 620 +C 630", "undefined on one side"),
        ("-P 560 +P 550", "defined"),
        ("+P 560", "defined"),
    ],
)
def test_what_is_bought_elsewhere_defines_no_risk(text, risk):
    """Only a bought leg of the same side covers; one on the other side is beside the point."""
    assert risk_of(read_legs(text)) == risk


def test_a_loss_below_a_dollar_is_one():
    """Strikes of pennies are strikes; none at all is refused with what to do."""
    found = largest_loss(read_legs("-P 0.75 +P 0.50"), 0.1)
    assert found.usd == pytest.approx(15)
    with pytest.raises(InputError, match="Give the strikes"):
        largest_loss((), 1.0)
