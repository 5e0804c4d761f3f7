"""Cboe's delayed quotes over the network: what is asked, how often, what refusals do."""

from __future__ import annotations

import dataclasses
import itertools
import json
import threading
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.sources.cboe_small import NOW, Documents
from tests.sources.chain_files import walk
from vrp_xl import __version__, cli, consent, settings
from vrp_xl.core.calendar import previous_trading_day
from vrp_xl.core.history import STANDING
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.errors import (
    BadAnswerError,
    ClosedError,
    ConsentError,
    InputError,
    QuotaError,
    ServiceError,
    UnknownSymbolError,
    UnreachableError,
)
from vrp_xl.simulator import Simulator, serve
from vrp_xl.sources.base import Call, Delayed, Fetched, Observation, Source
from vrp_xl.sources.cboe import GIVE_UP_AFTER, Cboe
from vrp_xl.sources.sample.names import SYMBOLS
from vrp_xl.sources.sample.source import SampleSource
from vrp_xl.store.database import Store
from vrp_xl.workflow.columns import row_dict
from vrp_xl.workflow.morning import failure_of
from vrp_xl.workflow.refresh import RefreshResult, completed, cost, refresh
from vrp_xl.workflow.scan import run_scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vrp_xl.core.rules import Rules

NAMES = ("SPY", "SPX", "ABC", "XYZ")


class Trial:
    """A simulator with small documents, a store, and a clock that both keep to."""

    def __init__(self, server: Simulator, documents: Documents, store: Store) -> None:
        self.server, self.documents, self.store = server, documents, store
        self.agreed = True
        self.options: dict[str, Any] = {}

    def clock(self) -> datetime:
        """The moment of the documents."""
        return self.documents.now

    def later(self, moment: datetime | timedelta) -> None:
        """Moves the clock."""
        now = self.documents.now
        self.documents.now = now + moment if isinstance(moment, timedelta) else moment

    def require(self) -> None:
        """The user's yes."""
        if not self.agreed:
            raise ConsentError("The source cboe is switched off.")

    @contextmanager
    def source(self) -> Iterator[Cboe]:
        """A source as a new process would open it."""
        known = {"rate": None, "read_timeout": 60.0, **self.options}
        one = Cboe(require=self.require, base_url=self.server.url, clock=self.clock, **known)
        try:
            yield one
        finally:
            one.close()

    def refresh(self, *names: str, rules: Rules = STANDARD) -> RefreshResult:
        """Refreshes `names` and forgets what was asked before."""
        self.server.requests.clear()
        self.server._bodies.clear()
        self.options["rules"] = rules
        with self.source() as one:
            return refresh(one, self.store, names, clock=self.clock, rules=rules)

    def asked(self) -> list[tuple[str, str]]:
        """(document, symbol) of what the last refresh asked for, sorted."""
        seen = self.server.requests
        return sorted((s.endpoint.removeprefix("cboe_"), s.symbol) for s in seen)

    def stored(self, symbol: str) -> Snapshot:
        """The newest snapshot, which must be there."""
        found = self.store.latest("cboe", symbol)
        assert found is not None
        return found


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """Everything at 15:00 New York time on a Wednesday."""
    documents = Documents()
    with (
        serve(cboe=documents, now=NOW) as server,
        Store(tmp_path / "store.sqlite3", clock=lambda: documents.now) as store,
    ):
        yield Trial(server, documents, store)


def states(result: RefreshResult) -> dict[str, str]:
    """Symbol -> what became of it."""
    return {outcome.symbol: outcome.state for outcome in result.outcomes}


class TestWhatIsAsked:
    """Which documents, under which name, how often."""

    def test_it_is_a_source(self, trial: Trial) -> None:
        """It has all that a refresh needs, and says how long its figures stay new."""
        with trial.source() as one:
            assert isinstance(one, Source)
            assert isinstance(one, Delayed)
            assert one.name == "cboe"

    def test_two_documents_per_symbol_and_an_index_once(self, trial: Trial) -> None:
        """SPY and SPX share the VIX; stocks have no index."""
        result = trial.refresh(*NAMES)
        assert set(states(result).values()) == {"fresh"}
        assert trial.asked() == [
            *(("chain", name) for name in sorted(NAMES)),
            *(("history", name) for name in sorted((*NAMES, "VIX"))),
            ("quote", "VIX"),
        ]

    def test_indices_have_an_underscore(self, trial: Trial) -> None:
        """In the address, never in our names; the roots SPX and SPXW are one symbol."""
        paths = []
        answer = trial.server.answer
        trial.server.answer = lambda target, *a: paths.append(target) or answer(target, *a)  # type: ignore[method-assign]
        trial.refresh("SPX", "ABC")
        quotes = "/api/global/delayed_quotes"
        assert f"{quotes}/options/_SPX.json" in paths
        assert f"{quotes}/charts/historical/_SPX.json" in paths
        assert f"{quotes}/charts/historical/_VIX.json" in paths
        assert f"{quotes}/options/ABC.json" in paths
        assert trial.stored("SPX").symbol == "SPX"

    @pytest.mark.parametrize(
        ("asked", "known"), [("^SPX", "SPX"), ("SPXW", "SPX"), ("_VIX", "VIX")]
    )
    def test_other_names_of_a_symbol(self, trial: Trial, asked: str, known: str) -> None:
        """They are told apart before anything is asked."""
        result = trial.refresh(asked)
        assert trial.asked() == []
        assert f"Ask for {known}." in result.outcomes[0].why

    def test_our_name_is_in_every_request(self, trial: Trial) -> None:
        """The project and its version, unless the user chose another name."""
        trial.refresh("ABC")
        assert trial.server.agents == {f"vrp_xl/{__version__}"}
        trial.later(timedelta(hours=1))
        trial.server.agents.clear()
        trial.options = {"user_agent": "Mozilla/5.0 (X11) vrp_xl"}
        trial.refresh("ABC")
        assert trial.server.agents == {"Mozilla/5.0 (X11) vrp_xl"}

    def test_plain_http_is_for_this_machine_alone(self) -> None:
        """Another host needs https."""
        with pytest.raises(InputError, match="not encrypted"):
            Cboe(require=lambda: None, base_url="http://cdn.cboe.com")

    def test_requests_are_spaced(self, trial: Trial) -> None:
        """Whatever the number of workers, one follows the other at the rate."""
        trial.options = {"rate": 50.0}
        times = []
        answer = trial.server.answer
        trial.server.answer = lambda *a: times.append(time.monotonic()) or answer(*a)  # type: ignore[method-assign]
        began = time.monotonic()
        trial.refresh(*NAMES)
        assert len(times) == 10
        assert max(times) - began >= 9 / 50.0 - 0.005

    def test_who_waits_for_a_turn_gives_up_when_the_source_closes(self, trial: Trial) -> None:
        """A closed source asks for nothing any more."""
        trial.options = {"rate": 0.01}
        with trial.source() as one:
            (call, *_) = one.calls("ABC")
            one.get(call)
            one.close()
            with pytest.raises(ServiceError, match="has ended"):
                one.get(call)
        assert len(trial.server.requests) == 1

    def test_the_cost_is_said_before(self, trial: Trial) -> None:
        """Calls, the pace, and what need not be asked."""
        trial.options = {"rate": 4.0}
        with trial.source() as one:
            assert str(cost(one, trial.store, ["ABC"], clock=trial.clock)) == (
                "2 calls, no quota, at most 4 a second"
            )
        trial.options = {}
        trial.refresh("ABC")
        with trial.source() as one:
            told = cost(one, trial.store, ["ABC", "XYZ"], clock=trial.clock)
        assert str(told) == "2 calls (1 name is as new as can be), no quota"


class TestWhatIsNotAskedAgain:
    """Nothing within the delay, nothing while the market is closed, history only for gaps."""

    def test_a_second_scan_within_the_delay_asks_nothing(self, trial: Trial) -> None:
        """Every name is as fresh as it can be."""
        trial.refresh(*NAMES)
        trial.later(timedelta(minutes=14, seconds=59))
        result = trial.refresh(*NAMES)
        assert trial.asked() == []
        assert result.calls == 0
        assert set(states(result).values()) == {"fresh"}

    def test_another_window_of_expiries_is_asked_for_at_once(self, trial: Trial) -> None:
        """The levels of the window need the chain, so a name of another window is not current."""
        trial.refresh("ABC")
        wide = STANDARD.with_values({"dte_min": 7, "dte_max": 70})
        trial.later(timedelta(minutes=1))
        trial.options["rules"] = wide
        with trial.source() as one:
            assert cost(one, trial.store, ["ABC"], clock=trial.clock).calls == 1
        trial.refresh("ABC", rules=wide)
        assert trial.asked() == [("chain", "ABC")]
        now = trial.stored("ABC")
        assert (now.window_levels["dte_min"], now.window_levels["dte_max"]) == (7, 70)
        trial.refresh("ABC", rules=wide)
        assert trial.asked() == [], "once is enough"

    def test_other_rules_of_the_history_are_applied_without_asking(self, trial: Trial) -> None:
        """z, its days and the local scores are made anew from what is stored, and once."""
        trial.refresh("SPY", "ABC")
        before = trial.stored("SPY")
        assert before.z_score is not None
        assert before.history_days is not None
        rules = STANDARD.with_values({"z_window": 70, "hv_floor": before.rv_30d + 3.0})
        revision = trial.store.revision()
        trial.later(timedelta(minutes=1))
        result = trial.refresh("SPY", "ABC", rules=rules)
        assert trial.asked() == []
        assert set(states(result).values()) == {"fresh"}
        now = trial.stored("SPY")
        assert (now.history_days, now.as_of, now.fetched_at) == (
            70, before.as_of, before.fetched_at,
        )  # fmt: skip
        assert now.z_score != before.z_score
        assert now.scores["iron_condor"] != before.scores["iron_condor"]
        assert now == completed(trial.store, Fetched(now), rules=rules)
        changed = trial.store.revision()
        assert changed > revision
        trial.refresh("SPY", "ABC", rules=rules)
        assert trial.store.revision() == changed, "nothing is written where nothing changes"
        trial.refresh("SPY", "ABC")
        assert trial.stored("SPY") == before

    def test_after_the_delay_chain_and_level_alone(self, trial: Trial) -> None:
        """The days before are stored."""
        trial.refresh("SPY", "ABC")
        trial.later(timedelta(minutes=15))
        trial.refresh("SPY", "ABC")
        assert trial.asked() == [("chain", "ABC"), ("chain", "SPY"), ("quote", "VIX")]

    def test_until_the_next_session_after_the_final_quotes(self, trial: Trial) -> None:
        """Fetched half an hour after the close they are final, until 09:30 of the next day."""
        trial.later(datetime(2026, 3, 18, 20, 29, tzinfo=UTC))  # 16:29 in New York
        trial.refresh("ABC")
        trial.later(timedelta(minutes=16))
        trial.refresh("ABC")
        assert trial.asked() == [("chain", "ABC")]
        for moment in ((18, 23), (19, 4), (19, 13)):
            trial.later(datetime(2026, 3, *moment, 20, tzinfo=UTC))
            trial.refresh("ABC")
            assert trial.asked() == []
        trial.later(datetime(2026, 3, 19, 13, 30, tzinfo=UTC))
        trial.refresh("ABC")
        assert trial.asked() == [("chain", "ABC")]

    def test_over_a_weekend(self, trial: Trial) -> None:
        """What came on Friday evening holds until Monday morning."""
        trial.later(datetime(2026, 3, 20, 21, tzinfo=UTC))
        trial.refresh("ABC")
        trial.later(datetime(2026, 3, 22, 21, tzinfo=UTC))
        trial.refresh("ABC")
        assert trial.asked() == []
        trial.later(datetime(2026, 3, 23, 15, tzinfo=UTC))
        trial.refresh("ABC")
        assert trial.asked() == [("chain", "ABC")]

    def test_a_clock_that_was_wrong(self, trial: Trial) -> None:
        """What was stored "in the future" does not stop us."""
        trial.refresh("ABC")
        trial.later(-timedelta(hours=1))
        trial.refresh("ABC")
        assert ("chain", "ABC") in trial.asked()

    def test_day_by_day_the_history_grows_without_the_long_document(self, trial: Trial) -> None:
        """Each chain tells the close of the day before; the morning's spot is replaced by it."""
        trial.refresh("ABC")
        assert trial.store.series("cboe", "ABC", "close")[-1] == (date(2026, 3, 18), 100.0)
        trial.later(NOW + timedelta(days=1))
        trial.documents.closes = lambda _: walk(  # type: ignore[method-assign]
            400, last=previous_trading_day(trial.documents.today), start=100.7
        )
        trial.documents.spots["ABC"] = 101.5
        trial.refresh("ABC")
        assert trial.asked() == [("chain", "ABC")]
        assert trial.store.series("cboe", "ABC", "close")[-2:] == [
            (date(2026, 3, 18), 100.7),
            (date(2026, 3, 19), 101.5),
        ]

    def test_a_gap_asks_for_the_history_once_a_day(self, trial: Trial) -> None:
        """A day without a scan leaves one close out; the long document fills it."""
        trial.refresh("ABC", "SPY")
        trial.later(datetime(2026, 3, 20, 15, tzinfo=UTC))
        trial.refresh("ABC", "SPY")
        assert trial.asked() == [
            ("chain", "ABC"), ("chain", "SPY"), ("history", "ABC"), ("history", "SPY"),
            ("history", "VIX"), ("quote", "VIX"),
        ]  # fmt: skip
        days = [day for day, _ in trial.store.series("cboe", "ABC", "close", limit=3)]
        assert days == [date(2026, 3, 18), date(2026, 3, 19), date(2026, 3, 20)]

    def test_a_new_listing_asks_once_a_trading_day(self, trial: Trial) -> None:
        """It can never have all the days; so it asks each trading day once, not each time."""
        trial.documents.days = 30
        trial.refresh("ABC")
        trial.later(timedelta(minutes=20))
        trial.refresh("ABC")
        assert trial.asked() == [("chain", "ABC")]
        trial.later(NOW + timedelta(days=1))
        trial.refresh("ABC")
        assert trial.asked() == [("chain", "ABC"), ("history", "ABC")]

    def test_before_the_open_no_close_of_the_day_before_is_taken(self, trial: Trial) -> None:
        """Nobody knows yet which day "the day before" is."""
        trial.later(datetime(2026, 3, 18, 12, tzinfo=UTC))
        trial.documents.days = 400
        trial.documents.history = lambda _: b"{}"  # type: ignore[method-assign]
        trial.refresh("ABC")
        assert trial.store.series("cboe", "ABC", "close") == [(date(2026, 3, 17), 100.0)]


class TestFigures:
    """What becomes of the documents."""

    def test_the_record(self, trial: Trial) -> None:
        """As of the document, keyed by this source alone."""
        trial.refresh("ABC")
        s = trial.stored("ABC")
        assert (s.source, s.spot, s.as_of, s.sample) == ("cboe", 100.0, NOW, False)
        assert s.atm_iv_30d == pytest.approx(20.0, abs=0.2)
        assert s.rv_20d is not None
        assert s.rv_90d is not None
        assert s.gamma in {"positive", "negative"}
        assert "the file's own iv30 is 20.1" in s.basis["atm_iv_30d"]
        for other in ("folder", "sample", "flashalpha"):
            assert trial.store.symbols(other) == []
            assert trial.store.series(other, "ABC", "close") == []

    def test_the_same_morning_again_from_the_store(self, trial: Trial) -> None:
        """Without the long documents the figures are the same."""
        trial.refresh("SPY")
        first = trial.stored("SPY")
        trial.later(timedelta(minutes=16))
        trial.refresh("SPY")
        second = trial.stored("SPY")
        for name in ("rv_5d", "rv_20d", "rv_90d", "vrp_20d", "z_score", "iv_rank", "put_vrp"):
            assert getattr(second, name) == pytest.approx(getattr(first, name), rel=1e-3), name
        assert [p.vrp for p in second.term_vrp] == pytest.approx(
            [p.vrp for p in first.term_vrp], rel=1e-3
        )

    def test_a_z_from_the_index_on_the_first_day_named_so(self, trial: Trial) -> None:
        """The VIX of now against its own history; a stock without an index has none."""
        trial.refresh("SPY", "ABC")
        spy, abc = trial.stored("SPY"), trial.stored("ABC")
        assert spy.z_score is not None
        assert spy.basis["z_score"].startswith("VIX minus RV20, over the 252 days before")
        assert spy.history_days == 252
        assert abc.z_score is None
        assert "0 of 60 days" in abc.missing["z_score"]

    def test_the_own_z_takes_over(self, trial: Trial) -> None:
        """After 60 stored days of its own."""
        days = [day for day, _ in trial.documents.closes("SPY")[-60:]]
        trial.store.add_observations(
            "cboe",
            "SPY",
            [Observation(name, day, 3.0 + i % 7) for name in ("vrp_20d", "atm_iv")
             for i, day in enumerate(days)],
        )  # fmt: skip
        trial.refresh("SPY")
        spy = trial.stored("SPY")
        assert spy.basis["z_score"] == "own history: spread over the 60 days before"
        assert spy.history_days == 60
        assert trial.store.series("cboe", "SPY", "vrp_20d", imported=True)[-1][0] == days[-1]

    def test_without_the_index_the_record_stays(self, trial: Trial) -> None:
        """What failed is told beside it."""
        trial.documents.quotes = {}
        trial.refresh("SPY")
        spy = trial.stored("SPY")
        assert spy.z_score is None
        assert spy.rv_20d is not None
        assert "Cboe has no quote of VIX." in spy.warnings

    def test_without_prices_the_record_stays(self, trial: Trial) -> None:
        """The chain's figures are there, realized volatility says what is missing."""
        trial.documents.history = lambda _: b'{"data": []}'  # type: ignore[method-assign]
        assert states(trial.refresh("ABC")) == {"ABC": "fresh"}
        abc = trial.stored("ABC")
        assert abc.atm_iv_30d is not None
        assert abc.rv_20d is None
        assert any("price history of ABC cannot be used" in w for w in abc.warnings)

    def test_quotes_of_before_the_session_say_so(self, trial: Trial) -> None:
        """In the first 15 minutes the delayed quotes are yesterday's."""
        trial.later(datetime(2026, 3, 18, 13, 40, tzinfo=UTC))
        trial.refresh("ABC")
        assert any("these are from before it" in w for w in trial.stored("ABC").warnings)
        trial.later(datetime(2026, 3, 18, 13, 55, tzinfo=UTC))
        trial.refresh("ABC")
        assert not any("before it" in w for w in trial.stored("ABC").warnings)

    def test_an_overnight_level_is_no_days_level(self, trial: Trial) -> None:
        """The VIX trades at night; what it shows at 08:00 belongs to no session."""
        trial.later(datetime(2026, 3, 18, 12, tzinfo=UTC))
        trial.documents.quotes["VIX"] = 99.0
        trial.refresh("SPY")
        levels = dict(trial.store.series("cboe", "VIX", "close"))
        assert levels[date(2026, 3, 17)] != 99.0
        assert date(2026, 3, 18) not in levels

    def test_a_trial_is_marked(self, trial: Trial) -> None:
        """What this machine serves counts as SAMPLE where the host says so."""
        trial.options = {"sample": True}
        trial.refresh("ABC")
        assert trial.stored("ABC").sample is True


FAULT_WORDS = {
    "plan": (ServiceError, "refused the option chain of ABC (403)"),
    "key": (ServiceError, "refused the option chain of ABC (401)"),
    "html": (BadAnswerError, "it is a web page, not data"),
    "cut": (BadAnswerError, "cut off"),
    "slow": (UnreachableError, "did not answer in time"),
    "drip": (UnreachableError, "did not finish its answer"),
    "empty": (BadAnswerError, "the file is empty"),
    "garbled": (BadAnswerError, "cannot be used"),
    "bad_gzip": (BadAnswerError, "garbled answer"),
    "nulls": (BadAnswerError, "it says nowhere when it was made"),
    "error500": (ServiceError, "status 500"),
    "error502": (ServiceError, "status 502"),
    "redirect": (BadAnswerError, "was not followed"),
    "quota": (QuotaError, "asks for fewer requests (429)"),
}


class TestFaults:
    """Each has its message, and what was known stays."""

    @pytest.mark.parametrize("fault", FAULT_WORDS)
    def test_a_fault_keeps_what_was_known(
        self, trial: Trial, fault: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The sentence says what, of whom."""
        trial.refresh("ABC")
        before = trial.stored("ABC")
        trial.later(timedelta(minutes=16))
        trial.server.fault = fault
        seconds = 0.8 if fault == "drip" else 60.0
        monkeypatch.setattr("vrp_xl.sources.cboe.TOTAL_TIME", seconds)
        trial.options = {"read_timeout": 0.3 if fault == "slow" else 60.0}
        (outcome,) = trial.refresh("ABC").outcomes
        kind, words = FAULT_WORDS[fault]
        assert outcome.state == "kept"
        assert isinstance(outcome.error, kind)
        assert words in outcome.why
        assert trial.stored("ABC") == before

    @pytest.mark.parametrize("fault", ["wrong_types", "nan"])
    def test_numbers_that_are_none(self, trial: Trial, fault: str) -> None:
        """Text for numbers, NaN: either a sentence, or figures that were read all the same."""
        trial.server.fault = fault
        (outcome,) = trial.refresh("ABC").outcomes
        assert outcome.state in {"fresh", "missing"}
        assert outcome.state == "fresh" or "ABC cannot be used" in outcome.why
        found = trial.store.latest("cboe", "ABC")
        assert found is None or json.dumps(found.to_dict(), allow_nan=False)

    def test_a_trouble_that_passes_is_tried_again(self, trial: Trial) -> None:
        """503 once, then fine."""
        trial.server.fault = "error503_once"
        assert states(trial.refresh("ABC")) == {"ABC": "fresh"}

    def test_an_unknown_symbol_never_stops_the_others(self, trial: Trial) -> None:
        """404 of one."""
        result = trial.refresh("NOPE", "ABC")
        assert states(result) == {"NOPE": "missing", "ABC": "fresh"}
        assert isinstance(result.outcomes[0].error, UnknownSymbolError)
        assert "Cboe has no option chain of NOPE." in result.outcomes[0].why

    @pytest.mark.parametrize(("workers", "most"), [(1, GIVE_UP_AFTER), (2, 20)])
    def test_refused_altogether_stops_at_once(self, trial: Trial, workers: int, most: int) -> None:
        """Of many names few are asked, none twice, and the sentence says what to do.

        With several workers what is under way at the third refusal is waited for.
        """
        trial.server.fault = "plan"
        trial.options = {"workers": workers}
        result = trial.refresh(*(f"N{i}" for i in range(200)))
        assert isinstance(result.stopped, ClosedError)
        assert "the address is closed" in result.stopped.why
        assert "--user-agent" in result.stopped.fix
        assert {failure_of(outcome)[0] for outcome in result.outcomes} == {"service"}
        chains = [symbol for kind, symbol in trial.asked() if kind == "chain"]
        assert GIVE_UP_AFTER <= len(chains) <= most
        assert len(set(chains)) == len(chains)
        assert len(trial.asked()) <= 2 * most

    def test_a_refused_symbol_does_not_stop_the_others(self, trial: Trial) -> None:
        """403 of two among four."""
        trial.server.fault = "plan"
        trial.server.symbols = frozenset({"ABC", "XYZ"})
        result = trial.refresh(*NAMES)
        assert result.stopped is None
        assert states(result) == {
            "SPY": "fresh",
            "SPX": "fresh",
            "ABC": "missing",
            "XYZ": "missing",
        }

    def test_histories_that_are_closed_are_left_alone(self, trial: Trial) -> None:
        """The chains go on; after some refusals the others are not even asked for."""
        names = [f"N{a}{b}" for a in "ABC" for b in "ABCDEFGHIJ"]
        trial.documents.spots = dict.fromkeys(names, 100.0)
        trial.documents.closes = lambda _: walk(300)  # type: ignore[method-assign]
        answer = trial.server._cboe_reply
        trial.server._cboe_reply = lambda endpoint, symbol, fault: answer(  # type: ignore[method-assign]
            endpoint, symbol, "plan" if endpoint == "cboe_history" else fault
        )
        trial.options = {"workers": 2}
        result = trial.refresh(*names)
        assert set(states(result).values()) == {"fresh"}
        histories = [symbol for kind, symbol in trial.asked() if kind == "history"]
        assert len(histories) <= GIVE_UP_AFTER + 1
        trial.later(timedelta(minutes=20))
        trial.refresh(*names)
        assert {kind for kind, _ in trial.asked()} == {"chain"}

    def test_too_many_requests_rest_until_the_delay_is_over(self, trial: Trial) -> None:
        """429 stops the run, and until then nothing is asked, by nobody."""
        trial.server.fault = "quota"
        trial.options = {"workers": 1}
        result = trial.refresh(*NAMES)
        assert isinstance(result.stopped, QuotaError)
        assert len(trial.asked()) == 1
        trial.server.fault = None
        trial.later(timedelta(minutes=14))
        assert isinstance(trial.refresh(*NAMES).stopped, QuotaError)
        assert trial.asked() == []
        trial.later(timedelta(minutes=2))
        assert set(states(trial.refresh(*NAMES)).values()) == {"fresh"}

    @pytest.mark.parametrize("kind", ["chain", "history"])
    def test_refusals_that_overtake_an_answer_close_nothing(
        self, trial: Trial, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        """Three small refusals come before one large document that was asked for first."""
        strangers = ("B1", "B2", "B3")
        trial.documents.spots |= dict.fromkeys(strangers, 100.0)
        closes = trial.documents.closes
        trial.documents.closes = lambda symbol: closes(  # type: ignore[method-assign]
            "ABC" if symbol in strangers else symbol
        )
        begun, refused = threading.Event(), threading.Event()
        count = itertools.count(1)
        answer, forbidden, get = trial.server._cboe_reply, Cboe._forbidden, Cboe.get

        def reply(endpoint: str, symbol: str, fault: str | None) -> Any:
            if endpoint == f"cboe_{kind}" and symbol == "ABC":
                begun.set()
                assert refused.wait(20)
            elif endpoint == f"cboe_{kind}" and symbol in strangers:
                assert begun.wait(20)
                fault = "plan"
            return answer(endpoint, symbol, fault)

        def noted(*arguments: Any) -> Any:
            error = forbidden(*arguments)
            if next(count) == len(strangers) and kind == "chain":
                refused.set()
            return error

        def ended(one: Cboe, call: Call) -> Any:
            try:
                return get(one, call)
            finally:
                if call == Call("history", "XYZ", optional=True) and kind == "history":
                    refused.set()

        trial.server._cboe_reply = reply  # type: ignore[assignment,method-assign]
        monkeypatch.setattr(Cboe, "_forbidden", noted)
        monkeypatch.setattr(Cboe, "get", ended)
        trial.options = {"workers": 4}
        result = trial.refresh("ABC", *strangers, "XYZ")
        assert result.stopped is None
        assert states(result)["ABC"] == states(result)["XYZ"] == "fresh"
        assert {(kind, "ABC"), (kind, "XYZ")} <= set(trial.asked())
        if kind == "chain":
            assert [states(result)[name] for name in strangers] == ["missing"] * 3

    def test_who_waits_for_a_turn_when_it_is_too_many_asks_no_more(self, trial: Trial) -> None:
        """The sentence that nothing is asked before then is true of calls under way as well."""
        trial.server.fault = "quota"
        waits, refused = threading.Event(), threading.Event()
        found = []

        def second(one: Cboe) -> None:
            with pytest.raises(QuotaError) as caught:
                one.get(Call("chain", "XYZ"))
            found.append(caught.value)

        with trial.source() as one:
            turns = itertools.count()

            def wait() -> None:
                if next(turns) == 0:
                    waits.set()
                    assert refused.wait(20)

            one._throttle.wait = wait  # type: ignore[method-assign]
            thread = threading.Thread(target=second, args=(one,))
            thread.start()
            assert waits.wait(20)
            with pytest.raises(QuotaError) as caught:
                one.get(Call("chain", "ABC"))
            refused.set()
            thread.join()
        assert trial.asked() == [("chain", "ABC")]
        assert found[0].until == caught.value.until

    def test_an_answer_for_another_symbol(self, trial: Trial) -> None:
        """It is not taken for what was asked."""
        chain = trial.documents.chain
        trial.documents.chain = lambda _: chain("XYZ")  # type: ignore[method-assign]
        (outcome,) = trial.refresh("ABC").outcomes
        assert "is the option chain of XYZ" in outcome.why

    def test_a_chain_that_has_expired(self, trial: Trial) -> None:
        """A document of last year is no chain of today."""
        body = trial.documents.chain("ABC").replace(b"ABC26", b"ABC25")
        trial.documents.chain = lambda _: body  # type: ignore[method-assign]
        (outcome,) = trial.refresh("ABC").outcomes
        assert outcome.state == "missing"
        assert "has expired" in outcome.why

    def test_too_long_an_answer(self, trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is not read to its end."""
        monkeypatch.setattr("vrp_xl.sources.cboe.LARGEST", 1 << 20)
        trial.server.fault = "big"
        (outcome,) = trial.refresh("ABC").outcomes
        assert "1,024 KiB" in outcome.why


class TestConsent:
    """Without a yes nothing is asked."""

    def test_no_yes_no_request(self, trial: Trial) -> None:
        """Neither by a refresh nor by its cost."""
        trial.agreed = False
        result = trial.refresh(*NAMES)
        assert isinstance(result.stopped, ConsentError)
        assert trial.server.requests == []
        assert all(outcome.state == "missing" for outcome in result.outcomes)
        assert failure_of(result.outcomes[0])[0] == "terms"
        with trial.source() as one, pytest.raises(ConsentError):
            cost(one, trial.store, NAMES, clock=trial.clock)

    def test_taken_back_under_way(self, trial: Trial) -> None:
        """What runs ends; what comes after is not asked."""
        trial.options = {"workers": 1}
        answer = trial.server.answer

        def revoking(*args: Any) -> Any:
            trial.agreed = False
            return answer(*args)

        trial.server.answer = revoking  # type: ignore[method-assign]
        result = trial.refresh(*NAMES)
        assert len(trial.server.requests) == 1
        assert isinstance(result.stopped, ConsentError)


NOT_TOLD = {
    "harvest_score", "net_harvest_score", "dealer_flow_risk", "vrp_regime", "vanna_outlook",
    "fair_vol", "vix_term_slope", "next_earnings",
}  # fmt: skip
"""What the sample market adds to its chains and no document of Cboe's holds."""
OF_HISTORY = {*STANDING, "scores"}
"""What needs a symbol's own daily history, which no document of Cboe's holds either."""


def as_near(one: Any, other: Any) -> bool:
    """Whether two figures are the same within what the documents round."""
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-4, abs=1e-4)
    return bool(one == other)


class TestTheSampleMarket:
    """The simulator's documents of the sample market, beside the source that needs none."""

    MOMENTS = (
        datetime(2026, 11, 24, 18, 0, tzinfo=UTC),  # in the session
        datetime(2026, 11, 24, 22, 0, tzinfo=UTC),  # after the close
        datetime(2026, 11, 25, 10, 0, tzinfo=UTC),  # before the open
    )

    @staticmethod
    @contextmanager
    def both(now: datetime, folder: Path) -> Iterator[tuple[Store, Cboe]]:
        """A store with the sample market in it, and a source that asks the simulator."""
        with serve(now=now) as server, Store(folder / "both.sqlite3", clock=lambda: now) as store:
            sample = SampleSource(now)
            refresh(sample, store, SYMBOLS, clock=lambda: now)
            one = Cboe(require=lambda: None, base_url=server.url, rate=None, clock=lambda: now)
            yield store, one
            one.close()

    @pytest.mark.parametrize("now", MOMENTS)
    def test_the_figures_are_the_same(self, now: datetime, tmp_path: Path) -> None:
        """Every figure that a chain and prices can tell, for every name."""
        with self.both(now, tmp_path) as (store, one):
            assert refresh(one, store, SYMBOLS, clock=lambda: now).count("fresh") == 12
            told, known = store.latest_many("cboe"), store.latest_many("sample")
            compared = 0
            for symbol, field in itertools.product(SYMBOLS, dataclasses.fields(Snapshot)):
                if field.name in NOT_TOLD | OF_HISTORY | {"source", "sample", "basis", "missing"}:
                    continue
                found = getattr(told[symbol], field.name), getattr(known[symbol], field.name)
                assert as_near(*found), (symbol, field.name, found)
                compared += found[0] not in (None, (), {})
            assert compared > 500

    def test_with_the_same_days_so_are_z_scores_and_decisions(self, tmp_path: Path) -> None:
        """Where the store holds the name's own days and earnings: the whole scan is the same."""
        now = self.MOMENTS[0]
        with self.both(now, tmp_path) as (store, one):
            for symbol, snapshot in store.latest_many("sample").items():
                if snapshot.next_earnings is not None:
                    store.add_watch(symbol, snapshot.next_earnings)
                for name in ("vrp_20d", "atm_iv"):
                    days = store.series("sample", symbol, name)[:-1]
                    own = [Observation(name, day, value) for day, value in days]
                    store.add_observations("cboe", symbol, own)
            refresh(one, store, SYMBOLS, clock=lambda: now)
            scans = [
                run_scan(store, name, SYMBOLS, STANDARD, now=now) for name in ("cboe", "sample")
            ]
            told, known = (
                {row.snapshot.symbol: row_dict(row) for row in scan.rows} for scan in scans
            )
            others = NOT_TOLD | {"source", "sample", "basis", "missing", "yesterday", "z_change"}
            for symbol, name in itertools.product(SYMBOLS, known["SPY"].keys() - others - {"why"}):
                found = told[symbol][name], known[symbol][name]
                assert as_near(*found), (symbol, name, found)
            for symbol in SYMBOLS:
                assert set(told[symbol]["why"]) <= set(known[symbol]["why"])
            assert told["SPY"]["cell"] == "A"
            assert told["SPY"]["z_score"] == pytest.approx(1.31, abs=0.01)

    def test_the_command(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """`vrp-xl scan --source cboe`, twice: the second time nothing is asked."""
        monkeypatch.chdir(tmp_path)
        consent.give()
        words = ["vrp-xl", "scan", *SYMBOLS, "--json", "--source"]
        with serve() as server:
            monkeypatch.setenv("VRP_XL_CBOE_URL", server.url)
            shown = []
            for name in ("cboe", "cboe", "sample"):
                monkeypatch.setattr("sys.argv", [*words, name])
                with pytest.raises(SystemExit) as left:
                    cli.main()
                assert left.value.code == 0
                out = capsys.readouterr()
                shown.append({row["symbol"]: row for row in json.loads(out.out)["rows"]})
                if name == "cboe" and len(shown) == 1:
                    assert len(server.requests) >= 2 * len(SYMBOLS)
                    assert {seen.status for seen in server.requests} == {200}
                    server.requests.clear()
            assert server.requests == []
        first, second, sample = shown
        for symbol, name in itertools.product(
            SYMBOLS, ("spot", "atm_iv", "rv_20d", "rv_90d", "vrp_20d", "net_gex", "gamma_flip",
                      "put_wall", "call_wall", "put_vrp", "structural", "tactical", "gamma"),
        ):  # fmt: skip
            assert first[symbol][name] == second[symbol][name]
            assert as_near(first[symbol][name], sample[symbol][name]), (symbol, name)
        assert first["SPY"]["sample"] is True
        assert first["SPY"]["basis"]["z_score"].startswith("VIX minus RV20")
        assert settings.store_path().name == "store-local.sqlite3"

    def test_after_the_delay_the_same_without_the_long_documents(self, tmp_path: Path) -> None:
        """What is stored of days and bars gives what the documents gave."""
        now = self.MOMENTS[0]
        moment = [now]
        with (
            serve(now=now) as server,
            Store(tmp_path / "s.sqlite3", clock=lambda: moment[0]) as store,
        ):
            one = Cboe(
                require=lambda: None, base_url=server.url, rate=None, clock=lambda: moment[0]
            )
            refresh(one, store, ["SPY", "TSLA"], clock=lambda: moment[0])
            first = store.latest_many("cboe")
            moment[0] += timedelta(minutes=16)
            server.requests.clear()
            refresh(one, store, ["SPY", "TSLA"], clock=lambda: moment[0])
            one.close()
            assert {seen.endpoint for seen in server.requests} == {"cboe_chain", "cboe_quote"}
            for symbol, second in store.latest_many("cboe").items():
                for field in dataclasses.fields(Snapshot):
                    if field.name in {"fetched_at", "as_of"}:
                        continue
                    found = getattr(second, field.name), getattr(first[symbol], field.name)
                    assert as_near(*found), (symbol, field.name, found)
