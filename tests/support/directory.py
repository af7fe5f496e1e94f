# SPDX-License-Identifier: Apache-2.0
"""What the emulator's directory has in every cloud: its tenant, how the ids of principals look, and who issues the tokens of jobs and pods."""
TENANT = "00000000-0000-0000-0000-000000000002"
ID = "11111111-0000-0000-0000-{:012d}".format
GITHUB = "https://token.actions.githubusercontent.com"
PIPELINES = "https://vstoken.dev.azure.com/00000000-0000-0000-0000-0000000000ad"
KUBERNETES = "https://kubernetes.default.svc.cluster.local"
