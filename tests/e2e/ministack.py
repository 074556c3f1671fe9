"""MiniStack, the emulator of AWS that the stack is deployed to: an installation of its own and one process on the loopback."""

import os
import signal
import ssl
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Self
from urllib.request import urlopen

import boto3
from botocore.config import Config

from tests.clients.gateway import free_ports
from tests.e2e import installation

CORRECTED = Path(__file__).with_name("corrected_ministack.py")
ACCOUNT, REGION = "123456789012", "eu-west-1"
SECRET = "of-the-root-user"
START_SECONDS = 60


@dataclass
class MiniStack:
    """Runs until the end of the `with` block; all that it keeps lies in one folder. IAM policies are enforced."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports("ministack")["ministack"])

    @property
    def url(self) -> str:
        """The endpoint of all services."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """What its clients trust: made at its start, by itself."""
        return self.folder / "tmp" / "ministack-tls" / "server.crt"

    @property
    def log(self) -> Path:
        """What the process printed."""
        return self.folder / "ministack.log"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead an AWS SDK, and nothing else, to the emulator as the root user of its account."""
        empty = str(self.folder / "empty")
        return {
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": str(self.certificate),
            "NODE_EXTRA_CA_CERTS": str(self.certificate),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": empty,
            "AWS_SHARED_CREDENTIALS_FILE": empty,
        }

    def trust(self) -> ssl.SSLContext:
        """What clients trust."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def client(self, service: str):
        """A client of boto3 as the root user, which asks once."""
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        keys = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": SECRET}
        return boto3.client(service, region_name=REGION, endpoint_url=self.url, verify=str(self.certificate), config=config, **keys)

    def __enter__(self) -> Self:
        (self.folder / "tmp").mkdir(parents=True)
        (self.folder / "empty").touch()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [installation.python(), "-P", CORRECTED],
                env=self._own_environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # with the functions that it runs; nothing is to be kept
        self._process.wait()

    def _own_environment(self) -> dict[str, str]:
        return self.environment | {
            "PATH": os.environ["PATH"],
            "NODE_PATH": str(installation.node_modules()),
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "USE_SSL": "1",  # policies that ask for TLS are enforced, too
            "AUTH": "true",
            "LAMBDA_EXECUTOR": "local",
            "STATE_DIR": str(self.folder / "state"),
            "S3_DATA_DIR": str(self.folder / "s3"),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        }

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"MiniStack does not start:\n{self.log.read_text(errors='replace')}")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        if not self.certificate.exists():
            return False
        try:
            with urlopen(f"{self.url}/_ministack/ready", timeout=5, context=self.trust()) as answer:
                return answer.status == 200
        except (OSError, HTTPException):
            return False
