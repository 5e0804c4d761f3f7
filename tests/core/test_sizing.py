"""The multiplier, Kelly for credit spreads, whole contracts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.rules import PRESETS, STANDARD, preset
from vrp_xl.core.sizing import (
    CapUse,
    Size,
    Sized,
    break_even_probability,
    cap_problems,
    contracts,
    contracts_by_rules,
    kelly,
    kelly_stake,
    size_of,
    stake_by_rules,
)
from vrp_xl.errors import InputError

CELLS = st.sampled_from([None, *"ABCD"])
ZS = st.none() | st.floats(-10, 10)
SPREADS = st.none() | st.floats(-50, 50)
ZSCORE = preset("zscore")


@pytest.mark.parametrize(("cell", "size"), [("A", 1.75), ("B", 0.5), ("C", 0.5), ("D", 0.0)])
def test_cells_of_the_article(cell, size):
    """1.75, 0.50, 0.50 and nothing."""
    for name in ("standard", "article"):
        assert size_of(cell, preset(name), z=1.34).multiple == size


def test_no_cell_takes_its_own_rule():
    """Without a cell the size is 0, but for the ratio method, which needs none."""
    assert size_of(None, STANDARD).multiple == 0
    assert size_of(None, preset("ratio")).multiple == 0.5


@pytest.mark.parametrize(
    ("z", "size", "said"), [(3.0, 1.75, False), (2.9 + 0.1, 1.75, False), (3.01, 1.0, True)]
)
def test_extreme_z_caps_the_size(z, size, said):
    """Above 3 at most 1.0, with a reason; exactly 3 is not above."""
    got = size_of("A", STANDARD, z=z)
    assert (got.multiple, bool(got.reasons)) == (size, said)
    assert size_of("B", STANDARD, z=z).multiple == 0.5


@pytest.mark.parametrize(
    ("z", "spread", "size"),
    [(1.5, 2.5, 0.875), (1.5, 5.0, 1.75), (1.5, 9.0, 1.75), (1.51, 1.0, 1.75), (0.0, 2.5, 0.875),
     (-1.5, 2.5, 0.875), (1.0, -3.0, 0.0), (1.0, None, 0.0), (-1.51, 9.0, 0.0)],
)  # fmt: skip
def test_size_by_spread_between_the_bands(z, spread, size):
    """Between the bands the spread sizes; above it the cell; below it nothing is sold."""
    got = size_of("A", ZSCORE, z=z, spread=spread)
    assert got.multiple == pytest.approx(size)
    assert got.reasons or size == 1.75


def test_size_by_spread_says_what_it_did():
    """The share, the missing spread and the compressed band are all named."""
    words = [
        size_of("A", ZSCORE, z=z, spread=s).reasons[0]
        for z, s in ((1.0, 2.5), (1.0, None), (-2.0, 5.0))
    ]
    assert "50%" in words[0]
    assert "no spread" in words[1]
    assert "long volatility favoured" in words[2]


@given(CELLS, ZS, SPREADS, st.sampled_from(list(PRESETS)))
def test_a_stop_forbids_any_size(cell, z, spread, name):
    """Whatever else holds, a stop gives 0 and its reason."""
    got = size_of(cell, preset(name), z=z, spread=spread, stops=["earnings in 3 days"])
    assert got.multiple == 0
    assert "earnings in 3 days" in got.reasons


@given(CELLS, ZS, SPREADS, st.sampled_from(list(PRESETS)))
def test_size_never_exceeds_the_cell(cell, z, spread, name):
    """Reasons only ever reduce the cell's own size, and every reduction has one."""
    rules = preset(name)
    got, own = size_of(cell, rules, z=z, spread=spread), size_of(cell, rules).multiple
    assert 0 <= got.multiple <= own
    assert got.multiple == own or got.reasons


@given(st.sampled_from("ABC"), st.floats(-5, 3), st.floats(0, 5), SPREADS)
def test_more_z_never_shrinks_the_size_below_the_extreme(cell, z, more, spread):
    """Sizing by spread does not turn around as z rises to the extreme."""
    higher = min(z + more, 3.0)
    before = size_of(cell, ZSCORE, z=z, spread=spread).multiple
    assert size_of(cell, ZSCORE, z=higher, spread=spread).multiple >= before


def test_kelly_of_the_worked_spread():
    """Width 5, credit 1.65: p 0.72 stakes 0.15152, p 0.67 nothing; 0.67 is break-even."""
    assert kelly(1.65, 5, 0.72) == pytest.approx(0.15152, abs=5e-6)
    assert kelly(1.65, 5, 0.67) == 0
    assert break_even_probability(1.65, 5) == pytest.approx(0.67)
    assert break_even_probability(1.65, 5, close_at=0.5) > 0.8


@given(st.floats(0.05, 9.5), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_kelly_is_bounded_and_scales(credit, p_win, fraction, cap):
    """Never below 0, never above the cap, and a fraction of the whole."""
    whole = kelly(credit, 10, p_win)
    got = kelly(credit, 10, p_win, fraction=fraction, cap=cap)
    assert 0 <= whole <= 1
    assert got == pytest.approx(min(whole * fraction, cap))


@given(st.floats(0.05, 9.5), st.floats(0, 1), st.floats(0, 1))
def test_kelly_is_positive_above_break_even_only(credit, p_win, more):
    """It stakes nothing at or below the break-even probability, and more with a better chance."""
    edge = p_win - break_even_probability(credit, 10)
    if abs(edge) > 1e-6:
        assert (kelly(credit, 10, p_win) > 0) == (edge > 0)
    assert kelly(credit, 10, min(p_win + more, 1.0)) >= kelly(credit, 10, p_win)


@pytest.mark.parametrize(
    "arguments",
    [(0, 5, 0.7), (5, 5, 0.7), (6, 5, 0.7), (-1, 5, 0.7), (1, 5, 1.1), (1, 5, -0.1),
     (math.nan, 5, 0.5), (1, 5, math.nan)],
)  # fmt: skip
def test_kelly_refuses_nonsense(arguments):
    """Credit within the width, probability within 0 to 1."""
    with pytest.raises(InputError):
        kelly(*arguments)


def test_kelly_refuses_negative_parts():
    """Fraction and cap must not be negative, nor unknown."""
    for kw in ({"fraction": -1}, {"cap": -1}, {"fraction": math.nan}):
        with pytest.raises(InputError):
            kelly(1, 5, 0.9, **kw)


@pytest.mark.parametrize(
    ("credit", "width", "close_at"), [(5, 5, None), (0, 5, None), (1, 5, 0.0), (1, 5, -1.0)]
)
def test_break_even_refuses_nonsense(credit, width, close_at):
    """The same limits as Kelly's, and winners must earn something."""
    with pytest.raises(InputError):
        break_even_probability(credit, width, close_at=close_at)


def test_contracts_are_whole():
    """2 % of 100,000 at a loss of 335: 5, and 10 in cell A; binary noise loses none."""
    assert contracts(100_000, 335) == 5
    assert contracts(100_000, 335, multiple=1.75) == 10
    assert contracts(100_000, 200, risk_percent=0.6) == 3
    assert contracts(1000, 335) == 0
    assert contracts(100_000, 335, multiple=0) == 0


@given(st.floats(0, 1e8), st.floats(1, 1e5), st.floats(0, 10), st.floats(0, 5))
def test_contracts_never_risk_more(equity, max_loss, percent, multiple):
    """The whole loss stays within the budget, and one more contract would not."""
    got = contracts(equity, max_loss, risk_percent=percent, multiple=multiple)
    budget = equity * percent / 100 * multiple
    assert got * max_loss <= budget + 1e-6 * max_loss
    assert (got + 1) * max_loss > budget - 1e-6 * max_loss


@pytest.mark.parametrize(
    ("equity", "max_loss", "kw"),
    [(1e5, 0, {}), (1e5, -1, {}), (-1, 100, {}), (1e5, 100, {"multiple": -1}),
     (1e5, 100, {"risk_percent": -1}), (math.nan, 100, {}), (math.inf, 100, {}),
     (1e308, 1e-300, {})],
)  # fmt: skip
def test_contracts_refuse_nonsense(equity, max_loss, kw):
    """A loss above 0, nothing negative, nothing without end."""
    with pytest.raises(InputError):
        contracts(equity, max_loss, **kw)


@pytest.mark.parametrize(
    ("given", "count", "words"),
    [
        ({}, 10, "10 contracts, 3,350 USD at risk"),
        ({"multiple": 0.5}, 2, "2 contracts, 670 USD at risk"),
        ({"loss": 2000.0}, 1, "1 contract, 2,000 USD at risk"),
        ({"loss": 0.5, "multiple": 0.001}, 4, "4 contracts, 2 USD at risk"),
        ({"multiple": 0}, 0, "no size: the size is 0"),
        ({"equity": None}, 0, "no size: equity is not known (rule equity)"),
        ({"loss": None}, 0, "no size: the largest loss is not known"),
        ({"loss": 0.0}, 0, "no size: the largest loss is 0: check credit and strikes"),
        ({"loss": 4000.0}, 0, "no size: one contract risks 4,000 USD, more than 3,500"),
        ({"stake": 0.02}, 5, "5 contracts, 1,675 USD at risk (Kelly allows 2,000 USD)"),
        ({"stake": 0.0}, 0, "no size: Kelly gives no edge"),
        ({"stake": 0.9}, 10, "10 contracts, 3,350 USD at risk"),
        ({"at_risk": {"A": 19_000}}, 2,
         "2 contracts, 670 USD at risk (cap_a of 20 % of equity leaves 1,000 USD)"),
        ({"at_risk": {"B": 24_000}}, 2,
         "2 contracts, 670 USD at risk (cap_total of 25 % of equity leaves 1,000 USD)"),
        ({"at_risk": {"A": 21_000}}, 0, "no size: cap_a of 20 % of equity leaves 0 USD"),
        ({"cell": None, "at_risk": {"A": 21_000}}, 10, "10 contracts, 3,350 USD at risk"),
        ({"at_risk": {"?": 10_000, "B": 14_500}}, 1,
         "1 contract, 335 USD at risk (cap_total of 25 % of equity leaves 500 USD)"),
        ({"at_risk": {"A": 16_500}}, 10, "10 contracts, 3,350 USD at risk"),
    ],
)  # fmt: skip
def test_contracts_by_equity_kelly_and_caps(given, count, words):
    """100,000 USD at 2 % and 1.75 x is 3,500 USD; what makes it less is said in its order."""
    known = {"loss": 335.0, "multiple": 1.75, "cell": "A", "equity": 100_000.0}
    found = contracts_by_rules(STANDARD, **known | given)
    assert (found.contracts, found.words) == (count, words)
    assert found.risk_usd == count * (known | given)["loss"] if count else found.risk_usd == 0


def test_equity_of_the_rules_stands_in():
    """Where none is given."""
    rules = STANDARD.with_values({"equity": 50_000})
    assert contracts_by_rules(rules, loss=335, multiple=1.75, cell="A").contracts == 5
    assert contracts_by_rules(rules, loss=335, multiple=1.75, cell="A", equity=1e5).contracts == 10


def test_caps_that_are_exceeded():
    """Exactly at a cap is within it; without equity nothing can be exceeded."""
    at = {"A": 20_000.0, "B": 5_000.0}
    assert cap_problems(at, 100_000, STANDARD) == []
    assert cap_problems(at | {"?": 100.0}, 100_000, STANDARD) == [
        "all positions have 25.1 % of equity at risk, above cap_total of 25 %"
    ]
    assert cap_problems({"A": 20_100.0, "D": 1.0}, 100_000, STANDARD) == [
        "cell A has 20.1 % of equity at risk, above cap_a of 20 %",
        "cell D has 0.0 % of equity at risk, above cap_d of 0 %",
    ]
    assert cap_problems(at, 0, STANDARD) == []


@pytest.mark.parametrize(
    ("cell", "z", "spread", "stops", "size"),
    [
        (
            "A",
            1.0,
            2.5,
            [],
            Size(0.875, ("between the bands: 50% of the cell's size for the spread",)),
        ),
        (
            "A",
            1.0,
            0.5,
            [],
            Size(0.175, ("between the bands: 10% of the cell's size for the spread",)),
        ),
        (
            "A",
            1.5,
            7.5,
            [],
            Size(1.75, ("between the bands: 100% of the cell's size for the spread",)),
        ),
        ("A", 1.6, 2.5, [], Size(1.75)),
        ("A", None, 2.5, [], Size(1.75)),
        ("A", 1.0, None, [], Size(0.0, ("there is no spread to size by",))),
        (
            "A",
            -1.5,
            2.5,
            [],
            Size(0.875, ("between the bands: 50% of the cell's size for the spread",)),
        ),
        (
            "A",
            -1.6,
            9.0,
            ["earnings"],
            Size(0.0, ("z below -1.5: long volatility favoured", "earnings")),
        ),
        ("A", 3.1, 2.5, [], Size(1.0, ("z above 3: size at most 1",))),
        ("A", 3.1, 2.5, ["x", "y"], Size(0.0, ("z above 3: size at most 1", "x", "y"))),
        ("B", 3.1, 2.5, [], Size(0.5)),
    ],
)
def test_a_size_with_all_its_reasons(cell, z, spread, stops, size):
    """The preset that sizes by the spread: 5 points earn the whole cell, the stops come last."""
    found = size_of(cell, ZSCORE, z=z, spread=spread, stops=stops)
    assert (found.multiple, found.reasons) == (pytest.approx(size.multiple), size.reasons)
    plain = size_of(cell, STANDARD, z=z, spread=spread)
    assert plain.multiple == (1.0 if cell == "A" and z == 3.1 else {"A": 1.75, "B": 0.5}[cell])


def test_kelly_by_hand():
    """Odds of 1 to 1: p less q, so much of it, at most the cap; the rules give both."""
    assert kelly(2.5, 5, 0.6) == pytest.approx(0.2)
    assert kelly(2.5, 5, 0.6, fraction=0.25) == pytest.approx(0.05)
    assert kelly(2.5, 5, 0.6, cap=0.15) == 0.15
    assert kelly(2.5, 5, 0.6, fraction=0.5, cap=0.15) == pytest.approx(0.1)
    assert (kelly(2.5, 5, 1.0), kelly(2.5, 5, 0.0), kelly(2.5, 5, 0.5)) == (1.0, 0.0, 0.0)
    assert (kelly(2.5, 5, 0.6, fraction=0), kelly(2.5, 5, 0.6, cap=0)) == (0.0, 0.0)
    assert kelly(2.5, 5, 0.5 + 1e-11) > 0
    assert kelly_stake(2.5, 5, 0.6, STANDARD) == pytest.approx(0.1)
    assert kelly_stake(2.5, 5, 0.99, STANDARD) == 0.25
    full = STANDARD.with_values({"kelly_fraction": 1, "kelly_cap": 40})
    assert [kelly_stake(2.5, 5, p, full) for p in (0.6, 0.8)] == pytest.approx([0.2, 0.4])


def test_break_even_by_hand():
    """2 of 5: 3 are lost, 2 are earned, or the half of them."""
    assert break_even_probability(2, 5) == 0.6
    assert break_even_probability(2, 5, close_at=0.5) == 0.75
    assert break_even_probability(2, 5, close_at=1.0) == 0.6


def test_caps_that_are_blank_hold_nothing():
    """Without a cap of the cell that of all positions holds, and without both none."""
    at = {"A": 24_000.0}
    known = {"loss": 335.0, "multiple": 1.75, "cell": "A", "equity": 100_000.0, "at_risk": at}
    free = STANDARD.with_values({"cap_a": None})
    assert contracts_by_rules(free, **known).words == (
        "2 contracts, 670 USD at risk (cap_total of 25 % of equity leaves 1,000 USD)"
    )
    none = free.with_values({"cap_total": None})
    assert contracts_by_rules(none, **known) == Sized(10, 3350.0)
    assert cap_problems({"A": 90_000.0}, 100_000, none) == []
    assert cap_problems({"A": 90_000.0}, 100_000, free) == [
        "all positions have 90.0 % of equity at risk, above cap_total of 25 %"
    ]
    each = {"A": 20_001.0, "B": 5_001.0, "C": 5_001.0, "D": 1.0}
    assert [told[:6] for told in cap_problems(each, 100_000, STANDARD)] == [
        "cell A", "cell B", "cell C", "cell D", "all po",
    ]  # fmt: skip
    assert cap_problems({"B": 0.06}, 1, STANDARD) == [
        "cell B has 6.0 % of equity at risk, above cap_b of 5 %"
    ]


def test_what_makes_the_number_smaller_is_told_in_order():
    """Kelly, the cell, all positions: each that lowers it; what is equal lowers nothing."""
    known = {"loss": 335.0, "multiple": 1.75, "cell": "B", "equity": 100_000.0}
    found = contracts_by_rules(STANDARD, **known, stake=0.03, at_risk={"B": 2_500.0, "A": 21_000.0})
    assert found[:3] == (4, 1340.0, (
        "Kelly allows 3,000 USD",
        "cap_b of 5 % of equity leaves 2,500 USD",
        "cap_total of 25 % of equity leaves 1,500 USD",
    ))  # fmt: skip
    assert found.caps == (
        CapUse("cap_b", 5_000.0, 0.0, 2_500.0), CapUse("cap_total", 25_000.0, 0.0, 23_500.0),
    )  # fmt: skip
    assert contracts_by_rules(STANDARD, **known, stake=0.035)[:3] == (10, 3350.0, ())
    assert contracts_by_rules(STANDARD, **known, at_risk={"B": 1_500.0})[:3] == (10, 3350.0, ())
    assert contracts_by_rules(STANDARD, **known | {"multiple": 1e-9}).words == (
        "no size: one contract risks 335 USD, more than 0"
    )
    lean = contracts_by_rules(STANDARD, **known, stake=0.003)
    assert lean[:3] == (0, 0.0, ("Kelly allows 300 USD",))
    assert Sized(0, 0.0).words == "no size: the size is 0"
    nothing = contracts_by_rules(STANDARD, **known | {"multiple": 0})
    assert nothing[:3] == (0, 0.0, ("the size is 0",))
    assert contracts_by_rules(STANDARD, **known | {"multiple": 3}).reasons == (
        "cap_b of 5 % of equity leaves 5,000 USD",
    )
    assert contracts_by_rules(STANDARD, **known, stake=5e-6).reasons == ("Kelly allows 0 USD",)
    assert contracts_by_rules(STANDARD, **known | {"loss": 1e-3, "multiple": 1e-6}).contracts == 2
    with pytest.raises(InputError, match="Equity, risk and multiplier must not be negative"):
        contracts_by_rules(STANDARD, **known | {"equity": -1.0})


@pytest.mark.parametrize(
    ("credit", "width", "close_at"), [(0, 5, 1.0), (-1, 5, 0.5), (5, 5, 0.5), (6, 5, 0.5)]
)
def test_a_stake_by_the_rules_refuses_what_was_given(credit, width, close_at):
    """In the credit and the width that were given, not in those of a close before expiry."""
    with pytest.raises(InputError) as error:
        kelly_stake(credit, width, 0.9, STANDARD, close_at=close_at)
    assert error.value.why == f"The credit {credit} must be above 0 and below the width {width}."


def test_a_stake_of_a_spread_of_cents_by_hand():
    """0.80 of 2.00 has odds of 2 to 3: 0.7 less 0.3 x 1.5 is a quarter, and half of that."""
    assert kelly_stake(0.8, 2.0, 0.7, STANDARD) == pytest.approx(0.125)


@pytest.mark.parametrize(
    ("credit", "loss", "stake"),
    [
        # 85 % at half the credit: odds of 82.5 to 335, of 0.25 to 1
        (165.0, 335.0, 0.5 * (0.85 - 0.15 * 335 / 82.5)),
        (0.5, 1.0, 0.125),
        (0.0, 335.0, 0.0), (-5.0, 335.0, 0.0), (0.0, 0.5, 0.0), (-5.0, 1.0, 0.0),
        (10.0, 0.0, None), (10.0, -3.0, None), (0.0, 0.0, None), (-5.0, 0.0, None),
        (None, 335.0, None), (165.0, None, None), (None, None, None),
    ],
)  # fmt: skip
def test_the_stake_of_a_trade_by_the_rules(credit, loss, stake):
    """Nothing is staked on no credit; without a loss, or without a figure, there is no stake."""
    rules = STANDARD.with_values({"kelly_p_win": 85, "kelly_fraction": 0.5, "profit_target": 50})
    known = {"credit": credit, "loss": loss}
    assert stake_by_rules(rules, **known, defined=True) == (
        None if stake is None else pytest.approx(stake)
    )
    assert stake_by_rules(rules, **known, defined=False) is None
    assert stake_by_rules(STANDARD, **known, defined=True) is None


def test_what_is_on_counts_beside_candidates_and_is_told():
    """Open positions of the cell and of all; a Kelly stake of just the standard lowers nothing."""
    known = {"loss": 335.0, "multiple": 1.75, "cell": "A", "equity": 100_000.0}
    beside = contracts_by_rules(STANDARD, **known, held={"A": 18_500.0}, at_risk={"A": 500.0})
    assert beside == Sized(
        2, 670.0,
        ("cap_a of 20 % of equity leaves 1,000 USD beside 18,500 in open positions",),
        (CapUse("cap_a", 20_000.0, 18_500.0, 500.0),
         CapUse("cap_total", 25_000.0, 18_500.0, 500.0)),
    )  # fmt: skip
    others = contracts_by_rules(STANDARD, **known, held={"B": 23_000.0, "?": 1_000.0})
    assert others.reasons == (
        "cap_total of 25 % of equity leaves 1,000 USD beside 24,000 in open positions",
    )
    assert others.caps[0] == CapUse("cap_a", 20_000.0, 0.0, 0.0)
    equal = contracts_by_rules(STANDARD, **known | {"multiple": 1.5625}, stake=0.03125)
    assert equal[:3] == (9, 3015.0, ())


def test_dollars_are_dollars_where_nothing_is_on():
    """0.0 of each cap is used, as every other sum is written."""
    found = contracts_by_rules(STANDARD, loss=335.0, multiple=1.0, cell="A", equity=100_000.0)
    assert [repr(tuple(cap)) for cap in found.caps] == [
        "('cap_a', 20000.0, 0.0, 0.0)", "('cap_total', 25000.0, 0.0, 0.0)",
    ]  # fmt: skip
