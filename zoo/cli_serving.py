"""Commands that bring models to others: export, serve, demo."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command("export")
def export_(
    preset: Annotated[str, typer.Argument(help="Preset name, or folder of a preset or a run.")],
    directory: Annotated[Path, typer.Argument(help="Folder to write into.")],
    format_: Annotated[
        str,
        typer.Option("--format", help="bundle: all that TF-Serving needs; saved_model; tflite."),
    ] = "bundle",
    name: Annotated[
        str | None, typer.Option(help="Bundle: name of the model; default: of the preset or run.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Bundle: label of the version; the first one is stable.")
    ] = None,
    quantize: Annotated[str | None, typer.Option(help="For tflite: float16 or int8.")] = None,
    truncation: Annotated[
        float | None, typer.Option(help="StyleGAN2: what every request is made with.")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="Of SavedModels: float32, bfloat16, or auto (default): what this machine computes "
            "fast. Name it if another kind of machine will serve."
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
):
    """Write what TF-Serving needs, a SavedModel alone, or a TFLite file, and check it."""
    from zoo.commands import exporting

    options = {"name": name, "label": label, "quantize": quantize, "truncation": truncation,
               "precision": precision}  # fmt: skip
    report = exporting.export_preset(preset, directory, format_, options)
    lines = [report["path"], *report["lines"]]
    print(json.dumps(report, indent=2) if json_ else "\n".join(lines))


@app.command()
def serve(
    directory: Annotated[Path, typer.Argument(help="Bundle, folder of models, or of one model.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    grpc_port: Annotated[int, typer.Option(help="0: any that is free.")] = 8500,
    rest_port: Annotated[int, typer.Option(help="0: any that is free.")] = 8501,
    batching: Annotated[bool, typer.Option(help="Run requests of one size together.")] = False,
    concurrency: Annotated[
        int, typer.Option(help="Requests computed at the same time; 1 uses all cores.")
    ] = 1,
):
    """Serve exported models without Docker: for development, tests and small deployments."""
    from zoo.commands import serving

    serving.serve(directory, host, grpc_port, rest_port, batching, concurrency)


@app.command()
def demo(
    presets: Annotated[
        list[str] | None, typer.Argument(help="Presets to offer; default: all that are shipped.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port.")] = 7860,
    tile: Annotated[int | None, typer.Option(help="Side of a tile in px; default: chosen.")] = None,
):
    """Open a page on which photographs are restored, filled, painted and made in a browser."""
    from zoo.commands import demo as page

    page.demo(presets, host, port, tile)
