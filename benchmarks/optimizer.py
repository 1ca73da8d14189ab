"""Roll-out and training of the synthetic optimizer, against a loop without cache and against the machine.

    python benchmarks/optimizer.py                      # on one CPU thread, in CPU seconds
    python benchmarks/optimizer.py --device cuda        # in wall seconds

The limit is what the same machine reaches in the same run on one large matrix product (FLOP/s) and on copying a large
array (bytes/s). Counted are the multiply-adds of matrices and attention, and the bytes that must move: keys and values
written once and read for every later token, and the inputs and outputs of the matrix products. Weights stay in the cache.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hotmess_inspect.experiments.optimizer.model import SIZES, Decoder, DecoderShape, forward_flops
from hotmess_inspect.experiments.optimizer.problem import LAPTOP_PROBLEM, ProblemConfig
from hotmess_inspect.experiments.optimizer.quadratic import random_starts
from hotmess_inspect.experiments.optimizer.rollout import rollout
from hotmess_inspect.experiments.optimizer.train import update_loss

PROBLEMS = {"laptop": LAPTOP_PROBLEM, "paper": ProblemConfig()}


def naive_step(model: Decoder, problem: ProblemConfig, points: np.ndarray) -> np.ndarray:
    """One update of all starts at once, the whole sequence anew for every token: what one writes first."""
    number = problem.number
    device = model.head.weight.device
    tokens = torch.as_tensor(number.encode(points).astype(np.int64)).to(device)
    mask = torch.as_tensor(np.where(number.mask(problem.dims), 0.0, -np.inf), dtype=torch.float32).to(device)
    with torch.inference_mode():
        for place in range(problem.position_tokens):
            logits = model(tokens)[:, -1] + mask[place]
            tokens = torch.cat([tokens, logits.argmax(dim=-1, keepdim=True)], dim=1)
    update = number.decode(tokens[:, problem.position_tokens :].cpu().numpy())
    return number.quantise(points + update)


class Clock:
    """CPU seconds on a CPU, where others may be at work; wall seconds of finished work on a GPU."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def seconds(self, work: Callable[[], Any], repeats: int) -> float:
        """Least time of several runs, after one to warm up."""
        work()
        return min(self._once(work) for _ in range(repeats))

    def _once(self, work: Callable[[], Any]) -> float:
        if self.device.type == "cpu":
            began = time.process_time()
            work()
            return time.process_time() - began
        torch.cuda.synchronize(self.device)
        began = time.perf_counter()
        work()
        torch.cuda.synchronize(self.device)
        return time.perf_counter() - began


def machine(clock: Clock, device: torch.device) -> tuple[float, float]:
    """FLOP/s of one large product in float32, bytes/s of one large copy (read and written)."""
    size = 1536 if device.type == "cpu" else 8192
    a = torch.randn(size, size, device=device)
    flops = 2 * size**3 / clock.seconds(lambda: a @ a, 5)
    source = torch.randn(16 * 2**20 if device.type == "cpu" else 2**29, device=device)
    target = torch.empty_like(source)
    copied = 8 * source.numel() / clock.seconds(lambda: target.copy_(source), 5)
    return flops, copied


def rollout_bytes(shape: DecoderShape, problem: ProblemConfig) -> int:
    """Bytes of one update of one start, float32."""
    length, context = problem.position_tokens, problem.context
    per_place = 2 * shape.width * 4
    written = per_place * (context - 1)
    # The position is read in one pass; every token of the update but the last reads all places up to its own.
    read = per_place * (length + sum(range(length + 1, context)))
    products = 16 * shape.width * 4 * (context - 1)
    return shape.layers * (written + read + products)


def fresh(size: str, problem: ProblemConfig, device: torch.device) -> Decoder:
    model = Decoder(SIZES[size], problem.context)
    model.initialise(torch.Generator().manual_seed(0))
    return model.to(device).eval()


def measure_rollout(
    size: str, problem: ProblemConfig, starts: int, clock: Clock, limits: tuple[float, float]
) -> dict[str, Any]:
    model = fresh(size, problem, clock.device)
    points = problem.number.quantise(
        random_starts(starts, problem.dims, problem.start_half_width, np.random.default_rng(0))
    )
    steps = 4
    ours = clock.seconds(lambda: rollout(model, problem, points, steps), 2) / steps
    theirs = clock.seconds(lambda: naive_step(model, problem, points), 1)
    one = rollout(model, problem, points, 1).points[:, -1]
    same = float((one == naive_step(model, problem, points)).all(axis=1).mean())
    flops = forward_flops(SIZES[size], range(problem.context - 1)) * starts
    moved = rollout_bytes(SIZES[size], problem) * starts
    limit = max(flops / limits[0], moved / limits[1])
    return {
        "starts": starts,
        "updates_per_second": starts / ours,
        "tokens_per_second": starts * (problem.context - 1) / ours,
        "naive_over_ours": theirs / ours,
        "same_as_naive": same,
        "gflops_per_second": flops / ours / 1e9,
        "share_of_flops": flops / limits[0] / ours,
        "share_of_bytes": moved / limits[1] / ours,
        "share_of_limit": limit / ours,
    }


def measure_training(
    size: str, problem: ProblemConfig, batch: int, clock: Clock, limits: tuple[float, float]
) -> dict[str, Any]:
    model = fresh(size, problem, clock.device).train()
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    tokens = torch.randint(12, (batch, problem.context), device=clock.device)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(clock.device.type, dtype=torch.bfloat16, enabled=clock.device.type == "cuda"):
            loss = update_loss(model, tokens, problem.position_tokens)
        loss.backward()
        optimizer.step()

    seconds = clock.seconds(step, 3)
    flops = 3 * forward_flops(SIZES[size], range(problem.context - 1)) * batch
    return {
        "batch": batch,
        "tokens_per_second": batch * problem.context / seconds,
        "gflops_per_second": flops / seconds / 1e9,
        "share_of_flops": flops / limits[0] / seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--sizes", default="12k,50k,200k")
    parser.add_argument("--problems", default="laptop,paper")
    parser.add_argument("--starts", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device(options.device)
    clock = Clock(device)
    rows: list[dict[str, Any]] = []
    print(
        "problem size  | roll-out: updates/s, x naive, same, GFLOP/s, of FLOPs, of bytes | training: tokens/s, GFLOP/s, of FLOPs"
    )
    for name in options.problems.split(","):
        for size in options.sizes.split(","):
            # Measured anew beside every row: on a shared machine the limit moves.
            limits = machine(clock, device)
            walked = measure_rollout(size, PROBLEMS[name], options.starts, clock, limits)
            trained = measure_training(size, PROBLEMS[name], options.batch, clock, limits)
            rows.append(
                {
                    "problem": name,
                    "size": size,
                    "peak_gflops": limits[0] / 1e9,
                    "copy_gbytes": limits[1] / 1e9,
                }
                | {"rollout": walked, "training": trained}
            )
            print(
                f"{name:7} {size:>5} | {walked['updates_per_second']:10,.0f} {walked['naive_over_ours']:6.1f} "
                f"{walked['same_as_naive']:5.3f} {walked['gflops_per_second']:7.1f} {walked['share_of_flops']:6.1%} "
                f"{walked['share_of_bytes']:6.1%} | {trained['tokens_per_second']:10,.0f} "
                f"{trained['gflops_per_second']:6.1f} {trained['share_of_flops']:6.1%}   "
                f"peak {limits[0] / 1e9:.0f} GFLOP/s, copy {limits[1] / 1e9:.1f} GB/s",
                flush=True,
            )
    if options.out is not None:
        options.out.write_text(
            json.dumps({"device": device.type, "torch": torch.__version__, "rows": rows}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
