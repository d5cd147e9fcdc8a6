from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import torch

from benchmarks.paper import campaign_data as data


def idx(*shape: int, values: bytes) -> bytes:
    return bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape) + values


def images(folder: Path, count: int = 3) -> Path:
    """Image i has the value 50 i in its pixel of row 1 and column i; its label is 9 − i."""
    pixels = bytearray(count * 784)
    for i in range(count):
        pixels[i * 784 + 28 + i] = 50 * i
    (folder / "train-images-idx3-ubyte").write_bytes(idx(count, 28, 28, values=bytes(pixels)))
    labels = idx(count, values=bytes(9 - i for i in range(count)))
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    return folder


def test_mnist_is_read_plain_and_packed(tmp_path: Path) -> None:
    found = data.mnist(images(tmp_path), 2)
    assert found.c == (9, 8) and found.classes == 10
    assert [len(u) for u in found.u] == [784, 784] and float(found.u[1][29]) == 50 / 255
    assert float(found.u[0].abs().max()) == 0


@pytest.mark.parametrize(
    "name, content, told",
    [
        ("train-images-idx3-ubyte", b"\x00\x00\x08\x01" + bytes(12), "does not begin as an idx file"),
        ("train-images-idx3-ubyte", idx(3, 28, 28, values=bytes(783)), "holds 783 bytes"),
        ("train-images-idx3-ubyte", idx(2, 28, 28, values=bytes(2 * 784)), "2 images of 28x28 with 3 labels"),
        ("train-images-idx3-ubyte", idx(3, 8, 8, values=bytes(192)), "8x8"),
        ("train-labels-idx1-ubyte", idx(4, values=bytes(4)), "4 labels"),
    ],
)
def test_what_is_not_mnist_is_refused(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (images(tmp_path) / name).write_bytes(content)
    with pytest.raises(ValueError, match=told):
        data.mnist(tmp_path)


VOWELS = "# a comment\n@dimensions 2\n@classLabel true 1 2\n@data\n1,2,3:4,5,6:2\n7:8:1\n9,1:2,3:2\n0:0:1\n"


def test_sequences_are_read_channel_by_channel_and_speakers_taken_in_turn(tmp_path: Path) -> None:
    (tmp_path / "JapaneseVowels_TRAIN.ts").write_text(VOWELS, encoding="utf-8")
    found = data.vowels(tmp_path, each=2)
    assert found.c == (0, 1, 0, 1) and found.classes == 2 and found.tokens == 3
    assert torch.equal(found.u[1], torch.tensor([[1.0, 4], [2, 5], [3, 6]], dtype=torch.float64))
    assert found.told == "4 utterances of Japanese Vowels, 1 to 3 tokens of 12 numbers"


@pytest.mark.parametrize("line", ["1,2:3:1", "1,2:3,4:9"])
def test_a_sequence_with_uneven_channels_or_an_unknown_class_is_refused(tmp_path: Path, line: str) -> None:
    (file := tmp_path / "a.ts").write_text(VOWELS + line, encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.ts:9"):
        list(data.sequences(file))


def test_the_package_with_the_vowels_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install --no-deps aeon"):
        data.vowels()


def reviewed(folder: Path) -> tuple[Path, Path]:
    for kind, texts in {"pos": ["Good, GOOD film", "so<br />good"], "neg": ["a bad one!", "unheard bad"]}.items():
        (folder / "train" / kind).mkdir(parents=True)
        for number, text in zip((10, 2), texts, strict=True):
            (folder / "train" / kind / f"{number}_7.txt").write_text(text, encoding="utf-8")
    (glove := folder / "glove.txt").write_text("good 1 0\nbad 0 1\n, 0.5 -2e-1\n! 0 0\nso 3 3\n", encoding="utf-8")
    return folder, glove


def test_reviews_come_in_turn_in_the_order_of_their_numbers_as_vectors_of_known_words(tmp_path: Path) -> None:
    found = data.reviews(*reviewed(tmp_path), count=4, words=3)
    assert found.c == (0, 1, 0, 1) and found.classes == 2
    assert [u.tolist() for u in found.u] == [[[0, 1]], [[3, 3], [1, 0]], [[0, 1], [0, 0]], [[1, 0], [0.5, -0.2], [1, 0]]]


def test_too_few_reviews_and_broken_vectors_are_refused(tmp_path: Path) -> None:
    where, glove = reviewed(tmp_path)
    with pytest.raises(ValueError, match="there are not 5 reviews"):
        data.reviews(where, glove, count=5)
    glove.write_text("good 1 0\nbad 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"glove\.txt:2: 1 numbers, and 2"):
        data.reviews(where, glove, count=2)
    glove.write_text("film 1 0\n", encoding="utf-8")
    with pytest.raises(ValueError, match="of one review it knows no word"):
        data.reviews(where, glove, count=2)


def test_a_sequence_in_one_vector_tells_where_it_has_ended() -> None:
    u = torch.tensor([[1.0, 2], [3, 4]])
    assert data.padded(u, 3).tolist() == [1, 2, 1, 3, 4, 1, 0, 0, 0]


def test_iris_and_digits_are_those_that_ship() -> None:
    assert len(data.iris().u) == 150 and set(data.iris().c) == {0, 1, 2}
    assert len(data.digits().u) == 100 and float(torch.stack(data.digits().u).max()) == 1
