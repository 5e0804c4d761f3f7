"""The structures, the lean, and which structure is picked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.rules import PRESETS, STANDARD, preset
from vrp_xl.core.snapshot import SCORED_STRUCTURES
from vrp_xl.core.structures import STRUCTURES, eligible, lean_of, pick

LEANS = st.sampled_from([None, "put-heavy", "call-heavy", "balanced"])
SCORES = st.dictionaries(
    st.sampled_from([*STRUCTURES, "something_new"]), st.integers(0, 100) | st.floats(0, 100)
)
ARTICLE = preset("article")


def test_the_table_is_the_one_of_the_design():
    """Eight structures; the vendor's four are among them."""
    assert list(STRUCTURES) == [
        "short_put_spread", "short_call_spread", "iron_condor", "iron_fly", "short_strangle",
        "short_straddle", "jade_lizard", "calendar_spread",
    ]  # fmt: skip
    assert set(SCORED_STRUCTURES) <= set(STRUCTURES)


def test_risk_follows_from_the_legs():
    """Every sold leg that has a bought one on its side is defined; a jade lizard's put is not."""
    for s in STRUCTURES.values():
        sold = {leg.right for leg in s.legs if leg.sign < 0}
        bought = {leg.right for leg in s.legs if leg.sign > 0}
        open_sides = len(sold - bought)
        whole = {0: "defined", 1: "undefined on one side", 2: "undefined"}
        assert s.risk == whole[open_sides], s.name


def test_only_the_calendar_is_long_vega():
    """A calendar buys volatility; all others sell it."""
    assert {s.name for s in STRUCTURES.values() if s.vega > 0} == {"calendar_spread"}


@pytest.mark.parametrize(
    ("put", "call", "lean"),
    [(7.35, 4.21, "put-heavy"), (5.5, 4.0, "put-heavy"), (4.21, 7.35, "call-heavy"),
     (5.0, 4.0, "balanced"),
     (4.0, 5.0, "balanced"), (30.71, 11.67, "put-heavy"), (5.1, 4.1, "balanced"),
     (4.1, 5.1, "balanced"), (2.3, 1.3, "balanced"), (None, 4.0, None), (4.0, None, None)],
)  # fmt: skip
def test_lean(put, call, lean):
    """More than a point apart leans; exactly a point does not; one side alone says nothing."""
    assert lean_of(put, call) == lean


@given(st.floats(-100, 100), st.floats(-100, 100), st.floats(0, 5))
def test_lean_mirrors(put, call, least):
    """Exchanging the sides turns the lean around."""
    turned = {"put-heavy": "call-heavy", "call-heavy": "put-heavy", "balanced": "balanced"}
    assert lean_of(call, put, least) == turned[lean_of(put, call, least)]


def test_cells_allow_what_the_design_says():
    """A: any seller; B: defined risk; C: tight; D: none; never a calendar to sell premium."""
    a, b = eligible("A", STANDARD), eligible("B", STANDARD)
    assert set(a) == {n for n, s in STRUCTURES.items() if s.vega < 0}
    assert set(b) == {"short_put_spread", "short_call_spread", "iron_condor", "iron_fly"}
    assert set(eligible("C", STANDARD)) == {"iron_fly", "iron_condor"}
    assert eligible("D", STANDARD) == ()


def test_the_article_keeps_its_literal_lists():
    """Cell B lists iron condor and jade lizard; elsewhere anything scored, a calendar too."""
    assert eligible("B", ARTICLE) == ("iron_condor", "jade_lizard")
    assert "calendar_spread" in eligible("A", ARTICLE)
    assert eligible("D", ARTICLE) == ()


def test_best_score_wins():
    """Without a lean the highest score is picked, and a calendar never."""
    scores = {"short_put_spread": 70, "iron_condor": 85, "calendar_spread": 99}
    got = pick("A", scores, "balanced", STANDARD)
    assert (got.structure.name, got.score) == ("iron_condor", 85)
    assert pick("A", scores, None, ARTICLE).structure.name == "calendar_spread"


@pytest.mark.parametrize(
    ("condor", "name"), [(80, "short_put_spread"), (80.1, "iron_condor"), (79, "short_put_spread")]
)
def test_lean_decides_within_ten_points(condor, name):
    """A structure on the side of the lean wins while it is within 10 points of the best."""
    got = pick("B", {"iron_condor": condor, "short_put_spread": 70}, "put-heavy", STANDARD)
    assert got.structure.name == name


def test_the_gap_is_met_on_paper():
    """Ten points apart but for binary noise still counts as within ten."""
    got = pick("A", {"iron_condor": 80.1, "short_put_spread": 70.1}, "put-heavy", STANDARD)
    assert got.structure.name == "short_put_spread"


def test_the_article_ignores_the_lean():
    """The article takes the best score, whatever leans."""
    scores = {"iron_condor": 71, "short_put_spread": 70}
    assert pick("A", scores, "put-heavy", ARTICLE).structure.name == "iron_condor"


@pytest.mark.parametrize(
    ("lean", "name"),
    [("put-heavy", "short_put_spread"), ("call-heavy", "short_call_spread"),
     ("balanced", "iron_condor"), (None, "iron_condor")],
)  # fmt: skip
def test_without_scores_the_lean_picks_defined_risk(lean, name):
    """No scores: defined risk on the side of the lean, and no made-up score."""
    for cell in ("A", "B"):
        got = pick(cell, {}, lean, STANDARD)
        assert (got.structure.name, got.score) == (name, None)
    assert pick("B", {}, lean, ARTICLE).structure.name == "iron_condor"


@pytest.mark.parametrize(
    ("near", "name"), [(True, "iron_fly"), (False, "iron_condor"), (None, "iron_condor")]
)
def test_cell_c_is_tight(near, name):
    """A fly where spot is at maximum gamma, else a narrow condor, whatever the scores say."""
    got = pick("C", {"short_strangle": 100}, "put-heavy", STANDARD, near_max_gamma=near)
    assert got.structure.name == name


@given(st.sampled_from("ABCD"), SCORES, LEANS, st.sampled_from(list(PRESETS)), st.booleans())
def test_pick_is_always_eligible(cell, scores, lean, name, near):
    """What is picked is allowed, D gets nothing, and a score is never invented."""
    rules = preset(name)
    got = pick(cell, scores, lean, rules, near_max_gamma=near)
    if cell == "D":
        assert got is None
        return
    assert got.structure.name in eligible(cell, rules)
    assert got.score == scores.get(got.structure.name)
    if cell == "B" and rules.structures == "sellers":
        assert got.structure.risk == "defined"


@given(SCORES, LEANS)
def test_pick_gives_up_at_most_the_gap(scores, lean):
    """The lean never costs more than its gap in score."""
    got = pick("A", scores, lean, STANDARD)
    best = max((v for k, v in scores.items() if k in eligible("A", STANDARD)), default=None)
    if best is not None:
        assert got.score >= best - STANDARD.lean_gap - 1e-6


@pytest.mark.parametrize(
    ("scores", "name"),
    [
        ({"iron_condor": 80, "jade_lizard": 72, "short_put_spread": 75}, "short_put_spread"),
        ({"iron_condor": 80, "jade_lizard": 76, "short_put_spread": 72}, "jade_lizard"),
    ],
)
def test_of_several_that_lean_the_best_is_taken(scores, name):
    """The lean asks for its side, the scores for which one."""
    assert pick("A", scores, "put-heavy", STANDARD).structure.name == name


@pytest.mark.parametrize(("gap", "name"), [(0.5, "short_put_spread"), (0.0, "iron_condor")])
def test_a_small_gap_is_a_gap(gap, name):
    """Half a point lets the lean decide between 80 and 79.8; a gap of 0 leaves it to the scores."""
    rules = STANDARD.with_values({"lean_gap": gap})
    tie = pick("A", {"iron_condor": 80.0, "jade_lizard": 80.0}, "put-heavy", rules)
    assert tie.structure.name == ("jade_lizard" if gap else "iron_condor")
    scores = {"iron_condor": 80.0, "short_put_spread": 79.8}
    assert pick("A", scores, "put-heavy", rules).structure.name == name


def test_a_pick_says_why():
    """By the scores, by the lean, for want of scores, and how near maximum gamma is."""
    scores = {"iron_condor": 80.0, "short_put_spread": 75.0}
    assert pick("A", scores, None, STANDARD).why == "best score"
    assert pick("A", scores, "put-heavy", STANDARD).why == "put-heavy, and near the best score"
    assert pick("A", {}, None, STANDARD).why == "no scores: defined risk, by the lean"
    told = [pick("C", {}, None, STANDARD, near_max_gamma=near).why for near in (True, False, None)]
    assert told == [
        "spot is near maximum gamma",
        "spot is away from maximum gamma: narrow condor",
        "how near maximum gamma is, is not known: narrow condor",
    ]
    assert pick("C", {"iron_condor": 61.0}, None, STANDARD).score == 61.0


@pytest.mark.parametrize(
    ("scores", "lean", "name"),
    [
        ({"iron_condor": 80, "short_put_spread": 80}, None, "short_put_spread"),
        ({"short_strangle": 80, "iron_fly": 80}, "balanced", "iron_fly"),
        ({"iron_condor": 80, "short_put_spread": 80}, "put-heavy", "short_put_spread"),
        ({"iron_condor": 80, "short_call_spread": 79}, "put-heavy", "iron_condor"),
        ({"iron_condor": 80, "short_call_spread": 79}, "call-heavy", "short_call_spread"),
        ({"iron_condor": 70, "short_put_spread": 79}, "put-heavy", "short_put_spread"),
    ],
)
def test_ties_go_to_the_first_of_the_table(scores, lean, name):
    """And the lean changes nothing where the best score is on its side or none is near."""
    got = pick("A", scores, lean, STANDARD)
    assert (got.structure.name, got.score) == (name, scores[name])
