"""Starts MiniStack with what it does otherwise than AWS put right. Runs in MiniStack's own virtual environment."""

from ministack.app import main
from ministack.core import iam_actions
from ministack.services import apigateway

# "To use a batch action you need the permission of the action": MiniStack 1.5.33 asks for one of the batch's own name.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
BATCHES = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
PREFLIGHT = "Options"  # no method that MiniStack knows

action, execute, invoke = iam_actions.extract_iam_action, apigateway._handle_execute_in_scope, apigateway._invoke_lambda_proxy


def permission(*arguments):
    """The IAM action that a request needs."""
    found = action(*arguments)
    return BATCHES.get(found, found)


async def route(api_id, stage, path, method, *arguments, **named):
    """Without CORS of the API's own, AWS gives OPTIONS to the route; MiniStack 1.5.33 answers 403 "CORS not configured".

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """
    is_preflight = method == "OPTIONS" and not (apigateway._apis.get(api_id) or {}).get("corsConfiguration")
    return await execute(api_id, stage, path, PREFLIGHT if is_preflight else method, *arguments, **named)


async def call(integration, api_id, stage, path, method, *arguments, **named):
    """Calls the function with the method that the request had."""
    return await invoke(integration, api_id, stage, path, method.upper(), *arguments, **named)


iam_actions.extract_iam_action, apigateway._handle_execute_in_scope, apigateway._invoke_lambda_proxy = permission, route, call
main()
