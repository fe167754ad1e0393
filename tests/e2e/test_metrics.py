# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What Prometheus reads, by a strict reader of its text format 0.0.4."""

import re
import socket
import unittest
import urllib.error
import urllib.request

from .harness import WorldCase, message, poll

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? (\S+)$')
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}


def read(text):
    """{(name, labels): value}; whatever the format forbids is an AssertionError."""
    assert text.endswith("\n")
    types, helped, samples, current = {}, set(), {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current = line.split(" ")[2]
            assert current not in helped, f"{current} twice"
            helped.add(current)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == current and name not in types, line
            assert kind in ("counter", "gauge", "histogram"), line
            assert kind != "counter" or name.endswith("_total"), line
            types[name] = kind
        else:
            found = SAMPLE.match(line)
            assert found, f"no sample: {line!r}"
            name, labels, value = found.groups()
            allowed = [current + s for s in SUFFIXES.get(types[current], ("",))]
            assert name in allowed, f"{name} stands under {current}"
            assert (name, labels) not in samples, f"{line} twice"
            samples[name, labels or ""] = float(value)
    for name, kind in types.items():
        if kind != "histogram":
            continue
        buckets = [v for (n, _), v in samples.items() if n == name + "_bucket"]
        assert buckets == sorted(buckets) and buckets[-1] == samples[name + "_count", ""], name
        assert (name + "_bucket", 'le="+Inf"') in samples
    return samples


class Metrics(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        with socket.create_server((cls.north.address, 0)) as probe:
            cls.place = "%s:%d" % probe.getsockname()
        cls.north.settings["metrics"] = {"listen": cls.place}

    def scrape(self, path="/metrics"):
        with urllib.request.urlopen(f"http://{self.place}{path}", timeout=30) as response:
            self.assertEqual(response.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            return read(response.read().decode("ascii"))

    def test_a_delivery_is_counted(self):
        before = self.scrape()
        self.north.submit("joe", "joe@north.example", message("joe@north.example", "joe@north.example", "metrics-1"))
        self.north.await_mail("joe", "metrics-1")
        sent = ("cas_deliveries_total", 'status="sent"')
        after = poll(lambda: (lambda s: s if s[sent] > before[sent] else None)(self.scrape()), "it is counted")
        self.assertEqual(after[sent], before[sent] + 1)
        self.assertEqual(after["cas_delivery_delay_seconds_count", ""], after[sent])
        self.assertGreaterEqual(after["cas_events_total", 'event="connect"'], 1)
        self.assertEqual(after["cas_queue_paused", ""], 0)
        self.assertIn(("cas_queue_recipients", 'route="remote",state="waiting"'), after)
        self.assertGreater(after["cas_store_commit_seconds_count", ""], before["cas_store_commit_seconds_count", ""])
        self.assertGreater(after["cas_store_commit_seconds_sum", ""], 0)
        self.assertGreaterEqual(after["cas_store_writes_total", ""], after["cas_store_commit_seconds_count", ""])
        self.assertFalse(any("@" in labels for _, labels in after), "no address is a label")

    def test_there_is_nothing_else(self):
        for path in ("/", "/v1/queue", "/metrics/x"):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                self.scrape(path)
            self.assertEqual(caught.exception.code, 404)
            caught.exception.close()


if __name__ == "__main__":
    unittest.main()
