"""Parameters in files: safetensors, by the model's own names, with the model's name and content hash beside them.

A checkpoint is the whole state of learning and goes on from there; a file of parameters is what was learned, for another
run, another program, or a model that was edited meanwhile. Nothing in it is run when it is read.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from hdsl.compiler import VERSION
from hdsl.placing import place


class ParametersError(ValueError):
    """A file of parameters cannot be read, or does not fit the model. The message says every way in which it does not."""


def save_parameters(net: Any, path: str | Path) -> None:
    """Write the parameters as a safetensors file, whole or not at all. Raises OSError."""
    from safetensors.torch import save

    held = {name: value.detach().cpu().contiguous() for name, value in net.named_parameters()}
    about = {"model": net.origin.model, "content": net.content, "hdsl": VERSION}
    place(Path(path), save(held, metadata=about))


def load_parameters(net: Any, path: str | Path, *, strict: bool = True) -> tuple[list[str], list[str]]:
    """Put the parameters of a safetensors file into a module, in its own dtype and on its device; all of them or none.

    States, costates and the clock stay as they are. The content hash is not compared: it is for those who ask where a file
    came from, and a model may have been edited since.

    Args:
        strict: the file must hold every parameter of the model and nothing else; if not, what both have is put in.

    Returns:
        the parameters that the file lacks, and the names in it that the model lacks.

    Raises:
        ParametersError: it is no safetensors file, or it does not fit.
        OSError: it cannot be read.
    """
    path = Path(path)
    found, origin = _read(path)
    own = dict(net.named_parameters())
    missing = [name for name in own if name not in found]
    unknown = [name for name in found if name not in own]
    wrong = [f"  `{name}` is missing" for name in missing if strict]
    wrong += [f"  `{name}` is no parameter of the model" for name in unknown if strict]
    for name, value in found.items():
        if name in own and value.shape != own[name].shape:
            wrong.append(f"  `{name}` is {list(value.shape)} there, {list(own[name].shape)} in the model")
        elif name in own and not value.is_floating_point():
            wrong.append(f"  `{name}` holds {value.dtype}, and real numbers are wanted".replace("torch.", ""))
    if wrong:
        raise ParametersError("\n".join([f"the parameters in {path}{origin} do not fit {net.origin.model}:", *wrong]))
    with torch.no_grad():
        for name in own.keys() & found.keys():
            own[name].copy_(found[name])
    return missing, unknown


def digest_of(net: Any) -> str:
    """Twelve hexadecimal digits of the values of the parameters, by which a run knows whether it began with the same."""
    digest = hashlib.sha256()
    for name, value in net.named_parameters():
        digest.update(name.encode())
        digest.update(value.detach().double().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


def _read(path: Path) -> tuple[dict[str, torch.Tensor], str]:
    """The tensors of a file, and the words that say which model wrote it."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    content = path.read_bytes()
    try:
        found = load(content)
    except (SafetensorError, ValueError, KeyError) as wrong:
        raise ParametersError(f"{path} is no safetensors file, or a damaged one: {wrong}") from None
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    about = header.get("__metadata__", {})
    return found, f" (of {about['model']}, content {about['content']})" if {"model", "content"} <= about.keys() else ""
