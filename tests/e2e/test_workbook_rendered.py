"""The workbook in LibreOffice: its rules are evaluated, its pages print."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.excel.scans import desk_scan, scan_of
from vrp_xl.core.rules import STANDARD
from vrp_xl.excel.styles import BAD, GOOD, LETTERS
from vrp_xl.excel.workbook import write_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from vrp_xl.workflow.scan import Scan

SOFFICE = shutil.which("soffice")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed"),
]


def converted(scan: Scan, folder: Path, kind: str) -> Path:
    """The workbook of `scan`, converted by an office with a profile of its own."""
    source = write_workbook(scan, folder / "scan.xlsx")
    profile = (folder / "profile").as_uri()
    subprocess.run(
        [str(SOFFICE), f"-env:UserInstallation={profile}", "--headless", "--norestore",
         "--convert-to", kind, "--outdir", str(folder), str(source)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    target = folder / f"scan.{kind}"
    assert target.exists()
    return target


def cells(html: str) -> list[tuple[str, str]]:
    """(markup, text) of every table cell."""
    found = re.findall(r"<td([^>]*)>(.*?)</td>", html, re.DOTALL | re.IGNORECASE)
    return [
        (attributes + inner, re.sub(r"<[^>]+>", "", inner).strip()) for attributes, inner in found
    ]


def fills(html: str, symbol: str, ahead: int) -> str:
    """The markup of the cell `ahead` places after the first one that holds `symbol`."""
    every = cells(html)
    at = next(n for n, (_, text) in enumerate(every) if text == symbol)
    return every[at + ahead][0].upper()


def test_letters_and_thresholds_are_coloured(tmp_path: Path) -> None:
    """LibreOffice gives each letter its fill, and colours z by the cells of Settings."""
    html = converted(desk_scan(), tmp_path, "html").read_text("utf-8", "replace")
    for symbol, letter in {"SPY": "A", "NVDA": "B", "GLD": "C", "XLE": "D"}.items():
        markup = fills(html, symbol, 1)
        assert f'BGCOLOR="{LETTERS[letter]["bg_color"]}"' in markup
        assert LETTERS[letter]["font_color"].upper() in markup or letter in "BC"
    every = [(markup.upper(), text) for markup, text in cells(html)]
    assert any(text == "+1.34" and GOOD["font_color"] in markup for markup, text in every)
    assert any(text == "-1.34" and BAD["font_color"] in markup for markup, text in every)
    assert not any(text == "+0.42" and GOOD["font_color"] in markup for markup, text in every)
    assert "###" not in html
    assert "#NAME?" not in html


def test_a_changed_threshold_moves_the_colour(tmp_path: Path) -> None:
    """With z_min at 1.3 a z of 1.20 is no longer coloured as high."""
    scan = desk_scan(STANDARD.with_values({"z_min": 1.3}))
    html = converted(scan, tmp_path, "html").read_text("utf-8", "replace")
    every = [(markup.upper(), text) for markup, text in cells(html)]
    assert any(text == "+1.34" and GOOD["font_color"] in markup for markup, text in every)
    assert not any(text == "+1.20" and GOOD["font_color"] in markup for markup, text in every)


@pytest.mark.parametrize("scan", [desk_scan(sample=True), scan_of([])], ids=["desk", "empty"])
def test_it_prints(scan: Scan, tmp_path: Path) -> None:
    """The workbook becomes a PDF."""
    assert converted(scan, tmp_path, "pdf").read_bytes().startswith(b"%PDF")
