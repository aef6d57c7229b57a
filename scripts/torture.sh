#!/usr/bin/env bash
# What docs/operations.md promises about the disk, tried at length; see --help.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'EOF'
Usage: scripts/torture.sh [OPTION]...

Builds and runs the tests of durability in their long form. Parts:

  crash    a process that writes from several threads, searches, merges and takes snapshots is killed (SIGKILL) at
           random moments: no acknowledged write is missing, none is there that nobody made, deleted stays deleted
  faults   the N-th write, fsync, rename, open, ... of the process fails, for every N: once, from then on, with EIO,
           with ENOSPC, half written
  model    random operations, restarts and snapshots, compared with a map after each
  damage   every byte of every file is damaged, logs are cut at every byte of their last record, files are zeroed,
           lost, and exchanged for another collection's: refused with the place, or repaired
  full     a file system of 24 MB becomes full again and again (needs root, or user namespaces)

Options:
  --seed N          of all random numbers; the same seed is the same run [by the clock; it is printed]
  --rounds N        kills [200]
  --fault-step N    makes every N-th call fail, from the first on [1]
  --operations N    of the model [200000]
  --damage-step N   damages every N-th byte [1]
  --full-rounds N   times that the disk becomes full [200]
  --only PART       this part alone; may be given more than once
  --preset NAME     build to use: release, asan, tsan [release]
  --logs DIR        where the output of each part goes [build/torture]
  --help            this text

Exit code: 0 when all parts passed (a part that this machine does not permit is named as skipped), 1 when one failed, with
the command that repeats it, 2 for a wrong option.
EOF
}

wrong() {
  echo "torture: $1; see scripts/torture.sh --help" >&2
  exit 2
}

seed=$(date +%s)
rounds=200 fault_step=1 operations=200000 damage_step=1 full_rounds=200
preset=release logs=build/torture parts=()
while [ $# -gt 0 ]; do
  option=$1
  case $option in
    --help) usage; exit 0 ;;
    --seed | --rounds | --fault-step | --operations | --damage-step | --full-rounds)
      [[ ${2:-} =~ ^[0-9]{1,18}$ ]] || wrong "$option needs a number, not '${2:-}'"
      [[ $option == --seed || $2 -gt 0 ]] || wrong "$option must be at least 1"
      name=${option#--}
      printf -v "${name//-/_}" %s "$2" ;;
    --only)
      [[ ${2:-} =~ ^(crash|faults|model|damage|full)$ ]] || wrong "there is no part '${2:-}'"
      parts+=("$2") ;;
    --preset | --logs)
      [ -n "${2:-}" ] || wrong "$option needs a value"
      printf -v "${option#--}" %s "$2" ;;
    *) wrong "there is no option '$option'" ;;
  esac
  shift 2
done
[ ${#parts[@]} -gt 0 ] || parts=(model crash faults full damage)

declare -A program=([crash]=crash_test [faults]=fault_test [model]=collection_model_test [damage]=damage_test
                    [full]=full_disk_test)
targets=()
for part in "${parts[@]}"; do targets+=("${program[$part]}"); done
cmake --preset "$preset" >/dev/null
cmake --build "build/$preset" -j "${JOBS:-$(nproc)}" --target "${targets[@]}" >/dev/null
mkdir -p "$logs"

export SENVEC_CRASH_SEED=$seed SENVEC_FAULT_SEED=$seed SENVEC_MODEL_SEED=$seed SENVEC_DAMAGE_SEED=$seed SENVEC_FULL_SEED=$seed
export SENVEC_CRASH_ROUNDS=$rounds SENVEC_FAULT_STEP=$fault_step SENVEC_MODEL_OPERATIONS=$operations
export SENVEC_DAMAGE_STEP=$damage_step SENVEC_FULL_ROUNDS=$full_rounds
if [ "$preset" = tsan ]; then
  export TSAN_OPTIONS="ignore_noninstrumented_modules=1:suppressions=$PWD/tests/tsan.supp"
fi
settings="--rounds $rounds --fault-step $fault_step --operations $operations --damage-step $damage_step --full-rounds $full_rounds"
echo "torture: seed $seed, $settings"

failed=()
for part in "${parts[@]}"; do
  log=$logs/$part.log
  start=$SECONDS
  code=0
  # What damage does shows without a disk, and a hundred thousand collections are written for it.
  (
    if [ "$part" = damage ] && [ -d /dev/shm ] && [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi
    exec "build/$preset/bin/${program[$part]}"
  ) >"$log" 2>&1 || code=$?
  verdict=passed
  grep -q '^\[  SKIPPED \]' "$log" && verdict="passed what is permitted here"
  if [ $code -ne 0 ]; then
    verdict="FAILED (exit code $code)"
    failed+=("$part")
  fi
  echo "torture: $part $verdict after $((SECONDS - start)) s, seed $seed; $log"
  # What the tests count, and why one was skipped.
  grep -vE '^(\[|Running main|Note: |$|.*: (Skipped|Failure)$)' "$log" | tail -20 | sed 's/^/    /' || true
  if [ $code -ne 0 ]; then
    grep -vE '^\[ +(OK|RUN) ' "$log" | tail -40 >&2
    echo "torture: again with: scripts/torture.sh --preset $preset --only $part --seed $seed $settings" >&2
  fi
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "torture: ${#failed[@]} of ${#parts[@]} parts failed: ${failed[*]}" >&2
  exit 1
fi
echo "torture: all ${#parts[@]} parts passed"
