# SPDX-License-Identifier: Apache-2.0
"""What an apply writes into its state, from 1,000 to 100,000 changes, and Terraform's beside it.

The engine runs before a provider that answers at once, so that nothing but its own work and the
state's is measured (apply.c). Terraform's figures are of its built-in terraform_data, where there is
a terraform.
"""
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

from cloud import configuration

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
PATIENCE_S = 300  # with Terraform: it writes its whole state anew for each change


def tables_without_routes(count):
    """As many steps as resources."""
    head = ("waybill: 1\nsubscription: 00000000-0000-0000-0000-000000000001\nresourceGroup: big\n"
            "location: japaneast\nresourceGroups: {big: {}}\nrouteTables:\n")
    return head + "".join(f"  t{n}: {{}}\n" for n in range(count))


def run(folder, text, parallelism):
    (folder / "waybill.yaml").write_text(text)
    done = subprocess.run([BUILD / "bench" / "apply", folder, str(parallelism)], check=True,
                          stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def list_seconds(folder):
    begin = time.perf_counter()
    subprocess.run([BUILD / "waybill", "state", "list", "--state", folder / "waybill.db"],
                   check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def terraform_seconds(folder, count):
    """(seconds of the apply, bytes of the state) of so many terraform_data; None past PATIENCE_S."""
    (folder / "main.tf").write_text(
        f'resource "terraform_data" "one" {{\n  count = {count}\n  input = count.index\n}}\n')
    subprocess.run(["terraform", "init", "-input=false"], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    begin = time.perf_counter()
    try:
        subprocess.run(["terraform", "apply", "-auto-approve", "-input=false", "-parallelism=1000"],
                       cwd=folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return None
    return time.perf_counter() - begin, (folder / "terraform.tfstate").stat().st_size


def print_row(what, seconds, syncs, groups, size, changes):
    print(f"{what:36}{f'{seconds:.2f} s':>12}{syncs!s:>12}{groups!s:>12}"
          f"{f'{size / changes:,.0f} B':>12}")


def print_states():
    print(f"\n{'apply without a cloud':36}{'time':>12}{'syncs':>12}{'groups':>12}{'a change':>12}")
    for what, text, sizes, parallelism in (
            ("in table steps", configuration, (1_200, 10_000, 100_000), 10),
            ("steps at once 1,000", tables_without_routes, (1_000, 10_000, 100_000), 1000)):
        for size in sizes:
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                one = run(folder, text(size), parallelism)
                listing = list_seconds(folder)
            print_row(f"{size:,} {what}", one["seconds"], one["syncs"], one["groups"],
                      one["bytes"], one["changes"])
    print(f"{'one fdatasync there':36}{one['sync_ms']:>9.2f} ms")
    print(f"{f'state list of {sizes[-1]:,} resources':36}{f'{listing:.2f} s':>12}")
    if not shutil.which("terraform"):
        print("terraform is not on this machine, so its figures are left out")
        return
    for size in 1_000, 10_000, 100_000:
        with tempfile.TemporaryDirectory() as name:
            taken = terraform_seconds(pathlib.Path(name), size)
        if not taken:
            print(f"{f'terraform, {size:,} terraform_data':36}{f'over {PATIENCE_S} s':>12}")
            break
        print_row(f"terraform, {size:,} terraform_data", taken[0], "", "", taken[1], size)
