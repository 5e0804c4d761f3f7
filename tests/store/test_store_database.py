"""The store's records: what is written comes back, by source, newest first, pruned and dated."""

from __future__ import annotations

import contextlib
import itertools
import math
import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrp_xl.core.calendar import trading_days
from vrp_xl.core.snapshot import IvPoint, Snapshot, TermPoint
from vrp_xl.errors import InputError
from vrp_xl.sources.base import Fetched, Observation, Quota
from vrp_xl.store.database import (
    DEFAULT_WATCHLIST,
    SNAPSHOT_DAYS,
    WANTED_KEPT,
    Store,
    Watched,
)

NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


def snapshot(symbol="SPY", as_of=NOON, source="flashalpha", **figures):
    """A small snapshot."""
    return Snapshot(symbol=symbol, source=source, as_of=as_of, fetched_at=as_of, **figures)


class Interrupted:
    """A connection on which Ctrl-C comes while it waits for another program's lock.

    The lock is got all the same: the interrupt is raised when SQLite returns.
    """

    def __init__(self, db):
        self.db = db
        self.told = False

    def execute(self, statement, *values):
        """As the connection does it, and then the interrupt, once."""
        done = self.db.execute(statement, *values)
        if statement.startswith("BEGIN") and not self.told:
            self.told = True
            raise KeyboardInterrupt
        return done

    def __getattr__(self, name):
        return getattr(self.db, name)


class Clock:
    """A clock that stands where it is put."""

    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        """The moment it stands at."""
        return self.now


@pytest.fixture
def clock():
    """The clock of the store under test."""
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    """An empty store."""
    with Store(tmp_path / "store.sqlite3", clock=clock) as opened:
        yield opened


def test_a_snapshot_comes_back_as_it_was(store):
    """Every kind of field survives the way through the file."""
    full = snapshot(
        spot=600.5,
        gamma="negative",
        next_earnings=date(2026, 12, 1),
        iv_term=(IvPoint(30, 18.0),),
        term_vrp=(TermPoint(7, 18.0, None, None),),
        scores={"iron_condor": 71.0},
        warnings=("event_risk",),
        missing={"z_score": "warm-up"},
        basis={"rv_90d": "own history: 91 closes"},
    )
    store.save(Fetched(full))
    assert store.latest("flashalpha", "spy") == full
    assert store.latest_many("flashalpha") == {"SPY": full}


def test_nothing_stored_is_none_and_empty(store):
    """What was never stored is absent, and no error."""
    assert store.latest("flashalpha", "SPY") is None
    assert store.previous("flashalpha", "SPY", date(2026, 11, 20)) is None
    assert store.latest_many("flashalpha", ["SPY"]) == {}
    assert store.series("flashalpha", "SPY", "close") == []
    assert store.symbols("flashalpha") == []


def test_the_latest_of_a_trading_day_wins(store):
    """Within a trading day the later as-of stays, whatever comes last."""
    store.save(Fetched(snapshot(as_of=NOON, spot=2.0)))
    store.save(Fetched(snapshot(as_of=NOON - timedelta(hours=1), spot=1.0)))
    assert store.latest("flashalpha", "SPY").spot == 2.0
    store.save(Fetched(snapshot(as_of=NOON, spot=2.5)))
    store.save(Fetched(snapshot(as_of=NOON + timedelta(hours=9), spot=3.0)))
    assert store.latest("flashalpha", "SPY").spot == 3.0
    assert store.previous("flashalpha", "SPY", date(2026, 11, 20)) is None


def test_previous_is_the_trading_day_before(store):
    """The snapshot of the day before is found, over a weekend too."""
    store.save(Fetched(snapshot(as_of=NOON, spot=1.0)))
    store.save(Fetched(snapshot(as_of=NOON + timedelta(days=3), spot=2.0)))
    assert store.latest("flashalpha", "SPY").spot == 2.0
    assert store.previous("flashalpha", "SPY", date(2026, 11, 23)).spot == 1.0


def test_only_the_newest_days_are_kept(store):
    """Snapshots older than the newest ten trading days leave with the next write."""
    days = trading_days(date(2026, 10, 1), date(2026, 10, 30))
    moments = [datetime(d.year, d.month, d.day, 17, tzinfo=UTC) for d in days]
    earlier = tuple(snapshot(as_of=moment, spot=1.0) for moment in moments)
    store.save(Fetched(snapshot(as_of=NOON), earlier=earlier))
    kept = []
    before = date(2030, 1, 1)
    while (found := store.previous("flashalpha", "SPY", before)) is not None:
        before = found.as_of.date()
        kept.append(before)
    assert kept == [date(2026, 11, 20), *reversed(days[-(SNAPSHOT_DAYS - 1) :])]


def test_sources_and_symbols_are_never_mixed(store):
    """Rows of another source or symbol are not seen."""
    store.save(Fetched(snapshot(spot=1.0), (Observation("close", date(2026, 11, 19), 1.0),)))
    store.save(
        Fetched(
            snapshot(source="sample", spot=2.0), (Observation("close", date(2026, 11, 19), 2.0),)
        )
    )
    store.save(Fetched(snapshot("QQQ", spot=3.0)))
    assert store.latest("sample", "SPY").spot == 2.0
    assert [v for _, v in store.series("sample", "SPY", "close")] == [2.0]
    assert [v for _, v in store.series("flashalpha", "SPY", "close")] == [1.0]
    assert store.series("flashalpha", "QQQ", "close") == []
    assert store.symbols("flashalpha") == ["QQQ", "SPY"]
    assert list(store.latest_many("flashalpha", ["spy", "IWM", "SPY"])) == ["SPY"]


def test_a_row_that_cannot_be_read_counts_as_absent(store):
    """Damaged JSON of one row hides that row alone, and the one before shows."""
    store.save(Fetched(snapshot(as_of=NOON - timedelta(days=1), spot=1.0)))
    store.save(Fetched(snapshot(as_of=NOON, spot=2.0)))
    store.save(Fetched(snapshot("QQQ")))
    with contextlib.closing(sqlite3.connect(store.path)) as db:
        db.execute("UPDATE snapshots SET body = '{' WHERE symbol = 'QQQ' OR day = 20261120")
        db.commit()
    assert store.latest("flashalpha", "SPY").spot == 1.0
    assert {s: v.spot for s, v in store.latest_many("flashalpha").items()} == {"SPY": 1.0}
    assert store.latest("flashalpha", "QQQ") is None


def test_a_save_is_all_or_nothing(store):
    """Where an observation cannot be written the snapshot is not written either."""
    with pytest.raises(AttributeError):
        store.save(Fetched(snapshot(), (Observation("close", "not a day", 1.0),)))
    assert store.latest("flashalpha", "SPY") is None
    with pytest.raises(InputError, match="outside the trading calendar"):
        store.save(Fetched(snapshot(as_of=datetime(2040, 1, 3, tzinfo=UTC))))


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.dates(date(2020, 1, 1), date(2026, 1, 1)),
            st.floats(allow_nan=True, allow_infinity=True, width=32),
        ),
        max_size=30,
    ),
    st.integers(0, 40),
    st.dates(date(2019, 1, 1), date(2027, 1, 1)),
)
def test_a_series_is_a_sorted_mapping_of_days(tmp_path_factory, rows, limit, before):
    """The last finite value of a day counts; limit takes the newest, oldest first."""
    with Store(tmp_path_factory.mktemp("series") / "s.sqlite3") as store:
        store.add_observations("cboe", "SPY", [Observation("close", d, v) for d, v in rows])
        expected = {day: value for day, value in rows if math.isfinite(value)}
        whole = sorted(expected.items())
        assert store.series("cboe", "SPY", "close") == whole
        chosen = [(d, v) for d, v in whole if d < before]
        newest = chosen[max(len(chosen) - limit, 0) :]
        assert store.series("cboe", "SPY", "close", before=before, limit=limit) == newest
        assert store.history_days("cboe", ["spy", "QQQ"]) == {"SPY": len(whole), "QQQ": 0}


def test_revision_changes_with_data_and_is_seen_by_others(store):
    """Another connection sees that snapshots or history changed, and not that quota did."""
    with Store(store.path) as other:
        seen = other.revision()
        store.save(Fetched(snapshot()))
        assert other.revision() > seen
        seen = other.revision()
        store.add_observations("cboe", "SPY", [Observation("close", date(2026, 11, 19), 1.0)])
        assert other.revision() > seen
        seen = other.revision()
        store.put_quota("flashalpha", "a", Quota(remaining=5))
        assert other.revision() == seen


def test_wanted_keeps_the_newest_and_loses_what_is_stored(store, clock):
    """The wanted list is bounded, newest first, and a stored symbol leaves it."""
    for number in range(WANTED_KEPT + 5):
        clock.now += timedelta(seconds=1)
        store.add_wanted("flashalpha", f"x{number}")
    wanted = store.wanted("flashalpha")
    assert wanted == [f"X{n}" for n in range(WANTED_KEPT + 4, 4, -1)]
    store.add_wanted("flashalpha", "X5")
    assert store.wanted("flashalpha") == wanted
    store.save(Fetched(snapshot("X54")))
    store.remove_wanted("flashalpha", ["x53"])
    assert store.wanted("flashalpha") == wanted[2:]
    assert store.wanted("sample") == []


def test_quota_comes_back_by_account(store):
    """Plan and quota are kept by source and account, with what is not known as None."""
    assert store.quota("flashalpha", "a") == Quota()
    seen = Quota("growth", 2500, 12, unlimited=False, resets_at=NOON, seen_at=NOON)
    store.put_quota("flashalpha", "a", seen)
    store.put_quota("flashalpha", "b", Quota(unlimited=True))
    assert store.quota("flashalpha", "a") == seen
    assert store.quota("flashalpha", "b") == Quota(unlimited=True)
    assert store.quota("cboe", "a") == Quota()


def test_a_latch_holds_until_its_moment(store, clock):
    """A refusal is remembered until its end."""
    until = NOON + timedelta(hours=7)
    store.set_latch("flashalpha", "a", until, "The quota is spent.")
    held = store.latch("flashalpha", "a")
    assert (held.until, held.why) == (until, "The quota is spent.")
    assert store.latch("flashalpha", "b") is None
    clock.now = until
    assert store.latch("flashalpha", "a") is None


@pytest.mark.parametrize("hours", [(7, 1), (1, 7)])
def test_the_longer_of_two_latches_holds(store, hours):
    """Two programs were refused at once: nothing is asked before the later moment."""
    for wait in hours:
        until = NOON + timedelta(hours=wait)
        store.set_latch("flashalpha", "a", until, f"until {wait}")
    held = store.latch("flashalpha", "a")
    assert (held.until, held.why) == (NOON + timedelta(hours=7), "until 7")


def test_an_interrupt_while_it_waits_for_the_lock_leaves_no_transaction(store, tmp_path):
    """The store can be written afterwards, by this program and by others."""
    store._db = Interrupted(store._db)
    with pytest.raises(KeyboardInterrupt):
        store.put_note("a", "1")
    assert not store._db.in_transaction
    with Store(tmp_path / "store.sqlite3") as other:
        other.put_note("a", "2")
    store.put_note("b", "3")
    assert (store.note("a"), store.note("b")) == ("2", "3")


def test_an_account_can_be_forgotten(store):
    """Plan, quota and refusals of one account go; those of another stay."""
    for account in ("a", "b"):
        store.set_latch("flashalpha", account, NOON + timedelta(hours=7), "The quota is spent.")
        store.put_quota("flashalpha", account, Quota("free", 5, 0))
        store.add_not_covered("flashalpha", account, "SPY", "not on Free")
    store.forget_account("flashalpha", "a")
    assert store.latch("flashalpha", "a") is None
    assert store.quota("flashalpha", "a") == Quota()
    assert store.not_covered("flashalpha", "a") == {}
    assert store.latch("flashalpha", "b") is not None
    assert store.quota("flashalpha", "b").plan == "free"
    assert store.not_covered("flashalpha", "b") == {"SPY": "not on Free"}


def test_the_watchlist_moves_the_revision(store):
    """Who reads the store notices that an earnings date was given."""
    seen = [store.revision()]
    store.add_watch("SPY", date(2026, 12, 1))
    seen.append(store.revision())
    store.import_watchlist([Watched("QQQ")])
    seen.append(store.revision())
    store.remove_watch("QQQ")
    seen.append(store.revision())
    assert len(set(seen)) == 4


def test_not_covered_holds_for_the_day_in_utc(store, clock):
    """A symbol outside the plan is asked again on the next UTC day."""
    store.add_not_covered("flashalpha", "a", "spy", "not on Free")
    assert store.not_covered("flashalpha", "a") == {"SPY": "not on Free"}
    assert store.not_covered("flashalpha", "b") == {}
    clock.now = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
    assert store.not_covered("flashalpha", "a") == {}


def test_watchlist_begins_with_the_default_names(store):
    """Until it is changed the watchlist is the default, and a change starts from it."""
    assert [w.symbol for w in store.watchlist()] == list(DEFAULT_WATCHLIST)
    assert store.watchlist_is_default()
    store.add_watch("gld", date(2026, 12, 1))
    assert not store.watchlist_is_default()
    assert store.watchlist()[-1] == Watched("GLD", date(2026, 12, 1))
    assert len(store.watchlist()) == len(DEFAULT_WATCHLIST) + 1
    assert store.remove_watch("spy")
    assert not store.remove_watch("SPY")
    assert store.watchlist()[0].symbol == "QQQ"


def test_an_emptied_watchlist_stays_empty(store):
    """Removing every name is a choice; the default does not come back."""
    for name in DEFAULT_WATCHLIST:
        store.remove_watch(name)
    assert store.watchlist() == []


def test_import_adds_or_replaces(store):
    """An import replaces the default names, then adds, and keeps known earnings dates."""
    store.import_watchlist([Watched("b", date(2026, 12, 1)), Watched("A")])
    assert store.watchlist() == [Watched("B", date(2026, 12, 1)), Watched("A")]
    store.import_watchlist([Watched("C"), Watched("B")])
    assert store.watchlist() == [Watched("B", date(2026, 12, 1)), Watched("A"), Watched("C")]
    store.import_watchlist([Watched("C"), Watched("B")], replace=True)
    assert store.watchlist() == [Watched("C"), Watched("B")]


def test_days_within_counts_what_is_stored(store):
    """Both ends belong to it; what is not stored counts 0."""
    days = trading_days(date(2026, 11, 2), date(2026, 11, 20))
    store.save(Fetched(snapshot(), tuple(Observation("close", day, 1.0) for day in days[:-2])))
    counted = store.days_within("flashalpha", ["SPY", "qqq"], days[1], days[-1])
    assert counted == {"SPY": len(days) - 3, "QQQ": 0}
    assert store.days_within("sample", ["SPY"], days[0], days[-1]) == {"SPY": 0}
    assert store.days_within("flashalpha", ["SPY"], days[0], days[-1], "atm_iv") == {"SPY": 0}


def test_values_of_a_day_are_those_of_its_latest_figures(store):
    """Saved in any order, the latest of a trading day wins, for snapshots and for values."""
    day = date(2026, 11, 20)
    moments = [NOON, NOON + timedelta(hours=2), NOON + timedelta(days=1), NOON - timedelta(hours=1)]
    latest = moments[2]  # a Saturday: it goes to the Friday

    def fetched(moment):
        spot = 100.0 + moments.index(moment)
        past = Observation("close", date(2026, 11, 19), spot)
        return Fetched(snapshot(as_of=moment, spot=spot), (Observation("close", day, spot), past))

    for order in itertools.permutations(moments):
        for moment in order:
            store.save(fetched(moment))
        assert store.latest("flashalpha", "SPY").as_of == latest
        assert dict(store.series("flashalpha", "SPY", "close"))[day] == 102.0
        assert len(store.series("flashalpha", "SPY", "close")) == 2
        with store._writing() as db:
            db.execute("DELETE FROM snapshots")
            db.execute("DELETE FROM observations")


def test_what_came_along_goes_under_its_own_symbol(store):
    """The index's closes are kept under the source, beside the symbol's."""
    day = date(2026, 11, 20)
    related = {"VIX": (Observation("close", day, 18.0),)}
    store.save(Fetched(snapshot(), (Observation("close", day, 660.0),), related=related))
    assert store.series("flashalpha", "VIX", "close") == [(day, 18.0)]
    assert store.symbols("flashalpha") == ["SPY"]
    store.add_observations("flashalpha", "SPY", [Observation("close", date(2026, 11, 19), 1.0)])
    kept = store.series_kept("flashalpha")
    assert [(k.symbol, k.name, k.days, k.imported) for k in kept] == [
        ("SPY", "close", 2, 1),
        ("VIX", "close", 1, 0),
    ]
    assert (kept[0].first, kept[0].last) == (date(2026, 11, 19), day)
    assert store.series_kept("flashalpha", "vix") == kept[1:]


def test_what_came_along_with_older_figures_replaces_nothing(store):
    """Two programs fetch a symbol at once, and who fetched first stores last."""
    day = date(2026, 11, 20)
    for moment, level in ((NOON, 18.0), (NOON - timedelta(minutes=5), 17.0)):
        related = {"VIX": (Observation("close", day, level),)}
        store.save(Fetched(snapshot(as_of=moment), related=related))
    assert store.series("flashalpha", "VIX", "close") == [(day, 18.0)]
