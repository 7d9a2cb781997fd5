"""The shell texts of a detached step: what starts it, what it is, what looks at it. Data only.

Three gates keep it from running twice: its `.run` is linked into place by one starter alone,
systemd refuses a unit's name that is in use, and its `.pid` is made by one runner alone. A
starter that gives up takes the last gate itself, so that nothing begins behind its back.
"""

from __future__ import annotations

# As the owner. $1 base of the files, $2 text of the run, then its words. Claims the step.
CLAIM = """\
base=$1
text=$2
shift 2
umask 027
folder=${base%/*}
mkdir -p -- "$folder" || exit 73
chmod 0750 "${folder%/*}" "$folder" || exit 73
if [ -e "$base.run" ]; then exit 75; fi
{
  printf 'form=$1\\nset --'
  for word do
    printf " '"
    printf '%s' "$word" | sed "s/'/'\\\\\\\\''/g"
    printf "'"
  done
  printf '\\n%s' "$text"
} >"$base.run.$$" && sync "$base.run.$$" || { rm -f -- "$base.run.$$"; exit 73; }
ln -- "$base.run.$$" "$base.run" 2>/dev/null
made=$?
rm -f -- "$base.run.$$"
[ "$made" = 0 ] || exit 75
"""

# As the owner. $1 base, $2 how it was started: a unit is started by now, else it is started here.
BEGIN = """\
if [ "$2" = setsid ]; then
  trap '' HUP
  setsid /bin/sh "$1.run" setsid </dev/null >/dev/null 2>&1 &
fi
tries=0
while [ ! -s "$1.pid" ] && [ "$tries" -lt 50 ]; do
  tries=$((tries + 1))
  sleep 0.1
done
[ -s "$1.pid" ]
"""

# As the owner. $1 base. Succeeds if nothing has begun, and nothing can any more.
WITHDRAW = """\
set -C
echo withdrawn 2>/dev/null >"$1.pid" || [ "$(cat "$1.pid")" = withdrawn ]
"""

# As the SSH user, behind AS_OWNER ($1 root, $2 owner). $3 claim, $4 begin, $5 withdraw, $6 run,
# $7 unit, $8 1 for the unit's environment, $9 env_file, ${10} the step's limit, then the words.
START = """\
claim=$3 begin=$4 withdraw=$5 run=$6 unit=$7 take=$8 envfile=$9 limit=${10}
shift 10
step=$BEAMDECK_STEP
case $step in
  '' | *[!A-Za-z0-9-]*) no 64 "a step without a name is not started" ;;
esac
base=$root/.beamdeck/steps/$step
as_owner /bin/sh -c "$claim" beamdeck "$base" "$run" \\
  "$root" "$step" "$unit" "$take" "$envfile" "$limit" "$@"
case $? in
  0) ;;
  75) no 75 "$step was started already; it is not started again" ;;
  *) no 73 "$root/.beamdeck cannot be written" ;;
esac
form=setsid
said=
set -- systemd-run --quiet --collect --no-ask-password "--unit=beamdeck-$step" "--uid=$owner" \\
  "--description=beamdeck step $step" --property=Type=exec "--property=WorkingDirectory=$root"
if [ "$take" = 1 ]; then
  files=$(systemctl show -p EnvironmentFiles -- "$unit" 2>/dev/null)
  [ -n "$files" ] || [ -z "$envfile" ] || files="EnvironmentFiles=$envfile (ignore_errors=no)"
  while IFS= read -r line; do
    path=${line#EnvironmentFiles=}
    mark=
    case $path in *'(ignore_errors=yes)') mark=- ;; esac
    path=${path% (ignore_errors=*}
    [ -z "$path" ] || set -- "$@" "--property=EnvironmentFile=$mark$path"
  done <<LINES
$files
LINES
fi
# systemd expands dollars in what it starts; the words themselves lie in the file.
run=$(printf '%s' "$base.run" | sed 's/\\$/$$/g')
set -- "$@" -- /bin/sh "$run" unit
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
if command -v systemd-run >/dev/null 2>&1 &&
   { [ "$(id -u)" = 0 ] || sudo -n -l -- "$@" >/dev/null 2>&1; }; then
  said=$(as_root "$@" 2>&1 </dev/null) && form=unit
fi
if as_owner /bin/sh -c "$begin" beamdeck "$base" "$form"; then
  echo "started=$step form=$form"
  exit 0
fi
as_owner /bin/sh -c "$withdraw" beamdeck "$base" &&
  no 71 "$step could not be started${said:+: $said}; it was withdrawn"
echo "started=$step form=$form"
"""

# The step itself, as the owner: the second part of its `.run`, behind a line that sets root,
# step, unit, take, env_file, limit, the inner text and its words, and form to what started it.
RUN = r"""
root=$1 step=$2 unit=$3 take=$4 envfile=$5 inner=$7
shift 7
umask 027
base=$root/.beamdeck/steps/$step
cd "$root" || exit 66
began=$(cat "/proc/$$/stat")
began=${began##*) }
began=$(set -- $began; echo "${20}")
boot=$(cat /proc/sys/kernel/random/boot_id)
( set -C; echo "$$ $began $boot $(date +%s)" >"$base.pid" ) 2>/dev/null || exit 75
exec </dev/null >"$base.out" 2>&1
unset LC_ALL
finish() {
  echo "$1" >"$base.exit.new" && sync "$base.out" "$base.exit.new"
  mv -f -- "$base.exit.new" "$base.exit"
  # A unit that ends well leaves nothing behind in systemd; the truth is in the file.
  exit 0
}
keep() { # NAME=VALUE, $2 "over" to replace what systemd or sudo set by themselves
  name=${1%%=*}
  case $name in '' | [0-9]* | *[!A-Za-z0-9_]* | "$1") return ;; esac
  case $2:$name in over:PATH | over:LANG | over:LC_* | over:HOME | over:SHELL) ;;
    *) eval "[ -z \"\${$name+set}\" ]" || return 0 ;;
  esac
  export "$1"
}
lists() { # systemctl's words: blanks between, "…" with \ before a special sign, or $'…'
  rest=$1 word= quote= any=
  while [ -n "$rest" ]; do
    sign=${rest%"${rest#?}"}
    rest=${rest#?}
    case $quote$sign in
      ' ') [ -z "$any" ] || keep "$word" over; word= any=; continue ;;
      '$') case $rest in "'"*) rest=${rest#?} quote="'" any=1; continue ;; esac ;;
      '"') quote='"' any=1; continue ;;
      '""' | "''") quote=; continue ;;
      '"\' | '\') sign=${rest%"${rest#?}"} rest=${rest#?} ;;
      "'\\")
        sign=${rest%"${rest#?}"} rest=${rest#?}
        case $sign in n) sign='
' ;; t) sign='	' ;; esac ;;
    esac
    word=$word$sign any=1
  done
  [ -z "$any" ] || keep "$word" over
}
file() { # an EnvironmentFile as systemd reads one, without its continued lines
  while IFS= read -r line || [ -n "$line" ]; do
    while :; do case $line in ' '* | '	'*) line=${line#?} ;; *) break ;; esac; done
    case $line in '#'* | ';'* | '') continue ;; *=*) ;; *) continue ;; esac
    value=${line#*=}
    case $value in '"'*'"') value=${value#?} value=${value%?} ;;
      "'"*"'") value=${value#?} value=${value%?} ;; esac
    keep "${line%%=*}=$value" over
  done
}
work() { /bin/sh -c "$inner" beamdeck "$@"; }
if [ "$take" = 1 ]; then
  found=
  shown=$(systemctl show -p LoadState -p MainPID -p Environment -p EnvironmentFiles -- "$unit")
  files=$(printf '%s\n' "$shown" | sed -n 's/^EnvironmentFiles=//p')
  [ -n "$files" ] || [ -z "$envfile" ] || files="$envfile (ignore_errors=no)"
  unread=
  if [ "$form" = setsid ]; then
    while IFS= read -r path; do
      case $path in *'(ignore_errors=yes)') optional=1 ;; *) optional= ;; esac
      path=${path% (ignore_errors=*}
      if [ -z "$path" ]; then continue; fi
      if [ -r "$path" ]; then file <"$path"
      elif [ -z "$optional" ] || [ -e "$path" ]; then unread="$unread $path"
      fi
    done <<LINES
$files
LINES
  fi
  line=$(printf '%s\n' "$shown" | sed -n 's/^Environment=//p')
  lists "$line"
  pid=$(printf '%s\n' "$shown" | sed -n 's/^MainPID=//p')
  if [ "${pid:-0}" -gt 0 ] && cat "/proc/$pid/environ" >/dev/null 2>&1; then
    # Through a pipe and by the shell's own words: a secret is never on a command line.
    tr '\0\n' '\n\001' <"/proc/$pid/environ" | {
      one=$(printf '\001')
      while IFS= read -r line; do
        case ${line%%=*} in
          RELEASE_* | ERL* | BINDIR | ROOTDIR | EMU | PROGNAME | PWD | OLDPWD | SHLVL | _ | \
          LISTEN_* | NOTIFY_SOCKET | WATCHDOG_* | JOURNAL_STREAM | INVOCATION_ID | MAINPID | \
          MANAGERPID | SYSTEMD_* | CREDENTIALS_DIRECTORY | MEMORY_PRESSURE_* | BEAMDECK_* | \
          TERM | LC_ALL) continue ;;
        esac
        value=${line#*=} whole=
        while :; do
          case $value in
            *"$one"*) whole=$whole${value%%"$one"*}'
' value=${value#*"$one"} ;;
            *) break ;;
          esac
        done
        keep "${line%%=*}=$whole$value"
      done
      exec </dev/null
      export LANG="${LANG:-C.UTF-8}"
      work "$@"
    }
    finish $?
  fi
  if [ -n "$unread" ]; then
    echo "beamdeck: not begun: the unit's environment is not known:$unread cannot be read by" \
      "$(id -un), and $unit has no process to ask"
    finish 78
  fi
fi
export LANG="${LANG:-C.UTF-8}"
work "$@"
finish $?
"""

# A function: whether the step of $base is at work, or about to be (claimed within a minute).
ALIVE = r"""
begins() {
  [ ! -s "$base.pid" ] && [ "$(( $(date +%s) - $(stat -c %Y -- "$base.run") ))" -lt 60 ]
}
alive() {
  read -r pid began boot at <"$base.pid" || return 1
  [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || return 1
  if { read -r line <"/proc/$pid/stat"; } 2>/dev/null; then
    set -- ${line##*) }
    [ "${20}" = "$began" ] || return 1
    [ "$1" = Z ] || return 0
  fi
  # Killed, it may have left others of its session at work.
  for stat in /proc/[0-9]*/stat; do
    { read -r line <"$stat"; } 2>/dev/null || continue
    set -- ${line##*) }
    [ "$4" != "$pid" ] || [ "$1" = Z ] || return 0
  done
  return 1
}
"""

# As the owner. $1 base, $2 offset, $3 most bytes. A header, an empty line, then raw output.
LOOK = (
    ALIVE
    + r"""
base=$1 offset=$2 most=$3
say() { echo "word=$1"; echo "exit=$2"; }
ended() { say ended "$(cat "$base.exit")"; }
if [ -s "$base.exit" ]; then ended
elif [ ! -e "$base.run" ]; then say absent ''
elif [ ! -s "$base.pid" ]; then
  if begins; then say running ''; else say ended ''; fi
elif [ "$(cat "$base.pid")" = withdrawn ]; then say absent ''
elif alive; then
  say running ''
elif [ -s "$base.exit" ]; then ended
else say ended ''
fi
size=$(stat -c %s -- "$base.out" 2>/dev/null || echo 0)
echo "size=$size"
echo
if [ "$size" -gt "$offset" ]; then
  new=$((size - offset))
  [ "$new" -le "$most" ] || new=$most
  tail -c +$((offset + 1)) -- "$base.out" | head -c "$new"
fi
"""
)
