"""CORS rules: which web pages of other origins may call a path (Fetch standard, section "CORS protocol")."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from eventgateway.core.document import Failures, Fields
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.http_request import canonical_name
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.resource import Kind, without_empty
from eventgateway.core.subscription import escape_path

Headers = dict[str, str]

ANY_ORIGIN: tuple[str, ...] = ("*",)
SAFE_METHODS: tuple[str, ...] = ("HEAD", "GET", "POST")
SAFE_HEADERS: tuple[str, ...] = ("Origin", "Accept", "Content-Type")
PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


@dataclass(frozen=True, slots=True)
class CorsRule:
    """The rule of one (method, path pattern). Each allowed origin may hold one `*`."""

    kind: ClassVar[Kind] = Kind("cors", "cors", "cors", "corsId", "CORS configuration")

    space: str
    method: str
    path: str
    allowed_origins: tuple[str, ...] = ANY_ORIGIN
    allowed_methods: tuple[str, ...] = SAFE_METHODS
    allowed_headers: tuple[str, ...] = SAFE_HEADERS
    allow_credentials: bool = False
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Method and escaped path; percent-encoded once more where it stands in a URL."""
        return f"{self.method}{escape_path(self.path)}"

    @classmethod
    def parse(cls, space: str, document: Mapping[str, JsonValue]) -> "CorsRule":
        """Read a document of the Config API. Raises InvalidRequest."""
        try:
            rule = cls.restore(space, document)
            rule.validate()
        except InvalidRequest as error:
            raise cls.kind.invalid(error) from error
        return rule

    @classmethod
    def restore(cls, space: str, document: Mapping[str, JsonValue]) -> "CorsRule":
        """Read a stored document, which was valid when it was stored."""
        fields = Fields(document)
        return cls(
            space,
            fields.text("method"),
            fields.text("path"),
            fields.texts("allowedOrigins") or ANY_ORIGIN,
            fields.texts("allowedMethods") or SAFE_METHODS,
            fields.texts("allowedHeaders") or SAFE_HEADERS,
            fields.flag("allowCredentials"),
            fields.metadata(),
        )

    def validate(self) -> None:
        """Raise InvalidRequest with one line for every field that is missing or wrong."""
        failures = Failures("CORS")
        failures.check_space(self.space)
        failures.check_method(self.method)
        failures.check_path(self.path)
        failures.check("Path", path=self.path.startswith("/") and "?" not in self.path)
        failures.check_texts("AllowedOrigins", self.allowed_origins)
        failures.check_texts("AllowedMethods", self.allowed_methods)
        failures.check_texts("AllowedHeaders", self.allowed_headers)
        failures.check_metadata(self.metadata)
        failures.raise_if_any()

    def check_update_of(self, old: "CorsRule") -> None:
        """Method and path are the id, so they stay. Raises InvalidUpdate."""
        if self.method != old.method:
            raise self.kind.fixed("Method")
        if self.path != old.path:
            raise self.kind.fixed("Path")

    def stored(self) -> JsonObject:
        """The document as it is kept."""
        document: JsonObject = {
            "space": self.space,
            "corsId": self.id,
            "method": self.method,
            "path": self.path,
            "allowedOrigins": list(self.allowed_origins),
            "allowedMethods": list(self.allowed_methods),
            "allowedHeaders": list(self.allowed_headers),
            "allowCredentials": self.allow_credentials,
            "metadata": dict(self.metadata),
        }
        return without_empty(document, "metadata")

    def shown(self) -> JsonObject:
        """There are no secrets."""
        return self.stored()

    def preflight(self, headers: Mapping[str, str]) -> Headers:
        """Headers of the answer to a preflight request; those that allow something only if all that is asked for is allowed."""
        origin, method = headers.get("origin", ""), headers["access-control-request-method"]
        wanted = [canonical_name(name.strip()) for name in headers.get("access-control-request-headers", "").split(",") if name.strip()]
        if not (self._allows_origin(origin) and self._allows_method(method) and self._allows_headers(wanted)):
            return {"vary": PREFLIGHT_VARY}
        asked = {"access-control-allow-headers": ", ".join(wanted)} if wanted else {}
        return {"vary": PREFLIGHT_VARY, "access-control-allow-methods": method.upper()} | self._allowed(origin) | asked

    def simple(self, method: str, headers: Mapping[str, str]) -> Headers:
        """Headers to add to the answer of the request itself."""
        origin = headers.get("origin", "")
        allowed = method != "OPTIONS" and self._allows_origin(origin) and self._allows_method(method)
        return {"vary": "Origin"} | (self._allowed(origin) if allowed else {})

    def _allowed(self, origin: str) -> Headers:
        """Any origin excludes credentials: otherwise every page could act as the user."""
        if "*" in self.allowed_origins:
            return {"access-control-allow-origin": "*"}
        credentials = {"access-control-allow-credentials": "true"} if self.allow_credentials else {}
        return {"access-control-allow-origin": origin} | credentials

    def _allows_origin(self, origin: str) -> bool:
        return origin != "" and any(_origin_matches(pattern.lower(), origin.lower()) for pattern in self.allowed_origins)

    def _allows_method(self, method: str) -> bool:
        return method.upper() == "OPTIONS" or method.upper() in {each.upper() for each in self.allowed_methods}

    def _allows_headers(self, names: list[str]) -> bool:
        allowed = {canonical_name(name) for name in self.allowed_headers} | {"Origin"}
        return "*" in self.allowed_headers or allowed.issuperset(names)


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a browser asks for permission, instead of an application using OPTIONS itself."""
    return method == "OPTIONS" and headers.get("access-control-request-method", "") != ""


def _origin_matches(pattern: str, origin: str) -> bool:
    head, star, tail = pattern.partition("*")
    if not star:
        return pattern == origin
    return len(origin) >= len(head) + len(tail) and origin.startswith(head) and origin.endswith(tail)
