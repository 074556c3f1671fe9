"""What a tenant has used, as JSON or CSV."""

import csv
from collections.abc import Sequence
from io import StringIO
from urllib.parse import parse_qs

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.result import Result
from eventgateway.operations.usage_report import OUTCOMES, DayUsage, UsageReport
from eventgateway.web.payload import json_result

PARAMETERS = ("from", "to", "format")
FORMATS = ("json", "csv")
CSV_TYPE = {"content-type": "text/csv; charset=utf-8; header=present"}  # https://www.rfc-editor.org/rfc/rfc4180#section-3
COLUMNS = ("space", "day", "requests", "bytes", "received", "processed", "dropped", "duplicates")


def export(report: UsageReport, tenant: str, spaces: Sequence[str], request: HttpRequest) -> Result:
    """Answer `GET …/usage?from=YYYY-MM-DD&to=YYYY-MM-DD&format=json|csv` for the spaces of a tenant. Raises InvalidRequest, Unavailable."""
    given = _parameters(request.query)
    first, last = report.period(given.get("from", ""), given.get("to", ""))
    found = report.usage_of(spaces, first, last)
    if _is_csv(given, request):
        return Result(200, CSV_TYPE, _csv(found))
    return json_result(200, {"tenant": tenant, "from": first, "to": last, "usage": [each.shown() for each in found]})


def _parameters(query: str) -> dict[str, str]:
    """A parameter that is overlooked would make a bill of another time."""
    values = parse_qs(query, keep_blank_values=True)
    if unknown := sorted(values.keys() - {*PARAMETERS}):
        raise InvalidRequest(f"There is no parameter {unknown[0]!r} here. Use {', '.join(PARAMETERS)}.")
    for name, texts in values.items():
        if len(texts) > 1 or not texts[0]:
            raise InvalidRequest(f"The parameter {name!r} must be there once and not be empty, or not at all.")
    return {name: texts[0] for name, texts in values.items()}


def _is_csv(given: dict[str, str], request: HttpRequest) -> bool:
    wanted = given.get("format")
    if wanted is None:
        return request.header("accept").partition(";")[0].strip().lower() == "text/csv"
    if wanted not in FORMATS:
        raise InvalidRequest(f"'format' must be {' or '.join(FORMATS)}.")
    return wanted == "csv"


def _csv(found: Sequence[DayUsage]) -> str:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([*COLUMNS, *(f"deliveries_{name}" for name in OUTCOMES)])
    for each in found:
        writer.writerow([*(getattr(each, name) for name in COLUMNS), *(each.deliveries[name] for name in OUTCOMES)])
    return text.getvalue()
