"""Sample events of AWS, in the shape that its documentation shows.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import json
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "events"


def sample(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
