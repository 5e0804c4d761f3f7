"""The refresh: what is asked, in what order, what ends it, and what is kept."""

from __future__ import annotations

import math
import queue
import threading
import time
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from vrp_xl.core.calendar import trading_day, trading_days
from vrp_xl.core.history import z_from
from vrp_xl.core.rules import Rules
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.core.standing import zscore
from vrp_xl.errors import (
    BadAnswerError,
    ClosedError,
    KeyRefusedError,
    PlanError,
    QuotaError,
    StoreError,
    SymbolNotCoveredError,
    UnknownSymbolError,
    UnreachableError,
)
from vrp_xl.sources.base import Call, Fetched, Known, Observation, Quota, Source, daily_observations
from vrp_xl.store.database import Store, Watched
from vrp_xl.workflow import refresh as refreshing
from vrp_xl.workflow.refresh import Cost, cost, refresh
from vrp_xl.workflow.scan import run_scan

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TOMORROW = datetime(2026, 11, 21, tzinfo=UTC)
ACCOUNT = Call("account", "")


class FakeSource:
    """A source whose plan has two calls per symbol (``main``, ``levels``); the lower has one."""

    name = "fake"
    sample = False
    workers = 8

    def __init__(self, **says):
        self.says = says
        """(endpoint, symbol) or endpoint or symbol -> answer, error, or function of the call."""
        self.asked = []
        self.known = Known()
        self.told = Quota()
        self.plan = "high"
        self.skips = {}
        self.account_calls = []
        self.settled = []
        self.steps = []
        self.extra = ()
        self.failed = {}
        self.lock = threading.Lock()

    def prepare(self, known):
        """Takes what is known."""
        self.known = known
        return self.account_calls

    def calls(self, symbol):
        """Two calls on the high plan, one on the low one, none without a plan."""
        endpoints = {"high": ("main", "levels"), "low": ("basic",), "none": ()}[self.plan]
        return [
            *(Call(endpoint, symbol) for endpoint in endpoints),
            *(Call(endpoint, symbol, optional=True) for endpoint in self.extra),
        ]

    def skip_reason(self, symbol):
        """As the test set it."""
        return self.skips.get(symbol)

    def get(self, call):
        """Answers as the test said."""
        with self.lock:
            self.asked.append(call)
        for name in (f"{call.endpoint}_{call.symbol}", call.endpoint, call.symbol):
            if name in self.says:
                said = self.says[name]
                if callable(said):
                    said = said(call)
                if isinstance(said, Exception):
                    raise said
                return said
        return {"spot": 100.0}

    def settle(self, call, answer):
        """Remembers, and takes a plan where the answer names one."""
        self.settled.append((call, answer))
        self.plan = answer.get("plan", self.plan)

    def step_down(self, call, error):
        """From the high plan to the low one, once."""
        self.steps.append((call, error))
        if self.plan != "high":
            return False
        self.plan = "low"
        return True

    def assemble(self, symbol, answers, failed):
        """A snapshot with the spot of the first answer, and one close."""
        self.failed[symbol] = dict(failed)
        spot = next(iter(answers.values()))["spot"]
        made = Snapshot(symbol=symbol, source=self.name, as_of=NOW, fetched_at=NOW, spot=spot)
        return Fetched(made, (Observation("close", date(2026, 11, 20), spot),))

    def quota(self):
        """As the test set it."""
        return self.told

    def close(self):
        """Nothing to close."""


@pytest.fixture
def store(tmp_path):
    """An empty store whose clock stands."""
    with Store(tmp_path / "store.sqlite3", clock=lambda: NOW) as opened:
        yield opened


class Steady:
    """The steady clock as the refresh sees it, which leaps over an hour when the test says so."""

    def __init__(self):
        self.slept = 0.0

    def monotonic(self):
        """The steady clock, and what was leapt over."""
        return time.monotonic() + self.slept

    def leap(self):
        """An hour passes."""
        self.slept += 3600.0


@pytest.fixture
def steady(monkeypatch):
    """However slow the machine is, a deadline in an hour passes when the test says so."""
    clock = Steady()
    monkeypatch.setattr(refreshing, "time", clock)
    return clock


def run(source, store, symbols, **more):
    """A refresh with the standing clock."""
    return refresh(source, store, symbols, account="acc", clock=lambda: NOW, **more)


def states(result):
    """Symbol -> state."""
    return {outcome.symbol: outcome.state for outcome in result.outcomes}


def keep(store, *symbols):
    """Stores an older snapshot of each symbol."""
    for symbol in symbols:
        old = NOW - timedelta(days=1)
        made = Snapshot(symbol=symbol, source="fake", as_of=old, fetched_at=old, spot=1.0)
        store.save(Fetched(made))


def test_the_fake_is_a_source():
    """What these tests ask is what a source offers."""
    assert isinstance(FakeSource(), Source)


def test_every_symbol_is_asked_once_and_stored(store):
    """Doubles and blanks are not asked; each symbol gets a snapshot and its history."""
    source = FakeSource()
    seen = []
    result = run(source, store, ["spy", "QQQ", " SPY ", ""], progress=lambda *p: seen.append(p))
    assert states(result) == {"SPY": "fresh", "QQQ": "fresh"}
    assert sorted(source.asked) == sorted(
        Call(endpoint, symbol) for endpoint in ("main", "levels") for symbol in ("SPY", "QQQ")
    )
    assert (result.calls, result.stopped, result.count("fresh")) == (4, None, 2)
    assert result.outcomes[0].age == timedelta(0)
    assert store.latest("fake", "SPY").spot == 100.0
    assert store.series("fake", "QQQ", "close") == [(date(2026, 11, 20), 100.0)]
    assert [(done, total, state) for done, total, _, state in seen] == [
        (1, 2, "fresh"),
        (2, 2, "fresh"),
    ]


def test_calls_run_at_once_but_never_more_than_the_workers(store):
    """Eight calls are under way together where there are eight workers, and no ninth."""
    together = threading.Barrier(8, timeout=60)
    running, most = [], []
    lock = threading.Lock()

    def answer(call):
        with lock:
            running.append(call)
            most.append(len(running))
        together.wait()
        with lock:
            running.remove(call)
        return {"spot": 1.0}

    result = run(FakeSource(main=answer, levels=answer), store, [f"S{n}" for n in range(8)])
    assert result.count("fresh") == 8
    assert max(most) <= 8


def test_assembling_and_progress_stay_on_the_calling_thread(store):
    """Only `get` runs on other threads."""
    source = FakeSource()
    threads = {"get": set(), "assemble": set()}
    source.says = {"main": lambda _: threads["get"].add(threading.get_ident()) or {"spot": 1.0}}
    assemble = source.assemble

    def noted(*arguments):
        threads["assemble"].add(threading.get_ident())
        return assemble(*arguments)

    source.assemble = noted
    run(source, store, ["SPY", "QQQ"])
    assert threads["assemble"] == {threading.get_ident()}
    assert threading.get_ident() not in threads["get"]


def test_one_bad_symbol_never_stops_the_others(store):
    """Failures of one symbol are told for it alone, bugs included."""
    keep(store, "OLD")
    source = FakeSource(
        BAD=UnknownSymbolError("No data for BAD."),
        OLD=BadAnswerError("Not JSON."),
        BUG=ZeroDivisionError("x"),
        ODD={"nothing": 1},
    )
    result = run(source, store, ["BAD", "OLD", "BUG", "ODD", "SPY"])
    assert states(result) == {
        "BAD": "missing",
        "OLD": "kept",
        "BUG": "missing",
        "ODD": "missing",
        "SPY": "fresh",
    }
    by_name = {outcome.symbol: outcome for outcome in result.outcomes}
    assert by_name["BAD"].why == "No data for BAD."
    assert isinstance(by_name["BAD"].error, UnknownSymbolError)
    assert by_name["OLD"].age == timedelta(days=1)
    assert "ZeroDivisionError" in by_name["BUG"].why
    assert isinstance(by_name["ODD"].error, BadAnswerError)
    assert store.latest("fake", "OLD").spot == 1.0


def test_a_refused_key_stops_at_once(store):
    """After a refused key no pending call is made and every symbol says why."""
    source = FakeSource(main=KeyRefusedError("The key is not accepted."))
    source.workers = 1
    keep(store, "S1")
    result = run(source, store, [f"S{n}" for n in range(20)])
    assert isinstance(result.stopped, KeyRefusedError)
    assert len(source.asked) <= 2
    assert states(result)["S1"] == "kept"
    assert result.count("missing") == 19
    assert {outcome.why for outcome in result.outcomes} == {"The key is not accepted."}


def test_no_key_at_all_stops_before_any_call(store):
    """A source that cannot even be prepared ends the refresh."""
    source = FakeSource()

    def refuse(_known):
        raise KeyRefusedError("There is no key.")

    source.prepare = refuse
    result = run(source, store, ["SPY"])
    assert isinstance(result.stopped, KeyRefusedError)
    assert (result.calls, states(result)) == (0, {"SPY": "missing"})


def test_a_spent_quota_latches_until_its_end(store):
    """A 429 stops the refresh, and the next one asks nothing until the reset."""
    spent = QuotaError("The day's requests are spent.", until=TOMORROW)
    source = FakeSource(main_S2=spent)
    source.workers = 1
    result = run(source, store, ["S1", "S2", "S3"])
    assert isinstance(result.stopped, QuotaError)
    assert states(result) == {"S1": "fresh", "S2": "missing", "S3": "missing"}
    assert len(source.asked) <= 4
    again = FakeSource()
    result = run(again, store, ["S1", "S3"])
    assert again.asked == []
    assert result.stopped.until == TOMORROW
    assert states(result) == {"S1": "kept", "S3": "missing"}
    assert result.outcomes[1].why == "The day's requests are spent."
    other = refresh(FakeSource(), store, ["S3"], account="other", clock=lambda: NOW)
    assert other.count("fresh") == 1


@pytest.mark.parametrize("hours", [(7, 1), (1, 7)])
def test_of_two_refusals_at_once_the_longer_holds(store, monkeypatch, hours):
    """Which thread was heard first is no reason to ask before the later moment."""
    begun, heard = threading.Barrier(2, timeout=20), threading.Event()
    stop = refreshing._Run._stop
    monkeypatch.setattr(
        refreshing._Run, "_stop", lambda *arguments: (stop(*arguments), heard.set())[0]
    )
    first, second = (QuotaError("spent", until=NOW + timedelta(hours=h)) for h in hours)

    def late(_call):
        begun.wait()
        assert heard.wait(20)
        return second

    source = FakeSource(main_A=lambda _: begun.wait() * 0 or first, main_B=late)
    source.calls = lambda symbol: [Call("main", symbol)]
    run(source, store, ["A", "B"])
    assert store.latch("fake", "acc").until == NOW + timedelta(hours=7)


def test_answers_under_way_are_kept_when_the_quota_is_spent(store, monkeypatch):
    """What was already paid for is stored although another call met the end of the quota."""
    monkeypatch.setattr(refreshing, "PAID_GRACE", 60.0)
    spent = threading.Event()

    def late(_call):
        spent.wait(60)
        return {"spot": 7.0}

    def refuse(_call):
        return QuotaError("spent", until=TOMORROW)

    source = FakeSource(main_A=late, levels_A=late, main_B=refuse)
    assert_stop = store.set_latch

    def set_latch(*arguments):
        assert_stop(*arguments)
        spent.set()

    store.set_latch = set_latch
    result = run(source, store, ["A", "B", "C"])
    assert states(result)["A"] == "fresh"
    assert states(result)["B"] == "missing"


@pytest.mark.parametrize("error", [KeyRefusedError, ClosedError])
def test_answers_under_way_are_kept_whatever_ends_the_refresh(store, monkeypatch, error):
    """A call that was begun before the end may be paid: its answer counts, if it comes at once."""
    stopped, begun = threading.Event(), threading.Barrier(2, timeout=20)
    stop = refreshing._Run._stop

    def heard(*arguments):
        stop(*arguments)
        stopped.set()

    monkeypatch.setattr(refreshing._Run, "_stop", heard)

    def late(_call):
        begun.wait()
        assert stopped.wait(20)
        return {"spot": 7.0}

    def refuse(_call):
        begun.wait()
        return error("no")

    source = FakeSource(main_A=late, main_B=refuse)
    source.calls = lambda symbol: [Call("main", symbol)]
    result = run(source, store, ["A", "B", "C"], workers=2)
    assert isinstance(result.stopped, error)
    assert states(result) == {"A": "fresh", "B": "missing", "C": "missing"}


def test_the_plan_is_stepped_down_once_and_asked_anew(store):
    """A plan that lacks an endpoint leads to the lower plan's calls for every symbol."""
    source = FakeSource(main=PlanError("main needs Alpha"))
    symbols = [f"S{n}" for n in range(30)]
    result = run(source, store, symbols)
    assert result.count("fresh") == 30
    assert len(source.steps) == 1
    assert sum(call.endpoint == "basic" for call in source.asked) == 30
    assert sum(call.endpoint == "main" for call in source.asked) <= source.workers


def test_an_answer_that_waits_to_be_heard_is_not_asked_for_again(store, monkeypatch):
    """The plan turns out lower while an answer that it has as well is in the queue already."""
    there = {endpoint: threading.Event() for endpoint in ("main", "levels", "basic")}

    class Queue(queue.SimpleQueue):
        def put(self, reply):
            super().put(reply)
            there[reply.call.endpoint].set()

    noted = SimpleNamespace(SimpleQueue=Queue, Empty=queue.Empty)
    monkeypatch.setattr(refreshing, "queue", noted)
    begun = threading.Barrier(2, timeout=20)
    source = FakeSource(
        main=lambda _: begun.wait() * 0 or PlanError("high only"),
        levels=lambda _: begun.wait() * 0 or (there["main"].wait(20) and {"spot": 5.0}),
    )
    down = source.step_down

    def step_down(*pair):
        assert there["levels"].wait(20)
        return down(*pair)

    source.step_down = step_down
    calls = source.calls
    source.calls = lambda symbol: (
        calls(symbol) if source.plan == "high" else [*calls(symbol), Call("levels", symbol)]
    )
    result = run(source, store, ["A"])
    assert states(result) == {"A": "fresh"}
    assert sorted(call.endpoint for call in source.asked) == ["basic", "levels", "main"]
    assert result.calls == 3


class EndingSource(FakeSource):
    """A plan that turns out not to have ``SPY``, once ``QQQ`` is refused."""

    def step_down(self, call, error):
        """The lower plan has no SPY."""
        self.steps.append((call, error))
        if self.plan != "high":
            return False
        self.plan = "low"
        self.skips["SPY"] = "SPY is not on the low plan."
        return True

    def calls(self, symbol):
        """None where there is a reason to skip."""
        return [] if symbol in self.skips else super().calls(symbol)


@pytest.mark.parametrize("says", ["figures", "refusal"])
def test_a_symbol_under_way_when_the_plan_turns_out_lower_keeps_its_answer(store, says):
    """What was asked, and maybe paid, is heard; nobody says that it was skipped."""
    keep(store, "SPY")
    stepped = threading.Event()

    def spy(_):
        assert stepped.wait(60)
        return {"spot": 5.0} if says == "figures" else PlanError("not on this plan", "Low")

    def qqq(_):
        while Call("main", "SPY") not in source.asked:
            stepped.wait(0.001)
        return PlanError("high only", "Low")

    source = EndingSource(main_SPY=spy, levels_SPY=spy, main_QQQ=qqq, levels_QQQ=qqq)
    down = source.step_down
    source.step_down = lambda *pair: (down(*pair), stepped.set())[0]
    outcome, other = run(source, store, ["SPY", "QQQ"]).outcomes
    assert other.state == "fresh"
    if says == "figures":
        assert outcome.state == "fresh"
        assert store.latest("fake", "SPY").spot == 5.0
    else:
        assert (outcome.state, "not on this plan" in outcome.why) == ("kept", True)
        assert store.latest("fake", "SPY").spot == 1.0


def test_a_symbol_refused_before_the_plan_turns_out_lower_keeps_the_refusal(store):
    """The vendor's own word on the symbol is the reason, with what the plan in force lacks."""
    keep(store, "SPY")
    source = EndingSource(main_SPY=PlanError("high only", "Low"), levels_SPY={"spot": 5.0})
    (outcome,) = run(source, store, ["SPY"], workers=1).outcomes
    assert outcome.state == "kept"
    assert outcome.why.startswith("high only SPY is not on the low plan.")


def test_the_refusal_that_leads_to_the_lowest_plan_names_it_too(store):
    """Of several refused at once only the first steps down; all of them say the same."""
    source = EndingSource(main=PlanError("no", "Low"))
    source.skips = {}

    def step_down(_call, _error):
        source.skips = {name: f"{name} is not on the low plan." for name in ("SPY", "QQQ")}
        return len(source.steps) > 1

    source.step_down = lambda *pair: source.steps.append(pair) or step_down(*pair)
    outcomes = run(source, store, ["SPY", "QQQ"], workers=2).outcomes
    asked = {call.symbol for call in source.asked}
    for outcome in outcomes:
        told = f"{outcome.symbol} is not on the low plan."
        assert outcome.why.startswith(f"no {told}" if outcome.symbol in asked else told)
    assert outcomes[0].error.fix == "Low"


def test_who_is_not_asked_since_others_were_refused_says_so(store):
    """The refusal of another name is no refusal of this one."""
    source = FakeSource(basic=lambda call: PlanError(f"no basic for {call.symbol}.", "Buy."))
    source.plan = "low"
    outcomes = run(source, store, ["A", "B", "C", "D"], workers=1).outcomes
    assert [outcome.why for outcome in outcomes[:3]] == [f"no basic for {s}. Buy." for s in "ABC"]
    assert outcomes[3].why == (
        "D was not asked for, since the plan refused others. no basic for C. Buy."
    )
    assert len(source.asked) == 3


def test_a_symbol_never_asked_is_skipped_when_the_plan_turns_out_lower(store):
    """With one worker SPY still waits when QQQ is refused: no call is spent on it."""
    source = EndingSource(main_QQQ=PlanError("high only", "Low"))
    outcomes = run(source, store, ["QQQ", "SPY"], workers=1).outcomes
    assert [outcome.state for outcome in outcomes] == ["fresh", "skipped"]
    assert "SPY is not on the low plan" in outcomes[1].why
    assert not [call for call in source.asked if call.symbol == "SPY"]


def test_a_plan_without_anything_left_is_told(store):
    """Where there is no lower plan, the refusal is the reason, and it is not asked for ever."""
    source = FakeSource(basic=PlanError("basic needs Basic"))
    source.plan = "low"
    source.workers = 1
    result = run(source, store, [f"S{n}" for n in range(10)])
    assert result.count("missing") == 10
    assert all(outcome.why.endswith("basic needs Basic") for outcome in result.outcomes)
    assert len(source.asked) <= 4


def test_a_symbol_outside_the_plan_is_skipped_for_today(store):
    """It is skipped, remembered, and not asked again on the same day."""
    source = FakeSource(SPY=SymbolNotCoveredError("SPY is not on Free."))
    result = run(source, store, ["SPY", "AAPL"])
    assert states(result) == {"SPY": "skipped", "AAPL": "fresh"}
    assert source.steps == []
    again = FakeSource()
    result = run(again, store, ["SPY", "AAPL"])
    assert states(result) == {"SPY": "skipped", "AAPL": "fresh"}
    assert result.outcomes[0].why == "SPY is not on Free."
    assert {call.symbol for call in again.asked} == {"AAPL"}
    assert again.known.not_covered == {"SPY": "SPY is not on Free."}


def test_a_skip_reason_costs_no_call(store):
    """What the source skips, and what it has no call for, is not asked."""
    source = FakeSource()
    source.skips = {"SPY": "an ETF"}
    result = run(source, store, ["SPY", "AAPL"])
    assert (states(result)["SPY"], result.outcomes[0].why) == ("skipped", "an ETF")
    source.plan = "none"
    assert "no call" in run(source, store, ["AAPL"]).outcomes[0].why


def test_symbols_beyond_the_quota_are_skipped(store):
    """Where fewer calls are left than needed, the first symbols are asked and the rest told."""
    store.put_quota("fake", "acc", Quota("basic", 250, 5, resets_at=TOMORROW, seen_at=NOW))
    source = FakeSource()
    result = run(source, store, ["A", "B", "C", "D"])
    assert states(result) == {"A": "fresh", "B": "fresh", "C": "skipped", "D": "skipped"}
    assert result.outcomes[2].why == (
        "It needs 2 calls, and the quota has 1 call left today. Ask for fewer symbols, or wait. "
        "The quota starts anew at 2026-11-21 00:00 UTC."
    )
    assert source.known.quota.remaining == 5


@pytest.mark.parametrize(
    "quota",
    [
        Quota("alpha", None, 0, unlimited=True, resets_at=TOMORROW),
        Quota("basic", 250, 0, resets_at=NOW),
        Quota("basic", 250, None, resets_at=TOMORROW),
    ],
)
def test_a_quota_that_says_nothing_holds_nobody_back(store, quota):
    """Unlimited, past its reset, or not known: everything is asked."""
    store.put_quota("fake", "acc", quota)
    assert run(FakeSource(), store, ["A", "B"]).count("fresh") == 2


def test_the_plan_is_asked_first_where_none_is_known(store):
    """Without a known plan the account call goes alone, and its answer decides the calls."""
    source = FakeSource(account={"plan": "low"})
    source.account_calls = [ACCOUNT]
    result = run(source, store, ["A", "B"])
    assert source.asked[0] == ACCOUNT
    assert {call.endpoint for call in source.asked[1:]} == {"basic"}
    assert source.settled == [(ACCOUNT, {"plan": "low"})]
    assert result.calls == 3


def test_the_account_is_asked_beside_the_data_where_a_plan_is_known(store):
    """With a known plan nothing waits for the account; a changed plan still takes hold."""
    store.put_quota("fake", "acc", Quota(plan="high"))
    data = threading.Event()
    source = FakeSource(
        account=lambda _: data.wait(60) and {"plan": "low"},
        main=lambda _: data.set() or {"spot": 1.0},
    )
    source.account_calls = [ACCOUNT]
    result = run(source, store, ["A", "B", "C"])
    assert result.count("fresh") == 3
    assert source.settled


def test_nobody_is_skipped_for_a_plan_that_is_asked_anew(store):
    """Where a name would be skipped the account is heard first: the plan may be a larger one."""
    store.put_quota("fake", "acc", Quota(plan="low"))
    source = FakeSource(account={"plan": "high"})
    source.plan = "low"
    source.skips = {"SPY": "SPY is not on the low plan."}
    source.account_calls = [ACCOUNT]
    settle = source.settle
    source.settle = lambda *pair: (settle(*pair), source.skips.clear())[0]
    result = run(source, store, ["A", "SPY"])
    assert states(result) == {"A": "fresh", "SPY": "fresh"}
    assert [call.endpoint for call in source.asked[:1]] == ["account"]
    assert result.calls == 5


def test_a_key_refused_before_a_skip_is_what_is_told(store):
    """The account was heard first, and no data call is made."""
    store.put_quota("fake", "acc", Quota(plan="low"))
    source = FakeSource(account=KeyRefusedError("no"))
    source.skips = {"SPY": "SPY is not on the low plan."}
    source.account_calls = [ACCOUNT]
    result = run(source, store, ["A", "SPY"])
    assert [outcome.why for outcome in result.outcomes] == ["no", "no"]
    assert source.asked == [ACCOUNT]


@pytest.mark.parametrize("known", [None, "high"])
def test_an_account_answer_decides_only_where_it_must(store, known):
    """A refused key stops; any other failure about the account does not."""
    store.put_quota("fake", "acc", Quota(plan=known))
    source = FakeSource(account=BadAnswerError("odd"))
    source.account_calls = [ACCOUNT]
    assert run(source, store, ["A"]).count("fresh") == 1
    source = FakeSource(account=KeyRefusedError("no"))
    source.account_calls = [ACCOUNT]
    assert isinstance(run(source, store, ["A"]).stopped, KeyRefusedError)
    source = FakeSource(account={"plan": ["odd"]})
    source.account_calls = [ACCOUNT]
    source.settle = lambda *_: 1 / 0
    assert run(source, store, ["A"]).count("fresh") == 1


def test_an_optional_call_may_fail(store):
    """The failure of an optional call reaches the assembly and nothing else."""
    source = FakeSource(history=PlanError("needs Alpha"))
    source.extra = ("history",)
    result = run(source, store, ["A"])
    assert result.count("fresh") == 1
    assert source.steps == []
    assert isinstance(source.failed["A"]["history"], PlanError)
    source = FakeSource(history=SymbolNotCoveredError("not A"))
    source.extra = ("history",)
    assert run(source, store, ["A"]).count("fresh") == 1
    assert store.not_covered("fake", "acc") == {}


def test_a_failed_call_spares_the_symbols_other_calls(store):
    """Once a required call has failed, the symbol's other calls are not made."""
    source = FakeSource(main=UnknownSymbolError("none"))
    source.workers = 1
    run(source, store, [f"S{n}" for n in range(10)])
    assert len(source.asked) < 20


def test_a_server_that_is_dead_is_given_up(store):
    """Three symbols without any answer end the refresh."""
    source = FakeSource(main=UnreachableError("timed out"), levels=UnreachableError("timed out"))
    source.workers = 1
    result = run(source, store, [f"S{n}" for n in range(50)])
    assert isinstance(result.stopped, UnreachableError)
    assert "does not answer: timed out" in str(result.stopped)
    assert len(source.asked) <= 5
    assert result.count("missing") == 50


@pytest.mark.parametrize("answers", [True, False])
def test_a_server_is_given_up_when_what_was_asked_before_has_failed_too(
    store, monkeypatch, answers
):
    """Three failures that are fast say nothing while an answer that is slow is under way."""
    begun = threading.Barrier(2, timeout=20)
    third, fourth = heard = threading.Event(), threading.Event()
    failed, judge = [], refreshing._Run._judge

    def judged(*arguments):
        judge(*arguments)
        failed.append(arguments[2])
        if len(failed) > 2:
            heard[len(failed) - 3].set()

    monkeypatch.setattr(refreshing._Run, "_judge", judged)
    late = {"spot": 7.0} if answers else UnreachableError("timed out")
    bad = {f"main_B{n}": UnreachableError("reset") for n in (2, 3)}
    source = FakeSource(
        main_A=lambda _: begun.wait() * 0 or (third.wait(20) and late),
        main_B1=lambda _: begun.wait() * 0 or UnreachableError("reset"),
        main_C=lambda _: (answers or fourth.wait(20)) and {"spot": 8.0},
        **bad,
    )
    source.calls = lambda symbol: [Call("main", symbol)]
    result = run(source, store, ["A", "B1", "B2", "B3", "C"], workers=2)
    if answers:
        assert result.stopped is None
        assert states(result)["A"] == states(result)["C"] == "fresh"
    else:
        assert "does not answer: timed out" in str(result.stopped)


def test_a_server_is_given_up_by_the_last_failure_of_a_symbol_that_has_ended(store):
    """All calls of three symbols are under way at once, and the second of each is heard late."""
    begun = threading.Barrier(6, timeout=20)
    dead = {"main": lambda _: begun.wait() * 0 or UnreachableError("timed out")}
    for _ in range(20):
        result = run(FakeSource(**dead, levels=dead["main"]), store, ["A", "B", "C"], workers=6)
        assert "does not answer: timed out" in str(result.stopped)


def test_a_server_that_answers_sometimes_is_not_given_up(store):
    """Where anything was answered at all, single failures stay single."""
    source = FakeSource(**{f"S{n}": UnreachableError("timed out") for n in range(1, 9)})
    source.workers = 1
    result = run(source, store, [f"S{n}" for n in range(10)])
    assert result.stopped is None
    assert states(result)["S9"] == "fresh"


def test_at_the_deadline_the_rest_is_kept(store, steady):
    """A refresh returns at its deadline; late answers go nowhere."""
    asked, release, left = (threading.Event() for _ in range(3))

    def hang(_call):
        asked.set()
        release.wait(60)
        left.set()
        return {"spot": 9.0}

    def done(_done, _total, symbol, _state):
        if symbol == "A":
            assert asked.wait(60)
            steady.leap()

    keep(store, "SLOW")
    source = FakeSource(main_SLOW=hang)
    result = run(source, store, ["A", "SLOW"], deadline=1800.5, progress=done)
    assert states(result) == {"A": "fresh", "SLOW": "kept"}
    assert result.outcomes[1].why == "deadline: no answer within 1800.5 s"
    assert result.stopped is None
    release.set()
    assert left.wait(60)
    assert store.latest("fake", "SLOW").spot == 1.0


def test_answers_that_came_before_the_deadline_count(store, monkeypatch):
    """What waits to be used while the time runs out has come in time, and nobody says otherwise."""
    now = [0.0]
    monkeypatch.setattr(refreshing, "time", SimpleNamespace(monotonic=lambda: now[0]))
    begun, release = threading.Event(), threading.Event()
    source = FakeSource(main_C=lambda _: begun.set() or (release.wait(20) and {"spot": 1.0}))
    assemble = source.assemble

    def slow(*arguments):
        assert begun.wait(20)  # with one worker the answers for B are here then
        now[0] = 1000.0
        return assemble(*arguments)

    source.assemble = slow
    result = run(source, store, ["A", "B", "C"], workers=1)
    release.set()
    assert states(result) == {"A": "fresh", "B": "fresh", "C": "missing"}
    assert result.outcomes[2].why.startswith("deadline")


def test_a_late_optional_answer_costs_nothing_but_itself(store, steady, monkeypatch):
    """At the deadline a symbol that lacks only an optional answer is stored without it."""
    asked, release = threading.Event(), threading.Event()
    source = FakeSource(history=lambda _: asked.set() or (release.wait(60) and {}))
    source.extra = ("history",)
    heard, take = [], refreshing._Run._take

    def taken(refresh_, reply):
        take(refresh_, reply)
        heard.append(reply.call.endpoint)
        if set(heard) == {"main", "levels"}:
            assert asked.wait(60)
            steady.leap()

    monkeypatch.setattr(refreshing._Run, "_take", taken)
    result = run(source, store, ["A"], deadline=1800.0)
    release.set()
    assert states(result) == {"A": "fresh"}
    assert isinstance(source.failed["A"]["history"], UnreachableError)


def test_an_account_call_that_hangs_ends_at_the_deadline(store, steady):
    """Where the plan never comes, no data call is made behind the deadline."""
    release = threading.Event()
    source = FakeSource(account=lambda _: steady.leap() or (release.wait(60) and {}))
    source.account_calls = [ACCOUNT]
    result = run(source, store, ["A"], deadline=1800.0)
    release.set()
    assert (states(result), source.asked) == ({"A": "missing"}, [ACCOUNT])


def test_an_interrupt_keeps_what_was_fetched(store):
    """Ctrl-C comes through, and what is here already is in the store."""
    source = FakeSource()

    def interrupt(done, _total, _symbol, _state):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(source, store, [f"S{n}" for n in range(40)], progress=interrupt)
    assert len(store.symbols("fake")) >= 2


def test_a_progress_that_fails_loses_nothing(store):
    """A terminal that is gone ends the refresh, after the answers that are here were stored."""
    stored, begun, release = threading.Event(), threading.Event(), threading.Event()
    source = FakeSource(
        main_B=lambda _: stored.wait(20) and {"spot": 2.0},
        main_C=lambda _: begun.set() or (release.wait(20) and {"spot": 1.0}),
    )
    source.calls = lambda symbol: [Call("main", symbol)]

    def gone(*_):
        stored.set()
        assert begun.wait(20)  # with one worker the answer for B is here then
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run(source, store, ["A", "B", "C"], workers=1, progress=gone)
    release.set()
    assert store.symbols("fake") == ["A", "B"]


def test_an_interrupt_while_it_stores_loses_nothing(store):
    """Ctrl-C in the middle of a transaction undoes it; what it held is stored all the same."""
    save_all = store.save_all

    def interrupted(_fetched):
        store.save_all = save_all
        raise KeyboardInterrupt

    store.save_all = interrupted
    with pytest.raises(KeyboardInterrupt):
        run(FakeSource(), store, ["A"])
    assert store.symbols("fake") == ["A"]


def test_an_interrupt_while_it_assembles_loses_nothing(store):
    """The answer that was just being used is used."""
    source = FakeSource()
    assemble = source.assemble

    def interrupted(*_):
        source.assemble = assemble
        raise KeyboardInterrupt

    source.assemble = interrupted
    with pytest.raises(KeyboardInterrupt):
        run(source, store, ["A"])
    assert store.symbols("fake") == ["A"]


def test_an_interrupt_keeps_what_lacks_only_an_optional_answer(store):
    """As at the deadline: the figures are here, and their history may come another time."""
    release = threading.Event()
    source = FakeSource(history_A=lambda _: release.wait(20) and {})
    source.extra = ("history",)

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(source, store, ["A", "B"], workers=2, progress=interrupt)
    release.set()
    assert store.symbols("fake") == ["A", "B"]


def test_a_store_that_fails_ends_the_refresh(store):
    """A store that cannot be written is no symbol's fault: the error comes through."""

    def full(_fetched):
        raise StoreError("The disk is full.")

    store.save_all = full
    with pytest.raises(StoreError, match="disk is full"):
        run(FakeSource(), store, ["A"])


def test_quota_is_kept_with_the_plan_that_was_known(store):
    """What the source saw is stored; a plan it did not hear of again is not forgotten."""
    store.put_quota("fake", "acc", Quota("basic", 250, 240, resets_at=TOMORROW))
    source = FakeSource()
    source.told = Quota(remaining=238, resets_at=TOMORROW, seen_at=NOW)
    result = run(source, store, ["A"])
    assert result.quota.remaining == 238
    assert store.quota("fake", "acc") == Quota("basic", 250, 238, False, TOMORROW, NOW)


def test_what_another_program_has_spent_is_spent(store):
    """Two refreshes at once: of what was seen left of one day the least is kept and told."""
    store.put_quota("fake", "acc", Quota("basic", 250, 12, False, TOMORROW, NOW))

    def meanwhile(_call):
        store.put_quota("fake", "acc", Quota("basic", 250, 4, False, TOMORROW, NOW))
        return {"spot": 1.0}

    source = FakeSource(main=meanwhile)
    source.told = Quota("basic", 250, 10, False, TOMORROW, NOW)
    result = run(source, store, ["A"])
    assert result.quota.remaining == store.quota("fake", "acc").remaining == 4


def test_snapshots_are_completed_from_history(store):
    """Stored closes and the fetched one give realized volatility and a z-score where enough."""
    days = trading_days(date(2026, 7, 1), date(2026, 11, 19))
    closes = [Observation("close", d, 100.0 + n % 3) for n, d in enumerate(days)]
    store.add_observations("fake", "A", closes)
    run(FakeSource(), store, ["A"], rules=Rules())
    done = store.latest("fake", "A")
    assert done.rv_90d is not None
    assert "history" in done.basis["rv_90d"]
    assert "z_score" in done.missing


def test_the_watchlist_fills_in_earnings(store):
    """An earnings date of the watchlist fills a gap, unless it lies in the past."""
    store.import_watchlist([Watched("A", date(2026, 12, 1)), Watched("B", date(2026, 11, 1))])
    run(FakeSource(), store, ["A", "B"])
    assert store.latest("fake", "A").next_earnings == date(2026, 12, 1)
    assert store.latest("fake", "A").basis["next_earnings"] == "watchlist"
    assert store.latest("fake", "B").next_earnings is None


@pytest.mark.parametrize(
    ("said", "rests"),
    [
        ({}, "ever"),
        (PlanError("needs Alpha"), "today"),
        (UnknownSymbolError("no data"), "today"),
        (UnreachableError("gone"), "not"),
    ],
)
def test_an_optional_call_is_made_once(store, said, rests):
    """Answered it is not made again, refused not today, without an answer at the next refresh."""
    source = FakeSource(history=said)
    source.extra = ("history",)
    run(source, store, ["A"])
    again = FakeSource()
    run(again, store, ["A"])
    done = frozenset({("history", "A")})
    assert again.known.optional_done == (frozenset() if rests == "not" else done)
    with Store(store.path, clock=lambda: TOMORROW + timedelta(hours=1)) as later:
        assert later.optional_done("fake") == (done if rests == "ever" else frozenset())
        assert later.optional_done("other") == frozenset()


def test_a_whole_history_replaces_what_was_said_before(store):
    """What a source hands over whole drives out its older days, but not those of the user."""
    days = trading_days(date(2026, 7, 1), date(2026, 11, 19))
    old = [Observation("vrp_20d", day, 3.0 + n % 5) for n, day in enumerate(days)]
    store.save(Fetched(Snapshot(symbol="A", source="fake", as_of=NOW, fetched_at=NOW), tuple(old)))
    store.add_observations("fake", "A", old[:2])
    source = FakeSource()
    source.assemble = lambda symbol, _answers, _failed: Fetched(
        Snapshot(symbol=symbol, source="fake", as_of=NOW, fetched_at=NOW, vrp_20d=4.0),
        tuple(old[-3:]),
        whole=True,
    )
    run(source, store, ["A"])
    assert [day for day, _ in store.series("fake", "A", "vrp_20d")] == [*days[:2], *days[-3:]]
    assert "5 of 60 days" in store.latest("fake", "A").missing["z_score"]


def test_cost_is_told_before_and_asks_nothing(store):
    """The cost counts account and data calls, says what is left, and makes no call."""
    source = FakeSource()
    told = cost(source, store, ["A", "B"], account="acc", clock=lambda: NOW)
    assert str(told) == "at most 4 calls; what is left today is not known yet"
    store.put_quota("fake", "acc", Quota("basic", 250, 4, resets_at=TOMORROW, seen_at=NOW))
    source.account_calls = [ACCOUNT]
    source.skips = {"C": "an ETF"}
    told = cost(source, store, ["A", "B", "C"], account="acc", clock=lambda: NOW)
    assert str(told) == "3 calls, 4 left today"
    assert told.skipped["B"].startswith("It needs 2 calls, and the quota has 1 call left today.")
    assert told.skipped["C"] == "an ETF"
    assert told.resets_at == TOMORROW
    assert source.asked == []


def test_cost_in_words():
    """One call is singular, an unlimited plan says so; files and the sample have no plan."""
    alpha = Cost(24, None, unlimited=True, resets_at=None, plan="alpha")
    assert str(alpha) == "24 calls, unlimited plan"
    assert str(Cost(3, None, unlimited=True, resets_at=None)) == "3 calls, no quota"
    assert str(Cost(1, 231, unlimited=False, resets_at=TOMORROW)) == "1 call, 231 left today"


def test_cost_while_the_quota_is_spent(store):
    """While a refusal holds, a refresh would ask nothing, and the cost says why."""
    store.set_latch("fake", "acc", TOMORROW, "The day's requests are spent.")
    told = cost(FakeSource(), store, ["A"], account="acc", clock=lambda: NOW)
    assert str(told) == "0 calls, 0 left today"
    assert told.skipped == {"A": "The day's requests are spent."}


def test_nothing_to_refresh(store):
    """An empty list is an empty result."""
    result = run(FakeSource(), store, [])
    assert (result.outcomes, result.calls, result.stopped) == ((), 0, None)


class GrowingSource(FakeSource):
    """Gives a spot and an ATM IV a day, with the index of that day beside them."""

    def __init__(self):
        super().__init__()
        self.moment = NOW
        self.says = {"main": lambda _: {"spot": 1.0}, "levels": lambda _: {}}

    def assemble(self, symbol, answers, failed):
        """What one day says; closes and index of the days before come along."""
        del answers, failed
        day = trading_day(self.moment)
        days = trading_days(date(2025, 3, 3), day)[-300:]
        closes = [600 + 9 * math.sin(d.toordinal()) for d in days]
        vix = [17 + 3 * math.sin(d.toordinal() / 9) for d in days]
        made = Snapshot(
            symbol=symbol, source=self.name, as_of=self.moment, fetched_at=self.moment,
            spot=closes[-1], atm_iv=18 + math.cos(day.toordinal()),
        )  # fmt: skip
        return Fetched(
            made,
            (*map(Observation, ["close"] * 300, days, closes),
             *daily_observations(made, day)),
            related={"VIX": tuple(map(Observation, ["close"] * 300, days, vix))},
        )  # fmt: skip


def test_sixty_days_of_refreshes_lead_from_the_index_to_the_own_z(store):
    """A row a day, weekends and second refreshes included; at 60 the symbol's own z takes over."""
    source = GrowingSource()
    days = trading_days(date(2026, 8, 17), date(2026, 11, 20))
    for n, day in enumerate(days[:62]):
        source.moment = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
        run(source, store, ["SPY"])
        if day.weekday() == 4:  # and once more on the Saturday
            source.moment += timedelta(days=1)
            run(source, store, ["SPY"])
        s = store.latest("fake", "SPY")
        assert len(store.series("fake", "SPY", "vrp_20d")) == n + 1
        assert len(store.series("fake", "SPY", "atm_iv")) == n + 1
        assert z_from(s) == ("VIX minus RV20" if n < 60 else "own history")
        assert s.history_days == (252 if n < 60 else n)
    own = [v for _, v in store.series("fake", "SPY", "vrp_20d")]
    assert s.z_score == pytest.approx(zscore(own[-1], own[:-1]))
    assert s.z_60 == pytest.approx(zscore(own[-1], own[-61:-1]))
    assert s.missing["z_252"].startswith("61 of the 126 days")


def test_no_change_of_z_between_two_bases(store):
    """On the day when the own z takes over, the change since yesterday is not shown."""
    source = GrowingSource()
    shown = []
    for day in trading_days(date(2026, 8, 17), date(2026, 11, 20))[:62]:
        source.moment = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
        run(source, store, ["SPY"])
        scan = run_scan(store, "fake", ["SPY"], Rules(), now=source.moment)
        shown.append(scan.rows[0].z_change)
    assert shown[0] is None  # there is no day before
    assert [n for n, change in enumerate(shown) if change is None] == [0, 60]
