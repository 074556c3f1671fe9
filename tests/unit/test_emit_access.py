"""Who may emit to a space: the rule itself, and the documents that it is made of."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.bearer import Credentials, credentials
from eventgateway.core.emit_access import EmitAccess
from eventgateway.core.emit_key import EmitKey
from eventgateway.core.errors import AccessRefused, InvalidRequest, NotFound, Unavailable
from eventgateway.core.instant import show
from eventgateway.core.jwt_rule import JwtRule
from eventgateway.core.key import ACCESS, EMIT, new_key

NOW = 1_800_000_000_000_000
TEXT, OTHER = new_key(EMIT, bytes(32)), new_key(EMIT, bytes([1]) * 32)
RULE = JwtRule("https://issuer.example", ("gateway",))
JWT = {"issuer": "https://issuer.example", "audiences": ["gateway"]}
NETWORKS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).flatmap(
    lambda address: st.integers(0, address.max_prefixlen).map(lambda bits: ip_network(f"{address}/{bits}", strict=False))
)


def key(text=TEXT, identifier="1", now=NOW, **document):
    return EmitKey.new(identifier, text, now, document)


def access(*keys, **others):
    return EmitAccess("default", keys=keys or None, **others)


def admitted(rule, bearer="", api_key="", *, source="203.0.113.7", verify=None, now=NOW):
    """What becomes of a request: True, or the name of the error."""
    try:
        rule.admit(source, Credentials(bearer, api_key), now, verify or refuse)
    except (AccessRefused, Unavailable) as error:
        return type(error).__name__
    return True


def refuse(rule, token):
    raise AccessRefused


def accept(rule, token):
    assert (rule, token) == (RULE, "a.b.c")


def refusal(**document):
    with pytest.raises(InvalidRequest) as refused:
        EmitAccess.parse("default", document)
    prefix, _, reason = refused.value.message.partition("Validation error: ")
    assert prefix == "Emit access doesn't validate. "
    return reason


class TestKeys:
    def test_without_any_rule_everybody_is_admitted(self):
        assert admitted(access(), source="") is True

    @pytest.mark.parametrize("where", ["bearer", "api_key"])
    def test_one_of_the_keys_is_enough_in_either_header(self, where):
        rule = access(key(OTHER, "2"), key())
        assert admitted(rule, **{where: TEXT}) is True
        assert admitted(rule, **{where: TEXT[:-1] + "B"}) == "AccessRefused"
        assert admitted(rule) == "KeyMissing"

    def test_a_key_in_one_header_counts_whatever_is_in_the_other(self):
        assert admitted(access(key()), "the function's own", TEXT) is True
        assert admitted(access(key()), TEXT, "the function's own") is True

    def test_a_digest_is_no_key(self):
        assert admitted(access(key()), key().digest) == "AccessRefused"

    def test_a_key_of_the_config_api_is_none_of_the_events_api(self):
        assert admitted(access(key()), new_key(ACCESS, bytes(32))) == "AccessRefused"

    def test_it_counts_until_it_expires(self):
        rule = access(key(expiresAt=show(NOW + 1)))
        assert admitted(rule, TEXT) is True
        assert admitted(rule, TEXT, now=NOW + 1) == "AccessRefused"
        assert admitted(rule, now=NOW + 1) == "KeyMissing"

    def test_one_that_is_over_already_is_not_made(self):
        with pytest.raises(InvalidRequest, match="'ExpiresAt' failed on the 'future' tag"):
            key(expiresAt=show(NOW))

    @pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01T00:00:00Z", "0000-01-01T00:00:00Z", "2026-11-23T12:00:60Z", "2026-11-23"])
    def test_the_end_must_be_a_time(self, text):
        with pytest.raises(InvalidRequest):
            key(expiresAt=text)

    def test_the_name_is_bounded(self):
        assert key(name="n" * 128).name == "n" * 128
        with pytest.raises(InvalidRequest, match="at most 128 characters"):
            key(name="n" * 129)

    def test_taking_the_last_key_away_does_not_open_the_space(self):
        closed = access(key()).without_key("1")
        assert admitted(closed, TEXT) == "AccessRefused"
        assert admitted(closed) == "KeyMissing"
        assert admitted(EmitAccess.restore("default", closed.stored())) == "KeyMissing"
        assert not closed.has_keys

    def test_only_a_key_that_is_there_can_be_taken_away(self):
        with pytest.raises(NotFound, match=r'^Emit key "2" not found\.$'):
            access(key()).without_key("2")
        with pytest.raises(NotFound):
            access().without_key("1")

    def test_a_space_has_a_hundred_of_them_at_most(self):
        full = access(*(key(new_key(EMIT, bytes([number]) * 32), str(number)) for number in range(100)))
        with pytest.raises(InvalidRequest, match="at most 100 emit keys"):
            full.with_key(key(OTHER, "more"))
        assert len(full.without_key("7").with_key(key(OTHER, "more")).keys) == 100

    def test_what_a_client_sends_leaves_them_as_they_are(self):
        sent = EmitAccess.parse("default", {"addresses": ["::/0"], "keys": []})
        assert sent.following(access(key())).keys == (key(),)
        assert sent.following(None).keys is None

    @given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
    def test_only_the_very_key_is_admitted(self, entropy, other):
        rule = access(key(new_key(EMIT, entropy)))
        assert admitted(rule, new_key(EMIT, other)) == (True if other == entropy else "AccessRefused")

    @given(st.binary(min_size=32, max_size=32))
    def test_neither_the_key_nor_its_digest_is_shown(self, entropy):
        text = new_key(EMIT, entropy)
        rule = access(key(text, name="ci"))
        assert text not in f"{rule}{rule.stored()}"
        assert rule.keys[0].digest not in f"{rule}{rule.shown()}"
        assert rule.shown()["keys"] == [{"id": "1", "name": "ci", "hint": f"ege_…{text[-4:]}", "createdAt": show(NOW)}]


class TestTokens:
    def test_one_is_verified_by_its_rule(self):
        assert admitted(access(jwt=RULE), "a.b.c", verify=accept) is True
        assert admitted(access(jwt=RULE), "a.b.c") == "AccessRefused"

    def test_without_one_there_is_nothing_to_verify(self):
        assert admitted(access(jwt=RULE), verify=accept) == "KeyMissing"
        assert admitted(access(jwt=RULE), api_key="a.b.c", verify=accept) == "KeyMissing"

    def test_a_key_or_a_token_is_enough(self):
        both = access(key(), jwt=RULE)
        assert admitted(both, TEXT, verify=accept) is True
        assert admitted(both, "a.b.c", verify=accept) is True
        assert admitted(both, "a.b.c", OTHER, verify=accept) is True
        assert admitted(both, api_key=OTHER, verify=accept) == "AccessRefused"
        assert admitted(both) == "KeyMissing"

    def test_a_token_counts_for_nothing_where_keys_are_wanted(self):
        assert admitted(access(key()), "a.b.c", verify=accept) == "AccessRefused"


class TestCredentials:
    @pytest.mark.parametrize("header", ["Bearer t", "bearer t", "BEARER   t", "Bearer t "])
    def test_the_scheme_is_read_in_any_case(self, header):
        assert credentials(header, "") == Credentials("t")

    @pytest.mark.parametrize("header", ["", "t", "Basic t", "Bearer", "Bearer ", "Bearert"])
    def test_other_schemes_are_for_the_function(self, header):
        assert credentials(header, "k") == Credentials("", "k")

    def test_they_are_not_told(self):
        assert TEXT not in repr(credentials(f"Bearer {TEXT}", TEXT))


class TestAddresses:
    @given(st.lists(NETWORKS, min_size=1, max_size=5), st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
    def test_one_is_admitted_if_a_block_contains_it(self, networks, address):
        rule = EmitAccess.parse("default", {"addresses": [str(each) for each in networks]})
        plain = getattr(address, "ipv4_mapped", None) or address
        blocks = [ip_network(each) for each in rule.addresses]
        assert rule.contains(str(address)) == any(plain in each for each in blocks)

    @given(NETWORKS)
    def test_the_first_and_the_last_of_a_block_are_in_it(self, network):
        rule = EmitAccess.parse("default", {"addresses": [str(network)]})
        assert rule.contains(str(network[0]))
        assert rule.contains(str(network[-1])) or getattr(network[-1], "ipv4_mapped", None)

    @given(st.ip_addresses(v=4), st.integers(0, 32))
    def test_an_address_in_ipv6_is_the_one_in_ipv4(self, address, bits):
        block = ip_network(f"{address}/{bits}", strict=False)
        mapped = f"::ffff:{block.network_address}/{96 + bits}"
        assert EmitAccess.parse("default", {"addresses": [mapped]}).addresses == (str(block),)
        assert EmitAccess.parse("default", {"addresses": [str(block)]}).contains(f"::ffff:{address}")

    @pytest.mark.parametrize("source", ["", "203.0.113.7, 10.0.0.1", "localhost", "203.0.113.007", "203.0.113", "3405803783"])
    def test_what_is_no_address_is_in_no_block(self, source):
        assert admitted(access(addresses=("0.0.0.0/0", "::/0")), source=source) == "AccessRefused"

    def test_they_count_beside_the_key(self):
        rule = access(key(), addresses=("203.0.113.0/24",))
        assert admitted(rule, TEXT) is True
        assert admitted(rule) == "KeyMissing"
        assert admitted(rule, TEXT, source="198.51.100.1") == "AccessRefused"

    def test_they_are_written_in_one_way(self):
        sent = ["203.0.113.7", "2001:DB8::0/32", "10.0.0.0/255.0.0.0", "203.0.113.7/32"]
        assert EmitAccess.parse("default", {"addresses": sent}).addresses == ("203.0.113.7/32", "2001:db8::/32", "10.0.0.0/8")

    @pytest.mark.parametrize("text", ["", "10.0.0.1/8", "10.0.0.0/33", "example.com", "10.0.0.0/8 ", "1" * 1000, "fe80::1%eth0"])
    def test_what_is_no_block_is_refused(self, text):
        assert len(refusal(addresses=[text])) < 200

    def test_there_are_a_hundred_at_most(self):
        hundred = [f"10.0.0.{number}" for number in range(100)]
        assert len(EmitAccess.parse("default", {"addresses": hundred}).addresses) == 100
        assert refusal(addresses=[*hundred, "::1"]).endswith("'Addresses' failed on the 'max' tag (at most 100 items)")


class TestDocuments:
    def test_it_survives_its_document(self):
        rule = access(key(expiresAt="2027-11-23T12:00:00.123456Z", name="ci"), key(OTHER, "2"), jwt=RULE, addresses=("::/0",))
        assert EmitAccess.restore("default", rule.stored()) == rule
        assert EmitAccess.restore("default", access().stored()) == access()

    def test_what_is_stored_is_read_whatever_the_limits_are_today(self):
        long = {"space": "default", "jwt": {"issuer": "http://i", "audiences": ["a"] * 1000}, "keys": []}
        assert EmitAccess.restore("default", long).stored() == long

    @pytest.mark.parametrize(
        ("change", "field", "tag"),
        [
            ({"issuer": None}, "Issuer", "required"),
            ({"issuer": "http://issuer.example"}, "Issuer", "https"),
            ({"issuer": "https://"}, "Issuer", "https"),
            ({"issuer": "https://user:password@issuer.example"}, "Issuer", "https"),
            ({"issuer": "https://issuer.example/?a"}, "Issuer", "plain"),
            ({"issuer": "https://issuer.example/#a"}, "Issuer", "plain"),
            ({"issuer": "https://i.example/".ljust(2049, "i")}, "Issuer", "max"),
            ({"audiences": []}, "Audiences", "required"),
            ({"audiences": ["a", ""]}, "Audiences", "required"),
            ({"audiences": ["a"] * 11}, "Audiences", "max"),
            ({"audiences": ["a" * 513]}, "Audiences", "max"),
            ({"jwksUrl": "http://issuer.example/keys"}, "JwksUrl", "https"),
            ({"jwksUrl": "file:///etc/passwd"}, "JwksUrl", "https"),
            ({"jwksUrl": "https://i.example/".ljust(2049, "i")}, "JwksUrl", "max"),
        ],
    )
    def test_a_rule_for_tokens_that_makes_no_sense_is_refused(self, change, field, tag):
        assert f"'EmitAccess.{field}' Error:Field validation for '{field}' failed on the '{tag}' tag" in refusal(jwt=JWT | change)

    def test_a_rule_for_tokens_at_its_limits(self):
        longest = "https://i.example/".ljust(2048, "i")
        document = {"issuer": longest, "audiences": ["a" * 512] * 10, "jwksUrl": longest}
        assert EmitAccess.parse("default", {"jwt": document}).shown() == {"space": "default", "jwt": document}

    @pytest.mark.parametrize("document", [{"jwt": "x"}, {"addresses": "::/0"}, {"addresses": [1]}, {"jwt": JWT | {"audiences": "a"}}])
    def test_wrong_types_are_refused(self, document):
        assert refusal(**document).startswith("json: field ")

    def test_the_name_of_the_space_is_checked(self):
        with pytest.raises(InvalidRequest, match=r"'EmitAccess\.Space'"):
            EmitAccess.parse("a", {})


def test_discovery_is_below_the_issuer_unless_the_rule_says_where_the_keys_are():
    where = "https://issuer.example/tenant/.well-known/openid-configuration"
    assert JwtRule("https://issuer.example/tenant", ("a",)).first_url == where
    assert JwtRule("https://issuer.example/tenant/", ("a",)).first_url == where
    assert JwtRule("https://issuer.example", ("a",), "https://keys.example/").first_url == "https://keys.example/"
