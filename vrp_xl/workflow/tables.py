"""The scan as CSV. Text that a spreadsheet would take for a formula is made harmless."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from vrp_xl.workflow.columns import COLUMNS, flat

if TYPE_CHECKING:
    from typing import TextIO

    from vrp_xl.workflow.scan import Scan

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(value: Any) -> Any:
    """Text that starts like a formula gets an apostrophe in front; numbers stay numbers.

    >>> harmless("=1+1"), harmless("iron_condor"), harmless(-2.5)
    ("'=1+1", 'iron_condor', -2.5)
    """
    if isinstance(value, str) and value.startswith(_STARTS):
        return "'" + value
    return value


def write_csv(scan: Scan, out: TextIO) -> None:
    """Writes every symbol, candidates first; blank is what is missing.

    The last columns tell what failed: a symbol without figures has a row with its reason.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(column.name for column in COLUMNS), "sample", "error"])
    for row in scan.rows:
        values = [_text(flat(row, column)) for column in COLUMNS]
        writer.writerow([*values, _text(row.snapshot.sample), ""])
    blanks = [""] * (len(COLUMNS) - 1)
    for failure in scan.failed:
        error = harmless(f"{failure.error}: {failure.why}")
        writer.writerow([harmless(failure.symbol), *blanks, _text(scan.sample), error])


def _text(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return harmless(value)
