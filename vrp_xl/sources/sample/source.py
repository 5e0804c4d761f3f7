"""The sample market as a source: no key, no quota, no network.

Answers come from `documents` and go through the live source's own parser, so that a sample scan
shows what a live one would. What the vendor does not deliver and the sample market knows is added
here: earnings, widths, two years of history, yesterday's snapshot.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vrp_xl.core import history
from vrp_xl.errors import BadAnswerError
from vrp_xl.sources import flashalpha_wire as wire
from vrp_xl.sources.base import Call, Fetched, Known, Observation, Quota, daily_observations
from vrp_xl.sources.sample.documents import Documents
from vrp_xl.sources.sample.market import DAYS, Market, path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.errors import SourceError


class SampleSource:
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
        self._documents = self._at_present()

    def prepare(self, known: Known) -> Sequence[Call]:  # noqa: ARG002 (nothing depends on it)
        """Moves the market to the present; there is no account to ask for."""
        self._documents = self._at_present()
        return ()

    def calls(self, symbol: str) -> Sequence[Call]:
        """One call for the premium and one for the levels."""
        return (Call(wire.VRP, symbol), Call(wire.LEVELS, symbol))

    def skip_reason(self, symbol: str) -> str | None:  # noqa: ARG002 (no plan, no limits)
        """None: every symbol may be asked for."""
        return None

    def get(self, call: Call) -> Mapping[str, Any]:
        """The document for `call`.

        Raises:
            UnknownSymbolError: the sample market has no such name.
            BadAnswerError: the sample market has no such endpoint.
        """
        return _document(self._documents, call.endpoint, call.symbol.upper(), 0)

    def settle(self, call: Call, answer: Mapping[str, Any]) -> None:
        """Nothing: no account-level call is ever asked for."""

    def step_down(self, call: Call, error: SourceError) -> bool:  # noqa: ARG002 (no plans)
        """False: there is no plan to step down from."""
        return False

    def assemble(
        self,
        symbol: str,
        answers: Mapping[str, Mapping[str, Any]],
        failed: Mapping[str, SourceError],
    ) -> Fetched:
        """Makes the record, yesterday's record and the history of `symbol`.

        Raises:
            SourceError: what `get` raised for one of the calls.
        """
        for error in failed.values():
            raise error
        symbol = symbol.upper()
        documents = self._documents
        market = documents.market
        observations = _observations(market, symbol)
        today = _snapshot(documents, symbol, answers, 0)
        before = _snapshot(
            documents,
            symbol,
            {name: _document(documents, name, symbol, 1) for name in (wire.VRP, wire.LEVELS)},
            1,
        )
        series: dict[str, list[tuple[Any, float]]] = {}
        for name, day, value in observations:
            series.setdefault(name, []).append((day, value))
        return Fetched(
            snapshot=today,
            observations=(
                *observations,
                *(
                    seen
                    for snapshot, day in ((before, market.days[-2]), (today, market.days[-1]))
                    for seen in daily_observations(snapshot, day)
                    if seen.series not in series
                ),
            ),
            earlier=(history.complete(before, series, day=market.days[-2]),),
            whole=True,
        )

    def quota(self) -> Quota:
        """No limit."""
        return Quota(unlimited=True)

    def close(self) -> None:
        """Nothing to let go of."""

    def _at_present(self) -> Documents:
        return Documents(Market(self._fixed or datetime.now(UTC)))


def _document(documents: Documents, endpoint: str, symbol: str, back: int) -> Mapping[str, Any]:
    if endpoint == wire.VRP:
        return documents.vrp(symbol, back)
    if endpoint == wire.LEVELS:
        return documents.levels(symbol, back)
    raise BadAnswerError(f"The sample market has no endpoint {endpoint!r}.")


def _snapshot(
    documents: Documents, symbol: str, answers: Mapping[str, Mapping[str, Any]], back: int
) -> Snapshot:
    market = documents.market
    view = market.view(symbol, back)
    read = wire.to_snapshot(
        symbol,
        answers[wire.VRP],
        answers[wire.LEVELS],
        asked=wire.Asked(wire.VRP, "sample", market.tracked_days(symbol)),
        fetched_at=market.now,
    )
    missing = {name: _own_words(why) for name, why in read.missing.items()}
    if view.earnings is None:
        missing["next_earnings"] = "a fund does not report earnings"
    return read.replace(
        source="sample",
        sample=True,
        next_earnings=view.earnings,
        atm_spread_pct=view.name.atm_spread_pct,
        wing_spread_pct=view.name.wing_spread_pct,
        missing=missing,
    )


def _own_words(why: str) -> str:
    return why.replace("FlashAlpha", "the sample market").replace("the vendor", "the sample market")


def _observations(market: Market, symbol: str) -> tuple[Observation, ...]:
    """All days of ``close``, ``atm_iv`` and ``vrp_20d``.

    They are given whole each time: with a new day every figure moves on to the next date.
    """
    found = path(market.name(symbol))
    first = DAYS - market.tracked_days(symbol)
    series = {"close": found.close, "atm_iv": found.atm_iv, "vrp_20d": found.vrp_20d}
    return tuple(
        Observation(name, day, value)
        for name, values in series.items()
        for day, value in zip(market.days[first:], values[first:], strict=True)
        if value is not None
    )
