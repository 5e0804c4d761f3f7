"""The local store. May import `vrp_xl.core` and the records of `vrp_xl.sources.base`."""
