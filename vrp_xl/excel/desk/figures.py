"""What the desk shows when it is delivered: the sample market at its constant moment.

Formulas are computed here by the very functions that the cells call. May be used only within
`vrp_xl.frozen.frozen_sample`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vrp_xl.core.rules import SPECS, STANDARD
from vrp_xl.excel import layout
from vrp_xl.excel.desk.cells import cached
from vrp_xl.excel.raw import DECIDED_COLUMNS, RAW_COLUMNS
from vrp_xl.excel.raw_out import facts_of, raw_row
from vrp_xl.frozen import MOMENT
from vrp_xl.functions import FUNCTIONS
from vrp_xl.reader import READER
from vrp_xl.workflow.scan import run_scan

if TYPE_CHECKING:
    from datetime import date, datetime

    from vrp_xl.core.rules import Rules

SOURCE = "sample"
"""The source that the desk is delivered with."""

PRESET = "standard"


def in_cell(value: Any) -> Any:
    """A rule's value as its cell shows it: on and off for flags, empty text for none."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else value


def rounded(value: Any) -> Any:
    """A raw figure as its cell holds it, so that what is decided from it is what the cell says."""
    return cached(value) if isinstance(value, float) else value


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures behind the sheets.

    Attributes:
        rules: the rules in force.
        rules_range: what the name vrp_settings refers to, rows of rule and value.
        watchlist: the symbols of the watchlist.
        raw: the filled rows of the raw block, columns as `layout.RAW_BLOCK`.
        decided: what VRP_DECIDE gives for them, columns as `DECIDED_COLUMNS`.
        facts: what the last refresh says of itself.
    """

    rules: Rules
    rules_range: list[list[Any]]
    watchlist: list[str]
    raw: list[list[Any]]
    decided: list[list[Any]]
    facts: dict[str, str | bool | date | datetime | None]

    def ask(self, name: str, *arguments: Any, rules: bool = True) -> Any:
        """What a VRP function gives; its last argument is vrp_settings, where it has one.

        Args:
            name: of the function.
            arguments: those before the rules; None is blank.
            rules: whether to pass vrp_settings.
        """
        function = FUNCTIONS[name]
        given = list(arguments)
        if rules and function.args and function.args[-1].name == "rules":
            given += [None] * (len(function.args) - 1 - len(given))
            given.append(self.rules_range)
        return function.call(*given)

    def of(self, row: int, column: str) -> Any:
        """A decided or raw value of a row of the scan; decided ones first."""
        if column in DECIDED_COLUMNS:
            return self.decided[row][DECIDED_COLUMNS.index(column)]
        return self.raw[row][layout.RAW_BLOCK.index(column)]

    @property
    def cells(self) -> list[str]:
        """The cell of the matrix of each row; empty text where there is none."""
        return [row[DECIDED_COLUMNS.index("cell")] or "" for row in self.decided]


def gather() -> Figures:
    """Computes all of it."""
    rules_range: list[list[Any]] = [["preset", ""], ["source", SOURCE]]
    rules_range += [[name, in_cell(getattr(STANDARD, name))] for name in SPECS]
    desk = READER.desk()
    names = READER.names(desk)
    names = [names[i] for i in READER.order(names, desk)]
    states = dict.fromkeys(names, ("fresh", ""))
    scan = run_scan(
        READER.store(),
        SOURCE,
        names,
        STANDARD,
        preset=PRESET,
        now=MOMENT,
        states=states,  # type: ignore[arg-type]
    )
    raw = [[rounded(value) for value in raw_row(row)] for row in scan.rows]
    blank: list[list[Any]] = [[None] * len(RAW_COLUMNS)]
    block = [row[: len(RAW_COLUMNS)] for row in raw] + blank * (layout.SCAN_ROWS - len(raw))
    decided = FUNCTIONS["VRP_DECIDE"].call(block, rules_range)
    facts: dict[str, Any] = dict(facts_of(scan, refreshed=MOMENT))
    facts["quota"] = FUNCTIONS["VRP_QUOTA"].call(rules_range)
    return Figures(STANDARD, rules_range, names, raw, decided[: len(raw)], facts)
