# SPDX-License-Identifier: Apache-2.0
"""Server groups: members of a project say which of their servers stand in one failure domain, or each in one of its own.

Servers join when they are created (scheduler_hints.group). The rule holds under concurrent creates: members claim one after another.
"""
