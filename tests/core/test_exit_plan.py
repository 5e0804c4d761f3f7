"""The exits said beforehand: each rule its line, in the rules' own numbers."""

from __future__ import annotations

import dataclasses

import pytest

from tests.core.test_decide import TODAY, go
from vrp_xl.core import calendar
from vrp_xl.core.exit_plan import exit_plan
from vrp_xl.core.rules import STANDARD

RULES = STANDARD.with_values({"loss_stop": 2.0, "inversion_exit": "both", "tactical_defense": 1.05})


def test_every_rule_has_its_line(snap):
    """A spread of defined risk in cell A, with all exits in force."""
    d = go(snap, RULES)
    assert (d.cell, d.structure.risk) == ("A", "defined")
    stop = calendar.time_stop(d.strikes.expiry, RULES.time_stop_dte)
    assert TODAY < stop < d.strikes.expiry
    assert exit_plan(d, RULES, flip=1572.5) == (
        "profit: buy back at 50 % of the credit",
        "loss: close at a loss of 2 credits",
        f"time: close by {stop} (21 days to expiry)",
        "gamma flip: cut half when spot below 1,572.50",
        "inversion: close when z below -0.5 or spread below 0 or IV/HV30 below 1",
        "defense: IV/HV30 below 1.05",
    )


@pytest.mark.parametrize(
    ("rules", "gone"),
    [
        ({"loss_stop": None}, "loss"),
        ({"tactical_defense": None}, "defense"),
    ],
)
def test_a_rule_that_is_off_has_no_line(snap, rules, gone):
    """The others stay."""
    off = RULES.with_values(rules)
    before, after = (exit_plan(go(snap, r), r, flip=572.5) for r in (RULES, off))
    assert [line for line in before if line not in after] == [
        line for line in before if line.startswith(gone)
    ]


@pytest.mark.parametrize(
    ("way", "words"),
    [("article", "z below -0.5"), ("inverted", "spread below 0 or IV/HV30 below 1")],
)
def test_an_inversion_by_either_rule(snap, way, words):
    """One condition alone, without the other."""
    rules = RULES.with_values({"inversion_exit": way})
    assert f"inversion: close when {words}" in exit_plan(go(snap, rules), rules, flip=572.5)


def test_the_flip_by_risk_cell_and_knowledge(snap):
    """Without a level the sign is waited for; undefined risk is closed; cell B has no such exit."""
    assert "gamma flip: cut half when dealer gamma turns negative" in exit_plan(
        go(snap), RULES, flip=None
    )
    naked = go(snap, scores={"short_strangle": 90})
    assert "gamma flip: close when spot below 572.50" in exit_plan(naked, RULES, flip=572.5)
    for changes, told in (({"z_score": 0.5}, True), ({"gamma": "negative"}, False)):
        plan = exit_plan(go(snap, **changes), RULES, flip=572.5)
        assert any(line.startswith("gamma flip") for line in plan) == told


def test_no_time_stop_inside_its_own_days(snap):
    """A trade that begins within the time stop, or has no strikes, has none; no trade, no plan."""
    d = go(snap)
    at_stop = dataclasses.replace(
        d, strikes=dataclasses.replace(d.strikes, days=RULES.time_stop_dte)
    )
    for one in (at_stop, dataclasses.replace(d, strikes=None)):
        assert not any(line.startswith("time") for line in exit_plan(one, RULES, flip=None))
    assert exit_plan(dataclasses.replace(d, structure=None), RULES, flip=None) == ()
