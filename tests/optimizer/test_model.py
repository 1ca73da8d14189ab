import numpy as np
import pytest

pytestmark = pytest.mark.optimizer
torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from hotmess_inspect.experiments.optimizer.model import SIZES, Decoder, DecoderShape, forward_flops, shape_of  # noqa: E402


def decoder() -> Decoder:
    model = Decoder(DecoderShape(2, 32, 2), context=20)
    model.initialise(torch.Generator().manual_seed(0))
    return model.eval()


def test_block_equals_torchs_own_encoder_layer() -> None:
    model = decoder()
    block = model.blocks[0]
    theirs = nn.TransformerEncoderLayer(
        32,
        2,
        128,
        dropout=0.0,
        activation=lambda x: x.relu().square(),
        batch_first=True,
        norm_first=True,
        bias=False,
    )
    theirs.norm1, theirs.norm2 = block.attention_norm, block.mlp_norm
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(block.attention.qkv.weight)
        theirs.self_attn.out_proj.weight.copy_(block.attention.out.weight)
        theirs.linear1.weight.copy_(block.up.weight)
        theirs.linear2.weight.copy_(block.down.weight)
    x = torch.randn(3, 20, 32, generator=torch.Generator().manual_seed(1))
    # In training mode: the reference's evaluation mode takes a fused path that knows LayerNorm only.
    theirs.train()
    expected = theirs(x, src_mask=nn.Transformer.generate_square_subsequent_mask(20), is_causal=True)
    torch.testing.assert_close(block(x), expected, rtol=1e-5, atol=1e-5)


def test_cache_gives_the_same_as_the_whole_sequence() -> None:
    model = decoder()
    tokens = torch.as_tensor(np.random.default_rng(0).integers(12, size=(5, 20)))
    whole = model.hidden(tokens)
    cache = model.new_cache(5)
    parts = [model.hidden(tokens[:, :10], cache)]
    parts += [model.hidden(tokens[:, at : at + 1], cache, at) for at in range(10, 20)]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=1e-5, atol=1e-5)


def test_no_token_sees_a_later_one() -> None:
    model = decoder()
    tokens = torch.as_tensor(np.random.default_rng(0).integers(12, size=(1, 20)))
    changed = tokens.clone()
    changed[0, 12:] = (changed[0, 12:] + 1) % 12
    same = torch.isclose(model(tokens), model(changed), atol=1e-6).all(dim=-1)[0]
    assert same[:12].all() and not same[12:].any()


@pytest.mark.parametrize("size", SIZES)
def test_sizes_have_the_parameters_that_they_name(size: str) -> None:
    named = float(size[:-1]) * {"k": 1e3, "m": 1e6}[size[-1]]
    matrices = 12 * SIZES[size].layers * SIZES[size].width ** 2
    assert abs(matrices / named - 1) < 0.05
    # 56 places, 12 symbols twice (in and out), 2 gains a layer and one at the end
    width = SIZES[size].width
    beside = (56 + 2 * 12 + 2 * SIZES[size].layers + 1) * width
    assert Decoder(SIZES[size], 56).parameter_count == matrices + beside


def test_flops_are_counted_as_by_hand() -> None:
    # One layer of width 4: 12 * 16 = 192 weights and a head of 12 * 4 = 48; two tokens see 1 + 2 = 3 places, each
    # costing 4 multiply-adds for the score and 4 for the value: 2 * (2 * 240 + 3 * 8) = 1008
    assert forward_flops(DecoderShape(1, 4, 1), range(2)) == 1008


def test_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="width a multiple of heads"):
        DecoderShape(1, 10, 3)
    with pytest.raises(ValueError, match="size must be one of 3k, 12k"):
        shape_of("7b")
    with pytest.raises(ValueError, match="tokens come one by one"):
        decoder().hidden(torch.zeros(1, 2, dtype=torch.long), None, 3)
