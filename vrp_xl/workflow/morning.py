"""The morning: refresh the source, then scan the store, and say how it went.

The one use case behind ``vrp-xl scan`` and the refresh button.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrp_xl.errors import PlanError, QuotaError, ServiceError, SourceError, UnknownSymbolError
from vrp_xl.workflow.positions import open_risk
from vrp_xl.workflow.refresh import RefreshResult, refresh
from vrp_xl.workflow.scan import RowState, Scan, concluded, run_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from vrp_xl.core.positions import Position
    from vrp_xl.core.rules import Rules
    from vrp_xl.sources.base import Source
    from vrp_xl.store.database import Store
    from vrp_xl.workflow.refresh import Outcome

    Progress = Callable[[int, int, str, str], None]


@dataclass(frozen=True, slots=True)
class Morning:
    """A finished scan and the refresh before it (None: it was skipped)."""

    scan: Scan
    refreshed: RefreshResult | None

    @property
    def error(self) -> SourceError | None:
        """What the run should end with: what stopped it, or why nothing came at all."""
        if self.refreshed is None:
            return None
        if self.refreshed.stopped is not None:
            return self.refreshed.stopped
        outcomes = self.refreshed.outcomes
        if not outcomes or any(outcome.state == "fresh" for outcome in outcomes):
            return None
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        for kind in (ServiceError, QuotaError, PlanError, UnknownSymbolError):
            for error in errors:
                if isinstance(error, kind):
                    return error
        return errors[0] if errors else None


def morning(
    store: Store,
    source_name: str,
    symbols: Sequence[str],
    rules: Rules,
    *,
    preset: str = "standard",
    source: Source | None = None,
    account: str = "",
    now: datetime | None = None,
    progress: Progress | None = None,
    notices: Sequence[str] = (),
    positions: Sequence[Position] | None = None,
) -> Morning:
    """Refreshes `symbols` from `source` and scans them; without a source it only scans.

    Args:
        store: the local store.
        source_name: whose figures are read.
        symbols: upper-case symbols.
        rules: the rules in force.
        preset: their name.
        source: opened source to refresh from.
        account: whose quota it is.
        now: moment of the scan; the clock by default.
        progress: called with (done, total, symbol, state).
        notices: sentences that the host should show with the scan.
        positions: whose money at risk counts in the caps; the names of those that are on are
            refreshed too. None says that nothing is known of any.
    """
    result = None
    states: dict[str, tuple[RowState, str]] = {}
    reasons: dict[str, tuple[str, str]] = {}
    quota = store.quota(source_name, account)
    asked = with_held(symbols, positions)
    if source is not None:
        result = refresh(source, store, asked, account=account, progress=progress, rules=rules)
        quota = result.quota
        for outcome in result.outcomes:
            if outcome.state == "fresh":
                states[outcome.symbol] = ("fresh", "")
            else:
                states[outcome.symbol] = ("kept", outcome.why)
                reasons[outcome.symbol] = failure_of(outcome)
    scan = run_scan(
        store,
        source_name,
        symbols,
        rules,
        preset=preset,
        now=now,
        states=states,
        reasons=reasons,
        quota=quota,
        notices=[*([store.notice] if store.notice else []), *notices],
    )
    risk = None
    if positions is not None:
        risk = open_risk(store, source_name, positions, rules, now=now)
    return Morning(concluded(store, scan, risk), result)


def with_held(symbols: Sequence[str], positions: Sequence[Position] | None) -> list[str]:
    """`symbols`, and behind them the names of positions that are on."""
    held = sorted({p.symbol for p in positions or () if p.is_open})
    return list(dict.fromkeys([*symbols, *held]))


_WORDS = {
    "KeyRefusedError": "key",
    "ConsentError": "terms",
    "PlanError": "plan",
    "SymbolNotCoveredError": "plan",
    "QuotaError": "quota",
    "UnknownSymbolError": "unknown symbol",
    "ServiceError": "service",
    "ClosedError": "service",
    "UnreachableError": "network",
    "BadAnswerError": "bad answer",
}


def failure_of(outcome: Outcome) -> tuple[str, str]:
    """A short stable word for what went wrong with a symbol, and the sentence."""
    kind = type(outcome.error).__name__ if outcome.error else outcome.state
    return _WORDS.get(kind, kind), outcome.why
