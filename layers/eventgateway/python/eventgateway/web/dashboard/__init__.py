"""The dashboard: pages that are made here, for browsers."""
