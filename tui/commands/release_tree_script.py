"""The shell text that reads a release's folder; what it prints is read by `release_tree`.

POSIX sh: built-ins where they do, plain files only, every list bounded. Names of files are
printed as they are, between marks of a token that no file on the host can know.
"""

from __future__ import annotations

from tui.commands.release import LAUNCHER

# $1 folder, $2 app, $3 token.
SCRIPT = (
    r"""
r=$1 a=$2 t=$3 nl='
'
m() { printf '\n%s %s\n' "$t" "$1"; }
shut=; no() { shut="$shut$1$nl"; }
line() { [ ! -f "$1" ] || [ -r "$1" ] || no "$1"
  l=; [ -f "$1" ] && [ -r "$1" ] && { IFS= read -r l <"$1" || :; printf '%s\n' "$l"; }; }
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
m root; printf '%s' "$r"
m tree
if [ "$d" != "$r" ]; then [ -x "$d" ] && echo missing || { echo unreadable; no "$d"; }
elif [ ! -x "$r" ]; then echo unreadable; no "$r"
elif [ ! -d "$r/releases" ]; then echo empty
else echo readable; fi
for f in "$r/releases" "$r/lib"; do
  [ ! -d "$f" ] || { [ -r "$f" ] && [ -x "$f" ]; } || no "$f"
done
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
[ -e "$r/releases/COOKIE" ] || ! grep -qE 'relx_|RELX_' "$r/bin/$a" 2>/dev/null || echo relx
m cookie
if [ -f "$r/releases/COOKIE" ]; then
  if [ -r "$r/releases/COOKIE" ]; then sha256sum <"$r/releases/COOKIE"
  else no "$r/releases/COOKIE"; fi
fi
n=0
for f in "$r"/releases/*/; do
  [ -d "$f" ] || continue
  [ "$n" -lt 400 ] || { m more; break; }
  f=${f%/} n=$((n + 1)) rel=
  m "name.$n"; printf '%s' "${f##*/}"
  m "is.$n"; stat -c '%Y %Z %U' "$f"
  [ -r "$f" ] && [ -x "$f" ] || { no "$f"; continue; }
  m "files.$n"; i=0
  for g in "$f"/*; do
    i=$((i + 1)); [ "$i" -le 200 ] || break
    if [ -d "$g" ]; then continue
    elif [ -s "$g" ]; then printf 'f %s\n' "${g##*/}"
    elif [ -e "$g" ]; then printf 'e %s\n' "${g##*/}"
    elif [ -L "$g" ]; then printf 'l %s\n' "${g##*/}"; fi
    case ${g##*/} in
      "$a.rel") rel=$g ;;
      start_clean.rel|no_dot_erlang.rel) ;;
      *.rel) rel=${rel:-$g} ;;
    esac
  done
  if [ -n "$rel" ] && [ -f "$rel" ]; then
    m "rel.$n"; printf '%s\n' "${rel##*/}"
    if [ -r "$rel" ]; then head -c 32768 "$rel"; else no "$rel"; fi
  fi
  if [ -f "$f/vm.args" ] && [ -r "$f/vm.args" ]; then
    k=$(sed -n 's/^[[:space:]]*-setcookie[[:space:]][[:space:]]*//p' "$f/vm.args" | head -n 1)
    [ -z "$k" ] || { m "setcookie.$n"; printf '%s' "$k" | sha256sum; }
  fi
done
m libs; n=0
for f in "$r"/lib/*/; do
  [ -d "${f}ebin" ] || continue
  f=${f%/} n=$((n + 1)); [ "$n" -le 4000 ] || break
  printf '%s\n' "${f##*/}"
done
m erts
for f in "$r"/erts-*/; do
  f=${f%/}
  if [ -e "$f/bin/erlexec" ] || [ -e "$f/bin/beam.smp" ]; then printf '%s\n' "${f##*/}"; fi
done
m migrations; n=0
for f in "$r"/lib/*/priv/*/migrations/*.exs "$r"/lib/*/priv/*/migrations/*/*.exs; do
  [ -f "$f" ] || continue
  n=$((n + 1)); [ "$n" -le 8000 ] || break
  printf '%s\n' "${f#"$r/lib/"}"
done
m staged; n=0
for f in "$r"/.beamdeck/staging/*/; do
  [ -d "$f" ] || continue
  f=${f%/} n=$((n + 1)); [ "$n" -le 100 ] || break
  printf '%s\n' "${f##*/}"
done
m sizes; cd "$r" 2>/dev/null && du -sk releases/*/ lib/*/ erts-*/ 2>/dev/null
m shut; printf '%s' "$shut"
m ended
"""
)
