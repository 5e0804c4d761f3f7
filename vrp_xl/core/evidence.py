"""Whether the rules worked: implied minus following realized volatility, by what a rule said.

The outcome of a day is its implied volatility minus the realized volatility of the tenor after it,
in points and as the log of their ratio. Days are sorted into groups by the filters, into buckets by
a figure and onto grids of thresholds; every mean has a block bootstrap interval
(`vrp_xl.core.bootstrap`), every comparison one of its own from the same draws. An outcome is a
proxy of what selling volatility earned, never a profit.

Pure: may not import anything of the package outside `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from vrp_xl.core import bootstrap, whatif
from vrp_xl.core.compare import TOLERANCE
from vrp_xl.core.gaps import LONGEST_RETURN
from vrp_xl.core.outcomes import STRUCTURAL_WINDOW, Z_WINDOWS, trading_axis
from vrp_xl.core.panel import ratio_panel
from vrp_xl.errors import NoNumberError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from vrp_xl.core.bootstrap import Interval
    from vrp_xl.core.outcomes import Days
    from vrp_xl.core.rules import Rules

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

IV_PERCENTILE_MIN = 30.0
"""IV percentile from which the simpler screen of the open question passes (ratio method)."""
TAIL = 5.0
"""Percent of days that count as the tail."""
DAYS_LEAST = 20
"""With fewer days than this a group has no interval, and no tail but its worst day."""

NORMAL_BAND = 2
"""Place of the normal band among the five."""
FILTER_GROUPS = ("both", "structural_only", "tactical_only", "neither")
Verdict = Literal["none", "less", "more", "unknown"]


@dataclass(frozen=True, slots=True)
class Group:
    """The outcomes of some days."""

    key: str
    title: str
    n: int
    """Days of symbols whose outcome is known."""
    seen: int
    """The same with the newest days, whose outcome is not known yet."""
    mean: float | None = None
    """Points."""
    ci: Interval | None = None
    positive_pct: float | None = None
    positive_ci: Interval | None = None
    log_mean: float | None = None
    """Mean of ln(implied / following)."""
    log_ci: Interval | None = None
    median: float | None = None
    worst: float | None = None
    worst_day: date | None = None
    worst_symbol: str = ""
    quantile: float | None = None
    """The outcome that `TAIL` percent of the days fall below."""
    shortfall: float | None = None
    """Mean of these worst days (expected shortfall)."""
    tail_episodes: int = 0
    """Stretches, more than a tenor apart, that these worst days fall into."""
    worth: float | None = None
    """Independent windows that would give a mean as certain as this one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of one group minus that of another."""

    value: float
    ci: Interval | None

    @property
    def verdict(self) -> Verdict:
        """Less, more, or no difference shown; unknown without an interval."""
        if self.ci is None:
            return "unknown"
        if self.ci.holds_zero:
            return "none"
        return "less" if self.value < 0 else "more"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two groups side by side."""

    key: str
    left: Group
    right: Group
    points: Difference | None
    log: Difference | None
    positive: Difference | None
    """In percentage points of days."""


@dataclass(frozen=True, slots=True)
class Surface:
    """Outcomes over two thresholds: a row per first value, a column per second."""

    key: str
    row_name: str
    column_name: str
    rows: tuple[float, ...]
    columns: tuple[float, ...]
    at: tuple[float, float]
    """The thresholds in force."""
    n: Floats
    mean: Floats
    """NaN where no day passes."""
    log_mean: Floats
    positive_pct: Floats
    tail_pct: Floats
    """Percent of the days that are among the worst `TAIL` percent of all days."""


class Yearly(NamedTuple):
    """One group in one year."""

    year: int
    key: str
    n: int
    mean: float


class OfSymbol(NamedTuple):
    """One symbol: days that pass both filters against the rest."""

    symbol: str
    both: Group
    rest: Group
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many days there were, and what they passed."""

    rows: int
    """Days of symbols with an implied volatility and a close."""
    inputs: int
    """Of these, with all inputs of both ratios."""
    structural: int
    both: int
    with_outcome: int
    """Of those with inputs, with a known outcome."""
    with_z: int
    high_z: int
    high_z_pct: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All answers from one history."""

    symbols: tuple[str, ...]
    first: date
    last: date
    last_outcome: date
    """The last day whose outcome is known."""
    tenor: int
    trading_days: int
    block: int
    draws: int
    counts: Counts
    groups: tuple[Group, ...]
    """The four filter groups."""
    everything: Group
    passing: Comparison
    """Days that pass both filters against days that fail."""
    rejected: Comparison
    """Of days that Tactical and the IV percentile pass: Structural rejects, Structural passes."""
    disagree: Comparison
    """Structural alone against Tactical alone."""
    screens: tuple[Comparison, ...]
    """Each screen's days against the rest of the days on which it could judge."""
    exits: tuple[Comparison, ...]
    """Days on which an exit fires against days on which it does not."""
    bands: tuple[Comparison, ...]
    """Each compression band against the normal one."""
    buckets: Mapping[str, tuple[Group, ...]]
    windows: Mapping[int, Comparison]
    """z window -> its days at or above z_min against those below."""
    surfaces: tuple[Surface, ...]
    years: tuple[Yearly, ...]
    by_symbol: tuple[OfSymbol, ...]

    @property
    def intervals(self) -> int:
        """How many differences carry an interval: one in twenty misses the truth by chance."""
        pairs = (
            self.passing, self.rejected, self.disagree, *self.screens, *self.exits, *self.bands,
            *self.windows.values(),
        )  # fmt: skip
        found = [d for pair in pairs for d in (pair.points, pair.log, pair.positive)]
        found += [symbol.difference for symbol in self.by_symbol]
        return sum(d is not None and d.ci is not None for d in found)


BUCKET_TITLES = {
    "z": "z-score of the spread",
    "inversion": "Which exit fires: compressed (z), inverted (implied below realized)",
    "compression": "HV30 / HV90",
    "cell": "Cell in the journal",
    "candidate": "Decision in the journal",
}


def passes(values: Floats, threshold: float, *, strict: bool) -> Mask:
    """Which values pass a threshold, as `vrp_xl.core.compare`; NaN passes none.

    >>> passes(np.array([3.22 / 2.8, 1.1501, np.nan]), 1.15, strict=True).tolist()
    [False, True, False]
    """
    slack = TOLERANCE * max(1.0, abs(threshold))
    out: Mask = values > threshold + slack if strict else values >= threshold - slack
    return out


class _Figures:
    """The columns that every question reads."""

    def __init__(self, days: Days, rules: Rules) -> None:
        self.days = days
        self.spread = days.spread
        self.structural = ratio_panel(days.iv, days.hv90, rules.hv_floor)
        self.tactical = ratio_panel(days.iv, days.hv30, rules.hv_floor)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.compression = np.where(days.hv90 > 0, days.hv30 / days.hv90, np.nan)
            self.log = np.log(np.where(days.following > 0, days.iv / days.following, np.nan))
        self.outcome = days.iv - days.following
        self.known = np.isfinite(self.outcome)
        self.inputs = ~np.isnan(self.structural) & ~np.isnan(self.tactical)
        self.structural_ok = passes(self.structural, rules.structural_min, strict=True)
        self.tactical_ok = passes(self.tactical, rules.tactical_min, strict=True)
        self.has_z = ~np.isnan(days.z)
        self.high = passes(days.z, rules.z_min, strict=False)


class _Bench:
    """Groups of days, their sums by trading day, and one set of draws for all of them."""

    def __init__(self, figures: _Figures, tenor: int, draws: int, seed: int) -> None:
        self.figures = figures
        days = figures.days
        self.axis = trading_axis(days.day)
        self.at = np.searchsorted(self.axis, days.day)
        self.tenor = tenor
        self.blocks = bootstrap.blocks(
            len(self.axis), bootstrap.block_length(len(self.axis), tenor), draws=draws, seed=seed
        )
        self.log = np.where(np.isnan(figures.log), 0.0, figures.log)
        self.outcome = np.where(figures.known, figures.outcome, 0.0)
        self.positive = 100.0 * (figures.known & (figures.outcome > 0))
        self.masks: list[Mask] = []
        self.seen: list[int] = []

    def add(self, mask: Mask) -> int:
        """Takes a group; gives its number. Days without an outcome count only as seen."""
        self.seen.append(int(mask.sum()))
        self.masks.append(mask & self.figures.known)
        return len(self.masks) - 1

    @cached_property
    def _sums(self) -> tuple[Floats, Floats]:
        """The sums of every group by day and by draw; asked for once all groups are there."""
        columns = np.empty((len(self.axis), len(self.masks), 5))
        n = len(self.axis)
        logged = ~np.isnan(self.figures.log)
        for g, mask in enumerate(self.masks):
            at = self.at[mask]
            columns[:, g, 0] = np.bincount(at, minlength=n)
            for k, values in enumerate((self.outcome, self.positive, self.log, logged), start=1):
                columns[:, g, k] = np.bincount(at, weights=values[mask], minlength=n)
        return columns, self.blocks.sums(columns)

    def _means(self, g: int, figure: int) -> tuple[float, Floats]:
        """The mean of a figure (1 outcome, 2 positive, 3 log) and its means in the draws."""
        columns, sums = self._sums
        under = 4 if figure == 3 else 0
        with np.errstate(invalid="ignore"):
            drawn: Floats = np.where(
                sums[:, g, under] > 0.5, sums[:, g, figure] / sums[:, g, under], np.nan
            )
        total = columns[:, g].sum(axis=0)
        return float(total[figure] / total[under]) if total[under] else math.nan, drawn

    def _held(self, g: int) -> int:
        """Blocks that hold days of a group; none where the group is too small to tell."""
        columns, _ = self._sums
        counts = columns[:, g, 0]
        return self.blocks.held(counts) if counts.sum() >= DAYS_LEAST else 0

    def group(self, g: int, key: str, title: str) -> Group:
        """The figures of a group."""
        mask = self.masks[g]
        n = int(mask.sum())
        if not n:
            return Group(key, title, 0, self.seen[g])
        held = self._held(g)
        rows = np.flatnonzero(mask)
        values = self.figures.outcome[rows]
        (mean, means), (share, shares), (log, logs) = (self._means(g, k) for k in (1, 2, 3))
        lowest = rows[int(values.argmin())]
        quantile, shortfall, episodes = self._tail(rows, values)
        days = self.figures.days
        return Group(
            key, title, n, self.seen[g], mean, bootstrap.interval(means, held),
            share, bootstrap.interval(shares, held),
            None if math.isnan(log) else log, bootstrap.interval(logs, held),
            float(np.median(values)), float(values.min()),
            date.fromordinal(int(days.day[lowest])), days.names[int(days.symbol[lowest])],
            quantile, shortfall, episodes, self._worth(values, means, held),
        )  # fmt: skip

    def _tail(
        self, rows: NDArray[np.intp], values: Floats
    ) -> tuple[float | None, float | None, int]:
        if len(values) < DAYS_LEAST:
            return None, None, 0
        quantile = float(np.quantile(values, TAIL / 100.0))
        below = values <= quantile
        at = np.unique(self.at[rows[below]])
        episodes = 1 + int((np.diff(at) > self.tenor).sum())
        return quantile, float(values[below].mean()), episodes

    @staticmethod
    def _worth(values: Floats, means: Floats, held: int) -> float | None:
        if held < bootstrap.BLOCKS_WITH_MEMBERS:
            return None
        spread = float(np.nanvar(means))
        return min(float(np.var(values)) / spread, float(len(values))) if spread > 0 else None

    def compare(self, key: str, left: int, right: int, titles: tuple[str, str]) -> Comparison:
        """Two groups, and their difference in every figure."""
        held = min(self._held(left), self._held(right))
        found: list[Difference | None] = []
        for figure in (1, 3, 2):
            (a, drawn_a), (b, drawn_b) = (self._means(g, figure) for g in (left, right))
            unknown = math.isnan(a) or math.isnan(b)
            found.append(
                None if unknown else Difference(a - b, bootstrap.interval(drawn_a - drawn_b, held))
            )
        return Comparison(
            key,
            self.group(left, key, titles[0]),
            self.group(right, f"not {key}", titles[1]),
            *found,
        )


def evidence(
    days: Days,
    rules: Rules,
    tenor: int,
    *,
    iv_percentile_min: float = IV_PERCENTILE_MIN,
    draws: int = bootstrap.DRAWS,
    seed: int = bootstrap.SEED,
) -> Evidence:
    """Every answer that a history gives.

    Args:
        days: what was known, and what followed.
        rules: the thresholds.
        tenor: returns that the outcome covers, as in `days`.
        iv_percentile_min: where the simpler screen of the open question passes.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        NoNumberError: no day has the inputs of both ratios and a known outcome.
    """
    f = _Figures(days, rules)
    usable = f.inputs & f.known
    if not usable.any():
        raise NoNumberError(
            f"No day has all inputs and a known outcome: {len(days)} days, "
            f"{int(f.inputs.sum())} with both ratios, {int(f.known.sum())} with an outcome.",
            f"It takes {STRUCTURAL_WINDOW} returns before a day and {tenor} after it: "
            f"{_lacking(days, tenor)}.",
        )
    bench = _Bench(f, tenor, draws, seed)
    s, t = f.structural_ok, f.tactical_ok
    titles = {
        "both": "pass both", "structural_only": "Structural alone",
        "tactical_only": "Tactical alone", "neither": "pass neither",
    }  # fmt: skip
    masks = {"both": s & t, "structural_only": s & ~t, "tactical_only": ~s & t, "neither": ~s & ~t}
    four = {key: bench.add(f.inputs & masks[key]) for key in FILTER_GROUPS}
    everything = bench.add(f.inputs)
    failing = bench.add(f.inputs & ~(s & t))
    high_iv = passes(days.iv_percentile, iv_percentile_min, strict=False)
    simple = f.inputs & t & high_iv
    rejected, kept = bench.add(simple & ~s), bench.add(simple & s)
    screens = [
        (key, names, bench.add(judged & mask), bench.add(judged & ~mask))
        for key, names, judged, mask in _screens(f, rules, high_iv, iv_percentile_min)
    ]
    exits = [
        (key, names, bench.add(judged & mask), bench.add(judged & ~mask))
        for key, names, judged, mask in _exits(f, rules)
    ]
    windows = {}
    for n, window in enumerate(Z_WINDOWS):
        z = days.z_others[:, n]
        high = passes(z, rules.z_min, strict=False)
        if high.any():
            windows[window] = bench.add(high), bench.add(~np.isnan(z) & ~high)
    buckets = {
        name: [(key, title, bench.add(mask)) for key, title, mask in found]
        for name, found in _buckets(f, rules).items()
    }
    normal = buckets["compression"][NORMAL_BAND]
    each = [
        (name, bench.add(f.inputs & s & t & own), bench.add(f.inputs & ~(s & t) & own))
        for n, name in enumerate(days.names)
        for own in [days.symbol == n]
    ]
    z_word = f"z >= {rules.z_min:g}"
    return Evidence(
        symbols=days.names,
        first=date.fromordinal(int(days.day[f.inputs].min())),
        last=date.fromordinal(int(days.day[f.inputs].max())),
        last_outcome=date.fromordinal(int(days.day[usable].max())),
        tenor=tenor,
        trading_days=len(bench.axis),
        block=bench.blocks.length,
        draws=draws,
        counts=_counts(f),
        groups=tuple(bench.group(g, key, titles[key]) for key, g in four.items()),
        everything=bench.group(everything, "all", "all days"),
        passing=bench.compare(
            "passing", four["both"], failing, ("pass both filters", "fail one or both")
        ),
        rejected=bench.compare(
            "rejected", rejected, kept, ("Structural rejects", "Structural passes")
        ),
        disagree=bench.compare(
            "disagree", four["structural_only"], four["tactical_only"],
            (titles["structural_only"], titles["tactical_only"]),
        ),
        screens=tuple(bench.compare(key, a, b, names) for key, names, a, b in screens),
        exits=tuple(bench.compare(key, a, b, names) for key, names, a, b in exits),
        bands=tuple(
            bench.compare(key, g, normal[2], (title, normal[1]))
            for key, title, g in buckets["compression"]
            if key != normal[0]
        ),
        buckets={
            name: tuple(bench.group(g, key, title) for key, title, g in found)
            for name, found in buckets.items()
        },
        windows={
            window: bench.compare(f"z{window}", a, b, (z_word, f"z < {rules.z_min:g}"))
            for window, (a, b) in windows.items()
        },
        surfaces=_surfaces(f, rules, usable),
        years=_years(f, masks, usable),
        by_symbol=tuple(_of_symbol(bench, name, a, b) for name, a, b in each),
    )  # fmt: skip


def _lacking(days: Days, tenor: int) -> str:
    """What to do where no day has everything."""
    most = int(np.bincount(days.symbol).max()) if len(days) else 0
    if most <= STRUCTURAL_WINDOW + tenor:
        return "give a longer history"
    return (
        "the days are there, but not in a row. No window may lack more than a tenth of its days, "
        f"hold a return over more than {LONGEST_RETURN} of them, or a step that may be a split"
    )


def _of_symbol(bench: _Bench, name: str, a: int, b: int) -> OfSymbol:
    pair = bench.compare(name, a, b, ("pass both filters", "fail one or both"))
    return OfSymbol(name, pair.left, pair.right, pair.points)


def _counts(f: _Figures) -> Counts:
    with_z, high = int(f.has_z.sum()), int(f.high.sum())
    return Counts(
        rows=len(f.days),
        inputs=int(f.inputs.sum()),
        structural=int((f.inputs & f.structural_ok).sum()),
        both=int((f.inputs & f.structural_ok & f.tactical_ok).sum()),
        with_outcome=int((f.inputs & f.known).sum()),
        with_z=with_z,
        high_z=high,
        high_z_pct=100.0 * high / with_z if with_z else None,
    )


_Judged = tuple[str, tuple[str, str], "Mask", "Mask"]


def _screens(f: _Figures, rules: Rules, high_iv: Mask, least: float) -> list[_Judged]:
    """Each screen: key, names of its two groups, the days that it can judge, those that pass."""
    days = f.days
    spread_ok = passes(f.spread, rules.spread_min, strict=True)
    entry, judged = f.high & spread_ok, f.has_z & ~np.isnan(f.spread)
    words = f"z >= {rules.z_min:g} and spread > {rules.spread_min:g}"
    if rules.percentile_min is not None and not np.isnan(days.spread_percentile).all():
        entry &= passes(days.spread_percentile, rules.percentile_min, strict=False)
        judged &= ~np.isnan(days.spread_percentile)
        words += f" and percentile >= {rules.percentile_min:g}"
    ratios = f"IV/HV90 > {rules.structural_min:g} and IV/HV30 > {rules.tactical_min:g}"
    has_iv = ~np.isnan(days.iv_percentile)
    return [
        ("z", (f"z >= {rules.z_min:g}", f"z < {rules.z_min:g}"), f.has_z, f.high),
        ("article", (words, "the rest"), judged, entry),
        ("structural", (f"IV/HV90 > {rules.structural_min:g}", "the rest"), f.inputs,
         f.structural_ok),
        ("tactical", (f"IV/HV30 > {rules.tactical_min:g}", "the rest"), f.inputs, f.tactical_ok),
        ("simple", (f"IV/HV30 > {rules.tactical_min:g} and IV percentile >= {least:g}",
                    "the rest"), f.inputs & has_iv, f.tactical_ok & high_iv),
        ("article and ratio", (f"{words}, and {ratios}", "the rest"), judged & f.inputs,
         entry & f.structural_ok & f.tactical_ok),
    ]  # fmt: skip


def _inverted(f: _Figures) -> tuple[Mask, Mask]:
    """Days on which the spread is below 0 or IV/HV30 below 1, and days where that is known."""
    known = ~np.isnan(f.spread) & ~np.isnan(f.tactical)
    inside = passes(f.spread, 0.0, strict=False) & passes(f.tactical, 1.0, strict=False)
    return known & ~inside, known


def _exits(f: _Figures, rules: Rules) -> list[_Judged]:
    low = f.has_z & ~passes(f.days.z, rules.z_exit, strict=False)
    inverted, known = _inverted(f)
    return [
        ("compressed", (f"z < {rules.z_exit:g}", f"z >= {rules.z_exit:g}"), f.has_z, low),
        ("inverted", ("spread < 0 or IV/HV30 < 1", "neither"), known, inverted),
    ]


def _buckets(f: _Figures, rules: Rules) -> dict[str, list[tuple[str, str, Mask]]]:
    """Buckets of one figure each: key, title, days."""
    days = f.days
    edges = sorted(
        {-rules.z_band, rules.z_exit, 0.0, rules.z_min, rules.z_band, rules.z_extreme}
    )  # fmt: skip
    place = whatif.passed(whatif.Column.of(days.z), edges, strict=False)
    z = [(f"z{n}", _between(edges, n), f.has_z & (place == n)) for n in range(len(edges) + 1)]
    low = f.has_z & ~passes(days.z, rules.z_exit, strict=False)
    inverted, known = _inverted(f)
    judged = f.has_z & known
    inversion = [
        ("none", "none fires", judged & ~low & ~inverted),
        ("compressed", "compressed alone", judged & low & ~inverted),
        ("inverted", "inverted alone", judged & ~low & inverted),
        ("both", "both", judged & low & inverted),
    ]
    band = (
        passes(f.compression, rules.compression_severe, strict=False).astype(int)
        + passes(f.compression, rules.compression_mild, strict=False)
        + passes(f.compression, rules.expansion_mild, strict=True)
        + passes(f.compression, rules.expansion_severe, strict=True)
    )
    has = ~np.isnan(f.compression)
    a, b, c, d = (rules.compression_severe, rules.compression_mild, rules.expansion_mild,
                  rules.expansion_severe)  # fmt: skip
    names = (
        f"below {a:.2f}", f"{a:.2f} to {b:.2f}", f"{b:.2f} to {c:.2f}", f"{c:.2f} to {d:.2f}",
        f"above {d:.2f}",
    )  # fmt: skip
    compression = [(f"c{n}", name, has & (band == n)) for n, name in enumerate(names)]
    found = {"z": z, "inversion": inversion, "compression": compression}
    if (days.cell != "").any():
        found["cell"] = [(letter, letter, days.cell == letter) for letter in "ABCD?"]
    if not np.isnan(days.candidate).all():
        found["candidate"] = [
            ("candidate", "candidate", days.candidate == 1.0),
            ("left out", "left out", days.candidate == 0.0),
        ]
    return found


def _between(edges: Sequence[float], n: int) -> str:
    """The words of bucket `n` between ascending edges; an edge belongs to what lies above it.

    >>> [_between([0.0, 1.0], n) for n in range(3)]
    ['below 0', '0 to 1', '1 and above']
    """
    if n == 0:
        return f"below {edges[0]:g}"
    if n == len(edges):
        return f"{edges[-1]:g} and above"
    return f"{edges[n - 1]:g} to {edges[n]:g}"


def _axis(low: float, high: float, step: float, own: float) -> tuple[float, ...]:
    """Thresholds from `low` to `high`, and the one in force among them.

    >>> _axis(1.0, 1.2, 0.1, 1.15)
    (1.0, 1.1, 1.15, 1.2)
    """
    steps = round((high - low) / step)
    return tuple(sorted({round(low + step * n, 6) for n in range(steps + 1)} | {round(own, 6)}))


def _surfaces(f: _Figures, rules: Rules, usable: Mask) -> tuple[Surface, ...]:
    has_both = f.known & f.has_z & ~np.isnan(f.spread)
    return (
        _surface(
            f, "z x spread", ("z_min", "spread_min"), (f.days.z, f.spread),
            (_axis(-1.0, 3.0, 0.5, rules.z_min), _axis(-2.0, 10.0, 1.0, rules.spread_min)),
            (rules.z_min, rules.spread_min), has_both, first_strict=False,
        ),
        _surface(
            f, "structural x tactical", ("structural_min", "tactical_min"),
            (f.structural, f.tactical),
            (_axis(0.80, 1.60, 0.1, rules.structural_min),
             _axis(0.80, 1.60, 0.1, rules.tactical_min)),
            (rules.structural_min, rules.tactical_min), usable, first_strict=True,
        ),
    )  # fmt: skip


def _surface(
    f: _Figures,
    key: str,
    names: tuple[str, str],
    values: tuple[Floats, Floats],
    axes: tuple[tuple[float, ...], tuple[float, ...]],
    at: tuple[float, float],
    who: Mask,
    *,
    first_strict: bool,
) -> Surface:
    rows = whatif.passed(whatif.Column.of(values[0][who]), axes[0], strict=first_strict)
    columns = whatif.passed(whatif.Column.of(values[1][who]), axes[1], strict=True)
    shape = len(axes[0]), len(axes[1])
    outcome, log = f.outcome[who], f.log[who]
    tail = np.quantile(outcome, TAIL / 100.0) if len(outcome) else 0.0

    def total(weights: Floats | None = None) -> Floats:
        return whatif.counts(rows, columns, shape, weights)

    n, logged = total(), total((~np.isnan(log)).astype(float))
    with np.errstate(invalid="ignore"):
        return Surface(
            key, *names, *axes, at, n,
            mean=np.where(n > 0.5, total(outcome) / n, np.nan),
            log_mean=np.where(logged > 0.5, total(np.nan_to_num(log)) / logged, np.nan),
            positive_pct=np.where(n > 0.5, 100.0 * total((outcome > 0).astype(float)) / n, np.nan),
            tail_pct=np.where(n > 0.5, 100.0 * total((outcome <= tail).astype(float)) / n, np.nan),
        )  # fmt: skip


def _years(f: _Figures, masks: Mapping[str, Mask], usable: Mask) -> tuple[Yearly, ...]:
    ordinals, back = np.unique(f.days.day, return_inverse=True)
    year = np.array([date.fromordinal(day).year for day in ordinals.tolist()], np.int64)[back]
    found = []
    for when in np.unique(year[usable]).tolist():
        for key in FILTER_GROUPS:
            values = f.outcome[usable & masks[key] & (year == when)]
            if len(values):
                found.append(Yearly(when, key, len(values), float(values.mean())))
    return tuple(found)
