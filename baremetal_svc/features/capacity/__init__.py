# SPDX-License-Identifier: Apache-2.0
"""How many machines there are and what they do, by pool, flavor and failure domain, for operators; how many a project could have now."""
