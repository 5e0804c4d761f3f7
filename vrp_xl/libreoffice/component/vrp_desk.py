"""The VRP menu and the buttons of the desk in LibreOffice: a UNO component without a macro body.

Runs inside LibreOffice, under LibreOffice's own Python (3.8 or newer). What a macro does is done by
`vrp_xl.macros` in the user's Python; this starts it and does to the document what it asks.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, ANN204, D102, N802
# (UNO has its own types and names)

import re
import threading
from collections import deque
from queue import SimpleQueue

import uno
import unohelper
from com.sun.star.awt import XActionListener, XCallback
from com.sun.star.awt.MessageBoxButtons import BUTTONS_OK, BUTTONS_YES_NO
from com.sun.star.awt.MessageBoxType import INFOBOX, QUERYBOX
from com.sun.star.container import NoSuchElementException
from com.sun.star.lang import XServiceInfo
from com.sun.star.sheet import XActivationEventListener
from com.sun.star.task import XJob, XJobExecutor
from vrp_xl_document import SPREADSHEET, Document, is_desk, recalculate, reenter, unchanged
from vrp_xl_link import LinkError, run_macro

SERVICE = "org.vrpxl.Desk"
TITLE = "VRP"
LAST_ERROR = "ShowLastError"
MACROS = ("RefreshScan", "RefreshSymbol", "AddToWatchlist", "FreezeCopy", "ResetFormats",
          LAST_ERROR, "OpenSettings", "OpenHelp")  # fmt: skip
SAID_MOST = 20
RUNNING = "A VRP macro is running already; wait until it has finished."

BUSY = threading.Lock()
"""Held while a macro runs: there is one at a time."""
SAID = deque(maxlen=SAID_MOST)
"""What was shown last, for programs that look on."""
ENDED = [0]
"""How many macros of the menu and the buttons have ended."""
SEEN = []
"""The listeners of the views in which the desk is shown."""

_CALLED = re.compile(r"(?<![A-Za-z])(" + "|".join(MACROS) + r")(?![A-Za-z])")


_LABELLED = {name.lower(): name for name in MACROS}


def macro_of(codes, label):
    """The macro of a button: the one that it is bound to, else the one that its label names.

    A file that was saved without its VBA has lost the first.
    """
    for code in codes:
        found = _CALLED.search(code)
        if found:
            return found.group(1)
    return _LABELLED.get(label.replace(" ", "").lower(), "")


class OnMain(unohelper.Base, XCallback):
    """Does work in LibreOffice's own thread, where its windows live."""

    def __init__(self, context):
        self.poster = context.ServiceManager.createInstanceWithContext(
            "com.sun.star.awt.AsyncCallback", context
        )
        self.waiting = SimpleQueue()

    def __call__(self, work):
        """What `work` gives, done there."""
        done = SimpleQueue()
        self.waiting.put((work, done))
        self.poster.addCallback(self, None)
        worked, value = done.get()
        if worked:
            return value
        raise value

    def notify(self, _data):
        """One piece of work, in the order in which they came."""
        work, done = self.waiting.get()
        try:
            done.put((True, work()))
        except Exception as error:  # noqa: BLE001 (the other thread is to meet it)
            done.put((False, error))


class Shown:
    """Messages and questions in boxes of LibreOffice; without windows they pass at once."""

    def __init__(self, context, model):
        self.context = context
        self.model = model

    def tell(self, text):
        """Shows a message and waits until it was read."""
        SAID.append(text)
        self._box(INFOBOX, BUTTONS_OK, text)

    def query(self, text):
        """Asks a question; True is yes."""
        SAID.append(text)
        return self._box(QUERYBOX, BUTTONS_YES_NO, text) == 2

    def _box(self, kind, buttons, text):
        toolkit = self.context.ServiceManager.createInstanceWithContext(
            "com.sun.star.awt.Toolkit", self.context
        )
        there = self.model is not None and not closed(self.model)
        window = self.model.CurrentController.Frame.ContainerWindow if there else None
        box = toolkit.createMessageBox(window, kind, buttons, TITLE, text)
        try:
            return box.execute()
        finally:
            box.dispose()


class Silent:
    """Messages that the caller gets; questions that it answered beforehand."""

    def __init__(self, yes):
        self.yes = yes
        self.said = []

    def tell(self, text):
        """Keeps a message."""
        self.said.append(text)

    def query(self, text):
        """Keeps a question and gives the answer."""
        self.said.append(text)
        return self.yes


def closed(model):
    """Whether a document has gone."""
    try:
        return model.CurrentController is None
    except Exception:  # noqa: BLE001 (UNO raises what it likes of what has gone)
        return True


def last_error(context):
    """The last error of a formula in words."""
    access = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.sheet.FunctionAccess", context
    )
    return str(access.callFunction("VRP_WHY", ()))


def converse(context, name, model, shown, where):
    """Runs one macro on a document.

    Args:
        context: of LibreOffice.
        name: of the macro.
        model: the document.
        shown: what shows messages.
        where: does work in the right thread.
    """
    if name == LAST_ERROR:  # formulas have a process of their own, which alone knows it
        where(lambda: shown.tell(last_error(context)))
        return
    desktop = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.frame.Desktop", context
    )
    document = Document(desktop, model, shown.tell, shown.query)

    def answer(what, more):
        try:
            return where(lambda: document.answer(what, more))
        except Exception:
            if closed(model):
                raise ValueError("the workbook was closed") from None
            raise

    try:
        try:
            run_macro(name, answer)
        finally:
            if not closed(model):
                where(document.end)
    except LinkError as error:
        words = str(error)
        where(lambda: shown.tell(words))


def press(context, name, model):
    """Starts a macro and returns at once; LibreOffice stays usable meanwhile."""
    shown = Shown(context, model)
    if model is None or not model.supportsService(SPREADSHEET):
        shown.tell("No spreadsheet is open.")
        return
    if not BUSY.acquire(blocking=False):
        shown.tell(RUNNING)
        return
    where = OnMain(context)

    def work():
        try:
            converse(context, name, model, shown, where)
        finally:
            BUSY.release()
            ENDED[0] += 1

    threading.Thread(target=work, name=f"vrp_xl {name}", daemon=True).start()


class Buttons(unohelper.Base, XActionListener, XActivationEventListener, XCallback):
    """Listens to the buttons in one view of the desk, sheet by sheet as they are shown."""

    def __init__(self, context, controller):
        self.context = context
        self.controller = controller
        self.controls = []
        self.poster = context.ServiceManager.createInstanceWithContext(
            "com.sun.star.awt.AsyncCallback", context
        )

    def listen(self):
        """Listens to the buttons of the sheet that is shown, as soon as they have windows."""
        self.poster.addCallback(self, None)

    def notify(self, _data):
        """The sheet has been drawn."""
        if closed(self.controller.Model):
            return
        for model, name in buttons(self.controller.ActiveSheet):
            try:
                control = self.controller.getControl(model)
            except NoSuchElementException:  # it has no window yet
                continue
            if control not in self.controls:
                control.setActionCommand(name)
                control.addActionListener(self)
                self.controls.append(control)

    def activeSpreadsheetChanged(self, _event):
        """Another sheet is shown, with buttons of its own."""
        self.listen()

    def actionPerformed(self, event):
        """A button was pressed."""
        press(self.context, event.ActionCommand, self.controller.Model)

    def disposing(self, event):
        """A control has gone, or the whole view."""
        if event.Source == self.controller:
            SEEN[:] = [one for one in SEEN if one is not self]
        self.controls = [one for one in self.controls if one != event.Source]


def buttons(sheet):
    """(model, macro) of each button on a sheet."""
    forms = sheet.DrawPage.Forms
    for i in range(forms.Count):
        form = forms.getByIndex(i)
        for j in range(form.Count):
            model = form.getByIndex(j)
            if not model.supportsService("com.sun.star.form.component.CommandButton"):
                continue
            codes = [event.ScriptCode for event in form.getScriptEvents(j)]
            name = macro_of(codes, model.Label)
            if name:
                yield model, name


def opened(context, model):
    """A spreadsheet is shown for the first time."""
    ours = is_desk(model)
    with unchanged(model):
        count = reenter(model)
        if ours or count:
            recalculate(model)
    if count:
        cells = "1 formula" if count == 1 else f"{count} formulas"
        words = (
            f"Excel stored {cells} under the name of its add-in; entered anew. "
            "The file is as it was until you save it."
        )
        SAID.append(words)
        bar = uno.getConstantByName("com.sun.star.frame.InfobarType.INFO")
        model.CurrentController.appendInfobar("vrp_xl", TITLE, words, bar, (), True)
    controller = model.CurrentController
    if ours and all(one.controller != controller for one in SEEN):
        listener = Buttons(context, controller)
        SEEN.append(listener)
        controller.addActivationEventListener(listener)
        listener.listen()


class Desk(unohelper.Base, XServiceInfo, XJob, XJobExecutor):
    """What LibreOffice calls: the menu, the event of a new view, and other programs."""

    def __init__(self, context):
        self.context = context

    def trigger(self, name):
        """An entry of the menu."""
        desktop = self.context.ServiceManager.createInstanceWithContext(
            "com.sun.star.frame.Desktop", self.context
        )
        press(self.context, name, desktop.CurrentComponent)

    def execute(self, arguments):
        """The event of a new view; or a macro run to its end, for a program that drives the office.

        Args:
            arguments: `Environment` from LibreOffice. From a program `macro`, `document` and
                `yes` (the answer to questions), and it gets the messages; or `said`, and it gets
                what was shown last, and how many macros have ended.
        """
        given = {one.Name: one.Value for one in arguments}
        if "said" in given:
            return tuple(SAID), ENDED[0]
        if "macro" in given:
            return self._run(given["macro"], given["document"], Silent(bool(given.get("yes"))))
        environment = {one.Name: one.Value for one in given.get("Environment", ())}
        model = environment.get("Model")
        if model is not None and model.supportsService(SPREADSHEET):
            opened(self.context, model)
        return None

    def _run(self, name, model, silent):
        if not BUSY.acquire(blocking=False):
            return (RUNNING,)
        try:
            converse(self.context, name, model, silent, lambda work: work())
        finally:
            BUSY.release()
        return tuple(silent.said)

    def getImplementationName(self):
        return SERVICE

    def supportsService(self, name):
        return name == SERVICE

    def getSupportedServiceNames(self):
        return (SERVICE,)


g_ImplementationHelper = unohelper.ImplementationHelper()  # noqa: N816 (LibreOffice looks for it)
g_ImplementationHelper.addImplementation(Desk, SERVICE, (SERVICE,))
