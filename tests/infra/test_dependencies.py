import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from eventgateway import aws_session
from infra import dependencies, platforms
from infra.dependencies import BuildFailed, build
from tests.infra.isolation import FUNCTIONS, LIBRARY, PROJECT, run

pytestmark = pytest.mark.xdist_group("dependencies")

FOREIGN = {  # what is not in the layers, or only loaded when it is needed
    "aws_cdk",
    "boto3",
    "cryptography",
    "jinja2",
    "jsonschema",
    "jwt",
    "jsonschema_rs",
    "moto",
    "pydantic",
    "pytest",
    "requests",
    "s3transfer",
    "starlette",
}
MODULES, FOREIGN_MODULES = 540, 200  # imported by a handler: in all, some 130 of them our own, and of third-party packages
LIBRARY_LIMIT, FUNCTION_LIMIT = 1_000_000, 10_000  # bytes
SITE_PACKAGES = next(each for each in sys.path if each.endswith("site-packages"))
AARCH64 = 183  # https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html, as amended for ARM
PINNED = re.compile(r"^([a-z0-9.-]+)==(\S+)", re.MULTILINE)
CALLED = re.compile(r'(?:create_client|outbound\.aws|_call_aws)\(\s*"([a-z0-9-]+)"')

each_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


def digest_of(layer):
    """Names, modes and contents of all files and folders."""
    contents = {each: each.read_bytes() if each.is_file() else b"" for each in (layer, *layer.rglob("*"))}
    return {
        str(each.relative_to(layer)): (oct(each.stat().st_mode), hashlib.sha256(content).hexdigest()) for each, content in contents.items()
    }


def versions_in(lock):
    return dict(PINNED.findall(lock.read_text()))


def sources(folder):
    return [each for each in folder.rglob("*") if each.is_file() and each.suffix != ".pyc"]


@pytest.fixture
def pip_without_packages(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


@pytest.fixture
def stubbed(monkeypatch):
    """Builds that install one file instead of packages, each when as many have begun as the barrier says."""
    barrier = Barrier(1)

    def fill(packages, platform):
        packages.mkdir(parents=True)
        (packages / "module.py").write_text("x = 1\n")
        barrier.wait(30)

    def of(parties):
        nonlocal barrier
        barrier = Barrier(parties)

    monkeypatch.setattr(dependencies, "_fill", fill)
    return of


@each_function
def test_a_handler_finds_all_that_it_imports_in_the_layers(function, host_layer):
    assert run("import handler; print(json.dumps(callable(handler.handler)))", host_layer / "python", LIBRARY, function) is True


@each_function
def test_a_handler_imports_little_even_where_more_is_installed(function, host_layer):
    script = "import handler; print(json.dumps(sorted(sys.modules)))"
    modules = run(script, host_layer / "python", LIBRARY, function, SITE_PACKAGES)
    roots = [each.partition(".")[0] for each in modules]
    foreign = [
        each for each in roots if each not in sys.stdlib_module_names and each not in ("eventgateway", "functions", "handler", "__main__")
    ]
    assert not FOREIGN & set(roots)
    assert "functions" not in roots
    assert set(foreign) > ({"aws_lambda_powertools"} if function.name == "dashboard" else {"botocore", "orjson", "pynamodb"})
    assert function.name != "dashboard" or not {"botocore.session", "pynamodb"} & set(modules)
    assert len(foreign) <= FOREIGN_MODULES
    assert len(modules) <= MODULES


def test_tokens_can_be_checked_with_what_is_in_the_layers(host_layer):
    script = """
from eventgateway.core.errors import AccessRefused
from eventgateway.core.jwt_rule import JwtRule
from eventgateway.token_verifier import JwtVerifier
before = "jwt" in sys.modules or "cryptography" in sys.modules
try:
    JwtVerifier(None, None).verify(JwtRule("https://issuer.example", ("gateway",)), "no.token.at-all")
except AccessRefused:
    from eventgateway import json_web_token
    print(json.dumps([before, json_web_token.jwt.__file__, json_web_token.jwt.algorithms.has_crypto]))
"""
    assert run(script, host_layer / "python", LIBRARY) == [False, str(host_layer / "python" / "jwt" / "__init__.py"), True]


def test_the_layer_can_call_the_services_that_the_library_calls(host_layer):
    called = {service for each in LIBRARY.rglob("*.py") for service in CALLED.findall(each.read_text())} | set(aws_session.SERVICES)
    assert {"dynamodb", "firehose", "kinesis", "kms", "lambda", "s3", "sqs", "sts"} <= called
    assert called <= set(dependencies.services())


def test_the_layer_has_descriptions_of_its_services_only(host_layer):
    script = """
import botocore.session
session = botocore.session.get_session()
for each in session.get_available_services():
    session.create_client(each, region_name="eu-west-1", aws_access_key_id="id", aws_secret_access_key="secret").meta.endpoint_url
print(json.dumps([botocore.__file__, *session.get_available_services()]))
"""
    place, *found = run(script, host_layer / "python")
    assert place == str(host_layer / "python" / "botocore" / "__init__.py")
    assert found == sorted(dependencies.services())


def test_the_layer_of_lambda_has_wheels_of_its_architecture(lambda_layer):
    libraries = [*lambda_layer.rglob("*.so")]
    assert {each.name.split(".")[1] for each in libraries} == {"cpython-313-aarch64-linux-gnu", "abi3"}
    assert {int.from_bytes(each.read_bytes()[18:20], "little") for each in libraries} == {AARCH64}


def test_both_layers_have_the_same_packages_and_say_which(host_layer, lambda_layer):
    named = [sorted(each.name for each in layer.glob("python/*.dist-info")) for layer in (host_layer, lambda_layer)]
    wanted = {f"{name.replace('-', '_')}-{version}.dist-info" for name, version in versions_in(dependencies.LOCK).items()}
    assert named[0] == named[1]
    assert set(named[0]) == wanted
    assert all((lambda_layer / "python" / each / "METADATA").is_file() for each in wanted)


def test_the_lock_of_the_layer_has_the_versions_that_are_tested():
    layer, project = versions_in(dependencies.LOCK), versions_in(PROJECT / "requirements.lock")
    assert layer
    assert layer == {name: project.get(name) for name in layer}
    assert not {"boto3", "pydantic", "requests"} & set(layer)


@pytest.mark.parametrize("layer", ["host_layer", "lambda_layer"])
def test_the_layer_is_small(layer, request):
    folder = request.getfixturevalue(layer)
    assert 5_000_000 < dependencies.unzipped_size(folder) <= dependencies.LIMIT
    assert 2_000_000 < dependencies.zipped_size(folder) <= 12_000_000


def test_our_own_code_is_small():
    assert sum(each.stat().st_size for each in sources(LIBRARY)) <= LIBRARY_LIMIT
    for function in FUNCTIONS:
        assert sum(each.stat().st_size for each in sources(function)) <= FUNCTION_LIMIT


def test_bytecode_in_the_layer_is_used_and_names_the_place_of_the_layer_in_lambda(host_layer):
    place = host_layer / "python" / "pynamodb" / "__pycache__" / f"models.{sys.implementation.cache_tag}.pyc"
    assert int.from_bytes(place.read_bytes()[4:8], "little") == 0b01  # PEP 552: by hash, unchecked
    assert b"/opt/python/pynamodb/models.py" in place.read_bytes()
    assert str(dependencies.BUILT).encode() not in place.read_bytes()


@pytest.fixture
def strict_umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_two_builds_from_nothing_are_equal_whatever_the_umask(host_layer, tmp_path, strict_umask):
    again = build(platforms.of_host(), tmp_path)
    assert again != host_layer
    assert again.name == host_layer.name
    assert digest_of(again) == digest_of(host_layer)


def test_what_was_built_needs_neither_pip_nor_network(host_layer, monkeypatch, capsys):
    monkeypatch.setattr(dependencies, "_fill", None)
    assert build(platforms.of_host()) == host_layer
    assert capsys.readouterr().err == ""


def test_another_lock_platform_or_version_of_python_is_another_layer(monkeypatch, tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text(dependencies.LOCK.read_text() + "# changed\n")
    arm = platforms.of_lambda()
    keys = {
        dependencies.key(each)
        for each in (arm, platforms.of_lambda(platforms.X86_64), platforms.of_lambda(python="3.14"), platforms.of_host())
    }
    monkeypatch.setattr(dependencies, "LOCK", lock)
    assert len(keys | {dependencies.key(arm)}) == 5


def test_two_builds_at_once_do_not_harm_each_other(stubbed, tmp_path, capsys):
    stubbed(2)
    with ThreadPoolExecutor(2) as pool:
        built = list(pool.map(lambda _: build(platforms.of_host(), tmp_path), range(2)))
    assert built[0] == built[1]
    assert [each.name for each in built[0].rglob("*")] == ["python", "module.py"]
    assert list(tmp_path.iterdir()) == [built[0]]


def test_a_build_tells_the_size(stubbed, tmp_path, capsys):
    build(platforms.of_host(), tmp_path)
    told = capsys.readouterr().err
    assert told == "dependencies layer: 0.0 MB unzipped, 0.0 MB zipped (limit 40.0 MB unzipped), this machine, with bytecode\n"


def test_a_layer_without_bytecode_says_what_would_help(stubbed, tmp_path, capsys):
    build(replace(platforms.of_lambda(), interpreter=None), tmp_path)
    assert "without bytecode: with Python 3.13 on this machine" in capsys.readouterr().err


def test_a_layer_over_the_limit_is_no_layer(stubbed, tmp_path, monkeypatch):
    monkeypatch.setattr(dependencies, "LIMIT", 5)
    with pytest.raises(BuildFailed, match=r"limit 0\.0 MB unzipped.*requirements\.lock"):
        build(platforms.of_host(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("platform", [platforms.of_lambda(), platforms.of_host()], ids=["lambda", "host"])
def test_a_build_without_network_fails_with_advice_and_leaves_nothing(pip_without_packages, platform, tmp_path):
    with pytest.raises(BuildFailed) as caught:
        build(platform, tmp_path)
    text = str(caught.value)
    assert f"could not be built for {platform.name}. pip says:\n" in text
    assert "No matching distribution found for" in text
    assert "the network" in text
    assert list(tmp_path.iterdir()) == []


def test_a_build_without_pip_fails_with_advice(tmp_path):
    bare = replace(platforms.of_lambda(), pip=(sys.executable, "-I", "-S", "-m", "pip", "install"))
    with pytest.raises(BuildFailed, match=r"(?s)No module named pip.*make setup"):
        build(bare, tmp_path)


def test_an_interpreter_that_does_not_run_compiles_nothing(tmp_path, monkeypatch):
    broken = tmp_path / "python9.9"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert platforms.of_lambda(python="9.9").interpreter is None
    assert platforms.identity(str(tmp_path / "missing")) is None


def test_the_host_may_have_another_interpreter_for_functions(host_layer, tmp_path):
    other = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(other)], check=True, timeout=60)
    platform = platforms.of_host(str(other / "bin" / "python"))
    built = build(platform, tmp_path / "layers")
    assert digest_of(built) == digest_of(host_layer)
