"""Archives that must not be deployed, each made from a whole release by one change."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tui.demo.tree import archive_files, mode_of

VERSION = "0.3.0"
RELEASE = f"releases/{VERSION}"
LIB = f"lib/billing-{VERSION}"
_RANDOM = bytes(range(256)) * 16

Members = list[tuple[tarfile.TarInfo, bytes]]


def file(
    name: str, content: str | bytes = b"x", mode: int = 0o644
) -> tuple[tarfile.TarInfo, bytes]:
    """A plain file."""
    data = content.encode() if isinstance(content, str) else content
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), mode
    return member, data


def special(name: str, kind: bytes, link: str = "", size: int = 0) -> tuple[tarfile.TarInfo, bytes]:
    """A member that is no plain file, or only claims a size."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, link, size
    return member, b""


def release(top: str = "") -> Members:
    """Everything of a whole release, without folders of their own, as erl_tar leaves them out."""
    files = archive_files(VERSION, "C" * 52)
    return [file(f"{top}{name}", data, mode_of(name)) for name, data in sorted(files.items())]


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]], *, end: bool = True) -> bytes:
    """The members as a tar archive, in GNU's format, which keeps whatever name it is given."""
    out = io.BytesIO()
    for member, data in members:
        out.write(member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))
        out.write(data + b"\0" * (-len(data) % 512))
    return out.getvalue() + (b"\0" * 10240 if end else b"")


def packed(data: bytes) -> bytes:
    """Compressed, the same each time."""
    return gzip.compress(data, compresslevel=1, mtime=0)


def whole(*more: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A release and what does not belong into it."""
    return packed(tar([*release(), *more]))


def without(*ends: str) -> Members:
    """A release without the files whose names end so."""
    return [(m, data) for m, data in release() if not m.name.endswith(ends)]


def changed(name: str, content: str | bytes) -> bytes:
    """A release with one file of other content."""
    return packed(tar([*without(name), file(name, content)]))


@dataclass(frozen=True)
class Hostile:
    """An archive and what is said of it (a regular expression)."""

    kind: str
    make: Callable[[], bytes]
    said: str


def _flipped() -> bytes:
    data = bytearray(whole(file(f"{LIB}/noise", _RANDOM * 16)))
    data[len(data) // 2] ^= 0x10
    return bytes(data)


def _header(kind: bytes, size: int) -> tuple[tarfile.TarInfo, bytes]:
    return special("././@LongLink", kind, size=size)


def _pax(*records: str) -> tuple[tarfile.TarInfo, bytes]:
    """The header that says more of the next member, by words like `path=x`."""
    body = b""
    for record in records:
        line = f" {record}\n".encode()
        size = len(line) + len(str(len(line) + 2))
        body += f"{size}".encode() + line
    member, _ = special("PaxHeaders/x", tarfile.XHDTYPE, size=len(body))
    return member, body


def _damaged_header() -> bytes:
    bad = bytearray(tar([file(f"{LIB}/ebin/late.beam")], end=False))
    bad[0] ^= 1
    return packed(tar(release(), end=False) + bytes(bad) + b"\0" * 10240)


def _second_part() -> bytes:
    """What gunzip goes on with behind the end of a gzip file, and tarfile does not."""
    first, second = tar(release(), end=False), tar([file("../../behind")])
    return packed(first) + packed(second)


CORPUS = (
    Hostile("parent path", lambda: whole(file("lib/../../behind")), "leads out"),
    Hostile("parent at the front", lambda: whole(file("../behind")), "leads out"),
    Hostile("absolute path", lambda: whole(file("/etc/cron.d/x")), "leads out"),
    Hostile(
        "absolute link",
        lambda: whole(special(f"{LIB}/priv/x", tarfile.SYMTYPE, "/etc")),
        "is a link to /etc",
    ),
    Hostile(
        "link out",
        lambda: whole(special(f"{LIB}/priv/x", tarfile.SYMTYPE, "../../../../etc")),
        "link out",
    ),
    Hostile(
        "link out behind another link",
        lambda: whole(
            special(f"{LIB}/priv/x", tarfile.SYMTYPE, "../../.."),
            special(f"{LIB}/y", tarfile.SYMTYPE, "priv/x/../../etc"),
        ),
        "link out",
    ),
    Hostile(
        "written through a link",
        lambda: whole(
            special(f"{LIB}/priv/x", tarfile.SYMTYPE, "../.."), file(f"{LIB}/priv/x/billing")
        ),
        "written through a link",
    ),
    Hostile(
        "hard link out",
        lambda: whole(special(f"{LIB}/x", tarfile.LNKTYPE, "../../etc/shadow")),
        "hard link",
    ),
    Hostile(
        "hard link to nothing",
        lambda: whole(special(f"{LIB}/x", tarfile.LNKTYPE, f"{LIB}/not_there")),
        "hard link",
    ),
    Hostile("device", lambda: whole(special("lib/sda", tarfile.BLKTYPE)), "device or a pipe"),
    Hostile("terminal", lambda: whole(special("lib/tty", tarfile.CHRTYPE)), "device or a pipe"),
    Hostile("pipe", lambda: whole(special("lib/pipe", tarfile.FIFOTYPE)), "device or a pipe"),
    Hostile(
        "setuid", lambda: whole(file("erts-13.1.5/bin/x", mode=0o4755)), "another user's rights"
    ),
    Hostile(
        "setgid", lambda: whole(file("erts-13.1.5/bin/x", mode=0o2755)), "another user's rights"
    ),
    Hostile("twice", lambda: whole(file(f"{RELEASE}/env.sh", "other")), "in the archive twice"),
    Hostile(
        "twice by another spelling", lambda: whole(file(f"./{RELEASE}//env.sh")), "archive twice"
    ),
    Hostile(
        "differs by case", lambda: whole(file(f"{RELEASE}/ENV.sh")), "from another name by case"
    ),
    Hostile(
        "file below a file", lambda: whole(file(f"{RELEASE}/env.sh/x")), "lies in what is a file"
    ),
    Hostile(
        "link in the place of a folder",
        lambda: whole(special(LIB, tarfile.SYMTYPE, ".")),
        "a folder and a symbolic link",
    ),
    Hostile("escape in a name", lambda: whole(file(f"{LIB}/\x1b]0;x\x07")), "leads out"),
    Hostile("new line in a name", lambda: whole(file(f"{LIB}/a\nb")), "leads out"),
    Hostile("no UTF-8 in a name", lambda: whole(file(f"{LIB}/\udcff")), "leads out"),
    Hostile("cut short", lambda: whole()[:-2000], "damaged or cut short"),
    Hostile("cut at the checksum", lambda: whole()[:-4], "damaged or cut short"),
    Hostile("a byte changed", _flipped, "damaged or cut short"),
    Hostile(
        "tar cut short in it",
        lambda: packed(tar(release(), end=False)),
        "its end is missing",
    ),
    Hostile("a damaged header", _damaged_header, "damaged or cut short"),
    Hostile("a second part", _second_part, "behind: leads out"),
    Hostile("not compressed", lambda: tar(release()), "not compressed with gzip"),
    Hostile("empty", lambda: b"", "not compressed with gzip"),
    Hostile("no tar in it", lambda: packed(b"hello" * 500), "damaged or cut short"),
    Hostile("an empty tar", lambda: packed(b"\0" * 10240), "no releases folder|is missing"),
    Hostile(
        "a bomb",
        lambda: packed(tar([*release(), special(f"{LIB}/zeros", b"0", size=70 << 20)])),
        "grows more than any",
    ),
    Hostile(
        "larger than any disk",
        lambda: packed(tar([*release(), special(f"{LIB}/zeros", b"0", size=30 << 30)])),
        "unpacked it would take",
    ),
    Hostile(
        "less than nothing",
        lambda: whole(special(f"{LIB}/minus", b"0", size=-(70 << 20))),
        "sensible size",
    ),
    Hostile(
        "less than nothing by PAX",
        lambda: whole(_pax("size=-512"), file(f"{LIB}/minus", b"")),
        "sensible size",
    ),
    Hostile(
        "a name of a gigabyte",
        lambda: whole(_header(tarfile.GNUTYPE_LONGNAME, 1 << 30)),
        "sensible size",
    ),
    Hostile(
        "a PAX header of a gigabyte",
        lambda: whole(_header(tarfile.XHDTYPE, 1 << 30)),
        "sensible size",
    ),
    Hostile(
        "holes",
        lambda: whole(special(f"{LIB}/holes", tarfile.GNUTYPE_SPARSE)),
        "file with holes",
    ),
    Hostile(
        "an endless map of holes",
        lambda: packed(
            tar(
                [
                    *release(),
                    _pax("GNU.sparse.major=1", "GNU.sparse.minor=0"),
                    special(f"{LIB}/holes", b"0", size=1 << 20),
                ],
                end=False,
            )
            + b"1" * 1024
        ),
        "damaged or cut short",
    ),
    Hostile(
        "no release in it",
        lambda: packed(tar([(m, d) for m, d in release() if not m.name.startswith(RELEASE)])),
        "0.3.0, which is not in it|releases/VERSION is missing",
    ),
    Hostile(
        "nothing of a release",
        lambda: packed(tar([file("README"), file("src/x")])),
        "no releases folder",
    ),
    Hostile(
        "another version named",
        lambda: changed("releases/start_erl.data", "13.1.5 0.4.0"),
        "names 0.4.0, which is not in it",
    ),
    Hostile(
        "two releases, none named",
        lambda: packed(tar([*without("start_erl.data"), file("releases/0.4.0/env.sh")])),
        "holds 2 releases",
    ),
    Hostile(
        "a version that is an option",
        lambda: packed(
            tar(
                [
                    (_renamed(m, RELEASE, "releases/-rf"), d)
                    for m, d in without("releases/start_erl.data")
                ]
            )
        ),
        "no name of a release version",
    ),
    Hostile(
        "another app's", lambda: packed(tar(without("bin/billing"))), "a release of another app"
    ),
    Hostile("no env.sh", lambda: packed(tar(without("env.sh"))), r"env\.sh is missing"),
    Hostile("no boot file", lambda: packed(tar(without("start.boot"))), r"start\.boot is missing"),
    Hostile("no .rel", lambda: packed(tar(without(".rel"))), r"billing\.rel is missing"),
    Hostile(
        "a link for .rel",
        lambda: packed(
            tar([*without(".rel"), special(f"{RELEASE}/billing.rel", tarfile.SYMTYPE, "env.sh")])
        ),
        r"billing\.rel is missing",
    ),
    Hostile(
        "neither flavour",
        lambda: packed(tar(without("env.sh", "start.boot"))),
        "cannot be booted",
    ),
    Hostile(
        "an unreadable .rel",
        lambda: changed(f"{RELEASE}/billing.rel", b"\xff\xfe"),
        "cannot be read",
    ),
    Hostile(
        "a huge .rel",
        lambda: changed(f"{RELEASE}/billing.rel", _RANDOM * 80),
        "larger than any of its kind",
    ),
    Hostile(
        "an application missing",
        lambda: packed(tar([(m, d) for m, d in release() if not m.name.startswith("lib/ecto-")])),
        "names what lib does not hold: ecto-",
    ),
    Hostile("a stray file", lambda: whole(file("home/x")), "where no release has a file"),
)


def _renamed(member: tarfile.TarInfo, old: str, new: str) -> tarfile.TarInfo:
    member.name = member.name.replace(old, new)
    return member
