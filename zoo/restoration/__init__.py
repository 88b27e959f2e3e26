"""Variants that restore images, and restorers made of several. All are imported by `zoo`."""
