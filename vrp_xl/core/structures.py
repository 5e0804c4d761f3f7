"""The structures, what each risks, and which one to pick.

A structure sells premium where its vega is negative. Pure: may import nothing of the package
but `vrp_xl.core`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from vrp_xl.core.compare import above, at_most, below

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vrp_xl.core.black_scholes import Right
    from vrp_xl.core.matrix import Cell
    from vrp_xl.core.rules import Rules

Risk = Literal["defined", "undefined", "undefined on one side"]
Lean = Literal["put-heavy", "call-heavy", "balanced"]


class LegSpec(NamedTuple):
    """A leg: sold (-1) or bought (+1), put or call."""

    sign: int
    right: Right


@dataclass(frozen=True, slots=True)
class Structure:
    """One option structure."""

    name: str
    title: str
    legs: tuple[LegSpec, ...]
    risk: Risk
    vega: Literal[-1, 1]
    side: Literal["put", "call", "both"]
    doc: str


_SP, _LP = LegSpec(-1, "put"), LegSpec(1, "put")
_SC, _LC = LegSpec(-1, "call"), LegSpec(1, "call")

STRUCTURES: dict[str, Structure] = {
    s.name: s
    for s in (
        Structure("short_put_spread", "short put spread", (_LP, _SP), "defined", -1, "put",
                  "sells a put and buys one further down"),
        Structure("short_call_spread", "short call spread", (_SC, _LC), "defined", -1, "call",
                  "sells a call and buys one further up"),
        Structure("iron_condor", "iron condor", (_LP, _SP, _SC, _LC), "defined", -1, "both",
                  "sells a put spread and a call spread"),
        Structure("iron_fly", "iron fly", (_LP, _SP, _SC, _LC), "defined", -1, "both",
                  "sells a straddle and buys both wings"),
        Structure("short_strangle", "short strangle", (_SP, _SC), "undefined", -1, "both",
                  "sells a put and a call out of the money"),
        Structure("short_straddle", "short straddle", (_SP, _SC), "undefined", -1, "both",
                  "sells put and call at one strike"),
        Structure("jade_lizard", "jade lizard", (_SP, _SC, _LC), "undefined on one side", -1,
                  "put", "sells a put and a call spread; the downside is not defined"),
        Structure("calendar_spread", "calendar spread", (_SC, _LC), "defined", 1, "both",
                  "sells the near expiry and buys a later one: long vega"),
    )
}  # fmt: skip
"""Every structure by name."""

ARTICLE_B = ("iron_condor", "jade_lizard")
"""What the article's code allows in cell B."""


def lean_of(put_vrp: float | None, call_vrp: float | None, lean_min: float = 1.0) -> Lean | None:
    """Which side is paid better; None where a side is not known.

    Args:
        put_vrp: put-side premium in points.
        call_vrp: call-side premium in points.
        lean_min: a smaller difference than this is balanced.

    >>> lean_of(7.35, 4.21), lean_of(4.0, 4.5), lean_of(None, 4.0)
    ('put-heavy', 'balanced', None)
    """
    if put_vrp is None or call_vrp is None:
        return None
    difference = put_vrp - call_vrp
    if above(difference, lean_min):
        return "put-heavy"
    return "call-heavy" if below(difference, -lean_min) else "balanced"


class Pick(NamedTuple):
    """The structure that was picked, its score where one is known, and why."""

    structure: Structure
    score: float | None
    why: str


_LEAN_SIDE = {"put-heavy": "put", "call-heavy": "call"}
_DEFAULT = {"put-heavy": "short_put_spread", "call-heavy": "short_call_spread"}


def eligible(cell: Cell, rules: Rules) -> tuple[str, ...]:
    """Names of the structures that `cell` allows under `rules`."""
    if cell == "D":
        return ()
    if rules.structures == "article":
        return ARTICLE_B if cell == "B" else tuple(STRUCTURES)
    if cell == "C":
        return ("iron_fly", "iron_condor")
    sellers = (s for s in STRUCTURES.values() if s.vega < 0)
    return tuple(s.name for s in sellers if cell == "A" or s.risk == "defined")


def pick(
    cell: Cell,
    scores: Mapping[str, float],
    lean: Lean | None,
    rules: Rules,
    *,
    near_max_gamma: bool | None = None,
) -> Pick | None:
    """The structure to sell, or None where the cell allows none.

    The best score wins; a structure that sells the side of the lean is preferred while it is
    within ``lean_gap`` points of the best. Without scores the lean decides among defined risk.
    Cell C takes an iron fly where spot is near maximum gamma, else a narrow condor.

    Args:
        cell: the cell of the matrix.
        scores: structure -> 0 to 100; may be empty.
        lean: as `lean_of` gives it.
        rules: the rules in force.
        near_max_gamma: for cell C; None where maximum gamma is not known.
    """
    names = eligible(cell, rules)
    if not names:
        return None
    if cell == "C" and rules.structures == "sellers":
        name = "iron_fly" if near_max_gamma else "iron_condor"
        why = {
            True: "spot is near maximum gamma",
            False: "spot is away from maximum gamma: narrow condor",
            None: "how near maximum gamma is, is not known: narrow condor",
        }[near_max_gamma]
        return Pick(STRUCTURES[name], scores.get(name), why)
    scored = {name: scores[name] for name in names if name in scores}
    if not scored:
        name = _DEFAULT.get(lean or "", "iron_condor")
        if name not in names:
            name = "iron_condor"
        return Pick(STRUCTURES[name], None, "no scores: defined risk, by the lean")
    best = max(scored, key=lambda n: (scored[n], -names.index(n)))
    side = _LEAN_SIDE.get(lean or "")
    close = [
        n for n in scored
        if STRUCTURES[n].side == side and at_most(scored[best] - scored[n], rules.lean_gap)
    ]  # fmt: skip
    if rules.lean_gap > 0 and close and STRUCTURES[best].side != side:
        chosen = max(close, key=lambda n: scored[n])
        return Pick(STRUCTURES[chosen], scored[chosen], f"{lean}, and near the best score")
    return Pick(STRUCTURES[best], scored[best], "best score")
