"""Stored closes as every count of history takes them: without the splits that have been marked.

Reads the store that it is handed; asks no source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vrp_xl.core import splits
from vrp_xl.core.history import SPLIT

if TYPE_CHECKING:
    from vrp_xl.core.splits import Adjusted
    from vrp_xl.store.database import Store


def stored_closes(store: Store, source: str, symbol: str) -> Adjusted:
    """A symbol's closes by day, oldest first, adjusted for the splits marked in the store.

    What may be a split and has no mark is among `unsaid`.
    """
    marks = dict(store.series(source, symbol, SPLIT))
    return splits.adjusted(store.series(source, symbol, "close"), marks)
