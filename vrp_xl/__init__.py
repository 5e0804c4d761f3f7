"""The variance risk premium in a spreadsheet.

Nothing is imported here: a formula call and ``vrp-xl --help`` pay only for what they use.
The way in is `vrp_xl.core` for the mathematics, `vrp_xl.workflow` for the morning scan and
`vrp_xl.cli` for the command.
"""

__version__ = "0.1.0"
