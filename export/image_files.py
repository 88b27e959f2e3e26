"""JPEG and PNG files in a TensorFlow graph: checks, decoding, EXIF orientation.

Only standard operations, so that TF-Serving runs it. Errors name the item of the batch.
"""

import tensorflow as tf

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_PNG_END, _JPEG_END = b"IEND\xaeB`\x82", b"\xff\xd9"
_JPEG_PIXELS = 0xDA  # marker of the segment that pixels follow
# Signature, length and name of the first chunk, width, height, and five more bytes.
_PNG_HEADER_BYTES = 8 + 8 + 13
# An EXIF block is at most one JPEG segment and comes before the image.
_HEAD_BYTES = 2**16 + 2**10
_ORIENTATION_TAG = 0x0112


def require(condition, message):
    """Return an operation that fails with `message()`, a string tensor, unless `condition`."""
    return tf.cond(
        condition,
        lambda: tf.constant(True),
        lambda: _fail(message()),
    )


def _fail(message):
    with tf.control_dependencies([tf.debugging.Assert(False, [message])]):
        return tf.constant(False)


def _starts_with(contents, prefix):
    return tf.equal(tf.strings.substr(contents, 0, len(prefix)), prefix)


def check_file(contents, index, max_pixels, name="image_bytes"):
    """Read the header of an image file and refuse what should not be decoded.

    Args:
        contents: Scalar string tensor, the file.
        index: Scalar integer tensor, position in the batch, for the message.
        max_pixels: Integer, most pixels allowed.
        name: Name of the input, for the message. Defaults to `"image_bytes"`.

    Returns:
        Scalar bool tensor, `True`: the checks run when it is computed.
    """
    length = tf.strings.length(contents)
    is_png = _starts_with(contents, _PNG) & (length >= _PNG_HEADER_BYTES)
    is_jpeg = _starts_with(contents, _JPEG)
    known = require(
        is_png | is_jpeg,
        lambda: tf.strings.format(
            name + "[{}] is neither a JPEG nor a PNG file. Received: {} bytes", (index, length)
        ),
    )
    with tf.control_dependencies([known]):
        complete = require(
            tf.cond(is_png, lambda: _png_ends(contents), lambda: _jpeg_ends(contents)),
            lambda: tf.strings.format(
                name + "[{}] is damaged or cut off: it has no end. Received: {} bytes",
                (index, length),
            ),
        )
    with tf.control_dependencies([complete]):
        height, width, components = tf.cond(
            is_png, lambda: _png_header(contents), lambda: _jpeg_header(contents)
        )
    pixels = tf.cast(height, tf.int64) * tf.cast(width, tf.int64)
    small = require(
        pixels <= max_pixels,
        lambda: tf.strings.format(
            name + "[{}] has too many pixels: this model was exported for at most {}. "
            "Received: {} x {}",
            (index, max_pixels, height, width),
        ),
    )
    # The decoder would turn the four inks of print into RGB, with wrong colours.
    screen = require(
        components != 4,
        lambda: tf.strings.format(name + "[{}] is a CMYK JPEG; convert it to RGB", (index,)),
    )
    return known & small & screen


def _png_ends(contents):
    """Whether a PNG file has its last chunk; other bytes may follow."""
    return _holds(_bytes(contents), _PNG_END)


def _jpeg_ends(contents):
    """Whether a JPEG file has an end after the beginning of its pixels.

    Segments are walked through, as thumbnails in them have beginnings and ends of their own. Among
    pixels the byte 255 is followed by another one than in an end.
    """
    values = _bytes(contents)
    padded = tf.concat([values, tf.zeros([4], tf.int32)], 0)  # what lies behind is no marker
    size = tf.size(values)

    def is_segment(place):
        return (padded[place] == 0xFF) & (padded[place + 1] != _JPEG_PIXELS)

    def following(place):
        length = 2 + 256 * padded[place + 2] + padded[place + 3]
        place += tf.where(padded[place + 1] == 0xFF, 1, tf.maximum(length, 2))
        return [tf.minimum(place, size)]

    (place,) = tf.while_loop(is_segment, following, [tf.constant(2)])
    pixels = (padded[place] == 0xFF) & (padded[place + 1] == _JPEG_PIXELS)
    return pixels & _holds(values[place:], _JPEG_END)


def _bytes(contents):
    return tf.cast(tf.io.decode_raw(contents, tf.uint8), tf.int32)


def _holds(values, sequence):
    """Whether `sequence`, bytes, is somewhere in a vector."""
    count = tf.maximum(tf.size(values) - len(sequence) + 1, 0)
    found = [values[k : k + count] == byte for k, byte in enumerate(sequence)]
    return tf.reduce_any(tf.reduce_all(tf.stack(found), axis=0))


def _png_header(contents):
    numbers = tf.cast(tf.io.decode_raw(tf.strings.substr(contents, 16, 8), tf.uint8), tf.int64)
    place = tf.constant([2**24, 2**16, 2**8, 1], tf.int64)
    width, height = tf.unstack(tf.reduce_sum(tf.reshape(numbers, [2, 4]) * place, axis=1))
    return height, width, tf.constant(0, tf.int64)


def _jpeg_header(contents):
    height, width, components = tf.unstack(tf.io.extract_jpeg_shape(contents))
    return tuple(tf.cast(value, tf.int64) for value in (height, width, components))


def decode_file(contents, index, channels, name="image_bytes"):
    """Decode an image file that `check_file` has passed, and turn it upright.

    A gray file becomes RGB for an RGB model. What would lose something is an error: colour for a
    gray model, transparency for any. PNG files of 16 bit are reduced to 8.

    Args:
        contents: Scalar string tensor, the file.
        index: Scalar integer tensor, position in the batch, for the message.
        channels: Integer, 1 or 3, channels of the model.
        name: Name of the input, for the message. Defaults to `"image_bytes"`.

    Returns:
        uint8 tensor `(H, W, channels)`.
    """
    image = tf.cond(
        _starts_with(contents, _JPEG),
        lambda: _decode_jpeg(contents),
        lambda: tf.io.decode_png(contents, channels=0),
    )
    found = tf.shape(image)[2]
    accepted = (found == channels) | (found == 1)
    wanted = "gray (1 channel)" if channels == 1 else "RGB or gray (3 channels or 1)"
    fits = require(
        accepted,
        lambda: tf.strings.format(
            name + "[{}] must be " + wanted + " without transparency. Received: {} channels",
            (index, found),
        ),
    )
    with tf.control_dependencies([fits]):
        image = tf.repeat(image, channels // found, axis=2)
    return tf.ensure_shape(image, [None, None, channels])


def _decode_jpeg(contents):
    # TensorFlow's default is a faster transform that differs from Pillow's by up to 11 levels.
    image = tf.io.decode_jpeg(contents, channels=0, dct_method="INTEGER_ACCURATE")
    return _upright(image, _orientation(contents))


def _upright(image, orientation):
    """Undo an EXIF orientation, 1 to 8; any other value leaves the image as it is."""

    def where(values, function):
        nonlocal image
        present = tf.reduce_any(orientation == tf.constant(values))
        before = image
        image = tf.cond(present, lambda: function(before), lambda: before)

    where([5, 6, 7, 8], lambda x: tf.transpose(x, [1, 0, 2]))
    where([2, 3, 6, 7], lambda x: tf.reverse(x, [1]))
    where([3, 4, 7, 8], lambda x: tf.reverse(x, [0]))
    return image


def _orientation(contents):
    """The EXIF orientation of a JPEG file, 1 when it has none."""
    head = tf.io.decode_raw(tf.strings.substr(contents, 0, _HEAD_BYTES), tf.uint8)
    # Reads beyond the end give 0, which is no tag.
    head = tf.concat([tf.cast(head, tf.int32), tf.zeros([16], tf.int32)], 0)
    found = tf.ones_like(head[:-16], tf.bool)
    for offset, value in enumerate(b"\xff\xe1??Exif\x00\x00"):
        if value != ord("?"):  # the two bytes of the segment's length
            found &= head[offset : -16 + offset] == value
    start = tf.cast(tf.argmax(tf.cast(found, tf.int32), output_type=tf.int32), tf.int32) + 10
    return tf.cond(
        tf.reduce_any(found), lambda: _orientation_in(head, start), lambda: tf.constant(1)
    )


def _orientation_in(head, start):
    """Read the tag from the TIFF structure (EXIF 2.32, section 4.6.2) that begins at `start`."""
    big_endian = head[start] == ord("M")

    def number(position, size):
        positions = position[..., None] + tf.range(size)
        # Garbage may point anywhere.
        values = tf.gather(head, tf.clip_by_value(positions, 0, tf.size(head) - 1))
        values = tf.cond(big_endian, lambda: values, lambda: tf.reverse(values, [-1]))
        return tf.reduce_sum(values * tf.constant([256**i for i in range(size)][::-1]), -1)

    # The offset has four bytes, but a JPEG segment is shorter than two can say.
    half = tf.cond(big_endian, lambda: 6, lambda: 4)
    directory = start + number(start + half, 2)
    entries = directory + 2 + 12 * tf.range(number(directory, 2))
    is_orientation = number(entries, 2) == _ORIENTATION_TAG
    values = tf.boolean_mask(number(entries + 8, 2), is_orientation)
    return tf.cond(tf.size(values) > 0, lambda: values[0], lambda: tf.constant(1))
