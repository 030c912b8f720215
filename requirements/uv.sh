#!/usr/bin/env bash
# Runs the uv of a virtual environment with pip's own configuration, which uv does not read.
# What is set for uv already (UV_INDEX, SSL_CERT_FILE and the like) is left alone.
#
#   requirements/uv.sh VENV pip install ...
set -euo pipefail

bin=$1/bin
shift
config=$("$bin/pip" config list 2>/dev/null || true)

# pip's value of an option: the environment wins over [install], which wins over [global].
pip_option() {
  local section value
  for section in :env: install global; do
    value=$(sed -nE "s/^$section\.$1=['\"](.*)['\"]\$/\1/p" <<<"$config")
    if [ -n "$value" ]; then
      printf '%s' "${value//\\n/ }" # pip shows the line breaks of a list as \n
      return
    fi
  done
}

# Export a variable, unless it is set already (even to nothing) or the value is empty.
offer() {
  if [ -z "${!1+set}" ] && [ -n "$2" ]; then export "$1=$2"; fi
}

index=$(pip_option index-url)
links=$(pip_option find-links)
[ -n "${UV_INDEX_URL-}" ] || offer UV_DEFAULT_INDEX "$index"
offer UV_INDEX "$(pip_option extra-index-url)"
offer UV_FIND_LINKS "${links// /,}"
offer UV_INSECURE_HOST "$(pip_option trusted-host)"
offer UV_HTTP_TIMEOUT "$(pip_option default-timeout)"
offer SSL_CERT_FILE "$(pip_option cert)"
offer ALL_PROXY "$(pip_option proxy)"
# Like pip, look at every index before choosing; the hashes of the lock make that safe.
[ -z "${UV_INDEX-}" ] || offer UV_INDEX_STRATEGY unsafe-best-match

exec "$bin/uv" "$@"
