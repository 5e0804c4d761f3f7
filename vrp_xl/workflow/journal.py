"""The journal: keeping scans, and reading them as records for whoever counts later.

Every refresh is kept as a scan, one per source, trading day and set of rules: the latest wins over
those whose names it covers, unless one is pinned. What was invented stays apart from what was real.
Reads and writes the store it is handed; asks no source.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core.calendar import NEW_YORK, previous_trading_day, session_close, trading_day
from vrp_xl.core.filters import Rejection, rejections
from vrp_xl.core.rules import SPECS
from vrp_xl.store.scanlog import Head
from vrp_xl.workflow.scan import row_of, run_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from vrp_xl.core.rules import Rules
    from vrp_xl.store.database import Store
    from vrp_xl.workflow.morning import Morning
    from vrp_xl.workflow.scan import Row, Scan

NO_CELL = "-"

FIGURE_COLUMNS = (
    "spot", "iv", "atm_iv", "atm_iv_30d", "rv_20d", "rv_30d", "rv_90d", "vrp_20d", "structural",
    "tactical", "z_score", "percentile", "history_days", "iv_rank", "iv_percentile", "gamma",
    "size", "stale", "rejected", "as_of",
)  # fmt: skip
"""The figures that a decision rests on; ``rejected`` are names of rules, a space between."""

_SNAPSHOT = (
    "market_open", "put_vrp", "call_vrp", "put_wing_iv", "call_wing_iv", "gamma_basis",
    "gamma_flip", "net_gex", "put_wall", "call_wall", "max_gamma", "score_kind", "harvest_score",
    "net_harvest_score", "dealer_flow_risk", "vrp_regime", "vix_term_slope", "next_earnings",
    "atm_spread_pct", "atm_oi",
)  # fmt: skip
_DECIDED = (
    "used_gamma", "used_gamma_basis", "flip_distance_pct", "lean", "funnel", "structure", "score",
    "strikes", "expiry", "action", "why", "warnings", "rejections", "state", "state_why", "scores",
    "missing", "basis",
)  # fmt: skip
DETAIL_COLUMNS = (*_SNAPSHOT, *_DECIDED)
"""All else that a decision was made from, and what it said, by the words of a scan's columns."""

_SEEN = frozenset((*FIGURE_COLUMNS, *_SNAPSHOT))


# Journal reader


class Record(NamedTuple):
    """One symbol of one kept scan, as a later count needs it. None is "not known"."""

    source: str
    sample: bool
    day: date
    """Trading day of the scan."""
    symbol: str
    cell: str | None
    """A to D; "?" where z was known and gamma was not; None where there was none."""
    candidate: bool
    seen_at: datetime
    """When the figures were seen: their own time, and never after the scan."""
    rejected: tuple[str, ...]
    """Names of the rules that left it out; empty for a candidate."""
    spot: float | None
    iv: float | None
    """The IV that ratios use: 30-day where there was one, else as delivered."""
    atm_iv: float | None
    rv_20d: float | None
    rv_30d: float | None
    rv_90d: float | None
    spread: float | None
    """ATM IV minus RV20, as delivered."""
    structural: float | None
    tactical: float | None
    z: float | None
    percentile: float | None
    iv_rank: float | None
    iv_percentile: float | None
    gamma: str | None
    size: float | None
    stale: bool
    """The figures were those of an earlier trading day."""


def records(
    store: Store,
    *,
    source: str | None = None,
    sample: bool = False,
    symbols: Iterable[str] | None = None,
    since: date | None = None,
    until: date | None = None,
    stale: bool = False,
    only: Callable[[Head], bool] | None = None,
) -> Iterator[Record]:
    """What the journal holds, a record per symbol and trading day, the oldest day first.

    Where several scans of a day hold a symbol, the latest counts, by the rules of most scans
    (`latest_of`). Invented figures and real ones never come together.

    Args:
        store: the local store.
        source: of this source only.
        sample: the invented figures (sample market, simulator) instead of the real ones.
        symbols: only these.
        since: from this day on.
        until: up to this day, included.
        stale: also figures that were those of an earlier day when they were scanned.
        only: which scans count; all by default.
    """
    heads = store.scans.heads(source=source, sample=sample, since=since, until=until)
    if only is not None:
        heads = [head for head in heads if only(head)]
    wanted = None if symbols is None else {symbol.strip().upper() for symbol in symbols}
    counts = latest_of(heads)
    for head, (lines,) in store.scans.lines(heads, "figures"):
        places = [at for at in counts(head) if wanted is None or head.symbols[at] in wanted]
        if not places:
            continue
        few = len(places) < len(lines) // 10
        rows = [lines.values(at) for at in places] if few else _picked(lines.rows(), places)
        for record in _records(head, places, lines.columns, rows):
            if stale or not record.stale:
                yield record


def _picked(items: Sequence[Any], places: Sequence[int]) -> Sequence[Any]:
    return items if len(places) == len(items) else [items[at] for at in places]


def _records(
    head: Head, places: Sequence[int], names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Iterator[Record]:
    """The records of some symbols of a scan, made column by column."""
    by_name: dict[str, Iterable[Any]] = dict(zip(names, zip(*rows, strict=True), strict=True))
    told: Iterable[Any] = by_name.get("rejected") or [None] * len(rows)
    by_name["rejected"] = [tuple((rules or "").split()) for rules in told]
    times: Iterable[Any] = by_name.get("as_of") or [None] * len(rows)
    return map(
        Record._make,
        zip(
            repeat(head.source),
            repeat(head.sample),
            repeat(head.day),
            _picked(head.symbols, places),
            [None if cell == NO_CELL else cell for cell in _picked(head.cells, places)],
            [mark == "1" for mark in _picked(head.passed, places)],
            [seen_at(head, as_of) for as_of in times],
            *(by_name.get(column, repeat(None)) for column in _FIGURE_OF),
            strict=False,
        ),
    )


def seen_at(head: Head, as_of: str | None) -> datetime:
    """When figures of a scan were seen: their own time, and never after the scan.

    Args:
        head: the scan.
        as_of: the time of the figures; where it is not known the newest of the scan's counts.
    """
    own = head.as_of if as_of is None else datetime.fromisoformat(as_of)
    return head.scanned_at if own is None else min(own, head.scanned_at)


def columns(found: Iterable[Record]) -> dict[str, list[Any]]:
    """Records as columns: name -> values, one per record."""
    table = list(zip(*found, strict=True)) or [()] * len(Record._fields)
    return {name: list(values) for name, values in zip(Record._fields, table, strict=True)}


_OTHER = {"spread": "vrp_20d", "z": "z_score"}
_FIGURE_OF = tuple(
    _OTHER.get(name, name) for name in Record._fields[Record._fields.index("rejected") :]
)
"""The columns behind the fields of a record, from ``rejected`` on."""


def every(head: Head) -> Iterable[int]:
    """The places of all symbols of a scan."""
    return range(len(head.symbols))


def latest_of(heads: Sequence[Head]) -> Callable[[Head], Iterable[int]]:
    """Which symbols of a scan count: those that no other scan of its day has a better claim to.

    Of one day's scans by the same preset and rules the latest that holds a name counts. Of several
    presets the one counts that most of `heads` were made by, then the rules, and of equal ones
    those that came first: an experiment beside the morning's scan does not take its place.
    """
    scans = Counter((head.source, head.day) for head in heads)
    presets = Counter((head.source, head.preset) for head in heads)
    used = Counter((head.source, head.preset, head.rules_number) for head in heads)
    first = {made: n for n, made in enumerate(used)}

    def claim(head: Head) -> tuple[int, int, int]:
        made = head.source, head.preset, head.rules_number
        return presets[made[:2]], used[made], -first[made]

    best: dict[tuple[str, date, str], tuple[tuple[int, int, int], int]] = {}
    for head in heads:
        if scans[head.source, head.day] > 1:
            mine = claim(head), head.number
            for symbol in head.symbols:
                key = (head.source, head.day, symbol)
                if key not in best or best[key][0] <= mine[0]:
                    best[key] = mine

    def places(head: Head) -> Iterable[int]:
        if scans[head.source, head.day] == 1:
            return range(len(head.symbols))
        return [
            at
            for at, symbol in enumerate(head.symbols)
            if best[head.source, head.day, symbol][1] == head.number
        ]

    return places


class MadeBy(NamedTuple):
    """Scans that were made by the same preset and rules."""

    preset: str
    rules: dict[str, Any]
    """Those in force that decide; what sizes trades in dollars is left out."""
    numbers: frozenset[int]
    """Of the rules as they are stored, those of dollars with them."""
    scans: int


def made_by(store: Store, heads: Sequence[Head]) -> list[MadeBy]:
    """Which presets and rules made the scans, those of most scans first."""
    kept = {head.rules_number: head.number for head in heads}
    rules = {number: _deciding(store.scans.rules(scan)) for number, scan in kept.items()}
    found: list[MadeBy] = []
    for (preset, number), scans in Counter((h.preset, h.rules_number) for h in heads).items():
        for n, made in enumerate(found):
            if (made.preset, made.rules) == (preset, rules[number]):
                found[n] = made._replace(numbers=made.numbers | {number}, scans=made.scans + scans)
                break
        else:
            found.append(MadeBy(preset, rules[number], frozenset([number]), scans))
    return sorted(found, key=lambda made: -made.scans)


def same_rules(made: MadeBy, rules: Rules) -> bool:
    """Whether scans were made by these rules; what was no rule yet at that time is passed over."""
    mine = _deciding(rules.to_dict())
    return all(mine.get(name) == value for name, value in made.rules.items() if name in mine)


def _deciding(rules: dict[str, Any]) -> dict[str, Any]:
    return {n: v for n, v in rules.items() if n not in SPECS or SPECS[n].group != DOLLARS}


DOLLARS = "Sizing"
"""The group of rules that size a trade in dollars: no cell and no decision rests on them."""


# Keeping


def keep(store: Store, scan: Scan, *, pinned: bool = False) -> bool:
    """Keeps a scan; where nothing was scanned there is nothing to keep.

    A screen over many names holds its candidates alone: it is not kept, since a journal of those
    that passed would say nothing of the filters.

    Of one source and trading day it replaces the scans by the same preset and rules whose names
    it covers, but for pinned ones: neither a look at one name nor an experiment with other rules
    takes the morning's record away.

    Args:
        store: the local store.
        scan: the finished scan.
        pinned: it stays until it is removed by hand.

    Returns:
        Whether it was kept.

    Raises:
        StoreError: the store cannot be written.
    """
    if not scan.rows or scan.seen is not None:
        return False
    today = scan.scanned_at.astimezone(NEW_YORK).date()
    rows = sorted(scan.rows, key=lambda row: row.snapshot.symbol)
    found = [rejections(row.snapshot, row.decision, row.rules, today=today) for row in rows]
    head = Head(
        number=0,
        source=scan.source,
        sample=scan.sample,
        day=trading_day(scan.scanned_at),
        scanned_at=scan.scanned_at,
        as_of=scan.as_of,
        preset=scan.preset,
        pinned=pinned,
        symbols=tuple(row.snapshot.symbol for row in rows),
        cells="".join(row.decision.cell_text or NO_CELL for row in rows),
        passed="".join("1" if row.decision.candidate else "0" for row in rows),
        failed=len(scan.failed),
    )
    return store.scans.keep(
        head,
        scan.rules.to_dict(),
        (FIGURE_COLUMNS, [_figures(row, why) for row, why in zip(rows, found, strict=True)]),
        (DETAIL_COLUMNS, [_details(row, why) for row, why in zip(rows, found, strict=True)]),
        {
            "failed": [[f.symbol, f.error, f.why] for f in scan.failed],
            "notices": list(scan.notices),
        },
    )


def keep_sample(store: Store, symbols: Sequence[str], rules: Rules, now: datetime) -> None:
    """Keeps what the sample market says now, and what it said the trading day before.

    Args:
        store: holds the sample market as it stands at `now`.
        symbols: its names.
        rules: the rules in force.
        now: the moment that it stands at.
    """
    today = run_scan(store, "sample", symbols, rules, now=now)
    day = trading_day(now)
    then = session_close(previous_trading_day(day))
    earlier = [store.previous("sample", symbol, day) for symbol in symbols]
    rows = tuple(
        row_of(store, snapshot, rules, then, then.date())
        for snapshot in earlier
        if snapshot is not None
    )
    keep(store, replace(today, rows=rows, scanned_at=then, failed=(), notices=()))
    keep(store, today)


def keep_morning(store: Store, morning: Morning, *, pinned: bool = False) -> bool:
    """Keeps the scan after a refresh that brought something; a pinned one in any case.

    Args:
        store: the local store.
        morning: the finished refresh and scan.
        pinned: it stays until it is removed by hand.

    Returns:
        Whether it was kept.

    Raises:
        StoreError: the store cannot be written.
    """
    refreshed = morning.refreshed
    if not pinned and (refreshed is None or not refreshed.count("fresh")):
        return False
    return keep(store, morning.scan, pinned=pinned)


def _figures(row: Row, found: Sequence[Rejection]) -> list[Any]:
    own = {
        "iv": row.decision.premium.iv,
        "structural": row.decision.premium.structural,
        "tactical": row.decision.premium.tactical,
        "size": row.decision.size,
        "stale": row.stale,
        "rejected": " ".join(dict.fromkeys(r.rule for r in found)),
        "as_of": row.snapshot.as_of.isoformat(),
    }
    return [own[n] if n in own else _plain(getattr(row.snapshot, n)) for n in FIGURE_COLUMNS]


def _details(row: Row, found: Sequence[Rejection]) -> list[Any]:
    d, s = row.decision, row.snapshot
    plan = d.strikes
    own = {
        "used_gamma": d.gamma,
        "used_gamma_basis": d.gamma_basis,
        "flip_distance_pct": d.flip_distance_pct,
        "lean": d.lean,
        "funnel": d.premium.funnel,
        "structure": d.structure.name if d.structure else None,
        "score": d.score,
        "strikes": None if plan is None else ", ".join(leg.words for leg in plan.legs),
        "expiry": None if plan is None else plan.expiry.isoformat(),
        "action": d.action,
        "why": list(d.why),
        "warnings": list(d.warnings),
        "rejections": [[r.rule, r.value, r.limit] for r in found],
        "state": row.state,
        "state_why": row.state_why or None,
        "scores": dict(s.scores),
        "missing": {name: why for name, why in s.missing.items() if name in _SEEN},
        "basis": {name: told for name, told in s.basis.items() if name in _SEEN},
    }
    return [own[n] if n in own else _plain(getattr(s, n)) for n in DETAIL_COLUMNS]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
