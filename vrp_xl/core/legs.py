"""Legs from text, as people and brokers write them in a file or a cell.

``-P 560 +P 550``, ``-560P +550P``, ``sell put 560, buy put 550``, ``-2x P 560``, ``-1 P 560``, OCC
symbols with a sign such as ``-SPY270115P00560000``; or the strikes alone with the name of a
structure, from the lowest: ``550/560`` of a short put spread, ``350/370/460/480`` of an iron
condor, ``365/380/395`` of an iron fly.

Pure: may import nothing of the package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import gcd
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.core.days import read_day
from vrp_xl.core.loss import HeldLeg
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from datetime import date

    from vrp_xl.core.black_scholes import Right
    from vrp_xl.core.structures import Risk

_SIGN = r"(?P<sign>[+-]|\bsell\b|\bbuy\b|\bsold\b|\bbought\b|\bshort\b|\blong\b)"
_RIGHT = r"(?:puts?|calls?|p|c)"
_STRIKE = r"\d+(?:\.\d+)?"
_LEG = re.compile(
    rf"{_SIGN}\s*(?:(?P<many>\d+)\s*x\s*|(?P<count>\d{{1,2}})\s+)?"
    r"(?:"
    r"(?P<root>[A-Z][A-Z0-9]{0,5})\s*(?P<day>\d{6})(?P<right3>[PC])(?P<strike3>\d{8})"
    rf"|(?P<right>{_RIGHT})\s*@?\s*(?P<strike>{_STRIKE})"
    rf"|(?P<strike2>{_STRIKE})\s*(?P<right2>{_RIGHT})(?!\s*@?\s*\d)"
    r")(?![\w.])",
    re.IGNORECASE,
)
_OCC = re.compile(r"\.?[A-Z][A-Z0-9]{0,5}\s*\d{6}[PC]\d{8}", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,;/]*")
_PLAIN = re.compile(r"\d+(?:\.\d+)?")
_SOLD = ("-", "sell", "sold", "short")
_EXAMPLE = "Write them as -P 560 +P 550."

_ORDER: dict[str, tuple[tuple[int, Right], ...]] = {
    "short_put_spread": ((1, "put"), (-1, "put")),
    "short_call_spread": ((-1, "call"), (1, "call")),
    "iron_condor": ((1, "put"), (-1, "put"), (-1, "call"), (1, "call")),
    "short_strangle": ((-1, "put"), (-1, "call")),
    "jade_lizard": ((-1, "put"), (-1, "call"), (1, "call")),
}
"""Sign and right of the strikes from the lowest; a fly and a straddle sell two at one strike."""

NAKED: dict[str, tuple[int, Right]] = {"short_put": (-1, "put"), "short_call": (-1, "call")}
"""What is one sold option: a position, though nothing that is picked to be sold."""

_ALIASES = {
    "short_put": "put naked_put short_naked_put sold_put sell_put cash_secured_put "
                 "cash_secured_short_put csp",
    "short_call": "call naked_call short_naked_call sold_call sell_call covered_call cc",
    "short_put_spread": "put_credit_spread credit_put_spread bull_put_spread bull_put put_spread "
                        "short_put_vertical put_vertical pcs",
    "short_call_spread": "call_credit_spread credit_call_spread bear_call_spread bear_call "
                         "call_spread short_call_vertical call_vertical ccs",
    "iron_condor": "short_iron_condor ic",
    "iron_fly": "iron_butterfly short_iron_butterfly short_iron_fly ironfly",
    "short_strangle": "strangle naked_strangle",
    "short_straddle": "straddle naked_straddle",
    "calendar_spread": "calendar put_calendar call_calendar time_spread horizontal_spread "
                       "double_calendar diagonal diagonal_spread put_diagonal call_diagonal pmcc",
}  # fmt: skip
_BY_ALIAS = {alias: name for name, said in _ALIASES.items() for alias in said.split()}


def structure_name(text: str) -> str:
    """The structure of that name, title or usual other name.

    >>> structure_name("Iron Condor"), structure_name("put credit spread"), structure_name("CSP")
    ('iron_condor', 'short_put_spread', 'short_put')

    Raises:
        InputError: there is none.
    """
    name = re.sub(r"[\s_-]+", "_", text.strip().lower())
    name = _BY_ALIAS.get(name, name)
    if name not in STRUCTURES and name not in NAKED:
        raise InputError(
            f"There is no structure {text[:40]!r}.",
            "Structures: " + ", ".join([*STRUCTURES, *NAKED]) + ".",
        )
    return name


def a_title(name: str) -> str:
    """Such as ``an iron fly``."""
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name.replace('_', ' ')}"


def risk_by_name(name: str) -> Risk:
    """The risk of a structure; that of a naked option, or of none, is undefined."""
    known = STRUCTURES.get(name)
    return "undefined" if known is None else known.risk


def read_legs(text: str, structure: str | None = None) -> tuple[HeldLeg, ...]:
    """The legs in `text`.

    Args:
        text: with signs, or the strikes alone.
        structure: its name, for strikes alone.

    >>> [leg.words for leg in read_legs("-P 560 +P 550")]
    ['-P 560', '+P 550']
    >>> [leg.words for leg in read_legs("365/380/395", "iron_fly")]
    ['+P 365', '-P 380', '-C 380', '+C 395']

    Raises:
        InputError: it cannot be read; the sentence says how to write it.
    """
    return signed_legs(text) or _positive(_by_structure(_plain(text), structure), text)


def signed_legs(text: str, contracts: float | None = None) -> tuple[HeldLeg, ...] | None:
    """The legs where each says whether it is sold; None where the text is not made of such.

    Args:
        text: the legs; ``-5 P 560 +5 P 550`` holds the number of contracts, ``-2x P 560`` a ratio.
        contracts: that number, which the legs may hold as well.

    >>> [leg.words for leg in signed_legs("-1 P 560 +1 P 550") or ()]
    ['-P 560', '+P 550']
    >>> signed_legs("550/560") is None
    True

    Raises:
        InputError: a strike or a number of 0, or contracts that are not those that are given.
    """
    found = _found(_plain(text))
    if found is None:
        return None
    many = _counted(found)
    legs = _positive(tuple(leg.leg._replace(ratio=leg.leg.ratio / many) for leg in found), text)
    if many > 1 and contracts != many:
        raise InputError(
            f"The legs {text[:60]!r} hold the number of contracts.",
            f"Write {' '.join(leg.words for leg in legs)}, and {many} as contracts.",
        )
    return legs


def contracts_in(text: str) -> int:
    """The number of contracts that signed legs hold; 1 where they hold none.

    >>> contracts_in("-5 P 560 +5 P 550"), contracts_in("-2x P 560"), contracts_in("550/560")
    (5, 1, 1)
    """
    return _counted(_found(_plain(text)) or ())


def _counted(found: tuple[_Found, ...]) -> int:
    counts = [leg.counted for leg in found if leg.counted is not None]
    return gcd(*counts) or 1 if len(counts) == len(found) else 1


def listed_in(text: str) -> set[tuple[str, date]]:
    """Root and expiry of the OCC symbols among the legs.

    >>> sorted(listed_in("-SPY270115P00560000 +P 550"))
    [('SPY', datetime.date(2027, 1, 15))]

    Raises:
        InputError: one has no date in it.
    """
    found = _found(_plain(text)) or ()
    return {(leg.root, read_day(f"20{leg.day}")) for leg in found if leg.root}


class _Found(NamedTuple):
    """A leg as the text has it."""

    leg: HeldLeg
    counted: int | None
    """Its number where that is written as one of contracts, without an x."""
    root: str = ""
    day: str = ""
    """yymmdd, of an OCC symbol."""


def _plain(text: str) -> str:
    words = text.strip()
    return words.replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")


def _positive(legs: tuple[HeldLeg, ...], text: str) -> tuple[HeldLeg, ...]:
    if any(leg.strike <= 0 for leg in legs):
        raise InputError(f"The strikes {text[:60]!r} are not above 0.")
    if any(leg.ratio <= 0 for leg in legs):
        raise InputError(f"A number of options in {text[:60]!r} is not above 0.", _EXAMPLE)
    return legs


@lru_cache(maxsize=1024)  # a position asks three times, a sheet at every change
def _found(words: str) -> tuple[_Found, ...] | None:
    """Legs with signs; None where the text is not made of such."""
    legs = []
    at = 0
    for m in _LEG.finditer(words):
        if not _BETWEEN.fullmatch(words[at : m.start()]):
            return None
        at = m.end()
        side = m["right"] or m["right2"] or m["right3"]
        right: Right = "put" if side.lower().startswith("p") else "call"
        listed = m["strike3"]
        strike = float(listed) / 1000.0 if listed else float(m["strike"] or m["strike2"])
        sign = -1 if m["sign"].lower() in _SOLD else 1
        count = None if m["count"] is None else int(m["count"])
        ratio = float(m["many"] or m["count"] or 1)
        root = (m["root"] or "").upper()
        legs.append(_Found(HeldLeg(sign, right, strike, ratio), count, root, m["day"] or ""))
    return tuple(legs) if legs and _BETWEEN.fullmatch(words[at:]) else None


def _by_structure(words: str, structure: str | None) -> tuple[HeldLeg, ...]:
    if _OCC.search(words):
        raise InputError(
            f"The legs {words[:60]!r} do not say what is sold.",
            "Put a - before what is sold and a + before what is bought.",
        )
    bare = re.sub(r"(?<![a-z])(puts?|calls?|p|c)(?![a-z])", " ", words, flags=re.IGNORECASE)
    parts = [part for part in re.split(r"[\s,;/-]+", bare) if part]
    if not parts or not all(_PLAIN.fullmatch(part) for part in parts):
        raise InputError(f"The strikes {words[:60]!r} cannot be read.", _EXAMPLE)
    if structure is None:
        raise InputError(
            f"The strikes {words[:60]!r} do not say what is sold.",
            f"{_EXAMPLE} Or name the structure.",
        )
    strikes = sorted(float(part) for part in parts)
    if structure == "short_straddle" and len(set(strikes)) == 1:
        strikes = [strikes[0]]
        order: tuple[tuple[int, Right], ...] = ((-1, "put"), (-1, "call"))
        strikes *= 2
    elif structure in NAKED:
        order = (NAKED[structure],)
    elif structure == "iron_fly" and len(strikes) in (3, 4):
        order = _ORDER["iron_condor"]
        if len(strikes) == 3:
            strikes.insert(1, strikes[1])
    else:
        order = _ORDER.get(structure, ())
    if len(strikes) != len(order):
        raise InputError(
            f"The strikes {words[:60]!r} do not make {a_title(structure)}.",
            f"{_EXAMPLE} Or give its {len(order)} strikes, the lowest first." if order
            else _EXAMPLE,
        )  # fmt: skip
    return tuple(
        HeldLeg(sign, right, strike)
        for (sign, right), strike in zip(order, strikes, strict=True)
    )  # fmt: skip


def structure_of(legs: tuple[HeldLeg, ...]) -> str | None:
    """The structure that the legs make, where it is a known one.

    >>> structure_of(read_legs("-P 560 +P 550"))
    'short_put_spread'
    >>> structure_of(read_legs("-P 560 -C 560"))
    'short_straddle'
    """
    shape = tuple((leg.sign, leg.right) for leg in sorted(
        legs, key=lambda leg: (leg.right == "call", leg.strike)
    ))  # fmt: skip
    if any(leg.ratio != legs[0].ratio for leg in legs):
        return None
    for name, one_leg in NAKED.items():
        if shape == (one_leg,):
            return name
    shorts = {leg.strike for leg in legs if leg.sign < 0}
    for name, order in _ORDER.items():
        if shape == order:
            one = len(shorts) == 1
            if one and name == "iron_condor":
                return "iron_fly"
            return "short_straddle" if one and name == "short_strangle" else name
    return None
