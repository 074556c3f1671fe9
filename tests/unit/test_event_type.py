import pytest

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.event_type import EventType, is_system

INVALID = "Event Type doesn't validate. Validation error: "
NAME_REQUIRED = "Key: 'Type.Name' Error:Field validation for 'Name' failed on the 'required' tag"


@pytest.mark.parametrize("metadata", [{}, {"metadata": {}}, {"metadata": None}, {"x": 1}])
def test_a_name_is_enough(metadata):
    event_type = EventType.parse("default", {"name": "user.created", **metadata})
    assert event_type.shown() == {"space": "default", "name": "user.created"}


def test_metadata_and_authorizer_are_kept():
    document = {"name": "u", "authorizerId": "auth", "metadata": {"owner": "a", "env": "b"}}
    event_type = EventType.parse("default", document)
    assert event_type.stored() == {"space": "default", **document}
    assert EventType.restore("default", event_type.stored()) == event_type


@pytest.mark.parametrize("name", ["ünïcode.事件", "a b", "eventgateway.event.received", "http.request"])
def test_a_name_may_be_any_text(name):
    assert EventType.parse("default", {"name": name}).id == name


@pytest.mark.parametrize("document", [{}, {"name": None}, {"name": ""}])
def test_a_name_is_required(document):
    with pytest.raises(InvalidRequest) as refused:
        EventType.parse("default", document)
    assert refused.value.message == INVALID + NAME_REQUIRED


def test_space_and_name_are_named_together():
    with pytest.raises(InvalidRequest) as refused:
        EventType.parse("$", {})
    space = "Key: 'Type.Space' Error:Field validation for 'Space' failed on the 'min' tag"
    assert refused.value.message == f"{INVALID}{space}\n{NAME_REQUIRED}"


@pytest.mark.parametrize("document", [{"name": 1}, {"name": "u", "authorizerId": 1}, {"name": "u", "metadata": []}])
def test_a_field_of_a_wrong_type_is_refused(document):
    with pytest.raises(InvalidRequest, match=f"^{INVALID}json: field"):
        EventType.parse("default", document)


@pytest.mark.parametrize("document", [{}, {"deduplicate": None}])
def test_deduplication_is_off_unless_it_is_asked_for(document):
    event_type = EventType.parse("default", {"name": "u", **document})
    assert event_type.deduplicate is None
    assert "deduplicate" not in event_type.shown()


@pytest.mark.parametrize("window", [1, 60, 604800])
def test_a_window_is_kept_without_what_is_unknown(window):
    event_type = EventType.parse("default", {"name": "u", "deduplicate": {"windowSeconds": window, "x": 1}})
    assert event_type.shown() == event_type.stored() == {"space": "default", "name": "u", "deduplicate": {"windowSeconds": window}}
    assert EventType.restore("default", event_type.stored()) == event_type


@pytest.mark.parametrize(
    ("deduplicate", "tag"),
    [
        ({}, "required"),
        ({"windowSeconds": None}, "required"),
        ({"windowSeconds": 0}, "required"),
        ({"windowSeconds": -1}, "min"),
        ({"windowSeconds": 604801}, "max"),
    ],
)
def test_a_window_has_bounds(deduplicate, tag):
    with pytest.raises(InvalidRequest) as refused:
        EventType.parse("default", {"name": "u", "deduplicate": deduplicate})
    key, field = "Type.Deduplicate.WindowSeconds", "Deduplicate.WindowSeconds"
    assert refused.value.message == f"{INVALID}Key: '{key}' Error:Field validation for '{field}' failed on the '{tag}' tag"


@pytest.mark.parametrize(
    ("deduplicate", "message"),
    [
        (60, "json: field 'deduplicate' must be an object, not a number"),
        ([], "json: field 'deduplicate' must be an object, not an array"),
        ({"windowSeconds": "60"}, "json: field 'windowSeconds' must be a whole number, not a string"),
        ({"windowSeconds": True}, "json: field 'windowSeconds' must be a whole number, not a boolean"),
        ({"windowSeconds": 1.5}, "json: field 'windowSeconds' must be a whole number, not a number"),
    ],
)
def test_deduplication_of_a_wrong_type_is_refused(deduplicate, message):
    with pytest.raises(InvalidRequest) as refused:
        EventType.parse("default", {"name": "u", "deduplicate": deduplicate})
    assert refused.value.message == INVALID + message


def test_no_authorizer_and_an_empty_one_are_different():
    assert EventType.parse("default", {"name": "u", "authorizerId": None}).authorizer_id is None
    assert EventType.parse("default", {"name": "u", "authorizerId": ""}).authorizer_id == ""


@pytest.mark.parametrize("document", [{}, {"name": "other"}])
def test_an_update_takes_the_name_of_the_url(document):
    assert EventType.parse("default", document, "u").name == "u"


@pytest.mark.parametrize(
    ("name", "system"),
    [("eventgateway.event.received", True), ("eventgateway.", True), ("eventgateway", False), ("EventGateway.x", False), ("u", False)],
)
def test_system_events_are_known_by_their_prefix(name, system):
    assert is_system(name) is system
