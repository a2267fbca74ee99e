"""The HTTP API: files are pushed to an address instead of dropped into a folder."""
