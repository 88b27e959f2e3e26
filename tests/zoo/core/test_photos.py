"""Files keep their bit depth, alpha, colour profile and EXIF; results say who made them."""

import io
import struct
import zlib
from xml.etree import ElementTree

import keras
import numpy as np
import pytest
import tensorflow as tf
import tifffile
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin

from zoo.core import provenance
from zoo.core.photos import Photo
from zoo.core.tiling import restore

RNG = np.random.default_rng(0)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
XMP = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:own="urn:own">
<rdf:Description rdf:about="" tiff:Orientation="6" own:rating="5">
<tiff:ImageWidth>6</tiff:ImageWidth></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>\0\0"""


def pixels(channels, dtype, size=(5, 7)):
    shape = size if channels == 1 else (*size, channels)
    return RNG.integers(0, np.iinfo(dtype).max + 1, shape, dtype=dtype)


def camera_exif(orientation=1):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif[ExifTags.Base.Orientation] = orientation
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = "2001:02:03 04:05:06"
    details[ExifTags.Base.ExifImageWidth], details[ExifTags.Base.ExifImageHeight] = 6, 4
    details[ExifTags.Base.MakerNote] = b"private"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (1.0, 2.0, 3.0)
    return exif


def upscaler():
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, keras.layers.UpSampling2D(2)(inputs), name="double")


def source_type(xmp):
    root = ElementTree.fromstring(xmp)
    key = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
    return [element.get(key) for element in root.iter() if element.get(key)]


def png_chunks(path):
    data, chunks, place = path.read_bytes(), [], 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, place + 8 + length)
        assert checksum == zlib.crc32(kind + body)
        chunks.append((kind, body))
        place += 12 + length
    return chunks


def test_lossless_formats_keep_every_pixel(tmp_path):
    for suffix in ("png", "tif", "tiff"):
        for dtype in (np.uint8, np.uint16):
            for channels in (1, 2, 3, 4):
                original = pixels(channels, dtype, size=(130, 9))  # more than one TIFF strip
                path = Photo(original).save(tmp_path / f"a.{suffix}")
                read = Photo.open(path)
                assert read.pixels.dtype == dtype
                np.testing.assert_array_equal(read.pixels, original, err_msg=str(path))


def test_files_are_read_alike_by_other_libraries(tmp_path):
    for channels in (1, 2, 3, 4):
        for dtype in (np.uint8, np.uint16):
            original = pixels(channels, dtype)
            tiff = Photo(original).save(tmp_path / "a.tif")
            np.testing.assert_array_equal(tifffile.imread(tiff), original)
            png = Photo(original).save(tmp_path / "a.png")
            decoded = tf.io.decode_png(png.read_bytes(), dtype=tf.as_dtype(dtype)).numpy()
            np.testing.assert_array_equal(np.squeeze(decoded), original)
        for name in ("a.tif", "a.png"):
            eight = pixels(channels, np.uint8)
            Photo(eight).save(tmp_path / name)
            np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / name)), eight)


def test_16_bit_files_of_other_writers_are_read_in_full(tmp_path):
    original = pixels(3, np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", original, photometric="rgb", compression="zlib")
    tifffile.imwrite(
        tmp_path / "b.tif", np.moveaxis(original, -1, 0), photometric="rgb", planarconfig="separate"
    )
    tifffile.imwrite(tmp_path / "c.tif", original, photometric="rgb", byteorder=">")
    for name in "abc":
        np.testing.assert_array_equal(Photo.open(tmp_path / f"{name}.tif").pixels, original)
    gray = pixels(1, np.uint16)
    Image.fromarray(gray).save(tmp_path / "d.png")
    np.testing.assert_array_equal(Photo.open(tmp_path / "d.png").pixels, gray)


def test_lossy_formats_keep_shape_and_look(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 64, dtype=np.uint8)[:, None], (1, 48))
    for suffix, channels in [("jpg", 1), ("jpeg", 3), ("webp", 3), ("webp", 4)]:
        original = ramp if channels == 1 else np.stack([ramp] * channels, axis=-1)
        path = Photo(original).save(tmp_path / f"a.{suffix}", quality=95)
        read = Photo.open(path).pixels
        assert read.shape == original.shape
        assert np.abs(read.astype(int) - original).max() <= 4
    exact = pixels(4, np.uint8)
    path = Photo(exact).save(tmp_path / "b.webp", quality=100)
    np.testing.assert_array_equal(Photo.open(path).pixels, exact)


def test_jpeg_quality_is_used(tmp_path):
    photo = Photo(pixels(3, np.uint8, (64, 64)))
    sizes = [photo.save(tmp_path / f"{q}.jpg", quality=q).stat().st_size for q in (20, 60, 95)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] / 2


def test_modes_without_an_array_of_their_own_are_converted():
    gray = Image.fromarray(pixels(1, np.uint8))
    assert Photo.from_pil(gray.convert("1")).pixels.shape == (5, 7)
    colour = Image.fromarray(pixels(3, np.uint8))
    palette = colour.quantize(8)
    np.testing.assert_array_equal(Photo.from_pil(palette).pixels, palette.convert("RGB"))
    palette.info["transparency"] = 0
    assert Photo.from_pil(palette).pixels.shape == (5, 7, 4)
    gray.info["transparency"] = 0
    assert Photo.from_pil(gray).pixels.shape == (5, 7, 2)
    cmyk = colour.convert("CMYK")
    np.testing.assert_array_equal(Photo.from_pil(cmyk).pixels, cmyk.convert("RGB"))
    wide = Image.fromarray(pixels(1, np.uint16).astype(np.int32))
    assert (wide.mode, Photo.from_pil(wide).pixels.dtype) == ("I", np.uint16)
    with pytest.raises(ValueError, match="0 to 65535"):
        Photo.from_pil(Image.fromarray(np.array([[-1, 70000]], np.int32)))
    with pytest.raises(ValueError, match="mode 'F'"):
        Photo.from_pil(Image.fromarray(np.zeros((2, 2), np.float32)))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_orientation_is_applied_as_viewers_do(tmp_path, suffix):
    stored = Image.fromarray(
        np.kron(RNG.integers(0, 256, (4, 6, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    )
    for orientation in range(1, 9):
        path = tmp_path / f"{orientation}.{suffix}"
        exif = camera_exif(orientation)
        stored.save(path, exif=exif, quality=100, lossless=True)
        with Image.open(path) as opened:
            upright = np.asarray(ImageOps.exif_transpose(opened))
        photo = Photo.open(path)
        np.testing.assert_array_equal(photo.pixels, upright)
        saved = photo.save(tmp_path / f"out.{suffix}", quality=100)
        with Image.open(saved) as opened:
            assert ExifTags.Base.Orientation not in opened.getexif()
            assert opened.size == upright.shape[1::-1]


def test_orientation_of_16_bit_files(tmp_path):
    original = pixels(3, np.uint16, (4, 6))
    for orientation in range(1, 9):
        flat = Image.fromarray((original % 251).astype(np.uint8))
        flat.getexif()[ExifTags.Base.Orientation] = orientation
        expected = np.asarray(ImageOps.exif_transpose(flat))
        exif = camera_exif(orientation).tobytes()
        for suffix in ("png", "tif"):
            path = Photo(original, exif=exif).save(tmp_path / f"{orientation}.{suffix}")
            read = Photo.open(path).pixels
            assert read.dtype == np.uint16
            np.testing.assert_array_equal((read % 251).astype(np.uint8), expected)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "16.png", "16.tif"])
def test_metadata_survives_restoring(tmp_path, suffix):
    dtype = np.uint16 if "16" in suffix else np.uint8
    source = Photo(
        pixels(3, dtype, (4, 6)),
        icc_profile=SRGB,
        xmp=XMP,
        exif=camera_exif(orientation=6).tobytes(),
    )
    path = source.save(tmp_path / f"source.{suffix}")

    restored = restore(upscaler(), path).save(tmp_path / f"restored.{suffix}")

    read = Photo.open(restored)
    assert read.pixels.shape == (12, 8, 3)  # upright and twice as large
    assert read.pixels.dtype == dtype
    assert read.icc_profile == SRGB
    with Image.open(restored) as image:
        image.load()
        exif, xmp = image.getexif(), image.info["xmp"]
        details = exif.get_ifd(ExifTags.IFD.Exif)
    assert exif[ExifTags.Base.Make] == "Maker"
    assert exif[ExifTags.Base.Software].startswith("keras-gan-zoo")
    assert ExifTags.Base.Orientation not in exif
    assert details[ExifTags.Base.DateTimeOriginal] == "2001:02:03 04:05:06"
    assert details[ExifTags.Base.MakerNote] == b"private"
    width, height = (
        details[t] for t in (ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight)
    )
    assert (width, height) == (8, 12)
    assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] == (1.0, 2.0, 3.0)
    assert source_type(xmp.strip(b"\0")) == [SOURCE_TYPE]
    assert b"double" in xmp
    assert b'rating="5"' in xmp
    assert b"Orientation" not in xmp
    assert b"ImageWidth" not in xmp


def test_png_says_in_text_that_a_model_made_it(tmp_path):
    photo = Photo(pixels(3, np.uint8), icc_profile=SRGB)
    path = photo.restored(photo.pixels, "srgan x4").save(tmp_path / "a.png")
    chunks = png_chunks(path)
    kinds = [kind for kind, _ in chunks]
    assert kinds[0] == b"IHDR"
    assert kinds[-1] == b"IEND"
    assert kinds.index(b"iCCP") < kinds.index(b"IDAT")
    with Image.open(path) as image:
        assert isinstance(image, PngImagePlugin.PngImageFile)
        assert image.text["Software"].startswith("keras-gan-zoo")
        assert image.text["Comment"] == "Restored by the model 'srgan x4'."


def test_photos_that_no_model_made_say_nothing(tmp_path):
    for suffix in ("png", "jpg", "webp", "tif"):
        path = Photo(pixels(3, np.uint8)).save(tmp_path / f"a.{suffix}")
        assert b"digitalsourcetype" not in path.read_bytes()
        assert b"keras-gan-zoo" not in path.read_bytes()


def test_pil_images_keep_profile_and_exif_through_restoring(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(pixels(3, np.uint8, (4, 6))).save(
        buffer, "JPEG", exif=camera_exif(6), icc_profile=SRGB
    )
    restored = restore(upscaler(), Image.open(buffer))
    assert restored.size == (8, 12)
    assert restored.info["icc_profile"] == SRGB
    assert ExifTags.Base.Orientation not in restored.getexif()
    assert restored.getexif()[ExifTags.Base.Make] == "Maker"
    assert source_type(restored.info["xmp"]) == [SOURCE_TYPE]
    with pytest.raises(ValueError, match="8 bit images and 16 bit gray"):
        Photo(pixels(3, np.uint16)).to_pil()


def test_gray_profiles_do_not_go_with_colour(tmp_path):
    gray_profile = bytearray(SRGB)
    gray_profile[16:20] = b"GRAY"
    photo = Photo(pixels(1, np.uint8), icc_profile=bytes(gray_profile))
    assert Photo.open(photo.save(tmp_path / "a.png")).icc_profile == gray_profile
    coloured = photo.restored(pixels(3, np.uint8), "colouriser").save(tmp_path / "b.png")
    assert Photo.open(coloured).icc_profile is None


def test_cmyk_profiles_are_converted_and_not_kept():
    image = Image.new("CMYK", (4, 4), (0, 255, 255, 0))
    photo = Photo.from_pil(image)
    assert photo.icc_profile is None
    np.testing.assert_array_equal(photo.pixels[0, 0], [255, 0, 0])
    image.info["icc_profile"] = b"not a profile"
    with pytest.raises(ValueError, match="colour profile"):
        Photo.from_pil(image)


def test_malformed_xmp_is_replaced_and_said_so():
    with pytest.warns(UserWarning, match="XMP metadata is malformed"):
        packet = provenance.stamped_xmp(b"<x:xmpmeta", "srgan")
    assert source_type(packet) == [SOURCE_TYPE]


def test_xmp_that_is_too_large_for_jpeg_leaves_the_record(tmp_path):
    large = XMP.replace(b'rating="5"', b'rating="' + RNG.bytes(40_000).hex().encode() + b'"')
    photo = Photo(pixels(3, np.uint8), xmp=large)
    with pytest.warns(UserWarning, match="too large for JPEG"):
        path = photo.restored(photo.pixels, "srgan").save(tmp_path / "a.jpg")
    assert source_type(Photo.open(path).xmp) == [SOURCE_TYPE]


def test_writing_is_atomic(tmp_path, monkeypatch):
    target = tmp_path / "a.png"
    target.write_bytes(b"what was there")
    photo = Photo(pixels(3, np.uint8))

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr("zoo.core.photo_formats._png_chunks", fail)
    with pytest.raises(OSError, match="disk full"):
        photo.save(target)
    assert target.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [target]
    monkeypatch.undo()
    photo.save(target)
    np.testing.assert_array_equal(Photo.open(target).pixels, photo.pixels)
    assert list(tmp_path.iterdir()) == [target]
    (tmp_path / "umask").write_bytes(b"")
    assert target.stat().st_mode == (tmp_path / "umask").stat().st_mode


def test_the_original_is_never_overwritten(tmp_path):
    source = Photo(pixels(3, np.uint8)).save(tmp_path / "a.png")
    link = tmp_path / "b.png"
    link.symlink_to(source)
    before = source.read_bytes()
    photo = Photo.open(source).restored(pixels(3, np.uint8), "srgan")
    for path in (source, link, tmp_path / "." / "a.png"):
        with pytest.raises(ValueError, match="must not be the file"):
            photo.save(path)
    assert source.read_bytes() == before


def test_formats_that_would_lose_something_are_refused(tmp_path):
    for name, channels, dtype, message in [
        ("a.jpg", 4, np.uint8, "alpha"),
        ("a.jpg", 2, np.uint8, "alpha"),
        ("a.jpg", 3, np.uint16, "8 bits"),
        ("a.webp", 3, np.uint16, "8 bits"),
        ("a.gif", 3, np.uint8, "must end in one of"),
    ]:
        with pytest.raises(ValueError, match=message):
            Photo(pixels(channels, dtype)).save(tmp_path / name)
    with pytest.raises(ValueError, match="dtype float32"):
        Photo(np.zeros((4, 4, 3), "float32")).save(tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_unreadable_files_are_named(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError):
        Photo.open(tmp_path / "missing.png")
    (tmp_path / "text.png").write_text("hello")
    for dtype in (np.uint8, np.uint16):
        for name in ("a.png", "a.tif"):
            whole = Photo(pixels(3, dtype, (64, 64))).save(tmp_path / name).read_bytes()
            (tmp_path / f"cut{dtype.__name__}{name}").write_bytes(whole[: len(whole) // 2])
    for path in [tmp_path / "text.png", *tmp_path.glob("cut*")]:
        with pytest.raises(ValueError, match=path.name):
            Photo.open(path)
    frames = [Image.new("L", (4, 4), value) for value in (0, 255)]
    frames[0].save(tmp_path / "b.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match=r"b.gif.*2 pictures"):
        Photo.open(tmp_path / "b.gif")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ValueError, match=r"a.png.*MAX_IMAGE_PIXELS"):
        Photo.open(tmp_path / "a.png")
