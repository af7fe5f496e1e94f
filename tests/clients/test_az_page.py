# SPDX-License-Identifier: Apache-2.0
"""What docs/emulator.md shows of az works as it stands there."""
from emulator import ROOT
from pages import commands, run_commands

PAGE = ROOT / "docs" / "emulator.md"


def test_what_the_page_shows_of_az(tmp_path, outside):
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    assert len(commands(PAGE, "az")) > 10
    run_commands(PAGE, tmp_path, "az", {"HTTPS_PROXY": outside.url, "HTTP_PROXY": outside.url, "NO_PROXY": "127.0.0.1"})
    # A new configuration of az asks once whether there is a newer az, as the page says.
    assert outside.asked == ["CONNECT azure.microsoft.com:443 HTTP/1.0"]
