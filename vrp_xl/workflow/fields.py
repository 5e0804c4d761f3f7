"""The fields that formulas can ask for by name: the columns of a scan and every stored figure."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vrp_xl.core.calendar import NEW_YORK
from vrp_xl.core.snapshot import FIGURES
from vrp_xl.errors import InputError, MissingError, printable
from vrp_xl.workflow.columns import BY_NAME, flat, reason

if TYPE_CHECKING:
    from vrp_xl.workflow.scan import Row

ALIASES = {
    "iv": "atm_iv",
    "iv30": "atm_iv_30d",
    "hv20": "rv_20d",
    "hv30": "rv_30d",
    "hv90": "rv_90d",
    "spread": "vrp_20d",
    "vrp": "vrp_20d",
    "z": "z_score",
    "flip": "gamma_flip",
    "gex": "net_gex",
    "price": "spot",
    "edge": "edge_30",
    "earnings": "next_earnings",
}
"""Other words for fields."""

SCAN_FIELDS = (
    "symbol", "cell", "size", "action", "structure", "score", "strikes", "expiry",
    "edge_30", "edge_30_pct_credit", "edge_90", "spot",
    "atm_iv", "rv_20d", "vrp_20d", "structural", "tactical", "funnel", "z_score", "percentile",
    "history_days", "put_vrp", "call_vrp", "lean", "gamma", "gamma_basis", "gamma_flip",
    "flip_distance_pct", "put_wall", "call_wall", "max_gamma", "status", "why", "as_of",
)  # fmt: skip
"""The fields of VRP_SCAN where none are named."""


def find(word: str) -> str:
    """The field of that name or alias.

    Raises:
        InputError: there is none; the nearest is offered.
    """
    name = word.strip().lower().replace(" ", "_")
    name = ALIASES.get(name, name)
    if name in BY_NAME or name in FIGURES:
        return name
    near = difflib.get_close_matches(name, [*BY_NAME, *FIGURES, *ALIASES], n=1)
    hint = f"Did you mean {near[0]}?" if near else "VRP_FIELDS() lists them all."
    raise InputError(f"There is no field named '{printable(word[:40])}'.", hint)


def of_row(row: Row, name: str, *, blank: bool = False) -> Any:
    """The value of a field.

    The cell is "?" where there is none; as an error, where no blank is wanted and z is missing.

    Args:
        row: one symbol of a scan.
        name: as `find` gives it.
        blank: a missing value is None instead of an error.

    Raises:
        MissingError: the value is missing; the sentence says why.
    """
    column = BY_NAME.get(name)
    if name == "cell" and not blank:
        value: Any = row.decision.cell_text
    elif column is not None:
        value = flat(row, column)
    else:
        value = getattr(row.snapshot, name)
    if isinstance(value, datetime):
        value = value.astimezone(NEW_YORK).replace(tzinfo=None, microsecond=0)
    if value is None and not blank:
        why = reason(row, column) if column is not None else row.snapshot.missing.get(name)
        raise MissingError(f"{row.snapshot.symbol} has no {name}" + (f": {why}" if why else "."))
    return value


def listed() -> list[tuple[str, str, str]]:
    """(name, unit, meaning) of every field."""
    columns = [(c.name, c.unit, c.doc) for c in BY_NAME.values()]
    rest = [(n, m["unit"], m["doc"]) for n, m in FIGURES.items() if n not in BY_NAME]
    return columns + rest
