"""Formats read back from a workbook file."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from vrp_xl.errors import InputError
from vrp_xl.excel.files import DESK, built
from vrp_xl.excel.formats import ConditionalRule, formats_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A workbook with formats of every kind that is read."""
    path = tmp_path / "made.xlsx"
    with xlsxwriter.Workbook(path) as book:
        first, second = book.add_worksheet("Scan"), book.add_worksheet("My notes")
        signed, percent = book.add_format({"num_format": "+0.00"}), book.add_format({
            "num_format": 10})  # fmt: skip
        for row in range(3, 8):
            first.write_number(row, 1, 1.5, signed)
            first.write_blank(row, 2, None, percent)
        first.write_number(9, 1, 1.5, signed)
        first.write_string(0, 0, "plain")
        letter = book.add_format({"bg_color": "#0072B2", "font_color": "#FFFFFF", "bold": True})
        quiet = book.add_format({"italic": True})
        rule = {"type": "formula", "criteria": '=$B4="A"', "format": letter, "stop_if_true": True}
        first.conditional_format("B4:B8", {**rule, "multi_range": "B4:B8 D4:D8"})
        first.conditional_format(
            "C4:C8", {"type": "cell", "criteria": "between", "minimum": 1, "maximum": 2,
                      "format": quiet},
        )  # fmt: skip
        first.conditional_format("E4:E8", {"type": "data_bar", "bar_color": "#B5D8EE"})
        first.conditional_format("F4:F8", {"type": "2_color_scale"})
        second.write_string(0, 0, "x")
    return path


def test_conditional_formats_are_read_by_priority(made):
    """Formula, comparison and bar come with their look; what cannot be put back is left out."""
    scan, notes = formats_of(made)
    assert scan.sheet == "Scan"
    assert scan.rules == (
        ConditionalRule("B4:B8 D4:D8", "expression", ('$B4="A"',), "", "#0072B2", "#FFFFFF",
                        bold=True, stop=True),
        ConditionalRule("C4:C8", "cell", ("1", "2"), "between", italic=True),
        ConditionalRule("E4:E8", "bar", fill="#B5D8EE"),
        ConditionalRule("F4:F8", "scale", scale=("#FF7128", "#FFEF9C")),
    )  # fmt: skip
    assert (notes.sheet, notes.rules, notes.numbers) == ("My notes", (), ())


def test_number_formats_are_read_in_runs(made):
    """Cells of one format below each other are one area; General is nobody's choice."""
    scan, _ = formats_of(made)
    assert sorted(scan.numbers) == [("B10:B10", "+0.00"), ("B4:B8", "+0.00"), ("C4:C8", "0.00%")]


def test_what_is_no_workbook_is_told(tmp_path):
    """A file that cannot be read names itself."""
    path = tmp_path / "x.xlsm"
    with pytest.raises(InputError, match=r"x\.xlsm"):
        formats_of(path)
    path.write_bytes(b"no workbook")
    with pytest.raises(InputError, match="cannot be read"):
        formats_of(path)


def test_the_desk_has_every_kind_of_rule():
    """Nothing that the built desk shows is lost when its formats are put back: scales, errors."""
    with zipfile.ZipFile(built(DESK)) as file:
        sheets = [name for name in file.namelist() if name.startswith("xl/worksheets/s")]
        in_file = sum(file.read(name).decode().count("<cfRule ") for name in sheets)
    read = [rule for sheet in formats_of(built(DESK)) for rule in sheet.rules]
    assert len(read) == in_file
    scales = [rule for rule in read if rule.kind == "scale"]
    assert scales
    assert all(len(rule.scale) in (2, 3) for rule in scales)
