"""Whether epochs are copies of each other rather than independent draws."""

from collections.abc import Sequence

from hotmess_inspect.words import counted


def copied_epoch_warnings(
    *,
    temperatures: Sequence[float | None] = (),
    seeds: Sequence[int | None] = (),
    epochs: int = 0,
    cached: int = 0,
) -> list[str]:
    """Warn when epochs are likely to be copies of each other rather than independent draws.

    Args:
        temperatures: Temperature of each run; None where the provider's default applied.
        seeds: Sampling seed of each run; None where there was none.
        epochs: Epochs in all.
        cached: Epochs served from a cache.
    """
    sentences = []
    cold = sum(temperature == 0 for temperature in temperatures)
    if cold:
        sentences.append(
            f"Temperature is 0 in {cold} of {counted(len(temperatures), 'run')}: epochs repeat each other save "
            "for noise of the hardware, and a variance near 0 says nothing about the model."
        )
    fixed = sum(seed is not None for seed in seeds)
    if fixed:
        sentences.append(
            f"A sampling seed is fixed in {fixed} of {counted(len(seeds), 'run')}: providers that honour it "
            "give every epoch the same answer."
        )
    if cached:
        sentences.append(
            f"{cached:,} of {counted(epochs, 'epoch')} came from a cache: copies of other epochs take variance "
            "away and make intervals too short."
        )
    return sentences
