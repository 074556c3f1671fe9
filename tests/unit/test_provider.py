from dataclasses import dataclass
from typing import ClassVar

import pytest

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.provider import AwsProvider, Credentials, Provider
from eventgateway.core.setting import setting


@dataclass(frozen=True)
class Lamp(Provider):
    type: ClassVar[str] = "lamp"
    label: ClassVar[str] = "Lamp"

    socket: str = setting("socketName", help="Where it is", required=True)
    key: str = setting("switchKey", help="Who may switch it", secret=True)
    color: str = setting("color", help="Of the light", pattern="[a-z]+")


@dataclass(frozen=True)
class Bell(Provider):
    type: ClassVar[str] = "bell"
    label: ClassVar[str] = "Bell"

    key: str = setting("switchKey", help="Who may ring it", secret=True)


def test_fields_are_read_by_their_names_and_unknown_ones_dropped():
    lamp = Lamp.restore({"socketName": "wall", "color": None, "extra": 1})
    assert lamp == Lamp("wall")


def test_a_field_of_a_wrong_type_is_refused():
    with pytest.raises(InvalidRequest, match="field 'socketName' must be a string, not a number"):
        Lamp.restore({"socketName": 1})


@pytest.mark.parametrize("document", [{}, {"socketName": ""}, {"color": "red"}])
def test_a_required_field_is_missing(document):
    with pytest.raises(InvalidRequest) as refused:
        Lamp.restore(document).validate()
    assert refused.value.message == "missing required fields for Lamp"


@pytest.mark.parametrize("color", ["Red", "red\n", "red blue", "1"])
def test_a_field_that_has_not_its_form_is_refused(color):
    with pytest.raises(InvalidRequest) as refused:
        Lamp("wall", color=color).validate()
    assert refused.value.message == "provider field 'color' is malformed: Of the light"


def test_required_fields_are_enough():
    Lamp("wall").validate()
    assert Lamp("wall").document() == {"socketName": "wall"}


def test_secrets_are_in_the_document_and_never_shown():
    lamp = Lamp("wall", "s3cret", "red")
    assert lamp.document() == {"socketName": "wall", "switchKey": "s3cret", "color": "red"}
    assert lamp.shown() == {"socketName": "wall", "switchKey": "*****", "color": "red"}


def test_a_secret_that_is_not_set_is_not_shown_at_all():
    assert Lamp("wall").shown() == {"socketName": "wall"}


def test_the_mask_keeps_the_stored_secret():
    assert Lamp("desk", "*****").keeping_secrets_of(Lamp("wall", "s3cret", "red")) == Lamp("desk", "s3cret")


def test_another_secret_or_none_replaces_the_stored_one():
    old = Lamp("wall", "s3cret")
    assert Lamp("wall", "new").keeping_secrets_of(old) == Lamp("wall", "new")
    assert Lamp("wall").keeping_secrets_of(old) == Lamp("wall")


def test_a_mask_in_a_field_that_is_no_secret_is_just_text():
    assert Lamp("wall", "k", "*****").keeping_secrets_of(Lamp("wall", "k", "red")).color == "*****"


def test_secrets_never_pass_to_another_kind_of_function():
    assert Bell("*****").keeping_secrets_of(Lamp("wall", "s3cret")).key == "*****"


def test_aws_functions_bring_their_credentials_along():
    provider = AwsProvider.restore({"region": "r", "awsAccessKeyId": "id", "awsSecretAccessKey": "key", "awsSessionToken": "token"})
    assert provider.credentials == Credentials("id", "key", "token")
    assert provider.shown() == {"region": "r", "awsAccessKeyId": "id", "awsSecretAccessKey": "*****", "awsSessionToken": "*****"}


def test_without_keys_the_gateways_own_role_is_used():
    assert AwsProvider("r").credentials == Credentials()
