"""What honest agents leave beside a right fix, one shell script each, run in the repository after the fix.

Beside each script: the paths that must be listed as left out. In one script go things that do not touch each other.
`{module}` is a file that the fix changes.
"""

COMMIT = "git -c user.name=a -c user.email=a@b.invalid commit -q"

HONEST: dict[str, tuple[str, set[str]]] = {
    "nothing else": ("true", set()),
    "nested repositories": (
        "git init -q scratch; git init -q trial; cd trial; touch x; git add x; " + COMMIT + " -m x; cd ..; "
        "git init -q $(dirname {module})",
        {"scratch/", "trial/", "{folder}/.git"},
    ),
    "files that cannot be read": (
        "mkdir -p closed locked; touch closed/secret locked/x; chmod 0 closed/secret locked; "
        "chmod 0 {module}; chmod 0 README.md; touch secret; chmod 0 secret",
        {"closed/secret", "secret"},
    ),
    "a large environment": (
        "mkdir -p venv/lib; for i in $(seq 20); do head -c 950000 /dev/zero | tr '\\0' x >venv/lib/m$i.py; done; "
        "mkdir -p env2; cd env2; seq 30000 | xargs touch; cd ..; python3 -m venv --without-pip .venv3 || true",
        {"venv/", "env2/"},
    ),
    "large and strange files": (
        "yes line | head -c 1200000 >large.txt; truncate -s 20G sparse.img; mkfifo pipe; ln -s /etc/passwd link.py; "
        "ln -s . loop; head -c 1000 /dev/urandom >blob.bin; "
        "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"socket\")'",
        {"large.txt", "sparse.img", "pipe", "link.py", "loop", "blob.bin", "socket"},
    ),
    "names": (
        "for f in 'qu\"ote.txt' 'back\\slash.txt' \"$(printf 'tab\\tname')\" \"$(printf 'new\\nline')\" ' lead' 'trail ' "
        '-dash ümlaut "$(printf \'byte\\377\')"; do echo x >"$f" || exit; done; '
        "mkdir 'd \"q'; echo y >'d \"q/f \\ x.py'",
        set(),
    ),
    "index flags": (
        "git update-index --assume-unchanged {module}; git update-index --skip-worktree {module} README.md",
        set(),
    ),
    "settings": (
        "for s in diff.noprefix=true diff.mnemonicPrefix=true diff.external=false diff.context=0 diff.renames=copies "
        "diff.orderFile=/nonexistent core.autocrlf=true core.eol=crlf core.safecrlf=true core.fileMode=false "
        "core.ignoreCase=true core.fsmonitor=/bin/false core.hooksPath=/x core.quotePath=true core.abbrev=4 "
        "core.attributesFile=/x core.excludesFile=/x core.pager=false core.symlinks=false color.ui=always "
        "filter.x.clean=false filter.x.required=true diff.x.textconv=false apply.whitespace=error "
        "status.showUntrackedFiles=no user.useConfigOnly=true commit.gpgSign=true core.worktree=/nonexistent; "
        'do git config "${s%%=*}" "${s#*=}"; done; mkdir -p .git/info; '
        "echo '*.py -diff filter=x binary eol=crlf' >.git/info/attributes; echo '*' >.git/info/exclude; "
        "git config --global diff.noprefix true; git config --global core.autocrlf true",
        set(),
    ),
    "sparse checkout": (
        "git add -A; " + COMMIT + " -m w; git sparse-checkout set --no-cone '/*/' '!/README.md'",
        {"README.md"},
    ),
    "commits, branches, stashes, tags": (
        "git checkout -q -b work; git add -A; " + COMMIT + " -m work; echo x >>README.md; "
        "git -c user.name=a -c user.email=a@b.invalid stash -q; git tag main2; git branch -qD main master; "
        "git worktree add -q /tmp/tree; git checkout -q --detach; git reflog expire --expire=now --all; git gc -q",
        set(),
    ),
    "a repository that is gone": ("mv .git /tmp/moved.git", set()),
    "a folder that was moved": ("cd /; mv /testbed /tmp/work && mkdir /testbed", {"/testbed"}),
    "files that .gitignore hides": (
        "mkdir -p build __pycache__ tool; for p in $(sed 's,/$,/x,; s,\\*,x,' .gitignore); do "
        "mkdir -p $(dirname $p); touch $p; done; echo '*' >tool/.gitignore; touch tool/x; "
        "echo '*' >>.gitignore",
        {"__pycache__/", "tool/"},
    ),
    "modes, renames, line ends": (
        "chmod 755 {module}; chmod -R g+w,o+w .; git mv README.md READ.md; printf 'no end' >notes.txt; "
        "printf 'a\\r\\nb\\r\\n' >crlf.txt; printf '\\351t\\351' >latin.txt; touch empty.txt; sed -i '$s/$/ /' READ.md",
        set(),
    ),
    "line ends of the fix itself": ("sed -i 's/$/\\r/' {module}", set()),
    "no newline at the end of the fix": (
        "printf '%s' \"$(cat {module})\" >/tmp/m; cat /tmp/m >{module}",
        set(),
    ),
    "a tree restored with its times": (
        "cp -a . /tmp/copy; find . -mindepth 1 -delete; cp -a /tmp/copy/. .; rm -f .git/index",
        set(),
    ),
    "attributes in the tree": (
        "echo '*.py text eol=crlf' >>.gitattributes; git add --renormalize . ; true",
        {".gitattributes"},
    ),
    "a submodule": (
        "git init -q /tmp/sub; git -C /tmp/sub -c user.name=a -c user.email=a@b.invalid commit -q --allow-empty -m x; "
        "git -c protocol.file.allow=always submodule add -q /tmp/sub vendored",
        {"vendored/", ".gitmodules"},
    ),
    "a lock left behind": ("touch .git/index.lock", set()),
    "tests and settings of its own": (
        "echo 'def test_mine(): pass' >test_mine.py; echo '[pytest]' >pytest.ini; mkdir -p tests; echo x >tests/data.txt",
        {"test_mine.py", "pytest.ini", "tests/data.txt"},
    ),
    "leftovers of editors and other tools": (
        "cp {module} {module}.orig; cp {module} {module}~; echo x >.x.rej; mkdir -p .idea .vscode .hg; echo '{}' >.vscode/settings.json; "
        "echo '<x/>' >.idea/x.xml; printf 'revlogv1\\n' >.hg/requires",
        set(),
    ),
    "deep and long names": (
        "d=$(printf 'deep/%.0s' $(seq 40)); mkdir -p $d; echo x >$d/x.txt; touch $(printf 'n%.0s' $(seq 250))",
        set(),
    ),
    "hard links and names that differ in case": (
        "ln {module} linked.py; echo x >readme.md; echo y >ReadMe.md",
        set(),
    ),
    "a file that became a folder": ("rm README.md; mkdir README.md; echo x >README.md/x.txt", set()),
    "times of another day": (
        "touch -d 1970-01-02 {module}; touch -r README.md $(dirname {module})/*.py; echo x >new.txt; touch -d 2099-01-01 new.txt",
        set(),
    ),
    "closed to others": (
        "chmod 0700 . $(dirname {module}); umask 077; echo x >mine.txt; chmod 0400 {module}",
        set(),
    ),
    "a program that still writes": (
        "(setsid sh -c 'while sleep 0.05; do date >>server.log; done' >/dev/null 2>&1 &); sleep 0.3",
        set(),
    ),
    "a repository elsewhere": ("mv .git /tmp/elsewhere.git; echo 'gitdir: /tmp/elsewhere.git' >.git", set()),
    "a merge that was begun": (
        "git add -A; "
        + COMMIT
        + " -m w; git checkout -q -b other HEAD~1; echo other >README.md; git add -A; "
        + COMMIT
        + " -m o; git checkout -q -; echo ours >README.md; git add -A; "
        + COMMIT
        + " -m p; "
        "git -c user.name=a -c user.email=a@b.invalid merge other || git checkout -q --ours README.md",
        set(),
    ),
    "formats of a newer git": (
        "git config core.repositoryFormatVersion 1; git config extensions.partialClone origin; "
        "git config extensions.worktreeConfig true; git config extensions.objectFormat sha256; git config alias.apply '!false'",
        set(),
    ),
    "bytes in the fix itself": (
        "printf '\\357\\273\\277' >/tmp/b; cat {module} >>/tmp/b; printf '\\n# a form feed \\f and \\302\\205 and \\342\\200\\250\\n' >>/tmp/b; "
        "cat /tmp/b >{module}; printf '# -*- coding: latin-1 -*-\\nx = \"\\351\"\\n' >latin.py",
        set(),
    ),
    "a long line": ("head -c 900000 /dev/zero | tr '\\0' x >line.txt", set()),
    "settings of the shell": (
        "printf 'export GIT_DIR=/x GIT_WORK_TREE=/y\\nalias git=false\\n' >>~/.bashrc; cp ~/.bashrc ~/.bash_profile; "
        "mkdir -p ~/bin; printf '#!/bin/sh\\nexit 1\\n' >~/bin/git; chmod +x ~/bin/git",
        set(),
    ),
}
