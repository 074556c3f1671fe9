"""A hosted gateway in use: what one owner does, done by a tenant with an access key, and what its operator does with tenants."""

import json
import time

import boto3

from eventgateway.settings import Mode, OutboundGuard
from tests.infra.broad_use import KEY, LARGE, BroadUse
from tests.infra.stacks import TARGETS

SETTINGS = {"mode": Mode.HOSTED, "outbound_guard": OutboundGuard.OFF, "retry_scale": 0.001, "allowed_targets": ",".join(TARGETS)}
ERASED_SECONDS = 60
OPERATOR = {"authorization": f"Bearer {KEY}"}


class HostedUse(BroadUse):
    """The tenant `acme` with the application `shop`."""

    def __init__(self, settings, server):
        super().__init__(settings, server)
        self.space, self.path = "acme-shop", "/acme-shop/events"

    def chapters(self):
        return (self.open, *super().chapters(), self.hurry, self.manage, self.delete)

    def kept(self, message):
        """By a copy, so that this one may go."""
        return []

    def open(self):
        """Make the tenant."""
        made = self._operate("POST", "", {"tenant": "acme", "app": "shop", "email": "ada@example.org"})
        self.headers = {"authorization": f"Bearer {made['accessKey']}"}

    def hurry(self):
        """Leave a delivery to another instance, since this one has too little time."""
        self.emit("lost")
        message, failed = self.handle_one(seconds=1)
        assert failed == [{"itemIdentifier": message["MessageId"]}]

    def manage(self):
        """Another application, key and member; limits, and what was used; a suspension."""
        self._operate("POST", "/acme/apps", {"app": "blog"})
        key = self._operate("POST", "/acme/keys", {"name": "of a colleague", "readOnly": True})
        self._operate("PUT", "/acme/members/grace@example.org", {"role": "Collaborator"})
        self._operate("PUT", "", {"eventsPerDay": 1_000_000}, to=f"/v1/spaces/{self.space}/quota")
        for path in ("", "/acme", "/acme/apps", "/acme/keys", "/acme/members", "/acme/usage"):
            self._operate("GET", path)
        self._operate("DELETE", f"/acme/keys/{key['id']}")
        self._operate("DELETE", "/acme/members/grace@example.org")
        self._operate("PUT", "/acme/suspension", {"reason": "why not"})
        self._operate("DELETE", "/acme/suspension")

    def delete(self):
        """An application, and the tenant with all that it has."""
        self.die("lost", body=LARGE)
        self._operate("DELETE", "/acme/apps/blog")
        self._operate("DELETE", "/acme")
        self._reopen()
        end = time.monotonic() + ERASED_SECONDS
        while self._exists() and time.monotonic() < end:
            self.work()
        assert not self._exists()

    def _reopen(self):
        """As if the Config API had been interrupted before it closed the space."""
        key = {"pk": {"S": f"space#{self.space}"}, "sk": {"S": "meta"}}
        change = {"Action": "PUT", "Value": {"S": "active"}}
        boto3.client("dynamodb").update_item(TableName=self.settings.config_table, Key=key, AttributeUpdates={"state": change})

    def _exists(self):
        own, self.headers = self.headers, OPERATOR
        status, _ = self.send("/v1/tenants/acme")
        self.headers = own
        return status != 404

    def _operate(self, method, path, document=None, to="/v1/tenants"):
        """What the Config API answers its operator."""
        own, self.headers = self.headers, OPERATOR
        status, answer = self.send(f"{to}{path}", method, body=json.dumps(document) if document else "")
        self._get("/v1/metrics")
        self.headers = own
        assert status in (200, 201, 202, 204), answer
        return answer
