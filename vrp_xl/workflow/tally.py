"""Why names are left out, counted: a line for each reason, the largest first.

A screen of thousands of names keeps its candidates alone; what became of the others is told by
reason. Two reasons that differ in their numbers or dates alone are one line with the range of them,
so that the list stays short and memory does not grow with the names. Reads rows only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from vrp_xl.workflow.scan import Row

NAMED = 3
"""Names that a line gives as examples."""

_FIGURE = re.compile(r"\d{4}-\d{2}-\d{2}|(?<![\w/.])[+-]?\d[\d,]*(?:\.\d+)?", re.ASCII)
"""A date or a number by itself; not the 30 of HV30."""


class Left(NamedTuple):
    """A reason, and how many names are left out for it."""

    why: str
    names: int
    has_cell: bool
    """Whether these names have a cell of the matrix."""
    first: tuple[str, ...]
    """Some of them."""


@dataclass(slots=True)
class _Group:
    pieces: list[str]
    """The words between the figures."""
    low: list[str]
    high: list[str]
    names: int = 0
    first: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        out = [self.pieces[0]]
        for low, high, piece in zip(self.low, self.high, self.pieces[1:], strict=True):
            out += [low if low == high else f"{low} to {high}", piece]
        return "".join(out)


class Tally:
    """Counts the reasons of rows, one after the other."""

    def __init__(self) -> None:
        self._groups: dict[tuple[bool, str], _Group] = {}

    def add(self, row: Row) -> None:
        """Counts a row, unless it is a candidate."""
        if not row.decision.candidate:
            has_cell = row.decision.cell is not None
            self.count(row.snapshot.symbol, _why(row), has_cell=has_cell)

    def count(self, symbol: str, why: str, *, has_cell: bool) -> None:
        """Counts a name under its reason; what follows a semicolon is advice and left off."""
        why = why.split(";", maxsplit=1)[0].strip()
        found = _FIGURE.findall(why)
        group = self._groups.setdefault(
            (has_cell, _FIGURE.sub("#", why)), _Group(_FIGURE.split(why), found, list(found))
        )
        for at, figure in enumerate(found):
            group.low[at] = min(group.low[at], figure, key=_size)
            group.high[at] = max(group.high[at], figure, key=_size)
        group.names += 1
        if len(group.first) < NAMED:
            group.first.append(symbol)

    def lines(self) -> tuple[Left, ...]:
        """What was counted, the largest first."""
        found = [
            Left(group.words, group.names, has_cell, tuple(group.first))
            for (has_cell, _), group in self._groups.items()
        ]
        return tuple(sorted(found, key=lambda line: (-line.names, line.why)))


def _size(figure: str) -> tuple[float, str]:
    """How figures are ordered: numbers by their value, dates by their letters."""
    try:
        return (float(figure.replace(",", "")), "")
    except ValueError:
        return (0.0, figure)


def _why(row: Row) -> str:
    """The first reason: why there is no cell, else why the row is no candidate."""
    d, s = row.decision, row.snapshot
    if d.cell is not None or not d.no_cell:
        return (*d.why, d.status)[0]
    told = [words.split(";")[0] for words in d.no_cell]
    if d.gamma == "unknown" and s.gamma_flip_status:
        told[0] += f" ({s.gamma_flip_status.split(';')[0]})"
    return ", ".join(told)
