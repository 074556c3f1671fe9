from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_

from infra.assets import code


def staged(content, folder):
    """Name and files of the asset as CDK uploads it."""
    app = App(outdir=str(folder))
    lambda_.LayerVersion(Stack(app, "stack"), "layer", code=content)
    app.synth()
    (asset,) = [each for each in folder.glob("asset.*") if each.is_dir()]
    return asset.name, files_in(asset)


def files_in(folder):
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))


def test_what_python_compiled_is_no_part_of_our_code(tmp_path):
    source = tmp_path / "source"
    (source / "package" / "static").mkdir(parents=True)
    for name in ("handler.py", "package/module.py", "package/static/page.css"):
        (source / name).write_text("")
    clean = staged(code(source), tmp_path / "clean")
    for name in ("old.pyc", "__pycache__/handler.cpython-313.pyc", "package/__pycache__/module.cpython-313.pyc"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes(b"compiled")
    assert clean[1] == ["handler.py", "package", "package/module.py", "package/static", "package/static/page.css"]
    assert staged(code(source), tmp_path / "compiled") == clean


def test_the_layer_of_packages_is_deployed_as_it_was_built(host_layer, tmp_path):
    files = staged(lambda_.Code.from_asset(str(host_layer)), tmp_path)[1]
    assert files == files_in(host_layer)
    assert any(each.endswith(".pyc") for each in files)
