# SPDX-License-Identifier: Apache-2.0
"""Physical servers as a cloud service: a REST API, durable operations, a conductor over Ironic."""
