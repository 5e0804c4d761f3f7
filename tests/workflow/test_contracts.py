"""The scan's contracts under the caps, the notice of one bet, the tenor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vrp_xl.core import calendar
from vrp_xl.core.history import SPLIT
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import Snapshot, TermPoint
from vrp_xl.sources.base import Fetched, Observation
from vrp_xl.store.database import Store
from vrp_xl.workflow.columns import row_dict
from vrp_xl.workflow.scan import concluded, run_scan

NOON = datetime(2026, 3, 27, 16, tzinfo=UTC)
TERM = (TermPoint(14, 22.0, 14.0, 8.0), TermPoint(45, 20.0, 15.0, 5.0))


@pytest.fixture
def store(tmp_path):
    """Two candidates of cell A that move alike, and a name with no premium."""
    with Store(tmp_path / "store.sqlite") as opened:
        moment = NOON - timedelta(minutes=20)
        for symbol, z in (("AAA", 1.5), ("BBB", 1.3), ("CCC", 0.1)):
            snapshot = Snapshot(
                symbol=symbol, source="test", as_of=moment, fetched_at=moment, spot=100.0,
                z_score=z, gamma="negative" if symbol == "CCC" else "positive",
                gamma_basis="repriced", gamma_flip=95.0, atm_iv=20.0,
                atm_iv_30d=20.0, rv_20d=14.0, rv_30d=14.0, rv_90d=15.0, vrp_20d=6.0,
                put_wing_iv=23.0, call_wing_iv=18.0, term_vrp=TERM if symbol == "AAA" else (),
            )  # fmt: skip
            day, closes = NOON.date(), []
            for _ in range(70):
                day = calendar.previous_trading_day(day)
                value = 100.0 + day.toordinal() * 7919 % 101 % 37
                closes.append(Observation("close", day, value))
            opened.save(Fetched(snapshot, tuple(closes)))
        yield opened


def scanned(store, at_risk=None, **rules):
    """The finished scan of the three under changed rules."""
    scan = run_scan(store, "test", ["CCC", "BBB", "AAA"], STANDARD.with_values(rules), now=NOON)
    return concluded(store, scan, at_risk)


def test_the_cap_is_shared_in_the_order_of_the_scan(store):
    """The first candidate takes its standard risk, the second what the cap leaves."""
    first, second, third = scanned(store, equity=1_000_000, cap_a=5.0).rows
    assert [r.snapshot.symbol for r in (first, second, third)] == ["AAA", "BBB", "CCC"]
    loss = first.edge.loss
    assert first.sized.contracts == int(35_000 / loss)
    left = 50_000 - first.sized.risk_usd
    assert second.sized.contracts == int(left / loss)
    assert "cap_a of 5 % of equity leaves" in second.sized.reasons[0]
    assert third.sized.contracts == 0
    assert third.sized.reasons
    assert row_dict(second)["contracts"]["contracts"] == second.sized.contracts


def test_what_is_on_already_counts(store):
    """A full cap leaves no size, and says which."""
    row = scanned(store, {"A": 100_000.0}, equity=1_000_000, cap_a=5.0).rows[0]
    assert row.sized.words == "no size: cap_a of 5 % of equity leaves 0 USD"
    total = scanned(store, {"B": 250_000.0}, equity=1_000_000).rows[0]
    assert "cap_total of 25 %" in total.sized.words


def test_without_equity_there_are_no_contracts(store):
    """And the reason names the rule."""
    row = scanned(store).rows[0]
    assert row.sized.words == "no size: equity is not known (rule equity)"


def test_candidates_that_are_one_bet_are_told(store):
    """Names that are no candidates are not; off by a blank rule."""
    assert "AAA and BBB are one bet: 60-day correlation 1.00" in scanned(store).notices
    assert scanned(store, correlation_max=None).notices == ()


def test_the_tenor_in_the_plan(store):
    """The premium sits at 14 days; what is suggested is beyond the time stop."""
    first, second, _ = scanned(store).rows
    assert row_dict(first)["tenor"]["richest"] == 14
    assert row_dict(first)["tenor"]["suggested"] == 45
    assert second.tenor.suggested is None
    assert second.tenor.why


def test_a_marked_split_does_not_part_names_that_are_one_bet(store):
    """A 4:1 split of one name is no return."""
    days = store.series("test", "BBB", "close")
    split = days[-20][0]
    after = [Observation("close", d, c / 4) for d, c in days if d >= split]
    store.add_observations("test", "BBB", [*after, Observation(SPLIT, split, 4.0)])
    assert "AAA and BBB are one bet: 60-day correlation 1.00" in scanned(store).notices
