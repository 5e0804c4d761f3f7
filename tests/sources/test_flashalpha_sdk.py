"""The vendor's own client reads what the simulator serves, and raises its own errors."""

from __future__ import annotations

import types
import typing
from contextlib import contextmanager

import pytest

from vrp_xl.simulator import Simulator, serve

flashalpha = pytest.importorskip("flashalpha", reason="the vendor's SDK is not installed")
wire = pytest.importorskip("flashalpha.types")

KELLY = {"spot": 580, "strike": 580, "dte": 30, "sigma": 0.18, "premium": 12.69, "mu": 0.12}
ENDPOINTS = {
    "vrp": (lambda c: c.vrp("SPY"), wire.VrpResponse),
    "vrp_history": (lambda c: c.vrp_history("SPY", days=60), wire.VrpHistoryResponse),
    "exposure_levels": (lambda c: c.exposure_levels("SPY"), wire.ExposureLevelsResponse),
    "exposure_summary": (lambda c: c.exposure_summary("SPY"), wire.ExposureSummaryResponse),
    "stock_summary": (lambda c: c.stock_summary("SPY"), wire.StockSummaryResponse),
    "volatility": (lambda c: c.volatility("SPY"), wire.VolatilityResponse),
    "kelly": (lambda c: c.kelly(**KELLY), wire.PricingKellyResponse),
    "account": (lambda c: c.account(), wire.AccountResponse),
    "symbols": (lambda c: c.symbols(), wire.SymbolsResponse),
    "tickers": (lambda c: c.tickers(), wire.TickersResponse),
    "universe": (lambda c: c.universe(sort="symbol", limit=5), wire.UniverseResponse),
    "health": (lambda c: c.health(), wire.HealthResponse),
}
KEYED = sorted(set(ENDPOINTS) - {"health", "universe"})
MARKET = ("vrp", "vrp_history", "exposure_levels", "exposure_summary", "stock_summary")
GROWTH = ("exposure_summary", "volatility", "kelly")


@contextmanager
def client(server: Simulator, key: str = "demo"):
    """The SDK's client; it has no `close` of its own."""
    made = flashalpha.FlashAlpha(key, base_url=server.url, timeout=60)
    made._session.trust_env = False
    try:
        yield made
    finally:
        made._session.close()


@pytest.fixture(scope="module")
def alpha():
    """A server on the largest plan."""
    with serve() as server:
        yield server


def differences(value: object, kind: object, at: str = "") -> list[str]:
    """Where `value` departs from a TypedDict of the SDK: keys missing or unknown, wrong types."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return []
        return differences(value, next(a for a in arguments if a is not type(None)), at)
    if origin is list:
        if not isinstance(value, list):
            return [f"{at} is no list"]
        return [d for i, v in enumerate(value) for d in differences(v, arguments[0], f"{at}[{i}]")]
    if origin is typing.Literal:
        return [] if value in arguments else [f"{at} is {value!r}"]
    if typing.is_typeddict(kind):
        return _keys(value, kind, at)
    if kind is float:
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
    else:
        good = not isinstance(kind, type) or isinstance(value, kind)
    return [] if good else [f"{at} is {value!r}, not {kind}"]


def _keys(value: object, kind: type, at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at} is no object"]
    declared = typing.get_type_hints(kind)
    envelope = {"simulated", "endpoint_version", "data_as_of"}
    odd = set(value) - set(declared) - (set() if at else envelope)
    found = [f"{at}.{key} is not declared" for key in sorted(odd)]
    for key, inner in declared.items():
        if key in value:
            found += differences(value[key], inner, f"{at}.{key}")
        elif key not in envelope:
            found.append(f"{at}.{key} is missing")
    return found


@pytest.mark.parametrize("name", ENDPOINTS)
def test_the_sdk_reads_each_endpoint(alpha, name):
    """Keys and types are those that the SDK declares, for every endpoint that is served."""
    call, kind = ENDPOINTS[name]
    with client(alpha) as sdk:
        assert differences(call(sdk), kind) == []


@pytest.mark.parametrize("symbol", ["META", "XOM", "AMZN", "GLD"])
def test_the_sdk_reads_names_that_lack_figures(alpha, symbol):
    """Nulls and dropped rows are legal where the SDK says so."""
    with client(alpha) as sdk:
        assert differences(sdk.vrp(symbol), wire.VrpResponse) == []
        assert differences(sdk.exposure_levels(symbol), wire.ExposureLevelsResponse) == []
        assert differences(sdk.stock_summary(symbol), wire.StockSummaryResponse) == []


@pytest.mark.parametrize("name", KEYED)
def test_a_wrong_key_is_an_authentication_error(alpha, name):
    """401 on every endpoint that needs a key."""
    with (
        client(alpha, "wrong") as sdk,
        pytest.raises(flashalpha.AuthenticationError, match="Invalid API key") as caught,
    ):
        ENDPOINTS[name][0](sdk)
    assert caught.value.status_code == 401


@pytest.mark.parametrize("name", ["vrp", "vrp_history", *GROWTH])
def test_a_small_plan_is_a_tier_error(name):
    """403 with the plan that is there and the plan that is needed."""
    with (
        serve(plan="basic") as server,
        client(server) as sdk,
        pytest.raises(flashalpha.TierRestrictedError) as caught,
    ):
        ENDPOINTS[name][0](sdk)
    needed = "Growth" if name in GROWTH else "Alpha"
    assert (caught.value.current_plan, caught.value.required_plan) == ("Basic", needed)


@pytest.mark.parametrize("name", ["exposure_levels", "stock_summary"])
def test_a_fund_on_the_free_plan_is_a_tier_error(name):
    """403 for a symbol outside the Free plan's universe."""
    with (
        serve(plan="free") as server,
        client(server) as sdk,
        pytest.raises(flashalpha.TierRestrictedError, match="Free plan") as caught,
    ):
        ENDPOINTS[name][0](sdk)
    assert caught.value.required_plan == "Basic"


@pytest.mark.parametrize("name", [*MARKET, "volatility"])
def test_an_unknown_symbol_is_a_not_found_error(alpha, name):
    """404 on every endpoint that takes a symbol."""
    with (
        client(alpha) as sdk,
        pytest.raises(flashalpha.NotFoundError, match="No data for ZZZZ"),
    ):
        getattr(sdk, name)("ZZZZ")


@pytest.mark.parametrize("name", KEYED)
def test_a_spent_quota_is_a_rate_limit_error(name):
    """429 with the seconds until it starts anew."""
    with serve(plan="growth") as server, client(server) as sdk:
        server.spend(2500)
        with pytest.raises(flashalpha.RateLimitError, match="2500 requests") as caught:
            ENDPOINTS[name][0](sdk)
    assert 0 < caught.value.retry_after <= 86_400


@pytest.mark.parametrize("name", [*MARKET, "volatility"])
def test_a_failing_server_is_a_server_error(name):
    """500 on every endpoint of market data."""
    with (
        serve(fault="error500") as server,
        client(server) as sdk,
        pytest.raises(flashalpha.ServerError),
    ):
        ENDPOINTS[name][0](sdk)


def test_bad_input_is_the_base_error(alpha):
    """400 has no class of its own in the SDK."""
    with client(alpha) as sdk, pytest.raises(flashalpha.FlashAlphaError) as caught:
        sdk.vrp_history("SPY", days=1000)
    assert caught.value.status_code == 400
