"""Errors of the SDK as sentences that say what to do."""

import re
from urllib.parse import urlsplit

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "AuthorizationErrorException"}
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
UNKNOWN_KEY = {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"}
UNSIGNED = {"SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed", "IncompleteSignature"}
BUSY = {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
SSO = (sdk.SSOError, sdk.TokenRetrievalError)
NETWORK = (sdk.HTTPClientError, sdk.ConnectionError)
ACCESS_KEY = re.compile(r"\bA[A-Z]{3}[A-Z0-9]{12,}\b")

Words = tuple[str, str]  # what was found, what to do


def denied(error: Exception) -> bool:
    """Whether the keys are good, but may not do this."""
    return isinstance(error, sdk.ClientError) and code(error) in DENIED


def code(error: sdk.ClientError) -> str:
    """AWS's name of the error."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def words(error: Exception, *, profile: str | None, action: str = "") -> Words:
    """For any error of boto3; `action` is the IAM action that the check needs."""
    if isinstance(error, sdk.ClientError):
        return _answered(error, profile, action)
    if isinstance(error, NETWORK):
        return _unreachable(error)
    return _session(error, profile) or _unusable(error, profile)


def _login(command: str, profile: str | None) -> str:
    return f"{command}{f' --profile {profile}' if profile else ''}"


def _session(error: Exception, profile: str | None) -> Words | None:
    """Words for the two kinds of log-in, if it is about one."""
    if isinstance(error, SSO):
        return "the SSO session has expired, or there was none", f"Log in: {_login('aws sso login', profile)}"
    if type(error).__name__.startswith("Login"):  # LoginRefreshRequired and its like, of newer SDKs
        return "the session of `aws login` has expired, or there was none", f"Log in: {_login('aws login', profile)}"
    return None


def _answered(error: sdk.ClientError, profile: str | None, action: str) -> Words:
    name = code(error)
    if name in DENIED:
        return (
            f"could not read: access denied ({name})",
            f"Allow {action or error.operation_name} to these credentials, or ask somebody who may.",
        )
    if name in EXPIRED:
        return f"the credentials have expired ({name})", f"Get new ones, for SSO: {_login('aws sso login', profile)}"
    if name in UNKNOWN_KEY:
        return (
            f"AWS does not know the access key ({name})",
            "It was deleted or deactivated, or is another AWS's: make a new one, or log in again.",
        )
    if name in UNSIGNED:
        return (
            f"AWS refuses the signature ({name})",
            "The secret key is wrong or cut off, the session token is missing, or this clock is wrong.",
        )
    if name in BUSY:
        return f"AWS answers too many requests ({name})", "Try again in a minute."
    message = str(error.response.get("Error", {}).get("Message", "")).split("\n")[0][:200]
    return f"AWS answered {name}: {ACCESS_KEY.sub('(a key)', message)}", "Try again; if it stays, look at the status of AWS in the region."


def _unreachable(error: Exception) -> Words:
    host = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url", ""))).hostname or "AWS"
    if isinstance(error, sdk.SSLError):
        return f"the certificate of {host} is not trusted", "Behind a proxy that reads TLS: set AWS_CA_BUNDLE to its certificate."
    if isinstance(error, sdk.ProxyConnectionError):
        return "the proxy cannot be reached", "Look at HTTPS_PROXY and NO_PROXY."
    return (
        f"no network: {host} cannot be reached ({type(error).__name__})",
        "Look at the network, HTTPS_PROXY and the region; then try again.",
    )


def _unusable(error: Exception, profile: str | None) -> Words:
    kinds: dict[type[Exception], Words] = {
        sdk.ProfileNotFound: (f"there is no profile {profile}", "Name one of `aws configure list-profiles` with --profile or AWS_PROFILE."),
        ResponseParserError: (
            "something that is not AWS answered",
            "Look at the proxy, at a network that wants a login first, and at AWS_ENDPOINT_URL.",
        ),
        sdk.NoCredentialsError: ("no AWS credentials were found", "Run `aws configure` or `aws configure sso`."),
        sdk.PartialCredentialsError: ("a part of the AWS credentials is missing", "Set both the access key and the secret key."),
        sdk.CredentialRetrievalError: ("credential_process failed", "Run the command of credential_process in ~/.aws/config by hand."),
        sdk.ConfigParseError: ("~/.aws/config cannot be read", "Correct it: sections are [profile NAME], lines are name = value."),
    }
    for kind, said in kinds.items():
        if isinstance(error, kind):
            return said
    return f"the AWS SDK gives up: {type(error).__name__}", "Look at ~/.aws/config, ~/.aws/credentials and the variables AWS_*."
