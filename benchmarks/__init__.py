"""Measurements of the gateway as people run it; each module with a `main` is one."""
