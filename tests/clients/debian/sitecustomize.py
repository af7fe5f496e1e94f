# SPDX-License-Identifier: Apache-2.0
"""Lets Debian 12's az run: PYTHONPATH=tests/clients/debian az ...

Debian packs azure-cli beside a python3-azure of another date. az then asks for api-versions of
Azure's libraries that are not there, and for the folder `operations` that each version of
azure.mgmt.network once had and that stands in azure.mgmt.network itself now. What is missing is
answered with what is there; nothing is changed on disk, and where nothing is missing nothing is
done."""
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import sys

PROFILES = "azure.cli.core.profiles._shared"
OPERATIONS = re.compile(r"azure\.mgmt\.network\.v[0-9_]+(_preview)?\.operations")


def newest(package):
    """The newest api-version in an installed package of Azure's, previews left out."""
    folder = importlib.util.find_spec(package).submodule_search_locations[0]
    names = [name for name in os.listdir(folder) if re.fullmatch(r"v\d{4}_\d\d_\d\d", name)]
    return max(names)[1:].replace("_", "-")


def is_there(package, version):
    return importlib.util.find_spec(f"{package}.v{version.replace('-', '_')}") is not None


def choose_versions(profiles):
    """Replaces the versions of the profile `latest` that are not installed."""
    latest = profiles.AZURE_API_PROFILES["latest"]
    network = profiles.ResourceType.MGMT_NETWORK
    if not is_there("azure.mgmt.network", latest[network]):
        latest[network] = newest("azure.mgmt.network")
    compute = latest[profiles.ResourceType.MGMT_COMPUTE].profile
    for operation, version in compute.items():
        if operation is None and not is_there("azure.mgmt.compute", version):
            compute[None] = newest("azure.mgmt.compute")


class SameModule(importlib.abc.Loader):
    """Loads a module that exists, under one more name."""

    def __init__(self, name):
        self.name = name

    def create_module(self, spec):
        return importlib.import_module(self.name)

    def exec_module(self, module):
        pass


class Repair(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != PROFILES and not OPERATIONS.fullmatch(name):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if name == PROFILES and spec is not None:
            execute = spec.loader.exec_module

            def execute_and_choose(module):
                execute(module)
                choose_versions(module)

            spec.loader.exec_module = execute_and_choose
        elif spec is None and name != PROFILES:
            return importlib.util.spec_from_loader(name, SameModule("azure.mgmt.network.operations"))
        return spec


sys.meta_path.insert(0, Repair())
