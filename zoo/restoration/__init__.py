"""Variants that restore images."""

from zoo.restoration.denoising_gan import DenoisingGAN as DenoisingGAN
from zoo.restoration.enhancement_gan import EnhancementGAN as EnhancementGAN
from zoo.restoration.esrgan import ESRGAN as ESRGAN
from zoo.restoration.inpainting_gan import InpaintingGAN as InpaintingGAN
from zoo.restoration.old_photo_gan import OldPhotoGAN as OldPhotoGAN
from zoo.restoration.semantic_inpainting import SemanticInpainting as SemanticInpainting
from zoo.restoration.srgan import SRGAN as SRGAN
