"""What every Vault promises: the real one on an emulated KMS, and the tests' own. And what becomes of errors of KMS."""

from base64 import b64decode, b64encode

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from eventgateway.core.errors import Unavailable
from eventgateway.operations.secrets import TEXT_LIMIT
from eventgateway.vault import KmsVault
from local.resources import KEY_ALIAS, create_key
from tests.loopback import refused_url
from tests.memory import MemoryVault

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@pytest.fixture(scope="class", params=["kms", "memory"])
def vault(request, emulator):
    if request.param == "memory":
        return MemoryVault()
    create_key(boto3.client("kms"))
    return KmsVault(KEY_ALIAS)


class TestContract:
    @given(TEXTS)
    @settings(max_examples=20)
    def test_what_is_sealed_can_be_opened(self, vault, text):
        assert vault.open("default", "f", vault.seal("default", "f", text)) == text

    def test_nothing_can_be_read_in_a_ciphertext(self, vault):
        sealed = vault.seal("default", "f", "the-secret")
        assert "the-secret" not in sealed
        assert b"the-secret" not in b64decode(sealed + "==")

    def test_no_two_ciphertexts_are_the_same(self, vault):
        assert len({vault.seal("default", "f", "text") for _ in range(3)}) == 3

    def test_the_largest_secrets_fit(self, vault):
        assert vault.open("default", "f", vault.seal("default", "f", "x" * TEXT_LIMIT)) == "x" * TEXT_LIMIT

    @pytest.mark.parametrize(("space", "function"), [("other", "f"), ("default", "g"), ("f", "default")])
    def test_a_ciphertext_is_of_no_use_for_another_function(self, vault, space, function):
        sealed = vault.seal("default", "f", "text")
        with pytest.raises(Unavailable, match="cannot be read"):
            vault.open(space, function, sealed)


class TestKms:
    @pytest.fixture
    def stubbed(self, aws_environment):
        """A vault whose KMS answers as it is told."""
        vault = KmsVault("key")
        with Stubber(vault._client) as stubber:
            yield vault, stubber

    def test_space_and_function_are_the_context(self, stubbed):
        vault, stubber = stubbed
        context = {"space": "default", "function": "f"}
        stubber.add_response("encrypt", {"CiphertextBlob": b"blob"}, {"KeyId": "key", "Plaintext": b"text", "EncryptionContext": context})
        stubber.add_response("decrypt", {"Plaintext": b"text"}, {"CiphertextBlob": b"blob", "EncryptionContext": context})
        assert vault.open("default", "f", vault.seal("default", "f", "text")) == "text"
        stubber.assert_no_pending_responses()

    @pytest.mark.parametrize("code", ["AccessDeniedException", "DisabledException", "KMSInvalidStateException", "ThrottlingException"])
    def test_refusals(self, stubbed, code):
        vault, stubber = stubbed
        stubber.add_client_error("encrypt", code, "arn:aws:kms:the-key")
        with pytest.raises(Unavailable, match=r"^The secrets of the function cannot be stored\. Please try again\.$"):
            vault.seal("default", "f", "the-secret")
        stubber.add_client_error("decrypt", code, "arn:aws:kms:the-key")
        with pytest.raises(Unavailable, match=r"^The secrets of the function cannot be read\. Please try again\.$"):
            vault.open("default", "f", b64encode(b"blob").decode())

    @pytest.mark.parametrize("sealed", ["x", "ä", "no base64!"])
    def test_what_is_no_ciphertext(self, stubbed, sealed):
        vault, stubber = stubbed
        stubber.add_client_error("decrypt", "InvalidCiphertextException")
        with pytest.raises(Unavailable, match="cannot be read"):
            vault.open("default", "f", sealed)

    def test_nobody_answers(self, aws_environment, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", refused_url())
        with pytest.raises(Unavailable) as caught:
            KmsVault("key").seal("default", "f", "the-secret")
        assert isinstance(caught.value.__cause__, EndpointConnectionError)

    def test_time_outs_and_retries_are_bounded(self, stubbed):
        config = stubbed[0]._client.meta.config
        assert (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"] <= 6
