"""The folder source: from saved files to snapshots, history and reasons."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.sources import chain_files as files
from vrp_xl.core.decide import decide
from vrp_xl.core.realized import close_to_close, one_sided
from vrp_xl.core.rules import STANDARD
from vrp_xl.errors import ServiceError, SymbolNotCoveredError, UnknownSymbolError
from vrp_xl.sources.base import Call, Known, Source
from vrp_xl.sources.cboe_files import read_file
from vrp_xl.sources.folder import FolderSource
from vrp_xl.store.database import Store
from vrp_xl.workflow.importing import mark_split
from vrp_xl.workflow.refresh import cost, refresh
from vrp_xl.workflow.scan import concluded, run_scan

NOW = datetime(2026, 3, 18, 20, 30, tzinfo=UTC)
DAY = date(2026, 3, 18)
DATA = Path(__file__).parents[2] / "../shared/data"


@pytest.fixture
def folder(tmp_path):
    """A folder with a chain of ABC and its prices."""
    (tmp_path / "anything.json").write_text(files.Market("ABC").json())
    (tmp_path / "abc_daily.csv").write_text(files.price_csv(files.walk(300)))
    return tmp_path


def fetch(folder, symbol="ABC", **options):
    """What the source makes of a symbol."""
    source = FolderSource(folder, **{"now": NOW} | options)
    source.prepare(Known())
    return source.assemble(symbol, {"files": source.get(Call("files", symbol))}, {})


def test_it_is_a_source(folder):
    """Name, no sample, one call per symbol, no quota, and it knows its symbols."""
    source = FolderSource(folder, now=NOW)
    assert isinstance(source, Source)
    assert (source.name, source.sample, source.symbols(), source.problems()) == (
        "folder", False, ("ABC",), (),
    )  # fmt: skip
    assert source.calls("ABC") == (Call("files", "ABC"),)
    assert source.quota().unlimited
    assert (source.skip_reason("ABC"), source.step_down(Call("files", "ABC"), None)) == (
        None,
        False,
    )
    source.settle(Call("files", "ABC"), {})
    source.close()


def test_every_figure_of_a_chain_with_prices(folder):
    """IVs, premiums, sides, gamma, scores and liquidity are there, and say what they rest on."""
    s = fetch(folder).snapshot
    closes = [close for _, close in files.walk(300)]
    assert (s.symbol, s.source, s.sample, s.spot, s.market_open) == (
        "ABC",
        "folder",
        False,
        100,
        True,
    )
    assert s.as_of == datetime(2026, 3, 18, 19, 0, tzinfo=UTC)
    assert s.atm_iv == s.atm_iv_30d == pytest.approx(20, abs=0.01)
    assert s.put_wing_iv > s.atm_iv > s.call_wing_iv
    assert s.rv_20d == pytest.approx(close_to_close(closes, 20))
    assert s.vrp_20d == pytest.approx(s.atm_iv - s.rv_20d)
    down, up = one_sided(closes, 20)
    assert s.put_vrp == pytest.approx(s.put_wing_iv - down)
    assert s.call_vrp == pytest.approx(s.call_wing_iv - up)
    assert [p.dte for p in s.term_vrp] == [7, 14, 30, 60, 90]
    assert s.term_vrp[2].vrp == pytest.approx(s.vrp_20d, abs=1e-6)
    assert "30 days 20 returns" in s.basis["term_vrp"]
    assert (s.gamma_basis, s.put_wall, s.call_wall) == ("repriced", 98, 102)
    assert 95 < s.gamma_flip < 105
    assert s.gamma == ("positive" if s.spot > s.gamma_flip else "negative")
    assert s.max_gamma > 100 > s.max_negative_gamma
    assert s.score_kind == "local"
    assert 0 < s.scores["iron_condor"] < 100
    assert s.atm_oi > 0
    assert 0 < s.atm_spread_pct < s.wing_spread_pct * 2
    assert s.basis["atm_iv"].startswith("30-day ATM IV")
    assert s.basis["spot"].startswith("anything.json: 732 contracts")
    assert "30 to 60 days alone" in s.basis["gamma_flip"]
    assert "z_score" in s.missing


def test_the_files_names_say_nothing_but_the_symbol_of_prices(tmp_path):
    """Prices without a symbol are told; a symbol in the file counts more than the name."""
    (tmp_path / "x.csv").write_text(files.Market("ABC").csv())
    (tmp_path / "HistoricalData_123.csv").write_text(files.price_csv(files.walk(40)))
    (tmp_path / "QQQ.json").write_text(files.price_json("^ABC", files.walk(40)))
    source = FolderSource(tmp_path, now=NOW)
    assert source.symbols() == ("ABC",)
    assert [p.file for p in source.problems()] == ["HistoricalData_123.csv"]
    assert "which symbol" in str(source.problems()[0])
    assert fetch(tmp_path).snapshot.rv_30d is not None


def test_two_price_files_of_one_symbol(tmp_path):
    """They are joined; where both have a day the one that ends later leads, and that is told."""
    (tmp_path / "abc.json").write_text(files.Market("ABC").json())
    (tmp_path / "abc_old.csv").write_text(
        files.price_csv([(d, 2 * c) for d, c in files.walk(60)][:40])
    )
    (tmp_path / "abc_new.csv").write_text(files.price_csv(files.walk(30)))
    source = FolderSource(tmp_path, now=NOW)
    assert "abc_new.csv is of the same symbol" in str(source.problems()[0])
    seen = {o.day: o.value for o in fetch(tmp_path).observations if o.series == "close"}
    assert len(seen) == 60
    assert all(seen[day] == close for day, close in files.walk(30))


def test_chains_of_earlier_days_become_history(tmp_path):
    """One snapshot per trading day, the latest of the day; ATM IV and spread for each."""
    days = [DAY - timedelta(days=n) for n in (2, 1, 0)]
    for n, day in enumerate(days):
        market = files.Market("ABC", day=day, iv=0.2 + n / 100)
        (tmp_path / f"{n}.json").write_text(market.json(f"{day} 19:00:00"))
    early = files.Market("ABC", iv=0.5).json(f"{DAY} 14:00:00")
    (tmp_path / "0_early.json").write_text(early)
    (tmp_path / "abc.csv").write_text(files.price_csv(files.walk(300)))
    found = fetch(tmp_path)
    assert [s.as_of.date() for s in (*found.earlier, found.snapshot)] == days
    iv = {o.day: o.value for o in found.observations if o.series == "atm_iv"}
    assert list(iv) == days
    assert list(iv.values()) == pytest.approx([20, 21, 22], abs=0.1)
    spreads = {o.day for o in found.observations if o.series == "vrp_20d"}
    assert spreads == set(days)
    assert not found.whole


def test_sixty_earlier_chains_give_an_own_z_score(tmp_path):
    """The spread of today against those of the days before."""
    days = [d for d, _ in files.walk(62)]
    for n, day in enumerate(days):
        market = files.Market("ABC", day=day, days=(16, 44), iv=0.2 + (n % 7) / 500)
        (tmp_path / f"{day}.json").write_text(market.json(f"{day} 19:00:00"))
    (tmp_path / "abc.csv").write_text(files.price_csv(files.walk(300)))
    found = fetch(tmp_path)
    assert found.snapshot.history_days == 61
    assert found.snapshot.z_score is not None
    assert found.snapshot.basis["z_score"].startswith("own history")
    assert len(found.earlier) == 9


def test_an_expiry_on_both_sides_of_30_days_or_none(tmp_path):
    """A chain that ends at 14 days: no 30-day ATM IV, no z-score, no history, with the reason."""
    market = files.Market("SPY", days=(7, 14))
    (tmp_path / "a.json").write_text(market.json())
    (tmp_path / "spy.csv").write_text(files.price_csv(files.walk(300)))
    (tmp_path / "vix.csv").write_text(files.price_csv(files.walk(300, start=20, sd=0.05, seed=9)))
    found = fetch(tmp_path, "SPY")
    s = found.snapshot
    assert (s.atm_iv_30d, s.z_score, s.percentile) == (None, None, None)
    why = "no 30-day ATM IV: the last expiry is at 14 days; nothing is extrapolated"
    assert s.missing["atm_iv_30d"] == s.missing["z_score"] == why
    assert s.atm_iv == pytest.approx(20, abs=0.05)
    assert s.basis["atm_iv"] == f"nearest expiry, 2026-04-01 in 14 days; {why}"
    assert {o.series for o in found.observations} == {"close"}
    d = decide(s, STANDARD, today=DAY)
    assert (d.cell, d.candidate) == (None, False)
    assert f"no z-score: {why}" in d.why


def test_the_index_of_implied_volatility_stands_in_for_a_history(tmp_path):
    """SPY with a VIX file: z and rank are VIX's own, like for like, and say so."""
    closes = files.walk(400)
    vix = [(d, round(18 + 3 * np.sin(i / 9), 2)) for i, (d, _) in enumerate(closes)]
    (tmp_path / "chain.json").write_text(files.Market("SPY").json())
    (tmp_path / "SPY.csv").write_text(files.price_csv(closes))
    (tmp_path / "history.json").write_text(files.price_json("_VIX", vix))
    s = fetch(tmp_path, "SPY").snapshot
    assert s.history_days == 252
    assert s.basis["z_score"] == "VIX minus RV20, over the 252 days before"
    assert s.vrp_20d == pytest.approx(s.atm_iv - s.rv_20d)
    assert 0 <= s.iv_rank <= 100
    late = [row for row in vix if row[0] < DAY]
    (tmp_path / "history.json").write_text(files.price_json("_VIX", late))
    assert fetch(tmp_path, "SPY").snapshot.z_score is None


def test_before_the_open_the_quotes_are_those_of_the_day_before(tmp_path):
    """At 08:00 in New York the snapshot is yesterday's, and says so."""
    (tmp_path / "a.json").write_text(files.Market("ABC").json("2026-03-18 12:00:00"))
    s = fetch(tmp_path).snapshot
    assert s.market_open is False
    assert "the market was not open yet: the quotes are those of 2026-03-17" in s.warnings
    (tmp_path / "a.json").write_text(files.Market("ABC").json("2026-03-18 20:15:00"))
    assert fetch(tmp_path).snapshot.warnings == ()


def test_quotes_of_zero_are_not_used(tmp_path):
    """No width without quotes, with a reason; IVs and levels are there."""
    market = files.Market("ABC")
    rows = list(market.rows())
    market.rows = lambda: ((*row[:3], 0.0, 0.0, *row[5:]) for row in rows)
    (tmp_path / "a.json").write_text(market.json())
    s = fetch(tmp_path).snapshot
    assert (s.atm_spread_pct, s.wing_spread_pct) == (None, None)
    assert s.missing["atm_spread_pct"] == "no quotes: bid or ask is zero"
    assert (s.atm_iv, s.put_wall) == (pytest.approx(20, abs=0.01), 98)
    assert "732 without a two-sided quote" in s.basis["spot"]


def test_a_split_in_the_prices_is_told_where_it_applies(tmp_path):
    """A close that halves: figures around it are missing with the reason, until it is said.

    The file is fine, so it is no problem of the file; the scan says it once, and says it no more
    when somebody has said what the step is, or when it is older than every window.
    """
    rows = [(d, c if d < date(2026, 2, 2) else c / 2) for d, c in files.walk(300)]
    (tmp_path / "a.json").write_text(files.Market("ABC").json())
    (tmp_path / "abc.csv").write_text(files.price_csv(rows))
    source = FolderSource(tmp_path, now=NOW)
    assert source.problems() == ()
    with Store(tmp_path / "s.sqlite3", clock=lambda: NOW) as store:
        refresh(source, store, ["ABC"], clock=lambda: NOW)
        s = store.latest("folder", "ABC")
        assert s.rv_90d is None
        assert "vrp-xl history split ABC 2026-02-02 2:1" in s.missing["rv_90d"]
        assert not [w for w in s.warnings if "split" in w]

        def told():
            scan = concluded(store, run_scan(store, "folder", ["ABC"], STANDARD, now=NOW))
            return [words for words in scan.notices if "split" in words]

        (words,) = told()
        assert words.startswith("ABC: the close goes from ")
        assert "on 2026-02-02, as in a 2:1 split: a split that is not adjusted, or" in words
        assert words.endswith("Say which: vrp-xl history split ABC 2026-02-02 2:1 (or: none)")
        mark_split(store, "folder", "ABC", date(2026, 2, 2), 2.0)
        assert told() == []
        mark_split(store, "folder", "ABC", date(2026, 2, 2), None)
        assert told() == [words]
    early = [(d, c if d < date(2025, 6, 2) else c / 2) for d, c in files.walk(300)]
    (tmp_path / "abc.csv").write_text(files.price_csv(early))
    with Store(tmp_path / "t.sqlite3", clock=lambda: NOW) as store:
        refresh(FolderSource(tmp_path, now=NOW), store, ["ABC"], clock=lambda: NOW)
        assert told() == []


def test_chains_of_which_nothing_is_left(tmp_path):
    """Every series expired by the file's own date: told, and the symbol is not known."""
    (tmp_path / "abc.json").write_text(files.Market("ABC", days=(-9, -2)).json())
    source = FolderSource(tmp_path, now=NOW)
    assert "Every series of abc.json has expired" in str(source.problems()[0])
    with pytest.raises(
        UnknownSymbolError, match=r"No chain of ABC .* can be used: abc.json: Every"
    ):
        source.get(Call("files", "ABC"))


def test_symbols_that_are_not_there(folder):
    """No file, a broken file, a mark before the name: each has its sentence."""
    (folder / "tsla.json").write_text("{")
    source = FolderSource(folder, now=NOW)
    for symbol, words in (("QQQ", "No file in"), ("TSLA", "tsla.json"), ("^ABC", "Ask for ABC")):
        with pytest.raises(UnknownSymbolError, match=words):
            source.get(Call("files", symbol))
    with pytest.raises(UnknownSymbolError):
        source.assemble("QQQ", {}, {})
    with pytest.raises(SymbolNotCoveredError):
        source.assemble("ABC", {}, {"files": SymbolNotCoveredError("no")})


def test_folders_that_are_not_there(tmp_path):
    """A missing and an empty folder say what to do; hidden files do not count."""
    with pytest.raises(ServiceError, match="cannot be read"):
        FolderSource(tmp_path / "gone", now=NOW).prepare(Known())
    (tmp_path / ".hidden").write_text("x")
    with pytest.raises(ServiceError, match="holds no files"):
        FolderSource(tmp_path, now=NOW).symbols()


def test_only_what_has_changed_is_read_again(folder, monkeypatch):
    """A second refresh reads the changed file alone."""
    source = FolderSource(folder, now=NOW)
    source.prepare(Known())
    read = []

    def counting(path, *, now):
        read.append(path.name)
        return read_file(path, now=now)

    monkeypatch.setattr("vrp_xl.sources.folder.read_file", counting)
    source.prepare(Known())
    assert read == []
    path = folder / "anything.json"
    path.write_text(files.Market("ABC", spot=101.0).json())
    os.utime(path, (1, 1))
    source.prepare(Known())
    assert read == ["anything.json"]
    assert source.assemble("ABC", {}, {}).snapshot.spot == 101.0


def test_a_refresh_stores_what_is_there(folder, tmp_path_factory):
    """Good symbols are fresh, others keep their reason, one bad file stops nobody."""
    (folder / "broken.csv").write_bytes(b"\x1f\x8b\x08cut")
    source = FolderSource(folder, now=NOW)
    with Store(tmp_path_factory.mktemp("store") / "s.sqlite3", clock=lambda: NOW) as store:
        said = str(cost(source, store, ["ABC"], clock=lambda: NOW))
        assert said == "1 call, no quota"
        result = refresh(source, store, ["ABC", "QQQ"], clock=lambda: NOW)
        assert [(o.symbol, o.state) for o in result.outcomes] == [
            ("ABC", "fresh"),
            ("QQQ", "missing"),
        ]
        stored = store.latest("folder", "ABC")
        assert stored.score_kind == "local"
        assert stored.rv_90d is not None
        assert len(store.series("folder", "ABC", "close")) == 300
        again = refresh(source, store, ["ABC"], clock=lambda: NOW)
        assert again.outcomes[0].state == "fresh"
        assert store.latest("folder", "ABC") == stored


# The recorded files


def test_recorded_folder(tmp_path, tmp_path_factory):
    """All recorded files in one folder: a record and a decision or a reason per symbol."""
    if not DATA.is_dir():
        pytest.skip("the recorded files are not beside this checkout")
    for path in DATA.glob("*/*.*"):
        shutil.copy(path, tmp_path)
    moment = datetime(2026, 3, 18, tzinfo=UTC)
    source = FolderSource(tmp_path, now=moment)
    assert source.symbols() == ("RUT", "SPX", "SPY")
    with Store(tmp_path_factory.mktemp("store") / "s.sqlite3", clock=lambda: moment) as store:
        result = refresh(source, store, source.symbols(), clock=lambda: moment)
        assert result.count("fresh") == 3
        for symbol in source.symbols():
            s = store.latest("folder", symbol)
            d = decide(s, STANDARD, today=s.as_of.date())
            assert d.candidate or d.why
        spx = store.latest("folder", "SPX")
        assert spx.history_days == 252
        assert spx.rv_20d == pytest.approx(18.267154, abs=1e-6)
