"""Black-Scholes: published values, parity, and the strike of a delta."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.black_scholes import delta, norm_cdf, price, strike_of_delta
from vrp_xl.core.implied import expected_move
from vrp_xl.errors import InputError, NoNumberError

SPOTS, IVS, DAYS = st.floats(1, 10_000), st.floats(5, 120), st.integers(5, 365)
DELTAS = st.floats(0.02, 0.5)
RIGHTS = st.sampled_from(["put", "call"])


def test_published_values():
    """Hull's example 15.6: call 4.76, put 0.81."""
    assert price("call", 42, 40, 20, 182.5, rate=0.10) == pytest.approx(4.7594, abs=5e-5)
    assert price("put", 42, 40, 20, 182.5, rate=0.10) == pytest.approx(0.8086, abs=5e-5)


def test_price_that_other_libraries_agree_on():
    """580 call, 30 days, 18 points, rate 4.5 %, dividend 1.3 %: 12.687210724674759."""
    got = price("call", 580, 580, 18, 30, rate=0.045, dividend=0.013)
    assert got == pytest.approx(12.687210724674759, rel=1e-12)


def test_single_options_agree_with_vollib_and_quantlib():
    """Value and delta to 1e-9 over a grid of strikes, volatilities and times, both rights."""
    vollib = pytest.importorskip("vollib.black_scholes").black_scholes
    greeks = pytest.importorskip("vollib.black_scholes.greeks.analytical")
    quantlib = pytest.importorskip("QuantLib")
    rights = {"call": ("c", quantlib.Option.Call), "put": ("p", quantlib.Option.Put)}
    for strike, iv, days in itertools.product(
        (60, 80, 95, 100, 105, 120, 160), (5, 12, 20, 52, 150), (1, 7, 30, 365)
    ):
        t = days / 365.0
        for right, (flag, kind) in rights.items():
            payoff = quantlib.PlainVanillaPayoff(kind, strike)
            exact = quantlib.BlackCalculator(payoff, 100.0, iv / 100 * math.sqrt(t), 1.0)
            value, hedge = (f(right, 100, strike, iv, days) for f in (price, delta))
            assert value == pytest.approx(exact.value(), abs=1e-9)
            assert value == pytest.approx(vollib(flag, 100, strike, t, 0.0, iv / 100), abs=1e-9)
            assert hedge == pytest.approx(exact.delta(100.0), abs=1e-9)
            wanted = greeks.delta(flag, 100, strike, t, 0.0, iv / 100)
            assert hedge == pytest.approx(wanted, abs=1e-9)


def test_at_the_money_straddle():
    """At 20 points over 30 days the straddle of 100 is 4.5743, near sqrt(2/pi) of the move."""
    straddle = price("call", 100, 100, 20, 30) + price("put", 100, 100, 20, 30)
    assert straddle == pytest.approx(4.5743, abs=5e-5)
    assert math.sqrt(2 / math.pi) * expected_move(100, 20, 30) == pytest.approx(4.5749, abs=5e-5)


def test_25_delta_strikes_of_the_article_day():
    """Spot 580.51 at 30 days with wing IVs 21.03 and 16.82: near 558 and 600."""
    assert strike_of_delta("put", 580.51, 21.03, 30, 0.25) == pytest.approx(558, abs=0.5)
    assert strike_of_delta("call", 580.51, 16.82, 30, 0.25) == pytest.approx(600, abs=0.5)


@given(SPOTS, st.floats(0.5, 2), IVS, DAYS, st.floats(-0.05, 0.1), st.floats(0, 0.05))
def test_put_call_parity(spot, moneyness, iv, days, rate, dividend):
    """Call minus put is the discounted forward minus the discounted strike."""
    strike, t = spot * moneyness, days / 365
    kw = {"rate": rate, "dividend": dividend}
    call, put = (price(r, spot, strike, iv, days, **kw) for r in ("call", "put"))
    forward = spot * math.exp(-dividend * t) - strike * math.exp(-rate * t)
    assert call - put == pytest.approx(forward, abs=1e-8 * spot)
    both = delta("call", spot, strike, iv, days, **kw) - delta("put", spot, strike, iv, days, **kw)
    assert both == pytest.approx(math.exp(-dividend * t))


@given(RIGHTS, SPOTS, IVS, DAYS, DELTAS)
def test_strike_of_delta_is_the_inverse_of_delta(right, spot, iv, days, target):
    """The strike that is given has the delta that was asked."""
    strike = strike_of_delta(right, spot, iv, days, target)
    assert abs(delta(right, spot, strike, iv, days)) == pytest.approx(target, abs=1e-9)


@given(SPOTS, IVS, DAYS, DELTAS, st.floats(0.1, 10))
def test_strikes_mirror_and_scale(spot, iv, days, target, factor):
    """Put and call strikes mirror each other in the logarithm; both scale with the price."""
    put = strike_of_delta("put", spot, iv, days, target)
    call = strike_of_delta("call", spot, iv, days, target)
    deviation = iv / 100 * math.sqrt(days / 365)
    assert math.log(put / spot) + math.log(call / spot) == pytest.approx(deviation**2, abs=1e-9)
    assert strike_of_delta("put", factor * spot, iv, days, target) == pytest.approx(factor * put)
    assert delta("put", factor * spot, factor * put, iv, days) == pytest.approx(
        delta("put", spot, put, iv, days)
    )


@given(RIGHTS, SPOTS, IVS, DAYS, st.floats(0.03, 0.45), st.floats(0.001, 0.04))
def test_smaller_delta_lies_further_out(right, spot, iv, days, target, less):
    """A strike of a smaller delta is further from the money."""
    near = strike_of_delta(right, spot, iv, days, target)
    far = strike_of_delta(right, spot, iv, days, max(target - less, 0.01))
    assert far < near if right == "put" else far > near


def test_normal_distribution():
    """Known values and symmetry."""
    assert norm_cdf(0) == 0.5
    assert norm_cdf(1.959963984540054) == pytest.approx(0.975)
    assert norm_cdf(-40) >= 0


@pytest.mark.parametrize("zero", range(4))
@pytest.mark.parametrize("bad", [0, -1, math.nan])
def test_senseless_arguments_are_refused(zero, bad):
    """Price, strike, volatility and days must be above 0; it is said which of them are not."""
    arguments = [100.0, 95.0, 20.0, 30.0]
    arguments[zero] = bad
    words = "Spot and strike" if zero < 2 else "Volatility and days to expiry"
    for function in (price, delta):
        with pytest.raises(InputError, match=f"^{words} must be above 0"):
            function("put", *arguments)
    if zero != 1:
        del arguments[1]
        with pytest.raises(
            InputError, match=f"^{words.removesuffix(' and strike')} must be above 0"
        ):
            strike_of_delta("put", *arguments, 0.25)


@pytest.mark.parametrize("target", [0, 1, -0.2, 1.5, math.nan])
def test_delta_lies_between_0_and_1(target):
    """No strike has another delta."""
    with pytest.raises(InputError, match=r"a delta between 0 and 1\.$"):
        strike_of_delta("put", 100, 20, 30, target)


def test_strike_beyond_any_number():
    """An absurd volatility gives no number instead of an overflow."""
    with pytest.raises(NoNumberError, match="no strike has that delta"):
        strike_of_delta("call", 100, 1e6, 365, 0.25)


def test_delta_with_rate_and_dividend_is_how_the_price_moves():
    """Against a small step of the price; interest and dividends pull the forward apart."""
    kw = {"rate": 0.05, "dividend": 0.02}
    for right in ("call", "put"):
        up, down = (price(right, 100 + h, 105, 20, 180, **kw) for h in (1e-3, -1e-3))
        assert delta(right, 100, 105, 20, 180, **kw) == pytest.approx((up - down) / 2e-3, rel=1e-6)


@pytest.mark.parametrize(("iv", "days"), [(5e-324, 1), (1e-300, 1e-300), (0.0, 30), (20.0, 0)])
def test_no_time_value_to_price(iv, days):
    """A volatility or a time that is nothing is said, also where only their product is."""
    with pytest.raises(InputError, match="must be above 0"):
        price("call", 100, 100, iv, days)
