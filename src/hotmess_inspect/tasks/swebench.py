"""`hotmess/swebench`: is an agent's failure at SWE-bench the same every time, or another one every time?

Each instance is worked on in several epochs; the target is the vector of its unit tests, the error is
the share of FAIL_TO_PASS tests that fail, and the length axis counts the agent's actions.

    inspect eval hotmess/swebench --model hotmess/simulated-agent
    inspect eval hotmess/swebench --model openai/gpt-5 --epochs 30 -T instances=hotmess-mini__daywork-1
    inspect eval hotmess/swebench --model … -T dataset=verified -T instances=pallets__flask-5014
    inspect eval hotmess/swebench --model … -T dataset=rows.jsonl --solver my_agent.py

Reference: Hägele et al. (2026), The Hot Mess of AI, appendix B.3, https://arxiv.org/abs/2601.23045
"""

from collections.abc import Sequence

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import get_model

from hotmess_inspect._inspect_private import prerequisite_error
from hotmess_inspect._inspect_versions import sandbox_unavailable
from hotmess_inspect.schema import FORGEABLE
from hotmess_inspect.swebench import SIMULATED_AGENT
from hotmess_inspect.words import counted

DEFAULT_EPOCHS = 10
MESSAGE_LIMIT = 250
TIME_LIMIT = 3600


@task
def swebench(
    dataset: str = "mini",
    instances: str | list[str] | None = None,
    difficulty: str | list[str] | None = None,
    epochs: int = DEFAULT_EPOCHS,
    message_limit: int = MESSAGE_LIMIT,
    time_limit: int = TIME_LIMIT,
    on_limit: str = "unchanged",
    sandbox: str = "docker",
    preflight: int | None = None,
    split: str = "test",
    revision: str | None = None,
    tests_timeout: int = 1800,
    on_tests_limit: str = "failed",
    regrade: int = 1,
    adjudicate: bool = False,
    tool_timeout: int = 180,
    memory: str = "4g",
    cpus: float = 2.0,
    pids: int = 512,
    other_languages: bool = False,
) -> Task:
    """SWE-bench over repeated epochs, graded by unit tests, decomposed into bias and variance.

    Args:
        dataset: ``mini`` (bundled), ``verified``, ``lite``, ``full`` (from the hub), or the path of a
            local .json, .jsonl, .jsonl.gz or .parquet file with rows in the official schema.
        instances: Instance ids to run, separated by commas; all if not given.
        difficulty: Difficulties to run, separated by commas, of sets whose rows have one (SWE-bench Verified):
            ``<15 min fix``, ``15 min - 1 hour``, ``1-4 hours``, ``>4 hours``; all if not given.
        epochs: How often each instance is worked on; 30 in the paper. ``--epochs`` overrides it.
        message_limit: Messages of one epoch.
        time_limit: Seconds that the agent of one epoch may work. Grading has its own time after that; with
            Inspect's ``--time-limit`` it would have half of the agent's.
        on_limit: What an epoch counts that runs into a limit: ``unchanged`` as in the paper
            (FAIL_TO_PASS fail, PASS_TO_PASS pass) or ``grade`` (the working tree as it stands).
        sandbox: ``docker``, ``k8s``, ``daytona``, or ``local`` (no isolation; bundled instances and the
            simulated agent only).
        preflight: How often the reference fix and no fix are graded in an instance's image before its first
            epoch on this machine, so that unstable tests are masked; 0 for not at all. If not given 2, and 0
            for bundled instances.
        split: Split of a hub data set.
        revision: Commit of a hub data set; a pinned one if not given.
        tests_timeout: Seconds that the tests of an epoch may take.
        on_tests_limit: What an epoch counts whose tests run out of time, memory, processes or disk by the
            patch's doing: ``failed``, or ``error`` (it is missing and can be retried).
        regrade: How often each patch is graded, each time in a new container; from 2 the grader's variance
            is told from the model's.
        adjudicate: Whether the swebench package's own verdict stands beside ours as a second score, from one
            more container; needs that package.
        tool_timeout: Seconds that one command of the agent may take.
        memory: Memory of each container.
        cpus: Processors of each container.
        pids: Processes of each container.
        other_languages: Whether rows run whose tests are in another language than Python (SWE-bench Multilingual). Their
            runner's own report decides, which the code under test can forge; the results say so.
    """
    from hotmess_inspect.experiments.studies.cost import say
    from hotmess_inspect.plugin.viewer import headlined, viewer_config
    from hotmess_inspect.swebench.agent import PROMPT, agent_time, swebench_agent, swebench_setup
    from hotmess_inspect.swebench.checkpoints import sample_checkpoint, task_checkpoint
    from hotmess_inspect.swebench.gate import PREFLIGHT, swebench_gate
    from hotmess_inspect.swebench.preflight import ImageError, Plan, prepare
    from hotmess_inspect.swebench.report_grading import runners_of
    from hotmess_inspect.swebench.rows import languages_of, load_instances
    from hotmess_inspect.swebench.sandbox import Resources, check_provider, sandbox_spec
    from hotmess_inspect.swebench.scorer import (
        ON_LIMIT,
        ON_TESTS_LIMIT,
        instance_metadata,
        swebench_official,
        swebench_scorer,
    )

    _check("on_limit", on_limit, ON_LIMIT)
    _check("on_tests_limit", on_tests_limit, ON_TESTS_LIMIT)
    counts = {
        "epochs": epochs,
        "message_limit": message_limit,
        "time_limit": time_limit,
        "tests_timeout": tests_timeout,
        "regrade": regrade,
        "tool_timeout": tool_timeout,
        "pids": pids,
    }
    for name, value in counts.items():
        if not isinstance(value, int) or value < 1:
            raise prerequisite_error(f"{name} must be a whole number of at least 1, not {value!r}")
    if preflight is not None and (not isinstance(preflight, int) or preflight < 0):
        raise prerequisite_error(f"preflight must be a whole number of at least 0, not {preflight!r}")
    if sandbox != "local" and not sandbox_unavailable():
        raise prerequisite_error(
            "this release of Inspect does not tell a container that is gone from a command that fails, so an epoch "
            "could be graded wrongly: pip install -U inspect-ai"
        )
    wanted, difficulties = (
        [one.strip() for one in given.split(",")] if isinstance(given, str) else list(given or [])
        for given in (instances, difficulty)
    )
    resources = Resources(memory=memory, cpus=cpus, pids=pids)
    try:
        check_provider(sandbox)
        _check_model(sandbox)
        chosen, excluded = load_instances(
            dataset,
            revision=revision,
            split=split,
            instances=wanted,
            difficulty=difficulties,
            other_languages=other_languages,
        )
        say(
            f"{counted(len(chosen), 'instance')} of {dataset} × {counted(epochs, 'epoch')} = {counted(len(chosen) * epochs, 'run')} of an agent "
            "(unless --epochs or --limit say otherwise)."
        )
        plan = Plan(sandbox, chosen, excluded, preflight, resources, tests_timeout)  # type: ignore[arg-type]
        checks = prepare(plan, say=say)
    except ImageError as error:
        way_out = f"; without containers, try -T sandbox=local --model {SIMULATED_AGENT}"
        raise prerequisite_error(f"{error}{way_out}") from error
    except ValueError as error:
        raise prerequisite_error(str(error)) from error
    runners = sorted({runners_of(i) for i in chosen if languages_of(i)})
    if runners:
        say(
            f"tests are graded by the reports of {', '.join(runners)}, which the code under test can forge: read solved "
            "patches before a comparison is built on them."
        )
    if not chosen:
        raise prerequisite_error(f"dataset {dataset!r}: none of the instances asked for can be graded here")
    graders = regrade + int(adjudicate)
    scorers = [swebench_scorer(sandbox, on_limit, tests_timeout, regrade, on_tests_limit)]  # type: ignore[arg-type]
    if adjudicate:
        _check_swebench()
        scorers.append(swebench_official(sandbox, tests_timeout, graders))  # type: ignore[arg-type]
    return Task(
        dataset=MemoryDataset(
            [
                Sample(
                    id=instance.instance_id,
                    input=PROMPT.format(problem_statement=instance.problem_statement),
                    target="all tests pass",
                    metadata=instance_metadata(instance)
                    | ({PREFLIGHT: checks[instance.instance_id]} if checks else {}),
                    sandbox=sandbox_spec(sandbox, instance, resources, graders=graders),  # type: ignore[arg-type]
                    **sample_checkpoint(graders) if sandbox != "local" else {},
                )
                for instance in chosen
            ],
            name=dataset,
        ),
        setup=[swebench_gate(), swebench_setup(sandbox), agent_time(time_limit)],  # type: ignore[arg-type]
        solver=swebench_agent(tool_timeout=tool_timeout),
        scorer=scorers,
        epochs=Epochs(epochs),
        message_limit=message_limit,
        metadata={FORGEABLE: ", ".join(runners)} if runners else None,
        **task_checkpoint() if sandbox != "local" else {},
        # One broken image must not end a run of thousands of epochs: it ends as an error, and `eval-retry` goes on.
        continue_on_fail=True,
        viewer=viewer_config(
            "swebench_scorer",
            {"resolved": "Resolved", "f2p": "FAIL_TO_PASS", "p2p": "PASS_TO_PASS", "pooled": "All tests"},
            higher_is_better=["resolved", "f2p", "p2p", "pooled"],
            show_answer=False,
        ),
        **headlined(),
    )


def _check_model(provider: str) -> None:
    """Say at once what would else be an error of every sample."""
    try:
        model = str(get_model())
    except ValueError:
        return  # a task made outside an eval has no model yet
    if model.startswith("none/"):
        raise prerequisite_error(
            f"no model was chosen: pass --model, for example --model {SIMULATED_AGENT} to try it without cost"
        )
    if provider == "local" and model != SIMULATED_AGENT:
        raise prerequisite_error(
            f"sandbox 'local' has no isolation and is for {SIMULATED_AGENT} alone, not {model}: use -T sandbox=docker"
        )


def _check_swebench() -> None:
    from hotmess_inspect.swebench.adjudication import AdjudicationError, swebench_version

    try:
        swebench_version()
    except AdjudicationError as error:
        raise prerequisite_error(str(error)) from error


def _check(name: str, value: str, permitted: Sequence[str]) -> None:
    if value not in permitted:
        raise prerequisite_error(f"{name} must be one of {', '.join(permitted)}, not {value!r}")
