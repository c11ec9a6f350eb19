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

_MAX_SHOWN = 200  # characters of a foreign text in a message


def shown(text: object) -> str:
    """A text from elsewhere as it may stand in a message: one line, and not a long one.

    Args:
        text (object): Name found in a file, or an exception.
    """
    line = " ".join(str(text).split()) or type(text).__name__
    line = "".join(c if c.isprintable() else "?" for c in line[: _MAX_SHOWN + 1])
    return line if len(line) <= _MAX_SHOWN else f"{line[:_MAX_SHOWN]}..."


class UserError(ValueError):
    """A mistake of the user's: bad configuration, missing or damaged file.

    Its message is one sentence that names the file or key, what is wrong with it and
    what to do. Command-line entry points print it without a traceback and exit
    with `status`.

    Attributes:
        status (int): Exit status, 2.
    """

    status = 2
