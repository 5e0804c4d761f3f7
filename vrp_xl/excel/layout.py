"""Where things are in the desk workbook: what its builder, its macros and its tests agree on.

Sheets, defined names, the raw block that a refresh writes, and the names of the macros. Nothing
here writes anything.
"""

from __future__ import annotations

from vrp_xl.excel.raw import RAW_COLUMNS

SCAN, MATRIX, POSITIONS, WHATIF = "Scan", "Matrix", "Positions", "WhatIf"
SYMBOL, JOURNAL, SETTINGS, HELP = "Symbol", "Journal", "Settings", "Help"
SHEETS = (SCAN, MATRIX, POSITIONS, WHATIF, SYMBOL, JOURNAL, SETTINGS, HELP)
"""The sheets of the desk, in order; IntelliSense has a hidden one behind them."""

INTELLISENSE = "_IntelliSense_"

SCAN_ROWS = 500
"""Rows of the raw block and of the decisions beside it."""

POSITION_ROWS = 100
WATCHLIST_ROWS = 200
JOURNAL_ROWS, JOURNAL_SCANS = 60, 30
"""Rows of the Journal sheet: of names, and of scans."""

# Defined names of the workbook. Each is a range on one sheet.
RULES_NAME = "vrp_settings"
"""Two columns, rule and value in force, with `preset` and `source` rows: the rules argument."""
WATCHLIST_NAME = "vrp_watchlist"
"""Two columns on Settings: symbol, next earnings date."""
RAW_NAME = "vrp_raw"
"""The raw block on Scan, `SCAN_ROWS` x len(RAW_BLOCK), without its header."""
DECIDED_NAME = "vrp_decided"
"""What VRP_DECIDE spills over, `SCAN_ROWS` x len(DECIDED_COLUMNS)."""
FACTS_NAME = "vrp_facts"
"""Two columns on Scan: fact and value, as `FACTS` lists them; written by a refresh."""
POSITIONS_NAME = "desk_positions"
"""The table on Positions with its headings: a refresh counts what is on in the caps."""
EQUITY_NAME = "desk_equity"
"""The cell on Positions with the value of the account."""
SYMBOL_NAME = "vrp_symbol"
"""The input cell of the Symbol sheet."""
JOURNAL_NAME = "vrp_journal_symbol"
"""The input cell of the Journal sheet: a name, or blank for the candidates."""

RAW_EXTRAS = ("age_minutes", "stale", "state")
"""Columns behind the raw figures that a refresh writes too and VRP_DECIDE does not read."""

RAW_BLOCK = (*RAW_COLUMNS, *RAW_EXTRAS)
"""The columns of the raw block, in order."""

FACTS = ("as_of", "market", "source", "sample", "quota", "refreshed", "notices", "failed")
"""What a refresh says about itself above the scan."""

MACROS = {
    "RefreshScan": "Refresh the watchlist and the scan",
    "RefreshSymbol": "Refresh the symbol of the selected cell",
    "AddToWatchlist": "Add the selected cells to the watchlist",
    "FreezeCopy": "Save a copy with values only",
    "ResetFormats": "Put formats and conditional formats back",
    "ShowLastError": "Show the last error in words",
    "OpenSettings": "Go to the Settings sheet",
    "OpenHelp": "Go to the Help sheet",
}
"""Public macros without arguments: name and what the ribbon says."""

DOCUMENT_PROPERTY = ("vrp_xl_workbook", "desk")
"""A custom document property by which hosts recognise the desk workbook."""
