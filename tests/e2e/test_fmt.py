# SPDX-License-Identifier: Apache-2.0
"""`waybill fmt`: canonical spacing and order, comments and meaning kept."""
import os
import stat
import subprocess

import pytest
from harness import EXAMPLES, HEAD, Waybill

CROOKED = """\
# of the file
waybill:   1

outputs:
    a:   1      # last

# the place
location :  japaneast
subscription: ${env.AZURE_SUBSCRIPTION_ID}
resourceGroup: kubernetes\t
routeTables:
        # of the table
        t:
            tags: { a : "1",b: '2' , c: [ ] }
            dependsOn:
            - resourceGroups/a   # first
            -   resourceGroups/b
            routes:

                # of a
                a: {addressPrefix: 10.0.0.0/8,
                        nextHopType: None,   # nowhere
                  }
            # behind

  # at the end
"""
STRAIGHT = """\
# of the file
waybill: 1

subscription: ${env.AZURE_SUBSCRIPTION_ID}

resourceGroup: kubernetes
# the place
location: japaneast
routeTables:
  # of the table
  t:
    tags: {a: "1", b: '2', c: []}
    dependsOn:
      - resourceGroups/a   # first
      - resourceGroups/b
    routes:

      # of a
      a: {addressPrefix: 10.0.0.0/8,
        nextHopType: None,   # nowhere
      }
    # behind

  # at the end
outputs:
  a: 1      # last
"""


@pytest.fixture
def waybill(tmp_path):
    return Waybill(tmp_path, None, CROOKED)


def test_comments_go_with_what_they_are_about(waybill):
    waybill.write("# file\n\n# outputs\noutputs: {a: 1}\n# waybill\nwaybill: 1\n# last\n\n# end\n\n# of all\n")
    waybill.run("fmt", check=0)
    assert waybill.file.read_text() == (
        "# file\n\n# waybill\nwaybill: 1\n# last\n# outputs\noutputs: {a: 1}\n\n# end\n\n# of all\n")
    assert waybill.run("fmt", "--check", check=0).text == ""


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_lines_end_in_lf(waybill, end):
    waybill.file.write_bytes(end.join(["waybill:  1", "outputs:", "    a: |", "      b", "      c", "    d: 'e", "     f'", ""])
                             .encode())
    assert waybill.run("fmt", "--check", check=3).stdout == "waybill.yaml\n"
    waybill.run("fmt", check=0)
    assert waybill.file.read_bytes() == b"waybill: 1\noutputs:\n  a: |\n    b\n    c\n  d: 'e\n   f'\n"
    assert waybill.run("fmt", "--check", check=0).text == ""


def test_spacing_and_order(waybill):
    result = waybill.run("fmt", check=0)
    assert result.stdout == "waybill.yaml\n"
    assert waybill.file.read_text() == STRAIGHT
    assert waybill.run("fmt", check=0).text == ""
    assert waybill.file.read_text() == STRAIGHT


def test_check_and_diff_write_nothing(waybill):
    assert waybill.run("fmt", "--check", check=3).stdout == "waybill.yaml\n"
    shown = waybill.run("fmt", "--diff", check=0).stdout
    assert shown.startswith("--- waybill.yaml\n+++ waybill.yaml\n@@ -1,")
    assert "\n-waybill:   1\n+waybill: 1\n" in shown
    assert waybill.run("fmt", "--check", "--json", check=3).json["rewritten"] == ["waybill.yaml"]
    assert waybill.file.read_text() == CROOKED


def test_diff_is_a_patch(waybill):
    shown = waybill.run("fmt", "--diff", check=0).stdout
    subprocess.run(["git", "apply", "-p0"], input=shown, text=True, cwd=waybill.folder, check=True)
    assert waybill.file.read_text() == STRAIGHT


def test_a_link_and_a_mode_stay(waybill):
    real = waybill.folder / "real"
    waybill.file.rename(real)
    waybill.file.symlink_to("real")
    os.chmod(real, 0o640)
    waybill.run("fmt", "-f", waybill.file, check=0)
    assert waybill.file.is_symlink() and real.read_text() == STRAIGHT
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_windows_line_ends_become_line_feeds(waybill):
    waybill.file.write_bytes(b"\xef\xbb\xbf" + CROOKED.replace("\n", "\r\n").encode())
    waybill.run("fmt", check=0)
    assert waybill.file.read_bytes() == STRAIGHT.encode()


def test_texts_over_several_lines_keep_their_content(waybill):
    text = HEAD + "outputs:\n    a: |\n        one\n          two\n\n        three\n    b:   >-\n      four\n"
    waybill.write(text)
    waybill.run("fmt", check=0)
    assert "  a: |\n      one\n        two\n\n      three\n  b: >-\n    four\n" in waybill.file.read_text()


@pytest.mark.parametrize("text", ["a: [", "waybill: 1\na: \"x\u2028y\"\n"])
def test_what_cannot_be_formatted_is_left(waybill, text):
    waybill.write(text)
    assert waybill.run("fmt", "-f", "waybill.yaml", check=1).codes[0] in ("yaml-syntax", "format-unsafe")
    assert waybill.file.read_text() == text


def test_a_folder_without_a_configuration_is_an_error(tmp_path):
    assert Waybill(tmp_path, None).run("fmt", "--check", check=1).codes == ["no-configuration"]


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*/*.yaml")), ids=lambda p: f"{p.parent.name}-{p.name}")
def test_examples_are_in_form(example, tmp_path):
    assert Waybill(tmp_path, None).run("fmt", "--check", "-f", example, check=0).text == ""
