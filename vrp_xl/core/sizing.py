"""How big: the cell's multiplier, what sets it to 0, Kelly for credit spreads, contracts.

Pure: may import nothing of the package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core.compare import above, at_most, below
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vrp_xl.core.matrix import Cell
    from vrp_xl.core.rules import Rules


class Size(NamedTuple):
    """The multiple of the standard size, and every reason that changed it."""

    multiple: float
    reasons: tuple[str, ...] = ()


def size_of(
    cell: Cell | None,
    rules: Rules,
    *,
    z: float | None = None,
    spread: float | None = None,
    stops: Sequence[str] = (),
) -> Size:
    """The multiplier of the user's standard size.

    Args:
        cell: the cell of the matrix; None takes the rule ``size_without_cell``.
        rules: the rules in force.
        z: z-score, for the cap above ``z_extreme`` and for sizing by spread.
        spread: IV minus RV20 in points, for sizing by spread.
        stops: reasons that forbid any size (an exit that fires, earnings, liquidity).

    >>> from vrp_xl.core.rules import STANDARD
    >>> size_of("A", STANDARD, z=1.34).multiple, size_of("A", STANDARD, z=3.2).multiple
    (1.75, 1.0)
    >>> size_of("A", STANDARD, z=1.34, stops=["earnings in 3 days"]).multiple
    0.0
    """
    if cell is None:
        multiple = rules.size_without_cell
    else:
        sizes = {"A": rules.size_a, "B": rules.size_b, "C": rules.size_c, "D": rules.size_d}
        multiple = sizes[cell]
    reasons: list[str] = []
    if rules.size_by == "spread" and z is not None and at_most(z, rules.z_band):
        share, why = _share(z, spread, rules)
        multiple *= share
        reasons.append(why)
    if z is not None and above(z, rules.z_extreme) and multiple > rules.z_extreme_size:
        multiple = rules.z_extreme_size
        reasons.append(f"z above {rules.z_extreme:g}: size at most {rules.z_extreme_size:g}")
    return Size(0.0 if stops else multiple, (*reasons, *stops))


def _share(z: float, spread: float | None, rules: Rules) -> tuple[float, str]:
    """Which share of the cell's size a spread earns while z is not above its band, and why."""
    if below(z, -rules.z_band):
        return 0.0, f"z below {-rules.z_band:g}: long volatility favoured"
    if spread is None:
        return 0.0, "there is no spread to size by"
    share = min(max(spread, 0.0) / rules.spread_full, 1.0)
    return share, f"between the bands: {share:.0%} of the cell's size for the spread"


def kelly(
    credit: float, width: float, p_win: float, *, fraction: float = 1.0, cap: float = 1.0
) -> float:
    """Kelly stake of a two-outcome credit spread, as a share of the bankroll at risk.

    f = p - q / b with b = credit / (width - credit), times `fraction`, at most `cap`, never
    below 0. `p_win` must be a real-world probability, not 1 minus delta.

    Width 5, credit 1.65: p 0.72 gives 0.15152, p 0.67 (break-even) nothing:

    >>> round(kelly(1.65, 5, 0.72), 5), round(kelly(1.65, 5, 0.72, fraction=0.5), 5)
    (0.15152, 0.07576)
    >>> kelly(1.65, 5, 0.67)
    0.0

    Raises:
        InputError: the credit is not between 0 and the width, or p is not between 0 and 1.
    """
    if not 0 < credit < width:
        raise InputError(f"The credit {credit:g} must be above 0 and below the width {width:g}.")
    if not 0 <= p_win <= 1:
        raise InputError(f"The probability {p_win:g} must be from 0 to 1.")
    if not (fraction >= 0 and cap >= 0):
        raise InputError("Fraction and cap must not be negative.")
    odds = credit / (width - credit)
    stake = p_win - (1.0 - p_win) / odds
    return 0.0 if stake < 1e-12 else min(stake * fraction, cap)


def break_even_probability(credit: float, width: float, *, close_at: float | None = None) -> float:
    """Win probability at which a credit spread earns nothing.

    Args:
        credit: USD per share.
        width: USD per share between the strikes.
        close_at: winners are closed at this share of the credit (0.5); None holds them.

    >>> round(break_even_probability(1.65, 5), 2)
    0.67
    >>> round(break_even_probability(1.65, 5, close_at=0.5), 3)
    0.802

    Raises:
        InputError: the credit is not between 0 and the width, or a share not above 0.
    """
    if not 0 < credit < width:
        raise InputError(f"The credit {credit:g} must be above 0 and below the width {width:g}.")
    if close_at is not None and not close_at > 0:
        raise InputError(f"Winners are closed at {close_at:g} of the credit; use a share above 0.")
    loss = width - credit
    gain = credit if close_at is None else credit * close_at
    return loss / (loss + gain)


def contracts(
    equity: float, max_loss: float, *, risk_percent: float = 2.0, multiple: float = 1.0
) -> int:
    """Whole contracts that risk at most `risk_percent` of equity, times the multiplier.

    Args:
        equity: account value in USD.
        max_loss: largest (or stress) loss of one contract in USD.
        risk_percent: percent of equity at risk in one standard trade.
        multiple: the size multiplier.

    >>> contracts(100_000, 335, risk_percent=2, multiple=1.75)
    10

    Raises:
        InputError: a maximum loss that is not above zero, or negative equity.
    """
    if not max_loss > 0:
        raise InputError(f"The maximum loss {max_loss:g} must be above 0.")
    if not (equity >= 0 and multiple >= 0 and risk_percent >= 0):
        raise InputError("Equity, risk and multiplier must not be negative.")
    whole = equity * risk_percent / 100.0 * multiple / max_loss
    if not math.isfinite(whole):
        raise InputError("Equity, risk and multiplier are too large to count contracts.")
    return math.floor(whole + 1e-9)


def kelly_stake(
    credit: float, width: float, p_win: float, rules: Rules, *, close_at: float = 1.0
) -> float:
    """Kelly stake by the rules: ``kelly_fraction`` of it, at most ``kelly_cap``.

    Args:
        credit: USD per share.
        width: USD per share between the strikes.
        p_win: a real-world probability, not 1 minus delta, which is what the market charges for.
        rules: the rules in force.
        close_at: winners are closed at this share of the credit; 1 holds them.

    >>> from vrp_xl.core.rules import STANDARD
    >>> round(kelly_stake(1.65, 5, 0.72, STANDARD), 5)
    0.07576
    >>> kelly_stake(1.65, 5, 0.72, STANDARD, close_at=0.5), 0.72 < break_even_probability(
    ...     1.65, 5, close_at=0.5
    ... )
    (0.0, True)

    Raises:
        InputError: as `kelly` does, or a share that is not above 0.
    """
    if not 0 < credit < width:
        raise InputError(f"The credit {credit:g} must be above 0 and below the width {width:g}.")
    gain = credit * close_at
    return kelly(
        gain, width - credit + gain, p_win,
        fraction=rules.kelly_fraction, cap=rules.kelly_cap / 100.0,
    )  # fmt: skip


def stake_by_rules(
    rules: Rules, *, credit: float | None, loss: float | None, defined: bool
) -> float | None:
    """Kelly stake of a trade whose winners are closed at the rule ``profit_target``.

    Args:
        rules: the rules in force; without ``kelly_p_win`` there is no stake.
        credit: of one contract, USD.
        loss: largest loss of one contract, USD.
        defined: whether that loss is a maximum; Kelly knows two outcomes, no open loss.

    >>> from vrp_xl.core.rules import STANDARD
    >>> rules = STANDARD.with_values({"kelly_p_win": 85})
    >>> round(stake_by_rules(rules, credit=165, loss=335, defined=True), 4)
    0.1205
    >>> stake_by_rules(rules, credit=165, loss=335, defined=False)
    """
    if rules.kelly_p_win is None or credit is None or loss is None or not defined:
        return None
    if not (credit > 0 and loss > 0):
        return 0.0 if loss > 0 else None
    return kelly_stake(
        credit, credit + loss, rules.kelly_p_win / 100.0, rules,
        close_at=rules.profit_target / 100.0,
    )  # fmt: skip


class CapUse(NamedTuple):
    """A cap that a name stands under, USD: how much it is, and who has used what of it."""

    rule: str
    limit: float
    held: float
    """By open positions."""
    before: float
    """By candidates that were counted before."""

    @property
    def room(self) -> float:
        """What is left, never below 0.

        >>> CapUse("cap_a", 20_000.0, 18_500.0, 3_000.0).room
        0.0
        """
        return max(self.limit - self.held - self.before, 0.0)

    @property
    def words(self) -> str:
        """Such as ``cap_a 20,000 USD: 6,000 in open positions, 14,000 left``.

        >>> CapUse("cap_a", 20_000.0, 6_000.0, 3_350.0).words
        'cap_a 20,000 USD: 6,000 in open positions, 3,350 in candidates before, 10,650 left'
        """
        taken = f", {self.before:,.0f} in candidates before" if self.before else ""
        told = f"{self.rule} {self.limit:,.0f} USD: {self.held:,.0f} in open positions{taken}"
        return f"{told}, {self.room:,.0f} left"


class Sized(NamedTuple):
    """Whole contracts, what they put at risk, and every reason that made them so."""

    contracts: int
    risk_usd: float
    reasons: tuple[str, ...] = ()
    caps: tuple[CapUse, ...] = ()
    """The caps that were held against it; empty where none was looked at."""

    @property
    def words(self) -> str:
        """Such as ``4 contracts, 1,340 USD at risk``; "no size" with its reason."""
        if self.contracts == 0:
            return "no size: " + (self.reasons[-1] if self.reasons else "the size is 0")
        many = "1 contract" if self.contracts == 1 else f"{self.contracts} contracts"
        told = "; ".join(self.reasons)
        return f"{many}, {self.risk_usd:,.0f} USD at risk" + (f" ({told})" if told else "")


def contracts_by_rules(
    rules: Rules,
    *,
    loss: float | None,
    multiple: float,
    cell: Cell | None,
    at_risk: Mapping[str, float] | None = None,
    held: Mapping[str, float] | None = None,
    stake: float | None = None,
    equity: float | None = None,
) -> Sized:
    """Whole contracts by equity, standard risk, multiplier, Kelly and the caps of the portfolio.

    Args:
        rules: the rules in force.
        loss: largest (or stress) loss of one contract, USD; None is not known.
        multiple: of the standard size.
        cell: of the name; its cap counts.
        at_risk: USD that candidates counted before put at risk, by cell ("?" is none); their sum
            is the total.
        held: USD that open positions put at risk, by cell; it counts beside `at_risk`.
        stake: Kelly stake as a share of equity; None leaves Kelly out.
        equity: USD; the rule ``equity`` by default.

    >>> from vrp_xl.core.rules import STANDARD
    >>> contracts_by_rules(STANDARD, loss=335, multiple=1.75, cell="A", equity=100_000).words
    '10 contracts, 3,350 USD at risk'
    >>> contracts_by_rules(STANDARD, loss=335, multiple=0, cell="A", equity=100_000).words
    'no size: the size is 0'
    """
    account = rules.equity if equity is None else equity
    if not multiple > 0:
        return Sized(0, 0.0, ("the size is 0",))
    if account is None:
        return Sized(0, 0.0, ("equity is not known (rule equity)",))
    if loss is None:
        return Sized(0, 0.0, ("the largest loss is not known",))
    if not loss > 0:
        return Sized(0, 0.0, ("the largest loss is 0: check credit and strikes",))
    most = account * rules.risk_percent / 100.0 * multiple
    reasons: list[str] = []
    because = f"one contract risks {loss:,.0f} USD, more than {most:,.0f}"
    if stake is not None and stake * account < most:
        most = stake * account
        because = "Kelly gives no edge" if most <= 0 else f"Kelly allows {most:,.0f} USD"
        reasons.append(because)
    caps = _caps(cell, at_risk or {}, held or {}, account, rules)
    for cap in caps:
        if cap.room < most:
            most = cap.room
            percent = getattr(rules, cap.rule)
            because = f"{cap.rule} of {percent:g} % of equity leaves {cap.room:,.0f} USD"
            if cap.held:
                because += f" beside {cap.held:,.0f} in open positions"
            reasons.append(because)
    count = contracts(most, loss, risk_percent=100.0)
    if count == 0 and not reasons:
        reasons.append(because)
    return Sized(count, count * loss, tuple(reasons), caps)


def _caps(
    cell: Cell | None,
    at_risk: Mapping[str, float],
    held: Mapping[str, float],
    equity: float,
    rules: Rules,
) -> tuple[CapUse, ...]:
    """The caps that a name of `cell` stands under: its cell's, and that of all."""
    caps = []
    own = None if cell is None else getattr(rules, f"cap_{cell.lower()}")
    if cell is not None and own is not None:
        used = held.get(cell, 0.0), at_risk.get(cell, 0.0)
        caps.append(CapUse(f"cap_{cell.lower()}", equity * own / 100.0, *used))
    if rules.cap_total is not None:
        used = sum(held.values(), 0.0), sum(at_risk.values(), 0.0)
        caps.append(CapUse("cap_total", equity * rules.cap_total / 100.0, *used))
    return tuple(caps)


def cap_problems(at_risk: Mapping[str, float], equity: float, rules: Rules) -> list[str]:
    """The caps that are exceeded, a sentence each.

    Args:
        at_risk: USD at risk by cell; "?" is none.
        equity: USD.
        rules: the rules in force.

    >>> from vrp_xl.core.rules import STANDARD
    >>> cap_problems({"A": 1000, "B": 6000}, 100_000, STANDARD)
    ['cell B has 6.0 % of equity at risk, above cap_b of 5 %']
    """
    if not equity > 0:
        return []
    told = []
    for cell in ("A", "B", "C", "D"):
        cap, percent = getattr(rules, f"cap_{cell.lower()}"), at_risk.get(cell, 0.0) / equity * 100
        if cap is not None and above(percent, cap):
            told.append(
                f"cell {cell} has {percent:.1f} % of equity at risk, above cap_{cell.lower()} of "
                f"{cap:g} %"
            )
    percent = sum(at_risk.values()) / equity * 100
    if rules.cap_total is not None and above(percent, rules.cap_total):
        told.append(
            f"all positions have {percent:.1f} % of equity at risk, above cap_total of "
            f"{rules.cap_total:g} %"
        )
    return told
