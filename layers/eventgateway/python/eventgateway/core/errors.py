"""Every error the gateway raises on purpose.

GatewayError
├── InvalidRequest            what was sent cannot be accepted; the message says why
│   ├── SystemEventRefused    a client emitted an eventgateway.* event
│   ├── InvalidUpdate         a field that cannot change was changed
│   ├── PathConflict          the path cannot live beside another one
│   └── InUse                 others refer to it
├── NotFound                  no such resource
│   └── UnknownSpace          no such space, in hosted mode
├── AlreadyExists             there is one already
├── EventPending              the same event is being accepted right now
├── RedriveRefused            dead letters cannot be queued anew as things are
├── PayloadTooLarge           over one of our limits
├── AccessRefused             the key is not the right one
│   └── KeyMissing            there is none
├── NotAuthorized             the authorizer of the event type said no
├── SpaceSuspended            its events are refused for the time being
├── LimitExceeded             the space has used up what it may use
├── MalformedResult           a synchronous function answered no HTTP response object
├── PluginError               a plugin stopped the event
│   └── PluginOverdue         it did not come back within its time
├── Unavailable               something we depend on is away; trying again later helps
│   └── WriteConflict         another writer was faster
└── ProviderError             a function was not called with success
    ├── FunctionFailed        it was called and failed
    │   └── FunctionGone      it asks not to be called again
    ├── FunctionOverflow      its platform does not take so large an event
    ├── FunctionUnreachable   it could not be called: refused, timed out, unknown
    │   └── FunctionRefused   the gateway itself does not let it be called
    ├── FunctionThrottled     its platform asked for fewer calls
    └── FunctionAccessDenied  its platform refused our credentials
"""

from math import ceil


class GatewayError(Exception):
    """Root of the tree. `message` is safe to show to clients; `log_text` is what logs may say, without anything that was sent.

    `detail` is text from outside, such as what a function said: it ends the message, and logs go without it.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        self.message = f"{message}: {detail}" if detail else message
        self.log_text, self.detail = message, detail
        super().__init__(self.message)


class InvalidRequest(GatewayError):
    """What was sent cannot be accepted. The message may quote it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.log_text = "what was sent cannot be accepted"


class SystemEventRefused(InvalidRequest):
    """Only the gateway itself emits `eventgateway.*` events."""

    def __init__(self) -> None:
        super().__init__("System events are emitted by the gateway only.")


class InvalidUpdate(InvalidRequest):
    """A field that identifies a resource was changed."""


class PathConflict(InvalidRequest):
    """Two path patterns that could match the same request."""


class InUse(InvalidRequest):
    """Other resources refer to it, so it cannot be deleted."""


class NotFound(GatewayError):
    """No such resource."""


class UnknownSpace(NotFound):
    """There is no space with this name. Whoever asks may not know which there are, so the message names none."""

    def __init__(self) -> None:
        super().__init__("There is no such space.")


class AlreadyExists(GatewayError):
    """There is one with this id already."""


class EventPending(GatewayError):
    """Another request is about to queue the same event; `retry_after` is in seconds, at least 1."""

    def __init__(self, seconds: float) -> None:
        super().__init__("The event is being accepted already. Please try again.")
        self.retry_after = max(1, ceil(seconds))


class RedriveRefused(GatewayError):
    """Dead letters cannot be queued anew as things are; nothing was changed."""


class PayloadTooLarge(GatewayError):
    """A body over one of our limits; the message names the limit."""


class AccessRefused(GatewayError):
    """The key that came with a request is not the right one."""

    def __init__(self) -> None:
        super().__init__("You're not authorized to access this resource.")


class KeyMissing(AccessRefused):
    """A request came without a key."""


class NotAuthorized(GatewayError):
    """The authorizer denied the event."""

    def __init__(self) -> None:
        super().__init__("The event is not authorized.")


class SpaceSuspended(GatewayError):
    """The space takes no events for the time being, in hosted mode no changes either. The reason is for its tenant, not for emitters."""

    def __init__(self, space: str, reason: str = "") -> None:
        super().__init__(f'The space "{space}" is suspended{"" if reason else "."}', reason)


class LimitExceeded(GatewayError):
    """The space has used up what it may use; `retry_after` is in seconds, at least 1."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.retry_after = max(1, ceil(seconds))


class MalformedResult(GatewayError):
    """A synchronous function answered something else than an HTTP response object."""

    def __init__(self) -> None:
        super().__init__("HTTP response object malformed")


class PluginError(GatewayError):
    """A plugin stopped the event, on purpose or because it failed. `status` (400-599) is the one to answer with."""

    def __init__(self, plugin: str, reason: str, status: int = 500, detail: str = "") -> None:
        super().__init__(f'Plugin "{plugin}" {reason}', detail)
        self.status = status


class PluginOverdue(PluginError):
    """A plugin did not come back within its time."""

    def __init__(self, plugin: str) -> None:
        super().__init__(plugin, "did not answer in time. Please try again.", 503)


class Unavailable(GatewayError):
    """Storage, queue or an authorizer did not answer; `retry_after` is in seconds."""

    retry_after = 1


class WriteConflict(Unavailable):
    """The space was changed between reading and writing."""


class ProviderError(GatewayError):
    """A function was not called with success. `message` is for the owner of the function, not for emitters.

    `status` is the HTTP status it answered, 0 for none; `retry_after` its header of that name; if the error `is_final`, no other
    attempt can succeed.
    """

    status = 0
    retry_after = ""
    is_final = False


class FunctionFailed(ProviderError):
    """The function ran and failed, or answered a status that counts as failure."""

    def __init__(self, message: str, status: int = 0, retry_after: str = "", detail: str = "") -> None:
        super().__init__(message, detail)
        self.status, self.retry_after = status, retry_after


class FunctionGone(FunctionFailed):
    """The function asks not to be called again (RFC 9110, section 15.5.11)."""

    is_final = True


class FunctionOverflow(ProviderError):
    """The event is larger than what the platform of the function takes (bytes)."""

    is_final = True

    def __init__(self, platform: str, size: int, limit: int) -> None:
        super().__init__(f"{platform} takes at most {limit} bytes, the event has {size}")


class FunctionUnreachable(ProviderError):
    """The function could not be called: refused, timed out, unknown."""


class FunctionRefused(FunctionUnreachable):
    """The gateway lets nobody go where the function is, or not with its own role."""


class FunctionThrottled(ProviderError):
    """The platform of the function asked for fewer calls."""


class FunctionAccessDenied(ProviderError):
    """The platform of the function refused our credentials; `code` is its name for that, `advice` what to tell the caller."""

    def __init__(self, message: str, code: str, advice: str = "", detail: str = "") -> None:
        super().__init__(message, detail)
        self.code, self.advice = code, advice
