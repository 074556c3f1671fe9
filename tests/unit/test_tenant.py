"""Names of tenants, applications and members."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventgateway.core.document import SPACE_MIN_LENGTH, is_name
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.hosting import LABEL_LENGTH, RESERVED, is_label
from eventgateway.core.tenant import EMAIL_LENGTH, NAME_LENGTH, App, check_app, check_tenant, is_email, normal_email
from tests.unit.attempts import attempt

NAMES = st.from_regex(r"[a-z0-9]{1,3}(-[a-z0-9]{1,3}){0,3}", fullmatch=True) | st.text(st.sampled_from("abAB-._%/ ä\x00"), max_size=70)
NO_LABELS = [
    "", "-", "a-", "-a", "a--b", "xn--bcher-kva", "Acme", "ACME", "a.b", "a_b", "a b", "a/b", "a%2fb", "..", "bücher", "\u0430",
    "a\n", "a\x00",
]  # fmt: skip


def is_accepted(tenant, app):
    return all(attempt(*each, error=InvalidRequest) is None for each in ((check_tenant, tenant), (check_app, tenant, app)))


@pytest.mark.parametrize("name", ["a", "7", "acme", "a-b", "a" * NAME_LENGTH, "config-service"])
def test_names_of_tenants(name):
    check_tenant(name)


@pytest.mark.parametrize("name", [*NO_LABELS, "a" * (NAME_LENGTH + 1)])
def test_what_is_no_name_of_a_tenant(name):
    with pytest.raises(InvalidRequest, match=r"^tenant "):
        check_tenant(name)


@pytest.mark.parametrize("name", NO_LABELS)
def test_what_is_no_name_of_an_application(name):
    with pytest.raises(InvalidRequest, match=r"^app "):
        check_app("acme", name)


@pytest.mark.parametrize("name", ["config", "dashboard", "www", "api", "admin"])
def test_reserved_names_are_refused(name):
    assert name in RESERVED
    with pytest.raises(InvalidRequest, match=f'The name "{name}" is reserved'):
        check_tenant(name)


def test_no_space_has_a_reserved_name():
    """There is a hyphen in each space, and in no reserved name; should one come, it is refused."""
    assert all(is_label(each) for each in RESERVED)
    assert not [each for each in RESERVED if "-" in each]


def test_a_space_is_as_long_as_a_label_at_most():
    check_app("acme", "a" * (LABEL_LENGTH - 5))
    with pytest.raises(InvalidRequest, match="at most 62 characters together"):
        check_app("acme", "a" * (LABEL_LENGTH - 4))


@given(NAMES, NAMES)
@example("a", "b-c")
@example("a-b", "c")
def test_the_space_of_an_accepted_application_is_a_label_and_a_valid_space(tenant, app):
    if is_accepted(tenant, app):
        space = App(tenant, app, 0).space
        assert is_label(space)
        assert is_name(space)
        assert len(space) >= SPACE_MIN_LENGTH
        assert space not in RESERVED


def test_one_space_may_be_meant_by_two_tenants():
    assert App("a", "b-c", 0).space == App("a-b", "c", 0).space == "a-b-c"


@pytest.mark.parametrize("text", ["ada@example.com", "ADA@Example.COM", "a.b+c@mail.example.co.uk", "o'neil@x-y.org", "#1@example.com"])
def test_addresses_are_kept_in_lower_case(text):
    assert normal_email(text) == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "", "ada", "@example.com", "ada@", "ada@example", "ada@@example.com", "a b@example.com", "ada@example..com", "ada@-example.com",
        "ada@example.com\n", "ada@exam\u017fple.com", "ad\u0131@example.com", "a/b@example.com", "a?b@example.com", "a%b@example.com",
        f"{'a' * 65}@example.com", f"ada@{'a.' * 125}com",
    ],
)  # fmt: skip
def test_what_is_no_address(text):
    assert not is_email(text)
    with pytest.raises(InvalidRequest, match="email must be an e-mail address"):
        normal_email(text)


@given(st.emails())
def test_an_accepted_address_fits_into_a_key_and_a_url(text):
    if is_email(text):
        assert len(text.encode()) <= EMAIL_LENGTH
        assert not {"/", "?", "%"}.intersection(text)
