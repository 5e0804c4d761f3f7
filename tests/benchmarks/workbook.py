"""How fast a scan of 500 symbols becomes a workbook.

    python tests/benchmarks/workbook.py

Beside it, in the same run: XlsxWriter writing the same cells plain, without formats, rules, notes,
charts or inputs.
"""

from __future__ import annotations

import argparse
import io
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import xlsxwriter

sys.path.insert(0, str(Path(__file__).parents[2]))
from vrp_xl.core.rules import STANDARD
from vrp_xl.excel.workbook import workbook_bytes
from vrp_xl.sources.base import Fetched
from vrp_xl.sources.sample.names import SYMBOLS
from vrp_xl.sources.sample.source import SampleSource
from vrp_xl.store.database import Store
from vrp_xl.workflow.refresh import refresh
from vrp_xl.workflow.scan import Scan, run_scan

NOW = datetime(2026, 11, 17, 21, 30, tzinfo=UTC)


def scan_of(count: int) -> Scan:
    """A scan of made-up names like those of the sample market."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s.sqlite3") as store:
        refresh(SampleSource(NOW), store, SYMBOLS, clock=lambda: NOW)
        patterns = list(store.latest_many("sample").values())
        names = [f"N{n:04d}" for n in range(count)]
        store.save_all(
            Fetched(
                patterns[n % len(patterns)].replace(
                    symbol=name, source="folder", z_score=round(chance.gauss(0.5, 1.1), 2)
                )
            )
            for n, name in enumerate(names)
        )
        return run_scan(store, "folder", names, STANDARD, now=NOW)


def cells_of(data: bytes) -> list[tuple[str, list[tuple[int, int, object]]]]:
    """Every filled cell of a workbook, by sheet."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    return [
        (
            sheet.title,
            [
                (cell.row - 1, cell.column - 1, cell.value)
                for row in sheet.iter_rows()
                for cell in row
                if cell.value is not None
            ],
        )
        for sheet in book.worksheets
    ]


def plain(sheets: list[tuple[str, list[tuple[int, int, object]]]]) -> bytes:
    """The same cells by XlsxWriter alone."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    for name, cells in sheets:
        sheet = book.add_worksheet(name)
        for row, column, value in cells:
            sheet.write(row, column, value)
    book.close()
    return target.getvalue()


def main() -> None:
    """Both in turn, the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    scan = scan_of(given.symbols)
    sheets = cells_of(workbook_bytes(scan))
    mine, other = [], []
    for _ in range(given.rounds):
        start = time.perf_counter()
        data = workbook_bytes(scan)
        middle = time.perf_counter()
        bare = plain(sheets)
        mine.append(middle - start)
        other.append(time.perf_counter() - middle)
    count = sum(len(cells) for _, cells in sheets)
    ratio = statistics.median(a / b for a, b in zip(mine, other, strict=True))
    print(f"{len(scan.rows)} symbols, {count:,} filled cells on {len(sheets)} sheets")
    print(f"  the scan's workbook  {statistics.median(mine):7.3f} s  {len(data) / 1e6:.2f} MB")
    print(f"  XlsxWriter, plain    {statistics.median(other):7.3f} s  {len(bare) / 1e6:.2f} MB")
    print(f"  ratio                {ratio:7.2f} x  (bound 2)")


if __name__ == "__main__":
    main()
