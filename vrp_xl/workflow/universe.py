"""A screen over hundreds or thousands of names: candidates and counts, and a run that can go on.

A run is one list of names, one source and one trading day. What was brought since the run began is
not asked for again: a run that was stopped (by a key, a quota, a dead server, a kill) goes on where
it was. Names that the source does not know, or the plan does not cover, are asked once per run.

The names are read from the store a few hundred at a time and only candidates are kept, so that
memory does not grow with the list. May not import hosts or any particular source.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vrp_xl.core.calendar import trading_day
from vrp_xl.errors import SymbolNotCoveredError, UnknownSymbolError
from vrp_xl.store.database import utc_now
from vrp_xl.workflow.morning import Morning, failure_of
from vrp_xl.workflow.positions import open_risk
from vrp_xl.workflow.refresh import refresh
from vrp_xl.workflow.scan import Failure, Scan, concluded, old_words, row_order, run_scan
from vrp_xl.workflow.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vrp_xl.core.positions import Position
    from vrp_xl.core.rules import Rules
    from vrp_xl.sources.base import Source
    from vrp_xl.store.database import Store
    from vrp_xl.workflow.morning import Progress
    from vrp_xl.workflow.refresh import Outcome
    from vrp_xl.workflow.scan import Row, RowState

AT_ONCE = 250
"""Names whose figures are in memory at once."""

_FINAL = (UnknownSymbolError, SymbolNotCoveredError)
"""Errors of a name that asking again in the same run does not mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pass over a list of names, and how far it has come."""

    began: datetime
    """UTC."""
    names: tuple[str, ...]
    done: frozenset[str] = frozenset()
    """Names whose figures were brought since it began."""
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name -> (error, why) of those that are not asked again in this run."""
    went_on: bool = False
    """Whether an earlier start of the same run is being continued."""

    @property
    def rest(self) -> list[str]:
        """The names that are still to be asked for, in their order."""
        return [n for n in self.names if n not in self.done and n not in self.refused]


def begin(
    store: Store,
    source: str,
    symbols: Sequence[str],
    *,
    restart: bool = False,
    clock: Callable[[], datetime] = utc_now,
) -> Run:
    """The run to make now: the unfinished one of the same names and day, else a new one.

    Args:
        store: where the run is noted.
        source: name of the source that is asked.
        symbols: upper-case symbols.
        restart: begin anew, whatever was noted.
        clock: gives the present moment, UTC.

    Raises:
        StoreError: the store cannot be read or written.
    """
    names = tuple(dict.fromkeys(symbols))
    now = clock()
    noted = None if restart else _noted(store, source)
    if (
        noted is not None
        and noted["names"] == _fingerprint(names)
        and not noted["finished"]
        and trading_day(noted["began"]) == trading_day(now)
        and noted["began"] <= now
    ):
        began = noted["began"]
        fetched = store.fetched_at(source, names)
        done = frozenset(name for name, when in fetched.items() if when >= began)
        refused = {name: tuple(why) for name, why in noted["refused"].items()}
        return Run(began=began, names=names, done=done, refused=refused, went_on=True)
    run = Run(began=now, names=names)
    _note(store, source, run, finished=False)
    return run


def screen(
    store: Store,
    source_name: str,
    run: Run,
    rules: Rules,
    *,
    preset: str = "standard",
    source: Source | None = None,
    account: str = "",
    progress: Progress | None = None,
    notices: Sequence[str] = (),
    positions: Sequence[Position] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Morning:
    """Refreshes what is left of `run` and screens all of its names.

    The scan that comes back holds the candidates alone; `Scan.seen` counts all names by cell, and
    `Scan.left` why the others are left out.

    Args:
        store: the local store.
        source_name: whose figures are read.
        run: from `begin`.
        rules: the rules in force.
        preset: their name.
        source: opened source to refresh from; None reads the store alone.
        account: whose quota it is.
        progress: called with (done, total, symbol, state) over all names of the run.
        notices: sentences that the host should show with the scan.
        positions: whose money at risk counts in the caps, by what is stored of their names.
        clock: gives the present moment, UTC.

    Raises:
        StoreError: the store cannot be read or written.
        KeyboardInterrupt: after what was fetched has been stored; the same run can go on.
    """
    result = None
    refused = dict(run.refused)
    reasons = dict(refused)
    states: dict[str, tuple[RowState, str]] = {}
    rest = run.rest
    if source is not None and rest:
        before = len(run.names) - len(rest)

        def show(done: int, total: int, symbol: str, state: str) -> None:  # noqa: ARG001
            if progress is not None:
                progress(before + done, len(run.names), symbol, state)

        def ended(outcome: Outcome) -> None:
            if isinstance(outcome.error, _FINAL):
                refused[outcome.symbol] = failure_of(outcome)

        try:
            result = refresh(
                source, store, rest, account=account, progress=show, rules=rules, clock=clock,
                ended=ended,
            )  # fmt: skip
        except KeyboardInterrupt:
            _note(store, source_name, replace(run, refused=refused), finished=False)
            raise
        open_ends = 0
        for outcome in result.outcomes:
            if outcome.state == "fresh":
                states[outcome.symbol] = ("fresh", "")
                continue
            states[outcome.symbol] = ("kept", outcome.why)
            reasons[outcome.symbol] = failure_of(outcome)
            open_ends += not isinstance(outcome.error, _FINAL)
        finished = result.stopped is None and not open_ends
        _note(store, source_name, replace(run, refused=refused), finished=finished)
        if not finished:
            told = "1 name is" if open_ends == 1 else f"{open_ends:,} names are"
            notices = [*notices, f"{told} not done; the same command asks for the rest"]
    scan = _screened(
        store, source_name, run.names, rules, preset=preset, states=states, reasons=reasons,
        now=clock(), notices=[*([store.notice] if store.notice else []), *notices],
    )  # fmt: skip
    quota = store.quota(source_name, account) if result is None else result.quota
    risk = None
    if positions is not None:
        risk = open_risk(store, source_name, positions, rules, now=scan.scanned_at)
    return Morning(concluded(store, replace(scan, quota=quota), risk), result)


def _screened(
    store: Store,
    source: str,
    names: Sequence[str],
    rules: Rules,
    *,
    preset: str,
    states: dict[str, tuple[RowState, str]],
    reasons: dict[str, tuple[str, str]],
    now: datetime,
    notices: Sequence[str],
) -> Scan:
    """The candidates among `names`, the counts of all, and what has no figures."""
    kept: list[Row] = []
    failed: list[Failure] = []
    seen: Counter[str] = Counter()
    tally = Tally()
    stale, sample, newest, oldest = 0, False, None, None
    for part in _parts(names):
        scan = run_scan(
            store, source, part, rules, preset=preset, now=now, states=states, reasons=reasons
        )
        kept += scan.candidates
        failed += scan.failed
        for row in scan.rows:
            tally.add(row)
        seen.update(scan.counts)
        stale += sum(row.stale for row in scan.rows)
        sample = sample or scan.sample
        newest = max((when for when in (newest, scan.as_of) if when is not None), default=None)
        ages = (oldest, *(row.snapshot.as_of for row in scan.rows))
        oldest = min((when for when in ages if when is not None), default=None)
    if stale and oldest is not None:
        notices = (old_words(stale, seen.total(), oldest), *notices)
    return Scan(
        source=source,
        sample=sample or source == "sample",
        preset=preset,
        rules=rules,
        scanned_at=now,
        rows=tuple(sorted(kept, key=row_order)),
        failed=tuple(failed),
        notices=tuple(notices),
        seen={letter: seen[letter] for letter in ("A", "B", "C", "D", "?")},
        newest=newest,
        counted=tally.lines(),
    )


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]


# The note of a run


def _fingerprint(names: Sequence[str]) -> str:
    return hashlib.sha256(" ".join(sorted(names)).encode()).hexdigest()[:16]


def _note(store: Store, source: str, run: Run, *, finished: bool) -> None:
    store.put_note(
        f"universe:{source}",
        json.dumps(
            {
                "names": _fingerprint(run.names),
                "began": run.began.isoformat(),
                "refused": run.refused,
                "finished": finished,
            }
        ),
    )


def _noted(store: Store, source: str) -> dict[str, Any] | None:
    """What was noted of the last run; None where nothing was, or it cannot be read."""
    text = store.note(f"universe:{source}")
    if text is None:
        return None
    try:
        noted = json.loads(text)
        noted["began"] = datetime.fromisoformat(noted["began"])
        return {name: noted[name] for name in ("names", "began", "refused", "finished")}
    except (ValueError, TypeError, KeyError):
        return None
