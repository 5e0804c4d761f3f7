"""The embedded sample market: the cases it promises, and that its figures hang together."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vrp_xl.core import calendar, realized
from vrp_xl.core.matrix import cell_of
from vrp_xl.errors import BadAnswerError, InputError, UnknownSymbolError
from vrp_xl.sources.base import Call, Fetched, Known, Source
from vrp_xl.sources.sample.documents import Documents, strategy_scores
from vrp_xl.sources.sample.market import DAYS, Market, path
from vrp_xl.sources.sample.names import NAMES, SYMBOLS
from vrp_xl.sources.sample.source import SampleSource

OPEN = datetime(2026, 11, 20, 18, 0, 30, tzinfo=UTC)
WEEKEND = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def fetch(symbol: str, now: datetime = WEEKEND) -> Fetched:
    """What the sample source makes of `symbol` at the moment `now`."""
    source = SampleSource(now)
    source.prepare(Known())
    answers = {call.endpoint: source.get(call) for call in source.calls(symbol)}
    return source.assemble(symbol, answers, {})


@pytest.fixture(scope="module")
def all_twelve() -> dict[str, Fetched]:
    """All names, on a weekend."""
    return {symbol: fetch(symbol) for symbol in SYMBOLS}


def cell(fetched: Fetched, *, earlier: bool = False) -> str | None:
    """The cell of the matrix, by the vendor's regime alone."""
    s = fetched.earlier[0] if earlier else fetched.snapshot
    return cell_of(s.z_score, s.gamma)


SAME_EVERY_DAY = (
    "symbol", "spot", "rv_5d", "rv_20d", "rv_90d", "downside_rv", "upside_rv", "history_days",
    "gamma", "put_wall", "call_wall", "max_gamma", "max_negative_gamma", "highest_oi_strike",
    "harvest_score", "vrp_regime",
)  # fmt: skip
NEARLY_THE_SAME = {
    "atm_iv": 0.011, "atm_iv_30d": 0.011, "vrp_20d": 0.011, "z_score": 0.03, "percentile": 1.0,
    "iv_rank": 0.5, "put_wing_iv": 1.5, "call_wing_iv": 1.5, "gamma_flip": 0.01,
    "atm_spread_pct": 1.2, "wing_spread_pct": 15.0,
}  # fmt: skip
"""How far the distance to the next expiries may move a figure."""


class TestPromisedCases:
    """What a user must be able to see in the sample market."""

    def test_all_four_cells_are_there(self, all_twelve):
        """Each cell of the matrix holds a name; those of A and B have a spread above two."""
        cells = {symbol: cell(f) for symbol, f in all_twelve.items()}
        assert {"A", "B", "C", "D"} <= set(cells.values())
        rich = [s for s, c in cells.items() if c in {"A", "B"}]
        assert len(rich) >= 3
        assert all(all_twelve[s].snapshot.vrp_20d > 2 for s in rich)

    def test_spy_is_a_clean_cell_a(self, all_twelve):
        """SPY: cell A, put-heavy, flip 1.4 % below, walls outside half an expected move."""
        s = all_twelve["SPY"].snapshot
        assert cell(all_twelve["SPY"]) == "A"
        assert s.z_score == pytest.approx(1.31, abs=0.01)
        assert s.put_vrp - s.call_vrp > 1
        assert 100 * (s.spot - s.gamma_flip) / s.spot == pytest.approx(1.4, abs=0.05)
        half_move = 0.5 * s.spot * s.atm_iv / 100 * math.sqrt(45 / 365)
        assert s.put_wall < s.spot - half_move
        assert s.call_wall > s.spot + half_move
        assert s.warnings == ()

    def test_no_flip_in_reach_while_the_regime_is_known(self, all_twelve):
        """AMZN: call gamma leads at every price that is looked at, so there is no flip."""
        s = all_twelve["AMZN"].snapshot
        assert (s.gamma, s.gamma_basis, s.gamma_flip) == ("positive", "repriced", None)
        assert s.gamma_flip_status.startswith("gamma keeps its sign (positive)")
        assert s.missing["gamma_flip"] == s.gamma_flip_status
        assert s.net_gex > 0
        assert s.z_score >= 1
        assert "max_negative_gamma" in s.missing

    def test_flip_withheld_by_the_vendor_with_net_gex(self):
        """The simulated vendor withholds AMZN's flip and regime, and gives a net GEX."""
        v = Market(WEEKEND).view("AMZN")
        assert (v.gamma, v.flip, v.name.flip_status) == ("unknown", None, "no_boundary")
        assert v.net_gex > 0

    def test_neither_flip_nor_net_gex(self, all_twelve):
        """META: no contract has open interest, so nothing is known of its gamma, and no cell."""
        s = all_twelve["META"].snapshot
        assert (s.gamma, s.gamma_flip, s.net_gex, s.put_wall) == ("unknown", None, None, None)
        assert s.atm_oi == 0
        assert s.wing_spread_pct > 25
        assert "open interest" in s.missing["gamma_flip"]
        assert s.z_score is not None
        assert cell(all_twelve["META"]) not in {"A", "B", "C", "D"}

    def test_null_z_in_warm_up(self, all_twelve):
        """XOM: three days of spreads give no z-score, and a reason; its prices are all there."""
        f = all_twelve["XOM"]
        s = f.snapshot
        assert (s.z_score, s.percentile, s.history_days, s.iv_rank) == (None, None, 3, None)
        assert s.vrp_20d > 2
        assert s.rv_90d is not None
        assert "3 of 60 days" in s.missing["z_score"]
        assert len({o.day for o in f.observations if o.series == "vrp_20d"}) == 4

    def test_equal_walls(self, all_twelve):
        """One name's put wall and call wall are the same strike."""
        equal = [s for s, f in all_twelve.items() if f.snapshot.put_wall == f.snapshot.call_wall]
        assert "AMZN" in equal

    def test_inverted_walls(self, all_twelve):
        """TSLA: the call wall lies below spot, the put wall above."""
        s = all_twelve["TSLA"].snapshot
        assert s.call_wall < s.spot < s.put_wall

    def test_compressed_is_not_inverted(self, all_twelve):
        """GLD: z below -0.5 while implied is still above realized; AMD: implied is below."""
        gld, amd = all_twelve["GLD"].snapshot, all_twelve["AMD"].snapshot
        assert gld.z_score < -0.5
        assert gld.vrp_20d > 0
        assert amd.z_score < -0.5
        assert amd.vrp_20d < 0

    def test_a_name_stands_just_above_its_flip(self, all_twelve):
        """AAPL: within half a percent above the flip."""
        s = all_twelve["AAPL"].snapshot
        assert 0 < 100 * (s.spot - s.gamma_flip) / s.spot < 0.5

    def test_two_names_changed_cell_overnight(self, all_twelve):
        """QQQ came from C to A, NVDA fell from A to B."""
        moves = {
            s: (cell(f, earlier=True), cell(f))
            for s, f in all_twelve.items()
            if cell(f, earlier=True) != cell(f)
        }
        assert moves == {"QQQ": ("C", "A"), "NVDA": ("A", "B")}

    @pytest.mark.parametrize("day", [date(2026, 11, 20), date(2026, 4, 2), date(2024, 2, 29)])
    def test_one_name_reports_within_ten_days(self, day):
        """NVDA reports soon, on a trading day, whatever the date."""
        now = calendar.session_close(day) + timedelta(hours=1)
        s = fetch("NVDA", now).snapshot
        assert calendar.is_trading_day(s.next_earnings)
        assert 0 < (s.next_earnings - day).days <= 10
        assert s.vrp_regime == "event_only"
        assert fetch("SPY", now).snapshot.next_earnings is None


class TestSameEveryDay:
    """Prices and levels never depend on the day, and what expiries move moves little."""

    @given(
        st.datetimes(
            datetime(1994, 1, 3),  # noqa: DTZ001 (hypothesis adds the zone)
            datetime(2035, 11, 1),  # noqa: DTZ001
            timezones=st.just(UTC),
        ),
        st.sampled_from(SYMBOLS),
    )
    @example(datetime(2035, 11, 1, tzinfo=UTC), "AAPL")  # reports after the calendar's end
    @settings(max_examples=40)
    def test_a_snapshot_is_the_same_at_any_time(self, now, symbol):
        """Steered figures are those of another day, the others near them, and so is the cell."""
        one, other = fetch(symbol, now), fetch(symbol)
        for a, b in ((one.snapshot, other.snapshot), (one.earlier[0], other.earlier[0])):
            for name in SAME_EVERY_DAY:
                assert getattr(a, name) == getattr(b, name), name
            for name, near in NEARLY_THE_SAME.items():
                first, second = getattr(a, name), getattr(b, name)
                assert (first is None) == (second is None), name
                assert first is None or first == pytest.approx(second, abs=near), name
            if a.net_gex is not None:
                assert (a.net_gex > 0) == (b.net_gex > 0)
            assert cell_of(a.z_score, a.gamma) == cell_of(b.z_score, b.gamma)
            assert set(a.warnings) == set(b.warnings)
        first, second = one.observations, other.observations
        assert [o.series for o in first] == [o.series for o in second]
        assert [o.value for o in first] == pytest.approx([o.value for o in second], abs=0.011)
        assert max(o.day for o in first) == calendar.trading_day(now)
        assert calendar.trading_day(one.snapshot.as_of) == calendar.trading_day(now)

    def test_figures_are_pinned(self):
        """The fixed seeds give these very figures on every machine."""
        view = Market(WEEKEND).view("SPY")
        assert (view.spot, view.close_before, view.atm_iv, view.rv[20]) == (
            660.0,
            656.55,
            16.68,
            10.91,
        )
        found = path(NAMES[0])
        assert (found.open[0], found.high[0], found.low[0], found.close[0]) == (
            576.17,
            577.53,
            575.48,
            575.72,
        )

    def test_another_process_sees_the_same(self):
        """Nothing of the figures hangs on hash seeds or on what ran before."""
        script = (
            "from vrp_xl.sources.sample.market import NAMES, path\n"
            "print(sum(sum(path(n).close) + sum(path(n).atm_iv) for n in reversed(NAMES)))"
        )
        told = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
        ).stdout
        here = sum(sum(path(n).close) + sum(path(n).atm_iv) for n in reversed(NAMES))
        assert float(told) == here

    def test_as_of_is_alive_while_the_market_is_open(self):
        """About a minute old in the session, the last close otherwise."""
        assert fetch("SPY", OPEN).snapshot.as_of == OPEN - timedelta(minutes=1)
        assert fetch("SPY", OPEN).snapshot.market_open is True
        closed = fetch("SPY").snapshot
        assert closed.as_of == datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
        assert closed.market_open is False
        summer = fetch("SPY", datetime(2026, 7, 18, 12, 0, tzinfo=UTC)).snapshot
        assert summer.as_of == datetime(2026, 7, 17, 20, 0, tzinfo=UTC)

    def test_the_first_minute_belongs_to_its_day(self):
        """Right after the opening bell the data is not older than the bell."""
        bell = datetime(2026, 11, 20, 14, 30, 10, tzinfo=UTC)
        assert Market(bell).as_of() == bell

    def test_a_moment_without_zone_is_refused(self):
        """A naive time could mean any day."""
        with pytest.raises(InputError, match="time zone"):
            Market(datetime(2026, 11, 20, 18, 0))  # noqa: DTZ001


@pytest.mark.parametrize("symbol", SYMBOLS)
class TestFiguresHangTogether:
    """What the vendor's documentation says of its figures holds here, name by name."""

    def test_realized_volatility(self, symbol, all_twelve):
        """RV is that of the closes delivered, and the sides are those of the last 20 returns."""
        closes = path(Market(WEEKEND).name(symbol)).close
        s = all_twelve[symbol].snapshot
        for window in (5, 10, 20, 30):
            expected = realized.close_to_close(closes, window)
            assert getattr(s, f"rv_{window}d") == pytest.approx(expected, abs=0.0051)
        down, up = realized.one_sided(closes, 20)
        assert (s.downside_rv, s.upside_rv) == pytest.approx((down, up), abs=0.0051)

    def test_premiums(self, symbol, all_twelve):
        """Spreads, variance premium, sides and fair volatility are differences of their parts."""
        s = all_twelve[symbol].snapshot
        for window in (5, 10, 20, 30):
            assert getattr(s, f"vrp_{window}d") == pytest.approx(
                s.atm_iv - getattr(s, f"rv_{window}d"), abs=1e-9
            )
        assert s.variance_premium == pytest.approx(
            (s.atm_iv / 100) ** 2 - (s.rv_20d / 100) ** 2, abs=1e-6
        )
        assert s.put_vrp == pytest.approx(s.put_wing_iv - s.downside_rv, abs=1e-9)
        assert s.call_vrp == pytest.approx(s.call_wing_iv - s.upside_rv, abs=1e-9)
        assert s.fair_vol > s.atm_iv
        for point in s.term_vrp:
            assert point.vrp == pytest.approx(point.iv - point.rv, abs=1e-9)
        assert [p.iv for p in s.term_vrp if p.dte == 30] == [pytest.approx(s.atm_iv, abs=1e-9)]

    def test_z_score_and_percentile(self, symbol, all_twelve):
        """Both compare the spread with the 252 days before its own."""
        f = all_twelve[symbol]
        spreads = [o.value for o in f.observations if o.series == "vrp_20d"]
        for back, s in enumerate((f.snapshot, *f.earlier)):
            upto = spreads[: len(spreads) - back]
            window = upto[:-1][-252:]
            assert s.vrp_20d == upto[-1]
            assert s.history_days == len(window)
            if s.z_score is None:
                continue
            z = (upto[-1] - statistics.mean(window)) / statistics.stdev(window)
            assert s.z_score == pytest.approx(z)
            below = sum(v < upto[-1] for v in window)
            assert s.percentile == pytest.approx(100 * below / len(window))

    def test_history(self, symbol, all_twelve):
        """Two years of closes, IVs and spreads, on trading days; four days of IV of a new name."""
        observations = all_twelve[symbol].observations
        last = calendar.trading_day(WEEKEND)
        for series in ("close", "atm_iv", "vrp_20d"):
            days = [o.day for o in observations if o.series == series]
            assert days == calendar.trading_days(days[0], last)
            new = symbol == "XOM" and series != "close"
            assert len(days) == 4 if new else len(days) >= 504

    def test_prices(self, symbol):
        """Highs and lows bracket opens and closes; all prices are whole cents above zero."""
        found = path(Market(WEEKEND).name(symbol))
        assert len(found.close) == DAYS
        for bar in zip(found.open, found.high, found.low, found.close, strict=True):
            assert bar[2] <= min(bar)
            assert bar[1] >= max(bar)
            assert bar[2] > 0
            assert all(round(v, 2) == v for v in bar)
        assert min(found.atm_iv) > 5

    def test_gamma(self, symbol, all_twelve):
        """The regime says where spot stands to the flip, and net GEX has its sign."""
        f = all_twelve[symbol]
        for s in (f.snapshot, *f.earlier):
            if s.gamma_flip is not None:
                assert s.gamma == ("positive" if s.spot >= s.gamma_flip else "negative")
                assert (s.net_gex > 0) == (s.gamma == "positive")

    def test_labels(self, symbol, all_twelve):
        """Every record says that it is a sample, that its scores are local and what is made up."""
        f = all_twelve[symbol]
        for s in (f.snapshot, *f.earlier):
            assert s.sample is True
            assert s.source == "sample"
            assert s.symbol == symbol
            assert s.score_kind == "local"
            assert s.scores
            assert s.basis["harvest_score"].startswith("made up")
            assert not any("FlashAlpha" in why for why in s.missing.values())
        assert f.earlier[0].as_of == datetime(2026, 11, 19, 21, 0, tzinfo=UTC)


class TestSource:
    """The sample market behind the protocol that a refresh speaks."""

    def test_it_is_a_source(self):
        """It has all that the protocol asks for, costs nothing and knows no plan."""
        source = SampleSource()
        assert isinstance(source, Source)
        assert (source.name, source.sample) == ("sample", True)
        assert source.prepare(Known()) == ()
        assert source.skip_reason("SPY") is None
        assert source.quota().unlimited is True
        call = Call("chain", "SPY")
        assert source.calls("SPY") == (call,)
        assert source.step_down(call, UnknownSymbolError("no")) is False
        source.settle(call, {})
        source.close()

    def test_unknown_symbols_name_the_twelve(self):
        """The error lists the names and says how to choose a real source."""
        with pytest.raises(UnknownSymbolError, match="twelve") as caught:
            SampleSource(WEEKEND).get(Call("chain", "ZZZZ"))
        assert all(symbol in str(caught.value) for symbol in SYMBOLS)
        assert "vrp-xl source" in caught.value.fix
        with pytest.raises(UnknownSymbolError):
            SampleSource(WEEKEND).get(Call("chain", "N0001"))

    def test_a_failed_call_is_raised_again(self):
        """A symbol whose call failed has no record."""
        with pytest.raises(UnknownSymbolError, match="gone"):
            SampleSource(WEEKEND).assemble("ZZZZ", {}, {"vrp": UnknownSymbolError("gone")})

    def test_an_unknown_endpoint_is_an_error(self):
        """Only the chain is offered."""
        with pytest.raises(BadAnswerError, match="nonsense"):
            SampleSource(WEEKEND).get(Call("nonsense", "SPY"))

    def test_lower_case_symbols(self):
        """A symbol is known in any case."""
        assert fetch("spy").snapshot.symbol == "SPY"

    def test_without_a_moment_the_clock_holds(self):
        """By default the market stands at the present."""
        source = SampleSource()
        before = datetime.now(UTC)
        source.prepare(Known())
        answer = {c.endpoint: source.get(c) for c in source.calls("SPY")}
        fetched = source.assemble("SPY", answer, {}).snapshot.fetched_at
        assert before <= fetched <= datetime.now(UTC)


class TestDocuments:
    """The vendor's documents over the market."""

    @pytest.mark.parametrize("symbol", SYMBOLS)
    def test_they_tell_what_the_chain_tells(self, symbol):
        """Levels, net GEX, wings and ATM IV are the sample's, rounded as the vendor does it."""
        s = fetch(symbol).snapshot
        documents = Documents(Market(WEEKEND))
        vrp, levels = documents.vrp(symbol), documents.levels(symbol)["levels"]
        published = symbol not in {"AMZN", "META"}
        assert levels["gamma_flip"] == (s.gamma_flip if published else None)
        for theirs, ours in (
            ("call_wall", s.call_wall), ("put_wall", s.put_wall),
            ("max_positive_gamma", s.max_gamma), ("max_negative_gamma", s.max_negative_gamma),
            ("highest_oi_strike", s.highest_oi_strike),
        ):  # fmt: skip
            assert levels[theirs] == ours
        if s.net_gex is None:
            assert vrp["regime"]["net_gex"] is None
        else:
            assert vrp["regime"]["net_gex"] == pytest.approx(s.net_gex, abs=0.01)
        regime = f"{s.gamma}_gamma" if published else "unknown"
        assert vrp["regime"]["gamma"] == regime
        assert vrp["vrp"]["atm_iv"] == pytest.approx(s.atm_iv, abs=0.011)
        sides = vrp["directional"]
        assert sides["put_wing_iv_25d"] == pytest.approx(s.put_wing_iv, abs=0.0051)
        assert sides["call_wing_iv_25d"] == pytest.approx(s.call_wing_iv, abs=0.0051)
        if s.z_score is not None:
            assert vrp["vrp"]["z_score"] == pytest.approx(s.z_score, abs=0.015)
        else:
            assert vrp["vrp"]["z_score"] is None
        assert vrp["gex_conditioned"]["harvest_score"] == s.harvest_score
        assert vrp["dealer_flow_risk"] == s.dealer_flow_risk
        assert vrp["net_harvest_score"] == s.net_harvest_score

    def test_the_older_generation_has_neither_envelope_nor_status(self):
        """Before August 2026 there was no flip status and no data_as_of."""
        old = Documents(Market(WEEKEND), "2026-05")
        for document in (old.vrp("SPY"), old.levels("SPY"), old.stock_summary("SPY")):
            assert "gamma_flip_status" not in str(document)
            assert "data_as_of" not in document
            assert "endpoint_version" not in document

    def test_every_document_is_marked(self):
        """Documents of market data say that they are simulated."""
        documents = Documents(Market(WEEKEND))
        for make in (
            documents.vrp,
            documents.levels,
            documents.vrp_history,
            documents.exposure_summary,
            documents.stock_summary,
            documents.volatility,
        ):
            assert make("QQQ")["simulated"] is True

    def test_history_ends_yesterday_until_the_day_is_filled(self):
        """Today's row comes at 16:35 New York time; a new name has few rows."""
        during = Documents(Market(OPEN)).vrp_history("SPY", 30)
        assert during["history"][-1]["date"] == "2026-11-19"
        after = Documents(Market(WEEKEND)).vrp_history("SPY", 365)
        assert after["history"][-1]["date"] == "2026-11-20"
        assert after["data_points"] == len(after["history"]) >= 250
        assert Documents(Market(WEEKEND)).vrp_history("XOM", 365)["data_points"] == 4

    def test_scores_are_bounded_whole_numbers(self):
        """Four structures, 0 to 100, on every name that has a z-score."""
        market = Market(WEEKEND)
        for symbol in SYMBOLS:
            scores = strategy_scores(market.view(symbol), 99.0, -99.0)
            if scores is None:
                assert symbol == "XOM"
                continue
            assert set(scores) == {
                "short_put_spread",
                "short_strangle",
                "iron_condor",
                "calendar_spread",
            }
            assert all(isinstance(v, int) and 0 <= v <= 100 for v in scores.values())

    def test_extra_names_vary_the_twelve(self):
        """Extra names follow one of the twelve, with wings and GEX of their own."""
        market = Market(WEEKEND, extra_names=24)
        assert market.symbols[12:14] == ("N0001", "N0002")
        twin, base = market.view("N0013"), market.view("SPY")
        assert twin.z_score == base.z_score
        assert twin.net_gex != base.net_gex
        assert twin.figures.symbol == "N0013"
        assert twin.wing(30, "put") != base.wing(30, "put")
        assert (twin.net_gex > 0) == (base.net_gex > 0)
        with pytest.raises(UnknownSymbolError):
            market.name("N0025")
