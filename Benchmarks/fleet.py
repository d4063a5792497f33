"""Throw-away hosts on loopback: an sshd each, with keys, configuration, port and home of its own."""

import contextlib
import getpass
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


def write_artifact(path, size):
    """A .tar.gz of about `size` bytes in sixteen files that do not compress."""
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for number in range(16):
            entry = tarfile.TarInfo(f"data/part{number:02}")
            entry.size = size // 16
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(os.urandom(entry.size)))


def make_key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", path], check=True)


def free_ports(count):
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


class Host:
    def __init__(self, root, number, port):
        self.name = f"host{number:02}"
        self.port = port
        self.home = os.path.join(root, self.name)
        os.mkdir(self.home)
        make_key(os.path.join(self.home, "host_key"))
        config = os.path.join(self.home, "sshd_config")
        with open(config, "w", encoding="utf-8") as text:
            text.write("\n".join([
                f"ListenAddress 127.0.0.1:{port}", f"HostKey {self.home}/host_key", "PidFile none", "UsePAM no",
                f"AuthorizedKeysFile {root}/id.pub", "StrictModes no", "PasswordAuthentication no", "PrintMotd no",
                f"SetEnv HOME={self.home}", ""]))
        self.config = config
        self.log = os.path.join(self.home, "sshd.log")
        self.listen()

    def listen(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", self.config], stdin=subprocess.DEVNULL, stderr=log)

    def wait_until_listening(self):
        until = time.monotonic() + 20
        while True:
            with open(self.log, encoding="utf-8") as text:
                said = text.read()
            if "Server listening" in said:
                return
            if self.process.poll() is not None or time.monotonic() > until:
                sys.exit(f"benchmark: sshd did not start: {said}")
            time.sleep(0.02)

    def known_hosts_line(self):
        with open(os.path.join(self.home, "host_key.pub"), encoding="utf-8") as text:
            return f"[127.0.0.1]:{self.port} " + " ".join(text.read().split()[:2]) + "\n"

    def connections(self):
        """Processes that sshd started and that still live."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="utf-8") as text:
            return text.read().split()

    def cpu(self):
        """Seconds of sshd and of everything that ended on its connections."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as text:
            fields = text.read().rpartition(")")[2].split()
        return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")

    def cut(self):
        """Ends the connections, and takes no more until `listen`."""
        connections = self.connections()
        self.stop()
        for connection in connections:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(connection), signal.SIGKILL)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Fleet:
    """`with Fleet(root, count) as fleet`: hosts that listen, and a client configuration for each key exchange."""

    def __init__(self, root, count):
        self.root, self.count = root, count
        self.hosts = []

    def __enter__(self):
        if not os.access(SSHD, os.X_OK):
            sys.exit("benchmark: sshd is not here; install openssh-server")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        make_key(os.path.join(self.root, "id"))
        try:
            for number, port in enumerate(free_ports(self.count)):
                self.hosts.append(Host(self.root, number, port))
            for host in self.hosts:
                host.wait_until_listening()
        except BaseException:
            self.__exit__()
            raise
        with open(os.path.join(self.root, "known_hosts"), "w", encoding="utf-8") as text:
            text.writelines(host.known_hosts_line() for host in self.hosts)
        return self

    def __exit__(self, *_):
        for host in self.hosts:
            host.stop()

    def client_configuration(self, name, kex):
        path = os.path.join(self.root, f"ssh_config-{name}")
        lines = [
            "Host *", f"IdentityFile {self.root}/id", "IdentitiesOnly yes", "IdentityAgent none",
            f"User {getpass.getuser()}", f"UserKnownHostsFile {self.root}/known_hosts",
            "GlobalKnownHostsFile /dev/null", "StrictHostKeyChecking yes", "BatchMode yes"]
        if kex:
            lines.append(f"KexAlgorithms {kex}")
        with open(path, "w", encoding="utf-8") as text:
            text.write("\n".join(lines) + "\n")
        return path

    def settle(self):
        """Waits until every connection has ended, so that its CPU time is counted."""
        until = time.monotonic() + 20
        while any(host.connections() for host in self.hosts):
            if time.monotonic() > until:
                sys.exit("benchmark: connections stay open after the end of their client")
            time.sleep(0.01)

    def cpu(self):
        return sum(host.cpu() for host in self.hosts)
