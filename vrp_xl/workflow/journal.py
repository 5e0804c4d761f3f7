"""The journal: what each kept scan saw, what passed, what each filter rejected, what followed.

Every refresh is kept as a scan, one per source and trading day: the latest wins over those whose
names it covers, unless one is pinned. What was invented stays apart from what was real. Reads and
writes the store it is handed; asks no source.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core.calendar import NEW_YORK, previous_trading_day, session_close, trading_day
from vrp_xl.core.filters import Rejection, rejections
from vrp_xl.core.followed import NOTHING, Followed, followed
from vrp_xl.errors import InputError, MissingError
from vrp_xl.store.scanlog import Head
from vrp_xl.workflow.scan import row_of, run_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from vrp_xl.core.rules import Rules
    from vrp_xl.store.database import Store
    from vrp_xl.workflow.morning import Morning
    from vrp_xl.workflow.scan import Row, Scan

NO_CELL = "-"

FIGURE_COLUMNS = (
    "spot", "iv", "atm_iv", "atm_iv_30d", "rv_20d", "rv_30d", "rv_90d", "vrp_20d", "structural",
    "tactical", "z_score", "percentile", "history_days", "iv_rank", "iv_percentile", "gamma",
    "size", "stale", "rejected",
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
    "strikes", "expiry", "action", "why", "warnings", "rejections", "as_of", "state", "state_why",
    "scores", "missing", "basis",
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
    counts = _latest(heads)
    for head, (lines,) in store.scans.lines(heads, "figures"):
        places = [at for at in counts(head) if wanted is None or head.symbols[at] in wanted]
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
    by_name["rejected"] = [tuple((rules or "").split()) for rules in by_name["rejected"]]
    return map(
        Record._make,
        zip(
            repeat(head.source),
            repeat(head.sample),
            repeat(head.day),
            _picked(head.symbols, places),
            [None if cell == NO_CELL else cell for cell in _picked(head.cells, places)],
            [mark == "1" for mark in _picked(head.passed, places)],
            *(by_name.get(column, repeat(None)) for column in _FIGURE_OF),
            strict=False,
        ),
    )


def columns(found: Iterable[Record]) -> dict[str, list[Any]]:
    """Records as columns: name -> values, one per record."""
    table = list(zip(*found, strict=True)) or [()] * len(Record._fields)
    return {name: list(values) for name, values in zip(Record._fields, table, strict=True)}


_OTHER = {"spread": "vrp_20d", "z": "z_score"}
_FIGURE_OF = tuple(
    _OTHER.get(name, name) for name in Record._fields[Record._fields.index("rejected") :]
)
"""The columns behind the fields of a record, from ``rejected`` on."""


def _latest(heads: Sequence[Head]) -> Callable[[Head], Iterable[int]]:
    """Which symbols of a scan no later scan of its day holds."""
    scans = Counter((head.source, head.day) for head in heads)
    last = {
        (head.source, head.day, symbol): head.number
        for head in heads
        if scans[head.source, head.day] > 1
        for symbol in head.symbols
    }

    def places(head: Head) -> Iterable[int]:
        if scans[head.source, head.day] == 1:
            return range(len(head.symbols))
        return [
            at
            for at, symbol in enumerate(head.symbols)
            if last[head.source, head.day, symbol] == head.number
        ]

    return places


# Keeping


def keep(store: Store, scan: Scan, *, pinned: bool = False) -> bool:
    """Keeps a scan; where nothing was scanned there is nothing to keep.

    A screen over many names holds its candidates alone: it is not kept, since a journal of those
    that passed would say nothing of the filters.

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
        "as_of": s.as_of.isoformat(),
        "state": row.state,
        "state_why": row.state_why or None,
        "scores": dict(s.scores),
        "missing": {name: why for name, why in s.missing.items() if name in _SEEN},
        "basis": {name: told for name, told in s.basis.items() if name in _SEEN},
    }
    return [own[n] if n in own else _plain(getattr(s, n)) for n in DETAIL_COLUMNS]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


# Looking back


class Listed(NamedTuple):
    """One scan of the list, and what changed since the one before.

    Each name is held against the last scan before this one that holds it, of the same source.
    """

    head: Head
    counts: dict[str, int]
    """Names per cell; "?" holds those without one."""
    candidates: tuple[str, ...]
    entered: tuple[str, ...]
    """Candidates that were none before."""
    left: tuple[str, ...]
    """Names that were candidates before."""
    moved: tuple[tuple[str, str, str], ...]
    """(symbol, cell before, cell now)."""
    preset_before: str | None
    """Preset of the scan before, of the same source; another one moves names by itself."""


def listed(
    store: Store,
    *,
    source: str | None = None,
    sample: bool | None = None,
    newest: int | None = None,
) -> list[Listed]:
    """The kept scans, the newest first.

    Args:
        store: the local store.
        source: of this source only.
        sample: only invented figures, or only real ones; None takes both.
        newest: at most so many.
    """
    found = []
    last: dict[tuple[str, bool], dict[str, tuple[str, str]]] = {}
    presets: dict[tuple[str, bool], str] = {}
    for head in store.scans.heads(source=source, sample=sample):
        before = last.setdefault((head.source, head.sample), {})
        now = dict(zip(head.symbols, zip(head.cells, head.passed, strict=True), strict=True))
        changed = [
            (symbol, before[symbol], seen)
            for symbol, seen in now.items()
            if symbol in before and before[symbol] != seen
        ]
        before.update(now)
        counts = {cell: head.cells.count(cell) for cell in "ABCD"}
        counts["?"] = len(head.cells) - sum(counts.values())
        found.append(
            Listed(
                head,
                counts,
                tuple(s for s, mark in zip(head.symbols, head.passed, strict=True) if mark == "1"),
                tuple(s for s, was, seen in changed if was[1] < seen[1]),
                tuple(s for s, was, seen in changed if was[1] > seen[1]),
                tuple((s, was[0], seen[0]) for s, was, seen in changed if was[0] != seen[0]),
                presets.get((head.source, head.sample)),
            )
        )
        presets[head.source, head.sample] = head.preset
    found.reverse()
    return found if newest is None else found[:newest]


@dataclass(frozen=True, slots=True)
class Entry:
    """One symbol of one kept scan: what was seen and said, and what followed."""

    head: Head
    symbol: str
    cell: str | None
    candidate: bool
    seen: dict[str, Any]
    """Column -> value, as `FIGURE_COLUMNS` and `DETAIL_COLUMNS` name them."""
    followed: Followed

    @property
    def rejections(self) -> list[tuple[str, float | None, float | None]]:
        """(rule, value, limit) of every filter that left it out."""
        return [(rule, value, limit) for rule, value, limit in self.seen.get("rejections") or ()]

    @property
    def rejected_words(self) -> str:
        """The same in words: ``spread_min -7.09 (limit 2)``."""
        return "; ".join(_rejected(*each) for each in self.rejections)


def _rejected(rule: str, value: float | None, limit: float | None) -> str:
    shown = "" if value is None else f" {value:g}" if value == int(value) else f" {value:.2f}"
    if limit is None:
        return f"{rule}{shown}"
    return f"{rule}{shown or ' missing'} (limit {limit:g})"


INVENTED = "the sample market begins anew each day: nothing follows"


def entries(
    store: Store, heads: Sequence[Head], *, symbols: Iterable[str] | None = None,
    candidates: bool = False,
) -> Iterator[Entry]:  # fmt: skip
    """What kept scans hold, in the order of `heads`, candidates first and z descending in each.

    Args:
        store: the local store.
        heads: the scans.
        symbols: only these names; all by default.
        candidates: only those that were candidates.
    """
    wanted = None if symbols is None else {symbol.strip().upper() for symbol in symbols}

    def places(head: Head) -> list[int]:
        return [
            at
            for at, symbol in enumerate(head.symbols)
            if (wanted is None or symbol in wanted) and (not candidates or head.passed[at] == "1")
        ]

    picked = {head.number: at for head in heads if (at := places(head))}
    kept = [head for head in heads if head.number in picked]
    closes = _closes(store, kept, picked)
    for head, parts in store.scans.lines(kept, "figures", "details"):
        figures, details = parts
        found = [
            _entry(head, at, figures.row(at) | details.row(at), closes)
            for at in picked[head.number]
        ]
        found.sort(key=_order)
        yield from found


_Dated = tuple["date", float]


def _closes(
    store: Store, heads: Sequence[Head], picked: Mapping[int, Sequence[int]]
) -> dict[tuple[str, str], list[_Dated]]:
    """(source, symbol) -> the closes from the first of the scans' days on."""
    found: dict[tuple[str, str], list[_Dated]] = {}
    for source in {head.source for head in heads}:
        mine = [head for head in heads if head.source == source]
        symbols = {head.symbols[at] for head in mine for at in picked[head.number]}
        since = min(head.day for head in mine) - _EARLIER
        for symbol, dated in store.daily(source, symbols, "close", since).items():
            found[source, symbol] = dated
    return found


_EARLIER = timedelta(days=30)
"""Figures that were old when they were scanned count from their own day."""


def _entry(
    head: Head, at: int, seen: dict[str, Any], closes: Mapping[tuple[str, str], list[_Dated]]
) -> Entry:
    symbol, cell = head.symbols[at], head.cells[at]
    day = trading_day(datetime.fromisoformat(seen["as_of"])) if seen["stale"] else head.day
    dated = closes[head.source, symbol]
    if head.sample and not _same_market(dated, day, seen["spot"]):
        after = NOTHING._replace(words=INVENTED)
    else:
        after = followed(dated, day, iv=seen["iv"], spot=seen["spot"])
    return Entry(
        head=head,
        symbol=symbol,
        cell=None if cell == NO_CELL else cell,
        candidate=head.passed[at] == "1",
        seen=seen,
        followed=after,
    )


def _same_market(dated: Sequence[_Dated], day: date, spot: float | None) -> bool:
    """Whether the invented closes are still those that the scan saw: each day moves them on."""
    closes = dict(dated)
    return spot is not None and day in closes and abs(closes[day] / spot - 1.0) < 1e-3


def _order(entry: Entry) -> tuple[bool, bool, float, str]:
    z = entry.seen.get("z_score")
    return (not entry.candidate, z is None, -(z or 0.0), entry.symbol)


def find(heads: Sequence[Head], when: str, *, of: str = "") -> Head:
    """The scan of a day, of that number, or the latest; of several of a day the last.

    Args:
        heads: oldest first.
        when: ``latest``, a date such as 2026-11-20, or the number of a scan.
        of: whose scans `heads` are, for the sentence of an error.

    Raises:
        InputError: `when` is none of these.
        MissingError: there is no such scan.
    """
    word = when.strip().lower()
    if not heads:
        raise MissingError(f"The journal holds no scan{of} yet.", "Run: vrp-xl scan")
    if word == "latest":
        return heads[-1]
    if word.isdecimal() and len(word) < 8:
        found = [head for head in heads if head.number == int(word)]
    else:
        try:
            day = date.fromisoformat(word)
        except ValueError:
            raise InputError(
                f"{when[:40]!r} is no date.", "Write it as 2026-11-20, or say latest."
            ) from None
        found = [head for head in heads if head.day == day]
    if not found:
        near = ", ".join(str(day) for day in sorted({head.day for head in heads})[-3:])
        raise MissingError(
            f"The journal holds no scan{of} of {word}.", f"The newest days are: {near}."
        )
    return found[-1]


# As a table


def _of(name: str) -> Callable[[Entry], Any]:
    return lambda entry: entry.seen.get(name)


def _after(name: str) -> Callable[[Entry], Any]:
    return lambda entry: getattr(entry.followed, name)


_TABLE: dict[str, Callable[[Entry], Any]] = {
    "day": lambda e: e.head.day,
    "scanned_at": lambda e: e.head.scanned_at,
    "source": lambda e: e.head.source,
    "sample": lambda e: e.head.sample,
    "preset": lambda e: e.head.preset,
    "symbol": lambda e: e.symbol,
    "cell": lambda e: e.cell,
    "candidate": lambda e: e.candidate,
    **{name: _of(name) for name in ("size", "structure", "strikes", "expiry", "action")},
    "rejected": lambda e: e.rejected_words or None,
    **{
        name: _of(name)
        for name in (
            "spot", "iv", "atm_iv", "atm_iv_30d", "rv_20d", "rv_30d", "rv_90d", "vrp_20d",
            "structural", "tactical", "funnel", "z_score", "percentile", "history_days", "iv_rank",
            "iv_percentile", "put_vrp", "call_vrp", "lean", "used_gamma", "used_gamma_basis",
            "gamma_flip", "flip_distance_pct", "net_gex", "put_wall", "call_wall", "max_gamma",
            "harvest_score", "net_harvest_score", "dealer_flow_risk", "vrp_regime",
            "next_earnings", "atm_oi", "atm_spread_pct", "as_of", "stale", "state",
        )
    },
    "why": lambda e: "; ".join(e.seen.get("why") or ()) or None,
    "warnings": lambda e: "; ".join(e.seen.get("warnings") or ()) or None,
    "returns_since": _after("returns"),
    "until": _after("until"),
    "move_pct": _after("move_pct"),
    "move_in_expected_moves": _after("moves"),
    "realized_since": _after("realized"),
    "implied_minus_realized": _after("outcome"),
    "followed": lambda e: e.followed.words or None,
}  # fmt: skip

TABLE_COLUMNS = tuple(_TABLE)
"""The columns of an exported journal: the scan, what was seen and said, what followed."""


def table_row(entry: Entry) -> list[Any]:
    """One entry as a row of `TABLE_COLUMNS`; None is what is missing."""
    return [value(entry) for value in _TABLE.values()]


SCAN_ROW = (
    "day", "scanned_at", "preset", "names", "candidates", "source", "passed", "a", "b", "c", "d",
    "no_cell", "failed", "number", "changes",
)  # fmt: skip
"""The columns of `scan_rows`."""


def scan_rows(store: Store, source: str, newest: int) -> list[list[Any]]:
    """The list of scans as rows of `SCAN_ROW` for a sheet, the newest first.

    Args:
        store: the local store.
        source: whose scans.
        newest: at most so many.
    """
    rows: list[list[Any]] = []
    for scan in listed(store, source=source, newest=newest):
        head = scan.head
        rows.append(
            [
                head.day,
                head.scanned_at.astimezone(NEW_YORK).replace(tzinfo=None, microsecond=0),
                head.preset,
                len(head.symbols),
                len(scan.candidates),
                head.source + (" SAMPLE" if head.sample else ""),
                ", ".join(scan.candidates)[:_CELL_TEXT] or None,
                *scan.counts.values(),
                head.failed,
                head.number,
                changes_words(scan)[:_CELL_TEXT] or None,
            ]
        )
    return rows


def changes_words(scan: Listed, *, most: int | None = None) -> str:
    """What changed since the scan before: ``new: IWM; out: GLD; moved: QQQ C to A``.

    Args:
        scan: one of the list.
        most: name at most so many, and count the rest.
    """
    told = []
    if scan.preset_before not in (None, scan.head.preset):
        told.append(f"preset was {scan.preset_before}")
    moved = [f"{symbol} {was} to {now}" for symbol, was, now in scan.moved]
    for words, names in (("new", scan.entered), ("out", scan.left), ("moved", moved)):
        if names:
            shown = ", ".join(names[:most])
            more = 0 if most is None else len(names) - most
            told.append(f"{words}: {shown}" + (f" and {more} more" if more > 0 else ""))
    return "; ".join(told)


NAME_ROW = (
    "day", "symbol", "cell", "candidate", "size", "structure", "words", "spot", "iv", "rv_20d",
    "vrp_20d", "z_score", "structural", "tactical", "followed", "returns", "until", "move_pct",
    "moves", "realized", "outcome",
)  # fmt: skip
"""The columns of `name_rows`; ``words`` are the action, or the filters that left the name out."""

_CELL_TEXT = 32_000


def name_rows(store: Store, source: str, symbol: str | None, newest: int) -> list[list[Any]]:
    """What scans said of one name, or of their candidates, as rows of `NAME_ROW`, newest first.

    Args:
        store: the local store.
        source: whose scans.
        symbol: the name; None takes the candidates of each scan.
        newest: at most so many rows.
    """
    heads, count = [], 0
    for head in reversed(store.scans.heads(source=source)):
        held = head.passed.count("1") if symbol is None else int(symbol in head.symbols)
        if held:
            heads.append(head)
            count += held
        if count >= newest:
            break
    wanted = None if symbol is None else [symbol]
    found = entries(store, heads, symbols=wanted, candidates=symbol is None)
    return [_name_row(entry) for entry in islice(found, newest)]


def _name_row(entry: Entry) -> list[Any]:
    after = entry.followed
    action = entry.seen.get("action")
    own = {
        "day": entry.head.day,
        "symbol": entry.symbol,
        "cell": entry.cell,
        "candidate": entry.candidate,
        "words": action if entry.candidate else entry.rejected_words or action,
        "returns": after.returns,
        "until": after.until,
        "move_pct": after.move_pct,
        "moves": after.moves,
        "realized": after.realized,
        "outcome": after.outcome,
        "followed": after.words or None,
    }
    return [own[name] if name in own else entry.seen.get(name) for name in NAME_ROW]
