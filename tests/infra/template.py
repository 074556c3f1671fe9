"""A CloudFormation template as what it makes: resources by type, and texts in place of CloudFormation's functions."""

import re
from dataclasses import dataclass
from typing import Any

from infra.parameters import Parameters

ACCOUNT, REGION = "123456789012", "us-east-1"
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::StackName": "EventGateway"}
PSEUDO |= {"AWS::URLSuffix": "amazonaws.com", "AWS::StackId": "EventGateway/1", "AWS::NoValue": ""}
PLACES = {"s3": ":", "iam": f":{ACCOUNT}"}  # region and account in ARNs of global names
PREFIXES = {"AWS::DynamoDB::Table": "table/", "AWS::IAM::Role": "role/", "AWS::KMS::Key": "key/", "AWS::Lambda::Function": "function:"}
PREFIXES |= {"AWS::SecretsManager::Secret": "secret:"}
OF_CDK = ("CustomS3AutoDeleteObjects", "CustomResource")  # empties the bucket before it is deleted; only with removal_policy=destroy


@dataclass(frozen=True)
class Resource:
    """`id` is the logical id; the properties have texts where the template has functions of CloudFormation."""

    id: str
    type: str
    properties: dict[str, Any]
    raw: dict[str, Any]

    @property
    def name(self):
        """What the stack calls it: Router for the function, the role and the alias of the router."""
        return re.sub("(Function|Role|Api|Logs)?[0-9A-F]{8}$", "", self.id)

    def __getitem__(self, name):
        return self.properties[name]

    def get(self, name, default=None):
        return self.properties.get(name, default)


class Template:
    """`choice` names the parameters that it was made with."""

    def __init__(self, document, choice: str, parameters: Parameters):
        self.document, self.choice, self.parameters = document, choice, parameters
        self._raw = document["Resources"]
        self.resources = {
            name: Resource(name, raw["Type"], self.text(raw.get("Properties", {})), raw) for name, raw in document["Resources"].items()
        }
        self.outputs = {name: self.text(output["Value"]) for name, output in document.get("Outputs", {}).items()}

    def of(self, type_):
        """All resources of a type, without those of CDK itself; there is at least one, or a test would hold for nothing."""
        found = self.optional(type_)
        assert found, f"{self.choice} has no {type_}"
        return found

    def optional(self, type_):
        """All resources of a type, if there are any."""
        return [each for each in self.resources.values() if each.type == f"AWS::{type_}" and not each.id.startswith(OF_CDK)]

    def one(self, type_, name):
        """The resource of a type whose logical id begins with a name."""
        [found] = [each for each in self.of(type_) if each.id.startswith(name)]
        return found

    def text(self, value):
        """A value with all functions of CloudFormation replaced by texts that tell what they refer to."""
        match value:
            case {"Ref": name}:
                return self._reference(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self._attribute(name, attribute)
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.text(parts))
            case {"Fn::Select": [index, {"Fn::Split": [separator, whole]}]}:
                return self.text(whole).split(separator)[int(index)]
        return self._parts(value)

    def _attribute(self, name, attribute):
        known = {"Arn": self.arn(name), "ApiEndpoint": f"https://{name}.execute-api.{REGION}.amazonaws.com"}
        return known.get(attribute, f"{name}.{attribute}")

    def _parts(self, value):
        if isinstance(value, dict):
            return {name: self.text(each) for name, each in value.items()}
        return [self.text(each) for each in value] if isinstance(value, list) else value

    def arn(self, name):
        """The ARN of a resource, with its logical id as its name."""
        type_ = self._raw[name]["Type"]
        service = type_.split("::")[1].lower()
        return f"arn:aws:{service}:{PLACES.get(service, f'{REGION}:{ACCOUNT}')}:{PREFIXES.get(type_, '')}{name}"

    def _reference(self, name):
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self._raw and self._raw[name]["Type"] == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
        if name in self._raw and self._raw[name]["Type"] == "AWS::SecretsManager::Secret":
            return f"{self.arn(name)}-Made-123456"
        return name
