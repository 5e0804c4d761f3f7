"""The journal as a file: CSV, a workbook or JSON. Text never becomes a formula.

Writes one file beside its place and moves it there, so that a failure leaves what was there.
"""

from __future__ import annotations

import csv
import json
import os
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from vrp_xl.errors import InputError
from vrp_xl.workflow.tables import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from vrp_xl.workflow.lookback import Entry

    Rows = Iterable[list[Any]]


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


SHEET_ROWS = 1_048_575
"""Rows that a sheet holds below its header."""


def write(path: Path, rows: Rows) -> int:
    """Writes rows of `TABLE_COLUMNS` to `path`, whose ending says how; returns how many.

    Raises:
        InputError: the file cannot be written, or a sheet cannot hold so many rows.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        count = WRITERS[path.suffix.lower()](fresh, rows)
        fresh.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Close it where it is open, or choose another place.",
        ) from error
    finally:
        fresh.unlink(missing_ok=True)
    return count


def plain(value: Any) -> Any:
    """A value in plain types: times are UTC texts."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _csv(path: Path, rows: Rows) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(TABLE_COLUMNS)
        for count, row in enumerate(rows, 1):  # noqa: B007 (the last one counts)
            writer.writerow([_text(plain(value)) for value in row])
    return count


def _text(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return harmless(value)


def _json(path: Path, rows: Rows) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for count, row in enumerate(rows, 1):
            values = dict(zip(TABLE_COLUMNS, map(plain, row), strict=True))
            file.write(("," if count > 1 else "") + "\n" + json.dumps(values, allow_nan=False))
        file.write("\n]\n")
    return count


def _xlsx(path: Path, rows: Rows) -> int:
    import xlsxwriter  # noqa: PLC0415 (heavy)

    book = xlsxwriter.Workbook(
        str(path),
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    book.set_properties({"title": "VRP journal", "author": "vrp_xl"})
    sheet = book.add_worksheet("Journal")
    bold = book.add_format({"bold": True, "bottom": 1})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.set_column(0, len(TABLE_COLUMNS) - 1, 12)
    sheet.freeze_panes(1, 6)
    for column, name in enumerate(TABLE_COLUMNS):
        sheet.write_string(0, column, name, bold)
    count = 0
    for count, row in enumerate(rows, 1):
        if count > SHEET_ROWS:
            raise InputError(
                f"A sheet holds {SHEET_ROWS:,} rows, and the journal has more.",
                "Export to .csv, or name --symbol, --since or --candidates.",
            )
        for column, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, bool):
                sheet.write_boolean(count, column, value)
            elif isinstance(value, (int, float)):
                sheet.write_number(count, column, value)
            elif isinstance(value, date) and not isinstance(value, datetime):
                sheet.write_datetime(count, column, value, day)
            else:
                sheet.write_string(count, column, str(plain(value))[:32_000])
    sheet.autofilter(0, 0, max(count, 1), len(TABLE_COLUMNS) - 1)
    book.close()
    return count


WRITERS: dict[str, Callable[[Path, Rows], int]] = {".csv": _csv, ".json": _json, ".xlsx": _xlsx}
"""Ending of a file -> what writes it."""
