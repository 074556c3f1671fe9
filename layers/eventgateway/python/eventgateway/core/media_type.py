"""Media types in Content-Type headers (RFC 9110, section 8.3.1), with the messages of Go's mime package."""

from functools import lru_cache

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.http_request import TOKEN

JSON = "application/json"
CLOUDEVENT = "application/cloudevents+json"
CLOUDEVENT_BATCH = "application/cloudevents-batch+json"
OCTET_STREAM = "application/octet-stream"
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


@lru_cache(maxsize=1024)
def media_type(content_type: str) -> str:
    """The media type in lower case without its parameters, `""` if there is none. Raises InvalidRequest if malformed."""
    base, semicolon, rest = content_type.partition(";")
    base = base.strip().lower()
    if not base:
        return ""
    _check_type(base)
    _check_parameters(semicolon + rest)
    return base


def is_json(type_: str) -> bool:
    """Whether bodies of a media type are JSON (RFC 6839)."""
    return type_ == JSON or type_.endswith("+json")


def _check_type(base: str) -> None:
    rest = _skip_token(base)
    if rest == base:
        raise InvalidRequest("mime: no media type")
    if rest and not rest.startswith("/"):
        raise InvalidRequest("mime: expected slash after first token")
    if rest and _skip_token(rest[1:]) == rest[1:]:
        raise InvalidRequest("mime: expected token after slash")
    if rest and _skip_token(rest[1:]):
        raise InvalidRequest("mime: unexpected content after media subtype")


def _check_parameters(rest: str) -> None:
    seen: dict[str, str] = {}
    while rest := rest.lstrip():
        if rest == ";":
            return
        name, value, rest = _parameter(rest)
        if seen.setdefault(name, value) != value:
            raise InvalidRequest("mime: duplicate parameter name")


def _parameter(text: str) -> tuple[str, str, str]:
    """Name, value and rest of `; name=value …`."""
    body = text[1:].lstrip()
    after_name = _skip_token(body)
    name = body[: len(body) - len(after_name)].lower()
    after_name = after_name.lstrip()
    if not text.startswith(";") or not name or not after_name.startswith("="):
        raise InvalidRequest("mime: invalid media parameter")
    value = after_name[1:].lstrip()
    rest = _skip_quoted(value) if value.startswith('"') else _skip_token(value)
    if rest == value:
        raise InvalidRequest("mime: invalid media parameter")
    return name, value[: len(value) - len(rest)], rest


def _skip_token(text: str) -> str:
    for position, character in enumerate(text):
        if character not in TOKEN:
            return text[position:]
    return ""


def _skip_quoted(text: str) -> str:
    """What follows a quoted string; all of it if the string does not end."""
    position = 1
    while position < len(text) and text[position] not in "\r\n":
        if text[position] == '"':
            return text[position + 1 :]
        position += 2 if text[position] == "\\" else 1
    return text
