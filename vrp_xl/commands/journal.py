"""``vrp-xl journal``: what each kept scan said, what its filters rejected, and what followed.

A host: prints what the workflow read and decides nothing. Asks no source. Heavy imports are made
inside the commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vrp_xl.commands.running import say
from vrp_xl.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from vrp_xl.store.database import Store
    from vrp_xl.store.scanlog import Head
    from vrp_xl.workflow.lookback import Entry, Listed
    from vrp_xl.workflow.morning import Morning

app = typer.Typer(help="What each kept scan said, and what followed.")

SourceOption = Annotated[
    str | None,
    typer.Option("--source", help="Of this source; real ones by default, else the sample market."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]
SymbolOption = Annotated[str | None, typer.Option("--symbol", help="One name.")]
NAMES_SHOWN = 6


LastOption = Annotated[int | None, typer.Option("--last", help="The newest so many.", min=1)]
LISTED = 30


@app.callback(invoke_without_command=True)
def _journal(
    ctx: typer.Context,
    source: SourceOption = None,
    last: LastOption = None,
    as_json: JsonOption = False,
) -> None:
    from vrp_xl.errors import InputError

    name = ctx.invoked_subcommand
    if name is None:
        show_list(source, last, as_json=as_json)
    elif source is not None or last is not None or as_json:
        raise InputError(
            f"Options of `journal {name}` stand behind it.",
            f"Write: vrp-xl journal {name} --source NAME (--help lists its options).",
        )


@app.command("list")
def show_list(
    source: SourceOption = None,
    last: LastOption = None,
    as_json: JsonOption = False,
) -> None:
    """The kept scans, the newest first, with what changed since the one before."""
    from vrp_xl import desk
    from vrp_xl.workflow import lookback

    with desk.open_store() as store:
        name, sample = _which(store, source)
        found = lookback.listed(store, source=name, sample=sample, newest=last or LISTED)
    if as_json:
        _json([_listed_dict(scan) for scan in found])
        return
    if not found:
        say(f"The journal holds no scan{_of(name)} yet. Every refresh is kept: vrp-xl scan")
        return
    print(
        f"{'No.':>4}  {'Day':<10}  {'At, NY':<16}  {'Source':<17} {'Preset':<9} {'Names':>5} "
        f"{'A':>3} {'B':>3} {'C':>3} {'D':>3} {'?':>3}  Candidates"
    )
    for scan in found:
        _print_listed(scan)


def _print_listed(scan: Listed) -> None:
    from vrp_xl.workflow import lookback

    head = scan.head
    counts = " ".join(f"{n:>3}" for n in scan.counts.values())
    source = head.source + (" SAMPLE" if head.sample else "")
    pin = " pinned" if head.pinned else ""
    print(
        f"{head.number:>4}  {head.day}  {_new_york(head):<16}  {_clean(source):<17} "
        f"{_clean(head.preset):<9} {len(head.symbols):>5} {counts}  "
        f"{len(scan.candidates)}: {_names(scan.candidates)}{pin}"
    )
    changes = lookback.changes_words(scan, most=NAMES_SHOWN)
    if changes:
        print(" " * 6 + _clean(changes))


@app.command("show")
def show(
    when: Annotated[
        str, typer.Argument(help="A day such as 2026-11-20, the number of a scan, or latest.")
    ] = "latest",
    symbol: SymbolOption = None,
    source: SourceOption = None,
    last: Annotated[int, typer.Option("--last", help="Scans of the path of one name.", min=1)] = 20,
    as_json: JsonOption = False,
) -> None:
    """One scan: what was seen, what passed, what each filter rejected, what followed.

    With --symbol that name in full, and its path through the newest scans.
    """
    from vrp_xl import desk
    from vrp_xl.core.symbols import symbol_of
    from vrp_xl.errors import MissingError
    from vrp_xl.workflow import lookback

    wanted = None if symbol is None else [symbol_of(symbol)]
    with desk.open_store() as store:
        name, sample = _which(store, source)
        heads = store.scans.heads(source=name, sample=sample)
        if wanted is not None and when == "latest":
            heads = [head for head in heads if wanted[0] in head.symbols]
        head = lookback.find(heads, when, of=_of(name) if wanted is None else f" of {wanted[0]}")
        found = list(lookback.entries(store, [head], symbols=wanted))
        rules, extra = store.scans.rules(head.number), store.scans.about(head.number)
        path: list[Entry] = []
        if wanted is not None and not as_json:
            same = [h for h in heads if wanted[0] in h.symbols and h.source == head.source]
            path = list(lookback.entries(store, same[-last:], symbols=wanted))
    if not found:
        at = f"the scan of {head.day}"
        why = dict((s, told) for s, _, told in extra.get("failed", ()))  # noqa: C402
        if wanted is not None:
            told = why.get(wanted[0], "it was not asked for")
            raise MissingError(f"{wanted[0]} is not in {at}: {told}.")
        raise MissingError(f"What {at} saw cannot be read; its line in the list still can.")
    if as_json:
        _json(_scan_dict(head, rules, found, extra))
    elif wanted is None:
        _print_scan(head, rules, found, extra)
    else:
        _print_name(head, rules, found[0], path)


@app.command("export")
def export(
    out: Annotated[Path, typer.Option("--out", help="The file: .csv, .xlsx or .json.")],
    symbol: SymbolOption = None,
    source: SourceOption = None,
    since: Annotated[str | None, typer.Option("--since", help="From this day on.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Up to this day.")] = None,
    candidates: Annotated[
        bool, typer.Option("--candidates", help="Only names that passed.")
    ] = False,
) -> None:
    """Every name of every kept scan as a table, the oldest scan first."""
    from vrp_xl import desk
    from vrp_xl.core.symbols import symbol_of
    from vrp_xl.errors import InputError
    from vrp_xl.workflow import journal_files, lookback

    writer = journal_files.WRITERS.get(out.suffix.lower())
    if writer is None:
        raise InputError(f"--out {out} must end in .csv, .xlsx or .json.")
    with desk.open_store() as store:
        name, sample = _which(store, source)
        heads = store.scans.heads(source=name, sample=sample, since=_day(since), until=_day(until))
        wanted = None if symbol is None else [symbol_of(symbol)]
        rows = lookback.entries(store, heads, symbols=wanted, candidates=candidates)
        count = journal_files.write(out, (journal_files.table_row(entry) for entry in rows))
    print(f"{count} rows of {len(heads)} scans: {out}")


@app.command("prune")
def prune(
    keep: Annotated[
        int | None, typer.Option("--keep", help="Keep so many of each source.", min=0)
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", help="Remove the days before this one.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Of this source; of all by default.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Also where no scan of a source would be left.")
    ] = False,
) -> None:
    """Remove old scans; pinned ones stay. The newest 1,260 of a source are kept by itself."""
    from vrp_xl import desk, settings
    from vrp_xl.errors import InputError, StoreError

    if keep is None and before is None:
        raise InputError("Nothing says which scans to remove.", "Use --keep 250 or --before DAY.")
    name = None if source is None else settings.source_name(source)
    day = _day(before)
    with desk.open_store() as store:
        emptied = _emptied(store.scans.heads(source=name), keep, day)
        if emptied and not yes:
            _ask(emptied)
        gone = store.scans.prune(keep=keep, before=day, source=name)
        left = len(store.scans.heads())
        try:
            store.compact()
        except StoreError:
            say("The file keeps its size for now: another program uses it.")
    print(f"{gone} removed, {left} left.")


def _emptied(heads: Sequence[Head], keep: int | None, before: date | None) -> dict[str, int]:
    """Sources that would lose every scan that is not pinned, with how many those are."""
    mine: dict[str, list[Head]] = {}
    for head in heads:
        if not head.pinned:
            mine.setdefault(head.source, []).append(head)
    return {
        source: len(scans)
        for source, scans in mine.items()
        if keep == 0 or (before is not None and all(head.day < before for head in scans))
    }


def _ask(emptied: dict[str, int]) -> None:
    """Goes on only after a yes.

    Raises:
        InputError: it is no, or there is nobody to ask.
    """
    import sys

    from vrp_xl.errors import InputError

    told = " and ".join(
        f"{'all ' if count > 1 else ''}{count} scan{'s' * (count > 1)} of {source}"
        for source, count in emptied.items()
    )
    if sys.stdin.isatty() and typer.confirm(f"Remove {told}? They cannot be brought back."):
        return
    raise InputError(
        f"Nothing was removed: {told} would go, and cannot be brought back.",
        "Say --yes, or keep some: --keep 250.",
    )


@app.command("pin")
def pin(
    when: Annotated[str, typer.Argument(help="A day, the number of a scan, or latest.")] = "latest",
    source: SourceOption = None,
    off: Annotated[bool, typer.Option("--off", help="No longer.")] = False,
) -> None:
    """Keep a scan for good: no later scan of its day and no bound removes it."""
    from vrp_xl import desk
    from vrp_xl.workflow import lookback

    with desk.open_store() as store:
        name, sample = _which(store, source)
        heads = store.scans.heads(source=name, sample=sample)
        head = lookback.find(heads, when, of=_of(name))
        store.scans.pin(head.number, pinned=not off)
    print(f"Scan {head.number} of {head.day} is {'no longer ' if off else ''}pinned.")


def kept(store: Store, result: Morning, *, pinned: bool = False) -> None:
    """Keeps what a refresh brought; says so where it cannot, and never fails.

    Args:
        store: the open store.
        result: the finished morning.
        pinned: by hand: kept for good, whether or not anything was fetched.
    """
    from vrp_xl.errors import VrpError
    from vrp_xl.workflow import journal

    try:
        journal.keep_morning(store, result, pinned=pinned)
    except VrpError as error:
        say(f"vrp-xl: not kept in the journal: {error}")


# Reading what was asked


def _which(store: Store, source: str | None) -> tuple[str | None, bool | None]:
    """(source, sample) to read: as named, else real scans if there are any, else invented ones."""
    from vrp_xl import settings

    if source is not None:
        return settings.source_name(source), None
    real = store.scans.heads(sample=False, newest=1)
    return None, not real


def _of(name: str | None) -> str:
    return f" of the source {name}" if name else ""


def _day(text: str | None) -> date | None:
    from vrp_xl.workflow.lookback import day_of

    return None if text is None else day_of(text)


# Showing


def _print_scan(
    head: Head, rules: dict[str, Any], found: Sequence[Entry], extra: dict[str, Any]
) -> None:
    _print_head(head, rules)
    passed = [entry for entry in found if entry.candidate]
    rest = [entry for entry in found if not entry.candidate]
    print(f"\nPASSED: {len(passed)} of {len(found)}")
    for entry in passed:
        _print_entry(entry, entry.seen.get("action") or "")
    print(f"\nREJECTED: {len(rest)}")
    for entry in rest:
        _print_entry(entry, entry.rejected_words or "; ".join(entry.seen.get("why") or ()))
    by_rule: dict[str, list[str]] = {}
    for entry in rest:
        for rule in dict.fromkeys(rule for rule, _, _ in entry.rejections):
            by_rule.setdefault(rule, []).append(entry.symbol)
    if by_rule:
        print("\nBY FILTER (a name may fall to several)")
    for rule, names in sorted(by_rule.items(), key=lambda item: -len(item[1])):
        limit = rules.get(rule)
        told = "" if limit is None or isinstance(limit, bool) else f" {limit}"
        print(f"  {rule + told:<24} {len(names):>4}  {_names(names)}")
    for symbol, error, why in extra.get("failed", ()):
        print(f"  {_clean(symbol):<8} no figures: {_clean(error)}: {_clean(why)}")
    for notice in extra.get("notices", ()):
        print(f"\n{_clean(notice)}")
    print("\nThe outcome is implied minus realized volatility of 21 returns: no profit or loss.")


def _print_head(head: Head, rules: dict[str, Any]) -> None:
    from vrp_xl.core.rules import SPECS

    if head.sample:
        print("SAMPLE: invented figures")
    pinned = ", pinned" if head.pinned else ""
    print(
        f"Scan {head.number} of {head.day}, {_new_york(head)} New York, source "
        f"{_clean(head.source)}, preset {_clean(head.preset)}{pinned}"
    )
    changed = [
        f"{name} {value}"
        for name, value in rules.items()
        if name not in SPECS or SPECS[name].default != value
    ]
    print("Rules that differ from standard: " + (_clean(", ".join(changed)) or "none"))


def _print_entry(entry: Entry, words: str) -> None:
    print(
        f"  {_clean(entry.symbol):<8} {entry.cell or '?':<2} {_figures(entry)}  "
        f"{_after(entry)}\n{'':>11} {_clean(words)}"
    )


def _figures(entry: Entry) -> str:
    def shown(words: str, name: str, form: str) -> str:
        value = entry.seen.get(name)
        return f"{words} {'n/a' if value is None else format(value, form):>6}"

    return "  ".join(
        (
            shown("z", "z_score", "+.2f"),
            shown("IV", "iv", ".2f"),
            shown("RV20", "rv_20d", ".2f"),
            shown("spread", "vrp_20d", "+.2f"),
            shown("IV/HV90", "structural", ".2f"),
            shown("IV/HV30", "tactical", ".2f"),
        )
    )


def _after(entry: Entry) -> str:
    """What followed, in words."""
    after = entry.followed
    told = []
    if after.move_pct is not None:
        move = f"{after.move_pct:+.2f} %"
        if after.moves is not None:
            move += f" ({after.moves:+.2f} moves)"
        told.append(f"{move} to {after.until}")
    if after.realized is not None:
        told.append(f"realized {after.realized:.2f}")
    if after.outcome is not None:
        told.append(f"outcome {after.outcome:+.2f}")
    if after.words:
        told.append(after.words)
    return ", ".join(told)


def _print_name(head: Head, rules: dict[str, Any], entry: Entry, path: Sequence[Entry]) -> None:
    _print_head(head, rules)
    print(f"\n{_clean(entry.symbol)}: {_clean(entry.seen.get('action') or '')}")
    print(f"  {'cell':<18} {entry.cell or '?'}")
    print(f"  {'rejected':<18} {entry.rejected_words or 'by no filter'}")
    print(f"  {'followed':<18} {_after(entry)}")
    missing = entry.seen.get("missing") or {}
    for name, value in entry.seen.items():
        if name in ("action", "missing", "basis", "rejected", "rejections", "scores"):
            continue
        shown = "; ".join(value) if isinstance(value, list) else value
        if shown in (None, ""):
            if name not in missing:
                continue
            shown = f"n/a: {missing[name]}"
        print(f"  {name:<18} {_clean(f'{shown:g}' if isinstance(shown, float) else shown)}")
    print(f"\nPATH through {len(path)} scan{'s' if len(path) != 1 else ''}, the newest first")
    for step in reversed(path):
        words = step.seen.get("action") if step.candidate else step.rejected_words
        print(f"  {step.head.day}  {step.cell or '?':<2} {_figures(step)}  {_after(step)}")
        print(f"{'':>15} {_clean(words or '')}")


def _listed_dict(scan: Listed) -> dict[str, Any]:
    return {
        **_head_dict(scan.head),
        "counts": scan.counts,
        "preset_before": scan.preset_before,
        "candidates": list(scan.candidates),
        "entered": list(scan.entered),
        "left": list(scan.left),
        "moved": [{"symbol": s, "from": was, "to": now} for s, was, now in scan.moved],
    }


def _head_dict(head: Head) -> dict[str, Any]:
    return {
        "number": head.number,
        "day": head.day.isoformat(),
        "scanned_at": head.scanned_at.isoformat(),
        "as_of": head.as_of.isoformat() if head.as_of else None,
        "source": head.source,
        "sample": head.sample,
        "preset": head.preset,
        "pinned": head.pinned,
        "names": len(head.symbols),
        "failed": head.failed,
    }


def _scan_dict(
    head: Head, rules: dict[str, Any], found: Sequence[Entry], extra: dict[str, Any]
) -> dict[str, Any]:
    from vrp_xl.workflow import journal_files

    rows = []
    for entry in found:
        row = dict(
            zip(
                journal_files.TABLE_COLUMNS,
                map(journal_files.plain, journal_files.table_row(entry)),
                strict=True,
            )
        )
        row["rejections"] = [
            {"rule": rule, "value": value, "limit": limit}
            for rule, value, limit in entry.rejections
        ]
        for name in ("why", "warnings", "scores", "missing", "basis"):
            row[name] = entry.seen.get(name)
        rows.append(row)
    return {
        **_head_dict(head),
        "rules": rules,
        "rows": rows,
        "failed": [
            {"symbol": s, "error": error, "why": why} for s, error, why in extra.get("failed", ())
        ],
        "notices": extra.get("notices", []),
    }


def _json(value: Any) -> None:
    import json

    print(json.dumps(value, indent=2, allow_nan=False))


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    shown = _clean(", ".join(listed[:NAMES_SHOWN]))
    more = len(listed) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _new_york(head: Head) -> str:
    from vrp_xl.core.calendar import NEW_YORK

    return f"{head.scanned_at.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


def _clean(text: object) -> str:
    return printable(str(text))
