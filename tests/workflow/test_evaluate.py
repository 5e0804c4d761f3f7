"""Evidence from files and from a journal: figures of a real history, words, bad input."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.core.test_outcomes import kept
from tests.evidence_series import made, written
from vrp_xl.core import outcomes
from vrp_xl.core.rules import PRESETS, STANDARD
from vrp_xl.core.splits import adjusted
from vrp_xl.errors import InputError, NoNumberError
from vrp_xl.workflow import evaluate as work

SHARED = Path(__file__).parents[2] / "../shared/data/vol"
SPX = SHARED / "spx_close_1990_2022_skfolio_bsd3.csv"
VIX = SHARED / "vix_daily_cboe_1990_2026_pddl.csv"
NOW = datetime(2036, 1, 2, 18, 0, tzinfo=UTC)
TENOR = 21


def report_of(*pairs, rules=STANDARD, draws=200, **options):
    """The report on pairs of files."""
    given = [work.Pair(*pair) for pair in pairs]
    material = work.from_files(given, rules, TENOR, clock=lambda: NOW)
    return work.evaluate(material, rules, "standard", draws=draws, **options)


@pytest.fixture(scope="module")
def real():
    """SPX and VIX, 1990 to 2022."""
    if not SPX.is_file():
        pytest.skip("the index histories are not beside this checkout; made series cover the rest")
    return report_of(("SPX", SPX, VIX), draws=2000)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A made history of 1,200 days."""
    folder = tmp_path_factory.mktemp("small")
    return report_of(("ABC", *written(folder, made(1200))))


def words_of(report, key):
    """The answer to one question."""
    return next(answer.words for answer in work.answers(report) if answer.key == key)


def test_counts_of_the_index_history(real):
    """8,219 days with all inputs; z over the 252 days before."""
    counts = real.evidence.counts
    assert (counts.inputs, counts.structural, counts.both) == (8219, 6203, 5017)
    assert (counts.with_z, counts.with_outcome) == (8037, 8198)
    assert counts.high_z_pct == pytest.approx(13.16, abs=0.005)


def test_outcomes_of_the_index_history(real):
    """Days that pass both filters paid 3.96 points, days that fail 4.08."""
    passing = real.evidence.passing
    assert (passing.left.n, passing.right.n) == (5017, 3181)
    assert passing.left.mean == pytest.approx(3.96, abs=0.005)
    assert passing.right.mean == pytest.approx(4.08, abs=0.005)
    assert passing.left.positive_pct == pytest.approx(85.0, abs=0.05)
    assert passing.right.positive_pct == pytest.approx(84.0, abs=0.05)
    assert passing.left.log_mean == pytest.approx(0.3091, abs=5e-4)
    lines = {group.key: group for group in real.evidence.groups}
    assert (lines["structural_only"].n, lines["tactical_only"].n) == (1186, 988)
    assert lines["structural_only"].mean == pytest.approx(3.04, abs=0.005)
    assert lines["tactical_only"].mean == pytest.approx(4.72, abs=0.005)


def test_the_report_says_in_words_that_no_difference_is_shown(real):
    """With both means, the difference, an interval that holds 0, in points and as log ratio."""
    words = words_of(real, "filters")
    assert words.startswith(
        "No difference is shown, in points or as log ratio. 3.96 against 4.08 points "
        "(5,017 and 3,181 days), difference -0.12, 95 % interval -"
    )
    assert "log ratio 0.309 against 0.281, difference +0.028, 95 % interval -0.0" in words
    assert words.endswith("Positive on 85.0 % and 84.0 % of the days.")
    for difference in (real.evidence.passing.points, real.evidence.passing.log):
        assert difference.ci.low < 0 < difference.ci.high
        assert difference.ci.low < difference.value < difference.ci.high


def test_bands_of_the_index_history(real):
    """The figures of the page on compression bands, within the days that differ."""
    bands = real.evidence.buckets["compression"]
    assert [band.mean for band in bands] == pytest.approx([5.1, 4.0, 4.3, 3.2, 2.7], abs=0.06)
    assert [band.quantile for band in bands] == pytest.approx(
        [-2.4, -4.1, -3.5, -10.8, -27.3], abs=0.06
    )


def test_every_output_says_what_it_is(small):
    """Proxy, period, overlap and not P&L, in words and in JSON."""
    told = " ".join(small.caveats)
    found = work.report_dict(small)
    for word in ("Proxy", "Period: ", "Overlap: ", "Not P&L", "share 20 of 21 returns"):
        assert word in told
    for key in ("proxy", "period", "overlap", "not_pnl"):
        assert found[key]
        assert found[key] in told


def test_json_holds_the_groups(small):
    """`both`, `structural_only`, `tactical_only`, `neither`, each with n, mean, share, interval."""
    found = json.loads(json.dumps(work.report_dict(small), allow_nan=False))
    assert list(found["groups"]) == ["both", "structural_only", "tactical_only", "neither"]
    assert sum(group["n"] for group in found["groups"].values()) == 1200 - 90 - TENOR
    both = found["groups"]["both"]
    assert both["ci"][0] < both["mean"] < both["ci"][1]
    assert 0 < both["positive_pct"] <= 100
    assert both["worst"] < both["expected_shortfall"] < both["quantile_5"] < both["median"]
    assert found["surfaces"]["structural x tactical"]["n"][0][0] <= 1200


def test_a_small_history_by_heart(small):
    """A made history, pinned; groups and means are those of rolling windows in pandas."""
    e = small.evidence
    assert [(g.key, g.n) for g in e.groups] == [
        ("both", 462), ("structural_only", 125), ("tactical_only", 136), ("neither", 366),
    ]  # fmt: skip
    assert [g.mean for g in e.groups] == pytest.approx([4.8375, 5.8644, 1.0917, 1.0842], abs=1e-4)
    assert (e.counts.inputs, e.counts.structural, e.counts.both) == (1110, 597, 465)
    assert (e.counts.with_z, e.counts.high_z) == (928, 119)
    assert (e.block, e.trading_days) == (120, 1200)
    assert e.passing.points.value == pytest.approx(2.7986, abs=1e-4)
    assert e.passing.points.ci == pytest.approx((0.78, 4.55), abs=0.1)
    assert words_of(small, "filters").startswith("Days that pass paid more, in points and as log")


def test_several_symbols_share_their_blocks(tmp_path):
    """Pooled figures, a line for each symbol, and words on the blocks."""
    report = report_of(
        ("ABC", *written(tmp_path, made(1200), "abc")),
        ("XYZ", *written(tmp_path, made(1000, seed=9, symbol="XYZ"), "xyz")),
    )
    assert [each.symbol for each in report.evidence.by_symbol] == ["ABC", "XYZ"]
    total = sum(each.both.n + each.rest.n for each in report.evidence.by_symbol)
    assert total == report.evidence.everything.n
    assert "the same for all symbols" in report.overlap
    assert "2 symbols" in report.period


def test_other_thresholds_make_other_groups(tmp_path):
    """A preset's thresholds are the ones that count."""
    files = written(tmp_path, made(900))
    strict = report_of(("ABC", *files), rules=PRESETS["spike"])
    usual = report_of(("ABC", *files))
    assert strict.evidence.counts.both < usual.evidence.counts.both
    assert "IV/HV90 > 1.15 and IV/HV30 > 1.3" in work.answers(strict)[0].question


def test_a_percentile_rule_joins_the_articles_screen(tmp_path):
    """The z-score page's preset asks for the percentile too."""
    report = report_of(("ABC", *written(tmp_path, made(900))), rules=PRESETS["zscore"])
    screen = next(pair for pair in report.evidence.screens if pair.key == "article")
    assert screen.left.title == "z >= 1.5 and spread > 2 and percentile >= 80"


def test_a_short_history_has_no_interval_and_says_so(tmp_path):
    """Means stand, verdicts do not."""
    report = report_of(("ABC", *written(tmp_path, made(180))))
    assert report.evidence.everything.mean is not None
    assert report.evidence.passing.points.ci is None
    assert "No verdict" in words_of(report, "filters")
    assert any("no day has a z-score" in note for note in report.notes)
    assert any("too short for intervals" in note for note in report.notes)


@pytest.mark.parametrize(("days", "told"), [(600, True), (2700, False)])
def test_a_few_years_give_a_hint_and_say_so(tmp_path, days, told):
    """Where a block is shorter than a year its intervals may be too narrow (decision 0027)."""
    report = report_of(("ABC", *written(tmp_path, made(days))))
    assert report.evidence.everything.ci is not None
    assert any("too narrow" in note and "a hint" in note for note in report.notes) is told


def test_every_difference_with_an_interval_counts(small):
    """As many as the whole report holds: points, log ratio and share of positive days of each."""

    def held(found):
        if isinstance(found, dict):
            mine = "verdict" in found and found.get("ci") is not None
            return mine + sum(held(value) for value in found.values())
        return sum(map(held, found)) if isinstance(found, list) else 0

    count = held(work.report_dict(small))
    assert count > 40
    assert small.chance.startswith(f"{count} differences in the whole report carry an interval")


# Splits


def split(series, *steps):
    """The series with its closes divided from each (place, ratio) on."""
    closes = [
        (day, close / np.prod([r for at, r in steps if n >= at] or [1.0]))
        for n, (day, close) in enumerate(series.closes)
    ]
    return series._replace(closes=closes)


def days_lost(whole, other, name):
    """Places of the rows that have a figure in one and none in the other."""
    before, after = getattr(whole.days, name), getattr(other.days, name)
    return np.flatnonzero(np.isfinite(before) & np.isnan(after)).tolist()


def read(files, **options):
    """The material of one pair."""
    return work.from_files(
        [work.Pair("ABC", *files)], STANDARD, TENOR, clock=lambda: NOW, **options
    )


@pytest.mark.parametrize(("ratio", "words"), [(1.5, "3:2"), (2.0, "2:1"), (0.1, "1:10")])
def test_no_window_reaches_over_a_step_of_which_nobody_has_said_what_it_was(tmp_path, ratio, words):
    """Neither an outcome nor a figure of the days before; with the day, the ratio, what to do."""
    series = made(500)
    whole = read(written(tmp_path, series))
    found = read(written(tmp_path, split(series, (250, ratio)), "split"))
    assert days_lost(whole, found, "following") == list(range(250 - TENOR, 250))
    assert days_lost(whole, found, "hv30") == list(range(250, 280))
    assert days_lost(whole, found, "hv90") == list(range(250, 340))
    assert days_lost(whole, found, "spread") == list(range(250, 270))
    for name in ("following", "hv30", "hv90", "spread"):
        known = np.isfinite(getattr(found.days, name))
        assert getattr(found.days, name)[known] == pytest.approx(
            getattr(whole.days, name)[known], abs=1e-3
        )
    (note,) = found.notes
    day = series.closes[250][0]
    assert note.startswith("ABC: the close goes from ")
    assert f" on {day}, as in a {words} split: no figure and no outcome reaches over it. " in note
    assert note.endswith("--adjust-splits; if the price really went there: --keep-jumps")


def test_splits_of_files_can_be_adjusted_or_kept(tmp_path):
    """Adjusted they are the whole closes, and told; kept they are moves that count."""
    series = made(500)
    whole = read(written(tmp_path, series))
    files = written(tmp_path, split(series, (200, 2.0), (300, 1.5)), "split")
    done = read(files, on_split="adjust")
    np.testing.assert_allclose(done.days.following, whole.days.following, rtol=1e-5)
    np.testing.assert_allclose(done.days.hv90, whole.days.hv90, rtol=1e-5)
    assert done.notes == tuple(
        f"ABC: the closes before {series.closes[at][0]} are adjusted for the {words} split"
        for at, words in ((200, "2:1"), (300, "3:2"))
    )
    kept = read(files, on_split="keep")
    assert days_lost(whole, kept, "following") == []
    assert kept.days.following[190] > 200
    assert kept.notes[0].startswith("ABC: the close moves -5")


def test_a_step_without_a_clear_ratio_stays_in_doubt(tmp_path):
    """Between 4:1 and 5:1 nothing is adjusted; many steps are counted."""
    series = made(700)
    files = written(tmp_path, split(series, (250, 4.5)), "wild")
    for how in ("ask", "adjust"):
        found = read(files, on_split=how)
        assert np.isnan(found.days.following[249])
        (note,) = found.notes
        assert "split: no" not in note
        assert "--adjust-splits" not in note
    many = read(written(tmp_path, split(series, *((100 * n, 2.0) for n in range(1, 6))), "many"))
    assert len(many.notes) == 4
    assert many.notes[-1] == "ABC: 2 more steps that may be splits"


def test_the_crashes_of_an_index_are_no_splits(real):
    """Each of 2008 and 2020 is in the outcomes: the worst of them all."""
    assert not any("split" in note for note in real.notes)
    assert min(group.worst for group in real.evidence.groups) < -60


def test_levels_of_a_volatility_index_may_double(tmp_path):
    """VIX, as a series of prices, is not looked at."""
    files = written(tmp_path, split(made(400), (200, 0.5)))
    material = work.from_files([work.Pair("VIX", *files)], STANDARD, TENOR, clock=lambda: NOW)
    assert np.isfinite(material.days.following[199])


# Bad input


def test_files_are_paired_by_order(tmp_path):
    """Counts that differ, names that differ in number, a name twice."""
    a, b, c = (tmp_path / name for name in ("a.csv", "b.csv", "c d.csv"))
    assert [pair.symbol for pair in work.pairs([a, c], [b, b])] == ["A", "C_D"]
    assert work.pairs([a], [b], ["spx"])[0].symbol == "SPX"
    with pytest.raises(InputError, match="There are 2 --prices and 1 --iv"):
        work.pairs([a, b], [c])
    with pytest.raises(InputError, match="2 pairs of files and 1 --symbol"):
        work.pairs([a, b], [c, c], ["SPX"])
    with pytest.raises(InputError, match="SPX comes more than once"):
        work.pairs([a, b], [c, c], ["SPX", "spx"])


def rewritten(path, change):
    """The file with every value changed."""
    head, *lines = path.read_text().splitlines()
    cells = [line.split(",") for line in lines]
    path.write_text("\n".join([head, *(f"{day},{change(float(v)):.6f}" for day, v in cells)]))


def refusal(files):
    """The words with which files are refused."""
    with pytest.raises((InputError, NoNumberError)) as caught:
        report_of(("ABC", *files))
    return str(caught.value)


def test_decimals_are_refused(tmp_path):
    """Volatility of 0.18 is not guessed to be 18 points; nor where a few days are above 1."""
    files = written(tmp_path, made(400))
    rewritten(files[1], lambda v: v / 100)
    assert "multiply by 100" in refusal(files)
    rewritten(files[1], lambda v: v if v < 0.25 else 1.2)
    assert "abc_iv.csv holds decimals: " in refusal(files)
    assert "0.18 becomes 18" in refusal(files)


def test_prices_in_place_of_volatility_are_refused(tmp_path):
    """A middle value of hundreds of points is a price."""
    files = written(tmp_path, made(400))
    rewritten(files[1], lambda v: 100 * v)
    assert "does not look like implied volatility" in refusal(files)


def test_columns_that_are_missing_are_named(tmp_path):
    """No date, or several columns none of which is known."""
    prices, iv = written(tmp_path, made(400))
    prices.write_text("a,b\n1,2\n")
    assert "has no date column" in refusal((prices, iv))
    prices.write_text("date,high,low\n2015-01-02,2,1\n")
    assert "has no column for close; its columns are 'date', 'high', 'low'" in refusal((prices, iv))


def test_no_common_day_and_too_few_days(tmp_path):
    """Each says what the files cover, or what it takes."""
    series = made(700)
    apart = series._replace(closes=series.closes[:300], ivs=series.ivs[400:])
    assert "no day has both" in refusal(written(tmp_path, apart))
    assert "90 returns before a day and 21 after it" in refusal(written(tmp_path, made(80)))


def test_days_that_are_missing_are_the_cause_and_not_a_short_history(tmp_path):
    """Every seventh close is missing: what was seen is told with the error, and what it takes."""
    series = made(1000)
    gappy = series._replace(closes=[d for n, d in enumerate(series.closes) if n % 7])
    words = refusal(written(tmp_path, gappy))
    assert "longer history" not in words
    assert "the days are there, but not in a row" in words
    first, last = gappy.closes[0][0], gappy.closes[-1][0]
    assert f"Seen: ABC: 142 of 999 trading days from {first} to {last} have no close" in words
    prices, iv = written(tmp_path, gappy)
    prices.write_text(prices.read_text() + "2016-07-04,20\n")
    assert "Seen: abc_close.csv: 1 row not used, the first: line 859: 2016-07-04" in refusal(
        (prices, iv)
    )


def test_a_short_history_with_nothing_to_tell_says_what_it_takes(tmp_path):
    """And no more than that."""
    assert refusal(written(tmp_path, made(80))).endswith("give a longer history.")
    few = made(111)
    assert "longer history" in refusal(written(tmp_path, few))
    gone = few._replace(closes=[d for n, d in enumerate(few.closes) if n % 7])
    assert "longer history" in refusal(written(tmp_path, gone))


def test_rows_that_are_left_out_are_told(tmp_path):
    """With the file, their number and the first reason; the good rows count."""
    prices, iv = written(tmp_path, made(400))
    iv.write_text(iv.read_text() + "2016-07-04,20\n2016-07-05,x\n")
    (note,) = (note for note in report_of(("ABC", prices, iv)).notes if "not used" in note)
    assert note.startswith("abc_iv.csv: 2 rows not used, the first: line 402: 2016-07-04 is no")


# The journal


def test_a_journal_answers_as_its_series_does(tmp_path):
    """The same days give the same groups; cells and decisions become buckets."""
    series = made(1200)
    days, _ = outcomes.from_series(series, STANDARD, TENOR)
    material = work.from_journal(kept(days), lambda _: adjusted(series.closes, {}), "test", TENOR)
    found = work.evaluate(material, STANDARD, "standard", draws=50)
    files = report_of(("ABC", *written(tmp_path, series)), draws=50)
    for ours, theirs in zip(found.evidence.groups, files.evidence.groups, strict=True):
        assert (ours.n, ours.mean) == (theirs.n, pytest.approx(theirs.mean, abs=1e-4))
    assert {"cell", "candidate"} <= set(found.evidence.buckets)
    assert found.inputs[0].startswith("journal of the source test: 1,200 symbol-days, 1 symbols")


def test_an_empty_journal_says_what_to_do():
    """No scan with figures."""
    with pytest.raises(NoNumberError, match="holds no scan with figures of the source folder"):
        work.from_journal([], lambda _: adjusted([], {}), "folder", TENOR)


def test_a_marked_split_is_no_move_and_an_unmarked_one_is_no_outcome():
    """Marked, the days are those of whole closes; not marked, a tenor of them has no outcome."""
    series = made(400)
    days, _ = outcomes.from_series(series, STANDARD, TENOR)
    at = 200
    day = series.closes[at][0]
    halved = [(d, c / 2 if n >= at else c) for n, (d, c) in enumerate(series.closes)]

    def found(held):
        return work.from_journal(kept(days), lambda _: held, "test", TENOR)

    whole = found(adjusted(series.closes, {}))
    marked = found(adjusted(halved, {day: 2.0}))
    assert marked.days.following == pytest.approx(whole.days.following, nan_ok=True)
    assert marked.notes == ()
    unsaid = found(adjusted(halved, {}))
    without = ~np.isnan(whole.days.following) & np.isnan(unsaid.days.following)
    assert np.flatnonzero(without).tolist() == list(range(at - TENOR, at))
    known = ~np.isnan(unsaid.days.following)
    assert unsaid.days.following[known] == pytest.approx(whole.days.following[known])
    assert f"vrp-xl history split ABC {day} RATIO" in unsaid.notes[0]
