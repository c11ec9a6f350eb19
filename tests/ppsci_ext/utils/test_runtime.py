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

import os
import subprocess
import sys
from os import path as osp

from ppsci_ext.utils.runtime import cpu_settings
from ppsci_ext.utils.runtime import cpu_vendor

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))))
PROGRAM = """
import sys
import ppsci_ext.utils
assert "paddle" not in sys.modules
import os
print(*[os.environ.get(name) for name in sys.argv[1:]])
"""


def environment_after_import(**given: str) -> list:
    names = ["MKL_NUM_THREADS", "OMP_NUM_THREADS", "MKL_DEBUG_CPU_TYPE"]
    env = {k: v for k, v in os.environ.items() if k not in names}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *names],
        env={**env, **given},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_settings_by_vendor():
    assert cpu_settings("AuthenticAMD", 2) == {
        "MKL_NUM_THREADS": "2",
        "OMP_NUM_THREADS": "2",
        "MKL_DEBUG_CPU_TYPE": "5",
    }
    assert "MKL_DEBUG_CPU_TYPE" not in cpu_settings("GenuineIntel", 4)


def test_vendor_is_read_from_cpuinfo(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nvendor_id\t: AuthenticAMD\n")
    assert cpu_vendor(str(path)) == "AuthenticAMD"
    assert cpu_vendor(str(tmp_path / "none")) is None


def test_set_on_import_before_paddle():
    cores = str(len(os.sched_getaffinity(0)))
    expected = cpu_settings(cpu_vendor() or "", len(os.sched_getaffinity(0)))
    found = environment_after_import()
    assert found[:2] == [cores, cores]
    assert found[2] == expected.get("MKL_DEBUG_CPU_TYPE", "None")


def test_the_users_values_win():
    found = environment_after_import(MKL_NUM_THREADS="7", MKL_DEBUG_CPU_TYPE="4")
    assert found[0] == "7" and found[2] == "4"
