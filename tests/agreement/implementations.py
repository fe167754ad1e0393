# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""The implementations: each takes jobs (dictionaries, octets under "message") and gives an answer for each of them."""

import base64
import contextlib
import importlib.metadata
import io
import json
import logging
import os
import pathlib
import subprocess

import dkim
import spf

HERE = pathlib.Path(__file__).resolve().parent
logging.disable(logging.CRITICAL)


class Program:
    """A program that reads jobs a line from standard input."""

    def __init__(self, name, command, version, does=("verify", "sign"), **environment):
        self.name, self.command, self.version, self.does = name, command, version, does
        self.environment = {**os.environ, **environment}

    def run(self, jobs):
        lines = "".join(json.dumps({**job, "message": base64.b64encode(job["message"]).decode()} if "message" in job else job)
                        + "\n" for job in jobs)
        done = subprocess.run(self.command, input=lines.encode(), stdout=subprocess.PIPE, env=self.environment, check=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(jobs), (self.name, len(answers), len(jobs))
        for answer in answers:
            if "fields" in answer:
                answer["fields"] = base64.b64decode(answer["fields"])
        return answers


class Dkimpy:
    name = "dkimpy"
    does = ("verify", "sign", "seal")

    def __init__(self):
        self.version = importlib.metadata.version("dkimpy")

    def run(self, jobs):
        return [self.answer(job) for job in jobs]

    def answer(self, job):
        try:
            return getattr(self, job["do"])(job)
        except Exception as error:  # whatever it throws is its answer
            return {"error": f"{type(error).__name__}: {error}"}

    @staticmethod
    def look_up(zone):
        def txt(name, timeout=5):
            name = name.decode("ascii", "replace") if isinstance(name, bytes) else name
            node = zone.get(name.lower().rstrip("."), {})
            if isinstance(node, str):
                raise dkim.DnsTimeoutError(name)
            return node["TXT"][0].encode("utf-8", "surrogateescape") if "TXT" in node else None
        return txt

    def verify(self, job):
        message = job["message"] if job["message"].endswith(b"\r\n") else job["message"] + b"\r\n"
        passed, said = [], []
        count = sum(1 for name, _ in dkim.rfc822_parse(message)[0] if name.lower() == b"dkim-signature")
        for index in range(count):
            verifier = dkim.DKIM(message)
            try:
                ok = verifier.verify(idx=index, dnsfunc=self.look_up(job["zone"]))
                said.append(str(ok))
            except Exception as error:
                ok = False
                said.append(f"{type(error).__name__}: {error}")
            if ok:
                passed.append(verifier.signature_fields[b"s"].decode())
        arc, reason = "none", ""
        if b"arc-" in message.lower():
            try:
                arc, _, reason = dkim.ARC(message).verify(dnsfunc=self.look_up(job["zone"]))
                arc = arc.decode() if isinstance(arc, bytes) else str(arc)
            except Exception as error:
                arc, reason = "fail", f"{type(error).__name__}: {error}"
        return {"passed": passed, "all": said, "arc": arc, "arc_reason": str(reason)}

    def sign(self, job):
        header, body = (word.encode() for word in job["c"].split("/"))
        signer = dkim.DKIM(job["message"])
        signer.should_not_sign = set()
        with contextlib.redirect_stderr(io.StringIO()):
            field = signer.sign(
                job["selector"].encode(), job["domain"].encode(),
                job["seed"].encode() if "ed25519" in job else job["key"].encode(),
                signature_algorithm=b"ed25519-sha256" if "ed25519" in job else b"rsa-sha256", canonicalize=(header, body),
                include_headers=[name.lower().encode() for name in job["headers"]], length="l" in job)
        return {"fields": field if field.endswith(b"\r\n") else field + b"\r\n"}

    def seal(self, job):
        results = f"Authentication-Results: {job['results']}\r\n".encode()
        fields = dkim.ARC(results + job["message"]).sign(
            job["selector"].encode(), job["domain"].encode(), job["key"].encode(), job["results"].split(";")[0].encode(),
            include_headers=[name.lower().encode() for name in job["headers"]])
        return {"fields": b"".join(fields)}


class Pyspf:
    name = "pyspf"
    does = ("spf",)

    def __init__(self):
        self.version = spf.__version__

    def run(self, jobs):
        return [self.spf(job) for job in jobs]

    @staticmethod
    def spf(job):
        def look_up(name, qtype, strict=True, timeout=20):
            node = job["zone"].get(name.lower().rstrip("."), {})
            if isinstance(node, str):
                raise spf.TempError("DNS")
            shape = {"TXT": lambda text: [text.encode()], "MX": lambda text: (int(text.split()[0]), text.split()[1])}
            return [((name, qtype), shape.get(qtype, str)(text)) for text in node.get(qtype, [])]

        spf.DNSLookup = look_up
        try:
            query = spf.query(i=job["ip"], s=job["from"], h=job["helo"], receiver="mx.receiver.example", querytime=0)
            result, _, reason = query.check()
            return {"result": result, "reason": f"{reason} {query.perm_error or ''}"}
        except Exception as error:  # whatever it throws is its answer
            return {"error": f"{type(error).__name__}: {error}"}


def available(build, modules):
    """The implementations that are here, and words about those that are not."""
    here, missing = [], []
    ours = build / "tests/agreement/agreement-ours"
    here.append(Program("ours", [ours], "this tree", does=("verify", "sign", "seal", "spf")))
    here.append(Dkimpy())
    program = build / "tests/agreement/agreement-opendkim"
    if program.exists():
        version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libopendkim11"], capture_output=True).stdout
        here.append(Program("opendkim", [program], version.decode() or "?", ASAN_OPTIONS="detect_leaks=0"))
    else:
        missing.append("libopendkim: install libopendkim-dev and build the target agreement")
    here.append(Pyspf())
    program = build / "tests/agreement/agreement-libspf2"
    if program.exists():
        version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libspf2-2"], capture_output=True).stdout
        here.append(Program("libspf2", [program], version.decode() or "?", does=("spf",), ASAN_OPTIONS="detect_leaks=0"))
    else:
        missing.append("libspf2: install libspf2-dev and build the target agreement")
    package = modules / "node_modules/mailauth/package.json"
    if package.exists():
        here.append(Program("mailauth", ["node", HERE / "mailauth.js"], json.loads(package.read_text())["version"],
                            does=("verify", "sign", "seal", "spf"), NODE_PATH=str(modules / "node_modules")))
    else:
        missing.append(f"mailauth: npm install --ignore-scripts --prefix {modules} mailauth")
    return here, missing
