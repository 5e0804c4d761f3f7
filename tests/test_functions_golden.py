"""Every function at figures that the sources print, that can be checked by hand, or recorded."""

from __future__ import annotations

import csv
import datetime as dt
import math
from pathlib import Path

import pytest

import vrp_xl.functions as f
from vrp_xl import __version__
from vrp_xl.functions import FUNCTIONS

VOL = Path(__file__).parents[1] / "../shared/data/vol"
SPX = VOL / "spx_close_1990_2022_skfolio_bsd3.csv"
VIX = VOL / "vix_daily_cboe_1990_2026_pddl.csv"
DAY = dt.date(2018, 2, 5)

ARTICLE_SPY = [
    ["symbol", "spot", "atm_iv", "rv_20d", "vrp_20d", "z_score", "percentile", "put_vrp",
     "call_vrp", "gamma", "gamma_flip", "put_wall", "call_wall", "max_gamma",
     "score_iron_condor"],
    ["SPY", 580.51, 18.45, 13.04, 5.41, 1.34, 82, 7.35, 4.21, "positive_gamma", 572.5, 570, 590,
     575, 85],
]  # fmt: skip
"""SPY as the article prints it."""

NUMBERS = [
    # ratio method
    ("VRP_RATIO", (28, 18), 28 / 18),
    ("VRP_RATIO", (12, 10), 1.20),
    ("VRP_RATIO", (52, 50), 1.04),
    ("VRP_RATIO", (8, 2), 1.60),
    ("VRP_RATIO", (8, 2, 4), 2.0),
    ("VRP_RATIO", (20, 15), 4 / 3),
    ("VRP_COMPRESSION", (18, 20), 0.9),
    ("VRP_COMPRESSION", (2, 4), 0.5),
    # premium
    ("VRP_SPREAD", (18.45, 13.04), 5.41),
    ("VRP_SPREAD", (12, 10), 2.0),
    ("VRP_SPREAD", (13, 15), -2.0),
    ("VRP_VARIANCE", (20, 15), 0.0175),
    ("VRP_ATMIV", (24.5, 26.8), 25.65),
    # standing in history
    ("VRP_ZSCORE", (8, [1, 2, 3, 4], 4), 4.2603),
    ("VRP_ZSCORE", (8, [99, 1, 2, 3, 4], 4), 4.2603),
    ("VRP_PERCENTILE", (8, [1, 2, 3, 4, 8]), 80.0),
    ("VRP_PERCENTILE", (8, [1, 2, 3, 4]), 100.0),
    ("VRP_PERCENTILE", (16, [12, 14, 13, 30, 15]), 80.0),
    ("VRP_HV", ([100, 101, 100, 102, 101],), 23.5899),
    ("VRP_HV", ([500, 100, 101, 100, 102, 101], 4), 23.5899),
    # gamma, moves, positions
    ("VRP_FLIPDIST", (580.51, 572.5), 1.3798),
    ("VRP_FLIPDIST", (99, 100), -1.0101),
    ("VRP_MOVE", (100, 20, 30), 5.7338),
    ("VRP_MOVE", (100, 20, 0), 0.0),
    ("VRP_TARGET", (2,), 1.0),
    ("VRP_TARGET", (2, 25), 1.5),
    ("VRP_KELLY", (1.65, 5, 0.72), 0.15152),
    ("VRP_KELLY", (1.65, 5, 0.72, 0.5), 0.07576),
    ("VRP_KELLY", (1.65, 5, 0.67), 0.0),
    ("VRP_KELLY", (1.65, 5, 0.72, 1, 0.05), 0.05),
    ("VRP_CONTRACTS", (100_000, 335), 5),
    ("VRP_CONTRACTS", (100_000, 335, 2, 1.75), 10),
    ("VRP_CONTRACTS", (100_000, 335, 1), 2),
    ("VRP_CONTRACTS", (1000, 335), 0),
    ("VRP_DTE", (dt.date(2027, 1, 15), dt.date(2026, 11, 20)), 56),
    ("VRP_DTE", (dt.date(2026, 11, 20), dt.date(2026, 11, 23)), -3),
]


@pytest.mark.parametrize(("name", "arguments", "wanted"), NUMBERS)
def test_numbers(name, arguments, wanted):
    """Each figure to the digits that its source prints."""
    assert getattr(f, name)(*arguments) == pytest.approx(wanted, abs=5e-5)


WORDS = [
    ("VRP_BAND", (1.5,), "normal"),
    ("VRP_BAND", (1.51,), "rich"),
    ("VRP_BAND", (-1.5,), "normal"),
    ("VRP_BAND", (-1.51,), "compressed"),
    # HV90, HV30 and IV of the ratio method's tables, as (iv, hv90, hv30)
    ("VRP_FUNNEL", (28, 20, 18), "edge exists"),
    ("VRP_FUNNEL", (30, 20, 35), "edge gone"),
    ("VRP_FUNNEL", (28, 20, 25), "caution"),
    ("VRP_FUNNEL", (22, 25, 20), "skip"),
    ("VRP_FUNNEL", (30, 20, 28), "edge gone"),
    ("VRP_FUNNEL", (30, 28, 18), "skip"),
    ("VRP_FUNNEL", (22, 20, 10), "skip"),  # exactly 1.10
    ("VRP_FUNNEL", (23, 10, 20), "caution"),  # exactly 1.15
    ("VRP_COMPRESSIONBAND", (11.99, 20), "severe compression"),
    ("VRP_COMPRESSIONBAND", (12, 20), "mild compression"),
    ("VRP_COMPRESSIONBAND", (15, 20), "normal"),
    ("VRP_COMPRESSIONBAND", (23, 20), "normal"),
    ("VRP_COMPRESSIONBAND", (23.01, 20), "mild expansion"),
    ("VRP_COMPRESSIONBAND", (26, 20), "mild expansion"),
    ("VRP_COMPRESSIONBAND", (26.01, 20), "severe expansion"),
    ("VRP_SCREEN", (1.34, 5.41), True),
    ("VRP_SCREEN", (1.0, 2.01), True),
    ("VRP_SCREEN", (1.0, 2.0), False),
    ("VRP_SCREEN", (0.99, 5), False),
    ("VRP_SCREEN", (1.34, 5.41, 1.5), False),
    ("VRP_SCREEN", (1.34, 5.41, None, 6), False),
    ("VRP_MATRIX", (1.0, "positive_gamma"), "A"),
    ("VRP_MATRIX", (1.0, "negative_gamma"), "B"),
    ("VRP_MATRIX", (0.99, "Positive"), "C"),
    ("VRP_MATRIX", (0.99, -1e9), "D"),
    ("VRP_MATRIX", (1.34, 3e9), "A"),
    ("VRP_MATRIX", (1.34, "positive", 1.5), "C"),
    ("VRP_MATRIX", (1.34, "unknown"), "?"),
    ("VRP_MATRIX", (1.34, None), "?"),
    ("VRP_MATRIX", (1.34, 0), "?"),
    ("VRP_LEANOF", (7.35, 4.21), "put-heavy"),
    ("VRP_LEANOF", (7.4, 4.2), "put-heavy"),
    ("VRP_LEANOF", (4.0, 4.5), "balanced"),
    ("VRP_LEANOF", (4.0, 5.0), "balanced"),
    ("VRP_LEANOF", (3.0, 8.8), "call-heavy"),
    ("VRP_EXITSTATE", (1.34, 580.51, 572.5), "OK"),
    ("VRP_EXITSTATE", (-0.5, 580, 572), "OK"),
]


@pytest.mark.parametrize(("name", "arguments", "wanted"), WORDS)
def test_words(name, arguments, wanted):
    """Each verdict, at and beside its edges."""
    assert getattr(f, name)(*arguments) == wanted


EXITS = [
    ((-0.51, 580, 572), "CLOSE: compressed"),
    ((1.2, 571, 572), "CLOSE: spot is 0.18 % below the gamma flip"),
    ((1.2, 580, 577.5), "WARNING: spot is only 0.43 % above the gamma flip"),
    ((1.2, 580, 572, 2, 1.0), "CLOSE: 50 % of the credit is earned"),
    ((1.2, 580, 572, 2, 0.9, 35), "CLOSE: 55 % of the credit is earned"),
    ((1.2, 580, 572, 2, 1.9, 21), "CLOSE: 21 days to expiry"),
    ((1.2, 580, 572, 2, 1.9, 22), "OK"),
    ((1.2, 571, 572, 2, 1.9, 35, "B"), "OK"),  # a B was entered below the flip
    ((-0.8, 571, 572, 2, 0.9, 3), "CLOSE: compressed"),  # the worst leads
    ((None, 580, 572), "UNKNOWN: inversion needs the z-score"),
    ((1.2, 580, None), "UNKNOWN: flip breach needs"),
    ((1.2, 580, 572, 2), "UNKNOWN: profit target needs credit and mark"),
]


@pytest.mark.parametrize(("arguments", "begins"), EXITS)
def test_exits(arguments, begins):
    """The article's four rules at their edges; what is not known is never OK."""
    assert f.VRP_EXITSTATE(*arguments).startswith(begins)


STOPS = [
    # expiry, days, the trading day
    (dt.date(2027, 1, 15), None, dt.date(2026, 12, 24)),  # Christmas, a Friday
    (dt.date(2026, 7, 24), None, dt.date(2026, 7, 2)),  # July 3rd is kept for the 4th
    (dt.date(2026, 5, 15), None, dt.date(2026, 4, 24)),  # a plain Friday
    (dt.date(2026, 4, 24), None, dt.date(2026, 4, 2)),  # Good Friday
    (dt.date(2026, 12, 17), None, dt.date(2026, 11, 25)),  # Thanksgiving
    (dt.date(2026, 3, 20), 5, dt.date(2026, 3, 13)),  # a Sunday
    (dt.date(2026, 3, 20), 0, dt.date(2026, 3, 20)),
]


@pytest.mark.parametrize(("expiry", "days", "wanted"), STOPS)
def test_stop_dates(expiry, days, wanted):
    """The time stop falls on a trading day: on a holiday or weekend, the one before."""
    assert f.VRP_STOPDATE(expiry, days) == wanted


def test_spy_of_the_article():
    """The article's SPY through VRP_DECIDE: cell A, 1.75, put-heavy, 1.38 % above the flip."""
    rows = f.VRP_DECIDE(ARTICLE_SPY)
    spy = dict(zip(rows[0], rows[1], strict=True))
    assert (spy["cell"], spy["size"], spy["candidate"]) == ("A", 1.75, True)
    assert (spy["structure"], spy["score"], spy["lean"]) == ("iron_condor", 85, "put-heavy")
    assert spy["flip_distance_pct"] == pytest.approx(1.38, abs=5e-3)
    assert spy["action"] == "SELL iron condor, 1.75x"


def test_spy_of_the_article_to_the_letter():
    """Under the article's preset the strikes are its walls and the status is OK."""
    rows = f.VRP_DECIDE(ARTICLE_SPY, [["preset", "article"]])
    spy = dict(zip(rows[0], rows[1], strict=True))
    assert spy["status"] == "OK"
    assert "570" in spy["strikes"]
    assert "590" in spy["strikes"]


def test_ranges_keep_their_shape():
    """Columns, rows and blocks of equal shape spill; a scalar beside a range holds for all."""
    assert f.VRP_SPREAD([[20], [30]], [[15], [18]]) == [[5], [12]]
    assert f.VRP_SPREAD([[20, 30]], 15) == [[5, 15]]
    assert f.VRP_RATIO([[20, 30], [40, None]], [[10, 10], [20, None]]) == [[2, 3], [2, None]]


def column(path, day_name, value_name):
    """(days, values) of a CSV file."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return (
        [dt.date.fromisoformat(row[day_name]) for row in rows],
        [float(row[value_name]) for row in rows],
    )


@pytest.mark.skipif(not (SPX.exists() and VIX.exists()), reason="recorded prices are not here")
def test_spx_and_vix_through_the_functions_alone():
    """2018-02-05: HV20, its spread to VIX and the spread's z over the 252 before, both ratios."""
    days, closes = column(SPX, "Date", "SP500")
    vix = dict(zip(*column(VIX, "DATE", "CLOSE"), strict=True))
    now = days.index(DAY)

    def hv(n, at=now):
        return f.VRP_HV([[c] for c in closes[at - n : at + 1]])

    assert hv(20) == pytest.approx(19.085131, abs=5e-7)
    assert f.VRP_HV([[c] for c in closes[: now + 1]], 20) == hv(20)
    spreads = [f.VRP_SPREAD(vix[days[i]], hv(20, i)) for i in range(now - 252, now + 1)]
    assert spreads[-1] == pytest.approx(18.234869, abs=5e-7)
    history = [[s] for s in spreads[:-1]]
    assert f.VRP_ZSCORE(18.234869, history) == pytest.approx(7.605781, abs=5e-7)
    assert f.VRP_ZSCORE(spreads[-1], history, 252) == pytest.approx(7.605781, abs=5e-7)
    assert f.VRP_PERCENTILE(spreads[-1], history) == 100.0
    assert f.VRP_RATIO(vix[DAY], hv(90)) == pytest.approx(3.603299, abs=5e-7)
    assert f.VRP_RATIO(vix[DAY], hv(30)) == pytest.approx(2.306191, abs=5e-7)
    assert f.VRP_COMPRESSION(hv(30), hv(90)) == pytest.approx(1.562446, abs=5e-7)
    assert f.VRP_COMPRESSIONBAND(hv(30), hv(90)) == "severe expansion"
    assert f.VRP_FUNNEL(vix[DAY], hv(90), hv(30)) == "edge exists"
    assert f.VRP_BAND(7.605781) == "rich"


def test_a_small_history_by_hand():
    """Closes that swing by 1 % between two prices: every step can be checked on paper."""
    closes = [100.0 if i % 2 == 0 else 101.0 for i in range(21)]
    step = math.log(1.01)
    by_hand = 100 * math.sqrt(252 * 20 / 19) * step  # ten up, ten down, mean 0
    rv = f.VRP_HV(closes)
    assert rv == pytest.approx(by_hand)
    spread = f.VRP_SPREAD(20, rv)
    assert spread == pytest.approx(20 - by_hand)
    # 30 days of 1 and 30 of 3: mean 2, sample deviation sqrt(60 / 59)
    history = [1.0, 3.0] * 30
    assert f.VRP_ZSCORE(spread, history) == pytest.approx((spread - 2) / math.sqrt(60 / 59))
    assert f.VRP_PERCENTILE(3, history) == 50.0
    assert f.VRP_RATIO(20, rv) == pytest.approx(20 / by_hand)


def test_the_symbol_functions_at_the_sample_market():
    """The figures that the sample market is built to show, through every function of a symbol."""
    from vrp_xl import settings  # noqa: PLC0415

    settings.choose_source("sample")
    assert f.VRP_GET("SPY", "z_score") == pytest.approx(1.31, abs=0.005)
    assert f.VRP_GET("SPY", "rv_20d") == pytest.approx(10.90, abs=0.01)
    assert [f.VRP_CELL(s) for s in ("SPY", "IWM", "AAPL", "MSFT", "META")] == list("ABCD?")
    assert [f.VRP_SIGNAL(s) for s in ("SPY", "NVDA", "MSFT", "META", "XOM")] == [
        "SELL", "STAY OUT", "NO TRADE", "STAY OUT", "WAIT",
    ]  # fmt: skip
    assert [f.VRP_SIZE(s) for s in ("SPY", "IWM", "NVDA", "MSFT")] == [1.75, 0.5, 0.0, 0.0]
    iv = f.VRP_GET("SPY", "atm_iv_30d")
    assert f.VRP_STRUCTURAL("SPY") == f.VRP_RATIO(iv, f.VRP_GET("SPY", "rv_90d"))
    assert f.VRP_TACTICAL("SPY") == f.VRP_RATIO(iv, f.VRP_GET("SPY", "rv_30d"))
    assert f.VRP_RATIO("SPY", 90) == f.VRP_STRUCTURAL("SPY")
    assert f.VRP_RATIO("SPY", 30) == f.VRP_TACTICAL("SPY")
    assert f.VRP_LEAN("SPY") == f.VRP_LEANOF(
        f.VRP_GET("SPY", "put_vrp"), f.VRP_GET("SPY", "call_vrp")
    )
    assert f.VRP_STRUCTURE("MSFT") == "none"
    assert f.VRP_STATUS("AMD").startswith("STAY OUT: compressed, z -1.72")
    assert f.VRP_EXIT("SPY", 2, 0.9, dt.date(2099, 1, 15), "A").startswith("CLOSE: 55 %")
    far = dt.date(2099, 1, 15)
    assert f.VRP_EXIT("SPY", 2, 1.9, far, "A", None, "-P 680 +P 670").startswith(
        "WARNING: put 680 is breached by 20.00"
    )
    assert f.VRP_EXIT("SPY", 2, 1.9, far, "A", None, "-P 640 +P 630") == "OK"
    assert f.VRP_EXIT("SPY", 2, 1.9, far, "A", None, "csp") == "OK"
    same = [
        [None, "-P 640 +P 630", 2, day, "A", "1/15/2099", 1.65, 1.2]
        for day in ("11/3/2025", "2025/11/03", "3-Nov-2025", dt.date(2025, 11, 3), "20251103")
    ]
    told = f.VRP_POSITIONS([["SPY"]] * 5, same, [["action", "days"]])
    assert {row[0] for row in told} == {"OK"}
    assert f.VRP_TENOR("SPY") == 30
    assert f.VRP_TENOR("AMD") == 60  # of the term structure, whatever the decision
    assert "whether to sell" in f.VRP_TENOR.__doc__
    rows = f.VRP_POSITIONS(
        [["SPY"], [None], ["SPY"], ["ZZZZ"]],
        [
            ["short_put_spread", "600/610", 2, "2026-02-02", "A", dt.date(2099, 1, 15), 1.65, 0.8],
            [None] * 8,
            [None, "-P soon", 2, None, None, None, None, None],
            [None, "-P 20", 1, None, "A", dt.date(2099, 1, 15), 2.0, 1.8],
        ],
        [["action", "reason", "at_risk", "profit_usd"]],
    )
    assert rows[0][0] == "CLOSE"
    assert rows[0][1].startswith("profit target: 52 %")
    assert rows[0][2:] == [pytest.approx(1670.0), pytest.approx(170.0)]
    assert set(rows[1]) <= {None, ""}
    assert rows[2][0] == "CHECK INPUT"
    assert "'-P soon' cannot be read" in rows[2][1]
    assert rows[3][0] == "UNKNOWN"
    legs = f.VRP_STRIKES("SPY", "short put spread")
    assert [leg[:2] for leg in legs] == [["buy", "put"], ["sell", "put"]]
    assert legs[0][2] < legs[1][2] < f.VRP_GET("SPY", "spot")
    assert f.VRP_TERM("SPY", 30) == pytest.approx(f.VRP_GET("SPY", "vrp_20d"))


def test_break_even_and_losses():
    """Width 5 for 1.65; a strangle at 2.5 and at 1 standard deviation."""
    assert f.VRP_BREAKEVEN(1.65, 5) == pytest.approx(0.67)
    assert f.VRP_BREAKEVEN(1.65, 5, 50) == pytest.approx(0.802, abs=5e-4)
    assert f.VRP_MAXLOSS("-P 560 +P 550", 1.65) == 835.0
    move = f.VRP_MOVE(100, 20, 45)
    strangle = ("-P 90 -C 110", 2, 100, 20, 45)
    assert f.VRP_MAXLOSS(*strangle) == pytest.approx((2.5 * move - 10 - 2) * 100)
    assert f.VRP_MAXLOSS(*strangle, [["stress_sd", 2]]) == pytest.approx((2 * move - 12) * 100)
    assert f.VRP_MAXLOSS("-P 90", 2) == "#NUM!"
    assert f.VRP_MAXLOSS("-P 560 +P 550", 165) == "#VALUE!"
    assert f.VRP_MAXLOSS("-P 550 +P 560", 1.65) == "#VALUE!"


def test_the_functions_about_the_data():
    """Version, source, rules and fields as they are without any choice."""
    assert f.VRP_VERSION() == __version__
    assert f.VRP_SOURCE() == "none"
    assert f.VRP_RULE("z_min") == 1.0
    assert f.VRP_RULE("percentile_min") == ""
    assert f.VRP_RULE("strike_guard") == "on"
    rules = {row[0]: row[1] for row in f.VRP_RULES()[1:]}
    assert (rules["z_min"], rules["spread_min"], rules["hv_floor"]) == (1.0, 2.0, 5.0)
    assert "z_score" in [row[0] for row in f.VRP_FIELDS()]


def test_every_function_is_asked_somewhere_in_these_files():
    """No function is without a test of its answer."""
    here = Path(__file__).parent
    text = "".join(p.read_text(encoding="utf-8") for p in here.glob("test_functions_*.py"))
    assert [
        name for name in FUNCTIONS if f"f.{name}(" not in text and f'"{name}"' not in text
    ] == []
