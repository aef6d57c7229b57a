#!/usr/bin/env bash
# Makes share/models/senvec-zh-small: make.sh DATA [STEP...]
#
#   DATA    a folder of data sets, see README.md
#   STEP    data, vocabulary, teacher, mine, distill, finetune, export, test; by default all, in this order
#
# Everything on the way is kept in WORK (build/senvec-zh-small). A step that was stopped goes on where it was when it is
# called again. SENVEC names the program (build/release/bin/senvec), E5 the teacher's directory
# (models/multilingual-e5-small, fetched when it is not there), OUTPUT where the model is written.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }
case "${1:-}" in
  -h|--help) usage; exit 0 ;;
  '') usage >&2; exit 2 ;;
esac
DATA=$(cd "$1" && pwd)
shift
: "${WORK:=$root/build/senvec-zh-small}" "${SENVEC:=$root/build/release/bin/senvec}"
: "${E5:=$root/models/multilingual-e5-small}" "${OUTPUT:=$root/share/models/senvec-zh-small}"
mkdir -p "$WORK"
WORK=$(cd "$WORK" && pwd)
export DATA WORK E5

size=10000  # of the vocabulary

make_data() { python3 "$here/prepare_data.py" "$DATA" "$WORK"; }

make_vocabulary() {
  "$SENVEC" train vocab --size "$size" --min-frequency 5 --output "$WORK/vocab" "$WORK/corpus.txt"
  # The vocabulary may come out smaller than asked for.
  entries=$(wc -l < "$WORK/vocab/vocab.txt")
  sed "s/\"vocab_size\": [0-9]*/\"vocab_size\": $entries/" "$here/config.json" > "$WORK/config.json"
}

make_teacher() {
  [ -d "$E5" ] || "$root/scripts/get-model.sh" multilingual-e5-small "$(dirname "$E5")"
  "$SENVEC" train --config "$here/teacher.json" --teacher-cache "$WORK/cache"
}

make_mine() { python3 "$here/mine_pairs.py" "$DATA" "$WORK" "$SENVEC"; }

make_distill() { "$SENVEC" train --config "$here/distill.json" --teacher-cache "$WORK/cache"; }

make_finetune() { "$SENVEC" train --config "$here/finetune.json" --teacher-cache "$WORK/cache"; }

make_export() { python3 "$here/export_model.py" "$WORK/finetuned" "$OUTPUT"; }

# Spearman on the five test sets, which nothing before this has looked at but to leave them out.
make_test() {
  for set in stsb_zh lcqmc bq atec pawsx_zh; do
    printf '%s: ' "$set"
    "$SENVEC" eval sts --model "$OUTPUT" --input "$DATA/$set/test.tsv"
  done
}

[ $# -gt 0 ] || set -- data vocabulary teacher mine distill finetune export test
for step in "$@"; do
  case "$step" in
    data|vocabulary|teacher|mine|distill|finetune|export|test) printf '== %s\n' "$step"; "make_$step" ;;
    *) printf 'make.sh: unknown step "%s"\n' "$step" >&2; usage >&2; exit 2 ;;
  esac
done
