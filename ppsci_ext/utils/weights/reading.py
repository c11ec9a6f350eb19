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

"""What all readers of weights files tell of faults."""

from __future__ import annotations

import contextlib
import struct
import zipfile
import zlib
from typing import BinaryIO
from typing import Iterator

from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.errors import shown
from ppsci_ext.utils.files import PathLike
from ppsci_ext.utils.files import open_plain
from ppsci_ext.utils.pickles import ForbiddenName

MAX_OPERATIONS = 1 << 20  # of a pickle; that of ResNet-56 has some ten thousand


@contextlib.contextmanager
def reading(path: PathLike, framework: str) -> Iterator[BinaryIO]:
    """Open a weights file and turn its faults into sentences.

    Args:
        path (PathLike): File.
        framework (str): Whose weights it should hold, for a message.

    Raises:
        UserError: If the file is not there or no plain file, or the block finds it damaged
            or hostile.
    """
    try:
        with open_plain(path) as file:
            yield file
    except UserError:
        raise
    except OSError as error:
        raise UserError(
            f"{path} can't be read ({error.strerror or error}): give the path of an existing file."
        ) from error
    except ForbiddenName as error:
        raise UserError(
            f"{path} is refused because loading it would call {error.name}, which plain "
            "weights don't need: save the network's state dict alone."
        ) from error
    except MemoryError as error:
        raise UserError(
            f"{path} holds more than fits into the memory: use a machine with more."
        ) from error
    except (
        EOFError,
        LookupError,
        OverflowError,
        RuntimeError,
        TypeError,
        ValueError,
        struct.error,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:  # what zipfile, NumPy and the readers raise on damaged files
        raise UserError(
            f"{path} is truncated, damaged or no {framework} weights file ({shown(error)}): "
            "fetch or save it anew."
        ) from error
