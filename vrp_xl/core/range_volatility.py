"""Realized volatility from open, high, low and close, for the figures of a snapshot.

Beside the close-to-close volatility that every premium is made of, four estimators see what
happens within a day: Parkinson, Garman-Klass and Rogers-Satchell leave out the overnight gap,
Yang-Zhang has it. They are there to compare with; no rule and no premium uses them. N days are
N bars; the newest ones up to the day count, and where too many trading days among them have no
bar there is no figure, with the reason. Yang-Zhang gives none where a step in the window may be a
split; the others do not see what happens overnight.

Pure: may not import anything of the package outside `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core import calendar
from vrp_xl.core.gaps import absent_allowed
from vrp_xl.core.realized import RANGE_ESTIMATORS, Bar, yang_zhang
from vrp_xl.core.splits import find_jumps
from vrp_xl.errors import NoNumberError, VrpError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from vrp_xl.core.snapshot import Snapshot

YANG_ZHANG = "yang_zhang"


class RangeFigure(NamedTuple):
    """One estimator over one window."""

    estimator: str
    window: int
    """Bars."""


RANGE_FIGURES: dict[str, RangeFigure] = {
    "yang_zhang_20d": RangeFigure(YANG_ZHANG, 20),
    "yang_zhang_30d": RangeFigure(YANG_ZHANG, 30),
    "rogers_satchell_20d": RangeFigure("rogers_satchell", 20),
    "garman_klass_20d": RangeFigure("garman_klass", 20),
    "parkinson_20d": RangeFigure("parkinson", 20),
}
"""Figure of a snapshot -> what it is."""

CONVENTION = {
    YANG_ZHANG: "Yang-Zhang (overnight gap, open to close, Rogers-Satchell)",
    "rogers_satchell": "Rogers-Satchell (free of drift, no overnight gap)",
    "garman_klass": "Garman-Klass (no overnight gap)",
    "parkinson": "Parkinson (high and low alone, no overnight gap)",
}
"""Estimator -> its name and what it sees."""

WHAT_FILLS_IT = "A price history with them fills it (source folder)."


class DatedBar(NamedTuple):
    """The prices of one trading day, and the last close before it (None where it is not known)."""

    day: date
    bar: Bar
    previous_close: float | None


def with_range_volatility(snapshot: Snapshot, bars: Sequence[DatedBar], *, day: date) -> Snapshot:
    """Fills the figures of `RANGE_FIGURES` from the bars up to `day`.

    Args:
        snapshot: what is filled.
        bars: oldest first, one per trading day that has open, high, low and close.
        day: the trading day of the snapshot.
    """
    upto = [dated for dated in bars if dated.day <= day]
    found: dict[str, float] = {}
    basis = dict(snapshot.basis)
    missing: dict[str, str] = {}
    for name, figure in RANGE_FIGURES.items():
        try:
            used = _window(upto, figure.window, day)
            found[name] = _estimate(figure.estimator, used)
        except VrpError as error:
            missing[name] = str(error)
        else:
            basis[name] = (
                f"{CONVENTION[figure.estimator]}, {figure.window} days to {used[-1].day}, "
                "x sqrt(252)"
            )
    return snapshot.replace(basis=basis, missing=missing, **found)


def _window(bars: Sequence[DatedBar], window: int, day: date) -> Sequence[DatedBar]:
    """The newest bars, where they are bars of the last trading days.

    Raises:
        NoNumberError: too few bars, or too many trading days without one since the first of them.
        InputError: outside the years of the trading calendar.
    """
    if len(bars) < window:
        have = f"Open, high and low are there for {len(bars)} of {window} days."
        raise NoNumberError(have, WHAT_FILLS_IT)
    used = bars[-window:]
    absent = len(calendar.trading_days(used[0].day, day)) - window
    if absent > absent_allowed(window):
        raise NoNumberError(
            f"{absent} trading days since {used[0].day} have no open, high and low.",
            WHAT_FILLS_IT,
        )
    return used


def _estimate(estimator: str, used: Sequence[DatedBar]) -> float:
    days = [dated.bar for dated in used]
    if estimator != YANG_ZHANG:
        return RANGE_ESTIMATORS[estimator](days)
    before = used[0].previous_close
    if before is None:
        raise NoNumberError(f"The close before {used[0].day} is not known.", WHAT_FILLS_IT)
    closes = [(used[0].day, before), *((dated.day, dated.bar.close) for dated in used)]
    jumps = find_jumps(closes)
    if jumps:
        raise NoNumberError(
            f"{str(jumps[-1])[0].upper()}{str(jumps[-1])[1:]}: the gap of that morning is none.",
            "Prices that are adjusted for the split fill it.",
        )
    return yang_zhang(days, before)
