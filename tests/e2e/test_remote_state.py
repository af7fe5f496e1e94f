# SPDX-License-Identifier: Apache-2.0
"""The state in a blob: what is kept there, who holds it, and what becomes of it when something fails."""
import uuid

from harness import Waybill, table_yaml

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")


def key():
    return f"test/{uuid.uuid4()}"


def test_apply_elsewhere_goes_on(tmp_path, azure, storage):
    name = key()
    first = Waybill(tmp_path / "a", azure, table_yaml({"a": A})).use(storage, name)
    first.assert_settled if False else None
    assert first.plan("--detailed-exitcode", check=2)
    assert storage.blob(name) is None
    first.apply()
    first.assert_settled()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["waybill.yaml"]
    second = Waybill(tmp_path / "b", azure, table_yaml({"a": A, "b": B})).use(storage, name)
    assert second.records() == first.records() != []
    assert second.actions() == {"routeTables/t/routes/b": ["create"]}
    second.apply()
    first.write(second.file.read_text())
    first.assert_settled()
    first.destroy()
    assert second.records() == []
