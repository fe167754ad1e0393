#!/usr/bin/env python3
# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Do the times of replies tell whether a mailbox exists? For each place where CAS §8.5 promises that the replies are the
same, asks a server on loopback for an existing and an unknown mailbox, in turn, and compares octets and times.

    CAS=build/release/cas bench/timing.py [--samples 5000] [--case required|failed|unlisted|beyond|optional ...]

It prints a line for each place: both medians, the Mann-Whitney U test and the Kolmogorov-Smirnov test. It is no test of
the program: on a busy machine the numbers mean little, and a p-value below 0.01 turns up once in a hundred by itself.
See README.md.
"""
import argparse
import math
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))

from e2e.cas_py import Intent, SigningKey  # noqa: E402
from e2e.harness import World, message, txt  # noqa: E402
from e2e.peer import connect, dot  # noqa: E402

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


def kolmogorov_smirnov(a, b):
    """D, the greatest distance of the two distributions, and the two-sided p-value (asymptotic)."""
    a, b = sorted(a), sorted(b)
    i = j = 0
    d = 0.0
    while i < len(a) and j < len(b):
        value = min(a[i], b[j])
        while i < len(a) and a[i] == value:
            i += 1
        while j < len(b) and b[j] == value:
            j += 1
        d = max(d, abs(i / len(a) - j / len(b)))
    root = math.sqrt(len(a) * len(b) / (len(a) + len(b)))
    x = (root + 0.12 + 0.11 / root) * d
    if x < 0.2:
        return d, 1.0
    return d, min(1.0, max(0.0, 2 * sum((-1) ** (k - 1) * math.exp(-2 * (k * x) ** 2) for k in range(1, 101))))


def self_check():
    """Against values worked out by hand: the tests below must not be what is broken."""
    assert ranks([3, 1, 3, 2]) == ([3.5, 1.0, 3.5, 2.0], [1, 1, 2])
    u, p, effect = mann_whitney([1, 2, 3, 4], [5, 6, 7, 8])
    assert (u, effect) == (0, 0.0) and abs(p - 0.0304) < 0.0001, (u, p, effect)
    assert mann_whitney([1, 2, 3], [1, 2, 3])[1] == 1.0
    assert kolmogorov_smirnov([1, 2, 3, 4], [5, 6, 7, 8])[0] == 1.0
    assert kolmogorov_smirnov([1, 2, 3], [1, 2, 3]) == (0.0, 1.0)
    source = random.Random(2)
    a, b = ([source.gauss(0, 1) for _ in range(500)] for _ in range(2))
    assert mann_whitney(a, b)[1] > 0.01 and mann_whitney(a, [x + 1 for x in b])[1] < 1e-6
    assert kolmogorov_smirnov(a, b)[1] > 0.01 and kolmogorov_smirnov(a, [3 * x for x in b])[1] < 1e-6


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


STRICT, OPEN, GUARDED = "strict.south.example", "open.south.example", "guarded.south.example"
SENDER = "ada@west.example"


class Case:
    """One place: what is said behind MAIL, and the domain of the recipient. `each`: pairs on one connection."""

    def __init__(self, what, domain=STRICT, confirm=None, each=100, promised=True):
        self.what, self.domain, self.confirm, self.each, self.promised = what, domain, confirm, each, promised


class Bench:
    def __init__(self):
        self.world = World()
        self.key, self.evil = SigningKey(), SigningKey()
        limits = {"idle_commands": 1000, "exempt": [], "connections_per_minute": 1000000, "confirms_per_minute": 0,
                  "network_unknown_per_hour": 0, "signer_unknown_per_day": 3}
        self.server = self.world.server("south.example", settings={"log": {"level": "error"}, "limits": limits})
        self.server.add_domain(STRICT, ["olga"], mode="required")
        self.server.add_domain(OPEN, ["olga"], mode="optional")
        self.server.add_domain(GUARDED, ["olga"], mode="optional")
        self.server.domains[-1]["keys"] = {"screener": "hold"}
        for name in ("west.example", "guesses.example"):
            self.world.publish(f"s1._domainkey.{name}. 86400 IN TXT {txt(self.key.dns_record())}")
        self.world.start()
        for n in range(10):  # strangers who wait: to look for them takes a while
            with connect(self.server) as peer:
                peer.pipeline(f"MAIL FROM:<x{n}@x{n}.example>", f"RCPT TO:<olga@{GUARDED}>", "DATA")
                peer.send(dot(message(f"x{n}@x{n}.example", f"olga@{GUARDED}")))
                assert peer.reply().code == 250

    def line(self, recipients, domain="west.example", key=None):
        intent = Intent(domain=domain, selector="s1", sender=f"ada@{domain}", recipients=recipients, author=f"ada@{domain}")
        return "CONFIRM " + intent.line(key or self.key, message(f"ada@{domain}", recipients[0]))

    def cases(self):
        both = [f"nope@{STRICT}", f"olga@{STRICT}"]
        return {
            "required": Case("required, without an intent"),
            "failed": Case("after a CONFIRM that failed", confirm=self.line(both, key=self.evil), each=1),
            "unlisted": Case("a recipient that the intent does not list", confirm=self.line([f"somebody@{STRICT}"])),
            "beyond": Case("beyond the miss budget of d", domain=GUARDED,
                           confirm=self.line([f"nope@{GUARDED}", f"olga@{GUARDED}"], "guesses.example")),
            "optional": Case("(optional: told openly)", domain=OPEN, promised=False),
        }

    def ask(self, peer, case, address):
        """Nanoseconds from the last octet of RCPT to the first of its reply; and the reply."""
        line = f"RCPT TO:<{address}>\r\n".encode()
        sender = "ada@guesses.example" if case.confirm and ";d=guesses" in case.confirm else SENDER
        peer.cmd(f"MAIL FROM:<{sender}>")
        if case.confirm:
            peer.cmd(case.confirm)
        begin = time.perf_counter_ns()
        peer.sock.sendall(line)
        said = peer._line()
        took = time.perf_counter_ns() - begin
        peer.cmd("RSET")
        return took, said

    def measure(self, case, samples):
        """Both in each pair, in an order drawn for each: what else happens on the machine meets both alike. Connections
        are renewed, since a session has a bound of commands."""
        addresses = {KNOWN: f"olga@{case.domain}", UNKNOWN: f"nope@{case.domain}"}
        times, replies = {KNOWN: [], UNKNOWN: []}, {KNOWN: set(), UNKNOWN: set()}
        peer, warm = None, 100
        for n in range(samples + warm):
            if n % case.each == 0:
                if peer:
                    peer.close()
                peer = connect(self.server)
            for which in random.sample([KNOWN, UNKNOWN], 2):
                took, said = self.ask(peer, case, addresses[which])
                if n >= warm:  # the first ones fill caches, and use up the budget
                    times[which].append(took)
                    replies[which].add(said)
        peer.close()
        return times, replies


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=5000, help="of each kind")
    parser.add_argument("--case", action="append", help="only this place; several may be named")
    options = parser.parse_args()
    if options.samples < 20:
        parser.error("--samples: 20 or more; the approximations are none for fewer")
    self_check()
    bench, told = Bench(), False
    try:
        cases = bench.cases()
        if unknown := set(options.case or ()) - set(cases):
            parser.error(f"--case: {', '.join(unknown)}; there are {', '.join(cases)}")
        print(f"{options.samples} of each kind; times in microseconds, known / unknown\n")
        print("| place | replies | median | p90 | p99 | P(known slower) | Mann-Whitney p | KS D | KS p | the times |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for name in options.case or cases:
            case = cases[name]
            times, replies = bench.measure(case, options.samples)
            same = replies[KNOWN] == replies[UNKNOWN] and len(replies[KNOWN]) == 1
            _, p, effect = mann_whitney(times[KNOWN], times[UNKNOWN])
            d, ks = kolmogorov_smirnov(times[KNOWN], times[UNKNOWN])
            differ = min(p, ks) < SIGNIFICANT
            told = told or case.promised and (differ or not same)
            shown = " | ".join(f"{percentile(times[KNOWN], share) / 1000:.1f} / {percentile(times[UNKNOWN], share) / 1000:.1f}"
                               for share in (0.5, 0.9, 0.99))
            said = next(iter(replies[KNOWN])).decode().rstrip()
            said = said[:said.find("]") + 1] or said
            print(f"| {case.what} | {'same: `' + said + '`' if same else 'DIFFER'} | {shown} | {effect:.4f} | {p:.3f} | {d:.4f} "
                  f"| {ks:.3f} | {'DIFFER' if differ else 'do not differ'} |", flush=True)
    finally:
        faults = bench.world.close()
        bench.world.remove()
    if faults:
        sys.exit(faults)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
