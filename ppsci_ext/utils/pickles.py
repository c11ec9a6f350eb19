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

"""Reading pickles without running anything in them.

A pickle is a program for a machine with a stack, and Python's own machine calls whatever function
of whatever module the program names. It can also be kept busy for ever: hashing pairs of pairs of
pairs as the key of a dictionary takes 2^40 steps for 40 of them, and a million nested ones
overflow the stack of C.

The machine here knows the operations that data consist of and no others. It gets the few names
that it knows from its caller, and hashes, compares or copies no value of the file before it is
known to be small. Nothing in it recurses, so that nesting costs nothing.
"""

from __future__ import annotations

import io
import pickletools
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Mapping
from typing import NamedTuple
from typing import Optional
from typing import Sequence
from typing import Tuple

from ppsci_ext.utils.errors import shown

_MAX_KEY = 1 << 12  # characters or bytes of a dictionary's key
_MAX_INTEGER = 1 << 63
_FREE_CHARGE = 1000  # characters and items, for the shortest of files


class PickleError(ValueError):
    """A pickle that is damaged, or wants what its reader doesn't do."""


class ForbiddenName(PickleError):
    """A pickle that names a function or a type that its reader doesn't know.

    Attributes:
        name (str): The name, as it may stand in a message.
    """

    def __init__(self, module: str, name: str):
        self.name = shown(f"{module}.{name}")
        super().__init__(f"it asks to load {self.name}")


class Function(NamedTuple):
    """A name in a pickle that it may call.

    Args:
        call (Callable[..., Any]): Gets values of any type, which it must check before it hashes
            or compares them.
    """

    call: Callable[..., Any]


class Fillable:
    """What a pickle may create empty and fill afterwards (operation BUILD)."""

    __slots__ = ()

    def fill(self, state: Any) -> None:
        """Takes up the state, a value of any type."""
        raise NotImplementedError


def is_natural(value: Any) -> bool:
    """Whether a value is an integer that may be a length, a position or a stride."""
    return type(value) is int and 0 <= value < _MAX_INTEGER


def load_pickle(
    file: io.BytesIO,
    names: Mapping[Tuple[str, str], Any],
    max_operations: int,
    persistent: Optional[Callable[[Any], Any]] = None,
) -> Any:
    """Read one pickle.

    Args:
        file (io.BytesIO): Where it begins; afterwards, where it has ended. In memory, so that an
            announced length can't reserve more than there is.
        names (Mapping[Tuple[str, str], Any]): (module, name) -> a `Function`, or any value to
            stand for it.
        max_operations (int): How many operations it may have; each takes at most some hundred
            bytes of memory.
        persistent (Optional[Callable[[Any], Any]]): Makes a value of a persistent id, which may
            be of any type. Defaults to None: there are none.

    Returns:
        Any: Numbers, text (Python 2's strings, too, by latin-1), bytes, lists, tuples,
            dictionaries, and what functions and ids gave.

    Raises:
        ForbiddenName: If it names anything else.
        PickleError: If it is damaged, too long, or has an operation that data don't need.
    """
    start, size = file.tell(), file.seek(0, io.SEEK_END)
    file.seek(start)
    machine = _Machine(names, persistent, size)
    try:
        for number, (operation, argument, _) in enumerate(pickletools.genops(file)):
            if number >= max_operations:
                raise PickleError(f"it has more than {max_operations} operations")
            if operation.name not in _OPERATIONS:
                raise PickleError(f"it has an operation {operation.name}")
            _OPERATIONS[operation.name](machine, argument)
        return machine.stack.pop()
    except PickleError:
        raise
    except IndexError as error:
        raise PickleError("an operation lacks its arguments") from error
    except (LookupError, OverflowError, TypeError, ValueError) as error:
        raise PickleError(str(error)) from error


def ordered_dict(pairs: Any = ()) -> Dict[Any, Any]:
    """What a pickle gets for `collections.OrderedDict`, whose order any dictionary has."""
    result: Dict[Any, Any] = {}
    if type(pairs) not in (list, tuple):
        raise PickleError("a dictionary is made of something else than pairs")
    for pair in pairs:
        if type(pair) not in (list, tuple) or len(pair) != 2:
            raise PickleError("a dictionary is made of something else than pairs")
        _set_items(result, pair)
    return result


def _set_items(target: Any, keys_and_values: Sequence[Any]) -> Dict[Any, Any]:
    """Put keys and values, in turn, into a dictionary, and return it."""
    if type(target) is not dict or len(keys_and_values) % 2:
        raise PickleError("keys are set in something else than a dictionary")
    for key, value in zip(keys_and_values[::2], keys_and_values[1::2]):
        is_short_text = type(key) in (str, bytes) and len(key) <= _MAX_KEY
        is_small = type(key) in (int, bool) and -_MAX_INTEGER <= key < _MAX_INTEGER
        if not is_short_text and not is_small:
            raise PickleError(
                "a dictionary has a key that is neither a name nor a small number"
            )
        target[key] = value
    return target


class _Machine:
    """The stack and the parts of a pickle under way, and its operations.

    Args:
        names (Mapping[Tuple[str, str], Any]): See `load_pickle`.
        persistent (Optional[Callable[[Any], Any]]): See `load_pickle`.
        size (int): Bytes of the file.
    """

    def __init__(
        self,
        names: Mapping[Tuple[str, str], Any],
        persistent: Optional[Callable[[Any], Any]],
        size: int,
    ):
        self.stack: List[Any] = []
        self._marks: List[int] = []  # how high the stack was at each
        self.parts: Dict[int, Any] = {}
        self._names = names
        self._persistent = persistent
        self._budget = size + _FREE_CHARGE

    def _charge(self, values: Any) -> None:
        """Count the characters and items that a function gets, and may copy.

        A pickle can hand over the same long text again and again; what it hands over once
        stands in the file, and can't be more than that is long.
        """
        if type(values) is not tuple:
            raise PickleError("a function gets something else than arguments")
        self._budget -= len(values)
        if self._budget >= 0:
            sized = (str, list, tuple, dict)
            self._budget -= sum(len(v) for v in values if type(v) in sized)
        if self._budget < 0:
            raise PickleError("it hands more to functions than it holds")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self, _: Any) -> None:
        if self._marks and self._marks[-1] == len(self.stack):
            self._marks.pop()
        else:
            self.stack.pop()

    def mark(self, _: Any) -> None:
        self._marks.append(len(self.stack))

    def to_mark(self) -> List[Any]:
        """Take off the stack what is above the last mark, and the mark."""
        height = self._marks.pop()
        items = self.stack[height:]
        del self.stack[height:]
        return items

    def put(self, number: int) -> None:
        self.parts[number] = self.stack[-1]

    def get(self, number: int) -> None:
        if number not in self.parts:
            raise PickleError(f"it has no part {number}")
        self.stack.append(self.parts[number])

    def take(self, count: int) -> List[Any]:
        """Take so many values off the stack."""
        if len(self.stack) < count:
            raise PickleError("an operation lacks its arguments")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def extend(self, items: List[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise PickleError("items are appended to something else than a list")
        self.stack[-1].extend(items)

    def set_items(self, keys_and_values: List[Any]) -> None:
        _set_items(self.stack[-1], keys_and_values)

    def load_name(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise PickleError("a name is no text")
        if (module, name) not in self._names:
            raise ForbiddenName(module, name)
        self.push(self._names[module, name])

    def reduce(self, _: Any) -> None:
        function, arguments = self.take(2)
        if type(function) is not Function:
            raise PickleError("it calls something else than a function")
        self._charge(arguments)
        self.push(function.call(*arguments))

    def build(self, _: Any) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Fillable):
            self._charge(state)
            target.fill(state)
        elif type(target) is not dict:  # of whose attributes none is needed
            raise PickleError("it changes what is no part of it")

    def load_persistent(self, _: Any) -> None:
        if self._persistent is None:
            raise PickleError("it refers to something outside of it")
        identity = self.stack.pop()
        self._charge(identity)
        self.stack.append(self._persistent(identity))


_LITERALS = """INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT
    STRING BINSTRING SHORT_BINSTRING UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8
    BINBYTES SHORT_BINBYTES BINBYTES8""".split()

_OPERATIONS: Dict[str, Callable[[_Machine, Any], Any]] = {
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda machine, _: None),
    **dict.fromkeys(_LITERALS, _Machine.push),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "TUPLE1": lambda machine, _: machine.push(tuple(machine.take(1))),
    "TUPLE2": lambda machine, _: machine.push(tuple(machine.take(2))),
    "TUPLE3": lambda machine, _: machine.push(tuple(machine.take(3))),
    "MARK": _Machine.mark,
    "TUPLE": lambda machine, _: machine.push(tuple(machine.to_mark())),
    "LIST": lambda machine, _: machine.push(machine.to_mark()),
    "DICT": lambda machine, _: machine.push(_set_items({}, machine.to_mark())),
    "APPEND": lambda machine, _: machine.extend([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.to_mark()),
    "SETITEM": lambda machine, _: machine.set_items(machine.take(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.to_mark()),
    "POP": _Machine.pop,
    "POP_MARK": lambda machine, _: machine.to_mark(),
    "DUP": lambda machine, _: machine.push(machine.stack[-1]),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    "MEMOIZE": lambda machine, _: machine.put(len(machine.parts)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "GLOBAL": lambda machine, names: machine.load_name(*names.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.load_name(*machine.take(2)),
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.load_persistent,
}
