"""The workbook of a scan, read back: values, rules, names, notes, print set-up, safety."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.excel.scans import NOW, desk_scan, row, scan_of, snapshot
from vrp_xl.core.rules import PRESETS, SPECS, STANDARD
from vrp_xl.errors import InputError
from vrp_xl.excel import sheet_matrix, sheet_scan, sheet_settings, styles
from vrp_xl.excel.workbook import workbook_bytes, write_workbook
from vrp_xl.sources.base import Quota
from vrp_xl.workflow.columns import BY_NAME
from vrp_xl.workflow.scan import Failure, Scan

if TYPE_CHECKING:
    from pathlib import Path

FIRST = sheet_scan.FIRST_ROW + 1


def opened(scan: Scan, *, data_only: bool = False) -> Any:
    """The workbook of `scan` as openpyxl reads it."""
    return loaded(io.BytesIO(workbook_bytes(scan)), data_only=data_only)


def loaded(file: Any, *, data_only: bool = False) -> Any:
    """Reads a workbook; openpyxl warns that it does not know the newer data bars."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(Unknown|Conditional Formatting) extension")
        return openpyxl.load_workbook(file, data_only=data_only)


def members(scan: Scan) -> dict[str, str]:
    """Name -> text of every file inside the workbook."""
    with zipfile.ZipFile(io.BytesIO(workbook_bytes(scan))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def cell(sheet: Any, name: str, at: int = FIRST) -> Any:
    """The cell of the Scan sheet in the column of that name."""
    return sheet[f"{sheet_scan.LETTER[name]}{at}"]


def row_of(sheet: Any, symbol: str) -> int:
    """The row in which a symbol stands."""
    for at in range(FIRST, FIRST + 600):
        if cell(sheet, "symbol", at).value == symbol:
            return at
    raise AssertionError(symbol)


def texts(sheet: Any) -> list[str]:
    """Every text of a sheet."""
    return [str(c.value) for line in sheet.iter_rows() for c in line if isinstance(c.value, str)]


@pytest.fixture(scope="module")
def desk() -> Any:
    """The workbook of a full morning."""
    return opened(desk_scan())


def test_the_sheets_come_in_order(desk: Any) -> None:
    """The workbook has Scan, Plan, Matrix and Settings, and opens on Scan."""
    assert desk.sheetnames == ["Scan", "Plan", "Matrix", "Settings"]
    assert desk.active.title == "Scan"


def test_rows_keep_the_order_of_the_scan(desk: Any) -> None:
    """Candidates come first, as the scan has them."""
    scan = desk_scan()
    shown = [cell(desk["Scan"], "symbol", FIRST + n).value for n in range(len(scan.rows))]
    assert shown == [r.snapshot.symbol for r in scan.rows]
    picks = [cell(desk["Scan"], "candidate", FIRST + n).value for n in range(len(scan.rows))]
    assert picks == ["yes"] * len(scan.candidates) + ["no"] * (
        len(scan.rows) - len(scan.candidates)
    )


def test_numbers_are_numbers_with_their_format(desk: Any) -> None:
    """Figures are cells of numbers; signed ones show their sign."""
    at = row_of(desk["Scan"], "SPY")
    for name, value in {"spot": 580.0, "atm_iv": 18.45, "vrp_20d": 6.15, "z_score": 1.34}.items():
        assert cell(desk["Scan"], name, at).value == pytest.approx(value)
        assert cell(desk["Scan"], name, at).data_type == "n"
        show = BY_NAME[name].show
        assert cell(desk["Scan"], name, at).number_format == styles.NUMBER_FORMATS[show]
    assert styles.NUMBER_FORMATS["signed"].startswith("+")


def test_dates_are_dates_and_times_are_of_new_york(desk: Any) -> None:
    """An expiry is a date; the as-of is the clock in New York."""
    at = row_of(desk["Scan"], "SPY")
    assert cell(desk["Scan"], "expiry", at).value == datetime(2026, 4, 17)  # noqa: DTZ001
    assert cell(desk["Scan"], "as_of", at).value == datetime(2026, 3, 5, 9, 30)  # noqa: DTZ001


def test_missing_is_blank_with_its_reason_as_a_note(desk: Any) -> None:
    """A null z-score leaves a blank, not a zero, and the blank says why."""
    at = row_of(desk["Scan"], "ARM")
    for name in ("z_score", "percentile", "structural"):
        assert cell(desk["Scan"], name, at).value is None
        assert cell(desk["Scan"], name, at).comment.text
    assert "41 days" in cell(desk["Scan"], "z_score", at).comment.text
    flip = cell(desk["Scan"], "gamma_flip", row_of(desk["Scan"], "META"))
    assert flip.value is None
    assert "withholds" in flip.comment.text


def test_unknown_gamma_shows_a_question_mark(desk: Any) -> None:
    """Where z or gamma is not known the cell is "?", as on the terminal, and a note says why."""
    for symbol, why in (("META", "gamma regime is not known"), ("ARM", "41 days")):
        shown = cell(desk["Scan"], "cell", row_of(desk["Scan"], symbol))
        assert shown.value == "?"
        assert why in shown.comment.text
    known = cell(desk["Scan"], "cell", row_of(desk["Scan"], "SPY"))
    assert (known.value, known.comment) == ("A", None)


def test_the_sign_of_net_gex_is_marked_on_both_sheets(desk: Any) -> None:
    """A regime that is only the sign of net GEX says so wherever it shows."""
    at = row_of(desk["Scan"], "AMZN")
    assert cell(desk["Scan"], "gamma_basis", at).value == "net GEX"
    assert any("AMZN*" in text for text in texts(desk["Matrix"]))


def test_failed_symbols_are_told_and_are_no_rows(desk: Any) -> None:
    """A symbol without figures stands below the table with its reason and no number."""
    sheet = desk["Scan"]
    at = row_of(sheet, "BRKB")
    assert at > FIRST + len(desk_scan().rows)
    assert "does not know BRKB" in cell(sheet, "yesterday", at).value
    assert all(not isinstance(c.value, (int, float)) for c in sheet[at])


def test_headings_and_first_columns_are_frozen(desk: Any) -> None:
    """The headings stay in sight with symbol and cell."""
    assert desk["Scan"].freeze_panes == f"D{FIRST}"
    assert [c.value for c in desk["Scan"][FIRST - 1]][:3] == ["Pick", "Symbol", "Cell"]


def test_every_heading_has_a_note_with_its_meaning(desk: Any) -> None:
    """The note of a heading says what the column is and its unit."""
    for place in sheet_scan.PLACES:
        column = BY_NAME[place.name]
        note = cell(desk["Scan"], place.name, FIRST - 1).comment.text
        assert column.doc in note
        assert not column.unit or f"Unit: {column.unit}" in note


def test_the_top_says_when_where_and_how_many(desk: Any) -> None:
    """As-of, market, source, age, quota, rules and the count per cell stand at the top."""
    sheet = desk["Scan"]
    facts = sheet["A2"].value
    for words in ("2026-03-05 09:30 New York", "market open", "17 min old", "flashalpha",
                  "4,211 of 5,000 calls left", "rules: standard"):  # fmt: skip
        assert words in facts
    assert [sheet.cell(3, n).value for n in range(1, 6)] == list(desk_scan().counts.values())
    assert "EEM could not be refreshed" in sheet["A4"].value


@pytest.mark.parametrize("sheet", ["Scan", "Plan", "Matrix", "Settings"])
def test_sample_is_loud_on_every_sheet(sheet: str) -> None:
    """A scan of the sample market says SAMPLE in the band and in the footer; no other does."""
    loud, plain = opened(desk_scan(sample=True))[sheet], opened(desk_scan())[sheet]
    assert any("SAMPLE" in text for text in texts(loud))
    assert "SAMPLE" in loud.oddFooter.center.text
    assert not any("SAMPLE" in text for text in texts(plain))


def test_every_rule_is_a_named_input_cell(desk: Any) -> None:
    """Each rule has a defined name that leads to its value on Settings."""
    values = STANDARD.to_dict()
    for name in SPECS:
        place = desk.defined_names[sheet_settings.rule_name(name)].attr_text
        match = re.fullmatch(r"Settings!\$C\$(\d+)", place)
        assert match, place
        at = int(match[1])
        assert desk["Settings"][f"B{at}"].value == name
        assert desk["Settings"][f"C{at}"].value == sheet_settings.shown(values[name])
    block = desk.defined_names[sheet_settings.ALL_RULES].attr_text
    first, last = sheet_settings.FIRST_ROW + 1, sheet_settings.LAST_ROW + 1
    assert block == f"Settings!$B${first}:$C${last}"


def test_every_rule_is_validated_by_its_kind(desk: Any) -> None:
    """Choices and flags are lists, numbers have limits, and each note names the default."""
    found = {}
    for rule in desk["Settings"].data_validations.dataValidation:
        for place in str(rule.sqref).split():
            found[desk["Settings"][f"B{place[1:]}"].value] = rule
    assert set(found) == set(SPECS)
    for name, spec in SPECS.items():
        rule = found[name]
        kinds = {"choice": "list", "flag": "list", "integer": "whole", "number": "decimal"}
        assert rule.type == kinds[spec.kind]
        assert bool(rule.allowBlank) == spec.blank
        if spec.kind == "choice":
            assert rule.formula1 == '"' + ",".join(spec.choices) + '"'
        elif spec.kind != "flag":
            assert float(rule.formula1) == spec.low
            assert float(rule.formula2) == spec.high
        assert "Default" in rule.prompt or len(rule.prompt) == 255
        assert len(rule.promptTitle) <= 32


def test_changed_rules_are_marked_and_named() -> None:
    """Settings tells the preset and what differs from it."""
    book = opened(desk_scan(STANDARD.with_values({"z_min": 1.2})))
    assert any("1 changed from it: z_min" in text for text in texts(book["Settings"]))
    conditions = [
        f for r in book["Settings"].conditional_formatting for x in r.rules for f in x.formula
    ]
    first = sheet_settings.FIRST_ROW + 1
    assert f"$C{first}<>$F{first}" in conditions


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_can_be_written(name: str) -> None:
    """Rules that are blank in a preset leave blanks."""
    rules = PRESETS[name]
    book = opened(desk_scan(rules, preset=name))
    assert book["Settings"]["C3"].value == name


def conditional(sheet: Any) -> list[tuple[str, Any]]:
    """Every (range, rule) of a sheet."""
    return [(str(f.sqref), rule) for f in sheet.conditional_formatting for rule in f.rules]


def test_colours_are_rules_over_whole_columns(desk: Any) -> None:
    """Every colour of the table is a rule that reaches row 5000; no cell is filled by hand."""
    found = conditional(desk["Scan"])
    assert len(found) == len(sheet_scan.COLOURS) + 2
    for place, _ in found:
        assert re.fullmatch(rf"[A-Z]+{FIRST}:[A-Z]+5000", place), place
    for line in desk["Scan"].iter_rows(min_row=FIRST, max_row=FIRST + 13):
        assert all(c.fill.fill_type is None for c in line)


def test_letters_carry_the_palette(desk: Any) -> None:
    """A to D have their fill and ink by rule."""
    letter = sheet_scan.LETTER["cell"]
    found = {
        rule.formula[0]: rule.dxf
        for place, rule in conditional(desk["Scan"])
        if place.startswith(f"{letter}{FIRST}:") and rule.formula
    }
    for name in "ABCD":
        look = found[f'${letter}{FIRST}="{name}"']
        assert look.fill.bgColor.rgb == "FF" + styles.LETTERS[name]["bg_color"][1:]
        assert look.font.color.rgb == "FF" + styles.LETTERS[name]["font_color"][1:]


def test_thresholds_in_rules_are_the_cells_of_settings(desk: Any) -> None:
    """No threshold is written into a colour: each is a name that leads to Settings."""
    used = set()
    for _, rule in conditional(desk["Scan"]):
        for formula in rule.formula:
            used |= set(re.findall(r"\b(?:rule_\w+|scan_day)\b", formula))
            assert not re.search(r"[<>]=?\s*-?\d*[1-9.]", formula), formula
            assert "{" not in formula
            assert "[" not in formula
    assert {"rule_z_min", "rule_z_exit", "rule_spread_min", "rule_flip_warn_pct"} <= used
    for name in used:
        assert desk.defined_names[name].attr_text.startswith("Settings!$C$")


def test_spread_and_z_have_bars_with_an_axis(desk: Any) -> None:
    """Spread and z-score carry data bars; negative ones go the other way in another colour."""
    bars = {place for place, rule in conditional(desk["Scan"]) if rule.type == "dataBar"}
    assert bars == {
        f"{sheet_scan.LETTER[n]}{FIRST}:{sheet_scan.LETTER[n]}5000" for n in ("vrp_20d", "z_score")
    }
    assert "negativeFillColor" in members(desk_scan())["xl/worksheets/sheet1.xml"]


def test_rules_in_force_stand_above_their_columns(desk: Any) -> None:
    """Above z stands z_min as a formula on Settings, with its value stored beside it."""
    place = cell(desk["Scan"], "z_score", sheet_scan.LIMITS_ROW + 1)
    assert "rule_z_min" in place.value
    stored = opened(desk_scan(), data_only=True)
    assert cell(stored["Scan"], "z_score", sheet_scan.LIMITS_ROW + 1).value == 1
    assert cell(stored["Scan"], "percentile", sheet_scan.LIMITS_ROW + 1).value in (None, "")


def test_print_set_up(desk: Any) -> None:
    """Landscape, one page wide, headings on every page, as-of and source in the footer."""
    for sheet in desk.worksheets:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.fitToWidth in (1, None)
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert "As of Thu 2026-03-05 09:30 New York, source flashalpha" in sheet.oddFooter.left.text
        assert sheet.print_area
    assert desk["Scan"].print_title_rows == f"${FIRST - 2}:${FIRST - 1}"


def test_matrix_lists_each_symbol_in_its_box(desk: Any) -> None:
    """A symbol stands in the box of its cell with its z, and in the moves if it moved."""
    found = "\n".join(texts(desk["Matrix"]))
    assert "NVDA A → B" in found
    assert "IWM\N{NO-BREAK SPACE}+3.21" in found
    assert "Cell not known: 2 symbols" in found
    assert "only 41 days of history" in found


def test_chart_has_only_points_that_exist() -> None:
    """Symbols without z or flip are absent from the chart's table, not zero."""
    found = {point.symbol for point in sheet_matrix.points(desk_scan())}
    assert found.isdisjoint({"META", "AMZN", "ARM"})
    assert {"SPY", "NVDA", "XLF"} <= found
    chart = members(desk_scan())["xl/charts/chart1.xml"]
    assert chart.count("<c:ser>") == 4 + 4
    assert "Matrix!" in chart


def test_threshold_lines_follow_settings(desk: Any) -> None:
    """The lines of the chart take z_min, z_exit and flip_warn_pct from Settings."""
    formulas = {text for text in texts(desk["Matrix"]) if text.startswith("=")}
    assert formulas == {"=rule_z_min", "=rule_z_exit", "=rule_flip_warn_pct"}


def test_equal_scans_give_equal_bytes() -> None:
    """The same scan twice is the same file."""
    assert workbook_bytes(desk_scan()) == workbook_bytes(desk_scan())


def test_nothing_of_the_machine_is_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No path, user name or external link gets into the file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USER", "someuser-9171")
    target = write_workbook(desk_scan(), tmp_path / "scan.xlsx")
    with zipfile.ZipFile(target) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode()
            assert str(tmp_path) not in text, name
            assert "someuser-9171" not in text
            assert "externalLink" not in text
            assert 'TargetMode="External"' not in text
    properties = loaded(target).properties
    assert properties.title == "VRP morning scan"
    assert properties.creator == "vrp_xl"
    assert properties.created == NOW.replace(tzinfo=None)


NASTY = ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2", '=HYPERLINK("http://x")', "{=1}",
         "http://example.com", "mailto:a@b", "internal:Sheet1!A1", "\x07\x00bell", 'a&b<c>"',
         "\ud800", "line\nbreak", "&[Picture]&D"]  # fmt: skip


@pytest.mark.parametrize("words", NASTY)
def test_text_from_outside_stays_text(words: str) -> None:
    """What looks like a formula, a link or a control character arrives as plain text."""
    made = row(
        snapshot(words, source=words, vrp_regime=words, warnings=(words,), z_score=1.2,
                 missing={"gamma_flip": words}, gamma_flip=None),
        state="kept", state_why=words,
    )  # fmt: skip
    scan = scan_of(
        [made, row(snapshot("OK", gamma="unknown", net_gex=None, gamma_basis=None))],
        source=words, preset=words, notices=(words,), quota=Quota(plan=words),
        failed=(Failure(words, words, words),),
    )  # fmt: skip
    book = opened(scan)
    ours = {"=SUMPRODUCT", "=IF(rule", "=rule_"}
    for sheet in book.worksheets:
        for line in sheet.iter_rows():
            for place in line:
                assert place.hyperlink is None
                if place.data_type == "f":
                    assert any(str(place.value).startswith(head) for head in ours), place.value
    shown = cell(book["Scan"], "symbol").value
    assert shown == styles.clean(words)
    assert cell(book["Scan"], "symbol").data_type == "s"


@given(st.text(max_size=40))
@settings(max_examples=60)
def test_clean_text_has_no_control_characters(words: str) -> None:
    """Cleaned text is printable, apart from line breaks, and can be encoded."""
    made = styles.clean(words)
    assert all(ch == "\n" or ch.isprintable() for ch in made)
    assert made.encode() is not None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_blank(value: float) -> None:
    """NaN and infinity leave a blank, never a number or an error."""
    book = opened(scan_of([row(snapshot("SPY", iv_rank=value, percentile=value, put_wall=None))]))
    assert cell(book["Scan"], "percentile").value is None


def test_an_empty_scan_is_a_workbook() -> None:
    """Without any row the sheets stand, say so, and name what failed."""
    for scan in (scan_of([]), scan_of([], failed=(Failure("ZZZ", "unknown symbol", "no ZZZ"),))):
        book = opened(scan)
        assert cell(book["Scan"], "symbol").value == "No symbol has figures."
        assert book["Scan"]["A2"].value.startswith("No figures")
        assert any("no chart" in text for text in texts(book["Matrix"]))
        assert not any(isinstance(c.value, float) for c in book["Scan"][FIRST])


def test_one_row_is_a_workbook() -> None:
    """A single symbol gives one row, and one point in the chart."""
    book = opened(scan_of([row(snapshot("SPY"))]))
    assert cell(book["Scan"], "symbol").value == "SPY"
    assert cell(book["Scan"], "symbol", FIRST + 1).value is None
    assert "1 candidate among 1 scanned" in book["Scan"]["F3"].value


def test_five_hundred_rows_are_all_there() -> None:
    """A long watchlist is complete on Scan; Matrix counts what it does not list."""
    rows = [
        row(snapshot(f"S{n:03d}", z_score=round(2.5 - n / 100, 2)), yesterday="ABCD?"[n % 5])
        for n in range(500)
    ]
    book = opened(scan_of(rows))
    shown = {cell(book["Scan"], "symbol", FIRST + n).value for n in range(500)}
    assert shown == {f"S{n:03d}" for n in range(500)}
    assert any("more on the Scan sheet" in text for text in texts(book["Matrix"]))
    heights = [d.height for d in book["Matrix"].row_dimensions.values() if d.height]
    assert max(heights) <= 409


def test_the_old_file_stays_when_the_new_one_cannot_be_written(tmp_path: Path) -> None:
    """A place that cannot be written is an error in words, and leaves nothing behind."""
    with pytest.raises(InputError, match="cannot be written"):
        write_workbook(scan_of([]), tmp_path / "missing" / "scan.xlsx")
    target = tmp_path / "scan.xlsx"
    target.mkdir()
    with pytest.raises(InputError, match=r"scan\.xlsx"):
        write_workbook(scan_of([]), target)
    assert [entry.name for entry in tmp_path.iterdir()] == ["scan.xlsx"]


def test_a_file_that_stands_there_is_replaced(tmp_path: Path) -> None:
    """Writing twice leaves the newer workbook and nothing else."""
    target = tmp_path / "scan.xlsx"
    target.write_text("old")
    assert write_workbook(scan_of([]), target) == target
    assert loaded(target).sheetnames == ["Scan", "Plan", "Matrix", "Settings"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["scan.xlsx"]


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        (Quota(), ""),
        (Quota(plan="growth", unlimited=True), "plan growth, no daily limit"),
        (Quota(remaining=0), "0 calls left"),
    ],
)
def test_quota_in_words(quota: Quota, words: str) -> None:
    """What is not known of plan and quota is left out; 0 is told."""
    assert sheet_scan.quota_words(quota) == words


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=20))
@settings(max_examples=100)
def test_axis_holds_every_point(values: list[float]) -> None:
    """The ends of an axis lie outside its points, on its steps."""
    low, high, step = sheet_matrix._axis(values)
    assert low <= min(values)
    assert max(values) <= high
    assert step > 0
    assert (high - low) / step < 14


def test_market_state_and_age_come_from_the_newest_figures() -> None:
    """The facts speak of the newest row; an unknown market state is said."""
    old = snapshot("OLD", as_of=NOW - timedelta(days=3), market_open=False)
    new = snapshot("NEW", as_of=datetime(2026, 3, 5, 13, 47, tzinfo=UTC), market_open=None)
    facts = sheet_scan.facts(scan_of([row(old), row(new)]))
    assert "market state not known" in facts
    assert "60 min old" in facts


def test_earnings_rule_looks_at_the_day_of_the_scan(desk: Any) -> None:
    """The day that earnings are counted from is the New York day of the scan."""
    place = desk.defined_names[sheet_settings.SCAN_DAY].attr_text
    assert desk["Settings"][place.split("!")[1].replace("$", "")].value.date() == date(2026, 3, 5)
