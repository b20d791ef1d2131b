# SPDX-License-Identifier: Apache-2.0
"""WSGI entry points. The threading backend of oslo.service is chosen before anything imports oslo.messaging."""

from oslo_service import backend

backend.init_backend(backend.BackendType.THREADING)
