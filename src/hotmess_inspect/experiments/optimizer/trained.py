"""Trained models as small files: weights, problem and provenance in one ``.npz`` without pickles."""

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hotmess_inspect._extras import require
from hotmess_inspect.experiments.optimizer.model import Decoder, shape_of
from hotmess_inspect.experiments.optimizer.problem import FORMAT, ProblemConfig, read_about
from hotmess_inspect.experiments.optimizer.train import TrainResult
from hotmess_inspect.io.writing import replacing

require("torch", extra="optimizer", purpose="Reading a trained optimizer")

import torch  # noqa: E402


@dataclass(frozen=True)
class Trained:
    """A model ready to roll out.

    Attributes:
        model: In evaluation mode.
        problem: What it imitates.
        size: Name of its shape.
        provenance: How it was made: training configuration, seeds, held-out loss, seconds.
    """

    model: Decoder
    problem: ProblemConfig
    size: str
    provenance: dict[str, Any]


def from_result(result: TrainResult) -> Trained:
    """What a training leaves to the roll-outs."""
    config = asdict(result.config)
    config.pop("problem")
    provenance = {
        "training": config,
        "seeds": list(result.seeds),
        "parameters": result.model.parameter_count,
        "held_out_loss": result.held_out_loss,
        "wall_seconds": round(result.wall_seconds, 1),
        "cpu_seconds": round(result.cpu_seconds, 1),
        "tokens_per_second": round(result.tokens_per_second),
        "torch": torch.__version__,
    }
    return Trained(result.model, result.config.problem, result.config.size, provenance)


def save_trained(trained: Trained, path: Path, *, overwrite: bool = False) -> None:
    """Write a model.

    Args:
        trained: What to write.
        path: File, ending in ``.npz``; replaced when complete.
        overwrite: Whether to replace a file that is no NumPy file.
    """
    weights = {name: weight.detach().cpu().numpy() for name, weight in trained.model.state_dict().items()}
    about = {
        "format": FORMAT,
        "size": trained.size,
        "problem": asdict(trained.problem),
        "provenance": trained.provenance,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(str(path), "NumPy", overwrite=overwrite) as part, open(part, "wb") as file:
        np.savez_compressed(file, about=np.array(json.dumps(about)), **weights)


def load_trained(path: Path, device: str | torch.device = "cpu") -> Trained:
    """Read a model that :func:`save_trained` wrote.

    Raises:
        ValueError: If the file is none, or of a newer format.
        FileNotFoundError: If there is no such file.
    """
    about = read_about(path)
    problem = ProblemConfig(**about["problem"])
    model = Decoder(shape_of(about["size"]), problem.context)
    try:
        with np.load(path, allow_pickle=False) as file:
            names = [name for name in file.files if name != "about"]
            weights = {name: torch.from_numpy(file[name]) for name in names}
        model.load_state_dict(weights)
    except (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} has not the weights of size {about['size']}: {error}") from error
    return Trained(model.to(device).eval(), problem, about["size"], about["provenance"])
