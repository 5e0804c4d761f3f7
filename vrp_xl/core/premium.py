"""The premium: spread, variance, ratio with its floor, the two-stage funnel, compression.

Positive means that options are rich. Volatilities in percent points, ratios plain.
Pure: numbers in, numbers out.
"""

from __future__ import annotations

from typing import Literal

from vrp_xl.core.compare import above, at_least, at_most, below
from vrp_xl.errors import InputError, NoNumberError

Funnel = Literal["edge exists", "caution", "edge gone", "skip"]
CompressionBand = Literal[
    "severe compression", "mild compression", "normal", "mild expansion", "severe expansion"
]

FUNNEL_MEANING: dict[Funnel, str] = {
    "edge exists": "options are rich and realized volatility is stable",
    "caution": "realized volatility is rising, the edge is shrinking",
    "edge gone": "the stock now moves enough to justify what options cost",
    "skip": "no persistent premium in this name",
}


def spread(iv: float, rv: float) -> float:
    """IV minus RV, in points.

    >>> round(spread(18.45, 13.04), 2)
    5.41
    """
    return iv - rv


def variance_premium(iv: float, rv: float) -> float:
    """IV squared minus RV squared, volatilities as decimals (Carr and Wu 2009, sign turned).

    >>> round(variance_premium(20, 15), 4)
    0.0175
    """
    return (iv / 100.0) ** 2 - (rv / 100.0) ** 2


def ratio(iv: float, hv: float, floor: float = 5.0) -> float:
    """IV / max(HV, floor): the markup of implied over realized volatility.

    The floor keeps a dead stock from showing an edge that nobody can trade.

    >>> ratio(8, 2), round(ratio(28, 18), 4)
    (1.6, 1.5556)

    Raises:
        InputError: a volatility below 0, or a floor that is not above it.
    """
    if not (iv >= 0 and hv >= 0 and floor > 0):
        raise InputError(
            f"The ratio of {iv:g} to {hv:g} (floor {floor:g}) makes no sense.",
            "Volatilities must not be below 0, and the floor must be above it.",
        )
    return iv / max(hv, floor)


def compression(hv30: float, hv90: float) -> float:
    """HV30 / HV90, raw: below 1 volatility is compressed, above 1 expanded.

    >>> compression(18, 20)
    0.9

    Raises:
        InputError: a volatility below 0.
        NoNumberError: HV90 is 0.
    """
    if not (hv30 >= 0 and hv90 >= 0):
        raise InputError("Realized volatility must not be below 0.")
    if hv90 == 0:
        raise NoNumberError("HV90 is 0, so nothing can be compared with it.")
    return hv30 / hv90


def funnel(
    structural: float,
    tactical: float,
    *,
    structural_min: float = 1.10,
    tactical_min: float = 1.15,
    tactical_caution: float = 1.10,
) -> Funnel:
    """The verdict of the two stages: has there been a premium, and is it still there?

    Both thresholds are strict: exactly 1.10 or 1.15 fails. Between caution and the tactical
    threshold the edge is shrinking.

    >>> funnel(1.40, 1.5556), funnel(1.50, 0.8571), funnel(1.40, 1.12), funnel(0.88, 1.10)
    ('edge exists', 'edge gone', 'caution', 'skip')
    """
    if not above(structural, structural_min):
        return "skip"
    if above(tactical, tactical_min):
        return "edge exists"
    return "caution" if at_least(tactical, tactical_caution) else "edge gone"


def compression_band(
    value: float,
    *,
    severe: float = 0.60,
    mild: float = 0.75,
    expansion: float = 1.15,
    severe_expansion: float = 1.30,
) -> CompressionBand:
    """The band of a compression ratio; a label, never a signal.

    Below 0.60, [0.60, 0.75), [0.75, 1.15], (1.15, 1.30], above 1.30.

    >>> compression_band(0.60), compression_band(0.75), compression_band(1.15)
    ('mild compression', 'normal', 'normal')
    """
    if below(value, severe):
        return "severe compression"
    if below(value, mild):
        return "mild compression"
    if at_most(value, expansion):
        return "normal"
    return "mild expansion" if at_most(value, severe_expansion) else "severe expansion"
