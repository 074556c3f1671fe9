"""The Config API."""
