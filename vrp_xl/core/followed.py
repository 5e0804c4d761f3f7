"""What followed a day: realized volatility over the next returns, and how far the price went.

Where the figures were seen within a session, the path starts at the price that was seen, and that
session's close is its first return: what the rest of the day brought is part of what followed.
Says "not yet" until the returns are there, and never fills a gap. It is a measure of the premium
that was there, not the profit of a position.

Pure: may import nothing of the package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core import calendar, gaps
from vrp_xl.core.implied import expected_move
from vrp_xl.core.realized import from_a_price
from vrp_xl.core.splits import find_jumps, suspected_words
from vrp_xl.errors import VrpError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

RETURNS = 21
"""Daily returns over which realized volatility is compared with the IV before them: a month."""
SAME = 1e-9
"""A price and a close that differ by less, relatively, are one observation."""


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


class Start(NamedTuple):
    """Where the path that followed begins."""

    price: float | None
    """None is not known."""
    days: float
    """Trading days from it to the first close that follows."""
    own: bool
    """Whether that first close is the one of the day itself."""
    words: str = ""
    """Why there is none."""


def start_of(
    day: date,
    close: float | None,
    *,
    spot: float | None,
    seen_at: datetime | None,
    before: float | None = None,
    doubted: bool = False,
) -> Start:
    """Where the path after the figures of `day` begins: at its close, or at the price seen in it.

    Figures that were seen before the session's close begin at their own price, unless that price is
    all that is stored as the day's close. Closes that were put on another footing since (a source
    adjusts them for a later split) hold no step where price and close differ like one: the price
    is then put on their footing.

    Args:
        day: the trading day of the figures.
        close: its close, on the footing of the closes that follow; None is not stored.
        spot: the price that was seen, on the same footing.
        seen_at: when; None is after the close.
        before: the close before `day`'s.
        doubted: whether the step to `close` may be a split and nobody has said what it was.

    >>> from datetime import UTC, date, datetime
    >>> ten = datetime(2026, 10, 1, 14, tzinfo=UTC)
    >>> start_of(date(2026, 10, 1), 600.0, spot=660.0, seen_at=ten, before=659.0)[:3]
    (660.0, 0.9230769230769231, True)
    >>> start_of(date(2026, 10, 1), 330.0, spot=660.0, seen_at=ten, before=329.0).price
    330.0
    """
    seen = spot if spot is not None and spot > 0 else None
    left = 0.0 if seen_at is None or seen is None else calendar.session_left(day, seen_at)
    if close is None or not close > 0:
        none = "" if seen is not None else f"no close of {day} is stored"
        return Start(seen, 1.0 + left, own=False, words=none)
    if seen is None or not left or abs(close / seen - 1.0) < SAME:
        return Start(close, 1.0, own=False)
    steps = find_jumps([(day, seen), (day, close)])
    if not steps:
        return Start(seen, left, own=True)
    if before is not None and find_jumps([(day, before), (day, close)]):
        if not doubted:
            return Start(seen, left, own=True)
        return Start(None, left, own=True, words=suspected_words(day))
    if before is not None and steps[0].clear:
        return Start(seen / steps[0].ratio, left, own=True)
    words = (
        f"unknown: {seen:g} was seen on {day} and its close is {close:g}: is one of them adjusted?"
    )
    return Start(None, left, own=True, words=words)


def followed(
    closes: Sequence[tuple[date, float]],
    day: date,
    *,
    iv: float | None,
    spot: float | None = None,
    seen_at: datetime | None = None,
    returns: int = RETURNS,
    doubtful: Sequence[date] = (),
) -> Followed:
    """What followed `day`.

    Args:
        closes: (day, close), oldest first; one that is not above 0 is none.
        day: the trading day of the figures.
        iv: implied volatility of that day, points.
        spot: the price that was seen, on the footing of `closes`.
        seen_at: when it was seen. Before the session's close the path starts there (`start_of`),
            and the close of the day is its first return; else, or where it is not known, at the
            close, or at `spot` where the close is not stored.
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
    known = at > 0 and closes[at - 1][0] == day
    earlier = (closes[n][1] for n in range(at - 2, -1, -1) if closes[n][1] > 0)
    try:
        start = start_of(
            day, closes[at - 1][1] if known else None, spot=spot, seen_at=seen_at,
            before=next(earlier, None), doubted=day in doubtful,
        )  # fmt: skip
    except VrpError as error:
        return NOTHING._replace(words=str(error))
    base = start.price
    if base is None:
        return NOTHING._replace(words=start.words)
    first = at - 1 if start.own else at
    later = (closes[n] for n in range(first, len(closes)) if closes[n][1] > 0)
    after = list(islice(later, returns))
    if not after:
        return NOTHING._replace(words=f"not yet: 0 of {returns} returns")
    until, last = after[-1]
    doubt = next((when for when in doubtful if day < when <= until), None)
    if doubt is not None:
        return NOTHING._replace(words=suspected_words(doubt))
    move = (last / base - 1.0) * 100.0
    moves = None
    if iv is not None and iv > 0:
        span = (until - day).days + start.days - (0.0 if start.own else 1.0)
        moves = (last - base) / expected_move(base, iv, span)
    so_far = Followed(len(after), until, move, moves, None, None, "")
    if len(after) < returns:
        return so_far._replace(words=f"not yet: {len(after)} of {returns} returns")
    try:
        why = _gap_words(day, [when for when, _ in after], own=start.own)
        if why:
            return so_far._replace(words=why)
        realized = from_a_price(base, [close for _, close in after], start.days)
    except VrpError as error:
        return so_far._replace(words=str(error))
    outcome = None if iv is None else iv - realized
    words = "there was no implied volatility to compare" if iv is None else ""
    return so_far._replace(realized=realized, outcome=outcome, words=words)


def _gap_words(day: date, after: Sequence[date], *, own: bool) -> str:
    """Why the days after `day` are no daily returns; empty where they are."""
    axis = calendar.trading_days(day, after[-1])
    places = [bisect_left(axis, when) for when in after]
    gap = gaps.gap_of([-1 if own else 0, *places])
    if gap.too_many:
        return f"{gap.absent} trading days are missing among the closes that followed"
    if gap.too_long:
        last = after[gap.at - 2] if gap.at > 1 else day
        return f"there is no close between {last} and {after[gap.at - 1]}"
    return ""
