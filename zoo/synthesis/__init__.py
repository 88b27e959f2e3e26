"""Variants that make images from noise, labels and positions."""

from zoo.synthesis.conditional_gan import ConditionalGAN as ConditionalGAN
from zoo.synthesis.dcgan import DCGAN as DCGAN
from zoo.synthesis.gan import GAN as GAN
from zoo.synthesis.global_gan import GlobalGAN as GlobalGAN
from zoo.synthesis.local_gan import LocalGAN as LocalGAN
from zoo.synthesis.stylegan2 import StyleGAN2 as StyleGAN2
from zoo.synthesis.weakly_supervised_gan import WeaklySupervisedGAN as WeaklySupervisedGAN
from zoo.synthesis.wgan_gp import WGAN as WGAN
from zoo.synthesis.wgan_gp import WGANGP as WGANGP
