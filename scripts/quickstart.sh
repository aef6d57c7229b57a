#!/usr/bin/env bash
# From a clone to a search by meaning: packages, build, model, sample index, server, queries over gRPC. Stops what it
# started, unless --keep leaves the server running. SENVEC_LISTEN chooses another address than 127.0.0.1:7411.
set -euo pipefail
cd "$(dirname "$0")/.."

keep=false
case "${1:-}" in
  "") ;;
  --keep) keep=true ;;
  *) sed -n '2,3s/^# //p' "$0"; [ "$1" = --help ] && exit 0 || exit 2 ;;
esac
model=multilingual-e5-small
listen=${SENVEC_LISTEN:-127.0.0.1:7411}
senvec=build/release/bin/senvec
step() { printf '\n== %s\n' "$*"; }

step "1/5 Debian packages"
scripts/setup.sh > build-setup.log 2>&1 || { tail -20 build-setup.log >&2; exit 1; }
rm -f build-setup.log
echo "installed"

step "2/5 Build (some minutes the first time)"
scripts/build.sh release senvec | tail -1
"$senvec" --version

step "3/5 Model $model"
scripts/get-model.sh "$model"

step "4/5 Index samples/helpdesk.tsv"
if [ -d data/helpdesk ]; then  # complete: until then it has another name
  echo "data/helpdesk is there"
else
  "$senvec" index build --model "models/$model" --input samples/helpdesk.tsv --output data/helpdesk
fi

step "5/5 Serve on $listen, embed and search over gRPC"
"$senvec" serve --model "models/$model" --data data --listen "$listen" < /dev/null > data/server.log 2>&1 &
server=$!
stop() { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; true; }
trap stop EXIT
# An older server at the address answers too: ours is up when it says so itself, and gone when it cannot have the address.
until grep -q 'serving on ' data/server.log && "$senvec" health --server "$listen" --timeout 1 >/dev/null 2>&1; do
  kill -0 "$server" 2>/dev/null || { echo "the server ended:" >&2; tail -5 data/server.log >&2; exit 1; }
  sleep 0.1
done
echo "a question as a vector (384 values, the first ones):"
echo '怎么重置密码？' | "$senvec" embed --server "$listen" --prompt query 2>/dev/null | cut -c1-100 | sed 's/$/.../'
echo
mapfile -t queries < samples/queries.txt
"$senvec" search --server "$listen" --collection helpdesk --k 3 "${queries[@]}"

step "Try next"
cat <<TEXT
scripts/quickstart.sh --keep       leaves the server running; then:
$senvec search --server $listen --collection helpdesk '打印机坏了'
$senvec index build --model models/$model --input YOUR.tsv --output data/yours
$senvec eval sts --model models/$model --input samples/pairs.tsv --prompt query
$senvec --help
TEXT
if $keep; then
  trap - EXIT
  printf '\nThe server runs as process %s on %s; stop it with: kill %s\n' "$server" "$listen" "$server"
fi
