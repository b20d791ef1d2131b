# SPDX-License-Identifier: Apache-2.0
"""Members and offers of a pool whose expression is new: few nodes at once, many chunk by chunk under the pool's generation.

Between two chunks claims go on, out of what the pool has by then. Whatever recomputes a node meanwhile uses the newest expression.
"""

from sqlalchemy import Connection

from baremetal_svc.db import nodes, pools
from baremetal_svc.scheduler import offers

#: Nodes up to which a request does it itself.
AT_ONCE = 2 * nodes.CHUNK


def begin(conn: Connection, pool_id: str) -> bool:
    """Rebuild a pool in this transaction, or have it rebuilt when there are many nodes; whether it is done."""
    pools.begin_rebuild(conn, pool_id)
    ids = nodes.ids_after(conn, "", AT_ONCE + 1)
    if len(ids) > AT_ONCE:
        return False
    for start in range(0, len(ids), nodes.CHUNK):
        offers.recompute(conn, ids[start : start + nodes.CHUNK], [pool_id])
    for pool in pools.under_rebuild(conn):
        if pool["id"] == pool_id:
            pools.end_rebuild(conn, pool_id, pool["generation"])
    return True


def step(conn: Connection) -> bool:
    """Rebuild one chunk of the first pool that is behind, and of those that are as far; False when none is."""
    # Read before the expressions are: a pool whose expression changes from here on has another generation, and is not advanced.
    behind = pools.under_rebuild(conn)
    if not behind:
        return False
    begun = behind[0]["rebuilt_up_to"]
    ids = nodes.ids_after(conn, begun, nodes.CHUNK)
    together = [pool for pool in behind if pool["rebuilt_up_to"] == begun]
    if ids:
        offers.recompute(conn, ids, [pool["id"] for pool in together])
    for pool in together:
        if len(ids) == nodes.CHUNK:
            pools.advance_rebuild(conn, pool, ids[-1])
        else:
            pools.end_rebuild(conn, pool["id"], pool["generation"])
    return True
