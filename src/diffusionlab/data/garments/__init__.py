"""Ten classes of drawn garments: a data set that needs no files.

datamodule.py   Garments, the data module
silhouettes.py  the outline of each class
tailoring.py    random cuts and details
drawing.py      polygons, strokes and textures as pixels
"""
