"""The Settings sheet: every rule as a named input cell.

The rules stand in one block, name beside value, so that the block as a whole can be handed to a
function as its `rules`. May write to the sheet it is given and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vrp_xl.core.calendar import NEW_YORK
from vrp_xl.core.rules import PRESET_DOC, PRESETS, SPECS
from vrp_xl.excel import styles as look

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

    from vrp_xl.core.rules import RuleSpec
    from vrp_xl.excel.styles import Styles
    from vrp_xl.workflow.scan import Scan

SHEET = "Settings"
HEADER_ROW = 6
"""Row (from 0) of the headings; the first rule stands below it."""
FIRST_ROW = HEADER_ROW + 1
LAST_ROW = HEADER_ROW + len(SPECS)
ALL_RULES = "vrp_settings"
SCAN_DAY = "scan_day"
RULES_CHANGED = "rules_changed"

_HEADINGS = (
    ("Group", 17), ("Rule", 21), ("Value", 12), ("Unit", 12), ("In this scan", 12),
    ("Default", 12), ("Allowed", 34), ("Meaning", 68), ("Source", 25),
)  # fmt: skip
_FACTS = (2, 3, 4)
"""Rows (from 0) of preset, day of the scan, and count of changed rules."""


def rule_name(name: str) -> str:
    """The defined name of a rule's input cell; the prefix keeps it from being a cell address."""
    return f"rule_{name}"


def shown(value: Any) -> Any:
    """A rule's value as its cell holds it: on, off, a word, a number, None for blank."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value


def write_settings(book: Workbook, sheet: Worksheet, styles: Styles, scan: Scan) -> None:
    """Fills the sheet and defines the names that other sheets refer to."""
    for column, (_, width) in enumerate(_HEADINGS):
        sheet.set_column(column, column, width)
    _top(sheet, styles, scan)
    values = scan.rules.to_dict()
    group = ""
    for row, spec in enumerate(SPECS.values(), FIRST_ROW):
        _rule(sheet, styles, row, spec, values[spec.name], first=spec.group != group)
        group = spec.group
        book.define_name(rule_name(spec.name), f"={SHEET}!$C${row + 1}")
    book.define_name(ALL_RULES, f"={SHEET}!$B${FIRST_ROW + 1}:$C${LAST_ROW + 1}")
    book.define_name(SCAN_DAY, f"={SHEET}!$C${_FACTS[1] + 1}")
    book.define_name(RULES_CHANGED, f"={SHEET}!$C${_FACTS[2] + 1}")
    _colours(sheet, styles)
    _presets(sheet, styles, scan)
    sheet.freeze_panes(FIRST_ROW, 2)
    sheet.print_area(0, 0, LAST_ROW + 3 + len(PRESETS), len(_HEADINGS) - 1)
    sheet.repeat_rows(HEADER_ROW)


def _top(sheet: Worksheet, styles: Styles, scan: Scan) -> None:
    last = len(_HEADINGS) - 1
    title = styles(look.TITLE)
    sheet.set_row(0, 30)
    for column in range(last + 1):
        sheet.write_blank(0, column, None, title)
    sheet.write_string(0, 0, "SETTINGS", styles(look.TITLE, indent=1))
    if scan.sample:
        sheet.write_string(0, 7, look.SAMPLE_WORDS, styles(look.BADGE))
    sheet.set_row(1, 6)
    label = styles(look.QUIET, valign="vcenter", indent=1)
    strong = styles(bold=True, align="center", valign="vcenter", font_color=look.INK)
    note = styles(look.QUIET, valign="vcenter", indent=1)
    day = scan.scanned_at.astimezone(NEW_YORK).date()

    sheet.write_string(_FACTS[0], 0, "Preset", label)
    sheet.write_string(_FACTS[0], 2, look.clean(scan.preset), strong)
    sheet.write_string(_FACTS[0], 3, look.clean(_preset_words(scan)), note)
    sheet.write_string(_FACTS[1], 0, "Day of the scan", label)
    sheet.write_datetime(
        _FACTS[1], 2, day,
        styles(bold=True, align="center", num_format=look.NUMBER_FORMATS["date"],
               font_color=look.INK, valign="vcenter"),
    )  # fmt: skip
    sheet.write_string(
        _FACTS[1], 3,
        "Cells, sizes, strikes and actions in this file are values of this scan, "
        "made with the rules in the column 'In this scan'.", note,
    )  # fmt: skip
    sheet.write_string(_FACTS[2], 0, "Changed since", label)
    block = f"C{FIRST_ROW + 1}:C{LAST_ROW + 1}<>E{FIRST_ROW + 1}:E{LAST_ROW + 1}"
    sheet.write_formula(
        _FACTS[2], 2, f"=SUMPRODUCT(--({block}))",
        styles(bold=True, align="center", num_format="0", font_color=look.INK, valign="vcenter"),
        0,
    )  # fmt: skip
    sheet.write_string(
        _FACTS[2], 3,
        "A rule that is changed here moves colours and threshold lines; the decisions follow "
        "with the next scan that runs with that rule.", note,
    )  # fmt: skip
    sheet.set_row(5, 6)
    header = styles(
        bold=True, bg_color=look.HEADER_FILL, font_color=look.INK, bottom=2,
        bottom_color=look.NAVY, valign="vcenter", align="left", indent=1,
    )  # fmt: skip
    middle = styles(
        bold=True, bg_color=look.HEADER_FILL, font_color=look.INK, bottom=2,
        bottom_color=look.NAVY, valign="vcenter", align="center",
    )  # fmt: skip
    sheet.set_row(HEADER_ROW, 20)
    for column, (heading, _) in enumerate(_HEADINGS):
        sheet.write_string(HEADER_ROW, column, heading, middle if 2 <= column <= 5 else header)


def _preset_words(scan: Scan) -> str:
    words = PRESET_DOC.get(scan.preset, "a set of rules of your own")
    base = PRESETS.get(scan.preset)
    if base is None:
        return words
    values = scan.rules.to_dict()
    own = [name for name, value in base.to_dict().items() if values[name] != value]
    if not own:
        return words
    some = ", ".join(own[:6]) + (f" and {len(own) - 6} more" if len(own) > 6 else "")
    return f"{words}; {len(own)} changed from it: {some}"


def _rule(
    sheet: Worksheet, styles: Styles, row: int, spec: RuleSpec, value: Any, *, first: bool
) -> None:
    edge = {"top": 1, "top_color": look.EDGE} if first else {"top": 1, "top_color": look.LINE}
    text = styles(edge, valign="vcenter", indent=1, font_color=look.INK)
    wrapped = styles(edge, valign="vcenter", indent=1, font_color=look.INK, text_wrap=True)
    quiet = styles(edge, look.QUIET, valign="vcenter", indent=1, text_wrap=True)
    middle = styles(edge, look.QUIET, valign="vcenter", align="center")
    heading = styles(edge, valign="vcenter", indent=1, bold=True, font_color=look.NAVY)
    if first:
        sheet.write_string(row, 0, spec.group, heading)
    else:
        sheet.write_blank(row, 0, None, styles(valign="vcenter"))
    sheet.write_string(row, 1, spec.name, text)
    _put(sheet, row, 2, value, styles(look.INPUT))
    sheet.write_string(row, 3, spec.unit, middle)
    _put(sheet, row, 4, value, middle)
    _put(sheet, row, 5, spec.default, middle)
    sheet.write_string(row, 6, spec.allowed, quiet)
    sheet.write_string(row, 7, spec.doc, wrapped)
    sheet.write_string(row, 8, spec.source, quiet)
    sheet.set_row(
        row, look.row_height([(spec.allowed, _HEADINGS[6][1]), (spec.doc, _HEADINGS[7][1])])
    )
    sheet.data_validation(row, 2, row, 2, _validation(spec))


def _put(sheet: Worksheet, row: int, column: int, value: Any, style: Any) -> None:
    value = shown(value)
    if value is None:
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, style)
    else:
        sheet.write_number(row, column, value, style)


def _validation(spec: RuleSpec) -> dict[str, Any]:
    default = shown(spec.default)
    told = "blank" if default is None else f"{default:g}" if _is_number(default) else default
    unit = f" {spec.unit}" if spec.unit and default is not None else ""
    rule: dict[str, Any] = {
        "input_title": spec.name,
        "input_message": f"{spec.doc}\nDefault: {told}{unit}. Source: {spec.source}."[:255],
        "error_title": "Not allowed",
        "error_message": f"{spec.name} takes {spec.allowed}."[:255],
        "ignore_blank": spec.blank,
    }
    if spec.kind == "choice":
        return rule | {"validate": "list", "source": list(spec.choices)}
    if spec.kind == "flag":
        return rule | {"validate": "list", "source": ["on", "off"]}
    return rule | {
        "validate": "integer" if spec.kind == "integer" else "decimal",
        "criteria": "between",
        "minimum": int(spec.low) if spec.kind == "integer" else spec.low,
        "maximum": int(spec.high) if spec.kind == "integer" else spec.high,
    }


def _is_number(value: Any) -> bool:
    return look.number(value) is not None


def _colours(sheet: Worksheet, styles: Styles) -> None:
    top = FIRST_ROW + 1
    place = (FIRST_ROW, 2, LAST_ROW, 2)
    changed = styles.rule(look.BAD_FILL)
    sheet.conditional_format(
        *place, {"type": "formula", "criteria": f"=$C{top}<>$E{top}", "format": changed}
    )
    sheet.conditional_format(
        *(FIRST_ROW, 1, LAST_ROW, 2),
        {
            "type": "formula",
            "criteria": f"=$C{top}<>$F{top}",
            "format": styles.rule(look.WARN_FILL),
        },
    )
    cell = f"C{_FACTS[2] + 1}"
    sheet.conditional_format(cell, {"type": "cell", "criteria": ">", "value": 0, "format": changed})


def _presets(sheet: Worksheet, styles: Styles, scan: Scan) -> None:
    row = LAST_ROW + 2
    sheet.write_string(row, 0, "Presets", styles(bold=True, indent=1, font_color=look.NAVY))
    for name in PRESETS:
        strong = name == scan.preset
        style = styles(indent=1, valign="vcenter", font_color=look.INK, bold=strong)
        sheet.write_string(row, 1, name, style)
        sheet.write_string(row, 2, PRESET_DOC[name], style)
        row += 1
