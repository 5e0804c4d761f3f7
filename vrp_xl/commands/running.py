"""What several commands do alike: say, show progress, refresh and scan, and let a reader leave.

Everything heavy is imported inside, so that ``--help`` is instant.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vrp_xl.core.positions import Position
    from vrp_xl.desk import Opened
    from vrp_xl.rules_file import LoadedRules
    from vrp_xl.store.database import Store
    from vrp_xl.workflow.morning import Morning

AdjustSplitsOption = Annotated[
    bool, typer.Option("--adjust-splits", help="Divide the closes before a split by its ratio.")
]
KeepJumpsOption = Annotated[
    bool, typer.Option("--keep-jumps", help="A step like a split is the price itself.")
]


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Lets who reads standard output (``head``) leave before its end: the work goes on."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """A line for the person, never mixed into output that is piped."""
    print(text, file=sys.stderr)


def progress_bar() -> tuple[Callable[[int, int, str, str], None] | None, Callable[[], None]]:
    """A progress bar on standard error, where that is a terminal; and how to end it."""
    if not sys.stderr.isatty():
        return None, lambda: None
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    bar.start()
    task = bar.add_task("refreshing", total=None)

    def show(done: int, total: int, symbol: str, state: str) -> None:
        bar.update(task, completed=done, total=total, description=f"{symbol} {state}")

    return show, bar.stop


def run(
    store: Store,
    symbols: list[str],
    loaded: LoadedRules,
    source_name: str,
    opened: Opened | None,
    *,
    notices: Sequence[str] = (),
    positions: Sequence[Position] | None = None,
) -> Morning:
    """Says the cost, refreshes where a source is opened, and scans.

    Names of `positions` that are on are refreshed too, and count in the caps.
    """
    from vrp_xl.workflow.morning import morning, with_held
    from vrp_xl.workflow.refresh import cost

    if opened is not None:
        asked = with_held(symbols, positions)
        told = cost(opened.source, store, asked, account=opened.account)
        names = "1 symbol" if len(asked) == 1 else f"{len(asked)} symbols"
        if len(asked) > len(symbols):
            names += f", {len(asked) - len(symbols)} of them for open positions alone,"
        say(f"Refreshing {names} from {source_name}: {told}.")
    progress, finish = progress_bar()
    try:
        return morning(
            store,
            source_name,
            symbols,
            loaded.rules,
            preset=loaded.preset,
            source=opened.source if opened else None,
            account=opened.account if opened else account_of(source_name),
            progress=progress,
            notices=notices,
            positions=positions,
        )
    finally:
        finish()
        if opened is not None:
            opened.source.close()


def account_of(source_name: str) -> str:
    """The account whose quota a source counts; empty where it has none."""
    from vrp_xl import settings

    key = settings.find_key() if source_name == "flashalpha" else None
    return settings.account_fingerprint(key.value) if key else ""
