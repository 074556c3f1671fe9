"""AWS in this process: moto behind every client of botocore, one call at a time, and no call ever leaves the machine."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from threading import Condition, RLock
from time import monotonic
from typing import Any, Protocol, Self
from unittest.mock import patch

import botocore.handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.loaders import create_loader
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item
from moto.kms.models import KmsBackend, kms_backends
from moto.s3.models import FakeKey, s3_backends
from moto.sqs.models import Message, sqs_backends
from moto.utilities.utils import get_partition

from local.aws_environment import emulated_environment
from local.functions import Functions
from local.lambda_api import LambdaApi
from local.lambda_context import REGION
from local.moto_keys import light_keys
from local.moto_objects import Bucket, light_listings
from local.moto_queues import SteadyQueue, steady_queues
from local.moto_tables import PartitionedTable, partitioned_tables, plain_scalars
from local.wire import RECEIVE_MESSAGE, SEND_MESSAGE, Answer, Call, Json, read

log = logging.getLogger(__name__)

NOT_IMPLEMENTED = Answer(501, {}, b"")  # without a body botocore takes it for a plain error, whatever the service speaks
FAILED = Answer(500, {}, b"")
POLL_SECONDS = 0.2
SERVICES = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs"}


class Recorder(Protocol):
    """Keeps what a successful call changed."""

    def record(self, call: Call, answer: Answer) -> None:
        """Returns when it is safe; raises if it cannot be kept."""


class Emulator:
    """The handler that botocore asks before it sends a request; what the handler returns is the answer.

    moto is not thread-safe, so a lock serializes its calls: a transaction is atomic as in the real DynamoDB. Functions run outside.
    """

    def __init__(self, functions: Functions | None = None) -> None:
        self.region = REGION
        self._lambda = LambdaApi(functions or Functions())
        self._lock = RLock()
        self._sent = Condition()
        self._recorder: Recorder | None = None
        self._listeners: list[Callable[[], None]] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Take the place of AWS for every client that is built from now on."""
        self.region = self._stack.enter_context(emulated_environment())
        tables, others = (partitioned_tables(), plain_scalars()), (steady_queues(), light_keys(), light_listings())
        changes = (_shared_descriptions(), *tables, *others, _untracked_instances())
        for change in changes:
            self._stack.enter_context(change)
        self._stack.enter_context(mock_aws())
        self._stack.enter_context(_in_place_of(botocore_stubber, self))

    def stop(self) -> None:
        """Give way to AWS; what moto holds is gone."""
        self._stack.close()

    def record_with(self, recorder: Recorder) -> None:
        """Have every successful call kept before its answer is given."""
        self._recorder = recorder

    def on_message(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each call that sent messages to a queue."""
        self._listeners.append(listener)

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """botocore's `before-send`."""
        request = copy(request)  # the SDK rewinds the body of its own when it tries again
        request.body = read(request.body)  # before the lock is taken: botocore needs half a second to encode 24 MB for S3
        call = Call.of(request)
        invoked = self._lambda.invoke(call.method, call.url, call.headers, call.body)
        answer = Answer(*invoked) if invoked else self._answer(call, request)
        return answer.response(request.url)

    def call(self, target: str, parameters: Json) -> Json:
        """Call DynamoDB or SQS, unrecorded. Raises RuntimeError unless it succeeds."""
        url = f"https://{SERVICES[target.partition('.')[0]]}.{self.region}.amazonaws.com/"
        with self._lock:
            answer = self._moto(Call.json(url, target, parameters).request())
        if not answer.ok:
            raise RuntimeError(f"{target} failed: {answer.status} {answer.body.decode(errors='replace')}")
        return answer.result()

    def table(self, name: str) -> PartitionedTable:
        """A table itself, for what the API of DynamoDB cannot do. Raises KeyError."""
        table: PartitionedTable = dynamodb_backends[DEFAULT_ACCOUNT_ID][self.region].tables[name]  # type: ignore[assignment]
        return table

    def queue(self, name: str) -> SteadyQueue:
        """A queue itself, for what the API of SQS cannot do. Raises KeyError."""
        queue: SteadyQueue = sqs_backends[DEFAULT_ACCOUNT_ID][self.region].queues[name]  # type: ignore[assignment]
        return queue

    def bucket(self, name: str) -> Bucket:
        """A bucket itself, for what the API of S3 cannot do."""
        return Bucket(s3_backends[DEFAULT_ACCOUNT_ID][get_partition(self.region)], name)

    def keys(self) -> KmsBackend:
        """All keys themselves, for what the API of KMS cannot do."""
        return kms_backends[DEFAULT_ACCOUNT_ID][self.region]

    def _answer(self, call: Call, request: AWSPreparedRequest) -> Answer:
        if call.target == RECEIVE_MESSAGE:
            return self._receive(call)
        answer = self._recorded(call, request)
        if call.target in SEND_MESSAGE and answer.ok:
            self._wake()
        return answer

    def _recorded(self, call: Call, request: AWSPreparedRequest) -> Answer:
        """What is not kept did not happen, as far as the caller may know."""
        with self._lock:
            answer = self._moto(request)
            if self._recorder is None or not answer.ok:
                return answer
            try:
                self._recorder.record(call, answer)
            except Exception:
                log.exception("%s was done but could not be kept", call.target)
                return FAILED
            return answer

    def _receive(self, call: Call) -> Answer:
        """Long polling, without the lock while nothing is there."""
        short = call.but(WaitTimeSeconds=0)
        deadline = monotonic() + float(call.parameters().get("WaitTimeSeconds") or 0)
        while True:
            answer = self._recorded(short, short.request())
            left = deadline - monotonic()
            if left <= 0 or not answer.ok or answer.result().get("Messages"):
                return answer
            with self._sent:
                self._sent.wait(min(left, POLL_SECONDS))

    def _moto(self, request: AWSPreparedRequest) -> Answer:
        try:
            answer = botocore_stubber.process_request(request)
        except Exception:
            log.exception("the emulator cannot answer %s", request.url)
            return NOT_IMPLEMENTED
        if answer is None or answer[2] == "Not yet implemented":
            log.warning("nothing answers for %s here, and no call leaves this machine", request.url)
            return NOT_IMPLEMENTED
        status, headers, body = answer
        return Answer(int(status), headers, body.encode() if isinstance(body, str) else body)

    def _wake(self) -> None:
        with self._sent:
            self._sent.notify_all()
        for listener in self._listeners:
            listener()


@contextmanager
def _in_place_of(theirs: object, ours: object) -> Iterator[None]:
    """Swap a handler that botocore gives to every new session."""
    handlers = botocore.handlers.BUILTIN_HANDLERS
    place = next(number for number, entry in enumerate(handlers) if entry[1] is theirs)
    entry = handlers[place]
    handlers[place] = (entry[0], ours, *entry[2:])
    try:
        yield
    finally:
        handlers[place] = entry


@contextmanager
def _shared_descriptions() -> Iterator[None]:
    """Let all clients read the descriptions of AWS services once; else each takes a quarter of a second at its first call."""
    loader = create_loader()
    with patch("botocore.session.create_loader", lambda *_: loader):
        yield


@contextmanager
def _untracked_instances() -> Iterator[None]:
    """moto keeps every table, item, message and object it ever made for a dashboard of its own; here they would only pile up."""
    models: tuple[Any, ...] = (PartitionedTable, Item, SteadyQueue, Message, FakeKey)
    for model in models:
        model.instances_tracked = deque(maxlen=0)
    try:
        yield
    finally:
        for model in models:
            model.instances_tracked = []
