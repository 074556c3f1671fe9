"""Events that are too large for the platform of a function: refused at once, with the limit."""

from types import SimpleNamespace

import pytest

from eventgateway import providers
from eventgateway.core.errors import FunctionOverflow, FunctionUnreachable
from eventgateway.core.provider import Call, Purpose
from tests.contract.backends import ENTRIES

LIMITS = {"awslambda": 6_291_456, "awssqs": 1_048_576, "awskinesis": 10_485_760, "awsfirehose": 1_024_000}
REGISTRY = providers.load()
MIB = 1024 * 1024


class Reached(Exception):
    """The call got as far as AWS."""


def function(type_):
    return REGISTRY[type_].restore(ENTRIES[type_].document(""))


def call(type_, size, answer=Reached):
    def aws(*_, **__):
        raise answer

    return function(type_).call(Call(b"x" * size, Purpose.ASYNC, 1.0), SimpleNamespace(aws=aws))


@pytest.mark.parametrize(("type_", "limit"), LIMITS.items(), ids=LIMITS)
def test_the_limit_itself_is_no_overflow(type_, limit):
    with pytest.raises(Reached):
        call(type_, limit)


@pytest.mark.parametrize(("type_", "limit"), LIMITS.items(), ids=LIMITS)
def test_a_byte_more_is_not_even_sent(type_, limit):
    with pytest.raises(FunctionOverflow) as refused:
        call(type_, limit + 1)
    assert refused.value.message == f"{function(type_).label} takes at most {limit} bytes, the event has {limit + 1}"
    assert refused.value.is_final


def test_what_sqs_counts_is_the_message_with_its_escapes():
    event = "\uffff" * (MIB // 6 + 1)
    with pytest.raises(FunctionOverflow):
        function("awssqs").call(Call(f'"{event}"'.encode(), Purpose.ASYNC, 1.0), SimpleNamespace())


@pytest.mark.parametrize("code", ["ValidationException", "InvalidArgumentException"])
def test_a_stream_that_takes_a_mebibyte_refuses_more_for_good(code):
    with pytest.raises(FunctionOverflow, match=r"^This stream takes at most 1048576 bytes, the event has 1048577$"):
        call("awskinesis", MIB + 1, FunctionUnreachable(code, "1048577 is too much"))


@pytest.mark.parametrize(("size", "code"), [(MIB, "ValidationException"), (MIB + 1, "InternalFailure")])
def test_other_refusals_of_a_stream_are_tried_again(size, code):
    with pytest.raises(FunctionUnreachable, match=code):
        call("awskinesis", size, FunctionUnreachable(code))


def test_there_is_a_limit_for_each_aws_type():
    assert LIMITS.keys() == {type_ for type_ in REGISTRY if type_.startswith("aws")}
