"""Runs under LibreOffice's own Python: one office, driven by JSON lines.

Each line of standard input is a command, ``{"do": "set", "cell": "A1", "formula": "=1+1"}``; each
is answered by one line, ``{"ok": ...}`` or ``{"error": "..."}``. Knows nothing of the project.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import uno
from com.sun.star.beans import NamedValue, PropertyValue
from com.sun.star.connection import NoConnectException

ERRORS = {519: "#VALUE!", 532: "#DIV/0!", 503: "#NUM!", 524: "#REF!", 525: "#NAME?", 32767: "#N/A"}


def properties(**values):
    """Values as UNO takes them."""
    return tuple(PropertyValue(Name=name, Value=value) for name, value in values.items())


class Driver:
    """The office and the document in use."""

    def start(self, soffice, profile):
        """Starts the office."""
        self.pipe = pipe = "vrp_test_" + secrets.token_hex(8)
        self.process = subprocess.Popen(
            [soffice, "--headless", "--invisible", "--nologo", "--nodefault", "--norestore",
             "--nofirststartwizard", f"-env:UserInstallation={profile}",
             f"--accept=pipe,name={pipe};urp;"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext(
            "com.sun.star.bridge.UnoUrlResolver", local
        )
        until = time.monotonic() + 60
        while True:
            try:
                self.context = resolver.resolve(
                    f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext"
                )
                break
            except NoConnectException:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)
        self.desktop = self.service("com.sun.star.frame.Desktop")
        self.document = None

    def service(self, name):
        """A service of the office."""
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    def kill(self):
        """Ends the office at once, as a crash would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        for left in Path("/tmp").glob(f"OSL_PIPE_*_{self.pipe}"):  # noqa: S108 (where UNO puts it)
            left.unlink()

    def quit(self):
        """Ends the office in good order."""
        self.close()
        try:
            self.desktop.terminate()
            self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.kill()

    def close(self):
        """Closes the document."""
        if self.document is not None:
            self.document.close(True)
        self.document = None

    def open(self, path=None, hidden=True):
        """Opens a file, or a new document."""
        self.close()
        url = Path(path).as_uri() if path else "private:factory/scalc"
        self.document = self.desktop.loadComponentFromURL(
            url, "_blank", 0, properties(Hidden=hidden, MacroExecutionMode=0)
        )

    def desk(self, **given):
        """Asks the component behind the menu."""
        given = [NamedValue(Name=name, Value=value) for name, value in given.items()]
        return self.service("org.vrpxl.Desk").execute(tuple(given))

    def macro(self, name, yes=False):
        """Runs a macro to its end; what it said."""
        return self.desk(macro=name, document=self.document, yes=yes)

    def said(self):
        """What was shown last, and how many macros have ended."""
        return self.desk(said=True)

    def menu(self, name):
        """Chooses an entry of the VRP menu."""
        helper = self.service("com.sun.star.frame.DispatchHelper")
        frame = self.document.CurrentController.Frame
        frame.activate()
        helper.executeDispatch(frame, f"service:org.vrpxl.Desk?{name}", "", 0, ())

    def controls(self, sheet):
        """(model, macro that it is bound to) of the buttons on a sheet."""
        for form in self.sheet(sheet).DrawPage.Forms:
            for i in range(form.Count):
                codes = [event.ScriptCode for event in form.getScriptEvents(i)]
                yield form.getByIndex(i), codes[0].split("?")[0].rpartition(".")[2] if codes else ""

    def buttons(self, sheet):
        """The macros of the buttons on a sheet."""
        return [macro for _, macro in self.controls(sheet)]

    def press(self, macro, sheet):
        """Shows a sheet and presses the button of a macro on it; False where it has none."""
        controller = self.document.CurrentController
        controller.setActiveSheet(self.sheet(sheet))
        for model, name in self.controls(sheet):
            if macro in (name, model.Label.title().replace(" ", "")):
                control = controller.getControl(model)
                control.getAccessibleContext().doAccessibleAction(0)
                return True
        return False

    def shown(self):
        """The sheet that is shown."""
        return self.document.CurrentController.ActiveSheet.Name

    def select(self, cells, sheet):
        """Selects cells."""
        controller = self.document.CurrentController
        controller.setActiveSheet(self.sheet(sheet))
        controller.select(self.sheet(sheet).getCellRangeByName(cells))

    def errors(self):
        """Cells of all sheets that show an error: [sheet, cell, error, formula]."""
        found = []
        for sheet in self.document.Sheets:
            ranges = sheet.queryFormulaCells(4)
            for cells in (ranges.getByIndex(i) for i in range(ranges.Count)):
                at = cells.RangeAddress
                for y in range(at.EndRow - at.StartRow + 1):
                    for x in range(at.EndColumn - at.StartColumn + 1):
                        cell = cells.getCellByPosition(x, y)
                        number = cell.getError()
                        place = cell.AbsoluteName.rpartition(".")[2].replace("$", "")
                        error = ERRORS.get(number, f"Err:{number}")
                        found.append([sheet.Name, place, error, cell.FormulaLocal])
        return found

    def clear(self, name):
        """Empties the cells of a defined name."""
        self.document.NamedRanges.getByName(name).getReferredCells().clearContents(1 | 2 | 4 | 16)

    def named(self, name):
        """The values of the cells of a defined name."""
        cells = self.document.NamedRanges.getByName(name).getReferredCells()
        return [list(row) for row in cells.getDataArray()]

    def name_put(self, name, formula):
        """Types into the first cell of a defined name."""
        cells = self.document.NamedRanges.getByName(name).getReferredCells()
        cells.getCellByPosition(0, 0).setFormula(formula)

    def looks(self, sheet):
        """What a macro must not touch: formats by range, conditional formats, notes, formulas."""
        found = self.sheet(sheet)
        formats = found.UniqueCellFormatRanges
        groups = [formats.getByIndex(i) for i in range(formats.Count)]
        return {
            "formats": [
                [one.NumberFormat, one.CellBackColor, one.RangeAddressesAsString] for one in groups
            ],
            "conditional": [
                one.Range.RangeAddressesAsString
                for one in found.ConditionalFormats.getConditionalFormats()
            ],
            "notes": [note.String for note in found.Annotations],
            "formulas": [
                [cells.AbsoluteName, formulas]
                for cells in found.queryContentCells(16)
                for formulas in [cells.getFormulaArray()]
                if formulas[0][0] not in ("=TRUE()", "=FALSE()")  # how a truth value is loaded
            ],
        }

    def state(self):
        """What a macro must leave as it was."""
        return {
            "modified": self.document.isModified(),
            "automatic": self.document.isAutomaticCalculationEnabled(),
            "locked": self.document.hasControllersLocked(),
        }

    def location(self):
        """Where the open document lies."""
        return self.document.URL if self.document is not None else ""

    def save(self, path, kind):
        """Stores a copy in a format."""
        self.document.storeToURL(Path(path).as_uri(), properties(FilterName=kind))

    def sheet(self, name=None):
        """A sheet, the first one by default."""
        sheets = self.document.Sheets
        return sheets.getByName(name) if name else sheets.getByIndex(0)

    def set(self, cell, formula, sheet=None):
        """Types into a cell."""
        self.sheet(sheet).getCellRangeByName(cell).setFormula(formula)

    def matrix(self, cells, formula, sheet=None):
        """Types a matrix formula over a range."""
        self.sheet(sheet).getCellRangeByName(cells).setArrayFormula(formula)

    def fill(self, cells, formulas, sheet=None):
        """Types many formulas at once, rows of cells."""
        self.sheet(sheet).getCellRangeByName(cells).setFormulaArray(
            tuple(tuple(row) for row in formulas)
        )

    def read(self, cells, sheet=None):
        """Values of a range as rows: numbers, text, errors as {"error": ...}."""
        found = self.sheet(sheet).getCellRangeByName(cells)
        rows = []
        for y, row in enumerate(found.getDataArray()):
            values = list(row)
            for x, value in enumerate(row):
                if value is None:
                    number = found.getCellByPosition(x, y).getError()
                    values[x] = {"error": ERRORS.get(number, f"Err:{number}")}
            rows.append(values)
        return rows

    def formula(self, cell, sheet=None):
        """What a cell holds, in the user's words."""
        return self.sheet(sheet).getCellRangeByName(cell).FormulaLocal

    def recalculate(self):
        """A hard recalculation; the seconds that it took."""
        began = time.monotonic()
        self.document.calculateAll()
        return time.monotonic() - began

    def wizard(self, name):
        """What the function wizard says of a function."""
        described = self.service("com.sun.star.sheet.FunctionDescriptions")
        for i in range(described.Count):
            found = {one.Name: one.Value for one in described.getByIndex(i)}
            if found["Name"] == name:
                return {
                    "description": found["Description"],
                    "arguments": [[one.Name, one.Description] for one in found["Arguments"]],
                }
        return None


def main():
    """Answers until standard input ends."""
    driver = Driver()
    for line in sys.stdin:
        command = json.loads(line)
        try:
            told = {"ok": getattr(driver, command.pop("do"))(**command)}
        except Exception as error:  # noqa: BLE001 (UNO raises what it likes; it is told)
            told = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(told), flush=True)  # noqa: T201 (the answer)


if __name__ == "__main__":
    main()
