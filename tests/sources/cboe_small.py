"""A few small documents in Cboe's shapes for the simulator: ABC, XYZ, SPY, SPX and the VIX."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import numpy as np

from tests.sources.chain_files import Market, price_json, walk
from vrp_xl.core.calendar import NEW_YORK, previous_trading_day, trading_day
from vrp_xl.errors import UnknownSymbolError

NOW = datetime(2026, 3, 18, 19, 0, tzinfo=UTC)
"""A Wednesday, 15:00 in New York."""
SPOTS = {"ABC": 100.0, "XYZ": 50.0, "SPY": 400.0, "SPX": 4000.0, "QQQ": 300.0}
ROOTS = {"SPX": "SPXW"}


class Documents:
    """Cboe's documents at the moment `now`, which may move; what was made is not kept."""

    def __init__(self) -> None:
        self.now = NOW
        self.spots = dict(SPOTS)
        self.days = 400
        """Trading days of history before today."""
        self.quotes = {"VIX": 21.5, "VXN": 24.5}

    def __call__(self, market: object) -> Documents:
        """Stands in for the sample market's documents, whatever the market."""
        del market
        return self

    @property
    def today(self) -> date:
        """The trading day."""
        return trading_day(self.now)

    def closes(self, symbol: str) -> list[tuple[date, float]]:
        """The days before today; the last one is 1 % below the spot of Wednesday."""
        spot = SPOTS[symbol]
        return walk(self.days, last=previous_trading_day(self.today), start=0.99 * spot)

    def levels(self) -> list[tuple[date, float]]:
        """The index of implied volatility on the days before today."""
        days = [day for day, _ in self.closes("SPY")]
        noise = np.random.default_rng(7).normal(0, 1.0, len(days))
        return [(day, round(20 + x, 2)) for day, x in zip(days, noise.tolist(), strict=True)]

    def chain(self, symbol: str) -> bytes:
        """The option chain."""
        if symbol not in self.spots:
            raise UnknownSymbolError(symbol)
        spot = self.spots[symbol]
        local = self.now.astimezone(NEW_YORK)
        market = Market(ROOTS.get(symbol, symbol), day=local.date(), spot=spot)
        text = market.json(
            f"{self.now:%Y-%m-%d %H:%M:%S}",
            prev_day_close=self.closes(symbol)[-1][1],
            iv30=20.1,
            last_trade_time=f"{local:%Y-%m-%dT%H:%M:%S}",
        )
        return text.encode()

    def history(self, symbol: str) -> bytes:
        """Daily prices or levels."""
        if symbol in self.quotes:
            return price_json(f"_{symbol}", self.levels()).encode()
        if symbol not in self.spots:
            raise UnknownSymbolError(symbol)
        return price_json(symbol, self.closes(symbol)).encode()

    def quote(self, symbol: str) -> bytes:
        """A level of today."""
        if symbol not in self.quotes:
            raise UnknownSymbolError(symbol)
        local = self.now.astimezone(NEW_YORK)
        data = {
            "symbol": f"^{symbol}",
            "current_price": self.quotes[symbol],
            "prev_day_close": self.levels()[-1][1],
            "last_trade_time": f"{local:%Y-%m-%dT%H:%M:%S}",
        }
        stamp = f"{self.now:%Y-%m-%d %H:%M:%S}"
        return json.dumps({"timestamp": stamp, "data": data, "symbol": f"_{symbol}"}).encode()
