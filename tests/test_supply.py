"""Supply: the lock, the licences, and what the archives hold."""

from __future__ import annotations

import importlib.util
import io
import re
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]


def tool(name: str) -> ModuleType:
    """A tool of the checkout."""
    path = ROOT / "tools" / f"{name}.py"
    if not path.is_file():
        pytest.skip(f"tools/{name}.py is not part of this copy of the source")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_lock_fits_the_ranges() -> None:
    """Both locks hold all that is asked for on each system and Python, with hashes, no host."""
    assert tool("lock").main(["--check"]) == 0


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("requests==", "requestx=="), "requests is not locked on"),
        (lambda t: t.replace("xlsxwriter==3.3.1", "xlsxwriter==3.0.0"), "locked at 3.0.0"),
        (lambda t: t + "odd==1.0\n", "neither pin, hash nor remark: odd==1.0"),
        (lambda t: t + "odd==1.0 \\\n", "it ends where a hash must stand"),
        (lambda t: re.sub(r"(?m)^(idna==.*)\n(    --hash.*\n)+", r"\1\n", t), "no hash where one"),
        (lambda t: "--index-url https://example.org/simple\n" + t, "neither pin, hash nor"),
        (lambda t: "--find-links /opt/wheels\n" + t, "neither pin, hash nor"),
        (lambda t: "odd @ file:///opt/odd.whl\n" + t, "neither pin, hash nor"),
        (lambda t: "# from https://example.org\n" + t, "neither pin, hash nor"),
        (lambda t: t.replace("numpy==2.5.5 ; python_full_version >= '3.12'", "nump==2.5.5"),
         "numpy is not locked on win32, Python 3.12"),
        (lambda t: t.replace(" ; python_full_version < '3.12'", ""), "numpy is locked twice on"),
        (lambda t: re.sub("tzdata==(.*) ", r"tzdata==\1 ; sys_platform == 'linux' ", t),
         "tzdata is not locked on win32"),
    ],
)  # fmt: skip
def test_a_lock_that_does_not_fit_is_told(name, change, words) -> None:
    """A package missing somewhere, a version outside of its range, an alien line: each is told."""
    made = tool("lock")
    path = ROOT / name
    before = path.read_text("utf-8")
    assert made.problems(before, path) == []
    assert change(before) != before
    assert any(words in told for told in made.problems(change(before), path))


def test_what_a_package_needs_is_locked_too() -> None:
    """A package that only another one asks for is missed, where that one is installed here."""
    made = tool("lock")
    runs, dev = (path.read_text("utf-8") for path in (made.LOCK, made.DEV))
    if not any(made.is_here(pin) for pin in made.read(runs)[0] if pin.name == "requests"):
        pytest.skip("another version of requests than the locked one is installed")
    told = made.problems(runs.replace("idna==", "odna=="))
    assert told == [
        f"idna is not locked on {place['sys_platform']}, Python {place['python_version']}"
        for place in made.PLACES
    ]
    assert made.disagreements(runs, dev) == []
    other = made.disagreements(runs, re.sub("(?m)^idna==.* ", "idna==1.0 ", dev))
    assert len(other) == 1
    assert other[0].startswith("idna ")


def test_licences_are_up_to_date() -> None:
    """The page names every package that runs with us, under what its metadata says."""
    assert tool("licences").main(["--check"]) == 0


def test_a_page_that_is_wrong_is_told() -> None:
    """A package that is missing, or under another licence."""
    made = tool("licences")
    text = made.PAGE.read_text("utf-8")
    assert any("numpy is not" in w for w in made.problems(text.replace("| numpy |", "| nampy |")))
    other = text.replace("| rich | MIT License", "| rich | GPL")
    assert any("rich is under" in w for w in made.problems(other))
    assert "not known here" not in text
    stray = text + "| stray | MIT | needed by vrp_xl |\n"
    assert any("stray is on the page and not locked" in w for w in made.problems(stray))


def test_no_licence_that_binds_users() -> None:
    """No package that runs with us is under a licence of the GPL's kind."""
    text = tool("licences").PAGE.read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert not [row for row in rows if "GPL" in row and "LGPL" not in row]


def archives(folder: Path, *more: str, without: str = "") -> list[str]:
    """A wheel and a source archive with what they need, and `more`."""
    made = tool("check_archives")
    wheel, sdist = folder / "vrp_xl-1-py3-none-any.whl", folder / "vrp_xl-1.tar.gz"
    own = "vrp_xl-1.dist-info/licenses/LICENSE"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name in (*made.WHEEL_NEEDS, own, *more):
            if name != without:
                packed.writestr(name, "x")
    with tarfile.open(sdist, "w:gz") as packed:
        for name in (*made.SDIST_NEEDS, *more):
            if name != without:
                member = tarfile.TarInfo(f"vrp_xl-1/{name}")
                member.size = 1
                packed.addfile(member, io.BytesIO(b"x"))
    return [words for path in (wheel, sdist) for words in made.problems(path)]


def test_archives_as_they_should_be(tmp_path: Path) -> None:
    """Nothing is told of archives that hold what they need."""
    assert archives(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["vrp_xl/__pycache__/a.pyc", "vrp_xl/store.sqlite3", "secret.pem", "other/x.py",
             "vrp_xl/.env", "vrp-scan-2026-01-01.xlsx"]
)  # fmt: skip
def test_archives_with_something_alien(name: str, tmp_path: Path) -> None:
    """Caches, stores, keys, scans and strangers are told, in both archives."""
    told = archives(tmp_path, name)
    assert len(told) == 2
    assert all("should not be in it" in words for words in told)


def test_archives_that_lack_something(tmp_path: Path) -> None:
    """A file that must be there and is not."""
    assert len(archives(tmp_path, without="vrp_xl/py.typed")) == 2
