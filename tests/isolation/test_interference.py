"""Whatever others do, a tenant sees the same as if there were none: no event, list, id, count, metric, error or dead letter of theirs."""

import logging

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.isolation.moves import Work, stories

pytestmark = pytest.mark.xdist_group("isolation")

LOGGER = logging.getLogger("eventgateway")


class Lines(logging.Handler):
    """All log lines, as text."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(f"{record.getMessage()} {record.__dict__}")


@pytest.fixture
def log():
    lines = Lines()
    LOGGER.addHandler(lines)
    level = LOGGER.level
    LOGGER.setLevel(logging.DEBUG)
    yield lines.lines
    LOGGER.setLevel(level)
    LOGGER.removeHandler(lines)


def play(world, story, numbers):
    """The tenants, and by tenant what it saw, in a world with only some of them."""
    found = {number: world.join(number) for number in numbers}
    seen = {number: [] for number in numbers}
    for move in story:
        if move.who in found or isinstance(move, Work):
            own = found.get(move.who)
            answer = move.play(world, own, [each for each in found.values() if each is not own])
            if answer is not None:
                seen[move.who].append((type(move).__name__, answer.status, f"{answer.headers} {answer.body}"))
    world.work()
    for number, tenant in found.items():
        seen[number] += [("Called", 0, each) for each in sorted(world.calls(tenant))]
    return found, seen


def hidden(tenant, seen):
    return sorted((kind, status, tenant.hidden(text)) for kind, status, text in seen)


@settings(
    phases=(Phase.explicit, Phase.generate),
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories)
def test_a_tenant_sees_the_same_whatever_others_do(new_world, log, story):
    log.clear()
    tenants, seen = play(new_world(), story, (0, 1))
    for mine, others in ((tenants[0], tenants[1]), (tenants[1], tenants[0])):
        text = str(seen[mine.number])
        assert others.secret not in text
        assert mine.secret in text
        for line in log:
            assert not (mine.mark in line and others.mark in line), line
            assert others.secret not in line
    for number, tenant in tenants.items():
        alone, seen_alone = play(new_world(), story, (number,))
        assert hidden(tenant, seen[number]) == hidden(alone[number], seen_alone[number])
