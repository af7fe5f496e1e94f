# SPDX-License-Identifier: Apache-2.0
"""A sensitive variable reaches Azure and nothing else: no output, no state, no plan, no log."""
import json

import pytest
from harness import HEAD, Waybill, table_id, writes

pytestmark = pytest.mark.sanitizer
SECRET = "hunter2-and-more"
OTHER = "swordfish-and-more"
CONFIGURATION = HEAD + """\
variables:
  token: {type: string, sensitive: true, pattern: "[a-z0-9-]+"}
routeTables:
  t:
    tags:
      plain: visible
      token: ${var.token}
      url: https://x/${var.token | upper}
outputs:
  open: {value: "${routeTables.t.id}", description: the table}
  hidden: {value: "${var.token}", sensitive: true}
"""


def assert_silent(waybill, *results):
    for result in results:
        for secret in (SECRET, OTHER):
            assert secret not in result.text and secret.upper() not in result.text, result
    for path in waybill.folder.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        for secret in (SECRET, OTHER):
            assert secret.encode() not in data and secret.upper().encode() not in data, path


def tags(azure):
    return azure.get(table_id())["tags"]


@pytest.fixture
def waybill(tmp_path, azure):
    return Waybill(tmp_path, azure, CONFIGURATION)


def test_a_secret_reaches_azure_and_nothing_else(waybill, azure):
    given = ("--var", f"token={SECRET}")
    planned = waybill.plan(*given)
    assert "(sensitive)" in planned.stdout and "visible" in planned.stdout
    applied = waybill.apply("--log-level", "trace", *given)
    assert tags(azure) == {"plain": "visible", "token": SECRET,
                           "url": f"https://x/{SECRET.upper()}"}
    assert "hidden = \"(sensitive)\"" in applied.stdout
    again = waybill.plan(*given)
    assert again.last_line == "No changes.", again
    changed = waybill.plan("--var", f"token={OTHER}")
    assert "Plan: 0 to add, 1 to change, 0 to destroy." in changed.stdout
    as_json = waybill.plan("--json", "--var", f"token={OTHER}")
    assert_silent(waybill, planned, applied, again, changed, as_json,
                  waybill.run("show", check=0), waybill.run("output", check=0),
                  waybill.run("output", "--json", check=0),
                  waybill.run("state", "list", check=0),
                  waybill.run("validate", "--merged", *given, check=0))
    outputs = waybill.run("output", "--json", check=0).json
    assert outputs["hidden"] == {"sensitive": True, "value": "(sensitive)"}
    assert outputs["open"]["sensitive"] is False


def test_an_old_secret_is_not_shown_either(waybill, azure):
    waybill.apply("--var", f"token={SECRET}")
    rotated = waybill.apply("--var", f"token={OTHER}")
    assert tags(azure)["token"] == OTHER
    waybill.replace("      token: ${var.token}\n", "")
    dropped = waybill.apply("--var", f"token={OTHER}")
    assert "token" not in tags(azure)
    assert_silent(waybill, rotated, dropped, waybill.run("show", check=0))


def test_drift_of_a_secret_is_told_without_it(waybill, azure):
    waybill.apply("--var", f"token={SECRET}")
    body = azure.get(table_id())
    azure.put(table_id(), {**body, "tags": {**body["tags"], "token": OTHER}})
    planned = waybill.plan("--var", f"token={SECRET}")
    assert "1 to change" in planned.stdout, planned
    assert_silent(waybill, planned)


def test_a_saved_plan_asks_again(waybill, azure):
    saved = waybill.plan("--out", "p", "--var", f"token={SECRET}")
    assert "hidden" in json.loads((waybill.folder / "p").read_text())["outputs"]
    shown = waybill.run("show", "p", check=0)
    refused = waybill.apply("p", check=1)
    assert refused.codes == ["variable-without-value"]
    other = waybill.apply("p", "--var", "prefix=x", "--var", f"token={SECRET}", check=1)
    assert "[saved-plan-options]" in other.stderr
    assert writes(azure.requests()) == []
    applied = waybill.apply("p", env={"WAYBILL_VAR_token": SECRET})
    assert tags(azure)["token"] == SECRET
    assert_silent(waybill, saved, shown, refused, other, applied)


def test_a_file_of_variables_is_saved_without_its_secrets(waybill, azure):
    vars_file = waybill.folder / "values.yaml"
    vars_file.write_text(f"token: {SECRET}\n")
    waybill.plan("--out", "p", "--var-file", "values.yaml")
    vars_file.unlink()
    assert_silent(waybill)
    waybill.apply("p", "--var", f"token={SECRET}")
    assert tags(azure)["token"] == SECRET


def test_a_refusal_of_azure_does_not_quote_it(waybill, azure):
    azure.fail(400, "BadTag", message=f"no {SECRET} here", method="PUT", path=table_id())
    refused = waybill.apply("--var", f"token={SECRET}", check=1)
    assert "BadTag" in refused.text and "no (sensitive) here" in refused.text
    assert_silent(waybill, refused)
