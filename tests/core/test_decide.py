"""The whole decision: it never raises, never contradicts itself, and moves with its inputs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrp_xl.core.calendar import expiry_near
from vrp_xl.core.compare import above
from vrp_xl.core.decide import Premium, decide, eligible, plan_for, premium_of
from vrp_xl.core.exit_plan import exit_plan
from vrp_xl.core.exits import Severity
from vrp_xl.core.rules import PRESETS, STANDARD, preset
from vrp_xl.core.snapshot import FIGURES
from vrp_xl.core.standing import BAND_MEANING
from vrp_xl.core.structures import STRUCTURES

TODAY = date(2026, 3, 27)
FINE = {
    "spot": 580.51, "atm_iv": 18.45, "atm_iv_30d": 18.45, "rv_20d": 13.04, "rv_30d": 13.5,
    "rv_90d": 14.0, "vrp_20d": 5.41, "z_score": 1.34, "percentile": 82.0, "history_days": 252,
    "put_vrp": 7.35, "call_vrp": 4.21, "put_wing_iv": 21.03, "call_wing_iv": 16.82,
    "gamma": "positive", "gamma_basis": "vendor", "gamma_flip": 572.5, "net_gex": 2e9,
    "put_wall": 545.0, "call_wall": 620.0, "max_gamma": 575.0,
    "scores": {"iron_condor": 85, "short_put_spread": 60},
}  # fmt: skip
WORDS = {"gamma", "gamma_basis", "gamma_flip_status", "score_kind", "vrp_regime", "vanna_outlook",
         "market_open", "next_earnings"}  # fmt: skip
NUMBERS = sorted(set(FIGURES) - WORDS)
WILD = st.sampled_from(
    [None, 0, 0.0, -0.0, -1, -1e300, 1e300, 1e-300, 5e-324, 1e9, 1e-4, 0.01, 2000.0, 10**400,
     float("nan"), float("inf"), -float("inf"), 1.0, 100.0]
) | st.floats()  # fmt: skip
SANE = {
    "spot": st.floats(1, 2000), "atm_iv": st.floats(3, 200), "atm_iv_30d": st.floats(3, 200),
    "rv_20d": st.floats(0, 200), "rv_30d": st.floats(0, 200), "rv_90d": st.floats(0, 200),
    "vrp_20d": st.floats(-20, 40), "z_score": st.floats(-4, 5), "percentile": st.floats(0, 100),
    "history_days": st.integers(0, 300), "put_vrp": st.floats(-20, 40),
    "call_vrp": st.floats(-20, 40), "put_wing_iv": st.floats(3, 250),
    "call_wing_iv": st.floats(3, 250), "gamma_flip": st.floats(1, 2000),
    "net_gex": st.floats(-1e10, 1e10), "put_wall": st.floats(1, 2000),
    "call_wall": st.floats(1, 2000), "max_gamma": st.floats(1, 2000),
    "atm_oi": st.floats(0, 1e5), "atm_spread_pct": st.floats(0, 20),
}  # fmt: skip
SHARED = {
    "gamma": st.sampled_from(["positive", "negative", "unknown"]),
    "gamma_basis": st.sampled_from([None, "vendor", "repriced"]),
    "vrp_regime": st.sampled_from([None, "harvestable", "event_only"]),
    "next_earnings": st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    "warnings": st.lists(st.sampled_from(["event_risk", "negative_gamma"]), max_size=2).map(tuple),
}
SCORES = st.dictionaries(st.sampled_from(list(STRUCTURES)), st.floats(0, 100))
WILD_FIGURES = st.fixed_dictionaries(
    {"scores": st.dictionaries(st.sampled_from(list(STRUCTURES)), WILD)},
    optional=dict.fromkeys(NUMBERS, WILD) | SHARED,
)
SANE_FIGURES = st.fixed_dictionaries({"scores": SCORES}, optional=SANE | SHARED)
PRESET = st.sampled_from(list(PRESETS.values()))
SIZED_D = STANDARD.with_values({"method": "ratio", "size_d": 0.5, "z_exit": -10})
RULES = PRESET | st.just(SIZED_D)


def go(snap, rules=STANDARD, *, today=TODAY, **changes):
    """The decision on a fine snapshot with some figures changed."""
    return decide(snap(**(FINE | changes)), rules, today=today)


def check(d):
    """What holds of every decision."""
    assert not (d.exits.must_close and d.size > 0)
    if d.candidate:
        assert d.size > 0
        assert d.structure is not None
        assert d.action.startswith("SELL")
        assert not d.exits.must_close
    else:
        assert not d.action.startswith("SELL")
        assert d.why
    assert "exit" not in d.status.lower() or not d.status.startswith("EXIT")
    if d.cell == "D":
        assert d.structure is None
        assert d.size == 0
    if d.cell == "B":
        assert d.structure.risk == "defined" or d.structure.name == "jade_lizard"
    assert d.size >= 0
    assert d.size == d.size
    if "the size is 0" in d.why:
        assert d.size == 0
        assert not d.candidate
    if d.premium.z_band is None:
        assert d.cell is None
        assert d.exits.severity is not Severity.OK
    assert (d.strikes is None) or (d.structure is not None)


@settings(max_examples=400)
@given(WILD_FIGURES, RULES)
def test_never_raises(snap, figures, rules):
    """Zero, negative, huge, tiny, NaN or missing, in any mix: a decision comes, and it is sound."""
    d = decide(snap(**figures), rules, today=TODAY)
    check(d)
    exit_plan(d, rules, flip=None)


@settings(max_examples=400)
@given(SANE_FIGURES, RULES)
def test_never_contradicts_itself(snap, figures, rules):
    """No row is sized while its own exit fires; a candidate has a size and a structure."""
    check(decide(snap(**figures), rules, today=TODAY))


@settings(max_examples=200)
@given(SANE_FIGURES, RULES, st.sampled_from(sorted(set(SANE) - {"net_gex", "atm_iv_30d"})))
def test_a_lost_figure_never_turns_ok(snap, figures, rules, name):
    """Taking away a figure that nothing stands in for never makes the exits OK that were not."""
    before = decide(snap(**figures), rules, today=TODAY)
    after = decide(snap(**{k: v for k, v in figures.items() if k != name}), rules, today=TODAY)
    if before.cell == after.cell and before.exits.severity > Severity.OK:
        assert after.exits.severity > Severity.OK


@given(SANE_FIGURES, st.floats(0, 3))
def test_more_spread_never_ends_a_candidate(snap, figures, more):
    """With everything else alike, a wider spread keeps a candidate one."""
    s = snap(**figures)
    if s.vrp_20d is not None and decide(s, STANDARD, today=TODAY).candidate:
        assert decide(s.replace(vrp_20d=s.vrp_20d + more), STANDARD, today=TODAY).candidate


@given(SANE_FIGURES, st.sampled_from(sorted(SANE)))
def test_impossible_and_missing_are_alike(snap, figures, name):
    """A figure that cannot be is decided as one that is missing."""
    without = {k: v for k, v in figures.items() if k != name}
    broken = snap(**without, **{name: float("nan")})
    assert broken.missing[name].endswith("cannot be")
    absent = snap(**without, missing={name: broken.missing[name]})
    assert decide(broken, STANDARD, today=TODAY) == decide(absent, STANDARD, today=TODAY)


def test_a_fine_row_is_sold(snap):
    """All gates pass: sell, at the size of cell A, with strikes."""
    d = go(snap)
    assert (d.cell, d.size, d.candidate) == ("A", 1.75, True)
    assert d.action == "SELL iron condor, 1.75x"
    assert d.status == "OK"
    assert d.strikes.complete
    assert d.strikes.expiry == date(2026, 5, 15)


@pytest.mark.parametrize(
    ("changes", "action", "reason"),
    [
        ({"vrp_20d": 2.0}, "WAIT: spread +2.00", "not above 2"),
        ({"vrp_20d": 4.03 - 2.03}, "WAIT: spread", "not above 2"),
        ({"vrp_20d": None}, "WAIT: no spread", "no spread"),
        ({"z_score": None}, "WAIT: no z-score", "no z-score"),
        ({"z_score": -0.6}, "STAY OUT: compressed", "an exit fires"),
        ({"z_score": 0.5}, "SELL iron", None),
        ({"z_score": 0.5, "rv_90d": None}, "WAIT: the ratio funnel needs HV90", "HV90"),
        ({"z_score": 0.5, "rv_30d": 17.0}, "WAIT: ratio funnel: edge gone", "edge gone"),
        ({"z_score": 0.5, "gamma": "negative"}, "NO TRADE: low premium", "cell D"),
        ({"gamma": "unknown", "net_gex": None}, "WAIT: the gamma regime is not known", "net GEX"),
        ({"spot": 570.0}, "STAY OUT: spot is 0.44 % below", "an exit fires"),
        ({"rv_30d": 19.0}, "STAY OUT: IV/HV30 0.97", "an exit fires"),
        ({"next_earnings": date(2026, 4, 6)}, "STAY OUT: earnings", "in 10 days"),
        ({"next_earnings": TODAY}, "STAY OUT: earnings", "in 0 days"),
        ({"vrp_regime": "event_only"}, "STAY OUT: the source warns", "event"),
        ({"warnings": ("event_risk",)}, "STAY OUT: the source warns", "event"),
        ({"atm_oi": 499.0}, "STAY OUT: open interest", "499"),
        ({"atm_spread_pct": 5.1}, "STAY OUT: ATM quotes", "5.1 %"),
    ],
)
def test_each_gate(snap, changes, action, reason):
    """Each failing gate alone stops the row, and says so."""
    d = go(snap, **changes)
    assert d.action.startswith(action)
    if reason is None:
        assert d.candidate
        return
    assert not d.candidate
    assert any(reason in why for why in d.why)
    if action.startswith("STAY OUT"):
        assert d.size == 0


@pytest.mark.parametrize(
    "changes",
    [{"next_earnings": date(2026, 4, 7)}, {"next_earnings": date(2026, 3, 26)},
     {"atm_oi": 500.0}, {"atm_spread_pct": 5.0}, {"spot": 575.0}, {"put_wall": None}],
)  # fmt: skip
def test_gates_that_just_pass(snap, changes):
    """At the edge, in the past, or only a warning: still a candidate."""
    assert go(snap, **changes).candidate


def test_the_article_asks_for_no_events_and_no_liquidity(snap):
    """The guards of this project are off in the article's preset."""
    d = go(
        snap, preset("article"), next_earnings=TODAY, warnings=("event_risk",), atm_oi=0.0,
        atm_spread_pct=50.0, rv_30d=40.0,
    )  # fmt: skip
    assert (d.candidate, d.size) == (True, 1.75)


def test_cell_b_sells_defined_risk_only(snap):
    """A strangle that scores best is not sold in negative gamma."""
    scores = {"short_strangle": 99, "iron_condor": 40, "calendar_spread": 100}
    d = go(snap, gamma="negative", scores=scores)
    assert (d.cell, d.structure.name, d.size) == ("B", "iron_condor", 0.5)
    assert d.candidate
    literal = go(snap, preset("article"), gamma="negative", scores={**scores, "jade_lizard": 50})
    assert literal.structure.name == "jade_lizard"


@pytest.mark.parametrize(
    ("peak", "name", "basis"),
    [(575.0, "iron_fly", "max gamma"), (595.0, "iron_condor", "move"),
     (500.0, "iron_condor", "move"), (None, "iron_condor", "move")],
)  # fmt: skip
def test_cell_c_is_tight(snap, peak, name, basis):
    """A fly at maximum gamma, a narrow condor around one further off, else around spot."""
    d = go(snap, z_score=0.5, max_gamma=peak)
    assert (d.cell, d.structure.name) == ("C", name)
    short = next(leg for leg in d.strikes.legs if leg.sign < 0)
    assert short.basis == basis
    centred = "max gamma" if peak == 595.0 else "spot"
    assert name == "iron_fly" or centred in short.note


@pytest.mark.parametrize(
    ("rule", "net_gex", "cell", "text"),
    [("net_gex", 1e9, "A", "A"), ("net_gex", -1e9, "B", "B"), ("net_gex", None, None, "?"),
     ("net_gex", 0.0, None, "?"), ("none", 1e9, None, "?"), ("negative", 1e9, "B", "B")],
)  # fmt: skip
def test_unknown_gamma_by_rule(snap, rule, net_gex, cell, text):
    """By net GEX and marked so, "?", or negative; always with a word about it."""
    rules = STANDARD.with_values({"unknown_gamma": rule})
    d = go(snap, rules, gamma="unknown", gamma_basis=None, net_gex=net_gex)
    assert (d.cell, d.cell_text) == (cell, text)
    assert d.gamma_basis == ("net_gex" if cell and rule == "net_gex" else None)
    assert any("is not known" in words for words in (*d.why, *d.warnings))


def test_missing_z_is_no_cell_at_all(snap):
    """Neither a letter nor a question mark, and the source's own reason is kept."""
    d = go(snap, z_score=None, missing={"z_score": "12 of 60 days are stored"})
    assert d.cell is None
    assert d.cell_text is None
    assert "no z-score: 12 of 60 days are stored" in d.why


def test_a_row_without_a_cell_shows_a_question_mark_and_why(snap):
    """Whatever is not known, one sign; the reasons are told apart, and of a known cell none."""
    no_z = {"z_score": None, "missing": {"z_score": "12 of 60 days are stored"}}
    no_gamma = {"gamma": "unknown", "gamma_basis": None, "net_gex": None}
    told = "the gamma regime is not known and net GEX has no sign either"
    for changes, why in (
        (no_z, ("no z-score: 12 of 60 days are stored",)),
        (no_gamma, (told,)),
        ({**no_z, **no_gamma}, (told, "no z-score: 12 of 60 days are stored")),
    ):
        d = go(snap, **changes)
        assert (d.cell, d.sign, d.no_cell) == (None, "?", why)
        assert set(why) <= set(d.why)
    known = go(snap)
    assert (known.sign, known.no_cell) == ("A", ())


def test_extreme_z_warns_and_caps(snap):
    """Above 3 a warning and at most 1.0; still a candidate."""
    d = go(snap, z_score=3.2)
    assert (d.size, d.candidate) == (1.0, True)
    assert any("about to flip" in w for w in d.warnings)


def test_thin_history_is_marked(snap):
    """Under 126 days the z-score is called thin."""
    assert any("thin: 125 days" in w for w in go(snap, history_days=125).warnings)
    assert not any("thin" in w for w in go(snap, history_days=126).warnings)


def test_ratios_use_the_30_day_iv(snap):
    """Where a term structure gives one; the spread stays as delivered."""
    p = premium_of(snap(**(FINE | {"atm_iv": 10.0, "atm_iv_30d": 28.0})), STANDARD)
    assert p.iv == 28.0
    assert p.structural == 2.0
    assert p.spread == 5.41
    assert p.spread_30d == pytest.approx(14.96)
    assert premium_of(snap(**(FINE | {"atm_iv_30d": None})), STANDARD).iv == 18.45


def test_put_wing_over_hv30(snap):
    """The put wing's own ratio is there for one-sided structures."""
    assert premium_of(snap(**FINE), STANDARD).put_tactical == pytest.approx(21.03 / 13.5)


@pytest.mark.parametrize(("hv90", "rich"), [(20.0, True), (20.01, False), (2.8, True)])
def test_rich_from_1_30(snap, hv90, rich):
    """Exactly 1.30 is rich, binary noise or not."""
    figures = {"atm_iv": 1.3 * hv90, "rv_90d": hv90}
    if hv90 == 20.01:
        figures["atm_iv"] = 26.0
    rules = STANDARD.with_values({"hv_floor": 0.01})
    assert premium_of(snap(**figures), rules).rich is rich


def test_zscore_preset(snap):
    """A z from 1.5, confirmed by the percentile, and below that sized by the spread."""
    rules = preset("zscore")
    assert go(snap, rules, z_score=1.49).cell == "C"
    assert go(snap, rules, z_score=1.49, vrp_20d=2.5).size == pytest.approx(0.25)
    assert go(snap, rules, z_score=1.6, percentile=79.0).action.startswith("WAIT: percentile")
    assert go(snap, rules, z_score=1.6, percentile=80.0).size == 1.75
    assert not go(snap, rules, z_score=1.6, percentile=None).candidate
    low = go(snap, rules, z_score=1.6, percentile=79.4, gamma="negative")
    assert (low.cell, low.action) == ("B", "WAIT: percentile 79 is below 80")
    assert "no percentile to confirm the z-score" in go(snap, rules, z_score=2, percentile=None).why


def test_ratio_method_needs_no_cell(snap):
    """Both ratios pass: sold at half size with defined risk, z-score or not."""
    d = go(snap, preset("ratio"), z_score=None, gamma="unknown", net_gex=None)
    assert (d.cell, d.size, d.candidate) == (None, 0.5, True)
    assert d.structure.risk == "defined"
    assert not go(snap, preset("ratio"), rv_90d=17.0).candidate
    literal = preset("ratio").with_values({"structures": "article"})
    best = {"short_strangle": 99, "iron_condor": 40}
    assert go(snap, literal, z_score=None, scores=best).structure.name == "iron_condor"


def test_both_methods_must_agree(snap):
    """Either failing alone ends the candidate."""
    rules = STANDARD.with_values({"method": "both"})
    assert go(snap, rules).candidate
    assert not go(snap, rules, rv_90d=17.0).candidate
    assert not go(snap, rules, vrp_20d=1.0).candidate


def test_a_sized_cell_d_is_still_no_trade(snap):
    """Whatever the rules say, a cell without a structure is not sized."""
    d = go(snap, SIZED_D, z_score=0.5, gamma="negative")
    assert (d.cell, d.size, d.structure, d.candidate) == ("D", 0.0, None, False)


@pytest.mark.parametrize("today", [date(1989, 6, 1), date(2035, 12, 20), date(2060, 1, 1)])
def test_a_day_outside_the_calendar_has_no_strikes(snap, today):
    """No expiry can be named: a warning, not an error."""
    d = go(snap, as_of=datetime(today.year, today.month, today.day, 18, tzinfo=UTC))
    assert d.strikes is None
    assert any("trading calendar" in w for w in d.warnings)


def test_walls_that_are_not_sold_are_said(snap):
    """The notes of the strikes reach the warnings of the row."""
    d = go(snap, put_wall=570.0)
    assert any("put wall 570" in w for w in d.warnings)


@pytest.mark.parametrize(
    ("lacking", "warning"),
    [
        ({"spot": None}, "no strikes: there is no spot"),
        ({"atm_iv": None, "atm_iv_30d": None}, "strikes are open: needs an implied volatility"),
    ],
)
def test_a_trade_without_strikes_says_so(snap, lacking, warning):
    """A name may pass its screen while nothing says where to sell it: then that is told."""
    s = snap(**FINE | {"put_wing_iv": None, "call_wing_iv": None, "put_wall": None} | lacking)
    decision = decide(s, STANDARD, today=TODAY)
    assert decision.candidate
    assert any(told.startswith(warning) for told in decision.warnings)


THRESHOLDS = [
    ("structural_min", 1.5, {}, lambda d: d.premium.funnel),
    ("tactical_min", 1.5, {}, lambda d: d.premium.funnel),
    ("compression_severe", 0.72, {"rv_30d": 9.8}, lambda d: d.premium.compression_band),
    ("compression_mild", 0.85, {"rv_30d": 11.2}, lambda d: d.premium.compression_band),
    ("expansion_mild", 1.05, {"rv_30d": 15.4}, lambda d: d.premium.compression_band),
    ("expansion_severe", 1.18, {"rv_30d": 16.8}, lambda d: d.premium.compression_band),
    ("z_band", 1.2, {}, lambda d: d.premium.z_band),
    ("lean_min", 5.0, {}, lambda d: d.lean),
    ("z_min", 1.5, {}, lambda d: d.cell),
    ("spread_min", 6.0, {}, lambda d: d.candidate),
    ("z_exit", -0.2, {"z_score": -0.3}, lambda d: [e.rule for e in d.exits.fired]),
    ("flip_warn_pct", 3.0, {}, lambda d: [e.rule for e in d.exits.fired]),
    ("tactical_defense", 1.4, {}, lambda d: [e.rule for e in d.exits.fired]),
]


@pytest.mark.parametrize(
    ("rule", "value", "figures", "seen"), THRESHOLDS, ids=[t[0] for t in THRESHOLDS]
)
def test_each_threshold_reaches_the_decision(snap, rule, value, figures, seen):
    """A rule that is changed changes what it decides, through the whole decision."""
    before, after = (
        go(snap, rules, **figures) for rules in (STANDARD, STANDARD.with_values({rule: value}))
    )
    assert seen(before) != seen(after)


def test_caution_reaches_the_decision(snap):
    """The lower edge of caution, which shows only below the tactical threshold."""
    strict = STANDARD.with_values({"tactical_min": 1.5})
    stricter = strict.with_values({"tactical_caution": 1.4})
    assert go(snap, strict).premium.funnel != go(snap, stricter).premium.funnel


def test_the_lean_reaches_structure_and_basis(snap):
    """Without scores the lean picks the side; the basis of the regime is as delivered."""
    put = go(snap, scores={}, put_vrp=8.0, call_vrp=4.0)
    call = go(snap, scores={}, put_vrp=4.0, call_vrp=8.0)
    names = (put.structure.name, call.structure.name)
    assert names == ("short_put_spread", "short_call_spread")
    assert go(snap, gamma_basis="repriced").gamma_basis == "repriced"


EXPIRY = expiry_near(TODAY, STANDARD.target_dte, STANDARD.dte_min, STANDARD.dte_max)


@given(
    SANE_FIGURES, RULES, st.floats(-4, 5).map(lambda z: round(z, 2)),
    st.floats(-20, 40).map(lambda x: round(x, 2)),
)  # fmt: skip
def test_eligible_answers_for_any_z_and_spread(snap, figures, rules, z_min, spread_min):
    """What a grid of thresholds counts is what the whole decision says at each of them."""
    s = snap(**figures)
    z_min = max(z_min, rules.z_exit)
    known = eligible(s, rules, today=TODAY)
    moved = rules.with_values({"z_min": z_min, "spread_min": spread_min})
    d = decide(s, moved, today=TODAY)
    fits = {"A": known.high, "B": known.high, "C": known.low, "D": known.low}
    passes = fits[d.cell] if d.cell else known.without_cell
    if rules.method != "ratio":
        passes = passes and s.vrp_20d is not None and above(s.vrp_20d, spread_min)
    assert d.candidate == passes


@given(
    SANE_FIGURES, RULES, st.sampled_from(["ratio", "both"]), st.floats(1, 2), st.floats(1, 2)
)  # fmt: skip
def test_eligible_answers_for_any_ratios(snap, figures, rules, method, structural, tactical):
    """Sized in its own cell, a name is a candidate exactly where both ratios pass."""
    s = snap(**figures)
    asked = {
        "method": method, "structural_min": structural, "tactical_min": tactical,
        "tactical_caution": min(tactical, rules.tactical_caution),
    }  # fmt: skip
    rules = rules.with_values(asked)
    known = eligible(s, rules, today=TODAY)
    ratios = (known.structural, known.tactical)
    assert ratios == (premium_of(s, rules).structural, premium_of(s, rules).tactical)
    passes = None not in ratios and above(ratios[0], structural) and above(ratios[1], tactical)
    assert decide(s, rules, today=TODAY).candidate == (known.sized and passes)


def test_eligible_by_hand(snap):
    """High premium passes in A, low in C; D never; without a cell only by the ratios."""
    fine = snap(**FINE)
    assert eligible(fine, STANDARD, today=TODAY)[:4] == (True, True, False, True)
    negative = fine.replace(gamma="negative", gamma_flip=None)
    assert eligible(negative, STANDARD, today=TODAY)[:4] == (True, False, False, True)
    nothing = fine.replace(z_score=None)
    assert eligible(nothing, preset("ratio"), today=TODAY).without_cell
    assert not eligible(nothing, STANDARD, today=TODAY).without_cell
    assert not eligible(fine, preset("ratio"), today=TODAY).without_cell


ROWS = [
    # figures -> action, status, cell, reasons, warnings
    ({}, "SELL iron condor, 1.75x", "OK", "A", (), ()),
    ({"spot": 573.0}, "SELL iron condor, 1.75x",
     "WARNING: spot is only 0.09 % above the gamma flip", "A", (), ()),
    ({"z_score": 1.0, "vrp_20d": 2.01}, "SELL iron condor, 1.75x", "OK", "A", (), ()),
    ({"vrp_20d": 1.0}, "WAIT: spread +1.00 is not above 2", "OK", "A",
     ("spread +1.00 is not above 2",), ()),
    ({"vrp_20d": None}, "WAIT: no spread: ATM IV or RV20 is missing", "OK", "A",
     ("no spread: ATM IV or RV20 is missing",), ()),
    ({"z_score": None}, "WAIT: no z-score: the source gives none",
     "UNKNOWN: inversion needs the z-score", None,
     ("no z-score: the source gives none", "no cell of the matrix"), ()),
    ({"gamma": "unknown", "net_gex": None},
     "WAIT: the gamma regime is not known and net GEX has no sign either", "OK", "?",
     ("the gamma regime is not known and net GEX has no sign either", "no cell of the matrix"), ()),
    ({"z_score": 0.5, "rv_90d": None, "rv_30d": None},
     "WAIT: the ratio funnel needs HV90 and HV30", "UNKNOWN: defense needs IV and HV30", "C",
     ("the ratio funnel needs HV90 and HV30",), ()),
    ({"z_score": 0.5, "atm_iv": None, "atm_iv_30d": None}, "WAIT: the ratio funnel needs IV",
     "UNKNOWN: defense needs IV and HV30", "C", ("the ratio funnel needs IV",),
     ("maximum gamma 575 needs an implied volatility: centred on spot",
      "strikes are open: needs an implied volatility")),
    ({"z_score": 0.5, "rv_30d": 17.0},
     "WAIT: ratio funnel: edge gone (IV/HV90 1.32, IV/HV30 1.09)", "OK", "C",
     ("ratio funnel: edge gone (IV/HV90 1.32, IV/HV30 1.09)",), ()),
    ({"z_score": 0.5, "gamma": "negative"}, "NO TRADE: low premium in negative gamma", "OK", "D",
     ("cell D: low premium in negative gamma",), ()),
    ({"next_earnings": date(2026, 4, 1)}, "STAY OUT: earnings on 2026-04-01, in 5 days",
     "STAY OUT: earnings on 2026-04-01, in 5 days", "A",
     ("earnings on 2026-04-01, in 5 days",),
     ("earnings on 2026-04-01 fall before the expiry 2026-05-15",)),
    ({"atm_oi": 499.4}, "STAY OUT: open interest at the money 499 is below 500",
     "STAY OUT: open interest at the money 499 is below 500", "A",
     ("open interest at the money 499 is below 500",), ()),
    ({"atm_spread_pct": 5.06}, "STAY OUT: ATM quotes are 5.1 % wide, above 5",
     "STAY OUT: ATM quotes are 5.1 % wide, above 5", "A",
     ("ATM quotes are 5.1 % wide, above 5",), ()),
    ({"spot": 570.0, "atm_oi": 1.0}, "STAY OUT: spot is 0.44 % below the gamma flip",
     "STAY OUT: spot is 0.44 % below the gamma flip", "A",
     ("an exit fires: spot is 0.44 % below the gamma flip",
      "open interest at the money 1 is below 500"), ()),
    ({"history_days": 100, "z_score": 3.5, "warnings": ("negative_gamma",)},
     "SELL iron condor, 1x", "OK", "A", ("z above 3: size at most 1",),
     ("z +3.50 is extreme: the regime may be about to flip",
      "z-score is thin: 100 days of history", "vendor: negative gamma")),
]  # fmt: skip


@pytest.mark.parametrize(("figures", "action", "status", "cell", "why", "warnings"), ROWS)
def test_rows_whole(snap, figures, action, status, cell, why, warnings):
    """Every sentence of a row, and the word that a table sorts by."""
    d = go(snap, **figures)
    assert (d.action, d.status, d.cell_text, d.why, d.warnings) == (
        action, status, cell, why, warnings,
    )  # fmt: skip
    assert action.startswith(d.signal)
    assert d.signal in ("SELL", "WAIT", "STAY OUT", "NO TRADE")
    assert d.stops == (why if d.signal == "STAY OUT" else ())
    assert d.flip_distance_pct == pytest.approx(100 * (1 - 572.5 / figures.get("spot", 580.51)))


def test_the_premium_every_way(snap):
    """Each figure of it by hand, and each alone missing takes those that need it."""
    p = premium_of(snap(**FINE), STANDARD)
    assert (p.iv, p.spread, p.funnel, p.rich, p.compression_band, p.z_band) == (
        18.45, 5.41, "edge exists", True, "normal", "normal",
    )  # fmt: skip
    assert [p.spread_30d, p.structural, p.tactical, p.put_tactical, p.compression] == pytest.approx(
        [18.45 - 13.04, 18.45 / 14, 18.45 / 13.5, 21.03 / 13.5, 13.5 / 14]
    )
    ratios = {"structural", "tactical", "put_tactical", "funnel", "rich"}
    both = {"compression", "compression_band"}
    needs = {
        "rv_90d": {"structural", "funnel", "rich", *both}, "put_wing_iv": {"put_tactical"},
        "rv_30d": {"tactical", "put_tactical", "funnel", *both}, "rv_20d": {"spread_30d"},
        "vrp_20d": {"spread"}, "z_score": {"z_band"}, "atm_iv_30d": {"spread_30d"},
    }  # fmt: skip
    for name, gone in needs.items():
        less = premium_of(snap(**FINE | {name: None}), STANDARD)
        assert {f for f in Premium.__slots__ if getattr(less, f) is None} == gone, name
    bare = premium_of(snap(**FINE | {"atm_iv": None, "atm_iv_30d": None}), STANDARD)
    assert (bare.iv, bare.compression_band) == (None, "normal")
    assert {f for f in ratios if getattr(bare, f) is None} == ratios - {"put_tactical"}
    still = premium_of(snap(**FINE | {"rv_90d": 0.0, "rv_30d": 0.0}), STANDARD)
    assert (still.compression, still.structural) == (None, pytest.approx(18.45 / 5))


BREACHED = {"gamma_flip": 600.0}
ELIGIBLE = [
    # figures, rules -> as high premium, as low premium, without a cell, in its own cell
    ({}, {}, (True, True, False, True)),
    ({"gamma": "unknown"}, {}, (True, True, False, True)),
    ({"gamma": "unknown", "net_gex": -2e9}, {}, (True, False, False, True)),
    ({"gamma": "unknown", "net_gex": None}, {}, (False, False, False, False)),
    ({"gamma": "unknown"}, {"unknown_gamma": "none"}, (False, False, False, False)),
    ({"gamma": "unknown", "gamma_flip": None}, {"unknown_gamma": "negative"},
     (True, False, False, True)),
    ({"gamma": "unknown", "net_gex": None}, {"method": "ratio", "size_without_cell": 0.5},
     (True, True, True, True)),
    ({"gamma": "unknown", "net_gex": None}, {"method": "ratio"}, (False, False, False, False)),
    (BREACHED, {}, (False, False, False, False)),
    (BREACHED | {"gamma_basis": "repriced"}, {}, (True, True, False, True)),
    (BREACHED | {"gamma": "negative"}, {}, (True, False, False, True)),
    ({"vrp_20d": 1.0}, {}, (True, True, False, True)),
    ({"vrp_20d": 1.0}, {"method": "both"}, (True, True, False, False)),
    ({"percentile": 70.0}, {"percentile_min": 80}, (False, True, False, True)),
    ({"percentile": 70.0}, {"percentile_min": 80, "method": "both"}, (False, True, False, False)),
    ({"rv_90d": 17.0}, {}, (True, False, False, True)),
    ({"rv_90d": 17.0}, {"method": "both"}, (False, False, False, True)),
    ({"rv_90d": 17.0}, {"method": "ratio"}, (False, False, False, True)),
    ({"z_score": 0.5}, {"size_c": 0}, (True, False, False, False)),
    ({}, {"size_a": 0, "z_min": 1.5}, (False, True, False, True)),
    ({}, {"size_c": 0}, (True, False, False, True)),
    ({}, {"size_a": 0}, (False, True, False, False)),
    ({"z_score": -0.6}, {}, (False, False, False, False)),
    ({"atm_oi": 499.0}, {}, (False, False, False, False)),
    ({"next_earnings": TODAY}, {}, (False, False, False, False)),
]  # fmt: skip


@pytest.mark.parametrize(("figures", "rules", "answers"), ELIGIBLE)
def test_eligible_in_each_cell(snap, figures, rules, answers):
    """Thresholds aside: the regime in use, exits, events, percentile, sizes and the method."""
    s = snap(**FINE | figures)
    found = eligible(s, STANDARD.with_values(rules), today=TODAY)
    assert found[:4] == answers
    p = premium_of(s, STANDARD)
    assert found[4:] == (p.structural, p.tactical)


@given(SANE_FIGURES, RULES)
def test_a_plan_by_itself_is_the_plan_of_the_decision(snap, figures, rules):
    """The strikes of the structure that was picked are the same, however they are asked for."""
    s = snap(**figures)
    d = decide(s, rules, today=TODAY)
    if d.strikes is not None and d.cell is not None:
        assert plan_for(s, d.structure, rules, today=TODAY) == d.strikes


@pytest.mark.parametrize("rules", [{}, {"lean_min": 4.0}, {"z_min": 1.5}])
@pytest.mark.parametrize(
    "changes",
    [{}, {"put_vrp": 4.0, "call_vrp": 8.0}, {"put_vrp": 5.0, "call_vrp": 5.5}, {"z_score": 0.5},
     {"z_score": 0.5, "gamma": "unknown"}, {"z_score": 0.5, "gamma": "unknown", "gamma_flip": None},
     {"put_vrp": 7.0, "call_vrp": 6.5}],
)  # fmt: skip
def test_a_plan_by_itself_uses_lean_and_cell(snap, changes, rules):
    """Away from the walls the lean moves one strike of a condor, and cell C narrows it."""
    s = snap(**FINE | {"put_wall": None, "call_wall": None, "max_gamma": None} | changes)
    condor = STRUCTURES["iron_condor"]
    rules = STANDARD.with_values({"lean_gap": 0, **rules})
    d = decide(s, rules, today=TODAY)
    assert d.structure == condor
    assert plan_for(s, condor, rules, today=TODAY) == d.strikes


def test_the_lean_and_each_wing_move_their_strike(snap):
    """The side that is not leant to is sold further away; more IV of a wing moves its side."""
    away = {"put_wall": None, "call_wall": None}

    def shorts(**changes):
        legs = go(snap, **away | changes).strikes.legs
        return {leg.right: leg.strike for leg in legs if leg.sign < 0}

    level = {"put_vrp": 5.0, "call_vrp": 5.0}
    plain, put, call = shorts(**level), shorts(), shorts(put_vrp=4.0, call_vrp=8.0)
    assert put["put"] == plain["put"]
    assert put["call"] > plain["call"]
    assert call["put"] < plain["put"]
    assert call["call"] == plain["call"]
    wild_put, wild_call = shorts(**level, put_wing_iv=40.0), shorts(**level, call_wing_iv=40.0)
    assert wild_put["put"] < plain["put"]
    assert wild_put["call"] == plain["call"]
    assert wild_call["call"] > plain["call"]
    assert wild_call["put"] == plain["put"]


def test_a_plan_for_days(snap):
    """Named days count from the day that is given; without a spot or a calendar: no plan."""
    s, condor = snap(**FINE), STRUCTURES["iron_condor"]
    plan = plan_for(s, condor, STANDARD, today=TODAY, days=10)
    assert (plan.expiry, plan.days) == (date(2026, 4, 6), 10)
    assert plan_for(s, condor, STANDARD, today=TODAY).expiry == EXPIRY
    assert plan_for(s.replace(spot=None), condor, STANDARD, today=TODAY) is None
    assert plan_for(s, condor, STANDARD, today=date(2060, 1, 1)) is None


@pytest.mark.parametrize(
    ("earnings", "told"),
    [(date(2026, 3, 26), False), (TODAY, True), (EXPIRY, True), (date(2026, 12, 1), False)],
)
def test_earnings_before_the_expiry_are_a_warning(snap, earnings, told):
    """From today to the very day of the expiry."""
    d = go(snap, next_earnings=earnings)
    words = f"earnings on {earnings} fall before the expiry {EXPIRY}"
    assert (words in d.warnings) == told


def test_no_strikes_are_missed_where_none_are_due(snap):
    """A name without a structure, or a day without a calendar, does not complain of the spot."""
    d = go(snap, z_score=0.5, gamma="negative", spot=None)
    assert not any("no strikes" in w for w in d.warnings)
    assert not any("no strikes" in w for w in go(snap, today=date(2060, 1, 1)).warnings)


def test_a_size_of_zero_is_said(snap):
    """Where all gates pass and the rules size the cell at nothing, that is the reason."""
    d = go(snap, STANDARD.with_values({"size_a": 0}))
    assert (d.size, d.candidate) == (0.0, False)
    assert "the size is 0" in d.why
    assert go(snap).why == ()
    assert "the size is 0" not in go(snap, STANDARD.with_values({"size_a": 0}), vrp_20d=1.0).why
    assert "the size is 0" not in go(snap, STANDARD.with_values({"size_a": 0.5})).why


def test_the_regime_in_use_is_told_apart(snap):
    """A regime taken from net GEX is a warning on a row that is sold, no reason against it."""
    d = go(snap, gamma="unknown", gamma_basis=None)
    assert d.candidate
    assert any("net GEX" in words for words in d.warnings)
    assert not any("net GEX" in words for words in d.why)
    assert (d.symbol, go(snap, symbol="QQQ").symbol) == ("SPY", "QQQ")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gamma_flip": 600.0}, "spot is 3.36 % below the gamma flip"),
        ({"gamma_flip": 600.0, "gamma_basis": "repriced"}, None),
        ({"gamma_flip": 600.0, "gamma": "negative"}, None),
        ({"gamma_flip": None, "gamma_basis": "repriced"}, None),
    ],
)
def test_a_breach_by_cell_and_basis(snap, changes, words):
    """Below the flip is a breach of cell A, unless re-priced gamma is positive; B expects it."""
    fired = [e.words for e in go(snap, **changes).exits.fired if e.rule == "flip breach"]
    assert fired == ([words] if words else [])
    assert "near flip" not in {e.rule for e in go(snap, **changes).exits.unknown}


def test_what_a_breach_asks_depends_on_the_risk(snap):
    """Half is cut of what has a defined risk; what has none is closed."""
    naked = go(snap, gamma_flip=600.0, scores={"short_strangle": 90})
    assert (naked.structure.risk, naked.exits.fired[0].action) == ("undefined", "close")
    held = go(snap, gamma_flip=600.0)
    assert (held.structure.risk, held.exits.fired[0].action) == ("defined", "cut half")


def test_without_a_structure_the_reasons_stay(snap):
    """That there is nothing to sell is added to what was said of the size; a 0 stays a 0."""
    d = go(snap, SIZED_D, z_score=0.5, gamma="negative")
    assert "there is no structure to sell" in d.why
    unsized = go(snap, z_score=0.5, gamma="negative")
    assert "there is no structure to sell" not in unsized.why


def test_who_warns_is_said(snap):
    """The vendor's warnings carry its name; what was computed here does not."""
    told = {"warnings": ("negative_gamma",)}
    assert "vendor: negative gamma" in go(snap, **told).warnings
    assert "negative gamma" in go(snap, **told, score_kind="local").warnings


def test_a_compressed_z_is_explained(snap):
    """Its meaning stands among the warnings, and only there."""
    meaning = BAND_MEANING["compressed"]
    assert meaning in go(snap, z_score=-2.0).warnings
    assert meaning not in go(snap, z_score=-1.5).warnings
    assert meaning not in go(snap).warnings


def test_no_cell_is_a_reason(snap):
    """The article's method says that there is none; the ratio method does not ask."""
    lost = {"z_score": None, "gamma": "unknown", "net_gex": None}
    assert "no cell of the matrix" in go(snap, **lost).why
    assert "no cell of the matrix" not in go(snap, preset("ratio"), **lost).why


def test_a_long_reason_is_cut_at_its_colon(snap):
    """The action has room for 70 characters; the whole stands in the reasons."""
    short = go(snap, z_score=None, missing={"z_score": "x" * 58})
    assert short.action == "WAIT: no z-score: " + "x" * 58
    assert len(short.why[0]) == 70
    long = go(snap, z_score=None, missing={"z_score": "x" * 59})
    assert long.action == "WAIT: no z-score"
    assert long.why[0].endswith("x" * 59)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (49, None),
        (22, None),
        (21, "is 21 days away, at or inside the time stop"),
        (1, "is 1 day away, at or inside the time stop"),
        (0, "is 0 days away, at or inside the time stop"),
        (-1, "has passed"),
    ],
)
def test_a_plan_of_old_figures_keeps_its_expiry_and_warns_once_that_is_near(snap, left, words):
    """Days count from the day of the figures; a time stop that has come or gone is said."""
    d = decide(snap(**FINE), STANDARD, today=EXPIRY - timedelta(left))
    assert (d.strikes.expiry, d.strikes.days) == (EXPIRY, 49)
    told = f"the figures are of 2026-03-27 and their expiry {EXPIRY} {words}: refresh before you"
    assert [w.removesuffix(" trade") for w in d.warnings if "refresh before" in w] == (
        [told] if words else []
    )


def test_new_figures_with_a_near_expiry_do_not_warn_of_their_age(snap):
    """A rule that asks for an expiry inside the time stop is the user's choice."""
    rules = STANDARD.with_values({"target_dte": 14, "dte_min": 7, "dte_max": 20})
    d = decide(snap(**FINE), rules, today=TODAY)
    assert d.strikes.days < STANDARD.time_stop_dte
    assert not any("refresh before" in w for w in d.warnings)
