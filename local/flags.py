"""Flags as Go's `flag` package takes them (`-flag value`, `-flag=value`, `-switch=true`), rewritten to long options."""

from collections.abc import Iterator, Sequence

SWITCHES = {"allow-private-targets", "dev", "help", "json", "outbound-guard", "version"}
IGNORED = {"workers", "workers-backlog", "db-hosts", "embed-peer-addr", "embed-cli-addr", "plugin"}
TRUE, FALSE = {"1", "t", "T", "true", "TRUE", "True"}, {"0", "f", "F", "false", "FALSE", "False"}


def long_options(arguments: Sequence[str]) -> list[str]:
    """The same arguments with two dashes before every flag; what follows `--` stays."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [new for old in arguments[:end] for new in _rewritten(old)] + list(arguments[end:])


def without_ignored(options: Sequence[str]) -> tuple[list[str], list[str]]:
    """Long options without those of the original that mean nothing here, and the names of these. Each takes a value."""
    kept: list[str] = []
    ignored: list[str] = []
    left = iter(options)
    for option in left:
        name, equals, _ = option.removeprefix("--").partition("=")
        if not option.startswith("--") or name not in IGNORED:
            kept.append(option)
            continue
        ignored.append(name)
        if not equals:
            next(left, None)
    return kept, ignored


def _rewritten(argument: str) -> Iterator[str]:
    flag, equals, value = argument.lstrip("-").partition("=")
    if not argument.startswith("-") or len(flag) < 2:  # noqa: PLR2004 - `-h` and single digits stay
        yield argument
    elif flag in SWITCHES and equals and value in TRUE | FALSE:
        yield from [f"--{flag}"] if value in TRUE else []
    else:
        yield f"--{flag}{equals}{value}"
