"""The indices of implied volatility, whose history stands in for one that is not there yet.

Their levels are 30-day volatilities in percent points, made as variance swaps are: close to ATM IV
and not equal to it. So an index is compared with its own history and nothing else.

Pure data.
"""

from __future__ import annotations

IV_INDEX = {
    "SPY": "VIX", "SPX": "VIX", "XSP": "VIX", "QQQ": "VXN", "NDX": "VXN", "IWM": "RVX",
    "RUT": "RVX", "DIA": "VXD", "DJX": "VXD", "AAPL": "VXAPL", "AMZN": "VXAZN", "GOOGL": "VXGOG",
    "GOOG": "VXGOG", "GS": "VXGS", "IBM": "VXIBM", "GLD": "GVZ", "USO": "OVX", "EEM": "VXEEM",
    "EFA": "VXEFA",
}  # fmt: skip
"""Symbol -> the index of its implied volatility."""

INDICES = frozenset(IV_INDEX.values())


def index_of(symbol: str) -> str | None:
    """The index of a symbol's implied volatility, or None; a leading ``^`` or ``_`` is no matter.

    >>> index_of("SPY"), index_of("^SPX"), index_of("XOM")
    ('VIX', 'VIX', None)
    """
    return IV_INDEX.get(symbol.strip().upper().lstrip("^_"))


def plain_index(symbol: str) -> str:
    """The name under which an index is kept, in place of ``^VIX`` and ``_VIX``.

    >>> plain_index("^vix"), plain_index("^GSPC")
    ('VIX', '^GSPC')
    """
    name = symbol.strip().upper()
    bare = name.lstrip("^_")
    return bare if bare in INDICES else name
