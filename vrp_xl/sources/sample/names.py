"""The twelve invented names of the sample market: what each is like, and the cases they show.

Nothing here is market data. Parameters alone, without a model and without numpy; `market` makes
paths of them and `chains` option chains. Imports nothing of the package.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """The parameters of one name; volatilities in points, prices and strikes in USD."""

    symbol: str
    like: str = ""
    """Symbol of the name whose path this one shares; empty: it has its own."""
    seed: int
    spot: float
    """The last close."""
    etf: bool = False

    vol: float
    """Long-run volatility."""
    volvol: float
    """Standard deviation of the log of volatility."""
    leverage: float
    """Correlation of returns and changes in volatility."""
    drift: float = 9.0
    """Mean return, percent a year."""
    premium: float
    """Mean of ATM IV above expected volatility, points."""
    premium_sd: float
    """Its standard deviation."""

    rv_20d: float
    """RV20 on the last day."""
    z: float
    """Z-score on the last day."""
    z_before: float
    """Z-score on the day before."""
    tracked: int | None = None
    """Days of history before today, where the name is new; None means all."""

    put_skew: float
    """25-delta put IV over ATM IV."""
    call_skew: float
    """25-delta call IV over ATM IV."""
    term_slope: float
    """IV(T) = ATM IV x (1 + term_slope x ln(T / 30)): above zero is contango."""
    smile_lift: float
    """Fair volatility above ATM IV, points."""

    flip: float
    """Gamma flip of the chain, where one can be; else where it might have been."""
    flip_status: str = "available"
    """What the simulated vendor says of it. Anything else: the chain has no flip either."""
    put_wall: float | None
    call_wall: float | None
    max_gamma: float | None
    max_negative_gamma: float | None
    highest_oi_strike: float | None
    strike_step: float
    zero_dte: bool = False
    """Whether an option series expires every day."""

    call_oi: int
    """Open call contracts; the puts follow from the flip."""
    oi_delivered: bool = True
    """Whether the option feed gives open interest."""
    atm_spread_pct: float
    """Mean bid-ask spread of ATM options, percent of mid."""
    wing_spread_pct: float
    earnings_in: int | None = None
    """Calendar days from the last trading day to the next report; None: none."""


NAMES: tuple[Name, ...] = (
    Name(  # cell A, put-heavy, clean
        symbol="SPY", seed=457, spot=660.00, etf=True,
        vol=13.5, volvol=0.26, leverage=-0.75, premium=2.6, premium_sd=1.2,
        rv_20d=10.90, z=1.31, z_before=1.18,
        put_skew=1.16, call_skew=0.88, term_slope=0.035, smile_lift=2.1,
        flip=650.803127553618,
        put_wall=630, call_wall=686, max_gamma=670, max_negative_gamma=645,
        highest_oi_strike=630, strike_step=1, zero_dte=True,
        call_oi=5_400_000, atm_spread_pct=0.6, wing_spread_pct=3.1,
    ),
    Name(  # cell A since today
        symbol="QQQ", seed=1380, spot=592.40, etf=True,
        vol=17.5, volvol=0.26, leverage=-0.70, premium=2.8, premium_sd=1.3, drift=12.0,
        rv_20d=14.20, z=1.14, z_before=0.71,
        put_skew=1.12, call_skew=0.91, term_slope=0.030, smile_lift=2.3,
        flip=581.118402207731,
        put_wall=560, call_wall=620, max_gamma=600, max_negative_gamma=575,
        highest_oi_strike=560, strike_step=1, zero_dte=True,
        call_oi=4_600_000, atm_spread_pct=0.8, wing_spread_pct=3.8,
    ),
    Name(  # cell B
        symbol="IWM", seed=1184, spot=241.60, etf=True,
        vol=20.0, volvol=0.24, leverage=-0.65, premium=2.6, premium_sd=1.2,
        rv_20d=17.30, z=1.62, z_before=1.35,
        put_skew=1.13, call_skew=0.92, term_slope=0.015, smile_lift=2.0,
        flip=244.920511947213,
        put_wall=228, call_wall=255, max_gamma=250, max_negative_gamma=235,
        highest_oi_strike=228, strike_step=1, zero_dte=True,
        call_oi=3_100_000, atm_spread_pct=1.1, wing_spread_pct=5.6,
    ),
    Name(  # cell C, 0.3 % above its flip
        symbol="AAPL", seed=2077, spot=271.50,
        vol=24.0, volvol=0.24, leverage=-0.50, premium=2.8, premium_sd=1.4, drift=12.0,
        rv_20d=22.40, z=0.35, z_before=0.48,
        put_skew=1.08, call_skew=0.95, term_slope=0.025, smile_lift=2.4,
        flip=270.627718300921,
        put_wall=255, call_wall=285, max_gamma=272.5, max_negative_gamma=265,
        highest_oi_strike=260, strike_step=2.5,
        call_oi=2_800_000, atm_spread_pct=1.4, wing_spread_pct=6.9,
        earnings_in=68,
    ),
    Name(  # cell B, inverted walls
        symbol="TSLA", seed=2173, spot=418.20,
        vol=47.0, volvol=0.20, leverage=-0.30, premium=3.8, premium_sd=2.4, drift=10.0,
        rv_20d=43.50, z=1.55, z_before=1.38,
        put_skew=1.05, call_skew=1.02, term_slope=0.010, smile_lift=3.9,
        flip=430.226604118890,
        put_wall=440, call_wall=400, max_gamma=450, max_negative_gamma=410,
        highest_oi_strike=400, strike_step=2.5,
        call_oi=3_900_000, atm_spread_pct=1.6, wing_spread_pct=7.5,
        earnings_in=61,
    ),
    Name(  # cell B since today (A before), reports within days
        symbol="NVDA", seed=787, spot=181.30,
        vol=38.0, volvol=0.20, leverage=-0.35, premium=3.6, premium_sd=2.0, drift=15.0,
        rv_20d=36.20, z=1.44, z_before=1.21,
        put_skew=1.06, call_skew=0.99, term_slope=-0.040, smile_lift=3.2,
        flip=182.741950366207,
        put_wall=165, call_wall=200, max_gamma=190, max_negative_gamma=175,
        highest_oi_strike=200, strike_step=2.5,
        call_oi=9_300_000, atm_spread_pct=1.2, wing_spread_pct=6.2,
        earnings_in=6,
    ),
    Name(  # no flip in reach (the vendor withholds it), net GEX known; equal walls
        symbol="AMZN", seed=1820, spot=231.40,
        vol=28.0, volvol=0.22, leverage=-0.45, premium=3.0, premium_sd=1.6, drift=12.0,
        rv_20d=25.10, z=1.22, z_before=1.09,
        put_skew=1.07, call_skew=0.97, term_slope=0.020, smile_lift=2.6,
        flip=226.5, flip_status="no_boundary",
        put_wall=230, call_wall=230, max_gamma=230, max_negative_gamma=None,
        highest_oi_strike=230, strike_step=2.5,
        call_oi=2_600_000, atm_spread_pct=1.5, wing_spread_pct=7.1,
        earnings_in=68,
    ),
    Name(  # no open interest, so neither flip nor GEX: no cell; wide wings
        symbol="META", seed=1264, spot=642.10,
        vol=30.0, volvol=0.22, leverage=-0.40, premium=3.8, premium_sd=1.7, drift=12.0,
        rv_20d=29.40, z=0.58, z_before=0.66,
        put_skew=1.06, call_skew=0.98, term_slope=0.018, smile_lift=2.9,
        flip=630.0, flip_status="insufficient_quote_quality",
        put_wall=None, call_wall=None, max_gamma=None, max_negative_gamma=None,
        highest_oi_strike=None, strike_step=5,
        call_oi=1_400_000, oi_delivered=False, atm_spread_pct=3.4, wing_spread_pct=41.0,
        earnings_in=67,
    ),
    Name(  # cell D
        symbol="MSFT", seed=312, spot=502.70,
        vol=21.5, volvol=0.28, leverage=-0.50, premium=3.0, premium_sd=1.3, drift=11.0,
        rv_20d=20.10, z=0.21, z_before=0.12,
        put_skew=1.10, call_skew=0.94, term_slope=0.022, smile_lift=2.2,
        flip=507.902256410443,
        put_wall=480, call_wall=525, max_gamma=520, max_negative_gamma=495,
        highest_oi_strike=480, strike_step=5,
        call_oi=1_500_000, atm_spread_pct=1.3, wing_spread_pct=6.5,
        earnings_in=66,
    ),
    Name(  # cell D, implied below realized
        symbol="AMD", seed=2225, spot=223.80,
        vol=46.0, volvol=0.20, leverage=-0.30, premium=2.2, premium_sd=1.8, drift=12.0,
        rv_20d=55.30, z=-1.72, z_before=-1.38,
        put_skew=1.05, call_skew=1.00, term_slope=-0.025, smile_lift=3.5,
        flip=230.115883270914,
        put_wall=200, call_wall=250, max_gamma=240, max_negative_gamma=215,
        highest_oi_strike=200, strike_step=5,
        call_oi=2_300_000, atm_spread_pct=1.9, wing_spread_pct=8.8,
        earnings_in=73,
    ),
    Name(  # cell C, spread compressed but above zero; calls dearer than puts
        symbol="GLD", seed=1880, spot=381.20, etf=True,
        vol=17.0, volvol=0.18, leverage=0.15, premium=3.8, premium_sd=0.9, drift=14.0,
        rv_20d=18.10, z=-0.84, z_before=-0.62,
        put_skew=0.99, call_skew=1.06, term_slope=0.012, smile_lift=1.6,
        flip=371.904417725503,
        put_wall=365, call_wall=400, max_gamma=385, max_negative_gamma=370,
        highest_oi_strike=365, strike_step=1,
        call_oi=1_800_000, atm_spread_pct=1.2, wing_spread_pct=6.1,
    ),
    Name(  # too new for a z-score
        symbol="XOM", seed=2454, spot=116.40,
        vol=22.0, volvol=0.25, leverage=-0.30, premium=2.8, premium_sd=1.2,
        rv_20d=19.20, z=0.60, z_before=0.52, tracked=3,
        put_skew=1.07, call_skew=0.96, term_slope=0.010, smile_lift=1.9,
        flip=113.640082917755,
        put_wall=110, call_wall=125, max_gamma=120, max_negative_gamma=112,
        highest_oi_strike=110, strike_step=1,
        call_oi=620_000, atm_spread_pct=2.2, wing_spread_pct=11.5,
        earnings_in=69,
    ),
)  # fmt: skip

SYMBOLS: tuple[str, ...] = tuple(name.symbol for name in NAMES)
BY_SYMBOL: dict[str, Name] = {name.symbol: name for name in NAMES}
