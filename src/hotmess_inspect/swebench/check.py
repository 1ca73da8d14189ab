"""Grade the reference fix and no fix in an image, and look for commits that an agent must not see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import anyio
from inspect_ai.util import ComposeService, SandboxEnvironment

from hotmess_inspect.swebench.build import ImageError
from hotmess_inspect.swebench.contained import contained
from hotmess_inspect.swebench.errors import GradingError
from hotmess_inspect.swebench.grading import Grade, grade
from hotmess_inspect.swebench.rows import Instance
from hotmess_inspect.swebench.runs import TESTS_USER
from hotmess_inspect.swebench.sandbox import REPOSITORY, Resources, container_service
from hotmess_inspect.swebench.stability import Stability, read_cached, untested, write_cached

# Everything in the object store counts, whatever refers to it: branches, tags, packed refs, the reflog, the
# stash, or nothing at all, since an agent can list objects too. What git is told to see instead of its objects
# (replacements, grafts, a cached graph) is switched off. The official recipe puts one commit of its own on top
# of the base commit, called SWE-bench and dated when the image was made; it and its repetitions are no future.
_FUTURE = """\
export GIT_NO_REPLACE_OBJECTS=1 GIT_GRAFT_FILE=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
git() { /usr/bin/env git -c safe.directory='*' -c core.fsmonitor=false -c core.commitGraph=false "$@"; }
set -o pipefail
cd "$0" && git rev-parse --quiet --verify HEAD >/dev/null || exit 3
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT || exit 4
base=$(git rev-parse --quiet --verify "$1^{commit}") || base=
limit=0
[ -z "$base" ] || limit=$(git show -s --no-show-signature --format=%ct "$base") || exit 4
git cat-file --batch-all-objects --unordered --batch-check='%(objecttype) %(objectname)' |
  sed -n 's/^commit //p' | LC_ALL=C sort >"$work/all" || exit 4
git rev-list "${base:-HEAD}" | LC_ALL=C sort >"$work/past" || exit 4
LC_ALL=C comm -23 "$work/all" "$work/past" >"$work/later" || exit 4
# An empty list would make git speak of HEAD.
[ -s "$work/later" ] || exit 0
git log --no-walk=unsorted --stdin --no-show-signature --format='%H %ct %P|%s' <"$work/later" >"$work/told" || exit 4
sed -n 's/|SWE-bench$//p' "$work/told" >"$work/named" || exit 4
recipe=" $base "
grown=$base
while [ -n "$grown" ]; do
  grown=
  while read -r commit _ parent more; do
    case $recipe in *" $commit "*) continue;; esac
    [ -n "$parent" ] && [ -z "$more" ] || continue
    case $recipe in *" $parent "*) recipe="$recipe$commit " grown=1;; esac
  done <"$work/named"
done
: >"$work/after"
if [ -n "$base" ]; then
  { cat "$work/later"; echo "^$base"; } | git rev-list --ancestry-path --stdin >"$work/after" || exit 4
fi
while read -r commit time _; do
  if [ "$time" -gt "$limit" ]; then echo "$commit"; fi
done <"$work/told" >>"$work/after"
echo "$recipe" | xargs -n 1 | LC_ALL=C sort >"$work/recipe"
LC_ALL=C sort -u "$work/after" | LC_ALL=C comm -23 - "$work/recipe"
exit 0
"""


async def future_commits(sandbox: SandboxEnvironment, root: str, base: str) -> tuple[str, ...]:
    """Commits in a repository's object store that come after the base commit: by descent, or by their date.

    Older ones, such as those of release branches, hold no fix and are left alone, and so is the commit that
    the official recipe puts on top of the base commit. Where the base commit itself is missing every commit
    beside HEAD's history counts.

    Args:
        sandbox: A container of the image.
        root: Path of the repository.
        base: The base commit of the row.

    Returns:
        Hashes, sorted; empty if there are none.

    Raises:
        ImageError: If there is no repository, or git cannot read it.
    """
    found = await sandbox.exec(["/bin/bash", "-c", _FUTURE, root, base], timeout=600, timeout_retry=False)
    if not found.success:
        raise ImageError(f"no git repository can be read at {root}: {found.stderr.strip()[:200]}")
    return tuple(sorted(found.stdout.split()))


async def check_instance(
    instance: Instance,
    digest: str,
    *,
    repeats: int,
    resources: Resources | None = None,
    timeout: int = 1800,
    fresh: bool = False,
    grades: anyio.CapacityLimiter | None = None,
) -> Stability:
    """Make sure that an instance was graded often enough in its image; what is known is not done again.

    Args:
        instance: The instance, whose image is present.
        digest: Digest of the image, part of the name under which the result is kept.
        repeats: Gradings of the reference fix, and as many of no fix, each in a container of its own.
        resources: Limits of a container; those of a run if not given.
        timeout: Seconds that one test run may take.
        fresh: Forget what is known.
        grades: Bounds how many containers run at once.

    Returns:
        What is known now.

    Raises:
        ImageError: If the engine or the image fails.
        GradingError: If a grading fails for a reason of the instrument.
    """
    known = None if fresh else read_cached(instance, digest)
    if known is not None and known.repeats >= repeats:
        return known
    trial = _Trial(
        instance,
        container_service(instance.image, resources or Resources()),
        timeout,
        grades or anyio.CapacityLimiter(1),
    )
    if known is None:
        known = replace(untested(instance), future_commits=await trial.future_commits())
    if known.repeats < repeats and not known.future_commits:
        if not known.repeats:
            known = await trial.choose_user(known)
        known = await trial.repeat(known, repeats)
    write_cached(known, instance, digest)
    return known


@dataclass(frozen=True)
class _Trial:
    """Gradings of one instance, each in a container of its own."""

    instance: Instance
    service: ComposeService
    timeout: int
    limiter: anyio.CapacityLimiter

    async def future_commits(self) -> tuple[str, ...]:
        async with self.limiter, contained(self.service) as sandbox:
            return await future_commits(sandbox, REPOSITORY, self.instance.base_commit)

    async def choose_user(self, known: Stability) -> Stability:
        """Grade the reference fix once as nobody, and where that fails a test once as the image's own user."""
        nobody = await self.graded(self.instance.patch, own_user=False)
        if all(nobody.outcomes):
            return with_grades(known, [nobody], [])
        own = await self.graded(self.instance.patch, own_user=True)
        needed = sum(own.outcomes) > sum(nobody.outcomes)
        return with_grades(replace(known, own_user=needed), [own if needed else nobody], [])

    async def repeat(self, known: Stability, repeats: int) -> Stability:
        """Add gradings until there are enough of both patches."""
        gold: list[Grade] = []
        empty: list[Grade] = []

        async def once(patch: str, into: list[Grade]) -> None:
            into.append(await self.graded(patch, own_user=known.own_user))

        try:
            async with anyio.create_task_group() as group:
                for _ in range(repeats - len(known.gold)):
                    group.start_soon(once, self.instance.patch, gold)
                for _ in range(repeats - len(known.empty)):
                    group.start_soon(once, "", empty)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return with_grades(known, gold, empty)

    async def graded(self, patch: str, *, own_user: bool) -> Grade:
        user = None if own_user else TESTS_USER
        async with self.limiter, contained(self.service) as sandbox:
            result = await grade(
                sandbox,
                REPOSITORY,
                self.instance,
                patch.encode(),
                timeout=self.timeout,
                user=user,
                may_skip=self.instance.pass_to_pass,
            )
        if result.verdict == "tampered":
            raise GradingError(
                f"{self.instance.instance_id}: the grader distrusts its own run: {result.note}"
            )
        return result


def with_grades(known: Stability, gold: Sequence[Grade], empty: Sequence[Grade]) -> Stability:
    """What is known with further gradings, and the tests that the reference fix's skipped."""
    skipped = {test for grading in gold for test, status in grading.statuses.items() if status == "skipped"}
    skipped |= set(known.skipped)
    known = known.with_gradings(*(tuple(grading.outcomes for grading in part) for part in (gold, empty)))
    return replace(known, skipped=tuple(test for test in known.tests if test in skipped))
