"""What was known on a day, and what followed: the rows that evidence is made from.

The figures of a day look back only (realized volatility, z-score and percentile over the days
before); what followed looks forward only (the returns after that day's close, or after the moment
within its session at which the figures were seen). Rows come from whole series of closes and
implied volatilities, or from the records of a journal.

Pure: may not import anything of the package outside `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from vrp_xl.core import calendar, gaps
from vrp_xl.core.compare import TOLERANCE
from vrp_xl.core.followed import start_of
from vrp_xl.core.panel import following_panel, percentile_panel, realized_panel, zscore_panel
from vrp_xl.core.realized import FREEDOM_LEAST, TRADING_DAYS
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from vrp_xl.core.rules import Rules

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

TENOR_DAYS = 30
IV_WINDOW = 252
"""Days before today that an IV percentile looks at."""
SPREAD_WINDOW, TACTICAL_WINDOW, STRUCTURAL_WINDOW = 20, 30, 90
Z_WINDOWS = (60, 252, 504)
"""The z-scores that are laid side by side."""
JUMP = 0.35
"""A close that moves by more than this in a day may be a split."""


def tenor_returns(days: int) -> int:
    """Trading days within `days` calendar days, at 252 a year.

    >>> tenor_returns(30), tenor_returns(45), tenor_returns(7)
    (21, 31, 5)

    Raises:
        InputError: too few for a volatility.
    """
    returns = round(days * 252 / 365)
    if returns < 2:
        raise InputError(f"A tenor of {days} days has {returns} trading days; use at least 3 days.")
    return returns


class Series(NamedTuple):
    """One symbol's closes and implied volatilities, each by day, oldest first."""

    symbol: str
    closes: Sequence[tuple[date, float]]
    ivs: Sequence[tuple[date, float]]


class Recorded(Protocol):
    """One symbol in one scan of a journal. What was not known is None."""

    @property
    def symbol(self) -> str:
        """Whose figures they are."""

    @property
    def day(self) -> date:
        """The trading day of the figures."""

    @property
    def spot(self) -> float | None:
        """The price that was seen."""

    @property
    def seen_at(self) -> datetime | None:
        """When; None is after the session's close."""

    @property
    def iv(self) -> float | None:
        """ATM IV of 30 days where there is one, in points."""

    @property
    def spread(self) -> float | None:
        """ATM IV minus RV20, in points."""

    @property
    def rv_30d(self) -> float | None:
        """Realized volatility of 30 days."""

    @property
    def rv_90d(self) -> float | None:
        """Realized volatility of 90 days."""

    @property
    def z(self) -> float | None:
        """z-score of the spread."""

    @property
    def iv_percentile(self) -> float | None:
        """Share of the year before with a lower IV, 0 to 100."""

    @property
    def cell(self) -> str | None:
        """A, B, C, D, or ? where the gamma regime was not known."""

    @property
    def candidate(self) -> bool | None:
        """Whether the scan picked it."""

    @property
    def source(self) -> str:
        """Where the figures came from."""


class Seen(NamedTuple):
    """The price beside an implied volatility that was seen on a day."""

    spot: float | None
    seen_at: datetime | None
    """None is after the session's close."""


class Alignment(NamedTuple):
    """How the two series of one symbol met."""

    symbol: str
    both: int
    """Days that have a close and an implied volatility."""
    closes_alone: int
    """Days within the common span that have only a close."""
    ivs_alone: int
    """The same for an implied volatility."""
    first: date
    last: date
    jumps: tuple[tuple[date, float], ...] = ()
    """Days on which the close moved so far that it may be a split, with the move in percent."""


@dataclass(frozen=True, slots=True)
class Days:
    """Rows of symbol and day, as columns. NaN is "not known"."""

    names: tuple[str, ...]
    symbol: NDArray[np.int64]
    """Index into `names`."""
    day: Whole
    """Proleptic ordinal of the day."""
    iv: Floats
    spread: Floats
    """IV minus RV20."""
    hv30: Floats
    hv90: Floats
    z: Floats
    z_others: Floats
    """Rows x `Z_WINDOWS`; all NaN where only a journal's own z is known."""
    spread_percentile: Floats
    iv_percentile: Floats
    following: Floats
    """Realized volatility of the tenor after the day."""
    cell: NDArray[np.str_]
    """A, B, C, D, ?, or empty."""
    candidate: Floats
    """1, 0, or NaN where nothing was decided."""

    def __len__(self) -> int:
        return len(self.day)


def from_series(
    series: Series, rules: Rules, tenor: int, doubtful: Sequence[date] = ()
) -> tuple[Days, Alignment]:
    """The rows of one symbol: every day that has a close and an implied volatility.

    Realized volatility uses every close; a window with too many days missing has none, as
    everywhere (`vrp_xl.core.gaps`). z-scores and percentiles count the days that have both.

    Args:
        series: by day, oldest first, no day twice; only trading days.
        rules: for the windows.
        tenor: returns that the outcome covers.
        doubtful: days whose close may be the first after a split; no window reaches over one.

    Raises:
        InputError: no day has both.
    """
    when, closes = _columns(series.closes)
    ivs = _on(when, series.ivs)
    both = np.flatnonzero(~np.isnan(ivs))
    if not len(both):
        raise InputError(
            f"{series.symbol}: no day has both a close and an implied volatility: "
            f"closes {_span(series.closes)}, implied volatilities {_span(series.ivs)}.",
            "Give files that cover the same days.",
        )
    path = _Path(when, closes, doubtful)

    def back(window: int) -> Floats:
        found = realized_panel(closes, window)
        found[window:][path.broken(window)] = np.nan
        return found[both]

    after = path.following(tenor)
    iv = ivs[both]
    spread = iv - back(SPREAD_WINDOW)
    known = np.flatnonzero(~np.isnan(spread))

    def on_known(values: Floats) -> Floats:
        out = np.full(len(both), np.nan)
        out[known] = values
        return out

    n = len(both)
    others = [on_known(zscore_panel(spread[known], window)) for window in Z_WINDOWS]
    days = Days(
        names=(series.symbol,),
        symbol=np.zeros(n, np.int64),
        day=when[both],
        iv=iv,
        spread=spread,
        hv30=back(TACTICAL_WINDOW),
        hv90=back(STRUCTURAL_WINDOW),
        z=on_known(zscore_panel(spread[known], rules.z_window)),
        z_others=np.stack(others, axis=1),
        spread_percentile=on_known(percentile_panel(spread[known], rules.z_window)),
        iv_percentile=percentile_panel(iv, IV_WINDOW),
        following=after[both],
        cell=np.full(n, "", "<U1"),
        candidate=np.full(n, np.nan),
    )
    return days, _alignment(series, when, closes, days)


def from_records(
    records: Iterable[Recorded],
    closes: Mapping[str, Sequence[tuple[date, float]]],
    tenor: int,
    doubtful: Mapping[str, Sequence[date]] | None = None,
    footing: Callable[[str, date], float] = lambda *_: 1.0,
) -> Days:
    """The rows of a journal: what each scan saw, and what followed in the stored closes.

    Args:
        records: of one source; of several on one day the last counts.
        closes: symbol -> its closes by day, oldest first.
        tenor: returns that the outcome covers.
        doubtful: symbol -> days whose close may be that of a split; no outcome reaches over one.
        footing: what a symbol's price of a day is divided by to stand beside `closes`.
    """
    newest = {(r.symbol, r.day): r for r in records if r.iv is not None}
    rows = [newest[key] for key in sorted(newest)]
    names = tuple(dict.fromkeys(r.symbol for r in rows))
    at = {name: n for n, name in enumerate(names)}
    seen: dict[str, dict[date, Seen]] = {name: {} for name in names}
    for r in rows:
        spot = None if r.spot is None else r.spot / footing(r.symbol, r.day)
        seen[r.symbol][r.day] = Seen(spot, r.seen_at)
    after: dict[tuple[str, date], float] = {}
    for name in names:
        path = _Path.of(closes.get(name, ()), (doubtful or {}).get(name, ()))
        found = path.after(seen[name], tenor)
        after |= {(name, day): value for day, value in found.items()}

    def column(values: Iterable[float | None]) -> Floats:
        return np.array([np.nan if v is None else v for v in values], np.float64)

    return Days(
        names=names,
        symbol=np.array([at[r.symbol] for r in rows], np.int64),
        day=np.array([r.day.toordinal() for r in rows], np.int64),
        iv=column(r.iv for r in rows),
        spread=column(r.spread for r in rows),
        hv30=column(r.rv_30d for r in rows),
        hv90=column(r.rv_90d for r in rows),
        z=column(r.z for r in rows),
        z_others=np.full((len(rows), len(Z_WINDOWS)), np.nan),
        spread_percentile=np.full(len(rows), np.nan),
        iv_percentile=column(r.iv_percentile for r in rows),
        following=column(after.get((r.symbol, r.day)) for r in rows),
        cell=np.array([r.cell or "" for r in rows], "<U1"),
        candidate=column(None if r.candidate is None else float(r.candidate) for r in rows),
    )


def mean_outcome(
    closes: Sequence[tuple[date, float]],
    ivs: Sequence[tuple[date, float]],
    tenor: int,
    doubtful: Sequence[date] = (),
    *,
    seen: Mapping[date, Seen] | None = None,
) -> float | None:
    """Mean outcome over all days that have a close and an implied volatility, in points.

    None where no such day has its following returns.

    Args:
        closes: by day, oldest first.
        ivs: by day.
        tenor: returns that the outcome covers.
        doubtful: days whose close may be that of a split; no outcome reaches over one.
        seen: day -> the price beside its implied volatility, on the footing of `closes`, and when;
            a day that is not among them is taken at its close.
    """
    path = _Path.of(closes, doubtful)
    after = path.after({day: (seen or {}).get(day, _AT_CLOSE) for day, _ in closes}, tenor)
    found = np.array([iv - after.get(day, np.nan) for day, iv in ivs], np.float64)
    known = found[np.isfinite(found)]
    return float(known.mean()) if len(known) else None


_AT_CLOSE = Seen(None, None)


class _Path:
    """A symbol's closes, and what followed in them."""

    def __init__(self, when: Whole, closes: Floats, doubtful: Sequence[date]) -> None:
        self.when, self.closes = when, closes
        self.places = _places(when)
        days = {day.toordinal() for day in doubtful}
        self.doubtful = [n for n, day in enumerate(when.tolist()) if day in days] if days else []

    @classmethod
    def of(cls, dated: Sequence[tuple[date, float]], doubtful: Sequence[date]) -> _Path:
        """Closes by day, oldest first; the day of one that is not above 0 is a missing day."""
        return cls(*_columns([each for each in dated if each[1] > 0]), doubtful)

    def broken(self, window: int) -> NDArray[np.bool_]:
        """Which windows have no volatility: days missing, or a step that may be a split."""
        return gaps.broken(self.places, window, self.doubtful)

    def following(self, tenor: int) -> Floats:
        """Volatility of the tenor after the close of every day."""
        after = following_panel(self.closes, tenor)
        after[:-tenor][self.broken(tenor)] = np.nan
        return after

    def after(self, seen: Mapping[date, Seen], tenor: int) -> dict[date, float]:
        """Day -> volatility of the tenor after what was seen on it; NaN is "not known"."""
        at_close = self.following(tenor)
        whole = {day: n for n, day in enumerate(self.when.tolist())}
        out: dict[date, float] = {}
        within: list[tuple[date, int, float, float, bool]] = []
        for day, (spot, seen_at) in seen.items():
            at = whole.get(day.toordinal())
            if at is not None and (spot is None or seen_at is None):
                out[day] = float(at_close[at])
                continue
            after = int(np.searchsorted(self.when, day.toordinal()))
            start = start_of(
                day,
                None if at is None else float(self.closes[at]),
                spot=spot,
                seen_at=seen_at,
                before=float(self.closes[after - 1]) if after else None,
                doubted=at in self.doubtful,
            )
            if at is not None and not start.own:
                out[day] = float(at_close[at])
            elif start.price is not None:
                within.append((day, after, start.price, start.days, start.own))
        if within:
            found = self._within(within, tenor)
            out |= {day: v for (day, *_), v in zip(within, found.tolist(), strict=True)}
        return out

    def _within(self, starts: Sequence[tuple[date, int, float, float, bool]], tenor: int) -> Floats:
        """As `vrp_xl.core.realized.from_a_price`, over the next `tenor` closes of every start."""
        firsts = np.array([first for _, first, *_ in starts], np.int64)
        out = np.full(len(starts), np.nan)
        whole = np.flatnonzero(firsts + tenor <= len(self.when))
        if not len(whole):
            return out
        first = firsts[whole]
        price = np.array([starts[n][2] for n in whole.tolist()], np.float64)
        days = np.array([starts[n][3] for n in whole.tolist()], np.float64)
        own = np.array([starts[n][4] for n in whole.tolist()], np.bool_)
        broken = self._cut([starts[n][0] for n in whole.tolist()], first, tenor, own)
        rest = tenor - 1
        logs = np.log(self.closes)
        start = logs[first] - np.log(price)
        returns = np.lib.stride_tricks.sliding_window_view(np.diff(logs), rest)[first]
        total = days + rest
        drift = (start + returns.sum(axis=1)) / total
        squares = (start - drift * days) ** 2
        squares += ((returns - drift[:, None]) ** 2).sum(axis=1)
        freedom = total - (days * days + rest) / total
        found = 100.0 * np.sqrt(TRADING_DAYS * squares / freedom)
        out[whole] = np.where(broken | (freedom < FREEDOM_LEAST), np.nan, found)
        return out

    def _cut(
        self, days: Sequence[date], first: Whole, tenor: int, own: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Which paths from a price hold too many missing days, or a step that may be a split."""
        last = first + tenor - 1
        ordinals = np.array([day.toordinal() for day in days], np.int64)
        axis = _trading_ordinals(min(int(ordinals.min()), int(self.when[0])), int(self.when[-1]))
        places = np.searchsorted(axis, self.when)
        begin = np.where(own, places[first] - 1, np.searchsorted(axis, ordinals))
        doubtful = np.zeros(len(places), np.bool_)
        doubtful[self.doubtful] = True
        bad = np.cumsum(doubtful | (np.diff(places, prepend=places[0]) > gaps.LONGEST_RETURN))
        out: NDArray[np.bool_] = (
            (places[last] - begin - tenor > gaps.absent_allowed(tenor))
            | (places[first] - begin > gaps.LONGEST_RETURN)
            | (bad[last] > bad[first])
            | (~own & doubtful[first])
        )
        return out


def _columns(dated: Sequence[tuple[date, float]]) -> tuple[Whole, Floats]:
    """Days as ordinals, and their figures."""
    when = np.array([day.toordinal() for day, _ in dated], np.int64)
    return when, np.array([figure for _, figure in dated], np.float64)


def _on(when: Whole, dated: Sequence[tuple[date, float]]) -> Floats:
    """The figure of each day; NaN where it has none."""
    told = {day.toordinal(): figure for day, figure in dated}
    return np.array([told.get(day, np.nan) for day in when.tolist()], np.float64)


def together(parts: Sequence[Days]) -> Days:
    """The rows of several symbols as one."""
    names = tuple(name for part in parts for name in part.names)
    shift = np.cumsum([0, *(len(part.names) for part in parts)])
    columns = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts])
        for f in fields(Days)
        if f.name not in ("names", "symbol")
    }
    symbol = np.concatenate([part.symbol + n for part, n in zip(parts, shift, strict=False)])
    return Days(names=names, symbol=symbol, **columns)


def _span(dated: Sequence[tuple[date, float]]) -> str:
    return f"{dated[0][0]} to {dated[-1][0]}" if dated else "none"


def _alignment(series: Series, when: Whole, closes: Floats, days: Days) -> Alignment:
    start, end = int(days.day[0]), int(days.day[-1])
    between = int(((when >= start) & (when <= end)).sum())
    ivs = sum(start <= day.toordinal() <= end for day, _ in series.ivs)
    moves = closes[1:] / closes[:-1] - 1.0
    far = np.flatnonzero(np.abs(moves) > JUMP + TOLERANCE)
    return Alignment(
        series.symbol,
        len(days),
        between - len(days),
        ivs - len(days),
        date.fromordinal(start),
        date.fromordinal(end),
        tuple((series.closes[i + 1][0], 100.0 * float(moves[i])) for i in far.tolist()),
    )


@lru_cache(maxsize=64)
def _trading_ordinals(first: int, last: int) -> Whole:
    days = calendar.trading_days(date.fromordinal(first), date.fromordinal(last))
    return np.array([day.toordinal() for day in days], np.int64)


def _places(when: Whole) -> Whole:
    """Each day's number among the trading days."""
    if not len(when):
        return when
    found: Whole = np.searchsorted(_trading_ordinals(int(when[0]), int(when[-1])), when)
    return found


def trading_axis(day: Whole) -> Whole:
    """Every trading day from the first to the last of `day`, and any day of it that is none."""
    return np.union1d(_trading_ordinals(int(day.min()), int(day.max())), day)
