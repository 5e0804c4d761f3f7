"""Installing for Excel, planned for every system and carried out in a folder of the test."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vrp_xl import cli, settings
from vrp_xl.errors import InputError, StoreError
from vrp_xl.excel import install as installing
from vrp_xl.excel.install import Copy, Machine, Write

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Built files of a few bytes, in place of the real ones."""
    folder = tmp_path / "built"
    folder.mkdir()
    for name in ("vrp_xl.xlam", "vrp_scan.xlsm"):
        (folder / name).write_bytes(name.encode())
    monkeypatch.setattr(installing, "built", lambda name: folder / name)
    return folder


@pytest.fixture
def machine(tmp_path: Path, files: Path) -> Callable[..., Machine]:
    """A machine of any system whose folders lie in the folder of the test."""
    home = tmp_path / "Jürgen"
    scripts = home / "venv" / "Scripts"
    scripts.mkdir(parents=True)
    (home / "venv" / "xlwings64-0.37.8.dll").write_bytes(b"")
    (home / "Documents").mkdir()
    package = tmp_path / "xlwings"
    package.mkdir()
    (package / "xlwings-0.37.8.applescript").write_text("on VbaHandler()")
    assert files.is_dir()

    def make(platform: str = "win32", **more: object) -> Machine:
        made = Machine(
            platform=platform,
            home=home,
            documents=home / "Documents",
            interpreter=scripts / "python.exe",
            xlwings="0.37.8",
            xlwings_folder=package,
            app_data=home / "AppData" / "Roaming",
            encoding="cp1252",
        )
        return replace(made, **more)  # type: ignore[arg-type]

    return make


def put_by(machine: Machine) -> dict[str, Path]:
    """What the plan puts, by file name."""
    return {action.path.name: action.path for action in installing.plan_install(machine).actions}


def test_windows_puts_three_files_where_excel_looks(machine):
    """The configuration of our own project, the add-in in XLSTART, the desk in the documents."""
    this = machine()
    words = installing.install(this)
    conf = this.home / ".vrp_xl" / "vrp_xl.conf"
    rows = dict(csv.reader(conf.read_text(encoding="ascii").splitlines()))
    assert rows == {
        "INTERPRETER_WIN": r"%USERPROFILE%\venv\Scripts\python.exe",
        "UDF MODULES": "vrp_xl.excel.udfs",
        "ADD_WORKBOOK_TO_PYTHONPATH": "False",
    }
    start = this.app_data / "Microsoft" / "Excel" / "XLSTART"
    assert [path.name for path in start.iterdir()] == ["vrp_xl.xlam"]
    assert (this.documents / "vrp_scan.xlsm").read_bytes() == b"vrp_scan.xlsm"
    for path in put_by(this).values():
        assert any(str(path) in line for line in words)


def test_a_plan_changes_nothing(machine):
    """Planning writes no file."""
    this = machine()
    plan = installing.plan_install(this)
    assert [type(action) for action in plan.actions] == [Write, Copy, Copy]
    assert not any(path.exists() for path in put_by(this).values())


def test_installing_twice_is_installing_once(machine):
    """The second time nothing is doubled, and the desk is told to be there."""
    this = machine()
    installing.install(this)
    words = installing.install(this)
    assert [path.name for path in this.documents.iterdir()] == ["vrp_scan.xlsm"]
    assert any("is there already" in line for line in words)
    assert len(installing.read_record()) == 3


def test_a_desk_of_the_user_is_never_written_over(machine, files):
    """A desk that is in use stays; a newer one goes beside it under a new name."""
    this = machine()
    installing.install(this)
    mine = this.documents / "vrp_scan.xlsm"
    mine.write_bytes(b"my positions")
    installing.install(this)
    assert [path.name for path in this.documents.iterdir()] == ["vrp_scan.xlsm"]
    (files / "vrp_scan.xlsm").write_bytes(b"a newer desk")
    installing.install(this)
    assert mine.read_bytes() == b"my positions"
    assert (this.documents / "vrp_scan-2.xlsm").read_bytes() == b"a newer desk"


def test_a_newer_add_in_takes_the_place_of_the_old(machine, files):
    """Two add-ins in XLSTART would both be opened."""
    this = machine()
    installing.install(this)
    (files / "vrp_xl.xlam").write_bytes(b"newer")
    installing.install(this)
    start = this.app_data / "Microsoft" / "Excel" / "XLSTART"
    assert [path.read_bytes() for path in start.iterdir()] == [b"newer"]


def test_a_configuration_that_was_changed_is_set_aside(machine):
    """What the user wrote into it can be found again."""
    this = machine()
    installing.install(this)
    conf = this.home / ".vrp_xl" / "vrp_xl.conf"
    conf.write_bytes(b'"SHOW CONSOLE","True"\r\n')
    words = installing.install(this)
    assert b"INTERPRETER_WIN" in conf.read_bytes()
    old = conf.with_name("vrp_xl.conf.before")
    assert b"SHOW CONSOLE" in old.read_bytes()
    assert any(str(old) in line for line in words)


def test_another_xlwings_is_refused_before_anything_is_put(machine):
    """The library's name carries the version: another one could not be loaded."""
    this = machine(xlwings="0.36.0")
    with pytest.raises(InputError, match=r"needs exactly 0\.37\.8.*pip install xlwings==0\.37\.8"):
        installing.install(this)
    assert not (this.home / ".vrp_xl").exists()


def test_a_python_without_the_library_is_refused(machine, tmp_path):
    """Excel looks for it beside Python and one folder above, nowhere else."""
    this = machine(interpreter=tmp_path / "elsewhere" / "python.exe")
    with pytest.raises(InputError, match="virtual environment"):
        installing.install(this)


def test_a_windows_without_app_data_is_told(machine):
    """Excel's folder cannot be guessed."""
    with pytest.raises(InputError, match="APPDATA"):
        installing.plan_install(machine(app_data=None))


def test_a_path_outside_of_home_is_written_as_it_is(machine, tmp_path):
    """Letters of the system's code page are written in it; others are refused."""
    outside = tmp_path / "Fähre" / "python.exe"
    outside.parent.mkdir()
    (outside.parent / "xlwings32-0.37.8.dll").write_bytes(b"")
    plan = installing.plan_install(machine(interpreter=outside))
    assert str(outside).encode("cp1252") in plan.actions[0].data
    with pytest.raises(InputError, match="plain letters"):
        installing.configuration({"INTERPRETER_WIN": "C:\\日本\\python.exe"}, "cp1252")
    with pytest.raises(InputError, match="plain letters"):
        installing.configuration({"INTERPRETER_WIN": 'a"b'}, "utf-8")


def test_uninstall_removes_what_was_put(machine):
    """Afterwards nothing of ours is left, and the empty folder of the configuration is gone."""
    this = machine()
    installing.install(this)
    words = installing.uninstall()
    assert sum(line.startswith("removed: ") for line in words) == 3
    assert not (this.home / ".vrp_xl").exists()
    assert list(this.documents.iterdir()) == []
    assert installing.read_record() == {}
    assert installing.uninstall() == ["Nothing is installed."]


def test_uninstall_keeps_what_the_user_changed(machine):
    """A desk with positions in it stays, and so does a folder with more in it."""
    this = machine()
    installing.install(this)
    (this.documents / "vrp_scan.xlsm").write_bytes(b"my positions")
    (this.home / ".vrp_xl" / "mine.txt").write_text("mine")
    words = installing.uninstall()
    assert any(line.startswith("kept, because it was changed") for line in words)
    assert (this.documents / "vrp_scan.xlsm").exists()
    assert (this.home / ".vrp_xl" / "mine.txt").exists()


def test_uninstall_tells_what_was_gone(machine):
    """A file that was removed by hand is no error."""
    this = machine()
    installing.install(this)
    (this.documents / "vrp_scan.xlsm").unlink()
    assert any(line.startswith("gone before: ") for line in installing.uninstall())


def test_a_file_in_use_is_told(machine, monkeypatch):
    """While Excel has the add-in open, it can be neither replaced nor removed."""
    this = machine()
    installing.install(this)
    kind = type(this.home)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(kind, "unlink", refuse)
    with pytest.raises(InputError, match="Close Excel"):
        installing.uninstall()
    monkeypatch.undo()


def test_a_folder_that_cannot_be_made_is_told(machine):
    """The sentence names the file."""
    this = machine()
    (this.home / ".vrp_xl").write_text("a file")
    with pytest.raises(InputError, match=r"vrp_xl\.conf cannot be written"):
        installing.install(this)


def test_a_broken_record_is_told(machine):
    """A record that cannot be read removes nothing."""
    (settings.make_home() / installing.RECORD).write_text("[1]")
    with pytest.raises(StoreError, match="install again"):
        installing.install(machine())


def test_a_mac_gets_buttons_and_is_told_of_formulas(machine):
    """The configuration goes into Excel's sandbox, the starter script where Excel may call it."""
    this = machine("darwin")
    with pytest.raises(InputError, match="Start Excel once"):
        installing.install(this)
    sandbox = this.home / "Library" / "Containers" / "com.microsoft.Excel" / "Data"
    sandbox.mkdir(parents=True)
    words = installing.install(this)
    assert b"INTERPRETER_MAC" in (sandbox / "vrp_xl.conf").read_bytes()
    scripts = this.home / "Library" / "Application Scripts" / "com.microsoft.Excel"
    assert [path.name for path in scripts.iterdir()] == ["xlwings-0.37.8.applescript"]
    assert any("formulas in cells do not" in line for line in words)
    assert "vrp_xl.xlam" not in put_by(this)


def test_linux_is_told_what_there_is(machine):
    """Nothing is put; LibreOffice and the scan are named."""
    this = machine("linux")
    words = " ".join(installing.install(this))
    assert "LibreOffice" in words
    assert "vrp-xl scan" in words
    assert installing.read_record() == {}


def test_open_makes_a_desk_once(machine):
    """The first time a copy goes to the documents, later the same one is opened."""
    this = machine("linux")
    path = installing.desk_to_open(this)
    assert path == this.documents / "vrp_scan.xlsm"
    path.write_bytes(b"my positions")
    assert installing.desk_to_open(this) == path
    fresh = installing.desk_to_open(this, new=True)
    assert fresh.name == "vrp_scan-2.xlsm"
    assert path.read_bytes() == b"my positions"
    assert installing.desk_to_open(this) == fresh


def test_open_takes_a_desk_that_nobody_recorded(machine):
    """A desk from before the record counts."""
    this = machine("linux")
    (this.documents / "vrp_scan.xlsm").write_bytes(b"old")
    assert installing.desk_to_open(this).read_bytes() == b"old"
    assert installing.read_record() == {}


@pytest.mark.parametrize(("platform", "command"), [("darwin", "open"), ("linux", "xdg-open")])
def test_a_file_is_opened_by_the_system(tmp_path, platform, command):
    """The path is one argument, whatever is in it."""
    ran = []
    path = tmp_path / "a b; c.xlsm"
    installing.open_file(path, platform, lambda words: ran.append(list(words)) or 0)
    assert ran == [[command, str(path)]]
    with pytest.raises(InputError, match=r"Open .* yourself"):
        installing.open_file(path, platform, lambda _: 1)


def test_windows_opens_by_its_shell(tmp_path, monkeypatch):
    """There the shell knows which program it is, or says that there is none."""
    started: list[str] = []
    monkeypatch.setattr(installing.os, "startfile", started.append, raising=False)
    installing.open_file(tmp_path / "x.xlsm", "win32")
    assert started == [str(tmp_path / "x.xlsm")]

    def none(_: str) -> None:
        raise OSError

    monkeypatch.setattr(installing.os, "startfile", none, raising=False)
    with pytest.raises(InputError, match="no program"):
        installing.open_file(tmp_path / "x.xlsm", "win32")


def test_a_system_without_an_opener_names_the_file(tmp_path, monkeypatch):
    """A server has no desktop: the path is told."""
    monkeypatch.setattr(installing.shutil, "which", lambda _: None)
    with pytest.raises(InputError, match=r"x\.xlsm"):
        installing.open_file(tmp_path / "x.xlsm", "linux")


def test_this_machine_is_described():
    """Its xlwings is the one that the built files are made for, and that the package asks for."""
    this = installing.this_machine()
    assert this.xlwings == installing.PINNED
    assert (this.xlwings_folder / "xlwings.bas").is_file()
    project = Path(__file__).parents[2] / "pyproject.toml"
    asked = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    assert f"xlwings=={installing.PINNED}" in asked


def test_the_commands_say_what_they_did(machine, monkeypatch, capsys):
    """install, open and uninstall from the command line."""
    this = machine("win32")
    opened = []
    monkeypatch.setattr(installing, "this_machine", lambda: this)
    monkeypatch.setattr(installing, "open_file", opened.append)

    def run(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["vrp-xl", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
        return capsys.readouterr().out

    assert "XLSTART" in run("install")
    assert "vrp_scan.xlsm" in run("open")
    assert "vrp_scan-2.xlsm" in run("open", "--new")
    assert [path.name for path in opened] == ["vrp_scan.xlsm", "vrp_scan-2.xlsm"]
    assert "removed: " in run("uninstall")
