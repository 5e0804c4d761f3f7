"""Spreadsheet files and cells. A host: may import workflows and the core."""
