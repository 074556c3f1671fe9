"""The operator key in Secrets Manager, emulated, and what becomes of errors of Secrets Manager."""

from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from eventgateway.core.errors import Unavailable
from eventgateway.operator_key import SecretsManagerKey
from tests.loopback import refused_url


class TestEmulated:
    @pytest.fixture
    def secrets_manager(self, emulator):
        return boto3.client("secretsmanager")

    @pytest.fixture
    def secret(self, secrets_manager):
        """A secret of the test's own, as `create_secret` answers it."""
        return secrets_manager.create_secret(Name=f"operator-key-{uuid4()}", SecretString="the-key")

    @pytest.mark.parametrize("by", ["Name", "ARN"])
    def test_the_key_is_the_text_of_the_secret(self, secret, by):
        assert SecretsManagerKey(secret[by]).read() == "the-key"

    def test_a_generated_password_is_a_key(self, secrets_manager, secret):
        text = secrets_manager.get_random_password(PasswordLength=64)["RandomPassword"]
        secrets_manager.put_secret_value(SecretId=secret["ARN"], SecretString=text)
        assert SecretsManagerKey(secret["ARN"]).read() == text

    def test_a_new_value_is_seen(self, secrets_manager, secret):
        source = SecretsManagerKey(secret["ARN"])
        source.read()
        secrets_manager.put_secret_value(SecretId=secret["ARN"], SecretString="the-new-key\n")
        assert source.read() == "the-new-key"

    @pytest.mark.parametrize("text", [" ", "two words", "schlüssel"])
    def test_what_can_be_no_key_is_none(self, secrets_manager, secret, text):
        secrets_manager.put_secret_value(SecretId=secret["ARN"], SecretString=text)
        with pytest.raises(Unavailable, match="Keys cannot be checked"):
            SecretsManagerKey(secret["ARN"]).read()

    def test_bytes_are_none(self, secrets_manager, secret):
        secrets_manager.put_secret_value(SecretId=secret["ARN"], SecretBinary=b"the-key")
        with pytest.raises(Unavailable):
            SecretsManagerKey(secret["ARN"]).read()

    def test_a_secret_that_is_not_there(self, emulator):
        with pytest.raises(Unavailable):
            SecretsManagerKey("nowhere").read()


@pytest.mark.parametrize("code", ["AccessDeniedException", "DecryptionFailure", "InternalServiceError", "ThrottlingException"])
def test_refusals_are_told_by_their_code_only(aws_environment, code, caplog):
    source = SecretsManagerKey("the-secret")
    with Stubber(source._client) as stubber:
        stubber.add_client_error("get_secret_value", code, "arn:aws:secretsmanager:the-account")
        with pytest.raises(Unavailable) as refused:
            source.read()
    assert "the-account" not in refused.value.message + caplog.text


def test_nobody_answers(aws_environment, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", refused_url())
    with pytest.raises(Unavailable) as caught:
        SecretsManagerKey("the-secret").read()
    assert isinstance(caught.value.__cause__, EndpointConnectionError)


def test_time_outs_and_retries_are_bounded(aws_environment):
    config = SecretsManagerKey("the-secret")._client.meta.config
    assert (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"] <= 4
