"""What every network owes its callers, whatever is inside."""

import copy

import pytest
import torch

from diffusionlab.models import Network
from tests.models.networks import FACTORIES, batch, build


@pytest.fixture(params=FACTORIES)
def network(request: pytest.FixtureRequest) -> Network:
    return build(request.param)


def test_output_is_like_the_input(network: Network) -> None:
    arguments = batch(network)
    output = network(**arguments)
    assert (output.shape, output.dtype) == (arguments["x"].shape, torch.float32)
    assert output.std() > 0


def test_eval_mode_is_deterministic(network: Network) -> None:
    arguments = batch(network)
    network.eval()
    assert torch.equal(network(**arguments), network(**arguments))


def test_a_sample_does_not_see_the_rest_of_its_batch(network: Network) -> None:
    arguments = batch(network, size=4)
    network.eval()
    together = network(**arguments)
    for index in range(4):
        alone = network(**{name: value[index : index + 1] for name, value in arguments.items()})
        torch.testing.assert_close(alone, together[index : index + 1], rtol=1e-4, atol=1e-5)


def test_the_gradient_reaches_every_parameter(network: Network) -> None:
    network(**batch(network)).square().sum().backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().any()]
    assert silent == []


def test_the_time_changes_the_output(network: Network) -> None:
    arguments = batch(network)
    network.eval()
    later = {**arguments, "time": arguments["time"] + 1}
    assert not torch.allclose(network(**arguments), network(**later), atol=1e-4)


def test_bfloat16_autocast_stays_close(network: Network) -> None:
    arguments = batch(network)
    network.eval()
    exact = network(**arguments)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = network(**arguments)
    assert rounded.dtype == torch.float32
    assert (rounded - exact).norm() < 0.05 * exact.norm()


def test_bfloat16_weights_keep_times_apart(network: Network) -> None:
    """999 and 1000 are one number in bfloat16, so the time must not pass through it."""
    arguments = batch(network)
    network.eval().to(torch.bfloat16)
    x = arguments.pop("x").to(torch.bfloat16)
    assert network(x, **arguments).dtype == torch.bfloat16
    at_999 = network(x, **{**arguments, "time": torch.full((3,), 999.0)})
    at_1000 = network(x, **{**arguments, "time": torch.full((3,), 1000.0)})
    assert not torch.equal(at_999, at_1000)


def test_channels_last_changes_the_layout_alone(network: Network) -> None:
    arguments = batch(network)
    network.eval()
    expected = network(**arguments)
    turned = copy.deepcopy(network).to(memory_format=torch.channels_last)
    arguments["x"] = arguments["x"].contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(turned(**arguments), expected, rtol=1e-4, atol=1e-5)


def test_weights_survive_the_state_dict(network: Network) -> None:
    arguments = batch(network)
    fresh = copy.deepcopy(network)
    for value in fresh.state_dict().values():
        value.zero_()
    fresh.load_state_dict(network.state_dict())
    assert torch.equal(fresh.eval()(**arguments), network.eval()(**arguments))


def test_only_a_conditional_network_takes_a_label(network: Network) -> None:
    arguments = {**batch(network), "label": torch.zeros(3, dtype=torch.int64)}
    if network.num_classes is not None:
        assert network(**arguments).isfinite().all()
    else:
        with pytest.raises(ValueError, match=r"unconditional.*model=conditional_unet"):
            network(**arguments)


def test_compiles_as_one_graph(network: Network) -> None:
    arguments = batch(network)
    network.eval()
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(**arguments), network(**arguments))


def test_it_declares_what_figures_look_at(network):
    fixed, learned = network.time_features(torch.tensor([0.0, 500.0, 999.0]))
    assert len(fixed) == len(learned) == 3 and fixed.ndim == learned.ndim == 2
    assert not torch.equal(fixed[0], fixed[1]) and not torch.equal(learned[0], learned[1])
    assert network.bottleneck is None or isinstance(network.get_submodule(network.bottleneck), torch.nn.Module)
