"""The position book: what is on, what to do with it and why, what it has earned, what it may lose.

A position is a credit that was taken for a structure of one expiry, in so many contracts, some of
which may be closed already. Everything is judged by the exits of `vrp_xl.core.exits`; a rule whose
input is missing says unknown, and an unknown is never OK.

Money is USD (per share for prices, for all contracts where it says so). Pure: may import nothing
of the package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core import calendar
from vrp_xl.core.age import by_old_figures, sessions_old
from vrp_xl.core.compare import above, at_least
from vrp_xl.core.decide import decide
from vrp_xl.core.exits import (
    Exit,
    ExitInputs,
    ExitState,
    breach_asks,
    exit_state,
    held_days,
    profit_percent,
    target_price,
)
from vrp_xl.core.implied import expected_move, interpolate_iv
from vrp_xl.core.loss import (
    SHARES,
    HeldLeg,
    Loss,
    Tested,
    largest_loss,
    price_problem,
    risk_of,
    tested_side,
    uncovered,
)
from vrp_xl.core.sizing import cap_problems
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.core.symbols import is_cash_settled
from vrp_xl.errors import InputError, VrpError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from vrp_xl.core.matrix import Cell
    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.core.structures import Risk


_FLIP_CUT = re.compile(r"\b(flip|gamma|cut half|half cut)\b", re.IGNORECASE)
"""Reasons of a close that was made because of the gamma flip."""
_DEAR = 0.2
"""A credit of an open side above this share of its strike is likely one per contract."""


class Closed(NamedTuple):
    """Contracts that were bought back: when, for how much per share, how many, and why."""

    contracts: float
    debit: float
    day: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A credit position. None is "not known"."""

    symbol: str
    contracts: float
    """So many were opened; what was closed of them is in `closes`."""
    structure: str | None = None
    legs: tuple[HeldLeg, ...] = ()
    entry: date | None = None
    expiry: date | None = None
    credit: float | None = None
    """Received, USD per share."""
    mark: float | None = None
    """To buy it back now, USD per share."""
    entry_cell: Cell | None = None
    closes: tuple[Closed, ...] = ()
    id: str = ""
    note: str = ""
    marked: date | None = None
    """New York day of the mark; None counts as of the session of the figures."""
    doubts: tuple[str, ...] = ()
    """What in the input is likely not meant so, a sentence each."""

    @property
    def open_contracts(self) -> float:
        """Contracts that are still on."""
        return max(self.contracts - sum(c.contracts for c in self.closes), 0.0)

    @property
    def is_open(self) -> bool:
        """Whether any contract is on."""
        return self.open_contracts > 1e-9

    @property
    def risk(self) -> Risk:
        """By the legs; without them by the structure; undefined where neither is known."""
        if self.legs:
            return risk_of(self.legs)
        known = STRUCTURES.get(self.structure or "")
        return "undefined" if known is None else known.risk

    @property
    def half_cut(self) -> str:
        """That half was cut for the flip, in words; empty where less or nothing was.

        Half of an odd number is the smaller part.
        """
        left = self.contracts
        start, cut = 0.0, 0.0
        for c in self.closes:
            if _FLIP_CUT.search(c.reason):
                start = start or left
                cut += c.contracts
                if at_least(cut, max(start // 2, 1.0)):
                    return "half was cut" + (f" on {c.day}" if c.day else "")
            left -= c.contracts
        return ""

    @property
    def strikes(self) -> str:
        """The legs in words, such as ``-P 560 +P 550``."""
        return " ".join(leg.words for leg in self.legs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What is to be said of one position. None is "not known"; `unknown` says why."""

    position: Position
    action: str
    """CLOSE, CUT HALF, DEFEND, WARNING, UNKNOWN, OK or CLOSED; of all exits that fire the one
    that asks for most."""
    reason: str
    """All exits that fire, the worst first, then what could not be judged and what to check."""
    exits: ExitState
    days_to_expiry: int | None
    stop: date | None
    """The trading day of the time stop."""
    profit_percent: float | None
    """Of the credit of the contracts that are on; of all where none is."""
    open_usd: float | None
    realised_usd: float | None
    target: float | None
    tested: Tested | None
    loss: Loss | None
    """Of one contract."""
    cell: str | None
    """The cell of the matrix now; "?" where z or gamma is not known; None: no figures."""
    cell_change: str
    """Entered in one cell, now in another, and what that asks for; empty where it has not."""
    z: float | None
    flip_distance_pct: float | None
    as_of: datetime | None
    """When the figures were taken; None where there are none, or nothing is on."""
    sessions_old: int | None
    """Sessions that have opened since; 0 is current, None is not known."""
    notes: tuple[str, ...]
    """Why a figure is missing."""
    doubts: tuple[str, ...] = ()
    """What in the input is likely not meant so."""

    @property
    def by_current_figures(self) -> bool:
        """Whether it was judged by figures of the present session; what is closed asks for none."""
        return not self.position.is_open or (self.as_of is not None and not self.sessions_old)

    @property
    def must_close(self) -> bool:
        """Whether an exit asks to act."""
        return self.position.is_open and self.exits.must_close

    @property
    def at_risk_usd(self) -> float | None:
        """Maximum or stress loss of all contracts that are on."""
        if not self.position.is_open:
            return 0.0
        return None if self.loss is None else self.loss.usd * self.position.open_contracts

    @property
    def risk_cell(self) -> str:
        """The cell whose cap counts: today's, else that of entry, else "?"."""
        if self.cell in ("A", "B", "C", "D"):
            return str(self.cell)
        return self.position.entry_cell or "?"


def review(
    p: Position,
    snapshot: Snapshot | None,
    rules: Rules,
    *,
    today: date,
    session: date | None = None,
) -> Review:
    """Judges one position by what is known of its symbol now.

    Args:
        p: the position.
        snapshot: of its symbol; None says that nothing is stored, so most exits are unknown.
        rules: the rules in force.
        today: the New York date; days to expiry count from it, also before the open.
        session: the trading day of the present moment: by figures of an earlier one no exit is
            known not to fire. None asks for no age.
    """
    notes: list[str] = []
    decision = None if snapshot is None else decide(snapshot, rules, today=today)
    if decision is None:
        notes.append(f"no figures of {p.symbol} are stored")
    days = held_days(p.expiry, p.entry, today, rules)
    left = days.days_to_expiry
    over = left is not None and left < 0
    spot = None if snapshot is None else snapshot.spot
    move = None if snapshot is None else _move(snapshot, left)
    mark, needs = _mark(p, snapshot, today)
    state = ExitState((), ())
    if p.is_open:
        state = exit_state(
            ExitInputs(
                z=None if snapshot is None else snapshot.z_score,
                spot=spot,
                flip=None if snapshot is None else snapshot.gamma_flip,
                gamma="unknown" if decision is None else decision.gamma,
                gamma_basis=None if decision is None else decision.gamma_basis,
                spread=None if snapshot is None else snapshot.vrp_20d,
                tactical=None if decision is None else decision.premium.tactical,
                entry_cell=p.entry_cell, risk=p.risk, held=True, credit=p.credit,
                mark=None if needs else mark, mark_needs=needs,
                contracts=p.open_contracts, half_cut=p.half_cut, legs=p.legs,
                cash_settled=is_cash_settled(p.symbol),
                days_to_expiry=left, entry_days=days.entry_days,
                days_to_stop=days.days_to_stop, entry_days_to_stop=days.entry_days_to_stop,
            ),
            rules,
        )  # fmt: skip
    as_of = None if snapshot is None or not p.is_open else snapshot.as_of
    age = None if as_of is None or session is None else sessions_old(as_of, session)
    if as_of is not None and session is not None:
        state = by_old_figures(state, as_of, session)
    cell = None if decision is None else decision.sign
    known = None if decision is None else decision.cell_text
    change = _cell_change(p, known) if p.is_open else ""
    doubts = (*p.doubts, *_doubts(p)) if p.is_open else ()
    action, reason = _told(p, state, change, doubts)
    return Review(
        position=p,
        action=action,
        reason=reason,
        exits=state,
        days_to_expiry=left if p.is_open else None,
        stop=days.stop if p.is_open else None,
        profit_percent=_percent(p, mark),
        open_usd=_open_profit(p, mark),
        realised_usd=_realised(p),
        target=None if p.credit is None else target_price(p.credit, rules.profit_target),
        tested=_tested(p, spot, move, rules, notes) if p.is_open and not over else None,
        loss=_loss(p, spot, move, rules, notes, over=over) if p.is_open else None,
        cell=cell,
        cell_change=change,
        z=None if snapshot is None else snapshot.z_score,
        flip_distance_pct=None if decision is None else decision.flip_distance_pct,
        as_of=as_of,
        sessions_old=age,
        notes=tuple(notes),
        doubts=doubts,
    )


def _mark(p: Position, snapshot: Snapshot | None, today: date) -> tuple[float | None, str]:
    """The mark as it can be used for money, and why no exit may be judged by it."""
    if p.mark is None:
        return None, ""
    problem = price_problem(p.legs, p.mark)
    if problem:
        return None, f"another mark: {problem}"
    if p.marked is None:
        return p.mark, ""
    session = (
        calendar.trading_day(snapshot.as_of)
        if snapshot is not None
        else calendar.previous_trading_day(today)
    )
    if p.marked >= session:
        return p.mark, ""
    return p.mark, f"a newer mark: it is of {p.marked}, and the session of {session} has opened"


def _doubts(p: Position) -> list[str]:
    """What is likely not meant so, from what a file or a cell says."""
    told = []
    if p.expiry is not None:
        try:
            trades = calendar.is_trading_day(p.expiry)
        except InputError:
            trades = True  # beyond the table nothing is known
        if not trades:
            before = calendar.previous_trading_day(p.expiry)
            told.append(
                f"the expiry {p.expiry} is a {p.expiry:%A} without a session, the one before is "
                f"{before}"
            )
    if p.credit is not None and uncovered(p.legs):
        strike = min(leg.strike for leg in p.legs if leg.sign < 0)
        if above(p.credit, _DEAR * strike):
            told.append(
                f"credit {p.credit:g} is {p.credit / strike:.0%} of the strike {strike:g}: is it "
                "per contract (100 shares)?"
            )
    return told


def _move(s: Snapshot, days: int | None) -> float | None:
    """One standard deviation to expiry; the IV of the expiry where its term brackets it.

    On the last day a session is still to come, or half of one: it counts as a day.
    """
    if s.spot is None or days is None or days < 0:
        return None
    days = max(days, 1)
    iv = interpolate_iv(s.iv_term, days)
    if iv is None:
        iv = s.atm_iv_30d if s.atm_iv_30d is not None else s.atm_iv
    return None if iv is None else expected_move(s.spot, iv, days)


def _cell_change(p: Position, now: str | None) -> str:
    """Entered in one cell, now in another: what the change asks for. Without z nothing is told."""
    was = p.entry_cell
    if was is None or now is None or now == was:
        return ""
    told = f"entered in {was}, now {now}"
    if now == "?":
        return f"{told}: dealer gamma is not known"
    if was in ("A", "C") and now in ("B", "D"):
        asked = breach_asks(p.risk, p.open_contracts, p.half_cut)
        return f"{told}: " + ", ".join(w for w in asked if w and w != "watch")
    if was in ("A", "B") and now in ("C", "D"):
        return f"{told}: the premium is no longer high"
    return told


def _told(p: Position, state: ExitState, change: str, doubts: tuple[str, ...]) -> tuple[str, str]:
    """The action in a word or two, and the reasons, the worst first."""
    if not p.is_open:
        reasons = dict.fromkeys(c.reason for c in p.closes if c.reason)
        return "CLOSED", "; ".join(reasons) or "no reason was noted"
    told = [_words(e) for e in state.fired]
    if change:
        told.append(change)
    told += [f"unknown: {e.words}" for e in state.unknown]
    if not told:
        told.append("no exit fires")
    told += [f"check: {words}" for words in doubts]
    return "WARNING" if doubts and state.action == "OK" else state.action, "; ".join(told)


def _words(e: Exit) -> str:
    return f"{e.rule}: {e.words}"


def _percent(p: Position, mark: float | None) -> float | None:
    if p.credit is None or not p.credit > 0:
        return None
    if p.is_open:
        return None if mark is None else profit_percent(p.credit, mark)
    closed = sum(c.contracts for c in p.closes)
    if closed <= 0:
        return None
    return profit_percent(p.credit, sum(c.debit * c.contracts for c in p.closes) / closed)


def _open_profit(p: Position, mark: float | None) -> float | None:
    if not p.is_open:
        return 0.0
    if p.credit is None or mark is None:
        return None
    return (p.credit - mark) * SHARES * p.open_contracts


def _realised(p: Position) -> float | None:
    if not p.closes:
        return 0.0
    if p.credit is None:
        return None
    return sum((p.credit - c.debit) * SHARES * c.contracts for c in p.closes)


def _loss(
    p: Position,
    spot: float | None,
    move: float | None,
    rules: Rules,
    notes: list[str],
    *,
    over: bool,
) -> Loss | None:
    known = STRUCTURES.get(p.structure or "")
    if known is not None and known.vega > 0:
        notes.append("the largest loss is not known: the structure ends on two days")
        return None
    if p.credit is None:
        notes.append("the largest loss needs the credit")
        return None
    if over and uncovered(p.legs):
        notes.append("the loss of an open side after its expiry needs its close: what it paid")
        return None
    try:
        return largest_loss(p.legs, p.credit, spot=spot, move=move, stress_sd=rules.stress_sd)
    except VrpError as error:
        notes.append(error.why)
        return None


def _tested(
    p: Position, spot: float | None, move: float | None, rules: Rules, notes: list[str]
) -> Tested | None:
    if not p.legs or spot is None:
        notes.append("the tested side needs " + ("the strikes" if not p.legs else "spot"))
        return None
    return tested_side(p.legs, spot=spot, move=move, within=rules.tested_moves, credit=p.credit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The book as a whole, USD; percents need equity."""

    positions: int
    """Positions that are on."""
    to_close: int
    unknown: int
    """Positions of which an exit could not be judged."""
    open_usd: float
    realised_usd: float
    at_risk_usd: float
    at_risk_by_cell: dict[str, float]
    """By the cell of today, else of entry; "?" is none."""
    equity: float | None
    incomplete: tuple[str, ...]
    """What is left out of the sums because it is not known, a sentence each."""
    problems: tuple[str, ...]
    """Caps that are exceeded, a sentence each."""

    def percent(self, usd: float) -> float | None:
        """`usd` in percent of equity; None where that is not known."""
        return None if not self.equity else usd / self.equity * 100.0


def totals(reviews: Iterable[Review], rules: Rules, *, equity: float | None = None) -> Totals:
    """Sums the book and holds it against the caps.

    Args:
        reviews: of every position.
        rules: the rules in force.
        equity: USD; the rule ``equity`` by default.
    """
    listed = list(reviews)
    held = [r for r in listed if r.position.is_open]
    account = rules.equity if equity is None else equity
    by_cell: dict[str, float] = {}
    for r in held:
        if r.at_risk_usd is not None:
            by_cell[r.risk_cell] = by_cell.get(r.risk_cell, 0.0) + r.at_risk_usd
    incomplete = []
    for what, missing in (
        ("open profit", [r for r in held if r.open_usd is None]),
        ("realised profit", [r for r in listed if r.realised_usd is None]),
        ("money at risk", [r for r in held if r.at_risk_usd is None]),
    ):
        if missing:
            names = ", ".join(dict.fromkeys(r.position.symbol for r in missing))
            incomplete.append(f"{what} leaves out {names}: not known")
    return Totals(
        positions=len(held),
        to_close=sum(r.must_close for r in held),
        unknown=sum(bool(r.exits.unknown) for r in held),
        open_usd=sum(r.open_usd or 0.0 for r in held),
        realised_usd=sum(r.realised_usd or 0.0 for r in listed),
        at_risk_usd=sum(by_cell.values()),
        at_risk_by_cell=dict(sorted(by_cell.items())),
        equity=account,
        incomplete=tuple(incomplete),
        problems=tuple(cap_problems(by_cell, account, rules) if account else ()),
    )
