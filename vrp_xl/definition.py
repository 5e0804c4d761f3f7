"""How a ``VRP_*`` function is defined: once, with all that any host needs to know of it.

`vrp` turns a typed Python function into a spreadsheet function: arguments are read at the
boundary, ranges spill in their own shape, errors come back as `CellError`, and the last one can
be told in words. Hosts (xlwings, LibreOffice, docs, command line) are made from `FUNCTIONS`.

May not import xlwings, pandas, the store or a workflow.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from vrp_xl.errors import InputError, MissingError, NoNumberError, VrpError, printable
from vrp_xl.excel import boundary
from vrp_xl.excel.boundary import NUM, VALUE, CellError, ErrorInArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Group = Literal["pure", "symbol", "table", "data"]
Blank = Literal["refuse", "missing", "pass"]

GROUP_TITLE: dict[Group, str] = {
    "pure": "Mathematics: numbers in, numbers out",
    "symbol": "One symbol, from what is stored",
    "table": "Tables that spill",
    "data": "About the data",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """How an argument is read.

    `takes_range` says that the whole range is one argument (a history, a table); otherwise a
    range of several cells makes the function spill.
    """

    name: str
    read: Callable[[Any, str], Any]
    takes_range: bool = False
    when_blank: Callable[[], Any] | None = None
    """What an optional argument is when it is blank; None by default."""


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument: what it is called, how it is read, what it means, and its unit."""

    kind: Kind
    doc: str
    unit: str = ""
    name: str = ""
    optional: bool = False
    default: str = ""
    """What a blank stands for, in words."""
    blank: Blank = "refuse"
    """A blank where a value is needed: an error, missing data (#N/A), or passed on as it is."""


@dataclass(frozen=True, slots=True)
class Example:
    """A formula that computes on the sample market."""

    formula: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """One spreadsheet function."""

    name: str
    group: Group
    summary: str
    details: str
    returns: str
    args: tuple[Arg, ...]
    examples: tuple[Example, ...]
    errors: Mapping[str, str]
    spills: bool
    """Whether the result itself is a table, whatever the arguments."""
    call: Callable[..., Any]

    @property
    def syntax(self) -> str:
        """Such as ``VRP_RATIO(iv, hv, [floor], [rules])``."""
        names = (f"[{a.name}]" if a.optional else a.name for a in self.args)
        return f"{self.name}({', '.join(names)})"


FUNCTIONS: dict[str, Function] = {}
"""Every spreadsheet function by name, in the order of the reference."""


@dataclass(slots=True)
class _Last:
    """The last error of this process, for ``VRP_WHY()``."""

    function: str = ""
    words: str = ""


LAST = _Last()

_BLANK_ERRORS: Mapping[str, str] = {}


def vrp(
    group: Group,
    returns: str,
    *examples: str | Example,
    errors: Mapping[str, str] = _BLANK_ERRORS,
    spills: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Defines a spreadsheet function.

    Args:
        group: where the reference lists it.
        returns: what comes back, with its unit.
        examples: formulas that compute on the sample market.
        errors: error text -> when it comes (``#VALUE!`` for a bad argument is understood).
        spills: the result is a table, whatever the arguments.
    """

    def define(body: Callable[..., Any]) -> Callable[..., Any]:
        args = _args(body)
        call = _wrapped(body, args, spills=spills)
        paragraphs = inspect.cleandoc(body.__doc__ or "").split("\n\n", 1)
        FUNCTIONS[body.__name__] = Function(
            name=body.__name__,
            group=group,
            summary=" ".join(paragraphs[0].split()),
            details=paragraphs[1].strip() if len(paragraphs) > 1 else "",
            returns=returns,
            args=args,
            examples=tuple(e if isinstance(e, Example) else Example(e) for e in examples),
            errors=errors,
            spills=spills,
            call=call,
        )
        return call

    return define


def _args(body: Callable[..., Any]) -> tuple[Arg, ...]:
    out = []
    for name, parameter in inspect.signature(body).parameters.items():
        spec = parameter.annotation.__metadata__[0]
        optional = parameter.default is not inspect.Parameter.empty
        out.append(dataclasses.replace(spec, name=name, optional=optional))
    return tuple(out)


_Spec = tuple[Kind, Arg, str]
"""How an argument is read, what it is, and what an error calls it."""

_TOO_DEEP = "The arguments are nested too deep."
_TOO_FAR = "The arguments are too large or too small."
_ORDINALS = ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th")


def _wrapped(
    body: Callable[..., Any], args: tuple[Arg, ...], *, spills: bool
) -> Callable[..., Any]:
    """`body` behind the boundary."""
    name = body.__name__
    specs = tuple((a.kind, a, f"{a.name} ({_ORDINALS[i]} argument)") for i, a in enumerate(args))
    most = len(specs)
    names = tuple(a.name for a in args)

    def one(specs: Sequence[_Spec], cells: Sequence[Any]) -> Any:
        """One call with plain values; raises what goes wrong."""
        values = []
        for (kind, arg, where), cell in zip(specs, cells, strict=True):
            if cell is None:
                values.append(_blank(name, kind, arg, where))
            else:
                values.append(kind.read(cell, where))
        result = body(*values)
        if type(result) is float and not math.isfinite(result):
            raise NoNumberError("The result is not a finite number.", _TOO_FAR)
        return result

    def safe(specs: Sequence[_Spec], cells: Sequence[Any]) -> Any:
        try:
            return one(specs, cells)
        except VrpError as error:
            return _failed(name, error)
        except RecursionError:
            return _failed(name, InputError(_TOO_DEEP))
        except (ArithmeticError, ValueError) as error:
            return _failed(name, NoNumberError(f"No number exists for these arguments ({error})."))

    def call(*given: Any, **named: Any) -> Any:
        if named or len(given) > most:
            try:
                given = _by_position(name, names, given, named)
            except VrpError as error:
                return _failed(name, error)
        cells: list[Any] = []
        shape: tuple[int, int] | None = None
        spread: dict[int, list[list[Any]]] = {}
        try:
            for i, (kind, _, where) in enumerate(specs):
                cell = given[i] if i < len(given) else None
                if cell is not None and type(cell) is not float:
                    cell = _cell(cell, takes_range=kind.takes_range)
                    if not kind.takes_range and boundary.is_range(cell):
                        rows = boundary.rows_of(cell, where)
                        size = (len(rows), len(rows[0]) if rows else 0)
                        if not size[0] or not size[1]:
                            raise InputError(f"{where} is an empty range.", "Select cells.")
                        if spills:
                            raise InputError(
                                f"{where} is {size[0]} x {size[1]} cells; {name} gives a table, "
                                "so it takes one cell here."
                            )
                        if shape is not None and size != shape:
                            raise InputError(
                                f"{where} is {size[0]} x {size[1]}, another range is "
                                f"{shape[0]} x {shape[1]}.",
                                "Ranges that spill must have one shape.",
                            )
                        shape, spread[i] = size, rows
                cells.append(cell)
        except VrpError as error:
            return _failed(name, error)
        except RecursionError:
            return _failed(name, InputError(_TOO_DEEP))
        if shape is None:
            return safe(specs, cells)
        specs_once, cells_once = _read_once(name, specs, cells, spread)
        return [
            [_cell_at(r, c, cells_once, spread, specs_once, safe) for c in range(shape[1])]
            for r in range(shape[0])
        ]

    functools.update_wrapper(call, body)
    return call


def _blank(name: str, kind: Kind, arg: Arg, where: str) -> Any:
    """What a blank argument is read as."""
    if arg.optional:
        return kind.when_blank() if kind.when_blank is not None else None
    if arg.blank == "pass":
        return None
    if arg.blank == "missing":
        raise MissingError(f"{where} is blank.", "There is no figure to work with.")
    raise InputError(f"{where} is blank.", f"{name} needs it.")


def _cell_at(
    r: int,
    c: int,
    cells: Sequence[Any],
    spread: Mapping[int, list[list[Any]]],
    specs: Sequence[_Spec],
    safe: Callable[[Sequence[_Spec], Sequence[Any]], Any],
) -> Any:
    """One cell of a spilled result: blank where every range is blank there."""
    here = {i: rows[r][c] for i, rows in spread.items()}
    if all(cell is None for cell in here.values()):
        return None
    return safe(specs, [here.get(i, cell) for i, cell in enumerate(cells)])


_READ = Kind("read already", lambda value, _: value)


def _read_once(
    name: str, specs: Sequence[_Spec], cells: Sequence[Any], spread: Mapping[int, Any]
) -> tuple[list[_Spec], list[Any]]:
    """Reads what is the same in every cell of a spilled result, such as the rules.

    An argument that cannot be read stays as it is, to be refused in its turn in each cell.
    """
    out_specs, out_cells = list(specs), list(cells)
    for i, (kind, arg, where) in enumerate(specs):
        if i in spread:
            continue
        cell = cells[i]
        try:
            value = _blank(name, kind, arg, where) if cell is None else kind.read(cell, where)
        except (VrpError, RecursionError, ArithmeticError, ValueError):
            continue
        out_specs[i], out_cells[i] = (_READ, arg, where), value
    return out_specs, out_cells


def _cell(value: Any, *, takes_range: bool) -> Any:
    """A given argument: plain where it is one cell, as it is where it is a range."""
    if takes_range and (isinstance(value, (list, tuple)) or hasattr(value, "tolist")):
        many = len(value) > 1 if isinstance(value, (list, tuple)) else value.size != 1
        lone = value if many else boundary.plain(value)
        return value if boundary.is_range(lone) else lone
    return boundary.plain(value)


def _by_position(
    name: str, names: tuple[str, ...], given: tuple[Any, ...], named: Mapping[str, Any]
) -> tuple[Any, ...]:
    if len(given) > len(names):
        raise InputError(f"{name} takes at most {len(names)} arguments; {len(given)} were given.")
    values = dict(zip(names, given, strict=False))
    for key, value in named.items():
        if key not in names:
            raise InputError(
                f"{name} has no argument {key!r}.", "It has: " + ", ".join(names) + "."
            )
        if key in values:
            raise InputError(f"{name} was given {key!r} twice.")
        values[key] = value
    return tuple(values.get(key) for key in names)


def _failed(name: str, error: VrpError) -> CellError:
    # What a cell held may be quoted in it, so a control character is shown as a blank.
    LAST.function, LAST.words = name, printable(str(error))
    if isinstance(error, ErrorInArgument):
        return error.error
    if isinstance(error, InputError):
        return VALUE
    if isinstance(error, NoNumberError):
        return NUM
    return boundary.ERRORS[error.cell]


def help_of(function: Function) -> str:
    """What the function wizard says of a function, within its 255 characters."""
    text = f"{function.summary} Returns: {function.returns}."
    return text if len(text) <= 255 else function.summary[:255]


def help_of_argument(function: Function, index: int) -> str:
    """What the function wizard says of an argument, within its 255 characters."""
    argument = function.args[index]
    text = argument.doc
    if argument.unit:
        text += f" In {argument.unit}." if argument.unit != "date" else ""
    if argument.optional:
        text += f" Blank: {argument.default}." if argument.default else " May be blank."
    return text[:255]
