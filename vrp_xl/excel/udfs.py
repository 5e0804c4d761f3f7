"""The functions as Excel calls them through xlwings. This is the module that Excel names.

Bound from the definitions by a loop, so that nothing is said twice: an explicit signature (blank
where Excel leaves an argument out), no annotations (xlwings would read them as converters), and
``ndim=2`` for every argument, so that a cell, a row and a column arrive in one form. Errors leave
as text such as ``#N/A``; the VBA wrapper turns that into a true error.
"""

from __future__ import annotations

import datetime as dt
import inspect
import math
from typing import TYPE_CHECKING, Any

from xlwings import arg, func

from vrp_xl.definition import help_of, help_of_argument
from vrp_xl.excel.boundary import cell_out
from vrp_xl.functions import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from vrp_xl.definition import Function

CATEGORY = "VRP"
"""Where Excel's function wizard lists them."""

_LONG = 2**31 - 1
"""Whole numbers beyond this travel as floats: Excel has no cell type for them."""


def to_excel(value: Any) -> Any:
    """A result in the types that COM can send to a cell.

    >>> to_excel(None), to_excel(dt.date(2027, 1, 15)), to_excel([[1, None]])
    ('', datetime.datetime(2027, 1, 15, 0, 0), [[1, '']])
    """
    kind = type(value)
    if kind is str or (kind is float and math.isfinite(value)):
        return value
    if kind is list:
        return [[to_excel(cell) for cell in row] for row in value]
    out = cell_out(value)
    if isinstance(out, str):
        return str(out)
    if isinstance(out, bool):
        return out
    if isinstance(out, dt.date) and not isinstance(out, dt.datetime):
        return dt.datetime(out.year, out.month, out.day)  # noqa: DTZ001 (a cell has no zone)
    if isinstance(out, int) and abs(out) > _LONG:
        return float(out)
    return out


def _bound(function: Function) -> Callable[..., Any]:
    call = function.call

    def udf(*cells: Any) -> Any:
        return to_excel(call(*cells))

    udf.__name__ = udf.__qualname__ = function.name
    udf.__module__ = __name__
    udf.__doc__ = help_of(function)
    udf.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                a.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=None if a.optional else inspect.Parameter.empty,
            )
            for a in function.args
        ]
    )
    bound: Any = udf
    for i, argument in enumerate(function.args):
        bound = arg(argument.name, ndim=2, err_to_str=True, doc=help_of_argument(function, i))(
            bound
        )
    return func(category=CATEGORY)(bound)  # type: ignore[no-any-return]


for _function in FUNCTIONS.values():
    globals()[_function.name] = _bound(_function)
