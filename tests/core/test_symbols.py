"""What a symbol looks like, and what a refusal shows of what does not."""

from __future__ import annotations

import pytest

from vrp_xl.core.symbols import symbol_of
from vrp_xl.errors import InputError


@pytest.mark.parametrize(
    ("text", "symbol"),
    [(" spy ", "SPY"), ("brk.b", "BRK.B"), ("es=f", "ES=F"), ("^spx", "^SPX"), ("7203.t", "7203.T"),
     ("a" * 20, "A" * 20), ("eur/usd", "EUR/USD")],
)  # fmt: skip
def test_symbols(text, symbol):
    """In upper case, without the blanks around it."""
    assert symbol_of(text) == symbol


@pytest.mark.parametrize("text", ["", "7203", "^", "SP Y", "A" * 21, ".B", "=1+1A", "S\nY", "-A"])
def test_no_symbols(text):
    """No letter, a blank, a formula, too long: refused, with examples."""
    with pytest.raises(InputError, match=r"is no symbol\. Symbols look like SPY, BRK\.B or ES=F\."):
        symbol_of(text)


def test_a_refusal_shows_what_was_typed():
    """Its first 40 characters; what cannot be printed is a blank."""
    with pytest.raises(InputError, match=r"^'S Y' is no symbol"):
        symbol_of("S\nY")
    with pytest.raises(InputError, match=f"^'{'A' * 40}' is no symbol"):
        symbol_of("a" * 60)
