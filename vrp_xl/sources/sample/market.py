"""An invented market of twelve names: two years of prices and ATM implied volatility each.

Nothing here is market data. The figures come from a stochastic model with a fixed seed per name,
so that every machine and every day shows the same ones; only the dates are those of today.

The model, per name and trading day (volatilities in percent points, parameters in `names.Name`):

* log volatility is an Ornstein-Uhlenbeck process: ``x = PHI * x + volvol * sqrt(1 - PHI^2) * e``,
  the latent volatility is ``sigma = vol * exp(x - volvol^2 / 2)``;
* the return is ``drift + sigma / sqrt(252) * u``, with correlation `leverage` between u and the e
  of the same day, so that volatility rises when prices fall;
* ATM IV (30 calendar days) is the mean of the latent volatility over the next 21 days as the
  process expects it, plus a premium, itself an Ornstein-Uhlenbeck process around `premium`;
* open, high and low scatter around the closes with half-normal wicks; prices are rounded to cents
  and IVs to two decimals, and all that follows is computed from the rounded figures.

The last days are steered, so that the market always shows the cases that a user has to learn to
read: the last 20 returns are scaled until RV20 is `rv_20d`, and the ATM IV of the last two days is
set so that the z-scores of the 20-day spread are `z_before` and `z` (the ten days before lean
towards the first of them). The last two days have option chains (`chains`), made so that their
30-day ATM IV is the path's and their gamma flip and walls are those of `Name`; everything else that
a chain tells is computed from it, as from a real one.

May use `vrp_xl.core`; touches no file, no network and no clock.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from vrp_xl.core import calendar
from vrp_xl.core.implied import interpolate_iv
from vrp_xl.core.standing import mean_and_deviation, percentile
from vrp_xl.errors import UnknownSymbolError
from vrp_xl.sources.chain_figures import chain_snapshot
from vrp_xl.sources.sample.chains import chain_of
from vrp_xl.sources.sample.names import BY_SYMBOL, NAMES, SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from numpy.typing import NDArray

    from vrp_xl.core.chain import Chain
    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.sources.sample.names import Name

DAYS = 560
"""Trading days of history per name, the last one included."""
Z_WINDOW = 252
Z_DAYS_LEAST = 5
"""Fewer days of history than this give no z-score."""
STEERED = 20
WINDOWS = (5, 7, 10, 14, 20, 30, 60)

INDEX_SHARE = 0.3525
"""How much of `Name.smile_lift` the index of implied volatility has above ATM IV."""

PHI = 0.96
PHI_PREMIUM = 0.92
RAMP = 10
_HORIZON = 21
_REVERSION = (1 - PHI**_HORIZON) / (_HORIZON * (1 - PHI))
_IV_LEAST = 4.0
_ANNUAL = 100.0 * math.sqrt(252.0)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Path:
    """Two years of one name, oldest first; all tuples have `DAYS` entries."""

    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    atm_iv: tuple[float, ...]
    rv: Mapping[int, tuple[float | None, ...]]
    """By number of returns; None while there are too few."""
    vrp_20d: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What is known of one name on one day, in the vendor's words."""

    name: Name
    day: date
    as_of: datetime
    market_open: bool
    spot: float
    close_before: float
    atm_iv: float
    rv: Mapping[int, float]
    """By number of returns."""
    vrp: Mapping[int, float]
    z_score: float | None
    percentile: int | None
    history_days: int
    downside_rv: float
    upside_rv: float
    gamma: str
    """positive_gamma, negative_gamma or unknown."""
    flip: float | None
    net_gex: float | None
    earnings: date | None
    event_near: bool
    """Whether the report falls within the next ten days."""
    figures: Snapshot
    """What the chain says."""
    call_oi: int
    put_oi: int

    def iv(self, dte: int) -> float:
        """ATM IV at `dte` calendar days, points, two decimals.

        Where no expiries lie on both sides it is the model's.
        """
        if dte == 30:
            return self.atm_iv
        found = interpolate_iv(self.figures.iv_term, dte)
        if found is None:
            found = self.atm_iv * (1 + self.name.term_slope * math.log(dte / 30))
        return round(found, 2)

    def wing(self, dte: int, side: Literal["put", "call"]) -> float:
        """25-delta IV at `dte` calendar days: over ATM IV as it is at 30 days; two decimals."""
        told = self.figures
        wing = (told.put_wing_iv if side == "put" else told.call_wing_iv) or self.atm_iv
        return round(self.iv(dte) * wing / self.atm_iv, 2)

    @property
    def flip_distance_pct(self) -> float:
        """How far spot stands above the model's flip, percent of the flip."""
        return 100.0 * (self.spot / self.name.flip - 1.0)


def _returns_and_ivs(name: Name, draws: NDArray[np.float64]) -> tuple[list[float], list[float]]:
    """Log returns and unrounded ATM IVs by day; the first return only starts the process."""
    side = math.sqrt(1 - name.leverage**2)
    kick = name.volvol * math.sqrt(1 - PHI**2)
    kick_premium = name.premium_sd * math.sqrt(1 - PHI_PREMIUM**2)
    drift = name.drift / 100.0 / 252.0
    x, above, sigma = 0.0, 0.0, name.vol
    returns: list[float] = []
    ivs: list[float] = []
    for u, own, p in draws[:, :3].tolist():
        returns.append(drift + sigma / _ANNUAL * u)
        x = PHI * x + kick * (name.leverage * u + side * own)
        above = PHI_PREMIUM * above + kick_premium * p
        sigma = name.vol * math.exp(x - name.volvol**2 / 2)
        expected = name.vol + (sigma - name.vol) * _REVERSION
        ivs.append(max(expected + name.premium + above, _IV_LEAST))
    return returns, ivs


def _rolling(returns: NDArray[np.float64], window: int) -> tuple[float | None, ...]:
    """Sample deviation of the last `window` returns by day, annualised; returns[0] is no return."""
    frames = np.lib.stride_tricks.sliding_window_view(returns[1:], window)
    found = np.round(frames.std(axis=1, ddof=1) * _ANNUAL, 2).tolist()
    return (*(None for _ in range(window)), *found)


def _bars(
    closes: Sequence[float], returns: Sequence[float], draws: NDArray[np.float64]
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    opens, highs, lows = [], [], []
    for close, ret, (gap, up, down) in zip(closes, returns, draws[:, 3:].tolist(), strict=True):
        size = abs(ret) * 0.4 + 0.003
        first = close * math.exp(-0.7 * ret + 0.3 * size * gap)
        opens.append(round(first, 2))
        highs.append(round(max(close, first) * math.exp(0.5 * size * abs(up)), 2))
        lows.append(round(min(close, first) * math.exp(-0.5 * size * abs(down)), 2))
    return tuple(opens), tuple(highs), tuple(lows)


def path(name: Name) -> Path:
    """The two years of `name`; the same parameters give the same path everywhere."""
    return _simulated(BY_SYMBOL.get(name.like, name))


@lru_cache(maxsize=64)
def _simulated(name: Name) -> Path:
    draws = np.random.Generator(np.random.PCG64(name.seed)).standard_normal((DAYS, 6))
    returns, ivs = _returns_and_ivs(name, draws)
    last = returns[-STEERED:]
    mean, deviation = mean_and_deviation(last)
    scale = name.rv_20d / (_ANNUAL * deviation)
    returns[-STEERED:] = [mean + (r - mean) * scale for r in last]

    logs = np.cumsum(returns)
    closes = [round(name.spot * math.exp(v), 2) for v in (logs - logs[-1]).tolist()]
    opens, highs, lows = _bars(closes, returns, draws)
    seen = np.diff(np.log(closes), prepend=0.0)
    rv = {window: _rolling(seen, window) for window in WINDOWS}

    atm_iv = [round(iv, 2) for iv in ivs]
    spreads = [
        None if r is None else round(iv - r, 2) for iv, r in zip(atm_iv, rv[20], strict=True)
    ]
    target = _iv_for(spreads, rv[20], DAYS - 2, name.z_before)
    shift = target - atm_iv[-2]
    for step in range(1, RAMP):
        at = DAYS - 2 - RAMP + step
        _set_iv(atm_iv, spreads, rv[20], at, atm_iv[at] + shift * step / RAMP)
    for at, z in ((DAYS - 2, name.z_before), (DAYS - 1, name.z)):
        _set_iv(atm_iv, spreads, rv[20], at, _iv_for(spreads, rv[20], at, z))
    return Path(opens, highs, lows, tuple(closes), tuple(atm_iv), rv, tuple(spreads))


def index_path(name: Name) -> tuple[float, ...]:
    """The name's IV index by day, points: ATM IV and a share of what the smile lifts it by.

    An index of that kind weighs the wings too, so it stands a little above ATM IV.
    """
    ivs = path(name).atm_iv
    factor = 1.0 + INDEX_SHARE * name.smile_lift / ivs[-1]
    return tuple(round(factor * iv, 2) for iv in ivs)


def _window(spreads: Sequence[float | None], at: int) -> list[float]:
    return [v for v in spreads[max(0, at - Z_WINDOW) : at] if v is not None]


def _iv_for(
    spreads: Sequence[float | None], rv: Sequence[float | None], at: int, z: float
) -> float:
    """The ATM IV that gives the z-score `z` on day `at`."""
    mean, deviation = mean_and_deviation(_window(spreads, at))
    return (rv[at] or 0.0) + mean + z * deviation


def _set_iv(
    ivs: list[float], spreads: list[float | None], rv: Sequence[float | None], at: int, iv: float
) -> None:
    ivs[at] = round(max(iv, _IV_LEAST), 2)
    spreads[at] = round(ivs[at] - (rv[at] or 0.0), 2)


def _one_sided(closes: Sequence[float]) -> tuple[float, float]:
    """Volatility of the falling and the rising days of the last 20 returns, points."""
    returns = np.diff(np.log(closes[-21:]))
    scale = 2.0 / len(returns)
    down = math.sqrt(scale * float(np.sum(np.minimum(returns, 0.0) ** 2)))
    up = math.sqrt(scale * float(np.sum(np.maximum(returns, 0.0) ** 2)))
    return round(_ANNUAL * down, 2), round(_ANNUAL * up, 2)


def variation(number: int) -> Name:
    """The invented name ``N0001``, ``N0002`` ...: one of the twelve with other wings and GEX."""
    base = NAMES[(number - 1) % len(NAMES)]
    shift = 1 + (number * 37 % 101 - 50) / 1000
    return dataclasses.replace(
        base,
        symbol=f"N{number:04d}",
        like=base.symbol,
        put_skew=round(base.put_skew * shift, 4),
        call_oi=round(base.call_oi * shift),
    )


class _Told(NamedTuple):
    """What a chain says, and how much is open."""

    figures: Snapshot
    call_oi: int
    put_oi: int


@lru_cache(maxsize=256)
def _told(name: Name, day: date, spot: float, atm_iv: float) -> _Told:
    chain = chain_of(name, day, spot, atm_iv)
    figures = chain_snapshot(chain, source="sample", name="the sample chain", now=chain.as_of)
    is_call = chain.right > 0
    held = (int(chain.open_interest[side].sum()) for side in (is_call, ~is_call))
    return _Told(figures.replace(sample=True), *held)


class Market:
    """The sample market as it looks at one moment.

    Args:
        now: an aware datetime; it sets the dates, never the figures.
        extra_names: how many names ``N0001`` ... there are beside the twelve; or names of one's own
            with the number of the `variation` that each is.

    Raises:
        InputError: `now` has no time zone or lies outside the trading calendar.
    """

    def __init__(self, now: datetime, extra_names: int | Mapping[str, int] = 0) -> None:
        self.now = now.astimezone(UTC)
        self.open = calendar.session_open(now)
        last = calendar.trading_day(now)
        self.days: tuple[date, ...] = tuple(
            calendar.trading_days(last - timedelta(days=round(DAYS * 1.5)), last)[-DAYS:]
        )
        """Trading days of the series, oldest first."""
        self._extra = extra_names

    @property
    def symbols(self) -> tuple[str, ...]:
        """All names, the twelve first."""
        if not isinstance(self._extra, int):
            return (*SYMBOLS, *self._extra)
        return (*SYMBOLS, *(f"N{n:04d}" for n in range(1, self._extra + 1)))

    def name(self, symbol: str) -> Name:
        """The parameters of `symbol`, in capitals.

        Raises:
            UnknownSymbolError: the sample market has no such name.
        """
        if symbol in BY_SYMBOL:
            return BY_SYMBOL[symbol]
        if not isinstance(self._extra, int):
            if symbol in self._extra:
                return dataclasses.replace(variation(self._extra[symbol]), symbol=symbol)
        elif re.fullmatch("N[0-9]{4}", symbol) and 1 <= int(symbol[1:]) <= self._extra:
            return variation(int(symbol[1:]))
        raise UnknownSymbolError(
            f"{symbol} is not in the sample market, which holds twelve invented names: "
            f"{', '.join(SYMBOLS)}.",
            "For real data: vrp-xl source cboe (free), or set a key: vrp-xl key set",
        )

    def as_of(self, back: int = 0) -> datetime:
        """When the data of the day `back` days before the last one is from (UTC)."""
        if back == 0 and self.open:
            earlier = self.now - _MINUTE
            return earlier if calendar.session_open(earlier) else self.now
        return calendar.session_close(self.days[-1 - back])

    def chain(self, symbol: str, back: int = 0) -> Chain:
        """The option chain of `symbol`, today (0) or on the trading day before (1).

        Raises:
            UnknownSymbolError: the sample market has no such name.
        """
        name = self.name(symbol)
        found = path(name)
        at = DAYS - 1 - back
        chain = chain_of(name, self.days[at], found.close[at], found.atm_iv[at])
        return dataclasses.replace(chain, as_of=self.as_of(back))

    def figures(self, symbol: str, back: int = 0) -> Snapshot:
        """What the chain of `symbol` says by itself, today (0) or on the trading day before (1).

        The chain is made and computed once a day; an extra name has that of the name it follows,
        with its own wings and GEX.

        Raises:
            UnknownSymbolError: the sample market has no such name.
        """
        return self._told(self.name(symbol), back).figures

    def _told(self, name: Name, back: int) -> _Told:
        at = DAYS - 1 - back
        found = path(name)
        base = BY_SYMBOL.get(name.like, name)
        told = _told(base, self.days[at], found.close[at], found.atm_iv[at])
        wings, size = name.put_skew / base.put_skew, name.call_oi / base.call_oi
        figures = told.figures
        if name is not base:
            scaled = {"put_wing_iv": wings, "net_gex": size, "atm_oi": size}
            figures = figures.replace(
                symbol=name.symbol,
                **{k: None if (v := getattr(figures, k)) is None else v * x
                   for k, x in scaled.items()},
            )  # fmt: skip
        figures = figures.replace(
            as_of=self.as_of(back), fetched_at=self.now, market_open=self.open and back == 0
        )
        return _Told(figures, round(told.call_oi * size), round(told.put_oi * size))

    def view(self, symbol: str, back: int = 0) -> View:
        """All figures of `symbol`, today (0) or on the trading day before (1).

        Raises:
            UnknownSymbolError: the sample market has no such name.
        """
        name = self.name(symbol)
        found = path(name)
        at = DAYS - 1 - back
        rv = {window: values[at] or 0.0 for window, values in found.rv.items()}
        window = _window(found.vrp_20d, at)
        if name.tracked is not None:
            window = window[-(name.tracked - back) :]
        spread = found.vrp_20d[at] or 0.0
        z = None
        if len(window) >= Z_DAYS_LEAST:
            mean, deviation = mean_and_deviation(window)
            z = round((spread - mean) / deviation, 2)
        down, up = _one_sided(found.close[: at + 1])
        told = self._told(name, back)
        figures = told.figures
        published = name.flip_status == "available"
        gamma = "unknown"
        if published and figures.gamma != "unknown":
            gamma = f"{figures.gamma}_gamma"
        net_gex = None if figures.net_gex is None else round(figures.net_gex, 2)
        # a feed without open interest says nothing of it; the vendor counts it all the same
        calls, puts = told.call_oi or name.call_oi, told.put_oi or round(0.8 * name.call_oi)
        return View(
            name=name,
            day=self.days[at],
            as_of=self.as_of(back),
            market_open=self.open and back == 0,
            spot=found.close[at],
            close_before=found.close[at - 1],
            atm_iv=found.atm_iv[at],
            rv=rv,
            vrp={w: round(found.atm_iv[at] - v, 2) for w, v in rv.items()},
            z_score=z,
            percentile=None if z is None else int(percentile(spread, window)),
            history_days=len(window),
            downside_rv=down,
            upside_rv=up,
            gamma=gamma,
            flip=figures.gamma_flip if published else None,
            net_gex=net_gex,
            figures=figures,
            call_oi=calls,
            put_oi=puts,
            earnings=self._earnings(name),
            event_near=name.earnings_in is not None and name.earnings_in + back <= 10,
        )

    def tracked_days(self, symbol: str) -> int:
        """How many days of `symbol`, the last one included, are in the history.

        Raises:
            UnknownSymbolError: the sample market has no such name.
        """
        tracked = self.name(symbol).tracked
        return DAYS if tracked is None else tracked + 1

    def _earnings(self, name: Name) -> date | None:
        if name.earnings_in is None:
            return None
        day = self.days[-1] + timedelta(days=name.earnings_in)
        if day > calendar.LAST_DAY or calendar.is_trading_day(day):
            return day
        return calendar.next_trading_day(day)
