"""How fast LibreOffice recalculates 10,000 formulas of ours, beside 10,000 of its own.

Run with ``pytest -m benchmark tests/benchmarks/libreoffice.py -s``.
"""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from tests.e2e.test_libreoffice import WHY_NOT, Office

pytestmark = [pytest.mark.benchmark, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)]

CELLS = 10_000
LIMIT = 1.5


def test_ten_thousand_cells(tmp_path: Path) -> None:
    """10,000 cells through the extension and the function server in under 1.5 s."""
    office = Office(tmp_path)
    try:
        office.set_up()
        took = {}
        for name, text in {
            "LibreOffice's own  =A1/B1": "=A{0}/B{0}",
            "numbers  =VRP_RATIO(A1;B1)": "=VRP_RATIO(A{0};B{0})",
            "store    =VRP_CELL(C1)": "=VRP_CELL(C{0})",
        }.items():
            office.do("open")
            office.do(
                "fill", cells=f"A1:C{CELLS}",
                formulas=[[str(20 + i % 30), "18", "SPY"] for i in range(CELLS)],
            )  # fmt: skip
            office.do(
                "fill", cells=f"D1:D{CELLS}",
                formulas=[[text.format(i + 1)] for i in range(CELLS)],
            )  # fmt: skip
            took[name] = statistics.median(office.do("recalculate") for _ in range(5))
            print(f"{name:<28} {CELLS:,} cells  {took[name]:.3f} s")
        assert max(took.values()) < LIMIT
    finally:
        office.end()
        office.stop_server()
