"""What-if grids over two thresholds, for any number of names in one pass.

A name's answer to "would it be a candidate" depends on z only through the column of the matrix
that it falls in, and on the spread only through one threshold; so it is decided twice (as high
premium, as low premium) and then only counted. Uses numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vrp_xl.core import whatif
from vrp_xl.core.decide import eligible
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Snapshot

    Floats = NDArray[np.float64]

Measure = Literal["count", "names", "outcome"]
NAMES_CELLS = 10_000
CELL_TEXT = 32_767
"""Characters that a cell holds."""


def measure_of(word: str | None) -> Measure:
    """The measure of that name; blank counts.

    Raises:
        InputError: there is none of that name.
    """
    name = (word or "count").strip().lower()
    if name in ("count", "names", "outcome"):
        return name  # type: ignore[return-value]
    raise InputError(f"There is no measure '{name[:40]}'.", "It is count, names or outcome.")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a what-if as columns, one entry per name. NaN is "not known"."""

    symbols: tuple[str, ...]
    z: whatif.Column
    spread: whatif.Column
    structural: whatif.Column
    tactical: whatif.Column
    high: NDArray[np.bool_]
    """Candidate wherever z and spread pass, as high premium."""
    low: NDArray[np.bool_]
    """Candidate wherever the spread passes and z does not, as low premium."""
    always: NDArray[np.bool_]
    """Candidate at every z (the ratio method without a cell)."""
    sized: NDArray[np.bool_]
    """Sized, and passing all but the ratios: what the ratio grid counts."""
    needs_spread: bool
    outcome: Callable[[], Floats]
    """Mean outcome of each name, computed when first asked for."""


def names_of(
    snapshots: Sequence[Snapshot],
    rules: Rules,
    *,
    today: date,
    outcomes: Callable[[], Mapping[str, float | None]],
) -> Names:
    """Decides each name twice and keeps what a grid needs of it."""
    found = [eligible(s, rules, today=today) for s in snapshots]

    def column(values: Sequence[float | None]) -> Floats:
        return np.array([np.nan if v is None else v for v in values], dtype=float)

    def outcome() -> Floats:
        known = outcomes()
        return column([known.get(s.symbol) for s in snapshots])

    return Names(
        symbols=tuple(s.symbol for s in snapshots),
        z=whatif.Column.of(column([s.z_score for s in snapshots])),
        spread=whatif.Column.of(column([s.vrp_20d for s in snapshots])),
        structural=whatif.Column.of(column([e.structural for e in found])),
        tactical=whatif.Column.of(column([e.tactical for e in found])),
        high=np.array([e.high for e in found], dtype=bool),
        low=np.array([e.low for e in found], dtype=bool),
        always=np.array([e.without_cell for e in found], dtype=bool),
        sized=np.array([e.sized for e in found], dtype=bool),
        needs_spread=rules.method in ("article", "both"),
        outcome=outcome,
    )


def _ranked(axis: Sequence[float]) -> tuple[list[float], NDArray[np.intp]]:
    """The thresholds in ascending order, and where each of the given ones went."""
    order = np.argsort(np.asarray(axis), kind="stable")
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    return [axis[i] for i in order], place


class _Layers:
    """Groups of names with the thresholds that they pass; their grids are added up."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.parts: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], float]] = []
        """(places of the names, row and column thresholds that each passes, sign)"""

    def add(
        self,
        who: NDArray[np.bool_],
        rows: NDArray[np.intp],
        columns: NDArray[np.intp],
        sign: float = 1.0,
    ) -> None:
        index = np.flatnonzero(who)
        self.parts.append((index, rows[index], columns[index], sign))

    def total(self, weights: Floats | None = None) -> Floats:
        """The grid of the sums of `weights`; of the names' number where there are none."""
        grid = np.zeros(self.shape)
        for index, rows, columns, sign in self.parts:
            part = None if weights is None else weights[index]
            grid += sign * whatif.counts(rows, columns, self.shape, part)
        return grid

    def members(self, i: int, j: int, size: int) -> NDArray[np.bool_]:
        """Which names count at row `i`, column `j` (ascending thresholds)."""
        held = np.zeros(size)
        for index, rows, columns, sign in self.parts:
            held[index[(rows > i) & (columns > j)]] += sign
        return held > 0.5


def _listed(symbols: Sequence[str]) -> str:
    text = ", ".join(symbols)
    return text if len(text) <= CELL_TEXT else f"{len(symbols)} names, too many for a cell"


def _finish(
    layers: _Layers, names: Names, measure: Measure,
    row_place: NDArray[np.intp], column_place: NDArray[np.intp],
) -> list[list[Any]]:  # fmt: skip
    if measure == "names":
        if len(row_place) * len(column_place) > NAMES_CELLS:
            raise InputError(
                f"Names are listed for at most {NAMES_CELLS:,} pairs of thresholds; these are "
                f"{len(row_place) * len(column_place):,}.",
                "Count them, or give fewer thresholds.",
            )
        size = len(names.symbols)
        return [
            [
                _listed([names.symbols[k] for k in
                         np.flatnonzero(layers.members(int(i), int(j), size))])
                for j in column_place
            ]
            for i in row_place
        ]  # fmt: skip
    if measure == "count":
        grid = layers.total()
        return np.rint(grid[np.ix_(row_place, column_place)]).astype(int).tolist()  # type: ignore[no-any-return]
    outcome = names.outcome()
    known = ~np.isnan(outcome)
    total = layers.total(np.where(known, outcome, 0.0))
    count = layers.total(known.astype(float))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0.5, total / count, np.nan)
    picked = mean[np.ix_(row_place, column_place)]
    return [[None if np.isnan(v) else float(v) for v in row] for row in picked]


def z_and_spread(
    names: Names, z_values: Sequence[float], spread_values: Sequence[float], measure: Measure
) -> list[list[Any]]:
    """Candidates for each pair of z_min and spread_min: a row per z, a column per spread."""
    zs, row_place = _ranked(z_values)
    spreads, column_place = _ranked(spread_values)
    shape = (len(zs), len(spreads))
    by_z = whatif.passed(names.z, zs, strict=False)
    every_row = np.full(len(names.symbols), len(zs), dtype=np.intp)
    by_spread = (
        whatif.passed(names.spread, spreads, strict=True)
        if names.needs_spread
        else np.full(len(names.symbols), len(spreads), dtype=np.intp)
    )
    has_z = ~np.isnan(names.z.figures)
    layers = _Layers(shape)
    layers.add(names.high & has_z, by_z, by_spread)
    layers.add(names.low & has_z, every_row, by_spread)
    layers.add(names.low & has_z, by_z, by_spread, sign=-1.0)
    layers.add(names.always & ~has_z, every_row, by_spread)
    return _finish(layers, names, measure, row_place, column_place)


def ratios(
    names: Names,
    structural_values: Sequence[float],
    tactical_values: Sequence[float],
    measure: Measure,
) -> list[list[Any]]:
    """Names that pass both ratios, for each pair of thresholds."""
    structural, row_place = _ranked(structural_values)
    tactical, column_place = _ranked(tactical_values)
    layers = _Layers((len(structural), len(tactical)))
    layers.add(
        names.sized,
        whatif.passed(names.structural, structural, strict=True),
        whatif.passed(names.tactical, tactical, strict=True),
    )
    return _finish(layers, names, measure, row_place, column_place)
