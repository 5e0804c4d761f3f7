Attribute VB_Name = "VrpErrors"
Option Explicit
Option Private Module

' The true error of Excel that a text such as #N/A stands for; any other text stays as it is.
Public Function VrpErr(ByVal code As String) As Variant
    Select Case code
        Case "#NULL!": VrpErr = CVErr(2000)
        Case "#DIV/0!": VrpErr = CVErr(2007)
        Case "#VALUE!": VrpErr = CVErr(2015)
        Case "#REF!": VrpErr = CVErr(2023)
        Case "#NAME?": VrpErr = CVErr(2029)
        Case "#NUM!": VrpErr = CVErr(2036)
        Case "#N/A": VrpErr = CVErr(2042)
        Case "#GETTING_DATA": VrpErr = CVErr(2043)
        Case "#SPILL!": VrpErr = CVErr(2045)
        Case "#CONNECT!": VrpErr = CVErr(2046)
        Case "#BLOCKED!": VrpErr = CVErr(2047)
        Case "#UNKNOWN!": VrpErr = CVErr(2048)
        Case "#FIELD!": VrpErr = CVErr(2049)
        Case "#CALC!": VrpErr = CVErr(2050)
        Case "#BUSY!": VrpErr = CVErr(2051)
        Case Else: VrpErr = code
    End Select
End Function
