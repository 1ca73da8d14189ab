import gzip
import json

import numpy as np
import pytest
from tests.oracles.agent_truth import MEASURES, agent_truth

from hotmess_inspect.simulated.agent import load_instances
from hotmess_inspect.simulated.behaviour import AgentArguments, known_instances, mixture, read_rows
from hotmess_inspect.simulated.plan import draw_plan

ROW = {
    "instance_id": "toy-1",
    "problem_statement": "add subtracts",
    "patch": "diff --git a/x b/x\n",
    "FAIL_TO_PASS": '["a", "b"]',
    "PASS_TO_PASS": ["c", "d", "e"],
}
VARIANTS = [
    {"instance_id": "toy-1", "name": "gold", "kind": "right", "patch": "g", "f2p": [1, 1], "p2p": [1, 1, 1]},
    {"instance_id": "toy-1", "name": "p", "kind": "partial", "patch": "p", "f2p": [1, 0], "p2p": [1, 1, 1]},
    {"instance_id": "toy-1", "name": "w", "kind": "wrong", "patch": "w", "f2p": [0, 0], "p2p": [1, 0, 1]},
]


def toys(count=1, variants=VARIANTS):
    rows = [{**ROW, "instance_id": f"toy-{number}"} for number in range(1, count + 1)]
    own = [{**variant, "instance_id": row["instance_id"]} for row in rows for variant in variants]
    return list(known_instances(rows, own).values())


def test_without_spread_every_instance_has_the_shares_asked_for():
    arguments = AgentArguments(right=0.5, partial=0.2, wrong=0.2, nothing=0.1, spread=0.0)
    for instance in toys(3):
        assert [fix.kind for fix in instance.fixes] == ["right", "partial", "wrong", "nothing"]
        assert mixture(instance, arguments) == pytest.approx([0.5, 0.2, 0.2, 0.1])


@pytest.mark.parametrize("spread", [0.3, 1.0])
def test_spread_has_the_mean_and_variance_asked_for(spread):
    arguments = AgentArguments(right=0.5, partial=0.2, wrong=0.2, nothing=0.1, spread=spread)
    drawn = np.array([mixture(instance, arguments) for instance in toys(4000)])
    shares = np.array([0.5, 0.2, 0.2, 0.1])
    assert drawn.mean(axis=0) == pytest.approx(shares, abs=0.025)
    assert drawn.var(axis=0) == pytest.approx(spread * shares * (1 - shares), abs=0.012)


def test_a_kind_without_a_fix_hands_its_share_to_the_next():
    arguments = AgentArguments(right=0.4, partial=0.3, wrong=0.2, nothing=0.1, spread=0.0)
    [no_partial] = toys(variants=[VARIANTS[0], VARIANTS[2]])
    assert mixture(no_partial, arguments) == pytest.approx([0.4, 0.5, 0.1])
    [only_right] = toys(variants=[VARIANTS[0]])
    assert mixture(only_right, arguments) == pytest.approx([0.4, 0.6])


def test_order_of_variants_changes_nothing():
    several = [*VARIANTS, {**VARIANTS[1], "name": "p2"}, {**VARIANTS[2], "name": "w2"}]
    forward, backward = toys(variants=several), toys(variants=several[::-1])
    assert forward == backward


def test_official_rows_have_the_reference_patch_and_a_remark():
    [instance] = known_instances([ROW]).values()
    assert [(fix.kind, fix.f2p, fix.p2p) for fix in instance.fixes] == [
        ("right", (1, 1), (1, 1, 1)),
        ("wrong", (0, 0), (1, 1, 1)),
        ("nothing", (0, 0), (1, 1, 1)),
    ]


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.jsonl.gz"])
def test_rows_are_read_from_files(tmp_path, name):
    text = json.dumps([ROW, ROW]) if name == "rows.json" else f"{json.dumps(ROW)}\n{json.dumps(ROW)}\n"
    file = tmp_path / name
    file.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    assert read_rows(str(file)) == [ROW, ROW]


def test_unusable_rows_are_named(tmp_path):
    (tmp_path / "rows.jsonl.gz").write_bytes(b"not gzipped")
    for name in ("rows.jsonl.gz", "none.json"):
        with pytest.raises(ValueError, match=f"'rows': .*{name} cannot be read"):
            read_rows(str(tmp_path / name))
    with pytest.raises(ValueError, match="row 'toy-1' has no column 'patch'"):
        known_instances([{key: value for key, value in ROW.items() if key != "patch"}])
    with pytest.raises(ValueError, match=r"variant 'gold' of 'toy-1' has 1 \+ 3 outcomes for 2 \+ 3 tests"):
        known_instances([ROW], [{**VARIANTS[0], "f2p": [1]}])
    with pytest.raises(ValueError, match="has kind 'odd'; permitted are: right, partial, wrong"):
        known_instances([ROW], [{**VARIANTS[0], "kind": "odd"}])


def test_truth_by_hand():
    arguments = AgentArguments(right=0.5, partial=0.2, wrong=0.2, nothing=0.1, spread=0.0)
    stated = agent_truth(toys(), arguments)
    # f2p pass rates: a .5 + .2 = .7, b .5; p2p: c 1, d .8, e 1
    assert stated["f2p"].error == pytest.approx([(0.3 + 0.5) / 2])
    assert stated["f2p"].bias_squared == pytest.approx([(0.09 + 0.25) / 2])
    assert stated["f2p"].variance == pytest.approx([(0.21 + 0.25) / 2])
    assert stated["f2p"].incoherence == pytest.approx(0.23 / 0.4)
    assert stated["p2p"].variance == pytest.approx([0.16 / 3])
    assert stated["pooled"].error == pytest.approx([(0.3 + 0.5 + 0.2) / 5])
    assert stated["resolved"].error == pytest.approx([0.5])
    assert stated["resolved"].incoherence == pytest.approx(0.5)


def test_truth_of_epochs_that_never_submit():
    arguments = AgentArguments(right=1, spread=0.0, no_submit=0.4)
    assert agent_truth(toys(), arguments)["f2p"].error == pytest.approx([0.4])
    assert agent_truth(toys(), arguments, limit="grade")["f2p"].error == pytest.approx([0.0])
    with pytest.raises(ValueError, match="limit is 'x'; permitted are: unchanged, grade"):
        agent_truth(toys(), arguments, limit="x")


def test_instances_without_tests_of_a_sort_are_undefined():
    [instance] = known_instances([{**ROW, "PASS_TO_PASS": "[]"}]).values()
    assert np.isnan(agent_truth([instance])["p2p"].error).all()


def test_truth_agrees_with_the_outcomes_of_many_plans():
    """Bias² and variance of the outcomes of drawn plans, in plain Python, against the statement."""
    arguments = AgentArguments(seed=2, spread=0.4, no_submit=0.1, actions=0)
    instances = toys(2)
    stated = agent_truth(instances, arguments)["pooled"]
    for place, instance in enumerate(instances):
        rows = []
        for epoch in range(1, 3001):
            plan = draw_plan(instance, arguments, epoch)
            rows.append(plan.fix.f2p + plan.fix.p2p if plan.submits else (0, 0, 1, 1, 1))
        rates = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        assert sum((1 - q) ** 2 for q in rates) / 5 == pytest.approx(stated.bias_squared[place], abs=0.02)
        assert sum(q * (1 - q) for q in rates) / 5 == pytest.approx(stated.variance[place], abs=0.01)


def test_bundled_instances_have_bias_and_variance():
    stated = agent_truth(load_instances("").values())
    assert set(stated) == set(MEASURES)
    for measure in ("f2p", "resolved"):
        assert 0.2 < stated[measure].incoherence < 0.8
        assert np.all(
            stated[measure].error == pytest.approx(stated[measure].bias_squared + stated[measure].variance)
        )
