"""Writes a finished scan as a workbook: Scan, Plan, Matrix and Settings, filled with values.

Equal scans give equal bytes. Nothing of the machine and nothing secret goes into the file, and
text from outside stays text. May read the scan only; fetches and decides nothing.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from vrp_xl.excel import sheet_matrix, sheet_plan, sheet_scan, sheet_settings, styles
from vrp_xl.excel.writing import new_book, put_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from xlsxwriter.worksheet import Worksheet

    from vrp_xl.workflow.scan import Scan


def write_workbook(scan: Scan, path: Path) -> Path:
    """Writes `scan` to `path`; what stands there is replaced only once the new file is complete.

    Args:
        scan: the finished scan; it may have no row at all.
        path: the file, .xlsx.

    Returns:
        `path`.

    Raises:
        InputError: the file cannot be written there.
    """
    return put_workbook(path, workbook_bytes(scan))


def workbook_bytes(scan: Scan) -> bytes:
    """The workbook of `scan` as the bytes of an .xlsx file."""
    target = io.BytesIO()
    book = new_book(target)
    made = styles.Styles(book)
    book.set_size(2400, 1400)
    book.set_properties(
        {
            "title": "VRP morning scan" + (" (SAMPLE)" if scan.sample else ""),
            "subject": sheet_scan.facts(scan),
            "author": "vrp_xl",
            "created": scan.scanned_at,
        }
    )
    sheets = [
        book.add_worksheet(name)
        for name in (sheet_scan.SHEET, sheet_plan.SHEET, sheet_matrix.SHEET, sheet_settings.SHEET)
    ]
    colours = (styles.BLUE, styles.NAVY, "#E69F00", styles.GREY)
    for sheet, colour in zip(sheets, colours, strict=True):
        sheet.set_tab_color(colour)
        _page(sheet, scan)
    sheet_settings.write_settings(book, sheets[3], made, scan)
    sheet_scan.write_scan(sheets[0], made, scan)
    sheet_plan.write_plan(sheets[1], made, scan, sheet_scan.facts(scan))
    sheet_matrix.write_matrix(book, sheets[2], made, scan, sheet_scan.facts(scan))
    book.close()
    return target.getvalue()


def _page(sheet: Worksheet, scan: Scan) -> None:
    """What all sheets share: paper, margins, footer, zoom."""
    sheet.hide_gridlines(2)
    sheet.set_zoom(90)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.6)
    as_of = scan.as_of
    when = "no figures" if as_of is None else f"As of {sheet_scan.moment_words(as_of)} New York"
    source = styles.clean(scan.source)[:40].translate(
        {ord("&"): "&&", ord("["): "(", ord("]"): ")"}
    )
    middle = f'&C&"Arial,Bold"{styles.SAMPLE_WORDS}' if scan.sample else ""
    sheet.set_footer(f"&L&8{when}, source {source}{middle}&R&8&A, page &P of &N")
