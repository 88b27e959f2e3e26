"""Generative adversarial networks for images on Keras 3 and TensorFlow."""

import os

# TensorFlow greets with its build flags; set TF_CPP_MIN_LOG_LEVEL=0 to read them.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from zoo import callbacks as callbacks
from zoo import layers as layers
from zoo import losses as losses
from zoo import metrics as metrics
from zoo import networks as networks
from zoo.core import latents as latents
from zoo.core.adversarial import AdversarialModel as AdversarialModel
from zoo.core.augmentation import AdaptiveAugmentation as AdaptiveAugmentation
from zoo.core.fidelity import with_fidelity as with_fidelity
from zoo.core.finetuning import freeze_lower_layers as freeze_lower_layers
from zoo.core.finetuning import learning_rate_groups as learning_rate_groups
from zoo.core.finetuning import warm_start as warm_start
from zoo.core.latent import LatentGAN as LatentGAN
from zoo.core.latent_objective import LatentObjective as LatentObjective
from zoo.core.objective import PairedObjective as PairedObjective
from zoo.core.paired import PairedGAN as PairedGAN
from zoo.core.photos import Photo as Photo
from zoo.core.presets import from_preset as from_preset
from zoo.core.presets import list_presets as list_presets
from zoo.core.presets import preset_path as preset_path
from zoo.core.presets import preset_record as preset_record
from zoo.core.presets import save_to_preset as save_to_preset
from zoo.core.sampling import image_grid as image_grid
from zoo.core.showing import show as show
from zoo.core.tiling import inpaint as inpaint
from zoo.core.tiling import restore as restore
from zoo.editing.animate import animate as animate
from zoo.editing.animate import save_gif as save_gif
from zoo.editing.attribute_objective import AttributeObjective as AttributeObjective
from zoo.editing.cycle_objective import CycleObjective as CycleObjective
from zoo.editing.cyclegan import CycleGAN as CycleGAN
from zoo.editing.dynamic_gan import DynamicGAN as DynamicGAN
from zoo.editing.dynamic_objective import DynamicObjective as DynamicObjective
from zoo.editing.face_attribute_gan import FaceAttributeGAN as FaceAttributeGAN
from zoo.editing.multimodal_gan import MultimodalGAN as MultimodalGAN
from zoo.editing.multimodal_objective import MultimodalObjective as MultimodalObjective
from zoo.editing.pix2pix import Pix2Pix as Pix2Pix
from zoo.editing.style_objective import StyleObjective as StyleObjective
from zoo.editing.style_transfer_gan import StyleTransferGAN as StyleTransferGAN
from zoo.editing.stylize import styled_network as styled_network
from zoo.editing.stylize import stylize as stylize
from zoo.networks.text import FrozenTextEncoder as FrozenTextEncoder
from zoo.restoration.colorization_gan import ColorizationGAN as ColorizationGAN
from zoo.restoration.damage_detector import DamageDetector as DamageDetector
from zoo.restoration.denoising_gan import DenoisingGAN as DenoisingGAN
from zoo.restoration.enhancement_gan import EnhancementGAN as EnhancementGAN
from zoo.restoration.esrgan import ESRGAN as ESRGAN
from zoo.restoration.inpainting_gan import InpaintingGAN as InpaintingGAN
from zoo.restoration.multiscale_inpainting import MultiScaleInpainting as MultiScaleInpainting
from zoo.restoration.old_photo_gan import OldPhotoGAN as OldPhotoGAN
from zoo.restoration.semantic_inpainting import SemanticInpainting as SemanticInpainting
from zoo.restoration.srgan import SRGAN as SRGAN
from zoo.restoration.stages import OldPhotoRestorer as OldPhotoRestorer
from zoo.restoration.stages import TwoStageRestorer as TwoStageRestorer
from zoo.synthesis import latent_editing as latent_editing
from zoo.synthesis.conditional_gan import ConditionalGAN as ConditionalGAN
from zoo.synthesis.dcgan import DCGAN as DCGAN
from zoo.synthesis.gan import GAN as GAN
from zoo.synthesis.global_gan import GlobalGAN as GlobalGAN
from zoo.synthesis.local_gan import LocalGAN as LocalGAN
from zoo.synthesis.stylegan2 import StyleGAN2 as StyleGAN2
from zoo.synthesis.weakly_supervised_gan import WeaklySupervisedGAN as WeaklySupervisedGAN
from zoo.synthesis.wgan_gp import WGAN as WGAN
from zoo.synthesis.wgan_gp import WGANGP as WGANGP

__version__ = "0.1.0"
