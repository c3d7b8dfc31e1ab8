"""Finding the EXIF block, the XMP packet and the pixel size in an image file, format by format.

The readers' own container parsers miss blocks that real phones write, so they are given the TIFF bytes found here.
Every scan is bounded: by counts, by sizes, and by never following an offset backwards without a limit.
"""
