# SPDX-License-Identifier: Apache-2.0
"""Power: members of a project start, stop and reboot its servers, hard or soft.

Operations: power.start, power.stop, power.soft_stop, power.reboot, power.soft_reboot.
"""
