#!/usr/bin/env python3
# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What a message from outside costs: from a client on loopback into a Maildir, with SPF, DKIM and DMARC in a warm cache.

    bench/inbound.py [--messages N] [--repetitions N] [--spool DIR] SERVER [SERVER...]

SERVER is NAME=PATH/cas, or Postfix: "postfix", "postfix+rspamd", "postfix+opendkim+opendmarc", with "+policyd-spf"; Debian's
packages, in namespaces of their own (as root), and unbound for their DNS. All deliver into a Maildir. They take turns;
who began comes last in the next turn. Needs Postfix's smtp-source, and python3-dkim to sign. Prints medians and the
least and most: CPU time for each message (user and system, of all processes of the server; not of unbound, though the
resolver inside cas is counted), messages accepted and delivered in a second. On a spool in memory (the default:
/dev/shm) fsync costs nothing: what is left is the CPU. On a disk each server syncs before its 250 and each Maildir file.
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
import sys
import tempfile
import time

import dkim

import postfix_peer

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
local_data = [{records}]
[limits]
exempt = ["127.0.0.0/8"]
[log]
level = "warning"
"""
RECORDS = ['src.example. 3600 IN TXT "v=spf1 ip4:127.0.0.1 -all"', 'sel._domainkey.src.example. 3600 IN TXT {key}',
           '_dmarc.src.example. 3600 IN TXT "v=DMARC1; p=reject; adkim=s; aspf=s"',
           # What a filter may ask beside these is known not to exist, for as long.
           "example. 3600 IN SOA ns.example. postmaster.example. 1 3600 600 86400 3600"]
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
    """cas."""

    def __init__(self, program, folder, records):
        (folder / "state").mkdir()
        config = folder / "cas.toml"
        config.write_text(CONFIG.format(dir=folder, user=getpass.getuser(), port=PORT,
                                        records=", ".join(f"'{record}'" for record in records)))
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
        return time.clock_gettime((~self.process.pid << 3) | 2)  # of all its threads (clock_getcpuclockid)

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def await_delivered(server, count, limit):
    end = time.monotonic() + limit
    while not server.new.exists() or len(os.listdir(server.new)) < count:
        if not server.alive() or time.monotonic() > end:
            raise SystemExit(f"not delivered; see {server.log.name}")
        time.sleep(0.02)


def measure(what, message, records, options):
    """Microseconds of CPU a message, accepted/s, delivered/s."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=options.spool, prefix="cas-bench-"))
    file = folder / "message.eml"
    file.write_bytes(message.replace(b"\r\n", b"\n"))
    server = postfix_peer.Peer(what, folder, PORT) if what.startswith("postfix") else Server(what, folder, records)
    try:
        def send(count):
            keep = ["-d"] if options.keep else []
            subprocess.run([options.smtp_source, *keep, "-s", "20", "-m", str(count), "-f", "a@src.example", "-t",
                            "b@dst.example", "-M", "src.example", "-F", file, f"127.0.0.1:{PORT}"], check=True,
                           timeout=options.limit)

        send(options.warm)
        await_delivered(server, options.warm, options.limit)
        check_results(server, what, message)
        cpu, begin = server.cpu(), time.monotonic()
        send(options.messages)
        accepted = time.monotonic() - begin
        await_delivered(server, options.warm + options.messages, options.limit)
        delivered = time.monotonic() - begin
        return ((server.cpu() - cpu) / options.messages * 1e6, options.messages / accepted,
                options.messages / delivered)
    finally:
        server.stop()
        shutil.rmtree(folder)


def check_results(server, what, message):
    """What was to be measured is what was done."""
    wanted = set()
    if "=" not in what and what.startswith("postfix"):
        wanted |= {"dkim=pass"} if "opendkim" in what or "rspamd" in what else set()
        wanted |= {"dmarc=pass"} if "opendmarc" in what or "rspamd" in what else set()
        wanted |= {"spf=pass"} if "policyd-spf" in what or "rspamd" in what else set()
    else:
        wanted = {"dkim=pass", "dmarc=pass", "spf=pass"}
    if not message.startswith(b"DKIM-Signature"):
        wanted.discard("dkim=pass")
    text = next(server.new.iterdir()).read_text().lower()
    if lacks := [word for word in wanted if word not in text]:
        raise SystemExit(f"{what}: no {', '.join(sorted(lacks))} in\n{text[:1500]}")


def column(values, form):
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="+", metavar="SERVER")
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--warm", type=int, default=500)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="twenty kept connections, not one for each message")
    parser.add_argument("--kinds", default="unsigned,signed")
    parser.add_argument("--spool", default="/dev/shm")
    parser.add_argument("--limit", type=float, default=120, help="seconds for one measurement")
    parser.add_argument("--total", type=float, default=900, help="seconds after which no further turn begins")
    parser.add_argument("--smtp-source", default="smtp-source")
    return parser.parse_args()


def servers_of(options):
    servers = {}
    for server in options.servers:
        name, _, path = server.partition("=")
        if not path and (lacks := postfix_peer.missing(server)):
            print(f"{server} is left out: {', '.join(lacks)} not installed", file=sys.stderr)
            continue
        servers[name] = path or server
    return servers


def main():
    options = arguments()
    servers = servers_of(options)
    beside_postfix = any(what.startswith("postfix") for what in servers.values())
    if beside_postfix:
        postfix_peer.in_namespaces()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pem, key = make_key(folder)
        records = [record.replace("{key}", key) for record in RECORDS]
        signature = dkim.sign(MESSAGE, b"sel", b"src.example", pem, canonicalize=(b"relaxed", b"relaxed"),
                              include_headers=[b"from", b"to", b"subject", b"date", b"message-id"])
        messages = {"unsigned": MESSAGE, "signed": signature + MESSAGE}
        names = postfix_peer.Dns(folder, records) if beside_postfix else None
        try:
            figures = take_turns(servers, messages, records, options)
        finally:
            if names:
                names.stop()
    print(f"{os.cpu_count()} cores; {len(MESSAGE)} octets, 20 sessions, "
          f"{'kept connections' if options.keep else 'a connection for each message'}; spool on {options.spool}; fsync: "
          f"before each 250 (cas: one commit for all that is under way) and each Maildir file\n"
          f"{len(next(iter(figures.values())))} runs in turns: median (least to most)")
    for (name, kind), runs in figures.items():
        cpu, accepted, delivered = zip(*runs)
        print(f"{name:40} {kind:9} CPU us a message {column(cpu, '.0f')}  accepted/s {column(accepted, '.0f')}  "
              f"delivered/s {column(delivered, '.0f')}")


def take_turns(servers, messages, records, options):
    figures, began = {}, time.monotonic()
    for turn in range(options.repetitions):
        if turn and time.monotonic() - began > options.total:
            break
        order = list(servers)
        for name in order if turn % 2 == 0 else reversed(order):
            for kind in options.kinds.split(","):
                run = measure(servers[name], messages[kind], records, options)
                figures.setdefault((name, kind), []).append(run)
                print(f"  {turn + 1} {name} {kind}: {run[0]:.0f} us", file=sys.stderr, flush=True)
    return dict(sorted(figures.items(), key=lambda row: list(servers).index(row[0][0])))


if __name__ == "__main__":
    main()
