"""Implied volatility of a chain by expiry and tenor, its wings, and how liquid it is.

Conventions: ATM IV is the mean of the call's and the put's IV at the strike nearest to spot, of two
equally near ones the lower. Between expiries IV is linear in total variance; where none brackets a
tenor there is no figure, and the reason says which expiries there are. A wing is the IV at a delta
of 0.25, linear in delta between the two out-of-the-money strikes on both sides of it.

Volatilities come out in percent points. Pure: may import nothing of the package but
`vrp_xl.core`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vrp_xl.core.chain import am_settled, greeks, pairs, series_slices
from vrp_xl.core.implied import expected_move, interpolate_iv
from vrp_xl.core.snapshot import IvPoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vrp_xl.core.chain import Chain, Codes, Floats, Whole

TENORS = (7, 14, 30, 60, 90)
"""Calendar days at which ATM IV is given."""
WING_DELTA = 0.25
ATM_STRIKES = 3
"""ATM is looked for among so many strikes: further out it would be no ATM IV any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryView:
    """One expiry. IVs in points, prices in USD per share; None where quotes or IVs are missing."""

    ordinal: int
    days: float
    root: str
    strike: float | None
    """The ATM strike."""
    atm_iv: float | None
    put_wing_iv: float | None
    call_wing_iv: float | None
    straddle: float | None
    """Call and put at the ATM strike, at mid."""
    expected_move: float | None
    """One standard deviation by ATM IV."""
    atm_oi: float | None
    """Open interest of call and put at the ATM strike."""
    atm_spread_pct: float | None
    """Mean width of these two, in percent of their mid."""
    wing_spread_pct: float | None
    """The same of the contracts nearest to the 25-delta wings."""
    open_interest: float
    """Of all contracts of the expiry."""

    @property
    def skew(self) -> float | None:
        """Put wing minus call wing, in points."""
        if self.put_wing_iv is None or self.call_wing_iv is None:
            return None
        return self.put_wing_iv - self.call_wing_iv


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """All expiries, and the figures at fixed tenors."""

    expiries: tuple[ExpiryView, ...]
    """One per day, nearest first; where AM and PM series end on one day, the PM one leads."""
    atm_iv: Mapping[int, float]
    """Tenor in days -> ATM IV in points."""
    missing: Mapping[int, str]
    """Tenor -> why there is no ATM IV."""
    put_wing_iv: float | None
    call_wing_iv: float | None
    """At 30 days, in points."""
    wings_missing: str
    """Why a wing is missing; empty where both are there."""
    expected_move: float | None
    """One standard deviation over 30 days, USD."""
    liquid: ExpiryView | None
    """The series that liquidity is judged by: the one with the most open interest in the traded
    window, else the nearest to it."""

    @property
    def term(self) -> tuple[IvPoint, ...]:
        """ATM IV by expiry, in whole calendar days, from tomorrow on."""
        return tuple(
            IvPoint(int(e.days), e.atm_iv)
            for e in self.expiries
            if e.atm_iv is not None and e.days >= 1
        )

    @property
    def skew(self) -> float | None:
        """Put wing minus call wing at 30 days, in points."""
        if self.put_wing_iv is None or self.call_wing_iv is None:
            return None
        return self.put_wing_iv - self.call_wing_iv

    def nearest(self, days: float) -> ExpiryView | None:
        """The expiry with an ATM IV nearest to that many days; of two equally near the earlier."""
        known = [e for e in self.expiries if e.atm_iv is not None]
        return min(known, key=lambda e: abs(e.days - days)) if known else None


def surface_of(chain: Chain, *, dte_min: int = 30, dte_max: int = 60) -> Surface:
    """The surface of a clean chain.

    Args:
        chain: in the order of `vrp_xl.core.chain.clean`.
        dte_min: fewest calendar days of the traded window, for liquidity.
        dte_max: most calendar days of it.
    """
    days = chain.days
    late = ~am_settled(chain)
    views: dict[int, tuple[tuple[bool, bool], ExpiryView]] = {}
    series = []
    for part in series_slices(chain):
        view = _view(chain, part, float(days[part.start]))
        series.append(view)
        rank = (view.atm_iv is not None, bool(late[part.start]))
        if view.ordinal not in views or rank > views[view.ordinal][0]:
            views[view.ordinal] = (rank, view)
    expiries = tuple(view for _, (_, view) in sorted(views.items()))
    points = [(e.days, e.atm_iv) for e in expiries if e.atm_iv is not None]
    atm: dict[int, float] = {}
    missing: dict[int, str] = {}
    for tenor in TENORS:
        value = interpolate_iv(points, tenor)
        if value is None:
            missing[tenor] = f"no {tenor}-day ATM IV: {_reach(points, tenor)}"
        else:
            atm[tenor] = value
    wings = [
        interpolate_iv([(e.days, v) for e in expiries if (v := getattr(e, name)) is not None], 30)
        for name in ("put_wing_iv", "call_wing_iv")
    ]
    why = ""
    if None in wings:
        sides = " and ".join(s for s, w in zip(("put", "call"), wings, strict=True) if w is None)
        why = f"no 25-delta {sides} at 30 days: no expiries with it on both sides of 30 days"
    return Surface(
        expiries=expiries,
        atm_iv=atm,
        missing=missing,
        put_wing_iv=wings[0],
        call_wing_iv=wings[1],
        wings_missing=why,
        expected_move=expected_move(chain.spot, atm[30], 30) if 30 in atm else None,
        liquid=_liquid(series, dte_min, dte_max),
    )


def _reach(points: Sequence[tuple[float, float]], tenor: int) -> str:
    if not points:
        return "no expiry has an ATM IV"
    first, last = min(points)[0], max(points)[0]
    if last < tenor:
        return f"the last expiry is {_in(last)}; nothing is extrapolated"
    if first > tenor:
        return f"the first expiry is {_in(first)}; nothing is extrapolated"
    return "the expiries on both sides of it have no sound variance"


def _in(days: float) -> str:
    return "at 1 day" if round(days) == 1 else f"at {days:.0f} days"


def _liquid(series: Sequence[ExpiryView], dte_min: int, dte_max: int) -> ExpiryView | None:
    inside = [e for e in series if dte_min <= e.days <= dte_max]
    if inside:
        return max(inside, key=lambda e: e.open_interest)
    return min(
        series, key=lambda e: min(abs(e.days - dte_min), abs(e.days - dte_max)), default=None
    )


def _view(chain: Chain, part: slice, days: float) -> ExpiryView:
    strikes, call_at, put_at = pairs(chain, part)
    at = _atm(chain, strikes, call_at, put_at)
    atm_iv = straddle = strike = oi = spread = None
    if at is not None:
        call, put = int(call_at[at]), int(put_at[at])
        strike = float(strikes[at])
        atm_iv = _known(50.0 * (chain.iv[call] + chain.iv[put]))
        straddle = _known(chain.mid[[call, put]].sum())
        oi = _known(chain.open_interest[[call, put]].sum())
        spread = _spread_pct(chain, [call, put])
    put_wing, put_near = _wing(chain, part, days, -1)
    call_wing, call_near = _wing(chain, part, days, 1)
    near = [place for place in (put_near, call_near) if place is not None]
    held = chain.open_interest[part]
    return ExpiryView(
        ordinal=int(chain.expiry[part.start]),
        days=days,
        root=chain.roots[int(chain.root_code[part.start])],
        strike=strike,
        atm_iv=atm_iv,
        put_wing_iv=put_wing,
        call_wing_iv=call_wing,
        straddle=straddle,
        expected_move=None if atm_iv is None else expected_move(chain.spot, atm_iv, days),
        atm_oi=oi,
        atm_spread_pct=spread,
        wing_spread_pct=_spread_pct(chain, near) if len(near) == 2 else None,
        open_interest=float(held[np.isfinite(held)].sum()),
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _atm(chain: Chain, strikes: Floats, call_at: Whole, put_at: Whole) -> int | None:
    """The place of the ATM strike: the nearest of the nearest few that has both IVs.

    Where none of them has, the nearest one, for its quotes and open interest.
    """
    if not len(strikes):
        return None
    distance = np.abs(strikes - chain.spot)
    near = np.argsort(distance, kind="stable")[:ATM_STRIKES]
    both = np.isfinite(chain.iv[call_at[near]] + chain.iv[put_at[near]])
    return int(near[int(np.argmax(both))])


def _spread_pct(chain: Chain, places: list[int]) -> float | None:
    """Mean width in percent of mid; None where a quote is zero or crossed."""
    bid, ask = chain.bid[places], chain.ask[places]
    return _known(float(np.mean(200.0 * (ask - bid) / (ask + bid))))


def _wing(chain: Chain, part: slice, days: float, right: int) -> tuple[float | None, int | None]:
    """IV in points at a delta of 0.25 on one side, and the contract nearest to that delta.

    Looked for from the money outwards, among strikes out of the money that have an IV.
    """
    side = chain.right[part] == right
    strike, iv = chain.strike[part][side], chain.iv[part][side]
    places = np.arange(part.start, part.stop)[side]
    out = (strike - chain.spot) * right >= 0
    good = out & np.isfinite(iv)
    iv, places = iv[good], places[good]
    if right < 0:
        iv, places = iv[::-1], places[::-1]
    if not len(iv):
        return None, None
    delta = _deltas(chain, places, iv, days, right)
    beyond = np.flatnonzero(delta <= WING_DELTA)
    if not len(beyond):
        return None, None
    j = int(beyond[0])
    if j == 0:
        exact = delta[0] == WING_DELTA
        return (100.0 * float(iv[0]) if exact else None), (int(places[0]) if exact else None)
    i = j - 1
    share = (delta[i] - WING_DELTA) / (delta[i] - delta[j])
    nearest = i if share < 0.5 else j
    return 100.0 * float(iv[i] + share * (iv[j] - iv[i])), int(places[nearest])


def _deltas(chain: Chain, places: Whole, iv: Floats, days: float, right: int) -> Floats:
    """Size of the deltas: the file's where they are possible, else those of the IV."""
    delta = np.abs(chain.delta[places])
    if bool(((delta > 0) & (delta < 1)).all()):
        return delta
    rights: Codes = np.full(len(places), right, np.int8)
    own, _ = greeks(chain.spot, chain.strike[places], iv, np.full(len(places), days), rights)
    return np.where((delta > 0) & (delta < 1), delta, np.abs(own))
