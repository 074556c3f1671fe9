"""Checks of the region and of where AWS calls go."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError

from local.doctor.case import Case
from local.doctor.finding import Finding, fail, ok, warn

NAME = "Region"
SERVICES = (
    *("apigatewayv2", "cloudformation", "cloudwatch", "cognito-idp", "dynamodb", "kms"),
    *("lambda", "logs", "s3", "secretsmanager", "sns", "sqs", "ssm"),
)
HOSTED = {"cognito-idp"}  # only hosted mode needs it; China has none
VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")  # as the CLI of CDK looks for it


def region(case: Case) -> Iterator[Finding]:
    """It is set, AWS has it and it offers what the gateway is made of; all offline."""
    chosen, source = _chosen(case)
    if chosen is None:
        yield fail(NAME, "none is set", "Say where the gateway should live, for instance: export AWS_REGION=eu-central-1")
        return
    missing = [service for service in SERVICES if chosen not in _regions(case.aws.session, service)]
    if len(missing) == len(SERVICES):
        yield fail(NAME, f"{chosen} ({source}) is unknown", _like(case, chosen))
        return
    if set(missing) - HOSTED:
        yield fail(NAME, f"{chosen} ({source}) does not offer {', '.join(missing)}", "Take another region: export AWS_REGION=…")
        return
    case.known.region = chosen
    if missing:
        yield warn(NAME, f"{chosen} ({source}) does not offer {', '.join(missing)}", "Deploy in standalone mode: hosted mode needs it.")
    else:
        yield _agreed(case, chosen, source)


def endpoints(case: Case) -> Finding:
    """Whether AWS calls go somewhere else."""
    found = {name: value for name, value in case.machine.environ.items() if name.startswith("AWS_ENDPOINT_URL") and value}
    if configured := _scoped(case).get("endpoint_url"):
        found["endpoint_url of the profile"] = configured
    if not found:
        return ok("Endpoints", "those of AWS")
    unusable = [name for name, value in found.items() if not value.startswith(("http://", "https://"))]
    if unusable:
        return fail(
            "Endpoints", f"{', '.join(unusable)} is no URL", "Write http:// or https:// before the host, or unset it to deploy to AWS."
        )
    told = ", ".join(f"{name} is {_address(value)}" for name, value in sorted(found.items()))
    return warn("Endpoints", f"{told}: that is an emulator, not AWS", "To deploy to AWS unset it.")


def _chosen(case: Case) -> tuple[str | None, str]:
    if case.asked.region:
        return case.asked.region, "--region"
    for name in VARIABLES:
        if value := case.machine.environ.get(name):
            return value, name
    return _scoped(case).get("region"), f"profile {case.profile or 'default'}"


def _agreed(case: Case, chosen: str, source: str) -> Finding:
    """Nothing else than `chosen` is what a deployment would take."""
    others = {name: case.machine.environ[name] for name in VARIABLES if case.machine.environ.get(name, chosen) != chosen}
    if source == "--region" and "AWS_REGION" not in case.machine.environ:
        return warn(NAME, f"{chosen} ({source})", f"`make deploy` does not see this option: export AWS_REGION={chosen}")
    if others:
        told = ", ".join(f"{name} is {value}" for name, value in others.items())
        return warn(NAME, f"{chosen} ({source}), but {told}", f"Make them agree: export AWS_REGION={chosen} AWS_DEFAULT_REGION={chosen}")
    return ok(NAME, f"{chosen} ({source}), with all services that are needed")


def _like(case: Case, chosen: str) -> str:
    near = get_close_matches(chosen, _regions(case.aws.session, "lambda"), 1)
    return f"{f'Did you mean {near[0]}? ' if near else ''}If it is a new region of AWS, this SDK is too old to know it: `make lock setup`."


def _regions(session: Any, service: str) -> list[str]:  # noqa: ANN401 - botocore's session
    return [each for partition in session.get_available_partitions() for each in session.get_available_regions(service, partition)]


def _scoped(case: Case) -> dict[str, Any]:
    """The settings of the profile; none if there is no such profile, which the check of credentials tells."""
    try:
        return dict(case.aws.session.get_scoped_config())
    except BotoCoreError:
        return {}


def _address(url: str) -> str:
    """Without a user and a password, if there are some in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
