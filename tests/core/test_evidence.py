"""Groups, comparisons, buckets and surfaces: hand-made days, and what must hold for any."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence_series import made
from vrp_xl.core import bootstrap, outcomes
from vrp_xl.core.bootstrap import Interval
from vrp_xl.core.calendar import trading_days
from vrp_xl.core.compare import TOLERANCE, above, at_least
from vrp_xl.core.evidence import Difference, Group, evidence, passes
from vrp_xl.core.outcomes import Days
from vrp_xl.core.rules import PRESETS, STANDARD
from vrp_xl.errors import NoNumberError

TENOR = 21


def hand_made(rows, first=date(2020, 1, 2), names=("ABC",)):
    """Days in a row from (iv, hv30, hv90, following); z and spread beside them."""
    days = trading_days(first, first + timedelta(days=2 * len(rows) + 10))[: len(rows)]
    table = np.array(rows, float).T
    n = len(rows)
    unknown = np.full(n, np.nan)
    return Days(
        names=names, symbol=np.zeros(n, np.int64),
        day=np.array([d.toordinal() for d in days], np.int64),
        iv=table[0], spread=table[0] - table[1], hv30=table[1], hv90=table[2],
        z=unknown, z_others=np.full((n, 3), np.nan), spread_percentile=unknown,
        iv_percentile=unknown, following=table[3], cell=np.full(n, "", "<U1"), candidate=unknown,
    )  # fmt: skip


BOTH = (20.0, 15.0, 16.0, 15.0)  # 1.33 and 1.25: outcome +5
STRUCTURAL = (20.0, 18.0, 16.0, 26.0)  # 1.11 and 1.25: outcome -6
TACTICAL = (20.0, 15.0, 19.0, 16.0)  # 1.33 and 1.05: outcome +4
NEITHER = (20.0, 22.0, 21.0, 20.0)  # outcome 0, not positive


def groups_of(found):
    """The four groups by key."""
    return {group.key: group for group in found.groups}


def test_hand_made_days_fall_into_their_groups():
    """Counts, means, shares, logs and worst days, as on paper."""
    rows = [BOTH, BOTH, STRUCTURAL, TACTICAL, NEITHER, (20.0, 15.0, 16.0, 21.0)]
    found = evidence(hand_made(rows), STANDARD, TENOR, draws=50)
    g = groups_of(found)
    assert [g[k].n for k in ("both", "structural_only", "tactical_only", "neither")] == [3, 1, 1, 1]
    assert g["both"].mean == pytest.approx((5 + 5 - 1) / 3)
    assert g["both"].positive_pct == pytest.approx(200 / 3)
    assert g["both"].log_mean == pytest.approx((2 * np.log(20 / 15) + np.log(20 / 21)) / 3)
    assert (g["both"].worst, g["both"].worst_symbol) == (-1.0, "ABC")
    assert g["both"].worst_day == date(2020, 1, 9)
    assert g["structural_only"].mean == -6.0
    assert g["tactical_only"].mean == 4.0
    assert (g["neither"].mean, g["neither"].positive_pct) == (0.0, 0.0)
    assert found.passing.right.n == 3
    assert found.passing.points.value == pytest.approx(3.0 - (-6 + 4 + 0) / 3)
    assert found.passing.points.ci is None
    assert found.passing.points.verdict == "unknown"


def test_thresholds_are_those_of_the_core():
    """What equals a threshold on paper fails it; realized volatility counts as at least 5."""
    rows = [(3.22 * 5, 2.8 * 5, 10.0, 1.0), (5.5, 1.0, 2.0, 1.0), (6.0, 1.0, 2.0, 1.0)]
    found = evidence(hand_made(rows), STANDARD, TENOR, draws=20)
    g = groups_of(found)
    assert (g["structural_only"].n, g["neither"].n, g["both"].n) == (1, 1, 1)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.15, 80.0, -200.0])
def test_columns_are_judged_as_single_figures_are(threshold):
    """Equal within the same tolerance, on both sides; what is not known passes nothing."""
    slack = TOLERANCE * max(1.0, abs(threshold))
    values = threshold + slack * np.array([-1.5, -0.5, 0.0, 0.5, 1.5, np.nan])
    for strict, single in ((True, above), (False, at_least)):
        wanted = [single(value, threshold) for value in values.tolist()]
        assert passes(values, threshold, strict=strict).tolist() == wanted


def test_a_dead_stock_has_an_outcome_but_no_log():
    """Nothing follows: 20 points were paid for nothing, their ratio is no number."""
    found = evidence(hand_made([BOTH, (20.0, 15.0, 16.0, 0.0)]), STANDARD, TENOR, draws=20)
    both = groups_of(found)["both"]
    assert both.mean == 12.5
    assert both.log_mean == pytest.approx(np.log(20 / 15))
    alone = groups_of(evidence(hand_made([(20.0, 15.0, 16.0, 0.0)]), STANDARD, TENOR, draws=20))
    assert (alone["both"].mean, alone["both"].log_mean) == (20.0, None)
    nearly = groups_of(evidence(hand_made([(20.0, 15.0, 16.0, 0.5)]), STANDARD, TENOR, draws=20))
    assert nearly["both"].log_mean == pytest.approx(np.log(40))


def test_the_tail_is_counted_in_episodes():
    """Worst days nearer than a tenor to each other are one episode."""
    rows = [BOTH] * 400
    for at in (50, 52, 60, 200, 203, 350, *range(100, 112)):
        rows[at] = (20.0, 15.0, 16.0, 40.0 + at / 100)
    both = groups_of(evidence(hand_made(rows), STANDARD, TENOR, draws=20))["both"]
    outcomes_ = np.sort([20.0 - row[3] for row in rows])
    assert both.quantile == pytest.approx(np.quantile(outcomes_, 0.05))
    assert both.shortfall == pytest.approx(outcomes_[outcomes_ <= both.quantile].mean())
    assert both.tail_episodes == 1  # more than 5 % of the days are alike: all days are the tail
    for at in (120, 121, 122):
        rows[at] = (20.0, 15.0, 16.0, 41.0)
    both = groups_of(evidence(hand_made(rows), STANDARD, TENOR, draws=20))["both"]
    assert both.quantile < -19
    assert both.tail_episodes == 4


@pytest.fixture(scope="module")
def days():
    """900 days of one symbol."""
    return outcomes.from_series(made(900), STANDARD, TENOR)[0]


@pytest.fixture(scope="module")
def found(days):
    """Their evidence."""
    return evidence(days, STANDARD, TENOR, draws=300)


def test_groups_part_the_days(found):
    """The four groups hold every day once; so do both sides of each comparison and the buckets."""
    assert sum(group.n for group in found.groups) == found.everything.n == 900 - 90 - TENOR
    assert sum(group.seen for group in found.groups) == found.counts.inputs == 900 - 90
    assert found.passing.left.n + found.passing.right.n == found.everything.n
    has_z = 900 - 272 - TENOR
    assert sum(group.n for group in found.buckets["z"]) == has_z
    assert sum(group.n for group in found.buckets["compression"]) == found.everything.n
    assert sum(group.n for group in found.buckets["inversion"]) == has_z
    assert {pair.left.n + pair.right.n for pair in found.exits} == {has_z, 900 - 30 - TENOR}
    total = sum(group.n * group.mean for group in found.groups if group.n)
    assert total / found.everything.n == pytest.approx(found.everything.mean)


def test_counts_of_a_surface_fall_with_its_thresholds(found):
    """A higher threshold never lets more days through."""
    for surface in found.surfaces:
        assert (np.diff(surface.n, axis=0) <= 0).all()
        assert (np.diff(surface.n, axis=1) <= 0).all()
        assert list(surface.rows) == sorted(surface.rows)


@pytest.mark.parametrize("name", ["standard", "ratio", "spike", "zscore"])
def test_a_surface_holds_what_the_groups_say(days, name):
    """At the thresholds in force it is the group that passes both; elsewhere it is brute force."""
    rules = PRESETS[name]
    found = evidence(days, rules, TENOR, draws=20)
    surface = found.surfaces[1]
    i = surface.rows.index(rules.structural_min)
    j = surface.columns.index(rules.tactical_min)
    both = groups_of(found)["both"]
    assert surface.n[i, j] == both.n
    assert surface.mean[i, j] == pytest.approx(both.mean)
    assert surface.positive_pct[i, j] == pytest.approx(both.positive_pct)
    assert surface.log_mean[i, j] == pytest.approx(both.log_mean)
    grid = found.surfaces[0]
    outcome = days.iv - days.following
    for i, z_min in enumerate(grid.rows):
        for j, spread_min in enumerate(grid.columns):
            took = (days.z >= z_min) & (days.spread > spread_min) & ~np.isnan(outcome)
            assert grid.n[i, j] == took.sum()
            if took.any():
                assert grid.mean[i, j] == pytest.approx(outcome[took].mean())
            else:
                assert np.isnan(grid.mean[i, j])


def test_a_symbol_given_twice_is_no_more_evidence(days, found):
    """Blocks are the same for all symbols: twice the days, the same interval."""
    twin = outcomes.together([days, days])
    twice = evidence(twin, STANDARD, TENOR, draws=300)
    assert twice.everything.n == 2 * found.everything.n
    assert twice.everything.ci == pytest.approx(found.everything.ci)
    assert twice.passing.points.ci == pytest.approx(found.passing.points.ci)
    assert twice.everything.worth == pytest.approx(found.everything.worth)
    assert len(twice.by_symbol) == 2


def test_overlapping_days_are_worth_far_fewer(found):
    """A day is not an independent window: the worth is nearer to days over tenor."""
    assert found.everything.worth < found.everything.n / 4


@given(low=st.floats(-3, 3), width=st.floats(0, 3), value=st.floats(-3, 3))
@settings(max_examples=50)
def test_verdicts(low, width, value):
    """None is shown exactly where 0 lies in the interval."""
    verdict = Difference(value, Interval(low, low + width)).verdict
    inside = low <= 0 <= low + width
    assert verdict == ("none" if inside else "less" if value < 0 else "more")


def planted(gap, n=3000):
    """Days that Structural alone passes pay `gap` points less than those of Tactical alone."""
    rng = np.random.default_rng(5)
    rows = []
    for k in range(n):
        iv, hv30, hv90, _ = STRUCTURAL if (k // 10) % 2 else TACTICAL
        paid = 4.0 - gap * ((k // 10) % 2) + rng.normal(0, 2)
        rows.append((iv, hv30, hv90, iv - paid))
    return hand_made(rows, first=date(2000, 1, 3))


def test_a_planted_difference_is_found_and_its_lack_is_not():
    """3 points between the filters are shown with their sign; none where there is none."""
    shown = evidence(planted(3.0), STANDARD, TENOR, draws=400).disagree
    assert shown.points.verdict == shown.log.verdict == "less"
    assert shown.points.ci.low < -3.0 + 0.2
    assert shown.points.ci.high > -3.0 - 0.2
    assert evidence(planted(0.0), STANDARD, TENOR, draws=400).disagree.points.verdict == "none"


def test_too_short_a_history_is_no_number():
    """With words on what it takes."""
    short = outcomes.from_series(made(100), STANDARD, TENOR)[0]
    with pytest.raises(NoNumberError, match="90 returns before a day and 21 after it"):
        evidence(short, STANDARD, TENOR)


def test_years_hold_every_day(found):
    """By year and group, the days of the four groups."""
    for group in found.groups:
        own = [year for year in found.years if year.key == group.key]
        assert sum(year.n for year in own) == group.n
        if group.n:
            assert sum(y.n * y.mean for y in own) / group.n == pytest.approx(group.mean)


def test_cells_and_decisions_of_a_journal_are_buckets(days):
    """Where they are known, and only there."""
    assert "cell" not in evidence(days, STANDARD, TENOR, draws=20).buckets
    letters = np.array(list("ABCD?") * 180, "<U1")
    marked = (np.arange(900) % 2).astype(float)
    fields = {name: getattr(days, name) for name in days.__slots__}
    judged = Days(**{**fields, "cell": letters, "candidate": marked})
    buckets = evidence(judged, STANDARD, TENOR, draws=20).buckets
    assert [group.key for group in buckets["cell"]] == list("ABCD?")
    outcome = days.iv - days.following
    assert [(g.key, g.title, g.seen, g.mean) for g in buckets["candidate"]] == [
        (key, key, 450, pytest.approx(np.nanmean(outcome[marked == mark])))
        for key, mark in (("candidate", 1), ("left out", 0))
    ]
    judged = replace(judged, candidate=np.where(np.arange(900) < 870, NAN, 1.0))
    buckets = evidence(judged, STANDARD, TENOR, draws=20).buckets
    assert [(g.seen, g.n) for g in buckets["candidate"]] == [(30, 9), (0, 0)]


def test_the_share_of_high_days_is_counted(found):
    """Of the days with a z, in percent; what is judged is there in every part."""
    counts = found.counts
    assert counts.high_z_pct == pytest.approx(100 * counts.high_z / counts.with_z)
    assert 0 < counts.high_z_pct < 100


NAN = float("nan")
PAPER = np.array([
    # hv30, hv90, following, spread, z, IV percentile, spread percentile; the IV is 20 on all days
    [15, 16, 15, 5.0, 1.0, 30.0, 80.0],  # all screens pass, z and percentiles at their limits
    [15, 16, 15, 5.0, 0.9, 29.9, 90.0],
    [15, 16, 19, 2.0, 2.0, NAN, 90.0],  # the spread at its limit
    [18, 16, 26, 2.1, 1.5, 80.0, 79.0],
    [15, 19, 16, 5.0, NAN, 50.0, 90.0],
    [22, 21, 20, NAN, 1.0, 10.0, 90.0],
    [15, NAN, 17, 5.0, 3.0, 90.0, NAN],
    [15, 16, NAN, 5.0, -1.0, 90.0, 90.0],  # the outcome is not known yet
])  # fmt: skip


def paper(table=PAPER, **columns):
    """Days as in such a table."""
    rows = [(20.0, hv30, hv90, after) for hv30, hv90, after, *_ in table]
    spread, z, high, place = np.array(table).T[3:7]
    found = {"spread": spread, "z": z, "iv_percentile": high, "spread_percentile": place}
    return replace(hand_made(rows), **(found | columns))


def sides(pairs):
    """Of each comparison: its key, the titles, the days on either side, those with an outcome."""
    return [
        (p.key, p.left.title, p.right.title, (p.left.seen, p.right.seen), (p.left.n, p.right.n))
        for p in pairs
    ]


def test_each_screen_has_its_days_and_the_rest_on_which_it_could_judge():
    """Limits as in the core; a day without the figure is on neither side."""
    found = evidence(paper(), STANDARD, TENOR, draws=20)
    entry, ratios = "z >= 1 and spread > 2", "IV/HV90 > 1.1 and IV/HV30 > 1.15"
    assert sides(found.screens) == [
        ("z", "z >= 1", "z < 1", (5, 2), (5, 1)),
        ("article", entry, "the rest", (3, 3), (3, 2)),
        ("structural", "IV/HV90 > 1.1", "the rest", (5, 2), (4, 2)),
        ("tactical", "IV/HV30 > 1.15", "the rest", (5, 2), (4, 2)),
        ("simple", "IV/HV30 > 1.15 and IV percentile >= 30", "the rest", (3, 3), (2, 3)),
        ("article and ratio", f"{entry}, and {ratios}", "the rest", (1, 4), (1, 3)),
    ]
    assert [(p.left.key, p.right.key) for p in found.screens[:2]] == [
        ("z", "not z"), ("article", "not article"),
    ]  # fmt: skip
    assert sides([found.passing, found.rejected, found.disagree]) == [
        ("passing", "pass both filters", "fail one or both", (4, 3), (3, 3)),
        ("rejected", "Structural rejects", "Structural passes", (1, 2), (1, 1)),
        ("disagree", "Structural alone", "Tactical alone", (1, 1), (1, 1)),
    ]
    assert [(g.key, g.title, g.n, g.seen) for g in (*found.groups, found.everything)] == [
        ("both", "pass both", 3, 4), ("structural_only", "Structural alone", 1, 1),
        ("tactical_only", "Tactical alone", 1, 1), ("neither", "pass neither", 1, 1),
        ("all", "all days", 6, 7),
    ]  # fmt: skip
    easier = evidence(paper(), STANDARD, TENOR, draws=20, iv_percentile_min=29)
    assert sides(easier.screens)[4][1:] == (
        "IV/HV30 > 1.15 and IV percentile >= 29", "the rest", (4, 2), (3, 2),
    )  # fmt: skip
    assert sides([easier.rejected])[0][-1] == (1, 2)


def test_a_screen_by_percentile_of_the_spread():
    """Where the rules have one and the days know it; else it is neither counted nor named."""
    rules = STANDARD.with_values({"percentile_min": 80})
    entry, ratios = "z >= 1 and spread > 2", "IV/HV90 > 1.1 and IV/HV30 > 1.15"
    _, article, _, _, _, both = sides(evidence(paper(), rules, TENOR, draws=20).screens)
    told = f"{entry} and percentile >= 80"
    assert article == ("article", told, "the rest", (1, 4), (1, 3))
    assert both == ("article and ratio", f"{told}, and {ratios}", "the rest", (1, 4), (1, 3))
    unknown = paper(spread_percentile=np.full(8, NAN))
    _, article, *_ = sides(evidence(unknown, rules, TENOR, draws=20).screens)
    assert article == ("article", entry, "the rest", (3, 3), (3, 2))


def test_counts_and_dates_on_paper():
    """What there was, what it passed, and where it begins and ends."""
    lead = [[15, NAN, 15, 5.0, NAN, NAN, NAN]]
    found = evidence(paper(np.vstack([lead, PAPER])), STANDARD, TENOR, draws=20)
    c = found.counts
    assert (c.rows, c.inputs, c.structural, c.both, c.with_outcome) == (9, 7, 5, 4, 6)
    assert (c.with_z, c.high_z, c.high_z_pct) == (7, 5, pytest.approx(500 / 7))
    assert (found.first, found.last) == (date(2020, 1, 3), date(2020, 1, 14))
    assert found.last_outcome == date(2020, 1, 10)
    assert (found.symbols, found.tenor, found.draws) == (("ABC",), TENOR, 20)
    assert (found.trading_days, found.block) == (9, 9)
    bare = evidence(hand_made([BOTH, NEITHER]), STANDARD, TENOR, draws=20)
    assert (bare.counts.with_z, bare.counts.high_z, bare.counts.high_z_pct) == (0, 0, None)


EXITS = np.array([
    [20, 20, 15, 0.0, -0.5, NAN, NAN],  # all at their limits: none fires
    [15, 20, 15, 1.0, -0.51, NAN, NAN],
    [15, 20, 16, -0.1, 0.0, NAN, NAN],
    [20.1, 20, 17, 1.0, 0.0, NAN, NAN],
    [25, 20, 18, -1.0, -2.0, NAN, NAN],
    [15, 20, 19, -1.0, NAN, NAN, NAN],
    [15, 20, 20, NAN, -1.0, NAN, NAN],
    [NAN, 20, 21, 1.0, 1.0, NAN, NAN],
])  # fmt: skip


def test_days_on_which_an_exit_fires():
    """Compressed by z, inverted by the spread or by IV over HV30, each, both or none."""
    found = evidence(paper(EXITS), STANDARD, TENOR, draws=20)
    assert sides(found.exits) == [
        ("compressed", "z < -0.5", "z >= -0.5", (3, 4), (3, 4)),
        ("inverted", "spread < 0 or IV/HV30 < 1", "neither", (4, 2), (4, 2)),
    ]
    assert [(g.key, g.title, g.n, g.mean) for g in found.buckets["inversion"]] == [
        ("none", "none fires", 1, 5.0), ("compressed", "compressed alone", 1, 5.0),
        ("inverted", "inverted alone", 2, 3.5), ("both", "both", 1, 2.0),
    ]  # fmt: skip


def test_bands_of_compression_against_the_normal_one():
    """A limit belongs to the milder side; HV90 of nothing has no ratio."""
    ratios = (0.59, 0.6, 0.74, 0.75, 1.0, 1.15, 1.16, 1.3, 1.31)
    rows = [(20.0, 10 * r, 10.0, 20.0 - n) for n, r in enumerate(ratios)]
    rows += [(20.0, 10.0, 0.0, 1.0), (20.0, 0.0, 0.0, 1.0), (20.0, 0.4, 0.5, 12.0)]
    found = evidence(hand_made(rows), STANDARD, TENOR, draws=20)
    assert [(g.key, g.title, g.n, g.mean) for g in found.buckets["compression"]] == [
        ("c0", "below 0.60", 1, 0.0), ("c1", "0.60 to 0.75", 2, 1.5),
        ("c2", "0.75 to 1.15", 4, 5.0), ("c3", "1.15 to 1.30", 2, 6.5),
        ("c4", "above 1.30", 1, 8.0),
    ]  # fmt: skip
    assert [(*side[:3], side[-1]) for side in sides(found.bands)] == [
        ("c0", "below 0.60", "0.75 to 1.15", (1, 4)),
        ("c1", "0.60 to 0.75", "0.75 to 1.15", (2, 4)),
        ("c3", "1.15 to 1.30", "0.75 to 1.15", (2, 4)),
        ("c4", "above 1.30", "0.75 to 1.15", (1, 4)),
    ]
    assert [band.points.value for band in found.bands] == [-5.0, -3.5, 1.5, 3.0]


def test_buckets_of_z_and_windows_side_by_side():
    """An edge belongs to what lies above it; a window without a high day is left out."""
    z = np.array([-1.6, -1.5, -0.5, 0.0, 0.9, 1.0, 1.5, 2.9, 3.0, NAN])
    others = np.column_stack([z, np.full(10, 0.9), np.where(z > 0, z, NAN)])
    days = replace(hand_made([BOTH] * 10), z=z, z_others=others)
    found = evidence(days, STANDARD, TENOR, draws=20)
    assert [(g.key, g.title, g.n) for g in found.buckets["z"]] == [
        ("z0", "below -1.5", 1), ("z1", "-1.5 to -0.5", 1), ("z2", "-0.5 to 0", 1),
        ("z3", "0 to 1", 2), ("z4", "1 to 1.5", 1), ("z5", "1.5 to 3", 2),
        ("z6", "3 and above", 1),
    ]  # fmt: skip
    assert list(found.windows) == [60, 504]
    assert sides(found.windows.values()) == [
        ("z60", "z >= 1", "z < 1", (4, 5), (4, 5)), ("z504", "z >= 1", "z < 1", (4, 1), (4, 1)),
    ]  # fmt: skip


def test_surfaces_reach_over_their_thresholds_and_count_the_tail(days):
    """Axes with the own threshold among them; the tail is that of all days that are judged."""
    rules = STANDARD.with_values({"z_min": 1.2, "tactical_min": 1.25})
    grid, ratios = evidence(days, rules, TENOR, draws=20).surfaces
    assert (grid.key, grid.row_name, grid.column_name) == ("z x spread", "z_min", "spread_min")
    assert grid.rows == (-1.0, -0.5, 0.0, 0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0)
    assert grid.columns == tuple(float(n) for n in range(-2, 11))
    assert grid.at == (1.2, 2.0)
    assert (ratios.key, ratios.row_name, ratios.column_name) == (
        "structural x tactical", "structural_min", "tactical_min",
    )  # fmt: skip
    assert ratios.rows == (0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6)
    assert ratios.columns == (0.8, 0.9, 1.0, 1.1, 1.2, 1.25, 1.3, 1.4, 1.5, 1.6)
    assert ratios.at == (1.1, 1.25)
    outcome = days.iv - days.following
    known = ~np.isnan(days.z) & ~np.isnan(outcome)
    tail = known & (outcome <= np.quantile(outcome[known], 0.05))
    took = known & (days.z >= 0.5) & (days.spread > 3.0)
    assert grid.tail_pct[0, 0] == pytest.approx(
        100 * tail[known & (days.z >= -1.0) & (days.spread > -2.0)].mean()
    )
    assert grid.tail_pct[3, 5] == pytest.approx(100 * tail[took].mean())
    assert grid.positive_pct[3, 5] == pytest.approx(100 * (outcome[took] > 0).mean())
    assert grid.log_mean[3, 5] == pytest.approx(np.log(days.iv / days.following)[took].mean())


def test_a_surface_on_paper():
    """One day in a cell is enough, nothing earned is not positive, no day is no figure."""
    rows = [BOTH, (20.0, 15.0, 16.0, 20.0), (20.0, 15.0, 16.0, 0.0), (21.0, 14.0, 14.0, 20.5)]
    ratios = evidence(hand_made(rows), STANDARD, TENOR, draws=20).surfaces[1]
    assert ratios.n[0, 0] == 4
    assert ratios.positive_pct[0, 0] == 75.0
    assert ratios.tail_pct[0, 0] == 25.0
    assert ratios.log_mean[0, 0] == pytest.approx(np.log([20 / 15, 1.0, 21 / 20.5]).mean())
    i, j = ratios.rows.index(1.4), ratios.columns.index(1.4)
    assert (ratios.n[i, j], ratios.mean[i, j], ratios.positive_pct[i, j]) == (1, 0.5, 100.0)
    assert ratios.log_mean[i, j] == pytest.approx(np.log(21 / 20.5))
    assert (ratios.tail_pct[i, j], ratios.n[-1, -1]) == (0.0, 0)
    for figures in (ratios.mean, ratios.log_mean, ratios.positive_pct, ratios.tail_pct):
        assert np.isnan(figures[-1, -1])
    empty = evidence(hand_made(rows), STANDARD, TENOR, draws=20).surfaces[0]
    assert (empty.n == 0).all()
    assert np.isnan(empty.mean).all()


def test_a_surface_is_strict_where_its_rule_is():
    """A z counts from its threshold on, spread and ratios above it; the tail with its end."""
    rows = [(20.0, 10.0, 20 / k, 20.0 - n) for n, k in enumerate((1.1, 1.2))]
    days = replace(hand_made(rows), z=np.array([1.0, 0.9]), spread=np.array([2.0, 2.1]))
    grid, ratios = evidence(days, STANDARD, TENOR, draws=20).surfaces
    z, spread = grid.rows.index(1.0), grid.columns.index(2.0)
    assert (grid.n[z, 0], grid.n[0, spread], grid.n[0, spread - 1]) == (1, 1, 2)
    at = ratios.rows.index(1.1)
    assert (ratios.n[at, 0], ratios.n[at - 1, 0]) == (1, 2)
    rows = [(20.0, 12.5, 10.0, float(n)) for n in range(21)]
    ratios = evidence(hand_made(rows), STANDARD, TENOR, draws=20).surfaces[1]
    assert ratios.tail_pct[0, 0] == pytest.approx(100 * 2 / 21)
    at = ratios.columns.index(1.6)
    assert (ratios.n[0, at], ratios.n[0, at - 1]) == (0, 21)


def drawn_means(values, mask, *, seed, draws=300):
    """The mean of the days of a group in every draw, one day at a time."""
    n = len(values)
    length = bootstrap.block_length(n, TENOR)
    made_of = bootstrap.blocks(n, length, draws=draws, seed=seed)
    means = []
    for starts in made_of.starts:
        at = np.array([(s + k) % n for s in starts for k in range(made_of.length)][:n])
        at = at[mask[at]]
        means.append(values[at].mean() if len(at) else NAN)
    return np.array(means), made_of


def test_intervals_are_those_of_the_days_drawn(days):
    """Of a mean, a share, a log and of their differences; as many windows as give such a mean."""
    outcome = days.iv - days.following
    known = ~np.isnan(outcome) & ~np.isnan(days.hv90)
    both = known & (days.iv / days.hv90 > 1.1) & (days.iv / days.hv30 > 1.15)
    rest = known & ~both
    drawn = {}
    for name, mask in (("both", both), ("rest", rest)):
        held = drawn_means(outcome, mask, seed=7)[1].held(mask.astype(float))
        for key, values in (
            ("mean", outcome),
            ("share", 100.0 * (outcome > 0)),
            ("log", np.log(days.iv / days.following)),
        ):
            drawn[name, key] = drawn_means(values, mask, seed=7)[0], held
    pair = evidence(days, STANDARD, TENOR, draws=300, seed=7).passing
    for group, name in ((pair.left, "both"), (pair.right, "rest")):
        for interval, key in (
            (group.ci, "mean"), (group.positive_ci, "share"), (group.log_ci, "log"),
        ):  # fmt: skip
            assert interval == pytest.approx(bootstrap.interval(*drawn[name, key]))
    for difference, key in ((pair.points, "mean"), (pair.positive, "share"), (pair.log, "log")):
        (left, held), (right, rarer) = drawn["both", key], drawn["rest", key]
        want = bootstrap.interval(left - right, min(held, rarer))
        assert difference.ci == pytest.approx(want)
    assert pair.left.median == pytest.approx(np.median(outcome[both]))
    tail = outcome[both] <= np.quantile(outcome[both], 0.05)
    assert pair.left.quantile == pytest.approx(np.quantile(outcome[both], 0.05))
    assert pair.left.shortfall == pytest.approx(outcome[both][tail].mean())
    want = np.var(outcome[both]) / np.nanvar(drawn["both", "mean"][0])
    assert pair.left.worth == pytest.approx(want)


def test_twenty_days_make_a_group_that_can_be_judged():
    """With fewer there is no interval and no tail; the means are there all the same."""

    def of(n):
        rows = [(20.0, 15.0, 16.0, 15.0 + k % 7) for k in range(n)]
        return groups_of(evidence(hand_made(rows), STANDARD, 2, draws=200))["both"]

    few, enough = of(19), of(20)
    assert (few.ci, few.positive_ci, few.log_ci, few.worth) == (None, None, None, None)
    assert (few.quantile, few.shortfall, few.tail_episodes) == (None, None, 0)
    assert few.mean == pytest.approx(sum(5 - k % 7 for k in range(19)) / 19)
    assert None not in (enough.ci, enough.positive_ci, enough.log_ci)
    assert enough.quantile == pytest.approx(-1.0)
    assert (enough.shortfall, enough.tail_episodes) == (-1.0, 2)
    assert enough.worth <= 20
    same = groups_of(evidence(hand_made([BOTH] * 60), STANDARD, 2, draws=20))["both"]
    assert (same.ci, same.worth) == ((5.0, 5.0), None)


@pytest.mark.parametrize(("blocks", "known"), [(4, False), (5, True)])
def test_a_group_in_five_blocks_can_be_judged(blocks, known):
    """Of ten; in fewer there is neither an interval nor a worth."""
    rows = [(20.0, 15.0, 16.0, 15.0 + k % 7) if k % 10 < 6 and k // 10 < blocks else NEITHER
            for k in range(100)]  # fmt: skip
    found = evidence(hand_made(rows), STANDARD, 2, draws=200)
    both = groups_of(found)["both"]
    assert found.block == 10
    assert [x is not None for x in (both.ci, both.log_ci, both.worth)] == [known] * 3
    assert (found.passing.points.ci is not None) == known


def test_a_group_that_many_draws_miss_has_a_mean_and_no_interval():
    """One stretch of 25 days among 400: nothing is divided by the draws without any of them."""
    rows = [(20.0, 15.0, 16.0, 15.1 + k / 10) if k < 25 else NEITHER for k in range(400)]
    both = groups_of(evidence(hand_made(rows), STANDARD, 2, draws=200))["both"]
    assert both.mean == pytest.approx(20.0 - 15.1 - 1.2)
    assert (both.ci, both.worth) == (None, None)
    assert both.worst_day == date(2020, 2, 6)


def test_a_tenor_apart_is_the_same_episode():
    """21 trading days from one bad day to the next are one episode, 22 are two."""
    for apart, episodes in ((TENOR, 1), (TENOR + 1, 2)):
        rows = [(20.0, 15.0, 16.0, 15.0 - k / 1000) for k in range(40)]
        rows[2] = rows[2 + apart] = (20.0, 15.0, 16.0, 40.0)
        assert groups_of(evidence(hand_made(rows), STANDARD, TENOR, draws=20))[
            "both"
        ].tail_episodes == episodes  # fmt: skip


def test_symbols_each_for_themselves():
    """Days that pass both filters against the rest of the same name; the worst has a name."""
    a = hand_made([BOTH, BOTH, NEITHER])
    b = hand_made([(20.0, 15.0, 16.0, 29.0), BOTH, TACTICAL, STRUCTURAL], names=("XYZ",))
    found = evidence(outcomes.together([a, b]), STANDARD, TENOR, draws=20)
    assert [(s.symbol, s.both.n, s.rest.n) for s in found.by_symbol] == [
        ("ABC", 2, 1), ("XYZ", 2, 2),
    ]  # fmt: skip
    assert [s.difference.value for s in found.by_symbol] == [5.0, pytest.approx(-2.0 + 1.0)]
    assert {(s.both.title, s.rest.title) for s in found.by_symbol} == {
        ("pass both filters", "fail one or both")
    }
    assert [(s.both.key, s.rest.key) for s in found.by_symbol] == [
        ("ABC", "not ABC"), ("XYZ", "not XYZ"),
    ]  # fmt: skip
    both = groups_of(found)["both"]
    assert (both.worst, both.worst_symbol, both.worst_day) == (-9.0, "XYZ", date(2020, 1, 2))
    alone = evidence(hand_made([BOTH, BOTH]), STANDARD, TENOR, draws=20)
    assert alone.by_symbol[0].difference is None
    assert (alone.passing.points, alone.passing.log, alone.passing.positive) == (None,) * 3
    assert alone.passing.right == Group("not passing", "fail one or both", 0, 0)


def test_every_difference_with_an_interval_is_counted(found):
    """One in twenty misses the truth by chance: so many there are."""
    pairs = [found.passing, found.rejected, found.disagree, *found.screens, *found.exits,
             *found.bands, *found.windows.values()]  # fmt: skip
    of = [d for p in pairs for d in (p.points, p.log, p.positive)]
    of += [s.difference for s in found.by_symbol]
    held = [d for d in of if d is not None and d.ci is not None]
    assert found.intervals == len(held) > 40
    assert evidence(hand_made([BOTH, NEITHER]), STANDARD, TENOR, draws=20).intervals == 0


def test_years_on_paper():
    """The days of a group in a year, in the order of years and groups; without an outcome none."""
    rows = [BOTH, NEITHER, BOTH, (20.0, 15.0, 16.0, NAN), (20.0, 15.0, 16.0, 12.0)]
    found = evidence(hand_made(rows, first=date(2019, 12, 27)), STANDARD, TENOR, draws=20)
    assert found.years == (
        (2019, "both", 2, 5.0), (2019, "neither", 1, 0.0), (2020, "both", 1, 8.0),
    )  # fmt: skip


def test_what_lacks_is_counted_in_the_refusal():
    """How many days there are, how many have both ratios and how many an outcome."""
    rows = [(20.0, 15.0, NAN, 15.0), (20.0, NAN, 16.0, NAN), (20.0, 15.0, 16.0, NAN)]
    with pytest.raises(NoNumberError) as error:
        evidence(hand_made(rows), STANDARD, TENOR)
    assert str(error.value) == (
        "No day has all inputs and a known outcome: 3 days, 1 with both ratios, 1 with an outcome. "
        "It takes 90 returns before a day and 21 after it: give a longer history."
    )
