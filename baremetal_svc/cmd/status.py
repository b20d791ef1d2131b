# SPDX-License-Identifier: Apache-2.0
"""baremetal-svc-status upgrade check: whether this release may be started on this configuration and database. Changes nothing."""

import sys
from collections.abc import Callable

from oslo_config import cfg
from oslo_upgradecheck import common_checks, upgradecheck
from oslo_upgradecheck.upgradecheck import Code, Result
from sqlalchemy import Connection, select

from baremetal_svc import conf as configuration
from baremetal_svc.cmd import assembly
from baremetal_svc.conductor import kinds
from baremetal_svc.db import migration
from baremetal_svc.db.models import Operation
from baremetal_svc.db.secrets import Vault
from baremetal_svc.db.session import FAILURES, Database, told
from baremetal_svc.domain.operation import LIVE


class Checks(upgradecheck.UpgradeCommands):
    """The checks of oslo.upgradecheck for this service."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf

    def _configuration(self) -> Result:
        try:
            configuration.check(self._conf)
            assembly.check_outside(self._conf)
        except (ValueError, OSError, cfg.Error) as error:
            return Result(Code.FAILURE, str(error))
        return Result(Code.SUCCESS)

    def _schema(self) -> Result:
        return self._looked_up(lambda db: _schema(migration.current(db.engine), migration.head()))

    def _shapes(self) -> Result:
        def look(db: Database) -> Result:
            if migration.current(db.engine) is None:
                return Result(Code.SUCCESS, "The database is empty.")
            known = {(name, kind.shape) for name, kind in kinds.load().items()}
            strange = sorted(db.query(_live_shapes) - known)
            if not strange:
                return Result(Code.SUCCESS)
            named = ", ".join(f"{kind} (shape {shape})" for kind, shape in strange)
            return Result(Code.FAILURE, f"This release does not know live operations of {named}: let conductors of the old one end them.")

        return self._looked_up(look)

    def _keys(self) -> Result:
        try:
            Vault(self._conf.secrets.fernet_key)
        except ValueError as error:
            return Result(Code.FAILURE, f"[secrets] fernet_key: {error}")
        return Result(Code.SUCCESS)

    def _limits(self) -> Result:
        try:
            assembly.checked_timeout(self._conf)
        except ValueError as error:
            return Result(Code.FAILURE, str(error))
        return Result(Code.SUCCESS)

    def _policy(self) -> Result:
        return common_checks.check_policy_json(self, self._conf)

    def _looked_up(self, look: Callable[[Database], Result]) -> Result:
        try:
            db = Database.of(self._conf)
        except ValueError as error:
            return Result(Code.FAILURE, str(error))
        try:
            return look(db)
        except FAILURES as error:
            return Result(Code.FAILURE, told(error))
        finally:
            db.close()

    _upgrade_checks = (
        ("Configuration", _configuration),
        ("Database schema", _schema),
        ("Live operations", _shapes),
        ("Fernet keys", _keys),
        ("Time limits and lease", _limits),
        ("Policy file format", _policy),
    )


def _schema(current: str | None, head: str) -> Result:
    if current == head:
        return Result(Code.SUCCESS)
    return Result(Code.FAILURE, f"The schema is {current or 'empty'}, this release needs {head}: run baremetal-svc-manage db sync.")


def _live_shapes(conn: Connection) -> set[tuple[str, int]]:
    op = Operation.__table__.c
    return {(row.kind, row.shape) for row in conn.execute(select(op.kind, op.shape).where(op.state.in_(sorted(LIVE))).distinct())}


def main() -> int:
    """Entry point of baremetal-svc-status: 0 ready, 1 warnings, 2 failures, 255 it broke."""
    conf = configuration.register(cfg.CONF)
    try:
        return upgradecheck.main(conf, configuration.PROJECT, Checks(conf), sys.argv[1:])
    except cfg.Error as error:
        print(f"The configuration cannot be used: {error}", file=sys.stderr)
        return 255
