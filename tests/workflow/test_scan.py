"""The scan over a store: what is old says so, wherever it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vrp_xl.core.rules import STANDARD
from vrp_xl.sources.sample.names import SYMBOLS
from vrp_xl.sources.sample.source import SampleSource
from vrp_xl.store.database import Store
from vrp_xl.workflow.refresh import refresh
from vrp_xl.workflow.scan import run_scan

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
