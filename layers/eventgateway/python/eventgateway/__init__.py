"""Event Gateway on AWS: an API gateway and a pub/sub system in one."""

__version__ = "0.1.0"
