"""Functions that are compiled when they are first needed, and called without the compiler where they are kept.

To import numba and to set it up takes longer than to match ten thousand events. So a decorated function holds nothing
of numba until something asks for it: compiled code that calls it, or a call of machine code that no run has
kept. What is kept for a `Direct` function is an object file that calls neither Python nor numba; LLVM alone loads it.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property, update_wrapper
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np

from undertow.kept import kept_in

_ENGINES: Final[list[Any]] = []
"""What holds loaded code: it lives as long as the process."""
_WRITTEN_ALIGNED: Final = 0x500
"""Bits of an array's flags that machine code depends on, beside its order: whether it may be written, and is aligned."""
_NUMBERS: Final[dict[type, str]] = {bool: "|b1", int: "<i8", float: "<f8"}
_WORDS: Final[dict[str, Any]] = {
    "|b1": ctypes.c_uint8,
    "|u1": ctypes.c_uint8,
    "|i1": ctypes.c_int8,
    "<i4": ctypes.c_int32,
    "<u4": ctypes.c_uint32,
    "<i8": ctypes.c_int64,
    "<u8": ctypes.c_uint64,
    "<f8": ctypes.c_double,
}
_RESULTS: Final[dict[str, Any]] = {
    "none": ctypes.c_void_p,
    "int64": ctypes.c_int64,
    "bool": ctypes.c_uint8,
}
"""Where a result of numba's type is written to; what is written for nothing is a null address."""
_CHECK: Final = 16
"""Bytes of the hash before what is kept: a file cut short by a full disk is never run."""


class Late:
    """A function for compiled code, compiled by numba when first asked for."""

    def __init__(self, function: Callable[..., Any], options: dict[str, bool]) -> None:
        update_wrapper(self, function)
        self.py_func, self._options = function, options
        self._dispatcher: Any = None

    @property
    def dispatcher(self) -> Any:  # noqa: ANN401  # numba's own
        """The function as numba knows it."""
        from numba.core.compiler_lock import global_compiler_lock

        # No lock of our own: what is being compiled asks for what it calls, and holds this one.
        with global_compiler_lock:
            if self._dispatcher is None:
                self._dispatcher = self._dispatched()
        return self._dispatcher

    def _dispatched(self) -> Any:  # noqa: ANN401  # numba's own
        import numba
        from numba.core import config

        # numba's hints know neither its settings nor some options of `njit`.
        settings: Any = config
        njit: Any = numba.njit
        usual = settings.CACHE_DIR
        settings.CACHE_DIR = str(kept_in(self.py_func.__module__.split(".")[1]))
        try:
            made = njit(self.py_func, cache=True, nogil=True, **self._options)
        finally:
            settings.CACHE_DIR = usual
        if self._options.get("no_cpython_wrapper"):
            _once_for_numbers(made)
        return made

    @property
    def _numba_type_(self) -> Any:  # noqa: ANN401  # numba's own
        """What numba asks an object for that compiled code names."""
        return self.dispatcher._numba_type_  # as numba does

    def compile(self, *given: object) -> None:
        """Compile for arguments of these types, unless that is done."""
        self.compiled(given)

    def compiled(self, given: Sequence[object]) -> Any:  # noqa: ANN401  # numba's own
        """Compile for arguments of these types; gives what numba says of it."""
        import numba

        named: Any = numba
        kinds = tuple(named.types.unliteral(named.typeof(one)) for one in given)
        self.dispatcher.compile(kinds)
        return self.dispatcher.overloads[kinds]

    def __call__(self, *given: object) -> Any:  # noqa: ANN401  # what the function gives
        """Call as numba does."""
        return self.dispatcher(*given)


class Written:
    """A word of compiled code that is written in LLVM's own words: of whole numbers, giving one or nothing."""

    def __init__(self, code: Callable[..., Any], *, silent: bool) -> None:
        self._code, self._silent = code, silent

    @cached_property
    def _numba_type_(self) -> Any:  # noqa: ANN401  # numba's own
        from llvmlite import ir
        from numba import types
        from numba.core.registry import cpu_target
        from numba.extending import intrinsic

        def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401  # numba's own
            value = self._code(ir, builder, *values)
            return context.get_dummy_value() if self._silent else value

        many = len(signature(self._code).parameters) - 2
        result = types.void if self._silent else types.int64
        form = result(*[types.int64] * many)
        # numba reads from a function how many values a word takes.
        asked: dict[int, Callable[..., Any]] = {
            1: lambda _typing, _one: (form, code),
            2: lambda _typing, _one, _other: (form, code),
        }
        made: Any = intrinsic
        word = made(asked[many])
        context = cpu_target.typing_context
        context.refresh()
        return context.resolve_value_type(word)


def _once_for_numbers(dispatcher: Any) -> None:  # noqa: ANN401  # numba's own
    """Let a number that is written out in a call be a number like any other.

    Otherwise numba would compile the function once more for each such number.
    """
    import numba

    unliteral: Any = numba.types.unliteral
    usual = dispatcher.get_call_template

    def get_call_template(given: Sequence[Any], named: Mapping[str, Any]) -> Any:  # noqa: ANN401  # numba's own
        plain = {name: unliteral(kind) for name, kind in named.items()}
        return usual(tuple(unliteral(kind) for kind in given), plain)

    dispatcher.get_call_template = get_call_template


class Direct(Late):
    """A function of arrays, numbers and tuples of these that Python calls at its address.

    It makes no arrays and gives nothing or numbers. numba hands over an array as seven words or more; so does this.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(
            function, {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        )
        self._ready: dict[tuple[Any, ...], tuple[Any, str]] = {}
        self._making = Lock()

    def compile(self, *given: object) -> None:
        """Compile for arguments of these types, for Python and for compiled code, unless that is done."""
        super().compile(*given)
        self._laid_out(given)

    def __call__(self, *given: object) -> Any:  # noqa: ANN401  # what the function gives
        """Call the machine code for arguments of these types, and make it where there is none."""
        call, kind, words = self._laid_out(given)
        result = _RESULTS[kind]()
        if call(ctypes.byref(result), ctypes.byref(ctypes.c_void_p()), *words):
            raise RuntimeError(f"compiled code of {self.py_func.__qualname__} raised a fault")
        return bool(result.value) if kind == "bool" else result.value

    def _laid_out(self, given: Sequence[object]) -> tuple[Any, str, list[Any]]:
        kinds: list[Any] = []
        words: list[Any] = []
        for one in given:
            _lay_out(one, kinds, words)
        key = tuple(kinds)
        if key not in self._ready:
            with self._making:
                if key not in self._ready:
                    self._ready[key] = self._made(key, given)
        return *self._ready[key], words

    def _made(self, key: tuple[Any, ...], given: Sequence[object]) -> tuple[Any, str]:
        module = self.py_func.__module__
        told = hashlib.sha256(f"{key} {_machine()}".encode()).hexdigest()[:16]
        name = f"{module.rsplit('.', 1)[1]}.{self.py_func.__name__}-{told}.code"
        path = kept_in(module.split(".")[1]) / name
        kept = _read(path)
        if kept is None:
            made = self.compiled(given)
            head = f"{made.fndesc.mangled_name} {made.signature.return_type}\n"
            kept = head.encode() + _object_of(made.library)
            _keep(path, kept)
        first, _, code = kept.partition(b"\n")
        symbol, kind = first.decode().split(" ")
        return _function(symbol, code, key), kind


def _lay_out(one: object, kinds: list[Any], words: list[Any]) -> None:
    """Add what machine code depends on to `kinds`, and an argument as numba hands it over to `words`."""
    if isinstance(one, np.ndarray):
        facts, flags = one.__array_interface__, one.flags.num
        order = 1 if flags & 1 else flags & 2
        kinds.append((facts["typestr"], one.ndim, flags & _WRITTEN_ALIGNED | order))
        words += (
            None,
            None,
            one.size,
            one.itemsize,
            facts["data"][0],
            *one.shape,
            *one.strides,
        )
    elif isinstance(one, tuple):
        kinds.append((type(one).__qualname__, len(one)))
        for part in one:
            _lay_out(part, kinds, words)
    else:
        kinds.append(one.dtype.str if isinstance(one, np.generic) else _NUMBERS[type(one)])
        words.append(one.item() if isinstance(one, np.generic) else one)


def _object_of(library: Any) -> bytes:  # noqa: ANN401  # numba's own
    """Give the object file of a compiled function: numba's, or made again where numba took it from its own cache."""
    made: bytes | None = library._compiled_object  # noqa: SLF001  # as numba's own cache does
    if made is None:
        form = library._get_module_for_linking()  # noqa: SLF001  # the function in LLVM's own words
        made = _target().emit_object(form)
    return made


def _function(symbol: str, code: bytes, key: tuple[Any, ...]) -> Any:  # noqa: ANN401  # of ctypes
    """Load an object file and give what calls its function."""
    binding = _llvm()
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _target())
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _ENGINES.append(engine)
    words: list[Any] = []
    for kind in key:
        if isinstance(kind, str):
            words.append(_WORDS[kind])
        elif len(kind) == 3:
            sizes = [ctypes.c_int64] * 2
            words += (*[ctypes.c_void_p] * 2, *sizes, ctypes.c_void_p, *sizes * kind[1])
    form = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *words)
    address = engine.get_function_address(symbol)
    if not address:
        raise RuntimeError(f"no machine code of {symbol}")
    return form(address)


@cache
def _llvm() -> Any:  # noqa: ANN401  # llvmlite's own
    """Give LLVM, ready for this machine."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


def _target() -> Any:  # noqa: ANN401  # llvmlite's own
    """Give what makes code for this machine as numba does; what loads code keeps it to itself."""
    binding = _llvm()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        codemodel="jitdefault",
        jit=True,
    )


@cache
def _machine() -> str:
    """Name all but sources and types that machine code depends on: processor, compiler, Python."""
    binding = _llvm()
    found = find_spec("numba")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("numba")
    version = (Path(found.origin).parent / "_version.py").read_bytes()
    return "\n".join(
        (
            binding.get_host_cpu_name(),
            binding.get_host_cpu_features().flatten(),
            hashlib.sha256(version).hexdigest(),
            str(sys.version_info[:2]),
        )
    )


def _read(path: Path) -> bytes | None:
    """Read what is kept; None where nothing is, or not all of it."""
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    whole = hashlib.sha256(kept[_CHECK:]).digest()[:_CHECK] == kept[:_CHECK]
    return kept[_CHECK:] if whole else None


def _keep(path: Path, code: bytes) -> None:
    """Keep machine code for later runs; where the folder cannot be written, this run alone has it."""
    part = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(hashlib.sha256(code).digest()[:_CHECK] + code)
        part.replace(path)
    except OSError:
        with suppress(OSError):  # there may be nothing to remove, or no right to
            part.unlink()
