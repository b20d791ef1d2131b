# SPDX-License-Identifier: Apache-2.0
"""The real services on this machine, on loopback, without systemd or containers.

`services` is the module that tests, benchmarks and the chaos harness use. Standard library only: it
runs before the virtual environment exists.
"""
