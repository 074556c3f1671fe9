"""What the gateway does, in terms of ports: receive events, deliver them, manage the configuration."""
