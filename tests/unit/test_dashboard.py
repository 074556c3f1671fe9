"""The pages of the dashboard: what they say, that nothing gets into them unescaped, and what browsers are told."""

import re
import shlex
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway import __version__
from eventgateway.settings import DashboardSettings, InvalidSettings, Mode
from eventgateway.web.dashboard import page
from eventgateway.web.dashboard.assets import ASSETS, asset
from eventgateway.web.dashboard.page import DOCS, front_page
from eventgateway.web.dashboard.site import Dashboard
from eventgateway.web.dashboard.steps import first_steps
from tests.unit.samples import sample

EVENTS, CONFIG = "https://events.example.com", "https://config.example.com"
URLS = {"EVENTS_URL": EVENTS, "CONFIG_URL": CONFIG}
HARMLESS = {**URLS, "GATEWAY_OPERATOR_KEY_SECRET": "key", "AWS_REGION": "eu-west-1", "DOCS_URL": EVENTS, "GATEWAY_DOMAIN": "example.com"}
HOSTED = {"GATEWAY_MODE": "hosted", "GATEWAY_DOMAIN": "example.com"}
HOSTILE = "https://x.example/'\"><script>alert(1)</script>&$(reboot)`reboot`;reboot #"
SECURITY = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
}


class Elements(HTMLParser):
    """Names and attributes of a page, in order, and what is open at its end."""

    VOID = ("meta", "link", "br")

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def names(self):
        return [tag for tag, _ in self.found]


def settings(**given):
    return DashboardSettings.from_env(URLS | given)


def get(path="/", method="GET", query="", **given):
    """Status, headers and body."""
    event = sample("http_get") | {"rawPath": path, "rawQueryString": query}
    event["requestContext"]["http"]["method"] = method
    answer = Dashboard(settings(**given)).handle(event)
    return answer["statusCode"], answer["headers"], answer["body"]


def commands(text):
    return [unescape(each) for each in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", text, re.DOTALL)]


def test_the_page_tells_where_the_gateway_is():
    status, headers, body = get(GATEWAY_MODE="standalone")
    assert (status, headers["content-type"], headers["cache-control"]) == (200, "text/html; charset=utf-8", "no-cache")
    for text in (EVENTS, CONFIG, __version__, "standalone: one owner"):
        assert text in body


def test_hosted_mode_is_told():
    assert "hosted: many tenants" in front_page(settings(GATEWAY_MODE=Mode.HOSTED))


def test_the_commands_are_for_this_gateway():
    key, register, subscribe, emit, look = commands(get(GATEWAY_OPERATOR_KEY_SECRET="gateway/key", AWS_REGION="eu-west-1")[2])
    assert key.startswith("OPERATOR_KEY=$(aws secretsmanager get-secret-value --secret-id gateway/key --region eu-west-1 ")
    for each in (register, subscribe, look):
        assert f" {CONFIG}/v1/" in each
        assert '-H "Authorization: Bearer $OPERATOR_KEY"' in each
    assert f" {EVENTS}/ " in emit
    assert "Authorization" not in emit


def test_without_a_secret_the_key_is_that_of_the_local_gateway():
    assert commands(get()[2])[0] == 'OPERATOR_KEY="${GATEWAY_OPERATOR_KEY:-}"'


def test_in_hosted_mode_they_begin_with_a_tenant_and_go_to_its_space():
    status, _, body = get(**HOSTED, GATEWAY_OPERATOR_KEY_SECRET="gateway/key")
    key, tenant, register, subscribe, emit, look = commands(body)
    assert status == 200
    assert "https://&lt;tenant&gt;-&lt;app&gt;.example.com" in body
    assert key.startswith("OPERATOR_KEY=$(aws secretsmanager")
    assert f" {CONFIG}/v1/tenants " in tenant
    assert tenant.startswith("ACCESS_KEY=$(curl ")
    assert '"Authorization: Bearer $OPERATOR_KEY"' in tenant
    for each in (register, subscribe, look):
        assert f" {CONFIG}/v1/spaces/acme-shop/" in each
        assert '-H "Authorization: Bearer $ACCESS_KEY"' in each
        assert "OPERATOR_KEY" not in each
    assert '"path": "/acme-shop/"' in subscribe
    assert emit.startswith("curl -i https://acme-shop.example.com/ ")


@pytest.mark.parametrize(
    ("events", "domain", "command"),
    [
        ("https://x.execute-api.eu-west-1.amazonaws.com", "", "curl -i https://x.execute-api.eu-west-1.amazonaws.com/acme-shop/ "),
        ("https://*.example.com", "example.com", "curl -i https://acme-shop.example.com/ "),
        ("http://127.0.0.1:4000", "localhost", "curl -i http://acme-shop.localhost:4000/ "),
        ("http://127.0.0.1:4000", "slsgateway.com", "curl -i --connect-to ::127.0.0.1:4000 http://acme-shop.slsgateway.com:4000/ "),
        ("http://[::1]:4000", "slsgateway.com", "curl -i --connect-to '::[::1]:4000' http://acme-shop.slsgateway.com:4000/ "),
        ("http://[::1]", "a.localhost", "curl -i http://acme-shop.a.localhost/ "),
    ],
)
def test_events_go_to_the_host_of_the_space(events, domain, command):
    assert commands(get(GATEWAY_MODE="hosted", EVENTS_URL=events, GATEWAY_DOMAIN=domain)[2])[4].startswith(command)


@pytest.mark.parametrize("mode", ["standalone", "hosted"])
@pytest.mark.parametrize("name", HARMLESS)
def test_a_hostile_setting_becomes_text(name, mode):
    known = HARMLESS | {"GATEWAY_MODE": mode}
    hostile, harmless = Elements(get(**known | {name: HOSTILE})[2]), Elements(get(**known)[2])
    assert (hostile.names(), hostile.open) == (harmless.names(), [])


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_address_ends_a_word_of_the_shell(rest):
    hostile = DashboardSettings.from_env({"EVENTS_URL": f"https://e{rest}", "CONFIG_URL": f"https://c{rest}"})
    for mode in Mode:
        for step in first_steps(replace(hostile, mode=mode))[1:]:
            words = shlex.split(step.command.replace("$(", " "))
            urls = [word for word in words if word.startswith(("https://e", "https://c")) and "example.com" not in word]
            assert len(urls) == words.count("curl")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "ftp://x", "//x", "", "events.example.com"])
@pytest.mark.parametrize("name", ["EVENTS_URL", "CONFIG_URL"])
def test_addresses_are_of_the_web(name, address):
    with pytest.raises(InvalidSettings, match=name):
        settings(**{name: address})


def test_addresses_have_no_slash_at_their_end():
    assert settings(EVENTS_URL=f"{EVENTS}/").events_url == EVENTS


def test_its_settings_survive_the_environment():
    given = settings(GATEWAY_OPERATOR_KEY_SECRET="key", AWS_REGION="eu-west-1", DOCS_URL="https://docs")
    assert DashboardSettings.from_env(given.to_env()) == given


def test_both_addresses_are_needed_and_nothing_else():
    with pytest.raises(InvalidSettings, match="are missing: EVENTS_URL, CONFIG_URL"):
        DashboardSettings.from_env({})


def links(body):
    return [attributes["href"] for tag, attributes in Elements(body).found if tag == "a"]


def test_the_documentation_is_linked_where_it_is():
    assert [each for each in links(get(DOCS_URL="https://docs.example.com/")[2]) if "docs." in each] == [
        f"https://docs.example.com/{name}" for name in DOCS
    ]


@pytest.mark.parametrize("place", ["", "javascript:alert(1)"])
def test_elsewhere_its_files_are_named(place):
    body = get(DOCS_URL=place)[2]
    assert set(links(body)) == {"#main", "/"}
    assert "docs/api.md" in body


@pytest.mark.parametrize(("path", "method", "status"), [("/", "GET", 200), ("/nowhere", "GET", 404), ("/", "POST", 405)])
def test_every_page_is_accessible(path, method, status):
    answered, _, body = get(path, method)
    found = Elements(body)
    assert (answered, found.open) == (status, [])
    assert [found.names().count(tag) for tag in ("h1", "main", "header", "footer", "title")] == [1] * 5
    assert dict(found.found)["html"] == {"lang": "en"}
    assert not {"script", "style", "form", "iframe", "img"} & set(found.names())
    assert not [attributes for _, attributes in found.found if "style" in attributes or any(name.startswith("on") for name in attributes)]
    identifiers = [attributes["id"] for _, attributes in found.found if "id" in attributes]
    assert len(set(identifiers)) == len(identifiers)
    assert {attributes["aria-labelledby"] for _, attributes in found.found if "aria-labelledby" in attributes} <= set(identifiers)


@pytest.mark.parametrize("path", ["/", "/nowhere", "/static/style.css", "/static/icon.svg", "/static/x"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_answer_has_the_strict_headers(path, method):
    assert SECURITY.items() <= get(path, method)[1].items()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "get"])
@pytest.mark.parametrize("path", ["/", "/static/style.css"])
def test_pages_are_read_only(path, method):
    status, headers, body = get(path, method)
    assert (status, headers["allow"], headers["content-type"]) == (405, "GET", "text/html; charset=utf-8")
    assert "<h1>Pages can be read only</h1>" in body


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere", "/index.html", "//", "/static", "/static/", "/static/nothing.css", "/static/../site.py", "/static/..%2fsite.py",
        "/static//style.css", "/static/style.css/", "/static/STYLE.css", "/style.css", "style.css", "/static/\x00",
        "/static/../static/style.css", "/templates/front.html",
    ],
)  # fmt: skip
def test_there_is_nothing_else(path):
    status, headers, body = get(path)
    assert (status, headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>There is no such page</h1>" in body


def test_what_was_asked_for_is_not_shown():
    assert "nowhere" not in get("/nowhere")[2]


@pytest.mark.parametrize("name", ASSETS)
def test_static_files_are_kept_by_browsers_under_the_address_of_their_content(name):
    digest = asset(name).digest
    assert f'"/static/{name}?v={digest}"' in get()[2]
    status, headers, body = get(f"/static/{name}", query=f"v={digest}")
    assert (status, headers["content-type"], headers["cache-control"]) == (200, ASSETS[name], "public, max-age=31536000, immutable")
    assert body == asset(name).text != ""
    assert get(f"/static/{name}", query="v=old")[1]["cache-control"] == "public, max-age=300"


def test_the_style_knows_dark_pages_focus_and_loads_nothing():
    style = asset("style.css").text
    assert "prefers-color-scheme: dark" in style
    assert ":focus-visible" in style
    assert "url(" not in style
    assert "@import" not in style


def contrast(one, other):
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

    def luminance(color):
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def test_texts_can_be_read_on_light_and_dark():
    light, dark = (dict(re.findall(r"--(\w+): (#\w{6});", part)) for part in asset("style.css").text.split("@media")[:2])
    for colors in (light, dark):
        for text in ("text", "quiet", "link"):
            assert min(contrast(colors[text], colors[ground]) for ground in ("page", "block")) >= 4.5


def test_what_cannot_be_read_is_a_400():
    assert get("/" + "x" * 20_000)[0] == 400


def test_a_bug_is_a_500_with_nothing_of_it(monkeypatch):
    monkeypatch.setattr(page, "MODES", {})
    page.front_page.cache_clear()
    status, headers, body = get()
    assert status == 500
    assert SECURITY.items() <= headers.items()
    assert "KeyError" not in body
