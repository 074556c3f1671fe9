"""What `cdk` runs: the stack of the parameters in the context, or a sentence about what is wrong with them."""

import json

import pytest

from tests.infra.stacks import FLAGS

pytestmark = pytest.mark.xdist_group("infra")


@pytest.fixture
def synth(monkeypatch, tmp_path):
    """Run the app with some parameters; the answer is the folder that it writes to."""
    import aws_cdk

    from infra import app

    def run(**context):
        monkeypatch.setattr(app, "App", lambda **options: aws_cdk.App(context=FLAGS | context, outdir=str(tmp_path / "out"), **options))
        monkeypatch.setattr(app.dependencies, "build", lambda *_, **__: _layer(tmp_path / "packages"))
        app.main()
        return tmp_path / "out"

    return run


def _layer(folder):
    folder.mkdir()
    (folder / "package.py").write_text("")
    return folder


def test_the_stack_has_the_name_and_the_choices_that_were_given(synth):
    folder = synth(stack_name="Staging", delivery_concurrency="7")
    template = json.loads((folder / "Staging.template.json").read_text())
    [source] = [each for each in template["Resources"].values() if each["Type"] == "AWS::Lambda::EventSourceMapping"]
    assert source["Properties"]["ScalingConfig"] == {"MaximumConcurrency": 7}


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"tracin": "true"}, "unknown parameter: tracin. Known are: stack_name, mode, "),
        ({"router_memory": "64"}, "router_memory='64': must be at least 128"),
        ({"mode": "shared"}, "mode='shared': standalone (one owner) or hosted (many tenants)"),
        ({"allowed_targets": "*"}, "allowed_targets: '*' is no ARN of a function, queue or stream"),
    ],
)
def test_what_makes_no_sense_ends_with_a_sentence_and_where_to_read_on(synth, context, said):
    with pytest.raises(SystemExit) as ended:
        synth(**context)
    assert str(ended.value).startswith(said)
    assert str(ended.value).endswith("\nThe parameters are described in docs/deploy.md.")
