"""The extension file: all functions, the same bytes every time, nothing of this machine."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from typing import TYPE_CHECKING

import pytest

from vrp_xl import __version__
from vrp_xl.excel import layout
from vrp_xl.functions import FUNCTIONS
from vrp_xl.libreoffice import oxt
from vrp_xl.libreoffice.book import MACROS

if TYPE_CHECKING:
    from pathlib import Path

PERSON = "somebody_at_a_desk"
OOR = "{http://openoffice.org/2001/registry}"


@pytest.fixture(scope="module")
def parts() -> dict[str, str]:
    """The files of the extension, made by somebody whose name is no word of theirs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            patch.setenv(name, PERSON)
        return dict(oxt.parts())


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    """Two builds are equal, byte for byte."""
    one, other = oxt.build_oxt(tmp_path / "a.oxt"), oxt.build_oxt(tmp_path / "b.oxt")
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_it_holds_no_path_and_no_name(parts: dict[str, str]) -> None:
    """Neither the folders nor the user of the machine that built it are in it."""
    whole = "\n".join(parts.values())
    for word in (os.getcwd(), os.path.expanduser("~"), "/home/", "site-packages", "python3."):  # noqa: PTH109, PTH111
        assert word == "/" or word not in whole, word
    assert PERSON not in whole


def test_every_function_is_described(parts: dict[str, str]) -> None:
    """Names, compatibility names, help and the order of arguments, as they are defined."""
    root = ET.fromstring(parts["CalcAddIns.xcu"])  # noqa: S314 (our own file)
    service = root.find("node/node")
    assert service is not None
    assert service.get(OOR + "name") == "org.vrpxl.Functions"
    found = {}
    for node in service.findall("node/node"):
        texts = {p.get(OOR + "name"): p.findtext("value") for p in node.findall("prop")}
        arguments = [
            (p.findtext(f"prop[@{OOR}name='DisplayName']/value"),
             p.findtext(f"prop[@{OOR}name='Description']/value"))
            for p in node.findall("node/node")
        ]  # fmt: skip
        found[texts["DisplayName"]] = (node.get(OOR + "name"), texts, arguments)
    assert list(found) == list(FUNCTIONS)
    for name, (method, texts, arguments) in found.items():
        assert method == oxt.method_of(name)
        assert texts["CompatibilityName"] == name
        assert texts["Description"].startswith(FUNCTIONS[name].summary)
        assert [given for given, _ in arguments] == [a.name for a in FUNCTIONS[name].args]
        assert all(words for _, words in arguments)


def test_types_and_registry_agree(parts: dict[str, str]) -> None:
    """The interface declares every function, as a table where it gives one by itself."""
    registry = json.loads(parts["registry.json"])
    assert {entry["name"] for entry in registry.values()} == set(FUNCTIONS)
    for method, entry in registry.items():
        line = next(
            words for words in parts["functions.idl"].splitlines() if f" {method}(" in words
        )
        function = FUNCTIONS[entry["name"]]
        assert entry["table"] == function.spills
        assert line.strip().startswith("sequence<" if function.spills else "any ")
        assert line.count("[in] any ") == len(function.args)
    assert "_" not in re.sub(r"//.*", "", parts["functions.idl"])


def test_names_that_are_in_saved_files_never_change(parts: dict[str, str]) -> None:
    """The service and the methods stand in every .ods that was saved with them."""
    assert oxt.SERVICE == "org.vrpxl.Functions"
    assert oxt.method_of("VRP_CELL") == "vrpCell"
    assert oxt.method_of("VRP_WHATIFRATIO") == "vrpWhatifratio"
    assert f'SERVICE = "{oxt.SERVICE}"' in parts["vrp_addin.py"]


def test_description_and_manifest(parts: dict[str, str]) -> None:
    """Version, least LibreOffice, and an entry for each file that LibreOffice must load."""
    assert f'<version value="{__version__}"/>' in parts["description.xml"]
    assert 'LibreOffice-minimal-version value="25.2"' in parts["description.xml"]
    ET.fromstring(parts["description.xml"])  # noqa: S314 (our own file)
    manifest = ET.fromstring(parts["META-INF/manifest.xml"])  # noqa: S314 (our own file)
    listed = {value for entry in manifest for key, value in entry.items() if "path" in key}
    assert listed == {
        "functions.idl", "CalcAddIns.xcu", "Addons.xcu", "Jobs.xcu", "vrp_addin.py", "vrp_desk.py",
    }  # fmt: skip
    assert "Permission is hereby granted" in parts["LICENSE"]


def test_the_menu_names_macros_that_exist(parts: dict[str, str]) -> None:
    """Every entry calls our component with a macro that has a body; so does every button."""
    root = ET.fromstring(parts["Addons.xcu"])  # noqa: S314 (our own file)
    calls = [p.findtext("value") for p in root.iter("prop") if p.get(OOR + "name") == "URL"]
    assert calls == [f"service:{oxt.DESK_SERVICE}?{name}" for name in oxt.MENU]
    assert set(oxt.MENU) <= set(layout.MACROS)
    assert set(MACROS) == set(layout.MACROS)
    desk = parts["vrp_desk.py"]
    assert all(f'"{name}"' in desk for name in layout.MACROS)
    assert f'SERVICE = "{oxt.DESK_SERVICE}"' in desk


def test_the_job_comes_with_the_first_view_alone(parts: dict[str, str]) -> None:
    """One event only: a second one would listen to every button twice."""
    root = ET.fromstring(parts["Jobs.xcu"])  # noqa: S314 (our own file)
    jobs, events = root.findall("node")
    assert [node.get(OOR + "name") for node in events] == ["OnViewCreated"]
    assert jobs.findtext("node/prop/value") == oxt.DESK_SERVICE


def test_the_desk_is_known_by_what_the_layout_says(parts: dict[str, str]) -> None:
    """The component cannot import the layout, so it repeats it."""
    text = parts["pythonpath/vrp_xl_document.py"]
    assert "OURS = " + json.dumps(layout.DOCUMENT_PROPERTY)[1:-1].join("()") in text
    assert f'RAW_NAME = "{layout.RAW_NAME}"' in text


@pytest.mark.parametrize(
    "name",
    ["vrp_addin.py", "vrp_desk.py", "pythonpath/vrp_xl_link.py", "pythonpath/vrp_xl_document.py"],
)
def test_the_component_runs_on_an_old_python(parts: dict[str, str], name: str) -> None:
    """LibreOffice's own Python may be 3.8, and knows nothing of this package."""
    tree = ast.parse(parts[name], feature_version=(3, 8))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not any(one.name.startswith("vrp_xl.") for one in node.names)
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("vrp_xl.")
        assert not isinstance(node, ast.Match)


def test_it_imports_no_host() -> None:
    """The extension is written where xlwings is not installed, too."""
    code = "import sys, vrp_xl.libreoffice.oxt as o; o.parts(); sys.exit('xlwings' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
