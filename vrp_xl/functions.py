"""Every ``VRP_*`` function, once: what it computes, what its arguments mean, what can go wrong.

This is the only module that hosts bind to. In plain Python a scalar goes in and a scalar comes
out, a range is a list of rows in and out, and an error is returned as a `CellError` (text such as
``#N/A``), never raised. Functions read the local store and never the network.

May not import xlwings or pandas; numpy only inside the what-if tables.
"""
# The annotations carry the argument help and are read when a function is defined, so they are
# not postponed. Spreadsheet functions are upper case.
# ruff: noqa: N802

import dataclasses
import datetime as dt
from typing import Annotated, Any

from vrp_xl import __version__
from vrp_xl import function_args as arg
from vrp_xl.core import calendar, implied, matrix, premium, realized, sizing, standing, structures
from vrp_xl.core.compare import above, at_least
from vrp_xl.core.exits import ExitInputs, exit_state, held_days, target_price
from vrp_xl.core.rules import SPECS, Rules
from vrp_xl.core.rules import find as find_rule
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.definition import FUNCTIONS, LAST, Example, vrp
from vrp_xl.errors import InputError, MissingError, NoNumberError, VrpError
from vrp_xl.excel.boundary import CellError
from vrp_xl.reader import READER, Desk

__all__ = ["FUNCTIONS", "CellError"]

Number = float | None
BLANK: Any = None
"""The default of a `rules` argument: read as the saved rules."""

_NOT_STORED = "nothing is stored for the symbol, or no source is chosen"
_NO_FIGURE = "an input is blank"


def _with(rules: Rules, **values: Any) -> Rules:
    """`rules` with the values that are given (not None), kept so that decisions can be shared."""
    changes = tuple((k, v) for k, v in values.items() if v is not None)
    if not changes:
        return rules
    key = (id(rules), changes)
    kept = _CHANGED.get(key)
    if kept is not None and kept[0] is rules:
        return kept[1]
    made = rules.with_values(dict(changes))
    if len(_CHANGED) > 500:
        _CHANGED.clear()
    _CHANGED[key] = (rules, made)
    return made


_CHANGED: dict[tuple[int, tuple[tuple[str, Any], ...]], tuple[Rules, Rules]] = {}


def _known(value: Any, what: str, snapshot: Snapshot | None = None, field: str = "") -> Any:
    """`value`, or #N/A with the reason that the snapshot gives.

    Raises:
        MissingError: it is None.
    """
    if value is not None:
        return value
    reason = snapshot.missing.get(field, "") if snapshot is not None else ""
    raise MissingError(f"There is no {what}" + (f": {reason}" if reason else "."))


# Pure: numbers in, numbers out


@vrp(
    "pure",
    "ratio",
    "=VRP_RATIO(28, 18)",
    '=VRP_RATIO("SPY", 90)',
    Example("=VRP_RATIO(8, 2)", "the floor of 5 points holds"),
    errors={"#N/A": "a figure is blank, or the symbol has none stored"},
)
def VRP_RATIO(
    iv: Annotated[float | str, arg.of_kind(arg.VOL_OR_SYMBOL, "Implied volatility, or a symbol "
                  "to take the stored figures of.", "points")],
    hv: Annotated[float, arg.realized("Realized volatility; with a symbol the window: 5, 10, 20, "
                                      "30, 60 or 90 days.")],
    floor: Annotated[Number, arg.of_kind(arg.POSITIVE, "Realized volatility counts as at least "
                     "this.", "points", default="rule hv_floor")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> float:  # fmt: skip
    """Implied over realized volatility: IV / max(HV, floor).

    The markup that option sellers are paid. With a symbol, the 30-day ATM IV where there is one,
    else the ATM IV as delivered, over the stored realized volatility of that window.
    """
    lowest = floor if floor is not None else rules.rules.hv_floor
    if not isinstance(iv, str):
        return premium.ratio(iv, hv, lowest)
    snapshot = READER.snapshot(iv, rules)
    name = f"rv_{hv:g}d"
    if hv not in (5, 10, 20, 30, 60, 90):
        raise InputError(f"hv is {hv:g}; with a symbol it is a window: 5, 10, 20, 30, 60 or 90.")
    own = READER.decision(iv, rules).premium.iv
    return premium.ratio(
        _known(own, f"implied volatility of {iv}", snapshot, "atm_iv"),
        _known(getattr(snapshot, name), f"HV{hv:g} of {iv}", snapshot, name),
        lowest,
    )


@vrp("pure", "points", "=VRP_SPREAD(18.45, 13.04)", errors={"#N/A": _NO_FIGURE})
def VRP_SPREAD(
    iv: Annotated[float, arg.vol("Implied volatility.")],
    rv: Annotated[float, arg.realized("Realized volatility.")],
) -> float:
    """Implied minus realized volatility, in points; positive means that options are rich."""
    return premium.spread(iv, rv)


@vrp("pure", "variance (decimal)", "=VRP_VARIANCE(20, 15)", errors={"#N/A": _NO_FIGURE})
def VRP_VARIANCE(
    iv: Annotated[float, arg.vol("Implied volatility.")],
    rv: Annotated[float, arg.realized("Realized volatility.")],
) -> float:
    """Implied minus realized variance, IV^2 - RV^2 with volatilities as decimals.

    After Carr and Wu (2009), with the sign turned: positive means that options are rich.
    """
    return premium.variance_premium(iv, rv)


@vrp(
    "pure",
    "standard deviations",
    Example("=VRP_ZSCORE(8, {1;2;3;4}, 4)", "4.2603: today is not part of its own window"),
    errors={"#NUM!": "too little history, or one that never changes", "#N/A": _NO_FIGURE},
)
def VRP_ZSCORE(
    value: Annotated[float, arg.figure("Today's figure.")],
    history: Annotated[list[float], arg.of_kind(arg.SERIES, "The days before today, oldest "
                       "first; blank cells are passed over.")],
    window: Annotated[int | None, arg.of_kind(arg.WHOLE, "So many newest days, all of which "
                      "must be there.", "days", default="up to rule z_window, at least "
                      "rule z_days_min")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> float:  # fmt: skip
    """Where today's figure stands in its history, in sample standard deviations.

    The history is the days before today: today is not compared with itself.
    """
    if window is not None and window < 2:
        raise InputError(f"window is {window}; a deviation needs at least 2 days.")
    need = window if window is not None else rules.rules.z_days_min
    if len(history) < need:
        raise NoNumberError(
            f"The history has {len(history)} days; {need} are needed.",
            "Give a longer history, or name a shorter window.",
        )
    return standing.zscore(value, history, window=window or rules.rules.z_window)


@vrp(
    "pure",
    "%",
    "=VRP_PERCENTILE(8, {1;2;3;4;8})",
    errors={"#NUM!": "the history is empty", "#N/A": _NO_FIGURE},
)
def VRP_PERCENTILE(
    value: Annotated[float, arg.figure("Today's figure.")],
    history: Annotated[list[float], arg.of_kind(arg.SERIES, "The days to compare with.")],
) -> float:  # fmt: skip
    """Share of the history strictly below today's figure, 0 to 100. A tie does not count."""
    return standing.percentile(value, history)


@vrp("pure", "rich, normal or compressed", "=VRP_BAND(1.6)", errors={"#N/A": _NO_FIGURE})
def VRP_BAND(
    z: Annotated[float, arg.figure("z-score of the premium.", "sd")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:
    """The band of a z-score: rich above +1.5, compressed below -1.5, else normal."""
    return standing.z_band(z, band=rules.rules.z_band)


@vrp(
    "pure",
    "points",
    "=VRP_HV({100;101;100;102;101})",
    errors={"#NUM!": "fewer closes than the window needs"},
)
def VRP_HV(
    closes: Annotated[list[float], arg.of_kind(arg.SERIES, "Daily closes, oldest first.", "USD")],
    window: Annotated[int | None, arg.of_kind(arg.WHOLE, "Number of returns, the newest ones; "
                      "needs one close more.", "days", default="all closes")] = None,
) -> float:  # fmt: skip
    """Realized volatility, close to close: sample deviation of log returns x sqrt(252).

    100, 101, 100, 102, 101 give 23.5899 points.
    """
    return realized.close_to_close(closes, window)


@vrp("pure", "points", "=VRP_ATMIV(24.5, 26.8)", errors={"#N/A": "one side is blank"})
def VRP_ATMIV(
    call_iv: Annotated[float, arg.vol("IV of the call nearest to spot.")],
    put_iv: Annotated[float, arg.vol("IV of the put at the same strike.")],
) -> float:
    """ATM implied volatility: the mean of call and put at the strike nearest to spot."""
    return float(_known(implied.atm_iv(call_iv, put_iv), "ATM IV"))


@vrp(
    "pure",
    "ratio",
    "=VRP_COMPRESSION(18, 20)",
    errors={"#NUM!": "HV90 is 0", "#N/A": _NO_FIGURE},
)
def VRP_COMPRESSION(
    hv30: Annotated[float, arg.realized("Realized volatility of 30 days.")],
    hv90: Annotated[float, arg.realized("Realized volatility of 90 days.")],
) -> float:
    """HV30 / HV90, raw: below 1 volatility is compressed, above 1 expanded. A label, no signal."""
    return premium.compression(hv30, hv90)


@vrp(
    "pure",
    "text",
    "=VRP_COMPRESSIONBAND(12, 20)",
    errors={"#NUM!": "HV90 is 0", "#N/A": _NO_FIGURE},
)
def VRP_COMPRESSIONBAND(
    hv30: Annotated[float, arg.realized("Realized volatility of 30 days.")],
    hv90: Annotated[float, arg.realized("Realized volatility of 90 days.")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:
    """The band of HV30 / HV90, from severe compression to severe expansion."""
    r = rules.rules
    return premium.compression_band(
        premium.compression(hv30, hv90),
        severe=r.compression_severe,
        mild=r.compression_mild,
        expansion=r.expansion_mild,
        severe_expansion=r.expansion_severe,
    )


@vrp(
    "pure",
    "edge exists, caution, edge gone or skip",
    "=VRP_FUNNEL(28, 20, 18)",
    Example("=VRP_FUNNEL(30, 20, 35)", "the stock has caught up with its options"),
    errors={"#N/A": _NO_FIGURE},
)
def VRP_FUNNEL(
    iv: Annotated[float, arg.vol("Implied volatility.")],
    hv90: Annotated[float, arg.realized("Realized volatility of 90 days.")],
    hv30: Annotated[float, arg.realized("Realized volatility of 30 days.")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:
    """The verdict of the two stages: IV/HV90 (structural), then IV/HV30 (tactical).

    Both thresholds are strict: exactly 1.10 or 1.15 fails.
    """
    r = rules.rules
    return premium.funnel(
        premium.ratio(iv, hv90, r.hv_floor),
        premium.ratio(iv, hv30, r.hv_floor),
        structural_min=r.structural_min,
        tactical_min=r.tactical_min,
        tactical_caution=r.tactical_caution,
    )


@vrp("pure", "TRUE or FALSE", "=VRP_SCREEN(1.34, 5.41)", errors={"#N/A": _NO_FIGURE})
def VRP_SCREEN(
    z: Annotated[float, arg.figure("z-score of the premium.", "sd")],
    spread: Annotated[float, arg.figure("ATM IV minus RV20.", "points")],
    z_min: Annotated[Number, arg.number("z-score from which premium is high.", "sd",
                                        default="rule z_min")] = None,
    spread_min: Annotated[Number, arg.number("The spread must be above this.", "points",
                                             default="rule spread_min")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> bool:  # fmt: skip
    """Whether a name passes the first screen: z at or above z_min, spread above spread_min."""
    lowest_z = z_min if z_min is not None else rules.rules.z_min
    lowest = spread_min if spread_min is not None else rules.rules.spread_min
    return at_least(z, lowest_z) and above(spread, lowest)


@vrp(
    "pure",
    "A, B, C, D or ?",
    '=VRP_MATRIX(1.34, "positive")',
    Example("=VRP_MATRIX(1.34, -2.5E9)", "the sign of net GEX"),
    '=VRP_MATRIX(0.4, "unknown")',
    errors={"#N/A": "the z-score is blank"},
)
def VRP_MATRIX(
    z: Annotated[float, arg.figure("z-score of the premium.", "sd")],
    gamma: Annotated[str | None, arg.may_miss(arg.of_kind(arg.GAMMA, "positive, negative, unknown "
                     "(also with _gamma), or a signed number; blank is unknown."))],
    z_min: Annotated[Number, arg.number("z-score from which premium is high.", "sd",
                                        default="rule z_min")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:  # fmt: skip
    """The cell of the gamma x VRP matrix; ? where the gamma regime is not known."""
    lowest = z_min if z_min is not None else rules.rules.z_min
    regime: Any = gamma or "unknown"
    return matrix.cell_of(z, regime, lowest) or "?"


@vrp(
    "pure",
    "put-heavy, call-heavy or balanced",
    "=VRP_LEANOF(7.35, 4.21)",
    errors={"#N/A": _NO_FIGURE},
)
def VRP_LEANOF(
    put_vrp: Annotated[float, arg.figure("Premium of the put side.", "points")],
    call_vrp: Annotated[float, arg.figure("Premium of the call side.", "points")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:
    """Which side is paid better."""
    lean = structures.lean_of(put_vrp, call_vrp, rules.rules.lean_min)
    return str(_known(lean, "lean"))


@vrp("pure", "% of spot", "=VRP_FLIPDIST(580.51, 572.5)", errors={"#N/A": _NO_FIGURE})
def VRP_FLIPDIST(
    spot: Annotated[float, arg.price("Price of the underlying.")],
    flip: Annotated[float, arg.price("Gamma flip.")],
) -> float:
    """Distance from the gamma flip in percent of spot; negative below it."""
    return matrix.flip_distance(spot, flip)


@vrp("pure", "USD", "=VRP_MOVE(100, 20, 30)", errors={"#N/A": _NO_FIGURE})
def VRP_MOVE(
    spot: Annotated[float, arg.price("Price of the underlying.")],
    iv: Annotated[float, arg.vol("Implied volatility.")],
    days: Annotated[float, arg.of_kind(arg.NOT_NEGATIVE, "Calendar days.", "days")],
) -> float:
    """The expected move, one standard deviation: S x IV x sqrt(days / 365)."""
    return implied.expected_move(spot, iv, days)


@vrp(
    "pure",
    "text",
    "=VRP_EXITSTATE(-0.8, 580, 572)",
    "=VRP_EXITSTATE(1.2, 580, 572, 2, 0.9, 35)",
    Example("=VRP_EXITSTATE(1.2, 571, 572)", "below the flip"),
)
def VRP_EXITSTATE(
    z: Annotated[Number, arg.may_miss(arg.number("z-score now; blank is unknown.", "sd"))],
    spot: Annotated[Number, arg.may_miss(arg.price("Spot now; blank is unknown."))],
    flip: Annotated[Number, arg.may_miss(arg.price("Gamma flip now; blank is unknown."))],
    credit: Annotated[Number, arg.of_kind(arg.POSITIVE, "Credit received.", "USD")] = None,
    mark: Annotated[Number, arg.of_kind(arg.NOT_NEGATIVE, "Price to buy it back.", "USD")] = None,
    days_to_expiry: Annotated[Number, arg.number("Calendar days to expiry.", "days")] = None,
    entry_cell: Annotated[
        str | None,
        arg.of_kind(
            arg.CELL,
            "Cell at entry.",
            default="not known; of a name that nobody holds, above the flip",
        ),
    ] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:
    """The exit that leads: what fires first of inversion, flip breach, profit, time, warning.

    Unknown inputs say UNKNOWN, never OK. Profit and time are judged where credit, mark or days
    are given.
    """
    held = any(v is not None for v in (credit, mark, days_to_expiry))
    own = dataclasses.replace(rules.rules, tactical_defense=None)
    state = exit_state(
        ExitInputs(
            z=z, spot=spot, flip=flip, credit=credit, mark=mark, held=held,
            days_to_expiry=days_to_expiry, entry_cell=_entry(entry_cell),
        ),
        own,
    )  # fmt: skip
    return state.words(held=True)


def _entry(cell: str | None) -> Any:
    return None if cell in (None, "?") else cell


@vrp("pure", "USD", "=VRP_TARGET(2)")
def VRP_TARGET(
    credit: Annotated[float, arg.of_kind(arg.POSITIVE, "Credit received.", "USD")],
    percent: Annotated[Number, arg.number("Profit in percent of the credit.", "%",
                                          default="rule profit_target")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> float:  # fmt: skip
    """The price to buy back at for the profit target."""
    share = percent if percent is not None else rules.rules.profit_target
    if not 0 <= share <= 100:
        raise InputError(f"percent is {share:g}; a profit is from 0 to 100 % of the credit.")
    return target_price(credit, share)


@vrp("pure", "date", "=VRP_STOPDATE(DATE(2027,1,15))")
def VRP_STOPDATE(
    expiry: Annotated[dt.date, arg.of_kind(arg.DAY, "Expiry.", "date")],
    days: Annotated[int | None, arg.of_kind(arg.WHOLE, "Days to expiry at which to close.",
                    "days", default="rule time_stop_dte")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> dt.date:  # fmt: skip
    """The trading day of the time stop: so many calendar days before expiry, or the day before.

    Where that day is a weekend or a holiday, the trading day before it.
    """
    before = days if days is not None else rules.rules.time_stop_dte
    if not 0 <= before <= 3650:
        raise InputError(f"days is {before}; 0 to 3650 make sense.")
    return calendar.time_stop(expiry, before)


@vrp("pure", "calendar days", "=VRP_DTE(DATE(2027,1,15), DATE(2026,11,20))")
def VRP_DTE(
    expiry: Annotated[dt.date, arg.of_kind(arg.DAY, "Expiry.", "date")],
    today: Annotated[dt.date | None, arg.of_kind(arg.DAY, "The day to count from.", "date",
                     default="today in New York")] = None,
) -> int:  # fmt: skip
    """Calendar days to expiry; negative after it."""
    return (expiry - (today or _today())).days


def _today() -> dt.date:
    READER.check()
    return READER.today


def _session() -> dt.date:
    """The trading day of the present moment: figures of an earlier one are old."""
    return calendar.trading_day(READER.clock())


@vrp(
    "pure",
    "share of the bankroll at risk",
    "=VRP_KELLY(1.65, 5, 0.72)",
    Example("=VRP_KELLY(1.65, 5, 0.67)", "break-even: no stake"),
)
def VRP_KELLY(
    credit: Annotated[float, arg.of_kind(arg.POSITIVE, "Credit of the spread.", "USD")],
    width: Annotated[float, arg.of_kind(arg.POSITIVE, "Distance of the strikes.", "USD")],
    p_win: Annotated[float, arg.of_kind(arg.PROBABILITY, "Real-world probability to keep the "
                     "credit, not 1 minus delta.")],
    fraction: Annotated[Number, arg.of_kind(arg.NOT_NEGATIVE, "Share of the Kelly stake; half "
                        "is usual.", default="1")] = None,
    cap: Annotated[Number, arg.of_kind(arg.NOT_NEGATIVE, "Largest stake.", default="1")] = None,
) -> float:  # fmt: skip
    """Kelly stake of a credit spread with two outcomes, as a share of the bankroll at risk.

    f = p - q / b with b = credit / (width - credit). Width 5, credit 1.65, p 0.72 give 0.15152;
    at p 0.67 the spread breaks even and the stake is 0.
    """
    return sizing.kelly(
        credit, width, p_win,
        fraction=1.0 if fraction is None else fraction,
        cap=1.0 if cap is None else cap,
    )  # fmt: skip


@vrp("pure", "contracts", "=VRP_CONTRACTS(100000, 335)")
def VRP_CONTRACTS(
    equity: Annotated[float, arg.of_kind(arg.NOT_NEGATIVE, "Account value.", "USD")],
    max_loss: Annotated[float, arg.of_kind(arg.POSITIVE, "Largest (or stress) loss of one "
                        "contract.", "USD")],
    risk_percent: Annotated[Number, arg.of_kind(arg.NOT_NEGATIVE, "Percent of equity at risk in "
                            "a standard trade.", "%", default="rule risk_percent")] = None,
    multiplier: Annotated[Number, arg.of_kind(arg.NOT_NEGATIVE, "Size multiplier of the cell.",
                          "x", default="1")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> int:  # fmt: skip
    """Whole contracts that risk at most so much of equity, times the multiplier."""
    return sizing.contracts(
        equity, max_loss,
        risk_percent=rules.rules.risk_percent if risk_percent is None else risk_percent,
        multiple=1.0 if multiplier is None else multiplier,
    )  # fmt: skip


@vrp(
    "pure",
    "probability",
    "=VRP_BREAKEVEN(1.65, 5)",
    Example("=VRP_BREAKEVEN(1.65, 5, 50)", "winners are closed at half the credit"),
)
def VRP_BREAKEVEN(
    credit: Annotated[float, arg.of_kind(arg.POSITIVE, "Credit of the spread.", "USD")],
    width: Annotated[float, arg.of_kind(arg.POSITIVE, "Distance of the strikes.", "USD")],
    close_at: Annotated[Number, arg.of_kind(arg.POSITIVE, "Winners are closed at this percent of "
                        "the credit.", "%", default="held to expiry")] = None,
) -> float:  # fmt: skip
    """Probability to win at which a credit spread earns nothing.

    Compare it with a real-world probability, from outcomes that were seen, not with 1 minus delta,
    which is what the market charges for. Width 5 and credit 1.65 break even at 0.67; at 0.802
    when winners are closed at half the credit.
    """
    share = None if close_at is None else close_at / 100.0
    return sizing.break_even_probability(credit, width, close_at=share)


@vrp(
    "pure",
    "USD per contract",
    '=VRP_MAXLOSS("-P 560 +P 550", 1.65)',
    Example('=VRP_MAXLOSS("-P 90 -C 110", 2, 100, 20, 45)', "a strangle: the stress loss"),
    errors={"#NUM!": "a side is open, and spot, IV or days are blank"},
)
def VRP_MAXLOSS(
    legs: Annotated[str, arg.of_kind(arg.TEXT, "Legs, such as -P 560 +P 550.")],
    credit: Annotated[float, arg.of_kind(arg.POSITIVE, "Credit received per share.", "USD")],
    spot: Annotated[Number, arg.of_kind(arg.POSITIVE, "Spot, for an open side.", "USD")] = None,
    iv: Annotated[Number, arg.of_kind(arg.VOL, "Implied volatility, for an open side.",
                                      "points")] = None,
    days: Annotated[Number, arg.of_kind(arg.POSITIVE, "Calendar days to expiry, for an open "
                                        "side.", "days")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> float:  # fmt: skip
    """Maximum loss of one contract of 100 shares; the stress loss where a side is open.

    The stress is a move of rule stress_sd standard deviations to expiry.
    """
    from vrp_xl.core.legs import read_legs  # noqa: PLC0415
    from vrp_xl.core.loss import credit_problem, largest_loss  # noqa: PLC0415

    held = read_legs(legs)
    problem = credit_problem(held, credit)
    if problem:
        raise InputError(f"{problem[0].upper()}{problem[1:]}")
    move = None
    if spot is not None and iv is not None and days is not None:
        move = implied.expected_move(spot, iv, days)
    return largest_loss(held, credit, spot=spot, move=move, stress_sd=rules.rules.stress_sd).usd


# One symbol, from what is stored


@vrp(
    "symbol",
    "the field's own unit",
    '=VRP_GET("SPY", "z_score")',
    '=VRP_GET("SPY", "atm_iv")',
    '=VRP_GET("AMZN", "gamma_basis")',
    errors={"#N/A": _NOT_STORED + ", or the field is missing"},
)
def VRP_GET(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    field: Annotated[str, arg.of_kind(arg.TEXT, "Name of a field; VRP_FIELDS() lists them.")],
    as_of: Annotated[dt.date | None, arg.of_kind(arg.DAY, "The last figures up to this day.",
                     "date", default="the newest")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> Any:  # fmt: skip
    """One stored or decided figure of a symbol."""
    from vrp_xl.workflow import fields  # noqa: PLC0415

    name = fields.find(field)
    if as_of is None:
        return fields.of_row(READER.row(symbol, rules), name)
    return READER.past(symbol, name, as_of, rules)


@vrp(
    "symbol",
    "A, B, C, D or ?",
    '=VRP_CELL("SPY")',
    '=VRP_CELL("META")',
    errors={"#N/A": _NOT_STORED + ", or there is no z-score"},
)
def VRP_CELL(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    z_min: Annotated[Number, arg.number("z-score from which premium is high.", "sd",
                                        default="rule z_min")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:  # fmt: skip
    """The symbol's cell of the gamma x VRP matrix; ? where the gamma regime is not known."""
    if z_min is not None:
        rules = Desk(_with(rules.rules, z_min=z_min), rules.source)
    cell = READER.decision(symbol, rules).cell_text
    if cell is None:
        snapshot = READER.snapshot(symbol, rules)
        return str(_known(None, f"z-score of {symbol}", snapshot, "z_score"))
    return cell


@vrp(
    "symbol",
    "SELL, WAIT, STAY OUT or NO TRADE",
    '=VRP_SIGNAL("SPY")',
    '=VRP_SIGNAL("GLD")',
    errors={"#N/A": _NOT_STORED},
)
def VRP_SIGNAL(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    z_min: Annotated[Number, arg.number("z-score from which premium is high.", "sd",
                                        default="rule z_min")] = None,
    spread_min: Annotated[Number, arg.number("The spread must be above this.", "points",
                                             default="rule spread_min")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:  # fmt: skip
    """What to do about the symbol this morning, in a word; VRP_WHY(symbol) says why."""
    own = Desk(_with(rules.rules, z_min=z_min, spread_min=spread_min), rules.source)
    return READER.decision(symbol, own).signal


@vrp("symbol", "ratio", '=VRP_STRUCTURAL("SPY")', errors={"#N/A": _NOT_STORED + ", or no HV90"})
def VRP_STRUCTURAL(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> float:
    """IV / HV90 of the symbol: has there been a persistent premium?"""
    value = READER.decision(symbol, rules).premium.structural
    return float(_known(value, f"IV/HV90 of {symbol}", READER.snapshot(symbol, rules), "rv_90d"))


@vrp("symbol", "ratio", '=VRP_TACTICAL("SPY")', errors={"#N/A": _NOT_STORED + ", or no HV30"})
def VRP_TACTICAL(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> float:
    """IV / HV30 of the symbol: is the premium still there today?"""
    value = READER.decision(symbol, rules).premium.tactical
    return float(_known(value, f"IV/HV30 of {symbol}", READER.snapshot(symbol, rules), "rv_30d"))


@vrp(
    "symbol",
    "name of a structure, or none",
    '=VRP_STRUCTURE("SPY")',
    errors={"#N/A": _NOT_STORED + ", or the cell is not known"},
)
def VRP_STRUCTURE(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:
    """The structure to sell; none where the cell allows none."""
    decision = READER.decision(symbol, rules)
    if decision.structure is not None:
        return decision.structure.name
    if decision.cell is not None:
        return "none"
    raise MissingError(f"There is no structure for {symbol}: {_because(decision.why)}")


def _because(why: tuple[str, ...]) -> str:
    return why[0] + "." if why else "its cell is not known."


@vrp(
    "symbol",
    "put-heavy, call-heavy or balanced",
    '=VRP_LEAN("SPY")',
    errors={"#N/A": _NOT_STORED + ", or a side is missing"},
)
def VRP_LEAN(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:
    """Which side of the symbol is paid better."""
    value = READER.decision(symbol, rules).lean
    return str(_known(value, f"lean of {symbol}", READER.snapshot(symbol, rules), "put_vrp"))


@vrp(
    "symbol",
    "rows: action, right, strike, delta, expected moves, basis, expiry",
    '=VRP_STRIKES("SPY")',
    '=VRP_STRIKES("QQQ", "iron_condor", 30)',
    errors={"#N/A": _NOT_STORED + ", or there is nothing to sell"},
    spills=True,
)
def VRP_STRIKES(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    structure: Annotated[str | None, arg.of_kind(arg.TEXT, "Name of a structure.",
                         default="the one that was picked")] = None,
    days: Annotated[int | None, arg.of_kind(arg.WHOLE, "Calendar days to expiry.", "days",
                    default="the expiry nearest to rule target_dte")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> list[list[Any]]:  # fmt: skip
    """The legs, lowest strike first: where each stands, its delta, and why it is there.

    Days count from the day of the figures (VRP_ASOF), so that old ones keep their expiry.
    """
    from vrp_xl.core.decide import plan_for  # noqa: PLC0415

    chosen = _to_sell(symbol, structure, days, rules)
    plan = READER.decision(symbol, rules).strikes
    if structure or days is not None:
        snapshot = READER.snapshot(symbol, rules)
        plan = plan_for(snapshot, chosen, rules.rules, days=days)
    if plan is None:
        raise MissingError(f"There is no spot for {symbol}, so there are no strikes.")
    return [
        [
            "sell" if leg.sign < 0 else "buy", leg.right, leg.strike, leg.delta, leg.moves,
            leg.basis or leg.note, plan.expiry,
        ]
        for leg in plan.legs
    ]  # fmt: skip


def _to_sell(
    symbol: str, structure: str | None, days: int | None, rules: Desk
) -> structures.Structure:
    """The structure of that name, or the one that the scan would sell.

    Raises:
        InputError: there is no such structure, or the days make no sense.
        MissingError: nothing is stored, or there is nothing to sell.
    """
    decision = READER.decision(symbol, rules)
    name = structure.lower().replace(" ", "_") if structure else None
    if name is not None and name not in structures.STRUCTURES:
        raise InputError(
            f"There is no structure {structure!r}.",
            "Structures: " + ", ".join(structures.STRUCTURES) + ".",
        )
    if days is not None and not 1 <= days <= 730:
        raise InputError(f"days is {days}; 1 to 730 make sense.")
    chosen = structures.STRUCTURES[name] if name else decision.structure
    if chosen is None:
        raise MissingError(f"There is nothing to sell in {symbol}: {_because(decision.why)}")
    return chosen


@vrp(
    "symbol",
    "row: edge at HV30 in USD per contract, in % of the credit, in % of the loss; the three at "
    "HV90; credit, value at HV30, at HV90, loss, its kind, structure, expiry, basis",
    Example('=VRP_EDGE("SPY")', "of what the scan would sell"),
    Example('=VRP_EDGE("QQQ", "short_straddle", 30, "edge_30_pct_credit")', "one cell"),
    Example('=VRP_EDGE("SPY",,, "labels")', "the headings of the row"),
    errors={
        "#N/A": _NOT_STORED + ", there is nothing to sell, or a figure is missing",
        "#NUM!": "a calendar ends on two days; or no credit is left to take a percentage of",
    },
    spills=True,
)
def VRP_EDGE(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    structure: Annotated[str | None, arg.of_kind(arg.TEXT, "Name of a structure.",
                         default="the one that was picked")] = None,
    days: Annotated[int | None, arg.of_kind(arg.WHOLE, "Calendar days to expiry.", "days",
                    default="the expiry nearest to rule target_dte")] = None,
    measure: Annotated[str | None, arg.of_kind(arg.TEXT, "One figure of the row, such as edge_30 "
                       "or credit; labels gives the headings.", default="the whole row")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> list[list[Any]]:  # fmt: skip
    """Edge in dollars: the credit minus what the structure is worth at realized volatility.

    USD per contract of 100 shares. The credit is taken at mid less half the spread of every leg;
    the value is that of the same legs at HV30 and at HV90 (Black-Scholes, no rates, calendar days).
    The loss is the maximum loss, or that of a move of rule stress_sd standard deviations where a
    side is open. No quotes are stored: mids come from ATM IV and the wings, and basis says so.
    Days count from the day of the figures (VRP_ASOF), so that old ones keep their expiry.
    For many symbols at once: VRP_SCAN(symbols, {"symbol","edge_30"}).
    """
    from vrp_xl.core.edge import MEASURES, snapshot_edge  # noqa: PLC0415

    wanted = measure.strip().lower().replace(" ", "_") if measure else None
    if wanted is not None and wanted not in (*MEASURES, "labels"):
        raise InputError(
            f"There is no measure {measure!r}.",
            "Measures: " + ", ".join((*MEASURES, "labels")) + ".",
        )
    chosen = _to_sell(symbol, structure, days, rules)
    if wanted == "labels":
        return [list(MEASURES)]
    snapshot = READER.snapshot(symbol, rules)
    found = snapshot_edge(snapshot, chosen, rules.rules, days=days)
    if wanted is not None:
        return [[_edge_figure(found, wanted, snapshot)]]
    return [[_edge_cell(found, name, snapshot) for name in MEASURES]]


def _edge_figure(found: Any, name: str, snapshot: Snapshot) -> Any:
    value = getattr(found, name)
    if value is None and name.endswith("_pct_credit") and found.credit <= 0:
        raise NoNumberError(f"{snapshot.symbol} has no {name}: {found.basis}.")
    hv = "90" if "90" in name else "30"
    return _known(value, f"HV{hv} of {snapshot.symbol}", snapshot, f"rv_{hv}d")


def _edge_cell(found: Any, name: str, snapshot: Snapshot) -> Any:
    """The same inside the row, where one figure that is missing leaves the others."""
    try:
        return _edge_figure(found, name, snapshot)
    except VrpError as error:
        LAST.function, LAST.words = "VRP_EDGE", str(error)
        return CellError(error.cell)


@vrp(
    "symbol",
    "table with a header row",
    Example('=VRP_LEVELS("SPY")', "all expiries, and the traded window beside them"),
    Example('=VRP_LEVELS("SPY", "crossings")', "where re-priced gamma changes its sign"),
    Example('=VRP_LEVELS("SPY", "expiries")', "IV, skew, move, GEX and liquidity by expiry"),
    Example('=VRP_LEVELS("SPY", "strikes")', "GEX by strike"),
    errors={"#N/A": _NOT_STORED + ", or there is no option chain behind it"},
    spills=True,
)
def VRP_LEVELS(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    table: Annotated[str | None, arg.of_kind(arg.TEXT, "levels, crossings, expiries, strikes or "
                     "dropped (what the chain's cleaning left out).", default="levels")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> list[list[Any]]:  # fmt: skip
    """Gamma levels of all expiries beside those of the traded window, and what is behind them.

    A level that is missing has its reason in the fourth column.
    GEX in USD per 1 % move, from the chain's gammas; the flip and the crossings are re-priced over
    a grid of spots. The strikes are those with the most GEX. The window is that of the rules
    dte_min and dte_max at the refresh.
    """
    from vrp_xl.workflow import levels  # noqa: PLC0415

    return levels.table(READER.snapshot(symbol, rules), table or "levels")


@vrp("symbol", "x standard size", '=VRP_SIZE("SPY")', '=VRP_SIZE("GLD")',
     errors={"#N/A": _NOT_STORED})  # fmt: skip
def VRP_SIZE(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> float:
    """The multiple of your standard size.

    0 where an exit fires, earnings are near, liquidity fails, or the cell is not known.
    """
    return READER.decision(symbol, rules).size


@vrp(
    "symbol",
    "points",
    '=VRP_TERM("SPY", 30)',
    errors={"#N/A": _NOT_STORED + ", or no tenors that bracket the days"},
)
def VRP_TERM(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    days: Annotated[float, arg.of_kind(arg.POSITIVE, "Calendar days.", "days")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> float:
    """The premium at a tenor: IV interpolated in total variance minus RV interpolated in days.

    Nothing is extrapolated.
    """
    points = READER.snapshot(symbol, rules).term_vrp
    iv = implied.interpolate_iv([(p.dte, p.iv) for p in points], days)
    rv = implied.interpolate_linear([(p.dte, p.rv) for p in points if p.rv is not None], days)
    if iv is None or rv is None:
        tenors = ", ".join(str(p.dte) for p in points) or "none"
        raise MissingError(f"No tenors of {symbol} bracket {days:g} days; there are: {tenors}.")
    return iv - rv


@vrp(
    "symbol",
    "calendar days",
    '=VRP_TENOR("SPY")',
    errors={"#N/A": _NOT_STORED + ", or no tenor beyond the time stop pays a premium"},
)
def VRP_TENOR(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> int:
    """The tenor whose premium is the largest from dte_min to dte_max.

    Never one at or under the time stop, which would be closed as soon as it is opened. A figure of
    the term structure: VRP_SIGNAL says whether to sell the name, and its strikes stand at the
    expiry nearest to rule target_dte.
    """
    from vrp_xl.core.term import tenor  # noqa: PLC0415

    snapshot = READER.snapshot(symbol, rules)
    found = tenor(snapshot.term_vrp, rules.rules, why_missing=snapshot.missing.get("term_vrp", ""))
    if found.suggested is None:
        raise MissingError(f"{symbol}: {found.why}.")
    return found.suggested


@vrp("symbol", "text", '=VRP_STATUS("SPY")', '=VRP_STATUS("AMD")', errors={"#N/A": _NOT_STORED})
def VRP_STATUS(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:
    """The exits of a name that nobody holds: OK, WARNING, STAY OUT or UNKNOWN, and why."""
    return READER.decision(symbol, rules).status


@vrp(
    "symbol",
    "text",
    '=VRP_EXIT("SPY", 2, 0.9, DATE(2027,1,15), "A")',
    errors={"#N/A": _NOT_STORED},
)
def VRP_EXIT(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    credit: Annotated[float, arg.may_miss(arg.of_kind(arg.POSITIVE, "Credit received.", "USD"))],
    mark: Annotated[Number, arg.may_miss(arg.of_kind(arg.NOT_NEGATIVE, "Price to buy it back.",
                                                     "USD"))],
    expiry: Annotated[dt.date | None, arg.may_miss(arg.of_kind(arg.DAY, "Expiry.", "date"))],
    entry_cell: Annotated[str | None, arg.of_kind(arg.CELL, "Cell at entry.",
                          default="not known: nor is a flip breach")] = None,
    entry_date: Annotated[dt.date | None, arg.of_kind(arg.DAY, "Day of entry; positions that "
                          "were entered inside the time stop have none.", "date")] = None,
    structure: Annotated[str | None, arg.of_kind(arg.TEXT, "What was sold, by name, or its legs "
                         "such as -P 560 +P 550, whose short strikes are judged too. A flip breach "
                         "closes undefined risk and cuts defined risk by half.",
                         default="undefined risk")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> str:  # fmt: skip
    """What to do with a position: the exit that leads, from what is stored of the symbol now.

    Where no exit fires by figures of an earlier session it is UNKNOWN, never OK.
    """
    from vrp_xl.core.age import by_old_figures  # noqa: PLC0415
    from vrp_xl.core.legs import risk_by_name, signed_legs, structure_name  # noqa: PLC0415
    from vrp_xl.core.loss import risk_of  # noqa: PLC0415
    from vrp_xl.core.symbols import is_cash_settled  # noqa: PLC0415

    legs = signed_legs(structure) if structure else None
    if legs is not None:
        risk = risk_of(legs)
    else:
        risk = risk_by_name(structure_name(structure)) if structure else "undefined"
    snapshot = READER.snapshot(symbol, rules)
    decision = READER.decision(symbol, rules)
    days = held_days(expiry, entry_date, READER.today, rules.rules)
    state = exit_state(
        ExitInputs(
            z=snapshot.z_score, spot=snapshot.spot, flip=snapshot.gamma_flip,
            gamma=decision.gamma, gamma_basis=decision.gamma_basis, spread=snapshot.vrp_20d,
            tactical=decision.premium.tactical, entry_cell=_entry(entry_cell), risk=risk,
            held=True, credit=credit, mark=mark, legs=legs,
            cash_settled=is_cash_settled(symbol), days_to_expiry=days.days_to_expiry,
            entry_days=days.entry_days, days_to_stop=days.days_to_stop,
            entry_days_to_stop=days.entry_days_to_stop,
        ),
        rules.rules,
    )  # fmt: skip
    return by_old_figures(state, snapshot.as_of, _session()).words(held=True)


# Tables, spilled by one call


@vrp(
    "table",
    "table; with a header row where the fields are not given",
    '=VRP_SCAN({"SPY";"QQQ"}, {"symbol","cell","z_score"})',
    Example("=VRP_SCAN()", "the watchlist, or all that is stored of the sample market"),
    errors={"#N/A": "no source is chosen"},
    spills=True,
)
def VRP_SCAN(
    symbols: Annotated[list[str] | None, arg.of_kind(arg.SYMBOLS, "Symbols; their order is kept.",
                       default="the watchlist, candidates first")] = None,
    fields: Annotated[list[str] | None, arg.of_kind(arg.WORDS, "Names of fields, as VRP_FIELDS() "
                      "lists them.", default="the columns of the morning scan")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> list[list[Any]]:  # fmt: skip
    """The morning scan as a table. A symbol that is not stored has #N/A beside its name."""
    from vrp_xl.workflow import fields as known  # noqa: PLC0415

    names = [known.find(word) for word in fields] if fields else list(known.SCAN_FIELDS)
    listed = symbols if symbols is not None else READER.names(rules)
    if not listed:
        raise MissingError("There is no symbol to show.", "Name some, or fill the watchlist.")
    body = [_scan_row(symbol, names, rules) for symbol in listed]
    if symbols is None:
        order = READER.order(listed, rules)
        body = [body[i] for i in order]
    return body if fields else [list(names), *body]


def _scan_row(symbol: str, names: list[str], rules: Desk) -> list[Any]:
    from vrp_xl.workflow import fields as known  # noqa: PLC0415

    try:
        row = READER.row(symbol, rules)
    except MissingError as error:
        LAST.function, LAST.words = "VRP_SCAN", str(error)
        return [symbol if name == "symbol" else CellError("#N/A") for name in names]
    return [known.of_row(row, name, blank=True) for name in names]


@vrp(
    "table",
    "as many rows as the table has: cell, size, structure, strikes, action, why, and more",
    Example(
        '=VRP_DECIDE({"symbol","spot","z_score","vrp_20d","gamma";"SPY",660,1.31,5.77,"positive"})',
        "figures of one's own, without the store",
    ),
    spills=True,
)
def VRP_DECIDE(
    raw_table: Annotated[list[list[Any]] | None, arg.may_miss(arg.of_kind(arg.TABLE, "Raw "
                         "figures, a symbol a row. A first row that holds the word symbol names "
                         "the columns."))],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> list[list[Any]]:  # fmt: skip
    """The decision for each row of raw figures: what the Scan sheet shows beside them.

    Returns exactly as many rows as it is given: a header row for a header row, blank for blank.
    """
    from vrp_xl.excel import raw  # noqa: PLC0415

    return raw.decide_table(raw_table or [[None]], rules.rules, today=_today())


@vrp(
    "table",
    "as many rows as there are symbols: a column per measure",
    Example(
        '=VRP_POSITIONS({"SPY"}, {"short_put_spread","600/610",2,"2026-11-12","A","2099-01-15",'
        "1.65,1.2})",
        "action and reason",
    ),
    spills=True,
)
def VRP_POSITIONS(
    symbols: Annotated[list[list[Any]] | None, arg.may_miss(arg.of_kind(arg.TABLE, "Tickers, one "
                       "below the other; a blank gives a blank row."))],
    details: Annotated[list[list[Any]] | None, arg.may_miss(arg.of_kind(arg.TABLE, "Beside them: "
                       "structure, legs, contracts, entry date, entry cell, expiry, credit, mark, "
                       "close date, close debit, closed contracts, exit reason, day of the mark. "
                       "Columns at the end may be left out."))],
    measures: Annotated[list[str] | None, arg.of_kind(arg.WORDS, "What to tell: action, reason, "
                        "profit_pct, profit_usd, open_usd, realised_usd, target, days, stop, "
                        "tested, at_risk, loss_kind, cell, risk_cell, z, flip, as_of, "
                        "sessions_old, open.",
                        default="action and reason")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> list[list[Any]]:  # fmt: skip
    """What to do with each position, and why; what it has earned and may lose.

    The same answers as the command ``vrp-xl positions``. Legs are text such as -P 560 +P 550, or
    the strikes alone from the lowest with the name of the structure. A row that cannot be read
    says CHECK INPUT and why. By figures of an earlier session (sessions_old above 0) nothing is OK.
    """
    from vrp_xl.excel import positions_table  # noqa: PLC0415

    first = [row[0] for row in symbols or [[None]]]
    return positions_table.table(
        first,
        details or [[None]] * len(first),
        [word.strip().lower() for word in measures] if measures else ["action", "reason"],
        lambda symbol: READER.snapshot(symbol, rules),
        rules.rules,
        today=_today(),
        session=_session(),
    )


@vrp(
    "table",
    "grid: a row per z, a column per spread",
    '=VRP_WHATIF({"SPY";"QQQ";"IWM";"TSLA"}, {0.5;1;1.5}, {0,2,6})',
    Example('=VRP_WHATIF({"SPY";"QQQ";"IWM"}, {1;1.5}, {2,6}, "names")', "which names they are"),
    errors={"#N/A": "no source is chosen"},
    spills=True,
)
def VRP_WHATIF(
    symbols: Annotated[list[str], arg.of_kind(arg.SYMBOLS, "Symbols; one listed twice counts "
                       "twice, one that is not stored not at all.")],
    z_values: Annotated[list[float], arg.of_kind(arg.AXIS, "Column of thresholds for z.", "sd")],
    spread_values: Annotated[list[float], arg.of_kind(arg.AXIS, "Row of thresholds for the "
                             "spread.", "points")],
    measure: Annotated[str | None, arg.of_kind(arg.TEXT, "count, names, or outcome (mean of IV "
                       "minus the volatility of the 21 days that followed).",
                       default="count")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> list[list[Any]]:  # fmt: skip
    """How many names are candidates at each pair of thresholds. One call, the grid alone."""
    from vrp_xl.workflow import what_if  # noqa: PLC0415

    table = READER.what_if(symbols, rules)
    return what_if.z_and_spread(table, z_values, spread_values, what_if.measure_of(measure))


@vrp(
    "table",
    "grid: a row per structural, a column per tactical threshold",
    '=VRP_WHATIFRATIO({"SPY";"QQQ";"IWM";"TSLA"}, {1;1.1;1.3}, {1.1,1.15,1.3})',
    errors={"#N/A": "no source is chosen"},
    spills=True,
)
def VRP_WHATIFRATIO(
    symbols: Annotated[list[str], arg.of_kind(arg.SYMBOLS, "Symbols; one listed twice counts "
                       "twice, one that is not stored not at all.")],
    structural_values: Annotated[list[float], arg.of_kind(arg.AXIS, "Column of thresholds for "
                                 "IV/HV90.", "ratio")],
    tactical_values: Annotated[list[float], arg.of_kind(arg.AXIS, "Row of thresholds for "
                               "IV/HV30.", "ratio")],
    measure: Annotated[str | None, arg.of_kind(arg.TEXT, "count, names or outcome.",
                       default="count")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> list[list[Any]]:  # fmt: skip
    """How many names the ratio method takes at each pair of thresholds.

    Counted by the two ratios, whatever rule method says. One call, the grid alone.
    """
    from vrp_xl.workflow import what_if  # noqa: PLC0415

    table = READER.what_if(symbols, rules)
    return what_if.ratios(table, structural_values, tactical_values, what_if.measure_of(measure))


@vrp(
    "table",
    "rows: day, value; oldest first",
    '=VRP_HISTORY("SPY", "atm_iv", 5)',
    errors={"#N/A": _NOT_STORED + ", or that series has no history"},
    spills=True,
)
def VRP_HISTORY(
    symbol: Annotated[str, arg.of_kind(arg.SYMBOL, "Ticker.")],
    field: Annotated[str, arg.of_kind(arg.TEXT, "close, atm_iv, vrp_20d or z_score.")],
    days: Annotated[int | None, arg.of_kind(arg.WHOLE, "So many newest days.", "days",
                    default="252")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> list[list[Any]]:  # fmt: skip
    """The stored daily history of a field."""
    if days is not None and days < 1:
        raise InputError(f"days is {days}; it must be 1 or more.")
    return [[day, value] for day, value in READER.history(symbol, field, days or 252, rules)]


@vrp(
    "table",
    "rows: day, time, preset, names, candidates, source, who passed, names in A, B, C, D, without "
    "a cell, without figures, number, changes",
    "=VRP_SCANLOG(2)",
    errors={"#N/A": "no scan is kept yet, or no source is chosen"},
    spills=True,
)
def VRP_SCANLOG(
    rows: Annotated[int | None, arg.of_kind(arg.WHOLE, "Exactly so many rows, blank ones last.",
                    default="those that there are, at most 30")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> list[list[Any]]:  # fmt: skip
    """The scans that the journal keeps, the newest first, and what changed since the one before.

    Times are New York's.
    """
    return _filled(READER.kept_scans(_journal_rows(rows), rules), rows)


@vrp(
    "table",
    "rows: day, symbol, cell, passed, size, structure, what it said, spot, IV, RV20, spread, z, "
    "IV/HV90, IV/HV30; what is open, returns since, until, move in %, in expected moves, "
    "realized, outcome",
    '=VRP_JOURNAL("SPY")',
    Example("=VRP_JOURNAL(, 5)", "the candidates of each scan"),
    errors={"#N/A": "no scan is kept yet, or none with that name"},
    spills=True,
)
def VRP_JOURNAL(
    symbol: Annotated[str | None, arg.of_kind(arg.SYMBOL, "Ticker.",
                      default="the candidates of each scan")] = None,
    rows: Annotated[int | None, arg.of_kind(arg.WHOLE, "Exactly so many rows, blank ones last.",
                    default="those that there are, at most 30")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> list[list[Any]]:  # fmt: skip
    """What each kept scan said of a name, the newest first, and what followed.

    The outcome is implied minus realized volatility of the 21 returns that followed, in points;
    it is not profit or loss. Blank where the returns are not there yet.
    """
    return _filled(READER.kept_names(symbol, _journal_rows(rows), rules), rows)


def _journal_rows(rows: int | None) -> int:
    if rows is not None and not 1 <= rows <= 2000:
        raise InputError(f"rows is {rows}; 1 to 2,000 make sense.")
    return rows or 30


def _filled(table: list[list[Any]], rows: int | None) -> list[list[Any]]:
    """The table with blank rows up to `rows`."""
    blank = [None] * len(table[0])
    return table + [blank] * ((rows or 0) - len(table))


# About the data


@vrp(
    "data",
    "date and time, New York",
    '=VRP_ASOF("SPY")',
    Example("=VRP_ASOF()", "the newest of all"),
    errors={"#N/A": _NOT_STORED},
)
def VRP_ASOF(
    symbol: Annotated[str | None, arg.of_kind(arg.SYMBOL, "Ticker.", default="all")] = None,
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> dt.datetime:
    """When the stored figures were taken, New York time."""
    when = READER.snapshot(symbol, rules).as_of if symbol is not None else READER.newest(rules)
    return when.astimezone(calendar.NEW_YORK).replace(tzinfo=None, microsecond=0)


@vrp("data", "text", "=VRP_WHY()", '=VRP_WHY("XOM")')
def VRP_WHY(
    symbol: Annotated[str | None, arg.of_kind(arg.SYMBOL, "Ticker.",
                      default="the last error of any function")] = None,
    rules: Annotated[Desk | None, arg.rules_if_needed] = None,
) -> str:  # fmt: skip
    """Why: the last error in words, or why a symbol is no candidate, or has no figures.

    Of a candidate without an edge it says so.
    """
    if symbol is None:
        return f"{LAST.function}: {LAST.words}" if LAST.words else "No error so far."
    try:
        where = rules or READER.desk()
        decision = READER.decision(symbol, where)
    except VrpError as error:
        return str(error)
    fired = "an exit fires: "
    told = [decision.action]
    told += [w for w in decision.why if not decision.action.endswith(f": {w.removeprefix(fired)}")]
    snapshot = READER.snapshot(symbol, where)
    if decision.candidate:
        from vrp_xl.core.edge import decided_edge, reasons  # noqa: PLC0415

        told += reasons(decision, decided_edge(snapshot, decision, where.rules)[0])
    told += [f"{name} is missing: {why}" for name, why in snapshot.missing.items()
             if name in ("rv_90d", "gamma_flip")]  # fmt: skip
    return "; ".join(dict.fromkeys(told)) + "."


@vrp("data", "name", "=VRP_SOURCE()")
def VRP_SOURCE(rules: Annotated[Desk, arg.rules] = BLANK) -> str:
    """Where figures come from; none where no source is chosen."""
    return rules.source or "none"


@vrp("data", "text", "=VRP_QUOTA()")
def VRP_QUOTA(rules: Annotated[Desk, arg.rules] = BLANK) -> str:
    """Plan and what is left of today's requests, as far as the last refresh knows."""
    return READER.quota_words(rules)


@vrp("data", "table: name, unit, meaning", "=VRP_FIELDS()", spills=True)
def VRP_FIELDS() -> list[list[Any]]:
    """Every field that VRP_GET, VRP_SCAN and VRP_HISTORY know."""
    from vrp_xl.workflow import fields  # noqa: PLC0415

    return [["field", "unit", "meaning"], *([n, u, d] for n, u, d in fields.listed())]


@vrp("data", "table: rule, value, unit, default, meaning", "=VRP_RULES()", spills=True)
def VRP_RULES(rules: Annotated[Desk, arg.rules] = BLANK) -> list[list[Any]]:
    """Every rule in force. Its first two columns can be a rules argument."""
    rows = [
        [s.name, _rule_out(getattr(rules.rules, s.name)), s.unit, _rule_out(s.default), s.doc]
        for s in SPECS.values()
    ]
    return [["rule", "value", "unit", "default", "meaning"], *rows]


def _rule_out(value: Any) -> Any:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


@vrp("data", "the rule's unit", '=VRP_RULE("z_min")')
def VRP_RULE(
    name: Annotated[str, arg.of_kind(arg.TEXT, "Name of a rule; VRP_RULES() lists them.")],
    rules: Annotated[Desk, arg.rules] = BLANK,
) -> Any:
    """The value of one rule; empty text where it is blank."""
    value = _rule_out(getattr(rules.rules, find_rule(name).name))
    return "" if value is None else value


@vrp("data", "text", "=VRP_VERSION()")
def VRP_VERSION() -> str:
    """The version of vrp_xl."""
    return __version__
