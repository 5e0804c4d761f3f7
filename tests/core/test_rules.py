"""Rules: presets, what is allowed, what is refused and how."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.rules import (
    ALIASES,
    PRESET_DOC,
    PRESETS,
    SPECS,
    STANDARD,
    Rules,
    find,
    preset,
)
from vrp_xl.errors import RulesError

NAMES = list(SPECS)
PRESET = pytest.mark.parametrize("name", list(PRESETS))


@PRESET
def test_presets_are_valid(name):
    """Every value of every preset is one that its rule allows."""
    rules = preset(name)
    for rule, value in rules.to_dict().items():
        assert SPECS[rule].parse(value) == value
    assert PRESET_DOC[name]


@PRESET
def test_round_trip(name):
    """A full set and the changed values alone both rebuild the preset."""
    rules = preset(name)
    assert Rules(**rules.to_dict()) == rules
    assert STANDARD.with_values(rules.changed()) == rules
    texts = {k: "" if v is None else str(v) for k, v in rules.to_dict().items()}
    assert STANDARD.with_values(texts) == rules


def test_presets_of_the_design():
    """The thresholds that the design names for each preset."""
    assert Rules() == STANDARD
    assert STANDARD.changed() == {}
    assert (STANDARD.z_min, STANDARD.spread_min, STANDARD.z_exit) == (1.0, 2.0, -0.5)
    assert (STANDARD.structural_min, STANDARD.tactical_min) == (1.10, 1.15)
    assert (preset("zscore").z_min, preset("zscore").percentile_min) == (1.5, 80)
    for name, pair in {"ratio": (1.10, 1.15), "spike": (1.15, 1.30), "wide": (1.10, 1.10)}.items():
        assert (preset(name).structural_min, preset(name).tactical_min) == pair
        assert preset(name).method == "ratio"
    article = preset("article")
    assert article.unknown_gamma == "negative"
    assert not article.strike_guard
    assert article.earnings_days is None


def test_unknown_preset():
    """A preset that is none names those that are."""
    with pytest.raises(
        RulesError, match=r"no preset 'aggressive'\. Presets: standard, article, .*, wide\.$"
    ):
        preset("aggressive")
    assert preset(" Article ") == PRESETS["article"]


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_described(name):
    """Name, group, meaning, source and what is allowed, for every rule; numbers have a unit."""
    spec = SPECS[name]
    assert spec.name == name
    assert spec.group
    assert spec.doc.endswith(".")
    assert spec.source
    assert spec.allowed
    assert spec.unit or spec.kind in ("choice", "flag")
    assert spec.kind in ("choice", "flag") or spec.low < spec.high


@pytest.mark.checkout
def test_the_page_of_the_rules_is_what_the_module_makes(anew):
    """Group, default, unit, limits, meaning and source of every rule, as they are published."""
    made = anew("vrp_xl.core.rules")
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
    read = {}
    for part in page.split("\n## ")[1:]:
        for row in re.findall(r"^\| `\w+` \|.*\|$", part, re.MULTILINE):
            if row.count(" | ") == 5 and part.split("\n")[0] != "Presets":
                name, default, *rest = (cell.strip() for cell in row.strip("|").split("|"))
                read[name.strip("`")] = (part.split("\n")[0], default, *rest)
    assert list(read) == list(made.SPECS)
    for name, (group, default, *rest) in read.items():
        spec = made.SPECS[name]
        assert spec.default == spec.parse("" if default == "blank" else default), name
        told = (spec.group, spec.unit, spec.allowed, spec.doc, spec.source)
        assert told == (group, *rest), name
        assert spec.kind in ("number", "integer", "choice", "flag"), name
        if spec.kind in ("choice", "flag"):
            assert (spec.low, spec.high) == (0, 0), name
    assert made.STANDARD.to_dict() == {name: spec.default for name, spec in made.SPECS.items()}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("z_min", "high", "a number from -5 to 10"),
        ("z_min", 11, "a number from -5 to 10"),
        ("z_min", float("nan"), "a number from -5 to 10"),
        ("z_min", True, "a number from -5 to 10"),
        ("z_min", [1], "a number"),
        ("z_min", 10**400, "a number"),
        ("z_min", None, "a number from -5 to 10"),
        ("z_min", "  ", "a number from -5 to 10"),
        ("target_dte", 45.5, "a whole number from 1 to 365"),
        ("method", "vibes", "one of article, ratio, both"),
        ("method", "x" * 100, "one of article, ratio, both"),
        ("strike_guard", "perhaps", "on or off"),
        ("strike_guard", 2, "on or off"),
        ("loss_stop", 50, "a number from 0.1 to 20, or blank"),
    ],
)
def test_refusal_names_rule_value_and_what_is_allowed(name, value, allowed):
    """The sentence says which rule, what it was given, and what it takes."""
    with pytest.raises(RulesError) as caught:
        STANDARD.with_values({"spread_min": 3, name: value})
    text = str(caught.value)
    shown = "blank" if value is None or not str(value).strip() else repr(value)[:60]
    assert f"Rule {name} is {shown}; it takes" in text
    assert allowed in text
    assert STANDARD.spread_min == 2.0


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"dte_min": 61}, ("dte_min", "dte_max")),
        ({"short_delta": 0.35}, ("short_delta", "max_short_delta")),
        ({"short_delta": 0.10}, ("far_delta", "short_delta")),
        ({"compression_mild": 1.2}, ("compression_mild", "expansion_mild")),
        ({"z_min": -1}, ("z_exit", "z_min")),
        ({"z_window": 50}, ("z_days_min", "z_window")),
    ],
)
def test_rules_that_contradict_each_other(values, names):
    """Two rules in the wrong order are refused, both named with their values."""
    with pytest.raises(RulesError) as caught:
        STANDARD.with_values(values)
    assert all(name in str(caught.value) for name in names)


def test_pairs_may_move_together():
    """What would contradict alone is fine when both change."""
    assert STANDARD.with_values({"dte_min": 61, "dte_max": 90}).dte_max == 90


def test_unknown_names_offer_the_nearest():
    """A typing error gets a suggestion, nonsense gets the list."""
    with pytest.raises(RulesError, match=r"no rule named 'z_mim'\. Did you mean z_min\?"):
        STANDARD.with_values({"z_mim": 1})
    with pytest.raises(RulesError, match="rules show"):
        find("qqqqqqqq")
    with pytest.raises(RulesError, match=f"no rule named '{'x' * 60}'"):
        find("x" * 61)


@pytest.mark.parametrize("alias", list(ALIASES))
def test_aliases(alias):
    """The names of the other system reach ours."""
    assert find(alias.upper()).name == ALIASES[alias]
    assert getattr(STANDARD.with_values({alias: 2}), ALIASES[alias]) == 2


def test_values_as_cells_give_them():
    """Numbers as text, whole numbers as floats, flags as words or 0 and 1, blanks as empty text."""
    got = STANDARD.with_values(
        {
            "z_min": " 1.5 ", "target_dte": 40.0, "strike_guard": "Off", "METHOD": "Both",
            "tactical_defense": "", "loss_stop": "2", " earnings_days ": None,
        }
    )  # fmt: skip
    assert (got.z_min, got.target_dte, got.strike_guard, got.method) == (1.5, 40, False, "both")
    assert isinstance(got.target_dte, int)
    assert (got.tactical_defense, got.loss_stop, got.earnings_days) == (None, 2.0, None)
    for flag, words in ((True, ("on", "TRUE", " Yes ", "1", 1, 1.0, True)),
                        (False, ("Off", "false", "no", "0", 0, 0.0, False))):  # fmt: skip
        for word in words:
            assert got.with_values({"strike_guard": word}).strike_guard is flag


def test_the_constructor_checks_too():
    """No set of rules exists that is not valid."""
    with pytest.raises(RulesError):
        Rules(z_min=99)
    with pytest.raises(dataclasses.FrozenInstanceError):
        STANDARD.z_min = 2


@given(st.sampled_from(NAMES), st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_any_value_is_parsed_or_refused(name, value):
    """Whatever a cell holds is taken within its limits, or refused as a rules error."""
    spec = SPECS[name]
    try:
        got = spec.parse(value)
    except RulesError as error:
        said = str(error)
    else:
        assert got is None or spec.kind in ("choice", "flag") or spec.low <= got <= spec.high
        assert spec.parse(got) == got
        return
    assert name in said
    assert spec.allowed in said
