"""What an alarm says: what it means, what to do first, and the section of the runbook that has the rest."""

PAGE = "docs/operations.md"
SAYS = {
    "failures": "Requests to the {name} API are answered with 5xx. Look which errors the function logs.",
    "slow": "One in a hundred requests to the {name} API takes ten seconds or more; they end at 28. Look which sync function is slow.",
    "errors": "Invocations of the {name} function end without an answer: time-out, memory, or it cannot start. Look at its last lines.",
    "throttles": "Lambda refuses invocations of the gateway's functions. Look at the account's concurrency and at reserved_concurrency.",
    "workers-at-limit": "As many workers as allowed have been busy for half an hour. Look whether the queue grows.",
    "account-concurrency": "The account's Lambda concurrency is nearly used up; beyond it everything is throttled. Look who uses it.",
    "deliveries-late": "What is due takes the workers more than 15 minutes at their pace, or they stand still. Look what they log.",
    "oldest-message": "A message waits for longer than any pause between attempts. Look whether workers run; it is lost after 14 days.",
    "backlog-grows": "More deliveries come in than are done, for half an hour now. Look which space they are of.",
    "in-flight": "SQS hands out no more at 120,000 messages in flight, to no space. Look for a suspended space with many deliveries.",
    "poison": "A message could not even be read, 1,000 times. Look at it in the poison queue; it is a bug or is not the gateway's.",
    "dead-letters": "Deliveries were given up, more than a few. Look at their reason; they can be redriven for 14 days.",
    "unexpected-errors": "Requests or deliveries fail in a way that the gateway has no answer for. Look at type and place of the errors.",
    "table-throttles": "DynamoDB refuses reads or writes of the {name} table as too many. Look which operation it is.",
    "table-errors": "DynamoDB fails to answer for the {name} table. Look at AWS's health dashboard.",
    "secrets-away": "Secrets of functions cannot be read; their calls fail and their deliveries wait. Look at the state of the KMS key.",
    "configuration-away": "Functions go on with the configuration they know, for 15 minutes at most, then answer 503. Look at DynamoDB.",
}


def description(section: str, name: str) -> str:
    """The description of an alarm of a section; `name` is the API, function or table that it is about."""
    return f"{SAYS[section].format(name=name)} {PAGE}#{section}"
