"""The command `event-gateway`."""

import logging
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from eventgateway import __version__
from eventgateway.settings import LogLevel
from local.flags import IGNORED, long_options, without_ignored
from local.logs import configure_logs

if TYPE_CHECKING:
    from local.listener import Tls
    from local.ports import Options

log = logging.getLogger("local.cli")

NAME = "event-gateway"
DATA_DIR = Path(".eventgateway")
FAILED, WRONG_USE = 1, 2  # exit statuses

ABOUT = """The event gateway on this machine: the functions that are deployed to AWS, served over HTTP, with AWS emulated in the process.

Event types, functions, subscriptions and CORS rules are made at the Config API; events and requests go to the Events API."""

NOTES = f"""Examples:

  {NAME} --dev

  {NAME} --dev --function greet=app/greet.py:handler

  {NAME} --dev --hosted localhost

  {NAME} -dev -config-port=5001 -events-port=5000 -log-level=debug

  {NAME} doctor

Flags may have one dash. Flags of the original that mean nothing here are taken and ignored: {", ".join(sorted(IGNORED))}."""

DOCTOR = f"""Check this machine and the AWS account before `make deploy`, and say what to do.

Nothing is changed, and no key is printed. Exit status 1 if something is in the way of a deployment. In a checkout: make setup, then
.venv/bin/{NAME} doctor."""

NO_DEV = f"""{NAME} runs on one machine for development: start it with
    {NAME} --dev
In AWS the gateway is a stack of functions: deploy it with `cdk deploy`, see README.md. What it needs is checked by
    {NAME} doctor"""


class LogFormat(StrEnum):
    """How it is logged."""

    TEXT = "text"
    JSON = "json"


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


def option(group: str, text: str, metavar: str | None = None) -> Any:  # noqa: ANN401 - as typer
    """An option in a group of `--help`."""
    return typer.Option(rich_help_panel=group, help=text, metavar=metavar, case_sensitive=False)


def port(text: str) -> Any:  # noqa: ANN401 - as typer
    """An option that is a TCP port."""
    return typer.Option(rich_help_panel="Addresses", help=text, metavar="PORT", min=0, max=65535)


def starts(subcommand: str | None, *, dev: bool, version: bool) -> bool:
    """Whether a gateway is wanted, and not something else. Ends the command if the flags make no sense."""
    if subcommand and dev:
        fail(f"{subcommand} goes without --dev", WRONG_USE)
    if version and not subcommand:
        typer.echo(f"{NAME} {__version__}")
    if not (subcommand or version or dev):
        fail(NO_DEV, WRONG_USE)
    return not (subcommand or version)


@app.callback(invoke_without_command=True, help=ABOUT, epilog=NOTES, context_settings={"help_option_names": ["-h", "--help"]})
def serve(
    context: typer.Context,
    *,
    dev: Annotated[bool, typer.Option("--dev", help="Run on this machine; there is no other way, so this is required.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
    host: Annotated[str, option("Addresses", "Where to listen.", "ADDRESS")] = "127.0.0.1",
    events_port: Annotated[int, port("Events API.")] = 4000,
    config_port: Annotated[int, port("Config API.")] = 4001,
    connections_port: Annotated[int | None, port("Connections API; without this 4002, if that is free.")] = None,
    dashboard_port: Annotated[int | None, port("Dashboard; without this 4003, if that is free.")] = None,
    embed_data_dir: Annotated[Path, option("Data", "Keeps configuration and waiting deliveries between runs.", "DIR")] = DATA_DIR,
    function: Annotated[
        list[str] | None,
        option("Functions", "A Python Lambda handler, for awslambda functions whose ARN ends in NAME. Repeatable.", "NAME=FILE:HANDLER"),
    ] = None,
    outbound_guard: Annotated[
        bool, typer.Option("--outbound-guard", rich_help_panel="Functions", help="Let functions be on public addresses only.")
    ] = False,
    hosted: Annotated[str | None, option("Hosted mode", "Serve many tenants, whose spaces are subdomains of DOMAIN.", "DOMAIN")] = None,
    allow_private_targets: Annotated[
        bool, typer.Option("--allow-private-targets", rich_help_panel="Hosted mode", help="Let functions be on this machine, too.")
    ] = False,
    log_level: Annotated[LogLevel, option("Logs", "What to log at least.")] = LogLevel.INFO,
    log_format: Annotated[LogFormat, option("Logs", "How to log.")] = LogFormat.TEXT,
    events_tls_cert: Annotated[Path | None, option("TLS", "Certificate of the Events API, PEM.", "FILE")] = None,
    events_tls_key: Annotated[Path | None, option("TLS", "Its key.", "FILE")] = None,
    config_tls_cert: Annotated[Path | None, option("TLS", "Certificate of the Config and Connections API, PEM.", "FILE")] = None,
    config_tls_key: Annotated[Path | None, option("TLS", "Its key.", "FILE")] = None,
) -> None:
    """Start what the flags ask for."""
    if not starts(context.invoked_subcommand, dev=dev, version=version):
        return
    check_targets(hosted=hosted is not None, private=allow_private_targets, guarded=outbound_guard)
    configure_logs(log_level.value, log_format.value)
    from local.ports import Options  # noqa: PLC0415 - servers and emulator take a while to import, --help does not need them

    events_tls, config_tls = tls("events", events_tls_cert, events_tls_key), tls("config", config_tls_cert, config_tls_key)
    ports = (events_port, config_port, connections_port, dashboard_port)
    served = (embed_data_dir, host, *ports, events_tls, config_tls, function or (), log_level.value)
    run(Options(*served, outbound_guard, None if hosted is None else domain(hosted), allow_private_targets))


@app.command(help=DOCTOR)
def doctor(
    *,
    region: Annotated[
        str | None, typer.Option(help="Where to deploy; without this the AWS configuration says it.", metavar="REGION")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Profile of the AWS configuration.", metavar="NAME")] = None,
    stack: Annotated[str, typer.Option(help="Name of the gateway's stack.", metavar="NAME")] = "EventGateway",
    domain: Annotated[
        str | None, typer.Option(help="Check the hosted zone and the certificate of this domain, too.", metavar="NAME")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Examine and end."""
    from local.doctor.case import Asked  # noqa: PLC0415 - as above, boto3
    from local.doctor.command import run as examine  # noqa: PLC0415

    raise typer.Exit(examine(Asked(region, profile, stack, domain), as_json=as_json))


def check_targets(*, hosted: bool, private: bool, guarded: bool) -> None:
    """End the command if the flags about functions make no sense together."""
    if private and not hosted:
        fail("--allow-private-targets goes with --hosted only: without that, functions may be anywhere", WRONG_USE)
    if private and guarded:
        fail("--allow-private-targets and --outbound-guard contradict each other", WRONG_USE)


def domain(text: str) -> str:
    """The domain of hosted mode, in lower case."""
    from eventgateway.core.hosting import is_domain  # noqa: PLC0415 - as above

    if not is_domain(text.lower()):
        fail(f"--hosted {text!r}: a domain such as slsgateway.com or localhost, without https:// or a port", WRONG_USE)
    return text.lower()


def tls(api: str, certificate: Path | None, key: Path | None) -> "Tls | None":
    """Both files or neither."""
    from local.listener import Tls  # noqa: PLC0415 - as above

    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        fail(f"--{api}-tls-cert and --{api}-tls-key belong together", WRONG_USE)
    return Tls(certificate, key)


def run(options: "Options") -> NoReturn:
    """Serve until SIGTERM or SIGINT and end the process."""
    from eventgateway.settings import InvalidSettings  # noqa: PLC0415 - as above
    from local.functions import InvalidFunction  # noqa: PLC0415
    from local.journal import JournalError  # noqa: PLC0415
    from local.listener import ListenError  # noqa: PLC0415
    from local.ports import Ports  # noqa: PLC0415
    from local.ready import message  # noqa: PLC0415
    from local.shutdown import Shutdown  # noqa: PLC0415

    given_key = os.environ.get("GATEWAY_OPERATOR_KEY", "")  # before the handlers are told the one that counts
    shutdown = Shutdown()
    shutdown.on_signals()
    try:
        ports = Ports.bind(options)
        from local import server  # noqa: PLC0415 - the emulator; a taken port is told before it is loaded

        server.run(options, ports, shutdown, lambda settings: announce(message(ports, options.data_dir, settings, given_key)))
    except (ListenError, JournalError, InvalidFunction, InvalidSettings) as error:
        fail(str(error), FAILED)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)  # a function that is still running must not hold the process


def announce(text: str) -> None:
    """Tell where everything is."""
    typer.echo(text)
    sys.stdout.flush()


def fail(message: str, status: int) -> NoReturn:
    """End with a message for people."""
    typer.echo(f"{NAME}: {message}", err=True)
    raise typer.Exit(status)


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point."""
    options, ignored = without_ignored(long_options(sys.argv[1:] if arguments is None else arguments))
    for name in ignored:
        typer.echo(f"{NAME}: warning: --{name} means nothing here and is ignored", err=True)
    app(args=options, prog_name=NAME)


if __name__ == "__main__":
    main()
