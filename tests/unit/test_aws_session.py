from pynamodb.connection import Connection

from eventgateway.aws_session import SERVICES, new_session, read_descriptions
from eventgateway.storage import dynamodb


def test_sessions_share_the_descriptions_of_services_and_nothing_else():
    sessions = [new_session(), Connection().session, new_session()]
    assert dynamodb.base.get_session is new_session
    assert len({id(each.get_component("data_loader")) for each in sessions}) == 1
    for component in ("credential_provider", "event_emitter"):
        assert len({id(each.get_component(component)) for each in sessions}) == len(sessions), component


def test_descriptions_of_all_services_can_be_read_ahead(monkeypatch):
    read_descriptions()
    loader = new_session().get_component("data_loader")
    monkeypatch.setattr(loader, "file_loader", None)  # whatever is read now fails
    for service in SERVICES:
        assert loader.load_service_model(service, "service-2")["metadata"]
