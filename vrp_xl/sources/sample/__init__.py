"""The embedded sample market: a source that needs no key, no network and no file.

`market` makes the prices and volatilities, `documents` words them as the vendor would, `source`
answers a refresh with them. Nothing is imported here, so that numpy is paid for only where the
sample market is used.
"""
