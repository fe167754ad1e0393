#!/usr/bin/env python3
# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What Confirm costs: mail from one server to another over TLS, with CONFIRM on both ends and without.

    bench/confirm.py [--messages N] [--repetitions N] [--singles N] [--spool DIR] PATH/cas

Three pairs of servers run side by side: "off", "on", and "off again", which shows how much two equal pairs differ. In each,
north takes mail from smtp-source (of Postfix), signs it with DKIM (Ed25519) and sends it over TLS to south, which verifies
SPF, DKIM and DMARC; bursts it hands to smtp-sink by LMTP, single messages it delivers into a Maildir. The pairs differ in
one thing: south's domains have the mode "optional" or "off", so that north confirms or does not. The pairs take turns,
burst by burst and message by message; first and last change places. The spool should be on a disk: both stores sync every
commit, and each Maildir file is synced.
"""

import argparse
import contextlib
import ctypes
import getpass
import os
import pathlib
import re
import select
import shutil
import socket
import statistics
import struct
import subprocess
import tempfile
import time

import large_queue

PORT = 25620  # and the next nine
PAIRS = ("off", "on", "off again")
CONFIG = """host = "mx.{name}.example"
state_dir = "{dir}/state"
admin_socket = "{dir}/admin.sock"
run_as = "{user}"
[tls]
certificate = "{dir}/cert.pem"
key = "{dir}/tls.pem"
[[listen]]
address = "127.0.0.1:{port}"
{listen}
[[domain]]
name = "{name}.example"
mode = "{mode}"
maildir = "{dir}/mail"
mailboxes = ["b"]
{signing}
[[domain]]
name = "burst.{name}.example"
mode = "{mode}"
deliver = "lmtp:127.0.0.1:{sink}"
mailboxes = ["b"]
[outbound]
port = {south}
idle_timeout = "{idle}"
[dns]
trust_anchor_file = "none"
local_zones = ["example."]
local_data = [
  "north.example. 3600 IN TXT \\"v=spf1 ip4:127.0.0.1 -all\\"",
  "_dmarc.north.example. 3600 IN TXT \\"v=DMARC1; p=reject; adkim=s; aspf=s\\"",
  "cas1._domainkey.north.example. 3600 IN TXT \\"{record}\\"",
  "example. 3600 IN SOA ns.example. postmaster.example. 1 3600 600 86400 3600",
  "south.example. 3600 IN MX 10 mx.south.example.", "mx.south.example. 3600 IN A 127.0.0.1",
  "burst.south.example. 3600 IN MX 10 mx.south.example."]
[limits]
exempt = ["127.0.0.0/8"]
[log]
level = "warning"
"""
NORTH = 'role = "submission"\ntls = "off"\ntrusted_networks = ["127.0.0.0/8"]'
SOUTH = 'role = "mx"\ntls = "starttls"'
BODY = b"".join(b"line %04d of a message body of ordinary length, with ordinary words in it\r\n" % n for n in range(46))
HEAD = b"From: <a@north.example>\r\nTo: <b@south.example>\r\nSubject: benchmark\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"


class Arrivals:
    """Tells when a file is renamed into a folder (inotify)."""

    MOVED_TO = 0x80

    def __init__(self, folder):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.file = self.libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self.libc.inotify_add_watch(self.file, os.fsencode(folder), self.MOVED_TO) < 0:
            raise OSError(ctypes.get_errno(), f"inotify: {folder}")

    def wait(self, count, seconds):
        """Waits until so many more have come; the time of the last."""
        end = time.monotonic() + seconds
        while count > 0:
            if not select.select([self.file], [], [], max(0, end - time.monotonic()))[0]:
                raise SystemExit(f"{count} messages did not arrive in {seconds} s")
            now, octets = time.perf_counter(), os.read(self.file, 1 << 16)
            while octets:
                size = struct.unpack_from("iIII", octets)[3]
                octets = octets[16 + size:]
                count -= 1
        return now


class Server:
    def __init__(self, program, folder, name, port, south, sink, mode, signing, record, options):
        self.folder, self.port = folder, port
        for part in ("state", "mail"):
            (folder / part).mkdir(parents=True)
        subprocess.run([program, "cert", "self-signed", f"mx.{name}.example", "--cert", folder / "cert.pem", "--key",
                        folder / "tls.pem"], check=True, capture_output=True)
        config = folder / "cas.toml"
        config.write_text(CONFIG.format(name=name, dir=folder, user=getpass.getuser(), port=port, south=south, mode=mode, sink=sink,
                                        listen=SOUTH if port == south else NORTH, signing=signing, record=record,
                                        idle="5s" if options.keep else "0s"))
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen([program, "serve", "--config", config], stdout=self.log, stderr=self.log)
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                return
            time.sleep(0.05)
        raise SystemExit(f"{program} does not listen; see {folder}/log")

    def cpu(self):
        """Seconds of user and system time, all threads, to the nanosecond (clock_getcpuclockid)."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.log.close()


class Pair:
    def __init__(self, program, folder, port, confirms, options):
        self.servers, self.sunk, self.sink = [], 0, large_queue.Sink(port + 2, "-L")
        key = folder / "key.pem"
        printed = subprocess.run([program, "keys", "generate", "--type", "ed25519", "--out", key], check=True, text=True,
                                 capture_output=True).stdout
        record = re.search(r"v=DKIM1[^\"]*", printed)[0].strip()
        signing = f'[domain.signing]\nselector = "cas1"\nkey = "{key}"'
        mode = "optional" if confirms else "off"
        try:
            for name, place, signs in (("south", port + 1, ""), ("north", port, signing)):
                self.servers.append(Server(program, folder / name, name, place, port + 1, port + 2, mode, signs, record,
                                           options))
        except BaseException:
            self.stop()
            raise
        self.south, self.north = self.servers
        self.new = self.south.folder / "mail" / "b" / "new"
        self.confirms, self.arrivals, self.client = confirms, None, None

    def send(self, count, options):
        subprocess.run([options.smtp_source, "-d", "-s", str(options.sessions), "-m", str(count), "-l", str(options.octets),
                        "-f", "a@north.example", "-t", "b@burst.south.example", f"127.0.0.1:{self.north.port}"], check=True,
                       timeout=options.limit)
        self.sunk += count

    def warm_up(self, options):
        for part in ("tmp", "new", "cur"):
            (self.new.parent / part).mkdir(parents=True)
        self.arrivals = Arrivals(self.new)
        self.send(300, options)
        self.await_sunk(options)
        for number in range(20):
            self.single(number)
        newest = next(self.new.iterdir()).read_text()
        said = "cas=pass" in newest.replace("\n", " ")
        if said != self.confirms or "dkim=pass" not in newest or "dmarc=pass" not in newest:
            raise SystemExit(f"not what was to be measured:\n{newest[:1500]}")

    def await_sunk(self, options):
        large_queue.wait_until(lambda: self.sink.count() >= self.sunk, "deliveries", options.limit)
        return self.sink.when

    def burst(self, options):
        """Microseconds of CPU a message of north and south; delivered in a second."""
        before, begin = [server.cpu() for server in self.servers], time.perf_counter()
        self.send(options.messages, options)
        end = self.await_sunk(options)
        time.sleep(0.1)  # what is recorded after the delivery
        south, north = (server.cpu() - cpu for server, cpu in zip(self.servers, before))
        return north / options.messages * 1e6, south / options.messages * 1e6, options.messages / (end - begin)

    def single(self, number):
        """Milliseconds from the end of the data to north's 250, and to the file in the mailbox."""
        if self.client is None:
            self.client = socket.create_connection(("127.0.0.1", self.north.port))
            self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.replies = self.client.makefile("rb")
            self.say(None, b"2")
            self.say(b"EHLO load.example\r\n", b"2")
        for line in (b"MAIL FROM:<a@north.example>\r\n", b"RCPT TO:<b@south.example>\r\n"):
            self.say(line, b"2")
        self.say(b"DATA\r\n", b"3")
        begin = time.perf_counter()
        self.say(HEAD + b"Message-ID: <%d@north.example>\r\n\r\n" % number + BODY + b".\r\n", b"2")
        taken = time.perf_counter()
        there = self.arrivals.wait(1, 60)
        return (taken - begin) * 1e3, (there - begin) * 1e3

    def say(self, octets, wanted):
        if octets:
            self.client.sendall(octets)
        while (line := self.replies.readline())[3:4] == b"-":
            pass
        if line[:1] != wanted:
            raise SystemExit(f"{octets[:20]!r}: {line!r}")

    def stop(self):
        for server in reversed(self.servers):
            server.stop()
        self.sink.stop()


def quantile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def spread(values):
    return f"{statistics.median(values):7.1f} ({min(values):.1f} to {max(values):.1f})"


def ratios(name, values, base):
    print(f"  {name:36} {statistics.median(a / b for a, b in zip(values, base)):.3f} "
          f"({min(a / b for a, b in zip(values, base)):.3f} to {max(a / b for a, b in zip(values, base)):.3f})")


def report_bursts(bursts, options):
    print(f"\nBursts of {options.messages} messages of {options.octets} octets, {options.sessions} kept connections to north, "
          f"{'kept connections' if options.keep else 'a connection a message'} to south; "
          f"{len(bursts['on'])} of each pair in turns\nmedian (least to most)")
    for name in PAIRS:
        north, south, rate = zip(*bursts[name])
        both = [a + b for a, b in zip(north, south)]
        print(f"  {name:10} CPU a message, us: both {spread(both)}  north {spread(north)}  south {spread(south)}  "
              f"delivered/s {spread(rate)}")
    total = {name: [north + south for north, south, _ in bursts[name]] for name in PAIRS}
    mean_off = [(a + b) / 2 for a, b in zip(total["off"], total["off again"])]
    print("CPU of both servers, of the same turn:")
    ratios("on / off", total["on"], mean_off)
    ratios("off again / off (the noise)", total["off again"], total["off"])


def report_singles(singles, options):
    print(f"\n{len(singles['on'])} single messages of each pair in turns ({len(BODY) + 150} octets), ms")
    for what, column in (("from the end of data to north's 250", 0), ("from the end of data to the mailbox at south", 1)):
        print(f"{what}:        median      p90      p99      max")
        rows = {name: [row[column] for row in singles[name]] for name in PAIRS}
        for name, values in rows.items():
            print(f"  {name:34} " + " ".join(f"{quantile(values, p):8.2f}" for p in (0.5, 0.9, 0.99, 1)))
        for title, one, other in (("on - off", "on", "off"), ("off again - off (the noise)", "off again", "off")):
            differences = [quantile(rows[one], p) - quantile(rows[other], p) for p in (0.5, 0.9, 0.99)]
            print(f"  {title:34} " + " ".join(f"{value:+8.2f}" for value in differences))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PATH/cas")
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--singles", type=int, default=1000, help="single messages of each pair")
    parser.add_argument("--octets", type=int, default=4096)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--a-connection-a-message", dest="keep", action="store_false", help="from north to south")
    parser.add_argument("--spool", help="a directory on a disk")
    parser.add_argument("--limit", type=float, default=120, help="seconds for one burst")
    parser.add_argument("--total", type=float, default=900, help="seconds after which no further burst or message begins")
    parser.add_argument("--smtp-source", default="smtp-source")
    return parser.parse_args()


def in_turns(count, end):
    """Turns and pairs, forwards and backwards; after `end` no turn but the first begins."""
    for turn in range(count):
        if turn and time.monotonic() > end:
            return
        for name in PAIRS if turn % 2 == 0 else reversed(PAIRS):
            yield turn, name


def main():
    options = arguments()
    folder = pathlib.Path(tempfile.mkdtemp(dir=options.spool, prefix="cas-bench-"))
    pairs = {}
    try:
        for place, name in enumerate(PAIRS):
            (folder / str(place)).mkdir()
            pairs[name] = Pair(options.program, folder / str(place), PORT + 3 * place, name == "on", options)
            pairs[name].warm_up(options)
        print(f"{os.cpu_count()} cores, spool on {folder.parent}; fsync: every commit of both stores (SQLite, synchronous=FULL, "
              "one for all that is under way), and each Maildir file and its folder", flush=True)
        bursts, began = {name: [] for name in PAIRS}, time.monotonic()
        for _, name in in_turns(options.repetitions, began + options.total):
            bursts[name].append(pairs[name].burst(options))
        report_bursts(bursts, options)
        singles = {name: [] for name in PAIRS}
        for turn, name in in_turns(options.singles, began + options.total):
            singles[name].append(pairs[name].single(turn))
        report_singles(singles, options)
    finally:
        for pair in pairs.values():
            pair.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
