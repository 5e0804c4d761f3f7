"""The position book on a terminal: each position with its action and reasons, then the totals.

A host: shows what the workflow decided and decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.text import Text

from vrp_xl.core import calendar
from vrp_xl.terminal import clean, figure, money

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import Console

    from vrp_xl.core.positions import Review
    from vrp_xl.workflow.positions import Book

_STYLE = {
    "CLOSE": "bold red",
    "CUT HALF": "bold red",
    "DEFEND": "bold yellow",
    "WARNING": "yellow",
    "UNKNOWN": "bold magenta",
    "OK": "green",
    "CLOSED": "dim",
}


def usd(value: float | None) -> str:
    """An amount with its sign.

    >>> usd(1234.4), usd(-90), usd(None)
    ('+1,234 USD', '-90 USD', 'n/a')
    """
    return "n/a" if value is None else f"{value:+,.0f} USD"


def _local(moment: datetime) -> datetime:
    return moment.astimezone(calendar.NEW_YORK)


def show_book(book: Book, out: Console) -> None:
    """Prints the book, what must be acted on first."""
    out.print(Rule(characters="="))
    title = Text("POSITIONS", style="bold")
    if book.sample:
        title.append("   SAMPLE MARKET: made-up prices, not for trading", style="bold red")
    out.print(title)
    when = [f"{_local(t):%a %Y-%m-%d %H:%M}" for t in (book.as_of, book.newest) if t is not None]
    told = f"{' to '.join(dict.fromkeys(when))} New York" if when else "no figures"
    market = "open" if calendar.session_open(book.reviewed_at) else "closed"
    out.print(
        Text(
            f"Today {book.today:%a %Y-%m-%d} | as of {told} | market {market} | "
            f"source {book.source} | preset {book.preset}"
        )
    )
    t = book.totals
    judged = f" | {t.unknown} with an exit that is not known" if t.unknown else ""
    held = f"{t.positions} open" if t.positions else "no open position"
    out.print(Text(f"{held} | {t.to_close} to act on{judged}"))
    out.print(Rule(characters="="))
    for notice in book.notices:
        out.print(Text(f"Note: {clean(notice)}", style="italic"))
    for review in book.reviews:
        _position(review, out)
    _totals(book, out)


def _position(r: Review, out: Console) -> None:
    p = r.position
    head = Text(f"{r.action:<9} ", style=_STYLE.get(r.action, ""))
    head.append(f"{p.symbol} ", style="bold")
    head.append(clean((p.structure or "position").replace("_", " ")))
    if p.strikes:
        head.append(f" {clean(p.strikes)}")
    head.append(f" x {p.open_contracts if p.is_open else p.contracts:g}")
    if p.is_open and p.closes:
        head.append(f" of {p.contracts:g}")
    out.print()
    out.print(head)
    for label, words in _lines(r):
        out.print(Text(f"  {label:<10}{clean(words)}"))


def _lines(r: Review) -> Iterator[tuple[str, str]]:
    p = r.position
    for i, words in enumerate(r.reason.split("; ")):
        yield ("Reason" if i == 0 else ""), words
    if p.is_open:
        yield (
            "Dates",
            (
                f"expiry {p.expiry or 'n/a'} ({figure(r.days_to_expiry, 'd')} days)  "
                f"time stop {r.stop or 'n/a'}  entered {p.entry or 'n/a'}"
            ),
        )
        yield (
            "Profit",
            (
                f"{usd(r.open_usd)} open ({figure(r.profit_percent, '+.0f', ' % of the credit')})"
                f"  credit {money(p.credit)}  mark {money(p.mark)}  target {money(r.target)}"
            ),
        )
        loss = "n/a"
        if r.loss is not None:
            inside = r.loss.kind == "stress" and r.loss.usd <= 0
            more = ", the stress move ends within the credit; a larger one loses" if inside else ""
            loss = f"{r.at_risk_usd or 0:,.0f} USD ({r.loss.kind} loss{more})"
        tested = "n/a" if r.tested is None else r.tested.words
        yield "At risk", f"{loss}  tested side: {tested}"
        yield (
            "Cell",
            (
                f"entry {p.entry_cell or 'n/a'}  now {r.cell or 'n/a'}  "
                f"z {figure(r.z, '+.2f')}  to flip {figure(r.flip_distance_pct, '+.1f', ' %')}"
            ),
        )
        yield "Figures", _age(r)
    for c in p.closes:
        why = f": {c.reason}" if c.reason else ""
        yield "Closed", f"{c.contracts:g} on {c.day or 'n/a'} for {money(c.debit)}{why}"
    if p.closes:
        yield "Realised", usd(r.realised_usd)
    for words in r.notes:
        yield "Unknown", words
    if p.note:
        yield "Note", p.note


def _age(r: Review) -> str:
    """When the figures were taken, and how old they are where a session has opened since."""
    if r.as_of is None:
        return "none"
    told = f"as of {_local(r.as_of):%a %Y-%m-%d %H:%M} New York"
    if not r.sessions_old:
        return told
    return f"{told}, {r.sessions_old} {'session' if r.sessions_old == 1 else 'sessions'} old"


def _totals(book: Book, out: Console) -> None:
    t = book.totals

    def of_equity(value: float) -> str:
        percent = t.percent(value)
        return "" if percent is None else f"  {percent:+.2f} % of equity"

    out.print()
    out.print(Text("Totals", style="bold"))
    out.print(Text(f"  {'Open':<10}{usd(t.open_usd)}{of_equity(t.open_usd)}"))
    out.print(Text(f"  {'Realised':<10}{usd(t.realised_usd)}{of_equity(t.realised_usd)}"))
    risk = f"{t.at_risk_usd:,.0f} USD{of_equity(t.at_risk_usd).replace('+', '')}"
    cells = ", ".join(f"{cell} {value:,.0f}" for cell, value in t.at_risk_by_cell.items())
    out.print(Text(f"  {'At risk':<10}{risk}" + (f"  (by cell: {cells})" if cells else "")))
    if t.equity:
        out.print(Text(f"  {'Equity':<10}{t.equity:,.0f} USD"))
    else:
        out.print(
            Text("  Equity is not known: --equity N or the rule equity gives percents and caps.")
        )
    for words in t.incomplete:
        out.print(Text(f"  Note      {clean(words)}"))
    for words in t.problems:
        out.print(Text(f"  CAP       {clean(words)}", style="bold red"))
    for words in book.bets.words:
        out.print(Text(f"  ONE BET   {clean(words)}", style="yellow"))
