"""The front page of the dashboard, from its handler and from a local gateway: its commands do what it says."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from eventgateway import __version__
from eventgateway.settings import InvalidSettings
from eventgateway.web.dashboard.steps import FUNCTION_URL
from functions.dashboard import handler as dashboard
from tests.clients.gateway import Gateway, serving
from tests.loopback import Loopback, answer
from tests.unit.samples import sample

ROOT = Path(__file__).parents[2]
KEY = "the-key"
OTHERS = ("CONFIG_TABLE", "RECORDS_TABLE", "DELIVERY_QUEUE_URL", "PAYLOAD_BUCKET", "SECRETS_KEY")
DELIVERY_SECONDS = 15


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """That of a function which is told of nothing but the two APIs."""
    for name in OTHERS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EVENTS_URL", "https://events.example.com")
    monkeypatch.setenv("CONFIG_URL", "https://config.example.com")
    dashboard.site.cache_clear()
    yield monkeypatch
    dashboard.site.cache_clear()


def test_the_handler_needs_to_know_the_addresses_only(environment: pytest.MonkeyPatch) -> None:
    answered = dashboard.handler(sample("http_get") | {"rawPath": "/"}, None)
    assert (answered["statusCode"], answered["headers"]["content-type"]) == (200, "text/html; charset=utf-8")
    assert "https://events.example.com" in answered["body"]
    assert answered["isBase64Encoded"] is False


def test_the_handler_names_what_it_was_not_told(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("EVENTS_URL")
    with pytest.raises(InvalidSettings, match=r"are missing: EVENTS_URL$"):
        dashboard.handler(sample("http_get"), None)


def test_the_handler_does_not_even_load_what_reads_tables() -> None:
    program = "import sys, functions.dashboard.handler; print(*{'pynamodb', 'boto3', 'eventgateway.wiring'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(tmp_path_factory.mktemp("dashboard"), {}, {"GATEWAY_OPERATOR_KEY": KEY}) as gateway:
        yield gateway


def page(gateway: Gateway) -> str:
    with urlopen(gateway.dashboard) as answered:
        text: str = answered.read().decode()
    return text


def at_localhost(url: str) -> str:
    return url.replace("localhost", "127.0.0.1")


def test_the_local_gateway_serves_it_with_its_own_addresses(local: Gateway) -> None:
    text = page(local)
    for part in (at_localhost(local.events), at_localhost(local.config), __version__, "standalone"):
        assert part in text
    assert KEY not in text


def test_its_files_are_there(local: Gateway) -> None:
    addresses = re.findall(r'href="(/static/[^"]+)"', page(local))
    assert len(addresses) == 2
    for address in addresses:
        with urlopen(local.dashboard + address) as answered:
            assert answered.status == 200
            assert "immutable" in answered.headers["cache-control"]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [("GET", "/nowhere", 404), ("POST", "/", 405), ("GET", "/static/../site.py", 404), ("GET", "/static/%2e%2e%2fsite.py", 404)],
)
def test_nothing_else_is_there(local: Gateway, method: str, target: str, status: int) -> None:
    connection = HTTPConnection(urlsplit(local.dashboard).netloc, timeout=10)
    connection.request(method, target)
    answered = connection.getresponse()
    assert (answered.status, answered.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "default-src 'none'" in answered.headers["content-security-policy"]
    connection.close()


@pytest.mark.parametrize("domain", ["localhost", "slsgateway.com"])
def test_the_first_steps_of_hosted_mode_work_by_copy_and_paste(domain: str, tmp_path: Path) -> None:
    flags = ["--hosted", domain, "--allow-private-targets"]
    with serving(tmp_path, {}, {"GATEWAY_OPERATOR_KEY": KEY}, flags) as gateway:
        printed, delivered = play_first_steps(gateway)
    assert 'eventgateway_subscriptions_total{space="acme-shop"} 1' in printed
    assert b'"data":{"name":"Ada"}' in delivered


def test_the_first_steps_work_by_copy_and_paste(local: Gateway) -> None:
    printed, delivered = play_first_steps(local)
    assert 'eventgateway_subscriptions_total{space="default"} 1' in printed
    assert b'"data":{"name":"Ada"}' in delivered


def play_first_steps(local: Gateway) -> tuple[str, bytes]:
    """What the commands of the page print, and what the function got."""
    with Loopback(lambda _: [answer(b"{}")]) as function:
        commands = [unescape(each) for each in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page(local), re.DOTALL)]
        script = "\n".join(commands).replace(FUNCTION_URL, function.url("/hello"))
        variables = {"PATH": os.environ["PATH"], "GATEWAY_OPERATOR_KEY": KEY}
        run = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True, env=variables, timeout=30)
        assert '"errors"' not in run.stdout
        assert "202 Accepted" in run.stdout
        assert function.wait_until(lambda: bool(function.requests), DELIVERY_SECONDS)
        [delivered] = function.requests
    return run.stdout, delivered.body
