"""Models that change what an image shows, by an example, a style, attributes or words.

A variant subclasses `zoo.PairedGAN` or `zoo.AdversarialModel` and states its paper's networks and
objective. All are imported by `zoo`.
"""
