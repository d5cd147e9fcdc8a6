"""Parameters in files: what is written is what is read, all of it or nothing, and what does not fit is said at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import hdsl
from hdsl.runtime.parameters import ParametersError, digest_of

TEXT = """model pair
component dense(x[m], n) {
    param W[n, m] = normal(0, 1)
    param b[n] = 0
    return W @ x + b
}
dim m = 2, n = 3
input u[m]
target v[n]
state h[n] = 0
let a = dense(u, n)
h' = -h + tanh(a)
output y = h
cost fit = squared(y - v)
learn
    eta = 1
"""


def net_of(text: str = TEXT, seed: int = 0, **made: Any) -> Any:
    return hdsl.loads(text).compile()(seed=seed, **made)


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    net, other = net_of(seed=1), net_of(seed=2, dtype=torch.float64)
    net.step(torch.ones(1, 2), torch.ones(1, 3))
    other.step(torch.ones(1, 2), torch.ones(1, 3))
    kept = {name: value.clone() for name, value in other.state_dict().items()}
    net.save_parameters(tmp_path / "p.safetensors")
    assert other.load_parameters(tmp_path / "p.safetensors") == ([], [])
    for name, value in other.named_parameters():
        assert value.dtype == torch.float64 and torch.equal(value, net.get_parameter(name).double())
    own = dict(other.named_parameters())
    assert all(torch.equal(value, kept[name]) for name, value in other.state_dict().items() if name not in own)


def test_the_file_has_the_model_s_names_and_says_which_model_it_is(tmp_path: Path) -> None:
    net = net_of()
    net.save_parameters(str(tmp_path / "p.safetensors"))
    with safe_open(tmp_path / "p.safetensors", "pt") as file:
        assert file.metadata() == {"model": "pair", "content": net.content, "hdsl": hdsl.__version__}
        assert sorted(file.keys()) == ["a.W", "a.b"]


def test_all_that_does_not_fit_is_told_and_nothing_is_changed(tmp_path: Path) -> None:
    path, net = tmp_path / "p.safetensors", net_of(TEXT.replace("m = 2", "m = 4"))
    net_of().save_parameters(path)
    save_file({**load_file(path), "extra": torch.ones(2)}, path, metadata={"model": "pair", "content": "0123"})
    before = digest_of(net)
    with pytest.raises(ParametersError) as caught:
        net.load_parameters(path)
    assert str(caught.value) == (
        f"the parameters in {path} (of pair, content 0123) do not fit pair:\n"
        "  `extra` is no parameter of the model\n  `a.W` is [3, 2] there, [3, 4] in the model"
    )
    save_file({"a.W": torch.ones(3, 4, dtype=torch.int64)}, path)
    with pytest.raises(ParametersError) as caught:
        net.load_parameters(path)
    assert str(caught.value) == (
        f"the parameters in {path} do not fit pair:\n  `a.b` is missing\n  `a.W` holds int64, and real numbers are wanted"
    )
    assert digest_of(net) == before


def test_what_both_have_is_put_in_where_that_is_enough(tmp_path: Path) -> None:
    path, net = tmp_path / "p.safetensors", net_of()
    save_file({"a.b": torch.tensor([1.0, 2.0, 3.0]), "extra": torch.ones(2)}, path)
    assert net.load_parameters(path, strict=False) == (["a.W"], ["extra"])
    assert net.get_parameter("a.b").tolist() == [1, 2, 3]
    save_file({"a.b": torch.ones(2)}, path)
    with pytest.raises(ParametersError, match=r"`a.b` is \[2\] there, \[3\] in the model"):
        net.load_parameters(path, strict=False)


@pytest.mark.parametrize("content", [b"", b"u,v\n1,2\n", b"\xff" * 64])
def test_what_is_no_such_file_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(content)
    with pytest.raises(ParametersError, match=r"p\.csv is no safetensors file, or a damaged one: "):
        net_of().load_parameters(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        net_of().load_parameters(tmp_path / "none")


def test_what_stood_there_stays_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, path = net_of(seed=1), tmp_path / "p.safetensors"
    net.save_parameters(path)
    before = path.read_bytes()

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr("os.replace", fail)
        net_of(seed=2).save_parameters(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["p.safetensors"]


def test_the_digest_is_of_the_values_and_the_names() -> None:
    assert digest_of(net_of(seed=1)) == digest_of(net_of(seed=1)) != digest_of(net_of(seed=2))
