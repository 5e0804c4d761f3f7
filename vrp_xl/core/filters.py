"""What each filter said of a name: which rule left it out, its value, and the limit.

`vrp_xl.core.decide` says why in sentences; a record that is counted later needs the rule and the
number. A name is a candidate exactly where nothing here leaves it out.

Pure: may import nothing of the package but `vrp_xl.core`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core.compare import above, below

if TYPE_CHECKING:
    from datetime import date

    from vrp_xl.core.decide import Decision
    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Snapshot


class Rejection(NamedTuple):
    """One filter that left a name out."""

    rule: str
    """Name of the rule; ``flip_breach`` and ``event_warning`` have no threshold of their own."""
    value: float | None
    """The name's figure; None where it is missing or is no number."""
    limit: float | None
    """The rule's value; None where it is no number."""
    words: str


def rejections(s: Snapshot, decision: Decision, rules: Rules, *, today: date) -> list[Rejection]:
    """Every filter that leaves the name out, the screen first; empty for a candidate.

    Args:
        s: the completed snapshot.
        decision: what `vrp_xl.core.decide.decide` said of it.
        rules: the rules that it said so by.
        today: the New York date of the decision.
    """
    found = _screen(s, decision, rules) + _stops(s, decision, rules, today)
    if not found and not decision.candidate:
        found.append(_sized(decision, rules))
    return found


def _screen(s: Snapshot, d: Decision, rules: Rules) -> list[Rejection]:
    found = []
    article = rules.method in ("article", "both")
    if article:
        found += _matrix(s, d, rules)
        spread = d.premium.spread
        if spread is None or not above(spread, rules.spread_min):
            found.append(_below("spread_min", "spread", spread, rules.spread_min))
        low, seen = rules.percentile_min, s.percentile
        if low is not None and d.cell in ("A", "B") and (seen is None or below(seen, low)):
            found.append(_below("percentile_min", "percentile", seen, low))
    if rules.method in ("ratio", "both") or (article and d.cell == "C"):
        for name, words, value, limit in (
            ("structural_min", "IV/HV90", d.premium.structural, rules.structural_min),
            ("tactical_min", "IV/HV30", d.premium.tactical, rules.tactical_min),
        ):
            if value is None or not above(value, limit):
                found.append(_below(name, words, value, limit))
    return found


def _matrix(s: Snapshot, d: Decision, rules: Rules) -> list[Rejection]:
    found = []
    if s.z_score is None:
        found.append(_below("z_min", "z", None, rules.z_min))
    if d.cell is None and d.gamma == "unknown":
        found.append(Rejection("unknown_gamma", None, None, "the gamma regime is not known"))
    if d.cell == "D":
        told = f"z {s.z_score:+.2f} is below {rules.z_min:g} in negative gamma"
        found.append(Rejection("z_min", s.z_score, rules.z_min, told))
    return found


def _below(rule: str, words: str, value: float | None, limit: float) -> Rejection:
    if value is None:
        return Rejection(rule, None, limit, f"{words} is missing")
    return Rejection(rule, value, limit, f"{words} {value:.2f} is not above {limit:g}")


_EXIT_RULE = {"defense": "tactical_defense", "inversion": "z_exit", "flip breach": "flip_breach"}


def _stops(s: Snapshot, d: Decision, rules: Rules, today: date) -> list[Rejection]:
    """What sets the size to 0: exits that fire, events, liquidity."""
    found = []
    for fired in d.exits.fired:
        if not fired.severity.closes:
            continue
        value: float | None
        limit: float | None
        rule = _EXIT_RULE[fired.rule]
        if rule == "tactical_defense":
            value, limit = d.premium.tactical, rules.tactical_defense
        elif rule == "flip_breach":
            value, limit = d.flip_distance_pct, 0.0
        elif fired.words.startswith("compressed"):
            value, limit = s.z_score, rules.z_exit
        else:
            rule, value, limit = "inversion_exit", d.premium.spread, 0.0
        found.append(Rejection(rule, value, limit, fired.words))
    exits = {f"an exit fires: {fired.words}" for fired in d.exits.fired}
    found += [_stop(s, rules, today, words) for words in d.stops if words not in exits]
    return found


def _stop(s: Snapshot, rules: Rules, today: date, words: str) -> Rejection:
    if words.startswith("earnings on") and s.next_earnings is not None:
        days = float((s.next_earnings - today).days)
        return Rejection("earnings_days", days, rules.earnings_days, words)
    if words.startswith("open interest"):
        return Rejection("min_atm_oi", s.atm_oi, rules.min_atm_oi, words)
    if words.startswith("ATM quotes"):
        return Rejection("max_spread_pct", s.atm_spread_pct, rules.max_spread_pct, words)
    return Rejection("event_warning", None, None, words)


def _sized(d: Decision, rules: Rules) -> Rejection:
    """The one that is left: the size is 0 by a rule of sizing, or there is nothing to sell."""
    words = d.why[-1]
    if d.cell is None:
        return Rejection("size_without_cell", rules.size_without_cell, 0.0, words)
    name = f"size_{d.cell.lower()}"
    size = float(getattr(rules, name))
    if size <= 0:
        return Rejection(name, size, 0.0, words)
    if d.structure is None:
        return Rejection("structures", None, None, words)
    return Rejection("size_by", d.premium.spread, rules.spread_full, words)
