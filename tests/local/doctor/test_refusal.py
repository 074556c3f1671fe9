"""What errors of the SDK are for people."""

import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from local.doctor.refusal import words

URL = "https://sts.eu-central-1.amazonaws.com/"


def refused(code, message=""):
    return sdk.ClientError({"Error": {"Code": code, "Message": message}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("error", "found", "todo"),
    [
        (refused("AccessDenied"), "access denied", "Allow sts:Try to these credentials"),
        (refused("ExpiredToken"), "have expired", "aws sso login --profile work"),
        (refused("InvalidClientTokenId"), "does not know the access key", "make a new one"),
        (refused("SignatureDoesNotMatch"), "refuses the signature", "clock"),
        (refused("ThrottlingException"), "too many requests", "Try again"),
        (refused("InternalFailure", "Sorry\nmore"), "AWS answered InternalFailure: Sorry", "Try again"),
        (sdk.ProfileNotFound(profile="work"), "there is no profile work", "list-profiles"),
        (sdk.UnauthorizedSSOTokenError(), "SSO session has expired", "Log in: aws sso login --profile work"),
        (sdk.SSOTokenLoadError(error_msg="x"), "SSO session has expired", "Log in: aws sso login --profile work"),
        (sdk.TokenRetrievalError(provider="sso", error_msg="x"), "SSO session has expired", "Log in: aws sso login --profile work"),
        (sdk.LoginRefreshRequired(), "session of `aws login`", "Log in: aws login --profile work"),
        (sdk.EndpointConnectionError(endpoint_url=URL, error="x"), "no network: sts.eu-central-1.amazonaws.com cannot", "network"),
        (sdk.ConnectTimeoutError(endpoint_url=URL), "cannot be reached (ConnectTimeoutError)", "network"),
        (sdk.ReadTimeoutError(endpoint_url=URL), "cannot be reached (ReadTimeoutError)", "network"),
        (ResponseParserError("hidden"), "not AWS answered", "proxy"),
        (sdk.SSLError(endpoint_url=URL, error="x"), "is not trusted", "AWS_CA_BUNDLE"),
        (sdk.ProxyConnectionError(proxy_url="http://ann:hidden@proxy", error="x"), "the proxy cannot be reached", "HTTPS_PROXY"),
        (sdk.PartialCredentialsError(provider="env", cred_var="x"), "a part of", "Set both"),
        (sdk.CredentialRetrievalError(provider="process", error_msg="hidden"), "credential_process failed", "by hand"),
        (sdk.ConfigParseError(path="x"), "cannot be read", "Correct it"),
        (sdk.NoCredentialsError(), "no AWS credentials", "aws configure"),
        (sdk.UnknownServiceError(service_name="x", known_service_names="y"), "gives up: UnknownServiceError", "~/.aws/config"),
    ],
    ids=lambda value: getattr(value, "operation_name", None) and value.response["Error"]["Code"],
)
def test_an_error_says_what_to_do(error, found, todo):
    said = words(error, profile="work", action="sts:Try")
    assert found in said[0]
    assert todo in said[1]
    assert "hidden" not in " ".join(said)


def test_a_key_in_a_message_is_not_told():
    found, _ = words(refused("Odd", "The key ASIAEXAMPLEEXAMPLE00 is odd"), profile=None)
    assert found == "AWS answered Odd: The key (a key) is odd"


def test_without_a_profile_the_login_names_none():
    assert words(sdk.UnauthorizedSSOTokenError(), profile=None)[1] == "Log in: aws sso login"
