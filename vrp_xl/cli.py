"""The ``vrp-xl`` command: a host that turns words into calls and errors into exit codes.

Everything heavy is imported inside the command that needs it, so that ``--help`` is instant.
Exit codes: 0 done; 1 a bug of ours; 2 usage or bad rules; 3 a position must be closed; 4 key;
5 plan; 6 quota; 7 network, server or store; 8 no usable symbol.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from vrp_xl import __version__
from vrp_xl.commands import history as history_commands
from vrp_xl.commands import journal as journal_commands
from vrp_xl.commands.evaluate import evaluate
from vrp_xl.commands.positions import positions, read_positions, value_of_account
from vrp_xl.commands.running import account_of, progress_bar, reader_may_leave, run, say
from vrp_xl.core.symbols import symbol_of
from vrp_xl.errors import InputError, VrpError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from vrp_xl.core.positions import Position
    from vrp_xl.desk import Opened
    from vrp_xl.rules_file import LoadedRules
    from vrp_xl.store.database import Store
    from vrp_xl.workflow.morning import Morning


class _Commands(TyperGroup):
    """The commands, each of which may be piped."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        with reader_may_leave():
            return super().invoke(ctx)


app = typer.Typer(
    name="vrp-xl",
    cls=_Commands,
    help="The variance risk premium, every morning: what to sell, where, how big, when to get out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
rules_app = typer.Typer(help="Every threshold, and files that change them.", no_args_is_help=True)
key_app = typer.Typer(help="The API key, kept in the keyring.", no_args_is_help=True)
watch_app = typer.Typer(help="The names that a scan without symbols looks at.")
app.add_typer(rules_app, name="rules")
app.add_typer(key_app, name="key")
app.add_typer(watch_app, name="watchlist")

Symbols = Annotated[
    list[str] | None, typer.Argument(help="Symbols; the watchlist where none are given.")
]
SourceOption = Annotated[
    str | None,
    typer.Option("--source", help="sample, flashalpha, cboe or folder; else the chosen one."),
]
PresetOption = Annotated[
    str | None,
    typer.Option("--preset", help="standard, article, zscore, ratio, spike or wide."),
]
ZMinOption = Annotated[float | None, typer.Option("--z-min", help="z-score that counts as high.")]
SpreadOption = Annotated[
    float | None, typer.Option("--spread-min", help="Spread in points that must be exceeded.")
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of your own chain and price files.", show_default=False),
]
EquityOption = Annotated[
    float | None, typer.Option("--equity", help="Value of the account, USD.", min=0.01)
]
RulesOption = Annotated[
    Path | None, typer.Option("--rules", help="Rules file, .toml or .json.", show_default=False)
]


def main() -> None:
    """Runs the command and leaves with its exit code."""
    if isinstance(sys.stdout, TextIOWrapper):  # an old code page holds not every letter
        sys.stdout.reconfigure(errors="replace")
    try:
        app(standalone_mode=True)
    except VrpError as error:
        say(f"vrp-xl: {error}")
        sys.exit(error.exit_code)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"vrp-xl {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


def _symbols(store: Store, given: Sequence[str] | None) -> list[str]:
    """Upper-case symbols without duplicates; the watchlist where none are given.

    Raises:
        InputError: a word that cannot be a symbol, or an empty watchlist.
    """
    if given:
        words = [part for word in given for part in word.split(",") if part.strip()]
        return list(dict.fromkeys(symbol_of(word) for word in words))
    watched = [watched.symbol for watched in store.watchlist()]
    if not watched:
        raise InputError("The watchlist is empty.", "Add names: vrp-xl watchlist add SPY QQQ.")
    return watched


def _end(result: Morning) -> None:
    """Says what stopped the refresh and leaves with its code."""
    error = result.error
    if error is not None:
        say(f"vrp-xl: {error}")
        kept = result.scan.looked_at
        if kept:
            names = "1 symbol is" if kept == 1 else f"{kept} symbols are"
            say(f"{names} shown from what was stored.")
        raise typer.Exit(error.exit_code)
    if not result.scan.looked_at:
        why = result.scan.failed[0].why if result.scan.failed else "nothing was asked for"
        say(f"vrp-xl: no usable symbol: {why}")
        raise typer.Exit(8)


@app.command()
def scan(
    symbols: Symbols = None,
    source: SourceOption = None,
    preset: PresetOption = None,
    z_min: ZMinOption = None,
    spread_min: SpreadOption = None,
    rules: RulesOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="A full plan for every symbol, not for candidates alone.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="The workbook to write, .xlsx.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Read what is stored; ask no source.")
    ] = False,
    data: DataOption = None,
    universe: Annotated[
        Path | None,
        typer.Option("--universe", help="Screen the many names in a file.", show_default=False),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin the screen anew instead of going on.")
    ] = False,
    positions_file: Annotated[
        Path | None,
        typer.Option(
            "--positions",
            help="Open positions, as for `vrp-xl positions`: they count in the caps.",
            show_default=False,
        ),
    ] = None,
    equity: EquityOption = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Pin it in the journal: no later scan replaces it.")
    ] = False,
    no_journal: Annotated[
        bool, typer.Option("--no-journal", help="Leave it out of the journal.")
    ] = False,
) -> None:
    """Refresh and scan: plans, reasons and a workbook.

    A plan per candidate, the rest with the reason each was left out. With --universe the
    candidates alone and the counts of all; stopped half way, the same command goes on.

    Without a key the embedded sample market is scanned, and every screen says so.
    """
    from vrp_xl import desk

    if as_json and as_csv:
        raise InputError("--json and --csv cannot go together.", "Choose one.")
    if out is not None and out.suffix.lower() != ".xlsx":
        raise InputError(f"--out {out} must end in .xlsx.")
    if universe is not None and symbols:
        raise InputError("Symbols and --universe cannot go together.", "Choose one.")
    if restart and universe is None:
        raise InputError("--restart goes with --universe.")
    if keep and (no_journal or universe is not None):
        raise InputError("--keep cannot go with --no-journal or --universe.", "Choose one.")
    loaded = desk.rules_in_force(preset=preset, file=rules, z_min=z_min, spread_min=spread_min)
    choice = desk.choose(source if data is None or source is not None else "folder")
    notices = []
    if loaded.ignored:
        notices.append("not used from the rules file: " + ", ".join(loaded.ignored))
    if choice.name == "sample" and source is None:
        notices.append(
            f"this is the embedded sample market, because {choice.why}; live data: "
            "vrp-xl source cboe (free), or vrp-xl key set"
            if choice.why.startswith("no source")
            else "this is the embedded sample market, as chosen with `vrp-xl source`"
        )
    held = None
    if positions_file is not None:
        given = read_positions(positions_file, choice.name)
        held = given.positions
        equity = value_of_account(equity, given, loaded, by_file=rules is not None)
        notices += given.told(positions_file.name)
    if equity is not None:
        loaded = loaded._replace(rules=loaded.rules.with_values({"equity": equity}))
    with desk.open_store() as store:
        opened = None if offline else desk.open_source(choice.name, data=data, rules=loaded.rules)
        if opened is not None:
            notices += opened.problems
        if universe is not None:
            result = _screen(
                store, universe, loaded, choice.name, opened,
                restart=restart, notices=notices, positions=held,
            )  # fmt: skip
        else:
            names = _names(store, symbols, choice.name, opened)
            result = run(store, names, loaded, choice.name, opened, notices=notices, positions=held)
            if not no_journal:
                journal_commands.kept(store, result, pinned=keep)
    with reader_may_leave():
        _print(result, as_json=as_json, as_csv=as_csv, everything=everything)
    if out is not None or not (as_json or as_csv):
        path = _write(result, out)
        if path is not None:
            say(f"Workbook: {path}") if as_json or as_csv else print(f"\nWorkbook: {path}")
    _end(result)


def _screen(
    store: Store,
    file: Path,
    loaded: LoadedRules,
    source_name: str,
    opened: Opened | None,
    *,
    restart: bool,
    notices: list[str],
    positions: Sequence[Position] | None,
) -> Morning:
    """The screen over the names in a file: says what is left and what it costs, then runs it."""
    from vrp_xl.workflow.importing import read_watchlist
    from vrp_xl.workflow.refresh import cost
    from vrp_xl.workflow.universe import begin, screen

    listed = read_watchlist(file)
    notices = [*notices, *(f"{file.name}: {problem}" for problem in listed.problems)]
    names = [item.symbol for item in listed.items]
    run = begin(store, source_name, names, restart=restart)
    if opened is not None:
        told = cost(opened.source, store, run.rest, account=opened.account)
        going_on = ""
        if run.went_on:
            day = run.began.astimezone().strftime("%H:%M")
            going_on = f", going on with the run of {day}: {len(run.done):,} are done"
        say(f"Screening {len(names):,} names from {source_name}{going_on}; {told}.")
    progress, finish = progress_bar()
    try:
        return screen(
            store,
            source_name,
            run,
            loaded.rules,
            preset=loaded.preset,
            source=opened.source if opened else None,
            account=opened.account if opened else account_of(source_name),
            progress=progress or _told_by_tenths(),
            notices=notices,
            positions=positions,
        )
    except KeyboardInterrupt:
        say("Stopped; what came is kept. The same command asks for the rest.")
        raise typer.Exit(130) from None
    finally:
        finish()
        if opened is not None:
            opened.source.close()


def _told_by_tenths() -> Callable[[int, int, str, str], None]:
    """Progress as a line at every tenth, where standard error is no terminal."""
    told = 0

    def show(done: int, total: int, symbol: str, state: str) -> None:  # noqa: ARG001
        nonlocal told
        tenth = 10 * done // total
        if tenth > told:
            told = tenth
            say(f"{done:,} of {total:,} names")

    return show


def _names(
    store: Store, given: Sequence[str] | None, source_name: str, opened: Opened | None
) -> list[str]:
    """The symbols that are given, else what the source holds, else the watchlist.

    Of the sample market all twelve names, while the watchlist is the default.
    """
    if given:
        return _symbols(store, given)
    if opened is not None and opened.symbols:
        return list(opened.symbols)
    if source_name == "folder":
        return store.symbols(source_name) or _symbols(store, None)
    if source_name == "sample" and store.watchlist_is_default():
        from vrp_xl.sources.sample.names import SYMBOLS

        return list(SYMBOLS)
    return _symbols(store, None)


def _print(result: Morning, *, as_json: bool, as_csv: bool, everything: bool) -> None:
    if as_json:
        import json

        from vrp_xl.workflow.columns import scan_dict

        print(json.dumps(scan_dict(result.scan), indent=2, allow_nan=False))
    elif as_csv:
        from vrp_xl.workflow.tables import write_csv

        write_csv(result.scan, sys.stdout)
    else:
        from vrp_xl import terminal

        out = terminal.console(sys.stdout, piped=not sys.stdout.isatty())
        terminal.show_scan(result.scan, out, everything=everything)


def _write(result: Morning, out: Path | None) -> Path | None:
    """Writes the workbook; where nothing was scanned there is none."""
    if not result.scan.looked_at:
        return None
    from vrp_xl.core.calendar import NEW_YORK
    from vrp_xl.excel.workbook import write_workbook

    day = result.scan.scanned_at.astimezone(NEW_YORK).date()
    return write_workbook(result.scan, out or Path(f"vrp-scan-{day}.xlsx"))


@app.command()
def refresh(
    symbols: Symbols = None,
    source: SourceOption = None,
    data: DataOption = None,
    wanted: Annotated[
        bool, typer.Option("--wanted", help="Also the names that formulas asked for (at most 50).")
    ] = False,
) -> None:
    """Fetch and store figures for formulas.

    Formulas and `scan --offline` read what is stored.

    A source named here is saved, as `vrp-xl source NAME` does.
    """
    from vrp_xl import desk, settings
    from vrp_xl.workflow.scan import suspected_splits

    choice = desk.choose(source if data is None or source is not None else "folder")
    loaded = desk.rules_in_force()
    opened = desk.open_source(choice.name, data=data, rules=loaded.rules)
    with desk.open_store() as store:
        names = _names(store, symbols, choice.name, opened)
        asked = [name for name in store.wanted(choice.name) if name not in names]
        if asked and wanted:
            names += asked[:WANTED_MOST]
        if data is not None:
            settings.choose_data_folder(data)
        if source is not None:
            settings.choose_source(choice.name)
        result = run(store, names, loaded, choice.name, opened, notices=opened.problems)
        refreshed = result.refreshed
        if refreshed is None:  # pragma: no cover (never offline here)
            raise typer.Exit(1)
        fresh = [o.symbol for o in refreshed.outcomes if o.state == "fresh"]
        store.remove_wanted(choice.name, fresh)
        journal_commands.kept(store, result)
    for problem in (*opened.problems, *suspected_splits(result.scan.rows)):
        say(problem)
    for outcome in refreshed.outcomes:
        if outcome.state != "fresh":
            print(f"{outcome.symbol:<8} {outcome.state:<8} {outcome.why}")
    print(
        f"{len(fresh)} of {len(refreshed.outcomes)} fresh, {refreshed.calls} calls, "
        f"{refreshed.elapsed:.1f} s, source {choice.name}"
    )
    if asked and not wanted:
        print(
            f"{len(asked)} more are wanted by formulas: {', '.join(asked[:WANTED_MOST])}. "
            "Fetch them with: vrp-xl refresh --wanted"
        )
    _end(result)


WANTED_MOST = 50
"""Names from the wanted list in one refresh, at most: half-typed symbols land there too."""


@app.command()
def source(
    name: Annotated[
        str, typer.Argument(help="sample, flashalpha, cboe, folder, or show.")
    ] = "show",
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The comparison as JSON.")] = False,
    agree: Annotated[
        bool, typer.Option("--yes", "--agree", help="cboe: yes to its terms, without the question.")
    ] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="cboe: take the yes back.")] = False,
    user_agent: Annotated[
        str | None,
        typer.Option(
            "--user-agent",
            help="cboe: how requests name themselves; '' is our own name.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show or choose where figures come from.

    Without a name it compares what each source gives for the watchlist: columns filled, age, cost.
    No request is made. The source cboe shows its terms and needs your yes, once.
    """
    from vrp_xl import desk, settings

    of_cboe = agree or revoke or user_agent is not None
    if of_cboe and name.strip().lower() != "cboe":
        raise InputError("--yes, --revoke and --user-agent go with the source cboe only.")
    if name.strip().lower() == "cboe":
        from vrp_xl.commands import cboe

        if not cboe.settle_terms(agree=agree, revoke=revoke, user_agent=user_agent):
            return
    if name.strip().lower() != "show":
        choice = desk.choose(name)
        if data is not None:
            print(f"Folder: {settings.choose_data_folder(data)}")
        elif choice.name == "folder" and settings.data_folder() is None:
            raise InputError("The folder of your chain files is not known.", desk.NO_FOLDER_FIX)
        settings.choose_source(choice.name)
        print(f"Source: {choice.name}")
        if choice.name == "flashalpha" and settings.find_key() is None:
            say(f"There is no API key yet. {desk.NO_KEY_FIX}")
        return
    _show_sources(as_json=as_json)


def _show_sources(*, as_json: bool) -> None:
    import json
    from datetime import UTC, datetime

    from vrp_xl import desk, settings, terminal

    saved = settings.chosen_source()
    choice = desk.choose()
    with desk.open_store() as store:
        views = desk.compare_sources(store, _symbols(store, None))
    if as_json:
        told = {"chosen": saved, "next": choice.name, "why": choice.why}
        print(json.dumps(told | {"sources": [view.to_dict() for view in views]}, indent=2))
        return
    print(f"Chosen for formulas: {saved or 'none (choose one: vrp-xl source sample)'}")
    print(f"Next scan: {choice.name} ({choice.why})")
    print("For the names of the watchlist, from what is stored, columns filled:")
    out = terminal.console(sys.stdout, piped=not sys.stdout.isatty())
    terminal.show_sources(views, datetime.now(UTC), out)


@rules_app.command("show")
def rules_show(
    preset: PresetOption = None,
    rules: RulesOption = None,
) -> None:
    """Every rule: value, unit, what is allowed, and where it comes from."""
    from vrp_xl import desk, terminal

    loaded = desk.rules_in_force(preset=preset, file=rules)
    out = terminal.console(sys.stdout, piped=not sys.stdout.isatty())
    terminal.show_rules(loaded.rules, loaded.preset, out)


@rules_app.command("check")
def rules_check(file: Annotated[Path, typer.Argument(help="A .toml or .json file.")]) -> None:
    """Check a rules file; nothing is changed."""
    from vrp_xl import terminal
    from vrp_xl.rules_file import load_rules

    loaded = load_rules(file)
    print(f"{file} is fine. It starts from the preset {loaded.preset} and changes:")
    for name, value in loaded.rules.changed().items():
        print(f"  {name} = {terminal.rule_text(value)}")
    if loaded.ignored:
        print("Not used: " + ", ".join(loaded.ignored))


@key_app.command("set", context_settings={"ignore_unknown_options": True})
def key_set(
    typed: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
) -> None:
    """Keep the API key in the keyring. It is asked for, or read from standard input.

    What was known of its plan and quota is forgotten, so that a changed plan counts at once.
    """
    from vrp_xl import desk, settings

    if typed:  # not shown again either
        raise InputError(
            "A key on the command line can be read by other programs and stays in the shell's "
            "history; it was not taken.",
            "Run `vrp-xl key set` alone and paste the key when it asks.",
        )

    if sys.stdin.isatty():
        import getpass

        text = getpass.getpass("FlashAlpha API key (not shown): ")
    else:
        text = sys.stdin.readline()
    key = settings.set_key(text)
    print(f"Kept in: {key.where}")
    with desk.open_store() as store:
        store.forget_account("flashalpha", settings.account_fingerprint(key.value))


@key_app.command("clear")
def key_clear() -> None:
    """Remove the API key from the keyring."""
    from vrp_xl import settings

    print("Removed." if settings.clear_key() else "There was no key in the keyring.")


@key_app.command("where")
def key_where() -> None:
    """Say where the key in use comes from, never the key."""
    from vrp_xl import settings

    key = settings.find_key()
    print(key.where if key else f"none: {settings.why_no_key()}")


@watch_app.callback(invoke_without_command=True)
def _watch(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        watch_list()


@watch_app.command("list")
def watch_list() -> None:
    """The watchlist, with earnings dates where you gave them."""
    from vrp_xl import desk

    with desk.open_store() as store:
        watchlist = store.watchlist()
    if not watchlist:
        say("The watchlist is empty. Add names: vrp-xl watchlist add SPY QQQ")
    for watched in watchlist:
        print(f"{watched.symbol:<8} {watched.earnings or ''}".rstrip())


@watch_app.command("add")
def watch_add(
    symbols: Annotated[list[str], typer.Argument(help="Symbols to add.")],
    earnings: Annotated[
        str | None, typer.Option("--earnings", help="Next earnings date, YYYY-MM-DD.")
    ] = None,
) -> None:
    """Add names, or change the earnings date of one."""
    from vrp_xl import desk

    day = _coming_day(earnings)
    if day is not None and len(symbols) > 1:
        raise InputError("--earnings goes with one symbol.", "Add the names one by one.")
    with desk.open_store() as store:
        for symbol in _symbols(store, symbols):
            store.add_watch(symbol, day)
            print(f"{symbol} {day or ''}".rstrip())


def _coming_day(text: str | None) -> date | None:
    """The day in `text`, which has not passed in New York."""
    from datetime import UTC, datetime

    from vrp_xl.core.calendar import NEW_YORK
    from vrp_xl.core.days import read_day

    if text is None:
        return None
    day = read_day(text)
    if day < datetime.now(UTC).astimezone(NEW_YORK).date():
        raise InputError(f"{day} has passed.", "Give the date of the next earnings.")
    return day


@watch_app.command("remove")
def watch_remove(symbols: Annotated[list[str], typer.Argument(help="Symbols to remove.")]) -> None:
    """Remove names."""
    from vrp_xl import desk

    with desk.open_store() as store:
        for symbol in _symbols(store, symbols):
            print(f"{symbol} {'removed' if store.remove_watch(symbol) else 'was not there'}")


@watch_app.command("import")
def watch_import(
    file: Annotated[Path, typer.Argument(help="Text or CSV: symbol, earnings date if known.")],
    replace: Annotated[bool, typer.Option("--replace", help="Drop the names of before.")] = False,
) -> None:
    """Add the names in a file."""
    from vrp_xl import desk
    from vrp_xl.workflow.importing import read_watchlist

    report = read_watchlist(file)
    with desk.open_store() as store:
        store.import_watchlist(report.items, replace=replace)
    for problem in report.problems:
        say(problem)
    names = "1 name" if len(report.items) == 1 else f"{len(report.items)} names"
    print(f"{names} from {file}")


@app.command(context_settings={"ignore_unknown_options": True})
def call(
    function: Annotated[
        str | None, typer.Argument(help="Name of a function, or a whole formula in quotes.")
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="Arguments as a cell would hold them; {1;2} is a column, '' a blank."),
    ] = None,
) -> None:
    """Compute a formula as a cell would.

    `vrp-xl call VRP_RATIO 28 18`, `vrp-xl call '=VRP_CELL("SPY")'`. Without a name it lists
    the functions. An error is printed as the cell shows it, its words on standard error.
    """
    from vrp_xl import formula
    from vrp_xl.definition import LAST
    from vrp_xl.functions import FUNCTIONS, CellError

    if function is None:
        for known in FUNCTIONS.values():
            print(f"{known.syntax}\n    {known.summary}")
        return
    LAST.words = ""
    if "(" in function:
        value = formula.evaluate(function)
    else:
        name = function.strip().removeprefix("=").upper()
        if name not in FUNCTIONS:
            raise InputError(f"There is no function {name[:40]}.", "`vrp-xl call` lists them.")
        value = FUNCTIONS[name].call(*[formula.constant(word) for word in arguments or ()])
    rows = value if isinstance(value, list) else [[value]]
    for row in rows:
        print("\t".join(_shown(cell) for cell in row))
    if any(isinstance(cell, CellError) for row in rows for cell in row) and LAST.words:
        say(f"{LAST.function}: {LAST.words}")


def _shown(value: Any) -> str:
    """A value as the shell shows a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


@app.command()
def doctor() -> None:
    """Check the set-up: what is installed and stored.

    Says whether a key is there, never the key.
    """
    from vrp_xl import doctor as checks

    for name, words in checks.report():
        print(f"{name:<12} {words}")


@app.command()
def simulate(
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.", min=0, max=65535)] = 0,
    key: Annotated[str, typer.Option("--key", help="The key that it accepts.")] = "demo",
    plan: Annotated[str, typer.Option("--plan", help="free, basic, growth, alpha.")] = "alpha",
    latency: Annotated[float, typer.Option("--latency", help="Seconds per answer.", min=0)] = 0.0,
    fault: Annotated[str | None, typer.Option("--fault", help="A fault by name.")] = None,
    names: Annotated[
        str | None,
        typer.Option(
            "--names", metavar="N|FILE", show_default=False,
            help="More names: so many invented ones, or those in a file.",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Serve the sample market as a local API.

    It answers as the FlashAlpha API and Cboe's delayed quotes do, on this machine only.
    """
    from vrp_xl import simulator

    extra = simulator.extra_names_of(names) if names is not None else 0
    simulator.run(port=port, key=key, plan=plan, latency=latency, fault=fault, extra_names=extra)


@app.command("serve-functions", hidden=True)
def serve_functions() -> None:
    """Answer LibreOffice's formulas; it starts this by itself and it ends by itself."""
    from vrp_xl.libreoffice import server

    server.serve()


LibreOfficeOption = Annotated[
    bool, typer.Option("--libreoffice", help="LibreOffice instead of Excel.")
]


@app.command()
def install(libreoffice: LibreOfficeOption = False) -> None:
    """Put the add-in and the desk where Excel finds them, or the extension into LibreOffice.

    For this user, without an administrator. In Excel for macOS the buttons work, formulas do not.
    """
    if libreoffice:
        from vrp_xl.libreoffice import install as extension

        print(extension.install())
        return
    from vrp_xl.excel import install as installing

    for words in installing.install(installing.this_machine()):
        print(words)


@app.command()
def uninstall(libreoffice: LibreOfficeOption = False) -> None:
    """Remove what `install` put, where you have not changed it.

    The store, the key and your settings stay.
    """
    if libreoffice:
        from vrp_xl.libreoffice import install as extension

        print(extension.uninstall())
        return
    from vrp_xl.excel import install as installing

    for words in installing.uninstall():
        print(words)


@app.command("open")
def open_desk(
    new: Annotated[bool, typer.Option("--new", help="Make a fresh one beside the others.")] = False,
    libreoffice: LibreOfficeOption = False,
) -> None:
    """Open the desk workbook.

    In the program that the system has for it; a copy is made in your documents first.
    """
    from vrp_xl.excel import install as installing

    path = installing.desk_to_open(installing.this_machine(), new=new)
    print(path)
    if libreoffice:
        from vrp_xl.libreoffice import install as extension

        extension.open_workbook(path)
        return
    installing.open_file(path)


@app.command()
def build(
    check: Annotated[bool, typer.Option("--check", help="Only name what is stale.")] = False,
) -> None:
    """Build the desk workbook and the add-in from their sources.

    Only in a checkout; what is installed carries the built files.
    """
    from vrp_xl.excel import build as building

    for words in building.command(check=check):
        print(words)


app.command()(evaluate)
app.add_typer(journal_commands.app, name="journal")
app.add_typer(history_commands.app, name="history")
app.command()(positions)

if __name__ == "__main__":
    main()
