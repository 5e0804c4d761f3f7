"""The journal: what each kept scan saw, what passed, what each filter rejected, what followed.

Every refresh is kept as a scan, one per source and trading day: the latest wins over those whose
names it covers, unless one is pinned. What was invented stays apart from what was real. Reads and
writes the store it is handed; asks no source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core.calendar import NEW_YORK, trading_day
from vrp_xl.core.filters import Rejection, rejections
from vrp_xl.core.snapshot import FIGURES
from vrp_xl.store.scanlog import Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from vrp_xl.store.database import Store
    from vrp_xl.workflow.scan import Row, Scan

NO_CELL = "-"

FIGURE_COLUMNS = (
    "spot", "iv", "atm_iv", "atm_iv_30d", "rv_20d", "rv_30d", "rv_90d", "vrp_20d", "structural",
    "tactical", "z_score", "percentile", "history_days", "iv_rank", "iv_percentile", "gamma",
    "size", "stale", "rejected",
)  # fmt: skip
"""The figures that a decision rests on; ``rejected`` are names of rules, a space between."""

_KEPT = frozenset(FIGURE_COLUMNS)
_SNAPSHOT = tuple(name for name in FIGURES if name not in _KEPT)
_DECIDED = (
    "used_gamma", "used_gamma_basis", "flip_distance_pct", "lean", "funnel", "structure", "score",
    "strikes", "expiry", "action", "why", "warnings", "rejections", "as_of", "state", "state_why",
    "missing", "basis",
)  # fmt: skip
DETAIL_COLUMNS = (*_SNAPSHOT, *_DECIDED)
"""All else that was seen and said, by the same words as the columns of a scan."""


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
    size: float
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
) -> Iterator[Record]:
    """What the journal holds, a record per symbol and trading day, the oldest day first.

    Where several scans of a day hold a symbol, the latest counts. Invented figures and real ones
    never come together.

    Args:
        store: the local store.
        source: of this source only.
        sample: the invented figures (sample market, simulator) instead of the real ones.
        symbols: only these.
        since: from this day on.
        until: up to this day, included.
        stale: also figures that were those of an earlier day when they were scanned.
    """
    heads = store.scans.heads(source=source, sample=sample, since=since, until=until)
    wanted = None if symbols is None else {symbol.strip().upper() for symbol in symbols}
    seen = _latest(heads)
    for head, lines in store.scans.lines(heads, "figures"):
        if wanted is None:
            table = lines.rows()
            picked: Iterable[int] = range(len(table))
        else:
            picked = [at for at, symbol in enumerate(head.symbols) if symbol in wanted]
            table = []
        at_of = {name: n for n, name in enumerate(lines.columns)}
        for at in picked:
            symbol = head.symbols[at]
            if seen[head.source, head.day, symbol] != head.number:
                continue
            row = lines.row(at) if wanted is not None else None
            values = table[at] if row is None else list(row.values())
            record = _record(head, at, at_of, values)
            if stale or not record.stale:
                yield record


def columns(found: Iterable[Record]) -> dict[str, list[Any]]:
    """Records as columns: name -> values, one per record."""
    table = list(zip(*found, strict=True)) or [()] * len(Record._fields)
    return {name: list(values) for name, values in zip(Record._fields, table, strict=True)}


def _latest(heads: Sequence[Head]) -> dict[tuple[str, date, str], int]:
    """(source, day, symbol) -> number of the latest scan that holds it."""
    return {
        (head.source, head.day, symbol): head.number for head in heads for symbol in head.symbols
    }


def _record(head: Head, at: int, at_of: dict[str, int], values: Sequence[Any]) -> Record:
    def value(name: str) -> Any:
        place = at_of.get(name)
        return None if place is None else values[place]

    cell = head.cells[at]
    return Record(
        source=head.source,
        sample=head.sample,
        day=head.day,
        symbol=head.symbols[at],
        cell=None if cell == NO_CELL else cell,
        candidate=head.passed[at] == "1",
        rejected=tuple((value("rejected") or "").split()),
        spot=value("spot"),
        iv=value("iv"),
        atm_iv=value("atm_iv"),
        rv_20d=value("rv_20d"),
        rv_30d=value("rv_30d"),
        rv_90d=value("rv_90d"),
        spread=value("vrp_20d"),
        structural=value("structural"),
        tactical=value("tactical"),
        z=value("z_score"),
        percentile=value("percentile"),
        iv_rank=value("iv_rank"),
        iv_percentile=value("iv_percentile"),
        gamma=value("gamma"),
        size=value("size") or 0.0,
        stale=bool(value("stale")),
    )


# Keeping


def keep(store: Store, scan: Scan, *, pinned: bool = False) -> bool:
    """Keeps a scan; where nothing was scanned there is nothing to keep.

    Of one source and trading day it replaces the scans whose names it covers, but for pinned
    ones: a look at one name never takes the morning's record away.

    Args:
        store: the local store.
        scan: the finished scan.
        pinned: it stays until it is removed by hand.

    Returns:
        Whether it was kept.

    Raises:
        StoreError: the store cannot be written.
    """
    if not scan.rows:
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


def _figures(row: Row, found: Sequence[Rejection]) -> list[Any]:
    own = {
        "iv": row.decision.premium.iv,
        "structural": row.decision.premium.structural,
        "tactical": row.decision.premium.tactical,
        "size": row.decision.size,
        "stale": row.stale,
        "rejected": " ".join(dict.fromkeys(r.rule for r in found)),
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
        "rejections": [list(r) for r in found],
        "as_of": s.as_of.isoformat(),
        "state": row.state,
        "state_why": row.state_why or None,
        "missing": dict(s.missing),
        "basis": dict(s.basis),
    }
    return [own[n] if n in own else _plain(getattr(s, n)) for n in DETAIL_COLUMNS]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
