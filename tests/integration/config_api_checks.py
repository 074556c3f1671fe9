"""What schemathesis has to know of the Config API; it loads this module by `SCHEMATHESIS_HOOKS`."""

from collections.abc import Mapping

import schemathesis

# Why what fits the schema can be refused all the same: the state of the space, or a rule that no schema tells.
REASONS = (
    " must be a whole number, not a number",  # 10.0 is one to JSON Schema
    "Authorizer function doesn't exists.",
    " not found.",
    " path conflict: ",
    "Invalid update. ",
    " cannot be deleted because ",
    "The parameter 'cursor' must be ",
    " must be a time (RFC 3339)",  # leap seconds
    "missing required fields for HTTP endpoint",  # the URL
    "retry is for async subscriptions",
    "no secret is stored that the mask could mean",
    "the header is the gateway's own",
    "names of headers are the same in any case",
    "the secrets of the provider have ",
    " is no block of IP addresses",
    "Key: 'EmitAccess.Issuer' ",  # URLs
    "Key: 'EmitAccess.JwksUrl' ",
    "Key: 'EmitKey.ExpiresAt' ",  # it must be in the future
    "Key: 'Subscription.Path' ",  # its segments and parameters, and the slash that is put in front
    "Key: 'CORS.Path' ",
    "email must be an e-mail address",
    "tenant and app have at most 62 characters together",
    "expiresAt must be in the future",
    " is no space of the tenant",
    " is reserved.",
    "The last Admin of a tenant stays one.",
)


@schemathesis.hook
def filter_query(_: object, query: Mapping[str, object] | None) -> bool:
    """Labels that are no strings are no negative data: in a URL all is text. They come as one object or as parameters of their own."""
    own = {name: value for name, value in (query or {}).items() if name not in ("limit", "cursor", "metadata")}
    labels = (query or {}).get("metadata", {})
    return isinstance(labels, Mapping) and all(isinstance(value, str) for value in [*own.values(), *labels.values()])


@schemathesis.check
def what_fits_the_schema_is_never_called_invalid(_: object, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """Instead of schemathesis' own check of positive data, which takes any 400 for a failure.

    Stateful requests are left out: they may carry the name of a space over from a list, which takes any.
    """
    if response.status_code != 400 or case.meta is None or case.meta.generation.mode.is_negative or case.meta.phase.name == "stateful":
        return
    message = response.json()["errors"][0]["message"]
    assert any(reason in message for reason in REASONS), message
