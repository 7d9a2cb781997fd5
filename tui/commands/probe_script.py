"""The shell text that reads a host's facts in one go; `probe` reads what it prints. Data only."""

from __future__ import annotations

from tui.commands.release import LAUNCHER
from tui.commands.release_daemon import STATE

# $1 unit, $2 deliver_to, $3 app, $4 token, $5 properties (none: systemd does not run it), $6
# whether to ask slow facts, $7 the release version that runs, as far as an earlier probe told.
# POSIX sh, built-ins where they do: each fork costs the host a millisecond. Only plain files are
# read (a FIFO would hold the probe for ever), and no answer can grow without bound.
SCRIPT = (
    STATE
    + r"""
u=$1 r=$2 a=$3 t=$4 nl='
'
m() { printf '\n%s %s\n' "$t" "$1"; }
line() { l=; [ -f "$1" ] && [ -r "$1" ] && { IFS= read -r l <"$1" || :; printf '%s\n' "$l"; }; }
m began; date +%s.%N
f=
for c in "$r" "$r/$a" "$r/$a/$a"; do
  if [ -e "$c/bin/$a" ] || [ -e "$c/releases/start_erl.data" ]; then f=$c; break; fi
done
[ -n "$f" ] || for c in "$r" "$r/$a" "$r/$a/$a"; do
  if [ -d "$c/releases" ]; then f=$c; break; fi
done
r=${f:-$r} d=${f:-$r}
while [ -n "$d" ] && [ ! -d "$d" ]; do d=${d%/*}; done
d=${d:-/}
m root; printf '%s\n' "$r"
if [ "$d" != "$r" ]; then [ -x "$d" ] && echo missing || printf 'unreadable %s\n' "$d"
elif [ ! -x "$r" ]; then printf 'unreadable %s\n' "$r"
elif [ ! -d "$r/releases" ]; then echo empty
elif [ -r "$r/releases" ] && [ -x "$r/releases" ]; then echo readable
else printf 'unreadable %s\n' "$r/releases"; fi
m unit
if [ -n "$5" ]; then
  s=$(systemctl show "$u" --timestamp=unix -p "$5" 2>/dev/null) || s=$(systemctl show "$u" -p "$5")
else
  s=$(beamdeck_state "$r" "$a")
fi
printf '%s\n' "$s"
s=$nl$s p=
case $s in *"${nl}MainPID="*) p=${s#*"${nl}MainPID="}; p=${p%%"$nl"*} ;; esac
m cmdline
case $p in ''|0|*[!0-9]*) ;; *) head -c 65536 "/proc/$p/cmdline" 2>/dev/null ;; esac
m start.releases; line "$r/releases/start_erl.data"
m start.var; line "$r/var/start_erl.data"
"""
    + LAUNCHER
    + r"""
m signs
for f in "$r/releases/COOKIE" "$r"/releases/*/env.sh; do [ ! -e "$f" ] || { echo mix; break; }; done
for f in "$r"/bin/*_rc_exec.sh; do [ ! -e "$f" ] || echo distillery; done
[ ! -e "$r/bin/nodetool" ] || for f in "$r"/bin/*_loader.sh; do
  [ ! -e "$f" ] || echo distillery
done
m versions
n=0
for f in "$r"/releases/*/; do
  [ -d "$f" ] || continue
  f=${f%/} n=$((n + 1))
  printf '%s\n' "${f##*/}"
  [ "$n" -lt 400 ] || break
done
[ -z "$7" ] || {
  m config
  cd "$r/releases/$7" 2>/dev/null &&
    stat -c '%Y %n' vm.args sys.config runtime.exs env.sh 2>/dev/null
}
m load; line /proc/loadavg
m uptime; line /proc/uptime
m boot; line /proc/sys/kernel/random/boot_id
m memory
while read -r k v w; do
  case $k in MemTotal:|MemAvailable:) echo "$k $v" ;; Buffers:) break ;; esac
done </proc/meminfo
m disk; df -Pk "$d" 2>/dev/null
m journal; [ -d /var/log/journal ] && echo persistent || echo volatile
for f in /var/log/journal/*/system.journal /run/log/journal/*/system.journal; do
  [ ! -r "$f" ] || { echo readable; break; }
done
[ -z "$6" ] || {
  m slow; nproc; systemctl --version
  [ -e "$r/releases/COOKIE" ] || ! grep -qE 'relx_|RELX_' "$r/bin/$a" 2>/dev/null || echo relx
}
m ended; date +%s.%N
"""
)
