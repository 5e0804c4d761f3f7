"""The scan over a store: what is old says so, wherever it shows."""

from __future__ import annotations

import dataclasses
import io
from datetime import UTC, datetime, timedelta

import pytest

from vrp_xl.core.edge import caution
from vrp_xl.core.rules import STANDARD
from vrp_xl.sources.sample.names import SYMBOLS
from vrp_xl.sources.sample.source import SampleSource
from vrp_xl.store.database import Store
from vrp_xl.terminal import console, show_scan
from vrp_xl.workflow.columns import row_dict
from vrp_xl.workflow.refresh import refresh
from vrp_xl.workflow.scan import row_of, run_scan

THEN = datetime(2026, 11, 17, 21, 30, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    """A store with the sample market of one day."""
    with Store(tmp_path / "store.sqlite3", clock=lambda: THEN) as opened:
        refresh(SampleSource(THEN), opened, SYMBOLS, clock=lambda: THEN)
        yield opened


def test_old_figures_say_so(store):
    """Once a session has opened since, each row warns and the scan says how many are old."""
    fresh = run_scan(store, "sample", SYMBOLS, STANDARD, now=THEN + timedelta(hours=16))
    assert not any(row.stale for row in fresh.rows)
    assert fresh.notices == ()
    old = run_scan(store, "sample", SYMBOLS, STANDARD, now=THEN + timedelta(hours=40))
    warning = "figures are 40 h old: a session has opened since"
    assert all(row.decision.warnings[0] == warning for row in old.rows)
    told = f"12 of 12 symbols have old figures, the oldest of {THEN:%Y-%m-%d}"
    assert old.notices == (f"{told}: a session has opened since",)


def test_the_sample_market_never_grows(store):
    """Used day after day, the sample market shows the same: no history adds up in the store."""
    first = run_scan(store, "sample", SYMBOLS, STANDARD, now=THEN)
    counts = store.history_days("sample", SYMBOLS)
    for days in (1, 2, 3, 20):
        now = THEN + timedelta(days=days)
        refresh(SampleSource(now), store, SYMBOLS, clock=lambda now=now: now)
    last = run_scan(store, "sample", SYMBOLS, STANDARD, now=now)
    assert store.history_days("sample", SYMBOLS) == counts
    assert store.history_days("sample", ["XOM"], "vrp_20d") == {"XOM": 4}
    for a, b in zip(first.rows, last.rows, strict=True):
        assert (a.snapshot.symbol, a.decision.cell_text, a.yesterday) == (
            b.snapshot.symbol, b.decision.cell_text, b.yesterday,
        )  # fmt: skip
        assert (a.z_change is None) == (b.z_change is None)
        if a.z_change is not None:  # IVs are rounded to four decimals, on other strikes each day
            assert a.z_change == pytest.approx(b.z_change, abs=0.03)
        assert a.snapshot.rv_90d == b.snapshot.rv_90d


def test_a_sale_without_an_edge_says_so(store):
    """An iron fly that its own movement eats up: told to sell, and warned first."""
    apple = store.latest("sample", "AAPL").replace(rv_30d=22.5)
    row = row_of(store, apple, STANDARD, THEN, THEN.date())
    assert row.decision.action == "SELL iron fly, 0.5x"
    assert row.edge.edge_30 < 0 < row.edge.edge_90
    words = caution(row.edge)
    assert words.startswith("edge -$")
    assert " at HV30 (+$" in words
    assert row.decision.warnings[0] == words
    told = row_dict(row)
    assert told["warnings"][0] == words
    assert told["why"] == [words]
    screen = io.StringIO()
    show_scan(scan_of(store, row), console(screen, piped=True))
    lines = [line for line in screen.getvalue().splitlines() if "edge -$" in line]
    assert lines == [f"  Warnings    {words}"]


def scan_of(store, row):
    """A scan of that row alone."""
    scan = run_scan(store, "sample", ["AAPL"], STANDARD, now=THEN)
    return dataclasses.replace(scan, rows=(row,))


def test_an_edge_that_pays_is_not_warned_of(store):
    """Over the sample market: a warning exactly where an edge is not above 0."""
    for row in run_scan(store, "sample", SYMBOLS, STANDARD, now=THEN).rows:
        known = (row.edge.edge_30, row.edge.edge_90) if row.edge is not None else ()
        lean = any(e is not None and e <= 0 for e in known)
        assert any(words.startswith("edge ") for words in row.decision.warnings) == lean
        if not row.decision.candidate:
            assert not any(words.startswith("edge ") for words in row_dict(row)["why"])
