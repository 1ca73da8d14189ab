"""Archives that lie, are damaged, or want more memory than they deserve."""

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect.io import archive as archive_module
from hotmess_inspect.io.archive import Archive, DamagedLog, PieceReader
from hotmess_inspect.io.logs import read_file, read_inputs
from hotmess_inspect.io.records import SummaryRecord, iter_summaries
from hotmess_inspect.io.sources import File, find_files


class Bytes:
    """A file in memory."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)

    def read(self, start: int, length: int) -> bytes:
        return self.data[start : start + length]


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return out.getvalue()


HEADER = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}}


def record(question: object, epoch: int = 1, value: object = 1.0) -> dict[str, object]:
    return {"id": question, "epoch": epoch, "scores": {"s": {"value": value}}}


def log(**members: bytes) -> bytes:
    known = {
        "header.json": json.dumps(HEADER).encode(),
        "summaries.json": json.dumps([record("q")]).encode(),
    }
    return zipped(known | {name.replace("__", "/"): data for name, data in members.items()})


def problem(tmp_path: Path, data: bytes, name: str = "x.eval") -> str:
    (tmp_path / name).write_bytes(data)
    found = read_inputs([str(tmp_path / name)])
    errors = [p for p in found.problems if p.level == "error"]
    assert len(errors) == 1
    assert errors[0].input.endswith(name)
    return errors[0].message


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_what_zipfile_reads(method: int) -> None:
    members = {"header.json": b"{}" * 5, "a/b.json": b"x" * 3_000_000, "samples/1_epoch_1.json": b"{}"}
    found = Archive(Bytes(zipped(members, method)))
    assert set(found.members) == {"header.json", "a/b.json"}
    assert found.samples == 1
    for name in found.members:
        assert found.read(name) == members[name]


def test_zstd_of_several_frames() -> None:
    data = bytes(range(256)) * 9000
    half = len(data) // 2
    frames = zstandard.ZstdCompressor().compress(data[:half]) + zstandard.ZstdCompressor().compress(
        data[half:]
    )
    assert Archive(Bytes(by_hand("a.json", frames, data, 93))).read("a.json") == data


def by_hand(name: str, compressed: bytes, data: bytes, method: int) -> bytes:
    """An archive with one member, written field by field."""
    encoded, crc = name.encode(), zlib.crc32(data)
    local = struct.pack(
        "<4s5H3L2H", b"PK\x03\x04", 20, 0, method, 0, 0, crc, len(compressed), len(data), len(encoded), 0
    )
    entry = struct.pack(
        "<4s6H3L5H2L",
        b"PK\x01\x02",
        20,
        20,
        0,
        method,
        0,
        0,
        crc,
        len(compressed),
        len(data),
        len(encoded),
        0,
        0,
        0,
        0,
        0,
        0,
    )
    start = len(local) + len(encoded) + len(compressed)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) + len(encoded), start, 0)
    return local + encoded + compressed + entry + encoded + end


def test_sizes_beyond_four_gigabytes_stand_in_an_extra_field() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file, file.open("a.json", "w", force_zip64=True) as member:
        member.write(b"abc")
    # force_zip64 puts the sizes of the local header aside; the directory keeps them short: read both.
    assert Archive(Bytes(out.getvalue())).read("a.json") == b"abc"
    extra = struct.pack("<2HQQ", 1, 16, 1 << 33, 1 << 32)
    assert archive_module._wide_fields(extra, 0xFFFFFFFF, 0xFFFFFFFF, 7) == (1 << 33, 1 << 32, 7)
    with pytest.raises(DamagedLog, match="lacks a 64-bit size"):
        archive_module._wide_fields(extra[:10], 0xFFFFFFFF, 0xFFFFFFFF, 7)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\x00" * 500, "it has no directory at its end"),
        (log()[:-30], "it has no directory at its end"),
        (log()[5:], "directory"),
        (zipped({"a": b""}), "is no Inspect log: it holds neither header.json nor a journal"),
        (
            log(**{"header.json": b"[]"}),
            "header is not as Inspect writes it.*; Inspect cannot read it either",
        ),
        (log(**{"header.json": b"{"}), "header is not valid JSON"),
        (log(**{"header.json": b"[" * 200_000 + b"]" * 200_000}), "nested too deeply"),
        (
            log(**{"summaries.json": b"{}"}),
            "summaries.json is not as Inspect writes it.*; Inspect cannot read it",
        ),
        (log(**{"summaries.json": b'[{"id": "q", "epoch"'}), "not valid JSON"),
        (log(**{"summaries.json": b'[{"id": "\xff", "epoch": 1}]'}), "not valid JSON"),
        (log(**{"summaries.json": b"[" * 200_000}), "nested too deeply"),
    ],
)
def test_damage_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    assert re.search(message, problem(tmp_path, data))


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    data = bytearray(
        zipped(
            {"header.json": json.dumps(HEADER).encode(), "summaries.json": b"[]" + b" " * 99},
            zipfile.ZIP_STORED,
        )
    )
    data[data.find(b"[]  ") + 50] = ord("\t")
    assert "damaged" in problem(tmp_path, bytes(data))


def test_bombs_are_refused_before_they_go_off(tmp_path: Path) -> None:
    bomb = b"[" + b" " * 300_000_000 + b"]"
    data = log(**{"summaries.json": bomb})
    assert len(data) < 400_000
    assert "more than 300 times" in problem(tmp_path, data)


def test_a_member_may_not_inflate_to_more_than_it_claims(tmp_path: Path) -> None:
    data = b" " * 5_000_000
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    compressed = raw.compress(data) + raw.flush()
    lying = by_hand("header.json", compressed, data[:10], 8)
    with pytest.raises(DamagedLog, match="inflates to more than the 10 bytes it claims"):
        Archive(Bytes(lying)).read("header.json")


def test_one_endless_record_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotmess_inspect.io.records.MAX_RECORD_BYTES", 1000)

    def pieces() -> Iterator[bytes]:
        yield b'[{"id":"q","epoch":1,"input":"'
        while True:
            yield b"x" * 100

    with pytest.raises(DamagedLog, match="a record of more than 1,000 bytes"):
        list(iter_summaries(PieceReader(pieces())))


def test_encrypted_and_unknown_compression() -> None:
    data = bytearray(by_hand("a.json", b"x", b"x", 0))
    data[data.find(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DamagedLog, match="encrypted"):
        Archive(Bytes(bytes(data)))
    with pytest.raises(DamagedLog, match="unknown compression method 12"):
        Archive(Bytes(by_hand("a.json", b"x", b"x", 12))).read("a.json")


def test_of_two_members_with_one_name_the_last_counts(tmp_path: Path) -> None:
    out = io.BytesIO(log())
    with zipfile.ZipFile(out, "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr("summaries.json", json.dumps([record("other")]))
    (tmp_path / "x.eval").write_bytes(out.getvalue())
    assert read_inputs([str(tmp_path)]).outcomes.question.values() == ["other"]


def test_traversal_names_touch_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    data = log(**{"../../escaped.json": b"{}", "samples/../../x": b"{}"})
    (tmp_path / "in" / "x.eval").write_bytes(data)
    assert len(read_inputs([str(tmp_path / "in")]).outcomes) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_ids_are_text_and_the_last_of_equal_ones_counts(tmp_path: Path) -> None:
    rows = [record(1, value=0.0), record("../../x"), record("ä" * 5000), record("1", value=1.0)]
    (tmp_path / "x.eval").write_bytes(log(**{"summaries.json": json.dumps(rows).encode()}))
    table = read_inputs([str(tmp_path)]).outcomes
    assert table.question.values() == ["../../x", "ä" * 5000, "1"]
    assert table.value.tolist() == [1.0, 1.0, 1.0]


def test_an_unreadable_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    (tmp_path / "a.eval").write_bytes(b"junk")
    (tmp_path / "b.eval").write_bytes(log())
    (tmp_path / "c.json").write_bytes(b"")
    (tmp_path / "d.eval").symlink_to(tmp_path / "nowhere")
    found = read_inputs([str(tmp_path)])
    assert len(found.outcomes) == 1
    # A link to nothing is a log that is gone, and said to be.
    assert {Path(p.input).name for p in found.problems if p.level == "error"} == {"a.eval", "d.eval"}


records = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text(max_size=4) | st.integers(-5, 5),
            "epoch": st.integers(1, 9),
            "scores": st.dictionaries(
                st.text(max_size=3),
                st.fixed_dictionaries(
                    {"value": st.sampled_from(["C", "I", 0.5, None]), "answer": st.text(max_size=6)}
                ),
                max_size=2,
            ),
            # Text that looks like the seam between two records, inside strings and inside nested lists.
            "metadata": st.just({"trap": '},{"id":', "list": [{"a": 1}, {"id": 2}]}),
        }
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(records, st.integers(1, 90), st.sampled_from([None, 2]))
def test_reading_in_pieces_is_reading_at_once(
    rows: list[dict[str, object]], size: int, indent: int | None
) -> None:
    separators = (",", ":") if indent is None else None
    text = json.dumps(rows, indent=indent, separators=separators, ensure_ascii=False).encode(
        "utf-8", "replace"
    )
    pieces = (text[i : i + size] for i in range(0, len(text), size))
    # Undecoded fields are views of a buffer that the next batch overwrites.
    found = [row for batch in iter_summaries(PieceReader(pieces)) for row in plain(batch)]
    assert found == plain(msgspec.json.decode(text, type=list[SummaryRecord]))


def plain(rows: list[SummaryRecord]) -> list[dict[str, object]]:
    """Records with their undecoded fields as bytes, which can be compared."""
    return [
        msgspec.structs.asdict(r) | {"metadata": bytes(r.metadata), "input": bytes(r.input)} for r in rows
    ]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_mutated_archives_end_in_rows_or_in_a_sentence(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    original = log(**{"_journal__start.json": b"{}"})
    changed = bytearray(original)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(changed)))
    path = tmp_path_factory.mktemp("fuzz") / "x.eval"
    path.write_bytes(bytes(changed[: cut or None]))
    table, _, problems = read_file(next(find_files(str(path))))
    assert table is not None or problems[0].message


def test_files_are_read_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "big.eval"
    path.write_bytes(
        zipped({"samples/1_epoch_1.json": b"\x00" * 10, "pad": bytes(3_000_000)}, zipfile.ZIP_STORED) + b""
    )
    with path.open("r+b") as file:
        data = file.read()
    members = {
        "header.json": json.dumps(HEADER).encode(),
        "summaries.json": json.dumps([record("q")]).encode(),
    }
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    path.write_bytes(out.getvalue())
    file_ = File(str(path), path.stat().st_size, named=True)
    table, _, _ = read_file(file_)
    assert table is not None
    assert len(table) == 1
    assert file_.requests == 1  # the tail holds directory and results
