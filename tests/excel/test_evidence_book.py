"""The workbook of evidence, read back: sheets, figures, words, print set-up, safety."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import openpyxl
import pytest

from tests.evidence_series import made, written
from vrp_xl.core.rules import STANDARD
from vrp_xl.errors import InputError
from vrp_xl.excel import evidence_book
from vrp_xl.excel import styles as look
from vrp_xl.workflow import evaluate as work

NOW = datetime(2036, 1, 2, 18, 0, tzinfo=UTC)


def report_in(folder, n=1200, names=("ABC",), **change):
    """The report on made histories."""
    pairs = [
        work.Pair(name, *written(folder, made(n, seed=3 + k, symbol=name), f"s{k}"))
        for k, name in enumerate(names)
    ]
    material = work.from_files(pairs, STANDARD, 21, clock=lambda: NOW)
    return work.evaluate(material._replace(**change), STANDARD, "standard", draws=100)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Two symbols, 1,200 days."""
    return report_in(tmp_path_factory.mktemp("book"), names=("ABC", "XYZ"))


@pytest.fixture(scope="module")
def book(report):
    """Its workbook as openpyxl reads it."""
    return openpyxl.load_workbook(io.BytesIO(evidence_book.evidence_bytes(report)))


def rows_of(sheet):
    """First text of a row -> the rows that begin with it."""
    found = {}
    for row in sheet.iter_rows(min_col=2, values_only=True):
        if isinstance(row[0], str):
            found.setdefault(row[0], []).append(row)
    return found


def test_sheets_are_set_for_print(book):
    """Landscape, one page wide, as-of, source and the warning in the footer."""
    assert book.sheetnames == list(evidence_book.SHEETS)
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        footer = sheet.oddFooter
        assert footer.left.text.startswith("As of 2019-10-08, source s0_close.csv")
        assert "not P&" in footer.center.text


@pytest.mark.parametrize("name", ["Groups", "Buckets"])
def test_wide_tables_can_be_read_on_paper(book, name):
    """All columns on a page at 7 points or more; words that need two lines have a row for them."""
    sheet = book[name]
    assert sheet.print_title_rows == "$1:$1"
    widths = [
        kept.width
        for kept in sheet.column_dimensions.values()
        for _ in range(kept.min, kept.max + 1)
    ]
    assert len(widths) == 20
    assert sum(widths) < 210
    long = 0
    for row in sheet.iter_rows(min_row=5, min_col=2, max_col=3):
        words, n = row[0].value, row[1].value
        if isinstance(words, str) and isinstance(n, (int, float)):
            assert row[0].alignment.wrap_text
            wanted = look.lines(words, widths[1])
            long += wanted > 1
            assert (sheet.row_dimensions[row[0].row].height or 15) >= 12 * wanted
    assert long > 0 or name == "Buckets"


def test_every_sheet_says_period_overlap_and_that_it_is_a_proxy(book, report):
    """On its second and third line."""
    for sheet in book:
        assert sheet["B2"].value == report.period
        assert "A proxy, not P&L. Overlapping windows" in sheet["B3"].value


def test_groups_are_the_reports(book, report):
    """Every group of the filters, as numbers."""
    rows = rows_of(book["Groups"])
    for group in report.evidence.groups:
        row = rows[group.title][0]
        assert row[1:5] == pytest.approx((group.n, group.mean, *group.ci))
    assert [row[0] for key in ("ABC", "XYZ") for row in rows[key]] == ["ABC", "XYZ"]


def test_buckets_are_the_reports(book, report):
    """Every bucket once, a blank where there is no day."""
    rows = rows_of(book["Buckets"])
    for groups in report.evidence.buckets.values():
        for group in groups:
            row = next(r for r in rows[group.title] if r[1] == group.n)
            assert row[2] == (None if group.mean is None else pytest.approx(group.mean))


def test_surfaces_show_every_threshold_and_frame_the_ones_in_force(book, report):
    """Counts and means stand at their thresholds; a colour scale, and a sign on every mean."""
    sheet = book["Surfaces"]
    for surface in report.evidence.surfaces:
        corner = next(
            cell for row in sheet.iter_rows() for cell in row
            if isinstance(cell.value, str) and cell.value.startswith(surface.row_name)
            and cell.value.endswith("mean outcome, points")
        )  # fmt: skip
        top, left = corner.row + 1, corner.column
        i, j = surface.rows.index(surface.at[0]), surface.columns.index(surface.at[1])
        cell = sheet.cell(top + 1 + i, left + 1 + j)
        assert cell.value == pytest.approx(surface.mean[i, j])
        assert cell.border.top.style == "medium"
        assert cell.number_format.startswith("+")
        assert sheet.cell(top, left + 1 + j).value == surface.at[1]
        assert sheet.cell(top + 1 + i, left).value == surface.at[0]
    scales = [rule for area in sheet.conditional_formatting for rule in area.rules]
    assert len(scales) == 8
    assert {rule.type for rule in scales} == {"colorScale"}


def test_charts_have_their_intervals(report):
    """Four charts; bars with error bars at both ends, one line per group over the years."""
    data = io.BytesIO(evidence_book.evidence_bytes(report))
    with zipfile.ZipFile(data) as archive:
        charts = [
            archive.read(name).decode()
            for name in archive.namelist()
            if re.fullmatch(r"xl/charts/chart\d+\.xml", name)
        ]
    assert len(charts) == 4
    assert sum("<c:errBars>" in chart for chart in charts) == 3
    (lines,) = [chart for chart in charts if "<c:lineChart>" in chart]
    assert lines.count("<c:ser>") == 4


def test_the_summary_gives_verdicts_before_figures(book, report):
    """Each question twice: first with its verdict, then with what that rests on."""
    told = [row[:2] for rows in [book["Summary"].iter_rows(min_col=2, values_only=True)]
            for row in rows]  # fmt: skip
    heads = [row[0] for row in told]
    start, rest = heads.index("Verdicts"), heads.index("What they rest on")
    found = work.answers(report)
    assert told[start + 1 : rest] == [(a.question, a.verdict) for a in found]
    assert told[rest + 1 : rest + 1 + len(found)] == [(a.question, a.figures) for a in found]


def test_equal_reports_give_equal_bytes_and_no_formula(report, tmp_path):
    """Text from outside stays text, also where it looks like a formula."""
    assert evidence_book.evidence_bytes(report) == evidence_book.evidence_bytes(report)
    other = report_in(tmp_path, n=300, notes=("=1+1", "+cmd"), source="a&b[c].csv")
    path = evidence_book.write_evidence(other, tmp_path / "e.xlsx")
    found = openpyxl.load_workbook(path)
    assert all(c.data_type != "f" for s in found for row in s.iter_rows() for c in row)
    assert "=1+1" in [row[1] for row in rows_of(found["Summary"])["Note"]]
    assert found["Groups"].oddFooter.left.text.endswith("source a&&b(c).csv")


def test_a_short_history_makes_a_workbook_too(tmp_path):
    """Blank where nothing is known; the charts that have figures."""
    book = openpyxl.load_workbook(
        io.BytesIO(evidence_book.evidence_bytes(report_in(tmp_path, n=150)))
    )
    assert rows_of(book["Groups"])["all days"][0][3] is None


def test_a_place_that_cannot_be_written_is_told(report, tmp_path):
    """And nothing is left behind."""
    with pytest.raises(InputError, match="cannot be written"):
        evidence_book.write_evidence(report, tmp_path / "no" / "e.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "a\x00\x1b&[x]"])
def test_names_never_become_formulas_or_links(tmp_path, bad):
    """A symbol, a file's name and a note are text, whatever they begin with."""
    held = report_in(tmp_path, n=400, names=("ABC", "XYZ"), inputs=(bad,), source=bad,
                     notes=(bad, "http://x.y"))  # fmt: skip
    each = tuple(replace_name(o, bad) for o in held.evidence.by_symbol)
    data = evidence_book.evidence_bytes(
        replace(held, evidence=replace(held.evidence, by_symbol=each))
    )
    found = openpyxl.load_workbook(io.BytesIO(data))
    cells = [cell for sheet in found for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert not [cell.coordinate for cell in cells if cell.hyperlink is not None]
    clean = bad.replace("\x00", "").replace("\x1b", "")
    seen = [re.sub(r"\W", "", str(cell.value)) for cell in cells]
    assert seen.count(re.sub(r"\W", "", clean)) >= 4
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert not [name for name in packed.namelist() if "externalLink" in name]


def replace_name(each, name):
    """The line of a symbol under another name."""
    return each._replace(symbol=name)


def test_a_file_in_use_is_left_as_it_was(report, tmp_path):
    """A folder stands in its place: a sentence, no scrap; a file is replaced whole."""
    (tmp_path / "taken.xlsx").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        evidence_book.write_evidence(report, tmp_path / "taken.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.xlsx"]
    good = tmp_path / "e.xlsx"
    good.write_bytes(b"old")
    evidence_book.write_evidence(report, good)
    assert good.read_bytes() == evidence_book.evidence_bytes(report)
