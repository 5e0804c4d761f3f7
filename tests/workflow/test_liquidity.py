"""Liquidity from saved quotes to the decision: what is thin or wide stays out, and says why."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.sources import chain_files as files
from vrp_xl.core.decide import decide
from vrp_xl.core.rules import STANDARD
from vrp_xl.sources.base import Known
from vrp_xl.sources.folder import FolderSource

NOW = datetime(2026, 3, 18, 20, 30, tzinfo=UTC)
BEFORE_THE_OPEN = "2026-03-18 12:00:00"


def decided(folder, *, half=0.01, held=1.0, stamp="2026-03-18 19:00:00", rules=STANDARD):
    """Snapshot and decision of a chain with quotes so wide and so much open interest."""
    market = files.Market("ABC")
    rows = list(market.rows())

    def changed():
        for expiry, right, strike, bid, ask, iv, delta, gamma, oi in rows:
            mid = (bid + ask) / 2
            yield (
                expiry, right, strike, round(mid * (1 - half), 4), round(mid * (1 + half), 4), iv,
                delta, gamma, round(oi * held),
            )  # fmt: skip

    market.rows = changed
    (folder / "a.json").write_text(market.json(stamp))
    (folder / "abc.csv").write_text(files.price_csv(files.walk(300)))
    source = FolderSource(folder, now=NOW)
    source.prepare(Known())
    s = source.assemble("ABC", {}, {}).snapshot
    return s, decide(s, rules, today=s.as_of.date())


def test_liquid_quotes_stop_nothing(tmp_path):
    """2 % wide and thousands of contracts: no stop."""
    s, d = decided(tmp_path)
    assert s.atm_spread_pct == pytest.approx(2.0, rel=0.01)
    assert s.atm_oi > 500
    assert d.stops == ()


def test_wide_quotes_stay_out(tmp_path):
    """16 % wide: out, with the figure; a rule lets them in."""
    s, d = decided(tmp_path, half=0.08)
    assert (d.action, d.size) == ("STAY OUT: ATM quotes are 16.0 % wide, above 5", 0.0)
    wider = STANDARD.with_values({"max_spread_pct": 20})
    assert decide(s, wider, today=s.as_of.date()).stops == ()


def test_thin_open_interest_stays_out(tmp_path):
    """A tenth of it: out, with the figure; a rule lets it in."""
    s, d = decided(tmp_path, held=0.1)
    assert d.action == f"STAY OUT: open interest at the money {s.atm_oi:.0f} is below 500"
    fewer = STANDARD.with_values({"min_atm_oi": 100})
    assert decide(s, fewer, today=s.as_of.date()).stops == ()


def test_before_the_open_the_rules_act_on_yesterdays_quotes(tmp_path):
    """They are the day before's, and the row says so beside the stop."""
    s, d = decided(tmp_path, half=0.08, stamp=BEFORE_THE_OPEN)
    assert d.action.startswith("STAY OUT: ATM quotes are 16.0 % wide")
    assert "the market was not open yet: the quotes are those of 2026-03-17" in d.warnings
    assert s.market_open is False


def test_quotes_of_zero_are_never_a_width(tmp_path):
    """A bid of zero: the width is not known, with the reason, and is not taken for narrow."""
    s, d = decided(tmp_path, half=1.0, stamp=BEFORE_THE_OPEN)
    assert s.atm_spread_pct is None
    assert s.missing["atm_spread_pct"] == "no quotes: bid or ask is zero"
    assert d.stops == ()
