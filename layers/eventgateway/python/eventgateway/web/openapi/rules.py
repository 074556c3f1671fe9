"""What the types of the models do not tell about the documents of the Config API: meaning, patterns and examples, by model and field."""

from collections.abc import Mapping
from typing import Any

from eventgateway.core import limits
from eventgateway.core.cors import CorsRule
from eventgateway.core.document import METHODS, NAME
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.json import JsonObject
from eventgateway.core.retry import AGE_LIMIT, ATTEMPTS_LIMIT, DEFAULT_RETRY
from eventgateway.core.subscription import ASYNC, SYNC, Subscription

Schema = dict[str, Any]
Model = type[EventType] | type[Function] | type[Subscription] | type[CorsRule]
Rules = Mapping[Model, Mapping[str, Schema]]

MODELS: tuple[Model, ...] = (EventType, Function, Subscription, CorsRule)
WORDS: Mapping[Model, str] = {EventType: "event type", Function: "function", Subscription: "subscription", CorsRule: "CORS rule"}
NAME_PATTERN = f"^{NAME.pattern}$"
ANY_CASE = "|".join("".join(f"[{letter}{letter.lower()}]" for letter in method) for method in METHODS)
LABELS: Mapping[str, Schema] = {
    "metadata": {
        "description": "Labels of your own; lists can be filtered by them.",
        "maxProperties": limits.LABELS,
        "propertyNames": {"maxLength": limits.LABEL_NAME},
        "additionalProperties": {"type": "string", "maxLength": limits.LABEL_VALUE},
    }
}
RETRY_RULES: Schema = {
    "maxAttempts": {
        "description": f"Attempts in all; `1` is at most once. Without it {DEFAULT_RETRY.max_attempts}.",
        "type": "integer",
        "minimum": 1,
        "maximum": ATTEMPTS_LIMIT,
    },
    "maxAgeSeconds": {
        "description": f"No attempt begins later than that after the event. Without it {DEFAULT_RETRY.max_age:.0f}.",
        "type": "integer",
        "minimum": 1,
        "maximum": AGE_LIMIT,
    },
}
ITEMS: Schema = {"maxItems": limits.LIST, "items": {"type": "string", "maxLength": limits.LIST_TEXT}}
NAMES: Schema = {"maxLength": limits.NAME}

RULES: Rules = {
    EventType: {
        **LABELS,
        "name": NAMES | {"description": "Any text. Those of letters, digits, `.`, `-` and `_` can be subscribed to.", "minLength": 1},
        "authorizer_id": NAMES | {"description": "A function of the space that is asked before events of this type are delivered."},
        "deduplicate": {
            "description": "An event that comes again, with the same `source` and `eventID`, is accepted and not delivered again, "
            "unless it has a `sync` subscriber."
        },
    },
    Function: {**LABELS, "id": NAMES | {"description": "Unique among the functions of the space.", "pattern": NAME_PATTERN}},
    Subscription: {
        **LABELS,
        "type": {"description": "`sync`: the function answers the caller. `async`: it is called later.", "enum": [ASYNC, SYNC]},
        "event_type": NAMES | {"description": "Name of an event type of the space.", "pattern": NAME_PATTERN},
        "function_id": NAMES | {"description": "Id of a function of the space.", "pattern": NAME_PATTERN},
        "path": {
            "description": "Path of the Events API; if `sync` a pattern with `:name` and a last `*name`. Begins with `/`, or gets it. "
            f"With it at most {limits.PATH} characters, {limits.SEGMENTS} segments and {limits.PARAMETERS} parameters.",
            "maxLength": limits.PATH,
        },
        "retry": {"description": "Of an `async` subscription: how failed deliveries are tried again."},
        "method": {"description": "HTTP method in letters of any case; empty is the default.", "pattern": f"^({ANY_CASE})?$"},
    },
    CorsRule: {
        **LABELS,
        "method": {"description": "HTTP method of the requests that the rule is for.", "enum": [*METHODS]},
        "path": {
            "description": "Path pattern of these requests, as in `sync` subscriptions.",
            "pattern": "^/[^?]*$",
            "maxLength": limits.PATH,
        },
        "allowed_origins": ITEMS | {"description": "Origins, each with at most one `*`; empty is the default."},
        "allowed_methods": ITEMS | {"description": "Methods that a page may use; empty is the default."},
        "allowed_headers": ITEMS | {"description": "Headers that a page may send, `*` for any; empty is the default."},
        "allow_credentials": {"description": "Whether cookies are allowed; has no effect together with the origin `*`."},
    },
}
ANSWER_RULES: Rules = {  # where answers are stricter than requests
    Subscription: {
        "path": {"description": "Path or path pattern.", "pattern": "^/"},
        "method": {"description": "HTTP method.", "enum": [*METHODS]},
    },
}
IDS: Mapping[Model, Schema] = {
    EventType: {"description": "Name of the event type.", "type": "string", "minLength": 1, **NAMES},
    Function: {"description": "Id of the function.", "type": "string", "pattern": NAME_PATTERN, **NAMES},
    Subscription: {
        "description": "Base64 (URL-safe) of what makes the subscription unique.",
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]+$",
    },
    CorsRule: {
        "description": "Method and percent-encoded path, such as `GET%2Fusers`. In a URL it is percent-encoded once more, like any other: "
        "`GET%252Fusers`. There the id as it is will do too.",
        "type": "string",
        "pattern": "^[A-Z]+%2F",
    },
}
EXAMPLES: Mapping[Model, Mapping[str, JsonObject]] = {
    EventType: {
        "event type": {"name": "user.created", "metadata": {"team": "accounts"}},
        "with deduplication": {"name": "order.placed", "deduplicate": {"windowSeconds": 86400}},
    },
    Function: {
        "HTTP endpoint": {"functionId": "users", "type": "http", "provider": {"url": "https://users.example.com/events"}},
        "signed webhook": {
            "functionId": "orders",
            "type": "http",
            "provider": {
                "url": "https://orders.example.com/events",
                "headers": {"Authorization": "Bearer 4fzA9mPq"},
                "signingSecret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            },
        },
        "queue of another account": {
            "functionId": "mails",
            "type": "awssqs",
            "provider": {
                "queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/mails",
                "region": "us-east-1",
                "roleArn": "arn:aws:iam::123456789012:role/event-gateway",
            },
        },
        "Lambda function": {
            "functionId": "greet",
            "type": "awslambda",
            "provider": {
                "arn": "arn:aws:lambda:us-east-1:123456789012:function:greet",
                "region": "us-east-1",
                "awsAccessKeyId": "AKIAIOSFODNN7EXAMPLE",
                "awsSecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            },
        },
    },
    Subscription: {
        "sync": {"type": "sync", "eventType": "http.request", "functionId": "users", "method": "GET", "path": "/users/:id"},
        "async": {"type": "async", "eventType": "user.created", "functionId": "greet", "path": "/accounts"},
        "async, at most once": {"type": "async", "eventType": "user.created", "functionId": "greet", "retry": {"maxAttempts": 1}},
    },
    CorsRule: {"CORS rule": {"method": "GET", "path": "/users/:id", "allowedOrigins": ["https://*.example.com"]}},
}
