# SPDX-License-Identifier: Apache-2.0
"""What happens over the life of a configuration: nodes come and go, resources change hands."""
import signal
import subprocess
import time

import pytest
from harness import (EXAMPLES, GROUP, HEAD, NETWORK, SUBNET, TABLE, Waybill, route_body, table_id,
                     table_yaml, writes)

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")


def machine_id(name):
    return f"{GROUP}/providers/Microsoft.Compute/virtualMachines/{name}"


def set_tag(azure, machine, **tags):
    body = azure.get(machine_id(machine))
    body["tags"].update({name.replace("_", "-"): value for name, value in tags.items()})
    azure.put(machine_id(machine), body)


def route_names(azure, table=TABLE):
    return sorted(route["name"] for route in azure.get(table)["properties"]["routes"])


# ---- nodes ----

def test_a_node_with_another_pod_cidr_gets_another_route_in_one_put(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.apply()
    set_tag(azure, "worker-1", pod_cidr="10.200.7.0/24")
    assert waybill.plan().last_line == "Plan: 1 to add, 0 to change, 1 to destroy."
    azure.clear()
    waybill.apply()
    assert len(writes(azure.requests())) == 1
    assert route_names(azure) == [
        "kubernetes-route-10-200-0-0-24", "kubernetes-route-10-200-7-0-24"]
    waybill.assert_settled()


def test_a_saved_plan_is_stale_when_a_node_has_changed(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.plan("--out", "plan.waybill")
    set_tag(azure, "worker-1", pod_cidr="10.200.7.0/24")
    azure.clear()
    result = waybill.apply("plan.waybill", check=1)
    assert "plan-stale" in result.codes and "10-200-" in result.stderr
    assert writes(azure.requests()) == []


def test_a_node_without_a_pod_cidr_is_incomplete_unless_skipped(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    body = azure.get(machine_id("worker-1"))
    del body["tags"]["pod-cidr"]
    azure.put(machine_id("worker-1"), body)
    result = waybill.plan(check=1)
    assert result.codes == ["node-incomplete"] and "worker-1" in result.stderr
    waybill.replace("  workers:\n", "  workers:\n    incomplete: skip\n")
    assert waybill.plan().last_line == "Plan: 2 to add, 1 to change, 0 to destroy."


def test_two_nodes_with_one_pod_cidr_are_refused(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    set_tag(azure, "worker-1", pod_cidr="10.200.0.0/24")
    assert waybill.plan(check=1).codes
    assert "worker-" in waybill.plan(check=1).stderr


def test_pages_are_followed(tmp_path, emulator):
    azure = emulator(EXAMPLES / "hard-way" / "cloud.yaml", args=["--page-size", "1"])
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    assert waybill.plan().last_line == "Plan: 3 to add, 1 to change, 0 to destroy."
    waybill.apply()
    waybill.assert_settled()


# ---- resources that change hands ----

NETWORK_YAML = HEAD + """\
virtualNetworks:
  kubernetes-vnet:
    existing: true
    subnets:
      pods:
        addressPrefix: 10.240.1.0/24
"""


def widen(azure):
    network = azure.get(NETWORK)
    network["properties"]["addressSpace"]["addressPrefixes"] = ["10.240.0.0/16"]
    azure.put(NETWORK, network)


def test_a_subnet_of_ours_in_a_network_of_somebody_else(tmp_path, azure):
    widen(azure)
    before = azure.cloud()
    waybill = Waybill(tmp_path / "w", azure, NETWORK_YAML)
    waybill.apply()
    assert [path for method, path in writes(azure.requests())
            if method == "PUT"] == [f"{NETWORK}/subnets/pods"]
    waybill.assert_settled()
    waybill.replace("10.240.1.0/24", "10.240.2.0/24")
    assert waybill.plan().last_line == "Plan: 0 to add, 1 to change, 0 to destroy."
    waybill.apply()
    waybill.assert_settled()
    waybill.destroy()
    assert azure.cloud() == before


def test_existing_lets_go_of_what_was_ours_and_without_it_it_is_not(tmp_path, azure):
    ours = table_yaml({"a": A})
    waybill = Waybill(tmp_path / "w", azure, ours)
    waybill.apply()
    waybill.write(HEAD + "routeTables:\n  t:\n    existing: true\n"
                  "    routes: {a: {existing: true}}\n")
    azure.clear()
    waybill.apply()
    assert writes(azure.requests()) == []
    assert route_names(azure, table_id()) == ["a"]
    waybill.assert_settled()
    waybill.write(ours)
    assert "not-ours" in waybill.plan(check=1).codes


def test_delete_foreign_opts_in(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    waybill.apply()
    azure.put(table_id() + "/routes/theirs", route_body(*B))
    waybill.destroy(check=1)
    waybill.destroy("--delete-foreign", "routeTables/t")
    assert azure.get(table_id()) is None


def test_foreign_tags_remove_owns_all_tags(tmp_path, azure):
    text = table_yaml({"a": A}, more="    tags: {team: one}\n    foreignTags: remove\n")
    waybill = Waybill(tmp_path / "w", azure, text)
    waybill.apply()
    table = azure.get(table_id())
    table["tags"]["theirs"] = "gone"
    azure.put(table_id(), table)
    waybill.apply()
    assert azure.get(table_id())["tags"] == {"team": "one"}
    waybill.assert_settled()


def test_a_tag_of_ours_that_is_taken_out_goes_and_theirs_stays(tmp_path, azure):
    text = table_yaml({"a": A}, more="    tags: {team: one, stage: test}\n")
    waybill = Waybill(tmp_path / "w", azure, text)
    waybill.apply()
    table = azure.get(table_id())
    table["tags"]["theirs"] = "kept"
    azure.put(table_id(), table)
    waybill.replace(", stage: test", "")
    waybill.apply()
    assert azure.get(table_id())["tags"] == {"team": "one", "theirs": "kept"}
    waybill.assert_settled()


def test_a_member_taken_out_goes_back_to_what_azure_fills_in(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure,
                      table_yaml({"a": A}, more="    disableBgpRoutePropagation: true\n"))
    waybill.apply()
    waybill.replace("    disableBgpRoutePropagation: true\n", "")
    waybill.apply()
    assert azure.get(table_id())["properties"]["disableBgpRoutePropagation"] is False
    waybill.assert_settled()


def test_a_table_taken_out_is_detached_first(tmp_path, azure):
    more = ("  spare: {}\nvirtualNetworks:\n  kubernetes-vnet:\n    existing: true\n    subnets:\n"
            "      kubernetes-subnet: {existing: true, routeTable: t}\n")
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}) + more)
    waybill.apply()
    waybill.write(HEAD + "routeTables:\n" + more.replace("routeTable: t", "routeTable: spare"))
    azure.clear()
    waybill.apply("--max-deletes", "2")
    assert [(method, path.rsplit("/", 1)[1]) for method, path in writes(azure.requests())] == [
        ("PUT", "kubernetes-subnet"), ("DELETE", "t")]
    waybill.assert_settled()


# ---- interruption ----

@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_in_order_and_the_next_run_goes_on(tmp_path, emulator, number, status):
    azure = emulator(args=["--operation-time", "300"])
    waybill = Waybill(tmp_path / "w", azure, "greenfield")
    run = subprocess.Popen(waybill.command("apply", "--auto-approve"), cwd=waybill.folder,
                           env=waybill.environment, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not [path for method, path in writes(azure.requests()) if method == "PUT"]:
        time.sleep(0.01)
    run.send_signal(number)
    output = run.communicate(timeout=60)
    assert run.returncode == status, output
    assert waybill.run("plan", "--detailed-exitcode").code == 2
    waybill.apply()
    waybill.assert_settled()
    created = [request["path"] for request in azure.requests()
               if request["method"] == "PUT" and request["status"] == 201]
    assert len(created) == len(set(created))


def test_an_interrupt_leaves_what_takes_longer_than_its_grace_to_the_next_run(tmp_path, emulator):
    azure = emulator(args=["--operation-time", "4000"])
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    azure.put(GROUP, {"location": "japaneast"})
    run = subprocess.Popen(waybill.command("apply", "--auto-approve", "--grace", "0s"), cwd=waybill.folder,
                           env=waybill.environment, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not writes(azure.requests()):
        time.sleep(0.01)
    run.send_signal(signal.SIGTERM)
    shown, told = run.communicate(timeout=60)
    assert run.returncode == 143, told
    assert "Sent, outcome not known:\n    create routeTables/t" in shown
    assert azure.get(table_id())["properties"]["provisioningState"] == "Updating"
    assert "it was written" in waybill.apply().stderr
    waybill.assert_settled()


def test_two_configurations_may_write_one_network_at_the_same_time(tmp_path, emulator):
    azure = emulator(EXAMPLES / "hard-way" / "cloud.yaml", args=["--operation-time", "60"])
    widen(azure)
    waybills = [Waybill(tmp_path / str(i), azure, NETWORK_YAML.replace("pods", f"pods-{i}").replace(
        "10.240.1.0", f"10.240.{i + 1}.0")) for i in range(4)]
    runs = [subprocess.Popen(waybill.command("apply", "--auto-approve"), cwd=waybill.folder,
                             env=waybill.environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for waybill in waybills]
    for run in runs:
        output = run.communicate(timeout=100)[0]
        assert run.returncode == 0, output
    for waybill in waybills:
        waybill.assert_settled()
    names = [subnet["name"] for subnet in azure.get(NETWORK)["properties"]["subnets"]]
    assert sorted(names) == ["kubernetes-subnet"] + [f"pods-{i}" for i in range(4)]
    assert azure.get(SUBNET)["properties"]["addressPrefix"] == "10.240.0.0/24"
