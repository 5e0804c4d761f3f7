"""The vendor's Kelly sizing of a bought option, as their documentation's sample can be reproduced.

``ln S_T ~ N(ln S + (mu - q - sigma^2 / 2) T, sigma^2 T)`` with ``T = dte / 365``; the payoff is not
discounted; the fraction in [0, 1] maximises the mean of ``ln(1 + f (payoff / premium - 1))`` over
2,000 midpoints of the normal density from -6 to 6. Here for the API simulator only: a buyer's
figure says nothing about a short spread. Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

_STEPS = 2000
_WIDTH = 6.0
_BISECTIONS = 60
_FULL = 1.0 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Bet:
    """A bought option: prices per share, rates and volatility as decimals per year."""

    spot: float
    strike: float
    dte: float
    sigma: float
    premium: float
    mu: float
    kind: Literal["call", "put"] = "call"
    r: float = 0.045
    q: float = 0.013


def kelly_document(bet: Bet) -> dict[str, Any]:
    """``/v1/pricing/kelly`` for `bet`, without the envelope."""
    sign = 1.0 if bet.kind == "call" else -1.0
    years = bet.dte / 365
    spread = bet.sigma * math.sqrt(years)
    drift = (bet.mu - bet.q - bet.sigma**2 / 2) * years
    step = 2 * _WIDTH / _STEPS
    z = -_WIDTH + step * (np.arange(_STEPS) + 0.5)
    weights = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * step
    payoff = np.maximum(sign * (bet.spot * np.exp(drift + spread * z) - bet.strike), 0.0)
    returns = payoff / bet.premium - 1.0
    fraction = _best_fraction(returns, weights)
    growth = float(np.sum(weights * np.log1p(fraction * returns)))
    expected = float(np.sum(weights * payoff))
    roi = expected / bet.premium - 1.0
    breakeven = bet.strike + sign * bet.premium
    itm = _beyond(bet.spot, bet.strike, drift, spread, sign)
    profit = _beyond(bet.spot, breakeven, drift, spread, sign)
    return {
        "inputs": {
            "spot": bet.spot,
            "strike": bet.strike,
            "dte": bet.dte,
            "sigma": bet.sigma,
            "premium": bet.premium,
            "mu": bet.mu,
            "type": bet.kind,
            "risk_free_rate": bet.r,
            "dividend_yield": bet.q,
        },
        "sizing": {
            "kelly_fraction": round(fraction, 6),
            "half_kelly": round(fraction / 2, 6),
            "quarter_kelly": round(fraction / 4, 6),
            "kelly_pct": round(100 * fraction, 2),
            "half_kelly_pct": round(50 * fraction, 2),
        },
        "analysis": {
            "expected_roi": round(roi, 6),
            "expected_roi_pct": round(100 * roi, 2),
            "expected_payoff": round(expected, 4),
            "probability_of_profit": round(profit, 6),
            "probability_of_profit_pct": round(100 * profit, 2),
            "probability_itm": round(itm, 6),
            "probability_itm_pct": round(100 * itm, 2),
            "max_loss": bet.premium,
            "breakeven": round(breakeven, 4),
            "expected_growth_rate": round(growth, 8),
        },
        "recommendation": (
            f"Risk {50 * fraction:.1f}% of bankroll (half-Kelly). "
            f"Probability of profit: {100 * profit:.1f}%. Expected ROI: {100 * roi:.1f}%."
            if fraction > 0
            else "Negative expected value \N{EM DASH} Kelly recommends no position."
        ),
    }


def _best_fraction(returns: Any, weights: Any) -> float:
    if float(np.sum(weights * returns)) <= 0:
        return 0.0
    low, high = 0.0, _FULL
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if float(np.sum(weights * returns / (1 + middle * returns))) > 0:
            low = middle
        else:
            high = middle
    return low


def _beyond(spot: float, level: float, drift: float, spread: float, sign: float) -> float:
    """Probability that the price ends above (call) or below (put) `level`."""
    if level <= 0:
        return 1.0 if sign > 0 else 0.0
    d = (math.log(spot / level) + drift) / spread
    return 0.5 * math.erfc(-sign * d / math.sqrt(2))
