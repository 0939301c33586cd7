#!/usr/bin/env bash
# Lets schemathesis try everything that the OpenAPI document says on a running gateway, and what it does not say. It must not
# leave anything outside the working folder.
#
#   tests/gateway/schemathesis.sh SERVER WORKING_FOLDER [EXAMPLES]
#
# SERVER is the example gateway_serve. Needs python3 with venv, and a package index or the packages kept in the folder.
set -euo pipefail
here=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")")
server=$(realpath -- "$1")
work=$2
examples=${3:-60}
version=4.32.5
token=0123456789abcdef0123456789abcdef

mkdir -p -- "$work"
work=$(realpath -- "$work")
cd -- "$work"
if ! [ -x venv/bin/schemathesis ]; then
    python3 -m venv venv
    venv/bin/pip --quiet --disable-pip-version-check install "schemathesis==$version"
fi

mkfifo -- stop.$$
"$server" "$work/store" < stop.$$ > registered.json &
process=$!
exec 3> stop.$$
rm -- stop.$$
ended() {
    exec 3>&-
    wait "$process" || true
    rm -rf -- "$work/store"
}
trap ended EXIT
for _ in $(seq 100); do
    [ -s registered.json ] && break
    sleep 0.1
done
address=$(venv/bin/python -c 'import json; print(json.load(open("registered.json"))["address"])')

ask() {
    venv/bin/python - "$address$1" "$token" << 'END'
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer " + sys.argv[2]})
try:
    print(urllib.request.urlopen(request).status)
except urllib.error.HTTPError as error:
    print(error.code)
END
}

# The stream of events never ends, so tests/gateway.rs tries it. A module that is not built in answers 501.
without=(--exclude-operation-id events)
[ "$(ask /api/database/health)" != 501 ] || without+=(--exclude-operation-id health)

cp -- "$here/schemathesis.toml" .
venv/bin/schemathesis --config-file schemathesis.toml run "$address/api/openapi.json" \
    --header "Authorization: Bearer $token" --checks all --max-examples "$examples" --seed 1 --workers 1 \
    --request-timeout 20 --no-color "${without[@]}"
