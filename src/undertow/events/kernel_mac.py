"""Compiled HMAC-SHA-256 (RFC 2104, FIPS 180-4) of many names under one key: other threads go on meanwhile.

For few names the standard library does the same. `tests/events/test_log.py` holds the two to each other.
"""

from __future__ import annotations

from math import isqrt
from typing import Final

import numpy as np

from undertow.compiled import inlined, outer
from undertow.events.kernel_bytes import Array, byte

WORD: Final = 0xFFFFFFFF
BLOCK: Final = 64
"""Bytes that SHA-256 takes at a time."""


def _root(number: int, power: int) -> int:
    """Give the first 32 bits behind the point of a square or cube root."""
    if power == 2:
        return isqrt(number << 64) & WORD
    root: int = round((number << 96) ** (1 / 3))
    while root**3 > number << 96:
        root -= 1
    while (root + 1) ** 3 <= number << 96:
        root += 1
    return root & WORD


_PRIMES: Final = [n for n in range(2, 312) if all(n % k for k in range(2, isqrt(n) + 1))]
ROUNDS: Final = np.array([_root(prime, 3) for prime in _PRIMES], np.uint32)
START: Final = np.array([_root(prime, 2) for prime in _PRIMES[:8]], np.uint32)


@inlined
def turned(value: np.uint32, by: int) -> np.uint32:
    """Turn a word to the right."""
    return np.uint32((value >> np.uint32(by)) | (value << np.uint32(32 - by)))


@outer
def take_in(state: Array, block: Array) -> None:
    """Let SHA-256 take a block in.

    Args:
        state: uint32, (8), written.
        block: uint32, (64): sixteen words and room; written.
    """
    for t in range(16, 64):
        x, y = block[t - 15], block[t - 2]
        low = turned(x, 7) ^ turned(x, 18) ^ (x >> np.uint32(3))
        high = turned(y, 17) ^ turned(y, 19) ^ (y >> np.uint32(10))
        block[t] = np.uint32(block[t - 16] + low + block[t - 7] + high)
    a, b, c, d = state[0], state[1], state[2], state[3]
    e, f, g, h = state[4], state[5], state[6], state[7]
    for t in range(64):
        mixed = (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g))
        one = np.uint32(h + mixed + ROUNDS[t] + block[t])
        two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
        h, g, f, e = g, f, e, np.uint32(d + one)
        d, c, b, a = c, b, a, np.uint32(one + two)
    for k, word in enumerate((a, b, c, d, e, f, g, h)):
        state[k] = np.uint32(state[k] + word)


@outer
def macs(begins: Array, address: int, inner: Array, outside: Array, found: Array) -> None:
    """Hash names as HMAC does.

    Args:
        begins, address: the names, a text column as in `kernel_texts`.
        inner, outside: uint32, (8): what SHA-256 is when it has taken in the key under either pad.
        found: uint32, (n, 8), written: the words of each hash.
    """
    block, state = np.empty(64, np.uint32), np.empty(8, np.uint32)
    for i in range(len(found)):
        size: int = np.int64(begins[i + 1] - begins[i])  # type: ignore[assignment]  # compiled code knows one kind of integer
        at = address + begins[i]
        for k in range(8):
            state[k] = inner[k]
        # The name, one bit, zeros, and how many bits there were, the key's block among them.
        for low in range(0, size + 9, BLOCK):
            for w in range(16):
                value = 0
                for k in range(low + 4 * w, low + 4 * w + 4):
                    value = (value << 8) | (
                        byte(at + k) if k < size else 0x80 if k == size else 0
                    )
                block[w] = np.uint32(value)
            if low + BLOCK >= size + 9:
                block[15] = np.uint32(8 * (BLOCK + size))
            take_in(state, block)
        for k in range(8):
            block[k], block[k + 8], state[k] = state[k], np.uint32(0), outside[k]
        block[8], block[15] = np.uint32(0x80000000), np.uint32(8 * (BLOCK + 32))
        take_in(state, block)
        for k in range(8):
            found[i, k] = state[k]
