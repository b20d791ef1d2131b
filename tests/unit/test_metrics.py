# SPDX-License-Identifier: Apache-2.0
"""Metrics without a service: bounded labels, the collector over the database, and the dashboard and alerts that name them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from baremetal_svc import metrics
from baremetal_svc.domain.errors import Unavailable

ETC = Path(__file__).resolve().parents[2] / "etc" / "baremetal_svc"
NAME = re.compile(r"\bbaremetal_svc_\w+")
ROWS = {
    "operations": [{"kind": "servers.create", "state": "waiting", "count": 2, "age": 61.5}],
    "faults": [{"target_kind": "node", "code": "deploy_failed", "count": 3}],
    "pools": [{"name": "fast", "as_of": 7.0, "low": True, "states": {"free": 5}}],
}


def scraped(*more: Any) -> str:
    return generate_latest(metrics.registry(*more)).decode()


def known() -> set[str]:
    """Every name under which a sample may come."""
    names = set()
    for family in metrics.registry(metrics.Standing(lambda: ROWS)).collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}.get(family.type, [""])
        names |= {family.name + suffix for suffix in suffixes}
    return {name for name in names if name.startswith("baremetal_svc_")}


def expressions() -> dict[str, list[str]]:
    """PromQL of each file."""
    alerts = yaml.safe_load((ETC / "prometheus-alerts.yaml").read_text())
    dashboard = json.loads((ETC / "grafana-dashboard.json").read_text())
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    targets = [target for panel in dashboard["panels"] for target in panel.get("targets", [])]
    return {"alerts": [rule["expr"] for rule in rules], "dashboard": [target["expr"] for target in targets]}


@pytest.mark.parametrize(
    ("name", "label"), [("create-port-0", "create-port"), ("create-port-12", "create-port"), ("wait-until-deployed", "wait-until-deployed")]
)
def test_a_step_is_a_label_without_its_number(name: str, label: str) -> None:
    assert metrics.step_label(name) == label


def test_the_database_is_asked_once_in_a_while() -> None:
    asked = []

    def read() -> Mapping[str, Any]:
        asked.append(1)
        return ROWS

    standing = metrics.Standing(read)
    text = scraped(standing) + scraped(standing)
    assert asked == [1]
    assert text.count('baremetal_svc_operations{kind="servers.create",state="waiting"} 2.0') == 2
    assert 'baremetal_svc_operations_oldest_age_seconds{kind="servers.create",state="waiting"} 61.5' in text
    assert 'baremetal_svc_faults_open{code="deploy_failed",target_kind="node"} 3.0' in text
    assert 'baremetal_svc_pool_nodes{pool="fast",state="free"} 5.0' in text and 'baremetal_svc_pool_low{pool="fast"} 1.0' in text
    assert 'baremetal_svc_pool_nodes{pool="fast",state="in_use"} 0.0' in text


def test_a_scrape_lives_without_the_database() -> None:
    def away() -> Mapping[str, Any]:
        raise Unavailable("gone")

    text = scraped(metrics.Standing(away))
    assert "baremetal_svc_database_up 0.0" in text
    assert "baremetal_svc_operations{" not in text


@pytest.mark.parametrize("file", ["alerts", "dashboard"])
def test_every_metric_that_is_named_exists(file: str) -> None:
    found = [NAME.findall(expression) for expression in expressions()[file]]
    assert found and all(found), "an expression names no metric of ours"
    assert {name for names in found for name in names} <= known()


def test_the_dashboard_shows_every_metric() -> None:
    used = {name for expression in expressions()["dashboard"] for name in NAME.findall(expression)}
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in known()}
    assert families - {re.sub(r"_(bucket|count|sum)$", "", name) for name in used} == set()


def test_every_metric_is_documented() -> None:
    text = (ETC.parents[1] / "doc" / "source" / "admin" / "monitoring.rst").read_text()
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in known()} <= set(NAME.findall(text))


def test_alerts_say_what_to_do() -> None:
    alerts = yaml.safe_load((ETC / "prometheus-alerts.yaml").read_text())
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"] and rule["annotations"]["description"]
