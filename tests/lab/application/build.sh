#!/bin/sh
# Builds the release versions inside the build root. One rel folder: the cookie stays the same.
set -eu
export MIX_ENV=prod HOME=/root LC_ALL=C.UTF-8
cd /src
for version in 0.1.0 0.2.0 0.2.1 0.3.0; do
  case $version in
    0.1.0) newest=20170999999999 ;;
    0.2.0) newest=20180101999999 ;;
    0.2.1) newest=20180115999999 ;;
    *) newest=99999999999999 ;;
  esac
  # Without these, lib/billing-OLD would be packed under the new release.
  rm -rf priv/repo/migrations _build/prod/lib/billing
  mkdir -p priv/repo/migrations
  for file in migrations/*.exs; do
    name=${file##*/}
    # 0.2.1 is a repair of 0.2.0 that 0.3.0 was not built from: its migration is its own.
    [ "$version$name" != 0.3.020180115120000_add_note.exs ] || continue
    [ "${name%%_*}" -gt "$newest" ] || cp "$file" priv/repo/migrations/
  done
  touch mix.exs
  BILLING_VERSION=$version mix release --overwrite --quiet
done

# A relx release beside it, by Debian's rebar3 and without anything from elsewhere.
cd /src/relay
for version in 1.0.0 1.1.0; do
  RELAY_VERSION=$version rebar3 tar
done
