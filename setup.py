# SPDX-License-Identifier: Apache-2.0
"""pbr reads setup.cfg only when this file asks for it."""

import setuptools

setuptools.setup(setup_requires=["pbr>=6.1.1"], pbr=True)
