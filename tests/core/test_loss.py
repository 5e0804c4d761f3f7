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
        ("550/560/570", "iron_condor", "do not make an iron condor"),
        ("soon", None, "cannot be read"),
        ("-P 560 and more", None, "cannot be read"),
        ("-P 0", None, "not above 0"),
        ("", None, "cannot be read"),
        ("100/105", "calendar_spread", "do not make a calendar spread"),
    ],
)
def test_legs_that_cannot_be_read_say_so(text, structure, why):
    """The sentence names the text."""
    with pytest.raises(InputError, match=why):
        read_legs(text, structure)


@pytest.mark.parametrize(
    ("text", "structure", "words"),
    [
        ("550/560", "short_put_spread", "+P 550 -P 560"),
        ("560 P, 550 p", "short_put_spread", "+P 550 -P 560"),
        ("620/630 Calls", "short_call_spread", "-C 620 +C 630"),
        (
            "350\N{EN DASH}370\N{EN DASH}460\N{EN DASH}480",
            "iron_condor",
            "+P 350 -P 370 -C 460 +C 480",
        ),
        ("365;380;395", "iron_fly", "+P 365 -P 380 -C 380 +C 395"),
        ("365/380/380/395", "iron_fly", "+P 365 -P 380 -C 380 +C 395"),
        ("365/380/385/395", "iron_fly", "+P 365 -P 380 -C 385 +C 395"),
        ("100", "short_straddle", "-P 100 -C 100"),
        ("100-100.0", "short_straddle", "-P 100 -C 100"),
        ("90.5/110", "short_strangle", "-P 90.5 -C 110"),
        ("95/105/110", "jade_lizard", "-P 95 -C 105 +C 110"),
        ("100/100", "short_put_spread", "+P 100 -P 100"),
        ("-P 95 -C 105", "iron_condor", "-P 95 -C 105"),
        ("bought 3x calls @ 105", None, "+3xC 105"),
    ],
)
def test_strikes_alone_take_their_structure(text, structure, words):
    """From the lowest up, whatever stands between them; signs go before the structure."""
    assert " ".join(leg.words for leg in read_legs(text, structure)) == words


@pytest.mark.parametrize(
    ("text", "structure", "told"),
    [
        ("soon", None, "'soon' cannot be read. Write them as -P 560 +P 550."),
        ("x-P 560", None, "'x-P 560' cannot be read. Write"),
        ("-P 560 x", None, "'-P 560 x' cannot be read. Write"),
        ("-P 560 x +P 550", None, "cannot be read. Write"),
        ("9" * 61, None, (f"The strikes '{'9' * 60}' do not say what is sold. "
         "Write them as -P 560 +P 550. Or name the structure.")),
        ("x" * 61, None, f"The strikes '{'x' * 60}' cannot be read."),
        ("95/105", "short_straddle", "do not make a short straddle. Write them as -P 560 +P 550."),
        ("1/2/3", "iron_condor", ("do not make an iron condor. Write them as -P 560 +P 550. "
         "Or give its 4 strikes, the lowest first.")),
        ("1/2", "iron_fly", "do not make an iron fly. Write them as -P 560 +P 550."),
        ("9/" * 31, "iron_condor", f"The strikes {'9/' * 30!r} do not make an iron condor."),
        ("-P 0 " + "+P 550 " * 9, None, f"{('-P 0 ' + '+P 550 ' * 9)[:60]!r} are not above 0."),
        ("0/5", "short_put_spread", "The strikes '0/5' are not above 0."),
    ],
)  # fmt: skip
def test_a_refusal_of_legs_says_how_to_write_them(text, structure, told):
    """What was written, at most 60 characters of it, and what would do."""
    with pytest.raises(InputError) as caught:
        read_legs(text, structure)
    assert told in str(caught.value)
    assert ("Or give its" in str(caught.value)) is ("condor" in (structure or ""))


def test_structure_names():
    """By name or title, whatever the case; else a sentence with all of them."""
    assert structure_name(" Iron-Condor ") == "iron_condor"
    with pytest.raises(
        InputError,
        match=r"no structure 'butterfly'\. Structures: \w+, .*, short_put, short_call\.$",
    ):
        structure_name("butterfly")
    with pytest.raises(InputError, match=f"no structure '{'x' * 40}'"):
        structure_name("x" * 41)
    assert [structure_name(t) for t in ("SHORT  put--spread", "jade_lizard")] == [
        "short_put_spread", "jade_lizard",
    ]  # fmt: skip
    assert structure_of(read_legs("-P 560 +P 550 +P 540")) is None
    assert structure_of(read_legs("-P 560 +2x P 550")) is None
    assert structure_of(read_legs("-P 560")) == "short_put"
    assert structure_of(read_legs("-P 105 -C 95")) == "short_strangle"
    assert structure_of(read_legs("-2x C 95 -2x P 105")) == "short_strangle"


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


TESTED = [
    # legs, spot, move, credit -> side, breached, words
    ("-P 560 +P 550", 560.0, 10, None, "put", True, "put 560 is breached: spot 560"),
    ("-P 560 +P 550", 560.01, None, None, "none", False, "not tested"),
    ("-P 560 +P 550", 560.01, 0.0, None, "none", False, "not tested"),
    ("-P 560 +P 550", 562.49, 10, None, "put", False, "put 560 is 0.25 moves away"),
    ("-P 560 +P 550", 562.5, 10, None, "none", False, "not tested"),
    ("-C 620.5 +C 630", 620.5, None, None, "call", True, "call 620.5 is breached: spot 620.5"),
    ("-C 620 +C 630", 618, 10, None, "call", False, "call 620 is 0.20 moves away"),
    ("-C 620 +C 630", 617.5, 10, None, "none", False, "not tested"),
    ("-P 540 -P 550 -C 560 -C 570", 551, 10, None, "put", False, "put 550 is 0.10 moves away"),
    ("-P 540 -P 550 -C 560 -C 570", 560, 10, None, "call", True, "call 560 is breached: spot 560"),
    ("-P 99 -C 101", 100.4, 4, None, "call", False, "call 101 is 0.15 moves away"),
    ("-P 99 -C 101", 100.4, 8, None, "call", False, "call 101 is 0.07 moves away"),
    ("-P 99 -C 101", 99.6, 8, None, "put", False, "put 99 is 0.07 moves away"),
    ("-P 99 -C 101", 100, 8, None, "put", False, "put 99 is 0.12 moves away"),
    ("-P 99 -C 101", 99.6, 4, None, "put", False, "put 99 is 0.15 moves away"),
    ("-P 100 -C 100", 100, 9, None, "put", True, "put break-even 100 is breached: spot 100"),
    ("-P 100 -C 100", 100.5, 9, None, "call", True, "call break-even 100 is breached: spot 100.5"),
    ("-P 100 -C 100", 95, 10, 5, "put", True, "put break-even 95 is breached: spot 95"),
    ("-P 100 -C 100", 105, 10, 5, "call", True, "call break-even 105 is breached: spot 105"),
    ("-P 100 -C 100", 103, 10, 5, "call", False, "call break-even 105 is 0.20 moves away"),
    ("-P 100 -C 100", 97, 10, 5, "put", False, "put break-even 95 is 0.20 moves away"),
    ("-P 100 -C 100", 100, 10, 5, "none", False, "not tested"),
    ("-P 105 -C 95", 99, 10, 12, "none", False, "not tested"),
    ("-P 105 -C 95", 94, 10, 12, "put", False, "put break-even 93 is 0.10 moves away"),
]


@pytest.mark.parametrize(("text", "spot", "move", "credit", "side", "breached", "words"), TESTED)
def test_the_tested_side_by_hand(text, spot, move, credit, side, breached, words):
    """The nearer short strike, or break-even where both sides are sold at or beyond each other."""
    found = losses.tested_side(read_legs(text), spot=spot, move=move, within=0.25, credit=credit)
    assert found == (side, breached, words)


def test_a_stress_by_hand():
    """2.5 deviations by default, down or up; the covered side counts whole, ratios as they are."""
    naked = read_legs("-P 95 -C 105")
    assert largest_loss(naked, 2, spot=100, move=10) == (1800.0, "stress")
    assert largest_loss(naked, 2, spot=100, move=10, stress_sd=1) == (300.0, "stress")
    straddle = read_legs("-P 100 -C 100")
    assert largest_loss(straddle, 1, spot=100, move=0) == (0.0, "stress")
    assert largest_loss(straddle, 1, spot=0.5, move=0) == (9850.0, "stress")
    jade = read_legs("-P 95 -C 105 +C 110")
    assert largest_loss(jade, 1, spot=100, move=1) == (400.0, "stress")
    assert largest_loss(jade, 1, spot=100, move=10) == (1900.0, "stress")
    turned = read_legs("-C 105 -P 95 +P 90")
    assert largest_loss(turned, 1, spot=100, move=10) == (1900.0, "stress")
    assert largest_loss(turned, 1, spot=100, move=1) == (400.0, "stress")
    assert largest_loss(read_legs("-C 100 +C 130"), 1) == (2900.0, "maximum")
    assert largest_loss(read_legs("-C 1 +C 3"), 0.5) == (150.0, "maximum")
    back = read_legs("+P 100 -2x P 90")
    assert payoff(back, 80) == pytest.approx(0)
    assert largest_loss(back, 1, spot=100, move=12) == (900.0, "stress")
    assert payoff(read_legs("-C 100 +2x C 110"), 125) == pytest.approx(5)
    assert largest_loss(read_legs("-C 100 +2x C 110"), 1) == (900.0, "maximum")


@pytest.mark.parametrize(
    ("legs", "given_", "kind", "words"),
    [
        ([HeldLeg(-1, "put", 90)], {"move": 5}, NoNumberError, "needs spot, an implied volatility"),
        ([HeldLeg(-1, "put", 90)], {"spot": 95}, NoNumberError, "or buy the wing that is missing"),
        ([HeldLeg(-1, "put", 0)], {"spot": 95, "move": 5}, InputError, "must be above 0"),
        ([HeldLeg(1, "put", 9, 0)], {}, InputError, "Strikes and numbers of options must be above"),
        ([HeldLeg(1, "put", 9), HeldLeg(1, "put", 9, -1)], {}, InputError, "must be above 0"),
        ([], {}, InputError, r"Without strikes there is no loss to compute\. Give the strikes"),
    ],
)
def test_what_a_loss_cannot_be_made_of(legs, given_, kind, words):
    """Each says what it is about."""
    with pytest.raises(kind, match=words):
        largest_loss(legs, 1, **given_)


def test_a_leg_in_words_and_the_sides_that_are_open():
    """Sign, number where it is not 1, side, strike; more sold than bought is open."""
    legs = [HeldLeg(-1, "put", 560), HeldLeg(1, "call", 90.5, 2), HeldLeg(-1, "call", 100, 1.5)]
    assert [leg.words for leg in legs] == ["-P 560", "+2xC 90.5", "-1.5xC 100"]
    assert losses.uncovered(legs) == ("put",)
    assert losses.uncovered([*legs, HeldLeg(-1, "call", 110)]) == ("put", "call")
    assert (
        losses.uncovered([HeldLeg(-1, "call", 100, 0.3), *[HeldLeg(1, "call", 110, 0.1)] * 3]) == ()
    )
    assert losses.uncovered([]) == ()


def test_the_furthest_breach_is_told_first():
    """Break-evens of 668 and 652 around 661: the call is passed by 9, the put by 7."""
    legs = read_legs("-P 670 +P 600 -C 650 +C 700")
    call = losses.Breach("call", "call break-even", 652.0, 9.0, covered=True)
    put = losses.Breach("put", "put break-even", 668.0, 7.0, covered=True)
    assert losses.breaches(legs, spot=661.0, credit=2.0) == (call, put)
    assert losses.breaches(legs, spot=659.0, credit=2.0) == (
        put._replace(by=9.0), call._replace(by=7.0),
    )  # fmt: skip
    naked = read_legs("-P 670 -C 650 +C 700")
    assert [b.covered for b in losses.breaches(naked, spot=661.0, credit=2.0)] == [True, False]


def test_a_ratio_is_no_deeper_in_the_money():
    """Two calls at 650 are 10 in the money each, and so is the strike."""
    legs = read_legs("-2x C 650 +C 600")
    assert losses.in_the_money(legs, spot=660.0) == (
        losses.Breach("call", "call", 650.0, 10.0, covered=False),
    )


@given(structures())
def test_what_legs_cost_at_most_is_the_worst_of_the_payoff(structure):
    """Over every whole dollar from 0 to far beyond; without an end where a side is open."""
    name, legs, _ = structure
    if STRUCTURES[name].risk != "defined":
        assert losses.most_to_pay(legs) is None
    else:
        assert losses.most_to_pay(legs) == max(-min(payoff(legs, at) for at in range(1000)), 0.0)


PER_CONTRACT = "is it per contract (100 shares)? write"


@pytest.mark.parametrize(
    ("credit", "told"),
    [
        (0.49, ""),
        (0.5, f"credit 0.5 is not below the width 0.5: {PER_CONTRACT} 0.005"),
        (49.0, f"credit 49 is not below the width 0.5: {PER_CONTRACT} 0.49"),
        (50.0, "credit 50 is not below the width 0.5"),
    ],
)
def test_a_width_below_a_dollar_is_one(credit, told):
    """Half-dollar strikes can lose half a dollar; nothing is added where it explains nothing."""
    assert losses.credit_problem(read_legs("-P 5 +P 4.5"), credit) == told


@pytest.mark.parametrize(
    ("price", "slack", "told"),
    [
        (10.0, {}, ""),
        (10.01, {}, f"mark 10.01 is above the width 10: {PER_CONTRACT} 0.1001"),
        (20.0, {"slack": 2.0}, ""),
        (20.01, {"slack": 2.0}, f"mark 20.01 is above the width 10: {PER_CONTRACT} 0.2001"),
        (1000.0, {"name": "debit"}, "debit 1000 is above the width 10"),
    ],
)
def test_a_price_above_the_width_is_none(price, slack, told):
    """Up to one width unless more is allowed; nothing is added where it explains nothing."""
    assert losses.price_problem(read_legs("-P 560 +P 550"), price, **slack) == told
