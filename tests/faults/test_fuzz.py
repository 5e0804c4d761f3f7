"""What fuzzing has found, kept; and that the fuzzers work. The long runs are commands."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime

import pytest

from tests.fuzz import http, mutations, parsers
from tests.fuzz.mutations import Target, fuzz
from tests.sources.chain_files import HEADER, Market
from vrp_xl import settings
from vrp_xl.core.snapshot import FIGURES
from vrp_xl.core.splits import adjusted, find_jumps
from vrp_xl.errors import RulesError, StoreError
from vrp_xl.rules_file import load_rules
from vrp_xl.sources import http as client
from vrp_xl.sources.cboe_files import read_bytes
from vrp_xl.sources.chain_figures import chain_snapshot

NOW = datetime(2026, 3, 18, 20, 0, tzinfo=UTC)


def read(text):
    """A file of that text."""
    return read_bytes(text.encode(), name="file.csv", now=NOW)


def test_a_chain_that_lacks_a_column_is_told():
    """The old form without Bid: a sentence with the line, where it was an exception."""
    for gone in ("Bid", "Ask", "Open Interest"):
        header = HEADER.replace("Strike,", "").replace(gone, "Other")
        got = read(Market("ABC").csv(header=header))
        assert got.chain is None
        assert any("lacks" in p.why and p.line == 4 for p in got.problems), gone


def test_a_chain_of_a_header_alone_is_told():
    """A header and not one row below it, with more rows above than it has columns."""
    text = Market("ABC").csv()
    got = read(text[: text.index("Fri Mar 20")])
    assert got.chain is None or len(got.chain) == 0
    assert got.problems


def test_a_close_next_to_nothing_is_no_split():
    """A step to 5e-324 is no clean ratio; the 2:1 after it is still seen."""
    closes = [(date(2026, 3, n), price) for n, price in enumerate((100.0, 5e-324, 100.0, 50.0), 2)]
    assert [jump.ratio for jump in find_jumps(closes) if jump.clear] == [2.0]
    assert adjusted(closes, {date(2026, 3, 3): 2.0, date(2026, 3, 5): 2.0}).closes[-2][1] == 50.0


@pytest.mark.parametrize("name", ["rules.toml", "rules.json", "settings.json"])
def test_nests_without_end_are_refused(name, tmp_path, monkeypatch):
    """Brackets by the hundred thousand in a file of the user's are a sentence with its path."""
    monkeypatch.setenv("VRP_XL_HOME", str(tmp_path))
    file = tmp_path / name
    file.write_text("z_min = " * name.endswith("toml") + "[" * 100_000, "utf-8")
    with pytest.raises((RulesError, StoreError), match=re.escape(str(file))):
        settings.chosen_source() if name == "settings.json" else load_rules(file)


@pytest.mark.parametrize("targets", [parsers.TARGETS, http.TARGETS], ids=["parsers", "http"])
def test_a_short_fuzz_finds_nothing(targets, monkeypatch):
    """A few seeds and changes of each target: nothing but answers and refusals."""
    monkeypatch.setattr(client, "_BACKOFF", 0.0001)
    monkeypatch.setattr(mutations, "SLOW", 300.0)  # of a machine that has other things to do
    monkeypatch.setenv("VRP_XL_HOME", "")  # the fuzzers set one of their own
    outcomes, found = fuzz(targets, seconds=600, seed=3, most=40)
    assert found == []
    for name, seen in outcomes.items():
        assert seen.total() == 40, name
        assert len(seen) > 1, f"{name} always ends alike"


def test_a_fault_is_found(tmp_path, monkeypatch):
    """An exception, and a case that takes too long, are findings with their input."""

    def bad(data):
        return f"{1 / (len(data) - 4)}"

    outcomes, found = fuzz({"bad": Target([b"abcde"], bad)}, seconds=600, seed=1, most=300,
                           findings=tmp_path)  # fmt: skip
    assert outcomes["bad"].total() == 300
    assert "ZeroDivisionError" in found[0]
    assert len((tmp_path / "bad-1.bin").read_bytes()) == 4
    monkeypatch.setattr(mutations, "SLOW", -1.0)
    _, found = fuzz({"slow": Target([b"abcde"], str)}, seconds=600, seed=1, most=1)
    assert "FOUND slow" in found[0]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [("IV", "1e-300", "an absurd IV"), ("Open Interest", "1e308", "that cannot be")],
)
def test_a_chain_with_figures_that_no_market_has(column, value, words):
    """They are passed over and counted; every figure of the chain is finite or missing."""
    market = Market("ABC", days=(30, 60), spot=100.0)
    rows = market.csv().splitlines()
    head = next(i for i, row in enumerate(rows) if row.startswith("Expiration Date"))
    at = rows[head].split(",").index(column)
    cells = rows[head + 1].split(",")
    cells[at] = value
    rows[head + 1] = ",".join(cells)
    chain = read("\n".join(rows)).chain
    snapshot = chain_snapshot(chain, source="folder", name="file.csv", now=NOW)
    assert words in snapshot.basis["spot"]
    assert all(
        value is None or not isinstance(value, float) or math.isfinite(value)
        for value in (getattr(snapshot, name) for name in FIGURES)
    )
