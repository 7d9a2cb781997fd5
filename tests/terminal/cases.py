"""Byte sequences in the manner of vttest, each a small screen; written here, not taken over."""

from __future__ import annotations

COLUMNS, LINES = 40, 12
E = "\x1b"


def _grid() -> str:
    """A full screen of letters to work on."""
    return "".join(f"{E}[{y + 1};1H" + chr(65 + y) * COLUMNS for y in range(LINES))


CASES: dict[str, str] = {
    "border by cursor movement": f"{E}[2J"
    + "".join(f"{E}[1;{x}H*{E}[12;{x}H*" for x in range(1, 41))
    + "".join(f"{E}[{y};1H+{E}[{y};40H+" for y in range(2, 12)),
    "alignment pattern": f"{E}#8{E}[9;10H{E}[1J{E}[6;30H{E}[0J",
    "index and reverse index": f"{_grid()}{E}[1;1H{E}M{E}M>{E}[12;1H{E}D{E}D<{E}[5;5H{E}Ex",
    "controls within sequences": f"A B {E}[2\bCD E {E}[\r2CF {E}[1\x0bAG",
    "leading zeros": f"{E}[00000000004;000000001Hzeros",
    "wrap around": "".join(f"{E}[3;{x}H{chr(65 + x % 26)}" for x in range(35, 41)) + "pq",
    "wrap pending then move": f"{E}[2;40HX{E}[AY{E}[3;40HX\bZ{E}[4;40HX\rQ",
    "no wrap": f"{E}[?7l{E}[2;36H0123456789{E}[?7hmore",
    "origin mode": f"{_grid()}{E}[4;8r{E}[?6h{E}[1;1Hfirst{E}[99;1Hlast{E}[?6l{E}[1;1Htop",
    "scroll region up": f"{_grid()}{E}[3;7r{E}[7;1H\n\n\nx{E}[r",
    "scroll region down": f"{_grid()}{E}[3;7r{E}[3;1H{E}M{E}My{E}[r",
    "outside the region": f"{_grid()}{E}[3;7r{E}[12;1H\n\nz{E}[1;1H{E}M{E}Mw{E}[r",
    "cursor stops at margins": f"{E}[4;8r{E}[6;5H{E}[99Ax{E}[6;5H{E}[99By{E}[r{E}[99Bz",
    "insert lines": f"{_grid()}{E}[4;10H{E}[3L>",
    "delete lines": f"{_grid()}{E}[4;10H{E}[3M>",
    "insert lines in a region": f"{_grid()}{E}[3;8r{E}[5;1H{E}[2L{E}[r",
    "delete lines in a region": f"{_grid()}{E}[3;8r{E}[5;1H{E}[2M{E}[r",
    "insert characters": f"{_grid()}{E}[4;10H{E}[5@>",
    "delete characters": f"{_grid()}{E}[4;10Habc{E}[4;12H{E}[5Pz",
    "erase characters": f"{_grid()}{E}[4;10H{E}[5X>",
    "insert mode": f"{_grid()}{E}[4;10H{E}[4hINS{E}[4l!",
    "erase in line": f"{_grid()}{E}[2;9H{E}[K{E}[3;9H{E}[1K{E}[4;9H{E}[2K",
    "erase below": f"{_grid()}{E}[6;9H{E}[J",
    "erase above": f"{_grid()}{E}[6;9H{E}[1J",
    "tabs": f"\tA\tB\r\n{E}[3g{E}[2;5H{E}H{E}[2;15H{E}H\r\tC\tD\tE",
    "tab back and forth": f"{E}[3;30H{E}[Zx{E}[3;1H{E}[2Iy",
    "tab at the end": f"{E}[3;38H\t\tx",
    "save and restore": f"{E}[5;5H{E}7{E}[1;31m{E}[9;9Hred{E}8back",
    "save and restore by csi": f"{E}[5;5H{E}[s{E}[9;9Hthere{E}[uback",
    "restore without save": f"{E}[5;5Hx{E}8y",
    "line drawing": f"{E}(0lqqqk\r\nx   x\r\nmqqqj{E}(B plain \x0e",
    "shift out": f"{E})0abc\x0eqqq\x0fdef",
    "repeat": f"ab{E}[5bc",
    "next and previous line": f"{E}[5;9Ha{E}[2Eb{E}[4Fc",
    "column and row": f"{E}[5;9Ha{E}[20Gb{E}[9dc{E}[3`d{E}[2ae{E}[ef",
    "scroll by csi": f"{_grid()}{E}[2S{E}[1Tx",
    "new line mode": f"{E}[20habc\ndef{E}[20l\nghi",
    "alternate screen": f"before{E}[?1049h{E}[Hinside{E}[?1049lafter",
    "alternate 47": f"before{E}[?47h{E}[Hinside{E}[?47lafter",
    "alternate keeps": f"one\r\n{E}[?1049h{E}[2J{E}[12;1Hlong\n\n\n{E}[?1049ltwo",
    "wide characters": "日本語 ab 한국어 x\r\n" + "字" * 25,
    "wide at the edge": f"{E}[2;40H字x",
    "over half of a wide one": f"日本語{E}[1;2Hx{E}[1;4Hy",
    "erase half of a wide one": f"日本語{E}[1;4H{E}[K",
    "delete half of a wide one": f"日本語字{E}[1;2H{E}[Px",
    "insert within a wide one": f"日本語字{E}[1;4H{E}[@x",
    "combining": "e\u0301a\u0308 n\u0303x\r\n\u0301y",
    "emoji": "🎉 done ✅ x",
    "sgr": f"{E}[1;31mred{E}[0m {E}[38;5;200mpink{E}[m {E}[38:2::1:2:3mtrue{E}[4:3mcurl{E}[m.",
    "unknown sequences": f"a{E}[?4mb{E}[>4;1mc{E}[=1;1ud{E}[?1;2re{E}[?5nf{E}[?3Ag{E}[1$ph",
    "strings dropped": f"a{E}Pq#0;2;0;0;0{E}\\b{E}_apc{E}\\c{E}^pm{E}\\d{E}]52;c;Zm9v\x07e",
    "title": f"a{E}]0;forged\x07b{E}]2;again{E}\\c",
    "link": f"a{E}]8;;http://x\x07link{E}]8;;\x07b",
    "cancelled": f"a{E}[12\x18b{E}[3\x1ac{E}]0;x\x18d",
    "escape within a sequence": f"a{E}[1{E}[2Cb",
    "backspace at the start": f"{E}[3;1H\b\bx",
    "huge numbers": f"{E}[99999999999999999999;99999999999999999Hx{E}[{'9' * 5000}Ay",
    "many parameters": f"{E}[{';'.join('1' * 300)}mx{E}[0my",
    "margins refused": f"{_grid()}{E}[8;3r{E}[12;1H\nx",
    "full reset": f"{_grid()}{E}[3;7r{E}[?6h{E}cnew",
    "soft reset": f"{_grid()}{E}[3;7r{E}[?6h{E}[!p{E}[1;1Hx",
    "bright background": f"{E}[41m{E}[2J{E}[3;3Hon red{E}[K\r\n{E}[mx",
    "long lines": "".join(chr(65 + n % 26) for n in range(COLUMNS * 3 + 7)) + "\r\nend",
    "scrolls": "\r\n".join(f"line {n}" for n in range(30)),
    "plain burst": "\r\n".join(f"burst line {n} of many" for n in range(900)),
    "plain burst with wraps": "\r\n".join("w" * (n % 97) for n in range(300)),
}
