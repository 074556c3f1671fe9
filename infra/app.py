"""The CDK app: `make synth` writes what it makes to `cdk.out/`, `make deploy` deploys it."""

import sys

from aws_cdk import App

from infra import dependencies, platforms
from infra.dependencies import BuildFailed
from infra.gateway_stack import GatewayStack
from infra.parameters import InvalidParameter, Parameters
from infra.permissions import InvalidTarget


def main() -> None:
    """Ends with status 1 and a sentence if the parameters make no sense, or the layer cannot be built."""
    app = App(analytics_reporting=False)
    try:
        parameters = Parameters.from_context(app.node.get_all_context())
        packages = dependencies.build(platforms.of(parameters.layer_platform, parameters.layer_python))
        GatewayStack(app, parameters.stack_name, parameters=parameters, packages=packages)
    except BuildFailed as error:
        sys.exit(str(error))
    except (InvalidParameter, InvalidTarget) as error:
        sys.exit(f"{error}\nThe parameters are described in docs/deploy.md.")
    app.synth()


if __name__ == "__main__":
    main()
