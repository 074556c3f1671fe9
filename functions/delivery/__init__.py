"""Async deliveries."""
