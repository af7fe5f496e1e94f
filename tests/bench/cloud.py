# SPDX-License-Identifier: Apache-2.0
"""Prints the configuration of a large cloud: two networks, a node set and a table for 400 nodes.

    cloud.py NODES      NODES is a multiple of 400, at most 100,000: 400 in each of 2 x 125 subnets
"""
import sys

NODES_PER_SET = 400
PODS = 26  # the prefix of a node's pods


def configuration(nodes):
    sets = nodes // NODES_PER_SET
    networks = ("net0", 0), ("net1", 100)
    each = (sets + 1) // len(networks)
    lines = ["waybill: 1", "subscription: 00000000-0000-0000-0000-000000000001",
             "resourceGroup: big", "location: japaneast", "resourceGroups:", "  big: {}",
             "virtualNetworks:"]
    for n, (name, second) in enumerate(networks):
        lines += [f"  {name}:",
                  f"    addressSpace: {{addressPrefixes: [10.{second}.0.0/16]}}", "    subnets:"]
        lines += [f"      s{i}: {{addressPrefix: 10.{second}.{2 * i}.0/23, "
                  f"routeTable: t{n * each + i}}}" for i in range(min(each, sets - n * each))]
    lines.append("nodeSets:")
    for i in range(sets):
        first = f"10.{networks[i // each][1]}.{2 * (i % each)}.10"
        pods = f"11.{i // 2}.{128 * (i % 2)}.0/17"
        lines.append(f'  w{i}: {{range: {{count: {NODES_PER_SET}, name: "w{i}-${{node.index}}", '
                     f"firstIP: {first}, podCIDRs: {pods}, podPrefixLength: {PODS}}}}}")
    lines.append("routeTables:")
    for i in range(sets):
        lines += [f"  t{i}:", "    nodeRoutes:",
                  f'      - {{nodeSet: w{i}, name: "r-${{node.podCIDR | slug}}"}}']
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(configuration(int(sys.argv[1])))
