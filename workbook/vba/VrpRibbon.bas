Attribute VB_Name = "VrpRibbon"
Option Explicit
Option Private Module

' What the buttons of the VRP tab call. Excel hands over the button, which is not needed.

Public Sub RibbonRefresh(control As Object)
    RefreshScan
End Sub

Public Sub RibbonAddToWatchlist(control As Object)
    AddToWatchlist
End Sub

Public Sub RibbonFreezeCopy(control As Object)
    FreezeCopy
End Sub

Public Sub RibbonLastError(control As Object)
    ShowLastError
End Sub

Public Sub RibbonSettings(control As Object)
    OpenSettings
End Sub

Public Sub RibbonHelp(control As Object)
    OpenHelp
End Sub
