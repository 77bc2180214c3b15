#!/bin/bash
# python-environment.sh FOLDER REQUIREMENTS: makes or updates a virtual environment; nothing to do takes milliseconds.
set -euo pipefail
folder=$1 requirements=$2

stamp=$folder/.requirements-$(sha256sum < "$requirements" | cut -c 1-16)
[ ! -e "$stamp" ] || exit 0

# Debian's own Python has the venv module from apt; another one first on the PATH may not.
python=/usr/bin/python3
[ -x $python ] || python=python3

echo "Installing the Python packages of $requirements into $folder"
$python -m venv --clear "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
touch "$stamp"
