"""Pure rules of the gateway: no AWS, no I/O, no environment, no clock."""
