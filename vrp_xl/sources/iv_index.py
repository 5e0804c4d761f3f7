"""The indices of implied volatility by symbol, for the sources that fetch or find their history.

How one stands in for a history is told in `vrp_xl.core.history`.
"""

from vrp_xl.core.iv_index import IV_INDEX

__all__ = ["IV_INDEX"]
