"""The built files: equal every time, up to date, readable by others, with nothing of a machine."""

from __future__ import annotations

import io
import re
import shutil
import warnings
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
import xlwings
from pyopenvba.integrity import check_file

from tests.excel.vba_host import module_texts, project_of, seen_by_olevba
from vrp_xl.errors import InputError
from vrp_xl.excel import build as building
from vrp_xl.excel import files
from vrp_xl.excel.build import CHECKOUT, build, stale
from vrp_xl.excel.files import ADD_IN, BUILT, DESK, LICENCE, built
from vrp_xl.excel.layout import MACROS, SHEETS
from vrp_xl.excel.vba.xlwings_module import CONF, CONF_SHEET, pinned_version
from vrp_xl.functions import FUNCTIONS

BOOKS = (DESK, ADD_IN)
CUSTOM_UI = "{http://schemas.microsoft.com/office/2009/07/customui}"
KEY, PERSON = "key-6f1d2c3b4a59687", "somebody_at_a_desk"

EXACT = {"xlwings": xlwings.__version__, "XlsxWriter": xlsxwriter.__version__}
PYPROJECT = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")

pytestmark = [
    pytest.mark.checkout,
    pytest.mark.skipif(
        any(f'"{name}=={version}"' not in PYPROJECT for name, version in EXACT.items()),
        reason=f"the pinned versions build the files, not {EXACT}",
    ),
]


def checkout(folder: Path) -> Path:
    """A copy of what a build reads."""
    shutil.copytree(CHECKOUT / "workbook", folder / "workbook")
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with freshly built files, built by somebody whose name is no word of theirs."""
    root = checkout(tmp_path_factory.mktemp("build"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            patch.setenv(name, PERSON)
        assert [path.name for path in build(root)] == list(BUILT)
    return root / "workbook"


def members(path: Path) -> dict[str, bytes]:
    """What a file holds, by name."""
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def opened(path: Path) -> openpyxl.Workbook:
    """A book in openpyxl, which reads no add-ins: one is handed over as a workbook."""
    with io.BytesIO() as copy:
        with zipfile.ZipFile(copy, "w") as packed:
            for name, data in members(path).items():
                packed.writestr(name, data.replace(b"excel.addin.macro", b"excel.sheet.macro"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it does not know every extension of Excel
            return openpyxl.load_workbook(copy)


def test_two_builds_are_equal(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user with a key, another folder: the same bytes."""
    monkeypatch.setenv("FLASHALPHA_API_KEY", KEY)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody_else")
    for path in build(checkout(tmp_path)):
        assert path.read_bytes() == (made / path.name).read_bytes()


def test_committed_files_are_up_to_date() -> None:
    """What is in workbook/ is what the sources make; if not, run `vrp-xl build`."""
    assert stale(CHECKOUT) == []


def test_what_is_stale_is_named(made: Path, tmp_path: Path) -> None:
    """A changed macro shows in the VBA project of both files, a lost file by its name."""
    root = tmp_path / "copy"
    shutil.copytree(made.parent, root)
    macros = root / "workbook" / "vba" / "VrpMacros.bas"
    macros.write_text(macros.read_text(encoding="utf-8") + "' more\n", encoding="utf-8")
    (root / "workbook" / LICENCE).unlink()
    assert stale(root) == [
        f"{DESK}: xl/vbaProject.bin",
        f"{ADD_IN}: xl/vbaProject.bin",
        f"{LICENCE}: missing",
    ]
    (root / "workbook" / ADD_IN).write_bytes(b"no archive")
    assert f"{ADD_IN}: customUI/customUI14.xml" in stale(root)


def test_a_build_needs_a_checkout(tmp_path: Path) -> None:
    """Anywhere else it says where to build, and writes nothing."""
    with pytest.raises(InputError, match="no checkout"):
        build(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lost_source_is_named(tmp_path: Path) -> None:
    """A module that is not there is named by its file."""
    root = checkout(tmp_path)
    (root / "workbook" / "vba" / "VrpRibbon.bas").unlink()
    with pytest.raises(InputError, match=r"VrpRibbon\.bas"):
        build(root)


@pytest.mark.parametrize("book", BOOKS)
def test_the_package_is_whole(made: Path, book: str) -> None:
    """Every part has a type and is reached by a relation; the container of the VBA is sound."""
    report = check_file(made / book)
    assert not report.errors, report.errors


@pytest.mark.parametrize("book", BOOKS)
def test_the_vba_is_readable(made: Path, book: str) -> None:
    """Olevba reads the macros and functions that people look for."""
    texts = seen_by_olevba(made / book)
    assert "Sub RefreshScan()" in texts["VrpMacros"]
    assert all(f"Public Sub {name}()" in texts["VrpMacros"] for name in MACROS)
    assert all(f"Public Function {name}(" in texts["VrpFunctions"] for name in FUNCTIONS)
    assert "Public Function VrpErr(" in texts["VrpErrors"]
    assert 'PROJECT_NAME As String = "vrp_xl"' in texts["xlwings"]
    assert ("VrpRibbon" in texts) == (book == ADD_IN)


@pytest.mark.parametrize("book", BOOKS)
def test_each_sheet_has_its_module(made: Path, book: str) -> None:
    """The code names in the file are the document modules of the project."""
    texts = module_texts(project_of(made / book))
    documents = {n for n, text in texts.items() if re.search(r"0\{000208(19|20)-", text)}
    found = opened(made / book)
    names = {sheet.sheet_properties.codeName for sheet in found.worksheets}
    assert documents == names | {"ThisWorkbook"}
    assert found.code_name == "ThisWorkbook"


@pytest.mark.parametrize("book", BOOKS)
def test_nothing_of_a_machine(made: Path, book: str) -> None:
    """No path, no key, no user, no link to another file: neither in XML nor in VBA of ours."""
    inside = {name: data.decode("utf-8", "replace") for name, data in members(made / book).items()
              if not name.endswith(".bin")}  # fmt: skip
    vba = module_texts(project_of(made / book))
    inside |= {f"VBA {name}": text for name, text in vba.items()}
    for name, text in inside.items():
        assert str(CHECKOUT) not in text, name
        assert str(made) not in text, name
        assert KEY not in text, name
        assert PERSON not in text, name
        assert str(Path.home()) == "/" or str(Path.home()) not in text, name
        assert "absPath" not in text, name
        assert 'TargetMode="External"' not in text, name
        if name not in ("VBA xlwings", "VBA Dictionary"):
            assert not re.search(r"\b[A-Za-z]:\\|/home/|/Users/|/tmp/", text), name
    assert not any("externalLink" in name for name in inside)
    with zipfile.ZipFile(made / book) as packed:
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("book", BOOKS)
def test_the_configuration_sheet(made: Path, book: str) -> None:
    """Xlwings finds our module there, and no interpreter, path or key."""
    sheet = opened(made / book)[CONF_SHEET]
    assert [(row[0], row[1]) for row in sheet.iter_rows(values_only=True)] == list(CONF)


def test_the_desk_has_its_sheets(made: Path) -> None:
    """The sheets of the layout, in their order."""
    assert tuple(opened(made / DESK).sheetnames[: len(SHEETS)]) == SHEETS


def test_the_add_in_is_one(made: Path) -> None:
    """Excel knows an add-in by the type of its workbook part."""
    types = members(made / ADD_IN)["[Content_Types].xml"].decode()
    assert "application/vnd.ms-excel.addin.macroEnabled.main+xml" in types
    assert "sheet.macroEnabled" not in types


def test_the_ribbon(made: Path) -> None:
    """The VRP tab has six buttons with pictures; each calls a Sub that takes the button."""
    inside = members(made / ADD_IN)
    links = ET.parse(io.BytesIO(inside["_rels/.rels"])).getroot()  # noqa: S314 (our own file)
    target = [e.get("Target") for e in links if "ui/extensibility" in e.get("Type", "")]
    assert target == ["customUI/customUI14.xml"]
    ribbon = ET.fromstring(inside["customUI/customUI14.xml"])  # noqa: S314 (our own file)
    assert ribbon.tag == f"{CUSTOM_UI}customUI"
    assert [tab.get("label") for tab in ribbon.iter(f"{CUSTOM_UI}tab")] == ["VRP"]
    buttons = list(ribbon.iter(f"{CUSTOM_UI}button"))
    assert [button.get("label") for button in buttons] == [
        "Refresh", "Add to watchlist", "Freeze copy", "Last error", "Settings", "Help"
    ]  # fmt: skip
    vba = module_texts(project_of(made / ADD_IN))["VrpRibbon"]
    ids = [element.get("id") for element in ribbon.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for button in buttons:
        assert button.get("imageMso")
        assert f"Public Sub {button.get('onAction')}(control As Object)" in vba
        assert (button.get("screentip") or "") in MACROS.values()
    tips = [button.get("supertip", "") for button in buttons]
    assert max(map(len, tips)) < 1024


def test_the_licence_file(made: Path) -> None:
    """The licence of what the files carry of xlwings lies beside them."""
    assert "BSD 3-clause" in (made / LICENCE).read_text(encoding="utf-8")


def test_built_files_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the package first, then in the checkout; else it says what to do."""
    package = tmp_path / "vrp_xl"
    (package / "files").mkdir(parents=True)
    (tmp_path / "workbook").mkdir()
    monkeypatch.setattr(files, "PACKAGE", package)
    with pytest.raises(InputError, match=DESK):
        built(DESK)
    (tmp_path / "workbook" / DESK).touch()
    assert built(DESK) == tmp_path / "workbook" / DESK
    (package / "files" / DESK).touch()
    assert built(DESK) == package / "files" / DESK


def test_the_wheel_carries_the_files() -> None:
    """What is built is what pyproject.toml puts into the package."""
    for name in BUILT:
        assert f'"workbook/{name}" = "vrp_xl/files/{name}"' in PYPROJECT


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`vrp-xl build` builds, `--check` is content then, and names what was changed."""
    root = checkout(tmp_path)
    monkeypatch.setattr(building, "CHECKOUT", root)
    assert building.command(check=False) == [f"built {Path('workbook', name)}" for name in BUILT]
    assert "what their sources make" in building.command(check=True)[0]
    (root / "workbook" / "ribbon.xml").write_text("<customUI/>", encoding="utf-8")
    with pytest.raises(InputError, match="customUI14"):
        building.command(check=True)


def test_the_pinned_xlwings_is_installed() -> None:
    """The files carry the VBA of the version that the package asks for."""
    assert pinned_version(CHECKOUT / "pyproject.toml") == xlwings.__version__
