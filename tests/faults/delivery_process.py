"""The delivery function as a process: an event on its standard input, the answer on its standard output."""

import json
import sys

from functions.delivery.handler import handler
from local.lambda_context import LambdaContext

if __name__ == "__main__":
    answer = handler(json.load(sys.stdin), LambdaContext("delivery", 180.0))
    sys.stdout.write(json.dumps(answer))
