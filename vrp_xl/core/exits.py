"""The exits: which rules fire, how bad each is, and what it asks for.

Every rule either fires, does not fire, is not asked, or is unknown because an input is missing.
All that fire are listed and the worst leads; unknown never counts as OK.

Pure: may import nothing of the package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

from vrp_xl.core import calendar
from vrp_xl.core.compare import above, at_least, below
from vrp_xl.core.loss import breaches, in_the_money
from vrp_xl.core.matrix import flip_distance
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from vrp_xl.core.loss import HeldLeg
    from vrp_xl.core.matrix import Cell
    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Gamma, GammaBasis
    from vrp_xl.core.structures import Risk

ExitRule = Literal["expired", "assignment", "inversion", "flip breach", "loss stop",
                   "profit target", "time stop", "defense", "short strike",
                   "near flip", "old figures"]  # fmt: skip


class Severity(IntEnum):
    """How bad; a larger number leads."""

    OK = 0
    UNKNOWN = 1
    WARNING = 2
    TESTED = 3
    DEFENSE = 4
    TIME = 5
    PROFIT = 6
    LOSS = 7
    BREACH = 8
    INVERSION = 9
    ASSIGNMENT = 10
    EXPIRED = 11

    @property
    def closes(self) -> bool:
        """Whether it asks to close or to cut, not only to watch."""
        return self >= Severity.DEFENSE


@dataclass(frozen=True, slots=True)
class Exit:
    """One rule's answer: fired, or unknown for want of an input."""

    rule: ExitRule
    severity: Severity
    words: str
    action: str

    def __str__(self) -> str:
        return f"{self.words}: {self.action}" if self.action else self.words


_STRENGTH = {"close": 3, "cut half": 2, "defend": 1}
"""What asks for more leads: to close ends what a cut would halve."""


@dataclass(frozen=True, slots=True)
class ExitState:
    """All rules that fire (worst first) and those that could not be judged."""

    fired: tuple[Exit, ...]
    unknown: tuple[Exit, ...]

    @property
    def lead(self) -> Exit | None:
        """The one that asks for most: to close before to cut half before to defend.

        Of those that ask for the same, the worst; None where none fires.
        """
        return max(self.fired, key=lambda e: _STRENGTH.get(e.action, 0), default=None)

    @property
    def action(self) -> str:
        """What is asked for, in capitals: CLOSE, CUT HALF, DEFEND, WARNING, UNKNOWN or OK."""
        if self.lead is None:
            return "UNKNOWN" if self.unknown else "OK"
        return self.lead.action.upper() if self.lead.severity.closes else "WARNING"

    @property
    def severity(self) -> Severity:
        """The worst that fires; UNKNOWN where none fires but one could not be judged."""
        if self.fired:
            return self.fired[0].severity
        return Severity.UNKNOWN if self.unknown else Severity.OK

    @property
    def must_close(self) -> bool:
        """Whether an exit fires that asks to act."""
        return self.severity.closes

    def words(self, *, held: bool) -> str:
        """One line: what leads, and for a name that nobody holds "stay out", never "exit"."""
        lead = self.lead
        if lead is None:
            return "UNKNOWN: " + "; ".join(e.words for e in self.unknown) if self.unknown else "OK"
        if lead.severity.closes and not held:
            return f"STAY OUT: {self.fired[0].words}"
        return f"{self.action}: {lead.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitInputs:
    """What the exits are judged by. None is "not known".

    `held` adds the rules of a position (profit, loss, time); without it only the rules that a
    name has by itself are asked.
    """

    z: float | None = None
    spot: float | None = None
    flip: float | None = None
    gamma: Gamma = "unknown"
    gamma_basis: GammaBasis | None = None
    spread: float | None = None
    tactical: float | None = None
    entry_cell: Cell | None = None
    risk: Risk = "undefined"
    held: bool = False
    credit: float | None = None
    mark: float | None = None
    mark_needs: str = ""
    """Why there is no mark that counts, where one was given."""
    contracts: float | None = None
    """That are on; one cannot be halved. None is judged as more than one."""
    half_cut: str = ""
    """That half was cut for the flip before, in words such as ``half was cut on 2026-11-23``."""
    legs: tuple[HeldLeg, ...] | None = None
    """For the short strikes; empty is not known, None asks no rule of them."""
    cash_settled: bool = False
    """Whether exercise pays cash, as of an index, and moves no shares."""
    days_to_expiry: float | None = None
    entry_days: float | None = None
    days_to_stop: float | None = None
    """Calendar days to the trading day of the time stop, which a holiday moves forward; 0 is
    today. None judges by the days to expiry alone."""
    entry_days_to_stop: float | None = None


def profit_percent(credit: float, mark: float) -> float:
    """Profit so far in percent of the credit; negative is a loss.

    >>> round(profit_percent(2.00, 0.90), 9)
    55.0

    Raises:
        InputError: a credit that is not above 0.
    """
    if not credit > 0:
        raise InputError(f"The credit is {credit:g}; it must be above 0.")
    return (credit - mark) / credit * 100.0


def target_price(credit: float, percent: float = 50.0) -> float:
    """The price to buy back at for a profit of `percent` of the credit.

    >>> target_price(2.00)
    1.0
    """
    return credit * (1.0 - percent / 100.0)


class _Judge:
    """Collects what fires and what cannot be judged."""

    def __init__(self) -> None:
        self.fired: list[Exit] = []
        self.unknown: list[Exit] = []

    def fire(self, rule: ExitRule, severity: Severity, words: str, action: str) -> None:
        self.fired.append(Exit(rule, severity, words, action))

    def miss(self, rule: ExitRule, what: str) -> None:
        self.unknown.append(Exit(rule, Severity.UNKNOWN, f"{rule} needs {what}", ""))


def exit_state(given: ExitInputs, rules: Rules) -> ExitState:
    """Judges every exit rule.

    Args:
        given: what is known of the name and, where held, of the position.
        rules: the rules in force.
    """
    judge = _Judge()
    _inversion(judge, given, rules)
    _flip(judge, given, rules)
    if given.held:
        _profit_and_loss(judge, given, rules)
        _time(judge, given, rules)
        _short_strikes(judge, given)
    if rules.tactical_defense is not None:
        if given.tactical is None:
            judge.miss("defense", "IV and HV30")
        elif below(given.tactical, rules.tactical_defense):
            judge.fire(
                "defense", Severity.DEFENSE,
                f"IV/HV30 {given.tactical:.2f} is below {rules.tactical_defense:g}", "defend",
            )  # fmt: skip
    fired = sorted(judge.fired, key=lambda e: -e.severity)
    return ExitState(tuple(fired), tuple(judge.unknown))


def _inversion(judge: _Judge, given: ExitInputs, rules: Rules) -> None:
    missing = []
    if rules.inversion_exit in ("article", "both"):
        if given.z is None:
            missing.append("the z-score")
        elif below(given.z, rules.z_exit):
            judge.fire(
                "inversion", Severity.INVERSION,
                f"compressed, z {given.z:+.2f} is below {rules.z_exit:g}", "close",
            )  # fmt: skip
            return
    if rules.inversion_exit in ("inverted", "both"):
        if given.spread is not None and below(given.spread, 0.0):
            judge.fire(
                "inversion", Severity.INVERSION,
                f"inverted, spread {given.spread:+.2f}", "close",
            )  # fmt: skip
            return
        if given.tactical is not None and below(given.tactical, 1.0):
            judge.fire(
                "inversion", Severity.INVERSION,
                f"inverted, IV/HV30 {given.tactical:.2f}", "close",
            )  # fmt: skip
            return
        if given.spread is None:
            missing.append("the spread")
        if given.tactical is None:
            missing.append("IV and HV30")
    if missing:
        judge.miss("inversion", " and ".join(missing))


def _flip(judge: _Judge, given: ExitInputs, rules: Rules) -> None:
    """Breach and nearness: only for what was entered above the flip (A or C).

    Of a position that does not say its cell nothing is known where the cell would matter.
    """
    if given.entry_cell in ("B", "D"):
        return
    if given.held and given.entry_cell is None:
        above = _Judge()
        _flip(above, replace(given, entry_cell="A"), rules)
        for exit_ in above.fired:
            judge.miss(exit_.rule, f"the cell at entry: {exit_.words}")
        judge.unknown += above.unknown
        return
    distance = (
        flip_distance(given.spot, given.flip)
        if given.spot is not None and given.flip is not None and given.spot > 0
        else None
    )
    settled = given.gamma == "positive" and given.gamma_basis == "repriced"
    action, why = breach_asks(given.risk, given.contracts, given.half_cut)
    severity = Severity.WARNING if action == "watch" else Severity.BREACH
    why = f", {why}" if why else ""
    if distance is not None and below(distance, 0.0) and not settled:
        judge.fire(
            "flip breach", severity,
            f"spot is {-distance:.2f} % below the gamma flip{why}", action,
        )  # fmt: skip
    elif given.gamma == "negative" and (given.entry_cell is not None or distance is None):
        by = " by the sign of net GEX" if given.gamma_basis == "net_gex" else ""
        judge.fire("flip breach", severity, f"dealer gamma is negative{by}{why}", action)
    elif distance is None and given.gamma == "unknown":
        judge.miss("flip breach", "the gamma flip or the regime")
    elif distance is None and given.flip is not None:
        judge.miss("near flip", "the price")
    elif distance is None:
        if not settled:  # re-priced and positive without a flip: there is none to be near to
            judge.miss("near flip", "the gamma flip")
    elif below(abs(distance), rules.flip_warn_pct):
        side = "below" if below(distance, 0.0) else "above"
        judge.fire(
            "near flip", Severity.WARNING,
            f"spot is only {abs(distance):.2f} % {side} the gamma flip", "watch",
        )  # fmt: skip


class Asked(NamedTuple):
    """What a rule asks for, and why it is not the usual."""

    action: str
    why: str = ""


def breach_asks(risk: Risk, contracts: float | None, half_cut: str = "") -> Asked:
    """What a breach of the flip asks for: to close open risk, to cut half of defined risk once.

    Args:
        risk: of the position.
        contracts: that are on; None is not known.
        half_cut: that half was cut before, in words.

    >>> breach_asks("defined", 4).action, breach_asks("undefined", 4).action
    ('cut half', 'close')
    >>> breach_asks("defined", 1)
    Asked(action='close', why='one contract cannot be halved')
    """
    if risk != "defined":
        return Asked("close")
    if half_cut:
        return Asked("watch", half_cut)
    if contracts is not None and below(contracts, 2.0):
        return Asked("close", "one contract cannot be halved")
    return Asked("cut half")


def _profit_and_loss(judge: _Judge, given: ExitInputs, rules: Rules) -> None:
    if given.credit is None or given.mark is None or not given.credit > 0:
        needs = given.mark_needs or "credit and mark"
        judge.miss("profit target", needs)
        if rules.loss_stop is not None:
            judge.miss("loss stop", needs)
        return
    profit = profit_percent(given.credit, given.mark)
    if rules.loss_stop is not None and at_least(-profit, rules.loss_stop * 100.0):
        judge.fire(
            "loss stop", Severity.LOSS,
            f"the loss is {-profit / 100.0:.2f} credits", "close",
        )  # fmt: skip
    if at_least(profit, rules.profit_target):
        judge.fire(
            "profit target", Severity.PROFIT,
            f"{profit:.0f} % of the credit is earned", "close",
        )  # fmt: skip


def _time(judge: _Judge, given: ExitInputs, rules: Rules) -> None:
    left = given.days_to_expiry
    if left is None:
        judge.miss("time stop", "the expiry")
    elif left < 0:
        ago = f"{-left:.0f} days ago" if left < -1 else "yesterday"
        judge.fire(
            "expired", Severity.EXPIRED, f"it expired {ago}, enter how it was closed", "close"
        )
    elif _stopped(left, given.days_to_stop, rules) and not (
        given.entry_days is not None and _stopped(given.entry_days, given.entry_days_to_stop, rules)
    ):
        words = f"{left:.0f} {'day' if left == 1 else 'days'} to expiry"
        if left > rules.time_stop_dte:
            words += f", the last session before {rules.time_stop_dte}"
        judge.fire("time stop", Severity.TIME, words, "close")


def _short_strikes(judge: _Judge, given: ExitInputs) -> None:
    """A short strike that spot has passed: to be decided; on its last day assignment is due."""
    if given.legs is None or (given.days_to_expiry is not None and given.days_to_expiry < 0):
        return
    if not given.legs or given.spot is None:
        judge.miss("short strike", "spot" if given.legs else "the strikes")
        return
    due = in_the_money(given.legs, spot=given.spot) if given.days_to_expiry == 0 else ()
    if due:
        names = " and ".join(f"{b.name} {b.place:g} is {b.by:.2f}" for b in due)
        asks = (
            "it settles in cash, close or roll it before the session ends"
            if given.cash_settled
            else "assignment is due, close or roll it before the session ends, or "
            f"{'take' if due[0].side == 'put' else 'deliver'} the shares"
        )
        judge.fire(
            "assignment", Severity.ASSIGNMENT,
            f"{names} in the money at spot {given.spot:g} on the last day: {asks}", "close",
        )  # fmt: skip
        return
    found = breaches(given.legs, spot=given.spot, credit=given.credit)
    if found:
        names = " and ".join(
            f"{b.name} {b.place:g} is "
            + (f"breached by {b.by:.2f}" if above(b.by, 0.0) else "reached")
            for b in found
        )
        far = f"{found[0].by / given.spot * 100.0:.1f} % of " if above(found[0].by, 0.0) else ""
        last = "let it settle in cash" if given.cash_settled else "take assignment"
        naked = not all(b.covered for b in found)
        judge.fire(
            "short strike", Severity.DEFENSE if naked else Severity.TESTED,
            f"{names} ({far}spot {given.spot:g}): roll, close or {last}",
            "defend" if naked else "decide",
        )  # fmt: skip


def _stopped(days_to_expiry: float, days_to_stop: float | None, rules: Rules) -> bool:
    """Whether the time stop has come: by the days to expiry, or by the trading day of it."""
    return days_to_expiry <= rules.time_stop_dte or (days_to_stop is not None and days_to_stop <= 0)


class HeldDays(NamedTuple):
    """The days that the exits of a position are judged by; None where a date is not known."""

    days_to_expiry: int | None = None
    entry_days: int | None = None
    days_to_stop: int | None = None
    entry_days_to_stop: int | None = None
    stop: date | None = None


def held_days(expiry: date | None, entry: date | None, today: date, rules: Rules) -> HeldDays:
    """Counts the days of a position.

    Args:
        expiry: of the legs that end first; None gives nothing.
        entry: day of entry; None is not known.
        today: the New York date.
        rules: the rules in force.

    An expiry beyond the trading calendar has its stop on the calendar day.
    """
    if expiry is None:
        return HeldDays()
    try:
        stop = calendar.time_stop(expiry, rules.time_stop_dte)
    except (InputError, OverflowError):
        stop = expiry - timedelta(days=min(rules.time_stop_dte, (expiry - date.min).days))
    return HeldDays(
        (expiry - today).days,
        None if entry is None else (expiry - entry).days,
        (stop - today).days,
        None if entry is None else (stop - entry).days,
        stop,
    )
