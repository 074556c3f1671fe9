"""Addresses that can and cannot be had."""

import asyncio
import datetime as dt
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPSConnection
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local.bridge import Bridge
from local.listener import Listener, ListenError, Tls


@pytest.fixture(scope="module")
def tls(tmp_path_factory) -> Tls:
    """A certificate for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    locked = serialization.BestAvailableEncryption(b"secret")
    (folder / "locked.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    return Tls(folder / "cert.pem", folder / "key.pem")


def test_a_taken_port_is_known_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"Events API: cannot listen on 127.0.0.1:{port}: Address already in use"):
            Listener("Events API", "127.0.0.1", port)


def test_of_two_that_start_together_the_first_has_the_port(free_port):
    first, second = (Listener("Config API", "127.0.0.1", port) for port in [free_port()] * 2)
    first.listen()
    with pytest.raises(ListenError, match="cannot listen"):
        second.listen()
    first.close()
    second.close()


def test_nobody_connects_before_the_gateway_is_ready():
    listener = Listener("test", "127.0.0.1", 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(listener.url.rpartition(":")[2])), timeout=1)
    listener.close()


def test_a_host_that_does_not_exist():
    with pytest.raises(ListenError, match="is no address here"):
        Listener("test", "256.256.256.256", 0)


@pytest.mark.parametrize(("certificate", "key"), [("none.pem", "key.pem"), ("key.pem", "cert.pem"), ("cert.pem", "locked.pem")])
def test_files_that_are_no_certificate_and_key(tls, certificate, key):
    folder: Path = tls.certificate.parent
    with pytest.raises(ListenError, match="cannot be used"):
        Listener("test", "127.0.0.1", 0, Tls(folder / certificate, folder / key))


def test_tls_is_served(tls):
    listener = Listener("test", "127.0.0.1", 0, tls)
    listener.listen()
    pool = ThreadPoolExecutor(1)
    thread = Thread(target=lambda: asyncio.run(listener.serve(Bridge("test", lambda event, context: {"ok": True}, pool))))
    thread.start()
    while not listener.started.is_set():
        sleep(0.005)
    assert listener.url.startswith("https://127.0.0.1:")
    trust = ssl.create_default_context(cafile=str(tls.certificate))
    trust.check_hostname = False
    connection = HTTPSConnection("127.0.0.1", int(listener.url.rpartition(":")[2]), context=trust, timeout=5)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b'{"ok": true}'
    connection.close()
    listener.stop()
    thread.join(5)
    pool.shutdown()
