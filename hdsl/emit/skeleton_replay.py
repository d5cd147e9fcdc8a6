"""The fixed text of a generated torch module that replays: keeping tokens, and the way back through them."""

from __future__ import annotations

from hdsl.optimise.replay import ReplayPrograms

_CHOOSES = {
    False: "body = self._learn if self.training else self._observe",
    True: """if self.training:
            self._keep(cells, tuple(value.clone() for value in sample), self.tau if tau is None else tau)
        else:
            self._close(cells)
        body = self._observe""",
}
_FIRES = """
        if self.training and (over{or_full}):
            self._replay()"""
_MARKS_ENDED = {
    False: """if boundary is not None:
        ended = self._buffers["ended"]
        ended.copy_(torch.as_tensor(boundary, device=ended.device))
        self.sequences = not self._may_look(ended) or bool(ended.any())
    elif self.sequences:
        self.ended.zero_()
        self.sequences = False""",
    True: """if boundary is not None:
        self.waits |= torch.as_tensor(boundary, device=self.waits.device).expand(self.batch)
    # A stream whose sequence has ended waits for the others: all begin the next one together.
    over = boundary is not None and bool(self.waits.all())
    if over:
        self.sequences = True
        self.ended.fill_(True)
        self.waits.zero_()
    elif self.sequences:
        self.ended.zero_()
    return over""",
}


CHAIN = """    handed = ({handed})
    rows, told = {rows}, []
    for row, tau_k in zip(reversed(rows), reversed(taus)):
        made = self._back(one, chain, row, tau_k)
        told.append(made[:{told}])
        chain = made[{told}:]
    given += tuple(torch.stack(column[::-1]).flatten(0, 1) for column in zip(*told))
"""
"""The chain of costates through some tokens; ``rows`` are what each of them is handed."""

SHARED = """    for place in {places}:  # one for all streams: here each has its own
        path[place] = path[place].unsqueeze(1).repeat_interleave(batch, 1)
"""


def step_fields(replay: ReplayPrograms | None) -> dict[str, str]:
    """How a step goes with and without a way back: what the text of `hdsl.emit.skeleton` leaves open of it."""
    full = f" or len(self._kept) == {replay.tokens}" if replay and replay.tokens else ""
    return {
        "mode": "inference_mode" if replay is None else "no_grad",
        "mode_comment": "  # faster than no_grad; what is handed out is made outside of it" if replay is None else "",
        "choose": _CHOOSES[replay is not None],
        "mark_ended": _MARKS_ENDED[replay is not None],
        "over": "over = " if replay else "",
        "finish_docs": " True where the sequences of all streams have." if replay else "",
        "fire": _FIRES.format(or_full=full) if replay else "",
        "forget": "\n    self._kept, self._path = [], []" if replay else "",
        "take_back": "\n    self._take_back(arguments[0], arguments[1], arguments[5])" if replay else "",
    }


STORING = '''
def _keep(self, cells, sample, tau):
    """Note a token that is about to be taken."""
    if len(self._path) > len(self._kept):  # others were taken since, without learning: what was kept ends before them
        self._replay()
    self._path.append(tuple(cell.clone() for cell in cells[:{states}]))
    self._kept.append((sample, tau))

def _columns(self):
    """What is kept of the states, by name."""
    return dict(zip({names}, zip(*self._path)))

def _path_of(self, columns, count):
    """What is kept of the states, as it is kept of each of so many tokens."""
    return list(zip(*(columns[name] for name in {names}))) or [()] * count
'''
"""Of each token the states before it are kept."""

UNDOING = '''
drift = 0.0  # how far off recomputed states came in the last replay, by those that were kept

def _keep(self, cells, sample, tau):
    """Note a token that is about to be taken: the states before it are kept of {which}."""
    if len(self._path) > len(self._kept):  # others were taken since, without learning: what was kept ends before them
        self._replay()
    kept = [cells[place] for place in {kept}] if {goes_on} else cells[:{states}]
    self._path.append(tuple(cell.clone() for cell in kept))
    self._kept.append((sample, tau))

def _undone(self, cells, kept, path, after):
    """The states before some tokens and after the last of them: from the last to the first, a step back at a time."""
    cells, states = list(cells), [after]
    for (sample, tau), known in zip(reversed(kept), reversed(path[:-1])):
        whole = len(known) == {states}
        for place, value in zip({kept}, (known[place] for place in {kept}) if whole else known):
            cells[place] = value
        before = self._undo(cells, sample, states[-1], tau)
        found = ({merged},)
        if whole:  # these are known: how far off the way back has come
            self.drift = max(self.drift, *(float((a - b).abs().max()) for a, b in zip(found, known)))
        states.append(known if whole else found)
    return states[::-1]

def _columns(self):
    """What is kept of the states, by name: of those that are recomputed where they are, the last among them."""
    whole = [states for states in self._path if len(states) == {states}]
    part = zip(*([states[place] for place in {kept}] if len(states) == {states} else states for states in self._path))
    return dict(zip({names}, zip(*whole))) | dict(zip({kept_names}, part))

def _path_of(self, columns, count):
    """What is kept of the states, as it is kept of each of so many tokens."""
    every = {every}
    path = [tuple(columns[name][k] for name in {kept_names}) for k in range(count)]
    for place, k in enumerate(range(0, count, every)):
        path[k] = tuple(columns[name][k if name in {kept_names} else place] for name in {names})
    if len(columns["{first}"]) > -(-count // every):
        path.append(tuple(columns[name][-1] for name in {names}))
    return path
'''
"""The states before a token are worked out again, by ``_undo``, from those after it."""

AGAIN = """        path = self._undone(cells, kept, path, after)
        after = path[0]
"""
"""Before the way back through some tokens: the states before them and ``after`` the last."""

REPLAY = '''
def finish(self):
    """Replay what was kept since the last replay: at the end of a stream, its last sequence as it stands.

    `step` and `run` replay by themselves where a sequence ends. Nothing is done where nothing was kept.
    """
    with torch.no_grad():
        self._replay()
    return self

def _close(self, cells):
    """Note where the last token that was kept has led."""
    if self._kept and len(self._path) == len(self._kept):
        self._path.append(tuple(cell.clone() for cell in cells[:{states}]))

def _replay(self):
    """The way back through what was kept. The parameters move once, at its end."""
    if not self._kept:
        return
    cells = self._cells()
    self._close(cells)
    self._turn(cells, self.tau)
    chain, count = {zeros}, len(self._kept){after}
    for start in range((count - 1) // {block} * {block}, -1, -{block}):
        kept, path = self._kept[start : start + {block}], self._path[start : start + {block} + 1]
{again}        chain = self._part(cells, chain, kept, path)
    for (place, of_all), costate in zip({costates}, chain):
        cells[place].copy_(costate.mean(0) if of_all else costate)
    self._move(cells, self.tau)
    self._kept, self._path = [], []
    self.replays.add_(1){project}

def _part(self, cells, chain, kept, path):
    """The way back through some tokens. What is no costate is worked out for all of them at once, as if they were streams."""
    steps, batch = len(kept), self.batch
    taus = [tau for _, tau in kept]
    tau = self.share.new_tensor(taus).repeat_interleave(batch)
    sample = [torch.stack(column) for column in zip(*(row for row, _ in kept))]
    sample = [value.flatten(0, 1) if value.dim() > 1 else value.repeat_interleave(batch) for value in sample]
    path = [torch.stack(column) for column in zip(*path)]
{shared}    one, cells = cells, list(cells)
    cells[:{states}] = [states[:-1].flatten(0, 1) for states in path]
{anew}    cells[-1] = self.share.new_full((steps * batch,), 1 / batch)
    first = (self.replays == 0).to(self.share.dtype).expand(steps * batch)
    moved = (*(states[1:].flatten(0, 1) for states in path), self.share.new_ones(steps * batch), first)
    given = self._before(cells, sample, moved, tau)
{chain}    self._after(cells, sample, moved, given, tau)
    return chain

def _save_to_state_dict(self, destination, prefix, keep_vars):
    """As torch's, with the tokens that are kept for the next replay."""
    super()._save_to_state_dict(destination, prefix, keep_vars)
    if self._kept:
        kept = dict(zip(self.sample, zip(*(row for row, _ in self._kept))))
        kept |= {{f"state:{{name}}": column for name, column in self._columns().items()}}
        destination |= {{f"{{prefix}}replay:{{name}}": torch.stack(column) for name, column in kept.items()}}
        destination[f"{{prefix}}replay:tau"] = torch.tensor([tau for _, tau in self._kept], dtype=torch.float64)

def _take_back(self, saved, prefix, unexpected):
    """The tokens that a saved module has kept, in place of those of this one."""
    start = f"{{prefix}}replay:"
    unexpected[:] = [name for name in unexpected if not name.startswith(start)]
    if f"{{prefix}}clock" not in saved:  # parameters alone
        return
    kept = {{name.removeprefix(start): value for name, value in saved.items() if name.startswith(start)}}
    place = {{name: value.to(self.share if value.is_floating_point() else self.share.device) for name, value in kept.items()}}
    taus = kept["tau"].tolist() if kept else []
    rows = list(zip(*(place[name].unbind(0) for name in self.sample))) if kept else []
    self._kept = list(zip(rows or [()] * len(taus), taus))
    columns = {{name.removeprefix("state:"): place[name].unbind(0) for name in kept if name.startswith("state:")}}
    self._path = self._path_of(columns, len(taus)) if kept else []

def _apply(self, function, *arguments, **named):
    """As torch's, of what is kept too."""
    self._kept = [(tuple(map(function, row)), tau) for row, tau in self._kept]
    self._path = [tuple(map(function, states)) for states in self._path]
    return super()._apply(function, *arguments, **named)
'''
