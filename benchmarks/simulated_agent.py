"""Does the 95 % interval hold the truth? The simulated agent on the bundled instances, seed by seed.

The agent's behaviour in an epoch is a function of (seed, instance, epoch), and the outcomes of every fix
that it may apply were measured in containers. A seed can therefore be replayed without containers; and
with `--real N` the first N seeds also go through `inspect eval hotmess/swebench`, in containers, where
every test of every epoch must come out as in the replay.

    python benchmarks/simulated_agent.py                         20 seeds × 30 epochs, replayed
    python benchmarks/simulated_agent.py --real 1                the first of them in containers too
    python benchmarks/simulated_agent.py --real 20 --only hotmess-mini__daywork-1,hotmess-mini__pinset-1
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect import decompose
from hotmess_inspect.bits import decode_tests
from hotmess_inspect.simulated.agent import load_instances
from hotmess_inspect.simulated.behaviour import AgentArguments, Behaviours
from hotmess_inspect.simulated.plan import draw_plan

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.oracles.agent_truth import agent_truth

Array = NDArray[np.float64]


def replay(instances: list[Behaviours], seed: int, epochs: int) -> Array:
    """F2P outcomes as the agent draws them, shape (questions, epochs, tests), NaN where a test does not exist."""
    arguments = AgentArguments(seed=seed)
    width = max(len(i.fixes[0].f2p) for i in instances)
    outcomes = np.full((len(instances), epochs, width), np.nan)
    for row, instance in enumerate(instances):
        for epoch in range(epochs):
            f2p = draw_plan(instance, arguments, epoch + 1).fix.f2p
            outcomes[row, epoch, : len(f2p)] = f2p
    return outcomes


def in_containers(instances: list[Behaviours], seed: int, epochs: int, log_dir: str, sandbox: str) -> Array:
    """The same from a real run of the task."""
    from inspect_ai import eval as inspect_eval

    from hotmess_inspect.tasks.swebench import swebench

    ids = [i.instance_id for i in instances]
    log = inspect_eval(
        swebench(instances=ids, epochs=epochs, sandbox=sandbox),
        model="hotmess/simulated-agent",
        model_args={"seed": seed},
        log_dir=log_dir,
        display="none",
        max_sandboxes=4,
    )[0]
    if log.status != "success" or not log.samples:
        raise SystemExit(f"seed {seed}: the run ended with status {log.status}: {log.error}")
    width = max(len(i.fixes[0].f2p) for i in instances)
    outcomes = np.full((len(ids), epochs, width), np.nan)
    for sample in log.samples:
        meta = (sample.scores or {})["swebench_scorer"].metadata or {}
        bits = decode_tests(meta["hm_tests"], meta["hm_f2p"] + meta["hm_p2p"])[: meta["hm_f2p"]]
        outcomes[ids.index(str(sample.id)), sample.epoch - 1, : len(bits)] = bits
    return outcomes


def main() -> None:
    """Print one line per seed and the share of intervals that hold the truth."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--real", type=int, default=0, help="how many seeds also run in containers")
    parser.add_argument("--only", help="instance ids, separated by commas")
    parser.add_argument("--sandbox", default="docker", help="docker or local")
    parser.add_argument("--log-dir", default=tempfile.mkdtemp(prefix="hotmess-simulated-agent-"))
    options = parser.parse_args()
    known = load_instances("")
    wanted = (
        options.only.split(",")
        if options.only
        else [name for name in known if name.startswith("hotmess-mini__")]
    )
    # The task keeps the order of the rows, and so does the population.
    instances = [known[name] for name in known if name in wanted]
    print(f"{len(instances)} instances × {options.epochs} epochs, F2P coverage, unbiased, default interval")
    print(f"{'seed':>4} {'truth':>7} {'estimate':>9} {'95 % interval':>18} {'holds':>6} {'containers':>11}")
    held = 0
    Path(options.log_dir).mkdir(parents=True, exist_ok=True)
    for seed in range(options.seeds):
        outcomes = replay(instances, seed, options.epochs)
        same = ""
        if seed < options.real:
            real = in_containers(instances, seed, options.epochs, options.log_dir, options.sandbox)
            differing = int((~np.equal(outcomes, real) & ~np.isnan(outcomes)).sum())
            same = "all equal" if differing == 0 else f"{differing} differ"
            outcomes = real
        found = decompose(outcomes, np.array(1.0), loss="squared", estimator="unbiased")
        low, high = found.interval("incoherence", rng=np.random.default_rng(seed))
        truth = agent_truth(instances, AgentArguments(seed=seed))["f2p"].incoherence
        holds = low <= truth <= high
        held += holds
        print(
            f"{seed:>4} {truth:>7.4f} {found.incoherence:>9.4f} {f'{low:.4f} … {high:.4f}':>18} "
            f"{'yes' if holds else 'NO':>6} {same:>11}"
        )
    print(f"{held} of {options.seeds} intervals hold the truth of these instances")


if __name__ == "__main__":
    main()
