"""The environment of an app's unit, for code that is run beside it: constant shell text. Pure.

`eval` runs the release's runtime configuration, which needs what the unit is given and a login
shell is not (facts.md 9.5). Values are exported by the shell itself: no secret is ever a word
of a command, where `ps` would show it.
"""

from __future__ import annotations

UNIT_ENVIRONMENT = r"""
beamdeck_environment() {
  # $1 unit, $2 file of variables (empty: none). The main process's own environment, if it may be
  # read; else the file's, then the unit's plain words. What the release's launcher sets for one
  # run, and what systemd says of one, is left aside.
  beamdeck_set() {
    case $1 in
      ''|[0-9]*|*[!A-Za-z0-9_]*) return ;;
      RELEASE_TMP|RELEASE_COOKIE) ;;
      RELEASE_*|REL_*|ROOTDIR|BINDIR|EMU|PROGNAME|ERL_CRASH_DUMP|DISTILLERY_*|VMARGS_PATH) return ;;
      SYS_CONFIG_PATH|SRC_*_PATH|DEST_*_PATH|RUNNER_*|PATH_TO_*|NAME|NAME_ARG|NAME_TYPE) return ;;
      INVOCATION_ID|JOURNAL_STREAM|NOTIFY_SOCKET|WATCHDOG_*|MAINPID|LISTEN_*|SYSTEMD_*) return ;;
      PWD|OLDPWD|SHLVL|_|IFS|PPID|ENV) return ;;
    esac
    export "$1=$2"
  }
  pid=$(systemctl show -p MainPID --value -- "$1" 2>/dev/null)
  if [ "${pid:-0}" != 0 ] && [ -r "/proc/$pid/environ" ]; then
    # A value may hold newlines: they travel as \001, and NUL ends a line.
    while IFS= read -r line; do
      value=${line#*=}
      case $value in *"$(printf '\001')"*) value=$(printf '%s' "$value" | tr '\001' '\n') ;; esac
      beamdeck_set "${line%%=*}" "$value"
    done <<BEAMDECK_END
$(tr '\n\000' '\001\n' <"/proc/$pid/environ")
BEAMDECK_END
    return
  fi
  set -f
  for word in $(systemctl show -p Environment --value -- "$1" 2>/dev/null); do
    # A quoted word would have to be unquoted as systemd does: it is left out.
    case $word in
      *[\"\'\\\$]*) ;;
      [A-Za-z_]*=*) beamdeck_set "${word%%=*}" "${word#*=}" ;;
    esac
  done
  set +f
  if [ -n "$2" ] && [ -r "$2" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      value=${line#*=}
      case $line in '#'*|';'*) continue ;; *=*) ;; *) continue ;; esac
      case $value in
        \"*\") value=${value#\"} value=${value%\"} ;;
        \'*\') value=${value#\'} value=${value%\'} ;;
      esac
      beamdeck_set "${line%%=*}" "$value"
    done <"$2"
  fi
}
"""
"""Defines `beamdeck_environment UNIT FILE`, which exports into the shell that calls it."""
