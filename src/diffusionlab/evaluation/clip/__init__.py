"""What a CLIP says of images.

source.py    LocalClip, PretrainedClip: where a CLIP comes from
scorer.py    ClipScorer: probabilities of captions, prompt by prompt
scores.py    score_samples: scores of many samples, the best of them, the hardest classes
features.py  features=clip: the image tower as a feature space
"""
