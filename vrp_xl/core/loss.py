"""What a structure can lose, and which of its sides is tested: from strikes, credit and spot.

Where both sides are covered the loss has a maximum. Where one is not, it is the loss of a stress
move: so many standard deviations of the move to expiry (rule ``stress_sd``).

Money per contract is USD for 100 shares, prices are USD per share. Pure: may import nothing of the
package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from vrp_xl.core.compare import at_most, below
from vrp_xl.errors import InputError, NoNumberError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vrp_xl.core.black_scholes import Right
    from vrp_xl.core.structures import Risk

LossKind = Literal["maximum", "stress"]
SHARES = 100.0
"""Shares that one contract stands for."""


class HeldLeg(NamedTuple):
    """A leg that is held: `sign` -1 sold, +1 bought; `ratio` of it in one contract."""

    sign: int
    right: Right
    strike: float
    ratio: float = 1.0

    @property
    def words(self) -> str:
        """Such as ``-P 560``."""
        many = "" if self.ratio == 1 else f"{self.ratio:g}x"
        return f"{'-' if self.sign < 0 else '+'}{many}{self.right[0].upper()} {self.strike:g}"


class Loss(NamedTuple):
    """The largest loss of one contract, USD: its maximum, or that of the stress move."""

    usd: float
    kind: LossKind


def payoff(legs: Sequence[HeldLeg], at: float) -> float:
    """What the legs are worth to their holder at expiry, USD per share, the credit aside.

    >>> payoff([HeldLeg(-1, "put", 560), HeldLeg(1, "put", 550)], 540)
    -10.0
    """
    total = 0.0
    for leg in legs:
        inside = at - leg.strike if leg.right == "call" else leg.strike - at
        total += leg.sign * leg.ratio * max(inside, 0.0)
    return total


def uncovered(legs: Sequence[HeldLeg]) -> tuple[Right, ...]:
    """The sides on which more is sold than bought.

    >>> uncovered([HeldLeg(-1, "put", 90), HeldLeg(-1, "call", 110), HeldLeg(1, "call", 115)])
    ('put',)
    """
    sides: tuple[Right, ...] = ("put", "call")
    return tuple(
        side for side in sides
        if below(sum(leg.sign * leg.ratio for leg in legs if leg.right == side), 0.0)
    )  # fmt: skip


def risk_of(legs: Sequence[HeldLeg]) -> Risk:
    """Whether the risk of the legs is defined.

    A single uncovered side counts as defined on none but the other: a short put alone is
    "undefined", a jade lizard "undefined on one side".
    """
    open_sides = uncovered(legs)
    if not open_sides:
        return "defined"
    sold = {leg.right for leg in legs if leg.sign < 0}
    return "undefined on one side" if len(open_sides) < len(sold) else "undefined"


def largest_loss(
    legs: Sequence[HeldLeg], credit: float, *, spot: float | None = None,
    move: float | None = None, stress_sd: float = 2.5,
) -> Loss:  # fmt: skip
    """The largest loss at expiry of one contract; that of the stress move where a side is open.

    A side that is covered counts whole even where the other is open.

    Args:
        legs: all of one expiry.
        credit: received, USD per share.
        spot: USD; for an open side.
        move: one standard deviation to expiry, USD; for an open side.
        stress_sd: size of the stress move in deviations.

    Width 5 for 1.65 loses at most 335 USD; a short put at 90 with spot at 100 and a move of 10
    loses 1,300 USD less the credit at 75:

    >>> largest_loss([HeldLeg(-1, "put", 100), HeldLeg(1, "put", 95)], 1.65)
    Loss(usd=335.0, kind='maximum')
    >>> largest_loss([HeldLeg(-1, "put", 90)], 2, spot=100, move=10)
    Loss(usd=1300.0, kind='stress')

    Raises:
        InputError: there are no legs, or a number that makes no sense.
        NoNumberError: a side is open, and spot or move is not known.
    """
    if not legs:
        raise InputError("Without strikes there is no loss to compute.", "Give the strikes.")
    if any(not (leg.strike > 0 and leg.ratio > 0) for leg in legs):
        raise InputError("Strikes and numbers of options must be above 0.")
    open_sides = uncovered(legs)
    places = [leg.strike for leg in legs]  # beyond them a covered side loses no more
    if open_sides:
        if spot is None or move is None:
            raise NoNumberError(
                "The stress loss needs spot, an implied volatility and the expiry.",
                "Refresh the symbol, or buy the wing that is missing.",
            )
        if "put" in open_sides:
            places.append(max(spot - stress_sd * move, 0.0))
        if "call" in open_sides:
            places.append(spot + stress_sd * move)
    worst = -min(payoff(legs, place) for place in places)
    usd = max(round((worst - credit) * SHARES, 6), 0.0)
    return Loss(usd, "stress" if open_sides else "maximum")


class Tested(NamedTuple):
    """Which side spot is testing."""

    side: Literal["put", "call", "none"]
    breached: bool
    words: str


def tested_side(
    legs: Sequence[HeldLeg], *, spot: float, move: float | None, within: float,
    credit: float | None = None,  # noqa: PT028 (no test)
) -> Tested | None:  # fmt: skip
    """Which short strike spot has reached or is near to; None where nothing is sold.

    A short put is tested where spot is at or below its strike, or nearer than `within` expected
    moves. Where put and call are sold at one strike, as in a fly, spot is always near both: there
    the break-even prices, strike minus and plus the credit, take the place of the strikes.

    Args:
        legs: all of one expiry.
        spot: USD.
        move: one standard deviation to expiry, USD; None asks only whether a strike is reached.
        within: near, in moves.
        credit: received, USD per share; for structures of one short strike.

    >>> legs = [HeldLeg(-1, "put", 560), HeldLeg(1, "put", 550)]
    >>> tested_side(legs, spot=558, move=10, within=0.25).words
    'put 560 is breached: spot 558'
    >>> tested_side(legs, spot=562, move=10, within=0.25).words
    'put 560 is 0.20 moves away'
    >>> tested_side(legs, spot=590, move=10, within=0.25).words
    'not tested'
    """
    puts = [leg.strike for leg in legs if leg.sign < 0 and leg.right == "put"]
    calls = [leg.strike for leg in legs if leg.sign < 0 and leg.right == "call"]
    if not puts and not calls:
        return None
    name = {"put": "put", "call": "call"}
    places: dict[Literal["put", "call"], float] = {}
    if puts:
        places["put"] = max(puts)
    if calls:
        places["call"] = min(calls)
    if puts and calls and places["put"] >= places["call"]:
        places = {"put": places["put"] - (credit or 0.0), "call": places["call"] + (credit or 0.0)}
        name = {"put": "put break-even", "call": "call break-even"}
    found: list[tuple[float, Tested]] = []
    for side, place in places.items():
        away = spot - place if side == "put" else place - spot
        if at_most(away, 0.0):
            words = f"{name[side]} {place:g} is breached: spot {spot:g}"
            found.append((away, Tested(side, breached=True, words=words)))
        elif move and below(away / move, within):
            words = f"{name[side]} {place:g} is {away / move:.2f} moves away"
            found.append((away, Tested(side, breached=False, words=words)))
    if not found:
        return Tested("none", breached=False, words="not tested")
    return min(found, key=lambda f: f[0])[1]
