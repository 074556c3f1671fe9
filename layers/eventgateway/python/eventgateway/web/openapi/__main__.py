"""Prints the document for people: indented."""

import json
import sys

from eventgateway.web import openapi

sys.stdout.write(json.dumps(json.loads(openapi.text(hosted=True)), indent=2, ensure_ascii=False) + "\n")
