"""An option chain as columns, and what cleaning makes of it.

One contract is one place in every column; there is no object per contract. Cleaning takes out what
cannot be used, counts it by reason, and says of every implied volatility where it is from.

Times: T is calendar days / 365. A series that expires later on its own day counts the part of that
day that is left, at least one hour. Index series with the roots in `AM_ROOTS` are settled at the
open of their expiry day, all others at the close of its session.

Pure: may import nothing of the package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import numpy as np

from vrp_xl.core import calendar
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Codes = NDArray[np.int8]
    Mask = NDArray[np.bool_]

AM_ROOTS = frozenset({"SPX", "NDX", "RUT", "DJX"})
"""Index roots that are settled at the open of the expiry day; their other series (SPXW, NDXP, RUTW)
and everything else at the close."""

IV_NONE, IV_FILE, IV_SOLVED = 0, 1, 2
"""Where an IV is from: there is none, the file, solved from the mid."""

IV_PLACEHOLDER = 0.02
"""What a file writes where it could not solve the IV; so does it write 0."""
IV_LEAST = 1e-4
"""An IV below this (a hundredth of a point) is not believed."""
IV_MOST = 5.0
"""An IV above this (500 points) is not believed."""
OI_MOST = 1e9
"""No contract has an open interest above this; most of the world's have none."""
GAMMA_MOST = 1e4
"""No gamma lies above this, USD: not even that of a penny stock on its last day."""

DAYS_PER_YEAR = 365.0
MULTIPLIER = 100.0
"""Shares per contract."""

_AM_OPEN = time(9, 30)
_LEAST_DAY = 1.0 / 24.0
_STRIKE_FARTHEST = 100.0

EXPIRED = "expired by the clock"
TWICE = "listed twice"
NO_STRIKE = "with an impossible strike"
NO_QUOTE = "without a two-sided quote"
CROSSED = "with a crossed quote"
UNSOLVED = "without an IV of the file"
ABSURD = "with an absurd IV"
IMPOSSIBLE = "with an open interest or a gamma that cannot be"
NO_GREEKS = "without greeks"
NO_OI = "without open interest"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Chain:
    """One underlying's listed options at one moment; every column has one place per contract.

    Columns are NaN where the file says nothing (never 0). `expiry` is a day's proleptic ordinal,
    `right` is +1 for a call and -1 for a put, `iv` is a decimal (0.2 is 20 points), `delta` is
    signed, `root_code` points into `roots`, `iv_from` holds one of the ``IV_`` codes.
    """

    symbol: str
    spot: float
    as_of: datetime
    iv30: float | None = None
    """What the file itself calls the 30-day IV, in points."""
    roots: tuple[str, ...]
    root_code: Codes
    expiry: Whole
    right: Codes
    strike: Floats
    bid: Floats
    ask: Floats
    iv: Floats
    delta: Floats
    gamma: Floats
    open_interest: Floats
    volume: Floats
    iv_from: Codes

    def __len__(self) -> int:
        return len(self.strike)

    @property
    def today(self) -> date:
        """The New York date of the moment; days to expiry count from it."""
        return self.as_of.astimezone(calendar.NEW_YORK).date()

    @property
    def days(self) -> Floats:
        """Calendar days to expiry; the rest of the day, in days, for what expires today."""
        return days_to_expiry(self)

    @property
    def root(self) -> NDArray[np.str_]:
        """The root of every contract, such as SPXW."""
        return np.asarray(self.roots, dtype=np.str_)[self.root_code]

    @property
    def mid(self) -> Floats:
        """Middle of bid and ask, NaN where the quote cannot be used."""
        return (self.bid + self.ask) / 2.0

    def where(self, mask: Mask | slice | Whole) -> Chain:
        """The contracts that `mask` chooses."""
        return dataclasses.replace(self, **{name: getattr(self, name)[mask] for name in COLUMNS})


COLUMNS = (
    "root_code", "expiry", "right", "strike", "bid", "ask", "iv", "delta", "gamma",
    "open_interest", "volume", "iv_from",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """A clean chain and what was found on the way.

    `chain` is ordered by expiry, root, strike and right. `expired` are the contracts that the clock
    has taken out: they keep open interest and gamma in a file, so what they would have added can
    be told.
    """

    chain: Chain
    expired: Chain
    dropped: Mapping[str, int]
    """Reason -> contracts that were taken out."""
    marked: Mapping[str, int]
    """Reason -> contracts of which one figure was not used; the others still count."""
    solved: int
    """IVs that were solved from the mid."""

    @property
    def words(self) -> str:
        """What was found, in one line; empty where there was nothing."""
        parts = [f"{count:,} {reason}" for reason, count in {**self.dropped, **self.marked}.items()]
        if self.solved:
            parts.append(f"{self.solved:,} IVs solved from the mid")
        return ", ".join(parts)


def make_chain(
    *,
    symbol: str,
    spot: float,
    as_of: datetime,
    roots: tuple[str, ...] | None = None,
    iv30: float | None = None,
    **columns: Any,
) -> Chain:
    """A chain from sequences; a column that is not given is NaN throughout, the root is the symbol.

    Args:
        symbol: the underlying.
        spot: its price, USD.
        as_of: the moment, aware.
        roots: the roots that ``root_code`` points into.
        iv30: the file's own 30-day IV, in points.
        **columns: `expiry` (ordinals), `right`, `strike`, and any of the others.

    Raises:
        InputError: columns of unequal length, a spot that is not above 0, or no time zone.
    """
    if not (math.isfinite(spot) and spot > 0):
        raise InputError(f"The spot of {symbol} is {spot:g}; it must be above 0.")
    if as_of.tzinfo is None:
        raise InputError(f"The moment of the chain of {symbol} has no time zone.")
    size = len(columns["strike"])
    known: dict[str, Any] = {}
    for name in COLUMNS:
        given = columns.get(name)
        if name in ("root_code", "right", "iv_from"):
            known[name] = np.zeros(size, np.int8) if given is None else np.asarray(given, np.int8)
        elif name == "expiry":
            known[name] = np.asarray(given, np.int64)
        elif given is None:
            known[name] = np.full(size, np.nan)
        else:
            known[name] = np.asarray(given, np.float64)
        if len(known[name]) != size:
            raise InputError(f"Column {name} has {len(known[name])} places, strike has {size}.")
    return Chain(
        symbol=symbol,
        spot=float(spot),
        as_of=as_of.astimezone(UTC),
        iv30=iv30,
        roots=roots or (symbol,),
        **known,
    )


def clean(raw: Chain) -> Cleaned:
    """Takes out what cannot be used, solves IVs where the file has none, fills missing greeks.

    Raises:
        InputError: the moment is outside the years of the trading calendar.
    """
    dropped: dict[str, int] = {}
    marked: dict[str, int] = {}
    chain = raw.where(np.lexsort((raw.right, raw.strike, raw.root_code, raw.expiry)))

    possible = (chain.strike > 0) & (chain.strike < _STRIKE_FARTHEST * chain.spot)
    _count(dropped, NO_STRIKE, ~possible)
    twice = _repeated(chain)
    _count(dropped, TWICE, twice & possible)
    gone = expired_by_the_clock(chain)
    stays = possible & ~twice
    expired = _with_possible_figures(chain.where(stays & gone), {})
    _count(dropped, EXPIRED, stays & gone)
    chain = chain.where(stays & ~gone)

    chain = _with_possible_figures(chain, marked)
    chain = _with_usable_quotes(chain, marked)
    chain, solved = _with_usable_iv(chain, marked)
    chain = _with_greeks(chain, marked)
    return Cleaned(chain, expired, dropped, marked, solved)


def _count(counts: dict[str, int], reason: str, mask: Mask) -> None:
    number = int(np.count_nonzero(mask))
    if number:
        counts[reason] = number


def _repeated(chain: Chain) -> Mask:
    """Contracts that are the same as the one before them, in the order of `clean`."""
    twice = np.zeros(len(chain), np.bool_)
    same = np.ones(max(len(chain) - 1, 0), np.bool_)
    for column in (chain.expiry, chain.root_code, chain.strike, chain.right):
        same &= column[1:] == column[:-1]
    twice[1:] = same
    return twice


def expired_by_the_clock(chain: Chain) -> Mask:
    """Which contracts no longer trade at the chain's moment.

    Raises:
        InputError: the moment is outside the years of the trading calendar.
    """
    today = chain.today
    ordinal = today.toordinal()
    gone = chain.expiry < ordinal
    if calendar.is_trading_day(today):
        local = chain.as_of.astimezone(calendar.NEW_YORK)
        if local.time() >= _AM_OPEN:
            opened = np.isin(chain.root_code, _am_codes(chain))
            gone |= (chain.expiry == ordinal) & opened
        if chain.as_of >= calendar.session_close(today):
            gone |= chain.expiry == ordinal
    return gone


def _am_codes(chain: Chain) -> list[int]:
    return [code for code, root in enumerate(chain.roots) if root in AM_ROOTS]


def am_settled(chain: Chain) -> Mask:
    """Which contracts are settled at the open of their expiry day."""
    return np.isin(chain.root_code, _am_codes(chain))


def days_to_expiry(chain: Chain) -> Floats:
    """Calendar days to expiry, the rest of the day for what expires today (at least an hour)."""
    today = chain.today
    days = (chain.expiry - today.toordinal()).astype(np.float64)
    same_day = days == 0
    if same_day.any():
        end = (
            calendar.session_close(today)
            if calendar.is_trading_day(today)
            else datetime.combine(today, time(16), calendar.NEW_YORK)
        )
        left = (end - chain.as_of).total_seconds() / 86400.0
        days[same_day] = max(left, _LEAST_DAY)
        opens = datetime.combine(today, _AM_OPEN, calendar.NEW_YORK)
        left = (opens - chain.as_of).total_seconds() / 86400.0
        days[same_day & am_settled(chain)] = max(left, _LEAST_DAY)
    return days


def _with_possible_figures(chain: Chain, marked: dict[str, int]) -> Chain:
    """Open interest and gamma are NaN where no market could have them."""
    held, gamma = chain.open_interest, chain.gamma
    bad_held = (held < 0) | (held > OI_MOST)
    bad_gamma = (gamma < 0) | (gamma > GAMMA_MOST)
    if not (bad_held | bad_gamma).any():
        return chain
    _count(marked, IMPOSSIBLE, bad_held | bad_gamma)
    return dataclasses.replace(
        chain,
        open_interest=np.where(bad_held, np.nan, held),
        gamma=np.where(bad_gamma, np.nan, gamma),
    )


def _with_usable_quotes(chain: Chain, marked: dict[str, int]) -> Chain:
    """Bid and ask are NaN where no trade could be made of them."""
    absent = ~((chain.bid > 0) & (chain.ask > 0))
    crossed = ~absent & (chain.ask < chain.bid)
    _count(marked, NO_QUOTE, absent)
    _count(marked, CROSSED, crossed)
    bad = absent | crossed
    return dataclasses.replace(
        chain, bid=np.where(bad, np.nan, chain.bid), ask=np.where(bad, np.nan, chain.ask)
    )


def _with_usable_iv(chain: Chain, marked: dict[str, int]) -> tuple[Chain, int]:
    """The file's IV where it is sane, else the one solved from the mid, else NaN."""
    unsolved = ~(chain.iv > 0) | (chain.iv == IV_PLACEHOLDER)
    absurd = (chain.iv > IV_MOST) | ((chain.iv > 0) & (chain.iv < IV_LEAST))
    sane = ~unsolved & ~absurd
    _count(marked, UNSOLVED, unsolved)
    _count(marked, ABSURD, absurd)
    iv = np.where(sane, chain.iv, np.nan)
    source = np.where(sane, IV_FILE, IV_NONE).astype(np.int8)
    wanted = ~sane & np.isfinite(chain.bid)
    solved = 0
    if wanted.any():
        found = _solve(chain, wanted)
        good = np.isfinite(found)
        solved = int(np.count_nonzero(good))
        iv[good] = found[good]
        source[good] = IV_SOLVED
    return dataclasses.replace(chain, iv=iv, iv_from=source), solved


def forward_of(strike: Floats, call_mid: Floats, put_mid: Floats) -> float | None:
    """The forward by put-call parity: K + C - P at the strike where C and P are nearest.

    None where no strike has both.
    """
    gap = call_mid - put_mid
    if not np.isfinite(gap).any():
        return None
    best = int(np.nanargmin(np.abs(gap)))
    return float(strike[best] + gap[best])


def _solve(chain: Chain, wanted: Mask) -> Floats:
    """IVs from the mid by Black's formula on the parity forward, where even the bid holds time.

    Deep in the money the spread is wider than the time value, and what is solved there is noise:
    a contract whose bid is not above its intrinsic value has no IV.
    """
    out = np.full(len(chain), np.nan)
    days = chain.days
    mid = chain.mid
    for part in series_slices(chain):
        if not wanted[part].any():
            continue
        strikes, call_at, put_at = pairs(chain, part)
        forward = forward_of(strikes, mid[call_at], mid[put_at])
        if forward is None or forward <= 0:
            continue
        places = np.arange(part.start, part.stop)[wanted[part]]
        intrinsic = np.maximum(chain.right[places] * (forward - chain.strike[places]), 0.0)
        for place in places[chain.bid[places] > intrinsic]:
            value = implied_volatility(
                float(mid[place]),
                forward,
                float(chain.strike[place]),
                float(days[place]),
                int(chain.right[place]),
            )
            if value is not None and IV_PLACEHOLDER < value <= IV_MOST:
                out[place] = value
    return out


def implied_volatility(
    price: float, forward: float, strike: float, days: float, right: int
) -> float | None:
    """IV (decimal) of one option's price on a forward, no interest; None where there is none.

    Args:
        price: USD per share.
        forward: USD.
        strike: USD.
        days: calendar days to expiry, above 0.
        right: +1 call, -1 put.

    >>> round(implied_volatility(2.286, 100, 100, 30, 1), 4)
    0.1999
    """
    most = forward if right > 0 else strike
    if not (days > 0 and max(right * (forward - strike), 0.0) < price < most):
        return None
    from vollib.black.implied_volatility import (  # noqa: PLC0415 - rarely needed, and not small
        implied_volatility as solve,
    )

    flag = "c" if right > 0 else "p"
    value = float(solve(price, forward, strike, 0.0, days / DAYS_PER_YEAR, flag))
    return value if math.isfinite(value) and value > 0 else None


def _with_greeks(chain: Chain, marked: dict[str, int]) -> Chain:
    """The file's delta and gamma, or those of its IV where the file has none."""
    lacking = ~(np.isfinite(chain.gamma) & np.isfinite(chain.delta))
    _count(marked, NO_GREEKS, lacking)
    _count(marked, NO_OI, ~np.isfinite(chain.open_interest))
    if not lacking.any():
        return chain
    days = chain.days[lacking]
    iv, right = chain.iv[lacking], chain.right[lacking]
    delta, gamma = chain.delta.copy(), chain.gamma.copy()
    delta[lacking], gamma[lacking] = greeks(chain.spot, chain.strike[lacking], iv, days, right)
    return dataclasses.replace(
        chain,
        delta=np.where(np.isfinite(chain.delta), chain.delta, delta),
        gamma=np.where(np.isfinite(chain.gamma), chain.gamma, gamma),
    )


def _norm_cdf(x: Floats) -> Floats:
    """Standard normal distribution function of every value."""
    scaled = (-x / math.sqrt(2.0)).tolist()
    return 0.5 * np.array([math.erfc(value) for value in scaled], np.float64)


def greeks(
    spot: float, strike: Floats, iv: Floats, days: Floats, right: Codes
) -> tuple[Floats, Floats]:
    """Delta (signed) and gamma (per USD) by Black-Scholes, r = q = 0; NaN where the IV is.

    Args:
        spot: USD.
        strike: USD.
        iv: decimals.
        days: calendar days, above 0.
        right: +1 call, -1 put.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
        deviation = iv * np.sqrt(days / DAYS_PER_YEAR)
        d1 = np.log(spot / strike) / deviation + 0.5 * deviation
        gamma = np.exp(-0.5 * d1 * d1) / (spot * deviation * math.sqrt(2.0 * math.pi))
        cdf = _norm_cdf(right * d1)
    return right * cdf, gamma


def prices(spot: float, strike: Floats, iv: Floats, days: Floats, right: Codes) -> Floats:
    """Values per share by Black-Scholes, r = q = 0; NaN where the IV is."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
        deviation = iv * np.sqrt(days / DAYS_PER_YEAR)
        d1 = np.log(spot / strike) / deviation + 0.5 * deviation
        near = _norm_cdf(right * d1)
        far = _norm_cdf(right * (d1 - deviation))
    return right * (spot * near - strike * far)


def series_slices(chain: Chain) -> list[slice]:
    """The places of each series (one expiry of one root) in a chain in the order of `clean`."""
    if not len(chain):
        return []
    turns = np.flatnonzero(np.diff(chain.expiry) | np.diff(chain.root_code)) + 1
    edges = [0, *turns.tolist(), len(chain)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def pairs(chain: Chain, part: slice) -> tuple[Floats, Whole, Whole]:
    """Strikes of one series that list both a call and a put: (strikes, call places, put places)."""
    strike, right = chain.strike[part], chain.right[part]
    both = np.flatnonzero((strike[1:] == strike[:-1]) & (right[1:] > right[:-1]))
    return strike[both], part.start + both + 1, part.start + both
