"""The names of a gateway with a domain: certificate, API Gateway's domain names, and records in Route 53."""

from aws_cdk import CfnOutput
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from aws_cdk.aws_route53_targets import ApiGatewayv2DomainProperties
from constructs import Construct

from infra.constructs.endpoint import Endpoint


class Names(Construct):
    """Maps each host to an endpoint; with a zone its records are made, else outputs of the stack say what to point them to."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        domain: str,
        zone_id: str,
        certificate_arn: str,
        endpoints: dict[str, Endpoint],
    ) -> None:
        super().__init__(scope, id)
        self._zone = _zone(self, domain, zone_id) if zone_id else None
        self._certificate = self._given(certificate_arn) if certificate_arn else self._made(domain)
        for host, endpoint in endpoints.items():
            self._name(host, endpoint)

    def _given(self, arn: str) -> acm.ICertificate:
        return acm.Certificate.from_certificate_arn(self, "Certificate", arn)

    def _made(self, domain: str) -> acm.ICertificate:
        validation = acm.CertificateValidation.from_dns(self._zone)
        return acm.Certificate(self, "Certificate", domain_name=f"*.{domain}", validation=validation)

    def _name(self, host: str, endpoint: Endpoint) -> None:
        label = host.split(".", maxsplit=1)[0].replace("*", "any").title()
        name = apigateway.DomainName(
            self, label, domain_name=host, certificate=self._certificate, security_policy=apigateway.SecurityPolicy.TLS_1_2
        )
        apigateway.ApiMapping(self, f"{label}Mapping", api=endpoint.api, domain_name=name, stage=endpoint.stage)
        if self._zone:
            _record(self, label, host, name, self._zone)
        else:
            _tell(self, label, host, name)


def _record(scope: Construct, label: str, host: str, name: apigateway.DomainName, zone: route53.IHostedZone) -> None:
    target = ApiGatewayv2DomainProperties(name.regional_domain_name, name.regional_hosted_zone_id)
    route53.ARecord(scope, f"{label}Record", zone=zone, record_name=f"{host}.", target=route53.RecordTarget.from_alias(target))


def _tell(scope: Construct, label: str, host: str, name: apigateway.DomainName) -> None:
    target = CfnOutput(scope, f"{label}Target", value=name.regional_domain_name, description=f"{host} has to point to it: CNAME")
    target.override_logical_id(f"{label}Target")


def _zone(scope: Construct, domain: str, zone_id: str) -> route53.IHostedZone:
    return route53.HostedZone.from_hosted_zone_attributes(scope, "Zone", hosted_zone_id=zone_id, zone_name=domain)
