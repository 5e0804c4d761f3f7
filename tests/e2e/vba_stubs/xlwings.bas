Attribute VB_Name = "xlwings"
' Stands in for the VBA module of xlwings in LibreOffice. gJob is a Python object
' (com.sun.star.task.XJob) that the client hands in.
Public gJob As Object
Public gPython As CiPython
Public gAsked As Long
Public gLost As Boolean

Public Sub SetPython(job)
    Set gJob = job
    Set gPython = New CiPython
    gAsked = 0
End Sub

Public Function XLPy()
    gAsked = gAsked + 1
    Set XLPy = gPython
End Function

Public Function TimesAsked()
    TimesAsked = gAsked
End Function

' The next call fails as calls do when the Python process has ended.
Public Sub LosePython()
    gLost = True
End Sub

Public Function RunPython(PythonCommand As String)
    Dim told(0) As New com.sun.star.beans.NamedValue
    told(0).Name = "run": told(0).Value = PythonCommand
    RunPython = gJob.execute(told())
End Function

Public Sub KillPy()
    Dim told(0) As New com.sun.star.beans.NamedValue
    told(0).Name = "run": told(0).Value = "KillPy"
    gJob.execute(told())
End Sub
