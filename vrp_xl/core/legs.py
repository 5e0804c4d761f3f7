"""Legs from text, as people write them in a file or a cell.

``-P 560 +P 550``, ``-560P +550P``, ``sell put 560, buy put 550``, ``-2x P 560``; or the strikes
alone with the name of a structure, from the lowest: ``550/560`` of a short put spread,
``350/370/460/480`` of an iron condor, ``365/380/395`` of an iron fly.

Pure: may import nothing of the package but `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vrp_xl.core.loss import HeldLeg
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from vrp_xl.core.black_scholes import Right

_SIGN = r"(?P<sign>[+-]|\bsell\b|\bbuy\b|\bsold\b|\bbought\b|\bshort\b|\blong\b)"
_MANY = r"(?:(?P<many>\d+)\s*x\s*)?"
_RIGHT = r"(?P<right>puts?|calls?|p|c)"
_STRIKE = r"(?P<strike>\d+(?:\.\d+)?)"
_LEG = re.compile(
    rf"{_SIGN}\s*{_MANY}(?:{_RIGHT}\s*@?\s*{_STRIKE}|{_STRIKE.replace('strike', 'strike2')}\s*"
    rf"{_RIGHT.replace('right', 'right2')})(?![\w.])",
    re.IGNORECASE,
)
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


def structure_name(text: str) -> str:
    """The structure of that name or title.

    >>> structure_name("Iron Condor")
    'iron_condor'

    Raises:
        InputError: there is none.
    """
    name = re.sub(r"[\s_-]+", "_", text.strip().lower())
    if name not in STRUCTURES:
        raise InputError(
            f"There is no structure {text[:40]!r}.", "Structures: " + ", ".join(STRUCTURES) + "."
        )
    return name


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
    words = text.strip().replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")
    legs = _signed(words)
    if legs is None:
        legs = _by_structure(words, structure)
    if any(leg.strike <= 0 for leg in legs):
        raise InputError(f"The strikes {text[:60]!r} are not above 0.")
    return legs


def _signed(words: str) -> tuple[HeldLeg, ...] | None:
    """Legs with signs; None where the text is not made of such."""
    legs = []
    at = 0
    for found in _LEG.finditer(words):
        if not _BETWEEN.fullmatch(words[at : found.start()]):
            return None
        at = found.end()
        right: Right = (
            "put" if (found["right"] or found["right2"]).lower().startswith("p") else "call"
        )
        sign = -1 if found["sign"].lower() in _SOLD else 1
        legs.append(
            HeldLeg(sign, right, float(found["strike"] or found["strike2"]),
                    float(found["many"] or 1))
        )  # fmt: skip
    return tuple(legs) if legs and _BETWEEN.fullmatch(words[at:]) else None


def _by_structure(words: str, structure: str | None) -> tuple[HeldLeg, ...]:
    bare = re.sub(r"\b(puts?|calls?|p|c)\b", " ", words, flags=re.IGNORECASE)
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
    elif structure == "iron_fly" and len(strikes) in (3, 4):
        order = _ORDER["iron_condor"]
        if len(strikes) == 3:
            strikes.insert(1, strikes[1])
    else:
        order = _ORDER.get(structure, ())
    if len(strikes) != len(order):
        title = STRUCTURES[structure].title
        article = "an" if title.startswith("iron") else "a"
        raise InputError(
            f"The strikes {words[:60]!r} do not make {article} {title}.",
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
    shorts = {leg.strike for leg in legs if leg.sign < 0}
    for name, order in _ORDER.items():
        if shape == order:
            one = len(shorts) == 1
            if one and name == "iron_condor":
                return "iron_fly"
            return "short_straddle" if one and name == "short_strangle" else name
    return None
