"""The predictor of a module as one file of torch.export, which torch alone loads.

    predictor = torch.export.load("net.pt2").module()
    y = predictor(u)                                      # u (batch, …), in the module's dtype

States, parameters and the clock are held as they are now: what is exported is a function of one sample. It gives the same bits
as `predict`. A model whose output reads no state takes any batch; one that does takes the module's.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hdsl.compiler import VERSION
from hdsl.placing import place
from hdsl.runtime.checkpoint import CheckpointError, read_checkpoint
from hdsl.runtime.sizes import below_of, sizes_of

ABOUT = "hdsl.json"
"""The extra file in the archive that says what it holds."""


def module_of(net_class: Any, seed: int, dtype: str, parameters: Path | None, checkpoint: Path | None) -> Any:
    """A module with what a run has learned: the parameters of a file, or the whole state of a checkpoint.

    Raises:
        ParametersError, CheckpointError: the file, or the checkpoint, is damaged or of another model.
        OSError: the file cannot be read.
    """
    net = net_class(seed=seed, dtype=getattr(torch, dtype))
    if parameters is not None:
        net.load_parameters(parameters)
    if checkpoint is not None:
        found = read_checkpoint(checkpoint)
        if found is None:
            raise CheckpointError(f"there is no checkpoint in {checkpoint}")
        if found.made_with.get("content") != net.content:
            raise CheckpointError(
                f"the checkpoint in {checkpoint} belongs to another model, or to other settings or sizes of this one"
            )
        net.load_state_dict({name[4:]: value for name, value in found.tensors.items() if name.startswith("net/")})
    return net


class Predictor(nn.Module):
    """``predict`` of a module as a function of checked tensors: (batch, …) for each input, in the order of the model."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        reads = net.origin.compiler().program.predict.reads()
        with torch.no_grad():
            cells = dict(zip(net.cells, net._begun(net._cells()), strict=True))
            missing = {net.arguments[name]: None for name in net.targets}
            sample = dict(zip(net.sample, net._sample(**_sample_of(net, net.batch), **missing), strict=True))
        self.cells, self.sample, self.inputs = net.cells, net.sample, net.inputs
        self.kept = {name: f"cell_{k}" for k, name in enumerate(cells) if name in reads}
        self.kept |= {name: f"sample_{k}" for k, name in enumerate(sample) if name in ("t", "learn:first", "learn:layer")}
        for name, attribute in self.kept.items():
            self.register_buffer(attribute, (cells | sample)[name].detach().clone())
        self.register_buffer("share", net.share[:1].clone())
        self.batch, self.tau, self.predict = net.batch, net.tau, net._predict
        model = net.origin.compiler().model
        self.any_batch = bool(net.inputs) and not any(
            name in model.dynamics or name.startswith("initial:") for name in self.kept
        )

    def forward(self, *inputs: Tensor) -> Tensor:
        """The first output for a sample."""
        kept = {name: getattr(self, attribute) for name, attribute in self.kept.items()}
        kept |= {f"turned:{name}": value.t() for name, value in kept.items() if f"turned:{name}" in self.cells}
        kept[":share"] = self.share.expand(inputs[0].shape[0] if inputs else self.batch)
        given = {**kept, **dict(zip(self.inputs, inputs, strict=True))}
        cells = tuple(given.get(name) for name in self.cells)  # what the output does not read is not there
        return self.predict(cells, tuple(given.get(name) for name in self.sample), self.tau)[0]


def export_predictor(net: Any, path: str | Path) -> None:
    """Write the predictor of a module as it is now to a ``.pt2`` file, whole or not at all.

    Raises:
        ValueError: the model has no output.
        OSError: the file cannot be written.
    """
    if not net.outputs:
        raise ValueError(f"the model {net.origin.model} has no output, so there is nothing to export")
    predictor = Predictor(net).eval()
    batch = max(2, net.batch) if predictor.any_batch else net.batch  # a batch of 1 would be taken for a fixed one
    example = tuple(_sample_of(net, batch).values())
    dynamic = {"inputs": tuple({0: torch.export.Dim("batch", min=1)} for _ in example)} if predictor.any_batch else None
    with torch.no_grad():
        program = torch.export.export(predictor, example, dynamic_shapes=dynamic)
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it names the folders of this machine
    about = {
        "model": net.origin.model,
        "content": net.content,
        "hdsl": VERSION,
        "inputs": {name: list(value.shape[1:]) for name, value in _sample_of(net, 1).items()},
        "dtype": str(net.share.dtype).removeprefix("torch."),
        "batch": "any" if predictor.any_batch else net.batch,
        "clock": int(net.clock),
    }
    archive = io.BytesIO()
    torch.export.save(program, archive, extra_files={ABOUT: json.dumps(about)})
    place(Path(path), archive.getvalue())


def _sample_of(net: Any, batch: int) -> dict[str, Tensor]:
    """A sample of zeros for the inputs, by the names of the module's arguments."""
    found = {}
    for name in net.inputs:
        dtype = net.share.dtype if below_of(net, name) is None else torch.int64
        found[net.arguments[name]] = torch.zeros((batch, *sizes_of(net, name)), dtype=dtype, device=net.share.device)
    return found
