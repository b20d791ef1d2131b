# SPDX-License-Identifier: Apache-2.0
"""What of a message tenants are told. Rows and logs keep all of it, for operators.

Ironic's words name nodes, its conductors' hosts and BMCs: adapters put them behind the first colon of a sentence that begins with Ironic.
"""

import re

_IRONICS_OWN = re.compile(r"\A(Ironic [^:]*):.*\Z", re.DOTALL)
# Neutron's words name the host that a port is bound to, which is the node.
_NAMED = re.compile(r"\b(node|host) [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def for_tenants(message: str) -> str:
    """The message without what is only for operators."""
    return _NAMED.sub(r"\1 ...", _IRONICS_OWN.sub(r"\1.", message))
