# SPDX-License-Identifier: Apache-2.0
"""`waybill graph`: each form is valid, says the same, and holds whatever names there are."""
import json
import re
import subprocess
import xml.etree.ElementTree

import pytest
from emulator import ROOT
from harness import HEAD, NETWORK_PROVIDER, TABLE, Waybill, route_body, writes

SVG = "{http://www.w3.org/2000/svg}"
FORMS = ("text", "dot", "mermaid", "svg", "json")


def graph(waybill, form, *arguments):
    result = waybill.run("graph", "--format", form, *arguments, check=0)
    assert result.stderr == "", result
    return result.stdout


# ---- each form, held to its grammar; returns the texts of its labels ----

def read_svg(text):
    root = xml.etree.ElementTree.fromstring(text)
    allowed = {"svg", "title", "style", "rect", "text", "g", "path"}
    texts = []
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in allowed, element.tag
        for name, value in element.attrib.items():
            assert name not in ("href", "style") and not name.startswith("on"), (name, value)
            assert re.fullmatch(r"[\w\s.,%#-]*", value), (name, value)
        if element.tag == SVG + "title":
            texts += (element.text or "").split("\n")
    styles = root.findall(SVG + "style")
    assert len(styles) == 1 and not re.search(r"@import|url\(", styles[0].text)
    return texts


def inside(root, width, height):
    """Every rectangle and text stands on the paper."""
    for element in root.iter(SVG + "rect"):
        if element.get("x") is not None:
            x, y, w, h = (float(element.get(name)) for name in ("x", "y", "width", "height"))
            assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
    for element in root.iter(SVG + "text"):
        assert 0 <= float(element.get("x")) < width and 0 <= float(element.get("y")) < height


MERMAID_TEXT = r'"(?:[A-Za-z0-9 ._/,()+~\x80-\U0010ffff-]|#\d+;|<br>)*"'
MERMAID_LINE = re.compile("|".join((
    r"flowchart LR", r"  accTitle: [\w ()]+",
    rf" +(?:subgraph )?b\d+\[{MERMAID_TEXT}\]", r" +end",
    r"  b\d+ (?:---|<-->) b\d+", r"  linkStyle \d+ [\w:#,; -]+",
    r"  classDef \w+ [\w:#, -]+", r"  class b\d+ \w+")))


def read_mermaid(text):
    first, *lines = text.splitlines()
    assert json.loads(re.fullmatch(r"%%\{init: (.*)\}%%", first).group(1))
    depth, boxes, links, texts = 0, set(), 0, []
    for line in lines:
        assert MERMAID_LINE.fullmatch(line), line
        depth += line.strip().startswith("subgraph ")
        depth -= line.strip() == "end"
        assert depth >= 0
        box = re.match(r" +(?:subgraph )?(b\d+)\[\"(.*)\"\]", line)
        if box:
            assert box.group(1) not in boxes
            boxes.add(box.group(1))
            texts += [re.sub(r"#(\d+);", lambda found: chr(int(found.group(1))), part)
                      for part in box.group(2).split("<br>")]
        link = re.match(r"  (b\d+) \S+ (b\d+)$", line)
        if link:
            assert set(link.groups()) <= boxes
            links += 1
        style = re.match(r"  linkStyle (\d+)", line)
        assert not style or int(style.group(1)) == links - 1
    assert depth == 0
    return texts


def read_dot(text):
    done = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True)
    assert done.stderr == b"", done.stderr
    return [element.text or "" for element in
            xml.etree.ElementTree.fromstring(done.stdout).iter(SVG + "text")]


def every_form(waybill, *arguments):
    """form -> the texts in it"""
    svg = graph(waybill, "svg", *arguments)
    root = xml.etree.ElementTree.fromstring(svg)
    inside(root, float(root.get("width")), float(root.get("height")))
    return {
        "text": graph(waybill, "text", *arguments).splitlines(),
        "dot": read_dot(graph(waybill, "dot", *arguments)),
        "mermaid": read_mermaid(graph(waybill, "mermaid", *arguments)),
        "svg": read_svg(svg),
    }


def assert_all_say(forms, *words):
    for form, texts in forms.items():
        for word in words:
            assert any(word in text for text in texts), (form, word, texts)


# ---- tests ----

@pytest.mark.sanitizer
def test_the_hard_way(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    assert graph(waybill, "text") == """\
The network after an apply (EMULATOR)

    network kubernetes-vnet  10.240.0.0/24  existing
  ~ `- subnet kubernetes-subnet  10.240.0.0/24  existing
  +    |- route table kubernetes-routes
       |- worker-0  10.240.0.20  pods 10.200.0.0/24
       `- worker-1  10.240.0.21  pods 10.200.1.0/24

  + route table kubernetes-routes
  + |- 10.200.0.0/24  to 10.240.0.20, worker-0
  + `- 10.200.1.0/24  to 10.240.0.21, worker-1

+ added, ~ changed
"""
    assert_all_say(every_form(waybill), "network kubernetes-vnet", "subnet kubernetes-subnet",
                   "route table kubernetes-routes", "worker-1", "10.200.1.0/24")
    told = json.loads(graph(waybill, "json"))["graph"]
    network, table = told["boxes"]
    subnet = network["inside"][0]
    assert (network["kind"], network["change"], network["details"]) == (
        "network", "unchanged", ["10.240.0.0/24", "existing"])
    assert (subnet["change"], [node["name"] for node in subnet["inside"]]) == (
        "changed", ["worker-0", "worker-1"])
    assert table["address"] == "routeTables/kubernetes-routes"
    assert [route["change"] for route in table["inside"]] == ["added", "added"]
    assert told["attachments"] == [
        {"from": subnet["box"], "to": table["box"], "change": "added"}]
    assert [(line["from"], line["to"]) for line in told["next_hops"]] == [
        (route["box"], node["box"]) for route, node in zip(table["inside"], subnet["inside"])]

    # The picture in docs/graph.md is this one.
    assert graph(waybill, "svg") == (ROOT / "docs" / "graph.svg").read_text()

    waybill.apply()
    assert graph(waybill, "text").endswith("\nNothing changes.\n")
    gone = graph(waybill, "text", "--destroy")
    assert gone.startswith("The network after a destroy")
    assert "  - route table kubernetes-routes\n" in gone and "- destroyed" in gone
    assert_all_say(every_form(waybill, "--destroy"), "kubernetes-routes")


def test_it_writes_nothing(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    azure.clear()
    before = sorted(waybill.folder.iterdir())
    for form in FORMS:
        graph(waybill, form)
    assert writes(azure.requests()) == [] and sorted(waybill.folder.iterdir()) == before


def test_what_is_foreign_and_what_goes(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.apply()
    table = azure.get(TABLE)
    table["properties"]["routes"].append(
        {"name": "theirs", **route_body("172.20.0.0/16", "10.240.0.77")})
    azure.put(TABLE, table)
    azure.put(f"{NETWORK_PROVIDER}/virtualNetworks/elsewhere", {
        "location": "japaneast", "properties": {"addressSpace": {"addressPrefixes": ["10.66.0.0/16"]}}})
    waybill.replace('"worker-*"', '"worker-0"')
    text = graph(waybill, "text", "--max-deletes", "5")
    assert re.search(r"^  - .. 10\.200\.1\.0/24 +to 10\.240\.0\.21$", text, re.M)
    assert re.search(r"^    .. 172\.20\.0\.0/16 +to 10\.240\.0\.77  foreign$", text, re.M)
    assert "10.240.0.77  next hop, no node" in text
    assert "elsewhere" not in text, "a network that nothing here is about"
    told = json.loads(graph(waybill, "json", "--max-deletes", "5"))["graph"]
    table = told["boxes"][-1]
    assert [route["change"] for route in table["inside"]] == ["unchanged", "destroyed", "foreign"]


@pytest.mark.sanitizer
def test_peered_networks_and_an_appliance(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, HEAD + """\
virtualNetworks:
  hub:
    addressSpace: {addressPrefixes: [10.0.0.0/16]}
    subnets:
      firewall: {addressPrefix: 10.0.0.0/26}
    virtualNetworkPeerings:
      to-spoke: {remoteVirtualNetwork: spoke, allowForwardedTraffic: true}
  spoke:
    addressSpace: {addressPrefixes: [10.1.0.0/16, "fd00:1::/48"]}
    subnets:
      workers: {addressPrefixes: [10.1.1.0/24, "fd00:1:0:1::/64"], routeTable: spoke}
    virtualNetworkPeerings:
      to-hub: {remoteVirtualNetwork: hub, allowForwardedTraffic: true}
nodeSets:
  workers:
    nodes:
      a: {ips: [10.1.1.4, "fd00:1:0:1::4"], podCIDRs: [10.200.0.0/24, "fd00:2::/64"]}
routeTables:
  spoke:
    nodeRoutes: [{nodeSet: workers}]
    routes:
      office: {addressPrefix: 192.168.0.0/16, nextHopType: VirtualAppliance, nextHopIpAddress: 10.0.0.4}
""")
    for _ in range(2):
        assert_all_say(every_form(waybill), "network hub", "10.1.0.0/16, fd00:1::/48", "192.168.0.0/16",
                       "fd00:2::/64", "10.1.1.4, fd00:1:0:1::4", "next hop, no node")
        assert "connected, forwarded traffic" in graph(waybill, "text")
        told = json.loads(graph(waybill, "json"))["graph"]
        hub, spoke, table = told["boxes"]
        sides = [network["inside"][0] for network in (hub, spoke)]
        assert [side["kind"] for side in sides] == ["peering", "peering"]
        assert [(line["from"], line["to"]) for line in told["peerings"]] == [
            (sides[0]["box"], sides[1]["box"])]
        appliance = hub["inside"][-1]["inside"][0]
        office = table["inside"][-1]
        assert (appliance["kind"], appliance["name"]) == ("addresses", "10.0.0.4")
        assert (office["box"], appliance["box"]) in [
            (line["from"], line["to"]) for line in told["next_hops"]]
        assert all(line["change"] == hub["change"] for line in told["peerings"] + told["attachments"])
        waybill.apply()


def test_a_saved_plan(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.plan("--out", "saved")
    drawn = graph(waybill, "text")
    waybill.write("no configuration")
    assert graph(waybill, "text", "saved") == drawn
    assert waybill.run("graph", "saved", "-f", "other", check=1).codes == ["saved-plan-options"]
    assert waybill.run("graph", "nowhere", check=1).codes == ["plan-unreadable"]
    waybill.apply("saved")
    result = waybill.run("graph", "saved", check=1)
    assert result.stdout == "" and set(result.codes) == {"plan-stale"}


def many_nodes(azure, folder, count=400):
    subnets = "".join(f"      s{n}: {{addressPrefix: 10.9.{n}.0/24, routeTable: t}}\n" for n in range(4))
    nodes = "".join(
        f"      worker-{i}: {{ip: 10.9.{i * 4 // count}.{10 + i % (count // 4)}, "
        f"podCIDR: 10.{100 + i // 256}.{i % 256}.0/24}}\n" for i in range(count))
    return Waybill(folder, azure, HEAD + f"""\
virtualNetworks:
  net:
    addressSpace: {{addressPrefixes: [10.9.0.0/16]}}
    subnets:
{subnets}nodeSets:
  workers:
    nodes:
{nodes}routeTables:
  t:
    nodeRoutes: [{{nodeSet: workers}}]
""")


@pytest.mark.sanitizer
def test_400_nodes_are_a_drawing_one_can_read(tmp_path, empty_azure):
    waybill = many_nodes(empty_azure, tmp_path / "w")
    forms = every_form(waybill)
    assert_all_say(forms, "worker-0 ... worker-99", "worker-300 ... worker-399",
                   "100 nodes of set workers", "400 node routes of set workers")
    assert len(forms["text"]) < 25
    root = xml.etree.ElementTree.fromstring(graph(waybill, "svg"))
    assert len(root.findall(f".//{SVG}rect")) == 1 + 1 + 4 + 4 + 1
    assert float(root.get("width")) < 1200 and float(root.get("height")) < 1000


NAMES = ['a"]<b>&\'x', '%%{init: {"theme":"dark"}}%%', "\\N\\G\\n", "style a:b#c;", "- item", "end",
         "`md`", "</title><script>x</script>", "&amp;#34;", "{|}", "-->", "::error::owned",
         "##vso[task.complete]", "\x1b[2J\u202ex", "x\ny", "\u65e5\u672c", "n" * 200]
# As text_escape() shows them.
SHOWN = NAMES[:11] + [":\\:error:\\:owned", "#\\#vso[task.complete]", "\\x1B[2J\\u{202E}x", "x\\x0Ay",
                      "\u65e5\u672c", "n" * 200]


@pytest.mark.sanitizer
def test_hostile_names(tmp_path, empty_azure):
    sets = ""
    for i, name in enumerate(NAMES):
        sets += (f"  {json.dumps('s' + name)}:\n    nodes:\n"
                 f"      {json.dumps(name)}: {{ip: 10.9.0.{10 + i}, podCIDR: 10.100.{i}.0/24}}\n")
    routes = "".join(f"      - {{nodeSet: {json.dumps('s' + name)}, name: \"r-{i}\"}}\n"
                     for i, name in enumerate(NAMES))
    waybill = Waybill(tmp_path / "w", empty_azure, HEAD + f"""\
virtualNetworks:
  net:
    addressSpace: {{addressPrefixes: [10.9.0.0/16]}}
    subnets: {{one: {{addressPrefix: 10.9.0.0/24, routeTable: t}}}}
nodeSets:
{sets}routeTables:
  t:
    nodeRoutes:
{routes}""")
    forms = every_form(waybill)
    for form, texts in forms.items():
        for i, shown in enumerate(SHOWN):
            # On its own, and as the next hop of a route.
            assert any(shown in text and f", {shown}" not in text for text in texts), (form, shown)
            assert any(f"10.9.0.{10 + i}, {shown}" in text for text in texts), (form, shown)
    for form in ("text", "dot", "mermaid", "svg"):
        for line in graph(waybill, form).splitlines():
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]|::error|##vso", line), line
            assert not re.match(r"\s*(::|##)", line), line


def test_options(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    assert waybill.run("graph", check=0).stdout == graph(waybill, "text")
    assert waybill.run("graph", "--json", check=0).stdout == graph(waybill, "json")
    assert waybill.run("graph", check=0, env={"WAYBILL_FORMAT": "svg"}).stdout == graph(waybill, "svg")
    for command, form in (("plan", "svg"), ("graph", "html")):
        assert waybill.run(command, "--format", form, check=1).codes == ["option-value"]
    assert "\n  --format FORMAT " in waybill.run("graph", "--help", check=0).stdout
    waybill.write(HEAD + "nodeSets: 1\n")
    result = waybill.run("graph", "--format", "svg", check=1)
    assert result.stdout == "" and "wrong-type" in result.codes
