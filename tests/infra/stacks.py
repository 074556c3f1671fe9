"""The stack with some choices of parameters, synthesized in this process, once each.

CDK is imported where it is used: it starts a process of Node, and only those that run these tests need one.
"""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.parameters import Parameters
from tests.infra.template import ACCOUNT, REGION, Template

TARGETS = (
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ours",
    f"arn:aws:sqs:{REGION}:{ACCOUNT}:ours",
    f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/ours",
    f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/ours",
)
DOMAIN = {"domain": "gateway.example.org"}
ZONE, CERTIFICATE = "Z0123456789ABCDEFGHIJ", f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
CHOICES = {
    "default": {},
    "zone": DOMAIN | {"hosted_zone": ZONE},
    "certificate": DOMAIN | {"certificate_arn": CERTIFICATE},
    "everything": DOMAIN
    | {
        "hosted_zone": ZONE,
        "snap_start": True,
        "tracing": True,
        "access_log": True,
        "router_memory": 1769,
        "reserved_concurrency": 20,
        "alarm_email": "operator@example.org",
        "allowed_targets": list(TARGETS),
        "plugin_layers": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:plugins:1"],
        "log_retention": 7,
        "log_level": "debug",
    },
    "destroy": {"removal_policy": "destroy"},
    "hosted": {"mode": "hosted"},
    "hosted with domain": DOMAIN
    | {
        "mode": "hosted",
        "hosted_zone": ZONE,
        "snap_start": True,
        "tracing": True,
        "quota_requests_per_second": 50,
        "allowed_targets": list(TARGETS),
        "plugin_layers": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:plugins:1"],
    },
}
ROOT = Path(__file__).parents[2]
FLAGS = json.loads((ROOT / "cdk.json").read_text())["context"]


def parameters(choice):
    return Parameters.from_context(CHOICES[choice])


@cache
def synthesized(choice):
    """The template of a choice."""
    with TemporaryDirectory() as folder:
        return Template(document(folder, parameters(choice)), choice, parameters(choice))


def document(folder, chosen):
    """The template as CDK writes it."""
    app, _ = stack(folder, chosen, f"{folder}/out")
    app.synth()
    return json.loads(Path(folder, "out", f"{chosen.stack_name}.template.json").read_text())


def stack(folder, chosen, out=None):
    """App and stack, with a small layer in place of the one that pip builds."""
    from aws_cdk import App

    from infra.gateway_stack import GatewayStack

    packages = Path(folder) / "packages"
    (packages / "python").mkdir(parents=True, exist_ok=True)
    (packages / "python" / "package.py").write_text("")
    app = App(context=FLAGS, analytics_reporting=False, outdir=out)
    return app, GatewayStack(app, chosen.stack_name, parameters=chosen, packages=packages)
