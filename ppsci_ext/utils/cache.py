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

"""The folder for what is fetched or computed once and used by many runs."""

from __future__ import annotations

import os
from os import path as osp
from typing import Optional

VARIABLE = "PPSCI_EXT_CACHE"


def cache_folder(folder: Optional[str] = None) -> str:
    """Choose the cache folder; nothing is created.

    Args:
        folder (Optional[str]): The user's choice. Defaults to None: the environment
            variable PPSCI_EXT_CACHE, else `ppsci_ext` in the user's cache directory
            (XDG_CACHE_HOME, else ~/.cache).

    Returns:
        str: Absolute path.
    """
    user_cache = os.environ.get("XDG_CACHE_HOME") or osp.join("~", ".cache")
    folder = folder or os.environ.get(VARIABLE) or osp.join(user_cache, "ppsci_ext")
    return osp.abspath(osp.expanduser(folder))
