#!/usr/bin/env bash
# From a clone to a search by meaning: packages, build, sample index, server, queries over gRPC, with the Chinese model
# that comes with Senvec. Nothing is downloaded but Debian packages. Stops what it started.
#
#   --model NAME   another model, fetched by scripts/get-model.sh: multilingual-e5-small (Chinese and English, 100 languages)
#   --keep         leaves the server running
#
# SENVEC_LISTEN chooses another address than 127.0.0.1:7411.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; }
keep=false model=senvec-zh-small
while [ $# -gt 0 ]; do
  case "$1" in
    --keep) keep=true ;;
    --model) [ $# -gt 1 ] || { usage >&2; exit 2; }; model=$2; shift ;;
    -h|--help) usage; exit 0 ;;
    *) printf 'quickstart: unknown argument "%s"\n' "$1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
listen=${SENVEC_LISTEN:-127.0.0.1:7411}
senvec=build/release/bin/senvec
step() { printf '\n== %s\n' "$*"; }

step "1/4 Debian packages"
scripts/setup.sh > build-setup.log 2>&1 || { tail -20 build-setup.log >&2; exit 1; }
rm -f build-setup.log
echo "installed"

step "2/4 Build (some minutes the first time)"
scripts/build.sh release senvec | tail -1
"$senvec" --version

# The shipped model is what commands take when neither they nor the environment name one.
unset SENVEC_MODEL
with_model=() prompt=() queries_file=samples/queries_zh.txt data=data/zh
if [ "$model" != senvec-zh-small ]; then
  scripts/get-model.sh "$model"
  with_model=(--model "models/$model") queries_file=samples/queries.txt data=data/$model
  [ "$model" = multilingual-e5-small ] && prompt=(--prompt query)
fi

step "3/4 Index samples/helpdesk.tsv with $model"
if [ -d "$data/helpdesk" ]; then  # complete: until then it has another name
  echo "$data/helpdesk is there"
else
  "$senvec" index build "${with_model[@]}" --input samples/helpdesk.tsv --output "$data/helpdesk"
fi

step "4/4 Serve on $listen, embed and search over gRPC"
"$senvec" serve "${with_model[@]}" --data "$data" --listen "$listen" < /dev/null > "$data.log" 2>&1 &
server=$!
stop() { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; true; }
trap stop EXIT
# An older server at the address answers too: ours is up when it says so itself, and gone when it cannot have the address.
until grep -q 'serving on ' "$data.log" && "$senvec" health --server "$listen" --timeout 1 >/dev/null 2>&1; do
  kill -0 "$server" 2>/dev/null || { echo "the server ended:" >&2; tail -5 "$data.log" >&2; exit 1; }
  sleep 0.1
done
echo "a question as a vector (384 values, the first ones):"
echo '怎么重置密码？' | "$senvec" embed --server "$listen" "${prompt[@]}" 2>/dev/null | cut -c1-100 | sed 's/$/.../'
echo
mapfile -t queries < "$queries_file"
"$senvec" search --server "$listen" --collection helpdesk --k 3 "${queries[@]}"

step "Try next"
cat <<TEXT
scripts/quickstart.sh --keep${with_model[*]:+ --model $model}       leaves the server running; then:
$senvec search --server $listen --collection helpdesk '打印机坏了'
$senvec index build${with_model[*]:+ ${with_model[*]}} --input YOUR.tsv --output $data/yours
$senvec similarity${with_model[*]:+ ${with_model[*]}} '怎么退款' '钱能退给我吗'
scripts/quickstart.sh --model multilingual-e5-small       Chinese, English and 98 more languages; downloads 0.1 GB
$senvec --help
TEXT
if $keep; then
  trap - EXIT
  printf '\nThe server runs as process %s on %s; stop it with: kill %s\n' "$server" "$listen" "$server"
fi
