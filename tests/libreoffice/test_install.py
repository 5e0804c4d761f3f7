"""Finding LibreOffice, refusing what cannot work, and what is written; no office is started."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from vrp_xl import settings
from vrp_xl.errors import OfficeError
from vrp_xl.libreoffice import install
from vrp_xl.libreoffice.component import link


@pytest.fixture(autouse=True)
def _config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))


def an_office(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> Path:
    """A `soffice` that only says its version."""
    path = folder / "soffice"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    monkeypatch.setattr(install, "_candidates", lambda: [path])
    return path


def test_the_version_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`soffice --version` names the version; builds of other makers count too."""
    path = an_office(tmp_path, monkeypatch, "LibreOfficeDev 26.8.2.2 abc")
    assert install.find_office() == install.Office(path, "26.8.2.2")


@pytest.mark.parametrize(
    ("version", "works"),
    [("7.4.7.2", False), ("24.8.1", False), ("25.2.0.1", True), ("25.2", True), ("26.8.2", True)],
)
def test_which_versions_work(version: str, works: bool) -> None:
    """From 25.2 on."""
    assert install.Office(Path("soffice"), version).known_to_work is works


def test_an_old_office_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the version that is there and the one that is needed."""
    an_office(tmp_path, monkeypatch, "LibreOffice 7.4.7.2 40(Build:2)")
    with pytest.raises(OfficeError, match=r"7\.4\.7\.2 is too old.*25\.2 or newer"):
        install.install()
    assert not link.config_file().exists()
    assert "too old" in install.finding()


def test_no_office(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without LibreOffice the sentence says so."""
    monkeypatch.setattr(install, "_candidates", list)
    monkeypatch.setattr(install, "_flatpak_or_snap", lambda: False)
    with pytest.raises(OfficeError, match="not found"):
        install.find_office()
    assert "not found" in install.finding()


@pytest.mark.parametrize("folder", ["snap/bin", "var/lib/flatpak/exports/bin"])
def test_a_sandboxed_office(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An office from Flatpak or Snap cannot reach the server, and is told apart."""
    an_office(tmp_path / folder, monkeypatch, "LibreOffice 25.2.3.2")
    monkeypatch.setattr(install, "_flatpak_or_snap", lambda: True)
    with pytest.raises(OfficeError, match="sandbox"):
        install.find_office()


def test_an_office_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not say a version is no LibreOffice."""
    an_office(tmp_path, monkeypatch, "hello")
    with pytest.raises(OfficeError, match="does not say its version"):
        install.find_office()


def test_the_file_with_the_interpreter() -> None:
    """It names this interpreter and the folder in use, and the component can read it."""
    path = install.write_config()
    assert json.loads(path.read_text()) == {
        "python": sys.executable,
        "home": str(settings.home()),
    }
    assert link.read_config()["python"] == sys.executable


def test_what_doctor_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not set up, set up, and an interpreter that is gone."""
    an_office(tmp_path, monkeypatch, "LibreOffice 25.2.3.2")
    assert "vrp-xl install --libreoffice" in install.finding()
    path = install.write_config()
    assert f"computed by {sys.executable}" in install.finding()
    path.write_text(json.dumps({"python": str(tmp_path / "gone"), "home": str(tmp_path)}))
    assert "is gone" in install.finding()


def test_a_script_that_breaks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What LibreOffice's Python says when it breaks reaches the user."""
    office = install.Office(an_office(tmp_path, monkeypatch, "LibreOffice 25.2.3.2"), "25.2.3.2")
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho it broke >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(install, "python_of", lambda _soffice: broken)
    with pytest.raises(OfficeError, match="it broke"):
        install._run(office, None, add="")
