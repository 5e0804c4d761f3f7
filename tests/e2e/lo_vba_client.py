"""Drives a headless LibreOffice over UNO; a process of its own, run by the system's Python.

Reads a plan as JSON on standard input: the workbook, the office, a folder, the command that
answers formula calls, macros to run. Writes what the cells show as JSON. Only the standard library
and UNO are imported here.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import uno
import unohelper
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.lang import DisposedException
from com.sun.star.task import XJob

ERRORS = {"#NULL!": 521, "#DIV/0!": 532, "#VALUE!": 519, "#REF!": 524, "#NAME?": 525,
          "#NUM!": 503, "#N/A": 32767}  # fmt: skip
"""How LibreOffice counts the errors of a cell."""


class Job(unohelper.Base, XJob):
    """What the VBA calls instead of COM: hands calls on to the dispatcher."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.calls: list[Any] = []
        self.ran: list[str] = []

    def execute(self, told: Any) -> Any:
        """One call of the VBA side."""
        first = told[0]
        if first.Name == "run":
            self.ran.append(first.Value)
            return None
        if first.Name == "error":
            number = ERRORS.get(first.Value)
            if number is None:
                return first.Value
            return struct.unpack("<d", struct.pack("<II", number, 0x7FF80000))[0]
        call = {"module": told[0].Value, "function": told[1].Value,
                "args": [[t.Name, t.Value] for t in told[2:]]}  # fmt: skip
        self.calls.append(call)
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()
        line = json.loads(self.process.stdout.readline())
        if "failed" in line:
            raise RuntimeError(line["failed"])
        return made(line["answer"])

    def close(self) -> None:
        """Ends the dispatcher."""
        self.process.stdin.close()
        self.process.wait(30)


def made(value: Any) -> Any:
    """JSON as UNO takes it."""
    if isinstance(value, list):
        return tuple(made(cell) for cell in value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def option(name: str, value: Any) -> Any:
    """A load option."""
    out = PropertyValue()
    out.Name, out.Value = name, value
    return out


def connected(pipe: str) -> Any:
    """The office behind a pipe, as soon as it answers."""
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext(
        "com.sun.star.bridge.UnoUrlResolver", local
    )
    until = time.monotonic() + 60
    while True:
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def macro(document: Any, name: str) -> Any:
    """A Basic macro of the document."""
    library = (
        "VBAProject"
        if document.BasicLibraries.hasByName("VBAProject")
        else document.BasicLibraries.ElementNames[0]
    )
    return document.getScriptProvider().getScript(
        f"vnd.sun.star.script:{library}.{name}?language=Basic&location=document"
    )


def main() -> None:
    """Runs the plan."""
    plan = json.load(sys.stdin)
    pipe = f"vrp{uuid.uuid4().hex}"
    profile = Path(plan["folder"], "profile").as_uri()
    office = subprocess.Popen(
        [plan["soffice"], f"-env:UserInstallation={profile}", "--headless", "--norestore",
         "--nologo", "--nodefault", f"--accept=pipe,name={pipe};urp;"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    job = Job(plan["dispatcher"])
    desktop = None
    try:
        context = connected(pipe)
        desktop = context.ServiceManager.createInstanceWithContext(
            "com.sun.star.frame.Desktop", context
        )
        document = desktop.loadComponentFromURL(
            Path(plan["book"]).as_uri(), "_blank", 0,
            (option("Hidden", True), option("MacroExecutionMode", 4)),
        )  # fmt: skip
        macro(document, "xlwings.SetPython").invoke((job,), (), ())
        document.calculateAll()
        sheet = document.Sheets.getByIndex(0)
        shown = {}
        for address in plan["cells"]:
            cell = sheet.getCellRangeByName(address)
            shown[address] = {"text": cell.String, "value": cell.Value, "error": cell.getError(),
                              "kind": cell.FormulaResultType2}  # fmt: skip
        results = []
        for name in plan["macros"]:
            arguments = (job,) if ".Ribbon" in name else ()
            results.append(macro(document, name).invoke(arguments, (), ())[0])
        json.dump({"cells": shown, "macros": results, "calls": job.calls, "ran": job.ran},
                  sys.stdout)  # fmt: skip
        document.close(True)
    finally:
        try:
            if desktop is not None:
                desktop.terminate()
        except DisposedException:  # the office leaves while it answers
            print("The office had left.", file=sys.stderr)  # noqa: T201
        try:
            office.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(office.pid, signal.SIGTERM)
            office.wait(20)
        job.close()


if __name__ == "__main__":
    main()
