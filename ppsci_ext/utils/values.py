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

"""Ranges of numbers, named once for the configuration and for calls from Python."""

from __future__ import annotations

from typing import Annotated
from typing import Any

import numpy as np
from pydantic import Field
from pydantic import TypeAdapter
from pydantic import ValidationError

from ppsci_ext.utils.errors import UserError

INT32_MAX = 2**31 - 1

# The upper limits are far beyond what has ever been trained. They turn a slip of the pen into
# a sentence, not into a machine that has run out of memory.
Count = Annotated[int, Field(ge=1, le=INT32_MAX)]
BatchSize = Annotated[int, Field(ge=1, le=2**20)]
Samples = Annotated[int, Field(ge=1, le=10**6)]
Width = Annotated[int, Field(ge=1, le=2**14)]
Classes = Annotated[int, Field(ge=0, le=2**14)]  # 0: there are none
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
NotNegative = Annotated[float, Field(ge=0, le=1e6)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Text = Annotated[str, Field(min_length=1)]


def check_value(name: str, value: Any, kind: Any) -> Any:
    """Check one argument of a call against the range that the configuration's key has.

    Args:
        name (str): Name of the argument.
        value (Any): What was given; NumPy's numbers are as good as Python's.
        kind (Any): Annotated type, such as Count.

    Returns:
        Any: The value.

    Raises:
        UserError: Naming the argument, its value and what it may be.
    """
    if isinstance(value, np.generic):
        value = value.item()
    adapter = TypeAdapter(kind, config={"strict": True, "allow_inf_nan": False})
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        message = error.errors()[0]["msg"].replace("Value error, ", "")
        raise UserError(
            f"{name}={value!r} is refused: {message[0].lower()}{message[1:]}."
        ) from error
