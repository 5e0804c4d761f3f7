Attribute VB_Name = "VrpDispatch"
Option Explicit
Option Private Module

' How a VRP function reaches Python: every one of them is a single call of VrpCall.
'
' xlwings runs one Python process for this Excel. Asking xlwings for it takes longer than the call
' itself, so the answer is kept in mPython. When that process has ended, it is dropped and asked
' for once more.

Private Const PYTHON_MODULE As String = "vrp_xl.excel.udfs"

Private mPython As Object
Private mFailure As String

' Calls the Python function of that name. ThisWorkbook tells xlwings where the formula's code is;
' it is never the active workbook, so that no other open workbook has a say in what Python does.
Public Function VrpCall(ByVal functionName As String, args As Variant) As Variant
    Dim secondTry As Boolean, number As Long, words As String

    On Error GoTo Failed
Again:
    If mPython Is Nothing Then Set mPython = XLPy()
    VrpCall = WithErrors(mPython.CallUDF(PYTHON_MODULE, functionName, args, ThisWorkbook, Application.Caller))
    Exit Function

Failed:
    number = Err.Number
    words = Err.Description
    If PythonHasEnded(number) And Not secondTry Then
        secondTry = True
        Set mPython = Nothing
        Resume Again
    End If
    mFailure = functionName & ": " & words
    VrpCall = VrpErr("#VALUE!")
End Function

' What went wrong between Excel and Python, for ShowLastError; empty if nothing did.
Public Function VrpFailure() As String
    VrpFailure = mFailure
End Function

' Lets go of the Python process: the next formula asks xlwings for it again.
Public Sub VrpForget()
    Set mPython = Nothing
    mFailure = ""
End Sub

' The remote server is gone; the RPC server is unavailable; the object has disconnected.
Private Function PythonHasEnded(ByVal number As Long) As Boolean
    PythonHasEnded = (number = 462 Or number = -2147023174 Or number = -2147417848)
End Function

' Errors arrive from Python as text such as #N/A. They leave as true errors, which IFERROR catches.
Private Function WithErrors(ByVal answer As Variant) As Variant
    Dim i As Long, j As Long

    Select Case Dimensions(answer)
        Case 0
            answer = TrueError(answer)
        Case 1
            For i = LBound(answer) To UBound(answer)
                answer(i) = TrueError(answer(i))
            Next i
        Case Else
            For i = LBound(answer, 1) To UBound(answer, 1)
                For j = LBound(answer, 2) To UBound(answer, 2)
                    answer(i, j) = TrueError(answer(i, j))
                Next j
            Next i
    End Select
    WithErrors = answer
End Function

Private Function TrueError(cell As Variant) As Variant
    TrueError = cell
    If VarType(cell) = vbString Then
        If Left$(cell, 1) = "#" Then TrueError = VrpErr(CStr(cell))
    End If
End Function

' 0 for a single value, 1 for one row, 2 for a table.
Private Function Dimensions(value As Variant) As Long
    Dim last As Long, count As Long

    If Not IsArray(value) Then Exit Function
    On Error GoTo Done
    Do
        last = UBound(value, count + 1)
        count = count + 1
    Loop
Done:
    Dimensions = count
End Function
