# Copyright (c) 2026 PaddlePaddle Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from os import path as osp
from pathlib import Path
from typing import Iterator

import pytest

from ppsci_ext.utils import UserError
from ppsci_ext.utils import files


@contextlib.contextmanager
def writing_half(path: Path) -> Iterator[int]:
    """A process that has written half of a file and is killed at the end; its number."""
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        with files.open_atomically(path) as file:
            file.write(b"half")
            file.flush()
            os.write(write, b"!")
            while True:
                time.sleep(60)
    os.read(read, 1)
    try:
        yield process
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(read)
        os.close(write)


@pytest.fixture
def ended():
    """Number of a process that has ended."""
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    return process


@pytest.mark.parametrize("name", ["a", "a.b.json", ".hidden", "with space", "ü.png"])
def test_new_content_takes_the_place_of_the_old(tmp_path, name):
    path = tmp_path / name
    for content in (b"old", b"", b"new"):
        files.write_atomically(path, content)
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == [name]


def test_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files.write_atomically("a", b"content")
    assert (tmp_path / "a").read_bytes() == b"content"


def test_others_may_read_what_is_written(tmp_path):
    before = os.umask(0o022)
    try:
        files.write_atomically(tmp_path / "a", b"content")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "fault", [OSError(28, "full"), KeyboardInterrupt(), SystemExit()]
)
def test_a_fault_leaves_the_old_content_and_nothing_else(tmp_path, fault):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(type(fault)):
        with files.open_atomically(path) as file:
            file.write(b"new")
            raise fault
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("name", ["none/a", "x" * 300, "folder"])
def test_a_path_that_cannot_be_written_is_named_as_its_caller_knows_it(tmp_path, name):
    (tmp_path / "folder").mkdir()
    path = str(tmp_path / name)
    with pytest.raises(UserError) as caught:
        with files.writing("something else"):
            files.write_atomically(path, b"content")
    assert str(caught.value).startswith(f"{path} can't be written (")
    assert ".tmp" not in str(caught.value)
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize("sub_folder", ["", "samples"])
def test_what_a_killed_process_was_writing_goes(tmp_path, sub_folder):
    (tmp_path / sub_folder).mkdir(exist_ok=True)
    path = tmp_path / sub_folder / "curves.png"
    path.write_bytes(b"old")
    with writing_half(path) as process:
        half = path.parent / f".curves.png.{process}.tmp"
        files.remove_leftovers(tmp_path)  # it is still writing
        assert half.read_bytes() == b"half"
    assert half.exists()
    files.remove_leftovers(tmp_path)
    assert os.listdir(path.parent) == ["curves.png"] and path.read_bytes() == b"old"


def test_folders_and_files_of_an_earlier_process_with_the_same_number_go(tmp_path):
    Path(files.temporary_path(tmp_path / "a")).write_text("half")
    Path(files.temporary_path(tmp_path / "b")).mkdir()
    (Path(files.temporary_path(tmp_path / "b")) / "inner").write_text("half")
    files.remove_leftovers(tmp_path)
    assert os.listdir(tmp_path) == []


def test_what_is_no_leftover_stays(tmp_path, ended):
    names = [
        "curves.png", "a.tmp", ".a.tmp", f"a.{ended}.tmp", f".a.{ended}.tmp.png",
        ".a.x.tmp", ".a.0.tmp", ".a.-1.tmp", ".a.99999999999999999999.tmp",
        f".{ended}.tmp", ".lock", f".a.{os.getppid()}.tmp",
    ]  # fmt: skip
    deep = tmp_path / "sub" / "deeper"
    deep.mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "sub"):
        for name in names:
            (folder / name).write_text("")
    (deep / f".a.{ended}.tmp").write_text("")
    before = sorted(tmp_path.rglob("*"))
    files.remove_leftovers(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_links_are_not_followed(tmp_path, ended):
    other = tmp_path / "other"
    other.mkdir()
    (other / f".a.{ended}.tmp").write_text("another run's")
    (other / "kept").write_text("")
    run = tmp_path / "run"
    run.mkdir()
    os.symlink(other, run / "link")
    os.symlink(other, run / f".b.{ended}.tmp")
    files.remove_leftovers(run)
    assert sorted(os.listdir(other)) == [f".a.{ended}.tmp", "kept"]
    assert os.listdir(run) == ["link"]


def test_a_folder_that_is_not_there_has_no_leftovers(tmp_path):
    files.remove_leftovers(tmp_path / "none")
    (tmp_path / "file").write_text("")
    files.remove_leftovers(tmp_path / "file")


def test_a_leftover_that_cannot_be_removed_is_told(tmp_path, monkeypatch, ended):
    (tmp_path / f".a.{ended}.tmp").write_text("")

    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "remove", refuse)
    with pytest.raises(UserError, match=rf"\.a\.{ended}\.tmp can't be written .Perm"):
        with files.writing(tmp_path):
            files.remove_leftovers(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "socket", "missing"])
def test_only_plain_files_are_opened(tmp_path, kind):
    path = tmp_path / "a"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        os.symlink("/dev/zero", path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        server.bind(osp.relpath(path))
        server.close()
    start = time.monotonic()
    with pytest.raises(OSError) as caught:
        files.open_plain(path)
    assert str(caught.value.filename) == str(path)
    assert caught.value.strerror
    assert time.monotonic() - start < 5


def test_a_plain_file_by_a_link(tmp_path):
    (tmp_path / "a").write_bytes(b"content")
    os.symlink(tmp_path / "a", tmp_path / "b")
    with files.open_plain(tmp_path / "b") as file:
        assert file.read() == b"content"
