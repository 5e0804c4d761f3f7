"""Where the premium sits by tenor: of all, and of the tenors that may be sold.

Those are longer than the time stop, from ``dte_min`` to ``dte_max``; one at or under the time stop
would be closed as soon as it is opened. The richest of them is a suggestion for the rule
``target_dte``, which places the strikes: nothing else follows it, and it says nothing about whether
to sell the name.

Pure: may import nothing of the package but `vrp_xl.core`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core.compare import at_most

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import TermPoint


class Tenor(NamedTuple):
    """Where the premium is largest, whatever the decision on the name."""

    richest: int | None
    """Calendar days of the tenor with the largest premium, wherever it is."""
    suggested: int | None
    """Calendar days of the richest of those that the rules allow, where it pays a premium; None
    where `why` says there is none. Strikes follow ``target_dte``, not this."""
    premium: float | None
    """Premium at the suggested tenor, points."""
    why: str


def tenor(points: Sequence[TermPoint], rules: Rules, *, why_missing: str = "") -> Tenor:
    """Where the premium sits, of all tenors and of those that the rules allow.

    Of two tenors with the same premium the one nearer to ``target_dte`` is taken.

    Args:
        points: premium by tenor; those without a premium are passed over.
        rules: the rules in force.
        why_missing: why there are none, where that is known.

    >>> from vrp_xl.core.rules import STANDARD
    >>> from vrp_xl.core.snapshot import TermPoint
    >>> points = [TermPoint(14, 22, 16, 6.0), TermPoint(30, 21, 17, 4.0), TermPoint(60, 20, 17, 3)]
    >>> tenor(points[1:], STANDARD).why
    'premium 4.0 points at 30 days, the most from 30 to 60 days'
    >>> tenor(points, STANDARD).why.partition("; ")[2]
    'the richest of all is 6.0 at 14 days'
    >>> tenor([], STANDARD).suggested is None
    True
    """
    known = sorted((p.dte, p.vrp) for p in points if p.vrp is not None)
    if not known:
        return Tenor(None, None, None, why_missing or "the premium by tenor is not known")
    richest, most = max(known, key=lambda p: (p[1], -abs(p[0] - rules.target_dte)))
    low, high = max(rules.dte_min, rules.time_stop_dte + 1), rules.dte_max
    where = f"the richest of all is {most:.1f} at {richest} days"
    allowed = [p for p in known if low <= p[0] <= high]
    if low > high:
        return Tenor(
            richest, None, None,
            f"no tenor up to {high} days is longer than the time stop of {rules.time_stop_dte}; "
            + where,
        )  # fmt: skip
    if not allowed:
        tenors = ", ".join(str(days) for days, _ in known)
        return Tenor(
            richest, None, None,
            f"no tenor from {low} to {high} days is known (there are {tenors}); {where}",
        )  # fmt: skip
    days, premium = max(allowed, key=lambda p: (p[1], -abs(p[0] - rules.target_dte)))
    if at_most(premium, 0.0):
        return Tenor(
            richest, None, None, f"no tenor from {low} to {high} days pays a premium; {where}"
        )
    why = f"premium {premium:.1f} points at {days} days, the most from {low} to {high} days"
    return Tenor(richest, days, premium, why if days == richest else f"{why}; {where}")
