"""Reads one formula such as ``=VRP_ZSCORE(8, {1;2;3;4}, 4)`` and computes it.

Enough of the formula language for examples, docs and the shell: one call of one function with
constants: numbers, text in double quotes, TRUE and FALSE, array constants with ``,`` between
columns and ``;`` between rows, ``DATE(y, m, d)``, and blanks. No references, no operators.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from vrp_xl.definition import FUNCTIONS
from vrp_xl.errors import InputError
from vrp_xl.excel.boundary import ERRORS

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"]|"")*")
      | (?P<error>\#[A-Z/0!?_]+)
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<mark>[(){},;])
    )""",
    re.VERBOSE,
)


def evaluate(formula: str) -> Any:
    """The value of one call.

    >>> import vrp_xl.functions
    >>> round(evaluate("=VRP_RATIO(28, 18)"), 4), round(evaluate("=VRP_ZSCORE(8,{1;2;3;4},4)"), 4)
    (1.5556, 4.2603)

    Raises:
        InputError: it is no call of a known function with constants.
    """
    name, arguments = parse(formula)
    return FUNCTIONS[name].call(*arguments)


def parse(formula: str) -> tuple[str, list[Any]]:
    """The function's name and its arguments; a blank argument is None.

    Raises:
        InputError: it is no call of a known function with constants.
    """
    reader = _Reader(formula.strip().removeprefix("="))
    name = reader.take("name").upper()
    if name not in FUNCTIONS:
        raise InputError(
            f"There is no function {name}.", "VRP functions are listed by `vrp-xl call`."
        )
    reader.mark("(")
    arguments = reader.arguments(")")
    if reader.rest():
        raise InputError(f"'{reader.rest()[:40]}' after the call cannot be read.")
    return name, arguments


def constant(text: str) -> Any:
    """One argument as it is typed on a shell: an array constant, a date, or plain text.

    >>> constant("{1;2}"), constant("28"), constant("SPY"), constant("DATE(2027,1,15)")
    ([[1.0], [2.0]], '28', 'SPY', datetime.date(2027, 1, 15))
    """
    stripped = text.strip()
    if stripped.startswith("{") or stripped.upper().startswith("DATE("):
        reader = _Reader(stripped)
        value = reader.value()
        if not reader.rest():
            return value
    if stripped.upper() in ("TRUE", "FALSE"):
        return stripped.upper() == "TRUE"
    return text


class _Reader:
    """Walks over the tokens of a formula."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def rest(self) -> str:
        return self._text[self._at :].strip()

    def _next(self) -> re.Match[str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            shown = self._text[self._at : self._at + 20].strip() or "the end"
            raise InputError(f"The formula cannot be read at '{shown}'.")
        return found

    def take(self, kind: str) -> str:
        found = self._next()
        if found.lastgroup != kind:
            raise InputError(f"The formula cannot be read at '{found.group().strip()}'.")
        self._at = found.end()
        return found.group(kind)

    def mark(self, mark: str) -> None:
        if self.take("mark") != mark:
            raise InputError(f"The formula needs a '{mark}'.")

    def peek(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        return found.group().strip() if found is not None else ""

    def arguments(self, end: str) -> list[Any]:
        """Values up to `end`, separated by commas or semicolons; two marks hold a blank."""
        values: list[Any] = []
        if self.peek() == end:
            self.mark(end)
            return values
        while True:
            values.append(None if self.peek() in (",", ";", end) else self.value())
            mark = self.take("mark")
            if mark == end:
                return values
            if mark not in ",;":
                raise InputError(f"The formula cannot be read at '{mark}'.")

    def value(self) -> Any:
        found = self._next()
        self._at = found.end()
        kind, word = found.lastgroup, found.group().strip()
        if kind == "text":
            return word[1:-1].replace('""', '"')
        if kind == "number":
            return float(word)
        if kind == "error" and word in ERRORS:
            return ERRORS[word]
        if kind == "name" and word.upper() in ("TRUE", "FALSE"):
            return word.upper() == "TRUE"
        if kind == "name" and word.upper() == "DATE":
            return self._date()
        if word == "{":
            return self._array()
        raise InputError(f"The formula cannot be read at '{word[:20]}'.", "Use constants only.")

    def _date(self) -> dt.date:
        self.mark("(")
        parts = self.arguments(")")
        try:
            year, month, day = (int(part) for part in parts)
            return dt.date(year, month, day)
        except (TypeError, ValueError):
            raise InputError("DATE needs a year, a month and a day.") from None

    def _array(self) -> list[list[Any]]:
        rows: list[list[Any]] = [[]]
        while True:
            rows[-1].append(self.value())
            mark = self.take("mark")
            if mark == "}":
                return rows
            if mark == ";":
                rows.append([])
            elif mark != ",":
                raise InputError("An array constant has , between columns and ; between rows.")
