"""How old the figures are that exits are judged by, and that an exit judged by old ones is unknown.

Old means that a session has opened since. What fires by old figures still stands and leads; what
does not fire by them may fire by those of today, so it is never OK.

Pure: may import nothing of the package but `vrp_xl.core`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vrp_xl.core import calendar
from vrp_xl.core.exits import Exit, ExitState, Severity

if TYPE_CHECKING:
    from datetime import date, datetime


def sessions_old(as_of: datetime, session: date) -> int:
    """Sessions that have opened since figures were taken; 0 where they are current.

    Args:
        as_of: when they were taken.
        session: the trading day of the present moment.

    >>> from datetime import UTC, date, datetime
    >>> friday = datetime(2026, 11, 20, 21, tzinfo=UTC)
    >>> sessions_old(friday, date(2026, 11, 20)), sessions_old(friday, date(2026, 11, 24))
    (0, 2)

    Raises:
        InputError: outside the years of the calendar.
    """
    return max(len(calendar.trading_days(calendar.trading_day(as_of), session)) - 1, 0)


def age_words(as_of: datetime, sessions: int) -> str:
    """The day of old figures and how many sessions have opened since.

    >>> from datetime import UTC, datetime
    >>> age_words(datetime(2026, 11, 20, 21, tzinfo=UTC), 2)
    'figures of 2026-11-20 are 2 sessions old'
    """
    old = "1 session" if sessions == 1 else f"{sessions} sessions"
    return f"figures of {calendar.trading_day(as_of)} are {old} old"


def by_old_figures(state: ExitState, as_of: datetime, session: date) -> ExitState:
    """`state` as it stands where the figures may be old: then unknown leads what is unknown.

    Args:
        state: as the figures say.
        as_of: when they were taken.
        session: the trading day of the present moment.
    """
    sessions = sessions_old(as_of, session)
    if not sessions:
        return state
    old = Exit("old figures", Severity.UNKNOWN, age_words(as_of, sessions), "")
    return ExitState(state.fired, (old, *state.unknown))
