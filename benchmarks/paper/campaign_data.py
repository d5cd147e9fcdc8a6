"""Samples of the paper's campaign: what can be had by package name, and MNIST, IMDb and GloVe where their files are given.

Nothing is downloaded. Every reader raises ValueError or OSError with a sentence that says what was looked for.
"""

from __future__ import annotations

import csv
import gzip
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from hdsl.resources import folder

WORD = re.compile(r"[a-z]+|\d+|[^\w\s]")
"""What counts as a word of a review in lower case: letters, digits, or a sign by itself, as GloVe's vocabulary has them."""


@dataclass(frozen=True)
class Samples:
    """Labelled samples: ``u`` are vectors (d,) or sequences (tokens, m) of uneven length, in float64; ``c`` their classes.

    ``told`` says for readers what they are.
    """

    told: str
    u: tuple[Tensor, ...]
    c: tuple[int, ...]
    classes: int

    @property
    def tokens(self) -> int:
        """Of the longest sequence."""
        return max(len(u) for u in self.u)


def iris() -> Samples:
    """Fisher's iris, lengths in cm, in the order of models/data."""
    return _table("iris", 4, 3, 150, "Fisher's iris, 150 flowers")


def digits(count: int = 100) -> Samples:
    """The first handwritten digits of models/data: 8x8 pixels from 0 to 1."""
    return _table("digits", 64, 10, count, f"{count} handwritten digits of 8x8 pixels, from scikit-learn")


def _table(name: str, columns: int, classes: int, count: int, told: str) -> Samples:
    with (folder("models") / "data" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(islice(csv.DictReader(file), count))
    u = [torch.tensor([float(row[f"u[{i}]"]) for i in range(columns)], dtype=torch.float64) for row in rows]
    return Samples(told, tuple(u), tuple(int(row["c"]) for row in rows), classes)


def mnist(where: Path, count: int = 100) -> Samples:
    """The first images of a folder with MNIST's idx files, packed by gzip or not: 28x28 pixels from 0 to 1."""
    shape, pixels = _idx(where, "train-images-idx3-ubyte", 3)
    (labelled,), labels = _idx(where, "train-labels-idx1-ubyte", 1)
    if shape[1:] != (28, 28) or labelled != shape[0]:
        raise ValueError(f"{where}: {shape[0]} images of {shape[1]}x{shape[2]} with {labelled} labels are not MNIST")
    count, size = min(count, shape[0]), 28 * 28
    u = [torch.tensor(list(pixels[i * size : (i + 1) * size]), dtype=torch.float64) / 255 for i in range(count)]
    return Samples(f"the first {count} images of MNIST, 28x28 pixels", tuple(u), tuple(labels[:count]), 10)


def _idx(where: Path, name: str, axes: int) -> tuple[tuple[int, ...], bytes]:
    """The shape and the bytes of an idx file of unsigned bytes; its head is four bytes and a 32-bit number for each axis."""
    plain, packed = where / name, where / f"{name}.gz"
    if not plain.is_file() and not packed.is_file():
        raise ValueError(f"{where}: there is no {name} and no {name}.gz")
    data = plain.read_bytes() if plain.is_file() else gzip.decompress(packed.read_bytes())
    head = 4 + 4 * axes
    if data[:4] != bytes([0, 0, 8, axes]) or len(data) < head:
        raise ValueError(f"{where}: {name} does not begin as an idx file of bytes with {axes} axes does")
    shape = struct.unpack(f">{axes}I", data[4:head])
    if len(data) - head != torch.Size(shape).numel():
        raise ValueError(f"{where}: {name} holds {len(data) - head} bytes, and its head tells of {shape}")
    return shape, data[head:]


def vowels(where: Path | None = None, each: int = 10) -> Samples:
    """Japanese Vowels: so many utterances of each of nine speakers, speakers taken in turn; 12 numbers a token.

    ``where`` is the folder with JapaneseVowels_TRAIN.ts. Without it the one inside the package aeon is read, as text: nothing
    of that package is imported, so it may be installed without what it needs.
    """
    if where is None:
        found = find_spec("aeon")
        if found is None or not found.submodule_search_locations:
            raise ValueError(
                "Japanese Vowels are in the package aeon, which is not installed: `pip install --no-deps aeon==1.6.0` "
                "(only its data is read), or give --vowels FOLDER with JapaneseVowels_TRAIN.ts"
            )
        where = Path(next(iter(found.submodule_search_locations))) / "datasets" / "data" / "JapaneseVowels"
    by_class: dict[int, list[Tensor]] = {}
    for u, c in sequences(where / "JapaneseVowels_TRAIN.ts"):
        by_class.setdefault(c, []).append(u)
    chosen = [(by_class[c][i], c) for i in range(each) for c in sorted(by_class) if i < len(by_class[c])]
    u, c = zip(*chosen, strict=True)
    told = f"{len(chosen)} utterances of Japanese Vowels, {min(map(len, u))} to {max(map(len, u))} tokens of 12 numbers"
    return Samples(told, u, c, len(by_class))


def sequences(file: Path) -> Iterator[tuple[Tensor, int]]:
    """Labelled sequences (tokens, channels) of a .ts file: channels with colons between, the class behind the last of them."""
    labels: list[str] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.lower().startswith("@classlabel true"):
            labels = line.split()[2:]
        elif line and line[0] not in "#@":
            *channels, label = line.split(":")
            rows = [[float(number) for number in channel.split(",")] for channel in channels]
            if label not in labels or len({len(row) for row in rows}) != 1:
                raise ValueError(f"{file.name}:{number}: not channels of one length with one of {labels} behind")
            yield torch.tensor(rows, dtype=torch.float64).T.contiguous(), labels.index(label)


def reviews(where: Path, vectors: Path, count: int = 100, words: int = 50) -> Samples:
    """Reviews of the folder aclImdb, positive and negative in turn, as the vectors that GloVe gives their first words.

    ``vectors`` is a text file of GloVe, a word and its numbers a line. A word that it does not know is left out.
    """
    texts = [_reviews(where / "train" / kind) for kind in ("neg", "pos")]
    chosen = [(text, c) for pair in zip(*texts, strict=False) for c, text in enumerate(pair)][:count]
    if len(chosen) < count:
        raise ValueError(f"{where}: there are not {count} reviews in train/neg and train/pos")
    known = glove(vectors, {word for text, _ in chosen for word in text})
    found = [([known[word] for word in text if word in known][:words], c) for text, c in chosen]
    if any(not tokens for tokens, _ in found):
        raise ValueError(f"{vectors}: of one review it knows no word")
    told = f"{count} reviews of IMDb, {words} words at most, as vectors of GloVe"
    return Samples(told, tuple(torch.stack(tokens) for tokens, _ in found), tuple(c for _, c in found), 2)


def _reviews(where: Path) -> Iterator[list[str]]:
    """The words of each review of a folder, in the order of the numbers that their names begin with."""
    for file in sorted(where.glob("*_*.txt"), key=lambda file: int(file.name.split("_")[0])):
        yield WORD.findall(file.read_text(encoding="utf-8").replace("<br />", " ").lower())


def glove(file: Path, wanted: set[str]) -> dict[str, Tensor]:
    """The vectors of the words that are wanted; all lines of the file must have as many numbers."""
    found: dict[str, Tensor] = {}
    size = None
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            word, *numbers = line.rstrip().split(" ")
            size = size or len(numbers)
            if len(numbers) != size:
                raise ValueError(f"{file.name}:{number}: {len(numbers)} numbers, and {size} in the first line")
            if word in wanted:
                found[word] = torch.tensor([float(each) for each in numbers], dtype=torch.float64)
    return found


def padded(u: Tensor, tokens: int) -> Tensor:
    """A sequence (length, m) as one vector of tokens·(m + 1) numbers: behind each token a 1, and zeros where it has ended."""
    room = u.new_zeros((tokens, u.shape[1] + 1))
    room[: len(u), :-1], room[: len(u), -1] = u, 1
    return room.reshape(-1)


def shortened(samples: Samples, count: int) -> Samples:
    """The first so many."""
    return Samples(samples.told, samples.u[:count], samples.c[:count], samples.classes)
