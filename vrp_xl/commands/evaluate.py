"""``vrp-xl evaluate``: whether the rules worked, from files of history or from the journal.

A host: shows what `vrp_xl.workflow.evaluate` found. Everything heavy is imported when it runs.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vrp_xl.commands.running import AdjustSplitsOption, KeepJumpsOption, say
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from vrp_xl.core.bootstrap import Interval
    from vrp_xl.core.evidence import Group
    from vrp_xl.rules_file import LoadedRules
    from vrp_xl.workflow.evaluate import Material, Report

WIDTH = 100
"""Paragraphs are no wider, and a narrower terminal gets lines instead of tables."""


def evaluate(
    prices: Annotated[
        list[Path] | None,
        typer.Option("--prices", help="CSV of closes; repeatable.", show_default=False),
    ] = None,
    iv: Annotated[
        list[Path] | None,
        typer.Option(
            "--iv",
            help="CSV of implied volatility in points, one per --prices, in its order.",
            show_default=False,
        ),
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option("--symbol", help="Name of a pair; the file's by default.", show_default=False),
    ] = None,
    journal: Annotated[
        bool, typer.Option("--journal", help="The scans in your journal instead of files.")
    ] = False,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Whose journal; the chosen source by default."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option("--preset", help="standard, article, zscore, ratio, spike or wide."),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Rules file, .toml or .json.", show_default=False)
    ] = None,
    tenor: Annotated[
        int, typer.Option("--tenor", help="Calendar days that an outcome covers.", min=3, max=365)
    ] = 30,
    iv_percentile: Annotated[
        float,
        typer.Option(
            "--iv-percentile", help="IV percentile of the simpler screen.", min=0, max=100
        ),
    ] = 30.0,
    same_rules: Annotated[
        bool,
        typer.Option(
            "--same-rules", help="With --journal: only scans that were made by these rules."
        ),
    ] = False,
    adjust_splits: AdjustSplitsOption = False,
    keep_jumps: KeepJumpsOption = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="The workbook to write, .xlsx.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
) -> None:
    """Ask history whether the rules worked.

    Implied minus the realized volatility that followed, of the days that each filter passes, each
    bucket holds and each threshold lets through, with block bootstrap intervals. A proxy, not P&L.

    vrp-xl evaluate --prices spx.csv --iv vix.csv --symbol SPX --out evidence.xlsx
    """
    from vrp_xl import desk
    from vrp_xl.core.outcomes import tenor_returns
    from vrp_xl.workflow import evaluate as work

    if out is not None and out.suffix.lower() != ".xlsx":
        raise InputError(f"--out {out} must end in .xlsx.")
    if journal and (prices or iv or symbol):
        raise InputError("--journal and --prices cannot go together.", "Choose one.")
    if not journal and not (prices or iv):
        raise InputError(
            "There is nothing to evaluate.",
            "Give --prices FILE --iv FILE, or --journal for the scans that were kept.",
        )
    if source is not None and not journal:
        raise InputError("--source goes with --journal.")
    if same_rules and not journal:
        raise InputError("--same-rules goes with --journal.")
    if adjust_splits and keep_jumps:
        raise InputError("--adjust-splits and --keep-jumps cannot go together.", "Choose one.")
    if journal and (adjust_splits or keep_jumps):
        raise InputError(
            "--adjust-splits and --keep-jumps go with --prices.",
            "Of stored closes say it once: vrp-xl history split SYMBOL DAY RATIO (or: none).",
        )
    loaded = desk.rules_in_force(preset=preset, file=rules)
    material = (
        _journal(source, tenor, loaded if same_rules else None)
        if journal
        else work.from_files(
            work.pairs(prices or (), iv or (), symbol or ()),
            loaded.rules,
            tenor_returns(tenor),
            on_split="adjust" if adjust_splits else "keep" if keep_jumps else "ask",
        )
    )
    report = work.evaluate(
        material, loaded.rules, loaded.preset, tenor_days=tenor, iv_percentile_min=iv_percentile
    )
    if out is not None:  # before anything is printed: a pipe may close
        from vrp_xl.excel.evidence_book import write_evidence

        say(f"Workbook: {write_evidence(report, out)}")
    if as_json:
        import json

        print(json.dumps(work.report_dict(report), indent=2, allow_nan=False))
    else:
        from vrp_xl import terminal

        show(report, terminal.console(sys.stdout, piped=not sys.stdout.isatty()))


def show(report: Report, out: Console) -> None:
    """Prints the report: verdicts first, then groups, figures, buckets, and how to read them."""
    from rich.rule import Rule
    from rich.text import Text

    from vrp_xl.core.evidence import BUCKET_TITLES
    from vrp_xl.terminal import clean
    from vrp_xl.workflow.evaluate import answers

    e = report.evidence
    width = min(out.width, WIDTH)

    def told(words: str, indent: str = "", style: str = "") -> None:
        out.print(
            Text(
                textwrap.fill(clean(words), width, initial_indent=indent, subsequent_indent=indent),
                style=style,
            )
        )

    out.print(Rule(characters="="))
    out.print(Text("EVIDENCE: implied minus the realized volatility that followed", style="bold"))
    out.print(Rule(characters="="))
    told(report.period)
    told(
        "A proxy, not P&L; the windows overlap, and the intervals allow for it. More on that at "
        "the end."
    )
    for words in report.notes:
        told(f"Note: {words}", style="dim")
    out.print()
    found = answers(report)
    for answer in found:
        told(answer.question)
        told(answer.verdict, "  ", style="bold")
    out.print()
    c = e.counts
    z = "" if c.high_z_pct is None else (
        f" z is at or above {report.rules.z_min:g} on {c.high_z_pct:.2f} % of {c.with_z:,} days."
    )  # fmt: skip
    told(
        f"Of {c.inputs:,} days with all inputs {c.structural:,} pass Structural, {c.both:,} also "
        f"Tactical; {c.with_outcome:,} have an outcome.{z}"
    )
    out.print()
    _groups(out, "The two filters", (*e.groups, e.everything))
    told(
        "Points but for the log ratio, ln(implied / following). Worth: how many independent "
        "windows would give a mean as certain as this one.",
        style="dim",
    )
    out.print()
    for answer in found:
        told(answer.question, style="bold")
        told(answer.figures, "  ")
        out.print()
    for name, groups in e.buckets.items():
        _groups(out, BUCKET_TITLES[name], groups)
    if len(e.symbols) > 1:
        _symbols(out, report)
    out.print(Text("How to read this", style="bold"))
    for words in report.caveats:
        told(words, "  ")
    for words in report.inputs:
        told(f"From {words}.", "  ", style="dim")
    out.print()
    told("Every grid of thresholds in full: --json, or --out evidence.xlsx.", style="dim")


def ends(interval: Interval | None, form: str = "+.2f") -> str:
    """An interval in a table."""
    return "" if interval is None else f"{interval.low:{form}} to {interval.high:{form}}"


def _groups(out: Console, title: str, groups: Sequence[Group]) -> None:
    """A table of groups; lines where the terminal is narrow."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from vrp_xl.terminal import figure

    if out.width < WIDTH:
        out.print(Text(title, style="bold"))
        for g in groups:
            told = [
                f"{g.title}: {figure(g.mean, '+.2f')} points ({ends(g.ci) or 'no interval'})",
                f"{g.n:,} days",
                f"positive {figure(g.positive_pct, '.1f', ' %')}",
                f"5 % below {figure(g.quantile, '+.1f')}",
            ]
            out.print(Text("  " + ", ".join(told)))
        out.print()
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    table.add_column("Days", no_wrap=True)
    for name in (
        "n", "Mean", "95 % interval", "Log ratio", "Positive", "5 % below", "Their mean", "Worst",
        "Worth",
    ):  # fmt: skip
        table.add_column(name, justify="right", no_wrap=True)
    for g in groups:
        table.add_row(
            Text(g.title),
            f"{g.n:,}",
            figure(g.mean, "+.2f"),
            ends(g.ci) or "too few",
            figure(g.log_mean, "+.3f"),
            figure(g.positive_pct, ".1f", " %"),
            figure(g.quantile, "+.1f"),
            figure(g.shortfall, "+.1f"),
            figure(g.worst, "+.1f"),
            figure(g.worth, ",.0f"),
        )
    out.print(table)


def _symbols(out: Console, report: Report) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from vrp_xl.terminal import clean, figure

    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title="By symbol: pass both filters, or fail",
        title_justify="left",
    )  # fmt: skip
    table.add_column("Symbol", no_wrap=True)
    for name in ("n pass", "n fail", "Pass", "Fail", "Difference", "95 % interval"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in report.evidence.by_symbol:
        gap = each.difference
        table.add_row(
            Text(clean(each.symbol)),
            f"{each.both.n:,}",
            f"{each.rest.n:,}",
            figure(each.both.mean, "+.2f"),
            figure(each.rest.mean, "+.2f"),
            figure(None if gap is None else gap.value, "+.2f"),
            ends(None if gap is None else gap.ci) or "too few",
        )
    out.print(table)


def _journal(source: str | None, tenor: int, only: LoadedRules | None) -> Material:
    from vrp_xl import desk
    from vrp_xl.core.outcomes import tenor_returns
    from vrp_xl.errors import NoNumberError
    from vrp_xl.workflow import evaluate as work
    from vrp_xl.workflow import journal
    from vrp_xl.workflow.closes import stored_closes

    choice = desk.choose(source)
    if choice.name == "sample":
        raise InputError(
            "The figures of the sample market are invented: nothing follows them.",
            "Evaluate a real source (--source NAME), or files: --prices FILE --iv FILE.",
        )
    with desk.open_store() as store:
        made_by = journal.made_by(store, store.scans.heads(source=choice.name, sample=False))
        if only is not None:
            mine = [made for made in made_by if journal.same_rules(made, only.rules)]
            if made_by and not mine:
                raise NoNumberError(
                    "No scan of the journal was made by these rules; they were made by "
                    f"{', '.join(dict.fromkeys(made.preset for made in made_by))}.",
                    "Choose with --preset or --rules, or leave out --same-rules.",
                )
            made_by = mine
        numbers = frozenset().union(*(made.numbers for made in made_by))
        return work.from_journal(
            journal.records(
                store, source=choice.name, only=lambda head: head.rules_number in numbers
            ),
            lambda name: stored_closes(store, choice.name, name),
            choice.name,
            tenor_returns(tenor),
            made_by,
        )
