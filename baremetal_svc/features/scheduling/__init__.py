# SPDX-License-Identifier: Apache-2.0
"""Scheduling: whoever may create servers asks first whether machines would be found for them, and what would fit. Claims nothing."""
