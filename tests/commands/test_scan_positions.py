"""``vrp-xl scan --positions``: what is on counts in the caps, and the plan says so."""

from __future__ import annotations

import json

import pytest

from tests.command_line import command
from vrp_xl.excel.files import DESK, built

HEADER = "symbol,legs,contracts,entry,expiry,credit,mark,entry cell"
SPY = "SPY,-P 630 +P 608,2,2026-11-12,2099-01-15,4.1,3.25,A"


@pytest.fixture
def scan(monkeypatch, capsys, tmp_path):
    """Scans the sample market with these lines as what is on."""
    monkeypatch.chdir(tmp_path)

    def call(*lines, options=(), header=HEADER):
        file = tmp_path / "book.csv"
        file.write_text("\n".join([header, *lines]))
        words = ["scan", "--source", "sample", "--positions", file, *options]
        return command(monkeypatch, capsys, *words)

    return call


def rows(ran):
    """The rows of a scan as JSON, by symbol."""
    return {row["symbol"]: row for row in json.loads(ran.out)["rows"]}


def test_what_is_on_takes_its_part_of_the_caps(scan):
    """All candidates together stay within what the positions leave of cap_total."""
    options = ("--equity", "1000000", "--json")
    bare = rows(scan(options=options))
    full = scan(SPY.replace(",2,", ",90,"), options=options)
    assert full.code == 0
    told = json.loads(full.out)["open_positions"]
    assert told["usd"] == pytest.approx(90 * 1790)
    assert told["usd_by_symbol"] == {"SPY": told["usd"]}
    (cell,) = told["usd_by_cell"]
    left = 0.25 * 1_000_000 - told["usd"]
    risks = [row["contracts"]["risk_usd"] for row in rows(full).values()]
    assert 0 < sum(risks) <= left
    assert sum(row["contracts"]["risk_usd"] for row in bare.values()) > left
    for row in rows(full).values():
        for cap in row["contracts"]["caps"]:
            on = told["usd"] if cap["rule"] in ("cap_total", f"cap_{cell.lower()}") else 0
            assert cap["open_positions_usd"] == pytest.approx(on)


def test_the_plan_says_what_is_used(scan):
    """In the notes by cell and in total, and under the size of each candidate."""
    ran = scan(SPY, options=("--equity", "100000"))
    assert "1 open position puts 3,580 USD at risk, counted in the caps: cell " in ran.out
    assert "in total 3,580 of 25,000" in ran.out
    assert "cap_total 25,000 USD: 3,580 in open positions, 21,420 left" in ran.out
    bare = scan(options=("--equity", "100000"))
    assert "no position is open: the caps count the candidates alone" in bare.out
    assert "in open positions" not in bare.out


def test_a_name_that_is_held_is_refreshed_and_not_listed(scan):
    """Its figures say the cell of today; the scan stays the one that was asked for."""
    ran = scan(SPY, options=("QQQ", "--json"))
    assert list(rows(ran)) == ["QQQ"]
    assert json.loads(ran.out)["open_positions"]["usd"] == pytest.approx(3580)
    assert "no figures" not in ran.out
    assert "Refreshing 2 symbols, 1 of them for open positions alone, from sample" in ran.err


def test_a_line_that_cannot_be_used_stops_no_scan(scan):
    """It is told, since the caps then count too little."""
    ran = scan(SPY, SPY.replace("630", "63x"))
    assert ran.code == 0
    assert "Note: book.csv: 1 line counts in no cap; line 3: " in ran.out
    assert "1 open position puts" in ran.out


def test_a_file_that_is_no_book_stops_the_scan(scan):
    """A scan that silently counted nothing would sell too much."""
    ran = scan("1,2", header="a,b")
    assert ran.code == 2
    assert "has no column symbol" in ran.err


def test_the_positions_of_a_desk_workbook(monkeypatch, capsys, tmp_path):
    """Its sheet Positions; the rows marked SAMPLE in the sample market alone."""
    monkeypatch.chdir(tmp_path)
    file = built(DESK)
    words = ("scan", "--source", "sample", "--positions", file, "--json")
    told = json.loads(command(monkeypatch, capsys, *words).out)
    assert told["open_positions"]["positions"] == 5
    chosen = json.loads(command(monkeypatch, capsys, *words, "--equity", "5000").out)
    assert chosen["rules"]["values"]["equity"] == 5_000


def test_a_screen_of_many_names_counts_them_too(scan, tmp_path):
    """By what is stored of the held names."""
    names = tmp_path / "names.txt"
    names.write_text("SPY\nQQQ\nIWM\n")
    ran = scan(SPY, options=("--universe", names, "--equity", "100000"))
    assert "cap_total 25,000 USD: 3,580 in open positions" in ran.out
