"""What followed a day: realized volatility over the next returns, and how far the price went.

Says "not yet" until the returns are there, and never fills a gap. It is a measure of the premium
that was there, not the profit of a position.

Pure: may import nothing of the package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core import calendar
from vrp_xl.core.implied import expected_move
from vrp_xl.core.realized import close_to_close
from vrp_xl.core.splits import suspected_words
from vrp_xl.errors import VrpError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

RETURNS = 21
"""Daily returns over which realized volatility is compared with the IV before them: a month."""


class Followed(NamedTuple):
    """What the closes after a day say. None is "not known", `words` say why."""

    returns: int
    """Daily returns that are known since, at most `RETURNS`."""
    until: date | None
    """Day of the last of them."""
    move_pct: float | None
    """Change of the price up to then, percent."""
    moves: float | None
    """The same in expected moves of that many calendar days; signed."""
    realized: float | None
    """Realized volatility of all `RETURNS` returns, points."""
    outcome: float | None
    """Implied minus that, points; positive means that options were rich."""
    words: str


NOTHING = Followed(0, None, None, None, None, None, "")


def followed(
    closes: Sequence[tuple[date, float]],
    day: date,
    *,
    iv: float | None,
    spot: float | None = None,
    returns: int = RETURNS,
    doubtful: Sequence[date] = (),
) -> Followed:
    """What followed `day`.

    Args:
        closes: (day, close), oldest first.
        day: the day from whose close returns are counted.
        iv: implied volatility of that day, points.
        spot: price of that day, where its close is not among `closes`.
        returns: how many returns make the comparison.
        doubtful: days to which the close may have come by a split, oldest first; nothing is said
            over one.

    >>> from datetime import date
    >>> days = calendar.trading_days(date(2026, 1, 5), date(2026, 1, 9))
    >>> seen = followed(list(zip(days, [100, 101, 100, 102, 101])), days[0], iv=20, returns=4)
    >>> round(seen.realized, 4), round(seen.outcome, 4), seen.until.day, round(seen.move_pct, 2)
    (23.5899, -3.5899, 9, 1.0)
    >>> followed(list(zip(days, [100, 101])), days[0], iv=20).words
    'not yet: 1 of 21 returns'
    """
    at = bisect_right(closes, day, key=lambda dated: dated[0])
    later = (closes[n] for n in range(at, len(closes)) if closes[n][1] > 0)
    after = list(islice(later, returns))
    base = closes[at - 1][1] if at and closes[at - 1][0] == day else spot
    if base is None or not base > 0:
        return NOTHING._replace(words=f"no close of {day} is stored")
    if not after:
        return NOTHING._replace(words=f"not yet: 0 of {returns} returns")
    until, last = after[-1]
    doubt = next((when for when in doubtful if day < when <= until), None)
    if doubt is not None:
        return NOTHING._replace(words=suspected_words(doubt))
    move = (last / base - 1.0) * 100.0
    moves = None
    if iv is not None and iv > 0:
        moves = (last - base) / expected_move(base, iv, (until - day).days)
    so_far = Followed(len(after), until, move, moves, None, None, "")
    if len(after) < returns:
        return so_far._replace(words=f"not yet: {len(after)} of {returns} returns")
    try:
        absent = len(calendar.trading_days(day, until)) - 1 - returns
        if absent > returns // 10:
            words = f"{absent} trading days are missing among the closes that followed"
            return so_far._replace(words=words)
        realized = close_to_close([base, *(close for _, close in after)])
    except VrpError as error:
        return so_far._replace(words=str(error))
    outcome = None if iv is None else iv - realized
    words = "there was no implied volatility to compare" if iv is None else ""
    return so_far._replace(realized=realized, outcome=outcome, words=words)
