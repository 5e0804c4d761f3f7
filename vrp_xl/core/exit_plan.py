"""When to get out, said before getting in: the exits of a trade that is not on yet.

Pure: may import nothing of the package but `vrp_xl.core`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vrp_xl.core import calendar

if TYPE_CHECKING:
    from vrp_xl.core.decide import Decision
    from vrp_xl.core.rules import Rules


def exit_plan(decision: Decision, rules: Rules, *, flip: float | None) -> tuple[str, ...]:
    """The exits that would hold for the trade in `decision`, one short sentence each.

    Args:
        decision: with a structure; without one the plan is empty.
        rules: the rules in force.
        flip: the gamma flip in USD, where it is known.
    """
    structure = decision.structure
    if structure is None:
        return ()
    lines = [f"profit: buy back at {100.0 - rules.profit_target:g} % of the credit"]
    if rules.loss_stop is not None:
        lines.append(f"loss: close at a loss of {rules.loss_stop:g} credits")
    if decision.strikes is not None and decision.strikes.days > rules.time_stop_dte:
        stop = calendar.time_stop(decision.strikes.expiry, rules.time_stop_dte)
        lines.append(f"time: close by {stop} ({rules.time_stop_dte} days to expiry)")
    if decision.cell in ("A", "C"):
        act = "cut half" if structure.risk == "defined" else "close"
        where = f"spot below {flip:,.2f}" if flip is not None else "dealer gamma turns negative"
        lines.append(f"gamma flip: {act} when {where}")
    inversion = []
    if rules.inversion_exit in ("article", "both"):
        inversion.append(f"z below {rules.z_exit:g}")
    if rules.inversion_exit in ("inverted", "both"):
        inversion.append("spread below 0 or IV/HV30 below 1")
    lines.append("inversion: close when " + " or ".join(inversion))
    if rules.tactical_defense is not None:
        lines.append(f"defense: IV/HV30 below {rules.tactical_defense:g}")
    return tuple(lines)
