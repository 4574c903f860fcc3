# SPDX-License-Identifier: MIT
"""A pool of 8 threads, 160 jobs that allocate; near the end, a copy of /proc/self/maps to the file named as argument."""
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor


def job(seed):
    data = bytearray((seed * i) & 255 for i in range(20000)) * (1 + seed % 12)
    packed = zlib.compress(bytes(data), 1)
    table = {i: str(i * seed) for i in range(800)}
    return len(packed) + len(table)


with ThreadPoolExecutor(8) as pool:
    total = sum(pool.map(job, range(160)))
    with open("/proc/self/maps", "rb", buffering=0) as maps:
        text = b"".join(iter(lambda: maps.read(1 << 20), b""))
with open(sys.argv[1], "wb") as copy:
    copy.write(text)
print(total)
