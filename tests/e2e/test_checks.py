# SPDX-License-Identifier: Apache-2.0
"""Network checks of many nodes: one fault is one finding, however many it is the fault of."""
import json
import re

import pytest
from harness import Waybill

pytestmark = pytest.mark.sanitizer

HEAD = """waybill: 1
subscription: ${env.AZURE_SUBSCRIPTION_ID}
resourceGroup: kubernetes
location: japaneast
"""


def network(subnets):
    return (HEAD + "virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: [10.0.0.0/16]}\n    subnets:\n"
            + "".join(f"      {name}: {{{rest}}}\n" for name, rest in subnets.items())
            + "routeTables:\n  pods:\n    nodeRoutes: [{nodeSet: nodes}]\n")


def nodes(addresses):
    return "nodeSets:\n  nodes:\n    nodes:\n" + "".join(
        f"      n{i}: {{ip: {ip}, podCIDR: 10.{200 + i // 256}.{i % 256}.0/24}}\n"
        for i, ip in enumerate(addresses))


def told(result):
    return re.findall(r"\[([a-z0-9-]+)\]$", result.stderr, flags=re.M)


def test_a_subnet_without_the_table_is_one_finding_of_400_nodes(tmp_path, azure):
    subnets = {f"s{i}": f"addressPrefix: 10.0.{i}.0/24, routeTable: pods" for i in range(4)}
    subnets["s2"] = "addressPrefix: 10.0.2.0/24"
    addresses = [f"10.0.{i % 4}.{4 + i // 4}" for i in range(400)]
    waybill = Waybill(tmp_path, azure, network(subnets) + nodes(addresses))
    result = waybill.run("validate", check=1)
    assert told(result) == ["node-subnet-table"], result
    assert "subnets/s2, where 100 nodes of `nodes` are, has no route table" in result.stderr
    assert "waybill.yaml:11:7: error" in result.stderr
    assert "give the subnet `routeTable: pods`" in result.stderr


def test_too_many_tables_in_one_region(tmp_path, azure):
    tables = "routeTables:\n" + "".join(f"  t{i}: {{}}\n" for i in range(601))
    away = "  away: {location: westeurope}\n"
    result = Waybill(tmp_path, azure, HEAD + tables + away).run("validate", check=1)
    assert told(result) == ["limit-exceeded"], result
    assert "601 of 600 route tables in japaneast, 1 too many" in result.stderr


def test_what_is_ignored_is_counted_in_json_too(tmp_path, azure):
    text = network({"a": "addressPrefix: 10.0.1.0/30, ignore: {subnet-size: made before the rule}"}) + nodes([])
    waybill = Waybill(tmp_path, azure, text.replace("    nodes:\n", "    nodes: {}\n"))
    assert json.loads(waybill.run("validate", "--json", check=0).stdout)["ignored_findings"] == 1
    assert json.loads(waybill.run("plan", "--json", check=0).stdout)["ignored_findings"] == 1
    assert "1 finding ignored" in waybill.run("validate", check=0).stdout


def test_destroy_is_not_held_up_by_findings(tmp_path, azure):
    text = network({"a": "addressPrefix: 10.0.1.0/24, routeTable: pods"}) + nodes(["10.0.1.4"])
    waybill = Waybill(tmp_path, azure, text)
    waybill.apply()
    (tmp_path / "waybill.yaml").write_text(text.replace("10.0.1.4", "10.9.1.4"))
    assert "node-outside-subnets" in told(waybill.run("plan", check=1))
    waybill.run("destroy", "--auto-approve", "--max-deletes", "9", check=0)
