"""Functions of the developer: found by name or ARN, loaded anew when they change, failing as they would in Lambda."""

import json
import os
import sys
from pathlib import Path
from threading import Event

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.emulator import Emulator
from local.functions import Functions, InvalidFunction, LocalFunction
from local.lambda_context import LambdaContext

ARN = "arn:aws:lambda:eu-west-1:999999999999:function:"
GREET = """
import json
def handler(event, context):
    return {"hello": event["name"], "function": context.function_name}
"""


@pytest.fixture
def write(tmp_path):
    def save(text: str, name: str = "greet.py") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return save


@pytest.fixture
def function(write):
    return lambda text, name="greet": LocalFunction.parse(f"{name}={write(text)}:handler")


def outcome(function: LocalFunction, event: object = None) -> tuple[bool, object]:
    result = function.run({} if event is None else event, LambdaContext(function.name, 1))
    return result.failed, json.loads(result.payload)


def served(*names: str) -> Functions:
    return Functions([LocalFunction(name, Path("none.py"), "handler") for name in names])


def test_a_function_gets_event_and_context(function):
    assert outcome(function(GREET), {"name": "Ada"}) == (False, {"hello": "Ada", "function": "greet"})


def test_the_context_is_what_lambda_hands_over(function):
    text = """
def handler(event, context):
    left = context.get_remaining_time_in_millis()
    places = [context.invoked_function_arn, context.memory_limit_in_mb, context.log_group_name]
    return places + [bool(context.aws_request_id), 0 < left <= 1000]
"""
    expected = ["arn:aws:lambda:us-east-1:123456789012:function:greet", "1024", "/aws/lambda/greet", True, True]
    assert outcome(function(text)) == (False, expected)


@pytest.mark.parametrize(
    "text", ["", "greet", "greet=", "greet=file.py", "=file.py:handler", "greet=:handler", "greet=file.py:", "gr eet=file.py:handler"]
)
def test_a_flag_that_makes_no_sense(text):
    with pytest.raises(InvalidFunction, match=r"is not NAME=path/to/file.py:handler"):
        LocalFunction.parse(text)


def test_a_missing_file(tmp_path):
    with pytest.raises(InvalidFunction, match="No such file"):
        Functions([LocalFunction.parse(f"greet={tmp_path}/none.py:handler")]).check()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def other(event, context): pass", "has no function 'handler'"),
        ("handler = 5", "has no function 'handler'"),
        ("x = 1\ndef handler(:", "greet.py, line 2: "),
        ("import no_such_module", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("\x00", "greet.py"),
    ],
)
def test_a_file_that_cannot_be_served(function, text, message):
    broken = function(text)
    with pytest.raises(InvalidFunction, match=message):
        Functions([broken]).check()
    failed, document = outcome(broken)
    assert (failed, document["errorType"]) == (True, "Runtime.ImportModuleError")


def test_an_exception_is_an_unhandled_error(function):
    failed, document = outcome(function("def handler(event, context):\n    raise ValueError('no name')\n"))
    assert (failed, document["errorType"], document["errorMessage"]) == (True, "ValueError", "no name")
    assert document["requestId"]
    assert len(document["stackTrace"]) == 1
    assert "raise ValueError('no name')" in document["stackTrace"][0]


def test_exit_does_not_end_the_gateway(function):
    assert outcome(function("import sys\ndef handler(event, context):\n    sys.exit(3)\n"))[1]["errorType"] == "SystemExit"


def test_a_result_that_is_no_json(function):
    failed, document = outcome(function("def handler(event, context):\n    return {1, 2}\n"))
    assert (failed, document["errorType"]) == (True, "Runtime.MarshalError")
    assert document["errorMessage"].startswith("Unable to marshal response: ")


def test_overtime(function):
    slow = function("import time\ndef handler(event, context):\n    time.sleep(0.3)\n")
    slow.seconds = 0.05
    assert outcome(slow)[1]["errorType"] == "Sandbox.Timedout"


def test_a_changed_file_is_loaded_anew(function, write):
    greet = function("def handler(event, context): return 1")
    assert outcome(greet) == (False, 1)
    path = write("def handler(event, context): return 2")
    os.utime(path, ns=(1, 1))
    assert outcome(greet) == (False, 2)
    os.utime(write("def handler(event, context): return ("), ns=(2, 2))
    assert outcome(greet)[0]
    os.utime(write("def handler(event, context): return 3"), ns=(3, 3))
    assert outcome(greet) == (False, 3)


def test_an_unchanged_file_keeps_its_state(function):
    counter = function("calls = []\ndef handler(event, context):\n    calls.append(1)\n    return len(calls)\n")
    assert [outcome(counter)[1] for _ in range(3)] == [1, 2, 3]


def test_neighbours_can_be_imported_and_files_of_one_name_do_not_collide(tmp_path):
    before = list(sys.path)
    functions = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"neighbour_{name}.py").write_text(f"WHO = {name!r}")
        (tmp_path / name / "main.py").write_text(f"from neighbour_{name} import WHO\ndef handler(event, context): return WHO")
        functions.append(LocalFunction.parse(f"{name}={tmp_path / name}/main.py:handler"))
    assert [outcome(function)[1] for function in functions] == ["a", "b"]
    assert sys.path == before


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("greet", "greet"),
        (f"{ARN}greet", "greet"),
        (f"{ARN}greet:$LATEST", "greet"),
        (f"{ARN}greet:7", "greet"),
        ("greet:live", "greet"),
        ("999999999999:function:greet", "greet"),
        ("function:greet", "greet"),
        ("arn:aws-cn:lambda:cn-north-1:999999999999:function:greet", "greet"),
        ("shop-dev-greet", "greet"),
        ("shop-dev-big-greet", "big-greet"),
        ("big-greet", "big-greet"),
        (f"{ARN}shop-dev-greet:live", "greet"),
        ("greeting", None),
        ("shop:greet:x:y", None),
        ("", None),
    ],
)
def test_names_and_arns_find_their_function(reference, name):
    found = served("greet", "big-greet", "other").find(reference)
    assert (found.name if found else None) == name


def test_of_two_with_one_name_the_last_serves():
    functions = served("greet", "greet")
    assert functions.find("greet") is functions.functions[1]


@pytest.fixture
def invoke(function, write):
    """Calls over the real client."""
    with Emulator(Functions([function(GREET)])):
        client = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))
        yield lambda name="greet", **options: client.invoke(FunctionName=name, **options)


def test_invoke_answers_as_lambda(invoke):
    answer = invoke(f"{ARN}greet", Payload=b'{"name": "Ada"}')
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads(answer["Payload"].read()) == {"hello": "Ada", "function": "greet"}
    assert "FunctionError" not in answer


def test_an_error_of_the_function_is_no_error_of_the_call(invoke):
    answer = invoke(Payload=b"{}")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorType"] == "KeyError"


def test_without_a_payload_the_event_is_empty(invoke):
    assert json.loads(invoke()["Payload"].read())["errorMessage"] == "'name'"


def test_an_unknown_function_says_what_to_do(invoke):
    with pytest.raises(ClientError, match="To serve it here, start with --function") as raised:
        invoke("nobody")
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_payloads_must_be_json(invoke):
    with pytest.raises(ClientError) as raised:
        invoke(Payload=b"{")
    assert raised.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_payloads_have_a_limit(invoke):
    with pytest.raises(ClientError) as raised:
        invoke(Payload=b" " * (6 * 1024 * 1024 + 1))
    assert raised.value.response["Error"]["Code"] == "RequestTooLargeException"


def test_results_have_a_limit(invoke):
    answer = invoke(Payload=json.dumps({"name": "x" * (6 * 1024 * 1024 - 12)}).encode())
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] == "Function.ResponseSizeTooLarge"


def test_events_are_run_in_the_background(function):
    called = Event()
    sys.modules["called_by_function"] = called
    text = "import called_by_function\ndef handler(event, context):\n    called_by_function.set()\n"
    with Emulator(Functions([function(text)])):
        answer = boto3.client("lambda").invoke(FunctionName="greet", InvocationType="Event")
        assert answer["StatusCode"] == 202
        assert called.wait(2)
    del sys.modules["called_by_function"]


def test_a_dry_run_runs_nothing(invoke):
    assert invoke(InvocationType="DryRun")["StatusCode"] == 204


def test_functions_call_aws_themselves(function):
    """They run outside the lock, so a function may call another."""
    text = """
import boto3, json
def handler(event, context):
    if event.get("inner"):
        return "inner"
    answer = boto3.client("lambda").invoke(FunctionName="greet", Payload=b'{"inner": true}')
    return ["outer", json.loads(answer["Payload"].read())]
"""
    with Emulator(Functions([function(text)])):
        answer = boto3.client("lambda").invoke(FunctionName="greet", Payload=b"{}")
        assert json.loads(answer["Payload"].read()) == ["outer", "inner"]
