"""Local scores: how well each structure fits, 0 to 100, by a formula that anyone can check.

They are this project's own ("local score" wherever they show), not the vendor's. The formula and
its reasons: docs/decisions/0023-local-scores.md. Every input moves every score in one direction
only; what is not known is left out and its weight goes to the others, never counted as zero.

Pure: may import nothing of the package but `vrp_xl.core`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core.implied import expected_move, interpolate_iv
from vrp_xl.core.premium import ratio
from vrp_xl.core.rules import STANDARD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vrp_xl.core.snapshot import Gamma, Snapshot


class ScoreInputs(NamedTuple):
    """What the scores are made from. None is "not known"."""

    z: float | None = None
    """z-score of the 20-day spread."""
    tactical: float | None = None
    """IV / HV30, with the floor on HV30."""
    put_vrp: float | None = None
    """Points."""
    call_vrp: float | None = None
    """Points."""
    skew: float | None = None
    """(put wing IV - call wing IV) / ATM IV, all at 30 days."""
    slope: float | None = None
    """60-day ATM IV / 30-day ATM IV - 1; above 0 the term structure rises."""
    gamma: Gamma = "unknown"
    pin: float | None = None
    """Distance from spot to maximum gamma, in 30-day expected moves, 0 or more."""
    spread_pct: float | None = None
    """Width of ATM quotes in percent of mid."""


class _Ramp(NamedTuple):
    """0 at `zero` and beyond, 1 at `one` and beyond, straight between; `zero` may be the larger."""

    zero: float
    one: float

    def __call__(self, value: float) -> float:
        return min(max((value - self.zero) / (self.one - self.zero), 0.0), 1.0)


RAMPS: dict[str, _Ramp] = {
    "z": _Ramp(-1.0, 2.0),
    "no_z": _Ramp(2.0, -1.0),
    "tactical": _Ramp(0.9, 1.5),
    "put": _Ramp(-2.0, 10.0),
    "call": _Ramp(-2.0, 10.0),
    "put_over_call": _Ramp(-6.0, 6.0),
    "call_over_put": _Ramp(6.0, -6.0),
    "skew": _Ramp(0.0, 0.4),
    "no_skew": _Ramp(0.4, 0.0),
    "contango": _Ramp(-0.10, 0.10),
    "backwardation": _Ramp(0.10, -0.10),
    "pin": _Ramp(1.0, 0.0),
    "liquidity": _Ramp(10.0, 1.0),
}
"""Component -> where it is 0 and where it is 1."""

_REGIME: dict[str, float | None] = {"positive": 1.0, "negative": 0.0, "unknown": None}

WEIGHTS: dict[str, Mapping[str, float]] = {
    "short_put_spread": {
        "z": 20, "tactical": 15, "put": 20, "put_over_call": 15, "skew": 10, "regime": 10,
        "contango": 5, "liquidity": 5,
    },
    "short_call_spread": {
        "z": 20, "tactical": 15, "call": 20, "call_over_put": 15, "no_skew": 10, "regime": 10,
        "contango": 5, "liquidity": 5,
    },
    "iron_condor": {
        "z": 20, "tactical": 15, "put": 15, "call": 15, "regime": 20, "contango": 5,
        "liquidity": 10,
    },
    "iron_fly": {
        "z": 20, "tactical": 15, "put": 5, "call": 5, "regime": 20, "pin": 20, "contango": 5,
        "liquidity": 10,
    },
    "short_strangle": {
        "z": 25, "tactical": 15, "put": 10, "call": 10, "regime": 30, "contango": 5,
        "liquidity": 5,
    },
    "short_straddle": {
        "z": 25, "tactical": 15, "regime": 30, "pin": 20, "contango": 5, "liquidity": 5,
    },
    "jade_lizard": {
        "z": 20, "tactical": 10, "put": 15, "call": 10, "put_over_call": 10, "skew": 5,
        "regime": 25, "liquidity": 5,
    },
    "calendar_spread": {
        "backwardation": 40, "no_z": 20, "regime": 15, "pin": 15, "liquidity": 10,
    },
}  # fmt: skip
"""Structure -> component -> weight; the weights of a structure add up to 100."""

_PREMIUM = frozenset({"z", "tactical"})
"""One of these must be known: without a premium nothing is scored. A calendar needs the term
structure too."""


def scores(given: ScoreInputs) -> dict[str, float]:
    """Structure -> score, 0 to 100; empty where no premium is known.

    >>> good = ScoreInputs(z=1.5, tactical=1.3, put_vrp=6, call_vrp=4, gamma="positive")
    >>> round(scores(good)["iron_condor"], 1)
    75.5
    >>> scores(ScoreInputs(gamma="positive"))
    {}
    """
    parts = components(given)
    if _PREMIUM.isdisjoint(parts):
        return {}
    found = {}
    for name, weights in WEIGHTS.items():
        known = {part: w for part, w in weights.items() if part in parts}
        if name == "calendar_spread" and "backwardation" not in known:
            continue
        total = sum(known.values())
        found[name] = 100.0 * sum(w * parts[part] for part, w in known.items()) / total
    return found


def components(given: ScoreInputs) -> dict[str, float]:
    """Component -> 0 to 1, of what is known."""
    both = given.put_vrp is not None and given.call_vrp is not None
    lead = (given.put_vrp or 0.0) - (given.call_vrp or 0.0) if both else None
    raw = {
        "z": given.z,
        "no_z": given.z,
        "tactical": given.tactical,
        "put": given.put_vrp,
        "call": given.call_vrp,
        "put_over_call": lead,
        "call_over_put": lead,
        "skew": given.skew,
        "no_skew": given.skew,
        "contango": given.slope,
        "backwardation": given.slope,
        "pin": given.pin,
        "liquidity": given.spread_pct,
    }
    found = {name: RAMPS[name](value) for name, value in raw.items() if value is not None}
    regime = _REGIME[given.gamma]
    return found if regime is None else {**found, "regime": regime}


def with_local_scores(s: Snapshot, *, hv_floor: float = STANDARD.hv_floor) -> Snapshot:
    """`s` with its local scores made anew; to be called again when a z-score has come to it.

    Args:
        s: the completed snapshot.
        hv_floor: the rule of that name, points.
    """
    found = s.replace(scores=scores(inputs_of(s, hv_floor=hv_floor)), score_kind="local")
    if found.scores:
        return found
    why = "no z-score, and no 30 days of prices to compare ATM IV with"
    return found.replace(missing={"scores": why})


def inputs_of(s: Snapshot, *, hv_floor: float = STANDARD.hv_floor) -> ScoreInputs:
    """What a completed snapshot gives; ratios use its 30-day IV where there is one."""
    iv = s.atm_iv_30d if s.atm_iv_30d is not None else s.atm_iv
    skew = slope = pin = tactical = None
    if iv is not None:
        if s.put_wing_iv is not None and s.call_wing_iv is not None:
            skew = (s.put_wing_iv - s.call_wing_iv) / iv
        later = interpolate_iv(s.iv_term, 60)
        if s.atm_iv_30d is not None and later is not None:
            slope = later / s.atm_iv_30d - 1.0
        if s.max_gamma is not None and s.spot is not None:
            pin = abs(s.max_gamma - s.spot) / expected_move(s.spot, iv, 30)
        if s.rv_30d is not None:
            tactical = ratio(iv, s.rv_30d, hv_floor)
    return ScoreInputs(
        z=s.z_score,
        tactical=tactical,
        put_vrp=s.put_vrp,
        call_vrp=s.call_vrp,
        skew=skew,
        slope=slope,
        gamma=s.gamma,
        pin=pin,
        spread_pct=s.atm_spread_pct,
    )
