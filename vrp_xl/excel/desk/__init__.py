"""The desk workbook, one module per sheet."""

from vrp_xl.excel.desk.book import desk_book

__all__ = ["desk_book"]
