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

"""Digests of files."""

from __future__ import annotations

import hashlib
import os
import re
from typing import BinaryIO
from typing import Optional
from typing import Union

from ppsci_ext.utils.errors import UserError
from ppsci_ext.utils.files import open_plain


def file_digest(path: Union[str, "os.PathLike[str]"], algorithm: str = "sha256") -> str:
    """Digest of a file's content.

    Args:
        path (Union[str, os.PathLike[str]]): File to read.
        algorithm (str): Its name in hashlib. Defaults to "sha256".

    Returns:
        str: Hexadecimal digits, lower case.

    Raises:
        UserError: If the file can't be read.
    """
    try:
        with open_plain(path) as file:
            return stream_digest(file, algorithm)
    except OSError as error:
        raise UserError(
            f"{path} can't be read ({error.strerror}): give the path of an existing "
            "file."
        ) from error


def stream_digest(stream: BinaryIO, algorithm: str = "sha256") -> str:
    """Digest of what is left to be read of a stream.

    Args:
        stream (BinaryIO): Where to read.
        algorithm (str): Its name in hashlib. Defaults to "sha256".

    Returns:
        str: Hexadecimal digits, lower case.

    Raises:
        OSError: If it can't be read.
    """
    digest = hashlib.new(algorithm)
    for block in iter(lambda: stream.read(1 << 20), b""):
        digest.update(block)
    return digest.hexdigest()


def digest_in_name(path: Union[str, "os.PathLike[str]"]) -> Optional[str]:
    """First digits of a file's SHA-256, where its name tells them.

    Published weights are called NAME-<digits>.EXTENSION, the convention of torch.hub.

    Args:
        path (Union[str, os.PathLike[str]]): Path or address.

    Returns:
        Optional[str]: At least eight hexadecimal digits, or None.
    """
    match = re.search(r"-([0-9a-f]{8,64})\.[A-Za-z]+$", os.fspath(path))
    return match and match.group(1)


def check_digest_in_name(path: Union[str, "os.PathLike[str]"]) -> None:
    """Check a file against the digits in its name, if there are any.

    Args:
        path (Union[str, os.PathLike[str]]): File.

    Raises:
        UserError: If the content is not what the name says, or can't be read.
    """
    expected = digest_in_name(path)
    found = file_digest(path)
    if expected is not None and not found.startswith(expected):
        raise UserError(
            f"{path} is another file or damaged (its SHA-256 begins with "
            f"{found[: len(expected)]}, not {expected} as its name says): fetch it anew."
        )
