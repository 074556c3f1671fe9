"""Checks of a domain of one's own: its zone in Route 53, its delegation and its certificate. They only warn."""

from collections.abc import Iterator
from typing import Any

from local.doctor.case import Case
from local.doctor.finding import Finding, ok, warn
from local.doctor.machine import ProgramFailed

KEY_TYPES = [
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
]  # ACM lists RSA_2048 only, unless it is told
STATES = ["ISSUED", "PENDING_VALIDATION"]


def zone(case: Case) -> Iterator[Finding]:
    """The public hosted zone of the domain or of one above, and whether the world asks its name servers."""
    name, client = "Hosted zone", case.client("route53")
    found = next((each for each in map(lambda at: _zone(client, at), _above(case.asked.domain or "")) if each), None)  # noqa: C417
    if found is None:
        todo = "Make a zone, or have the records made where the domain is and give certificate_arn instead of hosted_zone."
        yield warn(name, f"Route 53 has no public zone for {case.asked.domain}", todo)
        return
    at, identifier = found["Name"].rstrip("."), found["Id"].rpartition("/")[2]
    yield ok(name, f"{at}: -c hosted_zone={identifier}")
    yield _delegated(case, at, client.get_hosted_zone(Id=identifier)["DelegationSet"]["NameServers"])


def certificate(case: Case) -> Finding:
    """A certificate of `*.domain` in the region."""
    name, wanted = "Certificate", f"*.{case.asked.domain}"
    pages = case.client("acm").get_paginator("list_certificates").paginate(CertificateStatuses=STATES, Includes={"keyTypes": KEY_TYPES})
    fitting = [each for page in pages for each in page["CertificateSummaryList"] if wanted in _names(each)]
    issued = [each["CertificateArn"] for each in fitting if each.get("Status", "ISSUED") == "ISSUED"]
    if issued:
        return ok(name, f"{wanted}: -c certificate_arn={issued[0]}")
    if fitting:
        return warn(name, f"that of {wanted} is not issued yet", "Make the records that ACM wants for its validation, then wait.")
    todo = "With hosted_zone the deployment makes it; without, request one in this region and validate it."
    return warn(name, f"ACM has none for {wanted} in {case.region}", todo)


def _above(domain: str) -> list[str]:
    """The domain and those above it, but for the top."""
    labels = domain.strip(".").split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def _zone(client: Any, domain: str) -> dict[str, Any] | None:  # noqa: ANN401 - boto3's client
    zones = client.list_hosted_zones_by_name(DNSName=domain, MaxItems="10")["HostedZones"]
    public = (each for each in zones if not each.get("Config", {}).get("PrivateZone"))
    return next((dict(each) for each in public if each["Name"].rstrip(".") == domain), None)


def _delegated(case: Case, at: str, servers: list[str]) -> Finding:
    name, listed = "Delegation", ", ".join(servers)
    todo = f"At the registrar of {at} (or in the zone above) the name servers have to be: {listed}"
    try:
        answer = case.machine.run(["dig", "+short", "+time=2", "+tries=1", "NS", at])
    except ProgramFailed:
        return warn(name, f"could not be looked up: see whether `nslookup -type=NS {at}` answers {listed}", todo)
    seen = {line.rstrip(".").lower() for line in answer.splitlines()}
    if seen >= {server.rstrip(".").lower() for server in servers}:
        return ok(name, f"{at} is served by Route 53")
    return warn(name, f"{at} is served by {', '.join(sorted(seen)) or 'nobody'}", todo)


def _names(summary: dict[str, Any]) -> set[str]:
    return {summary["DomainName"], *summary.get("SubjectAlternativeNameSummaries", [])}
