"""Metadata of restored photographs: what is carried over, and the record that a model made it."""

import importlib.metadata
import warnings
from xml.etree import ElementTree

from PIL import ExifTags, Image

# Digital Source Type of the IPTC NewsCodes. "Edited using Generative AI: augmentation, correction
# or enhancement using a Generative AI model" is the term for a picture that an adversarially
# trained network restored; `algorithmicallyEnhanced` means correction that invents nothing.
DIGITAL_SOURCE_TYPE = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)
_DISTRIBUTION = "keras-gan-zoo"
_NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
}
# Statements about the stored pixels, which are no longer true of the restored ones.
_STALE_XMP = [
    ("tiff", "Orientation"), ("tiff", "ImageWidth"), ("tiff", "ImageLength"),
    ("exif", "PixelXDimension"), ("exif", "PixelYDimension"),
    ("Iptc4xmpExt", "DigitalSourceType"), ("Iptc4xmpExt", "AISystemUsed"),
]  # fmt: skip

# EXIF tags that describe how the file stores its pixels; the writer of the new file sets its own.
_STORAGE_TAGS = frozenset((
    *range(254, 260), 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 284, 290, 291,
    *range(292, 294), 301, 317, 320, *range(322, 328), 330, 332, 333, 334, 336, 338, 339, 340, 341,
    347, *range(512, 522), 529, 530, 531, 532, 700, 33723, 34377, 34675,
))  # fmt: skip
SUBDIRECTORIES = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
_INTEROPERABILITY = 0xA005  # a file offset inside the Exif directory
_PIXEL_SIZE_TAGS = (0xA002, 0xA003)  # width and height, as the camera wrote them
_SOFTWARE = 0x0131


def software():
    """Name and version of this library, as they are written into files."""
    try:
        return f"{_DISTRIBUTION} {importlib.metadata.version(_DISTRIBUTION)}"
    except importlib.metadata.PackageNotFoundError:  # run from a source tree
        return _DISTRIBUTION


def carried_exif(exif):
    """The part of an image's EXIF that stays true when its pixels are rewritten upright.

    Orientation, storage tags and the embedded thumbnail are left out.

    Args:
        exif: `PIL.Image.Exif`.

    Returns:
        Bytes that start with `Exif`, or `None` if nothing is left.
    """
    carried = Image.Exif()
    for tag, value in exif.items():
        if tag not in _STORAGE_TAGS and tag not in SUBDIRECTORIES:
            carried[tag] = value
    for directory in SUBDIRECTORIES:
        values = dict(exif.get_ifd(directory))
        values.pop(_INTEROPERABILITY, None)
        if values:
            carried[directory] = values
    return carried.tobytes() if len(carried) else None


def stamped_exif(exif, width, height):
    """EXIF for a restored picture: `exif` with its size, and this library as software.

    Args:
        exif: Bytes as from `carried_exif`, or `None`.
        width: Width of the restored picture in pixels.
        height: Height of the restored picture in pixels.

    Returns:
        Bytes that start with `Exif`.
    """
    stamped = Image.Exif()
    if exif is not None:
        stamped.load(exif)
    stamped[_SOFTWARE] = software()
    details = dict(stamped.get_ifd(ExifTags.IFD.Exif))
    for tag, value in zip(_PIXEL_SIZE_TAGS, (width, height), strict=True):
        if tag in details:
            details[tag] = value
    if details:
        stamped[ExifTags.IFD.Exif] = details
    return stamped.tobytes()


def stamped_xmp(xmp, model_name):
    """An XMP packet that says that a model restored the picture.

    Sets `Iptc4xmpExt:DigitalSourceType` to `DIGITAL_SOURCE_TYPE` and `Iptc4xmpExt:AISystemUsed` to
    the library and the model. Everything else in an existing packet (captions, rights, ratings)
    stays, but for statements about the old pixels such as their orientation.

    Args:
        xmp: XMP packet of the original as bytes, or `None`.
        model_name: Name of the model.

    Returns:
        An XMP packet as bytes, UTF-8.

    Reference:
        IPTC Photo Metadata Standard 2025.1, https://iptc.org/standards/photo-metadata/, properties
        "Digital Source Type" and "AI System Used".
    """
    for prefix, uri in _NAMESPACES.items():
        ElementTree.register_namespace(prefix, uri)
    root = _parsed(xmp)
    descriptions = root.findall(f".//{_name('rdf', 'Description')}")
    for description in descriptions:
        for prefix, key in _STALE_XMP:
            description.attrib.pop(_name(prefix, key), None)
            for child in description.findall(_name(prefix, key)):
                description.remove(child)
    attributes = descriptions[0].attrib
    attributes[_name("Iptc4xmpExt", "DigitalSourceType")] = DIGITAL_SOURCE_TYPE
    attributes[_name("Iptc4xmpExt", "AISystemUsed")] = f"{software()}, {model_name}"
    body = ElementTree.tostring(root, encoding="unicode")
    start = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return f'{start}\n{body}\n<?xpacket end="w"?>'.encode()


def _name(prefix, key):
    return f"{{{_NAMESPACES[prefix]}}}{key}"


def _parsed(xmp):
    """The packet's `x:xmpmeta` or `rdf:RDF` element with at least one description in it."""
    root = None
    if xmp is not None:
        try:
            root = ElementTree.fromstring(xmp.strip(b"\x00 \r\n\t"))
        except ElementTree.ParseError as error:
            warnings.warn(f"The XMP metadata is malformed and is not kept: {error}", stacklevel=5)
    if root is None or root.find(f".//{_name('rdf', 'Description')}") is None:
        root = ElementTree.Element(_name("x", "xmpmeta"))
        rdf = ElementTree.SubElement(root, _name("rdf", "RDF"))
        ElementTree.SubElement(rdf, _name("rdf", "Description"), {_name("rdf", "about"): ""})
    return root
