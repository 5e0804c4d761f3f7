"""The desk workbook in LibreOffice: every sheet prints as it was computed."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from vrp_xl.excel.desk import desk_book
from vrp_xl.excel.frozen_copy import values_only
from vrp_xl.excel.layout import SHEETS
from vrp_xl.excel.styles import LETTERS

if TYPE_CHECKING:
    from pathlib import Path

SOFFICE = shutil.which("soffice")
NEVER = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"
 xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode"
 oor:op="fuse"><value>1</value></prop></item></oor:items>
"""
"""A profile that recalculates nothing when it loads a file."""

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed"),
]


def converted(source: Path, kind: str, *, options: str = "") -> Path:
    """`source` in another format, by an office with a profile of its own."""
    profile = source.parent / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(NEVER, encoding="utf-8")
    subprocess.run(
        [str(SOFFICE), f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore",
         "--convert-to", kind + options, "--outdir", str(source.parent), str(source)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    target = source.with_suffix(f".{kind}")
    assert target.exists()
    return target


def test_every_sheet_prints(tmp_path: Path) -> None:
    """The whole workbook becomes a document with a page for each sheet."""
    book = desk_book(tmp_path / "desk.xlsx", vba_project=None)
    one_each = ':calc_pdf_Export:{"SinglePageSheets":{"type":"boolean","value":"true"}}'
    data = converted(book, "pdf", options=one_each).read_bytes()
    assert data.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", data)) >= len(SHEETS)


def test_computed_values_show(tmp_path: Path) -> None:
    """What Protected View would show: letters with their colours, no error but missing figures."""
    book = desk_book(tmp_path / "desk.xlsx", vba_project=None)
    plain = tmp_path / "plain.xlsx"
    plain.write_bytes(values_only(book.read_bytes()))
    html = converted(plain, "html").read_text("utf-8", "replace")
    for word in ("SELL jade lizard, 1.75x", "SAMPLE: invented figures", "Premium Paradise",
                 "6 candidates among 12 scanned", "55 % of the credit is earned"):  # fmt: skip
        assert word in html
    shown = set(re.findall(r"#(?:N/A|NAME\?|VALUE!|REF!|NUM!|DIV/0!|SPILL!)", html))
    described = {"#VALUE!", "#NUM!", "#N/A"}  # the Help sheet names them
    assert shown <= described
    for letter in "ABCD":
        fill = LETTERS[letter]["bg_color"]
        assert re.search(rf'bgcolor="{fill}"[^>]*>(?:<[^>]+>)*{letter}<', html, re.IGNORECASE)
