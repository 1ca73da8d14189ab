#!/usr/bin/env bash
# Sees to it that a Docker engine and Compose answer that are new enough for Inspect's sandboxes.
set -euo pipefail

readonly least_engine=24.0.6 least_compose=2.21.0 # what Inspect AI's docker sandbox asks for
readonly least_restic=0.15                        # the first with --no-scan, which its checkpoints use
readonly plugins=/usr/local/lib/docker/cli-plugins
prefix=/opt/hotmess-docker
data=/var/lib/hotmess-docker
suite=trixie
wait_seconds=60
check_only=no
daemon_options=()

usage() {
  cat <<EOF
Usage: ${0##*/} [--check] [--prefix DIR] [--data DIR] [--suite NAME] [--wait SECONDS] [-- DOCKERD-OPTION...]

Does nothing where Docker Engine >= $least_engine and Compose >= $least_compose answer. Elsewhere, on Debian,
takes both from the packages of a newer Debian release, unpacks them beside the system's own (no package of
that release is installed) and starts the engine. Needs root, or sudo. The same goes for restic >= $least_restic, which
Inspect's checkpoints need: where the engine answers, it is fetched by root on Debian, and else only said to be missing.

  --check         only say whether engine and Compose are good, exit status 1 if not
  --prefix DIR    where the programs go (default $prefix)
  --data DIR      where images and containers go (default $data)
  --suite NAME    Debian release to take the packages from (default $suite)
  --wait SECONDS  how long a started engine may take to answer (default $wait_seconds)
  --help          this text

What follows -- is given to dockerd, for example: -- --registry-mirror=https://mirror.example
EOF
}

fail() { echo "${0##*/}: $*" >&2; exit 1; }
usage_error() { echo "${0##*/}: $*" >&2; usage >&2; exit 2; }

arguments=("$@")
while [ $# -gt 0 ]; do
  case $1 in
    --prefix | --data | --suite | --wait)
      [ $# -ge 2 ] || usage_error "$1 needs a value"
      case $1 in
        --prefix) prefix=$2 ;;
        --data) data=$2 ;;
        --suite) suite=$2 ;;
        --wait) wait_seconds=$2 ;;
      esac
      shift 2
      ;;
    --check) check_only=yes; shift ;;
    --help | -h) usage; exit 0 ;;
    --) shift; daemon_options=("$@"); break ;;
    *) usage_error "unknown argument $1" ;;
  esac
done
[[ $wait_seconds =~ ^[1-9][0-9]*$ ]] || usage_error "--wait must be a positive number, not $wait_seconds"

at_least() { # least version: also true for 26.1.5+dfsg1 and v2.26.1
  local version=${2#v}
  [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$1" "${version%%[+~-]*}" | sort -V | head -n 1)" = "$1" ]
}
engine_version() { docker version --format '{{.Server.Version}}' 2>/dev/null || true; }
compose_version() { docker compose version --short 2>/dev/null || true; }
good() { at_least "$least_engine" "$(engine_version)" && at_least "$least_compose" "$(compose_version)"; }
restic_version() { restic version 2>/dev/null | cut -d " " -f 2 || true; }
good_restic() { at_least "$least_restic" "$(restic_version)"; }
report() { echo "Docker Engine $(engine_version), Compose $(compose_version), restic $(v=$(restic_version); echo "${v:-not installed}")"; }
# shellcheck source=/dev/null
debian() { [ "$(. /etc/os-release 2>/dev/null && echo "${ID:-}")" = debian ]; }
can_add_restic() { [ "$check_only" = no ] && [ "$(id -u)" = 0 ] && debian; }

export PATH="$prefix/bin:$PATH"
if good && { good_restic || ! can_add_restic; }; then
  report
  exit 0
fi
engine=$(engine_version)
if [ "$check_only" = yes ]; then
  fail "need Docker Engine >= $least_engine (found: ${engine:-none that answers}) and Compose >= $least_compose (found: $(v=$(compose_version); echo "${v:-none}"))"
fi
if [ -n "$engine" ] && ! at_least "$least_engine" "$engine"; then
  fail "Docker Engine $engine answers and is older than $least_engine: stop it first, or update it"
fi
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || fail "needs root, and there is no sudo"
  exec sudo --preserve-env=http_proxy,https_proxy,no_proxy "$BASH" "$(realpath "$0")" "${arguments[@]}"
fi
debian ||
  fail "knows only Debian; elsewhere install Docker Engine >= $least_engine with Compose >= $least_compose yourself"

# One at a time: two runs would unpack into one place and start two engines on one socket.
exec 9>/run/lock/hotmess-engine.lock
flock 9
if good && good_restic; then # another run was quicker
  report
  exit 0
fi

retried() { # command...
  local attempt
  for attempt in 1 2 3; do
    "$@" >"$log" 2>&1 && return 0
    sleep $((attempt * 5))
  done
  tail -n 20 "$log" >&2
  fail "failed three times: $*"
}

newer_sources() { # the machine's own mirror, with the newer release in place of its own
  local uris keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  uris=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' "Release: $own_suite" | head -n 1)
  [ -n "$uris" ] || fail "no mirror for $own_suite in the apt sources"
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$uris" "$suite" "$keyring"
}

unpacked() { # package...: of the newer release, unpacked into $work/root
  local newer deb
  mkdir -p "$work/lists/partial" "$work/debs" "$work/root" "$prefix/bin"
  own_suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  newer_sources >"$work/newer.sources"
  newer=(-o Dir::Etc::sourcelist="$work/newer.sources" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::Lists="$work/lists")
  retried apt-get -q "${newer[@]}" update
  cd "$work/debs"
  chmod 755 "$work" "$work/debs"
  retried apt-get -q "${newer[@]}" -o APT::Sandbox::User=root download "$@"
  cd /
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done
  rm "$work"/debs/*.deb
}
unpack_engine() {
  local plugin
  unpacked docker.io docker-cli containerd docker-compose docker-buildx
  mkdir -p "$plugins"
  cp -P "$work"/root/usr/sbin/* "$work"/root/usr/bin/* "$prefix/bin/"
  for plugin in docker-compose docker-buildx; do
    cp "$(find "$work/root" -path "*cli-plugins/$plugin" | head -n 1)" "$plugins/"
  done
  ln -sf /usr/bin/tini-static "$prefix/bin/docker-init" # for `init: true`
  command -v docker >/dev/null || fail "the packages of $suite hold no docker"
  [ -e /usr/local/bin/docker ] || ln -s "$prefix/bin/docker" /usr/local/bin/docker
  touch "$prefix/complete"
}
unpack_restic() {
  unpacked restic
  cp "$work/root/usr/bin/restic" "$prefix/bin/"
  [ -e /usr/local/bin/restic ] || ln -s "$prefix/bin/restic" /usr/local/bin/restic
  good_restic || fail "the packages of $suite hold no restic >= $least_restic"
}

work=$(mktemp -d)
log=$work/log
trap 'rm -rf "$work"' EXIT
export DEBIAN_FRONTEND=noninteractive

if ! good && [ ! -e "$prefix/complete" ]; then
  echo "unpacking Docker from Debian $suite into $prefix"
  retried apt-get -q update
  # Only what the programs need to run: the system's own docker.io would start its older engine.
  retried apt-get install -yq --no-install-recommends ca-certificates iptables libdevmapper1.02.1 libseccomp2 libsystemd0 procps runc tini
  unpack_engine
fi
if ! good_restic; then
  echo "unpacking restic from Debian $suite into $prefix"
  retried apt-get -q update
  unpack_restic
fi
if [ -z "$engine" ]; then
  getent group docker >/dev/null || groupadd --system docker
  mkdir -p "$data"
  # Descriptor 9 is closed, or the engine would hold the lock for as long as it lives.
  setsid nohup dockerd --data-root "$data" "${daemon_options[@]}" >/var/log/hotmess-dockerd.log 2>&1 9>&- </dev/null &
  for ((second = 0; second < wait_seconds; second++)); do
    [ -n "$(engine_version)" ] && break
    sleep 1
  done
fi
if ! good; then
  tail -n 20 /var/log/hotmess-dockerd.log >&2 2>/dev/null || true
  fail "the engine does not answer as it should after $wait_seconds s; its log is /var/log/hotmess-dockerd.log"
fi
report
