#!/usr/bin/env python3
# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What a large queue costs: the start, the memory, and the mail that passes it.

    bench/large_queue.py [--queued 0,1000,100000,1000000] [--messages N] [--spool DIR] PATH/cas

For each size: a few messages are deferred by a server that is down, then copied inside the stopped server's database
until the queue has that size, all of it due, from 100 senders. The server is started on it; its memory is
looked at while smtp-source (of Postfix) sends messages that go through to smtp-sink. The spool should be on a disk: the
store syncs every commit (SQLite, synchronous=FULL).
"""

import argparse
import contextlib
import getpass
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

PORT, SINK, DEAD = 25610, 25611, 25612
CONFIG = """host = "mx.src.example"
state_dir = "{dir}/state"
admin_socket = "{dir}/admin.sock"
run_as = "{user}"
[[listen]]
address = "127.0.0.1:{port}"
role = "submission"
tls = "off"
trusted_networks = ["127.0.0.0/8"]
[[domain]]
name = "src.example"
maildir = "{dir}/mail"
mailboxes = ["b"]
[outbound]
smarthost = "127.0.0.1:{sink}"
[[transport]]
domain = ".dead.example"
next_hop = "127.0.0.1:{dead}"
[queue]
first_retry = "30m"
[limits]
exempt = ["127.0.0.0/8"]
[dns]
trust_anchor_file = "none"
[log]
level = "warning"
"""
SENDERS = 100


def listens(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    return False


def wait_until(true, what, seconds=120):
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"{what}: not within {seconds} s")
        time.sleep(0.01)


class Server:
    def __init__(self, program, folder):
        self.folder = folder
        self.program = program
        self.config = folder / "cas.toml"
        self.config.write_text(CONFIG.format(dir=folder, user=getpass.getuser(), port=PORT, sink=SINK, dead=DEAD))

    def start(self):
        log = open(self.folder / "log", "w")
        self.began = time.monotonic()
        self.process = subprocess.Popen([self.program, "serve", "--config", self.config], stdout=log, stderr=log)
        wait_until(lambda: listens(PORT), f"{self.program} listens; see {self.folder}/log")

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, name):
        return int(re.search(name + r":\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) // 1024


class Sink:
    """smtp-sink, and how many messages it has counted; when it counted the last, by time.perf_counter()."""

    def __init__(self, port=SINK, *more):
        who = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(["smtp-sink", *who, *more, "-c", f"127.0.0.1:{port}", "1000"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.counted, self.when = 0, time.perf_counter()
        # It writes without end, and waits when nobody reads.
        threading.Thread(target=self.read, daemon=True).start()
        wait_until(lambda: listens(port), "smtp-sink listens")

    def read(self):
        text = b""
        while octets := os.read(self.process.stdout.fileno(), 1 << 16):
            now, text = time.perf_counter(), text + octets
            whole, _, text = text.rpartition(b"\r")
            if found := re.findall(rb"mesg=(\d+)", whole):
                self.when = now if int(found[-1]) != self.counted else self.when
                self.counted = int(found[-1])

    def count(self):
        return self.counted

    def stop(self):
        self.process.terminate()
        self.process.wait()


def send(messages, recipient, sessions=20, keep=True):
    command = ["smtp-source", *(["-d"] if keep else []), "-s", str(sessions), "-m", str(messages), "-l", "4096", "-f",
               "a@src.example", "-t", recipient, f"127.0.0.1:{PORT}"]
    subprocess.run(command, check=True)


def columns(db, table):
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def copies(db, table, replaced):
    """INSERT ... SELECT of one row, with expressions for some columns."""
    names = columns(db, table)
    values = ", ".join(replaced.get(name, name) for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table}"


def multiply(file, size, domains):
    """The deferred message becomes `size` of them; flows are numbers, one for each domain and sender."""
    db = sqlite3.connect(file)
    db.execute("PRAGMA synchronous = OFF")
    source, body = db.execute("SELECT id, body FROM message LIMIT 1").fetchone()
    numbers = f"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {size}) "
    new_id = f"substr('{source}', 1, 18) || printf('%08d', x)"
    cross = ", n WHERE "
    first = db.execute("SELECT max(id) FROM body").fetchone()[0]
    db.execute(numbers + copies(db, "body", {"id": f"{first} + x"}) + f"{cross} body.id = {body}")
    db.execute(numbers + copies(db, "chunk", {"id": f"(({first} + x) << 20)"}) + f"{cross} chunk.id = {body << 20}")
    db.execute(numbers + copies(db, "message", {"id": new_id, "body": f"{first} + x"}) +
               f"{cross} message.id = '{source}'")
    db.execute(numbers + copies(db, "recipient", {
        "message": new_id, "address": f"'u' || x || '@d' || (x % {domains}) || '.dead.example'",
        "flow": f"1000000 + x % ({domains} * {SENDERS})", "next_attempt": "next_attempt - 86400000 + x"}) +
        f"{cross} recipient.message = '{source}'")
    db.commit()
    db.close()
    with open(file, "rb") as written:
        os.fsync(written.fileno())  # or the server's first checkpoint would have to write all of it


def measure(program, size, options):
    folder = pathlib.Path(tempfile.mkdtemp(dir=options.spool, prefix="cas-bench-"))
    (folder / "state").mkdir()
    (folder / "mail").mkdir()
    server = Server(program, folder)
    sink = Sink()
    try:
        if size:
            server.start()
            send(1, "x@d0.dead.example", 1)
            time.sleep(1)
            server.stop()
            multiply(folder / "state" / "cas.db", size, options.domains)
        if options.cold:
            pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
        server.start()
        send(1, "b@live.example", 1)
        wait_until(lambda: sink.count() >= 1, "the first delivery")
        first = time.monotonic() - server.began
        time.sleep(options.settle)
        peak_start = server.memory("VmHWM")
        cpu, begin = server.cpu(), time.monotonic()
        send(options.messages, "b@live.example")
        accepted = time.monotonic() - begin
        wait_until(lambda: sink.count() >= 1 + options.messages, "deliveries")
        seconds, used = time.monotonic() - begin, server.cpu() - cpu
        print(f"{size:9} queued  first delivery {first:5.2f} s  peak {peak_start:4} MB at the start, "
              f"{server.memory('VmHWM'):4} MB in the end  {cpu:5.1f} s CPU before  {options.messages / accepted:6.0f} accepted/s  {options.messages / seconds:6.0f} delivered/s  "
              f"{used / options.messages * 1e6:5.0f} us CPU a message", flush=True)
    finally:
        server.stop()
        sink.stop()
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PATH/cas")
    parser.add_argument("--queued", default="0,1000,100000,1000000")
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--domains", type=int, default=1000, help="of the queued messages")
    parser.add_argument("--settle", type=float, default=5, help="seconds between the start and the mail that passes")
    parser.add_argument("--cold", action="store_true", help="start with nothing of the disk in memory (root)")
    parser.add_argument("--spool")
    options = parser.parse_args()
    for size in options.queued.split(","):
        measure(options.program, int(size), options)


if __name__ == "__main__":
    main()
