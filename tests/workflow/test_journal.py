"""The journal: kept scans as records, what changed, what followed, and files of it."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest

from tests.excel.scans import NOW, desk_scan, row, scan_of, snapshot
from vrp_xl.core.calendar import next_trading_day, session_left, trading_days
from vrp_xl.core.realized import close_to_close, from_a_price
from vrp_xl.core.rules import PRESETS
from vrp_xl.errors import InputError, MissingError
from vrp_xl.sources.base import Observation
from vrp_xl.store.database import Store
from vrp_xl.workflow import journal, journal_files, lookback
from vrp_xl.workflow.closes import stored_closes
from vrp_xl.workflow.evaluate import from_journal
from vrp_xl.workflow.mean_outcomes import mean_outcomes
from vrp_xl.workflow.morning import Morning
from vrp_xl.workflow.refresh import Outcome, RefreshResult
from vrp_xl.workflow.scan import Failure

DAY = date(2026, 3, 5)


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    with Store(tmp_path / "store.sqlite3") as opened:
        yield opened


def later(scan, days):
    """The same scan so many days later, its figures as fresh."""
    shift = timedelta(days=days)
    rows = tuple(
        replace(r, snapshot=r.snapshot.replace(as_of=r.snapshot.as_of + shift)) for r in scan.rows
    )
    return replace(scan, rows=rows, scanned_at=scan.scanned_at + shift)


def entries(store, **more):
    """All entries by symbol."""
    return {e.symbol: e for e in lookback.entries(store, store.scans.heads(), **more)}


def test_a_record_is_what_the_scan_said(store):
    """Every figure, cell and filter, to ten digits; nothing of it is made anew."""
    scan = desk_scan()
    assert journal.keep(store, scan)
    found = {record.symbol: record for record in journal.records(store, stale=True)}
    assert set(found) == {r.snapshot.symbol for r in scan.rows}
    for r in scan.rows:
        record, s, d = found[r.snapshot.symbol], r.snapshot, r.decision
        assert (record.day, record.source, record.sample) == (DAY, "flashalpha", False)
        assert (record.cell, record.candidate) == (d.cell_text, d.candidate)
        assert bool(record.rejected) != d.candidate
        assert (record.spot, record.rv_20d, record.z) == (s.spot, s.rv_20d, s.z_score)
        assert (record.spread, record.gamma, record.size) == (s.vrp_20d, s.gamma, d.size)
        assert record.iv == d.premium.iv
        if d.premium.structural is not None:
            assert record.structural == pytest.approx(d.premium.structural, rel=1e-9)
    fresh = {record.symbol for record in journal.records(store)}
    assert fresh == {r.snapshot.symbol for r in scan.rows if not r.stale}
    assert len(fresh) < len(found)


def test_records_by_symbol_and_day(store):
    """One name out of many is read alone; days bound it; columns are the same values."""
    for n in range(3):
        journal.keep(store, later(desk_scan(), n))
    mine = list(journal.records(store, symbols=["spy", "GLD"]))
    assert [(r.day.day, r.symbol) for r in mine] == [(d, s) for d in (5, 6) for s in ("GLD", "SPY")]
    assert list(journal.records(store, symbols=["NONE"])) == []
    since = date(2026, 3, 6)
    assert {r.day for r in journal.records(store, since=since)} == {since}
    assert {r.day for r in journal.records(store, until=DAY)} == {DAY}
    table = journal.columns(mine)
    assert list(table) == list(journal.Record._fields)
    assert table["z"] == [r.z for r in mine]
    assert journal.columns([]) == {name: [] for name in journal.Record._fields}


def test_of_a_day_the_latest_that_holds_a_name_counts(store):
    """A later look at one name takes its place in the records, and no other's."""
    journal.keep(store, scan_of([row(snapshot("AAA", spot=1.0)), row(snapshot("BBB", spot=1.0))]))
    second = scan_of([row(snapshot("AAA", spot=2.0))], scanned_at=NOW + timedelta(hours=1))
    journal.keep(store, second)
    assert {r.symbol: r.spot for r in journal.records(store)} == {"AAA": 2.0, "BBB": 1.0}
    assert [r[7] for r in lookback.name_rows(store, "flashalpha", "AAA", 9)] == [2.0]
    fails = scan_of([row(snapshot("AAA", z_score=-2.0))], scanned_at=NOW + timedelta(hours=2))
    journal.keep(store, fails)
    assert {r[1] for r in lookback.name_rows(store, "flashalpha", None, 9)} == {"BBB"}


def by(preset, hours=0, days=0, rules=None, spot=580.0):
    """A scan of one name by a preset."""
    rules = rules or PRESETS[preset]
    scan = scan_of([row(snapshot("AAA", spot=spot), rules)], rules, preset=preset)
    return later(scan, days) if days else replace(scan, scanned_at=NOW + timedelta(hours=hours))


def test_an_experiment_does_not_take_the_place_of_the_morning(store):
    """Both are listed; what counts is the scan by the rules of most scans, else the first."""
    journal.keep(store, by("standard", spot=1.0))
    journal.keep(store, by("spike", hours=1, spot=2.0))
    assert [s.head.preset for s in lookback.listed(store)] == ["spike", "standard"]
    assert [r.spot for r in journal.records(store)] == [1.0]
    assert [r[7] for r in lookback.name_rows(store, "flashalpha", "AAA", 9)] == [1.0]
    assert [r.spot for r in journal.records(store, only=lambda head: head.preset == "spike")] == [
        2.0
    ]
    journal.keep(store, by("standard", hours=2, spot=3.0))
    journal.keep(store, by("standard", days=1, spot=4.0))
    assert [r.spot for r in journal.records(store)] == [3.0, 4.0]
    for days in (4, 5):
        journal.keep(store, by("spike", days=days))
    assert next(journal.records(store)).spot == 2.0  # by now most are made by it


def test_of_one_presets_rules_those_of_most_scans_count(store):
    """Another value of a rule is another set of rules; the preset comes before it."""
    other = PRESETS["standard"].with_values({"z_min": 1.2})
    journal.keep(store, by("standard", spot=1.0))
    journal.keep(store, by("standard", hours=1, rules=other, spot=2.0))
    assert [r.spot for r in journal.records(store)] == [1.0]
    journal.keep(store, by("standard", days=1, rules=other))
    journal.keep(store, by("spike", hours=2, spot=3.0))
    assert next(journal.records(store)).spot == 2.0


def test_which_rules_made_the_scans(store):
    """By preset and the rules that decide; what an account holds is no other rule."""
    standard = PRESETS["standard"]
    for n, equity in enumerate((10_000, 20_000, 30_000)):
        journal.keep(store, by("standard", days=n, rules=standard.with_values({"equity": equity})))
    odd = standard.with_values({"z_min": 1.2, "equity": 10_000})
    journal.keep(store, by("standard", days=4, rules=odd))
    journal.keep(store, by("spike", days=5))
    found = journal.made_by(store, store.scans.heads())
    assert [(made.preset, made.scans, len(made.numbers)) for made in found] == [
        ("standard", 3, 3), ("standard", 1, 1), ("spike", 1, 1),
    ]  # fmt: skip
    assert [journal.same_rules(made, standard) for made in found] == [True, False, False]
    assert [journal.same_rules(made, odd) for made in found] == [False, True, False]
    fewer = found[0]._replace(rules={k: v for k, v in found[0].rules.items() if k != "z_min"})
    assert journal.same_rules(fewer._replace(rules=fewer.rules | {"gone": 1}), odd)
    material = from_journal(
        journal.records(store), lambda s: stored_closes(store, "flashalpha", s), "flashalpha", 21,
        found,
    )  # fmt: skip
    assert material.notes[0].startswith(
        "scans by 3 sets of rules are counted together (standard 3; standard (z_min 1.2) 1; spike "
        "1), each with its own cell and decision"
    )
    assert journal.made_by(store, []) == []


def test_invented_figures_stay_apart(store):
    """A sample scan is never among the real ones, nor the other way."""
    journal.keep(store, scan_of([row(snapshot("AAA"))]))
    made = row(snapshot("ZZZ", sample=True, source="sample"))
    journal.keep(store, scan_of([made], source="sample", sample=True))
    simulated = row(snapshot("YYY", sample=True))
    journal.keep(store, scan_of([simulated], sample=True))
    assert {r.symbol for r in journal.records(store)} == {"AAA"}
    assert {r.symbol for r in journal.records(store, sample=True)} == {"ZZZ", "YYY"}
    assert {r.symbol for r in journal.records(store, sample=True, source="sample")} == {"ZZZ"}
    assert entries(store)["ZZZ"].followed.words == lookback.INVENTED


def morning(scan, states):
    """A finished refresh with these outcomes."""
    outcomes = tuple(Outcome(f"N{n}", state) for n, state in enumerate(states))
    return Morning(scan, RefreshResult(outcomes, None, 1, 0.1, None))


@pytest.mark.parametrize(
    ("states", "pinned", "kept"),
    [(["fresh", "kept"], False, 1), (["kept"], False, 0), ([], False, 0), (["kept"], True, 1)],
)
def test_a_refresh_that_brought_nothing_is_not_kept(store, states, pinned, kept):
    """Unless the user says so."""
    journal.keep_morning(store, morning(desk_scan(), states), pinned=pinned)
    assert len(store.scans.heads()) == kept


def test_what_is_no_whole_scan_is_not_kept(store):
    """Nothing scanned, a screen's candidates alone, a look at the store without a refresh."""
    assert not journal.keep(store, scan_of([]))
    assert not journal.keep(store, replace(desk_scan(), seen={"A": 3}))
    assert not journal.keep_morning(store, Morning(desk_scan(), None))
    assert journal.keep_morning(store, Morning(desk_scan(), None), pinned=True)


def test_rules_failures_and_notices_come_along(store):
    """The rules in force then, whatever they are now."""
    failed = (Failure("ZZZ", "plan", "not covered"),)
    journal.keep(store, desk_scan(PRESETS["zscore"], preset="zscore", failed=failed,
                                  notices=("old figures",)))  # fmt: skip
    (head,) = store.scans.heads()
    assert head.preset == "zscore"
    assert head.failed == 1
    assert store.scans.rules(head.number) == PRESETS["zscore"].to_dict()
    about = store.scans.about(head.number)
    assert about == {"failed": [["ZZZ", "plan", "not covered"]], "notices": ["old figures"]}


def test_the_list_says_what_changed(store):
    """Against the last scan that holds the name; another preset is told."""
    cells = {"AAA": {}, "BBB": {"gamma": "negative", "gamma_flip": 590.0}}
    journal.keep(store, scan_of([row(snapshot(s, **f)) for s, f in cells.items()]))
    journal.keep(store, later(scan_of([row(snapshot("AAA"))]), 1))
    third = scan_of([row(snapshot("AAA", z_score=-2.0)), row(snapshot("BBB"))], preset="own rules")
    journal.keep(store, later(third, 4))
    new, middle, old = lookback.listed(store)
    assert old.counts == {"A": 1, "B": 1, "C": 0, "D": 0, "?": 0}
    assert (old.entered, old.left, old.moved, old.preset_before) == ((), (), (), None)
    assert (middle.entered, middle.left, middle.moved) == ((), (), ())
    assert new.left == ("AAA",)
    assert new.moved == (("AAA", "A", "C"), ("BBB", "B", "A"))
    words = lookback.changes_words(new)
    assert words == "preset was standard; out: AAA; moved: AAA A to C, BBB B to A"
    assert lookback.changes_words(new, most=1).endswith("moved: AAA A to C and 1 more")
    assert lookback.listed(store, newest=1) == [new]


def test_what_followed(store):
    """Implied minus realized volatility of the 21 returns after the day, once they are stored."""
    journal.keep(store, scan_of([row(snapshot("SPY")), row(snapshot("QQQ"))]))
    days = trading_days(DAY, date(2026, 6, 1))[: 1 + 21]
    prices = [580.0 * math.exp(0.01 * (n % 3)) for n in range(len(days))]
    closes = [Observation("close", d, p) for d, p in zip(days, prices, strict=True)]
    store.add_observations("flashalpha", "SPY", closes)
    store.add_observations("flashalpha", "QQQ", closes[:5])
    store.add_observations("folder", "QQQ", closes)
    found = entries(store)
    after = found["SPY"].followed
    assert after.realized == pytest.approx(close_to_close(prices))
    assert after.outcome == pytest.approx(18.9 - after.realized)
    assert after.words == ""
    assert found["QQQ"].followed.words == "not yet: 4 of 21 returns"
    (line,) = lookback.name_rows(store, "flashalpha", "SPY", 5)
    seen = dict(zip(lookback.NAME_ROW, line, strict=True))
    assert seen["outcome"] == pytest.approx(after.outcome)
    assert (seen["day"], seen["until"], seen["candidate"]) == (DAY, days[-1], "yes")


CRASH = [600.0 + 0.3 * (n % 2) for n in range(22)]
"""Closes from `DAY` on, after 660 in the morning."""


def crashed(store, symbol="SPY", first=DAY, closes=CRASH):
    """Stores the closes of a crash, and one of the day before it."""
    days = [date(2026, 3, 4), *trading_days(first, date(2026, 6, 1))[: len(closes)]]
    store.add_observations(
        "flashalpha", symbol,
        [Observation("close", d, c) for d, c in zip(days, [659.0, *closes], strict=True)],
    )  # fmt: skip
    return days[1:]


def test_a_scan_of_the_morning_is_followed_from_the_price_it_saw(store):
    """The crash of the rest of its session is in the move, the outcome, and the record."""
    journal.keep(store, scan_of([row(snapshot("SPY", spot=660.0))]))
    days = crashed(store)
    after = entries(store)["SPY"].followed
    assert (after.returns, after.until) == (21, days[20])
    assert after.move_pct == pytest.approx((CRASH[20] / 660 - 1) * 100)
    assert after.realized == pytest.approx(from_a_price(660.0, CRASH[:21], 1.0))  # at the open
    assert after.outcome < -10
    (record,) = journal.records(store)
    assert record.seen_at == NOW - timedelta(minutes=17)


@pytest.mark.parametrize(
    ("as_of", "scanned_at", "day", "seen"),
    [
        ((5, 19), (5, 20), 5, (5, 19)),  # within the session
        ((5, 23), (5, 20), 5, (5, 20)),  # a clock ahead: never after the scan
        ((5, 21), (5, 23), 5, None),  # after the close
        ((5, 19), (6, 12), 5, (5, 19)),  # scanned before the next open, figures of the session
        ((5, 22), (6, 12), 5, None),  # scanned before the next open, figures of the close
    ],
)
def test_what_was_seen_within_a_session_starts_there(store, as_of, scanned_at, day, seen):
    """By the time of the figures, whenever they were scanned; else at that session's close."""
    moments = [datetime(2026, 3, d, h, tzinfo=UTC) for d, h in (as_of, scanned_at)]
    scan = scan_of([row(snapshot("SPY", spot=660.0, as_of=moments[0]))], scanned_at=moments[1])
    journal.keep(store, scan)
    crashed(store)
    (record,) = journal.records(store)
    assert (record.day.day, record.seen_at) == (day, min(moments))
    after = entries(store)["SPY"].followed
    if seen is None:
        assert after.realized == pytest.approx(close_to_close(CRASH))
    else:
        left = session_left(DAY, datetime(2026, 3, *seen, tzinfo=UTC))
        assert after.realized == pytest.approx(from_a_price(660.0, CRASH[:21], left))


def test_a_journal_without_the_times_of_its_figures_goes_by_the_scan(store):
    """Scans that were kept before the time stood beside the figures: the scan's newest counts."""
    journal.keep(store, scan_of([row(snapshot("SPY", spot=660.0))]))
    (head,) = store.scans.heads()
    assert journal.seen_at(head, None) == head.as_of
    assert journal.seen_at(head._replace(as_of=None), None) == head.scanned_at
    ((_, (figures,)),) = store.scans.lines([head], "figures")
    columns = [name for name in figures.columns if name != "as_of"]
    values = [figures.row(0)[name] for name in columns]
    old = head._replace(day=head.day + timedelta(days=1), scanned_at=NOW + timedelta(days=1))
    empty = (journal.DETAIL_COLUMNS, [[None] * len(journal.DETAIL_COLUMNS)])
    store.scans.keep(old, {}, (columns, [values]), empty, {})
    assert [r.seen_at for r in journal.records(store)] == [head.as_of, head.as_of]


def test_figures_of_the_day_before_are_followed_from_their_own_price(store):
    """Old figures of that session's morning, scanned a day later."""
    old = snapshot("SPY", spot=660.0, as_of=NOW - timedelta(minutes=17))
    journal.keep(store, scan_of([row(old, stale=True)], scanned_at=NOW + timedelta(days=1)))
    crashed(store)
    assert entries(store)["SPY"].followed.move_pct == pytest.approx((CRASH[20] / 660 - 1) * 100)


def test_a_split_that_is_marked_later_follows_the_price_of_a_morning(store):
    """The price is put on the footing of the closes, in the journal and in its evidence."""
    journal.keep(
        store, scan_of([row(snapshot("SPY", spot=660.0)), row(snapshot("QQQ", spot=660.0))])
    )
    days = crashed(store)
    crashed(store, "QQQ", closes=[close / (4 if n >= 10 else 1) for n, close in enumerate(CRASH)])
    store.add_observations("flashalpha", "QQQ", [Observation("split", days[10], 4.0)])
    found = entries(store)
    assert found["QQQ"].followed.realized == pytest.approx(found["SPY"].followed.realized)
    material = from_journal(
        journal.records(store), lambda s: stored_closes(store, "flashalpha", s), "flashalpha", 21
    )
    assert material.days.following == pytest.approx([found["SPY"].followed.realized] * 2)


def test_a_what_if_follows_a_morning_from_its_price(store):
    """The mean outcome of a name counts the day as the journal does, while its IV is that day's."""
    journal.keep(store, scan_of([row(snapshot("SPY", spot=660.0, atm_iv_30d=None))]))
    days = crashed(store)
    store.add_observations("flashalpha", "SPY", [Observation("atm_iv", DAY, 18.45)])
    outcome = entries(store)["SPY"].followed.outcome
    found = mean_outcomes(store, "flashalpha", ["SPY", "QQQ", "SPY"], 21)
    assert found == ({"SPY": pytest.approx(outcome), "QQQ": None}, {})
    store.add_observations("flashalpha", "SPY", [Observation("atm_iv", DAY, 30.0)])  # the evening's
    evening = mean_outcomes(store, "flashalpha", ["SPY"], 21).means["SPY"]
    assert evening == pytest.approx(30.0 - close_to_close(CRASH))
    store.add_observations("flashalpha", "SPY", [Observation("close", days[5], 150.0)])
    assert mean_outcomes(store, "flashalpha", ["SPY"], 21) == ({"SPY": None}, {"SPY": days[6]})


def test_a_marked_split_is_no_move(store):
    """What followed is counted on closes without the split, as everywhere."""
    journal.keep(store, scan_of([row(snapshot("SPY")), row(snapshot("QQQ"))]))
    days = trading_days(DAY, date(2026, 6, 1))[: 1 + 21]
    whole = [580.0 * math.exp(0.01 * (n % 3)) for n in range(len(days))]
    halved = [price / 2 if n >= 10 else price for n, price in enumerate(whole)]
    for symbol, prices in (("SPY", whole), ("QQQ", halved)):
        closes = [Observation("close", d, p) for d, p in zip(days, prices, strict=True)]
        store.add_observations("flashalpha", symbol, closes)
    store.add_observations("flashalpha", "QQQ", [Observation("split", days[10], 2.0)])
    found = entries(store)
    assert found["QQQ"].followed.realized == pytest.approx(found["SPY"].followed.realized)
    assert found["QQQ"].followed.move_pct == pytest.approx(found["SPY"].followed.move_pct)


@pytest.mark.parametrize("seen_of_day", [True, False])
def test_a_suspected_split_is_unknown_and_no_move(store, seen_of_day):
    """A 4:1 step of which nobody has said what it was is not a fall of 75 %, until it is said.

    Nor where the day itself has no close, so that the price of the scan is what counts.
    """
    journal.keep(store, scan_of([row(snapshot("SPY")), row(snapshot("QQQ"))]))
    days = trading_days(DAY, date(2026, 6, 1))[: 1 + 21]
    whole = [580.0 * math.exp(0.01 * (n % 3)) for n in range(len(days))]
    parted = [price / 4 if n >= 10 else price for n, price in enumerate(whole)]
    first = 0 if seen_of_day else 1
    for symbol, prices in (("SPY", whole), ("QQQ", parted)):
        closes = [Observation("close", d, p) for d, p in zip(days, prices, strict=True)]
        store.add_observations("flashalpha", symbol, closes[first:])
    unknown = entries(store)["QQQ"].followed
    assert unknown.words == f"unknown: suspected split on {days[10]}, see `vrp-xl history split`"
    assert (unknown.move_pct, unknown.moves, unknown.realized, unknown.outcome) == (None,) * 4
    (line,) = lookback.name_rows(store, "flashalpha", "QQQ", 5)
    seen = dict(zip(lookback.NAME_ROW, line, strict=True))
    assert (seen["followed"], seen["move_pct"]) == (unknown.words, None)
    store.add_observations("flashalpha", "QQQ", [Observation("split", days[10], 4.0)])
    found = entries(store)
    assert found["QQQ"].followed == found["SPY"].followed._replace(
        **{name: pytest.approx(getattr(found["SPY"].followed, name))
           for name in ("move_pct", "moves", "realized", "outcome")}
    )  # fmt: skip
    store.add_observations("flashalpha", "QQQ", [Observation("split", days[10], 1.0)])
    assert entries(store)["QQQ"].followed.move_pct == pytest.approx(-75.0)


def test_a_suspected_split_before_the_scan_or_after_its_month_hides_nothing(store):
    """Only what lies in between is in doubt."""
    journal.keep(store, scan_of([row(snapshot("SPY"))]))
    days = trading_days(date(2026, 2, 20), date(2026, 6, 1))
    at = days.index(DAY)
    prices = [
        580.0 * (4.0 if n <= at else 1.0 if n <= at + 21 else 0.5) * math.exp(0.01 * (n % 3))
        for n in range(len(days))
    ]
    prices[at] = 580.0 * math.exp(0.01 * (at % 3))
    closes = [Observation("close", d, p) for d, p in zip(days, prices, strict=True)]
    store.add_observations("flashalpha", "SPY", closes)
    after = entries(store)["SPY"].followed
    assert after.words == ""
    assert after.realized == pytest.approx(close_to_close(prices[at : at + 22]))


def test_old_figures_count_from_their_own_day(store):
    """What was two days old when it was scanned is compared from then on."""
    old = row(snapshot("SPY", as_of=NOW - timedelta(days=2)), stale=True)
    journal.keep(store, scan_of([old]))
    first = date(2026, 3, 3)
    closes = [Observation("close", d, 580.0) for d in trading_days(first, DAY)]
    store.add_observations("flashalpha", "SPY", closes)
    assert entries(store)["SPY"].followed.returns == 2


def test_rejections_in_words(store):
    """Rule, value, limit; a missing figure says so."""
    rows = [row(snapshot("LOW", z_score=-1.7, vrp_20d=-3.0)), row(snapshot("NOZ", z_score=None))]
    journal.keep(store, scan_of(rows))
    found = entries(store)
    assert "spread_min -3 (limit 2)" in found["LOW"].rejected_words
    assert "z_exit -1.70 (limit -0.5)" in found["LOW"].rejected_words
    assert found["NOZ"].rejected_words.startswith("z_min missing (limit 1)")


def test_finding_a_scan(store):
    """By day, by number, the latest; anything else is a sentence."""
    with pytest.raises(MissingError, match="holds no scan yet"):
        lookback.find(store.scans.heads(), "latest")
    journal.keep(store, desk_scan())
    journal.keep(store, later(desk_scan(), 1))
    heads = store.scans.heads()
    assert lookback.find(heads, "latest") == heads[1]
    assert lookback.find(heads, " 2026-03-05 ") == heads[0]
    assert lookback.find(heads, str(heads[0].number)) == heads[0]
    with pytest.raises(MissingError, match=r"no scan of 2020-01-02.*newest days are: 2026-03-05"):
        lookback.find(heads, "2020-01-02")
    with pytest.raises(InputError, match="'soon' is no date"):
        lookback.find(heads, "soon")


HOSTILE = ('=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(A1)", "\t=1+1")


def hostile_scan():
    """A scan whose texts would be formulas, were they not guarded."""
    made = [
        row(snapshot(words[:6].strip() or "X", vanna_outlook=words, vrp_regime=words,
                     warnings=(words,)), state="kept", state_why=words)
        for words in HOSTILE
    ]  # fmt: skip
    return scan_of(made, preset="=1+1", failed=(Failure("=A1", "=B1", "=C1"),))


def written(store, path, **more):
    """Writes all entries to a file."""
    found = lookback.entries(store, store.scans.heads(), **more)
    return journal_files.write(path, (journal_files.table_row(e) for e in found))


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".json"])
def test_files_hold_every_row(store, tmp_path, ending):
    """What was written reads back as the values of the journal."""
    for n in range(2):
        journal.keep(store, later(desk_scan(), n))
    path = tmp_path / f"journal{ending}"
    names = len(desk_scan().rows)
    assert written(store, path) == 2 * names
    if ending == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        spy = next(r for r in rows if r["symbol"] == "SPY")
        assert (spy["day"], float(spy["z_score"]), spy["candidate"]) == ("2026-03-05", 1.34, "true")
    elif ending == ".json":
        rows = json.loads(path.read_text(encoding="utf-8"))
        spy = next(r for r in rows if r["symbol"] == "SPY")
        assert (spy["day"], spy["z_score"], spy["candidate"]) == ("2026-03-05", 1.34, True)
        assert spy["implied_minus_realized"] is None
    else:
        sheet = openpyxl.load_workbook(path).active
        head, *rest = sheet.iter_rows(values_only=True)
        rows = [dict(zip(head, line, strict=True)) for line in rest]
        spy = next(r for r in rows if r["symbol"] == "SPY")
        assert spy["day"] == datetime(2026, 3, 5)  # noqa: DTZ001 (a cell has no zone)
        assert (spy["z_score"], spy["candidate"]) == (1.34, True)
        assert sheet.freeze_panes == "G2"
    assert len(rows) == 2 * names
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_text_never_becomes_a_formula(store, tmp_path):
    """Neither in a workbook nor in a CSV."""
    assert journal.keep(store, hostile_scan())
    written(store, tmp_path / "j.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "j.xlsx").active
    assert [c.coordinate for line in sheet.iter_rows() for c in line if c.data_type == "f"] == []
    written(store, tmp_path / "j.csv")
    with (tmp_path / "j.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    assert any(cell.startswith("'=") for cell in cells)
    for cell in cells:
        if cell.startswith(("=", "+", "-", "@", "\t")):
            float(cell)


def test_a_file_that_cannot_be_written_leaves_what_was_there(store, tmp_path):
    """A sentence with the path, and nothing half."""
    journal.keep(store, desk_scan())
    with pytest.raises(InputError, match="cannot be written"):
        written(store, tmp_path / "none" / "j.csv")
    (tmp_path / "j.csv").mkdir()
    with pytest.raises(InputError, match=r"j\.csv cannot be written"):
        written(store, tmp_path / "j.csv")
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "store.sqlite3") == sorted(
        p.name
        for p in tmp_path.iterdir()
        if not p.name.startswith(".") and p.name != "store.sqlite3"
    )


def test_only_candidates(store):
    """A file of what passed."""
    scan = desk_scan()
    journal.keep(store, scan)
    assert set(entries(store, candidates=True)) == {r.snapshot.symbol for r in scan.candidates}
    order = [e.symbol for e in lookback.entries(store, store.scans.heads(), candidates=True)]
    assert order == [r.snapshot.symbol for r in scan.candidates]


def test_the_rows_of_a_sheet(store):
    """As many columns as their names say, the newest first."""
    for n in (0, 1):
        journal.keep(store, later(desk_scan(), n))
    scans = lookback.scan_rows(store, "flashalpha", 5)
    assert [line[0] for line in scans] == [next_trading_day(DAY), DAY]
    assert {len(line) for line in scans} == {len(lookback.SCAN_ROW)}
    assert lookback.scan_rows(store, "flashalpha", 1) == scans[:1]
    assert lookback.scan_rows(store, "folder", 5) == []
    names = lookback.name_rows(store, "flashalpha", None, 500)
    assert {len(line) for line in names} == {len(lookback.NAME_ROW)}
    assert len(names) == 2 * len(desk_scan().candidates)
    assert lookback.name_rows(store, "flashalpha", None, 3) == names[:3]
