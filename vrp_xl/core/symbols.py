"""What a symbol looks like, for every place where one is typed."""

from __future__ import annotations

import re

from vrp_xl.errors import InputError, printable

CASH_SETTLED = frozenset(
    ("SPX", "SPXW", "XSP", "NANOS", "NDX", "NDXP", "XND", "NQX", "RUT", "RUTW", "MRUT", "DJX",
     "OEX", "XEO", "VIX", "VIXW")
)  # fmt: skip
"""Indices whose options pay cash at exercise and move no shares."""

_SYMBOL = re.compile(r"\^?(?=[^A-Z]*[A-Z])[A-Z0-9][A-Z0-9._=/-]{0,19}")


def symbol_of(text: str) -> str:
    """The symbol in upper case, without blanks around it.

    >>> symbol_of(" spy "), symbol_of("brk.b"), symbol_of("es=f"), symbol_of("^spx")
    ('SPY', 'BRK.B', 'ES=F', '^SPX')

    Raises:
        InputError: it cannot be a symbol.
    """
    symbol = text.strip().upper()
    if not _SYMBOL.fullmatch(symbol):
        raise InputError(
            f"'{printable(symbol[:40])}' is no symbol.", "Symbols look like SPY, BRK.B or ES=F."
        )
    return symbol


def is_cash_settled(symbol: str) -> bool:
    """Whether options on `symbol` settle in cash.

    >>> is_cash_settled("^SPX"), is_cash_settled("SPY")
    (True, False)
    """
    return symbol.upper().removeprefix("^") in CASH_SETTLED
