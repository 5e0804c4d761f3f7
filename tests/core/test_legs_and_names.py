"""Legs and names as traders and brokers write them."""

from __future__ import annotations

from datetime import date

import pytest

from vrp_xl.core.legs import (
    a_title,
    contracts_in,
    listed_in,
    read_legs,
    risk_by_name,
    signed_legs,
    structure_name,
    structure_of,
)
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.errors import InputError


@pytest.mark.parametrize(
    "text",
    [
        "-P 640 +P 630", "-1 P 640 +1 P 630", "-640P +630P", "-P640/+P630",
        "sell put 640 buy put 630",
        "-1x P 640, +1x P 630", "-640 put; +630 put", "-1 640P +1 630P",
        "-SPY270115P00640000 +SPY270115P00630000", "-SPY   270115P00640000 +SPY   270115P00630000",
        "sell 1 SPY270115P00640000, buy 1 SPY270115P00630000", "\N{MINUS SIGN}P 640 +P 630",
    ],
)  # fmt: skip
def test_each_way_to_write_a_spread(text):
    """All of them are one short put spread."""
    assert [leg.words for leg in read_legs(text)] == ["-P 640", "+P 630"]
    assert structure_of(read_legs(text)) == "short_put_spread"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-2x P 640 +P 630", ["-2xP 640", "+P 630"]),
        ("-2 P 640 +1 P 630", ["-2xP 640", "+P 630"]),
        ("-2x P 640", ["-2xP 640"]),
        ("-C 662.5", ["-C 662.5"]),
        ("-SPY270115C00662500", ["-C 662.5"]),
    ],
)
def test_numbers_of_a_leg(text, words):
    """A ratio stays; half strikes stay."""
    assert [leg.words for leg in read_legs(text)] == words


@pytest.mark.parametrize(
    ("text", "why", "fix"),
    [
        ("-5 P 640 +5 P 630", "hold the number of contracts", "Write -P 640 +P 630, and 5 as"),
        ("short 2 put 640", "hold the number of contracts", "Write -P 640, and 2 as contracts"),
        ("-4 P 640 +2 P 630", "hold the number of contracts", "Write -2xP 640 +P 630, and 2 as"),
        ("-640P 630", "do not say what is sold", ""),
        ("-640 P 630", "do not say what is sold", ""),
        ("SPY270115P00640000", "do not say what is sold", "Put a - before what is sold"),
        ("640p", "do not say what is sold", "name the structure"),
        ("-P 0", "are not above 0", ""),
        ("-P soon", "cannot be read", ""),
        ("", "cannot be read", ""),
    ],
)
def test_what_is_not_clear_is_refused(text, why, fix):
    """Contracts told as legs would count twice; two numbers around a right are two strikes."""
    with pytest.raises(InputError) as error:
        read_legs(text)
    assert why in error.value.why
    assert fix in error.value.fix


def test_the_root_and_day_of_listed_symbols():
    """So that they can be held against the symbol and the expiry beside them."""
    text = "-SPXW270115P06400000 +SPXW270115P06300000"
    assert listed_in(text) == {("SPXW", date(2027, 1, 15))}
    assert listed_in("-P 640 +P 630") == set()
    assert listed_in("550/560") == set()
    with pytest.raises(InputError, match="is no date"):
        listed_in("-SPY271315P00640000")
    assert signed_legs("630/640") is None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("put credit spread", "short_put_spread"), ("Bull Put Spread", "short_put_spread"),
        ("short put", "short_put"), ("csp", "short_put"), ("Cash-Secured Put", "short_put"),
        ("call credit spread", "short_call_spread"), ("bear call", "short_call_spread"),
        ("strangle", "short_strangle"), ("Straddle", "short_straddle"),
        ("Iron Butterfly", "iron_fly"), ("IC", "iron_condor"), ("covered call", "short_call"),
        ("short_put_spread", "short_put_spread"), ("diagonal", "calendar_spread"),
    ],
)  # fmt: skip
def test_usual_names(said, name):
    """Whatever their case and what stands between the words."""
    assert structure_name(said) == name


def test_a_naked_option_is_a_structure_of_its_own():
    """With undefined risk, but none that is picked to be sold."""
    assert "short_put" not in STRUCTURES
    assert (risk_by_name("short_put"), risk_by_name("iron_condor")) == ("undefined", "defined")
    assert [leg.words for leg in read_legs("640", "short_put")] == ["-P 640"]
    assert [leg.words for leg in read_legs("700c", "short_call")] == ["-C 700"]
    assert structure_of(read_legs("-P 640")) == "short_put"
    assert structure_of(read_legs("-C 700")) == "short_call"
    assert structure_of(read_legs("+P 640")) is None
    with pytest.raises(InputError, match="do not make a short put"):
        read_legs("630/640", "short_put")
    with pytest.raises(InputError) as error:
        structure_name("butter")
    assert "short_put_spread" in error.value.fix
    assert "short_call" in error.value.fix


def test_contracts_that_the_legs_hold():
    """They count once: where the number is given as well it must be the same."""
    assert contracts_in("-4 P 640 +2 P 630") == 2
    assert contracts_in("-1 P 640 +P 630") == 1
    assert [leg.words for leg in signed_legs("-5 P 640 +5 P 630", 5)] == ["-P 640", "+P 630"]
    with pytest.raises(InputError, match="hold the number of contracts"):
        signed_legs("-5 P 640 +5 P 630", 3)
    assert (a_title("iron_fly"), a_title("short_put")) == ("an iron fly", "a short put")


def test_a_number_on_some_of_the_legs_is_a_ratio():
    """Only where every leg has one can they hold the contracts; where there are none they are 1."""
    assert [leg.words for leg in read_legs("-2 P 640 +P 630")] == ["-2xP 640", "+P 630"]
    assert [leg.words for leg in read_legs("+P 630 -2 P 640")] == ["+P 630", "-2xP 640"]
    assert [contracts_in(t) for t in ("-2 P 640 +P 630", "630/640", "", "-P 640")] == [1] * 4


@pytest.mark.parametrize(
    "text", ["-0 P 640", "-0x P 640", "-P 640 +0x P 630", "-0 P 640 +5 P 630", "-0 P 640 +0 P 630"]
)
def test_none_of_a_leg_is_no_leg(text):
    """A number of 0 is refused; it was never one."""
    for contracts in (None, 5):
        with pytest.raises(InputError) as error:
            signed_legs(text, contracts)
        assert error.value.why == f"A number of options in {text!r} is not above 0."
        assert error.value.fix == "Write them as -P 560 +P 550."


def test_at_most_sixty_characters_are_told():
    """Of legs with contracts, and of symbols without a sign."""
    many, listed = "-5 P 640 " * 8, "SPY270115P00640000 " * 4
    with pytest.raises(InputError) as error:
        signed_legs(many)
    assert error.value.why == f"The legs {many[:60]!r} hold the number of contracts."
    with pytest.raises(InputError) as error:
        read_legs(listed)
    assert error.value.why == f"The legs {listed[:60]!r} do not say what is sold."
    none = "-0x P 640 " * 8
    with pytest.raises(InputError) as error:
        read_legs(none)
    assert error.value.why == f"A number of options in {none[:60]!r} is not above 0."
