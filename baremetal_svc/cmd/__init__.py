# SPDX-License-Identifier: Apache-2.0
"""Console entry points. The threading backend of oslo.service is chosen before anything imports oslo.messaging."""

import warnings

# Where Ironic is installed, so is eventlet; futurist looks whether it is there, which prints a page on every start.
warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")

from oslo_service import backend  # noqa: E402

backend.init_backend(backend.BackendType.THREADING)
