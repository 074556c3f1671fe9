"""Input as nobody sends it by chance: what the fuzz tests are made of."""

from base64 import b64encode
from json import dumps

from hypothesis import strategies as st

from tests.unit.strategies import JSON_VALUES

PIECES = ["/", "a", "%", "%2F", "%25", ":", "*", ";", "=", "&", "\\", '"', "ä", ",", "a=b&", "/:x", '; a="b"']
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)  # lone surrogates and NUL too
LONG = st.builds(str.__mul__, st.sampled_from(PIECES), st.sampled_from([2, 20, 60, 120, 300, 2000, 12_000]))
HOSTILE_TEXT = ANY_TEXT | LONG | st.builds("{}{}{}".format, LONG, st.text(max_size=5), LONG)

DEEP = st.builds(
    lambda piece, levels: piece[0] * levels + b"1" + piece[1] * levels,
    st.sampled_from([(b"[", b"]"), (b'{"data":', b"}")]),
    st.integers(190, 1100),
)
ODD_JSON = st.sampled_from([
    b"", b" ", b"null", b"1e999", b"9" * 400, b"12345678901234567890123", b"-0", b"NaN", b"[1,]", b"{}{}", b"\xff", b"\xef\xbb\xbf{}",
    b'"\\ud800"', b'"\\u0000"', b'{"\xed\xa0\x80":1}', b'{"a":1,"a":2}', b'{"eventType":"u","eventType":7}', b'{"":""}',
])  # fmt: skip
ODD_BODIES = st.binary(max_size=40) | DEEP | ODD_JSON


def documents(examples):
    """Valid documents with some of their fields replaced by anything."""
    names = sorted({name for each in examples for name in each} | {"metadata", "x"})
    changes = st.dictionaries(st.sampled_from(names), JSON_VALUES | HOSTILE_TEXT, max_size=2)
    return st.builds(dict.__or__, st.sampled_from(examples), changes)


def bodies(examples):
    """Bodies as API Gateway hands them over, and some that it never would: `body` and `isBase64Encoded` need not fit."""
    content = documents(examples).map(lambda document: dumps(document).encode()) | ODD_BODIES
    return st.one_of(
        content.map(lambda body: {"body": body.decode("utf-8", "replace"), "isBase64Encoded": False}),
        content.map(lambda body: {"body": b64encode(body).decode(), "isBase64Encoded": True}),
        st.builds(lambda body, flag: {"body": body, "isBase64Encoded": flag}, ANY_TEXT | LONG, st.booleans()),
        st.sampled_from([{}, {"body": None}, {"body": "", "isBase64Encoded": True}]),
    )


@st.composite
def requests(draw, paths, headers, examples):
    """Events of API Gateway (payload format 2.0): usual ones, in which up to two parts are not."""
    odd = draw(st.sets(st.sampled_from(["method", "path", "query", "cookie", "name", *headers]), max_size=2))

    def part(name, *usual):
        return draw(HOSTILE_TEXT if name in odd else st.sampled_from(usual))

    names = sorted(draw(st.sets(st.sampled_from(sorted(headers)))) | (odd & {*headers}))
    fields = {name: part(name, *headers[name]) for name in names} | {part("name", "x-a"): "1"}
    return {
        "requestContext": {"http": {"method": part("method", "POST", "GET", "PUT", "DELETE", "OPTIONS")}},
        "rawPath": part("path", *paths),
        "rawQueryString": part("query", "", "limit=2", "limit=1&cursor=eA", "metadata.a=b", "a=%zz&b=%C3%A4;c"),
        "headers": fields,
        "cookies": [part("cookie", "a=b")],
        **draw(bodies(examples)),
    }
