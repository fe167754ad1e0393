#!/usr/bin/env python3
# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Do the times of replies tell whether a mailbox exists (CAS §8.5)? Asks a server on loopback for an existing and an
unknown mailbox at a domain that requires CAS, in turn, and compares the two samples with the Mann-Whitney U test.

    CAS=build/release/cas bench/reply_timing.py [--samples 5000] [--mode required|optional]

It prints both distributions, the statistic and the p-value, and a verdict. It is no test: on a busy machine the numbers
mean little, and a p-value below 0.01 turns up once in a hundred runs by itself. See README.md.
"""
import argparse
import math
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))

from e2e.harness import World  # noqa: E402
from e2e.peer import connect  # noqa: E402

SIGNIFICANT = 0.01
KNOWN, UNKNOWN = "known", "unknown"


def ranks(values):
    """Each value's rank from 1, ties sharing the mean; and the sizes of the ties."""
    order = sorted(range(len(values)), key=values.__getitem__)
    result, ties, start = [0.0] * len(values), [], 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for i in range(start, end + 1):
            result[order[i]] = (start + end) / 2 + 1
        ties.append(end - start + 1)
        start = end + 1
    return result, ties


def mann_whitney(a, b):
    """U of the first sample, the two-sided p-value by the normal approximation with ties, and how probable it is that a
    value of the first is greater than one of the second (0.5: they tell nothing)."""
    rank, ties = ranks(a + b)
    n, m = len(a), len(b)
    u = sum(rank[:n]) - n * (n + 1) / 2
    total = n + m
    variance = n * m / 12 * (total + 1 - sum(t**3 - t for t in ties) / (total * (total - 1)))
    if variance == 0:
        return u, 1.0, 0.5
    z = (abs(u - n * m / 2) - 0.5) / math.sqrt(variance)
    return u, math.erfc(max(z, 0.0) / math.sqrt(2)), u / (n * m)


def self_check():
    """Against values worked out by hand: the test below must not be what is broken."""
    assert ranks([3, 1, 3, 2]) == ([3.5, 1.0, 3.5, 2.0], [1, 1, 2])
    u, p, effect = mann_whitney([1, 2, 3, 4], [5, 6, 7, 8])
    assert (u, effect) == (0, 0.0) and abs(p - 0.0304) < 0.0001, (u, p, effect)
    assert mann_whitney([1, 2, 3], [1, 2, 3])[1] == 1.0
    source = random.Random(2)
    a, b = ([source.gauss(0, 1) for _ in range(500)] for _ in range(2))
    assert mann_whitney(a, b)[1] > 0.01 and mann_whitney(a, [x + 1 for x in b])[1] < 1e-6


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def ask(peer, address):
    """Nanoseconds from the last octet of RCPT to the first of its reply."""
    line = f"RCPT TO:<{address}>\r\n".encode()
    peer.cmd("MAIL FROM:<stranger@west.example>")
    begin = time.perf_counter_ns()
    peer.sock.sendall(line)
    peer.reply()
    took = time.perf_counter_ns() - begin
    peer.cmd("RSET")
    return took


def measure(server, domain, samples):
    """Both in each pair, in an order drawn for each: what else happens on the machine meets both alike. Connections are
    renewed, since a session has a bound of commands."""
    addresses = {KNOWN: f"olga@{domain}", UNKNOWN: f"nope@{domain}"}
    times = {KNOWN: [], UNKNOWN: []}
    peer = None
    for n in range(samples + 100):
        if n % 200 == 0:
            if peer:
                peer.close()
            peer = connect(server)
        for which in random.sample([KNOWN, UNKNOWN], 2):
            took = ask(peer, addresses[which])
            if n >= 100:  # the first ones fill caches
                times[which].append(took)
    peer.close()
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=5000, help="of each kind")
    parser.add_argument("--mode", default="required", choices=["required", "optional", "off"],
                        help="optional and off tell openly: what a difference looks like")
    options = parser.parse_args()
    if options.samples < 20:
        parser.error("--samples: 20 or more; the approximation is none for fewer")
    self_check()

    world = World()
    try:
        server = world.server("south.example", settings={"log": {"level": "error"}, "limits": {"idle_commands": 1000}})
        server.add_domain("strict.south.example", ["olga"], mode=options.mode)
        world.start()
        times = measure(server, "strict.south.example", options.samples)
    finally:
        faults = world.close()
        world.remove()
    if faults:
        sys.exit(faults)

    for which in (KNOWN, UNKNOWN):
        shown = "  ".join(f"p{int(share * 100)} {percentile(times[which], share) / 1000:8.1f} us" for share in (0.5, 0.9, 0.99))
        print(f"{which:8} n={len(times[which])}  {shown}")
    u, p, effect = mann_whitney(times[KNOWN], times[UNKNOWN])
    print(f"Mann-Whitney U={u:.0f}  p={p:.4f}  P(known slower)={effect:.4f}")
    told = p < SIGNIFICANT
    print(f"verdict: the times {'DIFFER' if told else 'do not differ'} (at p < {SIGNIFICANT})")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
