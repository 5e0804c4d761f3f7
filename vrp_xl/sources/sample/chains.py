"""Option chains of the sample market: strikes, quotes, IVs, greeks and open interest by a model.

Nothing here is market data. A chain belongs to one name and one trading day, and is the same on
every machine; T is calendar days / 365, r = q = 0 throughout.

* Expiries: the next six Fridays, the next four third Fridays and those of the quarter's ends within
  13 months; funds with daily series have the next four trading days too. What would expire on the
  day itself is left out, so that a figure does not jump at the close.
* IV = level x term(T) x shape(z), term = 1 + term_slope x ln(T / 30 days), z = ln(K / S) over the
  deviation at ATM IV; shape = 1 - a tanh(z / 1.5) + b z^2 / (1 + z^2 / 16), a and b such that the
  25-delta wings at 30 days are `put_skew` and `call_skew` times ATM IV. IV is proportional to the
  level, so one factor makes the interpolated 30-day ATM IV what the path of the name says.
* Open interest: calls lie above spot and puts below, most in monthly series and at round strikes,
  with noise. On top of it the strikes of `Name` are raised until they are the walls and the peaks.
  All other puts are scaled until call gamma equals put gamma where the flip shall be. Contracts at
  the strike with the highest open interest are added in pairs in the farthest series: a call and a
  put of one strike cancel. In the end all calls together are `call_oi`.
* Quotes stand around the model's value; the width grows from the money to the wings.

What a feed delivers is rounded as Cboe does it: IV, delta and gamma to four decimals, quotes to
cents, contracts to whole ones. Touches no file, no network and no clock.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vrp_xl.core import calendar
from vrp_xl.core.chain import DAYS_PER_YEAR, greeks, make_chain, prices
from vrp_xl.core.implied import interpolate_iv

if TYPE_CHECKING:
    from vrp_xl.core.chain import Chain, Floats, Mask, Whole
    from vrp_xl.sources.sample.names import Name

WEEKLIES, MONTHLIES, DAILIES = 6, 4, 4
QUARTERS_WITHIN = 400
"""Calendar days within which the series of the quarters' ends are listed."""
MOST_NEAR, MOST_FAR = 20, 36
"""Strikes of one series within one deviation of spot, and over the whole reach; where the listed
step would give more, every second, fifth ... is listed."""

_SEED = 7919
_DELTA_25 = 0.6744897501960817
_STEPS = (1, 2, 5, 10, 20, 50, 100)
_REACH_DOWN, _REACH_UP = 4.5, 3.6
_ROUNDS = 40


def chain_of(name: Name, day: date, spot: float, atm_iv: float) -> Chain:
    """The chain of one name at the close of one day.

    Args:
        name: its parameters.
        day: a trading day.
        spot: USD.
        atm_iv: 30-day ATM IV that the chain shall have, points.
    """
    return _chain(name, day.toordinal(), spot, atm_iv)


class _Grid(NamedTuple):
    """One place per expiry and strike, ordered by expiry and strike."""

    expiry: Whole
    strike: Floats
    days: Floats
    monthly: Mask
    far: Mask
    z: Floats
    """ln(K / S) over the deviation at ATM IV."""


@lru_cache(maxsize=256)
def _chain(name: Name, ordinal: int, spot: float, atm_iv: float) -> Chain:
    day = date.fromordinal(ordinal)
    grid = _grid(name, day, spot, atm_iv)
    unit = _unit_iv(name, grid, atm_iv)
    iv = np.round(_level(grid, unit, spot, atm_iv) * unit, 4)
    ones = np.ones(len(iv), np.int8)
    call_delta, gamma = greeks(spot, grid.strike, iv, grid.days, ones)
    gamma = np.round(gamma, 4)
    chance = np.random.Generator(np.random.PCG64(name.seed + _SEED))
    calls, puts = _open_interest(name, grid, iv, gamma, chance)
    bid, ask = _quotes(name, grid, iv, spot, call_delta)
    volume = np.round(
        np.stack([puts, calls], 1)
        * chance.uniform(0.02, 0.30, (len(iv), 2))
        * np.exp(-grid.days / 60.0)[:, None]
    )
    both = np.repeat(np.arange(len(iv)), 2)
    return make_chain(
        symbol=name.symbol,
        spot=spot,
        as_of=calendar.session_close(day),
        expiry=grid.expiry[both],
        right=np.tile(np.array([-1, 1], np.int8), len(iv)),
        strike=grid.strike[both],
        bid=bid.ravel(),
        ask=ask.ravel(),
        iv=iv[both],
        delta=np.round(np.stack([call_delta - 1.0, call_delta], 1), 4).ravel(),
        gamma=gamma[both],
        open_interest=np.stack([puts, calls], 1).ravel(),
        volume=volume.ravel(),
    )


# Series and strikes


def expiries(day: date, *, daily: bool) -> list[date]:
    """The expiry days that are listed after `day`, earliest first."""
    friday = day + timedelta(days=(4 - day.weekday()) % 7)
    fridays = [friday + timedelta(days=7 * n) for n in range(QUARTERS_WITHIN // 7 + 1)]
    after = [(f, e) for f in fridays if (e := _settles(f)) > day]
    third = [pair for pair in after if is_third(pair[0])]
    found = {e for _, e in after[:WEEKLIES]} | {e for _, e in third[:MONTHLIES]}
    found |= {e for f, e in third if f.month % 3 == 0}
    if daily:
        following = (day + timedelta(days=n) for n in range(1, 12))
        found |= set([d for d in following if _trades(d)][:DAILIES])
    return sorted(found)


def is_third(friday: date) -> bool:
    """Whether a Friday is the third of its month."""
    return 15 <= friday.day <= 21


def _trades(day: date) -> bool:
    """Whether `day` is a trading day; beyond the calendar's end every weekday is."""
    return calendar.is_trading_day(day) if day <= calendar.LAST_DAY else day.weekday() < 5


def _settles(friday: date) -> date:
    return friday if _trades(friday) else friday - timedelta(days=1)


def _grid(name: Name, day: date, spot: float, atm_iv: float) -> _Grid:
    special = [k for k in _special(name) if k is not None]
    listed = expiries(day, daily=name.zero_dte)
    fridays = (e + timedelta(days=(4 - e.weekday()) % 7) for e in listed)
    months = {_settles(friday) for friday in fridays if is_third(friday)}
    rows = []
    for expiry in listed:
        days = (expiry - day).days
        deviation = atm_iv / 100.0 * math.sqrt(days / DAYS_PER_YEAR)
        strikes = np.concatenate(
            (
                _listed(name, spot, -_REACH_DOWN * deviation, _REACH_UP * deviation, MOST_FAR),
                _listed(name, spot, -deviation, deviation, MOST_NEAR),
            )
        )
        strikes = np.unique(
            np.append(strikes, [k for k in special if strikes.min() < k < strikes.max()])
        )
        rows.append((expiry, days, strikes, expiry in months))
    sizes = [len(strikes) for _, _, strikes, _ in rows]
    days_of = np.repeat(np.array([float(days) for _, days, _, _ in rows]), sizes)
    strike = np.concatenate([strikes for _, _, strikes, _ in rows])
    return _Grid(
        expiry=np.repeat(np.array([e.toordinal() for e, _, _, _ in rows]), sizes),
        strike=strike,
        days=days_of,
        monthly=np.repeat(np.array([monthly for _, _, _, monthly in rows]), sizes),
        far=days_of >= rows[-1][1],
        z=np.log(strike / spot) / (atm_iv / 100.0 * np.sqrt(days_of / DAYS_PER_YEAR)),
    )


def _listed(name: Name, spot: float, low: float, high: float, most: int) -> Floats:
    """Strikes between two log distances from spot, at the finest step that gives few enough."""
    first, last = spot * math.exp(low), spot * math.exp(high)
    steps = (times * name.strike_step for times in _STEPS)
    step = next((s for s in steps if (last - first) / s <= most), _STEPS[-1] * name.strike_step)
    places = np.arange(math.floor(first / step), math.ceil(last / step) + 1)
    strikes = places.astype(np.float64) * np.float64(step)
    return strikes[strikes > 0].astype(np.float64)


def _special(name: Name) -> tuple[float | None, ...]:
    return (
        name.put_wall, name.call_wall, name.max_gamma, name.max_negative_gamma,
        name.highest_oi_strike,
    )  # fmt: skip


# Implied volatility


def _slope_part(z: Floats | float) -> Floats:
    return np.tanh(np.asarray(z) / 1.5)


def _curve_part(z: Floats | float) -> Floats:
    z = np.asarray(z)
    return z * z / (1.0 + z * z / 16.0)


def _unit_iv(name: Name, grid: _Grid, atm_iv: float) -> Floats:
    """IV at a level of 1: term(T) x shape(z)."""
    deviation = atm_iv / 100.0 * math.sqrt(30.0 / DAYS_PER_YEAR)
    put, call = name.put_skew, name.call_skew
    at_put = -put * (_DELTA_25 - 0.5 * put * deviation)
    at_call = call * (_DELTA_25 + 0.5 * call * deviation)
    parts = np.array([[-_slope_part(z), _curve_part(z)] for z in (at_put, at_call)], np.float64)
    a, b = np.linalg.solve(parts, np.array([put - 1.0, call - 1.0]))
    term = 1.0 + name.term_slope * np.log(grid.days / 30.0)
    unit: Floats = term * (1.0 - a * _slope_part(grid.z) + b * _curve_part(grid.z))
    return unit


def _level(grid: _Grid, unit: Floats, spot: float, atm_iv: float) -> float:
    """The factor that makes the 30-day ATM IV `atm_iv`, as a decimal."""
    points = []
    for days in np.unique(grid.days).tolist():
        at = np.flatnonzero(grid.days == days)
        nearest = at[int(np.argmin(np.abs(grid.strike[at] - spot)))]
        points.append((days, float(unit[nearest])))
    at_one = interpolate_iv(points, 30)
    if at_one is None:  # six weekly series always lie on both sides of 30 days
        raise AssertionError(points)
    return atm_iv / 100.0 / at_one


# Open interest


def _open_interest(
    name: Name, grid: _Grid, iv: Floats, gamma: Floats, chance: np.random.Generator
) -> tuple[Floats, Floats]:
    """Whole contracts of calls and of puts at every place."""
    noise = np.exp(0.35 * chance.standard_normal((len(iv), 2)))
    if not name.oi_delivered:
        return np.zeros(len(iv)), np.zeros(len(iv))
    weight = _by_series(grid) * np.exp(-grid.days / 90.0)
    weight *= np.where(np.isclose(grid.strike % (5.0 * name.strike_step), 0.0), 1.6, 1.0)
    base_calls = weight * np.exp(-0.5 * ((grid.z - 0.7) / 1.2) ** 2) * noise[:, 0]
    if name.flip_status == "available":
        base_puts = weight * np.exp(-0.5 * ((grid.z + 0.9) / 1.3) ** 2) * noise[:, 1]
        there = _gamma_at(name.flip, grid, iv)
    else:
        base_puts, there = 0.35 * base_calls, None
    calls, puts = _with_peaks(name, grid, gamma, (base_calls, base_puts), there)
    _raise_highest(name, grid, calls, puts)
    scale = name.call_oi / float(calls.sum())
    return np.round(scale * calls), np.round(scale * puts)


def _by_series(grid: _Grid) -> Floats:
    """Monthly series hold more; the last days before an expiry little, whose gamma is narrow."""
    share: Floats = np.where(grid.monthly, 3.0, 1.0) * grid.days / (grid.days + 10.0)
    return share


def _gamma_at(spot: float, grid: _Grid, iv: Floats) -> Floats:
    return greeks(spot, grid.strike, iv, grid.days, np.ones(len(iv), np.int8))[1]


class _Strikes:
    """Sums by strike, and the places of one strike."""

    def __init__(self, grid: _Grid, gamma: Floats) -> None:
        self.strikes, self._place = np.unique(grid.strike, return_inverse=True)
        self._gamma = gamma
        self._spread = _by_series(grid) * np.exp(-(grid.z**2))
        self._grid = grid

    def gex(self, held: Floats) -> Floats:
        """Gamma times contracts, by strike."""
        return np.bincount(self._place, self._gamma * held, len(self.strikes)).astype(np.float64)

    def at(self, strike: float) -> int:
        """The place of a strike among the sums."""
        return int(np.searchsorted(self.strikes, strike))

    def of(self, strike: float) -> Mask:
        """The places of a strike."""
        mask: Mask = self._grid.strike == strike
        return mask

    def raised(self, held: Floats, strike: float, to: float) -> None:
        """Adds contracts at a strike, spread over its series, until its GEX is `to`."""
        mask = self.of(strike)
        lacking = to - float((self._gamma * held)[mask].sum())
        if lacking > 0:
            unit = np.where(mask, self._spread, 0.0)
            held += unit * (lacking / float((self._gamma * unit).sum()))


def _with_peaks(
    name: Name,
    grid: _Grid,
    gamma: Floats,
    base: tuple[Floats, Floats],
    there: Floats | None,
) -> tuple[Floats, Floats]:
    """Open interest whose walls, peaks and flip lie where the name has them.

    Args:
        name: its parameters.
        grid: the places.
        gamma: at spot.
        base: calls and puts before anything is steered.
        there: gamma at the flip; None where there shall be no flip.
    """
    sums = _Strikes(grid, gamma)
    free = ~np.isin(grid.strike, [k for k in _special(name)[:4] if k is not None])
    base_calls, base_puts = base
    factor = 1.0
    calls, puts = base_calls.copy(), base_puts.copy()
    for _ in range(_ROUNDS):
        calls, puts = base_calls.copy(), factor * base_puts
        _raise_peaks(name, sums, calls, puts)
        if there is None:
            break
        lacking = float((there * calls).sum() - (there * puts).sum())
        movable = float((there * puts)[free].sum())
        if abs(lacking) < 1e-6 * movable:
            break
        factor *= max(1.0 + lacking / movable, 0.2)
    if there is not None:
        lacking = float((there * calls).sum() - (there * puts).sum())
        puts[free] *= 1.0 + lacking / float((there * puts)[free].sum())
    return calls, puts


def _raise_peaks(name: Name, sums: _Strikes, calls: Floats, puts: Floats) -> None:
    """Raises the strikes of walls and peaks; of the other kind there is little at a peak."""
    call_wall, put_wall = name.call_wall, name.put_wall
    peak, trough = name.max_gamma, name.max_negative_gamma
    if call_wall is None or put_wall is None or peak is None:
        return
    together = call_wall == put_wall
    top, bottom = float(sums.gex(calls).max()), float(sums.gex(puts).max())
    if not together:
        puts[sums.of(peak)] *= 0.15
    sums.raised(calls, call_wall, (1.9 if together else 1.3) * top)
    sums.raised(calls, peak, 1.15 * top)
    sums.raised(puts, put_wall, 1.3 * bottom)
    if trough is not None:
        calls[sums.of(trough)] *= 0.15
        sums.raised(puts, trough, 1.15 * bottom)
    if together:
        return
    net = sums.gex(calls) - sums.gex(puts)
    if call_wall != peak:
        most = 0.8 * net[sums.at(peak)]
        sums.raised(puts, call_wall, sums.gex(calls)[sums.at(call_wall)] - most)
    if trough is not None and put_wall != trough:
        most = -0.8 * net[sums.at(trough)]
        sums.raised(calls, put_wall, sums.gex(puts)[sums.at(put_wall)] - most)


def _raise_highest(name: Name, grid: _Grid, calls: Floats, puts: Floats) -> None:
    """Adds pairs in the farthest series, which have no gamma between them."""
    strikes, place = np.unique(grid.strike, return_inverse=True)
    held = np.bincount(place, calls + puts, len(strikes))
    others = strikes != name.highest_oi_strike
    lacking = 1.08 * float(held[others].max()) - float(held[~others].sum())
    places = grid.far & (grid.strike == name.highest_oi_strike)
    if lacking > 0 and places.any():
        added = 0.5 * lacking / int(np.count_nonzero(places))
        calls[places] += added
        puts[places] += added


# Quotes


def _quotes(
    name: Name, grid: _Grid, iv: Floats, spot: float, call_delta: Floats
) -> tuple[Floats, Floats]:
    """Bid and ask in whole cents, one row per place: (put, call)."""
    ones = np.ones(len(iv), np.int8)
    call = prices(spot, grid.strike, iv, grid.days, ones)
    put = call - spot + grid.strike
    values = np.stack([put, call], 1)
    away = np.clip((0.5 - np.minimum(call_delta, 1.0 - call_delta)) / 0.25, 0.0, 1.3) ** 2
    percent = name.atm_spread_pct + (name.wing_spread_pct - name.atm_spread_pct) * away
    half = 0.5 * np.maximum(percent / 100.0 * np.minimum(call, put), 0.01)[:, None]
    bid = np.maximum(np.round(values - half, 2), 0.0)
    ask = np.maximum(np.round(values + half, 2), np.round(bid + 0.01, 2))
    return bid, ask
