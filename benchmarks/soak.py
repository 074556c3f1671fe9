"""Soaks the local gateway: many async events at once, for a function that fails some calls, and none of them may get lost."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Annotated

import typer

from benchmarks.emitter import EVENT_TYPE, Emitter
from benchmarks.failing_target import FailingTarget
from benchmarks.gateway_process import GatewayProcess
from benchmarks.tally import Report, Tally

LOOK_SECONDS, TELL_SECONDS = 0.1, 2.0
LOST = 1  # exit status

ABOUT = """Emit async events to a local gateway of its own, for a function that fails some of its calls, and count what arrives.

The exit status is 1 if an event that was answered with 202 was neither delivered nor kept as a dead letter."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is done to the gateway. Without any change for `patience` seconds what is missing counts as lost."""

    events: int = 10_000
    connections: int = 16
    failure_rate: float = 0.2
    slow_seconds: float = 0.5
    outage: float = 0.0
    kills: int = 0
    retry_scale: float = 0.01
    patience: float = 120.0

    def kill_marks(self) -> list[int]:
        """So many events are accepted when the gateway is killed."""
        return [self.events * number // (self.kills + 1) for number in range(1, self.kills + 1)]


@dataclass(frozen=True, slots=True)
class Soak:
    """One run, against a gateway whose fresh data directory is in `folder`; `tell` gets its progress."""

    load: Load
    folder: Path
    tell: Callable[[str], None]
    tally: Tally = field(default_factory=Tally)

    async def run(self) -> Report:
        """Emit all events and wait for their deliveries. Raises StartFailed."""
        load = self.load
        target = FailingTarget(self.tally.succeeded, load.failure_rate, load.slow_seconds, load.outage)
        async with target.serve() as url:
            with GatewayProcess(self.folder, {"RETRY_SCALE": str(load.retry_scale)}) as gateway:
                subscribe(gateway, url)
                emitter = Emitter(gateway.ports["events"], self.tally.accepted, self.tally.refused)
                emitting = asyncio.create_task(emitter.emit(load.events, load.connections))
                await self._watch(gateway, emitting)
                emitting.cancel()
                dead = await asyncio.to_thread(gateway.dead_letters)
        return self.tally.report(dead=dead, failed_calls=target.faults.total(), kills=load.kills)

    async def _watch(self, gateway: GatewayProcess, emitting: asyncio.Task[None]) -> None:
        """Until nothing is missing, or nothing has changed for so long that it never will."""
        marks, dead, before, changed = self.load.kill_marks(), 0, (0, 0), monotonic()
        told = changed
        while self.tally.missing > dead or not emitting.done():
            await asyncio.sleep(LOOK_SECONDS)
            now, counts = monotonic(), self.tally.counts
            if counts != before:
                before, changed = counts, now
            elif now - changed > self.load.patience:
                return
            if marks and counts[0] >= marks[0]:
                self.tell(f"killed after {marks.pop(0):,} accepted events")
                await asyncio.to_thread(gateway.restart)
            if now - told > TELL_SECONDS:
                told = now
                self.tell("accepted {:,}, delivered {:,}".format(*counts))
                dead = await asyncio.to_thread(gateway.dead_letters) if emitting.done() else 0
        await emitting


def subscribe(gateway: GatewayProcess, url: str) -> None:
    """Have the events called out to a URL."""
    gateway.create("eventtypes", {"name": EVENT_TYPE})
    gateway.create("functions", {"functionId": "target", "type": "http", "provider": {"url": url}})
    gateway.create("subscriptions", {"type": "async", "eventType": EVENT_TYPE, "functionId": "target", "path": "/", "method": "POST"})


USUAL = Load()
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


@app.command(help=ABOUT, context_settings={"help_option_names": ["-h", "--help"]})
def main(
    *,
    events: Annotated[int, typer.Option(help="How many events.", min=1)] = USUAL.events,
    connections: Annotated[int, typer.Option(help="How many connections emit at a time.", min=1)] = USUAL.connections,
    failure_rate: Annotated[
        float, typer.Option(help="Share of the calls that fail: 500, dropped, slow 503.", min=0, max=0.9)
    ] = USUAL.failure_rate,
    slow_seconds: Annotated[float, typer.Option(help="How slow a slow answer is.", min=0)] = USUAL.slow_seconds,
    outage: Annotated[float, typer.Option(help="Fail all calls for so many seconds at first.", min=0)] = USUAL.outage,
    kills: Annotated[int, typer.Option(help="Kill the gateway so often while it accepts events, and start it again.", min=0)] = USUAL.kills,
    retry_scale: Annotated[float, typer.Option(help="Factor on all waits between attempts.", min=0.001)] = USUAL.retry_scale,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to a file.", metavar="FILE")] = None,
) -> None:
    """Run and report."""
    load = Load(events, connections, failure_rate, slow_seconds, outage, kills, retry_scale)
    with TemporaryDirectory(prefix="soak-") as folder:
        report = asyncio.run(Soak(load, Path(folder), typer.echo).run())
    typer.echo(report.text())
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(load) | asdict(report), indent=2) + "\n")
    raise typer.Exit(LOST if report.lost else 0)


if __name__ == "__main__":
    app()
