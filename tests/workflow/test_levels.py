"""What a chain says by expiry and by strike, from the files to tables and text."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

import vrp_xl.functions as f
from tests.sources import chain_files as files
from vrp_xl import settings
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import STRIKES_KEPT, Crossing, Snapshot
from vrp_xl.errors import InputError, MissingError
from vrp_xl.reader import READER
from vrp_xl.sources.base import Fetched
from vrp_xl.sources.cboe_files import read_file
from vrp_xl.sources.chain_figures import LEVELS as FIGURES_OF_A_CHAIN
from vrp_xl.sources.chain_figures import chain_snapshot
from vrp_xl.store.database import Store
from vrp_xl.terminal import console, show_scan
from vrp_xl.workflow import levels
from vrp_xl.workflow.columns import row_dict
from vrp_xl.workflow.scan import run_scan

DROPPED = {"expired by the clock": 122, "without a two-sided quote": 174}
NOW = datetime(2026, 3, 18, 20, 30, tzinfo=UTC)


@pytest.fixture
def chain(tmp_path):
    """The snapshot of a made chain with one expired series."""
    path = tmp_path / "abc.json"
    path.write_text(files.Market("ABC", days=(-5, 2, 16, 30, 44, 65, 93)).json())
    return chain_snapshot(read_file(path, now=NOW).chain, source="folder", name="abc", now=NOW)


def test_a_record_keeps_them_through_json(chain):
    """Lists of named figures come back as they were, and old records have none."""
    assert Snapshot.from_dict(chain.to_dict()) == chain
    new = {"crossings", "expiries", "by_strike", "window_levels", "dropped"}
    old = Snapshot.from_dict({k: v for k, v in chain.to_dict().items() if k not in new})
    assert (old.crossings, old.expiries, old.by_strike, old.dropped) == ((), (), (), {})


def test_expiries_and_strikes_add_up(chain):
    """Net GEX is the sum over expiries; the strikes hold most of it and the walls."""
    assert [e.dte for e in chain.expiries] == [2, 16, 30, 44, 65, 93]
    assert sum(e.net_gex for e in chain.expiries) == pytest.approx(chain.net_gex, rel=1e-4)
    assert {e.dte: e.atm_iv for e in chain.expiries}[30] == pytest.approx(chain.atm_iv_30d)
    assert len(chain.by_strike) == STRIKES_KEPT
    strikes = [p.strike for p in chain.by_strike]
    assert strikes == sorted(strikes)
    assert max(chain.by_strike, key=lambda p: p.call_gex).strike == chain.call_wall
    assert min(chain.by_strike, key=lambda p: p.put_gex).strike == chain.put_wall
    assert chain.dropped == DROPPED


def test_the_window_stands_beside_all_expiries(chain):
    """The figures of 30 to 60 days alone are those of its two expiries."""
    w = chain.window_levels
    assert (w["dte_min"], w["dte_max"]) == (30, 60)
    inside = sum(e.net_gex for e in chain.expiries if 30 <= e.dte <= 60)
    assert w["net_gex"] == pytest.approx(inside, rel=1e-4)
    table = levels.table(chain, "levels")
    assert table[0] == ["level", "all expiries", "30 to 60 days", "why one is missing"]
    rows = {row[0]: row[1:] for row in table[1:]}
    assert rows["Put wall"] == [chain.put_wall, w["put_wall"], None]
    assert rows["Net GEX"] == [chain.net_gex, w["net_gex"], None]
    assert set(levels.LEVELS) == {*FIGURES_OF_A_CHAIN, "gamma_flip"}


def test_crossings_say_which_way_gamma_turns(chain):
    """Each with its direction and distance; none is told with the reason."""
    (only,) = chain.crossings
    assert only == Crossing(chain.gamma_flip, "up")
    head, row = levels.table(chain, "crossings")
    assert head == ["spot", "gamma is", "% from spot"]
    assert row[:2] == [only.spot, "positive above"]
    assert row[2] == pytest.approx(100 * (only.spot / chain.spot - 1))
    down = Crossing(4006.4245, "down")
    assert levels.crossing_words(down) == "negative above 4,006.42"
    none = chain.replace(crossings=(), gamma_flip_status="gamma keeps its sign")
    with pytest.raises(MissingError, match="gamma keeps its sign"):
        levels.table(none, "crossings")


def test_tables_that_are_not_there(chain):
    """An unknown name lists the known ones; without a chain there is nothing by expiry."""
    with pytest.raises(InputError, match="Tables: levels, crossings, expiries, strikes, dropped"):
        levels.table(chain, "gex")
    bare = Snapshot(symbol="ABC", source="flashalpha", as_of=NOW, fetched_at=NOW, put_wall=95.0)
    for name in ("crossings", "expiries", "strikes", "dropped"):
        with pytest.raises(MissingError, match=f"no {name}: no option chain stands behind"):
            levels.table(bare, name)
    table = levels.table(bare, "levels")
    assert table[0][2] == "traded window"
    assert ["Put wall", 95.0, None, "traded window: no option chain is behind the figures"] in table


def test_a_level_that_is_missing_says_why(chain):
    """Of all expiries with the source's words, of the window alone, and of both in one cell."""
    alone = {k: v for k, v in chain.window_levels.items() if k != "gamma_flip"}
    s = chain.replace(
        put_wall=None, gamma_flip=None, window_levels=alone, missing={"put_wall": "no puts"},
        gamma_flip_status="gamma keeps its sign",
    )  # fmt: skip
    rows = {row[0]: row[1:] for row in levels.table(s, "levels")[1:]}
    assert rows["Put wall"] == [None, alone["put_wall"], "no puts"]
    assert rows["Gamma flip"] == [None, None, "gamma keeps its sign; 30 to 60 days: none"]
    assert rows["Call wall"] == [s.call_wall, alone["call_wall"], None]
    window = {k: v for k, v in alone.items() if k != "call_wall"}
    rows = {row[0]: row[1:] for row in levels.table(s.replace(window_levels=window), "levels")[1:]}
    assert rows["Call wall"] == [s.call_wall, None, "30 to 60 days: none"]
    bare = Snapshot(symbol="ABC", source="flashalpha", as_of=NOW, fetched_at=NOW)
    told = "the source does not give it; traded window: no option chain is behind the figures"
    assert {row[3] for row in levels.table(bare, "levels")[1:]} == {told}


@pytest.mark.usefixtures("_own_home")
def test_every_blank_level_of_the_sample_market_says_why():
    """META has no open interest: seven blanks, and seven reasons; by expiry and strike it shows."""
    settings.choose_source("sample")
    try:
        for symbol in ("META", "AMZN", "SPY"):
            table = f.VRP_LEVELS(symbol)
            for name, every, window, why in table[1:]:
                assert (why is None) == (every is not None and window is not None), (symbol, name)
        told = {row[0]: row[3] for row in f.VRP_LEVELS("META")[1:]}
        assert len(told) == 7
        assert "open interest" in told["Put wall"]
        assert "open interest" in told["Gamma flip"]
    finally:
        READER.close()


def test_the_scan_shows_them(chain, tmp_path):
    """JSON has all; the terminal the window and crossings, and with --all the expiries."""
    turns = (Crossing(92.5, "down"), Crossing(96.25, "up"))
    with Store(tmp_path / "store.sqlite3") as store:
        store.save(Fetched(chain.replace(crossings=turns), ()))
        scan = run_scan(store, "folder", ["ABC"], STANDARD, now=NOW)
    (row,) = scan.rows
    told = row_dict(row)["levels"]
    assert told["crossings"][0] == {"spot": 92.5, "direction": "down"}
    assert (len(told["expiries"]), len(told["strikes"])) == (6, STRIKES_KEPT)
    assert (told["window"]["dte_max"], told["dropped"]) == (60, DROPPED)
    out = io.StringIO()
    show_scan(scan, console(out, piped=True), everything=True)
    text = out.getvalue()
    assert "30 to 60 days alone: put wall $" in text
    assert "gamma is negative above 92.50, positive above 96.25" in text
    assert "Expiries       2 days  ATM IV" in text
    assert "contracts 122 expired by the clock, 174 without a two-sided quote" in text


def test_the_function_gives_them():
    """VRP_LEVELS over the sample market: every table, with its header."""
    settings.choose_source("sample")
    READER.close()
    try:
        assert f.VRP_LEVELS("SPY")[0][:2] == ["level", "all expiries"]
        assert f.VRP_LEVELS("SPY", "Expiries")[0][0] == "days"
        strikes = f.VRP_LEVELS("SPY", "strikes")
        assert [row[3] for row in strikes[1:]] == [row[1] + row[2] for row in strikes[1:]]
        assert f.VRP_LEVELS("SPY", "walls") == "#VALUE!"
        assert "Tables: levels" in f.VRP_WHY()
    finally:
        READER.close()
