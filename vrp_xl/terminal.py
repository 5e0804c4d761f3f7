"""The scan on a terminal: a plan per candidate, a table of the rest, and what to do next.

Plain text where the output is piped. Text from outside is escaped, so that it cannot become
markup or move the cursor. A host: shows what the workflow decided and decides nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from vrp_xl.core import calendar
from vrp_xl.core.exit_plan import exit_plan
from vrp_xl.core.history import WINDOWED, WINDOWS, z_from
from vrp_xl.core.matrix import CELL_NAME
from vrp_xl.core.premium import FUNNEL_MEANING
from vrp_xl.core.rules import SPECS
from vrp_xl.errors import printable
from vrp_xl.workflow.columns import score_words
from vrp_xl.workflow.levels import crossing_words, window_words
from vrp_xl.workflow.scan import age_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from typing import TextIO

    from vrp_xl.core.rules import Rules
    from vrp_xl.core.snapshot import Snapshot
    from vrp_xl.workflow.compare_sources import SourceView
    from vrp_xl.workflow.scan import Failure, Row, Scan

PIPED_WIDTH = 120
TABLE_WIDTH = 100
"""A narrower terminal gets lines instead of the table of the rest."""
FAILURES_LISTED = 20
"""Names without figures that get a line each; more are told by kind."""
REASONS_LISTED = 12
"""Reasons that the terminal lists of a screen; JSON has them all."""
_CELL_STYLE = {
    "A": "bold white on #0072B2",
    "B": "bold black on #E69F00",
    "C": "bold black on #CFE8F5",
    "D": "bold white on #4D4D4D",
    "?": "bold",
}


class _Console(Console):
    """A console that leaves it to its host what a closed pipe means."""

    def on_broken_pipe(self) -> None:
        """Raises it: rich would end the run."""
        raise BrokenPipeError


def console(file: TextIO, *, piped: bool) -> Console:
    """A console for `file`; without colour and with a fixed width where it is piped."""
    if piped:
        return _Console(
            file=file, width=PIPED_WIDTH, no_color=True, highlight=False, soft_wrap=True
        )
    return _Console(file=file, highlight=False)


def clean(text: object) -> str:
    """Text from outside without control characters."""
    return printable(str(text))


def figure(value: float | None, form: str, unit: str = "") -> str:
    """A number in its form, or "n/a" where it is missing."""
    return "n/a" if value is None else f"{value:{form}}{unit}"


def money(value: float | None) -> str:
    """A price with its sign of currency."""
    return "n/a" if value is None else f"${value:,.2f}"


def ordinal(value: float) -> str:
    """82 -> "82nd".

    >>> ordinal(82), ordinal(11), ordinal(93.4)
    ('82nd', '11th', '93rd')
    """
    n = round(value)
    suffix = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{suffix}"


def show_scan(scan: Scan, out: Console, *, everything: bool = False) -> None:
    """Prints the scan.

    Args:
        scan: the finished scan.
        out: where to.
        everything: a full plan for every row, not for candidates alone.
    """
    _headline(scan, out)
    planned = scan.rows if everything else scan.candidates
    for row in planned:
        _plan(row, out, everything=everything)
    rest = [row for row in scan.rows if row not in planned]
    if not scan.candidates and scan.looked_at:
        out.print()
        out.print(Text("No candidate this morning. Doing nothing is a position.", style="bold"))
    if rest:
        _rest(rest, out, min(row.age for row in scan.rows))
    if scan.seen is not None:
        _reasons(scan, out)
    if scan.failed:
        out.print()
        out.print(Text("No figures", style="bold"))
        for words in _failures(scan.failed):
            out.print(Text(f"  {clean(words)}"))
    kept = [row for row in scan.rows if row.state == "kept"]
    if kept:
        out.print()
        out.print(Text("Kept from before", style="bold"))
        for row in kept:
            out.print(
                Text(f"  {row.snapshot.symbol:<8} {age_words(row.age)} old: {clean(row.state_why)}")
            )


def _reasons(scan: Scan, out: Console) -> None:
    """Why a screen left names out, counted: those without a cell first."""
    for has_cell, title in ((False, "Without a cell"), (True, "With a cell and left out")):
        lines = [left for left in scan.left if left.has_cell is has_cell]
        if not lines:
            continue
        names = sum(left.names for left in lines)
        out.print()
        out.print(Text(f"{title}: {names:,} of {scan.looked_at:,}", style="bold"))
        for left in lines[:REASONS_LISTED]:
            more = ", ..." if left.names > len(left.first) else ""
            out.print(Text(f"  {left.names:>7,}  {clean(left.why)}: {', '.join(left.first)}{more}"))
        rest = lines[REASONS_LISTED:]
        if rest:
            told = sum(left.names for left in rest)
            out.print(Text(f"  {told:>7,}  for {len(rest)} other reasons; --json lists them all"))


def _failures(failed: Sequence[Failure]) -> Iterator[str]:
    """A line each; of a long list a line for each kind of error."""
    if len(failed) <= FAILURES_LISTED:
        for failure in failed:
            yield f"{failure.symbol:<8} {failure.why}"
        return
    by_error: dict[str, list[Failure]] = {}
    for failure in failed:
        by_error.setdefault(failure.error, []).append(failure)
    for error, some in sorted(by_error.items(), key=lambda item: -len(item[1])):
        names = ", ".join(failure.symbol for failure in some[:8])
        more = ", ..." if len(some) > 8 else ""
        yield f"{len(some):,} x {error}: {names}{more}"
        yield f"    the first: {some[0].why}"


def _headline(scan: Scan, out: Console) -> None:
    out.print(Rule(characters="="))
    title = Text("VRP MORNING SCAN", style="bold")
    if scan.sample:
        title.append("   SAMPLE MARKET: made-up prices, not for trading", style="bold red")
    out.print(title)
    as_of = scan.as_of
    when = (
        as_of.astimezone(calendar.NEW_YORK).strftime("%a %Y-%m-%d %H:%M New York")
        if as_of
        else "no figures"
    )
    market = "open" if calendar.session_open(scan.scanned_at) else "closed"
    changed = scan.rules.changed()
    preset = scan.preset + (f", {len(changed)} rules off the standard" if changed else "")
    out.print(Text(f"As of {when} | market {market} | source {scan.source} | preset {preset}"))
    counts = "  ".join(f"{letter} {n}" for letter, n in scan.counts.items())
    out.print(Text(f"{len(scan.candidates)} of {scan.looked_at:,} are candidates | {counts}"))
    out.print(Rule(characters="="))
    for notice in scan.notices:
        out.print(Text(f"Note: {clean(notice)}", style="italic"))


def _plan(row: Row, out: Console, *, everything: bool = False) -> None:
    s, d = row.snapshot, row.decision
    cell = d.sign
    head = Text(f"{s.symbol} ", style="bold")
    head.append(f" {cell} ", style=_CELL_STYLE[cell])
    head.append(
        f" {CELL_NAME[d.cell].upper()}" if d.cell else " no cell of the matrix", style="bold"
    )
    if row.yesterday and row.yesterday != cell:
        head.append(f"  (yesterday {row.yesterday})")
    head.append(f"   {clean(d.action)}", style="bold green" if d.candidate else "")
    out.print()
    out.print(head)
    for label, words in _plan_lines(row):
        out.print(Text(f"  {label:<12}{clean(words)}"))
    for label, words in _chain_lines(row) if everything else ():
        out.print(Text(f"  {label:<12}{clean(words)}"))


def _plan_lines(row: Row) -> Iterator[tuple[str, str]]:
    s, d, p = row.snapshot, row.decision, row.decision.premium
    if s.z_score is None:
        yield "z-score", "n/a: " + s.missing.get("z_score", "not delivered")
    else:
        parts = [f"{s.z_score:+.2f}"]
        if s.percentile is not None:
            parts.append(f"{ordinal(s.percentile)} percentile")
        if s.history_days is not None:
            parts.append(f"{s.history_days} days")
        if row.z_change is not None:
            parts.append(f"{row.z_change:+.2f} since yesterday")
        told = z_from(s)
        if told is not None and told != "as delivered":
            parts.append(told)
        yield "z-score", ", ".join(parts)
    if any(getattr(s, name) is not None for name in WINDOWED):
        yield "Windows", _windows(s)
    yield (
        "Premium",
        (
            f"ATM IV {figure(s.atm_iv, '.1f', ' %')}  RV20 {figure(s.rv_20d, '.1f', ' %')}  "
            f"spread {figure(s.vrp_20d, '+.1f')} points  "
            f"(30-day IV {figure(s.atm_iv_30d, '.1f', ' %')}, "
            f"spread {figure(p.spread_30d, '+.1f')})"
        ),
    )
    yield (
        "Ratios",
        (
            f"IV/HV90 {figure(p.structural, '.2f')}  IV/HV30 {figure(p.tactical, '.2f')}  "
            f"funnel: {p.funnel or 'n/a'}  HV30/HV90 {figure(p.compression, '.2f')}"
            + (f" ({p.compression_band})" if p.compression_band else "")
        ),
    )
    if p.funnel is not None and not d.candidate:
        yield "", FUNNEL_MEANING[p.funnel]
    yield (
        "Sides",
        (
            f"put VRP {figure(s.put_vrp, '+.1f')}  call VRP {figure(s.call_vrp, '+.1f')}  "
            f"lean: {d.lean or 'n/a'}"
        ),
    )
    flip = money(s.gamma_flip)
    if s.gamma_flip is None and s.gamma_flip_status:
        flip += f" ({s.gamma_flip_status})"
    basis = {"net_gex": "sign of net GEX", None: "assumed" if d.gamma != "unknown" else ""}
    rests_on = basis.get(d.gamma_basis, d.gamma_basis)
    yield (
        "Gamma",
        (
            d.gamma
            + (f" ({rests_on})" if rests_on else "")
            + f"  flip {flip}  distance {figure(d.flip_distance_pct, '+.1f', ' %')}"
        ),
    )
    yield (
        "Levels",
        (
            f"put wall {money(s.put_wall)}  call wall {money(s.call_wall)}  "
            f"max gamma {money(s.max_gamma)}  spot {money(s.spot)}"
        ),
    )
    yield from _level_lines(row)
    if d.structure is not None:
        named = score_words(row)
        score = f"no {named}" if d.score is None else f"{named} {d.score:.0f}"
        yield "Structure", f"{d.structure.title} ({score}), {d.structure.risk} risk"
    yield from _strike_lines(row)
    yield from _edge_lines(row)
    yield from _size_lines(row)
    yield from _tenor_lines(row)
    for i, line in enumerate(exit_plan(d, row.rules, flip=s.gamma_flip)):
        yield ("Get out" if i == 0 else ""), line
    yield "Status", d.status
    confirmed = _confirmed(row)
    if confirmed:
        yield "Confirm", confirmed
    if s.next_earnings is not None:
        yield "Earnings", s.next_earnings.isoformat()
    for i, line in enumerate(d.why):
        yield ("Why" if i == 0 else ""), line
    for i, line in enumerate(d.warnings):
        yield ("Warnings" if i == 0 else ""), line
    stale = ", stale: a session has opened since" if row.stale else ""
    yield "Data", f"{s.source}, {age_words(row.age)} old{stale}"


def _tenor_lines(row: Row) -> Iterator[tuple[str, str]]:
    """Where the premium is largest, and where the strikes stand where that is elsewhere."""
    if row.tenor is None:
        return
    yield "Tenor", row.tenor.why
    plan, richest = row.decision.strikes, row.tenor.suggested
    if plan is not None and richest is not None and plan.days != richest:
        target = f"target_dte {row.rules.target_dte}"
        yield "", f"the strikes stand at {plan.days} days: the expiry nearest to {target}"


def _size_lines(row: Row) -> Iterator[tuple[str, str]]:
    """The size, and what open positions have used of the caps."""
    yield "Size", f"{row.decision.size:.2f}x standard{_contracts(row)}"
    if row.sized is not None and any(cap.held for cap in row.sized.caps):
        for cap in row.sized.caps:
            yield "", cap.words


def _contracts(row: Row) -> str:
    """Whole contracts where the account is known, and what limits them."""
    if row.sized is None or row.rules.equity is None:
        return ""
    return f": {row.sized.words}"


def _windows(s: Snapshot) -> str:
    """z, IV rank and IV percentile over each window, for example ``z 60/252/504d +1/+2/n/a``."""
    days = "/".join(str(window) for window in WINDOWS)
    groups = (("z", "z", "+.2f"), ("IV rank", "iv_rank", ".0f"),
              ("IV percentile", "iv_percentile", ".0f"))  # fmt: skip
    told = [
        f"{words} " + " / ".join(figure(getattr(s, f"{name}_{w}"), shape) for w in WINDOWS)
        for words, name, shape in groups
    ]
    return f"over {days} days: " + "   ".join(told)


def _level_lines(row: Row) -> Iterator[tuple[str, str]]:
    """Levels of the traded window, and every crossing where there are several."""
    s = row.snapshot
    w = s.window_levels
    if w:
        yield (
            "",
            (
                f"{window_words(s)} alone: put wall {money(w.get('put_wall'))}  "
                f"call wall {money(w.get('call_wall'))}  max gamma {money(w.get('max_gamma'))}  "
                f"flip {money(w.get('gamma_flip'))}"
            ),
        )
    if len(s.crossings) > 1:
        yield "", "gamma is " + ", ".join(crossing_words(c) for c in s.crossings)


_ESTIMATORS = (
    ("yang_zhang_20d", "Yang-Zhang 20"), ("yang_zhang_30d", "30"),
    ("rogers_satchell_20d", "Rogers-Satchell 20"), ("garman_klass_20d", "Garman-Klass 20"),
    ("parkinson_20d", "Parkinson 20"),
)  # fmt: skip
"""Realized volatility of ranges, beside RV20, and how a line of it begins."""

_DAY = timedelta(days=1)

MOST_EXPIRIES = 12
"""Expiries that the terminal lists; `VRP_LEVELS` and JSON have them all."""


def _chain_lines(row: Row) -> Iterator[tuple[str, str]]:
    """What the chain says by expiry, and what was left out of it."""
    s = row.snapshot
    known = [(words, value) for name, words in _ESTIMATORS
             if (value := getattr(s, name)) is not None]  # fmt: skip
    if known:
        yield "Estimators", "  ".join(f"{words} {value:.1f} %" for words, value in known)
    for i, e in enumerate(s.expiries[:MOST_EXPIRIES]):
        wings = f"{figure(e.put_wing_iv, '.1f')} / {figure(e.call_wing_iv, '.1f')}"
        gex = "n/a" if e.net_gex is None else f"{e.net_gex / 1e6:+,.0f} m"
        words = (
            f"{e.dte:>4} {'day ' if e.dte == 1 else 'days'}  "
            f"ATM IV {figure(e.atm_iv, '.1f', ' %')}  wings {wings}  "
            f"move {money(e.expected_move)}  net GEX {gex}"
        )
        yield ("Expiries" if i == 0 else ""), words
    more = len(s.expiries) - MOST_EXPIRIES
    if more > 0:
        yield "", f'{more} more: vrp-xl call \'=VRP_LEVELS("{s.symbol}", "expiries")\''
    if s.dropped:
        told = ", ".join(f"{n:,} {why}" for why, n in s.dropped.items())
        yield "Left out", f"contracts {told}"


def _strike_lines(row: Row) -> Iterator[tuple[str, str]]:
    plan = row.decision.strikes
    if plan is None:
        return
    move = money(plan.expected_move)
    since = f"{plan.days} days from {plan.expiry - timedelta(days=plan.days)}"
    yield "Strikes", f"expiry {plan.expiry} ({since}, expected move {move})"
    for leg in plan.legs:
        told = [leg.words]
        if leg.delta is not None:
            told.append(f"delta {leg.delta:+.2f}")
        if leg.moves is not None:
            told.append(f"{leg.moves:+.2f} moves")
        if leg.basis is not None and leg.sign < 0:
            told.append(f"by {leg.basis}")
        if leg.note:
            told.append(leg.note)
        yield "", "  ".join(told)


def _edge_lines(row: Row) -> Iterator[tuple[str, str]]:
    e = row.edge
    if e is None:
        if row.decision.structure is not None:
            yield "Edge", f"n/a: {row.edge_why}"
        return
    if e.edge_30 is None:
        told = "n/a at HV30: " + row.snapshot.missing.get("rv_30d", "HV30 is not known")
    else:
        told = f"{_dollars(e.edge_30)} per contract at HV30"
        shares = [
            f"{figure(e.edge_30_pct_credit, '+.1f', ' %')} of the credit {e.credit:,.0f}",
            f"{figure(e.edge_30_pct_loss, '+.1f', ' %')} of the {e.loss_kind} loss {e.loss:,.0f}",
        ]
        told += f" ({', '.join(shares)})"
    if e.edge_90 is not None:
        told += f"; {_dollars(e.edge_90)} at HV90"
    yield "Edge", told
    yield "", e.basis


def _dollars(value: float) -> str:
    return f"{'-' if value < 0 else '+'}${abs(value):,.0f}"


def _confirmed(row: Row) -> str:
    s = row.snapshot
    told = []
    if s.harvest_score is not None:
        told.append(f"harvest {s.harvest_score:.2f}")
    if s.net_harvest_score is not None:
        told.append(f"net harvest {s.net_harvest_score:.0f}")
    if s.dealer_flow_risk is not None:
        told.append(f"flow risk {s.dealer_flow_risk:.0f}")
    if s.vrp_regime:
        told.append(s.vrp_regime.replace("_", " "))
    if s.iv_rank is not None:
        told.append(f"IV rank {s.iv_rank:.0f}")
    return ", ".join(told)


def _rest(rows: list[Row], out: Console, youngest: timedelta) -> None:
    out.print()
    if out.width < TABLE_WIDTH:
        _rest_narrow(rows, out, youngest)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="The rest", title_justify="left")
    for name, justify in (
        ("Symbol", "left"), ("Cell", "center"), ("z", "right"), ("Spread", "right"),
        ("IV/HV90", "right"), ("IV/HV30", "right"), ("Gamma", "left"), ("To flip", "right"),
    ):  # fmt: skip
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("Left out because", overflow="fold")
    for row in rows:
        s, d, p = row.snapshot, row.decision, row.decision.premium
        cell = d.sign
        change = f" (was {row.yesterday})" if row.yesterday and row.yesterday != cell else ""
        table.add_row(
            Text(s.symbol),
            Text(f"{cell}{change}", style=_CELL_STYLE[cell]),
            figure(s.z_score, "+.2f"),
            figure(s.vrp_20d, "+.1f"),
            figure(p.structural, ".2f"),
            figure(p.tactical, ".2f"),
            d.gamma + {"net_gex": " (GEX)"}.get(d.gamma_basis or "", ""),
            figure(d.flip_distance_pct, "+.1f", " %"),
            Text("\n".join(map(clean, _left_out(row, youngest)))),
        )
    out.print(table)


def _left_out(row: Row, youngest: timedelta) -> list[str]:
    """Why a row is no candidate; then what its own chain says that a reader should know.

    The scan says how old its newest figures are; a row that is a day older says so.
    """
    s, d = row.snapshot, row.decision
    notes = [f"figures are {age_words(row.age)} old"] if row.age - youngest >= _DAY else []
    notes += s.warnings if s.score_kind == "local" else ()
    return ["; ".join(d.why) or d.status, *(f"note: {words}" for words in notes)]


def _rest_narrow(rows: list[Row], out: Console, youngest: timedelta) -> None:
    """The rest without a table, for a terminal in which its columns would not fit."""
    out.print(Text("The rest", style="bold"))
    for row in rows:
        s, d = row.snapshot, row.decision
        cell = d.sign
        line = Text(f"{s.symbol:<8}")
        line.append(f" {cell} ", style=_CELL_STYLE[cell])
        line.append(f"  z {figure(s.z_score, '+.2f')}  spread {figure(s.vrp_20d, '+.1f')}")
        out.print(line)
        for words in _left_out(row, youngest):
            out.print(Text("  " + clean(words)))


def show_sources(views: Sequence[SourceView], now: datetime, out: Console) -> None:
    """Prints what each source gives, a column each."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", overflow="fold")
    for view in views:
        table.add_column(view.name, overflow="fold", max_width=30)

    def line(label: str, words: Callable[[SourceView], str]) -> None:
        table.add_row(label, *(clean(words(view)) for view in views))

    line("what", lambda v: v.what)
    line("can be asked", lambda v: v.state)
    line("a refresh costs", lambda v: v.cost or "-")
    line("names stored", lambda v: f"{v.names} of {v.asked}")
    for group in next((view.filled for view in views), ()):
        line(f"  {group}", lambda v, group=group: figure(v.filled[group], ".0f", " %"))  # type: ignore[misc]
    line("newest figures", lambda v: _aged(v.newest, now))
    line("oldest figures", lambda v: _aged(v.oldest, now))
    line("days behind z", lambda v: figure(v.history_days, "d"))
    line("z from", lambda v: "; ".join(v.z_from) or "n/a")
    out.print(table)


def _aged(when: datetime | None, now: datetime) -> str:
    if when is None:
        return "n/a"
    local = when.astimezone(calendar.NEW_YORK)
    return f"{local:%Y-%m-%d %H:%M} New York, {age_words(now - when)} old"


def show_rules(rules: Rules, preset: str, out: Console) -> None:
    """Prints every rule by group, with a mark where it differs from the standard."""
    out.print(Text(f"Preset {preset}. A * marks what differs from the standard.", style="bold"))
    group = None
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Rule", "Value", "Unit", "Default", "Takes", "Meaning", "Source"):
        table.add_column(name, overflow="fold")
    for spec in SPECS.values():
        if spec.group != group:
            group = spec.group
            table.add_row(Text(group, style="bold"))
        value = getattr(rules, spec.name)
        mark = "" if value == spec.default else " *"
        table.add_row(
            spec.name, rule_text(value) + mark, spec.unit, rule_text(spec.default), spec.allowed,
            spec.doc, spec.source,
        )  # fmt: skip
    out.print(table)


def rule_text(value: object) -> str:
    """A rule's value as a person writes it.

    >>> rule_text(None), rule_text(True), rule_text(1.75), rule_text("walls")
    ('blank', 'on', '1.75', 'walls')
    """
    if value is None:
        return "blank"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
