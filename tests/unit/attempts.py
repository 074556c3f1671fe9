"""For properties that say: any input is taken or refused, and nothing else happens."""

from eventgateway.core.errors import GatewayError


def attempt(action, *arguments, error=GatewayError):
    """What an action returns, or the error it raises; an error of any other class is a bug and comes through."""
    try:
        return action(*arguments)
    except error as refusal:
        return refusal
