"""What a structure can lose, and which of its sides is tested: from strikes, credit and spot.

Where both sides are covered the loss has a maximum. Where one is not, it is the loss of a stress
move: so many standard deviations of the move to expiry (rule ``stress_sd``).

Money per contract is USD for 100 shares, prices are USD per share. Pure: may import nothing of the
package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from vrp_xl.core.compare import above, at_least, at_most, below
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


class Breach(NamedTuple):
    """A short strike that spot has reached or passed."""

    side: Right
    name: str
    """What is breached: "put", or "put break-even" where put and call share a strike."""
    place: float
    """Its price, USD."""
    by: float
    """How far spot is beyond it, USD; 0 at the strike."""
    covered: bool
    """Whether as much is bought as sold on this side."""


class _Place(NamedTuple):
    """A price that decides a side: its short strike, or its break-even."""

    side: Right
    name: str
    at: float


def _places(legs: Sequence[HeldLeg], credit: float | None) -> tuple[_Place, ...]:
    """The short strikes nearest to spot, a side each.

    Where put and call are sold at one strike, as in a fly, spot is always near both: there the
    break-even prices, strike minus and plus the credit, take the place of the strikes.
    """
    puts = [leg.strike for leg in legs if leg.sign < 0 and leg.right == "put"]
    calls = [leg.strike for leg in legs if leg.sign < 0 and leg.right == "call"]
    if puts and calls and max(puts) >= min(calls):
        own = credit or 0.0
        return (
            _Place("put", "put break-even", max(puts) - own),
            _Place("call", "call break-even", min(calls) + own),
        )
    found = []
    if puts:
        found.append(_Place("put", "put", max(puts)))
    if calls:
        found.append(_Place("call", "call", min(calls)))
    return tuple(found)


def breaches(
    legs: Sequence[HeldLeg], *, spot: float, credit: float | None = None
) -> tuple[Breach, ...]:
    """The short strikes that spot has reached or passed, the furthest passed first.

    Args:
        legs: all of one expiry.
        spot: USD.
        credit: received, USD per share; for structures of one short strike.

    >>> legs = [HeldLeg(-1, "put", 560), HeldLeg(1, "put", 550)]
    >>> [(b.name, b.place, b.by, b.covered) for b in breaches(legs, spot=558)]
    [('put', 560, 2, True)]
    >>> breaches(legs, spot=560.5)
    ()
    """
    open_sides = uncovered(legs)
    found = []
    for side, name, at in _places(legs, credit):
        by = at - spot if side == "put" else spot - at
        if at_least(by, 0.0):
            found.append(Breach(side, name, at, max(by, 0.0), side not in open_sides))
    return tuple(sorted(found, key=lambda b: -b.by))


def in_the_money(legs: Sequence[HeldLeg], *, spot: float) -> tuple[Breach, ...]:
    """The short strikes that have a value in themselves at `spot`, the largest first.

    >>> [(b.place, b.by) for b in in_the_money([HeldLeg(-1, "call", 650)], spot=660)]
    [(650, 10.0)]
    """
    open_sides = uncovered(legs)
    found = {
        (leg.right, leg.strike): Breach(
            leg.right, leg.right, leg.strike, payoff([leg._replace(sign=1, ratio=1.0)], spot),
            leg.right not in open_sides,
        )
        for leg in legs if leg.sign < 0
    }  # fmt: skip
    return tuple(sorted((b for b in found.values() if above(b.by, 0.0)), key=lambda b: -b.by))


def tested_side(
    legs: Sequence[HeldLeg], *, spot: float, move: float | None, within: float,
    credit: float | None = None,  # noqa: PT028 (no test)
) -> Tested | None:  # fmt: skip
    """Which short strike spot has reached or is near to; None where nothing is sold.

    A short put is tested where spot is at or below its strike, or nearer than `within` expected
    moves. Where put and call are sold at one strike the break-even prices take the place of the
    strikes.

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
    places = _places(legs, credit)
    if not places:
        return None
    found: list[tuple[float, Tested]] = []
    for side, name, place in places:
        away = spot - place if side == "put" else place - spot
        if at_most(away, 0.0):
            words = f"{name} {place:g} is breached: spot {spot:g}"
            found.append((away, Tested(side, breached=True, words=words)))
        elif move and below(away / move, within):
            words = f"{name} {place:g} is {away / move:.2f} moves away"
            found.append((away, Tested(side, breached=False, words=words)))
    if not found:
        return Tested("none", breached=False, words="not tested")
    return min(found, key=lambda f: f[0])[1]


def most_to_pay(legs: Sequence[HeldLeg]) -> float | None:
    """What the legs cost their seller at expiry at worst, USD per share; None with an open side.

    That is the width of a spread, the wider wing of a condor.

    >>> most_to_pay([HeldLeg(-1, "put", 560), HeldLeg(1, "put", 550)])
    10.0
    >>> most_to_pay([HeldLeg(-1, "put", 90)]) is None
    True
    """
    if not legs or uncovered(legs):
        return None
    # beyond its strikes a covered side loses no more
    return max(-min(payoff(legs, leg.strike) for leg in legs), 0.0)


def credit_problem(legs: Sequence[HeldLeg], credit: float) -> str:
    """Why the legs cannot have brought this credit; empty where they can.

    >>> credit_problem([HeldLeg(-1, "put", 560), HeldLeg(1, "put", 550)], 165)
    'credit 165 is not below the width 10: is it per contract (100 shares)? write 1.65'
    >>> credit_problem([HeldLeg(-1, "put", 560), HeldLeg(1, "put", 550)], 1.65)
    ''
    """
    width = most_to_pay(legs)
    if width is None or below(credit, width):
        return ""
    if not above(width, 0.0):
        return (
            "these legs can lose nothing, so they cost a debit and bring no credit: "
            "are their signs turned?"
        )
    return f"credit {credit:g} is not below the width {width:g}{_per_contract(credit, width)}"


def price_problem(
    legs: Sequence[HeldLeg], price: float, *, name: str = "mark", slack: float = 1.0
) -> str:
    """Why the legs cannot cost this to buy back; empty where they can.

    Args:
        legs: all of one expiry.
        price: USD per share.
        name: of the price, for the sentence.
        slack: so many widths may have been paid.

    >>> price_problem([HeldLeg(-1, "put", 560), HeldLeg(1, "put", 550)], 190)
    'mark 190 is above the width 10: is it per contract (100 shares)? write 1.9'
    """
    width = most_to_pay(legs)
    if width is None or at_most(price, width * slack):
        return ""
    return f"{name} {price:g} is above the width {width:g}{_per_contract(price, width)}"


def _per_contract(price: float, width: float) -> str:
    if below(price / SHARES, width):
        return f": is it per contract (100 shares)? write {price / SHARES:g}"
    return ""
