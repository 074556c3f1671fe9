"""A handler behind a real server: what is sent over a socket, and what comes back."""

import asyncio
import http.client
import json
import socket
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread, Timer
from time import sleep

import pytest

from local.bridge import Bridge
from local.listener import Listener

ALL_BYTES = bytes(range(256))


def echo(event, context):
    """Answers with the event."""
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}


@contextmanager
def serving(handler: Callable = echo, **options: object) -> Iterator[int]:
    """The port of a server that runs until the end of the block."""
    pool, listener = ThreadPoolExecutor(4), Listener("test", "127.0.0.1", 0)
    listener.listen()
    bridge = Bridge("test", handler, pool, **options)
    thread = Thread(target=lambda: asyncio.run(listener.serve(bridge)))
    thread.start()
    try:
        yield int(listener.url.rpartition(":")[2])
    finally:
        while not listener.started.is_set():
            sleep(0.005)
        listener.stop()
        thread.join(5)
        pool.shutdown()


def ask(port: int, method: str = "GET", target: str = "/", body: bytes | None = None, headers: dict | None = None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, target, body, headers or {})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def raw(port: int, request: bytes) -> bytes:
    """What comes back for some bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def seen(port: int, request: bytes) -> dict:
    """The event that some bytes become."""
    return json.loads(raw(port, request).partition(b"\r\n\r\n")[2])


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as port:
        yield port


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"])
def test_any_method_passes(port, method):
    assert json.loads(ask(port, method)[1])["requestContext"]["http"]["method"] == method


def test_bodies_pass_untouched(port):
    event = json.loads(ask(port, "POST", body=ALL_BYTES)[1])
    assert (event["isBase64Encoded"], b64decode(event["body"])) == (True, ALL_BYTES)


def test_odd_but_legal_requests_pass(port):
    event = seen(
        port,
        b"GET /a/../b//%2e%2e/?x=%zz&y HTTP/1.1\r\nHost: Shop.Example.com:99\r\nX-Empty:\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\n",
    )
    assert event["rawPath"] == "/a/../b//../"
    assert event["rawQueryString"] == "x=%zz&y"
    assert event["headers"] == {"host": "Shop.Example.com:99", "x-empty": "", "x-a": "1,2"}


def test_a_chunked_body_arrives_without_an_invented_length(port):
    request = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    event = seen(port, request)
    assert b64decode(event["body"]) == b"abcde"
    assert event["headers"] == {"host": "x"}


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(port):
    request = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok"
    assert raw(port, request).startswith(b"HTTP/1.1 100")


def test_http_1_0_and_absolute_targets(port):
    event = seen(port, b"GET http://shop.example.com/a HTTP/1.0\r\n\r\n")
    assert (event["rawPath"], event["requestContext"]["http"]["protocol"]) == ("/a", "HTTP/1.0")


def test_an_upgrade_is_an_ordinary_request(port):
    request = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: a\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        assert connection.recv(12) == b"HTTP/1.1 200"


def test_connections_are_reused(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    for number in range(3):
        connection.request("GET", f"/{number}")
        assert json.loads(connection.getresponse().read())["rawPath"] == f"/{number}"
    connection.close()


def test_answers_pass_untouched():
    def handler(event, context):
        headers = {"content-type": "application/octet-stream", "x-a": "1"}
        body = b64encode(ALL_BYTES).decode()
        return {"statusCode": 418, "headers": headers, "cookies": ["a=1", "b=2"], "body": body, "isBase64Encoded": True}

    with serving(handler) as port:
        response, body = ask(port)
    assert (response.status, body, response.headers["x-a"]) == (418, ALL_BYTES, "1")
    assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert "server" not in response.headers


def test_head_has_the_length_but_no_body(port):
    response, body = ask(port, "HEAD")
    assert (response.status, body) == (200, b"")
    assert int(response.headers["content-length"]) > 0


def test_no_content_has_no_length():
    with serving(lambda event, context: {"statusCode": 204, "body": "x"}) as port:
        answer = raw(port, b"DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 204")
    assert b"content-length" not in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("handler", [lambda *_: 1 / 0, lambda *_: {"statusCode": 99}, lambda *_: {"statusCode": 200, "body": b"x"}])
def test_a_broken_handler_is_an_internal_error(handler, caplog):
    with serving(handler) as port:
        response, body = ask(port)
    assert (response.status, json.loads(body)) == (500, {"message": "Internal Server Error"})
    assert [record.errorType for record in caplog.records] in (["ZeroDivisionError"], ["MalformedResult"])
    assert caplog.records[0].at


def test_a_time_out_inside_the_handler_is_not_ours():
    def handler(event, context):
        raise TimeoutError

    with serving(handler) as port:
        assert ask(port)[0].status == 500


def test_a_slow_handler_is_unavailable(caplog):
    done = Event()
    with serving(lambda *_: done.wait(5), seconds=0.1) as port:
        response, body = ask(port)
        done.set()
    assert (response.status, json.loads(body)) == (503, {"message": "Service Unavailable"})


def test_too_much_is_refused_with_the_first_bytes():
    with serving(body_limit=1000) as port:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(head)
            assert connection.recv(12) == b"HTTP/1.1 413"


def test_too_much_in_chunks_is_refused():
    with serving(body_limit=1000) as port:
        response, body = ask(port, "POST", body=iter([b"x" * 600, b"x" * 600]))
    assert (response.status, json.loads(body)) == (413, {"message": "Request Entity Too Large"})


def test_the_limit_itself_is_taken():
    with serving(body_limit=1000) as port:
        assert ask(port, "POST", body=b"x" * 1000)[0].status == 200


def head(size: int, line: bytes = b"GET / HTTP/1.1") -> bytes:
    """A request whose line and values of headers have so many bytes."""
    return line + b"\r\nHost: x\r\nConnection: close\r\nX-A: %s\r\n\r\n" % (b"a" * (size - len(line) - 6))


def test_as_much_request_line_and_headers_as_api_gateway_takes_is_taken(port):
    assert len(seen(port, head(10_240))["headers"]["x-a"]) == 10_240 - 14 - 6


@pytest.mark.parametrize("request_head", [head(10_241), head(20_000), head(10_241, b"GET /" + b"a" * 10_000 + b"?b HTTP/1.1")])
def test_more_request_line_and_headers_than_api_gateway_takes_is_refused(port, request_head):
    answer = raw(port, request_head)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"message": "Request Header Fields Too Large"}


def test_a_long_head_that_comes_in_parts_is_refused_the_same_way(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        for part in (head(30_000)[:20_000], head(30_000)[20_000:]):
            connection.sendall(part)
            sleep(0.05)
        assert connection.recv(13) == b"HTTP/1.1 431 "


def test_the_handler_knows_its_name_and_time():
    def handler(event, context):
        identity = event["requestContext"]["requestId"] == context.aws_request_id
        return {"name": context.function_name, "left": context.get_remaining_time_in_millis(), "identity": identity}

    with serving(handler) as port:
        answer = json.loads(ask(port)[1])
    assert (answer["name"], answer["identity"]) == ("test", True)
    assert 29_000 < answer["left"] <= 30_000


def test_the_hook_runs_before_the_answer_is_sent():
    order = []
    with serving(answered=lambda request, response: order.append((request.method, response.status))) as port:
        ask(port, "PUT")
        order.append("answered")
    assert order == [("PUT", 200), "answered"]


def test_handlers_run_side_by_side():
    both = [Event(), Event()]

    def handler(event, context):
        mine, other = both if event["rawPath"] == "/0" else reversed(both)
        mine.set()
        return {"met": other.wait(2)}

    with serving(handler) as port, ThreadPoolExecutor(2) as clients:
        answers = list(clients.map(lambda number: json.loads(ask(port, target=f"/{number}")[1]), range(2)))
    assert answers == [{"met": True}, {"met": True}]


def test_a_running_request_is_answered_after_the_stop():
    entered, release = Event(), Event()

    def handler(event, context):
        entered.set()
        release.wait(2)
        return {"done": True}

    answers = []
    with serving(handler) as port:
        client = Thread(target=lambda: answers.append(ask(port)))
        client.start()
        entered.wait(2)
        Timer(0.3, release.set).start()
    client.join(2)
    assert json.loads(answers[0][1]) == {"done": True}
