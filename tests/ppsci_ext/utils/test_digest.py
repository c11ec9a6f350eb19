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
import os

import pytest

from ppsci_ext.utils.digest import check_digest_in_name
from ppsci_ext.utils.digest import digest_in_name
from ppsci_ext.utils.digest import file_digest
from ppsci_ext.utils.errors import UserError


def test_sha256(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc" * 10**6)
    assert file_digest(path) == hashlib.sha256(b"abc" * 10**6).hexdigest()


def test_digest_of_a_real_file(real_data):
    path = f"{real_data}/weights/resnet56-4bfd9763.th"
    if not os.path.isfile(path):
        pytest.skip(f"there is no {path}")
    assert file_digest(path).startswith("4bfd9763")


def test_a_file_whose_name_tells_its_digest(tmp_path):
    digest = hashlib.sha256(b"abc").hexdigest()
    path = tmp_path / f"net-{digest[:8]}.pth"
    assert digest_in_name(path) == digest[:8]
    path.write_bytes(b"abc")
    check_digest_in_name(path)
    path.write_bytes(b"abd")
    with pytest.raises(UserError, match=f"not {digest[:8]} as its name says"):
        check_digest_in_name(path)
