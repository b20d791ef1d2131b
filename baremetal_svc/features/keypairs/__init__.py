# SPDX-License-Identifier: Apache-2.0
"""Key pairs of users: their public keys reach machines on the config drive; a private key is shown once and stored nowhere."""
