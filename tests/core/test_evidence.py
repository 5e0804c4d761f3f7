"""Groups, comparisons, buckets and surfaces: hand-made days, and what must hold for any."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence_series import made
from vrp_xl.core import outcomes
from vrp_xl.core.bootstrap import Interval
from vrp_xl.core.calendar import trading_days
from vrp_xl.core.evidence import Difference, evidence
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


def test_a_dead_stock_has_an_outcome_but_no_log():
    """Nothing follows: 20 points were paid for nothing, their ratio is no number."""
    found = evidence(hand_made([BOTH, (20.0, 15.0, 16.0, 0.0)]), STANDARD, TENOR, draws=20)
    both = groups_of(found)["both"]
    assert both.mean == 12.5
    assert both.log_mean == pytest.approx(np.log(20 / 15))


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
    assert sum(group.seen for group in buckets["candidate"]) == 900


def test_the_share_of_high_days_is_counted(found):
    """Of the days with a z, in percent; what is judged is there in every part."""
    counts = found.counts
    assert counts.high_z_pct == pytest.approx(100 * counts.high_z / counts.with_z)
    assert 0 < counts.high_z_pct < 100
