"""The AWS settings of this process while AWS is emulated in it: nothing of the user's own but the region."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from local.lambda_context import REGION


@contextmanager
def emulated_environment() -> Iterator[str]:
    """Hide profiles, keys, endpoints and files of the user; yields the region. All comes back at the end."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION
    with patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
            del os.environ[name]
        os.environ.update({
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        })  # fmt: skip
        yield region
