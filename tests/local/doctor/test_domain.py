"""A domain of one's own."""

import boto3
import pytest
from moto import mock_aws

from local.doctor.case import Asked, Case
from local.doctor.clients import UserAws
from local.doctor.domain import certificate, zone
from local.doctor.finding import State

DOMAIN = "gateway.example.com"


@pytest.fixture
def owner(case, monkeypatch):
    """A case with an account that moto keeps."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")

    def build(**programs) -> Case:
        like = case(asked=Asked(domain=DOMAIN), programs=programs)
        return Case(like.asked, like.machine, UserAws(None), like.known)

    with mock_aws():
        yield build


def make_zone(name, **more):
    return boto3.client("route53").create_hosted_zone(Name=name, CallerReference=name + str(more), **more)


def test_a_zone_that_the_world_asks(owner):
    made = make_zone("example.com")
    servers = "\n".join(f"{each.upper()}." for each in made["DelegationSet"]["NameServers"])
    found = list(zone(owner(dig=servers)))
    assert [each.state for each in found] == [State.OK, State.OK]
    assert found[0].found == f"example.com: -c hosted_zone={made['HostedZone']['Id'].removeprefix('/hostedzone/')}"


def test_a_zone_that_is_not_delegated(owner):
    make_zone(DOMAIN)
    _, elsewhere = zone(owner(dig="ns1.registrar.net."))
    assert (elsewhere.state, elsewhere.found) == (State.WARN, f"{DOMAIN} is served by ns1.registrar.net")
    _, nowhere = zone(owner(dig=""))
    assert nowhere.found == f"{DOMAIN} is served by nobody"


def test_without_dig_people_look_themselves(owner):
    made = make_zone(DOMAIN)
    _, delegation = zone(owner())
    assert delegation.state is State.WARN
    assert all(server in delegation.found for server in made["DelegationSet"]["NameServers"])


def test_other_zones_do_not_count(owner):
    make_zone("ample.com")
    make_zone("example.com", VPC={"VPCRegion": "eu-central-1", "VPCId": "vpc-1"}, HostedZoneConfig={"PrivateZone": True})
    (finding,) = zone(owner())
    assert (finding.state, finding.found) == (State.WARN, f"Route 53 has no public zone for {DOMAIN}")


def summary(status="ISSUED", *, name=f"*.{DOMAIN}", names=()):
    arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
    return {"CertificateArn": arn, "DomainName": name, "SubjectAlternativeNameSummaries": list(names) or [name], "Status": status}


@pytest.mark.parametrize(
    ("listed", "state", "told"),
    [
        ([summary()], State.OK, "certificate_arn=arn:aws:acm"),
        ([summary(name=DOMAIN, names=[DOMAIN, f"*.{DOMAIN}"])], State.OK, "certificate_arn=arn:aws:acm"),
        ([summary("PENDING_VALIDATION")], State.WARN, "not issued yet"),
        ([summary(name=DOMAIN), summary(name="*.example.com")], State.WARN, f"ACM has none for *.{DOMAIN} in eu-central-1"),
        ([], State.WARN, "ACM has none"),
    ],
)
def test_certificates(case, aws, listed, state, told):
    aws.stub("acm").add_response("list_certificates", {"CertificateSummaryList": listed})
    finding = certificate(case(asked=Asked(domain=DOMAIN)))
    assert finding.state is state
    assert told in finding.found


def test_certificates_with_other_keys_than_rsa_2048_are_asked_for(case, aws):
    """ACM leaves them out of a list that does not ask for them."""
    wanted = {"keyTypes": ["RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]}
    expected = {"CertificateStatuses": ["ISSUED", "PENDING_VALIDATION"], "Includes": wanted}
    aws.stub("acm").add_response("list_certificates", {"CertificateSummaryList": []}, expected)
    certificate(case(asked=Asked(domain=DOMAIN)))
    aws.all_used()
