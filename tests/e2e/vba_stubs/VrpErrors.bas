Attribute VB_Name = "VrpErrors"
' Stands in for CVErr, which LibreOffice does not turn into an error of the cell: the client gives
' the NaN that stands for the error there.
Public Function VrpErr(code As String)
    Dim told(0) As New com.sun.star.beans.NamedValue
    told(0).Name = "error": told(0).Value = code
    VrpErr = gJob.execute(told())
End Function
