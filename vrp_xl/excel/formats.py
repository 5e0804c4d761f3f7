"""The number formats and conditional formats of a workbook file, read so that they can be put back.

Reads the file's own XML with the standard library, so that hosts need no reader of workbooks.
Opens no book in a host and writes nothing.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_CELL = re.compile(r"([A-Z]+)(\d+)")

_BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%",
    11: "0.00E+00", 14: "m/d/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 20: "h:mm",
    21: "h:mm:ss", 22: "m/d/yyyy h:mm", 49: "@",
}  # fmt: skip
"""Number formats that a file names by their number alone."""

RuleKind = Literal["expression", "cell", "bar", "scale"]


@dataclass(frozen=True, slots=True)
class ConditionalRule:
    """One conditional format.

    Attributes:
        area: the ranges it holds for, such as ``A4:C503``, separated by blanks.
        kind: a formula, a comparison of the cell with one or two formulas, a data bar, or a scale
            of two or three colours.
        formulas: formulas without ``=``, as the first cell of the area sees them.
        operator: of a comparison, in the words of the file (``greaterThan``).
        fill: colour of the cell, or of the bar, ``#RRGGBB``; None leaves it.
        ink: colour of the text; None leaves it.
    """

    area: str
    kind: RuleKind
    formulas: tuple[str, ...] = ()
    operator: str = ""
    fill: str | None = None
    ink: str | None = None
    bold: bool | None = None
    italic: bool | None = None
    stop: bool = False
    scale: tuple[str, ...] = ()
    """Colours of a scale, ``#RRGGBB``, from the lowest value to the highest."""


@dataclass(frozen=True, slots=True)
class SheetFormats:
    """What one sheet looks like: conditional formats by priority, number formats by area."""

    sheet: str
    rules: tuple[ConditionalRule, ...]
    numbers: tuple[tuple[str, str], ...]
    """(area, number format), areas within one column."""


def formats_of(path: Path) -> tuple[SheetFormats, ...]:
    """The formats of every sheet in the workbook file at `path`.

    Raises:
        InputError: it is no workbook that can be read.
    """
    try:
        with zipfile.ZipFile(path) as file:
            return tuple(_sheets(file))
    except (OSError, KeyError, zipfile.BadZipFile, ET.ParseError, ValueError) as error:
        raise InputError(
            f"The workbook {path} cannot be read ({type(error).__name__}).",
            "Install the package again.",
        ) from error


def _sheets(file: zipfile.ZipFile) -> Iterator[SheetFormats]:
    book = _xml(file, "xl/workbook.xml")
    targets = {
        link.get("Id"): str(link.get("Target")) for link in _xml(file, "xl/_rels/workbook.xml.rels")
    }
    styles = _xml(file, "xl/styles.xml")
    numbers = _number_formats(styles)
    looks = styles.findall(f"{_MAIN}dxfs/{_MAIN}dxf")
    for sheet in book.iter(f"{_MAIN}sheet"):
        target = targets[sheet.get(f"{_REL}id")].removeprefix("/xl/")
        xml = _xml(file, f"xl/{target}")
        yield SheetFormats(
            str(sheet.get("name")), tuple(_rules(xml, looks)), tuple(_areas(xml, numbers))
        )


def _xml(file: zipfile.ZipFile, name: str) -> Element:
    # Only files of this package are read; they hold no entities and no document type.
    return ET.fromstring(file.read(name))  # noqa: S314


def _number_formats(styles: Element) -> list[str]:
    """The number format of each cell style, by the number that cells name it by."""
    own = {
        int(str(f.get("numFmtId"))): str(f.get("formatCode"))
        for f in styles.findall(f"{_MAIN}numFmts/{_MAIN}numFmt")
    }
    ids = [int(xf.get("numFmtId", "0")) for xf in styles.findall(f"{_MAIN}cellXfs/{_MAIN}xf")]
    return [own.get(i) or _BUILT_IN.get(i, "General") for i in ids]


def _rules(xml: Element, looks: list[Element]) -> Iterator[ConditionalRule]:
    found = []
    for block in xml.findall(f"{_MAIN}conditionalFormatting"):
        for rule in block.findall(f"{_MAIN}cfRule"):
            made = _rule(str(block.get("sqref")), rule, looks)
            if made is not None:
                found.append((int(rule.get("priority", "0")), made))
    found.sort(key=lambda pair: pair[0])
    return (rule for _, rule in found)


def _rule(area: str, rule: Element, looks: list[Element]) -> ConditionalRule | None:
    kind = rule.get("type")
    if kind == "dataBar":
        colour = rule.find(f"{_MAIN}dataBar/{_MAIN}color")
        return ConditionalRule(area, "bar", fill=_colour(colour))
    if kind == "colorScale":
        colours = [_colour(c) for c in rule.findall(f"{_MAIN}colorScale/{_MAIN}color")]
        return ConditionalRule(area, "scale", scale=tuple(c for c in colours if c))
    formulas = tuple(f.text or "" for f in rule.findall(f"{_MAIN}formula"))
    if not formulas:
        return None
    number = rule.get("dxfId")
    look = looks[int(number)] if number is not None else ET.Element("dxf")
    font = look.find(f"{_MAIN}font")
    fill = look.find(f"{_MAIN}fill/{_MAIN}patternFill/{_MAIN}bgColor")
    return ConditionalRule(
        area,
        "cell" if kind == "cellIs" else "expression",
        formulas,
        rule.get("operator", ""),
        _colour(fill),
        _colour(font.find(f"{_MAIN}color")) if font is not None else None,
        _flag(font, "b"),
        _flag(font, "i"),
        rule.get("stopIfTrue") == "1",
    )


def _colour(element: Element | None) -> str | None:
    rgb = element.get("rgb") if element is not None else None
    return f"#{rgb[-6:]}" if rgb else None


def _flag(font: Element | None, tag: str) -> bool | None:
    found = font.find(f"{_MAIN}{tag}") if font is not None else None
    return None if found is None else found.get("val", "1") not in ("0", "false")


def _areas(xml: Element, numbers: list[str]) -> Iterator[tuple[str, str]]:
    """Runs of one number format down each column."""
    columns: dict[str, list[tuple[int, str]]] = {}
    for cell in xml.iter(f"{_MAIN}c"):
        match = _CELL.fullmatch(str(cell.get("r")))
        if match is not None:
            style = numbers[int(cell.get("s", "0"))]
            columns.setdefault(match[1], []).append((int(match[2]), style))
    for column, cells in columns.items():
        first = last = 0
        running = ""
        for row, style in [*cells, (0, "")]:
            if first and row == last + 1 and style == running:
                last = row
                continue
            if first and running != "General":
                yield f"{column}{first}:{column}{last}", running
            first, last, running = row, row, style
