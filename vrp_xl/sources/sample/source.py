"""The sample market as a source: no key, no quota, no network.

Its option chains go through the same analytics as a file or a download, so that a sample scan
shows what a real one would. What no chain tells and the market knows is added here: earnings, two
years of prices and of ATM IV, and the vendor's composites as `documents` makes them up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from vrp_xl.errors import BadAnswerError
from vrp_xl.sources.assembly import assemble
from vrp_xl.sources.base import Call, Fetched, Known, WithoutPlan
from vrp_xl.sources.cboe_files import PriceFile
from vrp_xl.sources.sample.documents import Documents
from vrp_xl.sources.sample.market import DAYS, Market, path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.errors import SourceError

ENDPOINT = "chain"
NO_REPORT = "a fund does not report earnings"
STAND_IN = "made up, after docs/decisions/0015-scores-that-are-stand-ins.md"


class SampleSource(WithoutPlan):
    """The `Source` of the embedded sample market.

    Args:
        now: the moment that the market stands at, aware; by default the clock, read anew with
            each refresh.
    """

    name = "sample"
    sample = True
    workers = 1

    def __init__(self, now: datetime | None = None) -> None:
        self._fixed = now
        self._market = self._at_present()

    def prepare(self, known: Known) -> Sequence[Call]:  # noqa: ARG002 (nothing depends on it)
        """Moves the market to the present; there is no account to ask for."""
        self._market = self._at_present()
        return ()

    def calls(self, symbol: str) -> Sequence[Call]:
        """One call, for the option chain."""
        return (Call(ENDPOINT, symbol),)

    def get(self, call: Call) -> Mapping[str, Any]:
        """What the chains of yesterday and today say, under ``days``.

        Raises:
            UnknownSymbolError: the sample market has no such name.
            BadAnswerError: the sample market has no such endpoint.
        """
        if call.endpoint != ENDPOINT:
            raise BadAnswerError(f"The sample market has no endpoint {call.endpoint!r}.")
        symbol = call.symbol.upper()
        return {"days": [self._market.figures(symbol, back) for back in (1, 0)]}

    def assemble(
        self,
        symbol: str,
        answers: Mapping[str, Mapping[str, Any]],
        failed: Mapping[str, SourceError],
    ) -> Fetched:
        """Makes the record, yesterday's record and the history of `symbol`.

        Raises:
            SourceError: what `get` raised.
        """
        for error in failed.values():
            raise error
        symbol = symbol.upper()
        market = self._market
        documents = Documents(market)
        days: Sequence[Snapshot] = answers[ENDPOINT]["days"]
        told = [
            _with_what_no_chain_tells(s, documents, back)
            for s, back in zip(days, (1, 0), strict=True)
        ]
        return assemble(told, _prices(market, symbol), known=_known(market, symbol), whole=True)

    def close(self) -> None:
        """Nothing to let go of."""

    def _at_present(self) -> Market:
        return Market(self._fixed or datetime.now(UTC))


def _with_what_no_chain_tells(s: Snapshot, documents: Documents, back: int) -> Snapshot:
    composites = documents.composites(s.symbol, back)
    earnings = documents.market.view(s.symbol, back).earnings
    found = s.replace(
        **composites,
        next_earnings=earnings,
        basis={**s.basis, **{k: STAND_IN for k, v in composites.items() if v is not None}},
    )
    return found if earnings is not None else found.replace(missing={"next_earnings": NO_REPORT})


def _prices(market: Market, symbol: str) -> PriceFile:
    found = path(market.name(symbol))
    days = np.array([day.toordinal() for day in market.days], np.int64)
    columns = (np.array(c) for c in (found.close, found.open, found.high, found.low))
    return PriceFile(symbol, days, *columns)


def _known(market: Market, symbol: str) -> dict[str, list[tuple[date, float]]]:
    """All days of ``atm_iv`` and ``vrp_20d`` since the name has options.

    They are given whole each time: with a new day every figure moves on to the next date.
    """
    found = path(market.name(symbol))
    first = DAYS - market.tracked_days(symbol)
    series = {"atm_iv": found.atm_iv, "vrp_20d": found.vrp_20d}
    return {
        name: [
            (day, value)
            for day, value in zip(market.days[first:], values[first:], strict=True)
            if value is not None
        ]
        for name, values in series.items()
    }
