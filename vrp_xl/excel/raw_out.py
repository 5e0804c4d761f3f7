"""A finished scan as the raw block of the desk workbook: values only, missing stays empty.

The other way round of `vrp_xl.excel.raw`: what is written here, `raw.decide_table` reads, and
comes to the same decisions as the scan. May read a scan; writes nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from vrp_xl.core.calendar import NEW_YORK
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.excel.layout import RAW_BLOCK
from vrp_xl.excel.raw import term_words
from vrp_xl.excel.sheet_scan import quota_words
from vrp_xl.excel.styles import clean
from vrp_xl.workflow.columns import BY_NAME, flat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.workflow.scan import Row, Scan

TEXT_MOST = 1000
"""Longer text says nothing more in a cell."""

_SCORES = {f"score_{name}": name for name in STRUCTURES}


def raw_row(row: Row) -> list[Any]:
    """One symbol as a row of `RAW_BLOCK`: numbers, text, dates and flags; None is missing.

    Times are New York's, without a zone, as a cell holds them. Text is text: whoever puts it into
    a sheet must see to it that it stays so.
    """
    return [_plain(_value(row, name)) for name in RAW_BLOCK]


def _value(row: Row, name: str) -> Any:
    snapshot = row.snapshot
    if name in _SCORES:
        return snapshot.scores.get(_SCORES[name])
    if name == "iv_term":
        return term_words(snapshot)
    if name == "warnings":  # those of the source; the decision's own are made anew
        return "; ".join(w.replace(";", ",") for w in snapshot.warnings) or None
    if name == "missing":
        return missing_words(snapshot)
    if hasattr(snapshot, name):
        return getattr(snapshot, name)
    return flat(row, BY_NAME[name])


def missing_words(snapshot: Snapshot) -> str | None:
    """Why figures are missing.

    Where the z-score is, its reason alone: nothing is decided without it, and the decision quotes
    this cell. Otherwise every reason with its field.
    """
    if snapshot.z_score is None:
        return snapshot.missing.get("z_score")
    shown = [
        f"{name}: {why}"
        for name, why in snapshot.missing.items()
        if name in RAW_BLOCK and getattr(snapshot, name, None) is None
    ]
    return "; ".join(shown) or None


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)[:TEXT_MOST] or None
    if isinstance(value, datetime):
        return new_york(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)  # the one kind of number that a cell holds
    return value


def new_york(moment: datetime) -> datetime:
    """A moment as a cell shows it: New York time without a zone, to the second."""
    return moment.astimezone(NEW_YORK).replace(tzinfo=None, microsecond=0)


def facts_of(
    scan: Scan, *, refreshed: datetime | None = None, notices: Sequence[str] = ()
) -> dict[str, str | bool | date | None]:
    """What `layout.FACTS` names, of this scan; None is not known.

    Args:
        scan: the finished scan.
        refreshed: when the refresh ended; the present by default.
        notices: sentences beside those of the scan.
    """
    newest = max(scan.rows, key=lambda row: row.snapshot.as_of, default=None)
    market = newest.snapshot.market_open if newest is not None else None
    told = [*notices, *scan.notices]
    failed = [f"{f.symbol}: {f.why}" for f in scan.failed]
    return {
        "as_of": new_york(scan.as_of) if scan.as_of is not None else None,
        "market": {True: "market open", False: "market closed", None: None}[market],
        "source": scan.source,
        "sample": scan.sample,
        "quota": _text(quota_words(scan.quota) if scan.quota is not None else ""),
        "refreshed": new_york(refreshed or datetime.now(UTC)),
        "notices": _text("; ".join(told)),
        "failed": _text("; ".join(failed)),
    }


def _text(words: str) -> str | None:
    return clean(words)[:TEXT_MOST] or None
