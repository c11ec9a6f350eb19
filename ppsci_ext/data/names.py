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

import difflib
from typing import Sequence

from ppsci_ext.utils.errors import UserError


def unknown_name(what: str, name: object, valid: Sequence[str]) -> UserError:
    """Builds the error for a name that is none of the valid ones.

    Args:
        what (str): What is being named, e.g. "data set".
        name (object): The name that was given.
        valid (Sequence[str]): The names that exist, at least one.

    Returns:
        UserError: To be raised by the caller; names the nearest valid name and all of
            them.
    """
    return UserError(
        f"unknown {what} {name!r}: did you mean {nearest_name(name, valid)!r} "
        f"(valid names are {', '.join(valid)})?"
    )


def nearest_name(name: object, valid: Sequence[str]) -> str:
    """Finds the valid name that was probably meant.

    Args:
        name (object): The name that was given.
        valid (Sequence[str]): The names that exist, at least one.

    Returns:
        str: The one that looks most like it, upper and lower case being the same.
    """
    names = {one.lower(): one for one in valid}
    return names[difflib.get_close_matches(str(name).lower(), names, 1, cutoff=0.0)[0]]
