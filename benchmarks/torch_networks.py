"""The GANs of `train_step.py` in PyTorch: same networks, losses and optimizers, one generator pass.

Written for speed in eager mode: channels-last memory, the fused Adam, gradients set to `None`, and
no gradients by the discriminator's weights in the generator's update.
"""

import os
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

# Keras' defaults, which decide nothing about speed.
_BATCH_NORM = {"eps": 1e-3, "momentum": 0.01}
_INSTANCE_NORM = {"eps": 1e-3, "affine": True}


class InFloat32(nn.Module):
    """Keep a layer out of autocast, as the zoo pins the last layers to float32."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, inputs):
        """Compute in float32."""
        with torch.autocast("cpu", enabled=False):
            return self.layer(inputs.float())


class Residual(nn.Module):
    """Add what a branch makes of its input."""

    def __init__(self, *branch):
        super().__init__()
        self.branch = nn.Sequential(*branch)

    def forward(self, inputs):
        """Add."""
        return inputs + self.branch(inputs)


class DenseToMap(nn.Module):
    """A dense layer whose output is a map of 4 x 4."""

    def __init__(self, latent_size, channels):
        super().__init__()
        self.dense = nn.Linear(latent_size, 16 * channels, bias=False)

    def forward(self, latents):
        """Project and reshape, channels last."""
        # With the channels last in memory from the start, nothing is copied.
        return self.dense(latents).reshape(len(latents), 4, 4, -1).permute(0, 3, 1, 2)


def srresnet(filters, blocks):
    """SRResNet x4, as `zoo.networks.super_resolution.srresnet`."""

    def conv(size=3, width=filters):
        return nn.Conv2d(filters, width, size, padding=size // 2)

    def norm():
        return nn.BatchNorm2d(filters, **_BATCH_NORM)

    body = [Residual(conv(), norm(), nn.PReLU(filters), conv(), norm()) for _ in range(blocks)]
    upsample = [(conv(width=filters * 4), nn.PixelShuffle(2), nn.PReLU(filters)) for _ in range(2)]
    return nn.Sequential(
        nn.Conv2d(3, filters, 9, padding=4),
        nn.PReLU(filters),
        Residual(*body, conv(), norm()),
        *[layer for stage in upsample for layer in stage],
        InFloat32(conv(9, 3)),
    )


def vgg_discriminator(filters=64):
    """As `zoo.networks.discriminators.vgg_discriminator`."""
    modules = [nn.Conv2d(3, filters, 3, padding=1), nn.LeakyReLU(0.2)]
    before = filters
    for width, stride in zip((1, 2, 2, 4, 4, 8, 8), (2, 1, 2, 1, 2, 1, 2), strict=True):
        modules.append(nn.Conv2d(before, filters * width, 3, stride, 1, bias=False))
        before = filters * width
        modules += [nn.BatchNorm2d(before, **_BATCH_NORM), nn.LeakyReLU(0.2)]
    modules += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    modules += [nn.Linear(before, filters * 16), nn.LeakyReLU(0.2)]
    return nn.Sequential(*modules, InFloat32(nn.Linear(filters * 16, 1)))


def resnet_generator(filters, blocks):
    """As `keras_networks.resnet_generator`."""

    def conv(before, after, size=3, **options):
        return nn.Conv2d(before, after, size, bias=False, **options)

    def norm(width):
        return nn.InstanceNorm2d(width, **_INSTANCE_NORM)

    def half_of_block(width):
        return [nn.ReflectionPad2d(1), conv(width, width), norm(width)]

    wide = filters * 4
    modules = [nn.ReflectionPad2d(3), conv(3, filters, 7), norm(filters), nn.ReLU()]
    for width in (filters * 2, wide):
        modules += [conv(width // 2, width, stride=2, padding=1), norm(width), nn.ReLU()]
    for _ in range(blocks):
        modules.append(Residual(*half_of_block(wide), nn.ReLU(), *half_of_block(wide)))
    for width in (filters * 2, filters):
        up = nn.ConvTranspose2d(width * 2, width, 3, 2, 1, output_padding=1, bias=False)
        modules += [up, norm(width), nn.ReLU()]
    return nn.Sequential(
        *modules, nn.ReflectionPad2d(3), nn.Conv2d(filters, 3, 7), InFloat32(nn.Tanh())
    )


def patch_discriminator(filters):
    """As `keras_networks.patch_discriminator`."""
    modules = [nn.Conv2d(3, filters, 4, 2, 1), nn.LeakyReLU(0.2)]
    for width, stride in ((filters * 2, 2), (filters * 4, 2), (filters * 8, 1)):
        modules.append(nn.Conv2d(width // 2, width, 4, stride, 1, bias=False))
        modules += [nn.InstanceNorm2d(width, **_INSTANCE_NORM), nn.LeakyReLU(0.2)]
    return nn.Sequential(*modules, nn.Conv2d(filters * 8, 1, 4, padding=1))


def dcgan_generator(filters, latent_size=100):
    """As `zoo.networks.convolutional.dcgan_generator`."""
    modules = [DenseToMap(latent_size, filters * 8)]
    for width in (filters * 8, filters * 4, filters * 2, filters):
        modules += [nn.BatchNorm2d(width, **_BATCH_NORM), nn.ReLU()]
        after = width // 2 if width > filters else 3
        modules.append(nn.ConvTranspose2d(width, after, 4, 2, 1, bias=after == 3))
    return nn.Sequential(*modules, InFloat32(nn.Tanh()))


def dcgan_discriminator(filters):
    """As `zoo.networks.convolutional.dcgan_discriminator`."""
    modules = [nn.Conv2d(3, filters, 4, 2, 1), nn.LeakyReLU(0.2)]
    for width in (filters * 2, filters * 4, filters * 8):
        modules.append(nn.Conv2d(width // 2, width, 4, 2, 1, bias=False))
        modules += [nn.BatchNorm2d(width, **_BATCH_NORM), nn.LeakyReLU(0.2)]
    return nn.Sequential(*modules, nn.Flatten(), InFloat32(nn.Linear(filters * 8 * 16, 1)))


def non_saturating(fake):
    """Loss of the generator in float32."""
    return functional.softplus(-fake.float()).mean()


def cross_entropy(real, fake):
    """Loss of the discriminator in float32."""
    return functional.softplus(-real.float()).mean() + functional.softplus(fake.float()).mean()


def least_squares(logits, label):
    """Mean squared distance in float32."""
    return (logits.float() - label).square().mean()


class SRGAN:
    """Pixel and adversarial term."""

    def __init__(self, sizes):
        self.generators = [srresnet(sizes["filters"], sizes["blocks"])]
        self.discriminators = [vgg_discriminator()]

    def forward(self, degraded, clean):
        """Enlarge."""
        return {"real": clean, "fake": self.generators[0](degraded)}

    def discriminator_loss(self, real, fake):
        """Tell clean from restored."""
        judge = self.discriminators[0]
        return cross_entropy(judge(real), judge(fake))

    def generator_loss(self, real, fake):
        """Be close, look real."""
        pixel = functional.mse_loss(fake.float(), real)
        return pixel + 1e-3 * non_saturating(self.discriminators[0](fake))


class DCGAN(SRGAN):
    """Images from noise."""

    def __init__(self, sizes):
        self.generators = [dcgan_generator(sizes["filters"])]
        self.discriminators = [dcgan_discriminator(sizes["filters"])]

    def forward(self, real):
        """Make fakes."""
        return {"real": real, "fake": self.generators[0](torch.randn(len(real), 100))}

    def generator_loss(self, real, fake):
        """Look real."""
        return non_saturating(self.discriminators[0](fake))


class CycleGAN:
    """Two generators and two discriminators."""

    def __init__(self, sizes):
        filters = sizes["filters"]
        self.generators = [resnet_generator(filters, sizes["blocks"]) for _ in range(2)]
        self.discriminators = [patch_discriminator(filters) for _ in range(2)]

    def forward(self, x, y):
        """Translate both ways, there and back, and what needs no translation."""
        to_y, to_x = self.generators
        made = {"fake_y": to_y(x), "fake_x": to_x(y), "same_y": to_y(y), "same_x": to_x(x)}
        back = {"cycled_x": to_x(made["fake_y"]), "cycled_y": to_y(made["fake_x"])}
        return {"x": x, "y": y, **made, **back}

    def discriminator_loss(self, **made):
        """Tell real from fake in both domains."""
        loss = 0.0
        for judge, name in zip(self.discriminators, "yx", strict=True):
            real, fake = judge(made[name]), judge(made[f"fake_{name}"])
            loss = loss + 0.5 * (least_squares(real, 1.0) + least_squares(fake, 0.0))
        return loss

    def generator_loss(self, **made):
        """Look real, lead back, and leave alone what needs no translation."""
        loss = 0.0
        for judge, name in zip(self.discriminators, "yx", strict=True):
            loss = loss + least_squares(judge(made[f"fake_{name}"]), 1.0)
            loss = loss + 10.0 * functional.l1_loss(made[f"cycled_{name}"], made[name])
            loss = loss + 5.0 * functional.l1_loss(made[f"same_{name}"], made[name])
        return loss


_GAMES = {"srgan": SRGAN, "cyclegan": CycleGAN, "dcgan": DCGAN}


class Contender:
    """A GAN that is ready to be trained on one batch, again and again.

    Args:
        model: `"srgan"`, `"cyclegan"` or `"dcgan"`.
        sizes: Dict with `batch_size`, `image_px`, `filters` and `blocks`.
        precision: `"float32"` or `"bfloat16"`.
    """

    def __init__(self, model, sizes, precision):
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        torch.manual_seed(0)
        self.game = _GAMES[model](sizes)
        self._autocast = lambda: torch.autocast(
            "cpu", torch.bfloat16, enabled=precision == "bfloat16"
        )
        adam = {"lr": 1e-4} if model == "srgan" else {"lr": 2e-4, "betas": (0.5, 0.999)}
        networks = (self.game.discriminators, self.game.generators)
        self._weights = [[w for one in side for w in self._ready(one)] for side in networks]
        self._adams = [
            torch.optim.Adam(side, eps=1e-7, fused=True, **adam) for side in self._weights
        ]
        draw, px = np.random.default_rng(0), sizes["image_px"]
        sides = {"srgan": (px // 4, px), "cyclegan": (px, px), "dcgan": (px,)}[model]
        shapes = [(sizes["batch_size"], 3, side, side) for side in sides]
        batch = [torch.from_numpy(draw.uniform(-1, 1, s).astype(np.float32)) for s in shapes]
        self._batch = [each.contiguous(memory_format=torch.channels_last) for each in batch]

    @staticmethod
    def _ready(network):
        return network.train().to(memory_format=torch.channels_last).parameters()

    def step(self):
        """Update the discriminators, then the generators."""
        with self._autocast():
            made = self.game.forward(*self._batch)
            detached = {name: tensor.detach() for name, tensor in made.items()}
            loss = self.game.discriminator_loss(**detached)
        self._update(0, loss)
        for weight in self._weights[0]:
            weight.requires_grad_(False)
        with self._autocast():
            loss = self.game.generator_loss(**made)
        self._update(1, loss)
        for weight in self._weights[0]:
            weight.requires_grad_(True)
        return loss.detach()

    def _update(self, player, loss):
        self._adams[player].zero_grad(set_to_none=True)
        loss.backward()
        self._adams[player].step()

    def seconds(self, steps):
        """Return how long `steps` training steps take."""
        start = time.perf_counter()
        for _ in range(steps):
            loss = self.step()
        float(loss)
        return time.perf_counter() - start

    def parameters(self):
        """Return the number of trainable weights of each player's first network."""
        players = {"generator": self.game.generators, "discriminator": self.game.discriminators}
        return {name: sum(w.numel() for w in one[0].parameters()) for name, one in players.items()}

    def flop(self):
        """Return the floating-point operations of a step as PyTorch counts them."""
        with FlopCounterMode(display=False) as counter:
            self.step()
        return counter.get_total_flops()


def facts(model, sizes):
    """Return what shows that the work is that of the Keras networks."""
    contender = Contender(model, sizes, "float32")
    return {"parameters": contender.parameters(), "flop": contender.flop()}
