import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.uri import http_url, is_uri

ODD_TEXTS = st.text(max_size=30) | st.text("htp:/@[]%#? ab0\n\x00\\", max_size=30).map(lambda text: f"http://{text}")


@pytest.mark.parametrize(
    "text",
    [
        "http://example.com/src", "/s", "/a/b", "urn:x:y", "//host", "a:b", "mailto:a@b.c", "http://user:pw@h/p#frag", "http://[::1]:80/",
        "http://localhost:8080", "/a%20b", "http://h?a b", "https://serverless.com/event-gateway/#transformationVersion=0.1", "http://h:/x",
    ],
)  # fmt: skip
def test_uris_and_absolute_paths_are_sources(text):
    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "NOT URI", "relative", "#frag", "http://a b", "http://%zz", "/%zz", "1a:b", ":x", "/a\x00b", "/a\nb", "http://[::1",
        "http://a[b]/", "?q",
    ],
)  # fmt: skip
def test_anything_else_is_no_source(text):
    assert not is_uri(text)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        pytest.param("http://example.com/path?x=1", "example.com", None, id="path and query"),
        pytest.param("http://localhost:8080", "localhost", 8080, id="port"),
        pytest.param("http://user:pw@h/p#frag", "h", None, id="login and fragment"),
        pytest.param("HTTPS://Example.COM/", "example.com", None, id="any case"),
        pytest.param("https://[::1]:443/", "::1", 443, id="IPv6"),
    ],
)
def test_http_urls_can_be_called(url, host, port):
    parts = http_url(url)
    assert (parts.hostname, parts.port) == (host, port)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "/path", "//host/path", "http://", "http:/x", "http:x", "http://%zz", "ftp://h/x", "mailto:a@b.c",
        "javascript:alert(1)",
        "http://h:99999/", "http://h:0/", "http://h:x/", "http://[::1", "http://:80/", " http://h/", "http://h\n/", "http://a b/", "http://u@/",
    ],
)  # fmt: skip
def test_what_cannot_be_called_is_no_http_url(url):
    assert http_url(url) is None


@given(ODD_TEXTS)
def test_an_http_url_is_always_a_uri_with_a_host(text):
    parts = http_url(text)
    assert parts is None or (is_uri(text) and parts.hostname and parts.scheme in ("http", "https"))


@given(ODD_TEXTS)
def test_a_fragment_never_counts(text):
    assert is_uri(f"{text}#frag") == is_uri(text.partition("#")[0])
