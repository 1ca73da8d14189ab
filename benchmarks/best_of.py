"""Best of n by own tests: do bias and variance of the simulated agent follow the prediction?

The bundled instances, worked on in Inspect's local sandbox with `hotmess/best_of`. Predicted from the agent's probabilities w_v and
from which fixes break a test that the agent can see (s_v): w_v s_v (1 - F^n)/(1 - F) + w_v (1 - s_v) F^(n - 1). Beside it: the same without
the solver.

    python benchmarks/best_of.py --instances 4 --epochs 12 --members 3
"""

from __future__ import annotations

import argparse
import tempfile

import numpy as np

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import analyze
from hotmess_inspect.simulated.agent import load_instances
from hotmess_inspect.simulated.behaviour import AgentArguments, Behaviours, mixture

ARGUMENTS = {"right": 0.3, "partial": 0.1, "wrong": 0.5, "nothing": 0.1, "spread": 0.1}
QUANTITIES = ("error", "bias_squared", "variance")


def predicted(instance: Behaviours, members: int, seed: int) -> tuple[float, float, float]:
    """Error, squared bias and variance of FAIL_TO_PASS outcomes of one instance."""
    w = mixture(instance, AgentArguments(seed=seed, **ARGUMENTS))
    s = np.array([all(fix.p2p) for fix in instance.fixes], dtype=float)
    failing = float(w @ (1 - s))
    chosen = w * s * (1 - failing**members) / (1 - failing) + w * (1 - s) * failing ** (members - 1)
    rates = chosen @ np.array([fix.f2p for fix in instance.fixes], dtype=float)
    return float((1 - rates).mean()), float(((1 - rates) ** 2).mean()), float((rates * (1 - rates)).mean())


def main() -> None:
    """Run, and print measured beside predicted."""
    from inspect_ai import eval as inspect_eval

    from hotmess_inspect.swebench.best_of import best_of
    from hotmess_inspect.tasks.swebench import swebench

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--instances", type=int, default=4, help="those whose fixes break visible tests most often"
    )
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--members", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    known = load_instances("")
    seen = {
        name: float(
            mixture(one, AgentArguments(seed=options.seed, **ARGUMENTS)) @ [not all(f.p2p) for f in one.fixes]
        )
        for name, one in known.items()
    }
    chosen = sorted(sorted(known), key=lambda name: -seen[name])[: options.instances]
    for name in chosen:
        print(f"{name}: a fix breaks a visible test with probability {seen[name]:.2f}", flush=True)
    for members in options.members:
        with tempfile.TemporaryDirectory(prefix="hotmess-best-of-") as folder:
            (log,) = inspect_eval(
                swebench(sandbox="local", instances=chosen, epochs=options.epochs),
                solver=best_of(members),
                model="hotmess/simulated-agent",
                model_args={"seed": options.seed, "actions": 0.5, "tests": 0.0, **ARGUMENTS},
                log_dir=folder,
                display="none",
                max_sandboxes=2,
            )
            results, _ = analyze(read_inputs([log.location]).outcomes)
        result = next(r for r in results if r.group.measure == "f2p" and r.decomposition.loss == "squared")
        d, ids = result.decomposition, list(result.questions.ids)
        expected = np.array([predicted(known[name.split("::")[-1]], members, options.seed) for name in ids])
        for column, name in enumerate(QUANTITIES):
            own, truth = getattr(d, name), expected[:, column]
            # Questions are given: what is off comes from their epochs alone, as the spread of the differences shows.
            error = float((own - truth).std(ddof=1) / np.sqrt(len(own)))
            print(
                f"{members} members, {len(own)} x {options.epochs}, {name}: measured {own.mean():.3f}, predicted "
                f"{truth.mean():.3f}, off by {own.mean() - truth.mean():+.3f} ± {1.96 * error:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
