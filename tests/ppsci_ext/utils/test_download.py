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

import hashlib
import http.server
import os
import threading

import numpy as np
import pytest

from ppsci_ext.utils import download as module
from ppsci_ext.utils.download import download
from ppsci_ext.utils.errors import UserError

CONTENT = np.random.default_rng(0).bytes(300_000)
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


class Server:
    """What the next answers are like, and the requests that came (their Range)."""

    def __init__(self):
        self.ranges = []
        self.cut_after = []  # bytes after which the next connections break off
        self.status = None
        self.knows_ranges = True
        self.headers = {}
        self.content = CONTENT


@pytest.fixture
def server(monkeypatch):
    plan = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            plan.ranges.append(wanted)
            if plan.status is not None:
                self.send_error(plan.status)
                return
            start = int(wanted[6:-1]) if wanted and plan.knows_ranges else 0
            if start >= len(plan.content):
                self.send_error(416)
                return
            body = plan.content[start:]
            self.send_response(206 if start else 200)
            if start:
                total = len(plan.content)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            self.send_header("Content-Length", str(len(body)))
            for name, value in plan.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: plan.cut_after.pop(0)] if plan.cut_after else body)

        def log_message(self, *arguments):
            pass

    monkeypatch.setattr(module, "SECONDS_BETWEEN_ATTEMPTS", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
    plan.url = f"http://127.0.0.1:{httpd.server_port}/file.tar.gz"
    yield plan
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "new" / "file.tar.gz")


def folder(path):
    return {
        name: open(os.path.join(os.path.dirname(path), name), "rb").read()
        for name in os.listdir(os.path.dirname(path))
    }


def test_downloads_into_a_new_folder(server, path):
    assert download(server.url, path, MD5) == path
    assert folder(path) == {"file.tar.gz": CONTENT}


def test_bytes_are_stored_as_they_come(server, path):
    # some servers call a .gz file an encoding; to decode it would change the file
    server.headers = {"Content-Encoding": "gzip"}
    download(server.url, path, MD5)
    assert folder(path) == {"file.tar.gz": CONTENT}


def test_right_file_is_not_fetched_again(server, path):
    download(server.url, path, MD5)
    download(server.url, path, MD5)
    assert len(server.ranges) == 1


@pytest.mark.parametrize("digits", [8, 64])
def test_sha256_of_any_length(server, path, digits):
    checksum = SHA256[: len("sha256:") + digits]
    download(server.url, path, checksum)
    assert folder(path) == {"file.tar.gz": CONTENT}
    server.content = b"something else"
    os.remove(path)
    with pytest.raises(UserError, match=f"expected {checksum}"):
        download(server.url, path, checksum)


def test_without_a_checksum_what_is_there_is_kept(server, path):
    download(server.url, path, None)
    server.content = b"something else"
    download(server.url, path, None)
    assert folder(path) == {"file.tar.gz": CONTENT}
    assert len(server.ranges) == 1


def test_wrong_file_is_replaced(server, path):
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(b"damaged")
    download(server.url, path, MD5)
    assert folder(path) == {"file.tar.gz": CONTENT}


def test_goes_on_after_cut_transfers(server, path):
    server.cut_after = [140_000, 100_000]
    download(server.url, path, MD5)
    assert folder(path) == {"file.tar.gz": CONTENT}
    starts = [int(wanted[6:-1]) for wanted in server.ranges[1:]]
    assert len(starts) == 2
    assert 0 < starts[0] <= 140_000 < starts[1] <= 240_000


def test_goes_on_in_a_later_call(server, path):
    server.cut_after = [70_000] * module.ATTEMPTS
    server.knows_ranges = False  # so that the attempts come to nothing
    with pytest.raises(UserError, match="cannot download"):
        download(server.url, path, MD5)
    assert list(folder(path)) == ["file.tar.gz.part"]
    server.knows_ranges = True
    download(server.url, path, MD5)
    assert server.ranges[-1] != "bytes=0-"
    assert folder(path) == {"file.tar.gz": CONTENT}


def test_server_without_ranges_sends_all_again(server, path):
    server.cut_after = [140_000]
    server.knows_ranges = False
    download(server.url, path, MD5)
    assert folder(path) == {"file.tar.gz": CONTENT}


def test_part_that_is_complete_already(server, path):
    os.makedirs(os.path.dirname(path))
    with open(path + ".part", "wb") as file:
        file.write(CONTENT)
    download(server.url, path, MD5)
    assert folder(path) == {"file.tar.gz": CONTENT}


def test_wrong_checksum_leaves_nothing(server, path):
    server.content = b"<html>please log in</html>"
    found = hashlib.md5(server.content).hexdigest()
    with pytest.raises(UserError) as caught:
        download(server.url, path, MD5)
    for part in (server.url, MD5, found, path):
        assert part in str(caught.value)
    assert folder(path) == {}


def test_wrong_checksum_keeps_what_was_there(server, path):
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(b"of the user")
    server.content = b"something else"
    with pytest.raises(UserError):
        download(server.url, path, MD5)
    assert folder(path) == {"file.tar.gz": b"of the user"}


def test_stale_part_of_another_file_is_thrown_away(server, path):
    os.makedirs(os.path.dirname(path))
    with open(path + ".part", "wb") as file:
        file.write(b"of an older version")
    with pytest.raises(UserError, match="try again"):
        download(server.url, path, MD5)
    download(server.url, path, MD5)
    assert folder(path) == {"file.tar.gz": CONTENT}


@pytest.mark.parametrize("status", [404, 503])
def test_refusal_is_a_user_error(server, path, status):
    server.status = status
    with pytest.raises(UserError, match=str(status)) as caught:
        download(server.url, path, MD5)
    assert path in str(caught.value) and server.url in str(caught.value)
    assert len(server.ranges) == module.ATTEMPTS
    assert folder(path) == {}


def test_nobody_listens(server, path):
    address = "http://127.0.0.1:9/file"  # the discard port
    with pytest.raises(UserError, match=r"\(no connection\).*by hand"):
        download(address, path, MD5)
    assert folder(path) == {}


def test_folder_cannot_be_made(server, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UserError, match="cannot write"):
        download(server.url, str(tmp_path / "taken" / "file"), MD5)
