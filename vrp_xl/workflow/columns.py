"""The columns of a scan: one definition for JSON, CSV, the workbook and the docs.

A column is a name, a heading, a unit, how it is shown and where its value comes from. Values
are plain: numbers, text, True/False, None for what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Literal

from vrp_xl.core.edge import MEASURES, reasons
from vrp_xl.core.exit_plan import exit_plan
from vrp_xl.core.history import WINDOWED, z_from
from vrp_xl.core.matrix import CELL_NAME
from vrp_xl.core.range_volatility import RANGE_FIGURES
from vrp_xl.core.snapshot import FIGURES
from vrp_xl.workflow.levels import levels_dict

if TYPE_CHECKING:
    from collections.abc import Callable

    from vrp_xl.core.strikes import StrikePlan
    from vrp_xl.workflow.scan import Row, Scan

Show = Literal["text", "long", "letter", "signed", "number", "ratio", "price", "percent",
               "signed percent", "integer", "money", "dollars", "signed money", "size", "date",
               "time", "flag"]  # fmt: skip

SCORE_WORDS = {"local": "local score", "simulated": "simulated score"}
"""What a score is called that is not the vendor's; the vendor's is a score."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a scan."""

    name: str
    heading: str
    unit: str
    show: Show
    doc: str
    value: Callable[[Row], Any]
    missing: str = ""
    """Name of the snapshot field whose reason explains a blank here."""


def _figure(name: str, show: Show, heading: str = "") -> Column:
    """A figure of the snapshot, as it is."""
    meta = FIGURES[name]
    return Column(
        name,
        heading or meta["label"],
        meta["unit"],
        show,
        meta["doc"],
        lambda row: getattr(row.snapshot, name),
        missing=name,
    )


def _decided(
    name: str, heading: str, unit: str, show: Show, doc: str, value: Callable[[Row], Any],
    missing: str = "",
) -> Column:  # fmt: skip
    return Column(name, heading, unit, show, doc, value, missing)


def _premium(name: str, heading: str, unit: str, show: Show, doc: str, missing: str) -> Column:
    return Column(
        name, heading, unit, show, doc, lambda row: getattr(row.decision.premium, name), missing
    )


def _edge(name: str, heading: str, unit: str, show: Show, doc: str, missing: str = "") -> Column:
    """A figure of the edge; a blank says why with the edge itself, or with `missing`."""
    return Column(
        name, heading, unit, show, doc, lambda row: getattr(row.edge, name, None), missing
    )


def score_words(row: Row) -> str:
    """What the row's score is called: a score, a local score or a simulated score."""
    return SCORE_WORDS.get(row.snapshot.score_kind or "", "score")


def edge_basis(row: Row) -> str | None:
    """What the edge was priced from; where there is none, why."""
    return row.edge.basis if row.edge is not None else row.edge_why or None


def edge_dict(row: Row) -> dict[str, Any] | None:
    """The whole edge in plain types."""
    if row.edge is None:
        return None
    return {name: _plain(getattr(row.edge, name)) for name in MEASURES}


def contracts_dict(row: Row) -> dict[str, Any] | None:
    """Whole contracts under the caps in plain types; None where they were not counted."""
    if row.sized is None:
        return None
    caps = [
        {"rule": cap.rule, "limit_usd": cap.limit, "open_positions_usd": cap.held,
         "candidates_before_usd": cap.before, "left_usd": cap.room}
        for cap in row.sized.caps
    ]  # fmt: skip
    return {
        "contracts": row.sized.contracts,
        "risk_usd": row.sized.risk_usd,
        "why": list(row.sized.reasons),
        "caps": caps,
    }


def open_risk_dict(scan: Scan) -> dict[str, Any] | None:
    """What open positions put at risk in plain types; None where none were given."""
    risk = scan.open_risk
    if risk is None:
        return None
    equity = scan.rules.equity
    return {
        "positions": risk.positions,
        "usd": risk.usd,
        "pct_equity": risk.usd / equity * 100.0 if equity else None,
        "usd_by_cell": dict(risk.by_cell),
        "usd_by_symbol": dict(risk.by_symbol),
        "not_counted": list(risk.incomplete),
    }


def plan_dict(plan: StrikePlan | None) -> dict[str, Any] | None:
    """A strike plan in plain types."""
    if plan is None:
        return None
    return {
        "structure": plan.structure,
        "expiry": plan.expiry.isoformat(),
        "days": plan.days,
        "expected_move": plan.expected_move,
        "legs": [
            {
                "action": "sell" if leg.sign < 0 else "buy",
                "right": leg.right,
                "strike": leg.strike,
                "delta": leg.delta,
                "moves": leg.moves,
                "basis": leg.basis,
                "note": leg.note or None,
            }
            for leg in plan.legs
        ],
        "notes": list(plan.notes),
    }


COLUMNS: tuple[Column, ...] = (
    Column("symbol", "Symbol", "", "text", "Ticker.", lambda r: r.snapshot.symbol),
    _decided("cell", "Cell", "", "letter",
             "Cell of the gamma x VRP matrix: A to D; ? where z or gamma is not known.",
             lambda r: r.decision.sign),
    _decided("yesterday", "Yesterday", "", "letter", "The cell one trading day before.",
             lambda r: r.yesterday),
    _decided("candidate", "Candidate", "", "flag", "Whether the row passes the screen.",
             lambda r: r.decision.candidate),
    _decided("size", "Size", "x", "size", "Multiple of the standard size.",
             lambda r: r.decision.size),
    _decided("action", "Action", "", "long", "What to do this morning.",
             lambda r: r.decision.action),
    _decided("structure", "Structure", "", "text", "What to sell.",
             lambda r: r.decision.structure.name if r.decision.structure else None),
    _decided("score", "Score", "0-100", "integer",
             "Score of the structure, by whom score_kind says: the vendor; simulated, in the "
             "sample market; or a local score, this project's own from option chains.",
             lambda r: r.decision.score, "scores"),
    _figure("score_kind", "text"),
    _decided("expiry", "Expiry", "date", "date", "Expiry of the strikes.",
             lambda r: r.decision.strikes.expiry if r.decision.strikes else None),
    _decided("strikes", "Strikes", "USD", "long", "Legs from the lowest strike up.",
             lambda r: r.decision.strikes),
    _edge("edge_30", "Edge HV30", "USD", "signed money",
          "Edge of one contract: the credit minus what the legs are worth at HV30.", "rv_30d"),
    _edge("edge_30_pct_credit", "Edge / credit", "%", "signed percent",
          "Edge at HV30 in percent of the credit.", "rv_30d"),
    _edge("edge_30_pct_loss", "Edge / loss", "%", "signed percent",
          "Edge at HV30 in percent of the maximum loss; of the stress loss where a side is open.",
          "rv_30d"),
    _edge("edge_90", "Edge HV90", "USD", "signed money",
          "Edge of one contract at HV90.", "rv_90d"),
    _edge("credit", "Credit", "USD", "dollars",
          "Credit of one contract: at mid less half the spread of every leg."),
    _edge("loss", "Loss", "USD", "dollars",
          "Largest loss of one contract; that of a move of 2.5 deviations where a side is open."),
    _edge("loss_kind", "Loss is", "", "text", "maximum or stress."),
    _decided("edge_basis", "Edge from", "", "long",
             "What the edge was priced from; where there is none, why.", edge_basis),
    _figure("spot", "price"),
    _figure("atm_iv", "number"),
    _figure("atm_iv_30d", "number"),
    _figure("rv_20d", "number"),
    _figure("rv_30d", "number"),
    _figure("rv_90d", "number"),
    *(_figure(name, "number") for name in RANGE_FIGURES),
    _figure("vrp_20d", "signed"),
    _premium("spread_30d", "Spread 30d", "points", "signed", "30-day ATM IV minus RV20.",
             "atm_iv_30d"),
    _premium("structural", "IV/HV90", "ratio", "ratio", "Structural ratio, floor applied.",
             "rv_90d"),
    _premium("tactical", "IV/HV30", "ratio", "ratio", "Tactical ratio, floor applied.", "rv_30d"),
    _premium("put_tactical", "Put IV/HV30", "ratio", "ratio", "25-delta put IV over HV30.",
             "put_wing_iv"),
    _premium("funnel", "Funnel", "", "text", "Verdict of the two ratios.", "rv_90d"),
    _premium("rich", "Rich", "", "flag", "Whether IV/HV90 is at or above the rich threshold.",
             "rv_90d"),
    _premium("compression", "HV30/HV90", "ratio", "ratio", "Compression ratio; a label only.",
             "rv_90d"),
    _premium("compression_band", "Band", "", "text", "Band of the compression ratio.", "rv_90d"),
    _figure("variance_premium", "number"),
    _figure("z_score", "signed"),
    _decided("z_change", "z change", "sd", "signed", "Change of z since the trading day before.",
             lambda r: r.z_change),
    _premium("z_band", "z band", "", "text", "Band of the z-score method.", "z_score"),
    _decided("z_from", "z from", "", "text",
             "What z was made from: as delivered, own history, or an index of volatility.",
             lambda r: z_from(r.snapshot), "z_score"),
    _figure("percentile", "percent"),
    _figure("history_days", "integer"),
    _figure("iv_rank", "percent"),
    _figure("iv_percentile", "percent"),
    *(_figure(name, "signed" if name.startswith("z") else "percent") for name in WINDOWED),
    _figure("put_vrp", "signed"),
    _figure("call_vrp", "signed"),
    _decided("lean", "Lean", "", "text", "Which side is paid better.",
             lambda r: r.decision.lean, "put_vrp"),
    _decided("gamma", "Gamma", "", "text", "The regime that is used.",
             lambda r: r.decision.gamma),
    _decided("gamma_basis", "Gamma from", "", "text",
             "What the regime rests on: vendor, repriced, or the sign of net GEX.",
             lambda r: r.decision.gamma_basis),
    _figure("net_gex", "money"),
    _figure("gamma_flip", "price"),
    _decided("flip_distance_pct", "To flip", "% spot", "signed percent",
             "Distance from the gamma flip; negative below it.",
             lambda r: r.decision.flip_distance_pct, "gamma_flip"),
    _figure("put_wall", "price"),
    _figure("call_wall", "price"),
    _figure("max_gamma", "price"),
    _decided(
        "exit_plan",
        "Get out",
        "",
        "long",
        "The exits of this trade, said before it is on.",
        lambda r: list(exit_plan(r.decision, r.rules, flip=r.snapshot.gamma_flip)),
    ),
    _decided("status", "Status", "", "long", "The exits, for a name that nobody holds.",
             lambda r: r.decision.status),
    _figure("harvest_score", "number"),
    _figure("net_harvest_score", "integer"),
    _figure("dealer_flow_risk", "integer"),
    _figure("vrp_regime", "text"),
    _figure("vanna_outlook", "long"),
    _figure("fair_vol", "number"),
    _figure("vix_term_slope", "ratio"),
    _figure("atm_oi", "integer"),
    _figure("atm_spread_pct", "percent"),
    _figure("next_earnings", "date"),
    _decided("warnings", "Warnings", "", "long", "What to look at before trading.",
             lambda r: list(r.decision.warnings)),
    _decided("why", "Why", "", "long",
             "Why the row is no candidate, what changed its size, or that its edge is not above 0.",
             lambda r: list(reasons(r.decision, r.edge))),
    _decided("as_of", "As of", "", "time", "Time of the figures.", lambda r: r.snapshot.as_of),
    _decided("age_minutes", "Age", "minutes", "integer", "Age of the figures at the scan.",
             lambda r: round(r.age.total_seconds() / 60.0)),
    _decided("stale", "Stale", "", "flag", "A session has opened since.", lambda r: r.stale),
    _decided("state", "Refresh", "", "text", "fresh, kept (the refresh failed) or stored.",
             lambda r: r.state),
    _decided("state_why", "Refresh why", "", "long", "Why it was kept.",
             lambda r: r.state_why or None),
    _decided("source", "Source", "", "text", "Where the figures come from.",
             lambda r: r.snapshot.source),
)  # fmt: skip
"""Every column of a scan, in order."""

EDGE_COLUMNS = frozenset(
    {"edge_30", "edge_30_pct_credit", "edge_30_pct_loss", "edge_90", "credit", "loss", "loss_kind"}
)
"""The columns that are blank where there is no edge; `Row.edge_why` says why."""

BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}


def reason(row: Row, column: Column) -> str | None:
    """Why that column is blank, or the cell a "?"; None where nothing is known of it."""
    if column.name == "cell":
        return "; ".join(row.decision.no_cell) or None
    if column.name in EDGE_COLUMNS and row.edge is None:
        return row.edge_why or None
    if column.name == "edge_30_pct_credit" and row.edge is not None and row.edge.credit <= 0:
        return row.edge.basis
    return row.snapshot.missing.get(column.missing) if column.missing else None


def row_dict(row: Row) -> dict[str, Any]:
    """One row in plain types for JSON: numbers are numbers, null is what is missing."""
    out = {column.name: _plain(column.value(row)) for column in COLUMNS}
    out["cell"] = row.decision.cell
    out["cell_why"] = reason(row, BY_NAME["cell"])
    out["strikes"] = plan_dict(row.decision.strikes)
    out["edge"] = edge_dict(row)
    out["edge_why"] = row.edge_why or None
    out["tenor"] = None if row.tenor is None else row.tenor._asdict()
    out["contracts"] = contracts_dict(row)
    out["cell_name"] = CELL_NAME[row.decision.cell] if row.decision.cell else None
    out["structure_risk"] = row.decision.structure.risk if row.decision.structure else None
    out["missing"] = dict(row.snapshot.missing)
    out["basis"] = dict(row.snapshot.basis)
    out["term_vrp"] = [point._asdict() for point in row.snapshot.term_vrp]
    out["levels"] = levels_dict(row.snapshot)
    out["gamma_flip_status"] = row.snapshot.gamma_flip_status
    out["sample"] = row.snapshot.sample
    return out


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        if hasattr(value, "astimezone"):
            value = value.astimezone(UTC)
        return value.isoformat()
    return value


def flat(row: Row, column: Column) -> Any:
    """One value for a cell of a table: lists and plans become text."""
    value = column.value(row)
    if column.name == "strikes":
        return None if value is None else ", ".join(leg.words for leg in value.legs)
    if isinstance(value, list):
        return "; ".join(value) or None
    return value


def scan_dict(scan: Scan) -> dict[str, Any]:
    """The whole scan in plain types; this shape is stable."""
    return {
        "as_of": _plain(scan.as_of),
        "scanned_at": _plain(scan.scanned_at),
        "source": scan.source,
        "sample": scan.sample,
        "rules": {
            "preset": scan.preset,
            "changed": scan.rules.changed(),
            "values": scan.rules.to_dict(),
        },
        "looked_at": scan.looked_at,
        "counts": scan.counts,
        "left_out": [
            {"why": left.why, "names": left.names, "cell": left.has_cell, "first": [*left.first]}
            for left in scan.left
        ],
        "rows": [row_dict(row) for row in scan.rows],
        "failed": [{"symbol": f.symbol, "error": f.error, "why": f.why} for f in scan.failed],
        "open_positions": open_risk_dict(scan),
        "notices": list(scan.notices),
    }
