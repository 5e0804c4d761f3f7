"""Evidence from history: files or a journal in, answers in plain words and figures out.

Reads the files that it is named and nothing else; the journal's records and the stored closes are
handed to it. May not import hosts or sources.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from vrp_xl.core import bootstrap, outcomes, splits
from vrp_xl.core.calendar import trading_days
from vrp_xl.core.evidence import (
    IV_PERCENTILE_MIN,
    TAIL,
    Comparison,
    Difference,
    Evidence,
    Group,
    evidence,
)
from vrp_xl.core.gaps import LONGEST_RETURN
from vrp_xl.core.iv_index import INDICES
from vrp_xl.core.symbols import symbol_of
from vrp_xl.errors import InputError, NoNumberError
from vrp_xl.store.database import utc_now
from vrp_xl.workflow.importing import read_series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from vrp_xl.core.bootstrap import Interval
    from vrp_xl.core.evidence import Surface
    from vrp_xl.core.outcomes import Alignment, Days, Recorded, Series
    from vrp_xl.core.rules import Rules
    from vrp_xl.core.splits import Adjusted
    from vrp_xl.workflow.importing import SeriesFile
    from vrp_xl.workflow.journal import MadeBy

LEVEL = f"{100 * bootstrap.LEVEL:g} %"
IV_MOST = 250.0
"""A median above this is a price, not a volatility."""
PROXY = (
    "Proxy: implied volatility is what the file or the journal holds, next to close-to-close "
    "volatility. An index such as VIX quotes 30 calendar days as a variance swap would, which lies "
    "above the ATM IV of the same day; a premium against it is larger than one that can be sold."
)
NOT_PNL = (
    "Not P&L: an outcome is implied minus following realized volatility. It holds no strike, path, "
    "hedge, cost, stop or size, and what was so in this history need not be so again."
)


class Pair(NamedTuple):
    """One symbol's two files."""

    symbol: str
    prices: Path
    iv: Path


class Material(NamedTuple):
    """What is evaluated, and what there is to say about it."""

    days: Days
    inputs: tuple[str, ...]
    """Where the figures come from, a line each."""
    notes: tuple[str, ...]
    source: str
    """For a footer."""


@dataclass(frozen=True, slots=True)
class Report:
    """The evidence with all that has to be said beside it."""

    evidence: Evidence
    rules: Rules
    preset: str
    inputs: tuple[str, ...]
    notes: tuple[str, ...]
    source: str
    iv_percentile_min: float
    tenor_days: int

    @property
    def period(self) -> str:
        """From when to when, and how much of it."""
        e = self.evidence
        names = e.symbols[0] if len(e.symbols) == 1 else f"{len(e.symbols)} symbols"
        return (
            f"Period: {e.first} to {e.last}, {names}, {e.counts.inputs:,} days with all inputs; "
            f"outcomes are known up to {e.last_outcome}."
        )

    @property
    def overlap(self) -> str:
        """How far neighbouring outcomes are the same, and what is done about it."""
        e = self.evidence
        return (
            f"Overlap: each outcome covers the {e.tenor} trading days after its day, so "
            f"neighbouring days share {e.tenor - 1} of {e.tenor} returns, and {e.trading_days:,} "
            f"trading days hold about {e.trading_days // e.tenor:,} separate windows. "
            f"{LEVEL} intervals redraw blocks of {e.block} trading days"
            + (", the same for all symbols" if len(e.symbols) > 1 else "")
            + f" ({e.draws:,} draws)."
        )

    @property
    def chance(self) -> str:
        """How many intervals there are, and what that means."""
        n = self.evidence.intervals
        return (
            f"{n} differences in the whole report carry an interval (points, log ratio, share of "
            "positive days); about one in twenty of such intervals leaves out the truth by chance. "
            "That no difference is shown does not say that there is none: every value inside the "
            "interval is still possible."
        )

    @property
    def caveats(self) -> tuple[str, ...]:
        """What every output says."""
        return PROXY, self.period, self.overlap, NOT_PNL, self.chance


class Answer(NamedTuple):
    """One question and its answer in plain words."""

    key: str
    question: str
    verdict: str
    """In a sentence."""
    figures: str
    """What it rests on."""

    @property
    def words(self) -> str:
        """The verdict and its figures."""
        return f"{self.verdict} {self.figures}"


# What is evaluated


def pairs(
    prices: Sequence[Path], ivs: Sequence[Path], symbols: Sequence[str] | None = None
) -> list[Pair]:
    """The files of each symbol, paired by their order.

    Raises:
        InputError: the counts differ, or a symbol comes twice.
    """
    names = list(symbols or ())
    if not prices or len(prices) != len(ivs):
        raise InputError(
            f"There are {len(prices)} --prices and {len(ivs)} --iv.",
            "Give each --prices FILE its --iv FILE, in the same order.",
        )
    if names and len(names) != len(prices):
        raise InputError(
            f"There are {len(prices)} pairs of files and {len(names)} --symbol.",
            "Name every pair, or none.",
        )
    found = [symbol_of(name) for name in names] or [_named(path) for path in prices]
    twice = {name for name in found if found.count(name) > 1}
    if twice:
        raise InputError(
            f"{', '.join(sorted(twice))} comes more than once.", "Name each pair with --symbol."
        )
    return [Pair(*each) for each in zip(found, prices, ivs, strict=True)]


def _named(path: Path) -> str:
    """A name from a file's, where none is given."""
    return "".join(ch if ch.isalnum() or ch in "._-" else "_" for ch in path.stem).upper()[:20]


OnSplit = Literal["ask", "adjust", "keep"]


def from_files(
    given: Sequence[Pair],
    rules: Rules,
    tenor: int,
    *,
    on_split: OnSplit = "ask",
    clock: Callable[[], datetime] = utc_now,
) -> Material:
    """Reads the files and lines up their days.

    Args:
        given: each symbol's files.
        rules: for the windows.
        tenor: returns that the outcome covers.
        on_split: what becomes of a step like a split: "ask" lets no window reach over it and says
            so, "adjust" divides the closes before it where the step says which ratio it is, "keep"
            takes it as the price itself.
        clock: what is later than this is no close yet.

    Raises:
        InputError: a file that cannot be read, has no usable column or is in the wrong unit; no
            day that both files have.
    """
    parts: list[Days] = []
    inputs: list[str] = []
    notes: list[str] = []
    for pair in given:
        closes = _read(pair.prices, "close", notes, clock)
        ivs = _read(pair.iv, "atm_iv", notes, clock)
        held = _judged(pair.symbol, sorted(closes.values.items()), on_split)
        series = outcomes.Series(pair.symbol, held.closes, sorted(ivs.values.items()))
        days, met = outcomes.from_series(series, rules, tenor, [jump.day for jump in held.unsaid])
        parts.append(days)
        inputs.append(
            f"{pair.symbol}: closes {pair.prices.name} (column {closes.column}), implied "
            f"volatility {pair.iv.name} (column {ivs.column}), {met.first} to {met.last}, "
            f"{met.both:,} days with both"
        )
        notes += _met(met, series, held)
    files = [pair.prices.name for pair in given[:2]] + [pair.iv.name for pair in given[:2]]
    return Material(
        outcomes.together(parts), tuple(inputs), tuple(notes),
        ", ".join(files) + (f" and {len(given) - 2} pairs more" if len(given) > 2 else ""),
    )  # fmt: skip


def _read(path: Path, field: str, notes: list[str], clock: Callable[[], datetime]) -> SeriesFile:
    found = read_series(path, field, clock=clock)
    decimals = sum("decimal" in row.why for row in found.bad)
    if decimals > len(found.values):
        raise InputError(
            f"{path.name} holds decimals: {decimals} of {decimals + len(found.values)} values are "
            "below 1.",
            "Volatility is in points: multiply by 100, so that 0.18 becomes 18.",
        )
    middle = float(np.median(list(found.values.values())))
    if field != "close" and middle > IV_MOST:
        raise InputError(
            f"{path.name} does not look like implied volatility: the middle value of its column "
            f"{found.column} is {middle:,.2f} points.",
            "Give prices with --prices and implied volatility, in points, with --iv.",
        )
    if found.bad:
        notes.append(
            f"{path.name}: {len(found.bad)} row{'s' * (len(found.bad) > 1)} not used, the first: "
            f"{found.bad[0]}"
        )
    if found.repeated:
        notes.append(f"{path.name}: {found.repeated} days came more than once, the last counts")
    return found


def _judged(symbol: str, closes: list[tuple[date, float]], on_split: OnSplit) -> Adjusted:
    """The closes with what was said of their steps; a volatility index may well double."""
    found = splits.adjusted(closes, {})
    if not found.unsaid or on_split == "keep" or symbol in INDICES:
        return found._replace(unsaid=[])
    if on_split == "adjust":
        return splits.adjusted(
            closes, {jump.day: jump.ratio for jump in found.unsaid if jump.clear}
        )
    return found


def _met(met: Alignment, series: Series, held: Adjusted) -> Iterator[str]:
    """What there is to say of a pair's days: steps, days that are missing, wild moves."""
    for day, ratio in held.applied:
        yield (
            f"{met.symbol}: the closes before {day} are adjusted for the "
            f"{splits.ratio_words(ratio)} split"
        )
    for jump in held.unsaid[:_TOLD]:
        yield (
            f"{met.symbol}: {jump}: no figure and no outcome reaches over it. If it is a split: "
            "closes that are adjusted"
            + (", or --adjust-splits" if jump.clear else "")
            + "; if the price really went there: --keep-jumps"
        )
    if len(held.unsaid) > _TOLD:
        yield f"{met.symbol}: {len(held.unsaid) - _TOLD} more steps that may be splits"
    first, last = series.closes[0][0], series.closes[-1][0]
    days = len(trading_days(first, last))
    if days > len(series.closes):
        yield (
            f"{met.symbol}: {days - len(series.closes):,} of {days:,} trading days from {first} to "
            f"{last} have no close; a window that lacks more than a tenth of its days, or holds a "
            f"return over more than {LONGEST_RETURN} of them, has no figure"
        )
    if met.closes_alone or met.ivs_alone:
        yield (
            f"{met.symbol}: within the common span {met.closes_alone:,} days have only a close and "
            f"{met.ivs_alone:,} only an implied volatility; only days with both are counted"
        )
    told = {jump.day for jump in held.unsaid}
    wild = [dated for dated in met.jumps if dated[0] not in told]
    for day, move in wild[:_TOLD]:
        yield f"{met.symbol}: the close moves {move:+.0f} % on {day}: are splits adjusted for?"
    if len(wild) > _TOLD:
        yield f"{met.symbol}: {len(wild) - _TOLD} more moves of that size"


_TOLD = 3
"""Notes of one kind about one pair; the rest is counted."""


def from_journal(
    records: Iterable[Recorded],
    closes: Callable[[str], Adjusted],
    source: str,
    tenor: int,
    made_by: Sequence[MadeBy] = (),
) -> Material:
    """The records of a journal, and what followed in the stored closes.

    Args:
        records: of one source.
        closes: a symbol's stored closes, marked splits taken out (`workflow.closes`).
        source: whose records they are.
        tenor: returns that the outcome covers.
        made_by: which presets and rules made the scans.

    Raises:
        NoNumberError: the journal holds no figures of that source.
    """
    found = [record for record in records if record.iv is not None]
    if not found:
        raise NoNumberError(
            f"The journal holds no scan with figures of the source {source}.",
            "It grows with every refresh that is kept; or give files: --prices FILE --iv FILE.",
        )
    names = sorted({record.symbol for record in found})
    stored = {name: closes(name) for name in names}
    days = outcomes.from_records(
        found, {name: held.closes for name, held in stored.items()}, tenor,
        {name: [jump.day for jump in held.unsaid] for name, held in stored.items()},
        lambda name, day: stored[name].footing(day),
    )  # fmt: skip
    dated = [record.day for record in found]
    line = (
        f"journal of the source {source}: {len(days):,} symbol-days, {len(names)} symbols, "
        f"{min(dated)} to {max(dated)}; what followed is from the stored closes"
    )
    notes = tuple(
        f"{name}: {jump}; no outcome reaches over it until it is said what it was: "
        f"vrp-xl history split {name} {jump.day} RATIO (or: none)"
        for name, held in stored.items()
        for jump in held.unsaid
        if jump.day > min(dated)
    )
    return Material(days, (line,), (*_pooled(made_by), *notes), f"journal, {source}")


def _pooled(made_by: Sequence[MadeBy]) -> Iterator[str]:
    """What is to be said where scans by several presets or rules are counted together."""
    if len(made_by) < 2:
        return
    usual = made_by[0]
    told = []
    for made in made_by:
        other = ", ".join(
            f"{name} {value}"
            for name, value in made.rules.items()
            if made.preset == usual.preset and usual.rules.get(name) != value
        )
        told.append(f"{made.preset}{f' ({other})' if other else ''} {made.scans:,}")
    yield (
        f"scans by {len(made_by)} sets of rules are counted together ({'; '.join(told)}), each "
        "with its own cell and decision; of a day's scans the one by the rules of most. "
        "To count those by the rules of this report alone: --same-rules"
    )


def evaluate(
    material: Material,
    rules: Rules,
    preset: str,
    *,
    tenor_days: int = outcomes.TENOR_DAYS,
    iv_percentile_min: float = IV_PERCENTILE_MIN,
    draws: int = bootstrap.DRAWS,
) -> Report:
    """The report.

    Args:
        material: the days, made for the same tenor.
        rules: the thresholds.
        preset: what they start from.
        tenor_days: calendar days that the outcome covers.
        iv_percentile_min: of the simpler screen in the first question.
        draws: of the bootstrap.

    Raises:
        NoNumberError: too short a history.
    """
    tenor = outcomes.tenor_returns(tenor_days)
    notes = list(material.notes)
    try:
        found = evidence(
            material.days, rules, tenor, iv_percentile_min=iv_percentile_min, draws=draws
        )
    except NoNumberError as error:
        if not notes:
            raise
        raise NoNumberError(error.why, f"{error.fix} Seen: {'. '.join(notes)}.") from error
    if found.everything.ci is None:
        notes.insert(
            0,
            f"the history is too short for intervals: {found.trading_days:,} trading days are "
            f"{found.trading_days / found.block:.0f} blocks of {found.block}",
        )
    elif found.block < bootstrap.TENORS_PER_BLOCK * tenor:
        notes.insert(
            0,
            f"{found.trading_days:,} trading days allow blocks of {found.block} days only, and a "
            "regime lasts longer: the intervals may be too narrow, so a difference shown here is "
            "a hint and not yet evidence",
        )
    if not found.counts.with_z:
        notes.append(
            f"no day has a z-score, which takes the {rules.z_window} spreads before it: whatever "
            "rests on z is empty"
        )
    return Report(
        found, rules, preset, material.inputs, tuple(notes), material.source, iv_percentile_min,
        tenor_days,
    )  # fmt: skip


# Words


def span(interval: Interval | None, form: str = "+.2f") -> str:
    """An interval in words."""
    if interval is None:
        return "no interval, too few separate periods"
    return f"{LEVEL} interval {interval.low:{form}} to {interval.high:{form}}"


def _both_words(pair: Comparison, less: str, more: str) -> str:
    """The verdict of a comparison, in points and as log ratio."""
    points, log = pair.points, pair.log
    if points is None or log is None:
        return "Nothing can be compared: one of the groups has no day."
    told = {"less": less, "more": more}
    verdicts = points.verdict, log.verdict
    if verdicts == ("none", "none"):
        return "No difference is shown, in points or as log ratio."
    if "unknown" in verdicts:
        return "No verdict: the days lie in too few separate periods."
    if verdicts[0] == verdicts[1]:
        return f"{told[verdicts[0]]}, in points and as log ratio."
    in_points = told.get(verdicts[0], "no difference is shown")
    in_log = told.get(verdicts[1], "no difference is shown")
    return f"In points: {_low(in_points)}. As log ratio: {_low(in_log)}. So nothing is settled."


def _low(words: str) -> str:
    return words[:1].lower() + words[1:]


def _figures(pair: Comparison) -> str:
    """Both groups' figures and their differences."""
    a, b = pair.left, pair.right
    if pair.points is None or a.mean is None or b.mean is None:
        return f"{a.title}: {a.n:,} days; {b.title}: {b.n:,} days."
    words = (
        f"{a.mean:.2f} against {b.mean:.2f} points ({a.n:,} and {b.n:,} days), difference "
        f"{pair.points.value:+.2f}, {span(pair.points.ci)}"
    )
    if pair.log is not None and a.log_mean is not None and b.log_mean is not None:
        words += (
            f"; log ratio {a.log_mean:.3f} against {b.log_mean:.3f}, difference "
            f"{pair.log.value:+.3f}, {span(pair.log.ci, '+.3f')}"
        )
    return f"{words}. Positive on {a.positive_pct:.1f} % and {b.positive_pct:.1f} % of the days."


def answers(report: Report) -> list[Answer]:
    """Every question with its answer, in the order in which they are told."""
    e, r = report.evidence, report.rules
    ratios = f"IV/HV90 > {r.structural_min:g} and IV/HV30 > {r.tactical_min:g}"
    simple = f"IV/HV30 > {r.tactical_min:g} and IV percentile >= {report.iv_percentile_min:g}"
    found = [
        Answer(
            "filters",
            f"Do days that pass both filters ({ratios}) pay more than days that fail?",
            _both_words(e.passing, "Days that pass paid less", "Days that pass paid more"),
            _figures(e.passing),
        ),
        Answer(
            "rejected",
            f"Did what Structural rejects, though {simple}, do worse than what it lets through?",
            _both_words(
                e.rejected,
                "What Structural rejects did worse",
                "What Structural rejects did better",
            ),
            _figures(e.rejected),
        ),
        Answer(
            "disagree",
            "Where the two filters disagree, which one predicts?",
            _both_words(
                e.disagree,
                "Tactical: days that it alone passes paid more",
                "Structural: days that it alone passes paid more",
            ),
            f"Structural alone against Tactical alone: {_figures(e.disagree)}",
        ),
        Answer(
            "tails",
            "What are win rate and tail of days that one filter alone passes?",
            _positive(e.disagree) + " A tail rests on its few episodes and has no interval.",
            " ".join(_tail(g) for g in e.groups if g.key in ("structural_only", "tactical_only")),
        ),
    ]
    found += [
        Answer(
            pair.key,
            question,
            _both_words(pair, less, more),
            f"{pair.left.title} against {pair.right.title}: {_figures(pair)}",
        )
        for pair, question, less, more in _rules(report)
    ]
    found.append(Answer("compression", "Do the compression bands tell what follows?", *_bands(e)))
    if e.windows:
        found.append(
            Answer("windows", "Does it matter how long the z-score looks back?", *_windows(e, r))
        )
    found += [_cost(surface) for surface in e.surfaces]
    return found


def _rules(report: Report) -> list[tuple[Comparison, str, str, str]]:
    e, r = report.evidence, report.rules
    by_key = {pair.key: pair for pair in (*e.screens, *e.exits)}
    return [
        (by_key["z"], f"Does entering at z >= {r.z_min:g} pay more?",
         "Days of high z paid less", "Days of high z paid more"),
        (by_key["article"], "And the article's screen (z and spread; a history has no gamma)?",
         "Days that it passes paid less", "Days that it passes paid more"),
        (by_key["compressed"], f"Is the exit at z < {r.z_exit:g} right: did selling pay less then?",
         "After the exit selling paid less", "After the exit selling paid more"),
        (by_key["inverted"], "And the exit when implied really is below realized?",
         "After the exit selling paid less", "After the exit selling paid more"),
    ]  # fmt: skip


def _tail(group: Group) -> str:
    if group.mean is None or group.positive_pct is None:
        return f"{group.title}: no day."
    words = (
        f"{group.title}: positive on {group.positive_pct:.1f} % of {group.n:,} days "
        f"({span(group.positive_ci, '.1f')})"
    )
    if group.quantile is not None and group.shortfall is not None:
        words += (
            f", worst {TAIL:g} % below {group.quantile:+.1f} points, {group.shortfall:+.1f} on "
            f"average, in {group.tail_episodes} episodes"
        )
    return f"{words}, worst {group.worst:+.1f} ({group.worst_symbol} {group.worst_day})."


def _positive(pair: Comparison) -> str:
    if pair.positive is None:
        return "Nothing can be compared: one of the groups has no day."
    verdict = {
        "none": "No difference in the share of positive days is shown",
        "less": "Structural alone is positive less often",
        "more": "Structural alone is positive more often",
        "unknown": "No verdict on the share of positive days",
    }[pair.positive.verdict]
    gap = pair.positive
    return f"{verdict}: {gap.value:+.1f} percentage points, {span(gap.ci, '+.1f')}."


def _bands(e: Evidence) -> tuple[str, str]:
    """The bands against the normal one, then all of them."""
    shown = []
    for pair in e.bands:
        for difference, unit, form in ((pair.points, "points", "+.2f"), (pair.log, "log", "+.3f")):
            if difference is not None and difference.verdict in ("less", "more"):
                shown.append(
                    f"{pair.left.title} pays {difference.verdict} than normal: "
                    f"{difference.value:{form}} {unit}, {span(difference.ci, form)}"
                )
    compared = any(pair.points is not None and pair.points.ci is not None for pair in e.bands)
    verdict = "; ".join(shown) or (
        "No band is shown to pay more or less than normal"
        if compared
        else "No verdict: the days lie in too few separate periods"
    )
    told = [
        f"{g.title}: {g.mean:+.2f} points ({span(g.ci)}, {g.n:,} days"
        + (f", worst {TAIL:g} % below {g.quantile:+.1f})" if g.quantile is not None else ")")
        for g in e.buckets["compression"]
        if g.mean is not None
    ]
    return f"{verdict}.", "HV30 / HV90 " + "; ".join(told) + "."


def _windows(e: Evidence, rules: Rules) -> tuple[str, str]:
    told = []
    shown = [
        f"{window} days ({pair.points.verdict})"
        for window, pair in e.windows.items()
        if pair.points is not None and pair.points.verdict in ("less", "more")
    ]
    judged = any(pair.points and pair.points.ci for pair in e.windows.values())
    verdict = (
        f"A difference to the rest is shown, in points, over {' and '.join(shown)} alone."
        if shown and len(shown) < len(e.windows)
        else f"All show a difference to the rest, in points: {', '.join(shown)}."
        if shown
        else f"None shows a difference of days of z >= {rules.z_min:g} to the rest, in points."
        if judged
        else "No verdict: the days lie in too few separate periods."
    )
    for window, pair in e.windows.items():
        seen = pair.left.seen + pair.right.seen
        share = 100.0 * pair.left.seen / seen if seen else math.nan
        words = f"{window} days: {share:.1f} % of {seen:,} days are {pair.left.title}"
        if pair.left.mean is not None and pair.points is not None:
            words += (
                f", which paid {pair.left.mean:.2f} points, {pair.points.value:+.2f} against the "
                f"rest ({span(pair.points.ci)})"
            )
        told.append(words)
    return verdict, "; ".join(told) + "."


def _cost(surface: Surface) -> Answer:
    """What the thresholds in force let through, and what their neighbours would have."""
    i = surface.rows.index(round(surface.at[0], 6))
    j = surface.columns.index(round(surface.at[1], 6))
    names = surface.row_name, surface.column_name
    in_force = f"In force, {names[0]} {surface.at[0]:g} and {names[1]} {surface.at[1]:g}"
    told: list[str] = []
    for name, axis, steps in (
        (names[0], surface.rows, [(i - 1, j), (i + 1, j)]),
        (names[1], surface.columns, [(i, j - 1), (i, j + 1)]),
    ):
        for row, column in steps:
            at = row if axis is surface.rows else column
            if 0 <= at < len(axis):
                told.append(f"{name} {axis[at]:g}: {_at(surface, row, column)}")
    return Answer(
        surface.key,
        f"What did other thresholds of {names[0]} and {names[1]} cost in the past?",
        f"{in_force}: {_at(surface, i, j)}.",
        "Beside it: " + "; ".join(told) + ".",
    )


def _at(surface: Surface, i: int, j: int) -> str:
    n = int(surface.n[i, j])
    if not n:
        return "no day"
    return (
        f"{n:,} days, {surface.mean[i, j]:+.2f} points, positive "
        f"{surface.positive_pct[i, j]:.1f} %, {surface.tail_pct[i, j]:.1f} % of them in the worst "
        f"{TAIL:g} % of all"
    )


# JSON


def report_dict(report: Report) -> dict[str, Any]:
    """The report as plain values; null is what is not known."""
    e = report.evidence
    return {
        "proxy": PROXY,
        "period": report.period,
        "overlap": report.overlap,
        "not_pnl": NOT_PNL,
        "chance": report.chance,
        "inputs": list(report.inputs),
        "notes": list(report.notes),
        "preset": report.preset,
        "rules": report.rules.to_dict(),
        "iv_percentile_min": report.iv_percentile_min,
        "tenor": {"calendar_days": report.tenor_days, "returns": e.tenor},
        "bootstrap": {
            "level": bootstrap.LEVEL, "block_days": e.block, "draws": e.draws,
            "trading_days": e.trading_days, "windows": e.trading_days // e.tenor,
        },
        "symbols": list(e.symbols),
        "first": e.first.isoformat(),
        "last": e.last.isoformat(),
        "last_outcome": e.last_outcome.isoformat(),
        "counts": {name: _plain(getattr(e.counts, name)) for name in e.counts.__slots__},
        "groups": {group.key: _group(group) for group in e.groups},
        "all": _group(e.everything),
        "answers": [
            {"key": a.key, "question": a.question, "verdict": a.verdict, "words": a.words}
            for a in answers(report)
        ],
        "comparisons": {
            pair.key: _comparison(pair)
            for pair in (e.passing, e.rejected, e.disagree, *e.screens, *e.exits)
        },
        "bands": {pair.key: _comparison(pair) for pair in e.bands},
        "buckets": {
            name: [_group(group) for group in groups] for name, groups in e.buckets.items()
        },
        "z_windows": {str(window): _comparison(pair) for window, pair in e.windows.items()},
        "surfaces": {surface.key: _surface(surface) for surface in e.surfaces},
        "years": [year._asdict() | {"mean": _plain(year.mean)} for year in e.years],
        "by_symbol": [
            {
                "symbol": each.symbol, "both": _group(each.both), "rest": _group(each.rest),
                "difference": _difference(each.difference),
            }
            for each in e.by_symbol
        ],
    }  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [_plain(interval.low), _plain(interval.high)]


def _group(group: Group) -> dict[str, Any]:
    return {
        "key": group.key,
        "title": group.title,
        "n": group.n,
        "days": group.seen,
        "mean": _plain(group.mean),
        "ci": _ends(group.ci),
        "median": _plain(group.median),
        "positive_pct": _plain(group.positive_pct),
        "positive_ci": _ends(group.positive_ci),
        "log_mean": _plain(group.log_mean),
        "log_ci": _ends(group.log_ci),
        "quantile_5": _plain(group.quantile),
        "expected_shortfall": _plain(group.shortfall),
        "tail_episodes": group.tail_episodes,
        "worst": _plain(group.worst),
        "worst_day": None if group.worst_day is None else group.worst_day.isoformat(),
        "worst_symbol": group.worst_symbol or None,
        "independent_windows": _plain(group.worth),
    }


def _difference(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    return {
        "value": _plain(difference.value),
        "ci": _ends(difference.ci),
        "verdict": difference.verdict,
    }


def _comparison(pair: Comparison) -> dict[str, Any]:
    return {
        "left": _group(pair.left),
        "right": _group(pair.right),
        "points": _difference(pair.points),
        "log": _difference(pair.log),
        "positive": _difference(pair.positive),
    }


def _grid(values: NDArray[np.float64]) -> list[list[float | None]]:
    return [[_plain(float(v)) for v in row] for row in values]


def _surface(surface: Surface) -> dict[str, Any]:
    return {
        "row_rule": surface.row_name,
        "column_rule": surface.column_name,
        "rows": list(surface.rows),
        "columns": list(surface.columns),
        "in_force": list(surface.at),
        "n": surface.n.astype(int).tolist(),
        "mean": _grid(surface.mean),
        "log_mean": _grid(surface.log_mean),
        "positive_pct": _grid(surface.positive_pct),
        "tail_pct": _grid(surface.tail_pct),
    }
