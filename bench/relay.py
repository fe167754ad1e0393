#!/usr/bin/env python3
# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What relaying costs: smtp-source (of Postfix) to a server to smtp-sink, on loopback.

    bench/relay.py [--cases 4k-keep,4k-new,64k-keep,64k-new] [--messages N] [--repetitions N] [--spool DIR] SERVER [SERVER...]

SERVER is NAME=PATH/cas; "postfix" (Debian's, in namespaces of its own, as root); or "direct", the client talking to the sink,
which nobody can pass. They take turns. Prints medians and the least and most: CPU time for each message (user and system,
all processes of the server; of "direct": smtp-source and smtp-sink, each), messages accepted and delivered in a second.
The spool should be on a disk: both sync before each 250, Postfix each file, cas one commit for all that is under way.
"""

import argparse
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import large_queue
import postfix_peer

CASES = {"4k-keep": (4096, 20, True), "4k-new": (4096, 20, False), "64k-keep": (65536, 20, True),
         "64k-new": (65536, 20, False), "4k-one": (4096, 1, True)}


def cpu_of(pid):
    """Seconds of a living process, to the nanosecond (clock_getcpuclockid)."""
    return time.clock_gettime((~pid << 3) | 2)


def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Cas:
    def __init__(self, path, folder):
        for part in ("state", "mail"):
            (folder / part).mkdir()
        self.server = large_queue.Server(path, folder)
        self.server.start()

    def cpu(self):
        return cpu_of(self.server.process.pid)

    def stop(self):
        self.server.stop()


class Direct:
    """No server at all: the sink's CPU is looked at."""

    def __init__(self, sink):
        self.sink = sink

    def cpu(self):
        return cpu_of(self.sink.process.pid)

    def stop(self):
        pass


def start(what, folder, sink):
    if what == "direct":
        return Direct(sink), large_queue.SINK
    if what == "postfix":
        return postfix_peer.Peer("postfix", folder, large_queue.PORT, relay_to=large_queue.SINK), large_queue.PORT
    return Cas(what, folder), large_queue.PORT


def send(case, messages, port, limit):
    """The CPU of smtp-source, in seconds."""
    octets, sessions, keep = CASES[case]
    command = ["smtp-source", *(["-d"] if keep else []), "-s", str(sessions), "-m", str(messages), "-l", str(octets), "-f",
               "a@src.example", "-t", "b@live.example", "-M", "src.example", f"127.0.0.1:{port}"]
    before = children()
    subprocess.run(command, check=True, timeout=limit)
    return children() - before


def measure(what, case, options):
    """Microseconds of CPU a message (server, client), accepted/s, delivered/s."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=options.spool, prefix="cas-bench-"))
    sink = large_queue.Sink()
    server = None
    try:
        server, port = start(what, folder, sink)
        send(case, options.warm, port, options.limit)
        large_queue.wait_until(lambda: sink.count() >= options.warm, "warm-up")
        cpu, begin = server.cpu(), time.monotonic()
        client = send(case, options.messages, port, options.limit)
        accepted = time.monotonic() - begin
        large_queue.wait_until(lambda: sink.count() >= options.warm + options.messages, "deliveries", options.limit)
        delivered = time.monotonic() - begin
        time.sleep(0.2)  # what is recorded after the delivery
        return ((server.cpu() - cpu) / options.messages * 1e6, client / options.messages * 1e6, options.messages / accepted,
                options.messages / delivered)
    finally:
        if server:
            server.stop()
        sink.stop()
        shutil.rmtree(folder)


def spread(values):
    return f"{statistics.median(values):6.0f} ({min(values):.0f} to {max(values):.0f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="+", metavar="SERVER")
    parser.add_argument("--cases", default="4k-keep,4k-new,64k-keep,64k-new", help=", ".join(CASES))
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--warm", type=int, default=300)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--spool", help="a directory on a disk")
    parser.add_argument("--limit", type=float, default=120, help="seconds for one measurement")
    parser.add_argument("--total", type=float, default=900, help="seconds after which no further turn begins")
    options = parser.parse_args()
    servers = dict(re.fullmatch(r"([^=]+)(?:=(.*))?", server).groups() for server in options.servers)
    if "postfix" in servers:
        postfix_peer.in_namespaces()
    figures, began = {}, time.monotonic()
    for turn in range(options.repetitions):
        if turn and time.monotonic() - began > options.total:
            break
        for case in options.cases.split(","):
            order = list(servers)
            for name in order if turn % 2 == 0 else reversed(order):
                run = measure(servers[name] or name, case, options)
                figures.setdefault((case, name), []).append(run)
                print(f"  {turn + 1} {case} {name}: {run[0]:.0f} us, {run[3]:.0f}/s", file=sys.stderr, flush=True)
    print(f"{os.cpu_count()} cores; spool on {options.spool or tempfile.gettempdir()}; fsync: before each 250 (cas: one commit for "
          f"all that is under way)\n{len(next(iter(figures.values())))} runs in turns: median (least to most)")
    for case in options.cases.split(","):
        octets, sessions, keep = CASES[case]
        print(f"\n{octets} octets, {sessions} {'kept connections' if keep else 'sessions, a connection for each message'}")
        for name in servers:
            cpu, client, accepted, delivered = zip(*figures[case, name])
            also = f"  and smtp-source {spread(client)}" if name == "direct" else ""
            print(f"  {name:10} CPU us a message {spread(cpu)}{also}  accepted/s {spread(accepted)}  delivered/s "
                  f"{spread(delivered)}")


if __name__ == "__main__":
    main()
