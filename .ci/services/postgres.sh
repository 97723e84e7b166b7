#!/usr/bin/env bash
# PostgreSQL for the tests of the skill `postgres`. The tests start servers of their own, so it is enough that
# the programs are here. Where it cannot be installed those tests are left out, and the summary says so.
set -uo pipefail

found() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null
}

if found; then
  echo 'PostgreSQL is here'
  exit 0
fi
if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
  echo 'PostgreSQL cannot be installed here (no root, or no apt-get): its tests will be left out'
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# Without this the package would start a server of its own, which nobody needs.
mkdir -p /etc/postgresql-common
printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf
timeout 240 apt-get update -qq && timeout 300 apt-get install -y -qq --no-install-recommends postgresql
found || echo 'PostgreSQL could not be installed: its tests will be left out'
exit 0
