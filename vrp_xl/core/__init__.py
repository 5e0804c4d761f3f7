"""The mathematics and the rules of the premium: numbers in, numbers out.

May import nothing of the package but `vrp_xl.errors`: no files, no network, no clock, no
spreadsheet. Every other part translates to and from it.
"""
