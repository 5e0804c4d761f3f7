"""The VBA text of every ``VRP_*`` function, and of its help, made from the definitions.

Two modules: ``VrpFunctions`` with one ``Public Function`` each, and ``VrpHelp``, which tells the
function wizard what the functions and their arguments mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vrp_xl.definition import help_of, help_of_argument
from vrp_xl.excel.udfs import CATEGORY
from vrp_xl.functions import FUNCTIONS

if TYPE_CHECKING:
    from vrp_xl.definition import Function

_FUNCTIONS_HEAD = """\
Attribute VB_Name = "VrpFunctions"
Option Explicit

' Made from vrp_xl/functions.py, where every function is defined once. What each of them means is
' on the Help sheet, in the function wizard and in docs/functions.md.
"""

_HELP_HEAD = """\
Attribute VB_Name = "VrpHelp"
Option Explicit
Option Private Module

' Made from vrp_xl/functions.py: what the function wizard says of every VRP function.

' Help is no change of the workbook: what was saved still counts as saved.
Public Sub DescribeFunctions()
    Dim wasSaved As Boolean
    wasSaved = ThisWorkbook.Saved
"""

_HELP_TAIL = f"""\
    ThisWorkbook.Saved = wasSaved
End Sub

' A host without a function wizard, or one that has no window yet, goes without help.
Private Sub Describe(ByVal functionName As String, ByVal text As String, arguments As Variant)
    On Error Resume Next
    Dim macro As String
    macro = "'" & ThisWorkbook.Name & "'!" & functionName
    If UBound(arguments) < 0 Then
        Application.MacroOptions macro:=macro, Description:=text, Category:="{CATEGORY}"
    Else
        Application.MacroOptions macro:=macro, Description:=text, Category:="{CATEGORY}", _
            ArgumentDescriptions:=arguments
    End If
End Sub
"""


def functions_text() -> str:
    """The module ``VrpFunctions``."""
    return "\n".join([_FUNCTIONS_HEAD, *map(_wrapper, FUNCTIONS.values())])


def help_text() -> str:
    """The module ``VrpHelp``."""
    return _HELP_HEAD + "".join(map(_description, FUNCTIONS.values())) + _HELP_TAIL


def _wrapper(function: Function) -> str:
    """One function: its arguments by name, handed on in order."""
    declared = ", ".join(f"Optional {a.name}" if a.optional else a.name for a in function.args)
    handed = ", ".join(a.name for a in function.args)
    return (
        f"' {function.summary}\n"
        f"Public Function {function.name}({declared})\n"
        f'    {function.name} = VrpCall("{function.name}", Array({handed}))\n'
        "End Function\n"
    )


def _description(function: Function) -> str:
    """The call that describes one function and its arguments."""
    arguments = [_literal(help_of_argument(function, i)) for i in range(len(function.args))]
    start = f"    Describe {_literal(function.name)}, _\n        {_literal(help_of(function))}, _\n"
    return start + "        Array(" + ", _\n              ".join(arguments) + ")\n"


def _literal(text: str) -> str:
    """`text` as a VBA string on one line."""
    return '"' + " ".join(text.split()).replace('"', '""') + '"'
