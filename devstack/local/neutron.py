# SPDX-License-Identifier: Apache-2.0
"""Neutron with ML2, VLANs on physnet1 and two fake switches (sw0, sw1) of networking-generic-switch."""

from devstack.local import configuration, databases, layout, processes, rabbitmq
from devstack.local.rest import Rest, client
from devstack.local.waiting import http_answers, ready

PROVISIONING_VLAN = 100
_FILE = layout.ETC / "neutron" / "neutron.conf"
_ML2 = layout.ETC / "neutron" / "ml2.ini"
_UNLIMITED = ("network", "subnet", "port", "router", "floatingip", "security_group", "security_group_rule")
_NETWORKS = {
    "provisioning": (
        "10.99.0.0/16",
        {
            "provider:network_type": "vlan",
            "provider:physical_network": "physnet1",
            "provider:segmentation_id": PROVISIONING_VLAN,
        },
    ),
    "tenant": ("10.50.0.0/16", {"shared": True}),
    "public": ("203.0.113.0/24", {"router:external": True}),
}


def prepare() -> None:
    """Write the configuration; the first time make the tables."""
    home = layout.DATA / "neutron"
    home.mkdir(exist_ok=True)
    configuration.write(_FILE, _sections())
    configuration.write(_ML2, _ml2_sections())
    done = home / ".prepared"
    if not done.exists():
        databases.create_database("mysql", "neutron")
        processes.run("neutron-prepare", [layout.BIN / "neutron-db-manage", *_files(), "upgrade", "heads"])
        done.touch()


def start() -> None:
    """Start the API and the RPC server; the first time make the networks."""
    configuration.start_wsgi("neutron", "neutron.wsgi.api", OS_NEUTRON_CONFIG_FILES=f"{_FILE};{_ML2}")
    processes.start("neutron-rpc", [layout.BIN / "neutron-rpc-server", *_files()])
    ready("neutron", lambda: http_answers(layout.URLS["neutron"] + "/"), 120, lambda: processes.pid("neutron"))
    done = layout.DATA / "neutron" / ".seeded"
    if not done.exists():
        _seed(client("neutron"))
        done.touch()


def _files() -> list[str]:
    return ["--config-file", str(_FILE), "--config-file", str(_ML2)]


def _sections() -> configuration.Sections:
    return {
        "DEFAULT": {
            "core_plugin": "ml2",
            "service_plugins": "router,trunk,segments,tag,revisions,timestamp,auto_allocate,network_ip_availability,qos",
            "transport_url": rabbitmq.url(),
            "auth_strategy": "keystone",
            "api_paste_config": layout.VENV / "etc/neutron/api-paste.ini",
            "state_path": layout.DATA / "neutron",
            "bind_host": layout.HOST,
            "rpc_workers": 1,
            "rpc_state_report_workers": 0,
            "notify_nova_on_port_status_changes": False,
            "notify_nova_on_port_data_changes": False,
            "dhcp_agent_notification": False,
            "allow_automatic_dhcp_failover": False,
            "global_physnet_mtu": 1500,
        },
        "quotas": {f"quota_{what}": -1 for what in _UNLIMITED},
        "database": configuration.database("neutron"),
        "keystone_authtoken": configuration.token_validation("neutron", "network"),
        "oslo_concurrency": {"lock_path": layout.DATA / "neutron" / "lock"},
        "oslo_messaging_notifications": {"driver": "noop"},
        "ironic": {"auth_type": "none", "endpoint_override": layout.URLS["ironic"]},
    }


def _ml2_sections() -> configuration.Sections:
    switches = {
        f"genericswitch:sw{number}": {
            "device_type": "netmiko_fake",
            "ip": layout.HOST,
            "username": "x",
            "password": "x",
            "ngs_mac_address": f"00:53:00:0a:0a:0{number}",
            "ngs_physical_networks": "physnet1",
            "ngs_save_configuration": False,
        }
        for number in (0, 1)
    }
    return {
        "ml2": {
            "type_drivers": "flat,vlan",
            "tenant_network_types": "vlan",
            "mechanism_drivers": "genericswitch",
            "extension_drivers": "port_security,qos",
        },
        "ml2_type_vlan": {"network_vlan_ranges": f"physnet1:{PROVISIONING_VLAN}:1999"},
        "securitygroup": {"enable_security_group": True},
        **switches,
    }


def _seed(neutron: Rest) -> None:
    for name, (cidr, options) in _NETWORKS.items():
        found = neutron.get(f"/networks?name={name}")["networks"]
        network = found[0] if found else neutron.post("/networks", {"network": {"name": name, **options}})["network"]
        if not network["subnets"]:
            subnet = {"network_id": network["id"], "name": name, "cidr": cidr, "ip_version": 4, "enable_dhcp": False}
            neutron.post("/subnets", {"subnet": subnet})
    _route(neutron)


def _route(neutron: Rest) -> None:
    """A router between tenant and public, so that floating IPs can be had. Rows only: there is no L3 agent."""
    if neutron.get("/routers?name=router")["routers"]:
        return
    networks = {row["name"]: row for row in neutron.get("/networks")["networks"]}
    gateway = {"network_id": networks["public"]["id"]}
    router = neutron.post("/routers", {"router": {"name": "router", "external_gateway_info": gateway}})["router"]["id"]
    neutron.put(f"/routers/{router}/add_router_interface", {"subnet_id": networks["tenant"]["subnets"][0]})
