"""One specification per provider, each of them closed; Kubernetes' through the provider's own converter."""

import json
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from inspect_ai.util import ComposeConfig

from hotmess_inspect.swebench.contained import run_arguments
from hotmess_inspect.swebench.docker_sandbox import docker_provider
from hotmess_inspect.swebench.owner import OWNER_KEY, owner_state
from hotmess_inspect.swebench.rows import Instance, load_instances
from hotmess_inspect.swebench.sandbox import (
    GRADER,
    PROVIDERS,
    Resources,
    check_provider,
    container_service,
    sandbox_spec,
)

CONTAINED = [provider for provider in PROVIDERS if provider != "local"]


def instance() -> Instance:
    return load_instances("mini", instances=["hotmess-mini__daywork-1"])[0][0]


def config(provider: Any, **options: Any) -> ComposeConfig:
    spec = sandbox_spec(provider, instance(), **options)
    assert spec.type == (docker_provider() if provider == "docker" else provider)
    assert isinstance(spec.config, ComposeConfig)
    return spec.config


@pytest.mark.parametrize("provider", CONTAINED)
def test_agent_and_grader_are_apart_and_closed_everywhere(provider: str) -> None:
    services = config(provider).services
    assert list(services) == ["default", GRADER]
    for service in services.values():
        assert service.image == instance().image
        assert service.network_mode == "none"
        assert service.security_opt == ["no-new-privileges:true"]
        assert (service.mem_limit, service.cpus) == ("4g", 2.0)
        assert (service.networks, service.ports, service.extra_hosts) == (None, None, None)
        assert (service.volumes, service.devices, service.cap_add, service.privileged) == (None,) * 4


@pytest.mark.parametrize("provider", ["docker", "daytona"])
def test_where_an_engine_runs_the_containers_all_limits_hold(provider: str) -> None:
    resources = Resources(memory="1g", cpus=1.0, pids=99)
    for service in config(provider, resources=resources).services.values():
        assert (service.cap_drop, service.pids_limit, service.memswap_limit) == (["ALL"], 99, "1g")
        assert (service.init, service.stop_grace_period) == (True, "0s")


def test_each_grading_has_a_container() -> None:
    assert list(config("docker", graders=3).services) == ["default", "grader", "grader-2", "grader-3"]


def test_compose_files_name_their_living_owner() -> None:
    assert owner_state(config("docker").extensions[OWNER_KEY]) == "alive"
    assert OWNER_KEY not in config("k8s").extensions


def test_modal_is_refused_with_the_reason() -> None:
    for refused in (check_provider, lambda name: sandbox_spec(name, instance())):
        with pytest.raises(
            ValueError, match="'modal' gives each sample one container, and a patch must be graded"
        ):
            refused("modal")


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(ValueError, match="sandbox must be one of docker, k8s, daytona, local, not 'dokcer'"):
        check_provider("dokcer")


@pytest.mark.parametrize(
    ("provider", "package"), [("k8s", "inspect-k8s-sandbox"), ("daytona", "inspect-sandboxes")]
)
def test_a_missing_package_is_named(provider: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from hotmess_inspect.swebench import sandbox

    monkeypatch.setattr(sandbox, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=f"needs a package: pip install {package}"):
        check_provider(provider)


# What the built-in chart of inspect-k8s-sandbox 0.14.0 must get, worked out by hand from its documentation.
HELM_SERVICE = {
    "image": None,  # the instance's
    "command": ["/bin/sh", "-c", "exec sleep infinity"],
    "workingDir": "/testbed",
    "dnsRecord": True,
    "networkIsolated": True,
    "securityContext": {"allowPrivilegeEscalation": False},
}


def kubernetes_settings() -> dict[str, Any]:
    dumped = config("k8s").model_dump(exclude_none=True, by_alias=True)
    loaded: dict[str, Any] = yaml.safe_load(yaml.dump(dumped))
    return loaded


def test_kubernetes_gets_no_setting_that_its_converter_does_not_know() -> None:
    settings = kubernetes_settings()
    assert set(settings) == {"services"}
    for service in settings["services"].values():
        # The keys that the converter of inspect-k8s-sandbox 0.14.0 takes, of those that a service here may have.
        known = {"image", "entrypoint", "working_dir", "network_mode", "security_opt", "mem_limit", "cpus"}
        assert set(service) == known


def coalesced(defaults: Any, given: Any) -> Any:
    """A chart's defaults under the values that are given, as Helm joins them before it validates."""
    if not isinstance(defaults, dict) or not isinstance(given, dict):
        return given
    return defaults | {key: coalesced(defaults.get(key), value) for key, value in given.items()}


@pytest.mark.skipif(find_spec("k8s_sandbox") is None, reason="inspect-k8s-sandbox is not installed")
def test_kubernetes_own_converter_makes_closed_pods_that_its_schema_accepts(tmp_path: Path) -> None:
    import jsonschema
    from k8s_sandbox.compose._converter import convert_compose_to_helm_values

    path = tmp_path / "compose.yaml"
    path.write_text(yaml.dump(kubernetes_settings()))
    values = convert_compose_to_helm_values(path)
    chart = files("k8s_sandbox").joinpath("resources/helm/agent-env")
    defaults = yaml.safe_load(chart.joinpath("values.yaml").read_text())
    schema = json.loads(chart.joinpath("values.schema.json").read_text())
    jsonschema.validate(coalesced(defaults, values), schema)
    bad = coalesced(defaults, {"services": {"default": {"networkIsolated": "yes"}}})
    with pytest.raises(jsonschema.ValidationError):  # the schema does look at what is isolated
        jsonschema.validate(bad, schema)
    assert set(values) == {"services"}  # no allowDomains, allowCIDR, allowEntities: nothing is opened
    for service in values["services"].values():
        resources = service.pop("resources")
        assert service == HELM_SERVICE | {"image": instance().image}
        assert resources["limits"]["cpu"] in (2, 2.0, "2.0", "2")
        assert resources["limits"]["memory"] in ("4Gi", "4096Mi")
    # The chart denies all egress of a service that is isolated.
    policy = chart.joinpath("templates/network-policy.yaml").read_text()
    assert "{{- if $svc.networkIsolated }}" in policy
    assert "egressDeny:" in policy


def test_docker_run_gets_the_same_limits_as_compose() -> None:
    service = container_service("an/image:1", Resources(memory="1g", cpus=1.5, pids=77))
    assert run_arguments(service, "name", {"label": "text"}) == [
        *("--detach", "--pull", "never", "--name", "name", "--entrypoint", "/bin/sh", "--init"),
        *("--label", "label=text", "--network=none", "--workdir=/testbed", "--pids-limit=77"),
        *("--memory=1g", "--memory-swap=1g", "--cpus=1.5"),
        *("--cap-drop=ALL", "--security-opt=no-new-privileges:true"),
        *("an/image:1", "-c", "exec sleep infinity"),
    ]


def test_no_setting_is_lost_on_the_way_to_docker_run() -> None:
    service = container_service("an/image:1", Resources()).model_copy(update={"read_only": True})
    with pytest.raises(ValueError, match="the settings read_only of a service are not known"):
        run_arguments(service, "name", {})


def test_a_cluster_is_told_apart_from_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from hotmess_inspect.swebench import sandbox
    from hotmess_inspect.swebench.preflight import Plan, prepare

    monkeypatch.setattr(sandbox, "find_spec", lambda name: object())
    said: list[str] = []
    with pytest.raises(ValueError, match=r"sandbox 'k8s' pulls its images, and hotmess/mini\.daywork:"):
        prepare(Plan("k8s", [instance()]), say=said.append)
    official = replace(instance(), repo="own/thing", image="registry.example/x@sha256:1")
    prepare(Plan("k8s", [official]), say=said.append)
    assert said == [
        "Images are pulled by k8s; check them beforehand on a machine with Docker: hotmess images check."
    ]
