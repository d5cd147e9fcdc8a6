"""The fixed text of a generated torch module: what is the same for every model."""

HEADER = '''"""{name}: {headline}

Made by hdsl {version} from {source} (content {content}). To make it again: {make}
This file needs torch and nothing else.
"""

import hashlib
import math

import torch
from torch import nn

'''

DRAW = '''
def _draw(seed, name, kind, shape, first=0.0, second=1.0):
    """An initial value drawn for (seed, name) alone: the same on every device and in every dtype, in float64."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    source = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    value = torch.empty(shape, dtype=torch.float64)
    if kind == "normal":
        return value.normal_(first, second, generator=source)
    if kind == "uniform":
        return value.uniform_(first, second, generator=source)
    if kind == "glorot":
        return nn.init.xavier_uniform_(value, generator=source)
    if kind == "he":
        return nn.init.kaiming_normal_(value, generator=source)
    return nn.init.orthogonal_(value, gain=first, generator=source)  # orthogonal

'''

INSTANCES = '''
class _Module(nn.Module):
    """A module that keeps what belongs to instances of components under dotted names, in the order of the model.

    `net.a.W` and `net.body[1].r.W` find them; whatever goes by `state_dict` or `named_parameters` does as usual.
    """

    def register_parameter(self, name, value):
        if "." in name:
            self._parameters[name] = value
        else:
            super().register_parameter(name, value)

    def register_buffer(self, name, value, persistent=True):
        if "." not in name:
            super().register_buffer(name, value, persistent)
            return
        self._buffers[name] = value
        if not persistent:
            self._non_persistent_buffers_set.add(name)

    def get_parameter(self, name):
        return self._parameters[name] if name in self._parameters else super().get_parameter(name)

    def get_buffer(self, name):
        return self._buffers[name] if name in self._buffers else super().get_buffer(name)

    def _load_from_state_dict(self, saved, prefix, *rest):
        if not self._parameters and self._non_persistent_buffers_set >= self._buffers.keys():
            return  # nothing is saved of it: an instance may have its name
        super()._load_from_state_dict(saved, prefix, *rest)
        unexpected = rest[-2]  # torch takes a dotted name for that of a module below
        own = {prefix + name for name in (*self._parameters, *self._buffers)}
        unexpected[:] = [name for name in unexpected if name not in own]

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name in ("share", "given", "column", "clock", "ended", "offset", "state", "costate", "initial"):
                raise
            return _Instance(self, name)


class _Instance:
    """What belongs to an instance of a component."""

    def __init__(self, module, path):
        kept = {**module.__dict__.get("_parameters", {}), **module.__dict__.get("_buffers", {})}
        self._module, self._path = module, path
        self._kept = {name: value for name, value in kept.items() if name.startswith(path + ".")}
        if not self._kept:
            raise AttributeError(f"there is no {path} in this module")

    def __getitem__(self, name):
        path = f"{self._path}.{name}"
        return self._kept[path] if path in self._kept else _Instance(self._module, path)

    __getattr__ = __getitem__

'''

METHODS = '''
def reset(self):
    """Put states back to their initial values, costates to zero and the clock to 0. Parameters stay."""
    with torch.no_grad():
        for cell, initial in zip(self._cells(), self._initials(), strict=False):
            cell.copy_(initial)
        for counter in (self.clock, self.ended{offset}):
            counter.zero_()
    self.sequences = False{begin_ticks}{forget}
    return self

def step(self, {arguments}*, tau=None, boundary=None):
    """One online step: predict, then learn. `net.eval()` stops learning; states still move.

{argument_docs}
        tau: time since the previous sample, where it is not `self.tau`
        boundary: (batch,) bool, True where this is the last sample of a sequence

    Returns:
        {returned}, and the costs by name: 0-d, the mean over the streams
        that have the target, NaN where none has. All are the caller's to keep.
    """
    with torch.{mode}():{mode_comment}
        sample = self._sample({passed})
        cells = self._cells()
        if self.sequences:
            self._begin(cells)
        {choose}
        made = body(cells, sample, self.tau if tau is None else tau){project}{told}
        {over}self._finish(1, boundary{tau_passed}){fire}
    return {first}, {costs}

def predict(self, {predict_arguments}):
    """What `step` would return for this sample beside the costs: {returned}. Moves nothing."""
    with torch.inference_mode():
        sample = self._sample({predict_passed})
        cells = self._cells()
        if self.sequences:
            cells = self._begun(cells)
        made = self._predict(cells, sample, self.tau)
    return {first}

def _load_from_state_dict(self, *arguments):
    """As torch's, also where a module around this one is loaded; a state saved at the end of a sequence begins the next."""
    super()._load_from_state_dict(*arguments)
    self.sequences = bool(self.ended.any()){load_ticks}{take_back}

def _cells(self):
    """What a step reads and moves, in the order in which the bodies unpack it."""
    own, parameters, modules = self._buffers, self._parameters, self._modules
    {groups}
    return ({cells})

{turning}def _initials(self):
    """Where the leading cells begin: states at their initial values, costates at zero."""
    return ({initials})

def _begun(self, cells):
    """The cells with the streams whose sequence has ended at their beginning."""
    cells, initials = list(cells), self._initials()
    for position in {restarts}:
        ended = self.ended.reshape(-1, *(1 for _ in cells[position].shape[1:]))
        cells[position] = torch.where(ended, initials[position], cells[position])
    for position in {shared_restarts}:  # one for all streams: begins anew when all of them do
        cells[position] = torch.where(self.ended.all(), initials[position], cells[position])
    return tuple(cells)

def _begin(self, cells):
    for cell, value in zip(cells, self._begun(cells), strict=True):
        if value is not cell:
            cell.copy_(value)

def _finish(self, steps, boundary{tau_argument}):
    """Move the clock, and remember whose sequence ended.{finish_docs}"""
    own = self._buffers
    own["clock"].add_(own["tick"] if steps == 1 else steps){move_ticks}
    {move_offset}{mark_ended}

def _sample(self, {passed_arguments}lead=()):
    """A sample, or a stream of them (`lead` is then (T,)), as the bodies read it: checked, in this module's dtype,
    missing targets replaced by a number beside a 0 in `has_…`."""
{sample}

def _real(self, value, name, lead, *sizes):
    like = self._buffers["share"]
    if not isinstance(value, torch.Tensor) or value.dtype is not like.dtype or value.device != like.device:
        value = torch.as_tensor(value, dtype=like.dtype, device=like.device)
    return value if value.shape == (*lead, self.batch, *sizes) else self._checked(value, name, lead, sizes)

def _whole(self, value, name, below, lead, missing=False):
    device = self._buffers["share"].device
    if type(value) is not torch.Tensor or value.dtype is not torch.int64 or value.device != device:
        value = torch.as_tensor(value, device=device)
        if value.is_floating_point() or value.is_complex():
            raise TypeError(f"{{name}} is an index below {{below}}: whole numbers are wanted, not {{value.dtype}}")
        value = value.long()
    value = self._checked(value, name, lead, ())
    wrong = self._beyond(value, below, missing) if self._may_look(value) and value.numel() else None
    if wrong is not None:
        raise ValueError(f"{{name}} has an index {{wrong}}; wanted 0 to {{below - 1}}{{', or -1 for none' * missing}}")
    return value

def _beyond(self, value, below, missing):
    """An index that is none of its table, if one of these is; what is missing may be below 0."""
    least, most = (value.item(),) * 2 if value.numel() == 1 else torch.stack(value.aminmax()).tolist()
    return most if most >= below else least if least < 0 and not missing else None

def _checked(self, value, name, lead, sizes):
    wanted = (*lead, self.batch, *sizes)
    if value.shape != wanted:
        first = "the steps, then the batch" if lead else "the batch"
        raise ValueError(f"{{name}} has shape {{tuple(value.shape)}}; wanted {{wanted}}, {{first}} first")
    return value

def _target(self, value, name, sizes, lead):
    """A real target and where it is there: NaN in any of its numbers means missing, None means missing throughout."""
    if value is None:
        like = self._buffers["share"]
        return like.new_full((*lead, self.batch, *sizes), 0.5), like.new_zeros((*lead, self.batch))
    value = self._real(value, name, lead, *sizes)
    if self._may_look(value, lead) and not math.isnan(value.max().item()):  # that of numbers with a NaN among them is NaN
        return value, self._buffers["given"]
    if lead and self._may_look(value) and not math.isnan(value.sum()):  # nor is there one in all the stream
        return value, self._buffers["share"].new_ones((*lead, self.batch))
    gaps = torch.isnan(value)
    if sizes:
        gaps = gaps.flatten(-len(sizes)).any(-1)
    # ½ in place of what is missing: no logarithm, root or quotient of it blows up, so that 0 times it is 0.
    return torch.nan_to_num(value, nan=0.5, posinf=math.inf, neginf=-math.inf), (~gaps).to(value.dtype)

def _class(self, value, name, below, lead):
    """An index target and where it is there: −1 means missing, None means missing throughout."""
    if value is None:
        whole = torch.zeros((*lead, self.batch), dtype=torch.int64, device=self.share.device)
        return whole, self.share.new_zeros((*lead, self.batch))
    value = self._whole(value, name, below, lead, missing=True)
    if self._may_look(value, lead) and value.min().item() >= 0:
        return value, self._buffers["given"]
    return value.clamp_min(0), (value >= 0).to(self.share.dtype)

def _may_look(self, value, lead=()):
    """Whether numbers of one step may be looked at: where no device is waited for by it, and nothing is traced."""
    return not lead and type(value) is torch.Tensor and value.is_cpu and not torch.compiler.is_compiling()

def _mean(self, cost, *present):
    """The mean of a cost over the streams that have its targets: 0/0, which is NaN, where none has."""
    if self._all_given(present):
        return torch.dot(cost, self._buffers["share"])
    has = math.prod(present)
    return (cost * has).sum(-1) / has.sum(-1){means}

def _all_given(self, present):
    """Whether these marks are the ones that stand for targets of which none is missing."""
    given = self._buffers["given"]
    for has in present:
        if has is not given:
            return False
    return True
'''
