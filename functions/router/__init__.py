"""The Events API."""
