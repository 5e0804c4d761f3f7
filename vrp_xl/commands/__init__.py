"""Commands of ``vrp-xl`` that fill a module; `vrp_xl.cli` registers them."""
