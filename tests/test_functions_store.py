"""The functions over a store: the sample market, and one that the test fills by hand."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random
import statistics
import subprocess
import sys
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest

import vrp_xl.functions as f
from vrp_xl import settings
from vrp_xl.core.calendar import expiry_near, previous_trading_day, trading_day
from vrp_xl.core.decide import decide
from vrp_xl.core.rules import PRESETS, STANDARD
from vrp_xl.core.snapshot import IvPoint, Snapshot, TermPoint
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.definition import LAST
from vrp_xl.excel.boundary import ERRORS, NA, NUM, VALUE
from vrp_xl.excel.raw import DECIDED_COLUMNS, RAW_COLUMNS, term_words
from vrp_xl.reader import READER
from vrp_xl.sources.base import Fetched, Observation, Quota
from vrp_xl.sources.sample.names import SYMBOLS
from vrp_xl.store.database import DEFAULT_WATCHLIST, Store, Watched
from vrp_xl.workflow import journal
from vrp_xl.workflow import scan as scanning
from vrp_xl.workflow.columns import BY_NAME, flat, reason, scan_dict
from vrp_xl.workflow.fields import SCAN_FIELDS

NOW = dt.datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
"""When these tests take place: every clock stands, so that no midnight falls between two looks."""

TODAY = dt.date(2026, 11, 20)

FINE = {
    "spot": 580.0, "atm_iv": 18.45, "atm_iv_30d": 18.9, "rv_20d": 12.3, "rv_30d": 13.6,
    "rv_90d": 15.1, "vrp_20d": 6.15, "z_score": 1.34, "percentile": 91.0, "history_days": 252,
    "put_vrp": 7.35, "call_vrp": 4.21, "put_wing_iv": 21.4, "call_wing_iv": 15.9,
    "gamma": "positive", "gamma_basis": "vendor", "gamma_flip": 571.0, "net_gex": 2.4e9,
    "put_wall": 551.0, "call_wall": 609.0, "max_gamma": 586.0,
    "scores": {"short_put_spread": 72.0, "short_strangle": 64.0, "iron_condor": 70.0},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh(_own_home, monkeypatch):
    monkeypatch.setattr("vrp_xl.reader.CHECK_SECONDS", 0.0)
    monkeypatch.setattr(READER, "clock", lambda: NOW)
    LAST.function = LAST.words = ""
    yield
    READER.close()


@pytest.fixture
def live():
    """FlashAlpha is the chosen source."""
    settings.choose_source("flashalpha")


@pytest.fixture
def sample():
    """The sample market is the chosen source."""
    settings.choose_source("sample")


def snap(symbol="SPY", **figures):
    """A snapshot of a liquid index fund; `figures` change it."""
    known = {"symbol": symbol, "source": "flashalpha", "as_of": NOW, "fetched_at": NOW, **FINE}
    return Snapshot(**(known | figures))


def store():
    """The store that formulas read, opened a second time."""
    settings.make_home()
    return Store(settings.store_path(), clock=lambda: NOW)


def run_scan(*what):
    """A scan at that moment."""
    return scanning.run_scan(*what, now=NOW)


def put(*snapshots, observations=(), earlier=()):
    """Saves snapshots."""
    with store() as open_store:
        for made in snapshots:
            open_store.save(Fetched(made, tuple(observations), tuple(earlier)))


# A sale that pays nothing


@pytest.mark.usefixtures("live")
def test_why_tells_of_a_sale_without_an_edge():
    """VRP_WHY, the warnings, the desk's why and warnings: the same words, and the action stays."""
    put(snap("SPY", rv_30d=18.8, put_wing_iv=None, atm_spread_pct=4.9),
        snap("QQQ", z_score=0.2, gamma="negative", rv_30d=15.9))  # fmt: skip
    words = f.VRP_GET("SPY", "warnings").split("; pass")[0]
    assert words.startswith("edge -$")
    assert " at HV30" in words
    assert f.VRP_SIGNAL("SPY") == "SELL"
    assert words in f.VRP_WHY("SPY")
    with store() as open_store:
        row = run_scan(open_store, "flashalpha", ["SPY"], STANDARD).rows[0]
    said = dict(zip(DECIDED_COLUMNS, f.VRP_DECIDE([raw_row(row.snapshot)])[0], strict=True))
    assert said["action"].startswith("SELL")
    assert said["why"].startswith(words)
    assert said["warnings"].startswith(words)
    assert "edge" not in f.VRP_WHY("QQQ").replace("edge exists", "")


# A row without a cell


@pytest.mark.usefixtures("sample")
def test_a_row_without_a_cell_has_the_same_sign_everywhere():
    """XOM has no z, META no regime: "?" in the scan, on the desk and in files; why stands beside.

    VRP_CELL alone tells them apart: without a z-score it is no number.
    """
    f.VRP_SCAN()
    with store() as open_store:
        scan = run_scan(open_store, "sample", list(SYMBOLS), STANDARD)
        raw = [raw_row(row.snapshot) for row in scan.rows]
    shown = {row.snapshot.symbol: flat(row, BY_NAME["cell"]) for row in scan.rows}
    assert shown["XOM"] == shown["META"] == "?"
    assert dict(f.VRP_SCAN(list(SYMBOLS), ["symbol", "cell"])) == shown
    assert dict(zip(shown, (r[0] for r in f.VRP_DECIDE(raw)), strict=True)) == shown
    assert dict(f.VRP_SCAN(["XOM", "SPY"], ["symbol", "yesterday"])) == {"XOM": "?", "SPY": "A"}
    reasons = {row.snapshot.symbol: reason(row, BY_NAME["cell"]) for row in scan.rows}
    assert "3 of 60 days" in reasons["XOM"]
    assert "gamma regime is not known" in reasons["META"]
    assert reasons["SPY"] is None
    assert (f.VRP_CELL("META"), f.VRP_CELL("XOM"), f.VRP_GET("XOM", "cell")) == ("?", NA, NA)
    assert scan_dict(scan)["counts"]["?"] == 2
    machine = {r["symbol"]: (r["cell"], r["cell_why"]) for r in scan_dict(scan)["rows"]}
    assert machine["XOM"] == (None, reasons["XOM"])
    assert machine["SPY"] == ("A", None)


# Old figures keep their expiry


@pytest.mark.parametrize("days", [0, 1, 9, 40])
@pytest.mark.usefixtures("live")
def test_days_to_expiry_count_from_the_day_of_the_figures(days):
    """The scan, VRP_EDGE, VRP_STRIKES and the desk: one expiry, and the one of that day."""
    taken = NOW - timedelta(days)
    day = TODAY - timedelta(days)
    put(snap("SPY", as_of=taken, fetched_at=taken))
    expiry = expiry_near(day, 45, 30, 60)
    row = f.VRP_EDGE("SPY")[0]
    labels = f.VRP_EDGE("SPY", None, None, "labels")[0]
    told = dict(zip(labels, row, strict=True))
    assert told["expiry"] == f.VRP_GET("SPY", "expiry") == expiry
    assert told["edge_30"] == f.VRP_GET("SPY", "edge_30")
    assert told["basis"].startswith(f"priced for {expiry} from ")
    assert {leg[-1] for leg in f.VRP_STRIKES("SPY")} == {expiry}
    assert f.VRP_EDGE("SPY", None, 30, "expiry") == [[day + timedelta(30)]]
    assert {leg[-1] for leg in f.VRP_STRIKES("SPY", None, 30)} == {day + timedelta(30)}
    with store() as open_store:
        cells = raw_row(open_store.latest("flashalpha", "SPY"))
    at = DECIDED_COLUMNS.index("expiry")
    assert f.VRP_DECIDE([cells])[0][at] == expiry
    short = cells[: RAW_COLUMNS.index("score_kind") + 1]
    assert f.VRP_DECIDE([short])[0][at] == expiry_near(TODAY, 45, 30, 60)


@pytest.mark.usefixtures("live")
def test_a_figure_as_it_was_has_the_expiry_of_its_day():
    """An edge of a month ago is that of the expiry that was sold then."""
    then = NOW - timedelta(35)
    put(snap("SPY", as_of=then, fetched_at=then))
    put(snap("SPY"))
    day = TODAY - timedelta(35)
    assert f.VRP_GET("SPY", "expiry", TODAY - timedelta(20)) == expiry_near(day, 45, 30, 60)


# What is not stored, and which source is read


@pytest.mark.usefixtures("live")
def test_a_wanted_symbol_is_noted_once():
    """However often formulas ask, the wanted list holds a symbol once; the sentence says so."""
    for _ in range(3):
        assert f.VRP_CELL("abcd") == NA
        assert f.VRP_SIZE("ABCD") == NA
    assert f.VRP_GET("efgh", "spot") == NA
    assert "Nothing is stored for EFGH from flashalpha. It is wanted now" in f.VRP_WHY()
    assert "`vrp-xl refresh EFGH`" in f.VRP_WHY("EFGH")
    f.VRP_SCAN(["IJKL"])
    f.VRP_WHATIF(["MNOP", "SPY"], [1], [2])
    f.VRP_HISTORY("QRST", "close")
    with store() as open_store:
        assert sorted(open_store.wanted("flashalpha")) == [
            "ABCD", "EFGH", "IJKL", "MNOP", "QRST", "SPY",
        ]  # fmt: skip
        assert open_store.wanted("sample") == []


@pytest.mark.usefixtures("live")
def test_half_typed_names_keep_within_fifty():
    """The wanted list keeps the newest fifty."""
    for i in range(60):
        f.VRP_CELL(f"A{i}")
    with store() as open_store:
        assert len(open_store.wanted("flashalpha")) == 50


@pytest.mark.usefixtures("sample")
def test_the_sample_market_wants_nothing():
    """An unknown name of the sample market is explained, and not wanted anywhere."""
    assert f.VRP_CELL("ZZZZ") == NA
    with store() as open_store:
        assert open_store.wanted("sample") == []
        assert open_store.wanted("flashalpha") == []


@pytest.mark.usefixtures("sample")
def test_no_sample_row_is_read_where_a_real_source_is_chosen():
    """After the choice of a real source nothing of the sample market shows anywhere."""
    assert f.VRP_CELL("SPY") == "A"
    settings.choose_source("flashalpha")
    assert f.VRP_SOURCE() == "flashalpha"
    for answer in (
        f.VRP_CELL("SPY"), f.VRP_GET("SPY", "spot"), f.VRP_GET("SPY", "spot", TODAY),
        f.VRP_RATIO("SPY", 90), f.VRP_HISTORY("SPY", "close"), f.VRP_ASOF(), f.VRP_ASOF("SPY"),
        f.VRP_STATUS("SPY"), f.VRP_STRIKES("SPY"), f.VRP_TERM("SPY", 30),
    ):  # fmt: skip
        assert answer == NA
    assert f.VRP_SCAN(["SPY"], ["symbol", "spot"]) == [["SPY", NA]]
    assert f.VRP_WHATIF(list(SYMBOLS), [-5], [-50]) == [[0]]


@pytest.mark.usefixtures("live")
def test_a_source_row_in_the_rules_chooses_the_source():
    """The desk workbook names its own source; the saved choice stays as it is."""
    put(snap(z_score=0.2, vrp_20d=1.0))
    rules = [["source", "Sample"]]
    assert f.VRP_CELL("SPY") == "C"
    assert f.VRP_CELL("SPY", None, rules) == "A"
    assert f.VRP_SOURCE(rules) == "sample"
    assert f.VRP_QUOTA(rules) == "sample market: no requests"
    assert f.VRP_CELL("SPY", None, [["source", None]]) == "C"
    assert f.VRP_WHATIF(["SPY"], [1], [2], None, rules) == [[1]]
    assert f.VRP_WHATIF(["SPY"], [1], [2]) == [[0]]
    assert f.VRP_SOURCE() == "flashalpha"


@pytest.mark.usefixtures("sample")
def test_sources_are_not_mixed_in_histories():
    """History of one source is never read for another."""
    assert len(f.VRP_HISTORY("SPY", "atm_iv", 5)) == 5
    day = dt.date(2026, 1, 5)
    with store() as open_store:
        open_store.add_observations("flashalpha", "SPY", [Observation("atm_iv", day, 17.5)])
    settings.choose_source("flashalpha")
    assert f.VRP_HISTORY("SPY", "atm_iv") == [[day, 17.5]]


# What changes while formulas are open


@pytest.mark.usefixtures("live")
def test_a_refresh_by_another_process_is_noticed():
    """What another process saves is there at the next call."""
    put(snap(z_score=0.2, vrp_20d=1.0))
    assert f.VRP_CELL("SPY") == "C"
    assert f.VRP_WHATIF(["SPY"], [1], [2]) == [[0]]
    script = (
        "import datetime as dt\n"
        "from vrp_xl import settings\n"
        "from vrp_xl.store.database import Store\n"
        "from vrp_xl.sources.base import Fetched\n"
        "with Store(settings.store_path()) as s:\n"
        "    old = s.latest('flashalpha', 'SPY')\n"
        "    s.save(Fetched(old.replace(z_score=1.7, vrp_20d=5.0)))\n"
        "    s.save(Fetched(old.replace(symbol='QQQ')))\n"
    )
    assert f.VRP_CELL("QQQ") == NA
    subprocess.run([sys.executable, "-c", script], check=True)
    assert f.VRP_CELL("SPY") == "A"
    assert f.VRP_CELL("QQQ") == "C"
    assert f.VRP_WHATIF(["SPY"], [1], [2]) == [[1]]
    assert f.VRP_GET("SPY", "z") == 1.7


@pytest.mark.usefixtures("live")
def test_saved_rules_are_noticed():
    """A rules file that is written while formulas are open counts at the next call."""
    put(snap(z_score=1.34))
    assert f.VRP_CELL("SPY") == "A"
    (settings.home() / "rules.toml").write_text("z_min = 1.5\nsize_c = 0.25\n")
    assert f.VRP_CELL("SPY") == "C"
    assert f.VRP_SIZE("SPY") == 0.25
    assert f.VRP_MATRIX(1.34, "positive") == "C"
    assert f.VRP_RULE("z_min") == 1.5
    assert f.VRP_CELL("SPY", None, [["size_c", 0.3]]) == "C"
    assert f.VRP_CELL("SPY", None, [["preset", "standard"]]) == "A"
    (settings.home() / "rules.toml").unlink()
    assert f.VRP_CELL("SPY") == "A"


@pytest.mark.usefixtures("live")
def test_another_home_is_another_desk(monkeypatch, tmp_path):
    """The folder of the store can change under a process; nothing of the old one is shown."""
    put(snap())
    rules = [["z_exit", -1]]
    assert f.VRP_CELL("SPY", None, rules) == "A"
    monkeypatch.setenv("VRP_XL_HOME", str(tmp_path))
    assert f.VRP_CELL("SPY", None, rules) == NA
    assert "No source is chosen" in f.VRP_WHY()


@pytest.mark.usefixtures("live")
def test_a_closed_reader_forgets_rules_ranges():
    """Rules read from a range stand on the saved ones, also after the reader was closed."""
    f.VRP_RULE("z_min", [["size_c", 0.4]])
    READER.close()
    (settings.home() / "rules.toml").write_text("z_min = 1.5\n")
    assert f.VRP_RULE("z_min", [["size_c", 0.4]]) == 1.5


@pytest.mark.usefixtures("live")
def test_earnings_of_the_watchlist_count_in_formulas():
    """A date that the user gave to the watchlist stops the size, as it does in a scan."""
    put(snap())
    assert f.VRP_SIZE("SPY") == 1.75
    with store() as open_store:
        open_store.add_watch("SPY", TODAY + timedelta(days=3))
    assert f.VRP_SIZE("SPY") == 0.0
    assert f.VRP_WHATIF(["SPY"], [1], [2]) == [[0]]
    with store() as open_store:
        row = run_scan(open_store, "flashalpha", ["SPY"], STANDARD).rows[0]
    assert f.VRP_GET("SPY", "action") == row.decision.action


# Rules in a range


@pytest.mark.usefixtures("live")
def test_a_changed_threshold_changes_all_that_use_it():
    """One row of a Settings range moves cell, size, signal, scan, decision and what-if."""
    put(snap(z_score=1.34))
    rules = [["rule", "value"], ["z_min", 1.5], ["size_c", 0.25], ["tactical_min", 2]]
    raw = [["symbol", "spot", "z_score", "vrp_20d", "gamma", "gamma_flip"],
           ["SPY", 580, 1.34, 6.15, "positive", 571]]  # fmt: skip
    assert (f.VRP_CELL("SPY"), f.VRP_CELL("SPY", None, rules)) == ("A", "C")
    assert (f.VRP_SIZE("SPY"), f.VRP_SIZE("SPY", rules)) == (1.75, 0.25)
    assert (f.VRP_SIGNAL("SPY"), f.VRP_SIGNAL("SPY", None, None, rules)) == ("SELL", "WAIT")
    assert f.VRP_SCAN(["SPY"], ["cell", "size"]) == [["A", 1.75]]
    assert f.VRP_SCAN(["SPY"], ["cell", "size"], rules) == [["C", 0.25]]
    assert f.VRP_DECIDE(raw)[1][:2] == ["A", 1.75]
    assert f.VRP_DECIDE(raw, rules)[1][:2] == ["C", 0.25]
    assert f.VRP_WHATIF(["SPY"], [1, 1.5], [2]) == [[1], [1]]
    assert f.VRP_WHATIF(["SPY"], [1, 1.5], [2], "count", rules) == [[1], [0]]
    assert f.VRP_WHATIFRATIO(["SPY"], [1.1], [1.15]) == [[1]]
    assert f.VRP_WHATIFRATIO(["SPY"], [1.1], [1.15], None, [["earnings_days", ""], ["size_a", 0]]) \
        == [[0]]  # fmt: skip
    assert "tactical" not in f.VRP_WHY("SPY")
    assert "ratio funnel" in f.VRP_WHY("SPY", rules)
    assert f.VRP_RATIO("SPY", 90, None, [["hv_floor", 30]]) == 18.9 / 30
    assert f.VRP_STRUCTURAL("SPY", [["hv_floor", 30]]) == 18.9 / 30
    assert f.VRP_LEAN("SPY", [["lean_min", 5]]) == "balanced"
    assert f.VRP_STATUS("SPY", [["flip_warn_pct", 5]]).startswith("WARNING")
    assert (
        f.VRP_STRUCTURE("SPY", [["lean_gap", 0], ["structures", "article"]]) == "short_put_spread"
    )


@pytest.mark.usefixtures("live")
def test_arguments_beat_rules():
    """z_min and spread_min of a call stand above those of the range."""
    put(snap(z_score=1.34))
    rules = [["z_min", 1.5]]
    assert f.VRP_CELL("SPY", 1.2, rules) == "A"
    assert f.VRP_SIGNAL("SPY", 1.2, None, rules) == "SELL"
    assert f.VRP_SIGNAL("SPY", 1.2, 7, rules) == "WAIT"
    assert f.VRP_CELL([["SPY", "SPY"]], [[1.0, 1.5]]) == [["A", "C"]]


@pytest.mark.usefixtures("sample")
def test_the_table_of_rules_can_be_given_back():
    """The first two columns of VRP_RULES() as a rules range give the same answers."""
    for preset in PRESETS:
        start = [["preset", preset]]
        table = f.VRP_RULES(start)
        back = [row[:2] for row in table]
        cells = [[name, "" if value is None else value] for name, value in back]
        for rules in (back, cells):
            assert f.VRP_RULES(rules) == table
            assert f.VRP_SCAN(list(SYMBOLS), None, rules) == f.VRP_SCAN(list(SYMBOLS), None, start)
            for name, value in back[1:]:
                assert f.VRP_RULE(name, rules) == ("" if value is None else value)


# Single symbols


@pytest.mark.usefixtures("live")
def test_the_unknown_cell():
    """? where z is known and gamma is not; #N/A where z is missing, with the reason."""
    put(
        snap("AAA", gamma="unknown", net_gex=None, gamma_basis=None),
        snap("BBB", z_score=None, missing={"z_score": "3 of 60 days are stored"}),
        snap("CCC", gamma="unknown", gamma_basis=None, net_gex=-2e9),
    )
    assert f.VRP_CELL("AAA") == "?"
    assert f.VRP_GET("AAA", "cell") == "?"
    assert f.VRP_SCAN(["AAA"], ["cell"]) == [["?"]]
    assert f.VRP_SIZE("AAA") == 0
    assert f.VRP_STRUCTURE("AAA") == NA
    assert f.VRP_CELL("BBB") == NA
    assert "There is no z-score of BBB: 3 of 60 days are stored" in f.VRP_WHY()
    assert "3 of 60 days are stored" in f.VRP_WHY("BBB")
    assert f.VRP_CELL("CCC") == "B"
    assert f.VRP_GET("CCC", "gamma_basis") == "net_gex"
    assert f.VRP_CELL("CCC", None, [["unknown_gamma", "none"]]) == "?"
    assert f.VRP_CELL("AAA", None, [["unknown_gamma", "negative"]]) == "B"


@pytest.mark.usefixtures("live")
def test_missing_figures_say_why():
    """A missing figure is #N/A with the reason of the source, never a zero."""
    reasons = {"rv_90d": "40 of 91 closes are stored", "gamma_flip": "withheld"}
    put(snap(rv_90d=None, gamma_flip=None, put_vrp=None, missing=reasons))
    assert f.VRP_GET("SPY", "flip") == NA
    assert f.VRP_WHY() == "VRP_GET: SPY has no gamma_flip: withheld"
    assert f.VRP_STRUCTURAL("SPY") == NA
    assert "40 of 91 closes" in f.VRP_WHY()
    assert f.VRP_RATIO("SPY", 90) == NA
    assert "There is no HV90 of SPY: 40 of 91 closes" in f.VRP_WHY()
    assert f.VRP_LEAN("SPY") == NA
    assert f.VRP_TERM("SPY", 30) == NA
    assert f.VRP_SCAN(["SPY"], ["rv_90d", "lean", "spot"]) == [[None, None, 580.0]]


@pytest.mark.usefixtures("live")
def test_why_says_each_reason_once():
    """What the action says already is not said again; the word for why a figure is missing is."""
    reasons = {"z_score": "3 of 60 days", "gamma_flip": "withheld"}
    put(
        snap("AAA", atm_oi=3.0, gamma_flip=None, missing=reasons),
        snap("BBB", z_score=-0.6),
        snap("CCC", z_score=None, missing=reasons),
    )
    assert f.VRP_WHY("AAA") == (
        "STAY OUT: open interest at the money 3 is below 500; gamma_flip is missing: withheld."
    )
    assert f.VRP_WHY("BBB").count("compressed") == 1
    assert f.VRP_WHY("CCC").count("3 of 60 days") == 1


@pytest.mark.usefixtures("live")
def test_ratios_take_the_30_day_iv_where_there_is_one():
    """30-day ATM IV first, else the ATM IV as delivered; the window names the HV."""
    put(snap("AAA"), snap("BBB", atm_iv_30d=None, rv_5d=9.0))
    assert f.VRP_RATIO("AAA", 90) == 18.9 / 15.1
    assert f.VRP_RATIO("AAA", 30) == f.VRP_TACTICAL("AAA") == 18.9 / 13.6
    assert f.VRP_RATIO("BBB", 90) == f.VRP_STRUCTURAL("BBB") == 18.45 / 15.1
    assert f.VRP_RATIO("BBB", 5) == 18.45 / 9
    assert f.VRP_RATIO("BBB", 5, 12) == 18.45 / 12
    assert f.VRP_RATIO([["AAA"], ["BBB"], [30]], 20) == [[18.9 / 12.3], [18.45 / 12.3], [1.5]]


@pytest.mark.usefixtures("live")
def test_fields_as_they_were():
    """as_of finds the snapshot of that day or before, then the history, and says what it has."""
    day = trading_day(NOW)
    before = previous_trading_day(day)
    first = dt.date(2025, 3, 3)
    moment = dt.datetime(before.year, before.month, before.day, 20, tzinfo=UTC)
    put(
        snap(z_score=1.34),
        earlier=[snap(z_score=0.4, as_of=moment)],
        observations=[Observation("atm_iv", first, 15.5), Observation("close", first, 500.0)],
    )
    assert f.VRP_GET("SPY", "z_score") == 1.34
    assert f.VRP_GET("SPY", "z_score", TODAY) == 1.34
    assert f.VRP_GET("SPY", "z_score", before) == 0.4
    assert f.VRP_GET("SPY", "cell", before) == "C"
    assert f.VRP_GET("SPY", "yesterday") == "C"
    assert f.VRP_GET("SPY", "z_change") == pytest.approx(0.94)
    assert f.VRP_GET("SPY", "cell", before, [["z_min", 0.3]]) == "A"
    assert f.VRP_GET("SPY", "atm_iv", "2025-06-01") == 15.5
    assert f.VRP_GET("SPY", "spot", "2025-06-01") == 500.0
    assert f.VRP_GET("SPY", "atm_iv", "2025-03-02") == NA
    assert "its history begins on 2025-03-03" in f.VRP_WHY()
    assert f.VRP_GET("SPY", "put_wall", "2025-06-01") == NA
    assert f.VRP_GET("QQQ", "spot", before) == NA
    assert f.VRP_GET("SPY", "next_earnings") == NA


@pytest.mark.usefixtures("live")
def test_the_term_premium():
    """IV in total variance minus RV linear in days; nothing outside the tenors, no RV made up."""
    put(snap(term_vrp=(TermPoint(23, 20.0, 14.0, 6.0), TermPoint(37, 22.0, 16.0, 6.0),
                       TermPoint(60, 23.0, None, None)),
             iv_term=(IvPoint(7, 18.0),)))  # fmt: skip
    assert f.VRP_TERM("SPY", 23) == 6.0
    assert f.VRP_TERM("SPY", 30) == pytest.approx(21.2556 - 15.0, abs=5e-5)
    for days in (7, 22, 38, 60, 90):
        assert f.VRP_TERM("SPY", days) == NA
    assert "there are: 23, 37, 60" in f.VRP_WHY()


@pytest.mark.usefixtures("live")
def test_times_are_shown_in_new_york():
    """UTC in the store, New York time in the cell, summer and winter."""
    winter = dt.datetime(2026, 3, 5, 14, 47, 12, 999, tzinfo=UTC)
    summer = dt.datetime(2026, 7, 6, 14, 47, tzinfo=UTC)
    put(snap("AAA", as_of=winter), snap("BBB", as_of=summer))
    assert f.VRP_ASOF("AAA") == dt.datetime(2026, 3, 5, 9, 47, 12)  # noqa: DTZ001
    assert f.VRP_ASOF("BBB") == dt.datetime(2026, 7, 6, 10, 47)  # noqa: DTZ001
    assert f.VRP_ASOF() == f.VRP_ASOF("BBB")
    assert f.VRP_GET("AAA", "as_of") == f.VRP_ASOF("AAA")
    assert f.VRP_ASOF([["AAA"], ["NONE"]]) == [[f.VRP_ASOF("AAA")], [NA]]


@pytest.mark.usefixtures("live")
def test_quota_words(monkeypatch):
    """What the last refresh saw, by account; never a number that nobody knows."""
    assert f.VRP_QUOTA() == "plan not known: what is left today is not known yet"
    with store() as open_store:
        open_store.put_quota("flashalpha", "", Quota(plan="basic", limit=100, remaining=41))
        account = settings.account_fingerprint("secret-key")
        open_store.put_quota("flashalpha", account, Quota(plan="alpha", unlimited=True))
    assert f.VRP_QUOTA() == "basic: 41 of 100 left today"
    monkeypatch.setenv("FLASHALPHA_API_KEY", "secret-key")
    assert f.VRP_QUOTA() == "alpha: unlimited"


@pytest.mark.usefixtures("live")
def test_strikes_and_exits_of_a_symbol():
    """Strikes of any structure and tenor; an exit is judged by what is stored now."""
    put(snap())
    legs = f.VRP_STRIKES("SPY", "Iron Condor", 30)
    assert [leg[:2] for leg in legs] == [["buy", "put"], ["sell", "put"], ["sell", "call"],
                                        ["buy", "call"]]  # fmt: skip
    strikes = [leg[2] for leg in legs]
    assert strikes == sorted(strikes)
    assert {leg[6] for leg in legs} == {READER.today + timedelta(days=30)}
    assert f.VRP_STRIKES("SPY") == f.VRP_STRIKES("SPY", f.VRP_STRUCTURE("SPY"))
    wide = f.VRP_STRIKES("SPY", "iron_condor", 30, [["strike_method", "move"]])
    assert [leg[4] for leg in wide[1:3]] == pytest.approx([-1, 1], abs=0.05)
    near, far = TODAY + timedelta(days=15), TODAY + timedelta(days=50)
    assert f.VRP_EXIT("SPY", 2, 1.5, far, "A") == "OK"
    assert f.VRP_EXIT("SPY", 2, 1.0, far, "A").startswith("CLOSE: 50 %")
    assert f.VRP_EXIT("SPY", 2, 1.5, near, "A").startswith("CLOSE: 15 days")
    assert f.VRP_EXIT("SPY", 2, 1.5, near, "A", TODAY) == "OK"  # entered inside the time stop
    assert f.VRP_EXIT("SPY", None, None, far, "A").startswith("UNKNOWN: profit target")
    assert f.VRP_EXIT("SPY", 2, 1.5, None, "A").startswith("UNKNOWN: time stop")
    assert f.VRP_EXIT("SPY", 2, 1.5, far, "A", None, None, [["z_exit", 1], ["z_min", 1.6]]) == "OK"
    assert f.VRP_EXIT(
        "SPY", 2, 1.5, far, "A", None, None, [["z_exit", 1.35], ["z_min", 1.6]]
    ).startswith("CLOSE: compressed")


@pytest.mark.usefixtures("live")
def test_exits_by_old_figures_are_never_ok(monkeypatch):
    """What fires still leads; when the figures were taken and how old they are is told."""
    friday = dt.datetime(2026, 11, 20, 21, 0, 7, 5, tzinfo=UTC)
    moment = dt.datetime(2026, 11, 24, 16, tzinfo=UTC)
    monkeypatch.setattr(READER, "clock", lambda: moment)
    put(snap("SPY", as_of=friday), snap("QQQ", as_of=moment - timedelta(minutes=15)))
    far = dt.date(2027, 1, 15)
    assert f.VRP_EXIT("QQQ", 2, 1.5, far, "A") == "OK"
    assert f.VRP_EXIT("SPY", 2, 1.5, far, "A") == (
        "UNKNOWN: figures of 2026-11-20 are 2 sessions old"
    )
    assert f.VRP_EXIT("SPY", 2, 1.0, far, "A").startswith("CLOSE: 50 %")
    details = ["short_put_spread", "550/560", 2, dt.date(2026, 11, 2), "A", far, 1.65, 1.4]
    measures = [["action", "reason", "as_of", "sessions_old"]]
    old, fresh, bare, closed = f.VRP_POSITIONS(
        [["SPY"], ["QQQ"], ["IWM"], ["SPY"]],
        [[*details, None, None], [*details, None, None], [*details, None, None],
         [*details, dt.date(2026, 11, 20), 0.5]],
        measures,
    )  # fmt: skip
    assert old == [
        "UNKNOWN", "unknown: figures of 2026-11-20 are 2 sessions old",
        dt.datetime.fromisoformat("2026-11-20T16:00:07"), 2,
    ]  # fmt: skip
    assert fresh == ["OK", "no exit fires", dt.datetime.fromisoformat("2026-11-24T10:45"), 0]
    assert (bare[0], bare[2:]) == ("UNKNOWN", [None, None])
    assert (closed[0], closed[2:]) == ("CLOSED", [None, None])


def a_straddle(symbol, iv, hv):
    """A name that earns 2 points on a 30-day straddle at 100, of which the scan thinks highest."""
    known = {
        "spot": 100.0, "atm_iv": iv, "atm_iv_30d": iv, "rv_20d": hv, "rv_30d": hv, "rv_90d": hv,
        "vrp_20d": iv - hv, "put_wing_iv": None, "call_wing_iv": None, "gamma_flip": None,
        "put_wall": None, "call_wall": None, "max_gamma": None, "score_kind": "local",
        "scores": {"short_straddle": 90.0, "iron_condor": 40.0},
    }  # fmt: skip
    return snap(symbol, **known)


@pytest.mark.usefixtures("live")
def test_spread_and_ratio_settle_in_dollars():
    """IV 12 over HV 10 and 52 over 50: nearly the same dollars, 16.7 % and 3.8 % of the credit.

    Once by the function with its days, once as the scan and the desk decide them.
    """
    put(a_straddle("CALM", 12.0, 10.0), a_straddle("WILD", 52.0, 50.0))
    row = {s: f.VRP_EDGE(s, "short straddle", 30)[0] for s in ("CALM", "WILD")}
    labels = f.VRP_EDGE("CALM", None, None, "labels")[0]
    calm, wild = (dict(zip(labels, row[s], strict=True)) for s in ("CALM", "WILD"))
    assert calm["edge_30"] == pytest.approx(45.7, abs=0.05)
    assert wild["edge_30"] == pytest.approx(45.6, abs=0.05)
    assert calm["edge_30_pct_credit"] == pytest.approx(16.7, abs=0.05)
    assert wild["edge_30_pct_credit"] == pytest.approx(3.8, abs=0.05)
    assert calm["edge_90"] == calm["edge_30"]
    assert calm["credit"] - calm["value_30"] == calm["edge_30"]
    assert (calm["loss_kind"], calm["structure"]) == ("stress", "short_straddle")
    assert calm["expiry"] == TODAY + timedelta(30)

    rules = [["target_dte", 30], ["dte_min", 25], ["dte_max", 40]]
    fields = ["structure", "edge_30", "edge_30_pct_credit"]
    scanned = f.VRP_SCAN(["CALM", "WILD"], fields, rules)
    assert [r[0] for r in scanned] == ["short_straddle"] * 2
    assert scanned[0][1] == pytest.approx(scanned[1][1], rel=0.01)
    assert scanned[0][2] == pytest.approx(16.7, abs=0.1)
    assert scanned[1][2] == pytest.approx(3.8, abs=0.1)
    assert [f.VRP_EDGE(s, None, None, "edge_30", rules) for s in ("CALM", "WILD")] == [
        [[r[1]]] for r in scanned
    ]


@pytest.mark.usefixtures("live")
def test_an_edge_says_what_it_lacks():
    """A missing figure is an error in its own place, with its reason; the others stay."""
    put(
        snap("PART", rv_30d=None, missing={"rv_30d": "31 closes are needed"}),
        snap("NONE", atm_iv=None, atm_iv_30d=None),
        snap("IDLE", z_score=0.2, gamma="negative"),
        snap("TORN", atm_spread_pct=150.0, wing_spread_pct=150.0),
    )
    labels = f.VRP_EDGE("PART", None, None, "labels")[0]
    part = dict(zip(labels, f.VRP_EDGE("PART")[0], strict=True))
    assert part["edge_30"] == part["edge_30_pct_loss"] == part["value_30"] == NA
    assert part["edge_90"] > 0
    assert f.VRP_EDGE("PART", None, None, "edge 30") == NA
    assert f.VRP_WHY() == "VRP_EDGE: There is no HV30 of PART: 31 closes are needed"
    assert f.VRP_GET("PART", "edge") == NA
    assert f.VRP_WHY() == "VRP_GET: PART has no edge_30: 31 closes are needed"
    assert f.VRP_EDGE("NONE") == NA
    assert "has no ATM IV" in f.VRP_WHY()
    assert f.VRP_EDGE("IDLE") == NA
    assert "There is nothing to sell in IDLE" in f.VRP_WHY()
    assert f.VRP_GET("IDLE", "edge_30") == NA
    assert "there is nothing to sell" in f.VRP_WHY()
    assert f.VRP_EDGE("IDLE", "iron_condor", 40, "edge_90")[0][0] > 0
    torn = dict(zip(labels, f.VRP_EDGE("TORN", "iron_condor")[0], strict=True))
    assert torn["credit"] < 0
    assert torn["edge_30_pct_credit"] == NUM
    assert torn["edge_30"] < 0
    assert "no credit is left" in torn["basis"]


@pytest.mark.usefixtures("live")
def test_local_scores_of_every_structure_reach_the_desk():
    """What only a local score knows is picked from the raw figures as the scan picks it."""
    scores = {"iron_condor": 60.0, "short_straddle": 88.0, "iron_fly": 70.0, "jade_lizard": 50.0}
    local = snap(
        "LOCL", score_kind="local", scores=scores, warnings=("quotes are yesterday's",),
        iv_term=(IvPoint(23, 17.25), IvPoint(60, 18.125)), atm_spread_pct=2.0, wing_spread_pct=7.5,
    )  # fmt: skip
    put(local)
    assert f.VRP_STRUCTURE("LOCL") == "short_straddle"
    check_decisions("flashalpha", [local])
    words = f.VRP_DECIDE([raw_row(local)])[0][DECIDED_COLUMNS.index("warnings")]
    assert "vendor:" not in words
    row = [None] * len(RAW_COLUMNS)
    row[0], row[RAW_COLUMNS.index("iv_term")] = "LOCL", "soon 18"
    assert "cannot be read" in f.VRP_DECIDE([row])[0][DECIDED_COLUMNS.index("action")]


@pytest.mark.usefixtures("live")
def test_histories():
    """Oldest first, the newest so many, by any name of the field."""
    days = [dt.date(2026, 1, d) for d in (5, 6, 7, 8)]
    put(snap(), observations=[Observation("close", d, 100.0 + d.day) for d in days]
        + [Observation("vrp_20d", days[0], -1.5)])  # fmt: skip
    every = [[d, 100.0 + d.day] for d in days]
    assert f.VRP_HISTORY("spy", "close") == every
    assert f.VRP_HISTORY("SPY", "spot", 2) == every[2:]
    assert f.VRP_HISTORY("SPY", "Price", 1000) == every
    assert f.VRP_HISTORY("SPY", "spread") == f.VRP_HISTORY("SPY", "vrp") == [[days[0], -1.5]]
    assert f.VRP_HISTORY("SPY", "z_score") == NA
    assert "vrp-xl history import FILE --symbol SPY --field z_score" in f.VRP_WHY()
    assert f.VRP_HISTORY("QQQ", "close") == NA
    assert "Nothing is stored for QQQ" in f.VRP_WHY()
    assert f.VRP_HV([row[1:] for row in f.VRP_HISTORY("SPY", "close")]) > 0


# The journal


@pytest.mark.usefixtures("sample")
def test_the_sample_market_has_a_journal():
    """What it says now and what it said the day before; exactly as many rows as are asked for."""
    today, before, blank = f.VRP_SCANLOG(3)
    assert today[0] == trading_day(READER.clock())
    assert before[0] == previous_trading_day(today[0])
    assert (today[3], today[4], today[5]) == (12, 6, "sample SAMPLE")
    assert "QQQ C to A" in today[-1]
    assert blank == [None] * len(today)
    assert len(f.VRP_SCANLOG()) == 2
    rows = f.VRP_JOURNAL("spy", 4)
    assert [r[1] for r in rows] == ["SPY", "SPY", None, None]
    assert [r[14] for r in rows[:2]] == ["not yet: 0 of 21 returns", "not yet: 1 of 21 returns"]
    assert len(f.VRP_JOURNAL("SPY")) == 2
    passed = [r[1] for r in f.VRP_JOURNAL()]
    assert sorted(passed[:6]) == today[6].split(", ")
    assert {r[3] for r in f.VRP_JOURNAL()} == {"yes"}


@pytest.mark.usefixtures("live")
def test_the_journal_of_another_process_is_seen_at_once():
    """Nothing yet is #N/A with what to do; a kept scan shows, of the chosen source alone."""
    assert f.VRP_JOURNAL("SPY") == f.VRP_SCANLOG(5) == NA
    assert "The journal holds no scan of the source flashalpha yet" in f.VRP_WHY()
    put(snap(), snap("QQQ", z_score=-2.0))
    with store() as other:
        journal.keep(other, run_scan(other, "flashalpha", ["SPY", "QQQ"], STANDARD))
    assert [r[1] for r in f.VRP_JOURNAL()] == ["SPY"]
    (row,) = f.VRP_JOURNAL("QQQ")
    assert row[2:4] == ["C", "no"]
    assert "z_exit -2 (limit -0.5)" in row[6]
    assert f.VRP_JOURNAL("SPY", None, [["source", "folder"]]) == NA
    with store() as other:
        other.scans.prune(keep=0)
    assert f.VRP_JOURNAL() == NA


# The scan as a table


@pytest.mark.usefixtures("sample")
def test_the_scan_without_arguments():
    """A header, then the whole sample market in the order of the morning scan."""
    table = f.VRP_SCAN()
    assert table[0] == list(SCAN_FIELDS)
    with store() as open_store:
        scan = run_scan(open_store, "sample", list(SYMBOLS), STANDARD)
    assert [row[0] for row in table[1:]] == [row.snapshot.symbol for row in scan.rows]
    action = list(SCAN_FIELDS).index("action")
    assert [row[action] for row in table[1:]] == [row.decision.action for row in scan.rows]
    assert {len(row) for row in table} == {len(SCAN_FIELDS)}


@pytest.mark.usefixtures("live")
def test_the_scan_takes_the_watchlist():
    """Candidates first, z descending, missing last, and what is not stored after all."""
    put(snap("AMD", z_score=1.1), snap("NVDA", z_score=2.2), snap("SPY", z_score=None),
        snap("QQQ", z_score=2.9, gamma="negative", vrp_20d=0.1))  # fmt: skip
    listed = [row[0] for row in f.VRP_SCAN(None, ["symbol"])]
    assert listed[:4] == ["NVDA", "AMD", "QQQ", "SPY"]
    assert listed[4:] == sorted(set(DEFAULT_WATCHLIST) - set(listed[:4]))
    with store() as open_store:
        open_store.import_watchlist([Watched("AMD"), Watched("XYZ")], replace=True)
    assert f.VRP_SCAN(None, ["symbol", "z"]) == [["AMD", 1.1], ["XYZ", NA]]
    with store() as open_store:
        open_store.import_watchlist([], replace=True)
    assert f.VRP_SCAN() == NA
    assert "There is no symbol to show" in f.VRP_WHY()


@pytest.mark.usefixtures("sample")
def test_the_scan_of_named_symbols():
    """Their order is kept, one listed twice is there twice, an unknown one has #N/A beside it."""
    fields = [["symbol", "cell", "Z Score", "spread"]]
    table = f.VRP_SCAN([["msft"], [""], ["zzzz"], ["SPY"], ["SPY"]], fields)
    assert [row[:2] for row in table] == [["MSFT", "D"], ["ZZZZ", NA], ["SPY", "A"], ["SPY", "A"]]
    assert table[1] == ["ZZZZ", NA, NA, NA]
    assert "ZZZZ is not in the sample market" in f.VRP_WHY()
    assert f.VRP_SCAN("SPY", "cell") == [["A"]]
    assert f.VRP_SCAN("SPY")[0] == list(SCAN_FIELDS)
    every = [row[0] for row in f.VRP_FIELDS()[1:]]
    assert len(f.VRP_SCAN("SPY", every)[0]) == len(every)
    for name in every:
        assert f.VRP_GET("SPY", name) in (f.VRP_SCAN("SPY", name)[0][0], NA)


# Decisions for raw figures


def raw_row(s):
    """A snapshot as cells of a raw block."""
    special = {
        "warnings": "; ".join(s.warnings) or None,
        "missing": s.missing.get("z_score"),
        "iv_term": term_words(s),
        **{f"score_{n}": s.scores.get(n) for n in STRUCTURES},
        "as_of": s.as_of.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None),
    }
    return [special[c] if c in special else getattr(s, c, None) for c in RAW_COLUMNS]


def check_decisions(source, snapshots, rules=None):
    """VRP_DECIDE over the raw figures says what VRP_SCAN says of the same symbols."""
    symbols = [s.symbol for s in snapshots]
    wanted = f.VRP_SCAN(symbols, list(DECIDED_COLUMNS), [["source", source], *(rules or [])])
    raw = [raw_row(s) for s in snapshots]
    assert f.VRP_DECIDE(raw, rules) == wanted
    as_cells = [["" if cell is None else cell for cell in row] for row in raw]
    assert f.VRP_DECIDE([list(RAW_COLUMNS), *as_cells], rules) == [list(DECIDED_COLUMNS), *wanted]


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.usefixtures("sample")
def test_decisions_over_raw_figures_of_the_sample_market(preset):
    """All twelve names, under every preset, with and without a header row."""
    f.VRP_SCAN()
    with store() as open_store:
        stored = open_store.latest_many("sample", SYMBOLS)
    check_decisions("sample", list(stored.values()), [["preset", preset]])


@pytest.mark.usefixtures("live")
def test_decided_gamma_given_back_stays_a_sign_of_net_gex():
    """A block made of VRP_SCAN's own gamma columns: net GEX stays marked, and the rule acts."""
    put(snap("AMZN", gamma="unknown", gamma_flip=None, net_gex=5.2e8))
    fields = ["symbol", "spot", "z_score", "vrp_20d", "gamma", "gamma_basis", "net_gex"]
    block = [fields, *f.VRP_SCAN(["AMZN"], fields)]
    assert block[1][4:6] == ["positive", "net_gex"]
    cell, basis = DECIDED_COLUMNS.index("cell"), DECIDED_COLUMNS.index("gamma_basis")
    decided = f.VRP_DECIDE(block)[1]
    assert (decided[cell], decided[basis]) == ("A", "net_gex")
    assert f.VRP_DECIDE(block, [["unknown_gamma", "none"]])[1][cell] == "?"


def test_decisions_return_as_many_rows():
    """A header for a header, blank for blank, words for what cannot be read, errors as missing."""
    blank = [None] * len(DECIDED_COLUMNS)
    header = ["Symbol", "Z_score ", "gamma", "vrp_20d", "spot", "note"]
    table = [
        header,
        ["SPY", 1.3, "positive_gamma", 5, 580, "mine"],
        [None, "", "  ", None, None, None],
        ["QQQ", "n/a", "positive", 5, 500, ""],
        ["IWM", ERRORS["#N/A"], "positive", -2146826246, 200, ""],
        ["", 1.3, "positive", 5, 580, ""],
        ["not a symbol", 1.3, "positive", 5, 580, ""],
    ]
    out = f.VRP_DECIDE(table)
    assert len(out) == len(table)
    assert out[0] == list(DECIDED_COLUMNS)
    assert out[1][0] == "A"
    assert out[2] == out[5] == blank
    action, why = DECIDED_COLUMNS.index("action"), DECIDED_COLUMNS.index("why")
    assert out[3][action] == out[6][action] == "WAIT: a figure cannot be read"
    assert "z_score of QQQ is 'n/a', not a number" in out[3][why]
    assert "no symbol" in out[6][why]
    assert out[3][0] == out[4][0] == out[6][0] == "?"
    assert "no z-score" in out[4][why]
    assert len(f.VRP_DECIDE([["SPY"], [None], [""]])) == 3
    assert f.VRP_DECIDE([[None, None]] * 4) == [blank] * 4


def test_decisions_need_no_source():
    """Raw figures are decided without any choice and without a store."""
    assert f.VRP_DECIDE([["symbol", "z_score", "gamma"], ["SPY", 1.3, "negative"]])[1][0] == "B"
    assert not settings.store_path().exists()


# What-if tables

Z_AXIS = [1.5, -0.5, 1.0, 0.0, 2.5, 1.0, 0.25]
SPREAD_AXIS = [6.0, 2.0, 0.0, 2.5, -4.0]
RATIO_AXIS = [1.3, 1.1, 0.9, 1.15, 1.1]
VARIANTS = {
    **{name: [["preset", name]] for name in PRESETS},
    "both": [["method", "both"]],
    "both without guards": [["preset", "article"], ["method", "both"], ["size_without_cell", 1]],
    "no cell of unknown gamma": [["unknown_gamma", "none"], ["size_without_cell", 0.5]],
    "ratio, unknown is negative": [["preset", "ratio"], ["unknown_gamma", "negative"]],
    "ratio, a size in D": [["preset", "ratio"], ["size_d", 0.5], ["z_exit", -10]],
    "nothing in B": [["size_b", 0], ["percentile_min", 50]],
    "by spread": [["size_by", "spread"], ["spread_full", 10], ["inversion_exit", "both"]],
    "inverted only": [["inversion_exit", "inverted"], ["tactical_defense", ""]],
}


def many(seed, n=40):
    """Snapshots of every kind; figures fall on thresholds often, or a hair beside them."""
    rng = random.Random(seed)

    def around(axis, low, high):
        kind = rng.random()
        if kind < 0.1:
            return None
        if kind < 0.5:
            return rng.choice(axis) + rng.choice([0, 0, 1e-12, -1e-12, 1e-6, -1e-6])
        return rng.uniform(low, high)

    made = []
    for i in range(n):
        hv = rng.choice([10.0, 20.0, 4.0])
        iv = hv * rng.choice([1.0, 1.1, 1.15, 1.2, 1.4])
        rv_30d = None if rng.random() < 0.1 else iv / (around(RATIO_AXIS, 0.8, 1.6) or 1.0)
        made.append(
            snap(
                f"N{i}",
                z_score=around(Z_AXIS, -1.5, 3.5),
                vrp_20d=around(SPREAD_AXIS, -6, 9),
                percentile=rng.choice([None, 49.0, 50.0, 80.0, 95.0]),
                atm_iv=iv,
                atm_iv_30d=rng.choice([None, iv]),
                rv_30d=rv_30d,
                rv_90d=rng.choice([None, hv, hv, hv]),
                gamma=rng.choice(["positive", "negative", "unknown"]),
                gamma_basis=rng.choice([None, "vendor", "repriced"]),
                net_gex=rng.choice([None, 2e9, -2e9, 0.0]),
                gamma_flip=rng.choice([None, 570.0, 579.0, 590.0]),
                spot=rng.choice([None, 580.0, 580.0, 580.0]),
                max_gamma=rng.choice([None, 581.0, 620.0]),
                put_vrp=rng.choice([None, 7.0, 2.0]),
                scores=rng.choice([{}, {"iron_condor": 60.0}, {"short_strangle": 90.0}]),
                next_earnings=rng.choice([None, None, TODAY + timedelta(days=4)]),
                warnings=rng.choice([(), (), (), ("event_risk",)]),
                atm_oi=rng.choice([None, None, 100.0]),
            )
        )
    return made


def check_grid(grid, names, first, second, rules_at):
    """Each cell of `grid` holds what deciding each name under its two thresholds gives."""
    for (i, a), (j, b) in itertools.product(enumerate(first), enumerate(second)):
        rules = rules_at(a, b)
        held = [s.symbol for s in names if decide(s, rules, today=READER.today).candidate]
        assert grid["count"][i][j] == len(held), (a, b)
        assert grid["names"][i][j] == ", ".join(held), (a, b)
        known = [grid["known"][s] for s in held if grid["known"][s] is not None]
        if known:
            assert grid["outcome"][i][j] == pytest.approx(statistics.fmean(known)), (a, b)
        else:
            assert grid["outcome"][i][j] is None


def outcomes_by_hand(names):
    """Stores prices and IVs of every second name; their mean outcomes, computed the long way."""
    known = dict.fromkeys((s.symbol for s in names), None)
    day = dt.date(2025, 1, 1)
    with store() as open_store:
        for k, symbol in enumerate(sorted(known)[::2]):
            rng = random.Random(k)
            closes = [100.0]
            for _ in range(39):
                closes.append(closes[-1] * math.exp(rng.gauss(0, 0.01)))
            ivs = [15.0 + rng.random() * 10 for _ in closes]
            open_store.add_observations(
                "flashalpha", symbol,
                [Observation("close", day + timedelta(days=i), c) for i, c in enumerate(closes)]
                + [Observation("atm_iv", day + timedelta(days=i), v) for i, v in enumerate(ivs)],
            )  # fmt: skip
            found = []
            for i in range(40 - 21):
                returns = [math.log(closes[t + 1] / closes[t]) for t in range(i, i + 21)]
                found.append(ivs[i] - 100 * math.sqrt(252) * statistics.stdev(returns))
            known[symbol] = statistics.fmean(found)
    return known


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.usefixtures("live")
def test_what_if_equals_deciding_each_name(variant):
    """The z x spread grid: every cell by brute force, axes unsorted, a name twice."""
    names = many(variant)
    put(*names)
    known = outcomes_by_hand(names)
    listed = [*names, names[3], names[7]]
    symbols = [[s.symbol] for s in listed] + [[None], ["NONE"]]
    cells = VARIANTS[variant]
    rules = READER.desk().rules
    for name, value in cells:
        rules = PRESETS[value] if name == "preset" else rules.with_values({name: value})
    grid = {
        m: f.VRP_WHATIF(symbols, [[z] for z in Z_AXIS], [SPREAD_AXIS], m, cells)
        for m in ("count", "names", "outcome")
    }
    assert f.VRP_WHATIF(symbols, Z_AXIS, SPREAD_AXIS, None, cells) == grid["count"]
    check_grid(grid | {"known": known}, listed, Z_AXIS, SPREAD_AXIS,
               lambda z, s: rules.with_values({"z_min": z, "spread_min": s}))  # fmt: skip


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.usefixtures("live")
def test_ratio_what_if_equals_deciding_each_name(variant):
    """Structural x tactical: every cell by brute force, by the ratios whatever the method."""
    names = many(variant + "r")
    put(*names)
    known = outcomes_by_hand(names)
    listed = [*names, names[3], names[3]]
    symbols = [s.symbol for s in listed]
    cells = VARIANTS[variant]
    rules = READER.desk().rules
    for name, value in cells:
        rules = PRESETS[value] if name == "preset" else rules.with_values({name: value})
    rules = rules if rules.method == "both" else rules.with_values({"method": "ratio"})
    grid = {
        m: f.VRP_WHATIFRATIO(symbols, RATIO_AXIS, [RATIO_AXIS], m, cells)
        for m in ("count", "names", "outcome")
    }

    def at(a, b):
        return rules.with_values({"structural_min": a, "tactical_min": b})

    check_grid(grid | {"known": known}, listed, RATIO_AXIS, RATIO_AXIS, at)


@pytest.mark.usefixtures("live")
def test_a_suspected_split_is_no_outcome():
    """Windows over it do not count, and the words say which name and day; a mark lets them."""
    put(snap("AAA"))
    outcomes_by_hand([snap("AAA")])
    day = dt.date(2025, 1, 1) + timedelta(days=19)
    with store() as opened:
        whole = dict(opened.series("flashalpha", "AAA", "close"))
        parted = {d: c / 4 if d >= day else c for d, c in whole.items()}
        opened.add_observations(
            "flashalpha", "AAA", [Observation("close", d, c) for d, c in parted.items()]
        )
    READER.close()
    assert f.VRP_WHATIF("AAA", [0], [0], "outcome") == [[None]]
    assert LAST.words == (
        f"AAA: unknown: suspected split on {day}, see `vrp-xl history split`; no outcome reaches "
        "over it"
    )
    with store() as opened:
        opened.add_observations("flashalpha", "AAA", [Observation("split", day, 4.0)])
    READER.close()
    ((split,),) = f.VRP_WHATIF("AAA", [0], [0], "outcome")
    with store() as opened:
        opened.add_observations(
            "flashalpha", "AAA", [Observation("close", d, c) for d, c in whole.items()]
        )
    READER.close()
    assert f.VRP_WHATIF("AAA", [0], [0], "outcome") == [[pytest.approx(split)]]


@pytest.mark.usefixtures("live")
def test_what_if_ties():
    """A z on its threshold counts, a spread on its threshold does not, nor a ratio."""
    put(snap("AAA", z_score=1.0, vrp_20d=2.0), snap("BBB", atm_iv_30d=22.0, rv_90d=20.0))
    assert f.VRP_WHATIF("AAA", [1.0, 1.0000001], [1.9999999, 2.0]) == [[1, 0], [1, 0]]
    assert f.VRP_WHATIF("AAA", [[1.0]], [[2.0]], None, [["tactical_min", 9]]) == [[0]]
    rules = [["tactical_min", 9]]  # no cell C
    assert f.VRP_WHATIF("AAA", [1.0, 1.0000001], [1.9999999, 2.0], None, rules) == [[1, 0], [0, 0]]
    assert f.VRP_WHATIFRATIO("BBB", [1.0999999, 1.1], [1]) == [[1], [0]]


@pytest.mark.usefixtures("sample")
def test_what_if_shape():
    """Rows follow the first values, columns the second; the grid alone, also 1 x 1."""
    grid = f.VRP_WHATIF(list(SYMBOLS), [1, 1.5, 2], [0, 2, 4, 6, 8])
    assert len(grid) == 3
    assert {len(row) for row in grid} == {5}
    assert f.VRP_WHATIF(list(SYMBOLS), 1, 2) == [[sum(
        f.VRP_SIGNAL(s) == "SELL" for s in SYMBOLS)]]  # fmt: skip
    assert f.VRP_WHATIF(["ZZZZ"], [1], [2], "names") == [[""]]
    assert f.VRP_WHATIF(["ZZZZ"], [1], [2], "outcome") == [[None]]
    assert f.VRP_WHATIF(["SPY"], [1], [2], " Names ") == [["SPY"]]
    assert f.VRP_WHATIF(["SPY"], [], [2]) == ERRORS["#NUM!"]
    assert f.VRP_WHATIF(["SPY", 5], [1], [2]) == VALUE


@pytest.mark.usefixtures("sample")
def test_what_if_names_keep_to_what_a_cell_holds():
    """Too many names for one cell are counted in words; too many cells of names are refused."""
    assert f.VRP_WHATIF(["SPY"] * 7000, [1], [2], "names") == [["7000 names, too many for a cell"]]
    assert len(f.VRP_WHATIF(["SPY"] * 6553, [1], [2], "names")[0][0]) == 32_763
    axis = [i / 10 for i in range(101)]
    assert f.VRP_WHATIF(["SPY"], axis, axis, "names") == VALUE
    assert "at most 10,000 pairs of thresholds; these are 10,201. Count them" in f.VRP_WHY()
    assert len(f.VRP_WHATIF(["SPY"], axis, axis)) == 101


# About the data


@pytest.mark.usefixtures("sample")
def test_fields_and_rules_are_tables():
    """Every field can be asked for by its name; units and meanings are there."""
    fields = f.VRP_FIELDS()
    assert fields[0] == ["field", "unit", "meaning"]
    assert len({row[0] for row in fields}) == len(fields)
    assert all(row[2] for row in fields)
    for name, _, _ in fields[1:]:
        assert f.VRP_GET("SPY", name) != VALUE
    rules = f.VRP_RULES()
    assert rules[0] == ["rule", "value", "unit", "default", "meaning"]
    assert [row[0] for row in rules[1:]] == list(STANDARD.to_dict())


@pytest.mark.usefixtures("live")
def test_why_a_symbol_is_none():
    """VRP_WHY(symbol): what to do, why, and what is missing."""
    put(snap("AAA"), snap("BBB", vrp_20d=1.0), snap("CCC", next_earnings=TODAY))
    assert f.VRP_WHY("AAA").startswith("SELL ")
    assert "spread +1.00 is not above 2" in f.VRP_WHY("BBB")
    assert f.VRP_WHY("CCC").startswith("STAY OUT: earnings on")
    assert f.VRP_WHY([["AAA"], ["NONE"]])[1][0].startswith("Nothing is stored for NONE")
