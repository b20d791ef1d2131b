# SPDX-License-Identifier: Apache-2.0
"""Operations: everybody follows what was asked, step by step; a long poll answers at the next step."""
