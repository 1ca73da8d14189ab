#!/bin/sh
# Runs inside the image build: `tools` adds what the base lacks, `repository COMMIT` makes the one commit.
set -eu

install_packages() {
  if command -v apt-get >/dev/null; then
    apt-get update -q && apt-get install -yq --no-install-recommends "$@" && rm -rf /var/lib/apt/lists/*
  elif command -v apk >/dev/null; then
    apk add --no-cache "$@"
  elif command -v dnf >/dev/null; then
    dnf install -yq "$@"
  else
    echo "the base image lacks $* and has no package manager known here (apt-get, apk, dnf)" >&2
    return 1
  fi
}

add_tools() {
  missing=
  for tool in bash git patch; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
  done
  # shellcheck disable=SC2086
  [ -z "$missing" ] || install_packages $missing

  command -v python3 >/dev/null || { echo "the base image has no python3" >&2; exit 1; }
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 9) and "the base image has a Python older than 3.9")'
  command -v python >/dev/null || ln -s "$(command -v python3)" /usr/local/bin/python
  python -m pytest --version >/dev/null 2>&1 || python -m pip install --no-cache-dir --quiet "pytest>=7,<10"
  if ! command -v pytest >/dev/null; then
    printf '#!/bin/sh\nexec python -m pytest "$@"\n' >/usr/local/bin/pytest
    chmod 755 /usr/local/bin/pytest
  fi

  if ! id tester >/dev/null 2>&1; then
    if command -v useradd >/dev/null; then useradd --create-home tester; else adduser -D tester; fi
  fi
  # Evaluation scripts of the official images activate a conda environment; here that is a no-operation.
  if [ ! -e /opt/miniconda3/bin/activate ]; then
    mkdir -p /opt/miniconda3/bin
    echo 'conda() { :; }' >/opt/miniconda3/bin/activate
  fi
}

make_repository() {
  cd /testbed
  chown -R 0:0 .
  chmod -R u=rwX,go=rX .
  # The hash must not depend on the machine, so nothing of its configuration may reach the commit.
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
  export GIT_AUTHOR_NAME="$2" GIT_AUTHOR_EMAIL="$3" GIT_AUTHOR_DATE="$4"
  export GIT_COMMITTER_NAME="$2" GIT_COMMITTER_EMAIL="$3" GIT_COMMITTER_DATE="$4"
  git -c init.defaultBranch=main init --quiet --template=
  git -c core.autocrlf=false add --all
  git commit --quiet --no-gpg-sign --message "$5"
  made=$(git rev-parse HEAD)
  if [ "$made" != "$1" ]; then
    echo "the commit in the image is $made, not $1" >&2
    exit 1
  fi
  unset GIT_CONFIG_NOSYSTEM
  git config --system --add safe.directory /testbed
  # Importable from everywhere, as after an editable install.
  echo /testbed >"$(python -c 'import site; print(site.getsitepackages()[0])')/testbed.pth"
}

case $1 in
  tools) add_tools ;;
  repository) make_repository "$2" "Hotmess Mini" mini@hotmess.invalid "1767225600 +0000" "Start of the repository" ;;
esac
