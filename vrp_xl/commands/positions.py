"""``vrp-xl positions``: what to do with every position, with an exit code for a scheduler."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from vrp_xl.commands.running import reader_may_leave, run, say
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from datetime import date

    from vrp_xl.desk import Choice
    from vrp_xl.rules_file import LoadedRules
    from vrp_xl.workflow.positions import Book, PositionFile

_SHEET = "the workbook's sheet Settings"
MUST_CLOSE, BAD_FILE, NO_FIGURES = 3, 2, 8
WORKBOOKS = (".xlsx", ".xlsm")


def positions(
    file: Annotated[Path, typer.Argument(help="CSV, or a desk workbook (.xlsm, .xlsx).")],
    source: Annotated[
        str | None,
        typer.Option("--source", help="Whose figures; the chosen source by default."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Read what is stored; ask no source.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
    equity: Annotated[
        float | None, typer.Option("--equity", help="Value of the account, USD.", min=0)
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option("--preset", help="standard, article, zscore, ratio, spike or wide."),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Rules file.", show_default=False)
    ] = None,
) -> None:
    """What to do with each position in a file, and why.

    Exit code 3 where something must be closed, cut or defended; else 2 where a line of the file
    could not be used, the refresh's own code where it failed, 8 where a position has no
    figures or those of an earlier session; else 0.
    """
    from vrp_xl import desk
    from vrp_xl.workflow import positions as workflow

    if as_json and as_csv:
        raise InputError("--json and --csv cannot go together.", "Choose one.")
    asked = _asked(file, source, preset=preset, rules=rules)
    loaded, choice, notices = asked.loaded, asked.choice, list(asked.notices)
    given = read_positions(file, choice.name)
    if loaded.ignored:
        notices.append("not used from the rules file: " + ", ".join(loaded.ignored))
    if choice.name == "sample" and source is None:
        notices.append(f"this is the embedded sample market: {choice.why}")
    if given.left_out:
        notices.append(given.left_out)
    notices += given.notices
    account = value_of_account(equity, given, loaded, by_file=rules is not None)
    rule = loaded.rules.equity
    if account is not None and rule is not None and account != rule:
        by = "--equity" if equity is not None else "the workbook"
        notices.append(f"equity is {account:,.0f} USD by {by}; the rule equity says {rule:,.0f}")
    held = sorted({p.symbol for p in given.positions if p.is_open})
    error = None
    with desk.open_store() as store:
        if held and not offline:
            opened = desk.open_source(choice.name, rules=loaded.rules)
            notices += opened.problems
            refreshed = run(store, held, loaded, choice.name, opened)
            error = refreshed.error
        book = workflow.review_book(
            store, choice.name, given.positions, loaded.rules, preset=loaded.preset,
            equity=account, notices=[*([store.notice] if store.notice else []), *notices],
        )  # fmt: skip
    with reader_may_leave():
        _print(book, given, as_json=as_json, as_csv=as_csv)
    for problem in given.problems:
        say(f"vrp-xl: {file}: {problem}")
    if error is not None:
        say(f"vrp-xl: {error}")
    code = _code(book, given, error)
    if code:
        raise typer.Exit(code)


class _Asked(NamedTuple):
    """Rules and source in force, and what to say of them."""

    loaded: LoadedRules
    choice: Choice
    notices: tuple[str, ...] = ()


def _asked(file: Path, source: str | None, *, preset: str | None, rules: Path | None) -> _Asked:
    """The rules and the source to judge by.

    A desk workbook brings its own; --preset, --rules and --source hold over them. Its source holds
    over the chosen one only where it is a real one, so that no cell of a workbook that was shipped
    so shows the sample market by surprise.

    Raises:
        VrpError: something in the rules is not allowed, or a source does not exist.
    """
    from vrp_xl import desk

    loaded = desk.rules_in_force(preset=preset, file=rules)
    if file.suffix.lower() not in WORKBOOKS:
        return _Asked(loaded, desk.choose(source))
    from vrp_xl.excel.settings_file import read_settings

    named = [f"--preset {preset}"] if preset is not None else []
    named += [f"--rules {rules}"] if rules is not None else []
    try:
        found = read_settings(file)
    except InputError:
        if not named:
            raise
        return _Asked(loaded, desk.choose(source), (f"{_SHEET} cannot be read and is not used",))
    if found is None:
        return _Asked(loaded, desk.choose(source))
    if named:
        told = [f"the rules of {_SHEET} are not used, those of {' and '.join(named)} are"]
    else:
        loaded = loaded._replace(rules=found.rules, preset=found.preset, ignored=())
        told = [f"rules are those of {_SHEET}: {found.words}"]
    own = found.source if found.source != "sample" else None
    choice = desk.choose(source or own)
    if found.source not in (None, choice.name):
        told.append(f"{_SHEET} reads {found.source}; figures here are from {choice.name}")
    return _Asked(loaded, choice, tuple(told))


def value_of_account(
    asked: float | None, given: PositionFile, loaded: LoadedRules, *, by_file: bool
) -> float | None:
    """USD: as asked for, else of a rules file that was named, of the workbook, of the rules.

    Args:
        asked: --equity.
        given: the positions; a workbook may hold the value.
        loaded: the rules in force.
        by_file: whether they are of a file that was named.
    """
    if asked is not None:
        return asked
    if by_file and loaded.rules.equity is not None:
        return loaded.rules.equity
    return given.equity if given.equity is not None else loaded.rules.equity


def _code(book: Book, given: PositionFile, error: Any) -> int:
    """What must be closed comes first: a scheduler must not miss it for a lesser trouble."""
    if book.must_close:
        return MUST_CLOSE
    if given.bad:
        return BAD_FILE
    if error is not None:
        return int(error.exit_code)
    return NO_FIGURES if book.blind else 0


def read_positions(file: Path, source: str) -> PositionFile:
    """The positions in `file`; rows marked SAMPLE count where the source is the sample market.

    Raises:
        InputError: it cannot be read, or none of its lines can be used.
    """
    from vrp_xl.workflow.positions import read_csv

    if file.suffix.lower() in WORKBOOKS:
        from vrp_xl.excel.positions_file import read_workbook

        return read_workbook(file, today=_today(), samples=source == "sample")
    return read_csv(file, today=_today())


def _today() -> date:
    from datetime import UTC, datetime

    from vrp_xl.core.calendar import NEW_YORK

    return datetime.now(UTC).astimezone(NEW_YORK).date()


def _print(book: Book, given: PositionFile, *, as_json: bool, as_csv: bool) -> None:
    from vrp_xl.workflow import positions as workflow

    if as_json:
        import json

        told = workflow.book_dict(book, given.problems)
        print(json.dumps(told, indent=2, allow_nan=False))
    elif as_csv:
        import csv

        from vrp_xl.workflow.tables import harmless

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(workflow.CSV_COLUMNS)
        for review in book.reviews:
            row = workflow.review_dict(review)
            writer.writerow(
                ["" if row[c] is None else harmless(row[c]) for c in workflow.CSV_COLUMNS]
            )
    else:
        from vrp_xl import terminal, terminal_book

        out = terminal.console(sys.stdout, piped=not sys.stdout.isatty())
        terminal_book.show_book(book, out)
