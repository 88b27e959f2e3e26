"""What the README says of each system that edits, in words made of its row of the results."""


def of_translation(row):
    """What was measured of Pix2Pix."""
    return (
        f"L1 {row['l1']:.3f} of the range; Frechet distance to real ones {row['frechet']:.0f} "
        f"(inputs: {row['frechet_of_inputs']:.0f}), {row['images']} held-out pairs"
    )


def of_cycles(row):
    """What was measured of CycleGAN."""
    return (
        f"cycle PSNR {row['cycle_psnr']:.1f} dB; Frechet distance to old faces "
        f"{row['frechet']:.0f} (young faces: {row['frechet_of_inputs']:.0f}, other old faces: "
        f"{row['frechet_of_held_out']:.0f})"
    )


def of_styles(row):
    """What was measured of StyleTransferGAN."""
    return "; ".join(
        f"{part} styles: style distance {row[part]['style_distance']:.3f} (photograph: "
        f"{row[part]['style_distance_of_photo']:.3f}), content distance "
        f"{row[part]['content_distance']:.3f} (style image: "
        f"{row[part]['content_distance_of_style']:.3f})"
        for part in ("seen", "unseen")
    )


def of_attributes(row):
    """What was measured of FaceAttributeGAN."""
    said = [
        f"{name}: change seen in {100 * each['seen']:.0f} % (half of it "
        f"{100 * each['seen_at_half']:.0f} %, none {100 * each['seen_before']:.0f} %), nearest to "
        f"its own original {100 * each['recognised']:.0f} %, background "
        f"{each['background_psnr']:.1f} dB"
        for name, each in row.items()
        if isinstance(each, dict) and "seen" in each
    ]
    return "; ".join([*said, f"nothing asked for: {row['unchanged_psnr']:.1f} dB"])


def of_frames(row):
    """What was measured of DynamicGAN."""
    made, true = row["rendered"], row["true"]
    return (
        f"blur recovered in {100 * made['recovered']:.0f} % (true frames "
        f"{100 * true['recovered']:.0f} %), length within {made['length_error_px']:.1f} px, "
        f"direction within {made['angle_error_degrees']:.1f}°; place of the light within "
        f"{100 * made['light_error']:.0f} % of the side (true frames "
        f"{100 * true['light_error']:.0f} %); frames {row['frame_psnr']:.1f} dB (photograph "
        f"{row['frame_psnr_of_photo']:.1f}); error of the changes between frames "
        f"{100 * row['change_error']:.0f} %"
    )


def of_texts(row):
    """What was measured of MultimodalGAN."""
    worst = min(row["edits"], key=lambda name: row["edits"][name]["seen"])
    return (
        f"the edit that was asked for is seen in {100 * row['seen']:.0f} % (true edits "
        f"{100 * row['seen_in_truth']:.0f} %), least often `{worst}`, "
        f"{100 * row['edits'][worst]['seen']:.0f} %"
    )


#: System -> function of its row.
SAID = {
    "pix2pix": lambda row: f"faces from their edges: {of_translation(row)}",
    "pix2pix_reverse": lambda row: f"edges from faces: {of_translation(row)}",
    "cyclegan": of_cycles,
    "styles": of_styles,
    "attributes": of_attributes,
    "frames": of_frames,
    "texts": of_texts,
}
