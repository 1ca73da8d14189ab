#!/usr/bin/env bash
# Makes the base image of the bundled sandboxes from Debian packages, for machines where no image registry answers.
set -euo pipefail

image=hotmess/base:1
suite=
mirror=
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hotmess/debootstrap
attempts=3
force=no
packages=python3,python3-pytest,git,patch,ca-certificates

usage() {
  cat <<EOF
Usage: ${0##*/} [--image NAME] [--suite NAME] [--mirror URL] [--cache DIR] [--attempts N] [--force]

Builds a minimal Debian with Python, pytest, git and patch by debootstrap and imports it into Docker.
Needs root, a Debian or Ubuntu machine and one to two minutes. Does nothing where the image exists already.

  --image NAME    name of the image (default $image, which \`hotmess images build\` looks for)
  --suite NAME    release to build (default: the release of this machine)
  --mirror URL    package mirror (default: the one in this machine's apt sources)
  --cache DIR     keeps downloaded packages between runs (default $cache)
  --attempts N    how often a failing download is tried again (default $attempts)
  --force         builds even if the image exists
  --help          this text
EOF
}

fail() { echo "${0##*/}: $*" >&2; exit 1; }
usage_error() { echo "${0##*/}: $*" >&2; usage >&2; exit 2; }

while [ $# -gt 0 ]; do
  case $1 in
    --image | --suite | --mirror | --cache | --attempts)
      [ $# -ge 2 ] || usage_error "$1 needs a value"
      printf -v "${1#--}" %s "$2"
      shift 2
      ;;
    --force) force=yes; shift ;;
    --help | -h) usage; exit 0 ;;
    *) usage_error "unknown argument $1" ;;
  esac
done
[[ $attempts =~ ^[1-9][0-9]*$ ]] || usage_error "--attempts must be a positive number, not $attempts"

docker info >/dev/null 2>&1 || fail "no Docker engine answers: run sandbox/engine.sh first, or start the one you have"
if [ "$force" = no ] && docker image inspect "$image" >/dev/null 2>&1; then
  echo "$image exists already"
  exit 0
fi
[ "$(id -u)" = 0 ] || fail "debootstrap needs root"
command -v apt-get >/dev/null || fail "needs a Debian or Ubuntu machine; elsewhere set HOTMESS_BASE_IMAGE to any image with Python"

# shellcheck source=/dev/null
. /etc/os-release
suite=${suite:-${VERSION_CODENAME:?the release of this machine is unknown, use --suite}}
components=main
[ "${ID:-}" != ubuntu ] || components=main,universe # python3-pytest lives in universe there
if [ -z "$mirror" ]; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' "Release: $VERSION_CODENAME" | head -n 1)
  [ -n "$mirror" ] || fail "no mirror for $VERSION_CODENAME in the apt sources, use --mirror"
fi

attempt_all() { # command...: repeated with growing pauses, because mirrors fail for seconds at a time
  local attempt
  for ((attempt = 1; ; attempt++)); do
    "$@" && return 0
    [ "$attempt" -lt "$attempts" ] || return 1
    sleep $((attempt * 5))
  done
}

install_debootstrap() {
  apt-get update -q && apt-get install -yq --no-install-recommends debootstrap
}
if ! command -v debootstrap >/dev/null; then
  attempt_all install_debootstrap >/dev/null || fail "debootstrap cannot be installed"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$cache"

make_root() {
  rm -rf "$work/root"
  debootstrap --variant=minbase --components="$components" --include="$packages" --cache-dir="$(realpath "$cache")" \
    "$suite" "$work/root" "$mirror" >"$work/log" 2>&1
}
echo "building $image: Debian packages of $suite, one to two minutes"
if ! attempt_all make_root; then
  tail -n 20 "$work/log" "$work/root/debootstrap/debootstrap.log" >&2 2>/dev/null || true
  fail "debootstrap failed $attempts times"
fi

# Package lists, archives, manuals and translations are a third of the size, and no test reads them.
rm -rf "$work"/root/var/cache/apt/* "$work"/root/var/lib/apt/lists/* "$work"/root/var/log/* \
  "$work"/root/usr/share/{doc,man,info,locale}/*
find "$work/root/usr" -name __pycache__ -path '*/test/*' -prune -exec rm -rf {} +
# Host name and resolver belong to the container, not to the machine that built the image.
: >"$work/root/etc/resolv.conf"
echo sandbox >"$work/root/etc/hostname"

tar -C "$work/root" --numeric-owner --sort=name -c . |
  docker import --change 'CMD ["bash"]' --change 'ENV LANG=C.UTF-8' --message "hotmess base, $suite" - "$image" >/dev/null
docker run --rm --network none "$image" sh -c 'python3 -m pytest --version && git --version && patch --version | head -n 1' >/dev/null ||
  fail "$image was made but its tools do not run"
echo "$image is ready: $(docker image inspect --format '{{.Size}}' "$image" | awk '{printf "%.0f MB", $1 / 1e6}')"
