Attribute VB_Name = "VrpMacros"
Option Explicit

' What the buttons and the VRP tab run. The work itself is done in Python, by vrp_xl/macros.py.

Public Sub RefreshScan()
    RunMacro "import vrp_xl.macros; vrp_xl.macros.refresh_scan()"
End Sub

Public Sub RefreshSymbol()
    RunMacro "import vrp_xl.macros; vrp_xl.macros.refresh_symbol()"
End Sub

Public Sub AddToWatchlist()
    RunMacro "import vrp_xl.macros; vrp_xl.macros.add_to_watchlist()"
End Sub

Public Sub FreezeCopy()
    RunMacro "import vrp_xl.macros; vrp_xl.macros.freeze_copy()"
End Sub

Public Sub ResetFormats()
    RunMacro "import vrp_xl.macros; vrp_xl.macros.reset_formats()"
End Sub

' Formulas run in a Python process of their own, which alone knows their last error. A failure on
' the way there is known here alone.
Public Sub ShowLastError()
    Dim words As Variant

    If VrpFailure() = "" Then words = VrpCall("VRP_WHY", Array())
    If VrpFailure() <> "" Then
        words = VrpFailure() & vbNewLine & vbNewLine & HowToInstall() & vbNewLine & vbNewLine & _
            "VRP formulas need Excel for Windows; the buttons work on a Mac too."
        VrpForget
    End If
    MsgBox words, vbInformation, "VRP"
End Sub

Public Sub OpenSettings()
    RunMacro "import vrp_xl.macros; vrp_xl.macros.open_settings()"
End Sub

Public Sub OpenHelp()
    RunMacro "import vrp_xl.macros; vrp_xl.macros.open_help()"
End Sub

' Ends the Python process behind the formulas, for instance after an upgrade of vrp_xl. The next
' formula starts a new one.
Public Sub VrpRestart()
    VrpForget
    On Error Resume Next
    KillPy
End Sub

Private Sub RunMacro(ByVal pythonCode As String)
    On Error GoTo Failed
    If RunPython(pythonCode) = -1 Then
        MsgBox "The macro did not finish." & vbNewLine & vbNewLine & HowToInstall(), vbExclamation, "VRP"
    End If
    Exit Sub
Failed:
    MsgBox Err.Description & vbNewLine & vbNewLine & HowToInstall(), vbExclamation, "VRP"
End Sub

Private Function HowToInstall() As String
    HowToInstall = "If Python, xlwings or vrp_xl was not found, run this once in a terminal and " & _
        "start Excel again:" & vbNewLine & "vrp-xl install"
End Function
