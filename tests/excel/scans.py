"""Scans made by hand for the tests of the workbook: all cells, and everything that can lack."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from vrp_xl.core.decide import decide
from vrp_xl.core.rules import STANDARD, Rules
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.sources.base import Quota
from vrp_xl.workflow.scan import Failure, Row, Scan

NOW = datetime(2026, 3, 5, 14, 47, tzinfo=UTC)
TODAY = date(2026, 3, 5)


def snapshot(symbol: str, **figures: Any) -> Snapshot:
    """A snapshot of a liquid index fund; `figures` change it, None removes."""
    spot = figures.get("spot", 580.0) or 580.0
    base: dict[str, Any] = {
        "as_of": NOW - timedelta(minutes=17),
        "fetched_at": NOW,
        "source": "flashalpha",
        "market_open": True,
        "spot": 580.0,
        "atm_iv": 18.45,
        "atm_iv_30d": 18.9,
        "rv_20d": 12.3,
        "rv_30d": 13.6,
        "rv_90d": 15.1,
        "vrp_20d": 6.15,
        "z_score": 1.34,
        "percentile": 91.0,
        "history_days": 252,
        "put_vrp": 7.35,
        "call_vrp": 4.21,
        "put_wing_iv": 21.4,
        "call_wing_iv": 15.9,
        "gamma": "positive",
        "gamma_basis": "vendor",
        "gamma_flip": round(spot * 0.985, 2),
        "net_gex": 2.4e9,
        "put_wall": round(spot * 0.95),
        "call_wall": round(spot * 1.05),
        "max_gamma": round(spot * 1.01),
        "score_kind": "vendor",
        "scores": {"short_put_spread": 72.0, "short_strangle": 64.0, "iron_condor": 70.0},
        "harvest_score": 0.74,
        "net_harvest_score": 68.0,
        "vrp_regime": "harvestable",
    }
    return Snapshot(symbol=symbol, **(base | figures))


def row(
    made: Snapshot,
    rules: Rules = STANDARD,
    *,
    yesterday: str | None = "A",
    z_change: float | None = 0.12,
    **more: Any,
) -> Row:
    """The row that a scan would make of a snapshot."""
    state: dict[str, Any] = {"stale": False, "state": "fresh", "state_why": ""}
    return Row(
        snapshot=made,
        decision=decide(made, rules, today=TODAY),
        rules=rules,
        age=NOW - made.as_of,
        yesterday=yesterday,
        z_change=z_change,
        **(state | more),
    )


def scan_of(rows: list[Row], rules: Rules = STANDARD, **more: Any) -> Scan:
    """A scan of `rows` in the order of a scan."""
    rows = sorted(
        rows,
        key=lambda r: (
            not r.decision.candidate,
            r.snapshot.z_score is None,
            -(r.snapshot.z_score or 0.0),
            r.snapshot.symbol,
        ),
    )
    base: dict[str, Any] = {
        "source": "flashalpha",
        "sample": False,
        "preset": "standard",
        "rules": rules,
        "scanned_at": NOW,
        "rows": tuple(rows),
        "failed": (),
    }
    return Scan(**(base | more))


def desk_scan(rules: Rules = STANDARD, **more: Any) -> Scan:
    """A morning with every case: all cells, unknown gamma, no z, stale, earnings, failures."""
    two_days = NOW - timedelta(days=2)
    names = [
        row(snapshot("SPY"), rules, yesterday="A"),
        row(snapshot("QQQ", spot=498.2, z_score=1.12, percentile=84.0, atm_iv=22.1, atm_iv_30d=22.4,
                     rv_20d=16.9, vrp_20d=5.2, rv_30d=18.0, rv_90d=19.9,
                     put_vrp=5.0, call_vrp=5.4), rules, yesterday="C", z_change=0.31),
        row(snapshot("IWM", spot=221.35, z_score=3.21, percentile=99.0, atm_iv=29.4,
                     atm_iv_30d=29.0, rv_20d=17.1, vrp_20d=12.3, rv_30d=18.3, rv_90d=19.0,
                     history_days=88), rules, yesterday="B", z_change=1.4),
        row(snapshot("NVDA", spot=142.6, gamma="negative", gamma_flip=146.9, z_score=1.62,
                     percentile=93.0, atm_iv=48.2, atm_iv_30d=47.8, rv_20d=36.4, vrp_20d=11.8,
                     rv_30d=38.2, rv_90d=41.0, net_gex=-3.1e8, next_earnings=date(2026, 5, 20)),
            rules, yesterday="A", z_change=0.48),
        row(snapshot("TSLA", spot=341.0, gamma="negative", gamma_flip=352.2, z_score=1.05,
                     percentile=83.0, atm_iv=62.0, atm_iv_30d=60.5, rv_20d=55.1, vrp_20d=6.9,
                     rv_30d=51.2, rv_90d=54.0, put_vrp=3.1, call_vrp=8.8), rules, yesterday="D"),
        row(snapshot("GLD", spot=268.1, z_score=0.42, percentile=63.0, atm_iv=16.8, atm_iv_30d=16.9,
                     rv_20d=13.4, vrp_20d=3.4, rv_30d=13.9, rv_90d=14.6, max_gamma=268.0), rules,
            yesterday="C", z_change=-0.05),
        row(snapshot("XLF", spot=50.9, z_score=0.18, percentile=55.0, atm_iv=17.0, atm_iv_30d=17.1,
                     rv_20d=16.1, vrp_20d=0.9, rv_30d=15.4, rv_90d=16.2, gamma_flip=50.78), rules,
            yesterday="A", z_change=-0.92),
        row(snapshot("TLT", spot=88.4, gamma="negative", gamma_flip=90.1, z_score=-0.21,
                     percentile=38.0, atm_iv=12.9, atm_iv_30d=13.0, rv_20d=12.4, vrp_20d=0.5,
                     rv_30d=12.9, rv_90d=13.1), rules, yesterday="D", z_change=0.02),
        row(snapshot("XLE", spot=91.7, gamma="negative", gamma_flip=93.0, z_score=-1.34,
                     percentile=8.0, atm_iv=21.0, atm_iv_30d=21.2, rv_20d=27.2, vrp_20d=-6.2,
                     rv_30d=25.5, rv_90d=22.0), rules, yesterday="C", z_change=-1.1),
        row(snapshot("AAPL", spot=236.5, z_score=1.48, percentile=90.0, atm_iv=31.2,
                     atm_iv_30d=30.4, rv_20d=22.5, vrp_20d=8.7, next_earnings=date(2026, 3, 12)),
            rules, yesterday="A", z_change=0.2),
        row(snapshot("META", spot=655.0, gamma="unknown", gamma_basis=None, gamma_flip=None,
                     net_gex=None, z_score=1.2, percentile=86.0,
                     missing={"gamma_flip": "the vendor withholds the flip: no clean crossing",
                              "put_wall": "not in the plan"}, put_wall=None), rules,
            yesterday="B", z_change=0.1),
        row(snapshot("AMZN", spot=208.0, gamma="unknown", gamma_basis=None, gamma_flip=None,
                     net_gex=-2.2e8, z_score=1.31, percentile=88.0,
                     missing={"gamma_flip": "the vendor withholds the flip"}), rules,
            yesterday="?", z_change=0.0),
        row(snapshot("ARM", spot=158.0, z_score=None, percentile=None, history_days=41, rv_90d=None,
                     missing={"z_score": "only 41 days of history, 60 are needed",
                              "percentile": "only 41 days of history, 60 are needed",
                              "rv_90d": "fewer than 91 closes are stored"}), rules,
            yesterday=None, z_change=None),
        row(snapshot("EEM", spot=44.1, as_of=two_days, z_score=0.7, percentile=71.0,
                     warnings=("low_liquidity",)), rules, yesterday="C", z_change=0.3, stale=True,
            state="kept", state_why="the service did not answer in time; kept from 2 days ago"),
    ]  # fmt: skip
    told: dict[str, Any] = {
        "failed": (
            Failure("BRKB", "unknown symbol", "the source does not know BRKB; try BRK.B"),
            Failure("SOXL", "not covered", "the basic plan does not cover SOXL"),
        ),
        "quota": Quota(plan="basic", limit=5000, remaining=4211),
        "notices": ("EEM could not be refreshed: its figures are 2 days old.",),
    }
    return scan_of(names, rules, **(told | more))
