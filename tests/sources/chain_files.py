"""Chain and price files as Cboe and others write them, made by a model; nothing is copied."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import numpy as np

from vrp_xl.core.calendar import trading_days
from vrp_xl.core.chain import greeks, prices

HEADER = (
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,"
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
)


class Market:
    """One underlying's chain: IV 20 points at the money, more below it, on a few expiries."""

    def __init__(
        self, root="ABC", *, day=date(2026, 3, 18), spot=100.0, days=(2, 16, 30, 44, 65, 93), iv=0.2
    ):
        self.root, self.day, self.spot, self.days, self.iv = root, day, spot, days, iv
        self.strikes = np.round(np.arange(70.0, 131.0, 1.0) * spot / 100.0, 2)

    def rows(self):
        """(expiry, right, strike, bid, ask, iv, delta, gamma, open interest) per contract."""
        for days in self.days:
            expiry = self.day + timedelta(days=days)
            iv = self.iv - 0.15 * np.log(self.strikes / self.spot)
            span = np.full(len(iv), float(days))
            for right in (1, -1):
                side = np.full(len(iv), right, np.int8)
                value = prices(self.spot, self.strikes, iv, span, side)
                delta, gamma = greeks(self.spot, self.strikes, iv, span, side)
                centre = self.spot * (1.05 if right > 0 else 0.95)
                held = np.round(
                    2000 * np.exp(-(((self.strikes - centre) / (0.05 * self.spot)) ** 2))
                )
                for i, strike in enumerate(self.strikes.tolist()):
                    wide = max(0.01, 0.01 * value[i])
                    yield (
                        expiry, right, strike, round(max(value[i] - wide, 0.0), 4),
                        round(value[i] + wide, 4), round(iv[i], 4), round(delta[i], 4),
                        round(gamma[i], 5), held[i],
                    )  # fmt: skip

    def occ(self, expiry, right, strike):
        """The contract's OCC symbol."""
        return f"{self.root}{expiry:%y%m%d}{'C' if right > 0 else 'P'}{round(strike * 1000):08d}"

    def json(self, stamp="2026-03-18 19:00:00", **data):
        """Cboe's delayed quotes as JSON."""
        options = [
            {
                "option": self.occ(expiry, right, strike), "bid": bid, "ask": ask, "iv": iv,
                "delta": delta, "gamma": gamma, "open_interest": held, "volume": 0.0,
            }
            for expiry, right, strike, bid, ask, iv, delta, gamma, held in self.rows()
        ]  # fmt: skip
        known = {"options": options, "symbol": f"^{self.root}", "current_price": self.spot}
        return json.dumps({"timestamp": stamp, "data": known | data, "symbol": f"_{self.root}"})

    def table(self):
        """Rows of the CSV, calls left and puts right."""
        sides = {}
        for expiry, right, strike, bid, ask, iv, delta, gamma, held in self.rows():
            cells = [
                self.occ(expiry, right, strike),
                0,
                0,
                bid,
                ask,
                0,
                iv,
                delta,
                gamma,
                int(held),
            ]
            sides.setdefault((expiry, strike), {})[right] = cells
        return [
            ",".join(map(str, [f"{expiry:%a %b %d %Y}", *both[1], f"{strike:.2f}", *both[-1]]))
            for (expiry, strike), both in sides.items()
        ]

    def csv(self, when="March 18, 2026 at 3:00 PM EDT", header=HEADER, end="\r\n"):
        """Cboe's quotedata CSV of today."""
        lines = [
            "", f"A B C Company,Last: {self.spot},Change:  1.5",
            f'"Date: {when}",Bid: {self.spot},Ask: {self.spot},Size: 1*1,"Volume: 1,000"', header,
            *self.table(),
        ]  # fmt: skip
        return end.join(lines) + end


def walk(days=300, *, last=date(2026, 3, 18), start=100.0, seed=3, sd=0.01):
    """(day, close) of so many trading days up to `last`."""
    when = trading_days(last - timedelta(days=2 * days), last)[-days:]
    steps = np.random.default_rng(seed).normal(0, sd, days)
    closes = np.round(start * np.exp(np.cumsum(steps) - steps.sum()), 2)
    return list(zip(when, closes.tolist(), strict=True))


def price_csv(rows, header="Date,Close"):
    """A price history as CSV."""
    return "\n".join([header, *(f"{day},{close}" for day, close in rows)]) + "\n"


def price_json(symbol, rows):
    """Cboe's history as JSON, numbers as text."""
    data = [
        {"date": str(day), "open": str(c), "high": str(c), "low": str(c), "close": str(c)}
        for day, c in rows
    ]
    return json.dumps({"timestamp": "2026-03-18 20:00:00", "symbol": symbol, "data": data})


def at(text):
    """A moment of 2026."""
    return datetime.fromisoformat(text)
