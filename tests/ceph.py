"""A real S3 store with Object Lock for tests: one Ceph node on loopback, in memory, all state under one directory.

Three processes, all children of the test run: a monitor, one object storage daemon (memstore) and the RADOS
gateway that speaks S3. No systemd, no root-owned paths; free ports are picked at each start. The gateway's own rounds
are off: with days of a second they keep a processor busy for as long as the node lives.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MARKS = [pytest.mark.enable_socket, pytest.mark.ceph, pytest.mark.xdist_group("ceph")]
"""What tests against a node carry; one xdist group, so that one node serves them all."""

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool", "setpriv")
PACKAGES = "ceph-mon ceph-osd ceph-mgr radosgw ceph-common"
ACCESS_KEY = "CONVENIOTESTS"
SECRET_KEY = "a-throw-away-secret"

_CONFIGURATION = """\
[global]
fsid = {fsid}
mon_host = {addresses}
public_addr = 127.0.0.1
ms_bind_ipv6 = false
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = {home}/keyring
run_dir = {home}
admin_socket =
log_file = {home}/$name.log
mon_data = {home}/mon
mon_data_avail_warn = 1
mon_data_avail_crit = 1
mon_allow_pool_size_one = true
osd_data = {home}/osd
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_crush_chooseleaf_type = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
rgw_rados_pool_pg_num_min = 1
rgw_lc_debug_interval = 1
[client.rgw]
rgw_data = {home}/rgw
rgw_enable_lc_threads = false
rgw_enable_gc_threads = false
rgw_enable_quota_threads = false
rgw_run_sync_thread = false
rgw_frontends = beast endpoint=127.0.0.1:{port}
"""

_CAPABILITIES = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
    "osd.0": {"mon": "allow profile osd", "osd": "allow *", "mgr": "allow *"},
    "client.rgw": {"mon": "allow rw", "osd": "allow rwx", "mgr": "allow rw"},
}


def missing_programs() -> list[str]:
    """Return the programs a node needs that are not on PATH."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@dataclass
class CephNode:
    """One node; ``start`` returns when S3 answers, ``stop`` when every process has ended."""

    home: Path
    endpoint: str = ""
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Make the node's files, start its processes and the one S3 user."""
        messenger_2, messenger_1, s3 = _free_ports(3)
        addresses = f"[v2:127.0.0.1:{messenger_2},v1:127.0.0.1:{messenger_1}]"
        fsid = str(uuid.uuid4())
        for folder in ("mon", "osd", "rgw"):
            (self.home / folder).mkdir()
        self._conf.write_text(_CONFIGURATION.format(fsid=fsid, addresses=addresses, home=self.home, port=s3))
        self._keyring()
        self._run("monmaptool", "--create", "--addv", "a", addresses, "--fsid", fsid, self.home / "monmap")
        keyring = self.home / "keyring"
        self._ceph("ceph-mon", "--mkfs", "-i", "a", "--monmap", self.home / "monmap", "--keyring", keyring)
        self._daemon("ceph-mon", "-i", "a")
        osd = str(uuid.uuid4())
        self._ceph("ceph", "--connect-timeout", "30", "osd", "new", osd)
        self._ceph("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._daemon("ceph-osd", "-i", "0")
        gateway = self._daemon("radosgw", "-n", "client.rgw")
        self._wait_for(s3, gateway)
        self._ceph(
            "radosgw-admin",
            "user",
            "create",
            "--uid=convenio",
            "--display-name=convenio",
            f"--access-key={ACCESS_KEY}",
            f"--secret-key={SECRET_KEY}",
        )
        self.endpoint = f"http://127.0.0.1:{s3}"

    def expire(self) -> None:
        """Do what lifecycle rules ask for; a day of theirs is a second here."""
        self._ceph("radosgw-admin", "lc", "process")

    def stop(self) -> None:
        """End the processes, last started first; nothing in a memory store is worth a graceful end."""
        for process in reversed(self._processes):
            process.kill()
            process.wait(timeout=10)
        self._processes.clear()

    @property
    def _conf(self) -> Path:
        return self.home / "ceph.conf"

    def _keyring(self) -> None:
        create = ["--create-keyring"]
        for name, capabilities in _CAPABILITIES.items():
            caps = [word for what, may in capabilities.items() for word in ("--cap", what, may)]
            self._run("ceph-authtool", self.home / "keyring", *create, "--gen-key", "-n", name, *caps)
            create = []

    def _daemon(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        # setpriv: the kernel ends the daemon with the test run, even one that is killed
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program, "-f", "-c", self._conf, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)
        return process

    def _ceph(self, program: str, *words: str | Path) -> None:
        self._run(program, "-c", self._conf, *words)

    def _run(self, *words: str | Path) -> None:
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            message = f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            raise RuntimeError(message)

    def _wait_for(self, port: int, gateway: subprocess.Popen[bytes], seconds: int = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and gateway.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        log = self.home / "client.rgw.log"
        raise RuntimeError(f"no S3 on port {port}:\n{log.read_text()[-2000:] if log.exists() else 'no log'}")


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports
