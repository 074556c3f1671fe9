"""Adapters that keep things: the configuration and the dead letters in DynamoDB."""
