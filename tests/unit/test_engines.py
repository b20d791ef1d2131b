# SPDX-License-Identifier: Apache-2.0
"""Which driver a URL comes to."""

import pytest
import sqlalchemy as sa

from baremetal_svc.db import engines


@pytest.mark.parametrize(
    ("name", "driver"),
    [
        ("mysql+pymysql", "mysql+pymysql"),
        ("mariadb+pymysql", "mysql+pymysql"),
        ("postgresql+psycopg", "postgresql+psycopg"),
        ("postgresql+psycopg2", "postgresql+psycopg"),
        ("postgresql", "postgresql+psycopg"),
    ],
)
def test_urls_of_old_configurations_go_on_working(name: str, driver: str) -> None:
    assert engines.make(f"{name}://user:word@host/service").url.drivername == driver


def test_limits_of_a_url_stay_as_they_are() -> None:
    assert engines.impatient("postgresql://host/service?connect_timeout=60").startswith("postgresql://host/service?connect_timeout=60&")


@pytest.mark.parametrize(
    ("url", "said"),
    [("postgresql+psycopg://host/service?ssl_ca=x", "ssl_ca"), ("postgresql+psycopg_async://host/service", "asynchronous")],
)
def test_what_no_connection_could_be_made_with_is_refused_at_once(url: str, said: str) -> None:
    with pytest.raises(sa.exc.ArgumentError, match=said):
        engines.make(url)
