"""Which names are one bet: correlation of their daily returns.

Two names whose closes move together lose together, however many positions they fill. The
correlation is that of the log returns of the last so many trading days (rule ``correlation_days``),
above ``correlation_max`` they count as one bet.

Pure: may import nothing of the package but `vrp_xl.core`; numpy computes all pairs at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core import calendar
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from vrp_xl.core.rules import Rules

_LATEST_LAG = 7
"""Calendar days by which a name's last close may be older than the newest of all."""


class Pair(NamedTuple):
    """Two names and the correlation of their returns."""

    first: str
    second: str
    correlation: float


class Bets(NamedTuple):
    """The pairs above the limit, and the names whose correlation is not known."""

    pairs: tuple[Pair, ...]
    unknown: tuple[str, ...]
    days: int
    last: date | None

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The names that hang together by such pairs; each name is in one group at most."""
        of: dict[str, set[str]] = {}
        for pair in self.pairs:
            joined = of.get(pair.first, {pair.first}) | of.get(pair.second, {pair.second})
            for name in joined:
                of[name] = joined
        return tuple(sorted({tuple(sorted(names)) for names in of.values()}))

    @property
    def words(self) -> list[str]:
        """A sentence per group, and one for the names that could not be compared."""
        told = []
        for names in self.groups:
            highest = max(
                (pair for pair in self.pairs if pair.first in names), key=lambda p: p.correlation
            )
            told.append(
                f"{', '.join(names[:-1])} and {names[-1]} are one bet: {self.days}-day correlation "
                f"{highest.correlation:.2f}"
                + (f" ({highest.first}, {highest.second})" if len(names) > 2 else "")
            )
        if self.unknown:
            told.append(
                f"whether {', '.join(self.unknown)} are one bet with others is not known: fewer "
                f"than {self.days + 1} daily closes are stored"
            )
        return told


def one_bet(closes: Mapping[str, Sequence[tuple[date, float]]], rules: Rules) -> Bets:
    """The pairs of names that are one bet.

    Only trading days on which every compared name has a close count, and a name that lacks one of
    the last ``correlation_days`` + 1 is not compared but named.

    Args:
        closes: symbol -> (day, close), in any order.
        rules: ``correlation_max`` (None gives nothing) and ``correlation_days``.
    """
    days = rules.correlation_days
    names = sorted(closes)
    if rules.correlation_max is None or len(names) < 2:
        return Bets((), (), days, None)
    by_day = {n: {day: c for day, c in closes[n] if c > 0} for n in names}
    newest = max((max(d) for d in by_day.values() if d), default=None)
    if newest is None:
        return Bets((), tuple(names), days, None)
    current = [n for n in names if by_day[n] and (newest - max(by_day[n])).days <= _LATEST_LAG]
    last = min(max(by_day[n]) for n in current)
    wanted = _last_trading_days(last, days + 1)
    if not wanted:
        return Bets((), tuple(names), days, last)
    whole = [n for n in current if all(day in by_day[n] for day in wanted)]
    unknown = tuple(n for n in names if n not in whole)
    if len(whole) < 2:
        return Bets((), unknown, days, last)
    import numpy as np  # noqa: PLC0415 (formula calls and --help do not pay for it)

    prices = np.array([[by_day[n][day] for day in wanted] for n in whole])
    returns = np.diff(np.log(prices), axis=1)
    centred = returns - returns.mean(axis=1, keepdims=True)
    norm = np.sqrt((centred**2).sum(axis=1))
    flat = norm <= 1e-12
    unit = centred / np.where(flat, 1.0, norm)[:, None]
    matrix = unit @ unit.T
    rows, columns = np.nonzero(np.triu(matrix > rules.correlation_max + 1e-12, k=1))
    pairs = tuple(
        Pair(whole[i], whole[j], min(float(matrix[i, j]), 1.0))
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
    )
    still = tuple(n for n, f in zip(whole, flat.tolist(), strict=True) if f)
    return Bets(pairs, tuple(sorted((*unknown, *still))), days, last)


def _last_trading_days(last: date, count: int) -> list[date]:
    """The `count` trading days up to `last`, newest first; none where the calendar holds fewer."""
    try:
        day = last if calendar.is_trading_day(last) else calendar.previous_trading_day(last)
        found = [day]
        while len(found) < count:
            day = calendar.previous_trading_day(day)
            found.append(day)
    except InputError:
        return []
    return found
