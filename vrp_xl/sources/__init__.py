"""Where market data comes from. May import `vrp_xl.core`, never the store or a workflow."""
