"""Edge in dollars: what a structure pays, minus what it is worth at realized volatility.

The credit is taken at mid less half the spread of every leg. The value of the same legs at HV30 and
at HV90 (Black-Scholes, r = q = 0, calendar days / 365) is what the structure costs on average if
volatility goes on as it was. The difference settles spread against ratio: the same points of
spread earn nearly the same dollars, but they can be a large or a small part of the credit.

The value is at one volatility for every strike, since realized volatility has no smile: what the
wings are paid above it is part of the edge.

Money is USD per contract of 100 shares, volatilities are percent points. Pure: may import nothing
of the package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core import black_scholes, decide
from vrp_xl.core.implied import expected_move, interpolate_iv
from vrp_xl.core.loss import SHARES, HeldLeg, LossKind, largest_loss
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import IvPoint
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.errors import InputError, MissingError, NoNumberError, VrpError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from vrp_xl.core.black_scholes import Right
    from vrp_xl.core.decide import Decision
    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.core.strikes import StrikePlan
    from vrp_xl.core.structures import Structure

WING_DELTA = 0.25
"""The delta, in size, at which wing IVs are given."""


MEASURES = (
    "edge_30", "edge_30_pct_credit", "edge_30_pct_loss", "edge_90", "edge_90_pct_credit",
    "edge_90_pct_loss", "credit", "value_30", "value_90", "loss", "loss_kind", "structure",
    "expiry", "basis",
)  # fmt: skip
"""What can be asked of an `Edge`, in the order in which it is shown."""


DEAD = 1e-9
"""A realized volatility below this many points moves nothing: legs are worth what they hold."""


class QuotedLeg(NamedTuple):
    """A leg with its price: `sign` -1 sold, +1 bought; `mid` and `spread` in USD per share."""

    sign: int
    right: Right
    strike: float
    mid: float
    spread: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The edge of one contract of a structure, USD; None where a volatility is not known."""

    credit: float
    """At mid, less half the spread of every leg."""
    value_30: float | None
    """What the legs are worth at HV30."""
    value_90: float | None
    """What the legs are worth at HV90."""
    loss: float
    """Maximum loss, or the loss of the stress move."""
    loss_kind: LossKind
    basis: str = ""
    """Where the prices are from."""
    structure: str = ""
    """Name of the structure."""
    expiry: date | None = None
    """The day on which its legs end."""

    @property
    def edge_30(self) -> float | None:
        """Credit minus value at HV30."""
        return None if self.value_30 is None else self.credit - self.value_30

    @property
    def edge_90(self) -> float | None:
        """Credit minus value at HV90."""
        return None if self.value_90 is None else self.credit - self.value_90

    @property
    def edge_30_pct_credit(self) -> float | None:
        """Edge at HV30 in percent of the credit; None where there is no credit."""
        return _percent(self.edge_30, self.credit)

    @property
    def edge_90_pct_credit(self) -> float | None:
        """Edge at HV90 in percent of the credit."""
        return _percent(self.edge_90, self.credit)

    @property
    def edge_30_pct_loss(self) -> float | None:
        """Edge at HV30 in percent of the maximum or stress loss."""
        return _percent(self.edge_30, self.loss)

    @property
    def edge_90_pct_loss(self) -> float | None:
        """Edge at HV90 in percent of the maximum or stress loss."""
        return _percent(self.edge_90, self.loss)


def _percent(part: float | None, whole: float) -> float | None:
    return None if part is None or whole <= 0 else 100.0 * part / whole


def edge(
    legs: Sequence[QuotedLeg],
    *,
    spot: float,
    days: float,
    iv: float,
    hv30: float | None,
    hv90: float | None,
    basis: str = "",
    stress_sd: float = STANDARD.stress_sd,
) -> Edge:
    """Edge of a structure whose legs all end on one day.

    Args:
        legs: with their prices.
        spot: USD.
        days: calendar days to expiry.
        iv: ATM IV in points, for the stress move.
        hv30: points; None is not known.
        hv90: points; None is not known.
        basis: where the prices are from.
        stress_sd: size of the stress move, in standard deviations.

    A 30-day straddle at 100: IV 12 over HV 10 and IV 52 over HV 50 earn nearly the same dollars,
    but a sixth of the credit in one and a twenty-sixth in the other:

    >>> def straddle(iv, hv):
    ...     mid = black_scholes.price("call", 100, 100, iv, 30)
    ...     legs = [QuotedLeg(-1, "put", 100, mid), QuotedLeg(-1, "call", 100, mid)]
    ...     return edge(legs, spot=100, days=30, iv=iv, hv30=hv, hv90=None)
    >>> [round(straddle(iv, hv).edge_30, 1) for iv, hv in ((12, 10), (52, 50))]
    [45.7, 45.6]
    >>> [round(straddle(iv, hv).edge_30_pct_credit, 1) for iv, hv in ((12, 10), (52, 50))]
    [16.7, 3.8]

    Raises:
        InputError: there are no legs, or a price, a strike, a volatility or the days make no sense.
    """
    if not legs:
        raise InputError("A structure without legs has no edge.")
    if not (spot > 0 and days > 0 and iv > 0):
        raise InputError("Spot, days to expiry and IV must be above 0 for an edge.")
    for leg in legs:
        if not (leg.strike > 0 and leg.mid >= 0 and leg.spread >= 0):
            raise InputError(
                f"The {leg.right} {leg.strike:g} at {leg.mid:g} (spread {leg.spread:g}) makes no "
                "sense.",
                "A strike must be above 0, price and spread not below.",
            )
    credit = SHARES * sum(-leg.sign * leg.mid - leg.spread / 2.0 for leg in legs)
    held = [HeldLeg(leg.sign, leg.right, leg.strike) for leg in legs]
    loss, kind = largest_loss(
        held, credit / SHARES, spot=spot, move=expected_move(spot, iv, days), stress_sd=stress_sd
    )
    return Edge(
        credit=credit,
        value_30=_value(legs, spot, days, hv30),
        value_90=_value(legs, spot, days, hv90),
        loss=loss,
        loss_kind=kind,
        basis=basis,
    )


def _value(legs: Sequence[QuotedLeg], spot: float, days: float, hv: float | None) -> float | None:
    """What closing the legs would cost at that volatility; at 0 what they hold in themselves."""
    if hv is None:
        return None
    if hv < 0:
        raise InputError(f"A realized volatility of {hv:g} makes no sense.")
    if hv < DEAD:
        return _payoff(legs, spot)
    return SHARES * sum(
        -leg.sign * black_scholes.price(leg.right, spot, leg.strike, hv, days) for leg in legs
    )


def _payoff(legs: Sequence[QuotedLeg], at: float) -> float:
    """What the legs cost their seller at expiry with the underlying at `at`."""
    total = 0.0
    for leg in legs:
        inside = at - leg.strike if leg.right == "call" else leg.strike - at
        total -= leg.sign * max(inside, 0.0)
    return SHARES * total


def snapshot_edge(
    s: Snapshot,
    structure: Structure,
    rules: Rules,
    *,
    today: date | None = None,
    days: int | None = None,
) -> Edge:
    """Edge of a structure on `s`, with the strikes that the rules would place.

    No chain is stored, so mids are made from the snapshot's IVs: the 25-delta wing IVs at their
    strikes, ATM IV at spot, straight in the logarithm of the strike between them and flat beyond.
    ATM IV is that of the expiry where its term structure brackets it. Spreads are those of ATM and
    wing quotes in percent of mid; where they are not known the credit is at mid, and `Edge.basis`
    says so.

    Args:
        s: the completed snapshot.
        structure: what would be sold.
        rules: the rules in force.
        today: the day to count from; that of the figures by default.
        days: calendar days to expiry; the rules' expiry by default.

    Raises:
        MissingError: a figure that it needs is missing.
        NoNumberError: the structure ends on two days.
        InputError: days that make no sense.
    """
    if days is not None and days <= 0:
        raise InputError(f"{days} days to expiry make no edge; use at least 1.")
    plan = decide.plan_for(s, structure, rules, today=today, days=days)
    return plan_edge(s, structure, plan, rules)


def decided_edge(s: Snapshot, decision: Decision, rules: Rules) -> tuple[Edge | None, str]:
    """Edge of what a decision would sell, at its strikes; else None, and why there is none."""
    if decision.structure is None:
        return None, "there is nothing to sell"
    try:
        return plan_edge(s, decision.structure, decision.strikes, rules), ""
    except VrpError as error:
        return None, error.why


def caution(found: Edge | None) -> str:
    """What a seller should hear of an edge that is not above 0; empty where there is nothing.

    Says the edge, at which volatility, and what to do. An edge that is not known says nothing
    here: its own place tells why.
    """
    if found is None:
        return ""
    at = {"HV30": found.value_30, "HV90": found.value_90}
    known = {name: value for name, value in at.items() if value is not None}
    bad = {name: value for name, value in known.items() if value >= found.credit}
    if not bad:
        return ""
    edges = {name: f"{_signed(found.credit - value)} at {name}" for name, value in known.items()}
    told = "edge " + " and ".join(edges[name] for name in bad)
    good = [words for name, words in edges.items() if name not in bad]
    told += f" ({good[0]})" if good else ""
    if found.credit <= 0:
        return f"{told}: no credit is left at these quotes; pass"
    those = "that volatility" if len(bad) == 1 else "those volatilities"
    named = STRUCTURES[found.structure].title if found.structure in STRUCTURES else "structure"
    worst = max(bad.values())
    costs = "more than" if worst > found.credit else "all of"
    return (
        f"{told}: at {those} one {named} costs {costs} its credit of ${found.credit:,.0f}; "
        f"pass, or sell it only above ${math.ceil(round(worst, 2)):,}"
    )


def _signed(usd: float) -> str:
    """-3.2 -> "-$3"; cents where a dollar would round to nothing."""
    shape = ",.2f" if 0.005 <= abs(usd) < 1 else ",.0f"
    sign = "" if abs(usd) < 0.005 else "-" if usd < 0 else "+"
    return f"{sign}${abs(usd):{shape}}"


def cautioned(decision: Decision, found: Edge | None) -> Decision:
    """The decision with the caution of its edge before its other warnings.

    It warns and no more: the matrix decides, the edge is what a repetition of the past would pay.
    """
    words = caution(found)
    if not words:
        return decision
    warnings = tuple(dict.fromkeys((words, *decision.warnings)))
    return dataclasses.replace(decision, warnings=warnings)


def reasons(decision: Decision, found: Edge | None) -> tuple[str, ...]:
    """Why the row is no candidate, or what changed its size; of a sale, the caution of its edge.

    The words that stand beside the action: a sale that pays nothing is not told without a word.
    """
    words = caution(found) if decision.candidate else ""
    return (words, *decision.why) if words else decision.why


def plan_edge(s: Snapshot, structure: Structure, plan: StrikePlan | None, rules: Rules) -> Edge:
    """Edge of a structure on `s` at the strikes of `plan`; priced as `snapshot_edge` says.

    Raises:
        MissingError: a figure that it needs is missing.
        NoNumberError: the structure ends on two days.
    """
    if structure.vega > 0:
        raise NoNumberError(
            f"A {structure.title} has no edge in dollars: it ends on two days.",
            "Ask for a structure that sells premium on one.",
        )
    premium_iv = s.atm_iv_30d if s.atm_iv_30d is not None else s.atm_iv
    if s.spot is None:
        raise MissingError(f"{s.symbol} has no spot, so there is nothing to price.")
    if premium_iv is None:
        raise MissingError(f"{s.symbol} has no ATM IV, so there is nothing to price.")
    if plan is None or plan.days <= 0 or not plan.complete:
        raise MissingError(f"The strikes of the {structure.title} on {s.symbol} are not known.")
    smile, words = _smile(s, premium_iv, plan)
    told = [words]
    widths = (s.atm_spread_pct, s.wing_spread_pct)
    if widths == (None, None):
        told.append("width of quotes not known: at mid")
    elif None in widths:
        told.append("one width for all quotes")
    atm_width = next((w for w in widths if w is not None), 0.0)
    wing_width = next((w for w in reversed(widths) if w is not None), 0.0)
    legs = []
    for leg in plan.legs:
        strike = leg.strike or 0.0
        mid = max(black_scholes.price(leg.right, s.spot, strike, smile(strike), plan.days), 0.0)
        at_money = plan.expected_move is not None and (
            abs(strike - s.spot) < 0.25 * plan.expected_move
        )
        width = atm_width if at_money else wing_width
        legs.append(QuotedLeg(leg.sign, leg.right, strike, mid, mid * width / 100.0))
    found = edge(
        legs, spot=s.spot, days=plan.days, iv=smile(s.spot), hv30=s.rv_30d, hv90=s.rv_90d,
        stress_sd=rules.stress_sd,
    )  # fmt: skip
    if found.credit <= 0:
        told.append("no credit is left at these quotes")
    return dataclasses.replace(
        found, basis="; ".join(told), structure=structure.name, expiry=plan.expiry
    )


class _Smile(NamedTuple):
    """IV by strike: three knots in the logarithm of the strike, flat beyond them."""

    knots: tuple[tuple[float, float], ...]

    def __call__(self, strike: float) -> float:
        x = math.log(strike)
        low, high = self.knots[0], self.knots[-1]
        if x <= low[0]:
            return low[1]
        if x >= high[0]:
            return high[1]
        at = next(i for i, knot in enumerate(self.knots) if knot[0] >= x)
        (x0, v0), (x1, v1) = self.knots[at - 1], self.knots[at]
        return v0 + (v1 - v0) * (x - x0) / (x1 - x0)


def term_of(s: Snapshot) -> tuple[IvPoint, ...]:
    """ATM IV by calendar days: by expiry where that is known, else by tenor."""
    return s.iv_term or tuple(IvPoint(point.dte, point.iv) for point in s.term_vrp)


def _smile(s: Snapshot, atm: float, plan: StrikePlan) -> tuple[_Smile, str]:
    """The smile at the expiry: the wings keep their distance to ATM IV as a ratio."""
    spot, days = s.spot or 0.0, plan.days
    at_expiry = interpolate_iv(term_of(s), days)
    words = f"priced for {plan.expiry} from the IV at {days} days"
    if at_expiry is None:
        words = f"priced for {plan.expiry} from ATM IV (none is known at {days} days)"
    level = atm if at_expiry is None else at_expiry
    knots = [(math.log(spot), level)]
    sides: tuple[tuple[Right, float | None], ...] = (
        ("put", s.put_wing_iv), ("call", s.call_wing_iv),
    )  # fmt: skip
    for right, wing in sides:
        if wing is not None:
            iv = wing * level / atm
            strike = black_scholes.strike_of_delta(right, spot, iv, days, WING_DELTA)
            if (strike < spot) == (right == "put") and strike != spot:
                knots.append((math.log(strike), iv))
    if len(knots) == 3:
        words += " and the wings"
    words += ", not from quotes of the legs"
    return _Smile(tuple(sorted(knots))), words
