"""What goes over the wire between LibreOffice and the function server, both ends of it."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import math
import struct
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.excel.boundary import CellError
from vrp_xl.libreoffice import answering, oxt
from vrp_xl.libreoffice.answering import Client, encoded
from vrp_xl.libreoffice.component import link

if TYPE_CHECKING:
    from pathlib import Path


def asked(name: str, *cells: Any, client: Client | None = None) -> Any:
    """What a client is told for a call."""
    line = json.dumps([name, list(cells)]).encode() + b"\n"
    return json.loads((client or Client()).answer(line))


def test_values_and_errors_travel() -> None:
    """A number comes back as a number, an error as an error, in and out of ranges."""
    assert asked("VRP_RATIO", 28.0, 18.0) == pytest.approx(28 / 18)
    assert asked("VRP_BAND", 1.6) == "rich"
    assert asked("VRP_SCREEN", 1.34, 5.41) is True
    assert asked("VRP_RATIO", 28.0) == {"error": "#N/A"}
    assert asked("VRP_RATIO", {"error": "#DIV/0!"}, 18.0) == {"error": "#DIV/0!"}
    assert asked("VRP_RATIO", [[28.0], [""], ["x y!"]], 18.0) == [
        [pytest.approx(28 / 18)], [""], [{"error": "#VALUE!"}],
    ]  # fmt: skip
    assert asked("VRP_STOPDATE", 46402.0) == {"date": 46380.0}


def test_dates_are_serial_numbers() -> None:
    """Dates and times leave as serial numbers, with the time of day as a fraction."""
    assert encoded(dt.date(2027, 1, 15)) == {"date": 46402.0}
    assert encoded(dt.datetime(2027, 1, 15, 18, 0)) == {"date": 46402.75}  # noqa: DTZ001


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates(),
                  st.datetimes()),
        lambda cells: st.lists(st.lists(cells, max_size=3), max_size=3),
        max_leaves=8,
    )
)  # fmt: skip
def test_every_value_is_strict_json(value: Any) -> None:
    """No result makes NaN or Infinity on the wire; an infinite one is #NUM!."""
    if isinstance(value, list) and any(isinstance(c, list) for row in value for c in row):
        return
    text = json.dumps(encoded(value), allow_nan=False)
    back = json.loads(text)
    if isinstance(value, float) and math.isfinite(value):
        assert back == value
    if isinstance(value, float) and not math.isfinite(value):
        assert back == {"error": "#NUM!"}


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"1", b'["VRP_RATIO"]', b'["VRP_RATIO", {}]', b"\xff", b"[NaN, []]",
     b'["VRP_RATIO", [NaN]]', b'["VRP_RATIO", [{"error": "no"}]]', b'["VRP_RATIO", [{"x": 1}]]',
     b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_request_is_refused_in_words(line: bytes) -> None:
    """The server answers rubbish with a sentence and lives on."""
    told = json.loads(Client().answer(line + b"\n"))
    assert told["refused"].startswith("The request cannot be read")


def test_an_unknown_function_is_refused() -> None:
    """An extension newer than the package is told what to do."""
    assert "install --libreoffice" in asked("VRP_NEXTYEAR")["refused"]


def test_each_client_has_its_own_last_error() -> None:
    """VRP_WHY tells a client its own error, not another's."""
    one, other = Client(), Client()
    assert asked("VRP_BAND", "no number", client=one) == {"error": "#VALUE!"}
    assert asked("VRP_BAND", 1.0, client=other) == "normal"
    assert "no number" in asked("VRP_WHY", client=one)
    assert asked("VRP_WHY", client=other) == "No error so far."


def test_a_bug_in_a_function_is_an_error_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected gives #VALUE! and a word, not a dead server."""

    class Broken:
        def call(self, *_cells: Any) -> Any:
            raise KeyError("oh")

    monkeypatch.setitem(answering.FUNCTIONS, "VRP_BROKEN", Broken())  # type: ignore[misc]
    client = Client()
    assert asked("VRP_BROKEN", client=client) == {"error": "#VALUE!"}
    assert "KeyError" in asked("VRP_WHY", client=client)


# The component, with stand-ins for UNO


class _Uno(ModuleType):
    class Any:
        def __init__(self, kind: str, value: Any) -> None:
            self.kind, self.value = kind, value

    @staticmethod
    def fileUrlToSystemPath(url: str) -> str:  # noqa: N802
        return url.removeprefix("file://")


class _Helper:
    def addImplementation(self, *_given: Any) -> None:  # noqa: N802
        pass


@pytest.fixture
def addin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The component as it lies in the extension, loaded with stand-ins for UNO."""
    for name, text in oxt.parts().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    modules = {
        "uno": _Uno("uno"),
        "unohelper": _module("unohelper", Base=type("Base", (), {}), ImplementationHelper=_Helper),
        "vrp_xl_link": link,
        "com": _module("com"),
        "com.sun": _module("com.sun"),
        "com.sun.star": _module("com.sun.star"),
        "com.sun.star.lang": _module(
            "com.sun.star.lang", XServiceInfo=_face(), XServiceName=_face()
        ),
        "com.sun.star.sheet": _module(
            "com.sun.star.sheet", ResultEvent=type("ResultEvent", (), {}), XVolatileResult=_face()
        ),
        "org": _module("org"),
        "org.vrpxl": _module("org.vrpxl", XFunctions=_face()),
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    spec = importlib.util.spec_from_file_location("vrp_addin", tmp_path / "vrp_addin.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def _module(name: str, **members: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(members)
    return made


def _face() -> type:
    return type("Face", (), {})


def number_of(value: float) -> int:
    """The number of the error that a NaN carries."""
    assert math.isnan(value)
    return int(struct.unpack("<II", struct.pack("<d", value))[0])


def test_the_component_has_every_function(addin: ModuleType) -> None:
    """Each definition has a method of its own."""
    for name in oxt.FUNCTIONS:
        assert callable(getattr(addin.Functions, oxt.method_of(name)))


def test_arguments_from_calc(addin: ModuleType) -> None:
    """What Calc hands over: blanks, text, numbers, ranges, and errors inside of a matrix."""
    assert addin.sent(None) is None
    assert addin.sent("") == ""
    assert addin.sent(((1.0, ""), ("x", addin.error_value("#N/A")))) == [
        [1.0, ""], ["x", {"error": "#N/A"}],
    ]  # fmt: skip
    assert addin.sent(math.inf) == {"error": "#NUM!"}


def test_replies_for_calc(addin: ModuleType) -> None:
    """Errors become NaN with Calc's number, dates serial numbers, blanks empty text."""
    assert number_of(addin.received({"error": "#N/A"})) == 32767
    assert number_of(addin.received({"error": "#SPILL!"})) == 519
    assert addin.received({"date": 46402.0}) == 46402.0
    assert addin.received(None) == ""
    rows = addin.received([[1, "A"], [None, {"error": "#NUM!"}]])
    assert rows[0] == (1.0, "A")
    assert rows[1][0] == ""
    assert number_of(rows[1][1]) == 503


def test_results_in_the_form_that_is_declared(
    addin: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table for what is declared one; for any other function a value, or a range told once."""
    client = Client()
    monkeypatch.setattr(addin.LINK, "call", lambda name, cells: asked(name, *cells, client=client))
    functions = addin.Functions(None)
    assert functions.vrpRatio(28.0, 18.0) == pytest.approx(28 / 18)
    assert functions.vrpBand(1.6, None) == "rich"
    assert functions.vrpRules()[0][:2] == ("rule", "value")
    assert number_of(functions.vrpStrikes("SPY", None, None)[0][0]) == 32767
    told: list[Any] = []
    spill = functions.vrpBand(((1.6,), (0.0,)))
    spill.addResultListener(type("Listener", (), {"modified": staticmethod(told.append)}))
    assert (told[0].Value.kind, told[0].Value.value) == ("[][]any", (("rich",), ("normal",)))


def test_why_is_told_without_a_server(addin: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the server is missing every function is #N/A and VRP_WHY says why, then once more."""

    def gone(_name: str, _cells: list[Any]) -> Any:
        raise link.LinkError("The server is away.")

    functions = addin.Functions(None)
    monkeypatch.setattr(addin.LINK, "call", gone)
    assert number_of(functions.vrpRatio(28.0, 18.0)) == 32767
    assert functions.vrpWhy("SPY", None) == "The server is away."
    monkeypatch.setattr(addin.LINK, "call", lambda name, cells: asked(name, *cells))
    assert functions.vrpWhy() == "The server is away."
    assert functions.vrpWhy() == "No error so far."


def test_a_refusal_is_a_name_error(addin: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that the package does not have shows #NAME? and says what to do."""
    monkeypatch.setattr(addin.LINK, "call", lambda _name, _cells: {"refused": "Install again."})
    functions = addin.Functions(None)
    assert number_of(functions.vrpRatio(28.0, 18.0)) == 525
    assert functions.vrpWhy() == "Install again."


def test_cell_errors_are_tagged() -> None:
    """An error is never mistaken for text."""
    assert encoded("#N/A") == "#N/A"
    assert encoded(CellError("#N/A")) == {"error": "#N/A"}
