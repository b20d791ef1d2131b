# SPDX-License-Identifier: Apache-2.0
"""What operators copy: every option in the samples exists, units name programs that exist, shell scripts parse."""

import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from keystoneauth1 import loading
from oslo_config import cfg, generator

from baremetal_svc.conf import service

CHECKOUT = Path(__file__).resolve().parents[2]
ETC = CHECKOUT / "etc" / "baremetal_svc"
SAMPLE = ETC / "baremetal_svc.conf.minimal"
DEVSTACK = CHECKOUT / "devstack"
PLUGIN = [DEVSTACK / "plugin.sh", DEVSTACK / "settings", DEVSTACK / "lib" / "baremetal-svc"]
#: What stands in for devstack's own functions in a test.
SCRIPTS = [*PLUGIN, CHECKOUT / "tests" / "fixtures" / "devstack.sh"]
UNITS = sorted((ETC / "systemd").glob("*.service"))
#: Sections whose credentials are keystoneauth's, of the plugin "password".
CREDENTIALS = ("keystone_authtoken", "ironic", "neutron")

# In a process of its own: baremetal_svc.cmd chooses the backend of oslo.service, which other tests have left to it.
# A topic without verbs is one word.
COMMANDS = "from baremetal_svc.cmd import manage; [print(topic, verb) for topic, verbs in manage.COMMANDS.items() for verb in verbs]"


def known() -> set[tuple[str, str]]:
    """(section, option) of everything that a process of ours reads: what the sample of oslo-config-generator would show."""
    conf = cfg.ConfigOpts()
    generator.register_cli_opts(conf)
    conf(["--config-file", str(ETC / "config-generator.conf")])
    found = {(section, option) for section in CREDENTIALS for option in ("region_name", *_password())}
    for _, groups in generator._list_opts(conf.namespace):
        for group, options in groups:
            section = "DEFAULT" if group is None else getattr(group, "name", group)
            found |= {(section, option.dest) for option in options}
    return found


def _password() -> list[str]:
    return [option.dest for option in loading.get_plugin_loader("password").get_options()]


def named() -> Iterator[tuple[str, str]]:
    """Options of the sample, those in comments too."""
    section = ""
    for line in SAMPLE.read_text().splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
        elif option := re.match(r"#?(\w+) = ", line):
            yield section, option[1]


def set_by_devstack() -> Iterator[tuple[str, str]]:
    """Options that the plugin writes; "$group" stands for Ironic's and Neutron's."""
    for section, option in re.findall(r'iniset "\$BMS_CONF" ("?\$?\w+"?) (\w+)', PLUGIN[-1].read_text()):
        yield from ((name, option) for name in (("ironic", "neutron") if "group" in section else (section,)))


def test_every_option_of_the_sample_exists() -> None:
    asked = list(named())
    assert len(asked) > 30 and sorted(set(asked) - known()) == []


def test_the_sample_sets_what_must_be_set() -> None:
    parser = configparser.RawConfigParser(default_section="none")
    parser.read(SAMPLE)
    for section, option in (("database", "connection"), ("secrets", "fernet_key"), ("images", "file"), ("ironic", "auth_type")):
        assert parser[section][option]


def test_the_guide_installs_what_the_sample_needs() -> None:
    """memcached_servers without its client: every request failed with 500."""
    guide = (CHECKOUT / "doc" / "source" / "admin" / "installation.rst").read_text()
    sample = SAMPLE.read_text()
    needs = {"mysql+mysqldb": "mysqlclient", "mysql+pymysql": "mysql", "memcached_servers": "memcached"}
    wanted = {"server", *(extra for word, extra in needs.items() if word in sample)}
    extras = re.findall(r'"baremetal-svc\[([a-z,]+)\]"', guide)[0].split(",")
    assert wanted <= set(extras)
    offered = configparser.ConfigParser(interpolation=None)
    offered.read(CHECKOUT / "setup.cfg")
    assert set(extras) <= set(offered["extras"])


def test_every_option_that_devstack_sets_exists() -> None:
    asked = set(set_by_devstack())
    assert len(asked) > 15 and sorted(asked - known()) == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_program_that_exists(unit: Path) -> None:
    text = unit.read_text()
    words = re.findall(r"^ExecStart=(\S+)(.*)$", text, re.M)
    assert len(words) == 1
    program = Path(words[0][0]).name
    assert program == "uwsgi" or program in {script.name for script in entry_points(group="console_scripts")}
    # The main process alone is told to stop, and gets the time that it needs for it.
    assert "\nKillMode=mixed\n" in text
    (stop,) = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.M)
    needed = {option.name: option.default for option in (*service.CONDUCTOR, *service.API)}
    assert int(stop) > needed["drain_timeout" if "conductor" in unit.name else "max_wait"]


def test_every_command_of_an_operator_exists() -> None:
    """In the guide, the samples and the devstack plugin."""
    texts = [path.read_text() for path in (*ETC.rglob("*"), *(CHECKOUT / "doc" / "source").rglob("*.rst"), *PLUGIN) if path.is_file()]
    asked = {words for text in texts for words in re.findall(r"baremetal-svc-manage (?:--config-file \S+ )?(\w+)(?: (\w[\w-]*))?", text)}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", COMMANDS], capture_output=True, text=True, check=True)
    assert asked and sorted(asked - {tuple(line.split(" ")) for line in done.stdout.splitlines()}) == []


def test_the_application_of_the_uwsgi_sample_exists() -> None:
    module, _, name = re.findall(r"^module = (\S+)$", (ETC / "uwsgi.ini.sample").read_text(), re.M)[0].partition(":")
    # Read, not imported: it would want a configuration.
    source = CHECKOUT.joinpath(*module.split(".")).with_suffix(".py")
    assert re.search(rf"^{name} = ", source.read_text(), re.M)
    assert f"{module}:{name}" in PLUGIN[-1].read_text()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shell_scripts_are_clean(script: Path) -> None:
    for command in (["bash", "-n"], [Path(sys.executable).with_name("shellcheck"), "-s", "bash", "-x"]):
        done = subprocess.run([*command, script], cwd=CHECKOUT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
