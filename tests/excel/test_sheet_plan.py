"""The Plan sheet, read back: a line per candidate, the others with their reason, one page wide."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from tests.excel.scans import desk_scan, row, scan_of, snapshot
from vrp_xl.core.edge import Edge, caution
from vrp_xl.core.exit_plan import exit_plan
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.sizing import Sized
from vrp_xl.excel import sheet_plan, sheet_scan
from vrp_xl.excel.workbook import workbook_bytes
from vrp_xl.store.database import Store
from vrp_xl.workflow.scan import concluded

if TYPE_CHECKING:
    from pathlib import Path

    from vrp_xl.workflow.scan import Scan

FIRST = sheet_plan.FIRST_ROW + 1
PAPER_WIDTH = 200
"""Characters of Arial 10 that a landscape page takes at 70 % of their size: still 7 points."""


def plan_of(scan: Scan) -> Any:
    """The Plan sheet of `scan` as openpyxl reads it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(Unknown|Conditional Formatting) extension")
        return openpyxl.load_workbook(io.BytesIO(workbook_bytes(scan)))[sheet_plan.SHEET]


def lines(sheet: Any) -> list[dict[str, Any]]:
    """The table by its headings, a row each."""
    table = sheet.iter_rows(min_row=FIRST - 1, values_only=True)
    head = [name for name in next(table) if name]
    return [dict(zip(head, values, strict=False)) for values in table]


def test_a_line_for_each_candidate() -> None:
    """What to sell, at which strikes, how big, and when to get out, in the order of the scan."""
    scan = desk_scan()
    found = lines(plan_of(scan))
    assert scan.candidates
    for line, kept in zip(found, scan.candidates, strict=False):
        s, d = kept.snapshot, kept.decision
        assert d.structure is not None
        assert d.strikes is not None
        assert (line["Symbol"], line["Cell"], line["Size"]) == (s.symbol, d.cell, d.size)
        assert line["z"] == pytest.approx(s.z_score)
        assert line["Structure"] == d.structure.title
        assert line["Strikes"] == "\n".join(leg.words for leg in d.strikes.legs)
        assert isinstance(line["Expiry"], datetime)
        assert line["Expiry"].date() == d.strikes.expiry
        exits = exit_plan(d, kept.rules, flip=s.gamma_flip)
        assert line["Get out"] == "\n".join(exits)
        assert any("profit" in words for words in exits)


def test_the_others_stand_below_with_their_reason() -> None:
    """Every name that is no candidate, in the order of the scan; many are only counted."""
    scan = desk_scan()
    found = [line["Symbol"] for line in lines(plan_of(scan))]
    rest = [r for r in scan.rows if not r.decision.candidate]
    at = len(scan.candidates)
    assert found[at : at + 1 + len(rest)] == ["Left out", *(r.snapshot.symbol for r in rest)]
    sheet = plan_of(scan)
    for n, kept in enumerate(rest, start=FIRST + at + 1):
        why = "; ".join(kept.decision.why) or kept.decision.status
        assert sheet.cell(n, 4).value == why
        assert sheet.cell(n, 2).value == kept.decision.sign
    many = scan_of([row(snapshot(f"N{n:03}", z_score=-2.0)) for n in range(70)])
    told = [line["Symbol"] for line in lines(plan_of(many))]
    assert told[0] == "No candidate this morning."
    assert told[-1] == "10 more on the Scan sheet"


def test_a_sale_without_an_edge_says_so_on_paper() -> None:
    """The caution leads what the trade asks for; a trade that pays has none."""
    first, second, *rest = desk_scan().rows
    poor = Edge(credit=981.0, value_30=984.0, value_90=927.0, loss=369.0, loss_kind="maximum",
                structure="iron_fly")  # fmt: skip
    rows = (replace(first, edge=poor), replace(second, edge=replace(poor, value_30=900.0)), *rest)
    found = lines(plan_of(replace(desk_scan(), rows=rows)))
    told, *exits = found[0]["Get out"].split("\n")
    assert told == caution(poor)
    assert tuple(exits) == exit_plan(first.decision, first.rules, flip=first.snapshot.gamma_flip)
    assert "edge" not in found[1]["Get out"]


def test_contracts_stand_there_where_the_account_is_known() -> None:
    """With what limits them; without the account there is no such column."""
    assert "Contracts" not in lines(plan_of(desk_scan()))[0]
    rules = STANDARD.with_values({"equity": 100_000.0})
    scan = desk_scan(rules)
    kept = replace(scan.rows[0], sized=Sized(3, 1_005.0, ("cap_a of 20 % of equity leaves 1,100",)))
    scan = replace(scan, rows=(kept, *scan.rows[1:]))
    line = lines(plan_of(scan))[0]
    assert line["Contracts"] == (
        "3 contracts, 1,005 USD at risk (cap_a of 20 % of equity leaves 1,100)"
    )


def test_what_limits_the_contracts_is_told_in_the_notices(tmp_path: Path) -> None:
    """A line each above the table, as the terminal has them."""
    scan = desk_scan(STANDARD.with_values({"equity": 100_000.0}))
    with Store(tmp_path / "store.sqlite3") as store:
        scan = concluded(store, scan)
    told = plan_of(scan).cell(sheet_plan.NOTICE_ROW + 1, 1).value
    assert told.split("\n") == list(scan.notices)


@pytest.mark.parametrize("equity", [None, 100_000.0])
def test_it_prints_on_one_page_across(equity: float | None) -> None:
    """Landscape, the headings on each page, all columns, none too small to read."""
    scan = desk_scan(STANDARD.with_values({"equity": equity}))
    sheet = plan_of(scan)
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (None, 0)
    assert sheet.print_title_rows == f"$1:${FIRST - 1}"
    area = re.sub(r"^.*!", "", sheet.print_area).replace("$", "")
    left, top, right, bottom = range_boundaries(area)
    assert (left, top) == (1, 1)
    assert right == len(sheet_plan.places(scan))
    assert bottom == FIRST + len(scan.rows)
    assert sum(place.width for place in sheet_plan.places(scan)) < PAPER_WIDTH


def test_the_scan_prints_its_decisions_and_their_edge() -> None:
    """Not all columns: those of the first two bands, at a size that can be read."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(Unknown|Conditional Formatting) extension")
        book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(desk_scan())))
    area = re.sub(r"^.*!", "", book[sheet_scan.SHEET].print_area).replace("$", "")
    _, _, right, _ = range_boundaries(area)
    printed = sheet_scan.PLACES[:right]
    bands = [place for _, _, places in sheet_scan.GROUPS[:2] for place in places]
    assert list(printed) == bands
    assert sum(place.width for place in printed) < PAPER_WIDTH


def test_nothing_scanned_is_said() -> None:
    """And figures that are old are grey, as on the Scan sheet."""
    assert lines(plan_of(scan_of([])))[0]["Symbol"] == "No symbol has figures."
    old = scan_of([row(snapshot("SPY"), stale=True)])
    assert plan_of(old).cell(FIRST, 1).font.italic
    assert not plan_of(scan_of([row(snapshot("SPY"))])).cell(FIRST, 1).font.italic


@pytest.mark.parametrize("hostile", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "a\nb\x00c"])
def test_text_from_outside_stays_text(hostile: str) -> None:
    """A reason or a notice is never a formula."""
    scan = desk_scan()
    first = scan.rows[-1]
    bad = replace(first, decision=replace(first.decision, why=(hostile,), candidate=False))
    sheet = plan_of(replace(scan, rows=(*scan.rows[:-1], bad), notices=(hostile,)))
    kinds = {c.data_type for line in sheet.iter_rows() for c in line}
    assert "f" not in kinds
    assert sheet.cell(sheet_plan.NOTICE_ROW + 1, 1).data_type == "s"
