#!/bin/bash
# install-packages.sh GROUP...: installs what is missing of build.txt and of each group's list, asking nothing.
set -euo pipefail
lists=$(cd "$(dirname "$0")/packages" && pwd)

wanted=()
for group in build "$@"; do
  while read -r package; do wanted+=("$package"); done < <(grep -v '^#' "$lists/$group.txt")
done

if ! command -v dpkg-query apt-get > /dev/null; then
  echo "No apt here. Verbatim is built on Debian 12; install the like of: ${wanted[*]}" >&2
  exit 0
fi

missing=()
for package in $(printf '%s\n' "${wanted[@]}" | sort -u); do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "Missing: ${missing[*]}. Install them as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
