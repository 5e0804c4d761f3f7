"""Runs under LibreOffice's own Python: adds or removes the extension, and asks it for its version.

Reads one JSON object from standard input: ``soffice``, ``profile`` (an address, or empty for the
user's own), ``add`` (the address of a file, or empty) and ``identifier``. Writes one to standard
output: ``version`` of LibreOffice and ``answer`` of ``VRP_VERSION()``, or ``error`` in words.

The package never imports it; it imports the standard library and UNO alone.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN201, ANN204, N802
# (UNO has its own types and names)

import json
import secrets
import subprocess
import sys
import time

import uno
import unohelper
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.task import XInteractionHandler
from com.sun.star.ucb import XCommandEnvironment

START_SECONDS = 60.0


class Approve(unohelper.Base, XInteractionHandler):
    """Says yes to what the extension manager asks, such as whether to replace a version."""

    def handle(self, request):
        """Picks the answer that approves."""
        wanted = uno.getTypeByName("com.sun.star.task.XInteractionApprove")
        for answer in request.getContinuations():
            approve = answer.queryInterface(wanted)
            if approve is not None:
                approve.select()
                return


class Environment(unohelper.Base, XCommandEnvironment):
    """What the extension manager is given to ask with."""

    def getInteractionHandler(self):
        """Approves."""
        return Approve()

    def getProgressHandler(self):
        """Shows nothing."""


class Office:
    """A LibreOffice without windows, for as long as the block lasts."""

    def __init__(self, soffice, profile):
        self.pipe = "vrp_xl_" + secrets.token_hex(8)
        options = ["--headless", "--invisible", "--nologo", "--nodefault", "--norestore",
                   "--nofirststartwizard", f"--accept=pipe,name={self.pipe};urp;",
                   "-env:VRPXLPIPE=" + self.pipe]  # fmt: skip
        if profile:
            options.append("-env:UserInstallation=" + profile)
        self.process = subprocess.Popen(  # noqa: S603 (the office that was found)
            [soffice, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self):
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext(
            "com.sun.star.bridge.UnoUrlResolver", local
        )
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                self.context = resolver.resolve(
                    f"uno:pipe,name={self.pipe};urp;StarOffice.ComponentContext"
                )
            except NoConnectException:
                if time.monotonic() > until:
                    self.process.kill()
                    raise
                time.sleep(0.02)
            else:
                return self

    def service(self, name):
        """A service of this office."""
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    @property
    def ours(self):
        """Whether this is the office that was started here, not one that ran already.

        An office that runs takes the place of a second one; only the first one's own start options
        can be read from it.
        """
        expander = self.context.getValueByName("/singletons/com.sun.star.util.theMacroExpander")
        return expander.expandMacros("$VRPXLPIPE") == self.pipe

    def version(self):
        """Such as 25.2.3.2."""
        node = PropertyValue(Name="nodepath", Value="/org.openoffice.Setup/Product")
        access = self.service("com.sun.star.configuration.ConfigurationProvider")
        view = access.createInstanceWithArguments(
            "com.sun.star.configuration.ConfigurationAccess", (node,)
        )
        return view.ooSetupVersionAboutBox

    def __exit__(self, *error):
        try:
            if not self.ours:
                return
            self.service("com.sun.star.frame.Desktop").terminate()
            self.process.wait(20)
        except Exception:  # noqa: BLE001 (UNO raises what it likes; it must end)
            self.process.kill()
            self.process.wait(20)


def run(task):
    """Does what `task` says and gives what is to be told."""
    with Office(task["soffice"], task["profile"]) as office:
        if not office.ours:
            return {"error": "LibreOffice is running."}
        told = {"version": office.version()}
        manager = office.context.getValueByName(
            "/singletons/com.sun.star.deployment.ExtensionManager"
        )
        if task["add"]:
            manager.addExtension(
                task["add"], (), "user", manager.createAbortChannel(), Environment()
            )
            access = office.service("com.sun.star.sheet.FunctionAccess")
            told["answer"] = str(access.callFunction("VRP_VERSION", ()))
            told["why"] = str(access.callFunction("VRP_WHY", ()))
        else:
            there = any(
                one.Identifier.Value == task["identifier"]
                for one in manager.getDeployedExtensions(
                    "user", manager.createAbortChannel(), Environment()
                )
            )
            if there:
                manager.removeExtension(
                    task["identifier"], "", "user", manager.createAbortChannel(), Environment()
                )
            told["removed"] = there
        return told


if __name__ == "__main__":
    try:
        result = run(json.load(sys.stdin))
    except Exception as problem:  # noqa: BLE001 (told in words instead)
        result = {"error": f"{type(problem).__name__}: {problem}"}
    json.dump(result, sys.stdout)
