"""The use cases: refresh, scan, import. Sources and the store are handed in by the host."""
