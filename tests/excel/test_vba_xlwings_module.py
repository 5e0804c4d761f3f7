"""The VBA of xlwings as the files carry it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xlwings

from vrp_xl.errors import InputError
from vrp_xl.excel.vba.xlwings_module import (
    CONF,
    PROJECT_NAME,
    adapted,
    licences,
    pinned_version,
    xlwings_modules,
)

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
PINNED = pinned_version(PYPROJECT)
SHIPPED = Path(xlwings.__file__).parent / "xlwings_custom_addin.bas"

pytestmark = pytest.mark.skipif(
    xlwings.__version__ != PINNED,
    reason=f"xlwings {xlwings.__version__} is installed, the files carry {PINNED}",
)


@pytest.mark.parametrize("add_in", [False, True])
def test_only_names_are_changed(add_in: bool) -> None:
    """Line by line, nothing differs but the project's name and the workbook that counts."""
    shipped = SHIPPED.read_text(encoding="ascii").rstrip().splitlines()
    ours = adapted("\n".join(shipped), add_in=add_in).splitlines()
    assert len(ours) == len(shipped)
    for old, new in zip(shipped, ours, strict=True):
        if "PROJECT_NAME As String" in old:
            assert new == f'Public Const PROJECT_NAME As String = "{PROJECT_NAME}"'
        else:
            assert new in (old, old.replace("ActiveWorkbook", "ThisWorkbook"))


def test_the_desk_acts_on_itself() -> None:
    """In the workbook no line speaks of the active workbook."""
    code, dictionary = xlwings_modules(PINNED, add_in=False)
    assert "ActiveWorkbook" not in code.source
    assert (code.name, dictionary.name, dictionary.kind) == ("xlwings", "Dictionary", "class")


def test_the_add_in_is_configured_by_itself_alone() -> None:
    """A foreign workbook is what a macro acts on, and never where the configuration is read."""
    code = xlwings_modules(PINNED, add_in=True)[0].source
    lines = [line for line in code.splitlines() if "ActiveWorkbook" in line]
    assert len(lines) == 3
    assert not any("conf" in line.lower() or "PYTHONPATH" in line for line in lines)
    assert sum("--wb=" in line for line in lines) == 1


def test_its_licence_goes_along() -> None:
    """The licence is at the head of the module, and in a file with that of the Dictionary class."""
    code = xlwings_modules(PINNED, add_in=False)[0].source
    assert "BSD 3-clause license" in code
    assert "Zoomer Analytics" in licences()
    assert "Tim Hall" in licences()


def test_a_class_keeps_its_member_attributes() -> None:
    """Dictionary(key) works because Item is marked as the default member."""
    dictionary = xlwings_modules(PINNED, add_in=False)[1].source
    assert "VERSION 1.0" not in dictionary
    assert dictionary.count('Attribute VB_Name = "Dictionary"') == 1
    assert re.search(r"Attribute Item\.VB_UserMemId = 0", dictionary)


def test_another_version_is_refused() -> None:
    """The name of its DLL carries the version, so text and package must agree."""
    with pytest.raises(InputError, match=r"9\.9\.9"):
        xlwings_modules("9.9.9", add_in=False)


def test_a_text_that_is_not_as_known_is_refused() -> None:
    """Where a place to change is missing, nothing is guessed."""
    text = SHIPPED.read_text(encoding="ascii").replace("BOOK_CALLER", "BOOK")
    with pytest.raises(InputError, match="not as it is known"):
        adapted(text, add_in=True)


def test_a_version_must_be_pinned(tmp_path: Path) -> None:
    """A range of versions is not enough to build from."""
    loose = tmp_path / "pyproject.toml"
    loose.write_text('[project]\ndependencies = ["xlwings>=0.30"]\n', encoding="utf-8")
    with pytest.raises(InputError, match="xlwings"):
        pinned_version(loose)


def test_configuration_names_no_machine() -> None:
    """The sheet says which module and that the workbook's folder is not on the path."""
    assert dict(CONF) == {
        "UDF Modules": "vrp_xl.excel.udfs",
        "ADD_WORKBOOK_TO_PYTHONPATH": "False",
    }
