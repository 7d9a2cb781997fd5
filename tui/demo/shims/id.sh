#!/bin/sh
# The simulated identity: every process is this machine's one user, the host has several.
name=${DEMO_AS:-nobody}
case $name in root) uid=0 ;; devops) uid=1000 ;; billing) uid=1001 ;; *) uid=1002 ;; esac
case ${0##*/}:$* in
    whoami: | id:-un | id:-nu | id:"-u -n" | id:"-n -u") echo "$name" ;;
    id:-u) echo $uid ;;
    id:-g) echo $uid ;;
    id:-gn | id:-ng) echo "$name" ;;
    id:-Gn | id:-nG) echo "$name${DEMO_GROUPS:+ $DEMO_GROUPS}" ;;
    id:) echo "uid=$uid($name) gid=$uid($name) groups=$uid($name)${DEMO_GROUPS:+,$DEMO_GROUPS}" ;;
    *) exec /usr/bin/id "$@" ;;
esac
