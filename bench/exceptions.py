#!/usr/bin/env python3
# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What many exceptions cost: importing them, the start, the memory, and how soon a change is in force.

    bench/exceptions.py [--entries 1000000] [--changes N] [--spool DIR] PATH/cas

A list of mixed kinds (a thousandth of them regular expressions) is imported with `cas exempt import` into a running
server; the same list again must change nothing. The server is stopped and started, and its resident memory is read. Then
entries are added one by one: through the admin API and with the command; each is looked for at once. The spool should be
on a disk: every piece of an import, and every change, is synced (SQLite, synchronous=FULL). What a decision costs is
measured by exceptions_bench.
"""

import argparse
import contextlib
import getpass
import http.client
import json
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

PORT = 25630
CONFIG = """host = "mx.src.example"
state_dir = "{dir}/state"
admin_socket = "{dir}/admin.sock"
run_as = "{user}"
[[listen]]
address = "127.0.0.1:{port}"
role = "mx"
tls = "off"
[[domain]]
name = "src.example"
maildir = "{dir}/mail"
mailboxes = ["b"]
[dns]
trust_anchor_file = "none"
[log]
level = "warning"
"""


def entry(n):
    """One of six kinds; every thousandth is a regular expression."""
    if n % 1000 == 0:
        return f"/^bounce[-+].*@mx[0-9]+\\.partner-{n}\\.example$/"
    kinds = (f"joe.{n}@partner-{n}.example", f"partner-{n}.example", f".partner-{n}.example",
             f"list:news.partner-{n}.example", f"{11 + n // 65536 % 80}.{n // 256 % 256}.{n % 256}.0/24",
             f"{110 + n // 65536 % 80}.{n // 256 % 256}.{n % 256}.{n % 251}")
    scopes = ("", " for=src.example", f" for=user{n % 1000}@src.example")
    return kinds[n % 6] + scopes[n // 7 % 3]


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self.path))


class Server:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.config = folder / "cas.toml"
        self.config.write_text(CONFIG.format(dir=folder, user=getpass.getuser(), port=PORT))
        self.process = None

    def start(self):
        """Seconds until it greets."""
        begun = time.monotonic()
        self.process = subprocess.Popen([self.program, "serve", "--config", self.config])
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT)) as sock:
                if sock.recv(3) == b"220":
                    return time.monotonic() - begun
            if self.process.poll() is not None:
                raise SystemExit("the server does not start")
            time.sleep(0.005)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def memory(self):
        """Megabytes: all that is resident, and that without files."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        sizes = {line.split(":")[0]: int(line.split()[1]) / 1000 for line in status.splitlines() if " kB" in line}
        return sizes["VmRSS"], sizes["RssAnon"]

    def cas(self, *arguments):
        done = subprocess.run([self.program, *arguments, "--config", self.config], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def ask(self, method, path, body=None):
        connection = Unix(self.folder / "admin.sock")
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer


def import_list(server, path, entries):
    begun = time.monotonic()
    told = server.cas("exempt", "import", str(path)).strip()
    spent = time.monotonic() - begun
    print(f"import: {spent:.1f} s, {entries / spent:,.0f} entries a second ({told})")


def changes(server, count):
    api, command = [], []
    for n in range(count):
        address = f"new{n}@change.example"
        begun = time.monotonic()
        server.ask("POST", "/v1/exceptions?by=bench", {"exceptions": [{"action": "block", "pattern": address}]})
        api.append(time.monotonic() - begun)
        found = server.ask("GET", f"/v1/exceptions/find?what={address}")["exceptions"]
        assert [row["pattern"] for row in found] == [address], found
        begun = time.monotonic()
        server.cas("block", "add", f"/^c{n}@/")
        command.append(time.monotonic() - begun)
        assert server.ask("GET", f"/v1/exceptions/find?what=c{n}@a.example")["exceptions"]
    for name, all_of in (("admin API", api), ("command", command)):
        print(f"a change is in force, {name}: median {1000 * statistics.median(all_of):.1f} ms, "
              f"most {1000 * max(all_of):.1f} ms of {count}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--changes", type=int, default=30)
    parser.add_argument("--spool", default="/var/tmp")
    parser.add_argument("program")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(dir=options.spool))
    server = Server(options.program, folder)
    try:
        path = folder / "list.txt"
        path.write_text("".join(entry(n) + "\n" for n in range(options.entries)))
        print(f"start, none: {server.start():.2f} s; resident {server.memory()[0]:.0f} MB")
        import_list(server, path, options.entries)
        import_list(server, path, options.entries)
        server.stop()
        spent = server.start()
        resident, anonymous = server.memory()
        print(f"start, {options.entries:,}: {spent:.2f} s; resident {resident:.0f} MB, {anonymous:.0f} MB of them no files")
        changes(server, options.changes)
        print(f"resident in the end: {server.memory()[0]:.0f} MB")
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
