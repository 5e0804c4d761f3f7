"""The whole decision for one symbol: cell, candidate, structure, strikes, size, status, why.

This is the one place where the rules meet; hosts and workflows only show what it says.
Pure: may import nothing of the package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core import calendar, matrix, premium, sizing, standing, strikes, structures
from vrp_xl.core.compare import above, at_least, at_most, below
from vrp_xl.core.exits import ExitInputs, ExitState, exit_state
from vrp_xl.core.implied import expected_move
from vrp_xl.errors import VrpError

if TYPE_CHECKING:
    from datetime import date

    from vrp_xl.core.matrix import Cell
    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Gamma, GammaBasis, Snapshot
    from vrp_xl.core.strikes import StrikePlan
    from vrp_xl.core.structures import Lean, Structure


@dataclass(frozen=True, slots=True, kw_only=True)
class Premium:
    """The premium of one snapshot, every way. None is "not known"."""

    iv: float | None
    """The IV that ratios use: 30-day where there is one, else as delivered."""
    spread: float | None
    spread_30d: float | None
    structural: float | None
    tactical: float | None
    put_tactical: float | None
    funnel: premium.Funnel | None
    rich: bool | None
    compression: float | None
    compression_band: premium.CompressionBand | None
    z_band: standing.ZBand | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about one symbol, and why."""

    symbol: str
    cell: Cell | None
    gamma: Gamma
    gamma_basis: GammaBasis | None
    flip_distance_pct: float | None
    premium: Premium
    lean: Lean | None
    structure: Structure | None
    score: float | None
    strikes: StrikePlan | None
    size: float
    exits: ExitState
    stops: tuple[str, ...]
    """Why no size is allowed; empty where none is forbidden."""
    candidate: bool
    action: str
    why: tuple[str, ...]
    warnings: tuple[str, ...]
    no_cell: tuple[str, ...] = ()
    """Why there is no cell of the matrix; empty where there is one. Part of `why` too."""

    @property
    def sign(self) -> str:
        """What a screen or a sheet shows as the cell: A to D, "?" where there is none."""
        return self.cell or "?"

    @property
    def cell_text(self) -> str | None:
        """A to D; "?" where z is known and gamma is not; None where there is nothing to say."""
        if self.cell is None and self.premium.z_band is not None and self.gamma == "unknown":
            return "?"
        return self.cell

    @property
    def signal(self) -> str:
        """SELL, WAIT, STAY OUT or NO TRADE: the action in a word."""
        return next(
            w for w in ("SELL", "STAY OUT", "NO TRADE", "WAIT") if self.action.startswith(w)
        )

    @property
    def status(self) -> str:
        """The exits in one line, in the words for a name that nobody holds.

        A name that must not be sized for another reason says so too.
        """
        if self.stops and not self.exits.must_close:
            return f"STAY OUT: {self.stops[0]}"
        return self.exits.words(held=False)


def premium_of(s: Snapshot, rules: Rules) -> Premium:
    """Every measure of the premium in `s`."""
    iv = s.atm_iv_30d if s.atm_iv_30d is not None else s.atm_iv

    def ratio(value: float | None, hv: float | None) -> float | None:
        if value is None or hv is None:
            return None
        return premium.ratio(value, hv, rules.hv_floor)

    structural, tactical = ratio(iv, s.rv_90d), ratio(iv, s.rv_30d)
    funnel = None
    if structural is not None and tactical is not None:
        funnel = premium.funnel(
            structural, tactical,
            structural_min=rules.structural_min,
            tactical_min=rules.tactical_min,
            tactical_caution=rules.tactical_caution,
        )  # fmt: skip
    compression = band = None
    if s.rv_30d is not None and s.rv_90d:
        compression = premium.compression(s.rv_30d, s.rv_90d)
        band = premium.compression_band(
            compression,
            severe=rules.compression_severe,
            mild=rules.compression_mild,
            expansion=rules.expansion_mild,
            severe_expansion=rules.expansion_severe,
        )
    return Premium(
        iv=iv,
        spread=s.vrp_20d,
        spread_30d=(
            s.atm_iv_30d - s.rv_20d if s.atm_iv_30d is not None and s.rv_20d is not None else None
        ),
        structural=structural,
        tactical=tactical,
        put_tactical=ratio(s.put_wing_iv, s.rv_30d),
        funnel=funnel,
        rich=None if structural is None else at_least(structural, rules.structural_rich),
        compression=compression,
        compression_band=band,
        z_band=None if s.z_score is None else standing.z_band(s.z_score, band=rules.z_band),
    )


def decide(s: Snapshot, rules: Rules, *, today: date) -> Decision:
    """Decides one symbol.

    Args:
        s: the completed snapshot.
        rules: the rules in force.
        today: the New York date of the decision; earnings count from it. The days to expiry
            count from the day of the figures: old ones keep their expiry, and warn once it is near.
    """
    p = premium_of(s, rules)
    gamma = matrix.regime(s.gamma, s.gamma_basis, s.net_gex, rules.unknown_gamma)
    cell = matrix.cell_of(s.z_score, gamma.gamma, rules.z_min)
    distance = (
        matrix.flip_distance(s.spot, s.gamma_flip)
        if s.spot is not None and s.gamma_flip is not None
        else None
    )
    lean = structures.lean_of(s.put_vrp, s.call_vrp, rules.lean_min)

    why: list[str] = []
    warnings: list[str] = []
    if gamma.note:
        (why if gamma.gamma == "unknown" else warnings).append(gamma.note)
    if s.z_score is None:
        why.append("no z-score: " + s.missing.get("z_score", "the source gives none"))
    no_cell = tuple(why) if cell is None else ()

    expiry, days = _expiry(calendar.date_of(s.as_of), rules, warnings)
    pick = _pick(cell, s, p, lean, rules, days)
    plan = None
    if pick is not None and s.spot is not None and expiry is not None:
        tight = cell == "C" and rules.structures == "sellers"
        plan = _plan(pick.structure, s, p, lean, rules, expiry, days, tight=tight)
        warnings.extend(plan.notes)
        warnings.extend(_late(calendar.date_of(s.as_of), expiry, rules, today))
        if s.next_earnings is not None and today <= s.next_earnings <= expiry:
            warnings.append(f"earnings on {s.next_earnings} fall before the expiry {expiry}")
        lacking = dict.fromkeys(leg.note for leg in plan.legs if leg.strike is None)
        if lacking:
            warnings.append("strikes are open: " + "; ".join(lacking))
    elif pick is not None and s.spot is None:
        warnings.append("no strikes: there is no spot")

    exits, stops, size = _sized(cell, s, p, gamma, pick, rules, today)
    warnings.extend(_warnings(s, rules, p))

    failed = _screen(cell, s, p, rules)
    candidate = not failed and size.multiple > 0
    why.extend(failed)
    why.extend(size.reasons)
    if not failed and size.multiple <= 0 and not size.reasons:
        why.append("the size is 0")
    action = _action(candidate, cell, pick, size.multiple, exits, stops, why)
    return Decision(
        symbol=s.symbol,
        cell=cell,
        gamma=gamma.gamma,
        gamma_basis=gamma.basis,
        flip_distance_pct=distance,
        premium=p,
        lean=lean,
        structure=pick.structure if pick else None,
        score=pick.score if pick else None,
        strikes=plan,
        size=size.multiple,
        exits=exits,
        stops=tuple(stops),
        candidate=candidate,
        action=action,
        why=tuple(dict.fromkeys(why)),
        warnings=tuple(dict.fromkeys(warnings)),
        no_cell=no_cell,
    )


def _plan(
    structure: Structure,
    s: Snapshot,
    p: Premium,
    lean: Lean | None,
    rules: Rules,
    expiry: date,
    days: int,
    *,
    tight: bool,
) -> StrikePlan:
    given = strikes.StrikeInputs(
        spot=s.spot or 0.0, expiry=expiry, days=days, iv=p.iv,
        put_iv=s.put_wing_iv, call_iv=s.call_wing_iv,
        put_wall=s.put_wall, call_wall=s.call_wall, max_gamma=s.max_gamma, lean=lean,
    )  # fmt: skip
    return strikes.plan_strikes(structure, given, rules, tight=tight)


def plan_for(
    s: Snapshot,
    structure: Structure,
    rules: Rules,
    *,
    today: date | None = None,
    days: int | None = None,
) -> StrikePlan | None:
    """Strikes of any structure on `s`; None without a spot.

    Args:
        s: the completed snapshot.
        structure: what to place.
        rules: the rules in force.
        today: the day to count from; that of the figures by default.
        days: calendar days to expiry; the expiry nearest to ``target_dte`` by default.
    """
    if s.spot is None:
        return None
    today = calendar.date_of(s.as_of) if today is None else today
    expiry, near = _expiry(today, rules, [])
    if days is not None:
        expiry, near = today + timedelta(days=days), days
    if expiry is None:
        return None
    lean = structures.lean_of(s.put_vrp, s.call_vrp, rules.lean_min)
    gamma = matrix.regime(s.gamma, s.gamma_basis, s.net_gex, rules.unknown_gamma)
    tight = (
        matrix.cell_of(s.z_score, gamma.gamma, rules.z_min) == "C" and rules.structures == "sellers"
    )
    return _plan(structure, s, premium_of(s, rules), lean, rules, expiry, near, tight=tight)


class Eligible(NamedTuple):
    """What a what-if needs of a name: is it a candidate once its thresholds pass?"""

    high: bool
    """As high premium (cell A or B), the spread aside."""
    low: bool
    """As low premium (cell C or D), the spread aside."""
    without_cell: bool
    """Without a z-score or a regime (the ratio method needs none)."""
    sized: bool
    """In its own cell, sized and passing all but the ratios."""
    structural: float | None
    tactical: float | None


def eligible(s: Snapshot, rules: Rules, *, today: date) -> Eligible:
    """Decides `s` as high premium, as low premium and without a cell, thresholds aside."""
    p = premium_of(s, rules)
    gamma = matrix.regime(s.gamma, s.gamma_basis, s.net_gex, rules.unknown_gamma)
    known_sizes: dict[Cell | None, bool] = {}

    def sized(cell: Cell | None) -> bool:
        if cell not in known_sizes:
            # A lean chooses between structures, never whether there is one.
            pick = _pick(cell, s, p, None, rules, rules.target_dte)
            size = _sized(cell, s, p, gamma, pick, rules, today)[2]
            known_sizes[cell] = size.multiple > 0
        return known_sizes[cell]

    def passes(cell: Cell | None) -> bool:
        return not _screen(cell, s, p, rules, spread=False) and sized(cell)

    known = gamma.gamma != "unknown"
    high = matrix.cell_of(math.inf, gamma.gamma, rules.z_min)
    low = matrix.cell_of(-math.inf, gamma.gamma, rules.z_min)
    own = matrix.cell_of(s.z_score, gamma.gamma, rules.z_min)
    article = rules.method != "both" or not _screen(own, s, p, rules, ratios=False)
    return Eligible(
        high=passes(high),
        low=passes(low),
        without_cell=(s.z_score is None or not known) and passes(None),
        sized=sized(own) and article,
        structural=p.structural,
        tactical=p.tactical,
    )


def _sized(
    cell: Cell | None,
    s: Snapshot,
    p: Premium,
    gamma: matrix.Regime,
    pick: structures.Pick | None,
    rules: Rules,
    today: date,
) -> tuple[ExitState, list[str], sizing.Size]:
    """The exits, what forbids a size, and the size that is left."""
    exits = exit_state(
        ExitInputs(
            z=s.z_score, spot=s.spot, flip=s.gamma_flip, gamma=gamma.gamma,
            gamma_basis=gamma.basis, spread=s.vrp_20d, tactical=p.tactical, entry_cell=cell,
            risk=pick.structure.risk if pick else "undefined",
        ),
        rules,
    )  # fmt: skip
    stops = [f"an exit fires: {e.words}" for e in exits.fired if e.severity.closes]
    stops += _events(s, rules, today) + _liquidity(s, rules)
    size = sizing.size_of(cell, rules, z=s.z_score, spread=s.vrp_20d, stops=stops)
    if pick is None and size.multiple > 0:
        size = sizing.Size(0.0, (*size.reasons, "there is no structure to sell"))
    return exits, stops, size


def _late(of: date, expiry: date, rules: Rules, today: date) -> list[str]:
    """What old figures must say of their expiry: that it has passed, or that its stop has come."""
    left = (expiry - today).days
    if today <= of or left > rules.time_stop_dte:
        return []
    told = f"the figures are of {of} and their expiry {expiry}"
    if left < 0:
        return [f"{told} has passed: refresh before you trade"]
    days = "1 day" if left == 1 else f"{left} days"
    return [f"{told} is {days} away, at or inside the time stop: refresh before you trade"]


def _expiry(today: date, rules: Rules, warnings: list[str]) -> tuple[date | None, int]:
    try:
        expiry = calendar.expiry_near(today, rules.target_dte, rules.dte_min, rules.dte_max)
    except VrpError as error:
        warnings.append(str(error))
        return None, rules.target_dte
    return expiry, (expiry - today).days


def _pick(
    cell: Cell | None, s: Snapshot, p: Premium, lean: Lean | None, rules: Rules, days: int
) -> structures.Pick | None:
    if cell is None:
        if rules.size_without_cell <= 0:
            return None
        cell = "B"  # nothing is known of the regime: defined risk only
    near = None
    if s.max_gamma is not None and s.spot is not None and p.iv is not None:
        reach = rules.fly_moves * expected_move(s.spot, p.iv, days)
        near = at_most(abs(s.max_gamma - s.spot), reach)
    return structures.pick(cell, s.scores, lean, rules, near_max_gamma=near)


def _screen(
    cell: Cell | None,
    s: Snapshot,
    p: Premium,
    rules: Rules,
    *,
    spread: bool = True,
    ratios: bool = True,
) -> list[str]:
    """Why the row is no candidate; empty where the screen passes.

    `spread` and `ratios` leave those thresholds out of it, for a what-if.
    """
    failed: list[str] = []
    article = rules.method in ("article", "both")
    if article:
        if cell is None:
            failed.append("no cell of the matrix")
        elif cell == "D":
            failed.append("cell D: low premium in negative gamma")
        if spread:
            failed += _spread_screen(p, rules)
        if rules.percentile_min is not None and cell in ("A", "B"):
            if s.percentile is None:
                failed.append("no percentile to confirm the z-score")
            elif below(s.percentile, rules.percentile_min):
                failed.append(f"percentile {s.percentile:.0f} is below {rules.percentile_min:g}")
    if ratios and (rules.method in ("ratio", "both") or (article and cell == "C")):
        if p.funnel is None:
            lacking = [n for n, v in (("HV90", s.rv_90d), ("HV30", s.rv_30d), ("IV", p.iv))
                       if v is None]  # fmt: skip
            failed.append("the ratio funnel needs " + " and ".join(lacking))
        elif p.funnel != "edge exists":
            failed.append(
                f"ratio funnel: {p.funnel} (IV/HV90 {p.structural:.2f}, IV/HV30 {p.tactical:.2f})"
            )
    return failed


def _spread_screen(p: Premium, rules: Rules) -> list[str]:
    if p.spread is None:
        return ["no spread: ATM IV or RV20 is missing"]
    if not above(p.spread, rules.spread_min):
        return [f"spread {p.spread:+.2f} is not above {rules.spread_min:g}"]
    return []


def _events(s: Snapshot, rules: Rules, today: date) -> list[str]:
    if rules.earnings_days is None:
        return []
    stops = []
    if s.next_earnings is not None:
        days = (s.next_earnings - today).days
        if 0 <= days <= rules.earnings_days:
            stops.append(f"earnings on {s.next_earnings}, in {days} days")
    if "event_risk" in s.warnings or s.vrp_regime == "event_only":
        stops.append("the source warns of an event")
    return stops


def _liquidity(s: Snapshot, rules: Rules) -> list[str]:
    stops = []
    if s.atm_oi is not None and s.atm_oi < rules.min_atm_oi:
        stops.append(f"open interest at the money {s.atm_oi:.0f} is below {rules.min_atm_oi:g}")
    if s.atm_spread_pct is not None and above(s.atm_spread_pct, rules.max_spread_pct):
        stops.append(
            f"ATM quotes are {s.atm_spread_pct:.1f} % wide, above {rules.max_spread_pct:g}"
        )
    return stops


def _warnings(s: Snapshot, rules: Rules, p: Premium) -> list[str]:
    out = []
    if s.z_score is not None:
        if above(s.z_score, rules.z_extreme):
            out.append(f"z {s.z_score:+.2f} is extreme: the regime may be about to flip")
        if s.history_days is not None and s.history_days < rules.z_days_thin:
            out.append(f"z-score is thin: {s.history_days} days of history")
        if p.z_band == "compressed":
            out.append(standing.BAND_MEANING["compressed"])
    said_by = "vendor: " if s.score_kind != "local" else ""
    out.extend(f"{said_by}{w.replace('_', ' ')}" for w in s.warnings)
    return out


def _action(
    candidate: bool,
    cell: Cell | None,
    pick: structures.Pick | None,
    size: float,
    exits: ExitState,
    stops: list[str],
    why: list[str],
) -> str:
    if candidate and pick is not None:
        return f"SELL {pick.structure.title}, {size:g}x"
    if exits.must_close:
        return exits.words(held=False)
    if stops:
        return f"STAY OUT: {stops[0]}"
    if cell == "D":
        return "NO TRADE: low premium in negative gamma"
    return f"WAIT: {why[0] if len(why[0]) <= 70 else why[0].split(': ')[0]}"
