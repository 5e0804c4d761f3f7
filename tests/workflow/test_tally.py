"""Why names are left out, counted: groups, ranges, order, and that every name is in one line."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.sources.base import Fetched
from vrp_xl.store.database import Store
from vrp_xl.terminal import console, show_scan
from vrp_xl.workflow import universe
from vrp_xl.workflow.columns import scan_dict
from vrp_xl.workflow.scan import run_scan
from vrp_xl.workflow.tally import Left, Tally

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def lines(*told):
    """The lines of a tally of (symbol, why, has a cell)."""
    tally = Tally()
    for symbol, why, cell in told:
        tally.count(symbol, why, has_cell=cell)
    return tally.lines()


def test_the_same_reason_is_one_line_with_its_range():
    """Numbers and dates that differ become a range; what is the same stays; advice is left off."""
    assert lines(
        ("AAA", "no z-score: 3 of 60 days of spreads are stored; vrp-xl history AAA", False),
        ("BBB", "spread +1.84 is not above 2", True),
        ("CCC", "no z-score: 41 of 60 days of spreads are stored; vrp-xl history CCC", False),
        ("DDD", "spread -7.09 is not above 2", True),
        ("EEE", "no z-score: 3 of 60 days of spreads are stored; vrp-xl history EEE", False),
        ("FFF", "earnings on 2026-11-30, in 5 days", True),
        ("GGG", "earnings on 2026-11-25, in 0 days", True),
        ("HHH", "ratio funnel: skip (IV/HV90 1.02, IV/HV30 1.10)", True),
        ("III", "open interest at the money 1,200 is below 5000", True),
        ("JJJ", "open interest at the money 900 is below 5000", True),
        ("KKK", "spread +0.10 is not above 2", True),
        ("LLL", "no z-score: 12 of 60 days of spreads are stored", False),
    ) == (
        Left("no z-score: 3 to 41 of 60 days of spreads are stored", 4, False,
             ("AAA", "CCC", "EEE")),
        Left("spread -7.09 to +1.84 is not above 2", 3, True, ("BBB", "DDD", "KKK")),
        Left("earnings on 2026-11-25 to 2026-11-30, in 0 to 5 days", 2, True, ("FFF", "GGG")),
        Left("open interest at the money 900 to 1,200 is below 5000", 2, True, ("III", "JJJ")),
        Left("ratio funnel: skip (IV/HV90 1.02, IV/HV30 1.10)", 1, True, ("HHH",)),
    )  # fmt: skip


def test_a_reason_with_and_without_a_cell_is_two_lines():
    """Whether there is a cell is part of it."""
    assert [line.names for line in lines(("A", "x", True), ("B", "x", False))] == [1, 1]


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.text(max_size=30), st.booleans())))
def test_whatever_the_words_every_name_is_counted_once(told):
    """The lines add up, the largest first."""
    found = [line.names for line in lines(*told)]
    assert sum(found) == len(told)
    assert found == sorted(found, reverse=True)


def snapshot(symbol, **figures):
    """A name with few figures; by default a candidate in cell A."""
    known = {
        "symbol": symbol, "source": "fake", "as_of": NOW, "fetched_at": NOW, "spot": 100.0,
        "atm_iv": 30.0, "rv_20d": 20.0, "vrp_20d": 10.0, "z_score": 1.5, "gamma": "positive",
        "gamma_basis": "vendor",
    }  # fmt: skip
    return Snapshot(**known | figures)


@pytest.fixture
def market():
    """Names of every kind: candidates, without z, without a regime, illiquid, low premium."""
    few = "{} of 60 days of spreads are stored; they grow by one a day"
    status = "no contract has both open interest and an IV"
    none = {"gamma": "unknown", "gamma_basis": None, "gamma_flip_status": status}
    made = [snapshot(f"A{n}") for n in range(3)]
    made += [
        snapshot(f"Z{n}", z_score=None, missing={"z_score": few.format(n + 1)}) for n in range(5)
    ]
    made += [snapshot(f"G{n}", **none) for n in range(4)]
    made += [snapshot("BOTH", **none, z_score=None, missing={"z_score": few.format(9)})]
    made += [snapshot(f"I{n}", atm_oi=10.0 * n) for n in range(2)]
    made += [snapshot("LOW", z_score=0.2, gamma="negative")]
    return made


@pytest.fixture
def screened(market, tmp_path, monkeypatch):
    """A screen of them, three at a time."""
    monkeypatch.setattr(universe, "AT_ONCE", 3)
    names = [s.symbol for s in market]
    with Store(tmp_path / "store.sqlite3", clock=lambda: NOW) as store:
        for s in market:
            store.save(Fetched(s))
        going = universe.begin(store, "fake", names, clock=lambda: NOW)
        scan = universe.screen(store, "fake", going, STANDARD, clock=lambda: NOW).scan
        whole = run_scan(store, "fake", names, STANDARD, now=NOW)
    return scan, whole


def test_a_screen_counts_why_names_have_no_cell(screened):
    """As a scan of all names at once would; the lines add up to what is no candidate."""
    scan, whole = screened
    assert set(scan.left) == set(whole.left)
    told = {line.why: (line.names, line.has_cell) for line in scan.left}
    gamma = "the gamma regime is not known and net GEX has no sign either"
    none = f"{gamma} (no contract has both open interest and an IV)"
    assert told == {
        "no z-score: 1 to 5 of 60 days of spreads are stored": (5, False),
        none: (4, False),
        f"{none}, no z-score: 9 of 60 days of spreads are stored": (1, False),
        "open interest at the money 0 to 10 is below 500": (2, True),
        "cell D: low premium in negative gamma": (1, True),
    }
    assert sum(line.names for line in scan.left) == scan.looked_at - len(scan.candidates)
    without = sum(line.names for line in scan.left if not line.has_cell)
    assert without == scan.counts["?"]


def test_the_tally_is_shown_and_in_json(screened):
    """A short table under the screen, largest first; JSON has the same lines."""
    scan, whole = screened
    out = io.StringIO()
    show_scan(scan, console(out, piped=True))
    text = out.getvalue()
    assert "Without a cell: 10 of 16" in text
    assert "With a cell and left out: 3 of 16" in text
    at = text.index("Without a cell: 10 of 16")
    first = text.index("no z-score: 1 to 5 of 60 days")
    assert at < first < text.index("the gamma regime is not known")
    assert "Z0, Z1, Z2, ..." in text
    told = scan_dict(scan)["left_out"]
    assert told[0] == {
        "why": "no z-score: 1 to 5 of 60 days of spreads are stored", "names": 5, "cell": False,
        "first": ["Z0", "Z1", "Z2"],
    }  # fmt: skip
    assert sorted(map(str, scan_dict(whole)["left_out"])) == sorted(map(str, told))
    plain = io.StringIO()
    show_scan(whole, console(plain, piped=True))
    assert "Without a cell" not in plain.getvalue(), "there each row says why"


def test_a_screen_of_candidates_alone_has_no_tally(market, tmp_path):
    """Nothing is left out, so nothing is told."""
    with Store(tmp_path / "store.sqlite3", clock=lambda: NOW) as store:
        store.save(Fetched(market[0]))
        going = universe.begin(store, "fake", ["A0"], clock=lambda: NOW)
        scan = universe.screen(store, "fake", going, STANDARD, clock=lambda: NOW).scan
    assert scan.left == ()
    out = io.StringIO()
    show_scan(scan, console(out, piped=True))
    assert "cell:" not in out.getvalue().replace("no cell", "")
