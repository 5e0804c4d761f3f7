"""The screen over many names: what is asked again after a stop, and what is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.workflow.test_refresh import FakeSource
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.errors import KeyRefusedError, UnknownSymbolError, UnreachableError
from vrp_xl.sources.base import Fetched
from vrp_xl.store.database import Store
from vrp_xl.workflow import universe
from vrp_xl.workflow.columns import scan_dict
from vrp_xl.workflow.scan import run_scan
from vrp_xl.workflow.universe import begin, screen

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
NAMES = [f"S{n:03d}" for n in range(30)]


class Market(FakeSource):
    """Every third name is a candidate in cell A, the others are in cell D."""

    def assemble(self, symbol, answers, failed):  # noqa: ARG002 (as a source is asked)
        """A name with few figures."""
        for error in failed.values():
            raise error
        rich = int(symbol[1:]) % 3 == 0
        return Fetched(
            Snapshot(
                symbol=symbol, source=self.name, as_of=self.at, fetched_at=self.at, spot=100.0,
                atm_iv=30.0, rv_20d=20.0 if rich else 29.5, vrp_20d=10.0 if rich else 0.5,
                z_score=1.5 + int(symbol[1:]) / 100 if rich else 0.1,
                gamma="positive" if rich else "negative", gamma_basis="vendor",
            )
        )  # fmt: skip


class Clock:
    """A clock that the test moves."""

    now = NOW

    def __call__(self):
        """The moment."""
        return self.now


@pytest.fixture
def clock():
    """A clock of one test's own."""
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    """An empty store."""
    with Store(tmp_path / "store.sqlite3", clock=clock) as opened:
        yield opened


def market(clock, **says):
    """The source at the clock's moment."""
    made = Market(**says)
    made.at = clock()
    return made


def asked(source):
    """The symbols that were asked for."""
    return {call.symbol for call in source.asked}


def run(store, source, clock, *, restart=False, names=NAMES, **options):
    """One start of the command."""
    going = begin(store, "fake", names, restart=restart, clock=clock)
    return screen(store, "fake", going, STANDARD, source=source, clock=clock, **options)


def test_candidates_and_counts(store, clock):
    """The rows are the candidates by z, the counts are of all names, and memory holds no more."""
    told = []
    result = run(store, market(clock), clock, progress=lambda *seen: told.append(seen))
    scan = result.scan
    assert [row.snapshot.symbol for row in scan.rows] == [f"S{n:03d}" for n in range(27, -1, -3)]
    assert scan.counts == {"A": 10, "B": 0, "C": 0, "D": 20, "?": 0}
    assert scan.looked_at == 30
    assert scan_dict(scan)["looked_at"] == 30
    assert (len(told), told[-1][:2]) == (30, (30, 30))
    assert result.error is None


def test_as_the_scan_says(store, clock, monkeypatch):
    """Whatever the size of the parts, the candidates are those of one scan over all names."""
    run(store, market(clock), clock)
    whole = run_scan(store, "fake", NAMES, STANDARD, now=NOW)
    for size in (1, 7, 30, 100):
        monkeypatch.setattr(universe, "AT_ONCE", size)
        scan = run(store, None, clock).scan
        assert [r.snapshot for r in scan.rows] == [r.snapshot for r in whole.candidates]
        assert scan.counts == whole.counts
        assert scan.as_of == whole.as_of


def test_a_stopped_run_asks_for_the_rest_alone(store, clock):
    """After a stop the same list goes on; what was brought is not asked for again."""

    def stops(call):
        return KeyRefusedError("no") if call.symbol == "S020" else {"spot": 1.0}

    first = market(clock, main=stops)
    first.workers = 1
    assert run(store, first, clock).error is not None
    done = set(store.symbols("fake"))
    assert done == set(NAMES[:20])
    clock.now += timedelta(minutes=20)
    second = market(clock)
    going = begin(store, "fake", NAMES, clock=clock)
    assert going.went_on
    assert going.done == done
    result = screen(store, "fake", going, STANDARD, source=second, clock=clock)
    assert asked(second) == set(NAMES) - done
    assert result.scan.looked_at == 30
    assert not begin(store, "fake", NAMES, clock=clock).went_on, "a finished run is over"


def test_a_kill_leaves_a_run_that_goes_on(store, clock):
    """The run is noted before the first request, so that nothing is needed at its end."""

    def dies(symbol):
        raise KeyboardInterrupt(symbol)

    source = market(clock)
    going = begin(store, "fake", NAMES, clock=clock)
    source.calls = dies
    with pytest.raises(KeyboardInterrupt):
        screen(store, "fake", going, STANDARD, source=source, clock=clock)
    assert begin(store, "fake", NAMES, clock=clock).went_on


def test_an_interrupted_run_asks_no_stranger_again(store, clock):
    """What the source does not know is noted at Ctrl-C as well."""
    unknown = {name: UnknownSymbolError(f"there is no {name}") for name in ("S000", "S001")}
    source = market(clock, **unknown)
    source.workers = 1

    def interrupt(_done, _total, symbol, _state):
        if symbol == "S000":
            raise KeyboardInterrupt

    going = begin(store, "fake", NAMES[:3], clock=clock)
    with pytest.raises(KeyboardInterrupt):
        screen(store, "fake", going, STANDARD, source=source, clock=clock, progress=interrupt)
    going = begin(store, "fake", NAMES[:3], clock=clock)
    assert going.went_on
    assert going.refused == {"S000": ("unknown symbol", "there is no S000")}
    assert going.rest == ["S001", "S002"]


def test_names_that_do_not_exist_are_asked_once(store, clock):
    """A run goes on without the names that the source does not know; they keep their reason."""
    says = {"S004": UnknownSymbolError("there is no S004"), "S005": UnreachableError("timed out")}
    result = run(store, market(clock, **says), clock)
    assert {f.symbol: f.error for f in result.scan.failed} == {
        "S004": "unknown symbol", "S005": "network",
    }  # fmt: skip
    assert any("1 name is not done" in notice for notice in result.scan.notices)
    again = market(clock)
    result = run(store, again, clock)
    assert asked(again) == {"S005"}
    assert [(f.symbol, f.why) for f in result.scan.failed] == [("S004", "there is no S004")]


@pytest.mark.parametrize("why", ["restart", "other names", "other day"])
def test_when_a_run_begins_anew(store, clock, why):
    """Another list, another day, or the wish to begin anew asks for everything."""
    says = {"S005": UnreachableError("timed out")}
    run(store, market(clock, **says), clock)
    names = NAMES[:-1] if why == "other names" else NAMES
    if why == "other day":
        clock.now += timedelta(days=3)
    again = market(clock)
    run(store, again, clock, restart=why == "restart", names=names)
    assert asked(again) == set(names)


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"names": 1}), '{"began": "x"}'])
def test_a_broken_note_is_no_run(store, clock, text):
    """A note that cannot be read begins a new run."""
    store.put_note("universe:fake", text)
    assert not begin(store, "fake", NAMES, clock=clock).went_on


def test_notes_do_not_recalculate(store):
    """Formulas need not read anew because a run was noted."""
    before = store.revision()
    store.put_note("x", "y")
    assert (store.note("x"), store.note("z"), store.revision()) == ("y", None, before)
