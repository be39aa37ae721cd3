# To be sourced by checks that need more than Node.

# Says why a check cannot run in this place, and ends it with a status of its own: that is no failure.
cannot() {
  echo "DID NOT RUN ${0##*/}: $*" >&2
  exit 77
}

# need COMMAND=PACKAGE …: root on Debian installs the packages whose commands are missing.
need() {
  PATH=$PATH:/usr/sbin:/sbin
  local pair missing=()
  for pair in "$@"; do command -v "${pair%%=*}" > /dev/null || missing+=("${pair#*=}"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || cannot "missing: ${missing[*]}"
  echo "installing ${missing[*]}"
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
    > /dev/null 2>&1 || cannot "apt-get could not install ${missing[*]}"
}
