"""The whole gateway on one machine: the deployed handlers, bridged to HTTP, with AWS emulated."""
