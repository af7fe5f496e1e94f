# SPDX-License-Identifier: Apache-2.0
"""Debian's az, set up for an emulator: a folder of its own, telemetry off, and no way out."""
import importlib.metadata
import json
import pathlib
import shlex
import socket
import subprocess
import threading

HERE = pathlib.Path(__file__).resolve().parent
SHIM = HERE / "debian"
CLIENT = "00000000-0000-0000-0000-00000000000a"
SECRET = "a-secret-of-the-tests"


class Outside:
    """What a client has for a proxy to all hosts but 127.0.0.1: it lets nothing through, and keeps
    the first line of what was asked."""

    def __init__(self):
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            with connection:
                connection.settimeout(10)
                line = connection.recv(1000).split(b"\r\n")[0].decode("latin-1")
                if line == "stop":
                    return
                self.asked.append(line)
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def stop(self):
        with socket.create_connection(self.listener.getsockname()) as connection:
            connection.sendall(b"stop\r\n")
        self.thread.join(timeout=60)
        self.listener.close()


class Done:
    """What came of a command."""

    def __init__(self, line, code, stdout, stderr):
        self.line = line
        self.code = code
        self.stdout = stdout
        self.stderr = stderr

    @property
    def json(self):
        return json.loads(self.stdout)

    @property
    def table(self):
        """The lines of `-o table`, without the blanks at their ends."""
        return [line.rstrip() for line in self.stdout.splitlines()]

    def __repr__(self):
        return f"$ az {self.line}\nexit {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


class Batch:
    """Commands that run one after the other in one process, beside whatever else happens."""

    def __init__(self, az, lines):
        self.lines = list(lines)
        self.process = subprocess.Popen(["/usr/bin/python3", str(HERE / "commands.py")], cwd=az.folder,
                                        env=az.environment, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.told = None
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()

    def _talk(self):
        self.told = self.process.communicate("".join(json.dumps(shlex.split(line)) + "\n" for line in self.lines))

    def is_running(self):
        return self.thread.is_alive()

    def wait(self, timeout):
        self.thread.join(timeout)
        if self.thread.is_alive():
            self.process.kill()
            raise AssertionError(f"az did not end within {timeout} s")
        assert self.process.returncode == 0, self.told[1]
        results = [json.loads(line) for line in self.told[0].splitlines()]
        assert len(results) == len(self.lines), self.told[1]
        return [Done(line, **result) for line, result in zip(self.lines, results)]


class Az:
    """az with a configuration of its own. `emulator` speaks https."""

    def __init__(self, folder, emulator, outside):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.emulator = emulator
        self.commands = 0
        # A new configuration asks azure.microsoft.com whether there is a newer az.
        version = importlib.metadata.version("azure-cli-core")
        (self.folder / "azure").mkdir()
        (self.folder / "azure" / "versionCheck.json").write_text(json.dumps({"versions": {"core": {"local": version}}}))
        authority = self.folder / "ca.pem"
        authority.write_text(emulator.ready["ca"])
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(SHIM),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AZURE_CONFIG_DIR": str(self.folder / "azure"),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "AZURE_CORE_SURVEY_MESSAGE": "no",
            "AZURE_CORE_NO_COLOR": "yes",
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
            "REQUESTS_CA_BUNDLE": str(authority),
            "HTTPS_PROXY": outside.url,
            "HTTP_PROXY": outside.url,
            "NO_PROXY": "127.0.0.1",
        }

    def __call__(self, line, check=0):
        """`line` as one types it behind `az`, in a process of its own as one has it then."""
        self.commands += 1
        done = subprocess.run(["az", *shlex.split(line)], cwd=self.folder, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        result = Done(line, done.returncode, done.stdout, done.stderr)
        assert check is None or result.code == check, result
        return result

    def start(self, lines):
        batch = Batch(self, lines)
        self.commands += len(batch.lines)
        return batch

    def sign_in(self, secret=SECRET):
        steps = [f"cloud register -n emulator --endpoint-resource-manager {self.emulator.endpoint}",
                 "cloud set -n emulator",
                 f"login --service-principal -u {CLIENT} -p {secret} --tenant adfs"]
        for result in self.start(steps).wait(120):
            assert result.code == 0, result
        return self
