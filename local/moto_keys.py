"""Keys of moto's KMS, which here can be kept and put back, and cost nothing to make."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import moto.kms.models
from moto.kms.models import KmsBackend
from moto.kms.utils import KeySpec, generate_private_key

from local.changes import MasterKey


def master_key(backend: KmsBackend, alias: str) -> MasterKey:
    """The key behind an alias. Raises KeyError."""
    key = backend.keys[backend.any_id_to_key_id(alias)]
    return MasterKey(key.id, key.key_material)


def put_back(backend: KmsBackend, alias: str, kept: MasterKey) -> None:
    """Have the key behind an alias be the one of an earlier run, so that it decrypts what that run encrypted. Raises KeyError."""
    key = backend.keys.pop(backend.any_id_to_key_id(alias))
    key.arn = key.arn.replace(key.id, kept.id)
    key.id, key.key_material = kept.id, kept.material
    for each in key.aliases.values():
        each.target_key_id = kept.id
    backend.keys[kept.id] = key


@contextmanager
def light_keys() -> Iterator[None]:
    """Let moto make symmetric keys without an RSA key beside, which takes up to half a second and is never used."""
    with patch.object(moto.kms.models, "generate_private_key", _private_key):
        yield


def _private_key(key_spec: str) -> object:
    return None if key_spec == KeySpec.SYMMETRIC_DEFAULT else generate_private_key(key_spec)
