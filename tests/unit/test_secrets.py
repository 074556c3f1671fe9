"""Secrets of functions: what is stored of them, what the mask means, and how long what was opened is kept."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from eventgateway import providers
from eventgateway.core.errors import InvalidRequest, Unavailable
from eventgateway.core.function import Function
from eventgateway.core.json import dumps, restore
from eventgateway.operations.secrets import NO_SECRETS, OPEN_SECONDS, TEXT_LIMIT, Secrets
from tests.memory import FakeClock, MemoryVault

PROVIDERS = providers.load()
INVALID = "Function doesn't validate. Validation error: "
KEYS = {"awsAccessKeyId": "AKX", "awsSecretAccessKey": "sec", "awsSessionToken": "tok"}
MASKED = {"awsAccessKeyId": "AKX", "awsSecretAccessKey": "*****", "awsSessionToken": "*****"}
SIGNING = f"whsec_{'c2ln' * 8}"


def of(type_="awslambda", identifier="f", **provider):
    own = {
        "awslambda": {"arn": "arn", "region": "us-east-1"},
        "http": {"url": "http://host/f"},
        "awskinesis": {"streamName": "s", "region": "r"},
    }
    return Function.parse("default", {"functionId": identifier, "type": type_, "provider": own[type_] | provider}, PROVIDERS)


@pytest.fixture
def vault():
    return MemoryVault()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def secrets(vault, clock):
    return Secrets(vault, clock)


class TestSealing:
    def test_all_secrets_are_in_one_ciphertext(self, secrets, vault):
        function = secrets.sealed(of(**KEYS))
        assert function.provider == of(**MASKED).provider
        assert vault.sealed == {function.sealed: ("default", "f", '{"awsSecretAccessKey":"sec","awsSessionToken":"tok"}')}
        assert secrets.opened(function) == of(**KEYS).provider

    def test_nothing_readable_is_stored(self, secrets):
        own = {"headers": {"Authorization": "Bearer t0ken", "X-B": "b-secret"}, "signingSecret": SIGNING, "previousSigningSecret": SIGNING}
        function = secrets.sealed(of("http", **own))
        masks = {"headers": {"Authorization": "*****", "X-B": "*****"}, "signingSecret": "*****", "previousSigningSecret": "*****"}
        assert function.stored()["provider"] == {"url": "http://host/f", **masks}
        assert function.stored()["sealed"] == function.sealed
        assert not [text for text in (str(function.stored()), repr(function)) for each in ("t0ken", "b-secret", SIGNING) if each in text]
        assert "sealed" not in function.shown()

    def test_not_even_of_a_function_that_was_not_sealed(self):
        assert "sec" not in of(**KEYS).stored()["provider"].values()
        assert "sec" not in repr(of(**KEYS))

    def test_a_stored_function_comes_back_as_it_was(self, secrets):
        function = secrets.sealed(of(**KEYS))
        assert Function.restore("default", restore(dumps(function.stored())), PROVIDERS) == function

    @pytest.mark.parametrize("function", [of(), of("http"), of(awsAccessKeyId="AKX"), of("http", headers={})])
    def test_a_function_without_secrets_needs_no_vault(self, function):
        assert NO_SECRETS.sealed(function) == function
        assert NO_SECRETS.opened(function) is function.provider
        assert "sealed" not in function.stored()

    @pytest.mark.parametrize(("size", "fits"), [(TEXT_LIMIT, True), (TEXT_LIMIT + 1, False)])
    def test_the_size_of_all_together_is_limited(self, secrets, vault, size, fits):
        names = len('{"awsSecretAccessKey":"","awsSessionToken":""}')
        function = of(awsSecretAccessKey="x" * 2000, awsSessionToken="x" * (size - 2000 - names))
        if fits:
            assert len(vault.sealed[secrets.sealed(function).sealed][2]) == TEXT_LIMIT
        else:
            with pytest.raises(InvalidRequest) as refused:
                secrets.sealed(function)
            assert refused.value.message == f"{INVALID}the secrets of the provider have 4097 bytes together, as JSON, the limit is 4096"

    def test_vault_is_away(self, secrets, vault):
        vault.away = True
        with pytest.raises(Unavailable, match=r"^The secrets of the function cannot be stored\. Please try again\.$"):
            secrets.sealed(of(**KEYS))

    def test_without_a_vault_there_are_no_secrets(self):
        with pytest.raises(Unavailable, match="cannot be stored"):
            NO_SECRETS.sealed(of(**KEYS))
        with pytest.raises(Unavailable, match="cannot be read"):
            NO_SECRETS.opened(replace(of(**MASKED), sealed="ciphertext"))


class TestUpdating:
    @pytest.fixture
    def old(self, secrets):
        return secrets.sealed(of(**KEYS))

    @pytest.mark.parametrize("sent", [MASKED, KEYS, KEYS | {"awsSessionToken": "*****"}])
    def test_the_same_secrets_are_the_same_ciphertext(self, secrets, old, vault, sent):
        assert secrets.sealed(of(**sent), old) == old
        assert len(vault.sealed) == 1

    def test_masked_secrets_stay_while_the_rest_changes(self, secrets, old):
        new = secrets.sealed(of(**MASKED, arn="other"), old)
        assert (new.sealed, new.provider.arn) == (old.sealed, "other")
        assert secrets.opened(new) == of(**KEYS, arn="other").provider

    def test_one_secret_changes(self, secrets, old):
        new = secrets.sealed(of(**MASKED | {"awsSessionToken": "new"}), old)
        assert new.sealed != old.sealed
        assert secrets.opened(new).credentials == of(**KEYS | {"awsSessionToken": "new"}).provider.credentials

    def test_one_secret_goes(self, secrets, old):
        new = secrets.sealed(of(awsAccessKeyId="AKX", awsSecretAccessKey="*****"), old)
        assert secrets.opened(new).secrets() == {"awsSecretAccessKey": "sec"}

    def test_all_secrets_go(self, secrets, old):
        assert secrets.sealed(of(), old) == of()

    def test_headers_are_kept_one_by_one(self, secrets):
        old = secrets.sealed(of("http", headers={"X-A": "a", "X-B": "b"}))
        new = secrets.sealed(of("http", headers={"X-A": "*****", "X-C": "c"}), old)
        assert new.shown()["provider"]["headers"] == {"X-A": "*****", "X-C": "*****"}
        assert secrets.opened(new).headers == {"X-A": "a", "X-C": "c"}

    @pytest.mark.parametrize(
        ("sent", "name"),
        [
            (of(awsSecretAccessKey="*****"), "awsSecretAccessKey"),
            (of(awsSecretAccessKey="x", awsSessionToken="*****"), "awsSessionToken"),
            (of("http", headers={"X-A": "a", "X-B": "*****"}), "headers.X-B"),
            (of("http", signingSecret="*****"), "signingSecret"),
        ],
    )
    def test_a_mask_must_mean_a_stored_secret(self, secrets, sent, name):
        message = f"{INVALID}provider field '{name}' is masked, and no secret is stored that the mask could mean"
        for old in (None, secrets.sealed(of()), secrets.sealed(of("http")), secrets.sealed(of("awskinesis", **KEYS))):
            with pytest.raises(InvalidRequest) as refused:
                secrets.sealed(sent, old)
            assert refused.value.message == message

    def test_vault_is_away(self, vault, clock, old):
        vault.away = True
        with pytest.raises(Unavailable, match="cannot be read"):
            Secrets(vault, clock).sealed(of(**MASKED), old)
        with pytest.raises(Unavailable, match="cannot be stored"):
            Secrets(vault, clock).sealed(of(**KEYS), old)
        assert Secrets(vault, clock).sealed(of(), old) == of()

    def test_secrets_that_cannot_be_read_any_more_can_be_replaced(self, secrets, old):
        lost = Secrets(MemoryVault(sealed={old.sealed: ("elsewhere", "f", "")}), FakeClock())
        new = lost.sealed(of(**KEYS), old)
        assert new.sealed != old.sealed
        assert lost.opened(new) == of(**KEYS).provider


class TestOpening:
    @pytest.fixture
    def function(self, secrets):
        return secrets.sealed(of(**KEYS))

    def test_opened_once_in_five_minutes(self, secrets, function, vault, clock):
        for _ in range(3):
            secrets.opened(function)
        clock.advance(OPEN_SECONDS - 1)
        secrets.opened(function)
        assert vault.journal.count("open f") == 1
        clock.advance(1)
        assert secrets.opened(function) == of(**KEYS).provider
        assert vault.journal.count("open f") == 2

    def test_a_clock_that_was_set_back_counts_as_late(self, secrets, function, vault, clock):
        secrets.opened(function)
        clock.advance(-1)
        secrets.opened(function)
        assert vault.journal.count("open f") == 2

    def test_a_changed_function_is_opened_anew(self, secrets, function):
        secrets.opened(function)
        moved = replace(function, provider=replace(function.provider, arn="other"))
        assert secrets.opened(moved).arn == "other"
        assert secrets.opened(function).arn == "arn"

    @pytest.mark.parametrize("stolen", [{"space": "other"}, {"id": "other"}])
    def test_a_ciphertext_of_another_function_does_not_open(self, secrets, function, stolen):
        secrets.opened(function)
        with pytest.raises(Unavailable, match="cannot be read"):
            secrets.opened(replace(function, **stolen))

    @pytest.mark.parametrize("text", ["", "no json", "[]", "null"])
    def test_what_is_no_object_does_not_open(self, vault, clock, function, text):
        vault.sealed[function.sealed] = ("default", "f", text)
        with pytest.raises(Unavailable, match="cannot be read"):
            Secrets(vault, clock).opened(function)

    def test_a_failure_is_not_kept(self, vault, clock, function):
        secrets, vault.away = Secrets(vault, clock), True
        with pytest.raises(Unavailable):
            secrets.opened(function)
        vault.away = False
        assert secrets.opened(function) == of(**KEYS).provider

    def test_what_is_kept_goes_on_while_the_vault_is_away(self, secrets, function, vault, clock):
        secrets.opened(function)
        vault.away = True
        assert secrets.opened(function) == of(**KEYS).provider
        clock.advance(OPEN_SECONDS)
        with pytest.raises(Unavailable, match=r"^The secrets of the function cannot be read\. Please try again\.$"):
            secrets.opened(function)

    def test_those_called_last_are_kept(self, vault, clock):
        secrets = Secrets(vault, clock, limit=2)
        functions = {name: secrets.sealed(of(identifier=name, **KEYS)) for name in "abc"}
        for name in "abaca":
            secrets.opened(functions[name])
        assert [line for line in vault.journal if line.startswith("open")] == ["open a", "open b", "open c"]
        secrets.opened(functions["b"])
        assert vault.journal[-1] == "open b"
        assert len(secrets.kept) == 2

    def test_many_threads(self, vault, clock):
        secrets = Secrets(vault, clock, limit=3)
        functions = [secrets.sealed(of(identifier=f"f{number}", awsSecretAccessKey=f"s{number}")) for number in range(6)]
        with ThreadPoolExecutor(8) as pool:
            opened = list(pool.map(lambda number: secrets.opened(functions[number % 6]).secret_access_key, range(600)))
        assert opened == [f"s{number % 6}" for number in range(600)]
        assert len(secrets.kept) == 3
