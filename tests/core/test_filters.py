"""Which filter left a name out: the rule, its value, the limit; and nothing for a candidate."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrp_xl.core.decide import decide
from vrp_xl.core.filters import rejections
from vrp_xl.core.rules import PRESETS, SPECS, STANDARD, Rules
from vrp_xl.core.snapshot import Snapshot

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)
GOOD = {
    "spot": 580.0, "atm_iv": 18.45, "atm_iv_30d": 18.9, "rv_20d": 12.3, "rv_30d": 13.6,
    "rv_90d": 15.1, "vrp_20d": 6.15, "z_score": 1.34, "percentile": 91.0, "gamma": "positive",
    "gamma_basis": "vendor", "gamma_flip": 571.0, "put_wall": 551.0, "call_wall": 609.0,
    "scores": {"short_put_spread": 72.0, "iron_condor": 70.0},
}  # fmt: skip


def found(rules=STANDARD, **figures):
    """What left a good name with changed figures out."""
    made = Snapshot(symbol="SPY", source="x", as_of=NOW, fetched_at=NOW, **(GOOD | figures))
    decision = decide(made, rules, today=TODAY)
    out = rejections(made, decision, rules, today=TODAY)
    assert bool(out) != decision.candidate
    return [(r.rule, r.value, r.limit) for r in out]


@pytest.mark.parametrize(
    ("figures", "rules", "want"),
    [
        ({}, {}, []),
        ({"vrp_20d": 1.5}, {}, [("spread_min", 1.5, 2.0)]),
        ({"vrp_20d": None}, {}, [("spread_min", None, 2.0)]),
        ({"z_score": None}, {}, [("z_min", None, 1.0)]),
        ({"gamma": "unknown", "gamma_basis": None, "gamma_flip": None}, {},
         [("unknown_gamma", None, None)]),
        ({"percentile": 70.0}, {"percentile_min": 80}, [("percentile_min", 70.0, 80.0)]),
        ({"rv_90d": 18.0}, {"method": "both"}, [("structural_min", 1.05, 1.10)]),
        ({"rv_30d": 17.5}, {"method": "ratio"}, [("tactical_min", 1.08, 1.15)]),
        ({"rv_30d": None}, {"method": "ratio"}, [("tactical_min", None, 1.15)]),
        ({"next_earnings": TODAY + timedelta(4)}, {}, [("earnings_days", 4.0, 10)]),
        ({"vrp_regime": "event_only"}, {}, [("event_warning", None, None)]),
        ({"atm_oi": 20.0}, {}, [("min_atm_oi", 20.0, 500.0)]),
        ({"atm_spread_pct": 9.0}, {}, [("max_spread_pct", 9.0, 5.0)]),
        ({"spot": 565.0}, {}, [("flip_breach", -1.0619, 0.0)]),
        ({"rv_30d": 20.0}, {}, [("tactical_defense", 0.945, 1.0)]),
        ({"vrp_20d": -1.0}, {"inversion_exit": "inverted", "spread_min": -5},
         [("inversion_exit", -1.0, 0.0)]),
        ({}, {"size_a": 0}, [("size_a", 0.0, 0.0)]),
        ({"scores": {}, "z_score": 0.2, "z_exit": 0}, {"size_c": 0}, [("size_c", 0.0, 0.0)]),
    ],
)  # fmt: skip
def test_the_rule_its_value_and_the_limit(figures, rules, want):
    """Each filter alone."""
    figures.pop("z_exit", None)
    seen = found(STANDARD.with_values(rules), **figures)
    assert [rule for rule, _, _ in seen] == [rule for rule, _, _ in want]
    for (_, value, limit), (_, wanted, bound) in zip(seen, want, strict=True):
        assert value == (wanted if wanted is None else pytest.approx(wanted, abs=1e-3))
        assert limit == bound


def test_a_name_may_fall_to_several():
    """All are listed, the screen first."""
    rules = [rule for rule, _, _ in found(z_score=-1.7, vrp_20d=-7.0, gamma="negative")]
    assert rules[:2] == ["z_min", "spread_min"]
    assert "z_exit" in rules


figures = st.fixed_dictionaries(
    {},
    optional={
        "z_score": st.one_of(st.none(), st.floats(-4, 5)),
        "vrp_20d": st.one_of(st.none(), st.floats(-20, 30)),
        "percentile": st.one_of(st.none(), st.floats(0, 100)),
        "rv_20d": st.one_of(st.none(), st.floats(1, 80)),
        "rv_30d": st.one_of(st.none(), st.floats(1, 80)),
        "rv_90d": st.one_of(st.none(), st.floats(1, 80)),
        "spot": st.one_of(st.none(), st.floats(400, 700)),
        "gamma": st.sampled_from(["positive", "negative", "unknown"]),
        "gamma_flip": st.one_of(st.none(), st.floats(400, 700)),
        "net_gex": st.one_of(st.none(), st.floats(-1e9, 1e9)),
        "atm_oi": st.one_of(st.none(), st.floats(0, 2000)),
        "atm_spread_pct": st.one_of(st.none(), st.floats(0, 20)),
        "next_earnings": st.one_of(st.none(), st.dates(TODAY, TODAY + timedelta(40))),
        "vrp_regime": st.sampled_from([None, "event_only", "harvestable"]),
        "scores": st.sampled_from([{}, GOOD["scores"]]),
    },
)


@settings(max_examples=400)
@given(figures, st.sampled_from([*PRESETS.values(), Rules(method="both", inversion_exit="both"),
                                 Rules(unknown_gamma="none", size_b=0.0)]))  # fmt: skip
def test_nothing_is_rejected_exactly_where_it_is_a_candidate(changed, rules):
    """Whatever the figures and the rules; every name of a rule is one."""
    for rule, _, _ in found(rules, **changed):
        assert rule in SPECS or rule in ("flip_breach", "event_warning")


def test_what_is_left_is_sizing():
    """Without a cell its own size, in a cell without a structure the structures."""
    lost = {"z_score": None, "gamma": "unknown", "gamma_basis": None, "gamma_flip": None}
    ratio = STANDARD.with_values({"method": "ratio", "size_without_cell": 0})
    assert found(ratio, **lost)[-1] == ("size_without_cell", 0.0, 0.0)
    sized = STANDARD.with_values({"method": "ratio", "size_d": 0.5, "z_exit": -10})
    low = {"z_score": 0.2, "gamma": "negative", "gamma_flip": None}
    assert found(sized, **low)[-1] == ("structures", None, None)


@pytest.mark.parametrize(
    "figures", [{"atm_spread_pct": 9.0}, {"atm_oi": 20.0}, {"vrp_regime": "event_only"},
                {"vrp_20d": 1.5}, {"spot": 565.0}, {"z_score": None}],
)  # fmt: skip
def test_each_says_in_words_what_it_was(figures):
    """A sentence each, that no other filter gives."""
    made = Snapshot(symbol="SPY", source="x", as_of=NOW, fetched_at=NOW, **(GOOD | figures))
    decision = decide(made, STANDARD, today=TODAY)
    told = [one.words for one in rejections(made, decision, STANDARD, today=TODAY)]
    assert told
    assert all(" " in words for words in told)
    assert len(set(told)) == len(told)


WORDS = [
    # figures, rules -> rule, value, limit, words
    ({"vrp_20d": 2.0}, {}, [("spread_min", 2.0, 2.0, "spread 2.00 is not above 2")]),
    ({"vrp_20d": 2.01}, {}, []),
    ({"vrp_20d": None}, {}, [("spread_min", None, 2.0, "spread is missing")]),
    ({"z_score": None}, {}, [("z_min", None, 1.0, "z is missing")]),
    ({"z_score": 0.2, "gamma": "negative", "gamma_flip": None}, {},
     [("z_min", 0.2, 1.0, "z +0.20 is below 1 in negative gamma")]),
    ({"gamma": "unknown", "gamma_flip": None}, {},
     [("unknown_gamma", None, None, "the gamma regime is not known")]),
    ({"percentile": 80.0}, {"percentile_min": 80}, []),
    ({"percentile": 79.9}, {"percentile_min": 80},
     [("percentile_min", 79.9, 80.0, "percentile 79.90 is not above 80")]),
    ({"percentile": None, "gamma": "negative", "gamma_flip": None}, {"percentile_min": 80},
     [("percentile_min", None, 80.0, "percentile is missing")]),
    ({"percentile": 1.0, "z_score": 0.2}, {"percentile_min": 80}, []),
    ({"rv_90d": 18.0, "z_score": 0.2}, {},
     [("structural_min", 1.05, 1.10, "IV/HV90 1.05 is not above 1.1")]),
    ({"rv_90d": 18.0}, {}, []),
    ({"rv_30d": 17.5}, {"method": "both"},
     [("tactical_min", 1.08, 1.15, "IV/HV30 1.08 is not above 1.15")]),
    ({"rv_90d": None}, {"method": "ratio"}, [("structural_min", None, 1.10, "IV/HV90 is missing")]),
    ({"z_score": -0.6}, {}, [("z_exit", -0.6, -0.5, "compressed, z -0.60 is below -0.5")]),
    ({"spot": 573.0}, {}, []),
    ({"next_earnings": TODAY + timedelta(10)}, {},
     [("earnings_days", 10.0, 10, "earnings on 2026-11-30, in 10 days")]),
    ({"next_earnings": TODAY, "vrp_regime": "event_only"}, {},
     [("earnings_days", 0.0, 10, "earnings on 2026-11-20, in 0 days"),
      ("event_warning", None, None, "the source warns of an event")]),
    ({"vrp_20d": -1.0}, {"size_by": "spread", "spread_min": -5},
     [("size_by", -1.0, 5.0, "between the bands: 0% of the cell's size for the spread")]),
    ({}, {"size_a": 0}, [("size_a", 0.0, 0.0, "the size is 0")]),
    ({"vrp_20d": 1.5}, {"method": "both"},
     [("spread_min", 1.5, 2.0, "spread 1.50 is not above 2")]),
    ({"vrp_20d": 1.5}, {"method": "ratio"}, []),
    ({"gamma": "unknown", "gamma_flip": None}, {"method": "ratio"},
     [("size_without_cell", 0.0, 0.0, "the size is 0")]),
    ({"z_score": 0.2, "gamma": "negative", "gamma_flip": None}, {"method": "ratio", "size_d": 0.5},
     [("structures", None, None, "there is no structure to sell")]),
]  # fmt: skip


@pytest.mark.parametrize(("figures", "rules", "want"), WORDS)
def test_each_filter_whole(figures, rules, want):
    """At its limit and beside it: the rule, the figure, the limit and the sentence."""
    rules = STANDARD.with_values(rules)
    made = Snapshot(symbol="SPY", source="x", as_of=NOW, fetched_at=NOW, **(GOOD | figures))
    out = rejections(made, decide(made, rules, today=TODAY), rules, today=TODAY)
    assert [tuple(one) for one in out] == [
        (rule, value if value is None else pytest.approx(value), limit, words)
        for rule, value, limit, words in want
    ]
