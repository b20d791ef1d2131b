# SPDX-License-Identifier: Apache-2.0
"""Adoption: operators make a server of a machine that runs already, and let it go as it is. Operations: adoption.adopt, adoption.release.

Nothing here ever wipes a disk: an adopted server is not deleted, it is let go.
"""
