"""The scan's contracts under the caps, the notice of one bet, the tenor."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vrp_xl import terminal
from vrp_xl.core import calendar
from vrp_xl.core.history import SPLIT
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import Snapshot, TermPoint
from vrp_xl.sources.base import Fetched, Observation
from vrp_xl.store.database import Store
from vrp_xl.workflow.columns import row_dict, scan_dict
from vrp_xl.workflow.scan import OpenRisk, concluded, run_scan

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


def held(by_cell, **changed):
    """What that many USD by cell of open positions come to."""
    facts = {"positions": len(by_cell), "by_cell": by_cell, "by_symbol": {}}
    return OpenRisk(**(facts | changed))


def scanned(store, risk=None, **rules):
    """The finished scan of the three under changed rules."""
    scan = run_scan(store, "test", ["CCC", "BBB", "AAA"], STANDARD.with_values(rules), now=NOON)
    return concluded(store, scan, risk)


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
    """A full cap leaves no size, and says which and by what."""
    row = scanned(store, held({"A": 100_000.0}), equity=1_000_000, cap_a=5.0).rows[0]
    assert row.sized.words == (
        "no size: cap_a of 5 % of equity leaves 0 USD beside 100,000 in open positions"
    )
    total = scanned(store, held({"B": 250_000.0}), equity=1_000_000).rows[0]
    assert total.sized.reasons == (
        "cap_total of 25 % of equity leaves 0 USD beside 250,000 in open positions",
    )


def test_open_positions_and_candidates_share_a_cap(store):
    """The first candidate takes what positions leave, the second what both leave."""
    without = scanned(store, equity=1_000_000, cap_a=5.0, cap_total=None).rows
    risk = held({"A": 10_000.0, "?": 7_000.0})
    first, second, _ = scanned(store, risk, equity=1_000_000, cap_a=5.0, cap_total=None).rows
    assert first.sized.contracts == without[0].sized.contracts
    left = 50_000 - 10_000 - first.sized.risk_usd
    assert second.sized.contracts == int(left / second.edge.loss) < without[1].sized.contracts
    (cap,) = row_dict(second)["contracts"]["caps"]
    assert cap == {
        "rule": "cap_a", "limit_usd": 50_000, "open_positions_usd": 10_000,
        "candidates_before_usd": first.sized.risk_usd, "left_usd": pytest.approx(left),
    }  # fmt: skip


def test_positions_without_a_cell_count_in_the_total_alone(store):
    """They stand in no cell, but they are at risk."""
    risk = held({"?": 200_000.0})
    cell, total = scanned(store, risk, equity=1_000_000).rows[0].sized.caps
    assert (cell.rule, cell.held, cell.room) == ("cap_a", 0.0, 200_000.0)
    assert (total.rule, total.held, total.room) == ("cap_total", 200_000.0, 50_000.0)


def test_the_scan_says_what_positions_use(store):
    """By cell and in total, what could not be counted, which cap is exceeded, which name is on."""
    risk = held(
        {"A": 4_000.0, "B": 60_000.0}, by_symbol={"AAA": 4_000.0, "ZZZ": 60_000.0},
        incomplete=("a position in YYY is not counted in the caps: no credit",),
    )  # fmt: skip
    scan = scanned(store, risk, equity=1_000_000)
    assert scan.notices[:3] == (
        (
            "2 open positions put 64,000 USD at risk, counted in the caps: cell A 4,000 of "
            "200,000, cell B 60,000 of 50,000, in total 64,000 of 250,000"
        ),
        "a position in YYY is not counted in the caps: no credit",
        "cell B has 6.0 % of equity at risk, above cap_b of 5 %",
    )
    assert scan.rows[0].decision.warnings[0] == (
        "open positions in AAA put 4,000 USD at risk already"
    )
    assert not any("already" in w for w in scan.rows[1].decision.warnings)
    unknown = scanned(store, held({}, positions=1, by_symbol={"BBB": 0.0}), equity=1_000_000)
    assert unknown.rows[1].decision.warnings[0] == "open positions in BBB are on already"
    told = scan_dict(scan)["open_positions"]
    assert told["usd"] == 64_000
    assert told["pct_equity"] == pytest.approx(6.4)
    assert told["usd_by_cell"] == {"A": 4_000.0, "B": 60_000.0}
    assert scan_dict(scanned(store))["open_positions"] is None


def test_a_candidate_that_moves_with_what_is_on_says_so(store):
    """With a name that is on and no candidate, and with one that is both; off by a blank rule."""
    both = [w for r in scanned(store, held({}, by_symbol={"CCC": 900.0, "AAA": 1.0})).rows[:2]
            for w in r.decision.warnings if "one bet" in w]  # fmt: skip
    assert both == [
        "one bet with what is on: correlation with CCC (1.00)",
        "one bet with what is on: correlation with AAA (1.00), CCC (1.00)",
    ]
    off = scanned(store, held({}, by_symbol={"CCC": 900.0}), correlation_max=None)
    assert not [w for r in off.rows for w in r.decision.warnings if "one bet" in w]
    last = scanned(store, held({}, by_symbol={"CCC": 900.0})).rows[2]
    assert last.snapshot.symbol == "CCC"
    assert not [w for w in last.decision.warnings if "one bet" in w or "already" in w]


def test_what_positions_use_without_an_account_or_a_cap(store):
    """Sums stay sums: nothing is held against a limit that is not known."""
    risk = held({"A": 1_000.0})
    assert scanned(store, risk).notices[0] == (
        "1 open position puts 1,000 USD at risk, counted in the caps: cell A 1,000, "
        "in total 1,000, caps need the value of the account (rule equity)"
    )
    bare = scanned(store, risk, equity=10_000, cap_a=None, cap_total=None).notices[0]
    assert bare.endswith("counted in the caps: cell A 1,000, in total 1,000")
    none = scanned(store, held({}), equity=10_000).notices[0]
    assert none == "no position is open: the caps count the candidates alone"


def test_without_equity_there_are_no_contracts(store):
    """And the reason names the rule."""
    row = scanned(store).rows[0]
    assert row.sized.words == "no size: equity is not known (rule equity)"


def spread_row(store, loss_kind="maximum", **rules):
    """The first candidate with a credit of 200 and a loss of 400."""
    scan = run_scan(store, "test", ["AAA"], STANDARD.with_values(rules), now=NOON)
    row = scan.rows[0]
    edge = replace(row.edge, credit=200.0, loss=400.0, loss_kind=loss_kind)
    return concluded(store, replace(scan, rows=(replace(row, edge=edge),))).rows[0]


def test_kelly_limits_the_contracts_where_a_probability_is_given(store):
    """The stake of winners that are closed at half the credit: 0.81 gives 2.5 % at half Kelly."""
    free = spread_row(store, equity=1_000_000)
    assert (free.sized.contracts, free.sized.reasons) == (87, ())
    row = spread_row(store, equity=1_000_000, kelly_p_win=81.0)
    stake = 0.5 * (0.81 - 0.19 / (100 / 400))
    assert stake == pytest.approx(0.025)
    assert row.sized.contracts == int(stake * 1_000_000 / 400) == 62
    assert row.sized.reasons == ("Kelly allows 25,000 USD",)
    less = spread_row(store, equity=1_000_000, kelly_p_win=81.0, kelly_fraction=0.25)
    assert less.sized.contracts == 31
    capped = spread_row(store, equity=1_000_000, kelly_p_win=81.0, kelly_cap=1.0)
    assert capped.sized.contracts == 25
    none = spread_row(store, equity=1_000_000, kelly_p_win=80.0)
    assert none.sized.words == (
        "no size: Kelly gives no edge: 80 % reach the target, 80.0 % break even"
    )


def test_kelly_does_not_size_an_open_loss(store):
    """It knows two outcomes; the plan says that it had no part in it."""
    row = spread_row(store, "stress", equity=1_000_000, kelly_p_win=10.0)
    assert row.sized.contracts == 87
    assert row.sized.reasons == ("Kelly does not size an open loss",)


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


def test_the_plan_says_where_its_strikes_stand(store):
    """At the expiry nearest to target_dte, whichever tenor is the richest."""
    rows = scanned(store).rows
    first, second = rows[0], rows[1]
    days = first.decision.strikes.days
    assert days != first.tenor.suggested
    premium, strikes = terminal._tenor_lines(first)
    assert premium == ("Tenor", first.tenor.why)
    assert strikes == (
        "", f"the strikes stand at {days} days: the expiry nearest to target_dte 45",
    )  # fmt: skip
    there = replace(first, tenor=first.tenor._replace(suggested=days))
    assert list(terminal._tenor_lines(there)) == [premium]
    bare = replace(first, decision=replace(first.decision, strikes=None))
    assert list(terminal._tenor_lines(bare)) == [premium]
    assert list(terminal._tenor_lines(second)) == [("Tenor", second.tenor.why)]
    assert list(terminal._tenor_lines(replace(first, tenor=None))) == []


def test_a_marked_split_does_not_part_names_that_are_one_bet(store):
    """A 4:1 split of one name is no return."""
    days = store.series("test", "BBB", "close")
    split = days[-20][0]
    after = [Observation("close", d, c / 4) for d, c in days if d >= split]
    store.add_observations("test", "BBB", [*after, Observation(SPLIT, split, 4.0)])
    assert "AAA and BBB are one bet: 60-day correlation 1.00" in scanned(store).notices
