"""Where the strikes go: at the walls, at a delta, or at the expected move, with every fallback.

A wall on the wrong side of spot, equal or inverted walls, a wall that is too near or whose delta
is too large is shown but not sold: the strike falls back to delta, then to the expected move, and
says so. Strikes are rounded to a usual increment, because no list of strikes comes with the
levels; the trader takes the nearest listed one.

Pure: may import nothing of the package but `vrp_xl.core`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vrp_xl.core import black_scholes
from vrp_xl.core.compare import above, at_most, below
from vrp_xl.core.implied import expected_move

if TYPE_CHECKING:
    from datetime import date

    from vrp_xl.core.black_scholes import Right
    from vrp_xl.core.rules import Rules
    from vrp_xl.core.structures import Lean, Structure

StrikeBasis = Literal["wall", "delta", "move", "max gamma", "spot", "wing"]

_NO_IV = "needs an implied volatility"
_FARTHEST = 10.0
"""No strike is listed above so many times spot."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg. `strike` is None where nothing says where it should be; `note` tells why."""

    sign: int
    right: Right
    strike: float | None
    delta: float | None
    moves: float | None
    basis: StrikeBasis | None
    note: str = ""

    @property
    def words(self) -> str:
        """Such as "sell put 640"."""
        side = "sell" if self.sign < 0 else "buy"
        return f"{side} {self.right} {'?' if self.strike is None else f'{self.strike:g}'}"


@dataclass(frozen=True, slots=True)
class StrikePlan:
    """The legs with their expiry; `notes` say which walls were not used and why."""

    structure: str
    expiry: date
    days: int
    expected_move: float | None
    legs: tuple[Leg, ...]
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every leg has a strike."""
        return all(leg.strike is not None for leg in self.legs)

    @property
    def words(self) -> str:
        """Such as "2027-01-15: buy put 630, sell put 640"."""
        return f"{self.expiry}: " + ", ".join(leg.words for leg in self.legs)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeInputs:
    """What is known: prices in USD, volatilities in points, None is "not known"."""

    spot: float
    expiry: date
    days: int
    iv: float | None = None
    put_iv: float | None = None
    call_iv: float | None = None
    put_wall: float | None = None
    call_wall: float | None = None
    max_gamma: float | None = None
    lean: Lean | None = None


def increment(price: float) -> float:
    """A usual distance between strikes: 0.5 below 25, 1 below 1,000, 5 from there.

    >>> increment(18), increment(580.51), increment(4000)
    (0.5, 1.0, 5.0)
    """
    if price < 25:
        return 0.5
    return 1.0 if price < 1000 else 5.0


def round_strike(right: Right, strike: float, spot: float) -> float:
    """The nearest usual strike; halfway goes down for a put and up for a call.

    >>> round_strike("put", 557.5, 580), round_strike("call", 557.5, 580)
    (557.0, 558.0)

    Where the price is so low that no strike is left, the answer is 0.
    """
    step = increment(spot)
    steps = strike / step
    down = math.floor(steps)
    rest = steps - down
    up = rest > 0.5 or (rest == 0.5 and right == "call")
    return max(down + 1 if up else down, 0) * step


def _out_of_the_money(right: Right, strike: float, spot: float) -> float:
    """The nearest usual strike on its side of `spot`; 0 where none is left."""
    step = increment(spot)
    if right == "put":
        return min(round_strike(right, strike, spot), (math.ceil(spot / step) - 1) * step)
    return max(round_strike(right, strike, spot), (math.floor(spot / step) + 1) * step)


def wall_problem(right: Right, given: StrikeInputs, rules: Rules) -> str | None:
    """Why the wall of that side should not be sold; None where it may."""
    wall = given.put_wall if right == "put" else given.call_wall
    if wall is None:
        return f"there is no {right} wall"
    name = f"{right} wall {wall:g}"
    if given.put_wall is not None and given.call_wall is not None:
        if given.put_wall == given.call_wall:
            return f"{name} equals the other wall"
        if given.call_wall < given.put_wall:
            return f"the walls are inverted (call {given.call_wall:g}, put {given.put_wall:g})"
    if right == "put" and wall >= given.spot:
        return f"{name} is not below spot {given.spot:g}"
    if right == "call" and wall <= given.spot:
        return f"{name} is not above spot {given.spot:g}"
    move = _move(given)
    if move is None:
        return None
    moves = abs(wall - given.spot) / move
    if below(moves, rules.min_wall_move):
        return f"{name} is only {moves:.2f} expected moves away"
    delta = _delta(right, wall, given)
    if delta is not None and above(abs(delta), rules.max_short_delta):
        return f"{name} has a delta of {abs(delta):.2f}"
    return None


def _move(given: StrikeInputs) -> float | None:
    """The expected move to expiry in USD; None without a volatility or without time."""
    if given.iv is None or not given.iv > 0 or given.days <= 0:
        return None
    return expected_move(given.spot, given.iv, given.days)


def _side_iv(right: Right, given: StrikeInputs) -> float | None:
    wing = given.put_iv if right == "put" else given.call_iv
    return wing if wing is not None else given.iv


def _delta(right: Right, strike: float, given: StrikeInputs) -> float | None:
    move = _move(given)
    near = move is not None and abs(strike - given.spot) < 0.25 * move
    iv = given.iv if near else _side_iv(right, given)
    if iv is None or not iv > 0 or given.days <= 0:
        return None
    return black_scholes.delta(right, given.spot, strike, iv, given.days)


class _Planner:
    """Places the legs of one structure."""

    def __init__(self, given: StrikeInputs, rules: Rules) -> None:
        self.given = given
        self.rules = rules
        self.notes: list[str] = []
        self.move = _move(given)

    def leg(
        self, sign: int, right: Right, strike: float | None, basis: StrikeBasis | None,
        note: str = "",
    ) -> Leg:  # fmt: skip
        if strike is None:
            return Leg(sign, right, None, None, None, None, note or _NO_IV)
        if not 0 < strike <= _FARTHEST * self.given.spot:
            return Leg(sign, right, None, None, None, None, "no strike is left that far out")
        moves = (strike - self.given.spot) / self.move if self.move else None
        return Leg(sign, right, strike, _delta(right, strike, self.given), moves, basis, note)

    def short(self, right: Right, *, two_sided: bool) -> Leg:
        """A short strike out of the money by the method in force, with its fallbacks."""
        notes = []
        if self.rules.strike_method == "walls":
            problem = wall_problem(right, self.given, self.rules)
            wall = self.given.put_wall if right == "put" else self.given.call_wall
            if wall is not None and (problem is None or not self.rules.strike_guard):
                if problem is None and self.move is None:
                    problem = f"{right} wall {wall:g} is not checked: {_NO_IV}"
                if problem:
                    self.notes.append(f"warning: {problem}")
                return self.leg(-1, right, wall, "wall", problem or "")
            notes.append(problem or "")
        if self.rules.strike_method in ("walls", "delta"):
            strike = self._by_delta(right, two_sided=two_sided)
            if strike is not None:
                return self._fallen_back(right, strike, "delta", notes)
            if self.rules.strike_method == "delta":
                notes.append("no implied volatility for a delta")
        raw = self._away(right, self.rules.short_moves, self.given.spot)
        strike = None if raw is None else _out_of_the_money(right, raw, self.given.spot)
        return self._fallen_back(right, strike, "move", notes)

    def _fallen_back(
        self, right: Right, strike: float | None, basis: StrikeBasis, notes: list[str]
    ) -> Leg:
        note = "; ".join(notes)
        if note:
            placed = f"no {right} strike" if strike is None else f"{right} strike by {basis}"
            self.notes.append(f"{note}: {placed}")
        return self.leg(-1, right, strike, basis, note)

    def _by_delta(self, right: Right, *, two_sided: bool) -> float | None:
        iv = _side_iv(right, self.given)
        if iv is None or not iv > 0 or self.given.days <= 0:
            return None
        leaning = {"put-heavy": "put", "call-heavy": "call"}.get(self.given.lean or "", right)
        target = self.rules.short_delta
        if two_sided and leaning != right:
            target = self.rules.far_delta
        raw = black_scholes.strike_of_delta(right, self.given.spot, iv, self.given.days, target)
        return _out_of_the_money(right, raw, self.given.spot)

    def _away(self, right: Right, moves: float, centre: float) -> float | None:
        """The price so many expected moves from `centre`."""
        if self.move is None:
            return None
        return centre + (-1 if right == "put" else 1) * moves * self.move

    def wing(self, short: Leg, *, limit: float | None = None) -> Leg:
        """The long strike beyond `short`, at `limit` where that is nearer and leaves room."""
        if short.strike is None or self.move is None:
            return self.leg(1, short.right, None, None, short.note if self.move else "")
        sign = -1 if short.right == "put" else 1
        step = increment(self.given.spot)
        width = max(self.rules.wing_moves * self.move, step)
        far = short.strike + sign * width
        strike = max(round_strike(short.right, far, self.given.spot), step)
        if limit is not None and (strike - limit) * sign > 0:
            if (limit - short.strike) * sign >= step:
                return self.leg(1, short.right, limit, "wing")
            self.notes.append(f"no room for the {short.right} wing inside the wall {limit:g}")
        if (strike - short.strike) * sign < step:
            strike = short.strike + sign * step
        return self.leg(1, short.right, strike, "wing")

    def centre(self, reach: float) -> tuple[float, StrikeBasis]:
        """Maximum gamma where it is within `reach` expected moves of spot, else spot."""
        peak = self.given.max_gamma
        if peak is None:
            self.notes.append("maximum gamma is not known: centred on spot")
        elif self.move is None:
            self.notes.append(f"maximum gamma {peak:g} {_NO_IV}: centred on spot")
        elif at_most(abs(peak - self.given.spot), reach * self.move):
            return peak, "max gamma"
        else:
            self.notes.append(f"maximum gamma {peak:g} is too far: centred on spot")
        return round_strike("call", self.given.spot, self.given.spot), "spot"

    def wall_limit(self, right: Right) -> float | None:
        """The wall as a limit for wings, where it stands on its side of spot."""
        put, call, spot = self.given.put_wall, self.given.call_wall, self.given.spot
        if right == "put":
            return put if put is not None and put < spot else None
        return call if call is not None and call > spot else None

    def fly(self, *, wings: bool) -> tuple[Leg, ...]:
        centre, basis = self.centre(self.rules.fly_moves)
        put, call = self.leg(-1, "put", centre, basis), self.leg(-1, "call", centre, basis)
        if not wings:
            return put, call
        return (
            self.wing(put, limit=self.wall_limit("put")), put, call,
            self.wing(call, limit=self.wall_limit("call")),
        )  # fmt: skip

    def narrow_condor(self) -> tuple[Leg, ...]:
        centre, basis = self.centre(self.rules.tight_moves)  # spot stays between the shorts
        legs = {}
        for right in ("put", "call"):
            raw = self._away(right, self.rules.tight_moves, centre)
            strike = None if raw is None else round_strike(right, raw, self.given.spot)
            note = f"narrow, centred on {basis}" if strike is not None else ""
            legs[right] = self.leg(-1, right, strike, "move", note)
        return (
            self.wing(legs["put"], limit=self.wall_limit("put")), legs["put"], legs["call"],
            self.wing(legs["call"], limit=self.wall_limit("call")),
        )  # fmt: skip


def plan_strikes(
    structure: Structure, given: StrikeInputs, rules: Rules, *, tight: bool = False
) -> StrikePlan:
    """Strikes for `structure`.

    Args:
        structure: one of `vrp_xl.core.structures.STRUCTURES`.
        given: prices, volatilities and levels.
        rules: the rules in force.
        tight: cell C's form: a condor becomes narrow and centred on maximum gamma.
    """
    planner = _Planner(given, rules)
    name = structure.name
    legs: tuple[Leg, ...]
    if name == "iron_fly":
        legs = planner.fly(wings=True)
    elif name == "short_straddle":
        legs = planner.fly(wings=False)
    elif name == "calendar_spread":
        centre, basis = planner.centre(rules.fly_moves)
        legs = (
            planner.leg(-1, "call", centre, basis),
            planner.leg(1, "call", centre, basis, "a later expiry"),
        )
    elif name == "iron_condor" and tight:
        legs = planner.narrow_condor()
    else:
        rights = {leg.right for leg in structure.legs}
        shorts = {r: planner.short(r, two_sided=len(rights) == 2) for r in sorted(rights)}
        legs = tuple(
            shorts[leg.right] if leg.sign < 0 else planner.wing(shorts[leg.right])
            for leg in structure.legs
        )
    return StrikePlan(
        name, given.expiry, given.days, planner.move, legs, tuple(dict.fromkeys(planner.notes))
    )
