"""The source that reads the user's own files: option chains and price histories in one folder.

No key, no quota, no network. Every figure that the vendor would deliver is computed here from the
chain: ATM IV by tenor, wings, gamma exposure, flip and walls, scores and liquidity; the price
history adds realized volatility. Chains of earlier days in the folder become history. May not
import store, workflow or hosts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vrp_xl.core import calendar, history, standing
from vrp_xl.core.chain import clean
from vrp_xl.core.exposure import dollars, exposure_of
from vrp_xl.core.implied import interpolate_iv
from vrp_xl.core.panel import realized_panel
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.scores import with_local_scores
from vrp_xl.core.snapshot import Snapshot, TermPoint
from vrp_xl.core.surface import TENORS, surface_of
from vrp_xl.errors import ServiceError, UnknownSymbolError, VrpError
from vrp_xl.sources.base import Call, Fetched, Known, Observation, Quota
from vrp_xl.sources.cboe_files import FileRead, PriceFile, Problem, looks_like_split, read_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vrp_xl.core.chain import Chain, Cleaned, Floats, Whole
    from vrp_xl.core.exposure import Exposure
    from vrp_xl.core.rules import Rules
    from vrp_xl.core.surface import Surface
    from vrp_xl.errors import SourceError

ENDPOINT = "files"
IV_INDEX = {
    "SPY": "VIX", "SPX": "VIX", "XSP": "VIX", "QQQ": "VXN", "NDX": "VXN", "IWM": "RVX",
    "RUT": "RVX", "DIA": "VXD", "DJX": "VXD", "AAPL": "VXAPL", "AMZN": "VXAZN", "GOOGL": "VXGOG",
    "GOOG": "VXGOG", "GS": "VXGS", "IBM": "VXIBM", "GLD": "GVZ", "USO": "OVX", "EEM": "VXEEM",
    "EFA": "VXEFA",
}  # fmt: skip
"""Symbol -> the index of its implied volatility, whose history stands in for one of ATM IV."""

CLOSES_KEPT = 1260
"""Days of prices that go to the history: five years."""
EARLIER_KEPT = 9
"""Earlier days' snapshots that are handed on."""

_RV_OF_TENOR = {7: 5, 14: 10, 30: 20, 60: 41, 90: 62}
"""Calendar days -> daily returns in as many; 30 takes the 20 of the spread."""
_SPLIT_WINDOW = 91

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


class FolderSource:
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

    def skip_reason(self, symbol: str) -> str | None:  # noqa: ARG002 (no plan, no limits)
        """None: every symbol may be asked for."""
        return None

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

    def settle(self, call: Call, answer: Mapping[str, Any]) -> None:
        """Nothing: no account-level call is ever asked for."""

    def step_down(self, call: Call, error: SourceError) -> bool:  # noqa: ARG002 (no plans)
        """False: there is no plan to step down from."""
        return False

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
        closes = _Closes.of(content.prices.get(symbol))
        index_name = IV_INDEX.get(symbol, "")
        index = content.prices.get(index_name)
        series: dict[str, list[tuple[date, float]]] = {"close": [], "atm_iv": [], "vrp_20d": []}
        observations: dict[tuple[str, date], float] = {}
        done: list[Snapshot] = []
        for read in reads:
            s = read.snapshot
            day = calendar.trading_day(s.as_of)
            series["close"] = closes.upto(day, 253)
            s = history.complete(s, series, day=day)
            s = _with_term_vrp(s, closes, day)
            if s.atm_iv_30d is None:
                s = _without_standing(s)
            elif s.z_score is None:
                s = _with_index(s, closes, index, index_name, day)
            s = with_local_scores(_with_split_warning(s, series["close"]))
            done.append(s)
            if s.spot is not None:
                observations["close", day] = s.spot
            if s.atm_iv_30d is not None:
                for name in ("atm_iv", "atm_iv_30d", "vrp_20d"):
                    value = getattr(s, name)
                    if value is not None:
                        observations[name, day] = value
                        series.setdefault(name, []).append((day, value))
        for day, close in closes.upto(date.max, CLOSES_KEPT):
            observations["close", day] = close
        ordered = sorted(observations.items())
        return Fetched(
            snapshot=done[-1],
            observations=tuple(Observation(name, day, value) for (name, day), value in ordered),
            earlier=tuple(done[:-1][-EARLIER_KEPT:]),
        )

    def quota(self) -> Quota:
        """No limit."""
        return Quota(unlimited=True)

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
                chain = _ChainRead(path.name, delivered(read, now=now, window=self._window))
            except VrpError as error:
                problems = (*problems, Problem(path.name, None, str(error)))
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


# Prices


class _Closes(NamedTuple):
    """Closes by day, oldest first."""

    day: Whole
    close: Floats

    @classmethod
    def of(cls, prices: PriceFile | None) -> _Closes:
        """Those of a price file; weekends and holidays, which some files list, are left out."""
        if prices is None:
            return cls(np.zeros(0, np.int64), np.zeros(0))
        traded = np.array([_traded(day) for day in prices.day.tolist()], np.bool_)
        return cls(prices.day[traded], prices.close[traded])

    def upto(self, day: date, count: int) -> list[tuple[date, float]]:
        """The newest `count` closes up to `day`."""
        end = int(np.searchsorted(self.day, day.toordinal(), side="right"))
        start = max(end - count, 0)
        return [
            (date.fromordinal(ordinal), close)
            for ordinal, close in zip(
                self.day[start:end].tolist(), self.close[start:end].tolist(), strict=True
            )
        ]


def _traded(ordinal: int) -> bool:
    try:
        return calendar.is_trading_day(date.fromordinal(ordinal))
    except VrpError:
        return False


def _with_split_warning(s: Snapshot, closes: Sequence[tuple[date, float]]) -> Snapshot:
    used = closes[-_SPLIT_WINDOW:]
    found = np.flatnonzero(looks_like_split(np.array([close for _, close in used])))
    if not len(found):
        return s
    (_, before), (day, close) = used[found[-1] : found[-1] + 2]
    words = f"the close goes from {before:g} to {close:g} on {day}: a split not adjusted?"
    return s.replace(warnings=(*s.warnings, words))


def _with_term_vrp(s: Snapshot, closes: _Closes, day: date) -> Snapshot:
    """The premium by tenor: ATM IV minus the realized volatility of as many trading days."""
    points = []
    for tenor in TENORS:
        iv = interpolate_iv(s.iv_term, tenor)
        if iv is None:
            continue
        window = _RV_OF_TENOR[tenor]
        used = [close for _, close in closes.upto(day, window + 1)]
        rv = None
        if len(used) == window + 1:
            value = float(realized_panel(np.array(used), window)[-1])
            rv = value if np.isfinite(value) else None
        points.append(TermPoint(tenor, iv, rv, None if rv is None else iv - rv))
    return s.replace(term_vrp=tuple(points))


def _without_standing(s: Snapshot) -> Snapshot:
    """No z-score and no IV rank: an IV of another tenor does not belong in their history."""
    names = ("z_score", "percentile", "iv_rank", "iv_percentile")
    why = s.missing.get("atm_iv_30d", "no 30-day ATM IV")
    basis = {k: v for k, v in s.basis.items() if k not in names}
    return s.replace(basis=basis, missing=dict.fromkeys(names, why), **dict.fromkeys(names))


def _with_index(
    s: Snapshot, closes: _Closes, index: PriceFile | None, name: str, day: date
) -> Snapshot:
    """z-score and IV standing from the history of the IV index, like for like."""
    if index is None:
        return s
    found = index_standing(closes.day, closes.close, index.day, index.close, day=day)
    if found is None:
        return s
    spread_words = f"{name} minus RV20, over the {found.days} days before"
    iv_words = f"{name} over the {found.days} days before"
    basis = {
        **dict.fromkeys(("z_score", "percentile", "history_days"), spread_words),
        **dict.fromkeys(("iv_rank", "iv_percentile"), iv_words),
    }
    return s.replace(
        z_score=found.z,
        percentile=found.percentile,
        history_days=found.days,
        iv_rank=found.iv_rank,
        iv_percentile=found.iv_percentile,
        basis={**s.basis, **basis},
    )


class IndexStanding(NamedTuple):
    """Where the premium of an IV index stands in its own history."""

    spread: float
    """The index minus RV20, points."""
    rv_20d: float
    z: float
    percentile: float
    iv_rank: float
    iv_percentile: float
    days: int


def index_standing(
    day_of_close: Whole,
    closes: Floats,
    day_of_index: Whole,
    index: Floats,
    *,
    day: date,
    window: int = standing.Z_WINDOW,
    days_min: int = standing.Z_DAYS_MIN,
) -> IndexStanding | None:
    """The spread of an IV index over RV20 on `day`, and its z-score over the days before.

    Args:
        day_of_close: ordinals of the closes, oldest first.
        closes: USD.
        day_of_index: ordinals of the index, oldest first; days without a close are passed over.
        index: points.
        day: the day that is looked at; both must have it.
        window: days before it, at most.
        days_min: fewest days before it.

    Returns:
        None where one of the two lacks the day or too few days are there.
    """
    common, at_close, at_index = np.intersect1d(
        day_of_close, day_of_index, assume_unique=True, return_indices=True
    )
    place = int(np.searchsorted(common, day.toordinal()))
    if place >= len(common) or common[place] != day.toordinal():
        return None
    first = max(place - window, 0)
    start = max(int(at_close[first]) - 20, 0)
    end = int(at_close[place]) + 1
    rv = np.full(len(closes), np.nan)
    rv[start:end] = realized_panel(closes[start:end], 20)
    rv_used = rv[at_close[first : place + 1]]
    iv_used = index[at_index[first : place + 1]]
    good = np.isfinite(rv_used) & np.isfinite(iv_used)
    if not good[-1] or np.count_nonzero(good) - 1 < days_min:
        return None
    spreads, ivs = (iv_used - rv_used)[good].tolist(), iv_used[good].tolist()
    try:
        z = standing.zscore(spreads[-1], spreads[:-1])
        rank = standing.rank(ivs[-1], ivs[:-1])
    except VrpError:
        return None
    return IndexStanding(
        spread=spreads[-1],
        rv_20d=float(rv_used[-1]),
        z=z,
        percentile=standing.percentile(spreads[-1], spreads[:-1]),
        iv_rank=rank,
        iv_percentile=standing.percentile(ivs[-1], ivs[:-1]),
        days=len(spreads) - 1,
    )


# A chain's own figures


def delivered(read: FileRead, *, now: datetime, window: tuple[int, int] = (30, 60)) -> Snapshot:
    """What one chain file says by itself, before any price history.

    Args:
        read: a file with a chain.
        now: the present moment.
        window: fewest and most days to expiry of the traded window.

    Raises:
        VrpError: there is no chain in it, or no contract is left of it.
    """
    if read.chain is None:
        raise ServiceError(f"{read.name} holds no option chain.")
    cleaned = clean(read.chain)
    chain = cleaned.chain
    if not len(chain):
        raise ServiceError(f"Every series of {read.name} has expired by its own date.")
    surface = surface_of(chain, dte_min=window[0], dte_max=window[1])
    exposure = exposure_of(cleaned, dte_min=window[0], dte_max=window[1])
    missing: dict[str, str] = {
        "next_earnings": "a chain tells no earnings date; the watchlist may: vrp-xl watchlist"
    }
    basis: dict[str, str] = {"spot": _left_out(read.name, cleaned)}
    figures = {
        **_iv_figures(surface, missing, basis, chain.iv30),
        **_gamma_figures(exposure, missing, basis),
        **_liquidity_figures(surface, missing, basis),
    }
    return Snapshot(
        symbol=chain.symbol,
        source="folder",
        as_of=chain.as_of,
        fetched_at=now,
        market_open=calendar.session_open(chain.as_of),
        spot=chain.spot,
        iv_term=surface.term,
        warnings=(*exposure.notes, *_moment_notes(chain)),
        missing=missing,
        basis=basis,
        **figures,
    )


def _left_out(name: str, cleaned: Cleaned) -> str:
    words = f"{name}: {len(cleaned.chain):,} contracts"
    return f"{words}; {cleaned.words}" if cleaned.words else words


def _moment_notes(chain: Chain) -> list[str]:
    if calendar.session_open(chain.as_of):
        return []
    day = calendar.trading_day(chain.as_of)
    if day != chain.today:
        return [f"the market was not open yet: the quotes are those of {day}"]
    return []


def _iv_figures(
    surface: Surface, missing: dict[str, str], basis: dict[str, str], iv30: float | None
) -> dict[str, float | None]:
    at_30 = surface.atm_iv.get(30)
    atm = at_30
    if at_30 is not None:
        basis["atm_iv"] = "30-day ATM IV, call and put at the strike nearest to spot"
        basis["atm_iv_30d"] = "between expiries linear in total variance"
        if iv30 is not None:
            basis["atm_iv_30d"] += f"; the file's own iv30 is {iv30:g}"
    else:
        missing["atm_iv_30d"] = surface.missing[30]
        near = surface.nearest(30)
        if near is None:
            missing["atm_iv"] = surface.missing[30]
        else:
            atm = near.atm_iv
            when = date.fromordinal(near.ordinal)
            basis["atm_iv"] = (
                f"{history.NEAREST}, {when} in {near.days:.0f} days; {surface.missing[30]}"
            )
    for name, value in (
        ("put_wing_iv", surface.put_wing_iv), ("call_wing_iv", surface.call_wing_iv),
    ):  # fmt: skip
        if value is None:
            missing[name] = surface.wings_missing
        else:
            basis[name] = "25-delta IV at 30 days, linear in delta, then in total variance"
    return {
        "atm_iv": atm,
        "atm_iv_30d": at_30,
        "put_wing_iv": surface.put_wing_iv,
        "call_wing_iv": surface.call_wing_iv,
    }


def _gamma_figures(
    exposure: Exposure, missing: dict[str, str], basis: dict[str, str]
) -> dict[str, Any]:
    levels, repriced, window = exposure.levels, exposure.repriced, exposure.window
    low, high = exposure.window_days
    flip = exposure.window_repriced.flip
    alone = {
        "net_gex": None if window.net_gex is None else dollars(window.net_gex),
        "put_wall": _price(window.put_wall),
        "call_wall": _price(window.call_wall),
        "max_gamma": _price(window.max_gamma),
        "max_negative_gamma": _price(window.max_negative_gamma),
        "highest_oi_strike": _price(window.highest_oi_strike),
        "gamma_flip": _price(flip),
    }
    for name, words in alone.items():
        how = "re-priced" if name == "gamma_flip" else "the file's gammas"
        how = "open interest" if name == "highest_oi_strike" else how
        basis[name] = f"{how}, all expiries; {low} to {high} days alone: {words or 'none'}"
    basis["gamma"] = (
        "re-priced at spot; dealers long calls and short puts, an index convention, assumed for a "
        "single stock"
    )
    figures: dict[str, Any] = {
        "gamma": repriced.gamma,
        "gamma_basis": "repriced" if repriced.gamma != "unknown" else None,
        "gamma_flip": repriced.flip,
        "gamma_flip_status": repriced.status,
        **{
            name: getattr(levels, name)
            for name in ("net_gex", "put_wall", "call_wall", "max_gamma", "max_negative_gamma",
                         "highest_oi_strike")
        },
    }  # fmt: skip
    if repriced.flip is None:
        missing["gamma_flip"] = repriced.status
    for name in alone:
        if figures[name] is None:
            missing.setdefault(name, "no contract of the chain has the open interest for one")
    return figures


def _price(value: float | None) -> str | None:
    return None if value is None else f"{value:.6g}"


def _liquidity_figures(
    surface: Surface, missing: dict[str, str], basis: dict[str, str]
) -> dict[str, float | None]:
    liquid = surface.liquid
    names = ("atm_oi", "atm_spread_pct", "wing_spread_pct")
    figures = {name: getattr(liquid, name) if liquid is not None else None for name in names}
    for name, value in figures.items():
        if value is None:
            missing[name] = "no quotes: bid or ask is zero" if "spread" in name else "not given"
        elif liquid is not None:
            when = date.fromordinal(liquid.ordinal)
            basis[name] = f"{liquid.root} {when}, in {liquid.days:.0f} days"
    return figures
