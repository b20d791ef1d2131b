# SPDX-License-Identifier: Apache-2.0
"""The HTTP chassis: routes, versions, validation, errors and links. Knows no feature; answers are JSON."""
