"""Users in DynamoDB, an event for each new one, and a CRM that wants to know them."""

import json
import os
from contextlib import suppress
from urllib.request import Request, urlopen
from uuid import uuid4

import boto3

FIELDS = ("id", "firstName", "lastName", "email")
SCHEMA = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def create(event, context):
    user = {field: event["data"]["body"].get(field) for field in FIELDS}
    if not all(user.values()):
        return response(400, {"errors": ["Invalid request. Missing required field."]})
    users().put_item(Item=user)
    emit("user.created", user)
    return response(200, user)


def get(event, context):
    found = users().get_item(Key={"id": event["data"]["params"]["id"]}).get("Item")
    return response(200, found) if found else response(404, {"errors": ["No such user."]})


def add_to_crm(event, context):
    post(os.environ["INBOX_URL"] + "/crm", "application/json", event["data"])
    return {"message": "Success"}


def users():
    """The table, which the stack of a real service would have made."""
    database = boto3.resource("dynamodb")
    with suppress(database.meta.client.exceptions.ResourceInUseException):
        database.create_table(TableName="users", **SCHEMA)
    return database.Table("users")


def emit(event_type, data):
    """Emit a CloudEvent to the space of the service."""
    attributes = {"eventType": event_type, "eventID": str(uuid4()), "cloudEventsVersion": "0.1", "source": "/users"}
    event = {**attributes, "contentType": "application/json", "data": data}
    post(os.environ["EVENTS_URL"] + "/default/", "application/cloudevents+json", event)


def post(url, content_type, document):
    with urlopen(Request(url, json.dumps(document).encode(), {"Content-Type": content_type})) as answer:
        answer.read()


def response(status, document):
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(document)}
