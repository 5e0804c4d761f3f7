"""The judge of mutants: what counts as a mere change of words, and what does not."""

from __future__ import annotations

import pytest

from tests.test_supply import tool

CHANGES = [
    ('raise InputError("No such day.")', 'raise InputError("XXNo such day.XX")', True),
    ('raise InputError("No such day.")', 'raise InputError("NO SUCH DAY.")', True),
    ("words = 'it isn\\'t so'", "words = 'XXit isn\\'t soXX'", True),
    ("""f"{'a day' if n == 1 else n}\"""", """f"{'A DAY' if n == 1 else n}\"""", True),
    ("""f"{'a day' if n == 1 else n} to go\"""", """f"{'a day' if n != 1 else n} to go\"""", False),
    ('f"{-left:.0f} days ago"', 'f"{+left:.0f} days ago"', False),
    ('side = "put"', 'side = "XXputXX"', False),
    ('side = "put"', 'side = "PUT"', False),
    ('fire("put", level, "close")', 'fire("put", None, "close")', False),
    ('fire("put", level, "close it")', 'fire("put", None, "close it")', False),
    ('words = "a sentence"', "words = None", False),
    ('words = "a sentence"', 'words = "a sentence"', False),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), CHANGES)
def test_words_alone(old: str, new: str, words: bool) -> None:
    """A sentence is words; a word that is compared, an argument, an expression in braces is not."""
    difference = f"--- old\n+++ new\n@@ -1 +1 @@\n x = 1\n-    {old}\n+    {new}\n"
    assert tool("mutate").only_words(difference) is words
