"""Photographs: pixels in their own bit depth together with what the file says about them."""

import contextlib
import dataclasses
import io
import os
import secrets
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms

from zoo.core import photo_formats, provenance
from zoo.core.photo_formats import Metadata

_DIRECT_MODES = ("L", "LA", "RGB", "RGBA")
_ICC_SPACES = {b"GRAY": (1, 2), b"RGB ": (3, 4)}


@dataclasses.dataclass(frozen=True, eq=False)
class Photo:
    """A photograph as an upright array, with the metadata that goes on into the next file.

    Args:
        pixels: Array `(H, W)` for gray, else `(H, W, C)` with C = 2 (gray and alpha), 3 (RGB) or 4
            (RGB and alpha), of dtype uint8 or uint16; EXIF orientation is already applied. Or
            `zoo.core.tiling.RestoredRows`, which only `save` takes.
        path: The file that it was read from. `save` never writes to it. Defaults to `None`.
        icc_profile: Bytes of the colour profile. Defaults to `None`.
        exif: Bytes of the EXIF data, without orientation and thumbnail. Defaults to `None`.
        xmp: Bytes of the XMP packet. Defaults to `None`.
        restored_by: Name of the model that made the pixels; `save` records it. Defaults to `None`.

    Example:

    >>> photo = Photo(np.zeros((4, 6, 3), "uint8"))
    >>> photo.restored(np.zeros((8, 12, 3), "uint8"), "srgan").restored_by
    'srgan'
    """

    pixels: np.ndarray
    path: Path | None = None
    icc_profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    restored_by: str | None = None

    def __array__(self, dtype=None, copy=None):
        return np.array(self.pixels, dtype=dtype, copy=copy)

    @classmethod
    def open(cls, path):
        """Reads an image file.

        8 bit images of every kind that Pillow opens; 16 bit gray and colour from PNG and TIFF.
        Palettes become RGB, bilevel images gray, CMYK is converted to sRGB. The EXIF orientation
        is applied.

        Args:
            path: `str` or `os.PathLike`.

        Returns:
            A `Photo`.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is not an image, is damaged or cut off, is animated, or is so
                large that Pillow takes it for an attack.
        """
        path = Path(path)
        try:
            deep_tiff = photo_formats.read_16_bit_tiff(path)
            if deep_tiff is not None:
                pixels, exif = deep_tiff
                icc_profile, xmp = exif.get(photo_formats.ICC_TAG), exif.get(photo_formats.XMP_TAG)
                return cls._from_parts(pixels, exif, path, icc_profile, xmp)
            with Image.open(path) as image:
                _check_single(image)
                return cls._from_opened(image, path)
        except (FileNotFoundError, IsADirectoryError, PermissionError):
            raise
        except Image.DecompressionBombError as error:
            raise ValueError(
                f"{path} has more pixels than Pillow allows: {error} If you trust the file, raise "
                "`PIL.Image.MAX_IMAGE_PIXELS`."
            ) from error
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        except (*photo_formats.DECODING_ERRORS, OSError, SyntaxError) as error:
            raise ValueError(
                f"{path} cannot be read as an image; it is damaged, cut off or of an unknown kind. "
                f"Received: {error}"
            ) from error

    @classmethod
    def from_pil(cls, image):
        """Takes the pixels and the metadata of a `PIL.Image.Image`, turned upright."""
        return cls._from_opened(image, None)

    @classmethod
    def _from_opened(cls, image, path):
        image.load()  # turns TIFF files upright; PNG may hold metadata behind its pixels
        exif, icc_profile = image.getexif(), image.info.get("icc_profile")
        xmp = image.info.get("xmp")
        pixels = None if path is None else photo_formats.read_16_bit_png(path, image)
        if image.mode == "CMYK":
            image, icc_profile = _srgb_from_cmyk(image, icc_profile), None
        pixels = _pixels_of(image) if pixels is None else pixels
        return cls._from_parts(pixels, exif, path, icc_profile, xmp)

    @classmethod
    def _from_parts(cls, pixels, exif, path, icc_profile, xmp):
        return cls(
            pixels=_upright(pixels, exif.get(ExifTags.Base.Orientation, 1)),
            path=path,
            icc_profile=icc_profile,
            exif=provenance.carried_exif(exif),
            xmp=xmp.encode() if isinstance(xmp, str) else xmp,
        )

    @classmethod
    def of(cls, image):
        """The photo that an image is.

        Args:
            image: Array as for the constructor, `PIL.Image.Image`, `Photo`, or path of a file.
        """
        if isinstance(image, Photo):
            return image
        if isinstance(image, np.ndarray):
            return cls(image)
        return cls.from_pil(image) if isinstance(image, Image.Image) else cls.open(image)

    def restored(self, pixels, model_name):
        """The photo with new pixels, marked as made by a model.

        Args:
            pixels: Array as for the constructor, of any size.
            model_name: Name that is written into the file.

        Returns:
            A new `Photo` with the metadata of this one.
        """
        return dataclasses.replace(self, pixels=pixels, restored_by=model_name)

    def to_pil(self):
        """A `PIL.Image.Image` with the metadata in its `info`, where Pillow's writers look for it.

        Raises:
            ValueError: If the pixels are 16 bit colour, which Pillow cannot hold.
        """
        image = _pil_image(self.pixels)
        metadata = self._metadata()
        for key in ("icc_profile", "exif", "xmp"):
            if value := getattr(metadata, key):
                image.info[key] = value
        return image

    def save(self, path, quality=95):
        """Writes the photo as PNG, JPEG, WebP or TIFF.

        The file appears under its name only when it is complete, in the place of what was there.
        If a model restored the photo, the file says so in XMP and EXIF, and as text in PNG.

        Args:
            path: `str` or `os.PathLike` that ends in .png, .jpg, .jpeg, .webp, .tif or .tiff.
            quality: Integer from 1 to 100 for JPEG (without colour subsampling) and WebP; 100 is
                lossless in WebP. Defaults to 95. PNG and TIFF are always lossless.

        Returns:
            The `pathlib.Path` that was written.

        Raises:
            ValueError: If `path` is the file that the photo was read from, or its format cannot
                hold the photo's alpha or its 16 bits.
        """
        path = Path(path)
        if self.path is not None and path.exists() and path.samefile(self.path):
            raise ValueError(
                "`path` must not be the file that the photo was read from, so that no original is "
                f"lost. Received: {path}. Choose another name or folder."
            )
        write = photo_formats.writer(path, self.pixels)
        metadata = self._metadata()
        with _replaced_when_complete(path) as file:
            write(file, self.pixels, metadata, quality)
        return path

    def _metadata(self):
        height, width, *channels = self.pixels.shape
        # A gray profile on a colourised picture, or the reverse, makes viewers reject it.
        fits = _ICC_SPACES.get((self.icc_profile or b"")[16:20], ())
        icc_profile = self.icc_profile if (channels or [1])[0] in fits else None
        if self.restored_by is None:
            return Metadata(icc_profile, self.exif, self.xmp)
        return Metadata(
            icc_profile,
            provenance.stamped_exif(self.exif, width, height),
            provenance.stamped_xmp(self.xmp, self.restored_by),
            self.restored_by,
        )


def _check_single(image):
    # MPO files hold a photograph first, then views of it that the camera made for itself.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise ValueError(
            f"The file holds {image.n_frames} pictures (an animation or pages). "
            "Save the one to restore as a file of its own."
        )


def _pixels_of(image):
    """The pixels of a PIL image of any mode that has 8 or 16 bit content."""
    if image.mode.startswith("I"):
        pixels = np.asarray(image)
        if pixels.size and (pixels.min() < 0 or pixels.max() > 65535):
            raise ValueError(
                f"Pixels of mode '{image.mode}' must be in 0 to 65535. "
                f"Received: {pixels.min()} to {pixels.max()}."
            )
        return pixels.astype(np.uint16)
    if image.mode == "F":
        raise ValueError(
            "Images must have 8 or 16 bit pixels. Received: mode 'F' (floating). Convert to an "
            "array in [0, 1] and restore that."
        )
    if image.mode not in _DIRECT_MODES or "transparency" in image.info:
        image = image.convert(_plain_mode(image))
    return np.asarray(image)


def _plain_mode(image):
    gray = image.mode in ("1", "L", "LA", "La")
    return ("L" if gray else "RGB") + ("A" if image.has_transparency_data else "")


def _srgb_from_cmyk(image, icc_profile):
    if icc_profile is None:
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
    except (OSError, ImageCms.PyCMSError) as error:
        raise ValueError(f"The CMYK image's colour profile cannot be used: {error}") from error


def _upright(pixels, orientation):
    """Applies an EXIF orientation, 1 to 8; what a viewer does before it shows the picture."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _pil_image(pixels):
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    if pixels.dtype != np.uint8 and not (pixels.dtype == np.uint16 and pixels.ndim == 2):
        raise ValueError(
            "Pillow holds 8 bit images and 16 bit gray ones. "
            f"Received: shape {pixels.shape}, dtype {pixels.dtype}. Use `.save()` or `.pixels`."
        )
    return Image.fromarray(pixels)


@contextlib.contextmanager
def _replaced_when_complete(path):
    """A file to write to that takes the name `path` at the end, or vanishes on failure."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
