"""Dealer gamma exposure of a chain: by strike and by expiry, walls, and the re-priced flip.

Sign: dealers are long calls and short puts, an index convention; for single stocks it is assumed.
GEX of a contract is sign x gamma x open interest x 100 x spot^2 x 0.01, USD per 1 % move.

Levels use the gammas of the file. The flip re-prices every contract on a grid of spots with its own
IV held (Black-Scholes, r = q = 0): only that answers what happens when spot moves there.

Pure: may import nothing of the package but `vrp_xl.core`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vrp_xl.core.chain import DAYS_PER_YEAR, IV_FILE, MULTIPLIER
from vrp_xl.core.snapshot import Crossing

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from vrp_xl.core.chain import Chain, Cleaned, Floats, Mask
    from vrp_xl.core.snapshot import Gamma

GRID_LOW, GRID_HIGH = 0.7, 1.3
"""The spots that are looked at, as multiples of spot."""
_FINE = 0.06
_GRID: Floats = np.unique(
    np.concatenate(
        (
            np.linspace(GRID_LOW, GRID_HIGH, 61),
            np.linspace(1.0 - _FINE, 1.0 + _FINE, 49),
        )
    ).round(12)
)
"""Steps of 1 %, and of a quarter of a percent near spot: gamma of short expiries is narrow."""

_PRECISION = 1e-12
"""Of a crossing, as a share of it."""


@dataclass(frozen=True, slots=True)
class Repriced:
    """Gamma re-priced over a grid of spots."""

    gex: float | None
    """At spot, USD per 1 % move; None where no contract has open interest and an IV."""
    crossings: tuple[Crossing, ...]
    """All of them on the grid, from low to high."""
    flip: float | None
    """The crossing nearest to spot."""
    status: str
    """Why the flip is there, or is not."""

    @property
    def gamma(self) -> Gamma:
        """The regime: the sign of re-priced gamma at spot."""
        if not self.gex:
            return "unknown"
        return "positive" if self.gex > 0 else "negative"


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """GEX from the file's gammas, and the strikes that stand out. USD per 1 % move.

    A level is None where no contract has it: without open interest there is no wall.
    """

    strikes: Floats
    call_gex: Floats
    put_gex: Floats
    open_interest: Floats
    by_expiry: tuple[tuple[int, float], ...]
    """(day's ordinal, net GEX), earliest first."""
    net_gex: float | None
    call_wall: float | None
    """Strike with the largest call GEX; of equal ones the lowest. So are the others."""
    put_wall: float | None
    max_gamma: float | None
    """Strike with the largest net GEX, where one is above 0."""
    max_negative_gamma: float | None
    highest_oi_strike: float | None

    @property
    def net(self) -> Floats:
        """Net GEX by strike."""
        return self.call_gex + self.put_gex


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """Levels and flip over all expiries, and beside them those of the traded window."""

    levels: Levels
    repriced: Repriced
    window: Levels
    """Levels of the expiries within the traded window alone."""
    window_repriced: Repriced
    window_days: tuple[int, int]
    expired_gex: float
    """What the series that the clock took out would have added, USD per 1 % move."""
    notes: tuple[str, ...]
    """What a reader should know, a sentence each."""


def exposure_of(cleaned: Cleaned, *, dte_min: int = 30, dte_max: int = 60) -> Exposure:
    """All of it for one clean chain.

    Args:
        cleaned: from `vrp_xl.core.chain.clean`.
        dte_min: fewest calendar days of the traded window.
        dte_max: most calendar days of it.
    """
    chain = cleaned.chain
    days = chain.days
    levels, repriced = levels_of(chain), reprice(chain, days)
    inside = (days >= dte_min) & (days <= dte_max)
    traded = chain.where(inside)
    window, window_repriced = levels_of(traded), reprice(traded, days[inside])
    expired_gex = float(_usable(gex(cleaned.expired)).sum())
    return Exposure(
        levels,
        repriced,
        window,
        window_repriced,
        (dte_min, dte_max),
        expired_gex,
        tuple(_notes(levels, repriced, expired_gex)),
    )


def gex(chain: Chain) -> Floats:
    """GEX of every contract from the chain's own gammas; NaN where gamma or OI is."""
    scale = MULTIPLIER * chain.spot**2 * 0.01
    return chain.right * chain.gamma * chain.open_interest * scale


def _usable(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def levels_of(chain: Chain) -> Levels:
    """GEX by strike and expiry, walls and peaks of a clean chain."""
    own = gex(chain)
    known = np.isfinite(own)
    own, strike, right = own[known], chain.strike[known], chain.right[known]
    strikes, place = np.unique(strike, return_inverse=True)
    size = len(strikes)
    is_call = right > 0
    calls = _sums(place[is_call], own[is_call], size)
    puts = _sums(place[~is_call], own[~is_call], size)
    held = _sums(place, chain.open_interest[known], size)
    net = calls + puts
    expiries, when = np.unique(chain.expiry[known], return_inverse=True)
    each = _sums(when, own, len(expiries))
    return Levels(
        strikes=strikes,
        call_gex=calls,
        put_gex=puts,
        open_interest=held,
        by_expiry=tuple(zip(expiries.tolist(), each.tolist(), strict=True)),
        net_gex=float(own.sum()) if (held > 0).any() else None,
        call_wall=_peak(strikes, calls),
        put_wall=_peak(strikes, -puts),
        max_gamma=_peak(strikes, net),
        max_negative_gamma=_peak(strikes, -net),
        highest_oi_strike=_peak(strikes, held),
    )


def _sums(place: NDArray[np.intp], values: Floats, size: int) -> Floats:
    """The sum of the values at each place."""
    return np.bincount(place, values, size).astype(np.float64, copy=False)


def _peak(strikes: Floats, values: Floats) -> float | None:
    """The strike of the largest value, where that is above 0."""
    if not len(values):
        return None
    best = int(np.argmax(values))
    return float(strikes[best]) if values[best] > 0 else None


def reprice(chain: Chain, days: Floats | None = None) -> Repriced:
    """The sign of gamma at spot, and every spot of the grid's range at which it changes.

    Args:
        chain: a clean chain.
        days: its calendar days to expiry, where they are known already.

    Where the file solved IVs, only those count: what was solved from quotes comes and goes with
    the quotes, and a level must not move because a market maker has gone home.

    Closed form: one call at 110 and one put at 90, equal open interest and IV, cross at
    sqrt(110 x 90) x exp(-IV^2 T / 2): 99.33532 at 20 % and 30 days.
    """
    days = chain.days if days is None else days
    usable = (chain.open_interest > 0) & (chain.iv > 0) & (days > 0)
    from_file = usable & (chain.iv_from == IV_FILE)
    usable = from_file if from_file.any() else usable
    if not usable.any():
        return Repriced(None, (), None, "no contract has both open interest and an IV")
    at = _gex_at(chain, days, usable)
    grid = chain.spot * _GRID
    values = at(grid)
    crossings = tuple(_crossings(at, grid, values))
    here = float(at(np.array([chain.spot]))[0])
    if not crossings:
        sign = "positive" if here > 0 else "negative"
        reach = f"{grid[0]:g} to {grid[-1]:g}"
        status = f"gamma keeps its sign ({sign}) from {reach}: there is no flip"
        return Repriced(here, (), None, status)
    nearest = min(crossings, key=lambda c: abs(c.spot - chain.spot))
    status = f"re-priced; gamma turns {'positive' if nearest.direction == 'up' else 'negative'}"
    status += " above it"
    if len(crossings) > 1:
        status += f"; the nearest of {len(crossings)} crossings"
    return Repriced(here, crossings, nearest.spot, status)


def _gex_at(chain: Chain, days: Floats, usable: Mask) -> Callable[[Floats], Floats]:
    """A function from spots to re-priced GEX, USD per 1 % move."""
    years = days[usable] / DAYS_PER_YEAR
    iv = chain.iv[usable]
    deviation = iv * np.sqrt(years)
    slope = 1.0 / deviation
    shift = 0.5 * deviation - np.log(chain.strike[usable]) * slope
    weight = chain.right[usable] * chain.open_interest[usable] * slope
    scale = MULTIPLIER * 0.01 / math.sqrt(2.0 * math.pi)

    def at(spots: Floats) -> Floats:
        out = np.empty(len(spots))
        d1 = np.empty(len(slope))
        with np.errstate(under="ignore"):
            for i, log_spot in enumerate(np.log(spots)):
                np.multiply(slope, log_spot, out=d1)
                d1 += shift
                np.square(d1, out=d1)
                d1 *= -0.5
                np.exp(d1, out=d1)
                d1 *= weight
                out[i] = d1.sum()  # a dot product would start threads that get in each other's way
        return out * spots * scale

    return at


def _crossings(at: Callable[[Floats], Floats], grid: Floats, values: Floats) -> list[Crossing]:
    """Roots between grid points of opposite sign, refined; zeros on the way are stepped over."""
    some = np.flatnonzero(values)
    turns = np.flatnonzero(np.sign(values[some[1:]]) != np.sign(values[some[:-1]]))
    found = []
    for turn in turns:
        i, j = some[turn], some[turn + 1]
        root = _root(at, (float(grid[i]), float(values[i])), (float(grid[j]), float(values[j])))
        found.append(Crossing(root, "up" if values[j] > 0 else "down"))
    return found


def _root(
    at: Callable[[Floats], Floats], low: tuple[float, float], high: tuple[float, float]
) -> float:
    """The zero between two points of opposite sign, by ITP (Oliveira and Takahashi 2021).

    False position, moved a little towards the middle and kept so near to it that the bracket never
    takes more than one step more than halving would.
    """
    (a, fa), (b, fb) = low, high
    least = _PRECISION * b
    bend = 0.2 / (b - a)
    halvings = math.ceil(math.log2((b - a) / least))
    radius = least * 2.0**halvings
    for _ in range(halvings + 1):
        if b - a <= least:
            break
        middle = 0.5 * (a + b)
        false = a - fa * (b - a) / (fb - fa)
        off = middle - false
        c = false + math.copysign(min(bend * (b - a) ** 2, abs(off)), off)
        reach = radius - 0.5 * (b - a)
        if abs(c - middle) > reach:
            c = middle - math.copysign(reach, off)
        fc = float(at(np.array([c]))[0])
        if fc == 0.0:
            return c
        if (fc > 0) == (fb > 0):
            b, fb = c, fc
        else:
            a, fa = c, fc
        radius *= 0.5
    return 0.5 * (a + b)


def _notes(levels: Levels, repriced: Repriced, expired_gex: float) -> list[str]:
    out = []
    net = levels.net_gex
    if net and repriced.gex and (net > 0) != (repriced.gex > 0):
        out.append(
            f"the file's own gammas give {dollars(net)}, re-priced gamma {dollars(repriced.gex)}: "
            "the regime follows the re-priced one"
        )
    if net is not None and abs(expired_gex) > 0.005 * abs(net):
        out.append(
            f"series that have expired are left out; with them net GEX would be "
            f"{dollars(net + expired_gex)} instead of {dollars(net)}"
        )
    if levels.call_wall is not None and levels.put_wall is not None:
        if levels.call_wall == levels.put_wall:
            out.append(f"both walls stand at {levels.call_wall:g}: no condor between them")
        elif levels.call_wall < levels.put_wall:
            out.append(
                f"the walls are inverted (call {levels.call_wall:g}, put {levels.put_wall:g})"
            )
    return out


def dollars(value: float) -> str:
    """For example ``2.114 bn``; millions below a tenth of a billion."""
    return f"{value / 1e9:.3f} bn" if abs(value) >= 1e8 else f"{value / 1e6:.3g} m"
