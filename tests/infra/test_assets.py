from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_

from infra.assets import code


def staged(path, folder):
    """Files of the asset as CDK uploads it."""
    app = App(outdir=str(folder))
    lambda_.Function(Stack(app, "stack"), "function", code=code(path), handler="handler.handler", runtime=lambda_.Runtime.PYTHON_3_13)
    app.synth()
    (asset,) = [each for each in folder.glob("asset.*") if each.is_dir()]
    return asset.name, sorted(str(each.relative_to(asset)) for each in asset.rglob("*"))


def test_what_python_compiled_is_no_part_of_our_code(tmp_path):
    source = tmp_path / "source"
    (source / "package" / "static").mkdir(parents=True)
    for name in ("handler.py", "package/module.py", "package/static/page.css"):
        (source / name).write_text("")
    clean = staged(source, tmp_path / "clean")
    for name in ("old.pyc", "__pycache__/handler.cpython-313.pyc", "package/__pycache__/module.cpython-313.pyc"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes(b"compiled")
    assert clean[1] == ["handler.py", "package", "package/module.py", "package/static", "package/static/page.css"]
    assert staged(source, tmp_path / "compiled") == clean
