"""Looking back: the kept scans as a list, what each said of a name, and what followed.

Reads the store it is handed and changes nothing; asks no source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core import splits
from vrp_xl.core.calendar import NEW_YORK, trading_day
from vrp_xl.core.followed import NOTHING, Followed, followed
from vrp_xl.core.history import SPLIT
from vrp_xl.errors import InputError, MissingError, printable
from vrp_xl.workflow.journal import NO_CELL, every, latest_of, seen_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vrp_xl.core.splits import Adjusted
    from vrp_xl.store.database import Store
    from vrp_xl.store.scanlog import Head


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
    heads = store.scans.heads(source=source, sample=sample)
    first = 0 if newest is None else max(len(heads) - newest, 0)
    for n, head in enumerate(heads):
        before = last.setdefault((head.source, head.sample), {})
        if n < first:  # only what it left behind counts
            before.update(zip(head.symbols, zip(head.cells, head.passed, strict=True), strict=True))
            presets[head.source, head.sample] = head.preset
            continue
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
    return found


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
    latest_among: Sequence[Head] | None = None,
) -> Iterator[Entry]:  # fmt: skip
    """What kept scans hold, in the order of `heads`, candidates first and z descending in each.

    Args:
        store: the local store.
        heads: the scans.
        symbols: only these names; all by default.
        candidates: only those that were candidates.
        latest_among: of several scans of a day among these, only the latest that holds a name.
    """
    wanted = None if symbols is None else {symbol.strip().upper() for symbol in symbols}
    counts = every if latest_among is None else latest_of(latest_among)

    def places(head: Head) -> list[int]:
        return [
            at
            for at in counts(head)
            if (wanted is None or head.symbols[at] in wanted)
            and (not candidates or head.passed[at] == "1")
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
) -> dict[tuple[str, str], Adjusted]:
    """(source, symbol) -> the closes from the first of the scans' days on, as `workflow.closes`."""
    found: dict[tuple[str, str], Adjusted] = {}
    for source in {head.source for head in heads}:
        mine = [head for head in heads if head.source == source]
        symbols = {head.symbols[at] for head in mine for at in picked[head.number]}
        since = min(head.day for head in mine) - _EARLIER
        marks = store.daily(source, symbols, SPLIT, since)
        for symbol, dated in store.daily(source, symbols, "close", since).items():
            found[source, symbol] = splits.adjusted(dated, dict(marks.get(symbol, ())))
    return found


_EARLIER = timedelta(days=30)
"""Figures that were old when they were scanned count from their own day."""


def _entry(
    head: Head, at: int, seen: dict[str, Any], closes: Mapping[tuple[str, str], Adjusted]
) -> Entry:
    symbol, cell = head.symbols[at], head.cells[at]
    day = trading_day(datetime.fromisoformat(seen["as_of"])) if seen["stale"] else head.day
    held = closes[head.source, symbol]
    dated = held.closes
    if head.sample and not _same_market(dated, day, seen["spot"]):
        after = NOTHING._replace(words=INVENTED)
    else:
        spot = seen["spot"]
        if spot is not None:  # on the footing of the closes after it
            spot /= held.footing(day)
        doubtful = [jump.day for jump in held.unsaid]
        after = followed(
            dated, day, iv=seen["iv"], spot=spot, seen_at=seen_at(head, seen["as_of"]),
            doubtful=doubtful,
        )  # fmt: skip
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


def day_of(text: str, *, or_say: str = "") -> date:
    """The day that a text names, with or without leading zeros.

    Args:
        text: such as 2026-09-15, 2026-9-15 or 20260915.
        or_say: what else is understood there, for the sentence of the error.

    >>> day_of("2026-9-5")
    datetime.date(2026, 9, 5)

    Raises:
        InputError: it names none.
    """
    parts = re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text.strip())
    try:
        return date(*map(int, parts.groups())) if parts else date.fromisoformat(text.strip())
    except ValueError:
        hint = f", or say {or_say}" if or_say else ""
        raise InputError(
            f"{printable(text[:40])!r} is no date.", f"Write it as 2026-11-20{hint}."
        ) from None


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
        day = day_of(word, or_say="latest")
        found = [head for head in heads if head.day == day]
    if not found:
        near = ", ".join(str(day) for day in sorted({head.day for head in heads})[-3:])
        raise MissingError(
            f"The journal holds no scan{of} of {word}.", f"The newest days are: {near}."
        )
    return found[-1]


# For a sheet


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
    kept = store.scans.heads(source=source)
    counts = latest_of(kept)
    heads: list[Head] = []
    count = 0
    for head in reversed(kept):
        held = [
            head.passed[at] == "1" if symbol is None else head.symbols[at] == symbol
            for at in counts(head)
        ]
        if any(held):
            heads.append(head)
            count += sum(held)
        if count >= newest:
            break
    wanted = None if symbol is None else [symbol]
    found = entries(store, heads, symbols=wanted, candidates=symbol is None, latest_among=kept)
    return [_name_row(entry) for entry in islice(found, newest)]


def _name_row(entry: Entry) -> list[Any]:
    after = entry.followed
    action = entry.seen.get("action")
    own = {
        "day": entry.head.day,
        "symbol": entry.symbol,
        "cell": entry.cell or "?",
        "candidate": "yes" if entry.candidate else "no",
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
