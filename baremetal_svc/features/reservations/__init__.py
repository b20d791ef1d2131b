# SPDX-License-Identifier: Apache-2.0
"""Reservations: machines of a flavor that are held for a project from now until a time.

Concrete machines are taken off the offers when a reservation is made. Servers use them by scheduler_hints.reservation; a machine comes
back when its server is gone. A conductor ends what is over and replaces machines that broke or were retagged.
"""
