"""Media types in Content-Type headers (RFC 9110, section 8.3.1), with the messages of Go's mime package."""

import re
from functools import lru_cache

from eventgateway.core import limits
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.http_request import TOKEN

JSON = "application/json"
CLOUDEVENT = "application/cloudevents+json"
CLOUDEVENT_BATCH = "application/cloudevents-batch+json"
OCTET_STREAM = "application/octet-stream"
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")

TOKENS = rf"[{re.escape(''.join(sorted(TOKEN)))}]+"
TYPE = re.compile(TOKENS)
PARAMETER = re.compile(rf';\s*({TOKENS})\s*=\s*({TOKENS}|"(?:[^"\\\r\n]|\\[\s\S])*")\s*')


def media_type(content_type: str) -> str:
    """The media type in lower case without its parameters, `""` if there is none. Raises InvalidRequest if malformed."""
    if len(content_type) > limits.CONTENT_TYPE:
        raise InvalidRequest(f"mime: more than {limits.CONTENT_TYPE} characters")
    return _media_type(content_type)


@lru_cache(maxsize=1024)  # of short texts only: strangers choose them
def _media_type(content_type: str) -> str:
    base, semicolon, rest = content_type.partition(";")
    base = base.strip().lower()
    if not base:
        return ""
    _check_type(base)
    _check_parameters((semicolon + rest).rstrip().removesuffix(";").rstrip())
    return base


def is_json(type_: str) -> bool:
    """Whether bodies of a media type are JSON (RFC 6839)."""
    return type_ == JSON or type_.endswith("+json")


def _check_type(base: str) -> None:
    main = TYPE.match(base)
    if main is None:
        raise InvalidRequest("mime: no media type")
    if main.end() == len(base):
        return
    if base[main.end()] != "/":
        raise InvalidRequest("mime: expected slash after first token")
    subtype = TYPE.match(base, main.end() + 1)
    if subtype is None:
        raise InvalidRequest("mime: expected token after slash")
    if subtype.end() < len(base):
        raise InvalidRequest("mime: unexpected content after media subtype")


def _check_parameters(text: str) -> None:
    """Of `; name=value …`, read in one pass."""
    seen: dict[str, str] = {}
    position = 0
    while position < len(text):
        parameter = PARAMETER.match(text, position)
        if parameter is None:
            raise InvalidRequest("mime: invalid media parameter")
        name, value = parameter.groups()
        if seen.setdefault(name.lower(), value) != value:
            raise InvalidRequest("mime: duplicate parameter name")
        position = parameter.end()
