"""The Config API as an OpenAPI document (https://spec.openapis.org/oas/v3.1.1), generated from models and providers.

`python -m eventgateway.web.openapi` prints it as it is kept in docs/openapi.json.
"""

from functools import cache

from eventgateway import providers
from eventgateway.core.json import dumps
from eventgateway.web.openapi.document import document


@cache
def text(*, hosted: bool = False) -> str:
    """The document as it is served, built once. That of hosted mode has everything."""
    return dumps(document(providers.load(), hosted=hosted)).decode()
