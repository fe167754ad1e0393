# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of the whole: real processes, real sockets. Start at harness.py."""
