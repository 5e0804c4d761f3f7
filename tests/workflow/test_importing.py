"""Imports: columns, dates, bad rows told by line, and watchlist files."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from vrp_xl.core.calendar import trading_days
from vrp_xl.core.realized import close_to_close
from vrp_xl.core.snapshot import IvPoint, Snapshot
from vrp_xl.errors import InputError
from vrp_xl.sources.base import Fetched, Observation
from vrp_xl.store.database import Store, Watched
from vrp_xl.workflow.importing import (
    BadRow,
    WatchlistFile,
    complete_anew,
    import_history,
    mark_split,
    read_watchlist,
)
from vrp_xl.workflow.refresh import completed

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
SHARED = Path(__file__).parents[2] / "../shared/data/vol"


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    with Store(tmp_path / "store.sqlite3", clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def file(tmp_path):
    """Writes a file and gives its path."""

    def write(text, name="file.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def load(store, path, field="close", **more):
    """An import at the standing clock."""
    return import_history(store, "cboe", "spy", field, path, clock=lambda: NOW, **more)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("Date,Close,Adj Close\n2026-11-18,10,8\n2026-11-19,11,9\n", "Close"),
        ("Date,Adj Close,Volume\n2026-11-18,10,8\n2026-11-19,11,9\n", "Adj Close"),
        ("DATE,OPEN,HIGH,LOW,CLOSE\n11/18/2026,1,2,3,10\n11/19/2026,1,2,3,11\n", "CLOSE"),
        ("Date;Close/Last\n11/18/2026;$10.00\n11/19/2026;$11.00\n", "Close/Last"),
        ("day\tSP500\n20261118\t10\n20261119\t11\n", "SP500"),
        ("Title of the file\n\nDate,Close\n2026-11-18,10\n2026-11-19,11\n", "Close"),
        ('{"date": "2026-11-18", "close": 10}\n\n{"date": "2026-11-19", "close": 11}', "close"),
        ("\ufeffDate,Close\r\n2026-11-18T00:00:00Z,10\r\n2026-11-19 16:00,11\r\n", "Close"),
    ],
)
def test_usual_files_are_understood(store, file, text, column):
    """The usual names, separators, date forms and line ends give the same series."""
    report = load(store, file(text))
    assert store.series("cboe", "SPY", "close") == [
        (date(2026, 11, 18), 10.0),
        (date(2026, 11, 19), 11.0),
    ]
    assert (report.added, report.column, report.bad) == (2, column, ())
    assert str(report) == (f"2 days of SPY close, 2026-11-18 to 2026-11-19, from column {column}")


def test_utf16_is_read(store, file):
    """A file that Excel saved as Unicode text is read."""
    assert load(store, file("Date\tClose\n2026-11-18\t10\n", encoding="utf-16")).added == 1


def test_bad_rows_are_told_by_line_and_good_ones_count(store, file):
    """Each row that cannot be used is named with its line and reason."""
    path = file(
        "Date,Close\n"
        "2026-11-18,10\n"
        "2026-11-21,10\n"
        "2026-11-23,10\n"
        "11/17/2026,10\n"
        "\n"
        "2026-11-17,-3\n"
        "2026-11-17,0\n"
        "2026-11-17,n/a\n"
        "2026-11-17\n"
        "2026-02-30,10\n"
        '2026-11-17,"18,45"\n'
        ",10\n"
        "1970-01-05,10\n"
        "2026-11-14,10\n"
        "2026-11-19,nan\n"
        '2026-11-16,"1,250.5"\n'
        "2026-11-18,1260\n"
    )
    report = load(store, path)
    assert report.bad == (
        BadRow(3, "2026-11-21 lies in the future"),
        BadRow(4, "2026-11-23 lies in the future"),
        BadRow(5, "'11/17/2026' is no date written year-month-day"),
        BadRow(7, "-3 is not positive"),
        BadRow(8, "0 is not positive"),
        BadRow(9, "'n/a' is no number"),
        BadRow(10, "no value"),
        BadRow(11, "'2026-02-30' is no date"),
        BadRow(12, "'18,45' is no number"),
        BadRow(13, "no date"),
        BadRow(14, "1970-01-05 is before 1990-01-01"),
        BadRow(15, "2026-11-14 is no trading day"),
        BadRow(16, "'nan' is no number"),
    )
    assert report.repeated == 1
    assert store.series("cboe", "SPY", "close") == [
        (date(2026, 11, 16), 1250.5),
        (date(2026, 11, 18), 1260.0),
    ]
    assert str(report).endswith(
        "from column Close; 1 trading day is missing in between; "
        "days that came more than once: 1, the last one counts; "
        "rows left out: 13"
    )


def test_spreads_may_be_negative_and_volatility_is_in_points(store, file):
    """A spread may be below zero; an IV of 0.18 is told to be a decimal."""
    path = file("date,vrp_20d\n2026-11-18,-1.5\n2026-11-19,0\n")
    assert load(store, path, "vrp_20d").added == 2
    with pytest.raises(InputError, match="multiply by 100"):
        load(store, file("date,iv\n2026-11-18,0.18\n"), "atm_iv")


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("", "close", "is empty"),
        ("a,b\n1,2\n", "close", "no date column"),
        ("date,a,b\n2026-11-18,1,2\n", "close", "no column for close"),
        ("date,close\n", "close", "no row that can be used"),
        ("date,close\n2026-11-18,x\n", "close", r"Line 2: 'x' is no number\."),
        ('{"a": 1}\n', "close", "no date column"),
        ("{\n", "close", "no JSON objects"),
        ("date,close\n2026-11-18,1\n", "volume", "no series named"),
    ],
)
def test_files_that_cannot_be_used_are_told(store, file, text, field, words):
    """A file without usable columns or rows is an error with its reason."""
    with pytest.raises(InputError, match=words):
        load(store, file(text), field)
    assert store.series("cboe", "SPY", "close") == []


def test_unreadable_files_and_symbols_are_told(store, tmp_path, file):
    """A missing file, a binary one, and a symbol that is none are told."""
    with pytest.raises(InputError, match="cannot be read"):
        load(store, tmp_path / "none.csv")
    (tmp_path / "binary").write_bytes(b"\x80\x81\x00")
    with pytest.raises(InputError, match="no text file"):
        load(store, tmp_path / "binary")
    with pytest.raises(InputError, match="is no symbol"):
        import_history(store, "cboe", "=1+1 x", "close", file("date,close\n"))


def test_the_stored_snapshot_is_completed_anew(store, file):
    """An import fills what was missing in the snapshot at once."""
    made = Snapshot(symbol="SPY", source="cboe", as_of=NOW, fetched_at=NOW, spot=100.0)
    store.save(Fetched(made))
    days = trading_days(date(2026, 9, 1), date(2026, 11, 19))
    rows = [f"{day},{100 + day.day % 4}" for day in days]
    load(store, file("date,close\n" + "\n".join(rows)))
    done = store.latest("cboe", "SPY")
    assert done.rv_20d is not None
    assert done.spot == 100.0
    assert store.series("sample", "SPY", "close") == []


def test_the_vix_history_is_imported(store):
    """The real file of 36 years goes in, and its rows on holidays are told."""
    path = SHARED / "vix_daily_cboe_1990_2026_pddl.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    report = load(store, path, "atm_iv")
    assert report.column == "CLOSE"
    assert report.added > 9000
    assert all("no trading day" in problem for problem in report.problems)


def test_a_plain_watchlist_is_read(file):
    """Names in lines, commas and blanks; dates belong to the name before; comments do not count."""
    path = file("# mine\nspy, QQQ\n\nAAPL 2026-12-01\nbrk.b,1/28/2027 TSLA;^SPX # more\nSPY\n")
    assert read_watchlist(path) == WatchlistFile(
        (
            Watched("SPY"),
            Watched("QQQ"),
            Watched("AAPL", date(2026, 12, 1)),
            Watched("BRK.B", date(2027, 1, 28)),
            Watched("TSLA"),
            Watched("^SPX"),
        ),
        (),
    )


def test_a_watchlist_table_is_read_by_its_columns(file):
    """With a header only the symbol and earnings columns count."""
    path = file('Name,Symbol,Next earnings\n"Apple Inc, USA",aapl,2026-12-01\nSPDR Trust,SPY,\n')
    read = read_watchlist(path)
    assert read.items == (Watched("AAPL", date(2026, 12, 1)), Watched("SPY"))
    assert read.problems == []
    read = read_watchlist(file("symbol,earnings\nXOM,soon\na b,2026-12-01\n"))
    assert read.items == (Watched("XOM"),)
    assert read.problems == [
        "line 2: 'soon' is no date written year-month-day",
        "line 3: 'A B' is no symbol",
    ]


def split_file(file, ratio=2.0):
    """Closes of 60 days; from the 40th on at the new price."""
    days = trading_days(date(2026, 8, 3), date(2026, 11, 20))[:60]
    closes = [(100 + i % 3) * (ratio if i < 40 else 1) for i in range(60)]
    rows = zip(days, closes, strict=True)
    return file("date,close\n" + "".join(f"{d},{c}\n" for d, c in rows)), days, closes


def test_a_split_is_refused_with_its_date(store, file):
    """Nothing is stored, and the error says what to do."""
    path, days, _ = split_file(file)
    with pytest.raises(InputError, match=f"on {days[40]}, as in a 2:1 split. Nothing was") as told:
        load(store, path)
    assert "--adjust-splits" in told.value.fix
    assert "--keep-jumps" in told.value.fix
    assert store.series_kept("cboe") == []


def test_a_split_is_adjusted_on_demand(store, file):
    """The closes before it are divided, and the report says so; volatility is undisturbed."""
    path, days, closes = split_file(file)
    report = load(store, path, on_split="adjust")
    assert f"adjusted for the 2:1 split of {days[40]}" in str(report)
    stored = store.series("cboe", "SPY", "close")
    assert stored == [
        (d, c / 2 if i < 40 else c) for i, (d, c) in enumerate(zip(days, closes, strict=True))
    ]
    assert load(store, path, on_split="adjust").added == 60


def test_a_step_is_kept_on_demand_and_not_asked_about_again(store, file):
    """The price itself: stored as it is, marked, and the next import passes."""
    path, days, closes = split_file(file, ratio=5.0)
    report = load(store, path, on_split="keep")
    assert f"on {days[40]} taken as the price itself" in str(report)
    assert [c for _, c in store.series("cboe", "SPY", "close")] == closes
    assert store.series("cboe", "SPY", "split") == [(days[40], 1.0)]
    assert load(store, path).kept == ()


def test_a_ratio_that_cannot_be_told_is_not_guessed(store, file):
    """A wild day between 4:1 and 5:1 is refused, and the way out is named."""
    path, days, _ = split_file(file, ratio=4.45)
    with pytest.raises(InputError, match="cannot be told") as told:
        load(store, path, on_split="adjust")
    assert f"vrp-xl history split SPY {days[40]} RATIO" in told.value.fix
    assert store.series_kept("cboe") == []


def test_a_split_between_stored_and_new_closes_is_marked(store, file):
    """The stored closes stay; the step between the two is adjusted where they are used."""
    path, days, _ = split_file(file)
    lines = path.read_text().splitlines()
    load(store, file("\n".join(lines[:41]), "old.csv"))
    with pytest.raises(InputError, match=f"on {days[40]}"):
        load(store, file("\n".join([lines[0], *lines[41:]]), "new.csv"))
    load(store, file("\n".join([lines[0], *lines[41:]]), "new.csv"), on_split="adjust")
    assert store.series("cboe", "SPY", "split") == [(days[40], 2.0)]
    assert store.series("cboe", "SPY", "close")[0] == (days[0], 200.0)


def test_a_split_is_said_later(store, file):
    """Closes that grew day by day: HV is missing with the date, then adjusted, then forgotten."""
    path, days, closes = split_file(file)
    load(store, path, on_split="keep")
    mark_split(store, "cboe", "SPY", days[40], None)
    moment = datetime(days[-1].year, days[-1].month, days[-1].day, 20, tzinfo=UTC)
    fresh = Snapshot(symbol="SPY", source="cboe", as_of=moment, fetched_at=moment, spot=101.0)
    store.save(Fetched(completed(store, Fetched(fresh))))
    s = store.latest("cboe", "SPY")
    assert s.rv_30d is None
    assert f"on {days[40]}, as in a 2:1 split" in s.missing["rv_30d"]
    mark_split(store, "cboe", "SPY", days[40], 2.0)
    s = store.latest("cboe", "SPY")
    assert s.rv_30d == pytest.approx(
        close_to_close([c / 2 if i < 40 else c for i, c in enumerate(closes)], 30)
    )
    assert "2:1 split" in s.basis["rv_30d"]
    mark_split(store, "cboe", "SPY", days[40], 1.0)
    assert store.latest("cboe", "SPY").rv_30d > 150
    with pytest.raises(InputError, match="no closes of cboe on both sides"):
        mark_split(store, "cboe", "SPY", date(2026, 1, 5), 2.0)


@pytest.mark.parametrize(
    ("at", "ratio", "words"),
    [
        (39, 2.0, r"the close goes from 204 to 200 on {39} \(-2.0 %\), which is no 2:1 split"),
        (41, 2.0, r"the close goes from 101 to 102 on {41} \(\+1.0 %\), which is no 2:1 split"),
        (40, 0.5, r"the close goes from 200 to 101 on {40} \(-49.5 %\), which is no 1:2 split"),
        (40, 4.0, r"the close goes from 200 to 101 on {40} \(-49.5 %\), which is no 4:1 split"),
        (20, 1.0, r"on {20} \(.*\), which is no step of a split"),
    ],
)
def test_a_split_that_the_closes_do_not_hold_is_refused(store, file, at, ratio, words):
    """What, which day, the largest step nearby; with a word it is kept all the same."""
    path, days, _ = split_file(file)
    load(store, path, on_split="keep")
    mark_split(store, "cboe", "SPY", days[40], None)
    nearby = f"200 to 101 on {days[40]}, as in a 2:1 split" if at > 20 else r"\([+-]2.0 %\)"
    with pytest.raises(InputError, match=words.replace(f"{{{at}}}", str(days[at]))) as told:
        mark_split(store, "cboe", "SPY", days[at], ratio)
    assert "--anyway" in told.value.fix
    assert "The largest step within 10 closes of it: the close goes from " in told.value.why
    assert re.search(nearby + ". Nothing was kept.$", told.value.why)
    assert dict(store.series("cboe", "SPY", "split")).get(days[at], 0.0) == 0.0
    assert mark_split(store, "cboe", "SPY", days[at], ratio, anyway=True) == days[at]
    assert dict(store.series("cboe", "SPY", "split"))[days[at]] == ratio


def test_a_day_without_trading_means_the_next_close(store, file):
    """A split of a weekend is in the close of Monday, and that day is given back."""
    days = trading_days(date(2026, 11, 2), date(2026, 11, 13))
    rows = "".join(f"{d},{200 if d < date(2026, 11, 9) else 100}\n" for d in days)
    load(store, file("date,close\n" + rows), on_split="keep")
    assert mark_split(store, "cboe", "SPY", date(2026, 11, 7), 2.0) == date(2026, 11, 9)
    assert store.series("cboe", "SPY", "split") == [(date(2026, 11, 9), 2.0)]


def test_there_must_be_something_to_forget(store, file):
    """A wrong day is told with the days of which something was said."""
    path, days, _ = split_file(file)
    load(store, path, on_split="keep")
    with pytest.raises(InputError, match=f"Nothing was said of SPY on {days[41]}") as told:
        mark_split(store, "cboe", "SPY", days[41], None)
    assert str(days[40]) in told.value.fix
    mark_split(store, "cboe", "SPY", days[40], None)
    with pytest.raises(InputError, match="nothing to forget") as told:
        mark_split(store, "cboe", "SPY", days[40], None)
    assert "no day" in told.value.fix


def test_imported_closes_and_marks_reach_the_premium_by_tenor(store, file):
    """As they reach realized volatility: the stored snapshot is completed anew."""
    path, days, closes = split_file(file)
    moment = datetime(days[-1].year, days[-1].month, days[-1].day, 20, tzinfo=UTC)
    fresh = Snapshot(
        symbol="SPY", source="cboe", as_of=moment, fetched_at=moment, spot=closes[-1],
        iv_term=(IvPoint(20, 30.0), IvPoint(40, 30.0)),
    )  # fmt: skip
    store.save(Fetched(completed(store, Fetched(fresh))))

    def at_30_days():
        (point,) = store.latest("cboe", "SPY").term_vrp
        return point.rv

    assert at_30_days() is None
    load(store, path, on_split="keep")
    assert at_30_days() > 150
    mark_split(store, "cboe", "SPY", days[40], None)
    assert at_30_days() is None
    mark_split(store, "cboe", "SPY", days[40], 2.0)
    assert at_30_days() == store.latest("cboe", "SPY").rv_20d < 100


def test_an_imported_index_gives_a_z_on_the_first_day(store, file):
    """VIX imported after SPY's closes: the stored snapshot is completed anew, and names it."""
    days = trading_days(date(2025, 9, 2), date(2026, 11, 20))[-300:]
    closes = "".join(f"{d},{600 + 9 * math.sin(i) + i % 7}\n" for i, d in enumerate(days))
    vix = "".join(f"{d},{17 + 3 * math.sin(i / 9)}\n" for i, d in enumerate(days))
    load(store, file("date,close\n" + closes))
    fresh = Snapshot(
        symbol="SPY", source="cboe", as_of=NOW, fetched_at=NOW, spot=600.0, atm_iv=18.0
    )
    store.save(Fetched(completed(store, Fetched(fresh))))
    assert "--symbol VIX --field close" in store.latest("cboe", "SPY").missing["z_score"]
    import_history(store, "cboe", "^vix", "close", file("date,close\n" + vix), clock=lambda: NOW)
    s = store.latest("cboe", "SPY")
    assert s.basis["z_score"] == "VIX minus RV20, over the 252 days before"
    assert s.basis["iv_rank"] == "VIX over the 252 days before"
    assert s.iv_rank is not None
    store.add_observations(
        "cboe", "SPY",
        (Observation("vrp_20d", d, 3 + math.sin(i)) for i, d in enumerate(days[-61:-1])),
    )  # fmt: skip
    assert complete_anew(store, "cboe", "SPY") == ["SPY"]
    s = store.latest("cboe", "SPY")
    assert s.basis["z_score"] == "own history: spread over the 60 days before"
    assert s.basis["iv_rank"].startswith("VIX")


def test_an_index_may_double(store, file):
    """No split is looked for in a level of volatility (VIX 2018-02-05: 17.31 to 37.32)."""
    rows = "2026-11-18,17.31\n2026-11-19,37.32\n2026-11-20,12\n"
    path = file("date,close\n" + rows)
    assert import_history(store, "cboe", "VIX", "close", path, clock=lambda: NOW).added == 3


def test_bad_words_of_a_watchlist_are_told(file):
    """What is no symbol or no date is told by its line; nothing at all is an error."""
    read = read_watchlist(file("SPY 2026-13-01\n=1+1 2026-12-01\n"))
    assert read.items == (Watched("SPY"),)
    assert read.problems == [
        "line 1: '2026-13-01' is no date",
        "line 2: '=1+1' is no symbol",
        "line 2: '2026-12-01' is no symbol",
    ]
    with pytest.raises(InputError, match="holds no symbol"):
        read_watchlist(file("# nothing\n"))
