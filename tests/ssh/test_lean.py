"""A file sent the lean way is the file, whatever the cipher, and across key exchanges."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.ssh.bed import USER, key
from tui.ssh import lean
from tui.ssh.transfer import send_file

SIZE = 6 * 1024 * 1024 + 17


async def _sent(tmp_path: Path, **options: Any) -> tuple[bool, int, int]:
    """(whether the file arrived as it was, key exchanges, packets sealed here)."""
    made, sealed, exchanges = lean._sealer, 0, 0
    file, home = tmp_path / "file", tmp_path / "home"
    file.write_bytes(os.urandom(SIZE))
    home.mkdir()

    def counting(connection: Any, cipher: Any, put: Any) -> Any:
        seal = made(connection, cipher, put)

        def counted(args: tuple[bytes, ...]) -> bool:
            nonlocal sealed
            done = seal(args)
            sealed += done
            return done

        return counted

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[key("lean host")],
        encryption_algs=options["encryption_algs"],
        authorized_client_keys=asyncssh.import_authorized_keys(
            key("lean client").export_public_key().decode()
        ),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(home)),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lean, "_sealer", counting)
        async with (
            server,
            asyncssh.connect(
                "127.0.0.1",
                server.get_port(),
                username=USER,
                client_keys=[key("lean client")],
                known_hosts=None,
                config=None,
                **options,
            ) as connection,
        ):
            begin = connection._send_kexinit  # type: ignore[attr-defined]  # its only sign

            def noted() -> None:
                nonlocal exchanges
                exchanges += 1
                begin()

            patch.setattr(connection, "_send_kexinit", noted)
            outcome = await send_file(connection, file, "there", 0, lambda count: None)
            assert outcome.ok, outcome.stderr
            changed = {"send_packet", "_send"} & vars(connection).keys()
            assert not changed, "the connection is as it was"
            # What comes after is asyncssh's own again.
            await connection.create_session(asyncssh.SSHClientSession, subsystem="sftp")
    sums = [hashlib.sha256(f.read_bytes()).digest() for f in (file, home / "there")]
    return sums[0] == sums[1], exchanges, sealed


@pytest.mark.parametrize("cipher", ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"])
async def test_packets_of_gcm_are_sealed_here(tmp_path: Path, cipher: str) -> None:
    same, exchanges, sealed = await _sent(tmp_path, encryption_algs=[cipher])
    assert same
    assert exchanges == 0
    assert sealed > SIZE / 32768


async def test_a_key_exchange_on_the_way_is_asyncsshs(tmp_path: Path) -> None:
    options = {"encryption_algs": ["aes128-gcm@openssh.com"], "rekey_bytes": 1024 * 1024}
    same, exchanges, sealed = await _sent(tmp_path, **options)
    assert same
    assert exchanges >= 4
    assert 10 < sealed < SIZE / 32768, "after the first one the keys are others"


@pytest.mark.parametrize("cipher", ["chacha20-poly1305@openssh.com", "aes256-ctr", "aes128-cbc"])
async def test_other_ciphers_are_left_to_asyncssh(tmp_path: Path, cipher: str) -> None:
    same, _, sealed = await _sent(tmp_path, encryption_algs=[cipher])
    assert same
    assert sealed == 0


async def test_what_is_compressed_is_left_to_asyncssh(tmp_path: Path) -> None:
    options = {"encryption_algs": ["aes128-gcm@openssh.com"]}
    same, _, sealed = await _sent(tmp_path, compression_algs=["zlib@openssh.com"], **options)
    assert same
    assert sealed == 0
