"""``vrp-xl history``: the daily history behind z-scores and realized volatility."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vrp_xl.commands.running import AdjustSplitsOption, KeepJumpsOption, say
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from datetime import date

    from vrp_xl.store.database import Store

app = typer.Typer(
    help="Daily history behind z-scores, IV rank and realized volatility.", no_args_is_help=True
)

SourceOption = Annotated[
    str | None, typer.Option("--source", help="Whose history; of the chosen source by default.")
]
PROBLEMS_SHOWN = 20
GAPS_SHOWN = 10


@app.command("import")
def history_import(
    file: Annotated[Path, typer.Argument(help="CSV with a date column and the field.")],
    symbol: Annotated[str, typer.Option("--symbol", help="Whose history it is.")],
    field: Annotated[str, typer.Option("--field", help="close, atm_iv, vrp_20d and others.")],
    source: SourceOption = None,
    adjust_splits: AdjustSplitsOption = False,
    keep_jumps: KeepJumpsOption = False,
) -> None:
    """Add daily history, so that HV90, z-scores and IV rank need not wait for it to grow.

    Closes that may hold a split which is not adjusted are refused with its date. The closes of VIX
    (--symbol VIX --field close) stand in for the history of SPY and SPX until they have their own.
    """
    from vrp_xl import desk
    from vrp_xl.core.symbols import symbol_of
    from vrp_xl.workflow.importing import import_history

    if adjust_splits and keep_jumps:
        raise InputError("--adjust-splits and --keep-jumps cannot go together.", "Choose one.")
    choice = desk.choose(source)
    rules = desk.rules_in_force().rules
    with desk.open_store() as store:
        report = import_history(
            store,
            choice.name,
            symbol_of(symbol),
            field,
            file,
            on_split="adjust" if adjust_splits else "keep" if keep_jumps else "refuse",
            rules=rules,
        )
    for problem in report.problems[:PROBLEMS_SHOWN]:
        say(problem)
    if len(report.problems) > PROBLEMS_SHOWN:
        say(f"and {len(report.problems) - PROBLEMS_SHOWN} more rows")
    print(f"{report}; kept for the source {choice.name}")


@app.command("split")
def history_split(
    symbol: Annotated[str, typer.Argument(help="Whose closes.")],
    day: Annotated[str, typer.Argument(help="The first day at the new price, YYYY-MM-DD.")],
    ratio: Annotated[
        str, typer.Argument(help="New for old: 2:1, 3:2, 1:10; none: no split; forget.")
    ],
    source: SourceOption = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Keep it although the closes hold no such step.")
    ] = False,
) -> None:
    """Say what a step in the stored closes is: a split, or the price itself.

    Until that is said, figures whose window holds the step are missing. What the closes do not
    hold is refused, with the largest step nearby.
    """
    from vrp_xl import desk
    from vrp_xl.core import splits
    from vrp_xl.core.symbols import symbol_of
    from vrp_xl.workflow.importing import mark_split

    word = ratio.strip().lower()
    said = {"none": splits.REAL, "forget": None}.get(word, 0.0)
    if said == 0.0:
        said = splits.ratio_of(word)
    choice = desk.choose(source)
    name, when = symbol_of(symbol), _day(day)
    with desk.open_store() as store:
        when = mark_split(
            store, choice.name, name, when, said, rules=desk.rules_in_force().rules, anyway=anyway
        )
    words = {"none": "no split, the price itself", "forget": "nothing is said any more"}
    told = words.get(word) or f"a {splits.ratio_words(said or 1.0)} split"
    print(f"{name} {when}: {told}; kept for the source {choice.name}")


def _day(text: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"{text[:20]!r} is no date.", "Write it as 2026-08-31.") from None


@app.command("show")
def history_show(
    symbol: Annotated[str | None, typer.Argument(help="One symbol; all by default.")] = None,
    field: Annotated[
        str | None, typer.Option("--field", help="One series; with a symbol, its values.")
    ] = None,
    source: SourceOption = None,
    days: Annotated[int, typer.Option("--days", help="Newest values shown.", min=1)] = 20,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
) -> None:
    """Show which series are stored: days, gaps, whether imported, whether thin.

    With a symbol and --field the newest values, too.
    """
    from vrp_xl import desk
    from vrp_xl.core.symbols import symbol_of
    from vrp_xl.workflow.stored_history import SeriesFacts, series_facts

    choice = desk.choose(source)
    name = symbol_of(symbol) if symbol is not None else None
    series = field.strip().lower() if field is not None else None
    with desk.open_store() as store:
        found = series_facts(
            store, choice.name, symbol=name, field=series, rules=desk.rules_in_force().rules
        )
        if not found:
            what = " ".join(word for word in (name, series) if word)
            about = f" of {what}" if what else ""
            fix = f"vrp-xl refresh, or: vrp-xl history import FILE --symbol {name or 'SPY'} --field"
            raise InputError(
                f"No history{about} is stored for the source {choice.name}.",
                f"{fix} {series or 'close'}",
            )
        if name is not None and series is not None:
            _values(store, choice.name, name, series, found[0], days, as_csv=as_csv)
            return
    head = ("symbol", "field", "days", "first", "last", "missing", "from", "enough")
    rows = [
        (f.symbol, f.field, str(f.days), str(f.first), str(f.last), str(f.missing), f.origin,
         f.thin or "yes")
        for f in found
    ]  # fmt: skip
    if as_csv:
        _csv(SeriesFacts._fields, found)
        return
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    print(f"Source {choice.name}; missing counts trading days between first and last")
    for row in (head, *rows):
        print("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())


def _values(
    store: Store,
    source: str,
    symbol: str,
    series: str,
    facts: object,
    days: int,
    *,
    as_csv: bool,
) -> None:
    """The values of one series: all of them as CSV, the newest for a person."""
    from vrp_xl.core.history import SPLIT
    from vrp_xl.workflow.stored_history import SeriesFacts, gaps

    rows = store.series(source, symbol, series)
    imported = {day for day, _ in store.series(source, symbol, series, imported=True)}
    if as_csv:
        _csv(
            ("day", series, "from"),
            [(day, value, "imported" if day in imported else "own") for day, value in rows],
        )
        return
    if isinstance(facts, SeriesFacts):
        thin = f", {facts.thin}" if facts.thin else ""
        print(
            f"{symbol} {series}, source {source}: {facts.days} days, {facts.first} to "
            f"{facts.last}, {facts.missing} trading days missing, {facts.origin}{thin}"
        )
    for day, value in rows[-days:]:
        print(f"{day}  {value:>12.6g}" + ("  imported" if day in imported else ""))
    holes = [] if series == SPLIT else gaps([day for day, _ in rows])
    for before, after, missing in holes[-GAPS_SHOWN:]:
        words = "1 trading day" if missing == 1 else f"{missing} trading days"
        print(f"gap: {words} between {before} and {after}")


def _csv(head: tuple[str, ...], rows: object) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)  # type: ignore[arg-type]
