"""What tenants and strangers do, as data, so that hypothesis can choose it and tests can play it with and without the others."""

import json
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.isolation.world import DOMAIN, OPERATOR_KEY, Answer, Tenant, World

KINDS = ("eventtypes", "functions", "subscriptions", "cors")
TYPES = ("http.request", "user.created", "eventgateway.event.received", "eventgateway.function.invoked")
FUNCTIONS = ("f", "g", "bad", "auth")
PATHS = ("/", "/a", "/a/b", "/:p", "/a/:p", "/*rest")
METHODS = ("GET", "POST")
SINGLES = ("suspension", "access", "quota", "access/keys")
ADDRESSES = {"addresses": ["192.0.2.0/24"]}, {"addresses": ["198.51.100.0/24"]}, {}  # that let everybody in, nobody, everybody
ACCESS = ("GET", "POST", "PUT", "DELETE")
SPELLINGS = (
    "{0}",
    "{0}",
    "{0}",
    "{0}",
    "{0}%2F",
    "{0}/../{1}",
    "{1}/../{0}",
    "{1}%2F..%2F{0}",
    "./{0}",
    "{0}.",
    "{0}#{1}",
    "{0},{1}",
    "{0};",
    "{0}\x00",
    "{0}?{1}",
)


@dataclass(frozen=True)
class Move:
    """Something that tenant number `who` does, or that somebody does to it."""

    who: int

    def play(self, world: World, own: Tenant, others: list[Tenant]) -> Answer | None:
        """Do it; the answer is what the tenant may see of it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Create(Move):
    """A resource of the own space; the choices are places in the lists above."""

    kind: str
    type_: str
    function: str
    path: str
    method: str
    is_sync: bool

    def play(self, world, own, others):
        return world.configure("POST", f"/v1/spaces/{own.space}/{self.kind}", self.document(world, own), own.key)

    def document(self, world, own):
        path, metadata = f"/{own.space}{self.path}", {"note": own.secret}
        match self.kind:
            case "eventtypes":
                return {"name": self.type_, "metadata": metadata} | ({"authorizerId": "auth"} if self.is_sync else {})
            case "functions":
                url = world.server.url(f"/{own.secret}/{self.function}")
                return {"functionId": self.function, "type": "http", "provider": {"url": url}, "metadata": metadata}
            case "cors":
                return {"path": path, "method": self.method, "allowedOrigins": [f"https://{own.secret}.example"]}
        retry = {} if self.is_sync else {"retry": {"maxAttempts": 1}}
        names = {"eventType": self.type_, "functionId": self.function, "path": path, "method": self.method}
        return {"type": "sync" if self.is_sync else "async", **names, **retry, "metadata": metadata}


@dataclass(frozen=True)
class Look(Move):
    """A list, or the counters."""

    what: str

    def play(self, world, own, others):
        path = "/v1/metrics" if self.what == "metrics" else f"/v1/spaces/{own.space}/{self.what}"
        return world.configure("GET", path, key=own.key)


@dataclass(frozen=True)
class Suspend(Move):
    """The own space, or no more."""

    method: str

    def play(self, world, own, others):
        document = {"reason": own.secret} if self.method == "PUT" else None
        return world.configure(self.method, f"/v1/spaces/{own.space}/suspension", document, own.key)


@dataclass(frozen=True)
class Close(Move):
    """The own space: to addresses, to whoever has no key, or no more."""

    method: str
    choice: int

    def play(self, world, own, others):
        path = f"/v1/spaces/{own.space}/access{'/keys' if self.method == 'POST' else ''}"
        document = {"name": own.secret} if self.method == "POST" else ADDRESSES[self.choice] if self.method == "PUT" else None
        return world.configure(self.method, path, document, own.key)


@dataclass(frozen=True)
class Limit(Move):
    """The operator limits the space of the tenant to so many resources of a kind."""

    most: int

    def play(self, world, own, others):
        return world.configure("PUT", f"/v1/spaces/{own.space}/quota", {"resources": self.most}, OPERATOR_KEY)


@dataclass(frozen=True)
class Delete(Move):
    """A resource of the own space by its place in the list of its kind."""

    kind: str
    place: int

    def play(self, world, own, others):
        key = {"eventtypes": "name", "functions": "functionId", "subscriptions": "subscriptionId", "cors": "corsId"}[self.kind]
        [listed] = world.configure("GET", f"/v1/spaces/{own.space}/{self.kind}", key=own.key).document.values()
        found = sorted(each[key] for each in listed)
        return (
            world.configure("DELETE", f"/v1/spaces/{own.space}/{self.kind}/{found[self.place % len(found)]}", key=own.key)
            if found
            else None
        )


@dataclass(frozen=True)
class Emit(Move):
    """Somebody sends an event to the space of the tenant."""

    type_: str
    path: str
    method: str
    by_host: bool

    def play(self, world, own, others):
        headers = {} if self.type_ == "http.request" else {"event": self.type_}
        headers |= {"content_type": "application/json", "origin": f"https://{own.secret}.example"}
        place = (self.path, f"{own.space}.{DOMAIN}") if self.by_host else (f"/{own.space}{self.path}", "bare.test")
        return world.emit(self.method, *place, json.dumps({"note": own.secret}), **headers)


@dataclass(frozen=True)
class Probe(Move):
    """The tenant tries its key on the space of another, by all kinds of spellings."""

    spelling: str
    kind: str
    method: str
    rest: str

    def play(self, world, own, others):
        other = others[0] if others else None
        space = self.spelling.format(other.space if other else f"m{own.mark[1:]}x-app", own.space)
        path = f"/v1/spaces/{space}/{self.kind}{self.rest}"
        return world.configure(self.method, path, {"reason": own.secret, "name": "user.created"}, own.key)


@dataclass(frozen=True)
class Work(Move):
    """The worker delivers what waits, whosever it is."""

    def play(self, world, own, others):
        world.work()


tenants = st.integers(0, 1)
creations = st.builds(
    Create, tenants, st.sampled_from(KINDS), st.sampled_from(TYPES), st.sampled_from(FUNCTIONS), st.sampled_from(PATHS),
    st.sampled_from(METHODS), st.booleans(),
)  # fmt: skip
emissions = st.builds(
    Emit, tenants, st.sampled_from(TYPES[:2]), st.sampled_from(("/", "/a", "/a/b", "/x")), st.sampled_from(METHODS), st.booleans()
)
others = st.one_of(
    st.builds(Close, tenants, st.sampled_from(("PUT", "POST", "DELETE", "GET")), st.integers(0, 2)),
    st.builds(Limit, tenants, st.integers(1, 5)),
    st.builds(Look, tenants, st.sampled_from((*KINDS, "deadletters", "metrics"))),
    st.builds(Suspend, tenants, st.sampled_from(("PUT", "DELETE"))),
    st.builds(Delete, tenants, st.sampled_from(KINDS), st.integers(0, 3)),
    st.builds(
        Probe,
        tenants,
        st.sampled_from(SPELLINGS),
        st.sampled_from((*KINDS, "deadletters", *SINGLES)),
        st.sampled_from(ACCESS),
        st.sampled_from(("", "/f")),
    ),
    st.builds(Work, tenants),
)
SET_UP = [
    Create(who, kind, type_, function, "/a", "POST", is_sync)
    for who in (0, 1)
    for kind, type_, function, is_sync in (
        ("functions", "", "f", False), ("functions", "", "bad", False), ("eventtypes", "http.request", "", False),
        ("eventtypes", "user.created", "", False), ("subscriptions", "user.created", "f", False),
        ("subscriptions", "user.created", "bad", False), ("subscriptions", "http.request", "f", True),
    )
]  # fmt: skip
END = [Probe(who, "{0}", kind, "GET", "") for who in (0, 1) for kind in (*KINDS, "deadletters", "access", "quota")]
stories = st.lists(st.one_of(creations, emissions, emissions, others), max_size=25).map(lambda moves: [*SET_UP, *moves, *END])
