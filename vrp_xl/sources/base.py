"""What a source of market data must offer to a refresh; knows no vendor.

A source is asked call by call, so that the refresh alone decides what runs at once, what is
retried on another plan, and what is given up. Sources may not touch the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.errors import SourceError


class Call(NamedTuple):
    """One request for one symbol.

    An optional call's failure says nothing about the symbol, and once it was answered it is not
    made again.
    """

    endpoint: str
    symbol: str
    optional: bool = False


class Observation(NamedTuple):
    """One day's value of one series of one symbol, for the store's history.

    `series` names the definition (``close``, ``atm_iv``, ``vrp_20d`` ...); series of another
    source or another definition are never mixed.
    """

    series: str
    day: date
    value: float


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source made of the answers to a symbol's calls."""

    snapshot: Snapshot
    observations: tuple[Observation, ...] = ()
    earlier: tuple[Snapshot, ...] = ()
    """Snapshots of earlier trading days that came along (the sample market has them)."""
    whole: bool = False
    """Whether `observations` are all that this source ever said of the symbol: what it said before
    goes, what the user has imported stays."""
    related: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)
    """Symbol -> observations of another symbol that came along: the index whose history stands in
    for one of ATM IV."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What the vendor lets us ask. None is "not known"; `unlimited` beats the numbers."""

    plan: str | None = None
    limit: int | None = None
    remaining: int | None = None
    unlimited: bool = False
    resets_at: datetime | None = None
    seen_at: datetime | None = None

    def no_more_than(self, other: Quota) -> Quota:
        """This one, with the smaller remainder where `other` tells of the same day and limit.

        Answers overtake each other, and several programs spend of one quota: of one day the
        smaller remainder is the newer one.
        """
        days = [(q.resets_at, q.limit, q.unlimited) for q in (self, other)]
        if days[0] != days[1] or self.resets_at is None:
            return self
        known = [q.remaining for q in (self, other) if q.remaining is not None]
        return replace(self, remaining=min(known, default=None))


class Stored(NamedTuple):
    """The times of what is stored of a symbol, UTC, and the rules that it was made by."""

    as_of: datetime
    fetched_at: datetime
    made_by: Mapping[str, float] = {}
    """As `Snapshot.made_by`."""


RECENT_DAYS = 273
"""Trading days whose closes a day's figures rest on: 252 for a z-score, and 21 closes before."""


def _nothing_past(symbol: str, series: str) -> Sequence[tuple[date, float]]:  # noqa: ARG001
    return ()


@dataclass(frozen=True, slots=True)
class Known:
    """What the store already knows when a source is asked: handed in, never fetched by it."""

    quota: Quota = field(default_factory=Quota)
    history_days: Mapping[str, int] = field(default_factory=dict)
    """Symbol -> days of the ``close`` series that are stored."""
    not_covered: Mapping[str, str] = field(default_factory=dict)
    """Symbol -> why it is not asked again today."""
    optional_done: frozenset[tuple[str, str]] = frozenset()
    """(endpoint, symbol) of optional calls that were answered, or refused today."""
    stored: Mapping[str, Stored] = field(default_factory=dict)
    """Symbol -> the times of its newest snapshot, and its rules."""
    recent_days: Mapping[str, int] = field(default_factory=dict)
    """Symbol -> how many of the `RECENT_DAYS` before the last two have a stored ``close``."""
    past: Callable[[str, str], Sequence[tuple[date, float]]] = _nothing_past
    """(symbol, series) -> its newest stored days, oldest first; read when it is asked for, from the
    thread that prepares and assembles."""


@runtime_checkable
class Source(Protocol):
    """A place where market data comes from.

    `get` is called from several threads at once; everything else from one.
    """

    name: str
    sample: bool
    workers: int

    def prepare(self, known: Known) -> Sequence[Call]:
        """Takes what the store knows; returns the account-level calls to make beside the data."""

    def calls(self, symbol: str) -> Sequence[Call]:
        """The calls that `symbol` needs on the plan in force; empty where none may be made."""

    def skip_reason(self, symbol: str) -> str | None:
        """Why `symbol` is not asked for at all (no call is made), or None."""

    def get(self, call: Call) -> Mapping[str, Any]:
        """Makes one call and returns its JSON object.

        Raises:
            SourceError: of the kind that says what to do next.
        """

    def settle(self, call: Call, answer: Mapping[str, Any]) -> None:
        """Takes the answer of an account-level call."""

    def step_down(self, call: Call, error: SourceError) -> bool:
        """After a `PlanError` for `call`: goes to the next plan below.

        Returns:
            True where `calls` now gives other calls and the symbol should be asked again.
        """

    def assemble(
        self,
        symbol: str,
        answers: Mapping[str, Mapping[str, Any]],
        failed: Mapping[str, SourceError],
    ) -> Fetched:
        """Makes the record from the answers by endpoint; optional ones may be among `failed`.

        Raises:
            SourceError: where what came is not enough for a snapshot.
        """

    def quota(self) -> Quota:
        """The newest that is known of plan and quota."""

    def close(self) -> None:
        """Lets go of connections."""


@runtime_checkable
class Delayed(Source, Protocol):
    """A source whose figures stay as new as they can be for a while after they were fetched."""

    pace: str
    """How fast and how often it may be asked, in words."""

    def current(self, symbol: str) -> bool:
        """Whether what is stored of `symbol` cannot be bettered by asking now.

        False where it was computed from a document by other rules than those in force.
        """

    def rests_until(self, call: Call) -> datetime | None:
        """Until when an optional call that was answered is not made again; None is for ever."""


class WithoutPlan:
    """What a source that sells no plans answers: no account, no limits, every symbol is tried."""

    def skip_reason(self, symbol: str) -> str | None:  # noqa: ARG002 (no plan, no limits)
        """None: every symbol may be asked for."""
        return None

    def settle(self, call: Call, answer: Mapping[str, Any]) -> None:
        """Nothing: no account-level call is ever asked for."""

    def step_down(self, call: Call, error: SourceError) -> bool:  # noqa: ARG002 (no plans)
        """False: there is no plan to step down from."""
        return False

    def quota(self) -> Quota:
        """No limit is known."""
        return Quota(unlimited=True)


_DAILY = (
    ("close", "spot"),
    ("atm_iv",) * 2,
    ("atm_iv_30d",) * 2,
    ("vrp_20d",) * 2,
    ("z_score",) * 2,
)


def daily_observations(snapshot: Snapshot, day: date) -> tuple[Observation, ...]:
    """What `snapshot` adds to the daily history, as the values of the trading day `day`.

    The spot goes to the series ``close``; ``atm_iv``, ``atm_iv_30d``, ``vrp_20d`` and ``z_score``
    go to the series of their name. What is missing adds nothing.
    """
    values = ((series, getattr(snapshot, name)) for series, name in _DAILY)
    return tuple(Observation(series, day, value) for series, value in values if value is not None)
