"""What roles may do, by the policies of a template."""

import re
from dataclasses import dataclass, field
from typing import Any

from eventgateway.settings import Settings


@dataclass(frozen=True)
class Grant:
    """One action on one resource, which may be a pattern; the condition is that of the statement."""

    action: str
    resource: str
    condition: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    def covers(self, action, arn):
        """Whether it allows an action on a resource. Actions are no patterns here, see the tests."""
        pattern = re.escape(self.resource).replace(r"\*", ".*").replace(r"\?", ".")
        return action == self.action and re.fullmatch(pattern, arn) is not None


def roles(template):
    """The roles of a template by their names: Router, Config, …"""
    return {each.name: each for each in template.of("IAM::Role")}


def grants(template, role):
    """All that a role may do."""
    return [grant for statement in statements(template, role) for grant in _grants(statement)]


def statements(template, role):
    """The statements of all policies of a role."""
    policies = [each["PolicyDocument"] for each in template.of("IAM::Policy") if role.id in each["Roles"]]
    policies += [each["PolicyDocument"] for each in role.get("Policies", [])]
    return [statement for policy in policies for statement in policy["Statement"]]


def places(template):
    """Short names of the resources that the environment of the config function tells."""
    settings = Settings.from_env(template.one("Lambda::Function", "Config")["Environment"]["Variables"])
    queue = settings.queue_url.rpartition("/")[2]
    return {
        template.arn(settings.config_table): "config",
        template.arn(settings.records_table): "records",
        template.arn(queue): "deliveries",
        template.arn(settings.payload_bucket): "payloads",
        f"{template.arn(settings.payload_bucket)}/*": "payloads/*",
        settings.secrets_key: "secrets",
        settings.operator_key_secret: "operator key",
    } | {template.arn(each.id): "logs" for each in template.of("Logs::LogGroup")}


def _grants(statement):
    assert statement["Effect"] == "Allow"
    assert set(statement) <= {"Effect", "Action", "Resource", "Condition", "Sid"}, "NotAction and NotResource allow more than they say"
    condition = statement.get("Condition", {})
    return [Grant(action, resource, condition) for action in _list(statement["Action"]) for resource in _list(statement["Resource"])]


def _list(value):
    return value if isinstance(value, list) else [value]
