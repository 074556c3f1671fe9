"""Starts MiniStack with what it does otherwise than AWS put right. Runs in MiniStack's own virtual environment."""

import time
from secrets import token_hex
from threading import Thread
from urllib.parse import parse_qs

from ministack.app import main
from ministack.core import iam_actions, lambda_runtime
from ministack.services import apigateway, apigateway_v1, s3
from ministack.services.cloudformation import provisioners

# "To use a batch action you need the permission of the action": MiniStack 1.5.33 asks for one of the batch's own name.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
BATCHES = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
PREFLIGHT = "Options"  # no method that MiniStack knows

action, context = iam_actions.extract_iam_action, iam_actions.request_tag_context
secret = dict(provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"])
configure_bucket = provisioners._s3_apply_configurations
kill = lambda_runtime.kill_workers
of_domain = apigateway_v1.resolve_base_path_mapping
execute, invoke = apigateway._handle_execute_in_scope, apigateway._invoke_lambda_proxy
run = apigateway.run_reentrant


def permission(*arguments):
    """The IAM action that a request needs."""
    found = action(*arguments)
    return BATCHES.get(found, found)


def conditions(service, iam_action, body, params):
    """The condition keys of a request: MiniStack 1.5.33 knows the external id in trust policies only.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
    """
    found = context(service, iam_action, body, params)
    given = parse_qs(body.decode("utf-8", "replace")).get("ExternalId") if iam_action == "sts:AssumeRole" else None
    return found | {"sts:ExternalId": given[0]} if given else found


def configure(name, props, *arguments):
    """What a template says of a bucket: MiniStack 1.5.33 forgets its tags, and the CDK empties no bucket without its own.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
    """
    configure_bucket(name, props, *arguments)
    if tags := props.get("Tags"):
        s3._bucket_tags[name] = {each["Key"]: each["Value"] for each in tags}


def make_secret(logical_id, props, stack_name):
    """A reference to a secret is its ARN, and its name has no stack in it, which the CDK counts on; MiniStack 1.5.33 refers to the name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
    """
    _, attributes = secret["create"](logical_id, {"Name": f"{logical_id}-{token_hex(6)}"} | props, stack_name)
    return attributes["Arn"], attributes


def update_secret(arn, old_props, new_props, stack_name, logical_id=None):
    """The same for one that is there."""
    name = {"Name": secret_name(arn)}
    _, attributes = secret["update"](name["Name"], name | old_props, name | new_props, stack_name, logical_id)
    return attributes["Arn"], attributes


def secret_name(arn):
    """The name of a secret, which is followed by six characters in its ARN."""
    return arn.rsplit(":", 1)[-1].rsplit("-", 1)[0]


def api_of_domain(host, path):
    """A wildcard name serves the hosts that have no name of their own; MiniStack 1.5.33 takes it for the name of one host.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-custom-domain-names.html
    """
    return of_domain(host, path) or of_domain(f"*.{host.partition('.')[2]}", path)


def retire(workers):
    """What a function is doing when it is updated, it does to its end; MiniStack 1.5.33 answers 502 "Worker process died".

    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    busy = [each for each in workers if each.in_use]
    kill([each for each in workers if each not in busy])
    for each in busy:
        Thread(target=end, args=(each,), daemon=True).start()


def end(worker):
    """Ends a worker when it is done, or has used its time."""
    until = time.monotonic() + worker.config.get("Timeout", 30)
    while worker.in_use and time.monotonic() < until:
        time.sleep(0.05)
    kill([worker])


async def route(api_id, stage, path, method, *arguments, **named):
    """Without CORS of the API's own, AWS gives OPTIONS to the route; MiniStack 1.5.33 answers 403 "CORS not configured".

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """
    is_preflight = method == "OPTIONS" and not (apigateway._apis.get(api_id) or {}).get("corsConfiguration")
    return await execute(api_id, stage, path, PREFLIGHT if is_preflight else method, *arguments, **named)


async def call(integration, api_id, stage, path, method, *arguments, **named):
    """Calls the function with the method that the request had."""
    return await invoke(integration, api_id, stage, path, method.upper(), *arguments, **named)


async def call_by_name(function, record, event, **named):
    """`domainName` is the name that the client asked for; MiniStack 1.5.33 tells the one of the API itself.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
    """
    event["requestContext"]["domainName"] = event["headers"]["host"].partition(":")[0]
    return await run(function, record, event, **named)


iam_actions.extract_iam_action, iam_actions.request_tag_context = permission, conditions
lambda_runtime.kill_workers = retire
provisioners._s3_apply_configurations, apigateway_v1.resolve_base_path_mapping = configure, api_of_domain
provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"] |= {
    "create": make_secret,
    "update": update_secret,
    "delete": lambda arn, props: secret["delete"](secret_name(arn), props),
}
apigateway._handle_execute_in_scope, apigateway._invoke_lambda_proxy = route, call
apigateway.run_reentrant = call_by_name
main()
