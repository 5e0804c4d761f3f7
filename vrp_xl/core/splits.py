"""Splits in a series of closes: found, judged, and adjusted where somebody has said so.

A split that is not adjusted looks like a crash: AAPL's 2:1 of 2005-02-28 turns a 30-day realized
volatility of 40 into 203. From closes alone a split and a crash can look alike, so nothing is
adjusted unasked: a step that may be a split is a `Jump`, and a figure whose window holds one is
missing until somebody has said what it was.

Pure: numbers in, numbers out.
"""

from __future__ import annotations

import itertools
import math
import re
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.errors import InputError, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    Dated = tuple[date, float]

REAL = 1.0
"""The ratio of a mark that says: no split, the price really went there."""

_WHOLE = (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 100.0)
_RATIOS = (1.5, *_WHOLE, *(1.0 / r for r in _WHOLE))
"""New shares for an old one: 2:1 is 2, a reverse 1:10 is 0.1."""
_NEAR = 0.05
"""How far the day's own move may take the step from the clean ratio (logarithm)."""
_NEAR_3_2 = 0.025
"""The same for 3:2, since real falls by a third do happen."""
_WILD = 0.3
"""The day's own move beside a split that somebody names is smaller than this (logarithm)."""
NEARBY = 10
"""Closes on either side among which the largest step is looked for."""
SAY = "vrp-xl history split"
"""The command that says what a step was; every reason that asks for it names it."""
_NO_DAY = math.log(2.7)
"""A step of this logarithm is looked at whatever the ratio: no usual day ends there."""
_LEAST_FALL = math.log(1.5) - _NEAR_3_2
_LEAST_RISE = math.log(2.0) - _NEAR
_SURE_FALL, _SURE_RISE = math.exp(-_LEAST_FALL) * 1.001, math.exp(_LEAST_RISE) * 0.999
"""Between these shares of the close before no step is looked at; to see that takes no logarithm."""


class Jump(NamedTuple):
    """A step from one close to the next that may be a split."""

    day: date
    """The first day at the new price."""
    before: float
    after: float
    ratio: float
    """The clean ratio that is nearest: new shares for an old one."""
    clear: bool
    """Whether the step says which ratio; a wild day between 4:1 and 5:1 does not."""

    def __str__(self) -> str:
        """For example ``the close goes from 88.99 to 44.86 on 2005-02-28, as in a 2:1 split``."""
        words = f"the close goes from {self.before:g} to {self.after:g} on {self.day}"
        return f"{words}, as in a {ratio_words(self.ratio)} split" if self.clear else words


class Adjusted(NamedTuple):
    """Closes on the footing of the newest one."""

    closes: list[Dated]
    applied: list[tuple[date, float]]
    """Splits that were adjusted: the first day at the new price, new shares for an old one."""
    unsaid: list[Jump]
    """Steps that may be splits and of which nobody has said what they are."""

    def footing(self, day: date) -> float:
        """What a price of `day` is divided by to stand beside the closes.

        >>> from datetime import date
        >>> Adjusted([], [(date(2005, 2, 28), 2.0)], []).footing(date(2005, 2, 25))
        2.0
        """
        return math.prod(ratio for when, ratio in self.applied if when > day)


def ratio_words(ratio: float) -> str:
    """A ratio as it is announced.

    >>> ratio_words(2.0), ratio_words(1.5), ratio_words(0.1)
    ('2:1', '3:2', '1:10')
    """
    for old in range(1, 21):
        for new, below in ((ratio * old, old), (old, old / ratio)):
            if abs(new - round(new)) < 1e-6 and abs(below - round(below)) < 1e-6:
                return f"{round(new)}:{round(below)}"
    return f"{ratio:g}:1"


def ratio_of(text: str) -> float:
    """The ratio that `text` names.

    >>> ratio_of("2:1"), ratio_of("3:2"), ratio_of("1:10")
    (2.0, 1.5, 0.1)

    Raises:
        InputError: it names none.
    """
    found = re.fullmatch(r"\s*(\d{1,4})\s*[:/]\s*(\d{1,4})\s*", text)
    new, old = (int(n) for n in found.groups()) if found else (0, 0)
    if not new or not old or new == old:
        raise InputError(
            f"'{printable(text[:20])}' is no split ratio.", "Write new:old, such as 2:1 or 1:10."
        )
    return new / old


def suspected_words(day: date) -> str:
    """What is said in place of a figure that reaches over a step of which nobody has spoken.

    >>> from datetime import date
    >>> suspected_words(date(2005, 2, 28))
    'unknown: suspected split on 2005-02-28, see `vrp-xl history split`'
    """
    return f"unknown: suspected split on {day}, see `{SAY}`"


class Judged(NamedTuple):
    """What the closes say of a mark."""

    day: date
    """The first close at the new price: of the day that was named, or the next one."""
    doubt: str
    """Why the closes do not hold that step; empty where they do."""
    nearby: str
    """The largest step nearby, in words."""


def judged(closes: Sequence[Dated], day: date, ratio: float) -> Judged | None:
    """Whether closes hold the step that a mark names; None without closes on both sides.

    Args:
        closes: (day, close), oldest first, as they are stored.
        day: the first day at the new price.
        ratio: new shares for an old one, or `REAL`.

    >>> from datetime import date
    >>> week = [(date(2005, 2, 25), 88.99), (date(2005, 2, 28), 44.86), (date(2005, 3, 1), 44.5)]
    >>> judged(week, date(2005, 2, 28), 2.0).doubt
    ''
    >>> judged(week, date(2005, 3, 1), 2.0).doubt
    'the close goes from 44.86 to 44.5 on 2005-03-01 (-0.8 %), which is no 2:1 split'
    >>> judged(week, date(2005, 3, 1), 2.0).nearby
    'the close goes from 88.99 to 44.86 on 2005-02-28, as in a 2:1 split'
    """
    at = next((i for i, (when, _) in enumerate(closes) if when >= day), 0)
    if at == 0:
        return None
    near = list(itertools.pairwise(closes[max(at - 1 - NEARBY, 0) : at + NEARBY]))
    sized = [(abs(_fall(*step) or 0.0), step) for step in near]
    nearby = _step_words(*max(sized, key=lambda each: each[0])[1])
    step = (closes[at - 1], closes[at])
    fall = _fall(*step)
    if fall is None:
        doubt = "which is no price"
    elif ratio == REAL:
        doubt = "" if find_jumps(step) else "which is no step of a split"
    else:
        off = abs(fall - math.log(ratio))
        doubt = "" if off < min(abs(fall), _WILD) else f"which is no {ratio_words(ratio)} split"
    told = f"{_step_words(*step, as_split=False)}, {doubt}" if doubt else ""
    return Judged(closes[at][0], told, nearby)


def _fall(before: Dated, after: Dated) -> float | None:
    """How far the price falls (logarithm); None where one of them is no price."""
    if not before[1] > 0 or not after[1] > 0:
        return None
    return math.log(before[1]) - math.log(after[1])


def _step_words(before: Dated, after: Dated, *, as_split: bool = True) -> str:
    found = find_jumps([before, after]) if as_split else []
    if found:
        return str(found[0])
    words = f"the close goes from {before[1]:g} to {after[1]:g} on {after[0]}"
    fall = _fall(before, after)
    return words if fall is None else f"{words} ({math.expm1(-fall) * 100.0:+.1f} %)"


def find_jumps(closes: Sequence[Dated]) -> list[Jump]:
    """The steps that may be splits, oldest first.

    Args:
        closes: (day, close), oldest first; a close that is not above 0 is passed over.

    >>> from datetime import date
    >>> week = [(date(2005, 2, 25), 88.99), (date(2005, 2, 28), 44.86), (date(2005, 3, 1), 44.5)]
    >>> str(*find_jumps(week))
    'the close goes from 88.99 to 44.86 on 2005-02-28, as in a 2:1 split'
    """
    found = []
    for (_, before), (day, after) in itertools.pairwise(closes):
        if before * _SURE_FALL < after < before * _SURE_RISE:
            continue
        if not before > 0 or not after > 0:
            continue
        fall = math.log(before) - math.log(after)  # the ratio itself can leave the numbers
        if -_LEAST_RISE < fall < _LEAST_FALL:
            continue
        nearest, second = sorted((abs(fall - math.log(ratio)), ratio) for ratio in _RATIOS)[:2]
        off, ratio = nearest
        near = off <= (_NEAR_3_2 if ratio == 1.5 else _NEAR)
        if near or abs(fall) >= _NO_DAY:
            found.append(Jump(day, before, after, ratio, near and second[0] >= 2.0 * off))
    return found


def adjusted(closes: Sequence[Dated], marks: Mapping[date, float]) -> Adjusted:
    """The closes with those splits taken out that `marks` name.

    A mark counts only where the closes still hold its step: closes that were fetched anew, adjusted
    by then, are not adjusted twice.

    Args:
        closes: (day, close), oldest first.
        marks: first day at the new price -> new shares for an old one, or `REAL`.

    >>> from datetime import date
    >>> week = [(date(2005, 2, 25), 88.99), (date(2005, 2, 28), 44.86), (date(2005, 3, 1), 44.5)]
    >>> adjusted(week, {date(2005, 2, 28): 2.0}).closes[0][1]
    44.495
    """
    unsaid = find_jumps(closes)
    if not marks:
        return Adjusted(list(closes), [], unsaid)
    out = list(closes)
    applied = []
    for day, ratio in sorted(marks.items()):
        at = next((i for i, (when, _) in enumerate(closes) if when >= day), 0)
        if at == 0 or not ratio > 0:
            continue
        (_, before), (when, after) = closes[at - 1 : at + 1]
        if ratio != REAL:
            if not before > 0 or not after > 0:
                continue
            fall = math.log(before) - math.log(after)
            if abs(fall - math.log(ratio)) >= abs(fall):
                continue
            out[:at] = [(old, close / ratio) for old, close in out[:at]]
            applied.append((when, ratio))
        unsaid = [jump for jump in unsaid if jump.day != when]
    return Adjusted(out, applied, unsaid)
