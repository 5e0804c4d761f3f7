"""The sample market in Cboe's words: option chain, daily history and quote, as delayed JSON.

Shapes, names and roundings are those of the documents behind Cboe's delayed quote pages. Read back
they give the chains and prices that the source ``sample`` shows. The indices of implied volatility
of the names that have one (VIX, VXN, RVX, ...) are there with a history and a quote, no chain; so
are the extra names, whose symbols could be no root.

The history has a row for the day itself from the close on. Touches no file, no network and no
clock.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from vrp_xl.core import calendar
from vrp_xl.core.chain import DAYS_PER_YEAR, greeks, prices
from vrp_xl.core.iv_index import IV_INDEX
from vrp_xl.sources.sample.market import DAYS, index_path, path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from vrp_xl.core.chain import Chain, Floats
    from vrp_xl.sources.sample.market import Market
    from vrp_xl.sources.sample.names import Name

_DELAY = timedelta(minutes=15)


class CboeMarket:
    """Cboe's documents of one market, as bytes.

    Every method takes a symbol in capitals, without the underscore of an index, and raises
    `vrp_xl.errors.UnknownSymbolError` for what there is none of.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self._name_of_index = {
            IV_INDEX[symbol]: symbol for symbol in reversed(market.symbols) if symbol in IV_INDEX
        }

    def chain(self, symbol: str) -> bytes:
        """``/options/{symbol}.json``."""
        return _encoded(self.chain_document(symbol))

    def history(self, symbol: str) -> bytes:
        """``/charts/historical/{symbol}.json``."""
        return _encoded(self.history_document(symbol))

    def quote(self, symbol: str) -> bytes:
        """``/quotes/{symbol}.json``."""
        return _encoded(self.quote_document(symbol))

    def chain_document(self, symbol: str) -> dict[str, Any]:
        """Every contract of a name, and the quote of its underlying."""
        chain = self.market.chain(symbol)
        iv30 = path(self.market.name(symbol)).atm_iv[-1]
        data = {
            **self._underlying(symbol), "iv30": iv30, "iv30_change": 0.0,
            "iv30_change_percent": 0.0, "options": _contracts(chain),
        }  # fmt: skip
        return {"timestamp": _stamp(chain.as_of), "data": data, "symbol": symbol}

    def history_document(self, symbol: str) -> dict[str, Any]:
        """Daily open, high, low, close and volume; of an index its level."""
        market = self.market
        name = self._indexed(symbol)
        if name is not None:
            level = index_path(name)
            bars: Sequence[tuple[float, float, float, float]] = [(v, v, v, v) for v in level]
            volume = [0] * DAYS
        else:
            name = market.name(symbol)
            found = path(name)
            bars = list(zip(found.open, found.high, found.low, found.close, strict=True))
            volume = _volumes(name, DAYS)
        rows = [
            {
                "date": day.isoformat(), "open": bar[0], "high": bar[1], "low": bar[2],
                "close": bar[3], "volume": traded,
            }
            for day, bar, traded in zip(market.days, bars, volume, strict=True)
            if day < market.days[-1] or not market.open
        ]  # fmt: skip
        return {"timestamp": _stamp(market.as_of()), "symbol": self._written(symbol), "data": rows}

    def quote_document(self, symbol: str) -> dict[str, Any]:
        """The quote of a name or of an index."""
        return {
            "timestamp": _stamp(self.market.as_of()),
            "data": self._underlying(symbol),
            "symbol": self._written(symbol),
        }

    def _indexed(self, symbol: str) -> Name | None:
        """The name whose implied volatility an index measures."""
        of = self._name_of_index.get(symbol)
        return None if of is None else self.market.name(of)

    def _written(self, symbol: str) -> str:
        return f"_{symbol}" if symbol in self._name_of_index else symbol

    def _underlying(self, symbol: str) -> dict[str, Any]:
        indexed = self._indexed(symbol)
        if indexed is not None:
            level = index_path(indexed)
            last, before, bar, volume = level[-1], level[-2], (level[-1],) * 3, 0
        else:
            name = self.market.name(symbol)
            found = path(name)
            last, before = found.close[-1], found.close[-2]
            bar, volume = (found.open[-1], found.high[-1], found.low[-1]), _volumes(name, 1)[0]
        change = last - before
        width = 0.0 if indexed is not None else 0.01
        return {
            "symbol": f"^{symbol}" if indexed is not None else symbol,
            "security_type": "index" if indexed is not None else "stock",
            "exchange_id": 0,
            "current_price": last,
            "price_change": round(change, 4),
            "price_change_percent": round(100.0 * change / before, 4),
            "bid": round(last - width, 2) if width else 0.0,
            "ask": round(last + width, 2) if width else 0.0,
            "bid_size": 1 if width else 0,
            "ask_size": 1 if width else 0,
            "open": bar[0],
            "high": bar[1],
            "low": bar[2],
            "close": last,
            "prev_day_close": before,
            "volume": volume,
            "seqno": 1,
            "last_trade_time": _local(self.market.as_of()),
            "tick": "up" if change > 0 else "down",
        }


def _volumes(name: Name, days: int) -> list[int]:
    """Shares traded on the last `days` days."""
    draws = np.random.Generator(np.random.PCG64(name.seed)).standard_normal(DAYS)
    return [int(v) for v in np.round(8.0 * name.call_oi * np.exp(0.3 * draws))[-days:]]


_VALUES = ("bid", "ask", "iv", "open_interest", "volume", "delta", "gamma")


def _contracts(chain: Chain) -> list[Mapping[str, Any]]:
    """The contracts as objects, calls and puts of a strike in the chain's order."""
    right, strike = chain.right, chain.strike
    value = prices(chain.spot, strike, chain.iv, chain.days, right)
    theta, vega, rho = _more_greeks(chain)
    columns = {
        **{name: getattr(chain, name).tolist() for name in _VALUES},
        "theta": theta.tolist(),
        "rho": rho.tolist(),
        "vega": vega.tolist(),
        "theo": np.round(value, 4).tolist(),
        "last_trade_price": np.round(value, 2).tolist(),
    }
    last = _local(chain.as_of - _DELAY)
    days = {o: f"{date.fromordinal(o):%y%m%d}" for o in np.unique(chain.expiry).tolist()}
    thousandths = np.round(strike * 1000.0).astype(np.int64).tolist()
    return [
        {
            "option": f"{chain.symbol}{days[expiry]}{'C' if side > 0 else 'P'}{k:08d}",
            "bid_size": 10.0 if columns["bid"][i] > 0 else 0.0,
            "ask_size": 10.0,
            **{name: values[i] for name, values in columns.items()},
            "last_trade_time": last if columns["volume"][i] > 0 else None,
        }
        for i, (expiry, side, k) in enumerate(
            zip(chain.expiry.tolist(), right.tolist(), thousandths, strict=True)
        )
    ]


def _more_greeks(chain: Chain) -> tuple[Floats, Floats, Floats]:
    """Theta per day, vega per point and rho per percent, per share, four decimals."""
    years = chain.days / DAYS_PER_YEAR
    _, gamma = greeks(chain.spot, chain.strike, chain.iv, chain.days, chain.right)
    vega = chain.spot**2 * gamma * chain.iv * years
    theta = -0.5 * chain.spot**2 * gamma * chain.iv**2 / DAYS_PER_YEAR
    value = prices(chain.spot, chain.strike, chain.iv, chain.days, chain.right)
    delta, _ = greeks(chain.spot, chain.strike, chain.iv, chain.days, chain.right)
    rho = years * (delta * chain.spot - value)
    return np.round(theta, 4), np.round(vega / 100.0, 4), np.round(rho / 100.0, 4)


def _stamp(when: datetime) -> str:
    """UTC without a zone, as the JSON has it."""
    return f"{when:%Y-%m-%d %H:%M:%S}"


def _local(when: datetime) -> str:
    """New York time without a zone."""
    return f"{when.astimezone(calendar.NEW_YORK):%Y-%m-%dT%H:%M:%S}"


def _encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()
