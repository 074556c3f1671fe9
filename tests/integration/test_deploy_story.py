"""docs/deploy.md: the commands of the first event, run against a local gateway in the place of a deployed one."""

import re
from pathlib import Path

from tests.integration.test_readme import free_ports, gateway, run

PAGE = (Path(__file__).parents[2] / "docs/deploy.md").read_text(encoding="utf-8")
STORY = PAGE.partition("## First deployment, first event")[2].partition("\n## ")[0]
NEEDS_AWS = re.compile(r"^(make|aws|HELLO=).*\n", re.MULTILINE)


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", STORY, re.MULTILINE | re.DOTALL)


def test_the_first_functions_of_a_deployed_gateway_get_their_events(tmp_path):
    ports, lambda_file = free_ports(), re.search(r"<<'PYTHON'\n(.*?)^PYTHON$", STORY, re.MULTILINE | re.DOTALL)[1]
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "hello.py").write_text(lambda_file, encoding="utf-8")
    known = [
        f"EVENTS_URL=http://localhost:{ports['events']} CONFIG_URL=http://localhost:{ports['config']}",
        "OPERATOR_KEY=key HELLO=arn:aws:lambda:eu-west-1:123456789012:function:hello",
    ]
    configuring = [NEEDS_AWS.sub("", body) for body in blocks("sh") if "configure" in body]
    assert len(configuring) == 3
    with gateway(tmp_path, ports):
        printed = run("\n".join(known + configuring), tmp_path).splitlines()
    assert not [line for line in printed if "errors" in line]
    assert printed[-4] == "202"
    assert printed[-3].startswith('{"space":"default","functionId":"hello"')
    assert '"region":"eu-west-1"' in printed[-3]
    assert printed[-1:] == blocks("console")[-1].splitlines()
