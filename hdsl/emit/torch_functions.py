"""Functions that some rows are spelt with in torch: a generated module holds those that it uses."""

from __future__ import annotations

import re

FUNCTIONS = {
    "matrix_phi1": '''
def matrix_phi1(x):
    """∫₀¹ e^{sx} ds of square matrices, with or without inverses: a block of e^{[[x, 1], [0, 0]]}."""
    size = x.shape[-1]
    block = x.new_zeros((*x.shape[:-2], 2 * size, 2 * size))
    block[..., :size, :size] = x
    block[..., :size, size:].diagonal(dim1=-2, dim2=-1).fill_(1)
    return torch.linalg.matrix_exp(block)[..., :size, size:]

''',
    "phi1_slope": '''
def phi1_slope(x):
    """The derivative of (e^x − 1)/x, near 0 by its power series."""
    near = x.abs() < 1
    place = {"dtype": x.dtype, "device": x.device}
    powers = torch.where(near, x, 0).unsqueeze(-1) ** torch.arange(20, **place)
    series = powers @ torch.tensor([(k + 1) / math.factorial(k + 2) for k in range(20)], **place)
    far = torch.where(near, 1, x)
    return torch.where(near, series, (torch.exp(far) * (far - 1) + 1) / far**2)

''',
}


def used(text: str) -> str:
    """The functions that a text calls."""
    return "".join(function for name, function in FUNCTIONS.items() if re.search(rf"\b{name}\(", text))
