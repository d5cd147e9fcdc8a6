"""`hdsl export`: the predictor of a model as one file that torch alone loads."""

from __future__ import annotations

from pathlib import Path

import click

from hdsl.cli.arguments import Verb, WrongInput, keep_apart, open_model, readable, reason, settings_option


@click.command(
    "export",
    cls=Verb,
    short_help="Write the predictor for torch alone.",
    epilog="Example: hdsl export sunspots -o sunspots.pt2 --checkpoint run",
)
@click.argument("model")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write, for torch.export.load.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Folder of a run's checkpoint: its parameters and states.")
@click.option("--load-parameters", "parameters", type=click.Path(path_type=Path), help="safetensors file of parameters.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the initial values.")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@settings_option
def command(
    model: str,
    output: Path,
    checkpoint: Path | None,
    parameters: Path | None,
    seed: int,
    dtype: str,
    settings: tuple[str, ...],
    dims: tuple[str, ...],
    delay: tuple[str, ...],
) -> None:
    """Write what the output of a model is of a sample, its states held as they are: torch.export.load reads it without hdsl."""
    if checkpoint is not None and parameters is not None:
        raise click.UsageError("--checkpoint and --load-parameters both give parameters; choose one")
    keep_apart({"-o": output}, [readable(model), *([parameters] if parameters else [])])
    opened = open_model(model, settings, dims, delay)
    unknown = [name for name, size in opened.product("model").dims.items() if size is None]
    if unknown:
        raise click.UsageError(f"the size `{unknown[0]}` has no default: --dim {unknown[0]}=…")
    if not opened.product("model").outputs:
        raise WrongInput(f"the model {opened.name} has no output, so there is nothing to export")
    from hdsl.runtime.checkpoint import CheckpointError
    from hdsl.runtime.export import export_predictor, module_of
    from hdsl.runtime.parameters import ParametersError

    try:
        export_predictor(module_of(opened.compile(), seed, dtype, parameters, checkpoint), output)
    except OSError as wrong:
        raise click.UsageError(f"{wrong.filename}: {reason(wrong)}") from None
    except (ParametersError, CheckpointError) as wrong:
        raise WrongInput(str(wrong)) from None
