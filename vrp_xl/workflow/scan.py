"""The morning scan: classifies the whole watchlist, then says what is a candidate.

Screening first would hide cells C and D and every exit; so every symbol is decided, and the
order puts candidates first. Reads the store only; a refresh is a step of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from vrp_xl.core import calendar, splits
from vrp_xl.core.correlation import one_bet
from vrp_xl.core.decide import Decision, decide
from vrp_xl.core.edge import cautioned, decided_edge
from vrp_xl.core.history import same_standing
from vrp_xl.core.sizing import (
    Sized,
    break_even_probability,
    cap_problems,
    contracts_by_rules,
    stake_by_rules,
)  # fmt: skip
from vrp_xl.core.term import Tenor, tenor
from vrp_xl.workflow.closes import stored_closes
from vrp_xl.workflow.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from vrp_xl.core.correlation import Bets
    from vrp_xl.core.edge import Edge
    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.sources.base import Quota
    from vrp_xl.store.database import Store
    from vrp_xl.workflow.tally import Left

CLOCK_GRACE = timedelta(minutes=5)
"""Figures that are so much younger than the present say that this machine's clock is wrong."""

RowState = Literal["fresh", "kept", "stored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One symbol of the scan."""

    snapshot: Snapshot
    decision: Decision
    rules: Rules
    age: timedelta
    stale: bool
    """Whether a session has opened since the figures were taken."""
    yesterday: str | None
    """The cell of the trading day before; "?" where it had none; None: no record."""
    z_change: float | None
    state: RowState
    """fresh: this refresh brought it; kept: the refresh failed, an older one stays; stored."""
    state_why: str = ""
    edge: Edge | None = None
    """Of one contract of the structure; None where there is none to tell."""
    edge_why: str = ""
    """Why there is no edge."""
    tenor: Tenor | None = None
    """Where the premium sits by tenor; strikes do not follow it."""
    sized: Sized | None = None
    """Whole contracts under the caps; None before `concluded` has counted them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRisk:
    """What open positions put at risk already, USD; it counts in the caps of a scan."""

    positions: int
    """Positions that are on."""
    uncounted: int = 0
    """So many of them have a risk that is not known."""
    by_cell: Mapping[str, float]
    """By the cell of today, else of entry; "?" is none."""
    by_symbol: Mapping[str, float]
    """By name that is on; what is not known of it counts nothing."""
    incomplete: tuple[str, ...] = ()
    """What is not counted, a sentence each."""

    @property
    def usd(self) -> float:
        """All of it."""
        return sum(self.by_cell.values())

    def words(self, rules: Rules) -> str:
        """What is used of the caps, in a sentence."""
        if not self.positions:
            return "no position is open: the caps count the candidates alone"
        one = self.positions == 1
        told = (
            f"{self.positions} open position{'' if one else 's'} put{'s' if one else ''} "
            f"{self.usd:,.0f} USD at risk, counted in the caps"
        )
        if self.uncounted:
            told += f" without {self.uncounted} of unknown risk"
        limits = {cell: getattr(rules, f"cap_{cell.lower()}") for cell in "ABCD"}
        parts = [
            self._part(f"cell {cell}" if cell != "?" else "no cell", usd, limits.get(cell), rules)
            for cell, usd in sorted(self.by_cell.items())
        ]
        parts.append(self._part("in total", self.usd, rules.cap_total, rules))
        if rules.equity is None:
            parts.append("caps need the value of the account (rule equity)")
        return f"{told}: {', '.join(parts)}"

    def _part(self, what: str, usd: float, cap: float | None, rules: Rules) -> str:
        if cap is None or rules.equity is None:
            return f"{what} {usd:,.0f}"
        return f"{what} {usd:,.0f} of {rules.equity * cap / 100.0:,.0f}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A symbol that was asked for and has no figures at all."""

    symbol: str
    error: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The finished scan, every symbol in its place."""

    source: str
    sample: bool
    preset: str
    rules: Rules
    scanned_at: datetime
    rows: tuple[Row, ...]
    failed: tuple[Failure, ...]
    quota: Quota | None = None
    notices: tuple[str, ...] = ()
    seen: Mapping[str, int] | None = None
    """Cell -> names that were looked at, where `rows` holds the candidates of a screen alone."""
    newest: datetime | None = None
    """Time of the newest figures that were looked at, where `rows` does not hold them all."""
    counted: tuple[Left, ...] | None = None
    """Why names were left out, where `rows` holds the candidates of a screen alone."""
    open_risk: OpenRisk | None = None
    """Of the positions that are on; None where none were given."""

    @property
    def as_of(self) -> datetime | None:
        """Time of the newest figures."""
        return self.newest or max((row.snapshot.as_of for row in self.rows), default=None)

    @property
    def looked_at(self) -> int:
        """How many names have figures and were classified."""
        return sum(self.counts.values())

    @property
    def candidates(self) -> tuple[Row, ...]:
        """The rows that pass, best z first."""
        return tuple(row for row in self.rows if row.decision.candidate)

    @property
    def counts(self) -> dict[str, int]:
        """How many names are in each cell; "?" holds those without one."""
        if self.seen is not None:
            return dict(self.seen)
        out = dict.fromkeys(("A", "B", "C", "D", "?"), 0)
        for row in self.rows:
            out[row.decision.sign] += 1
        return out

    @property
    def left(self) -> tuple[Left, ...]:
        """Why names are left out, by reason; the largest first."""
        if self.counted is not None:
            return self.counted
        tally = Tally()
        for row in self.rows:
            tally.add(row)
        return tally.lines()


def run_scan(
    store: Store,
    source: str,
    symbols: Sequence[str],
    rules: Rules,
    *,
    preset: str = "standard",
    now: datetime | None = None,
    states: Mapping[str, tuple[RowState, str]] | None = None,
    reasons: Mapping[str, tuple[str, str]] | None = None,
    quota: Quota | None = None,
    notices: Sequence[str] = (),
) -> Scan:
    """Decides every symbol of `symbols` from what is stored.

    Args:
        store: the local store.
        source: name of the source whose figures are read; no other is looked at.
        symbols: upper-case symbols, in the order of the watchlist.
        rules: the rules in force.
        preset: their name, for the record.
        now: moment of the scan; the clock by default.
        states: symbol -> (state, why) of the refresh before.
        reasons: symbol -> (error, why) for symbols that have nothing stored.
        quota: plan and quota, for the record.
        notices: sentences that the host should show.
    """
    moment = now or datetime.now(UTC)
    today = moment.astimezone(calendar.NEW_YORK).date()
    stored = store.latest_many(source, symbols)
    rows: list[Row] = []
    failed: list[Failure] = []
    for symbol in dict.fromkeys(symbols):
        snapshot = stored.get(symbol)
        if snapshot is None:
            error, why = (reasons or {}).get(
                symbol, ("not stored", f"nothing is stored for {symbol}; refresh it first")
            )
            failed.append(Failure(symbol, error, why))
            continue
        state, state_why = (states or {}).get(symbol, ("stored", ""))
        rows.append(row_of(store, snapshot, rules, moment, today, state, state_why))
    rows.sort(key=row_order)
    stale = sum(row.stale for row in rows)
    if stale:
        oldest = min(row.snapshot.as_of for row in rows)
        notices = (old_words(stale, len(rows), oldest), *notices)
    return Scan(
        source=source,
        sample=any(row.snapshot.sample for row in rows) or source == "sample",
        preset=preset,
        rules=rules,
        scanned_at=moment,
        rows=tuple(rows),
        failed=tuple(failed),
        quota=quota,
        notices=tuple(notices),
    )


def old_words(stale: int, rows: int, oldest: datetime) -> str:
    """How many figures are old, and of what day the oldest are, for the notice of a scan."""
    day = oldest.astimezone(calendar.NEW_YORK).date()
    told = f"{stale:,} of {rows:,} symbols have old figures"
    return f"{told}, the oldest of {day}: a session has opened since"


def age_words(age: timedelta) -> str:
    """An age in the largest unit that says enough.

    >>> from datetime import timedelta
    >>> age_words(timedelta(minutes=17)), age_words(timedelta(hours=30)), age_words(timedelta(9))
    ('17 min', '30 h', '9 days')
    """
    minutes = max(round(age.total_seconds() / 60), 0)
    if minutes < 120:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 72 else f"{round(hours / 24)} days"


def row_of(
    store: Store,
    snapshot: Snapshot,
    rules: Rules,
    moment: datetime,
    today: date,
    state: RowState = "stored",
    state_why: str = "",
) -> Row:
    """One symbol of a scan: its decision, and the day before beside it."""
    day = calendar.trading_day(snapshot.as_of)
    ahead = snapshot.as_of - moment
    age = max(-ahead, timedelta(0))
    stale = day < calendar.trading_day(moment)
    decision = decide(snapshot, rules, today=today)
    edge, edge_why = decided_edge(snapshot, decision, rules)
    decision = cautioned(decision, edge)
    if stale:
        old = f"figures are {age_words(age)} old: a session has opened since"
        decision = replace(decision, warnings=(old, *decision.warnings))
    if ahead > CLOCK_GRACE:
        early = f"figures are {age_words(ahead)} ahead of this machine's clock: check the clock"
        decision = replace(decision, warnings=(early, *decision.warnings))
    before = store.previous(snapshot.source, snapshot.symbol, day)
    yesterday = z_change = None
    if before is not None:
        yesterday = decide(before, rules, today=today).sign
        if (
            snapshot.z_score is not None
            and before.z_score is not None
            and same_standing(snapshot, before)
        ):
            z_change = snapshot.z_score - before.z_score
    return Row(
        snapshot=snapshot,
        decision=decision,
        rules=rules,
        age=age,
        stale=stale,
        yesterday=yesterday,
        z_change=z_change,
        state=state,
        state_why=state_why,
        edge=edge,
        edge_why=edge_why,
        tenor=tenor(snapshot.term_vrp, rules, why_missing=snapshot.missing.get("term_vrp", "")),
    )


def row_order(row: Row) -> tuple[bool, bool, float, str]:
    """Sort key: candidates first, z descending, missing last."""
    z = row.snapshot.z_score
    return (not row.decision.candidate, z is None, -(z or 0.0), row.snapshot.symbol)


COMPARED_MOST = 200
"""More candidates than this are not compared with each other: nobody sells them all."""


def concluded(store: Store, scan: Scan, open_risk: OpenRisk | None = None) -> Scan:
    """`scan` with whole contracts for its rows and a notice of the candidates that are one bet.

    Contracts are counted in the order of the scan: open positions first, then each candidate takes
    its part of the caps and the next has what is left.

    Args:
        store: has the daily closes.
        scan: of all names.
        open_risk: what open positions put at risk already; None counts none.
    """
    names = [row.snapshot.symbol for row in scan.candidates]
    told = suspected_splits(scan.rows)
    if open_risk is not None:
        told += [open_risk.words(scan.rules), *open_risk.incomplete]
        equity = scan.rules.equity
        told += cap_problems(open_risk.by_cell, equity, scan.rules) if equity else ()
    if 1 < len(names) <= COMPARED_MOST:
        told += correlated(store, scan.source, names, scan.rules).words
    elif len(names) > COMPARED_MOST:
        told += [f"{len(names)} candidates are too many to compare: some may be one bet"]
    rows = tuple(_contracts(scan.rows, open_risk))
    if open_risk is not None and 0 < len(names) <= COMPARED_MOST:
        rows = _beside(store, scan.source, rows, open_risk)
    return replace(
        scan,
        rows=rows,
        notices=(*scan.notices, *told),
        open_risk=open_risk,
    )


def suspected_splits(rows: Sequence[Row]) -> list[str]:
    """Whose figures are missing for a step that may be a split, a sentence each."""
    told = []
    for row in rows:
        s = row.snapshot
        found = (words for words in s.missing.values() if splits.SAY in words)
        why = min(found, key=len, default="")
        if why:
            told.append(f"{s.symbol}: {why[0].lower()}{why[1:]}")
    return told


def _contracts(rows: Sequence[Row], open_risk: OpenRisk | None) -> Iterator[Row]:
    used: dict[str, float] = {}
    for row in rows:
        d = row.decision
        if not d.candidate:
            why = (*d.stops, *d.why, "it is no candidate")[0]
            yield replace(row, sized=Sized(0, 0.0, (why,)))
            continue
        sized = _sized(row, used, {} if open_risk is None else open_risk.by_cell)
        place = d.sign
        used[place] = used.get(place, 0.0) + sized.risk_usd
        yield replace(row, sized=sized)


def _beside(store: Store, source: str, rows: Sequence[Row], open_risk: OpenRisk) -> tuple[Row, ...]:
    """The rows; a candidate that is on already, or moves with a name that is, says so."""
    held = open_risk.by_symbol
    names = [row.snapshot.symbol for row in rows if row.decision.candidate]
    both = list(dict.fromkeys([*names, *held]))
    pairs = correlated(store, source, both, rows[0].rules).pairs if held else ()
    out = []
    for row in rows:
        d, name = row.decision, row.snapshot.symbol
        told = []
        if d.candidate and name in held:
            usd = held[name]
            much = f"put {usd:,.0f} USD at risk already" if usd else "are on already"
            told.append(f"open positions in {name} {much}")
        if d.candidate:
            others = [
                f"{other} ({pair.correlation:.2f})"
                for pair in pairs
                for other in {pair.first, pair.second} - {name}
                if name in pair[:2] and other in held
            ]
            if others:
                told.append(f"one bet with what is on: correlation with {', '.join(others)}")
        out.append(
            replace(row, decision=replace(d, warnings=(*told, *d.warnings))) if told else row
        )
    return tuple(out)


def _sized(row: Row, used: Mapping[str, float], held: Mapping[str, float]) -> Sized:
    d, rules = row.decision, row.rules
    if row.edge is None:
        credit = loss = None
        defined = False
    else:
        credit, loss = row.edge.credit, row.edge.loss
        defined = row.edge.loss_kind == "maximum"
    stake = stake_by_rules(rules, credit=credit, loss=loss, defined=defined)
    sized = contracts_by_rules(
        rules, loss=loss, multiple=d.size, cell=d.cell, at_risk=used, held=held, stake=stake
    )
    if rules.kelly_p_win is None or credit is None or loss is None:
        return sized
    if not defined and sized.contracts:
        return sized._replace(reasons=("Kelly does not size an open loss", *sized.reasons))
    if stake == 0.0 and credit > 0 and sized.reasons and "Kelly" in sized.reasons[-1]:
        need = break_even_probability(credit, credit + loss, close_at=rules.profit_target / 100.0)
        why = f"{rules.kelly_p_win:g} % reach the target, {need * 100.0:.1f} % break even"
        return sized._replace(reasons=(*sized.reasons[:-1], f"Kelly gives no edge: {why}"))
    return sized


def correlated(store: Store, source: str, symbols: Sequence[str], rules: Rules) -> Bets:
    """Which of `symbols` are one bet, by their stored closes without marked splits."""
    closes = {}
    if rules.correlation_max is not None and len(symbols) > 1:
        for symbol in symbols:
            closes[symbol] = stored_closes(store, source, symbol).closes
    return one_bet(closes, rules)
