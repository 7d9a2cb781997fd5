"""Whether a release fits a host: each refusal has its sentence, each doubt its warning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.commands.preflight import HostFit, Room, parse_fit
from tui.model.archive import Archive
from tui.model.elf import elf_needs
from tui.model.fleet import Flavour
from tui.model.preflight import glibc_of, needed_bytes, no_upload_room, refusals, warnings

ARCHIVE = Archive(
    path="/store/billing-0.3.0.tar.gz",
    size_bytes=10_000_000,
    sha256="a" * 64,
    app="billing",
    version="0.3.0",
    flavour=Flavour.MIX,
    top="",
    erts="13.1.5",
    applications=(("billing", "0.3.0"),),
    folders=(("erts-13.1.5", "e" * 64), ("lib/billing-0.3.0", "b" * 64)),
    files=800,
    unpacked_bytes=30_000_000,
    machine="x86_64",
    interpreter="/lib64/ld-linux-x86-64.so.2",
    glibc=(2, 34),
    cookie_sha256="c" * 64,
)
FITS = HostFit(
    room=Room(10**10, 10**6), machine="x86_64", libc="glibc 2.36", cookie_sha256="c" * 64
)


def test_a_host_that_fits() -> None:
    assert refusals(ARCHIVE, FITS) == ()
    assert warnings(ARCHIVE, FITS) == ()


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        (replace(FITS, room=Room(1000, 10**6)), "only 1000B are free"),
        (replace(FITS, room=Room(10**10, 100)), "only 100 inodes are free"),
        (replace(FITS, unwritable=("/opt/x/.",)), "/opt/x/. cannot be written"),
        (replace(FITS, machine="aarch64"), "its VM is built for x86_64, the host is aarch64"),
        (replace(FITS, libc="glibc 2.28"), "its VM needs glibc 2.34, the host has 2.28"),
        (replace(FITS, libc="ldd (GNU libc) 2.31"), "its VM needs glibc 2.34, the host has 2.31"),
        (replace(FITS, libc="musl libc (x86_64)"), "built for glibc, the host has musl"),
        (replace(FITS, there=True), "releases/0.3.0 is there already"),
        (replace(FITS, lacks=("sha256sum",)), "there is no sha256sum on it"),
        (
            replace(FITS, trees=(("lib/billing-0.3.0", "x" * 64),)),
            "lib/billing-0.3.0 is there and differs",
        ),
    ],
)
def test_what_does_not_fit_says_so(fit: HostFit, said: str) -> None:
    (sentence,) = refusals(ARCHIVE, fit)
    assert said in sentence


def test_folders_that_are_the_same_are_kept() -> None:
    assert refusals(ARCHIVE, replace(FITS, trees=(("erts-13.1.5", "e" * 64),))) == ()


def test_room_is_more_than_twice_the_archive() -> None:
    need = needed_bytes(ARCHIVE)
    assert need >= 2.2 * ARCHIVE.size_bytes
    assert refusals(ARCHIVE, replace(FITS, room=Room(need, None))) == ()
    assert no_upload_room(ARCHIVE, Room(ARCHIVE.size_bytes), ())
    assert no_upload_room(ARCHIVE, Room(None), ()) == ()


@pytest.mark.parametrize(
    ("archive", "fit", "said"),
    [
        (ARCHIVE, replace(FITS, cookie_sha256="d" * 64), "another cookie than the host has"),
        (
            replace(ARCHIVE, setcookie_sha256="1" * 64),
            FITS,
            "control calls fail from the switch until the restart",
        ),
        (replace(ARCHIVE, erts=""), FITS, "it brings no ERTS"),
        (replace(ARCHIVE, machine=""), FITS, "could not be read: not judged"),
    ],
)
def test_doubts_are_said(archive: Archive, fit: HostFit, said: str) -> None:
    (sentence,) = warnings(archive, fit)
    assert said in sentence


def test_a_host_without_a_cookie_takes_the_archives() -> None:
    assert warnings(ARCHIVE, replace(FITS, cookie_sha256="")) == ()


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("glibc 2.36", (2, 36)),
        ("ldd (Debian GLIBC 2.36-9+deb12u9) 2.36", (2, 36)),
        ("ldd (GNU libc) 2.17", (2, 17)),
        ("musl libc (x86_64)", None),
        ("", None),
    ],
)
def test_the_hosts_glibc(text: str, version: tuple[int, int] | None) -> None:
    assert glibc_of(text) == version


def test_what_an_elf_file_asks_for() -> None:
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00"
    body = b"\0/lib64/ld-linux-x86-64.so.2\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.4\0"
    assert elf_needs(head + body) == ("x86_64", "/lib64/ld-linux-x86-64.so.2", (2, 34))
    assert elf_needs(b"#!/bin/sh\n") == ("", "", ())


def test_an_answer_that_broke_off_is_none() -> None:
    whole = b"space=/dev/vda1 100 50 50 50% /\ninodes=x 0 0 0 - /\nmachine=x86_64\nend=1\n"
    assert parse_fit(whole).room == Room(50 * 1024, None)
    with pytest.raises(ValueError, match="did not answer"):
        parse_fit(whole.replace(b"end=1\n", b""))
