"""Logs in a bucket, against a real S3-compatible server in this process."""

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import read_file, read_inputs
from hotmess_inspect.io.sources import find_files

from .test_logs import rows_of


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """URI of an empty bucket."""
    import boto3
    import s3fs
    from moto.server import ThreadedMotoServer

    # Open connections are kept by the process; where this server is started again, they lead to the last one.
    s3fs.S3FileSystem.clear_instance_cache()
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    del host
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    boto3.client("s3").create_bucket(Bucket="logs")
    yield "s3://logs"
    server.stop()
    for name, value in before.items():
        if value is None:
            os.environ.pop(name)
        else:
            os.environ[name] = value


def put(key: str, data: bytes) -> None:
    import boto3

    boto3.client("s3").put_object(Bucket="logs", Key=key, Body=data)


def test_a_prefix_reads_as_the_folder_does(bucket: str, letters_log: Path, dict_log: Path) -> None:
    for path in (letters_log, dict_log):
        put(f"run/{path.name}", path.read_bytes())
    put("run/notes.txt", b"no log")
    remote = read_inputs([f"{bucket}/run"])
    local = read_inputs([str(letters_log), str(dict_log)])
    assert [p for p in remote.problems if p.level == "error"] == []
    assert {row[1:] for row in rows_of(remote.outcomes)} == {row[1:] for row in rows_of(local.outcomes)}
    assert set(remote.outcomes.log.values()) == {f"{bucket}/run/{p.name}" for p in (letters_log, dict_log)}


def test_globs_and_single_objects(bucket: str, letters_log: Path) -> None:
    put("glob/a.eval", letters_log.read_bytes())
    put("glob/b.csv", b"question_id,epoch,answer,target\n1,1,A,A\n")
    assert len(read_inputs([f"{bucket}/glob/*.eval"]).outcomes) == 6
    assert len(read_inputs([f"{bucket}/glob/b.csv"]).outcomes) == 1


def test_a_big_log_costs_few_requests_and_few_bytes(
    bucket: str, letters_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.BytesIO()
    noise = os.urandom(1 << 20)
    with zipfile.ZipFile(letters_log) as small, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as big:
        for number in range(60):
            big.writestr(f"samples/x{number}_epoch_1.json", noise)
        for name in ("summaries.json", "reductions.json", "header.json"):
            big.writestr(name, small.read(name))
    put("big/big.eval", out.getvalue())
    (file,) = find_files(f"{bucket}/big/big.eval")
    received: list[int] = []
    fetch = file.filesystem.cat_file  # type: ignore[attr-defined]

    def counted(*arguments: object, **options: object) -> bytes:
        data: bytes = fetch(*arguments, **options)
        received.append(len(data))
        return data

    monkeypatch.setattr(file.filesystem, "cat_file", counted)  # type: ignore[attr-defined]
    table, _, _ = read_file(file)
    assert table is not None
    assert len(table) == 6
    assert len(received) == file.requests <= 3
    assert file.size > 60 << 20
    assert sum(received) <= 0.02 * file.size


def test_an_unreachable_service_is_a_problem(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("could not connect to the endpoint")

    put("gone/a.eval", b"x" * 100)
    (file,) = find_files(f"{bucket}/gone/a.eval")
    monkeypatch.setattr(file.filesystem, "cat_file", fail)  # type: ignore[attr-defined]
    table, _, problems = read_file(file)
    assert table is None
    assert "RuntimeError: could not connect to the endpoint" in problems[0].message
    monkeypatch.setattr("fsspec.core.url_to_fs", fail)
    assert "could not connect" in read_inputs([f"{bucket}/gone"]).problems[0].message


def test_what_is_missing_is_a_problem(bucket: str) -> None:
    found = read_inputs([f"{bucket}/nothing/here.eval", "s3://no-such-bucket-here/x.eval", "nosuch://x/y"])
    assert [p.level for p in found.problems] == ["error"] * 3
    result = CliRunner().invoke(main, ["analyze", f"{bucket}/nothing"])
    assert result.exit_code == 1
