"""What the Settings sheet of a desk workbook asks for, as it was saved: preset, rules and source.

The yellow cells are read, not the column beside them that formulas fill: a file that was never
recalculated holds no values of formulas. Nothing is computed and no macro runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core.rules import PRESETS, SPECS
from vrp_xl.errors import InputError, RulesError
from vrp_xl.excel import layout
from vrp_xl.excel.positions_file import opened
from vrp_xl.function_args import RULES

if TYPE_CHECKING:
    from pathlib import Path

    from vrp_xl.core.rules import Rules

_OFF = "off"


class BookSettings(NamedTuple):
    """The rules in force in a workbook, and where its figures come from."""

    rules: Rules
    preset: str
    source: str | None
    """As its cell says; None where that is blank."""

    @property
    def words(self) -> str:
        """The preset, and the rules that differ from it."""
        start = PRESETS[self.preset].to_dict()
        own = [
            f"{name} {_shown(value)}"
            for name, value in self.rules.to_dict().items()
            if value != start[name]
        ]
        return f"preset {self.preset}" + (f" with {', '.join(own)}" if own else "")


def _shown(value: Any) -> str:
    if value is None:
        return _OFF
    if isinstance(value, bool):
        return "on" if value else _OFF
    return f"{value:g}" if isinstance(value, float) else str(value)


def read_settings(path: Path) -> BookSettings | None:
    """What the Settings sheet of a workbook asks for; None where it has none.

    A rule whose yellow cell is blank is the preset's, as on the sheet; the user's saved rules play
    no part.

    Args:
        path: an .xlsx or .xlsm file.

    Raises:
        InputError: it is no workbook, or a value in it is not allowed.
    """
    with opened(path) as book:
        block, typed = _at(book, layout.RULES_NAME), _at(book, "input_preset")
        if block is None or typed is None:
            return None
        (sheet, (left, top, _, bottom)), (_, (column, *_)) = block, typed
        rows = book[sheet].iter_rows(
            min_row=top, max_row=bottom, min_col=left, max_col=column, values_only=True
        )
        cells = {str(row[0]).strip().lower(): row[-1] for row in rows if row[0] is not None}
    given = {name: cell for name, cell in cells.items() if not _blank(cell)}
    where = f"the sheet {layout.SETTINGS} of {path.name}"
    if "preset" not in given:
        raise InputError(f"{where[0].upper()}{where[1:]} names no preset.", "Choose one there.")
    preset = str(given["preset"]).strip().lower()
    try:
        found = RULES.read([[name, _in_force(name, cell)] for name, cell in given.items()], where)
    except RulesError as error:
        raise RulesError(f"{where[0].upper()}{where[1:]}: {error.why}", error.fix) from None
    return BookSettings(found.rules, preset, found.source if "source" in given else None)


def _in_force(name: str, cell: Any) -> Any:
    """A yellow cell as the sheet takes it: off leaves a rule blank that may be blank."""
    spec = SPECS.get(name)
    off = isinstance(cell, str) and cell.strip().lower() == _OFF
    return "" if spec is not None and spec.blank and off else cell


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _at(book: Any, name: str) -> tuple[str, tuple[int, int, int, int]] | None:
    """Sheet and corners of a defined name: first column, first row, last column, last row."""
    from openpyxl.utils import range_boundaries  # noqa: PLC0415

    found = book.defined_names.get(name)
    for sheet, cells in found.destinations if found is not None else ():
        if sheet in book.sheetnames:
            return sheet, range_boundaries(cells)
    return None
