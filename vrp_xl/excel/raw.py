"""Raw figures in a block of cells, and the decisions beside them.

The Scan sheet holds raw figures as values and one spilled formula that decides them, so that a
changed rule moves the whole morning. Missing is an empty cell, never an error value.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from vrp_xl.core import calendar
from vrp_xl.core.decide import Decision, decide
from vrp_xl.core.edge import cautioned, decided_edge, reasons, term_of
from vrp_xl.core.exit_plan import exit_plan
from vrp_xl.core.snapshot import SCORED_STRUCTURES, IvPoint, Snapshot
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.errors import VrpError
from vrp_xl.excel import boundary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from vrp_xl.core.rules import Rules

_NUMBERS = (
    "spot", "atm_iv", "atm_iv_30d", "rv_20d", "rv_30d", "rv_90d", "vrp_20d", "z_score",
    "percentile", "history_days", "put_vrp", "call_vrp", "put_wing_iv", "call_wing_iv",
)  # fmt: skip
_LEVELS = ("gamma_flip", "net_gex", "put_wall", "call_wall", "max_gamma")
_SCORES = tuple(f"score_{name}" for name in SCORED_STRUCTURES)
_LOCAL_SCORES = tuple(f"score_{name}" for name in STRUCTURES if name not in SCORED_STRUCTURES)
"""Structures that only a local score knows."""
_REST = ("atm_oi", "atm_spread_pct")

RAW_COLUMNS: tuple[str, ...] = (
    "symbol", *_NUMBERS, "gamma", "gamma_basis", *_LEVELS, *_SCORES, *_REST,
    "next_earnings", "vrp_regime", "warnings", "missing", "wing_spread_pct", "iv_term",
    *_LOCAL_SCORES, "score_kind", "yesterday", "z_change", "iv_rank", "iv_percentile",
    "harvest_score", "net_harvest_score", "dealer_flow_risk", "as_of",
)  # fmt: skip
"""The columns of a raw block where it has no header row; new ones come last, so that a block
without a header stays what it was. From ``yesterday`` to ``dealer_flow_risk`` nothing is decided
by: they stand between because a sheet has them there. Days to expiry count from ``as_of``; from
today where it is blank or not there."""

DECIDED_COLUMNS: tuple[str, ...] = (
    "cell", "size", "structure", "strikes", "action", "why", "expiry", "score",
    "edge_30", "edge_30_pct_credit", "edge_30_pct_loss", "edge_90", "edge_basis", "spread_30d",
    "structural", "tactical", "funnel", "compression", "compression_band", "z_band", "lean",
    "gamma", "gamma_basis", "flip_distance_pct", "status", "exit_plan", "warnings", "candidate",
)  # fmt: skip
"""What comes back for each row."""

_FIGURE_COLUMNS = frozenset((*_NUMBERS, *_LEVELS, *_REST, "wing_spread_pct"))
_SCORE_KINDS = ("vendor", "simulated", "local")
_TERM_MOST = 45
"""So many expiries fit into a cell's text; a scan trades none beyond them."""


def decide_table(rows: Sequence[Sequence[Any]], rules: Rules, *, today: date) -> list[list[Any]]:
    """As many rows as given: a header for a header, blank for blank, a decision for the rest."""
    header = [str(cell).strip().lower() if cell is not None else "" for cell in rows[0]]
    named = "symbol" in header
    columns: Sequence[str] = header if named else RAW_COLUMNS
    out: list[list[Any]] = [list(DECIDED_COLUMNS)] if named else []
    body = rows[1:] if named else rows
    out += [_decided(dict(zip(columns, row, strict=False)), rules, today) for row in body]
    return out


def _decided(cells: dict[str, Any], rules: Rules, today: date) -> list[Any]:
    if all(cell is None for cell in cells.values()) or cells.get("symbol") is None:
        return [None] * len(DECIDED_COLUMNS)
    try:
        snapshot = snapshot_of(cells, today=today)
    except VrpError as error:
        words = {"cell": "?", "action": "WAIT: a figure cannot be read", "why": str(error)}
        return [words.get(name) for name in DECIDED_COLUMNS]
    decision = decide(snapshot, rules, today=today)
    edge, edge_why = decided_edge(snapshot, decision, rules)
    decision = cautioned(decision, edge)
    found = {name: value(snapshot, decision, rules) for name, value in _VALUES.items()}
    found |= {name: getattr(edge, name, None) for name in _EDGE}
    found["why"] = "; ".join(reasons(decision, edge)) or None
    found["edge_basis"] = (edge.basis if edge is not None else edge_why) or None
    return [found[name] for name in DECIDED_COLUMNS]


_EDGE = ("edge_30", "edge_30_pct_credit", "edge_30_pct_loss", "edge_90")


def term_words(s: Snapshot) -> str | None:
    """ATM IV by expiry as the text of a cell, such as ``23d 17.25; 30d 17.5``; nearest first.

    The d keeps a spreadsheet from reading a time of day in it.
    """
    points = sorted(term_of(s))[:_TERM_MOST]
    return "; ".join(f"{point.dte}d {point.iv!r}" for point in points) or None


def _term(words: str | None, symbol: str) -> tuple[IvPoint, ...]:
    """What `term_words` wrote.

    Raises:
        InputError: a part that is no day and volatility.
    """
    out = []
    for part in (words or "").split(";"):
        if not part.strip():
            continue
        days, _, iv = part.strip().partition("d ")
        where = f"iv_term of {symbol}"
        out.append(IvPoint(boundary.whole(days, where), boundary.number(iv, where)))
    return tuple(out)


def _text(cells: dict[str, Any], name: str) -> str | None:
    value = cells.get(name)
    if value is None or isinstance(value, boundary.CellError):
        return None
    return str(value)


def snapshot_of(cells: dict[str, Any], *, today: date) -> Snapshot:
    """A snapshot from one raw row; an error cell counts as missing.

    Args:
        cells: the row by the names of its columns.
        today: the day of the figures where the row has none.

    Raises:
        VrpError: a cell that holds no number where one is needed.
    """
    symbol = boundary.symbol(cells["symbol"], "symbol")
    figures: dict[str, Any] = {}
    for name in _FIGURE_COLUMNS:
        value = cells.get(name)
        if value is not None and not isinstance(value, boundary.CellError):
            figures[name] = boundary.number(value, f"{name} of {symbol}")
    scores = {
        name.removeprefix("score_"): boundary.number(cells[name], f"{name} of {symbol}")
        for name in (*_SCORES, *_LOCAL_SCORES)
        if cells.get(name) is not None and not isinstance(cells[name], boundary.CellError)
    }
    if figures.get("history_days") is not None:
        figures["history_days"] = int(figures["history_days"])
    earnings = cells.get("next_earnings")
    if earnings is not None and not isinstance(earnings, boundary.CellError):
        figures["next_earnings"] = boundary.day(earnings, f"next_earnings of {symbol}")
    gamma = (_text(cells, "gamma") or "unknown").lower().removesuffix("_gamma")
    basis = _text(cells, "gamma_basis")
    if basis == "net_gex":
        gamma = "unknown"  # it was withheld; what to make of that is the rule's business
    taken = cells.get("as_of")
    if taken is None or isinstance(taken, boundary.CellError):
        day = today
    else:
        day = boundary.day(taken, f"as_of of {symbol}")
    moment = datetime.combine(day, time(12), tzinfo=calendar.NEW_YORK)  # cells have no zone
    missing = _text(cells, "missing")
    kind = _text(cells, "score_kind")
    return Snapshot(
        symbol=symbol,
        source="sheet",
        as_of=moment,
        fetched_at=moment,
        gamma=gamma if gamma in ("positive", "negative") else "unknown",  # type: ignore[arg-type]
        gamma_basis="repriced" if basis == "repriced" else None,
        vrp_regime=_text(cells, "vrp_regime"),
        scores=scores,
        score_kind=kind if kind in _SCORE_KINDS else None,  # type: ignore[arg-type]
        iv_term=_term(_text(cells, "iv_term"), symbol),
        warnings=tuple(w.strip() for w in (_text(cells, "warnings") or "").split(";") if w.strip()),
        missing={"z_score": missing} if missing else {},
        **figures,
    )


_VALUES: dict[str, Callable[[Snapshot, Decision, Rules], Any]] = {
    "cell": lambda _, d, __: d.sign,
    "size": lambda _, d, __: d.size,
    "structure": lambda _, d, __: d.structure.name if d.structure else None,
    "strikes": lambda _, d, __: (
        ", ".join(leg.words for leg in d.strikes.legs) if d.strikes else None
    ),
    "action": lambda _, d, __: d.action,
    "expiry": lambda _, d, __: d.strikes.expiry if d.strikes else None,
    "score": lambda _, d, __: d.score,
    "spread_30d": lambda _, d, __: d.premium.spread_30d,
    "structural": lambda _, d, __: d.premium.structural,
    "tactical": lambda _, d, __: d.premium.tactical,
    "funnel": lambda _, d, __: d.premium.funnel,
    "compression": lambda _, d, __: d.premium.compression,
    "compression_band": lambda _, d, __: d.premium.compression_band,
    "z_band": lambda _, d, __: d.premium.z_band,
    "lean": lambda _, d, __: d.lean,
    "gamma": lambda _, d, __: d.gamma,
    "gamma_basis": lambda _, d, __: d.gamma_basis,
    "flip_distance_pct": lambda _, d, __: d.flip_distance_pct,
    "status": lambda _, d, __: d.status,
    "exit_plan": lambda s, d, r: "; ".join(exit_plan(d, r, flip=s.gamma_flip)) or None,
    "warnings": lambda _, d, __: "; ".join(d.warnings) or None,
    "candidate": lambda _, d, __: d.candidate,
}
