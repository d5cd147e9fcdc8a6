"""Operations with windows as a reader of printed equations works them out: torch's, and its autograd."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import conv2d, conv_transpose2d, max_pool2d

WINDOWED = ("conv2d", "conv2d_image", "conv2d_kernel", "maxpool2d", "maxpool2d_image")


def windowed(function, *operands, stride=None, pad=0):
    """An operation with windows; of a derivative, by autograd, on an image of which windows reach every row and column."""
    arrays = [torch.from_numpy(array) for array in operands if np.ndim(array)]
    if function.startswith("conv2d"):
        (first, second), stride = arrays, stride or 1
    else:
        size = int(next(number for number in operands if not np.ndim(number)))
        stride = stride or size
    if function == "conv2d":
        return conv2d(first, second, stride=stride, padding=pad).numpy()
    if function == "conv2d_image":
        return conv_transpose2d(first, second, stride=stride, padding=pad).numpy()
    if function == "conv2d_kernel":
        kernel = [n + 2 * pad - (many - 1) * stride for n, many in zip(first.shape[1:], second.shape[1:], strict=True)]
        leaf = torch.zeros(len(second), len(first), *kernel, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(conv2d(first, leaf, stride=stride, padding=pad), leaf, second)[0].numpy()
    leaf = arrays[-1].requires_grad_()
    pooled = max_pool2d(leaf, size, stride, pad)
    if function == "maxpool2d":
        return pooled.detach().numpy()
    assert function == "maxpool2d_image"
    return torch.autograd.grad(pooled, leaf, arrays[0])[0].numpy()
