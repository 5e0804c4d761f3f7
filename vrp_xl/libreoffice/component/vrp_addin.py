"""The Calc functions as LibreOffice sees them: a UNO component without a function of its own.

Runs inside LibreOffice, under LibreOffice's own Python (3.8 or newer), and is loaded from the
extension. Which functions there are stands in ``registry.json`` beside it; what they compute comes
from the function server.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, ANN204, D102, N802
# (UNO has its own types and names)

import json
import struct
from pathlib import Path

import uno
import unohelper
from com.sun.star.lang import XServiceInfo, XServiceName
from com.sun.star.sheet import ResultEvent, XVolatileResult
from vrp_xl_link import Link, LinkError

try:
    from org.vrpxl import XFunctions
except ImportError:  # the types of an extension are not there yet while it is being registered

    class XFunctions:
        """Stands in for the interface while the extension is registered."""


SERVICE = "org.vrpxl.Functions"

NUMBERS = {
    "#NULL!": 521, "#DIV/0!": 532, "#VALUE!": 519, "#REF!": 524, "#NAME?": 525, "#NUM!": 503,
    "#N/A": 32767,
}  # fmt: skip
"""Errors as Calc numbers them; any other error is shown as #VALUE!."""

TEXTS = {number: text for text, number in NUMBERS.items()}

LINK = Link()
WHY = [""]
"""Why the last call did not reach its function, until VRP_WHY has told it."""


def error_value(text):
    """An error as Calc carries it: a NaN whose low word is the number of the error."""
    return struct.unpack("<d", struct.pack("<II", NUMBERS.get(text, 519), 0x7FF80000))[0]


def sent(cell):
    """An argument from Calc as JSON takes it."""
    kind = type(cell)
    if kind is str or cell is None or kind is bool:
        return cell
    if kind is tuple:
        return [[sent(one) for one in row] for row in cell]
    number = float(cell)
    if number - number == 0.0:
        return number
    low = struct.unpack("<II", struct.pack("<d", number))[0]
    return {"error": TEXTS.get(low, "#NUM!")}


def received(value):
    """A reply as Calc takes it."""
    kind = type(value)
    if kind is float or kind is str:
        return value
    if value is None:
        return ""
    if kind is list:
        return tuple(tuple(received(cell) for cell in row) for row in value)
    if kind is dict:
        return value["date"] if "date" in value else error_value(value["error"])
    return float(value)  # TRUE is 1.0: a boolean in its own type arrives as 0


def value_of(name, cells):
    """What a cell shows for a call."""
    given = [sent(cell) for cell in cells]
    while given and given[-1] is None:
        given.pop()
    try:
        reply = LINK.call(name, given)
    except LinkError as error:
        WHY[0] = str(error)
        return WHY[0] if name == "VRP_WHY" else error_value("#N/A")
    if type(reply) is dict and "refused" in reply:
        WHY[0] = reply["refused"]
        return WHY[0] if name == "VRP_WHY" else error_value("#NAME?")
    if name == "VRP_WHY" and not given and WHY[0]:
        reply = WHY[0]
    WHY[0] = ""
    return received(reply)


class Spill(unohelper.Base, XVolatileResult):
    """Rows as the result of a function that is declared to give one value.

    Calc takes a range from such a function only in the way of a live value: asked once, told once.
    """

    def __init__(self, rows):
        self.rows = rows

    def addResultListener(self, listener):
        """Tells the rows at once; they never change."""
        event = ResultEvent()
        event.Source = self
        event.Value = uno.Any("[][]any", self.rows)
        listener.modified(event)

    def removeResultListener(self, listener):
        """Nothing was kept."""


def method_of(name, table):
    """The method of the interface behind a function.

    A function that is declared as a table gives one even for one cell. Any other gives its value
    as it is: Calc compares text out of a table wrongly, so only a range in makes a range out.
    """

    def method(_self, *cells):
        value = value_of(name, cells)
        if type(value) is tuple:
            return value if table else Spill(value)
        return ((value,),) if table else value

    return method


class Base(unohelper.Base, XFunctions, XServiceInfo, XServiceName):
    """The services that every add-in gives; their names are the interfaces'."""

    def __init__(self, context):
        self.context = context

    def getServiceName(self):
        return SERVICE

    def getImplementationName(self):
        return SERVICE

    def supportsService(self, name):
        return name == SERVICE

    def getSupportedServiceNames(self):
        return (SERVICE,)


def registry():
    """The functions, by the name of their method."""
    path = __file__
    if path.startswith("file:"):
        path = uno.fileUrlToSystemPath(path)
    return json.loads(Path(path).with_name("registry.json").read_text("utf-8"))


Functions = type("Functions", (Base,), {
    method: method_of(entry["name"], entry["table"]) for method, entry in registry().items()
})  # fmt: skip

g_ImplementationHelper = unohelper.ImplementationHelper()  # noqa: N816 (LibreOffice looks for it)
g_ImplementationHelper.addImplementation(Functions, SERVICE, (SERVICE,))
