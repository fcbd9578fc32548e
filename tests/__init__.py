"""Tests of the four packages; a package, so that another named tests in site-packages does not take its place."""
