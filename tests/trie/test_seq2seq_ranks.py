"""Two ranks are one for encoder-decoders: encoder, selection and decoder all run inside what is wrapped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ranked_seq2seq import RANKED, batches_of
from safetensors.torch import load_file

from unseen.train.step import TrainStep
from unseen.trie.seq2seq import seq2seq_readout

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gradients that two ranks agree on."""
    folder = tmp_path_factory.mktemp("ranks")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE)}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launcher, str(HERE / "ranked_seq2seq.py"), str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.parametrize("way", ["ddp", "fsdp"])
@pytest.mark.parametrize("family", RANKED)
def test_gradients_of_two_ranks_are_those_of_one(two: Path, family: str, way: str) -> None:
    module = RANKED[family]()
    step = TrainStep(module, seq2seq_readout(module))
    for batch in batches_of(module):
        step(batch).backward()
    expected = {name: each.grad for name, each in module.named_parameters() if each.grad is not None}
    found = load_file(two / f"{family}.{way}.safetensors")
    assert found.keys() == expected.keys()
    scale = max(float(gradient.norm()) for gradient in expected.values())
    for name, gradient in expected.items():
        assert float((2 * found[name] - gradient).norm()) <= 1e-5 * float(gradient.norm()) + 1e-6 * scale, name
