"""The source that reads the user's own files: option chains and price histories in one folder.

No key, no quota, no network. Here is said which files are there, which is whose and what is wrong
with them; what a chain says is computed by `chain_figures`, and `assembly` puts it together with
the price history. Chains of earlier days in the folder become history. May not import store,
workflow or hosts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vrp_xl.core import calendar
from vrp_xl.core.iv_index import IV_INDEX
from vrp_xl.core.rules import STANDARD
from vrp_xl.errors import ServiceError, UnknownSymbolError, VrpError
from vrp_xl.sources.assembly import assemble
from vrp_xl.sources.base import Call, Fetched, Known, WithoutPlan
from vrp_xl.sources.cboe_files import PriceFile, Problem, read_file
from vrp_xl.sources.chain_figures import chain_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vrp_xl.core.chain import Floats
    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.errors import SourceError

ENDPOINT = "files"
_GENERIC = frozenset(
    {"CBOE", "CHAIN", "CHAINS", "CHART", "CLOSE", "CSV", "DAILY", "DATA", "DELAYED", "DOWNLOAD",
     "EOD", "EXPORT", "FILE", "HISTORICAL", "HISTORICALDATA", "HISTORY", "HIST", "MAX", "OHLC",
     "OPTIONS", "PRICE", "PRICES", "QUOTE", "QUOTEDATA", "QUOTES", "STOCK", "TABLE", "VOL"}
)  # fmt: skip


class _ChainRead(NamedTuple):
    """A chain file's figures; the chain itself is not kept."""

    name: str
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, eq=False)
class _Content:
    """What is in the folder."""

    chains: Mapping[str, Sequence[_ChainRead]]
    """Symbol -> its chains, one per trading day, oldest first."""
    prices: Mapping[str, PriceFile]
    problems: tuple[Problem, ...]


class _Kept(NamedTuple):
    """One file as it was read, for as long as it does not change."""

    stamp: tuple[int, int]
    chain: _ChainRead | None
    prices: PriceFile | None
    problems: tuple[Problem, ...]


class FolderSource(WithoutPlan):
    """The `Source` of a folder of saved files.

    Args:
        path: the folder.
        now: the present moment, aware; by default the clock, read anew with each refresh.
        rules: the traded window of expiries (``dte_min`` to ``dte_max``).
    """

    name = "folder"
    sample = False
    workers = 1

    def __init__(self, path: Path, *, now: datetime | None = None, rules: Rules = STANDARD) -> None:
        self.path = path
        self._fixed = now
        self._window = (rules.dte_min, rules.dte_max)
        self._kept: dict[Path, _Kept] = {}
        self._content: _Content | None = None

    def symbols(self) -> tuple[str, ...]:
        """The symbols with a chain in the folder, sorted.

        Raises:
            ServiceError: the folder cannot be read.
        """
        return tuple(sorted(self._now_there().chains))

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with files of the folder, by file.

        Raises:
            ServiceError: the folder cannot be read.
        """
        return self._now_there().problems

    def prepare(self, known: Known) -> Sequence[Call]:  # noqa: ARG002 (nothing depends on it)
        """Reads the files that are new or have changed; there is no account to ask for.

        Raises:
            ServiceError: the folder cannot be read.
        """
        self._content = self._load()
        return ()

    def calls(self, symbol: str) -> Sequence[Call]:
        """One call."""
        return (Call(ENDPOINT, symbol),)

    def get(self, call: Call) -> Mapping[str, Any]:
        """The names of the files that hold the symbol; what is in them was read by `prepare`.

        Raises:
            UnknownSymbolError: no chain in the folder is of that symbol.
        """
        content = self._now_there()
        symbol = call.symbol.upper()
        if symbol not in content.chains:
            raise self._unknown(symbol, content)
        return {"files": [read.name for read in content.chains[symbol]]}

    def assemble(
        self,
        symbol: str,
        answers: Mapping[str, Mapping[str, Any]],  # noqa: ARG002 (the files were read before)
        failed: Mapping[str, SourceError],
    ) -> Fetched:
        """Makes the record of `symbol` from its newest chain, its earlier ones and its prices.

        Raises:
            SourceError: what `get` raised.
        """
        for error in failed.values():
            raise error
        content = self._now_there()
        symbol = symbol.upper()
        reads = content.chains.get(symbol)
        if not reads:
            raise self._unknown(symbol, content)
        return assemble(
            [read.snapshot for read in reads],
            content.prices.get(symbol),
            content.prices.get(IV_INDEX.get(symbol, "")),
        )

    def close(self) -> None:
        """Lets go of what was read."""
        self._kept.clear()
        self._content = None

    # The folder

    def _now_there(self) -> _Content:
        if self._content is None:
            self._content = self._load()
        return self._content

    def _load(self) -> _Content:
        now = self._fixed or datetime.now(UTC)
        try:
            paths = sorted(
                p for p in self.path.iterdir() if p.is_file() and not p.name.startswith((".", "~"))
            )
        except OSError as error:
            raise ServiceError(
                f"The folder {self.path} cannot be read: {error.strerror or error}.",
                "Name the folder with the chain and price files: --data DIR",
            ) from error
        if not paths:
            raise ServiceError(
                f"The folder {self.path} holds no files.",
                "Save Cboe's delayed quotes (JSON or CSV) and a price history there.",
            )
        kept: dict[Path, _Kept] = {}
        for path in paths:
            kept[path] = self._read(path, now)
        self._kept = kept
        return _sorted_out({path.name: read for path, read in kept.items()})

    def _read(self, path: Path, now: datetime) -> _Kept:
        try:
            stat = path.stat()
        except OSError:
            stamp = (0, 0)
        else:
            stamp = (stat.st_mtime_ns, stat.st_size)
        before = self._kept.get(path)
        if before is not None and before.stamp == stamp and stamp != (0, 0):
            return before
        read = read_file(path, now=now)
        chain, problems = None, read.problems
        if read.chain is not None:
            try:
                figures = chain_snapshot(
                    read.chain, source=self.name, name=path.name, now=now, window=self._window
                )
            except VrpError as error:
                problems = (*problems, Problem(path.name, None, str(error)))
            else:
                chain = _ChainRead(path.name, figures)
        return _Kept(stamp, chain, read.prices, problems)

    def _unknown(self, symbol: str, content: _Content) -> UnknownSymbolError:
        bare = symbol.lstrip("^_")
        if bare != symbol and bare in content.chains:
            return UnknownSymbolError(f"The folder knows {symbol} as {bare}.", f"Ask for {bare}.")
        about = next((p for p in content.problems if symbol in _tokens(p.file)), None)
        if about is not None:
            return UnknownSymbolError(
                f"No chain of {symbol} in {self.path} can be used: {about}.", "Save it again."
            )
        return UnknownSymbolError(
            f"No file in {self.path} is an option chain of {symbol}.",
            "Save Cboe's delayed quotes of it there (JSON or CSV).",
        )


def _tokens(name: str) -> list[str]:
    stem = re.sub(r"(\.(csv|json|txt|gz))+$", "", name, flags=re.IGNORECASE)
    return [t for t in re.split(r"[^A-Z0-9.]+", stem.upper()) if re.search(r"[A-Z]", t)]


def _sorted_out(files: Mapping[str, _Kept]) -> _Content:
    """Which file is which symbol's."""
    problems = [problem for read in files.values() for problem in read.problems]
    chains: defaultdict[str, dict[date, _ChainRead]] = defaultdict(dict)
    for read in files.values():
        if read.chain is not None:
            s = read.chain.snapshot
            day = calendar.trading_day(s.as_of)
            other = chains[s.symbol].get(day)
            if other is None or other.snapshot.as_of <= s.as_of:
                chains[s.symbol][day] = read.chain
    names = {*chains, *(IV_INDEX[symbol] for symbol in chains if symbol in IV_INDEX)}
    prices: defaultdict[str, list[tuple[str, PriceFile]]] = defaultdict(list)
    for name, read in files.items():
        if read.prices is None:
            continue
        symbol = read.prices.symbol or _symbol_in(name, names)
        if symbol is None:
            why = "which symbol are these prices of? Name the file after it, such as SPY.csv"
            problems.append(Problem(name, None, why))
        else:
            prices[symbol].append((name, read.prices))
    return _Content(
        chains={
            symbol: [read for _, read in sorted(by_day.items())]
            for symbol, by_day in chains.items()
        },
        prices={symbol: _merged(found, problems) for symbol, found in prices.items()},
        problems=tuple(problems),
    )


def _symbol_in(name: str, known: set[str]) -> str | None:
    """The symbol that a file's name tells: a known one, else the first word that says much."""
    words = _tokens(name)
    for word in words:
        if word in known:
            return word
    return next((w for w in words if w not in _GENERIC and len(w) <= 6), None)


def _merged(found: list[tuple[str, PriceFile]], problems: list[Problem]) -> PriceFile:
    """One price history of several; where two have a day, the one that ends later counts."""
    if len(found) == 1:
        return found[0][1]
    found.sort(key=lambda item: int(item[1].day[-1]))
    *others, (last, newest) = found
    told = ", ".join(name for name, _ in others)
    problems.append(Problem(told, None, f"{last} is of the same symbol and leads where both speak"))
    files = [price for _, price in found]
    days = np.concatenate([f.day for f in files])
    _, last_of = np.unique(days[::-1], return_index=True)
    at = len(days) - 1 - last_of

    def joined(name: str) -> Floats:
        whole: Floats = np.concatenate([getattr(f, name) for f in files])
        return whole[at]

    return PriceFile(
        newest.symbol, days[at], joined("close"), joined("open"), joined("high"), joined("low")
    )
