#!/usr/bin/env python3
# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What a message from outside costs: from a client on loopback into a Maildir, with SPF, DKIM and DMARC in a warm cache.

    bench/inbound.py [--messages N] [--repetitions N] [--spool DIR] NAME=PATH/cas [NAME=PATH/cas...]

Several programs are compared in turns. Needs Postfix's smtp-source, and python3-dkim to sign. Prints medians: CPU time of
the server for each message (user and system, all threads), messages accepted and delivered in a second. On a spool in
memory (the default: /dev/shm) fsync costs nothing: what is left is the CPU.
"""

import argparse
import base64
import contextlib
import getpass
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import dkim

PORT = 25600
CONFIG = """host = "mx.dst.example"
state_dir = "{dir}/state"
admin_socket = "{dir}/admin.sock"
run_as = "{user}"
[[listen]]
address = "127.0.0.1:{port}"
role = "mx"
tls = "off"
[[domain]]
name = "dst.example"
maildir = "{dir}/mail"
mailboxes = ["b"]
[dns]
trust_anchor_file = "none"
local_zones = ["example."]
local_data = ['src.example. 300 IN TXT "v=spf1 ip4:127.0.0.1 -all"', 'sel._domainkey.src.example. 300 IN TXT {key}',
              '_dmarc.src.example. 300 IN TXT "v=DMARC1; p=reject; adkim=s; aspf=s"']
[log]
level = "warning"
"""
BODY = b"".join(b"line %04d of a message body of ordinary length, with ordinary words in it\r\n" % n for n in range(46))
MESSAGE = (b"From: <a@src.example>\r\nTo: <b@dst.example>\r\nSubject: benchmark\r\n"
           b"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@src.example>\r\n\r\n") + BODY


def make_key(folder):
    """The key, and its record in strings of at most 255 octets."""
    pem = folder / "key.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", pem, "2048"], check=True, stderr=subprocess.DEVNULL)
    der = subprocess.run(["openssl", "rsa", "-in", pem, "-pubout", "-outform", "DER"], check=True, capture_output=True)
    record = "v=DKIM1; k=rsa; p=" + base64.b64encode(der.stdout).decode()
    return pem.read_bytes(), " ".join(f'"{record[n:n + 200]}"' for n in range(0, len(record), 200))


class Server:
    def __init__(self, program, folder, key_record):
        (folder / "state").mkdir()
        config = folder / "cas.toml"
        config.write_text(CONFIG.format(dir=folder, user=getpass.getuser(), port=PORT, key=key_record))
        self.new = folder / "mail" / "b" / "new"
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen([program, "serve", "--config", config], stdout=self.log, stderr=self.log)
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", PORT)).close()
                return
            time.sleep(0.05)
        raise SystemExit(f"{program} does not listen; see {folder}/log")

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def await_delivered(self, count):
        while not self.new.exists() or len(os.listdir(self.new)) < count:
            if self.process.poll() is not None:
                raise SystemExit("the server has ended")
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def measure(program, message, key_record, options):
    """Microseconds of CPU a message, accepted/s, delivered/s."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=options.spool, prefix="cas-bench-"))
    try:
        file = folder / "message.eml"
        file.write_bytes(message.replace(b"\r\n", b"\n"))
        server = Server(program, folder, key_record)
        try:
            def send(count):
                subprocess.run([options.smtp_source, "-s", "20", "-m", str(count), "-f", "a@src.example", "-t",
                                "b@dst.example", "-F", file, f"127.0.0.1:{PORT}"], check=True)

            warm = 500
            send(warm)
            server.await_delivered(warm)
            cpu, begin = server.cpu(), time.monotonic()
            send(options.messages)
            accepted = time.monotonic() - begin
            server.await_delivered(warm + options.messages)
            delivered = time.monotonic() - begin
            return ((server.cpu() - cpu) / options.messages * 1e6, options.messages / accepted,
                    options.messages / delivered)
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="+", metavar="NAME=PATH")
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--spool", default="/dev/shm")
    parser.add_argument("--smtp-source", default="smtp-source")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pem, record = make_key(pathlib.Path(folder))
    signature = dkim.sign(MESSAGE, b"sel", b"src.example", pem, canonicalize=(b"relaxed", b"relaxed"),
                          include_headers=[b"from", b"to", b"subject", b"date", b"message-id"])
    figures = {}
    for _ in range(options.repetitions):
        for program in options.programs:
            name, path = program.split("=", 1)
            for kind, message in (("unsigned", MESSAGE), ("signed", signature + MESSAGE)):
                figures.setdefault((name, kind), []).append(measure(path, message, record, options))
    print(f"{len(MESSAGE)} octets, 20 sessions, a connection for each message, spool on {options.spool}; medians of "
          f"{options.repetitions}")
    for (name, kind), runs in figures.items():
        cpu, accepted, delivered = (statistics.median(column) for column in zip(*runs))
        print(f"{name:12} {kind:9} {cpu:6.0f} us CPU a message  {accepted:6.0f} accepted/s  {delivered:6.0f} delivered/s")


if __name__ == "__main__":
    main()
