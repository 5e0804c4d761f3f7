"""The sample market as Cboe's documents: read back, they give the sample's own figures."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from vrp_xl.core.iv_index import IV_INDEX
from vrp_xl.core.snapshot import FIGURES
from vrp_xl.errors import UnknownSymbolError
from vrp_xl.sources.assembly import assemble
from vrp_xl.sources.cboe_files import read_bytes
from vrp_xl.sources.chain_figures import chain_snapshot
from vrp_xl.sources.sample.cboe_documents import CboeMarket
from vrp_xl.sources.sample.documents import VIX
from vrp_xl.sources.sample.market import Market, path
from vrp_xl.sources.sample.names import SYMBOLS
from vrp_xl.sources.sample.source import SampleSource

WEEKEND = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OPEN = datetime(2026, 11, 20, 18, 0, 30, 123456, tzinfo=UTC)
RECORDED = Path(__file__).parents[2] / "../shared/data/chains/cboe_rut_2023-09-20_gflows_mit.json"
INDEXED = sorted({IV_INDEX[s] for s in SYMBOLS if s in IV_INDEX})


def cboe(now=WEEKEND):
    """The documents at a moment."""
    return CboeMarket(Market(now))


def read(raw, now=WEEKEND):
    """What the file reader makes of a document, without a complaint."""
    found = read_bytes(raw, name="document", now=now)
    assert found.problems == ()
    return found


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_read_back_a_chain_gives_the_same_figures(symbol):
    """Every figure of every name, to the last digit."""
    chain = read(cboe().chain(symbol)).chain
    ours = Market(WEEKEND).figures(symbol)
    theirs = chain_snapshot(chain, source="cboe", name="document", now=WEEKEND)
    assert theirs.as_of == ours.as_of
    for name in FIGURES:
        assert getattr(theirs, name) == getattr(ours, name), name
    assert theirs.iv_term == ours.iv_term
    assert theirs.warnings == ours.warnings


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_chain_and_history_together_give_the_samples_record(symbol):
    """With prices, everything but history's own figures and what no chain tells is the same."""
    market = cboe()
    prices = read(market.history(symbol)).prices
    s = chain_snapshot(
        read(market.chain(symbol)).chain, source="cboe", name="document", now=WEEKEND
    )
    theirs = assemble([s], prices).snapshot
    source = SampleSource(WEEKEND)
    call = source.calls(symbol)[0]
    ours = source.assemble(symbol, {call.endpoint: source.get(call)}, {}).snapshot
    for name in ("rv_5d", "rv_20d", "rv_30d", "rv_90d", "vrp_20d", "vrp_30d", "put_vrp", "call_vrp",
                 "variance_premium", "yang_zhang_20d", "yang_zhang_30d", "parkinson_20d",
                 "garman_klass_20d", "rogers_satchell_20d"):  # fmt: skip
        assert getattr(theirs, name) == pytest.approx(getattr(ours, name)), name
    assert theirs.term_vrp == ours.term_vrp


def test_the_shape_is_that_of_a_recorded_document():
    """Every key of a recorded chain that has a meaning here, with its type; sizes and times too."""
    if not RECORDED.is_file():
        pytest.skip("the recorded chains are not beside this checkout")
    theirs = json.loads(RECORDED.read_text(encoding="utf-8"))
    ours = cboe().chain_document("SPY")
    assert set(ours) == set(theirs)
    lacking = set(theirs["data"]) - {"options"} - set(ours["data"])
    assert lacking == set()
    unused = {"change", "open", "high", "low", "tick", "percent_change", "prev_day_close"}
    assert set(theirs["data"]["options"][0]) - set(ours["data"]["options"][0]) <= unused
    for key, value in ours["data"]["options"][0].items():
        kinds = (float, int) if isinstance(value, (float, int)) else (str, type(None))
        assert isinstance(theirs["data"]["options"][0][key], kinds), key


def test_a_contract():
    """The OCC symbol, the quote and the greeks of one contract."""
    options = cboe().chain_document("SPY")["data"]["options"]
    [found] = [o for o in options if o["option"] == "SPY261218P00630000"]
    assert found["bid"] < found["theo"] < found["ask"]
    assert -0.5 < found["delta"] < 0 < found["gamma"]
    assert found["theta"] < 0 < found["vega"]
    assert found["rho"] < 0
    assert found["open_interest"] > 10_000
    assert found["last_trade_time"] == "2026-11-20T15:45:00"


@pytest.mark.parametrize("index", INDEXED)
def test_the_indices_of_implied_volatility(index):
    """A history with the name's days, a level a little above ATM IV, a quote of the last one."""
    market = cboe()
    prices = read(market.history(index)).prices
    symbol = next(s for s in SYMBOLS if IV_INDEX.get(s) == index)
    ivs = np.array(path(market.market.name(symbol)).atm_iv)
    assert prices.symbol == index
    assert (prices.close > ivs).all()
    assert (prices.close < 1.15 * ivs).all()
    quote = market.quote_document(index)
    assert quote["symbol"] == f"_{index}"
    assert quote["data"]["current_price"] == prices.close[-1]
    assert quote["data"]["prev_day_close"] == prices.close[-2]
    with pytest.raises(UnknownSymbolError):
        market.chain(index)


def test_the_vix_is_that_of_the_other_documents():
    """One market has one VIX."""
    assert cboe().quote_document("VIX")["data"]["current_price"] == VIX


def test_the_day_itself_is_in_the_history_from_the_close_on():
    """During the session the quote tells today, and the history ends yesterday."""
    market = cboe(OPEN)
    assert market.history_document("SPY")["data"][-1]["date"] == "2026-11-19"
    assert market.quote_document("SPY")["data"]["current_price"] == 660.0
    assert market.quote_document("SPY")["data"]["last_trade_time"] == "2026-11-20T12:59:30"
    assert read(market.chain("SPY"), OPEN).chain.as_of == datetime(
        2026, 11, 20, 17, 59, 30, tzinfo=UTC
    )
    assert cboe().history_document("SPY")["data"][-1]["date"] == "2026-11-20"


def test_what_there_is_none_of():
    """An unknown name has no document."""
    market = cboe()
    for make in (market.chain, market.history, market.quote):
        with pytest.raises(UnknownSymbolError):
            make("ZZZZ")


def test_extra_names_have_chains_of_their_own():
    """Their roots end in a digit as adjusted contracts' do; the document names the symbol."""
    market = CboeMarket(Market(WEEKEND, extra_names=13))
    assert read(market.chain("N0013")).chain.symbol == "N0013"
    assert read(market.history("N0013")).prices.symbol == "N0013"
    twin = Market(WEEKEND, extra_names=13).chain("N0013")
    assert twin.roots == ("N0013",)
    assert twin.iv.mean() != Market(WEEKEND).chain("SPY").iv.mean()
