"""Lambda handlers of the tests."""

import json
import os
from urllib.request import Request, urlopen


def record(event, context):
    """Post the event to the tests, under the path it has in the gateway's configuration: /<function>/<event id>."""
    url = f"{os.environ['INBOX_URL']}/{context.function_name}/{event['eventID']}"
    with urlopen(Request(url, json.dumps(event).encode())) as answer:
        answer.read()


def hello(event, context):
    return {"statusCode": 200, "body": f"hello {event['data']['params']['name']}"}


def guard(event, context):
    """An authorizer: who knows the word may pass."""
    if event["request"]["headers"].get("Authorization") == "open sesame":
        return {"authorization": {"principalId": "ali"}}
    return {"error": {"message": "closed"}}
