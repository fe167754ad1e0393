#!/usr/bin/env python3
# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What is installed beside the program, looked at without building a package: pages of the manual, completions, units,
the folder `debian`. `tools/test-deb` tries the package itself."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAS = os.environ["CAS"]


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, **options)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="cas-package-")
        cls.prefix = pathlib.Path(cls.folder.name)
        done = run(CAS, "manual", "--install", cls.prefix)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.pages = sorted((cls.prefix / "share/man").glob("man*/*"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()


class Manual(Installed):
    def test_every_command_of_the_help_has_a_page(self):
        commands = re.findall(r"^  ([a-z][a-z-]*) {2,}\S", run(CAS, "--help").stdout, re.M)
        self.assertGreater(len(commands), 20)
        names = {page.name for page in self.pages}
        self.assertLessEqual({f"cas-{command}.1" for command in commands} | {"cas.1", "cas.toml.5", "cas.8"}, names)

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_finds_no_fault(self):
        for page in self.pages:
            done = run("mandoc", "-Tlint", "-W", "warning", page)
            self.assertEqual(done.stdout + done.stderr, "", page)

    @unittest.skipUnless(shutil.which("man"), "man is not installed")
    def test_man_shows_them_without_warnings(self):
        for page in self.pages:
            done = run("man", "--warnings", "-E", "UTF-8", "-l", page, env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
            self.assertEqual((done.returncode, done.stderr), (0, ""), page)
            self.assertIn("NAME", done.stdout)

    def test_the_options_of_the_help_are_in_the_page(self):
        for command in ("queue list", "keys generate", "check-auth"):
            options = re.findall(r"(--[a-z-]+)", run(CAS, *command.split(), "--help").stdout.split("Options:")[1])
            page = (self.prefix / f"share/man/man1/cas-{command.split()[0]}.1").read_text().replace("\\-", "-")
            for option in set(options) - {"--help", "--help-all"}:
                self.assertIn(option, page, command)

    def test_the_reference_of_the_configuration_is_up_to_date(self):
        self.assertEqual(run(CAS, "manual", "configuration.md").stdout, (ROOT / "docs/configuration.md").read_text(),
                         "run `make manual`")

    def test_the_example_is_the_one_of_the_tree(self):
        self.assertEqual(run(CAS, "config", "example").stdout, (ROOT / "packaging/cas.toml").read_text())


class Completions(Installed):
    def bash(self, *words):
        file = self.prefix / "share/bash-completion/completions/cas"
        script = f'source {file}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cas; printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = run("bash", "-c", script, "bash", *words)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_knows_commands_options_and_words(self):
        self.assertEqual(self.bash("cas", "queue", "l"), ["list"])
        self.assertIn("--older-than", self.bash("cas", "queue", "list", "--"))
        self.assertEqual(self.bash("cas", "keys", "generate", "north.example", "--type", ""), ["ed25519", "rsa", "both"])
        self.assertEqual(self.bash("cas", "serve", "--config", ""), [])  # files: bash's own

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_does_too(self):
        def fish(line):
            file = self.prefix / "share/fish/vendor_completions.d/cas.fish"
            done = run("fish", "--no-config", "-c", f"source {file}; complete -C '{line}'")
            self.assertEqual(done.stderr, "")
            return [one.split("\t")[0] for one in done.stdout.splitlines()]
        self.assertEqual(fish("cas queue l"), ["list"])
        self.assertIn("--older-than", fish("cas queue list --old"))
        self.assertEqual(sorted(fish("cas keys generate --type ")), ["both", "ed25519", "rsa"])

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_does_too(self):
        def zsh(*words):
            file = self.prefix / "share/zsh/vendor-completions/_cas"
            listed = "\n".join(f'words+=("{word}")' for word in words)
            script = f"""compadd() {{ shift; print -l -- "$@" }}
                _describe() {{ print -l -- "${{(@P)2}}" }}
                _files() {{ print files }}
                complete_cas() {{ local -a words; local CURRENT={len(words)}
                {listed}
                source {file} }}
                complete_cas"""
            done = run("zsh", "-f", "-c", script)
            self.assertEqual(done.stderr, "")
            return [one.split(":")[0] for one in done.stdout.splitlines()]
        self.assertIn("list", zsh("cas", "queue", ""))
        self.assertIn("--older-than", zsh("cas", "queue", "list", "--"))
        self.assertEqual(zsh("cas", "keys", "generate", "--type", ""), ["ed25519", "rsa", "both"])
        self.assertEqual(zsh("cas", "serve", "--config", ""), ["files"])


class Units(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_systemd_understands_them(self):
        with tempfile.TemporaryDirectory() as folder:
            units = pathlib.Path(folder)
            for unit in (ROOT / "packaging/systemd").glob("cas.*"):  # with a program that is here
                (units / unit.name).write_text(re.sub(r"(?m)^Documentation=.*\n", "", unit.read_text()).replace("/usr/bin/cas", "/bin/true"))
            done = run("systemd-analyze", "verify", "--recursive-errors=no", *sorted(units.iterdir()))
            self.assertEqual(done.stdout + done.stderr, "")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_the_service_is_as_confined_as_the_manual_says(self):
        done = run("systemd-analyze", "security", "--offline=true", ROOT / "packaging/systemd/cas.service")
        score = re.search(r"exposure level for cas.service: ([\d.]+)", done.stdout)[1]
        self.assertIn(f"score of {score} ", (ROOT / "docs/install.md").read_text())


class Debian(unittest.TestCase):
    DEBIAN = ROOT / "packaging/debian"

    def test_shell_scripts_are_posix(self):
        for name in ("cas.postinst", "cas.postrm"):
            self.assertEqual(run("sh", "-n", self.DEBIAN / name).stderr, "")

    def test_it_never_takes_the_place_of_another_mail_server_by_itself(self):
        paragraphs = (self.DEBIAN / "control").read_text().split("\n\n")
        cas = next(one for one in paragraphs if "Package: cas\n" in one)
        self.assertNotIn("mail-transport-agent", cas)
        mta = next(one for one in paragraphs if "Package: cas-mta\n" in one)
        for field in ("Provides", "Conflicts", "Replaces"):
            self.assertIn(f"{field}: mail-transport-agent", mta)


if __name__ == "__main__":
    sys.exit(unittest.main())
