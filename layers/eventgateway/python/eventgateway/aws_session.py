"""Sessions of the AWS SDK. They share the descriptions of services, which take tens of milliseconds each to read, and nothing else."""

from functools import cache

import botocore.session
from botocore.loaders import Loader
from botocore.session import Session

SERVICES = ("dynamodb", "firehose", "kinesis", "kms", "lambda", "s3", "secretsmanager", "sqs", "sts")  # all that the gateway calls
FOR_CLIENTS = ("service-2", "endpoint-rule-set-1")


def new_session() -> Session:
    """A session that has found no credentials and built no client yet."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _descriptions())
    return session


def read_descriptions() -> None:
    """Read what clients will need, for all services."""
    for service in SERVICES:
        for kind in FOR_CLIENTS:
            _descriptions().load_service_model(service, kind)


@cache
def _descriptions() -> Loader:
    loader: Loader = botocore.session.get_session().get_component("data_loader")
    return loader
