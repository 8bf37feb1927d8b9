"""How good samples are, in figures: feature spaces, distances between sets of images, and what memory would show.

Import from the modules; this page only says what is where, and importing it costs nothing.

    real_images.py    RealImages: the real splits, in an order of their own
    features.py       FeatureExtractor: what a feature space is, and how features are taken and kept
    classifier.py     features=classifier: a small network trained on the real training split
    inception.py      features=inception: the network of the usual FID
    dinov2.py         features=dinov2: the network of FD-DINOv2
    weights.py        where the weights of such networks lie
    distances.py      Fréchet distance, kernel distance with its interval, CMMD
    neighbours.py     precision and recall, density and coverage, nearest training images, the share that is memorised
    judge.py          Judge: all of them for one set of samples, and the floor that real images set
    clip/             what a CLIP says of images: prompts, scores, features
"""
