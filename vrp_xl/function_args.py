"""The kinds of argument that ``VRP_*`` functions take, as annotations for their definitions.

Each helper makes an `Arg`: how a cell is read, what it means, its unit, what a blank stands for.
"""

from __future__ import annotations

import dataclasses
from itertools import chain
from typing import TYPE_CHECKING, Any

from vrp_xl.core import rules as core_rules
from vrp_xl.definition import Arg, Blank, Kind
from vrp_xl.errors import InputError
from vrp_xl.excel import boundary
from vrp_xl.reader import READER, Desk

if TYPE_CHECKING:
    from collections.abc import Callable


def _kind(name: str, read: Callable[[Any, str], Any], **more: Any) -> Kind:
    return Kind(name, read, **more)


def _vol_or_symbol(value: Any, where: str) -> float | str:
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        try:
            return boundary.volatility(value, where)
        except InputError:
            return boundary.symbol(value, where)
    return boundary.volatility(value, where)


def _cell(value: Any, where: str) -> str:
    letter = boundary.text(value, where).upper()
    if letter not in ("A", "B", "C", "D", "?"):
        raise InputError(f"{where} is '{boundary.shown(letter)}'; a cell is A, B, C or D.")
    return letter


def _gamma(value: Any, where: str) -> str:
    """Positive, negative or unknown; also the vendor's words and a signed number."""
    if isinstance(value, str):
        word = boundary.text(value, where).lower().removesuffix("_gamma").strip()
        if word in ("positive", "+"):
            return "positive"
        if word in ("negative", "-"):
            return "negative"
        if word in ("unknown", "neutral", "undetermined", "?"):
            return "unknown"
        if not _is_number(word):
            raise InputError(
                f"{where} is '{boundary.shown(value)}'; gamma is positive, negative, unknown, or "
                "a signed number."
            )
    signed = boundary.number(value, where)
    if signed == 0:
        return "unknown"
    return "positive" if signed > 0 else "negative"


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _probability(value: Any, where: str) -> float:
    p = boundary.number(value, where)
    if not 0 <= p <= 1:
        raise InputError(f"{where} is {boundary.shown(p)}; a probability is from 0 to 1.")
    return p


def _not_negative(value: Any, where: str) -> float:
    found = boundary.number(value, where)
    if found < 0:
        raise InputError(f"{where} is {boundary.shown(found)}; it must not be negative.")
    return found


def _axis(value: Any, where: str) -> list[float]:
    found = boundary.series(value, where)
    if len(found) > 1000:
        raise InputError(f"{where} has {len(found)} thresholds; at most 1,000 make sense.")
    return found


def _symbols(value: Any, where: str) -> list[str]:
    """The symbols of a range; blanks are passed over, one listed twice counts twice."""
    cells = boundary.cells_of(value, where)
    return [
        boundary.symbol(cell, f"cell {i + 1} of {where}")
        for i, cell in enumerate(cells)
        if cell is not None
    ]


def _words(value: Any, where: str) -> list[str]:
    cells = boundary.cells_of(value, where)
    return [
        boundary.text(cell, f"cell {i + 1} of {where}")
        for i, cell in enumerate(cells)
        if cell is not None
    ]


def _table(value: Any, where: str) -> list[list[Any]]:
    rows = boundary.rows_of(value, where)
    if not rows or not rows[0]:
        raise InputError(f"{where} is an empty range.", "Select cells.")
    return rows


NUMBER = _kind("number", boundary.number)
POSITIVE = _kind("positive number", boundary.positive)
NOT_NEGATIVE = _kind("number from 0", _not_negative)
PROBABILITY = _kind("probability", _probability)
WHOLE = _kind("whole number", boundary.whole)
VOL = _kind("volatility", boundary.volatility)
REALIZED = _kind("realized volatility", boundary.realized_volatility)
VOL_OR_SYMBOL = _kind("volatility or symbol", _vol_or_symbol)
TEXT = _kind("text", boundary.text)
SYMBOL = _kind("symbol", boundary.symbol)
DAY = _kind("date", boundary.day)
CELL = _kind("cell", _cell)
GAMMA = _kind("gamma", _gamma)
SERIES = _kind("column of numbers", boundary.series, takes_range=True)
AXIS = _kind("thresholds", _axis, takes_range=True)
SYMBOLS = _kind("symbols", _symbols, takes_range=True)
WORDS = _kind("names", _words, takes_range=True)
TABLE = _kind("table", _table, takes_range=True)


def number(doc: str, unit: str = "", *, default: str = "", blank: Blank = "refuse") -> Arg:
    """Any finite number."""
    return Arg(NUMBER, doc, unit, default=default, blank=blank)


def figure(doc: str, unit: str = "") -> Arg:
    """A number that may be missing: a blank gives #N/A."""
    return Arg(NUMBER, doc, unit, blank="missing")


def may_miss(arg: Arg) -> Arg:
    """The same argument, with a blank passed on as "not known"."""
    return dataclasses.replace(arg, blank="pass")


def vol(doc: str) -> Arg:
    """A volatility in points; a blank gives #N/A."""
    return Arg(VOL, doc, "points", blank="missing")


def realized(doc: str) -> Arg:
    """A realized volatility in points, which may be below 1; a blank gives #N/A."""
    return Arg(REALIZED, doc, "points", blank="missing")


def price(doc: str) -> Arg:
    """A price above zero; a blank gives #N/A."""
    return Arg(POSITIVE, doc, "USD", blank="missing")


def of_kind(kind: Kind, doc: str, unit: str = "", *, default: str = "") -> Arg:
    """An argument of another kind."""
    return Arg(kind, doc, unit, default=default)


# The rules range

_DESKS: dict[tuple[Any, ...], tuple[int, Desk]] = {}


def _read_rules(value: Any, where: str) -> Desk:
    """Rules from a range of names and values, over the saved ones.

    A row ``source`` chooses the source, a row ``preset`` the rules to start from. Rules in force
    are kept per range, so that a thousand formulas over one Settings sheet read it once.
    """
    saved = READER.desk()
    key = _key_of(value)
    kept = _DESKS.get(key) if key is not None else None
    if kept is not None and kept[0] == READER.generation:
        return kept[1]
    start, source = saved.rules, saved.source
    values: dict[str, Any] = {}
    for name_cell, cell in boundary.pairs(value, where):
        name = boundary.text(name_cell, f"a name in {where}").lower()
        boundary.refuse_error(cell, f"{name} in {where}")
        if name in ("rule", "rules", "name"):
            continue
        if name == "source":
            source = _source(cell, source)
        elif name == "preset":
            blank = cell is None or (isinstance(cell, (str, int, float)) and not cell)
            start = start if blank else core_rules.preset(boundary.text(cell, f"preset in {where}"))
        else:
            values[name] = cell
    found = Desk(start.with_values(values), source)
    if key is not None:
        if len(_DESKS) > 200:
            _DESKS.clear()
        _DESKS[key] = (READER.generation, found)
    return found


def _key_of(value: Any) -> tuple[Any, ...] | None:
    """What tells one range from another, before a cell of it is read; None where nothing does.

    The types are part of it: 1 and TRUE are equal, and a rule may take one and not the other.
    """
    if not isinstance(value, (list, tuple)) or not {list, tuple}.issuperset(map(type, value)):
        return None
    cells = tuple(chain.from_iterable(value))
    key = (len(value), cells, tuple(map(type, cells)))
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _source(cell: Any, chosen: str | None) -> str | None:
    from vrp_xl import settings  # noqa: PLC0415 (only where a source is named)

    return chosen if cell is None else settings.source_name(str(cell))


RULES = Kind("rules", _read_rules, takes_range=True, when_blank=READER.desk)

rules = Arg(
    RULES,
    "Range of two columns, rule and value, such as the Settings sheet.",
    default="the saved rules",
)
"""The last argument of every function whose answer depends on rules or on the source."""

rules_if_needed = dataclasses.replace(rules, kind=dataclasses.replace(RULES, when_blank=None))
"""The same where a blank must not fail while the saved rules cannot be read: then None."""
